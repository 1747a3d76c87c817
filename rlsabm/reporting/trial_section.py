"""The section of a report on a virtual trial."""

from __future__ import annotations

import pandas as pd

from rlsabm import plots
from rlsabm.plots.drawing import rows_of
from rlsabm.plots.themes import PRINT
from rlsabm.printing.trial import (
    FLOW_HEADINGS,
    ORDER_HEADINGS,
    OUTCOME_WORDS,
    PUBLISHED_HEADINGS,
    first_flow,
    flow_in_words,
    flow_rows,
    needed_in_words,
    order_rows,
    published_rows,
    with_interval,
)
from rlsabm.reporting.parts import Figure, Section, Table
from rlsabm.reporting.studied import Studied
from rlsabm.scenario import REFERENCE
from rlsabm.wording import NONE, counted


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
        orders = order_rows(_of_reference(study.table("trial")))
        tables.append(("Order of the arms, and carry-over", Table(ORDER_HEADINGS, orders)))
    if studied.has("trial_published"):
        published = _of_reference(study.table("trial_published"))
        cells = zip(published_rows(published), published["source"], strict=True)
        rows = [[*row, str(source)] for row, source in cells]
        tables.append(
            ("Published beside simulated differences", Table([*PUBLISHED_HEADINGS, "source"], rows))
        )
    tables.append(
        ("Power by number of patients", _power(_of_reference(study.table("trial_power")), outcome))
    )
    section = studied.resolved.scenario.trial
    notes = needed_in_words(_of_reference(study.table("trial")))
    notes += [section.source.strip()] if section is not None and section.source.strip() else []
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


def _power(power: pd.DataFrame, outcome: str) -> Table:
    """Power at the last visit by number of patients."""
    visit = power["visit_month"].max()
    told = power[(power["visit_month"] == visit) & (power["outcome"].astype(str) == outcome)]
    arms = list(dict.fromkeys(told["trial_arm"].astype(str)))
    wide = told.assign(trial_arm=told["trial_arm"].astype(str)).pivot_table(
        index="patients_per_arm", columns="trial_arm", values="power"
    )
    cells = [
        [f"{size:,}", *(NONE if pd.isna(row.get(arm)) else f"{100 * row[arm]:.0f}" for arm in arms)]
        for size, row in wide.iterrows()
    ]
    headings = [f"{arm}, month {visit}: power, %" for arm in arms]
    return Table(["patients of each arm", *headings], cells)


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
