"""One life, several bodies: the same life lived again with part of its burden left out.

A person's life is a function of chance, genes and the factual body.  So it can be lived again from
birth, month by month as it was, and other bodies can go through it beside the factual one: bodies that
do not bear the burden of one condition, or only its iron, and bodies whose iron never lacks.  Births,
donations, diseases and death come in the same months for all of them, and each month's symptoms are
drawn with the same number.  What differs between two bodies is caused by what was left out.

A body exists from the first month in which its burden differs from the factual one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsabm import chance
from rlsabm.body.body import advance_body
from rlsabm.body.brain import advance_dopamine, advance_pools, iron_effect
from rlsabm.body.symptoms import advance_symptoms
from rlsabm.chance import Word
from rlsabm.compilation import compiled, inlined
from rlsabm.life.birth import begin_again
from rlsabm.life.burden import (
    add_part,
    add_rest_of_part,
    begin_month,
    is_neutral,
    lay_neutral,
    lay_standing,
)
from rlsabm.life.conditions import settle_conditions
from rlsabm.life.growth import grow, is_time_to_grow
from rlsabm.life.kidney import chance_to_die
from rlsabm.life.month import die, suffer_conditions
from rlsabm.life.pregnancy import hand_over
from rlsabm.parameters.tables import Tables
from rlsabm.parameters.values import Values
from rlsabm.person import (
    BODY,
    BURDEN,
    CKD_4,
    FEMALE,
    LAST_AGE,
    LIFE,
    NO_DONOR,
    empty_records,
)

#: Parts of a burden, in the order in which rules add them up.
PARTS = ("pregnancy", "menses", "heavy_menstrual_bleeding", "ckd_4_5", "dialysis", "blood_donation")
PREGNANCY, MENSES, HEAVY_MENSES, KIDNEY_DISEASE, ON_DIALYSIS, DONATION = range(len(PARTS))
#: Scratch burdens after the parts: of the month, and of the catalogue's conditions that are there; for
#: the factual world and for another.
WHOLE, OF_WORLD, STANDING, STANDING_OF_WORLD = range(len(PARTS), len(PARTS) + 4)
SCRATCH = len(PARTS) + 4

#: What a world changes: it leaves a burden out, or its iron; or it changes the body.
WITHOUT, WITHOUT_IRON, REPLETE, SUFFICIENT, NO_DOPAMINE_PATH = range(5)

WORLD = np.dtype((np.record, [("change", "i8"), ("parts", "i8"), ("conditions", "i8")]))


@inlined
def add_parts(burdens: Any, total: int, filled: int, left_out: int, change: int) -> None:
    """Add up the parts that are filled, but for those left out, or their iron."""
    for part in range(len(PARTS)):
        bit = 1 << part
        if filled & bit:
            if not left_out & bit:
                add_part(burdens[total], burdens[part])
            elif change == WITHOUT_IRON:
                add_rest_of_part(burdens[total], burdens[part])


@compiled
def burden_of_world(
    burdens: Any, life: Any, world: Any, filled: int, begun: int, tables: Tables
) -> None:
    """The month's burden without what the world leaves out."""
    there = int(life.conditions)
    left_out = there & world.conditions
    standing = STANDING
    if left_out != 0:
        standing = STANDING_OF_WORLD
        if world.change == WITHOUT_IRON:
            lay_standing(burdens[standing], there, left_out, begun, tables)
        else:
            lay_standing(burdens[standing], there & ~left_out, 0, begun, tables)
    begin_month(burdens[OF_WORLD], burdens[standing], life)
    add_parts(burdens, OF_WORLD, filled, world.parts, world.change)


@inlined
def filled_parts(burdens: Any, life: Any) -> int:
    """Bits of the parts that do anything this month."""
    filled = 0
    if life.sex == FEMALE:
        for part in (PREGNANCY, MENSES, HEAVY_MENSES):
            if not is_neutral(burdens[part]):
                filled |= 1 << part
    if life.kidney >= CKD_4:
        for part in (KIDNEY_DISEASE, ON_DIALYSIS):
            if not is_neutral(burdens[part]):
                filled |= 1 << part
    if life.donor != NO_DONOR and not is_neutral(burdens[DONATION]):
        filled |= 1 << DONATION
    return filled


