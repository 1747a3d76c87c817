"""How many months in a row nothing new happens to a person.

Nearly nine months in ten are like the one before: no birthday, no condition begins or ends, nobody
conceives or gives blood. The burden is the same in such months, and only the body moves. They are
found beforehand, from what is scheduled and from the uniforms of the months to come, so that what a
life may meet need not be asked month by month. Lives are the same to the bit.
"""

from __future__ import annotations

from typing import Any

from rlsabm import chance
from rlsabm.compilation import compiled, inlined
from rlsabm.declaring.inputs import Inputs
from rlsabm.exposures.donation import ACTIVE_DONOR, DONATION_MONTH
from rlsabm.exposures.month import Chances, chances_of_exposures, exposures_unchanged_until
from rlsabm.life.growth import age_of_next_growth
from rlsabm.life.mortality import chance_to_die
from rlsabm.moment import Moment

#: People grow once a year at least.
MOST_MONTHS = 12


@inlined
def unchanged_until(life: Any, at: Moment, p: Inputs) -> int:
    """Month in which the burden may change, if chance brings nothing before."""
    until = min(life.conditions_until, life.environment_until)
    age_months = at.month - life.birth_month
    until = min(until, life.birth_month + age_of_next_growth(age_months))
    return min(until, exposures_unchanged_until(life, at, p))


@inlined
def ask_chance(
    life: Any, month: int, death: float, chances: Chances, symptoms: Any, eventful: Any, p: Inputs
) -> None:
    """Uniforms of symptoms from this month on, and whether a month's others are below its chances."""
    for k in range(len(symptoms)):
        of_symptoms, dies, begins, conceives = chance.at(p.key, life.uid, month + k, chance.MONTH)
        symptoms[k] = of_symptoms
        eventful[k] = (
            (dies < death)
            | (conceives < chances.conception)
            | (begins < chances.kidney_disease)
            | (1.0 - begins < chances.donorship)
        )
    if life.donor == ACTIVE_DONOR:
        for k in range(len(symptoms)):
            visits, stops, _, _ = chance.at(p.key, life.uid, month + k, DONATION_MONTH)
            eventful[k] |= (visits < chances.visit) | (stops < chances.stop)


@compiled
def uneventful_until(life: Any, standing: Any, at: Moment, last: int, ahead: Any, p: Inputs) -> int:
    """The month after this one, or, if nothing new happens in this one, that in which something may.

    Parameters
    ----------
    life
        The person's life, up to date in this month.
    standing
        Burden of the conditions that are there.
    at
        This month.
    last
        Last month of interest.
    ahead
        Two arrays to be filled for the months from this one on: the uniforms of symptoms, and whether
        chance may bring something new. Without room in them, it is the month after this one.
    p
        Inputs of the run.
    """
    symptoms, eventful = ahead
    until = min(unchanged_until(life, at, p), last + 1, at.month + len(symptoms))
    count = until - at.month
    if count <= 1:
        return at.month + 1
    death = chance_to_die(life, at.age, standing.mortality_ratio, p)
    chances = chances_of_exposures(life, at, until - 1, p)
    ask_chance(life, at.month, death, chances, symptoms[:count], eventful[:count], p)
    months = 0
    while months < count and not eventful[months]:
        months += 1
    return at.month + max(months, 1)
