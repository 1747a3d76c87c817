"""Death: by the country's life table, or by the registry of kidney failure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rlsabm.arrays import Floats
from rlsabm.chance import per_month
from rlsabm.compilation import compiled
from rlsabm.conventions import NEVER
from rlsabm.declaring.fields import Field
from rlsabm.declaring.inputs import Inputs
from rlsabm.declaring.room import Making, Room
from rlsabm.declaring.tables import BY_SEX_AND_AGE, Table
from rlsabm.events import note, register_event
from rlsabm.exposures.kidney import DIALYSIS, GRAFT

DIED = register_event("death", 0)

ALIVE, OTHER_CAUSE, DIED_ON_DIALYSIS, DIED_WITH_GRAFT = 0, 1, 2, 3
CAUSES_OF_DEATH = ("", "other", "on dialysis", "with graft")


def fill_mortality_tables(making: Making) -> Mapping[str, Floats]:
    """Probability of death from the life table, less the deaths that other rooms account for."""
    return {"death": per_month(making.mortality)}


_LIFE_FIELDS = (
    Field(
        "death_month", "i4", "month", "month of death; never while the person lives", initial=NEVER
    ),
    Field("cause_of_death", "u1", "", "cause of death", CAUSES_OF_DEATH),
)

MORTALITY = Room(
    title="mortality",
    life_fields=_LIFE_FIELDS,
    tables=(Table("death", BY_SEX_AND_AGE, "monthly probability of death without kidney failure"),),
    fill=fill_mortality_tables,
)


@compiled
def chance_to_die(life: Any, age: int, mortality_ratio: float, p: Inputs) -> float:
    """Chance of death this month: by the life table, or by the registry of kidney failure.

    The registry counts patients with all their other diseases, so mortality ratios of conditions apply
    to people without kidney failure only.
    """
    if life.kidney == DIALYSIS:
        return p.dialysis_death[age]
    if life.kidney == GRAFT:
        return p.graft_death[age]
    return p.death[life.sex, age] * mortality_ratio


@compiled
def die(life: Any, month: int) -> None:
    """Death in this month."""
    life.death_month = month
    if life.kidney == DIALYSIS:
        life.cause_of_death = DIED_ON_DIALYSIS
    elif life.kidney == GRAFT:
        life.cause_of_death = DIED_WITH_GRAFT
    else:
        life.cause_of_death = OTHER_CAUSE


@compiled
def note_death(life: Any, month: int, log: Any, logged: Any) -> bool:
    """Log a death of this month; returns whether there was one."""
    if life.death_month == NEVER:
        return False
    note(life, month, DIED, 1, log, logged)
    return True
