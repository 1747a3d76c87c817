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
from rlsabm.body.lasting import advance_lasting
from rlsabm.body.responses import STORES_KNOTS, cns_supply, tabulate_supply
from rlsabm.burden import Care
from rlsabm.compilation import compiled, inlined
from rlsabm.conventions import LAST_AGE
from rlsabm.declaring.fields import Field
from rlsabm.declaring.inputs import Inputs
from rlsabm.declaring.parameter import Parameter as P
from rlsabm.declaring.room import Making, PersonColumn, Room
from rlsabm.declaring.sources import RLS_IN_ANAEMIA
from rlsabm.declaring.tables import BY_AGE, Table


def fill_brain_tables(making: Making) -> Mapping[str, Floats]:
    """Supply of iron to the CNS by stores, and structural CNS iron at full supply by age."""
    p, ages = making.p, np.arange(LAST_AGE + 1)
    supply = np.zeros(STORES_KNOTS + 2)
    tabulate_supply(supply, p)
    norm = 1.0 - (1.0 - p.structural_pool_at_birth) * np.exp(-ages / p.structural_pool_years)
    return {
        "supply_by_stores": supply,
        "structural_pool_norm": norm,
        "per_structural_pool_norm": 1.0 / norm,
    }


_BODY_FIELDS = (
    Field(
        "cns_iron_exchangeable", "f4", "ratio", "exchangeable CNS iron, typical adult = 1", lower=0
    ),
    Field(
        "cns_iron_structural", "f4", "ratio", "structural CNS iron, typical old adult = 1", lower=0
    ),
    Field(
        "dopamine_deficit",
        "f4",
        "liability",
        "loss of dopaminergic function, in units of liability",
    ),
    Field(
        "dopamine_support",
        "f4",
        "liability",
        "dopaminergic function that treatment adds, in units of liability",
        lower=0,
    ),
)
_PARAMETERS = (
    P("supply_half_ferritin_ug_per_l", 3.7, "µg/L", "lognormal", 0.3, 1, 25,
      "Ferritin at which the supply of iron to the CNS is half of the full supply.",
      "assumed; nearly flat until stores are almost empty, because women without children have no "
      "more RLS than men, and cases no lower ferritin than others", centre=3.5),
    P("supply_steepness", 5.8, "1", "normal", 1.0, 1.0, 12.0,
      "Steepness with which the supply of iron to the CNS falls with ferritin (Hill exponent).",
      "assumed", centre=5.5),
    P("exchangeable_pool_months", 2.0, "months", "lognormal", 0.35, 1.0, 4.0,
      "Time constant of exchangeable CNS iron.",
      "Kim 2023 Sleep: brain iron rises within 6 weeks of an infusion and is back at 24"),
    P("structural_pool_years", 14.0, "years", "lognormal", 0.3, 8.0, 30.0,
      "Time constant of structural CNS iron.",
      "Hallgren & Sourander 1958 J Neurochem 3:41: 11 (pallidum) to 25 years (putamen)"),
    P("structural_pool_at_birth", 0.05, "1", "fixed", 0, 0.01, 0.5,
      "Structural CNS iron of a newborn relative to an old adult.",
      "Hallgren & Sourander 1958 (0.02-0.07 over regions)"),
    P("deficit_convexity", 0.3, "1", "normal", 0.2, 0.0, 1.0,
      "Convexity of the effect of a CNS iron deficit: 0 makes it a square, 1 a cube of the deficit, so "
      "that marginal depletion has little effect and severe depletion much.", "assumed"),
    P("deficit_effect", 7.92, "units of liability", "lognormal", 0.25, 0.0, 20.0,
      "Liability added by a complete lack of exchangeable CNS iron.", f"set to {RLS_IN_ANAEMIA}",
      centre=6.4),
    P("dopamine_share", 0.8, "1", "normal", 0.08, 0.0, 1.0,
      "Share of the effect of a CNS iron deficit that passes through dopamine.",
      "assumed: the hypothesis says largely"),
    P("structural_deficit_effect", 1.0, "units of liability", "lognormal", 0.5, 0.0, 10.0,
      "Liability added by a complete lack of structural CNS iron.", "assumed"),
    P("dopamine_months", 1.0, "months", "lognormal", 0.3, 0.2, 3.0,
      "Time constant of dopaminergic function.", "assumed; within a month"),
)  # fmt: skip

