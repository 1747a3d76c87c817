"""Reads the tables of a country from its CSV files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rlsabm.arrays import Floats, Ints
from rlsabm.conventions import SEXES
from rlsabm.data.table_reading import Number, RowKey, read_table
from rlsabm.demography.country import (
    BAND_YEARS,
    BANDS,
    FERTILE_AGES,
    LAST_BAND_AGE,
    MORTALITY_AGES,
    MOST_BIRTHS_PER_WOMAN_YEAR,
    MOST_PERSONS,
    PARITY_CLASSES,
    YEARS,
    YOUNGEST_MOTHER,
    deadliest,
)

#: A probability of dying that is so many times those of the ages around it is a slip of whoever wrote
#: it, unless it is small.
MOST_TIMES_NEIGHBOURS, LEAST_TO_COMPARE = 10, 0.003
_PER_1000_WOMEN = 1000.0
_FERTILE_BANDS = range(FERTILE_AGES.start, FERTILE_AGES.stop, BAND_YEARS)

_SEX = RowKey("sex", SEXES)
MORTALITY = (
    _SEX,
    RowKey("age", MORTALITY_AGES),
    Number("probability", 0.0, 1.0, note="not in per cent or per 1,000"),
)
POPULATION = (
    RowKey("year", YEARS, needed=(), gaps=True),
    _SEX,
    # Tables that end with a later age than 90 are added up.
    RowKey("age_from", range(0, 121, BAND_YEARS), needed=range(0, LAST_BAND_AGE + 1, BAND_YEARS)),
    Number("persons", 0.0, MOST_PERSONS, "persons", above=True),
)
FERTILITY = (
    RowKey("year", YEARS, needed=()),
    # Births below 15 may be left out.
    RowKey("age_from", _FERTILE_BANDS, needed=_FERTILE_BANDS[1:]),
    Number(
        "births_per_1000_women",
        0.0,
        MOST_BIRTHS_PER_WOMAN_YEAR * _PER_1000_WOMEN,
        "births per 1,000 women and year",
    ),
)
FAMILY_SIZES = (
    RowKey("children", range(PARITY_CLASSES)),
    Number("share", 0.0, 1.0, above=True, note="not in per cent"),
)


def read_mortality(path: Path) -> Floats:
    """Probability of dying within the year of age, by sex and age."""
    table = read_table(path, MORTALITY)
    for row in table.rows:
        value, most = float(row.values["probability"]), deadliest(int(row.values["age"]))
        if value > most:
            raise table.error(
                f"found {value:g} at age {row.values['age']} (expected from 0 to {most:g}; only "
                f"the last age, {MORTALITY_AGES[-1]}, may be certain death)",
                row,
                "probability",
            )
    mortality = np.zeros((len(SEXES), len(MORTALITY_AGES)))
    mortality[table.places("sex"), table.places("age")] = table.numbers("probability")
    for row, sex, age in zip(table.rows, table.places("sex"), table.places("age"), strict=True):
        # Infants differ from all others, and the last age may be certain death.
        if not 0 < age < len(MORTALITY_AGES) - 1:
            continue
        value, before, after = mortality[sex, [age, age - 1, age + 1]]
        if value > max(MOST_TIMES_NEIGHBOURS * max(before, after), LEAST_TO_COMPARE):
            raise table.error(
                f"found {value:g} at age {age} beside {before:g} and {after:g} at the ages around it "
                f"(expected at most {MOST_TIMES_NEIGHBOURS} times as much)",
                row,
                "probability",
            )
    return mortality


def read_population(path: Path) -> dict[int, Floats]:
    """Persons by year, sex and band of five years."""
    table = read_table(path, POPULATION)
    years = table.numbers("year").astype(int)
    sex, persons = table.places("sex"), table.numbers("persons")
    band = np.minimum(table.places("age_from"), BANDS - 1)
    population = {}
    for year in np.unique(years):
        of_year = years == year
        population[int(year)] = np.zeros((len(SEXES), BANDS))
        np.add.at(population[int(year)], (sex[of_year], band[of_year]), persons[of_year])
    return population


def read_fertility(path: Path) -> tuple[Ints, Floats]:
    """Years, and births per woman and year by year and single age."""
    table = read_table(path, FERTILITY)
    years, row = np.unique(table.numbers("year").astype(int), return_inverse=True)
    banded = np.zeros((len(years), len(_FERTILE_BANDS)))
    banded[row, table.places("age_from")] = table.numbers("births_per_1000_women")
    return years, np.array([_single_ages(each / _PER_1000_WOMEN) for each in banded])


def read_family_sizes(path: Path) -> Floats:
    """Shares of women by number of children."""
    table = read_table(path, FAMILY_SIZES)
    shares = np.zeros(PARITY_CLASSES)
    shares[table.places("children")] = table.numbers("share")
    if not 0.98 < shares.sum() < 1.02:
        raise table.error(f"found shares that sum to {shares.sum():.3f} (expected 1)", key="share")
    return np.asarray(shares / shares.sum())


def _single_ages(banded: Floats) -> Floats:
    """Rates by single year of age, smooth, with the mean of each five-year band kept.

    The cumulative curve is interpolated by a monotone cubic (Fritsch and Carlson) at the band limits.
    The first band begins with the youngest mothers, who are older than its lower limit.
    """
    knots = FERTILE_AGES.start + np.arange(len(banded) + 1) * float(BAND_YEARS)
    knots[0] = YOUNGEST_MOTHER
    width = np.diff(knots)
    total = np.concatenate([[0.0], np.cumsum(banded * BAND_YEARS)])
    slope = np.zeros(len(knots))
    rate = np.diff(total) / width
    before, after = rate[:-1], rate[1:]
    with np.errstate(divide="ignore", invalid="ignore"):
        slope[1:-1] = np.where(before * after > 0, 2 * before * after / (before + after), 0.0)
    t = np.append(FERTILE_AGES, FERTILE_AGES.stop)
    i = np.minimum((t - FERTILE_AGES.start) // BAND_YEARS, len(banded) - 1)
    x = np.maximum(t - knots[i], 0.0) / width[i]
    value = (
        total[i] * (1 + 2 * x) * (1 - x) ** 2
        + total[i + 1] * x**2 * (3 - 2 * x)
        + width[i] * (slope[i] * x * (1 - x) ** 2 - slope[i + 1] * x**2 * (1 - x))
    )
    return np.diff(value)
