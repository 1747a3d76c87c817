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

from rlsabm.arrays import Bools, Floats, Ints
from rlsabm.results.intervals import (
    FEWEST_DRAWS,
    Z_95,
    over_draws,
    t_quantile,
    wilson_interval,
)

#: What an interval rests on: the spread between draws of the parameters (chance and parameters), that
#: between replicates (chance), or counts as if all people were unrelated (chance).
DRAWS, REPLICATES, COUNTS = "draws", "replicates", "counts"
#: Degrees of freedom below which the spread between replicates says too little.
LEAST_FREEDOM = 2
#: Columns of a difference.
DIFFERENCE = (
    *(f"{what}_{letter}" for letter in "ab" for what in ("persons", "cases", "value")),
    *("difference", "standard_error", "lower", "upper", "paired_runs", "interval_from"),
    "draws_left_out",
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


class OfIndependent(NamedTuple):
    """How sure a mean over independent people is, from counts.

    Attributes
    ----------
    variance
        Its variance.
    lower, upper
        Its 95 % interval.
    """

    variance: float
    lower: float
    upper: float


#: How sure a mean is, from counts.
Independent = Callable[[Counts], OfIndependent]


def _draws(counts: Counts) -> tuple[Counts, Ints, Ints]:
    """Counts added up by draw, of draws with people; the draw of each of their runs; runs of each.

    A run without such people belongs to its draw as any other: it adds nobody.
    """
    counts = counts.of(in_inhabited_draws(counts))
    draws, number, runs = np.unique(counts.draw, return_inverse=True, return_counts=True)
    sums = (np.bincount(number, values, minlength=len(draws)) for values in counts[1:])
    return Counts(draws, *(np.asarray(values, float) for values in sums)), number, runs


def in_inhabited_draws(counts: Counts) -> Bools:
    """Which runs are of draws with people in any run."""
    return np.isin(counts.draw, counts.draw[counts.persons > 0])


def _in_one_arm_only(a: Counts, b: Counts) -> Bools:
    """Which runs are of draws with people in one arm and none in the other."""
    return in_inhabited_draws(a) != in_inhabited_draws(b)


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

    Both have people in all draws. The spread between draws, if there are enough, shows the uncertainty
    of the parameters, beside chance; replicates of a draw show chance alone.

    Returns
    -------
    tuple of float, float and str or None
        Standard error of the difference B - A, its factor for 95 %, and what it rests on: `DRAWS` or
        `REPLICATES`. None if there are too few of both.
    """
    (whole_a, _, _), (whole_b, _, runs) = _draws(a), _draws(b)
    # Runs without such people in one arm belong to its draws, but do not show how it varies.
    draws, inhabited = len(runs), min(int((side.persons > 0).sum()) for side in (a, b))
    freedom = inhabited - draws
    by_chance = math.nan  # variance of the difference in one run
    if freedom >= LEAST_FREEDOM:
        by_chance = float(((_within_draws(b) - _within_draws(a)) ** 2).sum()) / freedom
    rests_on = basis(draws, inhabited)
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
    a: Counts, b: Counts, pairs: tuple[Ints, Ints], alone: Independent, *, most: float
) -> dict[str, Any]:
    """Two means and their difference.

    Parameters
    ----------
    a, b
        The counts.
    pairs
        Places of the runs of each that belong together.
    alone
        How sure a mean over independent people is, for where pairs cannot tell.
    most
        How far from 0 the difference can be.

    Returns
    -------
    dict
        The columns `DIFFERENCE`.
    """
    paired_a, paired_b = a.of(pairs[0]), b.of(pairs[1])
    inhabited = in_inhabited_draws(paired_a) & in_inhabited_draws(paired_b)
    inhabited &= (paired_a.persons > 0) | (paired_b.persons > 0)
    used = int(inhabited.sum())
    left_out = len(np.unique(paired_a.draw[_in_one_arm_only(paired_a, paired_b)]))
    found = None
    if used >= 2:
        a, b = paired_a.of(inhabited), paired_b.of(inhabited)
        found = paired_error(a, b)
        if found:
            least = least_error(a, b)
            if found[0] * found[1] < least * Z_95:
                found = least, Z_95, found[2]
    value_a, value_b = mean_over_draws(a), mean_over_draws(b)
    difference = value_b - value_a
    if found:
        error, quantile, rests_on = found
        lower, upper = difference - quantile * error, difference + quantile * error
    else:
        of_a, of_b, rests_on = alone(a), alone(b), COUNTS
        error = math.sqrt(of_a.variance + of_b.variance)
        # Zou & Donner 2008 Stat Med 27:1693; of two proportions Newcombe 1998 Stat Med 17:873.
        lower = difference - math.hypot(value_b - of_b.lower, of_a.upper - value_a)
        upper = difference + math.hypot(of_b.upper - value_b, value_a - of_a.lower)
    row: dict[str, Any] = {}
    for letter, side, value in (("a", a, value_a), ("b", b, value_b)):
        row[f"persons_{letter}"] = int(side.persons.sum())
        row[f"cases_{letter}"] = int(side.cases.sum())
        row[f"value_{letter}"] = value
    return row | {
        "difference": difference,
        "standard_error": error,
        "lower": float(np.maximum(lower, -most)),
        "upper": float(np.minimum(upper, most)),
        "paired_runs": used if found else 0,
        "interval_from": rests_on,
        "draws_left_out": left_out if found else 0,
    }


def least_error(a: Counts, b: Counts) -> float:
    """Standard error of the difference B - A if no more people differ than must, each by chance.

    A few runs with a few such people may happen to agree, and that none of so many people was moved
    does not mean that nobody ever is: one person is added to those whom each side has more (as for
    shifts, `rlsabm.results.tables.shifts`).
    """
    persons = min(_persons_for_variance(_draws(side)[0]) for side in (a, b))
    moved = abs(mean_over_draws(b) - mean_over_draws(a)) * persons
    return math.sqrt(moved + 2.0) / (persons + 4.0)


def _persons_for_variance(whole: Counts) -> float:
    """People whose mean would vary as much as the mean over these draws."""
    return float(len(whole.draw) ** 2 / (1.0 / whole.persons).sum())


def independent_prevalence(counts: Counts) -> OfIndependent:
    """How sure a prevalence is, from counts: Wilson's interval.

    Who happens to be a case is chance even where none or all are: for the variance two cases in four
    people are added.
    """
    whole, _, _ = _draws(counts)
    if not len(whole.draw):
        return OfIndependent(math.nan, math.nan, math.nan)
    persons = _persons_for_variance(whole)
    share = (whole.total.sum() + 2.0) / (whole.persons.sum() + 4.0)
    value = np.asarray(mean_over_draws(counts))
    lower, upper = wilson_interval(value, np.asarray(persons))
    return OfIndependent(float(share * (1.0 - share) / (persons + 4.0)), float(lower), float(upper))


def independent_shift(counts: Counts) -> OfIndependent:
    """How sure a caused shift is, from counts: each person is compared with the same person.

    One person is added to each combination of case and no case in the two worlds, so that few people
    are not taken for certain (as in `rlsabm.results.tables.shifts`).
    """
    whole, _, _ = _draws(counts)
    if not len(whole.draw):
        return OfIndependent(math.nan, math.nan, math.nan)
    persons, effective = whole.persons.sum(), _persons_for_variance(whole)
    spread = (whole.squares.sum() + 2.0) / (persons + 4.0)
    spread -= (whole.total.sum() / (persons + 4.0)) ** 2
    variance = float(spread / (effective + 4.0))
    value = mean_over_draws(counts)
    centre, half = value * persons / (persons + 4.0), Z_95 * math.sqrt(variance)
    return OfIndependent(
        variance, float(min(centre - half, value)), float(max(centre + half, value))
    )
