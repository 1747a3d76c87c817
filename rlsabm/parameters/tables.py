"""Tables by age, month of pregnancy and locus, in the form that compiled rules read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlsabm.errors import UserError
from rlsabm.parameters.catalogue import (
    MOST_CONDITIONS,
    Condition,
    mortality_factor,
    tabulate,
)
from rlsabm.parameters.cohorts import BirthPlan
from rlsabm.parameters.countries import COUNTRIES, Country, Floats
from rlsabm.parameters.files import FOLDER, read_columns
from rlsabm.parameters.responses import LIABILITY_KNOTS, STORES_KNOTS, tabulate_responses
from rlsabm.parameters.values import Values
from rlsabm.person import FEMALE, LAST_AGE, MALE, SEXES

TABLES_FOLDER = FOLDER / "tables"


class Table(NamedTuple):
    """A table: its name, the shape in which rules index it, and what it holds."""

    name: str
    shape: tuple[int, ...]
    meaning: str


BY_SEX_AND_AGE, BY_AGE = (2, LAST_AGE + 1), (LAST_AGE + 1,)
BY_SEX_AND_BIRTHDAY = (2, LAST_AGE + 2)
BY_MONTH_OF_PREGNANCY = (10,)
MOST_YEARS, MOST_LOCI = 320, 16
BY_CONDITION = (MOST_CONDITIONS,)

TABLE_LIST = (
    Table("death", BY_SEX_AND_AGE, "monthly chance to die without kidney failure"),
    Table("conception", (MOST_YEARS, 40, 5), "monthly chance to conceive, by year, age and parity"),
    Table("height_m", BY_SEX_AND_BIRTHDAY, "median height"),
    Table("weight_kg", BY_SEX_AND_BIRTHDAY, "median weight"),
    Table("haemoglobin_g_per_l", BY_SEX_AND_AGE, "haemoglobin set point"),
    Table("iron_intake_mg_per_day", BY_SEX_AND_AGE, "median iron intake"),
    Table("age_liability", BY_AGE, "effect of age on liability"),
    Table("slow_pool_norm", BY_AGE, "structural CNS iron at typical supply"),
    Table("per_slow_pool_norm", BY_AGE, "its reciprocal"),
    Table("kidney_onset", BY_SEX_AND_AGE, "monthly chance that progressive kidney disease begins"),
    Table("dialysis_death", BY_AGE, "monthly chance to die on dialysis"),
    Table("graft_death", BY_AGE, "monthly chance to die with a graft"),
    Table("transplant", BY_AGE, "monthly chance to be transplanted on dialysis"),
    Table("donor_start", BY_AGE, "monthly chance to become a blood donor"),
    Table("conceptus_demand_mg", BY_MONTH_OF_PREGNANCY, "iron that the conceptus draws, from 1"),
    Table("red_cells", BY_MONTH_OF_PREGNANCY, "share of the red-cell expansion"),
    Table("blood_volume", BY_MONTH_OF_PREGNANCY, "share of the blood-volume expansion"),
    Table("absorption", BY_MONTH_OF_PREGNANCY, "share of the rise of absorption"),
    Table("hormones", BY_MONTH_OF_PREGNANCY, "share of the hormonal load at term"),
    Table("by_stores", (STORES_KNOTS + 2, 2), "absorbed share of food iron, and CNS supply"),
    Table("prevalence", (LIABILITY_KNOTS + 2,), "equilibrium prevalence by liability"),
    Table("allele_frequency", (MOST_LOCI,), "frequency of the risk allele"),
    Table("allele_cns_iron", (MOST_LOCI,), "effect of a risk allele on the log CNS-iron trait"),
    Table("allele_liability", (MOST_LOCI,), "effect of a risk allele on other liability"),
    Table(
        "condition_spared", (MOST_CONDITIONS, *BY_SEX_AND_BIRTHDAY), "share without onset so far"
    ),
    Table("condition_months", BY_CONDITION, "mean duration, 0 for life"),
    Table("condition_blood_ml_per_day", BY_CONDITION, "blood lost while it is there"),
    Table("condition_blood_ml_at_onset", BY_CONDITION, "blood lost in the month of its onset"),
    Table("condition_iron_mg_per_day", BY_CONDITION, "iron lost otherwise"),
    Table("condition_absorption", BY_CONDITION, "factor on absorption"),
    Table("condition_haemoglobin", BY_CONDITION, "factor on the haemoglobin set point"),
    Table("condition_dopamine_load", BY_CONDITION, "loss of dopaminergic function not by iron"),
    Table("condition_mortality", BY_CONDITION, "factor on the chance to die"),
    Table("condition_ferritin", BY_CONDITION, "factor on measured ferritin"),
    Table("condition_saturation", BY_CONDITION, "factor on measured transferrin saturation"),
)
#: One record holds all tables: compiled rules pass it as a single pointer. A tuple of arrays would
#: have its reference counts changed at every call, which made the rules four times slower.
TABLES = np.dtype(
    (
        np.record,
        [(table.name, "f8", table.shape) for table in TABLE_LIST]
        + [("first_year", "i8"), ("loci", "i8"), ("conditions", "i8")]
        + [("condition_code", "i8", (MOST_CONDITIONS,))],
    )
)
Tables = Any  # numpy.record of dtype TABLES


def build_tables(
    country: Country, plan: BirthPlan, p: Values, conditions: Sequence[Condition] = ()
) -> Tables:
    """Build the tables of a run from country, plan of births, parameter values and conditions.

    Raises
    ------
    UserError
        If a condition contradicts itself.
    """
    ages = np.arange(LAST_AGE + 1)
    by_age = read_columns(
        TABLES_FOLDER / "by_age.csv",
        words=["sex"],
        numbers=["age", "haemoglobin_g_per_l", "iron_intake_mg_per_day"],
    )
    height, weight = _growth(country, p)
    kidney = _kidney(country, p)
    catalogue = tabulate(conditions, kidney.other_hazard)
    pregnancy = read_columns(
        TABLES_FOLDER / "pregnancy_by_month.csv",
        numbers=["month", "conceptus_demand_mg", "red_cells", "blood_volume", "absorption",
                 "hormones"],
    )  # fmt: skip

    def by_month(column: str) -> Floats:
        return np.concatenate([[0.0], np.array(pregnancy[column], float)])

    slow = 1.0 - (1.0 - p.slow_pool_at_birth) * np.exp(-ages / p.slow_pool_years)
    donor_start = np.where(ages < 25, p.donor_start_per_year_young, p.donor_start_per_year_adult)
    donor_start[(ages < p.donor_first_age_years) | (ages >= 70)] = 0.0
    frequency, cns_iron, liability = _loci(p)
    contents = dict(
        death=per_month(kidney.other_hazard / mortality_factor(catalogue)),
        conception=plan.conception,
        height_m=height,
        weight_kg=weight,
        haemoglobin_g_per_l=_knots(by_age, "haemoglobin_g_per_l", ages),
        iron_intake_mg_per_day=_knots(by_age, "iron_intake_mg_per_day", ages),
        age_liability=np.interp(ages, [10, 20, 64], [p.child_liability, 0.0, p.age_liability]),
        slow_pool_norm=slow,
        per_slow_pool_norm=1.0 / slow,
        kidney_onset=kidney.onset,
        dialysis_death=kidney.dialysis_death,
        graft_death=kidney.graft_death,
        transplant=kidney.transplant,
        donor_start=per_month(donor_start * p.donation_enabled),
        conceptus_demand_mg=by_month("conceptus_demand_mg"),
        red_cells=by_month("red_cells"),
        blood_volume=by_month("blood_volume"),
        absorption=by_month("absorption"),
        hormones=by_month("hormones"),
        allele_frequency=frequency,
        allele_cns_iron=cns_iron,
        allele_liability=liability,
        condition_spared=np.exp(-catalogue.hazard),
        **_effects(conditions),
    )
    record = np.zeros(1, dtype=TABLES)
    for name, values in contents.items():
        whole = record[name][0]
        whole[tuple(slice(length) for length in values.shape)] = values
    record["first_year"], record["loci"] = plan.first_year, len(frequency)
    record["conditions"] = len(conditions)
    record["condition_code"][0, : len(conditions)] = [c.code for c in conditions]
    tabulate_responses(record[0], p)
    return record[0]


def _effects(conditions: Sequence[Condition]) -> dict[str, Floats]:
    """Duration and effects by number of the condition."""
    return {
        "condition_months": np.array([12.0 * (c.duration_years or 0.0) for c in conditions]),
        "condition_blood_ml_per_day": np.array([c.blood_loss_ml_per_day for c in conditions]),
        "condition_blood_ml_at_onset": np.array([c.blood_loss_ml_at_onset for c in conditions]),
        "condition_iron_mg_per_day": np.array([c.iron_loss_mg_per_day for c in conditions]),
        "condition_absorption": np.array([c.absorption_factor for c in conditions]),
        "condition_haemoglobin": np.array([c.haemoglobin_factor for c in conditions]),
        "condition_dopamine_load": np.array([c.dopamine_load for c in conditions]),
        "condition_mortality": np.array([c.mortality_ratio for c in conditions]),
        "condition_ferritin": np.array([c.ferritin_factor for c in conditions]),
        "condition_saturation": np.array([c.saturation_factor for c in conditions]),
    }


def per_month(rate_per_year: Floats) -> Floats:
    """Monthly chances of yearly rates."""
    return np.asarray(1.0 - np.exp(-rate_per_year / 12.0))


def jurisdiction_values(
    name: str, key: str = "conditions.blood_donation.jurisdiction"
) -> dict[str, float]:
    """Parameter values of a blood service's rules; ``key`` is what names it, for errors."""
    columns = {
        "interval_men_months": "donation_interval_men_months",
        "interval_women_months": "donation_interval_women_months",
        "haemoglobin_men_g_per_l": "donation_haemoglobin_men_g_per_l",
        "haemoglobin_women_g_per_l": "donation_haemoglobin_women_g_per_l",
        "volume_ml": "donation_volume_ml",
        "double_red_cells_share": "double_red_cells_share",
        "ferritin_below_ug_per_l": "ferritin_deferral_below_ug_per_l",
        "ferritin_months": "ferritin_deferral_months",
    }
    table = read_columns(
        TABLES_FOLDER / "jurisdictions.csv", words=["jurisdiction"], numbers=list(columns)
    )
    names = table["jurisdiction"]
    if name not in names:
        raise UserError(f"{key}: no jurisdiction {name!r}; known: {', '.join(map(str, names))}")
    row = names.index(name)
    return {parameter: float(table[column][row]) for column, parameter in columns.items()}


