"""The ledger of a study: every unit of work with its status, and why it failed if it did."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd

from rlsabm.results.contents import Contents
from rlsabm.results.tables.runs import STATUSES
from rlsabm.study.units import Place, Unit

WAITING, RUNNING, FINISHED, FAILED = STATUSES


@dataclass
class UnitEntry:
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
    merged: bool = False
    line_lists: str = ""


_FIELDS = tuple(field.name for field in fields(UnitEntry))
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
        self._entries = {unit.name: UnitEntry() for unit in units}

    def __getitem__(self, unit: Unit) -> UnitEntry:
        return self._entries[unit.name]

    def __setitem__(self, unit: Unit, entry: UnitEntry) -> None:
        self._entries[unit.name] = entry

    def having(self, status: str) -> list[Unit]:
        """Units of a status."""
        return [unit for unit in self.units if self[unit].status == status]

    def total(self, name: str) -> float:
        """Sum over units of what is known of them."""
        return sum(getattr(entry, name) or 0 for entry in self._entries.values())

    def recall(
        self,
        rows: Mapping[Place, Mapping[str, Any]],
        records: Mapping[Place, Mapping[str, Any]],
        merged: Collection[Place],
    ) -> None:
        """Take over what an earlier process wrote, where it is still true.

        Parameters
        ----------
        rows
            Rows of its ledger, which may be older than the rest.
        records
            What was kept with finished units.
        merged
            Units whose results the tables hold. What is neither kept nor there is to be done again.
        """
        for unit in self.units:
            row = records.get(unit.place) or rows.get(unit.place) or {}
            entry = UnitEntry(**{name: _plain(row[name], name) for name in _FIELDS if name in row})
            entry.merged = unit.place in merged
            if entry.merged or unit.place in records:
                entry.status = FINISHED
            elif entry.status != FAILED:  # it was under way, or its results have gone
                entry = UnitEntry(attempts=entry.attempts, error=entry.error)
            self[unit] = entry

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


def _plain(value: Any, name: str) -> Any:
    """A value of the table as an entry has it."""
    if pd.isna(value):
        return None
    return int(value) if name in (*_WHOLE, "attempts") else value
