"""Which rows of a table answer a question, so that nothing is added up that must not be.

Arms, worlds, survey years, conditions, definitions, recall periods and instruments describe the same
people in different ways.  Adding them up would count people twice.  So each of these columns holds one
value in an answer, or the answer has a row for each value.  Only strata (sex, age group, parity) may be
added up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from rlsabm.declaring.bounds import names, plain, refusal
from rlsabm.errors import UserError
from rlsabm.measuring.instruments import TRUTH
from rlsabm.observe.groups import EVERYONE
from rlsabm.results.nesting import RUNS
from rlsabm.results.sources import unknown
from rlsabm.results.totals import ADULT_AGE, TOTAL_OF
from rlsabm.scenario import REFERENCE
from rlsabm.worlds.world import FACTUAL

#: One value of a column, or several.
Wanted = str | int | Sequence[str] | Sequence[int] | None

ADULTS, ALL_AGES = "adults", "all"

#: What a column holds where nothing is said. The last survey and the truth are defaults, too; any other
#: column then gives a row for each value.
DEFAULTS = {
    "arm": REFERENCE,
    "world": FACTUAL,
    "condition": EVERYONE.name,
    "definition": "any",
    "recall": "current",
}
#: What people write for all values of a stratum together.
WORDS_FOR_ALL = ("all", "any", "both", "everyone", "total")
#: Words that a message lists of a column.
MOST_WORDS = 10
#: Strata by which a table is never broken down.
NEVER_BY = {"biomarkers": ("parity",), "postulates": ("age_group", "parity")}


@dataclass(frozen=True)
class Chosen:
    """The rows that answer a question.

    Attributes
    ----------
    rows
        Rows of the table; there may be none.
    keys
        Columns that tell the rows of the answer apart, in their order; draw and replicate may be among
        them.
    selection
        What each column holds: a value, or a list of those that have rows of their own.
    """

    rows: pd.DataFrame
    keys: list[str]
    selection: dict[str, Any]


def choose(
    table: pd.DataFrame,
    name: str,
    wanted: Mapping[str, Wanted],
    *,
    by: str | Sequence[str] = (),
    ages: str | Sequence[str] = ADULTS,
    every: Sequence[str] = (),
) -> Chosen:
    """Choose the rows that answer a question.

    Parameters
    ----------
    table
        The table. Rows that are totals over a stratum are taken where it has them.
    name
        Its name, for messages.
    wanted
        A value of a column, or several, which get a row each; None for the default.
    by
        Columns whose every value gets a row of its own.
    ages
        ``adults``, ``all``, or one or several age groups.
    every
        Columns of which every value is taken where nothing is said, instead of the default.

    Returns
    -------
    Chosen
        The rows and what tells them apart.

    Raises
    ------
    UserError
        If a column or a value is not known, or strata cannot be told apart in this way.
    """
    wanted = dict(wanted)
    by = [str(column) for column in listed(by)]
    _check_by(table, name, by)
    chosen = np.ones(len(table), dtype=bool)
    selection: dict[str, Any] = {}
    several: list[str] = []
    unsaid: list[str] = []
    for column in described_by(table):
        values = _checked(table, column, wanted.pop(column, None))
        if not values and column not in by:
            values = [] if column in every else _default(table, column)
            unsaid += [] if values else [column]
        if values:
            chosen &= table[column].isin(values).to_numpy()
            selection[column] = values[0] if len(values) == 1 else values
        if len(values) > 1:
            several.append(column)
    for stratum in (s for s in TOTAL_OF if s in table and s != "age_group"):
        values = _checked(table, stratum, wanted.pop(stratum, None))
        chosen &= _in_stratum(table, stratum, values, stratum in by)
        if values:
            selection[stratum] = values[0] if len(values) == 1 else values
        if len(values) > 1:
            several.append(stratum)
    chosen &= _of_ages(table, name, ages, "age_group" in by)
    selection["ages"] = ages if isinstance(ages, str) else list(ages)
    if "age_group" in table and not isinstance(ages, str) and len(ages) > 1:
        several.append("age_group")
    for column, value in wanted.items():
        if listed(value) not in ([], [DEFAULTS.get(column)]):
            raise UserError(_not_in_table(table, name, column))
    rows = table[chosen]
    for column in unsaid:
        found = [word for word in words_in(table, column) if word in set(rows[column])]
        selection[column] = found[0] if len(found) == 1 else found
        if len(found) > 1:
            several.append(column)
    for column in by:
        if column not in selection:
            there = set(rows[column])
            selection[column] = [word for word in words_in(table, column) if word in there]
    keys = [*(column for column in table if column in several and column not in by), *by]
    return Chosen(rows, [str(key) for key in keys], selection)


def nothing_there(table: pd.DataFrame, name: str, chosen: Chosen) -> UserError:
    """What to say where no row fits: which one of the choices rules it out, and what there is."""
    fits = {
        column: table[column].isin(listed(value)).to_numpy()
        for column, value in chosen.selection.items()
        if column in table
    }
    said = ", ".join(
        f"{column} {', '.join(map(str, listed(value)))}"
        for column, value in chosen.selection.items()
        if column in table and column not in chosen.keys and listed(value)
    )
    cures = []
    for column in fits:
        others = np.ones(len(table), dtype=bool)
        for other, fit in fits.items():
            if other != column and chosen.selection[other] != []:
                others &= fit
        there = set(table.loc[others, column])
        known = [str(word) for word in words_in(table, column) if word in there]
        if known:
            more = ", …" if len(known) > MOST_WORDS else ""
            cures.append(f"{column} may be {', '.join(known[:MOST_WORDS])}{more}")
    return UserError("; ".join([f"{name}: nothing for {said}", *cures]))


# Columns and values ---------------------------------------------------------------------------------


def listed(value: Any) -> list[Any]:
    """One or several values as a list; an empty one for None."""
    value = plain(value)
    if value is None:
        return []
    several = isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping)
    return list(value) if several else [value]


def wanted_ages(ages: Any) -> str | list[str]:
    """Ages as answers take them: adults if nothing is said, one name as it is, several as a list.

    Raises
    ------
    UserError
        If they are no names.
    """
    given = plain(ages)
    if given is None or isinstance(given, str):
        return ADULTS if given is None else str(given)
    expected = "adults, all, or one or several age groups"
    words = names("ages", given, expected)
    if not words:
        raise refusal("ages", words, expected)
    return words


def wanted_values(**wanted: Any) -> dict[str, list[Any]]:
    """Values of columns as lists, which are empty where nothing is said.

    Raises
    ------
    UserError
        If a list that was given is empty; the message begins with its column.
    """
    values = {column: listed(value) for column, value in wanted.items()}
    for column, value in wanted.items():
        if value is not None and not values[column]:
            found: object = None if plain(value) is None else []
            raise refusal(column, found, f"a value, or several; leave {column} out for the default")
    return values


def wanted_columns(columns: Any, argument: str = "by") -> list[str]:
    """Names of columns as a list; an empty one if nothing is said.

    Raises
    ------
    UserError
        If they are no names; the message begins with the ``argument``.
    """
    return [] if columns is None else names(argument, columns, "names of columns")


def described_by(table: pd.DataFrame) -> list[str]:
    """Columns of words and years that describe the rows of a table, other than strata."""
    return [
        str(name)
        for name in table
        if name not in TOTAL_OF
        and (name == "year" or isinstance(table[name].dtype, pd.CategoricalDtype))
    ]


def words_in(table: pd.DataFrame, column: str) -> list[Any]:
    """Values that a column may hold, in their order."""
    values = table[column]
    if isinstance(values.dtype, pd.CategoricalDtype):
        return [str(word) for word in values.cat.categories]
    return [int(value) for value in np.unique(values)]


def strata_of(table: pd.DataFrame) -> list[str]:
    """Strata by which a table is broken down."""
    return [stratum for stratum in TOTAL_OF if stratum in table]


def _default(table: pd.DataFrame, column: str) -> list[Any]:
    """What a column holds where nothing is said; nothing if every value is to have a row."""
    words = words_in(table, column)
    if column == "year":
        return words[-1:]
    if column == "observed_as":
        return [TRUTH if TRUTH in words else words[0]]
    return [DEFAULTS[column]] if DEFAULTS.get(column) in words else []


def _checked(table: pd.DataFrame, column: str, value: Wanted) -> list[Any]:
    """Values that were asked for, each of which the column may hold."""
    known = {str(word): word for word in words_in(table, column)} if listed(value) else {}
    values = []
    for one in listed(value):
        is_whole = (
            isinstance(one, float) and one.is_integer()
        )  # a year of a column with missing ones
        word = str(int(one)) if is_whole else str(one)
        if word not in known and column in TOTAL_OF and word.lower() in WORDS_FOR_ALL:
            raise UserError(
                f"{column}: no {column} {word!r} (leave {column} out for all together; "
                f"by={[column]} gives a row for each)"
            )
        if word not in known:
            raise UserError(f"{column}: {unknown(column, word, list(known))}")
        values.append(known[word])
    return values


def _check_by(table: pd.DataFrame, name: str, by: Sequence[str]) -> None:
    known = [*described_by(table), *strata_of(table), *(run for run in RUNS if run in table)]
    for column in by:
        if column not in known:
            raise UserError(_not_in_table(table, name, column))
    if len(set(by)) < len(by):
        raise UserError(f"by: a column is named twice in {', '.join(by)}")


def _not_in_table(table: pd.DataFrame, name: str, column: str) -> str:
    """What to say of a column that a table has not got."""
    strata = strata_of(table)
    if column in TOTAL_OF and column not in NEVER_BY.get(name, ()):
        return (
            f"{name} is broken down by {', '.join(strata) or 'no stratum'}, not by {column}; "
            f"strata are asked for with observe: {{by: [{', '.join([*strata, column])}]}}"
        )
    known = [*described_by(table), *strata, *(run for run in RUNS if run in table)]
    return f"{name}: {unknown('column', column, known)}"


# Strata ---------------------------------------------------------------------------------------------


def adult_groups(table: pd.DataFrame) -> list[str]:
    """Age groups without children; all if the study has none of that kind."""
    groups = [word for word in words_in(table, "age_group") if re.match(r"\d", word)]
    adults = [word for word in groups if _youngest(word) >= ADULT_AGE]
    return adults or groups


def groups_of_ages(table: pd.DataFrame, ages: str | Sequence[str]) -> list[str]:
    """Age groups of these ages."""
    if ages == ADULTS:
        return adult_groups(table)
    return words_in(table, "age_group") if ages == ALL_AGES else listed(ages)


def ages_in_words(table: pd.DataFrame, ages: str | Sequence[str]) -> str:
    """Whose ages an answer is about, as screens say it."""
    if "age_group" not in table or ages == ALL_AGES:
        return "all ages"
    if ages != ADULTS:
        return ", ".join(listed(ages)) + " years"
    youngest = min(map(_youngest, adult_groups(table)))
    return f"{youngest} years and older" if youngest >= ADULT_AGE else "all ages"


def _youngest(group: str) -> int:
    found = re.match(r"\d+", group)
    return int(found.group()) if found else 0


def _in_stratum(table: pd.DataFrame, stratum: str, values: list[Any], apart: bool) -> Any:
    """Rows of some values of a stratum, or of each; else its total, where the table has one."""
    column = table[stratum]
    if values:
        return column.isin(values).to_numpy()
    total = (column == TOTAL_OF[stratum]).to_numpy()
    if apart or not total.any():
        return ~total
    return total


def _of_ages(table: pd.DataFrame, name: str, ages: str | Sequence[str], apart: bool) -> Any:
    """Rows of people of these ages."""
    if "age_group" not in table:
        if ages not in (ADULTS, ALL_AGES):
            raise UserError(_not_in_table(table, name, "age_group"))
        return np.ones(len(table), dtype=bool)
    column = table["age_group"]
    if ages not in (ADULTS, ALL_AGES):
        known = [ADULTS, ALL_AGES, *words_in(table, "age_group")]
        for one in listed(ages):
            if one in known[:2]:
                raise UserError(
                    f"ages: {one!r} stands alone (expected ages={one!r}, or age groups)"
                )
            if one not in known[2:]:
                raise UserError(f"ages: {unknown('age group', str(one), known)}")
        return column.isin(listed(ages)).to_numpy()
    groups = words_in(table, "age_group")
    totals = {ADULTS: TOTAL_OF["age_group"], ALL_AGES: ALL_AGES}
    if not apart and column.isin(totals.values()).any():
        if totals[str(ages)] not in groups:
            raise UserError(
                f"{name} is of adults; ages=... takes one or several of "
                f"{', '.join(g for g in groups if g not in totals.values())}"
            )
        return (column == totals[str(ages)]).to_numpy()
    if ages == ADULTS:
        return column.isin(adult_groups(table)).to_numpy()
    return ~column.isin(totals.values()).to_numpy()
