"""The journal of runs, as of a calibration: each wave and each finished run, kept at once, a line each.

A line holds a record and its checksum, and is appended whole: whenever work stops, all lines but the
last are as they were written, and one that is not is left out.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from rlsabm.calibration.problem import Simulated
from rlsabm.calibration.waves import Kind, Wave
from rlsabm.errors import UserError
from rlsabm.results.files import mark_of

JOURNAL = "journal.jsonl"
#: What a record is of.
IDENTITY, WAVE, RUN, LEARNT = "calibration", "wave", "run", "learnt"


@dataclass(frozen=True)
class Finished:
    """A run of the model that has ended.

    Attributes
    ----------
    number
        Its number.
    scores
        Scores of its parameters.
    figures
        What it gave, by target; empty if it failed.
    error
        Why it failed; empty if it has not.
    seconds, worker
        How long it took, and where.
    """

    number: int
    scores: tuple[float, ...]
    figures: Mapping[str, Simulated]
    error: str = ""
    seconds: float = 0.0
    worker: str = ""


@dataclass
class Journal:
    """What is known of a calibration, or of other runs of its problem.

    Attributes
    ----------
    path
        Its file.
    identity
        What its runs are of; empty if there are none yet.
    waves_found
        Waves by number.
    runs
        Runs that have ended, by number.
    learnt
        What was learnt from each wave, by its number: rows of tables.
    damaged
        Lines that cannot be used.
    """

    path: Path
    identity: dict[str, Any] = field(default_factory=dict)
    waves_found: dict[int, Wave] = field(default_factory=dict)
    runs: dict[int, Finished] = field(default_factory=dict)
    learnt: dict[int, dict[str, Any]] = field(default_factory=dict)
    damaged: int = 0

    @classmethod
    def opened(cls, path: Path) -> Journal:
        """The journal of a file, empty if there is none.

        Raises
        ------
        UserError
            If it cannot be read.
        """
        journal = cls(path)
        try:
            lines = path.read_bytes().split(b"\n") if path.exists() else []
        except OSError as error:
            raise UserError(f"{path}: cannot be read: {error.strerror or error}") from None
        for line in filter(None, lines):
            record = _record_of(line)
            if record is None:
                journal.damaged += 1
            else:
                journal._take(record)
        if journal.damaged and not journal.identity:
            raise UserError(f"{path}: is damaged: it does not say what its runs are of")
        return journal

    @property
    def waves(self) -> list[Wave]:
        """Waves in their order, up to the first one that is missing."""
        found: list[Wave] = []
        while (number := len(found)) in self.waves_found:
            found.append(self.waves_found[number])
        return found

    def begin(self, identity: Mapping[str, Any]) -> None:
        """Write down what the runs are of."""
        self._append({"is": IDENTITY, "identity": dict(identity)})

    def add_wave(self, wave: Wave) -> None:
        """Write down where the model is to be run."""
        arrays = {
            name: None if (value := getattr(wave, name)) is None else value.tolist()
            for name in ("scores", "log_density", "hyperparameters")
        }
        self._append(
            {
                "is": WAVE,
                "number": wave.number,
                "kind": wave.kind.value,
                "power": wave.power,
                **arrays,
            }
        )

    def add_run(self, run: Finished) -> None:
        """Keep what a run gave; when this returns it is finished for good."""
        self._append({"is": RUN, **asdict(run)})

    def add_learnt(self, wave: int, rows: Mapping[str, Any]) -> None:
        """Keep what was learnt from a wave."""
        self._append({"is": LEARNT, "wave": wave, "rows": dict(rows)})

    def _append(self, record: dict[str, Any]) -> None:
        """Append a record, and take it as it is read.

        Raises
        ------
        OSError
            If the disk is full or cannot be written.
        """
        text = json.dumps(record)
        line = json.dumps({"blake2b": mark_of(text.encode()).blake2b, "record": text}).encode()
        with self.path.open("ab") as file:
            # A line before may have been cut: this one begins a new one.
            file.write(b"\n" + line + b"\n")
            file.flush()
            os.fsync(file.fileno())
        self._take(json.loads(text))

    def _take(self, record: dict[str, Any]) -> None:
        match record.pop("is"):
            case "calibration":
                self.identity = record["identity"]
            case "wave":
                arrays = {
                    name: None if record[name] is None else np.array(record[name], dtype=float)
                    for name in ("scores", "log_density", "hyperparameters")
                }
                kind = Kind(record["kind"])
                self.waves_found[record["number"]] = Wave(**{**record, **arrays, "kind": kind})
            case "run":
                figures = {name: Simulated(**each) for name, each in record["figures"].items()}
                known = {**record, "figures": figures, "scores": tuple(record["scores"])}
                self.runs[record["number"]] = Finished(**known)
            case "learnt":
                self.learnt[record["wave"]] = record["rows"]


def _record_of(line: bytes) -> dict[str, Any] | None:
    """The record of a line, or None if it is not as it was written."""
    try:
        sealed = json.loads(line)
        text = sealed["record"]
        if sealed["blake2b"] != mark_of(text.encode()).blake2b:
            return None
        record: dict[str, Any] = json.loads(text)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return record
