"""An autopsy: the brain iron of the dead, as it was and as a pathologist measures it."""

from __future__ import annotations

from typing import Any

from rlsabm import chance
from rlsabm.arrays import Floats
from rlsabm.chance import Word, normal
from rlsabm.compilation import compiled
from rlsabm.parameters.tables import Tables
from rlsabm.parameters.values import Values
from rlsabm.person import LAST_AGE

#: Columns of the compiled measurement.
FINDINGS = ("structural_cns_iron", "measured_structural_cns_iron", "exchangeable_cns_iron")


@compiled
def dissect(lives: Any, bodies: Any, found: Floats, key: Word, tables: Tables, p: Values) -> None:
    """Measure people in the month of their death: a row of ``found`` each, with ``FINDINGS``.

    Structural CNS iron is a share of what people of the age at death have.
    """
    for i in range(len(lives)):
        life = lives[i]
        body = bodies[i]
        age = (life.death_month - life.birth_month) // 12
        # The first word is a scan's of that month.
        _, block_and_stain, _, _ = chance.at(key, life.uid, life.death_month, chance.SCAN)
        level = body.brain_iron_slow / tables.slow_pool_norm[min(age, LAST_AGE)]
        found[i, 0] = level
        found[i, 1] = level * (1.0 + p.autopsy_cv * normal(block_and_stain))
        found[i, 2] = body.brain_iron_fast
