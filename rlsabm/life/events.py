"""Events of a life, logged when an observer asks for them."""

from __future__ import annotations

from typing import Any

import numpy as np

from rlsabm.compilation import compiled
from rlsabm.person import CKD_3, CKD_4, DIALYSIS, GRAFT, NEVER

EVENT_NAMES = (
    "death",
    "conception",
    "delivery",
    "donation",
    "RLS onset",
    "RLS remission",
    "CKD 3",
    "CKD 4-5",
    "dialysis",
    "transplantation",
)
(DEATH, CONCEPTION, DELIVERY, DONATION, RLS_ONSET, RLS_REMISSION, TO_CKD_3, TO_CKD_4, TO_DIALYSIS,
 TRANSPLANTATION) = range(len(EVENT_NAMES))  # fmt: skip

EVENT = np.dtype((np.record, [("uid", "u8"), ("month", "i4"), ("event", "u1"), ("first", "u1")]))

#: CKD 3, CKD 4-5 and dialysis are entered before a first graft.
FIRST_GRAFT = 4
#: Most events that one person can have in a month.
MOST_PER_MONTH = 6


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


@compiled
def log_month(
    life: Any, body: Any, before: tuple[int, int, int, int, int], month: int, log: Any, logged: Any
) -> None:
    """Log what differs from the month before."""
    kidney, donations, parity, gravidity, rls = before
    if life.death_month != NEVER:
        note(life, month, DEATH, 1, log, logged)
        return
    if life.gravidity != gravidity:
        note(life, month, CONCEPTION, gravidity == 0, log, logged)
    if life.parity != parity:
        note(life, month, DELIVERY, parity == 0, log, logged)
    if life.donations != donations:
        note(life, month, DONATION, donations == 0, log, logged)
    if life.kidney != kidney:
        if life.kidney == CKD_3:
            note(life, month, TO_CKD_3, 1, log, logged)
        elif life.kidney == CKD_4:
            note(life, month, TO_CKD_4, 1, log, logged)
        elif life.kidney == DIALYSIS:
            note(life, month, TO_DIALYSIS, kidney == CKD_4, log, logged)
        elif life.kidney == GRAFT:
            note(life, month, TRANSPLANTATION, life.kidney_episode == FIRST_GRAFT, log, logged)
    if body.rls != rls:
        if body.rls:
            note(life, month, RLS_ONSET, body.rls_first_month == month, log, logged)
        else:
            note(life, month, RLS_REMISSION, 0, log, logged)
