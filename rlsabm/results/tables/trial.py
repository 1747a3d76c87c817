"""What virtual trials find: as one trial would be printed, over all repetitions, and in truth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from rlsabm.arrays import Floats
from rlsabm.results.columns import ARM, YEAR
from rlsabm.results.power import patients_for
from rlsabm.results.table import Column, Kind, ResultTable
from rlsabm.results.tables.trial_outcomes import OUTCOME, TRIAL_ARM, VISIT, has_trial
from rlsabm.results.totals import NO_TOTALS

#: Standard normal quantile of a two-sided test at 5 %: arms of trials have dozens of patients.
NORMAL_95 = 1.959964
#: Columns with the patients that a power takes.
POWERS = {"patients_for_80": 0.8, "patients_for_90": 0.9}
#: The outcome of which arms know nothing.
AT_SCREENING = "irls_at_screening"
_KEYS = ["arm", "year", "trial_arm", "visit_month", "outcome"]
_TRIAL = ["arm", "year", "draw", "replicate", "repetition", "visit_month", "outcome"]


def estimate_trial(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Differences between the arms of trials and their control, over all repetitions.

    Arms of parallel trials are compared with the interval of Welch.  Those of a cross-over are
    compared within patients: the mean difference in each order of the arms, and the mean of both
    orders, which leaves out what differs between the periods (Hills and Armitage 1979).

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
    is_cross_over = bool((told["period"] > 1).any())
    both = with_differences(told)
    both["significant"] = both["difference"].abs() > NORMAL_95 * both["error"]
    both["carried"] = both["carry_over"].abs() > NORMAL_95 * both["carry_over_error"]
    grouped = both.groupby(_KEYS, observed=True, sort=False)
    first = grouped.first()
    found = pd.DataFrame(
        {
            "persons": first["persons"],
            "persons_control": first["persons_control"],
            "mean": first["mean"],
            "mean_control": first["mean_control"],
            **_with_limits(first, "difference", "error", ("lower", "upper")),
            "mean_difference": grouped["difference"].mean(),
            "sd_of_differences": grouped["difference"].std(),
            "power": grouped["significant"].mean(),
            "trials": grouped.size(),
            "difference_first": grouped["difference_first"].mean(),
            "difference_second": grouped["difference_second"].mean(),
            **_with_limits(
                first, "carry_over", "carry_over_error", ("carry_over_lower", "carry_over_upper")
            ),
            "mean_carry_over": grouped["carry_over"].mean(),
            "carry_over_power": grouped["carried"].mean() if is_cross_over else np.nan,
        }
    )
    found = found.join(_patients_needed(told))
    found["control"] = control
    return found.reset_index()[[column.name for column in COLUMNS]]


def with_differences(told: pd.DataFrame) -> pd.DataFrame:
    """Each arm but the control beside it, trial by trial: difference and its standard error.

    Parameters
    ----------
    told
        Rows of ``trial_outcomes``.

    Returns
    -------
    pandas.DataFrame
        With ``error_of_one``: the standard error if each arm had had one patient.
    """
    control = told["trial_arm"].cat.categories[0]
    is_cross_over = bool((told["period"] > 1).any())
    both = _of_cross_over(told, control) if is_cross_over else _of_parallel(told, control)
    begun = told[(told["visit_month"] == 0) & (told["period"] == 1)]
    patients = begun.groupby("trial_arm", observed=True)["persons"].mean()
    both["error_of_one"] = both["error"] * np.sqrt(both["trial_arm"].map(patients).astype(float))
    return both


def effects_by_draw(told: pd.DataFrame) -> Iterator[tuple[dict[str, Any], Floats, Floats]]:
    """Of each arm but the control, visit and outcome: effects and errors in the draws of parameters.

    Parameters
    ----------
    told
        Rows of ``trial_outcomes``.

    Yields
    ------
    dict, ndarray and ndarray
        What the effect is of; the effect in each draw, missing where the trials together do not tell
        it from nothing or before arms parted; and the standard error if each arm had one patient.
    """
    both = with_differences(told)
    both["squared"] = both["error_of_one"] ** 2
    groups: Any = both.groupby(_KEYS, observed=True, sort=False)
    for key, trials in groups:
        of_key = dict(zip(_KEYS, key, strict=True))
        draws = trials.groupby("draw")[["difference", "squared"]].mean()
        effects = draws["difference"].to_numpy(float)
        chance = NORMAL_95 * trials["difference"].std() / np.sqrt(len(trials))
        before = of_key["visit_month"] == 0 or of_key["outcome"] == AT_SCREENING
        if before or not abs(trials["difference"].mean()) > chance:
            effects = np.full(len(effects), np.nan)
        yield of_key, effects, np.sqrt(draws["squared"].to_numpy(float))


def _patients_needed(told: pd.DataFrame) -> pd.DataFrame:
    """Patients of each arm with whom trials have a power of 80 and of 90 %."""
    rows = [
        of_key | {name: patients_for(power, effects, errors) for name, power in POWERS.items()}
        for of_key, effects, errors in effects_by_draw(told)
    ]
    return pd.DataFrame(rows).set_index(_KEYS)


def _with_limits(
    rows: pd.DataFrame, value: str, error: str, limits: tuple[str, str]
) -> dict[str, pd.Series]:
    """A difference with its 95 % interval."""
    half = NORMAL_95 * rows[error]
    return {value: rows[value], limits[0]: rows[value] - half, limits[1]: rows[value] + half}


def _of_parallel(told: pd.DataFrame, control: str) -> pd.DataFrame:
    """Each arm beside the control of its trial, with the difference and its standard error."""
    others, controls = told[told["trial_arm"] != control], told[told["trial_arm"] == control]
    both = others.merge(controls, on=_TRIAL, suffixes=("", "_control"))
    both["difference"] = both["mean"] - both["mean_control"]
    both["error"] = np.sqrt(_variance(both, "sd", "") + _variance(both, "sd", "_control"))
    for name in ("difference_first", "difference_second", "carry_over", "carry_over_error"):
        both[name] = np.nan
    return both


def _of_cross_over(told: pd.DataFrame, control: str) -> pd.DataFrame:
    """The arm beside the control in the same patients, by the order in which they came."""
    arms = [told[told["trial_arm"] != control], told[told["trial_arm"] == control]]
    first, second = (arms[0][arms[0]["period"] == period] for period in (1, 2))
    both = first.merge(second, on=[*_TRIAL, "trial_arm"], suffixes=("", "_second"))
    whole = [_both_periods(rows) for rows in arms]
    both = both.drop(columns=["persons", "mean"]).merge(whole[0], on=[*_TRIAL])
    both = both.merge(whole[1], on=_TRIAL, suffixes=("", "_control"))
    both["difference_first"] = both["mean_difference"]
    both["difference_second"] = both["mean_difference_second"]
    both["difference"] = (both["difference_first"] + both["difference_second"]) / 2.0
    both["carry_over"] = both["mean_sum"] - both["mean_sum_second"]
    errors = {
        spread: np.sqrt(
            sum(
                both[f"{spread}{end}"] ** 2 / both[f"persons_in_both{end}"]
                for end in ("", "_second")
            )
        )
        for spread in ("sd_of_differences", "sd_of_sums")
    }
    both["error"] = errors["sd_of_differences"] / 2.0
    both["carry_over_error"] = errors["sd_of_sums"]
    return both


def _both_periods(rows: pd.DataFrame) -> pd.DataFrame:
    """Patients of an arm in both periods, and their mean."""
    total = rows.assign(total=rows["persons"] * rows["mean"].fillna(0.0))
    summed = total.groupby(_TRIAL, observed=True, sort=False)[["persons", "total"]].sum()
    return summed.assign(mean=summed["total"] / summed["persons"]).reset_index()[
        [*_TRIAL, "persons", "mean"]
    ]


def _variance(rows: pd.DataFrame, spread: str, end: str) -> pd.Series:
    """Squared standard error of a mean."""
    return rows[f"{spread}{end}"] ** 2 / rows[f"persons{end}"]


#: Columns that say what a row is of.
COMPARED = (
    ARM,
    YEAR,
    TRIAL_ARM,
    replace(TRIAL_ARM, name="control", meaning="arm of the trial with which it is compared"),
    VISIT,
    OUTCOME,
)
COLUMNS = (
    *COMPARED,
    Column("persons", "whole", "persons", "patients of the arm seen at this visit in the first trial"),
    Column("persons_control", "whole", "persons", "the same of the control"),
    Column("mean", "number", "of the outcome", "mean of the arm in the first trial"),
    Column("mean_control", "number", "of the outcome", "mean of the control in the first trial"),
    Column(
        "difference", "number", "of the outcome",
        "arm less control in the first trial; in a cross-over within patients",
    ),
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
    Column(
        "patients_for_80", "number", "patients of each arm",
        "with whom 80 % of trials would find the mean difference, of all draws together; missing if "
        "the trials do not tell it from nothing, or a million are too few",
    ),
    Column("patients_for_90", "number", "patients of each arm", "with whom 90 % would"),
    Column(
        "difference_first", "number", "of the outcome",
        "mean difference where the arm came first in a cross-over, over all trials; missing in a "
        "parallel trial, as all that follow",
    ),
    Column(
        "difference_second", "number", "of the outcome",
        "mean difference where the arm came second, over all trials",
    ),
    Column(
        "carry_over", "number", "of the outcome",
        "both periods added up, where the arm came first less where it came second, in the first "
        "trial: what the first period has left in the second",
    ),
    Column("carry_over_lower", "number", "of the outcome", "lower limit of its 95 % interval"),
    Column("carry_over_upper", "number", "of the outcome", "upper limit of its 95 % interval"),
    Column("mean_carry_over", "number", "of the outcome", "its mean over all trials"),
    Column(
        "carry_over_power", "number", "proportion",
        "share of trials whose 95 % interval leaves out no carry-over",
    ),
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
