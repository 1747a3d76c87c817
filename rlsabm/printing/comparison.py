"""Two studies or arms side by side."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
from rich.markup import escape

from rlsabm.measuring.instruments import TRUTH
from rlsabm.printing.tables import number_table, out, words
from rlsabm.results.comparing import Comparison
from rlsabm.results.totals import ADULT_AGE

DEFINITION_WORDS = {"significant": "clinically significant"}
WHEN = {"current": "now", "past_year": "in the last 12 months"}


def print_comparison(comparison: Comparison) -> None:
    """Two arms side by side: prevalence, and below it the shifts that conditions cause."""
    choice = comparison.choice
    out.print()
    for letter, side in (("A", comparison.a), ("B", comparison.b)):
        out.print(f"[bold]{letter}[/bold]: {escape(str(side.folder))}, arm {escape(side.arm)}")
    what = (
        f"{DEFINITION_WORDS.get(choice.definition, choice.definition)} RLS "
        f"{WHEN.get(choice.recall, choice.recall)}"
    )
    if choice.observed_as != TRUTH:
        what += f" by {choice.observed_as}"
    title = f"{what[0].upper()}{what[1:]}, {comparison.who}, {choice.year}: %"
    _print_differences(comparison.prevalence, title)
    if len(comparison.shifts):
        title = (
            f"Caused by the condition: {what}, {ADULT_AGE} years and older, {choice.year}: "
            "percentage points"
        )
        _print_differences(comparison.shifts, title)
    for note in comparison.notes:
        out.print(f"Note: {note}.", markup=False)


def _print_differences(rows: pd.DataFrame, title: str) -> None:
    """Values of A and B by condition, and the difference."""
    table = number_table(
        escape(title),
        [
            "condition",
            *("persons\nin A", "persons\nin B", "A", "B"),
            *("B - A, percentage points\n(95 % interval)", "paired\nruns"),
        ],
    )
    for row in rows.itertuples():
        difference: Any = row.difference
        limits = f" ({_in_points(row.lower)} to {_in_points(row.upper)})"
        table.add_row(
            escape(words(row.condition)),
            f"{row.persons_a:,}",
            f"{row.persons_b:,}",
            _hundredfold(row.value_a),
            _hundredfold(row.value_b),
            "-" if math.isnan(difference) else _in_points(difference) + limits,
            str(row.paired_runs or "-"),
        )
    out.print(table)


def _hundredfold(share: Any) -> str:
    """A share in per cent; a dash where there is nobody."""
    # Adding nought takes the sign off what rounds to nought.
    return "-" if math.isnan(share) else f"{round(100 * share, 2) + 0.0:.2f}"


def _in_points(share: Any) -> str:
    """A difference in percentage points, with its sign."""
    points = round(100 * share, 2)
    return f"{points:+.2f}" if points else "0.00"
