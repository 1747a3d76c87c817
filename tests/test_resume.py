"""Studies that are stopped at any moment: nothing is lost, nothing is counted twice or differs."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import portalocker
import pytest
from command_tools import contents, files, refused
from conftest import Command, Outcome, shared
from portalocker import LockFlags
from study_tools import (
    MOST_DRAWS,
    SMALL,
    UNITS,
    Process,
    at_once,
    canned,
    dask_cluster,
    kept,
    ledger,
    manifest,
    recorded,
    reference,
    resolved,
    same_study,
    store,
    until,
)

import rlsabm
from rlsabm.demography.countries import COUNTRIES, FILES_OF_A_COUNTRY, load_country
from rlsabm.errors import UserError
from rlsabm.results.manifests import read_manifest
from rlsabm.study.job import Job
from rlsabm.study.settings import country_of, files_of_country, input_hash, read_scenario
from rlsabm.study.status import find_status
from rlsabm.study.study import Options, run_study, study_in
from rlsabm.study.turns import MOST_SHARE

#: Too long to end while a test looks.
ENDLESS = SMALL.replace("replicates: 2", "replicates: 500")
#: As large as it must be for a kill at any of its moments.
LARGE = SMALL.replace("replicates: 2", "replicates: 4").replace("size: 300", "size: 900")


def stopped_at(process: Process, folder: Path, units: int, seconds: float) -> bool:
    """Wait until so many units are kept, and then a little; whether the process still runs."""
    until(lambda: kept(folder) >= units, process)
    time.sleep(seconds)  # a moment of chance
    return process.is_running()


def ending(process: Process) -> Outcome:
    """The end of a command that has nothing to complain of."""
    outcome = process.wait()
    assert "Traceback" not in outcome.err, outcome.err
    return outcome


# The whole process is killed ----------------------------------------------------------------------


def killed_often(folder: Path, chance: random.Random, kills: int, most_workers: int) -> int:
    """Run the study at ``folder/small.yaml``, kill it so often, and go on each time; kills that met."""
    out, met = folder / "out", 0
    command = ("run", "small.yaml", "--out", "out")
    for _ in range(kills):
        workers = str(chance.randint(1, most_workers))
        before = kept(out)
        with Process(*command, "--workers", workers, folder=folder) as process:
            more = chance.choice((0, 1, 1, 2, 3))
            met += stopped_at(process, out, before + more, chance.uniform(0.0, 0.4))
        if read_manifest(out) is not None:
            command = ("resume", "out")
    with Process(*command, "--workers", "2", folder=folder) as process:
        outcome = ending(process)
    assert outcome.code == 0, outcome.err
    return met


@pytest.mark.long
def test_killed_at_random_moments(tmp_path: Path) -> None:
    wanted = reference()
    (tmp_path / "small.yaml").write_text(SMALL, encoding="utf-8")
    assert killed_often(tmp_path, random.Random(3), kills=3, most_workers=2) >= 2
    same_study(tmp_path / "out", wanted)


@pytest.mark.endurance
@pytest.mark.timeout(3600)
def test_killed_at_very_many_random_moments(tmp_path: Path) -> None:
    for name in ("wanted", "killed"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "small.yaml").write_text(LARGE, encoding="utf-8")
    with Process("run", "small.yaml", "--out", "out", folder=tmp_path / "wanted") as process:
        assert ending(process).code == 0
    chance, met = random.Random(4), 0
    while met < 30:
        shutil.rmtree(tmp_path / "killed" / "out", ignore_errors=True)
        met += killed_often(tmp_path / "killed", chance, kills=15, most_workers=3)
        same_study(tmp_path / "killed" / "out", tmp_path / "wanted" / "out")


#: A run of two blocks.
ONE_RUN = ["runs.draws=1", "runs.replicates=1", "arms={}"]


@pytest.mark.endurance
def test_stopped_at_every_change_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the disk holds before and after every change of a name can be gone on with."""
    moments_go_on(tmp_path, monkeypatch, [], ONE_RUN, all_of_them=False)


@pytest.mark.endurance
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("before", [[], ["runs.replicates=1"], ["runs.seed=7"]])
def test_stopped_at_every_change_of_many_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: list[str]
) -> None:
    """The same of more runs, where nothing, fewer replicates or another study was there before."""
    moments_go_on(tmp_path, monkeypatch, before, ["runs.draws=1", "arms={}"], all_of_them=True)


