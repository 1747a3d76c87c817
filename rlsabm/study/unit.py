"""A unit of work: one replicate of one draw of one arm, run and counted."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rlsabm.observe.survey import survey_month, take_survey
from rlsabm.parameters.setting import Setting
from rlsabm.population import BLOCK_MONTHS, Population
from rlsabm.results.counting import (
    FOLLOW_UP_MONTHS,
    Contents,
    count_incidence,
    count_prevalence,
    list_events,
    list_persons,
    summarise_biomarkers,
)
from rlsabm.scenario import Observe

#: Called with the person-months lived since the last call.
Progress = Callable[[int], None]


@dataclass(frozen=True)
class Unit:
    """Which unit of a study this is."""

    arm: str
    draw: int
    replicate: int
    key: int


@dataclass
class UnitResult:
    """What a unit found.

    Attributes
    ----------
    tables
        Contents of each table, a list with one item a survey year.
    """

    unit: Unit
    tables: dict[str, list[Contents]] = field(default_factory=dict)
    seconds: float = 0.0
    person_months: int = 0
    people_grown: int = 0
    people_surveyed: int = 0


def last_month(setting: Setting) -> int:
    """Last month that a unit lives: the follow-up of the last survey is over."""
    return survey_month(setting.survey_years[-1]) + FOLLOW_UP_MONTHS


def run_unit(
    unit: Unit,
    setting: Setting,
    observe: Observe,
    *,
    threads: int = 1,
    progress: Progress = lambda months: None,
) -> UnitResult:
    """Grow a population, survey it in each year, and follow the people surveyed for a year."""
    started = time.perf_counter()
    population = Population(setting, key=unit.key, threads=threads)
    result = UnitResult(unit)

    def live(until: int, *, log: bool = False) -> None:
        while population.month <= until:
            before = population.person_months
            population.advance(min(population.month + BLOCK_MONTHS - 1, until), log=log)
            progress(population.person_months - before)

    def keep(table: str, year: int, contents: Contents) -> None:
        rows = len(next(iter(contents.values())))
        keys: dict[str, Any] = {
            "arm": np.array([unit.arm] * rows, dtype=object),
            "world": np.zeros(rows, dtype=np.int64),
            "draw": np.full(rows, unit.draw),
            "replicate": np.full(rows, unit.replicate),
            "year": np.full(rows, year),
        }
        result.tables.setdefault(table, []).append({**keys, **contents})

    for year in setting.survey_years:
        month = survey_month(year)
        live(month)
        survey = take_survey(
            setting, population.lives, population.bodies, year=year, key=population.key
        )
        result.people_grown = int(population.alive.sum())
        result.people_surveyed = len(survey)
        keep("prevalence", year, count_prevalence(survey, observe.by, observe.age_groups))
        keep("biomarkers", year, summarise_biomarkers(survey, observe.by, observe.age_groups))
        if observe.persons > 0:
            keep("persons", year, list_persons(survey, observe.persons, unit.key))
        # The twelve months of follow-up end when the survey of the next year is due.
        live(month + FOLLOW_UP_MONTHS, log=True)
        events, population.events = population.events, population.events[:0]
        keep("incidence", year, count_incidence(survey, events, observe.by, observe.age_groups))
        if observe.events:
            keep("events", year, list_events(survey, events))

    result.person_months = population.person_months
    result.seconds = time.perf_counter() - started
    return result
