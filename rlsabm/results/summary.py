"""Short tables for people, from the table of prevalence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

Z_95 = 1.959964


def wilson_interval(cases: pd.Series, persons: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Wilson's 95 % interval of a proportion: sampling of persons only, not of parameters."""
    share = cases / persons
    centre = (share + Z_95**2 / (2 * persons)) / (1 + Z_95**2 / persons)
    half = (
        Z_95
        * np.sqrt(share * (1 - share) / persons + Z_95**2 / (4 * persons**2))
        / (1 + Z_95**2 / persons)
    )
    return (centre - half).clip(lower=0.0), (centre + half).clip(upper=1.0)


def adults_only(prevalence: pd.DataFrame) -> pd.DataFrame:
    """Rows of age groups that begin at 18 or later; all rows without such groups."""
    if "age_group" not in prevalence:
        return prevalence
    low = prevalence["age_group"].astype(str).str.extract(r"^(\d+)")[0].astype(int)
    adults = prevalence[low >= 18]
    return adults if len(adults) else prevalence


def pooled(prevalence: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Cases, persons and prevalence with interval, pooled over everything but ``by``."""
    sums = prevalence.groupby(list(by), observed=True)[["cases", "persons"]].sum().reset_index()
    sums["prevalence"] = sums["cases"] / sums["persons"]
    sums["lower"], sums["upper"] = wilson_interval(sums["cases"], sums["persons"])
    return sums


def of_study(
    prevalence: pd.DataFrame,
    *,
    arm: str = "reference",
    year: int | None = None,
    condition: str | None = None,
    definition: str | None = None,
    recall: str = "current",
) -> pd.DataFrame:
    """Rows of one arm, year (the last by default), condition and definition."""
    year = int(prevalence["year"].max()) if year is None else year
    chosen = (
        (prevalence["arm"] == arm)
        & (prevalence["world"] == "factual")
        & (prevalence["year"] == year)
        & (prevalence["recall"] == recall)
        & (prevalence["observed_as"] == "true")
    )
    if condition is not None:
        chosen &= prevalence["condition"] == condition
    if definition is not None:
        chosen &= prevalence["definition"] == definition
    return prevalence[chosen]
