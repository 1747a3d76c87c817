"""CNS iron and dopamine.

CNS iron has an exchangeable pool (barrier endothelium, labile iron) that follows supply within
months, and a structural pool that fills over decades in proportion to the first. Dopaminergic
function falls with the deficit of both, and with loads that are not iron.
"""

from __future__ import annotations

from typing import Any

from rlsabm.compilation import compiled, inlined
from rlsabm.parameters.responses import cns_supply
from rlsabm.parameters.tables import Tables
from rlsabm.parameters.values import Values


@compiled
def deficit_effect(lacking: float, p: Values) -> float:
    """Liability by a share of exchangeable CNS iron that is lacking: convex."""
    return p.deficit_effect * lacking * lacking * (1.0 - p.deficit_convexity * (1.0 - lacking))


@inlined
def advance_pools(body: Any, life: Any, supply: float, p: Values) -> None:
    """One month of CNS iron at this supply (1 is full)."""
    target = life.cns_iron_trait * supply
    body.brain_iron_fast += (target - body.brain_iron_fast) * p.fast_pool_step
    body.brain_iron_slow += (body.brain_iron_fast - body.brain_iron_slow) * p.slow_pool_step


@inlined
def iron_effect(body: Any, age: int, tables: Tables, p: Values) -> float:
    """Effect of the deficit of both pools on liability."""
    effect = 0.0
    lacking = 1.0 - body.brain_iron_fast
    if lacking > 0.0:
        effect = deficit_effect(lacking, p)
    lacking = 1.0 - body.brain_iron_slow * tables.per_slow_pool_norm[age]
    if lacking > 0.0:
        effect += p.slow_deficit_effect * lacking
    return effect


@inlined
def advance_dopamine(body: Any, burden: Any, by_iron: float, p: Values) -> None:
    """One month of dopaminergic function, which falls by lack of iron and by other loads."""
    deficit = by_iron + burden.dopamine_load
    body.dopamine_deficit += (deficit - body.dopamine_deficit) * p.dopamine_step


@inlined
def advance_brain(
    body: Any, life: Any, burden: Any, age: int, per_scale: float, tables: Tables, p: Values
) -> float:
    """One month of CNS iron and dopamine; returns the effect of the iron deficit on liability."""
    stores = body.storage_iron_mg * per_scale
    advance_pools(body, life, cns_supply(tables, stores), p)
    effect = iron_effect(body, age, tables, p)
    advance_dopamine(body, burden, p.dopamine_share * effect, p)
    return effect
