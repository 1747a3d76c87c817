"""Pregnancy: conception, loss, what the months ask of the mother, delivery, nursing."""

from __future__ import annotations

from math import exp
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from rule_tools import EXACT, KEY, NOW, a_burden, inputs, logged, moment, person, plain

from rlsabm.chance import normal, nth, once
from rlsabm.conventions import DAYS_PER_MONTH, LONG_AGO, MALE
from rlsabm.exposures.menses import REPRODUCTION
from rlsabm.exposures.pregnancy import (
    CONCEIVED,
    DELIVERED,
    DIZYGOTIC_TWINS,
    MONOZYGOTIC_TWINS,
    NOT_PREGNANT,
    ONE_CHILD,
    PREGNANCY,
    PREGNANCY_ENDS,
    TO_BE_LOST,
    Pregnancy,
    PregnancySupplements,
    are_pregnant,
    be_fertile,
    carry,
    chance_to_conceive,
    circulating_volume_l,
    conceive,
    end_pregnancy,
    follow_pregnancy,
    may_conceive,
    month_of_pregnancy,
    months_since_delivery,
    note_pregnancy,
    nurse,
    values_of_pregnancy,
)

UIDS = range(1, 3001)
#: Nobody's uniform is so low or so high.
ALL, NONE = 1.0, 0.0


def pregnant(month_of: int = 1, kind: int = ONE_CHILD, **fields: Any) -> tuple[Any, Any]:
    """A woman in this month of pregnancy."""
    conceived = NOW - month_of + 1
    given = dict(pregnancy=kind, conception_month=conceived, gravidity=1,
                 pregnancy_end_month=conceived + 9)  # fmt: skip
    return person(**(given | fields))


def carried(month_of: int, kind: int = ONE_CHILD, uid: int = 1, **values: float) -> Any:
    """Burden of a month of pregnancy."""
    life, _ = pregnant(month_of, kind, uid=uid)
    burden = a_burden()
    plain(carry)(life, burden, NOW, inputs(**values))
    return burden


# Conception ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "may"),
    [
        ({}, True), ({"sex": MALE}, False), ({"pregnancy": ONE_CHILD}, False),
        ({"pregnancy": TO_BE_LOST}, False), ({"fertile_from": NOW}, True),
        ({"fertile_from": NOW + 1}, False),
    ],
)  # fmt: skip
def test_who_may_conceive(fields: dict[str, Any], may: bool) -> None:
    life, _ = person(**fields)
    assert plain(may_conceive)(life, NOW) == may


def test_the_chance_to_conceive_is_that_of_the_birth_nine_months_later() -> None:
    """By the year of the birth, the mother's age then, and her parity; 4 stands for more."""
    p = inputs()
    p.conception[:] = 0.0
    year = NOW // 12 - p.first_year
    p.conception[year, 30 - 10, 2] = 0.25
    life, _ = person(age=29.5, parity=2)
    assert plain(chance_to_conceive)(life, NOW, p) == 0.25  # 30 in September
    assert plain(chance_to_conceive)(life, NOW - 4, p) == 0.0  # 29 at a birth in August before
    assert plain(chance_to_conceive)(life, NOW + 3, p) == 0.0  # the birth is in the next year
    life.parity = 3
    assert plain(chance_to_conceive)(life, NOW, p) == 0.0
    p.conception[year, 30 - 10, 4] = 0.125
    life.parity = 7
    assert plain(chance_to_conceive)(life, NOW, p) == 0.125


def test_births_are_between_10_and_49_years() -> None:
    p = inputs()
    p.conception[:] = 1.0
    for months, possible in ((12 * 10 - 1, False), (12 * 10, True), (12 * 50 - 1, True),
                             (12 * 50, False)):  # fmt: skip
        life, _ = person(birth_month=NOW + 9 - months)
        assert (plain(chance_to_conceive)(life, NOW, p) > 0) == possible


