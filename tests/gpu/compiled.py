"""Compile all kernels for a compute capability, on a machine that needs no GPU: ``compiled.py 9 0``.

Prints, as JSON, what stands in the code of each.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import numpy as np
from numba import from_dtype, types

from rlsabm.burden import BURDEN
from rlsabm.events import EVENT
from rlsabm.gpu import kernels
from rlsabm.gpu.cuda import keep_roundings
from rlsabm.inputs import INPUTS
from rlsabm.person import BODY, LIFE
from rlsabm.worlds.world import WORLD_RECORD

CUDA: Any = import_module("numba.cuda")


def array(dtype: Any, dimensions: int = 1) -> types.Array:
    return types.Array(from_dtype(np.dtype(dtype)), dimensions, "C")


WHOLE = types.int64
SIGNATURES: dict[Callable[..., None], tuple[Any, ...]] = {
    kernels.live_people: (
        array(LIFE), array(BODY), WHOLE, WHOLE, WHOLE, WHOLE, array(EVENT, 2), array("i8"),
        array(INPUTS),
    ),
    kernels.relive_people: (
        array(LIFE), array("f4"), array("i8"), array(BODY, 3), array(WORLD_RECORD), array(LIFE),
        array(BODY), array(LIFE), array(BODY, 2), array("?", 2), array(BURDEN, 2), array(INPUTS),
    ),
    kernels.gather: (array(LIFE), array("i8"), array(LIFE)),
    kernels.note_months: (array(LIFE), array("i4"), array("i4")),
}  # fmt: skip


def main(*capability: int) -> dict[str, dict[str, int]]:
    # Functions that a kernel calls are compiled for the GPU that is there; here, for the one asked for.
    dispatcher: Any = import_module("numba.cuda.dispatcher")
    dispatcher.get_current_device = lambda: SimpleNamespace(compute_capability=capability)
    keep_roundings()
    found = {}
    for kernel, signature in SIGNATURES.items():
        code, _ = CUDA.compile(
            kernel, signature, device=False, cc=capability, abi="numba", output="ptx"
        )
        found[kernel.__name__] = {
            "fused": len(re.findall(r"\b(?:fma|mad)\.[\w.]*f(?:32|64)\b", code)),
            "rounded": len(re.findall(r"\b(?:add|mul)\.rn\.f64\b", code)),
            "not rounded": len(re.findall(r"\b(?:add|sub|mul|div)\.f(?:32|64)\b", code)),
            "of the library": len(re.findall(r"__nv_|__internal_", code)),
        }
    return found


if __name__ == "__main__":
    print(json.dumps(main(*map(int, sys.argv[1:]))))
