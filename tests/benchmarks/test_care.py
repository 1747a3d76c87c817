"""Cost of care and of virtual trials: prints tables; asserts nothing about time.

Run with ``pytest -m benchmark tests/benchmarks/test_care.py -s``.  CPU time is that of the process,
without compilation; populations with and without care are grown side by side, two years of one and then
of another, so that what else the machine does meanwhile meets all of them.
"""

from __future__ import annotations

import cProfile
import pstats
import time
from statistics import median

import pytest

from rlsabm.demography.countries import load_country
from rlsabm.population import Population
from rlsabm.results.tables.trial_outcomes import count_outcomes
from rlsabm.setting import Setting
from rlsabm.study.checking import check_study, question_of, vocabulary_of
from rlsabm.study.settings import read_scenario, unit_setting
from rlsabm.study.unit import run_unit
from rlsabm.study.units import units_of

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(3600)]

PEOPLE, ROUNDS, MONTHS_A_TURN = 50_000, 3, 24
KEY = 20190701
#: Rules of care beside nobody who is treated, by what they are called here.
CARE: dict[str, dict[str, object]] = {
    "usual care": {"presets": ["usual_care"]},
    "guideline": {"presets": ["aasm_2025"]},
    "screening": {"rules": {"tests": {"treatment": "oral_iron", "at_ages": [20, 40, 60]}}},
}
TRIAL = {
    "eligible": {"irls_at_least": 15},
    "arms": {"placebo": [], "iron": ["ferric_carboxymaltose"]},
    "patients_per_arm": 200,
    "visits": [1, 3, 6],
    "repetitions": 100,
}


def setting_with(care: dict[str, object], people: int) -> Setting:
    """What a population with some care lives in."""
    told = {"title": "t", "population": {"size": people}, "care": care}
    country = load_country("united-states")
    return unit_setting(read_scenario(told).scenario, 0, country=country)


def cpu_to_grow(settings: dict[str, Setting], key: int) -> dict[str, float]:
    """CPU seconds from the founders to the survey of populations that are grown side by side."""
    populations = {words: Population(setting, key=key) for words, setting in settings.items()}
    seconds = dict.fromkeys(settings, 0.0)
    plan = next(iter(settings.values())).plan
    order = list(populations)
    for month in range(plan.first_month + MONTHS_A_TURN, plan.survey_month, MONTHS_A_TURN):
        order = order[1:] + order[:1]
        for words in order:
            start = time.process_time()
            populations[words].advance(month)
            seconds[words] += time.process_time() - start
    return seconds


def test_cost_of_care() -> None:
    cpu_to_grow({"": setting_with(CARE["usual care"], 500)}, KEY)
    everything: dict[str, dict[str, object]] = {"": {}, **CARE}
    settings = {words: setting_with(care, PEOPLE) for words, care in everything.items()}
    ratios: dict[str, list[float]] = {words: [] for words in CARE}
    print(f"\n{PEOPLE:,} people grown: CPU time relative to nobody being treated, by round")
    for turn in range(ROUNDS):
        seconds = cpu_to_grow(settings, KEY + turn)
        for words in CARE:
            ratios[words].append(seconds[words] / seconds[""])
        by_care = ", ".join(f"{words} {found[-1]:.3f}" for words, found in ratios.items())
        print(f"  {seconds['']:.1f} CPU-s without; {by_care}", flush=True)
    for words, found in ratios.items():
        print(f"  {words}: median {median(found):.3f}")
        assert len(found) == ROUNDS


def test_cost_of_a_trial() -> None:
    """What a trial of two arms of 200, done a hundred times, takes once its population is grown."""
    for people, patients in (
        (5_000, 5),
        (2 * PEOPLE, TRIAL["patients_per_arm"]),
    ):  # the first is warm
        trial = TRIAL | {"patients_per_arm": patients}
        study = read_scenario({"title": "t", "population": {"size": people}, "trial": trial})
        [setting] = check_study(study)
        question = question_of(study, vocabulary_of(study, [setting]))
        profile = cProfile.Profile(time.process_time)
        start = time.process_time()
        result = profile.runcall(run_unit, units_of(study)[0], setting, question, threads=2)
        seconds = time.process_time() - start
        assert result.tables["trial_outcomes"]
    [of_trial] = [
        of_function[3]
        for place, of_function in pstats.Stats(profile).stats.items()  # type: ignore[attr-defined]
        if place[2] == count_outcomes.__name__
    ]
    print(
        f"\n2 x {patients} patients, {TRIAL['repetitions']} repetitions: {of_trial:.1f} CPU-s of "
        f"{seconds:.0f}, in which {2 * PEOPLE:,} people were grown and surveyed"
    )
    assert 0.0 < of_trial < seconds
