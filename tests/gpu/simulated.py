"""Kernels, and the way of people to a GPU and back, in numba's simulator.

The simulator runs a kernel in Python, thread by thread; the rules that it calls are those compiled for
a processor. Prints, as JSON, what differs from a population on a processor.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

os.environ["NUMBA_ENABLE_CUDASIM"] = "1"

import numpy as np
from numba.cuda.simulator.cudadrv import devicearray

from rlsabm.gpu import cuda, exactness, kernels
from rlsabm.gpu.population import DevicePopulation
from rlsabm.population import Population
from rlsabm.study.settings import country_of, read_scenario, unit_setting
from rlsabm.worlds.living_again import all_worlds

PEOPLE, YEARS, KEY = 20, 60, 5


def plain(value: Any) -> Any:
    """An array of the simulator as the array of numpy that it stands for."""
    if isinstance(value, tuple):
        return tuple(map(plain, value))
    if isinstance(value, devicearray.FakeWithinKernelCUDAArray):
        value = value._item
    return value._ary if isinstance(value, devicearray.FakeCUDAArray) else value


def taking_plain(rule: Callable[..., None]) -> Callable[..., None]:
    return lambda *arguments: rule(*map(plain, arguments))


def main() -> dict[str, Any]:
    for name in ("lay_all_neutral", "live_block", "live_lives_again"):
        setattr(kernels, name, taking_plain(getattr(kernels, name)))
    cuda.THREADS_PER_BLOCK = 32  # each is a thread of Python
    study = read_scenario("baseline", ["care.presets=[usual_care]"])
    setting = unit_setting(study.scenario, 0, country=country_of(study), people=PEOPLE)
    here, there = Population(setting, key=KEY), DevicePopulation(setting, key=KEY)
    middle = setting.plan.first_month + 12 * YEARS
    found: dict[str, Any] = {}
    for people in (here, there):
        people.advance(middle)
        people.advance(middle + 11, log=True)
    found["differ"] = exactness.differences(there.lives, here.lives)
    found["differ"] += exactness.differences(there.bodies, here.bodies)
    found["people"], found["moved"] = len(here.lives), there.layout
    found["events"] = [len(here.events), bool(np.array_equal(here.events, there.events))]
    found["person_months"] = [here.person_months, there.person_months]

    from rlsabm.gpu.worlds import live_again as there_again
    from rlsabm.worlds.living_again import live_again as here_again

    worlds = all_worlds(setting)
    some = slice(0, 12)
    lives, given = here.lives[some], here.bodies["endowment_mg"][some]
    months = [middle - 120, middle + 11]
    bodies = [
        np.concatenate([each for _, each in again(lives, given, months, worlds, p=here.inputs)])
        for again in (there_again, here_again)
    ]
    # Bytes between the fields of a record are nobody's.
    names = bodies[0].dtype.names or ()
    are_equal = all(bodies[0][name].tobytes() == bodies[1][name].tobytes() for name in names)
    found["worlds"] = [len(worlds), are_equal]
    return found


if __name__ == "__main__":
    print(json.dumps(main()))
