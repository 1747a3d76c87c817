"""Fewer points of a line, where that does not change the picture."""

from __future__ import annotations

import numpy as np

from rlsabm.arrays import Floats, Ints


def points_that_matter(x: Floats, y: Floats, tolerance: float) -> Ints:
    """Places of the points through which a line differs nowhere by more than the tolerance.

    Parameters
    ----------
    x, y
        The points, with x ascending and without missing values, shape (n,).
    tolerance
        Largest vertical distance, in units of y, of a point left out from the line through the others.

    Returns
    -------
    numpy.ndarray
        Places in ascending order; the first and the last point are among them.
    """
    if len(x) < 3:
        return np.arange(len(x))
    kept = np.zeros(len(x), dtype=bool)
    kept[[0, -1]] = True
    stretches = [(0, len(x) - 1)]
    while stretches:
        first, last = stretches.pop()
        if last - first < 2:
            continue
        inside = slice(first + 1, last)
        slope = (y[last] - y[first]) / (x[last] - x[first])
        away = np.abs(y[inside] - (y[first] + slope * (x[inside] - x[first])))
        farthest = first + 1 + int(away.argmax())
        if away.max() > tolerance:
            kept[farthest] = True
            stretches += [(first, farthest), (farthest, last)]
    return np.flatnonzero(kept)
