"""People on a GPU beside those on processors, and the same to the bit."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rlsabm.errors import UserError
from rlsabm.gpu.cuda import name_of_gpu, require_gpu
from rlsabm.gpu.exactness import check_bits, differences
from rlsabm.population import Population
from rlsabm.study.devices import CHECKED_PEOPLE, CPU, GPU, device_named
from rlsabm.study.machine import processors
from rlsabm.study.settings import country_of, read_scenario, unit_setting
from rlsabm.worlds.living_again import all_worlds

from .figures import MILLION, Measured

SCENARIOS = Path(__file__).parents[2] / "scenarios"
KEY = 2019
SIZES = (100_000, 1_000_000, 10_000_000, 100_000_000)
#: Largest population that is grown on processors, too.
COMPARED = 1_000_000


def _grown(device: str, people: int) -> tuple[Any, float]:
    """A population grown until its survey, and the seconds that this took."""
    study = read_scenario(SCENARIOS / "baseline.yaml")
    setting = unit_setting(study.scenario, 0, country=country_of(study), people=people)
    started = time.perf_counter()
    population: Population = device_named(device).population(setting, key=KEY, threads=processors())
    population.advance(setting.plan.survey_month)
    _ = population.lives, population.bodies  # back from the device
    return population, time.perf_counter() - started


def _study(device: str, scenario: str, *settings: str) -> Measured:
    """A whole study from the command line, tables included."""
    changes = [word for setting in settings for word in ("--set", setting)]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "rlsabm", "run", str(SCENARIOS / f"{scenario}.yaml")]
        options = ["--device", device, "--no-report", "--out", f"{folder}/out"]
        started = time.perf_counter()
        done = subprocess.run([*command, *changes, *options], capture_output=True, text=True)
        seconds = time.perf_counter() - started
    value = f"{seconds:.0f} s" if done.returncode == 0 else done.stderr.strip()
    how = f"`rlsabm run scenarios/{scenario}.yaml {' '.join(changes)}`"
    return Measured(f"{scenario} on {device}", value, how)


def on_gpu(largest: int) -> Iterator[Measured]:
    """Speed by size, equality with a processor, and whole studies; why not, if there is no GPU."""
    try:
        require_gpu()
    except UserError as error:
        yield Measured("on a GPU", "not measured", str(error).replace("|", "\\|"))
        return
    card = name_of_gpu()
    study = read_scenario(SCENARIOS / "baseline.yaml")
    few = unit_setting(study.scenario, 0, country=country_of(study), people=CHECKED_PEOPLE)
    started = time.perf_counter()
    check_bits(few, all_worlds(few))
    yield Measured(
        f"{card}: kernels compiled, bits compared", f"{time.perf_counter() - started:.0f} s",
        f"{CHECKED_PEOPLE} people on both, in all worlds",
    )  # fmt: skip
    _grown(CPU, 1_000)
    for size in (size for size in SIZES if size <= largest):
        there, seconds = _grown(GPU, size)
        yield _speed(card, there, seconds, size)
        if size > COMPARED:
            continue
        here, seconds = _grown(CPU, size)
        yield _speed(f"{processors()} processors", here, seconds, size)
        differ = differences(there.lives, here.lives) + differences(there.bodies, here.bodies)
        yield Measured(
            f"{size:,} people on both", ", ".join(differ) or "every bit is equal", "all records"
        )
    for device in (CPU, GPU):
        yield _study(device, "baseline")
        yield _study(device, "iron_conditions", "runs.draws=2")


def _speed(where: str, population: Any, seconds: float, size: int) -> Measured:
    months = population.person_months
    return Measured(
        f"{size:,} people on {where}",
        f"{months / seconds / MILLION:,.0f} million person-months a second",
        f"{months / MILLION:,.0f} million in {seconds:.1f} s on a clock, births included",
    )
