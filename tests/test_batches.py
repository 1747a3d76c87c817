"""Mesa's batches of models: what varies between their runs, and what does not."""

from __future__ import annotations

from typing import Any

import mesa
import numpy as np
import pytest

from rlsabm import RLSModel
from rlsabm.errors import UserError
from rlsabm.mesa.model import rls_prevalence


def test_batch_run() -> None:
    rows = mesa.batch_run(
        RLSModel,
        parameters={"size": 300, "seed": [1, 2], "parameters": [{"donation_enabled": 0.0}]},
        iterations=2,
        max_steps=3,
        data_collection_period=1,
        number_processes=1,
        display_progress=False,
    )
    assert len(rows) == 2 * 2 * 4
    last = {row["RunId"]: row for row in rows}
    assert {row["lived_until"] for row in last.values()} == {"2019-03"}
    assert len({row["rls_prevalence"] for row in last.values()}) == 2  # iterations repeat a seed
    assert [row["Step"] for row in rows[:4]] == [0, 1, 2, 3]
    assert rows[0]["lived_until"] == "2018-12"


def batch(**parameters: Any) -> list[dict[str, Any]]:
    """Last rows of three iterations."""
    rows = mesa.batch_run(
        RLSModel,
        {"size": 300, "start": 2019, **parameters},
        iterations=3,
        max_steps=2,
        number_processes=1,
        display_progress=False,
    )
    assert len(rows) == 3
    return list(rows)


def told(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(row["people"], row["rls_prevalence"]) for row in rows]


def test_iterations_without_a_seed_differ() -> None:
    rows = batch()
    assert len({row["seed"] for row in rows}) == 3
    assert len(set(told(rows))) == 3
    assert {row["replicate"] for row in rows} == {0}


def test_several_processes_and_varied_parameters() -> None:
    rows = mesa.batch_run(
        RLSModel,
        {"size": 300, "start": 2019, "seed": [1, 2], "parameters": [{}, {"deficit_effect": 12.0}]},
        max_steps=1,
        number_processes=2,
        display_progress=False,
    )
    found = {(row["seed"], bool(row["parameters"])): row["rls_prevalence"] for row in rows}
    assert len(rows) == len(found) == 4
    assert found[1, False] < found[1, True]
    assert found[1, False] != found[2, False]
    told_by = {(row["seed"], bool(row["parameters"])): row["people"] for row in rows}
    assert told_by[1, False] == told_by[1, True] != told_by[2, False]


def test_parameters_and_settings_are_varied_by_name() -> None:
    rows = mesa.batch_run(
        RLSModel,
        {"size": 300, "seed": 1, "deficit_effect": [1.0, 20.0], "dialysis.enabled": [True, False]},
        max_steps=1,
        number_processes=1,
        display_progress=False,
    )
    found = {(r["deficit_effect"], r["dialysis.enabled"]): r["rls_prevalence"] for r in rows}
    assert len(rows) == len(found) == 4
    assert found[1.0, True] < found[20.0, True]
    same = RLSModel(
        size=300,
        seed=1,
        parameters={"deficit_effect": 20.0},
        conditions={"dialysis": {"enabled": False}},
    )
    same.step()
    assert found[20.0, False] == rls_prevalence(same)


def test_what_is_given_by_name_goes_before_what_is_given_together() -> None:
    model = RLSModel(
        size=300,
        grow=False,
        parameters={"deficit_effect": 20.0},
        conditions={"dialysis": {"enabled": True}, "blood_donation": {"self_deferral": False}},
        deficit_effect=1.5,
        **{"dialysis.enabled": False},
    )
    inputs = model.population.inputs
    assert (inputs.deficit_effect, inputs.dialysis_enabled) == (1.5, 0)
    assert inputs.donor_self_deferral == 0.0


def test_a_seed_may_be_a_text_of_digits() -> None:
    assert RLSModel(size=300, grow=False, seed="12").seed == 12
    for text in ("1.5", "", "-1", "x", "9" * 20):
        with pytest.raises(UserError, match=r"^seed: found"):
            RLSModel(size=300, grow=False, seed=text)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("sise", "did you mean 'size'?"),
        ("deficit_efect", "did you mean 'deficit_effect'?"),
        ("xyzzy", "neither an argument of a model nor a parameter"),
        ("blood_donation.enabeld", "did you mean conditions.blood_donation.enabled?"),
        ("blood_donatoin.enabled", "did you mean"),
    ],
)
def test_what_is_neither_an_argument_nor_a_parameter(name: str, said: str) -> None:
    with pytest.raises(UserError) as error:
        RLSModel(size=300, grow=False, **{name: 1})
    assert name.partition(".")[0] in str(error.value)
    assert said in str(error.value)
    assert isinstance(error.value, TypeError) == ("." not in name)


def test_iterations_with_a_seed_are_the_same() -> None:
    rows = batch(seed=7)
    assert {row["seed"] for row in rows} == {7}
    assert len(set(told(rows))) == 1


def test_a_seed_that_was_told_gives_the_same_people() -> None:
    first = RLSModel(size=300, start=2019)
    again = RLSModel(size=300, start=2019, seed=first.seed)
    assert np.array_equal(first.agents.uids, again.agents.uids)
    assert first.agents.get("liability") == again.agents.get("liability")
