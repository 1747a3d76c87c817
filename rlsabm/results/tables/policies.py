"""What policies avert, give and cost, beside the reference: the same people under both.

Arms share their people and chance, so that they are compared lot by lot: how much the difference varies
between tenths of the people (delete-one jackknife) tells how sure it is in one draw of the parameters.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from rlsabm.arrays import Bools, Floats
from rlsabm.policies.policy import AT_YEAR_END, COST, MONTHLY
from rlsabm.results.columns import ARM, DRAWS_BEHIND, INTERVAL, YEAR
from rlsabm.results.intervals import Interval, over_draws
from rlsabm.results.table import Column, Kind, ResultTable
from rlsabm.results.tables.policy_counts import (
    OF_STRATA,
    POLICY_YEAR,
    STRATA_OF_POLICIES,
    has_policy,
)
from rlsabm.results.vocabulary import Vocabulary
from rlsabm.scenario import REFERENCE

#: Person-years to which amounts are related.
PER_PERSON_YEARS = 100_000.0
PERSON_YEARS = MONTHLY[0].name
#: What a policy averts: an outcome, the item of which there is less, and its meaning.
AVERTED = {
    "rls_years_averted": ("rls_years", "years with any RLS averted"),
    "significant_rls_years_averted": (
        "significant_rls_years", "years with clinically significant RLS averted",
    ),
    "rls_cases_averted": ("rls_cases", "people with any RLS averted at the end of a policy year"),
    "significant_rls_cases_averted": (
        "significant_rls_cases",
        "people with clinically significant RLS averted at the end of a policy year",
    ),
    "donations_lost": ("donation", "blood donations lost"),
}  # fmt: skip
#: What is given for a year averted: an outcome, ends of the names of items that it adds up, the outcome
#: averted, and its meaning.
FOR_ONE = {
    "treatment_years_per_rls_year_averted": (
        "_years", "rls_years", "further years on a treatment for each year with RLS averted",
    ),
    "courses_per_rls_year_averted": (
        "_begun", "rls_years", "further treatments begun for each year with RLS averted",
    ),
    "tests_per_rls_year_averted": (
        "laboratory_test", "rls_years", "further laboratory tests for each year with RLS averted",
    ),
    "cost_per_rls_year_averted": (
        COST.name, "rls_years", "further cost for each year with RLS averted",
    ),
    "cost_per_significant_rls_year_averted": (
        COST.name, "significant_rls_years",
        "further cost for each year with clinically significant RLS averted",
    ),
}  # fmt: skip
_OWN = [item.name for item in (*MONTHLY, *AT_YEAR_END)]


class _Counted(NamedTuple):
    """Amounts by arm, draw, part of the people, policy year (0 all together), cell and item."""

    amounts: Floats
    arms: Sequence[str]
    cells: pd.DataFrame
    items: Sequence[str]


def _counted(counts: pd.DataFrame) -> _Counted:
    there = set(counts["arm"].astype(str))
    arms = [arm for arm in counts["arm"].cat.categories if arm in there]
    items = [str(item) for item in counts["item"].cat.categories]
    cells = counts[list(STRATA_OF_POLICIES)].drop_duplicates().reset_index(drop=True)
    cells["cell"] = range(len(cells))
    # Codes are compared rather than words, which is much quicker.
    coded = counts[list(STRATA_OF_POLICIES)].apply(lambda column: column.cat.codes)
    of_cells = cells[list(STRATA_OF_POLICIES)].apply(lambda column: column.cat.codes)
    cell = coded.merge(of_cells.assign(cell=cells["cell"]), how="left")["cell"].to_numpy()
    draws, draw = np.unique(counts["draw"], return_inverse=True)
    parts, part = np.unique(
        counts["replicate"].to_numpy() * (counts["lot"].max() + 1) + counts["lot"].to_numpy(),
        return_inverse=True,
    )
    arm = pd.Categorical(counts["arm"].astype(str), arms).codes
    years = int(counts["policy_year"].max())
    shape = (len(arms), len(draws), len(parts), years + 1, len(cells), len(items))
    amounts = np.full(shape, np.nan)
    at = (arm, draw, part, counts["policy_year"].to_numpy(), cell, counts["item"].cat.codes)
    amounts[at] = counts["amount"].to_numpy()
    amounts[:, :, :, 0] = amounts[:, :, :, 1:].sum(axis=3)
    return _Counted(amounts, arms, cells[list(STRATA_OF_POLICIES)], items)


def _sums_and_without_each(amounts: Floats) -> Floats:
    """Amounts of all parts of the people, and of all but each: the second axis, behind draws."""
    whole = np.nansum(amounts, axis=1, keepdims=True)
    return np.concatenate([whole, whole - np.nan_to_num(amounts)], axis=1)


def _jackknifed(values: Floats, there: Bools) -> tuple[Floats, Floats]:
    """The estimate of each draw and its variance; ``values`` has that of all parts first."""
    parts = there.sum(axis=1)[:, np.newaxis, np.newaxis]
    without = np.where(there[:, :, np.newaxis, np.newaxis], values[:, 1:], np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.nansum(without, axis=1) / parts
        squares = np.nansum((without - mean[:, np.newaxis]) ** 2, axis=1)
        variance = squares * (parts - 1.0) / parts
    return values[:, 0], variance


def _rows(
    counted: _Counted,
    arm: int,
    name: str,
    found: Interval,
    ends: tuple[Floats, Floats] | None,
    draws: int,
) -> pd.DataFrame:
    """Rows of an outcome of an arm, by policy year and cell; ``ends`` are reference and arm."""
    year, cell = np.indices(found.value.shape).reshape(2, -1)
    rows = counted.cells.iloc[cell].reset_index(drop=True)
    before, after = ends or (np.full(found.value.shape, np.nan),) * 2
    return rows.assign(
        arm=counted.arms[arm],
        policy_year=year,
        outcome=name,
        reference=before.ravel(),
        policy=after.ravel(),
        **{column: values.ravel() for column, values in found._asdict().items()},
        draws=draws,
    )


def _found(values: Floats, there: Bools) -> Interval:
    """Estimates over draws; without limits where the people do not differ in any lot."""
    of_draws, variances = _jackknifed(values, there)
    found = over_draws(of_draws, variances, kind="difference")
    nothing = (np.abs(of_draws) == 0.0).all(axis=0)
    return found._replace(
        lower=np.where(nothing, np.nan, found.lower), upper=np.where(nothing, np.nan, found.upper)
    )


def _of_arm(counted: _Counted, arm: int) -> Iterator[pd.DataFrame]:
    """Rows of all outcomes of an arm."""
    pair = counted.amounts[[counted.arms.index(REFERENCE), arm]]
    there: Bools = np.asarray(np.isfinite(pair[..., 0, 0, 0]).all(axis=0))
    # Only draws of which both have finished runs.
    finished: Bools = np.asarray(there.any(axis=1))
    pair, there = pair[:, finished], there[finished]
    if not len(there):
        return
    amounts = np.where(there[:, :, np.newaxis, np.newaxis, np.newaxis], pair, np.nan)
    reference, own = (_sums_and_without_each(side) for side in amounts)
    place = {name: number for number, name in enumerate(counted.items)}
    with np.errstate(invalid="ignore", divide="ignore"):
        rates = [
            PER_PERSON_YEARS * side / side[..., place[PERSON_YEARS], np.newaxis]
            for side in (reference, own)
        ]
    further = rates[1] - rates[0]

    def ends(item: int) -> tuple[Floats, Floats]:
        before, after = (side[:, 0, ..., item].mean(axis=0) for side in rates)
        return before, after

    for name, item in place.items():
        if name != PERSON_YEARS:
            yield _rows(
                counted, arm, name, _found(further[..., item], there), ends(item), len(there)
            )
    sure = {}
    for name, (item_name, _) in AVERTED.items():
        item = place[item_name]
        found = _found(-further[..., item], there)
        sure[item_name] = found.lower > 0.0
        yield _rows(counted, arm, name, found, None, len(there))
    for name, (end, item_name, _) in FOR_ONE.items():
        added = [i for own_name, i in place.items() if _counts_as(own_name, end)]
        if not added:
            continue
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = further[..., added].sum(axis=-1) / -further[..., place[item_name]]
        found = _found(ratio, there)
        # Without a sure effect, what each averted year needs has no bounds.
        told = sure[item_name] & (found.value != 0.0)
        found = Interval(*(np.where(told, part, np.nan) for part in found))
        yield _rows(counted, arm, name, found, None, len(there))


def _counts_as(item: str, end: str) -> bool:
    """Whether an item is one of those that are added up: itself, or of treatments by its end."""
    return item == end or (end.startswith("_") and item.endswith(end) and item not in _OWN)


def estimate_policies(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """What each arm averts, gives and costs beside the reference, over draws and replicates.

    Parameters
    ----------
    tables
        ``policy_counts``, by name.

    Returns
    -------
    pandas.DataFrame
        One row for each arm but the reference, stratum, policy year and outcome.
    """
    counts = tables["policy_counts"]
    names = [column.name for column in COLUMNS]
    if counts.empty:
        return pd.DataFrame(columns=names)
    counted = _counted(counts)
    if REFERENCE not in counted.arms:
        return pd.DataFrame(columns=names)
    parts = [
        rows
        for place, arm in enumerate(counted.arms)
        if arm != REFERENCE
        for rows in _of_arm(counted, place)
    ]
    if not parts:
        return pd.DataFrame(columns=names)
    whole = pd.concat(parts, ignore_index=True)
    whole["year"] = int(counts["year"].iloc[0])
    return whole[names]


def outcomes_of(vocabulary: Vocabulary) -> dict[str, str]:
    """Outcomes of policies by name, with their meanings."""
    amounts = {name: words for name, words in vocabulary.items.items() if name != PERSON_YEARS}
    return {
        **amounts,
        **{name: words for name, (_, words) in AVERTED.items()},
        **{name: words for name, (_, _, words) in FOR_ONE.items()},
    }


OUTCOME = Column(
    "outcome", "category", "", "what is compared",
    words=lambda vocabulary: list(outcomes_of(vocabulary)), labels=outcomes_of,
)  # fmt: skip
COLUMNS = (
    ARM,
    YEAR,
    *OF_STRATA,
    replace(POLICY_YEAR, meaning=f"{POLICY_YEAR.meaning}; 0: all years together"),
    OUTCOME,
    Column("reference", "number", "per 100,000 person-years", "of the item, without the policy"),
    Column("policy", "number", "per 100,000 person-years", "the same under the policy"),
    replace(
        INTERVAL[0], unit="per 100,000 person-years",
        meaning="under the policy less without it, the other way round of what is averted or lost; or "
        "how much for each year averted (a ratio, missing where it is not sure that any is)",
    ),
    replace(
        INTERVAL[1], meaning="lower limit of the 95 % interval; missing where nobody differs, and with "
        "two to four draws",
    ),
    *INTERVAL[2:],
    DRAWS_BEHIND,
)  # fmt: skip

TABLE = ResultTable(
    name="policies",
    title="What policies avert, give and cost",
    kind=Kind.ESTIMATES,
    columns=COLUMNS,
    totals="Rows are broken down by one stratum at most; the others say 'all' or 'all ages'.",
    wanted=has_policy,
    estimate=estimate_policies,
    estimated_from=("policy_counts",),
)