def test_a_uniform_below_the_chance_decides() -> None:
    p = inputs(pregnancy_loss_share=NONE)
    p.conception[:] = 0.3
    for uniform, conceives in ((0.29, True), (0.31, False)):
        life, body = person(age=30)
        plain(be_fertile)(life, body, a_burden(), moment(conception=uniform), p)
        assert (life.pregnancy != NOT_PREGNANT) == conceives


def test_a_pregnancy_lasts_nine_months_and_three_more_are_without_a_conception() -> None:
    life, body = person(conceptus_iron_mg=50.0, gravidity=2)
    plain(conceive)(life, body, NOW, inputs(pregnancy_loss_share=NONE))
    assert (life.gravidity, life.conception_month) == (3, NOW)
    assert life.pregnancy_end_month == NOW + 9
    assert life.fertile_from == NOW + 9 + 3
    assert body.conceptus_iron_mg == 0.0


def test_a_pregnancy_that_is_lost_lasts_two_months() -> None:
    life, body = person()
    p = inputs()
    p.pregnancy_loss_share = ALL
    plain(conceive)(life, body, NOW, p)
    assert life.pregnancy == TO_BE_LOST
    assert (life.pregnancy_end_month, life.fertile_from) == (NOW + 2, NOW + 3)


def test_a_conception_moves_menarche_and_menopause() -> None:
    life, body = person(menarche_month=NOW + 5, menopause_month=NOW + 1)
    plain(conceive)(life, body, NOW, inputs(pregnancy_loss_share=NONE))
    assert life.menarche_month == NOW
    assert life.menopause_month == life.fertile_from + 12
    life, body = person(menarche_month=NOW - 100, menopause_month=NOW + 100)
    plain(conceive)(life, body, NOW, inputs(pregnancy_loss_share=NONE))
    assert (life.menarche_month, life.menopause_month) == (NOW - 100, NOW + 100)


def test_pregnancies_end_in_loss_and_twins_with_their_shares() -> None:
    p = inputs(pregnancy_loss_share=0.2, monozygotic_share=0.05, dizygotic_share=0.05)
    p.dizygotic_share = 0.15
    kinds = []
    for uid in UIDS:
        life, body = person(uid=uid)
        plain(conceive)(life, body, NOW, p)
        kinds.append(int(life.pregnancy))
    found = np.bincount(kinds, minlength=5) / len(UIDS)
    for kind, share in ((TO_BE_LOST, 0.2), (MONOZYGOTIC_TWINS, 0.8 * 0.05),
                        (DIZYGOTIC_TWINS, 0.8 * 0.15), (ONE_CHILD, 0.8 * 0.8)):  # fmt: skip
        error = (share * (1 - share) / len(UIDS)) ** 0.5
        assert found[kind] == pytest.approx(share, abs=3.5 * error)


# Months of pregnancy ------------------------------------------------------------------------------

#: Shares of what term brings, by month (tables/pregnancy_by_month.csv).
RED_CELLS = [0.0, 0.02, 0.08, 0.20, 0.40, 0.62, 0.82, 0.95, 1.0]
HORMONES = [0.03, 0.10, 0.20, 0.32, 0.44, 0.57, 0.71, 0.86, 1.0]


def test_the_conceptus_draws_315_mg_in_nine_months() -> None:
    """IOM 2001: about 315 mg in fetus and placenta, most of it in the last trimester."""
    demand = [float(carried(k).conceptus_demand_mg) for k in range(1, 10)]
    assert sum(demand) == pytest.approx(315)
    assert demand[0] == 1
    assert sum(demand[6:]) > 2 / 3 * sum(demand)


def test_twins_draw_four_fifths_more() -> None:
    for kind in (MONOZYGOTIC_TWINS, DIZYGOTIC_TWINS):
        assert carried(9, kind).conceptus_demand_mg == pytest.approx(1.8 * 83)
    for kind in (ONE_CHILD, TO_BE_LOST):
        assert carried(9, kind).conceptus_demand_mg == pytest.approx(83)


@pytest.mark.parametrize("month", range(1, 10))
def test_red_cells_grow_by_a_quarter_towards_term(month: int) -> None:
    expected = 1 + 0.25 * RED_CELLS[month - 1]
    assert carried(month).red_cell_target_factor == pytest.approx(expected)


