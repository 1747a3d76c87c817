"""Short tables for people, from the table of prevalence."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from rlsabm.results.contrasts import ADULT_AGE
from rlsabm.results.intervals import wilson_interval
from rlsabm.scenario import REFERENCE
from rlsabm.worlds import FACTUAL


def adults_only(prevalence: pd.DataFrame) -> pd.DataFrame:
    """Rows of age groups of adults only; all rows without such groups."""
    if "age_group" not in prevalence:
        return prevalence
    low = prevalence["age_group"].astype(str).str.extract(r"^(\d+)")[0].astype(int)
    adults = prevalence[low >= ADULT_AGE]
    return adults if len(adults) else prevalence


def pooled(prevalence: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Cases, persons and prevalence, pooled over everything but ``by``.

    The interval is for the sampling of persons only, not for parameters.
    """
    sums = prevalence.groupby(list(by), observed=True)[["cases", "persons"]].sum().reset_index()
    sums["prevalence"] = sums["cases"] / sums["persons"]
    sums["lower"], sums["upper"] = wilson_interval(
        sums["prevalence"].to_numpy(float), sums["persons"].to_numpy(float)
    )
    return sums


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
        & (prevalence["observed_as"] == "true")
    )
    if condition is not None:
        chosen &= prevalence["condition"] == condition
    if definition is not None:
        chosen &= prevalence["definition"] == definition
    return prevalence[chosen]
