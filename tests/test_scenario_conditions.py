"""Conditions in scenario files: adding, changing, disabling them, and what is wrong with them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from rlsabm.exposures.catalogue.condition import shipped_catalogue
from rlsabm.scenario import RULED_CONDITIONS, ResolvedScenario, json_schema
from rlsabm.study.settings import (
    catalogue_of,
    country_of,
    read_scenario,
    strengths_of,
    unit_setting,
)

SHIPPED = {condition.name: condition for condition in shipped_catalogue()}

MIGRAINE = """\
title: t
conditions:
  migraine_drugs:
    label: drugs against migraine
    definition: takes them every week
    source: assumed
    ages: [0, 15, 40, 70]
    prevalence_women: [0.0, 0.02, 0.1, 0.05]
    prevalence_men: [0.0, 0.01, 0.05, 0.02]
    duration_years: 4
    blood_loss_ml_per_day: 0.5
shifts:
  conditions: [migraine_drugs, obesity]
"""


def written(text: str) -> str:
    Path("asked.yaml").write_text(text, encoding="utf-8")
    return "asked.yaml"


def read(text: str, *settings: str) -> ResolvedScenario:
    return read_scenario(written(text), list(settings))


def condition(study: ResolvedScenario, name: str, arm: str = "reference") -> Any:
    found = {each.name: each for each in catalogue_of(study.arms[arm].conditions)}
    return found[name]


# What is fine


def test_a_new_condition(rlsabm_command: Callable) -> None:
    outcome = rlsabm_command("check", written(MIGRAINE))
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("asked.yaml: valid. ")
    study = read(MIGRAINE)
    catalogue = catalogue_of(study.scenario.conditions)
    assert [each.name for each in catalogue] == [*SHIPPED, "migraine_drugs"]
    added = condition(study, "migraine_drugs")
    assert added.prevalence_women == [0.0, 0.02, 0.1, 0.05]
    assert added.blood_loss_ml_per_day == 0.5
    assert added.mortality_ratio == 1.0
    for name, shipped in SHIPPED.items():
        assert condition(study, name).source == shipped.source
    strengths = strengths_of(study.scenario.conditions, 1, 5)
    assert "migraine_drugs" in strengths
    assert "multiple_sclerosis" not in strengths


def test_what_a_new_condition_needs_is_little(rlsabm_command: Callable) -> None:
    text = "title: t\nconditions: {mine: {source: assumed, prevalence: [0.1]}}\n"
    assert rlsabm_command("check", written(text)).code == 0
    text = "title: t\nconditions.mine: {source: assumed, onset_per_1000: [3]}\n"
    assert rlsabm_command("check", written(text)).code == 0


def test_a_scenario_without_conditions_has_the_shipped_ones() -> None:
    study = read("title: t\n")
    for found, shipped in zip(
        catalogue_of(study.scenario.conditions), SHIPPED.values(), strict=True
    ):
        assert found.name == shipped.name
        assert found == shipped


def test_a_field_of_a_shipped_condition() -> None:
    study = read(
        "title: t\nconditions.obesity.absorption_factor: 0.9\n",
        "conditions.coeliac_disease.enabled=false",
    )
    obesity = condition(study, "obesity")
    assert obesity.absorption_factor == 0.9
    assert obesity.prevalence_women == SHIPPED["obesity"].prevalence_women
    assert not condition(study, "coeliac_disease").enabled
    assert study.layers["conditions.obesity.absorption_factor"] == "asked.yaml:2"
    assert study.layers["conditions.obesity.ages"].startswith("catalogue.yaml:")


def test_null_makes_a_condition_last_for_life() -> None:
    assert SHIPPED["vegetarian_diet"].duration_years == 8
    study = read(
        "title: t\nconditions.vegetarian_diet: {ages: [0, 20], prevalence_women: [0.0, 0.05], "
        "prevalence_men: [0.0, 0.03], duration_years: null}\n"
    )
    assert condition(study, "vegetarian_diet").duration_years is None
    tables = unit_setting(study.scenario, 0, country=country_of(study)).inputs
    number = list(SHIPPED).index("vegetarian_diet")
    assert tables.condition_months[number] == 0.0


def test_an_arm_that_disables_a_condition(rlsabm_command: Callable) -> None:
    text = "title: t\narms: {nobody obese: {conditions.obesity.enabled: false}}\n"
    outcome = rlsabm_command("check", written(text))
    assert outcome.code == 0
    assert "2 arms" in outcome.out
    study = read(text)
    assert condition(study, "obesity").enabled
    assert not condition(study, "obesity", "nobody obese").enabled
    number = list(SHIPPED).index("obesity")
    country = country_of(study)
    settings = [unit_setting(arm, 0, country=country) for arm in study.arms.values()]
    assert (settings[0].inputs.condition_spared[number] < 1.0).any()
    assert (settings[1].inputs.condition_spared[number] == 1.0).all()
    assert (settings[0].inputs.death == settings[1].inputs.death).all()


def test_the_shipped_scenario_of_conditions(rlsabm_command: Callable) -> None:
    outcome = rlsabm_command("check", "scenarios/iron_conditions.yaml")
    assert outcome.code == 0
    study = read_scenario("scenarios/iron_conditions.yaml", [])
    asked = study.scenario.shifts.conditions
    assert set(asked) == {*RULED_CONDITIONS, *SHIPPED}
    assert len(asked) == len(set(asked))


def test_a_base_may_add_a_condition() -> None:
    Path("lower.yaml").write_text(MIGRAINE, encoding="utf-8")
    study = read("title: u\nbase: lower\nconditions.migraine_drugs.blood_loss_ml_per_day: 2\n")
    assert condition(study, "migraine_drugs").blood_loss_ml_per_day == 2
    assert condition(study, "migraine_drugs").duration_years == 4


@pytest.fixture(autouse=True)
def in_workplace(workplace: Path) -> Path:
    return workplace


# Written out and read again


ROUND_TRIPS = {
    "as shipped": "title: t\n",
    "a changed condition": "title: t\nconditions.obesity: {absorption_factor: 0.9, effect_log_sd: 0}\n",
    "a duration taken away": (
        "title: t\nconditions.vegetarian_diet: {ages: [0, 20], prevalence_women: [0.0, 0.05], "
        "prevalence_men: [0.0, 0.03], duration_years: null}\n"
    ),
    "a new one": MIGRAINE,
    "one disabled in an arm": (
        "title: t\narms: {slim: {conditions.obesity.enabled: false}, same: {}}\n"
    ),
    "one changed and a duration taken away in an arm": (
        "title: t\narms:\n  for life:\n    conditions.helicobacter_pylori: "
        "{absorption_factor: 0.9, duration_years: null}\n"
    ),
    "prevalence for both sexes alike": (
        "title: t\nconditions.obesity: {ages: [0, 40], prevalence: [0.1, 0.3], "
        "prevalence_women: null, prevalence_men: null}\n"
    ),
    "an arm with a condition of its own": (
        "title: t\narms: {more: {conditions: {mine: {source: s, prevalence: [0.1]}}}}\n"
    ),
}


@pytest.mark.parametrize("name", ROUND_TRIPS)
def test_round_trip(name: str) -> None:
    study = read(ROUND_TRIPS[name])
    text = study.to_yaml()
    Path("again.yaml").write_text(text, encoding="utf-8")
    again = read_scenario("again.yaml", [])
    assert again.content_hash() == study.content_hash()
    for arm in study.arms:
        one, other = (catalogue_of(each.arms[arm].conditions) for each in (study, again))
        assert one == other
    assert again.scenario == study.scenario
    assert again.arms == study.arms
    # Layers apart, the text is the same the second time.
    lines = [
        [line.split("  #")[0] for line in each.splitlines()] for each in (text, again.to_yaml())
    ]
    assert lines[0] == lines[1]


def test_the_hash_knows_figures_and_not_words() -> None:
    plain = read("title: t\n").content_hash()
    assert read("title: u\nconditions.obesity.label: fat\n").content_hash() == plain
    assert read("title: u\nconditions.obesity.source: me\n").content_hash() == plain
    assert read("title: u\nconditions.obesity.effect_log_sd: 0.5\n").content_hash() != plain
    nothing = read("title: t\nconditions.vegetarian_diet.duration_years: 7\n").content_hash()
    assert nothing != plain


@pytest.mark.parametrize("name", ["one", "source", "label", "definition", "title", "description"])
def test_the_hash_knows_arms_and_conditions_of_any_name(name: str) -> None:
    arm = f"title: t\narms: {{{name}: {{conditions.obesity.enabled: %s}}}}\n"
    assert read(arm % "true").content_hash() != read(arm % "false").content_hash()
    block = f"title: t\nconditions: {{{name}: {{source: s, prevalence: [%s]}}}}\n"
    assert read(block % "0.1").content_hash() != read(block % "0.2").content_hash()


# What is wrong

KNOWN_INSTRUMENTS = "truth, interview, CH-RLSq, four_item, RLS-NIH, RLS-EXP"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            "conditions: {obesty: {enabled: false}}",
            "asked.yaml:2: conditions.obesty: no condition of this name; a new one needs source, "
            "and prevalence or onset_per_1000 (did you mean obesity?)",
        ),
        (
            "conditions: {dialisis: {enabled: false}}",
            "asked.yaml:2: conditions.dialisis: no condition of this name; a new one needs source, "
            "and prevalence or onset_per_1000 (did you mean dialysis?)",
        ),
        (
            "conditions:\n  obesity:\n    prevalance_men: [0.1]",
            "asked.yaml:4: conditions.obesity.prevalance_men: unknown key (did you mean "
            "conditions.obesity.prevalence_men?)",
        ),
        (
            "conditions:\n  mine:\n    source: s\n    prevalence: [0.1]\n    colour: red",
            "asked.yaml:6: conditions.mine.colour: unknown key",
        ),
        (
            "conditions:\n  mine:\n    prevalence: [0.1]",
            "asked.yaml:3: conditions.mine: no condition of this name; a new one needs source",
        ),
        (
            "conditions:\n  mine:\n    source: assumed",
            "asked.yaml:3: conditions.mine: no condition of this name; a new one needs prevalence "
            "or onset_per_1000",
        ),
        (
            "conditions:\n  mine:\n    source: ''\n    prevalence: [0.1]",
            "conditions.mine",
        ),
        (
            "conditions:\n  Mine:\n    source: s\n    prevalence: [0.1]",
            "asked.yaml:3: conditions.Mine: cannot be a name (expected lower-case words joined by "
            "_; did you mean mine?)",
        ),
        (
            "conditions: {heavy_menstrual_bleeding: {}}",
            "asked.yaml:2: conditions.heavy_menstrual_bleeding: has nothing to set here; its "
            "figures are parameters (see rlsabm parameters)",
        ),
        (
            "conditions: {ckd_4_5: {enabled: false}}",
            "asked.yaml:2: conditions.ckd_4_5: has nothing to set here; its figures are parameters "
            "(see rlsabm parameters)",
        ),
        (
            "shifts: {conditions: [blood_donation, obesty]}",
            "asked.yaml:2: shifts.conditions: found obesty (expected exposures or controls of "
            "rlsabm conditions; did you mean obesity?)",
        ),
        (
            "shifts:\n  conditions:\n    - obesity\n    - heavy_menstrual_bleading",
            "asked.yaml:5: shifts.conditions: found heavy_menstrual_bleading (expected exposures "
            "or controls of rlsabm conditions; did you mean heavy_menstrual_bleeding?)",
        ),
        (
            "shifts: {conditions: [first_trimester]}",
            "asked.yaml:2: shifts.conditions: found first_trimester, a group among those of "
            "pregnancy (expected exposures or controls of rlsabm conditions; did you mean pregnancy?)",
        ),
        (
            "shifts: {conditions: [menstruating_women]}",
            "asked.yaml:2: shifts.conditions: found menstruating_women, a state, which has no cause "
            "to leave out (expected exposures or controls of rlsabm conditions)",
        ),
        (
            "shifts: {conditions: [anemia]}",
            "asked.yaml:2: shifts.conditions: found anemia; iron_deficiency_anaemia is a state, whose",
        ),
        (
            "conditions: {iron_deficiency: {enabled: false}}",
            "asked.yaml:2: conditions.iron_deficiency: is a state, which follows from iron stores: "
            "nothing can be set for it",
        ),
        (
            "conditions: {6_to_23_months_after_delivery: {enabled: false}}",
            "asked.yaml:2: conditions.6_to_23_months_after_delivery: is a group among those of "
            "pregnancy: nothing can be set for it",
        ),
        (
            "conditions: {everyone: {enabled: false}}",
            "asked.yaml:2: conditions.everyone: is a group: nothing can be set for it",
        ),
        (
            "conditions: {anemia: {enabled: false}}",
            "asked.yaml:2: conditions.anemia: no condition of this name; a new one needs source, and "
            "prevalence or onset_per_1000; iron_deficiency_anaemia is a state",
        ),
        (
            "shifts: {conditions: [iron_deficiency]}",
            "asked.yaml:2: shifts.conditions: found iron_deficiency, a state, whose shift is "
            "estimated where shifts.postulates is true (expected exposures or controls of rlsabm "
            "conditions)",
        ),
        ("shifts: {conditions: [obesity, obesity]}", "asked.yaml:2: shifts.conditions: names"),
        ("shifts: {conditions: [menses]}", "asked.yaml:2: shifts.conditions: found menses"),
        ("shifts: {postulate: true}", "asked.yaml:2: shifts.postulate: unknown key (did you mean"),
        (
            "observe: {as: [true, CH-RLSk]}",
            f"asked.yaml:2: observe.as: found CH-RLSk (expected names among {KNOWN_INSTRUMENTS}; "
            "did you mean CH-RLSq?)",
        ),
        (
            "conditions:\n  mine:\n    source: s\n    ages: [0, 50, 60]\n"
            "    prevalence: [0.0, 0.3, 0.1]\n    duration_years: 30",
            "asked.yaml:6: conditions.mine.prevalence: falls from 0.3 at 50 to 0.28 at 51, faster "
            "than people lose the condition, which lasts 30 years on average: shorten it",
        ),
        (
            "conditions:\n  mine:\n    source: s\n    ages: [0, 50]\n    prevalence: [0.1]",
            "asked.yaml:6: conditions.mine.prevalence: has 1 value for 2 ages (expected as many)",
        ),
        (
            "conditions:\n  obesity:\n    prevalence: [0.1]",
            "asked.yaml:4: conditions.obesity.prevalence: has 1 value for 11 ages",
        ),
        (
            "conditions:\n  mine:\n    source: s\n    prevalence: [1.2]",
            "asked.yaml:5: conditions.mine.prevalence: item 1: found 1.2",
        ),
        (
            "conditions:\n  mine:\n    source: s\n    ages: [0, 40, 30]\n"
            "    prevalence: [0, 0.1, 0.1]",
            "asked.yaml:5: conditions.mine.ages: must increase, with each value once",
        ),
        (
            "conditions:\n  mine:\n    source: s\n    prevalence: [0.1]\n    negative_control: true\n"
            "    absorption_factor: 0.9",
            "asked.yaml:6: conditions.mine.negative_control: has effects on iron",
        ),
        (
            "conditions:\n  obesity:\n    raises:\n      heart_failur: 2",
            "asked.yaml:5: conditions.obesity.raises.heart_failur: nothing of this name can be raised "
            "(expected a condition of the catalogue, or progressive_kidney_disease; did you mean "
            "heart_failure?)",
        ),
        (
            "conditions: {obesity: {raises: {dialysis: 2}}}",
            "asked.yaml:2: conditions.obesity.raises.dialysis: nothing of this name can be raised "
            "(expected a condition of the catalogue, or progressive_kidney_disease; did you mean "
            "progressive_kidney_disease?)",
        ),
        (
            "conditions:\n  heart_failure:\n    raises: {obesity: 1.5}",
            "asked.yaml:4: conditions.heart_failure.raises.obesity: conditions raise one another in a "
            "circle: obesity raises heart_failure raises obesity",
        ),
        (
            "conditions:\n  obesity:\n    raises: {obesity: 2}",
            "asked.yaml:4: conditions.obesity.raises.obesity: a condition cannot raise its own onset",
        ),
        (
            "conditions:\n  obesity:\n    raises: {heart_failure: 25}",
            "asked.yaml:4: conditions.obesity.raises.heart_failure: found 25 (expected a number from "
            "1 to 20)",
        ),
        (
            "conditions:\n  obesity:\n    raises: {heart_failure: 0.5}",
            "asked.yaml:4: conditions.obesity.raises.heart_failure: found 0.5 (expected a number from "
            "1 to 20)",
        ),
        (
            "conditions:\n  obesity:\n    raises: [heart_failure]",
            "asked.yaml:4: conditions.obesity.raises: found a list (expected a mapping",
        ),
        (
            "conditions:\n  coeliac_disease:\n    raises: {bariatric_surgery: 3}",
            "asked.yaml:4: conditions.coeliac_disease.raises.bariatric_surgery: all that raises "
            "bariatric_surgery multiplies its hazard by 60 (expected at most 50)",
        ),
        (
            "conditions:\n  coeliac_disease:\n    raises: {vegetarian_diet: 3, obesity: 2, "
            "multiple_sclerosis: 2, parkinsons_disease: 2}",
            "conditions: 11 conditions are connected: ",
        ),
        (
            "conditions:\n  obesity:\n    hazard_ratio_per_5_kg_per_m2: 30",
            "asked.yaml:4: conditions.obesity.hazard_ratio_per_5_kg_per_m2: found 30 (expected a "
            "number from 0.05 to 20)",
        ),
        (
            "conditions:\n  obesity:\n    may_give_blood: never",
            "asked.yaml:4: conditions.obesity.may_give_blood: found the text 'never' (expected true "
            "or false)",
        ),
        (
            "conditions:\n" + "".join(
                f"  c_{n}: {{source: s, prevalence: [0.1]}}\n" for n in range(33 - len(SHIPPED))
            ),
            "conditions: 33 found, expected 32 at most",
        ),
        (
            "arms:\n  a:\n    conditions:\n      obesty: {enabled: false}",
            "asked.yaml:5: arms.a.conditions.obesty: no condition of this name",
        ),
        (
            "arms:\n  a:\n    conditions.mine:\n      source: s\n      ages: [0, 50]\n"
            "      prevalence: [0.1]",
            "asked.yaml:7: ",
        ),
        (
            "conditions:\n  obesity:\n    duration_years: null",
            "asked.yaml:4: ",
        ),
    ],
)  # fmt: skip
def test_mistakes(lines: str, expected: str, rlsabm_command: Callable) -> None:
    outcome = rlsabm_command("check", written(f"title: t\n{lines}\n"))
    assert outcome.code == 2
    assert outcome.out == ""
    assert outcome.err.startswith("error: ")
    assert expected in outcome.err.splitlines()[0]
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize(
    "name",
    ["heavy_menstrual_bleeding", "ckd_4_5", "everyone", "iron_deficiency", "first_trimester"],
)
def test_names_that_are_taken(name: str, rlsabm_command: Callable) -> None:
    """A group of that name is there already: two rows of a table could not be told apart."""
    text = f"title: t\nconditions:\n  {name}: {{source: s, prevalence: [0.1]}}\n"
    outcome = rlsabm_command("check", written(text))
    assert outcome.code == 2
    assert f"asked.yaml:3: conditions.{name}" in outcome.err


def test_a_mistake_by_set(rlsabm_command: Callable) -> None:
    written("title: t\n")
    outcome = rlsabm_command("check", "asked.yaml", "--set", "conditions.obesty.enabled=false")
    assert outcome.code == 2
    assert outcome.err.startswith("error: --set conditions.obesty.enabled=false: ")
    assert "did you mean obesity?" in outcome.err


# Arms with conditions of their own


def test_a_condition_of_one_arm_leaves_the_tables_of_others(rlsabm_command: Callable) -> None:
    """Groups of the reference are the same people whether another arm has one condition more."""
    plain = "title: t\npopulation.size: 1000\nobserve.by: []\n"
    more = "arms: {more: {conditions: {mine: {source: s, prevalence: [0.3]}}}}\n"
    tables = []
    for name, text in (("alone", plain), ("both", plain + more)):
        Path(f"{name}.yaml").write_text(text, encoding="utf-8")
        assert rlsabm_command("run", f"{name}.yaml", "--workers", "1").code == 0
        table = pd.read_parquet(f"outputs/{name}/prevalence.parquet")
        table = table[(table["arm"] == "reference") & (table["definition"] == "any")]
        persons = table[table["recall"] == "current"].set_index("condition")["persons"]
        tables.append({str(group): int(count) for group, count in persons.items() if count})
    assert tables[0] == tables[1]


def test_a_condition_of_one_arm_may_be_followed(rlsabm_command: Callable) -> None:
    """Or is refused in words, as it now is: shifts are asked of all arms."""
    text = (
        "title: t\narms: {more: {conditions: {mine: {source: s, prevalence: [0.3]}}}}\n"
        "shifts: {conditions: [mine]}\n"
    )
    outcome = rlsabm_command("check", written(text))
    assert outcome.code == 0 or outcome.err.startswith(
        "error: asked.yaml:3: shifts.conditions: found mine"
    )


# The schema for editors


@pytest.mark.parametrize("name", ["baseline", "iron_conditions", "dialysis", "pregnancy"])
def test_json_schema_accepts_the_shipped_scenarios(name: str, workplace: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    from ruamel.yaml import YAML

    text = (workplace / "scenarios" / f"{name}.yaml").read_text(encoding="utf-8")
    jsonschema.validate(YAML(typ="safe", pure=True).load(text), json_schema())


def test_json_schema_knows_the_fields_of_conditions() -> None:
    schema = json_schema()
    assert json.loads(json.dumps(schema)) == schema
    condition_schema = schema["$defs"]["CatalogueCondition"]
    assert {"prevalence", "duration_years", "source", "negative_control"} <= set(
        condition_schema["properties"]
    )
    assert condition_schema["additionalProperties"] is False
    section = schema["$defs"]["Conditions"]
    assert section["additionalProperties"] == {"$ref": "#/$defs/CatalogueCondition"}
    items = schema["$defs"]["Observe"]["properties"]["as"]["items"]
    assert "boolean" in items["type"], "a bare true is fine"
