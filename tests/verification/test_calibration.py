"""Calibration against known posteriors: by conjugacy, on a grid, and by the ranks of the truth."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from calibration_tools import LEVEL, SLOPE, log_odds, problem, surveyed
from scipy import stats
from scipy.optimize import approx_fprime

from rlsabm.calibration import emulator as emulators
from rlsabm.calibration import learning
from rlsabm.calibration.calibrating import calibrate
from rlsabm.calibration.diagnostics import (
    conflicts,
    divergence_from_prior,
    effective_size,
    equalised,
    normalised,
    pulls,
)
from rlsabm.calibration.emulator import Emulator, emulate
from rlsabm.calibration.history_matching import CUT_OFF, implausibility, ordered, share_left
from rlsabm.calibration.likelihood import Scale, from_scale
from rlsabm.calibration.options import Options
from rlsabm.calibration.priors import first_design, log_prior, values_of
from rlsabm.calibration.problem import NormalTarget, Problem, Simulated
from rlsabm.calibration.sampling import _sample_of, sample, split_r_hat
from rlsabm.calibration.waves import (
    MOST_RUNS,
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

FLOATS = np.ndarray


def seeds(number: int, seed: int = 1) -> list[np.random.SeedSequence]:
    return np.random.SeedSequence(seed).spawn(number)


# Priors --------------------------------------------------------------------------------------------


def test_scores_are_normal_quantiles_of_the_prior() -> None:
    """The middle is the default, and a standard deviation is the spread, where bounds are far."""
    found = values_of([LEVEL, SLOPE], np.array([[0.0, 0.0], [1.0, -1.0]]))
    expected = [[-2.0, 0.5], [-1.0, 0.5 * math.exp(-0.5)]]
    np.testing.assert_allclose(found, expected, rtol=1e-3)
    assert values_of([LEVEL], np.array([[40.0], [-40.0]])).ravel().tolist() == [3.0, -6.0]


def test_the_first_design_is_a_latin_hypercube() -> None:
    scores = first_design(3, 25, seeds(1)[0])
    strata = np.sort(np.floor(25 * stats.norm.cdf(scores)), axis=0)
    assert (strata == np.arange(25)[:, None]).all()


@pytest.mark.parametrize(("scale", "value"), [("identity", -0.3), ("log", 2.5), ("logit", 0.07)])
def test_figures_come_back_from_their_scales(scale: Scale, value: float) -> None:
    there = {"identity": value, "log": np.log(abs(value)), "logit": stats.logistic.ppf(value)}
    assert float(from_scale(there[scale], scale)) == pytest.approx(value)  # type: ignore[arg-type]


# Emulators -----------------------------------------------------------------------------------------


@cache
def known() -> tuple[FLOATS, FLOATS, FLOATS, Emulator]:
    """Emulators of two figures of three parameters, and the runs that they know."""
    generator = np.random.default_rng(1)
    scores = generator.standard_normal((40, 3))
    figures = np.column_stack([np.tanh(scores[:, 0]) + 0.2 * scores[:, 1] ** 2, scores[:, 2]])
    figures += 0.05 * generator.standard_normal(figures.shape)
    errors = np.full(figures.shape, 0.05)
    return scores, figures, errors, emulate(scores, figures, errors)


def kernel(one: FLOATS, other: FLOATS, theta: FLOATS) -> FLOATS:
    """Covariance of two sets of points, as the emulator's docstring has it."""
    off = (one[:, None] - other[None]) / np.exp(theta[emulators.SCALES :])
    deviation = np.exp(theta[emulators.DEVIATION] - 0.5 * (off**2).sum(axis=2))
    return deviation + emulators.LEVEL + np.exp(theta[emulators.SLOPES]) * (one @ other.T)


