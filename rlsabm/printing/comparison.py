"""Two studies or arms side by side on a terminal."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from rlsabm.conventions import in_words
from rlsabm.measuring.instruments import TRUTH
from rlsabm.observe.groups import EVERYONE
from rlsabm.printing.tables import show_table
from rlsabm.printing.text import say, say_line
from rlsabm.printing.words import capitalised, case_in_words, label
from rlsabm.results.comparing import Comparison
from rlsabm.results.differences import COUNTS
from rlsabm.results.totals import ADULT_AGE
from rlsabm.wording import NONE, decimals_of, points

#: Headings of a comparison in which A and B are explained.
A_AND_B = ("persons, A", "persons, B", "A, %", "B, %", "B - A, percentage points")
#: The same of shifts, which are percentage points themselves.
SHIFTS_OF_A_AND_B = ("persons, A", "persons, B", "A", "B", "B - A")
INTERVAL = " (95 % interval)"


def print_comparison(comparison: Comparison) -> None:
    """Two arms side by side: prevalence, and below it the shifts that conditions cause."""
    say_line("")
    for letter, side in (("A", comparison.a), ("B", comparison.b)):
        say_line(f"{letter}: {side.folder}, arm {side.arm}")
    print_differences(comparison, comparison.prevalence, prevalence_title(comparison), A_AND_B)
    if len(comparison.shifts):
        print_differences(comparison, comparison.shifts, shift_title(comparison), SHIFTS_OF_A_AND_B)
    print_notes(comparison.notes)


def print_notes(notes: Iterable[str]) -> None:
    """What a reader must know."""
    for note in notes:
        say(f"Note: {note}.")


def prevalence_title(comparison: Comparison) -> str:
    """What the prevalences of a comparison are."""
    return f"prevalence of {_cases(comparison)}, {comparison.who}{_year(comparison)}"


def shift_title(comparison: Comparison) -> str:
    """What the shifts of a comparison are."""
    who = comparison.who if "age_group" in comparison.choice.by else f"{ADULT_AGE} years and older"
    what = f"shift caused by the condition: {_cases(comparison)}, {who}{_year(comparison)}"
    return f"{what}, percentage points"


def _cases(comparison: Comparison) -> str:
    """Who is a case in a comparison, as far as it is one definition."""
    choice, labels = comparison.choice, comparison.labels
    definition = "" if "definition" in choice.by else choice.definition
    recall = "current" if "recall" in choice.by else choice.recall
    what = case_in_words(labels, definition, recall).strip()
    by = "" if choice.observed_as == TRUTH or "observed_as" in choice.by else choice.observed_as
    return f"{what} by {by}" if by else what


def _year(comparison: Comparison) -> str:
    return "" if "year" in comparison.choice.by else f", {comparison.choice.year}"


def print_differences(
    comparison: Comparison, rows: pd.DataFrame, title: str, headings: tuple[str, ...]
) -> None:
    """A table of values of A and B, and their difference.

    Parameters
    ----------
    comparison, rows
        The comparison, and rows of it.
    title, headings
        Of the table; headings for persons of A and B, values of A and B, and the difference.
    """
    keys = comparison.choice.keys
    told_apart = list(keys[1:])
    if not told_apart or rows["condition"].nunique() > 1:
        told_apart = ["condition", *told_apart]
    elif (condition := rows["condition"].iloc[0]) != EVERYONE.name:
        title = f"{capitalised(label(comparison.labels, 'condition', condition))}: {title}"
    first = ", ".join("group" if name == "condition" else in_words(name) for name in told_apart)
    shown = []
    for row in rows.to_dict("records"):
        names = [label(comparison.labels, name, row[name]) for name in told_apart]
        shown.append([", ".join(names), *_cells(row, paired=comparison.paired)])
    *others, difference = headings
    if any("(" in row[-1] for row in shown):
        difference += INTERVAL
    show_table(capitalised(title), [first, *others, difference], shown)


def _cells(row: Mapping[Any, Any], *, paired: bool) -> list[str]:
    """Persons and values of A and B, and their difference."""
    found = limits(row, paired=paired)
    decimals = max(1, decimals_of(50 * (found[1] - found[0])))
    return [
        *(f"{row[f'persons_{letter}']:,}" for letter in "ab"),
        *(_value(row[f"value_{letter}"], decimals) for letter in "ab"),
        points(row["difference"], *found),
    ]


def _value(share: float, decimals: int) -> str:
    return NONE if math.isnan(share) else f"{round(100 * share, decimals) + 0.0:.{decimals}f}"


def limits(row: Mapping[Any, Any], *, paired: bool) -> tuple[float, float]:
    """Limits of a difference to show; none where they would take the same people as unrelated."""
    if paired and row["interval_from"] == COUNTS:
        return math.nan, math.nan
    return row["lower"], row["upper"]
