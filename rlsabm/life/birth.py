"""Founders and newborns, and who their parents are.

Parents of a child are a couple until they separate or one of them dies. While it lasts, her children
are his, and no other woman draws him. A mother without a partner draws a father among the free men of
her block of people who are near the wanted age, lived at the conception and are no near kin.

Mothers draw in the order of their deliveries, and within a month by uid, so that who is free does not
depend on the order of rows or on how many months are lived at a time. Who is born, and when, does not
depend on fathers. One man more or less changes the fathers of the children whose mothers would have
drawn him, and of those whose mothers would have drawn the man whom she draws instead, and so on; this
ends where somebody draws a man who would have stayed without children.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlsabm import chance
from rlsabm.body.body import be_born
from rlsabm.chance import Word, normal, waiting_months
from rlsabm.compilation import compiled
from rlsabm.conventions import FEMALE, LONG_AGO, MALE, NEVER, SEXES
from rlsabm.declaring.fields import Field
from rlsabm.declaring.inputs import Inputs
from rlsabm.declaring.parameter import Parameter as P
from rlsabm.declaring.room import Making, PersonColumn, Room
from rlsabm.declaring.tables import SCALAR, Table
from rlsabm.demography.births import MONTHS_TO_BIRTH, MOST_YEARS
from rlsabm.exposures.menses import plan_menses
from rlsabm.exposures.pregnancy import MONOZYGOTIC_TWINS, ONE_CHILD
from rlsabm.life.environment import be_born_into_environment
from rlsabm.life.genome import STRATA, express_genome, found_genome, inherit_genome
from rlsabm.life.growth import build_body, grow
from rlsabm.mathematics import first_place

CHILD = chance.register(
    "child", 8, "nth", "sex, sex of a dizygotic twin, gap to the father, time until separation"
)
FATHER = chance.register("father", 9, "nth", "point on the ring of the men of the wanted age")

SINGLETON, MONOZYGOTIC, DIZYGOTIC = 0, 1, 2
TWIN_TYPES = ("singleton", "monozygotic", "dizygotic")

_LIFE_FIELDS = (
    Field(
        "uid",
        "u8",
        "",
        "identity of the person: a function of the mother's uid and the birth order",
    ),
    Field("mother", "u8", "", "uid of the mother, 0 for founders"),
    Field("father", "u8", "", "uid of the father, 0 for founders"),
    Field("partner", "u8", "", "uid of the other parent of the last child"),
    Field(
        "birth_month", "i4", "month", "12 x year + month of the year (January = 0)", settable=False
    ),
    Field(
        "partner_birth_month", "i4", "month", "birth month of the partner", initial=LONG_AGO,
        settable=False,
    ),
    Field(
        "partner_until", "i4", "month",
        "month in which the couple with the partner parts, unless one of the two dies before",
        initial=LONG_AGO, settable=False,
    ),
    Field("sex", "u1", "", "sex", SEXES),
    Field("twin", "u1", "", "twin type", TWIN_TYPES),
    Field("birth_order", "u1", "", "place among the mother's deliveries, from 1; 0 for founders"),
)  # fmt: skip
_PARAMETERS = (
    P("father_age_gap_years", 2.5, "years", "fixed", 0, -5, 15,
      "Mean difference between the ages of fathers and mothers.",
      "NCHS birth statistics, 2-3 years"),
    P("father_age_gap_sd_years", 5, "years", "fixed", 0, 0.1, 15,
      "Standard deviation of the difference between the ages of fathers and mothers.", "assumed"),
    P("couple_mean_years", 25, "years", "fixed", 0, 1, 1000,
      "Mean time from the conception of a couple's first child to their separation, if both live so "
      "long.",
      "set to: of women of 41-49 in the United States 19 % have children by more than one man (Guzzo "
      "2014, PMC4182921); of mothers of two or more 28 % (Dorius 2011, as reported in the press)"),
)  # fmt: skip


def fill_birth_tables(making: Making) -> Mapping[str, Any]:
    """Probability that a child is a boy."""
    return {"male_share": making.plan.male_share, "first_month": making.plan.first_month}


BIRTH = Room(
    title="birth and parents",
    life_fields=_LIFE_FIELDS,
    parameters=_PARAMETERS,
    tables=(
        Table("male_share", (12 * MOST_YEARS,), "probability that a child is a boy, by month"),
        Table("first_month", SCALAR, "first month of the plan of births", "i8"),
    ),
    fill=fill_birth_tables,
    columns=(
        PersonColumn(
            "twin", "", "twin type", lambda people: people.twin, type="category", labels=TWIN_TYPES
        ),
    ),
)

YOUNGEST_FATHER_MONTHS, OLDEST_FATHER_MONTHS = 16 * 12, 65 * 12
#: How far from the wanted age fathers are sought, in months, before the child has none.
SEARCH_MONTHS = 120
#: Men among whom the lottery is held: with one, men behind wide gaps of the ring would be favoured.
CANDIDATES = 12
#: From this month on everybody counts as free.
FREE_OR_NOT = int(NEVER)
#: An odd number of 64 bits (the golden ratio's), by which products spread evenly.
LOTTERY = np.uint64(0x9E3779B97F4A7C15)


class Men(NamedTuple):
    """The men of a population, sorted by birth month and, within a month, by uid."""

    birth_month: NDArray[np.int32]
    uid: NDArray[np.uint64]
    row: NDArray[np.int64]


NO_MEN = Men(np.zeros(0, np.int32), np.zeros(0, np.uint64), np.zeros(0, np.int64))


def with_new_men(men: Men, lives: Any, first_row: int) -> Men:
    """The index, with the men of the rows from ``first_row`` on, who are born after all others."""
    new = lives[first_row:]
    rows = first_row + np.flatnonzero(new["sex"] == MALE)
    months, uids = lives["birth_month"][rows], lives["uid"][rows]
    order = np.lexsort((uids, months))
    return Men(
        np.concatenate([men.birth_month, months[order]]),
        np.concatenate([men.uid, uids[order]]),
        np.concatenate([men.row, rows[order]]),
    )


def with_men_kept(men: Men, keep: NDArray[np.bool_]) -> Men:
    """The index after the rows that are not kept have been dropped."""
    stay = keep[men.row]
    new_row = np.cumsum(keep) - 1
    return Men(men.birth_month[stay], men.uid[stay], new_row[men.row[stay]])


@compiled
def begin_life(life: Any, uid: Word, sex: int, month: int) -> None:
    """Enter uid, sex and birth month into a record that already has the values of a newborn."""
    life.uid = uid
    life.sex = sex
    life.birth_month = month
    life.conditions_until = month


@compiled
def settle_traits(life: Any, body: Any, given_mg: float, p: Inputs) -> None:
    """Traits, and the newborn's body with the iron that its mother gave (0 if not known)."""
    express_genome(life, p)
    be_born_into_environment(life, p)
    build_body(life, p)
    if life.sex == FEMALE:
        plan_menses(life, p)
    grow(life, 0, p)
    be_born(body, life, given_mg, p)


