"""The tables of a study from what its units found, wherever that is kept.

A table holds whole runs only, in the order of the units.  Estimates over draws are made from tables of
whole runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from rlsabm.arrays import Ints
from rlsabm.results.arrow import frame_of, to_arrow, worded
from rlsabm.results.combining import run_of_blocks
from rlsabm.results.contents import Contents, joined
from rlsabm.results.table import Kind, ResultTable
from rlsabm.results.tables import TABLES, tables_of
from rlsabm.results.vocabulary import Vocabulary
from rlsabm.study.units import Run, Unit

#: Rows of a table for a run, of which the units are given; None if the study does not have the table.
RowsOfRun = Callable[[ResultTable, Run, Sequence[Unit]], Contents | None]


def runs_of(units: Iterable[Unit]) -> dict[Run, list[Unit]]:
    """Units by run, in their order."""
    runs: dict[Run, list[Unit]] = {}
    for unit in units:
        runs.setdefault(unit.run, []).append(unit)
    return runs


def tables_of_runs(
    runs: Mapping[Run, Sequence[Unit]], rows_of_run: RowsOfRun, vocabulary: Vocabulary
) -> Iterator[tuple[ResultTable, Contents]]:
    """Every table of these runs but line lists, one after another; estimates come last.

    Parameters
    ----------
    runs
        Whole runs with their units.
    rows_of_run
        Finds the rows of a table for one run.
    vocabulary
        Words of the study.
    """
    estimates = tables_of(Kind.ESTIMATES)
    needed = {name for table in estimates for name in table.estimated_from}
    frames: dict[str, pd.DataFrame] = {}
    for table in tables_of(Kind.BY_RUN, Kind.BY_DRAW):
        chosen = _one_of_each_draw(runs) if table.kind is Kind.BY_DRAW else runs
        found = (rows_of_run(table, run, units) for run, units in chosen.items())
        parts = [part for part in found if part is not None]
        if parts:
            contents = joined(parts)
            del parts
            if table.name in needed:
                frames[table.name] = worded(contents, table, vocabulary)
            yield table, contents
    for table in estimates:
        if table.estimate is not None and set(table.estimated_from) <= set(frames):
            frame = frames[table.name] = table.estimate(frames)
            yield table, {str(name): frame[name].to_numpy() for name in frame}


def _one_of_each_draw(runs: Mapping[Run, Sequence[Unit]]) -> dict[Run, Sequence[Unit]]:
    """The first run of each draw and arm."""
    first: dict[tuple[int, str], Run] = {}
    for run in runs:
        first.setdefault((run.draw, run.arm), run)
    return {run: runs[run] for run in first.values()}


def combined(
    table: ResultTable, units: Sequence[Unit], read: Callable[[Unit, str], Contents]
) -> Contents:
    """Rows of a table for a run, from those of its units.

    Parameters
    ----------
    table
        The table.
    units
        Units of the run, in their order.
    read
        Gives the contents of a unit's table. Units are read a few at a time.
    """
    if table.combine is None or len(units) == 1:
        return read(units[0], table.name)
    names = (table.name, *table.combine.companions)
    blocks = ({name: read(unit, name) for name in names} for unit in units)
    return run_of_blocks(table.name, table.combine, blocks)


def assemble(
    found: Mapping[Unit, Mapping[str, Contents]], vocabulary: Vocabulary
) -> dict[str, pd.DataFrame]:
    """Tables of a study from what its units found, in memory.

    Parameters
    ----------
    found
        Contents by table (`rlsabm.study.unit.UnitResult.tables`) of every unit, in the order of
        units; all blocks of a run must be there.
    vocabulary
        Words of the study (`rlsabm.study.checking.vocabulary_of`).

    Returns
    -------
    dict
        Data frames by name of the table, the same as pandas reads from the files of a study: counts by
        run, estimates, line lists and draws. Tables that no unit filled are left out.
    """
    runs = runs_of(found)

    def read(unit: Unit, name: str) -> Contents:
        return found[unit][name]

    def rows_of_run(table: ResultTable, run: Run, units: Sequence[Unit]) -> Contents | None:
        return combined(table, units, read) if table.name in found[units[0]] else None

    contents = {
        table.name: contents for table, contents in tables_of_runs(runs, rows_of_run, vocabulary)
    }
    for table in tables_of(Kind.LINE_LIST):
        parts = [tables[table.name] for tables in found.values() if table.name in tables]
        if parts:
            contents[table.name] = joined(parts)
    return {
        name: frame_of(to_arrow(table, contents[name], vocabulary))
        for name, table in TABLES.items()
        if name in contents
    }


def rows_by_run(contents: Contents, arms: Sequence[str]) -> dict[Run, Ints]:
    """Rows of each run in a table; without a column of replicates, of each draw and arm.

    Parameters
    ----------
    contents
        Columns ``arm`` (codes), ``draw`` and, if the table has it, ``replicate``.
    arms
        Names of the arms.
    """
    replicate = contents.get("replicate", np.zeros_like(contents["draw"]))
    keys = pd.DataFrame({"draw": contents["draw"], "replicate": replicate, "arm": contents["arm"]})
    groups: Any = keys.groupby(["draw", "replicate", "arm"], sort=False)
    return {
        Run(int(draw), int(number), arms[int(arm)]): rows
        for (draw, number, arm), rows in groups.indices.items()
    }
