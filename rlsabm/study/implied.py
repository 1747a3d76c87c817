"""What a scenario implies: people, work, the country, and the conditions that it adds or changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import exp
from typing import Any

import numpy as np

from rlsabm.arrays import Floats
from rlsabm.conventions import FEMALE, MALE
from rlsabm.demography.births import population_of
from rlsabm.demography.country import BAND_YEARS, BANDS, Country
from rlsabm.demography.indicators import life_expectancy, total_fertility
from rlsabm.demography.life_table import yearly_death_rate
from rlsabm.errors import UserError
from rlsabm.exposures.catalogue.body_mass import body_mass_of
from rlsabm.exposures.catalogue.condition import Condition, shipped_catalogue
from rlsabm.exposures.catalogue.tables import share_among, tabulate
from rlsabm.scenario import REFERENCE, ResolvedScenario
from rlsabm.setting import Setting
from rlsabm.study.settings import catalogue_of
from rlsabm.study.units import block_sizes, count_units
from rlsabm.study.work import expected_work
from rlsabm.worlds.world import worlds_of

#: Ages (completed years) at which prevalence is shown, and up to which onsets are added up.
SHOWN_AGES = (20, 40, 60, 80)
#: Age (completed years) at which it is shown how conditions come together.
AGE_OF_CONNECTIONS = 60
LIFETIME_YEARS = 80
#: Bleeding that goes on for so long empties stores and red cells of those who lose most.
LASTING_YEARS = 1.0
#: So many standard deviations above the median is the one in forty who bleeds most.
SD_OF_ONE_IN_FORTY = 1.96


@dataclass(frozen=True)
class ImpliedCondition:
    """Who has a condition that a scenario adds or changes.

    Attributes
    ----------
    name, label, arm
        The condition, its name in words, and the arm in which it is so; arms in which it is as in the
        reference are not listed.
    is_new
        Whether it does not ship with the package.
    enabled
        Whether anybody gets it.
    prevalence_women, prevalence_men
        Share of the living who have it in each of `SHOWN_AGES`.
    women, men, everybody
        Share of all living people who have it, with the age structure of the last survey.
    ever_women, ever_men
        Share who get it before `LIFETIME_YEARS`, of those who live so long.
    people
        People surveyed who are expected to have it.
    """

    name: str
    label: str
    arm: str
    is_new: bool
    enabled: bool
    prevalence_women: list[float]
    prevalence_men: list[float]
    women: float
    men: float
    everybody: float
    ever_women: float
    ever_men: float
    people: float


@dataclass(frozen=True)
class ImpliedConnection:
    """A condition that raises another, of which the scenario adds or changes at least one.

    Attributes
    ----------
    condition, raises
        Names of the two.
    hazard_ratio
        Hazard ratio of the onset of the second while the first is there.
    women_with, women_without, men_with, men_without
        Share at `AGE_OF_CONNECTIONS` who have the second, of people with the first and without it.
    """

    condition: str
    raises: str
    hazard_ratio: float
    women_with: float
    women_without: float
    men_with: float
    men_without: float


@dataclass(frozen=True)
class ImpliedBleeding:
    """How much those bleed most who have a condition that the scenario adds or changes.

    Attributes
    ----------
    condition, arm
        The condition, and the arm in which it is so.
    loss_ml_per_day
        What the one in forty loses who bleeds most.
    haemoglobin_g_per_l
        Haemoglobin at which that blood takes as much iron along as can be absorbed at most. A person
        who bleeds for years without care is left with no more.
    """

    condition: str
    arm: str
    loss_ml_per_day: float
    haemoglobin_g_per_l: float


@dataclass(frozen=True)
class Implied:
    """What a scenario implies.

    Attributes
    ----------
    file, name
        The scenario.
    country, country_tables
        Name of the country in its tables, and what the scenario calls them: a name or a path.
    people
        People surveyed.
    years
        Years of the surveys.
    life_expectancy_women, life_expectancy_men
        Years that a newborn lives on average under the country's life table.
    children_per_woman
        Total fertility in the last survey year; None where the table does not have it.
    arms, worlds
        Their names; in worlds the people surveyed live again.
    draws, replicates, runs, blocks
        How often the population is run, and of how many blocks each run is made.
    person_years
        Expected person-years of all runs, each as a population lives once.
    work
        Expected work of all runs, lives in other worlds included, in person-years.
    conditions
        Conditions that the scenario adds or changes.
    connections
        Conditions of the reference that raise one another, where the scenario adds or changes one.
    bleeding
        How much those lose who bleed most from a condition that lasts.
    people_with
        People surveyed in a run who are expected to have each condition of the catalogue that is new,
        changed, or traced by shifts; those that nobody gets are left out.
    """

    file: str
    name: str
    country: str
    country_tables: str
    people: int
    years: list[int]
    life_expectancy_women: float
    life_expectancy_men: float
    children_per_woman: float | None
    arms: list[str]
    worlds: list[str]
    draws: int
    replicates: int
    runs: int
    blocks: int
    person_years: float
    work: float
    conditions: list[ImpliedCondition]
    connections: list[ImpliedConnection]
    bleeding: list[ImpliedBleeding]
    people_with: dict[str, float]

    def as_mapping(self) -> dict[str, Any]:
        """All of it as plain values, fit for JSON; shares from 0 to 1."""
        return {
            "ages_of_prevalence": list(SHOWN_AGES),
            "age_of_ever": LIFETIME_YEARS,
            "age_of_connections": AGE_OF_CONNECTIONS,
            **asdict(self),
        }


def implied_by(study: ResolvedScenario, settings: Sequence[Setting]) -> Implied:
    """What a scenario implies.

    Parameters
    ----------
    study
        The resolved scenario.
    settings
        Settings of its arms, as `check_study` returns them.
    """
    scenario = study.scenario
    country = settings[0].country
    year = scenario.observe.years[-1]
    expected = [float(value) for value in life_expectancy(country)]
    worlds: dict[str, None] = {}
    person_years = work = 0.0
    runs = scenario.runs.draws * scenario.runs.replicates
    for setting in settings:
        of_arm = worlds_of(
            setting, scenario.shifts.conditions, postulates=scenario.shifts.postulates
        )
        worlds |= dict.fromkeys(world.name for world in of_arm)
        years_of_a_person = runs * scenario.population.size / setting.size / 12.0
        person_years += expected_work(setting, 0) * years_of_a_person
        work += expected_work(setting, len(of_arm)) * years_of_a_person
    blocks = len(block_sizes(scenario.population))

    def implied(condition: Condition, arm: str) -> ImpliedCondition:
        return implied_condition(condition, arm, country, year, scenario.population.size)

    conditions = [implied(condition, arm) for condition, arm in changed_conditions(study)]
    counted = {each.name: each for each in conditions if each.arm == REFERENCE} | {
        condition.name: implied(condition, REFERENCE)
        for condition in catalogue_of(scenario.conditions)
        if condition.name in scenario.shifts.conditions
    }
    return Implied(
        file=str(study.path),
        name=study.name,
        country=country.name,
        country_tables=scenario.population.country,
        people=scenario.population.size,
        years=list(scenario.observe.years),
        life_expectancy_women=expected[FEMALE],
        life_expectancy_men=expected[MALE],
        children_per_woman=_children_per_woman(country, year),
        arms=list(study.arms),
        worlds=list(worlds),
        draws=scenario.runs.draws,
        replicates=scenario.runs.replicates,
        runs=count_units(study) // blocks,
        blocks=blocks,
        person_years=person_years,
        work=work,
        conditions=conditions,
        connections=list(_connections(study, settings[0])),
        bleeding=list(_bleeding(study, dict(zip(study.arms, settings, strict=True)))),
        people_with={name: each.people for name, each in counted.items() if each.enabled},
    )


def _children_per_woman(country: Country, year: int) -> float | None:
    try:
        return total_fertility(country, year)
    except UserError:
        return None


def changed_conditions(study: ResolvedScenario) -> Iterator[tuple[Condition, str]]:
    """Conditions that differ from those that ship, and in arms from those of the reference."""
    known = {condition.name: condition for condition in shipped_catalogue()}
    of_reference: dict[str, Condition] = {}
    for arm, scenario in study.arms.items():
        usual = known if arm == REFERENCE else of_reference
        for condition in catalogue_of(scenario.conditions):
            if arm == REFERENCE:
                of_reference[condition.name] = condition
            if condition != usual.get(condition.name):
                yield condition, arm


def _connections(study: ResolvedScenario, setting: Setting) -> Iterator[ImpliedConnection]:
    """How conditions of the reference come together, where the scenario adds or changes one."""
    changed = {c.name for c, arm in changed_conditions(study) if arm == REFERENCE and c.enabled}
    if not changed:
        return
    conditions = setting.conditions
    country, values = setting.country, setting.inputs
    body_mass = body_mass_of(country.adult_body_mass_index, values)
    tables = tabulate(conditions, yearly_death_rate(country.mortality), body_mass)
    for effect, causes in enumerate(tables.connections.causes):
        for place, ratio in causes:
            names = conditions[place].name, conditions[effect].name
            if changed.isdisjoint(names):
                continue
            having, lacking = share_among(tables, effect, place)
            yield ImpliedConnection(
                *names,
                hazard_ratio=ratio,
                women_with=float(having[FEMALE, AGE_OF_CONNECTIONS]),
                women_without=float(lacking[FEMALE, AGE_OF_CONNECTIONS]),
                men_with=float(having[MALE, AGE_OF_CONNECTIONS]),
                men_without=float(lacking[MALE, AGE_OF_CONNECTIONS]),
            )


def _bleeding(
    study: ResolvedScenario, settings: Mapping[str, Setting]
) -> Iterator[ImpliedBleeding]:
    """What those lose who bleed most, and the haemoglobin that absorption can keep up against it."""
    for condition, arm in changed_conditions(study):
        lasts = condition.duration_years is None or condition.duration_years >= LASTING_YEARS
        if not (condition.enabled and lasts and condition.blood_loss_ml_per_day > 0.0):
            continue
        p = settings[arm].inputs
        most = exp(p.bleeding_log_sd * (SD_OF_ONE_IN_FORTY - 0.5 * p.bleeding_log_sd))
        loss_ml = condition.blood_loss_ml_per_day * most
        ceiling = max(p.absorption_ceiling_men_mg_per_day, p.absorption_ceiling_women_mg_per_day)
        iron_mg_per_ml = ceiling * condition.absorption_factor / loss_ml
        yield ImpliedBleeding(
            condition.name,
            arm,
            loss_ml_per_day=loss_ml,
            haemoglobin_g_per_l=1000.0 * iron_mg_per_ml / p.haemoglobin_iron_mg_per_g,
        )


def implied_condition(
    condition: Condition, arm: str, country: Country, year: int, people: int
) -> ImpliedCondition:
    """Who has a condition in a country with the age structure of a year."""
    mortality = yearly_death_rate(country.mortality)
    hazard = condition.yearly_hazard(mortality) * condition.enabled
    prevalence = condition.expected_prevalence(hazard, mortality)
    shares = _shares_of_ages(country, year, mortality)
    by_sex = (prevalence * shares).sum(axis=1)
    alone = by_sex / shares.sum(axis=1)
    ever = 1.0 - np.exp(-hazard[:, :LIFETIME_YEARS].sum(axis=1))
    at_ages = prevalence[:, SHOWN_AGES].tolist()
    return ImpliedCondition(
        name=condition.name,
        label=condition.in_words,
        arm=arm,
        is_new=condition.name not in {shipped.name for shipped in shipped_catalogue()},
        enabled=condition.enabled,
        prevalence_women=at_ages[FEMALE],
        prevalence_men=at_ages[MALE],
        women=float(alone[FEMALE]),
        men=float(alone[MALE]),
        everybody=float(by_sex.sum()),
        ever_women=float(ever[FEMALE]),
        ever_men=float(ever[MALE]),
        people=float(by_sex.sum() * people),
    )


def _shares_of_ages(country: Country, year: int, mortality: Floats) -> Floats:
    """Share of the country's people of each sex and completed age; within bands as people survive."""
    of_bands = population_of(country, year)
    ages = np.arange(mortality.shape[1])
    bands = np.minimum(ages // BAND_YEARS, BANDS - 1)
    alive = np.exp(-(np.cumsum(mortality, axis=1) - 0.5 * mortality))
    in_band = np.stack([np.bincount(bands, weights=row) for row in alive])
    return np.asarray(alive / in_band[:, bands] * of_bands[:, bands])