@compiled
def begin_again(life: Any, body: Any, lived: Any, given_mg: float, p: Inputs) -> None:
    """Fill a newborn's records with the person who has lived this life before."""
    begin_life(life, lived.uid, lived.sex, lived.birth_month)
    life.mother = lived.mother
    life.father = lived.father
    life.birth_order = lived.birth_order
    life.twin = lived.twin
    life.maternal_alleles = lived.maternal_alleles
    life.paternal_alleles = lived.paternal_alleles
    life.cns_iron_polygenes = lived.cns_iron_polygenes
    life.other_polygenes = lived.other_polygenes
    settle_traits(life, body, given_mg, p)


@compiled
def found(
    lives: Any,
    bodies: Any,
    months: NDArray[np.int64],
    sexes: NDArray[np.int64],
    block: int,
    first_index: int,
    p: Inputs,
) -> None:
    """Fill records with founders, born in the given months."""
    for i in range(len(lives)):
        life = lives[i]
        uid = chance.founder_uid(block, first_index + i)
        begin_life(life, uid, sexes[i], months[i])
        place = (first_index + i) % STRATA
        first_uid = chance.founder_uid(block, first_index + i - place)
        found_genome(life, first_uid, place, p)
        settle_traits(life, bodies[i], 0.0, p)


