"""The answer to a study's question in a few sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from rlsabm.printing.comparison import limits
from rlsabm.printing.numbers import percent_of, points_of
from rlsabm.printing.policies import with_limits
from rlsabm.printing.text import say
from rlsabm.printing.words import Labels, capitalised, case_in_words, label
from rlsabm.results.comparing import Comparison
from rlsabm.results.findings import clearest_arm, everyone_in
from rlsabm.results.intervals import FEWEST_DRAWS
from rlsabm.results.policies_told import of_all_years
from rlsabm.results.summary import (
    adults_in_words,
    adults_only,
    of_study,
    pooled,
    with_limits_to_show,
)
from rlsabm.results.totals import ADULT_AGE
from rlsabm.results.trends import Trend
from rlsabm.scenario import REFERENCE
from rlsabm.wording import counted, points

#: Years that make the people of a sentence adults.
ADULTS = f"{ADULT_AGE} years and older"


def print_answer(
    prevalence: pd.DataFrame,
    year: int,
    *,
    shift: Any = None,
    traced: Sequence[str] = (),
    arms: Sequence[Comparison] = (),
    trend: Trend | None = None,
    policies: pd.DataFrame | None = None,
    trial: pd.DataFrame | None = None,
) -> None:
    """Say what the study has found, as `answer_to` puts it."""
    say("")
    sentences = answer_to(
        prevalence, year, shift=shift, traced=traced, arms=arms, trend=trend, policies=policies,
        trial=trial,
    )  # fmt: skip
    say(" ".join(sentences), bold=True)


def answer_to(
    prevalence: pd.DataFrame,
    year: int,
    *,
    shift: Any = None,
    traced: Sequence[str] = (),
    arms: Sequence[Comparison] = (),
    trend: Trend | None = None,
    policies: pd.DataFrame | None = None,
    trial: pd.DataFrame | None = None,
) -> list[str]:
    """Sentences that say what the study has found.

    Parameters
    ----------
    prevalence, year
        The table of prevalence, and the last survey year.
    shift, traced
        The largest shift that a condition causes, and the conditions that the study has traced.
    arms
        Of each arm its comparison with the reference: of everyone, by definition.
    trend
        Of the reference, if there are several survey years.
    policies, trial
        The tables of these names, of studies that have them.
    """
    labels: Labels = prevalence.attrs.get("labels", {})
    sentences = [_level(prevalence, labels, year)]
    if trend is not None and len(trend.years) > 1:
        sentences.append(_change(trend))
    if traced:
        sentences.append(_cause(shift, traced, labels))
    if trial is not None and len(trial):
        sentences.append(_trial(trial))
    if policies is not None and len(policies):
        sentences.append(_averted(policies))
    elif arms:
        sentences.append(_effect(arms))
    if prevalence["draw"].nunique() < FEWEST_DRAWS:
        sentences.append("Intervals show chance only.")
    return sentences


def _level(prevalence: pd.DataFrame, labels: Labels, year: int) -> str:
    """How many have RLS."""
    rows = of_study(prevalence, year=year, condition="everyone")
    found = with_limits_to_show(pooled(adults_only(rows), ["definition"]), "prevalence")
    shown = {str(row.definition): _per_cent(percent_of(row)) for row in found.itertuples()}
    who = adults_in_words(rows)
    who = f"Among adults ({who})" if who == ADULTS else f"Among people of {who}"
    significant = case_in_words(labels, "significant")
    return f"{who}, {shown['any']} have RLS in {year}, and {shown['significant']} {significant}."


def _change(trend: Trend) -> str:
    """How prevalence has changed over the survey years."""
    years = trend.years
    row = next(row for row in trend.changes.to_dict("records") if row["definition"] == "any")
    moved = _in_points(points(row["difference"], *limits(row, paired=True)))
    return f"From {years[0]} to {years[-1]} the prevalence of RLS changes by {moved}."


def _cause(shift: Any, traced: Sequence[str], labels: Labels) -> str:
    """Which of the conditions that were traced causes most, among those that surely cause some."""
    if shift is None:
        if len(traced) == 1:
            name = capitalised(label(labels, "condition", traced[0]))
            return f"{name} causes no shift whose interval excludes 0."
        return "No condition that was traced causes a shift whose interval excludes 0."
    name, moved = label(labels, "condition", shift.condition), _in_points(points_of(shift))
    if len(traced) == 1:
        return f"In people with it, {name} shifts the prevalence of RLS by {moved}."
    return (
        "Of the conditions traced whose interval excludes 0, "
        f"{name} causes the largest shift: {moved}."
    )


def _effect(arms: Sequence[Comparison]) -> str:
    """What the clearest of the arms changes."""
    best = clearest_arm(arms)
    if best is None:
        what = "The arm leaves" if len(arms) == 1 else "All arms leave"
        return f"{what} the prevalence among everyone as it is."
    row = everyone_in(best)
    lower, upper = limits(row, paired=True)
    moved = _in_points(points(row["difference"], lower, upper))
    arm, what = f"“{best.b.arm}”", "the prevalence of RLS"
    perhaps_not = lower <= 0.0 <= upper
    if len(arms) == 1:
        return f"The arm {arm} changes {what} by {moved}{', or not at all' if perhaps_not else ''}."
    if perhaps_not:
        return f"None of {len(arms)} arms surely changes {what}; {arm} most clearly, by {moved}."
    return f"Of {len(arms)} arms, {arm} changes {what} most clearly, by {moved}."


def _averted(policies: pd.DataFrame) -> str:
    """Which policy averts most, among those that surely avert some."""
    told = of_all_years(policies)
    told = told[told["outcome"].astype(str) == "rls_years_averted"]
    sure = told[told["lower"] > 0.0]
    number = told["arm"].astype(str).nunique()
    if sure.empty:
        if number == 1:
            return "The policy averts no RLS, as far as intervals tell."
        return f"None of {number} policies averts RLS, as far as intervals tell."
    best = max(sure.to_dict("records"), key=lambda row: row["value"])
    value = with_limits(best["value"], best["lower"], best["upper"], signed=False)
    amount, bracket, interval = value.partition(" (")
    what = f"{amount} years with RLS per 100,000 person-years{bracket}{interval}"
    if number == 1:
        return f"The policy “{best['arm']}” averts {what}."
    return f"Of {number} policies, “{best['arm']}” averts most: {what}."


def _trial(trial: pd.DataFrame) -> str:
    """Which arm of a trial changes the score most, and how often a trial would find it."""
    told = trial[(trial["arm"].astype(str) == REFERENCE) & (trial["visit_month"] > 0)]
    told = told[told["outcome"].astype(str) == "irls_change"]
    best = max(told.to_dict("records"), key=lambda row: abs(row["mean_difference"]))
    months = counted(int(best["visit_month"]), "month")
    most = " most" if told["trial_arm"].astype(str).nunique() > 1 else ""
    return (
        f"In the mean of {counted(int(best['trials']), 'trial')}, “{best['trial_arm']}” changes the "
        f"IRLS score{most}: by {best['mean_difference']:+.1f} points against “{best['control']}” after "
        f"{months}, which {100 * best['power']:.0f} % of the trials find significant."
    )


def _per_cent(shown: str) -> str:
    """A percentage with its unit: ``12.8 % (11.9–13.8)``."""
    value, bracket, interval = shown.partition(" (")
    return f"{value} %{bracket}{interval}"


def _in_points(shown: str) -> str:
    """A difference with its unit: ``-0.12 percentage points (-0.20 to -0.04)``."""
    value, bracket, interval = shown.partition(" (")
    return f"{value} percentage points{bracket}{interval}"
