"""When it is the turn of what a running study does from time to time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

#: Nothing that is done from time to time takes more than this share of the time, however many units
#: there are.
MOST_SHARE = 0.05


class Turn:
    """When it is the turn again of what is done from time to time.

    Parameters
    ----------
    seconds
        Time between two turns, at least.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._cost = 0.0
        self._ended = time.monotonic()

    def has_come(self) -> bool:
        """Whether it may be done without taking too much of the time."""
        return time.monotonic() - self._ended >= max(self._seconds, self._cost / MOST_SHARE)

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Do it, and see how long that takes."""
        began = time.monotonic()
        try:
            yield
        finally:
            self._ended = time.monotonic()
            self._cost = self._ended - began
