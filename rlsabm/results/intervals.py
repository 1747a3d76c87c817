"""Estimates over draws and replicates: value, interval, and what of it is Monte-Carlo error.

Replicates of a draw add their counts; draws are compared.  Two kinds of uncertainty are separated:
the Monte-Carlo error, which more people or replicates would make smaller, and the spread between draws
of the parameters, which they would not.

No interval has no width: who happens to be a case is chance even where none or all are.  Where nothing
can be said of how uncertain an estimate is, its limits are missing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from rlsabm.arrays import Bools, Floats

Z_95, Z_ONE_SIDED_95 = 1.959964, 1.644854
#: Cases below which Wilson's limit is replaced.
FEW_CASES = 3.5
#: Draws from which on an interval is given; with one draw it is that of the Monte-Carlo error.  Two to
#: four draws say next to nothing of how far draws differ: Student's t would be 3 to 13.
FEWEST_DRAWS = 5
#: Fewer people in a draw say too little of a group.
LEAST_PERSONS = 20
#: Persons that are added, half of them cases, where an interval or an error is calculated from counts
#: (Agresti & Coull 1998, Am Stat 52:119).
ADDED_PERSONS = 4.0
#: Where Cornish and Fisher's expansion is too coarse: quantiles of Student's t at 97.5 %.
T_975 = {1: 12.706205, 2: 4.302653, 3: 3.182446, 4: 2.776445}


class Interval(NamedTuple):
    """Estimates with 95 % intervals, one array item each.

    Attributes
    ----------
    value
        Mean over draws.
    lower, upper
        95 % interval, for both kinds of uncertainty together; missing with two to four draws.
    monte_carlo_error
        Standard error of the value by the limited number of people and runs.
    parameter_sd
        Standard deviation between draws of the parameters, Monte-Carlo error taken off; missing
        with a single draw.
    """

    value: Floats
    lower: Floats
    upper: Floats
    monte_carlo_error: Floats
    parameter_sd: Floats


def has_enough_people(persons: Any, draws: Any) -> Any:
    """Whether a group is large enough to be shown, or which groups are."""
    return persons >= LEAST_PERSONS * draws


def over_draws(values: Floats, variances: Floats, *, kind: str) -> Interval:
    """Combine the estimates of draws.

    Parameters
    ----------
    values, variances
        Estimates and their Monte-Carlo variances; first axis: draws. Missing ones are left out.
    kind
        ``difference`` (any number), ``share`` (at most 1) or ``ratio`` (above 0, calculated by its
        logarithm).

    Returns
    -------
    Interval
        Arrays of the shape of one draw.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        if kind == "ratio":
            values, variances = np.log(values), variances * (1.0 / values) ** 2
        there = np.isfinite(values)
        x = np.where(there, values, 0.0)
        v = np.where(there, variances, 0.0)
        draws = there.sum(axis=0)
        mean = np.where(draws > 0, x.sum(axis=0) / draws, np.nan)
        within = v.sum(axis=0) / draws
        spread = (np.where(there, x - mean, 0.0) ** 2).sum(axis=0) / (draws - 1)
        between = np.where(draws > 1, np.maximum(spread - within, 0.0), np.nan)
        monte_carlo = within / draws
        total = monte_carlo + np.where(draws > 1, between, 0.0)
    half = quantile_over_draws(there) * np.sqrt(total)
    value, lower, upper = mean, mean - half, mean + half
    if kind == "ratio":
        value, lower, upper = np.exp(value), np.exp(lower), np.exp(upper)
        monte_carlo, between = monte_carlo * value**2, between * value**2
    if kind == "share":
        upper = np.minimum(upper, 1.0)
    return Interval(value, lower, upper, np.sqrt(monte_carlo), np.sqrt(between))


