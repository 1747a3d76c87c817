"""Progressive kidney disease: CKD, dialysis, transplantation, graft failure."""

from __future__ import annotations

from typing import Any

from rlsabm import chance
from rlsabm.body.iron import ferritin, transferrin_saturation
from rlsabm.chance import Word, waiting_months
from rlsabm.compilation import compiled, inlined
from rlsabm.parameters.tables import Tables
from rlsabm.parameters.values import Values
from rlsabm.person import CKD_3, CKD_4, DIALYSIS, GRAFT, HEALTHY_KIDNEY, NEVER


@compiled
def enter_stage(life: Any, stage: int, month: int, key: Word, p: Values) -> None:
    """Enter a stage, and settle when it ends if time alone ends it."""
    life.kidney = stage
    life.kidney_episode += 1
    life.kidney_until = NEVER
    duration, _, _, _ = chance.nth(key, life.uid, life.kidney_episode, chance.KIDNEY)
    if stage == CKD_3:
        life.kidney_until = month + waiting_months(duration, 12.0 * p.ckd_3_years)
    elif stage == CKD_4:
        life.kidney_until = month + waiting_months(duration, 12.0 * p.ckd_4_years)
    elif stage == DIALYSIS:
        life.dialysis_since = month


@compiled
def infusion_mg(body: Any, life: Any, p: Values) -> float:
    """Intravenous iron that the dialysis unit's protocol gives this month."""
    measured = ferritin(body, life, p) * p.dialysis_ferritin_factor
    saturation = transferrin_saturation(body, life, p)
    if (
        measured < p.infusion_ferritin_below_ug_per_l
        and saturation < p.infusion_saturation_below_percent
    ):
        return p.infusion_mg_per_month
    return 0.0


@inlined
def suffer_kidney_disease(
    life: Any,
    body: Any,
    of_kidney_disease: Any,
    of_dialysis: Any,
    age: int,
    month: int,
    u: float,
    key: Word,
    tables: Tables,
    p: Values,
) -> None:
    """One month of kidney disease, or the chance of its onset."""
    if life.kidney == HEALTHY_KIDNEY:
        if u < tables.kidney_onset[life.sex, age]:
            enter_stage(life, CKD_3, month, key, p)
        return
    if life.kidney == CKD_3:
        if month >= life.kidney_until:
            enter_stage(life, CKD_4, month, key, p)
    elif life.kidney == CKD_4:
        if month >= life.kidney_until:
            enter_stage(life, DIALYSIS, month, key, p)
    else:
        transplanted, failed, _, _ = chance.at(key, life.uid, month, chance.KIDNEY_MONTH)
        if life.kidney == DIALYSIS and transplanted < tables.transplant[age]:
            enter_stage(life, GRAFT, month, key, p)
        elif life.kidney == GRAFT and failed < p.graft_failure_per_month:
            enter_stage(life, DIALYSIS, month, key, p)

    if life.kidney == CKD_4:
        of_kidney_disease.absorption_factor *= p.ckd_4_absorption_factor
        of_kidney_disease.red_cell_target_factor *= p.ckd_4_haemoglobin_factor
        of_kidney_disease.blood_loss_ml += p.ckd_4_blood_loss_ml_per_month
        of_kidney_disease.dopamine_load += p.ckd_4_dopamine_load
    elif life.kidney == DIALYSIS:
        of_dialysis.absorption_factor *= p.dialysis_absorption_factor
        aim = p.dialysis_haemoglobin_g_per_l * life.blood_volume_l * p.haemoglobin_iron_mg_per_g
        of_dialysis.red_cell_target_factor *= min(aim / life.red_cell_target_mg, 1.0)
        of_dialysis.blood_loss_ml += p.dialysis_blood_loss_ml_per_month
        of_dialysis.infused_iron_mg += infusion_mg(body, life, p)
        of_dialysis.dopamine_load += p.dialysis_dopamine_load


@compiled
def chance_to_die(life: Any, age: int, mortality_ratio: float, tables: Tables) -> float:
    """Chance of death this month: by the life table, or by the registry of kidney failure.

    The registry counts patients with whatever else they have; others die the more for it.
    """
    if life.kidney == DIALYSIS:
        return tables.dialysis_death[age]
    if life.kidney == GRAFT:
        return tables.graft_death[age]
    return tables.death[life.sex, age] * mortality_ratio
