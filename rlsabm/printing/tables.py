"""Tables of numbers on a terminal."""

from __future__ import annotations

import sys
from typing import Any

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

#: Tables are made for 100 columns.
out = Console(highlight=False)
out.width = max(out.width, 100) if sys.stdout.isatty() else 100


def words(name: object) -> str:
    """A name of a table in words."""
    return str(name).replace("_", " ")


def percent(row: Any) -> str:
    """Prevalence with its interval, in percent."""
    if row.persons == 0:
        return "-"
    return f"{100 * row.prevalence:.1f} ({100 * row.lower:.1f}-{100 * row.upper:.1f})"


def points(row: Any) -> str:
    """A difference with its interval, in percentage points; its sign always shown."""
    value, lower, upper = (_without_minus_zero(100 * x) for x in (row.value, row.lower, row.upper))
    return f"{value:+.1f} ({lower:.1f}, {upper:.1f})"


def _without_minus_zero(value: float) -> float:
    return 0.0 if abs(value) < 0.05 else value


def number_table(title: str, headings: list[str]) -> Table:
    """A table of numbers under a title; the first column holds names.

    Names that are too long for the terminal go on in the next line; numbers are never cut.
    """
    table = Table(
        title=title,
        title_justify="left",
        box=SIMPLE,
        padding=(0, 0, 0, 1),
        min_width=min(len(title), out.width),  # a title is not broken
    )
    table.add_column(headings[0], no_wrap=False, overflow="fold")
    for heading in headings[1:]:
        table.add_column(heading, justify="right", no_wrap=True)
    return table
