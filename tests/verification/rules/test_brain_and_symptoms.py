"""CNS iron, dopamine and symptoms: one month at a time, against the formulas of the model."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from rule_tools import EXACT, NOW, a_burden, inputs, logged, moment, person, plain

from rlsabm.body.brain import (
    advance_brain,
    advance_dopamine,
    advance_pools,
    deficit_effect,
    iron_effect,
)
from rlsabm.body.lasting import advance_lasting
from rlsabm.body.responses import cns_supply, equilibrium_prevalence
from rlsabm.body.symptoms import (
    RLS_ONSET,
    RLS_REMISSION,
    SYMPTOMS,
    advance_symptoms,
    irls,
    next_state,
    note_symptoms,
)
from rlsabm.burden import NO_CARE
from rlsabm.conventions import LAST_AGE, LONG_AGO, NEVER

AGE = 40


def norm(age: float) -> float:
    """Structural CNS iron of somebody whose exchangeable iron was always 1."""
    return 1 - 0.95 * np.exp(-age / 14)


# Pools --------------------------------------------------------------------------------------------


def test_the_exchangeable_pool_goes_towards_trait_times_supply_in_two_months() -> None:
    life, body = person(cns_iron_trait=0.8, cns_iron_exchangeable=1.0, cns_iron_structural=0.7)
    plain(advance_pools)(body, life, 0.5, inputs())
    expected = 1.0 + (0.8 * 0.5 - 1.0) * (1 - np.exp(-1 / 2))
    assert body.cns_iron_exchangeable == pytest.approx(expected, rel=EXACT)


def test_the_structural_pool_goes_towards_the_fast_one_in_14_years() -> None:
    life, body = person(cns_iron_trait=1.0, cns_iron_exchangeable=0.5, cns_iron_structural=0.9)
    plain(advance_pools)(body, life, 0.5, inputs())
    expected = 0.9 + (0.5 - 0.9) * (1 - np.exp(-1 / (12 * 14)))
    assert body.cns_iron_exchangeable == pytest.approx(0.5)
    assert body.cns_iron_structural == pytest.approx(expected, rel=EXACT)


def test_the_norm_of_the_structural_pool_is_that_of_a_typical_life() -> None:
    """Hallgren and Sourander 1958: 5 % at birth, most of it by 40 years."""
    p = inputs()
    ages = np.arange(LAST_AGE + 1)
    assert p.structural_pool_norm == pytest.approx(norm(ages))
    assert p.per_structural_pool_norm == pytest.approx(1 / norm(ages))
    assert p.structural_pool_norm[0] == pytest.approx(0.05)


# Effect of a deficit ------------------------------------------------------------------------------


@pytest.mark.parametrize("lacking", [0.1, 0.5, 1.0])
def test_the_effect_of_a_deficit_is_convex(lacking: float) -> None:
    """Between the square (convexity 0) and the cube (convexity 1) of what is lacking."""
    for convexity, power in ((0.0, 2), (1.0, 3)):
        found = plain(deficit_effect)(lacking, inputs(deficit_convexity=convexity))
        assert found == pytest.approx(2.0 * lacking**power)
    found = plain(deficit_effect)(lacking, inputs())
    assert found == pytest.approx(2 * (0.7 * lacking**2 + 0.3 * lacking**3))


def effect(fast: float, slow: float) -> float:
    _, body = person(cns_iron_exchangeable=fast, cns_iron_structural=slow)
    return float(plain(iron_effect)(body, AGE, inputs()))


def test_both_pools_add_to_the_effect() -> None:
    assert effect(0.6, 2.0) == pytest.approx(2 * 0.16 * (1 - 0.3 * 0.6), rel=1e-5)
    assert effect(2.0, 0.8 * norm(AGE)) == pytest.approx(0.2, rel=1e-5)
    both = effect(0.6, 0.8 * norm(AGE))
    assert both == pytest.approx(effect(0.6, 2.0) + effect(2.0, 0.8 * norm(AGE)), rel=1e-6)


def test_more_cns_iron_than_typical_protects_nobody() -> None:
    assert effect(1.5, 1.5) == 0.0
    assert effect(1.0, norm(AGE) * (1 + 1e-6)) == 0.0


def test_the_structural_pool_is_judged_by_age() -> None:
    """Half of the structural iron of an old adult is no lack at eight years."""
    _, body = person(cns_iron_structural=0.6)
    p = inputs()
    assert plain(iron_effect)(body, 8, p) == 0.0
    assert plain(iron_effect)(body, 80, p) == pytest.approx(1 - 0.6 / norm(80), rel=1e-5)


def test_dopamine_goes_towards_its_loads_in_a_month() -> None:
    _, body = person(dopamine_deficit=0.2)
    plain(advance_dopamine)(body, 0.5, 0.7, inputs())
    expected = 0.2 + (0.5 + 0.7 - 0.2) * (1 - np.exp(-1))
    assert body.dopamine_deficit == pytest.approx(expected, rel=EXACT)


def test_time_constants_are_those_of_their_parameters() -> None:
    p = inputs(dopamine_months=2.5, exchangeable_pool_months=3.0, structural_pool_years=20.0,
               lasting_delay_years=9.0)  # fmt: skip
    assert p.dopamine_step == pytest.approx(1 - np.exp(-1 / 2.5))
    assert p.exchangeable_pool_step == pytest.approx(1 - np.exp(-1 / 3))
    assert p.structural_pool_step == pytest.approx(1 - np.exp(-1 / 240))
    assert p.lasting_step == pytest.approx(1 - np.exp(-1 / 108))


def test_four_fifths_of_the_effect_pass_through_dopamine() -> None:
    life, body = person(
        cns_iron_trait=0.5,
        cns_iron_exchangeable=0.5,
        cns_iron_structural=2.0,
        storage_iron_mg=2400.0,
    )
    burden = a_burden()
    burden.dopamine_load = 0.3
    found = plain(advance_brain)(body, life, burden, NO_CARE, AGE, 1 / 500, inputs())
    expected = 2 * 0.25 * (1 - 0.3 * 0.5)
    assert found == pytest.approx(expected, rel=1e-3)
    step = 1 - np.exp(-1)
    assert body.dopamine_deficit == pytest.approx((0.8 * expected + 0.3) * step, rel=1e-3)


def test_infusions_and_transport_supply_the_brain_beyond_stores() -> None:
    """0.75 a gram in macrophages; what stores supply is multiplied; no scar comes of a surplus."""
    step = 1 - np.exp(-0.5)
    values = {"lasting_share_per_short_year": 0.1, "lasting_cns_iron_loss": 0.0}
    p = inputs(infused_iron_supply_per_g=0.75, **values)
    life, body = person(infused_iron_mg=400.0, lasting_load=0.2)
    plain(advance_brain)(body, life, a_burden(), NO_CARE, AGE, 1 / 500, p)
    supply = plain(cns_supply)(2.0, p)
    assert body.cns_iron_exchangeable == pytest.approx(1 + (supply + 0.3 - 1) * step, rel=1e-5)
    assert body.lasting_load == pytest.approx(0.2)
    life, body = person(cns_iron_trait=0.5)
    care = NO_CARE._replace(supply_factor=1.4)
    plain(advance_brain)(body, life, a_burden(), care, AGE, 1 / 500, p)
    assert body.cns_iron_exchangeable == pytest.approx(
        1 + (0.5 * 1.4 * supply - 1) * step, rel=1e-5
    )


def test_treatment_lowers_liability_and_augmentation_raises_it() -> None:
    life, body = person()
    of_drugs = {"dopamine_support": 0.5, "symptom_relief": 0.25, "augmentation": 0.125}
    plain(advance_symptoms)(body, life, 0.0, moment(), inputs())
    before = float(body.liability)
    for name, value in of_drugs.items():
        body[name] = value
    plain(advance_symptoms)(body, life, 0.0, moment(), inputs())
    assert body.liability == pytest.approx(before - 0.5 - 0.25 + 0.125)


def test_the_brain_sees_the_persons_stores() -> None:
    life, body = person(storage_iron_mg=80.0, storage_scale_mg=400.0)
    p = inputs()
    plain(advance_brain)(body, life, a_burden(), NO_CARE, AGE, 1 / 400, p)
    supply = plain(cns_supply)(0.2, p)
    assert body.cns_iron_exchangeable == pytest.approx(
        1 + (supply - 1) * (1 - np.exp(-0.5)), rel=1e-5
    )


# Liability ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("age", "effect_of_age"),
    [(0, -0.75), (10, -0.75), (15, -0.375), (20, 0.0), (42, 0.175), (64, 0.35), (65, 0.34),
     (85, 0.14), (LAST_AGE, 0.14)],
)  # fmt: skip
def test_liability_changes_with_age_from_10_to_85_years(age: int, effect_of_age: float) -> None:
    """-0.75 to 10 years, nought at 20, 0.35 at 64, 0.21 less from 85, linear between (Tison 2005)."""
    assert inputs().age_effect[age] == pytest.approx(effect_of_age)


def lived(
    by_iron: float = 0.0, months: float = 0.0, when: dict[str, Any] | None = None, **fields: Any
) -> Any:
    """A body after a month of symptoms."""
    life, body = person(**fields)
    at = moment(**({"age": AGE} | (when or {})))
    plain(advance_symptoms)(body, life, by_iron, at, inputs())
    return body


def test_liability_is_the_sum_of_its_parts() -> None:
    body = lived(
        0.5, other_liability=1.1, dopamine_deficit=0.7, vulnerability=0.4, lasting_load=0.9
    )
    age = 0.35 * (AGE - 20) / 44
    expected = 1.1 + age + 0.7 + 0.2 * 0.5 + 1.25 * 0.4 - 2.88
    assert body.liability == pytest.approx(expected, rel=1e-5)


# What lasts ---------------------------------------------------------------------------------------


def left_behind(months: float = 0.0, supply: float = 1.0, **fields: Any) -> Any:
    """A body after a month of pregnancy, or of a short supply of iron to the CNS."""
    _, body = person(**fields)
    burden = a_burden()
    burden.lasting_months = months
    plain(advance_lasting)(body, burden, supply, inputs(lasting_share_per_short_year=0.1))
    return body


def test_nine_months_of_pregnancy_leave_half_of_what_is_left() -> None:
    month = 1 - 0.5 ** (1 / 9)
    assert left_behind(months=1.0).lasting_load == pytest.approx(month, rel=EXACT)
    left = left_behind(months=1.0, lasting_load=0.6)
    assert left.lasting_load == pytest.approx(0.6 + month * 0.4, rel=EXACT)
    assert left_behind(lasting_load=0.6).lasting_load == pytest.approx(0.6)


def test_a_year_without_supply_leaves_a_tenth_of_what_is_left() -> None:
    month = 1 - 0.9 ** (1 / 12)
    assert left_behind(supply=0.0).lasting_load == pytest.approx(month, rel=EXACT)
    left = left_behind(supply=0.25, lasting_load=0.6)
    assert left.lasting_load == pytest.approx(0.6 + 0.75 * month * 0.4, rel=EXACT)


def test_pregnancy_and_shortage_never_leave_more_than_everything() -> None:
    values = dict(lasting_share_per_pregnancy=1, lasting_share_per_short_year=1)
    _, body = person(lasting_load=0.3)
    burden = a_burden()
    burden.lasting_months = 1.0
    plain(advance_lasting)(body, burden, 0.0, inputs(**values))
    assert body.lasting_load == 1.0


def test_the_lasting_load_comes_to_bear_in_six_years() -> None:
    body = left_behind(lasting_load=0.5, vulnerability=0.1)
    expected = 0.1 + 0.4 * (1 - np.exp(-1 / 72))
    assert body.vulnerability == pytest.approx(expected, rel=EXACT)


def test_the_lasting_load_takes_its_share_of_cns_iron() -> None:
    """A fifth of what supply and trait would give, where all of it has come to bear."""
    life, body = person(cns_iron_trait=0.8, cns_iron_exchangeable=1.0, vulnerability=0.5)
    plain(advance_pools)(body, life, 0.5, inputs())
    expected = 1.0 + (0.8 * 0.5 * (1 - 0.2 * 0.5) - 1.0) * (1 - np.exp(-1 / 2))
    assert body.cns_iron_exchangeable == pytest.approx(expected, rel=EXACT)


def test_a_month_of_the_brain_leaves_its_share() -> None:
    """The month's own supply, by the stores, is what it is short of."""
    life, body = person(storage_iron_mg=0.0, storage_scale_mg=400.0)
    p = inputs(lasting_share_per_short_year=0.1)
    plain(advance_brain)(body, life, a_burden(), NO_CARE, AGE, 1 / 400, p)
    short = 1 - plain(cns_supply)(0.0, p)
    assert short > 0.9
    assert body.lasting_load == pytest.approx(short * (1 - 0.9 ** (1 / 12)), rel=EXACT)
    assert body.vulnerability == pytest.approx(body.lasting_load * p.lasting_step, rel=EXACT)


