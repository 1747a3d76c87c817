"""The command line: what a stranger types, and what each mistake answers."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pandas as pd
import pytest
from conftest import CHECKOUT, Command, Outcome, Study, environment, typed

import rlsabm.results.files as files_module
import rlsabm.study.folder as folder_module
import rlsabm.study.job as job_module
import rlsabm.study.study as study_module
from rlsabm.cli import app
from rlsabm.parameters.countries import COUNTRIES
from rlsabm.study.settings import read_scenario

SMALL = "title: t\npopulation: {size: 300}\n"
SHIPPED = sorted(path.name for path in (CHECKOUT / "scenarios").glob("*.yaml"))
VERBS = sorted(command.callback.__name__ for command in app.registered_commands)


def contents(folder: Path) -> dict[str, bytes | None]:
    """Every file below a folder with its bytes, and every folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


def files(folder: Path) -> dict[str, bytes | None]:
    """Every file below a folder with its bytes."""
    return {name: content for name, content in contents(folder).items() if content is not None}


def refused(outcome: Outcome, *words: str, lines: int = 1) -> None:
    """Exit code 2, one line on standard error and nothing else."""
    assert "Traceback" not in outcome.err
    assert outcome.code == 2, outcome
    assert outcome.out == ""
    assert len(outcome.err.splitlines()) == lines, outcome.err
    assert outcome.err.startswith("error: ")
    for word in words:
        assert word in outcome.err


# Mistakes in a scenario ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("title: t\nsize: 5\n", ["asked.yaml:2", "unknown key", "did you mean population.size?"]),
        ("title: t\npopulation: {siz: 5}\n", ["asked.yaml:2", "population.size"]),
        ("title: 5\n", ["asked.yaml:1", "title", "found 5"]),
        ("title: t\npopulation: {size: many}\n", ["asked.yaml:2", "'many'", "whole number"]),
        ("title: t\npopulation: {size: -5}\n", ["asked.yaml:2", "-5", "from 100"]),
        ("title: t\npopulation: {size: 0}\n", ["asked.yaml:2", "found 0", "from 100"]),
        ("title: t\nruns: {seed: -1}\n", ["asked.yaml:2", "runs.seed", "-1"]),
        ("title: t\nruns: {replicates: 0}\n", ["asked.yaml:2", "runs.replicates"]),
        ("title: t\nobserve: {persons: 1.5}\n", ["asked.yaml:2", "observe.persons", "0 to 1"]),
        ("title: t\nbase: basline\n", ["asked.yaml:2", "'basline'", "did you mean baseline?"]),
        ("title: t\nbase: asked\n", ["asked.yaml:2", "circle"]),
        ("title: t\nparameters: {absorption: 1}\n", ["asked.yaml:2", "unknown parameter"]),
        ("title: t\nparameters: {deficit_effect: -1}\n", ["asked.yaml:2", "deficit_effect", "-1"]),
        ("title: t\narms: {a: {population.size: 9}}\n", ["asked.yaml:2", "cannot differ"]),
        ("title: t\n population: 5\n", ["asked.yaml:2"]),
        ("", ["asked.yaml: is empty"]),
        ("\0\1\2", ["asked.yaml: is a binary file"]),
    ],
)
@pytest.mark.parametrize("verb", ["run", "check", "show"])
def test_mistakes_in_a_scenario(
    rlsabm_command: Command, workplace: Path, verb: str, text: str, words: list[str]
) -> None:
    (workplace / "asked.yaml").write_text(text)
    before = contents(workplace)
    refused(rlsabm_command(verb, "asked.yaml"), *words)
    assert contents(workplace) == before


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("observe: {years: [1950]}", ["observe.years", "1950", "1990 to 2023"]),
        ("observe: {years: [2019, 2050]}", ["observe.years", "2050"]),
        ("population: {country: narnia}", ["population.country", "'narnia'", "germany"]),
        ("population: {country: germny}", ["population.country", "did you mean 'germany'?"]),
        (
            "conditions.blood_donation.jurisdiction: narnia",
            ["conditions.blood_donation.jurisdiction", "'narnia'", "denmark"],
        ),
        (
            "arms: {a: {conditions.blood_donation.jurisdiction: narnia}}",
            ["conditions.blood_donation.jurisdiction", "'narnia'"],
        ),
        (
            "population: {size: 100_000_000, block_size: 10_000_000}",
            ["population.block_size", "GiB"],
        ),
    ],
)
@pytest.mark.parametrize("verb", ["run", "check"])
def test_what_the_tables_do_not_have(
    rlsabm_command: Command,
    workplace: Path,
    monkeypatch: pytest.MonkeyPatch,
    verb: str,
    text: str,
    words: list[str],
) -> None:
    pages = os.sysconf("SC_PAGE_SIZE")
    monkeypatch.setattr(os, "sysconf", lambda name: pages if name == "SC_PAGE_SIZE" else 2**20)
    (workplace / "asked.yaml").write_text(f"title: t\n{text}\n")
    before = files(workplace)
    refused(rlsabm_command(verb, "asked.yaml"), *words)
    assert files(workplace) == before


