"""Arms of studies by the names that users type, and their tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from rlsabm.errors import UserError, itself_or_nearest, nearest
from rlsabm.results.arrow import WORDS
from rlsabm.results.files import MANIFEST, Mark, fault_of, mark_of_file, table_path
from rlsabm.results.manifests import manifest_of, marks_in, marks_of
from rlsabm.scenario import REFERENCE
from rlsabm.wording import command

OUTPUTS = Path("outputs")
#: How often a file is read again that is being replaced while it is read.
TRIES = 3

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
        What of the study has not finished or is missing again, in words; empty if nothing is.
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
    try:
        folder, arm = _folder_named(text)
    except OSError as error:
        raise UserError(f"{text}: cannot be read: {error.strerror or error}") from None
    manifest_of(folder)
    return folder, arm


def folder_of_study(text: str) -> Path:
    """Folder of a study that is named by its path, or by its name in ``outputs``.

    Raises
    ------
    UserError
        If there is no such folder, it holds no study that can be read, or an arm is named.
    """
    folder, arm = find_study(text)
    if arm is not None:
        raise UserError(f"{text}: names the arm {arm!r} (expected a whole study, such as {folder})")
    return folder


def _folder_named(text: str) -> tuple[Path, str | None]:
    """Folder of this name, here or in ``outputs``, and what follows after a colon."""
    cuts = [place for place, letter in enumerate(text) if letter == ":"]
    for cut in (None, *reversed(cuts)):
        name = Path(text[:cut])
        present = [place for place in (name, OUTPUTS / name) if place.is_dir()]
        if present:
            holding = [place for place in present if (place / MANIFEST).exists()]
            return (holding or present)[0], None if cut is None else text[cut + 1 :]
    name = Path(text.split(":")[0])
    if name.exists():
        hint = _did_you_mean(str(name.parent)) if name.name == MANIFEST else ""
        raise UserError(f"{name}: is a file, not the folder of a study{hint}")
    studies = [
        str(path.parent)
        for place in dict.fromkeys((name.parent, OUTPUTS))
        for path in place.glob(f"*/{MANIFEST}")
    ]
    by_name = {Path(study).name: study for study in studies}
    near = itself_or_nearest(name.name, by_name)
    raise UserError(f"{name}: no such folder{_did_you_mean(by_name[near] if near else None)}")


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
    units, scenario = manifest["units"], manifest["scenario"]
    missing = (
        damage_in(folder, manifest)
        if manifest["status"] == "complete"
        else f"{units['finished']} of {units['total']} runs have finished"
    )
    people = (dict(sorted(scenario["population"].items())), scenario["observe"]["years"][-1])
    return Source(folder, arm, manifest["seeds"]["root"], repr(people), missing)


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
    if what == "year":
        return f"no year {name!r} (the study has surveys in {', '.join(known)})"
    hint = (
        _did_you_mean(nearest(name, known, by_word=True))
        or f" (expected one of {', '.join(known)})"
    )
    return f"no {what} {name!r}{hint}"


def columns_in(folder: Path, table: str) -> list[str]:
    """Columns of a table."""
    with _opened_table(folder, table) as file:
        return list(pq.read_schema(file).names)


def read_rows(side: Source, table: str, columns: Sequence[str], where: list[Any]) -> pd.DataFrame:
    """Some columns of a table, with the rows of the arm that fit all conditions ``where``."""
    with _opened_table(side.folder, table) as file:
        filters: list[Any] = [("arm", "==", side.arm), *where]
        return pq.read_table(file, columns=list(columns), filters=filters).to_pandas()


def has_table(folder: Path, table: str) -> bool:
    """Whether the study has written a table, which need not be there any more."""
    marks = marks_of(folder).get(table_path(Path(), table).name, [None])
    return None not in marks or table_path(folder, table).exists()


def read_table(folder: Path, table: str) -> pd.DataFrame | None:
    """A whole table, or None if the study has none yet.

    Raises
    ------
    UserError
        If the file is missing or damaged.
    """
    if not has_table(folder, table):
        return None
    with _opened_table(folder, table) as file:
        return _with_attributes(pq.read_table(file))


def labels_in(folder: Path, table: str) -> Labels:
    """How people read the words of a table, by column."""
    with _opened_table(folder, table) as file:
        metadata = pq.read_schema(file).metadata or {}
    labels: Labels = json.loads(metadata.get(b"PANDAS_ATTRS", b"{}")).get("labels", {})
    return labels


def words_of(folder: Path, table: str, column: str) -> list[str]:
    """Words that a column of a table may hold, in their order; none without that column."""
    if column not in columns_in(folder, table):
        return []
    with _opened_table(folder, table) as file:
        values = pq.read_table(file, columns=[column]).to_pandas()[column]
    if isinstance(values.dtype, pd.CategoricalDtype):
        return [str(word) for word in values.cat.categories]
    return [str(word) for word in values.unique()]


@contextmanager
def _opened_table(folder: Path, table: str) -> Iterator[IO[bytes]]:
    """Open a table that is as it was written."""
    name = table_path(Path(), table).name

    def marks() -> Collection[Mark | None]:
        return marks_of(folder).get(name, ())

    with _opened(folder, name, marks) as file:
        yield file


@contextmanager
def _opened(
    folder: Path, name: str, marks: Callable[[], Collection[Mark | None]]
) -> Iterator[IO[bytes]]:
    """Open a file that is as it was written.

    Parameters
    ----------
    folder, name
        Folder of the study, and the file in it.
    marks
        Gives what the file may be. It is asked again when the file is another, which may just have been
        replaced.

    Raises
    ------
    UserError
        If it is missing or damaged.
    """
    path = folder / name
    for _ in range(TRIES):
        wanted = marks()
        if fault := fault_of(path, wanted, thorough=False):
            continue
        try:
            file = path.open("rb")
        except OSError as error:
            fault = f"cannot be read: {error.strerror or error}"
            continue
        with file:
            if mark_of_file(file) not in wanted:
                fault = "is damaged (its checksum is another)"
                continue
            try:
                yield file
            except pa.ArrowException as error:
                raise UserError(f"{path}: cannot be read: {str(error).splitlines()[0]}") from None
            return
    raise UserError(f"{path}: {fault}; {remedy(folder)}")


def remedy(folder: Path) -> str:
    """What to do about a study whose files are damaged."""
    return f"to make it again: {command('rlsabm', 'resume', folder)}"


def damage_in(folder: Path, manifest: Mapping[str, Any]) -> str:
    """The first file that is missing or has another size, in words; empty if there is none."""
    for name, marks in marks_in(manifest).items():
        if fault := fault_of(folder / name, marks, thorough=False):
            return f"{name} {fault}; {remedy(folder)}"
    return ""


def line_list_marks(folder: Path, table: str) -> dict[str, Mark]:
    """Files of a line list as the ledger has them, in the order of their runs.

    Raises
    ------
    UserError
        If the ledger is missing or damaged.
    """
    with _opened_table(folder, "runs") as file:
        units = pq.read_table(file, columns=["line_lists"])["line_lists"].to_pylist()
    listed = {
        name: Mark(*mark) for unit in units for name, mark in json.loads(unit or "{}").items()
    }
    return {name: listed[name] for name in sorted(listed) if name.startswith(f"{table}/")}


def read_line_list(folder: Path, table: str) -> pd.DataFrame:
    """All files of a line list, one below the other in the order of their runs.

    Raises
    ------
    UserError
        If a file is missing or damaged, or there is none.
    """
    parts = []
    for name, mark in line_list_marks(folder, table).items():
        with _opened(folder, name, lambda mark=mark: [mark]) as file:  # type: ignore[misc]
            parts.append(pq.read_table(file))
    if not parts:
        raise UserError(f"{folder / table}: is empty; {remedy(folder)}")
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
