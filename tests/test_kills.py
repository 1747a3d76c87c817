"""Studies that are killed in every phase of their work, and gone on with: the tables are the same."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from itertools import cycle
from pathlib import Path

import pytest
from killed import PHASES
from study_tools import SMALL, Process, reference, same_study

from rlsabm.results.manifests import read_manifest

#: Longest time between the start of the work and a kill (seconds).
LONGEST = 4.0
#: Tries of a phase that may not meet it.
MOST_TRIES = 3


def killed_in_phases(folder: Path, kills: int, seed: int) -> Counter[str]:
    """Kill a study so often, in one phase after another, and go on each time; kills by phase.

    Whenever it comes to its end it is compared with a study that was never disturbed, and begun anew.
    """
    chance, wanted = random.Random(seed), reference()
    (folder / "small.yaml").write_text(SMALL, encoding="utf-8")
    notes, out = folder / "notes", folder / "out"
    notes.touch()
    phases = cycle(PHASES)
    phase, tries = next(phases), 0
    while (before := len(notes.read_text().splitlines())) < kills or out.exists():
        enough = before >= kills
        after = chance.choice((0.0, chance.uniform(0.0, LONGEST)))
        command = ("resume", "out") if read_manifest(out) else ("run", "small.yaml", "--out", "out")
        words = (*command, "--workers", str(chance.choice((1, 1, 2))))
        if phase == "compiling":  # of nothing that is kept
            shutil.rmtree(folder / "cache", ignore_errors=True)
        program = ("-m", "rlsabm") if enough else ("-m", "killed", phase, str(after), str(notes))
        variables = {"RLSABM_CACHE": str(folder / "cache")} if phase == "compiling" else {}
        with Process(*words, folder=folder, program=program, **variables) as process:
            outcome = process.wait()
        assert outcome.code in (0, -9), outcome
        if outcome.code == 0:
            same_study(out, wanted)
            shutil.rmtree(out)
        # A study that was nearly complete has no such phase any more: it is tried with a new one.
        tries += 1
        if len(notes.read_text().splitlines()) > before or tries == MOST_TRIES:
            phase, tries = next(phases), 0
    return Counter(notes.read_text().splitlines())


def show(killed: Counter[str]) -> None:
    print()
    for phase in PHASES:
        print(f"{killed[phase]:5d} kills: {phase}")


@pytest.mark.parametrize(
    "kills",
    [pytest.param(4, marks=pytest.mark.long), pytest.param(10, marks=pytest.mark.endurance)],
)
def test_killed_in_some_phases(tmp_path: Path, kills: int) -> None:
    killed = killed_in_phases(tmp_path, kills, seed=1)
    show(killed)
    assert len(killed) >= 0.6 * kills


@pytest.mark.endurance
@pytest.mark.timeout(3 * 3600)
def test_killed_two_hundred_times_in_all_phases(tmp_path: Path) -> None:
    killed = killed_in_phases(tmp_path, 200, seed=2)
    show(killed)
    assert set(killed) == set(PHASES)