# Symptoms -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("prevalence", [0.1, 0.5, 0.9])
def test_symptoms_begin_at_four_tenths_of_the_equilibrium(prevalence: float) -> None:
    p = inputs()
    limit = 0.4 * prevalence
    assert plain(next_state)(0, prevalence, limit - 1e-6, p) == 1
    assert plain(next_state)(0, prevalence, limit + 1e-6, p) == 0


@pytest.mark.parametrize("prevalence", [0.1, 0.5, 0.9])
def test_symptoms_end_at_four_tenths_of_its_complement(prevalence: float) -> None:
    p = inputs()
    limit = 1 - 0.4 * (1 - prevalence)
    assert plain(next_state)(1, prevalence, limit - 1e-6, p) == 1
    assert plain(next_state)(1, prevalence, limit + 1e-6, p) == 0


def test_onset_and_remission_have_speeds_of_their_own() -> None:
    p = inputs(onset_per_month=0.2, remission_per_month=0.6)
    assert plain(next_state)(0, 0.5, 0.09, p) == 1
    assert plain(next_state)(0, 0.5, 0.11, p) == 0
    assert plain(next_state)(1, 0.5, 0.69, p) == 1
    assert plain(next_state)(1, 0.5, 0.71, p) == 0


@pytest.mark.parametrize("had", [0, 1])
def test_the_months_uniform_decides_at_the_persons_liability(had: int) -> None:
    p = inputs()
    threshold = 2.88 - 0.35 * (AGE - 20) / 44
    expected = plain(equilibrium_prevalence)(-0.43, 1 / 0.43, p)
    assert expected == pytest.approx(1 / (1 + np.e), rel=1e-3)
    limit = 1 - 0.4 * (1 - expected) if had else 0.4 * expected
    for u, has in ((limit - 0.001, 1), (limit + 0.001, 0)):
        body = lived(when=dict(symptoms=u), rls=had, other_liability=threshold - 0.43)
        assert body.rls == has


