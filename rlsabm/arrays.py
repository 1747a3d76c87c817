"""Types of arrays, by what they hold."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]
#: Identities of people: unsigned integers of 64 bits.
Uids: TypeAlias = NDArray[np.uint64]
#: Structured arrays with a field by name: people's lives, bodies, burdens.
Records: TypeAlias = Any


def is_time(value: Any) -> bool:
    """Whether these are dates or durations of numpy, whose ``tolist`` may give plain numbers."""
    return getattr(getattr(value, "dtype", None), "kind", "") in ("m", "M")
