"""How a study stands, on a terminal."""

from __future__ import annotations

from itertools import islice
from typing import Any

import pandas as pd
from rich.markup import escape

from rlsabm.printing.tables import number_table, out, words
from rlsabm.results.totals import ADULT_AGE
from rlsabm.study.status import Status

#: Reasons that are shown of units that failed.
MOST_REASONS = 10


def print_status(status: Status) -> None:
    """Print how far a study is, what failed, and how precise its shifts are."""
    manifest = status.manifest
    out.print(f"[bold]{escape(manifest['title'])}[/bold]: {status.state}")
    counts = ", ".join(f"{n} {name}" for name, n in status.counts().items() if n)
    out.print(f"Runs: {counts}.", markup=False)
    if status.holder:
        out.print(f"{status.holder[0].upper()}{status.holder[1:]}.", markup=False, soft_wrap=True)
    if status.seconds_left is not None:
        out.print(f"About {duration(status.seconds_left)} left.")
    print_reasons(status.failed)
    if manifest.get("trouble"):
        out.print(manifest["trouble"], markup=False, soft_wrap=True)
    for name, fault in islice(status.faults.items(), MOST_REASONS):
        out.print(f"{name} {fault}.", markup=False, soft_wrap=True)
    if (more := len(status.faults) - MOST_REASONS) > 0:
        out.print(f"… and {more} more files are damaged or missing.")
    if len(status.precision):
        _print_precision(status)
    if status.state in ("stopped", "incomplete"):
        out.print(f"\nTo go on: rlsabm resume {status.folder}", markup=False, soft_wrap=True)
    elif status.state == "damaged":
        out.print(f"\n{status.way_on}.", markup=False, soft_wrap=True)


def print_reasons(failed: pd.DataFrame, console: Any = out) -> None:
    """Print why units failed."""
    for row in failed.head(MOST_REASONS).itertuples():
        block = f", block {row.block}" if failed["block"].any() else ""
        console.print(
            f"failed: {row.arm}, draw {row.draw}, replicate {row.replicate}{block}: {row.error}",
            markup=False,
            soft_wrap=True,
        )
    if len(failed) > MOST_REASONS:
        console.print(f"… and {len(failed) - MOST_REASONS} more; runs.parquet has all of them.")


def _print_precision(status: Status) -> None:
    wanted = f"{100 * status.half_width:g}"
    rows = status.precision
    caused = (rows["estimate"] == "caused_shift").any()
    what = "shift caused" if caused else "prevalence"
    runs = status.manifest["runs"]
    table = number_table(
        f"Precision, {ADULT_AGE} years and older, any RLS now: percentage points",
        [
            "condition",
            what,
            "Monte-Carlo\ninterval, ±",
            "SD between\ndraws",
            f"more replicates\nfor ± {wanted}",
        ],
    )
    arms = rows["arm"].astype(str).unique()
    for row in rows.itertuples():
        value: Any = row.value
        error: Any = row.monte_carlo_error
        spread: Any = row.parameter_sd
        name = words(row.condition) + (f", {row.arm}" if len(arms) > 1 else "")
        table.add_row(
            escape(name),
            f"{100 * value:+.2f}" if caused else f"{100 * value:.2f}",
            f"{196 * error:.2f}",
            "-" if pd.isna(spread) else f"{100 * spread:.2f}",
            str(row.more_replicates or "-"),
        )
    out.print()
    out.print(table)
    out.print(
        f"It rests on {runs['replicates']} replicate{'s' if runs['replicates'] > 1 else ''} of "
        f"{runs['draws']} draw{'s' if runs['draws'] > 1 else ''}. More replicates make the "
        "Monte-Carlo interval smaller, not the spread between draws."
    )
    if rows["more_replicates"].any():
        out.print(
            f"To add N of them: rlsabm resume {status.folder} --add-replicates N",
            markup=False,
            soft_wrap=True,
        )


def duration(seconds: float) -> str:
    """A time in words."""
    if seconds < 90:
        whole = max(1, round(seconds))
        return f"{whole} second{'s' if whole > 1 else ''}"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.1f} hours"
