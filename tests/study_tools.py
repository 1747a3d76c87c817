"""Tools for tests of how studies are run: small studies, ways to work, processes, comparison."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from conftest import CHECKOUT, Outcome, environment, shared

from rlsabm.results.arrow import SCHEMA_VERSION
from rlsabm.results.files import manifest_bytes, mark_of
from rlsabm.scenario import ResolvedScenario
from rlsabm.scenario.resolved import content_hash_of
from rlsabm.study import job as job_module
from rlsabm.study.folder import StudyFolder
from rlsabm.study.job import Job
from rlsabm.study.settings import read_scenario
from rlsabm.study.study import Options, run_study

#: Longest that anything awaited may take (seconds).
PATIENCE = 120.0
#: Columns of the ledger that tell of time and chance, not of what was found.
OF_TIME = ("seconds", "started", "attempts", "worker", "error")
#: Conditions that would only make tables long.
WITHOUT = "\n".join(
    f"  {name}.enabled: false"
    for name in (
        "regular_nsaid_or_aspirin_use", "other_gastrointestinal_bleeding", "helicobacter_pylori",
        "inflammatory_bowel_disease", "bariatric_surgery", "vegetarian_diet", "heart_failure",
        "chronic_kidney_disease", "rheumatoid_arthritis", "multiple_sclerosis",
        "parkinsons_disease", "dialysis",
    )
)  # fmt: skip
#: Two arms, several draws, replicates and blocks, line lists and other worlds.
SMALL = f"""\
title: A small study
population: {{size: 300, block_size: 150, founders_years_before: 110}}
observe: {{years: [2019], by: [sex], persons: 1.0, events: true}}
shifts: {{conditions: [obesity], postulates: true}}
conditions:
{WITHOUT}
arms:
  no donation: {{conditions.blood_donation.enabled: false}}
runs: {{draws: 2, replicates: 2, seed: 5}}
"""
#: What the small study is made of, and what of it is known beforehand.
UNITS, MOST_DRAWS, MOST_REPLICATES = 16, 3, 2


# Ways to work -------------------------------------------------------------------------------------


def recorded(store: Path, job: Job, progress: Any = None) -> job_module.Outcome:
    """Run a unit, and keep what it found for `canned`."""
    outcome = job_module.do_job(job)
    (store / job.unit.name).write_bytes(pickle.dumps(outcome))
    return outcome


def canned(store: Path, job: Job, progress: Any = None) -> job_module.Outcome:
    """What `recorded` found, at once."""
    found = pickle.loads((store / job.unit.name).read_bytes())
    assert isinstance(found, job_module.Outcome)
    return found


def begun(notes: Path, job: Job) -> int:
    """Note that a unit is begun; how often it has been, this time included."""
    with (notes / job.unit.name).open("a") as file:
        file.write(f"{os.getpid()}\n")
    return times_begun(notes, job.unit.name)


def times_begun(notes: Path, unit: str) -> int:
    """How often a unit was begun."""
    note = notes / unit
    return len(note.read_text().splitlines()) if note.exists() else 0


# Studies ------------------------------------------------------------------------------------------


def resolved(folder: Path, text: str = SMALL, *settings: str) -> ResolvedScenario:
    """A scenario, resolved from a file in this folder."""
    path = folder / "small.yaml"
    path.write_text(text, encoding="utf-8")
    return read_scenario(path, list(settings))


@cache
def store() -> Path:
    """What the units of the small study find, for up to ``MOST_DRAWS`` draws."""
    return shared("store", _fill_store) / "store"


def _fill_store(folder: Path) -> None:
    (folder / "store").mkdir()
    study = resolved(folder, SMALL, f"runs.draws={MOST_DRAWS}")
    work = partial(recorded, folder / "store")
    report = run_study(study, folder / "study", Options(workers=1, work=work))
    assert report.status == "complete"


@cache
def killed() -> Path:
    """A killed study: replicate 0 is in the tables alone, five units of replicate 1 are kept."""
    return shared("killed", _kill) / "study"


def _kill(folder: Path) -> None:
    out = folder / "run"
    at_once(folder, out, "runs.replicates=1")
    patch = pytest.MonkeyPatch()
    keep = StudyFolder.keep

    def keep_and_copy(study: StudyFolder, *arguments: Any) -> None:
        keep(study, *arguments)
        if len(study.kept()) == 5:
            patch.undo()
            shutil.copytree(out, folder / "study", ignore=shutil.ignore_patterns(".lock"))

    patch.setattr(StudyFolder, "keep", keep_and_copy)
    at_once(folder, out)


@cache
def reference() -> Path:
    """The small study, never interrupted."""
    return shared("reference", _run_reference) / "study"


def _run_reference(folder: Path) -> None:
    at_once(folder, folder / "study")


def at_once(folder: Path, out: Path, *settings: str, **options: Any) -> Any:
    """Run the small study from what its units are known to find."""
    study = resolved(folder, SMALL, *settings)
    options = {"workers": 1, "work": partial(canned, store()), **options}
    return run_study(study, out, Options(**options))


def ledger(folder: Path) -> pd.DataFrame:
    """The ledger, one row a unit, by the name of its files."""
    runs = pd.read_parquet(folder / "runs.parquet")
    arms = list(runs["arm"].cat.categories)
    runs.index = pd.Index(
        [
            f"draw-{row.draw:05d}-replicate-{row.replicate:05d}-arm-{arms.index(row.arm):02d}"
            f"-block-{row.block:05d}"
            for row in runs.itertuples()
        ]
    )
    return runs


def manifest(folder: Path) -> dict[str, Any]:
    """The manifest."""
    content: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return content


def tables(folder: Path) -> dict[str, bytes]:
    """Every Parquet file below a folder, but the ledger, with its bytes."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*.parquet")
        if path.name != "runs.parquet"
    }


