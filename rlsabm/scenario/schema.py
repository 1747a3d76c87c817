"""What a scenario file may say: every key with its meaning, type, unit, bounds and default."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from math import isfinite
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError, PydanticKnownError

Item = TypeVar("Item")


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


def _whole_number(value: object) -> object:
    """Accept 1e6 and 1.0 where a whole number is expected."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _number(value: object) -> object:
    """Refuse what is not a number before the union of int and float reports each half."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PydanticKnownError("float_type")
    if not isfinite(value):
        raise PydanticKnownError("finite_number")
    return value


def _none_is_empty(value: object) -> object:
    return {} if value is None else value


def _increasing(values: list[int]) -> list[int]:
    for earlier, later in pairwise(values):
        if later <= earlier:
            raise PydanticCustomError(
                "scenario",
                "must increase, with each value once: {earlier} is followed by {later}",
                {"earlier": earlier, "later": later},
            )
    return values


def _starts_with_zero(values: list[int]) -> list[int]:
    if values[0] != 0:
        raise PydanticCustomError(
            "scenario", "starts with {first} (expected 0 as the first limit)", {"first": values[0]}
        )
    return values


def _each_once(values: Sequence[Item]) -> Sequence[Item]:
    for value in values:
        if values.count(value) > 1:
            raise PydanticCustomError("scenario", "names {value} twice", {"value": value})
    return values


Whole = BeforeValidator(_whole_number)
Number = Annotated[int | float, BeforeValidator(_number)]
PlaceName = Annotated[
    str,
    Field(
        pattern=r"^[a-z]+(-[a-z]+)*$",
        json_schema_extra={"expected": "lower-case words joined by hyphens, as in united-states"},
    ),
]
CountryName = Annotated[str, Field(min_length=1, json_schema_extra={"expected": "a country"})]
Year = Annotated[int, Field(ge=1900, le=2100), Whole]
AgeLimit = Annotated[int, Field(ge=0, le=120, json_schema_extra={"unit": "years"}), Whole]
Share = Annotated[float, Field(ge=0, le=1)]
DailyIron = Annotated[float, Field(ge=1, le=200, json_schema_extra={"unit": "mg per day"})]
Stratum = Literal["sex", "age_group", "parity"]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Population(_Section):
    """The people simulated."""

    country: Annotated[
        CountryName,
        Field(
            description="Country whose births, deaths and habits the people have: a name, or the "
            "path of a folder of tables, from this file."
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


class Observe(_Section):
    """When the people are surveyed and how the results are broken down."""

    years: Annotated[
        list[Year],
        AfterValidator(_increasing),
        Field(min_length=1, description="Calendar years of the surveys, in increasing order."),
    ] = [2019]
    by: Annotated[
        list[Stratum],
        AfterValidator(_each_once),
        Field(description="Strata of the result tables; an empty list gives totals only."),
    ] = ["sex", "age_group", "parity"]
    age_groups: Annotated[
        list[AgeLimit],
        AfterValidator(_starts_with_zero),
        AfterValidator(_increasing),
        Field(min_length=1, description="Lower age limit of each age group, in years, from 0 up."),
    ] = [0, 18, 35, 50, 65, 80]
    persons: Annotated[
        Share, Field(description="Share of the surveyed people written to the persons line list.")
    ] = 0.0
    events: Annotated[
        bool,
        Field(description="Write the events line list: onsets, donations, births and the like."),
    ] = False


class FerritinDeferral(_Section):
    """Donors with low ferritin wait before they give again."""

    below: Annotated[
        float,
        Field(
            ge=1,
            le=200,
            description="Ferritin below which a donor is deferred, in µg/L.",
            json_schema_extra={"unit": "µg/L"},
        ),
    ]
    months: Annotated[
        int,
        Field(
            ge=1,
            le=60,
            description="Length of the deferral, in months.",
            json_schema_extra={"unit": "months"},
        ),
        Whole,
    ]


class DonorSupplements(_Section):
    """Iron tablets offered after a donation."""

    uptake: Annotated[Share, Field(description="Share of donors who take them.")]
    milligrams_per_day: Annotated[
        DailyIron, Field(description="Elemental iron by mouth, in mg per day.")
    ]
    days: Annotated[
        int,
        Field(
            ge=1,
            le=180,
            description="Days of tablets after each donation.",
            json_schema_extra={"unit": "days"},
        ),
        Whole,
    ]


class BloodDonation(_Section):
    """Whole-blood donation and the rules that protect donors' iron."""

    enabled: Annotated[bool, Field(description="People give blood.")] = True
    jurisdiction: Annotated[
        PlaceName | None,
        Field(description="Whose donation rules apply; null for the country's own."),
    ] = None
    ferritin_deferral: Annotated[
        FerritinDeferral | None,
        Field(
            description="Deferral of donors with low ferritin; null for the jurisdiction's rule."
        ),
    ] = None
    supplements: Annotated[
        DonorSupplements | None,
        Field(description="Iron tablets offered after a donation; null for none."),
    ] = None
    self_deferral: Annotated[
        bool, Field(description="People who feel unwell stay away from donation of their own.")
    ] = True


