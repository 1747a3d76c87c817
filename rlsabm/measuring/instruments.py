"""Instruments that ask people for restless legs syndrome, and how well each finds it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from rlsabm.data import DATA, read_columns
from rlsabm.errors import UserError

#: The answer of someone who knows.
TRUTH = "truth"


class Instrument(NamedTuple):
    """A questionnaire or interview.

    Attributes
    ----------
    name, asks
        Its name in scenario files and tables, and what it is.
    sensitivity
        Share of cases that it finds.
    specificity
        Share of others, 45 years old, that it does not take for cases; mimics grow with age.
    weekly_share, significant_share
        Shares of the people wrongly found who report symptoms at least weekly, and at least twice a
        week with distress.
    source
        Of the figures.
    """

    name: str
    asks: str
    sensitivity: float
    specificity: float
    weekly_share: float
    significant_share: float
    source: str


@cache
def instruments() -> dict[str, Instrument]:
    """All instruments by name."""
    numbers = ["sensitivity", "specificity", "weekly_share", "significant_share"]
    columns = read_columns(
        DATA / "instruments.csv",
        words=["instrument", "asks", "source"],
        numbers=numbers,
    )
    columns["name"] = columns.pop("instrument")
    rows = zip(*(columns[field] for field in Instrument._fields), strict=True)
    return {row[0]: Instrument(*row) for row in rows}


def instruments_of(names: Sequence[str]) -> list[Instrument]:
    """The instruments of these names, without the truth.

    Raises
    ------
    UserError
        If there is no instrument of a name.
    """
    known = instruments()
    for name in names:
        if name != TRUTH and name not in known:
            raise UserError(
                f"observe.as: found {name} (expected names among {TRUTH}, {', '.join(known)})"
            )
    return [known[name] for name in names if name != TRUTH]
