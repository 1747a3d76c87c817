"""The care of a month: what a body is given, by its own measurements and symptoms.

A life is the same in all worlds, but what those find who care for a body is not.  So care is decided
body by body: who lacks less iron in a world is infused less there.
"""

from __future__ import annotations

from typing import Any

from rlsabm.burden import Care
from rlsabm.care.infusions import infusion_mg
from rlsabm.compilation import inlined
from rlsabm.declaring.inputs import Inputs


@inlined
def receive_care(body: Any, life: Any, burden: Any, p: Inputs) -> Care:
    """What a body is given in a month of this burden, which says who cares for it."""
    infused_iron_mg = 0.0
    if burden.dialysis_care > 0.0:
        infused_iron_mg = infusion_mg(body, life, p)
    return Care(infused_iron_mg)
