"""Short tables for people, from the table of prevalence."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from rlsabm.measuring.instruments import TRUTH
from rlsabm.results.intervals import FEWEST_DRAWS, Z_95, wilson_interval
from rlsabm.results.nesting import RUNS, NestedCounts
from rlsabm.results.totals import ADULT_AGE, total_rows
from rlsabm.scenario import REFERENCE
from rlsabm.worlds.world import FACTUAL


def adults_only(prevalence: pd.DataFrame) -> pd.DataFrame:
    """Rows of age groups of adults only; all rows without such groups."""
    if "age_group" not in prevalence:
        return prevalence
    groups = prevalence["age_group"]
    adult = [word for word in groups.unique() if youngest_in(word) >= ADULT_AGE]
    adults = prevalence[groups.isin(adult)]
    return adults if len(adults) else prevalence


def youngest_in(age_group: object) -> int:
    """First age of an age group."""
    found = re.match(r"\d+", str(age_group))
    return int(found.group()) if found else 0


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
        monte_carlo_error=found.monte_carlo_error,
        draws=len(n.draws),
    )


def with_limits_to_show(rows: pd.DataFrame, value: str = "value") -> pd.DataFrame:
    """Estimates with the interval that people should see.

    From few draws of the parameters that is the interval of chance alone, since their spread says too
    little. Where chance is not known either, there is none.

    Parameters
    ----------
    rows
        Estimates with ``lower``, ``upper``, ``monte_carlo_error``, ``draws`` and ``persons``.
    value
        Column of the estimates: ``prevalence``, which is a proportion, or ``value``, a difference.
    """
    estimate, error, persons, draws = (
        rows[name].to_numpy(float) for name in (value, "monte_carlo_error", "persons", "draws")
    )
    if value == "prevalence":
        with np.errstate(invalid="ignore", divide="ignore"):
            size = np.where(error > 0.0, estimate * (1.0 - estimate) / error**2, persons)
        lower, upper = wilson_interval(estimate, size)
    else:
        half = np.where(error > 0.0, Z_95 * error, np.nan)
        lower, upper = estimate - half, estimate + half
    few = (draws > 1) & (draws < FEWEST_DRAWS)  # that of one draw is of chance alone
    return rows.assign(
        lower=np.where(few, lower, rows["lower"]), upper=np.where(few, upper, rows["upper"])
    )


def adult_estimates(table: pd.DataFrame, *, arm: str, year: int, definition: str) -> pd.DataFrame:
    """Estimates of all adults of an arm and year, now, truly."""
    chosen = (
        (table["arm"] == arm)
        & (table["year"] == year)
        & (table["definition"] == definition)
        & (table["recall"] == "current")
        & total_rows(table)
    )
    if "observed_as" in table:
        chosen &= table["observed_as"] == TRUTH
    return table[chosen]


def adults_in_words(prevalence: pd.DataFrame) -> str:
    """Who the rows of `adults_only` are: people of some age and older, or of all ages."""
    adults = adults_only(prevalence)
    if "age_group" not in adults or len(adults) == len(prevalence):
        return "all ages"
    youngest = min(map(youngest_in, adults["age_group"].unique()))
    return f"{youngest} years and older"


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
