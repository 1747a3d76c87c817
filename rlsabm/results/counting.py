"""From a survey to counts: cases and persons, events and person-years."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rlsabm.body.symptoms import RLS_ONSET
from rlsabm.conventions import NEVER
from rlsabm.declaring.groups import IRON_STORES, Group
from rlsabm.life.mortality import DIED
from rlsabm.measuring.cases import DEFINITIONS, RECALLS
from rlsabm.observe.groups import groups_of
from rlsabm.observe.survey import Survey
from rlsabm.results.cases import Cases
from rlsabm.results.cells import Cells, Contents, joined, strata_codes
from rlsabm.rooms import EVENT_NAMES
from rlsabm.worlds.world import World

FOLLOW_UP_MONTHS = 12
INCIDENT = ("first RLS onset", *EVENT_NAMES)


def count_prevalence(cases: Cases, strata: Sequence[str], age_limits: Sequence[int]) -> Contents:
    """Cases and persons by world, condition, strata, definition, recall and instrument.

    In the factual world all conditions are counted, in others everyone and those whom the world is
    about.
    """
    survey = cases.survey
    codes = strata_codes(survey, age_limits)
    cells = Cells({name: codes[name] for name in strata}, len(survey))
    groups = groups_of(survey.setting.conditions)
    parts: list[Contents] = []
    for group in groups:
        members = group.members(survey)
        persons = cells.count(members)
        inhabited = np.flatnonzero(persons)
        rows = len(inhabited)
        for place, world in enumerate(cases.world_names):
            if place and not _concerns(cases.worlds[place - 1], group):
                continue
            for d, definition in enumerate(DEFINITIONS):
                for r, recall in enumerate(RECALLS):
                    for o, observed_as in enumerate(cases.bits):
                        are = cases.are(definition, recall, observed_as=observed_as, world=place)
                        count = cells.count(members & are)
                        parts.append(
                            {
                                **cells.labels(inhabited),
                                "world": np.full(rows, world, dtype=object),
                                "condition": np.full(rows, group.name, dtype=object),
                                "definition": np.full(rows, d),
                                "recall": np.full(rows, r),
                                "observed_as": np.full(rows, o),
                                "cases": count[inhabited],
                                "persons": persons[inhabited],
                                "prevalence": count[inhabited] / persons[inhabited],
                            }
                        )
    return joined(parts)


def _concerns(world: World, group: Group) -> bool:
    """Whether a group is counted in a counterfactual world."""
    if group.kind == "everyone":
        return True
    return group.cause == world.cause or (not world.cause and group.cause == IRON_STORES)


def count_incidence(
    survey: Survey, events: Any, strata: Sequence[str], age_limits: Sequence[int]
) -> Contents:
    """Events and person-years in the year after the survey, by strata as of the survey.

    A first onset of RLS is counted among those who never had RLS before. A month with the event, or
    with death, counts as half a month at risk.
    """
    codes = strata_codes(survey, age_limits)
    cells = Cells({name: codes[name] for name in strata}, len(survey))
    followed = events[np.isin(events["uid"], survey.lives["uid"])]
    by_uid = np.argsort(survey.lives["uid"], kind="stable")
    sorted_uids = survey.lives["uid"][by_uid]
    person = by_uid[np.searchsorted(sorted_uids, followed["uid"])]
    end = np.full(len(survey), survey.month + FOLLOW_UP_MONTHS + 0.5)
    died = followed["event"] == DIED
    end[person[died]] = followed["month"][died]
    years = (end - survey.month - 0.5) / 12.0

    never = survey.bodies["rls_first_month"] == NEVER
    onset = (followed["event"] == RLS_ONSET) & (followed["first"] == 1)
    until_onset = end.copy()
    until_onset[person[onset]] = followed["month"][onset]
    years_to_onset = np.where(never, (until_onset - survey.month - 0.5) / 12.0, 0.0)

    parts: list[Contents] = []
    inhabited = np.flatnonzero(np.bincount(cells.cell, minlength=cells.size))
    for number in range(len(INCIDENT)):
        happened = onset if number == 0 else followed["event"] == number - 1
        at_risk = years_to_onset if number == 0 else years
        count = np.bincount(cells.cell[person[happened]], minlength=cells.size)[inhabited]
        time = np.bincount(cells.cell, weights=at_risk, minlength=cells.size)[inhabited]
        with np.errstate(divide="ignore", invalid="ignore"):
            rate = np.where(time > 0, 1000.0 * count / time, np.nan)
        parts.append(
            {
                **cells.labels(inhabited),
                "event": np.full(len(inhabited), number),
                "events": count,
                "person_years": time,
                "rate_per_1000": rate,
            }
        )
    return joined(parts)
