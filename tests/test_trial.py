"""Virtual trials: who takes part, what is told, what the arms do, and what is refused."""

from __future__ import annotations

import re
from math import sqrt
from pathlib import Path
from statistics import NormalDist
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import CHECKOUT, Command

import rlsabm
from rlsabm.care.care_rule import CareRule
from rlsabm.care.treatment import shipped_treatments
from rlsabm.errors import UserError
from rlsabm.measuring.assays import MEASUREMENT
from rlsabm.results.tables.trial import estimate_trial
from rlsabm.results.tables.trial_outcomes import count_outcomes
from rlsabm.results.tables.trial_power import SIZES, estimate_power
from rlsabm.results.tables.trial_published import estimate_published
from rlsabm.study.settings import read_scenario
from rlsabm.trials.conducting import Conducted
from rlsabm.trials.doing import OUTCOMES, arms_of, do, outcomes_of
from rlsabm.trials.flow import flow_before, flow_of_arm
from rlsabm.trials.following import Followed
from rlsabm.trials.trial import Trial

TRIALS = CHECKOUT / "scenarios" / "trials"
SCENARIO = """\
title: t
population: {size: 6000}
trial:
  eligible: {irls_at_least: 10, symptoms: any}
  arms:
    placebo: []
    same: []
    agonist: [dopamine_agonist]
    iron: [ferric_carboxymaltose]
  patients_per_arm: 20
  visits: [1, 3]
  repetitions: 30
"""


def a_trial(**given: object) -> Trial:
    """A trial of two arms."""
    return Trial(
        **{
            "eligible": CareRule(name="eligible", irls_at_least=15.0),
            "arms": {"placebo": (), "drug": ("levodopa",)},
            "treatments": shipped_treatments(),
            "patients_per_arm": 200,
            "drop_out_per_year": 0.0,
            **given,
        }  # type: ignore[arg-type]
    )


def followed(scores: np.ndarray) -> Followed:
    """People with these true scores, by course, period, visit and person; without periods, of one."""
    if scores.ndim == 3:
        scores = scores[:, np.newaxis]
    courses, periods, _, people = scores.shape
    measured = np.zeros(scores.shape, dtype=MEASUREMENT)
    measured["irls"] = scores
    return Followed(
        screened=scores[0, 0, 0],
        measured=measured,
        alive=np.ones(scores.shape, dtype=bool),
        augmented=np.zeros(scores.shape, dtype=bool),
        stopped=np.full((courses, periods, people), np.inf),
        died=np.full((courses, people), np.inf),
    )


def constant(people: int = 2000, effect: float = 0.0) -> np.ndarray:
    """Scores of 5 to 35 points that stay as they are; the second arm's fall by an effect."""
    scores = np.tile(np.linspace(5.0, 35.0, people), (2, 3, 1))
    scores[1, 1:] -= effect
    return scores


# Doing a trial ------------------------------------------------------------------------------------


def test_arms_are_equal_and_nobody_is_in_two() -> None:
    for done in do(a_trial(repetitions=3), followed(constant()), np.array([1, 2])):
        assert np.bincount(done.course).tolist() == [200, 200]
        assert len(set(done.patients)) == 400
        assert done.there.all()


def test_without_noise_or_placebo_a_trial_finds_the_true_effect() -> None:
    trial = a_trial(rating_sd=0.0, placebo_fall=0.0, repetitions=1)
    people = followed(constant(effect=4.0))
    [done] = do(trial, people, np.array([1, 2]))
    told = outcomes_of(trial, people, done)
    assert (people.screened[done.patients] >= 15.0).all()
    for visit, effect in ((0, 0.0), (1, -4.0), (2, -4.0)):
        assert told["irls_change"][0, visit, done.course == 1] == pytest.approx(effect)
        assert told["irls_change"][0, visit, done.course == 0] == pytest.approx(0.0)
        assert told["true_effect"][0, visit, done.course == 1] == pytest.approx(effect)
        assert (told["true_effect"][0, visit, done.course == 0] == 0.0).all()


