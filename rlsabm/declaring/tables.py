"""A table that rules read: its name, its shape, and what it holds."""

from __future__ import annotations

from typing import NamedTuple

from rlsabm.conventions import LAST_AGE


class Table(NamedTuple):
    """A table: its name, the shape in which rules index it, and what it holds."""

    name: str
    shape: tuple[int, ...]
    meaning: str
    dtype: str = "f8"


BY_AGE = (LAST_AGE + 1,)
BY_SEX_AND_AGE = (2, LAST_AGE + 1)
#: At birthdays, one more than completed ages.
BY_SEX_AND_BIRTHDAY = (2, LAST_AGE + 2)
#: A single number.
SCALAR = ()
