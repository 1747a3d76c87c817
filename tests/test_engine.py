"""The engine: what becomes of units that fail, and of those whose workers are lost."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from study_tools import (
    SMALL,
    UNITS,
    Process,
    at_once,
    begun,
    canned,
    ledger,
    manifest,
    reference,
    resolved,
    same_study,
    store,
    tables,
    times_begun,
)

from rlsabm.errors import ScenarioError, UserError
from rlsabm.study import cluster as cluster_module
from rlsabm.study.crews import KILLED, Crew, WorkerLostError, _exit_codes
from rlsabm.study.engine import Engine
from rlsabm.study.folder import StudyFolder
from rlsabm.study.job import Job, Outcome
from rlsabm.study.ledger import FAILED, FINISHED, RUNNING, WAITING, Ledger
from rlsabm.study.study import Options, Report, run_study
from rlsabm.study.units import Unit, units_of

# The engine alone ---------------------------------------------------------------------------------

DONE = Outcome({}, 7, "here:1", 0.5, 12, 3, 2)
#: What an imagined worker does with a unit: gives a result, raises, or is lost.
Story = Callable[[str, int], Outcome]


class ImaginedCrew(Crew):
    """Workers that do at once, when the engine waits, what a story says.

    A story is given a unit's name and how often it has been begun. With ``share_fate`` a loss takes
    all units under way with it. With ``pace`` above 1 the engine waits so often before one ends.
    """

    name = "nobody"

    def __init__(
        self, story: Story, places: int = 2, store: int = 0, *, fate: bool = False
    ) -> None:
        self.story, self._places, self._store = story, places, store
        self.share_fate = fate
        self.begun: dict[str, int] = {}
        #: Units under way after each was handed out, and threads that it was given.
        self.together: list[list[str]] = []
        self.threads: list[int] = []
        self.renewed = 0
        self.out: dict[Future[Outcome], Job] = {}
        self.slow: set[str] = set()
        self.pace = self._waited = 1
        self.given_up: list[str] = []

    @property
    def places(self) -> int:
        return self._places

    @property
    def most_handed_out(self) -> int:
        return self._places + self._store

    def hand_out(self, job: Job) -> Future[Outcome]:
        future: Future[Outcome] = Future()
        self.out[future] = job
        self.threads.append(job.threads)
        self.together.append(sorted(each.unit.name for each in self.out.values()))
        return future

    def work(self) -> None:
        """The first unit under way that is not slow comes to its end."""
        self._waited += 1
        if self._waited % self.pace:
            return
        for future, job in self.out.items():
            name = job.unit.name
            if future.done() or name in self.slow:
                continue
            self.begun[name] = self.begun.get(name, 0) + 1
            try:
                future.set_result(self.story(name, self.begun[name]))
            except WorkerLostError as error:
                for each in list(self.out) if self.share_fate else [future]:
                    if not each.done():
                        each.set_exception(error)
            except Exception as error:
                future.set_exception(error)
            return

    def seconds_of(self, future: Future[Outcome]) -> float:
        return 100.0 if self.out[future].unit.name in self.slow else 0.0

    def has_begun(self, future: Future[Outcome]) -> bool:
        return list(self.out).index(future) < self._places

    def take_back(self, future: Future[Outcome]) -> None:
        del self.out[future]

    def give_up(self, future: Future[Outcome]) -> None:
        name = self.out[future].unit.name
        self.given_up.append(name)
        for each in list(self.out) if self.share_fate else [future]:
            if not each.done():
                each.set_exception(WorkerLostError())

    def renew(self) -> None:
        self.renewed += 1

    def close(self) -> None:
        pass


def some_units(number: int) -> list[Unit]:
    return [Unit(f"unit {n}", "reference", 0, n, 0, 100, n) for n in range(number)]


def engine_of(
    crew: ImaginedCrew,
    units: list[Unit],
    *,
    processors: int = 4,
    keep: Callable[[Unit, Outcome], None] = lambda unit, outcome: None,
    timeout: float | None = None,
    patch: pytest.MonkeyPatch,
) -> tuple[Engine, Ledger]:
    """An engine that waits for nothing but its crew."""
    entries = Ledger(units)

    def job(unit: Unit, threads: int) -> Job:
        return Job(unit, *(None,) * 3, threads, "")  # type: ignore[arg-type]

    def wait(futures: Any, **_: object) -> tuple[set[Future[Outcome]], set[Future[Outcome]]]:
        crew.work()
        done = {future for future in futures if future.done()}
        return done, set(futures) - done

    patch.setattr("rlsabm.study.engine.wait", wait)
    engine = Engine(crew, entries, job, keep, processors=processors, timeout=timeout)
    return engine, entries


def statuses(entries: Ledger) -> list[str]:
    return [entries[unit].status for unit in entries.units]


@pytest.mark.parametrize(("places", "more"), [(1, 0), (2, 0), (2, 1), (3, 32)])
def test_no_more_is_handed_out_than_there_are_places(
    monkeypatch: pytest.MonkeyPatch, places: int, more: int
) -> None:
    units = some_units(9)
    crew = ImaginedCrew(lambda name, times: DONE, places, more)
    engine, entries = engine_of(crew, units, patch=monkeypatch, processors=6)
    engine.run(units)
    assert max(map(len, crew.together)) == min(places + more, 9)
    assert statuses(entries) == [FINISHED] * 9
    assert [entries[unit].attempts for unit in units] == [1] * 9
    assert entries[units[0]].rows == 7
    # Processors are shared out among those that run at a time, and the last ones have more.
    assert crew.threads[0] == 6 // places
    assert crew.threads[-1] <= 6
    assert list(crew.begun) == [unit.name for unit in units]


def test_a_single_unit_has_all_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    units = some_units(1)
    crew = ImaginedCrew(lambda name, times: DONE, 4, 1)
    engine, _ = engine_of(crew, units, patch=monkeypatch, processors=8)
    engine.run(units)
    assert crew.threads == [8]


@pytest.mark.parametrize("fate", [False, True])
def test_a_program_that_fails_is_not_repeated(monkeypatch: pytest.MonkeyPatch, fate: bool) -> None:
    def story(name: str, times: int) -> Outcome:
        if name == "unit 2":
            raise ZeroDivisionError("of all things")
        return DONE

    units = some_units(5)
    crew = ImaginedCrew(story, fate=fate)
    engine, entries = engine_of(crew, units, patch=monkeypatch)
    engine.run(units)
    assert statuses(entries) == [FINISHED, FINISHED, FAILED, FINISHED, FINISHED]
    failed = entries[units[2]]
    assert (failed.attempts, failed.error) == (1, "ZeroDivisionError: of all things")
    assert "of all things" in failed.traceback
    assert crew.renewed == 0


@pytest.mark.parametrize("error", [UserError("other tables"), ScenarioError("other tables")])
def test_a_mistake_needs_no_traceback(monkeypatch: pytest.MonkeyPatch, error: UserError) -> None:
    def story(name: str, times: int) -> Outcome:
        raise error

    units = some_units(1)
    engine, entries = engine_of(ImaginedCrew(story), units, patch=monkeypatch)
    engine.run(units)
    assert entries[units[0]].error == "other tables"
    assert entries[units[0]].traceback == ""


@pytest.mark.parametrize("fate", [False, True])
@pytest.mark.parametrize("losses", [1, 2, 3])
def test_a_unit_may_cost_two_workers(
    monkeypatch: pytest.MonkeyPatch, losses: int, fate: bool
) -> None:
    """The third loss that is its own is one too many; others go on."""

    def story(name: str, times: int) -> Outcome:
        if name == "unit 1" and times <= losses + fate:
            raise WorkerLostError("gone")
        return DONE

    units = some_units(6)
    crew = ImaginedCrew(story, places=3, fate=fate)
    engine, entries = engine_of(crew, units, patch=monkeypatch)
    engine.run(units)
    wanted = [FINISHED] * 6
    if losses == 3:
        wanted[1] = FAILED
        assert entries[units[1]].error.endswith("gone (3 times)")
    assert statuses(entries) == wanted
    assert crew.renewed == losses + fate
    # Where one takes others with it, the first loss says nothing of whose fault it was.
    assert entries[units[1]].attempts == losses + fate + (losses < 3)
    assert sum(crew.begun.values()) == sum(crew.begun[unit.name] for unit in units)
    for name, times in crew.begun.items():
        assert times == (entries[units[1]].attempts if name == "unit 1" else 1)


def test_suspects_run_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Units that were under way when a worker was lost are run one at a time, before all others."""

    def story(name: str, times: int) -> Outcome:
        if name == "unit 1" and times <= 2:
            raise WorkerLostError
        return DONE

    units = some_units(8)
    crew = ImaginedCrew(story, places=3, fate=True)
    engine, entries = engine_of(crew, units, patch=monkeypatch, processors=6)
    engine.run(units)
    assert statuses(entries) == [FINISHED] * 8
    # 0 ends well and 3 joins; then all three under way are lost, and tried again alone.
    assert crew.together[:4] == [
        ["unit 0"],
        ["unit 0", "unit 1"],
        ["unit 0", "unit 1", "unit 2"],
        ["unit 1", "unit 2", "unit 3"],
    ]
    assert sorted(crew.together[4:7]) == [["unit 1"], ["unit 2"], ["unit 3"]]
    assert crew.together[7] == ["unit 1"]
    assert crew.threads[4:8] == [6] * 4
    assert len(crew.together[8]) == 1
    assert max(map(len, crew.together[8:])) == 3
    assert [entries[unit].attempts for unit in units] == [1, 3, 2, 2, 1, 1, 1, 1]


