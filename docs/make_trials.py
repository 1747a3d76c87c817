"""Write the tables of docs/trials.md from stored results: ``python docs/make_trials.py``.

``python docs/make_trials.py run`` does the trials that ship anew, in some minutes, and stores what they
find beside this file: `trial` and `trial_published` of each scenario, and how scores regress.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

import rlsabm
from rlsabm.printing.trial import OUTCOME_WORDS, in_points, with_interval
from rlsabm.results.tables.trial import NORMAL_95
from rlsabm.results.tables.trial_published import INSIDE, NOT_KNOWN, OUTSIDE

HERE = Path(__file__).parent
PAGE = HERE / "trials.md"
SCENARIOS = HERE.parent / "scenarios" / "trials"
FOUND, PUBLISHED, REGRESSED = (
    HERE / f"{name}.parquet" for name in ("trials", "trials_published", "trials_regression")
)
#: Where each table of the page begins and ends.
BEGIN, END = "<!-- {name}: written by docs/make_trials.py -->", "<!-- end of {name} -->"

#: Trials of iron that are pooled as those of the review (Trotti 2019): the visit next to the time that
#: it took, and the trial that it stands for.
POOLED = (
    ("ferric_carboxymaltose", "ferric carboxymaltose, 1000 mg", 1, "Trenkwalder 2017"),
    ("ferric_carboxymaltose_doses", "ferric carboxymaltose, 1000 mg", 1, "Allen 2011, Cho 2016"),
    ("iron_sucrose", "iron sucrose", 1, "Grote 2009"),
    ("dialysis", "iron sucrose", 1, "Deng 2017"),
    ("oral_iron", "oral iron", 3, "Wang 2009"),
)
#: Least scores at which regression to the mean is shown, and the population in which.
LIMITS, REGRESSING = (10, 15, 20, 25), 100_000


class Pooled(NamedTuple):
    """A pooled difference with its 95 % interval."""

    value: float
    lower: float
    upper: float


def pooled(values: Sequence[float], errors: Sequence[float]) -> Pooled:
    """Random effects of DerSimonian and Laird.

    Parameters
    ----------
    values, errors
        Difference of each trial and its standard error.
    """
    difference, weight = np.asarray(values), 1.0 / np.asarray(errors) ** 2
    fixed = (weight * difference).sum() / weight.sum()
    excess = (weight * (difference - fixed) ** 2).sum() - (len(difference) - 1)
    between = max(0.0, excess / (weight.sum() - (weight**2).sum() / weight.sum()))
    weight = 1.0 / (1.0 / weight + between)
    value = (weight * difference).sum() / weight.sum()
    half = NORMAL_95 / np.sqrt(weight.sum())
    return Pooled(float(value), float(value - half), float(value + half))


# Running --------------------------------------------------------------------------------------------


def run() -> None:
    """Do all trials that ship, and store what they find."""
    found, published = [], []
    for file in sorted(SCENARIOS.glob("*.yaml")):
        study = rlsabm.simulate(file, tables=["trial", "trial_published"])
        name = {"scenario": file.stem}
        found.append(_plain(study.table("trial")).assign(**name))
        published.append(_plain(study.table("trial_published")).assign(**name))
        print(file.stem, flush=True)
    pd.concat(found, ignore_index=True).to_parquet(FOUND)
    pd.concat(published, ignore_index=True).to_parquet(PUBLISHED)
    pd.DataFrame(_regressed()).to_parquet(REGRESSED)


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    """A table without categories, whose words differ between scenarios."""
    words = table.select_dtypes("category").columns
    plain = table.astype(dict.fromkeys(words, str)).drop(columns=["arm", "year"])
    plain.attrs = {}
    return plain


def _regressed() -> Iterable[dict[str, Any]]:
    """Mean scores of placebo arms from screening on, where nobody's rating falls by taking part."""
    for rating_sd in (3.0, 0.0):
        for limit in LIMITS:
            trial = {
                "eligible": {"irls_at_least": limit},
                "arms": {"placebo": [], "placebo again": []},
                "patients_per_arm": 50,
                "visits": [3],
                "placebo_fall": 0.0,
                "rating_sd": rating_sd,
            }
            study = rlsabm.simulate(
                {"title": "Regression to the mean", "trial": trial},
                size=REGRESSING, tables=["trial_outcomes"],
            )  # fmt: skip
            means = _plain(study.table("trial_outcomes"))
            means = means.groupby(["outcome", "visit_month"])["mean"].mean()
            yield {
                "rating_sd": rating_sd,
                "limit": limit,
                "screening": means["irls_at_screening", 0],
                "beginning": means["irls", 0],
                "month_3": means["irls", 3],
            }


