"""Write docs/calibration.md from the calibration that ships: ``python docs/make_calibration.py``.

With a folder it first takes the tables of the calibration in it, to ship them from now on:
``python docs/make_calibration.py outputs/calibration``.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from rlsabm.calibration.file import read_calibration
from rlsabm.calibration.history_matching import CUT_OFF
from rlsabm.posterior import CALIBRATION
from rlsabm.printing.calibration import DISAGREEMENT, DRAWN_FROM, HARDLY_LEARNT, share_text
from rlsabm.printing.scorecard import figure_text
from rlsabm.wording import duration

PAGE = Path(__file__).with_name("calibration.md")
TABLES = ("posterior", "fit", "learnt", "waves", "conflicts")
MOST_CONFLICTS = 12
#: What people make of it; read it beside new figures.
NOTES = """\
### What is near its limit, and what it says

- Brothers and sisters of severe cases have too little RLS rather than too much, children of cases too
  much rather than too little: families resemble one another through genes only here, so that both
  are about equally near, while the published figures differ by a factor of two. What brothers and
  sisters share as children, or dominance, may be missing.
- Among Europeans of 20 to 79 years RLS is at the upper limit of the published interval
  (`C1_any_europe`): with as much RLS as `C1_any_adults` asks for it cannot be rarer.
- Women without births have a little more RLS than men of their ages (`C23_no_birth`), by their menses.

- Published figures come from populations in which some are treated; the model was fitted as if nobody
  were. Usual care moves the prevalence by less than intervals are wide ([Care](care.md)): the
  [scorecard](validation.md) is of the baseline, where it is on, and without it the same figures are
  inside, as those of the model that ships on the page on [rivals](rivals.md) show.

### What was tried

- With an environment for life, new RLS came at a quarter of the published rate, whatever the
  parameters: liability was mostly inborn, and exposures change slowly. An environment that changes
  every five years or so meets it, together with persistence and everything else. The mean age at
  onset, which nothing was fitted to, then comes out about as published, though two in five familial
  cases still begin before 20, and not one in four.
- Without a fall of liability in old age, prevalence went on rising after 65, where surveys find it
  flat or falling: chronic disease and lost iron accumulate with age. Why old people report less is
  not known; surveys reach fewer of the frail, which the model does not show.
- The patients of the study of iron-deficiency anaemia had been referred to haematologists. Compared
  with everybody whom a survey finds below the limits of the World Health Organization, most of whom
  are only a little anaemic, they asked for a supply of iron to the CNS that fails at a ferritin of
  5.5 µg/L; then women without births had 1.4 times the RLS of men, and brothers and sisters too
  little. Compared with people of less than 110 g/L of haemoglobin they agree with all of this.
- Risk alleles were given effects by which people with full iron and no other loads have the published
  odds ratios. Among all people these came out a fifth too small, on the scale of logarithms; one
  parameter makes up for it at all loci alike.
- The same parameters were first searched by Gauss-Newton steps on 17 summaries of the same figures.
  The centres of the priors are what that found: the posterior is narrower than the figures alone
  would leave it.
- An earlier calibration had figures of no cases (no child with RLS among 1,000) on the scale of log
  odds as they were. They spoiled the emulators of the figures concerned. Such runs now say nothing
  of that figure.
"""


def take(folder: Path) -> None:
    """Ship the tables of a calibration."""
    CALIBRATION.mkdir(exist_ok=True)
    for name in TABLES:
        shutil.copyfile(folder / f"{name}.parquet", CALIBRATION / f"{name}.parquet")


def read(name: str) -> pd.DataFrame:
    """A table that ships."""
    return pd.read_parquet(CALIBRATION / f"{name}.parquet")


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """A table in Markdown."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for row in rows:
        lines.append("| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |")
    return [*lines, ""]


def number(value: float, lower: float, upper: float) -> str:
    """A figure with its interval."""
    return f"{value:.3g} ({lower:.3g}–{upper:.3g})"


def introduction() -> list[str]:
    """What was run."""
    said, waves, posterior = read_calibration("calibration"), read("waves"), read("posterior")
    runs, seconds = waves["evaluations"].sum(), waves["seconds_of_runs"].sum()
    learning = waves["seconds"].sum()
    draws, distinct = posterior["draw"].nunique(), posterior["evaluation"].nunique()
    last = waves.iloc[-1]
    return [
        "# The calibration that ships",
        "",
        "Written by `python docs/make_calibration.py` from the tables of the calibration; do not edit "
        "by hand.",
        "",
        f"{len(said.parameters)} parameters were learnt from {len(said.targets)} figures with",
        "",
        "```sh",
        "rlsabm calibrate scenarios/calibration.yaml",
        "```",
        "",
        f"({runs:,} runs of {said.section.size:,} people in {len(waves)} waves: {duration(seconds)} of "
        f"processors for the runs, {duration(learning)} for emulators and samples). The posterior has "
        f"{draws} draws of equal weight, which are {distinct} different runs; the draws of the last "
        f"wave are worth {last['effective_share']:.0%} of their number. [Calibrating](calibrating.md) "
        "says how it is done.",
        "",
        "Defaults of the calibrated parameters are the means of the posterior, to three digits. With "
        "`runs: {draws: n}` a scenario is run at draws from the posterior, which keep parameters "
        "together that belong together; other parameters have their defaults, as in the calibration. "
        "`runs: {priors: true}` draws all parameters from their priors.",
        "",
        "Figures that were not fitted to, and those that no parameter may ever be fitted to, stand on "
        "[another page](validation.md).",
        "",
    ]