def test_workers_that_never_begin_are_not_begun_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    def story(name: str, times: int) -> Outcome:
        raise WorkerLostError("gone")

    units = some_units(4)
    crew = ImaginedCrew(story, fate=True)
    monkeypatch.setattr(crew, "has_begun", lambda future: False)
    engine, entries = engine_of(crew, units, patch=monkeypatch)
    with pytest.raises(UserError, match=r"ended 5 times before they had begun a run \(gone\)"):
        engine.run(units)
    assert crew.renewed == 5
    assert FAILED not in statuses(entries)


@pytest.mark.parametrize("pace", [1, 3])
def test_the_last_suspect_runs_alone_as_well(monkeypatch: pytest.MonkeyPatch, pace: int) -> None:
    """Also while it takes its time and others wait: else nobody would know whose fault it is."""

    def story(name: str, times: int) -> Outcome:
        if name == "unit 5":
            raise WorkerLostError
        return DONE

    units = some_units(40)
    crew = ImaginedCrew(story, places=2, store=1, fate=True)
    crew.pace = pace
    engine, entries = engine_of(crew, units, patch=monkeypatch)
    engine.run(units)
    assert [n for n, status in enumerate(statuses(entries)) if status == FAILED] == [5]
    assert crew.begun["unit 5"] == 4
    assert crew.renewed == 4
    assert [names for names in crew.together if "unit 5" in names].count(["unit 5"]) == 3


