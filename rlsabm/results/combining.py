"""Tables of a run from those of its blocks of people.

Each table says how: counts add up (`Added`), means and standard deviations are pooled (`Moments`),
which is exact. Percentiles come from values that blocks keep (`rlsabm.results.samples`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, ClassVar, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rlsabm.arrays import Ints
from rlsabm.results.contents import Contents, joined

#: Blocks that are added to those before at a time.
AT_A_TIME = 8


class Combination(Protocol):
    """How blocks of people combine to a run."""

    @property
    def companions(self) -> tuple[str, ...]:
        """Names of tables kept with units that it needs beside the table itself."""

    def together(self, table: str, parts: Sequence[Mapping[str, Contents]]) -> dict[str, Contents]:
        """Several parts of a run as one: the table and its companions."""

    def finished(self, table: str, whole: Mapping[str, Contents]) -> Contents:
        """The table of the run, when all its blocks are together."""


def run_of_blocks(
    table: str, combine: Combination, blocks: Iterable[Mapping[str, Contents]]
) -> Contents:
    """A table of a run.

    Blocks are taken a few at a time, so that memory does not grow with their number.

    Parameters
    ----------
    table
        Its name.
    combine
        How its blocks combine.
    blocks
        Contents of the blocks by table, in their order.

    Returns
    -------
    dict
        Rows in the order in which they first appear.
    """
    waiting = iter(blocks)
    whole = next(waiting)
    several = False
    while some := list(islice(waiting, AT_A_TIME)):
        whole = combine.together(table, [whole, *some])
        several = True
    return combine.finished(table, whole) if several else whole[table]


@dataclass(frozen=True)
class Added:
    """Counts that add up.

    Attributes
    ----------
    counts
        Columns that are added up.
    derived
        Columns that follow from the others.
    keys
        Numbers by which rows are told apart, beside those of units.
    """

    counts: tuple[str, ...]
    derived: Mapping[str, Callable[[Contents], Any]] = field(default_factory=dict)
    keys: tuple[str, ...] = ()
    companions: ClassVar[tuple[str, ...]] = ()

    def together(self, table: str, parts: Sequence[Mapping[str, Contents]]) -> dict[str, Contents]:
        """Several parts of a run as one."""
        whole = joined([part[table] for part in parts])
        keys, first, place = grouped(whole, (*self.counts, *self.derived))
        # Reckoned in the order of the blocks, so that the last bit is always the same.
        sums = {name: sums_of(whole[name], place, len(first)) for name in self.counts}
        return {table: {**rows_at(whole, keys, first), **sums}}

    def finished(self, table: str, whole: Mapping[str, Contents]) -> Contents:
        """The table of the run."""
        contents = whole[table]
        return {**contents, **{name: of(contents) for name, of in self.derived.items()}}


@dataclass(frozen=True)
class Moments:
    """Columns ``persons``, ``mean`` and ``sd``."""

    columns: ClassVar[tuple[str, ...]] = ("persons", "mean", "sd")
    companions: ClassVar[tuple[str, ...]] = ()

    def together(self, table: str, parts: Sequence[Mapping[str, Contents]]) -> dict[str, Contents]:
        """Several parts of a run as one."""
        whole = joined([part[table] for part in parts])
        keys, first, place = grouped(whole, self.columns)
        return {table: {**rows_at(whole, keys, first), **pooled_moments(whole, place, len(first))}}

    def finished(self, table: str, whole: Mapping[str, Contents]) -> Contents:
        """The table of the run."""
        return whole[table]


@dataclass(frozen=True)
class OneBlock:
    """Nothing to combine: only populations of one block have the table."""

    companions: ClassVar[tuple[str, ...]] = ()

    def together(self, table: str, parts: Sequence[Mapping[str, Contents]]) -> dict[str, Contents]:
        """Refuse several parts.

        Raises
        ------
        ValueError
            Always.
        """
        raise ValueError(f"table {table!r}: populations of several blocks have none")

    def finished(self, table: str, whole: Mapping[str, Contents]) -> Contents:
        """The table of the run."""
        return whole[table]


def grouped(whole: Contents, values: Sequence[str]) -> tuple[list[str], Ints, Ints]:
    """Key columns, the first row of each distinct key, and the place of each row's key."""
    keys = [name for name in whole if name not in values]
    frame = pd.DataFrame({name: whole[name] for name in keys})
    place = frame.groupby(keys, sort=False, dropna=False).ngroup().to_numpy()
    first = np.unique(place, return_index=True)[1]
    return keys, first.astype(np.int64), np.asarray(place, dtype=np.int64)


def rows_at(whole: Contents, names: Sequence[str], rows: Ints) -> Contents:
    """Some rows of some columns."""
    return {name: whole[name][rows] for name in names}


def sums_of(values: NDArray, place: Ints, groups: int) -> NDArray:
    """Sum of the values at each place."""
    return np.bincount(place, values, minlength=groups).astype(values.dtype)


def pooled_moments(whole: Contents, place: Ints, groups: int) -> Contents:
    """Persons, mean and standard deviation of several groups together, by place."""
    persons, mean = whole["persons"].astype(float), whole["mean"]
    squares = np.where(persons > 1, (persons - 1.0) * np.nan_to_num(whole["sd"]) ** 2, 0.0)
    total = sums_of(persons, place, groups)
    means = sums_of(persons * mean, place, groups) / total
    within = sums_of(squares, place, groups)
    between = sums_of(persons * (mean - means[place]) ** 2, place, groups)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.where(total > 1, np.sqrt((within + between) / (total - 1.0)), np.nan)
    return {"persons": total.astype(np.int64), "mean": means, "sd": spread}
