"""Founders and newborns: who is born to whom.

A father is a man of the same block of people: the partner of last time, or the winner of a lottery
among the men of the wanted age who lived at the conception and are no near kin. The lottery's numbers
belong to the pair, so a man more or less in the population changes nothing for those who did not draw
him.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlsabm import chance
from rlsabm.body.body import be_born
from rlsabm.chance import normal
from rlsabm.compilation import compiled
from rlsabm.life.genome import express_genome, found_genome, inherit_genome
from rlsabm.life.growth import build_body, grow
from rlsabm.life.menses import plan_menses
from rlsabm.life.pregnancy import MONTHS_TO_BIRTH
from rlsabm.parameters.tables import Tables
from rlsabm.parameters.values import Values
from rlsabm.person import (
    DIZYGOTIC,
    FEMALE,
    LONG_AGO,
    MALE,
    MONOZYGOTIC,
    MONOZYGOTIC_TWINS,
    NEVER,
    ONE_CHILD,
)

YOUNGEST_FATHER_MONTHS, OLDEST_FATHER_MONTHS = 16 * 12, 65 * 12
#: How far from the wanted age fathers are sought, in months, before the child has none.
SEARCH_MONTHS = 120


class Men(NamedTuple):
    """Rows of men, sorted by birth month; those of month m are rows[starts[m]:starts[m + 1]]."""

    first_month: int
    starts: NDArray[np.int64]
    rows: NDArray[np.int64]


@compiled
def index_men(lives: Any) -> Men:
    """Index the men of a population by birth month (a counting sort)."""
    earliest = np.int64(NEVER)
    latest = np.int64(LONG_AGO)
    for row in range(len(lives)):
        if lives[row].sex == MALE:
            earliest = min(earliest, lives[row].birth_month)
            latest = max(latest, lives[row].birth_month)
    months = max(latest - earliest + 1, 0)
    starts = np.zeros(months + 1, dtype=np.int64)
    for row in range(len(lives)):
        if lives[row].sex == MALE:
            starts[lives[row].birth_month - earliest + 1] += 1
    starts = np.cumsum(starts)
    filled = starts.copy()
    rows = np.zeros(starts[-1], dtype=np.int64)
    for row in range(len(lives)):
        if lives[row].sex == MALE:
            month = lives[row].birth_month - earliest
            rows[filled[month]] = row
            filled[month] += 1
    return Men(earliest, starts, rows)


@compiled
def begin_life(life: Any, uid: int, sex: int, month: int) -> None:
    """Fields of a life that has just begun."""
    life.uid = uid
    life.sex = sex
    life.birth_month = month
    life.death_month = NEVER
    life.partner_birth_month = LONG_AGO
    life.conception_month = LONG_AGO
    life.last_birth_month = LONG_AGO
    life.lactation_until = LONG_AGO
    life.amenorrhoea_until = LONG_AGO
    life.fertile_from = LONG_AGO
    life.last_donation_month = LONG_AGO
    life.eligible_month = LONG_AGO
    life.kidney_since = LONG_AGO
    life.kidney_until = NEVER
    life.dialysis_since = LONG_AGO


@compiled
def settle_traits(
    life: Any, body: Any, iron_mg: float, key: int, tables: Tables, p: Values
) -> None:
    """Traits and the newborn's body; without ``iron_mg`` it gets what replete mothers give."""
    express_genome(life, key, tables, p)
    build_body(life, key, p)
    if life.sex == FEMALE:
        plan_menses(life, key, p)
    grow(life, 0, key, tables, p)
    if iron_mg <= 0.0:
        iron_mg = p.birth_iron_mg_per_kg * life.weight_kg
    be_born(body, life, iron_mg, tables, p)


@compiled
def found(
    lives: Any,
    bodies: Any,
    months: NDArray[np.int64],
    sexes: NDArray[np.int64],
    block: int,
    first_index: int,
    key: int,
    tables: Tables,
    p: Values,
) -> None:
    """Fill records with founders, born in the given months."""
    for i in range(len(lives)):
        life = lives[i]
        uid = chance.founder_uid(block, first_index + i)
        begin_life(life, uid, sexes[i], months[i])
        found_genome(life, key, tables)
        settle_traits(life, bodies[i], 0.0, key, tables, p)


@compiled
def is_possible_father(man: Any, mother: Any, conceived: int) -> bool:
    """Alive and of age at the conception, and no brother, father or son of the mother."""
    age = conceived - man.birth_month
    return (
        YOUNGEST_FATHER_MONTHS <= age <= OLDEST_FATHER_MONTHS
        and man.death_month > conceived
        and man.mother != mother.uid
        and man.uid != mother.father
        and (man.mother != mother.mother or mother.mother == np.uint64(0))
    )


