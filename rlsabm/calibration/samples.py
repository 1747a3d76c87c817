"""A figure from a sample: its value, its Monte-Carlo error, and what studies of some size would find.

A measure gives the units that a study would count (people, pairs of kin, person-years) and a summary of
weighted units.  With all weights 1 that is the figure of the simulated people.  Leaving out families in
turn gives its Monte-Carlo error (jackknife), and drawing as many units as a real study had, with
replacement, gives the interval of such a study.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np

from rlsabm.arrays import Bools, Floats, Uids

#: Summary of units: their values (a row a unit) and sets of weights (a row a set) to a figure a set.
Summary: TypeAlias = Callable[[Floats, Floats], Floats]

#: Parts of the people that the jackknife leaves out in turn.
PARTS = 40
#: Cases and non-cases that are added where the error of a proportion is reckoned from few people.
ADDED = 2.0


class Figure(NamedTuple):
    """What the simulated people say of a published figure.

    Attributes
    ----------
    value
        The figure; missing if nobody could be counted.
    monte_carlo_sd
        Its standard error by the limited number of people simulated; missing if it cannot be told.
    units
        People, pairs or others that were counted.
    studies
        What studies of the size of the real one would find, one number a study; empty if that size is
        not known.
    """

    value: float
    monte_carlo_sd: float
    units: int
    studies: Floats


@dataclass(frozen=True)
class Sample:
    """Units of observation and their summary.

    Attributes
    ----------
    values
        A row a unit.
    families
        The family of each unit: units of one family are left out together.
    summary
        What is reckoned from them.
    least_error
        Error that the figure has at least: where none or all are cases the jackknife sees no spread.
    units
        Units counted, where a row is a sum of many; by default a row is one.
    """

    values: Floats
    families: Uids
    summary: Summary
    least_error: float = 0.0
    units: int | None = None

    def value(self) -> float:
        """The figure of all units; missing where there are none."""
        if not len(self.values):
            return float("nan")
        return float(self.summary(self.values, np.ones((1, len(self.values))))[0])

    def monte_carlo_sd(self) -> float:
        """Standard error by the jackknife over parts of the families."""
        part = parts_of(self.families)
        there = np.unique(part)
        error = float("nan")
        if len(there) > 1:
            without = (part[None, :] != there[:, None]).astype(float)
            figures = self.summary(self.values, without)
            figures = figures[np.isfinite(figures)]
            if len(figures) > 1:
                spread = float(((figures - figures.mean()) ** 2).sum())
                error = float(np.sqrt((len(figures) - 1) / len(figures) * spread))
        # Also where the jackknife knows nothing.
        if self.least_error > 0.0:
            error = float(np.fmax(error, self.least_error))
        return error

    def studies(self, size: int, number: int, seed: int) -> Floats:
        """Figures of studies that draw ``size`` of the units at random, with replacement."""
        units = len(self.values)
        if not units:
            return np.zeros(0)
        random = np.random.default_rng(seed)
        found = np.empty(number)
        for study in range(number):
            chosen = random.integers(0, units, size)
            weights = np.bincount(chosen, minlength=units).astype(float)
            found[study] = self.summary(self.values, weights[None, :])[0]
        return found[np.isfinite(found)]

    def figure(self, size: int | None = None, number: int = 0, seed: int = 0) -> Figure:
        """The figure with its error, and with studies of a size if there is one."""
        studies = self.studies(size, number, seed) if size and number else np.zeros(0)
        units = len(self.values) if self.units is None else self.units
        return Figure(self.value(), self.monte_carlo_sd(), units, studies)


def parts_of(families: Uids) -> Uids:
    """The part of the people to which each family belongs; uids are evenly spread."""
    return np.asarray(families % np.uint64(PARTS))


def from_sums(reckon: Callable[[Floats], Floats]) -> Summary:
    """A summary that needs the weighted sums of the columns only: they are its last axis."""

    def summary(values: Floats, weights: Floats) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(reckon(weights @ values))

    return summary


def _first_by_second(sums: Floats) -> Floats:
    return np.asarray(sums[..., 0] / sums[..., 1])


#: First column by second: a proportion, a rate, a mean.
ratio = from_sums(_first_by_second)


def share(cases: Bools, families: Uids) -> Sample:
    """The proportion of cases."""
    values = np.column_stack([cases, np.ones(len(cases))]).astype(float)
    some, persons = float(np.sum(cases)) + ADDED, len(cases) + 2.0 * ADDED
    binomial = math.sqrt(some * (persons - some) / persons**3) if len(cases) else 0.0
    return Sample(values, families, ratio, binomial)


def rate(events: Floats, time: Floats, families: Uids) -> Sample:
    """Events by person-time."""
    total = float(time.sum())
    poisson = math.sqrt(float(events.sum()) + 1.0) / total if total > 0.0 else 0.0
    return Sample(np.column_stack([events, time]).astype(float), families, ratio, poisson)


def mean(values: Floats, families: Uids) -> Sample:
    """The arithmetic mean."""
    return Sample(np.column_stack([values, np.ones(len(values))]), families, ratio)


def geometric_mean(values: Floats, families: Uids) -> Sample:
    """The geometric mean of positive values."""
    with np.errstate(divide="ignore"):
        logs = np.column_stack([np.log(values), np.ones(len(values))])
    return Sample(logs, families, from_sums(lambda sums: np.exp(_first_by_second(sums))))


def percentile(values: Floats, percent: float, families: Uids) -> Sample:
    """A percentile: the smallest value that is not below this share of the units."""

    def summary(values: Floats, weights: Floats) -> Floats:
        order = np.argsort(values[:, 0], kind="stable")
        sorted_values = values[order, 0]
        below = np.cumsum(weights[:, order], axis=1)
        wanted = below[:, -1:] * percent / 100.0
        place = (below < wanted).sum(axis=1)
        return np.asarray(np.where(below[:, -1] > 0, sorted_values[place], np.nan))

    return Sample(values[:, None].astype(float), families, summary)


def odds_ratio(cases: Bools, exposed: Bools, strata: Uids, families: Uids) -> Sample:
    """The odds ratio of being a case with exposure, by Mantel and Haenszel over strata.

    With a single stratum it is the crude odds ratio.
    """
    known, stratum = np.unique(strata, return_inverse=True)
    cells = 4 * stratum + 2 * exposed + cases

    def summary(values: Floats, weights: Floats) -> Floats:
        codes = values[:, 0].astype(np.int64)
        counts = np.array([np.bincount(codes, row, minlength=4 * len(known)) for row in weights])
        table = counts.reshape(len(weights), len(known), 2, 2)
        persons = np.maximum(table.sum(axis=(2, 3)), 1.0)  # a stratum left out has nobody
        more = (table[..., 1, 1] * table[..., 0, 0] / persons).sum(axis=1)
        less = (table[..., 1, 0] * table[..., 0, 1] / persons).sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(more / less)

    return Sample(cells[:, None].astype(float), families, summary)
