"""Estimators against numbers reckoned by hand, textbooks and scipy."""

from __future__ import annotations

from math import exp, sqrt
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats

from rlsabm.results.combining import Added, Moments, run_of_blocks
from rlsabm.results.differences import (
    COUNTS,
    DRAWS,
    REPLICATES,
    Counts,
    OfIndependent,
    difference_of,
    independent_prevalence,
    independent_shift,
    least_error,
    mean_over_draws,
    paired_error,
)
from rlsabm.results.intervals import (
    Z_95,
    binomial_variance,
    byar_interval,
    cautious_variance,
    delta_variance,
    over_draws,
    over_draws_around,
    proportion_over_draws,
    quantile_over_draws,
    t_quantile,
    wilson_interval,
)
from rlsabm.results.nesting import WORTH_OF_COUNTS, NestedCounts
from rlsabm.results.rates import by_run, mean, mean_of_draws, rate, standardised
from rlsabm.results.samples import (
    ENOUGH_VALUES,
    MOST_VALUES,
    percentiles_of,
    representative,
    thinned,
    weighted_quantiles,
)
from rlsabm.results.tetrachoric import quadrant, tetrachoric

#: Most rules here take arrays, one item an estimate.
ONE = np.array


# Quantiles ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 5, 6, 9, 20, 200])
def test_quantiles_of_students_t_are_scipys(degrees: int) -> None:
    assert t_quantile(degrees) == pytest.approx(stats.t.ppf(0.975, degrees), rel=2e-4)


def test_the_expansion_of_t_is_that_of_the_handbook() -> None:
    """Abramowitz and Stegun 26.7.5: polynomials in the normal quantile over powers of freedom."""
    z = Z_95
    for n in (5, 10, 40):
        expected = (
            z
            + (z**3 + z) / (4 * n)
            + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * n**2)
            + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * n**3)
            + (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / (92160 * n**4)
        )
        assert t_quantile(n) == pytest.approx(expected, rel=1e-12)
    assert pytest.approx(stats.norm.ppf(0.975), rel=1e-6) == Z_95


def test_one_draw_takes_the_normal_quantile_five_and_more_that_of_t() -> None:
    """Two to four draws say next to nothing of how far draws differ: there is no interval."""
    assert quantile_over_draws(np.ones((1, 2), bool)) == pytest.approx([Z_95, Z_95])
    there = np.arange(6)[:, None] < np.array([6, 5, 4, 1, 0])
    found = quantile_over_draws(there)
    assert found[:2] == pytest.approx([stats.t.ppf(0.975, 5), stats.t.ppf(0.975, 4)], rel=2e-4)
    assert np.isnan(found[2:]).all()


# Proportions --------------------------------------------------------------------------------------


def test_wilsons_interval_solves_its_equation() -> None:
    """|p - limit| = z √(limit (1 - limit) / n) at both limits."""
    share, persons = ONE([0.1, 0.5, 0.9]), ONE([40.0, 40.0, 70.0])
    for z in (Z_95, 3.0):
        for limit in wilson_interval(share, persons, z):
            assert np.abs(share - limit) == pytest.approx(
                z * np.sqrt(limit * (1 - limit) / persons)
            )
    low, high = wilson_interval(share, persons)
    assert (low < share).all()
    assert (high > share).all()


def test_wilsons_interval_stays_within_0_and_1() -> None:
    low, high = wilson_interval(ONE([0.0, 1.0]), ONE([10.0, 10.0]))
    assert (low[0], high[1]) == (0.0, 1.0)
    assert high[0] == pytest.approx(1 - low[1]) == pytest.approx(Z_95**2 / (10 + Z_95**2))


@pytest.mark.parametrize("cases", [1.0, 2.0, 3.0])
def test_few_cases_have_the_lower_limit_of_a_poisson_rate(cases: float) -> None:
    """One-sided, as Brown, Cai and DasGupta 2001 propose; and so the upper one, if few are none."""
    low, high = wilson_interval(ONE([cases / 50]), ONE([50.0]))
    poisson, _ = byar_interval(ONE([cases]), ONE([50.0]), stats.norm.ppf(0.95))
    assert low == pytest.approx(poisson, rel=1e-5)
    upside_low, upside_high = wilson_interval(ONE([1 - cases / 50]), ONE([50.0]))
    assert (upside_low, upside_high) == (pytest.approx(1 - high), pytest.approx(1 - low))


def test_four_cases_are_not_few() -> None:
    low, _ = wilson_interval(ONE([4 / 50]), ONE([50.0]))
    assert np.abs(0.08 - low) == pytest.approx(Z_95 * np.sqrt(low * (1 - low) / 50))


def test_variance_of_a_proportion() -> None:
    assert binomial_variance(ONE([0.2]), ONE([50.0])) == pytest.approx([0.0032])
    assert cautious_variance(ONE([10.0]), ONE([50.0])) == pytest.approx([0.0032])


def test_where_none_or_all_are_cases_two_of_four_people_are_added() -> None:
    found = cautious_variance(ONE([0.0, 50.0]), ONE([50.0, 50.0]))
    assert found == pytest.approx([2 / 54 * 52 / 54 / 54] * 2)


