"""The course of kidney failure by age: from the counts of a registry to the rates of the rules.

The registry counts people of broad bands of age.  Cohorts are followed from birth through kidney
disease, dialysis and grafts, deaths on the way included, and the rates of the rules are chosen so that
people of the ages of the registry's would be counted as it has counted them.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from rlsabm.arrays import Floats
from rlsabm.compilation import compiled
from rlsabm.conventions import LAST_AGE
from rlsabm.data import DATA
from rlsabm.data.table_reading import Number, RowKey, read_table
from rlsabm.demography.births import people_by_age
from rlsabm.demography.countries import load_country
from rlsabm.mathematics import exp

#: Country and year of the registry.
REGISTRY = ("united-states", 2012)
#: New patients by sex, women first: 278 and 446 per million (USRDS 2014, figures of 2012).
BY_SEX = np.array([[278.0], [446.0]]) / ((278.0 + 446.0) / 2.0)
#: Assumed: age (years) at which the last band counts as ended.
END_OF_LAST_BAND = 95.0
#: Rounds after which the counts are met within 0.01 %.
ROUNDS = 30
#: Assumed: least and greatest mortality of people without kidney failure, relative to the life table.
LEAST_LEFT, MOST_LEFT = 0.5, 2.0
AGES = np.arange(LAST_AGE + 1)

KIDNEY_FAILURE = (
    RowKey("age_from", range(LAST_AGE + 1), needed=(0,), gaps=True),
    Number("incidence_per_million", 0.0, 100_000.0, "per million", above=True),
    Number("dialysis_per_million", 0.0, 500_000.0, "per million", above=True),
    Number("deaths_per_1000", 0.0, 1000.0, "per 1,000", above=True),
    Number("deaths_per_1000_dialysis", 0.0, 1000.0, "per 1,000", above=True),
    Number("deaths_per_1000_graft", 0.0, 1000.0, "per 1,000", above=True),
    Number("transplants_per_100_dialysis", 0.0, 100.0, "per 100", above=True),
)


class Rates(NamedTuple):
    """Yearly rates by completed age.

    Attributes
    ----------
    onset
        Onset of progressive kidney disease, by sex as well.
    dialysis_death, graft_death
        Death on dialysis and with a graft.
    transplant
        Transplantation on dialysis.
    """

    onset: Floats
    dialysis_death: Floats
    graft_death: Floats
    transplant: Floats


class Course(NamedTuple):
    """What happens to a cohort of each sex, by completed age, per newborn.

    Attributes
    ----------
    years, on_dialysis, with_graft
        Years lived, in all, on dialysis and with a graft.
    begun, transplanted
        First dialyses, and transplantations.
    died_on_dialysis, died_with_graft
        Deaths.
    other_death
        Yearly rate of death of everybody else.
    """

    years: Floats
    on_dialysis: Floats
    with_graft: Floats
    begun: Floats
    transplanted: Floats
    died_on_dialysis: Floats
    died_with_graft: Floats
    other_death: Floats


@compiled
def follow_course(
    mortality: Floats, rates: Rates, ckd_3_years: float, ckd_4_years: float, graft_failure: float
) -> Course:
    """Follow a cohort of each sex month by month, everybody together dying by the life table.

    The excess deaths of patients are taken off the mortality of everybody else.
    """
    ages = mortality.shape[1]
    shape = (2, ages)
    course = Course(
        np.zeros(shape), np.zeros(shape), np.zeros(shape), np.zeros(shape), np.zeros(shape),
        np.zeros(shape), np.zeros(shape), np.zeros(shape),
    )  # fmt: skip
    to_ckd_4 = 1.0 - exp(-1.0 / (12.0 * ckd_3_years))
    to_dialysis = 1.0 - exp(-1.0 / (12.0 * ckd_4_years))
    failing = 1.0 - exp(-graft_failure / 12.0)
    for sex in range(2):
        healthy, ckd_3, ckd_4, dialysis, graft = 1.0, 0.0, 0.0, 0.0, 0.0
        for age in range(ages):
            falling_ill = 1.0 - exp(-rates.onset[sex, age] / 12.0)
            grafted = 1.0 - exp(-rates.transplant[age] / 12.0)
            dying = 1.0 - exp(-rates.dialysis_death[age] / 12.0)
            dying_with_graft = 1.0 - exp(-rates.graft_death[age] / 12.0)
            for _ in range(12):
                others = healthy + ckd_3 + ckd_4
                living = others + dialysis + graft
                deaths = dialysis * rates.dialysis_death[age] + graft * rates.graft_death[age]
                left = (mortality[sex, age] * living - deaths) / max(others, 1e-300)
                other = max(left, LEAST_LEFT * mortality[sex, age])
                other = min(other, MOST_LEFT * mortality[sex, age])
                kept = exp(-other / 12.0)
                course.other_death[sex, age] += other / 12.0
                course.years[sex, age] += living / 12.0
                course.on_dialysis[sex, age] += dialysis / 12.0
                course.with_graft[sex, age] += graft / 12.0
                course.died_on_dialysis[sex, age] += dialysis * dying
                course.died_with_graft[sex, age] += graft * dying_with_graft
                dialysis *= 1.0 - dying
                graft *= 1.0 - dying_with_graft
                healthy *= kept
                ckd_3 *= kept
                ckd_4 *= kept
                ill, worse, begun = healthy * falling_ill, ckd_3 * to_ckd_4, ckd_4 * to_dialysis
                transplanted, failed = dialysis * grafted, graft * failing
                course.begun[sex, age] += begun
                course.transplanted[sex, age] += transplanted
                healthy -= ill
                ckd_3 += ill - worse
                ckd_4 += worse - begun
                dialysis += begun + failed - transplanted
                graft += transplanted - failed
    return course


def registry_rates(
    mortality: Floats, ckd_3_years: float, ckd_4_years: float, graft_failure: float
) -> Rates:
    """Rates at which people of the registry's ages are counted as it has counted them.

    Deaths of all patients and transplantations are met in each band.  In 2012 incidence had risen so
    lately that prevalence was lower than it leads to: both are missed by the same factor.

    Parameters
    ----------
    mortality
        Death rate (per year) of everybody by sex and completed age.
    ckd_3_years, ckd_4_years
        Mean times in the stages before dialysis.
    graft_failure
        Rate (per year) of graft failure.
    """
    return _solved(mortality.tobytes(), ckd_3_years, ckd_4_years, graft_failure)


@lru_cache(maxsize=64)
def _solved(
    mortality: bytes, ckd_3_years: float, ckd_4_years: float, graft_failure: float
) -> Rates:
    """`registry_rates`, which arms ask for again and again."""
    table = read_table(DATA / "kidney.csv", KIDNEY_FAILURE)
    first = table.numbers("age_from")
    band = np.searchsorted(first, AGES, side="right") - 1
    middle = (first + np.append(first[1:], END_OF_LAST_BAND)) / 2.0
    incidence = table.numbers("incidence_per_million") / 1e6
    prevalence = table.numbers("dialysis_per_million") / 1e6
    deaths = table.numbers("deaths_per_1000") / 1000.0
    transplants = table.numbers("transplants_per_100_dialysis") / 100.0
    death = np.frombuffer(mortality).reshape(2, -1).copy()
    people = _people_of_registry()

    def by_age(rates: Floats, earlier_years: float = 0.0) -> Floats:
        return np.asarray(np.exp(np.interp(AGES, middle - earlier_years, np.log(rates))))

    onset, transplant = incidence, transplants
    on_dialysis = table.numbers("deaths_per_1000_dialysis") / 1000.0
    with_graft = table.numbers("deaths_per_1000_graft") / 1000.0
    for _ in range(ROUNDS):
        rates = Rates(
            by_age(onset, ckd_3_years + ckd_4_years) * BY_SEX,
            by_age(on_dialysis),
            by_age(with_graft),
            by_age(transplant),
        )
        course = follow_course(death, rates, ckd_3_years, ckd_4_years, graft_failure)
        years, dialysis, graft, begun, transplanted, died, died_with_graft = (
            np.bincount(band, (people * each / course.years).sum(axis=0)) for each in course[:7]
        )
        onset = onset * np.sqrt(incidence * prevalence / (begun / years) / (dialysis / years))
        transplant = transplant * transplants / (transplanted / dialysis)
        more = deaths / ((died + died_with_graft) / (dialysis + graft))
        on_dialysis, with_graft = on_dialysis * more, with_graft * more
    return rates


@lru_cache(maxsize=1)
def _people_of_registry() -> Floats:
    """People of the registry by sex and completed age."""
    key, year = REGISTRY
    return people_by_age(load_country(key), year)