def test_scores_regress_to_the_mean_after_screening_and_placebo_falls_with_time() -> None:
    """Only between screening and the beginning; then 6 (1 - exp(-month / 2)) in both arms."""
    trial = a_trial(rating_sd=4.0, placebo_fall=6.0, placebo_months=2.0, repetitions=40)
    people = followed(constant())
    told = [outcomes_of(trial, people, done) for done in do(trial, people, np.array([5, 6]))]
    screened, *means = (
        np.mean([each[name][0, visit].mean() for each in told])
        for name, visit in (("irls_at_screening", 0), ("irls", 0), ("irls", 1), ("irls", 2))
    )
    assert 0.2 < screened - means[0] < 2.0
    for month, mean in ((1, means[1]), (3, means[2])):
        assert means[0] - mean == pytest.approx(6 * (1 - np.exp(-month / 2)), abs=0.2)
    exact = a_trial(rating_sd=0.0, repetitions=1)
    [done] = do(exact, people, np.array([1, 2]))
    told_exactly = outcomes_of(exact, people, done)
    assert (told_exactly["irls_at_screening"][0, 0] == told_exactly["irls"][0, 0]).all()


def test_responders_and_remitters() -> None:
    trial = a_trial(rating_sd=0.0, placebo_fall=0.0, repetitions=1)
    scores = np.tile(np.full(400, 20.0), (2, 3, 1))
    scores[1, 1], scores[1, 2] = 10.0, 10.1
    people = followed(scores)
    [done] = do(trial, people, np.array([1, 2]))
    told = outcomes_of(trial, people, done)
    for name in ("responder", "remitted"):
        assert told[name][0][:, done.course == 1].mean(axis=1).tolist() == [0.0, 1.0, 0.0]
        assert not told[name][0][:, done.course == 0].any()


def test_patients_drop_out_at_their_rate() -> None:
    trial = a_trial(drop_out_per_year=1.2, repetitions=20, visits=(5, 10))
    people = followed(constant())
    there = np.mean(
        [done.there[0].mean(axis=1) for done in do(trial, people, np.array([1, 2]))], axis=0
    )
    assert there == pytest.approx([1.0, np.exp(-0.5), np.exp(-1.0)], abs=0.02)


def test_too_few_eligible_people_are_told_with_their_number() -> None:
    with pytest.raises(
        UserError, match="200 in each of 2 arms found, but only 100 people are eligible"
    ):
        list(do(a_trial(rating_sd=0.0), followed(np.full((2, 3, 100), 20.0)), np.array([1, 2])))


def test_a_trial_is_printed_as_a_journal_would() -> None:
    """Difference, Welch's interval, power: from hand-made outcomes of two trials."""
    rows = [
        (0, "placebo", 50, 20.0, 5.0), (0, "drug", 40, 15.0, 4.0),
        (1, "placebo", 50, 19.0, 5.0), (1, "drug", 40, 18.5, 4.0),
    ]  # fmt: skip
    told = pd.DataFrame(rows, columns=["repetition", "trial_arm", "persons", "mean", "sd"])
    told = told.assign(
        arm="reference", draw=0, replicate=0, year=2019, visit_month=3, outcome="irls", period=1
    )
    told["trial_arm"] = pd.Categorical(told["trial_arm"], ["placebo", "drug"])
    [found] = estimate_trial({"trial_outcomes": told}).to_dict("records")
    error = np.sqrt(25 / 50 + 16 / 40)
    assert (found["persons"], found["persons_control"], found["control"]) == (40, 50, "placebo")
    assert found["difference"] == -5.0
    assert (found["lower"], found["upper"]) == pytest.approx(
        (-5 - 1.96 * error, -5 + 1.96 * error), abs=1e-4
    )
    assert (found["mean_difference"], found["power"], found["trials"]) == (-2.75, 0.5, 2)


