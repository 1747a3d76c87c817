"""Worlds of a population: which there are, and the same people living again in each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlsabm.chance import Word
from rlsabm.errors import UserError, nearest
from rlsabm.life.worlds import (
    NO_DOPAMINE_PATH,
    PARTS,
    REPLETE,
    SUFFICIENT,
    WITHOUT,
    WITHOUT_IRON,
    WORLD,
    relive,
)
from rlsabm.observe.groups import IRON_STORES
from rlsabm.parameters.setting import Setting
from rlsabm.person import BODY

#: People who live again at a time: their bodies in all worlds fit into the processor's cache.
CHUNK = 256

FACTUAL = "factual"
ALWAYS_REPLETE = "iron stores always replete"
ALWAYS_SUFFICIENT = "CNS iron always sufficient"
NO_PATH = "path from iron to dopamine cut"


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
    change, parts, conditions
        As compiled rules want it: see `rlsabm.life.worlds`.
    """

    name: str
    cause: str
    iron_only: bool
    change: int
    parts: int
    conditions: int


def without(cause: str) -> str:
    """Name of the world without the burden of a condition."""
    return f"without {_words(cause)}"


def without_iron_of(cause: str) -> str:
    """Name of the world without the iron burden of a condition."""
    return f"without the iron burden of {_words(cause)}"


def _words(cause: str) -> str:
    return cause.replace("_", " ")


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
    p = setting.values
    loads = {
        "pregnancy": p.pregnancy_dopamine_load + p.lasting_effect,
        "ckd_4_5": p.ckd_4_dopamine_load,
        "dialysis": p.dialysis_dopamine_load,
    }
    worlds = []
    for cause in causes:
        if cause in PARTS and cause != "menses":
            parts, conditions = 1 << PARTS.index(cause), 0
            touches_iron, load = True, loads.get(cause, 0.0)
        elif cause in names:
            condition = setting.conditions[names.index(cause)]
            parts, conditions = 0, 1 << names.index(cause)
            touches_iron, load = condition.touches_iron, condition.dopamine_load
            if not touches_iron and not load:
                conditions = 0
        else:
            raise ValueError(f"no condition {cause!r}")
        worlds.append(World(without(cause), cause, False, WITHOUT, parts, conditions))
        if load:
            of_iron = (parts, conditions) if touches_iron else (0, 0)
            worlds.append(World(without_iron_of(cause), cause, True, WITHOUT_IRON, *of_iron))
    if postulates:
        worlds += [
            World(ALWAYS_REPLETE, IRON_STORES, False, REPLETE, 0, 0),
            World(ALWAYS_SUFFICIENT, "", False, SUFFICIENT, 0, 0),
            World(NO_PATH, "", False, NO_DOPAMINE_PATH, 0, 0),
        ]
    return worlds


def records_of(worlds: Sequence[World]) -> Any:
    """Worlds as compiled rules want them."""
    return np.array([(w.change, w.parts, w.conditions) for w in worlds], dtype=WORLD)


def live_again(
    lived: Any,
    given_mg: NDArray[np.float32],
    months: Sequence[int],
    worlds: Sequence[World],
    *,
    setting: Setting,
    key: Word,
    threads: int = 1,
    progress: Callable[[int], None] = lambda person_months: None,
) -> Iterator[tuple[slice, Any]]:
    """Let people live again, chunk by chunk.

    Parameters
    ----------
    lived
        Records of the people, at any time of their lives.
    given_mg
        Iron that their mothers gave them.
    months
        Months, ascending, at whose ends bodies are wanted.
    worlds
        Worlds besides the factual one.
    setting, key
        Those that they lived in.
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
    dates = np.array(months, dtype=np.int64)
    records = records_of(worlds)

    def live(first: int) -> tuple[slice, Any]:
        window = slice(first, min(first + CHUNK, len(lived)))
        bodies = relive(
            lived[window], given_mg[window], dates, records, key=key, tables=setting.tables,
            values=setting.values,
        )  # fmt: skip
        return window, bodies

    starts = range(0, len(lived), CHUNK)
    until = np.minimum(lived["death_month"].astype(np.int64), dates[-1])
    lengths = np.maximum(until - lived["birth_month"] + 1, 0)
    with ThreadPoolExecutor(threads) as executor:
        # Few at a time, so that what is not taken yet does not fill the memory.
        for batch in range(0, len(starts), 4 * threads):
            for window, bodies in executor.map(live, starts[batch : batch + 4 * threads]):
                yield window, bodies
                progress(int(lengths[window].sum()))


def all_worlds(setting: Setting) -> list[World]:
    """Every world that can be asked for in a setting."""
    causes = [part for part in PARTS if part != "menses"]
    causes += [condition.name for condition in setting.conditions]
    return worlds_of(setting, causes, postulates=True)


def body_in_world(setting: Setting, key: Word, life: Any, body: Any, name: str, month: int) -> Any:
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
        near = nearest(name, worlds, likeness=0.5)
        hint = f"did you mean {near!r}?" if near else f"known: {', '.join(worlds)}"
        raise UserError(f"no world is called {name!r}; {hint}")
    _, bodies = next(
        live_again(life, body["endowment_mg"], [month], [worlds[name]], setting=setting, key=key)
    )
    check_same(bodies[:, 0, 0], body)
    return bodies[0, 0, 1]


def check_same(bodies: Any, factual: Any) -> None:
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
