"""Means, incidence rates and standardised prevalences over draws and replicates, with intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd

from rlsabm.arrays import Floats
from rlsabm.results.intervals import (
    Interval,
    byar_interval,
    cautious_variance,
    over_draws,
    proportion_over_draws,
    quantile_over_draws,
)
from rlsabm.results.nesting import NestedCounts


def rate(n: NestedCounts, events: str, time: str) -> Interval:
    """Events by person-time, over draws and replicates.

    One run has the interval of a Poisson rate. Where replicates or draws differ by more, the interval
    is that of as many events as would be so uncertain.
    """
    share = (events, time)
    with np.errstate(divide="ignore", invalid="ignore"):
        values = n[events] / n[time]
        variances = n.covariance(n[events] / n[time] ** 2, share, share)
        plain = over_draws(values, variances, kind="difference")
        total = plain.monte_carlo_error**2 + np.nan_to_num(plain.parameter_sd) ** 2
        worth = np.where(total > 0, plain.value**2 / total, np.nansum(n[events], axis=0))
        person_time = np.where(worth > 0, worth / plain.value, n.total(time))
    quantile = quantile_over_draws(np.isfinite(values))
    lower, upper = byar_interval(worth, person_time, quantile)
    return plain._replace(lower=lower, upper=upper)


def mean(n: NestedCounts, sums: str, squares: str, persons: str) -> tuple[Interval, Floats]:
    """Arithmetic mean, over draws and replicates, and the standard deviation between people.

    The interval is missing where a draw has one person only, or all of its people have one value.

    Parameters
    ----------
    n
        Counts by run.
    sums, squares, persons
        Columns with sums of values, sums of their squares, and numbers of people.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        values = n[sums] / n[persons]
        spread = (n[squares] - n[sums] * values) / (n[persons] - 1.0)
        # What rounding leaves of a spread of nothing is none.
        reckoned = np.where(spread > 1e-12 * values**2, spread / n[persons], np.nan)
        variances = n.covariance(reckoned, (sums, persons), (sums, persons))
    sd = np.sqrt(np.maximum(mean_of_draws(spread), 0.0))
    return over_draws(values, variances, kind="difference"), sd


def mean_of_draws(values: Floats) -> Floats:
    """Mean over draws, the first axis; missing values are left out."""
    there = np.isfinite(values)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(there, values, 0.0).sum(axis=0) / there.sum(axis=0))


def standardised(n: NestedCounts, weights: Floats) -> Interval:
    """Directly standardised prevalence, over draws and replicates.

    Parameters
    ----------
    n
        Counts by run; of each stratum of the standard ``cases_0``, ``persons_0``, ``cases_1``, ….
    weights
        Weight of each stratum; they add up to 1.

    Returns
    -------
    Interval
        Missing where a stratum that has weight holds nobody.
    """
    strata = [i for i, weight in enumerate(weights) if weight > 0]
    shares = {i: (f"cases_{i}", f"persons_{i}") for i in strata}
    value: Floats = np.zeros_like(n["persons_0"])
    variance: Floats = np.zeros_like(value)
    with np.errstate(divide="ignore", invalid="ignore"):
        for i in strata:
            share = n[shares[i][0]] / n[shares[i][1]]
            value = value + weights[i] * share
            for j in strata:
                reckoned = (
                    cautious_variance(n[shares[i][0]], n[shares[i][1]])
                    if i == j
                    else np.zeros_like(value)
                )
                covariance = n.covariance(reckoned, shares[i], shares[j])
                variance = variance + weights[i] * weights[j] * covariance
    persons = sum((n[shares[i][1]] for i in strata), np.zeros_like(value))
    return proportion_over_draws(value * persons, persons, np.maximum(variance, 0.0))


def by_run(
    rows: pd.DataFrame, keys: list[str], counts: list[str], runs: pd.DataFrame
) -> pd.DataFrame:
    """Counts by key and run; a run of the arm in which nobody was counted has zeros.

    Parameters
    ----------
    rows
        Rows of a table.
    keys
        Columns that tell estimates apart, the arm among them.
    counts
        Columns to add up.
    runs
        Every run: columns ``arm``, ``draw``, ``replicate``.
    """
    added = rows.groupby([*keys, "draw", "replicate"], observed=True)[counts].sum().reset_index()
    found = added[keys].drop_duplicates()
    whole = found.merge(runs, on="arm").merge(added, on=[*keys, "draw", "replicate"], how="left")
    return whole.fillna(dict.fromkeys(counts, 0))
