"""The vocabulary of a study: the words that its tables use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rlsabm.conventions import SEXES
from rlsabm.measuring.instruments import TRUTH
from rlsabm.results.cells import PARITIES, age_group_names


@dataclass(frozen=True)
class Vocabulary:
    """Words on which the columns of a study's tables depend.

    Attributes
    ----------
    arms
        Names of the arms.
    worlds
        Names of all worlds, the factual one first.
    groups, labels
        Definitions of the groups of people that are counted, and their names in words, by name,
        everyone first.
    instruments
        Names of what asks, besides the truth.
    age_limits
        Lower limits of the age groups.
    parameters
        Names of what draws set.
    strata
        Strata by which results are broken down.
    trial_arms
        Names of the arms of a trial, the control first.
    items
        What is counted of policies: its meaning in words, by name.
    targets
        Names of the figures from which a calibration learns.
    """

    arms: Sequence[str]
    worlds: Sequence[str]
    groups: Mapping[str, str]
    instruments: Sequence[str]
    age_limits: Sequence[int]
    parameters: Sequence[str]
    strata: Sequence[str]
    labels: Mapping[str, str] = field(default_factory=dict)
    targets: Sequence[str] = ()
    trial_arms: Sequence[str] = ()
    items: Mapping[str, str] = field(default_factory=dict)

    @property
    def observers(self) -> list[str]:
        """The truth, and the instruments that ask."""
        return [TRUTH, *self.instruments]

    @property
    def age_groups(self) -> list[str]:
        """Names of the age groups."""
        return age_group_names(self.age_limits)

    def words_of_strata(self) -> dict[str, list[str]]:
        """Words of the strata by which results are broken down."""
        words = {"sex": list(SEXES), "age_group": self.age_groups, "parity": list(PARITIES)}
        return {name: words[name] for name in self.strata}
