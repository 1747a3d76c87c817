"""A study's folder: written whole beside its place, then renamed; read with pandas.

Nothing in the place is touched before everything is written, so a full disk or an interruption
leaves what was there.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rlsabm.errors import UserError

MANIFEST = "manifest.json"


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """Manifest of a study's folder, or None if the folder holds no study."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return manifest if isinstance(manifest, dict) and "scenario_hash" in manifest else None


def check_place(
    folder: Path, *, name: str, scenario_hash: str, own_files: Collection[str], replace: bool
) -> None:
    """Refuse a place that cannot take the study, before any work is done.

    Parameters
    ----------
    folder
        Where the study is to go.
    name, scenario_hash
        Name of the study, and hash of all that its results depend on.
    own_files
        Names of the files and folders that a study consists of.
    replace
        Whether a study with another hash may be replaced.

    Raises
    ------
    UserError
        If the place holds another study or something else, or cannot be written.
    """
    if folder.is_mount():
        raise UserError(f"{folder}: is a mount point; choose a folder inside it with --out")
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder}: is a file; choose a folder with --out")
    if folder.is_dir() and any(folder.iterdir()):
        manifest = read_manifest(folder)
        if manifest is None:
            raise UserError(
                f"{folder}: holds files that are no study of rlsabm; choose another folder with --out"
            )
        foreign = sorted(path.name for path in folder.iterdir() if path.name not in own_files)
        if foreign:
            raise UserError(
                f"{folder}: holds {foreign[0]!r}, which is no part of the study and would be lost; "
                f"move it, or choose another folder with --out"
            )
        same = manifest["scenario_hash"] == scenario_hash
        if not same and not replace:
            other = manifest.get("name", "?")
            what = (
                f"holds the study {other!r}"
                if other != name
                else "holds this study with other settings"
            )
            raise UserError(f"{folder}: {what}; choose another folder with --out, or --replace it")
    parent = folder.absolute().parent
    try:
        parent.mkdir(parents=True, exist_ok=True)
        os.rmdir(tempfile.mkdtemp(prefix=f".{folder.name}-before-", dir=parent))
        if folder.is_dir():
            with tempfile.TemporaryFile(dir=folder):
                pass
    except OSError as error:
        raise UserError(f"{folder}: cannot be written: {error.strerror}") from None


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """A folder to write into, which takes its place when all is written.

    Raises
    ------
    UserError
        If the disk is full or cannot be written; the place is then as it was.
    """
    parent = folder.absolute().parent
    try:
        staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=parent))
    except OSError as error:
        raise UserError(f"{folder}: cannot be written: {error.strerror or error}") from None
    try:
        staging.chmod(0o755)
        yield staging
        _sync(staging)
        if folder.exists():
            before = Path(tempfile.mkdtemp(prefix=f".{folder.name}-before-", dir=parent))
            os.replace(folder, before / folder.name)
            try:
                os.replace(staging, folder)
            except BaseException:
                os.replace(before / folder.name, folder)
                raise
            shutil.rmtree(before, ignore_errors=True)
        else:
            os.replace(staging, folder)
    except OSError as error:
        raise UserError(f"{folder}: cannot be written: {error.strerror or error}") from None
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _sync(folder: Path) -> None:
    """Have the disk take what was written."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())


def write_table(table: pa.Table, path: Path) -> None:
    """Write a table as Parquet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, compression="zstd")


def write_manifest(manifest: Mapping[str, Any], folder: Path) -> None:
    """Write the manifest."""
    text = json.dumps(manifest, indent=2, ensure_ascii=False)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