def at_liability(liability: float, **fields: Any) -> Any:
    """Somebody with symptoms this month, at a liability."""
    threshold = 2.88 - 0.35 * (AGE - 20) / 44
    return lived(when=dict(symptoms=1e-9), other_liability=threshold + liability, **fields)


def test_cases_are_weekly_from_a_liability_and_significant_from_another() -> None:
    for liability, weekly, significant in (
        (-0.31, False, False), (-0.29, True, False), (0.35, True, False), (0.37, True, True),
    ):  # fmt: skip
        body = at_liability(liability)
        assert body.rls_last_month == NOW
        assert body.weekly_last_month == (NOW if weekly else LONG_AGO)
        assert body.significant_last_month == (NOW if significant else LONG_AGO)


def test_the_first_month_of_symptoms_stays() -> None:
    assert at_liability(1.0).rls_first_month == NOW
    assert at_liability(1.0, rls_first_month=NOW - 50).rls_first_month == NOW - 50


def test_onset_is_the_first_month_of_a_course() -> None:
    """Symptoms within twelve months belong to the course before; later ones begin another."""
    assert at_liability(1.0).rls_onset_month == NOW
    for months_since, onset in ((1, NOW - 50), (12, NOW - 50), (13, NOW), (40, NOW)):
        body = at_liability(
            1.0,
            rls_onset_month=NOW - 50,
            rls_first_month=NOW - 90,
            rls_last_month=NOW - months_since,
        )
        assert body.rls_onset_month == onset
        assert body.rls_first_month == NOW - 90