@compiled
def advance_changed_body(
    body: Any, factual: Any, change: int, life: Any, burden: Any, age: int, month: int, u: float,
    tables: Tables, p: Values,
) -> None:  # fmt: skip
    """One month of a body whose peripheral iron is not followed: it lacks none, or it is factual."""
    effect = 0.0
    by_iron = 0.0
    if change == REPLETE:
        advance_pools(body, life, 1.0, p)
        effect = iron_effect(body, age, tables, p)
        by_iron = p.dopamine_share * effect
    elif change == SUFFICIENT:
        body.brain_iron_fast = 1.0
        body.brain_iron_slow = tables.slow_pool_norm[age]
    else:
        body.brain_iron_fast = factual.brain_iron_fast
        body.brain_iron_slow = factual.brain_iron_slow
        effect = iron_effect(body, age, tables, p)
    advance_dopamine(body, burden, by_iron, p)
    advance_symptoms(body, life, burden, effect, age, month, u, tables, p)


@compiled
def advance_worlds(
    bodies: Any, differs: Any, worlds: Any, burdens: Any, life: Any, filled: int, begun: int,
    age: int, month: int, u: float, tables: Tables, p: Values,
) -> None:  # fmt: skip
    """One month of the bodies whose burden differs from the factual one, now or before.

    ``bodies[0]`` is the factual body as it was before this month.
    """
    for w in range(len(worlds)):
        change = worlds[w].change
        if change > WITHOUT_IRON:
            continue
        now = (filled & worlds[w].parts) != 0 or (life.conditions & worlds[w].conditions) != 0
        if now:
            if not differs[w]:
                differs[w] = True
                bodies[w + 1] = bodies[0]
            burden_of_world(burdens, life, worlds[w], filled, begun, tables)
            advance_body(bodies[w + 1], life, burdens[OF_WORLD], age, month, u, tables, p)
        elif differs[w]:
            advance_body(bodies[w + 1], life, burdens[WHOLE], age, month, u, tables, p)


@compiled
def follow_pregnancy(life: Any, body: Any, month: int, p: Values) -> None:
    """What rules of the life do to the factual body when a pregnancy begins and when it ends."""
    if life.conception_month == month:
        body.conceptus_iron_mg = 0.0
    if life.last_birth_month == month:
        hand_over(life, body, p)


@compiled
def take_peripheral_iron(body: Any, factual: Any) -> None:
    """Peripheral iron is the factual body's where only the brain differs."""
    body.storage_iron_mg = factual.storage_iron_mg
    body.red_cell_iron_mg = factual.red_cell_iron_mg
    body.tissue_iron_mg = factual.tissue_iron_mg
    body.iron_gained_mg = factual.iron_gained_mg
    body.iron_spent_mg = factual.iron_spent_mg
    body.absorbed_mg_per_day = factual.absorbed_mg_per_day
    body.lost_mg_per_day = factual.lost_mg_per_day
    body.conceptus_iron_mg = factual.conceptus_iron_mg
    body.child_iron_mg = factual.child_iron_mg


