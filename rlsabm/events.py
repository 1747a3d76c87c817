"""Events of a life, logged when an observer asks for them."""

from __future__ import annotations

from typing import Any

import numpy as np

from rlsabm.compilation import compiled

EVENT = np.dtype((np.record, [("uid", "u8"), ("month", "i4"), ("event", "u1"), ("first", "u1")]))
#: Most events that one person can have in a month.
MOST_PER_MONTH = 6

#: Names by number.  Rooms declare their events with numbers that are frozen, as streams are.
EVENTS: dict[int, str] = {}


def register_event(name: str, number: int) -> int:
    """Enter an event into the registry and return its number.

    Raises
    ------
    ValueError
        If the name or the number is taken.
    """
    if number in EVENTS or name in EVENTS.values():
        free = max(EVENTS) + 1
        raise ValueError(
            f"event {name!r} or its number {number} is registered already; the next free number is "
            f"{free}"
        )
    EVENTS[number] = name
    return number


def event_names() -> tuple[str, ...]:
    """Names of all events, by number from 0.

    Raises
    ------
    ValueError
        If a number between is free.
    """
    if gaps := set(range(max(EVENTS))) - set(EVENTS):
        raise ValueError(f"numbers of events have a gap: {min(gaps)} is free")
    return tuple(EVENTS[number] for number in range(len(EVENTS)))


@compiled
def note(life: Any, month: int, event: int, first: int, log: Any, logged: Any) -> None:
    """Add an event to the log; counts beyond its room, so that the caller can tell."""
    if logged[0] < len(log):
        entry = log[logged[0]]
        entry.uid = life.uid
        entry.month = month
        entry.event = event
        entry.first = first
    logged[0] += 1
