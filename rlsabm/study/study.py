"""A study: all units of a scenario, run with any crew, and written as one folder."""

from __future__ import annotations

import math
import platform
import shlex
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from rlsabm.declaring.bounds import number, refusal, text, whole_number, yes_or_no
from rlsabm.errors import UserError
from rlsabm.results.arrow import SCHEMA_VERSION, to_arrow
from rlsabm.results.files import MANIFEST, SCENARIO, table_bytes
from rlsabm.results.manifests import manifest_of
from rlsabm.results.tables import TABLES
from rlsabm.scenario import DEFAULT, ResolvedScenario
from rlsabm.setting import Setting
from rlsabm.study import interruptions
from rlsabm.study.assembling import runs_of
from rlsabm.study.checking import check_study, memory_of_unit, question_of, vocabulary_of
from rlsabm.study.cluster import DaskCluster
from rlsabm.study.crews import Crew, InThisProcess, LocalProcesses, Work, refuse_in_a_worker
from rlsabm.study.devices import CPU, checked_device, device_named
from rlsabm.study.engine import Engine
from rlsabm.study.folder import StudyFolder
from rlsabm.study.going_on import with_what_is_there
from rlsabm.study.inventory import Inventory, take_inventory
from rlsabm.study.job import Job, Outcome, do_job
from rlsabm.study.layout import HANDED_OVER
from rlsabm.study.ledger import FAILED, FINISHED, RUNNING, WAITING, Ledger, UnitEntry
from rlsabm.study.machine import (
    memory_bytes,
    package_hash,
    processors,
    resources_found,
    software,
    worker_name,
)
from rlsabm.study.merging import merge
from rlsabm.study.settings import (
    country_of,
    files_of_country,
    input_hash,
    read_scenario,
)
from rlsabm.study.turns import Turn
from rlsabm.study.units import Place, Unit, units_of

#: What a manifest says of a study that is not running.
STOPPED, INCOMPLETE, COMPLETE = "stopped", "incomplete", "complete"
#: The ledger and the tables are brought up to date so often (seconds).
LEDGER_SECONDS, TABLES_SECONDS = 2.0, 60.0
#: Share of the memory that units of a study may take.
MEMORY_SHARE = 0.8
#: Units that share a GPU: while one bears children here, the people of another live there.
UNITS_PER_GPU = 2


class Watch(Protocol):
    """Who is told how a study goes (`rlsabm.study.progress.StudyProgress`)."""

    def begin(self, study: ResolvedScenario, ledger: Ledger, crew: str) -> None:
        """Hear that the units begin to be run."""

    def show(
        self, ledger: Ledger, person_months: float, work: float, *, compiling: bool = False
    ) -> None:
        """Hear, several times a second, what is done, and what of the units under way."""

    def tell(self, line: str) -> None:
        """Hear what a person must know."""


@dataclass(frozen=True)
class Options:
    """How a study is run; nothing of it changes a number.

    Attributes
    ----------
    workers
        Processors of this machine to use; all by default.
    cluster
        Address of a Dask scheduler, or ``local``; none by default.
    timeout
        Seconds after which a unit is given up and tried again; never by default.
    replace
        Whether what the folder holds is removed first.
    add_replicates
        Replicates to run beyond those that the folder has.
    device
        Where people live: processors (``cpu``) or a GPU (``gpu``).
    allow_different_bits
        Whether a GPU may give other numbers than a processor.
    work
        What workers do with a job.
    """

    workers: int | None = None
    cluster: str | None = None
    timeout: float | None = None
    replace: bool = False
    add_replicates: int = 0
    device: str = CPU
    allow_different_bits: bool = False
    work: Work = do_job

    def __post_init__(self) -> None:
        """Refuse what cannot be, and keep plain values of the others (``UserError``)."""
        if self.workers is not None:
            object.__setattr__(self, "workers", whole_number("workers", self.workers, 1, 1024))
        if self.cluster is not None:
            expected = "the address of a Dask scheduler, its file, or local"
            object.__setattr__(self, "cluster", text("cluster", self.cluster, expected))
        if self.timeout is not None:
            seconds = number("timeout", self.timeout, 0.001, math.inf, "seconds")
            object.__setattr__(self, "timeout", seconds)
        replicates = whole_number("add_replicates", self.add_replicates, 0, 100_000)
        object.__setattr__(self, "add_replicates", replicates)
        object.__setattr__(self, "replace", yes_or_no("replace", self.replace))
        allowed = yes_or_no("allow_different_bits", self.allow_different_bits)
        object.__setattr__(self, "allow_different_bits", allowed)
        if checked_device(self.device) != CPU and self.cluster is None:
            device_named(self.device)
        if not callable(self.work):
            raise refusal("work", self.work, "a function of a job")


