"""Progress of work whose share is known: a bar on a terminal, nothing elsewhere."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from rlsabm.compilation import is_compiled_before
from rlsabm.study.progress import COMPILING


@contextmanager
def advancing(console: Console) -> Iterator[Callable[[float], None]]:
    """A progress bar, and what moves it on by a share of all work; threads may call it.

    Parameters
    ----------
    console
        Where to show it.
    """
    first = f"{COMPILING}; " if not is_compiled_before() else ""
    lock = threading.Lock()
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    ) as bar:
        task = bar.add_task(f"{first}simulating", total=1.0)

        def advance(share: float) -> None:
            with lock:
                bar.advance(task, share)

        yield advance
