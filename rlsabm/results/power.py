"""Power of trials of other sizes than those that were done, and how many patients a power takes.

The effect is that of the simulated trials, as is the standard error of a trial, which falls with the
root of the number of patients.  The test is two-sided at 5 %, by the normal distribution.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from rlsabm.arrays import Floats
from rlsabm.results.intervals import Z_95

#: More patients of an arm than these no trial has.
MOST_PATIENTS = 1_000_000
_normal = NormalDist().cdf


def power_of(patients: float, effects: Floats, errors: Floats) -> float:
    """Share of trials with so many patients in each arm that would find the effect significant.

    Parameters
    ----------
    patients
        Patients of each arm; in a cross-over, of each order of the arms.
    effects
        Effect in each draw of the parameters.
    errors
        Standard error of the difference that a trial with one patient an arm would have, likewise.

    Returns
    -------
    float
        Mean over draws: as sure as one is of the effect (O'Hagan, Stevens & Campbell 2005, Pharm Stat
        4:187, call it assurance). Missing where a draw has no error.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        away = np.abs(effects) / errors * math.sqrt(patients)
    if not np.isfinite(away).all():
        return math.nan
    return float(np.mean([_normal(each - Z_95) + _normal(-each - Z_95) for each in away.tolist()]))


def patients_for(power: float, effects: Floats, errors: Floats) -> float:
    """Fewest patients of each arm with whom trials have this power; missing if no number does."""
    fewest, most = 1, MOST_PATIENTS
    if not power_of(most, effects, errors) >= power:
        return math.nan
    while most - fewest > 1:
        middle = (fewest + most) // 2
        if power_of(middle, effects, errors) >= power:
            most = middle
        else:
            fewest = middle
    return float(most)
