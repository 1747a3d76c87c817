"""Iron infused on dialysis: the protocol of the unit, and what it gives to a body."""

from __future__ import annotations

from typing import Any

from rlsabm.body.iron import ferritin, transferrin_saturation
from rlsabm.compilation import compiled
from rlsabm.declaring.inputs import Inputs
from rlsabm.declaring.parameter import Parameter as P
from rlsabm.declaring.room import Room

_PARAMETERS = (
    P("infusion_mg_per_month", 220, "mg/month", "fixed", 0, 0, 1000,
      "Intravenous iron on dialysis in a month in which the protocol asks for it.",
      "DOPPS, Bailie PMC5679150: 100-200 neutral, 300-400 raises"),
    P("infusion_ferritin_below_ug_per_l", 800, "µg/L", "fixed", 0, 50, 2000,
      "Serum ferritin above which no intravenous iron is given on dialysis.",
      "assumed; median of 718 in the United States, Karaboyas 2018 doi 10.1093/ndt/gfy190"),
    P("infusion_saturation_below_percent", 40, "%", "fixed", 0, 5, 60,
      "Transferrin saturation above which no intravenous iron is given on dialysis.",
      "PIVOTAL proactive arm, N Engl J Med 2019; above what the model reaches"),
)  # fmt: skip

INFUSIONS = Room(title="iron infused on dialysis", parameters=_PARAMETERS)


@compiled
def infusion_mg(body: Any, life: Any, p: Inputs) -> float:
    """Intravenous iron that a dialysis unit gives this body in a month, by what it measures."""
    measured = ferritin(body, life, p) * p.dialysis_ferritin_factor
    saturation = transferrin_saturation(body, life, p)
    if (
        measured < p.infusion_ferritin_below_ug_per_l
        and saturation < p.infusion_saturation_below_percent
    ):
        return p.infusion_mg_per_month
    return 0.0
