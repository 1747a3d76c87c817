"""Likelihoods by kind against scipy, and what they take."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rlsabm.calibration import likelihood
from rlsabm.calibration.measures import MEASURES
from rlsabm.calibration.problem import NOTHING_KNOWN, Simulated
from rlsabm.calibration.samples import Figure
from rlsabm.calibration.targets import CalibrationTarget, Published, ValidationTarget

QUERY = MEASURES["prevalence"].query(measure="prevalence")
OTHER = MEASURES["life_expectancy"].query.model_validate(
    {"measure": "life_expectancy", "sex": "male"}
)


def target(query: Any = QUERY, **said: Any) -> CalibrationTarget:
    whole = {"says": "a figure", "observe": {}, "source": "a test", "discrepancy": 0.0}
    return CalibrationTarget("made", Published.model_validate(whole | said), query)


def log_likelihood(made: CalibrationTarget, figures: Any, errors: Any = 0.0) -> Any:
    """Log-likelihood of figures as they are, with errors of their own unit."""
    scale = made.scale
    return made.log_likelihood(
        likelihood.to_scale(figures, scale), likelihood.sd_on_scale(figures, errors, scale)
    )


def test_counts_without_any_error_are_binomial() -> None:
    made = target(cases=12, persons=80)
    shares = np.array([0.05, 0.12, 0.15, 0.4])
    wanted = stats.binom.logpmf(12, 80, shares)
    np.testing.assert_allclose(log_likelihood(made, shares), wanted, rtol=1e-4)


@pytest.mark.parametrize("sd", [0.01, 0.05])
def test_counts_are_beta_binomial(sd: float) -> None:
    """The beta distribution has the mean of the figure and its error as standard deviation."""
    share = 0.12
    concentration = share * (1 - share) / sd**2 - 1
    wanted = stats.betabinom.logpmf(12, 80, share * concentration, (1 - share) * concentration)
    found = log_likelihood(target(cases=12, persons=80), share, sd)
    assert float(found) == pytest.approx(float(wanted), rel=1e-9)


def test_no_error_is_larger_than_a_proportion_can_have() -> None:
    """From 0 to 1 at most: then as good as all or none are cases, and little is ruled out."""
    made = target(cases=12, persons=80)
    shares = np.array([0.02, 0.3, 0.9])
    np.testing.assert_array_equal(
        log_likelihood(made, shares, 10.0), log_likelihood(made, shares, 1.0)
    )
    assert np.isfinite(log_likelihood(made, shares, 10.0)).all()


def test_discrepancy_of_counts_is_on_the_logit_scale() -> None:
    share, sd = 0.12, 0.3 * 0.12 * 0.88
    found = log_likelihood(target(cases=12, persons=80, discrepancy=0.3), share)
    wanted = log_likelihood(target(cases=12, persons=80), share, sd)
    assert float(found) == pytest.approx(float(wanted), rel=1e-9)


def test_a_normal_figure() -> None:
    made = target(OTHER, value=76.0, interval=[74.04, 77.96], likelihood="normal")
    assert made.scale == "identity"
    assert made.sd == pytest.approx(1.0, rel=1e-4)
    wanted = stats.norm.logpdf(78.0, 76.0, np.hypot(1.0, 0.5))
    assert float(log_likelihood(made, 78.0, 0.5)) == pytest.approx(wanted, rel=1e-4)


def test_an_odds_ratio_is_normal_on_the_log_scale() -> None:
    made = target(OTHER, value=2.0, interval=[1.0, 4.0])
    assert made.scale == "log"
    sd = np.log(4.0) / (2 * 1.959964)
    wanted = stats.norm.logpdf(np.log(3.0), np.log(2.0), np.hypot(sd, 0.3 / 3.0))
    assert float(log_likelihood(made, 3.0, 0.3)) == pytest.approx(wanted, rel=1e-9)


def test_a_proportion_with_an_interval_is_normal_on_the_logit_scale() -> None:
    made = target(value=0.2, interval=[0.15, 0.26])
    logit = lambda x: np.log(x / (1 - x))  # noqa: E731
    sd = (logit(0.26) - logit(0.15)) / (2 * 1.959964)
    error = 0.01 / (0.25 * 0.75)
    wanted = stats.norm.logpdf(logit(0.25), logit(0.2), np.hypot(sd, error))
    assert float(log_likelihood(made, 0.25, 0.01)) == pytest.approx(wanted, rel=1e-9)


def test_discrepancy_adds_to_the_error() -> None:
    made = target(OTHER, value=2.0, interval=[1.0, 4.0], discrepancy=0.5)
    sd = np.hypot(np.log(4.0) / (2 * 1.959964), 0.5)
    assert made.sd == pytest.approx(sd, rel=1e-9)


def test_a_bound_is_soft() -> None:
    above, below = target(OTHER, at_least=1.0), target(OTHER, at_most=1.0)
    for x in (0.8, 1.0, 1.3):
        z = np.log(x) / 0.1
        assert float(log_likelihood(above, x)) == pytest.approx(stats.norm.logcdf(z), abs=1e-12)
        assert float(log_likelihood(below, x)) == pytest.approx(stats.norm.logcdf(-z), abs=1e-12)
    two = target(OTHER, at_least=2.0)
    assert float(log_likelihood(two, 2.2)) == pytest.approx(stats.norm.logcdf(np.log(1.1) / 0.1))
    assert float(log_likelihood(above, 1.3, 0.26)) == pytest.approx(
        stats.norm.logcdf(np.log(1.3) / np.hypot(0.1, 0.2)), rel=1e-9
    )


def test_far_from_a_bound_there_is_still_a_slope() -> None:
    z = np.array([-60.0, -35.0, -30.1, -29.9, -8.0, 0.0, 8.0])
    found = likelihood.log_ordering(z, 0.0, np.ones(7), above=True)
    np.testing.assert_allclose(found, stats.norm.logcdf(z), rtol=1e-9, atol=1e-12)


@given(st.floats(1e-5, 0.999), st.sampled_from(["identity", "log", "logit"]))
def test_scales_have_inverses(x: float, scale: Any) -> None:
    there = likelihood.to_scale(x, scale)
    assert float(likelihood.from_scale(there, scale)) == pytest.approx(x, rel=1e-9)
    step = 1e-6 * min(x, 1 - x)
    slope = (likelihood.to_scale(x + step, scale) - likelihood.to_scale(x - step, scale)) / (
        2 * step
    )
    assert float(likelihood.sd_on_scale(x, 1.0, scale)) == pytest.approx(float(slope), rel=1e-3)


@pytest.mark.parametrize(
    "made",
    [
        target(cases=12, persons=80),
        target(value=0.2, interval=[0.15, 0.26]),
        target(OTHER, value=2.0, interval=[1.0, 4.0]),
        target(OTHER, at_least=1.0),
    ],
    ids=lambda made: made.kind,
)
def test_arrays_and_limits(made: CalibrationTarget) -> None:
    """A figure for each element; impossible ones are unlikely, not infinite."""
    figures = np.array([[0.1, 0.3], [0.0, 1.0]])
    errors = np.array([[0.01, 0.0], [0.02, 0.3]])
    found = log_likelihood(made, figures, errors)
    assert found.shape == (2, 2)
    assert np.isfinite(found).all()
    one = [[log_likelihood(made, x, e) for x, e in zip(*rows, strict=True)]
           for rows in zip(figures, errors, strict=True)]  # fmt: skip
    np.testing.assert_allclose(found, np.array(one, dtype=float), rtol=1e-12)


def test_figures_are_most_likely_where_they_were_found() -> None:
    shares = np.linspace(0.02, 0.6, 400)
    found = log_likelihood(target(cases=12, persons=80), shares)
    assert shares[found.argmax()] == pytest.approx(0.15, abs=0.002)


def test_without_an_interval_the_error_is_a_quarter() -> None:
    made = target(OTHER, value=10.0)
    assert made.sd == 0.25
    assert made.interval == pytest.approx(
        (10 * np.exp(-0.25 * 1.959964), 10 * np.exp(0.25 * 1.959964))
    )
    assert target(OTHER, value=10.0, relative_sd=0.1).sd == pytest.approx(0.1)


def test_figures_are_put_on_their_scale() -> None:
    made = target(value=0.2, interval=[0.15, 0.26])
    found = made.simulated(Figure(0.25, 0.01, 100, np.zeros(0)))
    assert found.value == pytest.approx(np.log(1 / 3))
    assert found.monte_carlo_sd == pytest.approx(0.01 / (0.25 * 0.75))
    assert made.limits == pytest.approx((np.log(0.15 / 0.85), np.log(0.26 / 0.74)))
    assert made.name == "made"


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.25])
def test_what_nobody_showed_says_nothing(value: float) -> None:
    made = target(value=0.2, interval=[0.15, 0.26])
    found = made.simulated(Figure(value, np.nan, 0, np.zeros(0)))
    assert np.isfinite(found.value)
    assert found.monte_carlo_sd == NOTHING_KNOWN


def test_a_ratio_of_no_cases_says_nothing() -> None:
    """Its error by the jackknife is 0: where it is left out nothing changes."""
    made = target(OTHER, value=2.0, interval=[1.0, 4.0])
    assert made.simulated(Figure(0.0, 0.0, 9, np.zeros(0))) == Simulated(made.mean, NOTHING_KNOWN)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_proportions_of_none_or_all_say_nothing(value: float) -> None:
    made = target(value=0.2, interval=[0.15, 0.26])
    assert made.simulated(Figure(value, 0.02, 9, np.zeros(0))) == Simulated(
        made.mean, NOTHING_KNOWN
    )


def test_distances_have_a_sign() -> None:
    made = target(OTHER, value=2.0, interval=[1.0, 4.0])
    sd = np.log(4.0) / (2 * 1.959964)
    x = np.log([1.0, 2.0, 4.0])
    assert made.distance(x, np.zeros(3)) == pytest.approx([-np.log(2) / sd, 0, np.log(2) / sd])
    assert made.distance(x, np.full(3, sd)) == pytest.approx(
        np.array([-np.log(2), 0, np.log(2)]) / sd / np.sqrt(2)
    )


def test_beyond_a_bound_there_is_no_distance() -> None:
    above, below = target(OTHER, at_least=2.0), target(OTHER, at_most=2.0)
    x, none = np.log([1.0, 2.0, 4.0]), np.zeros(3)
    assert above.distance(x, none) == pytest.approx([-np.log(2) / 0.1, 0, 0])
    assert below.distance(x, none) == pytest.approx([0, 0, np.log(2) / 0.1])
    assert above.limits == pytest.approx((np.log(2) - 0.1, np.inf))
    assert below.limits == pytest.approx((-np.inf, np.log(2) + 0.1))


def test_a_validation_target_has_no_likelihood() -> None:
    kept = ValidationTarget("kept", target(cases=1, persons=9).published, QUERY)
    assert not hasattr(kept, "log_likelihood")
    assert not isinstance(kept, CalibrationTarget)
