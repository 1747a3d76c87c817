"""Sliders and switches of the page, with units and bounds of the parameter table."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from rlsabm.exploring.asked import Asked
from rlsabm.parameter_table import PARAMETERS


class Lever(NamedTuple):
    """A parameter under a slider.

    Attributes
    ----------
    name
        The parameter.
    label
        Few words for a narrow page; the table has the sentence.
    lowest, highest
        Ends of the slider where the bounds of the table are too wide to be useful.
    """

    name: str
    label: str
    lowest: float | None = None
    highest: float | None = None


#: Exposures that can be switched off, as settings of conditions.
SWITCHES = {
    "pregnancy.enabled": "Pregnancies cost iron",
    "blood_donation.enabled": "Blood is given",
    "dialysis.enabled": "Kidney failure occurs",
}
LEVERS = (
    Lever("absorption_at_ferritin_one", "Iron absorbed from food"),
    Lever("pregnancy_supplement_uptake", "Take iron in pregnancy"),
    Lever("donor_start_per_year_adult", "New donors", highest=0.1),
    Lever("donor_visits_per_year", "Donor visits"),
    Lever("kidney_incidence_factor", "Kidney failure, times"),
    Lever("cns_iron_trait_log_sd", "Spread of CNS iron"),
    Lever("supply_half_ferritin_ug_per_l", "CNS supply halves at"),
    Lever("deficit_effect", "Effect of low CNS iron"),
)
#: Largest seed under the slider.
MOST_SEED = 100


def unit_of(lever: Lever) -> str:
    """The unit of the parameter in few words; empty for ratios and shares."""
    unit = PARAMETERS[lever.name].unit
    return {"1": "", "units of liability": "liability"}.get(unit, unit)


def label_of(lever: Lever) -> str:
    """Words beside a slider, with the unit."""
    unit = unit_of(lever)
    return f"{lever.label} ({unit})" if unit else lever.label


def model_params(asked: Asked) -> dict[str, Any]:
    """Arguments of the model as Mesa's pages take them: sliders, switches, and what is fixed.

    Parameters
    ----------
    asked
        The population to explore; sliders begin at its values.
    """
    sliders = {lever.name: _slider(lever, asked.value_of(lever.name)) for lever in LEVERS}
    switches = {
        key: {"type": "Checkbox", "value": asked.is_on(key.partition(".")[0]), "label": label}
        for key, label in SWITCHES.items()
    }
    seed = {
        "type": "SliderInt", "label": "Seed of chance", "value": asked.seed,
        "min": 1, "max": max(MOST_SEED, asked.seed), "step": 1,
    }  # fmt: skip
    return {**asked.arguments(), **switches, **sliders, "seed": seed}


def first_values(params: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of the model while nothing is moved yet."""
    return {
        name: given["value"] if isinstance(given, dict) and "type" in given else given
        for name, given in params.items()
    }


def _slider(lever: Lever, value: float) -> Mapping[str, Any]:
    parameter = PARAMETERS[lever.name]
    lowest = parameter.lower if lever.lowest is None else lever.lowest
    highest = parameter.upper if lever.highest is None else lever.highest
    return {
        "type": "SliderFloat",
        "label": label_of(lever),
        "value": value,
        "min": min(lowest, value),
        "max": max(highest, value),
        "step": _step(value, lowest, highest),
    }


def _step(value: float, lowest: float, highest: float) -> float:
    """A power of ten that divides the range finely, and on whose grid the value lies.

    The browser moves a value that is off the grid, and would change the parameter unasked.
    """
    finest = 0
    while (highest - lowest) * 10**finest < 100:
        finest += 1
    return float(10.0 ** -max(_decimals(value), _decimals(lowest), finest))


def _decimals(value: float) -> int:
    """Digits after the point."""
    return -int(Decimal(repr(float(value))).as_tuple().exponent)
