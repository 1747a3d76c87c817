"""A unit of work, run and counted."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from rlsabm.observe.survey import Survey, survey_month, take_survey
from rlsabm.policies.tally import Tally
from rlsabm.population import BLOCK_MONTHS, Population
from rlsabm.results.contents import Contents, joined
from rlsabm.results.observed import FOLLOW_UP_MONTHS, FollowUp, Observed, follow_up_of
from rlsabm.results.question import Question
from rlsabm.results.table import ResultTable
from rlsabm.results.tables import needed_tables
from rlsabm.setting import Setting
from rlsabm.study.devices import CPU, device_named
from rlsabm.study.reliving import Progress, Relived
from rlsabm.study.units import Unit
from rlsabm.worlds.world import World, worlds_of


def no_progress(person_months: int, work: float) -> None:
    """Report to nobody."""


@dataclass
class UnitResult:
    """What a unit found.

    Attributes
    ----------
    tables
        Contents of each table, all surveys below one another.
    seconds
        Wall time.
    person_months
        Person-months lived, again in other worlds not counted.
    people_grown, people_surveyed
        People alive at the last survey, and those in it.
    """

    tables: dict[str, Contents] = field(default_factory=dict)
    seconds: float = 0.0
    person_months: int = 0
    people_grown: int = 0
    people_surveyed: int = 0


def last_month(setting: Setting) -> int:
    """Last month that a unit lives: the follow-up of the last survey is over."""
    return survey_month(setting.survey_years[-1]) + FOLLOW_UP_MONTHS


@dataclass(frozen=True)
class _Year:
    """A survey, and what happened in the year after it if that was lived."""

    survey: Survey
    follow_up: FollowUp | None


def run_unit(
    unit: Unit,
    setting: Setting,
    question: Question,
    *,
    before: Setting | None = None,
    threads: int = 1,
    device: str = CPU,
    progress: Progress = no_progress,
) -> UnitResult:
    """Grow a population, survey it in each year, follow it, and let it live again in other worlds.

    Only what the wanted tables need is done: without need of it there is no follow-up, and nobody lives
    again.

    Parameters
    ----------
    unit, setting
        The unit, and what its people live in.
    question
        What is asked.
    before
        What people live in until arms part, if arms are policies: the reference's setting.
    threads
        Threads to use; results do not depend on it.
    device
        Where people live: on processors (``cpu``) or a GPU (``gpu``), with the same results.
    progress
        Told how it goes.
    """
    started = time.perf_counter()
    tables = [table for table in needed_tables(question) if table.count is not None]
    follow = any(table.needs_follow_up for table in tables)
    lived_on = device_named(device)
    population: Population = lived_on.population(
        before or setting, key=unit.key, block=unit.block, threads=threads
    )
    policy = question.policy
    tally = Tally(policy, setting, question.age_limits) if policy is not None else None
    years: list[_Year] = []
    for year in setting.survey_years:
        years.append(_survey_and_follow(population, year, progress, tally, follow=follow))
    result = UnitResult(
        people_grown=int(population.alive.sum()), people_surveyed=len(years[-1].survey)
    )
    worlds: Sequence[World] = ()
    if any(table.needs_worlds for table in tables):
        worlds = worlds_of(setting, question.causes, postulates=question.postulates)
    surveys = [year.survey for year in years]
    share = question.observe.persons
    relived = None
    if worlds:
        relived = Relived(surveys, worlds, share, population, progress, lived_on.live_again)
    found: dict[str, list[Contents]] = {}
    for at in years:
        observed = Observed(
            question,
            arm=unit.arm,
            draw=unit.draw,
            replicate=unit.replicate,
            survey=at.survey,
            follow_up=at.follow_up,
            worlds=tuple(worlds),
            tally=tally,
        )
        if relived is not None:
            observed = replace(
                observed,
                bits_in_worlds=relived.bits_of(at.survey),
                listed_bodies=relived.bodies_of(at.survey, observed.listed),
            )
        for name, contents in count(tables, observed).items():
            found.setdefault(name, []).append(contents)
    result.tables = {name: joined(parts) for name, parts in found.items()}
    result.person_months = population.person_months
    result.seconds = time.perf_counter() - started
    return result


def _survey_and_follow(
    population: Population, year: int, progress: Progress, tally: Tally | None, *, follow: bool
) -> _Year:
    """Live until a survey, take it, and live the year after it, with its events, if that is wanted."""

    def live(until: int, *, log: bool = False) -> None:
        while population.month <= until:
            before, month = population.person_months, population.month
            if tally is not None and tally.is_due(month):
                tally.advance(population, log=log)
            else:
                last = min(month + BLOCK_MONTHS - 1, until)
                if tally is not None and month < tally.first_month:
                    last = min(last, tally.first_month - 1)
                population.advance(last, log=log)
            lived = population.person_months - before
            progress(lived, lived)

    month = survey_month(year)
    live(month)
    survey = take_survey(
        population.setting, population.lives, population.bodies, year=year, p=population.inputs
    )
    if not follow:
        return _Year(survey, None)
    # The twelve months of follow-up end when the survey of the next year is due.
    live(month + FOLLOW_UP_MONTHS, log=True)
    events, population.events = population.events, population.events[:0]
    # Now, because the dead are soon forgotten.
    return _Year(survey, follow_up_of(survey, events, population.lives, population.bodies))


def count(tables: Sequence[ResultTable], observed: Observed) -> dict[str, Contents]:
    """Contents of tables that are filled from surveys: their declared columns, in their order."""
    counted: dict[str, Contents] = {}
    for table in tables:
        contents = table.count(observed) if table.count is not None else None
        if contents is not None:
            found = observed.identified(contents)
            columns = table.columns_in(observed.question.vocabulary)
            counted[table.name] = {column.name: found[column.name] for column in columns}
    return counted