def test_blood_volume_grows_by_a_third_by_the_seventh_month() -> None:
    assert carried(4).blood_volume_factor == pytest.approx(1 + 0.34 * 0.48)
    assert carried(7).blood_volume_factor == pytest.approx(1.34)


def test_absorption_and_its_ceiling_rise_from_the_fourth_month() -> None:
    for month, share in ((3, 0.0), (4, 0.15), (6, 0.6), (9, 1.0)):
        burden = carried(month)
        assert burden.absorption_factor == pytest.approx(1 + 0.4 * share)
        assert burden.absorption_ceiling_factor == pytest.approx(1 + 0.4 * share)


@pytest.mark.parametrize("month", range(1, 10))
def test_hormones_load_dopamine_towards_term(month: int) -> None:
    assert carried(month).dopamine_load == pytest.approx(1.3 * HORMONES[month - 1])


def test_every_month_leaves_its_lasting_share() -> None:
    assert carried(2).lasting_months == 1.0
    assert carried(2, TO_BE_LOST).lasting_months == 1.0


def test_a_pregnancy_beyond_term_is_as_at_term() -> None:
    assert carried(11) == carried(9)


@pytest.mark.parametrize(("month", "takes"), [(2, False), (3, True), (9, True)])
def test_tablets_from_the_third_month(month: int, takes: bool) -> None:
    """27 mg of prenatal iron count half."""
    burden = carried(month, pregnancy_supplement_uptake=ALL)
    assert burden.oral_iron_mg_per_day == pytest.approx(27 * 0.5 if takes else 0.0)
    later = carried(month, pregnancy_supplement_uptake=ALL, pregnancy_supplement_from_month=4)
    assert (later.oral_iron_mg_per_day > 0) == (month >= 4)


def test_the_share_of_women_who_take_tablets_is_the_uptake() -> None:
    """Those who take them, not the others: three tenths do where three tenths should."""
    for uptake in (0.3, 0.8):
        takes = [
            carried(6, uid=uid, pregnancy_supplement_uptake=uptake).oral_iron_mg_per_day > 0
            for uid in range(1, 1001)
        ]
        error = (uptake * (1 - uptake) / 1000) ** 0.5
        assert np.mean(takes) == pytest.approx(uptake, abs=3.5 * error)


def test_a_pregnancy_that_is_switched_off_burdens_nobody() -> None:
    assert carried(9, pregnancy_enabled=0) == a_burden()


# Blood volume as a survey measures it -------------------------------------------------------------


def test_circulating_volume_is_expanded_in_pregnancy() -> None:
    life, _ = pregnant(4)
    p = inputs()
    volume = plain(circulating_volume_l)
    assert volume(life, NOW, p) == pytest.approx(5 * (1 + 0.34 * 0.48))
    assert volume(life, NOW + 8, p) == pytest.approx(5 * 1.34)


@pytest.mark.parametrize("since", [0, 1, 5, 9])
def test_circulating_volume_goes_back_after_a_delivery_as_red_cells_do(since: int) -> None:
    """n months after the month of delivery: volume x (1 + expansion x (1 - return)^(n + 1))."""
    life, _ = person(last_birth_month=NOW - since)
    p = inputs(red_cell_return_per_month=0.3)
    expected = 5 * (1 + 0.34 * 0.7 ** (since + 1))
    assert plain(circulating_volume_l)(life, NOW, p) == pytest.approx(expected)


def test_circulating_volume_is_the_persons_own_otherwise() -> None:
    volume = plain(circulating_volume_l)
    p = inputs()
    life, _ = person(last_birth_month=NOW - 10)
    assert volume(life, NOW, p) == 5.0
    life, _ = person()
    assert life.last_birth_month == LONG_AGO
    assert volume(life, NOW, p) == 5.0
    life, _ = pregnant(9)
    assert volume(life, NOW, inputs(pregnancy_enabled=0)) == 5.0


# Ends ---------------------------------------------------------------------------------------------


