"""Ferritin in surveys, recovery after a donation and absorption in donors, against published figures.

They are the figures to which peripheral iron was calibrated. Measured values are compared with
measured values, people with all that happens in their lives. ``pytest -s`` prints what is found.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from rlsabm.conventions import DAYS_PER_MONTH, FEMALE, MALE, NEVER
from rlsabm.exposures.donation import ACTIVE_DONOR, NO_DONOR
from rlsabm.inputs import with_key
from rlsabm.observe.survey import Survey, survey_month, take_survey
from rlsabm.population import Population
from rlsabm.setting import make_setting

pytestmark = pytest.mark.long

KEY = 20190704
SIZE = 40_000


def missed(reason: str) -> Any:
    """The mark of a figure that is not met: looked at anew when it is."""
    return pytest.mark.xfail(reason=reason, strict=True, raises=AssertionError)


# Surveys ------------------------------------------------------------------------------------------


def survey_of(year: int) -> Survey:
    setting = make_setting(size=SIZE, survey_years=(year,))
    people = Population(setting, key=KEY)
    people.advance(survey_month(year))
    return take_survey(setting, people.lives, people.bodies, year=year, p=people.inputs)


@pytest.fixture(scope="module")
def in_2001() -> Survey:
    """The middle of NHANES 1999-2002."""
    return survey_of(2001)


@pytest.fixture(scope="module")
def in_2019() -> Survey:
    """The end of NHANES 2017 to March 2020."""
    return survey_of(2019)


def ferritin_of(survey: Survey, sex: int, least: int, below: int) -> np.ndarray:
    group = (survey.lives["sex"] == sex) & (survey.age >= least) & (survey.age < below)
    assert group.sum() > 2000
    return np.asarray(survey.serum_ferritin_ug_per_l[group])


def compare(what: str, found: float, published: float, tolerance: float) -> None:
    print(f"{what}: {found:.3g}, published {published:g}")
    assert found == pytest.approx(published, rel=tolerance)


@pytest.mark.parametrize(
    ("least", "below", "published"), [(20, 40, 129.0), (40, 60, 145.0), (60, 130, 127.0)]
)
def test_ferritin_of_men_is_that_of_the_survey(
    in_2001: Survey, least: int, below: int, published: float
) -> None:
    """Geometric means of NHANES 1999-2002 (CDC, table 3.1.a), within 7 %."""
    ferritin = ferritin_of(in_2001, MALE, least, below)
    compare(f"men from {least}", float(np.exp(np.log(ferritin).mean())), published, 0.07)


def spread(found: int, published: int) -> Any:
    return missed(
        f"{found} in the model, {published} in the survey: there ferritin differs less between young "
        "men and more between old men, in the model alike at all ages"
    )


@pytest.mark.parametrize(
    ("least", "below", "percent", "published"),
    [
        pytest.param(20, 40, 5, 41.0, marks=spread(31, 41)),
        pytest.param(20, 40, 95, 382.0, marks=spread(449, 382)),
        pytest.param(40, 60, 5, 32.0, marks=spread(38, 32)),
        pytest.param(40, 60, 95, 500.0, marks=spread(543, 500)),
        pytest.param(60, 130, 5, 21.0, marks=spread(35, 21)),
        pytest.param(60, 130, 95, 552.0, marks=spread(450, 552)),
    ],
)
def test_ferritin_of_men_differs_as_in_the_survey(
    in_2001: Survey, least: int, below: int, percent: int, published: float
) -> None:
    """Percentiles of NHANES 1999-2002, within 7 %."""
    found = float(np.percentile(ferritin_of(in_2001, MALE, least, below), percent))
    compare(f"men from {least}, percentile {percent}", found, published, 0.07)


def test_ferritin_of_women_of_all_ages_is_that_of_the_survey(in_2001: Survey) -> None:
    """Geometric mean of NHANES 1999-2002 from one year, within 10 %."""
    ferritin = ferritin_of(in_2001, FEMALE, 1, 130)
    compare("women and girls", float(np.exp(np.log(ferritin).mean())), 39.7, 0.1)


def test_a_third_of_women_below_50_have_low_ferritin(in_2019: Survey) -> None:
    """Below 30 µg/L in 34 % (Tawfik 2024 doi 10.1001/jamanetworkopen.2024.33126), within 10 %."""
    ferritin = ferritin_of(in_2019, FEMALE, 18, 50)
    compare("women of 18-49 below 30", float((ferritin < 30.0).mean()), 0.34, 0.1)


# After a donation ---------------------------------------------------------------------------------


@dataclass
class Group:
    """People of the grown population, by row, who live on under other rules of donation."""

    people: Population
    rows: np.ndarray

    @property
    def lives(self) -> np.ndarray:
        return np.asarray(self.people.lives[self.rows])

    @property
    def bodies(self) -> np.ndarray:
        return np.asarray(self.people.bodies[self.rows])

    def set(self, **fields: Any) -> None:
        for name, value in fields.items():
            self.people.lives[name][self.rows] = value


@pytest.fixture(scope="module")
def grown_to_2019() -> Population:
    setting = make_setting(size=SIZE, last_year=2024)
    people = Population(setting, key=KEY)
    people.advance(setting.plan.survey_month)
    return people


def acceptable(people: Population, least: int, below: int) -> np.ndarray:
    """Adults whom a blood service would accept, as a mask of rows."""
    lives, bodies, p = people.lives, people.bodies, people.inputs
    age = (people.month - 1 - lives["birth_month"]) // 12
    litres = np.maximum(lives["blood_volume_l"], 0.01)
    haemoglobin = bodies["red_cell_iron_mg"] / litres / p.haemoglobin_iron_mg_per_g
    threshold = np.where(
        lives["sex"] == MALE,
        p.donation_haemoglobin_men_g_per_l,
        p.donation_haemoglobin_women_g_per_l,
    )
    accepted = people.alive & (age >= least) & (age < below) & (haemoglobin >= threshold)
    accepted &= people.month - lives["last_birth_month"].astype(np.int64) > 6
    return np.asarray(accepted & (lives["pregnancy"] == 0) & (lives["kidney"] == 0))


def living_on(grown: Population, **parameters: float) -> Population:
    """The same people, who will live under these parameters."""
    people = deepcopy(grown)
    people.forget_dead = False
    setting = make_setting(size=SIZE, last_year=2024, parameters=parameters)
    people.inputs = with_key(setting.inputs, KEY)
    return people


def not_pregnant_and_alive(group: Group, before: np.ndarray) -> np.ndarray:
    lives = group.lives
    return np.asarray(
        (lives["death_month"] == NEVER)
        & (before["gravidity"] == lives["gravidity"])
        & (before["last_birth_month"] == lives["last_birth_month"])
    )


def days_to_recover(grown: Population, *, low: bool, tablets_mg: float) -> np.ndarray:
    """Days until four fifths of the haemoglobin given with 500 mL are back, person by person.

    Donors who gave four months ago or earlier give once and no more, and take iron daily or none.
    """
    people = living_on(
        grown, donor_supplement_mg_per_day=max(tablets_mg, 1.0), donor_supplement_months=12
    )
    p, lives, bodies = people.inputs, people.lives, people.bodies
    month, months = people.month - 1, 18
    stores = bodies["storage_iron_mg"] / np.maximum(lives["storage_scale_mg"], 1.0)
    ferritin = p.storage_bend_ug_per_l * np.expm1(stores)
    rested = (lives["donor"] == ACTIVE_DONOR) & (lives["last_donation_month"] <= month - 4)
    rested &= acceptable(people, 18, 80) & ((ferritin <= 26.0) == low)
    group = Group(people, np.flatnonzero(rested))
    assert len(group.rows) > 300

    before = group.lives
    red = np.zeros((len(group.rows), months + 2))
    red[:, 0] = group.bodies["red_cell_iron_mg"]
    red[:, 1] = red[:, 0] * (1.0 - 0.5 / before["blood_volume_l"])
    bodies["red_cell_iron_mg"][group.rows] = red[:, 1]
    group.set(
        last_donation_month=month,
        eligible_month=month + 1000,
        donor_supplements=tablets_mg > 0.0,
    )
    for k in range(months):
        people.advance(people.month, block_months=1)
        red[:, 2 + k] = group.bodies["red_cell_iron_mg"]

    red = red[not_pregnant_and_alive(group, before)]
    lacking = (red[:, :1] - red[:, 1:]) / (red[:, :1] - red[:, 1:2])
    days = np.full(len(red), np.inf)
    for row, curve in enumerate(lacking):
        reached = np.flatnonzero(curve <= 0.2)
        if len(reached):
            k = reached[0]
            # Between months the deficit fades exponentially, at least while it is above nothing.
            start, end = np.log(curve[k - 1]), np.log(max(curve[k], 0.02))
            days[row] = DAYS_PER_MONTH * (k - 1 + (start - np.log(0.2)) / (start - end))
    return days


@pytest.mark.parametrize(
    ("low", "tablets_mg", "least", "most"),
    [
        pytest.param(True, 0.0, 126, 168, id="ferritin up to 26, no iron: 158 days"),
        pytest.param(False, 0.0, 66, 95, id="ferritin above 26, no iron: 78 days"),
        pytest.param(True, 37.5, 30, 34, id="ferritin up to 26, iron: 32 days"),
        pytest.param(False, 37.5, 29, 33, id="ferritin above 26, iron: 31 days"),
    ],
)
def test_haemoglobin_recovers_after_a_donation_as_in_the_trial(
    grown_to_2019: Population, low: bool, tablets_mg: float, least: float, most: float
) -> None:
    """Median days to 80 % of the haemoglobin given, within the quartiles of the trial.

    HEIRS, Kiss 2015 doi 10.1001/jama.2015.119. Conditions, drugs and menses go on costing iron.
    """
    days = days_to_recover(grown_to_2019, low=low, tablets_mg=tablets_mg)
    quarter, median, three_quarters = np.percentile(days, [25, 50, 75])
    print(f"{median:.0f} days, quartiles {quarter:.0f}-{three_quarters:.0f}, n = {len(days)}")
    assert least <= median <= most


# Absorption in donors -----------------------------------------------------------------------------

#: Of the donors in RISE 44 % took some iron. A multivitamin has 18 mg, and half of it is assumed to
#: count as ferrous iron on an empty stomach, as with prenatal tablets.
TAKE_IRON, IRON_MG_PER_DAY = 0.44, 9.0


#: Visits a year, counted while a donation is allowed (two months after the last).
FREQUENT, FIRST_TIME = 12.0, 6.0


def absorbed_by_donors(grown: Population, visits_per_year: float) -> dict[int, float]:
    """Mean iron (mg/day) that donors absorb in two years, by sex.

    Adults without a donation so far begin to give. The first-time are followed from then, the
    frequent have given for two years.
    """
    people = living_on(
        grown,
        donor_visits_per_year=visits_per_year,
        donor_stop_per_year=0.01,
        donor_self_deferral=0.0,
        donor_supplement_mg_per_day=IRON_MG_PER_DAY,
        donor_supplement_months=12,
    )
    chosen = acceptable(people, 20, 65) & (people.lives["donor"] == NO_DONOR)
    group = Group(people, np.flatnonzero(chosen)[:6000])
    group.set(
        donor=ACTIVE_DONOR,
        donor_eagerness=1.0,
        donor_supplements=np.arange(len(group.rows)) % 100 < 100 * TAKE_IRON,
        eligible_month=people.month,
    )
    if visits_per_year == FREQUENT:
        people.advance(people.month + 23)
    before, absorbed = group.lives, np.zeros(len(group.rows))
    for _ in range(24):
        people.advance(people.month, block_months=1)
        absorbed += group.bodies["absorbed_mg_per_day"] / 24.0
    lives = group.lives
    given = (lives["donations"].astype(int) - before["donations"]) / 2.0
    kept = not_pregnant_and_alive(group, before) & (given >= 1.0)
    found = {}
    for sex in (FEMALE, MALE):
        of_sex = kept & (lives["sex"] == sex)
        found[sex] = float(absorbed[of_sex].mean())
        print(f"{found[sex]:.2f} mg/day, {given[of_sex].mean():.1f} donations a year, "
              f"n = {of_sex.sum()}")  # fmt: skip
    return found


@pytest.fixture(scope="module")
def absorbed(grown_to_2019: Population) -> dict[float, dict[int, float]]:
    return {visits: absorbed_by_donors(grown_to_2019, visits) for visits in (FREQUENT, FIRST_TIME)}


@pytest.mark.parametrize(
    ("visits", "sex", "published"),
    [
        pytest.param(FREQUENT, MALE, 4.49, id="frequent, men"),
        pytest.param(
            FREQUENT, FEMALE, 3.75, id="frequent, women",
            marks=missed("3.5 mg/day: more drive than that makes haemoglobin recover too fast"),
        ),
        pytest.param(
            FIRST_TIME, MALE, 2.89, id="first-time, men",
            marks=missed("2.7 mg/day, at 3.3 donations a year; how many they gave is not published"),
        ),
        pytest.param(FIRST_TIME, FEMALE, 2.76, id="first-time, women"),
    ],
)  # fmt: skip
def test_donors_absorb_what_was_measured(
    absorbed: dict[float, dict[int, float]], visits: float, sex: int, published: float
) -> None:
    """RISE 2017, PMID 28543044, within 5 %: iron lost with blood and otherwise, and change of iron."""
    compare("mg/day", absorbed[visits][sex], published, 0.05)