def fit() -> list[str]:
    """Every target with what the model gives."""
    targets = {target.key: target for target in read_calibration("calibration").targets}
    found = read("fit")
    rows = []
    for row in found.itertuples():
        target = targets[str(row.target)]
        shown = figure_text(
            row.simulated, row.simulated_lower, row.simulated_upper, proportion=target.is_proportion
        )
        if target.is_ordering:
            side = "at most" if target.published.at_least is None else "at least"
            published = f"{side} {target.value:g}"
        else:
            published = figure_text(
                row.published,
                row.published_lower,
                row.published_upper,
                proportion=target.is_proportion,
            )
        said = "yes" if row.inside else "**no**"
        cells = (f"`{row.target}`", target.published.says, shown, published, f"{row.distance:+.1f}")
        rows.append((*cells, said, target.published.source))
    return [
        "## Targets",
        "",
        "Simulated figures are means of runs at draws from the posterior, with the interval of 95 % "
        "of these runs (20,000 people each, whose chance it holds); published ones have theirs. "
        "The distance is in standard deviations of the published figure, with the discrepancy that is "
        "granted to the model. Proportions are in per cent.",
        "",
        *table(
            ("target", "", "simulated", "published", "distance", "inside", "source"),
            rows,
        ),
        f"{int(found['inside'].sum())} of {len(found)} are inside.",
        "",
    ]


def parameters() -> list[str]:
    """Every parameter before and after."""
    found = read("learnt")
    hardly = found.loc[found["sd_ratio"] > HARDLY_LEARNT, "parameter"].astype(str)
    lines = [
        "## Parameters",
        "",
        "Medians with intervals of 95 %. The ratio is that of the posterior to the prior standard "
        "deviation, where the prior is made normal: 1 where the figures say nothing.",
        "",
        *table(
            ("parameter", "prior", "posterior", "ratio"),
            (
                (
                    f"`{row.parameter}`",
                    number(row.prior_median, row.prior_lower, row.prior_upper),
                    number(row.median, row.lower, row.upper),
                    f"{row.sd_ratio:.2f}",
                )
                for row in found.itertuples()
            ),
        ),
    ]
    if len(hardly):
        names = ", ".join(f"`{name}`" for name in hardly)
        lines += [
            f"The figures say next to nothing (a ratio above {HARDLY_LEARNT:g}) of {names}.",
            "",
        ]
    return lines


def disagreements() -> list[str]:
    """What pulls to opposite sides."""
    found = read("conflicts")
    worst = found[found["correlation"] < DISAGREEMENT].head(MOST_CONFLICTS)
    return [
        "## What disagrees",
        "",
        "Pairs of figures of which one fits better where the other fits worse, the worst first: the "
        "correlation of the slopes of their misfits, and the parameter through which most of it comes. "
        "The prior stands for what was known of parameters before.",
        "",
        *table(
            ("figure", "other", "correlation", "through"),
            (
                (
                    f"`{row.target}`",
                    f"`{row.other}`",
                    f"{row.correlation:+.2f}",
                    f"`{row.parameter}`",
                )
                for row in worst.itertuples()
            ),
        ),
    ]


def waves() -> list[str]:
    """How the space was narrowed."""
    return [
        "## Waves",
        "",
        f"The space that is left is the share of the prior in which no figure is more than {CUT_OFF:g} "
        "standard deviations from the published one (implausibility), and, in parentheses, in which at "
        "most one is. Emulators' variance is the largest, over figures, as a share of that of the "
        "published one.",
        "",
        *table(
            (
                "wave, drawn from",
                "runs",
                "power",
                "space left",
                "emulators' variance",
                "worst figure, SD",
            ),
            (
                (
                    f"{row.wave}: {DRAWN_FROM[str(row.drawn_from)]}",
                    row.evaluations,
                    f"{row.power:.2g}",
                    f"{share_text(row.share_left)} ({share_text(row.share_left_second)})",
                    f"{row.emulator_share:.2f}",
                    f"`{row.worst_target}` {row.worst_distance:+.1f}",
                )
                for row in read("waves").itertuples()
            ),
        ),
    ]


def page() -> str:
    """The whole page."""
    notes = NOTES.rstrip().splitlines()
    parts = [introduction(), fit(), notes, [""], parameters(), disagreements(), waves()]
    return "\n".join(line for part in parts for line in part).rstrip() + "\n"


if __name__ == "__main__":
    if len(sys.argv) > 1:
        take(Path(sys.argv[1]))
    PAGE.write_text(page(), encoding="utf-8")
    print(f"{PAGE}: {len(read('fit'))} figures, {read('posterior')['draw'].nunique()} draws")
