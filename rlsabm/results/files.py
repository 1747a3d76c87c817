"""Files of a study's folder: each takes its place whole, by renaming, and is known by its checksum."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import shutil
import stat
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

MANIFEST = "manifest.json"
SCENARIO = "scenario.yaml"
#: End of the names of files that are being written.
UNFINISHED = ".unfinished"
#: What a disk or a quota says that has no room left.
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


class Mark(NamedTuple):
    """What a file is known by.

    Attributes
    ----------
    bytes
        Its size.
    blake2b
        Its checksum: BLAKE2b of 128 bits, in hexadecimal digits.
    """

    bytes: int
    blake2b: str


def _checksum(content: bytes = b"") -> Any:
    return hashlib.blake2b(content, digest_size=16)


def mark_of(content: bytes) -> Mark:
    """Mark of a file with this content."""
    return Mark(len(content), _checksum(content).hexdigest())


def mark_of_file(file: IO[bytes]) -> Mark:
    """Mark of an open file, which is then at its beginning."""
    digest: Any = hashlib.file_digest(file, _checksum)  # type: ignore[arg-type]
    mark = Mark(file.tell(), digest.hexdigest())
    file.seek(0)
    return mark


def fault_of(path: Path, marks: Collection[Mark | None], *, thorough: bool = True) -> str:
    """What is wrong with a file, in words; empty if it is as it was written.

    Parameters
    ----------
    path
        The file.
    marks
        What it may be; None stands for no file.
    thorough
        Whether its checksum is compared, and not only its size.
    """
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            return "is not a file"
        sizes = [mark.bytes for mark in marks if mark is not None]
        if found.st_size not in sizes:
            wanted = f" (expected {sizes[0]:,} bytes, found {found.st_size:,})" if sizes else ""
            return f"is damaged{wanted}" if found.st_size else "is empty"
        if thorough:
            with path.open("rb") as file:
                if mark_of_file(file) not in marks:
                    return "is damaged (its checksum is another)"
    except (FileNotFoundError, NotADirectoryError):
        return "" if None in marks else "is missing"
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"
    return ""


def table_path(folder: Path, table: str) -> Path:
    """File of a table."""
    return folder / f"{table}.parquet"


def table_bytes(table: pa.Table) -> bytes:
    """A table as Parquet."""
    file = io.BytesIO()
    pq.write_table(table, file, compression="zstd")
    return file.getvalue()


def read_parquet(path: Path) -> pa.Table:
    """A table of a file, whatever that is called: pyarrow takes ``~`` and colons for other places."""
    with path.open("rb") as file:
        return pq.read_table(file)


def write_whole(path: Path, content: bytes, *, reserve: Path | None = None) -> None:
    """Write a file beside its place, and rename it when the disk has it.

    Parameters
    ----------
    path
        The file.
    content
        What it holds.
    reserve
        A file that keeps room on the disk; it is given up if the disk is full.

    Raises
    ------
    OSError
        If the disk is full or cannot be written; what was there is then as it was.
    """
    beside = _beside(path)
    try:
        _write(beside, content)
    except OSError as error:
        beside.unlink(missing_ok=True)
        if error.errno not in NO_ROOM or reserve is None or not reserve.exists():
            raise
        reserve.unlink()
        try:
            _write(beside, content)
        except OSError:
            beside.unlink(missing_ok=True)
            raise
    except BaseException:  # whoever is asked to end tidies up
        beside.unlink(missing_ok=True)
        raise
    os.replace(beside, path)


def write_together(folder: Path, files: Iterable[tuple[str, bytes]]) -> None:
    """Write files into a folder, beside their places, and rename them when the disk has all of them.

    Parameters
    ----------
    folder
        The folder; it is made if it is not there. What else it holds stays.
    files
        Names and contents, of which one at a time is needed.

    Raises
    ------
    OSError
        If the disk is full or cannot be written; what was there is then as it was.
    """
    made = [each for each in (folder, *folder.parents) if not each.exists()]
    written: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files:
            written.append(folder / name)
            _write(_beside(written[-1]), content)
        for path in written:
            os.replace(_beside(path), path)
    except BaseException:  # whoever is asked to end tidies up
        for path in written:
            _beside(path).unlink(missing_ok=True)
            if folder in made:
                path.unlink(missing_ok=True)
        remove_empty(made)
        raise


def _beside(path: Path) -> Path:
    """Where a file or folder is written that will have another place."""
    return path.with_name(f".{path.name}-{os.getpid()}{UNFINISHED}")


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def write_whole_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write a folder of files beside its place, and rename it when the disk has all of it.

    Raises
    ------
    OSError
        If the disk is full or cannot be written; nothing is then left of it.
    """
    beside = _beside(folder)
    try:
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
        for name, content in files.items():
            _write(beside / name, content)
        remove(folder)  # what was found before, or has been damaged since
        os.replace(beside, folder)
        sync_folder(folder.parent)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def remove(path: Path) -> None:
    """Remove a file, a link or a folder with all that is in it, if it is there.

    Raises
    ------
    OSError
        If it cannot be removed.
    """
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    try:
        shutil.rmtree(path)
    except PermissionError:
        for folder in (path, *(each for each in path.rglob("*") if each.is_dir())):
            folder.chmod(0o700)
        shutil.rmtree(path)


def sync_folder(folder: Path) -> None:
    """Have the disk keep the names of a folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def manifest_bytes(manifest: Mapping[str, Any]) -> bytes:
    """The manifest as text; names of files that are no text have question marks."""
    return (json.dumps(manifest, indent=2, ensure_ascii=False) + "\n").encode(errors="replace")


def remove_empty(folders: Iterable[Path]) -> None:
    """Remove folders in which nothing was written."""
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()
