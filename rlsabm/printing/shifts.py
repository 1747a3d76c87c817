"""Shifts of prevalence and the postulates of a study."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from rlsabm.measuring.instruments import TRUTH
from rlsabm.printing.tables import number_table, out, points, words
from rlsabm.results.tables.postulates import POSTULATE_PARTS
from rlsabm.results.totals import total_rows

#: Intervals from fewer people are not worth a line on the screen.
LEAST_PERSONS = 20
LEGEND = (
    "observed: against people without it, of the same sex and age. caused: against the same people\n"
    "without its burden. iron: share of the caused shift that its iron burden explains. PAF: share\n"
    "of all cases that would be none without it."
)


def of_adults(table: pd.DataFrame, *, arm: str, year: int, definition: str) -> pd.DataFrame:
    """Rows of all adults of an arm and year, now, truly."""
    chosen = (
        (table["arm"] == arm)
        & (table["year"] == year)
        & (table["definition"] == definition)
        & (table["recall"] == "current")
        & total_rows(table)
    )
    if "observed_as" in table:
        chosen &= table["observed_as"] == TRUTH
    return table[chosen]


def print_shifts(
    shifts: pd.DataFrame,
    causes: Mapping[str, str],
    *,
    arm: str,
    year: int,
    definition: str = "any",
) -> None:
    """Observed, caused and iron-mediated shift of every condition; its cause by its name."""
    rows = of_adults(shifts, arm=arm, year=year, definition=definition)
    table = number_table(
        f"Shift of the prevalence of {definition} RLS in adults, {year}: "
        "percentage points with 95 % interval",
        ["condition", "persons", "%", "observed shift", "caused shift", "iron", "PAF"],
    )
    hidden = 0
    for name, group in rows.groupby("condition", observed=True, sort=True):
        found: dict[str, Any] = {str(row.estimate): row for row in group.itertuples()}
        prevalence = found["prevalence"]
        if prevalence.persons < LEAST_PERSONS * prevalence.draws:
            hidden += 1
            continue
        caused = found.get("caused_shift")
        share = found.get("iron_mediated_share")
        fraction = found.get("attributable_fraction_population")
        if causes.get(str(name)) != str(name):
            fraction = None
        table.add_row(
            words(name),
            f"{prevalence.persons:,}",
            f"{100 * prevalence.value:.1f}",
            points(found["observed_shift"]) if "observed_shift" in found else "-",
            points(caused) if caused is not None else "-",
            "-" if share is None else _share(share.value),
            "-" if fraction is None else _share(fraction.value),
        )
    out.print(table)
    out.print(LEGEND)
    if hidden:
        out.print(f"Not shown: {hidden} conditions with fewer than {LEAST_PERSONS} persons a run.")


def _share(value: float) -> str:
    return "-" if not math.isfinite(value) else f"{100 * value:.0f} %".replace("-0 %", "0 %")


def print_postulates(
    postulates: pd.DataFrame, *, arm: str, year: int, definition: str = "any"
) -> None:
    """What the cases would be in the worlds of the postulates."""
    rows = of_adults(postulates, arm=arm, year=year, definition=definition)
    rows = rows[rows["condition"] == "everyone"]
    table = number_table(
        f"The postulates, {definition} RLS in adults, {year}: % of cases with 95 % interval",
        ["experiment", "%"],
    )
    row: Any
    for row in rows.itertuples():
        if row.postulate != "P1" and math.isfinite(row.value):
            interval = f"{100 * row.value:.0f} ({100 * row.lower:.0f}-{100 * row.upper:.0f})"
            table.add_row(POSTULATE_PARTS[str(row.part)], interval)
    table.columns[0].no_wrap = False
    out.print(table)
