"""Policies: arms that part in a given year, what is counted from then on, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import Command

import rlsabm
from rlsabm.care.treatment import Treatment, shipped_treatments
from rlsabm.chance import run_key
from rlsabm.conventions import DAYS_PER_MONTH, NEVER
from rlsabm.errors import UserError
from rlsabm.measuring.assays import measure
from rlsabm.policies.policy import AT_YEAR_END, MONTHLY, Policy
from rlsabm.policies.tally import LOTS, Tally
from rlsabm.population import Population
from rlsabm.results.study_results import Study
from rlsabm.results.tables.policies import estimate_policies
from rlsabm.results.tables.policy_counts import QUARTER_WORDS
from rlsabm.setting import make_setting

SCENARIO = """\
title: t
population: {size: 2500}
observe: {years: [2016, 2019], persons: 1}
conditions.blood_donation.enabled: false
policy:
  period_years: 3
  costs: {oral_iron_g: 2, laboratory_test: 10}
treatments:
  ferric_carboxymaltose: {cost_per_course: 500, slow_share: 0}
care.rules:
  tablets: {treatment: oral_iron, sex: female, at_ages: [30, 40], ferritin_below: 30}
arms:
  nothing: {}
  no tablets: {care.rules.tablets.enabled: false}
  fortified: {parameters.fortification_mg_per_day: 15}
  infused:
    care.rules.by_vein:
      {treatment: ferric_carboxymaltose, sex: female, at_ages: [35, 45], ferritin_below: 50}
  nobody meets it:
    care.rules.by_vein: {treatment: iron_sucrose, sex: male, at_ages: [20], ferritin_below: 0.5}
"""
TOTAL = "sex == 'all' and age_group == 'all ages' and genetic_quarter == 'all'"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A study of five policies."""
    path = tmp_path_factory.mktemp("policies") / "asked.yaml"
    path.write_text(SCENARIO, encoding="utf-8")
    tables = ["prevalence", "policies", "policy_counts", "persons"]
    return rlsabm.simulate(path, tables=tables)


def amounts(study: Study, arm: str) -> pd.Series:
    """Amounts of everybody in all policy years, by item."""
    counts = study.table("policy_counts").query(TOTAL)
    return counts[counts["arm"] == arm].groupby("item", observed=True)["amount"].sum()


# What arms do -------------------------------------------------------------------------------------


def test_a_policy_that_changes_nothing_differs_in_no_bit(study: Study) -> None:
    for name in ("prevalence", "policy_counts", "persons"):
        table = study.table(name)
        of_arms = [
            table[table["arm"] == arm].drop(columns="arm").reset_index(drop=True)
            for arm in ("reference", "nothing")
        ]
        pd.testing.assert_frame_equal(*of_arms, check_exact=True)
    rows = study.table("policies").query("arm == 'nothing'")
    amount = rows[rows["reference"].notna()]
    assert len(amount)
    assert (amount["value"] == 0.0).all()
    assert amount["lower"].isna().all()


def test_people_are_the_same_until_arms_part(study: Study) -> None:
    persons = study.table("persons")
    columns = [name for name in persons if name != "arm"]
    reference = persons.query("arm == 'reference' and year == 2016")[columns].reset_index(drop=True)
    for arm in study.arms:
        own = persons[(persons["arm"] == arm) & (persons["year"] == 2016)]
        pd.testing.assert_frame_equal(own[columns].reset_index(drop=True), reference)
    later = [persons[(persons["arm"] == a) & (persons["year"] == 2019)] for a in study.arms]
    assert not later[0]["storage_iron_mg"].equals(later[study.arms.index("fortified")])


def test_cases_averted_are_nested_where_iron_only_helps(study: Study) -> None:
    persons = study.table("persons").query("year == 2019")
    ill = {arm: set(persons[(persons["arm"] == arm) & persons["rls"]]["uid"]) for arm in study.arms}
    assert ill["fortified"] <= ill["reference"]
    assert ill["infused"] <= ill["reference"] <= ill["no tablets"]
    for arm in ("fortified", "infused"):
        assert amounts(study, arm)["rls_years"] < amounts(study, "reference")["rls_years"]


