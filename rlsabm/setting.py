"""What a population lives in: country, plan of births, and the inputs of the rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rlsabm.care.plan import NO_CARE_PLAN, CarePlan
from rlsabm.declaring.bounds import whole_number
from rlsabm.declaring.inputs import Inputs
from rlsabm.demography.births import MOST_YEARS, BirthPlan, Fertility, plan_births, population_of
from rlsabm.demography.countries import load_country
from rlsabm.demography.country import Country
from rlsabm.errors import UserError
from rlsabm.exposures.catalogue.condition import Condition, shipped_catalogue
from rlsabm.exposures.donation import jurisdiction_values
from rlsabm.inputs import make_inputs, values_record
from rlsabm.parameter_table import checked_values

LARGEST_SIZE = 100_000_000
#: Calendar years that a plan of births needs beside those before the last survey.
LEAST_SPARE_YEARS = 4
#: Age that hardly anybody reaches: founders are born so long before the first survey.
OLDEST_AT_SURVEY = 105


@dataclass(frozen=True)
class Setting:
    """What a population lives in: country, plan of births, tables and parameter values.

    Attributes
    ----------
    size
        People to be surveyed.
    survey_years
        Years of the surveys; the last sets the age-sex structure.
    inputs
        Parameter values and tables, without the key of a replicate.
    conditions
        The catalogue, in the order of a life's bits.
    care
        Treatments and the rules by which they are offered.
    """

    country: Country
    size: int
    survey_years: tuple[int, ...]
    plan: BirthPlan
    inputs: Inputs
    conditions: tuple[Condition, ...] = ()
    care: CarePlan = NO_CARE_PLAN


def make_setting(
    *,
    country: str | Country = "united-states",
    size: int = 200_000,
    survey_years: tuple[int, ...] = (2019,),
    last_year: int | None = None,
    founders_years_before: int = 130,
    parameters: Mapping[str, float] | None = None,
    drawn: Mapping[str, float] | None = None,
    jurisdiction: str | None = None,
    conditions: Sequence[Condition] | None = None,
    care: CarePlan = NO_CARE_PLAN,
    beside: Path = Path(),
) -> Setting:
    """Prepare what a population lives in.

    Parameters
    ----------
    country
        Key of a country, path of a folder of tables, or tables already read.
    size
        People to be surveyed.
    survey_years
        Years of the surveys, ascending.
    last_year
        Last calendar year that can be lived; at least the year after the last survey.
    founders_years_before
        Years before the last survey at which the first founders are born.
    parameters
        Values that differ from the defaults; they go before those of the country.
    drawn
        Values drawn from priors; those of the country go before them.
    jurisdiction
        Blood service whose rules apply; by default the country's own.
    conditions
        Conditions given as data; by default those that ship with the package.
    care
        Treatments and the rules by which they are offered; by default nobody is treated.
    beside
        Folder from which a relative path of a country starts.

    Raises
    ------
    UserError
        If the country, a year, a jurisdiction or a parameter is not known, a number is out of
        bounds, or a condition contradicts itself.
    """
    size = whole_number("population.size", size, 1, LARGEST_SIZE)
    founders_years_before = whole_number(
        "population.founders_years_before", founders_years_before, 1, MOST_YEARS - LEAST_SPARE_YEARS
    )
    if not survey_years or list(survey_years) != sorted(set(survey_years)):
        raise UserError(
            f"observe.years: found {list(survey_years)} (expected years in ascending order)"
        )
    tables_of = load_country(country, beside=beside)
    rules = (
        jurisdiction_values(jurisdiction)
        if jurisdiction
        else jurisdiction_values(
            tables_of.donation_jurisdiction, tables_of.place("donation_jurisdiction")
        )
    )
    for year in survey_years:
        population_of(tables_of, year)
    oldest = survey_years[-1] - survey_years[0] + OLDEST_AT_SURVEY
    if founders_years_before < oldest:
        raise UserError(
            f"population.founders_years_before: {founders_years_before} found, expected {oldest} "
            f"or more, so that people of all ages live at the survey of {survey_years[0]}"
        )
    values = values_record(
        {**(drawn or {}), **rules, **_values_of_country(tables_of), **(parameters or {})}
    )
    after_last_survey = survey_years[-1] + 1
    plan = plan_births(
        tables_of,
        survey_year=survey_years[-1],
        last_year=max(last_year or after_last_survey, after_last_survey),
        founders_years_before=founders_years_before,
        size=size,
        fertility=Fertility(
            loss_share=values.pregnancy_loss_share,
            twin_share=values.monozygotic_share + values.dizygotic_share,
            infertile_after_birth_months=int(values.infertile_after_birth_months),
        ),
    )
    catalogue = shipped_catalogue() if conditions is None else tuple(conditions)
    care.check_conditions([condition.name for condition in catalogue])
    return Setting(
        country=tables_of,
        size=size,
        survey_years=survey_years,
        plan=plan,
        inputs=make_inputs(tables_of, plan, values, catalogue, care),
        conditions=catalogue,
        care=care,
    )


def _values_of_country(country: Country) -> dict[str, float]:
    """Parameter values of a country, each checked where its file gives it."""
    values: dict[str, float] = {}
    for name, value in country.parameters.items():
        place = country.place(f"parameters.{name}").removesuffix(f".{name}")
        values |= checked_values({name: value}, place)
    return values
