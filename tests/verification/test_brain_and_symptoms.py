"""CNS iron, dopamine and symptoms: relaxation curves, the two-state chain, nested cases."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from rlsabm import chance
from rlsabm.body.body import be_born
from rlsabm.body.brain import advance_brain, deficit_effect
from rlsabm.body.responses import cns_supply, equilibrium_prevalence
from rlsabm.body.symptoms import advance_symptoms, irls, next_state
from rlsabm.burden import NO_CARE, neutral_burdens
from rlsabm.conventions import LONG_AGO, NEVER
from rlsabm.moment import Moment
from rlsabm.person import BODY, LIFE, newborn_records
from rlsabm.population import Population
from rlsabm.setting import Setting, make_setting

AGE = 40


@njit(error_model="numpy")
def _advance(body: Any, life: Any, burdens: Any, age: int, p: Any, us: Any, curve: Any) -> None:
    """Brain and symptoms under a constant burden: the state at the end of each month."""
    burden = burdens[0]
    for month in range(len(us)):
        effect = advance_brain(body, life, burden, NO_CARE, age, 1.0 / life.storage_scale_mg, p)
        at = Moment(month, age, us[month], 0.0, 0.0, 0.0)
        advance_symptoms(body, life, effect, at, p)
        curve[month, 0] = body.cns_iron_exchangeable
        curve[month, 1] = body.cns_iron_structural
        curve[month, 2] = body.dopamine_deficit
        curve[month, 3] = body.vulnerability
        curve[month, 4] = body.liability
        curve[month, 5] = body.rls


FAST, SLOW, DOPAMINE, VULNERABILITY, LIABILITY, RLS = range(6)


def someone(
    setting: Setting, *, trait: float = 1.0, liability: float = 0.0, stores: float = 3.0
) -> tuple[Any, Any, Any]:
    """One adult with all pools at typical supply; stores are in units of their scale."""
    lives, bodies, burdens = newborn_records(LIFE, 1), newborn_records(BODY, 1), neutral_burdens(1)
    lives["cns_iron_trait"], lives["other_liability"] = trait, liability
    lives["storage_scale_mg"] = 500.0
    bodies["storage_iron_mg"] = 500.0 * stores
    bodies["cns_iron_exchangeable"] = 1.0
    bodies["cns_iron_structural"] = setting.inputs.structural_pool_norm[AGE]
    bodies["rls_first_month"], bodies["rls_last_month"] = NEVER, LONG_AGO
    return lives[0], bodies[0], burdens.view(np.recarray)


def curves(
    setting: Setting, persons: tuple[Any, Any, Any], months: int, us: Any = None
) -> np.ndarray:
    life, body, burdens = persons
    curve = np.zeros((months, 6))
    us = np.full(months, 0.5) if us is None else us
    _advance(body, life, burdens, AGE, setting.inputs, us, curve)
    return curve


# ------------------------------------------------------------------------------- pools


@pytest.mark.parametrize("trait", [0.5, 1.0, 1.3])
@pytest.mark.parametrize("stores", [0.0, 0.15, 0.5, 3.0])
def test_exchangeable_pool_relaxes_exponentially_to_trait_times_supply(
    setting: Setting, trait: float, stores: float
) -> None:
    found = curves(setting, someone(setting, trait=trait, stores=stores), 24)[:, FAST]
    target = trait * cns_supply(stores, setting.inputs)
    left = np.exp(-np.arange(1, 25) / setting.inputs.exchangeable_pool_months)
    assert found == pytest.approx(target + (1.0 - target) * left, rel=2e-6)


def test_structural_pool_follows_a_constant_exchangeable_pool(setting: Setting) -> None:
    persons = someone(setting, trait=0.8)
    persons[1].cns_iron_exchangeable = 0.8 * cns_supply(3.0, setting.inputs)
    persons[1].cns_iron_structural = 0.05
    found = curves(setting, persons, 480)[:, SLOW]
    left = np.exp(-np.arange(1, 481) / (12.0 * setting.inputs.structural_pool_years))
    target = 0.8 * cns_supply(3.0, setting.inputs)
    assert found == pytest.approx(target + (0.05 - target) * left, rel=1e-4)


def test_structural_pool_follows_a_falling_exchangeable_pool(setting: Setting) -> None:
    """Two compartments in a row: the sum of two exponentials that solves the recursion."""
    persons = someone(setting, trait=0.6)
    persons[1].cns_iron_structural = 0.9
    found = curves(setting, persons, 120)[:, SLOW]
    p = setting.inputs
    target = 0.6 * cns_supply(3.0, setting.inputs)
    a, b = 1.0 - p.exchangeable_pool_step, 1.0 - p.structural_pool_step
    n = np.arange(1, 121)
    # s[n] - t = b (s[n-1] - t) + (1 - b) (1 - t) a^n
    weight = (1.0 - b) * (1.0 - target) * a / (a - b)
    expected = target + (0.9 - target) * b**n + weight * (a**n - b**n)
    assert found == pytest.approx(expected, rel=1e-5)


def test_a_typical_life_has_the_structural_iron_of_its_age(setting: Setting) -> None:
    """From birth at full supply, the pool is at its norm at all ages (Hallgren and Sourander)."""
    p = setting.inputs
    lives, bodies, burdens = newborn_records(LIFE, 1), newborn_records(BODY, 1), neutral_burdens(1)
    lives["cns_iron_trait"], lives["storage_scale_mg"] = 1.0, 500.0
    lives["red_cell_target_mg"], lives["weight_kg"] = 100.0, 3.5
    be_born(bodies[0], lives[0], 5000.0, p)
    assert bodies[0].cns_iron_structural == pytest.approx(p.structural_pool_at_birth)
    bodies["storage_iron_mg"] = 1500.0
    found = curves(setting, (lives[0], bodies[0], burdens), 12 * 90)[:, SLOW]
    birthdays = found[11::12]
    norm = p.structural_pool_norm
    assert norm[0] == pytest.approx(p.structural_pool_at_birth)
    assert birthdays == pytest.approx(norm[1 : len(birthdays) + 1], rel=0.02)
    assert p.structural_pool_norm[80] > 0.95


def test_dopamine_relaxes_to_its_load(setting: Setting) -> None:
    persons = someone(setting)
    persons[1].cns_iron_exchangeable = 2.0
    persons[1].cns_iron_structural = 2.0
    persons[2].dopamine_load = 1.5
    found = curves(setting, persons, 3)[:, DOPAMINE]
    left = np.exp(-np.arange(1, 4) / setting.inputs.dopamine_months)
    assert found == pytest.approx(1.5 * (1.0 - left), rel=1e-6)


def test_dopamine_comes_to_rest_at_its_share_of_the_iron_effect(setting: Setting) -> None:
    p = setting.inputs
    persons = someone(setting, trait=0.5)
    found = curves(setting, persons, 12 * 300)[-1]
    iron = 0.5 * cns_supply(3.0, p)
    effect = deficit_effect(1.0 - iron, p)
    effect += p.structural_deficit_effect * (1.0 - iron / p.structural_pool_norm[AGE])
    assert found[DOPAMINE] == pytest.approx(p.dopamine_share * effect, rel=1e-4)
    expected = effect + p.age_effect[AGE] - p.liability_threshold
    assert found[LIABILITY] == pytest.approx(expected, abs=1e-4)


def test_enough_iron_costs_nothing(setting: Setting) -> None:
    persons = someone(setting, trait=1.5)
    persons[1].cns_iron_structural = 1.5
    found = curves(setting, persons, 24)
    assert (found[:, DOPAMINE] == 0.0).all()
    p = setting.inputs
    expected = setting.inputs.age_effect[AGE] - p.liability_threshold
    assert found[:, LIABILITY] == pytest.approx(expected, rel=1e-6)


def test_effect_of_a_deficit_is_convex_from_nothing_to_its_parameter(setting: Setting) -> None:
    p = setting.inputs
    lacking = np.linspace(0.0, 1.0, 101)
    effect = np.array([deficit_effect(x, p) for x in lacking])
    assert effect[0] == 0.0
    assert effect[-1] == pytest.approx(p.deficit_effect)
    assert (np.diff(effect) > 0).all()
    assert (np.diff(effect, 2) > 0).all()


def test_a_pregnancy_leaves_its_share_with_delay(setting: Setting) -> None:
    p = setting.inputs
    persons = someone(setting, trait=1.5)
    persons[2].lasting_months = 1.0
    during = curves(setting, persons, 9)
    assert persons[1].lasting_load == pytest.approx(p.lasting_share_per_pregnancy, rel=1e-5)
    persons[2].lasting_months = 0.0
    after = curves(setting, persons, 240)[:, VULNERABILITY]
    left = np.exp(-np.arange(1, 241) / (12.0 * p.lasting_delay_years))
    share = p.lasting_share_per_pregnancy
    expected = share + (during[-1, VULNERABILITY] - share) * left
    assert after == pytest.approx(expected, rel=1e-4)
    persons[2].lasting_months = 1.0
    curves(setting, persons, 9)
    assert persons[1].lasting_load == pytest.approx(1.0 - (1.0 - share) ** 2, rel=1e-5)


# ------------------------------------------------------------------------------- the chain


@njit(error_model="numpy")
def _chain(prevalence: float, months: int, people: int, key: int, p: Any) -> np.ndarray:
    states = np.zeros((people, months), dtype=np.float64)
    for person in range(people):
        state = 0
        for month in range(months):
            u, _, _, _ = chance.at(key, np.uint64(person), month, 999)
            state = next_state(state, prevalence, u, p)
            states[person, month] = state
    return states


@pytest.mark.parametrize("rates", [(0.4, 0.4), (0.1, 0.6), (0.9, 0.05)])
@pytest.mark.parametrize("prevalence", [0.03, 0.3, 0.8])
def test_chain_has_its_equilibrium_and_inertia(
    prevalence: float, rates: tuple[float, float]
) -> None:
    """Stationary share and autocorrelation of a two-state Markov chain."""
    onset, remission = rates
    values = make_setting(
        size=100, parameters={"onset_per_month": onset, "remission_per_month": remission}
    ).inputs
    begins, ends = onset * prevalence, remission * (1.0 - prevalence)
    stationary, inertia = begins / (begins + ends), 1.0 - begins - ends
    people, months = 2000, 400
    states = _chain(prevalence, months, people, np.uint64(7), values)

    by_month = states.mean(axis=0)
    expected = stationary * (1.0 - inertia ** np.arange(1, months + 1))
    error = np.sqrt(stationary * (1.0 - stationary) / people)
    assert np.abs(by_month - expected).max() < 4.5 * error

    late = states[:, 200:]
    effective = late.size * (1.0 - inertia) / (1.0 + inertia)
    spread = np.sqrt(stationary * (1.0 - stationary) / effective)
    assert late.mean() == pytest.approx(stationary, abs=4.0 * spread)
    for lag in (1, 2, 5):
        found = np.corrcoef(late[:, lag:].ravel(), late[:, :-lag].ravel())[0, 1]
        assert found == pytest.approx(inertia**lag, abs=6.0 / np.sqrt(effective))


def test_equal_speeds_make_the_equilibrium_the_stationary_share() -> None:
    speeds = {"onset_per_month": 0.3, "remission_per_month": 0.3}
    p = make_setting(size=500, parameters=speeds).inputs
    states = _chain(0.2, 300, 3000, np.uint64(8), p)[:, 60:]
    assert states.mean() == pytest.approx(0.2, abs=0.005)


@given(
    prevalence=st.floats(0, 1), less=st.floats(0, 1), u=st.floats(1e-9, 1 - 1e-9),
    had=st.sampled_from([(0, 0), (0, 1), (1, 1)]),
)  # fmt: skip
def test_next_state_is_monotone_in_prevalence_and_state(
    setting: Setting, prevalence: float, less: float, u: float, had: tuple[int, int]
) -> None:
    low, high = sorted((prevalence, less))
    p = setting.inputs
    assert next_state(had[0], low, u, p) <= next_state(had[1], high, u, p)


@given(
    seed=st.integers(0, 2**32 - 1),
    liability=st.floats(-1.0, 6.0),
    relief=st.floats(0.0, 3.0),
    trait=st.floats(0.3, 1.2),
    more_iron=st.floats(0.0, 3.0),
)
def test_less_liability_never_holds_a_case_that_more_lacks(
    setting: Setting, seed: int, liability: float, relief: float, trait: float, more_iron: float
) -> None:
    """With the same uniforms, cases of the lower path are among those of the higher."""
    us = np.random.default_rng(seed).random(120)
    burdened = someone(setting, trait=trait, liability=liability, stores=0.1)
    relieved = someone(setting, trait=trait, liability=liability, stores=0.1 + more_iron)
    burdened[2].dopamine_load = relief
    high, low = curves(setting, burdened, 120, us), curves(setting, relieved, 120, us)
    assert (low[:, LIABILITY] <= high[:, LIABILITY] + 1e-6).all()
    assert (low[:, RLS] <= high[:, RLS]).all()


def test_paths_of_the_nested_test_differ(setting: Setting) -> None:
    """The test above can fail: cases do differ between such paths, and both hold some."""
    cases = np.zeros(2)
    even_odds = setting.inputs.liability_threshold - setting.inputs.age_effect[AGE]
    for seed in range(20):
        us = np.random.default_rng(seed).random(120)
        for i, load in enumerate((1.0, 0.0)):
            persons = someone(setting, trait=1.5, liability=even_odds - 0.3)
            persons[2].dopamine_load = load
            cases[i] += curves(setting, persons, 120, us)[:, RLS].sum()
    assert cases[0] > 1.2 * cases[1] > 100


def test_equilibrium_prevalence_rises_with_liability(setting: Setting) -> None:
    scale = setting.inputs.liability_scale
    found = [
        equilibrium_prevalence(x, 1.0 / scale, setting.inputs) for x in np.linspace(-9, 9, 5001)
    ]
    assert (np.diff(found) >= 0).all()
    assert equilibrium_prevalence(0.0, 1.0 / scale, setting.inputs) == pytest.approx(0.5)
    assert 0.0 < found[0] < 1e-5
    assert 1.0 - 1e-5 < found[-1] < 1.0


# ------------------------------------------------------------------------------- the course


def _months_with_rls(setting: Setting, excess: float, *, people: int = 40) -> np.ndarray:
    """States in ten years of people so many scales of liability above even odds, by person."""
    p = setting.inputs
    even_odds = p.liability_threshold - p.age_effect[AGE]
    states = []
    for seed in range(people):
        persons = someone(setting, trait=1.5, liability=even_odds + excess * p.liability_scale)
        persons[1].cns_iron_structural = 1.5
        us = np.random.default_rng(seed).random(180)
        states.append(curves(setting, persons, 180, us)[60:, RLS])
    return np.array(states)


def test_rls_lasts_at_high_liability_and_comes_and_goes_near_the_threshold(
    setting: Setting,
) -> None:
    high, near, low = (_months_with_rls(setting, excess) for excess in (5.0, 0.0, -5.0))
    changes = [
        np.abs(np.diff(states, axis=1)).sum(axis=1).mean() / 10 for states in (high, near, low)
    ]
    assert high.mean() > 0.98
    assert 0.4 < near.mean() < 0.6
    assert low.mean() < 0.02
    assert changes[1] > 1.5  # onsets and remissions a year
    assert max(changes[0], changes[2]) < 0.15


def test_rls_goes_within_months_of_its_load_and_slowly_after_iron(setting: Setting) -> None:
    """A load that ends (delivery, transplant) against stores that are filled: months with RLS after."""
    p = setting.inputs
    even_odds = p.liability_threshold - p.age_effect[AGE]
    had, left = np.zeros(2), np.zeros((2, 24))
    for seed in range(60):
        us = np.random.default_rng(seed).random(60)
        loaded = someone(setting, trait=1.5, liability=even_odds - 8 * p.liability_scale)
        loaded[1].cns_iron_structural = 1.5
        loaded[2].dopamine_load = 16 * p.liability_scale
        short = someone(setting, trait=1.0, liability=even_odds - 3 * p.liability_scale, stores=0.0)
        short[1].cns_iron_exchangeable, short[1].cns_iron_structural = 0.1, 0.1
        for k, persons in enumerate((loaded, short)):
            persons[1].rls = 1
            had[k] += curves(setting, persons, 12, us[:12])[-1, RLS] / 60
            persons[2].dopamine_load = 0.0
            persons[1].storage_iron_mg = 2000.0
            left[k] += curves(setting, persons, 24, us[12:36])[:, RLS] / 60
    assert (had > 0.95).all()
    assert left[0, 11] < 0.1
    assert left[1, 11] > left[0, 11] + 0.2


# ------------------------------------------------------------------------------- memory


def test_months_of_symptoms_are_remembered(setting: Setting) -> None:
    persons = someone(setting, liability=9.0)
    body = persons[1]
    found = curves(setting, persons, 12, np.full(12, 0.2))
    first = int(np.flatnonzero(found[:, RLS])[0])
    assert body.rls_first_month == first
    assert body.rls_last_month == body.weekly_last_month == body.significant_last_month == 11


def test_mild_symptoms_are_neither_weekly_nor_significant(setting: Setting) -> None:
    p = setting.inputs
    liability = p.liability_threshold - setting.inputs.age_effect[AGE]
    for excess, weekly, significant in (
        (p.weekly_liability - 0.1, False, False),
        (p.weekly_liability + 0.1, True, False),
        (p.significant_liability + 0.1, True, True),
    ):
        persons = someone(setting, trait=1.5, liability=liability + excess)
        body = persons[1]
        body.cns_iron_structural = 1.5
        body.weekly_last_month = body.significant_last_month = LONG_AGO
        curves(setting, persons, 3, np.full(3, 1e-6))
        assert body.rls_last_month == 2
        assert (body.weekly_last_month == 2) == weekly
        assert (body.significant_last_month == 2) == significant


def test_irls_is_linear_within_its_range(setting: Setting) -> None:
    p = setting.inputs
    assert irls(p.significant_liability, p) == p.irls_at_significant
    assert irls(p.significant_liability + 0.5, p) == pytest.approx(
        p.irls_at_significant + 0.5 * p.irls_per_liability
    )
    assert irls(-50.0, p) == 1.0
    assert irls(50.0, p) == 40.0


def test_states_of_the_population_agree_with_their_memory(grown: Population) -> None:
    bodies, month = grown.bodies[grown.alive], grown.month - 1
    has = bodies["rls"] == 1
    assert has.sum() > 1000
    assert (bodies["rls_last_month"][has] == month).all()
    assert (bodies["rls_last_month"][~has] < month).all()
    assert (bodies["rls_first_month"][has] <= month).all()
    ever = bodies["rls_first_month"] != NEVER
    assert (ever == (bodies["rls_last_month"] != LONG_AGO)).all()
    for milder, severer in (
        ("rls_last_month", "weekly_last_month"),
        ("weekly_last_month", "significant_last_month"),
    ):
        assert (bodies[milder] >= bodies[severer]).all()
