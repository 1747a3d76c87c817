"""A body: born with iron, then advanced month by month under a burden."""

from __future__ import annotations

from typing import Any, NamedTuple

from rlsabm.body.brain import advance_brain
from rlsabm.body.iron import advance_iron, endow_with_iron
from rlsabm.body.responses import cns_supply
from rlsabm.body.symptoms import advance_symptoms
from rlsabm.burden import Care
from rlsabm.compilation import compiled, inlined
from rlsabm.declaring.inputs import Inputs
from rlsabm.moment import Moment


class Constitution(NamedTuple):
    """What iron, brain and symptoms see of a life, which stays the same from month to month.

    Fields are those of the life. Compiled loops hold them in registers, and work out once what
    follows from them alone.
    """

    sex: int
    weight_kg: float
    blood_volume_l: float
    red_cell_target_mg: float
    storage_scale_mg: float
    iron_intake_mg_per_day: float
    cns_iron_trait: float
    other_liability: float


@inlined
def constitution_of(life: Any) -> Constitution:
    """What iron, brain and symptoms see of this life."""
    return Constitution(
        life.sex,
        life.weight_kg,
        life.blood_volume_l,
        life.red_cell_target_mg,
        life.storage_scale_mg,
        life.iron_intake_mg_per_day,
        life.cns_iron_trait,
        life.other_liability,
    )


@compiled
def be_born(body: Any, life: Any, given_mg: float, p: Inputs) -> None:
    """A newborn's body; iron that is not known (0) is that of the child of a replete mother."""
    body.endowment_mg = given_mg
    iron_mg = given_mg if given_mg > 0.0 else p.birth_iron_mg_per_kg * life.weight_kg
    endow_with_iron(body, life, iron_mg, p)
    body.cns_iron_exchangeable = life.cns_iron_trait * cns_supply(
        body.storage_iron_mg / life.storage_scale_mg, p
    )
    body.cns_iron_structural = p.structural_pool_at_birth


@inlined
def advance_body(
    body: Any,
    life: Any,
    burden: Any,
    care: Care,
    at: Moment,
    p: Inputs,
) -> None:
    """One month under a burden, with the care of the month: iron, then the brain, then symptoms."""
    per_scale = 1.0 / life.storage_scale_mg
    advance_iron(body, life, burden, care, per_scale, p)
    iron_effect = advance_brain(body, life, burden, care, at.age, per_scale, p)
    advance_symptoms(body, life, iron_effect, at, p)
