"""Groups in which RLS is counted, composed from what the rooms of the model define."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from rlsabm.body.iron import PERIPHERAL_IRON
from rlsabm.care.receiving import groups_of_care
from rlsabm.care.treatment import Treatment
from rlsabm.declaring.groups import Group
from rlsabm.exposures.catalogue.condition import Condition
from rlsabm.exposures.catalogue.episodes import groups_of_catalogue
from rlsabm.exposures.month import IN_TABLES

EVERYONE = Group(
    name="everyone",
    label="everyone",
    kind="everyone",
    definition="all people surveyed",
    source="",
    cause="",
    members=lambda people: np.ones(len(people), bool),
)


def labels_of(groups: Iterable[Group]) -> dict[str, str]:
    """Labels by name; with the name where two groups have the same label."""
    named = {group.name: group.label for group in groups}
    often = Counter(named.values())
    return {
        name: label if often[label] == 1 else f"{label} ({name})" for name, label in named.items()
    }


def groups_of(conditions: Sequence[Condition], treatments: Sequence[Treatment] = ()) -> list[Group]:
    """All groups, in the order of the tables.

    Parameters
    ----------
    conditions
        Conditions of the catalogue.
    treatments
        Treatments that rules of care offer; without any, nobody is diagnosed.
    """
    return [
        EVERYONE,
        *(group for exposure in IN_TABLES for group in exposure.groups),
        *groups_of_catalogue(conditions),
        *PERIPHERAL_IRON.groups,
        *groups_of_care(treatments),
    ]