def test_nobody_is_blamed_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two that kill their workers and ten that do not: only the two fail."""

    def story(name: str, times: int) -> Outcome:
        if name in ("unit 3", "unit 7"):
            raise WorkerLostError
        return DONE

    units = some_units(12)
    engine, entries = engine_of(ImaginedCrew(story, 4, 1, fate=True), units, patch=monkeypatch)
    engine.run(units)
    assert [n for n, status in enumerate(statuses(entries)) if status == FAILED] == [3, 7]
    assert statuses(entries).count(FINISHED) == 10


def test_memory_that_runs_out_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def story(name: str, times: int) -> Outcome:
        if name == "unit 0" or (name == "unit 1" and times < 3):
            raise MemoryError
        return DONE

    units = some_units(3)
    crew = ImaginedCrew(story, fate=True)
    engine, entries = engine_of(crew, units, patch=monkeypatch)
    engine.run(units)
    assert statuses(entries) == [FAILED, FINISHED, FINISHED]
    assert entries[units[0]].error == "ran out of memory (3 times)"
    assert [entries[unit].attempts for unit in units] == [3, 3, 1]
    # The process lives on; and such a unit has the machine to itself when it is tried again.
    assert crew.renewed == 0
    assert all(len(names) == 1 for names in crew.together[3:])


@pytest.mark.parametrize("fate", [False, True])
def test_slow_units_are_given_up(monkeypatch: pytest.MonkeyPatch, fate: bool) -> None:
    units = some_units(5)
    crew = ImaginedCrew(lambda name, times: DONE, 2, fate=fate)
    crew.slow = {"unit 1"}
    engine, entries = engine_of(crew, units, patch=monkeypatch, timeout=90.0)
    engine.run(units)
    assert statuses(entries) == [FINISHED, FAILED, FINISHED, FINISHED, FINISHED]
    assert entries[units[1]].error == "took longer than 1.5 minutes (3 times)"
    assert crew.given_up == ["unit 1"] * 3
    assert entries[units[1]].attempts == 3


def test_what_cannot_be_kept_fails_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def keep(unit: Unit, outcome: Outcome) -> None:
        if unit.name == "unit 1":
            raise OSError(28, "No space left on device")

    units = some_units(3)
    engine, entries = engine_of(
        ImaginedCrew(lambda name, times: DONE), units, keep=keep, patch=monkeypatch
    )
    engine.run(units)
    assert statuses(entries) == [FINISHED, FAILED, FINISHED]
    assert entries[units[1]].error == "cannot be written: No space left on device"
    assert entries[units[1]].rows is None


def test_an_interruption_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def story(name: str, times: int) -> Outcome:
        if name == "unit 2":
            monkeypatch.setattr("rlsabm.study.engine.wait", interrupt)
        return DONE

    def interrupt(*_: object, **__: object) -> Any:
        raise KeyboardInterrupt

    units = some_units(6)
    crew = ImaginedCrew(story)
    engine, entries = engine_of(crew, units, patch=monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        engine.run(units)
    assert statuses(entries).count(FINISHED) == 3
    assert set(statuses(entries)) <= {FINISHED, RUNNING, WAITING}


# Work that fails ----------------------------------------------------------------------------------

#: One of the units, in the middle.
CHOSEN = "draw-00001-replicate-00001-arm-01-block-00000"


class TwoWordsError(Exception):
    """An error that cannot be sent from process to process as errors usually are."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} and {second}")


