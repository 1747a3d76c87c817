"""Elementary effects on a terminal: how their runs go, and what moves each output most."""

from __future__ import annotations

import math
from typing import Any

from rlsabm.calibration.effects import ElementaryEffects
from rlsabm.calibration.elementary_effects import Plan
from rlsabm.compilation import is_compiled_before
from rlsabm.printing.runs import RunsProgress
from rlsabm.printing.tables import show_table
from rlsabm.printing.text import say
from rlsabm.study.progress import COMPILING
from rlsabm.wording import counted, duration, signed

#: How scales are read.
SCALES = {"logit": "log odds", "log": "logarithm", "identity": "as published"}


class EffectsProgress(RunsProgress):
    """What will be run, terminal or not; and a progress bar on a terminal."""

    def begin(self, plan: Plan) -> None:
        """Say what will be run and how long it will take, and begin to show it."""
        left = counted(plan.runs - plan.ended, "run")
        before = f", {plan.ended:,} more had ended before" if plan.ended else ""
        about = "" if math.isnan(plan.seconds) else f"; about {duration(plan.seconds)}"
        first = "" if is_compiled_before() else f", after {COMPILING}"
        self.tell(f"{left} by {plan.crew}{before}{about}{first}.")
        self._start("simulating", plan.runs, 0, plan.crew)


def print_effects(found: ElementaryEffects, most: int) -> None:
    """Print the parameters that move each output most.

    Parameters
    ----------
    found
        The analysis.
    most
        Parameters shown for each output at most.
    """
    rows: list[list[str]] = []
    for output, of_output in found.frame.groupby("output", observed=True):
        largest = found.largest(str(output))
        decimals = _decimals(of_output["mean_absolute_effect"].max())
        rows.append([f"{output}, {SCALES[str(of_output['scale'].iloc[0])]}"])
        rows += [_row(row, decimals) for row in largest.head(most).to_dict("records")]
        if len(largest) > most:
            rows.append([f"  and {counted(len(largest) - most, 'other parameter')}", "", "", ""])
        if largest.empty:
            rows.append(["  none for certain", "", "", ""])
    show_table(
        f"What moves each output: {found.trajectories:,} trajectories, {counted(found.runs, 'run')}",
        ["output, parameter", "mean absolute effect", "mean effect", "SD of effects"],
        rows,
    )
    say(
        "Effects of a parameter that goes up alone through the middle 95 % of its prior. In brackets: "
        "cannot be told from 0. An SD as large as the mean: the effect is not linear, or depends on "
        "other parameters, or much of it is chance."
    )
    if found.failed:
        say(f"{counted(found.failed, 'run')} failed; effects that they touch are left out.")
    if found.left_out:
        say(f"Left out, as too few runs tell: {', '.join(found.left_out)}.")


def _row(row: dict[Any, Any], decimals: int) -> list[str]:
    absolute, lower, upper, sd = (
        f"{row[name]:.{decimals}f}"
        for name in ("mean_absolute_effect", "lower", "upper", "sd_of_effects")
    )
    size = f"{absolute} ({lower}–{upper})" if row["clear"] else f"[{absolute}]"
    mean = signed(row["mean_effect"], decimals)
    return [f"  {row['parameter']}", size, mean if row["clear_in_mean"] else f"[{mean}]", sd]


def _decimals(largest: float) -> int:
    """Decimals that show an output's largest effect with two or three digits."""
    if largest <= 0.0:
        return 0
    power = math.floor(math.log10(largest))
    return max(2 - power, 0) if power >= 0 else 1 - power