def _knots(
    table: dict[str, list[str] | list[float]], column: str, ages: NDArray[np.int64]
) -> Floats:
    """A column by sex and age, linear between the knots of the file."""
    sex = np.array(table["sex"])
    age, value = np.array(table["age"], float), np.array(table[column], float)
    return np.array([np.interp(ages, age[sex == each], value[sex == each]) for each in SEXES])


def _growth(country: Country, p: Values) -> tuple[Floats, Floats]:
    """Median height (m) and weight (kg) by sex and age at birthdays, one more than ages."""
    ages = np.arange(LAST_AGE + 2)
    table = read_columns(
        COUNTRIES / "growth.csv",
        words=["sex"],
        numbers=["age", "height_fraction", "weight_fraction"],
    )
    height = _knots(table, "height_fraction", ages) * country.adult_height_m[:, None]
    weight = _knots(table, "weight_fraction", ages)
    for sex, at_20 in ((FEMALE, p.weight_at_20_women_kg), (MALE, p.weight_at_20_men_kg)):
        adult = max(country.adult_weight_kg[sex], at_20)
        later = np.interp(ages, [20, p.full_weight_age_years], [at_20, adult])
        weight[sex] = np.where(ages < 20, weight[sex] * at_20, later)
    return height, weight


class _Kidney(NamedTuple):
    other_hazard: Floats
    onset: Floats
    dialysis_death: Floats
    graft_death: Floats
    transplant: Floats