def of_own_country(folder: Path) -> str:
    """The small study with its country in a folder beside the scenario, which is made."""
    if not (folder / "home").exists():
        shutil.copytree(COUNTRIES / "united-states", folder / "home")
    return SMALL.replace("{size", "{country: home, size")


class Moments:
    """Copies of a study's folder, before and after the changes of names in it."""

    def __init__(self, place: Path, copies: Path, *, all_of_them: bool) -> None:
        self.copies: list[Path] = []
        self._place, self._into, self._all = place, copies, all_of_them
        self._seen: set[Any] = set()

    def _state(self) -> Any:
        """What makes a moment differ from others."""
        paths = [path for path in self._place.rglob("*") if self._all or self._lasts(path)]
        seen = [(str(path), path.stat().st_mtime_ns if self._all else 0) for path in paths]
        return frozenset(seen), (read_manifest(self._place) or {}).get("status")

    def _lasts(self, path: Path) -> bool:
        """Not what is being written, nor what is in a folder that nobody looks into."""
        parts = path.relative_to(self._place).parts
        return not any(part.endswith(".unfinished") for part in parts) and (
            len(parts) == 1 or not parts[0].startswith(".")
        )

    def look(self) -> None:
        """Copy what is there, if it is new."""
        if self._place.exists() and (state := self._state()) not in self._seen:
            self._seen.add(state)
            self.copies.append(self._into / f"{len(self._seen):04d}")
            shutil.copytree(self._place, self.copies[-1])

    def watch(self, patch: pytest.MonkeyPatch) -> None:
        """Look at every change, until the patch is undone."""

        def watched(change: Any) -> Any:
            def changed(*arguments: Any, **options: Any) -> Any:
                patch.undo()
                self.look()
                try:
                    return change(*arguments, **options)
                finally:
                    self.look()
                    self.watch(patch)

            return changed

        for name in ("replace", "mkdir", "rmdir", "unlink"):
            patch.setattr(os, name, watched(getattr(os, name)))


def moments_go_on(
    folder: Path,
    patch: pytest.MonkeyPatch,
    before: list[str],
    settings: list[str],
    *,
    all_of_them: bool,
) -> None:
    """Copy a study at the changes of its folder, and go on from each copy."""
    text = of_own_country(folder)
    found = folder / "found"
    found.mkdir()
    study = resolved(folder, text, *settings)
    options = Options(workers=1, work=partial(recorded, found))
    assert run_study(study, folder / "wanted", options).status == "complete"
    if before:
        earlier = resolved(folder, text, *settings, *before)
        run_study(earlier, folder / "out", Options(workers=1))
    options = Options(workers=1, work=partial(canned, found), replace="runs.seed=7" in before)
    moments = Moments(folder / "out", folder / "moments", all_of_them=all_of_them)
    moments.watch(patch)
    run_study(study, folder / "out", options)
    patch.undo()
    same_study(folder / "out", folder / "wanted")
    chosen = moments.copies
    assert len(chosen) > 30
    if not all_of_them:  # all of the beginning and the end, and some of what is between
        chosen = [*chosen[:12], *chosen[12:-10:3], *chosen[-10:]]
    wrong: dict[str, list[str]] = {}
    for copy in chosen:
        there = " ".join(sorted(path.name for path in copy.iterdir()))
        try:
            # As who gives the same command again, or as who resumes what there is to be resumed.
            again = study_in(copy) if not before and read_manifest(copy) else study
            assert run_study(again, copy, options).status == "complete"
            same_study(copy, folder / "wanted")
        except (AssertionError, UserError) as error:
            reason = " ".join(str(error).replace(str(copy), "").split())[:80]
            wrong.setdefault(f"{type(error).__name__}: {reason}", []).append(there)
        shutil.rmtree(copy)
    for reason, places in wrong.items():
        print(f"{len(places)} of {len(chosen)}: {reason}", places[0], places[-1], sep="\n")
    assert not wrong


# Workers are killed -------------------------------------------------------------------------------


def workers_killed(process: Process, chance: random.Random, folder: Path, kills: int) -> int:
    """Kill one of the workers of a family so often, each time after more is done; kills that met."""
    met = 0
    for _ in range(kills):
        before = kept(folder)
        until(lambda before=before: kept(folder) > before, process)
        time.sleep(chance.uniform(0.0, 0.5))  # a moment of chance
        if (there := process.workers()) and kept(folder) < UNITS:
            with contextlib.suppress(ProcessLookupError):
                os.kill(chance.choice(there), signal.SIGKILL)
                met += 1
    return met


