"""Tools for tests of tables: what a unit observed, made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rlsabm.exposures.catalogue.condition import shipped_catalogue
from rlsabm.observe.groups import groups_of
from rlsabm.observe.survey import Survey
from rlsabm.results.observed import FollowUp, Observed
from rlsabm.results.question import Question
from rlsabm.results.vocabulary import Vocabulary
from rlsabm.scenario import Observe

STRATA = ("sex", "age_group", "parity")


def vocabulary(**other: Any) -> Vocabulary:
    """Words of a study with one arm, the shipped conditions and no worlds or instruments."""
    words: dict[str, Any] = dict(
        arms=["reference"],
        worlds=["factual"],
        groups={group.name: group.definition for group in groups_of(shipped_catalogue())},
        instruments=[],
        age_limits=[0, 18, 35, 50, 65, 80],
        parameters=["deficit_effect"],
        strata=STRATA,
        trial_arms=["placebo", "drug"],
        items={"rls_years": "years with any RLS"},
    )
    return Vocabulary(**(words | other))


def question(
    *,
    strata: Sequence[str] = STRATA,
    age_limits: Sequence[int] = (0, 18),
    postulates: bool = False,
    several_blocks: bool = False,
    tables: frozenset[str] | None = None,
    persons: float = 0.0,
    events: bool = False,
) -> Question:
    """A question about one survey, without worlds of conditions."""
    observe = Observe(by=list(strata), age_groups=list(age_limits), persons=persons, events=events)
    words = vocabulary(strata=strata, age_limits=age_limits)
    return Question(observe, (), postulates, several_blocks, words, tables)


def observed(
    survey: Survey,
    *,
    follow_up: FollowUp | None = None,
    worlds: Sequence[Any] = (),
    bits_in_worlds: Any = None,
    listed_bodies: Any = None,
    **asked: Any,
) -> Observed:
    """What a unit of the reference observed at this survey."""
    return Observed(
        question(**asked), "reference", 0, 0, survey, follow_up, tuple(worlds),
        bits_in_worlds, listed_bodies,
    )  # fmt: skip