@dataclass
class Report:
    """How a study ended.

    Attributes
    ----------
    status
        As in the manifest.
    study
        What was run: draws and replicates may be more than the scenario asks for.
    ledger
        All units.
    found
        Units that had finished before.
    trouble
        What went wrong beside failed units, such as tables that could not be written; else empty.
    manifest
        The manifest.
    faults
        What was wrong with files that were there before and could not be used, by name.
    """

    status: str
    study: ResolvedScenario
    ledger: Ledger
    found: int = 0
    trouble: str = ""
    manifest: dict[str, Any] = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)


def run_study(
    study: ResolvedScenario,
    path: str | Path,
    options: Options | None = None,
    *,
    watch: Watch | None = None,
) -> Report:
    """Run all units of a study that have not finished yet, and write its tables.

    Parameters
    ----------
    study
        The resolved scenario.
    path
        Folder of the study. If it holds the same study, that goes on.
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
        If something given is of another kind, the scenario asks for what cannot be, the folder cannot
        take the study, another process holds it, or there is no such cluster.
    KeyboardInterrupt
        If it was interrupted; what had finished is kept, and in the tables.
    """
    refuse_in_a_worker("study")
    if not isinstance(study, ResolvedScenario):
        raise refusal("study", study, "what read_scenario returns")
    if not isinstance(path, Path):
        path = Path(text("path", path, "the path of a folder"))
    options = Options() if options is None else options
    if not isinstance(options, Options):
        raise refusal("options", options, "Options")
    folder = StudyFolder(path)
    with interruptions.listened():
        settings = check_study(study)
        folder.check(replace=options.replace)
        with folder.lock.held():
            folder.check(replace=options.replace)
            study, before = with_what_is_there(
                study, path, add_replicates=options.add_replicates, replace=options.replace
            )
            try:
                return _Running(study, folder, settings, options, before, watch).run()
            finally:
                folder.close()


