"""Numbers of the rows of a table in words of the field, with their intervals."""

from __future__ import annotations

from typing import Any

from rlsabm.wording import NONE, percent, points


def percent_of(row: Any, name: str = "prevalence") -> str:
    """A share of a table, with its interval; a dash where there is no row."""
    return NONE if row is None else percent(getattr(row, name), row.lower, row.upper)


def points_of(row: Any) -> str:
    """A difference of a table, with its interval; a dash where there is no row."""
    return NONE if row is None else points(row.value, row.lower, row.upper)
