"""Progress of a study on a terminal: person-years lived, speed, time left."""

from __future__ import annotations

import time
from collections.abc import Sequence
from types import TracebackType

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from rlsabm.parameters.cohorts import survival_by_month
from rlsabm.parameters.setting import Setting
from rlsabm.scenario import ResolvedScenario
from rlsabm.study.study import units_of
from rlsabm.study.unit import Unit, last_month, work_again
from rlsabm.worlds import worlds_of


def expected_work(setting: Setting, worlds: int) -> float:
    """Work that a unit is expected to do, by its plan of births and the life table.

    Its people live once while the population grows, and those of the surveys live again in so many
    worlds, if there are any.
    """
    survival = survival_by_month(setting.country.mortality)
    lived = np.cumsum(survival, axis=1)
    months = last_month(setting) - setting.plan.first_month + 1
    ages = np.minimum(np.arange(months)[::-1], lived.shape[1] - 1)
    births = setting.plan.births[:, :months]
    growing = float((births * lived[:, ages]).sum())
    alive = births * survival[:, ages]
    again = float((alive * ages).sum() / alive.sum()) * setting.size if worlds else 0.0
    return growing + again * work_again(worlds)


class StudyProgress:
    """A progress bar on standard error; silent when that is no terminal.

    Parameters
    ----------
    study
        The scenario.
    settings
        Settings of the arms.
    console
        Where to show it.
    """

    def __init__(
        self, study: ResolvedScenario, settings: Sequence[Setting], console: Console
    ) -> None:
        self._console = console
        shifts = study.scenario.shifts
        per_arm = [
            expected_work(
                setting,
                len(worlds_of(setting, shifts.conditions, postulates=shifts.postulates)),
            )
            for setting in settings
        ]
        self._total = sum(per_arm) * len(units_of(study)) / len(per_arm)
        self._started = time.perf_counter()
        self._lived = 0
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.fields[speed]}"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._task: TaskID | None = None

    def __enter__(self) -> StudyProgress:
        from rlsabm.compilation import is_compiled_before

        if self._console.is_terminal and not is_compiled_before():
            self._console.print("Compiling once; this takes about half a minute.")
        self._bar.start()
        self._task = self._bar.add_task("run 1", total=self._total, speed="")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def begin(self, unit: Unit, number: int, total: int) -> None:
        """Show which unit begins."""
        if self._task is not None:
            words = f"run {number} of {total}" + (f", {unit.arm}" if total > 1 else "")
            self._bar.update(self._task, description=words)

    def advance(self, person_months: int, work: float) -> None:
        """Count person-months lived, and work done."""
        self._lived += person_months
        elapsed = max(time.perf_counter() - self._started, 1e-6)
        speed = f"{self._lived / 12e6 / elapsed:.2f} million person-years/s"
        if self._task is not None:
            self._bar.update(self._task, advance=work, speed=speed)
