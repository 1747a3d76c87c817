"""The registry of kidney failure against cohorts that are followed through rates."""

from __future__ import annotations

import numpy as np
import pytest

from rlsabm.conventions import LAST_AGE
from rlsabm.demography.births import people_by_age, population_of
from rlsabm.demography.life_table import yearly_death_rate
from rlsabm.exposures.kidney_course import Course, follow_course, registry_rates
from rlsabm.observe import kidney_registry
from rlsabm.observe.kidney_registry import (
    BEGUN,
    ON_DIALYSIS,
    PATIENT_DIED,
    TRANSPLANTED,
    WITH_GRAFT,
    YEARS,
    KidneyRegistry,
    keep_kidney_registry,
)
from rlsabm.setting import Setting, make_setting

KEY, PARTS = 0xC0FFEE, 8
FIRST = np.array([0, 20, 45, 65, 75])
BAND = np.searchsorted(FIRST, np.arange(LAST_AGE + 1), side="right") - 1


def setting_with(factor: float, **given: object) -> Setting:
    return make_setting(
        size=1000, survey_years=[2012], parameters={"kidney_incidence_factor": factor}, **given
    )


def course_of(setting: Setting, factor: float) -> Course:
    mortality, p = yearly_death_rate(setting.country.mortality), setting.inputs
    times = (p.ckd_3_years, p.ckd_4_years, p.graft_failure_per_year)
    rates = registry_rates(mortality, *times)
    return follow_course(mortality, rates._replace(onset=rates.onset * factor), *times)


def by_band(counts: np.ndarray) -> np.ndarray:
    return np.bincount(BAND, counts.sum(axis=0))


def check(kept: KidneyRegistry, course: Course) -> None:
    """Counts by band, from the years lived at each age and the rates at which things then happen."""
    counts = np.moveaxis(kept.counts.sum(axis=0), -1, 0)
    for event, expected in (
        (BEGUN, course.begun / course.years * counts[YEARS]),
        (TRANSPLANTED, course.transplanted / course.on_dialysis * counts[ON_DIALYSIS]),
    ):
        wanted = by_band(np.nan_to_num(expected))
        print(by_band(counts[event]), wanted)
        assert (np.abs(by_band(counts[event]) - wanted) < 1 + 4 * np.sqrt(wanted)).all()
    # Deaths are those to be expected, which have no chance of their own.
    died = course.died_on_dialysis / course.on_dialysis * counts[ON_DIALYSIS]
    died += course.died_with_graft / course.with_graft * counts[WITH_GRAFT]
    assert by_band(counts[PATIENT_DIED]) == pytest.approx(by_band(np.nan_to_num(died)), rel=0.03)
    shares = by_band(counts[ON_DIALYSIS]) / by_band(counts[YEARS])
    assert shares[2:] == pytest.approx(
        (by_band(course.on_dialysis) / by_band(course.years))[2:], rel=0.15
    )


def test_what_is_counted_has_the_rates_of_the_rules() -> None:
    setting = setting_with(10.0, conditions=())
    check(keep_kidney_registry(setting, KEY, lives=10_000, parts=PARTS), course_of(setting, 10.0))


@pytest.mark.long
def test_incidence_deaths_and_transplants_follow_from_onset() -> None:
    """With the conditions of the catalogue, at the incidence of the country."""
    setting = setting_with(1.0)
    check(keep_kidney_registry(setting, KEY, lives=50_000, parts=PARTS), course_of(setting, 1.0))


def test_how_many_lives_are_lived_at_a_time_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    setting, told = setting_with(10.0), []
    kept = keep_kidney_registry(setting, KEY, lives=500, parts=PARTS)
    monkeypatch.setattr(kidney_registry, "AT_A_TIME", 120)
    again = keep_kidney_registry(setting, KEY, lives=500, parts=PARTS, progress=told.append)
    assert (again.counts == kept.counts).all()
    assert (len(told), sum(told)) == (5, pytest.approx(1.0))
    assert kept.counts[..., YEARS].sum() / 500 == pytest.approx(78.9, abs=4)


def test_ages_of_a_country() -> None:
    country = setting_with(1.0).country
    people = people_by_age(country, 2012)
    bands = np.minimum(np.arange(LAST_AGE + 1) // 5, 18)
    for sex in (0, 1):
        assert np.bincount(bands, people[sex]) == pytest.approx(population_of(country, 2012)[sex])
    assert people[0, 89] < 0.7 * people[0, 85]
