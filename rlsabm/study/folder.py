"""The folder of a study: who may write into it, what it holds, and how it is found again.

Every file takes its place whole.  A unit that has finished has a folder of its own below ``units``
until the tables of the study hold it, so that a study that was stopped at any moment goes on from its
finished units.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rlsabm.errors import UserError
from rlsabm.results.files import (
    MANIFEST,
    SCENARIO,
    UNFINISHED,
    manifest_bytes,
    read_manifest,
    table_path,
    write_whole,
    write_whole_folder,
)
from rlsabm.results.table import Kind
from rlsabm.results.tables import tables_of
from rlsabm.study.settings import COUNTRY
from rlsabm.study.units import Unit

LOCK = ".lock"
#: How often, and how long apart (seconds), a lock is tried that is taken.
LOCK_TRIES, LOCK_SECONDS = 10, 0.05
#: Folder of the units that are finished and not yet in the tables, and its name when they are.
UNITS, MERGED = "units", ".units-merged"
#: What the ledger says of a finished unit, beside its tables.
RECORD = "record.json"
#: Folder in which processes of this machine hand over what units found.
HANDED_OVER = ".handed-over"
#: Room kept on the disk, so that the ledger can be written when it is full.
RESERVE, RESERVE_BYTES = ".reserve", 512 * 1024
#: Names of the line lists: a file a unit, in a folder.
LINE_LISTS = tuple(table.name for table in tables_of(Kind.LINE_LIST))
#: All that a study's folder may consist of.
OWN_FILES = {
    MANIFEST, SCENARIO, COUNTRY, LOCK, RESERVE, UNITS, MERGED, HANDED_OVER, *LINE_LISTS,
    *(
        table_path(Path(), table.name).name
        for table in tables_of(Kind.BY_RUN, Kind.ESTIMATES, Kind.BY_DRAW, Kind.LEDGER)
    ),
}  # fmt: skip


class StudyFolder:
    """Files of a study.

    Parameters
    ----------
    path
        The folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def _units(self) -> Path:
        return self.path / UNITS

    def check(self) -> None:
        """Refuse a place that cannot be the folder of a study.

        Raises
        ------
        UserError
            If it is a file, or holds what is no study.
        """
        try:
            present = [path.name for path in self.path.iterdir()] if self.path.is_dir() else None
        except OSError as error:
            raise UserError(f"{self.path}: cannot be written: {error.strerror}") from None
        if present is not None:
            if read_manifest(self.path) is None and not _ours(present):
                raise UserError(
                    f"{self.path}: holds files that are no study of rlsabm; choose another folder "
                    "with --out"
                )
        elif self.path.exists():
            raise UserError(f"{self.path}: is a file; choose a folder with --out")

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes from writing into the folder; it is made if it is not there.

        Raises
        ------
        UserError
            If another process holds it, or it cannot be written.
        """
        made = [folder for folder in (self.path, *self.path.parents) if not folder.exists()]
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            descriptor = self._lock()
        except OSError as error:
            _remove_empty(made)
            raise UserError(f"{self.path}: cannot be written: {error.strerror or error}") from None
        try:
            yield
        finally:
            with suppress(OSError):
                (self.path / LOCK).unlink()
            os.close(descriptor)
            _remove_empty(made)

    def _lock(self) -> int:
        path = self.path / LOCK
        tries = 0
        while True:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                tries += 1
                if tries > LOCK_TRIES:
                    raise UserError(f"{self.path}: {self.holder()}") from None
                time.sleep(LOCK_SECONDS)  # somebody may only be looking
                continue
            except OSError:
                os.close(descriptor)
                raise
            # Whoever held it before may have removed it meanwhile.
            with suppress(FileNotFoundError):
                if os.stat(path).st_ino == os.fstat(descriptor).st_ino:
                    break
            os.close(descriptor)
        whom = {
            "process": os.getpid(),
            "host": socket.gethostname(),
            "since": time.strftime("%Y-%m-%d %H:%M"),
        }
        os.truncate(descriptor, 0)
        os.write(descriptor, json.dumps(whom).encode())
        return descriptor

    def is_held(self) -> bool:
        """Whether a process is writing into the folder."""
        try:
            descriptor = os.open(self.path / LOCK, os.O_RDONLY)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def holder(self) -> str:
        """Who holds the folder, in words."""
        whom = "another process"
        with suppress(OSError, ValueError, KeyError, TypeError):
            known = json.loads((self.path / LOCK).read_text())
            whom = f"process {known['process']} on {known['host']}, since {known['since']}"
        return f"a study is being run into this folder by {whom}"

    def clear(self) -> None:
        """Remove the study that is there, its manifest last; what is not of a study stays.

        Raises
        ------
        OSError
            If it cannot be removed.
        """
        for name in sorted(OWN_FILES - {LOCK}, key=lambda name: name == MANIFEST):
            path = self.path / name
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def reserve(self) -> None:
        """Keep room for the ledger.

        Raises
        ------
        OSError
            If there is none.
        """
        write_whole(self.path / RESERVE, os.urandom(RESERVE_BYTES))

    def keep_country(self, country: Mapping[str, bytes]) -> None:
        """Keep the tables of a country of the user's, if it is one.

        Raises
        ------
        OSError
            If the disk is full or cannot be written.
        """
        if country and not (self.path / COUNTRY).exists():
            write_whole_folder(self.path / COUNTRY, country)

    def prepare(self) -> None:
        """Clear what a killed process has left, and make what a study needs.

        Raises
        ------
        OSError
            If the disk is full or cannot be written.
        """
        for name in (MERGED, HANDED_OVER):
            shutil.rmtree(self.path / name, ignore_errors=True)
        for place in (self.path, self._units, *(self.path / name for name in LINE_LISTS)):
            for path in place.glob(f".*{UNFINISHED}"):
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink(missing_ok=True)
        self._units.mkdir(exist_ok=True)

    def keep(self, unit: Unit, files: Mapping[str, bytes], record: Mapping[str, Any]) -> None:
        """Keep what a unit found; when this returns it is finished for good.

        Parameters
        ----------
        unit
            The unit.
        files
            Its tables as Parquet, by name.
        record
            What the ledger says of it.

        Raises
        ------
        OSError
            If the disk is full or cannot be written.
        """
        for name in LINE_LISTS:
            if name in files:
                (self.path / name).mkdir(parents=True, exist_ok=True)
                write_whole(self.path / name / f"{unit.name}.parquet", files[name])
        tables = {table_path(Path(), n).name: f for n, f in files.items() if n not in LINE_LISTS}
        tables[RECORD] = json.dumps(record).encode()
        write_whole_folder(self._units / unit.name, tables)

    def kept(self) -> set[str]:
        """Names of the units that are finished and not yet merged for good."""
        if not self._units.is_dir():
            return set()
        return {path.name for path in self._units.iterdir() if not path.name.startswith(".")}

    def record_of(self, name: str) -> dict[str, Any]:
        """What was recorded of a unit that is kept."""
        return dict(json.loads((self._units / name / RECORD).read_bytes()))

    def tables_of(self, unit: Unit) -> list[str]:
        """Tables that a finished unit has."""
        return [path.stem for path in (self._units / unit.name).glob("*.parquet")]

    def read_unit(self, unit: Unit, table: str) -> pa.Table:
        """A table of a finished unit."""
        return pq.read_table(table_path(self._units / unit.name, table))

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
            return pq.read_table(path)
        except (pa.ArrowException, OSError) as error:
            reason = (str(error).splitlines() or ["is no Parquet file"])[0]
            raise UserError(
                f"{path}: cannot be read: {reason}; run the study again with --replace"
            ) from None

    def write(self, name: str, content: bytes) -> None:
        """Write a file of the study; one that says how it stands also onto a full disk.

        Raises
        ------
        OSError
            If the disk is full or cannot be written.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        write_whole(self.path / name, content, reserve=self.path / RESERVE)

    def write_manifest(self, manifest: Mapping[str, Any]) -> None:
        """Write the manifest.

        Raises
        ------
        OSError
            If the disk is full or cannot be written.
        """
        self.write(MANIFEST, manifest_bytes(manifest))

    def forget_units(self) -> None:
        """Remove the units' own files, when the tables of the study hold all of them."""
        with suppress(OSError):
            os.replace(self._units, self.path / MERGED)
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


def _remove_empty(folders: Iterable[Path]) -> None:
    """Remove folders in which nothing was written."""
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()