def test_proportions_of_draws_have_wilsons_interval_of_as_many_people_as_would_vary_so() -> None:
    p = ONE([0.1, 0.2, 0.3, 0.4, 0.5])
    found = proportion_over_draws(100 * p, np.full(5, 100.0))
    within = (p * (1 - p) / 100).mean()
    between = p.var(ddof=1) - within
    size = 0.3 * 0.7 / (within / 5 + between)
    low, high = wilson_interval(ONE(0.3), ONE(size), t_quantile(4))
    assert found.value == pytest.approx(0.3)
    assert (found.lower, found.upper) == (pytest.approx(low), pytest.approx(high))
    assert found.monte_carlo_error == pytest.approx(sqrt(within / 5))
    assert found.parameter_sd == pytest.approx(sqrt(between))


def test_a_given_variance_of_a_proportion_is_taken() -> None:
    found = proportion_over_draws(ONE([30.0]), ONE([100.0]), ONE([0.01]))
    low, high = wilson_interval(ONE(0.3), ONE(0.3 * 0.7 / 0.01))
    assert (found.lower, found.upper) == (pytest.approx(low), pytest.approx(high))


def test_a_proportion_that_cannot_vary_is_of_all_people() -> None:
    found = proportion_over_draws(ONE([0.0]), ONE([100.0]))
    _, high = wilson_interval(ONE(0.0), ONE(100.0))
    assert found.upper == pytest.approx(high)
    assert found.monte_carlo_error**2 == pytest.approx(2 / 104 * 102 / 104 / 104)


# Draws --------------------------------------------------------------------------------------------


def test_limits_of_shares() -> None:
    """Shares are cut off at 1, differences and ratios not."""
    for kind, high in (("share", 1.0), ("difference", 0.5 + Z_95)):
        found = over_draws(ONE([0.5]), ONE([1.0]), kind=kind)
        assert found.lower == pytest.approx(0.5 - Z_95)
        assert found.upper == pytest.approx(high)
    assert over_draws(ONE([3.0]), ONE([1.0]), kind="ratio").upper > 1


def test_intervals_around_another_value_hold_the_estimate() -> None:
    """The estimate stays; its limits are around the centre, widened where they would not hold it."""
    found = over_draws_around(
        ONE([[0.1, 0.0]]), ONE([[0.12, 0.9]]), ONE([[0.01, 0.01]]), kind="difference"
    )
    assert found.value.tolist() == [0.1, 0.0]
    assert found.lower == pytest.approx([0.12 - 0.1 * Z_95, 0.0])
    assert found.upper == pytest.approx([0.12 + 0.1 * Z_95, 0.9 + 0.1 * Z_95])
    assert found.monte_carlo_error == pytest.approx([0.1, 0.1])


def test_of_ratios_around_another_value_the_relative_variance_is_taken() -> None:
    found = over_draws_around(ONE([2.0]), ONE([1.6]), ONE([0.16]), kind="ratio")
    assert found.lower == pytest.approx(1.6 * exp(-Z_95 * 0.25))
    assert found.upper == pytest.approx(1.6 * exp(Z_95 * 0.25))
    assert found.monte_carlo_error == pytest.approx(2.0 * 0.25)


def test_a_ratio_is_reckoned_by_its_logarithm() -> None:
    found = over_draws(ONE([2.0]), ONE([0.16]), kind="ratio")
    assert found.lower == pytest.approx(2 * exp(-Z_95 * 0.2))
    assert found.upper == pytest.approx(2 * exp(Z_95 * 0.2))
    assert found.monte_carlo_error == pytest.approx(0.4)


def test_draws_that_vary_less_than_chance_have_no_spread_of_parameters() -> None:
    found = over_draws(1 + ONE([0.0, 0.01, 0.02, 0.0, 0.02]), np.full(5, 5.0), kind="difference")
    assert found.parameter_sd == 0.0
    assert found.monte_carlo_error == pytest.approx(1.0)
    assert found.upper - found.value == pytest.approx(t_quantile(4))


def test_slopes_of_a_function_give_its_variance() -> None:
    """y / x with correlated means, small ones too: gradient (-y / x², 1 / x)."""
    x, y = ONE([0.3, 0.002]), ONE([0.2, 0.4])
    covariance = [[ONE([0.01, 1e-8]), ONE([0.002, 0.0])], [ONE([0.002, 0.0]), ONE([0.03, 1e-6])]]
    value, variance = delta_variance(lambda x, y: y / x, [x, y], covariance)
    a, b = -y / x**2, 1 / x
    expected = a**2 * covariance[0][0] + 2 * a * b * covariance[0][1] + b**2 * covariance[1][1]
    assert value == pytest.approx(y / x)
    assert variance == pytest.approx(expected, rel=1e-5)


def test_draws_without_an_estimate_count_for_nothing() -> None:
    """Neither their value nor their variance."""
    found = over_draws(ONE([1.0, np.nan, 3.0]), ONE([0.5, 9.0, 0.5]), kind="difference")
    assert found.value == 2.0
    assert found.monte_carlo_error == pytest.approx(0.5)
    assert found.parameter_sd == pytest.approx(1.5**0.5)


# Rates --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("events", [1.0, 3.0, 10.0, 100.0])
def test_byars_limits_are_near_the_exact_ones_of_a_poisson_rate(events: float) -> None:
    low, high = byar_interval(ONE([events]), ONE([50.0]))
    tolerance = 0.03 if events > 2 else 0.12
    assert low == pytest.approx(stats.chi2.ppf(0.025, 2 * events) / 2 / 50, rel=10 * tolerance if
                                events == 1 else tolerance)  # fmt: skip
    assert high == pytest.approx(stats.chi2.ppf(0.975, 2 * events + 2) / 2 / 50, rel=tolerance)


