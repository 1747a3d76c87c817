"""Files of a study's folder: each takes its place whole, by renaming, and is read with pandas."""

from __future__ import annotations

import errno
import io
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

MANIFEST = "manifest.json"
SCENARIO = "scenario.yaml"
#: End of the names of files that are being written.
UNFINISHED = ".unfinished"


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """Manifest of a study's folder, or None if the folder holds no study."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return manifest if isinstance(manifest, dict) and "input_hash" in manifest else None


def table_path(folder: Path, table: str) -> Path:
    """File of a table."""
    return folder / f"{table}.parquet"


def table_bytes(table: pa.Table) -> bytes:
    """A table as Parquet."""
    file = io.BytesIO()
    pq.write_table(table, file, compression="zstd")
    return file.getvalue()


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
    beside = path.with_name(f".{path.name}-{os.getpid()}{UNFINISHED}")
    try:
        _write(beside, content)
    except OSError as error:
        beside.unlink(missing_ok=True)
        if error.errno != errno.ENOSPC or reserve is None or not reserve.exists():
            raise
        reserve.unlink()
        try:
            _write(beside, content)
        except OSError:
            beside.unlink(missing_ok=True)
            raise
    os.replace(beside, path)


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
    beside = folder.with_name(f".{folder.name}-{os.getpid()}{UNFINISHED}")
    try:
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
        for name, content in files.items():
            _write(beside / name, content)
        if folder.exists():  # it was found again, and is the same
            shutil.rmtree(folder)
        os.replace(beside, folder)
        sync_folder(folder.parent)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def sync_folder(folder: Path) -> None:
    """Have the disk keep the names of a folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def manifest_bytes(manifest: Mapping[str, Any]) -> bytes:
    """The manifest as text."""
    return (json.dumps(manifest, indent=2, ensure_ascii=False) + "\n").encode()
