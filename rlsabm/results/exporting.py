"""Tables of a study as files for other programs: CSV, Stata, Excel, each with its codebook."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from rlsabm.errors import UserError
from rlsabm.results.files import write_together
from rlsabm.results.sources import unknown
from rlsabm.results.study_results import Study

CSV, STATA, EXCEL = "csv", "dta", "xlsx"
FORMATS = (CSV, STATA, EXCEL)
CODEBOOK = "codebook"
#: Rows that a sheet of Excel has room for, below the headings.
MOST_EXCEL_ROWS = 2**20 - 1
#: Longest name and label of a variable in Stata, longest text of fixed width, largest number.
STATA_NAME, STATA_LABEL, STATA_TEXT, STATA_NUMBER = 32, 80, 2045, 8.9e307


class Written(NamedTuple):
    """A file that was written: its table (empty for the codebook) and how many rows it has."""

    path: Path
    table: str
    rows: int


def export_study(
    study: Study,
    file_format: str,
    *,
    out: Path,
    tables: Sequence[str] = (),
    replace: bool = False,
) -> list[Written]:
    """Write tables of a study, one file a table: all of them, or none.

    Parameters
    ----------
    study
        The study.
    file_format
        ``csv``, ``dta`` or ``xlsx``.
    out
        Folder to write to.
    tables
        Names of the tables; all by default.
    replace
        Whether files that are there are overwritten.

    Returns
    -------
    list of Written
        What was written.

    Raises
    ------
    UserError
        If the format or a table is not known, a file already exists, a table has too many rows for
        Excel, openpyxl is not installed, or the disk is full or cannot be written.
    """
    if file_format not in FORMATS:
        raise UserError(f"--format: {unknown('format', file_format, FORMATS)}")
    if file_format == EXCEL and find_spec("openpyxl") is None:
        raise UserError('Excel files need openpyxl: pip install "rlsabm[excel]"')
    names = list(dict.fromkeys(tables)) or list(study.tables)
    if not names:
        raise UserError(f"{study.folder}: no tables yet: {study.missing or 'no run has finished'}")
    frames = {name: study.table(name) for name in names}
    _check_room(out, [*names, *([CODEBOOK] if file_format == CSV else [])], file_format, replace)
    for name, frame in frames.items():
        if file_format == EXCEL and len(frame) > MOST_EXCEL_ROWS:
            raise UserError(
                f"{name} has {len(frame):,} rows, more than the {MOST_EXCEL_ROWS:,} of an Excel sheet; "
                "use --format csv, or name other tables with --table"
            )
    written: list[Written] = []

    def files() -> Iterator[tuple[str, bytes]]:
        for name, frame in frames.items():
            written.append(Written(out / f"{name}.{file_format}", name, len(frame)))
            yield written[-1].path.name, WRITERS[file_format](name, frame)
        if file_format == CSV:
            whole = pd.concat([codebook(*each) for each in frames.items()], ignore_index=True)
            written.append(Written(out / f"{CODEBOOK}.csv", "", len(whole)))
            yield written[-1].path.name, whole.to_csv(index=False).encode()

    try:
        write_together(out, files())
    except OSError as error:
        raise UserError(f"{out}: cannot be written: {error.strerror or error}") from None
    return written


def codebook(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Name, type, unit, meaning and words of every column of a table, a row each."""
    units, meanings = (frame.attrs.get(key, {}) for key in ("units", "meanings"))
    return pd.DataFrame(
        {
            "table": name,
            "column": [str(column) for column in frame],
            "type": [_type(frame[column]) for column in frame],
            "unit": [units.get(column, "") for column in frame],
            "meaning": [meanings.get(column, "") for column in frame],
            "values": [
                "; ".join(map(str, frame[column].cat.categories))
                if isinstance(frame[column].dtype, pd.CategoricalDtype)
                else ""
                for column in frame
            ],
        }
    )


def _type(column: Any) -> str:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return "category"
    kinds = {"b": "yes/no", "i": "whole number", "u": "whole number", "f": "number"}
    return kinds.get(column.dtype.kind, "text")


def folder_beside(study: Study, file_format: str) -> Path:
    """Folder to write to if none is named: beside that of the study, such as ``baseline-csv``."""
    if study.folder is None:
        raise UserError("the study has no folder of its own; say where to write")
    whole = study.folder.resolve()
    named = study.folder.name not in ("", "..")
    return (study.folder if named else whole).with_name(f"{whole.name}-{file_format}")


