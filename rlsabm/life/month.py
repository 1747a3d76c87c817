"""A month of a person, and many months of many people.

The order of a month: death and growth, conditions and exposures (they fill the burden), the body.
People do not wait for one another: the loop takes one person through all months of a block before the
next, which gives the same numbers as month after month because chance is a function.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsabm import chance
from rlsabm.body.body import advance_body
from rlsabm.body.iron import DAYS_PER_MONTH
from rlsabm.chance import Word
from rlsabm.compilation import compiled, inlined
from rlsabm.life.donation import donate
from rlsabm.life.events import log_month
from rlsabm.life.growth import grow, is_time_to_grow
from rlsabm.life.kidney import chance_to_die, suffer_kidney_disease
from rlsabm.life.menses import menstruate
from rlsabm.life.pregnancy import be_fertile
from rlsabm.parameters.tables import LAST_AGE, Tables
from rlsabm.parameters.values import Values
from rlsabm.person import (
    DIALYSIS,
    DIED_ON_DIALYSIS,
    DIED_WITH_GRAFT,
    FEMALE,
    GRAFT,
    NEVER,
    OTHER_CAUSE,
)


@compiled
def lay_down(life: Any, burden: Any) -> None:
    """The burden of a month in which nothing happens."""
    burden.blood_loss_ml = 0.0
    burden.iron_loss_mg = life.basal_loss_mg_per_day * DAYS_PER_MONTH
    burden.milk_iron_mg = 0.0
    burden.conceptus_demand_mg = 0.0
    burden.red_cell_target_factor = 1.0
    burden.blood_volume_factor = 1.0
    burden.absorption_factor = 1.0
    burden.absorption_ceiling_factor = 1.0
    burden.oral_iron_mg_per_day = 0.0
    burden.infused_iron_mg = 0.0
    burden.dopamine_load = 0.0
    burden.lasting_months = 0.0


@compiled
def die(life: Any, month: int) -> None:
    """Death in this month."""
    life.death_month = month
    if life.kidney == DIALYSIS:
        life.cause_of_death = DIED_ON_DIALYSIS
    elif life.kidney == GRAFT:
        life.cause_of_death = DIED_WITH_GRAFT
    else:
        life.cause_of_death = OTHER_CAUSE


@inlined
def live_month(
    life: Any, body: Any, burden: Any, month: int, key: Word, tables: Tables, p: Values
) -> None:
    """One month of one living person."""
    age_months = month - life.birth_month
    age = min(age_months // 12, LAST_AGE)
    symptoms, death, onset, conception = chance.at(key, life.uid, month, chance.MONTH)
    if death < chance_to_die(life, age, tables):
        die(life, month)
        return
    if is_time_to_grow(age_months):
        grow(life, age_months, key, tables, p)

    lay_down(life, burden)
    if life.sex == FEMALE:
        be_fertile(life, body, burden, month, conception, key, tables, p)
        menstruate(life, burden, month)
    # The two onsets share a word from its two ends: no one has both in one month.
    suffer_kidney_disease(life, body, burden, age, month, onset, key, tables, p)
    donate(life, body, burden, age, month, 1.0 - onset, key, tables, p)

    advance_body(body, life, burden, age, month, symptoms, tables, p)


@compiled
def live_block(
    lives: Any,
    bodies: Any,
    burdens: Any,
    first_row: int,
    last_row: int,
    first_month: int,
    last_month: int,
    key: Word,
    tables: Tables,
    p: Values,
    log: Any,
    logged: Any,
) -> None:
    """Months ``first_month`` to ``last_month`` (both included) of the people in these rows.

    Newborns begin in the month of their birth. ``burdens`` is a scratch record; ``log`` takes the
    events if it has room for any, ``logged[0]`` counts them.
    """
    burden = burdens[0]
    for row in range(first_row, last_row):
        life = lives[row]
        body = bodies[row]
        for month in range(max(first_month, life.birth_month), last_month + 1):
            if life.death_month != NEVER:
                break
            if len(log) == 0:
                live_month(life, body, burden, month, key, tables, p)
            else:
                before = (life.kidney, life.donations, life.parity, life.gravidity, body.rls)
                live_month(life, body, burden, month, key, tables, p)
                log_month(life, body, before, month, log, logged)


@compiled
def count_person_months(lives: Any, first_month: int, last_month: int) -> int:
    """Person-months lived in these months, months of death included."""
    total = 0
    for row in range(len(lives)):
        start = max(first_month, lives[row].birth_month)
        stop = min(last_month, lives[row].death_month)
        total += max(stop - start + 1, 0)
    return total


@compiled
def move_together(lives: Any, bodies: Any, keep: NDArray[np.bool_]) -> int:
    """Move the records that are kept to the front, in order; returns their number."""
    kept = 0
    for row in range(len(keep)):
        if keep[row]:
            if kept < row:
                lives[kept] = lives[row]
                bodies[kept] = bodies[row]
            kept += 1
    return kept
