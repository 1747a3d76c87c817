"""A calibration: waves of runs until enough is known, and draws that rest on runs of the model."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from rlsabm.calibration.evaluating import Asked, hire
from rlsabm.calibration.going_on import (
    agree_with,
    ended_of,
    evaluate_rest,
    identity_of,
    refuse_failures,
    seed_of_run,
)
from rlsabm.calibration.learning import DESIGN, Learnt, learn, seed_of
from rlsabm.calibration.options import Options
from rlsabm.calibration.priors import values_of
from rlsabm.calibration.problem import Problem
from rlsabm.calibration.results import tables_of
from rlsabm.calibration.state import JOURNAL, Finished, Journal
from rlsabm.calibration.tables import TABLES
from rlsabm.calibration.waves import Kind, Runs, Wave, first_wave, next_wave
from rlsabm.errors import UserError
from rlsabm.results.arrow import SCHEMA_VERSION
from rlsabm.results.files import (
    MANIFEST,
    Mark,
    fault_of,
    manifest_bytes,
    mark_of,
    table_path,
    write_whole,
)
from rlsabm.study import interruptions
from rlsabm.study.crews import Crew, refuse_in_a_worker
from rlsabm.study.layout import HANDED_OVER
from rlsabm.study.lock import FolderLock
from rlsabm.study.machine import software

#: What is run, in words.
WHAT = "calibration"
#: What a manifest says of a calibration.
RUNNING, STOPPED, COMPLETE = "running", "stopped", "complete"
#: Draws from the posterior must be worth so large a share of them, or another wave is drawn.
LEAST_EFFECTIVE_SHARE = 0.5
#: Above this R-hat, ensembles of walkers are said not to have converged.
LARGEST_R_HAT = 1.05


class _OutOfTimeError(Exception):
    """The hours that were allowed are over."""


class Watch(Protocol):
    """Who is told how a calibration goes (`rlsabm.printing.calibration.CalibrationProgress`)."""

    def begin(self, wave: Wave, done: int, crew: str) -> None:
        """Hear that a wave begins, and how many runs have been done before it."""

    def show(self, ended: int, failed: int, seconds: float) -> None:
        """Hear how many runs of the wave have ended and failed, and how long those took."""

    def learning(self, wave: Wave) -> None:
        """Hear that emulators learn from a wave."""

    def learnt(self, wave: Wave, row: dict[str, Any]) -> None:
        """Hear what is known after a wave: its row of the table of waves."""

    def tell(self, line: str) -> None:
        """Hear what a person must know."""


@dataclass(frozen=True)
class Report:
    """How a calibration ended.

    Attributes
    ----------
    status
        ``complete``, or ``stopped`` if it can go on.
    folder
        Where it is.
    evaluations, failed
        Runs of the model in all, and those that failed.
    trouble
        Why it stopped, or what is to be known of its result; else empty.
    waves
        Rows of the table of waves.
    """

    status: str
    folder: Path
    evaluations: int
    failed: int
    trouble: str
    waves: list[dict[str, Any]]


def calibrate(
    problem: Problem,
    folder: str | Path,
    options: Options | None = None,
    *,
    watch: Watch | None = None,
) -> Report:
    """Learn parameters from target figures.

    Parameters
    ----------
    problem
        What is calibrated.
    folder
        Folder of the calibration. If it holds the same one, that goes on: no finished run is repeated,
        and the result is the same to the bit as without a stop.
    options
        How it is run.
    watch
        Who is told how it goes.

    Returns
    -------
    Report
        How it ended.

    Raises
    ------
    UserError
        If the extra is not installed, the budget is too small, the folder holds another calibration,
        another process holds it, or so many runs fail that nothing can be learnt.
    KeyboardInterrupt
        If it was interrupted; what had finished is kept.
    """
    _require_extra()
    refuse_in_a_worker(WHAT)
    options = options or Options()
    path = Path(folder)
    with (
        interruptions.listened(),
        FolderLock(path, f"a {WHAT}").held(),
        _one_thread_of_algebra(),
    ):
        return _Calibration(problem, path, options, watch).run()


def _require_extra() -> None:
    try:
        import emcee  # noqa: F401
        import scipy  # noqa: F401
        import threadpoolctl  # noqa: F401
    except ImportError:
        raise UserError(
            'calibrate: needs emcee and scipy; install them with pip install "rlsabm[calibrate]"'
        ) from None


@contextmanager
def _one_thread_of_algebra() -> Iterator[None]:
    """Have linear algebra add in one order, whatever the number of processors."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        yield


