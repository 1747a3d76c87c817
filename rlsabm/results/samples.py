"""Percentiles over blocks of people, from values that stand for the people of each block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from rlsabm.arrays import Floats, Ints
from rlsabm.results.combining import grouped, rows_at
from rlsabm.results.contents import Contents

#: Values that a block keeps of a cell.  More people are represented by their quantiles in the middles
#: of so many equal parts: an error of rank below 1 in 256.
MOST_VALUES = 128
#: Values that stand for the people of a cell in more blocks than that: enough to know percentiles to
#: about a thousandth of the people, however many blocks there are.
ENOUGH_VALUES = 512


def representative(values: Floats) -> Floats:
    """Values that stand for as many people each: all of them, or quantiles where they are many."""
    if len(values) <= MOST_VALUES:
        return values
    return np.quantile(values, (np.arange(MOST_VALUES) + 0.5) / MOST_VALUES)


def percentiles_of(cells: Contents, samples: Contents, percentiles: Sequence[int]) -> Contents:
    """Percentiles in each cell, from the values that stand for its people, as columns ``p5`` etc."""
    keys = [name for name in cells if name in samples]
    of_cell = pd.MultiIndex.from_arrays([cells[name] for name in keys])
    of_value = pd.MultiIndex.from_arrays([samples[name] for name in keys])
    shares = np.array(percentiles) / 100.0
    found = np.zeros((len(percentiles), len(of_cell)))
    for cell, values, weights in _by_group(of_cell.get_indexer(of_value), samples):
        found[:, cell] = weighted_quantiles(values, weights, shares)
    return {f"p{q}": row for q, row in zip(percentiles, found, strict=True)}


def thinned(samples: Contents) -> Contents:
    """Fewer values where there are more than enough: quantiles that stand for as many people each."""
    if len(samples["value"]) == 0:
        return samples
    keys, first, place = grouped(samples, ("value", "weight"))
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
        **rows_at(samples, keys, rows),
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