def over_draws_around(values: Floats, centres: Floats, variances: Floats, *, kind: str) -> Interval:
    """Combine the estimates of draws, with intervals around other values than the estimates.

    Parameters
    ----------
    values
        Estimates; first axis: draws.
    centres
        The same from counts to which people were added, so that they are never at a limit of what is
        possible; intervals are around these, and widened where they would not hold the estimate.
    variances
        Monte-Carlo variances of the centres.
    kind
        As in `over_draws`.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        # Of ratios it is the relative variance that does not depend on where it is taken.
        of_values = variances * (values / centres) ** 2 if kind == "ratio" else variances
    found = over_draws(values, of_values, kind=kind)
    around = over_draws(np.where(np.isfinite(values), centres, np.nan), variances, kind=kind)
    with np.errstate(invalid="ignore"):
        lower = np.minimum(around.lower, found.value)
        upper = np.maximum(around.upper, found.value)
    return found._replace(lower=lower, upper=upper)


def t_quantile(degrees: int) -> float:
    """Quantile of Student's t at 97.5 %, for two-sided intervals of 95 %.

    A table up to four degrees of freedom, then the expansion of Cornish and Fisher, which is right to
    2 parts in 10,000.
    """
    if degrees in T_975:
        return T_975[degrees]
    z = Z_95
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return sum(term / degrees**power for power, term in enumerate(terms))


def quantile_over_draws(there: Bools) -> Floats:
    """Factor of a standard error for 95 %: Student's t over draws, normal for a study of one draw.

    Parameters
    ----------
    there
        Whether a draw has an estimate; first axis: draws.

    Returns
    -------
    numpy.ndarray
        Of the shape of one draw; missing where a study of several has fewer than `FEWEST_DRAWS`.
    """
    draws = there.sum(axis=0)
    if len(there) == 1:
        return np.full(draws.shape, Z_95)
    by_draws = {
        int(n): t_quantile(int(n) - 1) if n >= FEWEST_DRAWS else np.nan for n in np.unique(draws)
    }
    return np.vectorize(by_draws.__getitem__, otypes=[float])(draws)


def wilson_interval(
    share: Floats, persons: Floats, quantile: Floats | float = Z_95
) -> tuple[Floats, Floats]:
    """Wilson's interval of a proportion: lower and upper limit.

    Wilson's holds rare proportions too seldom.  Where there are few cases the lower limit is lowered to
    that of a Poisson rate, and where few are none the upper one is raised, as Brown, Cai and DasGupta
    propose (2001, Stat Sci 16:101).

    Parameters
    ----------
    share, persons
        The proportion, and of how many people it is; limits are missing where there are none.
    quantile
        Factor of a standard error, by default for 95 %.
    """
    z = quantile
    with np.errstate(invalid="ignore", divide="ignore"):
        centre = (share + z**2 / (2 * persons)) / (1 + z**2 / persons)
        half = (
            z
            * np.sqrt(share * (1 - share) / persons + z**2 / (4 * persons**2))
            / (1 + z**2 / persons)
        )
        lower = np.minimum(centre - half, _lower_of_few(share, persons, z))
        upper = np.maximum(centre + half, 1.0 - _lower_of_few(1.0 - share, persons, z))
    # Rounding must not put the limits on the wrong side of a value of 0 or 1.
    return (
        np.clip(np.minimum(lower, share), 0.0, 1.0),
        np.clip(np.maximum(upper, share), 0.0, 1.0),
    )


def _lower_of_few(share: Floats, persons: Floats, quantile: Floats | float) -> Floats:
    """Lower limit of a proportion if there are few cases, as of a Poisson rate; otherwise 1."""
    one_sided = quantile * (Z_ONE_SIDED_95 / Z_95)
    lower, _ = byar_interval(share * persons, persons, one_sided)
    return np.where(share * persons < FEW_CASES, lower, 1.0)


def byar_interval(
    events: Floats, time: Floats, quantile: Floats | float = Z_95
) -> tuple[Floats, Floats]:
    """Limits of a Poisson rate: Byar's approximation to the exact ones (Breslow & Day 1987, p. 69).

    Parameters
    ----------
    events, time
        Events, which need not be whole, and person-time; limits are missing where there is none.
    quantile
        Factor of a standard error, by default for 95 %.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        low = 1.0 - 1.0 / (9.0 * events) - quantile / (3.0 * np.sqrt(events))
        more = events + 1.0
        high = 1.0 - 1.0 / (9.0 * more) + quantile / (3.0 * np.sqrt(more))
        lower = np.where(events > 0, events * np.maximum(low, 0.0) ** 3, 0.0) / time
        return np.where(time > 0, lower, np.nan), np.where(time > 0, more * high**3 / time, np.nan)


def proportion_over_draws(
    counts: Floats, persons: Floats, variances: Floats | None = None
) -> Interval:
    """Combine proportions of draws; Wilson's interval for as many people as would be so uncertain.

    Parameters
    ----------
    counts, persons
        First axis: draws.
    variances
        Monte-Carlo variances of the proportions; by default those of independent people.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        p = counts / persons
        if variances is None:
            variances = binomial_variance(p, persons)
        plain = over_draws(p, variances, kind="difference")
        total = plain.monte_carlo_error**2 + np.nan_to_num(plain.parameter_sd) ** 2
        everyone = np.nansum(persons, axis=0)
        size = np.where(total > 0, plain.value * (1.0 - plain.value) / total, everyone)
        error = np.sqrt(cautious_variance(plain.value * everyone, everyone))
    quantile = quantile_over_draws(np.isfinite(p))
    lower, upper = wilson_interval(plain.value, size, quantile)
    return plain._replace(
        lower=lower,
        upper=upper,
        monte_carlo_error=np.where(total > 0, plain.monte_carlo_error, error),
    )


def binomial_variance(share: Floats, persons: Floats) -> Floats:
    """Variance of a proportion among independent people."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(share * (1.0 - share) / persons)


def cautious_variance(cases: Floats, persons: Floats) -> Floats:
    """Variance of a proportion of independent people; by added people where none or all are cases."""
    with np.errstate(invalid="ignore", divide="ignore"):
        certain = (cases <= 0.0) | (cases >= persons)
        added = persons + ADDED_PERSONS
        by_added = binomial_variance((cases + ADDED_PERSONS / 2.0) / added, added)
        return np.where(certain, by_added, binomial_variance(cases / persons, persons))


def delta_variance(
    function: Callable[..., Floats], means: list[Floats], covariance: list[list[Floats]]
) -> tuple[Floats, Floats]:
    """Value and variance of a smooth function of means, by its slopes.

    Parameters
    ----------
    function
        Takes the means, one argument each.
    means
        Means.
    covariance
        Their covariances.
    """
    value = function(*means)
    slopes = []
    for i, mean in enumerate(means):
        step = 1e-6 * np.maximum(np.abs(mean), 1e-3)
        up = [m + step if j == i else m for j, m in enumerate(means)]
        down = [m - step if j == i else m for j, m in enumerate(means)]
        slopes.append((function(*up) - function(*down)) / (2.0 * step))
    variance = np.zeros_like(value)
    for i, one in enumerate(slopes):
        for j, other in enumerate(slopes):
            part = covariance[i][j]
            # What does not vary adds nothing, however steep the function.
            variance = variance + np.where(part == 0.0, 0.0, one * other * part)
    return value, np.maximum(variance, 0.0)