# Flow ---------------------------------------------------------------------------------------------


def test_everybody_is_somewhere_in_the_flow() -> None:
    """Who leaves, dies and stops is counted once, at what came first."""
    trial = a_trial(patients_per_arm=4, visits=(6, 12), repetitions=1, rating_sd=0.0)
    people = followed(np.full((2, 3, 12), 20.0))
    people.alive[:, :, :, 10:] = False  # two have died in the run-in
    people.screened[8:10] = 5.0
    people.died[1, 0], people.died[1, 1] = 3.0, 9.0
    people.alive[1, 0, 1:, 0] = people.alive[1, 0, 2, 1] = False
    people.stopped[1, 0, 1], people.stopped[1, 0, 2] = 10.0, 2.0
    [done] = do(trial, people, np.array([1, 2]))
    done = done._replace(
        course=np.array([1, 1, 1, 1, 0, 0, 0, 0]),
        patients=np.arange(8),
        left=np.array([5.0, 99.0, 7.0, 99.0, 2.0, 99.0, 99.0, 12.0]),
    )
    there = people.alive[done.course, 0, :, done.patients].T
    done = done._replace(there=(there & (done.left > np.array([[0], [6], [12]])))[np.newaxis])
    out = {"symptoms": 50, "laboratory": 20, "other": 8, "score": 10}
    before = flow_before(trial, 100, out, people, done)
    assert before == {
        "assessed": 100, "symptoms": 50, "laboratory": 20, "other": 8, "score": 12,
        "died_before": 2, "eligible": 8, "not_needed": 0,
    }  # fmt: skip
    assert before["assessed"] == sum(before.values()) - 100
    drug = flow_of_arm(trial, people, done, 1)
    assert drug == {"randomised": 4, "stopped": 1, "left": 1, "died": 2, "seen": 1}
    placebo = flow_of_arm(trial, people, done, 0)
    assert placebo == {"randomised": 4, "stopped": 0, "left": 2, "died": 0, "seen": 2}


# Power and number of patients -----------------------------------------------------------------------


def outcomes(effects: list[float], *, patients: int = 50, sd: float = 5.0) -> pd.DataFrame:
    """Hand-made outcomes of trials, one a draw, in which the drug lowers the score by an effect."""
    rows = [
        (draw, arm, visit, patients, 20.0 - (effect if arm == "drug" and visit else 0.0), sd)
        for draw, effect in enumerate(effects)
        for arm in ("placebo", "drug")
        for visit in (0, 3)
    ]
    columns = ["draw", "trial_arm", "visit_month", "persons", "mean", "sd"]
    told = pd.DataFrame(rows, columns=columns).assign(
        arm="reference", replicate=0, repetition=0, year=2019, outcome="irls", period=1
    )
    told["trial_arm"] = pd.Categorical(told["trial_arm"], ["placebo", "drug"])
    return told


def normal_power(effect: float, sd: float, patients: int) -> float:
    """Of a two-sided test at 5 % with so many patients in each of two arms."""
    away = effect / (sd * sqrt(2.0 / patients))
    return NormalDist().cdf(away - 1.959964) + NormalDist().cdf(-away - 1.959964)


def test_power_by_number_of_patients_is_that_of_the_normal_test() -> None:
    told = outcomes([3.0, 3.0])
    power = estimate_power({"trial_outcomes": told}).query("visit_month == 3")
    assert power["patients_per_arm"].tolist() == list(SIZES)
    assert power["power"].to_numpy() == pytest.approx([normal_power(3.0, 5.0, n) for n in SIZES])
    [needed] = estimate_trial({"trial_outcomes": told.query("visit_month == 3")}).to_dict("records")
    assert np.isnan(needed["patients_for_80"])  # nobody knows how many began
    needed = estimate_trial({"trial_outcomes": told}).query("visit_month == 3").iloc[0]
    for name, wanted in (("patients_for_80", 0.8), ("patients_for_90", 0.9)):
        n = int(needed[name])
        assert normal_power(3.0, 5.0, n - 1) < wanted <= normal_power(3.0, 5.0, n)


