"""Scenario files: defaults, bases, settings, arms, layers, and the text they are written as."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rlsabm.exposures.donation import FerritinDeferral
from rlsabm.scenario import (
    ParameterRange,
    ResolvedScenario,
    Scenario,
    json_schema,
    load_scenario,
)

IRON_CONDITIONS = """\
title: RLS across iron-compromising conditions, United States
base: baseline
population: {country: united-states, size: 200_000}
observe:
  years: [2009, 2019]
arms:
  ferritin-guided donation: {conditions.blood_donation.ferritin_deferral: {below: 30, months: 6}}
  no deferral:
    conditions:
      blood_donation.ferritin_deferral: null
    parameters.uptake.maximum: 4
  unchanged: {}
runs: {draws: 20, replicates: 2, seed: 2019}
"""

BASELINE = """\
title: Baseline
description: |
  NO: 50 % of them,
  # really
conditions:
  blood_donation:
    ferritin_deferral: {below: 26, months: 12}
parameters:
  uptake.maximum: 1e-3
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    scenarios = tmp_path / "scenarios"
    scenarios.mkdir()
    (scenarios / "baseline.yaml").write_text(BASELINE)
    (scenarios / "iron_conditions.yaml").write_text(IRON_CONDITIONS)
    return tmp_path


def load_text(folder: Path, text: str, *changes: str, **options: Any) -> ResolvedScenario:
    (folder / "asked.yaml").write_text(text)
    return load_scenario(folder / "asked.yaml", changes, **options)


def test_a_title_is_enough(folder: Path) -> None:
    resolved = load_text(folder, "title: short\n")
    assert resolved.scenario == Scenario(title="short")
    assert resolved.scenario.population.size == 200_000
    assert resolved.scenario.observe.age_groups == [0, 18, 35, 50, 65, 80]
    assert resolved.arms == {"reference": resolved.scenario}
    assert resolved.name == "asked"


def test_base_arms_and_layers(folder: Path) -> None:
    resolved = load_scenario("scenarios/iron_conditions.yaml", ["runs.draws=5"])
    reference, guided, none, unchanged = resolved.arms.values()
    assert next(iter(resolved.arms)) == "reference"
    assert resolved.scenario is reference
    assert reference.title.startswith("RLS")
    # What a base says of itself is not said of a study with a question of its own.
    assert reference.description == ""
    Path("same.yaml").write_text("base: baseline\nruns.seed: 5\n")
    assert load_scenario("same.yaml").scenario.description == "NO: 50 % of them,\n# really\n"
    base = load_scenario("scenarios/baseline.yaml").scenario
    assert base.description == "NO: 50 % of them,\n# really\n"
    assert reference.conditions.blood_donation.ferritin_deferral == FerritinDeferral(
        below=26, months=12
    )
    assert guided.conditions.blood_donation.ferritin_deferral == FerritinDeferral(
        below=30, months=6
    )
    assert none.conditions.blood_donation.ferritin_deferral is None
    assert none.parameters == {"uptake.maximum": 4}
    assert unchanged == reference
    assert reference.runs.draws == 5

    layers = resolved.layers
    assert layers["title"] == "scenarios/iron_conditions.yaml:1"
    assert (
        layers["conditions.blood_donation.ferritin_deferral.below"] == "scenarios/baseline.yaml:7"
    )
    assert layers["observe.years"] == "scenarios/iron_conditions.yaml:5"
    assert layers["observe.by"] == "default"
    assert layers["runs.draws"] == "--set"
    assert (
        layers["arms.no deferral.conditions.blood_donation.ferritin_deferral"]
        == "scenarios/iron_conditions.yaml:10"
    )


@pytest.mark.parametrize("base", ["baseline", "baseline.yaml", "../scenarios/baseline"])
def test_ways_to_name_a_base(folder: Path, base: str) -> None:
    (folder / "scenarios" / "next.yaml").write_text(f"base: {base}\n")
    assert load_scenario("scenarios/next.yaml").scenario.title == "Baseline"


def test_base_in_the_scenarios_folder_beside_or_below(folder: Path) -> None:
    assert load_text(folder, "base: baseline\n").scenario.title == "Baseline"
    elsewhere = folder / "mine"
    elsewhere.mkdir()
    assert load_text(elsewhere, "base: baseline\n").scenario.title == "Baseline"


