"""What the figure of a life draws: lines, bands and marks over age."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from rlsabm.arrays import Bools
from rlsabm.plots.thinning import points_that_matter
from rlsabm.worlds.world import FACTUAL

PREGNANCY, DONATION, DIALYSIS = "pregnancy", "blood donation", "dialysis"
RLS, SIGNIFICANT = "RLS", "clinically significant RLS"
#: Points are left out where the line then moves by less than this share of a panel: half a pixel.
INVISIBLE = 0.5 / 74
#: Stages of kidney disease that are drawn, and how they are called.
KIDNEY = {"CKD 4-5": "CKD 4–5", "dialysis": DIALYSIS, "graft": "kidney transplant"}
#: Stores that are empty have no logarithm.
LEAST_FERRITIN = 0.1


class Panel(NamedTuple):
    """A line over age: column, heading, and whether its scale is logarithmic."""

    column: str
    heading: str
    logarithmic: bool = False


PANELS = (
    Panel("stores_ferritin_ug_per_l", "Ferritin of the iron stores (µg/L, log scale)", True),
    Panel("haemoglobin_g_per_l", "Haemoglobin (g/L)"),
    Panel("cns_iron_exchangeable", "CNS iron (typical adult = 1)"),
    Panel("dopamine_deficit", "Loss of dopaminergic function (units of liability)"),
    Panel("liability", "Liability to RLS (0 = even odds)"),
)


def drawn_of(table: pd.DataFrame) -> pd.DataFrame:
    """Lines, bands and marks of a life."""
    worlds = {name: part for name, part in table.groupby("world", observed=True, sort=False)}
    factual = worlds[FACTUAL]
    rows = [
        *(row for panel in PANELS for row in _lines(worlds, panel)),
        *(row for name, part in worlds.items() for row in _symptoms(str(name), part)),
        *_happened(factual),
    ]
    drawn = pd.DataFrame(rows, columns=["drawn", "what", "world", "age", "until", "value"])
    drawn.attrs = dict(table.attrs)
    return drawn


def _lines(worlds: dict[Any, pd.DataFrame], panel: Panel) -> Iterator[tuple[Any, ...]]:
    seen = {name: _as_seen(part, panel) for name, part in worlds.items()}
    known = np.concatenate([values[np.isfinite(values)] for values in seen.values()])
    tolerance = float(np.ptp(known)) * INVISIBLE
    for name, part in worlds.items():
        is_known = np.isfinite(seen[name])
        if not is_known.any():  # stores of a world that takes them to be full
            continue
        ages = part["age"].to_numpy()
        for place in points_that_matter(ages[is_known], seen[name][is_known], tolerance):
            value = part[panel.column].to_numpy()[is_known][place]
            if panel.logarithmic:
                value = max(value, LEAST_FERRITIN)
            yield "line", panel.column, name, ages[is_known][place], np.nan, value


def _as_seen(part: pd.DataFrame, panel: Panel) -> Any:
    values = part[panel.column].to_numpy(dtype=float)
    return np.log10(np.maximum(values, LEAST_FERRITIN)) if panel.logarithmic else values


def _symptoms(world: str, part: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    significant = part["rls_significant"].to_numpy()
    for what, has in ((RLS, part["rls"].to_numpy() & ~significant), (SIGNIFICANT, significant)):
        for age, until in _spells(part, has):
            yield "band", what, world, age, until, np.nan


def _happened(part: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    """What happened, alike in all worlds."""
    for age in part["age"][part["donation"]]:
        yield "mark", DONATION, "", age, np.nan, np.nan
    months = part["month_of_pregnancy"].to_numpy()
    # A pregnancy may begin in the month after another has ended.
    number = np.cumsum(months == 1)
    for each in np.unique(number[months > 0]):
        for age, until in _spells(part, (months > 0) & (number == each)):
            yield "band", PREGNANCY, "", age, until, np.nan
    kidney = part["kidney"].astype(str).to_numpy()
    for stage, what in KIDNEY.items():
        for age, until in _spells(part, kidney == stage):
            yield "band", what, "", age, until, np.nan
    there = part["conditions"].str.split("; ")
    for condition in dict.fromkeys(word for words in there for word in words if word):
        has = np.array([condition in words for words in there])
        for age, until in _spells(part, has):
            yield "band", condition, "", age, until, np.nan


def _spells(part: pd.DataFrame, has: Bools) -> Iterator[tuple[float, float]]:
    """Ages at which something begins and ends."""
    edges = np.diff(np.concatenate([[0], has.astype(int), [0]]))
    ages = part["age"].to_numpy()
    starts, stops = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    for first, last in zip(starts, stops - 1, strict=True):
        yield ages[first], ages[last] + 1.0 / 12.0
