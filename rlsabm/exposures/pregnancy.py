"""Pregnancy: conception, loss, months of pregnancy, delivery, breastfeeding."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import numpy as np
from pydantic import Field as Key

from rlsabm import chance
from rlsabm.arrays import Bools, Floats
from rlsabm.chance import normal, waiting_months
from rlsabm.compilation import compiled, inlined
from rlsabm.conventions import DAYS_PER_MONTH, FEMALE, LONG_AGO, NEVER
from rlsabm.data import DATA
from rlsabm.data.table_reading import Column, Number, RowKey, read_table
from rlsabm.declaring.fields import Field
from rlsabm.declaring.groups import EVER, Group, Surveyed
from rlsabm.declaring.inputs import Inputs
from rlsabm.declaring.parameter import Parameter as P
from rlsabm.declaring.room import Exposure, Making, Part, PersonColumn
from rlsabm.declaring.sections import DailyIron, Section, Share, Whole
from rlsabm.declaring.sources import IOM, RLS_IN_THE_THIRD_TRIMESTER
from rlsabm.declaring.tables import SCALAR, Table
from rlsabm.demography.births import MONTHS_TO_BIRTH, MOST_YEARS
from rlsabm.events import note, register_event
from rlsabm.exposures.menses import REPRODUCTION
from rlsabm.mathematics import exp, power
from rlsabm.moment import Moment, sooner

PREGNANCY_ENDS = chance.register("pregnancy", 7, "nth", "loss, twins, delivery loss, lactation")

CONCEIVED = register_event("conception", 1)
DELIVERED = register_event("delivery", 2)

NOT_PREGNANT, ONE_CHILD, MONOZYGOTIC_TWINS, DIZYGOTIC_TWINS, TO_BE_LOST = 0, 1, 2, 3, 4
PREGNANCIES = ("none", "one child", "monozygotic twins", "dizygotic twins", "to be lost")
MONTHS_TO_LOSS = 2
FIRST_FERTILE_AGE, LAST_FERTILE_AGE = 10, 49
LAST_PARITY_CLASS = 4
BY_MONTH_OF_PREGNANCY = (10,)


# Groups and columns ---------------------------------------------------------------------------------


def are_pregnant(people: Surveyed) -> Bools:
    """Who is pregnant."""
    return np.asarray(people.pregnancy != NOT_PREGNANT)


def month_of_pregnancy(people: Surveyed) -> Any:
    """Month of pregnancy from 1, for those who are pregnant."""
    return people.month - people.conception_month.astype(np.int64) + 1


def months_since_delivery(people: Surveyed) -> Any:
    """Months since the last delivery; a very large number for people without one."""
    return people.month - people.last_birth_month.astype(np.int64)


def _in_trimester(number: int) -> Callable[[Surveyed], Bools]:
    return lambda people: np.asarray(
        are_pregnant(people) & ((month_of_pregnancy(people) - 1) // 3 + 1 == number)
    )


def _after_delivery(first: int, last: int) -> Callable[[Surveyed], Bools]:
    """Those who delivered so many months ago, both limits included, and are not pregnant."""

    def members(people: Surveyed) -> Bools:
        since = months_since_delivery(people)
        return np.asarray((first <= since) & (since <= last) & ~are_pregnant(people))

    return members


def _without_expansion(lives: Any) -> Any:
    """Lives as a survey would measure them without the burden of pregnancy: blood does not expand."""
    unburdened = lives.copy()
    unburdened["pregnancy"] = NOT_PREGNANT
    unburdened["last_birth_month"] = LONG_AGO
    return unburdened


# Settings -------------------------------------------------------------------------------------------


class PregnancySupplements(Section):
    """Iron tablets offered in pregnancy."""

    uptake: Annotated[Share, Key(description="Share of pregnant women who take them.")]
    milligrams_per_day: Annotated[
        DailyIron, Key(description="Elemental iron by mouth, in mg per day.")
    ]
    from_month: Annotated[
        int,
        Key(
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
        Key(
            description="False: women bear the same children, but pregnancy costs no iron and has no "
            "hormonal load."
        ),
    ] = True
    supplements: Annotated[
        PregnancySupplements | None,
        Key(
            description="Iron tablets offered in pregnancy; null for the usual ones (see parameters)."
        ),
    ] = None


def values_of_pregnancy(pregnancy: Pregnancy) -> dict[str, float]:
    """Parameter values that the section of a scenario sets."""
    values = {"pregnancy_enabled": float(pregnancy.enabled)}
    if pregnancy.supplements is not None:
        values["pregnancy_supplement_uptake"] = pregnancy.supplements.uptake
        values["pregnancy_supplement_mg_per_day"] = pregnancy.supplements.milligrams_per_day
        values["pregnancy_supplement_from_month"] = pregnancy.supplements.from_month
    return values


# Tables ---------------------------------------------------------------------------------------------

_OF_MONTH = {
    "conceptus_demand_mg": "iron that fetus and placenta draw, by month of pregnancy",
    "red_cells": "share of the red-cell expansion at term, by month of pregnancy",
    "blood_volume": "share of the blood-volume expansion at term, by month of pregnancy",
    "absorption": "share of the rise of absorption at term, by month of pregnancy",
    "hormones": "share of the hormonal load at term, by month of pregnancy",
}


BY_MONTH: tuple[Column, ...] = (
    RowKey("month", range(1, MONTHS_TO_BIRTH + 1)),
    *(Number(name, 0.0, 300.0 if name.endswith("_mg") else 1.0) for name in _OF_MONTH),
)


def fill_pregnancy_tables(making: Making) -> Mapping[str, Any]:
    """Chances to conceive from the plan of births, and what each month of pregnancy asks for."""
    table = read_table(DATA / "pregnancy_by_month.csv", BY_MONTH)
    by_month: dict[str, Floats] = {
        f"{column}_by_month": np.concatenate([[0.0], table.numbers(column)]) for column in _OF_MONTH
    }
    plan = making.plan
    return {"conception": plan.conception, "first_year": plan.first_year, **by_month}


# What it owns ---------------------------------------------------------------------------------------

_LIFE_FIELDS = (
    Field("gravidity", "u1", "", "pregnancies so far"),
    Field("parity", "u1", "", "deliveries so far"),
    Field("children", "u1", "", "live-born children so far"),
    Field("pregnancy", "u1", "", "current pregnancy", PREGNANCIES),
    Field("last_delivery", "u1", "", "the last delivery", PREGNANCIES),
    Field(
        "conception_month",
        "i4",
        "month",
        "month of the last conception",
        initial=LONG_AGO,
        settable=False,
    ),
    Field("pregnancy_end_month", "i4", "month", "month in which the pregnancy ends"),
    Field("last_birth_month", "i4", "month", "month of the last delivery", initial=LONG_AGO),
    Field(
        "lactation_until",
        "i4",
        "month",
        "month in which the last breastfeeding ended",
        initial=LONG_AGO,
    ),
    Field(
        "amenorrhoea_until",
        "i4",
        "month",
        "return of menses after the last delivery",
        initial=LONG_AGO,
    ),
    Field(
        "fertile_from",
        "i4",
        "month",
        "first month in which she can conceive again",
        initial=LONG_AGO,
    ),
)
_BODY_FIELDS = (
    Field(
        "conceptus_iron_mg",
        "f4",
        "mg",
        "iron passed to the fetus and placenta of this pregnancy so far",
        lower=0,
    ),
    Field(
        "child_iron_mg",
        "f4",
        "mg",
        "iron in each child of the last delivery at birth",
        lower=0,
    ),
)
_PARAMETERS = (
    P("pregnancy_enabled", 1, "0 or 1", "fixed", 0, 0, 1,
      "Whether pregnancy acts on iron and dopamine (1) or not (0); births happen in both cases.",
      "switch"),
    P("pregnancy_loss_share", 0.17, "1", "normal", 0.02, 0, 0.6,
      "Share of recognised pregnancies that are lost.", "15-20 %, common estimate"),
    P("pregnancy_loss_blood_ml", 100, "mL", "lognormal", 0.3, 0, 1000,
      "Blood lost when a pregnancy is lost.", "assumed"),
    P("monozygotic_share", 0.004, "1", "fixed", 0, 0, 0.05,
      "Share of deliveries with monozygotic twins.", "3.5-4 per 1,000 everywhere"),
    P("dizygotic_share", 0.012, "1", "fixed", 0, 0, 0.05,
      "Share of deliveries with dizygotic twins.",
      "common estimate without and with assisted reproduction, assumed"),
    P("twin_demand_factor", 1.8, "1", "fixed", 0, 1, 2,
      "Iron demand of twins relative to one child.", "assumed"),
    P("red_cell_expansion", 0.25, "1", "normal", 0.02, 0, 0.5,
      "Relative growth of red-cell mass at term.", f"{IOM} p. 348: 500 mg of haemoglobin iron"),
    P("blood_volume_expansion", 0.34, "1", "normal", 0.03, 0, 0.7,
      "Relative growth of blood volume at term.", "plasma +40-50 %, red cells +18-25 %"),
    P("pregnancy_absorption_factor", 1.4, "1", "normal", 0.2, 1, 6,
      "Absorption at term relative to that at the same ferritin outside pregnancy.",
      "Barrett 1994 doi 10.1136/bmj.309.6947.79; Cai 2020 doi 10.1186/s12986-020-00452-0"),
    P("conceptus_priority", 0.75, "1", "normal", 0.06, 0, 1,
      "Share of its iron demand that the fetus obtains from a mother without stores.", "assumed"),
    P("placenta_share", 0.2, "1", "fixed", 0, 0, 0.5,
      "Share of the iron passed in pregnancy that stays in placenta and cord.",
      "60 of 300-360 mg, common estimate"),
    P("delivery_blood_ml", 300, "mL", "lognormal", 0.15, 100, 1000,
      "Median blood lost at a delivery.", "Milman 2011 doi 10.1007/s00277-011-1279-z"),
    P("delivery_blood_log_sd", 0.32, "1", "normal", 0.03, 0, 1.5,
      "Standard deviation of the logarithm of blood lost at a delivery.",
      "Milman 2011 doi 10.1007/s00277-011-1279-z: above 500 mL in 5-6 %"),
    P("lactation_share", 0.83, "1", "normal", 0.01, 0, 1,
      "Share of mothers who breastfeed.",
      "CDC, National Immunization Survey, births of 2014-2016: 82.5-83.8 %"),
    P("lactation_mean_months", 15, "months", "normal", 1, 1, 36,
      "Mean duration of breastfeeding.",
      "CDC, as lactation_share: 55-58 % at six months, 34-36 % at twelve"),
    P("milk_iron_mg_per_day", 0.27, "mg/day", "normal", 0.03, 0, 1,
      "Iron in breast milk.", f"{IOM}: 0.35 mg/L x 0.78 L/day"),
    P("amenorrhoea_months", 2, "months", "fixed", 0, 0, 12,
      "Months until menses return after a delivery without breastfeeding.", "common estimate"),
    P("lactation_amenorrhoea_months", 6, "months", "fixed", 0, 0, 24,
      "Longest absence of menses by breastfeeding.", f"{IOM}: six months"),
    P("infertile_after_birth_months", 3, "months", "fixed", 0, 1, 12,
      "Months after a delivery in which no conception is possible.", "common estimate"),
    P("pregnancy_supplement_uptake", 0.7, "1", "normal", 0.05, 0, 1,
      "Share of pregnant women who take iron.",
      "NHANES 1999-2006, about three quarters in late pregnancy"),
    P("pregnancy_supplement_mg_per_day", 27, "mg/day", "fixed", 0, 1, 200,
      "Elemental iron that these women take.", "common prenatal tablet"),
    P("pregnancy_supplement_from_month", 3, "month of pregnancy", "fixed", 0, 1, 9,
      "Month of pregnancy in which they begin to take iron.", "assumed"),
    P("pregnancy_tablet_factor", 0.5, "1", "normal", 0.1, 0.1, 1,
      "Share of the prenatal dose that counts as ferrous iron on an empty stomach.",
      "assumed: taken with meals and calcium, and not every day"),
    P("pregnancy_dopamine_load", 4.06, "units of liability", "lognormal", 0.25, 0, 6,
      "Loss of dopaminergic function due to the hormones of late pregnancy, at term.",
      f"set to {RLS_IN_THE_THIRD_TRIMESTER}", centre=4.2),
)  # fmt: skip

PREGNANCY = Exposure(
    title="pregnancy",
    life_fields=_LIFE_FIELDS,
    body_fields=_BODY_FIELDS,
    parameters=_PARAMETERS,
    tables=(
        Table(
            "conception",
            (MOST_YEARS, 40, 5),
            "monthly probability of conception",
        ),
        Table(
            "first_year",
            SCALAR,
            "first year of the probabilities of conception",
            "i8",
        ),
        *(
            Table(f"{name}_by_month", BY_MONTH_OF_PREGNANCY, meaning)
            for name, meaning in _OF_MONTH.items()
        ),
    ),
    fill=fill_pregnancy_tables,
    groups=(
        Group("pregnancy", "pregnancy", "exposure", "pregnant", "", "pregnancy", are_pregnant),
        Group(
            "first_trimester",
            "first trimester",
            "exposure",
            "pregnant, months 1 to 3",
            "",
            "pregnancy",
            _in_trimester(1),
            "pregnancy",
        ),
        Group(
            "second_trimester",
            "second trimester",
            "exposure",
            "pregnant, months 4 to 6",
            "",
            "pregnancy",
            _in_trimester(2),
            "pregnancy",
        ),
        Group(
            "third_trimester",
            "third trimester",
            "exposure",
            "pregnant, months 7 to 9",
            "",
            "pregnancy",
            _in_trimester(3),
            "pregnancy",
        ),
        Group(
            "after_delivery",
            "0–5 months after delivery",
            "exposure",
            "delivered in the last 6 months, not pregnant",
            "",
            "pregnancy",
            _after_delivery(0, 5),
        ),
        Group(
            "6_to_23_months_after_delivery",
            "6–23 months after delivery",
            "exposure",
            "last delivered 6 to 23 months ago, not pregnant",
            "",
            "pregnancy",
            _after_delivery(6, 23),
        ),
        Group(
            "2_years_after_delivery",
            "2 years or more after delivery",
            "exposure",
            "last delivered 2 years ago or earlier, not pregnant",
            "",
            "pregnancy",
            _after_delivery(24, EVER),
        ),
    ),
    columns=(
        PersonColumn("parity", "deliveries", "deliveries so far", lambda people: people.parity),
        PersonColumn(
            "children", "children", "live-born children so far", lambda people: people.children
        ),
        PersonColumn("is_pregnant", "", "is pregnant", are_pregnant, in_line_list=False),
        PersonColumn(
            "months_pregnant",
            "months",
            "month of pregnancy from 1, 0 if none",
            lambda people: np.where(are_pregnant(people), month_of_pregnancy(people), 0),
            in_line_list=False,
        ),
        PersonColumn(
            "month_of_pregnancy",
            "months",
            "month of pregnancy, from 1; missing if not pregnant",
            month_of_pregnancy,
            lambda people: ~are_pregnant(people),
        ),
        PersonColumn(
            "months_since_delivery",
            "months",
            "months since the last delivery",
            months_since_delivery,
            lambda people: people.parity == 0,
        ),
    ),
    parts=(
        Part(
            name="pregnancy",
            other_load=lambda p: (
                p.pregnancy_dopamine_load + p.lasting_effect + p.lasting_cns_iron_loss
            ),
            as_measured=_without_expansion,
        ),
    ),
    settings={"pregnancy": Pregnancy},
    values_of=values_of_pregnancy,
)


# Rules ----------------------------------------------------------------------------------------------


@compiled
def may_conceive(life: Any, month: int) -> bool:
    """A woman who is not pregnant and not just delivered, at an age of the fertility table."""
    return life.sex == FEMALE and life.pregnancy == NOT_PREGNANT and month >= life.fertile_from


@compiled
def chance_to_conceive(life: Any, month: int, p: Inputs) -> float:
    """Chance of a conception this month, by year and age at the birth, and parity."""
    at_birth = month + MONTHS_TO_BIRTH
    age = (at_birth - life.birth_month) // 12
    if age < FIRST_FERTILE_AGE or age > LAST_FERTILE_AGE:
        return 0.0
    year = at_birth // 12 - p.first_year
    parity = min(life.parity, LAST_PARITY_CLASS)
    return p.conception[year, age - FIRST_FERTILE_AGE, parity]


@inlined
def most_likely_conception(life: Any, month: int, last: int, p: Inputs) -> float:
    """The largest chance of a conception in these months, of which there are twelve at most.

    It changes where the birth would be in another calendar year, or at another age.
    """
    if not may_conceive(life, month):
        return 0.0
    at_birth = month + MONTHS_TO_BIRTH
    another_year = month + 12 - at_birth % 12
    another_age = month + 12 - (at_birth - life.birth_month) % 12
    return max(
        chance_to_conceive(life, month, p),
        chance_to_conceive(life, min(another_year, last), p),
        chance_to_conceive(life, min(another_age, last), p),
    )


@inlined
def fertility_unchanged_until(life: Any, month: int) -> int:
    """Month in which lactation, amenorrhoea or infertility ends; every month of pregnancy differs."""
    if life.pregnancy != NOT_PREGNANT:
        return month
    until = sooner(int(NEVER), life.fertile_from, month)
    until = sooner(until, life.lactation_until, month)
    return sooner(until, life.amenorrhoea_until, month)


@compiled
def conceive(life: Any, body: Any, month: int, p: Inputs) -> None:
    """Begin a pregnancy, and settle how it will end."""
    life.gravidity += 1
    life.conception_month = month
    body.conceptus_iron_mg = 0.0
    loss, twins, _, _ = chance.nth(p.key, life.uid, life.gravidity, PREGNANCY_ENDS)
    if loss < p.pregnancy_loss_share:
        life.pregnancy = TO_BE_LOST
        life.pregnancy_end_month = month + MONTHS_TO_LOSS
        life.fertile_from = life.pregnancy_end_month + 1
    else:
        if twins < p.monozygotic_share:
            life.pregnancy = MONOZYGOTIC_TWINS
        elif twins < p.monozygotic_share + p.dizygotic_share:
            life.pregnancy = DIZYGOTIC_TWINS
        else:
            life.pregnancy = ONE_CHILD
        life.pregnancy_end_month = month + MONTHS_TO_BIRTH
        life.fertile_from = life.pregnancy_end_month + int(p.infertile_after_birth_months)
    # A conception shows that menarche had come and menopause had not.
    life.menarche_month = min(life.menarche_month, month)
    life.menopause_month = max(life.menopause_month, life.fertile_from + 12)


@compiled
def circulating_volume_l(life: Any, month: int, p: Inputs) -> float:
    """Blood volume (L), pregnancy and the months after it included."""
    if p.pregnancy_enabled == 0.0:
        return life.blood_volume_l
    if life.pregnancy == NOT_PREGNANT:
        since = month - life.last_birth_month
        if since > MONTHS_TO_BIRTH:
            return life.blood_volume_l
        # The volume goes back as the red cells do.
        left = power(1.0 - p.red_cell_return_per_month, since + 1)
        return life.blood_volume_l * (1.0 + p.blood_volume_expansion * left)
    k = min(month - life.conception_month + 1, MONTHS_TO_BIRTH)
    return life.blood_volume_l * (1.0 + p.blood_volume_expansion * p.blood_volume_by_month[k])


@compiled
def tablets_of_pregnancy_mg(life: Any, month: int, p: Inputs) -> float:
    """Elemental iron (mg/day) in the tablets that a pregnant woman takes."""
    if month - life.conception_month + 1 >= p.pregnancy_supplement_from_month:
        _, _, _, takes_iron = chance.once(p.key, life.uid, REPRODUCTION)
        if takes_iron < p.pregnancy_supplement_uptake:
            return p.pregnancy_supplement_mg_per_day
    return 0.0


@compiled
def carry(life: Any, burden: Any, month: int, p: Inputs) -> None:
    """The burden of a month of pregnancy."""
    if p.pregnancy_enabled == 0.0:
        return
    k = min(month - life.conception_month + 1, MONTHS_TO_BIRTH)
    twins = life.pregnancy in (MONOZYGOTIC_TWINS, DIZYGOTIC_TWINS)
    demand = p.conceptus_demand_mg_by_month[k]
    burden.conceptus_demand_mg += demand * p.twin_demand_factor if twins else demand
    burden.red_cell_target_factor *= 1.0 + p.red_cell_expansion * p.red_cells_by_month[k]
    burden.blood_volume_factor *= 1.0 + p.blood_volume_expansion * p.blood_volume_by_month[k]
    rise = 1.0 + (p.pregnancy_absorption_factor - 1.0) * p.absorption_by_month[k]
    burden.absorption_factor *= rise
    burden.absorption_ceiling_factor *= rise
    burden.dopamine_load += p.pregnancy_dopamine_load * p.hormones_by_month[k]
    burden.lasting_months += 1.0
    burden.oral_iron_mg_per_day += (
        tablets_of_pregnancy_mg(life, month, p) * p.pregnancy_tablet_factor
    )


@compiled
def hand_over(life: Any, body: Any, p: Inputs) -> None:
    """The iron passed in pregnancy becomes that of the children, less what stays in the placenta."""
    babies = 1 if life.last_delivery == ONE_CHILD else 2
    body.child_iron_mg = body.conceptus_iron_mg * (1.0 - p.placenta_share) / babies


@compiled
def end_pregnancy(life: Any, body: Any, burden: Any, month: int, p: Inputs) -> None:
    """A loss, or a delivery with its bleeding, after which the mother may breastfeed."""
    _, _, bleeding, nursing = chance.nth(p.key, life.uid, life.gravidity, PREGNANCY_ENDS)
    if life.pregnancy == TO_BE_LOST:
        burden.blood_loss_ml += p.pregnancy_loss_blood_ml * p.pregnancy_enabled
    else:
        babies = 1 if life.pregnancy == ONE_CHILD else 2
        bled = p.delivery_blood_ml * exp(p.delivery_blood_log_sd * normal(bleeding))
        burden.blood_loss_ml += bled * p.pregnancy_enabled
        burden.blood_volume_factor *= 1.0 + p.blood_volume_expansion * p.pregnancy_enabled
        life.last_delivery = life.pregnancy
        hand_over(life, body, p)
        life.last_birth_month = month
        life.parity += 1
        life.children += babies
        months = 0
        if nursing < p.lactation_share:
            months = waiting_months(nursing / p.lactation_share, p.lactation_mean_months)
        life.lactation_until = month + months
        without_menses = min(float(months), p.lactation_amenorrhoea_months)
        life.amenorrhoea_until = month + int(max(without_menses, p.amenorrhoea_months))
    life.pregnancy = NOT_PREGNANT


@compiled
def nurse(life: Any, burden: Any, month: int, p: Inputs) -> None:
    """Iron passed with milk."""
    if month < life.lactation_until:
        burden.milk_iron_mg += p.milk_iron_mg_per_day * DAYS_PER_MONTH * p.pregnancy_enabled


@inlined
def be_fertile(
    life: Any,
    body: Any,
    burden: Any,
    at: Moment,
    p: Inputs,
) -> None:
    """One month of a woman's reproductive life."""
    month = at.month
    if life.pregnancy != NOT_PREGNANT and month >= life.pregnancy_end_month:
        end_pregnancy(life, body, burden, month, p)
    elif may_conceive(life, month) and at.conception < chance_to_conceive(life, month, p):
        conceive(life, body, month, p)
    if life.pregnancy != NOT_PREGNANT:
        carry(life, burden, month, p)
    nurse(life, burden, month, p)
    if life.pregnancy != NOT_PREGNANT or month < life.amenorrhoea_until:
        burden.menses_factor *= 1.0 - p.pregnancy_enabled


@compiled
def follow_pregnancy(life: Any, body: Any, month: int, p: Inputs) -> None:
    """What a pregnancy that begins or ends this month does to the body of another world."""
    if life.conception_month == month:
        body.conceptus_iron_mg = 0.0
    if life.last_birth_month == month:
        hand_over(life, body, p)


@compiled
def note_pregnancy(life: Any, before: Any, month: int, log: Any, logged: Any) -> None:
    """Log a conception and a delivery of this month; ``before`` is the life as it was."""
    if life.gravidity != before.gravidity:
        note(life, month, CONCEIVED, before.gravidity == 0, log, logged)
    if life.parity != before.parity:
        note(life, month, DELIVERED, before.parity == 0, log, logged)