class PregnancySupplements(_Section):
    """Iron tablets offered in pregnancy."""

    uptake: Annotated[Share, Field(description="Share of pregnant women who take them.")]
    milligrams_per_day: Annotated[
        DailyIron, Field(description="Elemental iron by mouth, in mg per day.")
    ]
    from_month: Annotated[
        int,
        Field(
            ge=1,
            le=9,
            description="Month of pregnancy in which the tablets start.",
            json_schema_extra={"unit": "month of pregnancy"},
        ),
        Whole,
    ]


class Pregnancy(_Section):
    """Pregnancy, and the iron given in it."""

    enabled: Annotated[
        bool,
        Field(
            description="False: mothers bear the same children, but pregnancy goes without its "
            "iron and hormonal burden."
        ),
    ] = True
    supplements: Annotated[
        PregnancySupplements | None,
        Field(
            description="Iron tablets offered in pregnancy; null for the usual ones (see parameters)."
        ),
    ] = None


class IntravenousIron(_Section):
    """Iron infusions, and the laboratory limits below which they are given."""

    milligrams_per_month: Annotated[
        float,
        Field(
            ge=0,
            le=1000,
            description="Iron infused in a month, in mg.",
            json_schema_extra={"unit": "mg per month"},
        ),
    ]
    ferritin_below: Annotated[
        float,
        Field(
            ge=50,
            le=2000,
            description="Given only while ferritin is below this limit, in µg/L.",
            json_schema_extra={"unit": "µg/L"},
        ),
    ]
    transferrin_saturation_below: Annotated[
        float,
        Field(
            ge=5,
            le=60,
            description="Given only while transferrin saturation is below this limit, in percent.",
            json_schema_extra={"unit": "%"},
        ),
    ]


class Dialysis(_Section):
    """Kidney failure treated by dialysis."""

    enabled: Annotated[bool, Field(description="People come to need dialysis.")] = True
    intravenous_iron: Annotated[
        IntravenousIron | None,
        Field(
            description="Iron infusions during dialysis; null for the usual ones (see parameters)."
        ),
    ] = None


class Conditions(_Section):
    """The conditions that compromise iron, and what is done about them."""

    blood_donation: BloodDonation = Field(
        default=BloodDonation(), description="Whole-blood donation."
    )
    pregnancy: Pregnancy = Field(default=Pregnancy(), description="Pregnancy.")
    dialysis: Dialysis = Field(default=Dialysis(), description="Dialysis.")


class Runs(_Section):
    """How often the same scenario is run."""

    draws: Annotated[
        int,
        Field(ge=1, le=100_000, description="Draws of the uncertain parameters."),
        Whole,
    ] = 1
    replicates: Annotated[
        int,
        Field(ge=1, le=100_000, description="Repetitions of each draw with other chance."),
        Whole,
    ] = 1
    seed: Annotated[
        int, Field(ge=0, le=2**63 - 1, description="Root of all random numbers."), Whole
    ] = 2019


class Scenario(_Section):
    """One scenario with everything resolved: no base, no arms."""

    title: Annotated[str, Field(min_length=1, description="One line that says what is asked.")]
    description: Annotated[str, Field(description="Longer text for readers of the report.")] = ""
    population: Population = Field(default=Population(), description="Country and number.")
    observe: Observe = Field(default=Observe(), description="Surveys and their breakdown.")
    conditions: Conditions = Field(
        default=Conditions(), description="Conditions that compromise iron."
    )
    parameters: Annotated[
        dict[str, Number],
        BeforeValidator(_none_is_empty),
        Field(description="Other values for parameters of the parameter table, by name."),
    ] = {}
    runs: Runs = Field(default=Runs(), description="Draws, replicates and seed.")


ARM_KEYS = ("conditions", "parameters")
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
