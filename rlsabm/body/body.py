"""A body: born with iron, then advanced month by month under a burden."""

from __future__ import annotations

from typing import Any

from rlsabm.body.brain import advance_brain
from rlsabm.body.iron import advance_iron, endow_with_iron
from rlsabm.body.symptoms import advance_symptoms
from rlsabm.compilation import compiled, inlined
from rlsabm.parameters.responses import cns_supply
from rlsabm.parameters.tables import Tables
from rlsabm.parameters.values import Values
from rlsabm.person import LONG_AGO, NEVER


@compiled
def be_born(body: Any, life: Any, given_mg: float, tables: Tables, p: Values) -> None:
    """A newborn's body; where the mother's gift is not known, it has what replete mothers give."""
    body.endowment_mg = given_mg
    iron_mg = given_mg if given_mg > 0.0 else p.birth_iron_mg_per_kg * life.weight_kg
    endow_with_iron(body, life, iron_mg, p)
    body.brain_iron_fast = life.cns_iron_trait * cns_supply(
        tables, body.storage_iron_mg / life.storage_scale_mg
    )
    body.brain_iron_slow = p.slow_pool_at_birth
    body.rls_first_month = NEVER
    body.rls_last_month = LONG_AGO
    body.weekly_last_month = LONG_AGO
    body.significant_last_month = LONG_AGO


@inlined
def advance_body(
    body: Any,
    life: Any,
    burden: Any,
    age: int,
    month: int,
    u: float,
    tables: Tables,
    p: Values,
) -> None:
    """One month: iron, then CNS iron and dopamine, then symptoms."""
    per_scale = 1.0 / life.storage_scale_mg
    advance_iron(body, life, burden, per_scale, tables, p)
    iron_effect = advance_brain(body, life, burden, age, per_scale, tables, p)
    advance_symptoms(body, life, burden, iron_effect, age, month, u, tables, p)
