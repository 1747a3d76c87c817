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
FINDINGS = ("cns_iron_structural", "measured_cns_iron_structural", "cns_iron_exchangeable")
FINDING = np.dtype((np.record, [(name, "f8") for name in FINDINGS]))

_PARAMETERS = (
    P("autopsy_cv", 0.10, "1", "fixed", 0, 0.0, 0.5,
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
        level = body.cns_iron_structural / p.structural_pool_norm[min(age, LAST_AGE)]
        found[i].cns_iron_structural = level
        found[i].measured_cns_iron_structural = level * max(
            1.0 + p.autopsy_cv * normal(block_and_stain), 0.0
        )
        found[i].cns_iron_exchangeable = body.cns_iron_exchangeable


def dissect(lives: Records, bodies: Records, p: Inputs) -> Records:
    """Measure people in the month of their death: a record each, with ``FINDINGS``."""
    found = np.zeros(len(lives), dtype=FINDING)
    _dissect(found, lives, bodies, p)
    return found
