"""Tetrachoric correlation of the liabilities of pairs, from who of them are cases."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from rlsabm.arrays import Bools, Floats

#: Added to each cell of a table in which one is empty: without it the correlation would be 1 or -1.
#: Where fewer than two concordant pairs are expected, the estimate is mostly made by this.
EMPTY_CELL = 0.5

_POINTS, _WEIGHTS = np.polynomial.legendre.leggauss(48)
_MOST_STEPS = 60
_ACCURACY = 1e-12


class Correlation(NamedTuple):
    """Tetrachoric correlations and their sampling variances."""

    value: Floats
    variance: Floats


def tetrachoric(
    both: Floats,
    first_only: Floats,
    second_only: Floats,
    pairs: Floats,
    *,
    interchangeable: Bools | bool,
) -> Correlation:
    """Tetrachoric correlations by maximum likelihood, with variances by the delta method.

    There are as many shares as unknowns, so the likelihood is largest where thresholds give the
    shares of cases and the correlation gives the share of pairs in which both are. Tables with an
    empty cell have half a pair added to each.

    Parameters
    ----------
    both, first_only, second_only, pairs
        Pairs in which both, only the first, only the second are cases; all pairs.
    interchangeable
        Where the order of two members means nothing, so that they have one threshold.

    Returns
    -------
    Correlation
        Missing where nobody, or everybody, is a case.
    """
    same = np.broadcast_to(np.asarray(interchangeable), both.shape)
    one = np.where(same, (first_only + second_only) / 2.0, first_only)
    other = np.where(same, one, second_only)
    neither = pairs - both - one - other
    defined = np.minimum(both + one, both + other) > 0.0
    defined &= np.minimum(neither + one, neither + other) > 0.0
    empty = np.minimum(np.minimum(both, neither), np.minimum(one, other)) == 0.0
    cells = [
        np.where(defined, cell + np.where(empty, EMPTY_CELL, 0.0), 1.0)
        for cell in (both, one, other, neither)
    ]
    n = np.sum(cells, axis=0)
    b, f, s, _ = (cell / n for cell in cells)
    h, k = -_quantile(b + f), -_quantile(b + s)
    angle = _angle(h, k, b, (b + f) * (b + s))
    rho = np.sin(angle)
    # What a pair of each kind adds to the correlation: directly, and by both thresholds.
    root = np.cos(angle)
    by_first = 1.0 - _normal((k - rho * h) / root)
    by_second = 1.0 - _normal((h - rho * k) / root)
    density = _slope(h, k, angle) / root
    adds = (1.0 - by_first - by_second, -by_first, -by_second)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        mean = b * adds[0] + f * adds[1] + s * adds[2]
        squares = b * adds[0] ** 2 + f * adds[1] ** 2 + s * adds[2] ** 2
        variance = np.maximum(squares - mean**2, 0.0) / n / density**2
    return Correlation(np.where(defined, rho, np.nan), np.where(defined, variance, np.nan))


def _slope(h: Floats, k: Floats, angle: Floats) -> Floats:
    """Change of the share of pairs above both thresholds with the angle whose sine is correlation.

    By Plackett it changes with the correlation as the density of the two liabilities; with the angle
    it does so without a pole at -1 and 1.
    """
    sine, cosine = np.sin(angle), np.cos(angle)
    exponent = (h**2 + k**2 - 2.0 * h * k * sine) / (2.0 * cosine**2)
    return np.asarray(np.exp(-exponent) / (2.0 * np.pi))


def quadrant(h: Floats, k: Floats, angle: Floats, unrelated: Floats) -> Floats:
    """Share of pairs above both thresholds.

    Parameters
    ----------
    h, k
        Thresholds of the two liabilities (standard deviations).
    angle
        Its sine is their correlation.
    unrelated
        The share without correlation: the product of the shares above each threshold.
    """
    half = angle[..., None] / 2.0
    slopes = _slope(h[..., None], k[..., None], half * (1.0 + _POINTS))
    return np.asarray(unrelated + (half * slopes) @ _WEIGHTS)


def _angle(h: Floats, k: Floats, share: Floats, unrelated: Floats) -> Floats:
    """Angle at which this share of pairs is above both thresholds: Newton's steps, kept in bounds."""
    low, high = np.full(h.shape, -np.pi / 2.0), np.full(h.shape, np.pi / 2.0)
    angle = np.zeros(h.shape)
    # Few need many steps: only those that still move are taken further.
    moving = np.ones(h.shape, dtype=bool)
    for _ in range(_MOST_STEPS):
        here = angle[moving]
        excess = quadrant(h[moving], k[moving], here, unrelated[moving]) - share[moving]
        above = np.where(excess > 0.0, here, high[moving])
        below = np.where(excess > 0.0, low[moving], here)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            step = here - excess / _slope(h[moving], k[moving], here)
        within = (below < step) & (step < above)
        new = np.where(within, step, (below + above) / 2.0)
        angle[moving], low[moving], high[moving] = new, below, above
        moving[moving] = np.abs(new - here) > _ACCURACY
        if not moving.any():
            break
    return angle


def _quantile(p: Floats) -> Floats:
    """Standard normal quantile; the standard library's, value by value."""
    inverse = NormalDist().inv_cdf
    return np.array([inverse(float(x)) for x in p.ravel()]).reshape(p.shape)


def _normal(x: Floats) -> Floats:
    """Standard normal distribution function; the standard library's, value by value."""
    values = [0.5 * math.erfc(-float(each) / math.sqrt(2.0)) for each in x.ravel()]
    return np.array(values).reshape(x.shape)