def test_a_mistake_leaves_no_empty_folder(rlsabm_command: Command, workplace: Path) -> None:
    (workplace / "asked.yaml").write_text(SMALL)
    before = contents(workplace)
    words = ["--set", "population.country=narnia", "--out", "some/where/new"]
    refused(rlsabm_command("run", "asked.yaml", *words), "'narnia'")
    assert contents(workplace) == before


@pytest.mark.parametrize(
    "verb",
    [
        "run",
        "check",
    ],
)
def test_a_first_year_before_the_tables(
    rlsabm_command: Command, workplace: Path, verb: str
) -> None:
    (workplace / "asked.yaml").write_text(SMALL + "observe: {years: [1950, 2019]}\n")
    before = files(workplace)
    refused(rlsabm_command(verb, "asked.yaml"), "observe.years", "1950")
    assert files(workplace) == before


def test_several_mistakes_are_shown_together(rlsabm_command: Command, workplace: Path) -> None:
    (workplace / "asked.yaml").write_text("titel: t\npopulation: {size: 1}\nruns: {draws: x}\n")
    outcome = rlsabm_command("run", "asked.yaml")
    refused(outcome, "asked.yaml:1", "asked.yaml:2", "asked.yaml:3", lines=4)
    many = "".join(f"key_{number}: 1\n" for number in range(9))
    (workplace / "asked.yaml").write_text("title: t\n" + many)
    refused(rlsabm_command("run", "asked.yaml"), "and 4 more", lines=6)


def test_circular_base(rlsabm_command: Command, workplace: Path) -> None:
    (workplace / "first.yaml").write_text("title: t\nbase: second\n")
    (workplace / "second.yaml").write_text("title: t\nbase: first\n")
    refused(rlsabm_command("check", "first.yaml"), "circle", "first.yaml -> second.yaml")


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("population.siz=500", ["unknown key", "did you mean population.size?"]),
        ("population.size=-1", ["found -1"]),
        ("population.size", ["expected key=value"]),
        ("parameters.nothing=1", ["unknown parameter"]),
        ("observe.years=1950", ["did you mean [1950]?"]),
    ],
)
def test_wrong_settings(
    rlsabm_command: Command, workplace: Path, setting: str, words: list[str]
) -> None:
    (workplace / "asked.yaml").write_text(SMALL)
    refused(rlsabm_command("run", "asked.yaml", "--set", setting), f"--set {setting}", *words)
    assert not (workplace / "outputs").exists()


def test_files_that_cannot_be_read(
    rlsabm_command: Command, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused(rlsabm_command("run", "scenarios/baselin.yaml"), "no such file", "baseline.yaml?")
    refused(rlsabm_command("run", "scenarios"), "scenarios: is a folder")
    (workplace / "image.yaml").write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    refused(rlsabm_command("run", "image.yaml"), "image.yaml", "not UTF-8 text")
    (workplace / "closed.yaml").write_text(SMALL)
    (workplace / "closed.yaml").chmod(0)
    if os.access(workplace / "closed.yaml", os.R_OK):  # as root

        def refuse(*_: Any, **__: Any) -> NoReturn:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "open", refuse)
    refused(rlsabm_command("run", "closed.yaml"), "closed.yaml: you are not allowed to read")


# Countries of one's own ---------------------------------------------------------------------------