def test_byars_limits_by_their_formula() -> None:
    """d (1 - 1/(9d) - z/(3√d))³ and (d + 1) (1 - 1/(9(d + 1)) + z/(3√(d + 1)))³."""
    low, high = byar_interval(ONE([12.0]), ONE([4.0]), 2.5)
    assert low == pytest.approx(12 * (1 - 1 / 108 - 2.5 / (3 * sqrt(12))) ** 3 / 4)
    assert high == pytest.approx(13 * (1 - 1 / 117 + 2.5 / (3 * sqrt(13))) ** 3 / 4)


def test_a_rate_below_byars_reach_starts_at_nought() -> None:
    low, high = byar_interval(ONE([0.0, 0.1, 2.0]), ONE([9.0, 9.0, 0.0]))
    assert low.tolist()[:2] == [0.0, 0.0]
    assert np.isnan([low[2], high[2]]).all()


def nested(counts: list[str], *runs: tuple[float, ...]) -> NestedCounts:
    """Counts of one arm by run: draw, replicate, then the counts."""
    table = pd.DataFrame(runs, columns=["draw", "replicate", *counts])
    return NestedCounts(table.assign(arm="a"), ["arm"], counts)


def test_the_rate_of_one_run() -> None:
    found = rate(nested(["e", "t"], (0, 0, 12, 4.0)), "e", "t")
    low, high = byar_interval(ONE([12.0]), ONE([4.0]))
    assert found.value == pytest.approx(3.0)
    assert (found.lower, found.upper) == (pytest.approx(low), pytest.approx(high))
    assert found.monte_carlo_error == pytest.approx(sqrt(12) / 4)


def test_a_rate_without_events_has_the_limit_of_none_in_its_time() -> None:
    found = rate(nested(["e", "t"], (0, 0, 0, 4.0), (0, 1, 0, 6.0)), "e", "t")
    _, high = byar_interval(ONE([0.0]), ONE([10.0]))
    assert (found.value, found.lower) == (0.0, 0.0)
    assert found.upper == pytest.approx(high)


def test_rates_of_draws_are_worth_as_many_events_as_they_vary() -> None:
    events = ONE([20.0, 30.0, 40.0, 50.0, 60.0])
    found = rate(nested(["e", "t"], *((d, 0, e, 10.0) for d, e in enumerate(events))), "e", "t")
    within, spread = (events / 100).mean(), (events / 10).var(ddof=1)
    worth = 4.0**2 / (within / 5 + spread - within)
    low, high = byar_interval(ONE([worth]), ONE([worth / 4]), t_quantile(4))
    assert found.value == pytest.approx(4.0)
    assert (found.lower, found.upper) == (pytest.approx(low), pytest.approx(high))


def test_a_rate_may_be_worth_less_than_one_event() -> None:
    """Two events in one of five draws, in the time that gives the rate."""
    runs = [(draw, 0, 2 if draw == 3 else 0, 10.0) for draw in range(5)]
    found = rate(nested(["e", "t"], *runs), "e", "t")
    rates = ONE([0, 0, 0, 0.2, 0])
    within = 0.02 / 5
    worth = 0.04**2 / (within / 5 + rates.var(ddof=1) - within)
    assert worth < 1
    low, high = byar_interval(ONE([worth]), ONE([worth / 0.04]), t_quantile(4))
    assert found.value == pytest.approx(0.04)
    assert (found.lower, found.upper) == (pytest.approx(low), pytest.approx(high))


def test_the_mean_of_people_and_its_error() -> None:
    """Values 1, 2, 6: mean 3, SD √7, error √(7/3)."""
    n = nested(["s", "q", "n"], (0, 0, 9.0, 41.0, 3))
    found, sd = mean(n, "s", "q", "n")
    assert found.value == pytest.approx(3.0)
    assert sd == pytest.approx(sqrt(7))
    assert found.monte_carlo_error == pytest.approx(sqrt(7 / 3))
    assert found.upper == pytest.approx(3 + Z_95 * sqrt(7 / 3))


def test_the_mean_of_people_who_are_all_alike_has_no_interval() -> None:
    found, sd = mean(nested(["s", "q", "n"], (0, 0, 9.0, 27.0, 3)), "s", "q", "n")
    assert (found.value, sd) == (3.0, 0.0)
    assert np.isnan([found.lower, found.upper]).all()


def test_the_standard_deviation_is_averaged_over_draws_by_variance() -> None:
    n = nested(["s", "q", "n"], (0, 0, 9.0, 41.0, 3), (1, 0, 3.0, 5.0, 2))
    _, sd = mean(n, "s", "q", "n")
    assert sd == pytest.approx(sqrt((7 + 0.5) / 2))


def test_means_of_draws_leave_out_what_is_missing() -> None:
    found = mean_of_draws(ONE([[1.0, np.nan], [3.0, np.nan], [np.nan, np.inf]]))
    assert found[0] == 2.0
    assert np.isnan(found[1])


def strata(*runs: tuple[float, ...]) -> NestedCounts:
    return nested(["cases_0", "persons_0", "cases_1", "persons_1"], *runs)


def test_direct_standardisation() -> None:
    """Σ w p, with variance Σ w² p (1 - p) / n."""
    found = standardised(strata((0, 0, 10, 100, 30, 60)), ONE([0.75, 0.25]))
    value = 0.75 * 0.1 + 0.25 * 0.5
    variance = 0.75**2 * 0.09 / 100 + 0.25**2 * 0.25 / 60
    assert found.value == pytest.approx(value)
    assert found.monte_carlo_error == pytest.approx(sqrt(variance))