def test_power_is_the_mean_over_draws_of_the_effect() -> None:
    """Doubt about the effect makes a large power smaller: it is no power of the mean effect."""
    power = estimate_power({"trial_outcomes": outcomes([1.0, 4.0, 5.0, 6.0])})
    power = power.query("visit_month == 3 and patients_per_arm == 50")["power"]
    by_draw = [normal_power(effect, 5.0, 50) for effect in (1.0, 4.0, 5.0, 6.0)]
    assert power.tolist() == pytest.approx([np.mean(by_draw)])
    assert power.iloc[0] < normal_power(4.0, 5.0, 50)


def test_no_number_of_patients_finds_what_trials_do_not_tell_from_nothing() -> None:
    told = outcomes([0.4, -0.4, 0.3, -0.2])
    assert estimate_power({"trial_outcomes": told})["power"].isna().all()
    assert estimate_trial({"trial_outcomes": told})["patients_for_80"].isna().all()


def test_nothing_is_found_before_arms_part() -> None:
    told = outcomes([3.0, 3.0]).assign(outcome="irls_at_screening")
    assert estimate_power({"trial_outcomes": told})["power"].isna().all()
    power = estimate_power({"trial_outcomes": outcomes([3.0, 3.0])})
    assert power.query("visit_month == 0")["power"].isna().all()


def test_power_at_the_size_of_the_trials_is_the_share_of_them_that_find_the_effect() -> None:
    trial = a_trial(patients_per_arm=30, repetitions=400, placebo_fall=0.0, drop_out_per_year=0.5)
    people = followed(constant(effect=3.0))
    conducted = Conducted(trial, 2000, {}, people, list(do(trial, people, np.array([1, 2]))))
    told: Any = count_outcomes(SimpleNamespace(trial=conducted))  # type: ignore[arg-type]
    frame = pd.DataFrame(told).assign(arm="reference", draw=0, replicate=0, year=2019)
    frame["trial_arm"] = pd.Categorical.from_codes(frame["trial_arm"], list(trial.arms))
    frame["outcome"] = pd.Categorical.from_codes(frame["outcome"], list(OUTCOMES))
    chosen = "outcome == 'irls_change' and visit_month == 3"
    [found] = estimate_trial({"trial_outcomes": frame}).query(chosen)["power"]
    power = estimate_power({"trial_outcomes": frame}).query(chosen)
    [formula] = power.query("patients_per_arm == 30")["power"]
    assert 0.2 < found < 0.98
    assert formula == pytest.approx(found, abs=3.0 * sqrt(found * (1.0 - found) / 400) + 0.01)


# Cross-over ---------------------------------------------------------------------------------------


def crossed(effect: float, carried: float = 0.0, period: float = 0.0) -> pd.Series:
    """What a cross-over of people with a score of 20 finds at its last visit, without any noise."""
    trial = a_trial(
        design="cross_over", washout_months=2, rating_sd=0.0, placebo_fall=0.0, repetitions=3,
        patients_per_arm=50,
    )  # fmt: skip
    scores = np.full((2, 2, 3, 200), 20.0)
    scores[:, 1] += period
    scores[0, 1, 1:] -= effect
    scores[1, 0, 1:] -= effect
    scores[1, 1, 1:] -= carried
    people = followed(scores)
    conducted = Conducted(trial, 200, {}, people, list(do(trial, people, np.array([1, 2]))))
    told: Any = count_outcomes(SimpleNamespace(trial=conducted))  # type: ignore[arg-type]
    frame = pd.DataFrame(told).assign(arm="reference", draw=0, replicate=0, year=2019)
    frame["trial_arm"] = pd.Categorical.from_codes(frame["trial_arm"], list(trial.arms))
    frame["outcome"] = pd.Categorical.from_codes(frame["outcome"], list(OUTCOMES))
    found = estimate_trial({"trial_outcomes": frame})
    return found.set_index(["outcome", "visit_month"]).loc[("irls", 3)]


