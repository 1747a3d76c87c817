"""Cells of tables: people by sex, age group, parity and whatever else a table is broken down by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from rlsabm.arrays import Bools, Ints
from rlsabm.conventions import FEMALE
from rlsabm.observe.survey import Survey

PARITIES = ("0", "1", "2", "3", "4+", "not a woman")


def age_group_names(limits: Sequence[int]) -> list[str]:
    """Names of age groups by their lower limits: 0-17, 18-34, ..., 80+."""
    upper = [*(str(limit - 1) for limit in limits[1:]), ""]
    return [
        f"{low}-{high}" if high and int(high) > low else (f"{low}" if high else f"{low}+")
        for low, high in zip(limits, upper, strict=True)
    ]


def strata_codes(survey: Survey, age_limits: Sequence[int]) -> dict[str, Ints]:
    """Code of each person in each stratum."""
    parity = np.where(survey.sex == FEMALE, np.minimum(survey.parity, 4), 5)
    return {
        "sex": survey.sex.astype(np.int64),
        "age_group": np.searchsorted(np.array(age_limits), survey.age, side="right") - 1,
        "parity": parity.astype(np.int64),
    }


class Cells:
    """The cells of a cross-classification that hold anybody.

    Parameters
    ----------
    codes
        Code of each person, by stratum, in the order of the table's columns.
    """

    def __init__(self, codes: Mapping[str, Ints], people: int) -> None:
        self.names = list(codes)
        widths = [int(code.max(initial=0)) + 1 for code in codes.values()]
        self.cell = (
            np.ravel_multi_index(tuple(codes.values()), tuple(widths))
            if codes
            else np.zeros(people, dtype=np.int64)
        )
        self.size = int(np.prod(widths)) if widths else 1
        self.widths = widths

    def count(self, who: Bools | Ints) -> Ints:
        """Persons in each cell; who is given by rows or as a mask."""
        return np.bincount(self.cell[who], minlength=self.size)

    def labels(self, cells: Ints) -> dict[str, Ints]:
        """Codes of these cells by stratum."""
        if not self.names:
            return {}
        parts = np.unravel_index(cells, tuple(self.widths))
        return dict(zip(self.names, parts, strict=True))