def all_done(outcome: Outcome, folder: Path) -> None:
    """A study is complete, or is after it has been gone on with: chance may hit a unit thrice."""
    assert "Traceback" not in outcome.err, outcome.err
    if outcome.code == 3:
        study = study_in(folder / "out")
        assert run_study(study, folder / "out", Options(workers=1)).status == "complete"
    else:
        assert outcome.code == 0, outcome.err


@pytest.mark.long
def test_worker_processes_killed_at_random_moments(tmp_path: Path) -> None:
    pytest.importorskip("psutil")
    wanted = reference()
    (tmp_path / "small.yaml").write_text(SMALL, encoding="utf-8")
    with Process("run", "small.yaml", "--out", "out", "--workers", "2", folder=tmp_path) as process:
        assert workers_killed(process, random.Random(5), tmp_path / "out", 2) > 0
        all_done(process.wait(), tmp_path)
    assert ledger(tmp_path / "out")["attempts"].sum() > UNITS
    same_study(tmp_path / "out", wanted)


@pytest.mark.endurance
@pytest.mark.timeout(3600)
def test_worker_processes_killed_very_often(tmp_path: Path) -> None:
    pytest.importorskip("psutil")
    wanted = reference()
    (tmp_path / "small.yaml").write_text(SMALL, encoding="utf-8")
    chance, met = random.Random(6), 0
    while met < 30:
        shutil.rmtree(tmp_path / "out", ignore_errors=True)
        words = ("run", "small.yaml", "--out", "out", "--workers", str(chance.randint(2, 4)))
        with Process(*words, folder=tmp_path) as process:
            met += workers_killed(process, chance, tmp_path / "out", 8)
            all_done(process.wait(), tmp_path)
        same_study(tmp_path / "out", wanted)


def dask_workers_killed(tmp_path: Path, chance: random.Random, kills: int) -> int:
    (tmp_path / "small.yaml").write_text(SMALL, encoding="utf-8")
    met, out = 0, tmp_path / "out"
    with dask_cluster(tmp_path, 2) as (_, nannies, address):
        words = ("run", "small.yaml", "--out", "out", "--cluster", address)
        with Process(*words, folder=tmp_path) as process:
            for _ in range(kills):
                before = kept(out)
                until(lambda before=before: kept(out) > before, process)
                time.sleep(chance.uniform(0.0, 0.5))  # a moment of chance
                if (there := nannies.workers()) and kept(out) < UNITS and process.is_running():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(chance.choice(there), signal.SIGKILL)
                        met += 1
            all_done(process.wait(), tmp_path)
    same_study(out, reference())
    return met


@pytest.mark.long
def test_dask_workers_killed_at_random_moments(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    assert dask_workers_killed(tmp_path, random.Random(7), 1) > 0


@pytest.mark.endurance
@pytest.mark.timeout(3600)
def test_dask_workers_killed_very_often(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    chance, met = random.Random(8), 0
    while met < 20:
        shutil.rmtree(tmp_path / "out", ignore_errors=True)
        met += dask_workers_killed(tmp_path, chance, 5)


@pytest.mark.long
def test_the_dask_scheduler_killed(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    wanted = reference()
    (tmp_path / "small.yaml").write_text(SMALL, encoding="utf-8")
    with dask_cluster(tmp_path, 2) as (scheduler, _, address):
        words = ("run", "small.yaml", "--out", "out", "--cluster", address)
        with Process(*words, folder=tmp_path) as process:
            until(lambda: kept(tmp_path / "out") > 0, process)
            scheduler.kill()
            outcome = ending(process)
    assert outcome.code == 3
    assert "no Dask scheduler answers" in outcome.err
    assert "To go on: rlsabm resume out" in outcome.err
    assert "distributed" not in outcome.err  # what its log says is for others
    done = ledger(tmp_path / "out")["status"].value_counts()
    assert 0 < done["finished"] < UNITS
    assert find_status(tmp_path / "out", 0.005).state == "stopped"
    with Process("resume", "out", "--workers", "2", folder=tmp_path) as process:
        assert ending(process).code == 0
    same_study(tmp_path / "out", wanted)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nowhere", "missing.json"])
def test_no_dask_scheduler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rlsabm_command: Command, address: str
) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr("rlsabm.study.cluster.PATIENCE_SECONDS", 1.0)
    (tmp_path / "small.yaml").write_text(SMALL, encoding="utf-8")
    outcome = rlsabm_command("run", "small.yaml", "--out", "out", "--cluster", address)
    assert outcome.code == 2
    assert f"--cluster {address}" in outcome.err
    assert len(outcome.err.splitlines()) == 1
    assert kept(tmp_path / "out") == 0
    # What was refused does not stand in the way.
    at_once(tmp_path, tmp_path / "out")
    same_study(tmp_path / "out", reference())


# Whoever works, and in whatever order -------------------------------------------------------------


# Another cluster on this machine may show how it is at the port where Dask likes to do so.
@pytest.mark.filterwarnings("ignore:Port 8787 is already in use")
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"workers": 2}, id="2 processes", marks=pytest.mark.long),
        pytest.param({"workers": 4}, id="4 processes", marks=pytest.mark.long),
        pytest.param({"workers": 2, "cluster": "local"}, id="dask"),
        pytest.param({"workers": 4, "cluster": "local"}, id="dask 4", marks=pytest.mark.long),
    ],
)
def test_who_works_does_not_matter(tmp_path: Path, options: dict[str, Any]) -> None:
    if "cluster" in options:
        pytest.importorskip("distributed")
    report = run_study(resolved(tmp_path, SMALL), tmp_path / "out", Options(**options))
    assert report.status == "complete"
    same_study(tmp_path / "out", reference())