def test_a_scenario_is_found_by_its_name(folder: Path) -> None:
    assert load_scenario("baseline").path == Path("scenarios/baseline.yaml")


def test_lists_and_values_replace_and_mappings_merge(folder: Path) -> None:
    resolved = load_text(
        folder,
        "base: baseline\nobserve: {by: [sex]}\n"
        "conditions: {blood_donation: {ferritin_deferral: {below: 20}}}\n",
    )
    assert resolved.scenario.observe.by == ["sex"]
    deferral = resolved.scenario.conditions.blood_donation.ferritin_deferral
    assert deferral == FerritinDeferral(below=20, months=12)


def test_null_resets(folder: Path) -> None:
    resolved = load_text(
        folder,
        "base: scenarios/iron_conditions\nparameters: null\narms: null\n"
        "conditions: {blood_donation: {ferritin_deferral: null}}\n",
    )
    assert resolved.scenario.conditions.blood_donation.ferritin_deferral is None
    assert resolved.scenario.parameters == {}
    assert list(resolved.arms) == ["reference"]


def test_arms_of_a_base_are_inherited_and_changed(folder: Path) -> None:
    resolved = load_text(
        folder,
        "base: iron_conditions\n"
        "arms: {ferritin-guided donation: {conditions.blood_donation.ferritin_deferral.below: 15}}",
    )
    guided = resolved.arms["ferritin-guided donation"]
    assert guided.conditions.blood_donation.ferritin_deferral == FerritinDeferral(
        below=15, months=6
    )
    assert "unchanged" in resolved.arms


def test_settings_are_yaml_and_the_last_wins(folder: Path) -> None:
    resolved = load_scenario(
        "scenarios/iron_conditions.yaml",
        [
            "runs.seed=1",
            "runs.seed=0x10",
            "population.size=1e6",
            "observe.by=[]",
            "conditions.dialysis.intravenous_iron={milligrams_per_month: 400, ferritin_below: 700, "
            "transferrin_saturation_below: 40}",
            "parameters.uptake.maximum=.5",
            "arms.no deferral.parameters.uptake.maximum=2",
        ],
    )
    scenario = resolved.scenario
    assert (scenario.runs.seed, scenario.population.size, scenario.observe.by) == (16, 10**6, [])
    assert scenario.conditions.dialysis.intravenous_iron is not None
    assert scenario.parameters == {"uptake.maximum": 0.5}
    assert resolved.arms["no deferral"].parameters == {"uptake.maximum": 2}
    assert list(load_scenario("iron_conditions", ["arms=null"]).arms) == ["reference"]


def test_yaml_1_2(folder: Path) -> None:
    resolved = load_text(
        folder, "title: NO\ndescription: 2019-01-01\nparameters: {a: 1e-3, b: 1_000, c: 017}\n"
    )
    assert (resolved.scenario.title, resolved.scenario.description) == ("NO", "2019-01-01")
    assert resolved.scenario.parameters == {"a": 0.001, "b": 1000, "c": 17}
    assert isinstance(resolved.scenario.parameters["b"], int)


def test_aliases_within_reason(folder: Path) -> None:
    deferral = "&rule {below: 30, months: 6}"
    resolved = load_text(
        folder,
        f"title: t\nconditions.blood_donation.ferritin_deferral: {deferral}\n"
        "arms: {a: {conditions.blood_donation.ferritin_deferral: *rule}}\n",
    )
    assert resolved.arms["a"] == resolved.scenario


def test_parameters_within_their_ranges(folder: Path) -> None:
    ranges = {"uptake.maximum": ParameterRange(0, 5, "mg per day")}
    resolved = load_scenario("iron_conditions", parameters=ranges)
    assert resolved.scenario.parameters == {"uptake.maximum": 0.001}


def test_hash_follows_content_alone(folder: Path) -> None:
    plain = load_text(folder, "title: a\nparameters: {x: 30}\n")
    same = load_text(folder, "# other words\ndescription: d\ntitle: b\nparameters: {x: 30.0}\n")
    assert plain.content_hash() == same.content_hash()
    others = [
        load_text(folder, "title: a\nparameters: {x: 31}\n"),
        load_text(folder, "title: a\nparameters: {x: 30}\narms: {b: {}}\n"),
        load_text(folder, "title: a\nparameters: {x: 30}\n", "runs.seed=1"),
    ]
    assert len({each.content_hash() for each in [plain, *others]}) == 4


