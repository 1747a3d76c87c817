"""How arms differ from the reference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from rlsabm.errors import UserError
from rlsabm.measuring.cases import DEFINITIONS
from rlsabm.measuring.instruments import TRUTH
from rlsabm.observe.groups import EVERYONE
from rlsabm.plots.drawing import (
    altair,
    checked_study,
    chosen_word,
    chosen_year,
    finished,
    rows_with_intervals,
)
from rlsabm.plots.themes import SCREEN
from rlsabm.printing.comparison import limits
from rlsabm.printing.words import Labels, capitalised, case_in_words, label
from rlsabm.results.arm_counts import Choice, counts_by_key
from rlsabm.results.choosing import ages_in_words
from rlsabm.results.differences import DIFFERENCE, difference_of, independent_prevalence
from rlsabm.results.nesting import RUNS
from rlsabm.results.study_results import Study
from rlsabm.results.summary import adults_only
from rlsabm.scenario import REFERENCE
from rlsabm.wording import points
from rlsabm.worlds.world import FACTUAL


def arms_numbers(
    study: Study,
    *,
    condition: str = EVERYONE.name,
    definition: Sequence[str] | str = DEFINITIONS,
    year: int | None = None,
) -> pd.DataFrame:
    """What `arms` draws.

    Parameters
    ----------
    study, condition, definition, year
        As `arms` has them.

    Returns
    -------
    pandas.DataFrame
        One row an arm and definition: ``arm``, ``definition``, and what `rlsabm compare` gives of
        them, in proportions: ``value_a`` of the reference, ``value_b`` of the arm, ``difference``,
        ``lower``, ``upper``, ``interval_from``. Limits are missing where runs of the same people are
        too few to tell them.

    Raises
    ------
    UserError
        As `arms`.
    """
    study = checked_study(study, "arms")
    others = [arm for arm in study.arms if arm != REFERENCE]
    if not others:
        raise UserError(
            "arms: the study has one arm only; a scenario adds some: arms: {NAME: {KEY: VALUE}}"
        )
    table = study.table("prevalence")
    definitions = [definition] if isinstance(definition, str) else list(definition)
    for each in definitions:
        chosen_word(table, "definition", each)
    rows = adults_only(table)
    rows = rows[
        (rows["world"] == FACTUAL)
        & (rows["year"] == chosen_year(study, year))
        & (rows["recall"] == "current")
        & (rows["observed_as"] == TRUTH)
        & (rows["condition"] == chosen_word(table, "condition", condition))
    ]
    rows = rows.assign(total=rows["cases"], squares=rows["cases"])
    choice = Choice(by=("definition",))
    found = []
    for arm in others:
        of_arms = [rows[rows["arm"] == name] for name in (REFERENCE, arm)]
        runs = [
            sorted(set(part[list(RUNS)].itertuples(index=False, name=None))) for part in of_arms
        ]
        both = [run for run in runs[0] if run in runs[1]]
        if not both:
            continue
        counts = [counts_by_key(*pair, choice) for pair in zip(of_arms, runs, strict=True)]
        pairs = tuple(np.array([of.index(run) for run in both]) for of in runs)
        for each in definitions:
            a, b = (of.get((condition, each)) for of in counts)
            if a is None or b is None:
                continue
            row = difference_of(a, b, (pairs[0], pairs[1]), independent_prevalence, most=1.0)
            lower, upper = limits(row, paired=True)
            found.append({"arm": arm, "definition": each, **row, "lower": lower, "upper": upper})
    if not found:
        raise UserError("arms: no arm has finished a run that the reference has finished, too")
    numbers = pd.DataFrame(found, columns=["arm", "definition", *DIFFERENCE])
    numbers.attrs = {
        "labels": table.attrs.get("labels", {}),
        "who": ages_in_words(table, "adults"),
        "condition": condition,
        "year": chosen_year(study, year),
    }
    return numbers


def arms(
    study: Study,
    *,
    condition: str = EVERYONE.name,
    definition: Sequence[str] | str = DEFINITIONS,
    year: int | None = None,
    theme: str = SCREEN,
) -> Any:
    """Differences of prevalence between the arms of a study and its reference.

    Parameters
    ----------
    study
        What `rlsabm.read` or `rlsabm.simulate` returns, with arms.
    condition
        Among whom; everyone by default.
    definition
        One definition of RLS or several; all by default.
    year
        Survey year; the last by default.
    theme
        ``screen``, ``dark`` or ``print``.

    Returns
    -------
    altair.LayerChart
        A row an arm; 0 means as in the reference.

    Raises
    ------
    UserError
        If the study has one arm only, a value is not known, or altair is not installed.
    """
    alt = altair()
    numbers = arms_numbers(study, condition=condition, definition=definition, year=year)
    labels: Labels = numbers.attrs["labels"]
    limits_of = numbers[["difference", "lower", "upper"]].to_numpy(float)
    drawn = pd.DataFrame(
        {
            "arm": [capitalised(arm) for arm in numbers["arm"]],
            "definition": [
                capitalised(case_in_words(labels, each)) for each in numbers["definition"]
            ],
            **dict(zip(("value", "lower", "upper"), 100.0 * limits_of.T, strict=True)),
            "shown": [points(*row) for row in limits_of],
            "persons": numbers["persons_b"],
        }
    )
    chart = rows_with_intervals(
        drawn,
        row="arm",
        rows_in_order=list(dict.fromkeys(drawn["arm"])),
        series="definition",
        series_in_order=list(dict.fromkeys(drawn["definition"])),
        scale=alt.Scale(nice=True, zero=True),
        axis=alt.Axis(
            title="Difference from the reference, percentage points", grid=True, tickCount=7
        ),
        tooltip=[
            alt.Tooltip("arm:N"),
            alt.Tooltip("definition:N"),
            alt.Tooltip("shown:N", title="percentage points"),
            alt.Tooltip("persons:Q", format=","),
        ],
        height=48,
    )
    who = "everyone" if condition == EVERYONE.name else label(labels, "condition", condition)
    said = "; ".join(f"{row.arm}, {row.definition}: {row.shown}" for row in drawn.itertuples())
    return finished(
        chart,
        theme,
        f"Difference of prevalence from the reference among {who}, {numbers.attrs['who']}, "
        f"{numbers.attrs['year']}, in percentage points: {said}.",
    )
