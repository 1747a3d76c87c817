"""What this machine has to offer, and what it is."""

from __future__ import annotations

import os
import platform
import socket
import subprocess
import tomllib
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
        **_git(),
        "package_hash": package_hash(),
        "python": platform.python_version(),
        **{package: version(package) for package in _PACKAGES},
    }


@cache
def _git() -> dict[str, Any]:
    """Commit of the sources, and whether they differ from it; None unless they are a checkout.

    The package may lie within a repository of somebody else's, such as one with a virtual environment.
    """
    here = PACKAGE.resolve()
    top, commit = here.parent, None
    if _said_by_git("rev-parse", "--show-toplevel") == str(top) and _is_own(top / "pyproject.toml"):
        commit = _said_by_git("rev-parse", "HEAD")
    changes = _said_by_git("status", "--porcelain", "--", str(here)) if commit else None
    return {"git_commit": commit or None, "git_dirty": None if changes is None else changes != ""}


def _is_own(project: Path) -> bool:
    """Whether a file describes the project whose package this is."""
    try:
        described = tomllib.loads(project.read_text(encoding="utf-8"))
        return bool(described["project"]["name"] == PACKAGE.name)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _said_by_git(*words: str) -> str | None:
    """What git says of the folder of the package, whatever repository a user is working in."""
    surroundings = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    try:
        answer = subprocess.run(
            ["git", "-C", str(PACKAGE), *words],
            capture_output=True,
            text=True,
            timeout=5,
            check=True,
            env=surroundings,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()
