"""How far a study is, what failed and why, and how precise its shifts are."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from rlsabm.errors import UserError
from rlsabm.results.files import MANIFEST, table_path
from rlsabm.results.manifests import manifest_of
from rlsabm.results.precision import precision_of_shifts
from rlsabm.results.sources import read_table, remedy
from rlsabm.results.tables.runs import STATUSES
from rlsabm.study.folder import StudyFolder
from rlsabm.study.inventory import Inventory, take_inventory
from rlsabm.study.ledger import FAILED, FINISHED, RUNNING, WAITING
from rlsabm.study.machine import is_by_this_version
from rlsabm.study.settings import read_scenario
from rlsabm.study.units import Place


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
        ``running``, ``stopped``, ``incomplete`` or ``complete``, as it is now; ``damaged`` if it is
        complete, but for files that are not as they were written.
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
    faults
        What is wrong with files that are not as they were written, by name. Nothing is compared while
        the study is running.
    """

    folder: Path
    manifest: dict[str, Any]
    state: str
    holder: str
    units: pd.DataFrame
    seconds_left: float | None
    half_width: float
    precision: pd.DataFrame
    faults: Mapping[str, str]

    def counts(self) -> dict[str, int]:
        """Units by status."""
        return {str(k): int(n) for k, n in self.units["status"].value_counts(sort=False).items()}

    @property
    def failed(self) -> pd.DataFrame:
        """Units that failed."""
        return self.units[self.units["status"] == FAILED]

    @property
    def way_on(self) -> str:
        """How a damaged study is made whole, and how many of its runs that takes."""
        again = len(self.units) - self.counts()[FINISHED]
        cost = f" ({again} of {len(self.units)} runs are run again)" if again else ""
        way = remedy(self.folder)
        return f"{way[:1].upper()}{way[1:]}{cost}"

    def as_mapping(self) -> dict[str, Any]:
        """Plain values, fit for JSON."""
        reasons = ["arm", "draw", "replicate", "block", "attempts", "error"]
        return {
            "folder": str(self.folder),
            "name": self.manifest["name"],
            "status": self.state,
            "units": self.counts(),
            "seconds_left": self.seconds_left,
            "damaged": dict(self.faults),
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
    held = folder.lock.is_held()  # before the manifest is read: it may end meanwhile
    manifest = manifest_of(path)
    state = manifest["status"]
    # What another version has made of its scenario is not known.
    known = not held and is_by_this_version(manifest)
    study = read_scenario(path / MANIFEST) if known else None
    inventory = Inventory() if held else take_inventory(folder, manifest, study)
    if held:
        state = "running"
    elif state == "running":
        state = "stopped"
    elif state == "complete" and inventory.faults:
        state = "damaged"
    units = read_table(path, "runs")
    if units is None:
        raise UserError(f"{table_path(path, 'runs')}: is missing; {remedy(path)}")
    if not held:
        units["status"] = pd.Categorical(_standing(units, inventory), STATUSES, ordered=True)
    else:
        units["status"] = units["status"].cat.set_categories(STATUSES, ordered=True)
    return Status(
        folder=path,
        manifest=manifest,
        state=state,
        holder=folder.lock.holder() if held else "",
        units=units,
        seconds_left=_seconds_left(units) if held else None,
        half_width=half_width,
        precision=_precision(path, manifest, half_width, inventory.faults),
        faults=inventory.faults,
    )


def _standing(units: pd.DataFrame, inventory: Inventory) -> list[str]:
    """Status of each unit by what is there of it, which may be less or more than the ledger knew."""
    places = [Place(*row) for row in units[list(Place._fields)].itertuples(index=False)]
    there = inventory.merged | inventory.records.keys()
    return [
        FINISHED if place in there else FAILED if status == FAILED else WAITING
        for place, status in zip(places, units["status"], strict=True)
    ]


def _precision(
    path: Path, manifest: dict[str, Any], half_width: float, faults: Collection[str]
) -> pd.DataFrame:
    if any(table_path(Path(), name).name in faults for name in ("shifts", "prevalence")):
        return pd.DataFrame()
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