def failing(how: str, store: Path, notes: Path, job: Job, progress: Any = None) -> Outcome:
    """Note that a unit is begun; if it is the chosen one, fail in some way, else find what is known."""
    times = begun(notes, job)
    if job.unit.name != CHOSEN or how == "not" or (how.endswith("once") and times > 1):
        return canned(store, job)
    match how.removesuffix(" once"):
        case "raise":
            raise ZeroDivisionError("of all things")
        case "raise what cannot be sent":
            raise TwoWordsError("this", "that")
        case "mistake":
            raise ScenarioError("no such table", file="f.yaml", line=3, key="population.country")
        case "end":
            os._exit(1)
        case "leave":
            raise SystemExit(1)
        case "be killed":
            time.sleep(0.3)  # those who watch from afar hear that it was begun
            os.kill(os.getpid(), signal.SIGKILL)
        case "be killed while giving back":
            return replace(canned(store, job), files={"deadly": Deadly()})  # type: ignore[dict-item]
        case "run out of memory":
            raise MemoryError
        case "take all memory":
            _, most = resource.getrlimit(resource.RLIMIT_AS)
            resource.setrlimit(resource.RLIMIT_AS, (4 << 30, most))
            try:
                bytearray(16 << 30)
            finally:
                resource.setrlimit(resource.RLIMIT_AS, (most, most))
        case "sleep":
            time.sleep(600)
        case "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        case "hold the interpreter":
            _ = 7 ** (10**9)
        case "live on":
            while True:
                time.sleep(0.01)
                progress(1, 1.0)
        case "be of another version":
            from rlsabm.study.job import do_job

            return do_job(replace(job, package="0" * 16))
    raise AssertionError(how)


class Deadly:
    """Whoever packs it to send it away is killed."""

    def __reduce__(self) -> Any:
        os.kill(os.getpid(), signal.SIGKILL)


def run_apart(folder: Path, how: str, seconds: float = 60.0, **options: Any) -> Path:
    """As `run_failing`, in a process of its own, which ends or is ended: a test must not hang."""
    program = (
        "from pathlib import Path; from study_tools import *; import study_tools, test_engine;"
        f"study_tools.store = lambda: Path({str(store())!r});"
        f"test_engine.store = study_tools.store;"
        f"test_engine.run_failing(Path({str(folder)!r}), {how!r}, **{options!r})"
    )
    with Process(folder=folder, program=("-c", program)) as process:
        deadline = time.monotonic() + seconds
        while process.is_running() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not process.is_running(), "it does not end"
        outcome = process.wait()
    assert outcome.code == 0, outcome.err
    return folder / "notes"


