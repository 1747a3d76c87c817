"""The answer to a study's question in a few sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from rlsabm.printing.comparison import limits
from rlsabm.printing.numbers import percent_of, points_of
from rlsabm.printing.text import say
from rlsabm.printing.words import Labels, case_in_words, label
from rlsabm.results.comparing import Comparison
from rlsabm.results.findings import clearest_arm, everyone_in
from rlsabm.results.intervals import FEWEST_DRAWS
from rlsabm.results.summary import (
    adults_in_words,
    adults_only,
    of_study,
    pooled,
    with_limits_to_show,
)
from rlsabm.results.totals import ADULT_AGE
from rlsabm.results.trends import Trend
from rlsabm.wording import points

#: Years that make the people of a sentence adults.
ADULTS = f"{ADULT_AGE} years and older"


def print_answer(
    prevalence: pd.DataFrame,
    year: int,
    *,
    shift: Any = None,
    traced: bool = False,
    arms: Sequence[Comparison] = (),
    trend: Trend | None = None,
) -> None:
    """Say what the study has found, as `answer_to` puts it."""
    say("")
    say(
        " ".join(answer_to(prevalence, year, shift=shift, traced=traced, arms=arms, trend=trend)),
        bold=True,
    )


def answer_to(
    prevalence: pd.DataFrame,
    year: int,
    *,
    shift: Any = None,
    traced: bool = False,
    arms: Sequence[Comparison] = (),
    trend: Trend | None = None,
) -> list[str]:
    """Sentences that say what the study has found.

    Parameters
    ----------
    prevalence, year
        The table of prevalence, and the last survey year.
    shift, traced
        The largest shift that a condition causes, and whether the study has traced any.
    arms
        Of each arm its comparison with the reference: of everyone, by definition.
    trend
        Of the reference, if there are several survey years.
    """
    labels: Labels = prevalence.attrs.get("labels", {})
    sentences = [_level(prevalence, labels, year)]
    if trend is not None and len(trend.years) > 1:
        sentences.append(_change(trend))
    if shift is not None:
        sentences.append(
            "Of the conditions traced whose interval excludes 0, "
            f"{label(labels, 'condition', shift.condition)} causes the largest shift: "
            f"{_in_points(points_of(shift))}."
        )
    elif traced:
        sentences.append("No condition that was traced causes a shift whose interval excludes 0.")
    if arms:
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


def _effect(arms: Sequence[Comparison]) -> str:
    """What the clearest of the arms changes."""
    best = clearest_arm(arms)
    if best is None:
        what = "The arm leaves" if len(arms) == 1 else "All arms leave"
        return f"{what} the prevalence among everyone as it is."
    row = everyone_in(best)
    moved = _in_points(points(row["difference"], *limits(row, paired=True)))
    subject = f"The arm “{best.b.arm}” changes the prevalence of RLS by {moved}"
    if len(arms) > 1:
        subject = (
            f"Of {len(arms)} arms, “{best.b.arm}” changes the prevalence of RLS most: by {moved}"
        )
    return f"{subject}."


def _per_cent(shown: str) -> str:
    """A percentage with its unit: ``12.8 % (11.9–13.8)``."""
    value, bracket, interval = shown.partition(" (")
    return f"{value} %{bracket}{interval}"


def _in_points(shown: str) -> str:
    """A difference with its unit: ``-0.12 percentage points (-0.20 to -0.04)``."""
    value, bracket, interval = shown.partition(" (")
    return f"{value} percentage points{bracket}{interval}"