def test_replicates_and_draws_added_later(tmp_path: Path) -> None:
    out = tmp_path / "out"
    at_once(tmp_path, out, "runs.replicates=1")
    assert ledger(out)["replicate"].unique().tolist() == [0]
    at_once(tmp_path, out, "runs.replicates=1", add_replicates=1)
    same_study(out, reference())
    # Fewer than there are take nothing away.
    at_once(tmp_path, out, "runs.replicates=1")
    same_study(out, reference())
    at_once(tmp_path, out, f"runs.draws={MOST_DRAWS}")
    at_once(tmp_path, tmp_path / "wanted", f"runs.draws={MOST_DRAWS}")
    same_study(out, tmp_path / "wanted")


def test_units_in_any_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Units are handed out in another order than they stand in the tables."""
    from rlsabm.study.engine import Engine

    run = Engine.run

    def shuffled(engine: Engine, units: Any) -> None:
        run(engine, random.Random(9).sample(list(units), len(units)))

    monkeypatch.setattr(Engine, "run", shuffled)
    at_once(tmp_path, tmp_path / "out")
    same_study(tmp_path / "out", reference())


def test_tables_brought_up_to_date_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Merging after every unit changes nothing, and what is there can always be read."""
    import rlsabm.study.study as module

    wanted = reference()  # run before anything is watched
    for name in ("LEDGER_SECONDS", "TABLES_SECONDS"):
        monkeypatch.setattr(module, name, 0.0)
    monkeypatch.setattr("rlsabm.study.turns.MOST_SHARE", 1e9)
    seen = []
    keep_unit = module.StudyFolder.keep

    def keep(folder: Any, *arguments: Any) -> None:
        if (folder.path / "prevalence.parquet").exists():
            found = pd.read_parquet(folder.path / "prevalence.parquet")
            seen.append(len(found[["arm", "draw", "replicate"]].drop_duplicates()))
        keep_unit(folder, *arguments)

    monkeypatch.setattr(module.StudyFolder, "keep", keep)
    at_once(tmp_path, tmp_path / "out")
    same_study(tmp_path / "out", wanted)
    assert seen == sorted(seen)
    assert len(set(seen)) > 2


def test_who_is_told_how_it_goes_takes_little_of_the_time(tmp_path: Path) -> None:
    """As where there are so many units that counting them takes long."""
    seconds = 0.02
    shown = []

    class Slow:
        def begin(self, *_: Any) -> None: ...
        def tell(self, line: str) -> None: ...
        def show(self, *_: Any, compiling: bool = False) -> None:
            time.sleep(seconds)
            shown.append(time.monotonic())

    def work(job: Job, progress: Any) -> Any:
        for _ in range(100):
            progress(0, 0.0)
        return canned(store(), job)

    store()
    began = time.monotonic()
    study = resolved(tmp_path, SMALL)
    run_study(study, tmp_path / "out", Options(workers=1, work=work), watch=Slow())
    took = time.monotonic() - began
    assert 1 <= len(shown) <= 2 + took * MOST_SHARE / seconds


# A study again, elsewhere -------------------------------------------------------------------------