def test_every_patient_of_a_cross_over_takes_both_arms_in_an_order_by_lot() -> None:
    trial = a_trial(design="cross_over", washout_months=2, repetitions=2)
    assert trial.courses == ((0, 1), (1, 0))
    assert trial.period_months == (0, 5)
    for done in do(trial, followed(np.full((2, 2, 3, 2000), 20.0)), np.array([1, 2])):
        arms = arms_of(trial, done)
        assert np.bincount(done.course).tolist() == [200, 200]
        assert (arms.sum(axis=0) == 1).all()
        assert (arms[0] == done.course).all()
        assert done.rated.shape == (2, 3, 400)


@pytest.mark.parametrize("period", [0.0, -3.0])
def test_a_cross_over_without_carry_over_finds_the_effect(period: float) -> None:
    """Whatever differs between the periods alike for all."""
    assert crossed(0.0, period=period)["difference"] == 0.0
    found = crossed(4.0, period=period)
    assert found["difference"] == found["mean_difference"] == pytest.approx(-4.0)
    assert (found["lower"], found["upper"]) == pytest.approx((-4.0, -4.0))
    assert found["difference_first"] == pytest.approx(-4.0 - period)
    assert found["difference_second"] == pytest.approx(-4.0 + period)
    assert found["carry_over"] == pytest.approx(0.0)
    assert (found["persons"], found["persons_control"]) == (100, 100)
    assert (found["mean"], found["mean_control"]) == pytest.approx(
        (16.0 + period / 2, 20.0 + period / 2)
    )


def test_carry_over_moves_the_effect_by_half_of_it_and_is_found() -> None:
    found = crossed(4.0, carried=3.0)
    assert found["difference"] == pytest.approx(-4.0 + 3.0 / 2)
    assert found["difference_first"] == pytest.approx(-1.0)
    assert found["difference_second"] == pytest.approx(-4.0)
    assert found["carry_over"] == found["mean_carry_over"] == pytest.approx(-3.0)
    assert found["carry_over_power"] == 1.0


# Published results --------------------------------------------------------------------------------


def test_published_results_stand_beside_the_mean_of_all_trials() -> None:
    key = {"arm": "reference", "year": 2019, "trial_arm": "drug", "outcome": "irls"}
    trial = pd.DataFrame(
        [{**key, "visit_month": month, "mean_difference": -4.0, "sd_of_differences": 1.0, "trials": 9}
         for month in (1, 3)]
    )  # fmt: skip
    results = [(-5.0, -6.0, -4.0), (-5.0, -6.0, -4.1), (-9.0, np.nan, np.nan)]
    told = pd.DataFrame(
        [
            {**key, "visit_month": 3, "draw": draw, "replicate": 0, "result": str(number),
             "published": value, "published_lower": lower, "published_upper": upper,
             "is_set": False, "source": "a journal"}
            for draw in (0, 1)
            for number, (value, lower, upper) in enumerate(results)
        ]
    )  # fmt: skip
    found = estimate_published({"trial": trial, "trial_sources": told})
    assert found["verdict"].tolist() == ["inside", "outside", "not known"]
    assert found["simulated"].tolist() == [-4.0] * 3
    assert found["simulated_lower"].tolist() == pytest.approx([-5.96] * 3, abs=1e-4)
    assert found["trials"].tolist() == [9] * 3


# In a scenario ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> rlsabm.Study:
    file = tmp_path_factory.mktemp("trial") / "asked.yaml"
    file.write_text(SCENARIO, encoding="utf-8")
    return rlsabm.simulate(file, tables=["trial", "trial_outcomes"])


