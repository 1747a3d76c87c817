"""Which country is meant: names of those that ship, folders, and what is neither."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from country_tools import country_in

from rlsabm.demography.countries import country_files, country_names, load_country
from rlsabm.errors import UserError


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, with the country ``norway`` in it."""
    country_in(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refusal(name: str | Path, beside: Path = Path()) -> str:
    with pytest.raises(UserError) as caught:
        load_country(name, beside=beside)
    line = str(caught.value)
    assert len(line.splitlines()) == 1
    assert line.startswith("population.country: ")
    return line.removeprefix("population.country: ")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("USA", "united-states"),
        ("us", "united-states"),
        ("U.S.", "united-states"),
        ("America", "united-states"),
        ("United States", "united-states"),
        ("united_states", "united-states"),
        ("United States of America", "united-states"),
        ("Deutschland", "germany"),
        ("GERMANY", "germany"),
        ("germny", "germany"),
        ("DE", "germany"),
        ("Danmark", "denmark"),
        ("dk", "denmark"),
        ("denmrk", "denmark"),
    ],
)
def test_other_names_of_countries(home: Path, name: str, meant: str) -> None:
    line = refusal(name)
    assert line.startswith(
        f"no country {name!r}, and no folder {home / name} (expected one of denm"
    )
    assert line.endswith(f"; did you mean {meant!r}?)")


@pytest.mark.parametrize(
    "name",
    ["France", "uk", "United Kingdom", "Austria", "Norge", "England", "Sweden", "Finland", "Niger",
     "Romania", "Greenland", "Jamaica"],
)  # fmt: skip
def test_countries_that_do_not_ship(home: Path, name: str) -> None:
    known = ", ".join(country_names())
    expected = (
        f"no country {name!r}, and no folder {home / name} (expected one of {known}, or a folder: "
        "see 'Adding a country' in rlsabm/data/countries/SOURCES.md)"
    )
    assert refusal(name) == expected


@pytest.mark.parametrize("name", ["norway", "./norway", "norway/", "../{}/norway", "{here}/norway"])
def test_folders(home: Path, name: str) -> None:
    path = name.format(home.name, here=home)
    assert load_country(path).name == "Denmark"
    assert load_country(Path(path)).name == "Denmark"
    assert sorted(country_files(path)) == [
        "country.yaml", "fertility.csv", "mortality.csv", "parity.csv", "population.csv",
    ]  # fmt: skip


def test_paths_start_from_the_folder_of_the_scenario(home: Path) -> None:
    (home / "elsewhere").mkdir()
    assert load_country("../norway", beside=home / "elsewhere").name == "Denmark"
    place = home / "elsewhere" / "norway"
    assert f"no folder {place} (" in refusal("norway", beside=home / "elsewhere")


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("norge/", "norge"),
        ("./norge", "norge"),
        ("data/norway", "data/norway"),
        ("../norway", "../norway"),
        ("norway/..", ""),
        ("denmark/..", ""),
        ("../countries/denmark", "../countries/denmark"),
        ("~/norway", "~/norway"),
        ("/nowhere/norway", "/nowhere/norway"),
    ],
)
def test_folders_that_are_not_there(home: Path, name: str, place: str) -> None:
    """The message says where they were sought, as a whole path."""
    absolute = os.path.abspath(home / place)
    line = refusal(name)
    if name == "norge/":
        assert f"no folder {absolute} (expected one of " in line
    elif name == "norway/..":
        assert line.startswith(
            f"the folder {absolute} has no country.yaml (expected country.yaml, "
        )
    else:
        assert line.startswith(
            f"no folder {absolute} (expected a folder with country.yaml in it, or"
        )


def test_folders_without_a_file(home: Path) -> None:
    (home / "norway" / "country.yaml").rename(home / "norway" / "country.yml")
    expected = (
        f"the folder {home}/norway has no country.yaml (found country.yml; did you mean country"
    )
    assert refusal("norway").startswith(expected)
    (home / "empty").mkdir()
    assert "empty has no country.yaml (expected country.yaml, mortality.csv," in refusal("empty")


@pytest.mark.parametrize(
    ("table", "other"),
    [("mortality.csv", "Mortality.csv"), ("parity.csv", "parity.csv.txt"),
     ("population.csv", "populations.csv"), ("fertility.csv", None)],
)  # fmt: skip
def test_folders_without_a_table(home: Path, table: str, other: str | None) -> None:
    path = home / "norway" / table
    if other:
        path.rename(path.with_name(other))
        expected = f"norway/{table}: no such file (found {other}; did you mean {table}?)"
    else:
        path.unlink()
        expected = f"norway/{table}: no such file (expected country.yaml, mortality.csv,"
    with pytest.raises(UserError, match=f"^{re.escape(expected)}"):
        load_country("norway")


def test_tables_that_are_no_files(home: Path) -> None:
    path = home / "norway" / "parity.csv"
    path.unlink()
    path.mkdir()
    with pytest.raises(UserError, match=r"^norway/parity.csv: is a folder"):
        load_country("norway")
    path.rmdir()
    os.mkfifo(path)
    with pytest.raises(UserError, match=r"^norway/parity.csv: is not a regular file"):
        load_country("norway")


def test_files_in_place_of_folders(home: Path) -> None:
    assert "'norway/country.yaml' is a file (expected its folder, 'norway'" in refusal(
        "norway/country.yaml"
    )
    assert "'norway/parity.csv' is a file (expected a folder, with" in refusal("norway/parity.csv")


@pytest.mark.parametrize("name", ["", "a\0b", "a\nb", "a" * 5000, "norway\n"])
def test_what_is_no_name(home: Path, name: str) -> None:
    assert len(refusal(name)) < 400


def test_what_is_no_country(home: Path) -> None:
    for each in (5, None, ["denmark"], True):
        with pytest.raises(UserError, match="expected a name, a path or a Country"):
            load_country(each)  # type: ignore[arg-type]


def test_a_folder_goes_before_a_country_of_the_package(home: Path) -> None:
    country_in(home, "germany")
    assert load_country("germany").name == "Denmark"
    (home / "united-states").mkdir()
    assert load_country("united-states").name == "United States"