@compiled
def live_again(
    life: Any, bodies: Any, differs: Any, burdens: Any, months: NDArray[np.int64], states: Any,
    worlds: Any, key: Word, tables: Tables, p: Values,
) -> None:  # fmt: skip
    """Live a life from birth until the last of some months, in all worlds.

    Parameters
    ----------
    life
        Record of the newborn.
    bodies
        Scratch records: the newborn's body, then one a world.
    differs
        Scratch, one a world.
    burdens
        Scratch burdens.
    months
        Months, ascending, at whose ends the bodies are noted; the last is not before birth.
    states
        Takes the bodies, by month and world, the factual one first; untouched after death.
    worlds, key, tables, p
        Worlds, key of the replicate, tables and values.
    """
    noted = 0
    while months[noted] < life.birth_month:
        noted += 1
    filled = 0
    for record in range(SCRATCH):
        lay_neutral(burdens[record])
    for w in range(len(worlds)):
        differs[w] = worlds[w].change > WITHOUT_IRON
        bodies[w + 1] = bodies[0]
    for month in range(life.birth_month, months[-1] + 1):
        age_months = month - life.birth_month
        age = min(age_months // 12, LAST_AGE)
        symptoms, death, onset, conception = chance.at(key, life.uid, month, chance.MONTH)
        begun = 0
        if month >= life.conditions_until:
            begun = settle_conditions(life, month, key, tables)
            lay_standing(burdens[STANDING], life.conditions, 0, begun, tables)
        if death < chance_to_die(life, age, burdens[STANDING].mortality_ratio, tables):
            die(life, month)
            return
        if is_time_to_grow(age_months):
            grow(life, age_months, key, tables, p)

        if filled:
            for part in range(len(PARTS)):
                lay_neutral(burdens[part])
        suffer_conditions(
            life, bodies[0], burdens[PREGNANCY], burdens[MENSES], burdens[HEAVY_MENSES],
            burdens[KIDNEY_DISEASE], burdens[ON_DIALYSIS], burdens[DONATION], age, month, onset,
            conception, key, tables, p,
        )  # fmt: skip
        if life.conception_month == month or life.last_birth_month == month:
            for w in range(len(worlds)):
                follow_pregnancy(life, bodies[w + 1], month, p)
        filled = filled_parts(burdens, life)
        begin_month(burdens[WHOLE], burdens[STANDING], life)
        add_parts(burdens, WHOLE, filled, 0, WITHOUT)

        advance_worlds(
            bodies, differs, worlds, burdens, life, filled, begun, age, month, symptoms, tables, p
        )
        advance_body(bodies[0], life, burdens[WHOLE], age, month, symptoms, tables, p)
        for w in range(len(worlds)):
            if worlds[w].change > WITHOUT_IRON:
                advance_changed_body(
                    bodies[w + 1], bodies[0], worlds[w].change, life, burdens[WHOLE], age, month,
                    symptoms, tables, p,
                )  # fmt: skip

        if months[noted] == month:
            states[noted, 0] = bodies[0]
            for w in range(len(worlds)):
                states[noted, w + 1] = bodies[w + 1] if differs[w] else bodies[0]
                if worlds[w].change > REPLETE:
                    take_peripheral_iron(states[noted, w + 1], bodies[0])
            noted += 1


@compiled
def live_lives_again(
    lived: Any, given_mg: NDArray[np.float32], months: NDArray[np.int64], states: Any, worlds: Any,
    life: Any, bodies: Any, differs: Any, burdens: Any, blank_life: Any, blank_body: Any, key: Word,
    tables: Tables, p: Values,
) -> None:  # fmt: skip
    """Live some lives again: see `live_again`; the last arguments are scratch and blank records."""
    for i in range(len(lived)):
        life[0] = blank_life[0]
        bodies[0] = blank_body[0]
        begin_again(life[0], bodies[0], lived[i], given_mg[i], key, tables, p)
        live_again(life[0], bodies, differs, burdens, months, states[i], worlds, key, tables, p)


def relive(
    lived: Any,
    given_mg: NDArray[np.float32],
    months: NDArray[np.int64],
    worlds: Any,
    *,
    key: Word,
    tables: Tables,
    values: Values,
) -> Any:
    """Live lives again, from birth, in the factual world and in others.

    Parameters
    ----------
    lived
        Records of people, as they are at any time of their lives.
    given_mg
        Iron that their mothers gave them (``endowment_mg`` of their bodies).
    months
        Months, ascending, at whose ends bodies are wanted.
    worlds
        Records of ``WORLD``.
    key, tables, values
        Those of the population that they lived in.

    Returns
    -------
    numpy.ndarray
        Records of ``BODY`` by person, month and world, the factual one first; zeros after death.
    """
    states = np.zeros((len(lived), len(months), len(worlds) + 1), dtype=BODY)
    live_lives_again(
        lived, given_mg, months, states, worlds, empty_records(LIFE, 1),
        empty_records(BODY, len(worlds) + 1), np.zeros(len(worlds), dtype=np.bool_),
        empty_records(BURDEN, SCRATCH), empty_records(LIFE, 1), empty_records(BODY, 1), key, tables,
        values,
    )  # fmt: skip
    return states