@pytest.fixture
def norway(workplace: Path) -> Path:
    """A country folder beside a scenario that uses it."""
    folder = workplace / "norway"
    shutil.copytree(COUNTRIES / "denmark", folder)
    (workplace / "asked.yaml").write_text(
        "title: t\npopulation: {size: 300, country: norway}\n", encoding="utf-8"
    )
    return folder


def changed(path: Path, line: int | None, pattern: str, replacement: str) -> None:
    """Change one line of a file; the first one that fits if none is given."""
    lines = path.read_text(encoding="utf-8").splitlines()
    if line is None:
        line = next(n for n, text in enumerate(lines, start=1) if re.search(pattern, text))
    lines[line - 1], times = re.subn(pattern, replacement, lines[line - 1])
    assert times
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_a_country_of_ones_own(rlsabm_command: Command, norway: Path) -> None:
    assert rlsabm_command("check", "asked.yaml").code == 0


@pytest.mark.parametrize(
    ("table", "line", "pattern", "replacement", "words"),
    [
        ("mortality.csv", 1, "sex", "gender", ["mortality.csv:1", "no column 'sex'"]),
        ("mortality.csv", 3, "[^,]+$", "many", ["mortality.csv:3", "probability", "'many'"]),
        ("mortality.csv", 3, "[^,]+$", "7", ["mortality.csv", "probability"]),
        ("mortality.csv", 4, ",[^,]+$", "", ["mortality.csv:4"]),
        ("mortality.csv", 5, "female", "femal", ["mortality.csv:5", "'femal'"]),
        ("population.csv", 1, "persons", "people", ["population.csv:1", "no column 'persons'"]),
        ("population.csv", 3, "[^,]+$", "-5", ["population.csv", "persons"]),
        ("fertility.csv", 1, "year", "jahr", ["fertility.csv:1", "no column 'year'"]),
        ("fertility.csv", 9, "[^,]+$", "1;5", ["fertility.csv:9", "'1;5'"]),
        ("parity.csv", 2, "[^,]+$", "0.9", ["parity.csv", "sum to 1"]),
        ("country.yaml", 1, "name", "nom", ["country.yaml", "name"]),
        ("country.yaml", 1, "name: ", "name: {", ["country.yaml"]),
        ("country.yaml", None, "kidney_\\w*: .*", "kidney_: 1", ["country.yaml", "kidney_"]),
        ("country.yaml", None, "(kidney_\\w*): .*", r"\1: many", ["country.yaml", "'many'"]),
    ],
)
def test_broken_tables_of_a_country(
    rlsabm_command: Command,
    norway: Path,
    table: str,
    line: int | None,
    pattern: str,
    replacement: str,
    words: list[str],
) -> None:
    changed(norway / table, line, pattern, replacement)
    refused(rlsabm_command("check", "asked.yaml"), "norway", *words)


@pytest.mark.parametrize(
    ("table", "line", "pattern", "replacement"),
    [
        pytest.param("mortality.csv", 3, ",1,", ",130,", id="age beyond the table"),
        pytest.param("fertility.csv", 3, ",15,", ",55,", id="age beyond fertility"),
        pytest.param("parity.csv", 6, "4", "9", id="more children than classes"),
        pytest.param("population.csv", 3, "^1990", "nan", id="a year that is no number"),
        pytest.param("population.csv", 3, "[^,]+$", "nan", id="persons that are no number"),
        pytest.param("fertility.csv", 2, "[^,]+$", "-5", id="negative fertility"),
        pytest.param("country.yaml", None, "167.5", "tall", id="a height that is no number"),
        pytest.param("country.yaml", None, ": denmark", ": narnia", id="unknown blood service"),
    ],
)
def test_wrong_numbers_of_a_country(
    rlsabm_command: Command,
    norway: Path,
    table: str,
    line: int | None,
    pattern: str,
    replacement: str,
) -> None:
    changed(norway / table, line, pattern, replacement)
    refused(rlsabm_command("check", "asked.yaml"), f"norway/{table}")


def test_a_missing_row_of_fertility(rlsabm_command: Command, norway: Path) -> None:
    lines = (norway / "fertility.csv").read_text().splitlines()
    (norway / "fertility.csv").write_text("\n".join(lines[:-3]) + "\n")
    refused(rlsabm_command("check", "asked.yaml"), "fertility.csv")


