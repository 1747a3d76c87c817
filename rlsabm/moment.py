"""A month of a person: when it is, how old the person is, and the uniforms that decide what happens."""

from __future__ import annotations

from typing import Any, NamedTuple

from rlsabm import chance
from rlsabm.compilation import inlined
from rlsabm.conventions import LAST_AGE
from rlsabm.declaring.inputs import Inputs


class Moment(NamedTuple):
    """A month of a person.

    Attributes
    ----------
    month
        Number of the month.
    age
        Age in completed years, at most the last age of the rules.
    symptoms, death, onset, conception
        The person's uniforms of this month: of symptoms, of death, of the onset of kidney disease or
        of donorship, and of a conception.
    """

    month: int
    age: int
    symptoms: float
    death: float
    onset: float
    conception: float


@inlined
def moment_of(life: Any, month: int, p: Inputs) -> Moment:
    """Age and uniforms of a person in a month."""
    age = min((month - life.birth_month) // 12, LAST_AGE)
    symptoms, death, onset, conception = chance.at(p.key, life.uid, month, chance.MONTH)
    return Moment(month, age, symptoms, death, onset, conception)


@inlined
def sooner(until: int, change: int, month: int) -> int:
    """The earlier of two months, if the second is to come: later than this one."""
    return min(until, change) if change > month else until
