"""Values out of bounds: refused by every way in, in words that name the key."""

from __future__ import annotations

import inspect
import json
import math
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar

import mesa
import numpy as np
import pandas as pd
import pytest

import rlsabm
from rlsabm import simulation
from rlsabm.errors import UserError
from rlsabm.inputs import values_record
from rlsabm.mesa.columns import COLUMNS, FIELDS, RELATIVES
from rlsabm.mesa.model import RLSModel
from rlsabm.mesa.person import Person
from rlsabm.parameter_table import PARAMETERS
from rlsabm.setting import make_setting
from rlsabm.study.settings import read_scenario
from rlsabm.study.study import Options, run_study

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


@pytest.mark.parametrize(
    "start",
    [-1, math.nan, True, "x", 2019.5, "2019-13", "２０１９-07", np.datetime64("2019")],
    ids=repr,
)
def test_what_is_no_start(start: Any) -> None:
    with pytest.raises(
        UserError, match=r"^start: found .* \(expected a year such as 2019, or a month"
    ):
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


# Every door, every argument, everything that is no number


#: What nobody can take for a number.
NO_NUMBER_AT_ALL: tuple[Any, ...] = (
    math.nan, math.inf, -math.inf, np.float32("nan"), "x", "0.5", "", np.str_("0.5"), b"0.5", True,
    np.bool_(True), np.array(True), None, pd.NA, pd.NaT, np.ma.masked, 1j, np.complex64(1), [0.5], (),
    {}, np.array([0.5]), pd.Series([0.5, 0.5]), Decimal("0.5"), Fraction(1, 2), date(2019, 1, 1),
    pd.Timestamp("2019"), object(), 10**400, -(10**400), np.timedelta64(1, "ns"),
    np.datetime64(1, "ns"), np.array(1, "m8[ns]"),
)  # fmt: skip
#: Numbers in the clothes of a library.
HALVES = (np.float64(0.5), np.float32(0.5), np.array(0.5), np.array(0.5, dtype="f4"))
THREES = (3, np.int64(3), np.uint8(3), np.array(3), 3.0, np.float32(3.0))
PARAMETER_DOORS: dict[str, Callable[[Any], Any]] = {
    "RLSModel": lambda v: RLSModel(size=300, grow=False, parameters={SHARE: v}),
    "simulate": lambda v: rlsabm.simulate(size=300, parameters={SHARE: v}),
    "changes": lambda v: rlsabm.simulate(size=300, changes={f"parameters.{SHARE}": v}),
    "simulate_many": lambda v: rlsabm.simulate_many(size=300, parameters=[{SHARE: v}]),
    "data frame": lambda v: rlsabm.simulate_many(
        size=300, parameters=pd.DataFrame({SHARE: pd.Series([v], dtype=object)})
    ),
    "make_setting": lambda v: make_setting(size=300, parameters={SHARE: v}),
    "drawn": lambda v: make_setting(size=300, drawn={SHARE: v}),
}
COUNT_DOORS: dict[str, Callable[[Any], Any]] = {
    **{
        f"RLSModel {name}": lambda v, name=name: RLSModel(**{"size": 300, "grow": False, name: v})
        for name in ("seed", "replicate", "years", "threads")
    },
    **{
        f"simulate {name}": lambda v, name=name: rlsabm.simulate(**{"size": 300, name: v})
        for name in ("seed", "draws", "replicates", "threads")
    },
    "workers": lambda v: rlsabm.simulate_many(parameters=[{}], size=300, workers=v),
}


@pytest.fixture
def nothing_simulated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulation, "_run", lambda *_: None)


def says_what_it_found(call: Callable[[Any], Any], value: Any) -> None:
    """One short line with what was found and what was expected."""
    with pytest.raises(UserError) as caught:
        call(value)
    message = str(caught.value)
    assert len(message) < 250
    assert message.isprintable(), "on one line"
    assert "(expected " in message


@pytest.mark.usefixtures("nothing_simulated")
@pytest.mark.parametrize("door", PARAMETER_DOORS)
def test_no_door_takes_what_is_no_number(door: str) -> None:
    for value in NO_NUMBER_AT_ALL:
        says_what_it_found(PARAMETER_DOORS[door], value)
    for value in HALVES:
        PARAMETER_DOORS[door](value)


def test_a_mistake_is_said_alike_by_every_door() -> None:
    for value, found in ((7, "found 7 "), (-100, "found -100 "), (np.int64(300), "found 300 ")):
        for call in PARAMETER_DOORS.values():
            with pytest.raises(UserError) as caught:
                call(value)
            assert f"parameters.{SHARE}: {found}(expected a number from 0 to 0.6)" in str(
                caught.value
            )