def test_a_stratum_without_cases_varies_as_if_two_of_four_people_more_were() -> None:
    found = standardised(strata((0, 0, 0, 100, 30, 60)), ONE([0.75, 0.25]))
    variance = 0.75**2 * (2 / 104 * 102 / 104 / 104) + 0.25**2 * 0.25 / 60
    assert found.monte_carlo_error == pytest.approx(sqrt(variance))


def test_strata_of_replicates_go_together_as_they_are_seen_to() -> None:
    """The covariance of strata is nought by counts, but replicates may show one."""
    runs = [(0, 0, 5, 100, 20, 100), (0, 1, 15, 100, 40, 100)]
    found = standardised(strata(*runs), ONE([0.5, 0.5]))
    p = ONE([0.1, 0.3])
    counts = ONE([[0.09 / 200, 0.0], [0.0, 0.21 / 200]])
    residuals = ONE([[-5.0, -10.0], [5.0, 10.0]])
    spread = 2.0 * (residuals.T @ residuals) / 200**2
    both = (WORTH_OF_COUNTS * counts + 1 * spread) / (WORTH_OF_COUNTS + 1)
    assert found.value == pytest.approx(p.mean())
    assert found.monte_carlo_error == pytest.approx(sqrt(both.sum() / 4))


def test_a_stratum_without_weight_may_be_empty_others_not() -> None:
    empty = strata((0, 0, 10, 100, 0, 0))
    assert standardised(empty, ONE([1.0, 0.0])).value == pytest.approx(0.1)
    assert np.isnan(standardised(empty, ONE([0.5, 0.5])).value)


def test_runs_in_which_nobody_was_counted_have_zeros() -> None:
    rows = pd.DataFrame({"arm": "a", "sex": ["f", "f", "m"], "draw": [0, 0, 1],
                         "replicate": [0, 0, 0], "cases": [1, 2, 5]})  # fmt: skip
    runs = pd.DataFrame({"arm": ["a", "a", "b"], "draw": [0, 1, 0], "replicate": 0})
    found = by_run(rows, ["arm", "sex"], ["cases"], runs)
    assert found.set_index(["sex", "draw"])["cases"].to_dict() == {
        ("f", 0): 3, ("f", 1): 0, ("m", 0): 0, ("m", 1): 5,
    }  # fmt: skip


# Nesting ------------------------------------------------------------------------------------------


def test_the_variance_of_replicates_and_counts_by_their_degrees_of_freedom() -> None:
    """R / (R - 1) Σ r² / n², weighted by Σ (R - 1) against 4."""
    n = nested(["c", "n"], (0, 0, 10, 100), (0, 1, 20, 100), (0, 2, 30, 100))
    spread = 3 / 2 * (100 + 0 + 100) / 300**2
    found = n.covariance(np.full((1, 1), 0.001), ("c", "n"), ("c", "n"))
    assert found == pytest.approx((4 * 0.001 + 2 * spread) / 6)
    assert WORTH_OF_COUNTS == 4


def test_totals_leave_out_what_is_missing() -> None:
    n = nested(["c"], (0, 0, np.nan), (1, 0, 4.0))
    assert n.total("c").tolist() == [4.0]
    assert np.isnan(nested(["c"], (0, 0, np.nan)).total("c")).all()


# Differences --------------------------------------------------------------------------------------


def counts(*runs: tuple[int, float, float]) -> Counts:
    """Runs as draw, persons and cases."""
    draw, persons, cases = np.array(runs, float).T
    return Counts(draw.astype(np.int64), persons, cases, cases, cases)


def test_replicates_add_their_counts_and_draws_count_equally() -> None:
    assert mean_over_draws(counts((0, 10, 1), (0, 30, 7), (1, 10, 6))) == pytest.approx(0.4)
    assert mean_over_draws(counts((0, 10, 1), (1, 0, 0))) == pytest.approx(0.1)
    assert np.isnan(mean_over_draws(counts((0, 0, 0))))


def test_the_error_of_replicates_is_that_of_a_paired_t_test() -> None:
    a = counts((0, 100, 10), (0, 100, 14), (0, 100, 12))
    b = counts((0, 100, 15), (0, 100, 16), (0, 100, 20))
    differences = ONE([0.05, 0.02, 0.08])
    error, quantile, rests_on = paired_error(a, b)  # type: ignore[misc]
    assert error == pytest.approx(differences.std(ddof=1) / sqrt(3))
    assert (quantile, rests_on) == (t_quantile(2), REPLICATES)


def test_replicates_of_several_draws_are_pooled_within_draws() -> None:
    """Two draws of two replicates: two degrees of freedom; draws themselves may differ."""
    a = counts((0, 100, 10), (0, 100, 14), (1, 100, 12), (1, 100, 20))
    b = counts((0, 100, 15), (0, 100, 16), (1, 100, 50), (1, 100, 60))
    within = 2 * 0.015**2 + 2 * 0.01**2
    error, quantile, _ = paired_error(a, b)  # type: ignore[misc]
    assert error == pytest.approx(sqrt(within / 2 * (1 / 2 + 1 / 2)) / 2)
    assert quantile == t_quantile(2)


