"""Life tables: survival, life expectancy and death rates from yearly probabilities of dying."""

from __future__ import annotations

import numpy as np

from rlsabm.arrays import Floats
from rlsabm.conventions import LAST_AGE

LAST_AGE_MONTHS = 110 * 12


def survival_by_month(mortality: Floats) -> Floats:
    """Share alive when the month of age ends: shape (2, 1320), from yearly probabilities."""
    ages = np.minimum(np.arange(LAST_AGE_MONTHS) // 12, mortality.shape[1] - 1)
    monthly = 1.0 - (1.0 - mortality[:, ages]) ** (1.0 / 12.0)
    return np.asarray(np.cumprod(1.0 - monthly, axis=1))


def expected_years(mortality: Floats) -> Floats:
    """Years that a newborn lives on average, by sex, from yearly probabilities."""
    # Those who die within a month live half of it.
    return np.asarray((0.5 + survival_by_month(mortality).sum(axis=1)) / 12.0)


def yearly_death_rate(mortality: Floats) -> Floats:
    """Death rate (per year) by sex and completed age, up to the last age of the rules."""
    ages = np.minimum(np.arange(LAST_AGE + 1), mortality.shape[1] - 1)
    return np.asarray(-np.log(1.0 - np.minimum(mortality[:, ages], 0.999)))
