"""What is learnt from a wave: emulators, a sample of the posterior, and rows of tables about both."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rlsabm.arrays import Floats
from rlsabm.calibration.diagnostics import effective_size, normalised
from rlsabm.calibration.history_matching import CUT_OFF, implausibility, ordered, share_left
from rlsabm.calibration.problem import Problem
from rlsabm.calibration.sampling import MOST_BLOCKS, Sample
from rlsabm.calibration.waves import (
    BLOCKS_OF_A_SEARCH,
    Kind,
    Posterior,
    Runs,
    Wave,
    emulators_after,
    power_after,
    sample_posterior,
)
from rlsabm.results.intervals import Z_95

#: Draws at which emulators are looked at, and points of the prior.
LOOKS, PRIOR_POINTS = 500, 1000
#: Emulators know enough if their variance is below this share of that of each published figure.
KNOWN_ENOUGH = 0.1
#: What random numbers are for, beside those of runs.
DESIGN, WALKERS, SPACE, DRAWS = range(4)


@dataclass(frozen=True)
class Learnt:
    """What is known after a wave.

    Attributes
    ----------
    known
        The posterior as emulators have it.
    drawn
        A sample of it.
    weights
        Of a wave drawn from the posterior: weights of its runs; else None.
    row
        Row of the table of waves.
    by_target
        Rows of the table of implausibility, one for each target.
    """

    known: Posterior
    drawn: Sample
    weights: Floats | None
    row: dict[str, Any]
    by_target: list[dict[str, Any]]

    @property
    def looks(self) -> Floats:
        """Some draws of the sample, apart from one another."""
        points = self.drawn.points
        return points[:: max(1, len(points) // LOOKS)]

    @property
    def knows_enough(self) -> bool:
        """Whether more runs would hardly change the posterior."""
        return self.known.power == 1.0 and self.row["emulator_share"] < KNOWN_ENOUGH


def seed_of(seed: int, wave: int, purpose: int) -> np.random.SeedSequence:
    """Seed for a purpose in a wave."""
    return np.random.SeedSequence(seed, spawn_key=(wave, purpose))


def learn(problem: Problem, wave: Wave, runs: Runs, seed: int, *, is_last_search: bool) -> Learnt:
    """Learn from all runs up to those of a wave.

    Parameters
    ----------
    problem
        What is calibrated.
    wave, runs
        The last wave, and all runs that have not failed.
    seed
        Seed of the calibration.
    is_last_search
        Whether no further wave can search, so that the likelihood counts in full.
    """
    started = time.perf_counter()
    known = Posterior(problem, emulators_after(wave, runs))
    of_wave = runs.scores[runs.wave == wave.number]
    is_final = is_last_search or wave.kind is Kind.POSTERIOR
    if not is_final:
        known = replace(known, power=power_after(wave, known))
    walkers = seed_of(seed, wave.number, WALKERS)
    blocks = MOST_BLOCKS if is_final else BLOCKS_OF_A_SEARCH
    drawn = sample_posterior(known, wave, walkers, blocks=blocks)
    learnt = Learnt(known, drawn, _weights(wave, known, of_wave), {}, [])
    by_target, row = _rows(learnt, wave, runs, seed)
    learnt = replace(learnt, row=row, by_target=by_target)
    if learnt.knows_enough and not is_final:  # the next wave is drawn from the posterior itself
        drawn = sample_posterior(known, wave, walkers, blocks=MOST_BLOCKS)
        row["r_hat"] = float(drawn.r_hat.max())
        learnt = replace(learnt, drawn=drawn)
    row["seconds"] = time.perf_counter() - started
    return learnt


def _weights(wave: Wave, known: Posterior, finished: Floats) -> Floats | None:
    """Weights of the finished runs of a wave that was drawn from the posterior."""
    if wave.kind is not Kind.POSTERIOR:
        return None
    by_scores = {tuple(scores): x for scores, x in zip(wave.scores, wave.log_density, strict=True)}
    before = np.array([by_scores[tuple(scores)] for scores in finished])
    return normalised(known.log_density(finished) - before)


def _rows(
    learnt: Learnt, wave: Wave, runs: Runs, seed: int
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    problem, emulator = learnt.known.problem, learnt.known.emulator
    parameters = len(problem.parameters)
    space = seed_of(seed, wave.number, SPACE)
    prior = np.random.Generator(np.random.Philox(space)).standard_normal((PRIOR_POINTS, parameters))
    mean, variance = emulator.predict(learnt.looks)
    sd = np.array([target.sd for target in problem.targets])
    shares = variance.mean(axis=1) / sd**2
    distances = problem.distances(mean, np.zeros_like(mean)).mean(axis=1)
    off = {
        "ruled_out": (implausibility(problem, emulator, prior) > CUT_OFF).mean(axis=1),
        "least": implausibility(problem, emulator, runs.scores).min(axis=1),
        "posterior": implausibility(problem, emulator, learnt.looks).mean(axis=1),
        "emulator_share": shares,
        "left_out_error": np.sqrt((emulator.left_out_errors**2).mean(axis=1)),
        "left_out_coverage": (np.abs(emulator.left_out_errors) < Z_95).mean(axis=1),
    }
    by_target = [
        {"target": name, **{what: float(values[place]) for what, values in off.items()}}
        for place, name in enumerate(problem.target_names)
    ]
    worst = int(np.abs(distances).argmax())
    row = {
        "power": learnt.known.power,
        "share_left": _share_left(learnt, 0, space),
        "share_left_second": _share_left(learnt, 1, space),
        "emulator_share": float(shares.max()),
        "worst_target": problem.target_names[worst],
        "worst_distance": float(distances[worst]),
        "effective_share": math.nan
        if learnt.weights is None
        else effective_size(learnt.weights) / len(learnt.weights),
        "r_hat": float(learnt.drawn.r_hat.max()),
    }
    return by_target, row


def _share_left(learnt: Learnt, place: int, seed: np.random.SeedSequence) -> float:
    """Share of the space that is left; NaN where something is left, and the share too small to tell."""
    problem, emulator = learnt.known.problem, learnt.known.emulator

    def worst(scores: Floats) -> Floats:
        return ordered(implausibility(problem, emulator, scores), place)

    found = share_left(worst, len(problem.parameters), seed)
    return math.nan if found == 0.0 and (worst(learnt.looks) < CUT_OFF).any() else found
