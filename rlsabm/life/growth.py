"""Growth: weight, blood volume, and what follows from them (set points, losses, intake, menses)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rlsabm import chance
from rlsabm.arrays import Floats, Ints
from rlsabm.body.iron import REFERENCE_WEIGHT_KG
from rlsabm.chance import normal
from rlsabm.compilation import compiled, inlined
from rlsabm.conventions import FEMALE, LAST_AGE, MALE, SEXES
from rlsabm.data import DATA
from rlsabm.data.table_reading import DataTable, Number, RowKey, read_table
from rlsabm.declaring.fields import Field
from rlsabm.declaring.inputs import Inputs
from rlsabm.declaring.parameter import Parameter as P
from rlsabm.declaring.room import Making, Room
from rlsabm.declaring.sources import FERRITIN_SPREAD_OF_MEN, IOM
from rlsabm.declaring.tables import BY_SEX_AND_AGE, BY_SEX_AND_BIRTHDAY, Table
from rlsabm.demography.country import Country
from rlsabm.exposures.menses import IRON_HABITS, menstrual_loss_ml
from rlsabm.mathematics import exp, log

BODY_BUILD = chance.register(
    "body build", 4, "once", "height, weight, haemoglobin set point, basal loss"
)

#: Weight at which the basal loss per kg was measured (Institute of Medicine 2001, p. 340).
BASAL_LOSS_WEIGHT_KG = 77.4
#: Nadler's formula holds from about 35 kg (Nadler 1962 Surgery 51:224); below, blood per kg.
NADLER_FROM_KG = 35.0


# Tables ---------------------------------------------------------------------------------------------


_SEX = RowKey("sex", SEXES)
BY_AGE = (
    _SEX,
    RowKey("age", range(LAST_AGE + 1), needed=(), gaps=True),
    Number("haemoglobin_g_per_l", 80.0, 200.0, "g/L"),
    Number("iron_intake_mg_per_day", 0.5, 50.0, "mg/day"),
)
SIZES = (
    _SEX,
    RowKey("age", range(21)),
    Number("height_fraction", 0.1, 1.0),
    Number("weight_fraction", 0.01, 1.0),
)


def _knots(table: DataTable, column: str, ages: Ints) -> Floats:
    """A column by sex and age, linear between the knots of the file."""
    sex, age, value = table.places("sex"), table.numbers("age"), table.numbers(column)
    return np.array(
        [np.interp(ages, age[sex == each], value[sex == each]) for each in (FEMALE, MALE)]
    )


def _sizes(country: Country, p: Any) -> tuple[Floats, Floats]:
    """Median height (m) and weight (kg) by sex and age at birthdays, one more than ages."""
    ages = np.arange(LAST_AGE + 2)
    table = read_table(DATA / "countries" / "growth.csv", SIZES)
    height = _knots(table, "height_fraction", ages) * country.adult_height_m[:, None]
    weight = _knots(table, "weight_fraction", ages)
    for sex, at_20 in ((FEMALE, p.weight_at_20_women_kg), (MALE, p.weight_at_20_men_kg)):
        adult = max(country.adult_weight_kg[sex], at_20)
        later = np.interp(ages, [20, p.full_weight_age_years], [at_20, adult])
        weight[sex] = np.where(ages < 20, weight[sex] * at_20, later)
    return height, weight


def fill_growth_tables(making: Making) -> Mapping[str, Floats]:
    """Size, haemoglobin set point and iron intake by sex and age."""
    ages = np.arange(LAST_AGE + 1)
    by_age = read_table(DATA / "by_age.csv", BY_AGE)
    height, weight = _sizes(making.country, making.p)
    return {
        "median_height_m": height,
        "median_weight_kg": weight,
        "haemoglobin_set_point": _knots(by_age, "haemoglobin_g_per_l", ages),
        "median_iron_intake_mg_per_day": _knots(by_age, "iron_intake_mg_per_day", ages),
    }


# What it owns ---------------------------------------------------------------------------------------

_LIFE_FIELDS = (
    Field(
        "height_factor", "f4", "ratio", "height relative to the median of age and sex", lower=0.01
    ),
    Field(
        "weight_factor", "f4", "ratio", "weight relative to the median of age and sex", lower=0.01
    ),
    Field(
        "haemoglobin_factor",
        "f4",
        "ratio",
        "haemoglobin set point relative to that of age and sex",
        lower=0.01,
    ),
    Field("weight_kg", "f4", "kg", "weight", lower=0.5),
    Field("blood_volume_l", "f4", "L", "blood volume outside pregnancy", lower=0.01),
    Field(
        "red_cell_target_mg",
        "f4",
        "mg",
        "red-cell iron at the person's haemoglobin set point",
        lower=1,
    ),
    Field(
        "storage_scale_mg", "f4", "mg", "storage iron per unit of ln(1 + ferritin / bend)", lower=1
    ),
    Field("basal_loss_mg_per_day", "f4", "mg/day", "iron lost with skin, gut and urine", lower=0),
    Field(
        "iron_intake_mg_per_day",
        "f4",
        "mg/day",
        "iron in food, at the bioavailability of a mixed diet",
        lower=0,
    ),
    Field("basal_loss_factor", "f4", "ratio", "basal loss relative to the median", lower=0.01),
    Field(
        "intake_factor",
        "f4",
        "ratio",
        "iron intake relative to the median of age and sex",
        lower=0.01,
    ),
    Field(
        "bleeding_factor",
        "f4",
        "ratio",
        "blood lost day by day with conditions of the catalogue, relative to their mean",
        lower=0,
    ),
)
_PARAMETERS = (
    P("storage_scale_mg", 500, "mg", "normal", 40, 300, 4000,
      "Storage iron per unit of ln(1 + ferritin / bend), at 70 kg. 400 with a bend of 12 comes near "
      "the logarithmic form of Cook 1986, 3200 with a bend of 400 near 8 mg per µg/L (Walters 1973).",
      "assumed, between Walters 1973 BJH 24:773 (8-10 mg per µg/L when low) and Cook 1986 "
      "Blood 68:726 (400 mg per unit of log ferritin when high); gives the mean stores of NHANES II"),
    P("storage_weight_exponent", 0.75, "1", "normal", 0.05, 0.5, 1.0,
      "Exponent of body weight in the storage scale.",
      "assumed; 0.75 joins cord ferritin (63-171 µg/L, PMC2863301) to an endowment of 75 mg/kg"),
    P("basal_loss_ug_per_kg_day", 12.5, "µg/kg/day", "normal", 1, 8, 20,
      "Iron lost with skin, gut and urine, per kg of a person of reference weight.",
      f"{IOM} p. 340: 14 (Green 1968, 0.9-1.0 mg/day); less, as blood lost by disease and drugs comes "
      "on top"),
    P("basal_loss_weight_exponent", 0.5, "1", "normal", 0.1, 0.0, 1.0,
      "Exponent of body weight, relative to 77.4 kg, in the basal iron loss.",
      f"{IOM} p. 340: square root of weight; Hunt 2009 doi 10.3945/ajcn.2009.27439: weak relation"),
    P("basal_loss_log_sd", 0.145, "1", "normal", 0.05, 0.0, 0.8,
      "Standard deviation between people of the logarithm of basal iron loss.",
      f"set to {FERRITIN_SPREAD_OF_MEN}"),
    P("intake_log_sd", 0.12, "1", "normal", 0.05, 0.0, 0.6,
      "Standard deviation between people of the logarithm of iron intake and its bioavailability.",
      "below the CV of 0.3 of reported intake (NHANES 2011-14, PMC8112768); set to "
      f"{FERRITIN_SPREAD_OF_MEN}"),
    P("fortification_mg_per_day", 0, "mg/day", "fixed", 0, 0, 20,
      "Iron added to the food of all people, at the bioavailability of a mixed diet; it reaches adults "
      "at their next birthday.",
      "policy of the scenario"),
    P("bleeding_log_sd", 1.1, "1", "normal", 0.1, 0.0, 1.6,
      "Standard deviation between people of the logarithm of the blood that they lose day by day with "
      "the same conditions of the catalogue.",
      "Moore 2008 doi 10.1186/ar2355: with NSAIDs 1-2 mL a day, 5 % lose 5 mL or more and 1 % 10 mL or "
      "more; that it is the same for all conditions, and for life, is assumed"),
    P("haemoglobin_person_sd", 0.06, "1", "normal", 0.005, 0.0, 0.15,
      "Standard deviation between people of the haemoglobin set point, relative to its mean.",
      "NHANES 2017-March 2020: SD 1.0 of 15.2 g/dL in men"),
    P("height_person_sd", 0.04, "1", "fixed", 0, 0.0, 0.1,
      "Standard deviation between people of height, relative to its mean.",
      "NCHS 2015-2018: SD about 7 cm"),
    P("weight_person_log_sd", 0.20, "1", "fixed", 0, 0.0, 0.5,
      "Standard deviation between people of the logarithm of weight.",
      "NCHS 2015-2018: CV about 0.22 in adults"),
    P("weight_at_20_men_kg", 70.6, "kg", "fixed", 0, 50, 100,
      "Median weight of men at 20 years, at which growth ends.", "CDC 2000 growth charts"),
    P("weight_at_20_women_kg", 58.2, "kg", "fixed", 0, 40, 90,
      "Median weight of women at 20 years, at which growth ends.", "CDC 2000 growth charts"),
    P("full_weight_age_years", 35, "years", "fixed", 0, 21, 60,
      "Age at which the mean weight of adults is reached, after a linear rise from 20 years.",
      "assumed"),
    P("blood_volume_child_l_per_kg", 0.075, "L/kg", "fixed", 0, 0.06, 0.09,
      "Blood volume per kg of children below 35 kg.", "70-80 mL/kg, standard paediatric value"),
)  # fmt: skip

GROWTH = Room(
    title="growth and iron habits",
    life_fields=_LIFE_FIELDS,
    parameters=_PARAMETERS,
    tables=(
        Table("median_height_m", BY_SEX_AND_BIRTHDAY, "median height"),
        Table("median_weight_kg", BY_SEX_AND_BIRTHDAY, "median weight"),
        Table("haemoglobin_set_point", BY_SEX_AND_AGE, "haemoglobin set point, g/L"),
        Table("median_iron_intake_mg_per_day", BY_SEX_AND_AGE, "median iron intake"),
    ),
    fill=fill_growth_tables,
)


# Rules ----------------------------------------------------------------------------------------------


@compiled
def blood_volume(sex: int, height_m: float, weight_kg: float, child_l_per_kg: float) -> float:
    """Blood volume (L): Nadler's formula, joined to a constant per kg in children."""
    cube = height_m * height_m * height_m
    if sex == MALE:
        adult = 0.3669 * cube + 0.03219 * weight_kg + 0.6041
    else:
        adult = 0.3561 * cube + 0.03308 * weight_kg + 0.1833
    child = child_l_per_kg * weight_kg
    if weight_kg >= NADLER_FROM_KG + 10.0:
        return adult
    if weight_kg <= NADLER_FROM_KG:
        return child
    share = (weight_kg - NADLER_FROM_KG) / 10.0
    return child + share * (adult - child)


