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
from rlsabm.chance import Word
from rlsabm.compilation import compiled, inlined
from rlsabm.life.burden import begin_month, lay_standing
from rlsabm.life.conditions import settle_conditions
from rlsabm.life.donation import donate
from rlsabm.life.events import log_month
from rlsabm.life.growth import grow, is_time_to_grow
from rlsabm.life.kidney import chance_to_die, suffer_kidney_disease
from rlsabm.life.menses import menstruate
from rlsabm.life.pregnancy import be_fertile
from rlsabm.parameters.tables import Tables
from rlsabm.parameters.values import Values
from rlsabm.person import (
    DIALYSIS,
    DIED_ON_DIALYSIS,
    DIED_WITH_GRAFT,
    FEMALE,
    GRAFT,
    LAST_AGE,
    NEVER,
    OTHER_CAUSE,
)

#: Scratch burdens: of the month, and of the conditions that are there.
WHOLE, STANDING = 0, 1
BURDENS = 2


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


@compiled
def update_conditions(life: Any, standing: Any, month: int, key: Word, tables: Tables) -> None:
    """Conditions that begin or end this month, and the burden of those that are there."""
    begun = settle_conditions(life, month, key, tables)
    lay_standing(standing, life.conditions, 0, begun, tables)


@inlined
def suffer_conditions(
    life: Any,
    body: Any,
    of_pregnancy: Any,
    of_menses: Any,
    of_heavy_menses: Any,
    of_kidney_disease: Any,
    of_dialysis: Any,
    of_donation: Any,
    age: int,
    month: int,
    onset: float,
    conception: float,
    key: Word,
    tables: Tables,
    p: Values,
) -> None:
    """The conditions with rules of their own; each fills its part of the burden.

    Parts may be one and the same record: it then holds their sum.
    """
    if life.sex == FEMALE:
        be_fertile(life, body, of_pregnancy, month, conception, key, tables, p)
        menstruate(life, of_menses, of_heavy_menses, month, p)
    # The two onsets share a word from its two ends: no one has both in one month.
    suffer_kidney_disease(
        life, body, of_kidney_disease, of_dialysis, age, month, onset, key, tables, p
    )
    donate(life, body, of_donation, age, month, 1.0 - onset, key, tables, p)


@inlined
def live_month(
    life: Any,
    body: Any,
    burdens: Any,
    month: int,
    key: Word,
    tables: Tables,
    p: Values,
) -> None:
    """One month of one living person.

    ``burdens[STANDING]`` holds the burden of the conditions that are there, ``burdens[WHOLE]`` takes
    that of the month.
    """
    age_months = month - life.birth_month
    age = min(age_months // 12, LAST_AGE)
    symptoms, death, onset, conception = chance.at(key, life.uid, month, chance.MONTH)
    if month >= life.conditions_until:
        update_conditions(life, burdens[STANDING], month, key, tables)
    if death < chance_to_die(life, age, burdens[STANDING].mortality_ratio, tables):
        die(life, month)
        return
    if is_time_to_grow(age_months):
        grow(life, age_months, key, tables, p)

    burden = burdens[WHOLE]
    begin_month(burden, burdens[STANDING], life)
    suffer_conditions(
        life, body, burden, burden, burden, burden, burden, burden, age, month, onset, conception,
        key, tables, p,
    )  # fmt: skip
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

    Newborns begin in the month of their birth. ``burdens`` are two scratch records; ``log`` takes the
    events if it has room for any, ``logged[0]`` counts them.
    """
    for row in range(first_row, last_row):
        life = lives[row]
        body = bodies[row]
        lay_standing(burdens[STANDING], life.conditions, 0, 0, tables)
        for month in range(max(first_month, life.birth_month), last_month + 1):
            if life.death_month != NEVER:
                break
            if len(log) == 0:
                live_month(life, body, burdens, month, key, tables, p)
            else:
                before = (life.kidney, life.donations, life.parity, life.gravidity, body.rls)
                live_month(life, body, burdens, month, key, tables, p)
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
