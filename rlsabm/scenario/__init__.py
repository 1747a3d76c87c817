"""Scenario files: what they may say, how they build on one another, and what is wrong in them."""

from rlsabm.errors import ScenarioError
from rlsabm.scenario.resolved import ResolvedScenario
from rlsabm.scenario.resolving import load_scenario
from rlsabm.scenario.schema import (
    BloodDonation,
    Conditions,
    Dialysis,
    DonorSupplements,
    FerritinDeferral,
    IntravenousIron,
    Observe,
    ParameterRange,
    Population,
    Pregnancy,
    PregnancySupplements,
    Runs,
    Scenario,
    json_schema,
)

__all__ = [
    "BloodDonation",
    "Conditions",
    "Dialysis",
    "DonorSupplements",
    "FerritinDeferral",
    "IntravenousIron",
    "Observe",
    "ParameterRange",
    "Population",
    "Pregnancy",
    "PregnancySupplements",
    "ResolvedScenario",
    "Runs",
    "Scenario",
    "ScenarioError",
    "json_schema",
    "load_scenario",
]
