"""A month of a person, and many months of many people.

The order of a month: death and growth, conditions and exposures (they fill the burden), the body.
People do not wait for one another: the loop takes one person through all months of a block before the
next, which gives the same numbers as month after month because chance is a function.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsabm.body.body import advance_body, constitution_of
from rlsabm.body.symptoms import note_symptoms
from rlsabm.burden import hold_steady
from rlsabm.care.care import receive_care
from rlsabm.compilation import compiled, inlined
from rlsabm.conventions import DAYS_PER_MONTH, NEVER
from rlsabm.declaring.inputs import Inputs
from rlsabm.exposures.catalogue.episodes import lay_standing, update_conditions
from rlsabm.exposures.month import PART_COUNT, WHOLE, note_exposures, undergo_exposures
from rlsabm.life.environment import change_environment
from rlsabm.life.growth import grow, is_time_to_grow
from rlsabm.life.mortality import chance_to_die, die, note_death
from rlsabm.life.uneventful import uneventful_until
from rlsabm.moment import Moment, moment_of

#: Burdens of a month: the whole, the parts, and behind them that of the catalogue's conditions.
STANDING = 1 + PART_COUNT
BURDENS = STANDING + 1


@inlined
def begin_burden(burdens: Any, whole: int, standing: int, life: Any) -> None:
    """The burden of a month in which nothing happens: basal loss, and the conditions that are there."""
    burdens[whole] = burdens[standing]
    burdens[whole].iron_loss_mg += life.basal_loss_mg_per_day * DAYS_PER_MONTH


@inlined
def live_months(
    life: Any, body: Any, burdens: Any, month: int, last: int, ahead: Any, p: Inputs
) -> int:
    """A month of a living person, and those after it in which nothing new happens, to a last one.

    ``burdens[STANDING]`` holds the burden of the conditions that are there, ``burdens[WHOLE]`` takes
    that of the months; ``ahead`` are scratch of `uneventful_until`. Returns the next month.
    """
    at = moment_of(life, month, p)
    if month >= life.conditions_until:
        update_conditions(life, burdens[STANDING], month, p)
    if at.death < chance_to_die(life, at.age, burdens[STANDING].mortality_ratio, p):
        die(life, month)
        return month + 1
    if month >= life.environment_until:
        change_environment(life, month, p)
    age_months = month - life.birth_month
    if is_time_to_grow(age_months):
        grow(life, age_months, p)

    until = uneventful_until(life, burdens[STANDING], at, last, ahead, p)
    begin_burden(burdens, WHOLE, STANDING, life)
    undergo_exposures(life, body, burdens, 0, at, p)
    burden = hold_steady(burdens[WHOLE])
    constitution = constitution_of(life)
    symptoms = at.symptoms
    while True:
        now = Moment(month, at.age, symptoms, at.death, at.onset, at.conception)
        care = receive_care(body, life, burden, now, p)
        advance_body(body, constitution, burden, care, now, p)
        month += 1
        if month >= until:
            return until
        symptoms = ahead[0][month - at.month]


@compiled
def note_month(
    life: Any, body: Any, before: Any, had_rls: int, month: int, log: Any, logged: Any
) -> None:
    """Log what differs from the month before: the dead have no other events."""
    if not note_death(life, month, log, logged):
        note_exposures(life, before, month, log, logged)
        note_symptoms(life, body, had_rls, month, log, logged)


@compiled
def live_block(
    lives: Any,
    bodies: Any,
    first_row: int,
    last_row: int,
    first_month: int,
    last_month: int,
    scratch: Any,
    p: Inputs,
) -> None:
    """Months ``first_month`` to ``last_month`` (both included) of the people in these rows.

    Newborns begin in the month of their birth.  ``scratch`` are burdens, a life, the log, which takes
    events if it has room for any, one number that counts them, and what `live_months` looks ahead with.
    """
    burdens, before, log, logged, ahead = scratch
    for row in range(first_row, last_row):
        life = lives[row]
        body = bodies[row]
        lay_standing(burdens[STANDING], life.conditions, life.bleeding_factor, 0, 0, p)
        month = max(first_month, life.birth_month)
        while month <= last_month and life.death_month == NEVER:
            if len(log) == 0:
                month = live_months(life, body, burdens, month, last_month, ahead, p)
            else:
                before[0] = lives[row]
                had_rls = body.rls
                live_months(life, body, burdens, month, month, ahead, p)
                note_month(life, body, before[0], had_rls, month, log, logged)
                month += 1


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
def count_dead(lives: Any, before: int) -> int:
    """How many died before this month."""
    dead = 0
    for row in range(len(lives)):
        if lives[row].death_month < before:
            dead += 1
    return dead


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
