"""A study: all units of a scenario, run with any crew, and written as one folder."""

from __future__ import annotations

import os
import platform
import shlex
import sys
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

from rlsabm.errors import UserError
from rlsabm.results.arrow import SCHEMA_VERSION, to_arrow
from rlsabm.results.files import MANIFEST, SCENARIO, read_manifest, table_bytes
from rlsabm.results.sources import manifest_of
from rlsabm.results.tables import TABLES
from rlsabm.scenario import DEFAULT, ResolvedScenario
from rlsabm.setting import Setting
from rlsabm.study.checking import check_study, memory_of_unit, question_of, vocabulary_of
from rlsabm.study.cluster import DaskCluster
from rlsabm.study.crews import Crew, InThisProcess, LocalProcesses, Work
from rlsabm.study.engine import Engine
from rlsabm.study.folder import HANDED_OVER, StudyFolder
from rlsabm.study.job import Job, Outcome, do_job
from rlsabm.study.ledger import FAILED, FINISHED, RUNNING, WAITING, Ledger, UnitEntry
from rlsabm.study.machine import memory_bytes, package_hash, processors, software, worker_name
from rlsabm.study.merging import merge, runs_in
from rlsabm.study.settings import country_of, files_of_country, read_scenario
from rlsabm.study.units import Unit, units_of

#: What a manifest says of a study that is not running.
STOPPED, INCOMPLETE, COMPLETE = "stopped", "incomplete", "complete"
#: Seconds between two looks at the files of a study that is being run.
LEDGER_SECONDS = 2.0
#: Tables are brought up to date so often (seconds), and never for more than this share of the time.
TABLES_SECONDS, TABLES_SHARE = 60.0, 0.05
#: Share of the memory that units of a study may take.
MEMORY_SHARE = 0.8


class Watch(Protocol):
    """Who is told how a study goes (`rlsabm.study.progress.StudyProgress`)."""

    def begin(self, study: ResolvedScenario, ledger: Ledger, crew: str) -> None:
        """Hear that the units begin to be run."""

    def show(self, ledger: Ledger, person_months: float, work: float) -> None:
        """Hear, several times a second, what is done, and what of the units under way."""


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
    work
        What workers do with a job.
    """

    workers: int | None = None
    cluster: str | None = None
    timeout: float | None = None
    replace: bool = False
    add_replicates: int = 0
    work: Work = do_job


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
    """

    status: str
    study: ResolvedScenario
    ledger: Ledger
    found: int = 0
    trouble: str = ""
    manifest: dict[str, Any] = field(default_factory=dict)


