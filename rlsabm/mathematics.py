"""Exponential, logarithm, sums and searches for rules and their tables.

Exponential and logarithm are the same to the bit on every processor. The C library chooses among
several versions of these functions by processor, and their last bits differ; one bit can decide whether
somebody has symptoms this month. These use additions, multiplications, one division and shifts only,
which every processor rounds alike. Relative error of :func:`exp` is below 1e-8, absolute error of
:func:`log` below 1e-9.

:func:`power` stands for ``**``, which is the C library's as well, and another one on a GPU.
:func:`total` and :func:`first_place` stand for `np.sum` and `np.searchsorted`. Compiled code that uses
those of numba makes every process import scipy before it begins, which takes half a second.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rlsabm.compilation import compiled

_LOG2_E = 1.4426950408889634
_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
_SQRT_HALF_BITS = 0x3FE6A09E667F3BCD
_ONE_BITS = 0x3FF0000000000000
_LARGEST = 700.0


@compiled
def exp(x: float) -> float:
    """Exponential of ``x``, which is held within -700 and 700."""
    x = min(max(x, -_LARGEST), _LARGEST)
    k = np.int64(math.floor(x * _LOG2_E + 0.5))
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    r2 = r * r
    r4 = r2 * r2
    # Taylor terms to the seventh, in pairs, so that the processor can work on them side by side.
    series = ((1.0 + r) + r2 * (1.0 / 2.0 + r * (1.0 / 6.0))) + r4 * (
        (1.0 / 24.0 + r * (1.0 / 120.0)) + r2 * (1.0 / 720.0 + r * (1.0 / 5040.0))
    )
    return series * np.int64((k + 1023) << 52).view(np.float64)


@compiled
def log(x: float) -> float:
    """Natural logarithm of a positive, normal ``x``."""
    bits = np.float64(x).view(np.int64)
    exponent = (bits - _SQRT_HALF_BITS) >> 52
    mantissa = np.int64(bits - (exponent << 52)).view(np.float64)
    f = (mantissa - 1.0) / (mantissa + 1.0)
    f2 = f * f
    f4 = f2 * f2
    series = (1.0 + f2 * (1.0 / 3.0)) + f4 * ((1.0 / 5.0 + f2 * (1.0 / 7.0)) + f4 * (1.0 / 9.0))
    return exponent * (_LN2_HIGH + _LN2_LOW) + 2.0 * f * series


@compiled
def power(base: float, times: int) -> float:
    """A number multiplied by itself, to a whole power of at least 0."""
    result = 1.0
    for _ in range(times):
        result *= base
    return result


@compiled
def total(values: Any) -> float:
    """Sum of some values, one after another."""
    result = 0.0
    for value in values:
        result += value
    return result


@compiled
def first_place(ascending: Any, least: Any) -> int:
    """First place in ascending values where one is at least ``least``; their count if none is."""
    low, high = 0, len(ascending)
    while low < high:
        middle = (low + high) // 2
        if ascending[middle] < least:
            low = middle + 1
        else:
            high = middle
    return low
