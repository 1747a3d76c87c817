"""Differences of two means over people, and their standard errors.

Counts are added up over the replicates of a draw of the parameters, and draws count equally, as in
`rlsabm.results.intervals`.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlsabm.arrays import Floats, Ints


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


def deviations(counts: Counts) -> Floats:
    """How far each run moves the mean over draws; all runs have people.

    With as many people in every run these are the runs' own means less the mean over all.
    """
    whole, number, runs = _draws(counts)
    mean = whole.total / whole.persons
    within = (counts.total - mean[number] * counts.persons) / (whole.persons / runs)[number]
    return np.asarray(within + mean[number] - mean.mean())


def paired_error(a: Counts, b: Counts) -> float:
    """Standard error of the difference B - A, from its spread between pairs of runs."""
    differences = deviations(b) - deviations(a)
    return float(np.std(differences, ddof=1)) / math.sqrt(len(differences))


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

    Half a person is added to each combination of case and no case in the two worlds (Agresti and Min
    2005), so that few people are not taken for certain.
    """
    whole, _, _ = _draws(counts)
    if not len(whole.draw):
        return math.nan
    persons = whole.persons.sum() + 2.0
    spread = (whole.squares.sum() + 1.0) / persons - (whole.total.sum() / persons) ** 2
    return float(spread / (_persons_for_variance(whole) + 2.0))
