"""A unit of work as it is handed to a worker, wherever that runs, and what the worker gives back.

A worker needs nothing but the package: no file of the study, nothing of another unit.  What it gives
back are tables as Parquet, which one process writes, so that workers need no disk in common.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from rlsabm.demography.country import Country
from rlsabm.errors import UserError
from rlsabm.parameter_table import draw_strength
from rlsabm.results.arrow import to_arrow
from rlsabm.results.files import table_bytes
from rlsabm.results.question import Question
from rlsabm.results.tables import TABLES, needed_tables
from rlsabm.results.tables.draws import TABLE as DRAWS
from rlsabm.results.tables.draws import list_values
from rlsabm.scenario import REFERENCE, Scenario
from rlsabm.setting import Setting
from rlsabm.study.devices import CHECKED_PEOPLE, CPU, check_device, worked_by
from rlsabm.study.machine import package_hash, worker_name
from rlsabm.study.reliving import Progress
from rlsabm.study.settings import strengths_of, treatments_used, unit_setting
from rlsabm.study.unit import UnitResult, no_progress, run_unit
from rlsabm.study.units import Unit
from rlsabm.worlds.world import World, worlds_of


class Handed(Protocol):
    """What is handed to a worker: all that it must know, whatever the work is."""

    @property
    def unit(self) -> Unit:
        """The unit that it is about."""


@dataclass(frozen=True)
class Job:
    """A unit, with all that a worker must know.

    Attributes
    ----------
    unit
        The unit.
    arm
        Its arm.
    country
        Tables of the country.
    question
        What it is asked, with the words of the tables.
    threads
        Threads to use; results do not depend on it.
    package
        Hash of the package that the study is run with.
    device
        Where people live, ``cpu`` or ``gpu``; results do not depend on it.
    allow_different_bits
        Whether it may give other numbers all the same.
    """

    unit: Unit
    arm: Scenario
    country: Country
    question: Question
    threads: int
    package: str
    device: str = CPU
    allow_different_bits: bool = False


@dataclass(frozen=True)
class Outcome:
    """What a worker gives back.

    Attributes
    ----------
    files
        Tables as Parquet, by name.
    rows
        Rows of all of them.
    worker
        Host and process.
    seconds
        Wall time.
    person_months, people_grown, people_surveyed
        As in `rlsabm.study.unit.UnitResult`.
    """

    files: dict[str, bytes]
    rows: int
    worker: str
    seconds: float
    person_months: int
    people_grown: int
    people_surveyed: int


class WorkerLostError(Exception):
    """A worker ended, or its unit took too long, before it gave anything back."""


class UnitFailedError(Exception):
    """A unit failed: what is sent back for any other error, which may not survive being sent.

    Parameters
    ----------
    line
        Why, in one line.
    trace
        The traceback, if it is the program's own fault.
    """

    def __init__(self, line: str, trace: str = "") -> None:
        super().__init__(line, trace)
        self.line = line
        self.trace = trace


def attempt(work: Callable[..., Outcome], job: Handed, *progress: Progress) -> Outcome:
    """Do a job, so that whatever goes wrong can be sent back.

    Raises
    ------
    UnitFailedError
        If the unit fails.
    MemoryError
        If memory runs out.
    WorkerLostError
        If it takes too long.
    """
    try:
        return work(job, *progress)
    except (MemoryError, WorkerLostError):
        raise
    except (Exception, SystemExit) as error:
        own = not isinstance(error, UserError | OSError)
        trace = "".join(traceback.format_exception(error)) if own else ""
        raise UnitFailedError(in_a_line(error), trace) from None


def in_a_line(error: BaseException) -> str:
    """An error in one line."""
    text = " ".join(str(error).split())
    if isinstance(error, UnitFailedError):
        return error.line
    if isinstance(error, MemoryError):
        return f"ran out of memory{': ' if text else ''}{text}"
    if isinstance(error, UserError | OSError | WorkerLostError) and text:
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def do_job(job: Job, progress: Progress = no_progress) -> Outcome:
    """Run a unit.

    Raises
    ------
    UserError
        If the worker has another version of the package.
    """
    if job.package != package_hash():
        raise UserError(
            f"the worker {worker_name()} has another version of rlsabm (hash {package_hash()}, the "
            f"study has {job.package}); install the same there"
        )
    result = find(job, progress)
    files, rows = {}, 0
    for name, contents in result.tables.items():
        table = to_arrow(TABLES[name], contents, job.question.vocabulary)
        files[name] = table_bytes(table)
        rows += table.num_rows
    return Outcome(
        files=files,
        rows=rows,
        worker=worked_by(job.device),
        seconds=result.seconds,
        person_months=result.person_months,
        people_grown=result.people_grown,
        people_surveyed=result.people_surveyed,
    )


def find(job: Job, progress: Progress = no_progress) -> UnitResult:
    """Run a unit in this process: what `do_job` writes, as arrays."""
    unit, scenario = job.unit, job.arm
    policy = job.question.policy
    kept = [treatment.name for treatment in policy.treatments] if policy else []

    def setting_of(arm: Scenario) -> Setting:
        return unit_setting(
            arm, unit.draw, country=job.country, people=unit.people, kept_treatments=kept
        )

    setting, before = setting_of(scenario), None
    if job.device != CPU and not job.allow_different_bits:
        _check_device(job)
    if job.question.reference is not None and unit.arm != REFERENCE:
        before = setting_of(job.question.reference)
    result = run_unit(
        unit,
        setting,
        job.question,
        before=before,
        threads=job.threads,
        device=job.device,
        progress=progress,
    )
    if DRAWS in needed_tables(job.question):
        strengths = strengths_of(scenario.conditions, unit.draw, scenario.runs.seed)
        used = treatments_used(scenario, setting)
        of_treatments = {
            name: draw_strength(name, each.effect_log_sd, unit.draw, scenario.runs.seed)
            for name, each in used.items()
        }
        result.tables[DRAWS.name] = list_values(
            setting, strengths, of_treatments, arm=unit.arm, draw=unit.draw
        )
    return result


def _check_device(job: Job) -> None:
    """See, in a few people of the unit, whether a device gives the numbers of a processor."""
    setting = unit_setting(job.arm, job.unit.draw, country=job.country, people=CHECKED_PEOPLE)
    question = job.question
    worlds: list[World] = []
    if any(table.needs_worlds for table in needed_tables(question)):
        worlds = worlds_of(setting, question.causes, postulates=question.postulates)
    check_device(job.device, setting, worlds)
