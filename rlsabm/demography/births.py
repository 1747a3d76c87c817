"""The plan of births: which cohorts, and which chances to conceive, lead to the country's people.

Everybody lives from birth under the country's life table. The plan works backwards: the people of
each five-year band at the survey, divided by the share that survives, are the births of that band's
months. Mothers bear them at the fertility of the year. Those whom mothers do not bear are founders
without parents: everybody in the first decades, when there are no mothers of all ages yet, and later
the people whom a country gains by migration, who live in the model from birth as well. Where a
country loses people, fertility is lowered instead.

A deterministic chain through age, parity and time since the last birth then finds the monthly chance
of conception of a woman who can conceive, so that births by age follow the fertility table and
family sizes follow the country's. All of this depends on tables only, never on what happens to the
people of a run: their lives stay independent of one another.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from rlsabm.arrays import Floats, Ints
from rlsabm.compilation import compiled
from rlsabm.conventions import FEMALE, LAST_AGE, MALE, month_of
from rlsabm.demography.country import BAND_YEARS, BANDS, FERTILE_AGES, PARITY_CLASSES, Country
from rlsabm.demography.life_table import LAST_AGE_MONTHS, survival_by_month, yearly_death_rate
from rlsabm.errors import UserError
from rlsabm.mathematics import total

#: Surveys are taken when this month of the year (July = 6) has ended.
SURVEY_MONTH_OF_YEAR = 6
#: Time before the first founders whose births are taken into account, so that all ages are there.
LEAD_MONTHS = 60 * 12
MONTHS_TO_BIRTH = 9
#: Calendar years for which births can be planned.
MOST_YEARS = 320
#: Margin, in standard deviations, by which each band is grown above its quota of the survey.
MARGIN_SD = 4.0
#: Mean number of births of women of 40-44 with four or more, to which the chances to conceive lead.
MEAN_LARGE_FAMILY = 4.4
#: Children that women report, to those of the rates of their years: more is a mistake in a table.
MOST_TIMES_FERTILITY = 2.0
#: Births that lead to one person surveyed, for one band of ages; about 0.1 to 0.2 in rich countries.
MOST_BIRTHS_PER_PERSON = 5.0
#: Months after conception in which a pregnancy that is lost keeps from conceiving again.
LOSS_MONTHS = 3


class Fertility(NamedTuple):
    """What the chain of conceptions needs to know of pregnancies."""

    loss_share: float
    twin_share: float
    infertile_after_birth_months: int


@dataclass(frozen=True)
class BirthPlan:
    """Births by month, for one population of a given size.

    Attributes
    ----------
    first_month, survey_month
        Month of the first founders, and of the survey that the structure is made for.
    births
        Expected births and founders by sex and month since ``first_month``.
    founders
        Expected founders by sex and month since ``first_month``.
    male_share
        Chance that a child is a boy, by month.
    conception
        Monthly chance that a woman who can conceive does, by year since ``first_year``, age in
        completed years from 10 (both at the birth that would follow) and parity class.
    first_year
        Calendar year of the first row of ``conception``.
    last_month
        Last month for which births are planned.
    """

    first_month: int
    survey_month: int
    births: Floats
    founders: Floats
    male_share: Floats
    conception: Floats
    first_year: int
    last_month: int


def population_of(country: Country, year: int) -> Floats:
    """Shares of the country's people by sex and five-year band, shape (2, 19)."""
    years = country.population
    if year not in years:
        raise UserError(
            f"observe.years: found {year} (the population of {country.name} is known for "
            f"{_spans(years)})"
        )
    return years[year] / years[year].sum()


