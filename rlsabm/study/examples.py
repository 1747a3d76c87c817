"""Lives worth looking at: people whom an exposure gave RLS, and some by lot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from rlsabm.arrays import Bools, Ints
from rlsabm.conventions import SEXES
from rlsabm.measuring.cases import DEFINITION_LABELS, case_bit, case_bits
from rlsabm.observe.groups import groups_of, labels_of
from rlsabm.results.totals import ADULT_AGE
from rlsabm.study.surveyed import Surveyed
from rlsabm.worlds.living_again import relive
from rlsabm.worlds.world import World, worlds_of

#: Cases, taken by lot, who live again in search of those whom an exposure made cases.
MOST_TRIED = 512

MEANINGS = {
    "uid": "identity of the person",
    "chosen": "why the person was chosen",
    "without": "the condition without which the person would not have RLS; empty for people by lot",
    "sex": "sex",
    "age": "age at the last survey",
    "rls": "whether the person has RLS at the last survey",
}
NOTE = (
    "People with RLS who would not have it without a condition are looked for, so they show strong "
    "effects: they are no sample of people with the condition, most of whom would have RLS in both "
    "worlds or in none. People by lot are drawn from all other adults with RLS, or without it."
)


def examples(
    surveyed: Surveyed, causes: Sequence[str], *, count: int, seed: int, definition: str
) -> pd.DataFrame:
    """Adults at the last survey whose lives are worth looking at.

    Parameters
    ----------
    surveyed
        The people of a unit.
    causes
        Conditions that are left out, one at a time.
    count
        People wanted; fewer where there are not so many.
    seed
        Of the lottery among them.
    definition
        Definition of RLS: ``any``, ``weekly`` or ``significant``.

    Returns
    -------
    pandas.DataFrame
        A row a person, with the columns of ``MEANINGS``; those whom a condition gave RLS first,
        conditions in turn, then at least one with RLS and one without, both by lot.
    """
    survey = surveyed.last
    is_case = case_bits(survey.bodies, survey.month) & case_bit(definition, "current") != 0
    lot = np.random.default_rng(seed).permutation(len(survey))
    lot = lot[survey.age[lot] >= ADULT_AGE]
    cases, others = lot[is_case[lot]], lot[~is_case[lot]]
    by_cause = _made_cases(surveyed, cases[:MOST_TRIED], causes, definition)

    kind = "RLS" if definition == "any" else f"{DEFINITION_LABELS[definition]} RLS"
    labels = labels_of(groups_of(surveyed.setting.conditions))
    chosen: dict[int, tuple[str, str]] = {}

    def take(row: Any, why: str, cause: str, most: int) -> None:
        if len(chosen) < most:
            chosen.setdefault(int(row), (why, cause))

    # In turn, so that no condition takes all places.
    for turn in range(max(map(len, by_cause.values()), default=0)):
        for world, people in by_cause.items():
            if turn < len(people):
                why = f"{kind}, but not without {labels[world.cause]}"
                take(people[turn], why, world.cause, max(count - 2, 1))
    cases = cases[~np.isin(cases, list(chosen))]
    for place in range(max(len(cases), len(others))):
        if place < len(cases):
            take(cases[place], f"{kind}, by lot", "", count)
        if place < len(others):
            take(others[place], f"no {kind}, by lot", "", count)
    rows = np.array(list(chosen), dtype=np.int64)
    lives = survey.lives[rows]
    table = pd.DataFrame(
        {
            "uid": [f"{int(uid):016x}" for uid in lives["uid"]],
            "chosen": [why for why, _ in chosen.values()],
            "without": [cause for _, cause in chosen.values()],
            "sex": [SEXES[sex] for sex in lives["sex"]],
            "age": (survey.month - lives["birth_month"]) / 12.0,
            "rls": is_case[rows],
        }
    )
    table.attrs = {
        "title": f"Lives worth looking at, {survey.year}",
        "units": {"age": "years"},
        "meanings": MEANINGS,
        "notes": [NOTE],
    }
    return table


def _made_cases(
    surveyed: Surveyed, cases: Ints, causes: Sequence[str], definition: str
) -> dict[World, Ints]:
    """Of these rows of the last survey, whom the burden of a condition made cases, by its world."""
    survey = surveyed.last
    worlds = [
        world
        for world in worlds_of(surveyed.setting, causes, postulates=False)
        if not world.iron_only and (world.parts or world.conditions)
    ]
    if not worlds or not len(cases):
        return {}
    bodies = relive(
        survey.lives[cases],
        survey.bodies["endowment_mg"][cases],
        [survey.month],
        worlds,
        surveyed.p,
    )
    bits = case_bits(bodies[:, 0], survey.month) & case_bit(definition, "current")
    made: Bools = (bits[:, :1] != 0) & (bits[:, 1:] == 0)
    found = {world: cases[made[:, place]] for place, world in enumerate(worlds)}
    return {world: people for world, people in found.items() if len(people)}
