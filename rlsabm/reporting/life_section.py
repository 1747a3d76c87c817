"""The section with the lives of some people, month by month."""

from __future__ import annotations

from typing import Any

import pandas as pd

from rlsabm.plots.life import life_numbers
from rlsabm.plots.life_figure import figure_of_life
from rlsabm.plots.themes import PRINT
from rlsabm.printing.words import capitalised
from rlsabm.reporting.parts import Figure, Section, Table
from rlsabm.reporting.studied import Studied
from rlsabm.results.study_results import Study
from rlsabm.study.lives import LivesOfStudy
from rlsabm.wording import NONE
from rlsabm.worlds.world import FACTUAL

#: People of the population that is grown for these lives: the study's own would take as long as the
#: study took.
PEOPLE = 1_500
#: Lives in a report.
LIVES = 3
WIDTH = 640
#: Years between rows of a table, and its columns.
STEP = 5
COLUMNS = {
    "stores_ferritin_ug_per_l": "ferritin, µg/L",
    "haemoglobin_g_per_l": "haemoglobin, g/L",
    "cns_iron_exchangeable": "CNS iron",
    "dopamine_deficit": "dopaminergic loss",
    "liability": "liability",
}


def life_section(studied: Studied) -> Section | None:
    """Lives of a few people of the scenario; None if nobody worth a look was found."""
    size = min(studied.resolved.scenario.population.size, PEOPLE)
    # By the scenario, so that a study of another version has lives, too: of this version's rules.
    study = Study(
        {},
        arms=studied.study.arms,
        scenario=studied.study.scenario,
        lives_again=LivesOfStudy(studied.resolved),
    )
    people = study.lives(count=LIVES, size=size)
    if people.empty:
        return None
    figures = [
        _figure(study, person, place, size)
        for place, person in enumerate(people.to_dict("records"))
    ]
    texts = [
        f"People of a population of {size:,} that was grown for this page by the rules of the "
        f"reference. {people.attrs['notes'][0]}"
    ]
    return Section("life", "The life of one person", texts, figures)


def _figure(study: Study, person: dict[Any, Any], place: int, size: int) -> Figure:
    """The figure of one person; all but the first wait until a reader asks for another."""
    without = person["without"] or None
    numbers = life_numbers(study, person["uid"], without=without, size=size)
    chart = figure_of_life(numbers, WIDTH, PRINT)
    return Figure(
        f"life-{place + 1}",
        f"{capitalised(str(person['chosen']))}. {numbers.attrs['caption']}",
        chart.properties(description=f"{numbers.attrs['title']}. {numbers.attrs['caption']}"),
        _table(study.life(person["uid"], without=without, size=size)),
        one_of="life",
    )


def _table(life: pd.DataFrame) -> Table:
    """Some ages of a life, in both worlds side by side."""
    worlds = {str(name): part for name, part in life.groupby("world", observed=True, sort=False)}
    others = [name for name in worlds if name != FACTUAL]
    factual = worlds[FACTUAL]
    rows = []
    last = round(float(factual["age"].max()), 1)
    for age in [*(age for age in range(STEP, int(last) + 1, STEP) if age != last), last]:
        at = int((factual["age"] - age).abs().to_numpy().argmin())
        cells = []
        for column in COLUMNS:
            values = [float(worlds[name][column].iloc[at]) for name in (FACTUAL, *others)]
            cells.append(" / ".join(_short(value) for value in values))
        ill = [bool(worlds[name]["rls"].iloc[at]) for name in (FACTUAL, *others)]
        rows.append([f"{age:g}", *cells, " / ".join("yes" if each else "no" for each in ill)])
    beside = " (as it was / without)" if others else ""
    return Table([f"age, years{beside}", *COLUMNS.values(), "RLS"], rows)


def _short(value: float) -> str:
    if pd.isna(value):
        return NONE
    return f"{value:.3g}" if abs(value) >= 0.1 else f"{value:.2f}"
