"""What a scenario file may say: every key with its meaning, type, unit, bounds and default."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from rlsabm.care.section import CareSection, TreatmentSection
from rlsabm.declaring.sections import (
    AgeLimit,
    CountryName,
    Line,
    Number,
    Section,
    Share,
    Stratum,
    Whole,
    Words,
    Year,
    each_once,
    increasing,
    none_is_empty,
    starts_with_zero,
    true_is_a_name,
)
from rlsabm.policies.section import PolicySection
from rlsabm.scenario.schema_conditions import Conditions
from rlsabm.trials.section import TrialSection


@dataclass(frozen=True)
class ParameterRange:
    """The values a parameter may take.

    Parameters
    ----------
    lower, upper : float
        Smallest and largest value allowed, both included; may be infinite.
    unit : str
        Unit of the value, such as ``µg/L``; empty for a pure number.

    """

    lower: float
    upper: float
    unit: str = ""


class PopulationSection(Section):
    """The people simulated."""

    country: Annotated[
        CountryName,
        Field(
            description="Country that supplies the demographic tables and the rules of donation: a "
            "name, or the path of a folder of tables, relative to this file."
        ),
    ] = "united-states"
    size: Annotated[
        int,
        Field(
            ge=100,
            le=100_000_000,
            description="People surveyed, with the country's age-sex structure.",
            json_schema_extra={"unit": "people"},
        ),
        Whole,
    ] = 200_000
    block_size: Annotated[
        int,
        Field(
            ge=100,
            le=10_000_000,
            description="Most people of a block. A larger population is made of blocks, which have "
            "founders of their own and are run apart; partners are found within a block.",
            json_schema_extra={"unit": "people"},
        ),
        Whole,
    ] = 250_000
    founders_years_before: Annotated[
        int,
        Field(
            ge=110,
            le=200,
            description="Years before the last survey at which the first founders are born.",
            json_schema_extra={"unit": "years"},
        ),
        Whole,
    ] = 130


class Observe(Section):
    """When the people are surveyed and how the results are broken down."""

    years: Annotated[
        list[Year],
        AfterValidator(increasing),
        Field(
            min_length=1,
            max_length=201,
            description="Calendar years of the surveys, in increasing order.",
        ),
    ] = [2019]
    by: Annotated[
        list[Stratum],
        AfterValidator(each_once),
        Field(description="Strata of the result tables; an empty list gives totals only."),
    ] = ["sex", "age_group", "parity"]
    age_groups: Annotated[
        list[AgeLimit],
        AfterValidator(starts_with_zero),
        AfterValidator(increasing),
        Field(
            min_length=1,
            max_length=121,
            description="Lower age limit of each age group, in years, from 0 up.",
        ),
    ] = [0, 18, 35, 50, 65, 80]
    instruments: Annotated[
        list[str],
        BeforeValidator(true_is_a_name),
        AfterValidator(each_once),
        Field(
            alias="as",
            description="Questionnaires or interviews by which RLS is ascertained, beside the true "
            "status: names of rlsabm instruments, such as CH-RLSq.",
            json_schema_extra={
                "items": {"type": ["string", "boolean"], "expected": "names of rlsabm instruments"}
            },
        ),
    ] = ["truth"]
    persons: Annotated[
        Share, Field(description="Share of the surveyed people written to the persons line list.")
    ] = 0.0
    events: Annotated[
        bool,
        Field(description="Write the events line list: onsets, donations, births and the like."),
    ] = False


class Shifts(Section):
    """Which conditions' shifts of prevalence are traced to what causes them."""

    conditions: Annotated[
        list[str],
        AfterValidator(each_once),
        Field(
            description="Conditions to leave out: the same people live again without the burden of "
            "each, and without its iron burden only. Names of rlsabm conditions."
        ),
    ] = []
    postulates: Annotated[
        bool,
        Field(
            description="Let the same people live again with iron stores always replete, with CNS "
            "iron always sufficient, and with the path from iron to dopamine cut."
        ),
    ] = False


