"""Short tables for people, from the table of prevalence."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from rlsabm.measuring.instruments import TRUTH
from rlsabm.results.nesting import RUNS, NestedCounts
from rlsabm.results.totals import ADULT_AGE
from rlsabm.scenario import REFERENCE
from rlsabm.worlds.world import FACTUAL


def adults_only(prevalence: pd.DataFrame) -> pd.DataFrame:
    """Rows of age groups of adults only; all rows without such groups."""
    if "age_group" not in prevalence:
        return prevalence
    low = prevalence["age_group"].astype(str).str.extract(r"^(\d+)")[0].astype(int)
    adults = prevalence[low >= ADULT_AGE]
    return adults if len(adults) else prevalence


def pooled(prevalence: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Cases and persons of all runs, and prevalence with its interval over draws and replicates."""
    counts = ["cases", "persons"]
    by_run = prevalence.groupby([*by, *RUNS], observed=True)[counts].sum().reset_index()
    n = NestedCounts(by_run, by, counts)
    found = n.proportion("cases", "persons")
    return n.rows.assign(
        cases=n.total("cases").astype(int),
        persons=n.total("persons").astype(int),
        prevalence=found.value,
        lower=found.lower,
        upper=found.upper,
    )


def of_study(
    prevalence: pd.DataFrame,
    *,
    arm: str = REFERENCE,
    year: int | None = None,
    condition: str | None = None,
    definition: str | None = None,
    recall: str = "current",
) -> pd.DataFrame:
    """Rows of one arm, year (the last by default), condition and definition."""
    year = int(prevalence["year"].max()) if year is None else year
    chosen = (
        (prevalence["arm"] == arm)
        & (prevalence["world"] == FACTUAL)
        & (prevalence["year"] == year)
        & (prevalence["recall"] == recall)
        & (prevalence["observed_as"] == TRUTH)
    )
    if condition is not None:
        chosen &= prevalence["condition"] == condition
    if definition is not None:
        chosen &= prevalence["definition"] == definition
    return prevalence[chosen]
