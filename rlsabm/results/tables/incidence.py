"""Incidence: events and person-years in the year after the survey, by condition and strata."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rlsabm.arrays import Bools, Floats, Ints
from rlsabm.body.symptoms import RLS_ONSET
from rlsabm.conventions import NEVER
from rlsabm.life.mortality import DIED
from rlsabm.results.columns import CONDITION, KEYS, STRATA
from rlsabm.results.combining import Added
from rlsabm.results.contents import Contents, joined
from rlsabm.results.observed import FOLLOW_UP_MONTHS, Observed
from rlsabm.results.table import Column, Kind, ResultTable
from rlsabm.results.totals import ROWS_ADD_UP
from rlsabm.rooms import EVENT_NAMES

FIRST_ONSET = "first RLS onset"
NEW_RLS = "RLS onset after 12 months without"
INCIDENT = (FIRST_ONSET, NEW_RLS, *EVENT_NAMES)


class _AtRisk(NamedTuple):
    """Kinds of events for which people are at risk for the same time.

    Attributes
    ----------
    years
        Person-years of everybody.
    events
        Rows of the survey to whom it happened, once for each time, by name of the event.
    """

    years: Floats
    events: dict[str, Ints]


def count_incidence(observed: Observed) -> Contents:
    """Events and person-years, by condition and strata as of the survey.

    A first onset of RLS is counted among those who never had RLS before, an onset after twelve months
    without among those who had none in the twelve months before the survey, once. A month with the
    event, or with death, counts as half a month at risk.
    """
    cells = observed.cells
    at_risk = _at_risk(observed)
    parts: list[Contents] = []
    for group in observed.groups:
        members = observed.members[group.name]
        inhabited = np.flatnonzero(cells.count(members))
        cell = cells.cell[members]
        for years, events in at_risk:
            time = np.bincount(cell, weights=years[members], minlength=cells.size)[inhabited]
            for event, people in events.items():
                parts.append(
                    {
                        "condition": np.full(len(inhabited), group.name, dtype=object),
                        **cells.labels(inhabited),
                        "event": np.full(len(inhabited), INCIDENT.index(event)),
                        "events": cells.count(people[members[people]])[inhabited],
                        "person_years": time,
                    }
                )
    counts = joined(parts)
    return {**counts, "rate_per_1000": _rate(counts)}


def _at_risk(observed: Observed) -> list[_AtRisk]:
    """All kinds of events in the year after the survey."""
    assert observed.follow_up is not None
    survey, events = observed.survey, observed.follow_up.events
    by_uid = np.argsort(survey.lives["uid"], kind="stable")
    person = by_uid[np.searchsorted(survey.lives["uid"], events["uid"], sorter=by_uid)]
    end = np.full(len(survey), survey.month + FOLLOW_UP_MONTHS + 0.5)
    died = events["event"] == DIED
    end[person[died]] = events["month"][died]
    years = (end - survey.month - 0.5) / 12.0

    onset = events["event"] == RLS_ONSET
    first_onset = end.copy()
    np.minimum.at(first_onset, person[onset], events["month"][onset])

    def until_onset(name: str, free: Bools) -> _AtRisk:
        """The first onset in the year of those who were free of RLS in some sense."""
        time = np.where(free, (first_onset - survey.month - 0.5) / 12.0, 0.0)
        return _AtRisk(time, {name: np.flatnonzero(free & (first_onset < end))})

    every = {name: person[events["event"] == code] for code, name in enumerate(EVENT_NAMES)}
    return [
        until_onset(FIRST_ONSET, survey.bodies["rls_first_month"] == NEVER),
        until_onset(NEW_RLS, survey.bodies["rls_last_month"] <= survey.month - FOLLOW_UP_MONTHS),
        _AtRisk(years, every),
    ]


def _rate(counts: Contents) -> Floats:
    """Events in 1,000 person-years; missing without person-years."""
    years = counts["person_years"]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(years > 0, 1000.0 * counts["events"] / years, np.nan)


TABLE = ResultTable(
    name="incidence",
    title="Events in the twelve months after the survey, among the people surveyed",
    kind=Kind.BY_RUN,
    columns=(
        *KEYS,
        CONDITION,
        *STRATA,
        Column(
            "event", "category", "",
            "kind of event; 'first RLS onset' is counted among people who never had RLS before, "
            "'RLS onset after 12 months without' among those without RLS in the year before the survey",
            words=INCIDENT,
        ),
        Column("events", "whole", "events", "number of events"),
        Column(
            "person_years", "number", "years",
            "person-years of all people of the row, at risk or not; for 'first RLS onset' and "
            "'RLS onset after 12 months without' of those without RLS before, until it begins",
        ),
        Column("rate_per_1000", "number", "per 1,000 person-years", "1,000 x events / person-years"),
    ),
    totals=ROWS_ADD_UP,
    count=count_incidence,
    needs_follow_up=True,
    combine=Added(("events", "person_years"), derived={"rate_per_1000": _rate}),
)  # fmt: skip
