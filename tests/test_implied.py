"""What ``check`` says that a scenario implies, against closed forms, and its hints."""

from __future__ import annotations

import json
import re
from math import exp
from pathlib import Path
from typing import Any

import pytest
from command_tools import SMALL
from conftest import Command
from country_tools import country_in
from study_tools import ledger

from rlsabm.conventions import FEMALE
from rlsabm.demography.countries import load_country
from rlsabm.exposures.catalogue.condition import Condition
from rlsabm.scenario import ResolvedScenario
from rlsabm.study.checking import check_study
from rlsabm.study.hints import hints_about
from rlsabm.study.implied import SHOWN_AGES, Implied, implied_by, implied_condition
from rlsabm.study.settings import read_scenario

COUNTRY = load_country("united-states")


def implied_of(content: dict[str, Any]) -> tuple[ResolvedScenario, Implied]:
    study = read_scenario({"title": "t", **content})
    return study, implied_by(study, check_study(study))


def hints(content: dict[str, Any]) -> list[str]:
    return hints_about(*implied_of(content))


def condition(**figures: Any) -> Condition:
    return Condition(name="x", label="", definition="", source="s", **figures)


# Conditions ---------------------------------------------------------------------------------------


def test_a_constant_rate_for_life() -> None:
    """With hazard h, the share who have it at age a is 1 - exp(-h a)."""
    found = implied_condition(condition(onset_per_1000=[10.0]), "reference", COUNTRY, 2019, 1_000)
    expected = [1.0 - exp(-0.01 * (age + 0.5)) for age in SHOWN_AGES]
    assert found.prevalence_women == pytest.approx(expected, abs=2e-3)
    assert found.prevalence_men == found.prevalence_women
    assert found.ever_women == pytest.approx(1.0 - exp(-0.8))
    assert found.people == pytest.approx(1_000 * found.everybody)


def test_a_constant_rate_with_recovery() -> None:
    """The share settles at h / (h + 1 / duration)."""
    figures = {"onset_per_1000": [50.0], "duration_years": 2.0}
    found = implied_condition(condition(**figures), "reference", COUNTRY, 2019, 1_000)
    assert found.prevalence_men == pytest.approx([0.05 / 0.55] * 4, rel=1e-3)
    assert found.everybody == pytest.approx(0.05 / 0.55, rel=0.05)


def test_a_prevalence_of_one_sex() -> None:
    """Women over 50 are a known share of all people, and a fifth of them have it."""
    figures = {
        "ages": [0, 49, 50],
        "prevalence_women": [0.0, 0.0, 0.2],
        "prevalence_men": [0, 0, 0],
    }
    found = implied_condition(condition(**figures), "reference", COUNTRY, 2019, 1_000)
    persons = COUNTRY.population[2019]
    women_over_50 = persons[FEMALE, 10:].sum() / persons.sum()
    assert found.everybody == pytest.approx(0.2 * women_over_50, rel=0.02)
    assert found.women == pytest.approx(found.everybody * persons.sum() / persons[FEMALE].sum())
    assert found.men == 0.0
    assert found.prevalence_women == pytest.approx([0.0, 0.0, 0.2, 0.2])


def test_nobody_gets_what_is_disabled() -> None:
    figures = {"prevalence": [0.1], "enabled": False}
    found = implied_condition(condition(**figures), "reference", COUNTRY, 2019, 1_000)
    assert (found.everybody, found.ever_men, found.people) == (0.0, 0.0, 0.0)


def test_which_conditions_are_told() -> None:
    _, implied = implied_of(
        {
            "conditions": {
                "x": {"source": "s", "prevalence": [0.1]},
                "obesity": {"absorption_factor": 0.8},
                "coeliac_disease": {"absorption_factor": 0.7},
                "multiple_sclerosis": {"enabled": False},
            },
            "arms": {
                "a": {"conditions": {"x": {"prevalence": [0.2]}}},
                "b": {"parameters": {"dopamine_share": 0.5}},
            },
        }
    )
    told = {(each.name, each.arm): each for each in implied.conditions}
    assert set(told) == {
        ("x", "reference"), ("obesity", "reference"), ("multiple_sclerosis", "reference"), ("x", "a"),
    }  # fmt: skip
    assert told["x", "a"].is_new
    assert not told["obesity", "reference"].is_new
    assert told["x", "a"].everybody == pytest.approx(2 * told["x", "reference"].everybody, rel=1e-3)
    assert set(implied.people_with) == {"x", "obesity"}


