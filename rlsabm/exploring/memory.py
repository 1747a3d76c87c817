"""What a page remembers of everybody's last years, month by month."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rlsabm.arrays import Uids
from rlsabm.mesa.people import People

#: Columns of people that are kept.
KEPT = (
    "stores_ferritin_ug_per_l",
    "cns_iron_exchangeable",
    "dopamine_deficit",
    "has_rls",
    "is_pregnant",
    "donations",
    "on_dialysis",
)
#: Months that are kept.
MONTHS = 120


class _Month(NamedTuple):
    """Everybody in one month, by ascending uid."""

    month: int
    uids: Uids
    values: NDArray[np.float32]


class Memory:
    """Columns of the living in the last months, enough to draw the last years of any person.

    Parameters
    ----------
    months
        Months kept; older ones are forgotten.
    """

    def __init__(self, months: int = MONTHS) -> None:
        self._months: deque[_Month] = deque(maxlen=months)

    def add(self, month: int, people: People) -> None:
        """Remember people as they are after a month, given as 12 x year + month (January = 0)."""
        uids = people.uids
        order = np.argsort(uids)
        values = np.array([people.column(name) for name in KEPT], dtype=np.float32)
        self._months.append(_Month(month, uids[order], values[:, order]))

    def life(self, uid: int) -> pd.DataFrame:
        """The remembered months of a person.

        Parameters
        ----------
        uid
            Identity of the person.

        Returns
        -------
        pandas.DataFrame
            The columns of `KEPT` with a row for each month that the person lived, by month; empty of
            a person who is not remembered.
        """
        months, rows = [], []
        for each in self._months:
            place = int(np.searchsorted(each.uids, np.uint64(uid)))
            if place < len(each.uids) and each.uids[place] == uid:
                months.append(each.month)
                rows.append(each.values[:, place])
        frame = pd.DataFrame(rows, index=pd.Index(months, name="month"), columns=list(KEPT))
        return frame.astype(dict.fromkeys(("has_rls", "is_pregnant", "on_dialysis"), bool))