def _check_room(folder: Path, names: Sequence[str], file_format: str, replace: bool) -> None:
    """Refuse to overwrite what was not asked to be."""
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder}: is a file, not a folder to write to")
    for name in names:
        path = folder / f"{name}.{file_format}"
        if path.is_dir():
            raise UserError(f"{path}: is a folder; choose another --out")
        if path.exists() and not replace:
            raise UserError(f"{path}: already exists; use --replace, or another --out")


# Formats --------------------------------------------------------------------------------------------


def csv_bytes(name: str, frame: pd.DataFrame) -> bytes:
    """A table as CSV in UTF-8; missing values are empty."""
    return frame.to_csv(index=False).encode()


def excel_bytes(name: str, frame: pd.DataFrame) -> bytes:
    """A table as an Excel file: a sheet with the table, one with its codebook."""
    file = io.BytesIO()
    with pd.ExcelWriter(file, engine="openpyxl") as writer:
        frame.to_excel(writer, sheet_name=name, index=False)
        codebook(name, frame).to_excel(writer, sheet_name=CODEBOOK, index=False)
    return file.getvalue()


def stata_bytes(name: str, frame: pd.DataFrame) -> bytes:
    """A table as a file of Stata 14 or later, with labels of variables and values.

    Names that Stata does not allow are changed; what is infinite or too large is missing.
    """
    names = stata_names([str(column) for column in frame])
    columns = {names[str(column)]: _for_stata(frame[column]) for column in frame}
    long = [
        column
        for column, values in columns.items()
        if values.dtype == object and values.str.encode("utf-8").str.len().max() > STATA_TEXT
    ]
    yes_no = [names[str(c)] for c in frame if frame[c].dtype.kind == "b"]
    file = io.BytesIO()
    with warnings.catch_warnings():
        # Whole numbers beyond 32 bits become doubles, which hold those up to 2**53 exactly.
        warnings.simplefilter("ignore", pd.errors.PossiblePrecisionLoss)
        pd.DataFrame(columns).to_stata(
            file,
            write_index=False,
            version=118,
            data_label=str(frame.attrs.get("title", name))[:STATA_LABEL],
            variable_labels={names[c]: text for c, text in _labels(frame).items()},
            value_labels={column: {0: "no", 1: "yes"} for column in yes_no},
            convert_strl=long,
        )
    return file.getvalue()


def stata_names(columns: Sequence[str]) -> dict[str, str]:
    """Names that Stata allows, by the names of columns; no two are the same.

    They are of ASCII letters, digits and underscores, and do not begin with a digit.
    """
    names: dict[str, str] = {}
    for column in columns:
        whole = re.sub(r"\W", "_", column, flags=re.ASCII)
        whole = f"_{whole}" if whole[:1].isdigit() else whole
        name, number = whole[:STATA_NAME], 2
        while name in names.values():
            name = f"{whole[: STATA_NAME - len(str(number))]}{number}"
            number += 1
        names[column] = name
    return names


def _for_stata(values: Any) -> Any:
    """A column in a type that Stata has."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        return values
    kind = values.dtype.kind
    if kind == "b":
        return values.astype(np.int8) if values.dtype == bool else values.astype(float)
    if pd.api.types.is_extension_array_dtype(values.dtype) and kind in "iuf":
        values, kind = values.astype(float), "f"
    if kind == "f":
        return values.where(values.abs() < STATA_NUMBER)
    if kind in "iu":
        return values
    return values.astype(object).where(values.notna(), "").astype(object)


def _labels(frame: pd.DataFrame) -> dict[str, str]:
    """Labels of the variables: meaning and unit, as far as there is room."""
    units, meanings = (frame.attrs.get(key, {}) for key in ("units", "meanings"))
    labels = {}
    for column in map(str, frame):
        unit = f" ({units[column]})" if units.get(column) else ""
        meaning = str(meanings.get(column, column))
        room = STATA_LABEL - len(unit)
        cut = meaning if len(meaning) <= room else f"{meaning[: room - 1]}…"
        labels[column] = cut + unit
    return labels


WRITERS = {CSV: csv_bytes, STATA: stata_bytes, EXCEL: excel_bytes}
