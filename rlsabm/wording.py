"""Words for messages: numbers, ranges, what was found, what was expected."""

from __future__ import annotations

import math
import os
import re
import shlex
from collections.abc import Mapping
from pathlib import Path

from rlsabm.errors import visible

#: Characters of a value that are shown.
LONGEST_VALUE = 40


def number_text(value: float) -> str:
    """The number as people write it: 30, 0.5, 200,000."""
    if abs(value) < 1e19 and value == int(value):
        return f"{int(value):,}" if abs(value) >= 10_000 else str(int(value))
    if isinstance(value, int):
        return f"a whole number of {len(str(abs(value)))} digits"
    return repr(float(value))


def counted(number: int, noun: str) -> str:
    """A number of things: ``1 run``, ``2,000 runs``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def duration(seconds: float) -> str:
    """A time in words."""
    if seconds < 90:
        whole = max(1, round(seconds))
        return f"{whole} second{'s' if whole > 1 else ''}"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.1f} hours"


def range_text(lower: float | None, upper: float | None, unit: str = "") -> str:
    """A range with its unit, starting with a space: " from 0 to 1 mg", or nothing."""
    has_lower = lower is not None and math.isfinite(lower)
    has_upper = upper is not None and math.isfinite(upper)
    unit_text = f" {unit}" if unit else ""
    if has_lower and has_upper:
        return f" from {number_text(lower or 0)} to {number_text(upper or 0)}{unit_text}"
    if has_lower:
        return f" of at least {number_text(lower or 0)}{unit_text}"
    if has_upper:
        return f" of at most {number_text(upper or 0)}{unit_text}"
    return f" in {unit}" if unit else ""


def value_text(value: object) -> str:
    """What was found, shortened: the text 'x', 12, true, nothing, a list, a mapping, a Decimal."""
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case int() | float():
            return number_text(value) if abs(value) < 1900 or abs(value) > 2100 else str(value)
        case str():
            # Blanks and line ends only: other white space is a mistake that must be seen.
            text = re.sub(r"[ \t\r\n]+", " ", value).strip(" ")
            return f"the text '{visible(text, LONGEST_VALUE)}'"
        case list() | tuple():
            return "a list" if value else "an empty list"
        case Mapping():
            return "a mapping" if value else "an empty mapping"
        case _:
            kind = type(value).__name__
            return f"{'an' if kind[0] in 'aeiouAEIOU' else 'a'} {kind}"


def with_help(what: str, expected: str | None = None, meant: str | None = None) -> str:
    """Join a mistake with what was expected and what may have been meant."""
    helps = [
        f"expected {expected}" if expected else "",
        f"did you mean {meant}?" if meant else "",
    ]
    joined = "; ".join(text for text in helps if text)
    return f"{what} ({joined})" if joined else what


def command(*words: object) -> str:
    """A command line as a shell reads it."""
    return " ".join(_quoted(word) for word in words)


def _quoted(word: object) -> str:
    text = str(word)
    if isinstance(word, Path) and text.startswith("-"):
        text = f"./{text}"  # no option
    if text.isprintable():
        return shlex.quote(text)
    quoted = "".join(
        f"\\x{byte:02x}" if byte < 32 or byte > 126 else chr(byte).replace("\\", r"\\")
        for byte in os.fsencode(text)
    )
    return "$'" + quoted.replace("'", r"\'") + "'"