@pytest.mark.usefixtures("nothing_simulated")
@pytest.mark.parametrize("door", COUNT_DOORS)
def test_no_door_takes_what_is_no_count(door: str) -> None:
    for value in (*NO_NUMBER_AT_ALL, -1, 1.5, np.float32(1.5), 10**30):
        if value is not None:  # means the default
            says_what_it_found(COUNT_DOORS[door], value)
    for value in THREES:
        COUNT_DOORS[door](value)


@pytest.mark.usefixtures("nothing_simulated")
@pytest.mark.parametrize("name", ["years", "shifts", "tables", "parameters", "conditions"])
def test_no_door_takes_what_is_no_list_or_mapping(name: str) -> None:
    for value in (math.nan, True, 1j, pd.NA, b"x", object(), [object()], [math.nan], [True, 1j]):
        says_what_it_found(lambda v: rlsabm.simulate(**{"size": 300, name: v}), value)


@pytest.mark.usefixtures("nothing_simulated")
def test_nothing_is_read_that_is_endless() -> None:
    itself: list[Any] = []
    itself.append(itself)
    of_itself: dict[str, Any] = {}
    of_itself["a"] = of_itself
    for given in (
        {"changes": {"observe.by": itself}},
        {"changes": of_itself},
        {"conditions": of_itself},
        {"parameters": of_itself},
        {"scenario": of_itself},
    ):
        with pytest.raises(UserError, match=r"^(simulate|scenario): .*or holds itself$"):
            rlsabm.simulate(**given)
    with pytest.raises(
        UserError, match=r"^simulate: observe\.years: holds more than 300,000 values"
    ):
        rlsabm.simulate(years=range(1900, 3_001_900))


def test_no_whole_number_is_rounded() -> None:
    for seed in (2.0**53, 1e18):
        for call in (COUNT_DOORS["simulate seed"], COUNT_DOORS["RLSModel seed"]):
            with pytest.raises(UserError, match=r"seed.* without a point or an exponent"):
                call(seed)
    with pytest.raises(UserError, match=r"seed.* without a point or an exponent"):
        read_scenario({"title": "t"}, ["runs.seed=9007199254740993.0"])
    for seed in (2.0**53 - 1, 2**53 + 1):
        study = read_scenario({"title": "t", "runs.seed": seed})
        assert study.scenario.runs.seed == int(seed)


@pytest.mark.usefixtures("nothing_simulated")
def test_one_alone_counts_as_a_list() -> None:
    for years in (2019, 2019.0, np.int64(2019), np.array(2019), [2019], pd.Index([2019]), (2019,)):
        rlsabm.simulate(size=300, years=years)
    rlsabm.simulate(size=300, shifts="pregnancy", instruments="CH-RLSq", tables="prevalence")


@pytest.mark.usefixtures("nothing_simulated")
def test_data_frames_with_mistakes() -> None:
    twice = pd.DataFrame([[0.1, 0.2]], columns=[SHARE, SHARE])
    with pytest.raises(UserError, match=f"{SHARE}: is a column twice"):
        rlsabm.simulate_many(parameters=twice)
    for column in ([0.1, None], [0.1, math.nan], pd.array([0.1, None], dtype="Float64")):
        with pytest.raises(UserError, match=f"^set 2 of 2: .*{SHARE}: "):
            rlsabm.simulate_many(parameters=pd.DataFrame({SHARE: column}))
    for sets in ([None], [0.1], np.array(0.1), pd.Series({SHARE: 0.1}), {SHARE: [0.1]}, b"x"):
        says_what_it_found(lambda v: rlsabm.simulate_many(parameters=v), sets)


def test_what_is_no_truth_value() -> None:
    for value in (1, 0, "yes", None, math.nan, pd.NA, []):
        says_what_it_found(lambda v: RLSModel(size=300, grow=v), value)
        says_what_it_found(lambda v: rlsabm.simulate_many(parameters=[], progress=v), value)


@pytest.fixture(scope="module")
def answers() -> rlsabm.Study:
    return rlsabm.simulate(
        size=300,
        seed=1,
        shifts="pregnancy",
        changes={"shifts.postulates": True},
        tables=["prevalence", "shifts", "incidence", "biomarkers", "postulates"],
    )


METHODS = (
    "prevalence",
    "trend",
    "age_standardised",
    "incidence",
    "biomarkers",
    "shifts",
    "postulates",
)


@pytest.mark.parametrize("method", METHODS)
def test_answers_take_or_refuse_every_value(answers: rlsabm.Study, method: str) -> None:
    call = getattr(answers, method)
    for argument in inspect.signature(call).parameters:
        for value in (
            math.nan,
            -1,
            True,
            "x",
            "",
            1j,
            [None],
            pd.NA,
            np.array(0.5),
            b"x",
            object(),
        ):
            with pytest.raises(UserError, match=rf"^({argument}|{method}|prevalence|standard)"):
                call(**{argument: value})
        if argument not in ("by", "standard"):
            for nothing in ([], (), set(), np.array([])):
                with pytest.raises(UserError, match=rf"^{argument}: .*empty.* \(expected "):
                    call(**{argument: nothing})
    for year in (2019, "2019", 2019.0, np.int64(2019), [2019]):
        if "year" in inspect.signature(call).parameters:
            assert call(year=year).attrs["selection"]["year"] == 2019


