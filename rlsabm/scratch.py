"""What months are lived with: records and arrays that are filled and read again, for one thread."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlsabm.arrays import Bools, Floats, Ints, Records
from rlsabm.burden import neutral_burdens
from rlsabm.events import EVENT
from rlsabm.life.month import BURDENS
from rlsabm.life.uneventful import MOST_MONTHS
from rlsabm.person import LIFE, newborn_records


class Scratch(NamedTuple):
    """What `rlsabm.life.month.live_block` writes into beside the records of people.

    Attributes
    ----------
    burdens
        Burdens of a month.
    before
        One life, as it was before the month.
    log
        Events logged, if there is room for any.
    logged
        One number: how many they are.
    ahead
        Uniforms of symptoms of the months to come, and whether chance may bring something new in them.
    """

    burdens: NDArray[np.record]
    before: Records
    log: Records
    logged: Ints
    ahead: tuple[Floats, Bools]


def new_scratch(events: int = 0) -> Scratch:
    """Scratch with room for so many events; nothing is logged without room."""
    return Scratch(
        neutral_burdens(BURDENS),
        newborn_records(LIFE, 1),
        np.zeros(events, dtype=EVENT),
        np.zeros(1, dtype=np.int64),
        (np.zeros(MOST_MONTHS), np.zeros(MOST_MONTHS, dtype=np.bool_)),
    )
