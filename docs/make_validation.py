"""Write docs/validation.md from a stored scorecard: ``python docs/make_validation.py``.

The scorecard is made anew, in some minutes, with
``rlsabm validate --draws 20 --size 30_000 --out docs``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from rlsabm.calibration.scorecard import PURPOSES, Scorecard
from rlsabm.printing.scorecard import endings, published_text, simulated_text, verdict_text

PAGE = Path(__file__).with_name("validation.md")
STORED = Path(__file__).with_name("scorecard.parquet")
#: As they were run.
DRAWS, SIZE = 20, 30_000
HEAD = f"""\
# Published figures beside simulated ones

Written by `python docs/make_validation.py` from a stored scorecard; do not edit by hand.

Twenty-four parameters of the model are [calibrated](calibration.md) to some figures of the first list;
nothing is ever fitted to those of the second. This page shows how far simulated figures are from
published ones, as they fall: {DRAWS} runs of {SIZE:,} people of the baseline scenario, the few who are
treated for RLS included, each at another draw from the posterior
(`rlsabm validate --draws {DRAWS} --size {SIZE:_}`). None of these runs was used in fitting.

`rlsabm validate` makes this comparison for any scenario and any parameters.
[How figures are compared](methods.md#published-figures) says what is simulated and what the intervals
mean; the figures themselves stand in [calibration.yaml](../scenarios/targets/calibration.yaml) and
[validation.yaml](../scenarios/targets/validation.yaml), with everything that is asked of the simulated
people. Proportions are in per cent.
"""
LISTS = {
    "calibration": """\
## Figures that parameters may be fitted to
""",
    "validation": """\
## Figures that no parameter is fitted to

These are kept apart. The program has no way to fit to them: they have no likelihood.
""",
}
MARKS = """\
Simulated figures are means of the runs, their intervals the middle 95 % of these runs: what parameters
leave open, and the chance of a population of this size. "no?" means that the mean is outside of the
published interval, but that the published figure is in the simulated one. Bounds have their tolerance
in parentheses.
"""


def table(rows: Iterable[Sequence[object]]) -> list[str]:
    """A table in Markdown."""
    lines = ["| figure | | simulated | published | inside | source |", "|---|---|---|---|---|---|"]
    for row in rows:
        cells = [str(cell).replace("|", "\\|") for cell in row]
        lines.append("| " + " | ".join(cells) + " |")
    return [*lines, ""]


def source_of(row: Any) -> str:
    """The source with its identifiers, and what a reader must know."""
    parts = [row.source]
    if row.doi:
        parts.append(f"[doi](https://doi.org/{row.doi})")
    if row.pmid:
        parts.append(f"PMID {row.pmid}")
    return ", ".join(parts) + (f". {row.note}" if row.note else "")


def page() -> str:
    """The whole page."""
    card = Scorecard(pd.read_parquet(STORED), SIZE, 1, DRAWS)
    lines = [HEAD]
    for purpose in PURPOSES:
        rows = card.frame[card.frame["purpose"] == purpose]
        shown = rows[rows["verdict"] != "not observed"]
        lines.append(LISTS[purpose])
        lines += table(
            (
                f"`{row.target}`",
                row.says,
                simulated_text(row).replace("*", "\\*"),
                published_text(row),
                verdict_text(row),
                source_of(row),
            )
            for row in shown.itertuples()
        )
    lines.append("## In short\n")
    lines += [f"- {line}" for line in endings(card)]
    lines += ["", MARKS.rstrip()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
