"""Speed and size: prints a table; asserts nothing about time.

Run with ``pytest -m benchmark tests/benchmarks -s``. CPU time is that of the process, without
compilation. All modules are on; births, deaths and the moving of records are counted.
"""

from __future__ import annotations

import resource
import time

import pytest

from rlsabm.burden import neutral_burdens
from rlsabm.life.month import BURDENS, live_block
from rlsabm.person import BODY, LIFE, newborn_records
from rlsabm.population import Population
from rlsabm.setting import make_setting

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(1800)]

SIZES = (10_000, 100_000, 1_000_000)
KEY = 20190701


def grown(size: int, *, threads: int = 1) -> tuple[Population, float, float]:
    """A population grown to its survey, with the CPU and wall seconds that this took."""
    setting = make_setting(size=size)
    Population(make_setting(size=500), key=KEY).advance(setting.plan.first_month + 360)
    population = Population(setting, key=KEY, threads=threads)
    wall, cpu = time.perf_counter(), time.process_time()
    population.advance(setting.plan.survey_month)
    return population, time.process_time() - cpu, time.perf_counter() - wall


def test_cost_by_size() -> None:
    print(f"\nbytes a person: {LIFE.itemsize + BODY.itemsize} ({LIFE.itemsize} + {BODY.itemsize})")
    print(
        f"{'people':>10} {'person-months':>14} {'M / CPU-s, grown':>17} {'M / CPU-s, a year':>18}"
    )
    for size in SIZES:
        population, cpu, _ = grown(size)
        months = population.person_months
        lives, bodies = population.lives.copy(), population.bodies.copy()
        alive = population.alive
        lives, bodies = lives[alive], bodies[alive]
        month = population.month
        start = time.process_time()
        live_block(
            lives, bodies, 0, len(lives), month, month + 11,
            (
                neutral_burdens(BURDENS), newborn_records(LIFE, 1), population.events[:0],
                population.events[:0].view("u1").astype("i8"),
            ),
            population.inputs,
        )  # fmt: skip
        year = 12 * len(lives) / (time.process_time() - start)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(
            f"{size:>10,} {months:>14,} {months / cpu / 1e6:>17.2f} {year / 1e6:>18.2f}"
            f"   peak {peak:.2f} GiB"
        )
        assert months > 0


def test_efficiency_of_threads() -> None:
    _, _, one = grown(200_000, threads=1)
    _, _, two = grown(200_000, threads=2)
    print(f"\n200,000 people: {one:.1f} s on one thread, {two:.1f} s on two: {one / two / 2:.0%}")
    assert two > 0
