"""How far a study is, what failed and why, and how precise its shifts are."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from rlsabm.errors import UserError
from rlsabm.results.files import table_path
from rlsabm.results.precision import precision_of_shifts
from rlsabm.results.sources import manifest_of, read_table
from rlsabm.results.tables.runs import STATUSES
from rlsabm.study.folder import StudyFolder
from rlsabm.study.ledger import FAILED, FINISHED, RUNNING


@dataclass(frozen=True)
class Status:
    """How a study stands.

    Attributes
    ----------
    folder
        Its folder.
    manifest
        Its manifest.
    state
        ``running``, ``stopped``, ``incomplete`` or ``complete``, as it is now.
    holder
        Who runs it, in words; empty if nobody does.
    units
        The ledger.
    seconds_left
        Expected time to its end, while it is running; None if nothing is known of it.
    half_width
        Wanted half-width of the Monte-Carlo interval (proportion).
    precision
        As `precision_of_shifts` gives it; empty while no run has finished.
    """

    folder: Path
    manifest: dict[str, Any]
    state: str
    holder: str
    units: pd.DataFrame
    seconds_left: float | None
    half_width: float
    precision: pd.DataFrame

    def counts(self) -> dict[str, int]:
        """Units by status."""
        return {str(k): int(n) for k, n in self.units["status"].value_counts(sort=False).items()}

    @property
    def failed(self) -> pd.DataFrame:
        """Units that failed."""
        return self.units[self.units["status"] == FAILED]

    def as_mapping(self) -> dict[str, Any]:
        """Plain values, fit for JSON."""
        reasons = ["arm", "draw", "replicate", "block", "attempts", "error"]
        return {
            "folder": str(self.folder),
            "name": self.manifest["name"],
            "status": self.state,
            "units": self.counts(),
            "seconds_left": self.seconds_left,
            "failed": json.loads(self.failed[reasons].to_json(orient="records")),
            "half_width": self.half_width,
            "precision": json.loads(self.precision.to_json(orient="records")),
        }


def find_status(path: Path, half_width: float) -> Status:
    """Read how a study stands; it may be running.

    Parameters
    ----------
    path
        Folder of the study.
    half_width
        Wanted half-width of the Monte-Carlo interval of 95 % (proportion).

    Raises
    ------
    UserError
        If the folder holds no study of this version.
    """
    folder = StudyFolder(path)
    held = folder.is_held()  # before the manifest is read: it may end meanwhile
    manifest = manifest_of(path)
    state = manifest["status"]
    if held:
        state = "running"
    elif state == "running":
        state = "stopped"
    units = read_table(path, "runs")
    if units is None:
        raise UserError(f"{table_path(path, 'runs')}: is missing; rlsabm resume {path} goes on")
    words = units["status"].astype(str).where(held | (units["status"] != RUNNING), "waiting")
    units["status"] = pd.Categorical(words, STATUSES, ordered=True)
    return Status(
        folder=path,
        manifest=manifest,
        state=state,
        holder=folder.holder() if held else "",
        units=units,
        seconds_left=_seconds_left(units) if held else None,
        half_width=half_width,
        precision=_precision(path, manifest, half_width),
    )


def _precision(path: Path, manifest: dict[str, Any], half_width: float) -> pd.DataFrame:
    shifts, counts = read_table(path, "shifts"), read_table(path, "prevalence")
    if shifts is None or counts is None:
        return pd.DataFrame()
    runs = counts[["draw", "replicate"]].drop_duplicates()
    replicates = len(runs) / runs["draw"].nunique()
    planned = manifest["runs"]["replicates"]
    return precision_of_shifts(shifts, replicates, half_width, planned=planned)


def _seconds_left(units: pd.DataFrame) -> float | None:
    """Time for what is left, by how long units have taken and how many run at a time."""
    finished = units[units["status"] == FINISHED]
    running = units[units["status"] == RUNNING]
    if finished.empty or running.empty:
        return None
    each = float(finished["seconds"].mean())
    began = pd.to_datetime(running["started"])
    spent = (datetime.now(began.iloc[0].tzinfo) - began).dt.total_seconds().clip(upper=each).sum()
    left = (units["status"] != FINISHED).sum() - (units["status"] == FAILED).sum()
    return max(0.0, float((left * each - spent) / len(running)))
