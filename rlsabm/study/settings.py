"""What a scenario says, as parameter values and settings of populations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from rlsabm.care.care_rule import CareRule
from rlsabm.care.plan import CarePlan, plan_care
from rlsabm.care.presets import preset_rules
from rlsabm.care.section import CareSection
from rlsabm.care.treatment import Treatment, shipped_treatments
from rlsabm.declaring.bounds import mapping, names, whole_number
from rlsabm.demography.countries import (
    COUNTRIES,
    country_files,
    country_fingerprint,
    country_names,
    load_country,
)
from rlsabm.demography.country import Country
from rlsabm.errors import UserError
from rlsabm.exposures.catalogue.condition import SHIPPED_CATALOGUE, Condition
from rlsabm.parameter_table import PARAMETERS, draw_strength, draw_values, treatments_in_draw
from rlsabm.policies.policy import Policy
from rlsabm.posterior import Posterior
from rlsabm.scenario import Conditions, ParameterRange, ResolvedScenario, Scenario, load_scenario
from rlsabm.scenario.checking import MOST_MISTAKES_LISTED, MOST_MISTAKES_SHOWN
from rlsabm.scenario.manifests import COUNTRY, Recorded
from rlsabm.scenario.resolved import identity_hash_of
from rlsabm.setting import OLDEST_AT_SURVEY, Setting, make_setting
from rlsabm.trials.checking import check_washout
from rlsabm.trials.section import Eligible
from rlsabm.trials.trial import Published, Trial


def parameter_ranges() -> dict[str, ParameterRange]:
    """Bounds and units of all parameters, for the reader of scenario files."""
    return {
        name: ParameterRange(
            parameter.lower, parameter.upper, "" if parameter.unit == "1" else parameter.unit
        )
        for name, parameter in PARAMETERS.items()
    }


def read_scenario(
    source: str | Path | Mapping[str, Any],
    settings: str | Sequence[str] = (),
    *,
    changes: Mapping[str, Any] | None = None,
    most_mistakes: int = MOST_MISTAKES_SHOWN,
) -> ResolvedScenario:
    """Read a scenario file, or a mapping, with its parameters checked against the table.

    At most ``most_mistakes`` are shown; others are counted.

    Raises
    ------
    UserError
        If it has mistakes (`ScenarioError`), or the settings are no texts.
    """
    return load_scenario(
        source,
        names("settings", settings, "settings such as 'population.size=50_000'"),
        changes=mapping("changes", changes, "a mapping by key"),
        parameters=parameter_ranges(),
        catalogue=SHIPPED_CATALOGUE,
        most_mistakes=whole_number("most_mistakes", most_mistakes, 1, MOST_MISTAKES_LISTED),
    )


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
    """Name of a study's country, and the folder from which that starts.

    A manifest stands for the tables that its study was run with, whatever else has their name.

    Raises
    ------
    UserError
        If these are not there any more.
    """
    name, beside = study.scenario.population.country, study.path.parent
    if study.recorded is None:
        return name, beside
    recorded_name, identity = _said_in(study.recorded)
    if name != recorded_name:
        return name, beside
    for place, start in ((COUNTRY, beside), (name, beside), (name, COUNTRIES)):
        with suppress(UserError):
            fingerprint = country_fingerprint(place, beside=start)
            if study.recorded.input_hash == hash_of_inputs(identity, fingerprint):
                return place, start
    kept, ships = beside / COUNTRY, name in country_names()
    if study.recorded.keeps_country or (kept.is_dir() and not ships):
        what = "the country of the study is missing"
        if kept.is_dir():
            what = f"its tables, or the scenario in {study.path.name}, are not as they were run"
        raise UserError(
            f"{kept}: {what}; put its files back, run the scenario again where its country is, or "
            "choose one with --set population.country=NAME"
        )
    return name, COUNTRIES if ships else beside


def _said_in(recorded: Recorded) -> tuple[str, str]:
    """Name of the country in a manifest's scenario, and the scenario's `identity_hash`.

    Both are empty where somebody has written it who says less than a study does.
    """
    content = recorded.scenario.plain()
    try:
        return content["population"]["country"], identity_hash_of(content)
    except (KeyError, TypeError, AttributeError):
        return "", ""


def hash_of_inputs(identity: str, fingerprint: str) -> str:
    """Hash of all that a unit's results depend on, but the package.

    Parameters
    ----------
    identity, fingerprint
        Of the scenario (`ResolvedScenario.identity_hash`) and of its country.
    """
    return sha256(identity.encode() + fingerprint.encode()).hexdigest()


def input_hash(study: ResolvedScenario) -> str:
    """Hash of all that a unit's results depend on, but the package."""
    return hash_of_inputs(study.identity_hash(), country_of(study).fingerprint)


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
    scenario: Scenario,
    draw: int,
    *,
    country: Country,
    people: int | None = None,
    posterior: Posterior | None = None,
    kept_treatments: Iterable[str] = (),
) -> Setting:
    """Setting of the populations of one draw of one arm.

    Draw 0 has the default of every parameter, further draws come from the posterior (that which ships,
    unless another one is given) or the priors.
    The country's values go before both, then the conditions section of the scenario, then its
    parameters.  People keep the treatments named although no rule may offer them.

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
        parameters=scenario.conditions.parameter_values()
        | {name: float(value) for name, value in scenario.parameters.items()},
        drawn=draw_values(
            draw, scenario.runs.seed, priors=scenario.runs.priors, posterior=posterior
        ),
        conditions=[
            condition.with_strength(strengths.get(condition.name, 1.0))
            for condition in catalogue_of(scenario.conditions)
        ],
        care=care_of(scenario, draw, kept_treatments),
    )


def treatments_of(scenario: Scenario) -> dict[str, Treatment]:
    """Treatments that ship, as a scenario changes them, and its own."""
    treatments = dict(shipped_treatments())
    for name, section in scenario.treatments.items():
        said = {key: getattr(section, key) for key in section.model_fields_set}
        before = treatments.get(name)
        treatments[name] = (
            replace(before, **said) if before else Treatment(**{"name": name, "source": "", **said})
        )
    return treatments


def care_of(scenario: Scenario, draw: int = 0, kept: Iterable[str] = ()) -> CarePlan:
    """The care in a scenario, with the strength of treatments in a draw.

    Treatments whose names are ``kept`` are there although no rule offers them.

    Raises
    ------
    UserError
        If a rule lacks a treatment, or there are too many.
    """
    treatments = treatments_in_draw(treatments_of(scenario), draw, scenario.runs.seed)
    return plan_care(treatments, rules_of(scenario.care), kept=kept)


def policy_of(study: ResolvedScenario) -> Policy | None:
    """How the arms of a study are counted, if they are policies.

    Raises
    ------
    UserError
        If there is nothing to compare, arms part before people of all ages live, people live again in
        other worlds, or an arm has a treatment that the reference does not know.
    """
    section = study.scenario.policy
    if section is None:
        return None
    scenario = study.scenario
    if len(study.arms) < 2:
        raise UserError("policy: no arm differs from the reference (expected policies as arms)")
    if scenario.shifts.conditions or scenario.shifts.postulates:
        raise UserError(
            "policy: people cannot live again in other worlds where arms part in their lifetime "
            "(expected no shifts beside it)"
        )
    most = scenario.population.founders_years_before - OLDEST_AT_SURVEY
    if section.period_years > most:
        raise UserError(
            f"policy.period_years: {section.period_years} found, expected {most} at most, so that "
            "people of all ages live when arms part (a larger population.founders_years_before "
            "allows more)"
        )
    plans = {name: care_of(arm) for name, arm in study.arms.items()}
    offered = {treatment.name for plan in plans.values() for treatment in plan.treatments}
    known = treatments_of(scenario)
    for arm in study.arms.values():
        for name in treatments_of(arm):
            if name in offered and name not in known:
                raise UserError(
                    f"treatments.{name}: is new in an arm (expected among the treatments of the "
                    "scenario itself, as people of all arms live on with the same)"
                )
    plan = plan_care(known, [], kept=offered)
    return Policy(
        years=section.period_years, costs=section.costs.model_dump(), treatments=plan.treatments
    )


def treatments_used(scenario: Scenario, setting: Setting) -> dict[str, Treatment]:
    """Treatments that people of an arm may be on, in care or in a trial, by name."""
    used = {treatment.name for treatment in setting.care.treatments}
    if scenario.trial is not None:
        used |= {name for names_of_arm in scenario.trial.arms.values() for name in names_of_arm}
    return {name: each for name, each in treatments_of(scenario).items() if name in used}


def trial_of(scenario: Scenario) -> Trial | None:
    """The trial in a scenario, if there is one."""
    section = scenario.trial
    if section is None:
        return None
    check_washout(section.design, section.washout_months)
    said = {name: getattr(section, name) for name in type(section).model_fields}
    del said["source"]
    said["washout_months"] = section.washout_months or 0
    said["published"] = [
        Published(name=name, **dict(each)) for name, each in section.published.items()
    ]
    asked = {name: getattr(section.eligible, name) for name in Eligible.model_fields}
    eligible = CareRule(name="eligible", **asked)
    treatments, seed = treatments_of(scenario), scenario.runs.seed
    return Trial(**{**said, "eligible": eligible, "treatments": treatments, "seed": seed})


def rules_of(care: CareSection) -> list[CareRule]:
    """Rules in force: those of presets, as a scenario changes them, and its own."""
    said: dict[str, dict[str, Any]] = {}
    for preset in care.presets:
        said |= {name: dict(block) for name, block in preset_rules(preset).items()}
    for name, section in care.rules.items():
        own = {key: getattr(section, key) for key in section.model_fields_set}
        said[name] = said.get(name, {}) | own
    without_words = {
        name: {key: value for key, value in block.items() if key not in ("enabled", "source")}
        for name, block in said.items()
        if block.get("enabled", True)
    }
    return [CareRule(name=name, **block) for name, block in without_words.items()]
