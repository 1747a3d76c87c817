"""How much each parameter of a calibration moves each target, from runs of their own."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from rlsabm.arrays import Floats
from rlsabm.calibration.effects import ElementaryEffects, rows_of
from rlsabm.calibration.evaluating import Asked, hire
from rlsabm.calibration.file import read_calibration
from rlsabm.calibration.given_runs import refuse_a_calibration, refuse_a_folder
from rlsabm.calibration.going_on import (
    agree_with,
    ended_of,
    evaluate_rest,
    identity_of,
    refuse_failures,
    seed_of_run,
)
from rlsabm.calibration.morris import scores_of, trajectories_of
from rlsabm.calibration.priors import values_of
from rlsabm.calibration.problem import NOTHING_KNOWN, Problem
from rlsabm.calibration.sensitivity import require_extra
from rlsabm.calibration.state import JOURNAL, Finished, Journal
from rlsabm.declaring.bounds import whole_number
from rlsabm.errors import UserError
from rlsabm.results.files import remove_empty
from rlsabm.results.sources import OUTPUTS
from rlsabm.study import interruptions
from rlsabm.study.crews import refuse_in_a_worker
from rlsabm.study.layout import HANDED_OVER
from rlsabm.study.lock import FolderLock
from rlsabm.study.machine import processors
from rlsabm.study.outside import check_outside

#: What is run, in words.
WHAT = "sensitivity analysis"
#: Trajectories if nothing is said, fewest and most.
TRAJECTORIES, FEWEST, MOST = 10, 4, 1_000
#: Seconds of a processor that a run takes, roughly, and what each person adds.
SECONDS_OF_RUN, SECONDS_OF_PERSON = 0.4, 1.5e-4


class Watch(Protocol):
    """Who is told how it goes (`rlsabm.printing.elementary_effects.EffectsProgress`)."""

    def begin(self, plan: Plan) -> None:
        """Hear what will be run."""

    def show(self, ended: int, failed: int, seconds: float) -> None:
        """Hear how many runs have ended and failed, and how long those took."""

    def tell(self, line: str) -> None:
        """Hear what a person must know."""


@dataclass(frozen=True)
class Plan:
    """Runs that are to be done.

    Attributes
    ----------
    runs
        All of them.
    ended
        Runs that had ended before.
    seconds
        Seconds that the others will take, roughly; missing where nothing is known.
    crew
        Who does them, in words.
    """

    runs: int
    ended: int
    seconds: float
    crew: str


def elementary_effects(
    file: str | Path,
    folder: str | Path | None = None,
    *,
    trajectories: int = TRAJECTORIES,
    size: int | None = None,
    workers: int | None = None,
    seed: int = 1,
    watch: Watch | None = None,
) -> ElementaryEffects:
    """Say how much each parameter of a calibration file moves each of its targets, with new runs.

    Parameters
    ----------
    file
        Calibration file, or the name of one that ships.
    folder
        Where runs and results are kept: a stopped analysis goes on there, and none of its runs is
        repeated; ``outputs/NAME-morris`` by default.
    trajectories
        Walks through the space of parameters; each takes a run for each parameter and one more. More of
        them go on with the runs of fewer.
    size
        People of each run, if not as the file says.
    workers
        Processors of this machine to use; all by default.
    seed
        Seed of trajectories and runs.
    watch
        Who is told how it goes.

    Returns
    -------
    ElementaryEffects
        A row for each output and parameter.

    Raises
    ------
    UserError
        If the extra is not installed, the file or a number has a mistake, the folder holds something
        else, or too many runs fail.
    KeyboardInterrupt
        If it was interrupted; what had finished is kept.

    Examples
    --------
    >>> found = rlsabm.elementary_effects("scenarios/calibration.yaml")  # doctest: +SKIP
    >>> found.frame.query("clear").sort_values(["output", "rank"])  # doctest: +SKIP
    """
    require_extra()
    refuse_a_folder(str(file))
    said = read_calibration(file)
    problem = said.problem(size)
    people = said.section.size if size is None else size
    return effects_of_problem(
        problem,
        folder_of(file) if folder is None else folder,
        trajectories=trajectories,
        workers=workers,
        seed=seed,
        seconds_of_run=SECONDS_OF_RUN + SECONDS_OF_PERSON * people,
        watch=watch,
    )


def folder_of(file: str | Path) -> Path:
    """Where the effects of a calibration file are kept where nothing is said."""
    return OUTPUTS / f"{Path(file).stem}-morris"


def effects_of_problem(
    problem: Problem,
    folder: str | Path,
    *,
    trajectories: int = TRAJECTORIES,
    workers: int | None = None,
    seed: int = 1,
    seconds_of_run: float = np.nan,
    watch: Watch | None = None,
) -> ElementaryEffects:
    """Say how much each parameter of a problem moves each of its targets, with new runs.

    Parameters
    ----------
    problem
        Parameters, targets and the model.
    folder, trajectories, workers, seed, watch
        As in `elementary_effects`.
    seconds_of_run
        Seconds that a run takes, roughly.
    """
    refuse_in_a_worker(WHAT)
    number = whole_number("trajectories", trajectories, FEWEST, MOST)
    root = whole_number("seed", seed, 0, 2**63 - 1)
    places = processors() if workers is None else whole_number("workers", workers, 1, 1024)
    path = Path(folder)
    check_outside(path, "choose another folder")
    refuse_a_calibration(path)
    points = trajectories_of(len(problem.parameters), number, root)
    asked = _asked(problem, points, root)
    with interruptions.listened(), FolderLock(path, f"a {WHAT}").held():
        journal = Journal.opened(path / JOURNAL)
        tell = watch.tell if watch is not None else lambda line: None
        agree_with(journal, identity_of(WHAT, problem, root), tell)
        ended = _run(problem, asked, journal, places, seconds_of_run, watch)
        refuse_failures(ended)
        frame, left_out = rows_of(problem, points, *_figures(problem, asked, ended), root)
        if frame.empty:
            raise UserError(
                f"{path}: no target has effects of every parameter from at least half of the "
                f"{number:,} trajectories (failed runs: {_failed(ended):,}); "
                "larger populations or more trajectories may help"
            )
        found = ElementaryEffects(
            frame=frame,
            folder=path,
            trajectories=number,
            runs=len(asked),
            failed=_failed(ended),
            left_out=left_out,
        )
        found.write()
    return found


def _asked(problem: Problem, points: Floats, seed: int) -> list[Asked]:
    """Runs at the points of trajectories; those of one trajectory share their random numbers."""
    scores = scores_of(points)
    values = values_of(problem.parameters, scores)
    names, in_trajectory = problem.parameter_names, points.shape[1]
    return [
        Asked(
            number=walk * in_trajectory + place,
            scores=tuple(scores[walk, place].tolist()),
            values=dict(zip(names, values[walk, place].tolist(), strict=True)),
            seed=seed_of_run(seed, walk),
        )
        for walk in range(len(points))
        for place in range(in_trajectory)
    ]


def _run(
    problem: Problem,
    asked: Sequence[Asked],
    journal: Journal,
    places: int,
    seconds: float,
    watch: Watch | None,
) -> Sequence[Finished]:
    """Do the runs that have not ended yet, and return all."""
    before = ended_of(journal, asked)
    if len(before) == len(asked):
        return before
    handed_over = journal.path.parent / HANDED_OVER
    crew = hire(places, None, handed_over, None)
    known = [run.seconds for run in before if not run.error]
    each = float(np.mean(known)) if known else seconds
    if watch is not None:
        left = each * (len(asked) - len(before)) / places
        watch.begin(Plan(len(asked), len(before), left, crew.name))

    def tick(ended: Collection[Finished]) -> None:
        if watch is not None:
            watch.show(len(ended), _failed(ended), sum(run.seconds for run in ended))

    try:
        return evaluate_rest(crew, asked, problem, journal, tick=tick)
    except KeyboardInterrupt:
        interruptions.hear()
        raise
    finally:
        crew.close()
        remove_empty([handed_over])


def _failed(ended: Collection[Finished]) -> int:
    return sum(bool(run.error) for run in ended)


def _figures(
    problem: Problem, asked: Sequence[Asked], ended: Sequence[Finished]
) -> tuple[Floats, Floats]:
    """Figures and their errors by target and run; missing where a run failed or says nothing."""
    found = np.full((2, len(problem.targets), len(asked)), np.nan)
    for run in ended:
        for place, target in enumerate(problem.target_names if not run.error else ()):
            figure = run.figures[target]
            if figure.monte_carlo_sd < NOTHING_KNOWN:
                found[:, place, run.number] = figure.value, figure.monte_carlo_sd
    return found[0], found[1]
