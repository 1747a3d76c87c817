"""Kernels: each thread lives the months of one person, by the very rules that a processor follows.

A kernel only says which person a thread is and where its scratch lies, and calls what a processor
calls: compiled rules that a kernel uses are compiled once more, for the GPU.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import cuda as numba_cuda

from rlsabm.burden import BURDEN, lay_all_neutral
from rlsabm.life.month import BURDENS, live_block
from rlsabm.person import LIFE
from rlsabm.worlds.living_again import live_lives_again

#: Of unknown type: it comes with numba or with an extra, which have other types.
cuda: Any = numba_cuda


def live_people(
    lives: Any,
    bodies: Any,
    first_row: int,
    last_row: int,
    first_month: int,
    last_month: int,
    logs: Any,
    logged: Any,
    inputs: Any,
) -> None:
    """Months ``first_month`` to ``last_month`` of people, one a thread; ``last_row`` is excluded.

    ``logs`` has a row for the events of each of these people, of no length if none are wanted.
    """
    place = cuda.grid(1)
    row = first_row + place
    if row < last_row:
        burdens = cuda.local.array(BURDENS, BURDEN)
        before = cuda.local.array(1, LIFE)
        lay_all_neutral(burdens)
        # Neighbours do best side by side in the same month: without room, nobody looks ahead.
        ahead = cuda.local.array(1, np.float64)[:0], cuda.local.array(1, np.bool_)[:0]
        scratch = (burdens, before, logs[place], logged[place : place + 1], ahead)
        live_block(lives, bodies, row, row + 1, first_month, last_month, scratch, inputs[0])


def relive_people(
    lived: Any,
    given_mg: Any,
    months: Any,
    states: Any,
    worlds: Any,
    newborn_lives: Any,
    newborn_bodies: Any,
    lives: Any,
    bodies: Any,
    differs: Any,
    burdens: Any,
    inputs: Any,
) -> None:
    """Live again in all worlds; lives, bodies, differs and burdens are scratch, a row a person."""
    i = cuda.grid(1)
    if i < len(lived):
        scratch = (
            newborn_lives, newborn_bodies, lives[i : i + 1], bodies[i], differs[i], burdens[i],
        )  # fmt: skip
        live_lives_again(
            lived[i : i + 1], given_mg[i : i + 1], months, states[i : i + 1], worlds, scratch,
            inputs[0],
        )  # fmt: skip


def gather(records: Any, rows: Any, found: Any) -> None:
    """Copy the records of some rows to ``found``."""
    i = cuda.grid(1)
    if i < len(rows):
        found[i] = records[rows[i]]


def note_months(lives: Any, deaths: Any, births: Any) -> None:
    """Copy the months of death and of the last delivery of everybody."""
    i = cuda.grid(1)
    if i < len(deaths):
        deaths[i] = lives[i].death_month
        births[i] = lives[i].last_birth_month
