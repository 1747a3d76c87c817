"""A calibration on a terminal: how it goes, and what it found."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import pandas as pd
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from rlsabm.calibration.calibrating import COMPLETE, Report
from rlsabm.calibration.history_matching import CUT_OFF
from rlsabm.calibration.state import JOURNAL, Journal
from rlsabm.calibration.waves import Kind, Wave
from rlsabm.printing.tables import show_table
from rlsabm.printing.text import plain, say, say_command, say_line
from rlsabm.results.arrow import frame_of
from rlsabm.results.files import read_parquet, table_path
from rlsabm.wording import NONE, counted, duration

#: Above this ratio of standard deviations the targets have hardly taught a parameter.
HARDLY_LEARNT = 0.9
#: Below this correlation two targets are said to disagree, and the most pairs that are shown.
DISAGREEMENT, MOST_PAIRS = -0.3, 10
#: What a wave is drawn from, in words.
DRAWN_FROM = {
    Kind.FIRST.value: "the priors",
    Kind.SEARCH.value: "a search",
    Kind.POSTERIOR.value: "the posterior",
}


class CalibrationProgress:
    """A progress bar on a terminal, with the current fit; elsewhere nothing but what must be known.

    Parameters
    ----------
    console
        Where to show it.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._fit = ""
        self._began = time.perf_counter()
        self._before: int | None = None
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[pace]}", markup=False),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._task: TaskID | None = None

    def __enter__(self) -> CalibrationProgress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def begin(self, wave: Wave, done: int, crew: str) -> None:
        """Begin to show the runs of a wave."""
        if self._task is None:
            self._task = self._bar.add_task("", total=None, pace="")
            self._bar.start()
            if done and self._console.is_terminal:
                self._console.print(
                    f"{counted(done, 'run')} had ended before; going on with {crew}."
                )
        self._description = f"wave {wave.number}, from {DRAWN_FROM[wave.kind.value]}"
        self._runs, self._began, self._before = len(wave.scores), time.perf_counter(), None
        self._bar.update(self._task, description=self._description, total=self._runs, completed=0)

    def show(self, ended: int, failed: int, seconds: float) -> None:
        """Show how many runs of the wave have ended and failed, and the time that is left for it."""
        if self._task is None:
            return
        if self._before is None:
            self._before = ended
        elapsed, new = time.perf_counter() - self._began, ended - self._before
        left = f"{duration(elapsed * (self._runs - ended) / new)} left" if new else ""
        shown = f"{ended:,} of {self._runs:,} runs" + (f", {failed:,} failed" if failed else "")
        self._bar.update(
            self._task, completed=ended, pace=", ".join(filter(None, (shown, left, self._fit)))
        )

    def learning(self, wave: Wave) -> None:
        """Show that emulators learn."""
        if self._task is not None:
            self._bar.update(self._task, pace=", ".join(filter(None, ("emulators", self._fit))))

    def learnt(self, wave: Wave, row: Mapping[str, Any]) -> None:
        """Show what is known from now on: the target that fits worst, and the space that is left."""
        self._fit = (
            f"worst {plain(row['worst_target'])} ({row['worst_distance']:+.1f} SD), "
            f"space left: {share_text(row['share_left'])}"
        )
        if self._console.is_terminal:
            self._console.print(
                f"Wave {wave.number}, {counted(row['evaluations'], 'run')}: {self._fit}.",
                markup=False,
            )

    def tell(self, line: str) -> None:
        """Print what a person must know, terminal or not."""
        say_line(line, console=self._console)


def print_interrupted(folder: Path, command: Sequence[object], console: Console) -> None:
    """Print what is kept of an interrupted calibration, and the command that goes on with it."""
    journal = folder / JOURNAL
    done = len(Journal.opened(journal).runs) if journal.exists() else 0
    kept = (
        f"{counted(done, 'run')} {'is' if done == 1 else 'are'} kept."
        if done
        else "No run had ended."
    )
    say_command(f"Stopped. {kept} To go on", *command, console=console)


