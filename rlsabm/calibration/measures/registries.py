"""What registries count: shares of people, patients and events, life expectancy, fertility."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from rlsabm.arrays import Floats, Uids
from rlsabm.calibration.measures.asking import (
    OLDEST,
    Against,
    Ages,
    Measure,
    Query,
    Sex,
    Who,
    other,
)
from rlsabm.calibration.observation import SEXES, Observation, families_of
from rlsabm.calibration.samples import Sample, from_sums, rate, share
from rlsabm.conventions import FEMALE, LAST_AGE
from rlsabm.demography.life_table import expected_years
from rlsabm.life.mortality import DIED
from rlsabm.observe.registry import (
    BEGUN,
    ON_DIALYSIS,
    PATIENT_DIED,
    TRANSPLANTED,
    WITH_GRAFT,
    YEARS,
    Registry,
)

#: Age (years) at which the last band of the life table begins.
LAST_TABLE_AGE = 100
FERTILE_BANDS = range(15, 50, 5)
BAND_YEARS = 5


class Part(Who):
    """Some of the people, among whom those are counted who are ``having`` something more."""

    having: Annotated[Against, Field(description="What the narrower group has; the rest is alike.")]


class KidneyFailure(Query):
    """Patients and events in a registry of kidney failure."""

    count: Annotated[
        Literal["begun", "on_dialysis", "transplanted", "died"],
        Field(
            description="Dialysis begun for the first time, or people on dialysis, by all people; "
            "transplantations by years on dialysis; deaths by years on dialysis or with a graft."
        ),
    ]
    ages: Ages = [0, OLDEST]
    sex: Sex = "both"


class OfSex(Query):
    """A figure of one sex."""

    sex: Annotated[Literal["female", "male"], Field(description="Sex of the people.")]


class AgeBand(Query):
    """A figure of people of some ages."""

    ages: Ages


def take_share(seen: Observation, query: Part) -> Sample:
    """The proportion of some people who belong to a narrower group."""
    chosen = query.chosen(seen)
    having = other(query, query.having).chosen(seen)
    return share(having[chosen], seen.families[chosen])


def take_age_structure(seen: Observation, query: AgeBand) -> Sample:
    """The proportion of all people living at the time of the survey who are of these ages.

    Of all that have grown up, not of the survey, which takes as many of each age as the country has.
    """
    month = seen.now.month
    living = (seen.people["birth_month"] <= month) & (seen.people["death_month"] > month)
    people = seen.people[living]
    age = (month - people["birth_month"]) // 12
    return share((age >= query.ages[0]) & (age <= query.ages[1]), families_of(people))


def take_kidney_failure(seen: Registry, query: KidneyFailure) -> Sample:
    """Patients or events of whole lives, at each age as often as the country has people of it."""
    counted, among = _COUNTED[query.count]
    sexes = list(SEXES[query.sex])
    chosen = slice(query.ages[0], min(query.ages[1], LAST_AGE) + 1)
    counts = seen.counts[:, sexes, chosen]
    columns = (
        counts[..., [counted]].sum(axis=-1),
        counts[..., among].sum(axis=-1),
        counts[..., YEARS],
    )
    people = seen.people[sexes, chosen].ravel()

    def by_people(sums: Floats) -> Floats:
        events, time, years = np.moveaxis(sums.reshape(*sums.shape[:-1], 3, len(people)), -2, 0)
        weights = people / years
        weights[years == 0.0] = 0.0
        return np.asarray((weights * events).sum(axis=-1) / (weights * time).sum(axis=-1))

    parts = len(counts)
    values = np.stack(columns, axis=1).reshape(parts, -1)
    return Sample(values, np.arange(parts, dtype=np.uint64), from_sums(by_people), units=seen.lives)


#: What is counted, and the years by which it is divided.
_COUNTED = {
    "begun": (BEGUN, [YEARS]),
    "on_dialysis": (ON_DIALYSIS, [YEARS]),
    "transplanted": (TRANSPLANTED, [ON_DIALYSIS]),
    "died": (PATIENT_DIED, [ON_DIALYSIS, WITH_GRAFT]),
}


def take_life_expectancy(seen: Observation, query: OfSex) -> Sample:
    """Life expectancy at birth by the death rates of all ages between the first survey and the end."""
    people = np.isin(seen.people["sex"], SEXES[query.sex])
    parts, families = [], []
    family = families_of(seen.people)
    for age in range(LAST_TABLE_AGE + 1):
        ages = [age, age if age < LAST_TABLE_AGE else OLDEST]
        years = seen.person_years(ages, seen.first_month, seen.last_month)
        deaths = seen.count_events(DIED, ages, seen.first_month, seen.last_month)
        rows = np.flatnonzero(people & (years > 0.0))
        parts.append(np.column_stack([np.full(len(rows), age), deaths[rows], years[rows]]))
        families.append(family[rows])
    return Sample(np.concatenate(parts), np.concatenate(families), _life_expectancy)


def _life_expectancy(values: Floats, weights: Floats) -> Floats:
    """Of rows with an age, deaths and person-years at that age."""
    ages, size = values[:, 0].astype(np.int64), LAST_TABLE_AGE + 1
    deaths = np.array([np.bincount(ages, row * values[:, 1], size) for row in weights])
    years = np.array([np.bincount(ages, row * values[:, 2], size) for row in weights])
    with np.errstate(divide="ignore", invalid="ignore"):
        dying = np.where(years > 0.0, 1.0 - np.exp(-deaths / years), 1.0)
    return expected_years(dying)


def take_fertility(seen: Observation, query: AgeBand) -> Sample:
    """Live births per woman and year at these ages, in the calendar year of the survey."""
    values, families = _births(seen, [query.ages])
    return rate(values[:, 0], values[:, 1], families)


def take_total_fertility(seen: Observation, query: Query) -> Sample:
    """Children of a woman who lives through all fertile years at the rates of the calendar year."""
    bands = [[first, first + BAND_YEARS - 1] for first in FERTILE_BANDS]

    def total(sums: Floats) -> Floats:
        by_band = sums.reshape(*sums.shape[:-1], len(bands), 2)
        return np.asarray(BAND_YEARS * (by_band[..., 0] / by_band[..., 1]).sum(axis=-1))

    values, families = _births(seen, bands)
    return Sample(values, families, from_sums(total))


def _births(seen: Observation, bands: list[list[int]]) -> tuple[Floats, Uids]:
    """Births and years of each woman, in each band of ages, and the women's families."""
    first, last = seen.calendar_year()
    people = seen.people
    born = people[(people["birth_month"] >= first) & (people["birth_month"] <= last)]
    order = np.argsort(people["uid"], kind="stable")
    place = np.searchsorted(people["uid"], born["mother"], sorter=order)
    mother = order[np.minimum(place, len(order) - 1)]
    known = people["uid"][mother] == born["mother"]
    mother, month = mother[known], born["birth_month"][known]
    age = (month - people["birth_month"][mother]) // 12
    women = np.flatnonzero(people["sex"] == FEMALE)
    columns = []
    for band in bands:
        at_age = (age >= band[0]) & (age <= band[1])
        columns.append(np.bincount(mother[at_age], minlength=len(people))[women].astype(float))
        columns.append(seen.person_years(band, first, last)[women])
    return np.column_stack(columns), families_of(people)[women]


MEASURES = (
    Measure("share", "people of a narrower group by people of a wider one", Part, take_share, True),
    Measure(
        "age_structure", "people of some ages by all living people", AgeBand, take_age_structure, True
    ),
    Measure(
        "kidney_failure",
        "patients and events in a registry of kidney failure",
        KidneyFailure,
        take_kidney_failure,
        of_registry=True,
    ),
    Measure("life_expectancy", "life expectancy at birth (years)", OfSex, take_life_expectancy),
    Measure("fertility", "live births per woman and year", AgeBand, take_fertility),
    Measure("total_fertility", "children per woman", Query, take_total_fertility),
)  # fmt: skip
