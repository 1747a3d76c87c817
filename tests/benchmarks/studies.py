"""How well studies use processors, and what a large population needs."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import psutil

from rlsabm.study.settings import read_scenario
from rlsabm.study.study import COMPLETE, Options, Report, run_study

from .figures import Measured

ROUNDS, UNITS, LARGE = 3, 10, 5_000_000
TEN_UNITS = {
    "title": "Ten independent units",
    "population": {"size": 100_000},
    "runs": {"replicates": UNITS},
}


def _timed(folder: Path, options: Options) -> tuple[float, Report]:
    """Seconds that the study takes, and its report."""
    began = time.perf_counter()
    report = run_study(read_scenario(TEN_UNITS), folder, options)
    if report.status != COMPLETE:
        raise RuntimeError(f"the study is {report.status}")
    return time.perf_counter() - began, report


def independent_units() -> Iterator[Measured]:
    """Ten units on all processors, against one after another, in turns."""
    processors = len(os.sched_getaffinity(0))
    crews = {
        "processes": Options(workers=processors),
        "local Dask workers": Options(workers=processors, cluster="local"),
    }
    efficiencies: dict[str, list[float]] = {name: [] for name in crews}
    rates: dict[str, list[float]] = {name: [] for name in crews}
    with tempfile.TemporaryDirectory() as place:
        _timed(Path(place) / "compiled", Options(workers=1))
        for turn in range(ROUNDS):
            alone, _ = _timed(Path(place) / f"one-{turn}", Options(workers=1))
            for name, options in crews.items():
                wall, _ = _timed(Path(place) / f"{name}-{turn}", options)
                efficiencies[name].append(alone / wall / processors)
                rates[name].append(60 * UNITS / wall)
    for name, found in efficiencies.items():
        rounds = ", ".join(f"{each:.0%}" for each in found)
        yield Measured(
            f"a study on {processors} {name}",
            f"{median(rates[name]):.0f} units a minute, {median(found):.0%} of what {processors} "
            f"processors can do at most (rounds: {rounds})",
            f"{UNITS} units of 100,000 people, tables written; the start of the {name} included",
        )


class _Watch:
    """Sees how much memory all processes of a study have."""

    def __init__(self) -> None:
        self.peak = 0
        self._me = psutil.Process()

    def begin(self, *_: object) -> None:
        """Nothing is shown."""

    def show(self, *_: object, **__: object) -> None:
        """Look once."""
        used = 0
        for process in (self._me, *self._me.children(recursive=True)):
            try:
                used += process.memory_full_info().uss
            except psutil.Error:
                continue
        self.peak = max(self.peak, used)


def large_population() -> Iterator[Measured]:
    """A population in blocks: time, and memory of all processes together."""
    watch: Any = _Watch()
    said = {"title": "Large", "population": {"size": LARGE}}
    with tempfile.TemporaryDirectory() as place:
        began = time.perf_counter()
        report = run_study(read_scenario(said), Path(place) / "large", watch=watch)
        seconds = time.perf_counter() - began
    months = report.ledger.total("person_months")
    yield Measured(
        f"{LARGE:,} people",
        f"{seconds / 60:.0f} minutes, {watch.peak / 2**30:.1f} GiB of memory at most",
        f"{len(report.ledger.units)} blocks on all processors, {months / 12e6:.0f} million "
        "person-years",
    )
