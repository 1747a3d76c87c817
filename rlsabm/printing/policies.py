"""What policies avert, give and cost, on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from rlsabm.printing.tables import show_table
from rlsabm.printing.text import say
from rlsabm.printing.words import capitalised
from rlsabm.results.policies_told import amounts_that_differ, needed_for_one, of_all_years
from rlsabm.results.tables.policies import AVERTED
from rlsabm.wording import counted

HEADINGS = ("outcome", "reference", "policy", "difference (95 %)")


def amount(value: float, *, signed: bool = False) -> str:
    """An amount per 100,000 person-years, with as many digits as say something."""
    if pd.isna(value):
        return "-"
    decimals = 0 if abs(value) >= 100 else 1 if abs(value) >= 1 else 2
    text = f"{value:+,.{decimals}f}" if signed else f"{value:,.{decimals}f}"
    return text.replace("-", "−") if signed else text


def with_limits(value: float, lower: float, upper: float, *, signed: bool = True) -> str:
    """An amount with its interval, where there is one."""
    text = amount(value, signed=signed)
    if pd.isna(lower):
        return text
    ends = (amount(end, signed=signed) for end in (lower, upper))
    return f"{text} ({' to '.join(ends)})"


def policy_rows(rows: pd.DataFrame, labels: dict[str, str]) -> list[list[str]]:
    """Cells of the table of an arm."""
    lines = []
    for row in amounts_that_differ(rows).to_dict("records"):
        name = str(row["outcome"])
        beside = ["", ""] if name in AVERTED else [amount(row["reference"]), amount(row["policy"])]
        value = with_limits(row["value"], row["lower"], row["upper"])
        lines.append([labels.get(name, name), *beside, value])
    return lines


def needs_of(rows: pd.DataFrame, labels: dict[str, str]) -> list[str]:
    """Sentences on what a policy needs for each year averted."""
    sentences = []
    for row in needed_for_one(rows).to_dict("records"):
        name = str(row["outcome"])
        value = with_limits(row["value"], row["lower"], row["upper"], signed=False)
        sentences.append(f"{capitalised(labels.get(name, name))}: {value}")
    return sentences


def print_policies(policies: pd.DataFrame, arms: Sequence[str], unused: Iterable[str]) -> None:
    """Print what each policy averts, gives and costs, and what nobody was given.

    Parameters
    ----------
    policies
        The table of this name.
    arms
        Arms that are printed.
    unused
        Sentences on treatments that nobody began.
    """
    years = int(policies["policy_year"].max())
    labels = policies.attrs.get("labels", {}).get("outcome", {})
    shown = of_all_years(policies)
    for arm in arms:
        rows = shown[shown["arm"].astype(str) == arm]
        if rows.empty:
            continue
        lines = policy_rows(rows, labels)
        title = f"Policy {arm}, {counted(years, 'year')}, per 100,000 person-years"
        if not lines:
            say(f"\n{title}: nothing differs from the reference.")
            continue
        show_table(title, HEADINGS, lines)
        for sentence in needs_of(rows, labels):
            say(f"{sentence}.")
    for sentence in unused:
        say(sentence)
    say(
        "The same people live on under each policy, so that differences are what it causes. By sex, "
        "age, inborn CNS iron and year: policies.parquet."
    )