def test_a_table_saved_by_excel(rlsabm_command: Command, norway: Path) -> None:
    for table in norway.glob("*.csv"):
        text = table.read_text(encoding="utf-8")
        table.write_text(text, encoding="utf-8-sig", newline="\r\n")
    assert rlsabm_command("check", "asked.yaml").code == 0


@pytest.mark.parametrize("table", ["mortality.csv", "parity.csv", "population.csv"])
def test_a_missing_or_empty_table_of_a_country(
    rlsabm_command: Command, norway: Path, table: str
) -> None:
    (norway / table).write_text("")
    refused(rlsabm_command("check", "asked.yaml"), f"norway/{table}")
    (norway / table).unlink()
    refused(rlsabm_command("check", "asked.yaml"), f"norway/{table}", "No such file")


def test_other_tables_are_another_study(rlsabm_command: Command, norway: Path) -> None:
    assert rlsabm_command("run", "asked.yaml").code == 0
    changed(norway / "mortality.csv", None, "^female,40,.*", "female,40,0.5")
    refused(rlsabm_command("run", "asked.yaml"), "outputs/asked", "--replace")


# Where results go ---------------------------------------------------------------------------------


@pytest.fixture
def done(rlsabm_command: Command, workplace: Path) -> Path:
    """A place that holds a finished study of ``asked.yaml``."""
    (workplace / "asked.yaml").write_text(SMALL)
    assert rlsabm_command("run", "asked.yaml").code == 0
    return workplace / "outputs" / "asked"


