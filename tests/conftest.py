"""How tests are run, and what they share: ways to call rlsabm, and one small study."""

from __future__ import annotations

import atexit
import fcntl
import os
import pickle
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import hypothesis
import pandas as pd
import pytest

import rlsabm

CHECKOUT = Path(__file__).parents[1]

#: Two survey years in a row and one apart; an arm that changes nothing and one that does: donors have
#: RLS often enough to be seen among so few, because the supply of iron to their brains falls early.
STUDY = """\
title: A small study with everything
population: {size: 2_000}
observe: {years: [2010, 2018, 2019], as: [true, CH-RLSq], persons: 1.0, events: true}
shifts: {conditions: [blood_donation, pregnancy, obesity, multiple_sclerosis], postulates: true}
parameters: {supply_half_ferritin_ug_per_l: 12, supply_steepness: 3}
arms:
  nothing changed: {}
  no donation: {conditions.blood_donation.enabled: false}
runs: {draws: 2, replicates: 2, seed: 5}
"""


# How tests are run ---------------------------------------------------------------------------------

#: More workers have little to do: there are only so many files, and some take a minute.
MOST_WORKERS = 4
#: Files that take longest, longest first: several workers begin with them.
LONGEST = (
    "test_resume",
    "test_damage",
    "test_engine",
    "test_worlds",
    "test_cli",
    "test_study",
    "test_results",
)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Workers for ``-n auto``: none for one file of tests, and none where output is to be seen."""
    files = {Path(str(word).split("::")[0]) for word in config.args}
    one_file = len(files) == 1 and all(file.suffix == ".py" for file in files)
    if one_file or config.option.capture == "no" or config.option.collectonly:
        return 0
    return min(len(os.sched_getaffinity(0)), MOST_WORKERS)


def pytest_configure(config: pytest.Config) -> None:
    # No test is about time: an example may wait for a compiler, or for a machine that others use.
    hypothesis.settings.register_profile(
        "patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
    )
    hypothesis.settings.load_profile("patient")
    # Who is begun in the background of a script is deaf to Ctrl-C, and so would be all whom it begins.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    shared_folder()  # of this process, if it has begun the test run


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Compile once what all workers would compile at the same time."""
    if getattr(session.config.option, "tx", None) and not hasattr(session.config, "workerinput"):
        from rlsabm.compilation import is_compiled_before

        if not is_compiled_before():
            reporter = session.config.pluginmanager.get_plugin("terminalreporter")
            if reporter is not None:
                reporter.write_line("compiling, once: half a minute")
            shared("compiled", _compile)


def _compile(folder: Path) -> None:
    (folder / "small.yaml").write_text(STUDY, encoding="utf-8")
    settings = ("population.size=100", "runs.draws=1", "runs.replicates=1", "arms={}")
    words = [word for setting in settings for word in ("--set", setting)]
    outcome = typed("run", "small.yaml", "--workers", "1", *words, folder=folder)
    assert outcome.code == 0, outcome.err


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let several workers begin with the longest files, so that they end at the same time."""
    if hasattr(config, "workerinput"):
        place = {name: number for number, name in enumerate(LONGEST)}
        items.sort(key=lambda item: place.get(item.path.stem, len(place)))


@pytest.fixture(autouse=True)
def environment_stays() -> Iterator[None]:
    """Undo what a test did to the environment.

    Dask sets ``MALLOC_TRIM_THRESHOLD_`` for good, which makes later processes several times slower.
    """
    before = os.environ.copy()
    yield
    current = "PYTEST_CURRENT_TEST"  # is pytest's own
    for name in {*before, *os.environ} - {current}:
        if name not in before:
            del os.environ[name]
        elif os.environ.get(name) != before[name]:
            os.environ[name] = before[name]


@cache
def shared_folder() -> Path:
    """A folder of this test run, that of all its workers and of the processes that they begin."""
    name = "RLSABM_TEST_RUN"
    if name not in os.environ:
        os.environ[name] = tempfile.mkdtemp(prefix="rlsabm-tests-")
        atexit.register(shutil.rmtree, os.environ[name], ignore_errors=True)
    return Path(os.environ[name])


@cache
def shared(name: str, make: Callable[[Path], None]) -> Path:
    """A folder that the first of all workers who asks for it fills, and that all of them read."""
    folder, made = shared_folder() / name, shared_folder() / f"{name} is made"
    with (shared_folder() / f"{name} is locked").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            made.touch()
    return folder


# Ways to call rlsabm -------------------------------------------------------------------------------


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
        [sys.executable, "-m", "rlsabm", *words],
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


# Studies -------------------------------------------------------------------------------------------


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


def _run_study(folder: Path) -> None:
    (folder / "small.yaml").write_text(STUDY, encoding="utf-8")
    outcome = typed("run", "small.yaml", folder=folder)
    (folder / "outcome").write_bytes(pickle.dumps(tuple(outcome)))


@pytest.fixture(scope="session")
def study() -> Study:
    """A small study, run once."""
    folder = shared("study", _run_study)
    outcome = Outcome(*pickle.loads((folder / "outcome").read_bytes()))
    return Study(folder / "outputs" / "small", folder / "small.yaml", outcome)


@pytest.fixture
def done(workplace: Path) -> Path:
    """A place that holds a finished study of ``asked.yaml``."""
    shutil.copytree(shared("asked", _run_asked), workplace, dirs_exist_ok=True)
    return workplace / "outputs" / "asked"


def _run_asked(folder: Path) -> None:
    from command_tools import SMALL

    (folder / "asked.yaml").write_text(SMALL)
    assert typed("run", "asked.yaml", folder=folder).code == 0


@pytest.fixture
def twice() -> dict[str, bytes]:
    """What a study with two replicates finds that nothing disturbs."""
    from study_tools import tables

    return tables(shared("asked twice", _run_asked_twice) / "undisturbed")


def _run_asked_twice(folder: Path) -> None:
    from command_tools import SMALL, TWICE

    (folder / "asked.yaml").write_text(SMALL)
    assert typed("run", "asked.yaml", *TWICE, "--out", "undisturbed", folder=folder).code == 0
