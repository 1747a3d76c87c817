"""Numbers of figures as tables for people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from rlsabm.conventions import in_words
from rlsabm.plots.biomarkers import ratio_text
from rlsabm.plots.validation import INSIDE
from rlsabm.printing.policies import with_limits
from rlsabm.printing.words import Labels, capitalised, label
from rlsabm.reporting.parts import Table
from rlsabm.results.tables.policy_counts import STRATA_OF_POLICIES
from rlsabm.wording import NONE, percent, points

#: A value with its limits in words.
InWords = Callable[[float, float, float], str]


def wide_table(
    numbers: pd.DataFrame,
    row: str,
    column: str,
    shown: InWords,
    *,
    value: str = "value",
    first: str = "",
    labels: Mapping[str, str] | None = None,
    persons: str = "",
) -> Table:
    """A row for each value of one column, and a column for each of another.

    Parameters
    ----------
    numbers
        What a figure draws, with ``lower`` and ``upper``.
    row, column, value
        Columns of it.
    shown
        How a number is written with its interval.
    first
        Heading of the first column.
    labels
        What headings are called.
    persons
        A column with numbers of people, which are those of the first of the columns.
    """
    columns = list(dict.fromkeys(numbers[column].astype(str)))
    rows = []
    for name, group in numbers.groupby(row, sort=False, observed=True):
        cells = {str(each[column]): each for each in group.to_dict("records")}
        people = [f"{group[persons].iloc[0]:,}"] if persons else []
        values = [_cell(cells.get(each), value, shown) for each in columns]
        rows.append([str(name), *people, *values])
    headings = [(labels or {}).get(each, each) for each in columns]
    return Table([first or in_words(row), *(["persons"] if persons else []), *headings], rows)


def _cell(row: Mapping[Any, Any] | None, value: str, shown: InWords) -> str:
    return NONE if row is None else shown(row[value], row["lower"], row["upper"])


def prevalence_table(numbers: pd.DataFrame) -> Table:
    """Prevalence as the figure draws it, with cases and persons."""
    keys, labels = list(numbers.attrs["keys"]), numbers.attrs["labels"]
    rows = [
        [
            *(_word(labels, key, row[key]) for key in keys),
            f"{row['cases']:,}",
            f"{row['persons']:,}",
            percent(row["prevalence"], row["lower"], row["upper"]),
        ]
        for row in numbers.to_dict("records")
    ]
    return Table([*map(in_words, keys), "cases", "persons", "prevalence, %"], rows)


def trend_table(numbers: pd.DataFrame) -> Table:
    """Prevalence by arm and survey year."""
    rows = [
        [
            row["arm"],
            str(row["year"]),
            f"{row['cases']:,}",
            f"{row['persons']:,}",
            percent(row["prevalence"], row["lower"], row["upper"]),
        ]
        for row in numbers.to_dict("records")
    ]
    return Table(["arm", "year", "cases", "persons", "prevalence, %"], rows)


def arms_table(numbers: pd.DataFrame) -> Table:
    """Prevalence of arms beside that of the reference."""
    labels: Labels = numbers.attrs["labels"]
    rows = [
        [
            row["arm"],
            capitalised(label(labels, "definition", row["definition"])),
            f"{row['persons_b']:,}",
            percent(row["value_a"]),
            percent(row["value_b"]),
            points(row["difference"], row["lower"], row["upper"]),
        ]
        for row in numbers.to_dict("records")
    ]
    headings = ["arm", "RLS", "persons", "reference, %", "arm, %", "difference, points"]
    return Table(headings, rows)


def policies_table(numbers: pd.DataFrame) -> Table:
    """What policies avert, by stratum where numbers are broken down."""
    labels = numbers.attrs["labels"]
    strata = [name for name in numbers if name in STRATA_OF_POLICIES]
    rows = [
        [
            str(row["arm"]),
            *(str(row[name]) for name in strata),
            capitalised(labels.get(str(row["outcome"]), str(row["outcome"]))),
            with_limits(row["value"], row["lower"], row["upper"]),
        ]
        for row in numbers.to_dict("records")
    ]
    headings = ["policy", *(name.replace("_", " ") for name in strata), "outcome"]
    return Table([*headings, "per 100,000 person-years"], rows)


def postulates_table(numbers: pd.DataFrame) -> Table:
    """Shares of cases."""
    rows = [
        [
            row["question"],
            row["label"],
            f"{row['cases']:,}",
            percent(row["value"], row["lower"], row["upper"]),
        ]
        for row in numbers.to_dict("records")
    ]
    return Table(["question", "part", "cases", "% of cases"], rows)


def ratios_table(numbers: pd.DataFrame) -> Table:
    """Biomarkers relative to people without RLS, by sex."""
    words = {"all": "both sexes"}
    return wide_table(numbers, "label", "sex", ratio_text, first="biomarker", labels=words)


def scorecard_table(numbers: pd.DataFrame) -> Table:
    """Published figures beside simulated ones."""
    rows = [
        [
            row["says"],
            row["simulated_text"],
            row["published_text"],
            "inside" if row["verdict"] == INSIDE else row["verdict"].lower(),
            row["source"],
        ]
        for row in numbers.to_dict("records")
    ]
    return Table(["figure", "simulated", "published", "verdict", "source"], rows)


def _word(labels: Labels, column: str, word: object) -> str:
    return str(word) if column == "age_group" else label(labels, column, word)
