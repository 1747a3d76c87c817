"""Runs of the model, done by the crews of studies: each is a unit of work of its own."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rlsabm.calibration.problem import Evaluate, Simulated
from rlsabm.calibration.state import Finished
from rlsabm.errors import UserError
from rlsabm.study.cluster import DaskCluster
from rlsabm.study.crews import Crew, InThisProcess, LocalProcesses
from rlsabm.study.engine import Engine
from rlsabm.study.job import Outcome
from rlsabm.study.ledger import FAILED, Ledger
from rlsabm.study.machine import package_hash, processors, worker_name
from rlsabm.study.units import Unit
from rlsabm.wording import with_help


@dataclass(frozen=True)
class Asked:
    """A run of the model that is to be done.

    Attributes
    ----------
    number
        Its number.
    scores
        Scores of the parameters.
    values
        Parameters by name.
    seed
        Seed of its random numbers.
    """

    number: int
    scores: tuple[float, ...]
    values: Mapping[str, float]
    seed: int

    @property
    def unit(self) -> Unit:
        """It as a unit of work."""
        return Unit(
            name=f"evaluation-{self.number:06d}",
            arm="",
            draw=self.number,
            replicate=0,
            block=0,
            people=0,
            key=self.seed,
        )


@dataclass(frozen=True)
class EvaluationJob:
    """A run as it is handed to a worker.

    Attributes
    ----------
    unit, asked
        The run.
    evaluate
        Runs the model.
    targets
        Names of the figures that it must give.
    package
        Hash of the package that the calibration is run with.
    """

    unit: Unit
    asked: Asked
    evaluate: Evaluate
    targets: tuple[str, ...]
    package: str


@dataclass(frozen=True)
class Evaluated(Outcome):
    """What a worker gives back: figures by target."""

    figures: Mapping[str, Simulated] = field(default_factory=dict)


def do_evaluation(job: EvaluationJob, *progress: object) -> Evaluated:
    """Run the model.

    Raises
    ------
    UserError
        If the worker has another version of the package, or a figure is missing or no number.
    """
    if job.package != package_hash():
        raise UserError(
            f"the worker {worker_name()} has another version of rlsabm (hash {package_hash()}, the "
            f"calibration has {job.package}); install the same there"
        )
    started = time.perf_counter()
    found = job.evaluate(job.asked.number, job.asked.values, job.asked.seed)
    seconds = time.perf_counter() - started
    return Evaluated(
        files={},
        rows=len(job.targets),
        worker=worker_name(),
        seconds=seconds,
        person_months=0,
        people_grown=0,
        people_surveyed=0,
        figures={name: _checked(name, found) for name in job.targets},
    )


def _checked(target: str, found: Mapping[str, Simulated]) -> Simulated:
    if target not in found:
        raise UserError(f"{target}: the run gave no such figure")
    value, error = float(found[target].value), float(found[target].monte_carlo_sd)
    if not (math.isfinite(value) and 0.0 <= error < math.inf):
        expected = "a number and an error of at least 0"
        raise UserError(
            with_help(f"{target}: the run gave {value:g} with error {error:g}", expected)
        )
    return Simulated(value, error)


def hire(workers: int | None, cluster: str | None, folder: Path, timeout: float | None) -> Crew:
    """Those who run the model.

    Parameters
    ----------
    workers
        Processes of this machine; as many as it has processors by default.
    cluster
        Address of a Dask scheduler, or ``local``; none by default.
    folder
        Folder for what processes hand over.
    timeout
        Seconds after which a run is given up; never by default.
    """
    places = workers or processors()
    if cluster is not None:
        return DaskCluster(cluster, places, do_evaluation)
    if places == 1:
        return InThisProcess(do_evaluation, timeout=timeout)
    return LocalProcesses(places, folder, do_evaluation)


def evaluate_all(
    crew: Crew,
    asked: Sequence[Asked],
    evaluate: Evaluate,
    targets: Sequence[str],
    keep: Callable[[Finished], None],
    *,
    tick: Callable[[], None] = lambda: None,
    timeout: float | None = None,
) -> None:
    """Run the model until each run has finished or failed.

    Parameters
    ----------
    crew
        Who does it.
    asked
        The runs.
    evaluate, targets
        Runs the model, and names of the figures that it must give.
    keep
        Told of each run that has ended, once.
    tick
        Called several times a second.
    timeout
        Seconds after which a run is given up and tried again; never by default.

    Raises
    ------
    UserError
        If there can be no workers, or what has ended cannot be kept.
    KeyboardInterrupt
        If the program is asked to end.
    """
    by_name = {each.unit.name: each for each in asked}
    ledger = Ledger([each.unit for each in asked])
    told: set[str] = set()

    def job(unit: Unit, threads: int) -> EvaluationJob:
        return EvaluationJob(unit, by_name[unit.name], evaluate, tuple(targets), package_hash())

    def keep_finished(unit: Unit, outcome: Outcome) -> None:
        assert isinstance(outcome, Evaluated)
        seconds = round(outcome.seconds, 3)
        scores = by_name[unit.name].scores
        _kept(keep, Finished(unit.draw, scores, outcome.figures, "", seconds, outcome.worker))
        told.add(unit.name)

    def tell_of_failures() -> None:
        for unit in ledger.having(FAILED):
            if unit.name not in told:
                scores = by_name[unit.name].scores
                _kept(keep, Finished(unit.draw, scores, {}, ledger[unit].error))
                told.add(unit.name)

    def look() -> None:
        tell_of_failures()
        tick()

    Engine(crew, ledger, job, keep_finished, tick=look, timeout=timeout).run(ledger.units)
    tell_of_failures()


def _kept(keep: Callable[[Finished], None], run: Finished) -> None:
    """Keep a run; without room for it all others would fail too."""
    try:
        keep(run)
    except OSError as error:
        raise UserError(f"run {run.number} cannot be kept: {error.strerror or error}") from None
