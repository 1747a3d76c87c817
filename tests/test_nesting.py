"""Variances within and between replicates, against numbers reckoned by hand and simulated studies."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pandas as pd
import pytest

from rlsabm.results.nesting import WORTH_OF_COUNTS, NestedCounts
from rlsabm.results.summary import pooled
from rlsabm.results.tables.shifts import estimate_shifts

SHARE = ("cases", "persons")


def nested(*runs: tuple[int, int, int, int], **more: object) -> NestedCounts:
    """Counts of runs given as draw, replicate, cases and persons."""
    table = pd.DataFrame(runs, columns=["draw", "replicate", "cases", "persons"])
    table["condition"] = "it"
    for name, values in more.items():
        table[name] = values
    keys = ["condition", *more]
    return NestedCounts(table, keys, ["cases", "persons"])


def variance(n: NestedCounts, reckoned: float) -> np.ndarray:
    return n.covariance(np.full_like(n["persons"], reckoned), SHARE, SHARE)


def test_counts_of_replicates_add_up_and_keys_stay_apart() -> None:
    n = nested(
        (0, 0, 10, 100), (0, 1, 30, 100), (1, 0, 7, 50), (0, 0, 1, 9), sex=["f", "f", "f", "m"]
    )
    assert n.rows["sex"].tolist() == ["f", "m"]
    assert n.draws.tolist() == [0, 1]
    assert n["cases"].tolist() == [[40, 1], [7, 0]]
    assert n["persons"].tolist() == [[200, 9], [50, 0]]
    assert n.replicates.tolist() == [[2, 2], [1, 1]]
    assert n.total("cases").tolist() == [47, 1]


def test_two_replicates_by_hand() -> None:
    """Shares 0.1 and 0.3 of 100 each: (0.1² + 0.1²) / 2 is the variance of their mean, 0.01."""
    n = nested((0, 0, 10, 100), (0, 1, 30, 100))
    wanted = (WORTH_OF_COUNTS * 0.0008 + 1 * 0.01) / (WORTH_OF_COUNTS + 1)
    assert variance(n, 0.0008) == pytest.approx(wanted)


def test_replicates_of_unequal_size_by_hand() -> None:
    """10 of 100 and 40 of 100 and 30 of 200, share 0.2: residuals -10, 20, -10."""
    n = nested((0, 0, 10, 100), (0, 1, 40, 100), (0, 2, 30, 200))
    between = 3 / 2 * (100 + 400 + 100) / 400**2
    wanted = (WORTH_OF_COUNTS * 0.001 + 2 * between) / (WORTH_OF_COUNTS + 2)
    assert variance(n, 0.001) == pytest.approx(wanted)


def test_a_single_replicate_shows_nothing() -> None:
    assert variance(nested((0, 0, 10, 100), (1, 0, 30, 100)), 0.0009) == pytest.approx(0.0009)


def test_draws_do_not_count_as_replicates() -> None:
    """Draws with shares 0.1 and 0.5, replicates alike: all that differs is the parameters."""
    n = nested((0, 0, 10, 100), (0, 1, 10, 100), (1, 0, 50, 100), (1, 1, 50, 100))
    wanted = WORTH_OF_COUNTS * 0.001 / (WORTH_OF_COUNTS + 2)
    assert variance(n, 0.001) == pytest.approx(wanted)


def test_all_draws_tell_what_replicates_are_worth() -> None:
    """Many draws of two replicates are worth as much as one draw of many."""
    runs = [(draw, r, (10, 30)[r], 100) for draw in range(40) for r in range(2)]
    wanted = (WORTH_OF_COUNTS * 0.0008 + 40 * 0.01) / (WORTH_OF_COUNTS + 40)
    assert variance(nested(*runs), 0.0008) == pytest.approx(wanted)
    # A draw that has only one replicate yet says nothing of its own.
    some = variance(nested(*runs[:-1]), 0.0008)
    assert some[-1] == pytest.approx(0.0008)
    assert some[0] == pytest.approx((WORTH_OF_COUNTS * 0.0008 + 39 * 0.01) / (WORTH_OF_COUNTS + 39))


def test_a_run_without_such_people_counts_nobody() -> None:
    """Men in one replicate only: 5 of 10, so that their share does not differ between replicates."""
    n = nested((0, 0, 10, 100), (0, 1, 30, 100), (0, 0, 5, 10), sex=["f", "f", "m"])
    wanted = WORTH_OF_COUNTS * 0.025 / (WORTH_OF_COUNTS + 1)
    assert variance(n, 0.025)[0, 1] == pytest.approx(wanted)


def test_arms_have_replicates_of_their_own() -> None:
    n = nested((0, 0, 10, 100), (0, 1, 30, 100), (0, 0, 10, 100), arm=["reference"] * 2 + ["more"])
    assert n.replicates.tolist() == [[2, 1]]
    assert variance(n, 0.0009)[0].tolist() == pytest.approx(
        [(WORTH_OF_COUNTS * 0.0009 + 0.01) / (WORTH_OF_COUNTS + 1), 0.0009]
    )


def test_one_replicate_of_an_arm_beside_two_of_another() -> None:
    """A share that rounding does not give back exactly: 0 degrees of freedom are worth nothing."""
    runs = [(0, 0, 10, 100), (0, 1, 30, 100), *((draw, 0, 7, 1000 + draw) for draw in range(50))]
    n = nested(*runs, arm=["reference"] * 2 + ["more"] * 50)
    assert (variance(n, 0.0009)[:, 1] == 0.0009).all()


def test_how_two_shares_go_together() -> None:
    """Cases and their twins in another world rise and fall together, so their difference is firm."""
    table = pd.DataFrame(
        {"draw": 0, "replicate": [0, 1], "condition": "it", "cases": [12, 32], "twins": [10, 30],
         "persons": 100}
    )  # fmt: skip
    n = NestedCounts(table, ["condition"], ["cases", "twins", "persons"])
    none = np.zeros((1, 1))
    parts = {
        (one, other): n.covariance(none, (one, "persons"), (other, "persons"))
        for one in ("cases", "twins")
        for other in ("cases", "twins")
    }
    assert all(part == pytest.approx(0.01 / (WORTH_OF_COUNTS + 1)) for part in parts.values())


# Studies whose populations differ as a whole ----------------------------------------------------

PERSONS, STUDIES = 2000, 600


def simulated(replicates: int, drift: float, seed: int = 5) -> pd.DataFrame:
    """Prevalences of many studies: each population has one of its own, around 10 %."""
    rng = np.random.default_rng(seed)
    shape = (STUDIES, replicates)
    own = np.clip(rng.normal(0.1, drift, shape), 0.0, 1.0)
    cases = rng.binomial(PERSONS, own)
    study, replicate = np.indices(shape)
    return pd.DataFrame(
        {
            "study": study.ravel(),
            "draw": 0,
            "replicate": replicate.ravel(),
            "cases": cases.ravel(),
            "persons": PERSONS,
        }
    )


@pytest.mark.parametrize("drift", [0.0, 0.012])
def test_many_replicates_show_the_variance_as_it_is(drift: float) -> None:
    """With 40 of them 95 % of the intervals hold the truth, whether or not relatives matter."""
    found = pooled(simulated(40, drift), ["study"])
    covered = (found["lower"] < 0.1) & (found["upper"] > 0.1)
    assert covered.mean() == pytest.approx(0.95, abs=4.5 * sqrt(0.95 * 0.05 / STUDIES))
    if drift:  # as if unrelated, they would not
        error = np.sqrt(found["prevalence"] * (1 - found["prevalence"]) / found["persons"])
        assert (abs(found["prevalence"] - 0.1) < 1.96 * error).mean() < 0.8


def test_few_replicates_do_no_harm() -> None:
    """Where people are unrelated, two replicates leave intervals as good as one."""
    found = pooled(simulated(2, 0.0), ["study"])
    covered = (found["lower"] < 0.1) & (found["upper"] > 0.1)
    assert covered.mean() == pytest.approx(0.945, abs=4.5 * sqrt(0.95 * 0.05 / STUDIES))


def test_estimates_of_shifts_know_replicates() -> None:
    """Prevalences of populations that drift; what a condition causes is the same in each."""
    runs = simulated(30, 0.02).rename(columns={"study": "condition"})
    runs = runs[runs["condition"] < 40]
    rng = np.random.default_rng(6)
    caused = rng.binomial(runs["persons"] - runs["cases"], 0.01)
    table = runs.assign(
        world="without it", cases_without=runs["cases"], cases=runs["cases"] + caused,
        cases_with_and_without=runs["cases"], expected_cases=0.0, expected_variance=0.0,
        cases_without_iron=np.nan, cases_with_and_without_iron=np.nan, cases_without_both=np.nan,
        everyone_persons=runs["persons"], everyone_cases=np.nan, everyone_without=np.nan,
        everyone_with_and_without=np.nan,
    )  # fmt: skip
    found = estimate_shifts(table)
    of = {str(name): rows for name, rows in found.groupby("estimate", observed=True)}
    by_run = table.assign(x=table["cases"] / PERSONS, shift=caused / PERSONS)
    truth = by_run.groupby("condition")[["x", "shift"]].std().pow(2).mean().pow(0.5) / sqrt(30)
    errors = {name: (rows["monte_carlo_error"] ** 2).mean() ** 0.5 for name, rows in of.items()}
    assert errors["prevalence"] == pytest.approx(truth["x"], rel=0.1)
    assert errors["caused_shift"] == pytest.approx(truth["shift"], rel=0.05)
    assert errors["caused_shift"] < errors["prevalence"] / 5