def test_who_is_on_a_treatment_stays_on_it(study: Study) -> None:
    """Rules end, treatments that people are on do not."""
    ended, before = amounts(study, "no tablets"), amounts(study, "reference")
    assert ended["oral_iron_begun"] == 0.0 < before["oral_iron_begun"]
    assert 0.0 < ended["oral_iron_years"] < before["oral_iron_years"]
    assert ended["laboratory_test"] == 0.0 < before["laboratory_test"]


def test_iron_infused_is_what_courses_hold(study: Study) -> None:
    infused, before = amounts(study, "infused"), amounts(study, "reference")
    courses = infused["ferric_carboxymaltose_begun"]
    assert courses > 20
    by_course = shipped_treatments()["ferric_carboxymaltose"].infused_iron_mg / 1000.0
    # On dialysis a little less is infused into those who were given iron before.
    given = infused["infused_iron_g"] - before["infused_iron_g"]
    assert given == pytest.approx(courses * by_course, rel=0.02)


def test_costs_are_those_of_all_that_has_one(study: Study) -> None:
    for arm in ("reference", "infused"):
        of = amounts(study, arm)
        expected = (
            2.0 * of["oral_iron_g"]
            + 10.0 * of["laboratory_test"]
            + 500.0 * of["ferric_carboxymaltose_begun"]
        )
        assert of["cost"] == pytest.approx(expected, rel=1e-12)


def test_strata_add_up_to_everybody(study: Study) -> None:
    counts = study.table("policy_counts")
    whole = counts.query(TOTAL).groupby(["arm", "item"], observed=True)["amount"].sum()
    for name, words in (
        ("sex", ["female", "male"]),
        ("age_group", [w for w in counts["age_group"].cat.categories if w != "all ages"]),
        ("genetic_quarter", QUARTER_WORDS),
    ):
        part = counts[counts[name].isin(words)]
        sums = part.groupby(["arm", "item"], observed=True)["amount"].sum()
        np.testing.assert_allclose(sums.to_numpy(), whole.to_numpy(), rtol=1e-9)


def test_quarters_are_of_inborn_cns_iron(study: Study) -> None:
    """People with little of it have more RLS, and are a quarter of the people."""
    counts = study.table("policy_counts").query("arm == 'reference'")
    of = counts.groupby(["genetic_quarter", "item"], observed=True)["amount"].sum().unstack()
    of = of.loc[list(QUARTER_WORDS)]
    shares = of["person_years"] / of["person_years"].sum()
    assert shares.between(0.23, 0.27).all()
    rates = (of["rls_years"] / of["person_years"]).to_numpy()
    assert rates[0] == rates.max()
    assert rates[0] > 1.5 * rates[3]


# The tally ----------------------------------------------------------------------------------------