def conditioned(
    scores: FLOATS, y: FLOATS, noise: FLOATS, theta: FLOATS, points: FLOATS
) -> tuple[FLOATS, FLOATS]:
    """Mean and variance of a Gaussian process given what it knows, by the textbook."""
    own = np.exp(theta[emulators.NOISE]) * noise + emulators.NUGGET
    covariance = kernel(scores, scores, theta) + np.diag(own)
    between = kernel(points, scores, theta)
    mean = between @ np.linalg.solve(covariance, y)
    explained = between @ np.linalg.solve(covariance, between.T)
    return mean, np.diag(kernel(points, points, theta) - explained)


def test_emulators_are_gaussian_processes() -> None:
    scores, figures, _, found = known()
    points = np.random.default_rng(2).standard_normal((600, 3))
    mean, variance = found.predict(points)
    for place, theta in enumerate(found.hyperparameters):
        y = (figures[:, place] - found.centre[place]) / found.spread[place]
        m, v = conditioned(scores, y, found.noise[place], theta, points)
        np.testing.assert_allclose(
            mean[place], found.centre[place] + found.spread[place] * m, atol=1e-8
        )
        np.testing.assert_allclose(variance[place], found.spread[place] ** 2 * v, rtol=1e-5)


def test_hyperparameters_are_the_most_probable() -> None:
    """At them, the textbook's cost is stationary or at a bound, and lower than anywhere near."""
    scores, figures, _, found = known()
    mean, sd = emulators._beforehand(3)

    def cost(theta: FLOATS, place: int) -> float:
        own = np.exp(theta[emulators.NOISE]) * found.noise[place] + emulators.NUGGET
        covariance = kernel(scores, scores, theta) + np.diag(own)
        y = (figures[:, place] - found.centre[place]) / found.spread[place]
        off = (theta - mean) / sd
        return 0.5 * (
            y @ np.linalg.solve(covariance, y) + np.linalg.slogdet(covariance)[1] + off @ off
        )

    for place, theta in enumerate(found.hyperparameters):
        slope = approx_fprime(theta, lambda at, p=place: cost(at, p), 1e-6)
        assert np.abs(slope).max() < 0.05
        for direction in np.vstack([np.eye(6), -np.eye(6)]):
            assert cost(theta + 0.3 * direction, place) > cost(theta, place)


def test_a_run_that_says_nothing_changes_nothing() -> None:
    """It is as if it were not there, and others keep their Monte-Carlo errors."""
    generator = np.random.default_rng(8)
    scores = generator.standard_normal((60, 2))
    errors = np.full((60, 1), 0.3)
    figures = (scores @ [1.0, -0.5])[:, None] + errors * generator.standard_normal((60, 1))
    errors[-1], figures[-1] = 1000.0, figures[:-1].mean()
    points = generator.standard_normal((50, 2))
    theta = emulators.emulate(scores[:-1], figures[:-1], errors[:-1]).hyperparameters
    mean, variance = emulators.emulate(scores[:-1], figures[:-1], errors[:-1], theta).predict(
        points
    )
    m, v = emulators.emulate(scores, figures, errors, theta).predict(points)
    np.testing.assert_allclose(m, mean, atol=0.03)
    np.testing.assert_allclose(v, variance, rtol=0.1)


def test_left_out_errors_are_those_of_an_emulator_without_the_run() -> None:
    scores, figures, _, found = known()
    for place, theta in enumerate(found.hyperparameters):
        y = (figures[:, place] - found.centre[place]) / found.spread[place]
        noise = found.noise[place]
        for run in (0, 17, 39):
            others = np.arange(40) != run
            m, v = conditioned(
                scores[others], y[others], noise[others], theta, scores[run : run + 1]
            )
            own = np.exp(theta[emulators.NOISE]) * noise[run] + emulators.NUGGET
            error = (y[run] - m[0]) / math.sqrt(v[0] + own)
            assert found.left_out_errors[place, run] == pytest.approx(error, rel=1e-5)


def test_gradients_are_slopes() -> None:
    found = known()[3]
    points = np.random.default_rng(3).standard_normal((5, 3))
    slopes = found.gradient(points)
    for parameter in range(3):
        step = 1e-5 * np.eye(3)[parameter]
        expected = (found.predict(points + step)[0] - found.predict(points - step)[0]) / 2e-5
        np.testing.assert_allclose(slopes[:, :, parameter], expected, atol=1e-6)


