"""Menstruation: its loss, contraceptives, its years, and what counts as heavy."""

from __future__ import annotations

from math import exp

import numpy as np
import pytest
from rule_tools import KEY, NOW, a_burden, burdens, changed, inputs, moment, person, plain

from rlsabm.chance import once
from rlsabm.conventions import FEMALE, MALE
from rlsabm.exposures.menses import (
    IRON_HABITS,
    REPRODUCTION,
    bleed_heavily,
    lies_between,
    menstrual_loss_ml,
    menstruate,
    menstruate_now,
    plan_menses,
)
from rlsabm.exposures.month import OF_HEAVY_MENSES, OF_MENSES, undergo_exposures

UIDS = range(1, 2001)


def loss(uid: int, age: int, p) -> float:
    return float(plain(menstrual_loss_ml)(np.uint64(uid), age, p))


@pytest.fixture(scope="module")
def by_method() -> dict[str, list[float]]:
    """Loss at 30 years, relative to the same woman's without a contraceptive, by method.

    The method is told by the woman's uniform: the pill lowest, then hormonal coils, copper coils.
    """
    p = inputs()
    limits = np.cumsum([p.pill_share, p.hormonal_coil_share, p.copper_coil_share])
    found: dict[str, list[float]] = {"pill": [], "hormonal": [], "copper": [], "none": []}
    for uid in UIDS:
        _, _, method, _ = plain(once)(np.uint64(KEY), np.uint64(uid), REPRODUCTION)
        place = int(np.searchsorted(limits, method, side="right"))
        found[list(found)[place]].append(loss(uid, 30, p) / loss(uid, 55, p))
    return found


def test_the_pill_halves_the_loss(by_method: dict[str, list[float]]) -> None:
    """Larsson 1992: 44 % less."""
    assert by_method["pill"] == pytest.approx([0.5] * len(by_method["pill"]))
    assert inputs().pill_menses_factor == pytest.approx(1 - 0.44, abs=0.1)


def test_a_hormonal_coil_leaves_a_seventh(by_method: dict[str, list[float]]) -> None:
    """Reviews: a tenth to a fifth of the loss is left."""
    assert by_method["hormonal"] == pytest.approx([0.15] * len(by_method["hormonal"]))
    assert 0.1 <= inputs().hormonal_coil_menses_factor <= 0.2


def test_a_copper_coil_adds_more_than_half(by_method: dict[str, list[float]]) -> None:
    """Reviews: 1.5 to 2 times the loss."""
    assert by_method["copper"] == pytest.approx([1.6] * len(by_method["copper"]))
    assert 1.5 <= inputs().copper_coil_menses_factor <= 2.0


def test_other_women_lose_all_they_would(by_method: dict[str, list[float]]) -> None:
    assert by_method["none"] == pytest.approx([1.0] * len(by_method["none"]))


def test_methods_are_as_frequent_as_in_the_survey(by_method: dict[str, list[float]]) -> None:
    """NCHS Data Brief 388: pill 14 %, long-acting methods 10.4 %, four fifths of them hormonal."""
    people = len(UIDS)
    for method, share in (("pill", 0.14), ("hormonal", 0.8 * 0.104), ("copper", 0.2 * 0.104)):
        error = (share * (1 - share) / people) ** 0.5
        assert len(by_method[method]) / people == pytest.approx(share, abs=3.5 * error)


@pytest.mark.parametrize(("age", "uses_one"), [(15, False), (16, True), (49, True), (50, False)])
def test_contraceptives_are_used_from_16_to_49(age: int, uses_one: bool) -> None:
    everybody, nobody = inputs(pill_share=1.0), inputs(pill_share=0.0)
    assert (loss(5, age, everybody) != loss(5, 55, nobody)) == uses_one


def test_loss_is_lognormal_around_30_ml_with_a_tenth_above_80() -> None:
    """Hallberg 1966: median about 30 mL a cycle, 9 to 11 % of women above 80 mL."""
    p = inputs(cycles_per_month=1.0)
    losses = np.array([loss(uid, 55, p) for uid in UIDS])
    assert np.median(losses) == pytest.approx(exp(3.41), rel=0.06)
    assert np.log(losses).std() == pytest.approx(0.75, rel=0.05)
    assert 0.07 < (losses > 80).mean() < 0.12


def test_loss_goes_with_the_womans_depth_and_cycles() -> None:
    p = inputs(menstrual_loss_log_sd=0.2, cycles_per_month=1.2)
    q = inputs(menstrual_loss_log_sd=0.4, cycles_per_month=1.0)
    _, _, _, depth = plain(once)(np.uint64(KEY), np.uint64(9), IRON_HABITS)
    assert (loss(9, 55, p) / 1.2 > exp(3.41)) == (depth > 0.5)
    assert np.log(loss(9, 55, q)) - 3.41 == pytest.approx(2 * (np.log(loss(9, 55, p) / 1.2) - 3.41))


def test_menarche_and_menopause_come_at_their_mean_ages_with_their_spread() -> None:
    p = inputs()
    menarche, menopause = [], []
    for uid in UIDS:
        life, _ = person(uid=uid)
        plain(plan_menses)(life, p)
        menarche.append((life.menarche_month - life.birth_month) / 12)
        menopause.append((life.menopause_month - life.birth_month) / 12)
    # Held within 9-17 and 40-60 years, cut to whole months.
    assert np.mean(menarche) + 0.5 / 12 == pytest.approx(12.4, abs=0.1)
    assert np.std(menarche) == pytest.approx(1.3, rel=0.05)
    assert np.mean(menopause) + 0.5 / 12 == pytest.approx(51.0, abs=0.32)
    assert np.std(menopause) == pytest.approx(4.0, rel=0.06)
    assert abs(np.corrcoef(menarche, menopause)[0, 1]) < 0.09


