"""Menstruation: part of every woman's life from menarche to menopause, heavy in some."""

from __future__ import annotations

from typing import Any

from rlsabm import chance
from rlsabm.chance import Word, normal
from rlsabm.compilation import compiled, inlined
from rlsabm.mathematics import exp
from rlsabm.parameters.values import Values

CONTRACEPTION_FROM, CONTRACEPTION_UNTIL = 16, 50


@compiled
def menstrual_loss_ml(uid: Word, age: int, key: Word, p: Values) -> float:
    """Blood lost with menses in a month (mL): constant in a woman but for her contraceptive."""
    _, _, _, depth = chance.once(key, uid, chance.IRON_HABITS)
    loss = exp(p.menstrual_loss_log_ml + p.menstrual_loss_log_sd * normal(depth))
    if CONTRACEPTION_FROM <= age < CONTRACEPTION_UNTIL:
        _, _, method, _ = chance.once(key, uid, chance.REPRODUCTION)
        pill = p.pill_share
        hormonal_coil = pill + p.hormonal_coil_share
        if method < pill:
            loss *= p.pill_menses_factor
        elif method < hormonal_coil:
            loss *= p.hormonal_coil_menses_factor
        elif method < hormonal_coil + p.copper_coil_share:
            loss *= p.copper_coil_menses_factor
    return loss * p.cycles_per_month


@compiled
def plan_menses(life: Any, key: Word, p: Values) -> None:
    """Months of menarche and menopause."""
    menarche, menopause, _, _ = chance.once(key, life.uid, chance.REPRODUCTION)
    age = p.menarche_age_years + p.menarche_age_sd_years * normal(menarche)
    life.menarche_month = life.birth_month + int(12.0 * min(max(age, 9.0), 17.0))
    age = p.menopause_age_years + p.menopause_age_sd_years * normal(menopause)
    life.menopause_month = life.birth_month + int(12.0 * min(max(age, 40.0), 60.0))


@compiled
def lies_between(life: Any, month: int) -> bool:
    """Between menarche and menopause."""
    return life.menarche_month <= month < life.menopause_month


@inlined
def menstruate(life: Any, of_menses: Any, of_heavy_menses: Any, month: int, p: Values) -> None:
    """Blood lost with menses this month: as much as a typical woman's, and what is lost above that.

    Only where the loss is heavy is it told apart.  Whether menses come at all is up to pregnancy.
    """
    if lies_between(life, month):
        if life.menstrual_loss_ml >= p.heavy_loss_ml_per_month:
            of_menses.menses_ml += p.typical_loss_ml_per_month
            of_heavy_menses.menses_ml += life.menstrual_loss_ml - p.typical_loss_ml_per_month
        else:
            of_menses.menses_ml += life.menstrual_loss_ml
