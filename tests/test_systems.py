"""Other systems: what of Python they lack, file systems without locks."""

from __future__ import annotations

import errno
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import portalocker
import pytest
from conftest import environment

from rlsabm.errors import UserError
from rlsabm.study.folder import StudyFolder

#: What Windows lacks, hidden after the libraries have been imported.
ELSEWHERE = """
import os, pkgutil, signal, sys
import multiprocessing.resource_tracker, mesa, numba, pandas, portalocker, psutil, pyarrow, typer
for name in ("fcntl", "grp", "pwd", "resource", "termios", "pty"):
    sys.modules[name] = None
for name in ("getuid", "geteuid", "getgid", "sysconf", "sched_getaffinity", "killpg", "setsid"):
    delattr(os, name)
for name in ("SIGHUP", "SIGKILL", "SIGPIPE", "SIGTSTP", "pthread_sigmask"):
    delattr(signal, name)
import rlsabm
try:
    import solara
except ImportError:
    missing = "rlsabm.exploring."  # the page, which needs an extra
else:
    missing = "none"
for module in pkgutil.walk_packages(rlsabm.__path__, "rlsabm."):
    if not module.name.startswith(missing):
        __import__(module.name)
from pathlib import Path
from rlsabm.study import interruptions
from rlsabm.study.folder import StudyFolder
from rlsabm.study.machine import memory_bytes, processors
interruptions.listen()
with interruptions.held(), StudyFolder(Path("out")).lock.held():
    assert processors() >= 1 and memory_bytes() > 2**20
print("all imported")
"""


def test_nothing_is_imported_that_windows_lacks(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "all imported\n", "")


@pytest.fixture(params=[errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def without_locks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system that has no locks, as some over a network."""

    def refuse(*_: object) -> None:
        error = OSError(request.param, os.strerror(request.param))
        raise portalocker.LockException(error) from error

    monkeypatch.setattr(portalocker, "lock", refuse)


@pytest.mark.usefixtures("without_locks")
def test_a_file_system_without_locks(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Said, and the study goes on; a process of this machine is known nevertheless."""
    folder = StudyFolder(tmp_path / "out")
    with folder.lock.held():
        (line,) = (record.getMessage() for record in caplog.records)
        assert line.startswith(f"{folder.path}: this file system has no locks (")
        assert not folder.lock.is_held()  # by another
    folder.path.mkdir()
    of_parent = {"process": os.getppid(), "host": socket.gethostname(), "since": "now"}
    (folder.path / ".lock").write_text(json.dumps(of_parent))
    assert folder.lock.is_held()
    with pytest.raises(UserError, match=f"by process {os.getppid()} on"), folder.lock.held():
        pass
    for gone in ({"process": 2**22 + 1}, {"host": "elsewhere"}):
        (folder.path / ".lock").write_text(json.dumps(of_parent | gone))
        assert not folder.lock.is_held()
        with folder.lock.held():
            pass


def test_a_lock_that_cannot_be_had_for_another_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        error = OSError(errno.EIO, "Input/output error")
        raise portalocker.LockException(error) from error

    monkeypatch.setattr(portalocker, "lock", fail)
    with (
        pytest.raises(UserError, match="cannot be written: Input/output error"),
        StudyFolder(tmp_path / "out").lock.held(),
    ):
        pass
