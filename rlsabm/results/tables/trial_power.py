"""Power of a virtual trial by its size."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from rlsabm.results.power import power_of
from rlsabm.results.table import Column, Kind, ResultTable
from rlsabm.results.tables.trial import COMPARED, effects_by_draw
from rlsabm.results.tables.trial_outcomes import has_trial
from rlsabm.results.totals import NO_TOTALS

#: Patients of each arm.
SIZES = (10, 15, 20, 30, 40, 50, 75, 100, 150, 200, 300, 500, 750, 1_000, 2_000, 5_000)


def estimate_power(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Power of trials of several sizes, for each arm but the control, visit and outcome.

    Parameters
    ----------
    tables
        ``trial_outcomes``, by name.
    """
    told = tables["trial_outcomes"]
    names = [column.name for column in COLUMNS]
    if told.empty:
        return pd.DataFrame(columns=names)
    rows = [
        {**of_key, "patients_per_arm": size, "power": power_of(size, effects, errors)}
        for of_key, effects, errors in effects_by_draw(told)
        for size in SIZES
    ]
    found = pd.DataFrame(rows)
    return found.assign(control=told["trial_arm"].cat.categories[0])[names]


COLUMNS = (
    *COMPARED,
    Column(
        "patients_per_arm", "whole", "persons",
        "patients of each arm at the beginning; in a cross-over, of each order of the arms",
    ),
    Column(
        "power", "number", "proportion",
        "share of trials of this size whose 95 % interval would leave out no difference, from the "
        "mean difference and the standard error of the trials done; mean over draws; missing if the "
        "trials do not tell the difference from nothing",
    ),
)  # fmt: skip

TABLE = ResultTable(
    name="trial_power",
    title="Power of virtual trials by their size",
    kind=Kind.ESTIMATES,
    columns=COLUMNS,
    totals=NO_TOTALS,
    wanted=has_trial,
    estimate=estimate_power,
    estimated_from=("trial_outcomes",),
)
