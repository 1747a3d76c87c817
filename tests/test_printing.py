"""What is printed: safe text, commands to copy, rounded numbers, tables of any width."""

from __future__ import annotations

import io
import math
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from rlsabm.printing import text
from rlsabm.printing.tables import show_table
from rlsabm.printing.words import case_in_words, label
from rlsabm.wording import counted, percent, points

# Text ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain [red] text [/b] :smile: \\", "plain [red] text [/b] :smile: \\"),
        ("a\x1b[31mb", r"a\x1b[31mb"),
        ("a\x07\x00\x7f\x9bb", r"a\x07\x00\x7f\x9bb"),
        ("a\tb\nc\rd\u2028e\xa0f", "a b c d e f"),
        ("a\u202eb\u2066c\ufeffd", r"a\u202eb\u2066c\ufeffd"),
        ("file\udcfe", r"file\udcfe"),
        ("没有捐血 ≥ 30 µg/L – é", "没有捐血 ≥ 30 µg/L – é"),
        (Path("x"), "x"),
    ],
)
def test_text_is_safe(raw: object, shown: str) -> None:
    assert text.plain(raw) == shown


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("ascii", "4-5 >= 30 ug/L +/-1 ? ?"),
        ("latin-1", "4-5 >= 30 µg/L ±1 é ?"),
        ("utf-8", "4–5 ≥ 30 µg/L ±1 é 没"),
    ],
)
def test_a_terminal_that_knows_few_characters(
    monkeypatch: pytest.MonkeyPatch, encoding: str, shown: str
) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(text, "out", Console(file=stream, width=80))
    assert text.plain("4–5 ≥ 30 µg/L ±1 é 没") == shown


@pytest.mark.parametrize(
    "name",
    [
        "outputs/baseline", "my study", "it's", 'a "b"', "$HOME", "a;b", "*", "研究", "a\nb", "~x",
        "a\x1b[31mb", "tab\there", "back\\slash\x01", "quote'\x02", os.fsdecode(b"lat\xfe"), "é\x03",
    ],
)  # fmt: skip
def test_commands_are_read_by_a_shell_as_they_were_meant(name: str) -> None:
    shown = text.command("printf", "%s", Path(name))
    assert all(letter == text.plain(letter) for letter in shown), shown
    read = subprocess.run(["bash", "-c", shown], capture_output=True, check=True).stdout
    assert read == os.fsencode(name)


def test_a_path_is_no_option() -> None:
    assert text.command("rlsabm", "status", Path("-x")) == "rlsabm status ./-x"
    assert text.command("rlsabm", "run", "--out", Path("a b")) == "rlsabm run --out 'a b'"


@pytest.fixture
def printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[pytest.CaptureFixture[str]]:
    monkeypatch.setattr(text.out, "width", 60)
    return capsys


def test_paragraphs_and_lines(printed: pytest.CaptureFixture[str]) -> None:
    words = "[bold]words " * 20
    text.say(words)
    lines = printed.readouterr().out.splitlines()
    assert len(lines) > 3
    assert max(map(len, lines)) <= 60
    assert " ".join(lines) == words.strip()
    text.say_command("To go on", "rlsabm", "resume", Path("a b" * 40))
    out = printed.readouterr().out
    assert out == f"To go on: rlsabm resume {shlex.quote('a b' * 40)}\n"


# Numbers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "lower", "upper", "shown"),
    [
        (0.128, 0.1188, 0.1379, "12.80 (11.88–13.79)"),
        (0.08512, 0.08371, 0.08653, "8.51 (8.37–8.65)"),
        (0.109, 0.095, 0.125, "10.9 (9.5–12.5)"),
        (0.375, 0.11, 0.74, "38 (11–74)"),
        (0.0, 0.0, 0.22, "0 (0–22)"),
        (0.5, math.nan, math.nan, "50.0"),
        (0.0, 0.0, 0.0, "0.0"),
        (0.2, math.nan, 0.3, "20.0"),
        (math.nan, math.nan, math.nan, "-"),
    ],
)
def test_per_cent(value: float, lower: float, upper: float, shown: str) -> None:
    assert percent(value, lower, upper) == shown


@pytest.mark.parametrize(
    ("value", "lower", "upper", "shown"),
    [
        (-0.0012, -0.0020, -0.0004, "-0.12 (-0.20 to -0.04)"),
        (0.107, 0.06, 0.154, "+10.7 (6.0 to 15.4)"),
        (0.14, -0.02, 0.30, "+14 (-2 to 30)"),
        (-0.00001, -0.001, 0.001, "0.00 (-0.10 to 0.10)"),
        (0.0, 0.0, 0.0, "0.00"),
        (-0.0012, math.nan, math.nan, "-0.12"),
        (math.nan, math.nan, math.nan, "-"),
    ],
)
def test_percentage_points(value: float, lower: float, upper: float, shown: str) -> None:
    assert points(value, lower, upper) == shown


def test_one_and_many() -> None:
    assert [counted(number, "run") for number in (0, 1, 2_000)] == ["0 runs", "1 run", "2,000 runs"]


# Tables -------------------------------------------------------------------------------------------

NAMES = ["everyone", "CKD stage 4–5 before dialysis", "没有捐血的人" * 10, "a" * 70, "[red] [/b] x"]
CELLS = [
    "154,900",
    "12.80 (11.88–13.79)",
    "7.22 (6.51–8.00)",
    "4.44 (3.89–5.07)",
    "+10.7 (6.0 to 15.4)",
]


@pytest.mark.parametrize("columns", [40, 60, 80, 100])
@pytest.mark.parametrize("number", [1, 2, 5])
def test_tables_of_any_width(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: int, number: int
) -> None:
    monkeypatch.setattr(text.out, "width", columns)
    headings = [f"clinically significant {place}" for place in range(number)]
    rows = [["a heading of those below it, which is rather long for a terminal"]]
    rows += [[name, *CELLS[:number]] for name in NAMES]
    show_table("A title " * 12, ["group", *headings], rows)
    out = capsys.readouterr().out
    assert max(map(cell_len, out.splitlines())) <= columns
    assert all(line == line.rstrip() for line in out.splitlines())
    assert "…" not in out
    for cell in CELLS[:number]:
        for part in cell.replace(" (", "\n(").split("\n"):
            assert out.count(part) == len(NAMES)
    for name in NAMES:
        letters = [letter for letter in out if letter in set(name)]
        assert len(letters) >= len(name.replace(" ", ""))
    assert re.search(r"CKD +stage|CKD$|CKD stage", out, re.MULTILINE)


def test_tables_are_no_wider_than_they_need_to_be(capsys: pytest.CaptureFixture[str]) -> None:
    show_table("T", ["name", "n"], [["a", "1"], ["b", "22"]])
    assert capsys.readouterr().out == "\nT\n  name   n\n  ────────\n  a      1\n  b     22\n"


def test_labels() -> None:
    labels = {
        "condition": {"ckd_4_5": "CKD stage 4–5 before dialysis"},
        "definition": {"any": "any"},
    }
    assert label(labels, "condition", "ckd_4_5") == "CKD stage 4–5 before dialysis"
    assert label(labels, "condition", "not_there") == "not there"
    assert case_in_words(labels, "any") == "any RLS"
