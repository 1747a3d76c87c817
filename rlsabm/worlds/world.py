"""Worlds: what each leaves out of the burden or changes in the body, and which there are.

A counterfactual world is the same lives with other bodies.  Most leave out part of the burden: that of
one condition, or only its iron.  Others change the body itself: its iron never lacks, or lack of iron
does not reach dopamine.  What a world does stands in this file, and a further one is added here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from rlsabm.arrays import Records
from rlsabm.body.brain import advance_dopamine, advance_pools, iron_effect
from rlsabm.body.lasting import advance_lasting
from rlsabm.body.symptoms import advance_symptoms
from rlsabm.burden import add_part, add_part_without_iron
from rlsabm.care.care import be_treated
from rlsabm.compilation import compiled, inlined
from rlsabm.conventions import in_words
from rlsabm.declaring.groups import IRON_STORES
from rlsabm.declaring.inputs import Inputs
from rlsabm.exposures.catalogue.episodes import lay_standing
from rlsabm.exposures.month import PART_COUNT, PARTS
from rlsabm.life.month import STANDING, begin_burden
from rlsabm.moment import Moment
from rlsabm.setting import Setting

FACTUAL = "factual"
ALWAYS_REPLETE = "iron stores always replete"
ALWAYS_SUFFICIENT = "CNS iron always sufficient"
NO_PATH = "path from iron to dopamine cut"

#: What the body of a world is like: one that bears the world's burden; one whose iron stores never
#: lack; one whose CNS iron never lacks; one in which lack of iron does not reach dopamine.
BEARING, REPLETE, SUFFICIENT, WITHOUT_PATH = range(4)
#: Stores that never lack, in units of their scale: a ferritin of 140 µg/L.
FULL_STORES = 1.5

#: Burdens of a month for worlds, behind those of `rlsabm.life.month`: the whole without what is left
#: out, and the catalogue's conditions without those left out.
OF_WORLD, STANDING_OF_WORLD = STANDING + 1, STANDING + 2
BURDENS_WITH_WORLDS = STANDING + 3


class World(NamedTuple):
    """A counterfactual world.

    Attributes
    ----------
    name
        In tables.
    cause
        The condition that is left out; empty where nothing is.
    iron_only
        Whether only its iron is left out.
    parts, conditions
        Bits of the parts of the burden, and of the catalogue's conditions, that are left out.
    body
        What its bodies are like: ``BEARING`` and so on.
    follows_stores
        Whether the stores of its bodies are known: they are not where they are taken to be full.
    """

    name: str
    cause: str = ""
    iron_only: bool = False
    parts: int = 0
    conditions: int = 0
    body: int = BEARING
    follows_stores: bool = True

    def as_measured(self, lives: Records) -> Records:
        """Lives as a survey would measure them in this world."""
        for number, part in enumerate(PARTS):
            if self.parts >> number & 1 and not self.iron_only:
                lives = part.as_measured(lives)
        return lives


POSTULATE_WORLDS = (
    World(ALWAYS_REPLETE, IRON_STORES, body=REPLETE, follows_stores=False),
    World(ALWAYS_SUFFICIENT, body=SUFFICIENT),
    World(NO_PATH, body=WITHOUT_PATH),
)


def without(cause: str) -> str:
    """Name of the world without the burden of a condition."""
    return f"without {in_words(cause)}"


def without_iron_of(cause: str) -> str:
    """Name of the world without the iron burden of a condition."""
    return f"without the iron burden of {in_words(cause)}"


def causes_with_rules() -> tuple[str, ...]:
    """Conditions with rules of their own that a world can do without."""
    return tuple(part.name for part in PARTS if part.left_out_alone)


def worlds_of(setting: Setting, causes: Sequence[str], *, postulates: bool) -> list[World]:
    """The worlds in which the people of a setting are to live again.

    Parameters
    ----------
    setting
        What they live in.
    causes
        Conditions to be left out, each as a whole and by its iron where it has both.
    postulates
        Whether the worlds of the postulates are wanted.

    Raises
    ------
    ValueError
        If there is no condition of a name.
    """
    names = [condition.name for condition in setting.conditions]
    of_part = {part.name: number for number, part in enumerate(PARTS) if part.left_out_alone}
    worlds = []
    for cause in causes:
        if cause in of_part:
            parts, conditions = 1 << of_part[cause], 0
            touches_iron, load = True, PARTS[of_part[cause]].other_load(setting.inputs)
        elif cause in names:
            condition = setting.conditions[names.index(cause)]
            touches_iron, load = condition.touches_iron, condition.dopamine_load
            parts, conditions = 0, (1 << names.index(cause)) * bool(touches_iron or load)
        else:
            raise ValueError(f"no condition {cause!r}")
        worlds.append(World(without(cause), cause, False, parts, conditions))
        if load:
            of_iron = (parts, conditions) if touches_iron else (0, 0)
            worlds.append(World(without_iron_of(cause), cause, True, *of_iron))
    return [*worlds, *(POSTULATE_WORLDS if postulates else ())]


# As compiled rules take them -------------------------------------------------------------------------

WORLD_RECORD = np.dtype(
    (np.record, [("parts", "i8"), ("conditions", "i8"), ("iron_only", "i8"), ("body", "i8")])
)


def world_records(worlds: Sequence[World]) -> Records:
    """Worlds as compiled rules take them."""
    rows = [(world.parts, world.conditions, world.iron_only, world.body) for world in worlds]
    return np.array(rows, dtype=WORLD_RECORD)


@inlined
def add_parts(burdens: Any, whole: int, filled: int, left_out: int, iron_only: int) -> None:
    """Add up the parts that are filled, but for those left out, or their iron."""
    for part in range(PART_COUNT):
        bit = 1 << part
        if filled & bit:
            if not left_out & bit:
                add_part(burdens[whole], burdens[1 + part])
            elif iron_only:
                add_part_without_iron(burdens[whole], burdens[1 + part])


@compiled
def burden_of_world(
    burdens: Any, life: Any, world: Any, filled: int, begun: int, p: Inputs
) -> None:
    """The month's burden without what the world leaves out."""
    there = int(life.conditions)
    bleeding = life.bleeding_factor
    left_out = there & world.conditions
    standing = STANDING
    if left_out != 0:
        standing = STANDING_OF_WORLD
        if world.iron_only:
            lay_standing(burdens[standing], there, bleeding, left_out, begun, p)
        else:
            lay_standing(burdens[standing], there & ~left_out, bleeding, 0, begun, p)
    begin_burden(burdens, OF_WORLD, standing, life)
    add_parts(burdens, OF_WORLD, filled, world.parts, world.iron_only)


