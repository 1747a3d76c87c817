"""What registries count: shares of people, patients and events, life expectancy, births."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

import numpy as np
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from rlsabm.arrays import Floats
from rlsabm.calibration.measures.asking import (
    OLDEST,
    Against,
    Ages,
    Measure,
    Parity,
    Query,
    Sex,
    Who,
    other,
)
from rlsabm.calibration.observation import SEXES, Observation, families_of
from rlsabm.calibration.samples import Sample, from_sums, share
from rlsabm.conventions import LAST_AGE
from rlsabm.demography.life_table import expected_years
from rlsabm.exposures.pregnancy import FIRST_FERTILE_AGE, LAST_FERTILE_AGE
from rlsabm.life.mortality import DIED
from rlsabm.observe.birth_registry import BirthRegistry, keep_birth_registry
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

#: Age (years) at which the last band of the life table begins.
LAST_TABLE_AGE = 100


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


def _fertile(ages: list[int]) -> list[int]:
    if ages[0] < FIRST_FERTILE_AGE or ages[1] > LAST_FERTILE_AGE:
        what = f"found {ages} (expected ages from {FIRST_FERTILE_AGE} to {LAST_FERTILE_AGE})"
        raise PydanticCustomError("scenario", "{what}", {"what": what})
    return ages


FertileAges = Annotated[Ages, AfterValidator(_fertile)]


class Fertility(Query):
    """Births of women of some ages."""

    ages: FertileAges


class FamilySize(Query):
    """Women of some ages by their deliveries so far."""

    ages: FertileAges
    parity: Parity


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


def take_kidney_failure(seen: KidneyRegistry, query: KidneyFailure) -> Sample:
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


def take_fertility(seen: BirthRegistry, query: Fertility) -> Sample:
    """Live births per woman and year at these ages, in a calendar year."""
    return _by_age_of_women(seen, seen.children, query.ages)


def take_parity(seen: BirthRegistry, query: FamilySize) -> Sample:
    """The proportion of women of these ages with so many deliveries, over a calendar year."""
    fewest, most = query.parity
    return _by_age_of_women(seen, seen.years[..., fewest : most + 1].sum(axis=-1), query.ages)


def _by_age_of_women(seen: BirthRegistry, counts: Floats, ages: list[int]) -> Sample:
    """What is counted by years lived, each age as often as the country has women of it."""
    chosen = slice(ages[0] - FIRST_FERTILE_AGE, ages[1] - FIRST_FERTILE_AGE + 1)
    women = seen.women[chosen] / seen.women[chosen].sum()
    return _rates_by_age(
        seen, counts[:, chosen], chosen, lambda rates: np.asarray((women * rates).sum(axis=-1))
    )


def take_total_fertility(seen: BirthRegistry, query: Query) -> Sample:
    """Children of a woman who lives through all fertile years at the rates of the calendar year."""
    return _rates_by_age(
        seen, seen.children, slice(None), lambda rates: np.asarray(rates.sum(axis=-1))
    )


def _rates_by_age(
    seen: BirthRegistry, counts: Floats, chosen: slice, reckon: Callable[[Floats], Floats]
) -> Sample:
    """What is reckoned from counts by years lived at each of the chosen ages."""
    years = seen.years[:, chosen].sum(axis=-1)

    def summary(sums: Floats) -> Floats:
        counted, lived = np.split(sums, 2, axis=-1)
        return reckon(counted / lived)

    parts = len(years)
    values = np.concatenate([counts, years], axis=1)
    return Sample(values, np.arange(parts, dtype=np.uint64), from_sums(summary), units=seen.lives)


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
        registry=keep_kidney_registry,
    ),
    Measure("life_expectancy", "life expectancy at birth (years)", OfSex, take_life_expectancy),
    Measure(
        "fertility", "live births per woman and year, at ages from 10 to 49", Fertility, take_fertility,
        registry=keep_birth_registry,
    ),
    Measure(
        "total_fertility", "children per woman at the rates of the calendar year", Query,
        take_total_fertility, registry=keep_birth_registry,
    ),
    Measure(
        "parity", "women with so many deliveries by all women, at ages from 10 to 49", FamilySize,
        take_parity, True, registry=keep_birth_registry,
    ),
)  # fmt: skip
