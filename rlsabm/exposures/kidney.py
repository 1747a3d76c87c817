"""Progressive kidney disease: CKD, dialysis, transplantation, graft failure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import numpy as np
from pydantic import Field as Key

from rlsabm import chance
from rlsabm.arrays import Bools, Floats
from rlsabm.chance import per_month, waiting_months
from rlsabm.compilation import compiled, inlined
from rlsabm.conventions import LONG_AGO, NEVER
from rlsabm.declaring.fields import Field
from rlsabm.declaring.groups import EVER, Group, Surveyed
from rlsabm.declaring.inputs import Inputs
from rlsabm.declaring.parameter import Parameter as P
from rlsabm.declaring.room import Exposure, Making, Part, PersonColumn
from rlsabm.declaring.sections import Section
from rlsabm.declaring.sources import KIDNEY_FAILURE_COUNTS, RLS_ON_HAEMODIALYSIS
from rlsabm.declaring.tables import BY_AGE, BY_SEX_AND_AGE, Table
from rlsabm.events import note, register_event
from rlsabm.exposures.catalogue.episodes import catalogue_of
from rlsabm.exposures.catalogue.tables import kidney_factor
from rlsabm.exposures.kidney_course import follow_course, registry_rates
from rlsabm.moment import Moment

KIDNEY_STAGE_ENDS = chance.register("kidney", 16, "nth", "time in the stage, -, -, -")
KIDNEY_MONTH = chance.register("kidney month", 19, "at", "transplant, graft failure, -, -")

TO_CKD_3 = register_event("CKD 3", 6)
TO_CKD_4 = register_event("CKD 4-5", 7)
TO_DIALYSIS = register_event("dialysis", 8)
TRANSPLANTED = register_event("transplantation", 9)

HEALTHY_KIDNEY, CKD_3, CKD_4, DIALYSIS, GRAFT = 0, 3, 4, 5, 6
KIDNEY_STAGES = ("healthy", "", "", "CKD 3", "CKD 4-5", "dialysis", "graft")
#: CKD 3, CKD 4-5 and dialysis are entered before a first graft.
FIRST_GRAFT = 4
USRDS = "USRDS 2014 Annual Data Report, figures of 2012"


# Groups and columns ---------------------------------------------------------------------------------


def are_on_dialysis(people: Surveyed) -> Bools:
    """Who is on dialysis."""
    return np.asarray(people.kidney == DIALYSIS)


def months_on_dialysis(people: Surveyed) -> Any:
    """Months since dialysis last began, for those who are on it."""
    return people.month - people.dialysis_since.astype(np.int64)


def _on_dialysis_for(first: int, last: int) -> Callable[[Surveyed], Bools]:
    """Those on dialysis for so many months, both limits included."""

    def members(people: Surveyed) -> Bools:
        months = months_on_dialysis(people)
        return np.asarray(are_on_dialysis(people) & (first <= months) & (months <= last))

    return members


# Settings -------------------------------------------------------------------------------------------


class IntravenousIron(Section):
    """Iron infusions, and the laboratory limits below which they are given."""

    milligrams_per_month: Annotated[
        float,
        Key(
            ge=0,
            le=1000,
            description="Iron infused in a month, in mg.",
            json_schema_extra={"unit": "mg per month"},
        ),
    ]
    ferritin_below: Annotated[
        float,
        Key(
            ge=50,
            le=2000,
            description="Given only while ferritin is below this limit, in µg/L.",
            json_schema_extra={"unit": "µg/L"},
        ),
    ]
    transferrin_saturation_below: Annotated[
        float,
        Key(
            ge=5,
            le=60,
            description="Given only while transferrin saturation is below this limit, in percent.",
            json_schema_extra={"unit": "%"},
        ),
    ]


class Dialysis(Section):
    """Kidney failure treated by dialysis."""

    enabled: Annotated[
        bool,
        Key(description="Whether progressive kidney disease occurs (CKD 3-5, dialysis, grafts)."),
    ] = True
    intravenous_iron: Annotated[
        IntravenousIron | None,
        Key(
            description="Iron infusions during dialysis; null for the usual ones (see parameters)."
        ),
    ] = None


def values_of_dialysis(dialysis: Dialysis) -> dict[str, float]:
    """Parameter values that the section of a scenario sets."""
    values = {"dialysis_enabled": float(dialysis.enabled)}
    infusion = dialysis.intravenous_iron
    if infusion is not None:
        values["infusion_mg_per_month"] = infusion.milligrams_per_month
        values["infusion_ferritin_below_ug_per_l"] = infusion.ferritin_below
        values["infusion_saturation_below_percent"] = infusion.transferrin_saturation_below
    return values


# Tables ---------------------------------------------------------------------------------------------


def fill_kidney_tables(making: Making) -> Mapping[str, Floats]:
    """Onset of progressive kidney disease, and mortality with and without kidney failure.

    Where conditions of the catalogue raise the onset, it is lowered by their mean hazard ratio.
    """
    p = making.p
    times = (p.ckd_3_years, p.ckd_4_years, p.graft_failure_per_year)
    rates = registry_rates(making.mortality, *times)
    rates = rates._replace(onset=rates.onset * p.kidney_incidence_factor * p.dialysis_enabled)
    making.mortality = follow_course(making.mortality, rates, *times).other_death
    onset = rates.onset / kidney_factor(catalogue_of(making))
    return {
        "kidney_onset": per_month(onset),
        "dialysis_death": per_month(rates.dialysis_death),
        "graft_death": per_month(rates.graft_death),
        "transplant": per_month(rates.transplant),
    }


# What it owns ---------------------------------------------------------------------------------------

_LIFE_FIELDS = (
    Field("kidney", "u1", "", "stage of progressive kidney disease", KIDNEY_STAGES),
    Field("kidney_episode", "u1", "", "number of stages entered so far"),
    Field("kidney_until", "i4", "month", "month in which the next stage begins", initial=NEVER),
    Field("dialysis_since", "i4", "month", "month in which dialysis last began", initial=LONG_AGO),
)
_PARAMETERS = (
    P("dialysis_enabled", 1, "0 or 1", "fixed", 0, 0, 1,
      "Whether progressive kidney disease occurs (1) or not (0): CKD 3-5, dialysis and transplants.",
      "switch"),
    P("ckd_3_years", 5, "years", "lognormal", 0.3, 0.5, 30,
      "Mean time from the onset of progressive disease to stage 4.", "assumed"),
    P("ckd_4_years", 3, "years", "lognormal", 0.3, 0.5, 20,
      "Mean time from stage 4 to dialysis.", "assumed"),
    P("kidney_incidence_factor", 1, "1", "lognormal", 0.05, 0, 10,
      "Onset of progressive kidney disease, relative to that which leads to the counts of the registry "
      "in the United States.",
      f"set to {KIDNEY_FAILURE_COUNTS}; {USRDS}"),
    P("graft_failure_per_year", 0.035, "1/year", "lognormal", 0.2, 0, 1,
      "Rate of graft failure other than by death.",
      f"set to {KIDNEY_FAILURE_COUNTS}, to which the common estimate of 4-5 % a year fits less well"),
    P("ckd_4_absorption_factor", 0.7, "1", "normal", 0.1, 0.05, 1,
      "Iron absorption in CKD stages 4-5 before dialysis, relative to healthy people.",
      "assumed (hepcidin)"),
    P("ckd_4_haemoglobin_factor", 0.88, "1", "normal", 0.03, 0.5, 1,
      "Haemoglobin set point in CKD stages 4-5 before dialysis, relative to healthy people.",
      "assumed, 115-125 g/L"),
    P("ckd_4_blood_loss_ml_per_month", 70, "mL/month", "lognormal", 0.3, 0, 1000,
      "Blood lost to the gut in CKD stages 4-5 before dialysis, above normal.",
      "51Cr studies: 3.15 v 0.83 mL/day"),
    P("ckd_4_dopamine_load", 0.632, "liability", "lognormal", 0.4, 0, 6,
      "Loss of dopaminergic function due to uraemia before dialysis.", "assumed", centre=0.6),
    P("dialysis_blood_loss_ml_per_month", 270, "mL/month", "lognormal", 0.25, 0, 1500,
      "Blood lost on dialysis to circuit, samples and gut.",
      "synthesis of Sargent 2004 Blood Purif 22:112 and 51Cr studies: 1.2 g of iron a year"),
    P("dialysis_absorption_factor", 0.4, "1", "normal", 0.1, 0.05, 1,
      "Iron absorption on dialysis, relative to healthy people.",
      "assumed (hepcidin three- to tenfold)"),
    P("dialysis_ferritin_factor", 1.8, "1", "normal", 0.3, 1, 4,
      "Serum ferritin on dialysis relative to the same stores.", "assumed (inflammation)"),
    P("dialysis_haemoglobin_g_per_l", 110, "g/L", "normal", 3, 80, 140,
      "Haemoglobin target of treatment with erythropoietin on dialysis.",
      "DOPPS Practice Monitor: 109-115"),
    P("dialysis_dopamine_load", 2.62, "units of liability", "lognormal", 0.25, 0, 6,
      "Loss of dopaminergic function due to uraemia on dialysis.", f"set to {RLS_ON_HAEMODIALYSIS}",
      centre=2.1),
)  # fmt: skip

KIDNEY_DISEASE = Exposure(
    title="kidney failure",
    life_fields=_LIFE_FIELDS,
    parameters=_PARAMETERS,
    derived={
        "graft_failure_per_month": lambda p: per_month(p["graft_failure_per_year"]),
    },
    tables=(
        Table(
            "kidney_onset",
            BY_SEX_AND_AGE,
            "monthly probability that progressive kidney disease begins where no condition raises it",
        ),
        Table("dialysis_death", BY_AGE, "monthly probability of death on dialysis"),
        Table("graft_death", BY_AGE, "monthly probability of death with a graft"),
        Table("transplant", BY_AGE, "monthly probability of a transplant on dialysis"),
    ),
    fill=fill_kidney_tables,
    groups=(
        Group(
            "ckd_4_5",
            "CKD stage 4–5 before dialysis",
            "exposure",
            "progressive kidney disease, stages 4-5 before dialysis",
            "KDIGO",
            "ckd_4_5",
            lambda people: np.asarray(people.kidney == CKD_4),
        ),
        Group(
            "dialysis",
            "dialysis",
            "exposure",
            "on dialysis",
            "USRDS; see the parameters",
            "dialysis",
            are_on_dialysis,
        ),
        Group(
            "dialysis_under_1_year",
            "dialysis for less than 1 year",
            "exposure",
            "on dialysis for less than a year",
            "",
            "dialysis",
            _on_dialysis_for(0, 11),
            "dialysis",
        ),
        Group(
            "dialysis_1_to_4_years",
            "dialysis for 1–4 years",
            "exposure",
            "on dialysis for 1 to 4 years",
            "",
            "dialysis",
            _on_dialysis_for(12, 59),
            "dialysis",
        ),
        Group(
            "dialysis_5_years_or_more",
            "dialysis for 5 years or more",
            "exposure",
            "on dialysis for 5 years or more",
            "",
            "dialysis",
            _on_dialysis_for(60, EVER),
            "dialysis",
        ),
        Group(
            "kidney_transplant",
            "kidney transplant",
            "exposure",
            "living with a functioning kidney graft",
            "",
            "dialysis",
            lambda people: np.asarray(people.kidney == GRAFT),
        ),
    ),
    columns=(
        PersonColumn(
            "kidney",
            "",
            "stage of progressive kidney disease",
            lambda people: people.kidney,
            type="category",
            labels=KIDNEY_STAGES,
        ),
        PersonColumn("on_dialysis", "", "is on dialysis", are_on_dialysis, in_line_list=False),
        PersonColumn(
            "months_on_dialysis",
            "months",
            "months since dialysis last began; missing if not on it",
            months_on_dialysis,
            lambda people: ~are_on_dialysis(people),
        ),
    ),
    parts=(
        Part(name="ckd_4_5", other_load=lambda p: p.ckd_4_dopamine_load),
        Part(name="dialysis", other_load=lambda p: p.dialysis_dopamine_load),
    ),
    settings={"dialysis": Dialysis},
    values_of=values_of_dialysis,
)


# Rules ----------------------------------------------------------------------------------------------


@compiled
def enter_stage(life: Any, stage: int, month: int, p: Inputs) -> None:
    """Enter a stage, and settle when it ends if time alone ends it."""
    life.kidney = stage
    life.kidney_episode += 1
    life.kidney_until = NEVER
    duration, _, _, _ = chance.nth(p.key, life.uid, life.kidney_episode, KIDNEY_STAGE_ENDS)
    if stage == CKD_3:
        life.kidney_until = month + waiting_months(duration, 12.0 * p.ckd_3_years)
    elif stage == CKD_4:
        life.kidney_until = month + waiting_months(duration, 12.0 * p.ckd_4_years)
    elif stage == DIALYSIS:
        life.dialysis_since = month


@compiled
def kidney_ratio(conditions: int, p: Inputs) -> float:
    """Hazard ratio of the onset of kidney disease by the conditions of the catalogue that are there."""
    ratio = 1.0
    c = 0
    while conditions >> c:
        if conditions >> c & 1:
            ratio *= p.condition_kidney_ratio[c]
        c += 1
    return ratio


@inlined
def kidneys_unchanged_until(life: Any, month: int) -> int:
    """Month in which the stage ends; on dialysis and with a graft every month may change it."""
    if life.kidney == HEALTHY_KIDNEY:
        return int(NEVER)
    return life.kidney_until if life.kidney in (CKD_3, CKD_4) else month


@inlined
def most_likely_onset(life: Any, age: int, p: Inputs) -> float:
    """Chance that kidney disease begins, if all conditions that raise it were there."""
    if life.kidney != HEALTHY_KIDNEY:
        return 0.0
    return p.kidney_onset[life.sex, age] * p.condition_most_kidney_ratio


@inlined
def suffer_kidney_disease(
    life: Any,
    of_kidney_disease: Any,
    of_dialysis: Any,
    at: Moment,
    p: Inputs,
) -> None:
    """One month of kidney disease, or the chance of its onset."""
    if life.kidney == HEALTHY_KIDNEY:
        if at.onset < most_likely_onset(life, at.age, p) and (
            at.onset < p.kidney_onset[life.sex, at.age] * kidney_ratio(int(life.conditions), p)
        ):
            enter_stage(life, CKD_3, at.month, p)
        return
    if life.kidney == CKD_3:
        if at.month >= life.kidney_until:
            enter_stage(life, CKD_4, at.month, p)
    elif life.kidney == CKD_4:
        if at.month >= life.kidney_until:
            enter_stage(life, DIALYSIS, at.month, p)
    else:
        transplanted, failed, _, _ = chance.at(p.key, life.uid, at.month, KIDNEY_MONTH)
        if life.kidney == DIALYSIS and transplanted < p.transplant[at.age]:
            enter_stage(life, GRAFT, at.month, p)
        elif life.kidney == GRAFT and failed < p.graft_failure_per_month:
            enter_stage(life, DIALYSIS, at.month, p)

    if life.kidney == CKD_4:
        of_kidney_disease.absorption_factor *= p.ckd_4_absorption_factor
        of_kidney_disease.red_cell_target_factor *= p.ckd_4_haemoglobin_factor
        of_kidney_disease.blood_loss_ml += p.ckd_4_blood_loss_ml_per_month
        of_kidney_disease.dopamine_load += p.ckd_4_dopamine_load
    elif life.kidney == DIALYSIS:
        of_dialysis.absorption_factor *= p.dialysis_absorption_factor
        aim = p.dialysis_haemoglobin_g_per_l * life.blood_volume_l * p.haemoglobin_iron_mg_per_g
        of_dialysis.red_cell_target_factor *= min(aim / life.red_cell_target_mg, 1.0)
        of_dialysis.blood_loss_ml += p.dialysis_blood_loss_ml_per_month
        of_dialysis.dialysis_care += 1.0
        of_dialysis.dopamine_load += p.dialysis_dopamine_load


@compiled
def note_kidney(life: Any, before: Any, month: int, log: Any, logged: Any) -> None:
    """Log a stage that was entered this month; ``before`` is the life as it was."""
    if life.kidney != before.kidney:
        if life.kidney == CKD_3:
            note(life, month, TO_CKD_3, 1, log, logged)
        elif life.kidney == CKD_4:
            note(life, month, TO_CKD_4, 1, log, logged)
        elif life.kidney == DIALYSIS:
            note(life, month, TO_DIALYSIS, before.kidney == CKD_4, log, logged)
        elif life.kidney == GRAFT:
            note(life, month, TRANSPLANTED, life.kidney_episode == FIRST_GRAFT, log, logged)