def _kidney(country: Country, p: Values) -> _Kidney:
    """Onset of progressive kidney disease, and mortality with and without kidney failure.

    People are followed by age under the country's life table. Progressive disease begins as long
    before dialysis as it lasts on average, so that dialysis begins at the rate of the registry. What
    patients die of more than others is taken off the mortality of everybody else, so that the life
    table holds for all together.
    """
    ages = np.arange(LAST_AGE + 1)
    table = read_columns(
        TABLES_FOLDER / "kidney.csv",
        numbers=["age_from", "incidence_per_million", "deaths_per_1000_dialysis",
                 "deaths_per_1000_graft", "transplants_per_100_dialysis"],
    )  # fmt: skip
    start = np.array(table["age_from"], float)
    middle = (start + np.append(start[1:], 95.0)) / 2.0

    def smooth(column: str) -> Floats:
        return np.asarray(np.exp(np.interp(ages, middle, np.log(np.array(table[column], float)))))

    on_dialysis = smooth("deaths_per_1000_dialysis") / 1000.0
    with_graft = smooth("deaths_per_1000_graft") / 1000.0
    transplant = smooth("transplants_per_100_dialysis") / 100.0
    # Men to women, USRDS 2014: 446 to 278 per million.
    by_sex = np.array([[2 * 278.0], [2 * 446.0]]) / (278.0 + 446.0)
    incidence = smooth("incidence_per_million") / 1e6 * by_sex
    incidence *= p.kidney_incidence_factor * p.dialysis_enabled

    life_table = country.mortality[:, np.minimum(ages, country.mortality.shape[1] - 1)]
    hazard = -np.log(1.0 - np.minimum(life_table, 0.999))
    other = hazard.copy()
    dialysis, graft = np.zeros((2, LAST_AGE + 2)), np.zeros((2, LAST_AGE + 2))
    for age in ages:
        patients = dialysis[:, age] + graft[:, age]
        deaths = dialysis[:, age] * on_dialysis[age] + graft[:, age] * with_graft[age]
        left = (hazard[:, age] - deaths) / (1.0 - patients)
        other[:, age] = np.maximum(left, 0.5 * hazard[:, age])
        new = incidence[:, age] * (1.0 - patients)
        to_graft = dialysis[:, age] * transplant[age]
        back = graft[:, age] * p.graft_failure_per_year
        dialysis[:, age + 1] = (
            dialysis[:, age]
            + new
            - to_graft
            + back
            - dialysis[:, age] * (on_dialysis[age] - hazard[:, age])
        )
        graft[:, age + 1] = (
            graft[:, age] + to_graft - back - graft[:, age] * (with_graft[age] - hazard[:, age])
        )
        dialysis[:, age + 1] = np.maximum(dialysis[:, age + 1], 0.0)
        graft[:, age + 1] = np.maximum(graft[:, age + 1], 0.0)
    lag = round(p.ckd_3_years + p.ckd_4_years)
    onset = incidence[:, np.minimum(ages + lag, LAST_AGE)]
    return _Kidney(
        other_hazard=other,
        onset=per_month(onset),
        dialysis_death=per_month(on_dialysis),
        graft_death=per_month(with_graft),
        transplant=per_month(transplant),
    )


