"""What a virtual trial found, on a terminal."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from rlsabm.printing.tables import show_table
from rlsabm.printing.text import say
from rlsabm.results.tables.trial_published import NOT_KNOWN
from rlsabm.trials.checking import ALL
from rlsabm.wording import counted

#: Outcomes in few words.
OUTCOME_WORDS = {
    "irls": "IRLS",
    "irls_change": "change in IRLS",
    "responder": "responders, %",
    "remitted": "remitted, %",
    "ferritin": "ferritin, µg/L",
    "augmented": "with augmentation, %",
    "stopped": "stopped treatment, %",
}
#: Outcomes of which the differences are shown: of parallel trials, and of a cross-over, whose periods
#: begin with what the one before has left.
SHOWN = ("irls_change", "responder")
SHOWN_OF_CROSS_OVER = ("irls", "responder")
FLOW_HEADINGS = (
    "arm", "randomised", "stopped treatment", "dropped out", "died", "seen at last visit",
)  # fmt: skip
ORDER_HEADINGS = (
    "arm, visit", "this arm first", "this arm second", "carry-over in one trial (95 %)",
    "in all trials", "power, %",
)  # fmt: skip
PUBLISHED_HEADINGS = (
    "result", "arm and outcome", "published (95 %)", "simulated (95 % of trials)", "verdict",
    "figure is",
)  # fmt: skip
PROPORTIONS = ("responder", "remitted", "augmented", "stopped")
#: Outcomes whose differences are shown without decimals.
WHOLE = ("responder", "remitted", "stopped", "ferritin")


def print_trial(tables: Mapping[str, pd.DataFrame], *, arm: str) -> None:
    """Print a trial: the flow of patients, differences from the control, and published results.

    Parameters
    ----------
    tables
        ``trial``, ``trial_flow`` and, if the scenario has published results, ``trial_published``.
    arm
        Arm of the scenario.
    """
    rows = _of_arm(tables["trial"], arm)
    if rows.empty:
        return
    print_flow(_of_arm(tables["trial_flow"], arm))
    is_cross_over = rows["difference_first"].notna().any()
    for outcome in SHOWN_OF_CROSS_OVER if is_cross_over else SHOWN:
        _print_differences(rows, outcome)
    if is_cross_over:
        _print_orders(rows)
    trials = counted(int(rows["trials"].max()), "trial")
    say(
        f"One trial is the first of {trials}. Power is the share of trials whose interval leaves out "
        "no difference. 'Same people' is the true score less that of the very same person in the "
        "control arm."
    )
    for sentence in needed_in_words(rows):
        say(sentence)
    if is_cross_over:
        say(
            "The orders differ by what changes between the periods for everybody, which their mean "
            "leaves out, and by carry-over: what the first period has left in the second."
        )
    if "trial_published" in tables:
        print_published(_of_arm(tables["trial_published"], arm))


def _of_arm(table: pd.DataFrame, arm: str) -> pd.DataFrame:
    return table[table["arm"].astype(str) == arm]


def first_flow(flow: pd.DataFrame) -> pd.Series:
    """Persons of the first trial by arm and stage, from ``trial_flow``."""
    first = flow[flow[["draw", "replicate"]].eq(flow[["draw", "replicate"]].min()).all(axis=1)]
    return first.astype({"trial_arm": str, "stage": str}).set_index(["trial_arm", "stage"])[
        "persons"
    ]


def flow_in_words(persons: pd.Series) -> str:
    """How patients came into the trial."""
    before = persons[ALL]
    out = {
        "no such symptoms": before["symptoms"],
        "laboratory values": before["laboratory"],
        "another criterion": before["other"],
        "a score too low": before["score"],
        "death": before["died_before"],
    }
    why = ", ".join(f"{number:,} for {reason}" for reason, number in out.items() if number)
    return (
        f"{before['assessed']:,} people assessed"
        + (f", excluded {why}" if why else "")
        + f"; {before['eligible']:,} eligible, of whom "
        f"{before['eligible'] - before['not_needed']:,} given an arm by lot."
    )


def flow_rows(persons: pd.Series) -> list[list[str]]:
    """How far patients of each arm went, below `FLOW_HEADINGS`."""
    arms = [name for name in persons.index.unique("trial_arm") if name != ALL]
    stages = ("randomised", "stopped", "left", "died", "seen")
    return [[name, *(f"{persons[name, stage]:,}" for stage in stages)] for name in arms]


def print_flow(flow: pd.DataFrame) -> None:
    """Print how patients of the first trial came in, and how far they went."""
    persons = first_flow(flow)
    say(f"\nTrial: {flow_in_words(persons)}")
    show_table("Trial: patients of the first trial", FLOW_HEADINGS, flow_rows(persons))


def _print_differences(rows: pd.DataFrame, outcome: str) -> None:
    told = rows[(rows["outcome"].astype(str) == outcome) & (rows["visit_month"] > 0)]
    truth = rows[rows["outcome"].astype(str) == "true_effect"].set_index(
        ["trial_arm", "visit_month"]
    )["mean_difference"]
    is_score = outcome not in PROPORTIONS
    lines = []
    for _, row in told.iterrows():
        line = [
            _visit(row),
            f"{row['persons']:,} v {row['persons_control']:,}",
            with_interval(outcome, row["difference"], row["lower"], row["upper"]),
            in_points(outcome, row["mean_difference"]),
            f"{100 * row['power']:.0f}",
        ]
        if is_score:
            line.append(in_points(outcome, truth[row["trial_arm"], row["visit_month"]]))
        lines.append(line)
    headings = ["arm, visit", "patients seen", "one trial (95 %)", "all trials", "power, %"]
    if is_score:
        headings.append("same people")
    control = rows["control"].iloc[0]
    show_table(f"Trial: {OUTCOME_WORDS[outcome]}, against {control}", headings, lines)


def needed_in_words(rows: pd.DataFrame) -> list[str]:
    """How many patients a power takes at the last visit, a sentence an arm, from rows of ``trial``."""
    is_cross_over = rows["difference_first"].notna().any()
    outcome = (SHOWN_OF_CROSS_OVER if is_cross_over else SHOWN)[0]
    told = rows[(rows["outcome"].astype(str) == outcome) & (rows["visit_month"] > 0)]
    last = told[told["visit_month"] == told["visit_month"].max()]
    of_whom = "of each order" if is_cross_over else "in each arm"
    said = []
    for row in last.itertuples():
        what = f"{row.trial_arm} at month {row.visit_month}"
        if math.isnan(row.patients_for_80):
            said.append(
                f"The trials together do not tell the {OUTCOME_WORDS[outcome]} of {what} from that of "
                f"{row.control}, so that no number of patients is named."
            )
            continue
        more = "" if math.isnan(row.patients_for_90) else f", of 90 % {row.patients_for_90:,.0f}"
        said.append(
            f"To find the {OUTCOME_WORDS[outcome]} of {what} with a power of 80 % takes "
            f"{row.patients_for_80:,.0f} patients {of_whom}{more}."
        )
    return said


def _print_orders(rows: pd.DataFrame) -> None:
    """Print what each order of the arms found, and the test for carry-over."""
    show_table(
        "Trial: IRLS by the order of the arms, and carry-over", ORDER_HEADINGS, order_rows(rows)
    )


def order_rows(rows: pd.DataFrame) -> list[list[str]]:
    """What each order of the arms found, below `ORDER_HEADINGS`, from rows of ``trial``."""
    told = rows[(rows["outcome"].astype(str) == "irls") & (rows["visit_month"] > 0)]
    return [
        [
            _visit(row),
            in_points("irls", row["difference_first"]),
            in_points("irls", row["difference_second"]),
            with_interval(
                "irls", row["carry_over"], row["carry_over_lower"], row["carry_over_upper"]
            ),
            in_points("irls", row["mean_carry_over"]),
            f"{100 * row['carry_over_power']:.0f}",
        ]
        for _, row in told.iterrows()
    ]


def print_published(published: pd.DataFrame) -> None:
    """Print published results beside those of the trials."""
    lines = [[f"{name}: {what}", *cells] for name, what, *cells in published_rows(published)]
    headings = ["published result", *PUBLISHED_HEADINGS[2:]]
    show_table("Trial: published differences beside simulated ones", headings, lines)


def published_rows(published: pd.DataFrame) -> list[list[str]]:
    """Published results beside those of the trials, below `PUBLISHED_HEADINGS`."""
    rows = []
    for _, row in published.iterrows():
        outcome, verdict = str(row["outcome"]), str(row["verdict"])
        given = with_interval(
            outcome, row["published"], row["published_lower"], row["published_upper"]
        )
        simulated = (row["simulated"], row["simulated_lower"], row["simulated_upper"])
        rows.append(
            [
                str(row["result"]),
                f"{row['trial_arm']}, {OUTCOME_WORDS[outcome]}, month {row['visit_month']}",
                "only in words" if pd.isna(row["published"]) else given,
                with_interval(outcome, *simulated),
                "-" if verdict == NOT_KNOWN else verdict,
                "set" if row["is_set"] else "predicted",
            ]
        )
    return rows


def _visit(row: pd.Series) -> str:
    return f"{row['trial_arm']}, month {row['visit_month']}"


def in_points(outcome: str, value: float) -> str:
    """A difference as it is printed: points, or percentage points of a proportion."""
    if pd.isna(value):
        return "-"
    shown = 100.0 * value if outcome in PROPORTIONS else value
    text = f"{shown:+.{0 if outcome in WHOLE else 1}f}"
    return text if float(text) else text[1:]  # nought has no sign


def with_interval(outcome: str, value: float, lower: float, upper: float) -> str:
    """The same with its interval, if there is one."""
    if pd.isna(lower):
        return in_points(outcome, value)
    return (
        f"{in_points(outcome, value)} ({in_points(outcome, lower)} to {in_points(outcome, upper)})"
    )
