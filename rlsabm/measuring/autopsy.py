"""An autopsy: the brain iron of the dead, as it was and as a pathologist measures it."""

from __future__ import annotations

from typing import Any

import numpy as np

from rlsabm import chance
from rlsabm.arrays import Records
from rlsabm.chance import normal
from rlsabm.compilation import compiled
from rlsabm.conventions import LAST_AGE
from rlsabm.declaring.inputs import Inputs
from rlsabm.declaring.parameter import Parameter as P
from rlsabm.declaring.room import Room
from rlsabm.measuring.assays import SCAN

#: What is found; structural CNS iron is relative to people of the age at death.
FINDINGS = ("structural_cns_iron", "measured_structural_cns_iron", "exchangeable_cns_iron")
FINDING = np.dtype((np.record, [(name, "f8") for name in FINDINGS]))

_PARAMETERS = (
    P("autopsy_cv", 0.10, "1", "fixed", 0, 0.0, 1.0,
      "Noise of brain iron at autopsy, as a share of the mean.", "assumed: block and stain"),
)  # fmt: skip

AUTOPSY = Room(
    title="autopsies",
    parameters=_PARAMETERS,
)


@compiled
def _dissect(found: Any, lives: Any, bodies: Any, p: Inputs) -> None:
    for i in range(len(lives)):
        life = lives[i]
        body = bodies[i]
        age = (life.death_month - life.birth_month) // 12
        # The first word is a scan's of that month.
        _, block_and_stain, _, _ = chance.at(p.key, life.uid, life.death_month, SCAN)
        level = body.brain_iron_slow / p.slow_pool_norm[min(age, LAST_AGE)]
        found[i].structural_cns_iron = level
        found[i].measured_structural_cns_iron = level * (
            1.0 + p.autopsy_cv * normal(block_and_stain)
        )
        found[i].exchangeable_cns_iron = body.brain_iron_fast


def dissect(lives: Records, bodies: Records, p: Inputs) -> Records:
    """Measure people in the month of their death: a record each, with ``FINDINGS``."""
    found = np.zeros(len(lives), dtype=FINDING)
    _dissect(found, lives, bodies, p)
    return found