@pytest.mark.parametrize(("age", "has"), [(0, 0), (3, 0), (4, 1), (10, 1)])
def test_nobody_has_rls_before_it_can_be_told(age: int, has: int) -> None:
    body = lived(when=dict(symptoms=1e-9, age=age), other_liability=5.0)
    assert body.rls == has
    assert (body.rls_first_month == NOW) == (body.rls_onset_month == NOW) == has
    assert body.liability == pytest.approx(5.0 - 0.75 - 2.88, rel=1e-5)


def test_months_without_symptoms_leave_no_trace() -> None:
    body = lived(when=dict(symptoms=0.9999))
    assert body.rls == 0
    assert body.rls_first_month == body.rls_onset_month == NEVER
    assert body.rls_last_month == body.weekly_last_month == LONG_AGO


def test_irls_is_15_at_clinical_significance_and_8_points_a_unit() -> None:
    p = inputs()
    for liability, score in ((0.36, 15.0), (1.36, 23.0), (-0.14, 11.0), (-9.0, 1.0), (9.0, 40.0)):
        assert plain(irls)(liability, p) == pytest.approx(score)


def test_onsets_and_remissions_are_logged() -> None:
    life, _ = person()
    for rls, had, first, events in (
        (1, 0, NOW, [(NOW, RLS_ONSET, True)]), (1, 0, NOW - 9, [(NOW, RLS_ONSET, False)]),
        (0, 1, NOW - 9, [(NOW, RLS_REMISSION, False)]), (1, 1, NOW, []), (0, 0, NEVER, []),
    ):  # fmt: skip
        _, body = person(rls=rls, rls_first_month=first)
        assert logged(note_symptoms, life, body, had, NOW) == events


def test_age_at_onset_is_in_years() -> None:
    column = next(column for column in SYMPTOMS.columns if column.name == "age_at_onset")
    people = SimpleNamespace(
        rls_onset_month=np.array([NOW, NEVER]), birth_month=np.array([NOW - 30 * 12 - 6, 0])
    )
    assert column.values(people).tolist()[0] == 30.5
    assert np.isnan(column.values(people)[1])
