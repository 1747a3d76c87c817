"""Differences of two means over people, and how sure they are.

Counts are added up over the replicates of a draw of the parameters, and draws count equally, as in
`rlsabm.results.intervals`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlsabm.arrays import Floats, Ints
from rlsabm.results.intervals import FEWEST_DRAWS, Z_95, over_draws, t_quantile

#: What an interval rests on: the spread between draws of the parameters (chance and parameters), that
#: between replicates (chance), or counts as if all people were unrelated (chance).
DRAWS, REPLICATES, COUNTS = "draws", "replicates", "counts"
#: Degrees of freedom below which the spread between replicates says too little.
LEAST_FREEDOM = 2
#: What rounding leaves of a spread of nothing.
LEAST_SPREAD = 1e-12
#: Columns of a difference.
DIFFERENCE = (
    *(f"{what}_{letter}" for letter in "ab" for what in ("persons", "cases", "value")),
    *("difference", "standard_error", "lower", "upper", "paired_runs", "interval_from"),
)


class Counts(NamedTuple):
    """Counts of one condition, one array item a run.

    Attributes
    ----------
    draw
        Draw of each run.
    persons, cases
        People with the condition, and cases among them.
    total, squares
        Sums over these people of what is averaged (1 for a case; 1, 0 or -1 for one that the condition
        causes, leaves or prevents) and of its square.
    """

    draw: Ints
    persons: Floats
    cases: Floats
    total: Floats
    squares: Floats

    def of(self, chosen: NDArray[Any]) -> Counts:
        """The counts of some runs."""
        return Counts(*(values[chosen] for values in self))


#: Variance of a mean over independent people.
Independent = Callable[[Counts], float]


def _draws(counts: Counts) -> tuple[Counts, Ints, Ints]:
    """Counts of the runs with people, added up by draw; the draw of each run; runs of each draw."""
    counts = counts.of(counts.persons > 0)
    draws, number, runs = np.unique(counts.draw, return_inverse=True, return_counts=True)
    sums = (np.bincount(number, values, minlength=len(draws)) for values in counts[1:])
    return Counts(draws, *(np.asarray(values, float) for values in sums)), number, runs


def mean_over_draws(counts: Counts) -> float:
    """Mean over draws of the mean over people; missing without people."""
    whole, _, _ = _draws(counts)
    return float((whole.total / whole.persons).mean()) if len(whole.draw) else math.nan


def basis(draws: int, runs: int) -> str:
    """What the interval of a paired difference rests on, by how many draws and runs there are."""
    if draws >= FEWEST_DRAWS:
        return DRAWS
    return REPLICATES if runs - draws >= LEAST_FREEDOM else COUNTS


def paired_error(a: Counts, b: Counts) -> tuple[float, float, str] | None:
    """How sure a difference is by how it varies between runs of pairs with the same chance.

    All runs have people. The spread between draws, if there are enough, shows the uncertainty of the
    parameters, beside chance; replicates of a draw show chance alone.

    Returns
    -------
    tuple of float, float and str or None
        Standard error of the difference B - A, its factor for 95 %, and what it rests on: `DRAWS` or
        `REPLICATES`. None if there are too few of both.
    """
    (whole_a, _, _), (whole_b, number, runs) = _draws(a), _draws(b)
    draws, freedom = len(runs), len(number) - len(runs)
    by_chance = math.nan  # variance of the difference in one run
    if freedom >= LEAST_FREEDOM:
        by_chance = float(((_within_draws(b) - _within_draws(a)) ** 2).sum()) / freedom
    rests_on = basis(draws, len(number))
    if rests_on == DRAWS:
        # Single runs do not tell chance and parameters apart: the spread between draws is of both.
        within = np.nan_to_num(by_chance) / runs
        by_draw = whole_b.total / whole_b.persons - whole_a.total / whole_a.persons
        found = over_draws(by_draw, within, kind="difference")
        error = math.hypot(float(found.monte_carlo_error), float(found.parameter_sd))
        return error, t_quantile(draws - 1), rests_on
    if rests_on == REPLICATES:
        error = math.sqrt(by_chance * float((1.0 / runs).sum())) / draws
        return error, t_quantile(freedom), rests_on
    return None


def _within_draws(counts: Counts) -> Floats:
    """How far each run moves the mean of its draw.

    With as many people in every run of a draw these are the runs' own means less the mean over all.
    """
    whole, number, runs = _draws(counts)
    mean = whole.total / whole.persons
    moved = (counts.total - mean[number] * counts.persons) / (whole.persons / runs)[number]
    return np.asarray(moved)


def difference_of(
    a: Counts, b: Counts, pairs: tuple[Ints, Ints], variance: Independent, *, most: float
) -> dict[str, Any]:
    """Two means and their difference.

    Parameters
    ----------
    a, b
        The counts.
    pairs
        Places of the runs of each that belong together.
    variance
        Variance of a mean over independent people, for where pairs cannot tell.
    most
        How far from 0 the difference can be.

    Returns
    -------
    dict
        The columns `DIFFERENCE`.
    """
    paired_a, paired_b = a.of(pairs[0]), b.of(pairs[1])
    inhabited = (paired_a.persons > 0) & (paired_b.persons > 0)
    used = int(inhabited.sum())
    found = None
    if used >= 2:
        a, b = paired_a.of(inhabited), paired_b.of(inhabited)
        found = paired_error(a, b)
        if found and found[0] < LEAST_SPREAD:
            found = error_without_spread(a, b), Z_95, found[2]
    error, quantile, rests_on = found or (math.sqrt(variance(a) + variance(b)), Z_95, COUNTS)
    value_a, value_b = mean_over_draws(a), mean_over_draws(b)
    difference = value_b - value_a
    row: dict[str, Any] = {}
    for letter, side, value in (("a", a, value_a), ("b", b, value_b)):
        row[f"persons_{letter}"] = int(side.persons.sum())
        row[f"cases_{letter}"] = int(side.cases.sum())
        row[f"value_{letter}"] = value
    return row | {
        "difference": difference,
        "standard_error": error,
        "lower": float(np.maximum(difference - quantile * error, -most)),
        "upper": float(np.minimum(difference + quantile * error, most)),
        "paired_runs": used if found else 0,
        "interval_from": rests_on,
    }


def error_without_spread(a: Counts, b: Counts) -> float:
    """Standard error of the difference B - A where all pairs of runs differ alike, or not at all.

    That none of so many people was moved does not mean that nobody ever is: one person is added to
    those whom each side has more (as for shifts, `rlsabm.results.tables.shifts`).
    """
    persons = min(_persons_for_variance(_draws(side)[0]) for side in (a, b))
    moved = abs(mean_over_draws(b) - mean_over_draws(a)) * persons
    return math.sqrt(moved + 2.0) / (persons + 4.0)


def _persons_for_variance(whole: Counts) -> float:
    """People whose mean would vary as much as the mean over these draws."""
    return float(len(whole.draw) ** 2 / (1.0 / whole.persons).sum())


def independent_prevalence(counts: Counts) -> float:
    """Variance of a prevalence, from counts.

    Who happens to be a case is chance even where none or all are: two cases in four people are added.
    """
    whole, _, _ = _draws(counts)
    if not len(whole.draw):
        return math.nan
    share = (whole.total.sum() + 2.0) / (whole.persons.sum() + 4.0)
    return float(share * (1.0 - share) / (_persons_for_variance(whole) + 4.0))


def independent_shift(counts: Counts) -> float:
    """Variance of a caused shift, from counts: each person is compared with the same person.

    One person is added to each combination of case and no case in the two worlds, so that few people
    are not taken for certain (as in `rlsabm.results.tables.shifts`).
    """
    whole, _, _ = _draws(counts)
    if not len(whole.draw):
        return math.nan
    persons = whole.persons.sum() + 4.0
    spread = (whole.squares.sum() + 2.0) / persons - (whole.total.sum() / persons) ** 2
    return float(spread / (_persons_for_variance(whole) + 4.0))