def people_by_age(country: Country, year: int) -> Floats:
    """Shares of the country's people by sex and completed age; within a band by the life table."""
    ages = np.arange(LAST_AGE + 1)
    alive = np.exp(-np.cumsum(yearly_death_rate(country.mortality), axis=1))
    band = np.minimum(ages // BAND_YEARS, BANDS - 1)
    of_band = np.array([np.bincount(band, row) for row in alive])
    return np.asarray(population_of(country, year)[:, band] * alive / of_band[:, band])


def _spans(years: Iterable[int]) -> str:
    """Years in words: "1990, 2000 to 2019, 2021"."""
    ordered = sorted(years)
    starts = [year for year in ordered if year - 1 not in ordered]
    ends = [year for year in ordered if year + 1 not in ordered]
    return ", ".join(
        str(start) if start == end else f"{start} to {end}"
        for start, end in zip(starts, ends, strict=True)
    )


@lru_cache(maxsize=16)
def plan_births(
    country: Country,
    *,
    survey_year: int,
    last_year: int,
    founders_years_before: int,
    size: int,
    fertility: Fertility,
) -> BirthPlan:
    """Plan the births of a population; plans are kept, because many runs have the same.

    Parameters
    ----------
    country
        Tables.
    survey_year
        Year whose age-sex structure is met.
    last_year
        Last calendar year that is simulated.
    founders_years_before
        Years before the survey at which the first founders are born.
    size
        People to be surveyed.
    fertility
        Pregnancies: losses, twins, spacing.
    """
    first_year = survey_year - founders_years_before
    first_month = month_of(first_year)
    origin = first_month - LEAD_MONTHS
    survey = month_of(survey_year) + SURVEY_MONTH_OF_YEAR
    months = month_of(last_year + 2) - origin
    survival = survival_by_month(country.mortality)
    rate = _fertility_by_month(country, origin, months)
    rate *= _factor_of_family_size(country, survey_year, origin, months, fertility.twin_share)[
        :, None
    ]
    wanted = _with_margin(size * population_of(country, survey_year), size)

    births = np.zeros((2, months))
    for band in reversed(range(BANDS)):
        youngest, oldest = _ages_of_band(band)
        at = np.arange(survey - oldest, survey - youngest + 1) - origin
        alive = survival[:, survey - origin - at]
        implied = np.ones(len(at))
        if band < BANDS - 1:
            implied = _births_of_mothers(births[FEMALE], survival[FEMALE], rate, at)
        births[:, at] = (wanted[:, band] / (alive @ implied))[:, None] * implied
        _check_births_needed(country, survey_year, band, births[:, at].sum() / size)
        if band == BANDS - 1:
            births[:, : at[0]] = births[:, at].mean(axis=1)[:, None]
    factor = _factor_of_fertility(births, survival[FEMALE], rate, survey - origin)

    of_model = births[FEMALE].copy()
    of_model[:LEAD_MONTHS] = 0.0
    everywhere = np.arange(months)
    # Where mothers bear too few, founders make up; where they bear too many, they bear less.
    factor = np.minimum(factor, 1.0)
    borne = _births_of_mothers(of_model, survival[FEMALE], rate, everywhere) * factor
    founders = births * np.clip(1.0 - borne / births.sum(axis=0), 0.0, 1.0)

    chances = _conception_chances(
        np.ascontiguousarray(rate * factor[:, None]),
        origin,
        fertility.loss_share,
        fertility.twin_share,
        fertility.infertile_after_birth_months,
        country.family_size,
        survey_year,
    )
    return BirthPlan(
        first_month=first_month,
        survey_month=survey,
        births=births[:, LEAD_MONTHS:],
        founders=founders[:, LEAD_MONTHS:],
        male_share=(births[MALE] / births.sum(axis=0))[LEAD_MONTHS:],
        conception=chances[LEAD_MONTHS // 12 :],
        first_year=first_year,
        last_month=month_of(last_year) + 11,
    )


def _check_births_needed(
    country: Country, survey_year: int, band: int, births_per_person: float
) -> None:
    """Refuse a life table that leaves hardly anybody at an age at which people are to be surveyed."""
    if births_per_person > MOST_BIRTHS_PER_PERSON:
        share = population_of(country, survey_year)[:, band].sum()
        raise UserError(
            f"{country.place('mortality')}: {share:.2%} of the people of {survey_year} are "
            f"{BAND_YEARS * band} or older, but so few live so long that {births_per_person:,.0f} "
            "births are needed for each person surveyed (expected mortality and population of one "
            "country)"
        )


def _ages_of_band(band: int) -> tuple[int, int]:
    """Youngest and oldest age of a band, in completed months."""
    youngest = 12 * BAND_YEARS * band
    return youngest, LAST_AGE_MONTHS - 1 if band == BANDS - 1 else youngest + 12 * BAND_YEARS - 1


def _with_margin(persons: Floats, size: int) -> Floats:
    """Persons to grow in each band, so that chance rarely leaves fewer than the survey asks for.

    The variance counts the people of the band and three generations of mothers before them.
    """
    drift = 3.0 / (0.2 * size)
    relative_sd = np.sqrt(1.0 / np.maximum(persons.min(axis=0), 1.0) + drift)
    # Children and their mothers are grown by the same margin, so that fertility is not distorted.
    young = slice(0, FERTILE_AGES.stop // BAND_YEARS)
    relative_sd[young] = relative_sd[young].max()
    return np.asarray(persons * (1.0 + np.minimum(MARGIN_SD * relative_sd, 3.0)))


def _fertility_by_month(country: Country, origin: int, months: int) -> Floats:
    """Births per woman and year, by month since ``origin`` and age from 10; edges are held."""
    year = (origin + np.arange(months)) // 12
    row = np.clip(year - country.fertility_years[0], 0, len(country.fertility) - 1)
    return np.ascontiguousarray(country.fertility[row])


def _factor_of_family_size(
    country: Country, survey_year: int, origin: int, months: int, twin_share: float
) -> Floats:
    """Factor on earlier fertility by which women of 40-44 have the family sizes of their table.

    Yearly rates and families that women report differ by some per cent, because mothers migrate. The
    rates hold for the last years, and earlier ones are scaled.
    """
    born = survey_year - 43 + np.arange(5) / 2.0
    ages = np.arange(FERTILE_AGES.start, 43)
    years = (born[:, None] + ages).astype(int)
    row = np.clip(years - country.fertility_years[0], 0, len(country.fertility) - 1)
    births = country.fertility[row, ages - FERTILE_AGES.start] / len(born)
    scaled = _share_scaled(years, survey_year)
    # Families are counted by births, of which twins are one; the rates count children.
    mean = (1.0 + twin_share) * (
        country.family_size @ np.append(np.arange(PARITY_CLASSES - 1), MEAN_LARGE_FAMILY)
    )
    factor = (mean - (births * (1 - scaled)).sum()) / (births * scaled).sum()
    if not 1.0 / MOST_TIMES_FERTILITY <= factor <= MOST_TIMES_FERTILITY:
        raise UserError(
            f"{country.place('family_size')}: found {mean:.2f} children of a woman on average, where "
            f"{country.place('fertility')} gives {births.sum():.2f} to women of 40-44 in "
            f"{survey_year} (expected both of the same women, with fertility of the years in which "
            "they bore)"
        )
    share = _share_scaled((origin + np.arange(months)) // 12, survey_year)
    return np.asarray(1.0 + share * (factor - 1.0))


def _share_scaled(years: Ints, survey_year: int) -> Floats:
    """1 until ten years before the survey, 0 from three years before it, linear between."""
    return np.clip((survey_year - 3 - years) / 7.0, 0.0, 1.0)


@compiled
def _births_of_mothers(girls: Floats, survival: Floats, rate: Floats, at: Ints) -> Floats:
    """Births in the given months by the women born so far, at the table's fertility."""
    result = np.zeros(len(at))
    for i in range(len(at)):
        month = at[i]
        for age in range(120, 600):
            if age <= month:
                women = girls[month - age] * survival[age]
                result[i] += women * rate[month, age // 12 - 10] / 12.0
    return result


def _factor_of_fertility(births: Floats, survival: Floats, rate: Floats, survey: int) -> Floats:
    """Births needed to births of the table, by month; months after the survey are filled in."""
    months = births.shape[1]
    year_before = np.arange(survey - 11, survey + 1)
    last = births[:, year_before].sum() / (
        _births_of_mothers(births[FEMALE], survival, rate, year_before).sum()
    )
    boys = births[MALE, survey] / births[:, survey].sum()
    # In steps no longer than the age of the youngest mothers, so that mothers are there before.
    step = FERTILE_AGES.start * 12
    for start in range(survey + 1, months, step):
        later = np.arange(start, min(start + step, months))
        total = _births_of_mothers(births[FEMALE], survival, rate, later) * last
        births[MALE, later], births[FEMALE, later] = boys * total, (1 - boys) * total
    first = FERTILE_AGES.stop * 12
    factor = np.ones(months)
    at = np.arange(first, months)
    factor[first:] = births[:, first:].sum(axis=0) / (
        _births_of_mothers(births[FEMALE], survival, rate, at)
    )
    return factor


@compiled
def _conception_chances(
    rate: Floats,
    origin: int,
    loss_share: float,
    twin_share: float,
    infertile_months: int,
    family_size: Floats,
    survey_year: int,
) -> Floats:
    """Chances to conceive by year, age and parity, and the weights of parity that they rest on."""
    first_year = origin // 12
    years = rate.shape[0] // 12
    weight = np.ones(PARITY_CLASSES)
    chances = np.zeros((years, rate.shape[1], PARITY_CLASSES))
    count = np.zeros((years, rate.shape[1]))
    # The weights that give the family sizes of women of 40-44 at the survey.
    for _ in range(60):
        sizes = np.zeros(PARITY_CLASSES)
        for birth_year in range(survey_year - 44, survey_year - 39):
            sizes += _follow_cohort(
                birth_year, first_year, rate, loss_share, twin_share, infertile_months, weight,
                chances, count, (survey_year - birth_year) * 12 + 6,
            ) / 5.0  # fmt: skip
        reached, wanted_reached = 1.0, 1.0
        for parity in range(PARITY_CLASSES - 1):
            go_on = 1.0 - sizes[parity] / reached
            wanted = 1.0 - family_size[parity] / wanted_reached
            weight[parity] *= (np.log(1.0 - wanted) / np.log(1.0 - go_on)) ** 0.7
            reached -= sizes[parity]
            wanted_reached -= family_size[parity]
        weight[PARITY_CLASSES - 1] = weight[PARITY_CLASSES - 2]
        weight /= weight[0]
    chances[:] = 0.0
    count[:] = 0.0
    for birth_year in range(first_year, first_year + years):
        _follow_cohort(
            birth_year, first_year, rate, loss_share, twin_share, infertile_months, weight,
            chances, count, 600,
        )  # fmt: skip
    for year in range(years):
        for age in range(rate.shape[1]):
            if count[year, age] > 0:
                # One by one: numba takes seconds to compile what a slice that does not fit would say.
                for parity in range(PARITY_CLASSES):
                    chances[year, age, parity] /= count[year, age]
    return chances


@compiled
def _follow_cohort(
    birth_year: int,
    first_year: int,
    rate: Floats,
    loss_share: float,
    twin_share: float,
    infertile_months: int,
    weight: Floats,
    chances: Floats,
    count: Floats,
    until_age_months: int,
) -> Floats:
    """Follow women through conceptions; add their chances to the tables, return family sizes."""
    born = 12 * (birth_year - first_year) + 6
    free = np.zeros(PARITY_CLASSES)
    free[0] = 1.0
    after_birth = MONTHS_TO_BIRTH + infertile_months
    returning = np.zeros((after_birth + 1, PARITY_CLASSES))
    sizes = np.zeros(PARITY_CLASSES)
    sizes[0] = 1.0
    delivering = np.zeros((MONTHS_TO_BIRTH + 1, PARITY_CLASSES))
    for age_month in range(120 - MONTHS_TO_BIRTH, until_age_months):
        month = born + age_month
        slot = age_month % (after_birth + 1)
        free += returning[slot]
        returning[slot] = 0.0
        slot = age_month % (MONTHS_TO_BIRTH + 1)
        for parity in range(PARITY_CLASSES - 1):
            sizes[parity] -= delivering[slot, parity]
            sizes[parity + 1] += delivering[slot, parity]
        delivering[slot] = 0.0
        age = (age_month + MONTHS_TO_BIRTH) // 12 - 10
        if age < 0 or age >= rate.shape[1] or month + MONTHS_TO_BIRTH >= rate.shape[0]:
            continue
        deliveries = rate[month + MONTHS_TO_BIRTH, age] / 12.0 / (1.0 + twin_share)
        exposed = total(free * weight)
        if exposed <= 0.0:
            continue
        chance = deliveries / (1.0 - loss_share) / exposed
        year = (month + MONTHS_TO_BIRTH) // 12
        count[year, age] += 1.0
        for parity in range(PARITY_CLASSES):
            own = min(chance * weight[parity], 0.5)
            chances[year, age, parity] += own
            conceiving = free[parity] * own
            free[parity] -= conceiving
            more = min(parity + 1, PARITY_CLASSES - 1)
            birth_slot = (age_month + MONTHS_TO_BIRTH) % (MONTHS_TO_BIRTH + 1)
            delivering[birth_slot, parity] += conceiving * (1.0 - loss_share)
            back_slot = (age_month + after_birth) % (after_birth + 1)
            returning[back_slot, more] += conceiving * (1.0 - loss_share)
            loss_slot = (age_month + LOSS_MONTHS) % (after_birth + 1)
            returning[loss_slot, parity] += conceiving * loss_share
    return sizes