def made_manifest(
    folder: Path, *, title: str, population: dict[str, Any], years: list[int], seed: int
) -> str:
    """Manifest of a finished study whose tables were made by hand."""
    runs = {"draws": 1, "replicates": 1, "seed": seed}
    scenario = {"title": title, "population": population, "observe": {"years": years}, "runs": runs}
    scenario |= {"conditions": {}, "arms": {}}
    marks = {path.name: mark_of(path.read_bytes())._asdict() for path in folder.iterdir()}
    return json.dumps(
        {
            "schema_version": SCHEMA_VERSION,
            "name": folder.name,
            "title": title,
            "status": "complete",
            "scenario_hash": content_hash_of(scenario),
            "input_hash": "0",
            "runs": {"draws": 1, "replicates": 1},
            "units": {"total": 1, "finished": 1, "failed": 0},
            "seeds": {"root": str(seed)},
            "software": {"rlsabm": "0", "package_hash": "0"},
            "environment": {},
            "resources": {"seconds": 1.0, "seconds_of_units": 1.0, "person_months": 1},
            "rows": {},
            "files": marks,
            "trouble": "",
            "history": [],
            "scenario": scenario,
            "layers": {},
        }
    )


def as_if_written(folder: Path, **values: Any) -> None:
    """Make the manifest and the ledger of a study take its files as they are, and say these values."""
    runs = pd.read_parquet(folder / "runs.parquet")
    runs["line_lists"] = [
        json.dumps(
            {name: mark_of((folder / name).read_bytes()) for name in json.loads(listed or "{}")}
        )
        for listed in runs["line_lists"]
    ]
    runs.to_parquet(folder / "runs.parquet")
    content = {**manifest(folder), **values}
    content["files"] = {
        path.name: mark_of(path.read_bytes())._asdict()
        for path in folder.iterdir()
        if path.is_file() and path.name != "manifest.json"
    }
    (folder / "manifest.json").write_bytes(manifest_bytes(content))


def same_study(folder: Path, wanted: Path) -> None:
    """Two finished studies have the same tables, to the byte, and nothing is left beside them."""
    mine, other = tables(folder), tables(wanted)
    assert sorted(mine) == sorted(other), f"other tables: {sorted(set(mine) ^ set(other))}"
    different = [name for name in mine if mine[name] != other[name]]
    for name in different:
        pd.testing.assert_frame_equal(
            pd.read_parquet(folder / name), pd.read_parquet(wanted / name), check_exact=True
        )
    assert different == [], f"other bytes, but the same content: {different}"
    one, two = (ledger(each).drop(columns=list(OF_TIME)) for each in (folder, wanted))
    assert set(one["status"]) == {"finished"}, f"in the ledger: {set(one['status'])}"
    pd.testing.assert_frame_equal(one, two, check_exact=True)
    left, right = ({path.name for path in each.iterdir()} for each in (folder, wanted))
    assert left == right, f"other files: {left ^ right}"
    first, second = manifest(folder), manifest(wanted)
    assert first["status"] == "complete", f"in the manifest: {first['status']}"
    for key in ("status", "units", "runs", "seeds", "rows", "input_hash", "scenario_hash"):
        assert first[key] == second[key], f"{key}: {first[key]} instead of {second[key]}"
    months = [each["resources"]["person_months"] for each in (first, second)]
    assert months[0] == months[1], f"{months[0]} person-months instead of {months[1]}"


