"""Scripts that run a study: with or without a main guard, from a file, a pipe or a command line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Outcome, environment
from study_tools import PATIENCE

STUDY = """\
title: t
population: {size: 300}
runs: {replicates: 3}
"""
#: Without ``if __name__ == "__main__":``.
SCRIPT = """\
from pathlib import Path
from rlsabm.study.job import do_job
from rlsabm.study.settings import read_scenario
from rlsabm.study.study import Options, run_study

def own(job, *progress):
    return do_job(job, *progress)

print("begun")
study = read_scenario("small.yaml", [])
report = run_study(study, Path("out"), Options(workers=2 OPTIONS))
print(report.status, report.trouble)
"""


def python(folder: Path, *words: str, text: str | None = None) -> Outcome:
    (folder / "small.yaml").write_text(STUDY)
    done = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=environment(),
        input=text,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize(
    "options",
    ["", pytest.param(", cluster='local'", marks=pytest.mark.long, id="dask")],
)
@pytest.mark.parametrize(
    "way", ["file", pytest.param("pipe", marks=pytest.mark.long), "command line"]
)
def test_no_main_guard_is_needed(tmp_path: Path, way: str, options: str) -> None:
    if options:
        pytest.importorskip("distributed")
    script = SCRIPT.replace("OPTIONS", options)
    (tmp_path / "script.py").write_text(script)
    match way:
        case "file":
            outcome = python(tmp_path, "script.py")
        case "pipe":
            outcome = python(tmp_path, "-", text=script)
        case _:
            outcome = python(tmp_path, "-c", script)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.splitlines() == ["begun", "complete "]


def test_a_script_with_work_of_its_own_is_told_of_the_guard(tmp_path: Path) -> None:
    """Its workers must import it, and it must not go on for ever."""
    (tmp_path / "script.py").write_text(SCRIPT.replace("OPTIONS", ", work=own"))
    outcome = python(tmp_path, "script.py")
    assert outcome.code == 0
    assert "Traceback" not in outcome.err
    lines = [line for line in outcome.err.splitlines() if line]  # workers may write at once
    assert lines
    assert all('if __name__ == "__main__":' in line for line in lines)
    assert outcome.out.splitlines()[-1].startswith("stopped worker processes ended 5 times before")


def test_a_script_with_a_guard_may_have_work_of_its_own(tmp_path: Path) -> None:
    script = SCRIPT.replace("OPTIONS", ", work=own")
    head, _, tail = script.partition('print("begun")')
    body = "\n    ".join(f'print("begun"){tail}'.strip().splitlines())
    (tmp_path / "script.py").write_text(f'{head}if __name__ == "__main__":\n    {body}\n')
    outcome = python(tmp_path, "script.py")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.splitlines() == ["begun", "complete "]
