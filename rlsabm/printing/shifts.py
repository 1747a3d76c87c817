"""Shifts of prevalence and the postulates of a study."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from rlsabm.printing.numbers import percent_of, points_of
from rlsabm.printing.tables import show_table
from rlsabm.printing.text import say
from rlsabm.printing.words import Labels, case_in_words, label
from rlsabm.results.intervals import LEAST_PERSONS, has_enough_people
from rlsabm.results.summary import adult_estimates, with_limits_to_show
from rlsabm.results.tables.postulates import POSTULATE_PARTS
from rlsabm.results.totals import ADULT_AGE
from rlsabm.wording import NONE, counted, percent

LEGEND = (
    "observed: compared with people without it, of the same sex and age. caused: compared with the "
    "same people without its burden (all that it does to iron, blood and dopamine). by iron: share of "
    "the caused shift that its iron burden explains; by chance it may be below 0 or above 100 %. PAF: "
    "population attributable fraction, the share of all cases that would not occur without it, its "
    "lasting effects included. -: not traced, or not to be told."
)
#: Of the table of shifts.
HEADINGS = ["group", "persons", "RLS, %", "observed shift", "caused shift", "by iron", "PAF"]


def print_shifts(
    shifts: pd.DataFrame,
    causes: Mapping[str, str],
    *,
    arm: str,
    year: int,
    definition: str = "any",
) -> None:
    """Observed, caused and iron-mediated shift of every condition; its cause by its name."""
    labels: Labels = shifts.attrs.get("labels", {})
    shown, hidden = shift_rows(shifts, causes, arm=arm, year=year, definition=definition)
    show_table(
        f"Shift of the prevalence of {case_in_words(labels, definition)}, {ADULT_AGE} years and "
        f"older, {year}: percentage points (95 % interval)",
        HEADINGS,
        shown,
    )
    say(LEGEND)
    if hidden:
        say(
            f"Not shown: {counted(hidden, 'group')} with fewer than {LEAST_PERSONS} persons per draw."
        )


def shift_rows(
    shifts: pd.DataFrame,
    causes: Mapping[str, str],
    *,
    arm: str,
    year: int,
    definition: str = "any",
) -> tuple[list[list[str]], int]:
    """Rows of a table below `HEADINGS`, and how many groups have too few people to be in it."""
    labels: Labels = shifts.attrs.get("labels", {})
    rows = with_limits_to_show(adult_estimates(shifts, arm=arm, year=year, definition=definition))
    rows.attrs = {}  # pandas would copy all of it for every row that is looked at
    shown, hidden = [], 0
    for name, group in rows.groupby("condition", observed=True, sort=True):
        found: dict[str, Any] = {str(row.estimate): row for row in group.itertuples()}
        prevalence = found["prevalence"]
        if not has_enough_people(prevalence.persons, prevalence.draws):
            hidden += 1
            continue
        of_all = causes.get(str(name)) == str(name)
        shown.append(
            [
                label(labels, "condition", name),
                f"{prevalence.persons:,}",
                percent(prevalence.value),
                points_of(found.get("observed_shift")),
                points_of(found.get("caused_shift")),
                _share(found.get("iron_mediated_share")),
                _share(found.get("attributable_fraction_population") if of_all else None),
            ]
        )
    return shown, hidden


def _share(row: Any) -> str:
    if row is None or not math.isfinite(row.value):
        return NONE
    return f"{100 * row.value:.0f} %".replace("-0 %", "0 %")


def print_postulates(
    postulates: pd.DataFrame, *, arm: str, year: int, definition: str = "any"
) -> None:
    """What the cases would be in the worlds of the postulates."""
    rows = adult_estimates(postulates, arm=arm, year=year, definition=definition)
    rows = rows[(rows["condition"] == "everyone") & (rows["postulate"] != "P1")]
    rows = rows[rows["value"].notna()].assign(prevalence=rows["value"], persons=rows["cases"])
    rows = with_limits_to_show(rows, "prevalence")
    labels: Labels = postulates.attrs.get("labels", {})
    show_table(
        f"The postulates of the iron hypothesis: {case_in_words(labels, definition)}, {ADULT_AGE} "
        f"years and older, {year}: % of cases (95 % interval)",
        ["experiment", "%"],
        [[POSTULATE_PARTS[str(row.part)], percent_of(row)] for row in rows.itertuples()],
    )
