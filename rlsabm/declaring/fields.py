"""A field of a person: a name, a type, a unit and a meaning, declared once."""

from __future__ import annotations

import math
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray


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
        Limits of what can be written into it from outside.
    """

    name: str
    dtype: str
    unit: str
    meaning: str
    labels: tuple[str, ...] = ()
    initial: float | np.integer = 0
    lower: float = -math.inf
    upper: float = math.inf


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
