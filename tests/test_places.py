"""Where results go: folders, links, and disks that are full or cannot be written."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from command_tools import (
    SMALL,
    TWICE,
    by_replicate,
    contents,
    files,
    mounted_disk,
    nothing_but_a_study,
    refused,
)
from conftest import Command, typed
from study_tools import ledger, manifest, tables

import rlsabm
import rlsabm.results.files as files_module
import rlsabm.study.job as job_module
from rlsabm.errors import UserError


def test_the_same_study_again(rlsabm_command: Command, workplace: Path, done: Path) -> None:
    before = contents(workplace)
    outcome = rlsabm_command("run", "asked.yaml")
    assert (outcome.code, outcome.err) == (0, "")
    assert "everyone" in outcome.out
    assert "The run had finished before.\nResults: " in outcome.out
    assert contents(workplace) == before
    nothing_but_a_study(done)


def test_another_study_is_kept(rlsabm_command: Command, workplace: Path, done: Path) -> None:
    before = contents(workplace)
    outcome = rlsabm_command("run", "asked.yaml", "--set", "runs.seed=3")
    refused(outcome, "outputs/asked", "other settings", "--out", "--replace")
    outcome = rlsabm_command("run", "scenarios/dialysis.yaml", "--out", "outputs/asked")
    refused(outcome, "holds the study 'asked'", "--out", "--replace")
    assert contents(workplace) == before
    assert rlsabm_command("run", "asked.yaml", "--set", "runs.seed=3", "--replace").code == 0
    assert json.loads((done / "manifest.json").read_text())["seeds"]["root"] == "3"


def test_a_folder_with_other_files_is_kept(rlsabm_command: Command, workplace: Path) -> None:
    (workplace / "asked.yaml").write_text(SMALL)
    (workplace / "thesis").mkdir()
    (workplace / "thesis" / "chapter.txt").write_text("years of work")
    (workplace / "measured" / "units").mkdir(parents=True)
    (workplace / "measured" / "units" / "first.txt").write_text("years of work")
    before = contents(workplace)
    for words in (
        ["--out", "thesis"],
        ["--out", "thesis", "--replace"],
        ["--out", "measured"],
        ["--out", "."],
    ):
        refused(rlsabm_command("run", "asked.yaml", *words), "no study", "--out")
    refused(rlsabm_command("run", "asked.yaml", "--out", "asked.yaml"), "asked.yaml: is a file")
    assert contents(workplace) == before


def test_files_added_to_a_study_are_kept(
    rlsabm_command: Command, workplace: Path, done: Path
) -> None:
    (done / "figure.txt").write_text("an evening's work")
    rlsabm_command("run", "asked.yaml")
    rlsabm_command("run", "asked.yaml", "--set", "runs.seed=3", "--replace")
    kept = [path for path in workplace.rglob("figure.txt") if not path.is_symlink()]
    assert [path.read_text() for path in kept] == ["an evening's work"]
    assert manifest(done)["seeds"]["root"] == "3"
    assert manifest(done)["status"] == "complete"
    nothing_but_a_study(done)


@pytest.mark.parametrize(
    "place",
    [
        "/proc/results",
        "asked.yaml/results",
        pytest.param("a" * 300, id="name too long"),
    ],
)
def test_places_that_cannot_be_written(
    rlsabm_command: Command, workplace: Path, place: str
) -> None:
    (workplace / "asked.yaml").write_text(SMALL)
    before = contents(workplace)
    refused(rlsabm_command("run", "asked.yaml", "--out", place), place, "cannot be written")
    assert contents(workplace) == before


def test_a_place_with_a_long_name(rlsabm_command: Command, workplace: Path) -> None:
    (workplace / "asked.yaml").write_text(SMALL)
    assert rlsabm_command("run", "asked.yaml", "--out", "a" * 250).code == 0
    assert manifest(workplace / ("a" * 250))["status"] == "complete"


@pytest.fixture
def small_disk(workplace: Path) -> Iterator[Path]:
    """A disk of 64 kB."""
    disk = workplace / "disk"
    disk.mkdir()
    with mounted_disk(disk, "64k"):
        yield disk


def resized(disk: Path, size: str) -> None:
    """Give a disk another size."""
    subprocess.run(["mount", "-o", f"remount,size={size}", str(disk)], check=True)


def test_a_disk_without_room_for_the_ledger(
    rlsabm_command: Command, workplace: Path, small_disk: Path
) -> None:
    (workplace / "asked.yaml").write_text(SMALL)
    resized(small_disk, "64k")
    outcome = rlsabm_command("run", "asked.yaml", "--out", "disk/results")
    refused(outcome, "disk/results: cannot be written", "No space left on device")
    assert list(small_disk.iterdir()) == []


def test_a_disk_that_is_too_small(
    rlsabm_command: Command, workplace: Path, small_disk: Path
) -> None:
    """With room for all but the tables of a run."""
    (workplace / "asked.yaml").write_text(SMALL)
    resized(small_disk, "640k")
    outcome = rlsabm_command("run", "asked.yaml", "--out", "disk/results")
    assert outcome.code == 3, outcome
    assert outcome.out == ""
    assert "Traceback" not in outcome.err
    assert "0 of 1 runs have finished, 1 failed" in outcome.err
    assert "cannot be written: No space left on device" in outcome.err
    assert "rlsabm resume disk/results" in outcome.err
    results = small_disk / "results"
    assert manifest(results)["status"] == "incomplete"
    assert list(ledger(results)["error"]) == ["cannot be written: No space left on device"]
    outcome = rlsabm_command("status", "disk/results")
    assert outcome.code == 0
    assert "complete" not in outcome.out.replace("incomplete", "")
    resized(small_disk, "4m")
    outcome = rlsabm_command("resume", "disk/results")
    assert (outcome.code, outcome.err) == (0, "")
    assert manifest(results)["status"] == "complete"
    assert rlsabm_command("run", "asked.yaml", "--out", "elsewhere").code == 0
    assert tables(results) == tables(workplace / "elsewhere")
    nothing_but_a_study(results)


def test_a_disk_that_becomes_full_with_a_large_table(
    rlsabm_command: Command, workplace: Path, small_disk: Path
) -> None:
    """What finished, and that the study is not complete, is written down nevertheless."""
    text = SMALL + "runs: {replicates: 12}\n"
    (workplace / "asked.yaml").write_text(text)
    resized(small_disk, "6000k")
    outcome = rlsabm_command("run", "asked.yaml", "--workers", "1", "--out", "disk/results")
    assert outcome.code == 3, outcome
    assert "the tables cannot be written: No space left on device" in outcome.err
    assert "rlsabm resume disk/results" in outcome.err
    results = small_disk / "results"
    assert list(results.glob(".*unfinished")) == []
    assert manifest(results)["status"] == "incomplete"
    assert set(ledger(results)["status"]) == {"finished"}
    resized(small_disk, "16m")
    assert rlsabm_command("resume", "disk/results").code == 0
    assert manifest(results)["status"] == "complete"
    assert (ledger(results)["attempts"] == 1).all()
    nothing_but_a_study(results)


def test_a_disk_that_is_read_only(
    rlsabm_command: Command, workplace: Path, small_disk: Path
) -> None:
    (workplace / "asked.yaml").write_text(SMALL)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    outcome = rlsabm_command("run", "asked.yaml", "--out", "disk/results")
    refused(outcome, "disk/results: cannot be written", "Read-only file system")
    assert list(small_disk.iterdir()) == []


def test_a_disk_mounted_at_the_very_place(
    rlsabm_command: Command, workplace: Path, small_disk: Path
) -> None:
    """As ``docker run -v results:/results`` does: the folder itself cannot be renamed."""
    (workplace / "asked.yaml").write_text(SMALL + "observe: {by: []}\n")
    resized(small_disk, "4m")
    outcome = rlsabm_command("run", "asked.yaml", "--out", "disk")
    assert outcome.code == 0, outcome.err
    assert manifest(small_disk)["status"] == "complete"
    nothing_but_a_study(small_disk)
    assert sorted(path.name for path in workplace.iterdir()) == ["asked.yaml", "disk", "scenarios"]


def test_a_link_to_the_place(rlsabm_command: Command, workplace: Path) -> None:
    (workplace / "asked.yaml").write_text(SMALL)
    (workplace / "large disk").mkdir()
    (workplace / "results").symlink_to("large disk")
    assert rlsabm_command("run", "asked.yaml", "--out", "results").code == 0
    assert (workplace / "large disk" / "manifest.json").exists()
    assert (workplace / "results").is_symlink()


@pytest.mark.parametrize("place", ["~", "~/zz", "run:1", "file:x"])
def test_names_that_libraries_take_for_other_places(
    rlsabm_command: Command,
    workplace: Path,
    done: Path,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
) -> None:
    """The home folder, and addresses."""
    monkeypatch.setenv("HOME", str(workplace / "home"))
    shutil.copytree(done, workplace / place)
    for words in (
        ["run", "asked.yaml", "--out", place],
        ["resume", place, "--add-replicates", "1", "--workers", "1"],
        ["status", place],
        ["compare", place, "asked"],
        ["export", place],
    ):
        outcome = rlsabm_command(*words)
        assert (outcome.code, outcome.err) == (0, ""), words
    read = rlsabm.read(place)
    assert read.missing == ""
    assert set(read.table("prevalence")["replicate"]) == {0, 1}
    assert not (workplace / "home").exists()


def test_tables_are_read_from_open_files() -> None:
    """Whoever gives a library the name of a file may get another."""
    package = Path(rlsabm.__file__).parent
    for path in package.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert "pd.read_" not in text, path
        assert re.findall(r"pq\.\w+\((?!file\b|table, file\b)", text) == [], path


def linked(path: Path) -> None:
    path.symlink_to(path.parents[2] / "asked.yaml")


def linked_to_nothing(path: Path) -> None:
    path.symlink_to(path.parents[2] / "nothing")


@pytest.mark.parametrize("make", [linked, linked_to_nothing, os.mkfifo, Path.mkdir])
def test_a_lock_is_a_file_of_the_folder(
    rlsabm_command: Command, workplace: Path, done: Path, make: Callable[[Path], None]
) -> None:
    """What a link leads to is not written over, and nobody waits for what a pipe brings."""
    make(done / ".lock")
    before = files(workplace)
    for words in (
        ["run", "asked.yaml"],
        ["run", "asked.yaml", "--replace"],
        ["resume", "asked"],
        ["status", "asked"],
        ["export", "asked"],
    ):
        refused(rlsabm_command(*words), "outputs/asked/.lock: is not a file")
    with pytest.raises(UserError, match=r"\.lock: is not a file"):
        rlsabm.read("asked")
    assert files(workplace) == before


@pytest.mark.parametrize("name", ["units", "persons", ".handed-over", ".units-merged"])
def test_a_link_within_a_study(
    rlsabm_command: Command, workplace: Path, done: Path, name: str
) -> None:
    """Nothing is written where it leads."""
    mine = workplace / "mine"
    mine.mkdir()
    (mine / "notes.txt").write_text("an evening's work")
    (done / name).symlink_to(mine)
    before = contents(workplace)
    for words in (["run", "asked.yaml", *TWICE], ["resume", "asked", "--add-replicates", "1"]):
        refused(rlsabm_command(*words), f"outputs/asked/{name}: is a link")
    assert contents(workplace) == before
    assert rlsabm_command("run", "asked.yaml", "--replace").code == 0
    assert [path.name for path in mine.iterdir()] == ["notes.txt"]
    nothing_but_a_study(done)


def test_a_disk_without_room_for_the_lock(
    rlsabm_command: Command, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (workplace / "asked.yaml").write_text(SMALL)

    def fail(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    before = contents(workplace)
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", fail)
        outcome = rlsabm_command("run", "asked.yaml", "--out", "some/new place")
    refused(outcome, "some/new place: cannot be written: No space left on device")
    assert contents(workplace) == before


#: Makes the disk full for files whose path has this, or no file at all.
Fill = Callable[[str | None], None]


@pytest.fixture
def fill(monkeypatch: pytest.MonkeyPatch) -> Fill:
    """A disk that can be made full, for some files only."""
    write = files_module._write

    def fill(pattern: str | None) -> None:
        def fail(path: Path, content: bytes) -> None:
            if pattern is None or not re.search(pattern, str(path)):
                return write(path, content)
            path.write_bytes(content[: len(content) // 2])
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(files_module, "_write", fail)

    return fill


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        (["--out", "some/new place"], True),
        (TWICE, True),
        (["--set", "runs.seed=3", "--replace"], False),
    ],
)
@pytest.mark.parametrize("full", ["", r"\.manifest\.json"])
def test_a_disk_that_is_full_from_the_start(
    rlsabm_command: Command,
    workplace: Path,
    done: Path,
    fill: Fill,
    full: str,
    words: list[str],
    kept: bool,
) -> None:
    """What is there stays, unless it was to be replaced."""
    before = tables(workplace)
    fill(full)
    outcome = rlsabm_command("run", "asked.yaml", *words)
    refused(outcome, "cannot be written", "No space left on device")
    assert not (workplace / "some" / "new place" / "manifest.json").exists()
    assert list(workplace.rglob("*unfinished")) == []
    if kept:
        assert tables(workplace) == before
        assert manifest(done)["status"] == "complete"
    fill(None)
    assert rlsabm_command("run", "asked.yaml", *words).code == 0


def test_a_disk_that_is_full_when_a_run_ends(
    rlsabm_command: Command, done: Path, fill: Fill, twice: dict[str, bytes]
) -> None:
    before = tables(done)
    fill("/units/")
    outcome = rlsabm_command("run", "asked.yaml", *TWICE)
    assert outcome.code == 3, outcome
    assert "Traceback" not in outcome.err
    reason = "cannot be written: No space left on device"
    assert f"failed: reference, draw 0, replicate 1: {reason}" in outcome.err
    assert "1 of 2 runs have finished, 1 failed" in outcome.err
    assert "rlsabm resume outputs/asked" in outcome.err
    assert "everyone" in outcome.out
    assert tables(done) == before
    assert manifest(done)["status"] == "incomplete"
    assert by_replicate(done, "status") == ["finished", "failed"]
    assert by_replicate(done, "error") == ["", reason]
    fill(None)
    outcome = rlsabm_command("resume", "outputs/asked")
    assert (outcome.code, outcome.err) == (0, "")
    assert tables(done) == twice
    assert manifest(done)["status"] == "complete"
    assert by_replicate(done, "status") == ["finished", "finished"]
    assert by_replicate(done, "attempts") == [1, 2]
    nothing_but_a_study(done)


@pytest.mark.parametrize("table", ["contrasts", "shifts"])
def test_a_disk_that_is_full_when_tables_are_written(
    rlsabm_command: Command, done: Path, fill: Fill, twice: dict[str, bytes], table: str
) -> None:
    fill(rf"\.{table}\.parquet")
    outcome = rlsabm_command("run", "asked.yaml", *TWICE)
    assert outcome.code == 3, outcome
    assert "Traceback" not in outcome.err
    assert "the tables cannot be written: No space left on device" in outcome.err
    assert "rlsabm resume outputs/asked" in outcome.err
    assert manifest(done)["status"] == "incomplete"
    assert by_replicate(done, "status") == ["finished", "finished"]
    assert list(done.glob(".*unfinished")) == []
    fill(None)
    outcome = rlsabm_command("resume", "outputs/asked")
    assert (outcome.code, outcome.err) == (0, "")
    assert tables(done) == twice
    assert manifest(done)["status"] == "complete"
    assert by_replicate(done, "attempts") == [1, 1]
    nothing_but_a_study(done)


def test_an_output_folder_that_vanishes_meanwhile(
    rlsabm_command: Command, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The study is whole, or said not to be."""
    (workplace / "asked.yaml").write_text(SMALL)
    run_unit = job_module.run_unit

    def run_and_remove(*arguments: Any, **options: Any) -> Any:
        shutil.rmtree(workplace / "outputs")
        return run_unit(*arguments, **options)

    monkeypatch.setattr(job_module, "run_unit", run_and_remove)
    outcome = rlsabm_command("run", "asked.yaml")
    assert "Traceback" not in outcome.err
    assert outcome.code in (0, 2, 3)
    if outcome.code == 0:
        names = {path.name for path in (workplace / "outputs" / "asked").iterdir()}
        assert {"manifest.json", "scenario.yaml", "runs.parquet", "prevalence.parquet"} <= names
    monkeypatch.undo()
    monkeypatch.chdir(workplace)
    assert typed("run", "asked.yaml", folder=workplace).code == 0
