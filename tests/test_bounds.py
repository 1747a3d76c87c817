"""Values out of bounds: refused by every way in, in words that name the key."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mesa
import numpy as np
import pytest

from rlsabm.errors import UserError
from rlsabm.inputs import values_record
from rlsabm.mesa.model import RLSModel
from rlsabm.parameter_table import PARAMETERS
from rlsabm.setting import make_setting
from rlsabm.study.settings import read_scenario

SHARE = "pregnancy_loss_share"
#: What is no share.
NO_SHARES = (math.nan, math.inf, 5, -0.1, "much", True, None, [0.1], np.float64("nan"))
#: What is no number of people, of replicates and the like.
NO_NUMBERS = (-5, math.nan, True, "many", 300.5, None)

Way = Callable[[dict[str, Any]], Any]


def by_model(content: dict[str, Any]) -> Any:
    """What a scenario says, by keywords of a model that grows nobody."""
    keywords = {**content.get("population", {}), **content.get("runs", {})}
    keywords |= {key: content[key] for key in ("parameters", "conditions") if key in content}
    return RLSModel(**{"size": 300, "grow": False, **keywords})


def by_setting(content: dict[str, Any]) -> Any:
    """The same by keywords of `make_setting`."""
    parameters = content.get("parameters")
    return make_setting(**{"size": 300, **content.get("population", {}), "parameters": parameters})


def by_mapping(content: dict[str, Any]) -> Any:
    """The same as a mapping."""
    return read_scenario({"title": "t", **content})


def in_yaml(value: Any) -> str:
    return json.dumps(value, default=float).replace("NaN", ".nan").replace("Infinity", ".inf")


def by_file(content: dict[str, Any]) -> Any:
    """The same in a file of the current folder."""
    Path("asked.yaml").write_text(in_yaml({"title": "t", **content}), encoding="utf-8")
    return read_scenario("asked.yaml")


def by_set(content: dict[str, Any]) -> Any:
    """The same as settings of the command line."""
    Path("asked.yaml").write_text("title: t\n", encoding="utf-8")
    settings = [
        f"{section}.{key}={in_yaml(value)}"
        for section, values in content.items()
        for key, value in values.items()
    ]
    return read_scenario("asked.yaml", settings)


WAYS: dict[str, Way] = {
    "model": by_model,
    "setting": by_setting,
    "mapping": by_mapping,
    "file": by_file,
}


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def refused(way: Way, content: dict[str, Any], *words: str) -> None:
    """One line that has all these words."""
    with pytest.raises(UserError) as caught:
        way(content)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    for word in words:
        assert word in message


# Parameters


@pytest.mark.parametrize("way", [*WAYS.values(), by_set], ids=[*WAYS, "set"])
@pytest.mark.parametrize("value", NO_SHARES, ids=repr)
def test_what_is_no_share(way: Way, value: Any) -> None:
    refused(way, {"parameters": {SHARE: value}}, f"parameters.{SHARE}", "expected a number")


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_bounds_are_told(way: Way) -> None:
    refused(way, {"parameters": {SHARE: 5}}, "found 5", "from 0 to 0.6")


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_an_unknown_parameter(way: Way) -> None:
    message = f"parameters.{SHARE[:-1]}: "
    refused(way, {"parameters": {SHARE[:-1]: 0.1}}, message, "did you mean", SHARE)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_bounds_themselves_are_fine(way: Way) -> None:
    parameter = PARAMETERS[SHARE]
    for value in (parameter.lower, parameter.upper, np.float64(0.1), 0):
        assert way({"parameters": {SHARE: value}}) is not None


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_parameter_has_its_bounds_checked(name: str) -> None:
    parameter = PARAMETERS[name]
    beyond = [math.nan, True, "x"]
    beyond += [edge + sign for edge, sign in ((parameter.lower, -1), (parameter.upper, 1))]
    for value in beyond:
        with pytest.raises(UserError, match=rf"^parameters\.{name}: found .*expected a number"):
            values_record({name: value})
    for value in (parameter.lower, parameter.upper):
        assert values_record({name: value})[name] == value


@pytest.mark.parametrize("value", NO_SHARES, ids=repr)
def test_drawn_values_are_checked(value: Any) -> None:
    with pytest.raises(UserError, match=SHARE):
        make_setting(size=300, drawn={SHARE: value})


# Sizes, seeds, replicates, years


@pytest.mark.parametrize("way", [by_model, by_mapping, by_file, by_set])
@pytest.mark.parametrize("value", [*NO_NUMBERS, 0, 99, 10**9], ids=repr)
def test_what_is_no_size(way: Way, value: Any) -> None:
    refused(
        way, {"population": {"size": value}}, "population.size", "expected a whole number from 100"
    )


@pytest.mark.parametrize("value", [*NO_NUMBERS, 0], ids=repr)
def test_what_is_no_size_of_a_setting(value: Any) -> None:
    refused(by_setting, {"population": {"size": value}}, "size")


@pytest.mark.parametrize("way", [by_mapping, by_file, by_set])
@pytest.mark.parametrize("key", ["seed", "replicates", "draws"])
@pytest.mark.parametrize("value", NO_NUMBERS, ids=repr)
def test_what_is_no_number_of_runs(way: Way, key: str, value: Any) -> None:
    refused(way, {"runs": {key: value}}, f"runs.{key}", "expected a whole number from")


@pytest.mark.parametrize("key", ["seed", "replicate", "years", "threads"])
@pytest.mark.parametrize("value", [v for v in NO_NUMBERS if v is not None], ids=repr)
def test_what_is_no_number_of_a_model(key: str, value: Any) -> None:
    refused(by_model, {"runs": {key: value}}, f"{key}: found ", "expected a whole number from")


@pytest.mark.parametrize("value", [-1, math.nan, True, "x", 20, 10**6], ids=repr)
def test_what_is_no_number_of_years_before(value: Any) -> None:
    for way in (by_model, by_mapping, by_file, by_set):
        refused(way, {"population": {"founders_years_before": value}}, "founders_years_before")


@pytest.mark.parametrize("value", [-1, 20])
def test_what_is_no_number_of_years_before_of_a_setting(value: Any) -> None:
    refused(by_setting, {"population": {"founders_years_before": value}}, "founders_years_before")


@pytest.mark.parametrize("value", [math.nan, 130.5, "x", 10**6], ids=repr)
def test_what_is_no_whole_number_of_years_before_of_a_setting(value: Any) -> None:
    refused(by_setting, {"population": {"founders_years_before": value}}, "founders_years_before")


@pytest.mark.parametrize("start", [-1, math.nan, True, "x", 2019.5, "2019-13"], ids=repr)
def test_what_is_no_start(start: Any) -> None:
    with pytest.raises(UserError, match=r"^start: .* is neither a year such as 2019 nor a month"):
        RLSModel(size=300, start=start, grow=False)


@pytest.mark.parametrize("start", [1850, 1950, 2050])
def test_a_start_without_tables(start: int) -> None:
    with pytest.raises(UserError, match=f"start: .*{start}"):
        RLSModel(size=300, start=start, grow=False)


@pytest.mark.parametrize("year", [1850, 2050, math.nan, 2019.5, True], ids=repr)
def test_years_of_a_setting(year: Any) -> None:
    with pytest.raises(UserError, match=r"^observe\.years: "):
        make_setting(size=300, survey_years=(year,))


@pytest.mark.parametrize("years", [(), (2019, 2018), (2018, 2018)], ids=repr)
def test_years_of_a_setting_ascend(years: tuple[int, ...]) -> None:
    with pytest.raises(UserError, match="years"):
        make_setting(size=300, survey_years=years)


# Conditions


CONDITIONS: list[tuple[str, dict[str, Any], str]] = [
    ("obesity", {"absorption_factor": 5}, "obesity.absorption_factor: "),
    ("obesity", {"absorption_factor": math.nan}, "obesity.absorption_factor: "),
    ("obesity", {"absorption_factor": True}, "obesity.absorption_factor: "),
    ("obesity", {"prevalence_women": ["x"]}, "obesity.prevalence_women: "),
    ("obesity", {"enabled": "no"}, "obesity.enabled: "),
    ("dialysis", {"enabled": 1}, "dialysis.enabled: "),
    ("dialysis", {"stage": "CKD 9"}, "dialysis.stage: unknown key"),
    ("obesty", {"enabled": False}, "did you mean obesity?"),
]


@pytest.mark.parametrize("way", [by_model, by_mapping, by_file])
@pytest.mark.parametrize(("name", "block", "message"), CONDITIONS)
def test_conditions(way: Way, name: str, block: dict[str, Any], message: str) -> None:
    refused(way, {"conditions": {name: block}}, message)


def test_a_condition_that_is_no_mapping_beside_a_jurisdiction() -> None:
    with pytest.raises(UserError, match="blood_donation"):
        RLSModel(size=300, grow=False, jurisdiction="denmark", conditions={"blood_donation": True})


# Fields of people


@pytest.fixture(scope="module")
def model() -> RLSModel:
    return RLSModel(size=300, seed=1)


def writes_are_refused(model: RLSModel, name: str, value: Any) -> None:
    """By a person and by people, with the name of the field, and nothing is written."""
    before = model.population.lives.tobytes(), model.population.bodies.tobytes()
    some = model.agents.select(at_most=3)
    for write in (
        lambda: setattr(some[0], name, value),
        lambda: some.set(name, value),
        lambda: some.set(name, [value] * 3),
    ):
        with pytest.raises((TypeError, ValueError), match=rf"^{name}: "):
            write()
    assert before == (model.population.lives.tobytes(), model.population.bodies.tobytes())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, value) for name in ("storage_iron_mg", "weight_kg", "cns_iron_exchangeable")
          for value in (math.nan, math.inf, -1.0, "x")),
        ("other_liability", math.nan), ("liability", math.inf),
        ("vulnerability", 5.0), ("lasting_load", 5), ("lasting_load", math.nan),
        ("rls", 2), ("rls", math.nan), ("rls", -1), ("rls", 0.5),
        ("parity", -1), ("parity", 256), ("parity", 1.5), ("parity", "many"),
        ("death_month", math.nan), ("death_month", 2**40),
        ("kidney", 1), ("kidney", 2), ("kidney", 7), ("kidney", -1), ("kidney", "CKD 9"),
        ("kidney", ""), ("kidney", math.nan), ("kidney", True),
        ("pregnancy", 5), ("pregnancy", "some"), ("sex", 2), ("sex", "femal"),
        ("donor", 3), ("twin", 3), ("cause_of_death", 4), ("cause_of_death", "boredom"),
    ],
)  # fmt: skip
def test_what_a_field_cannot_have(model: RLSModel, name: str, value: Any) -> None:
    writes_are_refused(model, name, value)


@pytest.mark.parametrize("name", ["storage_iron_mg", "weight_kg", "parity", "sex", "birth_month"])
def test_true_is_no_amount(name: str) -> None:
    writes_are_refused(RLSModel(size=300, seed=1), name, True)


@pytest.mark.parametrize("name", ["double_red_cells", "donor_supplements"])
def test_yes_or_no_is_not_seven(name: str) -> None:
    writes_are_refused(RLSModel(size=300, seed=1), name, 7)


@pytest.mark.filterwarnings("ignore:overflow")
def test_a_number_too_large_for_its_field() -> None:
    writes_are_refused(RLSModel(size=300, seed=1), "weight_kg", 1e300)


def test_what_a_field_may_have(model: RLSModel) -> None:
    person = RLSModel(size=300, seed=1).agents[0]
    for name, value in (
        ("storage_iron_mg", 0), ("vulnerability", 1), ("rls", 1), ("kidney", "graft"),
        ("kidney", 6), ("kidney", 0), ("parity", 255), ("other_liability", -3.5),
    ):  # fmt: skip
        setattr(person, name, value)
        assert person.code(name) == value or getattr(person, name) == value


# Seeds of Mesa's batches


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


def test_iterations_with_a_seed_are_the_same() -> None:
    rows = batch(seed=7)
    assert {row["seed"] for row in rows} == {7}
    assert len(set(told(rows))) == 1


def test_a_seed_that_was_told_gives_the_same_people() -> None:
    first = RLSModel(size=300, start=2019)
    again = RLSModel(size=300, start=2019, seed=first.seed)
    assert np.array_equal(first.agents.uids, again.agents.uids)
    assert first.agents.get("liability") == again.agents.get("liability")
