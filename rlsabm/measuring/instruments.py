"""Instruments that ask people for restless legs syndrome, and how well each finds it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from rlsabm.data import DATA
from rlsabm.data.table_reading import Number, RowKey, Text, read_table
from rlsabm.errors import UserError, nearest
from rlsabm.wording import with_help

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
        Share of people aged 45 without RLS whom it does not take for cases; mimics become more common
        with age.
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


#: In the order of the attributes of an instrument.
INSTRUMENTS = (
    RowKey("instrument"),
    Text("asks"),
    Number("sensitivity", 0.0, 1.0),
    Number("specificity", 0.0, 1.0),
    Number("weekly_share", 0.0, 1.0),
    Number("significant_share", 0.0, 1.0),
    Text("source"),
)


@cache
def instruments() -> dict[str, Instrument]:
    """All instruments by name."""
    table = read_table(DATA / "instruments.csv", INSTRUMENTS)
    columns = [table.values(column.name) for column in INSTRUMENTS]
    return {row[0]: Instrument(*row) for row in zip(*columns, strict=True)}


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
            all_names = [TRUTH, *known]
            expected = f"names among {', '.join(all_names)}"
            what = with_help(f"found {name}", expected, nearest(name, all_names))
            raise UserError(f"observe.as: {what}")
    return [known[name] for name in names if name != TRUTH]