def test_weights_of_a_standard(answers: rlsabm.Study) -> None:
    for weight in (math.nan, -1, "x", True, None, math.inf):
        with pytest.raises(
            UserError, match=r"^standard: 18-34: .*\(expected a number of at least 0\)"
        ):
            answers.age_standardised(standard={"18-34": weight})
    with pytest.raises(UserError, match=r"^over: is empty"):
        answers.age_standardised(over=[])


def test_parameters_that_are_no_names_or_probabilities() -> None:
    chosen = rlsabm.parameters().select(SHARE)
    itself: list[Any] = []
    itself.append(itself)
    for value in (
        *("x", 1j, None, {}, [object()], 2, [math.nan], pd.NA, b"x", 10**400, [True], ["0.5"]),
        *(np.ma.masked_array([0.5], [True]), np.zeros(1, "m8[ns]"), [np.timedelta64(1, "ns")]),
        *([10**400], itself, [[0.5], [0.5, 0.5]], pd.DataFrame({SHARE: [0.5, None]})),
    ):
        with pytest.raises(UserError, match=r"^u: "):
            chosen.quantile(value)
    for value in ([0.5], [np.float32(0.5)], np.ma.masked_array([0.5], [False]), pd.Series([0.5])):
        assert chosen.quantile(value) == chosen.quantile([0.5])
    for value in (1, None, {SHARE: 1}, math.nan, [1], b"x", "x", [SHARE, SHARE]):
        with pytest.raises(UserError):
            rlsabm.parameters().select(value)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("replace", ("no", 1, 0, None, [])),
        ("timeout", (-1, 0, "5", math.nan, math.inf, True, np.timedelta64(5, "s"))),
        ("workers", (0, -1, 1.5, True, "2", 2_000)),
        ("add_replicates", (-1, True, "1", None)),
        ("cluster", (5, "", " ", True, Path("s.json"))),
        ("work", (None, "do_job")),
    ],
)
def test_options_of_a_study(name: str, values: tuple[Any, ...]) -> None:
    for value in values:
        if value is not None or name in ("replace", "work", "add_replicates"):
            with pytest.raises(UserError, match=rf"^{name}: .*\(expected "):
                Options(**{name: value})
    plain = Options(workers=np.int64(2), timeout=np.float32(5), replace=np.bool_(False))
    assert (plain.workers, plain.timeout, plain.replace) == (2, 5.0, False)
    assert [type(each) for each in (plain.workers, plain.timeout)] == [int, float]


def test_what_is_no_scenario_setting_or_folder(tmp_path: Path) -> None:
    for settings in (None, [5], 5, {"runs.seed": 1}, [["runs.seed=1"]]):
        with pytest.raises(UserError, match=r"^settings: .*\(expected settings such as"):
            read_scenario("baseline", settings)
    with pytest.raises(UserError, match=r"^changes: .*\(expected a mapping"):
        read_scenario("baseline", changes=["runs.seed=1"])
    assert read_scenario("baseline", "runs.seed=5").scenario.runs.seed == 5
    study = read_scenario("baseline")
    for name, given in (
        ("study", ("baseline", tmp_path)),
        ("path", (study, 5)),
        ("path", (study, "")),
        ("options", (study, tmp_path, {"workers": 1})),
    ):
        with pytest.raises(UserError, match=rf"^{name}: .*\(expected "):
            run_study(*given)


def test_a_folder_may_be_text(tmp_path: Path) -> None:
    folder = tmp_path / "file"
    folder.write_text("")
    with pytest.raises(UserError, match=re.escape(str(folder))):
        run_study(read_scenario("baseline"), str(folder), Options(workers=1))


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
        with pytest.raises(UserError, match=rf"^{name}: .* \(expected ") as caught:
            write()
        assert isinstance(caught.value, ValueError)
        assert len(str(caught.value).splitlines()) == 1
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
        ("last_donation_month", 2019), ("last_donation_month", 45), ("last_donation_month", -1),
        ("menopause_month", 10**8),
        ("kidney", 1), ("kidney", 2), ("kidney", 7), ("kidney", -1), ("kidney", "CKD 9"),
        ("kidney", ""), ("kidney", math.nan), ("kidney", True),
        ("pregnancy", 5), ("pregnancy", "some"), ("sex", 2), ("sex", "femal"),
        ("donor", 3), ("twin", 3), ("cause_of_death", 4), ("cause_of_death", "boredom"),
    ],
)  # fmt: skip
def test_what_a_field_cannot_have(model: RLSModel, name: str, value: Any) -> None:
    writes_are_refused(model, name, value)


