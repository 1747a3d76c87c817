"""What all figures share: altair, which is an extra, points with intervals, and checked arguments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from rlsabm.errors import UserError
from rlsabm.plots.themes import config_of
from rlsabm.results.sources import unknown
from rlsabm.results.study_results import Study

#: Width of a figure that nobody has chosen, and of what keeps its rows apart (pixels).
WIDTH, ROW, ROW_OF_MANY = 520, 24, 13
#: Size of a point (square pixels), and width of the line of an interval.
POINT, LINE = 60, 1.8


def altair() -> Any:
    """The library that draws.

    Raises
    ------
    UserError
        If it is not installed.
    """
    try:
        import altair as found
    except ImportError:
        raise UserError('figures need altair: pip install "rlsabm[report]"') from None
    return found


def finished(chart: Any, theme: str, described: str) -> Any:
    """The figure in a theme, with its text alternative.

    Raises
    ------
    UserError
        If there is no such theme.
    """
    return chart.properties(description=described).configure(**config_of(theme))


def checked_study(study: Any, what: str) -> Study:
    """The study, if it is one.

    Raises
    ------
    UserError
        If it is none.
    """
    if not isinstance(study, Study):
        raise UserError(
            f"{what}: found {type(study).__name__} (expected what rlsabm.read or rlsabm.simulate "
            "returns)"
        )
    return study


def chosen_year(study: Study, year: int | None) -> int:
    """The survey year, the last if none is named.

    Raises
    ------
    UserError
        If nobody was surveyed in it.
    """
    if year is None:
        return study.years[-1]
    if year not in study.years:
        raise UserError(unknown("year", str(year), [str(known) for known in study.years]))
    return int(year)


def chosen_word(table: pd.DataFrame, column: str, word: str) -> str:
    """A word of a column.

    Raises
    ------
    UserError
        If the column has no such word.
    """
    known = [str(each) for each in table[column].cat.categories]
    if word not in known:
        raise UserError(unknown(column, str(word), known))
    return word


def rows_of(frame: pd.DataFrame) -> list[Any]:
    """Rows of a data frame, with its columns as attributes."""
    return list(frame.itertuples())


def rows_with_intervals(
    rows: pd.DataFrame,
    *,
    row: str,
    rows_in_order: Sequence[str],
    series: str,
    series_in_order: Sequence[str],
    scale: Any,
    axis: Any,
    tooltip: Sequence[Any],
    zero: float | None = 0.0,
    height: int = 0,
) -> Any:
    """Points with intervals, a row each, and its series apart by colour, shape and place.

    Parameters
    ----------
    rows
        With ``value``, ``lower`` and ``upper`` as they are drawn.
    row, rows_in_order
        Column that names rows, and their names from above.
    series, series_in_order
        Column that tells series apart, and their names.
    scale, axis
        Of the values.
    tooltip
        What is shown of a point.
    zero
        Where a line says that nothing differs; None for no line.
    height
        Of a row; by the number of series where nothing is said.
    """
    alt = altair()
    x = alt.X("value:Q", scale=scale, axis=axis)
    y = alt.Y(f"{row}:N", sort=list(rows_in_order), title=None)
    offset = alt.YOffset(f"{series}:N", sort=list(series_in_order))
    key = {"sort": list(series_in_order), "title": None, "scale": alt.Scale(domain=series_in_order)}
    base = alt.Chart(rows).encode(y=y, yOffset=offset, color=alt.Color(f"{series}:N", **key))
    intervals = base.transform_filter("isValid(datum.lower)").mark_rule(strokeWidth=LINE)
    intervals = intervals.encode(x=x, x2=alt.X2("upper:Q"))
    intervals = intervals.encode(x=alt.X("lower:Q", scale=scale, axis=axis))
    points = base.mark_point(filled=True, size=POINT, opacity=1.0).encode(
        x=x, shape=alt.Shape(f"{series}:N", **key), tooltip=list(tooltip)
    )
    layers = [intervals, points]
    if zero is not None:
        line = alt.Chart(pd.DataFrame({"value": [zero]})).mark_rule(style="nought")
        layers.insert(0, line.encode(x=x))
    step = height or max(ROW, ROW_OF_MANY * len(series_in_order))
    return alt.layer(*layers).properties(width=WIDTH, height=step * max(len(rows_in_order), 1))
