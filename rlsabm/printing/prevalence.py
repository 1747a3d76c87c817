"""Prevalence of a study on a terminal: by condition, by age, sex and parity."""

from __future__ import annotations

import pandas as pd

from rlsabm.measuring.cases import DEFINITIONS
from rlsabm.printing.numbers import percent_of
from rlsabm.printing.tables import show_table
from rlsabm.printing.text import say
from rlsabm.printing.words import Labels, case_in_words, label
from rlsabm.results.intervals import FEWEST_DRAWS
from rlsabm.results.nesting import RUNS
from rlsabm.results.summary import (
    adults_in_words,
    adults_only,
    of_study,
    pooled,
    with_limits_to_show,
)
from rlsabm.scenario import ResolvedScenario

UNIT = "% (95 % interval)"
#: Said of prevalences that rest on one run; the docs have the measurement.
ONE_RUN = (
    "One run: these intervals take people as unrelated. Because relatives resemble each other, the "
    "interval for everyone should be about 1.4 times as wide, and those of small groups hardly "
    "wider. "
    "Replicates show it."
)


def print_prevalence(
    study: ResolvedScenario, prevalence: pd.DataFrame, *, by_condition: bool
) -> None:
    """Prevalence in the reference: by condition, and by age, sex and parity."""
    labels: Labels = prevalence.attrs.get("labels", {})
    year = study.scenario.observe.years[-1]
    rows = of_study(prevalence, year=year)
    rows.attrs = {}  # pandas would copy all of it for every row that is looked at
    if by_condition:
        _print_conditions(rows, labels, year)
    everyone = rows[(rows["condition"] == "everyone") & (rows["definition"] == "any")]
    if {"age_group", "sex"} <= set(everyone):
        _print_cross(everyone, "age_group", "sex", "by age and sex", year)
    if {"age_group", "parity"} <= set(everyone):
        women = adults_only(everyone[everyone["parity"] != "not a woman"])
        if len(women):
            _print_cross(women, "age_group", "parity", "in women, by age and parity", year)
    runs = rows[list(RUNS)].drop_duplicates()
    if len(runs) == 1:
        say(ONE_RUN)
    print_draws_note(runs["draw"].nunique())
    _print_sizes(study, prevalence)


def print_draws_note(draws: int) -> None:
    """Say what intervals from few draws of the parameters show."""
    if draws < FEWEST_DRAWS:
        say(
            f"{draws} draw{'s' if draws > 1 else ''} of the parameters: intervals show chance only, "
            "not the uncertainty of the parameters; runs: {draws: 20} gives both."
        )


def _print_conditions(rows: pd.DataFrame, labels: Labels, year: int) -> None:
    """A table of prevalence among adults by condition and definition."""
    found = with_limits_to_show(
        pooled(adults_only(rows), ["condition", "definition"]), "prevalence"
    )
    shown = []
    for name, group in found.groupby("condition", observed=True):
        cells = {str(row.definition): row for row in group.itertuples()}
        shown.append(
            [
                label(labels, "condition", name),
                f"{group['persons'].iloc[0]:,}",
                *(percent_of(cells.get(definition)) for definition in DEFINITIONS),
            ]
        )
    show_table(
        f"Prevalence of RLS, {adults_in_words(rows)}, {year}: {UNIT}",
        ["group", "persons", *(case_in_words(labels, definition) for definition in DEFINITIONS)],
        shown,
    )


def _print_cross(rows: pd.DataFrame, down: str, across: str, what: str, year: int) -> None:
    """A table of prevalence by two strata."""
    counts = with_limits_to_show(pooled(rows, [down, across]), "prevalence")
    cells = {(str(getattr(r, down)), str(getattr(r, across))): r for r in counts.itertuples()}
    there = [{str(word) for word in counts[name]} for name in (down, across)]
    names, headings = (
        [str(word) for word in rows[name].cat.categories if str(word) in found]
        for name, found in zip((down, across), there, strict=True)
    )
    show_table(
        f"Prevalence of any RLS {what}, {year}: {UNIT}",
        [down.replace("_", " "), *headings],
        [
            [name, *(percent_of(cells.get((name, heading))) for heading in headings)]
            for name in names
        ],
    )


def _print_sizes(study: ResolvedScenario, prevalence: pd.DataFrame) -> None:
    """Say where fewer people were surveyed than the scenario asks for."""
    wanted = study.scenario.population.size
    for year in study.scenario.observe.years:
        rows = of_study(prevalence, year=year, condition="everyone", definition="any")
        people = rows.groupby(list(RUNS))["persons"].sum()
        if people.min() < wanted:
            say(
                f"Note: {people.min():,} people were surveyed in {year}, not {wanted:,}: so many lived "
                "with the country's age-sex structure."
            )
