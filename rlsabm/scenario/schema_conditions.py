"""What a scenario file may say about conditions: those with rules of their own, and those as data."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
)

from rlsabm.scenario.fields import DailyIron, PlaceName, Section, Share, Whole, increasing


class FerritinDeferral(Section):
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


class DonorSupplements(Section):
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


class BloodDonation(Section):
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


class PregnancySupplements(Section):
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


class Pregnancy(Section):
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


class IntravenousIron(Section):
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


class Dialysis(Section):
    """Kidney failure treated by dialysis."""

    enabled: Annotated[bool, Field(description="People come to need dialysis.")] = True
    intravenous_iron: Annotated[
        IntravenousIron | None,
        Field(
            description="Iron infusions during dialysis; null for the usual ones (see parameters)."
        ),
    ] = None


def _amount(description: str, unit: str, most: float) -> Any:
    return Field(ge=0, le=most, description=description, json_schema_extra={"unit": unit})


def _factor(description: str, least: float, most: float) -> Any:
    return Field(ge=least, le=most, description=description)


Shares = Annotated[list[Share], Field(min_length=1)]
Rate = Annotated[float, Field(ge=0, le=1000, json_schema_extra={"unit": "per 1,000 person-years"})]
Rates = Annotated[list[Rate], Field(min_length=1)]
Knot = Annotated[int, Field(ge=0, le=120, json_schema_extra={"unit": "years"}), Whole]


class CatalogueCondition(Section):
    """A condition given as data: who has it, for how long, what it does to iron."""

    enabled: Annotated[bool, Field(description="People get it.")] = True
    label: Annotated[str, Field(description="Its name in words.")] = ""
    definition: Annotated[
        str, Field(description="Who has it on the day of a survey, in one line.")
    ] = ""
    ages: Annotated[
        list[Knot],
        AfterValidator(increasing),
        Field(
            min_length=1,
            description="Ages of the lists below; values between them are linear, beyond the last "
            "constant.",
        ),
    ] = [0]
    prevalence: Annotated[
        Shares | None, Field(description="Share of the living who have it, at each of the ages.")
    ] = None
    prevalence_women: Annotated[
        Shares | None, Field(description="The same in women, where the sexes differ.")
    ] = None
    prevalence_men: Annotated[
        Shares | None, Field(description="The same in men, where the sexes differ.")
    ] = None
    onset_per_1000: Annotated[
        Rates | None,
        Field(description="New cases in 1,000 person-years of people without it, at each age."),
    ] = None
    onset_per_1000_women: Annotated[
        Rates | None, Field(description="The same in women, where the sexes differ.")
    ] = None
    onset_per_1000_men: Annotated[
        Rates | None, Field(description="The same in men, where the sexes differ.")
    ] = None
    duration_years: Annotated[
        Annotated[float, Field(ge=0.25, le=200, json_schema_extra={"unit": "years"})] | None,
        Field(description="Mean duration; null for life."),
    ] = None
    blood_loss_ml_per_day: Annotated[
        float, _amount("Blood lost while it lasts, above normal.", "mL per day", 30)
    ] = 0.0
    blood_loss_ml_at_onset: Annotated[
        float, _amount("Blood lost in the month of its onset.", "mL", 3000)
    ] = 0.0
    iron_loss_mg_per_day: Annotated[float, _amount("Iron lost otherwise.", "mg per day", 10)] = 0.0
    absorption_factor: Annotated[
        float, _factor("Absorption at the same ferritin, to that without it.", 0.05, 2)
    ] = 1.0
    haemoglobin_factor: Annotated[
        float, _factor("Haemoglobin aimed at, to that without it.", 0.5, 1.2)
    ] = 1.0
    dopamine_load: Annotated[
        float,
        _amount("Loss of dopaminergic function that is not by iron.", "units of liability", 6),
    ] = 0.0
    ferritin_factor: Annotated[
        float, _factor("Measured ferritin to that of the same stores.", 0.2, 10)
    ] = 1.0
    saturation_factor: Annotated[
        float, _factor("Measured transferrin saturation to that of the same stores.", 0.2, 2)
    ] = 1.0
    mortality_ratio: Annotated[
        float, _factor("Chance to die to that of others of the same age and sex.", 0.2, 20)
    ] = 1.0
    effect_log_sd: Annotated[
        float,
        _factor("Spread between draws of the log of the strength of its iron effects.", 0, 2),
    ] = 0.3
    negative_control: Annotated[
        bool, Field(description="It has nothing to do with iron, and is refused if it does.")
    ] = False
    source: Annotated[
        str, Field(description="Where its figures come from, and what is assumed.")
    ] = ""

    @model_serializer(mode="wrap")
    def _only_what_was_said(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {key: value for key, value in dump(self).items() if key in self.model_fields_set}


#: Conditions with rules of their own that a scenario may name without setting anything in them.
RULED_CONDITIONS = (
    "blood_donation",
    "pregnancy",
    "heavy_menstrual_bleeding",
    "ckd_4_5",
    "dialysis",
)


class Conditions(Section):
    """The conditions that compromise iron, and what is done about them."""

    model_config = ConfigDict(extra="allow")

    __pydantic_extra__: dict[str, CatalogueCondition] = Field(init=False)

    blood_donation: BloodDonation = Field(
        default=BloodDonation(), description="Whole-blood donation."
    )
    pregnancy: Pregnancy = Field(default=Pregnancy(), description="Pregnancy.")
    dialysis: Dialysis = Field(default=Dialysis(), description="Dialysis.")

    @property
    def catalogue(self) -> dict[str, CatalogueCondition]:
        """Conditions given as data, by name."""
        return dict(self.__pydantic_extra__ or {})
