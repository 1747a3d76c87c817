"""Arms of studies by the names that users type, and their tables."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from rlsabm.errors import UserError, nearest
from rlsabm.results.arrow import SCHEMA_VERSION, WORDS
from rlsabm.results.files import MANIFEST, SCENARIO, read_manifest, table_path
from rlsabm.scenario import REFERENCE

OUTPUTS = Path("outputs")

#: Labels by column and word.
Labels = dict[str, dict[str, str]]


class Source(NamedTuple):
    """An arm of a study.

    Attributes
    ----------
    folder, arm
        Folder of the study, and name of its arm.
    seed
        Root of its seeds.
    people
        Which people were grown: the population section of the scenario, and the last survey.
    missing
        What of the study has not finished, in words; empty if all has.
    """

    folder: Path
    arm: str
    seed: str
    people: str
    missing: str = ""

    @property
    def label(self) -> str:
        """As a user writes it."""
        return f"{self.folder}:{self.arm}"


def find_pairs(first: str, second: str | None) -> list[tuple[Source, Source]]:
    """Arms to compare: two that are named, or every arm of one study with its reference.

    Parameters
    ----------
    first, second
        Folders of studies, optionally with an arm after a colon; an arm alone is compared with the
        reference of its study.

    Raises
    ------
    UserError
        If there is no such study or arm, or nothing to compare it with.
    """
    folder, arm = find_study(first)
    if second is not None:
        a = source_of(folder, arm)
        other, arm = find_study(second)
        b = source_of(other, arm)
        _check_different(a, b)
        return [(a, b)]
    reference = source_of(folder, None)
    arms = [name for name in arms_of(folder) if name != REFERENCE] if arm is None else [arm]
    if not arms:
        raise UserError(f"{folder}: has one arm only; give a second study to compare it with")
    pairs = [(reference, source_of(folder, name)) for name in arms]
    for a, b in pairs:
        _check_different(a, b)
    return pairs


def find_study(text: str) -> tuple[Path, str | None]:
    """Folder of a study, and the arm if one is named after a colon.

    A folder whose own name has a colon goes before one with an arm.  What is not here is looked for in
    ``outputs``.

    Raises
    ------
    UserError
        If there is no such folder, or it holds no study that can be read.
    """
    cuts = [place for place, letter in enumerate(text) if letter == ":"]
    for cut in (None, *reversed(cuts)):
        name = Path(text[:cut])
        present = [place for place in (name, OUTPUTS / name) if place.is_dir()]
        if present:
            holding = [place for place in present if (place / MANIFEST).is_file()]
            folder = (holding or present)[0]
            manifest_of(folder)
            return folder, None if cut is None else text[cut + 1 :]
    name = Path(text.split(":")[0])
    if name.is_file():
        raise UserError(f"{name}: is a file, not the folder of a study")
    studies = [
        str(path.parent)
        for place in dict.fromkeys((name.parent, OUTPUTS))
        for path in place.glob(f"*/{MANIFEST}")
    ]
    by_name = {Path(study).name: study for study in studies}
    near = nearest(name.name, by_name)
    raise UserError(f"{name}: no such folder{_did_you_mean(by_name[near] if near else None)}")


def manifest_of(folder: Path) -> dict[str, Any]:
    """Manifest of a study that this version can read.

    Raises
    ------
    UserError
        If the folder holds no study, or one whose tables another version has written.
    """
    manifest = read_manifest(folder)
    if manifest is None:
        raise UserError(f"{folder}: holds no study (no {MANIFEST} of rlsabm)")
    found = manifest.get("schema_version")
    if found != SCHEMA_VERSION:
        raise UserError(
            f"{folder}: its tables have schema version {found}, this rlsabm reads version "
            f"{SCHEMA_VERSION}; run the study again"
        )
    return manifest


def source_of(folder: Path, arm: str | None = None) -> Source:
    """An arm that is there; the reference if none is named.

    Raises
    ------
    UserError
        If the study has no such arm.
    """
    arm = REFERENCE if arm is None else arm
    arms = arms_of(folder)
    if arm not in arms:
        raise UserError(f"{folder}: {unknown('arm', arm, arms)}")
    manifest = manifest_of(folder)
    seeds, units = manifest.get("seeds") or {}, manifest.get("units") or {}
    missing = (
        ""
        if manifest.get("status") == "complete"
        else f"{units.get('finished', '?')} of {units.get('total', '?')} runs have finished"
    )
    return Source(folder, arm, str(seeds.get("root", "")), _people(folder), missing)


def _people(folder: Path) -> str:
    """Which people were grown, as text; empty if the scenario cannot be read."""
    try:
        scenario = YAML(typ="safe").load((folder / SCENARIO).read_text(encoding="utf-8"))
        grown = (dict(sorted(scenario["population"].items())), scenario["observe"]["years"][-1])
    except (OSError, ValueError, YAMLError, TypeError, KeyError, AttributeError, IndexError):
        return ""
    return repr(grown)


def _check_different(a: Source, b: Source) -> None:
    if a.arm == b.arm and a.folder.resolve() == b.folder.resolve():
        raise UserError(
            f"{a.label}: would be compared with itself; give two studies, or two arms as in "
            f"{a.folder}:ARM"
        )


def arms_of(folder: Path) -> list[str]:
    """Arms of a study, the reference first."""
    return words_of(folder, "runs", "arm")


def _did_you_mean(name: str | None) -> str:
    return f"; did you mean {name!r}?" if name else ""


def unknown(what: str, name: str, known: Sequence[str]) -> str:
    """What to say of a name that is not there."""
    hint = _did_you_mean(nearest(name, known)) or f" (expected one of {', '.join(known)})"
    return f"no {what} {name!r}{hint}"


def columns_in(folder: Path, table: str) -> list[str]:
    """Columns of a table."""
    with _opened(table_path(folder, table)) as file:
        return list(pq.read_schema(file).names)


def read_rows(side: Source, table: str, columns: Sequence[str], where: list[Any]) -> pd.DataFrame:
    """Some columns of a table, with the rows of the arm that fit all conditions ``where``."""
    with _opened(table_path(side.folder, table)) as file:
        filters: list[Any] = [("arm", "==", side.arm), *where]
        return pq.read_table(file, columns=list(columns), filters=filters).to_pandas()


def read_table(folder: Path, table: str) -> pd.DataFrame | None:
    """A whole table, or None if the study has none yet.

    Raises
    ------
    UserError
        If the file is damaged.
    """
    path = table_path(folder, table)
    if not path.exists():
        return None
    with _opened(path) as file:
        return _with_attributes(pq.read_table(file))


def labels_in(folder: Path, table: str) -> Labels:
    """How people read the words of a table, by column."""
    with _opened(table_path(folder, table)) as file:
        metadata = pq.read_schema(file).metadata or {}
    labels: Labels = json.loads(metadata.get(b"PANDAS_ATTRS", b"{}")).get("labels", {})
    return labels


def words_of(folder: Path, table: str, column: str) -> list[str]:
    """Words that a column of a table may hold, in their order; none without that column."""
    if column not in columns_in(folder, table):
        return []
    with _opened(table_path(folder, table)) as file:
        values = pq.read_table(file, columns=[column]).to_pandas()[column]
    if isinstance(values.dtype, pd.CategoricalDtype):
        return [str(word) for word in values.cat.categories]
    return [str(word) for word in values.unique()]


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """Open a table, which may be replaced meanwhile; say which one is missing or broken."""
    try:
        with path.open("rb") as file:
            yield file
    except FileNotFoundError:
        raise UserError(f"{path}: is missing; run the study again") from None
    except (pa.ArrowException, OSError) as error:
        lines = str(error).splitlines() or ["is no Parquet file"]
        raise UserError(f"{path}: cannot be read: {lines[0]}") from None


def read_line_list(folder: Path, table: str) -> pd.DataFrame:
    """All files of a line list, one below the other in the order of their runs.

    Raises
    ------
    UserError
        If a file is damaged, or there is none.
    """
    paths = sorted(path for path in (folder / table).glob("*.parquet") if path.name[0] != ".")
    if not paths:
        raise UserError(f"{folder / table}: is empty; run the study again")
    parts = []
    for path in paths:
        with _opened(path) as file:
            parts.append(pq.read_table(file))
    whole = pa.concat_tables(parts).unify_dictionaries()
    frame = _with_attributes(whole.replace_schema_metadata(parts[0].schema.metadata))
    for name, words in json.loads(parts[0].schema.metadata[WORDS.encode()]).items():
        there = set(frame[name].cat.categories)
        frame[name] = frame[name].cat.set_categories([word for word in words if word in there])
    return frame


def _with_attributes(table: pa.Table) -> pd.DataFrame:
    """A data frame with units and meanings in its ``attrs``, as `pandas.read_parquet` gives it."""
    frame: pd.DataFrame = table.to_pandas()
    frame.attrs = json.loads((table.schema.metadata or {}).get(b"PANDAS_ATTRS", b"{}"))
    return frame
