"""Iron infused that macrophages still hold: stores receive it within months, the brain sees it at once.

Some formulations are taken up by macrophages whole, which pass their iron on over months.  While they
do, more iron reaches the CNS than full stores would send there; then it is iron in stores as any other.
"""

from __future__ import annotations

import math
from typing import Any

from rlsabm.compilation import inlined
from rlsabm.declaring.fields import Field
from rlsabm.declaring.inputs import Inputs
from rlsabm.declaring.parameter import Parameter as P
from rlsabm.declaring.room import Room
from rlsabm.declaring.sources import IRON_IN_TRIALS

_BODY_FIELDS = (
    Field("infused_iron_mg", "f8", "mg", "iron of infusions that macrophages still hold", lower=0),
)
_PARAMETERS = (
    P("infused_iron_months", 2.0, "months", "lognormal", 0.3, 0.2, 12.0,
      "Time constant with which macrophages pass infused iron on to stores.",
      "assumed; Kim 2023 Sleep: brain iron rises within 6 weeks of an infusion and is back at 24"),
    P("infused_iron_supply_per_g", 0.75, "1/g", "lognormal", 0.5, 0.0, 3.0,
      "Supply of iron to the CNS that 1 g of infused iron in macrophages adds to that of stores, "
      "relative to the supply of full stores.",
      f"set to {IRON_IN_TRIALS}"),
)  # fmt: skip

INFUSED_IRON = Room(
    title="iron infused",
    body_fields=_BODY_FIELDS,
    parameters=_PARAMETERS,
    derived={
        "infused_iron_step": lambda p: 1.0 - math.exp(-1.0 / p["infused_iron_months"]),
        "infused_iron_supply_per_mg": lambda p: p["infused_iron_supply_per_g"] / 1000.0,
    },
)


@inlined
def pass_on(body: Any, infused_mg: float, p: Inputs) -> float:
    """One month of infused iron in macrophages, to which this is added; returns what stores get."""
    body.infused_iron_mg += infused_mg
    released = body.infused_iron_mg * p.infused_iron_step
    body.infused_iron_mg -= released
    return released
