"""A calibration on a terminal: how it goes, and what it found."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from rlsabm.calibration.calibrating import COMPLETE, Report
from rlsabm.calibration.history_matching import CUT_OFF
from rlsabm.calibration.state import JOURNAL, Journal
from rlsabm.calibration.waves import Kind, Wave
from rlsabm.printing.runs import RunsProgress
from rlsabm.printing.tables import show_table
from rlsabm.printing.text import plain, say, say_command, say_line
from rlsabm.results.arrow import frame_of
from rlsabm.results.files import read_parquet, table_path
from rlsabm.wording import NONE, counted

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


class CalibrationProgress(RunsProgress):
    """A progress bar on a terminal, with the current fit; elsewhere nothing but what must be known."""

    def begin(self, wave: Wave, done: int, crew: str) -> None:
        """Begin to show the runs of a wave."""
        description = f"wave {wave.number}, from {DRAWN_FROM[wave.kind.value]}"
        self._start(description, len(wave.scores), done, crew)

    def learning(self, wave: Wave) -> None:
        """Show that emulators learn."""
        if self._task is not None:
            self._bar.update(self._task, pace=self._joined("emulators"))

    def learnt(self, wave: Wave, row: Mapping[str, Any]) -> None:
        """Show what is known from now on: the target that fits worst, and the space that is left."""
        self._also = (
            f"worst {plain(row['worst_target'])} ({row['worst_distance']:+.1f} SD), "
            f"space left: {share_text(row['share_left'])}"
        )
        if self._console.is_terminal:
            self._console.print(
                f"Wave {wave.number}, {counted(row['evaluations'], 'run')}: {self._also}.",
                markup=False,
            )


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