def of(found: rlsabm.Study, arm: str, outcome: str, visit: int) -> pd.Series:
    rows = found.table("trial").set_index(["trial_arm", "outcome", "visit_month"])
    return rows.loc[(arm, outcome, visit)]


def test_arms_without_treatment_do_not_differ(found: rlsabm.Study) -> None:
    for visit in (0, 1, 3):
        assert of(found, "same", "true_effect", visit)["mean_difference"] == 0.0
        assert abs(of(found, "same", "irls_change", visit)["mean_difference"]) < 0.8
        assert of(found, "same", "irls_change", visit)["power"] <= 0.2


def test_a_drug_acts_as_its_effect_and_iron_more_slowly(found: rlsabm.Study) -> None:
    agonist = [of(found, "agonist", "true_effect", visit)["mean_difference"] for visit in (1, 3)]
    iron = [of(found, "iron", "true_effect", visit)["mean_difference"] for visit in (1, 3)]
    assert agonist[0] == pytest.approx(-8.0 * 0.72, rel=0.15)
    assert iron[1] < iron[0] < -1.0
    assert of(found, "iron", "ferritin", 1)["mean_difference"] > 200
    assert abs(of(found, "agonist", "ferritin", 1)["mean_difference"]) < 30
    assert of(found, "agonist", "irls_change", 1)["power"] > 0.8
    assert (found.table("trial")["trials"] == 30).all()


def cross_over(folder: Path, treatment: str, washout_months: int) -> tuple[pd.Series, float]:
    """A cross-over without noise, and the true effect in the same people."""
    file = folder / "asked.yaml"
    file.write_text(
        SCENARIO.split("  arms:")[0]
        + f"""\
  arms: {{placebo: [], treated: [{treatment}]}}
  design: cross_over
  washout_months: {washout_months}
  visits: [2]
  patients_per_arm: 40
  drop_out_per_year: 0
  rating_sd: 0
  placebo_fall: 0
treatments:
  dopamine_agonist: {{augmentation_per_year: 0, stopped_per_year: 0}}
""",
        encoding="utf-8",
    )
    rows = rlsabm.simulate(file, tables=["trial"]).table("trial")
    rows = rows[rows["visit_month"] == 2].set_index("outcome")
    return rows.loc["irls"], float(rows.loc["true_effect", "mean_difference"])


def test_a_drug_that_is_washed_out_crosses_over_and_iron_is_carried_over(tmp_path: Path) -> None:
    drug, effect = cross_over(tmp_path, "dopamine_agonist", 1)
    assert drug["mean_difference"] == pytest.approx(effect, abs=0.5)
    assert abs(drug["mean_carry_over"]) < 1.0
    iron, effect_of_iron = cross_over(tmp_path, "ferric_carboxymaltose", 0)
    assert effect_of_iron < -2.0
    assert effect_of_iron * 0.85 < iron["mean_difference"] < 0.0
    assert iron["mean_carry_over"] < -2.0
    assert iron["difference_first"] > iron["difference_second"]


