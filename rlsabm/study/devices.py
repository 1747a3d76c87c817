"""On what people live: the processors of a machine, or its GPU."""

from __future__ import annotations

from typing import Any, NamedTuple

from rlsabm.declaring.bounds import refusal
from rlsabm.population import Population
from rlsabm.setting import Setting
from rlsabm.study.machine import worker_name
from rlsabm.study.reliving import LiveAgain
from rlsabm.worlds.living_again import live_again
from rlsabm.worlds.world import World

CPU, GPU = "cpu", "gpu"
DEVICES = (CPU, GPU)
#: People of the population that lives twice, to see whether a device gives the same bits.
CHECKED_PEOPLE = 200
#: GPUs that were found to give the bits of a processor in this process, by what was asked of them.
_CHECKED: set[bool] = set()


class Device(NamedTuple):
    """How people are grown, and live again, on a device.

    Attributes
    ----------
    population
        A class of populations, with the arguments of `Population`.
    live_again
        Lets people live again.
    """

    population: Any
    live_again: LiveAgain


def checked_device(name: object) -> str:
    """The name of a device.

    Raises
    ------
    UserError
        If it is no name of one.
    """
    if name not in DEVICES:
        raise refusal("device", name, " or ".join(DEVICES))
    return str(name)


def device_named(name: str) -> Device:
    """A device by its name.

    Raises
    ------
    UserError
        If there is no such device, here or at all.
    """
    if checked_device(name) == CPU:
        return Device(Population, live_again)
    from rlsabm.gpu.cuda import require_gpu

    require_gpu()
    from rlsabm.gpu import population, worlds

    return Device(population.DevicePopulation, worlds.live_again)


def check_device(name: str, setting: Setting, of_worlds: list[World]) -> None:
    """Make sure, once in a process, that a device gives the numbers of a processor.

    Parameters
    ----------
    name
        Its name.
    setting
        What the people live in; few, since some of them live twice.
    of_worlds
        Worlds in which they will live again.

    Raises
    ------
    UserError
        If it does not.
    """
    if name == CPU or bool(of_worlds) in _CHECKED:
        return
    device_named(name)
    from rlsabm.gpu.exactness import check_bits

    check_bits(setting, of_worlds)
    _CHECKED.add(bool(of_worlds))


def worked_by(name: str) -> str:
    """Host and process, and the device if it is not the processors."""
    if name == CPU:
        return worker_name()
    from rlsabm.gpu.cuda import name_of_gpu

    return f"{worker_name()} on {name_of_gpu()}"
