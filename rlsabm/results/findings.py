"""What of a study's results answers its question in a sentence."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from rlsabm.observe.groups import EVERYONE
from rlsabm.results.comparing import Comparison
from rlsabm.results.intervals import has_enough_people
from rlsabm.results.summary import adult_estimates, with_limits_to_show


def largest_caused_shift(
    shifts: pd.DataFrame, causes: Mapping[str, str], *, year: int, arm: str, definition: str = "any"
) -> Any:
    """The condition that raises prevalence most among those that have it, beyond its interval.

    Parameters
    ----------
    shifts
        The table of shifts.
    causes
        By condition, what is left out to find what it causes; groups that are part of another
        condition, and states, have another cause than themselves.
    year, arm, definition
        Which shifts.

    Returns
    -------
    A row with ``condition``, ``value``, ``lower``, ``upper``; None if every interval includes 0.
    """
    rows = with_limits_to_show(adult_estimates(shifts, arm=arm, year=year, definition=definition))
    own = rows["condition"].astype(str).map(lambda name: causes.get(name) == name)
    rows = rows[own & (rows["estimate"] == "caused_shift")]
    rows = rows[has_enough_people(rows["persons"], rows["draws"])]
    sure = rows[rows["lower"] > 0.0].sort_values("value", ascending=False)
    return next(sure.itertuples(), None)


def everyone_in(comparison: Comparison, definition: str = "any") -> dict[str, Any]:
    """The row of everyone in a comparison that is broken down by definition."""
    rows = comparison.prevalence
    found = rows[(rows["condition"] == EVERYONE.name) & (rows["definition"] == definition)]
    [row] = found.to_dict("records")
    return {str(name): value for name, value in row.items()}


def clearest_arm(comparisons: Sequence[Comparison]) -> Comparison | None:
    """The arm that moves the prevalence among everyone most for its standard error, if any does."""

    def moved(comparison: Comparison) -> float:
        row = everyone_in(comparison)
        if not row["difference"]:
            return 0.0
        return abs(row["difference"]) / row["standard_error"] if row["standard_error"] else math.inf

    best = max(comparisons, key=moved)
    return best if moved(best) > 0.0 else None
