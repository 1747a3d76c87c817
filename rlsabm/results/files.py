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
SCENARIO = "scenario.yaml"


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """Manifest of a study's folder, or None if the folder holds no study."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return manifest if isinstance(manifest, dict) and "input_hash" in manifest else None


def check_place(
    folder: Path, *, name: str, input_hash: str, own_files: Collection[str], replace: bool
) -> None:
    """Refuse a place that cannot take the study, before any work is done.

    Parameters
    ----------
    folder
        Where the study is to go.
    name, input_hash
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
    try:
        if folder.is_dir():
            _check_contents(folder, name, input_hash, own_files, replace)
        elif folder.exists():
            raise UserError(f"{folder}: is a file; choose a folder with --out")
        parent = _place_of_staging(folder)
        parent.mkdir(parents=True, exist_ok=True)
        os.rmdir(tempfile.mkdtemp(prefix=f".{folder.name}-before-", dir=parent))
        if folder.is_dir():
            with tempfile.TemporaryFile(dir=folder):
                pass
    except OSError as error:
        raise UserError(f"{folder}: cannot be written: {error.strerror}") from None


def _check_contents(
    folder: Path, name: str, input_hash: str, own_files: Collection[str], replace: bool
) -> None:
    """Refuse a folder in which something would be lost."""
    present = sorted(path.name for path in folder.iterdir())
    if not present:
        return
    manifest = read_manifest(folder)
    if manifest is None:
        raise UserError(
            f"{folder}: holds files that are no study of rlsabm; choose another folder with --out"
        )
    foreign = [file for file in present if file not in own_files]
    if foreign:
        raise UserError(
            f"{folder}: holds {foreign[0]!r}, which is no part of the study and would be lost; "
            f"move it, or choose another folder with --out"
        )
    if manifest["input_hash"] != input_hash and not replace:
        other = manifest.get("name", "?")
        what = f"the study {other!r}" if other != name else "this study with other settings"
        raise UserError(
            f"{folder}: holds {what}; choose another folder with --out, or --replace it"
        )


def _place_of_staging(folder: Path) -> Path:
    """Beside the folder, so that one renaming takes its place; inside a mounted disk."""
    return folder if folder.is_mount() else folder.absolute().parent


@contextmanager
def whole_folder(folder: Path, own_files: Collection[str]) -> Iterator[Path]:
    """A folder to write into, which takes its place when all is written.

    What a user has put into the place meanwhile, beside ``own_files``, stays.

    Raises
    ------
    UserError
        If the disk is full or cannot be written; the place is then as it was.
    """
    parent = _place_of_staging(folder)
    try:
        staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=parent))
    except OSError as error:
        raise UserError(f"{folder}: cannot be written: {error.strerror or error}") from None
    try:
        staging.chmod(0o755)
        yield staging
        _sync(staging)
        if folder.is_mount():
            _fill(folder, staging)
        elif folder.exists():
            before = Path(tempfile.mkdtemp(prefix=f".{folder.name}-before-", dir=parent))
            os.replace(folder, before / folder.name)
            try:
                os.replace(staging, folder)
            except BaseException:
                os.replace(before / folder.name, folder)
                raise
            for path in (before / folder.name).iterdir():
                if path.name not in own_files:
                    os.replace(path, folder / path.name)
            shutil.rmtree(before, ignore_errors=True)
        else:
            os.replace(staging, folder)
    except OSError as error:
        raise UserError(f"{folder}: cannot be written: {error.strerror or error}") from None
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _fill(folder: Path, staging: Path) -> None:
    """Move what was written into a folder that cannot be renamed, the manifest last."""
    (folder / MANIFEST).unlink(missing_ok=True)
    for new in sorted(staging.iterdir(), key=lambda path: path.name == MANIFEST):
        old = folder / new.name
        if old.is_dir():
            shutil.rmtree(old)
        os.replace(new, old)


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
