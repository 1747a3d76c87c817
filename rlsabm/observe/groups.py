"""Groups in which RLS is counted, composed from what the rooms of the model define."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rlsabm.body.iron import PERIPHERAL_IRON
from rlsabm.declaring.groups import Group
from rlsabm.exposures.catalogue.condition import Condition
from rlsabm.exposures.catalogue.episodes import groups_of_catalogue
from rlsabm.exposures.month import IN_TABLES

EVERYONE = Group(
    "everyone", "everyone", "all people surveyed", "", "", lambda people: np.ones(len(people), bool)
)


def groups_of(conditions: Sequence[Condition]) -> list[Group]:
    """All groups, in the order of the tables; conditions are those of the catalogue."""
    return [
        EVERYONE,
        *(group for exposure in IN_TABLES for group in exposure.groups),
        *groups_of_catalogue(conditions),
        *PERIPHERAL_IRON.groups,
    ]