def print_calibration(report: Report) -> None:
    """Print what a calibration found: the fit, the parameters, the waves, and what disagrees."""
    say_line("")
    say(f"Calibration: {report.status}", bold=True)
    failed = f", {report.failed:,} of which failed" if report.failed else ""
    say(f"{counted(report.evaluations, 'run')} of the model{failed}.")
    if report.waves:
        _print_waves(_table(report.folder, "waves"))
    if report.status == COMPLETE:
        _print_fit(_table(report.folder, "fit"))
        _print_parameters(_table(report.folder, "learnt"))
        _print_conflicts(_table(report.folder, "conflicts"))
    if report.trouble:
        say(f"{report.trouble[0].upper()}{report.trouble[1:]}.")


def _table(folder: Path, name: str) -> pd.DataFrame:
    return frame_of(read_parquet(table_path(folder, name)))


def _print_waves(waves: pd.DataFrame) -> None:
    show_table(
        "Waves of runs, and what is known after each",
        [
            "wave, drawn from",
            "runs",
            "failed",
            f"space left, implausibility below {CUT_OFF:g}",
            "but for one target",
            "emulators' share of variance",
            "worst target, SD",
        ],
        [
            [
                f"{row['wave']}: {DRAWN_FROM[row['drawn_from']]}",
                f"{row['evaluations']:,}",
                f"{row['failed']:,}",
                share_text(row["share_left"]),
                share_text(row["share_left_second"]),
                f"{row['emulator_share']:.2f}",
                f"{row['worst_distance']:+.1f}",
            ]
            for row in waves.to_dict("records")
        ],
    )


def _print_fit(fit: pd.DataFrame) -> None:
    show_table(
        "Targets: published figure with its interval, and runs at draws from the posterior",
        ["target", "published", "simulated", "distance, SD", "inside"],
        [
            [
                str(row["target"]),
                _with_interval(row["published"], row["published_lower"], row["published_upper"]),
                _with_interval(row["simulated"], row["simulated_lower"], row["simulated_upper"]),
                f"{row['distance']:+.1f}",
                "yes" if row["inside"] else "no",
            ]
            for row in fit.to_dict("records")
        ],
    )
    say(f"{int(fit['inside'].sum())} of {counted(len(fit), 'target')} inside.")


def _print_parameters(learnt: pd.DataFrame) -> None:
    show_table(
        "Parameters: median with 95 % interval",
        ["parameter", "prior", "posterior", "SD, posterior / prior"],
        [
            [
                str(row["parameter"]),
                _with_interval(row["prior_median"], row["prior_lower"], row["prior_upper"]),
                _with_interval(row["median"], row["lower"], row["upper"]),
                f"{row['sd_ratio']:.2f}",
            ]
            for row in learnt.to_dict("records")
        ],
    )
    hardly = learnt.loc[learnt["sd_ratio"] > HARDLY_LEARNT, "parameter"].astype(str)
    if len(hardly):
        say(f"The targets say next to nothing about {', '.join(hardly)}.")


def _print_conflicts(conflicts: pd.DataFrame) -> None:
    worst = conflicts[conflicts["correlation"] < DISAGREEMENT].head(MOST_PAIRS)
    if not len(worst):
        return
    show_table(
        "What disagrees: one fits better as the other fits worse",
        ["target", "other", "correlation of slopes", "mostly through"],
        [
            [
                str(row["target"]),
                str(row["other"]),
                f"{row['correlation']:+.2f}",
                str(row["parameter"]),
            ]
            for row in worst.to_dict("records")
        ],
    )


def share_text(share: float) -> str:
    """A share of the space, however small: ``12 %``, ``1 in 40,000``."""
    if math.isnan(share):
        return "too little to tell"
    if share <= 0.0:
        return "nothing"
    if share >= 0.01:
        return f"{100.0 * share:.0f} %"
    digits = 10.0 ** max(0, math.floor(-math.log10(share)) - 1)
    return f"1 in {round(1.0 / share / digits) * digits:,.0f}"


def _with_interval(value: float, lower: float, upper: float) -> str:
    if not all(map(math.isfinite, (value, lower, upper))):
        return NONE
    return f"{value:.3g} ({lower:.3g} to {upper:.3g})"
