"""Conditions given as data: hazards, episodes, and what a condition does to the burden."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from rule_tools import KEY, NOW, a_burden, changed, inputs, person, plain

from rlsabm.burden import BURDEN_FIELDS
from rlsabm.chance import episode, waiting_months
from rlsabm.conventions import DAYS_PER_MONTH, FEMALE, LAST_AGE, MALE, NEVER
from rlsabm.errors import UserError
from rlsabm.exposures.catalogue.condition import Condition
from rlsabm.exposures.catalogue.episodes import (
    EPISODES,
    EVERY_CONDITION,
    age_when_spared,
    episode_at,
    groups_of_catalogue,
    has_condition,
    lay_standing,
    settle_conditions,
    spared_until,
    update_conditions,
)
from rlsabm.exposures.catalogue.tables import mortality_factor, tabulate
from rlsabm.person import LIFE, newborn_records

AGES = np.arange(LAST_AGE + 1)
#: Nobody dies.
IMMORTAL = np.zeros((2, LAST_AGE + 1))
NEVER_COMES = int(NEVER)


def made(name: str = "made", **given: Any) -> Condition:
    return Condition(name=name, label=name, definition=name, source="a test", **given)


#: A tenth of those without it get it every year, from birth, for life.
FOR_LIFE = made("for_life", onset_per_1000=[100.0])
#: The same, for two years on average.
RECURRENT = made("recurrent", onset_per_1000=[100.0], duration_years=2.0)


# Hazards ------------------------------------------------------------------------------------------


def test_an_onset_that_is_given_is_the_hazard_at_the_middle_of_each_year() -> None:
    hazard = made(ages=[0, 100], onset_per_1000=[0.0, 50.0]).yearly_hazard(IMMORTAL)
    assert hazard[0, :100] == pytest.approx((AGES[:100] + 0.5) * 0.05 / 100)
    assert hazard[1, 110] == pytest.approx(0.05)


def test_each_sex_has_its_own_list() -> None:
    hazard = made(onset_per_1000_women=[10.0], onset_per_1000_men=[30.0]).yearly_hazard(IMMORTAL)
    assert hazard[FEMALE] == pytest.approx(0.01)
    assert hazard[MALE] == pytest.approx(0.03)


def test_a_prevalence_for_life_gives_the_hazard_between_birthdays() -> None:
    """1 - S(age): the hazard of a year is the log of the ratio of those without it."""
    condition = made(ages=[0, 50], prevalence=[0.0, 0.4])
    free = 1 - np.interp(np.arange(LAST_AGE + 2), [0, 50], [0, 0.4])
    assert condition.yearly_hazard(IMMORTAL)[0] == pytest.approx(-np.diff(np.log(free)), abs=1e-12)


def test_who_has_it_from_birth_gets_it_in_the_first_year() -> None:
    hazard = made(prevalence=[0.2]).yearly_hazard(IMMORTAL)[0]
    assert hazard[0] == pytest.approx(-np.log(0.8))
    assert hazard[1:] == pytest.approx(0.0, abs=1e-12)


def test_a_steady_prevalence_balances_onset_and_recovery() -> None:
    """h (1 - s) = s / D."""
    hazard = made(prevalence=[0.2], duration_years=4.0).yearly_hazard(IMMORTAL)[0]
    assert hazard[5:] == pytest.approx(0.2 / 4 / 0.8)


def test_a_steady_prevalence_balances_excess_deaths_too() -> None:
    """h (1 - s) = s (1/D + (1 - s) (r - 1) m / (1 + s (r - 1)))."""
    mortality = np.full((2, LAST_AGE + 1), 0.05)
    condition = made(prevalence=[0.2], duration_years=4.0, mortality_ratio=3.0)
    hazard = condition.yearly_hazard(mortality)[0]
    leaving = 1 / 4 + 0.8 * 2 * 0.05 / (1 + 0.2 * 2)
    assert hazard[5:] == pytest.approx(0.2 * leaving / 0.8, rel=1e-6)


def test_a_rising_prevalence_with_recovery_solves_its_equation() -> None:
    """ds/dt = h (1 - s) - s / D, in small steps, leads from one birthday to the next."""
    condition = made(ages=[0, 40], prevalence=[0.0, 0.4], duration_years=3.0)
    hazard = condition.yearly_hazard(IMMORTAL)[0]
    for age in (10, 39):
        share = age / 100
        for _ in range(20_000):
            share += (hazard[age] * (1 - share) - share / 3) / 20_000
        assert share == pytest.approx((age + 1) / 100, rel=1e-4)


@pytest.mark.parametrize("ratio", [1.0, 2.0])
def test_the_expected_share_follows_its_equation(ratio: float) -> None:
    mortality = np.full((2, LAST_AGE + 1), 0.04)
    condition = made(onset_per_1000=[20.0], duration_years=5.0, mortality_ratio=ratio)
    found = condition.expected_prevalence(condition.yearly_hazard(mortality), mortality)[0]
    share, steps, mean = 0.0, 2000, np.zeros(30)
    for age in range(30):
        for _ in range(steps):
            leaving = 0.2 + (1 - share) * (ratio - 1) * 0.04 / (1 + share * (ratio - 1))
            share += (0.02 * (1 - share) - share * leaving) / steps
            mean[age] += share / steps
    assert found[:30] == pytest.approx(mean, rel=2e-3)


def test_the_highest_prevalence_is_99_per_cent() -> None:
    made(ages=[0, 60], prevalence=[0, 0.99]).yearly_hazard(IMMORTAL)
    with pytest.raises(UserError, match=r"at most 0\.99"):
        made(ages=[0, 60], prevalence=[0, 0.991]).yearly_hazard(IMMORTAL)


@pytest.mark.parametrize(
    ("factor", "accepted"), [(1.048, True), (0.952, True), (1.06, False), (0.94, False)]
)
def test_a_prevalence_beside_an_onset_may_differ_by_a_twentieth(
    factor: float, accepted: bool
) -> None:
    """20 per 1,000 for five years settle at 1 / 11."""
    ages = list(AGES + 0.5)
    alone = made(ages=ages, onset_per_1000=[20.0] * len(ages), duration_years=5.0)
    reached = alone.expected_prevalence(alone.yearly_hazard(IMMORTAL), IMMORTAL)[0]
    assert reached[60] == pytest.approx(1 / 11, rel=1e-5)
    both = replace(alone, prevalence=list(factor * reached))
    if accepted:
        both.yearly_hazard(IMMORTAL)
    else:
        word = "allow" if factor > 1 else "lead to"
        with pytest.raises(UserError, match=f"made.prevalence: .* {word}"):
            both.yearly_hazard(IMMORTAL)


@pytest.mark.parametrize(("place", "factor"), [(2, 2.0), (30, 1.3), (100, 0.8)])
def test_a_prevalence_that_disagrees_at_one_age_is_refused_there(place: int, factor: float) -> None:
    """The worst age is named, relative to what both allow."""
    ages = list(AGES + 0.5)
    alone = made(ages=ages, onset_per_1000=[20.0] * len(ages), duration_years=5.0)
    reached = alone.expected_prevalence(alone.yearly_hazard(IMMORTAL), IMMORTAL)[0]
    reached[60] *= 1.04  # within the tolerance, though further off than the youngest can be
    reached[place] *= factor
    with pytest.raises(UserError, match=f" at {place}, but"):
        replace(alone, prevalence=list(reached)).yearly_hazard(IMMORTAL)


def test_a_prevalence_that_falls_too_fast_is_refused() -> None:
    """Within a year, exp(-1/D) of the people keep it."""
    for after, accepted in (
        (0.2 * np.exp(-1 / 4) * 1.01, True),
        (0.2 * np.exp(-0.25) * 0.99, False),
    ):
        condition = made(ages=[0, 30, 31], prevalence=[0.1, 0.2, after], duration_years=4.0)
        if accepted:
            assert condition.yearly_hazard(IMMORTAL).min() >= 0
        else:
            with pytest.raises(UserError, match="faster than people lose"):
                condition.yearly_hazard(IMMORTAL)


def test_effects_on_iron_are_five() -> None:
    assert not made(ferritin_factor=2.0, dopamine_load=1.0, mortality_ratio=2.0).touches_iron
    for effect in ("blood_loss_ml_per_day", "blood_loss_ml_at_onset", "iron_loss_mg_per_day",
                   "absorption_factor", "haemoglobin_factor"):  # fmt: skip
        assert made(**{effect: 0.5}).touches_iron


def test_strength_multiplies_amounts_and_is_the_power_of_factors() -> None:
    strong = made(
        blood_loss_ml_per_day=2.0, blood_loss_ml_at_onset=100.0, iron_loss_mg_per_day=0.2,
        absorption_factor=0.8, haemoglobin_factor=0.9, dopamine_load=0.3,
    ).with_strength(3.0)  # fmt: skip
    assert strong.blood_loss_ml_per_day == pytest.approx(6.0)
    assert strong.blood_loss_ml_at_onset == pytest.approx(300.0)
    assert strong.iron_loss_mg_per_day == pytest.approx(0.6)
    assert strong.absorption_factor == pytest.approx(0.8**3)
    assert strong.haemoglobin_factor == pytest.approx(0.9**3)
    assert strong.dopamine_load == 0.3


# Tables -------------------------------------------------------------------------------------------


def test_hazards_are_summed_from_birth() -> None:
    tables = tabulate([FOR_LIFE, replace(RECURRENT, enabled=False)], IMMORTAL)
    assert tables.hazard[0, 1] == pytest.approx(0.1 * np.arange(LAST_AGE + 2))
    assert (tables.hazard[1:] == 0).all(), "nobody gets what is disabled"
    # The share for life is 1 - exp(-0.1 t); its mean within a year of age.
    mean = 1 - (np.exp(-0.1 * AGES) - np.exp(-0.1 * (AGES + 1))) / 0.1
    assert tables.prevalence[0, 0] == pytest.approx(mean, rel=1e-3)
    assert tables.prevalence[1, 0, 60] == pytest.approx(0.1 / 0.6, rel=1e-4)


def test_the_mean_mortality_ratio_is_a_product_over_conditions() -> None:
    conditions = [replace(FOR_LIFE, mortality_ratio=2.0), replace(RECURRENT, mortality_ratio=3.0)]
    tables = tabulate(conditions, IMMORTAL)
    expected = (1 + tables.prevalence[0]) * (1 + 2 * tables.prevalence[1])
    assert mortality_factor(tables) == pytest.approx(expected)
    assert mortality_factor(tabulate([], IMMORTAL)) == pytest.approx(1.0)


def test_the_life_table_is_divided_by_the_mean_ratio() -> None:
    without, deadly = inputs(), inputs([replace(FOR_LIFE, mortality_ratio=2.0)])
    share = 1 - np.exp(-0.1 * 40.5)
    for sex in (FEMALE, MALE):
        ratio = np.log1p(-without.death[sex, 40]) / np.log1p(-deadly.death[sex, 40])
        assert ratio == pytest.approx(1 + share, rel=0.01)


def test_rules_read_the_effects_of_each_condition() -> None:
    condition = made(
        prevalence=[0.1], duration_years=2.5, blood_loss_ml_per_day=1.0, blood_loss_ml_at_onset=2.0,
        iron_loss_mg_per_day=3.0, absorption_factor=0.4, haemoglobin_factor=0.5, dopamine_load=0.6,
        ferritin_factor=7.0, saturation_factor=0.8, mortality_ratio=9.0,
        hazard_ratio_per_5_kg_per_m2=2.0, raises={"progressive_kidney_disease": 3.0},
    )  # fmt: skip
    p = inputs([FOR_LIFE, condition])
    assert p.condition_count == 2
    found = {name: p[name][1] for name in p.dtype.names if name.startswith("condition_")
             and p[name].ndim == 1}  # fmt: skip
    assert found == {
        "condition_months": 30.0, "condition_blood_ml_per_day": 1.0,
        "condition_blood_ml_at_onset": 2.0, "condition_iron_mg_per_day": 3.0,
        "condition_absorption": 0.4, "condition_haemoglobin": 0.5, "condition_dopamine_load": 0.6,
        "condition_ferritin": 7.0, "condition_saturation": 0.8, "condition_mortality": 9.0,
        "condition_log_ratio_per_kg_per_m2": np.log(2.0) / 5.0, "condition_kidney_ratio": 3.0,
        "condition_most_raised": 1.0, "condition_code": condition.code,
    }  # fmt: skip
    assert p.condition_months[0] == 0.0, "for life"
    assert p.condition_spared[0, 0, :3] == pytest.approx(np.exp(-0.1 * np.arange(3)))


def test_any_of_32_conditions_may_come_before_birth() -> None:
    life, _ = person()
    assert newborn_records(LIFE, 1)["conditions_to_come"][0] == EVERY_CONDITION == 2**32 - 1
    assert life.conditions == 0


# Episodes -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def p() -> Any:
    return inputs([FOR_LIFE, RECURRENT])


def spared(years: float) -> float:
    return float(np.exp(-0.1 * years))


@pytest.mark.parametrize("months", [0, 12, 18, 121, 12 * 120])
def test_the_share_spared_is_linear_within_a_year(p: Any, months: int) -> None:
    age, part = divmod(months, 12)
    expected = spared(age) + part / 12 * (spared(age + 1) - spared(age))
    assert plain(spared_until)(0, FEMALE, months, p) == pytest.approx(expected)


def test_beyond_the_last_age_the_share_spared_stays(p: Any) -> None:
    assert plain(spared_until)(0, FEMALE, 12 * 130, p) == pytest.approx(spared(121))


@pytest.mark.parametrize("years", [0.0, 0.5, 3.0, 47.25, 119.5])
def test_the_age_at_which_so_many_are_spared(p: Any, years: float) -> None:
    """It inverts the share spared, in whole months cut."""
    months = round(12 * years)
    share = plain(spared_until)(0, MALE, months, p) - 1e-9
    assert plain(age_when_spared)(0, MALE, share, 0, p) == months
    share = (share + plain(spared_until)(0, MALE, months + 1, p)) / 2
    assert plain(age_when_spared)(0, MALE, share, int(years), p) == months


def test_whom_it_spares_for_life_never_gets_it(p: Any) -> None:
    assert plain(age_when_spared)(0, MALE, spared(121) * 0.99, 0, p) == NEVER_COMES
    assert plain(age_when_spared)(0, MALE, spared(121) * 1.01, 0, p) < NEVER_COMES


def uniforms(condition: Condition, uid: int, k: int) -> tuple[float, float]:
    u, v, _, _ = plain(episode)(
        np.uint64(KEY), np.uint64(uid), np.uint64(condition.code), k, EPISODES
    )
    return float(u), float(v)


@pytest.mark.parametrize("uid", range(1, 12))
def test_the_first_onset_comes_when_as_many_are_spared_as_the_uniform_says(
    p: Any, uid: int
) -> None:
    u, v = uniforms(RECURRENT, uid, 0)
    life, _ = person(uid=uid, birth_month=NOW)
    age = plain(age_when_spared)(1, FEMALE, 1 - u, 0, p)
    assert age == pytest.approx(-120 * np.log(1 - u), abs=1.1)
    rule = plain(episode_at)
    assert rule(life, 1, NOW - 1, p) == (False, NOW + age)
    end = NOW + age + plain(waiting_months)(v, 24.0)
    assert rule(life, 1, NOW + age, p) == (True, end)
    assert rule(life, 1, end - 1, p) == (True, end)
    there, next_onset = rule(life, 1, end, p)
    assert not there or next_onset > end


@pytest.mark.parametrize("uid", range(1, 8))
def test_the_next_onset_starts_from_the_end_of_the_last_episode(p: Any, uid: int) -> None:
    """The share spared falls from then on by as much as the next uniform says."""
    life, _ = person(uid=uid, birth_month=NOW)
    rule = plain(episode_at)
    _, onset = rule(life, 1, NOW - 1, p)
    _, end = rule(life, 1, onset, p)
    u, _ = uniforms(RECURRENT, uid, 1)
    years = (end - NOW) / 12
    expected = end - 120 * np.log(1 - u)
    there, until = rule(life, 1, end, p)
    second = end if there else until
    if years < 90 and expected - NOW < 12 * 100:
        assert second == pytest.approx(expected, abs=3.0)


def test_what_is_for_life_has_no_end(p: Any) -> None:
    life, _ = person(birth_month=NOW)
    _, onset = plain(episode_at)(life, 0, NOW - 1, p)
    assert plain(episode_at)(life, 0, onset, p) == (True, NEVER_COMES)
    assert plain(episode_at)(life, 0, onset + 900, p) == (True, NEVER_COMES)


def test_as_many_have_it_as_onset_and_recovery_lead_to(p: Any) -> None:
    """At 40: a share of 0.1 / (0.1 + 0.5) of the recurrent, 1 - exp(-4) of what is for life."""
    has = np.zeros(2)
    for uid in range(1, 1501):
        life, _ = person(uid=uid, birth_month=NOW - 480)
        has += [plain(episode_at)(life, c, NOW, p)[0] for c in (0, 1)]
    for found, share in zip(has / 1500, (1 - np.exp(-4), 1 / 6), strict=True):
        assert found == pytest.approx(share, abs=3.5 * (share * (1 - share) / 1500) ** 0.5)


# What a life remembers ----------------------------------------------------------------------------


def settled(uid: int, month: int, p: Any, **fields: Any) -> tuple[Any, int]:
    life, _ = person(uid=uid, birth_month=NOW, conditions_to_come=EVERY_CONDITION, **fields)
    begun = plain(settle_conditions)(life, month, p)
    return life, begun


def test_a_life_knows_what_is_there_what_will_be_and_when_that_changes(p: Any) -> None:
    seen = set()
    for uid in range(1, 30):
        for years in (0, 5, 30, 80, 119):
            month = NOW + 12 * years
            life, begun = settled(uid, month, p)
            episodes = [plain(episode_at)(life, c, month, p) for c in (0, 1)]
            there = sum(1 << c for c, (is_there, _) in enumerate(episodes) if is_there)
            assert life.conditions == there == begun
            assert life.conditions_until == min(until for _, until in episodes)
            to_come = sum(
                1 << c for c, (is_there, until) in enumerate(episodes)
                if is_there or until != NEVER_COMES
            )  # fmt: skip
            assert life.conditions_to_come == to_come
            seen.add((there, to_come))
    assert len(seen) >= 5


def test_what_has_begun_before_does_not_begin_again(p: Any) -> None:
    life, _ = settled(3, NOW + 12 * 60, p)
    assert life.conditions & 1, "for life, and there at 60"
    assert plain(settle_conditions)(life, NOW + 12 * 60, p) == 0
    assert life.conditions & 1
    assert life.conditions_to_come & 1


def test_what_will_never_come_is_not_asked_again(p: Any) -> None:
    life, _ = person(uid=3, birth_month=NOW, conditions_to_come=0)
    assert plain(settle_conditions)(life, NOW + 12 * 60, p) == 0
    assert (life.conditions, life.conditions_until) == (0, NEVER_COMES)


def test_an_onset_may_be_in_the_month_of_birth() -> None:
    p = inputs([made("at_once", onset_per_1000=[900.0])])
    onsets = set()
    for uid in range(1, 60):
        life, _ = person(uid=uid, birth_month=NOW)
        onsets.add(plain(episode_at)(life, 0, NOW - 1, p)[1] - NOW)
    assert min(onsets) == 0


@pytest.mark.parametrize("blood", [0.5, 500.0])
def test_bleeding_at_onset_ends_a_month_later(blood: float) -> None:
    bleeding = replace(RECURRENT, blood_loss_ml_at_onset=blood, duration_years=90.0)
    p = inputs([bleeding])
    life, _ = person(birth_month=NOW)
    _, onset = plain(episode_at)(life, 0, NOW - 1, p)
    life, begun = settled(1, onset, p)
    assert begun == 1
    assert life.conditions_until == onset + 1
    plain(settle_conditions)(life, onset + 1, p)
    assert life.conditions_until > onset + 1


# The burden ---------------------------------------------------------------------------------------

EFFECTS = dict(
    blood_loss_ml_per_day=2.0, blood_loss_ml_at_onset=300.0, iron_loss_mg_per_day=0.5,
    absorption_factor=0.7, haemoglobin_factor=0.9, dopamine_load=0.4, mortality_ratio=1.5,
)  # fmt: skip


@pytest.fixture(scope="module")
def effective() -> Any:
    one = made("one", prevalence=[0.1], **EFFECTS)
    other = made("other", prevalence=[0.1], **(EFFECTS | {"absorption_factor": 0.5}))
    return inputs([FOR_LIFE, one, other])


def laid(
    p: Any, conditions: int, bleeding: float = 1.0, without_iron_of: int = 0, begun: int = 0
) -> dict[str, float]:
    burden = a_burden()
    burden.blood_loss_ml = burden.mortality_ratio = 77.0  # of another month
    plain(lay_standing)(burden, conditions, bleeding, without_iron_of, begun, p)
    neutral = a_burden()
    return {
        field.name: float(burden[field.name]) for field in BURDEN_FIELDS
        if burden[field.name] != neutral[field.name]
    }  # fmt: skip


def test_nothing_is_there(effective: Any) -> None:
    assert laid(effective, 0) == laid(effective, 0b001) == {}


def test_a_condition_burdens_by_its_figures(effective: Any) -> None:
    assert laid(effective, 0b010) == pytest.approx({
        "blood_loss_ml": 2 * DAYS_PER_MONTH, "iron_loss_mg": 0.5 * DAYS_PER_MONTH,
        "absorption_factor": 0.7, "red_cell_target_factor": 0.9, "dopamine_load": 0.4,
        "mortality_ratio": 1.5,
    })  # fmt: skip


def test_amounts_of_conditions_add_up_and_factors_multiply(effective: Any) -> None:
    assert laid(effective, 0b110) == pytest.approx({
        "blood_loss_ml": 4 * DAYS_PER_MONTH, "iron_loss_mg": DAYS_PER_MONTH,
        "absorption_factor": 0.35, "red_cell_target_factor": 0.81, "dopamine_load": 0.8,
        "mortality_ratio": 2.25,
    })  # fmt: skip


def test_some_bleed_in_the_month_of_onset(effective: Any) -> None:
    assert laid(effective, 0b110, begun=0b100)["blood_loss_ml"] == pytest.approx(
        4 * DAYS_PER_MONTH + 300
    )


def test_people_bleed_more_or_less_day_by_day_with_the_same_conditions(effective: Any) -> None:
    for bleeding in (0.0, 0.4, 3.0):
        found = laid(effective, 0b110, bleeding, begun=0b100)
        typical = laid(effective, 0b110)
        assert found.pop("blood_loss_ml") == pytest.approx(bleeding * 4 * DAYS_PER_MONTH + 300)
        assert typical.pop("blood_loss_ml") == pytest.approx(4 * DAYS_PER_MONTH)
        assert found == typical


def test_without_its_iron_a_condition_leaves_load_and_mortality(effective: Any) -> None:
    assert laid(effective, 0b010, without_iron_of=0b010, begun=0b010) == pytest.approx(
        {"dopamine_load": 0.4, "mortality_ratio": 1.5}
    )
    both = laid(effective, 0b110, without_iron_of=0b010)
    assert both["absorption_factor"] == pytest.approx(0.5)
    assert both["dopamine_load"] == pytest.approx(0.8)


def test_conditions_are_brought_up_to_date_and_laid_down(effective: Any) -> None:
    for uid in range(1, 60):
        life, _ = person(uid=uid, birth_month=NOW, conditions_to_come=EVERY_CONDITION,
                         bleeding_factor=2.5)  # fmt: skip
        standing = a_burden()
        begun = plain(update_conditions)(life, standing, NOW + 480, effective)
        expected = a_burden()
        plain(lay_standing)(expected, int(life.conditions), 2.5, 0, begun, effective)
        assert not changed(standing, expected)
        assert begun == life.conditions


# Groups -------------------------------------------------------------------------------------------


def test_who_has_a_condition_by_its_place() -> None:
    people = SimpleNamespace(conditions=np.array([0b00, 0b01, 0b10, 0b11], dtype=np.uint32))
    assert has_condition(people, 0).tolist() == [False, True, False, True]
    assert has_condition(people, 1).tolist() == [False, False, True, True]


def test_controls_come_last_and_are_called_so() -> None:
    control = made("control", prevalence=[0.1], negative_control=True)
    groups = groups_of_catalogue([control, FOR_LIFE])
    assert [(group.name, group.kind) for group in groups] == [
        ("for_life", "exposure"), ("control", "control"),
    ]  # fmt: skip
    assert groups[0].cause == "for_life"
