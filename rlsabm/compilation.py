"""Compilation of the rules, and where compiled code is kept.

Every rule of the simulator is decorated with :func:`compiled`.  Compiled code is kept in a folder
named by a hash of all sources that rules are made of: a change of a rule must not be ignored by those
that call it from another file.

Set ``NUMBA_DISABLE_JIT=1`` to run the same rules as plain Python, for debugging.  ``fastmath`` stays
off, and no thread is started here, so that results do not depend on the processor.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core import event

from rlsabm.code_cache import RuleCache, choose_folder, has_code

Function = TypeVar("Function", bound=Callable[..., Any])

PACKAGE = Path(__file__).parent
#: Upper floors of the package: they hold no rule, and no rule imports them.
WITHOUT_RULES = frozenset(
    (
        *("scenario", "results", "study", "reading", "simulation", "calibration", "mesa", "model"),
        *("trials", "gpu", "exploring", "printing", "plots", "reporting", "cli", "__main__"),
    )
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


#: Where compiled code is kept; None if it cannot be kept anywhere.
CACHE_FOLDER = choose_folder(f"compiled-{sources_hash()}")


def is_compiled_before() -> bool:
    """Whether an earlier run has left compiled code for these sources."""
    return CACHE_FOLDER is not None and has_code(CACHE_FOLDER)


class _Listener(event.Listener):
    """Hears when the compiler begins and ends; a rule may have others compiled in between."""

    def __init__(self, tell: Callable[[bool], None]) -> None:
        self._tell = tell
        self._depth = 0

    def on_start(self, _: event.Event) -> None:
        self._depth += 1
        if self._depth == 1:
            self._tell(True)

    def on_end(self, _: event.Event) -> None:
        self._depth -= 1
        if self._depth == 0:
            self._tell(False)


@contextmanager
def compiling_told(tell: Callable[[bool], None]) -> Iterator[None]:
    """Have a function called with True when this process begins to compile, with False when it ends."""
    with event.install_listener("numba:compile", _Listener(tell)):
        yield


def _compile(function: Function, *, forceinline: bool) -> Function:
    rule: Any = numba.njit(nogil=True, error_model="numpy", forceinline=forceinline)(function)
    if CACHE_FOLDER is not None and rule is not function:  # not with NUMBA_DISABLE_JIT=1
        rule._cache = RuleCache(function, CACHE_FOLDER)
    return cast(Function, rule)


def compiled(function: Function) -> Function:
    """Compile a rule, or a loop over people, to machine code."""
    return _compile(function, forceinline=False)


def inlined(function: Function) -> Function:
    """Compile a rule into its callers: for what every person does every month (a fifth faster)."""
    return _compile(function, forceinline=True)