def test_emulators_find_the_figure_behind_the_noise_and_know_how_well() -> None:
    found = known()[3]
    points = np.random.default_rng(4).standard_normal((300, 3))
    points = points[(np.abs(points) < 1.5).all(axis=1)]
    mean, variance = found.predict(points)
    truth = np.stack([np.tanh(points[:, 0]) + 0.2 * points[:, 1] ** 2, points[:, 2]])
    off = (mean - truth) / np.sqrt(variance)
    assert (np.sqrt(((mean - truth) ** 2).mean(axis=1)) < [0.1, 0.03]).all()
    assert (np.abs(off) < 3.0).mean() > 0.95


def test_monte_carlo_errors_of_counts_do_not_depend_on_chance() -> None:
    """Where few cases were found by chance, the error is that of other runs nearby."""
    generator = np.random.default_rng(5)
    scores = generator.standard_normal((400, 1))
    expected = np.exp(0.4 * scores[:, 0] - 3.0)
    smooth = emulators._smoothed(scores, expected * np.exp(0.3 * generator.standard_normal(400)))
    np.testing.assert_allclose(smooth / expected, 1.0, atol=0.12)
    none = np.zeros(400)
    assert (emulators._smoothed(scores, none) == none).all()


def test_figures_without_variation_are_emulated() -> None:
    scores = np.random.default_rng(6).standard_normal((20, 2))
    found = emulate(scores, np.full((20, 1), 7.0), np.zeros((20, 1)))
    assert found.predict(scores)[0] == pytest.approx(7.0)


# Samples -------------------------------------------------------------------------------------------


def test_walkers_sample_a_density() -> None:
    covariance = np.array([[1.0, 0.9, 0.0], [0.9, 1.0, 0.0], [0.0, 0.0, 0.01]])
    inverse, middle = np.linalg.inv(covariance), np.array([1.0, 0.0, -2.0])

    def log_density(points: FLOATS) -> FLOATS:
        off = points - middle
        return -0.5 * np.einsum("nd,nd->n", off @ inverse, off)

    start = np.random.default_rng(7).standard_normal((50, 3))
    found = sample(log_density, start, seeds(1)[0])
    assert found.has_converged
    assert (found.effective_size > 500).all()
    sd = np.sqrt(np.diag(covariance))
    assert (np.abs(found.points.mean(axis=0) - middle) / sd < 0.15).all()
    np.testing.assert_allclose(np.cov(found.points.T) / np.outer(sd, sd),
                               covariance / np.outer(sd, sd), atol=0.15)  # fmt: skip
    again = sample(log_density, start, seeds(1)[0])
    assert (again.chains == found.chains).all()


def test_r_hat_tells_ensembles_that_disagree_or_drift() -> None:
    chains = np.random.default_rng(8).standard_normal((2, 100, 10, 3))
    chains[1, :, :, 1] += 1.0
    chains[:, :50, :, 2] += 1.0
    same, apart, drifting = split_r_hat(chains)
    assert same < 1.01
    # Variance between four parts, two of which are apart by 1: a third.
    assert apart == pytest.approx(math.sqrt(1.0 + 1.0 / 3.0), abs=0.03)
    assert drifting == pytest.approx(math.sqrt(1.0 + 1.0 / 3.0), abs=0.03)


def test_walkers_that_never_move_have_not_converged() -> None:
    found = _sample_of(np.tile(np.random.default_rng(12).standard_normal((20, 2)), (2, 50, 1, 1)))
    assert not found.has_converged
    assert (found.autocorrelation_steps == 50 * 20).all()
    assert (split_r_hat(np.ones((2, 40, 20, 2))) == np.inf).all()


# History matching ----------------------------------------------------------------------------------


