"""Virtual trials beside published ones."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from rlsabm.results.columns import ARM, YEAR
from rlsabm.results.table import Column, Kind, ResultTable
from rlsabm.results.tables.trial import NORMAL_95
from rlsabm.results.tables.trial_sources import PUBLISHED, has_published
from rlsabm.results.totals import NO_TOTALS

INSIDE, OUTSIDE, NOT_KNOWN = "inside", "outside", "not known"
VERDICTS = {
    INSIDE: "inside",
    OUTSIDE: "outside",
    NOT_KNOWN: "no interval is published",
}

_TEXTS = dict.fromkeys(("arm", "trial_arm", "outcome"), str)


def estimate_published(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Each published result with what the trials of a study found at that visit.

    Parameters
    ----------
    tables
        ``trial`` and ``trial_sources``, by name.
    """
    told = tables["trial_sources"]
    first = told[
        told["draw"].eq(told["draw"].min()) & told["replicate"].eq(told["replicate"].min())
    ]
    keys = ["arm", "year", "trial_arm", "visit_month", "outcome"]
    simulated = tables["trial"].astype(_TEXTS)
    both = first.astype(_TEXTS).merge(simulated, on=keys, how="left", sort=False)
    both["simulated"] = both["mean_difference"]
    spread = NORMAL_95 * both["sd_of_differences"]
    both["simulated_lower"] = both["simulated"] - spread
    both["simulated_upper"] = both["simulated"] + spread
    is_inside = both["simulated"].between(both["published_lower"], both["published_upper"])
    verdict = np.where(is_inside, INSIDE, OUTSIDE)
    both["verdict"] = np.where(both["published_lower"].isna(), NOT_KNOWN, verdict)
    return both[[column.name for column in COLUMNS]]


COLUMNS = (
    ARM,
    YEAR,
    *PUBLISHED,
    Column("simulated", "number", "of the outcome", "mean difference over all simulated trials"),
    Column(
        "simulated_lower", "number", "of the outcome",
        "lower limit of what 95 % of trials of this size find: mean less 1.96 standard deviations",
    ),
    Column("simulated_upper", "number", "of the outcome", "upper limit of that"),
    Column("trials", "whole", "trials", "trials done, over draws, replicates and repetitions"),
    Column(
        "verdict", "category", "",
        "whether the mean simulated difference is in the published interval",
        words=list(VERDICTS), labels=VERDICTS,
    ),
)  # fmt: skip

TABLE = ResultTable(
    name="trial_published",
    title="Virtual trials beside published ones",
    kind=Kind.ESTIMATES,
    columns=COLUMNS,
    totals=NO_TOTALS,
    wanted=has_published,
    estimate=estimate_published,
    estimated_from=("trial", "trial_sources"),
)
