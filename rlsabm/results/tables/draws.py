"""Values of the parameters in each draw and arm."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from rlsabm.parameter_table import PARAMETERS
from rlsabm.results.columns import ARM, DRAW
from rlsabm.results.contents import Contents
from rlsabm.results.table import Column, Kind, ResultTable
from rlsabm.setting import Setting


def strength_name(condition: str) -> str:
    """Name, among the parameters, of the strength of a condition's iron effects."""
    return f"conditions.{condition}.effect_strength"


def treatment_strength_name(treatment: str) -> str:
    """Name, among the parameters, of the strength of a treatment's effects that are not iron."""
    return f"treatments.{treatment}.effect_strength"


def list_values(
    setting: Setting,
    strengths: Mapping[str, float],
    of_treatments: Mapping[str, float],
    *,
    arm: str,
    draw: int,
) -> Contents:
    """Every parameter's value, and the strength of every condition's and treatment's effects."""
    values = {name: float(setting.inputs[name]) for name in PARAMETERS}
    values |= {strength_name(condition): strength for condition, strength in strengths.items()}
    values |= {
        treatment_strength_name(treatment): strength
        for treatment, strength in of_treatments.items()
    }
    return {
        "arm": np.full(len(values), arm, dtype=object),
        "draw": np.full(len(values), draw),
        "parameter": np.array(list(values), dtype=object),
        "value": np.array(list(values.values())),
    }


TABLE = ResultTable(
    name="draws",
    title="Values of the parameters in each draw and arm",
    kind=Kind.BY_DRAW,
    columns=(
        ARM,
        DRAW,
        Column(
            "parameter", "category", "", "name in the table of parameters",
            words=lambda vocabulary: vocabulary.parameters,
        ),
        Column("value", "number", "of the parameter", "value of the parameter in this draw and arm"),
    ),
)  # fmt: skip