def test_a_higher_uniform_means_later_menarche_and_menopause() -> None:
    p = inputs()
    for uid in range(1, 100):
        life, _ = person(uid=uid)
        plain(plan_menses)(life, p)
        menarche, menopause, _, _ = plain(once)(np.uint64(KEY), np.uint64(uid), REPRODUCTION)
        years = (life.menarche_month - life.birth_month + 1) / 12
        assert (years > 12.4) == (menarche > 0.5) or abs(years - 12.4) < 0.1
        years = (life.menopause_month - life.birth_month + 1) / 12
        assert (years > 51) == (menopause > 0.5) or abs(years - 51) < 0.1


def test_menarche_and_menopause_are_held_within_plausible_ages() -> None:
    p = inputs(menarche_age_sd_years=3.0, menopause_age_sd_years=8.0)
    menarche, menopause = set(), set()
    for uid in range(1, 401):
        life, _ = person(uid=uid)
        plain(plan_menses)(life, p)
        menarche.add(int(life.menarche_month - life.birth_month))
        menopause.add(int(life.menopause_month - life.birth_month))
    assert (min(menarche), max(menarche)) == (12 * 9, 12 * 17)
    assert (min(menopause), max(menopause)) == (12 * 40, 12 * 60)


def test_menses_come_from_menarche_until_menopause() -> None:
    life, _ = person(menarche_month=100, menopause_month=200)
    within = [plain(lies_between)(life, month) for month in (99, 100, 199, 200)]
    assert within == [False, True, True, False]


def menstruated(loss_ml: float, month: int = NOW, **values: float) -> tuple[float, float]:
    """Typical part and heavy part of a month's menses."""
    life, _ = person(menstrual_loss_ml=loss_ml)
    typical, heavy = a_burden(), a_burden()
    plain(menstruate)(life, typical, heavy, moment(month=month), inputs(**values))
    assert changed(a_burden(), typical) <= {"menses_ml", "iron_amounts"}
    return float(typical.menses_ml), float(heavy.menses_ml)


def test_usual_menses_have_no_heavy_part() -> None:
    assert menstruated(60.0) == pytest.approx((60.0, 0.0))
    assert menstruated(80 * 1.09 - 0.01) == pytest.approx((80 * 1.09 - 0.01, 0.0))


def test_heavy_menses_are_split_into_the_typical_loss_and_the_rest() -> None:
    """Heavy from 80 mL a cycle on; the typical woman loses exp(3.41) = 30 mL a cycle."""
    typical = exp(3.41) * 1.09
    assert menstruated(80 * 1.09 + 0.01) == pytest.approx((typical, 80 * 1.09 + 0.01 - typical))
    assert menstruated(150.0) == pytest.approx((typical, 150.0 - typical))


def test_the_typical_loss_is_never_a_heavy_one() -> None:
    assert menstruated(70.0, heavy_menses_ml_per_cycle=40, menstrual_loss_log_ml=4.5) == (
        pytest.approx((40 * 1.09, 70 - 40 * 1.09))
    )


def test_no_menses_before_menarche() -> None:
    assert menstruated(60.0, month=NOW - 12 * 30) == (0.0, 0.0)


def test_men_do_not_menstruate() -> None:
    for sex, bleeds in ((FEMALE, True), (MALE, False)):
        life, body = person(sex=sex, menstrual_loss_ml=120.0)
        parts = burdens(10)
        plain(undergo_exposures)(life, body, parts, 1, moment(), inputs())
        assert (parts[OF_MENSES].menses_ml > 0) == bleeds
        assert (parts[OF_HEAVY_MENSES].menses_ml > 0) == bleeds


# Who is counted -----------------------------------------------------------------------------------


class People:
    """One woman surveyed, whose fields differ from those of a menstruating one as asked for."""

    def __init__(self, **fields: float) -> None:
        given = dict(sex=FEMALE, menarche_month=0, menopause_month=200, pregnancy=0,
                     amenorrhoea_until=0, menstrual_loss_ml=90.0, month=100)  # fmt: skip
        for name, value in (given | fields).items():
            setattr(self, name, np.array([value]))
        self.p = inputs()


@pytest.mark.parametrize(
    ("fields", "is_one"),
    [
        ({}, True), ({"sex": MALE}, False), ({"menarche_month": 100}, True),
        ({"menarche_month": 101}, False), ({"menopause_month": 101}, True),
        ({"menopause_month": 100}, False), ({"pregnancy": 1}, False),
        ({"amenorrhoea_until": 100}, True), ({"amenorrhoea_until": 101}, False),
    ],
)  # fmt: skip
def test_who_menstruates(fields: dict[str, float], is_one: bool) -> None:
    assert menstruate_now(People(**fields)).tolist() == [is_one]
    assert bleed_heavily(People(**fields)).tolist() == [is_one]


def test_who_bleeds_heavily() -> None:
    limit = 80 * 1.09
    assert bleed_heavily(People(menstrual_loss_ml=limit + 0.01)).tolist() == [True]
    assert bleed_heavily(People(menstrual_loss_ml=limit - 0.01)).tolist() == [False]
