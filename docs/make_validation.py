"""Write docs/validation.md from a stored scorecard: ``python docs/make_validation.py``.

The scorecard is made anew with ``rlsabm validate --out docs``, which takes some minutes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from rlsabm.calibration.scorecard import PURPOSES, REPLICATES, SIZE, Scorecard
from rlsabm.printing.scorecard import endings, published_text, simulated_text, verdict_text

PAGE = Path(__file__).with_name("validation.md")
STORED = Path(__file__).with_name("scorecard.parquet")
HEAD = f"""\
# Published figures beside simulated ones

Written by `python docs/make_validation.py` from a stored scorecard; do not edit by hand.

**The parameters are not calibrated yet.** They are sensible starting values; some of them were set by
hand or by a coarse search to some figures of the first list, which is no calibration. This page shows
how far they are from what is published, and is no evidence that the model is right.

`rlsabm validate` makes this comparison for any scenario and any parameters. Here it was run with its
defaults: the baseline scenario, {REPLICATES} runs of {SIZE:,} people.
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
A star marks intervals of a study of the published size, with the chance of the simulation; the others
hold the chance of the simulation only. "no?" means that the simulated figure is outside, but that the
published one is in the simulated interval, so that chance may be why. Bounds have their tolerance in
parentheses.
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
    card = Scorecard(pd.read_parquet(STORED), SIZE, REPLICATES)
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
