"""What a study found, in short."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.markup import escape

from rlsabm.observe.groups import groups_of
from rlsabm.printing.prevalence import print_prevalence
from rlsabm.printing.shifts import print_postulates, print_shifts
from rlsabm.printing.status import duration, print_reasons
from rlsabm.printing.tables import out
from rlsabm.results.manifests import read_manifest
from rlsabm.scenario import ResolvedScenario
from rlsabm.study.settings import catalogue_of
from rlsabm.study.study import Report


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


def print_ending(report: Report, folder: Path) -> None:
    """Print how much was run, how fast, and where the results are."""
    results = f"Results: [bold]{escape(str(folder))}[/bold]"
    finished = report.manifest["units"]["finished"]
    if finished == report.found:
        runs = f"All {finished} runs" if finished > 1 else "The run"
        out.print(f"\n{runs} had finished before. {results}")
        return
    latest = report.manifest["history"][-1]
    before = f" ({report.found} had finished before)" if report.found else ""
    new = finished - report.found
    out.print(
        f"\n{latest['person_months'] / 12e6:.1f} million person-years, "
        f"{new} run{'s' if new > 1 else ''}, in {duration(latest['seconds'])}{before}. {results}"
    )


def print_failures(report: Report, folder: Path, console: Console) -> None:
    """Print what failed and why, and how to go on."""
    units = report.manifest["units"]
    console.print(
        f"{units['finished']} of {units['total']} runs have finished, {units['failed']} failed.",
        style="red",
    )
    print_reasons(report.ledger.table_of_failures(), console)
    if report.trouble:
        console.print(report.trouble, markup=False, soft_wrap=True)
    console.print(
        f"What has finished is kept. To go on: rlsabm resume {folder}", markup=False, soft_wrap=True
    )


def print_stopping(folder: Path, console: Console) -> None:
    """Print what is kept of a study that was interrupted."""
    units = (read_manifest(folder) or {}).get("units", {})
    if not units.get("finished"):
        console.print("Stopped before any run had finished.")
        return
    console.print(
        f"Stopped. {units['finished']} of {units['total']} runs have finished and are kept. "
        f"To go on: rlsabm resume {folder}",
        markup=False,
        soft_wrap=True,
    )