class _Calibration:
    """A calibration while it is being run."""

    def __init__(
        self, problem: Problem, folder: Path, options: Options, watch: Watch | None
    ) -> None:
        self._problem = problem
        self._folder = folder
        self._options = options
        self._watch = watch
        self._began = time.monotonic()
        self._journal = Journal.opened(folder / JOURNAL)
        self._parameters = len(problem.parameters)
        least = sum(options.runs_of(k, self._parameters) for k in (Kind.FIRST, Kind.POSTERIOR))
        if options.evaluations < least:
            raise UserError(
                f"evaluations: found {options.evaluations:,} (expected at least {least:,}: "
                f"{options.runs_of(Kind.FIRST, self._parameters):,} of the first wave, and "
                f"{options.draws:,} draws from the posterior)"
            )

    def run(self) -> Report:
        """Run waves until enough is known."""
        self._agree_with_the_folder()
        there = self._complete_before()
        if there is not None:
            return self._report(COMPLETE, there["trouble"])
        self._write_manifest(RUNNING)
        crew = hire(
            self._options.workers,
            self._options.cluster,
            self._folder / HANDED_OVER,
            self._options.timeout,
        )
        status, trouble = STOPPED, ""
        try:
            learnt = self._run_waves(crew)
            status, trouble = COMPLETE, self._what_is_to_be_known(learnt)
        except _OutOfTimeError:
            trouble = f"{self._options.hours:g} hours are over"
        except KeyboardInterrupt:
            interruptions.hear()
            raise
        except OSError as error:
            raise UserError(
                f"{self._folder}: cannot be written: {error.strerror or error}"
            ) from None
        finally:
            crew.close()
            self._write_manifest(status, trouble)
        return self._report(status, trouble)

    def _run_waves(self, crew: Crew) -> Learnt:
        """Run waves, each after what was learnt from those before, and return what is known then."""
        for wave in self._journal.waves[:-1]:  # what was damaged since is made again
            self._evaluate(wave, crew)
            if wave.number not in self._journal.learnt:
                self._learn(wave)
        following: Wave | None = self._journal.waves[-1]
        while following is not None:
            wave = following
            self._evaluate(wave, crew)
            learnt = self._learn(wave)
            self._write_tables(wave, learnt)
            following = self._after(wave, learnt)
            if following is not None:
                self._journal.add_wave(following)
        return learnt

    def _agree_with_the_folder(self) -> None:
        """Begin a calibration, or go on with the one that the folder holds.

        Raises
        ------
        UserError
            If that is another one.
        """
        tell = self._watch.tell if self._watch is not None else lambda line: None
        agree_with(self._journal, self._identity(), tell)
        if not self._journal.waves:
            runs = self._options.runs_of(Kind.FIRST, self._parameters)
            self._journal.add_wave(
                first_wave(self._problem, runs, seed_of(self._options.seed, 0, DESIGN))
            )

    def _complete_before(self) -> dict[str, Any] | None:
        """The manifest, if the calibration is complete and all of its tables are whole."""
        try:
            manifest: dict[str, Any] = json.loads((self._folder / MANIFEST).read_bytes())
            marks = {self._folder / name: Mark(**mark) for name, mark in manifest["files"].items()}
            is_complete = (manifest["status"], manifest["allowed"]) == (
                COMPLETE,
                self._options.evaluations,
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        is_whole = not self._journal.damaged and len(marks) == len(TABLES)
        if is_complete and is_whole and not any(fault_of(p, [m]) for p, m in marks.items()):
            return manifest
        return None

    def _identity(self) -> dict[str, Any]:
        """What tells the calibration from all others, as JSON has it."""
        options = self._options
        return identity_of(
            WHAT,
            self._problem,
            options.seed,
            draws=options.draws,
            first_runs=options.runs_of(Kind.FIRST, self._parameters),
            more_runs=options.runs_of(Kind.SEARCH, self._parameters),
        )

    def _asked(self, wave: Wave) -> list[Asked]:
        """The runs of a wave."""
        first = sum(len(each.scores) for each in self._journal.waves[: wave.number])
        names = self._problem.parameter_names
        values = values_of(self._problem.parameters, wave.scores)
        return [
            Asked(
                number=first + place,
                scores=tuple(wave.scores[place].tolist()),
                values=dict(zip(names, values[place].tolist(), strict=True)),
                seed=seed_of_run(self._options.seed, first + place),
            )
            for place in range(len(wave.scores))
        ]

    def _ended(self, wave: Wave) -> list[Finished]:
        """Runs of a wave that have ended."""
        return ended_of(self._journal, self._asked(wave))

    def _evaluate(self, wave: Wave, crew: Crew) -> None:
        """Do the runs of a wave that have not ended yet."""
        asked = self._asked(wave)
        if len(self._ended(wave)) < len(asked) and self._watch is not None:
            self._watch.begin(wave, len(self._journal.runs), crew.name)

        def tick(ended: Collection[Finished]) -> None:
            if self._watch is not None:
                failed = sum(bool(run.error) for run in ended)
                self._watch.show(len(ended), failed, sum(run.seconds for run in ended))
            if len(ended) < len(asked):
                self._look_at_the_time()

        ended = evaluate_rest(
            crew, asked, self._problem, self._journal, tick=tick, timeout=self._options.timeout
        )
        refuse_failures(ended, f" of wave {wave.number}")

    def _look_at_the_time(self) -> None:
        hours = self._options.hours
        if hours is not None and time.monotonic() - self._began > 3600.0 * hours:
            raise _OutOfTimeError

    def _runs(self, last: Wave) -> Runs:
        """All runs up to those of a wave that have not failed."""
        names = self._problem.target_names
        good = [
            (wave.number, run)
            for wave in self._journal.waves[: last.number + 1]
            for run in sorted(self._ended(wave), key=lambda run: run.number)
            if not run.error
        ]
        figures = [[run.figures[name] for name in names] for _, run in good]
        return Runs(
            np.array([wave for wave, _ in good]),
            np.array([run.scores for _, run in good]),
            np.array([[each.value for each in row] for row in figures]),
            np.array([[each.monte_carlo_sd for each in row] for row in figures]),
        )

    def _left(self, wave: Wave) -> int:
        """Runs that the budget allows after a wave."""
        waves = self._journal.waves[: wave.number + 1]
        return self._options.evaluations - sum(len(each.scores) for each in waves)

    def _can_search_after(self, wave: Wave) -> bool:
        runs_of = self._options.runs_of
        needed = runs_of(Kind.SEARCH, self._parameters) + runs_of(Kind.POSTERIOR, self._parameters)
        return self._left(wave) >= needed

    def _learn(self, wave: Wave) -> Learnt:
        """Learn from all runs up to those of a wave."""
        if self._watch is not None:
            self._watch.learning(wave)
        learnt = learn(
            self._problem,
            wave,
            self._runs(wave),
            self._options.seed,
            is_last_search=not self._can_search_after(wave),
        )
        ended = self._ended(wave)
        row = {
            "wave": wave.number,
            "drawn_from": wave.kind.value,
            "evaluations": len(ended),
            "failed": sum(bool(run.error) for run in ended),
            **learnt.row,
            "seconds_of_runs": sum(run.seconds for run in ended),
        }
        self._journal.add_learnt(wave.number, {"wave": row, "targets": learnt.by_target})
        if self._watch is not None:
            self._watch.learnt(wave, row)
        return learnt

    def _after(self, wave: Wave, learnt: Learnt) -> Wave | None:
        """The wave that follows; None if enough is known, or the budget is used up."""
        if learnt.knows_enough or not self._can_search_after(wave):
            is_good = (
                learnt.weights is not None
                and learnt.row["effective_share"] >= LEAST_EFFECTIVE_SHARE
            )
            if is_good or self._left(wave) < self._options.draws:
                return None
            kind = Kind.POSTERIOR
        else:
            kind = Kind.SEARCH
        return next_wave(
            wave,
            learnt.known,
            learnt.drawn,
            self._options.runs_of(kind, self._parameters),
            kind,
            seed_of(self._options.seed, wave.number + 1, DESIGN),
        )

    def _what_is_to_be_known(self, learnt: Learnt) -> str:
        """What a person must know of a result that is complete."""
        share, r_hat = learnt.row["effective_share"], learnt.row["r_hat"]
        if r_hat > LARGEST_R_HAT:
            return f"the sample of the posterior has not converged: R-hat is {r_hat:.2f}"
        if not learnt.knows_enough:
            return (
                f"the emulators' variance is up to {learnt.row['emulator_share']:.2f} of that of a "
                "published figure; more evaluations would narrow the posterior"
            )
        if share < LEAST_EFFECTIVE_SHARE:
            return f"draws are worth {share:.0%} of their number; more evaluations would help"
        return ""

    def _write_tables(self, wave: Wave, learnt: Learnt) -> None:
        rows = [self._journal.learnt[number] for number in range(wave.number + 1)]
        asked = [(each.number, run) for each in self._journal.waves for run in self._asked(each)]
        for name, content in tables_of(
            self._problem, learnt, rows, asked, self._journal.runs, self._options.draws,
            self._options.seed,
        ):  # fmt: skip
            write_whole(table_path(self._folder, name), content)

    def _write_manifest(self, status: str, trouble: str = "") -> None:
        tables = sorted(self._folder.glob("*.parquet"))
        manifest = {
            "schema_version": SCHEMA_VERSION,
            "kind": "calibration",
            "status": status,
            "trouble": trouble,
            "allowed": self._options.evaluations,
            "evaluations": len(self._journal.runs),
            "failed": sum(bool(run.error) for run in self._journal.runs.values()),
            "waves": len(self._journal.waves),
            "process": os.getpid(),
            "software": software(),
            "calibration": self._journal.identity,
            "files": {path.name: mark_of(path.read_bytes())._asdict() for path in tables},
        }
        write_whole(self._folder / MANIFEST, manifest_bytes(manifest))

    def _report(self, status: str, trouble: str) -> Report:
        runs = self._journal.runs.values()
        learnt = self._journal.learnt
        return Report(
            status,
            self._folder,
            len(runs),
            sum(bool(run.error) for run in runs),
            trouble,
            [learnt[number]["wave"] for number in sorted(learnt)],
        )
