"""Reading the study in a folder: its facts at once, each table when it is asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from rlsabm.declaring.bounds import refusal
from rlsabm.errors import UserError
from rlsabm.results.files import table_path
from rlsabm.results.manifests import manifest_of
from rlsabm.results.sources import (
    damage_in,
    find_study,
    has_table,
    line_list_marks,
    read_line_list,
    read_table,
    remedy,
)
from rlsabm.results.study_results import Study
from rlsabm.results.table import Kind
from rlsabm.results.tables import TABLES, tables_of
from rlsabm.scenario import REFERENCE
from rlsabm.study.lives import LivesOfStudy
from rlsabm.study.lock import FolderLock

#: What of a study that nobody is running has not finished.
ENDINGS = {"running": "it was stopped", "stopped": "it was stopped", "incomplete": "some failed"}


class TablesOfFolder(Mapping[str, pd.DataFrame]):
    """Tables of a study's folder, each read once, when it is asked for.

    Parameters
    ----------
    folder
        The folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._frames: dict[str, pd.DataFrame] = {}
        self._names = [
            table.name
            for table in tables_of(*Kind)
            if table.kind is not Kind.OF_UNITS
            and (_has_line_list if table.kind is Kind.LINE_LIST else has_table)(folder, table.name)
        ]

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name not in self._names:
            raise KeyError(name)
        if name not in self._frames:
            self._frames[name] = self._read(name)
        return self._frames[name]

    def _read(self, name: str) -> pd.DataFrame:
        if TABLES[name].kind is Kind.LINE_LIST:
            return read_line_list(self._folder, name)
        frame = read_table(self._folder, name)
        if frame is None:
            raise UserError(f"{table_path(self._folder, name)}: is missing; {remedy(self._folder)}")
        return frame

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _has_line_list(folder: Path, name: str) -> bool:
    """Whether the study has a line list; without a ledger, whether there is a folder for it."""
    try:
        return bool(line_list_marks(folder, name))
    except UserError:
        return (folder / name).is_dir()


def read(path: str | Path) -> Study:
    """Read the results of a study.

    Parameters
    ----------
    path
        Folder of the study, or its name in ``outputs``. The study may be unfinished: it then has the
        runs that had finished when a table was read, and `Study.missing` says what has not. Every
        file is compared with its checksum when it is read.

    Returns
    -------
    Study
        The study; its tables are read when they are asked for.

    Raises
    ------
    UserError
        If there is no such folder, it holds no study of this version, or its manifest is damaged.

    Examples
    --------
    >>> study = rlsabm.read("outputs/baseline")  # doctest: +SKIP
    """
    if not isinstance(path, str | os.PathLike):
        raise refusal("read", path, "the folder of a study, or its name in outputs")
    folder, arm = find_study(str(path))
    if arm is not None:
        raise UserError(f"{path}: read the study {folder}, and choose with arm={arm!r}")
    held = FolderLock(folder).is_held()  # before the manifest is read: it may end meanwhile
    manifest = manifest_of(folder)
    scenario = manifest["scenario"]
    return Study(
        TablesOfFolder(folder),
        arms=[REFERENCE, *(name for name in scenario.get("arms") or {} if name != REFERENCE)],
        scenario=scenario,
        manifest=manifest,
        folder=folder,
        missing=_missing(folder, manifest, held=held),
        lives_again=LivesOfStudy(folder),
    )


def _missing(folder: Path, manifest: Mapping[str, Any], *, held: bool) -> str:
    """What of a study has not finished, or is missing again, in words; empty if nothing is."""
    status = manifest["status"]
    if held or status != "complete":
        units = manifest["units"]
        how = "it is still running" if held else ENDINGS.get(status, status)
        return f"{units['finished']} of {units['total']} runs have finished; {how}"
    return damage_in(folder, manifest)