def test_mapping_is_json_and_a_scenario_again(folder: Path) -> None:
    resolved = load_scenario("iron_conditions")
    mapping = resolved.as_mapping()
    again = load_text(folder, json.dumps(mapping))
    assert again.scenario == resolved.scenario
    assert again.arms == resolved.arms


def test_written_text_names_every_source(folder: Path) -> None:
    text = load_scenario("iron_conditions").to_yaml()
    assert "below: 26  # scenarios/baseline.yaml:7" in text
    assert "size: 200_000  # scenarios/iron_conditions.yaml:3" in text
    assert "enabled: true  # default" in text
    assert "ferritin_deferral: null  # scenarios/iron_conditions.yaml:10" in text
    values = [line for line in text.splitlines() if not line.endswith((":", "{}"))]
    assert all("  # " in line for line in values)


def test_resolved_scenarios_travel_between_processes(folder: Path) -> None:
    resolved = load_scenario("iron_conditions")
    assert pickle.loads(pickle.dumps(resolved)) == resolved


def test_json_schema_describes_every_key() -> None:
    schema = json_schema()
    json.dumps(schema)
    assert {"title", "base", "arms", "conditions", "runs"} <= schema["properties"].keys()
    for section in [schema, *schema["$defs"].values()]:
        assert "required" not in section
        for each in section["properties"].values():
            # A section is described where it is defined.
            named = schema["$defs"].get(each.get("$ref", "").rpartition("/")[2], {})
            assert each.get("description") or named.get("description")
    schema["properties"].clear()
    assert json_schema()["properties"]


def test_import_is_light() -> None:
    code = (
        "import sys, rlsabm, rlsabm.cli\n"
        "print({'numpy', 'numba', 'pandas', 'mesa'} & sys.modules.keys())"
    )
    root = Path(__file__).parents[1]
    result = subprocess.run(
        [sys.executable, "-B", "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "set()"


#: Marks that turn the direction of writing, which are refused in words for people.
TURNS = "".join(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))
LETTERS = st.characters(
    codec="utf-8", exclude_categories=["Cc"], include_characters="\n\t", exclude_characters=TURNS
)
TEXT = st.text(LETTERS, max_size=20)
NAMES = TEXT.filter(
    lambda name: (
        bool(name)
        and name == name.strip()
        and name.isprintable()
        and name.lower() not in ("reference", "baseline")
    )
)
NUMBERS = st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False)
DEFERRALS = st.none() | st.fixed_dictionaries(
    {"below": st.floats(1, 200), "months": st.integers(1, 60)}
)
PARAMETERS = st.dictionaries(NAMES, NUMBERS, max_size=3)
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "parameters": st.none() | PARAMETERS,
        "conditions": st.fixed_dictionaries(
            {"blood_donation": st.fixed_dictionaries({"ferritin_deferral": DEFERRALS})}
        ),
    },
)
FILES = st.fixed_dictionaries(
    {"title": TEXT.filter(str.strip)},
    optional={
        "description": TEXT,
        "parameters": PARAMETERS,
        "conditions": st.fixed_dictionaries(
            {"blood_donation": st.fixed_dictionaries({"ferritin_deferral": DEFERRALS})}
        ),
        "observe": st.fixed_dictionaries({"persons": st.floats(0, 1)}),
        "runs": st.fixed_dictionaries({"seed": st.integers(0, 2**63 - 1)}),
        "arms": st.dictionaries(NAMES, CHANGES, max_size=3),
    },
)


@settings(
    max_examples=60,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(content=FILES)
def test_written_text_reads_back_equal(folder: Path, content: dict[str, Any]) -> None:
    escaped = json.dumps(content, ensure_ascii=False)
    for code in (0x7F, *range(0x80, 0xA0), 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF):
        escaped = escaped.replace(chr(code), f"\\u{code:04x}")
    resolved = load_text(folder, escaped)
    again = load_text(folder, resolved.to_yaml())
    assert again.scenario == resolved.scenario
    assert again.arms == resolved.arms
    assert again.content_hash() == resolved.content_hash()
    assert again.layers.keys() == resolved.layers.keys()
