"""What a scenario says, as parameter values and settings of populations."""

from __future__ import annotations

from pathlib import Path

from rlsabm.parameters.catalogue import SHIPPED_CATALOGUE, Condition
from rlsabm.parameters.countries import Country, country_files, load_country
from rlsabm.parameters.setting import Setting, make_setting
from rlsabm.parameters.tables import jurisdiction_values
from rlsabm.parameters.values import PARAMETERS, draw_strength, draw_values
from rlsabm.results.files import MANIFEST
from rlsabm.scenario import Conditions, ParameterRange, ResolvedScenario, Scenario, load_scenario

DAYS_PER_MONTH = 30.44
#: Folder of a study that keeps the tables of a country of the user's.
COUNTRY = "country"


def parameter_ranges() -> dict[str, ParameterRange]:
    """Bounds and units of all parameters, for the reader of scenario files."""
    return {
        name: ParameterRange(parameter.lower, parameter.upper, parameter.unit)
        for name, parameter in PARAMETERS.items()
    }


def read_scenario(path: str | Path, settings: list[str]) -> ResolvedScenario:
    """Read a scenario file, with its parameters checked against the table.

    Raises
    ------
    ScenarioError
        If the file has mistakes.
    """
    return load_scenario(path, settings, parameters=parameter_ranges(), catalogue=SHIPPED_CATALOGUE)


def condition_values(conditions: Conditions) -> dict[str, float]:
    """Parameter values that the conditions section of a scenario sets."""
    values: dict[str, float] = {
        "donation_enabled": float(conditions.blood_donation.enabled),
        "pregnancy_enabled": float(conditions.pregnancy.enabled),
        "dialysis_enabled": float(conditions.dialysis.enabled),
    }
    donation = conditions.blood_donation
    if donation.jurisdiction is not None:
        values |= jurisdiction_values(donation.jurisdiction)
    if donation.ferritin_deferral is not None:
        values["ferritin_deferral_below_ug_per_l"] = donation.ferritin_deferral.below
        values["ferritin_deferral_months"] = donation.ferritin_deferral.months
    if donation.supplements is not None:
        values["donor_supplement_uptake"] = donation.supplements.uptake
        values["donor_supplement_mg_per_day"] = donation.supplements.milligrams_per_day
        months = round(donation.supplements.days / DAYS_PER_MONTH)
        values["donor_supplement_months"] = max(months, 1)
    if not donation.self_deferral:
        values["donor_self_deferral"] = 0.0
    supplements = conditions.pregnancy.supplements
    if supplements is not None:
        values["pregnancy_supplement_uptake"] = supplements.uptake
        values["pregnancy_supplement_mg_per_day"] = supplements.milligrams_per_day
        values["pregnancy_supplement_from_month"] = supplements.from_month
    infusion = conditions.dialysis.intravenous_iron
    if infusion is not None:
        values["infusion_mg_per_month"] = infusion.milligrams_per_month
        values["infusion_ferritin_below_ug_per_l"] = infusion.ferritin_below
        values["infusion_saturation_below_percent"] = infusion.transferrin_saturation_below
    return values


def catalogue_of(conditions: Conditions) -> list[Condition]:
    """The conditions that a scenario has as data."""
    return [
        Condition(name=name, **{field: getattr(block, field) for field in type(block).model_fields})
        for name, block in conditions.catalogue.items()
    ]


def strengths_of(conditions: Conditions, draw: int, seed: int) -> dict[str, float]:
    """Strength of each condition's iron effects in a draw, to that in the scenario."""
    return {
        condition.name: draw_strength(condition.name, condition.effect_log_sd, draw, seed)
        for condition in catalogue_of(conditions)
        if condition.touches_iron
    }


def _country(study: ResolvedScenario) -> tuple[str, Path]:
    """Name of a study's country, and the folder from which that starts."""
    beside = study.path.parent
    if study.path.name == MANIFEST and (beside / COUNTRY).is_dir():
        return COUNTRY, beside
    return study.scenario.population.country, beside


def country_of(study: ResolvedScenario) -> Country:
    """Country of a study: of the package, a folder of the user's, or what a study's folder keeps of it.

    Raises
    ------
    UserError
        If there is no such country, or its tables have mistakes.
    """
    name, beside = _country(study)
    return load_country(name, beside=beside)


def files_of_country(study: ResolvedScenario) -> dict[str, bytes]:
    """Tables of a country that does not ship with the package; none of one that does."""
    name, beside = _country(study)
    return country_files(name, beside=beside)


def unit_setting(
    scenario: Scenario, draw: int, *, country: Country, people: int | None = None
) -> Setting:
    """Setting of the populations of one draw of one arm.

    Draw 0 has the default of every parameter, further draws come from the priors. The country's
    values go before both, then the conditions section of the scenario, then its parameters.

    Raises
    ------
    UserError
        If the country, its blood service, or a year is not known.
    """
    strengths = strengths_of(scenario.conditions, draw, scenario.runs.seed)
    return make_setting(
        country=country,
        size=people or scenario.population.size,
        survey_years=tuple(scenario.observe.years),
        founders_years_before=scenario.population.founders_years_before,
        parameters=condition_values(scenario.conditions)
        | {name: float(value) for name, value in scenario.parameters.items()},
        drawn=draw_values(draw, scenario.runs.seed),
        conditions=[
            condition.with_strength(strengths.get(condition.name, 1.0))
            for condition in catalogue_of(scenario.conditions)
        ],
    )
