"""Counts of an arm behind prevalences and caused shifts, run by run, by condition and strata."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from rlsabm.measuring.instruments import TRUTH
from rlsabm.results.differences import Counts
from rlsabm.results.pairing import Repetition
from rlsabm.results.sources import Source, columns_in, has_table, read_rows
from rlsabm.results.totals import TOTAL_OF
from rlsabm.worlds.world import FACTUAL

#: Columns that say what is compared, by which a comparison may be broken down beside strata.
DESCRIBED_BY = ("condition", "year", "definition", "recall", "observed_as")
#: A difference among these people: values of the columns by which a comparison is broken down.
Key = tuple[Any, ...]


class Choice(NamedTuple):
    """What is compared.

    Attributes
    ----------
    year
        Year of the survey; the last that both have if none is given.
    definition, recall, observed_as
        Who is a case, and who says so.
    by
        Columns whose every value gets a row of its own: strata, or those of `DESCRIBED_BY`. Without
        strata among them, there is a row for each condition.
    conditions
        Only these groups of people, by name or label. By default everyone if there are strata, and all
        groups otherwise.
    """

    year: int | None = None
    definition: str = "any"
    recall: str = "current"
    observed_as: str = TRUTH
    by: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """Columns that tell the rows apart."""
        return ("condition", *(name for name in self.by if name != "condition"))

    @property
    def strata(self) -> list[str]:
        """Strata by which the comparison is broken down."""
        return [name for name in self.by if name not in DESCRIBED_BY]


def youngest_of(age_group: str) -> int:
    """First age of a group such as 18-34 or 80+."""
    digits = age_group.rstrip("+").split("-")[0]
    return int(digits) if digits.isdigit() else 0


def prevalence_counts(
    side: Source, runs: Sequence[Repetition], choice: Choice, youngest: int | None
) -> dict[Key, Counts]:
    """Counts behind prevalence.

    Parameters
    ----------
    side, runs
        The arm, and its runs in the order of the counts.
    choice
        What is counted.
    youngest
        Age from which people are counted; None for all. A condition that only younger people have is
        there, with nobody in it.
    """
    columns = [*choice.keys, "draw", "replicate", "cases", "persons"]
    if youngest is not None and "age_group" not in columns:
        columns.append("age_group")
    rows = read_rows(side, "prevalence", columns, _filters(choice, [("world", "==", FACTUAL)]))
    if youngest is not None:
        old = rows["age_group"].astype(str).map(youngest_of).to_numpy(float) >= youngest
        rows[["cases", "persons"]] *= old[:, np.newaxis].astype(int)
    rows["total"] = rows["squares"] = rows["cases"]
    return counts_by_key(rows, runs, choice)


def shift_counts(side: Source, runs: Sequence[Repetition], choice: Choice) -> dict[Key, Counts]:
    """Counts of adults behind caused shifts, or of all by age group.

    There are none if the study traced no condition, or does not count them by these strata.
    """
    if not (has_table(side.folder, "shifts") and has_table(side.folder, "contrasts")):
        return {}
    strata = [name for name in TOTAL_OF if name in columns_in(side.folder, "contrasts")]
    margin = [(name, "!=" if name in choice.by else "==", TOTAL_OF[name]) for name in strata]
    counts = ["cases", "persons", "cases_without", "cases_with_and_without"]
    columns = [*choice.keys, "draw", "replicate", *counts]
    rows = read_rows(side, "contrasts", columns, _filters(choice, margin))
    rows = rows[rows["cases_without"].notna()].copy()
    rows["total"] = rows["cases"] - rows["cases_without"]
    rows["squares"] = rows["cases"] + rows["cases_without"] - 2 * rows["cases_with_and_without"]
    return counts_by_key(rows, runs, choice)


def _filters(choice: Choice, more: Sequence[tuple[str, str, str]]) -> list[tuple[str, str, Any]]:
    one_value = ("year", "definition", "recall", "observed_as")
    filters: list[tuple[str, str, Any]] = [
        (name, "==", getattr(choice, name)) for name in one_value if name not in choice.by
    ]
    if choice.conditions:
        filters.append(("condition", "in", list(choice.conditions)))
    return [*filters, *more]


def counts_by_key(
    rows: pd.DataFrame, runs: Sequence[Repetition], choice: Choice
) -> dict[Key, Counts]:
    """Counts added up by key, in the order of the table, and run."""
    place = {run: number for number, run in enumerate(runs)}
    draw = np.array([draw for draw, _ in runs], dtype=np.int64)
    names = ["persons", "cases", "total", "squares"]
    ordered = isinstance(rows["condition"].dtype, pd.CategoricalDtype)
    found = {}
    for key, group in rows.groupby(list(choice.keys), observed=True, sort=ordered):
        places = [place[run] for run in zip(group["draw"], group["replicate"], strict=True)]
        sums = np.zeros((len(runs), len(names)))
        np.add.at(sums, places, group[names].to_numpy(float))
        found[key] = Counts(draw, *sums.T)
    return found
