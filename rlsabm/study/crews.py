"""Who does the work: this process, processes on this machine, or the workers of a cluster.

Each crew is driven through an executor of `concurrent.futures`.  It takes jobs, gives back futures, can
tell how far work under way has come, and can be made anew when workers are lost.
"""

from __future__ import annotations

import ctypes
import logging
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
import types
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from multiprocessing.sharedctypes import RawArray
from pathlib import Path
from typing import Any

from rlsabm.compilation import compiling_told
from rlsabm.study import interruptions
from rlsabm.study.job import (
    Handed,
    Outcome,
    UnitFailedError,
    WorkerLostError,
    attempt,
    do_job,
)

#: What a worker does with a job; replaced in tests, to let units fail.
Work = Callable[..., Outcome]
#: Called by a crew that works in this very process, so that it can show how far it is.
Tick = Callable[[], None]

#: How often a worker looks whether it is still wanted (seconds).
LOOK_SECONDS = 0.1
#: Exit code of a process that was killed, as the system does when memory runs out.
KILLED = -9
#: How long it may take until it is known how a process has ended (seconds).
LONGEST_TO_KNOW = 0.5

#: Numbers that are known of a unit under way: person-months, work, when it began, whether it compiles.
SLOT = 4

LOG = logging.getLogger("rlsabm")


def refuse_in_a_worker(what: str) -> None:
    """End a worker process that only imports a script, and would run the script's work.

    Parameters
    ----------
    what
        What the script runs, in words.
    """
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise SystemExit(
            f"error: a worker process imports the script that runs a {what}; in the script, run it "
            'below if __name__ == "__main__":'
        )


class Crew(ABC):
    """Workers, and how work is handed to them.

    Attributes
    ----------
    name
        What they are, in words.
    share_fate
        Whether the loss of one stops the work of all, so that it is not known whose it was.
    """

    name: str
    share_fate = False

    @property
    @abstractmethod
    def places(self) -> int:
        """Units that run at a time."""

    @property
    def most_handed_out(self) -> int:
        """Units to hand out at a time."""
        return self.places

    @abstractmethod
    def hand_out(self, job: Handed) -> Future[Any]:
        """Have a unit run."""

    def look_after(self) -> None:  # noqa: B027
        """See, several times a second, whether workers can work.

        Raises
        ------
        UserError
            If they never can.
        """

    def under_way(self) -> tuple[float, float]:
        """Person-months lived, and work done, in units that are being run."""
        return 0.0, 0.0

    def is_compiling(self) -> bool:
        """Whether rules are being compiled, so that units do not go on."""
        return False

    def is_lost(self, error: BaseException) -> bool:
        """Whether an error says that a worker was lost, not that the unit failed."""
        return isinstance(error, WorkerLostError | BrokenExecutor | CancelledError)

    @abstractmethod
    def seconds_of(self, future: Future[Any]) -> float:
        """How long a unit has been running; 0 if no worker has begun it yet."""

    def has_begun(self, future: Future[Any]) -> bool:
        """Whether a worker has begun a unit."""
        return self.seconds_of(future) > 0.0

    def attempts_of(self, future: Future[Any]) -> int:
        """How often a unit was begun since it was handed out; the crew itself may have tried again."""
        return 1

    @abstractmethod
    def take_back(self, future: Future[Any]) -> None:
        """Forget a unit that has ended."""

    def outcome_of(self, future: Future[Any]) -> Outcome:
        """What a worker gave back for a unit that has not failed.

        Raises
        ------
        OSError
            If it cannot be read.
        """
        outcome: Outcome = future.result()
        return outcome

    @abstractmethod
    def give_up(self, future: Future[Any]) -> None:
        """End a unit that takes too long."""

    @abstractmethod
    def renew(self) -> None:
        """Replace what was lost.

        Raises
        ------
        UserError
            If that cannot be.
        """

    @abstractmethod
    def close(self) -> None:
        """End all work, at once."""


