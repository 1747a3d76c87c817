"""Data that ship with the package, and the reading of small tables.

Tables are CSV files, read into columns, with errors that name file and line.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rlsabm.errors import UserError

DATA = Path(__file__).parent


def read_columns(
    path: Path, *, words: Sequence[str] = (), numbers: Sequence[str]
) -> dict[str, list[Any]]:
    """Columns of a CSV file with a header line.

    Parameters
    ----------
    path
        The file.
    words, numbers
        Names of the columns that hold text, and numbers.

    Raises
    ------
    UserError
        If the file cannot be read, lacks a column or holds something that is not a number.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not a text file"
        raise UserError(f"{path}: cannot be read: {reason}") from None
    if not rows:
        raise UserError(f"{path}: no rows below the header line")
    for name in (*words, *numbers):
        if name not in rows[0]:
            raise UserError(f"{path}:1: no column {name!r} (found {', '.join(map(str, rows[0]))})")
    columns: dict[str, list[Any]] = {name: [row[name] for row in rows] for name in words}
    for name in numbers:
        values = []
        for line, row in enumerate(rows, start=2):
            try:
                values.append(float(row[name]))
            except (TypeError, ValueError):
                raise UserError(f"{path}:{line}: {name}: {row[name]!r} is not a number") from None
        columns[name] = values
    return columns
