"""How a study stands, on a terminal."""

from __future__ import annotations

from itertools import islice

import pandas as pd
from rich.console import Console

from rlsabm.printing.tables import show_table
from rlsabm.printing.text import out, say, say_command, say_line
from rlsabm.printing.words import Labels, label
from rlsabm.results.sources import has_table, labels_in
from rlsabm.results.totals import ADULT_AGE
from rlsabm.study.status import Status
from rlsabm.wording import NONE, counted, duration, signed

#: Reasons that are shown of units that failed.
MOST_REASONS = 10


def print_status(status: Status) -> None:
    """Print how far a study has got, what failed, and how precise its estimates are."""
    manifest = status.manifest
    say(f"{manifest['title']}: {status.state}", bold=True)
    say(f"Runs: {', '.join(f'{n:,} {name}' for name, n in status.counts().items() if n)}.")
    if status.holder:
        say_line(f"{status.holder[0].upper()}{status.holder[1:]}.")
    if status.seconds_left is not None:
        say(f"About {duration(status.seconds_left)} left.")
    print_reasons(status.failed)
    if manifest.get("trouble"):
        say_line(manifest["trouble"])
    for name, fault in islice(status.faults.items(), MOST_REASONS):
        say_line(f"{name} {fault}.")
    if (more := len(status.faults) - MOST_REASONS) > 0:
        say(f"… and {more:,} more files are damaged or missing.")
    if len(status.precision):
        _print_precision(status)
    if status.state in ("stopped", "incomplete"):
        say_command("To go on", "rlsabm", "resume", status.folder)
    elif status.state == "damaged":
        say_line(f"{status.way_on}.")


def print_reasons(failed: pd.DataFrame, console: Console = out) -> None:
    """Print why units failed."""
    for row in failed.head(MOST_REASONS).itertuples():
        block = f", block {row.block}" if failed["block"].any() else ""
        say_line(
            f"failed: {row.arm}, draw {row.draw}, replicate {row.replicate}{block}: {row.error}",
            console=console,
        )
    if len(failed) > MOST_REASONS:
        more = len(failed) - MOST_REASONS
        say(f"… and {more:,} more; runs.parquet has all of them.", console=console)


def _print_precision(status: Status) -> None:
    rows = status.precision
    caused = (rows["estimate"] == "caused_shift").any()
    labels: Labels = {}
    if has_table(status.folder, "shifts"):
        labels = labels_in(status.folder, "shifts")
    arms = rows["arm"].astype(str).unique()
    shown: list[list[str]] = []
    arm = None
    for row in rows.to_dict("records"):
        if len(arms) > 1 and row["arm"] != arm:
            arm = row["arm"]
            shown.append([str(arm)])
        value, error = 100 * row["value"], 196 * row["monte_carlo_error"]
        known = error > 0.0  # without people, and where all are alike, chance is not known
        shown.append(
            [
                label(labels, "condition", row["condition"]),
                signed(value, 2) if caused else f"{value:.2f}",
                f"±{error:.2f}" if known else NONE,
                NONE if pd.isna(row["parameter_sd"]) else f"{100 * row['parameter_sd']:.2f}",
                f"{int(row['more_replicates']):,}" if known else NONE,
            ]
        )
    show_table(
        f"Precision, {ADULT_AGE} years and older, any RLS: percentage points",
        [
            "group",
            "caused shift" if caused else "prevalence, %",
            "Monte-Carlo interval (95 %)",
            "SD between draws",
            f"more replicates for ±{100 * status.half_width:g}",
        ],
        shown,
    )
    runs = status.manifest["runs"]
    say(
        f"It rests on {counted(runs['replicates'], 'replicate')} of {counted(runs['draws'], 'draw')} "
        "of the parameters. More replicates make the Monte-Carlo interval smaller, not the spread "
        f"between draws. {NONE}: not known."
    )
    if (rows["more_replicates"] > 0).any():
        say_command("To add N of them", "rlsabm", "resume", status.folder, "--add-replicates", "N")
