"""Tables for other programs: what is written is what was there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from command_tools import contents, refused
from conftest import Command, environment
from conftest import Study as Ran

import rlsabm
from rlsabm.errors import UserError
from rlsabm.results import exporting
from rlsabm.results.exporting import export_study, stata_names


@pytest.fixture(scope="module")
def small(study: Ran) -> rlsabm.Study:
    """All tables of a study, of which the long ones have some rows only."""
    whole = rlsabm.read(study.folder)
    tables = {
        name: table
        if len(table) < 500
        else table.sample(500, random_state=1).reset_index(drop=True)
        for name, table in whole.tables.items()
    }
    return rlsabm.Study(tables, arms=whole.arms, scenario=whole.scenario)


def is_number(values: Any) -> bool:
    return not isinstance(values.dtype, pd.CategoricalDtype) and values.dtype.kind in "iuf"


def same(values: Any, found: Any, name: str) -> None:
    if is_number(values):
        np.testing.assert_array_equal(found.to_numpy(float), values.to_numpy(float), err_msg=name)
    else:
        # A missing word is an empty one in all formats.
        words = values.astype(object).where(values.notna(), "")
        assert list(found.astype(str)) == list(words.astype(str)), name


def test_csv(small: rlsabm.Study, tmp_path: Path) -> None:
    written = export_study(small, "csv", out=tmp_path / "new" / "csv")
    assert {file.table for file in written} == {*small.tables, ""}
    for file in written[:-1]:
        table = small.table(file.table)
        texts = {str(c): str for c in table if not is_number(table[c])}
        found = pd.read_csv(file.path, dtype=texts, keep_default_na=False, na_values={
            str(c): [""] for c in table if is_number(table[c])
        })  # fmt: skip
        assert list(found) == list(table)
        assert file.rows == len(found) == len(table)
        for column in table:
            same(table[column], found[column], f"{file.table}.{column}")
    book = pd.read_csv(tmp_path / "new" / "csv" / "codebook.csv").set_index(["table", "column"])
    assert small.table("persons")["mother"].isna().any()
    assert len(book) == sum(len(small.table(name).columns) for name in small.tables)
    assert book["meaning"].notna().all()
    assert book.loc[("prevalence", "prevalence"), "unit"] == "proportion"
    assert "female; male" in book.loc[("prevalence", "sex"), "values"]


def test_stata(small: rlsabm.Study, tmp_path: Path) -> None:
    for file in export_study(small, "dta", out=tmp_path):
        table = small.table(file.table)
        names = stata_names([str(column) for column in table])
        with pd.read_stata(file.path, iterator=True) as reader:
            labels = reader.variable_labels()
            found = reader.read()
        assert list(found) == list(names.values())
        assert max(map(len, found)) <= 32
        assert all(0 < len(label) <= 80 for label in labels.values())
        for column in table:
            values = table[column]
            if values.dtype.kind == "b":
                values = values.map({True: "yes", False: "no"})
            same(values, found[names[str(column)]], f"{file.table}.{column}")
        for column in table:
            if isinstance(table[column].dtype, pd.CategoricalDtype):
                assert isinstance(found[names[str(column)]].dtype, pd.CategoricalDtype)
    with pd.read_stata(tmp_path / "prevalence.dta", iterator=True) as reader:
        assert reader.variable_labels()["prevalence"] == "cases / persons (proportion)"


def test_what_stata_cannot_hold(tmp_path: Path) -> None:
    long = "x" * 40
    table = pd.DataFrame(
        {
            f"{long}1": [1.0, np.inf, np.nan],
            "2_years, or 3": [1.0, 2.0, 3.0],
            f"{long}2": pd.array([1, None, 3], dtype="Int64"),
            "text": ["a" * 5000, "µg", None],
            "large": [2**40, 1, 2],
            "maybe": pd.array([True, None, False], dtype="boolean"),
            "word": pd.Categorical(["a", None, "b"], ["b", "a"], ordered=True),
        }
    )
    results = rlsabm.Study({"odd": table}, arms=[], scenario={})
    (file,) = export_study(results, "dta", out=tmp_path)
    found = pd.read_stata(file.path)
    assert list(found)[:3] == ["x" * 32, "_2_years__or_3", "x" * 31 + "2"]
    np.testing.assert_array_equal(found.iloc[:, 0], [1.0, np.nan, np.nan])
    np.testing.assert_array_equal(found.iloc[:, 2], [1.0, np.nan, 3.0])
    assert list(found["text"]) == ["a" * 5000, "µg", ""]
    assert list(found["large"]) == [2**40, 1, 2]
    assert list(found["maybe"].astype(object).fillna("")) == ["yes", "", "no"]
    assert list(found["word"].astype(object).fillna("")) == ["a", "", "b"]


def test_excel(small: rlsabm.Study, tmp_path: Path) -> None:
    pytest.importorskip("openpyxl")
    for file in export_study(small, "xlsx", out=tmp_path):
        table = small.table(file.table)
        sheets = pd.read_excel(file.path, sheet_name=None, keep_default_na=False, na_values=[""])
        assert list(sheets) == [file.table, "codebook"]
        found = sheets[file.table]
        assert list(found) == list(table)
        for column in table:
            if is_number(table[column]):
                np.testing.assert_allclose(
                    found[column].to_numpy(float), table[column].to_numpy(float), rtol=1e-14
                )
        assert list(sheets["codebook"]["column"]) == list(table)


def test_excel_needs_its_extra(
    small: rlsabm.Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"rlsabm\[excel\]"):
        export_study(small, "xlsx", out=tmp_path)


def test_a_table_too_long_for_excel(
    small: rlsabm.Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("openpyxl")
    monkeypatch.setattr(exporting, "MOST_EXCEL_ROWS", 100)
    with pytest.raises(UserError, match=r"500 rows, more than the 100.*--table"):
        export_study(small, "xlsx", out=tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("full_after", [0, 1])
@pytest.mark.parametrize("replace", [False, True])
def test_a_full_disk_leaves_what_was_there(
    small: rlsabm.Study,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    full_after: int,
    replace: bool,
) -> None:
    """All of the tables are written, or none; a folder that is new goes with them."""
    out = tmp_path / "new" / "folder"
    if replace:
        export_study(small, "csv", tables=["draws", "autopsies"], out=out)
    before = contents(tmp_path)
    calls = iter(range(10))

    def full(descriptor: int) -> None:
        if next(calls) >= full_after:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match=r"folder: cannot be written: No space left on device$"):
        export_study(small, "csv", tables=["draws", "autopsies"], out=out, replace=replace)
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    ("streams", "code"),
    [("| head -1 > /dev/null", 0), ("| true", 0), ("> /dev/full", 2), (">&-", 2)],
)
def test_all_is_written_before_anything_is_said(
    done: Path, workplace: Path, streams: str, code: int
) -> None:
    line = f"set -o pipefail; {sys.executable} -m rlsabm export asked --out new {streams}"
    ended = subprocess.run(["bash", "-c", line], cwd=workplace, env=environment(), check=False)
    assert ended.returncode == code
    tables = {f"{path.stem}.csv" for path in done.glob("*.parquet")}
    assert {path.name for path in (workplace / "new").iterdir()} == {*tables, "codebook.csv"}


@pytest.mark.parametrize("made", [[], ["units"], ["persons"]])
@pytest.mark.parametrize("deeper", [[], ["mine"]])
def test_nothing_is_written_into_a_study(
    rlsabm_command: Command, done: Path, made: list[str], deeper: list[str]
) -> None:
    """It would be removed when the study goes on; a folder of one's own beside it stays."""
    out = done.joinpath(*made, *deeper)
    out.mkdir(parents=True, exist_ok=True)
    before = contents(done)
    outcome = rlsabm_command("export", "asked", "--table", "draws", "--out", str(out))
    if deeper and not made:
        assert outcome.code == 0
        return
    refused(outcome, f"{out}: belongs to the study in {done}; choose another folder with --out")
    assert contents(done) == before


