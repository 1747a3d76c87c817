"""Figures of samples: values by hand, errors by closed forms, studies of a size."""

from __future__ import annotations

import numpy as np
import pytest

from rlsabm.calibration.samples import (
    PARTS,
    Sample,
    geometric_mean,
    mean,
    odds_ratio,
    percentile,
    rate,
    share,
)


def families(people: int) -> np.ndarray:
    """Everybody has a family of one's own."""
    return np.arange(people, dtype=np.uint64)


def test_values_by_hand() -> None:
    who = families(4)
    assert share(np.array([True, False, False, True]), who).value() == 0.5
    assert mean(np.array([1.0, 2.0, 3.0, 6.0]), who).value() == 3.0
    assert geometric_mean(np.array([1.0, 2.0, 4.0, 8.0]), who).value() == pytest.approx(8**0.5)
    events, years = np.array([1.0, 0.0, 2.0, 0.0]), np.array([1.0, 0.5, 1.0, 0.5])
    assert rate(events, years, who).value() == 1.0
    values = np.array([5.0, 1.0, 3.0, 2.0])
    assert [percentile(values, q, who).value() for q in (10, 25, 50, 75, 99)] == [1, 1, 2, 3, 5]


def test_percentiles_count_the_people() -> None:
    values = np.random.default_rng(1).permutation(np.arange(1.0, 101.0))
    for percent in (1, 37, 80, 99):
        assert percentile(values, percent, families(100)).value() == percent


def test_nobody_has_no_figure() -> None:
    none = np.zeros(0)
    for sample in (
        share(none > 0, families(0)),
        mean(none, families(0)),
        percentile(none, 50, families(0)),
    ):
        assert np.isnan(sample.value())
        assert np.isnan(sample.monte_carlo_sd())
        assert len(sample.studies(10, 5, 1)) == 0


def test_a_crude_odds_ratio() -> None:
    # 3 of 5 exposed and 2 of 8 others are cases: (3 x 6) / (2 x 2).
    exposed = np.array([True] * 5 + [False] * 8)
    cases = np.array([True] * 3 + [False] * 2 + [True] * 2 + [False] * 6)
    one = np.zeros(13, dtype=np.uint64)
    assert odds_ratio(cases, exposed, one, families(13)).value() == 4.5


def test_mantel_and_haenszel_by_hand() -> None:
    """Counts of two strata: exposed cases, exposed others, other cases, others."""
    tables = {0: (2, 1, 3, 4), 7: (5, 2, 1, 2)}
    rows = [
        (stratum, exposed, case)
        for stratum, counts in tables.items()
        for (exposed, case), count in zip([(1, 1), (1, 0), (0, 1), (0, 0)], counts, strict=True)
        for _ in range(count)
    ]
    stratum, exposed, case = np.array(rows).T
    found = odds_ratio(case == 1, exposed == 1, stratum.astype(np.uint64), families(len(rows)))
    wanted = (2 * 4 / 10 + 5 * 2 / 10) / (1 * 3 / 10 + 2 * 1 / 10)
    assert found.value() == pytest.approx(wanted)


def test_confounding_by_stratum_is_taken_out() -> None:
    """Within each stratum there is no association, but the exposed are in the one with more cases."""
    stratum = np.array([0] * 100 + [1] * 100, dtype=np.uint64)
    exposed = np.array([True] * 20 + [False] * 80 + [True] * 80 + [False] * 20)
    case = np.concatenate(
        [np.arange(20) < 2, np.arange(80) < 8, np.arange(80) < 40, np.arange(20) < 10]
    )
    who = families(200)
    assert odds_ratio(case, exposed, stratum, who).value() == pytest.approx(1.0)
    assert odds_ratio(case, exposed, 0 * stratum, who).value() > 2.5


def test_the_jackknife_of_few_families_is_exact() -> None:
    """Of a mean of single people it is the standard deviation by the root of their number."""
    for number in (2, 4):
        values = np.array([1.0, 3.0, 4.0, 9.0])[:number]
        found = mean(values, families(number)).monte_carlo_sd()
        assert found == pytest.approx(values.std(ddof=1) / number**0.5)
    assert np.isnan(mean(np.ones(3), np.zeros(3, dtype=np.uint64)).monte_carlo_sd())


def test_the_jackknife_error_of_a_mean_is_that_of_the_closed_form() -> None:
    values = np.random.default_rng(7).normal(5.0, 2.0, 4000)
    found = mean(values, families(4000)).monte_carlo_sd()
    assert found == pytest.approx(values.std() / 4000**0.5, rel=4.5 * (0.5 / PARTS) ** 0.5)


def test_families_that_are_alike_have_a_larger_error() -> None:
    """Ten of each family with one value: the error is that of as many people as there are families."""
    of_family = np.random.default_rng(7).normal(0.0, 1.0, 400)
    values, family = np.repeat(of_family, 10), np.repeat(families(400), 10)
    together = mean(values, family).monte_carlo_sd()
    apart = mean(values, families(4000)).monte_carlo_sd()
    assert together == pytest.approx(of_family.std() / 20.0, rel=0.5)
    assert together > 2.0 * apart


def test_errors_do_not_depend_on_the_order_of_people() -> None:
    generator = np.random.default_rng(7)
    cases, order = generator.random(500) < 0.2, generator.permutation(500)
    sample, other = share(cases, families(500)), share(cases[order], families(500)[order])
    assert sample.value() == other.value()
    assert sample.monte_carlo_sd() == pytest.approx(other.monte_carlo_sd(), rel=1e-12)


def test_no_cases_have_an_error_all_the_same() -> None:
    none = share(np.zeros(100, dtype=bool), families(100))
    assert none.value() == 0.0
    assert none.monte_carlo_sd() == pytest.approx((2 / 104 * 102 / 104 / 104) ** 0.5)
    quiet = rate(np.zeros(100), np.ones(100), families(100))
    assert quiet.monte_carlo_sd() == pytest.approx(0.01)
    brief = rate(np.zeros(1), np.full(1, 0.5), families(1))
    assert brief.monte_carlo_sd() == pytest.approx(2.0)


def test_studies_vary_as_a_binomial_distribution() -> None:
    sample = share(np.arange(10_000) < 2_000, families(10_000))
    found = sample.studies(400, 600, 3)
    assert found.mean() == pytest.approx(0.2, abs=4.5 * 0.02 / 600**0.5)
    assert found.std() == pytest.approx(0.02, rel=4.5 / 1200**0.5)


def test_larger_studies_vary_less_and_are_repeatable() -> None:
    values = np.random.default_rng(7).lognormal(1.0, 0.8, 3_000)
    sample: Sample = percentile(values, 50.0, families(3_000))
    few, many = sample.studies(50, 200, 1), sample.studies(5_000, 200, 1)
    assert few.std() > 5.0 * many.std()
    np.testing.assert_array_equal(few, sample.studies(50, 200, 1))


def test_every_unit_may_be_drawn() -> None:
    found = share(np.array([True, False, False]), families(3)).studies(300, 50, 5)
    assert found.mean() == pytest.approx(1 / 3, abs=0.03)


def test_studies_only_where_a_size_is_known() -> None:
    sample = share(np.arange(10) < 2, families(10))
    assert len(sample.figure().studies) == len(sample.figure(20).studies) == 0
    assert len(sample.figure(None, 5).studies) == 0
    assert len(sample.figure(20, 5).studies) == 5
    assert sample.figure(20, 5).units == 10
