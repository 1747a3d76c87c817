"""What tests of the command line and of results share: ways to call rlsabm, and one small study."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest

import rlsabm

CHECKOUT = Path(__file__).parents[1]

#: Two survey years in a row and one apart; an arm that changes nothing and one that does.
STUDY = """\
title: A small study for tests
population: {size: 2_000}
observe: {years: [2010, 2018, 2019], as: [true, CH-RLSq], persons: 1.0, events: true}
shifts: {conditions: [blood_donation, pregnancy, obesity, multiple_sclerosis], postulates: true}
arms:
  nothing changed: {}
  no donation: {conditions.blood_donation.enabled: false}
runs: {draws: 2, replicates: 2, seed: 5}
"""


class Outcome(NamedTuple):
    """What a command gave."""

    code: int
    out: str
    err: str


Command = Callable[..., Outcome]


def environment() -> dict[str, str]:
    """Environment in which a new process finds the package under test."""
    paths = [str(Path(rlsabm.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}


def typed(*words: str, folder: Path) -> Outcome:
    """Run a command in a process of its own, as a user types it."""
    process = subprocess.run(
        [sys.executable, "-m", "rlsabm.cli", *words],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return Outcome(process.returncode, process.stdout, process.stderr)


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, with the scenarios of the checkout."""
    (tmp_path / "scenarios").symlink_to(CHECKOUT / "scenarios")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def rlsabm_command(
    workplace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Call the command line in this process."""
    from rlsabm.cli import main

    def call(*words: str) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["rlsabm", *words])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        code = ended.value.code
        return Outcome(code if isinstance(code, int) else int(code is not None), *printed)

    return call


class Study(NamedTuple):
    """A study that was run from the command line."""

    folder: Path
    scenario: Path
    outcome: Outcome

    def table(self, name: str) -> pd.DataFrame:
        """One of its tables; a line list with all its parts."""
        return _table(self.folder, name).copy()

    def factual(self, name: str) -> pd.DataFrame:
        """What is so and truly so: no other worlds, no instruments."""
        table = self.table(name)
        table = table[table["world"] == "factual"]
        if "observed_as" in table:
            table = table[table["observed_as"] == "truth"]
        return table.reset_index(drop=True)


@cache
def _table(folder: Path, name: str) -> pd.DataFrame:
    path = folder / f"{name}.parquet"
    return pd.read_parquet(path if path.exists() else folder / name)


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A small study, run once."""
    folder = tmp_path_factory.mktemp("study")
    scenario = folder / "small.yaml"
    scenario.write_text(STUDY, encoding="utf-8")
    outcome = typed("run", "small.yaml", folder=folder)
    return Study(folder / "outputs" / "small", scenario, outcome)


@pytest.fixture
def done(rlsabm_command: Command, workplace: Path) -> Path:
    """A place that holds a finished study of ``asked.yaml``."""
    from command_tools import SMALL

    (workplace / "asked.yaml").write_text(SMALL)
    assert rlsabm_command("run", "asked.yaml").code == 0
    return workplace / "outputs" / "asked"


@pytest.fixture
def twice(rlsabm_command: Command, done: Path) -> dict[str, bytes]:
    """What a study with two replicates finds that nothing disturbs."""
    from command_tools import TWICE, found

    assert rlsabm_command("run", "asked.yaml", *TWICE, "--out", "undisturbed").code == 0
    return found(done.parents[1] / "undisturbed")
