"""Shifts of prevalence and their intervals, against numbers reckoned by hand."""

from __future__ import annotations

from math import exp, log, sqrt

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2

from rlsabm.results.intervals import (
    Z_95,
    Interval,
    delta_variance,
    over_draws,
    proportion_over_draws,
    t_quantile,
)
from rlsabm.results.tables.contrasts import (
    CONTRAST_COUNTS,
    LAST_BAND,
    STANDARD_BANDS,
    expected_cases,
)
from rlsabm.results.tables.shifts import ESTIMATE_NAMES, estimate_shifts

MEN = LAST_BAND + 1


def counts_by_band(**bands: int) -> np.ndarray:
    """Counts in one cell: w10 is the tenth band of women, m3 the third of men."""
    row = np.zeros((1, STANDARD_BANDS), dtype=np.int64)
    for name, count in bands.items():
        row[0, int(name[1:]) + (MEN if name[0] == "m" else 0)] = count
    return row


# Expected cases


def test_expected_cases_by_hand() -> None:
    """Women of two bands and men of one.

    Women, band 8: 30 exposed; unexposed 200, of them 20 cases (0.1): 3 expected.
    Women, band 12: 50 exposed; unexposed 100, of them 30 cases (0.3): 15 expected.
    Men, band 8: 10 exposed; unexposed 400, of them 20 cases (0.05): 0.5 expected.
    Variances: 30² x 0.1 x 0.9 / 200 = 0.405; 50² x 0.3 x 0.7 / 100 = 5.25;
    10² x 0.05 x 0.95 / 400 = 0.011875.
    """
    expected, variance = expected_cases(
        counts_by_band(w8=30, w12=50, m8=10),
        counts_by_band(w8=200, w12=100, m8=400, m9=1000),
        counts_by_band(w8=20, w12=30, m8=20, m9=700),
    )
    assert expected == pytest.approx([18.5])
    assert variance == pytest.approx([0.405 + 5.25 + 0.011875])


def test_a_band_without_unexposed_people_borrows_from_its_sex() -> None:
    """Women, band 14: 20 exposed, nobody else; all other women: 50 of 300; men do not matter.

    The variance of such a band is that of one person: 20² x (1/6) x (5/6).
    """
    expected, variance = expected_cases(
        counts_by_band(w14=20),
        counts_by_band(w8=200, w12=100, m14=400),
        counts_by_band(w8=20, w12=30, m14=400),
    )
    assert expected == pytest.approx([20 * 50 / 300])
    assert variance == pytest.approx([400 * (1 / 6) * (5 / 6)])


def test_without_any_unexposed_nothing_is_expected() -> None:
    nobody = counts_by_band()
    expected, variance = expected_cases(counts_by_band(w3=5), nobody, nobody)
    assert expected == variance == 0.0


def test_cells_do_not_mix() -> None:
    exposed = np.concatenate([counts_by_band(w8=10), counts_by_band(m8=10)])
    unexposed = np.concatenate([counts_by_band(w8=100), counts_by_band(m8=100)])
    cases = np.concatenate([counts_by_band(w8=10), counts_by_band(m8=50)])
    expected, _ = expected_cases(exposed, unexposed, cases)
    assert expected == pytest.approx([1.0, 5.0])


# Estimates of one run, by their definitions

#: 400 people with a condition, 10,000 in all.
ROW = {
    "condition": "it",
    "world": "without it",
    "draw": 0,
    "replicate": 0,
    "persons": 400,
    "cases": 100,
    "expected_cases": 60.0,
    "expected_variance": 9.0,
    "cases_without": 70,
    "cases_with_and_without": 68,
    "cases_without_iron": 80,
    "cases_with_and_without_iron": 79,
    "cases_without_both": 69,
    "everyone_persons": 10_000,
    "everyone_cases": 1000,
    "everyone_without": 960,
    "everyone_with_and_without": 955,
}


def estimates(*rows: dict) -> pd.DataFrame:
    """Estimates of one contrast, by name."""
    shifts = estimate_shifts(pd.DataFrame([ROW | row for row in rows]))
    assert shifts["estimate"].is_unique
    return shifts.set_index("estimate")