def test_replicates_of_unequal_size_weigh_by_their_people() -> None:
    """Mean 0.2 of 100 and 300 people: a run's residual is over the mean size of 200."""
    a = counts((0, 100, 0), (0, 300, 0), (1, 50, 0), (1, 50, 0))
    b = counts((0, 100, 30), (0, 300, 50), (1, 50, 20), (1, 50, 20))
    error, _, _ = paired_error(a, b)  # type: ignore[misc]
    assert error == pytest.approx(sqrt(2 * (10 / 200) ** 2 / 2 * (1 / 2 + 1 / 2)) / 2)


def test_five_draws_tell_chance_and_parameters_together() -> None:
    differences = ONE([0.01, 0.03, 0.02, 0.06, 0.08])
    a = counts(*((draw, 100, 10) for draw in range(5)))
    b = counts(*((draw, 100, 10 + 100 * d) for draw, d in enumerate(differences)))
    error, quantile, rests_on = paired_error(a, b)  # type: ignore[misc]
    assert error == pytest.approx(differences.std(ddof=1))
    assert (quantile, rests_on) == (t_quantile(4), DRAWS)


def test_too_few_runs_tell_nothing_of_how_they_differ() -> None:
    for draws in ((0, 0), (0, 1, 2, 3), (0, 0, 1)):
        runs = counts(*((draw, 100, 10 + 5 * k) for k, draw in enumerate(draws)))
        assert paired_error(runs, runs) is None


def test_runs_that_all_differ_alike_have_one_person_added_to_each_side() -> None:
    """Of 100 people ten were moved: √(10 + 2) / (100 + 4)."""
    a, b = counts((0, 100, 10), (0, 100, 20)), counts((0, 100, 20), (0, 100, 30))
    assert least_error(a, b) == pytest.approx(sqrt(0.1 * 200 + 2) / 204)


def difference(
    a: Counts, b: Counts, runs: int = 0, *, variance: float = 0.0004, most: float = 1.0
) -> dict[str, Any]:
    """The difference of two means, whose first runs are paired."""
    pairs = np.arange(runs), np.arange(runs)
    half = Z_95 * sqrt(variance)

    def alone(counts: Counts) -> OfIndependent:
        value = mean_over_draws(counts)
        return OfIndependent(variance, value - half, value + half)

    return difference_of(a, b, pairs, alone, most=most)


def test_a_difference_of_paired_runs_has_the_interval_of_its_pairs() -> None:
    a = counts((0, 100, 10), (0, 100, 14), (0, 100, 12), (0, 100, 90))
    b = counts((0, 100, 15), (0, 100, 16), (0, 100, 20), (0, 100, 0))
    found = difference(a, b, 3)
    error, quantile, _ = paired_error(counts((0, 100, 10), (0, 100, 14), (0, 100, 12)),
                                      counts((0, 100, 15), (0, 100, 16), (0, 100, 20)))  # type: ignore[misc]  # fmt: skip
    assert found["difference"] == pytest.approx(0.05)
    assert (found["lower"], found["upper"]) == pytest.approx(
        (0.05 - quantile * error, 0.05 + quantile * error)
    )
    assert (found["paired_runs"], found["interval_from"]) == (3, REPLICATES)
    assert (found["persons_a"], found["cases_a"]) == (300, 36)
    assert (found["value_a"], found["value_b"]) == pytest.approx((0.12, 0.17))


def test_a_difference_without_enough_pairs_has_the_interval_of_counts() -> None:
    a, b = counts((0, 100, 10), (0, 100, 14)), counts((0, 100, 20), (0, 100, 16))
    for runs in (0, 1, 2):
        found = difference(a, b, runs)
        assert found["standard_error"] == pytest.approx(sqrt(2 * 0.0004))
        assert found["upper"] == pytest.approx(found["difference"] + Z_95 * sqrt(0.0008))
        assert (found["paired_runs"], found["interval_from"]) == (0, COUNTS)


def test_pairs_that_all_differ_alike_have_no_interval_without_width() -> None:
    a, b = (
        counts(*((0, 100, n) for n in (10, 20, 30))),
        counts(*((0, 100, n) for n in (20, 30, 40))),
    )
    found = difference(a, b, 3)
    assert found["standard_error"] == pytest.approx(least_error(a, b))
    assert (found["paired_runs"], found["interval_from"]) == (3, REPLICATES)
    assert found["lower"] == pytest.approx(0.1 - Z_95 * least_error(a, b))


def test_a_few_pairs_that_nearly_agree_are_no_surer_than_people_moved_by_chance() -> None:
    a = counts((0, 100, 10), (0, 100, 20), (0, 100, 30))
    nearly = counts((0, 100, 20), (0, 100, 30), (0, 100, 41))
    apart = counts((0, 100, 20), (0, 100, 24), (0, 100, 48))
    found = difference(a, nearly, 3)
    error, quantile, _ = paired_error(a, nearly)  # type: ignore[misc]
    assert quantile * error < Z_95 * found["standard_error"]
    assert found["standard_error"] == pytest.approx(sqrt(31 + 2) / 304)
    assert found["upper"] == pytest.approx(31 / 300 + Z_95 * sqrt(33) / 304)
    error, quantile, _ = paired_error(a, apart)  # type: ignore[misc]
    found = difference(a, apart, 3)
    assert found["standard_error"] == pytest.approx(error)
    assert found["upper"] == pytest.approx(32 / 300 + quantile * error)