def delivered(
    kind: int = ONE_CHILD, uid: int = 1, fields: dict[str, Any] | None = None, **values: float
) -> tuple[Any, Any, Any]:
    """Life, body and burden of the month in which a pregnancy ended."""
    life, body = pregnant(10, kind, uid=uid, conceptus_iron_mg=300.0, **(fields or {}))
    burden = a_burden()
    plain(end_pregnancy)(life, body, burden, NOW, inputs(**values))
    return life, body, burden


def test_a_delivery_counts() -> None:
    for kind, babies in ((ONE_CHILD, 1), (MONOZYGOTIC_TWINS, 2), (DIZYGOTIC_TWINS, 2)):
        life, _, _ = delivered(kind, fields=dict(parity=2, children=3))
        assert (life.parity, life.children) == (3, 3 + babies)
        assert (life.last_birth_month, life.last_delivery) == (NOW, kind)
        assert life.pregnancy == NOT_PREGNANT


def test_children_get_the_conceptus_iron_but_for_the_placentas_fifth() -> None:
    for kind, each in ((ONE_CHILD, 240.0), (MONOZYGOTIC_TWINS, 120.0), (DIZYGOTIC_TWINS, 120.0)):
        _, body, _ = delivered(kind)
        assert body.child_iron_mg == pytest.approx(each, rel=EXACT)


def test_blood_lost_at_delivery_is_lognormal_around_300_ml() -> None:
    """Milman 2011: above 500 mL in 5 to 6 %."""
    p = inputs()
    for uid in (1, 2, 3):
        _, _, burden = delivered(uid=uid)
        _, _, bleeding, _ = plain(nth)(np.uint64(KEY), np.uint64(uid), 1, PREGNANCY_ENDS)
        expected = 300 * exp(p.delivery_blood_log_sd * plain(normal)(bleeding))
        assert burden.blood_loss_ml == pytest.approx(expected, rel=1e-6)
    lost = [float(delivered(uid=uid)[2].blood_loss_ml) for uid in range(1, 1001)]
    assert np.median(lost) == pytest.approx(300, rel=0.06)
    assert np.log(lost).std() == pytest.approx(0.32, rel=0.08)


def test_blood_of_a_delivery_is_lost_from_the_volume_of_term() -> None:
    assert delivered()[2].blood_volume_factor == pytest.approx(1.34)


def test_a_loss_costs_100_ml_and_is_no_delivery() -> None:
    life, body, burden = delivered(TO_BE_LOST)
    assert burden.blood_loss_ml == 100.0
    assert burden.blood_volume_factor == 1.0
    assert (life.parity, life.children, life.pregnancy) == (0, 0, NOT_PREGNANT)
    assert life.last_birth_month == LONG_AGO
    assert body.child_iron_mg == 0.0


def test_ends_of_pregnancies_that_are_switched_off_cost_nothing() -> None:
    for kind in (ONE_CHILD, TO_BE_LOST):
        life, _, burden = delivered(kind, pregnancy_enabled=0)
        assert burden == a_burden()
        assert life.pregnancy == NOT_PREGNANT


def test_five_in_six_mothers_nurse_for_fifteen_months_on_average() -> None:
    months = []
    for uid in UIDS:
        life, _, _ = delivered(uid=uid)
        months.append(int(life.lactation_until) - NOW)
    nursing = np.array(months)[np.array(months) > 0]
    error = (0.83 * 0.17 / len(UIDS)) ** 0.5
    assert len(nursing) / len(UIDS) == pytest.approx(0.83, abs=3.5 * error)
    mean = 1 + np.exp(-(np.arange(1, 400) + 0.5) / 15).sum()  # whole months, at least one
    assert nursing.mean() == pytest.approx(mean, abs=3.5 * mean / len(nursing) ** 0.5)


def test_menses_stay_away_while_nursing_between_two_and_six_months() -> None:
    seen = set()
    for uid in range(1, 301):
        life, _, _ = delivered(uid=uid)
        nursed = int(life.lactation_until) - NOW
        assert life.amenorrhoea_until - NOW == min(max(nursed, 2), 6)
        seen.add(min(nursed, 8))
    assert seen >= {0, 1, 4, 8}