@compiled
def is_possible_father(man: Any, mother: Any, conceived: int) -> bool:
    """Alive and of age at the conception, and no half-brother, father or son."""
    age = conceived - man.birth_month
    return (
        YOUNGEST_FATHER_MONTHS <= age <= OLDEST_FATHER_MONTHS
        and man.death_month > conceived
        and man.mother != mother.uid
        and man.uid != mother.father
        and (man.mother != mother.mother or mother.mother == np.uint64(0))
        and (man.father != mother.father or mother.father == np.uint64(0))
    )


@compiled
def men_born_in(men: Men, month: int) -> tuple[int, int]:
    """The first place in the index of the men born in a month, and the one after the last."""
    return first_place(men.birth_month, month), first_place(men.birth_month, month + 1)


@compiled
def row_of_man(men: Men, uid: Word, birth_month: int) -> int:
    """Row of a man, or -1 if he is not there any more."""
    first, last = men_born_in(men, birth_month)
    place = first + first_place(men.uid[first:last], uid)
    return int(men.row[place]) if place < last and men.uid[place] == uid else -1


@compiled
def find_partner(lives: Any, men: Men, mother: Any, conceived: int) -> int:
    """Row of the man with whom the mother lives, or -1 if none does who can be a father."""
    if mother.partner_until <= conceived:
        return -1
    row = row_of_man(men, mother.partner, mother.partner_birth_month)
    if row >= 0 and not is_possible_father(lives[row], mother, conceived):
        return -1
    return row


@compiled
def draw_father(
    lives: Any,
    men: Men,
    mother: Any,
    conceived: int,
    gap_months: int,
    point: Word,
    free_at: int,
) -> int:
    """Row of a man born near the wanted month who has no partner from ``free_at`` on, or -1.

    Uids are spread over a ring. The mother draws a point on it, and one of the first possible fathers
    from there on, by a lottery whose numbers belong to the pair.
    """
    wanted = mother.birth_month - gap_months
    wanted = min(wanted, conceived - YOUNGEST_FATHER_MONTHS)
    wanted = max(wanted, conceived - OLDEST_FATHER_MONTHS)
    for step in range(2 * SEARCH_MONTHS):
        distance = (step + 1) // 2
        month = wanted + distance if step % 2 == 1 else wanted - distance
        first, last = men_born_in(men, month)
        count = last - first
        start = first_place(men.uid[first:last], point)
        best, lowest, candidates = -1, np.uint64(0), 0
        for i in range(count):
            row = men.row[first + (start + i) % count]
            man = lives[row]
            if man.partner_until <= free_at and is_possible_father(man, mother, conceived):
                lot = (lives[row].uid ^ point) * LOTTERY
                if best < 0 or lot < lowest:
                    best, lowest = row, lot
                candidates += 1
                if candidates == CANDIDATES:
                    break
        if best >= 0:
            return best
    return -1