@compiled
def find_partner(lives: Any, men: Men, mother: Any, conceived: int) -> int:
    """Row of the father of the last child, or -1 if he is dead or was never there."""
    if mother.partner == np.uint64(0):
        return -1
    month = mother.partner_birth_month - men.first_month
    for i in range(men.starts[month], men.starts[month + 1]):
        man = lives[men.rows[i]]
        if man.uid == mother.partner and is_possible_father(man, mother, conceived):
            return men.rows[i]
    return -1


@compiled
def draw_father(
    lives: Any, men: Men, mother: Any, conceived: int, gap_months: int, key: int
) -> int:
    """Row of a man born near the wanted month, or -1 if there is none."""
    wanted = mother.birth_month - gap_months
    wanted = min(wanted, conceived - YOUNGEST_FATHER_MONTHS)
    wanted = max(wanted, conceived - OLDEST_FATHER_MONTHS) - men.first_month
    for distance in range(SEARCH_MONTHS):
        best = -1
        lowest = 2.0
        for side in range(2 if distance > 0 else 1):
            month = wanted + distance if side == 0 else wanted - distance
            if month < 0 or month >= len(men.starts) - 1:
                continue
            for i in range(men.starts[month], men.starts[month + 1]):
                man = lives[men.rows[i]]
                if is_possible_father(man, mother, conceived):
                    number = man.uid & np.uint64(0xFFFFFFFF)
                    lot, _, _, _ = chance.nth(key, mother.uid, number, chance.FATHER)
                    if lot < lowest:
                        lowest = lot
                        best = men.rows[i]
        if best >= 0:
            return best
    return -1


@compiled
def find_deliveries(
    lives: Any, first_month: int, last_month: int
) -> tuple[NDArray[np.int64], int]:
    """Rows of the women who delivered in these months, and the number of their newborns."""
    rows = np.zeros(len(lives), dtype=np.int64)
    mothers = 0
    babies = 0
    for row in range(len(lives)):
        life = lives[row]
        if life.sex == FEMALE and first_month <= life.last_birth_month <= last_month:
            rows[mothers] = row
            mothers += 1
            babies += 1 if life.last_delivery == ONE_CHILD else 2
    return rows[:mothers].copy(), babies


@compiled
def bear(
    lives: Any,
    bodies: Any,
    mothers: NDArray[np.int64],
    new_lives: Any,
    new_bodies: Any,
    unknown_father: Any,
    male_share: NDArray[np.float64],
    male_share_month: int,
    key: int,
    tables: Tables,
    p: Values,
) -> None:
    """Fill the new records with the children of these mothers."""
    men = index_men(lives)
    born = 0
    for i in range(len(mothers)):
        mother = lives[mothers[i]]
        month = mother.last_birth_month
        order = mother.parity
        conceived = month - MONTHS_TO_BIRTH
        boy, twin_boy, gap, another = chance.nth(key, mother.uid, order, chance.CHILD)
        row = -1
        if another >= p.new_father_share:
            row = find_partner(lives, men, mother, conceived)
        if row < 0:
            years = p.father_age_gap_years + p.father_age_gap_sd_years * normal(gap)
            row = draw_father(lives, men, mother, conceived, int(12.0 * years), key)
        if row >= 0:
            father = lives[row]
        else:
            father = unknown_father[0]
            father.uid = chance.child_uid(mother.uid, order, 3)
            found_genome(father, key, tables)
            father.uid = np.uint64(0)
            father.birth_month = LONG_AGO
        mother.partner = father.uid
        mother.partner_birth_month = father.birth_month

        share = male_share[month - male_share_month]
        first_uid = chance.child_uid(mother.uid, order, 0)
        babies = 1 if mother.last_delivery == ONE_CHILD else 2
        identical = mother.last_delivery == MONOZYGOTIC_TWINS
        for twin in range(babies):
            life = new_lives[born]
            uid = chance.child_uid(mother.uid, order, twin)
            is_boy = (boy if twin == 0 or identical else twin_boy) < share
            begin_life(life, uid, MALE if is_boy else FEMALE, month)
            life.mother = mother.uid
            life.father = father.uid
            life.birth_order = order
            if babies == 2:
                life.twin = MONOZYGOTIC if identical else DIZYGOTIC
            genome_uid = first_uid if identical else uid
            inherit_genome(life, mother, father, genome_uid, key, tables)
            settle_traits(
                life, new_bodies[born], bodies[mothers[i]].child_iron_mg, key, tables, p
            )
            born += 1
