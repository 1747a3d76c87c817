"""Death rates of a country."""

from __future__ import annotations

import numpy as np

from rlsabm.arrays import Floats
from rlsabm.conventions import LAST_AGE
from rlsabm.demography.countries import Country


def yearly_death_rate(country: Country) -> Floats:
    """Death rate (per year) by sex and completed age, up to the last age of the rules."""
    ages = np.minimum(np.arange(LAST_AGE + 1), country.mortality.shape[1] - 1)
    return np.asarray(-np.log(1.0 - np.minimum(country.mortality[:, ages], 0.999)))
