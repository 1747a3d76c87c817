"""What is told of policies first: a few outcomes of all years, in the order in which they are read."""

from __future__ import annotations

import pandas as pd

from rlsabm.results.tables.policies import AVERTED, FOR_ONE
from rlsabm.results.tables.policy_counts import ALL, ALL_AGES

ALL_YEARS = 0
#: What is told as its opposite; of donations the number itself is told, as it may rise or fall.
_TOLD_OTHERWISE = {item for item, _ in AVERTED.values() if item != "donation"} | {"donations_lost"}


def of_all_years(policies: pd.DataFrame, *, by: str | None = None) -> pd.DataFrame:
    """Rows of all policy years together, of everybody or broken down by one stratum."""
    totals = {"sex": ALL, "age_group": ALL_AGES, "genetic_quarter": ALL}
    chosen = policies["policy_year"] == ALL_YEARS
    for name, word in totals.items():
        is_total = policies[name].astype(str) == word
        chosen &= ~is_total if name == by else is_total
    return policies[chosen]


def amounts_that_differ(rows: pd.DataFrame) -> pd.DataFrame:
    """Of the rows of an arm the amounts in which it differs: averted first, then what is given."""
    names = rows["outcome"].astype(str)
    amount = ~names.isin([*FOR_ONE, *_TOLD_OTHERWISE])
    told = rows[amount & (rows["value"] != 0.0)]
    order = {name: place for place, name in enumerate(AVERTED)}
    place = told["outcome"].astype(str).map(lambda name: order.get(name, len(order)))
    return told.iloc[place.to_numpy().argsort(kind="stable")]


def needed_for_one(rows: pd.DataFrame) -> pd.DataFrame:
    """Of the rows of an arm what is needed for each year averted, as far as that is known."""
    return rows[rows["outcome"].astype(str).isin(list(FOR_ONE)) & rows["value"].notna()]