def run_failing(folder: Path, how: str, **options: Any) -> tuple[Report, Path]:
    """Run the small study with a unit that fails; the report, and what was noted."""
    notes = folder / "notes"
    notes.mkdir(exist_ok=True)
    work = partial(failing, how, store(), notes)
    report = at_once(folder, folder / "out", **{"workers": 2, "work": work, **options})
    return report, notes


def one_has_failed(folder: Path) -> Any:
    """All but the chosen unit have finished; the row of that."""
    assert manifest(folder)["status"] == "incomplete"
    assert manifest(folder)["units"] == {"total": UNITS, "finished": UNITS - 1, "failed": 1}
    runs = ledger(folder)
    assert set(runs.drop(CHOSEN)["status"]) == {"finished"}
    assert set(runs.drop(CHOSEN)["traceback"]) == {""}
    assert runs.loc[CHOSEN, "status"] == "failed"
    return runs.loc[CHOSEN]


def only_that_is_run_again(folder: Path, notes: Path) -> None:
    """With good work the chosen unit alone is run again, and nothing else is touched."""
    out = folder / "out"
    before, files = ledger(out), units_and_lists(out)
    counts = {name: times_begun(notes, name) for name in before.index}
    report, _ = run_failing(folder, "not")
    assert report.status == "complete"
    assert report.found == UNITS - 1
    after = ledger(out)
    # A column of words has those that are there: its unit had failed, and has not now. The other block
    # of its run can be merged now.
    rest = [
        runs.drop(CHOSEN).drop(columns="merged").astype({"status": str}) for runs in (after, before)
    ]
    pd.testing.assert_frame_equal(*rest, check_exact=True, check_dtype=False)
    assert after.loc[CHOSEN, "attempts"] == before.loc[CHOSEN, "attempts"] + 1
    assert after.loc[CHOSEN, "traceback"] == ""
    assert {name: times_begun(notes, name) for name in before.index} == {
        **counts,
        CHOSEN: counts[CHOSEN] + 1,
    }
    left = units_and_lists(out)
    assert {name: left[name] for name in files if name in left} == {
        name: found for name, found in files.items() if not name.startswith("units")
    }
    same_study(out, reference())