def test_values_by_their_definitions() -> None:
    found = estimates({})["value"]
    assert list(found.index) == ESTIMATE_NAMES
    x, e, y, z = 0.25, 0.15, 0.175, 0.2
    assert found["prevalence"] == pytest.approx(x)
    assert found["expected_prevalence"] == pytest.approx(e)
    assert found["observed_shift"] == pytest.approx(0.10)
    assert found["observed_ratio"] == pytest.approx(100 / 60)
    assert found["observed_odds_ratio"] == pytest.approx((0.25 / 0.75) / (0.15 / 0.85))
    assert found["prevalence_without"] == pytest.approx(y)
    assert found["caused_shift"] == pytest.approx(0.075)
    assert found["caused_ratio"] == pytest.approx(100 / 70)
    assert found["caused_odds_ratio"] == pytest.approx((0.25 / 0.75) / (0.175 / 0.825))
    assert found["iron_mediated_shift"] == pytest.approx(x - z)
    assert found["iron_mediated_share"] == pytest.approx(0.05 / 0.075)
    assert found["confounding_and_selection"] == pytest.approx(0.10 - 0.075)
    assert found["attributable_fraction_exposed"] == pytest.approx(30 / 100)
    assert found["attributable_fraction_population"] == pytest.approx(40 / 1000)
    assert found["observed_shift"] == pytest.approx(
        found["caused_shift"] + found["confounding_and_selection"]
    )


def test_counts_behind_the_estimates() -> None:
    found = estimates({}, {"replicate": 1, "cases": 110})
    for row in found.itertuples():
        assert (row.persons, row.cases, row.cases_without, row.cases_without_iron) == (
            800, 210, 140, 160,
        )  # fmt: skip
        assert row.draws == 1


def test_variance_of_the_caused_shift_is_that_of_mcnemar() -> None:
    """b people are cases only with the condition, c only without it; one is added to each kind."""
    for both in (70, 68, 30):
        n, b, c = 400 + 4, 100 - both + 1, 70 - both + 1
        found = estimates({"cases_with_and_without": both}).loc["caused_shift"]
        variance = (b + c - (b - c) ** 2 / n) / n**2
        assert found["value"] == pytest.approx(0.075)
        assert found["monte_carlo_error"] == pytest.approx(sqrt(variance), rel=1e-6)
        assert found["lower"] == pytest.approx((b - c) / n - Z_95 * sqrt(variance), rel=1e-6)
        assert found["upper"] == pytest.approx((b - c) / n + Z_95 * sqrt(variance), rel=1e-6)


def test_variance_of_the_iron_mediated_shift() -> None:
    found = estimates({}).loc["iron_mediated_shift"]
    n, b, c = 400 + 4, 100 - 79 + 1, 80 - 79 + 1
    assert found["monte_carlo_error"] == pytest.approx(
        sqrt((b + c - (b - c) ** 2 / n) / n**2), rel=1e-6
    )


def test_variance_of_the_caused_ratio() -> None:
    """Log ratio of paired proportions: (b + c) / (x y), in counts, half a person more of each kind."""
    found = estimates({}).loc["caused_ratio"]
    variance = (32 + 2 + 1) / (101 * 71)
    assert found["value"] == pytest.approx(100 / 70)
    assert found["lower"] == pytest.approx(101 / 71 * exp(-Z_95 * sqrt(variance)), rel=1e-5)
    assert found["upper"] == pytest.approx(101 / 71 * exp(Z_95 * sqrt(variance)), rel=1e-5)
    assert found["monte_carlo_error"] == pytest.approx(100 / 70 * sqrt(variance), rel=1e-5)


def test_variance_of_the_attributable_fractions() -> None:
    """1 - y/x: the variance of y/x is (y/x)² times that of its log; one person more of each kind."""
    found = estimates({})
    exposed = found.loc["attributable_fraction_exposed"]
    assert exposed["monte_carlo_error"] == pytest.approx(72 / 102 * sqrt(36 / (102 * 72)), rel=1e-5)
    everyone = found.loc["attributable_fraction_population"]
    b, c = 1000 - 955 + 1, 960 - 955 + 1
    error = 962 / 1002 * sqrt((b + c) / (1002 * 962))
    assert everyone["monte_carlo_error"] == pytest.approx(error, rel=1e-5)


