"""Groups of people by the care that they receive: diagnosed, and on each treatment."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from rlsabm.arrays import Bools
from rlsabm.care.treatment import MOST_MONTHS, Treatment
from rlsabm.care.treatments import months_of
from rlsabm.conventions import NEVER
from rlsabm.declaring.groups import Group, Surveyed

DIAGNOSED = "diagnosed_rls"


def are_diagnosed(people: Surveyed) -> Bools:
    """Who has a diagnosis of RLS, whether or not symptoms have gone."""
    return np.asarray(people.diagnosed_month != NEVER)


def are_on(people: Surveyed, *, name: str) -> Bools:
    """Who is on a treatment; nobody where no rule offers it."""
    offered = [treatment.name for treatment in people.setting.care.treatments]
    if name not in offered:
        return np.zeros(len(people), dtype=bool)
    return np.asarray(months_of(people.treatments, offered.index(name)) != 0)


def groups_of_care(treatments: Sequence[Treatment]) -> list[Group]:
    """Those with a diagnosis, and those on each treatment; none where there are no treatments."""
    if not treatments:
        return []
    return [
        Group(
            DIAGNOSED, "diagnosed with RLS", "state",
            "a doctor has made the diagnosis of RLS, now or earlier", "", "", are_diagnosed,
        ),
        *(
            Group(
                treatment.name, treatment.in_words, "state",
                _definition(treatment), treatment.source, "", partial(are_on, name=treatment.name),
            )
            for treatment in treatments
        ),
    ]  # fmt: skip


def _definition(treatment: Treatment) -> str:
    if treatment.infused_iron_mg > 0.0:
        return f"was given {treatment.in_words} within {treatment.months or MOST_MONTHS} months"
    return f"takes {treatment.in_words} in the month of the survey"
