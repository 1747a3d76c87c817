"""What policies avert."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from rlsabm.errors import UserError, nearest
from rlsabm.plots.drawing import altair, checked_study, finished, rows_with_intervals
from rlsabm.plots.themes import SCREEN
from rlsabm.printing.policies import with_limits
from rlsabm.printing.words import capitalised
from rlsabm.results.policies_told import of_all_years
from rlsabm.results.study_results import Study
from rlsabm.results.tables.policies import FOR_ONE
from rlsabm.results.tables.policy_counts import STRATA_OF_POLICIES

#: What is drawn unless something else is asked for.
OUTCOMES = ("rls_years_averted", "significant_rls_years_averted")


def policies_numbers(
    study: Study, *, outcome: Sequence[str] | str = OUTCOMES, by: str | None = None
) -> pd.DataFrame:
    """What `policies` draws.

    Parameters
    ----------
    study, outcome, by
        As `policies` has them.

    Returns
    -------
    pandas.DataFrame
        One row an arm, outcome and, if asked for, stratum: ``arm``, ``outcome``, ``value``, ``lower``,
        ``upper``, per 100,000 person-years over all policy years.

    Raises
    ------
    UserError
        As `policies`.
    """
    study = checked_study(study, "policies")
    if by is not None and by not in STRATA_OF_POLICIES:
        raise UserError(f"by: found {by} (expected one of {', '.join(STRATA_OF_POLICIES)})")
    table = study.table("policies")
    wanted = [outcome] if isinstance(outcome, str) else list(outcome)
    known = [str(name) for name in table["outcome"].cat.categories if name not in FOR_ONE]
    for name in wanted:
        if name not in known:
            near = nearest(name, known)
            hint = f"did you mean {near}?" if near else f"expected one of {', '.join(known)}"
            raise UserError(f"outcome: found {name} ({hint})")
    rows = of_all_years(table, by=by)
    rows = rows[rows["outcome"].isin(wanted)]
    columns = ["arm", *([by] if by else []), "outcome", "value", "lower", "upper"]
    numbers = rows[columns].reset_index(drop=True)
    numbers.attrs = {
        "labels": table.attrs.get("labels", {}).get("outcome", {}),
        "years": int(table["policy_year"].max()),
    }
    return numbers


def policies(
    study: Study,
    *,
    outcome: Sequence[str] | str = OUTCOMES,
    by: str | None = None,
    theme: str = SCREEN,
) -> Any:
    """What each policy averts, or how else it differs from the reference.

    Parameters
    ----------
    study
        What `rlsabm.read` or `rlsabm.simulate` returns, of a scenario with ``policy``.
    outcome
        One outcome of the table ``policies`` or several; by default years with RLS averted.
    by
        Broken down by ``sex``, ``age_group`` or ``genetic_quarter``.
    theme
        ``screen``, ``dark`` or ``print``.

    Returns
    -------
    altair.LayerChart
        A row a policy, or a policy and stratum; 0 means as in the reference.

    Raises
    ------
    UserError
        If the study has no policies, a value is not known, or altair is not installed.
    """
    alt = altair()
    numbers = policies_numbers(study, outcome=outcome, by=by)
    labels = numbers.attrs["labels"]
    names = [str(arm) for arm in numbers["arm"]]
    if by:
        words = numbers[by].astype(str)
        if by == "genetic_quarter":
            words = "quarter " + words
        names = [f"{arm}: {word}" for arm, word in zip(names, words, strict=True)]
    drawn = pd.DataFrame(
        {
            "policy": [capitalised(name) for name in names],
            "outcome": [capitalised(labels.get(str(n), str(n))) for n in numbers["outcome"]],
            "value": numbers["value"],
            "lower": numbers["lower"],
            "upper": numbers["upper"],
            "shown": [
                with_limits(row["value"], row["lower"], row["upper"])
                for row in numbers.to_dict("records")
            ],
        }
    )
    chart = rows_with_intervals(
        drawn,
        row="policy",
        rows_in_order=list(dict.fromkeys(drawn["policy"])),
        series="outcome",
        series_in_order=list(dict.fromkeys(drawn["outcome"])),
        scale=alt.Scale(nice=True, zero=True),
        axis=alt.Axis(title="Per 100,000 person-years", grid=True, tickCount=7),
        tooltip=[
            alt.Tooltip("policy:N"),
            alt.Tooltip("outcome:N"),
            alt.Tooltip("shown:N", title="per 100,000 person-years"),
        ],
        height=48,
    )
    said = "; ".join(f"{each.policy}, {each.outcome}: {each.shown}" for each in drawn.itertuples())
    return finished(
        chart,
        theme,
        f"What policies avert in {numbers.attrs['years']} years, per 100,000 person-years: {said}.",
    )
