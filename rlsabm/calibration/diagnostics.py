"""What a posterior says: weights of draws, what targets have taught, and which of them disagree."""

from __future__ import annotations

import numpy as np

from rlsabm.arrays import Floats, Ints
from rlsabm.calibration.emulator import Emulator
from rlsabm.calibration.problem import Problem

#: The prior, where it is compared with targets.
PRIOR = "prior"


def normalised(log_weights: Floats) -> Floats:
    """Weights that sum to one."""
    weights = np.exp(log_weights - log_weights.max())
    found: Floats = weights / weights.sum()
    return found


def effective_size(weights: Floats) -> float:
    """Equally weighted draws that would say as much."""
    return float(weights.sum() ** 2 / (weights**2).sum())


def equalised(weights: Floats, draws: int, seed: np.random.SeedSequence) -> Ints:
    """Places of draws of equal weight: each as often as its weight asks for, give or take one."""
    start = np.random.Generator(np.random.Philox(seed)).random()
    along = (start + np.arange(draws)) / draws
    places = np.searchsorted(np.cumsum(weights), along)
    found: Ints = np.minimum(places, len(weights) - 1).astype(np.int64)
    return found


def divergence_from_prior(scores: Floats) -> Floats:
    """Kullback-Leibler divergence of each parameter's posterior from its prior (nats).

    Both are taken as normal on the scale of scores, where the prior has mean 0 and variance 1.
    """
    mean, variance = scores.mean(axis=0), scores.var(axis=0)
    found: Floats = 0.5 * (variance + mean**2 - 1.0 - np.log(variance))
    return found


def pulls(problem: Problem, emulator: Emulator, scores: Floats) -> Floats:
    """How the misfit of each target changes with each score, and last that of the prior.

    Parameters
    ----------
    problem, emulator
        What is calibrated, and emulators of its targets.
    scores
        Draws of the posterior, one row each.

    Returns
    -------
    numpy.ndarray
        Slopes of half the squared distance from the published figure, in its standard deviations; by
        target, draw and parameter.
    """
    mean, variance = emulator.predict(scores)
    sd = np.array([target.sd for target in problem.targets])[:, None]
    slope = problem.distances(mean, np.sqrt(variance)) / np.sqrt(sd**2 + variance)
    return np.concatenate([slope[:, :, None] * emulator.gradient(scores), scores[None]])


def conflicts(pulled: Floats) -> tuple[Floats, Ints, Floats]:
    """Which targets pull parameters to opposite sides.

    Parameters
    ----------
    pulled
        By target, draw and parameter, as from `pulls`.

    Returns
    -------
    correlation, parameter, share
        For each pair of targets: the correlation of their pulls, below 0 where one gets better as the
        other gets worse; the parameter that contributes most to it; and this parameter's part of the
        correlation.
    """
    products = np.einsum("imd,jmd->ijd", pulled, pulled)
    length = np.sqrt(np.einsum("imd,imd->i", pulled, pulled))
    parts = products / np.maximum(length[:, None] * length, 1e-300)[:, :, None]
    correlation = parts.sum(axis=2)
    most = np.where(correlation[:, :, None] < 0.0, -parts, parts).argmax(axis=2)
    share: Floats = np.take_along_axis(parts, most[:, :, None], axis=2)[:, :, 0]
    return correlation, most, share