@pytest.mark.parametrize("radius", [2.0, 0.7, 0.15])
def test_the_share_that_is_left_is_found_however_small(radius: float) -> None:
    """A ball in five dimensions, down to one in a million."""

    def worst(scores: FLOATS) -> FLOATS:
        return CUT_OFF * np.sqrt((scores**2).sum(axis=1)) / radius

    expected = stats.chi2.cdf(radius**2, 5)
    shares = [share_left(worst, 5, seed) for seed in seeds(6)]
    assert abs(np.log(np.mean(shares) / expected)) < 0.4


def test_nothing_is_left_where_nothing_is_plausible() -> None:
    assert share_left(lambda scores: np.full(len(scores), 9.0), 2, seeds(1)[0]) == 0.0
    assert share_left(lambda scores: np.zeros(len(scores)), 2, seeds(1)[0]) == 1.0


def test_implausibility_is_the_distance_in_standard_deviations() -> None:
    scores, _, _, found = known()
    made = Problem(
        tuple(Parameter(name, 0.0, "", "normal", 1.0, -9.0, 9.0, "", "") for name in "abc"),
        (NormalTarget("one", 0.5, 0.1), NormalTarget("other", -1.0, 0.2)),
        surveyed,
    )
    mean, variance = found.predict(scores[:4])
    expected = np.abs(mean - [[0.5], [-1.0]]) / np.sqrt(variance + np.array([[0.01], [0.04]]))
    worst = implausibility(made, found, scores[:4])
    np.testing.assert_allclose(worst, expected)
    assert (ordered(worst, 0) == worst.max(axis=0)).all()
    assert (ordered(worst, 1) == worst.min(axis=0)).all()
    assert (ordered(worst[:1], 1) == worst[0]).all()


# Diagnostics ---------------------------------------------------------------------------------------


def test_weights_become_draws_of_equal_weight() -> None:
    log_weights = np.log([0.4, 0.1, 0.5, 1e-9]) + 1000.0
    weights = normalised(log_weights)
    np.testing.assert_allclose(weights, [0.4, 0.1, 0.5, 0.0], atol=1e-8)
    for seed in seeds(20):
        counts = np.bincount(equalised(weights, 20, seed), minlength=4)
        assert (np.abs(counts - 20 * weights) < 1.0).all()
    often = [np.bincount(equalised(weights, 7, seed), minlength=4) for seed in seeds(400)]
    np.testing.assert_allclose(np.mean(often, axis=0), 7 * weights, atol=0.1)
    assert effective_size(np.array([0.5, 0.5, 0.0])) == pytest.approx(2.0)


def test_what_was_not_learnt_does_not_diverge_from_the_prior() -> None:
    points = np.random.default_rng(9).standard_normal((100_000, 2))
    points[:, 1] = 1.0 + 0.1 * points[:, 1]
    found = divergence_from_prior(points)
    assert found[0] < 1e-3
    assert found[1] == pytest.approx(0.5 * (0.01 + 1.0 - 1.0 - math.log(0.01)), rel=0.01)


def test_targets_that_ask_for_opposite_things_are_told() -> None:
    """Two figures equal a parameter and ask for 1 and -1; a third asks another parameter for 0.5."""
    scores = np.random.default_rng(10).standard_normal((60, 2))
    figures = np.column_stack([scores[:, 0], scores[:, 0], scores[:, 1]])
    found = emulate(scores, figures, np.full(figures.shape, 0.01))
    made = Problem(
        tuple(Parameter(name, 0.0, "", "normal", 1.0, -9.0, 9.0, "", "") for name in "ab"),
        (
            NormalTarget("up", 1.0, 0.1),
            NormalTarget("down", -1.0, 0.1),
            NormalTarget("b", 0.5, 0.1),
        ),
        surveyed,
    )
    draws = np.column_stack([np.full(50, 0.1), np.full(50, 0.4)])
    correlation, parameter, part = conflicts(pulls(made, found, draws))
    assert correlation[0, 1] == pytest.approx(-1.0, abs=0.01)
    assert (parameter[0, 1], part[0, 1]) == (0, pytest.approx(-1.0, abs=0.01))
    assert abs(correlation[0, 2]) < 0.05
    assert correlation[2, 3] < -0.9  # the prior wants b to be 0
    assert parameter[2, 3] == 1
    assert np.diag(correlation) == pytest.approx(1.0)


