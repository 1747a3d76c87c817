"""The scorecard on a terminal: published figures beside simulated ones."""

from __future__ import annotations

import math
from typing import Any

from rlsabm.calibration.scorecard import PURPOSES, Scorecard
from rlsabm.printing.tables import show_table
from rlsabm.printing.text import say
from rlsabm.wording import NONE

TITLES = {
    "calibration": "Figures that parameters may be fitted to: simulated and published (95 % interval)",
    "validation": "Figures that no parameter is fitted to: simulated and published (95 % interval)",
}
LEGEND = (
    "in: whether the simulated figure is in the published interval; 'no?' if it is not, but the "
    "published figure is in the simulated interval, so that chance may be why. {intervals} "
    "Proportions are in per cent; bounds have their tolerance in parentheses."
)
OF_RUNS = (
    "Intervals of simulated figures marked * are those of a study of the published size, others those "
    "of the simulation alone."
)
OF_DRAWS = (
    "Simulated figures are means of runs at draws of the parameters, their intervals the middle 95 % "
    "of these runs."
)


def print_scorecard(card: Scorecard) -> None:
    """Print both lists, and how many figures of each are inside of their intervals."""
    for purpose in PURPOSES:
        rows = card.frame[card.frame["purpose"] == purpose]
        shown = rows[rows["verdict"] != "not observed"]
        if shown.empty and rows.empty:
            continue
        show_table(
            TITLES[purpose],
            ["figure", "simulated", "published", "in"],
            [
                [
                    f"{row.target}: {row.says} [{row.source}]",
                    simulated_text(row),
                    published_text(row),
                    verdict_text(row),
                ]
                for row in shown.itertuples()
            ],
        )
    say(LEGEND.format(intervals=OF_DRAWS if card.draws else OF_RUNS))
    for line in endings(card):
        say(line)


def endings(card: Scorecard) -> list[str]:
    """How many figures of each list are inside, and which cannot be observed yet."""
    lines = []
    for purpose in PURPOSES:
        rows = card.frame[card.frame["purpose"] == purpose]
        if rows.empty:
            continue
        inside, observed = card.inside(purpose)
        whole, of_rows = card.rows_inside(purpose)
        lines.append(
            f"{purpose.capitalize()}: {inside} of {observed} figures are inside; of {of_rows} rows of "
            f"the list, {whole} with all their figures."
        )
        hidden = rows[rows["verdict"] == "not observed"]
        for needs, group in hidden.groupby("needs"):
            why = f"need {needs!s}" if needs else "nobody could be counted; simulate more people"
            lines.append(f"Cannot be observed yet ({why}): {', '.join(group['target'])}.")
    return lines


def verdict_text(row: Any) -> str:
    """Whether the simulated figure is inside, or would be but for chance."""
    if row.verdict == "inside":
        return "yes"
    return "no?" if row.compatible else "no"


def simulated_text(row: Any) -> str:
    """The simulated figure with its interval."""
    star = "*" if row.interval_of == "study" else ""
    return figure_text(row.simulated, row.lower, row.upper, proportion=row.proportion) + star


def published_text(row: Any) -> str:
    """The published figure with its interval, or the bound."""
    if math.isinf(row.published_upper):
        return f"at least {row.published:g} ({row.published_lower:.3g})"
    if math.isinf(row.published_lower):
        return f"at most {row.published:g} ({row.published_upper:.3g})"
    return figure_text(
        row.published, row.published_lower, row.published_upper, proportion=row.proportion
    )


def figure_text(value: float, lower: float, upper: float, *, proportion: bool) -> str:
    """A figure with its interval, to three significant digits; proportions in per cent."""
    if not math.isfinite(value):
        return NONE
    factor = 100.0 if proportion else 1.0
    figures = [_rounded(factor * number) for number in (value, lower, upper)]
    if not math.isfinite(lower) or not math.isfinite(upper):
        return figures[0]
    return f"{figures[0]} ({figures[1]}–{figures[2]})"


def _rounded(number: float) -> str:
    """Three significant digits, and no exponents."""
    if not math.isfinite(number) or number == 0.0:
        return "0" if number == 0.0 else NONE
    decimals = max(0, 2 - math.floor(math.log10(abs(number))))
    return f"{number:,.{min(decimals, 4)}f}"
