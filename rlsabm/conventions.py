"""Conventions that all rules share: months, ages, sexes, days, names.

A month is numbered 12 x year + month of the year (January = 0), so that months can be subtracted.
"""

from __future__ import annotations

import numpy as np

#: A month that never comes.
NEVER = np.int32(2**31 - 1)
#: A month before all others.
LONG_AGO = np.int32(-(2**30))

DAYS_PER_MONTH = 30.44
MONTHS_PER_DAY = 1.0 / DAYS_PER_MONTH

#: People who are older count as this old where rules look up an age.
LAST_AGE = 120

FEMALE, MALE = 0, 1
SEXES = ("female", "male")


def in_words(name: str) -> str:
    """A name of a scenario or a table in words."""
    return name.replace("_", " ")


def month_of(year: int, month: int = 1) -> int:
    """Month number of a calendar month (January = 1)."""
    return 12 * year + month - 1
