"""Cost and precision of counterfactual worlds: prints tables; asserts nothing about time.

Run with ``pytest -m benchmark tests/benchmarks/test_worlds.py -s``.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from rlsabm.chance import replicate_keys
from rlsabm.measuring.cases import case_bits
from rlsabm.observe.groups import groups_of
from rlsabm.observe.survey import take_survey
from rlsabm.population import Population
from rlsabm.setting import Setting, make_setting
from rlsabm.study.checking import check_study, question_of, vocabulary_of
from rlsabm.study.settings import read_scenario
from rlsabm.study.unit import run_unit
from rlsabm.study.units import units_of
from rlsabm.worlds.living_again import live_again
from rlsabm.worlds.world import World, worlds_of

from .worlds import TWELVE

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(3600)]

SCENARIOS = Path(__file__).parents[2] / "scenarios"
ANY_NOW = 1


def in_worlds(
    setting: Setting, worlds: list[World], key: int
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Members of each group among adults, and their case bits by world."""
    population = Population(setting, key=key, threads=2)
    population.advance(setting.plan.survey_month)
    survey = take_survey(
        setting,
        population.lives,
        population.bodies,
        year=setting.survey_years[0],
        p=population.inputs,
    )
    bits = np.zeros((len(survey), len(worlds) + 1), dtype=np.uint8)
    for window, bodies in live_again(
        survey.lives, survey.bodies["endowment_mg"], [survey.month], worlds,
        p=population.inputs, threads=2,
    ):  # fmt: skip
        bits[window] = case_bits(bodies[:, 0], survey.month)
    adults = survey.age >= 18
    members = {
        group.name: group.members(survey) & adults for group in groups_of(setting.conditions)
    }
    return members, bits


def test_cost_of_a_unit_with_all_conditions() -> None:
    """One draw and replicate of the flagship at 200,000 people, as a study runs it."""
    study = read_scenario(SCENARIOS / "iron_conditions.yaml", ["population.size=200_000"])
    [setting] = check_study(study)
    question = question_of(study, vocabulary_of(study, [setting]))
    unit = units_of(study)[0]
    wall, start = time.perf_counter(), time.process_time()
    result = run_unit(unit, setting, question, threads=2)
    print(
        f"\n{len(study.scenario.shifts.conditions)} conditions and the postulates, "
        f"{setting.size:,} people: {time.process_time() - start:.0f} CPU-s, "
        f"{time.perf_counter() - wall:.0f} s on two threads"
    )
    assert result.people_surveyed == setting.size


def test_variance_of_caused_shifts() -> None:
    """Variance of a caused shift, paired in one run, to that from two independent runs."""
    setting = make_setting(size=10_000)
    causes = [*TWELVE, "ckd_4_5"]
    worlds = [w for w in worlds_of(setting, causes, postulates=False) if not w.iron_only]
    runs = [in_worlds(setting, worlds, key) for key in replicate_keys(3, 24)]
    print(f"\n{len(runs)} runs of {setting.size:,} people; variance ratio, two runs to one")
    print(f"{'condition':28} {'everyone':>9} {'those with it':>14} {'caused shift of those':>22}")
    ratios = []
    for place, world in enumerate(worlds, start=1):
        row = []
        for group in ("everyone", world.cause):
            factual, other = (
                np.array([(bits[m[group], w] & ANY_NOW).mean() for m, bits in runs])
                for w in (0, place)
            )
            paired = np.var(factual - other, ddof=1)
            apart = np.var(factual, ddof=1) + np.var(other, ddof=1)
            row.append(apart / paired if paired > 0 else np.inf)
        shift = (factual - other).mean()
        ratios.append(row)
        print(f"{world.cause:28} {row[0]:9.0f} {row[1]:14.1f} {100 * shift:19.2f} pp")
    # The effect itself varies by chance between runs: what is large cannot vary little.
    assert np.median([row[0] for row in ratios]) >= 16
