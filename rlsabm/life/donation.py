"""Blood donation: careers, visits, deferrals, donations, supplements."""

from __future__ import annotations

from typing import Any

from rlsabm import chance
from rlsabm.body.iron import ferritin, haemoglobin
from rlsabm.chance import Word, normal, probability_per_month
from rlsabm.compilation import compiled, inlined
from rlsabm.mathematics import exp
from rlsabm.parameters.tables import Tables
from rlsabm.parameters.values import Values
from rlsabm.person import DONOR, FORMER_DONOR, HEALTHY_KIDNEY, MALE, NO_DONOR, NOT_PREGNANT

#: No donation in pregnancy and the half-year after it, in all jurisdictions.
MONTHS_AFTER_DELIVERY = 6


@compiled
def become_donor(
    life: Any, age: int, month: int, u: float, key: Word, tables: Tables, p: Values
) -> None:
    """Begin a career; the first visit is in the same month."""
    if u < tables.donor_start[age] and life.kidney == HEALTHY_KIDNEY:
        eagerness, double_red_cells, supplements, _ = chance.once(key, life.uid, chance.DONOR)
        life.donor = DONOR
        life.donor_eagerness = exp(p.donor_eagerness_log_sd * normal(eagerness))
        life.double_red_cells = double_red_cells < p.double_red_cells_share
        life.donor_supplements = supplements < p.donor_supplement_uptake
        life.eligible_month = month


@compiled
def is_deferred(life: Any, body: Any, month: int, p: Values) -> bool:
    """Turned away at a visit; sets when the next one makes sense."""
    threshold = (
        p.donation_haemoglobin_men_g_per_l
        if life.sex == MALE
        else p.donation_haemoglobin_women_g_per_l
    )
    if life.pregnancy != NOT_PREGNANT or month < life.last_birth_month + MONTHS_AFTER_DELIVERY:
        life.eligible_month = month + 1
        return True
    if haemoglobin(body, life.blood_volume_l, p) < threshold:
        life.eligible_month = month + int(p.donor_deferral_months)
        return True
    threshold = p.ferritin_deferral_below_ug_per_l
    if threshold > 0.0 and ferritin(body, life, p) < threshold:
        life.eligible_month = month + int(p.ferritin_deferral_months)
        return True
    return False


@compiled
def give_blood(life: Any, burden: Any, month: int, p: Values) -> None:
    """A donation of whole blood, or of double red cells with twice the interval."""
    interval = (
        p.donation_interval_men_months if life.sex == MALE else p.donation_interval_women_months
    )
    if life.double_red_cells:
        burden.blood_loss_ml += p.double_red_cells_volume_ml
        life.eligible_month = month + 2 * int(interval)
    else:
        burden.blood_loss_ml += p.donation_volume_ml
        life.eligible_month = month + int(interval)
    life.donations += 1
    life.last_donation_month = month


@inlined
def donate(
    life: Any,
    body: Any,
    burden: Any,
    age: int,
    month: int,
    u: float,
    key: Word,
    tables: Tables,
    p: Values,
) -> None:
    """One month of a possible or actual donor."""
    if life.donor == NO_DONOR:
        become_donor(life, age, month, u, key, tables, p)
        first_visit = life.donor == DONOR
    else:
        first_visit = False
    if life.donor == DONOR and life.kidney != HEALTHY_KIDNEY:
        life.donor = FORMER_DONOR
    if life.donor != DONOR:
        return
    visit, stop, _, _ = chance.at(key, life.uid, month, chance.DONATION_MONTH)
    visits = p.donor_visits_per_year * life.donor_eagerness
    if month >= life.eligible_month and (first_visit or visit < probability_per_month(visits)):
        stays_away, _, _, _ = chance.nth(key, life.uid, life.donations, chance.DONATION)
        if not (body.rls and stays_away < p.donor_self_deferral) and not is_deferred(
            life, body, month, p
        ):
            give_blood(life, burden, month, p)
    since = month - life.last_donation_month
    if life.donor_supplements and 0 < since <= p.donor_supplement_months:
        burden.oral_iron_mg_per_day += p.donor_supplement_mg_per_day
    if stop < p.donor_stop_per_month or age >= p.donor_last_age_years:
        life.donor = FORMER_DONOR