def found(folder: Path) -> dict[str, bytes]:
    """What a study has found: its tables, without the ledger."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*.parquet")
        if path.name != "runs.parquet"
    }


def nothing_but_a_study(folder: Path) -> None:
    """The folder has no files of work that is under way."""
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []
    assert not (folder / "units").exists()


def ledger(folder: Path) -> pd.DataFrame:
    return pd.read_parquet(folder / "runs.parquet")


def manifest(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))


def test_the_same_study_again(rlsabm_command: Command, workplace: Path, done: Path) -> None:
    before = contents(workplace)
    outcome = rlsabm_command("run", "asked.yaml")
    assert (outcome.code, outcome.err) == (0, "")
    assert "everyone" in outcome.out
    assert "The run had finished before. Results: " in outcome.out
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
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    try:
        mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except OSError:
        mounted = False
    if not mounted:
        pytest.skip("only the superuser can mount a disk")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


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
    assert found(results) == found(workplace / "elsewhere")
    nothing_but_a_study(results)


def test_a_disk_that_becomes_full_with_a_large_table(
    rlsabm_command: Command, workplace: Path, small_disk: Path
) -> None:
    """What finished, and that the study is not complete, is written down nevertheless."""
    text = SMALL + "runs: {replicates: 12}\n"
    (workplace / "asked.yaml").write_text(text)
    resized(small_disk, "3600k")
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


#: The study of `done` with one replicate more.
TWICE = ["--set", "runs.replicates=2", "--workers", "1"]


@pytest.fixture
def twice(rlsabm_command: Command, done: Path) -> dict[str, bytes]:
    """What a study with two replicates finds that nothing disturbs."""
    assert rlsabm_command("run", "asked.yaml", *TWICE, "--out", "undisturbed").code == 0
    return found(done.parents[1] / "undisturbed")


def by_replicate(folder: Path, column: str) -> list[Any]:
    """A column of the ledger of a study with one arm and one draw."""
    return list(ledger(folder).sort_values("replicate")[column])


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
    before = found(workplace)
    fill(full)
    outcome = rlsabm_command("run", "asked.yaml", *words)
    refused(outcome, "cannot be written", "No space left on device")
    assert not (workplace / "some" / "new place" / "manifest.json").exists()
    assert list(workplace.rglob("*unfinished")) == []
    if kept:
        assert found(workplace) == before
        assert manifest(done)["status"] == "complete"
    fill(None)
    assert rlsabm_command("run", "asked.yaml", *words).code == 0


def test_a_disk_that_is_full_when_a_run_ends(
    rlsabm_command: Command, done: Path, fill: Fill, twice: dict[str, bytes]
) -> None:
    before = found(done)
    fill("/units/")
    outcome = rlsabm_command("run", "asked.yaml", *TWICE)
    assert outcome.code == 3, outcome
    assert "Traceback" not in outcome.err
    reason = "cannot be written: No space left on device"
    assert f"failed: reference, draw 0, replicate 1: {reason}" in outcome.err
    assert "1 of 2 runs have finished, 1 failed" in outcome.err
    assert "rlsabm resume outputs/asked" in outcome.err
    assert "everyone" in outcome.out
    assert found(done) == before
    assert manifest(done)["status"] == "incomplete"
    assert by_replicate(done, "status") == ["finished", "failed"]
    assert by_replicate(done, "error") == ["", reason]
    fill(None)
    outcome = rlsabm_command("resume", "outputs/asked")
    assert (outcome.code, outcome.err) == (0, "")
    assert found(done) == twice
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
    assert found(done) == twice
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


# Interruption, pipes and terminals ----------------------------------------------------------------


def interrupt(*_: object, **__: object) -> NoReturn:
    raise KeyboardInterrupt


#: Where the program may be interrupted, and what of a run is then kept.
MOMENTS = [
    pytest.param(job_module, "run_unit", False, id="while a unit runs"),
    pytest.param(folder_module, "write_whole_folder", False, id="while a unit is kept"),
    pytest.param(study_module, "merge", True, id="while tables are merged"),
    pytest.param(folder_module, "manifest_bytes", False, id="while the manifest is written"),
]


@pytest.mark.parametrize(("module", "name", "finished"), MOMENTS)
def test_interrupted(
    rlsabm_command: Command,
    workplace: Path,
    done: Path,
    twice: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
    module: Any,
    name: str,
    finished: bool,
) -> None:
    """What had finished is kept, and running again goes on from there."""
    before = found(done)
    for words in (TWICE, ["--out", "elsewhere/new"]):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, interrupt)
            outcome = rlsabm_command("run", "asked.yaml", *words)
        assert outcome.code == 130
        assert outcome.out == ""
        assert "Traceback" not in outcome.err
        assert "Stopped" in outcome.err
    new = workplace / "elsewhere" / "new"
    assert found(done) == before or finished
    said = manifest(done)
    assert said["status"] != "complete" or said["runs"]["replicates"] == 1
    outcome = rlsabm_command("run", "asked.yaml", *TWICE)
    assert outcome.code == 0
    assert "2 runs had finished before" in outcome.out or not finished
    assert found(done) == twice
    assert by_replicate(done, "attempts")[0] == 1
    assert rlsabm_command("run", "asked.yaml", "--out", "elsewhere/new").code == 0
    assert found(new) == before
    for folder in (done, new):
        assert manifest(folder)["status"] == "complete"
        nothing_but_a_study(folder)


def test_an_interruption_is_announced(
    rlsabm_command: Command, workplace: Path, done: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(job_module, "run_unit", interrupt)
        outcome = rlsabm_command("run", "asked.yaml", *TWICE)
        assert outcome.err.splitlines() == [
            "Stopped. 1 of 2 runs have finished and are kept. To go on: rlsabm resume outputs/asked"
        ]
        assert manifest(done)["status"] == "stopped"
        new = rlsabm_command("run", "asked.yaml", "--out", "new")
        assert new.err.splitlines() == ["Stopped before any run had finished."]
        assert manifest(workplace / "new")["status"] == "stopped"
    for folder in ("outputs/asked", "new"):
        assert rlsabm_command("resume", folder).code == 0
        assert manifest(workplace / folder)["status"] == "complete"


class Terminal:
    """A command on a terminal of 24 lines; ``words`` holds all that it showed."""

    def __init__(self, *words: str, folder: Path, columns: int = 100) -> None:
        self.master, other = pty.openpty()
        fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        plain = {"COLUMNS", "LINES", "NO_COLOR", "CI", "TTY_COMPATIBLE"}
        surroundings = {k: v for k, v in environment().items() if k not in plain}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "rlsabm.cli", *words],
            cwd=folder,
            env=surroundings | {"TERM": "xterm-256color"},
            stdin=other,
            stdout=other,
            stderr=other,
            start_new_session=True,
        )
        os.close(other)
        self.bytes = b""

    def read(self, until: str | None = None) -> str:
        """Read on until a word is shown, or to the end."""
        deadline = time.monotonic() + 120
        while until is None or until.encode() not in self.bytes:
            try:
                part = os.read(self.master, 65536)
            except OSError:
                part = b""
            if not part or time.monotonic() > deadline:
                break
            self.bytes += part
        return self.bytes.decode(errors="replace")

    def end(self) -> int:
        """Read to the end; the exit code."""
        self.read()
        code = self.process.wait(timeout=60)
        os.close(self.master)
        return code


def vanishes(group: int) -> bool:
    """Whether all processes of a group have ended within some seconds."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