def test_the_tally_counts_every_living_person_month_by_month() -> None:
    """The same, counted with arrays over all people after each month."""
    everybody = {"pregnancy_supplement_uptake": 1.0, "donor_supplement_uptake": 1.0}
    setting = make_setting(size=2000, survey_years=(2019,), parameters=everybody)
    population = Population(setting, key=run_key(1, draw=0, replicate=0))
    tally = Tally(Policy(years=1), setting, [0, 18, 65])
    population.advance(tally.first_month - 1)
    expected = dict.fromkeys([item.name for item in (*MONTHLY, *AT_YEAR_END)], 0.0)
    while tally.is_due(population.month):
        month = population.month
        tally.advance(population, log=False)
        living = population.alive
        lives, bodies = population.lives[living], population.bodies[living]
        ill = bodies["rls"] != 0
        expected["person_years"] += living.sum() / 12.0
        expected["rls_years"] += ill.sum() / 12.0
        significant = ill & (bodies["significant_last_month"] == month)
        expected["significant_rls_years"] += significant.sum() / 12.0
        expected["donation"] += (lives["last_donation_month"] == month).sum()
        pregnant = (lives["pregnancy"] != 0) & (month - lives["conception_month"] >= 2)
        since = month - lives["last_donation_month"].astype(int)
        donors = lives["donor"] != 0
        donors &= (since > 0) & (since <= 2)
        tablets = 27.0 * pregnant.sum() + 19.0 * donors.sum()
        expected["oral_iron_g"] += tablets * DAYS_PER_MONTH / 1000.0
    measured = measure(lives, bodies, tally.last_month, population.inputs)
    expected["rls_cases"] = ill.sum()
    expected["significant_rls_cases"] = significant.sum()
    expected["ferritin_above_300"] = (measured["serum_ferritin_ug_per_l"] > 300.0).sum()
    young = tally.last_month - lives["birth_month"] < 60
    level = measured["stores_ferritin_ug_per_l"]
    expected["iron_deficient"] = (level < np.where(young, 12.0, 15.0)).sum()
    found = tally.counts.sum(axis=(0, 1, 2, 3, 4))
    for place, (name, amount) in enumerate(expected.items()):
        if name in ("diagnosis", "laboratory_test"):
            assert found[place] == 0.0
        elif name != "infused_iron_g":
            assert found[place] == pytest.approx(amount, rel=1e-12), name
    assert (population.lives["death_month"] != NEVER).any()
    assert tally.counts.shape[4] == LOTS
    assert (tally.counts.sum(axis=(0, 1, 2, 3, 5)) > 0).all()


# Estimates ----------------------------------------------------------------------------------------


def counted(differences: np.ndarray, *, draws: int = 1) -> dict[str, pd.DataFrame]:
    """Made-up counts by lot: 1000 person-years each, 50 with RLS less so many, a course for each."""
    rows = []
    for draw in range(1, draws + 1):
        for arm in ("reference", "policy"):
            for lot, less in enumerate(differences):
                fall = less * draw if arm == "policy" else 0.0
                values = {
                    "person_years": 1000.0, "rls_years": 50.0 - fall, "iron_begun": 3.0 * fall,
                    **dict.fromkeys(
                        ("significant_rls_years", "rls_cases", "significant_rls_cases", "donation"),
                        1.0,
                    ),
                }  # fmt: skip
                rows += [
                    {"arm": arm, "draw": draw, "lot": lot, "item": item, "amount": amount}
                    for item, amount in values.items()
                ]
    frame = pd.DataFrame(rows).assign(
        replicate=0,
        year=2019,
        policy_year=1,
        sex="all",
        age_group="all ages",
        genetic_quarter="all",
    )
    for name in ("arm", "item", "sex", "age_group", "genetic_quarter"):
        frame[name] = pd.Categorical(frame[name], list(dict.fromkeys(frame[name])))
    return {"policy_counts": frame}


def averted(found: pd.DataFrame, outcome: str = "rls_years_averted") -> pd.Series:
    rows = found[(found["outcome"] == outcome) & (found["policy_year"] == 0)]
    assert len(rows) == 1
    return rows.iloc[0]


def test_the_interval_is_that_of_a_mean_over_lots() -> None:
    """With equal lots the jackknife is the standard error of their mean."""
    less = np.array([4.0, 6.0, 5.0, 3.0, 7.0, 5.0, 5.0, 4.0, 6.0, 5.0])
    row = averted(estimate_policies(counted(less)))
    assert row["value"] == pytest.approx(100.0 * less.mean())
    error = 100.0 * less.std(ddof=1) / np.sqrt(len(less))
    assert row["monte_carlo_error"] == pytest.approx(error)
    assert row["lower"] == pytest.approx(row["value"] - 1.96 * error, rel=1e-3)


