"""Target figures from runs of the simulator, for a calibration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rlsabm.calibration.problem import Simulated
from rlsabm.calibration.targets import CalibrationTarget
from rlsabm.calibration.virtual_studies import take_figures


@dataclass(frozen=True)
class SimulatedFigures:
    """Simulates people and asks them for the figures of targets: `evaluate` of a `Problem`.

    Attributes
    ----------
    targets
        Targets, all of which the model can show.
    scenario
        The scenario, resolved; its reference arm is simulated.
    size
        People of each run.
    """

    targets: tuple[CalibrationTarget, ...]
    scenario: Mapping[str, Any]
    size: int

    def __call__(self, number: int, values: Mapping[str, float], seed: int) -> dict[str, Simulated]:
        """Figures of one run, on the scales of their targets.

        Parameters
        ----------
        number
            Number of the run.
        values
            Parameters by name.
        seed
            Root of the run's random numbers.
        """
        found = take_figures(
            self.targets,
            self.scenario,
            parameters=values,
            size=self.size,
            seed=seed,
            workers=1,
        )
        return {
            target.name: target.simulated(figures[0])
            for target, figures in zip(self.targets, found, strict=True)
        }
