"""A field of a person: a name, a type, a unit and a meaning, declared once."""

from __future__ import annotations

import math
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from rlsabm.conventions import LONG_AGO

#: Largest amount that can be written into a field, and largest by unit: none with which rules overflow.
LARGEST = 1e6
LARGEST_OF_UNIT = {"ratio": 100.0, "SD": 10.0}


class Field(NamedTuple):
    """One field of a record.

    Attributes
    ----------
    name, dtype, unit, meaning
        As in the codebook.
    labels
        Words for its numbers, where it has any; an empty word stands for a number that is not used.
    initial
        What a newborn has.
    lower, upper
        Limits of what can be written into it from outside, beside those of its type and unit.
    settable
        Whether it can be written from outside at all: not what rules look up in tables unchecked.
    """

    name: str
    dtype: str
    unit: str
    meaning: str
    labels: tuple[str, ...] = ()
    initial: float | np.integer = 0
    lower: float = -math.inf
    upper: float = math.inf
    settable: bool = True

    @property
    def limits(self) -> tuple[float, float]:
        """Smallest and largest number that can be written into it."""
        dtype = np.dtype(self.dtype)
        if dtype.kind == "f":
            most = LARGEST_OF_UNIT.get(self.unit, LARGEST)
            least = -most
        else:
            least, most = np.iinfo(dtype).min, np.iinfo(dtype).max
        if self.unit == "month":  # months are subtracted in the width in which they are kept
            least = int(LONG_AGO)
        return max(self.lower, least), min(self.upper, most)


def record_type(fields: tuple[Field, ...]) -> np.dtype[np.record]:
    """Type of a record with these fields, the widest first so that none is padded."""
    by_size = sorted(fields, key=lambda field: -np.dtype(field.dtype).itemsize)
    plain = np.dtype([(field.name, field.dtype) for field in by_size], align=True)
    return cast("np.dtype[np.record]", np.dtype((np.record, plain)))


def newborn_record(fields: tuple[Field, ...]) -> NDArray[np.record]:
    """One record in which each field has what a newborn has."""
    record = np.zeros(1, dtype=record_type(fields))
    for field in fields:
        record[field.name] = field.initial
    return record
