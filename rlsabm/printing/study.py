"""What a study found, in short."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from rich.markup import escape

from rlsabm.observe.groups import groups_of
from rlsabm.printing.prevalence import print_prevalence
from rlsabm.printing.shifts import print_postulates, print_shifts
from rlsabm.printing.tables import out
from rlsabm.scenario import ResolvedScenario
from rlsabm.study.settings import catalogue_of


def print_study(study: ResolvedScenario, folder: Path) -> None:
    """Print the main tables of a study: shifts where they were asked for, else prevalence."""
    scenario = study.scenario
    year = scenario.observe.years[-1]
    out.print(f"\n[bold]{escape(scenario.title)}[/bold]")
    prevalence = pd.read_parquet(folder / "prevalence.parquet")
    asked = bool(scenario.shifts.conditions)
    print_prevalence(study, prevalence, by_condition=not asked)
    if asked:
        causes = {group.name: group.cause for group in groups_of(catalogue_of(scenario.conditions))}
        shifts = pd.read_parquet(folder / "shifts.parquet")
        for arm in study.arms:
            if len(study.arms) > 1:
                out.rule(f"arm: {escape(arm)}", align="left")
            print_shifts(shifts, causes, arm=arm, year=year)
    if scenario.shifts.postulates:
        postulates = pd.read_parquet(folder / "postulates.parquet")
        for arm in study.arms:
            print_postulates(postulates, arm=arm, year=year)