def test_the_number_needed_to_treat_is_courses_for_each_year_averted() -> None:
    found = estimate_policies(counted(np.array([4.0, 6.0, 5.0, 3.0, 7.0])))
    row = averted(found, "courses_per_rls_year_averted")
    assert row["value"] == pytest.approx(3.0)
    unsure = estimate_policies(counted(np.array([9.0, -9.0, 5.0, -6.0, 2.0])))
    assert np.isnan(averted(unsure, "courses_per_rls_year_averted")["value"])


def test_draws_show_the_uncertainty_of_parameters() -> None:
    less = np.array([4.0, 6.0, 5.0])
    few, many = (averted(estimate_policies(counted(less, draws=n))) for n in (3, 6))
    assert np.isnan(few["lower"])
    assert few["draws"] == 3
    assert many["value"] == pytest.approx(100.0 * 5.0 * 3.5)
    assert many["parameter_sd"] > 0.0
    assert many["upper"] > many["value"]


def test_where_nobody_differs_nothing_is_sure() -> None:
    row = averted(estimate_policies(counted(np.zeros(5))))
    assert row["value"] == 0.0
    assert np.isnan(row["lower"])


def test_runs_that_have_not_finished_are_left_out() -> None:
    """A draw that one arm lacks, and a study without its reference."""
    tables = counted(np.array([4.0, 6.0, 5.0]), draws=6)
    counts = tables["policy_counts"]
    lacks = counts[~((counts["arm"] == "policy") & (counts["draw"] == 6))]
    row = averted(estimate_policies({"policy_counts": lacks}))
    five = averted(estimate_policies(counted(np.array([4.0, 6.0, 5.0]), draws=5)))
    assert row["draws"] == 5
    assert row[["reference", "value", "lower"]].equals(five[["reference", "value", "lower"]])
    alone = counts[counts["arm"] == "policy"]
    assert estimate_policies({"policy_counts": alone}).empty
    other = counts[(counts["arm"] == "reference") == (counts["draw"] == 6)]
    assert estimate_policies({"policy_counts": other}).empty


def test_an_item_is_named_after_its_treatment() -> None:
    policy = Policy(
        treatments=[Treatment(name="iron", source="s", label="Iron", cost_per_year=3.0)]
    )
    names = [item.name for item in policy.items]
    assert names[-3:] == ["iron_begun", "iron_years", "cost"]
    assert "cost" not in [item.name for item in Policy().items]


def test_strengths_of_treatments_are_told_by_draw(workplace: Path) -> None:
    Path("asked.yaml").write_text(SCENARIO.replace("2500", "200"), encoding="utf-8")
    study = rlsabm.simulate("asked.yaml", draws=2, tables=["draws"])
    draws = study.table("draws").set_index(["arm", "draw", "parameter"])["value"]
    name = "treatments.ferric_carboxymaltose.effect_strength"
    by_draw = {draw: draws["reference", draw, name] for draw in (1, 2)}
    assert by_draw[1] != by_draw[2]
    assert by_draw[1] == draws["infused", 1, name]
    assert "treatments.levodopa.effect_strength" not in draws.index.get_level_values("parameter")


# What is said -------------------------------------------------------------------------------------


def test_what_is_printed(rlsabm_command: Command, workplace: Path) -> None:
    Path("asked.yaml").write_text(SCENARIO.replace("2500", "500"), encoding="utf-8")
    out = rlsabm_command("run", "asked.yaml", "--no-report").out
    flat = " ".join(out.split())
    assert "Policy nothing, 3 years, per 100,000 person-years: nothing differs" in flat
    assert "Policy fortified, 3 years, per 100,000 person-years" in flat
    assert "In nobody meets it, nobody began iron sucrose" in flat
    assert "None of 5 policies averts RLS" in flat or "Of 5 policies, “" in flat
    assert rlsabm_command("report", "outputs/asked").code == 0
    page = " ".join(Path("outputs/asked/report.html").read_text(encoding="utf-8").split())
    for words in (
        "part then. From then on everybody alive was counted",
        "Offered were oral iron",
        ", by rules of the scenario.",
        "Treatments and their sources",
        "Years with RLS that each policy averts in 3 years",
        "Nothing: nothing differs from the reference",
        "The jackknife - a review",
    ):
        assert words in page, words
    with pytest.raises(UserError, match="cannot live again in fortified"):
        rlsabm.read("outputs/asked").lives(arm="fortified")


