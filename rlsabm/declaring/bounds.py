"""What is given from Python: checked, and refused in the words of scenario files."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from rlsabm.arrays import is_time
from rlsabm.errors import UserError
from rlsabm.wording import range_text, value_text

#: Largest number that is not infinite.
FLOAT_MAX = sys.float_info.max
#: Largest whole number up to which each has a float of its own.
LARGEST_EXACT = 2**53 - 1
#: How whole numbers beyond it are to be given.
IN_DIGITS = "a whole number without a point or an exponent, which would round one so large"


def refusal(name: str, value: object, expected: str) -> UserError:
    """What to say of a value that is not what was expected; ``name`` says where it was given."""
    found = "is empty" if plain(value) is None else f"found {value_text(plain(value))}"
    return UserError(f"{name}: {found} (expected {expected})")


def plain(value: Any) -> Any:
    """A scalar of numpy, or an array of no dimension, as the Python value that it holds."""
    if not isinstance(value, np.generic | np.ndarray) or value.ndim > 0 or is_time(value):
        return value
    return value.tolist()  # of a masked value it gives None, unlike item()


def number(name: str, value: object, lower: float, upper: float, unit: str = "") -> float:
    """A number within limits, which may be infinite.

    Raises
    ------
    UserError
        If it is none; the message begins with ``name``.
    """
    given = plain(value)
    is_number = isinstance(given, int | float) and not isinstance(given, bool)
    if not is_number or not lower <= given <= upper or abs(given) > FLOAT_MAX:
        raise refusal(name, value, "a number" + range_text(lower, upper, unit))
    return float(given)


def whole_number(name: str, value: object, least: int, most: int) -> int:
    """A whole number within limits; 300.0 counts as one, as in scenario files.

    Raises
    ------
    UserError
        If it is none; the message begins with ``name``.
    """
    given = plain(value)
    is_whole = isinstance(given, int) and not isinstance(given, bool)
    if isinstance(given, float):
        is_whole = given.is_integer()
    if not is_whole or not least <= given <= most:
        raise refusal(name, value, "a whole number" + range_text(least, most))
    if isinstance(given, float) and abs(given) > LARGEST_EXACT:
        raise refusal(name, value, IN_DIGITS)
    return int(given)


def yes_or_no(name: str, value: object) -> bool:
    """A truth value.

    Raises
    ------
    UserError
        If it is none; the message begins with ``name``.
    """
    given = plain(value)
    if not isinstance(given, bool):
        raise refusal(name, value, "true or false")
    return given


def text(name: str, value: object, expected: str) -> str:
    """Text that is not empty.

    Raises
    ------
    UserError
        If it is none; the message begins with ``name``.
    """
    given = plain(value)
    if not isinstance(given, str) or not given.strip():
        raise refusal(name, None if given == "" else value, expected)
    return str(given)


def mapping(name: str, value: object, expected: str = "a mapping by name") -> Mapping[Any, Any]:
    """A mapping; nothing counts as an empty one.

    Raises
    ------
    UserError
        If it is none; the message begins with ``name``.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise refusal(name, value, expected)
    return value


def names(name: str, value: object, expected: str = "names") -> list[str]:
    """Names as a list; a single one counts as a list of it.

    Raises
    ------
    UserError
        If it is no list of names; the message begins with ``name``.
    """
    given = plain(value)
    if isinstance(given, str):
        return [given]
    if not isinstance(given, Iterable) or isinstance(given, Mapping | bytes):
        raise refusal(name, value, expected)
    found = list(given)
    for each in found:
        if not isinstance(each, str):
            raise refusal(name, each, expected)
    return [str(each) for each in found]
