"""Names of the kinds of arrays that the package passes around."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
#: Words of 64 bits: identities and random numbers.
Words = NDArray[np.uint64]
