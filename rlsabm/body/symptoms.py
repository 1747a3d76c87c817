"""Symptoms: from liability to restless legs syndrome, its frequency and severity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rlsabm.arrays import Floats
from rlsabm.body.responses import LIABILITY_KNOTS, equilibrium_prevalence, tabulate_prevalence
from rlsabm.compilation import compiled, inlined
from rlsabm.conventions import LAST_AGE, LONG_AGO, NEVER
from rlsabm.declaring.fields import Field
from rlsabm.declaring.inputs import Inputs
from rlsabm.declaring.parameter import Parameter as P
from rlsabm.declaring.room import Making, PersonColumn, Room
from rlsabm.declaring.sources import (
    ANY_RLS_IN_ADULTS,
    ANY_RLS_IN_MEN,
    RISE_WITH_AGE,
    RLS_IN_CHILDREN,
    SIGNIFICANT_RLS_IN_ADULTS,
    WEEKLY_SHARE,
)
from rlsabm.declaring.tables import BY_AGE, Table
from rlsabm.events import note, register_event
from rlsabm.moment import Moment

RLS_ONSET = register_event("RLS onset", 4)
RLS_REMISSION = register_event("RLS remission", 5)

#: Symptoms after more months than these begin a new course: a survey of the past year would have found
#: none between.
MONTHS_BETWEEN_COURSES = 12
#: Ages (years) until which liability rises, and from which on it stays as it is.
RISES_UNTIL, OLD_AGE = 64, 85


def fill_symptom_tables(making: Making) -> Mapping[str, Floats]:
    """Effect of age on liability, and equilibrium prevalence by liability."""
    p, ages = making.p, np.arange(LAST_AGE + 1)
    prevalence = np.zeros(LIABILITY_KNOTS + 2)
    tabulate_prevalence(prevalence)
    by_age = np.interp(
        ages,
        [10, 20, RISES_UNTIL, OLD_AGE],
        [p.child_liability, 0.0, p.age_liability, p.age_liability + p.old_age_liability],
    )
    return {"age_effect": by_age, "prevalence_by_liability": prevalence}


_BODY_FIELDS = (
    Field("liability", "f4", "liability", "liability to RLS; 0 means even odds"),
    Field("rls", "u1", "", "has RLS this month", upper=1),
    Field(
        "rls_first_month",
        "i4",
        "month",
        "first month with RLS; never if there was none",
        initial=NEVER,
    ),
    Field(
        "rls_onset_month",
        "i4",
        "month",
        "first month of the present or last course of RLS, in which no twelve months were free of it; "
        "never if there was none",
        initial=NEVER,
    ),
    Field("rls_last_month", "i4", "month", "last month with RLS", initial=LONG_AGO),
    Field(
        "weekly_last_month",
        "i4",
        "month",
        "last month with symptoms at least weekly",
        initial=LONG_AGO,
    ),
    Field(
        "significant_last_month",
        "i4",
        "month",
        "last month with clinically significant RLS",
        initial=LONG_AGO,
    ),
    Field(
        "symptom_relief",
        "f4",
        "liability",
        "liability that treatment takes away otherwise than through dopamine",
        lower=0,
    ),
    Field(
        "augmentation",
        "f4",
        "liability",
        "liability that augmentation under treatment adds",
        lower=0,
    ),
)
_PARAMETERS = (
    P("liability_threshold", 4.28, "units of liability", "normal", 0.4, 0.0, 8.0,
      "Liability that a person of 20 years without any deficit would need for even odds of RLS.",
      f"set to {ANY_RLS_IN_ADULTS}; {ANY_RLS_IN_MEN}", centre=4.05),
    P("liability_scale", 0.172, "units of liability", "lognormal", 0.3, 0.05, 2.0,
      "Scale of the logistic function from liability to prevalence: how much time people near the "
      "threshold spend with RLS.",
      "assumed small: few people have RLS in some months and not in others", centre=0.2),
    P("child_liability", -0.757, "units of liability", "normal", 0.3, -3.0, 0.5,
      "Liability of children under ten relative to adults of 20 years.",
      f"set to {RLS_IN_CHILDREN}", centre=-1.0),
    P("age_liability", 0.372, "units of liability", "normal", 0.1, 0.0, 2.0,
      "Liability of people of 64 years relative to adults of 20 years.",
      f"set to: {RISE_WITH_AGE}", centre=0.42),
    P("old_age_liability", -0.653, "units of liability", "normal", 0.25, -3.0, 1.0,
      "Liability of people of 85 years and older relative to those of 64 years.",
      f"set to: {RISE_WITH_AGE}", centre=-0.3),
    P("youngest_age_years", 4, "years", "fixed", 0, 0, 18,
      "Age in completed years before which nobody has RLS.",
      "assumed: younger children cannot say what they feel, which the criteria ask for"),
    P("onset_per_month", 0.28, "1/month", "normal", 0.12, 0.01, 1.0,
      "Monthly probability of onset where the equilibrium prevalence is one.",
      "assumed, from a trial of the equations", centre=0.3),
    P("remission_per_month", 0.293, "1/month", "normal", 0.12, 0.01, 1.0,
      "Monthly probability of remission where the equilibrium prevalence is zero.",
      "assumed, from a trial of the equations", centre=0.3),
    P("weekly_liability", 0.000847, "units of liability", "normal", 0.2, -5.0, 5.0,
      "Liability above which a case has symptoms at least weekly.", f"set to {WEEKLY_SHARE}",
      centre=0.07),
    P("significant_liability", 0.786, "units of liability", "normal", 0.2, -5.0, 5.0,
      "Liability above which a case is clinically significant.",
      f"set to {SIGNIFICANT_RLS_IN_ADULTS}", centre=0.85),
    P("irls_at_significant", 15.0, "IRLS points", "normal", 1.5, 5.0, 30.0,
      "IRLS score at the limit of clinical significance.",
      "IRLS scale: 11-20 moderate, 21-30 severe"),
    P("irls_per_liability", 8.0, "IRLS points", "normal", 1.5, 1.0, 30.0,
      "Points of the IRLS score per unit of liability.", "assumed"),
)  # fmt: skip

SYMPTOMS = Room(
    title="symptoms",
    body_fields=_BODY_FIELDS,
    parameters=_PARAMETERS,
    derived={
        "per_liability_scale": lambda p: 1.0 / p["liability_scale"],
    },
    tables=(
        Table("age_effect", BY_AGE, "effect of age on liability"),
        Table(
            "prevalence_by_liability", (LIABILITY_KNOTS + 2,), "equilibrium prevalence by liability"
        ),
    ),
    fill=fill_symptom_tables,
    columns=(
        PersonColumn(
            "liability",
            "liability",
            "liability to RLS; 0 means even odds",
            lambda people: people.liability,
            type="number",
        ),
        PersonColumn(
            "age_at_onset",
            "years",
            "age at which the present or last course of RLS began, in which no twelve months were free "
            "of it; missing in people who never had RLS",
            lambda people: (people.rls_onset_month.astype(np.int64) - people.birth_month) / 12.0,
            lambda people: people.rls_onset_month == NEVER,
            type="number",
        ),
    ),
)


@compiled
def next_state(had_rls: int, prevalence: float, u: float, p: Inputs) -> int:
    """RLS next month at this equilibrium prevalence, from one uniform.

    A lower liability never gives RLS where a higher one, with the same uniform and the same or no
    RLS before, does not: worlds with less burden hold no case that the others lack.
    """
    if had_rls:
        stays = 1.0 - p.remission_per_month * (1.0 - prevalence)
        return 1 if u < stays else 0
    return 1 if u < p.onset_per_month * prevalence else 0


@inlined
def advance_symptoms(
    body: Any,
    life: Any,
    iron_effect: float,
    at: Moment,
    p: Inputs,
) -> None:
    """One month of liability and symptoms.

    Nobody has RLS before the age at which a child can report it.  Symptoms that come after twelve
    months without any begin a new course, and their month is that of its onset.
    """
    body.liability = (
        life.other_liability
        + p.age_effect[at.age]
        + (body.dopamine_deficit - body.dopamine_support)
        + body.augmentation
        - body.symptom_relief
        + (1.0 - p.dopamine_share) * iron_effect
        + p.lasting_effect * body.vulnerability
        - p.liability_threshold
    )
    if at.age < p.youngest_age_years:
        body.rls = 0
        return
    prevalence = equilibrium_prevalence(body.liability, p.per_liability_scale, p)
    body.rls = next_state(body.rls, prevalence, at.symptoms, p)
    if body.rls:
        if at.month - body.rls_last_month > MONTHS_BETWEEN_COURSES:
            body.rls_onset_month = at.month
        body.rls_first_month = min(body.rls_first_month, at.month)
        body.rls_last_month = at.month
        if body.liability >= p.weekly_liability:
            body.weekly_last_month = at.month
        if body.liability >= p.significant_liability:
            body.significant_last_month = at.month


@compiled
def irls(liability: float, p: Inputs) -> float:
    """IRLS score (0-40) of a case of this liability."""
    score = p.irls_at_significant + p.irls_per_liability * (liability - p.significant_liability)
    return min(max(score, 1.0), 40.0)


@compiled
def note_symptoms(life: Any, body: Any, had_rls: int, month: int, log: Any, logged: Any) -> None:
    """Log an onset or remission of this month."""
    if body.rls != had_rls:
        if body.rls:
            note(life, month, RLS_ONSET, body.rls_first_month == month, log, logged)
        else:
            note(life, month, RLS_REMISSION, 0, log, logged)
