"""One life lived again with every month kept: what happened, and the bodies in several worlds.

A study keeps no months: people live in compiled code from survey to survey.  Chance belongs to the
person and the month, so one person's life can be had again at any time, to the bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rlsabm.arrays import Ints, Records
from rlsabm.conventions import NEVER
from rlsabm.declaring.inputs import Inputs
from rlsabm.events import MOST_PER_MONTH
from rlsabm.life.birth import begin_again
from rlsabm.life.month import live_block
from rlsabm.person import BODY, LIFE, newborn_records
from rlsabm.scratch import new_scratch
from rlsabm.worlds.living_again import check_same, relive
from rlsabm.worlds.world import World


@dataclass(frozen=True)
class ByMonth:
    """A life, month by month.

    Attributes
    ----------
    months
        Months lived to their end, from that of birth: n of them.
    lives
        Records of the life at the end of each, shape (n,).
    bodies
        Records of the bodies at the end of each, shape (n, 1 + worlds), the factual one first.
    worlds
        The worlds besides the factual one.
    events
        What happened in the factual world (`rlsabm.events.EVENT`).
    died
        Whether the person died in the month after the last.
    """

    months: Ints
    lives: Records
    bodies: Records
    worlds: tuple[World, ...]
    events: Records
    died: bool

    def in_which_the_body_differs(self) -> list[World]:
        """Worlds in which the body was another one than the factual in any month."""
        factual = self.bodies[:, 0]
        return [
            world
            for place, world in enumerate(self.worlds, start=1)
            if (self.bodies[:, place] != factual).any()
        ]


def relive_by_month(
    lived: Records,
    given_mg: NDArray[np.float32],
    last_month: int,
    worlds: Sequence[World],
    p: Inputs,
) -> ByMonth:
    """Live one life again, from birth to the end of a month or to death, and keep every month.

    Parameters
    ----------
    lived
        Record of the person as it is at any time of the life, shape (1,).
    given_mg
        Iron that the mother gave (``endowment_mg`` of the body), shape (1,).
    last_month
        The last month; not before birth.
    worlds
        Worlds besides the factual one.
    p
        Inputs of the run that the person lived in.

    Returns
    -------
    ByMonth
        The life.

    Raises
    ------
    RuntimeError
        If the life led to another body than that with worlds beside it.
    """
    first = int(lived["birth_month"][0])
    count = last_month - first + 1
    life, body = newborn_records(LIFE, 1), newborn_records(BODY, 1)
    begin_again(life[0], body[0], lived[0], given_mg[0], p)
    lives, bodies = newborn_records(LIFE, count), newborn_records(BODY, count)
    scratch = new_scratch(MOST_PER_MONTH * count)
    kept = 0
    for month in range(first, last_month + 1):
        live_block(life, body, 0, 1, month, month, scratch, p)
        if life["death_month"][0] != NEVER:
            break
        lives[kept], bodies[kept] = life[0], body[0]
        kept += 1
    months = first + np.arange(kept, dtype=np.int64)
    found = np.zeros((kept, len(worlds) + 1), dtype=BODY)
    if kept:
        found = relive(lived, given_mg, range(first, first + kept), worlds, p)[0]
        check_same(found[:, 0], bodies[:kept])
    return ByMonth(
        months=months,
        lives=lives[:kept],
        bodies=found,
        worlds=tuple(worlds),
        events=scratch.log[: scratch.logged[0]],
        died=kept < count,
    )
