"""rlsabm: how much conditions that compromise iron raise the prevalence of restless legs syndrome."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rlsabm import plots as plots
    from rlsabm.calibration.elementary_effects import elementary_effects
    from rlsabm.calibration.reading import read_targets
    from rlsabm.calibration.scorecard import validate
    from rlsabm.calibration.sensitivity import sensitivity
    from rlsabm.mesa.model import RLSModel
    from rlsabm.parameter_list import parameters
    from rlsabm.reading import read
    from rlsabm.results.study_results import Study
    from rlsabm.simulation import simulate, simulate_many

__version__ = "0.1.0"

__all__ = [
    "RLSModel",
    "Study",
    "__version__",
    "elementary_effects",
    "parameters",
    "read",
    "read_targets",
    "sensitivity",
    "simulate",
    "simulate_many",
    "validate",
]

#: Module of each public name; importing rlsabm alone loads none of them.
_MODULES = {
    "RLSModel": "rlsabm.mesa.model",
    "Study": "rlsabm.results.study_results",
    "elementary_effects": "rlsabm.calibration.elementary_effects",
    "parameters": "rlsabm.parameter_list",
    "read": "rlsabm.reading",
    "read_targets": "rlsabm.calibration.reading",
    "sensitivity": "rlsabm.calibration.sensitivity",
    "simulate": "rlsabm.simulation",
    "simulate_many": "rlsabm.simulation",
    "validate": "rlsabm.calibration.scorecard",
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name == "plots":  # a package of functions, not a name of one
        return import_module("rlsabm.plots")
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "plots"})
