"""Pregnancy: conception, loss, months of carrying, delivery, nursing."""

from __future__ import annotations

from typing import Any

from rlsabm import chance
from rlsabm.body.iron import DAYS_PER_MONTH
from rlsabm.chance import Word, normal, waiting_months
from rlsabm.compilation import compiled, inlined
from rlsabm.mathematics import exp
from rlsabm.parameters.tables import Tables
from rlsabm.parameters.values import Values
from rlsabm.person import (
    DIZYGOTIC_TWINS,
    FEMALE,
    MONOZYGOTIC_TWINS,
    NOT_PREGNANT,
    ONE_CHILD,
    TO_BE_LOST,
)

MONTHS_TO_BIRTH = 9
MONTHS_TO_LOSS = 2
FIRST_FERTILE_AGE, LAST_FERTILE_AGE = 10, 49
LAST_PARITY_CLASS = 4


@compiled
def may_conceive(life: Any, month: int) -> bool:
    """A woman who is not pregnant and not just delivered, at an age of the fertility table."""
    return life.sex == FEMALE and life.pregnancy == NOT_PREGNANT and month >= life.fertile_from


@compiled
def chance_to_conceive(life: Any, month: int, tables: Tables) -> float:
    """Chance of a conception this month, by year and age at the birth, and parity."""
    at_birth = month + MONTHS_TO_BIRTH
    age = (at_birth - life.birth_month) // 12
    if age < FIRST_FERTILE_AGE or age > LAST_FERTILE_AGE:
        return 0.0
    year = at_birth // 12 - tables.first_year
    parity = min(life.parity, LAST_PARITY_CLASS)
    return tables.conception[year, age - FIRST_FERTILE_AGE, parity]


@compiled
def conceive(life: Any, body: Any, month: int, key: Word, p: Values) -> None:
    """Begin a pregnancy, and settle how it will end."""
    life.gravidity += 1
    life.conception_month = month
    body.conceptus_iron_mg = 0.0
    loss, twins, _, _ = chance.nth(key, life.uid, life.gravidity, chance.PREGNANCY)
    if loss < p.pregnancy_loss_share:
        life.pregnancy = TO_BE_LOST
        life.pregnancy_end_month = month + MONTHS_TO_LOSS
        life.fertile_from = life.pregnancy_end_month + 1
    else:
        if twins < p.monozygotic_share:
            life.pregnancy = MONOZYGOTIC_TWINS
        elif twins < p.monozygotic_share + p.dizygotic_share:
            life.pregnancy = DIZYGOTIC_TWINS
        else:
            life.pregnancy = ONE_CHILD
        life.pregnancy_end_month = month + MONTHS_TO_BIRTH
        life.fertile_from = life.pregnancy_end_month + int(p.infertile_after_birth_months)
    # A conception shows that menarche had come and menopause had not.
    life.menarche_month = min(life.menarche_month, month)
    life.menopause_month = max(life.menopause_month, life.fertile_from + 12)


@compiled
def circulating_volume_l(life: Any, month: int, tables: Tables, p: Values) -> float:
    """Blood volume (L), pregnancy and the months after it included."""
    if p.pregnancy_enabled == 0.0:
        return life.blood_volume_l
    if life.pregnancy == NOT_PREGNANT:
        since = month - life.last_birth_month
        if since > MONTHS_TO_BIRTH:
            return life.blood_volume_l
        # The volume goes back as the red cells do.
        left = (1.0 - p.red_cell_return_per_month) ** (since + 1)
        return life.blood_volume_l * (1.0 + p.blood_volume_expansion * left)
    k = min(month - life.conception_month + 1, MONTHS_TO_BIRTH)
    return life.blood_volume_l * (1.0 + p.blood_volume_expansion * tables.blood_volume[k])