class InThisProcess(Crew):
    """The process of the program itself: one unit after another, on as many threads as jobs say.

    Parameters
    ----------
    work
        What is done with a job.
    tick
        Called while a unit runs.
    timeout
        Seconds after which a unit is given up.
    """

    name = "this process"

    def __init__(
        self, work: Work = do_job, *, tick: Tick = lambda: None, timeout: float | None = None
    ) -> None:
        self._work = work
        self._tick = tick
        self._timeout = timeout
        self._lived = (0.0, 0.0)
        self._compiling = False

    @property
    def places(self) -> int:
        return 1

    def hand_out(self, job: Handed) -> Future[Any]:
        future: Future[Outcome] = Future()
        started = time.monotonic()
        self._lived = (0.0, 0.0)

        def progress(person_months: int, work: float) -> None:
            self._lived = (self._lived[0] + person_months, self._lived[1] + work)
            if self._timeout is not None and time.monotonic() - started > self._timeout:
                raise WorkerLostError(too_long(self._timeout))
            interruptions.look()
            self._tick()

        def compiling(begins: bool) -> None:
            self._compiling = begins
            self._tick()

        try:
            with compiling_told(compiling):
                future.set_result(attempt(self._work, job, progress))
        except Exception as error:
            interruptions.look()  # which may be why
            future.set_exception(error)
        self._lived = (0.0, 0.0)
        return future

    def take_back(self, future: Future[Any]) -> None:
        pass

    def under_way(self) -> tuple[float, float]:
        return self._lived

    def is_compiling(self) -> bool:
        return self._compiling

    def seconds_of(self, future: Future[Any]) -> float:
        return 0.0  # it has ended

    def has_begun(self, future: Future[Any]) -> bool:
        return True

    def give_up(self, future: Future[Any]) -> None:
        pass  # it gives up by itself

    def renew(self) -> None:
        pass

    def close(self) -> None:
        pass


class LocalProcesses(Crew):
    """Processes on this machine.

    A process that is killed, as the system does when memory runs out, breaks the whole pool: all units
    under way are lost and a new pool is made.  What a unit found is handed over in a file: through a
    pipe, a process that is killed half-way would leave its reader waiting for ever.

    Parameters
    ----------
    count
        Processes.
    folder
        Folder for what is handed over; it is made if it is not there.
    work
        What is done with a job.
    """

    share_fate = True

    def __init__(self, count: int, folder: Path, work: Work = do_job) -> None:
        self._count = count
        self._folder = folder
        self._work = work
        context = multiprocessing.get_context("spawn")
        self._context = context
        #: What is known of each unit under way; written by its worker only.
        self._lived = RawArray(ctypes.c_double, SLOT * self.most_handed_out)
        self._free = list(range(self.most_handed_out))
        self._slots: dict[Future[Any], int] = {}
        self._open()

    def _open(self) -> None:
        self._wanted = RawArray(ctypes.c_byte, [1])
        self._processes: set[BaseProcess] = set()
        with interruptions.held():  # a process of Python's own begins with the pool
            self._pool = ProcessPoolExecutor(
                self._count,
                mp_context=self._context,
                initializer=_begin_to_work,
                initargs=(self._wanted, self._lived),
            )

    @property
    def places(self) -> int:
        return self._count

    @property
    def most_handed_out(self) -> int:
        # One more, so that no process waits for this one.
        return self._count + 1

    def hand_out(self, job: Handed) -> Future[Any]:
        slot = self._free.pop()
        self._lived[SLOT * slot : SLOT * (slot + 1)] = [0.0] * SLOT
        try:
            others = set(multiprocessing.active_children())
            # A process that begins must not hear interruptions.
            with interruptions.held(), apart_from_main(self._work):
                future: Future[Any] = self._pool.submit(
                    _work_in_process, self._work, job, slot, self._folder
                )
            self._processes |= set(multiprocessing.active_children()) - others
        except BrokenExecutor as error:  # it broke a moment ago
            future = Future()
            future.set_exception(error)
        self._slots[future] = slot
        return future

    def outcome_of(self, future: Future[Any]) -> Outcome:
        file: Path = future.result()
        outcome: Outcome = pickle.loads(file.read_bytes())
        file.unlink()
        return outcome

    def take_back(self, future: Future[Any]) -> None:
        slot = self._slots.pop(future)
        self._lived[SLOT * slot : SLOT * (slot + 1)] = [0.0] * SLOT
        self._free.append(slot)

    def under_way(self) -> tuple[float, float]:
        values = self._lived[:]
        return sum(values[0::SLOT]), sum(values[1::SLOT])

    def is_compiling(self) -> bool:
        return any(self._lived[3::SLOT])

    def seconds_of(self, future: Future[Any]) -> float:
        slot = self._slots.get(future)
        began = self._lived[SLOT * slot + 2] if slot is not None else 0.0
        return time.time() - began if began else 0.0

    def give_up(self, future: Future[Any]) -> None:
        # A unit cannot be stopped from outside: its process goes, and all others with it.
        self._stop()

    @property
    def name(self) -> str:  # type: ignore[override]
        return f"{self._count} process{'es' if self._count > 1 else ''}"

    def renew(self) -> None:
        killed = self._wanted[0] and KILLED in _exit_codes(self._processes)
        self._stop()
        if killed and self._count > 1:
            self._count -= 1
            LOG.warning(
                "A worker process was killed, as happens when memory runs out; going on with %s.",
                self.name,
            )
        self._open()

    def _stop(self) -> None:
        self._wanted[0] = 0  # what is just beginning ends itself
        for process in self._processes:
            process.kill()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def close(self) -> None:
        if self._slots:
            self._stop()
        else:
            self._pool.shutdown(wait=True)