def test_of_the_folder_that_one_is_in(
    rlsabm_command: Command, done: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(done)
    refused(rlsabm_command("export", ".", "--out", "."), "belongs to the study in")
    assert rlsabm_command("export", ".", "--table", "draws").code == 0
    assert (done.parent / "asked-csv" / "draws.csv").exists()


def test_the_folder_beside_may_be_that_of_a_study(rlsabm_command: Command, done: Path) -> None:
    shutil.copytree(done, done.with_name("asked-csv"))
    refused(rlsabm_command("export", "asked"), "asked-csv: belongs to the study in")


def test_command(rlsabm_command: Command, study: Ran, tmp_path: Path) -> None:
    words = ["export", str(study.folder), "--table", "autopsies", "--table", "draws"]
    out = tmp_path / "mine"
    outcome = rlsabm_command(*words, "--format", "dta", "--out", str(out))
    assert outcome.code == 0
    assert outcome.out.splitlines()[0].startswith(f"{out / 'autopsies.dta'}: ")
    assert sorted(path.name for path in out.iterdir()) == ["autopsies.dta", "draws.dta"]
    refused(
        rlsabm_command(*words, "--format", "dta", "--out", str(out)),
        *("autopsies.dta: already exists", "--replace"),
    )
    again = rlsabm_command(*words, "--format", "dta", "--out", str(out), "--replace", "--json")
    listed = json.loads(again.out)
    assert [each["table"] for each in listed["files"]] == ["autopsies", "draws"]
    assert listed["files"][1]["rows"] == len(study.table("draws"))


def test_command_writes_beside_the_study(
    rlsabm_command: Command, study: Ran, tmp_path: Path
) -> None:
    (tmp_path / "outputs").mkdir()
    (tmp_path / "outputs" / "mine").symlink_to(study.folder)
    outcome = rlsabm_command("export", "mine", "--table", "draws")
    assert outcome.code == 0, outcome
    assert "draws.csv" in outcome.out
    beside = sorted((tmp_path / "outputs").glob("*-csv/*.csv"))
    assert [path.name for path in beside] == ["codebook.csv", "draws.csv"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--format", "stata"], ["format", "'stata'", "csv, dta, xlsx"]),
        (["--table", "prevalance"], ["did you mean 'prevalence'"]),
        (["--out", "file"], ["is a file"]),
        (["--out", "file/below"], ["file/below: cannot be written: Not a directory"]),
        (["--out", ".", "--table", "draws", "--replace"], ["draws.csv: is a folder"]),
    ],
)
def test_mistakes(
    rlsabm_command: Command, study: Ran, tmp_path: Path, words: list[str], said: list[str]
) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "draws.csv").mkdir()
    refused(rlsabm_command("export", str(study.folder), *words), *said)
    assert not Path(f"{study.folder}-csv").exists()
