"""Prevalence over several survey years."""

from __future__ import annotations

from typing import Any

import pandas as pd

from rlsabm.errors import UserError
from rlsabm.plots.drawing import LINE, POINT, WIDTH, altair, checked_study, chosen_word, finished
from rlsabm.plots.themes import SCREEN
from rlsabm.printing.words import Labels, capitalised, case_in_words
from rlsabm.results.choosing import ADULTS, Wanted, ages_in_words, choose
from rlsabm.results.study_results import Study
from rlsabm.results.summary import pooled, with_limits_to_show
from rlsabm.scenario import REFERENCE
from rlsabm.wording import percent


def trend_numbers(
    study: Study, *, condition: Wanted = None, definition: str = "any", ages: str = ADULTS
) -> pd.DataFrame:
    """What `trend` draws.

    Parameters
    ----------
    study, condition, definition, ages
        As `trend` has them.

    Returns
    -------
    pandas.DataFrame
        One row an arm and survey year: ``arm``, ``year``, ``cases``, ``persons``, ``prevalence``
        (proportion), ``lower``, ``upper``, ``draws``.

    Raises
    ------
    UserError
        As `trend`.
    """
    study = checked_study(study, "trend")
    if len(study.years) < 2:
        raise UserError(
            f"trend: the study has one survey year only, {study.years[0]}; a scenario asks for "
            "several: observe: {years: [2010, 2019]}"
        )
    table = study.table("prevalence")
    chosen_word(table, "definition", definition)
    wanted: dict[str, Wanted] = {
        "condition": condition,
        "definition": definition,
        "year": study.years,
        "arm": [arm for arm in study.arms if arm in set(table["arm"].astype(str))],
    }
    chosen = choose(table, "prevalence", wanted, by=["arm", "year"], ages=ages)
    found = with_limits_to_show(pooled(chosen.rows, ["arm", "year"]), "prevalence")
    found = found[found["persons"] > 0].sort_values(["arm", "year"], kind="stable")
    found = found[["arm", "year", "cases", "persons", "prevalence", "lower", "upper", "draws"]]
    found = found.assign(arm=found["arm"].astype(str)).reset_index(drop=True)
    found.attrs = {
        "labels": table.attrs.get("labels", {}),
        "definition": definition,
        "ages": ages_in_words(table, ages),
    }
    return found


def trend(
    study: Study,
    *,
    condition: Wanted = None,
    definition: str = "any",
    ages: str = ADULTS,
    theme: str = SCREEN,
) -> Any:
    """Prevalence by survey year, an arm a line, with 95 % intervals.

    Parameters
    ----------
    study
        What `rlsabm.read` or `rlsabm.simulate` returns, with several survey years.
    condition, definition, ages
        As `Study.trend` has them.
    theme
        ``screen``, ``dark`` or ``print``.

    Returns
    -------
    altair.LayerChart
        Lines join the surveys; between them nobody was asked.

    Raises
    ------
    UserError
        If the study has one survey year only, a value is not known, or altair is not installed.
    """
    alt = altair()
    numbers = trend_numbers(study, condition=condition, definition=definition, ages=ages)
    labels: Labels = numbers.attrs["labels"]
    limits = numbers[["prevalence", "lower", "upper"]]
    drawn = numbers[["arm", "year", "cases", "persons"]].assign(
        value=100.0 * numbers["prevalence"],
        lower=100.0 * numbers["lower"],
        upper=100.0 * numbers["upper"],
        shown=[percent(*row) for row in limits.to_numpy(float)],
        arm=[capitalised(arm) for arm in numbers["arm"]],
    )
    arms = list(dict.fromkeys(drawn["arm"]))
    case = case_in_words(labels, definition)
    years = sorted(set(drawn["year"].tolist()))
    many = len(arms) > 1
    key = {
        "sort": arms,
        "title": None,
        "scale": alt.Scale(domain=arms),
        "legend": alt.Legend() if many else None,
    }
    x = alt.X(
        "year:Q",
        scale=alt.Scale(nice=False, zero=False, padding=18),
        axis=alt.Axis(title="Survey year", format="d", values=years, grid=False),
    )
    scale = alt.Scale(zero=True, nice=True)
    title = f"Prevalence of {case}, %"
    base = alt.Chart(drawn).encode(x=x, color=alt.Color("arm:N", **key))
    lines = base.mark_line(strokeWidth=LINE).encode(y=alt.Y("value:Q", scale=scale, title=title))
    intervals = base.transform_filter("isValid(datum.lower)").mark_rule(strokeWidth=LINE)
    intervals = intervals.encode(y=alt.Y("lower:Q", scale=scale, title=title), y2=alt.Y2("upper:Q"))
    points = base.mark_point(filled=True, size=POINT, opacity=1.0).encode(
        y=alt.Y("value:Q", scale=scale, title=title),
        shape=alt.Shape("arm:N", **key),
        tooltip=[
            alt.Tooltip("arm:N"),
            alt.Tooltip("year:Q", format="d"),
            alt.Tooltip("shown:N", title="prevalence, %"),
            alt.Tooltip("persons:Q", format=","),
        ],
    )
    chart = alt.layer(lines, intervals, points).properties(width=WIDTH, height=280)
    reference = drawn[drawn["arm"] == capitalised(REFERENCE)]
    said = "; ".join(f"{row.year}: {row.shown} %" for row in reference.itertuples())
    return finished(
        chart, theme, f"Prevalence of {case} by survey year, {numbers.attrs['ages']}: {said}."
    )
