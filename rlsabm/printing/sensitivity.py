"""A sensitivity analysis on a terminal: what moves each output most."""

from __future__ import annotations

import math
from typing import Any

from rlsabm.calibration.sensitivity import Sensitivity
from rlsabm.printing.tables import show_table
from rlsabm.printing.text import say
from rlsabm.wording import NONE, counted, signed

#: Share of chance from which an output says little about parameters.
MUCH_CHANCE = 0.5
#: Correlation of parameters from which indices cannot be told apart.
CLOSE = 0.5


def print_sensitivity(found: Sensitivity, most: int) -> None:
    """Print the parameters that go most closely with each output.

    Parameters
    ----------
    found
        The analysis.
    most
        Parameters shown for each output at most.
    """
    rows: list[list[str]] = []
    shown: set[str] = set()
    for output in found.frame["output"].cat.categories:
        largest = found.largest(output)
        rows.append([_heading(output, found)])
        for row in largest.head(most).to_dict("records"):
            rows.append(_row(row))
            shown.add(str(row["parameter"]))
        if len(largest) > most:
            rows.append([f"  and {counted(len(largest) - most, 'other parameter')}", "", "", ""])
        if largest.empty:
            rows.append(["  none for certain", "", "", ""])
    show_table(
        f"What moves each output: {counted(found.runs, 'run')}, {found.what}",
        [
            "output, parameter",
            "share of variance",
            "rank correlation",
            "others held",
        ],
        rows,
    )
    least = found.frame["threshold"].max()
    say(
        f"In brackets: cannot be told from 0 with so few runs (shares below {least:.2f}). Correlations "
        "above 0: output and parameter rise together."
    )
    _print_companions(found, shown)
    if found.left_out:
        say(f"Left out, as too few runs tell or differ: {', '.join(found.left_out)}.")


def _heading(output: str, found: Sensitivity) -> str:
    """An output, and how much of it is chance if that is much."""
    chance = float(found.frame.loc[found.frame["output"] == output, "chance"].iloc[0])
    if math.isnan(chance) or chance < MUCH_CHANCE:
        return output
    return f"{output}: {chance:.0%} of its variance is chance"


def _row(row: dict[Any, Any]) -> list[str]:
    share = f"{row['first_order']:.2f}"
    if row["clear"]:
        share += f" ({row['lower']:.2f}–{row['upper']:.2f})"
    else:
        share = f"[{share}]"
    partial = row["partial_rank_correlation"]
    held = NONE if math.isnan(partial) else signed(partial, 2)
    if not row["clear_when_held"] and held != NONE:
        held = f"[{held}]"
    return [f"  {row['parameter']}", share, signed(row["rank_correlation"], 2), held]


def _print_companions(found: Sensitivity, shown: set[str]) -> None:
    """Say which of the parameters shown go together: their shares are those of both."""
    first = found.frame.drop_duplicates("parameter")
    pairs: dict[frozenset[str], str] = {}
    for row in first.to_dict("records"):
        names = [str(row["parameter"]), str(row["goes_with"])]
        if names[0] in shown and abs(row["correlation"]) > CLOSE and names[0] != names[1]:
            said = f"{names[0]} and {names[1]} ({signed(row['correlation'], 2)})"
            pairs.setdefault(frozenset(names), said)
    if pairs:
        say(
            f"Go together in these runs, so that their shares overlap: {', '.join(pairs.values())}."
        )