# Waves ---------------------------------------------------------------------------------------------


def run_of(made: Problem, wave: Wave, seed: int) -> Runs:
    """Runs of a wave, in this process."""
    values = values_of(made.parameters, wave.scores)
    found = [
        made.evaluate(0, dict(zip(made.parameter_names, row.tolist(), strict=True)), seed + place)
        for place, row in enumerate(values)
    ]
    figures = [[(f[n].value, f[n].monte_carlo_sd) for n in made.target_names] for f in found]
    array = np.array(figures)
    return Runs(np.full(len(values), wave.number), wave.scores, array[..., 0], array[..., 1])


class Answer(NamedTuple):
    """Draws of scores with their weights."""

    scores: FLOATS
    weights: FLOATS


#: Draws of a posterior.
DRAWS = 60


def answer_of(made: Problem, seed: int, first: int = 20, last: int = DRAWS) -> Answer:
    """A calibration of a first wave and one from the posterior, without files."""
    one, two, three = seeds(3, seed)
    wave = first_wave(made, first, one)
    runs = run_of(made, wave, 1_000 * seed)
    posterior = Posterior(made, emulators_after(wave, runs))
    drawn = sample_posterior(posterior, wave, two, blocks=1)
    wave = next_wave(wave, posterior, drawn, last, Kind.POSTERIOR, three)
    runs = joined([runs, run_of(made, wave, 1_000 * seed + 500)])
    posterior = Posterior(made, emulators_after(wave, runs))
    return Answer(wave.scores, normalised(posterior.log_density(wave.scores) - wave.log_density))


def test_the_power_leaves_a_twentieth_of_draws_effective() -> None:
    """A wave from the prior, and emulators that know the figure: a normal with a small variance."""
    scores = first_design(1, 400, seeds(1)[0])
    made = Problem(
        (Parameter("a", 0.0, "", "normal", 1.0, -9.0, 9.0, "", ""),),
        (NormalTarget("a", 0.0, 0.01),),
        surveyed,
    )
    known_ = Posterior(made, emulate(scores[:60], scores[:60], np.full((60, 1), 1e-4)))
    wave = Wave(0, Kind.FIRST, 0.0, scores, log_prior(scores))
    power = power_after(wave, known_)
    # Weights exp(-r z²/2) of a standard normal leave sqrt(2 r + 1) / (r + 1) effective.
    ratio = power / 0.01**2
    assert math.sqrt(2 * ratio + 1) / (ratio + 1) == pytest.approx(0.05, abs=0.01)
    easy = Problem(made.parameters, (NormalTarget("a", 0.0, 2.0),), surveyed)
    assert power_after(wave, Posterior(easy, known_.emulator)) == 1.0
    # A wave that was drawn from what is known leaves all effective.
    same = Wave(1, Kind.SEARCH, 0.001, scores, known_.log_density(scores))
    assert power_after(same, known_) == 1.0


def test_a_fifth_of_a_search_is_drawn_twice_as_far() -> None:
    made = problem()
    wave = first_wave(made, 20, seeds(1)[0])
    posterior = Posterior(made, emulators_after(wave, run_of(made, wave, 1)), 0.3)
    drawn = sample_posterior(posterior, wave, seeds(1)[0], blocks=1)
    last = next_wave(wave, posterior, drawn, 40, Kind.POSTERIOR, seeds(2)[1])
    search = next_wave(wave, posterior, drawn, 40, Kind.SEARCH, seeds(2)[1])
    middle = drawn.points.mean(axis=0)
    np.testing.assert_allclose(search.scores[:8] - middle, 2.0 * (last.scores[:8] - middle))
    assert (search.scores[8:] == last.scores[8:]).all()
    known_points = {tuple(point) for point in drawn.points}
    assert all(tuple(scores) in known_points for scores in last.scores)
    for each in (last, search):
        assert (each.number, each.power) == (1, 0.3)
        np.testing.assert_allclose(each.log_density, posterior.log_density(each.scores))
        assert each.hyperparameters is posterior.emulator.hyperparameters