def test_a_manifest_runs_the_study_again(
    tmp_path: Path, rlsabm_command: Command, workplace: Path
) -> None:
    text = SMALL.replace("draws: 2, ", "").replace("replicates: 2, ", "")
    (tmp_path / "small.yaml").write_text(text, encoding="utf-8")
    assert rlsabm_command("run", "small.yaml", "--out", "out", "--workers", "1").code == 0
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.copy(tmp_path / "out" / "manifest.json", elsewhere / "copied.json")
    (tmp_path / "small.yaml").unlink()
    for file, out in (("out/manifest.json", "again"), ("elsewhere/copied.json", "copied")):
        outcome = rlsabm_command("run", file, "--out", out, "--workers", "1")
        assert outcome.code == 0, outcome.err
        same_study(tmp_path / out, tmp_path / "out")


def test_a_study_takes_its_country_along(
    tmp_path: Path, rlsabm_command: Command, workplace: Path
) -> None:
    """Even where the folder of the country is gone, and the study's folder elsewhere."""
    text = of_own_country(tmp_path).replace("draws: 2, ", "").replace("replicates: 2, ", "")
    (tmp_path / "small.yaml").write_text(text, encoding="utf-8")
    assert rlsabm_command("run", "small.yaml", "--out", "out", "--workers", "1").code == 0
    moved = tmp_path / "moved" / "study"
    moved.parent.mkdir()
    shutil.move(tmp_path / "out", moved)
    shutil.rmtree(tmp_path / "home")
    (tmp_path / "small.yaml").unlink()
    again = ("moved/study/manifest.json", "--out", "again", "--workers", "1")
    outcome = rlsabm_command("run", *again)
    assert outcome.code == 0, outcome.err
    same_study(tmp_path / "again", moved)
    outcome = rlsabm_command("resume", "moved/study")
    assert outcome.code == 0, outcome.err
    outcome = rlsabm_command("run", "moved/study/manifest.json", "--out", "moved/study")
    assert outcome.code == 0, outcome.err
    words = ("--out", "moved/study", "--workers", "1", "--add-replicates", "1")
    outcome = rlsabm_command("run", "moved/study/manifest.json", *words)
    assert outcome.code == 0, outcome.err
    assert len(ledger(moved)) == 2 * 2 * 2
    # The manifest alone does not have the country's tables, and says so.
    (tmp_path / "alone").mkdir()
    shutil.copy(tmp_path / "again" / "manifest.json", tmp_path / "alone")
    outcome = rlsabm_command("run", "alone/manifest.json", "--out", "other", "--workers", "1")
    assert outcome.code == 2
    assert "population.country" in outcome.err
    assert not (tmp_path / "other").exists()


def of_home(folder: Path) -> Path:
    """A finished study of a country of one's own, ``home``, which lies beside it."""
    shutil.copytree(shared("of home", _run_of_home), folder, dirs_exist_ok=True)
    return folder / "out"


def _run_of_home(folder: Path) -> None:
    study = resolved(folder, of_own_country(folder))
    run_study(study, folder / "out", Options(workers=1, work=partial(canned, store())))


def test_a_manifest_with_another_country(tmp_path: Path) -> None:
    """What is changed goes before what the study has kept."""
    file = of_home(tmp_path) / "manifest.json"
    assert files_of_country(read_scenario(file)) == {
        path.name: path.read_bytes() for path in (tmp_path / "home").iterdir()
    }
    for name in ("germany", "denmark", "united-states"):
        for study in (
            read_scenario(file, [f"population.country={name}"]),
            read_scenario(file, changes={"population.country": name}),
        ):
            assert country_of(study).fingerprint == load_country(name).fingerprint
            assert files_of_country(study) == {}
    other = shutil.copytree(COUNTRIES / "denmark", tmp_path / "other")
    study = read_scenario(file, [f"population.country={other}"])
    assert country_of(study).name == "Denmark"