@pytest.mark.parametrize("way", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_on_a_terminal(workplace: Path, way: signal.Signals) -> None:
    """As Ctrl-C does, and as a batch system ends programs."""
    (workplace / "asked.yaml").write_text(
        "title: t\npopulation: {size: 200_000}\nruns: {replicates: 20}\n"
    )
    terminal = Terminal("run", "asked.yaml", "--workers", "2", folder=workplace)
    assert "0 of 20 runs" in terminal.read(until="0 of 20 runs")
    time.sleep(0.5)
    if way == signal.SIGINT:
        os.killpg(terminal.process.pid, way)  # a terminal tells all processes
    else:
        terminal.process.send_signal(way)
    assert terminal.end() == 130
    shown = terminal.bytes.decode(errors="replace")
    assert "Traceback" not in shown
    assert "Stopped before any run had finished." in shown
    assert vanishes(terminal.process.pid), "workers are left"
    folder = workplace / "outputs" / "asked"
    assert {path.name for path in folder.iterdir()} == {
        "manifest.json",
        "runs.parquet",
        "scenario.yaml",
    }
    assert manifest(folder)["status"] == "stopped"
    assert set(ledger(folder)["status"]) == {"waiting"}


def test_progress_on_a_terminal(workplace: Path) -> None:
    (workplace / "asked.yaml").write_text(SMALL)
    terminal = Terminal("run", "asked.yaml", folder=workplace)
    assert terminal.end() == 0
    shown = terminal.bytes.decode()
    assert "1 of 1 runs" in shown
    assert "million person-years/s" in shown
    assert "Results: " in shown


def test_tables_fit_a_terminal_of_80_columns(workplace: Path) -> None:
    (workplace / "asked.yaml").write_text("title: t\npopulation: {size: 2_000}\n")
    terminal = Terminal("run", "asked.yaml", folder=workplace, columns=80)
    assert terminal.end() == 0
    assert "…" not in terminal.bytes.decode()


def test_numbers_of_many_arms_are_whole(rlsabm_command: Command, workplace: Path) -> None:
    arms = ", ".join(f"number {number} of the arms: {{}}" for number in range(7))
    (workplace / "asked.yaml").write_text(SMALL + f"arms: {{{arms}}}\n")
    outcome = rlsabm_command("run", "asked.yaml", "--workers", "1")
    assert outcome.code == 0
    assert not re.search(r"\d…", outcome.out)


def test_no_progress_without_a_terminal(study: Study) -> None:
    assert study.outcome.code == 0
    assert study.outcome.err == ""
    assert "\x1b" not in study.outcome.out
    assert "\r" not in study.outcome.out


@pytest.mark.parametrize("words", ["conditions", "parameters", "schema", "--help", "run s.yaml"])
def test_piping_into_head(workplace: Path, words: str) -> None:
    (workplace / "s.yaml").write_text(SMALL)
    process = subprocess.Popen(
        [sys.executable, "-m", "rlsabm.cli", *words.split()],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    error = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=120) in (0, 1, 141)
    assert error == ""


def test_a_full_disk_behind_standard_output(workplace: Path) -> None:
    with open("/dev/full", "w") as full:
        process = subprocess.run(
            [sys.executable, "-m", "rlsabm.cli", "conditions"],
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert process.returncode != 0
    assert "Traceback" not in process.stderr


def test_debug_shows_the_traceback(workplace: Path) -> None:
    (workplace / "asked.yaml").write_text("title: 5\n")
    for words in (["--debug", "check", "asked.yaml"], ["check", "asked.yaml", "--debug"]):
        outcome = typed(*words, folder=workplace)
        assert outcome.code == 1
        assert "Traceback" in outcome.err
        assert "ScenarioError" in outcome.err
    refused(typed("check", "asked.yaml", folder=workplace), "asked.yaml:1")


# Verbs --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", VERBS)
def test_help_has_an_example_that_works(
    rlsabm_command: Command, workplace: Path, verb: str, request: pytest.FixtureRequest
) -> None:
    outcome = rlsabm_command(verb, "--help")
    assert outcome.code == 0
    callback = next(c.callback for c in app.registered_commands if c.callback.__name__ == verb)
    found = re.search(r"Example: `(rlsabm .*)`", callback.__doc__ or "")
    assert found
    assert "Example" in outcome.out
    assert f"rlsabm {verb}" in outcome.out
    (workplace / "scenarios").unlink()
    shutil.copytree(CHECKOUT / "scenarios", workplace / "scenarios")
    words = shlex.split(found[1].split(" > ")[0])[1:]
    if verb == "run":
        words += ["--set", "population.size=300"]
    if verb in ("compare", "resume", "status"):
        (workplace / "outputs").mkdir()
        (workplace / words[1]).symlink_to(request.getfixturevalue("study").folder)
    assert rlsabm_command(*words).code == 0


def test_help_of_the_program(rlsabm_command: Command) -> None:
    for words in (["--help"], ["-h"], []):
        outcome = rlsabm_command(*words)
        assert all(verb in outcome.out for verb in VERBS)
    assert re.fullmatch(r"rlsabm \d+\.\d+\.\d+\n", rlsabm_command("--version").out)


@pytest.mark.parametrize(
    ("words", "near"),
    [(["chek"], "chek"), (["run"], "FILE"), (["run", "a.yaml", "--ouput", "x"], "--ouput")],
)
def test_mistyped_commands(rlsabm_command: Command, words: list[str], near: str) -> None:
    outcome = rlsabm_command(*words)
    assert outcome.code == 2
    assert near in outcome.err
    assert "Traceback" not in outcome.err


def test_json(rlsabm_command: Command, workplace: Path) -> None:
    (workplace / "asked.yaml").write_text(SMALL)
    names = [row["name"] for row in json.loads(rlsabm_command("conditions", "--json").out)]
    assert names[0] == "everyone"
    rows = json.loads(rlsabm_command("parameters", "ferritin", "--json").out)
    assert rows
    for row in rows:
        assert "ferritin" in row["name"]
        assert {"default", "unit", "prior", "lower", "upper", "source", "part"} <= set(row)
    assert json.loads(rlsabm_command("schema").out)["properties"]["population"]
    shown = json.loads(rlsabm_command("show", "asked.yaml", "--json").out)
    assert shown["population"]["size"] == 300
    outcome = rlsabm_command("run", "asked.yaml", "--json")
    manifest = json.loads(outcome.out)
    assert manifest == json.loads(Path("outputs/asked/manifest.json").read_text())


def test_parameters_with_no_match(rlsabm_command: Command) -> None:
    refused(rlsabm_command("parameters", "qqq"), "'qqq'")


def test_the_schema_accepts_shipped_scenarios(rlsabm_command: Command) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    yaml = pytest.importorskip("ruamel.yaml").YAML(typ="safe")
    schema = json.loads(rlsabm_command("schema").out)
    for name in SHIPPED:
        jsonschema.validate(yaml.load(CHECKOUT / "scenarios" / name), schema)


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_scenarios(rlsabm_command: Command, workplace: Path, name: str) -> None:
    outcome = rlsabm_command("check", f"scenarios/{name}")
    assert outcome.code == 0
    assert outcome.out.startswith(f"scenarios/{name}: fine")
    plain = rlsabm_command("show", f"scenarios/{name}", "--set", "runs.draws=5").out
    as_json = rlsabm_command("show", f"scenarios/{name}", "--set", "runs.draws=5", "--json").out
    wanted = read_scenario(f"scenarios/{name}", ["runs.draws=5"]).content_hash()
    for text in (plain, as_json):
        (workplace / "back.yaml").write_text(text, encoding="utf-8")
        assert read_scenario("back.yaml", []).content_hash() == wanted
    (workplace / "back.yaml").write_text(plain, encoding="utf-8")
    assert rlsabm_command("check", "back.yaml").code == 0


@pytest.mark.parametrize(
    "name",
    [
        "my_question.yaml",
        "deep/folder/q",
        "q.yml",
        "it's {1}",
        *(name for name in ("2024.yaml", "true", "a: b.yaml")),
    ],
)
def test_new_gives_a_scenario_that_passes(rlsabm_command: Command, name: str) -> None:
    outcome = rlsabm_command("new", name)
    assert outcome.code == 0
    path = name if name.endswith((".yaml", ".yml")) else f"{name}.yaml"
    assert path in outcome.out
    written = Path(path).read_bytes()
    outcome = rlsabm_command("check", path)
    assert (outcome.code, outcome.err) == (0, "")
    refused(rlsabm_command("new", name), path, "is there already")
    assert Path(path).read_bytes() == written


@pytest.mark.parametrize(
    "name",
    [
        ".",
        "/proc/q",
        "scenarios/baseline.yaml/q",
    ],
)
def test_new_where_nothing_can_be_written(rlsabm_command: Command, name: str) -> None:
    refused(rlsabm_command("new", name))


def test_new_checks_its_base(rlsabm_command: Command, workplace: Path) -> None:
    refused(rlsabm_command("new", "asked.yaml", "--base", "basline"), "basline", "baseline")
    assert not (workplace / "asked.yaml").exists()


def test_new_works_outside_a_checkout(rlsabm_command: Command, workplace: Path) -> None:
    (workplace / "scenarios").unlink()
    assert rlsabm_command("new", "asked.yaml").code == 0
    assert rlsabm_command("check", "asked.yaml").code == 0


# What is printed ----------------------------------------------------------------------------------


def test_the_summary(study: Study) -> None:
    printed = study.outcome.out
    assert "A small study for tests" in printed
    for words in ("everyone", "blood donation", "by age and sex", "by parity", "by arm"):
        assert words in printed
    assert "nothing changed" in printed
    assert "Results: outputs/small" in printed
    assert max(map(len, printed.splitlines())) <= 100


def test_brackets_in_names(rlsabm_command: Command, workplace: Path) -> None:
    text = 'title: "Iron [/b] and [bold]"\npopulation: {size: 300}\narms: {"[a] [/c]": {}}\n'
    (workplace / "asked.yaml").write_text(text)
    outcome = rlsabm_command("run", "asked.yaml", "--out", "results [red]", "--workers", "1")
    assert outcome.code == 0
    for words in ("Iron [/b] and [bold]", "[a] [/c]", "results [red]"):
        assert words in outcome.out


def test_adults_are_named_only_where_groups_begin_at_18(
    rlsabm_command: Command, workplace: Path
) -> None:
    (workplace / "asked.yaml").write_text(SMALL + "observe: {age_groups: [0, 80]}\n")
    outcome = rlsabm_command("run", "asked.yaml")
    assert outcome.code == 0
    assert "adults" not in outcome.out


@pytest.mark.parametrize("by", ["[]", "[sex]", "[age_group]", "[parity]", "[parity, sex]"])
def test_the_summary_of_any_strata(rlsabm_command: Command, workplace: Path, by: str) -> None:
    (workplace / "asked.yaml").write_text(SMALL + f"observe: {{by: {by}}}\n")
    outcome = rlsabm_command("run", "asked.yaml")
    assert outcome.code == 0
    assert "everyone" in outcome.out


def test_the_readme(rlsabm_command: Command, workplace: Path, study: Study) -> None:
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    scenarios = re.findall(r"```yaml\n(.*?)```", readme, re.DOTALL)
    assert scenarios
    for text in scenarios:
        (workplace / "asked.yaml").write_text(text, encoding="utf-8")
        outcome = rlsabm_command("check", "asked.yaml")
        assert (outcome.code, outcome.err) == (0, "")
    (workplace / "outputs").mkdir()
    (workplace / "outputs" / "baseline").symlink_to(study.folder)
    reading = re.findall(r"```python\n(import pandas.*?)```", readme, re.DOTALL)
    assert reading
    for code in reading:
        exec(compile(code, "README.md", "exec"), {})
