"""Environment: the part of other liability that is not inherited, and changes during a life.

How people live, sleep, move and fare changes their liability to RLS beside iron, genes and age. A
person's environment stays as it is until it changes, at moments of constant hazard, and is then drawn
anew. So two surveys of the same people some years apart find new cases, and others gone, while as many
have RLS as before; and liability at two times is correlated by what is inherited, and by the share
whose environment has not changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rlsabm import chance
from rlsabm.chance import normal, waiting_months
from rlsabm.compilation import compiled
from rlsabm.conventions import NEVER
from rlsabm.declaring.fields import Field
from rlsabm.declaring.inputs import Inputs
from rlsabm.declaring.parameter import Parameter as P
from rlsabm.declaring.room import Making, Room
from rlsabm.declaring.sources import NEW_AND_LASTING_RLS
from rlsabm.declaring.tables import SCALAR, Table
from rlsabm.life.genome import ENVIRONMENT
from rlsabm.life.loci import environmental_sd

NEW_ENVIRONMENT = chance.register(
    "new environment", 25, "at", "other liability, time until the next change, -, -"
)


def fill_environment_tables(making: Making) -> Mapping[str, Any]:
    """Spread of liability between environments."""
    return {"environmental_liability_sd": environmental_sd(making.p)}


_PARAMETERS = (
    P("environment_mean_years", 4.87, "years", "lognormal", 0.4, 0.25, 1000.0,
      "Mean time for which a person's environment, and what it adds to liability, stays the same.",
      f"set to {NEW_AND_LASTING_RLS}", centre=5.0),
)  # fmt: skip

ENVIRONMENTS = Room(
    title="environment",
    life_fields=(
        Field(
            "environmental_liability",
            "f4",
            "liability",
            "part of other liability that is not inherited and changes with the environment",
        ),
        Field(
            "environment_until",
            "i4",
            "month",
            "month in which the environment changes",
            initial=NEVER,
            settable=False,
        ),
    ),
    parameters=_PARAMETERS,
    tables=(
        Table(
            "environmental_liability_sd",
            SCALAR,
            "standard deviation of other liability between environments",
        ),
    ),
    fill=fill_environment_tables,
)


@compiled
def enter_environment(life: Any, liability: float, waiting: float, month: int, p: Inputs) -> None:
    """Live in an environment from this month on; the two uniforms say what it adds, and how long."""
    life.other_liability -= life.environmental_liability
    life.environmental_liability = p.environmental_liability_sd * normal(liability)
    life.other_liability += life.environmental_liability
    life.environment_until = month + waiting_months(waiting, 12.0 * p.environment_mean_years)


@compiled
def be_born_into_environment(life: Any, p: Inputs) -> None:
    """The first environment, of a newborn with inherited liability alone."""
    _, liability, waiting, _ = chance.once(p.key, life.uid, ENVIRONMENT)
    enter_environment(life, liability, waiting, life.birth_month, p)


@compiled
def change_environment(life: Any, month: int, p: Inputs) -> None:
    """Another environment from this month on."""
    liability, waiting, _, _ = chance.at(p.key, life.uid, month, NEW_ENVIRONMENT)
    enter_environment(life, liability, waiting, month, p)