def test_variance_of_the_iron_mediated_share() -> None:
    """(x - z) / (x - y) as a ratio of means of three-valued differences, by its slopes."""
    found = estimates({}).loc["iron_mediated_share"]
    n, share, caused = 400 + 4, 2 / 3, 30 / 404  # one person more of each kind in each two worlds
    # By person: d = [case] - [case without iron], e = [case] - [case without].
    d, e = 20 / n, 30 / n
    dd, ee = (21 + 1 + 2) / n, (32 + 2 + 2) / n
    de = (102 - 69 - 80 + 70) / n
    variance = ((dd - d * d) - 2 * share * (de - d * e) + share**2 * (ee - e * e)) / (n * caused**2)
    assert found["monte_carlo_error"] == pytest.approx(sqrt(variance), rel=1e-4)


def test_variance_of_the_observed_shift() -> None:
    """That of both, which are other people; two cases and two others more for those exposed."""
    found = estimates({}).loc["observed_shift"]
    share = 102 / 404
    variance = share * (1 - share) / 404 + 9.0 / 400**2
    assert found["monte_carlo_error"] == pytest.approx(sqrt(variance), rel=1e-6)


def test_variance_of_the_expected_prevalence() -> None:
    assert estimates({}).loc["expected_prevalence", "monte_carlo_error"] == pytest.approx(3 / 400)


def test_prevalence_of_one_run_has_the_interval_of_wilson() -> None:
    found = estimates({}).loc["prevalence"]
    low, high = wilson(100, 400)
    assert (found["lower"], found["upper"]) == pytest.approx((low, high), rel=1e-9)
    assert found["monte_carlo_error"] == pytest.approx(sqrt(0.25 * 0.75 / 400))
    assert np.isnan(found["parameter_sd"])


def test_a_condition_nobody_is_followed_without_has_only_what_a_survey_sees() -> None:
    nothing = {name: np.nan for name in CONTRAST_COUNTS if "without" in name}
    found = estimates(nothing | {"world": "factual"})
    assert list(found.index) == ESTIMATE_NAMES[:5]
    assert found["cases_without"].isna().all()
    assert (found["cases"] == 100).all()


def test_where_nothing_is_caused() -> None:
    """A control: zero, but no certainty from 400 people."""
    found = estimates(
        {
            "cases_without": 100, "cases_with_and_without": 100, "cases_without_iron": 100,
            "cases_with_and_without_iron": 100, "cases_without_both": 100,
            "everyone_without": 1000, "everyone_with_and_without": 1000,
        }
    )  # fmt: skip
    for name in ("caused_shift", "iron_mediated_shift", "attributable_fraction_exposed",
                 "attributable_fraction_population"):  # fmt: skip
        row = found.loc[name, ["value", "lower", "upper", "monte_carlo_error"]]
        assert row["value"] == 0.0, name
        assert row["lower"] < 0.0 < row["upper"], name
        assert row["monte_carlo_error"] > 0.0, name
    half = Z_95 * sqrt(2) / 404
    assert found.loc["caused_shift", "upper"] == pytest.approx(half)
    assert found.loc["caused_shift", "lower"] == pytest.approx(-half)
    for name in ("caused_ratio", "caused_odds_ratio"):
        row = found.loc[name, ["value", "lower", "upper"]]
        assert row["value"] == 1.0
        assert row["lower"] < 0.99 < 1.01 < row["upper"]
    assert "iron_mediated_share" not in found.index


NOBODY = {
    "cases": 0, "cases_without": 0, "cases_with_and_without": 0, "cases_without_iron": 0,
    "cases_with_and_without_iron": 0, "cases_without_both": 0, "everyone_without": 1000,
    "everyone_with_and_without": 1000,
}  # fmt: skip


