"""Counts of runs, nested in draws of the parameters: their sums, and how replicates of a draw differ.

How uncertain a share is by chance can be calculated from counts, as if people were independent. They
are not: relatives share genes, and a whole population drifts with its founders.  Replicates show the
variance as it is, but few of them show it coarsely.  So both are taken, each for what it is worth.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from rlsabm.arrays import Floats, Ints
from rlsabm.results.intervals import Interval, binomial_variance, proportion_over_draws

#: A share: what is counted, and among whom.
CountedShare = tuple[str, str]

#: Columns that tell the runs of an arm apart.
RUNS = ("draw", "replicate")
#: Degrees of freedom that the variance from counts is worth beside that between replicates.  Assumed:
#: with 4, two replicates weigh a fifth, and sixteen draws of two weigh four fifths.
WORTH_OF_COUNTS = 4.0


class NestedCounts:
    """Counts by run, one array item a draw and key.

    Parameters
    ----------
    table
        Counts, with the keys, ``draw`` and ``replicate``; a run that lacks a key has counted nobody.
    keys
        Columns whose values tell estimates apart.
    counts
        Columns with counts.

    Attributes
    ----------
    rows
        Distinct keys.
    draws
        Distinct draws.
    replicates
        Replicates by draw and key.
    """

    def __init__(self, table: pd.DataFrame, keys: Sequence[str], counts: Sequence[str]) -> None:
        place = (
            table.groupby(list(keys), observed=True, sort=False, dropna=False).ngroup().to_numpy()
        )
        first = np.unique(place, return_index=True)[1]
        self.rows = table.iloc[first][list(keys)].reset_index(drop=True)
        self.draws, draw = np.unique(table["draw"].to_numpy(), return_inverse=True)
        self._shape = (len(self.draws), len(self.rows))
        self._at = draw * len(self.rows) + place
        self._counts = {name: table[name].to_numpy(float) for name in counts}
        self._sums = {name: self._added(values) for name, values in self._counts.items()}
        self._spreads: dict[tuple[CountedShare, CountedShare], Floats] = {}
        self.replicates = self._replicates_in(table)

    def _added(self, values: Floats) -> Floats:
        """Sums of the table's rows, by draw and key."""
        size = self._shape[0] * self._shape[1]
        return np.bincount(self._at, values, minlength=size).reshape(self._shape).astype(float)

    def _replicates_in(self, table: pd.DataFrame) -> Ints:
        """Replicates by draw and key: all of the arm, whether or not they have counted anybody."""
        arm = [name for name in self.rows if name == "arm"]
        runs = table[[*RUNS, *arm]].drop_duplicates()
        found = runs.groupby(["draw", *arm], observed=True).size()
        if not arm:
            return np.repeat(found.to_numpy(np.int64)[:, None], self._shape[1], axis=1)
        by_arm = found.unstack(fill_value=0)
        return np.asarray(by_arm.reindex(columns=self.rows["arm"], fill_value=0), dtype=np.int64)

    def __getitem__(self, name: str) -> Floats:
        """A count by draw and key, added up over replicates."""
        return self._sums[name]

    def total(self, name: str) -> Floats:
        """A count by key, added up over all runs; missing where no run has it."""
        sums = self._sums[name]
        return np.where(np.isnan(sums).all(axis=0), np.nan, np.nansum(sums, axis=0))

    def covariance(self, reckoned: Floats, one: CountedShare, other: CountedShare) -> Floats:
        """Covariance of two shares by chance, from counts and from replicates.

        Parameters
        ----------
        reckoned
            What it would be by the counts, if people were independent.
        one, other
            The shares.

        Returns
        -------
        numpy.ndarray
            By draw and key. Where a draw has one replicate, it is the one reckoned.
        """
        freedom = np.maximum(self.replicates - 1, 0)
        worth = freedom.sum(axis=0)
        if not worth.any():
            return reckoned
        spread = self._spread(one, other)
        both = (WORTH_OF_COUNTS * reckoned + worth * spread) / (WORTH_OF_COUNTS + worth)
        return np.where(freedom > 0, both, reckoned)

    def _spread(self, one: CountedShare, other: CountedShare) -> Floats:
        """Covariance of two shares of a draw by how its replicates differ."""
        if (one, other) not in self._spreads:
            products = self._added(self._residual(one) * self._residual(other))
            with np.errstate(invalid="ignore", divide="ignore"):
                factor = self.replicates / np.maximum(self.replicates - 1, 1)
                found = factor * products / (self[one[1]] * self[other[1]])
            self._spreads[one, other] = self._spreads[other, one] = found
        return self._spreads[one, other]

    def proportion(self, count: str, persons: str) -> Interval:
        """What share a count is, over draws and replicates."""
        share = (count, persons)
        with np.errstate(invalid="ignore", divide="ignore"):
            reckoned = binomial_variance(self[count] / self[persons], self[persons])
        variances = self.covariance(reckoned, share, share)
        return proportion_over_draws(self[count], self[persons], variances)

    def _residual(self, share: CountedShare) -> Floats:
        """By how much each run's count differs from what its draw's share makes expect."""
        count, persons = share
        with np.errstate(invalid="ignore", divide="ignore"):
            expected = (self[count] / self[persons]).ravel()[self._at]
        return self._counts[count] - np.nan_to_num(expected) * self._counts[persons]
