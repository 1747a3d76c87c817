"""Standard streams that are closed, full or not Unicode; names of files that are not UTF-8."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from command_tools import SMALL, refused
from conftest import Outcome, environment

#: A study whose arm has a character that many encodings lack.
BEYOND = 'title: "Ferritin ≥ 30"\npopulation: {size: 300}\narms: {"ferritin ≥ 30": {}}\n'


def in_shell(command: str, folder: Path, **variables: str) -> Outcome:
    """Run a line of a shell, in which `rlsabm` is the program."""
    done = subprocess.run(
        ["bash", "-c", command.replace("rlsabm ", f"{sys.executable} -m rlsabm ")],
        cwd=folder,
        env=environment() | variables,
        capture_output=True,
        check=False,
    )
    out, err = (text.decode(errors="surrogateescape") for text in (done.stdout, done.stderr))
    return Outcome(done.returncode, out, err)


# Closed and full ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("streams", "code", "said"),
    [
        (">&-", 2, "error: standard output: Bad file descriptor\n"),
        ("2>&-", 0, ""),
        ("<&-", 0, ""),
        (">&- 2>&- <&-", 2, ""),
        ("> /dev/full", 2, "error: standard output: No space left on device\n"),
        ("> /dev/full 2>&1", 2, ""),
        ("| head -c 1 > /dev/null; exit ${PIPESTATUS[0]}", 0, ""),
    ],
)
@pytest.mark.parametrize("verb", ["conditions", "--version"])
def test_streams_that_cannot_be_used(
    workplace: Path, verb: str, streams: str, code: int, said: str
) -> None:
    outcome = in_shell(f"rlsabm {verb} {streams}", workplace)
    assert (outcome.code, outcome.err) == (code, said)


@pytest.mark.parametrize("streams", [">&- 2>&- <&-", "> /dev/full", "| true"])
def test_a_study_is_complete_where_nothing_can_be_printed(workplace: Path, streams: str) -> None:
    """Nothing that is printed goes into one of its files, either."""
    (workplace / "asked.yaml").write_text(SMALL)
    outcome = in_shell(f"rlsabm run asked.yaml --workers 1 {streams}", workplace)
    assert "Traceback" not in outcome.err
    assert in_shell("rlsabm run asked.yaml --workers 1 --out other", workplace).code == 0
    found, wanted = workplace / "outputs" / "asked", workplace / "other"
    assert {path.name for path in found.iterdir()} == {path.name for path in wanted.iterdir()}
    for file in wanted.glob("*.parquet"):
        if file.name != "runs.parquet":
            assert (found / file.name).read_bytes() == file.read_bytes()
    assert json.loads((found / "manifest.json").read_text())["status"] == "complete"


#: The program, which says at every moment how far a study is.
TALKATIVE = """\
from rlsabm.cli import main
from rlsabm.study import progress
progress.LINE_SECONDS = 0.0
main()
"""


@pytest.mark.parametrize("streams", ["2> /dev/full", "2>&1 | true", "2>&1 | head -1", "2>&1 >&-"])
def test_what_is_said_meanwhile_is_a_courtesy(done: Path, streams: str) -> None:
    """Of damage that is found, and at every step; whoever cannot be told gets all the same."""
    (done / "draws.parquet").write_bytes(b"")
    (done.parents[1] / "talkative.py").write_text(TALKATIVE)
    program = "set -o pipefail; python talkative.py resume asked --workers 1"
    line = f"{program.replace('python', sys.executable)} --add-replicates 1 {streams}"
    outcome = in_shell(line, done.parents[1])
    assert (outcome.code, outcome.err) == (2 if ">&-" in streams else 0, ""), outcome
    manifest = json.loads((done / "manifest.json").read_text())
    assert (manifest["status"], manifest["units"]["finished"]) == ("complete", 2)
    assert (done / "draws.parquet").stat().st_size > 0


@pytest.mark.parametrize("streams", ["2> /dev/full", "2>&1 >&- | true"])
def test_a_mistake_is_a_mistake_where_nobody_is_told(workplace: Path, streams: str) -> None:
    assert in_shell(f"set -o pipefail; rlsabm check missing.yaml {streams}", workplace).code == 2


# Characters ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_characters_that_a_stream_lacks(workplace: Path, encoding: str) -> None:
    (workplace / "asked.yaml").write_text(BEYOND, encoding="utf-8")

    def typed(words: str) -> str:
        outcome = in_shell(f"rlsabm {words}", workplace, PYTHONIOENCODING=encoding)
        assert (outcome.code, outcome.err) == (0, ""), outcome
        return outcome.out

    assert "ferritin >= 30" in typed("run asked.yaml --workers 1")
    assert "ferritin >= 30" in typed("compare outputs/asked")
    assert "Ferritin >= 30" in typed("status outputs/asked")
    for words in ("compare outputs/asked --json", "show asked.yaml --json", "schema"):
        text = typed(words)
        assert text.isascii()
        json.loads(text)
    (workplace / "back.yaml").write_text(typed("show asked.yaml"))
    shown = json.loads(typed("show back.yaml --json"))
    assert (shown["title"], list(shown["arms"])) == ("Ferritin ≥ 30", ["ferritin ≥ 30"])
    wrong = in_shell("rlsabm check '≥.yaml'", workplace, PYTHONIOENCODING="ascii")
    assert wrong.code == 2
    assert wrong.err.startswith("error: >=.yaml: no such file")


@pytest.mark.parametrize(
    "variables",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"COLUMNS": "0"},
        {"COLUMNS": "junk", "TERM": "dumb", "NO_COLOR": "1"},
        {"TERMINAL_WIDTH": "junk"},
        {"TERMINAL_WIDTH": "1000000000000"},
        {"COLUMNS": "1000000000000", "LINES": "1000000000000"},
        {"COLUMNS": "9" * 5000, "TERMINAL_WIDTH": "9" * 5000},
        {"COLUMNS": "²", "LINES": "²"},
    ],
    ids=lambda variables: str(variables)[:60],
)
def test_terminals_that_are_strange(workplace: Path, variables: dict[str, str]) -> None:
    refused(in_shell("rlsabm check missing.yaml", workplace, **variables), "missing.yaml: no such")
    outcome = in_shell("rlsabm check --help", workplace, **variables)
    assert (outcome.code, outcome.err) == (0, "")
    assert "rlsabm check" in outcome.out


# Names that are not UTF-8 -------------------------------------------------------------------------

LATIN = os.fsdecode(b"lat\xfe")


def test_names_that_are_not_utf_8(workplace: Path) -> None:
    """The folder that one is in may have such a name; a scenario or the folder of a study may not."""
    (workplace / LATIN).mkdir()
    for name in ("asked.yaml", f"{LATIN}.yaml", f"{LATIN}/asked.yaml"):
        (workplace / name).write_text(SMALL)
    outcome = in_shell("rlsabm run asked.yaml --workers 1", workplace / LATIN)
    assert (outcome.code, outcome.err) == (0, "")
    outcome = in_shell(f"rlsabm run {LATIN}/asked.yaml --out out --workers 1", workplace)
    assert (outcome.code, outcome.err) == (0, "")
    for folder in (workplace / "out", workplace / LATIN / "outputs" / "asked"):
        manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text("utf-8"))
        assert manifest["status"] == "complete"
    json.loads(in_shell(f"rlsabm show {LATIN}/asked.yaml --json", workplace).out.encode())
    refused(in_shell(f"rlsabm check {LATIN}.yaml", workplace), "cannot be the name of a scenario")
    refused(
        in_shell(f"rlsabm run asked.yaml --out {LATIN}/out", workplace), "is not a name in UTF-8"
    )
