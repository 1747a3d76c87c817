"""Treatments and care in scenario files: arms, presets, what is wrong with them, and the verb."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from conftest import Command

import rlsabm
from rlsabm.care.treatment import shipped_treatments
from rlsabm.errors import UserError
from rlsabm.scenario import ResolvedScenario
from rlsabm.study.settings import care_of, read_scenario, treatments_of

CARE = """\
title: t
population: {size: 1500}
parameters: {diagnosis_per_year: 1}
treatments:
  dopamine_agonist.dopamine_support: 1.5
  transporter:
    label: transporter
    supply_factor: 1.5
    source: imagined
care.rules:
  transporter_for_rls: {treatment: transporter, symptoms: any}
arms:
  usual: {care.presets: [usual_care]}
  more: {care.rules.transporter_for_rls.uptake: 0.5}
  none: {care.rules.transporter_for_rls.enabled: false}
  early iron:
    care.presets: [irlssg_2018_iron]
    care.rules.oral_iron_at_75: {ferritin_below: 200, diagnosed: false}
"""


def read(text: str, *settings: str) -> ResolvedScenario:
    Path("asked.yaml").write_text(text, encoding="utf-8")
    return read_scenario("asked.yaml", list(settings))


def test_arms_have_rules_of_presets_and_their_own(workplace: Path) -> None:
    study = read(CARE)
    plans = {name: care_of(arm) for name, arm in study.arms.items()}
    names = {name: [rule.name for rule in plan.rules] for name, plan in plans.items()}
    assert names["reference"] == names["more"] == ["transporter_for_rls"]
    assert names["none"] == []
    assert names["usual"] == [
        "agonist_for_diagnosed_rls", "ligand_for_diagnosed_rls", "oral_iron_for_diagnosed_rls",
        "transporter_for_rls",
    ]  # fmt: skip
    assert plans["more"].rules[0].uptake == 0.5
    [changed] = [rule for rule in plans["early iron"].rules if rule.name == "oral_iron_at_75"]
    assert (changed.ferritin_below, changed.diagnosed) == (200, False)
    assert (changed.treatment, changed.symptoms, changed.per_year) == ("oral_iron", "weekly", 1.0)
    [agonist] = [t for t in plans["usual"].treatments if t.name == "dopamine_agonist"]
    assert agonist.dopamine_support == 1.5
    assert agonist.augmentation_per_year == shipped_treatments()[agonist.name].augmentation_per_year
    assert treatments_of(study.scenario)["transporter"].in_words == "transporter"


def test_effects_differ_between_draws_and_iron_does_not(workplace: Path) -> None:
    study = read(CARE, "care.presets=[usual_care]", "runs.draws=3")
    plans = [care_of(study.scenario, draw) for draw in (0, 1, 2)]
    support = [plan.treatments[1].dopamine_support for plan in plans]
    assert plans[0].treatments[1].name == "dopamine_agonist"
    assert support[0] == 1.5
    assert len(set(support)) == 3
    assert len({plan.treatments[0].oral_iron_mg for plan in plans}) == 1
    fixed = read(CARE, "treatments.transporter.effect_log_sd=0")
    assert care_of(fixed.scenario, 1).treatments[-1].supply_factor == 1.5


def test_resolved_scenarios_say_who_is_treated(workplace: Path, rlsabm_command: Command) -> None:
    study = read(CARE)
    Path("again.yaml").write_text(study.to_yaml(), encoding="utf-8")
    again = read_scenario("again.yaml")
    assert again.content_hash() == study.content_hash()
    assert {name: care_of(arm) for name, arm in again.arms.items()} == {
        name: care_of(arm) for name, arm in study.arms.items()
    }
    assert study.content_hash() != read(CARE, "care.presets=[usual_care]").content_hash()
    words = "treatments.transporter.source=dreamt", "care.rules.transporter_for_rls.source=a dream"
    assert study.content_hash() == read(CARE, *words).content_hash()
    outcome = rlsabm_command("show", "asked.yaml")
    assert outcome.code == 0
    assert "uptake: 0.5" in outcome.out
    assert "transporter_for_rls" in outcome.out


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("care.presets=[usual]", "found usual (expected a preset: aasm_2025, irlssg_2018_iron, "
         "usual_care; did you mean usual_care?)"),
        ("care.rules.a.treatment=oral_irn", "found oral_irn (expected a treatment: oral_iron, "),
        ("care.rules.a.treatment=oral_irn", "transporter; did you mean oral_iron?)"),
        ("care.rules.a.treatmen=oral_iron", "unknown key (did you mean care.rules.a.treatment?)"),
        ("care.rules.a={treatment: oral_iron, condition: obesitas}", "did you mean obesity?"),
        ("care.rules.a={treatment: oral_iron, not_with: [levodop]}", "did you mean levodopa?"),
        ("care.rules.a={treatment: oral_iron, sex: women}", "expected one of all, female, male"),
        ("care.rules.a={treatment: oral_iron, ferritin_below: 0}", "care.rules.a.ferritin_below: "),
        ("care.rules.a={treatment: oral_iron, at_ages: [40, 30]}", "must increase"),
        ("care.rules.A b={treatment: oral_iron}", "cannot be a name"),
        ("care.rules.a.age_from=3", "care.rules.a.treatment: is missing"),
        ("care.rules.a={treatment: oral_iron, age_from: 50, age_to: 20}",
         "care.rules.a.age_to: 20 found, expected 50 (age_from) or more"),
        ("treatments.oral_iron.adherence=3", "expected a number from 0 to 1"),
        ("treatments.novel={dopamine_support: 1}", "a new one needs a source"),
        ("treatments.Novel={source: s}", "cannot be a name"),
        ("treatments.obesity={source: s}\tcare.rules.a.treatment=obesity",
         "treatments.obesity: is the name of a group"),
        ("cares.presets=[usual_care]", "did you mean care?"),
    ],
)  # fmt: skip
def test_mistakes(workplace: Path, rlsabm_command: Command, setting: str, expected: str) -> None:
    Path("asked.yaml").write_text(CARE, encoding="utf-8")
    words = [word for each in setting.split("\t") for word in ("--set", each)]
    outcome = rlsabm_command("check", "asked.yaml", *words)
    assert outcome.code == 2
    assert expected in outcome.err
    assert len(outcome.err.splitlines()) == 1


def test_mistakes_have_their_line(workplace: Path, rlsabm_command: Command) -> None:
    Path("asked.yaml").write_text(CARE.replace("[usual_care]", "[usual]"), encoding="utf-8")
    outcome = rlsabm_command("check", "asked.yaml")
    assert outcome.err.startswith("error: asked.yaml:13: arms.usual.care.presets: found usual")


def test_people_are_counted_by_the_care_that_they_receive(workplace: Path) -> None:
    """Nobody is in a group of care in an arm without rules; an arm that changes nothing is the same."""
    Path("asked.yaml").write_text(CARE + "  same: {}\n", encoding="utf-8")
    study = rlsabm.simulate("asked.yaml", tables=["prevalence", "biomarkers"])
    table = study.table("prevalence").query("definition == 'any' and recall == 'current'")
    persons = table.groupby(["arm", "condition"], observed=False)["persons"].sum().unstack()
    assert {"diagnosed_rls", "dopamine_agonist", "oral_iron", "transporter"} <= set(persons)
    assert persons.loc["none", "transporter"] == 0
    assert persons.loc["more", "transporter"] < persons.loc["reference", "transporter"]
    assert persons.loc["usual", "diagnosed_rls"] > persons.loc["usual", "dopamine_agonist"] > 0
    assert (persons["everyone"] == persons["everyone"].iloc[0]).all()

    def of(arm: str) -> pd.DataFrame:
        mine = study.table("prevalence").query("arm == @arm and condition == 'everyone'")
        return mine.drop(columns="arm").reset_index(drop=True)

    pd.testing.assert_frame_equal(of("reference"), of("same"))
    assert not of("reference")["cases"].equals(of("none")["cases"])


def test_the_verb(workplace: Path, rlsabm_command: Command) -> None:
    Path("asked.yaml").write_text(CARE, encoding="utf-8")
    listed = rlsabm_command("treatments").out
    for name in (*shipped_treatments(), "usual_care", "aasm_2025"):
        assert f"{name}: " in listed
    assert "transporter" not in listed
    assert "transporter: supply of iron to the CNS x 1.5" in (
        rlsabm_command("treatments", "--of", "asked.yaml").out
    )
    assert "dopaminergic function + 1.5" in (
        rlsabm_command("treatments", "dopamine_agonist", "--of", "asked.yaml").out
    )
    explained = rlsabm_command("treatments", "aasm_2025").out
    assert "ligand_first: alpha2delta_ligand (diagnosed: true" in explained
    assert "Winkelman 2025" in explained
    refused = rlsabm_command("treatments", "levodpa")
    assert refused.code == 2
    assert "did you mean levodopa?" in refused.err
    known = json.loads(rlsabm_command("treatments", "--json").out)
    assert [each["name"] for each in known["treatments"]] == list(shipped_treatments())
    assert {each["name"] for each in known["presets"]} >= {"usual_care"}


def test_python_refuses_the_same(workplace: Path) -> None:
    with pytest.raises(UserError, match="found usual"):
        rlsabm.simulate(size=300, changes={"care.presets": ["usual"]})
