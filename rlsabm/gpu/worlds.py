"""Lives lived again in other worlds, on a GPU."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from rlsabm.arrays import Records
from rlsabm.burden import BURDEN
from rlsabm.declaring.inputs import Inputs
from rlsabm.gpu import kernels
from rlsabm.gpu.cuda import launch, require_gpu
from rlsabm.person import BODY, LIFE, newborn_records
from rlsabm.worlds.living_again import months_lived, share_stores
from rlsabm.worlds.world import BURDENS_WITH_WORLDS, World, world_records

#: Bodies that live at a time: they take about 300 bytes each, with what they leave behind.
BODIES_AT_A_TIME = 1 << 21


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
    """Let people live again, chunk by chunk, as `rlsabm.worlds.living_again.live_again` does.

    Threads are the GPU's own: how many are asked for does not matter.
    """
    cuda = require_gpu()
    shape = (len(months), len(worlds) + 1)
    chunk = max(1, min(len(lived), BODIES_AT_A_TIME // (1 + shape[0] * shape[1])))
    dates = cuda.to_device(np.array(months, dtype=np.int64))
    of_worlds = cuda.to_device(world_records(worlds))
    newborns = [cuda.to_device(newborn_records(dtype, 1)) for dtype in (LIFE, BODY)]
    inputs = cuda.to_device(np.array([p]))
    scratch = (
        cuda.device_array(chunk, dtype=LIFE),
        cuda.device_array((chunk, len(worlds) + 1), dtype=BODY),
        cuda.device_array((chunk, len(worlds)), dtype=np.bool_),
        cuda.device_array((chunk, BURDENS_WITH_WORLDS), dtype=BURDEN),
    )
    lengths = months_lived(lived, months[-1])
    lived, given_mg = np.ascontiguousarray(lived), np.ascontiguousarray(given_mg)
    for first in range(0, len(lived), chunk):
        window = slice(first, min(first + chunk, len(lived)))
        states = np.zeros((window.stop - first, *shape), dtype=BODY)
        there = cuda.to_device(states)
        launch(
            kernels.relive_people, len(states), cuda.to_device(lived[window]),
            cuda.to_device(given_mg[window]), dates, there, of_worlds, *newborns, *scratch, inputs,
        )  # fmt: skip
        there.copy_to_host(states)
        share_stores(states, worlds)
        yield window, states
        progress(int(lengths[window].sum()))
