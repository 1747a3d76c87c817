"""A survey: a sample of the living with the country's age-sex structure, asked and measured.

The people grown from founders are a few per cent more than the survey asks for, band by band, because
births and deaths are drawn by chance. The survey takes from each band of sex and five years the number
that the country has, by a lottery that belongs to the persons: who is surveyed does not depend on what
a scenario does to others.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from rlsabm import chance
from rlsabm.arrays import Bools, Floats, Ints, Records
from rlsabm.compilation import compiled
from rlsabm.conventions import MALE, NEVER, month_of
from rlsabm.declaring.inputs import Inputs
from rlsabm.demography.births import SURVEY_MONTH_OF_YEAR, population_of
from rlsabm.demography.country import BAND_YEARS, BANDS, LAST_BAND_AGE
from rlsabm.exposures.catalogue.episodes import has_condition
from rlsabm.measuring.assays import MEASUREMENT, measure
from rlsabm.measuring.cases import case_bit, case_bits
from rlsabm.person import BODY, LIFE
from rlsabm.setting import Setting

SURVEY = chance.register("survey", 18, "once", "place in the survey, place in the line list, -, -")


def survey_month(year: int) -> int:
    """The month at whose end the survey of a year is taken."""
    return month_of(year) + SURVEY_MONTH_OF_YEAR


@dataclass(frozen=True)
class Survey:
    """The people surveyed and what is known of them, one array item a person.

    Fields of their lives and bodies, and what is measured in them, are attributes.

    Attributes
    ----------
    setting, p
        What they live in, and the inputs of the run.
    year, month
        When they are surveyed.
    rows
        Rows of the population that hold them.
    lives, bodies
        Their records.
    """

    setting: Setting
    p: Inputs
    year: int
    month: int
    rows: Ints
    lives: Records
    bodies: Records

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def measured(self) -> Records:
        """What is measured in them, taken when it is first asked for."""
        return measure(self.lives, self.bodies, self.month, self.p)

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_"):
            if name in (MEASUREMENT.names or ()):
                return self.measured[name]
            if name in (LIFE.names or ()):
                return self.lives[name]
            if name in (BODY.names or ()):
                return self.bodies[name]
        raise AttributeError(name)

    @property
    def age(self) -> Ints:
        """Age in completed years."""
        return (self.month - self.lives["birth_month"].astype(np.int64)) // 12

    def has_condition(self, name: str) -> Bools:
        """Who has a condition of the catalogue."""
        names = [condition.name for condition in self.setting.conditions]
        return has_condition(self, names.index(name))

    def has_rls(self, definition: str, recall: str) -> Bools:
        """Who has RLS by a definition (any, weekly, significant) and recall period."""
        return case_bits(self.bodies, self.month) & case_bit(definition, recall) != 0


@compiled
def survey_lottery(lives: Any, p: Inputs) -> tuple[Floats, Floats]:
    """Each person's numbers in the lotteries for the survey and for the line list."""
    place, line_list = np.zeros(len(lives)), np.zeros(len(lives))
    for i in range(len(lives)):
        place[i], line_list[i], _, _ = chance.once(p.key, lives[i].uid, SURVEY)
    return place, line_list


def quotas(shares: Floats, available: Ints, size: int) -> Ints:
    """Persons to take from each band: the country's shares of ``size``, exactly, if they are there.

    Rounding goes to the largest remainders. A band with fewer people gives all it has.
    """
    wanted = shares * size
    whole = np.floor(wanted).astype(np.int64)
    missing = size - int(whole.sum())
    largest = np.argsort(-(wanted - whole).ravel(), kind="stable")[:missing]
    whole.ravel()[largest] += 1
    return np.minimum(whole, available)


def take_survey(
    setting: Setting, people: Records, bodies: Records, *, year: int, p: Inputs
) -> Survey:
    """Survey people who have lived until the survey month of ``year``.

    Parameters
    ----------
    setting
        What they live in.
    people, bodies
        Records of all their lives and bodies, the dead included.
    year
        Year of the survey.
    p
        Inputs of the run.
    """
    month = survey_month(year)
    living = np.flatnonzero(people["death_month"] == NEVER)
    lives = people[living]
    place, _ = survey_lottery(lives, p)
    band = np.minimum((month - lives["birth_month"]) // 12, LAST_BAND_AGE) // BAND_YEARS
    cell = np.where(lives["sex"] == MALE, BANDS, 0) + band
    available = np.bincount(cell, minlength=2 * BANDS)
    shares = population_of(setting.country, year).reshape(-1)
    size = setting.size
    if year != setting.survey_years[-1]:
        # The structure is grown for the last survey; earlier ones take as many as fit theirs.
        size = int(min(size, np.floor((available / shares).min())))
    take = quotas(shares, available, size)
    order = np.lexsort((place, cell))
    rank = np.arange(len(cell)) - np.concatenate([[0], np.cumsum(available)])[cell[order]]
    chosen = np.sort(order[rank < take[cell[order]]])
    rows = living[chosen]
    return Survey(
        setting=setting,
        p=p,
        year=year,
        month=month,
        rows=rows,
        lives=people[rows],
        bodies=bodies[rows],
    )
