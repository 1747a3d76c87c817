"""What a virtual trial found, on a terminal."""

from __future__ import annotations

import pandas as pd

from rlsabm.printing.tables import show_table
from rlsabm.printing.text import say
from rlsabm.wording import counted

#: Outcomes shown, with their headings and decimals; proportions are shown in per cent.
SHOWN = (("irls_change", "change in IRLS", 1), ("responder", "responders, %", 0))


def print_trial(trial: pd.DataFrame, *, arm: str) -> None:
    """Print the difference of each arm from its control: one trial, all trials, and in truth."""
    rows = trial[trial["arm"].astype(str) == arm]
    if rows.empty:
        return
    control = str(rows["control"].iloc[0])
    for outcome, words, decimals in SHOWN:
        scale = 100.0 if outcome == "responder" else 1.0
        told = rows[(rows["outcome"].astype(str) == outcome) & (rows["visit_month"] > 0)]
        truth = rows[rows["outcome"].astype(str) == "true_effect"].set_index(
            ["trial_arm", "visit_month"]
        )["mean_difference"]

        def points(value: float, scale: float = scale, decimals: int = decimals) -> str:
            return "-" if pd.isna(value) else f"{scale * value:+.{decimals}f}"

        def of_one(row: pd.Series) -> str:
            interval = f"({points(row['lower'])} to {points(row['upper'])})"
            return f"{points(row['difference'])} {interval}"

        lines = []
        for _, row in told.iterrows():
            line = [
                f"{row['trial_arm']}, month {row['visit_month']}",
                f"{row['persons']:,} v {row['persons_control']:,}",
                of_one(row),
                points(row["mean_difference"]),
                f"{100 * row['power']:.0f}",
            ]
            if outcome == "irls_change":
                line.append(f"{truth[row['trial_arm'], row['visit_month']]:+.1f}")
            lines.append(line)
        headings = ["arm, visit", "patients seen", "one trial (95 %)", "all trials", "power, %"]
        if outcome == "irls_change":
            headings.append("same people")
        show_table(f"Trial: {words}, against {control}", headings, lines)
    trials = counted(int(rows["trials"].max()), "trial")
    say(
        f"One trial is the first of {trials}. Power is the share of trials whose interval leaves out "
        "no difference. 'Same people' is the true score less that of the very same person in the "
        "control arm."
    )
