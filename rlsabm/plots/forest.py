"""Shifts of prevalence by condition as a forest plot: observed, caused, and through iron."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from rlsabm.care.receiving import DIAGNOSED
from rlsabm.care.treatment import shipped_treatments
from rlsabm.declaring.bounds import names
from rlsabm.errors import UserError
from rlsabm.plots.drawing import (
    altair,
    checked_study,
    chosen_word,
    chosen_year,
    finished,
    rows_of,
    rows_with_intervals,
)
from rlsabm.plots.themes import SCREEN
from rlsabm.printing.words import Labels, capitalised, case_in_words, label
from rlsabm.results.intervals import has_enough_people
from rlsabm.results.sources import unknown
from rlsabm.results.study_results import Study
from rlsabm.results.summary import adult_estimates, with_limits_to_show
from rlsabm.results.totals import ADULT_AGE
from rlsabm.scenario import REFERENCE
from rlsabm.wording import points
from rlsabm.worlds.world import without

#: Estimates that are drawn, and what they are called.
ESTIMATES = {
    "observed_shift": "observed",
    "caused_shift": "caused",
    "iron_mediated_shift": "through iron",
}
#: States, which no world leaves out but the one whose iron stores are always replete.
STATES = ("iron_deficiency", "iron_deficiency_anaemia")


def forest_numbers(
    study: Study,
    *,
    conditions: str | Sequence[str] | None = None,
    definition: str = "any",
    arm: str = REFERENCE,
    year: int | None = None,
) -> pd.DataFrame:
    """What `forest` draws: rows of the table of shifts.

    Parameters
    ----------
    study, conditions, definition, arm, year
        As `forest` has them.

    Returns
    -------
    pandas.DataFrame
        One row a condition and estimate, in the order of the figure: ``condition``, ``label``,
        ``estimate``, ``estimate_label``, ``value``, ``lower``, ``upper`` (proportions; missing limits
        where chance is not known), ``persons``, ``draws``.

    Raises
    ------
    UserError
        As `forest`.
    """
    study = checked_study(study, "forest")
    table = study.table("shifts")
    labels: Labels = table.attrs.get("labels", {})
    rows = adult_estimates(
        table,
        arm=chosen_word(table, "arm", arm),
        year=chosen_year(study, year),
        definition=chosen_word(table, "definition", definition),
    )
    rows = with_limits_to_show(rows[rows["estimate"].isin(list(ESTIMATES))])
    rows = rows[has_enough_people(rows["persons"], rows["draws"])]
    rows = rows[rows["condition"].isin(_chosen(study, rows, table, conditions))]
    if rows.empty:
        raise UserError("forest: no condition has enough people; simulate more of them")
    rows = rows.assign(
        condition=rows["condition"].astype(str), estimate=rows["estimate"].astype(str)
    )
    rows["label"] = [capitalised(label(labels, "condition", name)) for name in rows["condition"]]
    rows["estimate_label"] = rows["estimate"].map(ESTIMATES)
    order = _by_size(rows)
    place = pd.DataFrame(
        {
            "condition": rows["condition"].map(order.index),
            "estimate": rows["estimate"].map(list(ESTIMATES).index),
        }
    )
    columns = ["condition", "label", "estimate", "estimate_label", "value", "lower", "upper",
               "persons", "draws"]  # fmt: skip
    found = rows.loc[place.sort_values(["condition", "estimate"]).index, columns]
    found = found.reset_index(drop=True)
    found.attrs = {"title": f"{case_in_words(labels, definition)}, {chosen_year(study, year)}"}
    return found


def _chosen(
    study: Study,
    rows: pd.DataFrame,
    table: pd.DataFrame,
    conditions: str | Sequence[str] | None,
) -> list[str]:
    """Conditions to draw: those named, or those that were left out in a world, and states.

    Where none was left out, all but what symptoms lead to: a diagnosis, and treatments.
    """
    there = [str(name) for name in rows["condition"].unique()]
    if conditions is not None:
        known = [str(name) for name in table["condition"].cat.categories]
        wanted = names("conditions", conditions, "names of conditions")
        for name in wanted:
            if name not in known:
                raise UserError(unknown("condition", name, known))
        return wanted
    caused = rows[rows["estimate"] == "caused_shift"]
    own = [
        str(name)
        for name, world in zip(caused["condition"], caused["world"], strict=True)
        if str(world) == without(str(name)) or name in STATES
    ]
    of_care = {DIAGNOSED, *shipped_treatments(), *(study.scenario.get("treatments") or {})}
    return own or [name for name in there if name not in of_care]


def _by_size(rows: pd.DataFrame) -> list[str]:
    """Conditions by the shift that they cause, or that is observed where none was traced."""
    size = rows.pivot(index="condition", columns="estimate", values="value")
    by = "caused_shift" if "caused_shift" in size else "observed_shift"
    return [str(name) for name in size[by].sort_values(ascending=False, kind="stable").index]


def forest(
    study: Study,
    *,
    conditions: str | Sequence[str] | None = None,
    definition: str = "any",
    arm: str = REFERENCE,
    year: int | None = None,
    theme: str = SCREEN,
) -> Any:
    """Shifts of prevalence by condition: observed, caused, and the part of the caused through iron.

    Parameters
    ----------
    study
        What `rlsabm.read` or `rlsabm.simulate` returns, with shifts.
    conditions
        Conditions or groups to draw; by default those that the scenario traces, and iron deficiency.
    definition, arm, year
        Which shifts; any RLS in the reference, in the last survey.
    theme
        ``screen``, ``dark`` or ``print``.

    Returns
    -------
    altair.LayerChart
        A row a condition, the largest caused shift first; groups with too few people are left out.

    Raises
    ------
    UserError
        If the study has no shifts, no such word, or altair is not installed.

    Examples
    --------
    >>> rlsabm.plots.forest(study).save("forest.pdf")  # doctest: +SKIP
    """
    alt = altair()
    numbers = forest_numbers(
        study, conditions=conditions, definition=definition, arm=arm, year=year
    )
    drawn = numbers.assign(
        **{name: 100.0 * numbers[name] for name in ("value", "lower", "upper")},
        shown=[points(*row) for row in numbers[["value", "lower", "upper"]].to_numpy(float)],
    )
    series = [name for name in ESTIMATES.values() if name in set(drawn["estimate_label"])]
    chart = rows_with_intervals(
        drawn,
        row="label",
        rows_in_order=list(dict.fromkeys(drawn["label"])),
        series="estimate_label",
        series_in_order=series,
        scale=alt.Scale(nice=True),
        axis=alt.Axis(title="Shift of prevalence, percentage points", grid=True, tickCount=7),
        tooltip=[
            alt.Tooltip("label:N", title="condition"),
            alt.Tooltip("estimate_label:N", title="shift"),
            alt.Tooltip("shown:N", title="percentage points"),
            alt.Tooltip("persons:Q", title="persons", format=","),
        ],
    )
    return finished(chart, theme, _described(numbers))


def _described(numbers: pd.DataFrame) -> str:
    """The figure in words."""
    said = f"Forest plot of shifts of prevalence, {numbers.attrs['title']}, {ADULT_AGE}+ years."
    caused = numbers[numbers["estimate"] == "caused_shift"]
    if caused.empty:
        return said
    rows = [
        f"{row.label} {points(row.value, row.lower, row.upper)}" for row in rows_of(caused.head(4))
    ]
    return f"{said} Largest caused shifts in percentage points: {'; '.join(rows)}."
