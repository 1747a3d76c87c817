"""Priors as a change of scale: every parameter has a score that is standard normal a priori.

A score is the normal quantile of the prior probability of smaller values.  Emulators and samplers work
on scores, which have no bounds, one spread for all parameters, and the same prior.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rlsabm.arrays import Floats
from rlsabm.declaring.parameter import Parameter


def values_of(parameters: Sequence[Parameter], scores: Floats) -> Floats:
    """Values of parameters in their units.

    Parameters
    ----------
    parameters
        The parameters.
    scores
        Their scores; the last axis has one for each parameter.
    """
    from scipy.special import ndtr

    probability = ndtr(scores)
    columns = [
        [parameter.quantile(float(u)) for u in probability[..., place].ravel()]
        for place, parameter in enumerate(parameters)
    ]
    return np.array(columns).T.reshape(scores.shape)


def log_prior(scores: Floats) -> Floats:
    """Logarithm of the prior density of scores, but for a constant; the last axis has parameters."""
    found: Floats = -0.5 * (scores**2).sum(axis=-1)
    return found


def first_design(parameters: int, runs: int, seed: np.random.SeedSequence) -> Floats:
    """Scores of a Latin hypercube over the priors, one row for each run."""
    from scipy.special import ndtri
    from scipy.stats.qmc import LatinHypercube

    hypercube = LatinHypercube(parameters, rng=np.random.Generator(np.random.Philox(seed)))
    found: Floats = ndtri(hypercube.random(runs))
    return found