def test_other_treatments_are_washed_out_before_the_beginning(tmp_path: Path) -> None:
    """At screening the agonist of usual care still acts; after the run-in it does not."""
    file = tmp_path / "asked.yaml"
    usual = """\
care:
  rules:
    all: {treatment: dopamine_agonist, symptoms: any}
treatments:
  dopamine_agonist: {augmentation_per_year: 0, stopped_per_year: 0}
"""
    only = "  arms:\n    placebo: []\n    agonist: [dopamine_agonist]\n  patients_per_arm"
    small = re.sub(r"  arms:\n(    .*\n)+  patients_per_arm", only, SCENARIO)
    small = small.replace("irls_at_least: 10", "irls_at_least: 0").replace(
        "  repetitions: 30",
        """\
  repetitions: 1
  rating_sd: 0
  drop_out_per_year: 0""",
    )
    file.write_text(small + usual, encoding="utf-8")
    told = rlsabm.simulate(file, tables=["trial_outcomes"]).table("trial_outcomes")
    mean = told[told["visit_month"] == 0].groupby("outcome", observed=True)["mean"].mean()
    assert mean["irls"] > mean["irls_at_screening"] + 3.0


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("trial.arms.iron=[iron]", "trial.arms.iron: found iron (expected a treatment: oral_iron"),
        ("trial.visits=[3, 1]", "must increase"),
        ("trial.patients_per_arm=1", "trial.patients_per_arm=1: found 1 (expected a whole number "
         "from 2"),
        ("trial.eligible.condition=obesitas", "trial.eligible.condition: found obesitas (expected a "
         "condition: "),
        ("trial.eligibl={}", "did you mean trial.eligible?"),
        ("population.block_size=3000", "trial: patients are recruited within a block"),
        ("trial.design=cross_over", "trial.washout_months: is missing (expected months between the "
         "periods"),
        ("trial.washout_months=3", "trial.washout_months: found 3 in a parallel trial (expected "
         "trial.design: cross_over beside it)"),
        ("trial={design: cross_over, washout_months: 1}",
         "trial.arms: 4 found (expected 2 in a cross-over trial"),
        ("trial.arms={a: [], b: [], c: []}", "holds 7 values (expected at most 6)"),
        ("trial.arms={placebo: [], all: []}", "trial.arms.all: is the name of all patients"),
        ("trial.eligible={age_from: 60, age_to: 50}", "trial.eligible.age_to: 50 found, expected 60"),
        ("trial.published.X={arm: placebo, month: 1}", "trial.published.X.arm: found placebo (expected "
         "an arm that is compared with placebo: same, agonist, iron"),
        ("trial.published.X={arm: iron, month: 2}", "trial.published.X.month: found 2 (expected a "
         "visit: 1, 3)"),
        ("trial.published.X={arm: iron, month: 1, difference: -1, lower: -2}",
         "trial.published.X: has one limit of an interval (expected both, or none)"),
        ("trial.published.X={arm: iron, month: 1, lower: -2, upper: 1}",
         "trial.published.X.difference: is missing"),
        ("trial.published.X={arm: iron, month: 1, difference: 2, lower: -2, upper: 1}",
         "trial.published.X.difference: found 2 (expected between its limits, -2 and 1)"),
    ],
)  # fmt: skip
def test_mistakes(workplace: Path, rlsabm_command: Command, setting: str, expected: str) -> None:
    Path("asked.yaml").write_text(SCENARIO, encoding="utf-8")
    outcome = rlsabm_command("check", "asked.yaml", "--set", setting)
    assert outcome.code == 2
    assert expected in outcome.err
    assert len(outcome.err.splitlines()) == 1


def test_one_arm_is_no_trial(workplace: Path, rlsabm_command: Command) -> None:
    Path("one.yaml").write_text("title: t\ntrial:\n  arms: {placebo: []}\n", encoding="utf-8")
    outcome = rlsabm_command("check", "one.yaml")
    assert outcome.code == 2
    assert outcome.err == "error: one.yaml:3: trial.arms: holds 1 value (expected at least 2)\n"


