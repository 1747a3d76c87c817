"""Tables of a run from those of its blocks of people.

Counts add up. Means and spreads are combined, which is exact; percentiles of biomarkers come from the
values that the blocks have kept (`rlsabm.results.biomarkers.sample_biomarkers`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

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
MOMENTS, GEOMETRIC = ("persons", "mean", "sd"), "geometric_mean"
PERCENTILE_COLUMNS = [f"p{q}" for q in PERCENTILES]
#: Blocks that are added to those before at a time.
AT_A_TIME = 8
#: Values of a biomarker that stand for the people of a group in more blocks than that: enough to know
#: percentiles to about a thousandth of the people, however many blocks there are.
ENOUGH_VALUES = 512


def of_run(table: str, blocks: Iterable[Mapping[str, Contents]]) -> Contents:
    """A table of a run.

    Blocks are taken a few at a time, so that memory does not grow with their number.

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
    waiting = iter(blocks)
    whole = next(waiting)
    several = False
    while some := list(islice(waiting, AT_A_TIME)):
        if several and table == "biomarkers":
            whole = {**whole, "samples": _thinned(whole["samples"])}
        whole = _together(table, [whole, *some])
        several = True
    return {**whole[table], **_derived(table, whole)} if several else whole[table]


def _together(table: str, parts: Sequence[Mapping[str, Contents]]) -> dict[str, Contents]:
    """Several blocks as one."""
    whole = joined([part[table] for part in parts])
    if table in ADDED:
        keys, first, place = _grouped(whole, (*ADDED[table], *DERIVED.get(table, ())))
        # Reckoned in the order of the blocks, so that the last bit is always the same.
        sums = {name: _sums(whole[name], place, len(first)) for name in ADDED[table]}
        return {table: {**_at(whole, keys, first), **sums}}
    if table == "autopsies":
        keys, first, place = _grouped(whole, MOMENTS)
        return {table: {**_at(whole, keys, first), **_moments(whole, place, len(first))}}
    keys, first, place = _grouped(whole, (*MOMENTS, GEOMETRIC, *PERCENTILE_COLUMNS))
    result = {**_at(whole, keys, first), **_moments(whole, place, len(first))}
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = _sums(whole["persons"] * np.log(whole[GEOMETRIC]), place, len(first))
        result[GEOMETRIC] = np.exp(logs / result["persons"])
    return {table: result, "samples": joined([part["samples"] for part in parts])}


def _derived(table: str, whole: Mapping[str, Contents]) -> Contents:
    """Columns that follow from the others."""
    result = whole[table]
    with np.errstate(divide="ignore", invalid="ignore"):
        if table == "prevalence":
            return {"prevalence": result["cases"] / result["persons"]}
        if table == "incidence":
            years = result["person_years"]
            rate = 1000.0 * result["events"] / years
            return {"rate_per_1000": np.where(years > 0, rate, np.nan)}
    return _percentiles(result, whole["samples"]) if table == "biomarkers" else {}


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
    return np.bincount(place, values, minlength=groups).astype(values.dtype)


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


def _percentiles(cells: Contents, samples: Contents) -> Contents:
    """Percentiles in each cell, from the values that stand for its people."""
    keys = [name for name in cells if name in samples]
    of_cell = pd.MultiIndex.from_arrays([cells[name] for name in keys])
    of_value = pd.MultiIndex.from_arrays([samples[name] for name in keys])
    shares = np.array(PERCENTILES) / 100.0
    found = np.zeros((len(PERCENTILES), len(of_cell)))
    for cell, values, weights in _by_group(of_cell.get_indexer(of_value), samples):
        found[:, cell] = weighted_quantiles(values, weights, shares)
    return dict(zip(PERCENTILE_COLUMNS, found, strict=True))


def _thinned(samples: Contents) -> Contents:
    """Fewer values where there are more than enough: quantiles that stand for as many people each."""
    keys, first, place = _grouped(samples, ("value", "weight"))
    middles = (np.arange(ENOUGH_VALUES) + 0.5) / ENOUGH_VALUES
    parts: list[tuple[int, Floats, Floats]] = []
    for cell, values, weights in _by_group(place, samples):
        if len(values) > ENOUGH_VALUES:
            # Each stands for the people around it, half of them below: thinned again and again,
            # values must not draw together.
            people = np.cumsum(weights)
            chosen = np.interp(middles * people[-1], people - weights / 2.0, values)
            parts.append((cell, chosen, np.full(ENOUGH_VALUES, people[-1] / ENOUGH_VALUES)))
        else:
            parts.append((cell, values, weights))
    lengths = [len(values) for _, values, _ in parts]
    rows = np.repeat(first[[cell for cell, _, _ in parts]], lengths)
    return {
        **_at(samples, keys, rows),
        "value": np.concatenate([values for _, values, _ in parts]),
        "weight": np.concatenate([weights for _, _, weights in parts]),
    }


def _by_group(place: Ints, samples: Contents) -> Iterator[tuple[int, Floats, Floats]]:
    """Ascending values, and their weights, of each group."""
    order = np.lexsort((samples["value"], place))
    values, weights = samples["value"][order], samples["weight"][order]
    groups, starts = np.unique(place[order], return_index=True)
    parts = np.split(values, starts[1:]), np.split(weights, starts[1:])
    yield from zip(groups.tolist(), *parts, strict=True)


def weighted_quantiles(values: Floats, weights: Floats, shares: Floats) -> Floats:
    """Quantiles of ascending values.

    With equal weights they are those of `numpy.quantile`: the k-th of n values stands at
    (k - 1) w_k + (n - 1) times the sum of the weights before it.
    """
    n = len(values)
    at = np.arange(n) * weights + (n - 1) * (np.cumsum(weights) - weights)
    return np.asarray(np.interp(shares * at[-1], at, values))