@compiled
def carry(life: Any, burden: Any, month: int, key: Word, tables: Tables, p: Values) -> None:
    """What a month of pregnancy asks of the mother."""
    if p.pregnancy_enabled == 0.0:
        return
    k = min(month - life.conception_month + 1, MONTHS_TO_BIRTH)
    twins = life.pregnancy in (MONOZYGOTIC_TWINS, DIZYGOTIC_TWINS)
    demand = tables.conceptus_demand_mg[k]
    burden.conceptus_demand_mg += demand * p.twin_demand_factor if twins else demand
    burden.red_cell_target_factor *= 1.0 + p.red_cell_expansion * tables.red_cells[k]
    burden.blood_volume_factor *= 1.0 + p.blood_volume_expansion * tables.blood_volume[k]
    rise = 1.0 + (p.pregnancy_absorption_factor - 1.0) * tables.absorption[k]
    burden.absorption_factor *= rise
    burden.absorption_ceiling_factor *= rise
    burden.dopamine_load += p.pregnancy_dopamine_load * tables.hormones[k]
    burden.lasting_months += 1.0
    if k >= p.pregnancy_supplement_from_month:
        _, _, _, takes_iron = chance.once(key, life.uid, chance.REPRODUCTION)
        if takes_iron < p.pregnancy_supplement_uptake:
            burden.oral_iron_mg_per_day += (
                p.pregnancy_supplement_mg_per_day * p.pregnancy_tablet_factor
            )


@compiled
def hand_over(life: Any, body: Any, p: Values) -> None:
    """What the conceptus had drawn is now the children's, but for what stays in the placenta."""
    babies = 1 if life.last_delivery == ONE_CHILD else 2
    body.child_iron_mg = body.conceptus_iron_mg * (1.0 - p.placenta_share) / babies


@compiled
def end_pregnancy(life: Any, body: Any, burden: Any, month: int, key: Word, p: Values) -> None:
    """A loss, or a delivery with its bleeding, after which the mother may nurse."""
    _, _, bleeding, nursing = chance.nth(key, life.uid, life.gravidity, chance.PREGNANCY)
    if life.pregnancy == TO_BE_LOST:
        burden.blood_loss_ml += p.pregnancy_loss_blood_ml * p.pregnancy_enabled
    else:
        babies = 1 if life.pregnancy == ONE_CHILD else 2
        bled = p.delivery_blood_ml * exp(p.delivery_blood_log_sd * normal(bleeding))
        burden.blood_loss_ml += bled * p.pregnancy_enabled
        burden.blood_volume_factor *= 1.0 + p.blood_volume_expansion * p.pregnancy_enabled
        life.last_delivery = life.pregnancy
        hand_over(life, body, p)
        life.last_birth_month = month
        life.parity += 1
        life.children += babies
        months = 0
        if nursing < p.lactation_share:
            months = waiting_months(nursing / p.lactation_share, p.lactation_mean_months)
        life.lactation_until = month + months
        without_menses = min(float(months), p.lactation_amenorrhoea_months)
        life.amenorrhoea_until = month + int(max(without_menses, p.amenorrhoea_months))
    life.pregnancy = NOT_PREGNANT


@compiled
def nurse(life: Any, burden: Any, month: int, p: Values) -> None:
    """Iron passed with milk."""
    if month < life.lactation_until:
        burden.milk_iron_mg += p.milk_iron_mg_per_day * DAYS_PER_MONTH * p.pregnancy_enabled


@inlined
def be_fertile(
    life: Any,
    body: Any,
    burden: Any,
    month: int,
    u: float,
    key: Word,
    tables: Tables,
    p: Values,
) -> None:
    """One month of a woman's reproductive life."""
    if life.pregnancy != NOT_PREGNANT and month >= life.pregnancy_end_month:
        end_pregnancy(life, body, burden, month, key, p)
    elif may_conceive(life, month) and u < chance_to_conceive(life, month, tables):
        conceive(life, body, month, key, p)
    if life.pregnancy != NOT_PREGNANT:
        carry(life, burden, month, key, tables, p)
    nurse(life, burden, month, p)
    if life.pregnancy != NOT_PREGNANT or month < life.amenorrhoea_until:
        burden.menses_factor *= 1.0 - p.pregnancy_enabled
