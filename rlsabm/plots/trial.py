"""What a virtual trial finds by visit, and published results beside it."""

from __future__ import annotations

from typing import Any

import pandas as pd

from rlsabm.errors import UserError
from rlsabm.plots.drawing import (
    LINE,
    POINT,
    WIDTH,
    altair,
    checked_study,
    chosen_word,
    finished,
    rows_of,
)
from rlsabm.plots.themes import SCREEN
from rlsabm.printing.trial import OUTCOME_WORDS, PROPORTIONS, with_interval
from rlsabm.printing.words import capitalised
from rlsabm.results.sources import unknown
from rlsabm.results.study_results import Study
from rlsabm.results.tables.trial import NORMAL_95
from rlsabm.scenario import REFERENCE

SIMULATED, PUBLISHED = "simulated", "published"
#: Space between what stands at the same visit, as a share of the whole width.
APART = 0.012


def trial_numbers(study: Study, *, outcome: str = "", arm: str = REFERENCE) -> pd.DataFrame:
    """What `trial` draws.

    Parameters
    ----------
    study, outcome, arm
        As `trial` has them.

    Returns
    -------
    pandas.DataFrame
        One row an arm and visit, then one a published result: ``trial_arm``, ``visit_month``,
        ``origin`` (``simulated`` or ``published``), ``result`` (its name, empty if simulated),
        ``value``, ``lower``, ``upper`` (points, or proportions), ``power`` (missing if published).
        Limits of simulated differences hold 95 % of the trials; those of published ones are 95 %
        intervals, missing where none is known.

    Raises
    ------
    UserError
        As `trial`.
    """
    study = checked_study(study, "trial")
    if "trial" not in study.tables:
        raise UserError(
            "trial: the study has none; a scenario asks for one: trial: {arms: {placebo: [], NAME: "
            "[TREATMENT]}}"
        )
    table = study.table("trial")
    rows = table[table["arm"] == chosen_word(table, "arm", arm)]
    is_cross_over = bool(rows["difference_first"].notna().any())
    outcome = outcome or ("irls" if is_cross_over else "irls_change")
    if outcome not in OUTCOME_WORDS:
        raise UserError(unknown("outcome", outcome, list(OUTCOME_WORDS)))
    rows = rows[(rows["outcome"] == outcome) & (rows["visit_month"] > 0)]
    spread = NORMAL_95 * rows["sd_of_differences"]
    found = pd.DataFrame(
        {
            "trial_arm": rows["trial_arm"].astype(str),
            "visit_month": rows["visit_month"],
            "origin": SIMULATED,
            "result": "",
            "value": rows["mean_difference"],
            "lower": rows["mean_difference"] - spread,
            "upper": rows["mean_difference"] + spread,
            "power": rows["power"],
        }
    )
    parts = [found]
    if "trial_published" in study.tables:
        told = study.table("trial_published")
        told = told[(told["arm"] == arm) & (told["outcome"] == outcome) & told["published"].notna()]
        beside = pd.DataFrame(
            {
                "trial_arm": told["trial_arm"].astype(str),
                "visit_month": told["visit_month"],
                "origin": PUBLISHED,
                "result": told["result"],
                "value": told["published"],
                "lower": told["published_lower"],
                "upper": told["published_upper"],
                "power": float("nan"),
            }
        )
        parts += [beside] if len(beside) else []
    numbers = pd.concat(parts, ignore_index=True)
    numbers.attrs = {
        "outcome": outcome,
        "control": str(rows["control"].iloc[0]),
        "trials": int(rows["trials"].max()),
        "cross_over": is_cross_over,
    }
    return numbers


