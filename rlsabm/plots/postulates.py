"""The postulates of the iron hypothesis: who has RLS why, and through what."""

from __future__ import annotations

from typing import Any

import pandas as pd

from rlsabm.errors import UserError
from rlsabm.observe.groups import EVERYONE
from rlsabm.plots.drawing import (
    LINE,
    WIDTH,
    altair,
    checked_study,
    chosen_word,
    chosen_year,
    finished,
)
from rlsabm.plots.themes import SCREEN
from rlsabm.printing.words import case_in_words
from rlsabm.results.study_results import Study
from rlsabm.results.summary import adult_estimates, with_limits_to_show
from rlsabm.results.totals import ADULT_AGE
from rlsabm.scenario import REFERENCE
from rlsabm.wording import percent

#: Questions that the postulates answer, and the parts of the answer, in the order of the figure.
QUESTIONS = {
    "Why do people have RLS?": {
        "precipitated": "Precipitated: not if iron stores were replete",
        "constitutional": "Constitutional: not if CNS iron sufficed",
        "not_iron": "Not iron: even if CNS iron sufficed",
    },
    "Through what does low CNS iron act?": {
        "through_dopamine": "Through dopamine, of cases due to CNS iron",
    },
    "How large is the dopaminergic loss of cases?": {
        "no_dopaminergic_loss": "No dopaminergic loss",
        "within_range_of_iron_deficiency": "Loss that iron deficiency alone produces",
        "beyond_range_of_iron_deficiency": "Larger dopaminergic loss",
    },
}
PARTS = {part: words for parts in QUESTIONS.values() for part, words in parts.items()}


def postulates_numbers(
    study: Study,
    *,
    definition: str = "any",
    condition: str = EVERYONE.name,
    arm: str = REFERENCE,
    year: int | None = None,
) -> pd.DataFrame:
    """What `postulates` draws: rows of the table of postulates.

    Parameters
    ----------
    study, definition, condition, arm, year
        As `postulates` has them.

    Returns
    -------
    pandas.DataFrame
        One row a part of the answer to one of three questions: ``question``, ``part``, ``label``,
        ``value``, ``lower``, ``upper`` (proportions), ``cases``, ``draws``.

    Raises
    ------
    UserError
        As `postulates`.
    """
    study = checked_study(study, "postulates")
    table = study.table("postulates")
    rows = adult_estimates(
        table,
        arm=chosen_word(table, "arm", arm),
        year=chosen_year(study, year),
        definition=chosen_word(table, "definition", definition),
    )
    rows = rows[rows["condition"] == chosen_word(table, "condition", condition)]
    rows = rows[rows["part"].isin(list(PARTS)) & rows["value"].notna()]
    if rows.empty:
        raise UserError("postulates: there is no case whose RLS could be explained")
    shown = rows.assign(prevalence=rows["value"], persons=rows["cases"])
    shown = with_limits_to_show(shown, "prevalence")
    found = pd.DataFrame(
        {
            "part": shown["part"].astype(str),
            **{name: shown[name] for name in ("value", "lower", "upper", "cases", "draws")},
        }
    )
    found.insert(0, "question", [_question_of(part) for part in found["part"]])
    found.insert(2, "label", found["part"].map(PARTS))
    order = found["part"].map(list(PARTS).index).sort_values().index
    found = found.loc[order].reset_index(drop=True)
    found.attrs = {
        "case": case_in_words(table.attrs.get("labels", {}), definition),
        "year": chosen_year(study, year),
    }
    return found


def _question_of(part: str) -> str:
    return next(question for question, parts in QUESTIONS.items() if part in parts)


def postulates(
    study: Study,
    *,
    definition: str = "any",
    condition: str = EVERYONE.name,
    arm: str = REFERENCE,
    year: int | None = None,
    theme: str = SCREEN,
) -> Any:
    """What cases would be cases in worlds with enough iron, and how large their dopaminergic loss is.

    Parameters
    ----------
    study
        What `rlsabm.read` or `rlsabm.simulate` returns, of a scenario with
        ``shifts: {postulates: true}``.
    definition, condition, arm, year
        Whose; all adults with any RLS in the reference, in the last survey.
    theme
        ``screen``, ``dark`` or ``print``.

    Returns
    -------
    altair.LayerChart
        Bars with 95 % intervals. Those of the first and of the third question add up to 100 %.

    Raises
    ------
    UserError
        If the study has no postulates, a value is not known, or altair is not installed.
    """
    alt = altair()
    numbers = postulates_numbers(
        study, definition=definition, condition=condition, arm=arm, year=year
    )
    limits = numbers[["value", "lower", "upper"]].to_numpy(float)
    drawn = numbers[["question", "label", "cases"]].assign(
        **dict(zip(("value", "lower", "upper"), 100.0 * limits.T, strict=True)),
        shown=[percent(*row) for row in limits],
    )
    questions = list(dict.fromkeys(drawn["question"]))
    axis = alt.Axis(title="Share of cases, %", grid=True)
    x = alt.X("value:Q", scale=alt.Scale(domain=[0, 100]), axis=axis)
    base = alt.Chart(drawn).encode(y=alt.Y("label:N", sort=list(drawn["label"]), title=None))
    bars = base.mark_bar(height={"band": 0.6}).encode(
        x=x,
        color=alt.Color(
            "question:N",
            sort=questions,
            title=None,
            scale=alt.Scale(domain=questions),
            legend=alt.Legend(columns=1),
        ),
        tooltip=[
            alt.Tooltip("label:N", title="part"),
            alt.Tooltip("shown:N", title="% of cases"),
            alt.Tooltip("cases:Q", format=","),
        ],
    )
    intervals = base.transform_filter("isValid(datum.lower)")
    intervals = intervals.mark_rule(strokeWidth=LINE, style="ink").encode(
        x=alt.X("lower:Q", axis=axis), x2=alt.X2("upper:Q")
    )
    chart = alt.layer(bars, intervals).properties(width=WIDTH, height=30 * len(drawn))
    said = "; ".join(f"{row.label} {row.shown} %" for row in drawn.itertuples())
    return finished(
        chart,
        theme,
        f"Shares of cases of {numbers.attrs['case']}, {ADULT_AGE}+ years, {numbers.attrs['year']}: "
        f"{said}.",
    )
