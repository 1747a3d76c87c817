"""Peripheral iron: stores, red cells, absorption and loss, month by month.

The iron ledger closes: what a body holds is what it was endowed with, absorbed and was infused with,
less what it lost and passed on.
"""

from __future__ import annotations

import math
from typing import Any

from rlsabm.compilation import compiled, inlined
from rlsabm.mathematics import exp, log
from rlsabm.parameters.responses import absorbed_share, ferritin_at
from rlsabm.parameters.tables import Tables
from rlsabm.parameters.values import Values
from rlsabm.person import MALE

DAYS_PER_MONTH = 30.44
MONTHS_PER_DAY = 1.0 / DAYS_PER_MONTH
#: Share of the blood that can be lost in a month.
MOST_BLOOD_LOST = 0.6


@compiled
def ferritin(body: Any, life: Any, p: Values) -> float:
    """Ferritin (µg/L) of the stores, without inflammation."""
    return ferritin_at(body.storage_iron_mg / life.storage_scale_mg, p.storage_bend_ug_per_l)


@compiled
def haemoglobin(body: Any, blood_volume_l: float, p: Values) -> float:
    """Haemoglobin concentration (g/L) of the red-cell iron in this volume of blood."""
    return body.red_cell_iron_mg / (blood_volume_l * p.haemoglobin_iron_mg_per_g)


@compiled
def absorbed_from_food(life: Any, share: float, drive: float, burden: Any, p: Values) -> float:
    """Iron absorbed from food (mg/day): the share at these stores, more with drive, capped."""
    ceiling = (
        p.absorption_ceiling_men_mg_per_day
        if life.sex == MALE
        else p.absorption_ceiling_women_mg_per_day
    )
    wanted = life.iron_intake_mg_per_day * share * drive * burden.absorption_factor
    return min(wanted, ceiling * burden.absorption_ceiling_factor)


@compiled
def absorbed_from_tablets(share: float, drive: float, burden: Any, p: Values) -> float:
    """Iron absorbed from tablets taken daily (mg/day), less above the ferritin of the trials."""
    dose = burden.oral_iron_mg_per_day
    first_dose = p.tablet_absorption_scale * exp(p.tablet_absorption_power * log(dose))
    regulated = min(share / p.share_at_tablet_reference, 1.0)
    wanted = first_dose * p.tablet_daily_factor * regulated * drive * burden.absorption_factor
    return min(wanted, 0.5 * dose)


@compiled
def erythropoietic_drive(deficit_mg: float, target_mg: float, p: Values) -> float:
    """Absorption to that without a deficit of red-cell iron."""
    return 1.0 + p.absorption_drive_gain * max(deficit_mg, 0.0) / target_mg


@inlined
def advance_iron(
    body: Any, life: Any, burden: Any, per_scale: float, tables: Tables, p: Values
) -> None:
    """One month of peripheral iron."""
    share = absorbed_share(tables, body.storage_iron_mg * per_scale)
    red_cells = body.red_cell_iron_mg
    bled = 0.0
    lost_ml = burden.blood_loss_ml + burden.menses_ml * burden.menses_factor
    if lost_ml > 0.0:
        # Blood is lost at the concentration it has.
        circulating_ml = 1000.0 * life.blood_volume_l * burden.blood_volume_factor
        bled = red_cells * min(lost_ml / circulating_ml, MOST_BLOOD_LOST)
        red_cells -= bled
    target = life.red_cell_target_mg * burden.red_cell_target_factor
    deficit = target - red_cells

    drive = erythropoietic_drive(deficit, target, p)
    absorbed_per_day = absorbed_from_food(life, share, drive, burden, p)
    if burden.oral_iron_mg_per_day > 0.0:
        absorbed_per_day += absorbed_from_tablets(share, drive, burden, p)
    absorbed = absorbed_per_day * DAYS_PER_MONTH
    stores = body.storage_iron_mg + absorbed + burden.infused_iron_mg

    # Other losses and the child take what is there; the child of a mother without stores gets less.
    lost = min(burden.iron_loss_mg, stores)
    stores -= lost
    milk = min(burden.milk_iron_mg, stores)
    stores -= milk
    passed = 0.0
    if burden.conceptus_demand_mg > 0.0:
        supply = transferrin_saturation(body, life, p) / p.transferrin_saturation_full_percent
        obtained = p.conceptus_priority + (1.0 - p.conceptus_priority) * supply
        wanted = burden.conceptus_demand_mg * obtained
        passed = min(wanted, stores)
        stores -= passed
        # What stores cannot give, the mother's red cells give.
        from_red_cells = min(wanted - passed, 0.05 * red_cells)
        red_cells -= from_red_cells
        deficit += from_red_cells
        passed += from_red_cells
        body.conceptus_iron_mg += passed
    tissue = p.tissue_iron_mg_per_kg * life.weight_kg - body.tissue_iron_mg
    tissue = min(max(tissue, 0.0), stores)
    stores -= tissue

    # The marrow makes good a deficit as fast as iron reaches it; surplus cells return to stores.
    if deficit > 0.0:
        supply = absorbed_per_day + (
            p.store_release_per_month * body.storage_iron_mg * MONTHS_PER_DAY
        )
        half = p.half_supply_per_red_cell_iron * target
        saturation = supply * supply / (supply * supply + half * half)
        made = min(p.erythropoiesis_per_month * saturation * deficit, deficit, stores)
    else:
        made = p.red_cell_return_per_month * deficit
    red_cells += made
    stores -= made

    body.storage_iron_mg = stores
    body.red_cell_iron_mg = red_cells
    body.tissue_iron_mg += tissue
    body.iron_gained_mg += absorbed + burden.infused_iron_mg
    body.iron_spent_mg += bled + lost + milk + passed
    body.absorbed_mg_per_day = absorbed_per_day
    body.lost_mg_per_day = (bled + lost + milk + passed) * MONTHS_PER_DAY


@compiled
def endow_with_iron(body: Any, life: Any, endowment_mg: float, p: Values) -> None:
    """The iron of a newborn: haemoglobin and tissue first, the rest is stored."""
    red_cells = min(life.red_cell_target_mg * NEWBORN_RED_CELLS, 0.75 * endowment_mg)
    tissue = min(p.tissue_iron_mg_per_kg * life.weight_kg, 0.05 * endowment_mg)
    body.red_cell_iron_mg = red_cells
    body.tissue_iron_mg = tissue
    body.storage_iron_mg = endowment_mg - red_cells - tissue
    body.iron_gained_mg = endowment_mg


#: Newborns have about 170 g/L of haemoglobin, the set point of infants is about 120.
NEWBORN_RED_CELLS = 170.0 / 120.0


@compiled
def transferrin_saturation(body: Any, life: Any, p: Values) -> float:
    """Transferrin saturation (%) at this supply, without inflammation."""
    level = ferritin(body, life, p)
    half = p.transferrin_saturation_half_ug_per_l
    return p.transferrin_saturation_full_percent * level / (level + half)


@compiled
def transferrin_receptor(body: Any, life: Any, p: Values) -> float:
    """Soluble transferrin receptor (mg/L): more with drive, and with less supply."""
    missing = life.red_cell_target_mg - body.red_cell_iron_mg
    drive = erythropoietic_drive(missing, life.red_cell_target_mg, p)
    saturation = transferrin_saturation(body, life, p)
    supply = saturation / p.transferrin_saturation_full_percent
    return p.transferrin_receptor_mg_per_l * drive / math.sqrt(max(supply, 0.02))
