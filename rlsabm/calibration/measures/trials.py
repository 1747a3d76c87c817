"""Trials of donation: recovery of haemoglobin, gain by tablets, absorption in repeated phlebotomy."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from rlsabm.arrays import Bools, Floats
from rlsabm.calibration.measures.asking import Ages, Measure, Query, Sex
from rlsabm.calibration.measures.donors import are_donors
from rlsabm.calibration.observation import SEXES, Observation
from rlsabm.calibration.samples import Sample, mean, percentile
from rlsabm.conventions import DAYS_PER_MONTH, MALE
from rlsabm.declaring.sections import Whole
from rlsabm.exposures.donation import ACTIVE_DONOR, MONTHS_AFTER_DELIVERY, months_since_donation
from rlsabm.exposures.kidney import HEALTHY_KIDNEY
from rlsabm.exposures.pregnancy import NOT_PREGNANT, months_since_delivery
from rlsabm.observe.phlebotomy import Course, Plan, let_give_blood
from rlsabm.observe.survey import Survey

#: Months since the last donation of donors who are recruited as rested ones.
RESTED_MONTHS = 4
#: Share of the haemoglobin lost that is still lacking when a donor counts as recovered.
STILL_LACKING = 0.2
FOLLOWED_MONTHS = 24


class Trial(Query):
    """People who give blood, chosen as a trial would recruit them."""

    donors: Annotated[
        Literal["rested", "frequent"] | None,
        Field(
            description="Only blood donors: rested ones gave four months ago or earlier, frequent ones "
            "at least three times (women twice) in the last twelve months."
        ),
    ] = None
    sex: Sex = "both"
    ages: Ages = [18, 79]
    serum_ferritin_at_most: Annotated[
        float | None, Field(gt=0, description="Highest measured ferritin (µg/L) at the beginning.")
    ] = None
    serum_ferritin_above: Annotated[
        float | None,
        Field(ge=0, description="Measured ferritin (µg/L) above this at the beginning."),
    ] = None
    blood_ml: Annotated[float, Field(gt=0, le=600, description="Blood given at a time (mL).")] = (
        500.0
    )

    def recruited(self, seen: Observation) -> Bools:
        """Who of the people surveyed takes part: those whom a blood service accepts, too.

        It accepts by what is measured, haemoglobin as well as ferritin.
        """
        now = seen.now
        chosen = are_accepted(now)
        chosen &= np.isin(now.sex, SEXES[self.sex])
        chosen &= (now.age >= self.ages[0]) & (now.age <= self.ages[1])
        if self.donors == "rested":
            chosen &= now.donor == ACTIVE_DONOR
            chosen &= months_since_donation(now) >= RESTED_MONTHS
        elif self.donors == "frequent":
            chosen &= are_donors(seen, "frequent")
        if self.serum_ferritin_at_most is not None:
            chosen &= now.serum_ferritin_ug_per_l <= self.serum_ferritin_at_most
        if self.serum_ferritin_above is not None:
            chosen &= now.serum_ferritin_ug_per_l > self.serum_ferritin_above
        return np.asarray(chosen, dtype=bool)

    def course(self, seen: Observation, chosen: Bools, plan: Plan) -> Course:
        """What the trial finds in those who take part."""
        now = seen.now
        return let_give_blood(now.lives[chosen], now.bodies[chosen], now.month + 1, plan, now.p)


def are_accepted(survey: Survey) -> Bools:
    """Whom a blood service accepts in the month after a survey, by the haemoglobin measured in it."""
    p = survey.p
    least = np.where(
        survey.sex == MALE,
        p.donation_haemoglobin_men_g_per_l,
        p.donation_haemoglobin_women_g_per_l,
    )
    accepted = survey.measured_haemoglobin_g_per_l >= least
    accepted &= survey.conditions.astype(np.int64) & p.conditions_that_defer == 0
    accepted &= survey.kidney == HEALTHY_KIDNEY
    accepted &= survey.pregnancy == NOT_PREGNANT
    accepted &= months_since_delivery(survey) + 1 >= MONTHS_AFTER_DELIVERY
    return np.asarray(accepted, dtype=bool)


class Recovery(Trial):
    """Recovery of haemoglobin after one donation, with or without tablets for all the time."""

    tablets_mg_per_day: Annotated[
        float, Field(ge=0, le=200, description="Elemental iron taken (mg per day).")
    ] = 0.0


class Gain(Trial):
    """Iron that tablets add after one donation."""

    tablets_mg_per_day: Annotated[
        float, Field(gt=0, le=200, description="Elemental iron taken (mg per day).")
    ]
    tablet_months: Annotated[
        int, Field(ge=1, le=12, description="Months for which it is taken."), Whole
    ] = 2


class Repeated(Trial):
    """Donations again and again."""

    every_months: Annotated[
        int, Field(ge=1, le=24, description="Months from one donation to the next."), Whole
    ]
    months: Annotated[
        int, Field(ge=1, le=120, description="Months for which they are followed."), Whole
    ]


def take_days_to_recover(seen: Observation, query: Recovery) -> Sample:
    """Median days until four fifths of the haemoglobin lost with a donation are back."""
    chosen = query.recruited(seen)
    plan = Plan(
        FOLLOWED_MONTHS, query.blood_ml, FOLLOWED_MONTHS, query.tablets_mg_per_day, FOLLOWED_MONTHS
    )
    red = query.course(seen, chosen, plan).red_cells_mg
    lost = red[:, 0] * query.blood_ml / (1000.0 * seen.now.lives["blood_volume_l"][chosen])
    return percentile(days_to_recover(red, lost), 50.0, seen.families[chosen])


def days_to_recover(red_cells_mg: Floats, lost_mg: Floats) -> Floats:
    """Days until a fifth of a loss is left; infinite in those who are not so far at the end.

    Between two months the deficit fades exponentially, at least while it is above a tenth of the fifth.

    Parameters
    ----------
    red_cells_mg
        Red-cell iron before the loss, and after each month.
    lost_mg
        Red-cell iron lost at the beginning of the first month.
    """
    lacking = (red_cells_mg[:, :1] - red_cells_mg[:, 1:]) / lost_mg[:, None]
    lacking = np.column_stack([np.ones(len(lacking)), lacking])
    recovered = lacking <= STILL_LACKING
    month = np.where(recovered.any(axis=1), recovered.argmax(axis=1), 1)
    rows = np.arange(len(lacking))
    before = np.log(lacking[rows, month - 1])
    after = np.log(np.maximum(lacking[rows, month], STILL_LACKING / 10.0))
    part = (before - np.log(STILL_LACKING)) / (before - after)
    days = DAYS_PER_MONTH * (month - 1 + part)
    return np.where(recovered.any(axis=1), days, np.inf)


def take_gain_by_tablets(seen: Observation, query: Gain) -> Sample:
    """Mean body iron (mg) with tablets after a donation, less that of the same people without them."""
    chosen = query.recruited(seen)
    months = query.tablet_months
    with_tablets, without = (
        query.course(seen, chosen, Plan(months, query.blood_ml, months, dose, months))
        for dose in (query.tablets_mg_per_day, 0.0)
    )
    held = [
        course.red_cells_mg[:, -1] + course.stores_mg[:, -1] for course in (with_tablets, without)
    ]
    return mean(held[0] - held[1], seen.families[chosen])


def take_absorption(seen: Observation, query: Repeated) -> Sample:
    """Mean iron absorbed (mg per day) between the last two donations of repeated phlebotomy."""
    chosen = query.recruited(seen)
    plan = Plan(query.months, query.blood_ml, query.every_months, 0.0, 0)
    absorbed = query.course(seen, chosen, plan).absorbed_mg_per_day[:, -query.every_months :]
    return mean(absorbed.mean(axis=1), seen.families[chosen])


MEASURES = (
    Measure(
        "days_to_recover",
        "median days until four fifths of the haemoglobin lost with a donation are back",
        Recovery,
        take_days_to_recover,
    ),
    Measure(
        "gain_by_tablets",
        "body iron (mg) that tablets add after a donation",
        Gain,
        take_gain_by_tablets,
    ),
    Measure(
        "phlebotomy_absorption",
        "iron absorbed (mg per day) at the end of repeated phlebotomy",
        Repeated,
        take_absorption,
    ),
)
