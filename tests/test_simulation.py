"""The door from Python: what is simulated in memory is, to the bit, what a run writes."""

from __future__ import annotations

import json
import pickle
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import CHECKOUT, typed
from ruamel.yaml import YAML
from study_tools import SMALL, reference

import rlsabm
from rlsabm import population, simulation
from rlsabm.errors import UserError
from rlsabm.results.table import Kind
from rlsabm.results.tables import tables_of
from rlsabm.worlds import living_again

#: Arms of both kinds, two surveys, an instrument, other worlds, line lists, draws and replicates.
SCENARIO = """\
title: In memory
population: {size: 200, founders_years_before: 112}
observe:
  {years: [2016, 2019], as: [true, CH-RLSq], by: [sex, age_group], persons: 0.5, events: true}
shifts: {conditions: [blood_donation, obesity, multiple_sclerosis], postulates: true}
arms:
  no donation: {conditions.blood_donation.enabled: false}
  small effect: {parameters: {deficit_effect: 0.5}}
runs: {draws: 2, replicates: 2, seed: 5}
"""
#: All tables that a call can make of a scenario without policies.
EVERY = [
    table.name
    for table in tables_of(Kind.BY_RUN, Kind.ESTIMATES, Kind.LINE_LIST, Kind.BY_DRAW)
    if not table.name.startswith("polic")
]
#: A call that takes no time.
QUICK: dict[str, Any] = {"size": 150, "seed": 3, "changes": {"observe.by": ["sex"]}}


def plain(text: str) -> dict[str, Any]:
    """A scenario as a mapping."""
    mapping: dict[str, Any] = YAML(typ="safe", pure=True).load(text)
    return mapping


def same_frame(one: pd.DataFrame, other: pd.DataFrame) -> None:
    """Two data frames are equal to the bit, with types, words, index and attributes."""
    if not one.equals(other):  # says what differs, slowly
        pd.testing.assert_frame_equal(one, other, check_exact=True, check_index_type=True)
    assert type(one.index) is type(other.index)
    assert list(one.dtypes) == list(other.dtypes)
    assert one.attrs == other.attrs
    for name, dtype in one.dtypes.items():
        if dtype == np.float64:  # zeros have signs
            assert one[name].to_numpy().tobytes() == other[name].to_numpy().tobytes(), name


def same(one: rlsabm.Study, other: rlsabm.Study) -> None:
    """Two studies that were simulated are equal to the bit."""
    assert list(one.tables) == list(other.tables)
    for name, table in one.tables.items():
        same_frame(table, other.tables[name])
    assert one.arms == other.arms
    assert one.scenario == other.scenario


@pytest.fixture(scope="module")
def in_memory() -> rlsabm.Study:
    """The scenario simulated by one call, with every table."""
    return rlsabm.simulate(plain(SCENARIO), tables=EVERY)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the scenario was run from the command line."""
    folder = tmp_path_factory.mktemp("written")
    (folder / "memory.yaml").write_text(SCENARIO, encoding="utf-8")
    outcome = typed("run", "memory.yaml", folder=folder)
    assert outcome.code == 0, outcome.err
    return folder


@pytest.fixture(scope="module")
def quick() -> rlsabm.Study:
    """The shipped baseline, small."""
    return rlsabm.simulate("baseline", **QUICK)


# The same as on disk --------------------------------------------------------------------------------


def without_words_of_arms(study: rlsabm.Study) -> dict[str, Any]:
    """The scenario; a manifest leaves out of arms the words for readers that the reference has."""
    scenario = json.loads(json.dumps(study.scenario))
    for arm in scenario["arms"].values():
        for block in arm["conditions"].values():
            for word in ("label", "definition", "source"):
                block.pop(word, None)
    return scenario


def test_it_is_what_a_run_writes(in_memory: rlsabm.Study, written: Path) -> None:
    """Table for table: the ledger alone, which tells of a folder's units, is not there."""
    on_disk = rlsabm.read(written / "outputs" / "memory")
    assert not on_disk.missing
    assert set(on_disk.tables) == {*in_memory.tables, "runs"}
    assert {"shifts", "postulates", "kin", "autopsies", "persons", "draws"} <= set(in_memory.tables)
    for name, table in in_memory.tables.items():
        same_frame(table, on_disk.tables[name])
    assert in_memory.arms == on_disk.arms == ["reference", "no donation", "small effect"]
    assert without_words_of_arms(in_memory) == without_words_of_arms(on_disk)
    assert (in_memory.title, in_memory.years) == ("In memory", [2016, 2019])
    assert (in_memory.folder, in_memory.manifest, in_memory.missing) == (None, {}, "")


