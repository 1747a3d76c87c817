"""Prevalence of a study: by condition, by age, sex and parity, and by arm."""

from __future__ import annotations

import pandas as pd
from rich.markup import escape

from rlsabm.printing.tables import number_table, out, percent, words
from rlsabm.results.nesting import RUNS
from rlsabm.results.summary import adults_only, of_study, pooled
from rlsabm.results.totals import ADULT_AGE
from rlsabm.scenario import ResolvedScenario

#: Said of prevalences that rest on one run; the docs have the measurement.
ONE_RUN = (
    "One run: these intervals take people as unrelated. Because of relatives that of everybody should\n"
    "be about twice as wide, those of small groups hardly wider. Replicates show it."
)


def print_prevalence(
    study: ResolvedScenario, prevalence: pd.DataFrame, *, by_condition: bool
) -> None:
    """Prevalence by condition, and by age, sex and parity."""
    scenario = study.scenario
    year = scenario.observe.years[-1]
    rows = of_study(prevalence, year=year)
    adults = adults_only(rows)
    youngest = min(
        (limit for limit in scenario.observe.age_groups if limit >= ADULT_AGE), default=0
    )
    who = "all ages" if len(adults) == len(rows) else f"{youngest} years and older"
    table = number_table(
        f"RLS now, {who}, {year}: % with 95 % interval",
        ["condition", "persons", "any", "weekly", "significant"],
    )
    for name, group in pooled(adults, ["condition", "definition"]).groupby(
        "condition", observed=True
    ):
        by_definition = {str(row.definition): row for row in group.itertuples()}
        table.add_row(
            words(name),
            f"{group['persons'].iloc[0]:,}",
            *(percent(by_definition[d]) for d in ("any", "weekly", "significant")),
        )
    if by_condition:
        out.print(table)

    everyone = rows[(rows["condition"] == "everyone") & (rows["definition"] == "any")]
    if {"age_group", "sex"} <= set(everyone):
        _print_cross(everyone, "age_group", "sex", "by age and sex", year)
    if {"age_group", "parity"} <= set(everyone):
        women = adults_only(everyone[everyone["parity"] != "not a woman"])
        if len(women):
            _print_cross(women, "age_group", "parity", "in women by parity", year)
    if len(rows[list(RUNS)].drop_duplicates()) == 1:
        out.print(ONE_RUN)
    if len(study.arms) > 1:
        _print_arms(study, prevalence, f"RLS by arm, {who}, {year}: % with 95 % interval")
    for surveyed in scenario.observe.years:
        people = (
            of_study(prevalence, year=surveyed, condition="everyone", definition="any")
            .groupby(["draw", "replicate"])["persons"]
            .sum()
        )
        if people.min() < scenario.population.size:
            out.print(
                f"Note: {people.min():,} people were surveyed in {surveyed}, not "
                f"{scenario.population.size:,}: so many lived with the country's age-sex structure."
            )


def _print_arms(study: ResolvedScenario, prevalence: pd.DataFrame, title: str) -> None:
    """Prevalence by condition, the arms below one another."""
    table = number_table(title, ["condition", "arm", "persons", "any", "significant"])
    table.columns[1].justify = "left"
    table.columns[1].no_wrap = False
    counts = {
        arm: pooled(adults_only(of_study(prevalence, arm=arm)), ["condition", "definition"])
        for arm in study.arms
    }
    for name in prevalence["condition"].cat.categories:
        shown = words(name)
        for arm, rows in counts.items():
            of_group = rows[rows["condition"] == name]
            cells = {str(row.definition): row for row in of_group.itertuples()}
            if cells:
                table.add_row(
                    shown,
                    escape(arm),
                    f"{cells['any'].persons:,}",
                    percent(cells["any"]),
                    percent(cells["significant"]),
                )
                shown = ""
        table.add_section()
    out.print(table)


def _print_cross(rows: pd.DataFrame, down: str, across: str, what: str, year: int) -> None:
    """A table of prevalence by two strata."""
    counts = pooled(rows, [down, across])
    cells = {(str(getattr(r, down)), str(getattr(r, across))): r for r in counts.itertuples()}
    headings = list(dict.fromkeys(counts[across].astype(str)))
    headings = [str(c) for c in rows[across].cat.categories if str(c) in headings]
    title = f"Any RLS {what}, {year}: % with 95 % interval"
    table = number_table(title, [down.replace("_", " "), *headings])
    for name in [str(c) for c in rows[down].cat.categories]:
        if any((name, heading) in cells for heading in headings):
            table.add_row(
                name, *(percent(cells[name, h]) if (name, h) in cells else "-" for h in headings)
            )
    out.print(table)