# Processes ----------------------------------------------------------------------------------------


class Process:
    """A command that runs in a session of its own; ``end`` makes sure that nothing of it is left."""

    def __init__(
        self,
        *words: str,
        folder: Path,
        program: tuple[str, ...] = ("-m", "rlsabm"),
        **variables: str,
    ) -> None:
        self._written = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        self._complained = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        paths = [environment()["PYTHONPATH"], str(CHECKOUT / "tests")]
        self._process = subprocess.Popen(
            [sys.executable, *program, *words],
            cwd=folder,
            env={**environment(), "PYTHONPATH": os.pathsep.join(paths), **variables},
            stdin=subprocess.DEVNULL,
            stdout=self._written,
            stderr=self._complained,
            start_new_session=True,
        )
        self.pid = self._process.pid

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def is_running(self) -> bool:
        return self._process.poll() is None

    def signal(self, number: int) -> None:
        """Send a signal to the process alone."""
        self._process.send_signal(number)

    def signal_all(self, number: int) -> None:
        """Send a signal to it and all its children, as a terminal does."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def wait(self) -> Outcome:
        """Wait for its end, which may be long in coming."""
        code = self._process.wait(timeout=3 * PATIENCE)
        return Outcome(code, *self.output())

    def output(self) -> tuple[str, str]:
        """What it has printed on standard output and error so far."""
        return _text(self._written), _text(self._complained)

    def kill(self) -> None:
        """Kill it, without a chance to tidy up."""
        self.signal(signal.SIGKILL)
        self._process.wait(timeout=PATIENCE)

    def family(self) -> list[int]:
        """Processes of its session that live, itself excluded; also when it is gone itself."""
        import psutil

        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, ProcessLookupError, PermissionError):
                if (
                    process.pid != self.pid
                    and os.getsid(process.pid) == self.pid
                    and process.status() != psutil.STATUS_ZOMBIE
                ):
                    found.append(process.pid)
        return sorted(found)

    def workers(self) -> list[int]:
        """Those of its family that work: not those that only watch others."""
        import psutil

        found = []
        for pid in self.family():
            with contextlib.suppress(psutil.Error):
                if any("spawn_main" in word for word in psutil.Process(pid).cmdline()):
                    found.append(pid)
        return found

    def end(self) -> None:
        """End it and all its children."""
        self.signal_all(signal.SIGKILL)
        self._process.wait(timeout=PATIENCE)
        self._written.close()
        self._complained.close()


def _text(file: Any) -> str:
    file.flush()
    size = os.fstat(file.fileno()).st_size
    return os.pread(file.fileno(), size, 0).decode()


def until(condition: Callable[[], Any], process: Process | None = None) -> Any:
    """Wait until a condition holds, and give what it gave; or until the process has ended."""
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        if process is not None and not process.is_running():
            return found
        assert time.monotonic() < deadline, "nothing happens"
        time.sleep(0.02)
    return found


def kept(folder: Path) -> int:
    """Units that have finished and are not yet merged."""
    with contextlib.suppress(FileNotFoundError):
        return sum(not name.startswith(".") for name in os.listdir(folder / "units"))
    return 0


@contextlib.contextmanager
def dask_cluster(folder: Path, workers: int) -> Iterator[tuple[Process, Process, str]]:
    """A scheduler and workers with nannies, as someone would begin them; and the address."""
    told = folder / "scheduler.json"
    told.unlink(missing_ok=True)
    quiet = ("--no-dashboard",)
    with (
        Process(
            *("--port", "0", "--host", "127.0.0.1", "--scheduler-file", str(told), *quiet),
            folder=folder,
            program=("-m", "distributed.cli.dask_scheduler"),
        ) as scheduler,
        Process(
            *("--scheduler-file", str(told), "--nworkers", str(workers), "--nthreads", "1"),
            *("--local-directory", str(folder / "dask"), *quiet),
            folder=folder,
            program=("-m", "distributed.cli.dask_worker"),
        ) as nannies,
    ):
        until(told.exists, scheduler)
        yield scheduler, nannies, str(told)
