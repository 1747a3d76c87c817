"""Growth: weight, blood volume, and what follows from them (set points, losses, intake, menses)."""

from __future__ import annotations

from typing import Any

from rlsabm import chance
from rlsabm.chance import Word, normal
from rlsabm.compilation import compiled
from rlsabm.life.menses import menstrual_loss_ml
from rlsabm.mathematics import exp, log
from rlsabm.parameters.tables import Tables
from rlsabm.parameters.values import Values
from rlsabm.person import FEMALE, LAST_AGE, MALE

REFERENCE_WEIGHT_KG = 70.0
#: Weight at which the basal loss per kg was measured (Institute of Medicine 2001, p. 340).
BASAL_LOSS_WEIGHT_KG = 77.4
#: Nadler's formula holds from about 35 kg (Nadler 1962 Surgery 51:224); below, blood per kg.
NADLER_FROM_KG = 35.0


@compiled
def blood_volume(sex: int, height_m: float, weight_kg: float, child_l_per_kg: float) -> float:
    """Blood volume (L): Nadler's formula, joined to a constant per kg in children."""
    cube = height_m * height_m * height_m
    if sex == MALE:
        adult = 0.3669 * cube + 0.03219 * weight_kg + 0.6041
    else:
        adult = 0.3561 * cube + 0.03308 * weight_kg + 0.1833
    child = child_l_per_kg * weight_kg
    if weight_kg >= NADLER_FROM_KG + 10.0:
        return adult
    if weight_kg <= NADLER_FROM_KG:
        return child
    share = (weight_kg - NADLER_FROM_KG) / 10.0
    return child + share * (adult - child)


@compiled
def is_time_to_grow(age_months: int) -> bool:
    """Every month in infancy, every third until three, every sixth until 21, then at birthdays."""
    if age_months >= 252:
        return age_months % 12 == 0
    if age_months >= 36:
        return age_months % 6 == 0
    return age_months < 12 or age_months % 3 == 0


@compiled
def grow(life: Any, age_months: int, key: Word, tables: Tables, p: Values) -> None:
    """Bring the size of the body, and what depends on it, up to this age."""
    age = min(age_months // 12, LAST_AGE - 1)
    part = (age_months % 12) / 12.0
    sex = life.sex
    height = tables.height_m[sex, age] + part * (
        tables.height_m[sex, age + 1] - tables.height_m[sex, age]
    )
    weight = tables.weight_kg[sex, age] + part * (
        tables.weight_kg[sex, age + 1] - tables.weight_kg[sex, age]
    )
    height *= life.height_factor
    weight *= life.weight_factor
    life.weight_kg = weight
    life.blood_volume_l = blood_volume(sex, height, weight, p.blood_volume_child_l_per_kg)
    life.red_cell_target_mg = (
        life.blood_volume_l
        * tables.haemoglobin_g_per_l[sex, age]
        * life.haemoglobin_factor
        * p.haemoglobin_iron_mg_per_g
    )
    life.storage_scale_mg = p.storage_scale_mg * exp(
        p.storage_weight_exponent * log(weight / REFERENCE_WEIGHT_KG)
    )
    life.basal_loss_mg_per_day = (
        1e-3
        * p.basal_loss_ug_per_kg_day
        * BASAL_LOSS_WEIGHT_KG
        * exp(p.basal_loss_weight_exponent * log(weight / BASAL_LOSS_WEIGHT_KG))
        * life.basal_loss_factor
    )
    life.iron_intake_mg_per_day = tables.iron_intake_mg_per_day[sex, age] * life.intake_factor
    if sex == FEMALE:
        life.menstrual_loss_ml = menstrual_loss_ml(life.uid, age, key, p)


@compiled
def build_body(life: Any, key: Word, p: Values) -> None:
    """Factors by which this person differs from the median of age and sex."""
    height, weight, haemoglobin, basal = chance.once(key, life.uid, chance.BODY_BUILD)
    life.height_factor = 1.0 + p.height_person_sd * normal(height)
    life.weight_factor = exp(p.weight_person_log_sd * normal(weight))
    life.haemoglobin_factor = 1.0 + p.haemoglobin_person_sd * normal(haemoglobin)
    life.basal_loss_factor = exp(p.basal_loss_log_sd * normal(basal))
    intake, _, _, _ = chance.once(key, life.uid, chance.IRON_HABITS)
    life.intake_factor = exp(p.intake_log_sd * normal(intake))
