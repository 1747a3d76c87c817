"""The section of a report on a virtual trial."""

from __future__ import annotations

import pandas as pd

from rlsabm import plots
from rlsabm.plots.drawing import rows_of
from rlsabm.plots.themes import PRINT
from rlsabm.printing.trial import (
    FLOW_HEADINGS,
    OUTCOME_WORDS,
    first_flow,
    flow_in_words,
    flow_rows,
    in_points,
    with_interval,
)
from rlsabm.reporting.parts import Figure, Section, Table
from rlsabm.reporting.studied import Studied
from rlsabm.results.tables.trial_published import NOT_KNOWN
from rlsabm.scenario import REFERENCE
from rlsabm.wording import counted

CARRY_OVER = (
    "arm, visit", "this arm first", "this arm second", "carry-over in one trial (95 %)",
    "in all trials",
)  # fmt: skip


def trial_section(studied: Studied) -> Section:
    """The flow of patients, differences by visit, and published results."""
    study = studied.study
    numbers = plots.trial_numbers(study)
    control, outcome = numbers.attrs["control"], str(numbers.attrs["outcome"])
    is_cross_over = bool(numbers.attrs["cross_over"])
    trials = counted(int(numbers.attrs["trials"]), "trial")
    within = "within patients of a cross-over trial, " if is_cross_over else ""
    caption = (
        f"Virtual trial: {OUTCOME_WORDS[outcome]}, arm less {control}, {within}by month since the "
        f"beginning{' of a period' if is_cross_over else ''}. Filled points are means over {trials}, "
        "each with other patients and chance; their lines hold 95 % of these trials, so that a "
        "single one may find any value on them. Hollow points are published differences with their "
        "95 % intervals."
    )
    figure = Figure(
        "trial", caption, plots.trial(study, theme=PRINT), _differences(numbers), ("trial",)
    )
    persons = first_flow(_of_reference(study.table("trial_flow")))
    tables = [("Patients of the first trial, by arm", Table(FLOW_HEADINGS, flow_rows(persons)))]
    if is_cross_over:
        tables.append(("Order of the arms, and carry-over", _orders(study.table("trial"))))
    if studied.has("trial_published"):
        tables.append(
            ("Published beside simulated differences", _published(study.table("trial_published")))
        )
    section = studied.resolved.scenario.trial
    notes = [section.source.strip()] if section is not None and section.source.strip() else []
    if studied.has("trial_published"):
        notes.append(
            "A figure to which parameters were set is no prediction. Inside means that the mean of "
            "the simulated trials lies in the published interval."
        )
    return Section(
        "trial", "Virtual trial", [f"Of the first trial: {flow_in_words(persons)}"], (figure,),
        tables=tables, notes=notes,
    )  # fmt: skip


def _of_reference(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["arm"].astype(str) == REFERENCE]


def _differences(numbers: pd.DataFrame) -> Table:
    """What the figure draws."""
    outcome = str(numbers.attrs["outcome"])
    rows = [
        [
            row.trial_arm,
            str(row.visit_month),
            row.result or f"{row.origin}, mean of all trials",
            with_interval(outcome, row.value, row.lower, row.upper),
            "-" if pd.isna(row.power) else f"{100 * row.power:.0f} %",
        ]
        for row in rows_of(numbers)
    ]
    return Table(["arm", "month", "found by", "difference", "power"], rows)


def _orders(trial: pd.DataFrame) -> Table:
    """What each order of the arms found."""
    told = _of_reference(trial)
    told = told[(told["outcome"] == "irls") & (told["visit_month"] > 0)]
    rows = [
        [
            f"{row.trial_arm}, month {row.visit_month}",
            in_points("irls", row.difference_first),
            in_points("irls", row.difference_second),
            with_interval("irls", row.carry_over, row.carry_over_lower, row.carry_over_upper),
            in_points("irls", row.mean_carry_over),
        ]
        for row in rows_of(told)
    ]
    return Table(CARRY_OVER, rows)


def _published(published: pd.DataFrame) -> Table:
    """Published results beside those of the trials, with their sources."""
    rows = []
    for row in rows_of(_of_reference(published)):
        outcome = str(row.outcome)
        given = with_interval(outcome, row.published, row.published_lower, row.published_upper)
        rows.append(
            [
                str(row.result),
                f"{row.trial_arm}, {OUTCOME_WORDS[outcome]}, month {row.visit_month}",
                "only in words" if pd.isna(row.published) else given,
                with_interval(outcome, row.simulated, row.simulated_lower, row.simulated_upper),
                "-" if row.verdict == NOT_KNOWN else str(row.verdict),
                "set" if row.is_set else "predicted",
                row.source,
            ]
        )
    headings = [
        "result", "arm and outcome", "published (95 %)", "simulated (95 % of trials)", "verdict",
        "figure is", "source",
    ]  # fmt: skip
    return Table(headings, rows)
