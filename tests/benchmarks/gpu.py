"""People on a GPU beside those on processors: ``python -m tests.benchmarks.gpu [LARGEST]``.

Prints a line for each measurement as soon as it has it; LARGEST is the largest population (10 million).
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from rlsabm.gpu.cuda import name_of_gpu, require_gpu
from rlsabm.gpu.exactness import check_bits, differences
from rlsabm.population import Population
from rlsabm.study.devices import CHECKED_PEOPLE, CPU, GPU, device_named
from rlsabm.study.machine import processors
from rlsabm.study.settings import country_of, read_scenario, unit_setting
from rlsabm.worlds.living_again import all_worlds

SCENARIOS = Path(__file__).parents[2] / "scenarios"
KEY = 2019
COMPARED = 1_000_000


def grown(device: str, people: int) -> tuple[Any, float]:
    """A population grown until its survey, and the seconds that this took."""
    study = read_scenario(SCENARIOS / "baseline.yaml")
    setting = unit_setting(study.scenario, 0, country=country_of(study), people=people)
    started = time.perf_counter()
    population: Population = device_named(device).population(setting, key=KEY, threads=processors())
    population.advance(setting.plan.survey_month)
    _ = population.lives, population.bodies  # back from the device
    return population, time.perf_counter() - started


def told(device: str, people: int) -> Any:
    population, seconds = grown(device, people)
    speed = population.person_months / seconds / 1e6
    print(
        f"{device}: {people:,} people, {population.person_months / 1e6:,.0f} million person-months "
        f"in {seconds:.1f} s: {speed:,.0f} million a second",
        flush=True,
    )
    return population


def study_on(device: str, scenario: str, *settings: str) -> None:
    """A whole study from the command line, tables included."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "rlsabm", "run", str(SCENARIOS / f"{scenario}.yaml")]
        changes = [word for setting in settings for word in ("--set", setting)]
        options = ["--device", device, "--no-report", "--out", f"{folder}/out"]
        started = time.perf_counter()
        done = subprocess.run([*command, *changes, *options], capture_output=True, text=True)
        seconds = time.perf_counter() - started
        end = done.stdout.strip().splitlines()[-2:] if done.returncode == 0 else done.stderr
        print(f"{device}: {scenario} {' '.join(settings)}: {seconds:.1f} s: {end}", flush=True)


def main(largest: int) -> None:
    require_gpu()
    print(f"{name_of_gpu()}, and {processors()} processors", flush=True)
    study = read_scenario(SCENARIOS / "baseline.yaml")
    few = unit_setting(study.scenario, 0, country=country_of(study), people=CHECKED_PEOPLE)
    started = time.perf_counter()
    check_bits(few, all_worlds(few))
    print(f"compiled, and {CHECKED_PEOPLE} people equal: {time.perf_counter() - started:.1f} s")
    grown(CPU, 1_000)
    sizes = [size for size in (100_000, 1_000_000, 10_000_000, 100_000_000) if size <= largest]
    here = None
    for size in sizes:
        there = told(GPU, size)
        if size <= COMPARED:
            here = told(CPU, size)
            differ = differences(there.lives, here.lives) + differences(there.bodies, here.bodies)
            print(f"{size:,} people: {', '.join(differ) or 'every bit is equal'}", flush=True)
        del there
    for device in (CPU, GPU):
        study_on(device, "baseline")
        study_on(device, "iron_conditions", "runs.draws=2")


if __name__ == "__main__":
    main(int(float(sys.argv[1])) if len(sys.argv) > 1 else 10_000_000)
