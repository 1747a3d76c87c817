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
    """A line over age.

    Attributes
    ----------
    column, heading
        Column of a life, and what stands above the panel.
    least
        What its scale covers at least, so that small differences look small in every life.
    logarithmic
        Whether the scale is.
    """

    column: str
    heading: str
    least: tuple[float, float]
    logarithmic: bool = False

    def domain(self, values: Any) -> tuple[float, float]:
        """What the scale covers: all values, and a little more than those beyond the least."""
        known = values[np.isfinite(values)]
        lower, upper = min(self.least[0], *known), max(self.least[1], *known)
        if self.logarithmic:
            return max(lower, LEAST_FERRITIN) / 1.1, upper * 1.1
        margin = 0.03 * (upper - lower)
        is_floor = lower == self.least[0] == 0.0
        return (0.0 if is_floor else lower - margin), upper + margin


PANELS = (
    Panel(
        "stores_ferritin_ug_per_l", "Ferritin of the iron stores (µg/L, log scale)", (10, 100), True
    ),
    Panel("haemoglobin_g_per_l", "Haemoglobin (g/L)", (110, 150)),
    Panel("cns_iron_exchangeable", "CNS iron (typical adult = 1)", (0, 1.2)),
    Panel("dopamine_deficit", "Loss of dopaminergic function (units of liability)", (0, 2)),
    Panel("liability", "Liability to RLS (0 = even odds)", (-3, 1)),
)


def drawn_of(table: pd.DataFrame, from_age: float) -> pd.DataFrame:
    """Lines, bands and marks of a life from an age on (years); of younger people from birth on."""
    if from_age < table["age"].max() - 1.0:
        attrs = table.attrs
        table = table[table["age"] >= from_age]
        table.attrs = attrs
    worlds = {str(name): part for name, part in table.groupby("world", observed=True, sort=False)}
    factual = worlds[FACTUAL]
    rows = [
        *(row for panel in PANELS for row in _lines(worlds, panel)),
        *(row for name, part in worlds.items() for row in _symptoms(name, part)),
        *_happened(factual),
    ]
    drawn = pd.DataFrame(rows, columns=["drawn", "what", "world", "age", "until", "value"])
    drawn.attrs = {**table.attrs, "caption": caption_of(table)}
    return drawn


def _lines(worlds: dict[str, pd.DataFrame], panel: Panel) -> Iterator[tuple[Any, ...]]:
    """Points of the lines of a panel; a line begins where it leaves that of the factual world."""
    seen = {name: _as_seen(part, panel) for name, part in worlds.items()}
    ends = _ends(panel, np.concatenate(list(seen.values())))
    tolerance = (ends[1] - ends[0]) * INVISIBLE
    for name, part in worlds.items():
        shown = np.isfinite(seen[name])  # not those of stores that are taken to be full
        if name != FACTUAL:
            apart = shown & (np.abs(seen[name] - seen[FACTUAL]) > tolerance)
            shown[: max(int(apart.argmax()) - 1, 0) if apart.any() else len(shown)] = False
        ages, values = part["age"].to_numpy()[shown], part[panel.column].to_numpy()[shown]
        for place in points_that_matter(ages, seen[name][shown], tolerance):
            value = max(values[place], LEAST_FERRITIN) if panel.logarithmic else values[place]
            yield "line", panel.column, name, ages[place], np.nan, value


def _ends(panel: Panel, seen: Any) -> tuple[float, float]:
    if not panel.logarithmic:
        return panel.domain(seen)
    lower, upper = np.log10(panel.domain(10.0**seen))
    return float(lower), float(upper)


def caption_of(table: pd.DataFrame) -> str:
    """What a reader must know to read the figure."""
    who, labels = table.attrs["person"], table.attrs["labels"]
    beside = [str(name) for name in table["world"].cat.categories if name != FACTUAL]
    person = "woman" if who["sex"] == "female" else "man"
    end = f"died at {who['age']:.0f}" if who["died"] else f"{who['age']:.0f} at the last survey"
    said = (
        f"One simulated {person}, born in {who['born'][:4]}, {end}, with {_counted(who)}: true values "
        "at the end of each month, without inflammation and noise of assays. "
    )
    if beside:
        said += (
            f"Dashed: the same life {labels[beside[0]]}, with the same births, donations, diseases "
            "and chance; where one line is seen, the two coincide. "
        )
    return said + (
        "Shaded: pregnancies and dialysis. Liability also moves with age, and jumps when the "
        "environment changes. Above even odds most months are months with RLS. One life is an "
        "example, not evidence."
    )


def _counted(who: dict[str, Any]) -> str:
    found = []
    if who["sex"] == "female":
        found.append(
            "one delivery" if who["deliveries"] == 1 else f"{who['deliveries']} deliveries"
        )
    given = who["donations"]
    found.append("one blood donation" if given == 1 else f"{given or 'no'} blood donations")
    return " and ".join(found)


def _as_seen(part: pd.DataFrame, panel: Panel) -> Any:
    values: Any = part[panel.column].to_numpy(dtype=float)
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