def test_a_run_with_one_person_is_a_run_and_one_without_is_none() -> None:
    a, b = counts((0, 1, 0), (0, 1, 1), (0, 1, 0)), counts((0, 1, 1), (0, 1, 1), (0, 1, 0))
    assert difference(a, b, 3)["paired_runs"] == 3
    for first, second in ((a, counts((0, 1, 1), (0, 1, 1), (0, 0, 0))),
                          (counts((0, 0, 0), (0, 1, 1), (0, 1, 0)), b)):  # fmt: skip
        assert difference(first, second, 3)["paired_runs"] == 0


def test_limits_of_a_difference_are_possible_differences() -> None:
    a, b = counts((0, 100, 10)), counts((0, 100, 20))
    found = difference(a, b, variance=9.0, most=0.8)
    assert (found["lower"], found["upper"]) == (-0.8, 0.8)


def test_limits_of_each_mean_make_those_of_their_difference() -> None:
    """Each limit lies as far off as those of both means on its side, as legs of a right triangle."""
    limits = {10: OfIndependent(0.01, 0.07, 0.14), 20: OfIndependent(0.01, 0.16, 0.28)}
    a, b = counts((0, 100, 10)), counts((0, 100, 20))
    pairs = np.arange(0), np.arange(0)
    found = difference_of(a, b, pairs, lambda counts: limits[int(counts.cases[0])], most=1.0)
    assert found["lower"] == pytest.approx(0.1 - sqrt(0.04**2 + 0.04**2))
    assert found["upper"] == pytest.approx(0.1 + sqrt(0.08**2 + 0.03**2))


def coverage(shares: tuple[float, float], sizes: tuple[int, int]) -> float:
    """How often the interval of a difference of independent prevalences holds the true one."""
    none = np.arange(0), np.arange(0)
    held = 0.0
    for cases in np.ndindex(sizes[0] + 1, sizes[1] + 1):
        sides = [counts((0, size, case)) for size, case in zip(sizes, cases, strict=True)]
        found = difference_of(sides[0], sides[1], none, independent_prevalence, most=1.0)
        often = np.prod(stats.binom.pmf(cases, sizes, shares))
        held += often * (found["lower"] <= shares[1] - shares[0] <= found["upper"])
    return held


@pytest.mark.parametrize("sizes", [(3, 1), (5, 2), (20, 3), (50, 5), (15, 15)])
def test_intervals_of_differences_hold_the_truth(sizes: tuple[int, int]) -> None:
    found = [coverage((a, a + by), sizes) for a in (0.02, 0.1, 0.2, 0.3, 0.5) for by in (0.0, 0.15)]
    assert min(found) > 0.92
    assert np.mean(found) > 0.94


def test_a_run_that_one_arm_has_emptied_counts() -> None:
    """An arm that leaves nobody in the group of a run: all runs of the other remain in its mean."""
    a = counts((0, 40, 4), (0, 20, 6), (0, 30, 3), (0, 10, 5))
    b = counts((0, 30, 3), (0, 0, 0), (0, 30, 3), (0, 10, 4))
    found = difference(a, b, 4)
    assert (found["persons_a"], found["persons_b"], found["paired_runs"]) == (100, 70, 4)
    assert found["value_a"] == pytest.approx(0.18)
    moved = [(b.cases[i] - b.persons[i] / 7) / (70 / 4) - (a.cases[i] - 0.18 * a.persons[i]) / 25
             for i in range(4)]  # fmt: skip
    # Three runs show how the mean of B varies: two degrees of freedom.
    assert found["standard_error"] == pytest.approx(sqrt(np.square(moved).sum() / 2 / 4))
    assert found["upper"] - found["difference"] == pytest.approx(
        t_quantile(2) * found["standard_error"]
    )


def test_a_run_of_a_single_person_is_a_run() -> None:
    a = counts((0, 0, 0), (0, 9, 3), (0, 8, 2), (0, 7, 1))
    b = counts((0, 1, 1), (0, 9, 3), (0, 8, 2), (0, 7, 1))
    for first, second in ((a, b), (b, a)):
        found = difference(first, second, 4)
        assert (found["paired_runs"], found["interval_from"]) == (4, REPLICATES)


def test_a_draw_that_one_arm_has_emptied_is_left_out_of_both() -> None:
    a = counts(*((draw, 10, 2 + draw) for draw in range(6)))
    b = counts(*((draw, 10 * (draw != 2), 1 + draw * (draw != 2)) for draw in range(6)))
    for first, second in ((a, b), (b, a)):
        found = difference(first, second, 6)
        assert (found["paired_runs"], found["draws_left_out"]) == (5, 1)
        assert found["persons_a"] == found["persons_b"] == 50
        assert abs(found["difference"]) == pytest.approx(0.1)
    assert difference(a, a, 6)["draws_left_out"] == difference(a, b, 0)["draws_left_out"] == 0


def test_a_run_that_is_empty_in_both_arms_shows_nothing() -> None:
    a, b = counts((0, 9, 3), (0, 8, 2), (0, 7, 2)), counts((0, 9, 4), (0, 8, 3), (0, 7, 2))
    more = [np.append(side.persons, 0.0) for side in (a, b)]
    with_empty = [
        counts(*zip([0] * 4, persons, [*side.cases, 0.0], strict=True))
        for side, persons in zip((a, b), more, strict=True)
    ]
    assert difference(*with_empty, 4) == difference(a, b, 3)  # type: ignore[misc]


