"""Whether a GPU gives the bits of a processor: asked once before a process relies on one."""

from __future__ import annotations

import numpy as np

from rlsabm.arrays import Records
from rlsabm.errors import UserError
from rlsabm.gpu import worlds
from rlsabm.gpu.population import DevicePopulation
from rlsabm.observe.survey import survey_month
from rlsabm.population import Population
from rlsabm.setting import Setting
from rlsabm.worlds.living_again import live_again
from rlsabm.worlds.world import World

#: Key of the chance of the people who live twice.
KEY = 1


def differences(one: Records, other: Records) -> list[str]:
    """Fields in which records differ, with the number of records."""
    if len(one) != len(other):
        return [f"{len(one)} people instead of {len(other)}"]
    found = []
    for name in one.dtype.names or ():
        differ = one[name] != other[name]
        count = int(differ.reshape(len(one), -1).any(axis=1).sum())
        if count:
            found.append(f"{name} of {count} in {len(one)} people")
    return found


def check_bits(setting: Setting, of_worlds: list[World]) -> None:
    """Grow a small population on a processor and on the GPU, until the last survey, and compare them.

    Parameters
    ----------
    setting
        What they live in; it has few people.
    of_worlds
        Worlds in which they live again.

    Raises
    ------
    UserError
        If a bit differs.
    """
    here, there = Population(setting, key=KEY), DevicePopulation(setting, key=KEY)
    last = survey_month(setting.survey_years[-1])
    for people in (here, there):
        people.advance(last - 12)
        people.advance(last, log=True)
    found = differences(there.lives, here.lives) + differences(there.bodies, here.bodies)
    if not np.array_equal(there.events, here.events):
        found.append("what happened in the last year")
    if of_worlds and not found:
        lives, given = here.lives, here.bodies["endowment_mg"]
        bodies = [
            np.concatenate(
                [each for _, each in again(lives, given, [last], of_worlds, p=here.inputs)]
            )
            for again in (worlds.live_again, live_again)
        ]
        found += [f"in other worlds, {each}" for each in differences(*bodies)]
    if found:
        more = f", and {len(found) - 3} more" if len(found) > 3 else ""
        raise UserError(
            f"device gpu: it gives other numbers than a processor: {', '.join(found[:3])}{more}; "
            "--allow-different-bits (allow_different_bits=True) goes on with them"
        )