def test_a_run_prints_its_trial(
    workplace: Path, rlsabm_command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = SCENARIO.replace("    same: []\n    agonist", "    agonist").replace("6000", "3000")
    Path("asked.yaml").write_text(
        small.replace("patients_per_arm: 20", "patients_per_arm: 10")
        + "  published:\n    An author 2020: {arm: iron, month: 3, difference: -4}\n",
        encoding="utf-8",
    )
    outcome = rlsabm_command("run", "asked.yaml")
    assert outcome.code == 0, outcome.err
    assert "Trial: change in IRLS, against placebo" in outcome.out
    assert "agonist, month 3" in outcome.out
    assert re.search(r"people assessed, excluded [\d,]+ for no such symptoms", outcome.out)
    assert "Trial: patients of the first trial" in outcome.out
    assert "In the mean of 30 trials, “" in outcome.out
    # A narrow terminal breaks the name of a row.
    assert re.search(r"An author 2020: iron,[^\n]*\n? +change in IRLS, month 3", outcome.out)
    said = " ".join(outcome.out.split())
    assert re.search(
        r"change in IRLS of agonist at month 3 with a power of 80 % takes \d+ pat", said
    )
    table = pd.read_parquet("outputs/asked/trial.parquet")
    power = pd.read_parquet("outputs/asked/trial_power.parquet")
    assert set(power["trial_arm"]) == {"agonist", "iron"}
    of_agonist = power.query(
        "trial_arm == 'agonist' and outcome == 'irls_change' and visit_month == 3"
    )
    assert of_agonist["patients_per_arm"].tolist() == list(SIZES)
    assert of_agonist["power"].is_monotonic_increasing
    assert set(table["trial_arm"]) == {"agonist", "iron"}
    assert set(table["control"]) == {"placebo"}
    study = rlsabm.read("outputs/asked")
    numbers = rlsabm.plots.trial_numbers(study)
    simulated = numbers[numbers["origin"] == "simulated"]
    told = table[(table["outcome"] == "irls_change") & (table["visit_month"] > 0)]
    assert simulated["value"].tolist() == told["mean_difference"].tolist()
    assert numbers.loc[numbers["origin"] == "published", "value"].tolist() == [-4.0]
    drawn = rlsabm.plots.trial(study).to_dict()
    rows = next(iter(rows for rows in drawn["datasets"].values() if len(rows) > 1))
    assert [row["value"] for row in rows] == pytest.approx(numbers["value"].tolist())
    assert "An author 2020: -4.0" in drawn["description"]
    with pytest.raises(UserError, match="did you mean 'responder'"):
        rlsabm.plots.trial(study, outcome="responders")
    monkeypatch.setattr("rlsabm.reporting.writing.life_section", lambda found: None)  # takes long
    assert rlsabm_command("report", "outputs/asked").code == 0
    page = Path("outputs/asked/report.html").read_text(encoding="utf-8")
    for words in (
        "Virtual trial",
        "A virtual trial was done 30 times in each run",
        "Treatments and their sources",
        "people assessed",
        "An author 2020",
        "Patients of the first trial",
        "Power by number of patients",
        "patients in each arm",
    ):
        assert words in page


def test_a_study_without_a_trial_says_how_to_ask_for_one() -> None:
    study = rlsabm.Study({}, arms=["reference"], scenario={"observe": {"years": [2019]}})
    with pytest.raises(UserError, match="trial: the study has none; a scenario asks for one"):
        rlsabm.plots.trial(study)


def test_a_pool_that_is_too_small_fails_in_words(workplace: Path, rlsabm_command: Command) -> None:
    Path("asked.yaml").write_text(SCENARIO.replace("6000", "300"), encoding="utf-8")
    outcome = rlsabm_command("run", "asked.yaml")
    assert outcome.code != 0
    assert "people are eligible" in outcome.out + outcome.err


@pytest.mark.parametrize("name", sorted(path.stem for path in TRIALS.glob("*.yaml")))
def test_trials_that_ship_can_be_done_and_name_what_they_follow(
    workplace: Path, rlsabm_command: Command, name: str
) -> None:
    assert rlsabm_command("check", f"scenarios/trials/{name}.yaml").code == 0
    trial = read_scenario(TRIALS / f"{name}.yaml").scenario.trial
    assert trial is not None
    assert trial.published
    assert all(each.source for each in trial.published.values())
    assert "Predicted:" in trial.source
    assert any(each.set for each in trial.published.values()) <= ("Set:" in trial.source)
