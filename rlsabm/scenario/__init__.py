"""Scenario files: what they may say, how they build on one another, and what is wrong in them."""

from rlsabm.errors import ScenarioError
from rlsabm.exposures.catalogue.section import CatalogueCondition
from rlsabm.scenario.resolved import DEFAULT, REFERENCE, ResolvedScenario
from rlsabm.scenario.resolving import load_scenario
from rlsabm.scenario.schema import (
    Observe,
    ParameterRange,
    PopulationSection,
    Runs,
    Scenario,
    Shifts,
    json_schema,
)
from rlsabm.scenario.schema_conditions import RULED_CONDITIONS, Conditions

__all__ = [
    "DEFAULT",
    "REFERENCE",
    "RULED_CONDITIONS",
    "CatalogueCondition",
    "Conditions",
    "Observe",
    "ParameterRange",
    "PopulationSection",
    "ResolvedScenario",
    "Runs",
    "Scenario",
    "ScenarioError",
    "Shifts",
    "json_schema",
    "load_scenario",
]
