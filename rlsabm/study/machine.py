"""What this machine has to offer, and what it is."""

from __future__ import annotations

import os
import platform
import socket
import subprocess
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rlsabm import __version__
from rlsabm.compilation import PACKAGE

#: Limits of memory that a container or a batch system sets (control groups 2 and 1).
_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
_PACKAGES = ("mesa", "numpy", "numba", "pandas", "pyarrow", "pydantic")


def processors() -> int:
    """Processors that this process may use: a batch system may have allotted fewer than there are."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        return os.cpu_count() or 1


def memory_bytes() -> int:
    """Memory of this machine, or what a container or batch system leaves of it."""
    have = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for path in _LIMITS:
        try:
            have = min(have, int(Path(path).read_text()))
        except (OSError, ValueError):  # no such limit, or "max"
            continue
    return have


def worker_name() -> str:
    """Host and process."""
    return f"{socket.gethostname()}:{os.getpid()}"


@cache
def package_hash() -> str:
    """Hash of all that the package computes with: its sources and tables, as they are at the start."""
    digest = sha256(__version__.encode())
    for path in sorted(PACKAGE.rglob("*")):
        if path.suffix in (".py", ".csv") or path.name == "country.yaml":
            digest.update(path.relative_to(PACKAGE).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def software() -> dict[str, Any]:
    """Versions of what results depend on."""
    return {
        "rlsabm": __version__,
        "git_commit": _git_commit(),
        "package_hash": package_hash(),
        "python": platform.python_version(),
        **{package: version(package) for package in _PACKAGES},
    }


def _git_commit() -> str | None:
    """Commit of the sources, where they are a checkout."""
    try:
        answer = subprocess.run(
            ["git", "-C", str(PACKAGE), "rev-parse", "HEAD"],
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip() or None