@pytest.mark.parametrize("persons", [1, 5, 400])
def test_zero_cases_have_finite_limits(persons: int) -> None:
    found = estimates(
        NOBODY | {"persons": persons, "expected_cases": 0.15 * persons, "expected_variance": 0.01}
    )
    limits = found[["value", "lower", "upper", "monte_carlo_error"]]
    assert np.isfinite(limits.to_numpy(float)).all()
    assert found.loc["prevalence", "lower"] == 0.0
    assert found.loc["prevalence", "upper"] >= wilson(0, persons)[1]
    assert found.loc["observed_shift", "value"] == pytest.approx(-0.15)
    assert found.loc["observed_shift", "lower"] < -0.15 < found.loc["observed_shift", "upper"]
    assert "observed_ratio" not in found.index
    assert "attributable_fraction_exposed" not in found.index


def test_all_are_cases() -> None:
    everybody = {name: 400 for name in NOBODY if not name.startswith("everyone")}
    found = estimates(everybody)
    limits = found[["value", "lower", "upper", "monte_carlo_error"]]
    assert np.isfinite(limits.to_numpy(float)).all()
    assert found.loc["prevalence", "upper"] == 1.0
    assert found.loc["prevalence", "lower"] == pytest.approx(wilson(400, 400)[0])


@pytest.mark.parametrize("name", ["prevalence_without", "expected_prevalence"])
def test_limits_of_a_prevalence_are_prevalences(name: str) -> None:
    """One case without the condition, few people: no limit below 0."""
    few = {
        "persons": 20, "cases": 3, "cases_without": 1, "cases_with_and_without": 1,
        "cases_without_iron": 2, "cases_with_and_without_iron": 2, "cases_without_both": 1,
        "expected_cases": 0.5, "expected_variance": 0.5,
    }  # fmt: skip
    found = estimates(few).loc[name]
    assert 0.0 <= found["lower"] <= found["value"] <= found["upper"] <= 1.0


# Replicates and draws


def test_replicates_add_up() -> None:
    other = {"replicate": 1, "persons": 100, "cases": 10, "expected_cases": 12.0,
             "expected_variance": 2.0, "cases_without": 9}  # fmt: skip
    found = estimates({}, other)["value"]
    assert found["prevalence"] == pytest.approx(110 / 500)
    assert found["expected_prevalence"] == pytest.approx(72 / 500)
    assert found["caused_shift"] == pytest.approx((110 - 79) / 500)


def test_draws_are_averaged() -> None:
    found = estimates(
        {"draw": 1}, {"draw": 1, "replicate": 1}, {"draw": 2, "cases": 60, "cases_without": 50,
        "cases_with_and_without": 50},
    )  # fmt: skip
    assert found.loc["caused_shift", "value"] == pytest.approx((0.075 + 0.025) / 2)
    assert found.loc["caused_ratio", "value"] == pytest.approx(sqrt(100 / 70 * 60 / 50))
    assert (found["draws"] == 2).all()
    assert np.isfinite(found["parameter_sd"]).all()


def test_draws_in_which_nobody_had_it_count_for_nothing() -> None:
    found = estimates({"draw": 1}, {"draw": 2, "persons": 0} | dict.fromkeys(CONTRAST_COUNTS, 0))
    assert found.loc["prevalence", "value"] == pytest.approx(0.25)
    assert np.isfinite(found["value"]).all()


# Intervals over draws


def wilson(cases: int, persons: int) -> tuple[float, float]:
    """The interval of Wilson (1927) as textbooks write it."""
    p, z = cases / persons, Z_95
    centre = (p + z**2 / (2 * persons)) / (1 + z**2 / persons)
    half = z / (1 + z**2 / persons) * sqrt(p * (1 - p) / persons + z**2 / (4 * persons**2))
    return max(centre - half, 0.0), min(centre + half, 1.0)


@pytest.mark.parametrize(("cases", "persons"), [(4, 30), (4, 8), (250, 1000), (26, 30)])
def test_a_single_draw_has_the_interval_of_wilson(cases: int, persons: int) -> None:
    found = proportion_over_draws(np.array([float(cases)]), np.array([float(persons)]))
    assert (found.lower, found.upper) == pytest.approx(wilson(cases, persons), abs=1e-12)
    assert found.value == pytest.approx(cases / persons)
    assert np.isnan(found.parameter_sd)


