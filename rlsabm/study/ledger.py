"""The ledger of a study: every unit of work with its status, and why it failed if it did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd

from rlsabm.results.cells import Contents
from rlsabm.study.units import Unit

WAITING, RUNNING, FINISHED, FAILED = "waiting", "running", "finished", "failed"


@dataclass
class Entry:
    """What is known of a unit; the columns of ``runs.parquet`` say what each item means."""

    status: str = WAITING
    attempts: int = 0
    error: str = ""
    traceback: str = ""
    worker: str = ""
    started: str = ""
    seconds: float | None = None
    person_months: int | None = None
    people_grown: int | None = None
    people_surveyed: int | None = None
    rows: int | None = None


_FIELDS = tuple(field.name for field in fields(Entry))
_WHOLE = ("person_months", "people_grown", "people_surveyed", "rows")


class Ledger:
    """Entries of all units of a study, in their order.

    Parameters
    ----------
    units
        The units.
    """

    def __init__(self, units: Sequence[Unit]) -> None:
        self.units = list(units)
        self._entries = {unit.name: Entry() for unit in units}

    def __getitem__(self, unit: Unit) -> Entry:
        return self._entries[unit.name]

    def having(self, status: str) -> list[Unit]:
        """Units of a status."""
        return [unit for unit in self.units if self[unit].status == status]

    def total(self, name: str) -> float:
        """Sum over units of what is known of them."""
        return sum(getattr(entry, name) or 0 for entry in self._entries.values())

    def recall(self, table: pd.DataFrame, finished: Iterable[str]) -> None:
        """Take over what an earlier process wrote, where it is still true.

        Parameters
        ----------
        table
            Its ledger.
        finished
            Names of the units whose results are there. What else it did is to be done again.
        """
        there = set(finished)
        known: dict[tuple[Any, ...], Mapping[Any, Any]] = {
            (row["arm"], row["draw"], row["replicate"], row["block"]): row
            for row in table.to_dict("records")
        }
        for unit in self.units:
            row = known.get((unit.arm, unit.draw, unit.replicate, unit.block))
            entry = self[unit]
            if row is not None:
                for name in _FIELDS:
                    value = row[name]
                    setattr(entry, name, None if pd.isna(value) else value)
                for name in _WHOLE:
                    value = getattr(entry, name)
                    setattr(entry, name, None if value is None else int(value))
            if unit.name in there:
                entry.status = FINISHED
            elif entry.status in (RUNNING, FINISHED):
                entry.status = WAITING

    def contents(self) -> Contents:
        """Columns of the table."""
        columns: Contents = {
            "arm": np.array([unit.arm for unit in self.units], dtype=object),
            "draw": np.array([unit.draw for unit in self.units]),
            "replicate": np.array([unit.replicate for unit in self.units]),
            "block": np.array([unit.block for unit in self.units]),
            "key": np.array([f"{unit.key:016x}" for unit in self.units], dtype=object),
        }
        for name in _FIELDS:
            values = [getattr(self[unit], name) for unit in self.units]
            columns[name] = np.array(values, dtype=object)
        return columns

    def table_of_failures(self) -> pd.DataFrame:
        """Units that failed, and why."""
        failed = self.having(FAILED)
        return pd.DataFrame(
            {
                "arm": [unit.arm for unit in failed],
                "draw": [unit.draw for unit in failed],
                "replicate": [unit.replicate for unit in failed],
                "block": [unit.block for unit in failed],
                "error": [self[unit].error for unit in failed],
            }
        )
