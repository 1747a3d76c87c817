"""How well studies use processors, what they cost, and how much memory: prints a table."""

from __future__ import annotations

import os
import statistics
import time
from pathlib import Path

import psutil
import pytest

from rlsabm.study.settings import read_scenario
from rlsabm.study.study import COMPLETE, Options, Report, run_study

pytestmark = pytest.mark.benchmark

ROUNDS = 3
TEN_UNITS = """\
title: Ten independent units
population: {size: 100_000}
runs: {replicates: 10}
"""


def timed(path: Path, folder: Path, options: Options) -> tuple[float, Report]:
    """Seconds that a study takes, and its report."""
    began = time.perf_counter()
    report = run_study(read_scenario(path, []), folder, options)
    assert report.status == COMPLETE
    return time.perf_counter() - began, report


@pytest.mark.timeout(7200)
def test_efficiency(tmp_path: Path) -> None:
    """Independent units on all processors of this machine, against one after another.

    Speeds of a shared machine wander by a tenth within minutes, so rounds are repeated and each
    crew is compared with what one process took just before.
    """
    path = tmp_path / "ten.yaml"
    path.write_text(TEN_UNITS)
    processors = len(os.sched_getaffinity(0))
    crews = {
        f"{processors} processes": Options(workers=processors),
        f"Dask, {processors} workers": Options(workers=processors, cluster="local"),
    }
    timed(path, tmp_path / "compiled", Options(workers=1))
    efficiencies: dict[str, list[float]] = {name: [] for name in crews}
    print(f"\n{'crew':24} {'seconds':>8} {'seconds of units':>17} {'efficiency':>11}")
    for turn in range(ROUNDS):
        alone, report = timed(path, tmp_path / f"one-{turn}", Options(workers=1))
        print(f"{'one process':24} {alone:8.1f} {report.ledger.total('seconds'):17.1f}")
        for name, options in crews.items():
            wall, report = timed(path, tmp_path / f"{name}-{turn}", options)
            efficiencies[name].append(alone / wall / processors)
            print(
                f"{name:24} {wall:8.1f} {report.ledger.total('seconds'):17.1f} "
                f"{efficiencies[name][-1]:11.2f}"
            )
    for name, found in efficiencies.items():
        print(f"{name}: median of {ROUNDS} rounds {statistics.median(found):.2f}")


@pytest.mark.timeout(7200)
def test_memory_of_a_large_population(tmp_path: Path) -> None:
    """A population of five million, in blocks: peak of memory of all processes, and cost."""
    path = tmp_path / "large.yaml"
    path.write_text("title: Large\npopulation: {size: 5_000_000}\n")
    peak = 0
    me = psutil.Process()

    class Watch:
        def begin(self, *_: object) -> None:
            pass

        def show(self, *_: object, **__: object) -> None:
            nonlocal peak
            used = 0
            for process in (me, *me.children(recursive=True)):
                try:
                    used += process.memory_full_info().uss
                except psutil.Error:
                    continue
            peak = max(peak, used)

    began = time.perf_counter()
    report = run_study(read_scenario(path, []), tmp_path / "large", watch=Watch())
    seconds = report.ledger.total("seconds")
    print(
        f"\n5,000,000 people in {len(report.ledger.units)} blocks: "
        f"{time.perf_counter() - began:.0f} s, {seconds:.0f} s of units, peak "
        f"{peak / 2**30:.2f} GiB, {report.ledger.total('person_months') / 12e6:.0f} million "
        "person-years"
    )
