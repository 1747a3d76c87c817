"""Reads tables from CSV files whose columns are declared, and names mistakes by file and line."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from rlsabm.arrays import Floats, Ints
from rlsabm.data.files import shown, text_of
from rlsabm.errors import ScenarioError, nearest
from rlsabm.wording import counted, number_text, range_text, value_text, with_help

LARGEST_TABLE_MEGABYTES = 20
#: Numbers with more digits are shown without those that arithmetic has left.
MOST_DIGITS = 15
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_CSV_PROBLEMS = {
    "unexpected end of data": "begins a quoted text that never ends",
    "expected after": "has text after a closing quote",
}

Value: TypeAlias = str | int | float


@dataclass(frozen=True)
class Code:
    """A column of codes.

    Attributes
    ----------
    name
        Heading of the column.
    among
        The codes that there are, in their order; any text if none are given.
    """

    name: str
    among: Sequence[str | int] = ()

    def read(self, text: str) -> str | int:
        """The value of a cell.

        Raises
        ------
        ValueError
            If there is no such code; the message says what was found and expected.
        """
        if not self.among:
            return _text(text)
        value: Value | None = text
        if not isinstance(self.among[0], str):
            value = _number(text)
        if value in self.among:
            return self.among[self.among.index(value)]
        raise ValueError(with_help(_found(text), self._expected(), self._meant(text)))

    def _expected(self) -> str:
        if isinstance(self.among, range):
            steps = f" in steps of {self.among.step}" if self.among.step > 1 else ""
            return f"a whole number{range_text(self.among[0], self.among[-1])}{steps}"
        return " or ".join(map(str, self.among))

    def _meant(self, text: str) -> str | None:
        return nearest(text, [value for value in self.among if isinstance(value, str)])


@dataclass(frozen=True)
class RowKey(Code):
    """A column of codes that, with the other keys, tells the rows of a table apart.

    Every combination of the codes that a table needs, or has, must have one row.

    Attributes
    ----------
    needed
        The codes that a table must have; by default all.
    gaps
        Whether codes may be left out between the first and the last that a table has.
    """

    needed: Sequence[str | int] | None = None
    gaps: bool = False

    def wanted(self, found: Iterable[Value]) -> list[Value]:
        """The codes of which a table must have every combination, if these were found in it."""
        if not self.among:
            return sorted(set(found), key=str)
        needed = self.among if self.needed is None else self.needed
        places = sorted({self.among.index(code) for code in (*found, *needed)})
        if self.gaps:
            return [self.among[place] for place in places]
        return list(self.among[places[0] : places[-1] + 1])


@dataclass(frozen=True)
class Number:
    """A column of numbers.

    Attributes
    ----------
    name
        Heading of the column.
    least, most
        The smallest and the largest number that is plausible.
    unit
        Unit, for messages.
    above
        Whether ``least`` itself is not allowed.
    note
        What else to say of numbers that are out of bounds.
    """

    name: str
    least: float
    most: float
    unit: str = ""
    above: bool = False
    note: str = ""

    def read(self, text: str) -> float:
        """The value of a cell.

        Raises
        ------
        ValueError
            If it is no number within the bounds; the message says what was found and expected.
        """
        value = _number(text)
        fits = value is not None and self.least <= value <= self.most
        if value is None or not fits or (self.above and value == self.least):
            raise ValueError(with_help(_found(text), self._expected(text)))
        return value

    def _expected(self, text: str) -> str:
        limits = range_text(self.least, self.most, self.unit)
        if self.above:
            limits = (
                f" above {number_text(self.least)}, at most {number_text(self.most)} {self.unit}"
            )
        point = "with a decimal point and without other separators" if "," in text else ""
        return ", ".join(filter(None, (f"a number{limits}".rstrip(), self.note, point)))


@dataclass(frozen=True)
class Text:
    """A column of text that is not empty."""

    name: str

    def read(self, text: str) -> str:
        """The value of a cell.

        Raises
        ------
        ValueError
            If it is empty.
        """
        return _text(text)


Column: TypeAlias = Code | Number | Text


class Row(NamedTuple):
    """A row of a table, and the line where it begins."""

    line: int
    values: dict[str, Value]


@dataclass(frozen=True)
class DataTable:
    """A table that was read.

    Attributes
    ----------
    source
        Its file, as shown to people.
    columns
        What was declared.
    rows
        The rows, in the order of the file.
    """

    source: str
    columns: tuple[Column, ...]
    rows: list[Row]

    def values(self, name: str) -> list[Any]:
        """A column, as it was read."""
        return [row.values[name] for row in self.rows]

    def numbers(self, name: str) -> Floats:
        """A column of numbers, or of codes that are numbers."""
        return np.array(self.values(name), dtype=float)

    def places(self, name: str) -> Ints:
        """A column of codes, as their places among those that there are."""
        among = next(c.among for c in self.columns if isinstance(c, Code) and c.name == name)
        return np.array([among.index(code) for code in self.values(name)], dtype=np.int64)

    def error(self, what: str, row: Row | None = None, key: str = "") -> ScenarioError:
        """A mistake in a row, or in the table as a whole."""
        line = None if row is None else row.line
        return ScenarioError(what, file=self.source, line=line, key=key)


def read_table(path: Path, columns: Sequence[Column]) -> DataTable:
    """Read a CSV file with a line of headings.

    Parameters
    ----------
    path
        The file: UTF-8, commas between columns, decimal points.
    columns
        What its columns are; they may stand in any order.

    Raises
    ------
    ScenarioError
        If the file cannot be read, a column or a row is missing, unknown or given twice, or a cell
        holds what its column cannot have.
    """
    table = DataTable(shown(path), tuple(columns), [])
    text = text_of(path, table.source, "a table", "CSV", megabytes=LARGEST_TABLE_MEGABYTES)
    records = _records(text, table.source)
    names = ", ".join(column.name for column in columns)
    if not records:
        raise table.error(f"is empty (expected a line of headings: {names})")
    (line, heading), *rest = records
    order = _order(table, Row(line, {}), heading)
    for line, fields in rest:
        row = Row(line, {})
        if _is_blank(fields):
            raise table.error("is blank, and more rows follow", row)
        if len(fields) != len(heading):
            raise table.error(
                f"has {counted(len(fields), 'field')} (expected {len(heading)}: "
                f"{', '.join(heading)}; numbers have a decimal point)",
                row,
            )
        for column, field in zip(order, fields, strict=True):
            try:
                row.values[column.name] = column.read(field)
            except ValueError as error:
                raise table.error(str(error), row, column.name) from None
        table.rows.append(row)
    if not table.rows:
        raise table.error("has no rows below the line of headings")
    _check_keys(table)
    return table


def _records(text: str, source: str) -> list[tuple[int, list[str]]]:
    """Fields of each record and the line where it begins; blank lines at the end are left out."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    records: list[tuple[int, list[str]]] = []
    line = 1
    try:
        for fields in reader:
            records.append((line, [field.strip() for field in fields]))
            line = reader.line_num + 1
    except csv.Error as error:
        words = [words for problem, words in _CSV_PROBLEMS.items() if problem in str(error)]
        what = words[0] if words else f"is no row of a table ({error})"
        raise ScenarioError(what, file=source, line=line) from None
    while records and _is_blank(records[-1][1]):
        records.pop()
    return records