# People, country and work -------------------------------------------------------------------------


def test_country_and_runs() -> None:
    _, implied = implied_of(
        {
            "population": {"size": 1_000, "block_size": 400, "country": "germany"},
            "observe": {"years": [2010, 2019]},
            "runs": {"draws": 2, "replicates": 3},
            "shifts": {"conditions": ["obesity"]},
            "arms": {"a": {}},
        }
    )
    assert (implied.country, implied.people, implied.years) == ("Germany", 1_000, [2010, 2019])
    assert (implied.runs, implied.blocks, implied.arms) == (12, 3, ["reference", "a"])
    assert implied.life_expectancy_women == pytest.approx(83.4, abs=0.2)
    assert implied.life_expectancy_men == pytest.approx(78.6, abs=0.2)
    assert implied.children_per_woman == pytest.approx(1.54, abs=0.01)
    assert implied.worlds == ["without obesity"]
    assert implied.work > implied.person_years > 0


def test_person_years_are_those_that_are_lived(done: Path) -> None:
    found = read_scenario(done.parents[1] / "asked.yaml")
    implied = implied_by(found, check_study(found))
    lived = ledger(done)["person_months"].sum() / 12
    assert implied.person_years == pytest.approx(lived, rel=0.05)


# Hints --------------------------------------------------------------------------------------------


def new(**figures: Any) -> dict[str, Any]:
    return {"conditions": {"x": {"source": "s", **figures}}}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (new(prevalence=[0.5]), "conditions.x.prevalence: 50 % of all people have it; 0.5 % would"),
        (
            new(onset_per_1000=[0.02]),
            "onset_per_1000: 0.02 new cases in 1,000 person-years at most",
        ),
        (
            new(prevalence=[0.01], blood_loss_ml_per_day=25, duration_years=0.5),
            "conditions.x.blood_loss_ml_per_day: 25 is far above the catalogue that ships (up to 2)",
        ),
        (
            new(prevalence=[0.01], blood_loss_ml_per_day=6),
            "conditions.x.blood_loss_ml_per_day: the one in forty who bleeds most loses 28 mL a day",
        ),
        (new(prevalence=[0.01], iron_loss_mg_per_day=9), "conditions.x.iron_loss_mg_per_day: 9 is"),
        (new(prevalence=[0.01], absorption_factor=0.05), "conditions.x.absorption_factor: 0.05 is"),
        (
            new(prevalence=[0.01], mortality_ratio=20),
            "conditions.x.mortality_ratio: 20 is far from",
        ),
        ({"runs": {"draws": 3}}, "runs.draws: 3 draws say little about the spread"),
        (
            {"population": {"size": 1_000}, "shifts": {"conditions": ["multiple_sclerosis"]}},
            "population.size: in all runs together few people have multiple_sclerosis (2)",
        ),
        (
            {"conditions": {"dialysis": {"enabled": False}}, "arms": {"a": {}}},
            "conditions.dialysis.enabled: nobody's kidneys fail: the stages 4-5 before",
        ),
        (
            {"arms": {"a": {"conditions": {"dialysis": {"enabled": False}}}}},
            "arms.a.conditions.dialysis.enabled: nobody's kidneys fail",
        ),
    ],
)
def test_hints(content: dict[str, Any], words: str) -> None:
    found = hints(content)
    assert len(found) == 1
    assert found[0].startswith(("scenario: ", "population.size: "))
    assert words in found[0]