def units_and_lists(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Files of units, with the time of their last change."""
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes())
        for place in ("units", "persons", "events")
        for path in (folder / place).rglob("*.parquet")
    }


@pytest.mark.parametrize(
    ("how", "error", "traced", "workers"),
    [
        ("raise", "ZeroDivisionError: of all things", True, 1),
        pytest.param("raise", "ZeroDivisionError: of all things", True, 2, marks=pytest.mark.long),
        ("raise what cannot be sent", "TwoWordsError: this and that", True, 2),
        ("mistake", "f.yaml:3: population.country: no such table", False, 2),
    ],
)
def test_a_unit_that_raises(
    tmp_path: Path, how: str, error: str, traced: bool, workers: int
) -> None:
    report, notes = run_failing(tmp_path, how, workers=workers)
    row = one_has_failed(tmp_path / "out")
    assert row["error"].endswith(error)
    assert row["attempts"] == 1
    assert times_begun(notes, CHOSEN) == 1
    assert ("in failing" in row["traceback"]) == traced
    assert report.ledger.table_of_failures()["error"].tolist() == [row["error"]]
    # Runs without that unit are in the tables, and the run that lacks it is not.
    found = tables(tmp_path / "out")
    assert "shifts.parquet" in found
    if how == "raise":
        only_that_is_run_again(tmp_path, notes)


@pytest.mark.parametrize("how", ["be killed", pytest.param("end", marks=pytest.mark.long)])
def test_a_unit_that_ends_its_process(tmp_path: Path, how: str) -> None:
    _, notes = run_failing(tmp_path, how)
    row = one_has_failed(tmp_path / "out")
    assert row["error"].endswith("(3 times)")
    assert "process" in row["error"]
    assert "terminated abruptly" in row["error"]
    # Once beside others, when it was not known whose fault it was, and three times alone.
    assert 3 <= times_begun(notes, CHOSEN) <= 4
    assert row["attempts"] == times_begun(notes, CHOSEN)
    others = {name: times_begun(notes, name) for name in ledger(tmp_path / "out").index}
    assert max(times for name, times in others.items() if name != CHOSEN) <= 2
    only_that_is_run_again(tmp_path, notes)


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.long)])
def test_a_unit_that_leaves(tmp_path: Path, workers: int) -> None:
    """SystemExit from some library is a failure like any other."""
    run_failing(tmp_path, "leave", workers=workers)
    row = one_has_failed(tmp_path / "out")
    assert "SystemExit" in row["error"]


def test_a_worker_that_is_lost_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """As when memory runs out: fewer go on."""
    report, notes = run_failing(tmp_path, "be killed once")
    assert report.status == "complete"
    assert [record.getMessage() for record in caplog.records] == [
        "A worker process was killed, as happens when memory runs out; going on with 1 process."
    ]
    assert times_begun(notes, CHOSEN) == 2
    assert ledger(tmp_path / "out").loc[CHOSEN, "attempts"] == 2
    same_study(tmp_path / "out", reference())


def test_how_a_process_has_ended_may_be_known_a_moment_later() -> None:
    """The system closes its files first."""
    reader, writer = os.pipe()
    os.close(writer)

    class Ending:
        sentinel = reader
        asked = 0

        @property
        def exitcode(self) -> int | None:
            self.asked += 1
            return KILLED if self.asked > 3 else None

    assert _exit_codes([Ending()]) == [KILLED]  # type: ignore[list-item]
    os.close(reader)


def test_a_worker_that_is_lost_while_it_gives_back(tmp_path: Path) -> None:
    """As when the system takes the largest process just when it copies its results."""
    run_apart(tmp_path, "be killed while giving back once", workers=2)
    same_study(tmp_path / "out", reference())


@pytest.mark.parametrize(
    ("how", "workers"),
    [
        ("run out of memory", 1),
        ("take all memory", 1),
        pytest.param("take all memory", 2, marks=pytest.mark.long),
        pytest.param("run out of memory", 2, marks=pytest.mark.long),
    ],
)
def test_a_unit_without_memory(tmp_path: Path, how: str, workers: int) -> None:
    _, notes = run_failing(tmp_path, how, workers=workers)
    row = one_has_failed(tmp_path / "out")
    assert row["error"] == "ran out of memory (3 times)"
    assert row["attempts"] == times_begun(notes, CHOSEN) == 3
    if workers == 2:
        only_that_is_run_again(tmp_path, notes)


@pytest.mark.parametrize(
    ("how", "workers"),
    [
        ("sleep", 2),
        ("live on", 1),
        pytest.param("live on", 2, marks=pytest.mark.long),
        pytest.param("stop", 2, marks=pytest.mark.long),
        pytest.param("hold the interpreter", 2, marks=pytest.mark.long),
    ],
)
def test_a_unit_that_takes_too_long(tmp_path: Path, how: str, workers: int) -> None:
    """It is given up, whatever it does, and the others finish."""
    notes = run_apart(tmp_path, how, workers=workers, timeout=1.2)
    row = one_has_failed(tmp_path / "out")
    assert row["error"] == "took longer than 0.02 minutes (3 times)"
    assert row["attempts"] == times_begun(notes, CHOSEN) == 3
    if how == "sleep":
        only_that_is_run_again(tmp_path, notes)


def test_another_version_in_the_workers(tmp_path: Path) -> None:
    _, notes = run_failing(tmp_path, "be of another version")
    row = one_has_failed(tmp_path / "out")
    assert "another version of rlsabm" in row["error"]
    assert "0000000000000000" in row["error"]
    assert row["traceback"] == ""
    assert times_begun(notes, CHOSEN) == 1


def test_another_version_in_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once(tmp_path, tmp_path / "out", "runs.replicates=1")
    before = tables(tmp_path / "out")
    monkeypatch.setattr("rlsabm.study.machine.package_hash", lambda: "0" * 16)
    with pytest.raises(UserError, match="another version of rlsabm"):
        at_once(tmp_path, tmp_path / "out")
    assert tables(tmp_path / "out") == before


# The same on Dask ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def dask_address() -> Iterator[str]:
    """The address of a cluster of two processes on this machine."""
    pytest.importorskip("distributed")
    from study_tools import dask_cluster

    with (
        tempfile.TemporaryDirectory() as folder,
        dask_cluster(Path(folder), 2) as (_, _, address),
    ):
        yield address


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ("raise", "ZeroDivisionError: of all things"),
        pytest.param(
            "mistake", "f.yaml:3: population.country: no such table", marks=pytest.mark.long
        ),
        pytest.param("run out of memory", "ran out of memory (3 times)", marks=pytest.mark.long),
    ],
)
def test_a_unit_that_raises_on_dask(
    tmp_path: Path, dask_address: str, how: str, error: str
) -> None:
    _, notes = run_failing(tmp_path, how, cluster=dask_address)
    row = one_has_failed(tmp_path / "out")
    assert row["error"] == error
    assert row["attempts"] == times_begun(notes, CHOSEN)
    only_that_is_run_again(tmp_path, notes)


@pytest.mark.parametrize(
    "how",
    ["be killed once", pytest.param("be killed", marks=pytest.mark.long)],
)
def test_a_unit_that_ends_its_worker_on_dask(tmp_path: Path, dask_address: str, how: str) -> None:
    report, notes = run_failing(tmp_path, how, cluster=dask_address)
    if how == "be killed once":
        assert report.status == "complete"
        assert ledger(tmp_path / "out").loc[CHOSEN, "attempts"] == times_begun(notes, CHOSEN) == 2
        same_study(tmp_path / "out", reference())
        return
    row = one_has_failed(tmp_path / "out")
    assert "KilledWorker" in row["error"]
    assert row["attempts"] == times_begun(notes, CHOSEN)


@pytest.mark.long
def test_a_unit_that_takes_too_long_on_dask(
    tmp_path: Path, dask_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Long enough for a worker that begins anew on a busy machine.
    report, notes = run_failing(tmp_path, "sleep once", cluster=dask_address, timeout=8.0)
    assert report.status == "complete"
    assert times_begun(notes, CHOSEN) == 2
    same_study(tmp_path / "out", reference())


@pytest.mark.long
def test_a_scheduler_that_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has finished is kept, and the report says what is wrong."""
    pytest.importorskip("distributed")
    from study_tools import dask_cluster

    monkeypatch.setattr(cluster_module, "PATIENCE_SECONDS", 3.0)
    notes = tmp_path / "notes"
    notes.mkdir()
    work = partial(failing, "sleep", store(), notes)
    keep, kept = StudyFolder.keep, []
    with dask_cluster(tmp_path, 2) as (scheduler, _, address):

        def keep_and_kill(folder: StudyFolder, *arguments: Any) -> None:
            keep(folder, *arguments)
            kept.append(arguments)
            if len(kept) == UNITS // 2:
                scheduler.kill()

        monkeypatch.setattr(StudyFolder, "keep", keep_and_kill)
        report = at_once(tmp_path, tmp_path / "out", work=work, cluster=address)
    assert report.status == "stopped"
    assert "no Dask scheduler answers" in report.trouble
    assert UNITS // 2 <= len(report.ledger.having(FINISHED)) < UNITS
    assert report.ledger.having(FAILED) == []
    monkeypatch.undo()
    at_once(tmp_path, tmp_path / "out")
    same_study(tmp_path / "out", reference())


# Disks --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.long)])
def test_a_folder_that_cannot_be_written_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    """Every unit is tried nevertheless, and the ending says what is wrong."""
    from rlsabm.results import files

    write, kept = files._write, []

    def refuse(path: Path, content: bytes) -> None:
        if len(kept) >= 5:
            raise OSError(30, "Read-only file system", str(path))
        write(path, content)
        if path.parent.name.startswith(".draw") and path.name.startswith("prevalence"):
            kept.append(path)

    monkeypatch.setattr(files, "_write", refuse)
    notes = tmp_path / "notes"
    notes.mkdir()
    work = partial(failing, "not", store(), notes)
    report = at_once(tmp_path, tmp_path / "out", workers=workers, work=work)
    assert report.status in ("incomplete", "stopped")
    assert report.trouble.endswith("cannot be written: Read-only file system")
    found = len(report.ledger.having(FINISHED))
    assert found in (4, 5)
    assert len(report.ledger.having(FAILED)) == UNITS - found
    assert sum(times_begun(notes, unit.name) for unit in report.ledger.units) == UNITS
    errors = set(report.ledger.table_of_failures()["error"])
    assert errors == {"cannot be written: Read-only file system"}
    monkeypatch.undo()
    report = at_once(tmp_path, tmp_path / "out")
    assert report.found == found
    same_study(tmp_path / "out", reference())


@contextlib.contextmanager
def disk(folder: Path, kilobytes: int) -> Iterator[Callable[[int], None]]:
    """A small disk at a folder, and how to make it larger."""
    folder.mkdir()

    def mount(*words: str) -> bool:
        try:
            done = subprocess.run(["mount", *words], capture_output=True, check=False)
        except OSError:
            return False
        return done.returncode == 0

    if not mount("-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)):
        pytest.skip("only the superuser can mount a disk")

    def enlarge(kilobytes: int) -> None:
        assert mount("-o", f"remount,size={kilobytes}k", str(folder))

    try:
        yield enlarge
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.long)])
def test_a_disk_that_becomes_full(tmp_path: Path, workers: int) -> None:
    """Units that fit are kept, the others say why; with more room only those are run."""
    whole = sum(len(content) for content in tables(reference()).values())
    with disk(tmp_path / "disk", 1024 + whole // 2048) as enlarge:
        notes = tmp_path / "notes"
        notes.mkdir()
        work = partial(failing, "not", store(), notes)
        out = tmp_path / "disk" / "out"
        report = at_once(tmp_path, out, workers=workers, work=work)
        assert report.status in ("incomplete", "stopped")
        failed = [unit.name for unit in report.ledger.having(FAILED)]
        found = report.ledger.having(FINISHED)
        assert 0 < len(found) < UNITS
        assert len(found) + len(failed) == UNITS
        errors = set(report.ledger.table_of_failures()["error"])
        assert errors == {"cannot be written: No space left on device"}
        # The ledger and the manifest were written, onto the full disk.
        on_disk = ledger(out)
        assert on_disk.index[on_disk["status"] == "failed"].tolist() == failed
        assert set(on_disk.loc[failed, "error"]) == errors
        assert manifest(out)["status"] == report.status
        assert manifest(out)["units"]["failed"] == len(failed)
        assert list(out.rglob("*.unfinished")) == []
        enlarge(64 * 1024)
        report = at_once(tmp_path, out, workers=workers, work=work)
        assert report.status == "complete"
        assert report.found == len(found)
        assert {name: times_begun(notes, name) for name in on_disk.index} == {
            name: 1 + (name in failed) for name in on_disk.index
        }
        same_study(out, reference())


def test_a_disk_that_is_full_for_the_tables_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Units are kept, the end says what is missing, and going on runs no unit."""
    from rlsabm.results import files

    write = files._write

    def refuse(path: Path, content: bytes) -> None:
        if "shifts" in path.name:
            raise OSError(28, "No space left on device")
        write(path, content)

    monkeypatch.setattr(files, "_write", refuse)
    report = at_once(tmp_path, tmp_path / "out")
    assert report.status == "incomplete"
    assert report.trouble == "the tables cannot be written: No space left on device"
    assert len(report.ledger.having(FINISHED)) == UNITS
    monkeypatch.undo()
    report, _ = run_failing(tmp_path, "raise")
    assert report.status == "complete"
    assert report.found == UNITS
    same_study(tmp_path / "out", reference())


def test_a_folder_that_vanishes(tmp_path: Path) -> None:
    """Results that have nowhere to go are no reason to stop without a word."""
    out = tmp_path / "out"

    class Watch:
        def begin(self, *_: object) -> None:
            pass

        def show(self, entries: Ledger, *_: object, **__: object) -> None:
            if len(entries.having(FINISHED)) == 3 and out.exists():
                shutil.rmtree(out)

    study = resolved(tmp_path, SMALL)
    options = Options(workers=1, work=partial(canned, store()))
    report = run_study(study, out, options, watch=Watch())
    assert report.status != "complete" or len(tables(out)) == len(tables(reference()))


# What units are -----------------------------------------------------------------------------------


def test_units_are_in_the_order_of_their_names(tmp_path: Path) -> None:
    units = units_of(resolved(tmp_path, SMALL))
    names = [unit.name for unit in units]
    assert len(names) == UNITS
    assert names == sorted(set(names))
    # Arms and blocks share chance; draws and replicates have their own.
    keys = {unit.run[:2]: unit.key for unit in units}
    assert len(set(keys.values())) == 4
    assert all(unit.key == keys[unit.run[:2]] for unit in units)
