"""The postulates of the iron hypothesis as experiments: what they are, and estimates of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from rlsabm.arrays import Floats
from rlsabm.measuring.instruments import TRUTH
from rlsabm.results.columns import (
    ARM,
    CONDITION,
    DEFINITION,
    DRAWS_BEHIND,
    INTERVAL,
    RECALL,
    SEX_STRATUM_WITH_TOTAL,
    YEAR,
)
from rlsabm.results.intervals import (
    Interval,
    binomial_variance,
    delta_variance,
    over_draws_around,
)
from rlsabm.results.nesting import RUNS, NestedCounts
from rlsabm.results.table import Column, Kind, ResultTable
from rlsabm.results.tables.partitions import PARTITION_COUNTS
from rlsabm.results.tables.shifts import ADDED_TO_DIFFERENCES
from rlsabm.results.totals import TOTAL_OF, WITH_TOTALS_BY_SEX, total_rows

POSTULATES = {
    "P1": "conditions that compromise iron raise prevalence; negative controls do not",
    "P2": "some people's CNS iron is marginal: enough while peripheral iron is, or never",
    "P3": "low CNS iron acts largely through dopamine",
    "P4": "the dopaminergic losses behind RLS are among those that iron deficiency produces",
}
POSTULATE_PARTS = {
    "caused_shift": "P1: prevalence minus prevalence of the same people without the condition",
    "observed_shift": "P1: prevalence minus prevalence expected at their sex and age",
    "precipitated": "P2: cases that would not be cases if iron stores were always replete",
    "constitutional": "P2: cases with replete stores, but not if CNS iron were always sufficient",
    "not_iron": "P2: cases even if CNS iron were always sufficient",
    "through_dopamine": "P3: of the cases that sufficient CNS iron would prevent, those that cutting "
    "its path to dopamine would prevent",
    "no_dopaminergic_loss": "P4: cases without any dopaminergic deficit",
    "within_range_of_iron_deficiency": "P4: cases with a deficit that iron deficiency alone produces",
    "beyond_range_of_iron_deficiency": "P4: cases with a larger deficit",
}
OF_POSTULATE = {part: meaning[:2] for part, meaning in POSTULATE_PARTS.items()}


def estimate_postulates(partition: pd.DataFrame, shifts: pd.DataFrame) -> pd.DataFrame:
    """Estimates of every postulate, over draws and replicates.

    Parameters
    ----------
    partition
        Counts by run (`count_partition`), with ``draw`` and ``replicate`` among the keys.
    shifts
        Estimates of `estimate_shifts`, for the first postulate.
    """
    keys = [name for name in partition.columns if name not in (*PARTITION_COUNTS, *RUNS)]
    ill, some_loss = partition["cases"], partition["cases"] - partition["cases_without_loss"]
    shares = {
        "precipitated": ill - partition["cases_if_replete"],
        "constitutional": partition["cases_if_replete"] - partition["cases_if_sufficient"],
        "not_iron": partition["cases_if_sufficient"],
        "no_dopaminergic_loss": partition["cases_without_loss"],
        "within_range_of_iron_deficiency": partition["cases_within_range"],
        "beyond_range_of_iron_deficiency": some_loss - partition["cases_within_range"],
    }
    n = NestedCounts(partition.assign(**shares), keys, [*PARTITION_COUNTS, *shares])
    rows = n.rows
    intervals = {part: n.proportion(part, "cases") for part in shares}
    intervals["through_dopamine"] = _through_dopamine(n)
    parts = [_first_postulate(shifts, list(rows.columns))]
    for part, interval in intervals.items():
        chosen = np.isfinite(interval.value)
        found = rows[chosen].copy()
        found["part"] = part
        for name, values in interval._asdict().items():
            found[name] = values[chosen]
        for name in ("persons", "cases"):
            found[name] = n.total(name)[chosen]
        found["draws"] = len(n.draws)
        parts.append(found)
    whole = pd.concat(parts, ignore_index=True)
    whole["postulate"] = whole["part"].map(OF_POSTULATE)
    whole["part"] = pd.Categorical(whole["part"], list(POSTULATE_PARTS), ordered=True)
    return whole.sort_values([*rows.columns, "part"], kind="stable").reset_index(drop=True)


def _through_dopamine(n: NestedCounts) -> Interval:
    """Of the cases that sufficient CNS iron would spare, those that cutting the path would spare."""
    ill, shares = n["cases"], ("cases_if_sufficient", "cases_without_path")

    def through(s: Floats, c: Floats) -> Floats:
        return np.asarray((1.0 - c) / (1.0 - s))

    with np.errstate(invalid="ignore", divide="ignore"):
        value = through(*(n[share] / ill for share in shares))
        # As shifts do, so that few cases are not taken for certain.
        added = ADDED_TO_DIFFERENCES / np.maximum((ill > 0).sum(axis=0), 1)
        ill = ill + 4.0 * added
        s, c = ((n[share] + 2.0 * added) / ill for share in shares)
        joint = (n["cases_sufficient_and_without_path"] + added) / ill
        reckoned = [
            [binomial_variance(s, ill), (joint - s * c) / ill],
            [(joint - s * c) / ill, binomial_variance(c, ill)],
        ]
        covariance = [
            [n.covariance(reckoned[i][j], (one, "cases"), (other, "cases"))
             for j, other in enumerate(shares)]
            for i, one in enumerate(shares)
        ]  # fmt: skip
        centre, variance = delta_variance(through, [s, c], covariance)
    return over_draws_around(value, centre, variance, kind="share")


def _first_postulate(shifts: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Observed and caused shifts of adults, as they are, by condition and sex."""
    chosen = shifts["estimate"].isin(["caused_shift", "observed_shift"])
    chosen &= shifts["observed_as"] == TRUTH
    chosen &= total_rows(shifts.drop(columns=[name for name in keys if name in TOTAL_OF]))
    rows = shifts[chosen].rename(columns={"estimate": "part"})
    rows["part"] = rows["part"].astype(str)
    columns = [*keys, "part", "value", "lower", "upper", "monte_carlo_error", "parameter_sd",
               "persons", "cases", "draws"]  # fmt: skip
    return rows[columns]


TABLE = ResultTable(
    name="postulates",
    title="The postulates of the iron hypothesis as experiments; adults",
    kind=Kind.ESTIMATES,
    columns=(
        ARM,
        YEAR,
        CONDITION,
        SEX_STRATUM_WITH_TOTAL,
        DEFINITION,
        RECALL,
        Column(
            "postulate", "category", "", "number of the postulate, P1 to P4", words=list(POSTULATES)
        ),
        Column("part", "category", "", "what is estimated", words=list(POSTULATE_PARTS)),
        *INTERVAL,
        Column("cases", "whole", "persons", "cases, in all runs"),
        Column("persons", "whole", "persons", "people of the group, in all runs"),
        DRAWS_BEHIND,
    ),
    totals=WITH_TOTALS_BY_SEX,
    wanted=lambda question: question.postulates,
    estimate=lambda frames: estimate_postulates(frames["partitions"], frames["shifts"]),
    estimated_from=("partitions", "shifts"),
)
