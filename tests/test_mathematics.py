"""Exponential and logarithm: within their stated errors, and monotone; sums and searches."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numba import njit

from rlsabm.mathematics import exp, first_place, log, total


@njit(error_model="numpy")
def _exps(xs: np.ndarray) -> np.ndarray:
    result = np.zeros(len(xs))
    for i in range(len(xs)):
        result[i] = exp(xs[i])
    return result


@njit(error_model="numpy")
def _logs(xs: np.ndarray) -> np.ndarray:
    result = np.zeros(len(xs))
    for i in range(len(xs)):
        result[i] = log(xs[i])
    return result


@given(st.floats(-700, 700))
@example(0.0)
@example(0.5 * math.log(2.0))
@example(-0.5 * math.log(2.0))
@example(700.0)
@example(-700.0)
def test_exp_is_within_its_stated_error(x: float) -> None:
    assert exp(x) == pytest.approx(math.exp(x), rel=1e-8, abs=0.0)


@given(st.floats(min_value=2.3e-308, max_value=1.7e308))
@example(1.0)
@example(math.sqrt(2.0))
@example(math.sqrt(0.5))
@example(math.nextafter(1.0, 0.0))
def test_log_is_within_its_stated_error(x: float) -> None:
    assert log(x) == pytest.approx(math.log(x), rel=4e-16, abs=1e-9)


def test_errors_on_a_fine_grid() -> None:
    xs = np.linspace(-20.0, 20.0, 1_000_001)
    assert np.abs(_exps(xs) / np.exp(xs) - 1.0).max() < 1e-8
    xs = np.linspace(0.01, 1000.0, 1_000_001)
    assert np.abs(_logs(xs) - np.log(xs)).max() < 1e-9


def test_exact_values() -> None:
    assert exp(0.0) == 1.0
    assert log(1.0) == 0.0
    assert log(2.0**40) == pytest.approx(40 * math.log(2.0), abs=1e-12)


@pytest.mark.parametrize("beyond", [701.0, 1e6, math.inf])
def test_exp_is_held_at_the_ends(beyond: float) -> None:
    assert exp(beyond) == exp(700.0)
    assert exp(-beyond) == exp(-700.0)
    assert 0.0 < exp(-beyond) < exp(beyond) < math.inf


def test_exp_and_log_are_monotone_on_a_fine_grid() -> None:
    # Steps of 2e-6 and 1e-8: much finer than what any rule can tell apart, but coarser than the
    # stated error, below which the pieces of the approximation meet.
    assert (np.diff(_exps(np.linspace(-5.0, 5.0, 5_000_001))) > 0).all()
    assert (np.diff(_exps(0.5 * math.log(2.0) + 1e-8 * np.arange(-1000, 1000))) > 0).all()
    assert (np.diff(_logs(np.linspace(0.1, 10.0, 5_000_001))) > 0).all()


@given(st.floats(-300, 300), st.floats(-300, 300))
def test_exp_turns_sums_into_products(x: float, y: float) -> None:
    assert exp(x + y) == pytest.approx(exp(x) * exp(y), rel=3e-8)


@given(st.floats(-600, 600))
def test_log_inverts_exp(x: float) -> None:
    assert log(exp(x)) == pytest.approx(x, abs=1.2e-8)


def test_values_are_added_one_after_another() -> None:
    values = np.random.default_rng(3).normal(size=1_000)
    expected = 0.0
    for value in values:
        expected += value
    assert total(values) == expected
    assert total(values[:0]) == 0.0
    assert total(values > 0.0) == np.count_nonzero(values > 0.0)


@pytest.mark.parametrize("kind", [np.int32, np.uint64])
def test_the_first_place_is_that_of_numpy(kind: type) -> None:
    ascending = np.sort(np.random.default_rng(4).integers(0, 40, size=50)).astype(kind)
    for values in (ascending, ascending[:1], ascending[:0]):
        for least in np.arange(42).astype(kind):
            assert first_place(values, least) == np.searchsorted(values, least)
