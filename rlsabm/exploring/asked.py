"""The population that a page is asked to show: a scenario in words of the model."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rlsabm.declaring.bounds import whole_number
from rlsabm.demography.countries import country_names
from rlsabm.errors import UserError
from rlsabm.parameter_table import PARAMETERS
from rlsabm.scenario import ResolvedScenario
from rlsabm.study.settings import country_of

#: People of a page unless it is told otherwise, and the most that feel immediate.
SIZE, LEAST_SIZE, MOST_SIZE = 2_000, 100, 20_000
#: Years that can be lived on the page.
YEARS = 20
#: Largest seed of a page: a browser keeps no larger whole numbers exactly.
LARGEST_SEED = 10**9


@dataclass(frozen=True)
class Asked:
    """A population to explore.

    Attributes
    ----------
    title
        What the scenario calls itself.
    country, size, start, seed, founders_years_before
        As `rlsabm.RLSModel` takes them.
    conditions, treatments, care, parameters
        What the scenario says of conditions, in full, of treatments, care and parameters.
    values
        Parameters that differ from their defaults, whether the country, a condition or the scenario
        says so.
    """

    title: str
    country: str
    size: int
    start: int
    seed: int
    founders_years_before: int
    conditions: dict[str, Any] = field(default_factory=dict)
    treatments: dict[str, Any] = field(default_factory=dict)
    care: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, float] = field(default_factory=dict)
    values: dict[str, float] = field(default_factory=dict)

    def arguments(self) -> dict[str, Any]:
        """Arguments of the model that no slider changes."""
        return {
            "country": self.country,
            "size": self.size,
            "start": self.start,
            "years": YEARS,
            "founders_years_before": self.founders_years_before,
            "conditions": self.conditions,
            "treatments": self.treatments,
            "care": self.care,
            "parameters": self.parameters,
        }

    def value_of(self, parameter: str) -> float:
        """Value of a parameter before any slider is moved."""
        return float(self.values.get(parameter, PARAMETERS[parameter].default))

    def is_on(self, condition: str) -> bool:
        """Whether a condition with rules of its own is there before any switch is turned."""
        return bool(self.conditions[condition]["enabled"])


def asked_of(study: ResolvedScenario, size: int = SIZE) -> Asked:
    """The reference population of a scenario, as a page shows it.

    Parameters
    ----------
    study
        The scenario; its size, its arms and what it observes are left aside, the last year that it
        observes is lived first.
    size
        People that a survey would ask.

    Raises
    ------
    UserError
        If the size is not one for a page, or the country is not known.
    """
    scenario = study.scenario
    country = country_of(study)
    content = study.as_mapping()
    name = scenario.population.country
    beside = study.path.parent / name
    parameters = {name: float(value) for name, value in scenario.parameters.items()}
    seed = scenario.runs.seed
    if seed > LARGEST_SEED:
        raise UserError(f"runs.seed: found {seed} (expected at most {LARGEST_SEED} for a page)")
    return Asked(
        title=scenario.title,
        country=name if name in country_names() or not beside.is_dir() else str(Path(beside)),
        size=whole_number("--size", size, LEAST_SIZE, MOST_SIZE),
        start=scenario.observe.years[-1],
        seed=seed,
        founders_years_before=scenario.population.founders_years_before,
        conditions=content["conditions"],
        treatments=content["treatments"],
        care=content["care"],
        parameters=parameters,
        values=country.parameters | scenario.conditions.parameter_values() | parameters,
    )
