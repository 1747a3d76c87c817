"""Biomarkers of people with RLS relative to people without it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from rlsabm.conventions import in_words
from rlsabm.errors import UserError
from rlsabm.measuring.instruments import TRUTH
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
from rlsabm.printing.words import capitalised
from rlsabm.results.columns import MEASURED
from rlsabm.results.intervals import FEWEST_DRAWS, Z_95
from rlsabm.results.study_results import Study
from rlsabm.results.totals import TOTAL_OF
from rlsabm.scenario import REFERENCE

#: Biomarkers of blood, then those of the nervous system.
LABELS = {
    "ferritin_ug_per_l": "Serum ferritin",
    "transferrin_saturation_percent": "Transferrin saturation",
    "transferrin_receptor_mg_per_l": "Soluble transferrin receptor",
    "haemoglobin_g_per_l": "Haemoglobin",
    "csf_ferritin_ug_per_l": "CSF ferritin",
    "nigral_iron_ratio": "Nigral iron",
}
SERUM, FLUID = "ferritin_ug_per_l", "csf_ferritin_ug_per_l"


def biomarkers_numbers(
    study: Study, *, measured: bool = True, arm: str = REFERENCE, year: int | None = None
) -> pd.DataFrame:
    """What `biomarkers` draws: rows of the table of ratios.

    Parameters
    ----------
    study, measured, arm, year
        As `biomarkers` has them.

    Returns
    -------
    pandas.DataFrame
        One row a biomarker and sex: ``biomarker``, ``label``, ``sex``, ``value`` (ratio of geometric
        means), ``lower``, ``upper``, ``persons_with_rls``, ``persons_without_rls``, ``draws``.

    Raises
    ------
    UserError
        As `biomarkers`.
    """
    study = checked_study(study, "biomarkers")
    table = study.table("biomarker_ratios")
    way = MEASURED if measured else TRUTH
    rows = table[
        (table["arm"] == chosen_word(table, "arm", arm))
        & (table["year"] == chosen_year(study, year))
        & (table["observed_as"] == way)
        & table["biomarker"].isin(list(LABELS))
    ]
    if rows.empty:
        raise UserError("biomarkers: too few people have RLS to compare them with others")
    few = (rows["draws"] > 1) & (rows["draws"] < FEWEST_DRAWS)
    # As elsewhere: from few draws, limits are those of chance; on the scale of logarithms.
    half = Z_95 * rows["monte_carlo_error"] / rows["value"]
    found = rows.assign(
        biomarker=rows["biomarker"].astype(str),
        sex=rows["sex"].astype(str) if "sex" in rows else TOTAL_OF["sex"],
        lower=rows["lower"].mask(few, rows["value"] / np.exp(half)),
        upper=rows["upper"].mask(few, rows["value"] * np.exp(half)),
    )
    found["label"] = found["biomarker"].map(LABELS)
    order = found["biomarker"].map(list(LABELS).index).sort_values(kind="stable").index
    columns = ["biomarker", "label", "sex", "value", "lower", "upper", "persons_with_rls",
               "persons_without_rls", "draws"]  # fmt: skip
    found = found.loc[order, columns].reset_index(drop=True)
    found.attrs = {"year": chosen_year(study, year), "observed_as": way}
    return found


def biomarkers(
    study: Study,
    *,
    measured: bool = True,
    arm: str = REFERENCE,
    year: int | None = None,
    theme: str = SCREEN,
) -> Any:
    """Biomarkers of people with any RLS relative to people without it, of the same sex and age.

    Parameters
    ----------
    study
        What `rlsabm.read` or `rlsabm.simulate` returns, with the table ``biomarker_ratios``.
    measured
        As assays and scans find them; False for what they truly are.
    arm, year
        Whose; the reference in the last survey.
    theme
        ``screen``, ``dark`` or ``print``.

    Returns
    -------
    altair.LayerChart
        Ratios of geometric means with 95 % intervals, on a scale of logarithms; 1 means no difference.

    Raises
    ------
    UserError
        If the study has no such table, a value is not known, or altair is not installed.
    """
    alt = altair()
    numbers = biomarkers_numbers(study, measured=measured, arm=arm, year=year)
    words = {TOTAL_OF["sex"]: "Both sexes"}
    drawn = numbers.assign(
        sex=[words.get(sex, capitalised(in_words(sex))) for sex in numbers["sex"]],
        shown=[ratio_text(*row) for row in numbers[["value", "lower", "upper"]].to_numpy(float)],
    )
    low, high = drawn[["value", "lower"]].min().min(), drawn[["value", "upper"]].max().max()
    domain = [min(0.95 * low, 0.9), max(1.05 * high, 1.1)]
    ticks = [t for t in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.2, 1.5, 2, 3, 5)
             if domain[0] <= t <= domain[1]]  # fmt: skip
    chart = rows_with_intervals(
        drawn,
        row="label",
        rows_in_order=list(dict.fromkeys(drawn["label"])),
        series="sex",
        series_in_order=list(dict.fromkeys(drawn["sex"])),
        scale=alt.Scale(type="log", domain=domain, nice=False),
        axis=alt.Axis(
            title="With RLS relative to without RLS (ratio)",
            values=ticks,
            format="~g",
            grid=True,
            labelOverlap="greedy",
            labelSeparation=4,
        ),
        tooltip=[
            alt.Tooltip("label:N", title="biomarker"),
            alt.Tooltip("sex:N"),
            alt.Tooltip("shown:N", title="ratio"),
            alt.Tooltip("persons_with_rls:Q", title="with RLS", format=","),
            alt.Tooltip("persons_without_rls:Q", title="without RLS", format=","),
        ],
        zero=1.0,
    )
    both = numbers[numbers["sex"] == TOTAL_OF["sex"]]
    said = "; ".join(
        f"{row.label} {ratio_text(row.value, row.lower, row.upper)}" for row in rows_of(both)
    )
    return finished(
        chart,
        theme,
        "Ratios of geometric means of biomarkers, adults with any RLS relative to others of the "
        f"same sex and age, {numbers.attrs['year']}: {said}.",
    )


def ratio_text(value: float, lower: float, upper: float) -> str:
    """A ratio with its interval: ``0.47 (0.43–0.52)``."""
    if not (lower < upper):
        return f"{value:.2f}"
    return f"{value:.2f} ({lower:.2f}–{upper:.2f})"