def test_the_variance_of_a_prevalence_has_two_cases_in_four_people_added() -> None:
    found = independent_prevalence(counts((0, 96, 8)))
    assert found.variance == pytest.approx(0.1 * 0.9 / 100)
    limits = wilson_interval(np.asarray(8 / 96), np.asarray(96.0))
    assert (found.lower, found.upper) == tuple(map(pytest.approx, map(float, limits)))
    assert np.isnan(independent_prevalence(counts((0, 0, 0)))).all()


def test_draws_of_unequal_size_vary_as_their_harmonic_mean() -> None:
    """(draws)² / Σ 1/n: 40 and 120 people are worth 120."""
    found = independent_prevalence(counts((0, 40, 4), (1, 120, 12)))
    share = 18 / 164
    assert found.variance == pytest.approx(share * (1 - share) / (4 / (1 / 40 + 1 / 120) + 4))


def test_the_variance_of_a_shift_has_a_person_in_each_cell_added() -> None:
    """6 caused, 2 prevented, of 96."""
    made = Counts(np.array([0]), ONE([96.0]), ONE([20.0]), ONE([4.0]), ONE([8.0]))
    found = independent_shift(made)
    assert found.variance == pytest.approx((10 / 100 - (4 / 100) ** 2) / 100)
    half = Z_95 * sqrt(found.variance)
    assert (found.lower, found.upper) == (pytest.approx(0.04 - half), pytest.approx(0.04 + half))
    nobody = Counts(np.array([0]), *(ONE([0.0]),) * 4)
    assert np.isnan(independent_shift(nobody)).all()


# Blocks of people ---------------------------------------------------------------------------------


def test_counts_of_blocks_add_up_by_key() -> None:
    parts = [{"t": {"sex": ONE([0, 1]), "cases": ONE([1, 2])}},
             {"t": {"sex": ONE([1, 2]), "cases": ONE([10, 20])}}]  # fmt: skip
    found = run_of_blocks("t", Added(("cases",), {"twice": lambda c: 2 * c["cases"]}), parts)
    assert found["sex"].tolist() == [0, 1, 2]
    assert found["cases"].tolist() == [1, 12, 20]
    assert found["twice"].tolist() == [2, 24, 40]


def test_means_and_spreads_of_blocks_are_those_of_all_people() -> None:
    rng = np.random.default_rng(1)
    blocks = [rng.normal(size=size) for size in (1, 2, 30, 7)]
    parts = [
        {"t": {"sex": ONE([0]), "persons": ONE([len(x)]), "mean": ONE([x.mean()]),
               "sd": ONE([x.std(ddof=1) if len(x) > 1 else np.nan])}}
        for x in blocks
    ]  # fmt: skip
    found = run_of_blocks("t", Moments(), parts)
    everybody = np.concatenate(blocks)
    assert found["persons"].tolist() == [40]
    assert found["mean"] == pytest.approx(everybody.mean())
    assert found["sd"] == pytest.approx(everybody.std(ddof=1))


def test_the_spread_of_one_person_is_missing() -> None:
    parts = [{"t": {"k": ONE([k]), "persons": ONE([1]), "mean": ONE([3.0]), "sd": ONE([np.nan])}}
             for k in (0, 1)]  # fmt: skip
    assert np.isnan(run_of_blocks("t", Moments(), parts)["sd"]).all()


def test_very_many_blocks_are_taken_a_few_at_a_time() -> None:
    parts = ({"t": {"k": ONE([0]), "n": ONE([1])}} for _ in range(30))
    assert run_of_blocks("t", Added(("n",)), parts)["n"].tolist() == [30]


# Percentiles --------------------------------------------------------------------------------------


def test_many_values_are_represented_by_quantiles_in_the_middles_of_equal_parts() -> None:
    few = np.arange(128.0)
    assert (representative(few) == few).all()
    many = np.arange(129.0)
    found = representative(many)
    assert found == pytest.approx((np.arange(128) + 0.5) / 128 * 128)
    assert MOST_VALUES == 128


def test_quantiles_with_equal_weights_are_numpys() -> None:
    values = np.sort(np.random.default_rng(2).normal(size=21))
    shares = ONE([0.05, 0.5, 0.93])
    found = weighted_quantiles(values, np.full(21, 3.0), shares)
    assert found == pytest.approx(np.quantile(values, shares))


def test_a_value_of_twice_the_weight_counts_as_two_people() -> None:
    """Close to two equal values: the median moves to the heavy side."""
    found = weighted_quantiles(ONE([0.0, 1.0, 2.0]), ONE([1.0, 1.0, 4.0]), ONE([0.5]))
    # Places (k - 1) w + (n - 1) Σ before: 0, 1 + 2, 8 + 4.
    assert found == pytest.approx(np.interp(6.0, [0, 3, 12], [0, 1, 2]))


def test_percentiles_of_cells_come_from_their_own_values() -> None:
    cells = {"sex": ONE([0, 1])}
    samples = {"sex": ONE([1, 0, 1, 0, 1]), "value": ONE([5.0, 1.0, 7.0, 3.0, 6.0]),
               "weight": np.ones(5)}  # fmt: skip
    found = percentiles_of(cells, samples, (50, 75))
    assert found["p50"].tolist() == [2.0, 6.0]
    assert found["p75"].tolist() == [2.5, 6.5]


