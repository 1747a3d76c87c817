"""Progress of a study: what has finished, person-years a second, time left."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.text import Text

from rlsabm.compilation import is_compiled_before
from rlsabm.scenario import ResolvedScenario
from rlsabm.study.ledger import FAILED, FINISHED, Ledger
from rlsabm.study.work import expected_work_of_units
from rlsabm.wording import duration

#: Said while nobody lives yet, and whenever the compiler is at work.
COMPILING = "compiling the rules, about 30 seconds, once"
#: Where there is no terminal: time between lines (seconds).
LINE_SECONDS = 60.0


class StudyProgress:
    """A progress bar on a terminal; elsewhere a line now and then, for log files of long studies.

    Parameters
    ----------
    console
        Where to show it.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._work: dict[str, float] = {}
        self._compiles = False
        self._began = self._said = time.perf_counter()
        self._lived_before = self._done_before = 0.0
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.fields[pace]}"),
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
        self._compiles = not is_compiled_before()
        finished = ledger.having(FINISHED)
        if finished and self._console.is_terminal:
            self._console.print(
                f"{len(finished):,} of {len(ledger.units):,} runs had finished before; going on with "
                f"{crew}."
            )
        if self._compiles and not self._console.is_terminal:
            self._console.print(f"{COMPILING[0].upper()}{COMPILING[1:]}.")
        self._work = expected_work_of_units(study, ledger.units)
        self._lived_before = ledger.total("person_months")
        self._done_before = sum(self._work[unit.name] for unit in finished)
        self._task = self._bar.add_task("", total=sum(self._work.values()), pace="")
        self._bar.update(self._task, completed=self._done_before)
        self._bar.start()
        self._began = self._said = time.perf_counter()
        self.show(ledger, 0.0, 0.0)

    def tell(self, line: str) -> None:
        """Print what a person must know, terminal or not."""
        self._console.print(line, markup=False, soft_wrap=True)

    def show(
        self, ledger: Ledger, person_months: float, work: float, *, compiling: bool = False
    ) -> None:
        """Show how far a study is.

        Parameters
        ----------
        ledger
            Its units.
        person_months, work
            Person-months lived, and work done, in units under way.
        compiling
            Whether rules are being compiled.
        """
        if self._task is None:
            return
        finished, failed = ledger.having(FINISHED), ledger.having(FAILED)
        done = sum(self._work[unit.name] for unit in (*finished, *failed)) + work
        lived = ledger.total("person_months") - self._lived_before + person_months
        now = time.perf_counter()
        if lived > 0.0 and self._compiles:  # the rules are compiled by now: speed counts from here
            self._compiles, self._began = False, now
        runs = f"{len(finished):,} of {len(ledger.units):,} runs"
        if failed:
            runs += f", {len(failed):,} failed"
        pace = (
            COMPILING if compiling or self._compiles else self._pace(lived, done, now - self._began)
        )
        self._bar.update(self._task, description=runs, completed=done, pace=pace)
        if not self._console.is_terminal and now - self._said > LINE_SECONDS:
            self._said = now
            share = 100.0 * done / max(sum(self._work.values()), 1e-9)
            line = ", ".join(filter(None, (f"{runs} finished", f"{share:.0f} %", pace)))
            self._console.print(Text(line), soft_wrap=True)

    def _pace(self, lived: float, done: float, elapsed: float) -> str:
        """Person-years a second, and the time that is left."""
        new = done - self._done_before
        if lived <= 0.0 or new <= 0.0 or elapsed < 1.0:
            return ""
        left = elapsed * (sum(self._work.values()) - done) / new
        speed = lived / 12.0 / elapsed
        shown = f"{speed / 1e6:.2f} million" if speed >= 1e5 else f"{speed:,.0f}"
        return f"{shown} person-years/s" + (f", {duration(left)} left" if left > 0.5 else "")
