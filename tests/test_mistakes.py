"""Mistakes in scenario files and in tables of countries: what each answers."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
from command_tools import SMALL, contents, files, refused
from conftest import Command

from rlsabm.demography.countries import COUNTRIES


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
            ["population.block_size: a block of 10,000,000 ", "the 4.0 GiB of this machine"],
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
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(total=4 * 2**30))
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


@pytest.mark.parametrize(
    "table", ["mortality.csv", "parity.csv", "population.csv", "fertility.csv"]
)
def test_a_missing_or_empty_table_of_a_country(
    rlsabm_command: Command, norway: Path, table: str
) -> None:
    (norway / table).write_text("")
    refused(rlsabm_command("check", "asked.yaml"), f"norway/{table}")
    (norway / table).unlink()
    refused(rlsabm_command("check", "asked.yaml"), f"norway/{table}: no such file", "country.yaml")


def test_other_tables_are_another_study(rlsabm_command: Command, norway: Path) -> None:
    assert rlsabm_command("run", "asked.yaml").code == 0
    changed(norway / "mortality.csv", None, "^female,40,.*", "female,40,0.001")
    refused(rlsabm_command("run", "asked.yaml"), "outputs/asked", "--replace")
