"""Body-mass index as conditions depend on it: constant in a person, relative to adults of the sex."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from rlsabm.arrays import Floats
from rlsabm.compilation import compiled
from rlsabm.declaring.inputs import Inputs

#: Body-mass index counts from so far below to so far above the median of adults (kg/m2): beyond, no
#: study tells how risks go on.
LEAST_EXCESS, MOST_EXCESS = -10.0, 20.0
#: Points at which the distribution of body mass is followed.
NODES = 32


class BodyMass(NamedTuple):
    """Distribution of body mass among newborns, in points.

    Attributes
    ----------
    excess
        Body-mass index above the median of adults of the sex (kg/m2), by sex and point.
    share
        Share of people whom each point stands for.
    """

    excess: Floats
    share: Floats


#: Everybody has the median.
MEDIAN_ONLY = BodyMass(np.zeros((2, 1)), np.ones(1))


def body_mass_of(median: Floats, p: Any) -> BodyMass:
    """Points by Gauss and Hermite of the distribution that heights and weights of people make.

    Parameters
    ----------
    median
        Median body-mass index of adults (kg/m2) by sex.
    p
        Parameter values: spread of height and of weight between people.
    """
    points, weights = np.polynomial.hermite_e.hermegauss(NODES)
    # The logarithm of weight / height^2 is normal but for terms of the third order in height_person_sd.
    variance = p.weight_person_log_sd**2 + 4.0 * p.height_person_sd**2
    relative = np.exp(p.height_person_sd**2 + np.sqrt(variance) * points)
    excess = np.clip(median[:, None] * (relative - 1.0), LEAST_EXCESS, MOST_EXCESS)
    return BodyMass(excess, weights / weights.sum())


@compiled
def body_mass_excess(life: Any, p: Inputs) -> float:
    """Body-mass index above the median of adults of the sex (kg/m2), in adult life."""
    relative = life.weight_factor / (life.height_factor * life.height_factor)
    excess = p.adult_body_mass_index[life.sex] * (relative - 1.0)
    return min(max(excess, LEAST_EXCESS), MOST_EXCESS)