@inlined
def months_between_growth(age_months: int) -> int:
    """Every month in infancy, every third until three, every sixth until 21, then at birthdays."""
    if age_months >= 252:
        return 12
    if age_months >= 36:
        return 6
    return 3 if age_months >= 12 else 1


@inlined
def is_time_to_grow(age_months: int) -> bool:
    """Whether people of this age grow this month."""
    return age_months % months_between_growth(age_months) == 0


@inlined
def age_of_next_growth(age_months: int) -> int:
    """Age in months at which people of this age grow next, later than this month."""
    step = months_between_growth(age_months)
    return age_months - age_months % step + step


@compiled
def grow(life: Any, age_months: int, p: Inputs) -> None:
    """Bring the size of the body, and what depends on it, up to this age."""
    age = min(age_months // 12, LAST_AGE - 1)
    part = (age_months % 12) / 12.0
    sex = life.sex
    height = p.median_height_m[sex, age] + part * (
        p.median_height_m[sex, age + 1] - p.median_height_m[sex, age]
    )
    weight = p.median_weight_kg[sex, age] + part * (
        p.median_weight_kg[sex, age + 1] - p.median_weight_kg[sex, age]
    )
    height *= life.height_factor
    weight *= life.weight_factor
    life.weight_kg = weight
    life.blood_volume_l = blood_volume(sex, height, weight, p.blood_volume_child_l_per_kg)
    life.red_cell_target_mg = (
        life.blood_volume_l
        * p.haemoglobin_set_point[sex, age]
        * life.haemoglobin_factor
        * p.haemoglobin_iron_mg_per_g
    )
    life.storage_scale_mg = p.storage_scale_mg * exp(
        p.storage_weight_exponent * log(weight / REFERENCE_WEIGHT_KG)
    )
    life.basal_loss_mg_per_day = (
        1e-3
        * p.basal_loss_ug_per_kg_day
        * BASAL_LOSS_WEIGHT_KG
        * exp(p.basal_loss_weight_exponent * log(weight / BASAL_LOSS_WEIGHT_KG))
        * life.basal_loss_factor
    )
    intake = p.median_iron_intake_mg_per_day[sex, age] * life.intake_factor
    life.iron_intake_mg_per_day = intake + p.fortification_mg_per_day
    if sex == FEMALE:
        life.menstrual_loss_ml = menstrual_loss_ml(life.uid, age, p)


@compiled
def build_body(life: Any, p: Inputs) -> None:
    """Factors by which this person differs from the median of age and sex."""
    height, weight, haemoglobin, basal = chance.once(p.key, life.uid, BODY_BUILD)
    life.height_factor = 1.0 + p.height_person_sd * normal(height)
    life.weight_factor = exp(p.weight_person_log_sd * normal(weight))
    life.haemoglobin_factor = 1.0 + p.haemoglobin_person_sd * normal(haemoglobin)
    life.basal_loss_factor = exp(p.basal_loss_log_sd * normal(basal))
    intake, _, bleeding, _ = chance.once(p.key, life.uid, IRON_HABITS)
    life.intake_factor = exp(p.intake_log_sd * normal(intake))
    # The mean of all people is 1.
    spread = p.bleeding_log_sd
    life.bleeding_factor = exp(spread * (normal(bleeding) - 0.5 * spread))