@pytest.mark.parametrize(("cases", "persons"), [(0, 30), (1, 30), (2, 30), (3, 30), (3, 1000)])
def test_few_cases_have_the_lower_limit_of_a_rate(cases: int, persons: int) -> None:
    """That of the exact rate, one-sided; the upper limit is still that of Wilson."""
    found = proportion_over_draws(np.array([float(cases)]), np.array([float(persons)]))
    exact = chi2.ppf(0.05, 2 * cases) / 2 / persons if cases else 0.0
    assert found.lower == pytest.approx(exact, abs=0.013 / persons)
    assert found.upper == pytest.approx(wilson(cases, persons)[1], abs=1e-12)
    healthy = proportion_over_draws(np.array([float(persons - cases)]), np.array([float(persons)]))
    assert (healthy.lower, healthy.upper) == pytest.approx((1 - found.upper, 1 - found.lower))


def test_wilson_by_a_published_example() -> None:
    """15 of 148: 0.0624 to 0.1605 (Newcombe 1998, Stat Med 17:857)."""
    found = proportion_over_draws(np.array([15.0]), np.array([148.0]))
    assert (found.lower, found.upper) == pytest.approx((0.0624, 0.1605), abs=5e-5)


def test_one_draw_has_no_spread_of_parameters() -> None:
    for kind in ("difference", "share", "ratio"):
        found = over_draws(np.array([[0.4, 0.5]]), np.array([[0.01, 0.04]]), kind=kind)
        assert np.isnan(found.parameter_sd).all()
        assert found.value == pytest.approx([0.4, 0.5])
        assert found.monte_carlo_error == pytest.approx([0.1, 0.2])


def test_draws_by_hand() -> None:
    """Values 1, 2, 3, 3, 6 of variance 0.5: mean 3, spread 14/4, of which 0.5 is not parameters."""
    found = over_draws(np.array([1.0, 2, 3, 3, 6]), np.full(5, 0.5), kind="difference")
    between = 14 / 4 - 0.5
    assert found.value == pytest.approx(3.0)
    assert found.parameter_sd == pytest.approx(sqrt(between))
    assert found.monte_carlo_error == pytest.approx(sqrt(0.5 / 5))
    assert found.upper - found.value == pytest.approx(t_quantile(4) * sqrt(between + 0.5 / 5))
    assert found.value - found.lower == pytest.approx(t_quantile(4) * sqrt(between + 0.5 / 5))


@pytest.mark.parametrize("draws", [2, 3, 4])
def test_few_draws_have_no_interval(draws: int) -> None:
    """But an error, which says how many replicates are enough, and a spread."""
    values, counts = np.linspace(1.0, 2.0, draws), np.linspace(10.0, 20.0, draws)
    for found in (
        *(over_draws(values, np.full(draws, 0.01), kind=k) for k in ("difference", "ratio")),
        proportion_over_draws(counts, np.full(draws, 100.0)),
    ):
        assert np.isnan(found.lower)
        assert np.isnan(found.upper)
        assert found.value > 0
        assert found.monte_carlo_error > 0
        assert found.parameter_sd > 0


def test_ratios_by_hand() -> None:
    """Ratios 1 and 4 thrice each: 2 on the log scale, with a variance of 6/5 of log(2)²."""
    found = over_draws(np.array([1.0, 4.0] * 3), np.array([0.01, 0.16] * 3), kind="ratio")
    within = (0.01 / 1 + 0.16 / 16) / 2
    between = 6 / 5 * log(2) ** 2 - within
    assert found.value == pytest.approx(2.0)
    assert found.parameter_sd == pytest.approx(2.0 * sqrt(between))
    assert found.monte_carlo_error == pytest.approx(2.0 * sqrt(within / 6))
    half = t_quantile(5) * sqrt(between + within / 6)
    assert (found.lower, found.upper) == pytest.approx((2 * exp(-half), 2 * exp(half)))


