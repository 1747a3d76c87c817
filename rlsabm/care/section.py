"""What a scenario file may say about treatments and about care."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, SerializerFunctionWrapHandler, model_serializer
from pydantic import Field as Key

from rlsabm.declaring.sections import (
    AgeLimit,
    Line,
    Section,
    Share,
    Whole,
    Words,
    each_once,
    increasing,
)


def _amount(description: str, unit: str, most: float) -> Any:
    return Key(ge=0, le=most, description=description, json_schema_extra={"unit": unit})


# Limits of laboratory values, of rules of care and of those who are eligible for a trial.
FerritinBelow = Annotated[
    Annotated[float, Key(gt=0, le=10_000, json_schema_extra={"unit": "µg/L"})] | None,
    Key(description="Only with a measured ferritin below this; null for no limit."),
]
FerritinFrom = Annotated[
    Annotated[float, Key(gt=0, le=10_000, json_schema_extra={"unit": "µg/L"})] | None,
    Key(description="Only with a measured ferritin of this or more; null for no limit."),
]
SaturationBelow = Annotated[
    Annotated[float, Key(gt=0, le=100, json_schema_extra={"unit": "%"})] | None,
    Key(description="Only with a measured transferrin saturation below this; null for no limit."),
]
HaemoglobinBelow = Annotated[
    Annotated[float, Key(gt=0, le=250, json_schema_extra={"unit": "g/L"})] | None,
    Key(description="Only with a measured haemoglobin below this; null for no limit."),
]
Rate = Annotated[float, Key(ge=0, le=1000, json_schema_extra={"unit": "per year"})]
Factor = Annotated[float, Key(ge=0.1, le=10)]
Cost = Annotated[float, Key(ge=0, le=1e9)]


class TreatmentSection(Section):
    """A treatment: what it gives to a body, how fast that comes, and when it ends."""

    label: Annotated[Line, Key(description="Its name in words, as people read it.")] = ""
    oral_iron_mg: Annotated[
        float, _amount("Elemental iron in the tablets of a day with tablets.", "mg", 400)
    ] = 0.0
    alternate_days: Annotated[
        bool, Key(description="Whether tablets are taken every other day.")
    ] = False
    adherence: Annotated[Share, Key(description="Share of these days on which they are taken.")] = (
        1.0
    )
    infused_iron_mg: Annotated[float, _amount("Iron infused in its first month.", "mg", 3000)] = 0.0
    slow_share: Annotated[
        Share,
        Key(
            description="Share of infused iron that macrophages pass on over months; the rest is in "
            "stores within the month."
        ),
    ] = 0.0
    dopamine_support: Annotated[
        float, _amount("Dopaminergic function that it adds.", "units of liability", 10)
    ] = 0.0
    symptom_relief: Annotated[
        float,
        _amount("Liability that it takes away, not through dopamine.", "units of liability", 10),
    ] = 0.0
    supply_factor: Annotated[
        Factor, Key(description="Factor on the supply of iron to the CNS.")
    ] = 1.0
    months_to_act: Annotated[
        float,
        _amount(
            "Time constant with which support, relief and supply come; 0 within the month.",
            "months",
            60,
        ),
    ] = 0.0
    augmentation_per_year: Annotated[
        Rate, Key(description="Rate of augmentation at a ferritin of 75 µg/L.")
    ] = 0.0
    augmentation_liability: Annotated[
        float, _amount("Liability that augmentation adds.", "units of liability", 10)
    ] = 0.0
    months: Annotated[
        Annotated[int, Key(ge=1, le=120, json_schema_extra={"unit": "months"}), Whole] | None,
        Key(description="How long it is taken; null until it is stopped."),
    ] = None
    stopped_per_year: Annotated[Rate, Key(description="Rate of stopping it.")] = 0.0
    stopped_per_year_if_augmented: Annotated[
        Rate, Key(description="The same once augmentation has begun.")
    ] = 0.0
    in_pregnancy: Annotated[bool, Key(description="Whether it may be taken in pregnancy.")] = True
    effect_log_sd: Annotated[
        float,
        Key(
            ge=0,
            le=2,
            description="Standard deviation between draws of the logarithm of the strength of its "
            "effects that are not iron.",
        ),
    ] = 0.2
    cost_per_course: Annotated[
        Cost, Key(description="What it costs to begin it, in any currency; for policies.")
    ] = 0.0
    cost_per_year: Annotated[
        Cost, Key(description="What it costs to be on it for a year, in the same currency.")
    ] = 0.0
    source: Annotated[
        Words, Key(description="Where its figures come from, and what is assumed.")
    ] = ""

    @model_serializer(mode="wrap")
    def _only_what_was_said(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {key: value for key, value in dump(self).items() if key in self.model_fields_set}


class RuleSection(Section):
    """A rule of care: whom a treatment is offered, when, and who accepts it."""

    enabled: Annotated[bool, Key(description="Whether the rule is in force.")] = True
    treatment: Annotated[
        str, Key(description="The treatment that is offered, by its name; a rule needs one.")
    ] = ""
    sex: Annotated[
        Literal["all", "female", "male"], Key(description="Sex of those who are meant.")
    ] = "all"
    age_from: Annotated[AgeLimit, Key(description="First age, in completed years.")] = 0
    age_to: Annotated[AgeLimit, Key(description="Last age, in completed years.")] = 120
    diagnosed: Annotated[
        bool, Key(description="Whether only people with a diagnosis of RLS are meant.")
    ] = False
    symptoms: Annotated[
        Literal["whoever", "any", "weekly", "significant"],
        Key(description="RLS that they have now, at least."),
    ] = "whoever"
    irls_at_least: Annotated[
        float,
        Key(ge=0, le=40, description="Least IRLS score.", json_schema_extra={"unit": "points"}),
    ] = 0.0
    ferritin_below: FerritinBelow = None
    ferritin_from: FerritinFrom = None
    saturation_below: SaturationBelow = None
    haemoglobin_below: HaemoglobinBelow = None
    pregnant: Annotated[
        bool | None,
        Key(description="true: only in pregnancy; false: only otherwise; null: whoever."),
    ] = None
    pregnancy_month: Annotated[
        int, Key(ge=1, le=9, description="Month of pregnancy from which it is offered."), Whole
    ] = 1
    condition: Annotated[
        str, Key(description="Condition that they have, such as dialysis; empty for whoever.")
    ] = ""
    months_since_donation: Annotated[
        Annotated[int, Key(ge=0, le=120, json_schema_extra={"unit": "months"}), Whole] | None,
        Key(description="Only so many months after a blood donation; null for whoever."),
    ] = None
    at_ages: Annotated[
        Annotated[list[AgeLimit], AfterValidator(increasing), Key(min_length=1, max_length=121)]
        | None,
        Key(description="Birthdays at which it is offered; null for any month."),
    ] = None
    per_year: Annotated[
        Rate | None,
        Key(
            description="Rate at which it is offered to those who are meant; null in the first month "
            "in which they are."
        ),
    ] = None
    uptake: Annotated[Share, Key(description="Share of people who accept, the same each time.")] = (
        1.0
    )
    not_with: Annotated[
        list[str],
        AfterValidator(each_once),
        Key(max_length=20, description="Treatments beside which it is not begun."),
    ] = []
    source: Annotated[Words, Key(description="Where the rule comes from, and what is assumed.")] = (
        ""
    )

    @model_serializer(mode="wrap")
    def _only_what_was_said(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {key: value for key, value in dump(self).items() if key in self.model_fields_set}


class CareSection(Section):
    """Who is treated, with what."""

    presets: Annotated[
        list[str],
        AfterValidator(each_once),
        Key(
            max_length=20,
            description="Sets of rules that ship, such as usual_care; they come before the rules "
            "below, which may change them by name.",
        ),
    ] = []
    rules: Annotated[dict[str, RuleSection], Key(description="Rules of care, by name.")] = {}
