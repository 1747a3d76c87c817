"""Bounds of what is given from outside, refused in words."""

from __future__ import annotations

import numpy as np

from rlsabm.errors import UserError


def whole_number(name: str, value: object, least: int, most: int) -> int:
    """A whole number within limits.

    Raises
    ------
    UserError
        If it is none; the message begins with ``name``.
    """
    is_whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not is_whole or not least <= int(value) <= most:  # type: ignore[call-overload]
        raise UserError(
            f"{name}: found {value!r} (expected a whole number from {least:,} to {most:,})"
        )
    return int(value)  # type: ignore[call-overload]