def test_menses_without_nursing_return_after_their_own_time() -> None:
    life, _, _ = delivered(lactation_share=NONE, amenorrhoea_months=3)
    assert life.lactation_until == NOW
    assert life.amenorrhoea_until == NOW + 3


def test_nursing_costs_milk_iron() -> None:
    """IOM: 0.35 mg per litre x 0.78 litres a day."""
    p = inputs()
    assert p.milk_iron_mg_per_day == pytest.approx(0.35 * 0.78, abs=0.005)
    for until, costs in ((NOW + 1, True), (NOW, False)):
        life, _ = person(lactation_until=until)
        burden = a_burden()
        plain(nurse)(life, burden, NOW, p)
        expected = p.milk_iron_mg_per_day * DAYS_PER_MONTH if costs else 0.0
        assert burden.milk_iron_mg == pytest.approx(expected)
    plain(nurse)(person(lactation_until=NOW + 1)[0], burden, NOW, inputs(pregnancy_enabled=0))
    assert burden.milk_iron_mg == 0.0


# A month of a woman -------------------------------------------------------------------------------


def lived(life: Any, body: Any, month: int = NOW, **values: float) -> Any:
    burden = a_burden()
    plain(be_fertile)(life, body, burden, moment(month=month), inputs(**values))
    return burden


def test_a_pregnancy_ends_in_its_month_and_burdens_no_more() -> None:
    life, body = pregnant(9)
    assert lived(life, body).dopamine_load == pytest.approx(1.3)
    assert life.pregnancy == ONE_CHILD
    burden = lived(life, body, NOW + 1)
    assert life.pregnancy == NOT_PREGNANT
    assert (burden.dopamine_load, burden.conceptus_demand_mg) == (0.0, 0.0)
    assert burden.blood_loss_ml > 0


def test_the_month_of_conception_is_the_first_of_pregnancy() -> None:
    p = inputs(pregnancy_loss_share=NONE)
    p.conception[:] = 1.0
    life, body = person(age=30)
    burden = a_burden()
    plain(be_fertile)(life, body, burden, moment(conception=0.5), p)
    assert burden.conceptus_demand_mg == 1.0


def test_menses_stay_away_in_pregnancy_and_after_it() -> None:
    assert lived(*pregnant(3)).menses_factor == 0.0
    assert lived(*person(amenorrhoea_until=NOW + 1)).menses_factor == 0.0
    assert lived(*person(amenorrhoea_until=NOW)).menses_factor == 1.0
    assert lived(*pregnant(3), pregnancy_enabled=0).menses_factor == 1.0


def test_a_mother_nurses_from_the_month_of_delivery() -> None:
    life, body = pregnant(10)
    assert lived(life, body, lactation_share=ALL).milk_iron_mg > 0


def test_bodies_of_other_worlds_follow_conception_and_delivery() -> None:
    p = inputs()
    life, body = pregnant(1, conceptus_iron_mg=30.0)
    plain(follow_pregnancy)(life, body, NOW, p)
    assert body.conceptus_iron_mg == 0.0
    life, body = person(last_birth_month=NOW, last_delivery=ONE_CHILD, conceptus_iron_mg=100.0)
    plain(follow_pregnancy)(life, body, NOW, p)
    assert body.child_iron_mg == pytest.approx(80.0)
    life, body = pregnant(2, conceptus_iron_mg=30.0, last_birth_month=NOW - 30)
    plain(follow_pregnancy)(life, body, NOW, p)
    assert (body.conceptus_iron_mg, body.child_iron_mg) == (30.0, 0.0)


def test_conceptions_and_deliveries_are_logged() -> None:
    def noted(before: dict[str, int], after: dict[str, int]) -> list[tuple[int, int, bool]]:
        return logged(note_pregnancy, person(**after)[0], person(**before)[0], NOW)

    assert noted({}, {}) == []
    assert noted({}, {"gravidity": 1}) == [(NOW, CONCEIVED, True)]
    assert noted({"gravidity": 3}, {"gravidity": 4}) == [(NOW, CONCEIVED, False)]
    assert noted({"gravidity": 1}, {"gravidity": 1, "parity": 1}) == [(NOW, DELIVERED, True)]
    assert noted({"parity": 1}, {"parity": 2}) == [(NOW, DELIVERED, False)]


