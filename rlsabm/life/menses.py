"""Menstruation: part of every woman's life from menarche to menopause."""

from __future__ import annotations

from typing import Any

from rlsabm import chance
from rlsabm.chance import Word, normal
from rlsabm.compilation import compiled, inlined
from rlsabm.mathematics import exp
from rlsabm.parameters.values import Values
from rlsabm.person import FEMALE

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


@inlined
def menstruate(life: Any, burden: Any, month: int) -> None:
    """Blood lost with menses this month; not in pregnancy nor until menses return after it."""
    if (
        life.sex == FEMALE
        and life.menarche_month <= month < life.menopause_month
        and life.pregnancy == 0
        and month >= life.amenorrhoea_until
    ):
        burden.blood_loss_ml += life.menstrual_loss_ml