def test_a_manifest_beside_the_country_of_somebody_else(tmp_path: Path) -> None:
    """It stands for the country that ships, whatever has its name or that of a folder of studies."""
    shutil.copy(reference() / "manifest.json", tmp_path / "copied.json")
    shutil.copy(reference() / "manifest.json", tmp_path)
    for name in ("country", "united-states"):
        shutil.copytree(COUNTRIES / "denmark", tmp_path / name)
    for file in ("copied.json", "manifest.json"):
        study = read_scenario(tmp_path / file)
        assert country_of(study).name == "United States"
        assert files_of_country(study) == {}
        assert input_hash(study) == manifest(reference())["input_hash"]
    # One's own, whose name is that of one that ships.
    of_own_country(tmp_path)
    (tmp_path / "home").rename(tmp_path / "germany")
    text = SMALL.replace("{size", "{country: germany, size")
    out = tmp_path / "germany of mine"
    work = partial(canned, store())
    run_study(resolved(tmp_path, text), out, Options(workers=1, work=work))
    assert country_of(read_scenario(out / "manifest.json")).name == "United States"
    shutil.rmtree(out / "country")
    with pytest.raises(UserError, match=r"mine/country: the country of the study is missing"):
        country_of(read_scenario(out / "manifest.json"))


def altered(folder: Path) -> None:
    (folder / "mortality.csv").write_bytes((folder / "mortality.csv").read_bytes() + b"\n")


def without_a_file(folder: Path) -> None:
    (folder / "fertility.csv").unlink()


def of_another(folder: Path) -> None:
    shutil.copytree(COUNTRIES / "denmark", folder, dirs_exist_ok=True)


@pytest.mark.parametrize("damage", [altered, without_a_file, of_another, shutil.rmtree])
def test_a_country_that_is_damaged(
    tmp_path: Path,
    rlsabm_command: Command,
    workplace: Path,
    damage: Callable[[Path], None],
) -> None:
    """It is noticed, never run, and put back by whoever runs the scenario again."""
    out = of_home(tmp_path)
    shutil.copytree(out, tmp_path / "wanted")
    (out / "country" / "notes.txt").write_text("an evening's work")
    damage(out / "country")
    shown = rlsabm_command("status", "out")
    assert (shown.code, "damaged" in shown.out, "country/" in shown.out) == (0, True, True)
    assert "country/" in rlsabm.read("out").missing or damage is of_another
    before = contents(tmp_path)
    for words in (
        ["run", "out/manifest.json", "--out", "again"],
        ["resume", "out"],
        ["check", "out/manifest.json"],
    ):
        refused(rlsabm_command(*words), "out/country: ", "put its files back")
    with pytest.raises(UserError, match=r"out/country: (its tables|the country)"):
        rlsabm.simulate("out/manifest.json")
    assert contents(tmp_path) == before
    told = rlsabm_command("run", "small.yaml", "--out", "out")
    assert (told.code, "country/" in told.err) == (0, True), told
    assert find_status(out, 0.005).faults == {}
    kept, wanted = files(out / "country"), files(tmp_path / "wanted" / "country")
    assert kept.pop("notes.txt", b"an evening's work") == b"an evening's work"
    assert kept == wanted == files(tmp_path / "home")
    same_study(out, tmp_path / "wanted")


def test_a_study_before_countries_had_checksums(tmp_path: Path) -> None:
    out = of_home(tmp_path)
    content = manifest(out)
    content["files"] = {n: mark for n, mark in content["files"].items() if "/" not in n}
    (out / "manifest.json").write_text(json.dumps(content))
    assert find_status(out, 0.005).faults.keys() == {f"country/{n}" for n in FILES_OF_A_COUNTRY}
    study = read_scenario(out / "manifest.json")
    assert files_of_country(study) == files(tmp_path / "home")
    assert run_study(study, out).status == "complete"
    assert set(manifest(out)["files"]) > {f"country/{name}" for name in FILES_OF_A_COUNTRY}
    altered(out / "country")
    (out / "manifest.json").write_text(json.dumps(content))
    with pytest.raises(
        UserError, match=r"out/country: its tables, or the scenario in manifest\.json, are"
    ):
        country_of(read_scenario(out / "manifest.json"))


# Two at a time ------------------------------------------------------------------------------------


def test_a_folder_belongs_to_one_process(
    tmp_path: Path, rlsabm_command: Command, workplace: Path
) -> None:
    import socket

    wanted = reference()
    (tmp_path / "small.yaml").write_text(SMALL, encoding="utf-8")
    words = ("run", "small.yaml", "--out", "out", "--workers", "1")
    with Process(*words, folder=tmp_path) as process:
        until(lambda: kept(tmp_path / "out") > 0, process)
        for second in (words, ("resume", "out"), (*words, "--replace")):
            outcome = rlsabm_command(*second)
            assert outcome.code == 2
            assert f"process {process.pid} on {socket.gethostname()}" in outcome.err
            assert len(outcome.err.splitlines()) == 1
        assert ending(process).code == 0
    same_study(tmp_path / "out", wanted)