# In a worker process -------------------------------------------------------------------------------

_progress_of_units: Any = None


def _exit_codes(processes: Collection[BaseProcess]) -> list[int | None]:
    """How those of these processes have ended that have; which may be known a moment later."""
    deadline = time.monotonic() + LONGEST_TO_KNOW
    closed = wait([process.sentinel for process in processes], timeout=LONGEST_TO_KNOW)
    ended = [process for process in processes if process.sentinel in closed]
    while any(process.exitcode is None for process in ended) and time.monotonic() < deadline:
        time.sleep(0.01)
    return [process.exitcode for process in ended]


def _begin_to_work(wanted: Any, lived: Any) -> None:
    """Prepare a process: it ends itself when its parent is gone or does not want it any more."""
    global _progress_of_units
    _progress_of_units = lived
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        while wanted[0] and parent.is_alive():
            parent.join(LOOK_SECONDS)
        # Whatever it does is done again by another; nothing that it holds is written by it.
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _work_in_process(work: Work, job: Handed, slot: int, folder: Path) -> Path:
    """Run a unit; returns the file with what it found."""
    lived = _progress_of_units
    place = SLOT * slot
    lived[place + 2] = time.time()

    def progress(person_months: int, done: float) -> None:
        lived[place] += person_months
        lived[place + 1] += done

    def compiling(begins: bool) -> None:
        lived[place + 3] = begins

    with compiling_told(compiling):
        outcome = attempt(work, job, progress)
    file = folder / f"{job.unit.name}-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file.write_bytes(pickle.dumps(outcome))
    except OSError as error:
        file.unlink(missing_ok=True)
        raise UnitFailedError(f"cannot be written: {error.strerror or error}") from None
    return file


def too_long(seconds: float | None) -> str:
    """What to say of a unit that was given up."""
    return f"took longer than {(seconds or 0.0) / 60.0:g} minutes"


@contextmanager
def apart_from_main(work: Work) -> Iterator[None]:
    """Have processes that begin meanwhile not run the script or notebook that runs the study.

    Worker processes import the main program, in case that what they do is defined there.  What they do
    here is not, so a script needs no ``if __name__ == "__main__":``, nor a file at all.
    """
    main = sys.modules["__main__"]
    if work is do_job:
        sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
