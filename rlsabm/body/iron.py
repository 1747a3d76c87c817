"""Peripheral iron: stores, red cells, absorption and loss, month by month.

The iron ledger closes: the iron that a body holds is what it was born with, absorbed and received by
infusion, less what it lost and passed to children.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from rlsabm.arrays import Bools, Floats
from rlsabm.body.infused_iron import pass_on
from rlsabm.body.responses import (
    STORES_KNOTS,
    absorbed_share,
    ferritin_at,
    tabulate_absorption,
)
from rlsabm.burden import Care
from rlsabm.compilation import compiled, inlined
from rlsabm.conventions import DAYS_PER_MONTH, MALE, MONTHS_PER_DAY
from rlsabm.declaring.fields import Field
from rlsabm.declaring.groups import IRON_STORES, Group, Surveyed
from rlsabm.declaring.inputs import Inputs
from rlsabm.declaring.parameter import Parameter as P
from rlsabm.declaring.room import Making, Room
from rlsabm.declaring.sources import (
    ABSORPTION_OF_DONORS,
    FERRITIN_OF_MEN,
    HAEMOGLOBIN_AFTER_DONATION,
    IOM,
)
from rlsabm.declaring.tables import Table
from rlsabm.mathematics import exp, log

WHO_2011 = "WHO 2011, Haemoglobin concentrations, WHO/NMH/NHD/MNM/11.1"
WHO_2020 = "WHO 2020, Guideline on use of ferritin concentrations"

#: Weight of the person whose stores and speed of release the parameters describe.
REFERENCE_WEIGHT_KG = 70.0
#: Share of the blood that can be lost in a month.
MOST_BLOOD_LOST = 0.6
#: Newborns have about 170 g/L of haemoglobin, the set point of infants is about 120.
NEWBORN_RED_CELLS = 170.0 / 120.0


# States ---------------------------------------------------------------------------------------------


def is_iron_deficient(people: Surveyed) -> Bools:
    """Ferritin of the stores below the limits of the World Health Organization."""
    return np.asarray(people.stores_ferritin_ug_per_l < np.where(people.age < 5, 12.0, 15.0))


def is_anaemic(people: Surveyed) -> Bools:
    """Haemoglobin below the limits of the World Health Organization."""
    age = people.age
    limit = np.select(
        [age < 5, age < 12, age < 15, people.sex == MALE, people.pregnancy != 0],
        [110.0, 115.0, 120.0, 130.0, 110.0],
        120.0,
    )
    return np.asarray(people.haemoglobin_g_per_l < limit)


def fill_iron_tables(making: Making) -> Mapping[str, Floats]:
    """Absorption by stores."""
    absorption = np.zeros(STORES_KNOTS + 2)
    tabulate_absorption(absorption, making.p)
    return {"absorption_by_stores": absorption}


# What it owns ---------------------------------------------------------------------------------------

_BODY_FIELDS = (
    Field("storage_iron_mg", "f8", "mg", "iron in stores", lower=0),
    Field("red_cell_iron_mg", "f8", "mg", "iron in circulating haemoglobin", lower=0),
    Field("tissue_iron_mg", "f8", "mg", "iron in myoglobin and enzymes", lower=0),
    Field(
        "iron_gained_mg",
        "f8",
        "mg",
        "ledger: iron present at birth, absorbed and infused so far",
        lower=0,
    ),
    Field("iron_spent_mg", "f8", "mg", "ledger: iron lost and passed to children so far", lower=0),
    Field("absorbed_mg_per_day", "f4", "mg/day", "iron absorbed this month", lower=0),
    Field("lost_mg_per_day", "f4", "mg/day", "iron lost this month by any route", lower=0),
    Field(
        "endowment_mg",
        "f4",
        "mg",
        "iron received from the mother before birth; 0 if not known",
        lower=0,
    ),
)
_PARAMETERS = (
    P("haemoglobin_iron_mg_per_g", 3.39, "mg/g", "fixed", 0, 3.3, 3.5,
      "Iron in haemoglobin.", f"{IOM} (Smith & Rios 1974)"),
    P("storage_bend_ug_per_l", 40, "µg/L", "lognormal", 0.2, 10, 400,
      "Ferritin at which the relation of stores to ferritin turns from linear to logarithmic.",
      "assumed, see storage_scale_mg"),
    P("absorption_at_ferritin_one", 0.89, "1", "normal", 0.06, 0.3, 2.0,
      "Share of food iron absorbed, extrapolated to a ferritin of 1 µg/L.",
      "Fairweather-Tait 2017 doi 10.3945/ajcn.116.147389 (0.81 in men, 1.74 in women before menopause, "
      f"with other exponents); set to {FERRITIN_OF_MEN}"),
    P("absorption_ferritin_exponent", 0.50, "1", "normal", 0.05, 0.3, 0.8,
      "Fall of the absorbed share with the logarithm of ferritin.",
      "Fairweather-Tait 2017 doi 10.3945/ajcn.116.147389 (0.40-0.68); set to "
      f"{ABSORPTION_OF_DONORS}"),
    P("absorption_drive_gain", 1.5, "1", "normal", 0.6, 0.0, 15.0,
      "Relative rise of absorption per share of the red-cell iron target that is missing.",
      f"set to {HAEMOGLOBIN_AFTER_DONATION}"),
    P("absorption_ceiling_men_mg_per_day", 6.0, "mg/day", "normal", 0.4, 3.0, 7.0,
      "Largest absorption from food in men.",
      f"assumed, a third above the mean of men in {ABSORPTION_OF_DONORS}"),
    P("absorption_ceiling_women_mg_per_day", 5.0, "mg/day", "normal", 0.4, 2.5, 7.0,
      "Largest absorption from food in women.",
      f"assumed, a third above the mean of women in {ABSORPTION_OF_DONORS}"),
    P("tablet_absorption_scale", 0.87, "1", "normal", 0.1, 0.3, 1.5,
      "Absorption (mg) from a first ferrous tablet is scale x dose^power: the scale.",
      "fit to Moretti 2015 Blood 126:1981 (40 mg: 6.7; 240 mg: 18.1)"),
    P("tablet_absorption_power", 0.555, "1", "normal", 0.05, 0.3, 1.0,
      "Absorption (mg) from a first ferrous tablet is scale x dose^power: the power.",
      "fit to Moretti 2015 Blood 126:1981"),
    P("tablet_daily_factor", 0.64, "1", "normal", 0.05, 0.3, 1.0,
      "Absorption of daily doses relative to a first dose.",
      "Moretti 2015 Blood 126:1981: 35-45 % less"),
    P("tablet_reference_ferritin_ug_per_l", 80, "µg/L", "fixed", 0, 10, 100,
      "Ferritin above which absorption from tablets falls, as that from food does.",
      "assumed, above the ferritin of at most 20 in Moretti 2015 Blood 126:1981: with tablets, "
      "donors recover as fast from a ferritin above 26 as from one below (HEIRS, Kiss 2015)"),
    P("erythropoiesis_per_month", 0.80, "1/month", "normal", 0.04, 0.3, 1.0,
      "Share of missing red-cell iron that is replaced in a month when iron is plentiful.",
      f"set to {HAEMOGLOBIN_AFTER_DONATION}"),
    P("store_release_per_month", 0.165, "1/month", "normal", 0.03, 0.02, 1.0,
      "Share of full stores that can reach the marrow in a month, at 70 kg; of lower stores a smaller "
      "share.",
      f"set to {HAEMOGLOBIN_AFTER_DONATION}"),
    P("red_cell_return_per_month", 0.5, "1/month", "normal", 0.1, 0.1, 1.0,
      "Share of red-cell iron above the target that returns to stores in a month.",
      "assumed; red-cell life of 120 days and neocytolysis"),
    P("tissue_iron_mg_per_kg", 0.7, "mg/kg", "fixed", 0, 0.1, 6.0,
      "Functional iron in tissues per kg of body weight.", f"{IOM} p. 334"),
    P("birth_iron_mg_per_kg", 75, "mg/kg", "normal", 5, 40, 110,
      "Body iron of a newborn whose mother is replete.", "Rudolph's Pediatrics"),
    P("transferrin_saturation_full_percent", 30, "%", "normal", 1.5, 20, 45,
      "Transferrin saturation when iron stores are full.", "NHANES: medians 28-30 % in men"),
    P("transferrin_saturation_half_ug_per_l", 12, "µg/L", "normal", 2, 4, 30,
      "Ferritin at which transferrin saturation is half of that at full stores.",
      "assumed; 16 % at empty stores"),
    P("transferrin_receptor_mg_per_l", 2.9, "mg/L", "normal", 0.3, 1.0, 8.0,
      "Soluble transferrin receptor of a replete person without increased erythropoiesis.",
      "RISE: 3.2 mg/L in donors with mean ferritin 39.5"),
)  # fmt: skip

PERIPHERAL_IRON = Room(
    title="peripheral iron",
    body_fields=_BODY_FIELDS,
    parameters=_PARAMETERS,
    derived={
        "share_at_tablet_reference": lambda p: (
            p["absorption_at_ferritin_one"]
            * p["tablet_reference_ferritin_ug_per_l"] ** -p["absorption_ferritin_exponent"]
        ),
    },
    tables=(
        Table("absorption_by_stores", (STORES_KNOTS + 2,), "absorbed share of food iron by stores"),
    ),
    fill=fill_iron_tables,
    groups=(
        Group(
            "iron_deficiency",
            "iron deficiency",
            "state",
            "ferritin without inflammation below 15 µg/L (12 below five years)",
            WHO_2020,
            IRON_STORES,
            is_iron_deficient,
        ),
        Group(
            "iron_deficiency_anaemia",
            "iron deficiency anaemia",
            "state",
            "iron deficiency, and haemoglobin below 130 g/L in men, 120 in women, 110 in pregnancy, "
            "110-120 in children",
            WHO_2011,
            IRON_STORES,
            lambda people: is_iron_deficient(people) & is_anaemic(people),
        ),
    ),
)


# Rules ----------------------------------------------------------------------------------------------


@compiled
def ferritin(body: Any, life: Any, p: Inputs) -> float:
    """Ferritin (µg/L) of the stores and of macrophages with infused iron, without inflammation."""
    iron_mg = body.storage_iron_mg + body.infused_iron_mg
    return ferritin_at(iron_mg / life.storage_scale_mg, p.storage_bend_ug_per_l)


@compiled
def haemoglobin(body: Any, blood_volume_l: float, p: Inputs) -> float:
    """Haemoglobin concentration (g/L) of the red-cell iron in this volume of blood."""
    return body.red_cell_iron_mg / (blood_volume_l * p.haemoglobin_iron_mg_per_g)


@compiled
def absorbed_from_food(life: Any, share: float, drive: float, burden: Any, p: Inputs) -> float:
    """Iron absorbed from food (mg/day): a share by stores, raised by erythropoiesis, to a ceiling."""
    ceiling = (
        p.absorption_ceiling_men_mg_per_day
        if life.sex == MALE
        else p.absorption_ceiling_women_mg_per_day
    )
    wanted = life.iron_intake_mg_per_day * share * drive * burden.absorption_factor
    return min(wanted, ceiling * burden.absorption_ceiling_factor)


@compiled
def absorbed_from_tablets(
    dose: float, relative: float, share: float, drive: float, burden: Any, p: Inputs
) -> float:
    """Iron absorbed from tablets (mg), of one such dose; it falls above the ferritin of the trials.

    ``relative`` is the absorption of a dose after others, relative to that of a first one.
    """
    first_dose = p.tablet_absorption_scale * exp(p.tablet_absorption_power * log(dose))
    regulated = min(share / p.share_at_tablet_reference, 1.0)
    wanted = first_dose * relative * regulated * drive * burden.absorption_factor
    return min(wanted, 0.5 * dose)


@compiled
def erythropoietic_drive(deficit_mg: float, target_mg: float, p: Inputs) -> float:
    """Absorption relative to that of a person who lacks no red-cell iron."""
    return 1.0 + p.absorption_drive_gain * max(deficit_mg, 0.0) / target_mg


@compiled
def released_from_stores(body: Any, life: Any, per_scale: float, p: Inputs) -> float:
    """Iron (mg) that stores can give to the marrow in a month.

    Low stores give a smaller share of what they hold. Small bodies turn over faster, by the fourth
    root of weight.
    """
    share = 1.0 - exp(-body.storage_iron_mg * per_scale)
    pace = math.sqrt(math.sqrt(REFERENCE_WEIGHT_KG / life.weight_kg))
    return p.store_release_per_month * share * pace * body.storage_iron_mg


@inlined
def advance_iron(
    body: Any, life: Any, burden: Any, care: Care, per_scale: float, p: Inputs
) -> None:
    """One month of peripheral iron under a burden and with the care that is given."""
    share = absorbed_share((body.storage_iron_mg + body.infused_iron_mg) * per_scale, p)
    red_cells = body.red_cell_iron_mg
    bled = 0.0
    lost_ml = burden.blood_loss_ml + burden.menses_ml * burden.menses_factor
    if lost_ml > 0.0:
        # An anaemic person loses less iron with the same volume of blood.
        circulating_ml = 1000.0 * life.blood_volume_l * burden.blood_volume_factor
        bled = red_cells * min(lost_ml / circulating_ml, MOST_BLOOD_LOST)
        red_cells -= bled
    target = life.red_cell_target_mg * burden.red_cell_target_factor
    deficit = target - red_cells

    drive = erythropoietic_drive(deficit, target, p)
    absorbed_per_day = absorbed_from_food(life, share, drive, burden, p)
    if burden.oral_iron_mg_per_day > 0.0:
        absorbed_per_day += absorbed_from_tablets(
            burden.oral_iron_mg_per_day, p.tablet_daily_factor, share, drive, burden, p
        )
    if care.oral_iron_mg > 0.0:
        absorbed_per_day += care.oral_iron_days * absorbed_from_tablets(
            care.oral_iron_mg, care.oral_iron_relative, share, drive, burden, p
        )
    absorbed = absorbed_per_day * DAYS_PER_MONTH
    stores = body.storage_iron_mg + absorbed + care.infused_iron_mg
    if body.infused_iron_mg > 0.0 or care.slow_iron_mg > 0.0:
        stores += pass_on(body, care.slow_iron_mg, p)

    # Other losses take at most what stores hold; the child of a mother without stores gets less.
    lost = min(burden.iron_loss_mg, stores)
    stores -= lost
    milk = min(burden.milk_iron_mg, stores)
    stores -= milk
    tissue = p.tissue_iron_mg_per_kg * life.weight_kg - body.tissue_iron_mg
    tissue = min(max(tissue, 0.0), stores)
    stores -= tissue
    brought = stores - body.storage_iron_mg

    passed = 0.0
    if burden.conceptus_demand_mg > 0.0:
        supply = transferrin_saturation(body, life, p) / p.transferrin_saturation_full_percent
        obtained = p.conceptus_priority + (1.0 - p.conceptus_priority) * supply
        wanted = burden.conceptus_demand_mg * obtained
        passed = min(wanted, stores)
        stores -= passed
        # What stores lack comes from the mother's red cells.
        from_red_cells = min(wanted - passed, 0.05 * red_cells)
        red_cells -= from_red_cells
        deficit += from_red_cells
        passed += from_red_cells
        body.conceptus_iron_mg += passed

    # What food and tablets bring beyond other losses goes to red cells first; stores follow slowly,
    # though the conceptus draws on them at will. The iron of surplus cells returns to stores.
    if deficit > 0.0:
        reaching = max(brought + released_from_stores(body, life, per_scale, p), 0.0)
        made = min(p.erythropoiesis_per_month * deficit, reaching, stores)
    else:
        made = p.red_cell_return_per_month * deficit
    red_cells += made
    stores -= made

    body.storage_iron_mg = stores
    body.red_cell_iron_mg = red_cells
    body.tissue_iron_mg += tissue
    body.iron_gained_mg += absorbed + (care.infused_iron_mg + care.slow_iron_mg)
    body.iron_spent_mg += bled + lost + milk + passed
    body.absorbed_mg_per_day = absorbed_per_day
    body.lost_mg_per_day = (bled + lost + milk + passed) * MONTHS_PER_DAY


@compiled
def endow_with_iron(body: Any, life: Any, endowment_mg: float, p: Inputs) -> None:
    """The iron of a newborn: haemoglobin and tissue come first, the rest is stored."""
    red_cells = min(life.red_cell_target_mg * NEWBORN_RED_CELLS, 0.75 * endowment_mg)
    tissue = min(p.tissue_iron_mg_per_kg * life.weight_kg, 0.05 * endowment_mg)
    body.red_cell_iron_mg = red_cells
    body.tissue_iron_mg = tissue
    body.storage_iron_mg = endowment_mg - red_cells - tissue
    body.iron_gained_mg = endowment_mg


@compiled
def transferrin_saturation(body: Any, life: Any, p: Inputs) -> float:
    """Transferrin saturation (%) at this supply, without inflammation."""
    level = ferritin(body, life, p)
    half = p.transferrin_saturation_half_ug_per_l
    return p.transferrin_saturation_full_percent * level / (level + half)


@compiled
def transferrin_receptor(body: Any, life: Any, p: Inputs) -> float:
    """Soluble transferrin receptor (mg/L): rises with erythropoiesis and with falling supply."""
    missing = life.red_cell_target_mg - body.red_cell_iron_mg
    drive = erythropoietic_drive(missing, life.red_cell_target_mg, p)
    saturation = transferrin_saturation(body, life, p)
    supply = saturation / p.transferrin_saturation_full_percent
    return p.transferrin_receptor_mg_per_l * drive / math.sqrt(max(supply, 0.02))
