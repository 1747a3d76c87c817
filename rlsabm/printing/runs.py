"""Runs of the model on a terminal: a bar with what has ended and the time that is left."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from rlsabm.printing.text import say_line
from rlsabm.wording import counted, duration


class RunsProgress:
    """A progress bar on a terminal; elsewhere nothing but what must be known.

    Parameters
    ----------
    console
        Where to show it.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._also = ""
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

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def show(self, ended: int, failed: int, seconds: float) -> None:
        """Show how many runs have ended and failed, and the time that is left for the others."""
        if self._task is None:
            return
        if self._before is None:
            self._before = ended
        elapsed, new = time.perf_counter() - self._began, ended - self._before
        left = f"{duration(elapsed * (self._runs - ended) / new)} left" if new else ""
        shown = f"{ended:,} of {self._runs:,} runs" + (f", {failed:,} failed" if failed else "")
        self._bar.update(self._task, completed=ended, pace=self._joined(shown, left))

    def tell(self, line: str) -> None:
        """Print what a person must know, terminal or not."""
        say_line(line, console=self._console)

    def _start(self, description: str, runs: int, done: int, crew: str) -> None:
        """Begin to show some runs; how many had ended before is said once."""
        if self._task is None:
            self._task = self._bar.add_task("", total=None, pace="")
            self._bar.start()
            if done and self._console.is_terminal:
                self._console.print(
                    f"{counted(done, 'run')} had ended before; going on with {crew}."
                )
        self._runs, self._began, self._before = runs, time.perf_counter(), None
        self._bar.update(self._task, description=description, total=runs, completed=0)

    def _joined(self, *parts: str) -> str:
        """What stands beside the bar: some parts, and what is always said."""
        return ", ".join(filter(None, (*parts, self._also)))