def test_missing_draws_are_left_out() -> None:
    values = np.array([[1.0, np.nan], [3.0, np.nan], [np.nan, np.nan], [np.inf, 5.0]])
    found = over_draws(values, np.full((4, 2), 0.1), kind="difference")
    assert found.value == pytest.approx([2.0, 5.0])
    assert np.isnan(found.parameter_sd[1])
    nothing = over_draws(np.full(3, np.nan), np.ones(3), kind="ratio")
    assert np.isnan(nothing.value)


def test_a_share_is_at_most_one() -> None:
    found = over_draws(np.array([0.95]), np.array([0.01]), kind="share")
    assert found.upper == 1.0
    assert found.lower == pytest.approx(0.95 - Z_95 * 0.1)


# Rare outcomes


def counted(
    rng: np.random.Generator, persons: int, both: float, only_with: float, only_without: float
) -> dict[str, int]:
    """Counts of one study of people who are cases in two worlds, or in one, or in none."""
    shares = [both, only_with, only_without, 1.0 - both - only_with - only_without]
    a, b, c, _ = rng.multinomial(persons, shares).tolist()
    return {
        "persons": persons, "cases": a + b, "cases_without": a + c, "cases_with_and_without": a,
        "cases_without_iron": a + c, "cases_with_and_without_iron": a, "cases_without_both": a + c,
        "everyone_persons": persons, "everyone_cases": a + b, "everyone_without": a + c,
        "everyone_with_and_without": a,
    }  # fmt: skip


STUDIES = 3000
RARE = [
    (5, 0.2, 0.3, 0.05), (20, 0.05, 0.05, 0.0), (20, 0.02, 0.1, 0.0), (100, 0.05, 0.05, 0.0),
    (100, 0.02, 0.1, 0.0), (100, 0.1, 0.1, 0.02), (1000, 0.05, 0.004, 0.0),
    (1000, 0.001, 0.01, 0.0), (1000, 0.005, 0.05, 0.001),
]  # fmt: skip


@pytest.mark.parametrize(("persons", "both", "only_with", "only_without"), RARE)
def test_intervals_hold_rare_shifts(
    persons: int, both: float, only_with: float, only_without: float
) -> None:
    """Nominally 95 %: at least 93 % where few people, or none, are cases in one world only."""
    rng = np.random.default_rng(persons)
    rows = [counted(rng, persons, both, only_with, only_without) for _ in range(STUDIES)]
    table = pd.DataFrame([ROW | row for row in rows])
    table["condition"] = np.arange(STUDIES)  # a study each
    found = estimate_shifts(table)
    with_it, without = both + only_with, both + only_without
    truth = {
        "prevalence": with_it,
        "prevalence_without": without,
        "caused_shift": with_it - without,
        "iron_mediated_shift": with_it - without,
        "caused_ratio": with_it / without,
        "caused_odds_ratio": (with_it / (1 - with_it)) / (without / (1 - without)),
        "attributable_fraction_exposed": (with_it - without) / with_it,
        "attributable_fraction_population": (with_it - without) / with_it,
    }
    for name, true in truth.items():
        rows_of = found[found["estimate"] == name]
        missed = (rows_of["lower"] > true) | (
            rows_of["upper"] < true
        )  # one without limits misses none
        assert missed.sum() / STUDIES < 0.07, name
        given = rows_of[rows_of["lower"].notna()]
        assert (given["upper"] > given["lower"]).all(), name
        if "ratio" not in name:
            assert rows_of["lower"].notna().all(), name


def test_a_ratio_of_few_cases_has_no_interval() -> None:
    few = {"cases_without": 9, "cases_with_and_without": 9}
    found = estimates(few)
    assert found.loc["caused_ratio", "value"] == pytest.approx(100 / 9)
    for name in ("caused_ratio", "caused_odds_ratio"):
        assert found.loc[name, ["lower", "upper"]].isna().all()
        assert found.loc[name, "monte_carlo_error"] > 0
    assert found.loc["observed_ratio", "lower"] > 1.0, "of expected ones there may be few"
    enough = estimates({"cases_without": 10, "cases_with_and_without": 10})
    assert enough.loc["caused_ratio", "lower"] > 1.0