@compiled
def find_deliveries_and_deaths(
    lives: Any, first_row: int, last_row: int, first_month: int, last_month: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which of these rows are women who delivered in these months, and which are people who died."""
    delivered = np.empty(last_row - first_row, dtype=np.int64)
    died = np.empty(last_row - first_row, dtype=np.int64)
    deliveries = deaths = 0
    for row in range(first_row, last_row):
        if first_month <= lives[row].last_birth_month <= last_month:
            delivered[deliveries] = row
            deliveries += 1
        if first_month <= lives[row].death_month <= last_month:
            died[deaths] = row
            deaths += 1
    return delivered[:deliveries].copy(), died[:deaths].copy()


def in_order_of_birth(lives: Any, mothers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows of mothers in the order in which fathers are found: by month of delivery, then by uid."""
    return mothers[np.lexsort((lives["uid"][mothers], lives["last_birth_month"][mothers]))]


def count_babies(lives: Any, mothers: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many children these mothers had at their last delivery."""
    return np.where(lives["last_delivery"][mothers] == ONE_CHILD, 1, 2)


@compiled
def part_by_death(lives: Any, men: Men, dead: NDArray[np.int64]) -> None:
    """Leave the partners of these dead free from the month of the death."""
    for row in dead:
        woman = lives[row]
        if woman.sex == FEMALE and woman.partner_until > woman.death_month:
            widower = row_of_man(men, woman.partner, woman.partner_birth_month)
            if widower >= 0 and lives[widower].partner == woman.uid:
                lives[widower].partner_until = woman.death_month


@compiled
def become_couple(mother: Any, father: Any, until: int) -> None:
    """Enter each of the two as the partner of the other; he is free when she dies."""
    mother.partner = father.uid
    mother.partner_birth_month = father.birth_month
    mother.partner_until = until
    father.partner = mother.uid
    father.partner_birth_month = mother.birth_month
    father.partner_until = min(until, mother.death_month)


@compiled
def find_father(
    lives: Any, men: Men, mother: Any, conceived: int, gap: float, lasting: float, p: Inputs
) -> int:
    """Row of the father of a child of this conception, or -1; the two are a couple from then on."""
    row = find_partner(lives, men, mother, conceived)
    if row >= 0:
        return row
    years = p.father_age_gap_years + p.father_age_gap_sd_years * normal(gap)
    wanted = int(12.0 * years)
    point = chance.nth_word(p.key, mother.uid, mother.parity, FATHER)
    mother.partner_until = conceived
    row = draw_father(lives, men, mother, conceived, wanted, point, conceived)
    if row >= 0:
        together = waiting_months(lasting, 12.0 * p.couple_mean_years)
        become_couple(mother, lives[row], conceived + together)
        return row
    # Rather a man who lives with another woman than none: no couple comes of it.
    return draw_father(lives, men, mother, conceived, wanted, point, FREE_OR_NOT)


@compiled
def find_fathers(lives: Any, men: Men, mothers: NDArray[np.int64], p: Inputs) -> NDArray[np.int64]:
    """Rows of the fathers of these mothers' children, -1 where none was found, one after another."""
    fathers = np.empty(len(mothers), dtype=np.int64)
    for i in range(len(mothers)):
        mother = lives[mothers[i]]
        conceived = mother.last_birth_month - MONTHS_TO_BIRTH
        _, _, gap, lasting = chance.nth(p.key, mother.uid, mother.parity, CHILD)
        row = find_father(lives, men, mother, conceived, gap, lasting, p)
        mother.partner = lives[row].uid if row >= 0 else np.uint64(0)
        mother.partner_birth_month = lives[row].birth_month if row >= 0 else LONG_AGO
        fathers[i] = row
    return fathers


@compiled
def bear(
    lives: Any,
    bodies: Any,
    mothers: NDArray[np.int64],
    fathers: NDArray[np.int64],
    places: NDArray[np.int64],
    new_lives: Any,
    new_bodies: Any,
    unknown_father: Any,
    p: Inputs,
) -> None:
    """Fill the new records from each mother's place on with her children.

    Children do not depend on one another, so that threads can bear a part each.
    """
    for i in range(len(mothers)):
        mother = lives[mothers[i]]
        month = mother.last_birth_month
        order = mother.parity
        boy, twin_boy, _, _ = chance.nth(p.key, mother.uid, order, CHILD)
        if fathers[i] >= 0:
            father = lives[fathers[i]]
        else:
            father = unknown_father[0]
            father.uid = chance.child_uid(mother.uid, order, 3)
            found_genome(father, father.uid, 0, p)
            father.uid = np.uint64(0)

        share = p.male_share[month - p.first_month]
        first_uid = chance.child_uid(mother.uid, order, 0)
        babies = 1 if mother.last_delivery == ONE_CHILD else 2
        identical = mother.last_delivery == MONOZYGOTIC_TWINS
        for twin in range(babies):
            life = new_lives[places[i] + twin]
            uid = chance.child_uid(mother.uid, order, twin)
            is_boy = (boy if twin == 0 or identical else twin_boy) < share
            begin_life(life, uid, MALE if is_boy else FEMALE, month)
            life.mother = mother.uid
            life.father = father.uid
            life.birth_order = order
            if babies == 2:
                life.twin = MONOZYGOTIC if identical else DIZYGOTIC
            genome_uid = first_uid if identical else uid
            inherit_genome(life, mother, father, genome_uid, p)
            settle_traits(life, new_bodies[places[i] + twin], bodies[mothers[i]].child_iron_mg, p)
