"""A registry of kidney failure: whole lives of a country, of which only what it counts is lived.

Patients are few: a country has enough of them, the people of a run have not. Deaths, conditions and
kidney disease depend neither on iron nor on the calendar year, so that lives can be lived without
bodies, many more for the same effort, and all their years count.
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
from rlsabm.conventions import FEMALE, LAST_AGE, MALE
from rlsabm.declaring.inputs import Inputs
from rlsabm.demography.births import people_by_age
from rlsabm.exposures.catalogue.episodes import lay_standing, update_conditions
from rlsabm.exposures.kidney import CKD_4, DIALYSIS, GRAFT, suffer_kidney_disease
from rlsabm.inputs import with_key
from rlsabm.life.birth import begin_life
from rlsabm.life.growth import build_body
from rlsabm.life.mortality import chance_to_die
from rlsabm.moment import moment_of
from rlsabm.person import LIFE, newborn_records
from rlsabm.setting import Setting

#: What is counted, by sex and completed age.
YEARS, ON_DIALYSIS, WITH_GRAFT, BEGUN, TRANSPLANTED, PATIENT_DIED = range(6)
COUNTS = 6
#: Block of people of which the lives are: runs have others.
BLOCK = 2**31
#: Lives that are lived at a time.
AT_A_TIME = 1000
#: Nobody lives longer.
MOST_MONTHS = 150 * 12
#: Burdens: of conditions, and two that nobody looks at, of kidney disease and dialysis.
BURDENS = 3


@dataclass(frozen=True)
class KidneyRegistry:
    """What is counted of whole lives.

    Attributes
    ----------
    lives
        Number of lives.
    counts
        Counts by part of the lives, sex, completed age, and what is counted.
    people
        People of the country in the year, by sex and completed age.
    """

    lives: int
    counts: Floats
    people: Floats


def keep_kidney_registry(
    setting: Setting,
    key: int,
    *,
    lives: int,
    parts: int,
    progress: Callable[[float], None] = lambda share: None,
) -> KidneyRegistry:
    """Live whole lives, from birth to death, and count.

    Parameters
    ----------
    setting
        What the people live in; ages are those of the country in the last survey year.
    key
        Key of the run.
    lives
        Number of lives.
    parts
        Parts of the lives that are counted apart, so that the error can be told.
    progress
        Told how it goes: the sum of its arguments is 1 in the end.
    """
    p = with_key(setting.inputs, key)
    counts = np.zeros((parts, 2, LAST_AGE + 1, COUNTS))
    born = setting.plan.first_month
    boys = float(setting.plan.male_share[-1])
    scratch = newborn_records(LIFE, 2), neutral_burdens(BURDENS)
    for first in range(0, lives, AT_A_TIME):
        stop = min(first + AT_A_TIME, lives)
        count_lives(first, stop, born, boys, scratch, counts, p)
        progress((stop - first) / lives)
    return KidneyRegistry(lives, counts, people_by_age(setting.country, setting.survey_years[-1]))


@inlined
def count_month(life: Any, burdens: Any, month: int, counts: Floats, p: Inputs) -> bool:
    """One month of a life, added to its counts; returns whether it goes on."""
    at = moment_of(life, month, p)
    if month >= life.conditions_until:
        update_conditions(life, burdens[0], month, p)
    stage, lived = life.kidney, 1.0 / 12.0
    dying = chance_to_die(life, at.age, burdens[0].mortality_ratio, p)
    dies = at.death < dying
    if dies:
        lived *= 0.5
    counts[at.age, YEARS] += lived
    if stage == DIALYSIS:
        counts[at.age, ON_DIALYSIS] += lived
    elif stage == GRAFT:
        counts[at.age, WITH_GRAFT] += lived
    if stage in (DIALYSIS, GRAFT):
        # Not the deaths drawn but those to be expected: as many, and less chance in their number.
        counts[at.age, PATIENT_DIED] += dying
    if dies:
        return False
    suffer_kidney_disease(life, burdens[1], burdens[2], at, p)
    if stage == CKD_4 and life.kidney == DIALYSIS:
        counts[at.age, BEGUN] += 1.0
    elif stage == DIALYSIS and life.kidney == GRAFT:
        counts[at.age, TRANSPLANTED] += 1.0
    return True


@compiled
def count_lives(
    first: int, stop: int, born: int, boys: float, scratch: Any, counts: Floats, p: Inputs
) -> None:
    """Live the people of these numbers, born in a month, and add to the counts.

    A month of death counts half. ``boys`` is the share of boys, who are spread evenly. ``scratch`` are
    two lives of newborns, of which the first is lived, and burdens.
    """
    lives, burdens = scratch
    life = lives[0]
    for number in range(first, stop):
        lives[0] = lives[1]
        uid = chance.founder_uid(BLOCK, number)
        is_boy = int((number + 1) * boys) > int(number * boys)
        begin_life(life, uid, MALE if is_boy else FEMALE, born)
        build_body(life, p)
        lay_standing(burdens[0], life.conditions, life.bleeding_factor, 0, 0, p)
        of_part = counts[int(uid % np.uint64(len(counts))), life.sex]
        for month in range(born, born + MOST_MONTHS):
            if not count_month(life, burdens, month, of_part, p):
                break
