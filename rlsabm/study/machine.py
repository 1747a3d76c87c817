"""What this machine has to offer, and what it is."""

from __future__ import annotations

import os
import platform
import socket
import subprocess
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from rlsabm import __version__
from rlsabm.compilation import PACKAGE
from rlsabm.study.allotment import memory_allotted, processors_allotted

#: What wheels hold beside the package of a checkout; nothing is computed with it from there.
ONLY_IN_WHEELS = ("scenarios", "data/scorecard.parquet")
#: Data that no resolved scenario holds in full, as it does the conditions of the catalogue.
NOT_IN_SCENARIOS = ("data/countries/", "data/care/", "data/treatments.yaml")
_PACKAGES = ("mesa", "numpy", "numba", "pandas", "pyarrow", "pydantic")


def processors() -> int:
    """Processors that this process may use: a batch system may have allotted fewer than there are."""
    return max(1, min(_processors().values()))


def _processors() -> dict[str, int]:
    """Limits of the number of processors, by who sets them."""
    limits = {"machine": os.cpu_count() or 1}
    with suppress(AttributeError, OSError):  # not on every system
        limits["affinity"] = len(os.sched_getaffinity(0))
    return limits | processors_allotted()


def memory_bytes() -> int:
    """Memory of this machine, or what a container or batch system leaves of it."""
    return min(_memory().values())


def whose_memory() -> str:
    """Who sets the limit of memory, in words that follow its size."""
    limits = _memory()
    smallest = min(limits, key=lambda who: limits[who])
    if smallest == "machine":
        return "of this machine"
    return f"that {f'the {smallest}' if smallest.islower() else smallest} allows"


def _memory() -> dict[str, int]:
    """Limits of memory (bytes), by who sets them."""
    return {"machine": psutil.virtual_memory().total} | memory_allotted(processors=processors())


def resources_found() -> dict[str, Any]:
    """Processors and memory that a study counts on here, and what limits them."""
    found: dict[str, Any] = {}
    for name, limits in (("processors", _processors()), ("memory_bytes", _memory())):
        smallest = min(limits, key=lambda who: limits[who])
        found |= {name: limits[smallest], f"{name}_limited_by": smallest}
    return found


def worker_name() -> str:
    """Host and process."""
    return f"{socket.gethostname()}:{os.getpid()}"


@cache
def package_hash() -> str:
    """Hash of all that the package computes with: its sources and tables, as they are at the start."""
    return hash_of(PACKAGE)


def hash_of(package: Path) -> str:
    """Hash of the sources and tables of a package, the same in a checkout and installed from it."""
    digest = sha256(__version__.encode())
    for path in sorted(package.rglob("*")):
        inside = path.relative_to(package).as_posix()
        if inside.startswith(ONLY_IN_WHEELS):
            continue
        in_no_scenario = path.suffix == ".yaml" and inside.startswith(NOT_IN_SCENARIOS)
        if path.suffix in (".py", ".csv", ".parquet") or in_no_scenario:
            digest.update(inside.encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def is_by_this_version(manifest: Mapping[str, Any]) -> bool:
    """Whether the study of a manifest was run with this package."""
    return bool(manifest["software"]["package_hash"] == package_hash())


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
