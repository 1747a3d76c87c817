"""What pregnancies, and months short of iron, leave behind for good.

Months after a delivery most women are free of symptoms, while decades later mothers have more RLS than
others.  Both hold if what a pregnancy leaves behind shows with a delay of years.  Three explanations
compete, each with a parameter that can be zero: it adds to liability; it lowers CNS iron, and so tells
in those whose CNS iron is marginal; or it is a scar of months in which the supply of iron to the CNS
was short, in pregnancy or otherwise.
"""

from __future__ import annotations

import math
from typing import Any

from rlsabm.compilation import inlined
from rlsabm.declaring.fields import Field
from rlsabm.declaring.inputs import Inputs
from rlsabm.declaring.parameter import Parameter as P
from rlsabm.declaring.room import Room
from rlsabm.declaring.sources import RLS_AFTER_ONE_BIRTH

_BODY_FIELDS = (
    Field(
        "lasting_load",
        "f4",
        "share",
        "lasting load of all pregnancies and months short of iron so far, as a share of the largest "
        "possible",
        lower=0,
        upper=1,
    ),
    Field(
        "vulnerability",
        "f4",
        "share",
        "share of the largest possible lasting load that already acts",
        lower=0,
        upper=1,
    ),
)
_PARAMETERS = (
    P("lasting_effect", 0.0, "units of liability", "normal", 0.25, 0.0, 5.0,
      "Liability that a complete lasting load adds for good, once the delay is over.",
      "assumed: none, because an effect on CNS iron explains the same with fewer parameters"),
    P("lasting_cns_iron_loss", 0.248, "1", "normal", 0.12, 0.0, 0.9,
      "Share of the CNS iron of full supply that a complete lasting load takes for good, once the "
      "delay is over.", f"set to {RLS_AFTER_ONE_BIRTH}, given lasting_share_per_pregnancy",
      centre=0.23),
    P("lasting_share_per_pregnancy", 0.608, "1", "normal", 0.12, 0.0, 1.0,
      "Share of the remaining lasting load that a pregnancy of nine months adds.",
      "assumed: about half of what remains, each time", centre=0.6),
    P("lasting_share_per_short_year", 0.0, "1", "normal", 0.1, 0.0, 1.0,
      "Share of the remaining lasting load that a year without any supply of iron to the CNS adds.",
      "assumed: none, so that pregnancies alone leave a lasting load"),
    P("lasting_delay_years", 8.0, "years", "lognormal", 0.3, 1.0, 20.0,
      "Time constant with which a lasting load begins to act.",
      "assumed: remission after delivery, excess decades later"),
)  # fmt: skip

LASTING = Room(
    title="what pregnancies and lack of iron leave behind",
    body_fields=_BODY_FIELDS,
    parameters=_PARAMETERS,
    derived={
        "lasting_share_per_month": lambda p: (
            1.0 - (1.0 - p["lasting_share_per_pregnancy"]) ** (1 / 9)
        ),
        "lasting_share_per_short_month": lambda p: (
            1.0 - (1.0 - p["lasting_share_per_short_year"]) ** (1 / 12)
        ),
        "lasting_step": lambda p: 1.0 - math.exp(-1.0 / (12.0 * p["lasting_delay_years"])),
    },
)


@inlined
def advance_lasting(body: Any, burden: Any, supply: float, p: Inputs) -> None:
    """One month of the lasting load, at this supply of iron to the CNS (1 is the full supply)."""
    of_pregnancy = burden.lasting_months * p.lasting_share_per_month
    body.lasting_load += of_pregnancy * (1.0 - body.lasting_load)
    of_shortage = (1.0 - supply) * p.lasting_share_per_short_month
    body.lasting_load += of_shortage * (1.0 - body.lasting_load)
    body.vulnerability += (body.lasting_load - body.vulnerability) * p.lasting_step
