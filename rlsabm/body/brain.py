"""CNS iron and dopamine.

CNS iron has an exchangeable pool (barrier endothelium, labile iron) that follows supply within
months, and a structural pool that fills over decades in proportion to the first. Dopaminergic
function falls with the deficit of both, and with loads that are not iron.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from rlsabm.arrays import Floats
from rlsabm.body.responses import STORES_KNOTS, cns_supply, tabulate_supply
from rlsabm.compilation import compiled, inlined
from rlsabm.conventions import LAST_AGE
from rlsabm.declaring.fields import Field
from rlsabm.declaring.inputs import Inputs
from rlsabm.declaring.parameter import Parameter as P
from rlsabm.declaring.room import Making, PersonColumn, Room
from rlsabm.declaring.tables import BY_AGE, Table


def fill_brain_tables(making: Making) -> Mapping[str, Floats]:
    """CNS supply by stores, and structural CNS iron at typical supply by age."""
    p, ages = making.p, np.arange(LAST_AGE + 1)
    supply = np.zeros(STORES_KNOTS + 2)
    tabulate_supply(supply, p)
    slow = 1.0 - (1.0 - p.slow_pool_at_birth) * np.exp(-ages / p.slow_pool_years)
    return {
        "supply_by_stores": supply,
        "slow_pool_norm": slow,
        "per_slow_pool_norm": 1.0 / slow,
    }


_BODY_FIELDS = (
    Field("brain_iron_fast", "f4", "ratio", "exchangeable CNS iron, typical adult = 1", lower=0),
    Field("brain_iron_slow", "f4", "ratio", "structural CNS iron, typical old adult = 1", lower=0),
    Field("dopamine_deficit", "f4", "liability", "loss of dopaminergic function"),
)
_PARAMETERS = (
    P("supply_half_ferritin_ug_per_l", 7.0, "µg/L", "lognormal", 0.25, 2, 25,
      "Ferritin at which CNS iron is supplied by half.",
      "assumed; near flat above 30-50 and falling steeply below 15"),
    P("supply_steepness", 2.5, "1", "normal", 0.5, 1.0, 6.0,
      "Steepness of the fall of supply with ferritin (Hill exponent).", "assumed"),
    P("fast_pool_months", 2.0, "months", "lognormal", 0.35, 1.0, 4.0,
      "Time constant of exchangeable CNS iron.",
      "Kim 2023 Sleep: brain iron rises within 6 weeks of an infusion and is back at 24"),
    P("slow_pool_years", 14.0, "years", "lognormal", 0.3, 8.0, 30.0,
      "Time constant of structural CNS iron.",
      "Hallgren & Sourander 1958 J Neurochem 3:41: 11 (pallidum) to 25 years (putamen)"),
    P("slow_pool_at_birth", 0.05, "1", "fixed", 0, 0.0, 0.5,
      "Structural CNS iron of a newborn relative to an old adult.",
      "Hallgren & Sourander 1958 (0.02-0.07 over regions)"),
    P("deficit_convexity", 0.3, "1", "normal", 0.2, 0.0, 1.0,
      "Convexity of the effect of a CNS iron deficit: 0 goes with its square, 1 with its cube. "
      "Marginal costs little, severe much.", "assumed"),
    P("deficit_effect", 2.0, "liability", "lognormal", 0.25, 0.0, 20.0,
      "Liability added by a complete lack of exchangeable CNS iron.", "set to C10"),
    P("dopamine_share", 0.8, "1", "normal", 0.08, 0.0, 1.0,
      "Share of that effect which passes through dopamine.",
      "assumed: largely, by the hypothesis"),
    P("slow_deficit_effect", 1.0, "liability", "lognormal", 0.5, 0.0, 10.0,
      "Liability added by a complete lack of structural CNS iron.", "assumed"),
    P("dopamine_months", 1.0, "months", "lognormal", 0.3, 0.2, 3.0,
      "Time constant of dopaminergic function.", "assumed; within a month"),
)  # fmt: skip

BRAIN = Room(
    title="CNS iron and dopamine",
    body_fields=_BODY_FIELDS,
    parameters=_PARAMETERS,
    derived={
        "fast_pool_step": lambda p: 1.0 - math.exp(-1.0 / p["fast_pool_months"]),
        "slow_pool_step": lambda p: 1.0 - math.exp(-1.0 / (12.0 * p["slow_pool_years"])),
        "dopamine_step": lambda p: 1.0 - math.exp(-1.0 / p["dopamine_months"]),
        "log_supply_half_ferritin": lambda p: math.log(p["supply_half_ferritin_ug_per_l"]),
    },
    tables=(
        Table("supply_by_stores", (STORES_KNOTS + 2,), "CNS supply by stores"),
        Table("slow_pool_norm", BY_AGE, "structural CNS iron at typical supply"),
        Table("per_slow_pool_norm", BY_AGE, "its reciprocal"),
    ),
    fill=fill_brain_tables,
    columns=(
        PersonColumn(
            "brain_iron_fast",
            "ratio",
            "exchangeable CNS iron, typical adult = 1",
            lambda people: people.brain_iron_fast,
            type="number",
        ),
        PersonColumn(
            "brain_iron_slow",
            "ratio",
            "structural CNS iron, typical old adult = 1",
            lambda people: people.brain_iron_slow,
            type="number",
        ),
    ),
)


@compiled
def deficit_effect(lacking: float, p: Inputs) -> float:
    """Liability by a share of exchangeable CNS iron that is lacking: convex."""
    return p.deficit_effect * lacking * lacking * (1.0 - p.deficit_convexity * (1.0 - lacking))


@inlined
def advance_pools(body: Any, life: Any, supply: float, p: Inputs) -> None:
    """One month of CNS iron at this supply (1 is full)."""
    target = life.cns_iron_trait * supply
    body.brain_iron_fast += (target - body.brain_iron_fast) * p.fast_pool_step
    body.brain_iron_slow += (body.brain_iron_fast - body.brain_iron_slow) * p.slow_pool_step


@inlined
def iron_effect(body: Any, age: int, p: Inputs) -> float:
    """Effect of the deficit of both pools on liability."""
    effect = 0.0
    lacking = 1.0 - body.brain_iron_fast
    if lacking > 0.0:
        effect = deficit_effect(lacking, p)
    lacking = 1.0 - body.brain_iron_slow * p.per_slow_pool_norm[age]
    if lacking > 0.0:
        effect += p.slow_deficit_effect * lacking
    return effect


@inlined
def advance_dopamine(body: Any, by_iron: float, load: float, p: Inputs) -> None:
    """One month of dopaminergic function, which falls by lack of iron and by other loads."""
    deficit = by_iron + load
    body.dopamine_deficit += (deficit - body.dopamine_deficit) * p.dopamine_step


@inlined
def advance_brain(
    body: Any, life: Any, burden: Any, age: int, per_scale: float, p: Inputs
) -> float:
    """One month of CNS iron and dopamine; returns the effect of the iron deficit on liability."""
    stores = body.storage_iron_mg * per_scale
    advance_pools(body, life, cns_supply(stores, p), p)
    effect = iron_effect(body, age, p)
    advance_dopamine(body, p.dopamine_share * effect, burden.dopamine_load, p)
    return effect
