"""Numbers in words of the field: per cent and percentage points, with 95 % intervals.

Value and limits are rounded alike, to two significant digits of the interval's half-width, but to no
more than `MOST_DECIMALS`.
"""

from __future__ import annotations

import math
from typing import Any

#: A number that there is not, or that cannot be told.
NONE = "-"
MOST_DECIMALS = 2


def percent(share: float, lower: float = math.nan, upper: float = math.nan) -> str:
    """A share in per cent, with its interval if there is one: ``12.8 (11.9–13.8)``."""
    if not math.isfinite(share):
        return NONE
    if not _is_interval(lower, upper):
        return f"{100 * share:.1f}"
    decimals = decimals_of(100 * (upper - lower) / 2)
    value, low, high = (f"{100 * x:.{decimals}f}" for x in (share, lower, upper))
    return f"{value} ({low}–{high})"


def points(difference: float, lower: float = math.nan, upper: float = math.nan) -> str:
    """A difference in percentage points, its sign always shown: ``+0.12 (-0.04 to 0.28)``."""
    if not math.isfinite(difference):
        return NONE
    if not _is_interval(lower, upper):
        return signed(100 * difference, MOST_DECIMALS)
    decimals = decimals_of(100 * (upper - lower) / 2)
    low, high = (f"{round(100 * x, decimals) + 0.0:.{decimals}f}" for x in (lower, upper))
    return f"{signed(100 * difference, decimals)} ({low} to {high})"


def percent_of(row: Any, name: str = "prevalence") -> str:
    """A share of a table, with its interval; a dash where there is no row."""
    return NONE if row is None else percent(getattr(row, name), row.lower, row.upper)


def points_of(row: Any) -> str:
    """A difference of a table, with its interval; a dash where there is no row."""
    return NONE if row is None else points(row.value, row.lower, row.upper)


def decimals_of(half_width: float) -> int:
    """Decimals that show two significant digits of a half-width."""
    if not math.isfinite(half_width) or half_width <= 0.0:
        return MOST_DECIMALS
    return min(max(1 - math.floor(math.log10(half_width)), 0), MOST_DECIMALS)


def signed(number: float, decimals: int) -> str:
    """A number with its sign; what rounds to nought has none."""
    rounded = round(number, decimals)
    return f"{rounded:+.{decimals}f}" if rounded else f"{0:.{decimals}f}"


def _is_interval(lower: float, upper: float) -> bool:
    """Whether these are limits; an interval of no width says nothing."""
    return math.isfinite(lower) and math.isfinite(upper) and upper > lower
