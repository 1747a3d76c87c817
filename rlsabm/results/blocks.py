"""Tables of a run from those of its blocks of people.

Counts add up. Means and spreads are combined, which is exact; percentiles of biomarkers come from the
values that the blocks have kept (`rlsabm.results.biomarkers.sample_biomarkers`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rlsabm.results.biomarkers import PERCENTILES
from rlsabm.results.cells import Contents, joined
from rlsabm.results.contrasts import COUNTS as CONTRAST_COUNTS
from rlsabm.results.postulates import COUNTS as PARTITION_COUNTS
from rlsabm.results.registries import KIN_COUNTS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Columns that are added up, by table.
ADDED: dict[str, tuple[str, ...]] = {
    "prevalence": ("cases", "persons"),
    "incidence": ("events", "person_years"),
    "contrasts": CONTRAST_COUNTS,
    "partitions": PARTITION_COUNTS,
    "kin_counts": KIN_COUNTS,
}
#: Columns that follow from the others, by table.
DERIVED: dict[str, tuple[str, ...]] = {
    "prevalence": ("prevalence",),
    "incidence": ("rate_per_1000",),
}
MOMENTS = ("persons", "mean", "sd")


def of_run(table: str, blocks: Sequence[Mapping[str, Contents]]) -> Contents:
    """A table of a run.

    Parameters
    ----------
    table
        Key in `rlsabm.results.schemas.TABLES`.
    blocks
        Tables of the blocks by name, in their order; category columns hold codes.

    Returns
    -------
    dict
        Rows in the order in which they first appear.
    """
    if len(blocks) == 1:
        return blocks[0][table]
    whole = joined([block[table] for block in blocks])
    if table == "biomarkers":
        return _biomarkers(whole, joined([block["samples"] for block in blocks]))
    if table == "autopsies":
        keys, first, place = _grouped(whole, MOMENTS)
        return {**_at(whole, keys, first), **_moments(whole, place, len(first))}
    derived = DERIVED.get(table, ())
    keys, first, place = _grouped(whole, (*ADDED[table], *derived))
    result = _at(whole, keys, first)
    for name in ADDED[table]:
        # Reckoned in the order of the blocks, so that the last bit is always the same.
        result[name] = _sums(whole[name], place, len(first))
    with np.errstate(divide="ignore", invalid="ignore"):
        if table == "prevalence":
            result["prevalence"] = result["cases"] / result["persons"]
        if table == "incidence":
            years = result["person_years"]
            rate = 1000.0 * result["events"] / years
            result["rate_per_1000"] = np.where(years > 0, rate, np.nan)
    return result


def _grouped(whole: Contents, values: Sequence[str]) -> tuple[list[str], Ints, Ints]:
    """Key columns, the first row of each distinct key, and the place of each row's key."""
    keys = [name for name in whole if name not in values]
    frame = pd.DataFrame({name: whole[name] for name in keys})
    place = frame.groupby(keys, sort=False, dropna=False).ngroup().to_numpy()
    first = np.unique(place, return_index=True)[1]
    return keys, first.astype(np.int64), np.asarray(place, dtype=np.int64)


def _at(whole: Contents, names: Sequence[str], rows: Ints) -> Contents:
    return {name: whole[name][rows] for name in names}


def _sums(values: NDArray, place: Ints, groups: int) -> NDArray:
    sums = np.zeros(groups, dtype=values.dtype)
    np.add.at(sums, place, values)
    return sums


def _moments(whole: Contents, place: Ints, groups: int) -> Contents:
    """Persons, mean and standard deviation of the blocks together."""
    persons, mean = whole["persons"].astype(float), whole["mean"]
    squares = np.where(persons > 1, (persons - 1.0) * np.nan_to_num(whole["sd"]) ** 2, 0.0)
    total = _sums(persons, place, groups)
    means = _sums(persons * mean, place, groups) / total
    within = _sums(squares, place, groups)
    between = _sums(persons * (mean - means[place]) ** 2, place, groups)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.where(total > 1, np.sqrt((within + between) / (total - 1.0)), np.nan)
    return {"persons": total.astype(np.int64), "mean": means, "sd": spread}


def _biomarkers(whole: Contents, samples: Contents) -> Contents:
    percentiles = [f"p{q}" for q in PERCENTILES]
    keys, first, place = _grouped(whole, (*MOMENTS, "geometric_mean", *percentiles))
    groups = len(first)
    result = {**_at(whole, keys, first), **_moments(whole, place, groups)}
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = _sums(whole["persons"] * np.log(whole["geometric_mean"]), place, groups)
        result["geometric_mean"] = np.exp(logs / result["persons"])
    of_cell = pd.MultiIndex.from_arrays([result[name] for name in keys])
    of_value = pd.MultiIndex.from_arrays([samples[name] for name in keys])
    found = weighted_percentiles(
        of_cell.get_indexer(of_value), samples["value"], samples["weight"], groups
    )
    return {**result, **dict(zip(percentiles, found, strict=True))}


def weighted_percentiles(place: Ints, values: Floats, weights: Floats, groups: int) -> Floats:
    """Percentiles of weighted values by group, shape (percentiles, groups).

    With equal weights they are those of `numpy.percentile`: the k-th of n values, in ascending
    order, stands at (k - 1) w_k + (n - 1) times the sum of the weights before it.
    """
    order = np.lexsort((values, place))
    place, values, weights = place[order], values[order], weights[order]
    starts = np.searchsorted(place, np.arange(groups + 1))
    found = np.zeros((len(PERCENTILES), groups))
    for group in range(groups):
        x = values[starts[group] : starts[group + 1]]
        w = weights[starts[group] : starts[group + 1]]
        rank = np.arange(len(x))
        at = rank * w + (len(x) - 1) * (np.cumsum(w) - w)
        wanted = np.array(PERCENTILES) / 100.0 * at[-1]
        found[:, group] = np.interp(wanted, at, x)
    return found
