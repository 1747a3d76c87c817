"""What a scenario file may say about a condition that is given as data."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, SerializerFunctionWrapHandler, model_serializer
from pydantic import Field as Key

from rlsabm.declaring.sections import Line, Section, Share, Whole, Words, increasing
from rlsabm.exposures.catalogue.connections import LARGEST_RATIO


def _amount(description: str, unit: str, most: float) -> Any:
    return Key(ge=0, le=most, description=description, json_schema_extra={"unit": unit})


def _factor(description: str, least: float, most: float) -> Any:
    return Key(ge=least, le=most, description=description)


#: There is a knot for each year of age at most.
MOST_KNOTS = 121
Shares = Annotated[list[Share], Key(min_length=1, max_length=MOST_KNOTS)]
Rate = Annotated[float, Key(ge=0, le=1000, json_schema_extra={"unit": "per 1,000 person-years"})]
Rates = Annotated[list[Rate], Key(min_length=1, max_length=MOST_KNOTS)]
HazardRatio = Annotated[float, Key(ge=1, le=LARGEST_RATIO)]
Knot = Annotated[int, Key(ge=0, le=120, json_schema_extra={"unit": "years"}), Whole]


class CatalogueCondition(Section):
    """A condition given as data: who has it, for how long, and what it does to iron."""

    enabled: Annotated[bool, Key(description="Whether people get it.")] = True
    label: Annotated[Line, Key(description="Its name in words, as people read it.")] = ""
    definition: Annotated[
        Line, Key(description="Who has it on the day of a survey, in one line.")
    ] = ""
    ages: Annotated[
        list[Knot],
        AfterValidator(increasing),
        Key(
            min_length=1,
            max_length=MOST_KNOTS,
            description="Ages of the lists below; values between them are linear, beyond the last "
            "constant.",
        ),
    ] = [0]
    prevalence: Annotated[
        Shares | None, Key(description="Share of the living who have it, at each of the ages.")
    ] = None
    prevalence_women: Annotated[
        Shares | None, Key(description="prevalence in women, where the sexes differ.")
    ] = None
    prevalence_men: Annotated[
        Shares | None, Key(description="prevalence in men, where the sexes differ.")
    ] = None
    onset_per_1000: Annotated[
        Rates | None,
        Key(
            description="New cases in 1,000 person-years of people without it, at each of the ages."
        ),
    ] = None
    onset_per_1000_women: Annotated[
        Rates | None, Key(description="onset_per_1000 in women, where the sexes differ.")
    ] = None
    onset_per_1000_men: Annotated[
        Rates | None, Key(description="onset_per_1000 in men, where the sexes differ.")
    ] = None
    duration_years: Annotated[
        Annotated[float, Key(ge=0.25, le=200, json_schema_extra={"unit": "years"})] | None,
        Key(description="Mean duration; null for life."),
    ] = None
    blood_loss_ml_per_day: Annotated[
        float, _amount("Blood lost while it lasts, above normal.", "mL per day", 30)
    ] = 0.0
    blood_loss_ml_at_onset: Annotated[
        float, _amount("Blood lost in the month of its onset.", "mL", 3000)
    ] = 0.0
    iron_loss_mg_per_day: Annotated[
        float, _amount("Iron lost other than with blood, above normal.", "mg per day", 10)
    ] = 0.0
    absorption_factor: Annotated[
        float, _factor("Absorption at the same ferritin, relative to people without it.", 0.05, 2)
    ] = 1.0
    haemoglobin_factor: Annotated[
        float, _factor("Haemoglobin set point relative to people without it.", 0.5, 1.2)
    ] = 1.0
    dopamine_load: Annotated[
        float,
        _amount(
            "Loss of dopaminergic function that does not come from iron.", "units of liability", 6
        ),
    ] = 0.0
    ferritin_factor: Annotated[
        float, _factor("Measured ferritin relative to that of the same stores.", 0.2, 10)
    ] = 1.0
    saturation_factor: Annotated[
        float,
        _factor("Measured transferrin saturation relative to that of the same stores.", 0.2, 2),
    ] = 1.0
    mortality_ratio: Annotated[
        float, _factor("Mortality relative to people of the same age and sex.", 0.2, 20)
    ] = 1.0
    effect_log_sd: Annotated[
        float,
        _factor(
            "Standard deviation between draws of the logarithm of the strength of its iron effects.",
            0,
            2,
        ),
    ] = 0.3
    negative_control: Annotated[
        bool, Key(description="Whether it is a negative control, which may have no effect on iron.")
    ] = False
    raises: Annotated[
        dict[str, HazardRatio] | None,
        Key(
            description="Hazard ratio of the onset of other conditions while a person has this one, by "
            "their names; null for none. The onsets of all people together stay as given."
        ),
    ] = None
    hazard_ratio_per_5_kg_per_m2: Annotated[
        float,
        _factor(
            "Hazard ratio of its onset for each 5 kg/m2 of body-mass index above the median of adults "
            "of the sex. The onsets of all people together stay as given.",
            0.05,
            20,
        ),
    ] = 1.0
    may_give_blood: Annotated[
        bool, Key(description="Whether people may give blood while they have it.")
    ] = True
    source: Annotated[
        Words, Key(description="Where its figures come from, and what is assumed.")
    ] = ""

    @model_serializer(mode="wrap")
    def _only_what_was_said(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {key: value for key, value in dump(self).items() if key in self.model_fields_set}
