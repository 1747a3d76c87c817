"""Line list of events in the year after the survey."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rlsabm.results.columns import ARM, DRAW, REPLICATE, UID, WORLD, YEAR
from rlsabm.results.contents import Contents
from rlsabm.results.observed import Observed
from rlsabm.results.table import Column, Kind, ResultTable
from rlsabm.results.tables.persons import hexadecimal
from rlsabm.rooms import EVENT_NAMES
from rlsabm.worlds.world import FACTUAL


def list_events(observed: Observed) -> Contents:
    """Events by month and person.

    They are those of the people in the line list of persons, if there is one, otherwise of everybody
    surveyed.
    """
    assert observed.follow_up is not None
    events = observed.follow_up.events
    if observed.question.observe.persons > 0:
        events = events[np.isin(events["uid"], observed.survey.lives["uid"][observed.listed])]
    events = events[np.lexsort((events["event"], events["uid"], events["month"]))]
    return {
        "uid": np.array(hexadecimal(events["uid"]), dtype=object),
        "date": np.array(
            [f"{month // 12:04d}-{month % 12 + 1:02d}" for month in events["month"]], dtype=object
        ),
        "event": events["event"].astype(np.int64),
        "first": events["first"] == 1,
    }


TABLE = ResultTable(
    name="events",
    title=(
        "Events in the twelve months after the survey, one a row; of the people in the line list of "
        "persons if the study has one, otherwise of all people surveyed"
    ),
    kind=Kind.LINE_LIST,
    columns=(
        ARM,
        replace(WORLD, meaning="always 'factual'", words=[FACTUAL]),
        DRAW,
        REPLICATE,
        YEAR,
        UID,
        Column("date", "text", "year-month", "month of the event"),
        Column("event", "category", "", "kind of event", words=EVENT_NAMES),
        Column("first", "yes/no", "", "whether this is the first event of its kind in this life"),
    ),
    count=list_events,
    wanted=lambda question: question.observe.events,
    needs_follow_up=True,
)
