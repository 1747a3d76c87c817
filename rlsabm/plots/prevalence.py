"""Prevalence by strata, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from rlsabm.conventions import in_words
from rlsabm.errors import UserError
from rlsabm.plots.drawing import (
    LINE,
    POINT,
    WIDTH,
    altair,
    checked_study,
    finished,
    rows_with_intervals,
)
from rlsabm.plots.themes import SCREEN
from rlsabm.printing.words import Labels, capitalised, case_in_words, label
from rlsabm.results.choosing import ALL_AGES, Wanted, choose, nothing_there, wanted_columns
from rlsabm.results.choosing import ages_in_words as in_words_of_ages
from rlsabm.results.study_results import Study
from rlsabm.results.summary import pooled, with_limits_to_show
from rlsabm.scenario import REFERENCE
from rlsabm.wording import percent

#: By what prevalence is broken down where nothing is said, as far as the study is.
STRATA = ("age_group", "sex")
#: Columns whose values stand in a row from left to right.
ORDERED = ("age_group", "parity", "year")
#: Most columns that a figure tells apart.
MOST = 2


def prevalence_numbers(
    study: Study,
    *,
    by: str | Sequence[str] | None = None,
    condition: Wanted = None,
    definition: Wanted = None,
    arm: Wanted = None,
    year: Wanted = None,
    observed_as: Wanted = None,
    ages: str | Sequence[str] | None = None,
) -> pd.DataFrame:
    """What `prevalence` draws.

    Parameters
    ----------
    study, by, condition, definition, arm, year, observed_as, ages
        As `prevalence` has them.

    Returns
    -------
    pandas.DataFrame
        What tells the rows apart, ``cases`` and ``persons`` of all runs, ``prevalence`` (proportion)
        and its interval ``lower``, ``upper``.

    Raises
    ------
    UserError
        As `prevalence`.
    """
    study = checked_study(study, "prevalence")
    table = study.table("prevalence")
    columns = wanted_columns(by) if by is not None else [name for name in STRATA if name in table]
    columns = columns or ["definition"]
    ages = ages if ages is not None else ALL_AGES if "age_group" in columns else "adults"
    wanted: dict[str, Wanted] = {
        "condition": condition,
        "definition": definition,
        "arm": arm,
        "year": year,
        "observed_as": observed_as,
    }
    chosen = choose(table, "prevalence", wanted, by=columns, ages=ages)
    if chosen.rows.empty:
        raise nothing_there(table, "prevalence", chosen)
    if len(chosen.keys) > MOST:
        raise UserError(
            f"prevalence: a figure tells two columns apart, not {len(chosen.keys)}: "
            f"{', '.join(chosen.keys)}"
        )
    found = with_limits_to_show(pooled(chosen.rows, chosen.keys), "prevalence")
    found = found[found["persons"] > 0].sort_values(chosen.keys, kind="stable")
    found = found[[*chosen.keys, "cases", "persons", "prevalence", "lower", "upper", "draws"]]
    found = found.reset_index(drop=True)
    found.attrs = {
        "keys": chosen.keys,
        "labels": table.attrs.get("labels", {}),
        "selection": {**chosen.selection, "ages": in_words_of_ages(table, ages)},
    }
    return found


def prevalence(
    study: Study,
    *,
    by: str | Sequence[str] | None = None,
    condition: Wanted = None,
    definition: Wanted = None,
    arm: Wanted = None,
    year: Wanted = None,
    observed_as: Wanted = None,
    ages: str | Sequence[str] | None = None,
    theme: str = SCREEN,
) -> Any:
    """Prevalence of RLS with 95 % intervals.

    Parameters
    ----------
    study
        What `rlsabm.read` or `rlsabm.simulate` returns.
    by
        One or two columns whose values are drawn apart, such as ``["age_group", "sex"]`` (the default,
        as far as the study is broken down by them) or ``"condition"``.
    condition, definition, arm, year, observed_as
        As `Study.prevalence` has them: by default everyone, any RLS, the reference, the last survey and
        the truth.
    ages
        ``adults``, ``all`` or age groups; by default all if they are drawn apart, otherwise adults.
    theme
        ``screen``, ``dark`` or ``print``.

    Returns
    -------
    altair.LayerChart
        Age groups, parities and years from left to right; others a row each.

    Raises
    ------
    UserError
        If a column or value is not known, more than two columns are to be told apart, or altair is
        not installed.
    """
    alt = altair()
    numbers = prevalence_numbers(
        study, by=by, condition=condition, definition=definition, arm=arm, year=year,
        observed_as=observed_as, ages=ages,
    )  # fmt: skip
    drawn, first, second = _drawn(numbers)
    title = f"Prevalence of {_case(numbers)}, %"
    tooltip = [
        *(alt.Tooltip(f"{name}:N", title=in_words(name)) for name in (first, second) if name),
        alt.Tooltip("shown:N", title="prevalence, %"),
        alt.Tooltip("cases:Q", format=","),
        alt.Tooltip("persons:Q", format=","),
    ]
    orders = {name: list(dict.fromkeys(drawn[name])) for name in (first, second) if name}
    if first in ORDERED:
        chart = _columns(drawn, first, second, orders, title, tooltip)
    else:
        series = second or "series"
        chart = rows_with_intervals(
            drawn.assign(series=_case(numbers)), row=first, rows_in_order=orders[first],
            series=series, series_in_order=orders.get(series, [_case(numbers)]),
            scale=alt.Scale(nice=True, zero=True), axis=alt.Axis(title=title), tooltip=tooltip,
            zero=None,
        )  # fmt: skip
    return finished(chart, theme, _described(numbers, drawn, first, second))


def _drawn(numbers: pd.DataFrame) -> tuple[pd.DataFrame, str, str]:
    """Per cent and words, and the columns along the axis and within."""
    labels: Labels = numbers.attrs["labels"]
    keys = sorted(numbers.attrs["keys"], key=lambda name: name not in ORDERED)
    drawn = pd.DataFrame(
        {name: [capitalised(label(labels, name, word)) for word in numbers[name]] for name in keys}
    )
    if "age_group" in drawn:
        drawn["age_group"] = numbers["age_group"].astype(str).str.replace("-", "–")
    for name in ("prevalence", "lower", "upper"):
        drawn["value" if name == "prevalence" else name] = 100.0 * numbers[name]
    limits = numbers[["prevalence", "lower", "upper"]].to_numpy(float)
    drawn["shown"] = [percent(*row) for row in limits]
    drawn[["cases", "persons"]] = numbers[["cases", "persons"]]
    return drawn, keys[0], keys[1] if len(keys) > 1 else ""


def _columns(
    drawn: pd.DataFrame,
    first: str,
    second: str,
    orders: dict[str, list[str]],
    title: str,
    tooltip: list[Any],
) -> Any:
    """Values from left to right."""
    alt = altair()
    axis = alt.Axis(title=capitalised(in_words(first)), labelAngle=0, grid=False)
    base = alt.Chart(drawn).encode(x=alt.X(f"{first}:N", sort=orders[first], axis=axis))
    if second:
        key = {"sort": orders[second], "title": None, "scale": alt.Scale(domain=orders[second])}
        base = base.encode(
            xOffset=alt.XOffset(f"{second}:N", sort=orders[second]),
            color=alt.Color(f"{second}:N", **key),
        )
    scale = alt.Scale(nice=True, zero=True)
    intervals = base.transform_filter("isValid(datum.lower)").mark_rule(strokeWidth=LINE)
    intervals = intervals.encode(y=alt.Y("lower:Q", scale=scale, title=title), y2=alt.Y2("upper:Q"))
    points = base.mark_point(filled=True, size=POINT, opacity=1.0)
    points = points.encode(y=alt.Y("value:Q", scale=scale, title=title), tooltip=tooltip)
    if second:
        points = points.encode(shape=alt.Shape(f"{second}:N", **key))
    return alt.layer(intervals, points).properties(width=WIDTH, height=280)


def _case(numbers: pd.DataFrame) -> str:
    """Who is a case, as far as it is one definition."""
    definition = numbers.attrs["selection"].get("definition")
    if not isinstance(definition, str):
        return "RLS"
    return case_in_words(numbers.attrs["labels"], definition)


def _described(numbers: pd.DataFrame, drawn: pd.DataFrame, first: str, second: str) -> str:
    """The figure in words."""
    selection = numbers.attrs["selection"]
    by = " and ".join(in_words(name) for name in (first, second) if name)
    ordered: Any = drawn.sort_values("value", kind="stable")
    low, high = ordered.iloc[0], ordered.iloc[-1]

    def who(row: Any) -> str:
        return ", ".join(str(row[name]) for name in (first, second) if name)

    arm = selection.get("arm")
    where = f", arm {arm}" if isinstance(arm, str) and arm != REFERENCE else ""
    return (
        f"Prevalence of {_case(numbers)} by {by}, {selection['ages']}, {selection['year']}{where}: "
        f"lowest {low['shown']} % ({who(low)}), highest {high['shown']} % ({who(high)})."
    )
