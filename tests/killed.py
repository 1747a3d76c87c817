"""Runs a command of rlsabm, and kills its process in a phase of its work: ``-m killed PHASE …``.

A thread looks at what the main thread is doing, many times a second.  The first time after a while that
it is in the phase, the process is killed, and the phase noted in a file.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

#: Phases, by a function (module and name) in which a process is during each, the innermost first.
PHASES = {
    "compiling": [("dispatcher", "compile")],
    "keeping a unit": [("folder", "keep")],
    "merging tables": [("merging", "merge")],
    "ending": [("study", "_end"), ("folder", "forget_units"), ("folder", "close")],
    "printing": [("study", "print_study"), ("study", "print_ending")],
    "surveying": [("unit", "take_survey"), ("survey", "take_survey"), ("unit", "count")],
    "other worlds": [("reliving", "__init__")],
    "growing": [("population", "advance"), ("population", "__init__")],
    "beginning a study": [("study", "run_study")],
    "starting": [],
}


def phase_now(thread: int) -> str:
    """What a thread is doing."""
    stack = set(_stack(thread))
    for phase, functions in PHASES.items():
        if not stack.isdisjoint(functions):
            return phase
    return "starting"


def _stack(thread: int) -> Iterator[tuple[str, str]]:
    frame = sys._current_frames().get(thread)
    while frame is not None:
        yield Path(frame.f_code.co_filename).stem, frame.f_code.co_name
        frame = frame.f_back


def kill(phase: str, after: float, notes: str) -> None:
    """Kill this process when it is in a phase, some seconds after it began to work at the earliest."""
    sys.setswitchinterval(1e-4)  # some phases last a few milliseconds only
    thread = threading.main_thread().ident or 0
    while phase != "starting" and phase_now(thread) == "starting":
        time.sleep(0.002)
    time.sleep(after)
    while (now := phase_now(thread)) != phase:
        time.sleep(0.0002)
    time.sleep(random.Random().choice((0.0, 0.0, 0.001, 0.01)))
    with open(notes, "a") as file:
        file.write(f"{now}\n")
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    _, phase, after, notes, *words = sys.argv
    sys.argv = ["rlsabm", *words]
    threading.Thread(target=kill, args=(phase, float(after), notes), daemon=True).start()
    from rlsabm.__main__ import main

    main()
