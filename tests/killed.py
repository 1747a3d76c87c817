"""Runs a command of rlsabm, and kills its process in a phase of its work: ``-m killed PHASE …``.

A thread is told when the main thread begins the phase, after a while.  It kills the process some
milliseconds later, and notes in a file the phase in which it is then.
"""

from __future__ import annotations

import math
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

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
        yield _name(frame)
        frame = frame.f_back


def _name(frame: FrameType) -> tuple[str, str]:
    return Path(frame.f_code.co_filename).stem, frame.f_code.co_name


def watch(phase: str, after: float, begun: threading.Event) -> None:
    """Tell when this thread begins a phase, some seconds after it began to work at the earliest.

    Some phases last a millisecond: whoever looks from time to time would miss them.
    """
    names = {name for functions in PHASES.values() for _, name in functions}
    working = {function for functions in PHASES.values() for function in functions}
    earliest = math.inf

    def called(frame: FrameType, event: str, argument: object) -> None:
        nonlocal earliest
        if event != "call" or frame.f_code.co_name not in names:
            return
        function = _name(frame)
        if function in working:
            earliest = min(earliest, time.monotonic() + after)
        if function in PHASES[phase] and time.monotonic() >= earliest:
            sys.setprofile(None)
            begun.set()
            time.sleep(0.002)  # while the other thread begins to act

    sys.setprofile(called)


def kill(phase: str, after: float, begun: threading.Event, notes: str) -> None:
    """Kill this process soon after its main thread has begun a phase."""
    sys.setswitchinterval(1e-4)
    thread = threading.main_thread().ident or 0
    if phase == "starting":
        time.sleep(after / 4)
    else:
        begun.wait()
        while phase_now(thread) == "compiling" != phase:  # which may come first
            time.sleep(0.0002)
        time.sleep(random.Random().choice((0.0, 0.003, 0.01, 0.03)))
    with open(notes, "a") as file:
        file.write(f"{phase_now(thread)}\n")
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    _, phase, after, notes, *words = sys.argv
    sys.argv = ["rlsabm", *words]
    begun = threading.Event()
    killer = threading.Thread(target=kill, args=(phase, float(after), begun, notes), daemon=True)
    killer.start()
    if phase != "starting":
        watch(phase, float(after), begun)
    from rlsabm.__main__ import main

    main()
