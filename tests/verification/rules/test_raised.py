"""Conditions that raise one another: what is refused, hazards that keep the marginals, and episodes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from rule_tools import KEY, NOW, inputs, made, moment, person, plain

from rlsabm.burden import neutral_burdens
from rlsabm.chance import episode
from rlsabm.conventions import FEMALE, LAST_AGE, MALE
from rlsabm.errors import UserError
from rlsabm.exposures.catalogue.body_mass import (
    LEAST_EXCESS,
    MOST_EXCESS,
    BodyMass,
    body_mass_excess,
    body_mass_of,
)
from rlsabm.exposures.catalogue.condition import Condition
from rlsabm.exposures.catalogue.connections import connect
from rlsabm.exposures.catalogue.episodes import (
    EPISODES,
    EVERY_CONDITION,
    age_when_spared,
    episode_at,
    hazard_ratio_of_body,
    may_come,
    part_spared,
    settle_conditions,
)
from rlsabm.exposures.catalogue.tables import (
    deferred,
    kidney_factor,
    mortality_factor,
    tabulate,
)
from rlsabm.exposures.catalogue.together import base_hazard, states_of
from rlsabm.exposures.donation import (
    ACTIVE_DONOR,
    become_donor,
    donate,
    follow_donors,
    is_deferred,
)
from rlsabm.exposures.kidney import CKD_3, kidney_ratio, suffer_kidney_disease

AGES = np.arange(LAST_AGE + 1)
IMMORTAL = np.zeros((2, LAST_AGE + 1))
MORTAL = np.minimum(3e-5 * np.exp(0.09 * AGES) + 5e-4, 0.6) * np.ones((2, 1))


def catalogue(**raises: dict[str, float] | None) -> list[Condition]:
    return [made(name, prevalence=[0.1], raises=each) for name, each in raises.items()]


# Connections --------------------------------------------------------------------------------------


def test_the_largest_cause_comes_first_and_causes_before_effects() -> None:
    found = connect(catalogue(d=None, a={"d": 2.0, "b": 3.0}, b={"d": 5.0}, alone=None, e=None))
    assert [[tuple(cause) for cause in each] for each in found.causes] == [
        [(2, 5.0), (1, 2.0)], [], [(1, 3.0)], [], [],
    ]  # fmt: skip
    assert found.together == ((1, 2, 0),)


def test_a_ratio_of_one_connects_nothing() -> None:
    assert connect(catalogue(a={"b": 1.0}, b=None)).together == ()
    assert connect(catalogue(a={"progressive_kidney_disease": 9.0})).together == ()


def test_body_mass_connects_those_that_depend_on_it() -> None:
    by_body = [made(n, prevalence=[0.1], hazard_ratio_per_5_kg_per_m2=2.0) for n in ("x", "y")]
    assert connect([*catalogue(a=None), *by_body]).together == ((1, 2),)
    assert connect(by_body[:1]).together == ((0,),)


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        (catalogue(a={"bee": 2.0}, b=None), r"a\.raises\.bee: nothing of this name can be raised"),
        (catalogue(a={"obesty": 2.0}, obesity=None), r"did you mean obesity\?"),
        (catalogue(a={"dialysis": 2.0}), r"did you mean progressive_kidney_disease\?"),
        (catalogue(a={"a": 2.0}), r"a\.raises\.a: a condition cannot raise its own onset"),
        (catalogue(a={"b": 0.9}, b=None), r"a\.raises\.b: found 0\.9 .*from 1 to 20"),
        (catalogue(a={"b": 20.1}, b=None), r"a\.raises\.b: found 20\.1 .*from 1 to 20"),
        (
            catalogue(a={"b": 2.0}, b={"c": 2.0}, c={"a": 2.0}),
            r"raises\.\w: conditions raise one another in a circle: a raises b raises c raises a",
        ),
        (
            catalogue(a={"b": 2.0}, b={"c": 2.0}, c={"d": 2.0}, d={"e": 2.0}, e=None),
            r"a\.raises\.b: one raises the next in a row of 5: a raises b .*rows of 4 at most",
        ),
        (
            catalogue(a={"c": 8.0}, b={"c": 7.0}, c=None),
            r"a\.raises\.c: all that raises c multiplies its hazard by 56 \(expected at most 50\)",
        ),
        (
            catalogue(**{f"c{n}": {"x": 1.1} for n in range(9)}, x=None),
            r"9 conditions raise x \(expected 8 at most\)",
        ),
        (
            catalogue(**{f"c{n}": {f"d{n}": 2.0, "d0": 1.1} for n in range(6)}, d0=None,
                      **{f"d{n}": None for n in range(1, 6)}),
            r"12 conditions are connected: .* \(expected 10 at most\)",
        ),
    ],
)  # fmt: skip
def test_what_is_refused(conditions: list[Condition], expected: str) -> None:
    with pytest.raises(UserError, match=expected):
        connect(conditions)


def test_rows_of_four_and_groups_of_ten_are_followed() -> None:
    row = catalogue(a={"b": 2.0}, b={"c": 2.0}, c={"d": 2.0}, d=None)
    assert connect(row).together == ((0, 1, 2, 3),)
    star = catalogue(a={f"d{n}": 2.0 for n in range(9)}, **{f"d{n}": None for n in range(9)})
    assert len(connect(star).together[0]) == 10


# States -------------------------------------------------------------------------------------------


def test_states_are_all_combinations() -> None:
    raised_by = np.array([[1.0, 1.0], [3.0, 1.0]])
    states = states_of([2.0, 5.0], [1.0, 4.0], [False, True], raised_by)
    assert states.mortality_ratio.tolist() == [1.0, 2.0, 5.0, 10.0]
    assert states.kidney_ratio.tolist() == [1.0, 1.0, 4.0, 4.0]
    assert states.defers.tolist() == [False, False, True, True]
    assert states.levels.tolist() == [1, 2]
    assert states.raised[1, :2].tolist() == [1.0, 3.0]
    assert states.level.tolist() == [[0, 0, 0, 0], [0, 1, 0, 1]]


def test_the_base_hazard_gives_the_wanted_onsets() -> None:
    without = np.array([[0.5, 0.1], [0.2, 0.05]])
    by_body, raised, dt = np.array([1.0, 4.0]), np.array([1.0, 2.5]), 1 / 24
    for begins in (0.0, 1e-9, 0.01, 0.8):
        hazard = plain(base_hazard)(without, by_body, raised, begins)
        onsets = (without * -np.expm1(-hazard * np.outer(raised, by_body) * dt)).sum()
        assert onsets == pytest.approx(begins, rel=1e-7)
    assert plain(base_hazard)(without, by_body, raised, -0.1) == 0.0


# Followed together, against closed forms ----------------------------------------------------------


def root(function: Any, low: float = 0.0, high: float = 50.0) -> float:
    """Where an increasing function is zero."""
    for _ in range(100):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if function(middle) > 0 else (middle, high)
    return 0.5 * (low + high)


def test_two_conditions_share_their_onsets_as_a_closed_form_says() -> None:
    """A fifth have a from infancy, nobody dies: 0.2 exp(-4 B) + 0.8 exp(-B) is the share without b."""
    a = made("a", prevalence=[0.2], raises={"b": 4.0})
    b = made("b", ages=[0, 5, 60], prevalence=[0.0, 0.0, 0.4])
    tables = tabulate([b, a], IMMORTAL)
    for age in (20, 40, 60):
        without = 1 - 0.4 * (age - 5) / 55
        base = root(lambda x, s=without: s - 0.2 * np.exp(-4 * x) - 0.8 * np.exp(-x))
        assert tables.hazard[0, :, age] == pytest.approx(base, rel=1e-6)
    assert tables.prevalence[0, 0, 5:60] == pytest.approx(0.4 * (AGES[5:60] - 4.5) / 55, rel=2e-3)


def test_an_onset_that_is_given_is_that_of_all_people_together() -> None:
    """20 per 1,000 among those without b, of whom fewer and fewer have a: the base rises with age."""
    a = made("a", prevalence=[0.2], raises={"b": 4.0})
    b = made("b", ages=[0, 1, 2], onset_per_1000=[0.0, 0.0, 20.0])
    tables = tabulate([a, b], IMMORTAL)
    for age in (30, 60, 90):
        without = np.exp(-0.02 * (age - 1.5))
        base = root(lambda x, s=without: s - 0.2 * np.exp(-4 * x) - 0.8 * np.exp(-x))
        assert tables.hazard[1, :, age] == pytest.approx(base, rel=2e-3)
    assert tables.prevalence[1] == pytest.approx(
        b.expected_prevalence(b.yearly_hazard(IMMORTAL), IMMORTAL), abs=1e-12
    )


def test_body_mass_shares_onsets_as_a_closed_form_says() -> None:
    """Three kinds of people: the mean of exp(-f B) is the share without the condition."""
    body = BodyMass(np.array([[-5.0, 0.0, 10.0]] * 2), np.array([0.3, 0.5, 0.2]))
    b = made("b", ages=[0, 5, 60], prevalence=[0.0, 0.0, 0.4], hazard_ratio_per_5_kg_per_m2=3.0)
    tables = tabulate([b], IMMORTAL, body)
    factor = np.array([1 / 3, 1.0, 9.0])
    for age in (20, 60):
        without = 1 - 0.4 * (age - 5) / 55
        base = root(lambda x, s=without: s - (body.share * np.exp(-factor * x)).sum())
        assert tables.hazard[0, :, age] == pytest.approx(base, rel=1e-6)


def test_recovery_and_excess_deaths_keep_the_prevalence() -> None:
    """Those with both die most: without them, the base would be too low by far."""
    a = made("a", ages=[0, 60], prevalence=[0.0, 0.3], mortality_ratio=2.0, raises={"b": 5.0})
    b = made("b", ages=[0, 70], prevalence=[0.0, 0.3], duration_years=6.0, mortality_ratio=3.0)
    alone, both = (tabulate([replace(a, raises=raises), b], MORTAL) for raises in (None, a.raises))
    assert both.prevalence == pytest.approx(alone.prevalence, abs=1e-9)
    assert (mortality_factor(both)[:, 40:] > mortality_factor(alone)[:, 40:]).all()


def test_the_mean_of_a_product_is_that_of_the_joint_distribution() -> None:
    """B only in those who have a, who are a fifth: 1 + 0.2 x 1 + s x (2 x 3 - 2) for ratios 2 and 3."""
    a = made("a", prevalence=[0.2], mortality_ratio=2.0,
             raises={"b": 20.0, "progressive_kidney_disease": 5.0})  # fmt: skip
    b = made("b", ages=[0, 5, 60], prevalence=[0.0, 0.0, 0.001], mortality_ratio=3.0)
    tables = tabulate([a, b], IMMORTAL)
    share, in_a = tables.prevalence[1, 0, 50], 0.2 * 20 / (0.2 * 20 + 0.8)
    expected = 1.2 + 2 * share * (2 * in_a + (1 - in_a))
    assert mortality_factor(tables)[0, 50] == pytest.approx(expected, rel=1e-5)
    assert kidney_factor(tables)[:, 50] == pytest.approx(1.8, rel=1e-6)
    alone = replace(a, raises={"progressive_kidney_disease": 5.0})
    assert kidney_factor(tabulate([alone], IMMORTAL))[:, 50] == pytest.approx(1.8, rel=1e-6)


def test_a_share_that_deaths_of_others_would_raise_is_refused() -> None:
    """Who has c has more of what protects: without any onset its share would still grow."""
    protects = made("protects", ages=[0, 29, 30], onset_per_1000=[0, 0, 20], mortality_ratio=0.3)
    c = made("c", ages=[0, 20], prevalence=[0.0, 0.5])
    tabulate([protects, c], MORTAL)
    expected = r"conditions\.c\.prevalence: cannot be kept by women .* would be higher by"
    with pytest.raises(UserError, match=expected):
        tabulate([protects, replace(c, raises={"protects": 4.0})], MORTAL)


def test_what_is_independent_is_as_it_was() -> None:
    """To the bit: sums of yearly hazards, and a product over conditions."""
    conditions = [
        made("x", ages=[0, 50], prevalence=[0.0, 0.3], mortality_ratio=2.0, duration_years=9.0),
        made("y", onset_per_1000=[10.0], mortality_ratio=1.5, raises={"x": 1.0}),
    ]
    tables = tabulate(conditions, MORTAL)
    factor = np.ones((2, LAST_AGE + 1))
    for number, condition in enumerate(conditions):
        yearly = condition.yearly_hazard(MORTAL)
        assert (tables.hazard[number, :, 1:] == np.cumsum(yearly, axis=1)).all()
        prevalence = condition.expected_prevalence(yearly, MORTAL)
        assert (tables.prevalence[number] == prevalence).all()
        factor *= 1.0 + prevalence * (condition.mortality_ratio - 1.0)
    assert (mortality_factor(tables) == factor).all()
    assert (kidney_factor(tables) == 1.0).all()
    assert (deferred(tables)[0] == 0.0).all()


# Body mass ----------------------------------------------------------------------------------------


def test_points_of_body_mass_have_the_spread_of_people() -> None:
    p = inputs()
    median = np.array([30.0, 28.0])
    body = body_mass_of(median, p)
    assert body.share.sum() == pytest.approx(1.0)
    z = np.random.default_rng(1).standard_normal((2, 200_000))
    relative = np.exp(0.2 * z[0]) / (1 + 0.04 * z[1]) ** 2
    for sex in (FEMALE, MALE):
        people = np.clip(median[sex] * (relative - 1), LEAST_EXCESS, MOST_EXCESS)
        for power in (1, 2):
            found = (body.share * body.excess[sex] ** power).sum()
            assert found == pytest.approx((people**power).mean(), rel=0.02, abs=0.05)


def test_excess_is_that_of_the_adult_and_has_limits() -> None:
    p = inputs()
    median = p.adult_body_mass_index
    assert 29 < median.min() < median.max() < 30.5
    for factors, expected in (
        ((1.2, 1.0), 0.2 * median[MALE]),
        ((1.0, 1.1), median[MALE] * (1 / 1.21 - 1)),
        ((3.0, 1.0), MOST_EXCESS),
        ((0.3, 1.0), LEAST_EXCESS),
    ):
        for age in (3, 60):
            life, _ = person(sex=MALE, age=age, weight_factor=factors[0], height_factor=factors[1])
            assert plain(body_mass_excess)(life, p) == pytest.approx(expected, rel=1e-5)


def test_the_hazard_is_multiplied_for_each_5_kg_per_m2() -> None:
    p = inputs(
        [made("b", prevalence=[0.1], hazard_ratio_per_5_kg_per_m2=3.0), made("c", prevalence=[0.1])]
    )
    heavy = 1 + 10 / p.adult_body_mass_index[FEMALE]
    life, _ = person(weight_factor=heavy)
    assert plain(hazard_ratio_of_body)(life, 0, p) == pytest.approx(9.0, rel=1e-5)
    assert plain(hazard_ratio_of_body)(life, 1, p) == 1.0


# Episodes -----------------------------------------------------------------------------------------

#: A third have a from infancy, which raises b fourfold; b recurs, and raises c.
CHAIN = [
    made("c", ages=[0, 60], prevalence=[0.0, 0.3], blood_loss_ml_at_onset=100.0),
    made("b", onset_per_1000=[60.0], duration_years=3.0, raises={"c": 3.0}),
    made("a", prevalence=[0.33], raises={"b": 4.0}),
]
BY_BODY = made("a", prevalence=[0.33], hazard_ratio_per_5_kg_per_m2=2.0)


@pytest.fixture(scope="module")
def p() -> Any:
    return inputs(CHAIN)


def test_the_part_spared_is_a_power_of_the_uniform() -> None:
    assert plain(part_spared)(0.3, 1.0) == 1.0 - 0.3
    assert plain(part_spared)(0.3, 4.0) == pytest.approx(0.7**0.25, rel=1e-7)


def test_onsets_come_as_often_as_the_hazard_ratio_says() -> None:
    """Up to 40 years, 1 - exp(-r B) of those with and without the cause; none recover."""
    a = made("a", prevalence=[0.5], raises={"b": 4.0})
    b = made("b", ages=[0, 2, 3], onset_per_1000=[0.0, 0.0, 20.0])
    p = inputs([b, a])
    base = -np.log(p.condition_spared[0, FEMALE, 40])
    has, people = np.zeros(2), np.zeros(2)
    for uid in range(1, 1801):
        life, _ = person(uid=uid, birth_month=NOW - 480)
        with_a, _ = plain(episode_at)(life, 1, NOW - 455, p)
        people[int(with_a)] += 1
        has[int(with_a)] += plain(episode_at)(life, 0, NOW, p)[0]
    for found, n, ratio in zip(has, people, (1, 4), strict=True):
        share = 1 - np.exp(-ratio * base)
        assert found / n == pytest.approx(share, abs=3.5 * (share * (1 - share) / n) ** 0.5)
    assert 0.3 < base < 0.45


def test_an_onset_is_taken_with_the_chance_of_what_the_person_has_that_month(p: Any) -> None:
    """b, which comes and goes, raises c threefold: at each offer w x 3 is compared with 3 or with 1."""
    taken = {True: [0, 0], False: [0, 0]}
    for uid in range(1, 160):
        life, _ = person(uid=uid, birth_month=NOW)
        if not plain(may_come)(life, 1, p):
            continue
        share, onset, there, k = 1.0, None, False, 0
        while onset is None or not there:
            u, _, w, _ = plain(episode)(
                np.uint64(KEY), np.uint64(uid), np.uint64(CHAIN[0].code), k, EPISODES
            )
            share *= (1 - u) ** (1 / 3)
            age = plain(age_when_spared)(0, FEMALE, share, 0, p)
            if age == 2**31 - 1:
                break
            onset, k = NOW + age, k + 1
            with_b = plain(episode_at)(life, 1, onset, p)[0]
            there = w * 3 < (3 if with_b else 1)
            taken[with_b][int(there)] += 1
            assert plain(episode_at)(life, 0, onset, p)[0] == there
            if there:
                assert not plain(episode_at)(life, 0, onset - 1, p)[0]
    assert taken[True][0] == 0
    assert taken[True][1] > 5
    offered = sum(taken[False])
    assert offered > 25
    assert taken[False][1] / offered == pytest.approx(1 / 3, abs=3.5 * (2 / 9 / offered) ** 0.5)


def test_a_heavier_body_brings_it_sooner() -> None:
    """One uniform, another hazard: the first onset comes where the base has risen as little."""
    p = inputs([BY_BODY])
    for uid in range(1, 25):
        u, *_ = plain(episode)(np.uint64(KEY), np.uint64(uid), np.uint64(BY_BODY.code), 0, EPISODES)
        for factor in (0.9, 1.3):
            life, _ = person(uid=uid, birth_month=NOW, weight_factor=factor)
            ratio = plain(hazard_ratio_of_body)(life, 0, p)
            there, until = plain(episode_at)(life, 0, NOW + 13, p)
            ever = -np.log(1 - u) / ratio < p.condition_lifetime_hazard[0, FEMALE]
            assert (there or until < 2**31 - 1) == ever
            assert plain(may_come)(life, 0, p) == ever


def test_what_cannot_come_never_comes(p: Any) -> None:
    never = 0
    for uid in range(1, 150):
        life, _ = person(uid=uid, birth_month=NOW, weight_factor=1.0)
        for c in range(3):
            if not plain(may_come)(life, c, p):
                never += 1
                assert plain(episode_at)(life, c, NOW + 12 * 119, p) == (False, 2**31 - 1)
    assert never > 50


def test_a_life_followed_month_by_month_has_the_episodes_of_any_later_look(p: Any) -> None:
    """Whatever is asked when: a pure function, which settling month after month repeats."""
    changes = begun_in_all = 0
    for uid in (2, 3, 7, 11, 12):
        life, _ = person(uid=uid, birth_month=NOW, conditions_to_come=EVERY_CONDITION,
                         conditions_until=NOW, weight_factor=1.1)  # fmt: skip
        months, before = range(NOW, NOW + 12 * 70), 0
        for month in months:
            if month >= life.conditions_until:
                begun = plain(settle_conditions)(life, month, p)
                assert life.conditions_until > month
                assert begun == int(life.conditions) & ~before
                changes += int(life.conditions) != before
                begun_in_all += begun != 0
            before = int(life.conditions)
            if month % 7 == 0:
                there = [plain(episode_at)(life, c, month, p)[0] for c in range(3)]
                assert before == sum(1 << c for c, has in enumerate(there) if has)
    assert changes > 20
    assert begun_in_all > 10


def test_those_that_are_raised_are_asked_only_when_they_may_change(p: Any) -> None:
    life, _ = person(uid=3, birth_month=NOW, conditions_to_come=EVERY_CONDITION, conditions=0b001,
                     raised_until=NOW + 900)  # fmt: skip
    plain(settle_conditions)(life, NOW + 500, p)
    assert life.conditions & 0b011 == 0b001
    assert life.conditions_to_come & 0b011 == 0b011
    assert life.raised_until == NOW + 900
    assert life.conditions_until <= NOW + 900
    plain(settle_conditions)(life, NOW + 900, p)
    assert life.raised_until > NOW + 900


def test_tables_of_causes(p: Any) -> None:
    assert p.condition_cause[:3, :2].tolist() == [[1, -1], [2, -1], [-1, -1]]
    assert p.condition_cause_ratio[:3, :2].tolist() == [[3.0, 1.0], [4.0, 1.0], [1.0, 1.0]]
    assert p.condition_most_raised[:3].tolist() == [3.0, 4.0, 1.0]
    total = -np.log(p.condition_spared[:3, :, -1])
    assert p.condition_lifetime_hazard[:3] == pytest.approx(total)


# Kidney disease -----------------------------------------------------------------------------------


def test_conditions_raise_the_onset_of_kidney_disease() -> None:
    conditions = [
        made("x", prevalence=[0.5], raises={"progressive_kidney_disease": 3.0}),
        made("y", prevalence=[0.1]),
        made("z", prevalence=[0.2], raises={"progressive_kidney_disease": 2.0}),
    ]
    p, without = inputs(conditions), inputs()
    for bits, ratio in ((0b000, 1.0), (0b010, 1.0), (0b001, 3.0), (0b101, 6.0)):
        assert plain(kidney_ratio)(bits, p) == ratio
        for onset, falls_ill in ((0.99, True), (1.01, False)):
            life, _ = person(sex=MALE, age=60, conditions=bits)
            at = moment(age=60, onset=onset * ratio * p.kidney_onset[MALE, 60])
            plain(suffer_kidney_disease)(life, *neutral_burdens(2), at, p)
            assert (life.kidney == CKD_3) == falls_ill
    # All together fall ill as often as without: mean ratio 2 x 1.2.
    ratio = np.log1p(-without.kidney_onset[:, 40]) / np.log1p(-p.kidney_onset[:, 40])
    assert ratio == pytest.approx(2.0 * 1.2, rel=1e-6)


# Donors -------------------------------------------------------------------------------------------

DEFERRING = [
    made("ill", prevalence=[0.2], may_give_blood=False),
    made("well", prevalence=[0.5]),
    made("sick", ages=[0, 20, 60], prevalence=[0.0, 0.0, 0.4], may_give_blood=False),
]


def test_who_has_what_defers_does_not_start_and_is_turned_away() -> None:
    p = inputs(DEFERRING, donor_visits_per_year=12)
    assert p.conditions_that_defer == 0b101
    for bits, may in ((0b000, True), (0b010, True), (0b001, False), (0b110, False)):
        life, _ = person(age=30, conditions=bits)
        plain(become_donor)(life, 30, NOW, 0.0, p)
        assert (life.donor == ACTIVE_DONOR) == may
        fields = dict(donor=ACTIVE_DONOR, donor_eagerness=50.0, red_cell_iron_mg=2400.0)
        life, body = person(age=30, conditions=bits, **fields)
        assert plain(is_deferred)(life, body, NOW, p) == (not may)
        assert life.eligible_month == NOW + 1 or may
        life, body = person(age=30, conditions=bits, **fields)
        burden = neutral_burdens(1)[0]
        plain(donate)(life, body, burden, moment(age=30), p)
        assert (life.donations == 1) == may
        assert (burden.blood_loss_ml > 0) == may


def test_those_who_may_start_so_much_more_often() -> None:
    p = inputs(DEFERRING)
    factor = p.healthy_start_factor[FEMALE, 30]
    assert factor > 1.25
    for u, starts in ((0.99, True), (1.01, False)):
        life, _ = person(age=30)
        plain(become_donor)(life, 30, NOW, u * factor * p.donor_start[30], p)
        assert (life.donor == ACTIVE_DONOR) == starts
    assert (inputs().healthy_start_factor == 1.0).all()
    assert (inputs().healthy_visit_factor == 1.0).all()


def test_visits_come_so_much_more_often() -> None:
    p = inputs(donor_stop_per_year=0.01)
    p.healthy_visit_factor[FEMALE, 40] = 2.0
    gave = 0
    for uid in range(1, 1001):
        life, body = person(
            uid=uid, donor=ACTIVE_DONOR, donor_eagerness=3.0, red_cell_iron_mg=2400.0
        )
        plain(donate)(life, body, neutral_burdens(1)[0], moment(), p)
        gave += int(life.donations)
    share = 1 - np.exp(-1.3 * 3 * 2 / 12)
    assert gave / 1000 == pytest.approx(share, abs=3.5 * (share * (1 - share) / 1000) ** 0.5)


def test_factors_of_a_share_that_stays_are_those_of_never_donors() -> None:
    """A fifth from birth on: 1 / 0.8 start so much more often, and no donor falls ill."""
    start = np.where((AGES >= 17) & (AGES < 70), 0.02, 0.0)
    share = np.full((2, LAST_AGE + 1), 0.2)
    starts, visits = follow_donors(start, 0.1, share, np.zeros((2, LAST_AGE + 1)))
    # The starts among those who may leave fewer of them: 1 + 0.25 / share of never donors left.
    left = 1 - np.array([0.02 * (age - 16.5) for age in (17, 20)])
    assert starts[0, [17, 20]] == pytest.approx(1 + 0.25 / left, rel=0.02)
    assert visits == pytest.approx(1.0, abs=1e-9)


def test_donors_who_fall_ill_count_in_the_visits_of_others() -> None:
    """From 40 on, 2 % a year: careers of ten years, so donors are ill for about that long at most."""
    share = np.clip(-np.expm1(-0.02 * (AGES - 40)), 0.0, None) * np.ones((2, 1))
    rate = np.where(AGES >= 40, 0.02, 0.0) * np.ones((2, 1))
    start = np.where((AGES >= 17) & (AGES < 70), 0.001, 0.0)
    starts, visits = follow_donors(start, 0.1, share, rate)
    assert visits[:, :40] == pytest.approx(1.0)
    assert starts[0, 60] == pytest.approx(np.exp(0.02 * 20.5), rel=0.02)
    # Stationary donors: they start well, stop at 0.1 and fall ill at 0.02, so 0.02 / 0.1 are ill.
    assert visits[0, 69] == pytest.approx(1.0 + 0.02 / 0.1, rel=0.03)


def test_the_share_who_are_deferred_is_that_of_either_condition() -> None:
    share, rate = deferred(tabulate(DEFERRING, IMMORTAL))
    sick = 0.4 * (50.5 - 20) / 40
    assert share[:, 50] == pytest.approx(1 - 0.8 * (1 - sick), rel=1e-3)
    assert rate[:, 50] == pytest.approx(0.01 / (1 - sick), rel=0.01)
    joined = [replace(DEFERRING[0], raises={"sick": 6.0}), *DEFERRING[1:]]
    together, onset = deferred(tabulate(joined, IMMORTAL))
    # The ill have more of the sickness, so fewer have either.
    assert (together[:, 40:60] < share[:, 40:60] - 0.02).all()
    assert (onset[:, 40:60] < rate[:, 40:60]).all()
