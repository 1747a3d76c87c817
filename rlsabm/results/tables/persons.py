"""Line list of persons: a share of the people surveyed, in each world."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np

from rlsabm.arrays import Bools, Records, Uids
from rlsabm.declaring.room import PersonColumn
from rlsabm.measuring.assays import MEASURES, measure
from rlsabm.measuring.instruments import TRUTH
from rlsabm.observe.groups import EVERYONE
from rlsabm.observe.survey import Survey
from rlsabm.results.columns import KEYS, SEX, UID
from rlsabm.results.contents import Contents, joined
from rlsabm.results.observed import Observed
from rlsabm.results.table import Column, Kind, ResultTable
from rlsabm.results.vocabulary import Vocabulary
from rlsabm.rooms import ROOMS
from rlsabm.worlds.world import FACTUAL, World

#: Columns of cases: definition and recall period of each, and what it says.
CASE_COLUMNS = {
    "rls": ("any", "current", "has RLS"),
    "rls_weekly": ("weekly", "current", "has RLS at least weekly"),
    "rls_significant": ("significant", "current", "has clinically significant RLS"),
    "rls_past_year": ("any", "past_year", "had RLS in the last 12 months"),
}

_WHO = (
    UID,
    Column("mother", "text", "", "uid of the mother; missing for founders"),
    Column(
        "father",
        "text",
        "",
        "uid of the father; missing for founders, or if he is not in the model",
    ),
    SEX,
    Column("age", "number", "years", "age at the survey"),
)
#: What the rooms of the model say of a person.
_OF_ROOMS = [column for room in ROOMS for column in room.columns if column.in_line_list]


def _column_of_room(column: PersonColumn) -> Column:
    kind: str = column.type
    if kind == "whole" and column.missing is not None:
        kind = "whole or missing"
    words = [word for word in column.labels if word]
    return Column(column.name, kind, column.unit, column.meaning, words=words)


_ROOM_COLUMNS = tuple(_column_of_room(column) for column in _OF_ROOMS)
_MEASURED = tuple(Column(m.name, "number", m.unit, m.meaning) for m in MEASURES)

_TAKEN = {column.name for column in (*KEYS, *_WHO, *_ROOM_COLUMNS, *_MEASURED)} | set(CASE_COLUMNS)


def group_column(group: str) -> str:
    """Name of the column that says who belongs to a group."""
    return f"has_{group}" if group in _TAKEN else group


def answer_column(column: str, instrument: str) -> str:
    """Name of the column with what an instrument finds of a case, such as ``rls_by_CH_RLSq``."""
    return f"{column}_by_{re.sub(r'[^0-9A-Za-z]+', '_', instrument)}"


def _group_columns(vocabulary: Vocabulary) -> list[Column]:
    """One column a group, other than everyone."""
    return [
        Column(group_column(name), "yes/no", "", f"belongs to the group {name}: {definition}")
        for name, definition in vocabulary.groups.items()
        if name != EVERYONE.name
    ]


def _answer_columns(vocabulary: Vocabulary) -> list[Column]:
    """What each instrument finds."""
    return [
        Column(answer_column(name, instrument), "yes/no", "", f"{says}, by {instrument}")
        for instrument in vocabulary.instruments
        for name, (_, _, says) in CASE_COLUMNS.items()
    ]


def hexadecimal(uids: Uids) -> list[str | None]:
    """Uids as text, None where there is none."""
    return [f"{int(uid):016x}" if uid else None for uid in uids]


def list_persons(observed: Observed) -> Contents:
    """Line list of the people drawn for it: a row in each world."""
    lists = [_in_world(observed, None, observed.survey.bodies[observed.listed])]
    for place, world in enumerate(observed.worlds, start=1):
        lists.append(_in_world(observed, world, observed.listed_bodies[:, place]))
    return joined(lists)


def _in_world(observed: Observed, world: World | None, bodies: Records) -> Contents:
    """Line list in one world; None is the factual one."""
    survey = _seen_in(observed, world, bodies)
    lives, rows = survey.lives, len(survey)
    name_of_world = FACTUAL if world is None else world.name
    members = {group.name: group.members(survey) for group in observed.groups}
    nobody = np.zeros(rows, dtype=bool)
    return {
        "world": np.full(rows, name_of_world, dtype=object),
        "uid": _text(lives["uid"]),
        "mother": _text(lives["mother"]),
        "father": _text(lives["father"]),
        "sex": lives["sex"],
        "age": (survey.month - lives["birth_month"]) / 12.0,
        **{column.name: _of_room(column, survey) for column in _OF_ROOMS},
        **{
            group_column(name): members.get(name, nobody)
            for name in observed.question.vocabulary.groups
            if name != EVERYONE.name
        },
        **{column.name: getattr(survey, column.name) for column in _MEASURED},
        **_cases_of(observed, name_of_world),
    }


def _seen_in(observed: Observed, world: World | None, bodies: Records) -> Survey:
    """The survey of the people listed, with the bodies that they have in a world."""
    survey, chosen = observed.survey, observed.listed
    lives = survey.lives[chosen]
    seen = replace(survey, rows=survey.rows[chosen], lives=lives, bodies=bodies)
    if world is not None:
        measured = measure(world.as_measured(lives), bodies, survey.month, survey.p)
        if not world.follows_stores:
            for of_stores in MEASURES:
                if of_stores.of_stores:
                    measured[of_stores.name] = np.nan
        # In place of what would be measured without asking the world.
        vars(seen)["measured"] = measured
    return seen


def _of_room(column: PersonColumn, survey: Survey) -> Any:
    """What a room says of people: words of categories, None where a whole number is missing."""
    values = np.asarray(column.read(survey))
    if column.type == "category":
        return np.array(column.labels, dtype=object)[values]
    if column.missing is None:
        return values
    if column.type == "number":
        return column.values(survey)
    whole = values.astype(object)
    whole[column.missing(survey)] = None
    return whole


def _cases_of(observed: Observed, world: str) -> dict[str, Bools]:
    """Who of the people listed is a case in a world, truly and by each instrument."""
    cases = observed.cases
    return {
        name if observed_as == TRUTH else answer_column(name, observed_as): cases.are(
            definition, recall, observed_as=observed_as, world=world
        )[observed.listed]
        for observed_as in cases.bits
        for name, (definition, recall, _) in CASE_COLUMNS.items()
    }


def _text(uids: Uids) -> Any:
    return np.array(hexadecimal(uids), dtype=object)


TABLE = ResultTable(
    name="persons",
    title="Line list of a share of the people surveyed, one row per person and world",
    kind=Kind.LINE_LIST,
    columns=(
        *KEYS,
        *_WHO,
        *_ROOM_COLUMNS,
        _group_columns,
        *_MEASURED,
        *(Column(name, "yes/no", "", says) for name, (_, _, says) in CASE_COLUMNS.items()),
        _answer_columns,
    ),
    count=list_persons,
    wanted=lambda question: question.observe.persons > 0,
    needs_worlds=True,
)