def test_figures_have_the_numbers_of_the_table(study: Study) -> None:
    numbers = rlsabm.plots.policies_numbers(study, by="genetic_quarter")
    table = study.table("policies").query("policy_year == 0 and genetic_quarter != 'all'")
    assert len(numbers) == 2 * 4 * (len(study.arms) - 1)
    for row in numbers.to_dict("records"):
        found = table[
            (table["arm"] == row["arm"])
            & (table["outcome"] == row["outcome"])
            & (table["genetic_quarter"] == row["genetic_quarter"])
        ]
        assert found["value"].tolist() == [row["value"]]
    assert "quarter 1" in str(rlsabm.plots.policies(study, by="genetic_quarter").to_dict())
    with pytest.raises(UserError, match="expected one of sex, age_group, genetic_quarter"):
        rlsabm.plots.policies(study, by="parity")
    with pytest.raises(UserError, match="did you mean rls_years_averted"):
        rlsabm.plots.policies(study, outcome="rls_year_averted")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ("arms=null", "policy: no arm differs from the reference"),
        ("policy.period_years=30", "policy.period_years: 30 found, expected 25 at most"),
        ("shifts.postulates=true", "policy: people cannot live again in other worlds"),
        ("policy.period_years=0", "policy.period_years=0: found 0"),
        ("policy.costs.tablet=1", "policy.costs.tablet=1: unknown key"),
        ("conditions.pregnancy={enabled: false, supplements: {uptake: 1, milligrams_per_day: 60, "
         "from_month: 3}}", "conditions.pregnancy.supplements: contradicts"),
        ("care.rules.a={treatment: oral_iron, ferritin_from: 50, ferritin_below: 30}",
         "ferritin_below: 30 found, expected more than 50 (ferritin_from)"),
        ("care.rules.a={treatment: oral_iron, at_ages: [60], age_to: 40}",
         "at_ages: none of 60 is from 0 to 40"),
        ("care.rules.a={treatment: oral_iron, sex: male, pregnant: true}", "so that nobody is meant"),
        ("care.rules.a={treatment: oral_iron, not_with: [oral_iron]}", "which is the treatment that"),
        ("care.rules.a={treatment: oral_iron, months_since_donation: 3}", "nobody gives blood"),
        ("conditions.obesity.enabled=false\tcare.rules.a={treatment: oral_iron, condition: obesity}",
         "nobody has obesity, as it is switched off"),
    ],
)  # fmt: skip
def test_mistakes(rlsabm_command: Command, workplace: Path, settings: str, words: str) -> None:
    Path("asked.yaml").write_text(SCENARIO, encoding="utf-8")
    each = [part for setting in settings.split("\t") for part in ("--set", setting)]
    outcome = rlsabm_command("check", "asked.yaml", *each)
    assert outcome.code == 2
    assert len(outcome.err.splitlines()) == 1
    assert words in outcome.err


def test_a_treatment_that_is_new_in_an_arm(rlsabm_command: Command, workplace: Path) -> None:
    text = SCENARIO + "  drug: {treatments.x: {source: s}, care.rules.x: {treatment: x}}\n"
    Path("asked.yaml").write_text(text, encoding="utf-8")
    outcome = rlsabm_command("check", "asked.yaml")
    assert outcome.code == 2
    assert "treatments.x: is new in an arm (expected among the treatments of the" in outcome.err