@pytest.mark.parametrize(("cases", "persons"), [(0, 7), (1, 1), (0, 1), (7, 7), (0, 10_000)])
def test_certainty_has_an_error_and_an_interval(cases: int, persons: int) -> None:
    """So that it is said how many replicates would tell more."""
    found = proportion_over_draws(np.array([float(cases)]), np.array([float(persons)]))
    share = (cases + 2) / (persons + 4)
    assert found.monte_carlo_error == pytest.approx(sqrt(share * (1 - share) / (persons + 4)))
    assert found.upper > found.lower


def test_many_draws_of_few_people_do_not_drift() -> None:
    """The people added are shared among the draws: their mean is held as often as it should be."""
    rng = np.random.default_rng(3)
    draws, persons, studies = 20, 30, 400
    rows = [
        ROW | counted(rng, persons, 0.1, 0.3, 0.0) | {"draw": draw, "condition": study}
        for study in range(studies)
        for draw in range(draws)
    ]
    found = estimate_shifts(pd.DataFrame(rows))
    shifts = found[found["estimate"] == "caused_shift"]
    held = (shifts["lower"] <= 0.3) & (shifts["upper"] >= 0.3)
    assert held.mean() > 0.93


DRAWS, RUNS = 8, 4000


def simulated(kind: str, sd: float, error: float, draws: int = DRAWS, seed: int = 1) -> Interval:
    """Intervals of many studies whose estimand is 2; sd and error are on the scale of the kind."""
    rng = np.random.default_rng(seed)
    centre = log(2.0) if kind == "ratio" else 2.0
    truth = rng.normal(centre, sd, (draws, RUNS))
    found = rng.normal(truth, error)
    if kind == "ratio":
        found = np.exp(found)
        return over_draws(found, (error * found) ** 2, kind=kind)
    return over_draws(found, np.full_like(found, error**2), kind=kind)


@pytest.mark.parametrize("kind", ["difference", "ratio"])
def test_interval_without_spread_of_parameters_covers_the_truth(kind: str) -> None:
    """Monte-Carlo error only: 95 % of intervals hold the truth; more where draws add caution."""
    one = simulated(kind, 0.0, 0.3, draws=1)
    covered = (one.lower < 2.0) & (one.upper > 2.0)
    assert covered.mean() == pytest.approx(0.95, abs=4.5 * sqrt(0.95 * 0.05 / RUNS))
    several = simulated(kind, 0.0, 0.3)
    covered = (several.lower < 2.0) & (several.upper > 2.0)
    assert 0.94 < covered.mean() < 1.0


@pytest.mark.parametrize("kind", ["difference", "ratio"])
@pytest.mark.parametrize("error", [0.05, 0.2])
def test_interval_holds_what_another_draw_of_the_parameters_would_give(
    kind: str, error: float
) -> None:
    """The interval is about the spread of the parameters: it holds 95 % of further draws' truths.

    A little less with 40 draws, from which the spread is only estimated.
    """
    found = simulated(kind, 0.4, error, draws=40)
    centre = log(2.0) if kind == "ratio" else 2.0
    another = np.random.default_rng(2).normal(centre, 0.4, RUNS)
    another = np.exp(another) if kind == "ratio" else another
    covered = (found.lower < another) & (found.upper > another)
    assert 0.925 < covered.mean() < 0.965


@pytest.mark.parametrize("kind", ["difference", "ratio"])
@pytest.mark.parametrize("error", [0.05, 0.3])
def test_spread_of_parameters_is_recovered(kind: str, error: float) -> None:
    found = simulated(kind, 0.4, error, draws=60)
    sd = found.parameter_sd / found.value if kind == "ratio" else found.parameter_sd
    assert np.sqrt((sd**2).mean()) == pytest.approx(0.4, rel=0.02)
    assert np.quantile(sd, 0.01) > 0.2
    assert np.quantile(sd, 0.99) < 0.6
    nothing = simulated(kind, 0.0, error, draws=60)
    assert np.median(nothing.parameter_sd) < 0.35 * error * nothing.value.mean()


