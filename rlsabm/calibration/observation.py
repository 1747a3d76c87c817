"""The people of one run as virtual studies see them: surveys, kin, and what happened in between."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from rlsabm.arrays import Bools, Floats, Ints, Records, Uids
from rlsabm.conventions import FEMALE, LAST_AGE, MALE
from rlsabm.measuring.instruments import TRUTH, instruments_of
from rlsabm.observe.groups import groups_of
from rlsabm.observe.kin import Pairs, find_kin
from rlsabm.observe.survey import Survey, survey_month, take_survey
from rlsabm.population import BLOCK_MONTHS, Population
from rlsabm.results.cases import Cases, find_cases
from rlsabm.setting import Setting

#: Years before the last survey at which the people are surveyed, too; the last one is 0.
YEARS_BEFORE = (3, 2, 1, 0)
SEXES = {"female": (FEMALE,), "male": (MALE,), "both": (FEMALE, MALE)}


def survey_years(year: int) -> list[int]:
    """Years of the surveys of which the last is in ``year``."""
    return [year - before for before in YEARS_BEFORE]


@dataclass(frozen=True)
class Observation:
    """The people of one run, as virtual studies see them.

    Attributes
    ----------
    surveys
        Surveys by how many years before the last one they were taken.
    people
        Records of the lives of all people, a year after the last survey: the living, and those who
        died since the first survey.
    events
        What happened to them from the first survey on.
    first_month, last_month
        Months of the first survey and of the last event.
    """

    surveys: dict[int, Survey]
    people: Records
    events: Records
    first_month: int
    last_month: int

    @property
    def now(self) -> Survey:
        """The last survey."""
        return self.surveys[0]

    @cached_property
    def kin(self) -> dict[str, Pairs]:
        """Pairs of kin among the people of the last survey, by row."""
        return find_kin(self.now.lives)

    @cached_property
    def families(self) -> Uids:
        """The family of each person of the last survey."""
        return families_of(self.now.lives)

    @cached_property
    def _cases(self) -> dict[tuple[int, str], Cases]:
        """Cases of a survey by an instrument, found when they are first asked for."""
        return {}

    @cached_property
    def _rows_by_uid(self) -> Ints:
        return np.argsort(self.people["uid"], kind="stable")

    @cached_property
    def _members(self) -> dict[str, Any]:
        return {group.name: group.members for group in groups_of(self.now.setting.conditions)}

    def are(
        self, definition: str, recall: str, instrument: str = TRUTH, *, years_before: int = 0
    ) -> Bools:
        """Who of a survey is a case."""
        asked = (years_before, instrument)
        if asked not in self._cases:
            by = instruments_of([instrument])
            self._cases[asked] = find_cases(self.surveys[years_before], (), None, by)
        return self._cases[asked].are(definition, recall, observed_as=instrument)

    def members(self, group: str, *, years_before: int = 0) -> Bools:
        """Who of a survey belongs to a group."""
        return np.asarray(self._members[group](self.surveys[years_before]), dtype=bool)

    def rows_before(self, years_before: int, *, of: int = 0) -> tuple[Ints, Ints]:
        """Rows of those who were surveyed both times: in the last survey, and in the earlier one.

        With ``of`` the later of the two is so many years before the last one.
        """
        _, now, then = np.intersect1d(
            self.surveys[of].lives["uid"],
            self.surveys[years_before].lives["uid"],
            assume_unique=True,
            return_indices=True,
        )
        return now, then

    def person_years(self, ages: Sequence[int], first: int, last: int) -> Floats:
        """Years that each of the people lived at these completed ages in months ``first`` to ``last``.

        The month of death counts half.
        """
        born = self.people["birth_month"].astype(float)
        begin = np.maximum(born + 12.0 * ages[0], first)
        end = np.minimum(born + 12.0 * (ages[1] + 1), last + 1.0)
        end = np.minimum(end, self.people["death_month"] + 0.5)
        return np.asarray(np.maximum(end - begin, 0.0) / 12.0)

    def count_events(self, event: int, ages: Sequence[int], first: int, last: int) -> Floats:
        """How often something happened to each of the people, at these ages and in these months."""
        chosen = self.events[self.events["event"] == event]
        chosen = chosen[(chosen["month"] >= first) & (chosen["month"] <= last)]
        row = self._rows_by_uid[
            np.searchsorted(self.people["uid"], chosen["uid"], sorter=self._rows_by_uid)
        ]
        age = (chosen["month"] - self.people["birth_month"][row]) // 12
        row = row[(age >= ages[0]) & (age <= min(ages[1], LAST_AGE))]
        return np.bincount(row, minlength=len(self.people)).astype(float)


def families_of(lives: Records) -> Uids:
    """Families of people: brothers and sisters have the number of their mother."""
    mother = np.ascontiguousarray(lives["mother"])
    return np.where(mother == 0, lives["uid"], mother).astype(np.uint64)


def observe(
    setting: Setting,
    key: int,
    *,
    threads: int = 1,
    progress: Callable[[float], None] = lambda share: None,
) -> Observation:
    """Grow a population, survey it four times, and follow it for a year after the last survey.

    Parameters
    ----------
    setting
        What the people live in; its survey years are those of `survey_years`.
    key
        Key of the run.
    threads
        Threads to use; results do not depend on it.
    progress
        Told how it goes: the sum of its arguments is 1 in the end.
    """
    last_year = setting.survey_years[-1]
    last_month = survey_month(last_year) + 12
    whole = last_month + 1 - setting.plan.first_month
    population = Population(setting, key=key, threads=threads)

    def live(until: int, *, log: bool) -> None:
        while population.month <= until:
            before = population.month
            population.advance(min(before + BLOCK_MONTHS - 1, until), log=log)
            progress((population.month - before) / whole)

    surveys: dict[int, Survey] = {}
    for year in setting.survey_years:
        live(survey_month(year), log=bool(surveys))
        # From the first survey on the dead are kept: their years count, and their deaths.
        population.forget_dead = False
        surveys[last_year - year] = take_survey(
            setting, population.lives, population.bodies, year=year, p=population.inputs
        )
    first_month = survey_month(setting.survey_years[0]) + 1
    live(last_month, log=True)
    seen = population.lives["death_month"] >= first_month
    return Observation(
        surveys=surveys,
        people=population.lives[seen].copy(),
        events=population.events,
        first_month=first_month,
        last_month=last_month,
    )