def test_emulators_know_the_first_wave_and_the_nearest_runs() -> None:
    generator = np.random.default_rng(11)
    scores = np.concatenate([generator.standard_normal((30, 2)), generator.random((1000, 2))])
    wave_of = np.repeat([0, 1], [30, 1000])
    figures = scores[:, :1]
    runs = Runs(wave_of, scores, figures, np.full(figures.shape, 0.1))
    wave = Wave(1, Kind.SEARCH, 1.0, scores[30:60] * 0.3, np.zeros(30))
    found = emulators_after(wave, runs)
    assert len(found.scores) == MOST_RUNS
    known_scores = {tuple(row) for row in found.scores}
    assert all(tuple(row) in known_scores for row in scores[:30])
    assert tuple(scores[30 + scores[30:].sum(axis=1).argmin()]) in known_scores
    assert tuple(scores[30 + scores[30:].sum(axis=1).argmax()]) not in known_scores


@pytest.mark.parametrize(("everywhere", "expected"), [(2.9, math.nan), (3.1, 0.0)])
def test_a_space_that_is_not_found_is_not_said_to_be_empty(
    monkeypatch: pytest.MonkeyPatch, everywhere: float, expected: float
) -> None:
    """Draws from the posterior are plausible, or nothing is."""
    monkeypatch.setattr(learning, "share_left", lambda *_: 0.0)
    monkeypatch.setattr(
        learning, "implausibility", lambda _, __, scores: np.full((4, len(scores)), everywhere)
    )
    made = problem()
    wave = first_wave(made, 20, seeds(1)[0])
    found = learning.learn(made, wave, run_of(made, wave, 1), 1, is_last_search=True)
    assert found.row["share_left"] == pytest.approx(expected, nan_ok=True)


# Posteriors that are known -------------------------------------------------------------------------


def linear(number: int, values: Mapping[str, float], seed: int) -> dict[str, Simulated]:
    """Four figures that are linear in three parameters, with noise."""
    noise = 0.05 * np.random.default_rng(seed).standard_normal(4)
    found = MATRIX @ np.array([values[name] for name in "abc"]) + noise
    return {f"figure {place}": Simulated(float(each), 0.05) for place, each in enumerate(found)}


MATRIX = np.array([[1.0, 0.5, 0.0], [1.0, -0.5, 0.1], [0.0, 1.0, 0.2], [0.5, 0.5, 0.0]])


def test_a_linear_problem_has_the_conjugate_posterior(tmp_path: Path) -> None:
    observed, sd = np.array([1.0, 0.4, 0.9, 0.8]), 0.2
    made = Problem(
        tuple(Parameter(name, 0.0, "", "normal", 1.0, -20.0, 20.0, "", "") for name in "abc"),
        tuple(NormalTarget(f"figure {p}", float(x), sd) for p, x in enumerate(observed)),
        linear,
    )
    precision = np.eye(3) + MATRIX.T @ MATRIX / sd**2
    covariance = np.linalg.inv(precision)
    middle, spread = covariance @ MATRIX.T @ observed / sd**2, np.sqrt(np.diag(covariance))
    report = calibrate(made, tmp_path / "out", Options(evaluations=230, draws=200, workers=1))
    assert report.trouble == ""
    draws = pd.read_parquet(tmp_path / "out" / "posterior.parquet")
    wide = draws.pivot_table("value", "draw", "parameter", observed=True)[[*"abc"]].to_numpy()
    assert (np.abs(wide.mean(axis=0) - middle) / spread < 0.25).all()
    assert (np.abs(np.log(wide.std(axis=0) / spread)) < 0.2).all()
    learnt = pd.read_parquet(tmp_path / "out" / "learnt.parquet")
    assert (np.abs(learnt["shift"] - middle) / spread < 0.2).all()
    assert (np.abs(np.log(learnt["sd_ratio"] / spread)) < 0.12).all()
    assert (learnt["r_hat"] < 1.05).all()


