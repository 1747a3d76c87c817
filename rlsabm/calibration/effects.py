"""Elementary effects of parameters on outputs: the table and the picture."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd

from rlsabm.arrays import Floats
from rlsabm.calibration.heat_map import heat_map
from rlsabm.calibration.likelihood import Scale
from rlsabm.calibration.morris import clear_in_mean, summary_of, threshold
from rlsabm.calibration.problem import Problem
from rlsabm.calibration.sensitivity import arrow_of
from rlsabm.results.arrow import frame_of, records_of
from rlsabm.results.files import table_bytes, table_path, write_together
from rlsabm.results.table import Column, Kind, ResultTable
from rlsabm.wording import counted

#: An output is left out if fewer of the trajectories tell the effect of some parameter.
LEAST_SHARE = 0.5
PICTURE = "elementary_effects.png"
TITLE = "Mean absolute effect, relative to the largest on each output"

TABLE = ResultTable(
    name="elementary_effects",
    title="By how much each target changes when a parameter goes through its range",
    kind=Kind.CALIBRATION,
    columns=(
        Column(
            "output", "category", "", "target of the calibration",
            words=lambda vocabulary: vocabulary.targets,
        ),
        Column(
            "scale", "category", "",
            "scale of the target, on which effects are: log odds (logit), natural logarithm (log), or "
            "as it is published (identity)",
            words=get_args(Scale),
        ),
        Column(
            "parameter", "category", "", "parameter that is changed alone",
            words=lambda vocabulary: vocabulary.parameters,
        ),
        Column(
            "mean_effect", "number", "scale of the target",
            "mean change of the output (mu) when the parameter goes up through the middle 95 % of its "
            "prior; from steps of two thirds of it, as all effects",
        ),
        Column(
            "mean_absolute_effect", "number", "scale of the target",
            "mean of the effects without their signs (mu*): effects of both signs do not cancel; "
            "chance is in it",
        ),
        Column(
            "lower", "number", "scale of the target",
            "lower limit of the 95 % interval of the mean absolute effect, as trajectories differ",
        ),
        Column("upper", "number", "scale of the target", "upper limit of this interval"),
        Column(
            "sd_of_effects", "number", "scale of the target",
            "standard deviation of the effects (sigma): large where the effect is not linear or "
            "depends on other parameters; chance is in it",
        ),
        Column(
            "threshold", "number", "scale of the target",
            "mean absolute effect that no parameter would reach with 95 % probability if none had an "
            "effect on the output, and all were chance, due to the limited number of people",
        ),
        Column(
            "clear", "yes/no", "", "whether the mean absolute effect is above the threshold"
        ),
        Column(
            "clear_in_mean", "yes/no", "",
            "whether the mean effect can be told from 0, by how effects differ between trajectories: "
            "none could with 95 % probability if no parameter had a mean effect",
        ),
        Column(
            "rank", "whole", "",
            "place among the parameters of the output, the largest mean absolute effect first",
        ),
        Column("trajectories", "whole", "trajectories", "trajectories behind the row"),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class ElementaryEffects:
    """How much each parameter moves each output.

    Attributes
    ----------
    frame
        A row for each output and parameter; ``attrs`` have units and meanings of the columns.
    folder
        Where the runs, the table and the picture are.
    trajectories, runs, failed
        Number of trajectories, of runs, and of runs that failed.
    left_out
        Outputs of which too few runs say something.
    files
        The table and the picture.
    """

    frame: pd.DataFrame
    folder: Path
    trajectories: int
    runs: int
    failed: int = 0
    left_out: tuple[str, ...] = ()
    files: tuple[Path, ...] = field(init=False)

    def __post_init__(self) -> None:
        files = (table_path(self.folder, TABLE.name), self.folder / PICTURE)
        object.__setattr__(self, "files", files)

    def largest(self, output: str) -> pd.DataFrame:
        """Parameters that move an output for certain; the largest effect first.

        Parameters
        ----------
        output
            Its name.
        """
        rows = self.frame[(self.frame["output"] == output) & self._is_certain()]
        return rows.sort_values("rank")

    def as_mapping(self) -> dict[str, Any]:
        """It as plain data, for JSON: None where there is no number."""
        return {
            "trajectories": self.trajectories,
            "runs": self.runs,
            "failed": self.failed,
            "effects": records_of(self.frame),
            "left_out": list(self.left_out),
            "files": [str(path) for path in self.files],
        }

    def picture(self) -> bytes:
        """A heat map of parameters by outputs, as PNG."""
        largest = self.frame.groupby("output", observed=True)["mean_absolute_effect"].transform(
            "max"
        )
        share = self.frame["mean_absolute_effect"] / largest.where(largest > 0.0, 1.0)
        shown = self.frame.assign(share=share, clear=self._is_certain())
        said = f"{self.trajectories:,} trajectories, {counted(self.runs, 'run')}"
        return heat_map(shown, said, TITLE, size="share", direction="mean_effect")

    def _is_certain(self) -> pd.Series:
        """Whether there is an effect for certain, by its size or by its mean."""
        return self.frame[["clear", "clear_in_mean"]].any(axis=1)

    def write(self) -> None:
        """Write the table and the picture."""
        contents = (table_bytes(arrow_of(TABLE, dict(self.frame.items()))), self.picture())
        names = [path.name for path in self.files]
        write_together(self.folder, list(zip(names, contents, strict=True)))


def rows_of(
    problem: Problem, points: Floats, outputs: Floats, errors: Floats, seed: int
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Rows of the table, and the outputs that are left out.

    Parameters
    ----------
    problem
        Its parameters and targets.
    points
        Points of the runs by trajectory, point and parameter.
    outputs, errors
        Figures and their standard errors by target and run; missing where nothing is known.
    seed
        Seed of intervals and thresholds.
    """
    parts, left_out = [], []
    for target, output, error in zip(problem.targets, outputs, errors, strict=True):
        by_point = output.reshape(points.shape[:2])
        summary = summary_of(points, by_point, seed)
        if summary.trajectories.min() < LEAST_SHARE * len(points):
            left_out.append(target.name)
            continue
        least = threshold(points, error.reshape(points.shape[:2]), seed)
        size = summary.mean_absolute
        part = {
            "output": target.name,
            "scale": target.scale,
            "parameter": problem.parameter_names,
            "mean_effect": summary.mean,
            "mean_absolute_effect": size,
            "lower": np.maximum(size - summary.half_width, 0.0),
            "upper": size + summary.half_width,
            "sd_of_effects": summary.sd,
            "threshold": least,
            "clear": size > least,
            "clear_in_mean": clear_in_mean(summary),
            "rank": (-size).argsort(kind="stable").argsort() + 1,
            "trajectories": summary.trajectories,
        }
        parts.append(pd.DataFrame(part))
    if not parts:
        return pd.DataFrame(), tuple(left_out)
    contents = {str(name): column.to_numpy() for name, column in pd.concat(parts).items()}
    return frame_of(arrow_of(TABLE, contents)), tuple(left_out)
