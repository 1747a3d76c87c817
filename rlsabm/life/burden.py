"""The burden of a month: what a life does to the body, condition by condition.

A burden is made of parts, one a condition.  Amounts add up, factors multiply, so that a part that does
nothing changes no bit of the sum.  A counterfactual burden is the sum without a part, or without the
iron of a part.
"""

from __future__ import annotations

from typing import Any

from rlsabm.body.iron import DAYS_PER_MONTH
from rlsabm.compilation import compiled, inlined
from rlsabm.parameters.tables import Tables


@inlined
def lay_neutral(burden: Any) -> None:
    """A burden that does nothing."""
    burden.blood_loss_ml = 0.0
    burden.menses_ml = 0.0
    burden.menses_factor = 1.0
    burden.iron_loss_mg = 0.0
    burden.milk_iron_mg = 0.0
    burden.conceptus_demand_mg = 0.0
    burden.red_cell_target_factor = 1.0
    burden.blood_volume_factor = 1.0
    burden.absorption_factor = 1.0
    burden.absorption_ceiling_factor = 1.0
    burden.oral_iron_mg_per_day = 0.0
    burden.infused_iron_mg = 0.0
    burden.dopamine_load = 0.0
    burden.lasting_months = 0.0
    burden.mortality_ratio = 1.0


@compiled
def add_part(total: Any, part: Any) -> None:
    """Add a part to a burden."""
    add_iron_of_part(total, part)
    add_rest_of_part(total, part)


@inlined
def add_iron_of_part(total: Any, part: Any) -> None:
    """Add what a part does to iron."""
    total.blood_loss_ml += part.blood_loss_ml
    total.menses_ml += part.menses_ml
    total.menses_factor *= part.menses_factor
    total.iron_loss_mg += part.iron_loss_mg
    total.milk_iron_mg += part.milk_iron_mg
    total.conceptus_demand_mg += part.conceptus_demand_mg
    total.red_cell_target_factor *= part.red_cell_target_factor
    total.blood_volume_factor *= part.blood_volume_factor
    total.absorption_factor *= part.absorption_factor
    total.absorption_ceiling_factor *= part.absorption_ceiling_factor
    total.oral_iron_mg_per_day += part.oral_iron_mg_per_day
    total.infused_iron_mg += part.infused_iron_mg


@inlined
def add_rest_of_part(total: Any, part: Any) -> None:
    """Add what a part does to the body but not to iron; mortality is of the life, in all worlds."""
    total.dopamine_load += part.dopamine_load
    total.lasting_months += part.lasting_months


@compiled
def is_neutral(part: Any) -> bool:
    """Whether a part does nothing to the body."""
    return (
        part.blood_loss_ml == 0.0
        and part.menses_ml == 0.0
        and part.menses_factor == 1.0
        and part.iron_loss_mg == 0.0
        and part.milk_iron_mg == 0.0
        and part.conceptus_demand_mg == 0.0
        and part.red_cell_target_factor == 1.0
        and part.blood_volume_factor == 1.0
        and part.absorption_factor == 1.0
        and part.absorption_ceiling_factor == 1.0
        and part.oral_iron_mg_per_day == 0.0
        and part.infused_iron_mg == 0.0
        and part.dopamine_load == 0.0
        and part.lasting_months == 0.0
    )


@compiled
def lay_standing(
    burden: Any, conditions: int, without_iron_of: int, begun: int, tables: Tables
) -> None:
    """The burden of the conditions of the catalogue that are there.

    Parameters
    ----------
    burden
        Record to be filled.
    conditions
        Bits of the conditions that are there.
    without_iron_of
        Bits of those whose iron effects are left out.
    begun
        Bits of those that began this month: some bleed at onset.
    tables
        Tables of the run.
    """
    lay_neutral(burden)
    c = -1
    while conditions >> (c + 1):
        c += 1
        bit = 1 << c
        if not conditions & bit:
            continue
        if not without_iron_of & bit:
            burden.blood_loss_ml += tables.condition_blood_ml_per_day[c] * DAYS_PER_MONTH
            if begun & bit:
                burden.blood_loss_ml += tables.condition_blood_ml_at_onset[c]
            burden.iron_loss_mg += tables.condition_iron_mg_per_day[c] * DAYS_PER_MONTH
            burden.absorption_factor *= tables.condition_absorption[c]
            burden.red_cell_target_factor *= tables.condition_haemoglobin[c]
        burden.dopamine_load += tables.condition_dopamine_load[c]
        burden.mortality_ratio *= tables.condition_mortality[c]


@inlined
def begin_month(burden: Any, standing: Any, life: Any) -> None:
    """The burden of a month in which nothing happens: basal loss, and the conditions that are there.

    Only what `lay_standing` fills is copied; the rest is known to be neutral, which saves a tenth of
    a month's cost.
    """
    lay_neutral(burden)
    burden.blood_loss_ml = standing.blood_loss_ml
    burden.iron_loss_mg = standing.iron_loss_mg + life.basal_loss_mg_per_day * DAYS_PER_MONTH
    burden.absorption_factor = standing.absorption_factor
    burden.red_cell_target_factor = standing.red_cell_target_factor
    burden.dopamine_load = standing.dopamine_load
