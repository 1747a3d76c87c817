"""What a study found, in short."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
from rich.console import Console

from rlsabm.observe.groups import groups_of
from rlsabm.policies.policy import BEGUN
from rlsabm.printing.answer import print_answer
from rlsabm.printing.arms import MOST_DETAILED, print_arms, print_moved, print_trends
from rlsabm.printing.policies import print_policies
from rlsabm.printing.prevalence import print_prevalence
from rlsabm.printing.shifts import print_postulates, print_shifts
from rlsabm.printing.status import print_reasons
from rlsabm.printing.text import say, say_command, say_line
from rlsabm.printing.trial import print_trial
from rlsabm.results.arm_counts import Choice
from rlsabm.results.arrow import frame_of
from rlsabm.results.comparing import Comparison, compare
from rlsabm.results.files import read_parquet, table_path
from rlsabm.results.findings import largest_caused_shift
from rlsabm.results.manifests import read_manifest
from rlsabm.results.sources import source_of
from rlsabm.results.trends import Trend, trend_of
from rlsabm.scenario import REFERENCE, ResolvedScenario
from rlsabm.study.folder import StudyFolder
from rlsabm.study.settings import care_of, catalogue_of
from rlsabm.study.study import Report
from rlsabm.wording import counted, duration

#: Everyone, by definition.
EVERYONE_BY_DEFINITION = Choice(by=("definition",), conditions=("everyone",))


def print_study(study: ResolvedScenario, folder: Path) -> None:
    """Print what a study found.

    First what the reference shows, shifts where they were asked for and prevalence otherwise; then how
    it changes over survey years, and how the arms differ from it; at last the answer in words.
    """
    scenario = study.scenario
    years = scenario.observe.years
    say_line("")
    say(scenario.title, bold=True)
    prevalence = _table(folder, "prevalence")
    there = set(prevalence["arm"].astype(str))
    if REFERENCE not in there:
        say("No run of the reference has finished, so there is nothing to compare with yet.")
        return
    asked, shift = scenario.shifts.conditions, None
    print_prevalence(study, prevalence, by_condition=not asked)
    if asked:
        causes = {group.name: group.cause for group in groups_of(catalogue_of(scenario.conditions))}
        shifts = _table(folder, "shifts")
        print_shifts(shifts, causes, arm=REFERENCE, year=years[-1])
        shift = largest_caused_shift(shifts, causes, arm=REFERENCE, year=years[-1])
    if scenario.shifts.postulates:
        postulates = _table(folder, "postulates")
        print_postulates(postulates, arm=REFERENCE, year=years[-1])
    trial = policies = None
    if scenario.trial is not None:
        trial = _table(folder, "trial")
        names = ("trial", "trial_flow", "trial_published")
        print_trial(
            {name: _table(folder, name) for name in names if table_path(folder, name).is_file()},
            arm=REFERENCE,
        )
    arms = [arm for arm in study.arms if arm in there and arm != REFERENCE]
    if scenario.policy is not None and len(arms):
        policies = _table(folder, "policies")
        print_policies(policies, arms, unused_treatments(study, folder, arms))
    trends = _trends(folder, [REFERENCE, *arms], prevalence, years) if len(years) > 1 else []
    if trends:
        print_trends(trends, prevalence, years)
    by_definition = _against_reference(folder, arms, EVERYONE_BY_DEFINITION)
    if arms:
        print_arms(by_definition)
        print_moved(_against_reference(folder, arms[:MOST_DETAILED], Choice()), folder)
    print_answer(
        prevalence,
        years[-1],
        shift=shift,
        traced=asked,
        arms=by_definition,
        trend=trends[0] if trends else None,
        policies=policies,
        trial=trial,
    )


def unused_treatments(study: ResolvedScenario, folder: Path, arms: Sequence[str]) -> Iterator[str]:
    """Sentences on treatments that rules offer, and that nobody began since arms parted."""
    counts = _table(folder, "policy_counts")
    begun = counts.groupby(["arm", "item"], observed=True)["amount"].sum()
    for arm in arms:
        for treatment in care_of(study.arms[arm]).treatments:
            if not begun.get((arm, BEGUN.format(treatment.name)), 0.0):
                yield (
                    f"In {arm}, nobody began {treatment.in_words}: no one was meant by a rule that "
                    "offers it, or accepted."
                )


def _table(folder: Path, name: str) -> pd.DataFrame:
    """A table with the labels of its words, and nothing else of what pandas copies at every step."""
    table = frame_of(read_parquet(table_path(folder, name)))
    table.attrs = {"labels": table.attrs.get("labels", {})}
    return table


def _against_reference(folder: Path, arms: list[str], choice: Choice) -> list[Comparison]:
    reference = source_of(folder)
    return [compare(reference, source_of(folder, arm), choice) for arm in arms]


def _trends(
    folder: Path, arms: list[str], prevalence: pd.DataFrame, years: list[int]
) -> list[Trend]:
    return [trend_of(folder, arm, prevalence, years) for arm in arms]


def print_ending(report: Report, folder: Path) -> None:
    """Print how much was run, how fast, and where the results are."""
    finished = report.manifest["units"]["finished"]
    if finished == report.found:
        runs = f"All {finished:,} runs" if finished > 1 else "The run"
        say(f"{runs} had finished before.")
    else:
        latest = report.manifest["history"][-1]
        new = counted(finished - report.found, "run")
        before = f" ({report.found:,} had finished before)" if report.found else ""
        say(
            f"{latest['person_months'] / 12e6:.1f} million person-years, {new}, in "
            f"{duration(latest['seconds'])}{before}."
        )
    say_line(f"Results: {folder}")


def print_failures(report: Report, folder: Path, console: Console) -> None:
    """Print what failed and why, and how to go on."""
    units = report.manifest["units"]
    say(
        f"{units['finished']:,} of {units['total']:,} runs have finished, "
        f"{units['failed']:,} failed.",
        style="red",
        console=console,
    )
    print_reasons(report.ledger.table_of_failures(), console)
    if report.trouble:
        say_line(report.trouble, console=console)
    say_command("What has finished is kept. To go on", "rlsabm", "resume", folder, console=console)


def print_stopping(folder: Path, console: Console) -> None:
    """Print what is kept of a study that was interrupted."""
    units = (read_manifest(folder) or {}).get("units", {})
    # A process that was killed before may not have written down what it kept.
    finished = max(units.get("finished", 0), len(StudyFolder(folder).kept()))
    if not units:
        say("Stopped before any run had finished.", console=console)
        return
    if not finished:
        what = "Stopped before any run had finished. To go on"
        say_command(what, "rlsabm", "resume", folder, console=console)
        return
    runs = f"{finished:,} of {counted(units['total'], 'run')}"
    say_command(
        f"Stopped. {runs} have finished and are kept. To go on",
        *("rlsabm", "resume", folder),
        console=console,
    )
