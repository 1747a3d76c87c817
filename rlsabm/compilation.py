"""Compilation of the rules, and where compiled code is kept.

Every rule of the simulator is decorated with :func:`compiled`.  Compiled code is cached in a folder
named by a hash of all sources that rules are made of, because numba's own cache notices a change in
the decorated file only, not in a function that the file calls from another file: without the hash an
edited rule could silently be ignored by its callers.

Set ``NUMBA_DISABLE_JIT=1`` to run the same rules as plain Python, for debugging.  ``fastmath`` stays
off, and no thread is started here, so that results do not depend on the processor.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core import config as numba_config

config: Any = numba_config

Function = TypeVar("Function", bound=Callable[..., Any])

PACKAGE = Path(__file__).parent
KEEP_SECONDS = 30 * 24 * 3600
#: Upper floors of the package: they hold no rule, and no rule imports them.
WITHOUT_RULES = frozenset(
    ("scenario", "results", "study", "reading", "simulation", "mesa", "model", "printing", "cli")
)


def sources_hash(package: Path = PACKAGE) -> str:
    """Hash of every source below ``package`` of which rules are made, and of the compiler's version."""
    digest = hashlib.sha256(numba.__version__.encode())
    for source in sorted(package.rglob("*.py")):
        inside = source.relative_to(package)
        if inside.with_suffix("").parts[0] in WITHOUT_RULES:
            continue
        digest.update(inside.as_posix().encode())
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def _forget_old_code(base: Path) -> None:
    """Remove the compiled code of other versions that is older than a month."""
    for folder in base.glob("compiled-*"):
        if time.time() - folder.stat().st_mtime > KEEP_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


def _cache_folder() -> Path:
    """A writeable folder for this version of the sources."""
    base = os.environ.get("RLSABM_CACHE") or os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    folder = Path(base).expanduser() / "rlsabm" / f"compiled-{sources_hash()}"
    try:
        if not folder.exists():
            _forget_old_code(folder.parent)
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError:
        folder = Path(tempfile.gettempdir()) / f"rlsabm-{os.getuid()}" / folder.name
        folder.mkdir(parents=True, exist_ok=True)
    return folder


CACHE_FOLDER = _cache_folder()


def is_compiled_before() -> bool:
    """Whether an earlier run has left compiled code for these sources."""
    return any(CACHE_FOLDER.rglob("*.nbc"))


def _compile(function: Function, *, forceinline: bool) -> Function:
    before = config.CACHE_DIR
    config.CACHE_DIR = str(CACHE_FOLDER)
    try:
        decorate = numba.njit(cache=True, nogil=True, error_model="numpy", forceinline=forceinline)
        return cast(Function, decorate(function))
    finally:
        config.CACHE_DIR = before


def compiled(function: Function) -> Function:
    """Compile a rule, or a loop over people, to machine code."""
    return _compile(function, forceinline=False)


def inlined(function: Function) -> Function:
    """Compile a rule into its callers: for what every person does every month (a fifth faster)."""
    return _compile(function, forceinline=True)
