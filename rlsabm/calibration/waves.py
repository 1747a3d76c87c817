"""Waves of runs: where the model is run next, given all runs so far.

The first wave fills the prior.  Each later one is drawn from the posterior as the emulators of all runs
so far have it, at first with a likelihood raised to a power below one, so that a region that emulators
do not know yet is not left too early.  The last one is drawn from the posterior itself: its runs are
those that draws rest on, and draws are weighted by what these runs have added.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from rlsabm.arrays import Floats, Ints
from rlsabm.calibration.emulator import Emulator, emulate
from rlsabm.calibration.priors import first_design, log_prior
from rlsabm.calibration.problem import Problem
from rlsabm.calibration.sampling import Sample, sample

#: Most runs that emulators know: those of the first wave, and those nearest to the posterior.
MOST_RUNS = 800
#: Share of a wave's draws that its successor, with a larger power, must leave effective.
LEAST_EFFECTIVE = 0.05
#: Share of a wave that is drawn twice as far from the middle.
WIDENED = 0.2
#: Blocks of steps of a sample from which a wave is drawn.
BLOCKS_OF_A_SEARCH = 2


class Kind(Enum):
    """What a wave is drawn from."""

    FIRST = "prior"
    SEARCH = "search"
    POSTERIOR = "posterior"


@dataclass(frozen=True)
class Wave:
    """Where the model is run in a wave.

    Attributes
    ----------
    number
        Its number, from 0.
    kind
        What it is drawn from.
    power
        Power of the likelihood in the density that it was drawn from; 0 for the prior.
    scores
        Scores of the parameters, one row for each run.
    log_density
        Logarithm of that density at each run, but for a constant.
    hyperparameters
        Those of the emulators that it was drawn from; None for the first wave.
    """

    number: int
    kind: Kind
    power: float
    scores: Floats
    log_density: Floats
    hyperparameters: Floats | None = None


@dataclass(frozen=True)
class Runs:
    """What runs of the model gave, in the order of their numbers.

    Attributes
    ----------
    wave
        Number of each run's wave.
    scores
        Scores of the parameters, one row for each run.
    figures, monte_carlo_sd
        Figures on the scales of the targets, and their Monte-Carlo errors.
    """

    wave: Ints
    scores: Floats
    figures: Floats
    monte_carlo_sd: Floats


@dataclass(frozen=True)
class Posterior:
    """The posterior as emulators have it.

    Attributes
    ----------
    problem, emulator
        What it is of.
    power
        Power of the likelihood.
    """

    problem: Problem
    emulator: Emulator
    power: float = 1.0

    def log_likelihood(self, scores: Floats) -> Floats:
        """Log-likelihood of all targets at points."""
        mean, variance = self.emulator.predict(scores)
        found: Floats = self.problem.log_likelihoods(mean, np.sqrt(variance)).sum(axis=0)
        return found

    def log_density(self, scores: Floats) -> Floats:
        """Logarithm of the density at points, but for a constant."""
        found: Floats = log_prior(scores) + self.power * self.log_likelihood(scores)
        return found


def first_wave(problem: Problem, runs: int, seed: np.random.SeedSequence) -> Wave:
    """The wave that fills the prior."""
    scores = first_design(len(problem.parameters), runs, seed)
    return Wave(0, Kind.FIRST, 0.0, scores, log_prior(scores))


def emulators_after(wave: Wave, runs: Runs) -> Emulator:
    """Emulators of what is known after a wave."""
    chosen = _nearest(wave, runs)
    return emulate(
        runs.scores[chosen],
        runs.figures[chosen],
        runs.monte_carlo_sd[chosen],
        wave.hyperparameters,
    )


def _nearest(wave: Wave, runs: Runs) -> Ints:
    """Places of the runs that emulators are to know."""
    if len(runs.scores) <= MOST_RUNS:
        return np.arange(len(runs.scores))
    middle, spread = wave.scores.mean(axis=0), np.cov(wave.scores.T)
    off = runs.scores - middle
    distance = np.einsum("nd,nd->n", off @ np.linalg.inv(np.atleast_2d(spread)), off)
    distance[runs.wave == 0] = -1.0
    return np.sort(np.argsort(distance, kind="stable")[:MOST_RUNS])


def power_after(wave: Wave, known: Posterior) -> float:
    """Power of the likelihood that emulators are trusted with next.

    Parameters
    ----------
    wave
        The last wave.
    known
        The posterior that follows from its runs and all before.
    """
    likelihood = known.log_likelihood(wave.scores)
    before = log_prior(wave.scores) - wave.log_density

    def effective(power: float) -> float:
        weights = np.exp((off := before + power * likelihood) - off.max())
        return float(weights.sum() ** 2 / (weights**2).sum() / len(weights))

    if effective(1.0) >= LEAST_EFFECTIVE:
        return 1.0
    low, high = wave.power, 1.0
    for _ in range(30):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if effective(middle) >= LEAST_EFFECTIVE else (low, middle)
    return low


def sample_posterior(
    known: Posterior, wave: Wave, seed: np.random.SeedSequence, *, blocks: int = BLOCKS_OF_A_SEARCH
) -> Sample:
    """Sample what is known of the posterior, beginning from the best runs of the last wave."""
    density = known.log_density(wave.scores)
    best = np.argsort(-density, kind="stable")[: max(10, len(density) // 4)]
    return sample(known.log_density, wave.scores[best], seed, blocks=blocks)


def next_wave(
    wave: Wave, known: Posterior, drawn: Sample, runs: int, kind: Kind, seed: np.random.SeedSequence
) -> Wave:
    """A wave drawn from what is known.

    Parameters
    ----------
    wave
        The wave before.
    known, drawn
        The posterior as emulators have it, and a sample of it.
    runs
        Runs of the wave.
    kind
        Whether it searches, or is drawn from the posterior itself.
    seed
        Seed.
    """
    generator = np.random.Generator(np.random.Philox(seed))
    points = drawn.points
    scores = points[_strata(len(points), runs, generator)]
    if kind is Kind.SEARCH:
        wide = int(WIDENED * runs)
        middle = points.mean(axis=0)
        scores[:wide] = middle + 2.0 * (scores[:wide] - middle)
    return Wave(
        wave.number + 1,
        kind,
        known.power,
        scores,
        known.log_density(scores),
        known.emulator.hyperparameters,
    )


def _strata(number: int, chosen: int, generator: np.random.Generator) -> Ints:
    """Places drawn from equal parts of a number of places, one from each, in random order."""
    places = ((np.arange(chosen) + generator.random(chosen)) * number / chosen).astype(int)
    return generator.permutation(places)


def joined(runs: Sequence[Runs]) -> Runs:
    """Runs of several waves together."""
    return Runs(
        *(np.concatenate([getattr(each, name) for each in runs]) for name in Runs.__annotations__)
    )
