"""A month of peripheral iron, against the formulas of the model written out once more."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from rule_tools import EXACT, a_burden, inputs, moment, person, plain

from rlsabm.body.body import advance_body, be_born
from rlsabm.body.iron import (
    PERIPHERAL_IRON,
    absorbed_from_food,
    absorbed_from_tablets,
    advance_iron,
    endow_with_iron,
    erythropoietic_drive,
    ferritin,
    haemoglobin,
    is_anaemic,
    is_iron_deficient,
    transferrin_receptor,
    transferrin_saturation,
)
from rlsabm.body.responses import absorbed_share, cns_supply, equilibrium_prevalence, ferritin_at
from rlsabm.burden import NO_CARE
from rlsabm.conventions import DAYS_PER_MONTH, FEMALE, MALE

DAYS = 30.44
SCALE, TARGET = 500.0, 2200.0


def level(stores_mg: float, scale: float = SCALE) -> float:
    """Ferritin of stores: 40 (exp(stores / scale) - 1), at least 1 µg/L."""
    return max(40 * np.expm1(stores_mg / scale), 1.0)


def share_at(stores_mg: float) -> float:
    return 0.89 * level(stores_mg) ** -0.5


def month(
    *,
    values: dict[str, float] | None = None,
    burden: dict[str, float] | None = None,
    infused_mg: float = 0.0,
    care: dict[str, float] | None = None,
    **of: Any,
) -> SimpleNamespace:
    """A month of iron: the body before and after, and what changed."""
    of = {"iron_intake_mg_per_day": 0.0, "tissue_iron_mg": 49.0} | of
    life, body = person(**of)
    before = body.copy()
    load = a_burden()
    for name, value in (burden or {}).items():
        load[name] = value
    received = NO_CARE._replace(infused_iron_mg=infused_mg, **(care or {}))
    plain(advance_iron)(
        body, life, load, received, 1.0 / life.storage_scale_mg, inputs(**(values or {}))
    )
    return SimpleNamespace(
        life=life,
        before=before,
        body=body,
        stores=float(body.storage_iron_mg),
        red=float(body.red_cell_iron_mg),
        tissue=float(body.tissue_iron_mg),
        gained=float(body.iron_gained_mg - before.iron_gained_mg),
        spent=float(body.iron_spent_mg - before.iron_spent_mg),
    )


# Ferritin, saturation, receptor, haemoglobin ------------------------------------------------------


def test_ferritin_is_linear_at_low_and_exponential_at_high_stores() -> None:
    """12.5 mg per µg/L when low (Walters 1973: 8-10), e times as much per 500 mg when high."""
    assert plain(ferritin_at)(0.01, 40.0) == 1.0
    for stores, expected in ((0.1, 40 * np.expm1(0.1)), (3.0, 40 * np.expm1(3.0))):
        assert plain(ferritin_at)(stores, 40.0) == pytest.approx(expected, rel=1e-7)
    p = inputs()
    for stores in (50.0, 400.0, 1500.0):
        life, body = person(storage_iron_mg=stores)
        assert plain(ferritin)(body, life, p) == pytest.approx(level(stores), rel=1e-6)
    assert pytest.approx(12.5) == 500 / 40


def test_saturation_falls_with_ferritin() -> None:
    p = inputs()
    for stores in (20.0, 131.0, 1000.0):
        life, body = person(storage_iron_mg=stores)
        expected = 30 * level(stores) / (level(stores) + 12)
        assert plain(transferrin_saturation)(body, life, p) == pytest.approx(expected, rel=1e-6)


def test_half_of_the_saturation_is_left_at_a_ferritin_of_12() -> None:
    """Empty stores have about 16 % (the limit of iron-deficient erythropoiesis)."""
    life, body = person(storage_iron_mg=500 * np.log1p(12 / 40))
    assert plain(transferrin_saturation)(body, life, inputs()) == pytest.approx(15.0, rel=1e-6)


def test_the_receptor_rises_with_drive_and_with_a_lack_of_supply() -> None:
    p = inputs()
    life, body = person(storage_iron_mg=1e5 / 40, red_cell_iron_mg=TARGET)
    supply = level(2500.0) / (level(2500.0) + 12)
    assert plain(transferrin_receptor)(body, life, p) == pytest.approx(2.9 / supply**0.5, rel=1e-6)
    life, body = person(storage_iron_mg=100.0, red_cell_iron_mg=0.9 * TARGET)
    supply = level(100.0) / (level(100.0) + 12)
    expected = 2.9 * (1 + 1.5 * 0.1) / supply**0.5
    assert plain(transferrin_receptor)(body, life, p) == pytest.approx(expected, rel=1e-5)


def test_the_receptor_is_finite_without_stores() -> None:
    p = inputs(transferrin_saturation_half_ug_per_l=30)
    life, body = person(storage_iron_mg=0.0)
    supply = 1 / 31
    assert plain(transferrin_receptor)(body, life, p) == pytest.approx(2.9 / supply**0.5, rel=1e-6)
    p.transferrin_saturation_half_ug_per_l = 1e6
    assert plain(transferrin_receptor)(body, life, p) == pytest.approx(2.9 / 0.02**0.5, rel=1e-6)


def test_haemoglobin_is_iron_by_volume() -> None:
    """3.39 mg of iron in a gram."""
    _, body = person(red_cell_iron_mg=140 * 5 * 3.39)
    assert plain(haemoglobin)(body, 5.0, inputs()) == pytest.approx(140.0)
    assert plain(haemoglobin)(body, 6.0, inputs()) == pytest.approx(140 * 5 / 6)


# States -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("age", "limit"), [(0, 12), (4, 12), (5, 15), (40, 15)])
def test_iron_deficiency_by_the_world_health_organization(age: int, limit: float) -> None:
    for value, deficient in ((limit - 0.1, True), (limit, False), (limit + 0.1, False)):
        people = SimpleNamespace(stores_ferritin_ug_per_l=np.array([value]), age=np.array([age]))
        assert is_iron_deficient(people).tolist() == [deficient]


@pytest.mark.parametrize(
    ("age", "sex", "pregnancy", "limit"),
    [
        (4, MALE, 0, 110), (5, MALE, 0, 115), (11, FEMALE, 0, 115), (12, MALE, 0, 120),
        (14, MALE, 0, 120), (15, MALE, 0, 130), (15, FEMALE, 0, 120), (30, FEMALE, 1, 110),
        (70, MALE, 0, 130), (70, FEMALE, 0, 120),
    ],
)  # fmt: skip
def test_anaemia_by_the_world_health_organization(
    age: int, sex: int, pregnancy: int, limit: float
) -> None:
    """WHO 2011: children under 5, 5-11, 12-14 years, men, women, pregnant women."""
    for value, anaemic in ((limit - 0.1, True), (limit, False)):
        people = SimpleNamespace(
            haemoglobin_g_per_l=np.array([value]), age=np.array([age]), sex=np.array([sex]),
            pregnancy=np.array([pregnancy]),
        )  # fmt: skip
        assert is_anaemic(people).tolist() == [anaemic]


def test_iron_deficiency_anaemia_is_both() -> None:
    people = SimpleNamespace(
        stores_ferritin_ug_per_l=np.array([10.0, 10, 50, 50]),
        haemoglobin_g_per_l=np.array([100.0, 150, 100, 150]),
        age=np.full(4, 40), sex=np.full(4, MALE), pregnancy=np.zeros(4, int),
    )  # fmt: skip
    group = {group.name: group for group in PERIPHERAL_IRON.groups}["iron_deficiency_anaemia"]
    assert group.members(people).tolist() == [True, False, False, False]


# Absorption ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("stores", [0.0, 0.3, 1.0, 2.5, 4.99, 5.0, 7.0])
def test_the_absorbed_share_falls_with_a_power_of_ferritin(stores: float) -> None:
    """0.89 / ferritin^0.5; beyond the table, in units of the scale, as at its end."""
    expected = share_at(500 * min(stores, 5.0))
    assert plain(absorbed_share)(stores, inputs()) == pytest.approx(expected, rel=2e-4)


def test_the_absorbed_share_is_between_its_knots() -> None:
    p = inputs()
    low, high = (plain(absorbed_share)(s, p) for s in (0.50, 0.50 + 1 / 300))
    assert low > high
    assert plain(absorbed_share)(0.50 + 0.25 / 300, p) == pytest.approx(0.75 * low + 0.25 * high)


@pytest.mark.parametrize(("sex", "ceiling"), [(FEMALE, 5.0), (MALE, 6.0)])
def test_food_is_absorbed_up_to_the_ceiling_of_the_sex(sex: int, ceiling: float) -> None:
    life, _ = person(sex=sex, iron_intake_mg_per_day=10.0)
    burden, p = a_burden(), inputs()
    burden.absorption_factor = 0.8
    assert plain(absorbed_from_food)(life, 0.1, 1.5, burden, p) == pytest.approx(1.2)
    assert plain(absorbed_from_food)(life, 0.9, 1.5, burden, p) == pytest.approx(ceiling)
    burden.absorption_ceiling_factor = 1.2
    assert plain(absorbed_from_food)(life, 0.9, 1.5, burden, p) == pytest.approx(1.2 * ceiling)


def test_tablets_are_absorbed_as_moretti_measured() -> None:
    """First doses of 40 and 240 mg: 6.7 and 18.1 mg; daily doses 35-45 % less (Blood 126:1981)."""
    burden, p = a_burden(), inputs()
    at_20 = share_at(500 * np.log1p(20 / 40))
    for dose, first in ((40.0, 6.7), (240.0, 18.1)):
        for relative in (1.0, p.tablet_daily_factor):
            found = plain(absorbed_from_tablets)(dose, relative, at_20, 1.0, burden, p)
            assert found == pytest.approx(relative * first, rel=0.02)
            assert found == pytest.approx(relative * 0.87 * dose**0.555, rel=1e-6)
    assert p.tablet_daily_factor == 0.64


def test_tablets_are_absorbed_less_above_a_ferritin_of_80_and_no_more_below() -> None:
    burden, p = a_burden(), inputs()
    at_80 = 0.89 * 80**-0.5
    full = plain(absorbed_from_tablets)(60.0, 0.64, at_80, 1.0, burden, p)
    assert plain(absorbed_from_tablets)(60.0, 0.64, at_80 / 2, 1.0, burden, p) == pytest.approx(
        full / 2
    )
    assert plain(absorbed_from_tablets)(60.0, 0.64, at_80 * 3, 1.0, burden, p) == pytest.approx(
        full
    )


def test_tablets_go_with_drive_and_absorption_up_to_half_of_the_dose() -> None:
    burden, p = a_burden(), inputs()
    full = plain(absorbed_from_tablets)(60.0, 0.64, 0.2, 1.0, burden, p)
    burden.absorption_factor = 0.5
    assert plain(absorbed_from_tablets)(60.0, 0.64, 0.2, 1.4, burden, p) == pytest.approx(
        0.7 * full
    )
    assert plain(absorbed_from_tablets)(60.0, 0.64, 0.2, 99.0, burden, p) == 30.0


def test_drive_rises_by_1_5_per_share_of_red_cells_missing() -> None:
    p = inputs()
    assert plain(erythropoietic_drive)(220.0, 2200.0, p) == pytest.approx(1.15)
    assert plain(erythropoietic_drive)(-500.0, 2200.0, p) == 1.0
    assert plain(erythropoietic_drive)(0.0, 2200.0, p) == 1.0


# A month ------------------------------------------------------------------------------------------


def test_food_goes_to_stores() -> None:
    """At stores of 500 mg: 10 mg a day x 0.89 / ferritin^0.5."""
    found = month(iron_intake_mg_per_day=10.0, storage_iron_mg=500.0)
    absorbed = 10 * share_at(500.0)
    assert found.stores == pytest.approx(500 + absorbed * DAYS, rel=1e-5)
    assert found.gained == pytest.approx(absorbed * DAYS, rel=1e-5)
    assert found.body.absorbed_mg_per_day == pytest.approx(absorbed, rel=1e-5)
    assert found.red == TARGET
    assert DAYS_PER_MONTH == DAYS


def test_tablets_add_to_food() -> None:
    without = month(storage_iron_mg=700.0)
    found = month(storage_iron_mg=700.0, burden={"oral_iron_mg_per_day": 60.0})
    tablets = 0.64 * 0.87 * 60**0.555 * share_at(700.0) / (0.89 * 80**-0.5)
    assert found.stores - without.stores == pytest.approx(tablets * DAYS, rel=1e-4)
    assert found.gained == pytest.approx(tablets * DAYS, rel=1e-4)


def test_tablets_of_care_come_on_their_days_beside_others() -> None:
    """A dose of 60 mg on four fifths of every other day, absorbed as a first one."""
    first = 0.87 * 60**0.555 * share_at(700.0) / (0.89 * 80**-0.5)
    care = {"oral_iron_mg": 60.0, "oral_iron_days": 0.4, "oral_iron_relative": 1.0}
    without = month(storage_iron_mg=700.0)
    found = month(storage_iron_mg=700.0, care=care)
    assert found.gained - without.gained == pytest.approx(0.4 * first * DAYS, rel=1e-4)
    both = month(storage_iron_mg=700.0, care=care, burden={"oral_iron_mg_per_day": 60.0})
    assert both.gained - without.gained == pytest.approx((0.4 + 0.64) * first * DAYS, rel=1e-4)


def test_macrophages_pass_infused_iron_on_to_stores() -> None:
    """Of what they hold, 1 - exp(-1 / 2) a month; the ledger has it from the day of the infusion."""
    share = 1 - np.exp(-1 / 2)
    found = month(care={"slow_iron_mg": 800.0})
    assert found.stores == pytest.approx(1000 + 800 * share)
    assert found.body.infused_iron_mg == pytest.approx(800 * (1 - share))
    assert found.gained == pytest.approx(800.0)
    later = month(infused_iron_mg=300.0)
    assert later.stores == pytest.approx(1000 + 300 * share)
    assert later.gained == 0.0


def test_gut_and_assays_see_iron_in_macrophages() -> None:
    """Absorption and ferritin are those of stores that hold it."""
    p = inputs()
    life, body = person(storage_iron_mg=200.0, infused_iron_mg=300.0)
    assert plain(ferritin)(body, life, p) == pytest.approx(40 * (np.exp(1.0) - 1))
    found = month(iron_intake_mg_per_day=10.0, storage_iron_mg=200.0, infused_iron_mg=300.0)
    assert found.gained == pytest.approx(10 * share_at(500.0) * DAYS, rel=1e-5)


def test_infused_iron_goes_to_stores() -> None:
    found = month(infused_mg=200.0)
    assert found.stores == pytest.approx(1200.0)
    assert found.gained == pytest.approx(200.0)
    assert found.body.absorbed_mg_per_day == 0.0


def test_losses_leave_stores_and_are_told() -> None:
    found = month(burden={"iron_loss_mg": 30.0, "milk_iron_mg": 8.0})
    assert found.stores == pytest.approx(962.0)
    assert found.spent == pytest.approx(38.0)
    assert found.body.lost_mg_per_day == pytest.approx(38 / DAYS, rel=EXACT)


def test_losses_take_at_most_what_stores_hold_in_their_order() -> None:
    """First other losses, then milk, then the conceptus."""
    found = month(storage_iron_mg=20.0, burden={"iron_loss_mg": 30.0, "milk_iron_mg": 8.0})
    assert (found.stores, found.spent) == (0.0, pytest.approx(20.0))
    found = month(storage_iron_mg=20.0, burden={"iron_loss_mg": 15.0, "milk_iron_mg": 8.0})
    assert (found.stores, found.spent) == (0.0, pytest.approx(20.0))


def test_blood_is_lost_at_the_concentration_it_has() -> None:
    """500 of 5,000 mL take a tenth of the red cells; the rest stands for lack of iron."""
    found = month(storage_iron_mg=0.0, burden={"blood_loss_ml": 500.0})
    assert found.red == pytest.approx(0.9 * TARGET)
    assert found.spent == pytest.approx(0.1 * TARGET)
    anaemic = month(storage_iron_mg=0.0, red_cell_iron_mg=1000.0, burden={"blood_loss_ml": 500.0})
    assert anaemic.spent == pytest.approx(100.0)
    assert anaemic.body.lost_mg_per_day == pytest.approx(100 / DAYS, rel=EXACT)


def test_menses_count_where_they_come() -> None:
    for factor, lost in ((1.0, 0.01 * TARGET), (0.0, 0.0)):
        found = month(storage_iron_mg=0.0, burden={"menses_ml": 50.0, "menses_factor": factor})
        assert found.spent == pytest.approx(lost)
    both = month(storage_iron_mg=0.0, burden={"menses_ml": 50.0, "blood_loss_ml": 50.0})
    assert both.spent == pytest.approx(0.02 * TARGET)


def test_an_expanded_volume_loses_less_iron_with_the_same_blood() -> None:
    burden = {"blood_loss_ml": 500.0, "blood_volume_factor": 1.25}
    assert month(storage_iron_mg=0.0, burden=burden).spent == pytest.approx(0.08 * TARGET)


def test_no_month_takes_more_than_three_fifths_of_the_blood() -> None:
    found = month(storage_iron_mg=0.0, burden={"blood_loss_ml": 9000.0})
    assert found.spent == pytest.approx(0.6 * TARGET)


def test_what_was_bled_drives_absorption_in_the_same_month() -> None:
    found = month(
        storage_iron_mg=500.0, iron_intake_mg_per_day=5.0, burden={"blood_loss_ml": 500.0}
    )
    drive = 1 + 1.5 * 0.1
    absorbed = 5 * share_at(500.0) * drive
    assert found.body.absorbed_mg_per_day == pytest.approx(absorbed, rel=1e-5)


def released(stores: float, pace: float = 1.0) -> float:
    """Iron that stores can give in a month: 18 % of full ones, a smaller share of low ones."""
    return float(0.165 * -np.expm1(-stores / SCALE) * stores * pace)


def made(missing: float, reaching: float) -> float:
    """Red cells made: four fifths of what is missing, as far as iron reaches the marrow."""
    return min(0.8 * missing, reaching)


@pytest.mark.parametrize("stores", [0.0, 100.0, 400.0, 2000.0])
def test_red_cells_are_made_as_far_as_iron_reaches_the_marrow(stores: float) -> None:
    found = month(storage_iron_mg=stores, red_cell_iron_mg=0.95 * TARGET)
    expected = made(0.05 * TARGET, released(stores))
    assert (expected < 87.9) == (stores < 2000.0)
    assert found.red - 0.95 * TARGET == pytest.approx(expected, rel=1e-5)
    assert found.stores == pytest.approx(stores - expected, rel=1e-6)


def test_absorbed_iron_reaches_the_marrow_in_full() -> None:
    found = month(storage_iron_mg=100.0, red_cell_iron_mg=0.95 * TARGET, iron_intake_mg_per_day=6.0)
    absorbed = 6 * share_at(100.0) * (1 + 1.5 * 0.05) * DAYS
    expected = made(0.05 * TARGET, released(100.0) + absorbed)
    assert expected < 0.8 * 0.05 * TARGET
    assert found.red - 0.95 * TARGET == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("lost", [10.0, 30.0, 60.0])
def test_other_losses_take_of_the_iron_that_could_reach_the_marrow(lost: float) -> None:
    """Iron that skin, gut and milk take is not there for red cells."""
    found = month(
        storage_iron_mg=400.0, red_cell_iron_mg=0.9 * TARGET, burden={"iron_loss_mg": lost}
    )
    expected = max(released(400.0) - lost, 0.0)
    assert found.red - 0.9 * TARGET == pytest.approx(expected, rel=1e-5, abs=1e-3)
    assert found.stores == pytest.approx(400.0 - lost - expected, rel=1e-6)


def test_the_conceptus_takes_of_stores_not_of_what_reaches_the_marrow() -> None:
    """What food brings makes red cells while placenta and fetus empty the stores."""
    found = month(
        storage_iron_mg=200.0, red_cell_iron_mg=0.9 * TARGET, iron_intake_mg_per_day=10.0,
        burden={"conceptus_demand_mg": 80.0},
    )  # fmt: skip
    absorbed = 10 * share_at(200.0) * (1 + 1.5 * 0.1) * DAYS
    expected = made(0.1 * TARGET, released(200.0) + absorbed)
    passed = float(found.body.conceptus_iron_mg)
    assert found.red - 0.9 * TARGET == pytest.approx(expected, rel=1e-5)
    assert found.stores == pytest.approx(200 + absorbed - passed - expected, rel=1e-5)


def test_new_tissue_comes_before_red_cells() -> None:
    found = month(storage_iron_mg=200.0, red_cell_iron_mg=0.9 * TARGET, tissue_iron_mg=44.0)
    expected = released(200.0) - 5.0
    assert found.red - 0.9 * TARGET == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("weight", "pace"), [(70.0, 1.0), (70.0 / 16, 2.0), (70.0 * 16, 0.5)])
def test_stores_of_small_bodies_turn_over_faster(weight: float, pace: float) -> None:
    """By the fourth root of weight."""
    found = month(
        storage_iron_mg=200.0, red_cell_iron_mg=0.9 * TARGET, weight_kg=weight, tissue_iron_mg=1e4
    )
    assert found.red - 0.9 * TARGET == pytest.approx(released(200.0, pace), rel=1e-5)


def test_no_more_red_cells_are_made_than_stores_allow() -> None:
    """Full stores of a small body at the upper bound of release."""
    found = month(
        storage_iron_mg=150.0, storage_scale_mg=50.0, weight_kg=70.0 / 16, red_cell_iron_mg=1000.0,
        values={"store_release_per_month": 1.0},
    )  # fmt: skip
    assert found.red == pytest.approx(1150.0)
    assert found.stores == pytest.approx(0.0, abs=1e-6)


def test_surplus_red_cells_return_to_stores_by_half_a_month() -> None:
    found = month(red_cell_iron_mg=TARGET + 300)
    assert found.red == pytest.approx(TARGET + 150)
    assert found.stores == pytest.approx(1150.0)
    assert found.spent == 0.0


def test_a_lower_haemoglobin_aimed_at_frees_iron() -> None:
    found = month(burden={"red_cell_target_factor": 0.9})
    assert found.red == pytest.approx(TARGET - 110)
    assert found.stores == pytest.approx(1110.0)


def test_a_higher_target_asks_for_red_cells() -> None:
    found = month(storage_iron_mg=3000.0, burden={"red_cell_target_factor": 1.1})
    assert found.red == pytest.approx((1 + 0.8 * 0.1) * TARGET, rel=1e-6)


def test_tissues_are_filled_as_stores_allow() -> None:
    """0.7 mg per kg."""
    found = month(tissue_iron_mg=40.0)
    assert (found.tissue, found.stores) == (pytest.approx(49.0), pytest.approx(991.0))
    found = month(tissue_iron_mg=40.0, storage_iron_mg=5.0)
    assert (found.tissue, found.stores) == (pytest.approx(45.0), pytest.approx(0.0))
    found = month(tissue_iron_mg=60.0)
    assert (found.tissue, found.stores) == (pytest.approx(60.0), pytest.approx(1000.0))


def test_the_conceptus_obtains_all_from_full_and_three_quarters_from_empty_stores() -> None:
    for stores in (3000.0, 500.0, 150.0):
        found = month(storage_iron_mg=stores, burden={"conceptus_demand_mg": 80.0})
        saturation = level(stores) / (level(stores) + 12)
        passed = 80 * (0.75 + 0.25 * saturation)
        assert found.body.conceptus_iron_mg == pytest.approx(passed, rel=1e-5)
        assert found.stores == pytest.approx(stores - passed, rel=1e-6)
        assert found.spent == pytest.approx(passed, rel=1e-5)
    assert found.body.lost_mg_per_day == pytest.approx(passed / DAYS, rel=1e-5)


def test_what_stores_lack_for_the_conceptus_red_cells_give() -> None:
    """At most a twentieth of them a month; it counts as missing."""
    found = month(storage_iron_mg=20.0, burden={"conceptus_demand_mg": 80.0})
    saturation = level(20.0) / (level(20.0) + 12)
    passed = 80 * (0.75 + 0.25 * saturation)
    assert found.body.conceptus_iron_mg == pytest.approx(passed, rel=1e-5)
    assert found.red == pytest.approx(TARGET - (passed - 20), rel=1e-6)
    most = month(storage_iron_mg=20.0, burden={"conceptus_demand_mg": 900.0})
    assert most.red == pytest.approx(0.95 * TARGET)
    assert most.body.conceptus_iron_mg == pytest.approx(20 + 0.05 * TARGET)


def test_red_cells_that_went_to_the_conceptus_are_made_good() -> None:
    """They count as missing where iron reaches the marrow in the same month."""
    found = month(
        storage_iron_mg=0.0, red_cell_iron_mg=0.9 * TARGET, iron_intake_mg_per_day=1.0,
        burden={"conceptus_demand_mg": 600.0},
    )  # fmt: skip
    absorbed = 1.0 * 0.89 * 1.15 * DAYS
    given = 0.05 * 0.9 * TARGET
    assert found.red == pytest.approx(0.9 * TARGET - given, rel=1e-5)
    assert found.body.conceptus_iron_mg == pytest.approx(absorbed + given, rel=1e-4)


def test_conceptus_iron_adds_up() -> None:
    found = month(conceptus_iron_mg=100.0, burden={"conceptus_demand_mg": 10.0})
    assert found.body.conceptus_iron_mg == pytest.approx(110, abs=0.3)


def test_the_ledger_closes() -> None:
    """What is held changes by what is gained and spent, whatever happens."""
    found = month(
        storage_iron_mg=60.0, iron_intake_mg_per_day=12.0, tissue_iron_mg=30.0,
        burden=dict(blood_loss_ml=300.0, menses_ml=40.0, iron_loss_mg=20.0, milk_iron_mg=8.0,
                    conceptus_demand_mg=70.0, oral_iron_mg_per_day=30.0, red_cell_target_factor=1.2),
        infused_mg=5.0,
    )  # fmt: skip
    held = found.stores + found.red + found.tissue
    assert held - (60 + TARGET + 30) == pytest.approx(found.gained - found.spent, rel=1e-9)


def test_small_amounts_count_too() -> None:
    """A drop of blood, a grain of a tablet, a little that is missing."""
    assert month(storage_iron_mg=0.0, burden={"blood_loss_ml": 0.5}).spent > 0.2
    assert month(burden={"oral_iron_mg_per_day": 0.5}).gained > 0.1
    assert month(burden={"conceptus_demand_mg": 0.5}).spent == pytest.approx(0.5, rel=0.05)
    found = month(storage_iron_mg=3000.0, red_cell_iron_mg=TARGET - 0.5)
    assert found.red == pytest.approx(TARGET - 0.1, abs=1e-3)
    assert found.stores == pytest.approx(3000 - 0.4)


# Newborns -----------------------------------------------------------------------------------------


def test_a_newborns_iron_goes_to_blood_then_tissue_then_stores() -> None:
    """Haemoglobin of newborns is 170 g/L where the set point of infants is 120."""
    life, body = person(red_cell_target_mg=100.0, weight_kg=3.0)
    plain(endow_with_iron)(body, life, 250.0, inputs())
    assert body.red_cell_iron_mg == pytest.approx(100 * 170 / 120)
    assert body.tissue_iron_mg == pytest.approx(0.7 * 3)
    assert body.storage_iron_mg == pytest.approx(250 - 100 * 170 / 120 - 2.1)
    assert body.iron_gained_mg == 250.0


def test_a_newborn_with_little_iron_keeps_a_fifth_in_stores() -> None:
    """At most three quarters in blood, a twentieth in tissue."""
    life, body = person(red_cell_target_mg=100.0, weight_kg=3.0)
    plain(endow_with_iron)(body, life, 40.0, inputs())
    assert body.red_cell_iron_mg == pytest.approx(30.0)
    assert body.tissue_iron_mg == pytest.approx(2.0)
    assert body.storage_iron_mg == pytest.approx(8.0)


def test_newborns_have_what_their_mother_gave_or_75_mg_per_kg() -> None:
    p = inputs()
    for given, total in ((200.0, 200.0), (0.5, 0.5), (0.0, 75 * 3.5)):
        life, body = person(weight_kg=3.5, red_cell_target_mg=100.0, storage_scale_mg=60.0)
        plain(be_born)(body, life, given, p)
        assert body.iron_gained_mg == pytest.approx(total)
        assert body.endowment_mg == given


def test_a_newborns_brain_is_at_its_supply() -> None:
    p = inputs()
    life, body = person(
        weight_kg=3.5, red_cell_target_mg=100.0, storage_scale_mg=200.0, cns_iron_trait=0.8
    )
    plain(be_born)(body, life, 160.0, p)
    supply = plain(cns_supply)(body.storage_iron_mg / 200.0, p)
    assert 0.2 < supply < 0.95
    assert body.cns_iron_exchangeable == pytest.approx(0.8 * supply, rel=EXACT)
    assert body.cns_iron_structural == pytest.approx(0.05, rel=EXACT)


# Responses ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("stores", [0.0, 0.15, 0.16, 0.4, 1.0, 5.0, 6.0])
def test_cns_supply_is_hills_curve_of_ferritin(stores: float) -> None:
    """Half at a ferritin of 7, with an exponent of 2.5."""
    at = level(500 * min(stores, 5.0))
    expected = 1 / (1 + (7 / at) ** 2.5)
    assert plain(cns_supply)(stores, inputs()) == pytest.approx(expected, rel=2e-3)


def test_cns_supply_is_near_flat_above_30_and_steep_below_15() -> None:
    p = inputs()
    supply = {level: plain(cns_supply)(np.log1p(level / 40), p) for level in (3, 7, 15, 30, 100)}
    assert supply[7] == pytest.approx(0.5, abs=0.003)
    assert supply[30] > 0.97
    assert supply[100] > 0.998
    assert supply[15] - supply[3] > 0.7


def test_cns_supply_is_between_its_knots() -> None:
    p = inputs()
    low, high = (plain(cns_supply)(s, p) for s in (0.20, 0.20 + 1 / 300))
    assert plain(cns_supply)(0.20 + 0.25 / 300, p) == pytest.approx(0.75 * low + 0.25 * high)


@pytest.mark.parametrize("x", [-20.0, -13.9, -3.0, -0.4, 0.0, 1.7, 13.9, 20.0])
def test_equilibrium_prevalence_is_logistic(x: float) -> None:
    expected = 1 / (1 + np.exp(-np.clip(x, -14, 14)))
    found = plain(equilibrium_prevalence)(0.43 * x, 1 / 0.43, inputs())
    assert found == pytest.approx(expected, rel=2e-4)


def test_equilibrium_prevalence_is_between_its_knots() -> None:
    p = inputs()
    low, high = (plain(equilibrium_prevalence)(x, 1.0, p) for x in (-2.0, -2.0 + 1 / 32))
    quarter = plain(equilibrium_prevalence)(-2.0 + 0.25 / 32, 1.0, p)
    assert quarter == pytest.approx(0.75 * low + 0.25 * high)


def test_a_month_of_a_body_is_iron_then_brain_then_symptoms() -> None:
    """The brain sees the stores that this month's iron has left."""
    p = inputs()
    life, body = person(storage_iron_mg=300.0, iron_intake_mg_per_day=0.0, tissue_iron_mg=49.0)
    burden = a_burden()
    burden.iron_loss_mg = 200.0
    plain(advance_body)(body, life, burden, NO_CARE, moment(), p)
    supply = plain(cns_supply)(100.0 / 500.0, p)
    step = 1 - np.exp(-1 / 2)
    assert body.storage_iron_mg == pytest.approx(100.0)
    assert body.cns_iron_exchangeable == pytest.approx(1 + (supply - 1) * step, rel=1e-5)
    assert body.liability < -2
