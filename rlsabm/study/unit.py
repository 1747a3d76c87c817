"""A unit of work, run and counted."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsabm.measuring.cases import case_bits
from rlsabm.measuring.instruments import instruments_of
from rlsabm.observe.survey import Survey, survey_month, take_survey
from rlsabm.person import BODY
from rlsabm.population import BLOCK_MONTHS, Population
from rlsabm.results.biomarkers import sample_biomarkers, summarise_biomarkers
from rlsabm.results.cases import find_cases
from rlsabm.results.cells import Contents, joined
from rlsabm.results.contrasts import count_contrasts
from rlsabm.results.counting import FOLLOW_UP_MONTHS, count_incidence, count_prevalence
from rlsabm.results.line_lists import chosen_for_line_list, list_events, list_persons
from rlsabm.results.postulates import count_partition
from rlsabm.results.registries import count_kin, summarise_autopsies
from rlsabm.scenario import Observe
from rlsabm.setting import Setting
from rlsabm.study.units import Unit
from rlsabm.worlds.living_again import check_same, live_again
from rlsabm.worlds.world import FACTUAL, World, worlds_of

#: Called with the person-months lived since the last call, and the work done: what one person-month
#: costs while a population grows is 1.
Progress = Callable[[int, float], None]
#: Measured: cost of a person-month lived again, and of each world in it, relative to growing.
WORK_AGAIN, WORK_OF_WORLD = 1.0, 0.09


def no_progress(person_months: int, work: float) -> None:
    """Report to nobody."""


def work_again(worlds: int) -> float:
    """Work of a person-month that is lived again in so many worlds."""
    return WORK_AGAIN + WORK_OF_WORLD * worlds


@dataclass
class UnitResult:
    """What a unit found.

    Attributes
    ----------
    tables
        Contents of each table, a list with one item a survey year.
    seconds
        Wall time.
    """

    tables: dict[str, list[Contents]] = field(default_factory=dict)
    seconds: float = 0.0
    person_months: int = 0
    people_grown: int = 0
    people_surveyed: int = 0


def last_month(setting: Setting) -> int:
    """Last month that a unit lives: the follow-up of the last survey is over."""
    return survey_month(setting.survey_years[-1]) + FOLLOW_UP_MONTHS


@dataclass(frozen=True)
class Question:
    """What a unit is asked, beside the populations it runs.

    Attributes
    ----------
    observe
        Surveys and their breakdown.
    causes
        Conditions to be left out in other worlds.
    postulates
        Whether the worlds of the postulates are wanted.
    samples
        Whether values of the biomarkers are wanted, so that percentiles over blocks can be found.
    words
        Words of the strata.
    """

    observe: Observe
    causes: tuple[str, ...]
    postulates: bool
    samples: bool
    words: dict[str, list[str]]


@dataclass
class _Year:
    """A survey, and what happened in the year after it."""

    survey: Survey
    events: Any
    autopsies: Contents


def run_unit(
    unit: Unit,
    setting: Setting,
    question: Question,
    *,
    threads: int = 1,
    progress: Progress = no_progress,
) -> UnitResult:
    """Grow a population, survey it in each year, follow it, and let it live again in other worlds."""
    started = time.perf_counter()
    population = Population(setting, key=unit.key, block=unit.block, threads=threads)
    result = UnitResult()
    years = [_survey_and_follow(population, year, progress) for year in setting.survey_years]
    result.people_grown = int(population.alive.sum())
    result.people_surveyed = len(years[-1].survey)
    worlds = worlds_of(setting, question.causes, postulates=question.postulates)
    observe = question.observe
    relived = (
        _Relived([year.survey for year in years], worlds, observe.persons, population, progress)
        if worlds
        else None
    )
    for year in years:
        _count(year, unit, question, worlds, relived, result)
    result.person_months = population.person_months
    result.seconds = time.perf_counter() - started
    return result


def _survey_and_follow(population: Population, year: int, progress: Progress) -> _Year:
    """Live until a survey, take it, and live the year after it, with its events."""

    def live(until: int, *, log: bool = False) -> None:
        while population.month <= until:
            before = population.person_months
            population.advance(min(population.month + BLOCK_MONTHS - 1, until), log=log)
            lived = population.person_months - before
            progress(lived, lived)

    month = survey_month(year)
    live(month)
    survey = take_survey(
        population.setting, population.lives, population.bodies, year=year, p=population.inputs
    )
    # The twelve months of follow-up end when the survey of the next year is due.
    live(month + FOLLOW_UP_MONTHS, log=True)
    events, population.events = population.events, population.events[:0]
    # Now, because the dead are soon forgotten.
    autopsies = summarise_autopsies(survey, population.lives, population.bodies)
    return _Year(survey, events, autopsies)


class _Relived:
    """The people of all surveys, living again once in all worlds.

    Attributes
    ----------
    bits
        Case bits by person, survey year and world, the factual one first.
    bodies
        Bodies of those in the line list, in the same order of axes.
    """

    def __init__(
        self,
        surveys: Sequence[Survey],
        worlds: Sequence[World],
        share: float,
        population: Population,
        progress: Progress,
    ) -> None:
        self._surveys = surveys
        uids = np.concatenate([survey.lives["uid"] for survey in surveys])
        self._uids, first = np.unique(uids, return_index=True)
        # In the order of the surveys: people of like age live again together.
        order = np.sort(first)
        lived = np.concatenate([survey.lives for survey in surveys])[order]
        given = np.concatenate([survey.bodies["endowment_mg"] for survey in surveys])[order]
        self._place = np.empty(len(order), dtype=np.int64)
        self._place[np.searchsorted(self._uids, lived["uid"])] = np.arange(len(order))
        months = [survey.month for survey in surveys]
        listed = chosen_for_line_list(lived, share, population.inputs)
        self._row_in_list = np.cumsum(listed) - 1
        self.bits = np.zeros((len(lived), len(months), len(worlds) + 1), dtype=np.uint8)
        self.bodies = np.zeros((int(listed.sum()), *self.bits.shape[1:]), dtype=BODY)
        factual = np.zeros((len(lived), len(months)), dtype=BODY)
        for window, bodies in live_again(
            lived, given, months, worlds, p=population.inputs, threads=population.threads,
            progress=lambda months: progress(months, months * work_again(len(worlds))),
        ):  # fmt: skip
            for place, month in enumerate(months):
                self.bits[window, place] = case_bits(bodies[:, place], month)
            factual[window] = bodies[:, :, 0]
            here = np.flatnonzero(listed[window]) + window.start
            self.bodies[self._row_in_list[here]] = bodies[here - window.start]
        for place, survey in enumerate(surveys):
            check_same(factual[self.rows(survey), place], survey.bodies)

    def rows(self, survey: Survey) -> NDArray[np.int64]:
        """Where the people of a survey are among those who lived again."""
        return self._place[np.searchsorted(self._uids, survey.lives["uid"])]

    def bits_of(self, survey: Survey) -> NDArray[np.uint8]:
        """Case bits of the people of a survey, by world."""
        return self.bits[self.rows(survey), self._surveys.index(survey)]

    def bodies_of(self, survey: Survey, chosen: NDArray[np.int64], world: int) -> Any:
        """Bodies of people of the line list at a survey, in one world."""
        rows = self._row_in_list[self.rows(survey)[chosen]]
        return self.bodies[rows, self._surveys.index(survey), world]


def _count(
    year: _Year,
    unit: Unit,
    question: Question,
    worlds: Sequence[World],
    relived: _Relived | None,
    result: UnitResult,
) -> None:
    """Add a survey's rows to all tables."""
    survey, observe = year.survey, question.observe
    by, limits = observe.by, observe.age_groups

    def keep(table: str, contents: Contents) -> None:
        rows = len(next(iter(contents.values())))
        keys: Contents = {
            "arm": np.full(rows, unit.arm, dtype=object),
            "world": np.full(rows, FACTUAL, dtype=object),
            "draw": np.full(rows, unit.draw),
            "replicate": np.full(rows, unit.replicate),
            "year": np.full(rows, survey.year),
        }
        result.tables.setdefault(table, []).append({**keys, **contents})

    instruments = instruments_of(observe.instruments)
    in_worlds = relived.bits_of(survey) if relived else None
    cases = find_cases(survey, worlds, in_worlds, instruments)
    keep("prevalence", count_prevalence(cases, by, limits))
    keep("contrasts", count_contrasts(cases, question.words, limits))
    if question.postulates:
        keep("partitions", count_partition(cases, question.words, limits))
    keep("biomarkers", summarise_biomarkers(survey, by, limits))
    if question.samples:
        keep("samples", sample_biomarkers(survey, by, limits))
    keep("incidence", count_incidence(survey, year.events, by, limits))
    keep("kin_counts", count_kin(cases))
    keep("autopsies", year.autopsies)
    if observe.persons > 0:
        chosen = np.flatnonzero(chosen_for_line_list(survey.lives, observe.persons, survey.p))
        bodies = survey.bodies[chosen]
        lists = [list_persons(survey, chosen, None, bodies)]
        for place, world in enumerate(worlds, start=1):
            assert relived is not None
            bodies = relived.bodies_of(survey, chosen, place)
            lists.append(list_persons(survey, chosen, world, bodies))
        keep("persons", joined(lists))
    if observe.events:
        keep("events", list_events(survey, year.events))
