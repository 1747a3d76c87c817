"""How likely a published figure is, if the simulated one is true: by kind, on its own scale.

All functions take arrays.  The simulated figure has a Monte-Carlo error, which adds to the uncertainty
of the published one, and so does the discrepancy: by how much the model may be wrong even with the
best parameters.
"""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

import numpy as np

from rlsabm.arrays import Floats

#: Scales on which figures are compared: as they are, by logarithm, or by log odds.
Scale: TypeAlias = Literal["identity", "log", "logit"]
Kind: TypeAlias = Literal["beta_binomial", "normal", "log_normal", "logit_normal", "ordering"]

SCALE_OF_KIND: dict[Kind, Scale] = {
    "beta_binomial": "logit",
    "logit_normal": "logit",
    "log_normal": "log",
    "normal": "identity",
    "ordering": "log",
}
#: Figures nearer to nothing (or proportions nearer to 1) count as this near: scales have no end.
NEAREST = 1e-6


def to_scale(x: Floats | float, scale: Scale) -> Floats:
    """A figure on the scale on which it is nearly normal."""
    values = np.asarray(x, dtype=float)
    if scale == "identity":
        return values
    if scale == "log":
        return np.asarray(np.log(np.maximum(values, NEAREST)))
    share = np.clip(values, NEAREST, 1.0 - NEAREST)
    return np.asarray(np.log(share / (1.0 - share)))


def from_scale(x: Floats | float, scale: Scale) -> Floats:
    """The inverse of `to_scale`."""
    values = np.asarray(x, dtype=float)
    if scale == "identity":
        return values
    return np.asarray(np.exp(values) if scale == "log" else 1.0 / (1.0 + np.exp(-values)))


def sd_on_scale(x: Floats | float, sd: Floats | float, scale: Scale) -> Floats:
    """The standard deviation of a figure on its scale, to first order."""
    values, spread = np.asarray(x, dtype=float), np.asarray(sd, dtype=float)
    if scale == "identity":
        return spread
    if scale == "log":
        return np.asarray(spread / np.maximum(values, NEAREST))
    share = np.clip(values, NEAREST, 1.0 - NEAREST)
    return np.asarray(spread / (share * (1.0 - share)))


def log_normal_density(x: Floats, mean: float, sd: Floats) -> Floats:
    """Logarithm of the density of a normal distribution."""
    return np.asarray(-0.5 * ((x - mean) / sd) ** 2 - np.log(sd) - 0.5 * math.log(2.0 * math.pi))


def log_beta_binomial(cases: int, persons: int, share: Floats, sd: Floats) -> Floats:
    """Logarithm of the probability of cases by a beta-binomial distribution.

    Parameters
    ----------
    cases, persons
        Counts of the study.
    share
        Mean of the proportion.
    sd
        Standard deviation of the proportion between what the model says and what the study's people are
        like; 0 gives the binomial distribution in the limit.
    """
    from scipy.special import betaln

    mean = np.clip(share, NEAREST, 1.0 - NEAREST)
    # A proportion cannot vary by more than between 0 and 1.
    most = 0.99 * mean * (1.0 - mean)
    variance = np.clip(np.asarray(sd, dtype=float) ** 2, 1e-9 * most, most)
    concentration = mean * (1.0 - mean) / variance - 1.0
    a, b = mean * concentration, (1.0 - mean) * concentration
    choose = -math.log1p(persons) - betaln(persons - cases + 1, cases + 1)
    found: Floats = choose + betaln(a + cases, b + persons - cases) - betaln(a, b)
    return found


def log_ordering(x: Floats, bound: float, sd: Floats, *, above: bool) -> Floats:
    """Logarithm of the probability that a figure, known with an error, lies on the right side."""
    from scipy.special import log_ndtr

    found: Floats = log_ndtr((x - bound) / sd if above else (bound - x) / sd)
    return found
