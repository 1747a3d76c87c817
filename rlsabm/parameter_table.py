"""The table of parameters, composed from what the rooms of the model declare, and draws from priors."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Mapping
from statistics import NormalDist

import numpy as np

from rlsabm.care.treatment import Treatment
from rlsabm.declaring.parameter import Parameter
from rlsabm.errors import UserError, nearest
from rlsabm.posterior import Posterior, posterior_values
from rlsabm.rooms import ROOMS

#: All parameters by name, and the heading under which each stands.
PARAMETERS: dict[str, Parameter] = {}
HEADINGS: dict[str, str] = {}
#: Numbers that follow from parameters.
DERIVED: dict[str, Callable[[Mapping[str, float]], float]] = {}

for _room in ROOMS:
    for _parameter in _room.parameters:
        if _parameter.name in PARAMETERS:
            raise ValueError(f"parameter {_parameter.name!r} is declared twice")
        PARAMETERS[_parameter.name] = _parameter
        HEADINGS[_parameter.name] = _room.title
    DERIVED.update(_room.derived)


def checked_values(values: Mapping[str, object], place: str = "parameters") -> dict[str, float]:
    """Values by name, each a number that its parameter may have.

    Every way in comes through here: scenario files, Python, countries, draws.

    Raises
    ------
    UserError
        If a name is not known, or a value is no number within the bounds; ``place`` says where it was
        given.
    """
    checked = {}
    for name, value in values.items():
        if name not in PARAMETERS:
            near = nearest(str(name), PARAMETERS, likeness=0.5)
            hint = f"; did you mean {near!r}?" if near else " (expected a name of the table)"
            raise UserError(f"{place}.{name}: no such parameter{hint}")
        checked[str(name)] = PARAMETERS[name].check(value, place)
    return checked


def draw_values(
    draw: int, seed: int, *, priors: bool = False, posterior: Posterior | None = None
) -> dict[str, float]:
    """Values of the parameters that one draw sets.

    Draw 0 sets none: every parameter has its default. Others take the calibrated parameters from a draw
    of the posterior, and leave the rest as they were when that was found. Or all come from their
    priors, by uniforms that depend on the seed, the draw and the parameter's name only.

    Parameters
    ----------
    draw, seed
        Number of the draw, and root of the random numbers.
    priors
        Whether all parameters are drawn from their priors instead.
    posterior
        What calibrated parameters are drawn from; by default the posterior that ships.
    """
    if draw == 0:
        return {}
    if not priors:
        return posterior_values(draw, seed, posterior)
    return {
        name: parameter.quantile(_uniform(name, draw, seed))
        for name, parameter in PARAMETERS.items()
        if parameter.prior != "fixed"
    }


def draw_strength(name: str, log_sd: float, draw: int, seed: int) -> float:
    """Strength of effects of a condition or treatment in a draw, relative to its data: log-normal."""
    if draw == 0 or log_sd == 0.0:
        return 1.0
    return math.exp(log_sd * NormalDist().inv_cdf(_uniform(f"conditions.{name}", draw, seed)))


def treatments_in_draw(
    treatments: Mapping[str, Treatment], draw: int, seed: int
) -> dict[str, Treatment]:
    """Treatments with the strength that they have in a draw."""
    return {
        name: treatment.with_strength(draw_strength(name, treatment.effect_log_sd, draw, seed))
        for name, treatment in treatments.items()
    }


def _uniform(name: str, draw: int, seed: int) -> float:
    """Uniform that depends on seed, draw and name only."""
    sequence = np.random.SeedSequence(seed, spawn_key=(draw, zlib.crc32(name.encode())))
    return float(np.random.Generator(np.random.Philox(sequence)).random())
