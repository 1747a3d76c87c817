"""Cheap problems of calibration, with parameters that are known and posteriors that can be computed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from conftest import shared

from rlsabm.calibration.calibrating import calibrate
from rlsabm.calibration.options import Options
from rlsabm.calibration.problem import Evaluate, NormalTarget, Problem, Simulated
from rlsabm.declaring.parameter import Parameter

#: A logistic model of prevalence: at an exposure of -1 to 2, its log odds are level + slope * exposure.
EXPOSURES = (-1.0, 0.0, 1.0, 2.0)
PEOPLE = 4_000
LEVEL = Parameter("level", -2.0, "log odds", "normal", 1.0, -6.0, 3.0, "prevalence", "assumed")
SLOPE = Parameter("slope", 0.5, "log odds", "lognormal", 0.5, 0.05, 5.0, "effect", "assumed")
#: A parameter that nothing depends on, with bounds that its draws come near.
IDLE = Parameter("idle", 0.5, "1", "uniform", 0.0, 0.0, 1.0, "nothing", "assumed")

#: A first wave, one that searches, and one from the posterior.
SMALL = Options(evaluations=50, first_runs=15, more_runs=10, draws=20, workers=1, seed=3)

#: A target file, and a calibration file of two parameters and two of its targets.
TARGETS = """\
purpose: calibration
targets:
  M1_women:
    says: Any RLS, women
    observe: {measure: prevalence, definition: any, sex: female}
    value: 0.09
    interval: [0.07, 0.11]
    source: A survey, 2001
  M1_men:
    says: Any RLS, men
    observe: {measure: prevalence, definition: any, sex: male}
    value: 0.05
    interval: [0.03, 0.07]
    source: A survey, 2001
  M2_more:
    says: Women relative to men
    observe:
      {measure: prevalence_ratio, definition: any, sex: female, against: {sex: male}}
    at_least: 1
    source: A survey, 2001
  M3_drug:
    says: A trial
    observe: {measure: trial}
    value: 1
    needs: treatments
    source: A trial, 2001
"""
CALIBRATION = """\
title: Two parameters
size: 500
targets: mine.yaml
leave_out: M2
parameters: [liability_threshold, liability_scale]
evaluations: 20
first_runs: 10
draws: 10
"""


def log_odds(level: float, slope: float) -> list[float]:
    """Log odds at each exposure: linear, but for a deviation at the highest."""
    bent = 0.3 * slope**2
    return [level + slope * exposure + bent * (exposure == 2.0) for exposure in EXPOSURES]


def surveyed(number: int, values: Mapping[str, float], seed: int) -> dict[str, Simulated]:
    """Log odds of the prevalence among people at each exposure, with binomial noise."""
    generator = np.random.default_rng(seed)
    found = {}
    for exposure, odds in zip(EXPOSURES, log_odds(values["level"], values["slope"]), strict=True):
        cases = generator.binomial(PEOPLE, 1.0 / (1.0 + math.exp(-odds)))
        inside, outside = cases + 0.5, PEOPLE - cases + 0.5
        error = math.sqrt(1.0 / inside + 1.0 / outside)
        found[f"exposure {exposure:g}"] = Simulated(math.log(inside / outside), error)
    return found


def targets_of(level: float, slope: float, sd: float = 0.15) -> tuple[NormalTarget, ...]:
    """Figures that were published without error where these are the parameters."""
    return tuple(
        NormalTarget(f"exposure {exposure:g}", odds, sd, "logit")
        for exposure, odds in zip(EXPOSURES, log_odds(level, slope), strict=True)
    )


def problem(evaluate: Evaluate = surveyed, *parameters: Parameter, sd: float = 0.15) -> Problem:
    """The logistic model with figures of a level of -1.5 and a slope of 0.8."""
    return Problem(parameters or (LEVEL, SLOPE), targets_of(-1.5, 0.8, sd), evaluate)


class Counting:
    """A run of the model that notes in a file that it was done, and may fail or stop the program.

    Parameters
    ----------
    notes
        The file.
    failing
        Numbers of runs that fail.
    stop_at
        Number of runs after which the program is asked to end; never by default.
    """

    def __init__(
        self, notes: Path, failing: tuple[int, ...] = (), stop_at: int | None = None
    ) -> None:
        self.notes, self.failing, self.stop_at = notes, failing, stop_at

    def __call__(self, number: int, values: Mapping[str, float], seed: int) -> dict[str, Simulated]:
        if self.stop_at is not None and len(self.done()) >= self.stop_at:
            raise KeyboardInterrupt
        with self.notes.open("a") as file:
            file.write(f"{number}\n")
        if number in self.failing:
            raise ValueError("nobody lives")
        return surveyed(number, values, seed)

    def done(self) -> list[int]:
        """Numbers of the runs that were done, in their order."""
        return [int(line) for line in self.notes.read_text().split()] if self.notes.exists() else []


def calibrated() -> Path:
    """Folder of a finished calibration of level, slope and a parameter that nothing depends on."""
    return shared("calibrated", _calibrate) / "outputs" / "three"


def _calibrate(folder: Path) -> None:
    made = problem(surveyed, LEVEL, SLOPE, IDLE)
    options = Options(evaluations=120, first_runs=30, more_runs=20, draws=60, workers=1, seed=3)
    assert calibrate(made, folder / "outputs" / "three", options).status == "complete"
