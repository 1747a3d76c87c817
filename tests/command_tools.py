"""What tests of the command line share."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from conftest import Outcome
from study_tools import ledger

#: A study that takes no time.
SMALL = "title: t\npopulation: {size: 300}\n"
#: The same with one replicate more.
TWICE = ["--set", "runs.replicates=2", "--workers", "1"]


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


def nothing_but_a_study(folder: Path) -> None:
    """The folder has no files of work that is under way."""
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []
    assert not (folder / "units").exists()


@contextmanager
def mounted_disk(folder: Path, size: str) -> Iterator[Path]:
    """A disk of this size at a folder; the test is skipped where none can be mounted."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except OSError:
        mounted = False
    if not mounted:
        pytest.skip("only the superuser can mount a disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def by_replicate(folder: Path, column: str) -> list[Any]:
    """A column of the ledger of a study with one arm and one draw."""
    return list(ledger(folder).sort_values("replicate")[column])