def test_nested_variance_from_simulated_people() -> None:
    """Draws with prevalences of their own, replicates of people: both variances come back."""
    rng = np.random.default_rng(3)
    prevalence = np.clip(rng.normal(0.2, 0.03, 200), 0.01, 0.99)
    errors = {}
    for replicates in (1, 4, 16):
        rows = [
            ROW | {"draw": d, "replicate": r, "cases": rng.binomial(400, p)}
            for d, p in enumerate(prevalence)
            for r in range(replicates)
        ]
        found = estimate_shifts(pd.DataFrame(rows)).set_index("estimate").loc["prevalence"]
        assert found["parameter_sd"] == pytest.approx(prevalence.std(ddof=1), rel=0.15)
        assert found["value"] == pytest.approx(prevalence.mean(), abs=0.005)
        errors[replicates] = found["monte_carlo_error"]
        expected = np.sqrt((prevalence * (1 - prevalence)).mean() / (400 * replicates * 200))
        assert errors[replicates] == pytest.approx(expected, rel=0.05)
    assert errors[1] == pytest.approx(2 * errors[4], rel=0.05)
    assert errors[4] == pytest.approx(2 * errors[16], rel=0.05)


def test_coverage_of_the_caused_shift_by_simulated_people() -> None:
    """Pairs of states of the same people: 95 % of intervals hold the true shift."""
    rng = np.random.default_rng(4)
    runs, n = 3000, 500
    both, only, neither_way = 0.06, 0.05, 0.01
    cells = rng.multinomial(n, [both, only, neither_way, 1 - both - only - neither_way], runs)
    rows = [
        ROW
        | {
            "condition": run, "persons": n, "cases": a + b, "cases_without": a + c,
            "cases_with_and_without": a,
        }
        for run, (a, b, c, _) in enumerate(cells)
    ]  # fmt: skip
    shifts = estimate_shifts(pd.DataFrame(rows))
    for name, truth in (("caused_shift", 0.04), ("caused_ratio", 0.11 / 0.07)):
        found = shifts[shifts["estimate"] == name]
        assert len(found) == runs
        covered = (found["lower"] < truth) & (found["upper"] > truth)
        assert 0.93 < covered.mean() < 0.97, name


def test_coverage_of_the_observed_shift_by_simulated_people() -> None:
    rng = np.random.default_rng(5)
    runs, exposed, unexposed = 3000, 60, 2000
    x = rng.binomial(exposed, 0.08, runs)
    other = rng.binomial(unexposed, 0.05, runs) / unexposed
    rows = [
        ROW
        | {
            "condition": run, "persons": exposed, "cases": x[run],
            "expected_cases": exposed * other[run],
            "expected_variance": exposed**2 * other[run] * (1 - other[run]) / unexposed,
        }
        for run in range(runs)
    ]  # fmt: skip
    shifts = estimate_shifts(pd.DataFrame(rows))
    found = shifts[shifts["estimate"] == "observed_shift"]
    covered = (found["lower"] < 0.03) & (found["upper"] > 0.03)
    assert 0.93 < covered.mean() < 0.99


def test_delta_variance_of_a_product() -> None:
    """Var(a b) = b² Va + a² Vb + 2 a b Cab, by slopes."""
    a, b = np.array([2.0, 3.0]), np.array([5.0, 7.0])
    va, vb, cab = np.array([0.1, 0.2]), np.array([0.3, 0.1]), np.array([0.05, -0.05])
    value, variance = delta_variance(lambda x, y: x * y, [a, b], [[va, cab], [cab, vb]])
    assert value == pytest.approx(a * b)
    assert variance == pytest.approx(b**2 * va + a**2 * vb + 2 * a * b * cab, rel=1e-6)


def test_delta_variance_of_what_does_not_vary() -> None:
    zero = np.zeros(1)
    with np.errstate(divide="ignore", invalid="ignore"):
        _, variance = delta_variance(
            lambda x, y: x / y, [zero + 1.0, zero + 1.0], [[zero, zero]] * 2
        )
    assert variance == 0.0
