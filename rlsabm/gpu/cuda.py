"""The extra that compiles rules for a GPU, and the GPU itself.

Numbers must be those of a processor, to the bit. A processor rounds after each multiplication and after
each addition; a GPU's compiler likes to make one instruction of the two, which rounds once. So it is
told not to. This must be said to the compiler of intermediate code, which then writes instructions that
nothing later may join; the optimisation of linked code, which would begin anew, is left off.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache, wraps
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from rlsabm.errors import UserError

#: Threads of a block: few, because a month of a person takes many registers.
THREADS_PER_BLOCK = 128
EXTRA = 'install it with pip install "rlsabm[gpu]"'


def is_simulated() -> bool:
    """Whether kernels are run by numba's simulator, in Python."""
    return os.environ.get("NUMBA_ENABLE_CUDASIM", "0") not in ("", "0")


def keep_roundings() -> None:
    """Have each multiplication and addition rounded, whatever is compiled for a GPU from now on."""
    nvvm: Any = import_module("numba.cuda.cudadrv.nvvm")
    compile_ir = nvvm.compile_ir
    if getattr(compile_ir, "keeps_roundings", False):
        return

    @wraps(compile_ir)
    def compile_apart(code: Any, **options: Any) -> Any:
        return compile_ir(code, **{**options, "fma": 0})

    vars(compile_apart)["keeps_roundings"] = True
    nvvm.compile_ir = compile_apart


@cache
def require_gpu() -> Any:
    """The module `numba.cuda`, where there is a GPU that it can use.

    Raises
    ------
    UserError
        If the extra is not installed, or there is no such GPU.
    """
    if find_spec("numba_cuda") is None:
        raise UserError(f"device gpu: needs numba-cuda; {EXTRA}")
    cuda: Any = import_module("numba.cuda")
    if not cuda.is_available():
        # The driver's own words, which may go on for lines.
        said = "" if is_simulated() else " ".join(str(cuda.cuda_error() or "").split())
        why = f" ({said.rstrip('.')})" if said else ""
        raise UserError(
            f"device gpu: no GPU that CUDA can use{why}; device cpu means the processors"
        )
    if not is_simulated():
        keep_roundings()
    return cuda


def name_of_gpu() -> str:
    """What the GPU calls itself."""
    if is_simulated():
        return "a simulated GPU"
    name = require_gpu().get_current_device().name
    return name.decode() if isinstance(name, bytes) else str(name)


@cache
def _compiled(function: Callable[..., None]) -> Any:
    options = {} if is_simulated() else {"lto": False}
    return require_gpu().jit(**options)(function)


def launch(function: Callable[..., None], threads: int, *arguments: Any) -> None:
    """Have a kernel run by so many threads, or a few more."""
    if threads > 0:
        blocks = -(-threads // THREADS_PER_BLOCK)
        _compiled(function)[blocks, THREADS_PER_BLOCK](*arguments)
