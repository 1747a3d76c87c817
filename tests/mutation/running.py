"""Running tests against wrong rules: in a copy of the package, one wrong rule at a time.

Rules are run as plain Python (``NUMBA_DISABLE_JIT=1``), so that nothing is compiled.  The process that
calls `Check` has loaded numpy, numba and the like; each mutant is a fork of it, which loads the broken
copy of the package and runs pytest until the first failure.  Only what no such test notices is put to
tests of compiled rules, in a process of its own.
"""

from __future__ import annotations

import compileall
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from .generating import CHECKOUT, PACKAGE, Mutant

#: Seconds after which a mutant that still runs counts as noticed: its rules never end.
PLAIN_SECONDS, COMPILED_SECONDS = 150, 900
#: Stages in which a mutant may be noticed: tests of what rules mean, with plain and with compiled
#: rules, and the last net, tests that compare with stored values.
STAGES = ("plain", "compiled", "net")

#: After the name of a file of tests that cannot be collected.
DOES_NOT_LOAD = " (does not load)"
PYTEST = ("-o", "addopts=", "-p", "no:cacheprovider", "-x", "-q", "--no-header", "--tb=no",
          "-W", "ignore:Module already imported",
          "-m", "not long and not endurance and not benchmark")  # fmt: skip


class Outcome(NamedTuple):
    """What became of a mutant.

    Attributes
    ----------
    name
        Name of the mutant.
    stage
        Where it was noticed; empty if nowhere.
    test
        The test that noticed it.
    seconds
        How long that took.
    """

    name: str
    stage: str
    test: str
    seconds: float


class _Watcher:
    """A plugin of pytest that keeps the first failure."""

    def __init__(self) -> None:
        self.failed = ""

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed and not self.failed:
            self.failed = report.nodeid

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed and not self.failed:
            self.failed = report.nodeid + DOES_NOT_LOAD


def load_what_all_need() -> None:
    """Import in this process, before it forks, what takes long and is not under test."""
    os.environ["NUMBA_DISABLE_JIT"] = "1"
    import hypothesis
    import numba  # noqa: F401
    import pandas  # noqa: F401
    import pyarrow.parquet  # noqa: F401
    import pydantic  # noqa: F401
    import pytest  # noqa: F401
    import ruamel.yaml  # noqa: F401
    import scipy.integrate
    import scipy.optimize
    import scipy.stats  # noqa: F401

    assert not any(name.split(".")[0] == PACKAGE for name in sys.modules), (
        "loaded before it is broken"
    )
    # The same examples every time; none are kept.
    hypothesis.settings.register_profile("mutation", derandomize=True, database=None)
    hypothesis.settings.load_profile("mutation")


class Copy:
    """A copy of the package in which one module at a time is broken."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.package = folder / PACKAGE
        if not self.package.exists():
            shutil.copytree(
                CHECKOUT / PACKAGE, self.package, ignore=shutil.ignore_patterns("__pycache__")
            )
            (folder / "scenarios").symlink_to(CHECKOUT / "scenarios")
            compileall.compile_dir(self.package, quiet=1)

    @contextlib.contextmanager
    def broken(self, mutant: Mutant | None) -> Iterator[None]:
        """The copy with this wrong rule; as it should be afterwards."""
        if mutant is None:
            yield
            return
        path, original = self.package / mutant.module, CHECKOUT / PACKAGE / mutant.module
        path.write_text(mutant.applied(original.read_text(encoding="utf-8")), encoding="utf-8")
        try:
            yield
        finally:
            shutil.copy2(original, path)


def run_plain(copy: Copy, tests: Sequence[str], seconds: float = PLAIN_SECONDS) -> str:
    """Run tests with plain rules in a fork; the name of the first that fails, or nothing."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        os.setsid()
        failed = "the process of the tests (it ended)"
        try:
            null = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(null, stream)
            failed = _pytest_here(copy.folder, tests)
        finally:
            os.write(writer, failed.encode())
            os._exit(0)
    os.close(writer)
    return _answer(child, reader, seconds)


def _pytest_here(folder: Path, tests: Sequence[str]) -> str:
    import pytest

    sys.dont_write_bytecode = True
    sys.path.insert(0, str(folder))
    os.environ["PYTHONPATH"] = str(folder)
    os.chdir(CHECKOUT)
    watcher = _Watcher()
    code = pytest.main([*PYTEST, *tests], plugins=[watcher])
    return watcher.failed or ("" if code == 0 else f"pytest (exit code {int(code)})")


def _answer(child: int, reader: int, seconds: float) -> str:
    """What a fork says, or that it went on for too long."""
    import select

    parts = []
    deadline = time.monotonic() + seconds
    try:
        while True:
            ready, _, _ = select.select([reader], [], [], max(deadline - time.monotonic(), 0.0))
            if not ready:
                os.killpg(child, signal.SIGKILL)
                return f"time (more than {seconds:g} s)"
            part = os.read(reader, 65536)
            if not part:
                return b"".join(parts).decode()
            parts.append(part)
    finally:
        os.close(reader)
        os.waitpid(child, 0)


#: Run in a process of its own, in which rules are compiled.
_COMPILED = """
import json, sys
sys.path[:0] = sys.argv[1:3]
from tests.mutation.running import _pytest_here
from pathlib import Path
print("\\n" + json.dumps(_pytest_here(Path(sys.argv[1]), sys.argv[3:])))
"""


def run_compiled(copy: Copy, tests: Sequence[str], seconds: float = COMPILED_SECONDS) -> str:
    """Run tests with compiled rules; the name of the first that fails, or nothing."""
    environment = {name: value for name, value in os.environ.items() if name != "NUMBA_DISABLE_JIT"}
    # Code of broken rules is of no use to anybody else.
    environment["RLSABM_CACHE"] = str(copy.folder / "cache")
    process = subprocess.Popen(
        [sys.executable, "-c", _COMPILED, str(copy.folder), str(CHECKOUT), *tests],
        env=environment, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        out, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return f"time (more than {seconds:g} s)"
    last = (out.splitlines() or [""])[-1]
    try:
        return str(json.loads(last))
    except ValueError:
        return "the process of the tests (it ended)"


def check(mutant: Mutant, copy: Copy, tests: dict[str, Sequence[str]]) -> Outcome:
    """Put a mutant to the tests of each stage until one notices it."""
    begun = time.monotonic()
    stage, failed = "", ""
    with copy.broken(mutant):
        for stage, files in tests.items():
            if files:
                run = run_compiled if stage == "compiled" else run_plain
                failed = run(copy, files)
            if failed:
                break
    seconds = round(time.monotonic() - begun, 1)
    return Outcome(mutant.name, stage if failed else "", failed, seconds)
