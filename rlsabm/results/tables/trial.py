"""What virtual trials find: as one trial would be printed, over all repetitions, and in truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from rlsabm.results.columns import ARM, YEAR
from rlsabm.results.table import Column, Kind, ResultTable
from rlsabm.results.tables.trial_outcomes import OUTCOME, TRIAL_ARM, VISIT, has_trial
from rlsabm.results.totals import NO_TOTALS

#: Standard normal quantile of a two-sided test at 5 %: arms of trials have dozens of patients.
NORMAL_95 = 1.959964
_KEYS = ["arm", "year", "trial_arm", "visit_month", "outcome"]


def estimate_trial(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Differences between the arms of trials and their control, over all repetitions.

    Parameters
    ----------
    tables
        ``trial_outcomes``, by name.

    Returns
    -------
    pandas.DataFrame
        One row for each arm but the control, visit and outcome.
    """
    told = tables["trial_outcomes"]
    if told.empty:
        return pd.DataFrame(columns=[column.name for column in COLUMNS])
    control = told["trial_arm"].cat.categories[0]
    trial = ["arm", "year", "draw", "replicate", "repetition", "visit_month", "outcome"]
    others = told[told["trial_arm"] != control]
    both = others.merge(told[told["trial_arm"] == control], on=trial, suffixes=("", "_control"))
    both["difference"] = both["mean"] - both["mean_control"]
    variance = sum(both[f"sd{end}"] ** 2 / both[f"persons{end}"] for end in ("", "_control"))
    both["error"] = np.sqrt(variance)
    both["significant"] = both["difference"].abs() > NORMAL_95 * both["error"]
    grouped = both.groupby(_KEYS, observed=True, sort=False)
    first = grouped.first()
    found = pd.DataFrame(
        {
            "persons": first["persons"],
            "persons_control": first["persons_control"],
            "mean": first["mean"],
            "mean_control": first["mean_control"],
            "difference": first["difference"],
            "lower": first["difference"] - NORMAL_95 * first["error"],
            "upper": first["difference"] + NORMAL_95 * first["error"],
            "mean_difference": grouped["difference"].mean(),
            "sd_of_differences": grouped["difference"].std(),
            "power": grouped["significant"].mean(),
            "trials": grouped.size(),
        }
    )
    found["control"] = control
    return found.reset_index()[[column.name for column in COLUMNS]]


COLUMNS = (
    ARM,
    YEAR,
    TRIAL_ARM,
    replace(TRIAL_ARM, name="control", meaning="arm of the trial with which it is compared"),
    VISIT,
    OUTCOME,
    Column("persons", "whole", "persons", "patients of the arm seen at this visit in the first trial"),
    Column("persons_control", "whole", "persons", "the same of the control"),
    Column("mean", "number", "of the outcome", "mean of the arm in the first trial"),
    Column("mean_control", "number", "of the outcome", "mean of the control in the first trial"),
    Column("difference", "number", "of the outcome", "arm less control in the first trial"),
    Column("lower", "number", "of the outcome", "lower limit of its 95 % interval"),
    Column("upper", "number", "of the outcome", "upper limit of its 95 % interval"),
    Column("mean_difference", "number", "of the outcome", "mean difference over all trials"),
    Column(
        "sd_of_differences", "number", "of the outcome",
        "standard deviation of the difference between trials",
    ),
    Column(
        "power", "number", "proportion",
        "share of trials whose 95 % interval leaves out no difference",
    ),
    Column("trials", "whole", "trials", "trials done, over draws, replicates and repetitions"),
)  # fmt: skip

TABLE = ResultTable(
    name="trial",
    title="What virtual trials find",
    kind=Kind.ESTIMATES,
    columns=COLUMNS,
    totals=NO_TOTALS,
    wanted=has_trial,
    estimate=estimate_trial,
    estimated_from=("trial_outcomes",),
)