@inlined
def take_iron(body: Any, factual: Any, kind: int, life: Any) -> None:
    """Give a body the iron that a laboratory would find: full stores, or those of the factual body."""
    if kind == REPLETE:
        body.storage_iron_mg = FULL_STORES * life.storage_scale_mg
        body.red_cell_iron_mg = life.red_cell_target_mg
    else:
        body.storage_iron_mg = factual.storage_iron_mg
        body.red_cell_iron_mg = factual.red_cell_iron_mg
        body.infused_iron_mg = factual.infused_iron_mg


@compiled
def advance_changed_body(
    body: Any, factual: Any, kind: int, life: Any, burden: Any, at: Moment, p: Inputs
) -> None:
    """One month of a body whose peripheral iron is not followed: it lacks none, or it is factual."""
    supply = 1.0
    if p.treatment_count > 0:
        take_iron(body, factual, kind, life)
        supply = be_treated(body, life, 0.0, at, p).supply_factor
    effect = 0.0
    by_iron = 0.0
    load = burden.dopamine_load
    if kind == WITHOUT_PATH:
        body.lasting_load, body.vulnerability = factual.lasting_load, factual.vulnerability
    else:
        advance_lasting(body, burden, 1.0, p)
    if kind == REPLETE:
        advance_pools(body, life, supply, p)
        effect = iron_effect(body, at.age, p)
        by_iron = p.dopamine_share * effect
    elif kind == SUFFICIENT:
        body.cns_iron_exchangeable = 1.0
        body.cns_iron_structural = p.structural_pool_norm[at.age]
    elif kind == WITHOUT_PATH:
        body.cns_iron_exchangeable = factual.cns_iron_exchangeable
        body.cns_iron_structural = factual.cns_iron_structural
        effect = iron_effect(body, at.age, p)
    advance_dopamine(body, by_iron, load, p)
    advance_symptoms(body, life, effect, at, p)
