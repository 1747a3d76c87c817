"""The arms of a study against its reference, and its trend over survey years, on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from rlsabm.printing.comparison import (
    limits,
    prevalence_title,
    print_differences,
    print_notes,
    shift_title,
)
from rlsabm.printing.numbers import percent_of
from rlsabm.printing.tables import show_table
from rlsabm.printing.text import say, say_command
from rlsabm.printing.words import Labels, capitalised, case_in_words
from rlsabm.results.comparing import OTHER_PEOPLE, Comparison, few_people
from rlsabm.results.intervals import LEAST_PERSONS
from rlsabm.results.summary import adults_in_words
from rlsabm.results.trends import Trend
from rlsabm.wording import counted, percent, points

#: Rows that are shown of each arm, arms that are shown in detail, and arms that have a line.
MOST_ROWS, MOST_DETAILED, MOST_ARMS = 10, 4, 20
#: Definitions that short tables have.
DEFINITIONS = ("any", "significant")
#: Headings of a comparison of an arm with the reference.
REFERENCE_AND_ARM = (
    *("persons, reference", "persons, arm", "reference, %", "arm, %"),
    "difference, percentage points",
)
#: The same of shifts, which are percentage points themselves.
SHIFTS_OF_BOTH = ("persons, reference", "persons, arm", "reference", "arm", "difference")


def print_arms(comparisons: Sequence[Comparison]) -> None:
    """A line for each arm: prevalence among everyone, and how it differs from the reference.

    Parameters
    ----------
    comparisons
        Of each arm with the reference, by definition, of everyone.
    """
    first = comparisons[0]
    rows: list[list[str]] = []
    for comparison in comparisons[:MOST_ARMS]:
        of = {row["definition"]: row for row in comparison.prevalence.to_dict("records")}
        if not rows:
            cells = [(percent(of[name]["value_a"]), "") for name in DEFINITIONS]
            rows.append([comparison.a.arm, *(cell for pair in cells for cell in pair)])
        cells = [
            (
                percent(of[name]["value_b"]),
                points(of[name]["difference"], *limits(of[name], paired=True)),
            )
            for name in DEFINITIONS
        ]
        rows.append([comparison.b.arm, *(cell for pair in cells for cell in pair)])
    what = [capitalised(case_in_words(first.labels, name)) for name in DEFINITIONS]
    show_table(
        f"Prevalence of RLS by arm, {first.who}, {first.choice.year}: %, and difference from the "
        "reference (95 % interval)",
        [
            "arm",
            *(
                heading
                for name in what
                for heading in (f"{name}, %", "difference, percentage points")
            ),
        ],
        rows,
    )
    more = len(comparisons) - MOST_ARMS
    if more > 0:
        say(f"Not shown: {counted(more, 'arm')}.")


def print_moved(comparisons: Sequence[Comparison], folder: Path) -> None:
    """Of each arm the groups that it moves most clearly, and where the others are."""
    for comparison in comparisons:
        for rows, title, headings in (
            (comparison.prevalence, prevalence_title(comparison), REFERENCE_AND_ARM),
            (comparison.shifts, shift_title(comparison), SHIFTS_OF_BOTH),
        ):
            if len(rows):
                title = f"Arm {comparison.b.arm} against the reference: {title}"
                _print_first(comparison, rows, title, headings)
        _print_groups_alone(comparison)
    print_notes(comparisons[0].about_runs)
    if any(comparison.changes_groups for comparison in comparisons):
        print_notes([OTHER_PEOPLE])
    print_notes(dict.fromkeys(note for each in comparisons for note in each.about_draws))
    say_command("All groups of all arms", "rlsabm", "compare", folder)


def _print_groups_alone(comparison: Comparison) -> None:
    """Say which groups the arm or the reference has nobody in."""
    arms = ((comparison.a.arm, comparison.only_in_a), (comparison.b.arm, comparison.only_in_b))
    for arm, groups in arms:
        if groups:
            say(f"In {arm} only: {', '.join(groups)}.")


def _print_first(
    comparison: Comparison, rows: pd.DataFrame, title: str, headings: tuple[str, ...]
) -> None:
    """The first rows that have moved; the rest is counted."""
    many = ~few_people(rows, comparison.draws)
    rows, few = rows[many], len(rows) - int(many.sum())
    moved = rows[rows["difference"].notna() & (rows["difference"] != 0.0)]
    if moved.empty:
        say(f"\n{title}: no group differs from the reference.")
        return
    print_differences(comparison, moved.head(MOST_ROWS), title, headings)
    rest = []
    if len(moved) > MOST_ROWS:
        rest.append(f"{counted(len(moved) - MOST_ROWS, 'more group')} moved less clearly")
    if len(rows) > len(moved):
        still = len(rows) - len(moved)
        rest.append(f"{counted(still, 'group')} {'does' if still == 1 else 'do'} not differ")
    if few:
        rest.append(
            f"{counted(few, 'group')} with fewer than {LEAST_PERSONS} persons per draw not shown"
        )
    if rest:
        say(f"Most clearly moved first; {', '.join(rest)}.")


def print_trends(trends: Sequence[Trend], prevalence: pd.DataFrame, years: Sequence[int]) -> None:
    """Prevalence of each arm by survey year, and its change from the first to the last."""
    labels: Labels = prevalence.attrs.get("labels", {})
    rows: list[list[str]] = []
    for trend in trends[:MOST_ARMS]:
        if len(trends) > 1:
            rows.append([trend.arm])
        cells = {(row.year, str(row.definition)): row for row in trend.levels.itertuples()}
        for year in years:
            shown = [percent_of(cells.get((year, name))) for name in DEFINITIONS]
            rows.append([str(year), *shown])
        if len(trend.years) < 2:
            continue
        changes = {row["definition"]: row for row in trend.changes.to_dict("records")}
        rows.append(
            [
                f"change {trend.years[0]}–{trend.years[-1]}",
                *(
                    points(changes[name]["difference"], *limits(changes[name], paired=True))
                    for name in DEFINITIONS
                ),
            ]
        )
    show_table(
        f"Prevalence of RLS by survey year, {adults_in_words(prevalence)}: %, and its change in "
        "percentage points (95 % interval)",
        ["year", *(capitalised(case_in_words(labels, name)) for name in DEFINITIONS)],
        rows,
    )
    if len(trends) > MOST_ARMS:
        say(f"Not shown: {counted(len(trends) - MOST_ARMS, 'arm')}.")
