"""Peripheral iron: the ledger, steady states, trajectories, recovery after bleeding, absorption."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit
from scipy.optimize import brentq

from rlsabm.body.iron import (
    absorbed_from_food,
    absorbed_from_tablets,
    advance_iron,
    endow_with_iron,
    erythropoietic_drive,
    ferritin,
    haemoglobin,
    transferrin_saturation,
)
from rlsabm.body.responses import absorbed_share, cns_supply, equilibrium_prevalence, ferritin_at
from rlsabm.burden import NO_CARE, lay_neutral, neutral_burdens
from rlsabm.calibration.measures.trials import are_accepted, days_to_recover
from rlsabm.calibration.reading import calibration_targets
from rlsabm.conventions import DAYS_PER_MONTH, FEMALE, MALE
from rlsabm.exposures.kidney import DIALYSIS
from rlsabm.observe.phlebotomy import Plan, let_give_blood
from rlsabm.observe.survey import Survey, take_survey
from rlsabm.person import BODY, LIFE, newborn_records
from rlsabm.population import Population
from rlsabm.setting import Setting

Diary = list[tuple[int, np.ndarray, np.ndarray]]


@njit
def lay_down(life: Any, burden: Any) -> None:
    """The burden of a month in which nothing happens."""
    lay_neutral(burden)
    burden.iron_loss_mg = life.basal_loss_mg_per_day * DAYS_PER_MONTH


# A single burden cannot be passed from Python, only an array of them.


@njit
def lay_down_first(life: Any, burdens: Any) -> None:
    lay_down(life, burdens[0])


@njit(error_model="numpy")
def from_food(life: Any, share: float, drive: float, burdens: Any, p: Any) -> float:
    return absorbed_from_food(life, share, drive, burdens[0], p)


@njit(error_model="numpy")
def from_tablets(dose: float, share: float, drive: float, burdens: Any, p: Any) -> float:
    return absorbed_from_tablets(dose, p.tablet_daily_factor, share, drive, burdens[0], p)


@njit(error_model="numpy")
def advance_with_first(body: Any, life: Any, burdens: Any, p: Any) -> None:
    advance_iron(body, life, burdens[0], NO_CARE, 1.0 / life.storage_scale_mg, p)


# ------------------------------------------------------------------------------- the ledger


def held(bodies: Any) -> np.ndarray:
    return np.asarray(
        bodies["storage_iron_mg"] + bodies["red_cell_iron_mg"] + bodies["tissue_iron_mg"]
    )


def discrepancy(bodies: Any) -> np.ndarray:
    """What a body holds to what it gained less what it spent, relative."""
    return np.abs(bodies["iron_gained_mg"] - bodies["iron_spent_mg"] - held(bodies)) / held(bodies)


def test_the_ledger_closes_for_everybody_in_every_month(diary: Diary) -> None:
    for _, _, bodies in diary:
        assert discrepancy(bodies).max() < 1e-6


def test_the_ledger_closes_at_the_end_of_whole_lives(whole_lives: Population) -> None:
    lives, bodies = whole_lives.lives, whole_lives.bodies
    assert discrepancy(bodies).max() < 1e-6
    for group in (lives["parity"] > 2, lives["donations"] > 5, lives["cause_of_death"] == 2):
        assert group.sum() > 100
        assert discrepancy(bodies[group]).max() < 1e-6


def test_pools_never_fall_below_nothing(diary: Diary, whole_lives: Population) -> None:
    for bodies in [page[2] for page in diary] + [whole_lives.bodies]:
        for pool in ("storage_iron_mg", "red_cell_iron_mg", "tissue_iron_mg"):
            assert bodies[pool].min() >= 0.0
            assert np.isfinite(bodies[pool]).all()
        assert (bodies["red_cell_iron_mg"] > 0.0).all()


def test_what_is_gained_and_lost_is_told(diary: Diary) -> None:
    """The monthly rates that are shown are those that the ledger counts."""
    infused = 0
    for (_, _, before), (_, lives, after) in pairwise(diary):
        rows = slice(0, len(before))
        alive = lives["death_month"][rows] > 10**6
        spent = (after["iron_spent_mg"][rows] - before["iron_spent_mg"])[alive]
        told = after["lost_mg_per_day"][rows][alive] * DAYS_PER_MONTH
        assert told == pytest.approx(spent, rel=1e-5, abs=1e-4)
        gained = (after["iron_gained_mg"][rows] - before["iron_gained_mg"])[alive]
        other = gained - after["absorbed_mg_per_day"][rows][alive] * DAYS_PER_MONTH
        dialysed = lives["kidney"][rows][alive] == DIALYSIS
        assert np.abs(other[~dialysed]).max() < 1e-3
        infused += (other[dialysed] > 200).sum()
    assert infused > 100


def test_nothing_happens_to_the_dead(diary: Diary) -> None:
    _, lives, bodies = diary[0]
    dead = lives["death_month"] < 10**6
    assert dead.sum() > 20
    later = diary[-1][2][: len(bodies)]
    for name in BODY.names or ():
        assert (bodies[name][dead] == later[name][dead]).all()


def test_children_are_born_with_the_iron_that_their_mothers_gave(diary: Diary) -> None:
    born, twins = 0, 0
    for (_, old, _), (month, lives, bodies) in pairwise(diary):
        row_of = {int(uid): row for row, uid in enumerate(lives["uid"])}
        for row in range(len(old), len(lives)):
            child = lives[row]
            assert child["birth_month"] == month
            mother = row_of.get(int(child["mother"]))
            if mother is None:
                continue
            absorbed = bodies[row]["absorbed_mg_per_day"] * DAYS_PER_MONTH
            endowed = bodies[row]["iron_gained_mg"] - absorbed
            assert endowed == pytest.approx(bodies[mother]["child_iron_mg"], rel=1e-6)
            assert 60.0 < endowed < 320.0
            born += 1
            twins += child["twin"] > 0
    assert born > 100
    assert twins >= 2


def test_a_pregnancy_spends_what_the_conceptus_gets(setting: Setting) -> None:
    """Mother passed = spent, and child and placenta hold it; the rest are her other losses."""
    lives, bodies, burdens = people(setting, 1)
    life, body, burden = lives[0], bodies[0], burdens[0]
    spent, lost = body.iron_spent_mg, 0.0
    for demand in setting.inputs.conceptus_demand_mg_by_month[1:]:
        lay_down_first(life, burdens)
        burden.conceptus_demand_mg = demand
        lost += burden.iron_loss_mg
        advance_with_first(body, life, burdens, setting.inputs)
    assert body.iron_spent_mg - spent - lost == pytest.approx(body.conceptus_iron_mg, rel=1e-6)
    demanded = setting.inputs.conceptus_demand_mg_by_month.sum()
    assert 0.75 * demanded < body.conceptus_iron_mg < demanded


# ------------------------------------------------------------------------------- one body alone


@njit(error_model="numpy")
def _advance(
    body: Any, life: Any, burdens: Any, p: Any, months: int, stores: Any, red: Any
) -> None:
    """The same burden month after month; stores and red cells at the end of each."""
    for month in range(months):
        advance_iron(body, life, burdens[0], NO_CARE, 1.0 / life.storage_scale_mg, p)
        stores[month] = body.storage_iron_mg
        red[month] = body.red_cell_iron_mg


def people(setting: Setting, count: int, sex: int = FEMALE) -> tuple[Any, Any, Any]:
    """Adults at their haemoglobin set point with 400 mg in stores, and a scratch burden."""
    lives, bodies = newborn_records(LIFE, count), newborn_records(BODY, count)
    lives["sex"] = sex
    lives["weight_kg"], lives["blood_volume_l"] = 70.0, 4.5
    lives["storage_scale_mg"] = setting.inputs.storage_scale_mg
    lives["red_cell_target_mg"] = 4.5 * 140.0 * setting.inputs.haemoglobin_iron_mg_per_g
    lives["basal_loss_mg_per_day"] = 1.0
    lives["iron_intake_mg_per_day"] = 12.0
    bodies["storage_iron_mg"] = 400.0
    bodies["red_cell_iron_mg"] = lives["red_cell_target_mg"]
    bodies["tissue_iron_mg"] = setting.inputs.tissue_iron_mg_per_kg * 70.0
    bodies["iron_gained_mg"] = held(bodies)
    return lives, bodies, neutral_burdens(1)


def run(setting: Setting, life: Any, body: Any, burdens: Any, months: int) -> tuple[Any, Any]:
    stores, red = np.zeros(months), np.zeros(months)
    _advance(body, life, burdens, setting.inputs, months, stores, red)
    return stores, red


def test_without_absorption_stores_fall_on_a_line(setting: Setting) -> None:
    lives, bodies, burdens = people(setting, 1)
    lay_down_first(lives[0], burdens)
    burdens[0].absorption_factor = 0.0
    stores, red = run(setting, lives[0], bodies[0], burdens, 12)
    assert stores == pytest.approx(400.0 - DAYS_PER_MONTH * np.arange(1, 13), rel=1e-7)
    assert red == pytest.approx(lives[0].red_cell_target_mg, rel=1e-9)


def test_without_absorption_and_stores_nothing_more_is_lost(setting: Setting) -> None:
    lives, bodies, burdens = people(setting, 1)
    lay_down_first(lives[0], burdens)
    burdens[0].absorption_factor = 0.0
    stores, _ = run(setting, lives[0], bodies[0], burdens, 24)
    assert stores[-1] == 0.0
    assert bodies[0].iron_spent_mg == pytest.approx(400.0)


def test_steady_bleeding_without_iron_halves_blood_geometrically(setting: Setting) -> None:
    """With no stores and no absorption, each month takes its share of the blood."""
    lives, bodies, burdens = people(setting, 1)
    bodies[0].storage_iron_mg = 0.0
    lay_down_first(lives[0], burdens)
    burdens[0].absorption_factor = 0.0
    burdens[0].blood_loss_ml = 45.0
    _, red = run(setting, lives[0], bodies[0], burdens, 20)
    expected = lives[0].red_cell_target_mg * 0.99 ** np.arange(1, 21)
    assert red == pytest.approx(expected, rel=1e-6)


def test_surplus_red_cells_return_to_stores_geometrically(setting: Setting) -> None:
    lives, bodies, burdens = people(setting, 1)
    target = float(lives[0].red_cell_target_mg)
    bodies[0].red_cell_iron_mg = 1.2 * target
    lay_down_first(lives[0], burdens)
    burdens[0].absorption_factor, burdens[0].iron_loss_mg = 0.0, 0.0
    stores, red = run(setting, lives[0], bodies[0], burdens, 8)
    left = 0.2 * target * (1.0 - setting.inputs.red_cell_return_per_month) ** np.arange(1, 9)
    assert red - target == pytest.approx(left, rel=1e-6)
    assert stores == pytest.approx(400.0 + 0.2 * target - left, rel=1e-6)


def balance(setting: Setting, life: Any, burden: Any, stores: float) -> float:
    """Absorption less loss (mg a month) at the haemoglobin set point, from the formulas alone."""
    p = setting.inputs
    level = max(p.storage_bend_ug_per_l * (np.exp(stores / p.storage_scale_mg) - 1.0), 1.0)
    share = p.absorption_at_ferritin_one * level**-p.absorption_ferritin_exponent
    ceiling = (p.absorption_ceiling_women_mg_per_day, p.absorption_ceiling_men_mg_per_day)
    absorbed = min(life.iron_intake_mg_per_day * share, ceiling[life.sex])
    return float(absorbed * DAYS_PER_MONTH - burden.iron_loss_mg)


@pytest.mark.parametrize("loss", [0.6, 1.0, 1.6, 2.4])
@pytest.mark.parametrize("start", [50.0, 1000.0])
def test_stores_settle_where_absorption_equals_loss(
    setting: Setting, loss: float, start: float
) -> None:
    lives, bodies, burdens = people(setting, 1)
    bodies[0].storage_iron_mg = start
    lives[0].basal_loss_mg_per_day = loss
    lay_down_first(lives[0], burdens)
    stores, red = run(setting, lives[0], bodies[0], burdens, 12 * 60)
    root = brentq(lambda s: balance(setting, lives[0], burdens[0], s), 0.1, 2400.0)
    assert stores[-1] == pytest.approx(root, rel=1e-3)
    assert red[-1] == pytest.approx(lives[0].red_cell_target_mg, rel=1e-6)
    assert bodies[0].absorbed_mg_per_day == pytest.approx(loss, rel=1e-4)


def test_a_small_displacement_of_stores_fades_exponentially(setting: Setting) -> None:
    """Near the steady state the stores obey a linear equation whose rate is the slope there."""
    lives, bodies, burdens = people(setting, 2)
    lay_down_first(lives[0], burdens)
    root = brentq(lambda s: balance(setting, lives[0], burdens[0], s), 0.1, 2400.0)
    slope = (
        balance(setting, lives[0], burdens[0], root + 1.0)
        - balance(setting, lives[0], burdens[0], root - 1.0)
    ) / 2.0
    bodies["storage_iron_mg"] = root, 1.02 * root
    undisturbed, _ = run(setting, lives[0], bodies[0], burdens, 48)
    displaced, _ = run(setting, lives[1], bodies[1], burdens, 48)
    expected = 0.02 * root * (1.0 + slope) ** np.arange(1, 49)
    assert displaced - undisturbed == pytest.approx(expected, rel=0.03)
    assert 6.0 < -1.0 / slope < 48.0, "stores adapt within months to years (Hallberg 2000)"


# ------------------------------------------------------------------------------- absorption


def test_tablets_absorb_what_was_measured(setting: Setting) -> None:
    """First doses of 40 and 240 mg at ferritin up to 20: 6.7 and 18.1 mg (Moretti 2015)."""
    p = setting.inputs
    burdens = neutral_burdens(1)
    lay_down_first(newborn_records(LIFE, 1)[0], burdens)
    for dose, measured in ((40.0, 6.7), (240.0, 18.1)):
        daily = from_tablets(dose, p.share_at_tablet_reference, 1.0, burdens, p)
        assert daily / p.tablet_daily_factor == pytest.approx(measured, rel=0.02)
    assert 0.55 <= p.tablet_daily_factor <= 0.65, "a daily dose absorbs 35-45 % less (Moretti 2015)"


@given(
    dose=st.floats(0.5, 500.0),
    share=st.floats(0.01, 0.83),
    drive=st.floats(1.0, 6.0),
    factor=st.floats(0.05, 2.0),
)
def test_no_more_than_half_of_a_tablet_is_absorbed(
    setting: Setting, dose: float, share: float, drive: float, factor: float
) -> None:
    burdens = neutral_burdens(1)
    burdens[0].absorption_factor = factor
    absorbed = from_tablets(dose, share, drive, burdens, setting.inputs)
    assert 0.0 < absorbed <= 0.5 * dose


@given(
    intake=st.floats(0.1, 60.0), share=st.floats(0.01, 0.83), drive=st.floats(1.0, 6.0),
    factor=st.floats(0.05, 2.0), ceiling=st.floats(1.0, 2.0), sex=st.sampled_from([FEMALE, MALE]),
)  # fmt: skip
def test_the_ceiling_on_food_iron_holds(
    setting: Setting, intake: float, share: float, drive: float, factor: float, ceiling: float,
    sex: int,
) -> None:  # fmt: skip
    p = setting.inputs
    lives, burdens = newborn_records(LIFE, 1), neutral_burdens(1)
    lives["sex"], lives["iron_intake_mg_per_day"] = sex, intake
    burdens["absorption_factor"], burdens["absorption_ceiling_factor"] = factor, ceiling
    absorbed = from_food(lives[0], share, drive, burdens, p)
    limit = (p.absorption_ceiling_women_mg_per_day, p.absorption_ceiling_men_mg_per_day)[sex]
    wanted = lives[0].iron_intake_mg_per_day * share * drive * factor
    assert absorbed == pytest.approx(min(wanted, limit * ceiling), rel=1e-6)


def test_nobody_absorbs_more_from_food_than_the_ceiling(diary: Diary, setting: Setting) -> None:
    p = setting.inputs
    ceiling = np.array([p.absorption_ceiling_women_mg_per_day, p.absorption_ceiling_men_mg_per_day])
    _, lives, bodies = diary[-1]
    plain = (
        (lives["death_month"] > 10**6)
        & (lives["pregnancy"] == 0)
        & (lives["donor_supplements"] == 0)
    )
    absorbed = bodies["absorbed_mg_per_day"][plain]
    limit = ceiling[lives["sex"][plain]]
    assert (absorbed <= limit * (1.0 + 1e-6)).all()
    assert (absorbed > 0.999 * limit).sum() >= 5, "some reach it"


def test_absorption_rises_with_a_lack_of_red_cells(setting: Setting) -> None:
    p = setting.inputs
    assert erythropoietic_drive(0.0, 2000.0, p) == 1.0
    assert erythropoietic_drive(-100.0, 2000.0, p) == 1.0
    assert erythropoietic_drive(200.0, 2000.0, p) == pytest.approx(
        1.0 + 0.1 * p.absorption_drive_gain
    )


def test_absorption_of_donors_rises(diary: Diary) -> None:
    """Those who gave in the last two months absorb well above those who never gave (RISE 2017)."""
    month, lives, bodies = diary[-1]
    alive = lives["death_month"] > 10**6
    adult = alive & (month - lives["birth_month"] > 30 * 12) & (lives["kidney"] == 0)
    men = adult & (lives["sex"] == MALE) & (lives["donor_supplements"] == 0)
    never = men & (lives["donor"] == 0)
    recent = men & (lives["donations"] >= 4) & (lives["last_donation_month"] >= month - 2)
    assert min(never.sum(), recent.sum()) > 30
    absorbed = bodies["absorbed_mg_per_day"]
    assert np.median(absorbed[recent]) > 1.8 * np.median(absorbed[never])
    stores = bodies["storage_iron_mg"]
    assert np.median(stores[recent]) < 0.6 * np.median(stores[never])


# ------------------------------------------------------------------------------- responses


def test_ferritin_of_stores_has_the_expected_inverse(setting: Setting) -> None:
    p = setting.inputs
    lives, bodies, _ = people(setting, 1)
    for level in (2.0, 12.0, 26.0, 100.0, 800.0):
        stores = p.storage_scale_mg * np.log1p(level / p.storage_bend_ug_per_l)
        bodies[0].storage_iron_mg = stores
        assert ferritin(bodies[0], lives[0], p) == pytest.approx(level, rel=1e-7)
    bodies[0].storage_iron_mg = 0.0
    assert ferritin(bodies[0], lives[0], p) == 1.0


def test_mapping_of_stores_is_that_of_the_literature(setting: Setting) -> None:
    """Low stores: 8-16 mg per µg/L around Walters 1973; twice the ferritin at 400 mg: Cook 1986."""
    p = setting.inputs
    slope = p.storage_scale_mg / p.storage_bend_ug_per_l
    assert 8.0 <= slope <= 16.0
    high = ferritin_at((1200.0 + 400.0) / p.storage_scale_mg, p.storage_bend_ug_per_l)
    low = ferritin_at(1200.0 / p.storage_scale_mg, p.storage_bend_ug_per_l)
    assert high / low == pytest.approx(np.exp(400.0 / 400.0), rel=0.2)


@given(st.floats(0.05, 4.99))
def test_interpolated_responses_agree_with_their_formulas(setting: Setting, stores: float) -> None:
    p = setting.inputs
    level = max(p.storage_bend_ug_per_l * np.expm1(stores), 1.0)
    share = p.absorption_at_ferritin_one * level**-p.absorption_ferritin_exponent
    supply = 1.0 / (1.0 + (p.supply_half_ferritin_ug_per_l / level) ** p.supply_steepness)
    assert absorbed_share(stores, p) == pytest.approx(share, rel=1e-2 if stores < 0.3 else 1e-3)
    assert cns_supply(stores, p) == pytest.approx(supply, abs=1e-3)


@given(st.floats(-5.9, 5.9), st.floats(0.1, 2.0))
def test_interpolated_prevalence_agrees_with_the_logistic(
    setting: Setting, liability: float, scale: float
) -> None:
    x = float(np.clip(liability / scale, -14, 14))
    found = equilibrium_prevalence(liability, 1.0 / scale, setting.inputs)
    assert found == pytest.approx(1.0 / (1.0 + np.exp(-x)), rel=1e-3)


def test_transferrin_saturation_is_half_at_its_half_point(setting: Setting) -> None:
    p = setting.inputs
    lives, bodies, _ = people(setting, 1)
    level = p.transferrin_saturation_half_ug_per_l
    bodies[0].storage_iron_mg = p.storage_scale_mg * np.log1p(level / p.storage_bend_ug_per_l)
    half = 0.5 * p.transferrin_saturation_full_percent
    assert transferrin_saturation(bodies[0], lives[0], p) == pytest.approx(half, rel=1e-6)


def test_an_endowment_is_divided_without_loss(setting: Setting) -> None:
    lives, bodies, _ = people(setting, 1)
    lives[0].weight_kg, lives[0].red_cell_target_mg = 3.3, 100.0
    for endowment in (60.0, 250.0, 400.0):
        endow_with_iron(bodies[0], lives[0], endowment, setting.inputs)
        assert held(bodies)[0] == pytest.approx(endowment, rel=1e-12)
        assert bodies["iron_gained_mg"][0] == endowment


# ------------------------------------------------------------------------------- after a donation


@pytest.fixture(scope="module")
def accepted(grown: Population) -> Survey:
    """People surveyed whom a blood service would accept, with haemoglobin at its set point.

    What they lack is then what they gave.
    """
    year = grown.setting.survey_years[-1]
    survey = take_survey(grown.setting, grown.lives, grown.bodies, year=year, p=grown.inputs)
    chosen = are_accepted(survey) & (survey.age >= 18) & (survey.age < 80)
    chosen &= np.abs(survey.red_cell_iron_mg / survey.red_cell_target_mg - 1.0) < 0.01
    return replace(survey, rows=survey.rows[chosen], lives=survey.lives[chosen],
                   bodies=survey.bodies[chosen])  # fmt: skip


def median_days(accepted: Survey, *, low: bool, tablets_mg_per_day: float) -> float:
    """Median day on which four fifths of the haemoglobin lost with 500 mL are back."""
    chosen = (accepted.serum_ferritin_ug_per_l <= 26.0) == low
    assert chosen.sum() > 100
    lives, months = accepted.lives[chosen], 24
    plan = Plan(months, 500.0, months, tablets_mg_per_day, months)
    course = let_give_blood(lives, accepted.bodies[chosen], accepted.month + 1, plan, accepted.p)
    red = course.red_cells_mg
    return float(np.median(days_to_recover(red, red[:, 0] * 0.5 / lives["blood_volume_l"])))


def missed(reason: str) -> Any:
    """The mark of a figure that is not met: looked at anew when it is."""
    return pytest.mark.xfail(reason=reason, strict=True, raises=AssertionError)


@pytest.mark.parametrize(
    ("key", "low", "tablets_mg_per_day"),
    [
        pytest.param(
            "C18_low_ferritin", True, 0.0,
            marks=missed("227 days: all that was given is lacking, and stores are low; donors of "
                         "the trial gave some months before, and are as published"),
        ),
        pytest.param("C18_normal_ferritin", False, 0.0),
        pytest.param("C18_low_ferritin_iron", True, 37.5, marks=missed("39 days, for the same reason")),
        pytest.param("C18_normal_ferritin_iron", False, 37.5),
    ],
)  # fmt: skip
def test_haemoglobin_at_its_set_point_recovers_as_in_the_trial(
    accepted: Survey, key: str, low: bool, tablets_mg_per_day: float
) -> None:
    days = median_days(accepted, low=low, tablets_mg_per_day=tablets_mg_per_day)
    print(f"{key}: {days:.0f} days")
    [target] = [each for each in calibration_targets() if each.key == key]
    assert target.contains(days)


@pytest.mark.parametrize("low", [True, False])
def test_tablets_speed_recovery(accepted: Survey, low: bool) -> None:
    without, with_iron = (
        median_days(accepted, low=low, tablets_mg_per_day=dose) for dose in (0.0, 37.5)
    )
    assert with_iron < 0.7 * without


def test_haemoglobin_is_iron_in_blood(setting: Setting) -> None:
    lives, bodies, _ = people(setting, 1)
    level = haemoglobin(bodies[0], lives[0].blood_volume_l, setting.inputs)
    assert level == pytest.approx(140.0, rel=1e-6)