def test_looking_does_not_keep_others_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks how a study stands that was killed holds its lock for an instant."""
    lock, refused = portalocker.lock, []

    def busy_at_first(descriptor: int, how: LockFlags) -> None:
        if not refused and how & LockFlags.EXCLUSIVE:
            refused.append(descriptor)
            raise portalocker.AlreadyLocked
        lock(descriptor, how)

    monkeypatch.setattr(portalocker, "lock", busy_at_first)
    at_once(tmp_path, tmp_path / "out")
    assert refused
    same_study(tmp_path / "out", reference())


# Signals ------------------------------------------------------------------------------------------


def gone_soon(process: Process) -> None:
    """Nothing of a family is left within 2 seconds, or a little more where all are busy."""
    deadline = time.monotonic() + 2.0
    while (left := process.family()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left == []


#: How a study is asked to end: the signal, to all of its processes or to the first, who works.
ENDINGS = [
    pytest.param(
        *(signal.SIGINT, True, ("--workers", "2")),
        id="interrupted on a terminal",
        marks=pytest.mark.long,
    ),
    pytest.param(
        signal.SIGTERM, False, ("--workers", "2"), id="terminated", marks=pytest.mark.long
    ),
    pytest.param(signal.SIGINT, False, ("--workers", "1"), id="one process"),
    pytest.param(
        *(signal.SIGHUP, True, ("--workers", "2")), id="terminal closed", marks=pytest.mark.long
    ),
    pytest.param(
        signal.SIGTERM, True, ("--workers", "2"), id="all terminated", marks=pytest.mark.long
    ),
    pytest.param(
        signal.SIGTERM, False, ("--workers", "1"), id="one terminated", marks=pytest.mark.long
    ),
    *(
        pytest.param(
            number,
            of_all,
            ("--workers", "2", "--cluster", "local"),
            id=name,
            marks=pytest.mark.long,
        )
        for number, of_all, name in (
            (signal.SIGINT, True, "dask on a terminal"),
            (signal.SIGINT, False, "dask interrupted"),
            (signal.SIGTERM, False, "dask terminated"),
        )
    ),
]


@pytest.mark.parametrize(("number", "of_all", "words"), ENDINGS)
def test_asked_to_end(tmp_path: Path, number: int, of_all: bool, words: tuple[str, ...]) -> None:
    pytest.importorskip("psutil")
    if "--cluster" in words:
        pytest.importorskip("distributed")
    (tmp_path / "small.yaml").write_text(ENDLESS, encoding="utf-8")
    out = tmp_path / "out"
    with Process("run", "small.yaml", "--out", "out", *words, folder=tmp_path) as process:
        until(lambda: kept(out) > 0, process)
        (process.signal_all if of_all else process.signal)(number)
        outcome = ending(process)
        gone_soon(process)
    assert outcome.code == 130, outcome
    assert outcome.out == ""
    said = outcome.err.splitlines()
    assert len(said) == 1, outcome.err
    assert said[0].startswith("Stopped. ")
    assert said[0].endswith("To go on: rlsabm resume out")
    assert manifest(out)["status"] == "stopped"
    status = find_status(out, 0.005)
    assert status.state == "stopped"
    assert status.counts()["finished"] == manifest(out)["units"]["finished"] > 0
    assert set(ledger(out)["status"]) <= {"finished", "waiting"}
    # What has finished is in the tables, and the rest can be run.
    whole = (
        ledger(out)
        .query("status == 'finished'")
        .groupby(["draw", "replicate", "arm"], observed=True)
    )
    if (whole["block"].count() == 2).any():
        assert (out / "shifts.parquet").exists()
    report = run_study(study_in(out), out, Options(workers=1, work=fail_at_once))
    assert report.found == status.counts()["finished"]


def fail_at_once(job: Any, progress: Any = None) -> Any:
    """Work that is none."""
    raise RuntimeError("not now")


def test_asked_to_end_in_the_moment_in_which_a_unit_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the folder has is counted, although it was not yet written down."""
    import rlsabm.results.files as files

    sync, out = files.sync_folder, tmp_path / "out"

    def interrupted(folder: Path) -> None:
        sync(folder)
        if kept(out) == 2:
            monkeypatch.undo()
            raise KeyboardInterrupt

    monkeypatch.setattr(files, "sync_folder", interrupted)
    with pytest.raises(KeyboardInterrupt):
        at_once(tmp_path, out)
    assert manifest(out)["units"]["finished"] == 2
    assert ledger(out)["seconds"].notna().sum() == 2
    at_once(tmp_path, out)
    same_study(out, reference())