def _is_blank(fields: list[str]) -> bool:
    return fields in ([], [""])


def _order(table: DataTable, row: Row, heading: list[str]) -> list[Column]:
    """The declared columns in the order of the file."""
    by_name = {column.name: column for column in table.columns}
    expected = f"(expected {', '.join(by_name)})"
    separator = next((mark for mark in _SEPARATORS if mark in "".join(heading)), None)
    if separator and not by_name.keys() & set(heading):
        raise table.error(
            f"columns are separated by {_SEPARATORS[separator]} (expected commas, and numbers with "
            "a decimal point)",
            row,
        )
    for name in heading:
        if heading.count(name) > 1:
            raise table.error(f"the column '{name}' is given twice", row)
    missing = [name for name in by_name if name not in heading]
    for name in heading:
        if name not in by_name and (meant := nearest(name, missing)):
            raise table.error(f"unknown column '{name}' (did you mean {meant}?)", row)
    if missing:
        found = ", ".join(name or "one without a name" for name in heading)
        raise table.error(f"no column '{missing[0]}' (found {found})", row)
    for name in heading:
        if name not in by_name:
            what = f"unknown column '{name}'" if name else "a column has no name"
            raise table.error(f"{what} {expected}", row)
    return [by_name[name] for name in heading]


def _check_keys(table: DataTable) -> None:
    """Refuse rows with the same keys, and keys without a row."""
    keys = [column for column in table.columns if isinstance(column, RowKey)]
    lines: dict[tuple[Value, ...], int] = {}
    for row in table.rows:
        key = tuple(row.values[column.name] for column in keys)
        if key in lines:
            first = lines[key]
            raise table.error(
                f"{_key_text(keys, key)}: is given twice (first on line {first})", row
            )
        lines[key] = row.line
    wanted = [column.wanted(table.values(column.name)) for column in keys]
    missing = [key for key in product(*wanted) if key not in lines]
    if missing:
        more = f", and {counted(len(missing) - 1, 'more row')}" if len(missing) > 1 else ""
        raise table.error(f"no row for {_key_text(keys, missing[0])}{more} (expected one for each)")


def _key_text(keys: Sequence[RowKey], values: Sequence[Value]) -> str:
    return ", ".join(f"{key.name} {value}" for key, value in zip(keys, values, strict=True))


def _number(text: str) -> float | None:
    value = float(text) if _NUMBER.fullmatch(text) else math.nan
    return value if math.isfinite(value) else None


def _text(text: str) -> str:
    if not text:
        raise ValueError("is empty (expected text)")
    return text


def _found(text: str) -> str:
    if not text:
        return "is empty"
    if not _NUMBER.fullmatch(text) or len(text) >= 40:
        return f"found {value_text(text)}"
    has_noise = len(text) > MOST_DIGITS and "." in text
    return f"found {number_text(float(text)) if has_noise else text}"