def test_answers_are_those_from_disk(in_memory: rlsabm.Study, written: Path) -> None:
    on_disk = rlsabm.read(written / "outputs" / "memory")
    for ask in (
        lambda study: study.prevalence(by=["arm", "sex"], condition="blood_donation"),
        lambda study: study.trend(observed_as="CH-RLSq"),
        lambda study: study.incidence(by=["year"]),
        lambda study: study.biomarkers(biomarker="haemoglobin_g_per_l", ages="all"),
        lambda study: study.age_standardised(by=["sex"]),
        lambda study: study.shifts(arm=["reference", "small effect"]),
        lambda study: study.postulates(),
    ):
        same_frame(ask(in_memory), ask(on_disk))


def test_several_blocks_are_those_of_a_study() -> None:
    """Blocks are a matter of the scenario: they grow and combine as a study's do."""
    on_disk = rlsabm.read(reference())
    assert (on_disk.table("runs")["block"] == 1).any()
    found = rlsabm.simulate(plain(SMALL), tables=EVERY)
    assert set(on_disk.tables) == {*found.tables, "runs"}
    for name, table in found.tables.items():
        same_frame(table, on_disk.tables[name])


def test_a_path_a_name_and_a_mapping_are_the_same(
    quick: rlsabm.Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shipped = CHECKOUT / "scenarios" / "baseline.yaml"
    same(quick, rlsabm.simulate(**QUICK))
    same(quick, rlsabm.simulate(shipped, **QUICK))
    same(quick, rlsabm.simulate(str(shipped), **QUICK))
    same(quick, rlsabm.simulate(plain(shipped.read_text(encoding="utf-8")), **QUICK))
    same(quick, rlsabm.simulate({"base": "baseline"}, **QUICK))


def test_arguments_are_keys_of_the_scenario(quick: rlsabm.Study) -> None:
    """What has an argument of its own can be said by its key as well, and numpy's numbers too."""
    mapping = {
        "base": "baseline",
        "population": {"size": np.int64(150)},
        "observe": {"by": ("sex",), "years": np.array([2019])},
        "runs.seed": 3.0,
    }
    same(quick, rlsabm.simulate(mapping, years=2019))
    study = rlsabm.simulate(
        years=[2017, 2019],
        country="denmark",
        instruments=["truth", "CH-RLSq"],
        shifts=["obesity"],
        conditions={"obesity": {"iron_loss_mg_per_day": 0.5}},
        parameters={"deficit_effect": 1.5},
        draws=1,
        replicates=2,
        **QUICK,
    )
    said = study.scenario
    assert said["population"]["country"] == "denmark"
    assert said["observe"]["as"] == ["truth", "CH-RLSq"]
    assert said["conditions"]["obesity"]["iron_loss_mg_per_day"] == 0.5
    assert said["parameters"] == {"deficit_effect": 1.5}
    assert (said["runs"]["draws"], said["runs"]["replicates"], said["runs"]["seed"]) == (1, 2, 3)
    assert study.years == [2017, 2019]
    assert set(study.table("prevalence")["replicate"]) == {0, 1}
    caused = study.table("shifts").query("estimate == 'caused_shift'")
    assert set(caused["condition"]) == {"obesity"}


# A function -----------------------------------------------------------------------------------------


def test_threads_change_no_bit(in_memory: rlsabm.Study, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same call gives the same, again and on two threads, where both have work."""
    monkeypatch.setattr(population, "LEAST_SLICE", 20)
    monkeypatch.setattr(population, "LEAST_BORN", 3)
    monkeypatch.setattr(living_again, "CHUNK", 16)
    same(in_memory, rlsabm.simulate(plain(SCENARIO), tables=EVERY, threads=2))


def test_the_same_call_gives_the_same(quick: rlsabm.Study) -> None:
    again = rlsabm.simulate(**QUICK)
    same(quick, again)
    other = rlsabm.simulate(**{**QUICK, "seed": 4})
    cases = "cases"
    assert not quick.table("prevalence")[cases].equals(other.table("prevalence")[cases])


def test_arguments_are_left_as_they_were() -> None:
    scenario = plain(SCENARIO)
    changes = {"observe": {"by": ["sex"]}}
    kept = pickle.dumps((scenario, changes))
    rlsabm.simulate(scenario, changes=changes, draws=1, replicates=1, tables=["prevalence"])
    assert pickle.dumps((scenario, changes)) == kept


def test_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    study = rlsabm.simulate(**QUICK)
    rlsabm.simulate_many(parameters=[{}, {}], **QUICK)
    assert study.prevalence()["persons"].tolist() > [0]
    assert list(tmp_path.iterdir()) == []


def test_study_and_call_survive_pickling(quick: rlsabm.Study) -> None:
    """Both can be sent to another process."""
    same(quick, pickle.loads(pickle.dumps(quick)))
    call = pickle.loads(pickle.dumps(partial(rlsabm.simulate, "baseline", **QUICK)))
    same(quick, call())
    assert pickle.loads(pickle.dumps(rlsabm.simulate_many)) is rlsabm.simulate_many


def test_parameters_survive_pickling() -> None:
    table = rlsabm.parameters()
    again = pickle.loads(pickle.dumps(table))
    assert again == table
    same_frame(again.frame, table.frame)


# Only what is asked for -----------------------------------------------------------------------------


def test_by_default_there_is_what_the_scenario_asks_for(quick: rlsabm.Study) -> None:
    assert set(quick.tables) == {"prevalence"}
    whole = rlsabm.simulate(plain(SCENARIO), draws=2, replicates=1, size=150)
    asked = {"prevalence", "shifts", "postulates", "persons", "events", "draws"}
    assert asked <= set(whole.tables)


@pytest.mark.parametrize(
    "names",
    [
        ["incidence"],
        ["biomarkers", "autopsies"],
        ["events"],
        ["draws"],
        ["persons"],
        ["kin", "shifts"],
    ],
)
def test_only_tables_asked_for_are_there(in_memory: rlsabm.Study, names: list[str]) -> None:
    """They are the same as where all are asked for."""
    study = rlsabm.simulate(plain(SCENARIO), tables=names)
    assert set(study.tables) == set(names)
    for name in names:
        same_frame(study.table(name), in_memory.table(name))
    assert "In memory" in str(study)


def test_one_table_may_be_named_alone(quick: rlsabm.Study) -> None:
    same(quick, rlsabm.simulate(tables="prevalence", **QUICK))


def test_other_tables_are_not_reckoned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is followed or lives again for a table of the survey alone."""

    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("it was not asked for")

    monkeypatch.setattr("rlsabm.study.unit.Relived", never)
    monkeypatch.setattr("rlsabm.study.unit.follow_up_of", never)
    study = rlsabm.simulate(plain(SCENARIO), tables=["biomarkers"], draws=1, replicates=1, size=150)
    assert not study.biomarkers().empty


def test_asking_for_another_table_says_how(quick: rlsabm.Study, in_memory: rlsabm.Study) -> None:
    with pytest.raises(UserError, match=r"without the table incidence; tables=\['incidence'\]"):
        quick.incidence()
    with pytest.raises(UserError, match=r"persons.*tables=\['persons'\].*persons: 0.1"):
        quick.table("persons")
    with pytest.raises(UserError, match=r"postulates.*tables=\['postulates'\].*postulates: true"):
        quick.postulates()
    with pytest.raises(UserError, match=r"no table 'prevalance'; did you mean 'prevalence'\?"):
        quick.table("prevalance")
    with pytest.raises(UserError, match="no table 'runs'"):
        in_memory.table("runs")


# Common random numbers ------------------------------------------------------------------------------


def test_a_parameter_that_does_nothing_changes_no_bit() -> None:
    """Nobody is offered tablets, so what is in them does not matter."""
    call = partial(
        rlsabm.simulate, tables=[name for name in EVERY if name != "draws"],
        instruments=["truth", "CH-RLSq"], shifts=["blood_donation"],
    )  # fmt: skip
    asked = {"observe.persons": 1.0, "observe.events": True, "shifts.postulates": True}
    one = call(size=400, seed=8, changes=asked)
    other = call(size=400, seed=8, changes=asked, parameters={"donor_supplement_mg_per_day": 150.0})
    assert one.scenario != other.scenario
    assert list(one.tables) == list(other.tables)
    assert {"persons", "events", "shifts", "postulates"} <= set(one.tables)
    for name, table in one.tables.items():
        same_frame(table, other.tables[name])


def test_people_belong_to_the_seed() -> None:
    """Parameters change what becomes of people, not who they are."""
    asked = {"observe.persons": 1.0}
    one, other = rlsabm.simulate_many(
        parameters=[{}, {"deficit_effect": 0.0, "structural_deficit_effect": 0.0}],
        size=400, seed=8, changes=asked, tables=["persons"],
    )  # fmt: skip
    mine, others = one.table("persons"), other.table("persons")
    who = ["uid", "mother", "father", "sex", "age"]
    pd.testing.assert_frame_equal(mine[who], others[who])
    # Their CNS iron differs, because loci have the effects that give their odds ratios.
    for iron in ("stores_ferritin_ug_per_l", "haemoglobin_g_per_l"):
        assert (mine[iron] != others[iron]).mean() < 0.05
    assert not mine["rls"].equals(others["rls"])
    assert (mine["rls"] & ~others["rls"]).sum() > (others["rls"] & ~mine["rls"]).sum()


SETS = [
    {"deficit_effect": 0.0, "donor_stop_per_year": 1.0},
    {"deficit_effect": 4.0, "donor_stop_per_year": 2.0},
    {"deficit_effect": 2.0, "donor_stop_per_year": 0.2},
]


@pytest.mark.parametrize("workers", [None, 1, 2, 7])
def test_many_are_single_calls_in_order(workers: int | None) -> None:
    found = rlsabm.simulate_many("baseline", parameters=SETS, workers=workers, **QUICK)
    assert len(found) == len(SETS)
    for study, values in zip(found, SETS, strict=True):
        same(study, rlsabm.simulate("baseline", parameters=values, **QUICK))
    assert found[0].scenario["parameters"] == SETS[0]


def test_sets_may_be_a_data_frame(capfd: pytest.CaptureFixture[str]) -> None:
    """Whole numbers and any index will do; a bar goes to standard error only."""
    frame = pd.DataFrame(SETS, index=["low", "high", "typical"])
    frame["donor_first_age_years"] = np.array([17, 18, 19])
    found = rlsabm.simulate_many(parameters=frame, progress=True, tables=["prevalence"], **QUICK)
    assert capfd.readouterr().out == ""
    for study, (_, row) in zip(found, frame.iterrows(), strict=True):
        same(study, rlsabm.simulate(parameters=row.to_dict(), **QUICK))


def test_no_sets_are_no_studies() -> None:
    assert rlsabm.simulate_many(parameters=[], **QUICK) == []


def test_arms_keep_what_they_change() -> None:
    """A value of the call is the reference's, and that of each arm which has none of its own."""
    effects = {}
    for effect in (0.5, 3.0):
        study = rlsabm.simulate(
            plain(SCENARIO), parameters={"deficit_effect": effect}, draws=1, replicates=1,
            tables=["prevalence"], changes={"shifts.conditions": [], "shifts.postulates": False},
        )  # fmt: skip
        effects[effect] = study.table("prevalence").drop(columns=["draw"])
    low, high = effects[0.5], effects[3.0]

    def of(table: pd.DataFrame, arm: str) -> list[int]:
        return list(table.loc[table["arm"] == arm, "cases"])

    assert of(low, "small effect") == of(high, "small effect") == of(low, "reference")
    assert of(low, "reference") != of(high, "reference")


# Mistakes -------------------------------------------------------------------------------------------

MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "no number": ({"parameters": {"deficit_effect": float("nan")}}, "parameters.deficit_effect"),
    "numpy's": ({"parameters": {"deficit_effect": np.float64("inf")}}, "parameters.deficit_effect"),
    "text": ({"parameters": {"deficit_effect": "2"}}, "parameters.deficit_effect"),
    "truth": ({"parameters": {"deficit_effect": True}}, "parameters.deficit_effect"),
    "too much": (
        {"parameters": {"deficit_effect": 20.5}},
        r"parameters.deficit_effect: found 20.5 \(expected a number from 0 to 20",
    ),
    "too little": ({"parameters": {"deficit_effect": -1}}, "parameters.deficit_effect: found -1"),
    "unknown parameter": (
        {"parameters": {"deficit_efect": 1.0}},
        "parameters.deficit_efect: .*deficit_effect",
    ),
    "no mapping": ({"parameters": [1.0]}, "parameters: found .* mapping"),
    "unknown table": ({"tables": ["prevalance"]}, "tables: no table 'prevalance'.*'prevalence'"),
    "table of units": ({"tables": ["samples"]}, "tables: no table 'samples'"),
    "the ledger": ({"tables": ["runs"]}, "tables: no table 'runs'"),
    "negative size": ({"size": -5}, "population.size: found -5"),
    "no people": ({"size": 0}, "population.size: found 0"),
    "half a person": ({"size": 150.5}, "population.size: found 150.5"),
    "negative seed": ({"seed": -1}, "runs.seed: found -1"),
    "long seed": ({"seed": 2**63}, "runs.seed"),
    "no draws": ({"draws": 0}, "runs.draws: found 0"),
    "no replicates": ({"replicates": 0}, "runs.replicates: found 0"),
    "no years": ({"years": []}, "observe.years"),
    "years in reverse": ({"years": [2019, 2018]}, "observe.years"),
    "a year of no country": ({"years": 1900}, "1900"),
    "unknown country": ({"country": "atlantis"}, "population.country: .*atlantis"),
    "unknown instrument": ({"instruments": ["CH-RLS"]}, "observe.as: .*CH-RLS"),
    "unknown shift": ({"shifts": ["dialisis"]}, "shifts.conditions: .*dialysis"),
    "unknown condition": ({"conditions": {"dialisis": {}}}, "conditions.dialisis: .*dialysis"),
    "unknown key": ({"changes": {"observe.bye": []}}, "observe.bye"),
    "another base": ({"changes": {"base": "dialysis"}}, "base"),
    "no such scenario": ({"scenario": "baselin"}, "baselin: .*baseline"),
    "unknown key in a mapping": ({"scenario": {"title": "t", "popu": 1}}, "popu: .*population"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_name_the_key(name: str) -> None:
    call, said = MISTAKES[name]
    with pytest.raises(UserError, match=said):
        rlsabm.simulate(**{"size": 150, **call})


@pytest.mark.parametrize("name", [name for name, (c, _) in MISTAKES.items() if "parameters" in c])
def test_a_mistake_in_any_set_is_found_first(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    call, said = MISTAKES[name]

    def never(*_: Any) -> None:
        raise AssertionError("it was simulated")

    monkeypatch.setattr(simulation, "_run", never)
    with pytest.raises(UserError, match=said):
        rlsabm.simulate_many(parameters=[{"deficit_effect": 1.0}, call["parameters"]], size=150)


def test_a_gap_in_a_data_frame_is_a_mistake() -> None:
    frame = pd.DataFrame({"deficit_effect": [1.0, np.nan]})
    with pytest.raises(UserError, match=r"parameters\.deficit_effect"):
        rlsabm.simulate_many(parameters=frame, size=150)


@pytest.mark.parametrize("name", ["persons", "events", "postulates", "partitions"])
def test_a_table_that_the_scenario_does_not_ask_for(name: str) -> None:
    with pytest.raises(UserError, match=rf"tables: .*{name}.*asks: "):
        rlsabm.simulate(tables=[name], size=150)


def test_parameters_in_changes_are_added() -> None:
    study = rlsabm.simulate(
        parameters={"deficit_effect": 1.0},
        changes={"parameters": {"donor_stop_per_year": 1.0}},
        size=150,
    )
    assert study.scenario["parameters"] == {"deficit_effect": 1.0, "donor_stop_per_year": 1.0}


@pytest.mark.parametrize("count", [0, -1])
def test_numbers_of_threads_and_workers(count: int) -> None:
    with pytest.raises(UserError, match="threads"):
        rlsabm.simulate(threads=count, size=150, shifts=["obesity"])
    with pytest.raises(UserError, match="workers"):
        rlsabm.simulate_many(parameters=[{}], workers=count, size=150)


def test_one_set_is_not_many() -> None:
    values: Mapping[str, float] = {"deficit_effect": 1.0}
    with pytest.raises(UserError, match="parameters: found a mapping"):
        rlsabm.simulate_many(parameters=values, size=150)  # type: ignore[arg-type]


def test_an_unknown_argument() -> None:
    unknown: dict[str, Any] = {"sise": 150}
    with pytest.raises(TypeError, match="sise"):
        rlsabm.simulate(**unknown)
    with pytest.raises(TypeError, match="sise"):
        rlsabm.simulate_many(parameters=[{}], **unknown)


def test_shifts_that_are_not_traced_to_a_cause() -> None:
    study = rlsabm.simulate(size=1_000, seed=1, tables=["shifts"])
    found = study.shifts(condition="obesity")
    assert found.attrs["selection"]["estimate"] == "observed_shift"
    assert len(found) == 1
    with pytest.raises(
        UserError, match=r"has no caused_shift: .* shifts: \{conditions: \[...\]\}$"
    ):
        study.shifts(estimate="caused_shift")
    with pytest.raises(UserError, match="no estimate 'caused'"):
        study.shifts(estimate="caused")


def test_the_overview_counts_in_words() -> None:
    shown = str(rlsabm.simulate(size=200, seed=1))
    assert "runs: 1 draw, 1 replicate\n" in shown
    assert "Prevalence of RLS, 18 years and older, 2019: % (95 % interval)\n" in shown
    shown = str(rlsabm.simulate(size=200, draws=2, replicates=3))
    assert "runs: 2 draws, 3 replicates\n" in shown
    assert "Prevalence of RLS, 18 years and older, 2019: %\n" in shown
    assert "nan" not in shown  # two draws have no interval
