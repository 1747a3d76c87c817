"""Progress of a study on a terminal: person-years lived, speed, time left."""

from __future__ import annotations

import time
from collections.abc import Sequence
from types import TracebackType

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from rlsabm.compilation import is_compiled_before
from rlsabm.demography.life_table import survival_by_month
from rlsabm.scenario import ResolvedScenario
from rlsabm.setting import Setting
from rlsabm.study.ledger import FAILED, FINISHED, Ledger
from rlsabm.study.reliving import work_again
from rlsabm.study.settings import country_of, unit_setting
from rlsabm.study.unit import last_month
from rlsabm.study.units import Unit
from rlsabm.worlds.world import worlds_of


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


def expected_work_of_units(study: ResolvedScenario, units: Sequence[Unit]) -> dict[str, float]:
    """Expected work of each unit, by its name."""
    shifts, country = study.scenario.shifts, country_of(study)
    block = max(unit.people for unit in units)
    by_arm = {}
    for name, arm in study.arms.items():
        setting = unit_setting(arm, 0, country=country, people=block)
        worlds = worlds_of(setting, shifts.conditions, postulates=shifts.postulates)
        by_arm[name] = expected_work(setting, len(worlds))
    return {unit.name: by_arm[unit.arm] * unit.people / block for unit in units}


class StudyProgress:
    """A progress bar on standard error; silent when that is no terminal.

    Parameters
    ----------
    console
        Where to show it.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._work: dict[str, float] = {}
        self._began = time.perf_counter()
        self._lived_before = 0.0
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
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Take the bar off the terminal."""
        self._bar.stop()

    def begin(self, study: ResolvedScenario, ledger: Ledger, crew: str) -> None:
        """Begin to show a study; what had finished before counts as done, but not for the speed."""
        if not self._console.is_terminal:
            return
        if not is_compiled_before():
            self._console.print("Compiling once; this takes about half a minute.")
        finished = len(ledger.having(FINISHED))
        if finished:
            self._console.print(
                f"{finished} of {len(ledger.units)} runs had finished before; going on with {crew}."
            )
        self._work = expected_work_of_units(study, ledger.units)
        self._lived_before = ledger.total("person_months")
        done = sum(self._work[unit.name] for unit in ledger.having(FINISHED))
        self._task = self._bar.add_task("", total=sum(self._work.values()), speed="")
        self._bar.update(self._task, completed=done)
        self._bar.start()
        self._began = time.perf_counter()
        self.show(ledger, 0.0, 0.0)

    def tell(self, line: str) -> None:
        """Print what a person must know, terminal or not."""
        self._console.print(line, markup=False, soft_wrap=True)

    def show(self, ledger: Ledger, person_months: float, work: float) -> None:
        """Show how far a study is.

        Parameters
        ----------
        ledger
            Its units.
        person_months, work
            Person-months lived, and work done, in units under way.
        """
        if self._task is None:
            return
        finished, failed = ledger.having(FINISHED), ledger.having(FAILED)
        done = sum(self._work[unit.name] for unit in (*finished, *failed))
        lived = ledger.total("person_months") - self._lived_before + person_months
        elapsed = max(time.perf_counter() - self._began, 1e-6)
        words = f"{len(finished)} of {len(ledger.units)} runs"
        if failed:
            words += f", {len(failed)} failed"
        self._bar.update(
            self._task,
            description=words,
            completed=done + work,
            speed=f"{lived / 12e6 / elapsed:.2f} million person-years/s",
        )
