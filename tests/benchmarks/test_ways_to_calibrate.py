"""Ways to calibrate, on problems whose posterior is known: prints how far each is from it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from itertools import count
from typing import NamedTuple

import numpy as np
import pytest

from rlsabm.calibration import waves as waves_module
from rlsabm.calibration.diagnostics import normalised
from rlsabm.calibration.emulator import emulate
from rlsabm.calibration.priors import log_prior
from rlsabm.calibration.problem import NormalTarget, Problem
from rlsabm.calibration.sampling import sample
from rlsabm.calibration.waves import (
    Kind,
    Posterior,
    Runs,
    Wave,
    emulators_after,
    first_wave,
    joined,
    next_wave,
    power_after,
    sample_posterior,
)
from rlsabm.declaring.parameter import Parameter

pytestmark = pytest.mark.benchmark

FLOATS = np.ndarray
PARAMETERS, TARGETS, PROBLEMS = 6, 14, 8
#: Standard deviations of published figures, and of the Monte-Carlo error of a run.
PUBLISHED, NOISE = 0.12, 0.06
FIRST, SEARCHES, MORE, LAST = 60, 3, 30, 100
RUNS = FIRST + SEARCHES * MORE + LAST


class Case(NamedTuple):
    """A problem, the figures that the model gives without noise, and its posterior."""

    problem: Problem
    figures: Callable[[FLOATS], FLOATS]
    mean: FLOATS
    sd: FLOATS


def case(seed: int) -> Case:
    """Saturating, interacting figures of some parameters each."""
    generator = np.random.default_rng(seed)
    shape = (TARGETS, PARAMETERS)
    slopes = generator.normal(size=shape) * (generator.random(shape) < 4 / PARAMETERS)
    slopes += np.eye(*shape)
    shape = (TARGETS, PARAMETERS, PARAMETERS)
    curves = 0.15 * generator.normal(size=shape) * (generator.random(shape) < 6 / PARAMETERS**2)
    level = generator.normal(size=TARGETS) - 2.0

    def figures(scores: FLOATS) -> FLOATS:
        line = scores @ slopes.T + np.einsum("nd,jde,ne->nj", scores, curves, scores)
        return level + 1.5 * np.tanh(line / 2.5) + 0.2 * line

    truth = 0.8 * generator.normal(size=(1, PARAMETERS))
    published = figures(truth)[0] + PUBLISHED * generator.normal(size=TARGETS)
    made = Problem(
        tuple(
            Parameter(f"p{place}", 0.0, "1", "normal", 1.0, -9.0, 9.0, "", "")
            for place in range(PARAMETERS)
        ),
        tuple(
            NormalTarget(f"t{place}", float(figure), PUBLISHED)
            for place, figure in enumerate(published)
        ),
        lambda *_: {},
    )

    def log_density(scores: FLOATS) -> FLOATS:
        there = figures(scores).T
        return log_prior(scores) + made.log_likelihoods(there, np.zeros(there.shape)).sum(axis=0)

    start = generator.normal(size=(4000, PARAMETERS))
    start = start[np.argsort(-log_density(start))[:50]]
    points = sample(log_density, start, np.random.SeedSequence(seed), blocks=30).points
    return Case(made, figures, points.mean(axis=0), points.std(axis=0))


def simulated(of: Case, wave: Wave, first: int, seeds: int | None) -> Runs:
    """Runs of a wave, each with a seed of its own, or with one of a few."""
    figures = of.figures(wave.scores)
    noise = [
        np.random.default_rng(number if seeds is None else number % seeds).normal(size=TARGETS)
        for number in range(first, first + len(figures))
    ]
    errors = np.full(figures.shape, NOISE)
    return Runs(
        np.full(len(figures), wave.number), wave.scores, figures + NOISE * np.array(noise), errors
    )


def in_waves(
    of: Case, seed: int, searches: tuple[int, ...], *, seeds: int | None = None
) -> tuple[FLOATS, FLOATS]:
    """Draws and weights of a calibration in waves."""
    children = iter(np.random.SeedSequence(seed).spawn(50))
    wave = first_wave(of.problem, RUNS - LAST - sum(searches), next(children))
    runs = simulated(of, wave, 0, seeds)
    for size, is_last in zip((*searches, LAST), (*[False] * len(searches), True), strict=True):
        known = Posterior(of.problem, emulators_after(wave, runs))
        if not is_last:
            known = Posterior(of.problem, known.emulator, power_after(wave, known))
        drawn = sample_posterior(known, wave, next(children), blocks=6 if is_last else 2)
        kind = Kind.POSTERIOR if is_last else Kind.SEARCH
        wave = next_wave(wave, known, drawn, size, kind, next(children))
        runs = joined([runs, simulated(of, wave, len(runs.scores), seeds)])
    known = Posterior(of.problem, emulators_after(wave, runs))
    return wave.scores, normalised(known.log_density(wave.scores) - wave.log_density)


def by_rejection(of: Case, seed: int, runs: int) -> tuple[FLOATS, FLOATS]:
    """Runs from the prior whose figures are nearest, moved along a regression on the figures."""
    generator = np.random.default_rng(seed)
    scores = generator.normal(size=(runs, PARAMETERS))
    figures = of.figures(scores) + NOISE * generator.normal(size=(runs, TARGETS))
    published = np.array([target.mean for target in of.problem.targets])
    off = (figures - published) / figures.std(axis=0)
    distance = np.sqrt((off**2).sum(axis=1))
    nearest = np.argsort(distance)[: max(60, runs // 100)]
    weights = 1.0 - (distance[nearest] / distance[nearest].max()) ** 2 + 1e-9
    terms = np.column_stack([np.ones(len(nearest)), off[nearest]])
    root = np.sqrt(weights)[:, None]
    slopes, *_ = np.linalg.lstsq(root * terms, root * scores[nearest], rcond=None)
    return scores[nearest] - off[nearest] @ slopes[1:], weights / weights.sum()


WAYS: Mapping[str, Callable[[Case, int], tuple[FLOATS, FLOATS]]] = {
    "waves, powers of the likelihood": lambda of, seed: in_waves(of, seed, (MORE,) * SEARCHES),
    "waves, the whole likelihood at once": lambda of, seed: untempered(of, seed),
    "one wave from the prior": lambda of, seed: in_waves(of, seed, ()),
    "waves, three seeds in common": lambda of, seed: in_waves(
        of, seed, (MORE,) * SEARCHES, seeds=3
    ),
    "rejection and regression": lambda of, seed: by_rejection(of, seed, RUNS),
    "the same, 40 times the runs": lambda of, seed: by_rejection(of, seed, 40 * RUNS),
}


def untempered(of: Case, seed: int) -> tuple[FLOATS, FLOATS]:
    least, waves_module.LEAST_EFFECTIVE = waves_module.LEAST_EFFECTIVE, 0.0
    try:
        return in_waves(of, seed, (MORE,) * SEARCHES)
    finally:
        waves_module.LEAST_EFFECTIVE = least


@pytest.mark.timeout(1800)
def test_ways_to_calibrate() -> None:
    """Error of posterior means in standard deviations, and ratio of standard deviations."""
    cases = [case(seed) for seed in range(1, PROBLEMS + 1)]
    print(f"\n{PARAMETERS} parameters, {TARGETS} targets, {RUNS} runs; {PROBLEMS} problems")
    for name, way in WAYS.items():
        errors, ratios, started = [], [], time.process_time()
        for seed, of in zip(count(7), cases):
            scores, weights = way(of, seed)
            mean = weights @ scores
            errors.append(np.sqrt(np.mean(((mean - of.mean) / of.sd) ** 2)))
            sd = np.sqrt(weights @ (scores - mean) ** 2)
            ratios.append(np.exp(np.mean(np.log(sd / of.sd))))
        seconds = (time.process_time() - started) / len(cases)
        print(
            f"{name:36s} mean off by {np.median(errors):.2f} SD (worst {max(errors):.2f}), ratio of SD "
            f"{np.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}), {seconds:.1f} s",
            flush=True,
        )


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("runs", [300, 800])
def test_time_of_emulators(runs: int) -> None:
    """Twenty parameters and forty targets, beside one of scikit-learn's where it is installed."""
    generator = np.random.default_rng(1)
    scores = generator.normal(size=(runs, 20))
    figures = np.tanh(scores @ generator.normal(size=(20, 40)) / 3.0)
    figures += 0.05 * generator.normal(size=figures.shape)
    started = time.process_time()
    found = emulate(scores, figures, np.full(figures.shape, 0.05))
    learnt = time.process_time()
    for _ in range(10):
        found.predict(scores[:21])
    each = (time.process_time() - learnt) / 10
    print(f"\n{runs} runs: learnt in {learnt - started:.1f} s, 21 points in {1000 * each:.0f} ms")
    if runs == 300:
        processes = pytest.importorskip("sklearn.gaussian_process")
        kernels = processes.kernels
        kernel = (
            kernels.ConstantKernel() * kernels.RBF(np.full(20, 13.0))
            + kernels.ConstantKernel(0.1) * kernels.DotProduct()
            + kernels.WhiteKernel(0.01)
        )
        started = time.process_time()
        with pytest.warns():
            processes.GaussianProcessRegressor(kernel).fit(scores, figures[:, 0])
        print(f"scikit-learn, one target: {time.process_time() - started:.1f} s")
