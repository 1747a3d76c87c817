"""Virtual trials: who takes part, what is told, what the arms do, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import Command

import rlsabm
from rlsabm.care.care_rule import CareRule
from rlsabm.care.treatment import shipped_treatments
from rlsabm.errors import UserError
from rlsabm.measuring.assays import MEASUREMENT
from rlsabm.results.tables.trial import estimate_trial
from rlsabm.trials.doing import do, outcomes_of
from rlsabm.trials.following import Followed
from rlsabm.trials.trial import Trial

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
    ],
)  # fmt: skip
def test_mistakes(workplace: Path, rlsabm_command: Command, setting: str, expected: str) -> None:
    Path("asked.yaml").write_text(SCENARIO, encoding="utf-8")
    outcome = rlsabm_command("check", "asked.yaml", "--set", setting)
    assert outcome.code == 2
    assert expected in outcome.err
    assert len(outcome.err.splitlines()) == 1


def test_a_run_prints_its_trial(workplace: Path, rlsabm_command: Command) -> None:
    small = SCENARIO.replace("    same: []\n    agonist", "    agonist").replace("6000", "3000")
    Path("asked.yaml").write_text(
        small.replace("patients_per_arm: 20", "patients_per_arm: 10"), encoding="utf-8"
    )
    outcome = rlsabm_command("run", "asked.yaml")
    assert outcome.code == 0, outcome.err
    assert "Trial: change in IRLS, against placebo" in outcome.out
    assert "agonist, month 3" in outcome.out
    table = pd.read_parquet("outputs/asked/trial.parquet")
    assert set(table["trial_arm"]) == {"agonist", "iron"}
    assert set(table["control"]) == {"placebo"}


def test_a_pool_that_is_too_small_fails_in_words(workplace: Path, rlsabm_command: Command) -> None:
    Path("asked.yaml").write_text(SCENARIO.replace("6000", "300"), encoding="utf-8")
    outcome = rlsabm_command("run", "asked.yaml")
    assert outcome.code != 0
    assert "people are eligible" in outcome.out + outcome.err


@pytest.mark.parametrize(
    "name", ["ferric_carboxymaltose", "iron_sucrose", "oral_iron", "dopamine_agonist"]
)
def test_trials_that_ship_can_be_done(workplace: Path, rlsabm_command: Command, name: str) -> None:
    assert rlsabm_command("check", f"scenarios/trials/{name}.yaml").code == 0