def test_thinned_values_keep_people_and_distribution() -> None:
    rng = np.random.default_rng(4)
    values, weights = rng.normal(size=2000), rng.uniform(1, 3, 2000)
    found = thinned({"sex": np.zeros(2000, int), "value": values, "weight": weights})
    assert len(found["value"]) == ENOUGH_VALUES == 512
    assert found["weight"].sum() == pytest.approx(weights.sum())
    assert np.ptp(found["weight"]) == pytest.approx(0.0)
    order = np.argsort(values)
    for share in (0.1, 0.5, 0.9):
        exact = np.interp(share * weights.sum(), np.cumsum(weights[order]) - weights[order] / 2,
                          values[order])  # fmt: skip
        assert np.quantile(found["value"], share) == pytest.approx(exact, abs=0.01)


def test_few_values_are_not_thinned() -> None:
    samples = {"sex": ONE([1, 0]), "value": ONE([2.0, 1.0]), "weight": ONE([1.0, 3.0])}
    found = thinned(samples)
    assert sorted(zip(found["sex"], found["value"], found["weight"], strict=True)) == [
        (0, 1.0, 3.0), (1, 2.0, 1.0),
    ]  # fmt: skip
    nothing = {"sex": ONE([], int), "value": ONE([]), "weight": ONE([])}
    assert thinned(nothing) is nothing


# Tetrachoric correlation --------------------------------------------------------------------------


@pytest.mark.parametrize("rho", [-0.8, 0.0, 0.3, 0.9])
@pytest.mark.parametrize(("h", "k"), [(0.0, 0.0), (1.3, 0.4), (-0.7, 2.0)])
def test_the_share_of_pairs_above_both_thresholds(rho: float, h: float, k: float) -> None:
    """Against the integral of the conditional normal over one liability."""

    def above(x: float) -> float:
        return float(stats.norm.pdf(x) * stats.norm.sf((k - rho * x) / sqrt(1 - rho**2)))

    expected, _ = integrate.quad(above, h, 12)
    unrelated = stats.norm.sf(h) * stats.norm.sf(k)
    found = quadrant(ONE([h]), ONE([k]), ONE([np.arcsin(rho)]), ONE([unrelated]))
    assert found == pytest.approx(expected, abs=1e-9)


def test_the_correlation_of_a_symmetric_table_by_hand() -> None:
    """With both thresholds at nought: P(both) = 1/4 + arcsin(rho) / 2π."""
    both = 0.25 + np.arcsin(0.6) / (2 * np.pi)
    cells = [ONE([1000 * share]) for share in (both, 0.5 - both, 0.5 - both)]
    for interchangeable in (True, False):
        found = tetrachoric(*cells, ONE([1000.0]), interchangeable=interchangeable)
        assert found.value == pytest.approx(0.6, abs=1e-9)


def test_the_variance_of_a_symmetric_table_by_hand() -> None:
    """Median cuts: rho = sin(2π (p - 1/4)) with p = (both + neither) / 2 / n, binomial."""
    cells = [ONE([x]) for x in (300.0, 200.0, 200.0)]
    found = tetrachoric(*cells, ONE([1000.0]), interchangeable=True)
    p = 0.6  # concordant
    slope = np.pi * np.cos(np.pi * (p - 0.5))
    assert found.value == pytest.approx(np.sin(np.pi * (p - 0.5)))
    assert found.variance == pytest.approx(slope**2 * p * (1 - p) / 1000)


def test_the_variance_by_the_delta_method_with_unequal_thresholds() -> None:
    """Slopes of the correlation by the shares of cells, taken numerically."""
    cells = ONE([40.0, 60.0, 110.0, 790.0])
    n = cells.sum()

    def rho(cells: Any) -> float:
        both, first, second = (ONE([x]) for x in cells[:3])
        found = tetrachoric(both, first, second, ONE([cells.sum()]), interchangeable=False)
        return float(found.value[0])

    step = 1e-3
    slopes = ONE([(rho(cells + step * e) - rho(cells - step * e)) / (2 * step) for e in np.eye(4)])
    p = cells / n
    covariance = n * (np.diag(p) - np.outer(p, p))
    found = tetrachoric(*(ONE([x]) for x in cells[:3]), ONE([n]), interchangeable=False)
    assert found.variance == pytest.approx(slopes @ covariance @ slopes, rel=1e-4)


def test_tables_with_an_empty_cell_have_half_a_pair_added_to_each() -> None:
    found = tetrachoric(ONE([0.0]), ONE([10.0]), ONE([20.0]), ONE([100.0]), interchangeable=False)
    same = tetrachoric(ONE([0.5]), ONE([10.5]), ONE([20.5]), ONE([102.0]), interchangeable=False)
    assert found.value == pytest.approx(same.value)
    assert found.variance == pytest.approx(same.variance)


def test_members_that_are_alike_have_one_threshold() -> None:
    found = tetrachoric(ONE([20.0]), ONE([70.0]), ONE([10.0]), ONE([500.0]), interchangeable=True)
    same = tetrachoric(ONE([20.0]), ONE([40.0]), ONE([40.0]), ONE([500.0]), interchangeable=False)
    assert found.value == pytest.approx(same.value)


def test_where_nobody_or_everybody_is_a_case_there_is_no_correlation() -> None:
    cells = ONE([[0, 0, 0, 9.0], [9, 0, 0, 9], [0, 0, 5, 9], [4, 0, 5, 9]]).T
    found = tetrachoric(*cells, interchangeable=False)
    assert np.isnan(found.value).all()
    assert np.isnan(found.variance).all()