def test_those_who_bleed_most_end_at_the_haemoglobin_that_absorption_keeps_up() -> None:
    """Iron in the blood that is lost equals the ceiling of absorption."""
    figures = {"prevalence": [0.01], "blood_loss_ml_per_day": 2.0, "absorption_factor": 0.8}
    _, implied = implied_of({**new(**figures), "parameters": {"bleeding_log_sd": 1.0}})
    (most,) = implied.bleeding
    assert most.loss_ml_per_day == pytest.approx(2.0 * exp(1.96 - 0.5))
    iron_mg_per_day = most.loss_ml_per_day * most.haemoglobin_g_per_l / 1000.0 * 3.39
    assert iron_mg_per_day == pytest.approx(0.8 * 6.0)
    assert not implied_of(new(**figures, duration_years=0.5))[1].bleeding


def test_swapped_sexes_are_pointed_out(tmp_path: Path) -> None:
    country = country_in(tmp_path)
    assert hints({"population": {"country": str(country)}}) == []
    table = country / "mortality.csv"
    swapped = {"male": "female", "female": "male"}
    text = re.sub(r"\b(fe)?male\b", lambda word: swapped[word[0]], table.read_text("utf-8"))
    table.write_text(text, "utf-8")
    (hint,) = hints({"population": {"country": str(country)}})
    assert "population.country: men outlive women (83.2 and 79.2 years on average)" in hint


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"runs": {"draws": 5, "replicates": 3}},
        new(prevalence=[0.01], blood_loss_ml_per_day=1.5, absorption_factor=0.7),
        new(onset_per_1000=[2.0], duration_years=0.5),
        {"conditions": {"obesity": {"absorption_factor": 0.8}}},
        {"shifts": {"conditions": ["multiple_sclerosis", "dialysis"]}},
        new(prevalence=[0.5], enabled=False),
    ],
)
def test_no_hints(content: dict[str, Any]) -> None:
    assert hints(content) == []


@pytest.mark.parametrize("name", ["baseline", "blood_donation", "iron_conditions", "pregnancy"])
def test_scenarios_that_ship_need_no_hints(name: str) -> None:
    study = read_scenario(name)
    assert hints_about(study, implied_by(study, check_study(study))) == []


# On screen and for scripts ------------------------------------------------------------------------


def test_check_shows_what_is_implied(rlsabm_command: Command, workplace: Path) -> None:
    text = (
        f"{SMALL}conditions:\n  x: {{source: s, prevalence_women: [0.5], prevalence_men: [0.4]}}\n"
        'arms: {"[b] c": {conditions.x.enabled: false}}\n'
    )
    (workplace / "asked.yaml").write_text(text)
    lines = rlsabm_command("check", "asked.yaml").out.splitlines()
    assert lines[0] == "asked.yaml: valid. United States, 300 people, surveyed in 2019"
    assert lines[1].startswith(
        "Life expectancy at birth: women 81.4 years, men 76.3; 1.68 children"
    )
    assert lines[2].startswith("2 runs (2 arms, 1 draw, 1 replicate): about 0.12")
    rows = [" ".join(line.split()) for line in lines]
    assert "x (new), women 50 50 50 50 50 50" in rows
    assert "x (new), men 40 40 40 40 40 40" in rows
    assert any(row.startswith("x (new, [b] c) nobody") for row in rows)
    assert "hint: asked.yaml:4: conditions.x.prevalence_women: 45 % of all people" in lines[-1]


def test_check_for_scripts(rlsabm_command: Command, workplace: Path) -> None:
    (workplace / "asked.yaml").write_text(SMALL + "runs: {draws: 2}\n")
    found = json.loads(rlsabm_command("check", "asked.yaml", "--json").out)
    assert (found["people"], found["draws"], found["runs"]) == (300, 2, 2)
    assert len(found["hints"]) == 1
    assert {"country", "person_years", "life_expectancy_women", "conditions"} <= set(found)


def test_check_shows_all_mistakes_if_asked(rlsabm_command: Command, workplace: Path) -> None:
    (workplace / "asked.yaml").write_text("title: t\n" + "".join(f"k{n}: 1\n" for n in range(9)))
    assert len(rlsabm_command("check", "asked.yaml").err.splitlines()) == 6
    assert len(rlsabm_command("check", "asked.yaml", "--all").err.splitlines()) == 9
