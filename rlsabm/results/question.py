"""What the units of a study are asked, beside the populations that they run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rlsabm.policies.policy import Policy
from rlsabm.results.vocabulary import Vocabulary
from rlsabm.scenario import Observe, Scenario
from rlsabm.trials.trial import Trial


@dataclass(frozen=True)
class Question:
    """What a unit is asked.

    Attributes
    ----------
    observe
        Surveys and their breakdown.
    causes
        Conditions to be left out in other worlds.
    postulates
        Whether the worlds of the postulates are wanted.
    several_blocks
        Whether runs consist of several blocks of people, whose tables are to be combined.
    vocabulary
        Words of the tables.
    tables
        Names of the tables that are wanted; all that the scenario asks for if None.
    trial
        The trial that is done with the people of the last survey, if any.
    policy, reference
        How policies are counted if the arms are some, and the scenario from which they then part.
    """

    observe: Observe
    causes: tuple[str, ...]
    postulates: bool
    several_blocks: bool
    vocabulary: Vocabulary
    tables: frozenset[str] | None = None
    trial: Trial | None = None
    policy: Policy | None = None
    reference: Scenario | None = None

    @property
    def strata(self) -> Sequence[str]:
        """Strata by which results are broken down."""
        return self.vocabulary.strata

    @property
    def age_limits(self) -> Sequence[int]:
        """Lower limits of the age groups."""
        return self.vocabulary.age_limits

    @property
    def words_of_strata(self) -> Mapping[str, Sequence[str]]:
        """Words of the strata."""
        return self.vocabulary.words_of_strata()