BRAIN = Room(
    title="CNS iron and dopamine",
    body_fields=_BODY_FIELDS,
    parameters=_PARAMETERS,
    derived={
        "exchangeable_pool_step": lambda p: 1.0 - math.exp(-1.0 / p["exchangeable_pool_months"]),
        "structural_pool_step": lambda p: (
            1.0 - math.exp(-1.0 / (12.0 * p["structural_pool_years"]))
        ),
        "dopamine_step": lambda p: 1.0 - math.exp(-1.0 / p["dopamine_months"]),
        "log_supply_half_ferritin": lambda p: math.log(p["supply_half_ferritin_ug_per_l"]),
    },
    tables=(
        Table("supply_by_stores", (STORES_KNOTS + 2,), "supply of iron to the CNS by iron stores"),
        Table("structural_pool_norm", BY_AGE, "structural CNS iron at full supply, by age"),
        Table(
            "per_structural_pool_norm",
            BY_AGE,
            "reciprocal of the structural CNS iron at full supply, by age",
        ),
    ),
    fill=fill_brain_tables,
    columns=(
        PersonColumn(
            "cns_iron_exchangeable",
            "ratio",
            "exchangeable CNS iron, typical adult = 1",
            lambda people: people.cns_iron_exchangeable,
            type="number",
        ),
        PersonColumn(
            "cns_iron_structural",
            "ratio",
            "structural CNS iron, typical old adult = 1",
            lambda people: people.cns_iron_structural,
            type="number",
        ),
    ),
)


@compiled
def deficit_effect(lacking: float, p: Inputs) -> float:
    """Liability added by a lack of exchangeable CNS iron (0 to 1), as a convex function of it."""
    return p.deficit_effect * lacking * lacking * (1.0 - p.deficit_convexity * (1.0 - lacking))


@inlined
def advance_pools(body: Any, life: Any, supply: float, p: Inputs) -> None:
    """One month of both pools of CNS iron at this supply (1 is the full supply)."""
    kept = 1.0 - p.lasting_cns_iron_loss * body.vulnerability
    target = life.cns_iron_trait * supply * kept
    body.cns_iron_exchangeable += (target - body.cns_iron_exchangeable) * p.exchangeable_pool_step
    body.cns_iron_structural += (
        body.cns_iron_exchangeable - body.cns_iron_structural
    ) * p.structural_pool_step


@inlined
def iron_effect(body: Any, age: int, p: Inputs) -> float:
    """Liability added by the deficit of both pools of CNS iron."""
    effect = 0.0
    lacking = 1.0 - body.cns_iron_exchangeable
    if lacking > 0.0:
        effect = deficit_effect(lacking, p)
    lacking = 1.0 - body.cns_iron_structural * p.per_structural_pool_norm[age]
    if lacking > 0.0:
        effect += p.structural_deficit_effect * lacking
    return effect


@inlined
def advance_dopamine(body: Any, by_iron: float, load: float, p: Inputs) -> None:
    """One month of dopaminergic function, which lack of iron and other loads lower."""
    deficit = by_iron + load
    body.dopamine_deficit += (deficit - body.dopamine_deficit) * p.dopamine_step


@inlined
def advance_brain(
    body: Any, life: Any, burden: Any, care: Care, age: int, per_scale: float, p: Inputs
) -> float:
    """One month of CNS iron and dopamine; returns the effect of the iron deficit on liability."""
    supply = cns_supply(body.storage_iron_mg * per_scale, p) * care.supply_factor
    supply += p.infused_iron_supply_per_mg * body.infused_iron_mg
    advance_lasting(body, burden, min(supply, 1.0), p)
    advance_pools(body, life, supply, p)
    effect = iron_effect(body, age, p)
    advance_dopamine(body, p.dopamine_share * effect, burden.dopamine_load, p)
    return effect
