"""The parameter table as a whole, and its values in a form that compiled rules read."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Mapping
from statistics import NormalDist
from typing import Any

import numpy as np

from rlsabm.parameters import exposures, iron, nervous_system
from rlsabm.parameters.parameter import Parameter

#: All parameters by name, with the part of the model to which each belongs.
PARAMETERS: dict[str, Parameter] = {}
PARTS: dict[str, str] = {}

for _part, _parameters in (
    ("peripheral iron", iron.PARAMETERS),
    ("CNS iron, dopamine and symptoms", nervous_system.PARAMETERS),
    ("blood donation", exposures.DONATION),
    ("pregnancy", exposures.PREGNANCY),
    ("kidney failure", exposures.KIDNEY),
):
    for _parameter in _parameters:
        if _parameter.name in PARAMETERS:
            raise ValueError(f"parameter {_parameter.name!r} is declared twice")
        PARAMETERS[_parameter.name] = _parameter
        PARTS[_parameter.name] = _part

#: What rules would otherwise compute from parameters every month. Divisions are slow, so what rules
#: would divide by is kept as its reciprocal.
DERIVED: dict[str, Callable[[Mapping[str, float]], float]] = {
    "per_liability_scale": lambda p: 1.0 / p["liability_scale"],
    "fast_pool_step": lambda p: 1.0 - math.exp(-1.0 / p["fast_pool_months"]),
    "slow_pool_step": lambda p: 1.0 - math.exp(-1.0 / (12.0 * p["slow_pool_years"])),
    "dopamine_step": lambda p: 1.0 - math.exp(-1.0 / p["dopamine_months"]),
    "lasting_share_per_month": lambda p: 1.0 - (1.0 - p["lasting_share_per_pregnancy"]) ** (1 / 9),
    "lasting_step": lambda p: 1.0 - math.exp(-1.0 / (12.0 * p["lasting_delay_years"])),
    "log_supply_half_ferritin": lambda p: math.log(p["supply_half_ferritin_ug_per_l"]),
    # The donors in whom the recovery of haemoglobin was measured had 2,200 mg of red-cell iron.
    "half_supply_per_red_cell_iron": lambda p: p["erythropoiesis_half_supply_mg_per_day"] / 2200.0,
    "share_at_tablet_reference": lambda p: (
        p["absorption_at_ferritin_one"]
        * p["tablet_reference_ferritin_ug_per_l"] ** -p["absorption_ferritin_exponent"]
    ),
    "typical_loss_ml_per_month": lambda p: (
        min(math.exp(p["menstrual_loss_log_ml"]), p["heavy_menses_ml_per_cycle"])
        * p["cycles_per_month"]
    ),
    "heavy_loss_ml_per_month": lambda p: p["heavy_menses_ml_per_cycle"] * p["cycles_per_month"],
    "donor_stop_per_month": lambda p: 1.0 - math.exp(-p["donor_stop_per_year"] / 12.0),
    "graft_failure_per_month": lambda p: 1.0 - math.exp(-p["graft_failure_per_year"] / 12.0),
}

Values = Any  # numpy.record with one float64 field a parameter or derived number
VALUES = np.dtype((np.record, [(name, "f8") for name in (*PARAMETERS, *DERIVED)]))


def draw_values(draw: int, seed: int) -> dict[str, float]:
    """Values of the parameters that one draw sets.

    Draw 0 sets none: every parameter has its default. Others draw from the priors, by uniforms that
    depend on the seed, the draw and the parameter's name only.
    """
    if draw == 0:
        return {}
    values = {}
    for name, parameter in PARAMETERS.items():
        if parameter.prior != "fixed":
            values[name] = parameter.quantile(_uniform(name, draw, seed))
    return values


def draw_strength(name: str, log_sd: float, draw: int, seed: int) -> float:
    """Strength of a condition's iron effects in a draw, to that of the catalogue: log-normal."""
    if draw == 0 or log_sd == 0.0:
        return 1.0
    return math.exp(log_sd * NormalDist().inv_cdf(_uniform(f"conditions.{name}", draw, seed)))


def _uniform(name: str, draw: int, seed: int) -> float:
    """Uniform that depends on seed, draw and name only."""
    sequence = np.random.SeedSequence(seed, spawn_key=(draw, zlib.crc32(name.encode())))
    return float(np.random.Generator(np.random.Philox(sequence)).random())


def values_record(values: Mapping[str, float]) -> Values:
    """Values, completed by defaults and derived numbers, as a record for compiled rules."""
    complete = {name: float(parameter.default) for name, parameter in PARAMETERS.items()}
    unknown = set(values) - set(complete)
    if unknown:
        raise ValueError(f"unknown parameters: {', '.join(sorted(unknown))}")
    complete.update({name: float(value) for name, value in values.items()})
    record = np.zeros(1, dtype=VALUES)
    for name, value in complete.items():
        record[name] = value
    for name, derive in DERIVED.items():
        record[name] = derive(complete)
    return record[0]
