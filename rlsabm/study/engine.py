"""Runs the units of a study with a crew: hands them out, takes them back, tries again what was lost.

A unit whose program fails would fail again and is not repeated.  One whose worker is lost, or that runs
out of memory, is tried again; where one worker's end stops the others, units under way are then run one
at a time, so that the culprit is found and the others finish.
"""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from rlsabm.errors import UserError
from rlsabm.study import interruptions
from rlsabm.study.crews import Crew, too_long
from rlsabm.study.job import Handed, Outcome, UnitFailedError, WorkerLostError, in_a_line
from rlsabm.study.ledger import FAILED, FINISHED, RUNNING, WAITING, Ledger
from rlsabm.study.units import Unit

#: Losses of its worker after which a unit counts as failed.
MOST_LOSSES = 3
#: Losses in a row, before any worker has begun a unit, after which no more workers are begun.
MOST_STILLBORN = 5
#: How often progress is looked at (seconds).
TICK_SECONDS = 0.2


class Engine:
    """Runs units.

    Parameters
    ----------
    crew
        Who works.
    ledger
        Where it is written down.
    make_job
        Job of a unit on so many threads.
    keep
        Keeps what a unit found; raises OSError if it cannot.
    tick
        Called several times a second.
    processors
        Processors of this machine, shared out among units that run at a time.
    timeout
        Seconds after which a unit is given up and tried again; never by default.
    """

    def __init__(
        self,
        crew: Crew,
        ledger: Ledger,
        make_job: Callable[[Unit, int], Handed],
        keep: Callable[[Unit, Outcome], None],
        *,
        tick: Callable[[], None] = lambda: None,
        processors: int = 1,
        timeout: float | None = None,
    ) -> None:
        self._crew = crew
        self._ledger = ledger
        self._make_job = make_job
        self._keep = keep
        self._tick = tick
        self._processors = processors
        self._timeout = timeout
        self._waiting: deque[Unit] = deque()
        #: Units that were under way when a worker was lost, to be run one at a time.
        self._suspects: deque[Unit] = deque()
        self._out: dict[Future[Any], Unit] = {}
        self._given_up: set[Future[Any]] = set()
        self._losses: dict[Unit, int] = {}
        #: How often workers were lost since one has last begun a unit.
        self._stillborn = 0

    def run(self, units: Sequence[Unit]) -> None:
        """Run units until each is finished or failed.

        Raises
        ------
        UserError
            If the crew cannot be made anew, or its workers end before they begin.
        KeyboardInterrupt
            If the program is asked to end.
        """
        self._waiting.extend(units)
        while self._waiting or self._suspects or self._out:
            interruptions.look()
            self._crew.look_after()
            self._hand_out()
            done, _ = wait(self._out, timeout=TICK_SECONDS, return_when=FIRST_COMPLETED)
            if done:
                self._take_back(done)
            self._give_up_slow_ones()
            self._see_who_has_begun()
            self._tick()

    def _hand_out(self) -> None:
        """Hand out as many units as there are places; suspects first, and one at a time."""
        while self._suspects or self._waiting:
            if self._crew.share_fate and not self._losses.keys().isdisjoint(self._out.values()):
                return  # a suspect is out
            if self._suspects:
                if self._out:
                    return
                unit, at_a_time = self._suspects.popleft(), 1
            elif len(self._out) < self._crew.most_handed_out:
                unit = self._waiting.popleft()
                at_a_time = min(self._crew.places, len(self._waiting) + len(self._out) + 1)
            else:
                return
            self._ledger[unit].attempts += 1
            self._begin(unit)
            job = self._make_job(unit, max(1, self._processors // at_a_time))
            self._out[self._crew.hand_out(job)] = unit

    def _begin(self, unit: Unit) -> None:
        entry = self._ledger[unit]
        entry.status = RUNNING
        entry.started = datetime.now(UTC).isoformat(timespec="seconds")

    def _see_who_has_begun(self) -> None:
        """Tell units that a worker has begun from those that wait for one."""
        for future, unit in self._out.items():
            entry = self._ledger[unit]
            if not self._crew.has_begun(future):
                entry.status = WAITING
            elif entry.status == WAITING:
                self._begin(unit)

    def _take_back(self, done: set[Future[Any]]) -> None:
        errors = {future: _error_of(future) for future in done}
        lost = {f for f, e in errors.items() if e is not None and self._crew.is_lost(e)}
        if lost or done & self._given_up:
            self._crew.renew()
            if self._crew.share_fate:
                errors = {future: _error_of(future) for future in self._out}
                lost = {f for f, e in errors.items() if e is not None and self._crew.is_lost(e)}
        begun = {future for future in lost if self._crew.has_begun(future)}
        self._despair(lost, stillborn=lost >= done and not begun)
        begun -= self._given_up
        # Of several that were stopped together it is not known whose fault it was.
        blamed = not self._crew.share_fate or (len(begun) == 1 and not self._given_up)
        for future in sorted(errors, key=lambda future: self._out[future].name):
            error, unit = errors[future], self._out.pop(future)
            self._ledger[unit].attempts += self._crew.attempts_of(future) - 1
            if error is None:
                self._finish(unit, future)
            elif future in self._given_up:
                self._lose(unit, WorkerLostError(too_long(self._timeout)), blamed=True)
            elif isinstance(error, MemoryError):
                self._lose(unit, error, blamed=True)
            elif future in begun:
                self._lose(unit, error, blamed=blamed)
            elif future in lost:
                self._ledger[unit].attempts -= 1
                self._ledger[unit].status = WAITING
                self._waiting.appendleft(unit)
            else:
                self._fail(unit, error)
            self._given_up.discard(future)
            self._crew.take_back(future)

    def _despair(self, lost: set[Future[Any]], *, stillborn: bool) -> None:
        """Stop where workers cannot even begin, rather than begin them for ever.

        Raises
        ------
        UserError
            If it has happened too often.
        """
        self._stillborn = self._stillborn + 1 if stillborn else 0
        if self._crew.share_fate and self._stillborn >= MOST_STILLBORN:
            reason = in_a_line(_error_of(next(iter(lost))) or WorkerLostError())
            raise UserError(
                f"worker processes ended {MOST_STILLBORN} times before they had begun a run "
                f"({reason}); --workers 1 needs none"
            )

    def _finish(self, unit: Unit, future: Future[Any]) -> None:
        entry = self._ledger[unit]
        before = replace(entry)
        try:
            outcome = self._crew.outcome_of(future)
        except OSError as error:
            self._fail(unit, OSError(f"cannot be read: {error.strerror or error}"))
            return
        entry.status = FINISHED
        entry.traceback = ""
        entry.worker = outcome.worker
        entry.seconds = round(outcome.seconds, 3)
        entry.person_months = outcome.person_months
        entry.people_grown = outcome.people_grown
        entry.people_surveyed = outcome.people_surveyed
        entry.rows = outcome.rows
        try:
            self._keep(unit, outcome)
        except BaseException as error:
            self._ledger[unit] = before  # an interruption must not leave it as finished
            if not isinstance(error, OSError):
                raise
            self._fail(unit, OSError(f"cannot be written: {error.strerror or error}"))

    def _fail(self, unit: Unit, error: BaseException) -> None:
        entry = self._ledger[unit]
        entry.status = FAILED
        entry.error = in_a_line(error)
        if isinstance(error, UnitFailedError):
            entry.traceback = error.trace
        elif not isinstance(error, UserError | OSError):
            entry.traceback = "".join(traceback.format_exception(error))

    def _lose(self, unit: Unit, error: BaseException, *, blamed: bool) -> None:
        """Try a unit again, unless it has cost too many workers."""
        losses = self._losses[unit] = self._losses.get(unit, 0) + blamed
        entry = self._ledger[unit]
        entry.error = in_a_line(error)
        if losses >= MOST_LOSSES:
            entry.status = FAILED
            entry.error += f" ({losses} times)"
            return
        entry.status = WAITING
        (self._suspects if self._crew.share_fate else self._waiting).append(unit)

    def _give_up_slow_ones(self) -> None:
        if self._timeout is None:
            return
        for future in list(self._out):
            if future not in self._given_up and self._crew.seconds_of(future) > self._timeout:
                self._given_up.add(future)
                self._crew.give_up(future)


def _error_of(future: Future[Any]) -> BaseException | None:
    """Why a future gives no result; that it was cancelled is a reason too."""
    try:
        return future.exception()
    except CancelledError as error:
        return error