def trial(study: Study, *, outcome: str = "", arm: str = REFERENCE, theme: str = SCREEN) -> Any:
    """Differences of a trial's arms from its control, by visit, and published ones beside them.

    Parameters
    ----------
    study
        What `rlsabm.read` or `rlsabm.simulate` returns, with a trial.
    outcome
        Outcome of the trial, such as ``responder``; by default the change in the IRLS score, or in a
        cross-over the score.
    arm
        Arm of the scenario.
    theme
        ``screen``, ``dark`` or ``print``.

    Returns
    -------
    altair.LayerChart
        Lines join the visits of the simulated trials; their intervals hold 95 % of the trials.
        Published differences are hollow, with their 95 % intervals.

    Raises
    ------
    UserError
        If the study has no trial, a value is not known, or altair is not installed.
    """
    alt = altair()
    numbers = trial_numbers(study, outcome=outcome, arm=arm)
    outcome, control = numbers.attrs["outcome"], numbers.attrs["control"]
    scale = 100.0 if outcome in PROPORTIONS else 1.0
    arms = list(dict.fromkeys(numbers["trial_arm"]))
    names = [capitalised(name) for name in arms]
    drawn = numbers.assign(
        **{name: scale * numbers[name] for name in ("value", "lower", "upper")},
        at=_apart(numbers, arms),
        arm=[capitalised(name) for name in numbers["trial_arm"]],
        shown=[
            with_interval(outcome, *limits)
            for limits in numbers[["value", "lower", "upper"]].to_numpy(float)
        ],
    )
    last = int(drawn["visit_month"].max())
    title = f"{capitalised(OUTCOME_WORDS[outcome])}, arm less {control}"
    x = alt.X(
        "at:Q",
        scale=alt.Scale(domain=[0, last * (1 + 3 * APART * (1 + len(arms)))], nice=False),
        axis=alt.Axis(
            title="Month of the trial", values=[0, *sorted(set(drawn["visit_month"]))],
            format="d", grid=False,
        ),
    )  # fmt: skip
    y = alt.Y("value:Q", scale=alt.Scale(nice=True, zero=True), title=title)
    key = {"sort": names, "title": None, "scale": alt.Scale(domain=names)}
    base = alt.Chart(drawn).encode(x=x, color=alt.Color("arm:N", **key))
    line = alt.Chart(pd.DataFrame({"value": [0.0]})).mark_rule(style="nought").encode(y=y)
    lines = base.transform_filter(f"datum.origin == '{SIMULATED}'")
    lines = lines.mark_line(strokeWidth=LINE).encode(y=y)
    intervals = base.transform_filter("isValid(datum.lower)").mark_rule(strokeWidth=LINE)
    intervals = intervals.encode(y=alt.Y("lower:Q", title=title), y2=alt.Y2("upper:Q"))
    origins = [name for name in (SIMULATED, PUBLISHED) if name in set(drawn["origin"])]
    points = base.mark_point(size=POINT, opacity=1.0, strokeWidth=LINE).encode(
        y=y,
        shape=alt.Shape(
            "origin:N", title=None, sort=origins,
            scale=alt.Scale(domain=origins, range=["circle", "diamond"][: len(origins)]),
        ),
        fill=alt.condition(
            f"datum.origin == '{SIMULATED}'",
            alt.Color("arm:N", **key),
            alt.value("transparent"),
        ),
        tooltip=[
            alt.Tooltip("arm:N"),
            alt.Tooltip("visit_month:Q", title="month"),
            alt.Tooltip("origin:N"),
            alt.Tooltip("result:N"),
            alt.Tooltip("shown:N", title="difference"),
        ],
    )  # fmt: skip
    chart = alt.layer(line, lines, intervals, points).properties(width=WIDTH, height=300)
    said = "; ".join(
        f"{row.arm}, month {row.visit_month}, {row.result or SIMULATED}: {row.shown}"
        for row in rows_of(drawn)
    )
    return finished(
        chart,
        theme,
        f"Difference of a virtual trial's arms from {control} by visit, {OUTCOME_WORDS[outcome]}: "
        f"{said}.",
    )


def _apart(numbers: pd.DataFrame, arms: list[str]) -> list[float]:
    """Where each row stands: at its visit, with those of the same visit beside one another."""
    step = APART * float(numbers["visit_month"].max())
    taken: dict[int, int] = {}
    places = []
    for row in rows_of(numbers):
        place = arms.index(row.trial_arm)
        if row.origin == PUBLISHED:
            place = len(arms) + taken.get(row.visit_month, 0)
            taken[row.visit_month] = place + 1 - len(arms)
        places.append(row.visit_month + step * place)
    return places
