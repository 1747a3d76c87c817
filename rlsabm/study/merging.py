"""The tables in a study's folder from those of its finished units.

Runs that a table holds already are taken from it; a unit's own files go before, so that merging again
changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from rlsabm.arrays import Ints
from rlsabm.results.arrow import from_arrow, to_arrow
from rlsabm.results.contents import Contents
from rlsabm.results.files import table_bytes, table_path
from rlsabm.results.table import Kind, ResultTable
from rlsabm.results.tables import TABLES
from rlsabm.results.vocabulary import Vocabulary
from rlsabm.study.assembling import combined, rows_by_run, tables_of_runs
from rlsabm.study.folder import StudyFolder
from rlsabm.study.units import Place, Run, Unit


def merge(
    folder: StudyFolder,
    vocabulary: Vocabulary,
    runs: Mapping[Run, Sequence[Unit]],
    kept: Collection[Place],
) -> dict[str, int]:
    """Write the tables of these runs.

    Parameters
    ----------
    folder
        Folder of the study.
    vocabulary
        Words of its tables.
    runs
        Whole runs with their units, in their order.
    kept
        Units whose own files are there; the tables hold the runs of others.

    Returns
    -------
    dict
        Rows by file.

    Raises
    ------
    OSError
        If the disk is full or cannot be written.
    UserError
        If a table is damaged.
    """
    rows: dict[str, int] = {}
    if not runs:
        return rows
    found = _Found(folder, vocabulary, kept)
    for table, contents in tables_of_runs(runs, found.rows_of_run, vocabulary):
        arrow = to_arrow(table, contents, vocabulary)
        file = table_path(Path(), table.name).name
        folder.write(file, table_bytes(arrow))
        rows[file] = arrow.num_rows
    return rows


class _Found:
    """What a folder holds: files of units, and tables of runs that were merged before."""

    def __init__(
        self, folder: StudyFolder, vocabulary: Vocabulary, kept: Collection[Place]
    ) -> None:
        self._folder = folder
        self._vocabulary = vocabulary
        self._kept = kept
        self._before: tuple[str, Contents, Mapping[Run, Ints]] = ("", {}, {})

    def rows_of_run(self, table: ResultTable, run: Run, units: Sequence[Unit]) -> Contents | None:
        """Rows of a table for a run; None if the folder has none."""
        if all(unit.place in self._kept for unit in units):
            if not self._folder.has_table(units[0], table.name):
                return None
            return combined(table, units, self._read_unit)
        contents, rows = self._merged(table)
        if table.kind is Kind.BY_DRAW:
            run = run._replace(replicate=0)
        if run not in rows:
            return None
        return {column: values[rows[run]] for column, values in contents.items()}

    def _read_unit(self, unit: Unit, name: str) -> Contents:
        return from_arrow(self._folder.read_unit(unit, name), TABLES[name], self._vocabulary)

    def _merged(self, table: ResultTable) -> tuple[Contents, Mapping[Run, Ints]]:
        """A table as it was merged before, with its rows by run; it is kept until the next is read."""
        name, contents, rows = self._before
        if name != table.name:
            arrow = self._folder.read(table.name)
            contents = {} if arrow is None else from_arrow(arrow, table, self._vocabulary)
            rows = rows_by_run(contents, self._vocabulary.arms) if contents else {}
            self._before = (table.name, contents, rows)
        return contents, rows
