"""One life, several bodies: the same life lived again with part of its burden left out.

A person's life is a function of chance, genes and the factual body.  So it can be lived again from
birth, month by month as it was, and other bodies can go through it beside the factual one: bodies that
do not bear the burden of one condition, or only its iron, and bodies whose iron never lacks.  Births,
donations, diseases and death come in the same months for all of them, and each month's symptoms are
drawn with the same number.  What differs between two bodies is caused by what was left out.

A body exists from the first month in which its burden differs from the factual one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsabm.arrays import Ints, Records
from rlsabm.body.body import advance_body
from rlsabm.body.brain import BRAIN
from rlsabm.body.lasting import LASTING
from rlsabm.body.symptoms import SYMPTOMS
from rlsabm.burden import lay_all_neutral, lay_neutral, neutral_burdens
from rlsabm.care.care import receive_care
from rlsabm.care.diagnosis import DIAGNOSIS
from rlsabm.care.treatments import TREATMENTS
from rlsabm.chance import Word
from rlsabm.compilation import compiled
from rlsabm.declaring.inputs import Inputs
from rlsabm.errors import UserError, nearest
from rlsabm.exposures.catalogue.episodes import update_conditions
from rlsabm.exposures.month import (
    PART_COUNT,
    WHOLE,
    filled_parts,
    follow_exposures,
    undergo_exposures,
)
from rlsabm.inputs import with_key
from rlsabm.life.birth import begin_again
from rlsabm.life.environment import change_environment
from rlsabm.life.growth import grow, is_time_to_grow
from rlsabm.life.month import STANDING, begin_burden
from rlsabm.life.mortality import chance_to_die, die
from rlsabm.moment import moment_of
from rlsabm.person import BODY, LIFE, newborn_records
from rlsabm.setting import Setting
from rlsabm.worlds.world import (
    BEARING,
    BURDENS_WITH_WORLDS,
    OF_WORLD,
    World,
    add_parts,
    advance_changed_body,
    burden_of_world,
    causes_with_rules,
    world_records,
    worlds_of,
)

#: People who live again at a time: their bodies in all worlds fit into the processor's cache.
CHUNK = 256
#: What a changed body has of its own.  The rest is the factual body's.
_OWN_ROOMS = (LASTING, BRAIN, SYMPTOMS, DIAGNOSIS, TREATMENTS)
_OWN = {field.name for room in _OWN_ROOMS for field in room.body_fields}
_SHARED = [name for name in BODY.names or () if name not in _OWN]


@compiled
def live_life_again(
    life: Any, bodies: Any, differs: Any, burdens: Any, months: Ints, states: Any, worlds: Any,
    p: Inputs,
) -> None:  # fmt: skip
    """Live a life from birth until the last of some months, in all worlds.

    Parameters
    ----------
    life
        Record of the newborn.
    bodies
        Scratch records: the newborn's body, then one a world.
    differs
        Scratch, one a world.
    burdens
        Scratch burdens.
    months
        Months, ascending, at whose ends the bodies are noted; the last is not before birth.
    states
        Takes the bodies, by month and world, the factual one first; untouched after death.
    worlds
        Records of ``WORLD_RECORD``.
    p
        Inputs of the run.
    """
    noted = 0
    while months[noted] < life.birth_month:
        noted += 1
    lay_all_neutral(burdens)
    for w in range(len(worlds)):
        differs[w] = worlds[w].body != BEARING
        bodies[w + 1] = bodies[0]
    filled = 0
    for month in range(life.birth_month, months[-1] + 1):
        at = moment_of(life, month, p)
        begun = 0
        if month >= life.conditions_until:
            begun = update_conditions(life, burdens[STANDING], month, p)
        if at.death < chance_to_die(life, at.age, burdens[STANDING].mortality_ratio, p):
            die(life, month)
            return
        if month >= life.environment_until:
            change_environment(life, month, p)
        age_months = month - life.birth_month
        if is_time_to_grow(age_months):
            grow(life, age_months, p)

        for part in range(PART_COUNT):
            if filled >> part & 1:
                lay_neutral(burdens[1 + part])
        undergo_exposures(life, bodies[0], burdens, 1, at, p)
        for w in range(len(worlds)):
            follow_exposures(life, bodies[w + 1], month, p)
        filled = filled_parts(burdens)
        begin_burden(burdens, WHOLE, STANDING, life)
        add_parts(burdens, WHOLE, filled, 0, 0)

        # Bodies that bear a burden begin as the factual body was before this month.
        for w in range(len(worlds)):
            world = worlds[w]
            if world.body == BEARING:
                borne = WHOLE
                if filled & world.parts or life.conditions & world.conditions:
                    if not differs[w]:
                        differs[w] = True
                        bodies[w + 1] = bodies[0]
                    burden_of_world(burdens, life, world, filled, begun, p)
                    borne = OF_WORLD
                if differs[w]:
                    care = receive_care(bodies[w + 1], life, burdens[borne], at, p)
                    advance_body(bodies[w + 1], life, burdens[borne], care, at, p)
        care = receive_care(bodies[0], life, burdens[WHOLE], at, p)
        advance_body(bodies[0], life, burdens[WHOLE], care, at, p)
        for w in range(len(worlds)):
            if worlds[w].body != BEARING:
                advance_changed_body(
                    bodies[w + 1], bodies[0], worlds[w].body, life, burdens[WHOLE], at, p
                )  # fmt: skip

        if months[noted] == month:
            states[noted, 0] = bodies[0]
            for w in range(len(worlds)):
                states[noted, w + 1] = bodies[w + 1] if differs[w] else bodies[0]
            noted += 1


@compiled
def live_lives_again(
    lived: Any, given_mg: NDArray[np.float32], months: Ints, states: Any, worlds: Any, scratch: Any,
    p: Inputs,
) -> None:  # fmt: skip
    newborn_life, newborn_body, life, bodies, differs, burdens = scratch
    for i in range(len(lived)):
        life[0] = newborn_life[0]
        bodies[0] = newborn_body[0]
        begin_again(life[0], bodies[0], lived[i], given_mg[i], p)
        live_life_again(life[0], bodies, differs, burdens, months, states[i], worlds, p)


def relive(
    lived: Records,
    given_mg: NDArray[np.float32],
    months: Sequence[int],
    worlds: Sequence[World],
    p: Inputs,
) -> Records:
    """Live lives again, from birth, in the factual world and in others.

    Parameters
    ----------
    lived
        Records of people, as they are at any time of their lives.
    given_mg
        Iron that their mothers gave them (``endowment_mg`` of their bodies).
    months
        Months, ascending, at whose ends bodies are wanted.
    worlds
        Worlds besides the factual one.
    p
        Inputs of the run that they lived in.

    Returns
    -------
    numpy.ndarray
        Records of ``BODY`` by person, month and world, the factual one first; zeros after death.
    """
    states = np.zeros((len(lived), len(months), len(worlds) + 1), dtype=BODY)
    scratch = (
        newborn_records(LIFE, 1),
        newborn_records(BODY, 1),
        newborn_records(LIFE, 1),
        newborn_records(BODY, len(worlds) + 1),
        np.zeros(len(worlds), dtype=np.bool_),
        neutral_burdens(BURDENS_WITH_WORLDS),
    )
    dates = np.array(months, dtype=np.int64)
    live_lives_again(lived, given_mg, dates, states, world_records(worlds), scratch, p)
    share_stores(states, worlds)
    return states


def share_stores(states: Records, worlds: Sequence[World]) -> None:
    """Give changed bodies that follow the stores of the factual one what is the same in both."""
    for place, world in enumerate(worlds, start=1):
        if world.body != BEARING and world.follows_stores:
            for name in _SHARED:
                states[name][:, :, place] = states[name][:, :, 0]


def months_lived(lived: Records, last: int) -> Ints:
    """Months of each of these people until a last one, that of the death included."""
    until = np.minimum(lived["death_month"].astype(np.int64), last)
    return np.asarray(np.maximum(until - lived["birth_month"] + 1, 0))


def live_again(
    lived: Records,
    given_mg: NDArray[np.float32],
    months: Sequence[int],
    worlds: Sequence[World],
    *,
    p: Inputs,
    threads: int = 1,
    progress: Callable[[int], None] = lambda person_months: None,
) -> Iterator[tuple[slice, Records]]:
    """Let people live again, chunk by chunk.

    Parameters
    ----------
    lived, given_mg, months, worlds, p
        As `relive` takes them.
    threads
        Threads over chunks; they change nothing.
    progress
        Called with the person-months lived since the last call.

    Yields
    ------
    slice
        Which of the people, in order.
    numpy.ndarray
        Their bodies by person, month and world, the factual one first; zeros after death.
    """

    def live(first: int) -> tuple[slice, Records]:
        window = slice(first, min(first + CHUNK, len(lived)))
        return window, relive(lived[window], given_mg[window], months, worlds, p)

    starts = range(0, len(lived), CHUNK)
    lengths = months_lived(lived, months[-1])
    with ThreadPoolExecutor(threads) as executor:
        # Few at a time, so that what is not taken yet does not fill the memory.
        for batch in range(0, len(starts), 4 * threads):
            for window, bodies in executor.map(live, starts[batch : batch + 4 * threads]):
                yield window, bodies
                progress(int(lengths[window].sum()))


def all_worlds(setting: Setting) -> list[World]:
    """Every world that can be asked for in a setting."""
    causes = [*causes_with_rules(), *(condition.name for condition in setting.conditions)]
    return worlds_of(setting, causes, postulates=True)


def body_in_world(
    setting: Setting, key: Word, life: Records, body: Records, name: str, month: int
) -> Any:
    """The body that a person would have at the end of a month in another world.

    Parameters
    ----------
    setting, key
        Those that the person lives in.
    life, body
        Records of the person, as arrays of length 1, at the end of that month.
    name
        Name of a world, such as ``without dialysis``.
    month
        The last month that the person has lived.

    Raises
    ------
    UserError
        If there is no world of this name.
    RuntimeError
        If the records were changed by hand: the life then cannot be lived again.
    """
    worlds = {world.name: world for world in all_worlds(setting)}
    if name not in worlds:
        near = nearest(str(name), worlds, likeness=0.5)
        hint = f"did you mean {near!r}?" if near else f"known: {', '.join(worlds)}"
        raise UserError(f"no world is called {name!r}; {hint}")
    p = with_key(setting.inputs, int(key))
    bodies = relive(life, body["endowment_mg"], [month], [worlds[name]], p)
    check_same(bodies[:, 0, 0], body)
    return bodies[0, 0, 1]


def check_same(bodies: Records, factual: Records) -> None:
    """Make sure that lives lived again led to the bodies that they had.

    Raises
    ------
    RuntimeError
        If they did not: the rules would then not be a function of life and chance.
    """
    for name in BODY.names or ():
        differ = int((bodies[name] != factual[name]).sum())
        if differ:
            raise RuntimeError(f"{differ} lives lived again ended with another {name}")
