"""What is calibrated: parameters with their priors, target figures, and how the model is run."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from rlsabm.arrays import Floats
from rlsabm.calibration.likelihood import Scale
from rlsabm.declaring.parameter import Parameter
from rlsabm.errors import UserError
from rlsabm.parameter_list import parameters
from rlsabm.parameter_table import PARAMETERS
from rlsabm.results.intervals import Z_95

#: Standard error, on any scale, of a figure about which a run says nothing.
NOTHING_KNOWN = 1000.0


@dataclass(frozen=True, slots=True)
class Simulated:
    """A figure as a run of the model gives it, on the scale of its target.

    Attributes
    ----------
    value
        The figure.
    monte_carlo_sd
        Standard error due to the limited number of people. A figure that says next to nothing, such as
        a ratio of very few cases, has a large one.
    """

    value: float
    monte_carlo_sd: float


class Target(Protocol):
    """A published figure.

    Attributes
    ----------
    name
        Its name.
    scale
        The scale on which it is compared.
    mean, sd
        The published value on this scale and its standard deviation, which holds the published error
        and the discrepancy that is granted to the model.
    limits
        Lower and upper limit, on this scale, between which a simulated figure counts as inside; a
        bound has one of them, the other is infinite.
    """

    @property
    def name(self) -> str: ...
    @property
    def scale(self) -> Scale: ...
    @property
    def mean(self) -> float: ...
    @property
    def sd(self) -> float: ...
    @property
    def limits(self) -> tuple[float, float]: ...

    def log_likelihood(self, simulated: Floats, monte_carlo_sd: Floats) -> Floats:
        """Log-likelihood of the published figure where the model gives others, element by element.

        Parameters
        ----------
        simulated
            Figures of the model on the scale of the target.
        monte_carlo_sd
            How uncertain each of them is.
        """

    def distance(self, simulated: Floats, monte_carlo_sd: Floats) -> Floats:
        """Distance of figures of the model from the published one, in standard deviations of both.

        It has a sign; of a bound it is 0 on the right side.
        """


@dataclass(frozen=True, slots=True)
class NormalTarget:
    """A figure with a normal error on its scale; its attributes are those of `Target`."""

    name: str
    mean: float
    sd: float
    scale: Scale = "identity"

    def log_likelihood(self, simulated: Floats, monte_carlo_sd: Floats) -> Floats:
        """Normal log-likelihood, to which the uncertainty of the simulated figure adds variance."""
        variance = self.sd**2 + monte_carlo_sd**2
        found: Floats = -0.5 * ((simulated - self.mean) ** 2 / variance + np.log(variance))
        return found

    @property
    def limits(self) -> tuple[float, float]:
        """Limits of 95 %."""
        return self.mean - Z_95 * self.sd, self.mean + Z_95 * self.sd

    def distance(self, simulated: Floats, monte_carlo_sd: Floats) -> Floats:
        """Difference by the standard deviation of both."""
        found: Floats = (simulated - self.mean) / np.sqrt(self.sd**2 + monte_carlo_sd**2)
        return found


#: Runs the model: number of the run, parameters by name, and seed; gives figures by target.
Evaluate = Callable[[int, Mapping[str, float], int], Mapping[str, Simulated]]


@dataclass(frozen=True)
class Problem:
    """What is calibrated.

    Attributes
    ----------
    parameters
        Parameters to learn, each with a prior.
    targets
        Figures to learn them from.
    evaluate
        Runs the model. It is sent to worker processes, and depends on nothing but its arguments.
    fixed
        What else the figures depend on, such as the population, as text: a calibration goes on only if
        it is the same.

    Raises
    ------
    UserError
        If there is nothing to learn or to learn from, a name is given twice, a parameter has no prior,
        or a target no standard deviation.
    """

    parameters: tuple[Parameter, ...]
    targets: tuple[Target, ...]
    evaluate: Evaluate
    fixed: str = ""

    def __post_init__(self) -> None:
        _refuse_repeated("parameters", [each.name for each in self.parameters])
        _refuse_repeated("targets", [each.name for each in self.targets])
        for parameter in self.parameters:
            if (why := why_without_prior(parameter)) is not None:
                raise UserError(f"parameters.{parameter.name}: cannot be calibrated: {why}")
        for target in self.targets:
            if not (math.isfinite(target.mean) and 0.0 < target.sd < math.inf):
                raise UserError(
                    f"targets.{target.name}: found mean {target.mean:g} and standard deviation "
                    f"{target.sd:g} (expected a number and a number above 0)"
                )

    @property
    def parameter_names(self) -> list[str]:
        """Names of the parameters, in their order."""
        return [parameter.name for parameter in self.parameters]

    @property
    def target_names(self) -> list[str]:
        """Names of the targets, in their order."""
        return [target.name for target in self.targets]

    def log_likelihoods(self, simulated: Floats, sd: Floats) -> Floats:
        """Log-likelihood of each target where the model gives these figures.

        Parameters
        ----------
        simulated, sd
            Figures and how uncertain they are; the first axis has one for each target.
        """
        return np.stack(
            [
                target.log_likelihood(value, uncertain)
                for target, value, uncertain in zip(self.targets, simulated, sd, strict=True)
            ]
        )

    def distances(self, simulated: Floats, sd: Floats) -> Floats:
        """Distance of each target where the model gives these figures, in standard deviations of both.

        Parameters
        ----------
        simulated, sd
            Figures and how uncertain they are; the first axis has one for each target.
        """
        return np.stack(
            [
                target.distance(value, uncertain)
                for target, value, uncertain in zip(self.targets, simulated, sd, strict=True)
            ]
        )


def parameters_named(names: Sequence[str]) -> tuple[Parameter, ...]:
    """Parameters of the model by their names.

    Raises
    ------
    UserError
        If there is no parameter of a name, or one is named twice.
    """
    return tuple(PARAMETERS[name] for name in parameters().select(names).names)


def _refuse_repeated(what: str, names: Collection[str]) -> None:
    if not names:
        raise UserError(f"{what}: is empty (expected at least one)")
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise UserError(f"{what}: {name!r} is named twice")
        seen.add(name)


def why_without_prior(parameter: Parameter) -> str | None:
    """Why nothing can be learnt of a parameter; None if it has a prior."""
    if parameter.prior == "fixed":
        return "its prior is fixed (expected normal, lognormal or uniform)"
    if parameter.prior == "uniform" and not math.isfinite(parameter.upper - parameter.lower):
        return "its prior is uniform over bounds that are not finite"
    if parameter.lower == parameter.upper:
        return "its bounds leave it one value"
    return None