class _Running:
    """A study while it is being run."""

    def __init__(
        self,
        study: ResolvedScenario,
        folder: StudyFolder,
        settings: list[Setting],
        options: Options,
        before: dict[str, Any],
        watch: Watch | None,
    ) -> None:
        self._study = study
        self._folder = folder
        self._vocabulary = vocabulary_of(study, settings)
        self._memory = memory_of_unit(study, settings)
        self._options = options
        self._before = before
        self._inputs = input_hash(study)
        self._watch = watch
        self._question = question_of(study, self._vocabulary)
        self._country = country_of(study)
        self._crew: Crew | None = None
        self._started = datetime.now(UTC)
        self._began = time.monotonic()
        self._telling = Turn(0.0)
        self._writing = Turn(LEDGER_SECONDS)
        self._merging = Turn(TABLES_SECONDS)
        self._written: list[tuple[str, int, bool]] = []
        self._rows: dict[str, int] = dict(before.get("rows", {}))
        self.ledger = Ledger(units_of(study))
        self._inventory = self._recall()
        self._found = len(self.ledger.having(FINISHED))
        self._lived_before = int(self.ledger.total("person_months"))

    def _recall(self) -> Inventory:
        """Take over what the folder has whole."""
        if not self._before:
            return Inventory()
        inventory = take_inventory(self._folder, self._before, self._study)
        self.ledger.recall(inventory.rows, inventory.records, inventory.merged)
        return inventory

    def run(self) -> Report:
        """Run what is to be run, and write what was found."""
        waiting = [unit for unit in self.ledger.units if self.ledger[unit].status != FINISHED]
        if self._inventory.faults:
            self._tell_faults(waiting)
        elif not waiting and not self._folder.kept() and self._before["status"] == COMPLETE:
            self._folder.forget_units()
            return Report(COMPLETE, self._study, self.ledger, self._found, manifest=self._before)
        interruptions.look()
        self._crew = self._hire(len(waiting))
        try:
            self._begin()
        except BaseException as error:
            self._crew.close()
            if not isinstance(error, OSError):
                raise
            raise UserError(
                f"{self._folder.path}: cannot be written: {error.strerror or error}"
            ) from None
        interrupted: KeyboardInterrupt | None = None
        trouble = ""
        try:
            self._run(waiting)
        except KeyboardInterrupt as error:
            interruptions.hear()
            interrupted = error
        except UserError as error:
            trouble = str(error)
        for unit in self.ledger.having(RUNNING):  # what was under way when it was stopped
            self.ledger[unit].status = WAITING
        merged = True
        try:
            with interruptions.let_in():
                self._merge()
        except KeyboardInterrupt as error:  # units are kept, to be merged another time
            interruptions.hear()
            interrupted, merged = error, False
        except OSError as error:
            trouble = trouble or f"the tables cannot be written: {error.strerror or error}"
        except UserError as error:
            trouble = trouble or str(error)
        left = len(self.ledger.units) - len(self.ledger.having(FINISHED))
        failed = len(self.ledger.having(FAILED))
        stopped = left > failed or not merged
        status = STOPPED if stopped else INCOMPLETE if failed or trouble else COMPLETE
        report = self._end(status, trouble)
        if report.status == COMPLETE:
            self._folder.forget_units()
        if interrupted is not None:
            raise interrupted
        return report

    def _begin(self) -> None:
        """Write down that the study is being run.

        Raises
        ------
        OSError
            If the folder cannot be written.
        """
        if not self._before:
            self._folder.clear()
        self._folder.reserve()
        # Before the manifest, which is not enough to go on with a country of the user's.
        self._folder.keep_country(files_of_country(self._study))
        self._folder.write_manifest(self._manifest(RUNNING))
        self._folder.prepare()
        self._folder.write(SCENARIO, self._study.to_yaml().encode(errors="replace"))
        self._write_ledger()

    def _agree_with_the_folder(self) -> Collection[Place]:
        """A unit has finished if its results are there, whatever was interrupted meanwhile.

        The units that are kept whole are returned.
        """
        records, faults = self._folder.records()
        for unit in self.ledger.units:
            entry = self.ledger[unit]
            if unit.place in records:
                if entry.status != FINISHED:
                    self.ledger[unit] = UnitEntry(**records[unit.place])
            elif entry.status == FINISHED and not entry.merged:
                fault = faults.get(unit.name)
                why = f"{fault.file} {fault.fault}" if fault else "have gone from the folder"
                self.ledger[unit] = UnitEntry(error=f"its results cannot be used: {why}")
        return records.keys()

    def _tell_faults(self, waiting: Sequence[Unit]) -> None:
        """Tell in a line what was damaged, and what that costs."""
        cost = "It is made again from the other files."
        if waiting:
            cost = (
                f"What cannot be used is run again: {len(waiting)} of {len(self.ledger.units)} runs "
                "are to be run."
            )
        if self._watch is not None:
            self._watch.tell(f"{self._folder.path}: {self._inventory.faults_in_words()}. {cost}")

    def _run(self, units: list[Unit]) -> None:
        """Run units until each is finished or failed."""
        assert self._crew is not None
        if self._watch is not None and units:
            self._watch.begin(self._study, self.ledger, self._crew.name)
        engine = Engine(
            self._crew,
            self.ledger,
            self._job,
            self._keep,
            tick=self._tick,
            processors=1 if self._options.cluster is not None else self._workers,
            timeout=self._options.timeout,
        )
        try:
            engine.run(units)
        finally:
            self._crew.close()
            self._tell()

    def _keep(self, unit: Unit, outcome: Outcome) -> None:
        self._folder.keep(unit, outcome.files, self.ledger[unit])

    @property
    def _workers(self) -> int:
        return self._options.workers or processors()

    def _hire(self, units: int) -> Crew:
        options = self._options
        room = int(MEMORY_SHARE * memory_bytes() / self._memory)
        places = max(1, min(self._workers, units, room))
        if options.device != CPU and options.cluster is None:
            places = min(places, UNITS_PER_GPU)
        if options.cluster is not None:
            return DaskCluster(options.cluster, places, options.work)
        if places == 1:
            return InThisProcess(options.work, tick=self._tick, timeout=options.timeout)
        return LocalProcesses(places, self._folder.path / HANDED_OVER, options.work)

    def _job(self, unit: Unit, threads: int) -> Job:
        return Job(
            unit=unit,
            arm=self._study.arms[unit.arm],
            country=self._country,
            question=self._question,
            threads=threads,
            package=package_hash(),
            device=self._options.device,
            allow_different_bits=self._options.allow_different_bits,
        )

    def _tick(self) -> None:
        """Tell how far the study is, and from time to time write it down."""
        if self._telling.has_come():
            with self._telling.taken():
                self._tell()
        if not self._writing.has_come():
            return
        try:
            with self._writing.taken():
                is_new = self._write_what_is_new()
            if is_new and self._merging.has_come():
                self._merge()
        except (OSError, UserError):
            pass  # a full disk shows in the units that cannot be kept, and at the end

    def _write_what_is_new(self) -> bool:
        """Write the ledger if it has changed; whether units have finished."""
        entries = [self.ledger[unit] for unit in self.ledger.units]
        standing = [(entry.status, entry.attempts, entry.merged) for entry in entries]
        if standing != self._written:
            self._write_ledger()
            self._written = standing
        return sum(entry.status == FINISHED for entry in entries) > self._found

    def _tell(self) -> None:
        if self._watch is not None and self._crew is not None:
            crew = self._crew
            self._watch.show(self.ledger, *crew.under_way(), compiling=crew.is_compiling())

    def _merge(self) -> None:
        with self._merging.taken():
            kept = self._agree_with_the_folder()
            runs = {
                run: units
                for run, units in runs_of(self.ledger.units).items()
                if all(self.ledger[unit].status == FINISHED for unit in units)
                # Of a run that the tables hold, a line list may be missing.
                or any(self.ledger[unit].merged for unit in units)
            }
            self._rows |= merge(self._folder, self._vocabulary, runs, kept)
            for unit in self.ledger.having(FINISHED):
                self.ledger[unit].merged = unit.run in runs

    def _write_ledger(self) -> None:
        table = to_arrow(TABLES["runs"], self.ledger.contents(), self._vocabulary)
        self._folder.write("runs.parquet", table_bytes(table))

    def _end(self, status: str, trouble: str = "") -> Report:
        manifest = self._manifest(status, trouble)
        try:
            if not (self._folder.path / SCENARIO).exists():
                self._folder.write(SCENARIO, self._study.to_yaml().encode(errors="replace"))
            self._write_ledger()
            self._folder.write_manifest(manifest)
        except OSError as error:
            trouble = trouble or f"the ledger cannot be written: {error.strerror or error}"
            status = INCOMPLETE if status == COMPLETE else status
        faults = self._inventory.faults
        return Report(status, self._study, self.ledger, self._found, trouble, manifest, faults)

    def _manifest(self, status: str, trouble: str = "") -> dict[str, Any]:
        study, runs = self._study, self._study.scenario.runs
        now = datetime.now(UTC)
        finished = len(self.ledger.having(FINISHED))
        history = list(self._before.get("history", []))
        if finished > self._found or status == RUNNING or not history:
            history.append(
                {
                    "command": shlex.join(["rlsabm", *sys.argv[1:]]),
                    "worker": worker_name(),
                    "crew": self._crew.name if self._crew else "",
                    "started": self._started.isoformat(timespec="seconds"),
                    "ended": "" if status == RUNNING else now.isoformat(timespec="seconds"),
                    "seconds": round(time.monotonic() - self._began, 3),
                    "units_finished": finished - self._found,
                    "person_months": int(self.ledger.total("person_months")) - self._lived_before,
                }
            )
        return {
            "schema_version": SCHEMA_VERSION,
            "name": study.name,
            "title": study.scenario.title,
            "status": status,
            "scenario_hash": study.content_hash(),
            "input_hash": self._inputs,
            "runs": {"draws": runs.draws, "replicates": runs.replicates},
            "units": {
                "total": len(self.ledger.units),
                "finished": finished,
                "failed": len(self.ledger.having(FAILED)),
            },
            "seeds": {"root": str(runs.seed)},
            "software": software(),
            "environment": {
                "platform": platform.platform(),
                **resources_found(),
            },
            "resources": {
                "seconds": round(sum(part["seconds"] for part in history), 3),
                "seconds_of_units": round(self.ledger.total("seconds"), 3),
                "person_months": int(self.ledger.total("person_months")),
            },
            "rows": self._rows,
            "files": {},  # the folder knows
            "trouble": trouble,
            "history": history,
            "scenario": study.as_mapping(),
            "layers": {key: layer for key, layer in study.layers.items() if layer != DEFAULT},
        }


def study_in(path: Path) -> ResolvedScenario:
    """The study whose folder this is, as its manifest records it.

    Raises
    ------
    UserError
        If the folder holds no study.
    """
    manifest_of(path)
    return read_scenario(path / MANIFEST, [])
