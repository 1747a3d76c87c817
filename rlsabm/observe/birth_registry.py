"""A registry of births: women of a country and year, of whom only pregnancies are lived.

Births by age are few among the people of a run. Whether a woman conceives depends on her age, the
calendar year and her pregnancies so far, on nothing of her body, and whether she dies does not depend
on births. Women can thus be lived without bodies, conditions and deaths, many more for the same effort;
each age counts as often as the country has women of it.

Births are not those drawn but those to be expected: in each month a woman counts by her chance to
conceive, and by what becomes of a conception. Over many women both are the same, but chance is less.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from rlsabm import chance
from rlsabm.arrays import Floats
from rlsabm.burden import neutral_burdens
from rlsabm.compilation import compiled, inlined
from rlsabm.conventions import FEMALE, month_of
from rlsabm.declaring.inputs import Inputs
from rlsabm.demography.births import MONTHS_TO_BIRTH, people_by_age
from rlsabm.exposures.pregnancy import (
    FIRST_FERTILE_AGE,
    LAST_FERTILE_AGE,
    be_fertile,
    chance_to_conceive,
    may_conceive,
)
from rlsabm.inputs import with_key
from rlsabm.life.birth import begin_life
from rlsabm.moment import moment_of
from rlsabm.person import BODY, LIFE, newborn_records
from rlsabm.setting import Setting

#: Block of people of which the women are: runs and other registries have others.
BLOCK = 2**31 + 1
#: Women that are lived at a time.
AT_A_TIME = 10_000
#: More deliveries than there is time for.
MOST_DELIVERIES = 50


@dataclass(frozen=True)
class BirthRegistry:
    """What is counted of women in a calendar year, by completed age from `FIRST_FERTILE_AGE` on.

    Attributes
    ----------
    lives
        Number of women.
    children
        Children born alive, by part of the women and age.
    years
        Years lived, by part of the women, age, and deliveries so far.
    women
        Women of the country in the year, by age.
    """

    lives: int
    children: Floats
    years: Floats
    women: Floats


def keep_birth_registry(
    setting: Setting,
    key: int,
    *,
    lives: int,
    parts: int,
    progress: Callable[[float], None] = lambda share: None,
) -> BirthRegistry:
    """Live women until the end of the last survey year, and count what happens in that year.

    Parameters
    ----------
    setting
        What the women live in.
    key
        Key of the run.
    lives
        Number of women; they are born evenly over the months of those who are of fertile age.
    parts
        Parts of the women that are counted apart, so that the error can be told.
    progress
        Told how it goes: the sum of its arguments is 1 in the end.
    """
    p = with_key(setting.inputs, key)
    ages = LAST_FERTILE_AGE - FIRST_FERTILE_AGE + 1
    children = np.zeros((parts, ages))
    years = np.zeros((parts, ages, MOST_DELIVERIES + 1))
    year = setting.survey_years[-1]
    scratch = newborn_records(LIFE, 2), newborn_records(BODY, 1), neutral_burdens(1)
    for first in range(0, lives, AT_A_TIME):
        stop = min(first + AT_A_TIME, lives)
        count_births(first, stop, month_of(year), month_of(year, 12), scratch, children, years, p)
        progress((stop - first) / lives)
    women = people_by_age(setting.country, year)[FEMALE]
    fertile = slice(FIRST_FERTILE_AGE, LAST_FERTILE_AGE + 1)
    return BirthRegistry(lives, children, years, women[fertile])


@inlined
def expected_children(life: Any, month: int, p: Inputs) -> float:
    """Children to be expected nine months later of a woman who may conceive now."""
    born_alive = (1.0 - p.pregnancy_loss_share) * (1.0 + p.monozygotic_share + p.dizygotic_share)
    return chance_to_conceive(life, month, p) * born_alive


@compiled
def count_births(
    first: int,
    stop: int,
    january: int,
    december: int,
    scratch: Any,
    children: Floats,
    years: Floats,
    p: Inputs,
) -> None:
    """Live the women of these numbers until a December, and add what happens from January on.

    ``scratch`` are two lives of newborns, of which the first is lived, and a body and a burden that
    nobody looks at.
    """
    lives, bodies, burdens = scratch
    life = lives[0]
    oldest = january + 1 - 12 * (LAST_FERTILE_AGE + 1)
    youngest = december - 12 * FIRST_FERTILE_AGE
    for number in range(first, stop):
        lives[0] = lives[1]
        uid = chance.founder_uid(BLOCK, number)
        born = oldest + number % (youngest - oldest + 1)
        begin_life(life, uid, FEMALE, born)
        part = int(uid % np.uint64(len(children)))
        # Nobody conceives before.
        for month in range(born + 12 * FIRST_FERTILE_AGE - MONTHS_TO_BIRTH, december + 1):
            at_birth = month + MONTHS_TO_BIRTH
            age = (at_birth - born) // 12 - FIRST_FERTILE_AGE
            counts = january <= at_birth <= december and age < len(children[part])
            if counts and may_conceive(life, month):
                children[part, age] += expected_children(life, month, p)
            at = moment_of(life, month, p)
            be_fertile(life, bodies[0], burdens[0], at, p)
            age = at.age - FIRST_FERTILE_AGE
            if january <= month and 0 <= age < len(years[part]):
                years[part, age, life.parity] += 1.0 / 12.0