class Runs(Section):
    """How often the same scenario is run."""

    draws: Annotated[
        int,
        Field(ge=1, le=100_000, description="Draws of the uncertain parameters."),
        Whole,
    ] = 1
    replicates: Annotated[
        int,
        Field(ge=1, le=100_000, description="Repetitions of each draw with other random numbers."),
        Whole,
    ] = 1
    seed: Annotated[
        int, Field(ge=0, le=2**63 - 1, description="Root of all random numbers."), Whole
    ] = 2019
    priors: Annotated[
        bool,
        Field(
            description="Draw all parameters from their priors; else the calibrated ones are drawn "
            "from the posterior of the calibration that ships, and others have their defaults."
        ),
    ] = False


class Scenario(Section):
    """One scenario with everything resolved: no base, no arms."""

    title: Annotated[
        Line, Field(min_length=1, description="The question of the study, in one line.")
    ]
    description: Annotated[Words, Field(description="Longer text for readers of the report.")] = ""
    population: PopulationSection = Field(
        default=PopulationSection(), description="Country and number."
    )
    observe: Observe = Field(default=Observe(), description="Surveys and their breakdown.")
    shifts: Shifts = Field(default=Shifts(), description="Shifts traced to their causes.")
    conditions: Conditions = Field(
        default=Conditions(), description="Conditions that compromise iron."
    )
    treatments: Annotated[
        dict[str, TreatmentSection],
        BeforeValidator(none_is_empty),
        Field(description="Treatments, by name: changes of those that ship, and further ones."),
    ] = {}
    care: CareSection = Field(default=CareSection(), description="Who is treated, with what.")
    trial: TrialSection | None = Field(
        default=None, description="A trial with people surveyed in the last year; null for none."
    )
    policy: PolicySection | None = Field(
        default=None,
        description="Arms as policies, which part from the reference in a given year; null if they "
        "differ for ever.",
    )
    parameters: Annotated[
        dict[str, Number],
        BeforeValidator(none_is_empty),
        Field(description="Other values for parameters of the parameter table, by name."),
    ] = {}
    runs: Runs = Field(default=Runs(), description="Draws, replicates and seed.")


ARM_KEYS = ("conditions", "treatments", "care", "parameters")
RESERVED_ARM_NAMES = ("reference", "baseline")


@cache
def file_schema() -> dict[str, Any]:
    """The schema behind `json_schema`, shared: not to be changed."""
    schema = Scenario.model_json_schema()
    schema["title"] = "rlsabm scenario"
    schema["description"] = "A scenario file; a dotted key such as a.b.c stands for nested keys."
    for section in [schema, *schema["$defs"].values()]:
        section.pop("required", None)
        section["patternProperties"] = {r"\.": {}}
    keys = schema["properties"]
    keys["parameters"]["type"] = ["object", "null"]
    arm = {
        "type": "object",
        "properties": {key: keys[key] for key in ARM_KEYS},
        "patternProperties": {r"\.": {}},
        "additionalProperties": False,
    }
    keys["base"] = {
        "type": ["string", "null"],
        "minLength": 1,
        "description": "Name or path of another scenario whose values apply where this one is "
        "silent.",
    }
    keys["arms"] = {
        "type": ["object", "null"],
        "propertyNames": {"not": {"enum": list(RESERVED_ARM_NAMES)}, "minLength": 1},
        "additionalProperties": arm,
        "description": "Variants of this scenario with the same people, by name; each says what "
        "it changes.",
    }
    schema["anyOf"] = [{"required": ["title"]}, {"required": ["base"]}]
    return schema


def json_schema() -> dict[str, Any]:
    """JSON Schema of a scenario file, with ``base`` and ``arms``, for editors.

    Nothing but a title or a base is marked as required, since a file that has a base may give any
    part of a section.

    Returns
    -------
    dict
        JSON Schema, draft 2020-12.

    """
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **deepcopy(file_schema())}
