"""The folder of a study: what it holds, and how that is written and found again.

Every file takes its place whole.  A unit that has finished has a folder of its own below ``units``
until the tables of the study hold it, so that a study that was stopped at any moment goes on from its
finished units.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa

from rlsabm.errors import UserError
from rlsabm.results.files import (
    MANIFEST,
    SCENARIO,
    UNFINISHED,
    Mark,
    fault_of,
    manifest_bytes,
    mark_of,
    read_parquet,
    remove,
    table_path,
    write_whole,
    write_whole_folder,
)
from rlsabm.results.manifests import ManifestError, marks_in, read_manifest
from rlsabm.results.sources import remedy
from rlsabm.scenario.manifests import COUNTRY
from rlsabm.study.layout import (
    FOLDERS,
    HANDED_OVER,
    LINE_LISTS,
    LOCK,
    MERGED,
    OWN_FILES,
    RECORD,
    RESERVE,
    TABLE_FILES,
    UNITS,
    study_around,
)
from rlsabm.study.ledger import UnitEntry
from rlsabm.study.lock import FolderLock
from rlsabm.study.units import NAME_OF_UNIT, Place, Unit

#: Room that is kept on the disk for the ledger.
RESERVE_BYTES = 512 * 1024


class DamagedError(Exception):
    """A file of a unit is not as it was written.

    Parameters
    ----------
    file
        Its name in the folder of the study.
    fault
        What is wrong with it.
    """

    def __init__(self, file: str, fault: str) -> None:
        super().__init__(file, fault)
        self.file = file
        self.fault = fault


class StudyFolder:
    """Files of a study.

    Before a file is written, the manifest says what it will be beside what it was: whenever work stops,
    a file that is neither was damaged.

    Parameters
    ----------
    path
        The folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._manifest: dict[str, Any] = {}
        self.lock = FolderLock(path)
        self._marks: dict[str, Mark] = {}
        #: What files were that are being written, or could not be.
        self._before: dict[str, list[Mark | None]] = {}

    @property
    def _units(self) -> Path:
        return self.path / UNITS

    @property
    def _study(self) -> list[str]:
        """What tells the study from all others: units of others are not taken for its own."""
        return [self._manifest["input_hash"], self._manifest["software"]["package_hash"]]

    def check(self, *, replace: bool = False) -> None:
        """Refuse a place that cannot be the folder of a study.

        Parameters
        ----------
        replace
            Whether a study that is there is to be removed, whatever state it is in.

        Raises
        ------
        UserError
            If it is a file, lies within a study, or holds what is no study, or a damaged one, or one
            of whose folders lies elsewhere.
        """
        if (other := study_around(self.path.absolute())) is not None:
            raise UserError(
                f"{self.path}: belongs to the study in {other}; choose another folder with --out"
            )
        try:
            str(self.path).encode()
        except UnicodeEncodeError:  # Parquet files cannot be written there
            raise UserError(
                f"{self.path}: is not a name in UTF-8; choose another folder with --out"
            ) from None
        try:
            present = [path.name for path in self.path.iterdir()] if self.path.is_dir() else None
        except OSError as error:
            raise UserError(f"{self.path}: cannot be written: {error.strerror}") from None
        if present is None:
            if self.path.exists():
                raise UserError(f"{self.path}: is a file; choose a folder with --out")
            return
        try:
            is_study = read_manifest(self.path) is not None
        except ManifestError as error:
            if not replace:
                raise
            is_study = error.is_own
        if not is_study and not _ours(present) and not (replace and _is_without_manifest(present)):
            hint = " or --replace what a study has left" if _is_without_manifest(present) else ""
            raise UserError(
                f"{self.path}: holds files that are no study of rlsabm; choose another folder with "
                f"--out{hint}"
            )
        for place in () if replace else (self.path / name for name in FOLDERS):
            if place.is_symlink():
                raise UserError(
                    f"{place}: is a link (expected a folder); put what it links to in its place"
                )

    def clear(self) -> None:
        """Remove the study that is there, its manifest last; what is not of a study stays.

        Raises
        ------
        OSError
            If it cannot be removed.
        """
        for name in sorted(OWN_FILES - {LOCK}, key=lambda name: name == MANIFEST):
            remove(self.path / name)

    def go_on_from(self, manifest: Mapping[str, Any]) -> None:
        """Take over from the manifest that is there what files were as they were written."""
        self._manifest = dict(manifest)
        for name, (mark, *before) in marks_in(manifest).items():
            assert mark is not None
            self._marks[name] = mark
            if before:
                self._before[name] = before

    def reserve(self) -> None:
        """Keep room for the ledger.

        Raises
        ------
        OSError
            If there is none.
        """
        write_whole(self.path / RESERVE, os.urandom(RESERVE_BYTES))

    def keep_country(self, country: Mapping[str, bytes]) -> None:
        """Keep the tables of a country of the user's, if it is one; what is whole stays.

        Raises
        ------
        OSError
            If the disk is full or cannot be written.
        """
        marks = {f"{COUNTRY}/{name}": mark_of(content) for name, content in country.items()}
        self._marks |= marks
        if country and not (self.path / COUNTRY).is_dir():
            write_whole_folder(self.path / COUNTRY, country)
        for (name, mark), content in zip(marks.items(), country.values(), strict=True):
            if fault_of(self.path / name, [mark]):
                if (self.path / name).is_dir():
                    remove(self.path / name)
                self._write(name, content)

    def prepare(self) -> None:
        """Clear what a killed process has left, and make what a study needs.

        Raises
        ------
        OSError
            If the disk is full or cannot be written.
        """
        for name in (MERGED, HANDED_OVER):
            shutil.rmtree(self.path / name, ignore_errors=True)
        for place in (self.path, *(self.path / name for name in (UNITS, COUNTRY, *LINE_LISTS))):
            for path in place.glob(f".*{UNFINISHED}"):
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink(missing_ok=True)
        for name in (UNITS, *LINE_LISTS):
            if not (self.path / name).is_dir():
                remove(self.path / name)
        for name in TABLE_FILES | {SCENARIO}:
            if not (self.path / name).is_file():
                remove(self.path / name)
        self._units.mkdir(exist_ok=True)

    def keep(self, unit: Unit, files: Mapping[str, bytes], entry: UnitEntry) -> None:
        """Keep what a unit found; when this returns it is finished for good.

        Parameters
        ----------
        unit
            The unit.
        files
            Its tables as Parquet, by name.
        entry
            What the ledger says of it; is told of its line lists.

        Raises
        ------
        OSError
            If the disk is full or cannot be written.
        """
        lists = {f"{n}/{unit.name}.parquet": files[n] for n in LINE_LISTS if n in files}
        for name, content in lists.items():
            path = self.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.is_dir():
                remove(path)
            write_whole(path, content)
        entry.line_lists = json.dumps({name: mark_of(f) for name, f in lists.items()})
        tables = {table_path(Path(), n).name: f for n, f in files.items() if n not in LINE_LISTS}
        record = json.dumps(
            {
                "study": self._study,
                "unit": unit.name,
                "place": unit.place,
                "entry": asdict(entry),
                "files": {f"{UNITS}/{unit.name}/{n}": mark_of(f) for n, f in tables.items()},
            }
        )
        sealed = {"blake2b": mark_of(record.encode()).blake2b, "record": record}
        tables[RECORD] = json.dumps(sealed).encode()
        write_whole_folder(self._units / unit.name, tables)

    def kept(self) -> set[str]:
        """Names of the units that are finished and not yet merged for good.

        Raises
        ------
        UserError
            If they cannot be read.
        """
        if not self._units.is_dir():
            return set()
        try:
            return {
                path.name for path in self._units.iterdir() if NAME_OF_UNIT.fullmatch(path.name)
            }
        except OSError as error:
            raise UserError(f"{self._units}: cannot be read: {error.strerror or error}") from None

    def records(self) -> tuple[dict[Place, dict[str, Any]], dict[str, DamagedError]]:
        """Records of the units that are kept whole, and what is wrong with others, by their name."""
        records, faults = {}, {}
        for name in sorted(self.kept()):
            try:
                place, entry = self._record_of(name)
                records[place] = entry
            except DamagedError as error:
                faults[name] = error
        return records, faults

    def _record_of(self, name: str) -> tuple[Place, dict[str, Any]]:
        """Which unit is kept under a name, and its entry; all of its files are as they were written.

        Raises
        ------
        DamagedError
            If they are not, or belong to another unit or study.
        """
        path = f"{UNITS}/{name}/{RECORD}"
        try:
            if not (self.path / path).is_file():  # reading a pipe would wait for ever
                raise FileNotFoundError
            sealed = json.loads((self.path / path).read_bytes())
            record = sealed["record"]
            if sealed["blake2b"] != mark_of(record.encode()).blake2b:
                raise ValueError
            found = json.loads(record)
        except FileNotFoundError:
            raise DamagedError(path, "is missing") from None
        except OSError as error:
            raise DamagedError(path, f"cannot be read: {error.strerror or error}") from None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise DamagedError(path, "is damaged") from None
        if (found["study"], found["unit"]) != (self._study, name):
            raise DamagedError(path, "is that of another run")
        entry: dict[str, Any] = found["entry"]
        for file, mark in {**found["files"], **json.loads(entry["line_lists"])}.items():
            if fault := fault_of(self.path / file, [Mark(*mark)]):
                raise DamagedError(file, fault)
        return Place(*found["place"]), entry

    def has_table(self, unit: Unit, table: str) -> bool:
        """Whether a finished unit has a table."""
        return table_path(self._units / unit.name, table).exists()

    def read_unit(self, unit: Unit, table: str) -> pa.Table:
        """A table of a finished unit."""
        return read_parquet(table_path(self._units / unit.name, table))

    def read(self, table: str) -> pa.Table | None:
        """A table of the study, or None if it has none yet.

        Raises
        ------
        UserError
            If the file is damaged.
        """
        path = table_path(self.path, table)
        if not path.exists():
            return None
        try:
            return read_parquet(path)
        except (pa.ArrowException, OSError) as error:
            reason = (str(error).splitlines() or ["is no Parquet file"])[0]
            raise UserError(f"{path}: cannot be read: {reason}; {remedy(self.path)}") from None

    def write(self, name: str, content: bytes) -> None:
        """Write a file of the study; one that says how it stands also onto a full disk.

        Raises
        ------
        OSError
            If the disk is full or cannot be written.
        """
        mark, before = mark_of(content), self._marks.get(name)
        if mark != before or name in self._before:
            self._before.setdefault(name, []).append(before)
            self._marks[name] = mark
            self.write_manifest(self._manifest)
        self._write(name, content)
        self._before.pop(name, None)

    def write_manifest(self, manifest: dict[str, Any]) -> None:
        """Write the manifest, which is told what the other files are.

        Raises
        ------
        OSError
            If the disk is full or cannot be written.
        """
        self._manifest = manifest
        manifest["files"] = {name: mark._asdict() for name, mark in self._marks.items()}
        manifest.pop("replacing", None)
        if self._before:
            manifest["replacing"] = {
                name: [mark and mark._asdict() for mark in marks]
                for name, marks in self._before.items()
            }
        self._write(MANIFEST, manifest_bytes(manifest))

    def _write(self, name: str, content: bytes) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        write_whole(self.path / name, content, reserve=self.path / RESERVE)

    def forget_units(self) -> None:
        """Remove the units' own files, when the tables of the study hold all of them.

        Each goes as a whole: what is left of one would count as damaged.
        """
        with suppress(OSError, UserError):
            for name in self.kept():
                (self.path / MERGED).mkdir(exist_ok=True)
                os.replace(self._units / name, self.path / MERGED / name)
            self._units.rmdir()
        shutil.rmtree(self.path / MERGED, ignore_errors=True)

    def close(self) -> None:
        """Give up the room that was kept."""
        with suppress(OSError):
            (self.path / RESERVE).unlink()
        shutil.rmtree(self.path / HANDED_OVER, ignore_errors=True)
        with suppress(OSError):
            self._units.rmdir()


def _ours(names: Iterable[str]) -> bool:
    """Whether a folder holds nothing but what a study that hardly began has left."""
    present = set(names)
    hidden = {name for name in present if name in (LOCK, RESERVE) or name.endswith(UNFINISHED)}
    # A folder called country may be anybody's, but not beside the room that a study keeps.
    return present - hidden <= ({COUNTRY} if RESERVE in present else set())


def _is_without_manifest(names: Iterable[str]) -> bool:
    """Whether a folder holds a study, and nothing else, but for a manifest that can be read."""
    present = {name for name in names if not name.endswith(UNFINISHED)}
    return {SCENARIO, "runs.parquet"} <= present <= OWN_FILES