@pytest.mark.long
def test_asked_to_end_again_and_again(tmp_path: Path) -> None:
    """Whoever is impatient breaks nothing."""
    pytest.importorskip("psutil")
    (tmp_path / "small.yaml").write_text(ENDLESS, encoding="utf-8")
    out = tmp_path / "out"
    words = ("run", "small.yaml", "--out", "out", "--workers", "2")
    with Process(*words, folder=tmp_path) as process:
        until(lambda: kept(out) > 2, process)
        for _ in range(20):
            process.signal_all(signal.SIGINT)
            time.sleep(0.05)
        outcome = process.wait()
        gone_soon(process)
    assert outcome.code in (130, -signal.SIGINT), outcome
    assert "Traceback" not in outcome.err, outcome.err
    assert find_status(out, 0.005).state == "stopped"


@pytest.mark.parametrize("units", [pytest.param(0, marks=pytest.mark.long), 1])
@pytest.mark.parametrize(
    "crew",
    [
        pytest.param((), id="processes"),
        pytest.param(("--cluster", "local"), id="dask", marks=pytest.mark.long),
    ],
)
def test_workers_end_when_nobody_wants_them(
    tmp_path: Path, units: int, crew: tuple[str, ...]
) -> None:
    """Their parent is killed while they work, or while they still begin; the lock is free at once."""
    pytest.importorskip("psutil")
    if crew:
        pytest.importorskip("distributed")
    (tmp_path / "small.yaml").write_text(ENDLESS, encoding="utf-8")
    out = tmp_path / "out"
    words = ("run", "small.yaml", "--out", "out", "--workers", "2", *crew)
    with Process(*words, folder=tmp_path) as process:
        until(lambda: len(process.workers()) == 2 and kept(out) >= units, process)
        process.kill()
        status = find_status(out, 0.005) if units else None
        report = run_study(resolved(tmp_path, ENDLESS), out, Options(workers=1, work=fail_at_once))
        gone_soon(process)
    assert report.found >= units
    if status is not None:
        assert status.state == "stopped"
        assert status.holder == ""


# Reading meanwhile --------------------------------------------------------------------------------


def test_reading_while_it_runs(tmp_path: Path, rlsabm_command: Command, workplace: Path) -> None:
    """Tables, line lists, ledger and status can be read at any moment of a run and of its end."""
    (tmp_path / "small.yaml").write_text(SMALL, encoding="utf-8")
    out = tmp_path / "out"
    states, finished, read = [], [], set()
    with Process("run", "small.yaml", "--out", "out", "--workers", "2", folder=tmp_path) as process:
        until(lambda: (out / "runs.parquet").exists(), process)
        while process.is_running():
            status = find_status(out, 0.005)
            states.append(status.state)
            finished.append(status.counts()["finished"])
            assert sum(status.counts().values()) == UNITS
            for path in (*out.glob("*.parquet"), *(out / name for name in ("persons", "events"))):
                if path.is_file():
                    with path.open("rb") as file:  # pandas opens a path twice
                        pd.read_parquet(file)
                    read.add(path.name)
                elif any(path.glob("*.parquet")):
                    pd.read_parquet(path)
                    read.add(path.name)
            if len(states) == 5:
                shown = rlsabm_command("status", "out")
                asked = json.loads(rlsabm_command("status", "out", "--json").out)
                assert shown.code == 0
                if process.is_running():
                    assert "running" in shown.out
                    assert f"process {process.pid}" in shown.out
                    assert asked["status"] == "running"
            time.sleep(0.05)  # or looking would take as much of the processor as the study
        assert ending(process).code == 0
    first_after = states.index("complete") if "complete" in states else len(states)
    assert set(states[:first_after]) == {"running"}
    assert set(states[first_after:]) <= {"complete"}
    assert finished == sorted(finished)
    assert {"runs.parquet", "persons", "events"} <= read
    asked = json.loads(rlsabm_command("status", "out", "--json").out)
    assert asked["status"] == "complete"
    assert asked["units"] == {"waiting": 0, "running": 0, "finished": UNITS, "failed": 0}
    assert asked["failed"] == []
    assert asked["seconds_left"] is None
    assert asked["precision"]
    same_study(out, reference())
