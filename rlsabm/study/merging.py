"""The tables of a study from those of its finished units.

A table holds whole runs only, in the order of the units.  Runs that it holds already are taken from
it; a unit's own files go before, so that merging again changes nothing.  Estimates over draws are made
anew.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rlsabm.results.blocks import of_run
from rlsabm.results.categories import Categories
from rlsabm.results.cells import Contents, joined
from rlsabm.results.files import table_bytes, table_path
from rlsabm.results.postulates import estimate_postulates
from rlsabm.results.registries import estimate_kin
from rlsabm.results.schemas import BY_RUN, from_arrow, to_arrow
from rlsabm.results.shifts import estimate_shifts
from rlsabm.study.folder import StudyFolder
from rlsabm.study.units import Run, Unit


def runs_in(folder: StudyFolder, categories: Categories) -> set[Run]:
    """Runs that the tables of a study hold."""
    table = folder.read("prevalence")
    if table is None:
        return set()
    contents = from_arrow(
        table.select(["draw", "replicate", "arm"]), "prevalence", categories.of("prevalence")
    )
    return set(_rows_by_run(contents, categories))


def merge(
    folder: StudyFolder,
    categories: Categories,
    strata: Sequence[str],
    units: Sequence[Unit],
    finished: Collection[Unit],
) -> dict[str, int]:
    """Write the tables of all runs that are finished.

    Parameters
    ----------
    folder
        Folder of the study.
    categories
        Words of its tables.
    strata
        Strata by which it breaks results down.
    units
        All units, in their order.
    finished
        Those that are finished.

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
    blocks: dict[Run, list[Unit]] = {}
    for unit in units:
        blocks.setdefault(unit.run, []).append(unit)
    whole = {run: of for run, of in blocks.items() if all(unit in finished for unit in of)}
    if not whole:
        return {}
    merger = _Merger(folder, categories, strata, whole)
    for name in BY_RUN:
        merger.by_run(name)
    merger.draws()
    merger.estimates()
    return merger.rows


class _Merger:
    """Writes the tables of a study's whole runs."""

    def __init__(
        self,
        folder: StudyFolder,
        categories: Categories,
        strata: Sequence[str],
        runs: Mapping[Run, list[Unit]],
    ) -> None:
        self._folder = folder
        self._categories = categories
        self._strata = strata
        self._runs = runs
        self._kept = folder.kept()
        self._frames: dict[str, pd.DataFrame] = {}
        self.rows: dict[str, int] = {}

    def by_run(self, name: str) -> None:
        """Write a table with rows for every run, if the units have it."""
        before, rows = self._before(name)
        parts = []
        for run, units in self._runs.items():
            if units[0].name in self._kept:
                tables = self._folder.tables_of(units[0])
                if name in tables:
                    with_samples = (name == "biomarkers" and "samples" in tables) and len(units) > 1
                    wanted = (name, "samples") if with_samples else (name,)
                    parts.append(of_run(name, (self._of_unit(unit, wanted) for unit in units)))
            elif run in rows:
                parts.append({column: values[rows[run]] for column, values in before.items()})
        if parts:
            contents = joined(parts)
            if name in ("contrasts", "partitions", "kin_counts"):
                self._frames[name] = _frame(contents, self._categories.of(name))
            self._write(name, contents)

    def draws(self) -> None:
        """Write the parameters' values in each draw and arm."""
        before, _ = self._before("draws")
        rows: dict[tuple[Any, ...], Any] = {}
        if before:
            pairs = pd.DataFrame({"draw": before["draw"], "arm": before["arm"]})
            groups: Any = pairs.groupby(["draw", "arm"], sort=False)
            rows = groups.indices
        arms = self._categories.of("draws")["arm"]
        parts: dict[tuple[int, str], Contents] = {}
        for run, units in self._runs.items():
            if (run.draw, run.arm) in parts:
                continue
            if units[0].name in self._kept:
                part = self._of_unit(units[0], ("draws",))["draws"]
            else:
                at = rows[run.draw, arms.index(run.arm)]
                part = {column: values[at] for column, values in before.items()}
            parts[run.draw, run.arm] = part
        self._write("draws", joined(list(parts.values())))

    def estimates(self) -> None:
        """Write what is estimated over draws and replicates."""
        shifts = estimate_shifts(self._frames["contrasts"])
        self._write("shifts", _contents(shifts))
        if "partitions" in self._frames:
            postulates = estimate_postulates(self._frames["partitions"], shifts)
            self._write("postulates", _contents(postulates))
        self._write("kin", _contents(estimate_kin(self._frames["kin_counts"])))

    def _before(self, name: str) -> tuple[Contents, dict[Run, Any]]:
        """A table as it is, and its rows by run."""
        table = self._folder.read(name)
        if table is None:
            return {}, {}
        contents = from_arrow(table, name, self._categories.of(name))
        rows = _rows_by_run(contents, self._categories) if "replicate" in contents else {}
        return contents, rows

    def _of_unit(self, unit: Unit, names: Sequence[str]) -> dict[str, Contents]:
        return {
            name: from_arrow(self._folder.read_unit(unit, name), name, self._categories.of(name))
            for name in names
        }

    def _write(self, name: str, contents: Contents) -> None:
        table = to_arrow(name, contents, self._categories.of(name), self._strata)
        file = table_path(Path(), name).name
        self._folder.write(file, table_bytes(table))
        self.rows[file] = table.num_rows


def _rows_by_run(contents: Contents, categories: Categories) -> dict[Run, Any]:
    arms = categories.of("runs")["arm"]
    keys = pd.DataFrame({name: contents[name] for name in ("draw", "replicate", "arm")})
    groups: Any = keys.groupby(["draw", "replicate", "arm"], sort=False)
    return {Run(int(d), int(r), arms[int(arm)]): at for (d, r, arm), at in groups.indices.items()}


def _contents(frame: pd.DataFrame) -> Contents:
    return {str(name): frame[name].to_numpy() for name in frame}


def _frame(contents: Contents, words: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Contents as a data frame, with words in their order instead of codes."""
    columns: dict[str, Any] = dict(contents)
    for name in columns.keys() & words.keys():
        codes, categories = np.asarray(columns[name]), pd.Index(words[name])
        columns[name] = pd.Categorical.from_codes(codes, categories, ordered=True)
    return pd.DataFrame(columns)
