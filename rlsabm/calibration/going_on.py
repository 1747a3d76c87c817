"""Runs that are kept in a folder, so that the same work goes on there and repeats none of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rlsabm.calibration.evaluating import Asked, evaluate_all
from rlsabm.calibration.problem import Problem
from rlsabm.calibration.state import JOURNAL, Finished, Journal
from rlsabm.errors import UserError
from rlsabm.results.files import MANIFEST, UNFINISHED
from rlsabm.study.crews import Crew
from rlsabm.study.layout import HANDED_OVER, LOCK
from rlsabm.study.machine import package_hash
from rlsabm.wording import counted

#: Share of runs that may fail.
MOST_FAILURES = 0.5


def identity_of(what: str, problem: Problem, seed: int, **also: int) -> dict[str, Any]:
    """What tells work from all other, as JSON has it.

    Parameters
    ----------
    what
        What it is, in words.
    problem, seed
        The model's parameters and figures, and the seed.
    **also
        What else its runs depend on.
    """
    shown = ("name", "prior", "centre", "spread", "lower", "upper")
    found = {
        "kind": what,
        "parameters": {
            each.name: {name: getattr(each, name) for name in shown} for each in problem.parameters
        },
        "targets": {
            each.name: {"scale": each.scale, "mean": each.mean, "sd": each.sd}
            for each in problem.targets
        },
        "fixed": problem.fixed,
        "seed": seed,
        **also,
        "version of rlsabm": package_hash(),
    }
    same: dict[str, Any] = json.loads(json.dumps(found))
    return same


def agree_with(journal: Journal, identity: dict[str, Any], tell: Callable[[str], None]) -> None:
    """Begin work in the folder of a journal, or go on with what the folder holds.

    Parameters
    ----------
    journal
        What is known of it.
    identity
        What it is, from `identity_of`.
    tell
        Told what a person must know.

    Raises
    ------
    UserError
        If the folder holds something else.
    """
    there, folder, what = journal.identity, journal.path.parent, identity["kind"]
    if not there:
        _refuse_other_files(journal.path, what)
        journal.begin(identity)
    elif there.get("kind") != what:
        kind = there.get("kind", "calibration")
        raise UserError(f"{folder}: holds a {kind}, and no {what}; choose another folder")
    elif json.dumps(there) != json.dumps(identity):
        raise UserError(f"{folder}: holds another {what}: {_difference(there, identity)}")
    if journal.damaged:
        tell(f"{journal.path}: {counted(journal.damaged, 'line')} damaged and left out.")


def _refuse_other_files(journal: Path, what: str) -> None:
    """Leave a folder alone that holds something else."""
    known = {LOCK, JOURNAL, MANIFEST, HANDED_OVER} if journal.exists() else {LOCK}
    others = {path.name for path in journal.parent.iterdir()} - known
    if any(not name.endswith(UNFINISHED) for name in others):
        raise UserError(f"{journal.parent}: holds files that are no {what}; choose another folder")


def _difference(there: dict[str, Any], asked: dict[str, Any]) -> str:
    """The first setting in which two pieces of work differ, in words."""
    for name, value in asked.items():
        before = there.get(name)
        if before == value:
            continue
        if isinstance(value, dict) and isinstance(before, dict):
            for key in (*value, *before):
                if before.get(key) != value.get(key):
                    return f"{name}.{key} was {before.get(key)}, is {value.get(key)}"
        return f"{name} was {before}, is {value}"
    return "its parameters or targets are in another order"


def seed_of_run(seed: int, number: int) -> int:
    """Seed of a run's random numbers: each number has its own."""
    state = np.random.SeedSequence(seed, spawn_key=(number,)).generate_state(1, np.uint64)
    return int(state[0] >> np.uint64(11))  # a number that floats hold, too


def ended_of(journal: Journal, asked: Sequence[Asked]) -> list[Finished]:
    """Runs that have ended; what was run elsewhere in the space is not one of them."""
    found = [(journal.runs.get(each.number), each) for each in asked]
    return [run for run, each in found if run is not None and run.scores == each.scores]


def evaluate_rest(
    crew: Crew,
    asked: Sequence[Asked],
    problem: Problem,
    journal: Journal,
    *,
    tick: Callable[[Collection[Finished]], None],
    timeout: float | None = None,
) -> list[Finished]:
    """Do the runs that have not ended yet, keep each, and return all.

    Parameters
    ----------
    crew
        Who does them.
    asked
        The runs.
    problem
        What is run.
    journal
        Where they are kept.
    tick
        Told several times a second which have ended.
    timeout
        Seconds after which a run is given up and tried again; never by default.
    """
    ended = ended_of(journal, asked)
    numbers = {run.number for run in ended}

    def keep(run: Finished) -> None:
        journal.add_run(run)
        ended.append(run)

    evaluate_all(
        crew,
        [each for each in asked if each.number not in numbers],
        problem.evaluate,
        problem.target_names,
        keep,
        tick=lambda: tick(ended),
        timeout=timeout,
    )
    return ended


def refuse_failures(ended: Collection[Finished], of: str = "") -> None:
    """Refuse to go on where too many runs have failed.

    Parameters
    ----------
    ended
        The runs.
    of
        What they are runs of, in words that follow.

    Raises
    ------
    UserError
        If so many have failed.
    """
    failed = [run for run in ended if run.error]
    if len(failed) > MOST_FAILURES * len(ended):
        raise UserError(
            f"{len(failed):,} of {len(ended):,} runs{of} failed, the first with: {failed[0].error}"
        )