# Writing --------------------------------------------------------------------------------------------


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table in Markdown."""
    lines = ["| " + " | ".join(headings) + " |", "|" + "---|" * len(headings)]
    for row in rows:
        cells = [str(cell).replace("|", "\\|").replace("\n", " ") for cell in row]
        lines.append("| " + " | ".join(cells) + " |")
    return re.sub(r"(?<!\w)-(?=\d)", "−", "\n".join(lines))


def published_table(published: pd.DataFrame) -> str:
    """Each published result beside the simulated one."""
    rows = []
    for row in published.itertuples():
        outcome = str(row.outcome)
        given = with_interval(outcome, row.published, row.published_lower, row.published_upper)
        rows.append(
            (
                row.result,
                f"{row.trial_arm}: {OUTCOME_WORDS[outcome]}, month {row.visit_month}",
                "only in words" if pd.isna(row.published) else given,
                with_interval(outcome, row.simulated, row.simulated_lower, row.simulated_upper),
                "" if row.verdict == NOT_KNOWN else row.verdict,
                "set" if row.is_set else "predicted",
            )
        )
    headings = (
        "published", "arm and outcome", "difference", "simulated (95 % of trials)", "verdict", "",
    )  # fmt: skip
    return table(headings, rows)


def course_table(found: pd.DataFrame) -> str:
    """Difference in IRLS and power by visit."""
    rows = []
    chosen = found[(found["visit_month"] > 0)]
    for (scenario, arm), group in chosen.groupby(["scenario", "trial_arm"], sort=False):
        crossed = group["difference_first"].notna().any()
        told = group[group["outcome"] == ("irls" if crossed else "irls_change")]
        course = "; ".join(
            f"{row.visit_month}: {in_points('irls', row.mean_difference)}, {100 * row.power:.0f} %"
            for row in told.itertuples()
        )
        size = f"{told['persons'].iloc[0]} v {told['persons_control'].iloc[0]}"
        rows.append((f"`{scenario}`".replace("-", "_"), arm, told["control"].iloc[0], size, course))
    headings = ("scenario", "arm", "against", "patients", "month: difference in IRLS, power")
    return table(headings, rows)


def targets_table(found: pd.DataFrame, published: pd.DataFrame) -> str:
    """The targets C13 and C14."""
    chosen = found[found["outcome"] == "irls_change"].set_index(
        ["scenario", "trial_arm", "visit_month"]
    )
    parts = [chosen.loc[(scenario, arm, month)] for scenario, arm, month, _ in POOLED]
    iron = pooled(
        [part["mean_difference"] for part in parts], [part["sd_of_differences"] for part in parts]
    )
    rows = [
        (
            "C13",
            "iron of all kinds, IRLS, random effects over "
            + ", ".join(trial for *_, trial in POOLED),
            "-3.8 (-6.3 to -1.3), Trotti 2019",
            with_interval("irls", *iron),
            INSIDE if -6.25 <= iron.value <= -1.31 else OUTSIDE,
        )
    ]
    named = published.set_index("result")
    for result, what in (
        ("Scholz 2011, 35 trials", "dopamine agonists, IRLS, month 3"),
        ("Silver 2011 and Allen 2011", "dopamine agonists, augmentation in a year, %"),
        ("Allen 2014", "alpha-2-delta ligands, IRLS, month 3"),
    ):
        row = named.loc[result]
        of = str(row["outcome"])
        limits = row[["published", "published_lower", "published_upper"]]
        simulated = row[["simulated", "simulated_lower", "simulated_upper"]]
        rows.append(
            (
                "C14", what, f"{with_interval(of, *limits)}, {result}",
                with_interval(of, *simulated),
                "no interval" if row["verdict"] == NOT_KNOWN else row["verdict"],
            )
        )  # fmt: skip
    return table(("target", "what", "published", "simulated", "verdict"), rows)


def regression_table(regressed: pd.DataFrame) -> str:
    """Mean scores from screening on, by the least score."""
    rows = [
        (
            f"{row.limit:.0f}",
            "rated" if row.rating_sd else "true",
            *(f"{value:.1f}" for value in (row.screening, row.beginning, row.month_3)),
        )
        for row in regressed.sort_values(
            ["limit", "rating_sd"], ascending=[True, False]
        ).itertuples()
    ]
    headings = ("least score", "recruited by the score", "screening", "a month later, at the "
                "beginning", "three months later")  # fmt: skip
    return table(headings, rows)


def page() -> str:
    """The whole page, with its tables written anew."""
    found, published = pd.read_parquet(FOUND), pd.read_parquet(PUBLISHED)
    tables = {
        "published": published_table(published),
        "targets": targets_table(found, published),
        "courses": course_table(found),
        "regression": regression_table(pd.read_parquet(REGRESSED)),
    }
    text = PAGE.read_text(encoding="utf-8")
    for name, content in tables.items():
        begin, end = BEGIN.format(name=name), END.format(name=name)
        before, rest = text.split(begin)
        _, after = rest.split(end)
        text = f"{before}{begin}\n{content}\n{end}{after}"
    return text


if __name__ == "__main__":
    if sys.argv[1:] == ["run"]:
        run()
    PAGE.write_text(page(), encoding="utf-8")
