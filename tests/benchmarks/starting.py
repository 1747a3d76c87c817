"""How long it takes before anything happens: help, import, compiling, and a small study."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from .figures import Measured

ROUNDS = 5
SMALL = "title: Small\npopulation: {size: 1_000}\n"


def _seconds(*words: str, folder: str | Path = ".", **variables: str) -> float:
    """Seconds of a command."""
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, *words], cwd=folder, env={**os.environ, **variables}, check=True,
        capture_output=True,
    )  # fmt: skip
    return time.perf_counter() - start


def starting() -> Iterator[Measured]:
    """Help, import, and a small study with rules to be compiled and with compiled ones."""
    command = ("-m", "rlsabm", "--help")
    imported = ("-c", "import rlsabm")
    for what, words in (("`rlsabm --help`", command), ("`import rlsabm`", imported)):
        _seconds(*words)
        bare = median(_seconds("-c", "pass") for _ in range(ROUNDS))
        found = median(_seconds(*words) for _ in range(ROUNDS))
        how = f"a new Python included, which alone takes {bare:.2f} s; median of {ROUNDS}"
        yield Measured(what, f"{found:.2f} s", how)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "small.yaml").write_text(SMALL, encoding="utf-8")
        run = ("-m", "rlsabm", "run", "small.yaml", "--no-report", "--workers", "1")
        cache = str(folder / "cache")
        first = _seconds(*run, "--out", "first", folder=folder, RLSABM_CACHE=cache)
        again = median(
            _seconds(*run, "--out", f"again-{turn}", folder=folder, RLSABM_CACHE=cache)
            for turn in range(ROUNDS)
        )
    yield Measured(
        "a small study, rules compiled first", f"{first:.0f} s", "1,000 people, new cache"
    )
    yield Measured(
        "a small study after that",
        f"{again:.1f} s",
        f"1,000 people, new process; median of {ROUNDS}",
    )
