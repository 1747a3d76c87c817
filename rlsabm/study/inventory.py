"""What a study's folder still has whole: units, the ledger, and the tables that were made of them.

Whatever is not as it was written counts as if it were not there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rlsabm.demography.countries import FILES_OF_A_COUNTRY, country_names
from rlsabm.results.files import MANIFEST, SCENARIO, Mark, fault_of, read_parquet, table_path
from rlsabm.results.manifests import marks_in
from rlsabm.results.table import Kind
from rlsabm.results.tables import tables_of
from rlsabm.scenario import ResolvedScenario
from rlsabm.scenario.manifests import COUNTRY
from rlsabm.study.checking import tables_asked_for
from rlsabm.study.folder import StudyFolder
from rlsabm.study.units import Place, count_units

LEDGER = "runs.parquet"
#: Tables whose rows come from units, so that units must be run again if one of them is damaged.
FROM_UNITS = {table_path(Path(), table.name).name for table in tables_of(Kind.BY_RUN, Kind.BY_DRAW)}
#: Kinds of tables that are one file of a study.
OF_A_STUDY = (Kind.BY_RUN, Kind.BY_DRAW, Kind.ESTIMATES, Kind.LEDGER)


@dataclass(frozen=True)
class Inventory:
    """What there is.

    Attributes
    ----------
    records
        What was recorded of units that are kept whole.
    rows
        Rows of the ledger by unit; none if it is damaged.
    merged
        Units whose results the tables and line lists hold whole.
    faults
        What is wrong with files that are not as they were written, by name.
    """

    records: Mapping[Place, Mapping[str, Any]] = field(default_factory=dict)
    rows: Mapping[Place, Mapping[str, Any]] = field(default_factory=dict)
    merged: frozenset[Place] = frozenset()
    faults: Mapping[str, str] = field(default_factory=dict)

    def faults_in_words(self) -> str:
        """The first file that is not as it was written, and how many more there are."""
        first, *others = (f"{name} {fault}" for name, fault in self.faults.items())
        return first + (f", and {len(others)} more" if others else "")


def take_inventory(
    folder: StudyFolder, manifest: Mapping[str, Any], study: ResolvedScenario | None
) -> Inventory:
    """Look at every file of a study that nobody is writing.

    Parameters
    ----------
    folder, manifest
        The folder of the study, and its manifest.
    study
        Its scenario, with which the manifest is compared if it is given.
    """
    folder.go_on_from(manifest)
    marks = marks_in(manifest)
    faults = {
        name: fault
        for name, wanted in marks.items()
        if (fault := fault_of(folder.path / name, wanted))
    }
    records, damaged = folder.records()
    faults |= {error.file: error.fault for error in damaged.values()}
    rows = _rows_of_ledger(folder) if LEDGER in marks and LEDGER not in faults else {}
    if study is not None:
        made = manifest["status"] == "complete" or any(row["merged"] for row in rows.values())
        faults |= _miscounted(manifest, study)
        for name in sorted(_files_of(study, manifest) - marks.keys()) if made else ():
            there = (folder.path / name).exists()
            faults[name] = f"has no checksum in {MANIFEST}" if there else "is missing"
    tables_are_whole = rows and not faults.keys() & FROM_UNITS
    merged = {place for place, row in rows.items() if row["merged"]} if tables_are_whole else set()
    for place in list(merged):
        for name, mark in _line_lists_of(rows[place]):
            if fault := fault_of(folder.path / name, [mark]):
                faults[name] = fault
                merged.discard(place)
    return Inventory(records, rows, frozenset(merged), faults)


def _miscounted(manifest: Mapping[str, Any], study: ResolvedScenario) -> dict[str, str]:
    """Whether the manifest counts other runs than its scenario has, in words, by its name."""
    said, total = manifest["units"], count_units(study.with_runs(**manifest["runs"]))
    is_complete = manifest["status"] == "complete"
    if said["total"] == total and (
        not is_complete or (said["finished"], said["failed"]) == (total, 0)
    ):
        return {}
    says = f"says that {said['finished']:,} of {said['total']:,} runs have finished"
    says += f", {said['failed']:,} failed" if said["failed"] else ""
    return {MANIFEST: f"{says} (expected {total:,}{'' if is_complete else ' in all'})"}


def _files_of(study: ResolvedScenario, manifest: Mapping[str, Any]) -> set[str]:
    """Files of a study whose tables have been made, but for line lists."""
    tables = [table for table in tables_asked_for(study) if table.kind in OF_A_STUDY]
    files = {SCENARIO, *(table_path(Path(), table.name).name for table in tables)}
    own = study.scenario.population.country not in country_names()
    if own or any(name.startswith(f"{COUNTRY}/") for name in manifest["files"]):
        files |= {f"{COUNTRY}/{name}" for name in FILES_OF_A_COUNTRY}
    return files


def _rows_of_ledger(folder: StudyFolder) -> dict[Place, Mapping[str, Any]]:
    path = folder.path / LEDGER
    if not path.exists():
        return {}
    rows: list[Mapping[str, Any]] = read_parquet(path).to_pandas().to_dict("records")
    return {Place(*(row[name] for name in Place._fields)): row for row in rows}


def _line_lists_of(row: Mapping[str, Any]) -> Iterator[tuple[str, Mark]]:
    """Files of a unit's line lists."""
    for name, mark in json.loads(row["line_lists"] or "{}").items():
        yield name, Mark(*mark)