@cache
def on_a_grid() -> tuple[FLOATS, FLOATS]:
    """Mean and standard deviation of the scores of the logistic problem, by a grid."""
    made = problem()
    axis = np.linspace(-1.5, 2.5, 401)
    scores = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    values = values_of(made.parameters, scores)
    figures = np.array([log_odds(level, slope) for level, slope in values]).T
    likelihood = made.log_likelihoods(figures, np.zeros(figures.shape)).sum(axis=0)
    weights = normalised(log_prior(scores) + likelihood)
    middle = weights @ scores
    return middle, np.sqrt(weights @ (scores - middle) ** 2)


def test_the_logistic_problem_has_the_posterior_of_a_grid() -> None:
    """Means over four calibrations of 80 runs each."""
    found = [answer_of(problem(), seed) for seed in range(1, 5)]
    means = np.array([each.weights @ each.scores for each in found])
    spreads = np.array(
        [np.sqrt(e.weights @ (e.scores - m) ** 2) for e, m in zip(found, means, strict=True)]
    )
    middle, spread = on_a_grid()
    assert (np.abs(means.mean(axis=0) - middle) / spread < 0.2).all()
    assert (np.abs(np.log(spreads.mean(axis=0) / spread)) < 0.12).all()


# Simulation-based calibration (Talts et al. 2018, arXiv 1804.06788) ---------------------------------

REPLICATIONS = 160


@cache
def replications() -> list[tuple[FLOATS, Answer]]:
    """True scores from the prior, and the posterior given figures that follow from them."""
    generator = np.random.default_rng(20)
    found = []
    for seed in range(100, 100 + REPLICATIONS):
        truth = generator.standard_normal(2)
        level, slope = values_of((LEVEL, SLOPE), truth[None])[0]
        published = np.array(log_odds(level, slope)) + 0.15 * generator.standard_normal(4)
        made = problem()
        targets = tuple(
            NormalTarget(target.name, float(figure), 0.15, "logit")
            for target, figure in zip(made.targets, published, strict=True)
        )
        found.append((truth, answer_of(Problem(made.parameters, targets, surveyed), seed)))
    return found


def ranks(change: Callable[[FLOATS], FLOATS] = lambda off: off) -> FLOATS:
    """Posterior probability of less than the truth, in all replications and parameters.

    Parameters
    ----------
    change
        What is done to the distances of draws from their mean.
    """
    found = []
    for truth, (scores, weights) in replications():
        middle = weights @ scores
        found.append(weights @ (middle + change(scores - middle) < truth))
    return np.array(found).ravel()


def off_flatness(found: FLOATS) -> tuple[float, float, float]:
    """How far ranks are from uniform: mean and variance in standard errors, and p of chi-square."""
    number = len(found)
    mean = (found.mean() - 0.5) / math.sqrt(1.0 / 12.0 / number)
    # Ranks among so many draws are spread out a little more than uniform numbers.
    expected = (1.0 + 2.0 / DRAWS) / 12.0
    variance = (((found - 0.5) ** 2).mean() - expected) / math.sqrt(1.0 / 180.0 / number)
    counts = np.histogram(found, bins=8, range=(0.0, 1.0))[0]
    return float(mean), float(variance), float(stats.chisquare(counts).pvalue)


@pytest.mark.long
def test_ranks_of_the_truth_are_uniform() -> None:
    mean, variance, probability = off_flatness(ranks())
    assert abs(mean) < 3.0
    assert abs(variance) < 3.0
    assert probability > 0.005


@pytest.mark.long
@pytest.mark.parametrize("factor", [0.7, 1.3])
def test_ranks_tell_a_posterior_that_is_too_narrow_or_too_wide(factor: float) -> None:
    _, variance, _ = off_flatness(ranks(lambda off: factor * off))
    assert abs(variance) > 3.0
    assert (variance > 0.0) == (factor < 1.0)


@pytest.mark.long
def test_ranks_tell_a_posterior_that_is_off() -> None:
    mean, _, _ = off_flatness(ranks(lambda off: off + 0.4 * off.std(axis=0)))
    assert abs(mean) > 3.0
