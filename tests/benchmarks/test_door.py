"""Cost of one evaluation from Python: prints a table; asserts nothing about time.

Run with ``pytest -m benchmark tests/benchmarks/test_door.py -s``.  CPU time is that of the process,
without compilation, against that of growing the same people alone.
"""

from __future__ import annotations

import time

import pytest

import rlsabm
from rlsabm.population import Population
from rlsabm.setting import make_setting

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(1800)]

SIZES = (5_000, 20_000)
ROUNDS = 5


def cpu_seconds_of_growing(size: int) -> float:
    setting = make_setting(size=size)
    population = Population(setting, key=1)
    start = time.process_time()
    population.advance(setting.plan.survey_month)
    return time.process_time() - start


def cpu_seconds_of_evaluation(size: int, effect: float) -> float:
    start = time.process_time()
    study = rlsabm.simulate(size=size, parameters={"deficit_effect": effect}, seed=1)
    assert 0.0 < study.prevalence()["prevalence"].item() < 1.0
    return time.process_time() - start


def test_cost_of_an_evaluation() -> None:
    cpu_seconds_of_evaluation(1_000, 2.0)
    cpu_seconds_of_growing(1_000)
    print(f"\n{'people':>8} {'growing, CPU-s':>15} {'evaluation, CPU-s':>18} {'ratio':>6}")
    for size in SIZES:
        pairs = [
            (cpu_seconds_of_growing(size), cpu_seconds_of_evaluation(size, 2.0 + 0.1 * turn))
            for turn in range(ROUNDS)
        ]
        ratios = sorted(evaluation / growing for growing, evaluation in pairs)
        growing, evaluation = (sorted(column)[ROUNDS // 2] for column in zip(*pairs, strict=True))
        print(f"{size:>8,} {growing:>15.2f} {evaluation:>18.2f} {ratios[ROUNDS // 2]:>6.2f}")


def test_many_sets_on_all_processors() -> None:
    sets = [{"deficit_effect": 1.0 + 0.2 * turn} for turn in range(12)]
    rlsabm.simulate_many(parameters=sets[:2], size=1_000, seed=1)
    print(f"\n{'people':>8} {'one worker, s':>14} {'two, s':>8} {'efficiency':>11}")
    for size in SIZES:
        walls = []
        for workers in (1, 2):
            start = time.perf_counter()
            rlsabm.simulate_many(parameters=sets, size=size, seed=1, workers=workers)
            walls.append(time.perf_counter() - start)
        print(f"{size:>8,} {walls[0]:>14.1f} {walls[1]:>8.1f} {walls[0] / walls[1] / 2:>10.0%}")
