"""Conditions of the catalogue: when they begin and end in a life.

A condition is given as data: a hazard of onset by sex and age, and how long it lasts.  Its episodes are
a pure function of the person's chance, so a life remembers only which conditions are there, which ever
will be, and when that changes next.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rlsabm import chance
from rlsabm.chance import Word, waiting_months
from rlsabm.compilation import compiled
from rlsabm.parameters.tables import Tables
from rlsabm.person import LAST_AGE, NEVER

#: All bits: before birth any condition may come.
EVERY_CONDITION = np.uint32(2**32 - 1)


@compiled
def spared_until(tables: Tables, c: int, sex: int, age_months: int) -> float:
    """Share of people whom a condition has spared up to an age, if onset is all that happens."""
    age = min(age_months // 12, LAST_AGE)
    before = tables.condition_spared[c, sex, age]
    part = min((age_months - 12 * age) / 12.0, 1.0)
    return before + part * (tables.condition_spared[c, sex, age + 1] - before)


@compiled
def age_when_spared(tables: Tables, c: int, sex: int, share: float, from_age: int) -> int:
    """Age in months at which so many are still spared; NEVER if more are at the last age."""
    if share <= tables.condition_spared[c, sex, LAST_AGE + 1]:
        return int(NEVER)
    age, after = from_age, LAST_AGE + 1
    while after - age > 1:
        middle = (age + after) // 2
        if tables.condition_spared[c, sex, middle] >= share:
            age = middle
        else:
            after = middle
    before = tables.condition_spared[c, sex, age]
    part = (before - share) / (before - tables.condition_spared[c, sex, age + 1])
    return 12 * age + int(12.0 * part)


@compiled
def episode_at(life: Any, c: int, month: int, key: Word, tables: Tables) -> tuple[bool, int]:
    """Whether a condition is there in a month, and the month in which that changes next."""
    code = Word(tables.condition_code[c])
    free_from = 0
    spared = 1.0
    k = 0
    while True:
        u, v, _, _ = chance.episode(key, life.uid, code, k, chance.CONDITION)
        # Onset comes when the share of people spared has fallen by as much as this one's number.
        age = age_when_spared(
            tables, c, life.sex, spared * (1.0 - u), min(free_from // 12, LAST_AGE)
        )
        if age == int(NEVER):
            return False, int(NEVER)
        onset = life.birth_month + max(age, free_from)
        if onset > month:
            return False, onset
        mean_months = tables.condition_months[c]
        if mean_months == 0.0:
            return True, int(NEVER)
        end = onset + waiting_months(v, mean_months)
        if end > month:
            return True, end
        free_from = end - life.birth_month
        spared = spared_until(tables, c, life.sex, free_from)
        k += 1


@compiled
def settle_conditions(life: Any, month: int, key: Word, tables: Tables) -> int:
    """Bring the conditions of a life up to this month; returns the bits of those that begin."""
    before = int(life.conditions)
    to_come = int(life.conditions_to_come) & ((1 << tables.conditions) - 1)
    still_to_come = 0
    now = 0
    begun = 0
    change = int(NEVER)
    c = -1
    while to_come >> (c + 1):
        c += 1
        bit = 1 << c
        if not to_come & bit:
            continue
        if before & bit and tables.condition_months[c] == 0.0:
            # It is there for life.
            now |= bit
            still_to_come |= bit
            continue
        there, until = episode_at(life, c, month, key, tables)
        change = min(change, until)
        if there or until != int(NEVER):
            still_to_come |= bit
        if there:
            now |= bit
            if not before & bit:
                begun |= bit
                if tables.condition_blood_ml_at_onset[c] > 0.0:
                    change = min(change, month + 1)
    life.conditions = now
    life.conditions_to_come = still_to_come
    life.conditions_until = change
    return begun
