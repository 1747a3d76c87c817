"""The care of a month: what a body is given, by its own measurements and symptoms.

A life is the same in all worlds, but what those find who care for a body is not.  So care is decided
body by body, with the same numbers of chance: who lacks less iron in a world is infused less there, and
who has no RLS in a world is not treated for it.
"""

from __future__ import annotations

from typing import Any

from rlsabm.burden import Care, infused_only
from rlsabm.care.diagnosis import seek_diagnosis
from rlsabm.care.infusions import infusion_mg
from rlsabm.care.offers import offer_treatments
from rlsabm.care.treatments import continue_treatments, given_this_month
from rlsabm.compilation import compiled, inlined
from rlsabm.declaring.inputs import Inputs
from rlsabm.moment import Moment


@inlined
def is_untouched(body: Any) -> bool:
    """Whether a body is on no treatment, and none that has ended still acts."""
    acting = body.dopamine_support + body.symptom_relief + body.augmentation
    return body.treatments == 0 and acting == 0.0


@inlined
def receive_care(body: Any, life: Any, burden: Any, at: Moment, p: Inputs) -> Care:
    """What a body is given in a month of this burden, which says who cares for it."""
    infused_iron_mg = 0.0
    if burden.dialysis_care > 0.0:
        infused_iron_mg = infusion_mg(body, life, p)
    if p.treatment_count == 0:
        return infused_only(infused_iron_mg)
    return be_treated(body, life, infused_iron_mg, at, p)


@compiled
def be_treated(body: Any, life: Any, infused_iron_mg: float, at: Moment, p: Inputs) -> Care:
    """A month where there are treatments: diagnosis, treatments that go on or begin, their effects.

    Symptoms are those of the month before; laboratory values are of this month.
    """
    body.tested = 0
    seek_diagnosis(body, life, at, p)
    if body.treatments != 0:
        continue_treatments(body, life, at, p)
    offer_treatments(body, life, at, p)
    if is_untouched(body):
        return infused_only(infused_iron_mg)
    return given_this_month(body, infused_iron_mg, p)
