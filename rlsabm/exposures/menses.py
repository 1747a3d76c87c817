"""Menstruation: part of every woman's life from menarche to menopause, heavy in some."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rlsabm import chance
from rlsabm.arrays import Bools
from rlsabm.chance import Word, normal
from rlsabm.compilation import compiled, inlined
from rlsabm.conventions import FEMALE, NEVER
from rlsabm.declaring.fields import Field
from rlsabm.declaring.groups import Group, Surveyed
from rlsabm.declaring.inputs import Inputs
from rlsabm.declaring.parameter import Parameter as P
from rlsabm.declaring.room import Exposure, Part
from rlsabm.declaring.sources import IOM
from rlsabm.mathematics import exp
from rlsabm.moment import Moment, sooner

#: Contraceptive, and depth of menses: the last word of each.
REPRODUCTION = chance.register(
    "reproduction", 6, "once", "menarche, menopause, contraception, supplements"
)
IRON_HABITS = chance.register(
    "iron habits", 5, "once", "iron intake, ferritin factor, bleeding, menstrual loss"
)

CONTRACEPTION_FROM, CONTRACEPTION_UNTIL = 16, 50


# Groups ---------------------------------------------------------------------------------------------


def menstruate_now(people: Surveyed) -> Bools:
    """Women between menarche and menopause, not pregnant and past the amenorrhoea after a birth."""
    return np.asarray(
        (people.sex == FEMALE)
        & (people.menarche_month <= people.month)
        & (people.month < people.menopause_month)
        & (people.pregnancy == 0)
        & (people.amenorrhoea_until <= people.month)
    )


def bleed_heavily(people: Surveyed) -> Bools:
    """Menstruating women whose loss counts as heavy."""
    heavy = people.menstrual_loss_ml >= people.p.heavy_loss_ml_per_month
    return np.asarray(menstruate_now(people) & heavy)


# What it owns ---------------------------------------------------------------------------------------

_LIFE_FIELDS = (
    Field(
        "menstrual_loss_ml",
        "f4",
        "mL/month",
        "blood lost with menses, contraceptive included",
        lower=0,
    ),
    Field("menarche_month", "i4", "month", "first menses"),
    Field("menopause_month", "i4", "month", "last menses"),
)
_PARAMETERS = (
    P("menstrual_loss_log_ml", 3.41, "ln mL", "normal", 0.08, 2.5, 4.5,
      "Mean between women of the logarithm of blood lost in a cycle (mL).",
      "Hallberg 1966 Acta Obstet Gynecol Scand 45:320 (median 30 mL)"),
    P("menstrual_loss_log_sd", 0.75, "1", "normal", 0.05, 0.2, 1.2,
      "Standard deviation between women of the logarithm of blood lost in a cycle.",
      "Hallberg 1966 (9-11 % above 80 mL)"),
    P("heavy_menses_ml_per_cycle", 80, "mL", "fixed", 0, 40, 300,
      "Blood lost in a cycle from which menstrual bleeding counts as heavy.",
      "common definition; Hallberg 1966: 9-11 % of women"),
    P("cycles_per_month", 1.09, "1/month", "fixed", 0, 0.8, 1.3,
      "Menstrual cycles per month.", f"{IOM} p. 334: 27.8 days"),
    P("pill_share", 0.14, "1", "normal", 0.02, 0.0, 1.0,
      "Share of women of 15-49 years who use the pill.", "NCHS Data Brief 388 (2017-19)"),
    P("pill_menses_factor", 0.5, "1", "normal", 0.05, 0.0, 1.0,
      "Menstrual loss on the pill, relative to no contraceptive.", "Larsson 1992 (-44 %)"),
    P("hormonal_coil_share", 0.08, "1", "normal", 0.02, 0.0, 1.0,
      "Share of women of 15-49 years with a hormonal coil or implant.",
      "NCHS Data Brief 388: long-acting methods 10.4 %, four in five of them hormonal (assumed)"),
    P("hormonal_coil_menses_factor", 0.15, "1", "normal", 0.04, 0.0, 1.0,
      "Menstrual loss with a hormonal coil, relative to no contraceptive.", "reviews: 0.1-0.2"),
    P("copper_coil_share", 0.02, "1", "normal", 0.008, 0.0, 1.0,
      "Share of women of 15-49 years with a copper coil.",
      "NCHS Data Brief 388, rest of long-acting methods"),
    P("copper_coil_menses_factor", 1.6, "1", "normal", 0.15, 1.0, 2.5,
      "Menstrual loss with a copper coil, relative to no contraceptive.", "reviews: 1.5-2"),
    P("menarche_age_years", 12.4, "years", "fixed", 0, 9.0, 17.0,
      "Mean age at menarche.", "NHANES and NSFG, NHSR 146"),
    P("menarche_age_sd_years", 1.3, "years", "fixed", 0, 0.1, 3.0,
      "Standard deviation of age at menarche.", "NHANES 1999-2018"),
    P("menopause_age_years", 51, "years", "fixed", 0, 45.0, 56.0,
      "Mean age at natural menopause.", "Gold 2013; Appiah 2021 JAMA 325:1328 (49.9-52.5)"),
    P("menopause_age_sd_years", 4, "years", "fixed", 0, 0.1, 8.0,
      "Standard deviation of age at natural menopause.", "Gold 2013"),
)  # fmt: skip

MENSES = Exposure(
    title="menses",
    life_fields=_LIFE_FIELDS,
    parameters=_PARAMETERS,
    derived={
        "typical_loss_ml_per_month": lambda p: (
            min(math.exp(p["menstrual_loss_log_ml"]), p["heavy_menses_ml_per_cycle"])
            * p["cycles_per_month"]
        ),
        "heavy_loss_ml_per_month": lambda p: p["heavy_menses_ml_per_cycle"] * p["cycles_per_month"],
    },
    groups=(
        Group(
            "menstruating_women",
            "menstruating women",
            "state",
            "women between menarche and menopause, not pregnant, menses back after a birth",
            "",
            "",
            menstruate_now,
        ),
        Group(
            "heavy_menstrual_bleeding",
            "heavy menstrual bleeding",
            "exposure",
            "menstruating women who lose 80 mL of blood or more in a cycle (a parameter)",
            "Hallberg 1966; without it: the loss of the typical woman",
            "heavy_menstrual_bleeding",
            bleed_heavily,
        ),
    ),
    parts=(
        # No world removes normal menstruation.
        Part(name="menses", left_out_alone=False),
        Part(name="heavy_menstrual_bleeding"),
    ),
)


# Rules ----------------------------------------------------------------------------------------------


@compiled
def menstrual_loss_ml(uid: Word, age: int, p: Inputs) -> float:
    """Blood lost with menses in a month (mL): constant in a woman but for her contraceptive."""
    _, _, _, depth = chance.once(p.key, uid, IRON_HABITS)
    loss = exp(p.menstrual_loss_log_ml + p.menstrual_loss_log_sd * normal(depth))
    if CONTRACEPTION_FROM <= age < CONTRACEPTION_UNTIL:
        _, _, method, _ = chance.once(p.key, uid, REPRODUCTION)
        pill = p.pill_share
        hormonal_coil = pill + p.hormonal_coil_share
        if method < pill:
            loss *= p.pill_menses_factor
        elif method < hormonal_coil:
            loss *= p.hormonal_coil_menses_factor
        elif method < hormonal_coil + p.copper_coil_share:
            loss *= p.copper_coil_menses_factor
    return loss * p.cycles_per_month


@compiled
def plan_menses(life: Any, p: Inputs) -> None:
    """Months of menarche and menopause."""
    menarche, menopause, _, _ = chance.once(p.key, life.uid, REPRODUCTION)
    age = p.menarche_age_years + p.menarche_age_sd_years * normal(menarche)
    life.menarche_month = life.birth_month + int(12.0 * min(max(age, 9.0), 17.0))
    age = p.menopause_age_years + p.menopause_age_sd_years * normal(menopause)
    life.menopause_month = life.birth_month + int(12.0 * min(max(age, 40.0), 60.0))


@compiled
def lies_between(life: Any, month: int) -> bool:
    """Between menarche and menopause."""
    return life.menarche_month <= month < life.menopause_month


@inlined
def menses_unchanged_until(life: Any, month: int) -> int:
    """Month in which menses begin or end for good, if it is after this one."""
    until = sooner(int(NEVER), life.menarche_month, month)
    return sooner(until, life.menopause_month, month)


@inlined
def menstruate(life: Any, of_menses: Any, of_heavy_menses: Any, at: Moment, p: Inputs) -> None:
    """Blood lost with menses this month: as much as a typical woman's, and what is lost above that.

    Only heavy bleeding is split into a typical and an excess part.  Whether menses come at all is up
    to pregnancy.
    """
    if lies_between(life, at.month):
        if life.menstrual_loss_ml >= p.heavy_loss_ml_per_month:
            of_menses.menses_ml += p.typical_loss_ml_per_month
            of_heavy_menses.menses_ml += life.menstrual_loss_ml - p.typical_loss_ml_per_month
        else:
            of_menses.menses_ml += life.menstrual_loss_ml
