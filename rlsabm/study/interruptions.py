"""Requests to end: Ctrl-C, a terminal that is closed, a batch system whose time is up.

Python raises `KeyboardInterrupt` wherever the program happens to be.  Within a callback of some
library that is lost; where LLVM asks for compiled code, it goes on without that code, and crashes;
twice in a moment, it strikes those who tidy up.  So each request is also noted, those who work look at
the note from time to time, none is raised while LLVM is at work, and of several in a moment only the
first is raised.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

#: Requests so soon after one that was raised say the same once more (seconds): a terminal and a program
#: that starts others may both pass on one Ctrl-C.
ONCE_MORE_SECONDS = 1.0
#: Modules that LLVM calls back: what they do not answer, it takes to be nothing.
CALLED_BY_LLVM = ("llvmlite.", "numba.core.codegen")
#: What terminals and batch systems send; not every system has all of them.
SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")


class Interruption(KeyboardInterrupt):
    """A request to end.

    Where Python executes a text, as libraries do, a plain `KeyboardInterrupt` makes it end by the
    signal instead of with the program's exit code, even if the program has caught it.
    """


class _Note:
    """What was asked for, and whether it has been heard."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self.asked = self.heard = False
        self._raised = float("-inf")

    def take(self, number: int, frame: FrameType | None) -> None:
        """Note a request, and raise it unless it is heard already or LLVM is at work."""
        self.asked = True
        now = time.monotonic()
        if self.heard or _is_within_llvm(frame):
            return
        if now - self._raised > ONCE_MORE_SECONDS:
            self._raised = now
            raise Interruption

    def tell(self, error: Any) -> None:
        """Tell of an error in a callback, unless it is a request, which has been noted."""
        if not isinstance(error.exc_value, KeyboardInterrupt):
            sys.__unraisablehook__(error)


def _is_within_llvm(frame: FrameType | None) -> bool:
    """Whether what runs was called by LLVM, or calls it."""
    while frame is not None:
        if str(frame.f_globals.get("__name__", "")).startswith(CALLED_BY_LLVM):
            return True
        frame = frame.f_back
    return False


_note = _Note()


def listen() -> None:
    """Note all requests from now on, but those that whoever started the program wants it to ignore."""
    known = (getattr(signal, name, None) for name in SIGNALS)
    _take([n for n in known if n is not None and signal.getsignal(n) is not signal.SIG_IGN])


def _take(numbers: Sequence[int]) -> None:
    """Note these signals, and tell nobody of those that are raised within a callback."""
    _note.forget()
    for number in numbers:
        signal.signal(number, _note.take)
    if sys.unraisablehook is sys.__unraisablehook__:
        sys.unraisablehook = _note.tell


@contextmanager
def listened() -> Iterator[None]:
    """Note Ctrl-C while a study is run from Python; afterwards it means what it meant before."""
    in_main_thread = threading.current_thread() is threading.main_thread()
    if not in_main_thread or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    before = sys.unraisablehook
    _take([signal.SIGINT])
    try:
        yield
    finally:
        sys.unraisablehook = before
        signal.signal(signal.SIGINT, signal.default_int_handler)


def look() -> None:
    """Raise a request that was noted and got lost.

    Raises
    ------
    KeyboardInterrupt
        If the program was asked to end.
    """
    if is_asked():
        raise Interruption


def is_asked() -> bool:
    """Whether the program was asked to end, and has not begun to do so."""
    return _note.asked and not _note.heard


def hear() -> None:
    """Begin to end: no further request is raised, except where it is let in."""
    _note.heard = True


def is_heard() -> bool:
    """Whether the program has begun to end, and said so."""
    return _note.heard


def leave_at_once(code: int) -> None:
    """End the program, if it was asked to end.

    Whatever was interrupted may have left compiled libraries in a state in which taking them down as
    usual ends in a crash; and another request might end that by a signal.
    """
    if _note.asked:
        hear()
        atexit._run_exitfuncs()
        os._exit(code)


@contextmanager
def let_in() -> Iterator[None]:
    """Let further requests end what may take long."""
    heard, _note.heard = _note.heard, False
    try:
        yield
    finally:
        _note.heard = heard


@contextmanager
def held() -> Iterator[None]:
    """Keep Ctrl-C for later, also from processes that begin meanwhile."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(
        signal, "pthread_sigmask"
    ):
        yield
        return
    from multiprocessing import resource_tracker

    # A process of Python's own, which begins with the first of ours, must outlive a terminal.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGHUP])
    try:
        resource_tracker.ensure_running()  # lets Ctrl-C in again
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
