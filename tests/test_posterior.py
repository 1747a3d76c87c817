"""The calibration that ships: its draws, the defaults that follow from it, and what is stored of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from conftest import CHECKOUT

from rlsabm.calibration.file import read_calibration
from rlsabm.calibration.reading import read_targets
from rlsabm.parameter_table import PARAMETERS, draw_values
from rlsabm.posterior import CALIBRATION, posterior_values, shipped_posterior
from rlsabm.printing.scorecard import PURPOSES
from rlsabm.scenario import load_scenario
from rlsabm.simulation import simulate

NAMES, VALUES = shipped_posterior()


def test_it_has_the_parameters_of_the_file() -> None:
    assert [parameter.name for parameter in read_calibration("calibration").parameters] == list(
        NAMES
    )
    assert VALUES.shape == (200, 24)
    for name, values in zip(NAMES, VALUES.T, strict=True):
        assert PARAMETERS[name].lower <= values.min() < values.max() <= PARAMETERS[name].upper


@pytest.mark.parametrize("name", NAMES)
def test_defaults_are_means_of_the_posterior(name: str) -> None:
    """To three digits."""
    mean = VALUES[:, NAMES.index(name)].mean()
    assert PARAMETERS[name].default == float(f"{mean:.3g}")


def test_draws_are_different_rows_in_an_order_of_the_seed() -> None:
    rows = [posterior_values(draw, seed=5) for draw in range(1, 201)]
    found = np.array([list(row.values()) for row in rows])
    assert list(rows[0]) == list(NAMES)
    order = [np.flatnonzero((row == VALUES).all(axis=1))[0] for row in found]
    assert sorted(map(tuple, found)) == sorted(map(tuple, VALUES))
    assert order != sorted(order)
    assert posterior_values(201, seed=5) == rows[0]
    assert posterior_values(1, seed=6) != rows[0]


def test_a_draw_takes_calibrated_parameters_together() -> None:
    drawn, from_priors = draw_values(3, 7), draw_values(3, 7, priors=True)
    assert drawn == posterior_values(3, 7)
    varying = {name for name, parameter in PARAMETERS.items() if parameter.prior != "fixed"}
    assert set(from_priors) == varying > set(NAMES)
    assert all(drawn[name] != from_priors[name] for name in NAMES)
    assert draw_values(0, 7) == {}


@pytest.mark.parametrize("priors", [False, True])
def test_a_scenario_says_which(priors: bool) -> None:
    study = simulate(size=300, draws=2, seed=7, tables="draws", changes={"runs.priors": priors})
    found = study.table("draws").set_index(["draw", "parameter"])["value"]
    for draw in (1, 2):
        for name, value in draw_values(draw, 7, priors=priors).items():
            assert found[draw, name] == pytest.approx(value)


def test_other_draws_make_another_study() -> None:
    """But not of a single draw, which has the defaults."""
    one, other = (
        load_scenario("baseline", [f"runs.priors={word}", "runs.draws=2"]).identity_hash()
        for word in ("true", "false")
    )
    assert one != other
    single = {
        load_scenario("baseline", [f"runs.priors={w}"]).identity_hash() for w in ("true", "false")
    }
    assert len(single) == 1


def test_the_fit_that_is_stored_is_of_the_targets_as_they_are() -> None:
    fit = pd.read_parquet(CALIBRATION / "fit.parquet").set_index("target")
    targets = read_calibration("calibration").targets
    assert list(fit.index) == [target.key for target in targets]
    for target in targets:
        row = fit.loc[target.key]
        assert row["published"] == pytest.approx(target.value)
        lower, upper = target.interval
        if not target.is_ordering:
            assert [row["published_lower"], row["published_upper"]] == pytest.approx([lower, upper])
        assert row["inside"] == (lower <= row["simulated"] <= upper)


def test_the_scorecard_that_is_stored_is_of_the_targets_as_they_are() -> None:
    card = pd.read_parquet(CHECKOUT / "docs" / "scorecard.parquet").set_index("target")
    targets = [target for purpose in PURPOSES for target in read_targets(purpose)]
    assert list(card.index) == [target.key for target in targets]
    for target in targets:
        row = card.loc[target.key]
        assert (row["says"], row["source"]) == (target.published.says, target.published.source)
        assert row["note"] == (target.published.note or "")
        assert row["published"] == pytest.approx(target.value)
        limits = [row["published_lower"], row["published_upper"]]
        assert limits == pytest.approx(list(target.interval))