def run_study(
    study: ResolvedScenario,
    path: Path,
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
        If the scenario asks for what cannot be, the folder cannot take the study, another process
        holds it, or there is no such cluster.
    KeyboardInterrupt
        If it was interrupted; what had finished is kept, and in the tables.
    """
    options = options or Options()
    settings = check_study(study)
    folder = StudyFolder(path)
    folder.check()
    with folder.held():
        folder.check()
        study, before = _with_what_is_there(study, folder, options)
        try:
            return _Running(study, folder, settings, options, before, watch).run()
        finally:
            folder.close()


def input_hash(study: ResolvedScenario) -> str:
    """Hash of all that a unit's results depend on, but the package."""
    digest = sha256(study.identity_hash().encode())
    digest.update(country_of(study).fingerprint.encode())
    return digest.hexdigest()


def _with_what_is_there(
    study: ResolvedScenario, folder: StudyFolder, options: Options
) -> tuple[ResolvedScenario, dict[str, Any]]:
    """The study with the draws and replicates that its folder has, and the manifest there.

    That is empty if there is none, or if what is there is to be replaced.

    Raises
    ------
    UserError
        If the folder holds another study that is not to be replaced.
    """
    before = read_manifest(folder.path) or {}
    place = folder.path
    if options.add_replicates and (options.replace or not before):
        what = "is to be replaced" if before else "holds no study"
        raise UserError(f"{place}: {what}, so that there are no replicates to add to")
    if options.replace or not before:
        return study, {}
    if before["input_hash"] != input_hash(study):
        other = before.get("name", "?")
        what = f"the study {other!r}" if other != study.name else "this study with other settings"
        raise UserError(f"{place}: holds {what}; choose another folder with --out, or --replace it")
    if before.get("software", {}).get("package_hash") != package_hash():
        raise UserError(
            f"{place}: holds this study as another version of rlsabm ran it; --replace runs it "
            "again, or choose another folder with --out"
        )
    runs, there = study.scenario.runs, before["runs"]
    return (
        study.with_runs(
            max(runs.draws, there["draws"]),
            max(runs.replicates, there["replicates"]) + options.add_replicates,
        ),
        before,
    )


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
        self._watch = watch
        self._question = question_of(study, self._vocabulary)
        self._country = country_of(study)
        self._crew: Crew | None = None
        self._started = datetime.now(UTC)
        self._began = self._looked = self._merged = time.monotonic()
        self._cost_of_merging = 0.0
        self._written: list[tuple[str, int]] = []
        self._rows: dict[str, int] = dict(before.get("rows", {}))
        self.ledger = self._recalled()
        self._found = len(self.ledger.having(FINISHED))
        self._lived_before = int(self.ledger.total("person_months"))

    def _recalled(self) -> Ledger:
        """The ledger as the folder has it."""
        ledger = Ledger(units_of(self._study))
        if not self._before:
            return ledger
        records = {name: self._folder.record_of(name) for name in self._folder.kept()}
        merged = runs_in(self._folder, self._vocabulary)
        table = self._folder.read("runs")
        ledger.recall(None if table is None else table.to_pandas(), records, merged)
        return ledger

    def run(self) -> Report:
        """Run what is to be run, and write what was found."""
        waiting = [unit for unit in self.ledger.units if self.ledger[unit].status != FINISHED]
        if not waiting and not self._folder.kept() and self._before["status"] == COMPLETE:
            self._folder.forget_units()
            return Report(COMPLETE, self._study, self.ledger, self._found, "", self._before)
        self._crew = self._hire(len(waiting))
        try:
            if not self._before:
                self._folder.clear()
            self._folder.reserve()
            # Before the manifest, which is not enough to go on with a country of the user's.
            self._folder.keep_country(files_of_country(self._study))
            self._folder.write_manifest(self._manifest(RUNNING))
            self._folder.prepare()
            self._folder.write(SCENARIO, self._study.to_yaml().encode())
            self._write_ledger()
        except OSError as error:
            self._crew.close()
            raise UserError(
                f"{self._folder.path}: cannot be written: {error.strerror or error}"
            ) from None
        interrupted: KeyboardInterrupt | None = None
        trouble = ""
        try:
            self._run(waiting)
        except KeyboardInterrupt as error:
            interrupted = error
        except UserError as error:
            trouble = str(error)
        for unit in self.ledger.having(RUNNING):  # what was under way when it was stopped
            self.ledger[unit].status = WAITING
        self._agree_with_the_folder()
        left = len(self.ledger.units) - len(self.ledger.having(FINISHED))
        failed = len(self.ledger.having(FAILED))
        try:
            self._merge()
        except OSError as error:
            trouble = trouble or f"the tables cannot be written: {error.strerror or error}"
        status = STOPPED if left > failed else INCOMPLETE if failed or trouble else COMPLETE
        report = self._end(status, trouble)
        if report.status == COMPLETE:
            self._folder.forget_units()
        if interrupted is not None:
            raise interrupted
        return report

    def _agree_with_the_folder(self) -> None:
        """A unit has finished if its results are there, whatever was interrupted meanwhile."""
        kept, merged = self._folder.kept(), runs_in(self._folder, self._vocabulary)
        for unit in self.ledger.units:
            finished = self.ledger[unit].status == FINISHED
            if unit.name in kept and not finished:
                self.ledger[unit] = UnitEntry(**self._folder.record_of(unit.name))
            elif finished and unit.name not in kept and unit.run not in merged:
                self.ledger[unit] = UnitEntry(error="its results have gone from the folder")

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
        self._folder.keep(unit, outcome.files, asdict(self.ledger[unit]))

    @property
    def _workers(self) -> int:
        return self._options.workers or processors()

    def _hire(self, units: int) -> Crew:
        options = self._options
        room = int(MEMORY_SHARE * memory_bytes() / self._memory)
        places = max(1, min(self._workers, units, room))
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
        )

    def _tick(self) -> None:
        """Tell how far the study is, and from time to time write it down."""
        self._tell()
        now = time.monotonic()
        if now - self._looked < LEDGER_SECONDS:
            return
        self._looked = now
        entries = [self.ledger[unit] for unit in self.ledger.units]
        standing = [(entry.status, entry.attempts) for entry in entries]
        finished = sum(entry.status == FINISHED for entry in entries)
        try:
            if standing != self._written:
                self._write_ledger()
                self._written = standing
            due = max(TABLES_SECONDS, self._cost_of_merging / TABLES_SHARE)
            if now - self._merged > due and finished > self._found:
                self._merge()
        except OSError:
            pass  # a full disk shows in the units that cannot be kept, and at the end

    def _tell(self) -> None:
        if self._watch is not None and self._crew is not None:
            self._watch.show(self.ledger, *self._crew.under_way())

    def _merge(self) -> None:
        began = time.monotonic()
        finished = set(self.ledger.having(FINISHED))
        rows = merge(self._folder, self._vocabulary, self.ledger.units, finished)
        self._rows |= rows
        self._merged = time.monotonic()
        self._cost_of_merging = self._merged - began

    def _write_ledger(self) -> None:
        table = to_arrow(TABLES["runs"], self.ledger.contents(), self._vocabulary)
        self._folder.write("runs.parquet", table_bytes(table))

    def _end(self, status: str, trouble: str = "") -> Report:
        manifest = self._manifest(status, trouble)
        try:
            if not (self._folder.path / SCENARIO).exists():
                self._folder.write(SCENARIO, self._study.to_yaml().encode())
            self._write_ledger()
            self._folder.write_manifest(manifest)
        except OSError as error:
            trouble = trouble or f"the ledger cannot be written: {error.strerror or error}"
            status = INCOMPLETE if status == COMPLETE else status
        return Report(status, self._study, self.ledger, self._found, trouble, manifest)

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
            "input_hash": input_hash(study),
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
                "processors": os.cpu_count(),
            },
            "resources": {
                "seconds": round(sum(part["seconds"] for part in history), 3),
                "seconds_of_units": round(self.ledger.total("seconds"), 3),
                "person_months": int(self.ledger.total("person_months")),
            },
            "rows": self._rows,
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
