"""Biomarkers of people with RLS relative to people without it, of the same sex and age."""

from __future__ import annotations

import numpy as np
import pandas as pd

from rlsabm.arrays import Floats
from rlsabm.results.columns import ARM, DRAWS_BEHIND, INTERVAL, SEX_STRATUM_WITH_TOTAL, YEAR
from rlsabm.results.intervals import over_draws
from rlsabm.results.summary import adults_only, youngest_in
from rlsabm.results.table import Column, Kind, ResultTable
from rlsabm.results.tables.biomarkers import BIOMARKER, BY_ASSAY_OR_SCAN
from rlsabm.results.tables.biomarkers_by_rls import WITH_RLS, WITHOUT_RLS
from rlsabm.results.totals import ADULT_AGE, TOTAL_OF, WITH_TOTALS_BY_SEX
from rlsabm.worlds.world import FACTUAL

#: Fewest people with and without RLS in a cell: of fewer nobody knows how much they differ.
FEWEST = 2
_KEYS = ["arm", "year", "biomarker", "observed_as"]
_FOUND = [
    *(column.name for column in INTERVAL), "persons_with_rls", "persons_without_rls", "draws"
]  # fmt: skip


def estimate_biomarker_ratios(by_rls: pd.DataFrame) -> pd.DataFrame:
    """Ratios of geometric means, standardised to the people with RLS.

    In each cell of sex and age group the logarithms of the geometric means are subtracted; the mean of
    these differences, weighted by the people with RLS, is the logarithm of the ratio. Without age
    groups or sex in the study, ratios are not standardised by them. Biomarkers that are 0 in some have
    no ratio.

    Parameters
    ----------
    by_rls
        Summaries by run (`summarise_by_rls`), with ``draw`` and ``replicate`` among the keys.
    """
    rows = by_rls[by_rls["world"] == FACTUAL]
    strata = [name for name in ("sex", "age_group") if name in rows]
    ages = rows
    if "age_group" in rows:
        grouped = adults_only(rows[rows["age_group"] != TOTAL_OF["age_group"]])
        youngest = min(map(youngest_in, grouped["age_group"].unique()), default=0)
        ages = (
            grouped if youngest >= ADULT_AGE else rows[rows["age_group"] == TOTAL_OF["age_group"]]
        )
    cells = ages[ages["sex"] != TOTAL_OF["sex"]] if "sex" in ages else ages
    cells = _cells(cells, strata)
    parts = [_standardised(cells, [])]
    if "sex" in rows:
        parts = [_standardised(cells, ["sex"]), parts[0].assign(sex=TOTAL_OF["sex"])]
    whole = pd.concat(parts, ignore_index=True)
    for name in _KEYS:  # which grouping by several columns has made of words
        if isinstance(rows[name].dtype, pd.CategoricalDtype):
            whole[name] = pd.Categorical(whole[name], rows[name].cat.categories, ordered=True)
    keys = ["arm", "year", *(["sex"] if "sex" in rows else []), "biomarker", "observed_as"]
    if "sex" in rows:
        words = list(rows["sex"].cat.categories)
        whole["sex"] = pd.Categorical(whole["sex"], words, ordered=True)
    return whole.sort_values(keys, kind="stable").reset_index(drop=True)


def _cells(rows: pd.DataFrame, strata: list[str]) -> pd.DataFrame:
    """Both kinds of people of a cell side by side; replicates of a draw together."""
    rows = rows[rows["persons"] >= FEWEST]
    without_logarithm = rows.loc[rows["geometric_mean"].isna(), "biomarker"].unique()
    rows = rows[~rows["biomarker"].isin(without_logarithm)]
    logs = np.log(rows["geometric_mean"])
    persons = rows["persons"].astype(float)
    rows = rows.assign(
        logs=persons * logs, variance_of_logs=persons * rows["log_sd"].fillna(0.0) ** 2
    )
    keys = [*_KEYS, *strata, "draw"]
    sums: pd.DataFrame = rows.groupby([*keys, "rls"], observed=True)[
        ["persons", "logs", "variance_of_logs"]
    ].sum()
    sums = sums.reset_index()
    sides = [sums[sums["rls"] == word].drop(columns="rls") for word in (WITH_RLS, WITHOUT_RLS)]
    return sides[0].merge(sides[1], on=keys, suffixes=("_with", "_without"))


def _standardised(cells: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Ratios over the cells, by some strata."""
    keys = [*_KEYS, *by]
    if cells.empty:  # nobody, or hardly anybody, has RLS
        return pd.DataFrame({name: [] for name in [*keys, *_FOUND]})
    with_rls, without = cells["persons_with"], cells["persons_without"]
    difference = cells["logs_with"] / with_rls - cells["logs_without"] / without
    variance = (
        cells["variance_of_logs_with"] / with_rls**2
        + cells["variance_of_logs_without"] / without**2
    )
    sums = cells.assign(total=with_rls * difference, squares=with_rls**2 * variance)
    wanted = ["persons_with", "persons_without", "total", "squares"]
    of_draw: pd.DataFrame = sums.groupby([*keys, "draw"], observed=True, sort=True)[wanted].sum()
    of_draw["ratio"] = np.exp(of_draw["total"] / of_draw["persons_with"])
    of_draw["variance"] = of_draw["squares"] * (of_draw["ratio"] / of_draw["persons_with"]) ** 2
    wide = of_draw.unstack("draw")
    value: Floats = wide["ratio"].to_numpy(float).T
    found = over_draws(value, wide["variance"].to_numpy(float).T, kind="ratio")
    rows = wide.index.to_frame(index=False)
    for name, values in found._asdict().items():
        rows[name] = values
    for name in ("with", "without"):
        persons = np.nansum(wide[f"persons_{name}"].to_numpy(float), axis=1)
        rows[f"persons_{name}_rls"] = persons.astype(np.int64)
    rows["draws"] = len(value)
    return rows


TABLE = ResultTable(
    name="biomarker_ratios",
    title="Biomarkers of people with RLS relative to others of the same sex and age; adults",
    kind=Kind.ESTIMATES,
    columns=(
        ARM,
        YEAR,
        SEX_STRATUM_WITH_TOTAL,
        BIOMARKER,
        BY_ASSAY_OR_SCAN,
        *INTERVAL,
        Column("persons_with_rls", "whole", "persons", "people with RLS, in all runs"),
        Column("persons_without_rls", "whole", "persons", "people without RLS, in all runs"),
        DRAWS_BEHIND,
    ),
    totals=WITH_TOTALS_BY_SEX,
    estimate=lambda frames: estimate_biomarker_ratios(frames["biomarkers_by_rls"]),
    estimated_from=("biomarkers_by_rls",),
)