@pytest.mark.parametrize("name", ["storage_iron_mg", "weight_kg", "parity", "sex", "fertile_from"])
def test_true_is_no_amount(name: str) -> None:
    writes_are_refused(RLSModel(size=300, seed=1), name, True)


@pytest.mark.parametrize("name", ["double_red_cells", "donor_supplements"])
def test_yes_or_no_is_not_seven(name: str) -> None:
    writes_are_refused(RLSModel(size=300, seed=1), name, 7)


@pytest.mark.parametrize("name", ["storage_iron_mg", "parity", "sex", "kidney"])
def test_what_no_field_can_have(model: RLSModel, name: str) -> None:
    person = model.agents[0]
    for value in NO_NUMBER_AT_ALL:
        says_what_it_found(lambda v: setattr(person, name, v), value)


def test_a_list_has_a_value_for_each() -> None:
    people = RLSModel(size=300, seed=1).agents.select(at_most=3)
    for values in ([], [1.0], [1.0, 2.0], np.ones((3, 1)), np.ones(4)):
        with pytest.raises(
            UserError, match=r"^storage_iron_mg: found a list of .*, or a list of 3"
        ):
            people.set("storage_iron_mg", values)
    for values in ([1.0], np.ones(1), pd.Series([1.0])):
        with pytest.raises(
            UserError, match=r"^storage_iron_mg: found a list of 1 \(expected one value"
        ):
            people[0].storage_iron_mg = values
    people.set("storage_iron_mg", pd.Series([1.0, 2.0, 3.0]))
    assert people.get("storage_iron_mg") == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("name", [name for name, field in FIELDS.items() if field.settable])
@pytest.mark.parametrize("at_most", [False, True])
def test_what_can_be_written_can_be_lived_with(name: str, at_most: bool) -> None:
    """Rules look up tables by what a person has: nothing that can be written leads out of them."""
    if name in ("uid", *RELATIVES):
        return
    field, model = FIELDS[name], RLSModel(size=100, seed=1)
    value = field.limits[at_most]
    if field.labels:
        value = [code for code, label in enumerate(field.labels) if label or not code][-at_most]
    model.agents.set(name, value if np.dtype(field.dtype).kind == "f" else int(value))
    model.run_for(13)
    for records in (model.population.lives, model.population.bodies):
        for kept in records.dtype.names or ():
            assert np.isfinite(records[kept].astype(float)).all(), kept
    for column in COLUMNS:
        values = model.everyone.column(column)
        assert values.dtype.kind != "f" or not np.isinf(values).any(), column


@pytest.mark.parametrize(
    "name", ["birth_month", "partner_birth_month", "conditions", "uid", "mother"]
)
def test_what_rules_look_up_unchecked_cannot_be_written(model: RLSModel, name: str) -> None:
    with pytest.raises(AttributeError, match=f"'{name}' of a person cannot be set"):
        model.agents.set(name, 0)


# Other calls of a model


def test_arguments_of_a_model_in_hand(model: RLSModel) -> None:
    person = model.agents[0]
    month = model.month
    for value in (*NO_NUMBER_AT_ALL, -1, 1.5):
        says_what_it_found(model.run_for, value)
        says_what_it_found(model.find, value)
        says_what_it_found(lambda v: Person(model, v), value)
    assert model.month == month
    for name in ("without dialyis", 1, None):
        with pytest.raises(UserError, match="no world is called"):
            person.in_world(name)
    assert model.find(np.uint64(person.uid)) == person


def test_criteria_that_cannot_be_met(model: RLSModel) -> None:
    people = model.agents
    for criteria in (
        {"at_most": -1}, {"at_most": math.nan}, {"at_most": "x"}, {"at_most": True},
        {"age_years": "x"}, {"age_years": [30, "x"]}, {"sex": 1}, {"sex": "femal"}, {"sex": None},
    ):  # fmt: skip
        says_what_it_found(lambda c: people.select(**c), criteria)


def test_a_collector_of_what_nobody_has(model: RLSModel) -> None:
    class Misspelt(RLSModel):
        agent_reporters: ClassVar[dict[str, Any]] = {"age": "agee"}

    with pytest.raises(AttributeError, match="a person has no 'agee'"):
        Misspelt(size=300, grow=False)
    with pytest.raises(AttributeError, match="a person has no 'agee'"):
        model.datacollector = mesa.DataCollector(agent_reporters={"age": "agee"})
    model.datacollector = mesa.DataCollector(
        agent_reporters={"age": "age_years", "old": lambda person: person.age_years > 80}
    )


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
