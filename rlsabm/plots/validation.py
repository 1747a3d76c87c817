"""Published figures beside simulated ones, relative to the published."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from rlsabm.calibration.scorecard import PURPOSES, Scorecard
from rlsabm.errors import UserError
from rlsabm.plots.drawing import LINE, POINT, WIDTH, altair, finished
from rlsabm.plots.scorecards import shipped_scorecard
from rlsabm.plots.themes import SCREEN
from rlsabm.printing.scorecard import published_text, simulated_text, verdict_text
from rlsabm.results.sources import unknown

#: Verdict on a figure inside of its published interval.
INSIDE = "Inside the published interval"
#: How far from the published figure the axis goes at least and at most, as a factor to either side.
NEAREST_END, FURTHEST_END = 4.0, 10.0
#: Room for the names of figures (pixels).
LABEL = 400
#: What people read of a verdict.
VERDICTS = {
    "yes": INSIDE,
    "no": "Outside",
    "no?": "Outside, perhaps by chance",
}

CardLike = Scorecard | pd.DataFrame | str | Path | None


def validation_numbers(card: CardLike = None, *, purpose: str = "validation") -> pd.DataFrame:
    """What `validation` draws: rows of a scorecard that can be observed.

    Parameters
    ----------
    card, purpose
        As `validation` has them.

    Returns
    -------
    pandas.DataFrame
        ``target``, ``says``, ``simulated``, ``lower``, ``upper``, ``published``, ``published_lower``,
        ``published_upper``, each of the figure; the same with ``ratio_`` before it as a ratio to the
        published figure; ``verdict``; ``source``.

    Raises
    ------
    UserError
        As `validation`.
    """
    if purpose not in PURPOSES:
        raise UserError(unknown("purpose", str(purpose), list(PURPOSES)))
    frame = _frame(card)
    rows = frame[(frame["purpose"] == purpose) & (frame["verdict"] != "not observed")]
    rows = rows[(rows["published"] > 0.0) & (rows["simulated"] > 0.0)]
    if rows.empty:
        raise UserError(f"{purpose}: the scorecard has no such figures that can be observed")
    kept = ["target", "says", "simulated", "lower", "upper", "published", "published_lower",
            "published_upper"]  # fmt: skip
    found = rows[kept].copy()
    for name in kept[2:]:
        found[f"ratio_{name}"] = rows[name] / rows["published"]
    found["verdict"] = [VERDICTS[verdict_text(row)] for row in rows.itertuples()]
    found["simulated_text"] = [simulated_text(row) for row in rows.itertuples()]
    found["published_text"] = [published_text(row) for row in rows.itertuples()]
    found["source"] = rows["source"]
    return found.reset_index(drop=True)


def _frame(card: CardLike) -> pd.DataFrame:
    """The table of a scorecard.

    Raises
    ------
    UserError
        If it is none, or its file cannot be read.
    """
    if card is None:
        return shipped_scorecard()
    if isinstance(card, Scorecard):
        return card.frame
    if isinstance(card, str | Path):
        try:
            with Path(card).open("rb") as file:
                card = pq.read_table(file).to_pandas()
        except (OSError, ValueError) as error:
            raise UserError(f"{card}: cannot be read: {str(error).splitlines()[0]}") from None
    if not isinstance(card, pd.DataFrame) or "published" not in card:
        raise UserError(
            "validation: expected a scorecard, as rlsabm.validate or rlsabm validate --out gives it"
        )
    return card


def validation(card: CardLike = None, *, purpose: str = "validation", theme: str = SCREEN) -> Any:
    """Figures to which nothing is fitted: simulated ones relative to published ones.

    Parameters
    ----------
    card
        What `rlsabm.validate` returns, its table or the file of that; by default the scorecard of the
        parameters that ship.
    purpose
        ``validation``, or ``calibration`` for the figures that parameters may be fitted to.
    theme
        ``screen``, ``dark`` or ``print``.

    Returns
    -------
    altair.LayerChart
        A row a figure, on a scale of logarithms: a bar for the published interval, a point with its
        interval for the simulated figure. What is further off than ten times stands at the edge.

    Raises
    ------
    UserError
        If this is no scorecard, it has no such figures, or altair is not installed.
    """
    alt = altair()
    numbers = validation_numbers(card, purpose=purpose)
    off = numbers["ratio_simulated"]
    end = float(np.clip(1.05 * max(off.max(), 1.0 / off.min()), NEAREST_END, FURTHEST_END))
    drawn = pd.DataFrame(
        {
            "says": _told_apart(numbers),
            **{
                name: np.clip(numbers[f"ratio_{column}"], 1.0 / end, end)
                for name, column in (
                    ("value", "simulated"), ("lower", "lower"), ("upper", "upper"),
                    ("from", "published_lower"), ("to", "published_upper"),
                )
            },
            **{name: numbers[name] for name in ("verdict", "simulated_text", "published_text",
                                                "source")},
        }
    )  # fmt: skip
    ticks = [0.1, 0.15, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 6, 10]
    scale = alt.Scale(type="log", domain=[1.0 / end, end], nice=False)
    axis = alt.Axis(
        title="Simulated relative to published (ratio)",
        values=ticks,
        format="~g",
        grid=True,
        labelOverlap="greedy",
        labelSeparation=4,
    )
    base = alt.Chart(drawn).encode(
        y=alt.Y("says:N", sort=list(drawn["says"]), title=None, axis=alt.Axis(labelLimit=LABEL))
    )
    bands = base.mark_bar(style="band", height={"band": 0.7}).encode(
        x=alt.X("from:Q", scale=scale, axis=axis), x2=alt.X2("to:Q")
    )
    intervals = base.mark_rule(strokeWidth=LINE)
    points = base.mark_point(filled=True, size=POINT, opacity=1.0)
    verdicts = list(VERDICTS.values())
    key = {"sort": verdicts, "title": None, "scale": alt.Scale(domain=verdicts)}
    colour = alt.Color("verdict:N", **key)
    x = alt.X("value:Q", scale=scale, axis=axis)
    one = alt.Chart(pd.DataFrame({"value": [1.0]})).mark_rule(style="nought").encode(x=x)
    chart = alt.layer(
        bands,
        one,
        intervals.encode(
            x=alt.X("lower:Q", scale=scale, axis=axis), x2=alt.X2("upper:Q"), color=colour
        ),
        points.encode(
            x=x,
            color=colour,
            shape=alt.Shape("verdict:N", **key),
            tooltip=[
                alt.Tooltip("says:N", title="figure"),
                alt.Tooltip("simulated_text:N", title="simulated"),
                alt.Tooltip("published_text:N", title="published"),
                alt.Tooltip("source:N"),
            ],
        ),
    ).properties(width=WIDTH - 120, height=17 * len(drawn))
    inside = int((numbers["verdict"] == INSIDE).sum())
    fitted = "that parameters may be fitted to" if purpose == "calibration" else "never fitted to"
    return finished(
        chart,
        theme,
        f"Published figures {fitted}, and simulated ones relative to them: {inside} of "
        f"{len(numbers)} are inside of their published intervals.",
    )


def _told_apart(numbers: pd.DataFrame) -> list[str]:
    """Names of the rows; with the key of the figure where two say the same."""
    twice = numbers["says"].duplicated(keep=False)
    return [
        f"{says} ({target})" if again else str(says)
        for says, target, again in zip(numbers["says"], numbers["target"], twice, strict=True)
    ]
