"""Runs the command line on damaged files, and counts what must not happen."""

from __future__ import annotations

import io
import multiprocessing
import os
import random
import re
import shutil
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from fuzzing.cases import Case, make_case

#: Longest time of a processor that a command on a damaged file may take; a run, however small, may take
#: longer (seconds).  By the clock a busy machine has several times as long.
PATIENCE, PATIENCE_OF_RUNS = 5.0, 60.0
TIMES_BY_THE_CLOCK = 12
#: A mistake is told in a few lines of readable text.
MOST_LINES, MOST_LETTERS = 12, 3_000
UNREADABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
#: Exit codes: done, a mistake, runs failed.
ALLOWED = (0, 2, 3)


@dataclass(frozen=True)
class Answer:
    """What a command did.

    Attributes
    ----------
    code
        Exit code; None if it did not end.
    trouble
        What must not happen, in a word or two; empty if all is well.
    detail
        More about it.
    seconds
        How long it took, of a processor.
    """

    code: int | None
    trouble: str = ""
    detail: str = ""
    seconds: float = 0.0


@dataclass
class Count:
    """How often what happened."""

    by_kind: Counter[str] = field(default_factory=Counter)
    by_code: Counter[int | None] = field(default_factory=Counter)
    troubles: list[tuple[int, Case, Answer]] = field(default_factory=list)
    slowest: float = 0.0

    def add(self, number: int, case: Case, answer: Answer) -> None:
        """Count one more."""
        self.by_kind[case.kind] += 1
        self.by_code[answer.code] += 1
        if case.command[0] not in ("run", "resume"):
            self.slowest = max(self.slowest, answer.seconds)
        if answer.trouble:
            self.troubles.append((number, case, answer))


def _typed(words: list[str]) -> Answer:
    """Call the entry point as the command does, in this process."""
    from rlsabm.cli import main

    out, err = io.StringIO(), io.StringIO()
    sys.argv = ["rlsabm", *words]
    code: int | None = None
    trouble = detail = ""
    started = time.process_time()
    with redirect_stdout(out), redirect_stderr(err), warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            main()
        except SystemExit as error:
            code = 0 if error.code is None else error.code if isinstance(error.code, int) else 1
        except BaseException:
            trouble, detail = "traceback", traceback.format_exc()
    seconds = time.process_time() - started
    said = err.getvalue()
    if not trouble and code not in ALLOWED:
        trouble = f"exit code {code}"
    elif "Traceback" in said + out.getvalue():
        trouble, detail = "traceback", said
    elif code == 2 and not said.strip():
        trouble = "nothing said"
    elif code == 2 and (len(said.splitlines()) > MOST_LINES or len(said) > MOST_LETTERS):
        trouble, detail = "long message", said[:500]
    elif UNREADABLE.search(said):
        trouble, detail = "control characters", repr(said[:500])
    return Answer(code, trouble, detail or said, seconds)


def _tree(folder: Path) -> dict[str, bytes | None]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


def _misplaced(before: dict[str, bytes | None], after: dict[str, bytes | None], place: str) -> str:
    """What was written outside the folders of results, in one line."""
    results = (f"{place}/outputs", f"{place}/outputs/")
    changed = [
        name
        for name in {*before, *after}
        if before.get(name, b"") != after.get(name, b"") and not name.startswith(results)
    ]
    return ", ".join(sorted(changed)[:5])


def _work(connection: Connection, study: str, base: str) -> None:
    """Answer case after case, in a folder of its own below ``base``."""
    os.environ["COLUMNS"] = "100"
    while True:
        number, seed = connection.recv()
        chance = random.Random(f"{seed} {number}")
        room = Path(base) / "a" / "b"
        shutil.rmtree(room.parent, ignore_errors=True)
        room.mkdir(parents=True)
        case = make_case(chance, room, Path(study))
        connection.send(case)
        before = _tree(Path(base))
        with chdir(room):
            answer = _typed(case.command)
        if not answer.trouble:
            misplaced = _misplaced(before, _tree(Path(base)), "a/b")
            if misplaced:
                answer = Answer(answer.code, "written elsewhere", misplaced, answer.seconds)
        connection.send(answer)


class Worker:
    """A process that answers, and that can be given up."""

    def __init__(self, study: Path) -> None:
        self._study = study
        self._base = tempfile.mkdtemp(prefix="rlsabm-fuzzing-")
        self._begin()

    def _begin(self) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._connection, theirs = spawn.Pipe()
        arguments = (theirs, str(self._study), self._base)
        self._process = spawn.Process(target=_work, args=arguments, daemon=True)
        self._process.start()
        self.answer(0, "begin", patience=300)  # imports are no part of the first case

    def answer(self, number: int, seed: Any, patience: float | None = None) -> tuple[Case, Answer]:
        """What the command answers to the case of this number."""
        self._connection.send((number, seed))
        case: Case = self._connection.recv()
        slow = case.command[0] in ("run", "resume")
        wait = patience or (PATIENCE_OF_RUNS if slow else PATIENCE)
        if self._connection.poll(TIMES_BY_THE_CLOCK * wait):
            try:
                answer: Answer = self._connection.recv()
            except EOFError:
                answer = Answer(self._process.exitcode, "process ended", "")
            if answer.seconds > wait:
                answer = Answer(answer.code, "slow", f"{answer.seconds:.1f} s", answer.seconds)
        else:
            answer = Answer(None, "hang")
        if answer.trouble in ("hang", "process ended"):
            self.end()
            self._begin()
        return case, answer

    def end(self) -> None:
        """Stop the process."""
        self._process.kill()
        self._process.join()
        shutil.rmtree(self._base, ignore_errors=True)
        Path(self._base).mkdir(exist_ok=True)


def make_study(folder: Path) -> Path:
    """A small finished study below a folder, which other cases copy."""
    from fuzzing.cases import FULL

    (folder / "s.yaml").write_text(
        FULL.replace("size: 1_000", "size: 300").replace("draws: 2", "draws: 1"), encoding="utf-8"
    )
    with chdir(folder):
        answer = _typed(["run", "s.yaml", "--out", "outputs/study", "--workers", "1"])
    if answer.code != 0:
        raise RuntimeError(f"the study to damage failed: {answer.detail}")
    return folder / "outputs" / "study"
