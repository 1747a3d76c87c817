"""What a scenario file may say about a trial."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator
from pydantic import Field as Key

from rlsabm.care.section import (
    FerritinBelow,
    FerritinFrom,
    HaemoglobinBelow,
    SaturationBelow,
)
from rlsabm.declaring.sections import (
    AgeLimit,
    Section,
    Share,
    Whole,
    Words,
    increasing,
)

MOST_ARMS_OF_TRIAL, MOST_MONTHS_OF_TRIAL = 6, 120
Month = Annotated[
    int, Key(ge=1, le=MOST_MONTHS_OF_TRIAL, json_schema_extra={"unit": "months"}), Whole
]


class Eligible(Section):
    """Who may take part in a trial."""

    sex: Annotated[Literal["all", "female", "male"], Key(description="Sex.")] = "all"
    age_from: Annotated[AgeLimit, Key(description="First age, in completed years.")] = 18
    age_to: Annotated[AgeLimit, Key(description="Last age, in completed years.")] = 80
    diagnosed: Annotated[
        bool, Key(description="Whether only people with a diagnosis of RLS may take part.")
    ] = False
    symptoms: Annotated[
        Literal["any", "weekly", "significant"],
        Key(description="RLS that they have in the month before, at least."),
    ] = "significant"
    irls_at_least: Annotated[
        float,
        Key(ge=0, le=40, description="Least rated score.", json_schema_extra={"unit": "points"}),
    ] = 15.0
    ferritin_below: FerritinBelow = None
    ferritin_from: FerritinFrom = None
    saturation_below: SaturationBelow = None
    haemoglobin_below: HaemoglobinBelow = None
    pregnant: Annotated[bool | None, Key(description="true: only in pregnancy; null: whoever.")] = (
        False
    )
    condition: Annotated[
        str, Key(description="Condition that they have, such as dialysis; empty for whoever.")
    ] = ""


class PublishedSection(Section):
    """What a published trial found, which stands beside what the trial finds."""

    arm: Annotated[str, Key(description="The arm that stands for its treatment.")]
    month: Annotated[Month, Key(description="The visit that is compared with it.")]
    outcome: Annotated[
        Literal["irls", "irls_change", "responder", "remitted", "ferritin", "augmented", "stopped"],
        Key(description="What was told."),
    ] = "irls_change"
    difference: Annotated[
        float | None, Key(description="Arm less control; null where only words are published.")
    ] = None
    lower: Annotated[float | None, Key(description="Lower limit of its 95 % interval.")] = None
    upper: Annotated[float | None, Key(description="Upper limit of its 95 % interval.")] = None
    set: Annotated[
        bool, Key(description="Whether parameters were set to it, so that it is no prediction.")
    ] = False
    source: Annotated[Words, Key(description="Where it comes from, and what it was.")] = ""


class TrialSection(Section):
    """A trial, done with people surveyed in the last year, who live on in every arm."""

    eligible: Eligible = Key(default=Eligible(), description="Who may take part.")
    arms: Annotated[
        dict[str, list[str]],
        Key(
            min_length=2,
            max_length=MOST_ARMS_OF_TRIAL,
            description="Treatments of each arm, by its name; the first arm is the control, an empty "
            "list a placebo.",
        ),
    ]
    design: Annotated[
        Literal["parallel", "cross_over"],
        Key(description="Whether each patient is in one arm, or in both, one after the other."),
    ] = "parallel"
    washout_months: Annotated[
        Annotated[
            int, Key(ge=0, le=MOST_MONTHS_OF_TRIAL, json_schema_extra={"unit": "months"}), Whole
        ]
        | None,
        Key(description="Months without treatment between the periods of a cross-over."),
    ] = None
    run_in_months: Annotated[
        int,
        Key(
            ge=0,
            le=12,
            description="Months between screening and the beginning, in which other treatments are "
            "washed out.",
            json_schema_extra={"unit": "months"},
        ),
        Whole,
    ] = 1
    patients_per_arm: Annotated[
        int,
        Key(
            ge=2,
            le=1_000_000,
            description="Patients of each arm; in a cross-over, of each order of the arms.",
        ),
        Whole,
    ] = 100
    visits: Annotated[
        list[Month],
        AfterValidator(increasing),
        Key(
            min_length=1,
            max_length=60,
            description="Months after the beginning; in a cross-over, of each period.",
        ),
    ] = [1, 3]
    repetitions: Annotated[
        int,
        Key(
            ge=1,
            le=10_000,
            description="How often the trial is done, with other patients and chance.",
        ),
        Whole,
    ] = 100
    rating_sd: Annotated[
        float,
        Key(
            ge=0,
            le=20,
            description="Standard deviation of a rating around the true IRLS score.",
            json_schema_extra={"unit": "points"},
        ),
    ] = 3.0
    placebo_fall: Annotated[
        float,
        Key(
            ge=0,
            le=40,
            description="Fall of the rated score in all arms because somebody takes part.",
            json_schema_extra={"unit": "points"},
        ),
    ] = 5.0
    placebo_months: Annotated[
        float,
        Key(
            gt=0,
            le=60,
            description="Time constant with which it comes.",
            json_schema_extra={"unit": "months"},
        ),
    ] = 1.0
    drop_out_per_year: Annotated[
        float, Key(ge=0, le=100, description="Rate at which patients leave, alike in all arms.")
    ] = 0.3
    responder_fall: Annotated[
        Share, Key(description="Share by which the score falls in a responder.")
    ] = 0.5
    remitted_at: Annotated[
        float, Key(ge=0, le=40, description="Score up to which somebody has remitted.")
    ] = 10.0
    published: Annotated[
        dict[str, PublishedSection],
        Key(max_length=100, description="Results of published trials to stand beside, by name."),
    ] = {}
    source: Annotated[
        Words, Key(description="Published trial that it follows, and what that found.")
    ] = ""