# Groups and settings ------------------------------------------------------------------------------


def surveyed(**fields: Any) -> Any:
    return SimpleNamespace(
        month=NOW, **{name: np.atleast_1d(np.array(value)) for name, value in fields.items()}
    )


def members(name: str, **fields: Any) -> list[bool]:
    group = next(group for group in PREGNANCY.groups if group.name == name)
    return list(group.members(surveyed(**fields)))


def test_trimesters_have_three_months_each() -> None:
    of = np.arange(1, 10)
    fields = dict(pregnancy=np.full(9, ONE_CHILD), conception_month=NOW - of + 1)
    assert month_of_pregnancy(surveyed(**fields)).tolist() == list(of)
    for number, name in enumerate(("first_trimester", "second_trimester", "third_trimester")):
        assert members(name, **fields) == [3 * number < k <= 3 * number + 3 for k in of]
        assert not any(members(name, **(fields | {"pregnancy": np.zeros(9, int)})))


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("after_delivery", 0, 5),
        ("6_to_23_months_after_delivery", 6, 23),
        ("2_years_after_delivery", 24, 1000),
    ],
)
def test_times_after_a_delivery(name: str, first: int, last: int) -> None:
    since = np.array([first - 1, first, last, last + 1])
    since = since[since >= 0] if first else since
    fields = dict(pregnancy=np.zeros(len(since), int), last_birth_month=NOW - since)
    inside = [first <= months <= last or (last == 1000 and months > last) for months in since]
    assert members(name, **fields) == inside
    carrying = fields | {"pregnancy": np.ones(len(since), int)}
    assert not any(members(name, **carrying))
    assert months_since_delivery(surveyed(**fields)).tolist() == since.tolist()


def test_women_without_a_delivery_are_after_none() -> None:
    fields = dict(pregnancy=[0], last_birth_month=np.array([LONG_AGO]))
    for name in ("after_delivery", "6_to_23_months_after_delivery", "2_years_after_delivery"):
        assert members(name, **fields) == [False]


def test_who_is_pregnant() -> None:
    found = are_pregnant(surveyed(pregnancy=[NOT_PREGNANT, ONE_CHILD, TO_BE_LOST]))
    assert found.tolist() == [False, True, True]


def test_columns_of_pregnancy_are_missing_where_there_is_none() -> None:
    columns = {column.name: column for column in PREGNANCY.columns}
    people = surveyed(
        pregnancy=[NOT_PREGNANT, ONE_CHILD], conception_month=NOW - np.array([20, 3]),
        last_birth_month=NOW - np.array([30, 14]), parity=[0, 2],
    )  # fmt: skip
    assert columns["months_pregnant"].values(people).tolist() == [0, 4]
    found = columns["month_of_pregnancy"].values(people)
    assert np.isnan(found[0])
    assert found[1] == 4.0
    found = columns["months_since_delivery"].values(people)
    assert np.isnan(found[0])
    assert found[1] == 14.0


def test_settings_become_parameter_values() -> None:
    assert values_of_pregnancy(Pregnancy(enabled=False)) == {"pregnancy_enabled": 0.0}
    given = PregnancySupplements(uptake=0.9, milligrams_per_day=60, from_month=5)
    assert values_of_pregnancy(Pregnancy(supplements=given)) == {
        "pregnancy_enabled": 1.0,
        "pregnancy_supplement_uptake": 0.9,
        "pregnancy_supplement_mg_per_day": 60.0,
        "pregnancy_supplement_from_month": 5,
    }


def test_takers_of_tablets_are_told_by_a_trait() -> None:
    """The same women take them in every pregnancy: a uniform of the person, not of the occasion."""
    for uid in range(1, 50):
        _, _, _, takes = plain(once)(np.uint64(KEY), np.uint64(uid), REPRODUCTION)
        assert (carried(6, uid=uid).oral_iron_mg_per_day > 0) == (takes < 0.7)