def _loci(p: Values) -> tuple[Floats, Floats, Floats]:
    """Frequency of risk alleles, and their effects on the CNS-iron trait and other liability.

    A published odds ratio is marginal: it averages over people of all liabilities. The effect on one
    person's liability is larger by the spread of liabilities (Zeger, Liang & Albert 1988, constant
    0.346). A locus of CNS iron is given the change of the trait whose effect at typical iron supply
    equals that liability, reckoned one standard deviation below the typical trait, but at most half a
    standard deviation of the trait: such loci then show smaller odds ratios than published.
    """
    table = read_columns(
        TABLES_FOLDER / "loci.csv",
        words=["pathway"],
        numbers=["risk_allele_frequency", "odds_ratio"],
    )
    frequency = np.array(table["risk_allele_frequency"], float)
    log_odds = np.log(np.array(table["odds_ratio"], float))
    effect = log_odds * math.sqrt(p.liability_scale**2 + 0.346 * p.other_liability_sd**2)
    deficit = 1.0 - math.exp(-p.cns_iron_trait_log_sd)
    convexity = p.deficit_convexity
    slope = (
        p.deficit_effect
        * (2 * (1 - convexity) * deficit + 3 * convexity * deficit**2)
        * (1 - deficit)
    )
    iron = np.array([pathway == "cns_iron" for pathway in table["pathway"]])
    per_log_trait = effect / max(slope, 1e-6)
    ceiling = 0.5 * p.cns_iron_trait_log_sd
    return (
        frequency,
        np.where(iron, -np.minimum(per_log_trait, ceiling), 0.0),
        np.where(iron, 0.0, effect),
    )
