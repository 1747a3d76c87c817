"""Words for messages and screens: numbers with their intervals, counts, ranges, values, commands."""

from __future__ import annotations

import math
import os
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from rlsabm.errors import visible

#: Characters of a value that are shown.
LONGEST_VALUE = 40
#: A number that there is not, or that cannot be told.
NONE = "-"
#: Most decimals of a percentage with its interval, which has two significant digits of its half-width.
MOST_DECIMALS = 2


def number_text(value: float) -> str:
    """The number as people write it: 30, 0.5, 200,000."""
    if abs(value) < 1e19 and value == int(value):
        return f"{int(value):,}" if abs(value) >= 10_000 else str(int(value))
    if isinstance(value, int):
        return f"a whole number of {len(str(abs(value)))} digits"
    return repr(float(f"{value:.15g}"))  # without what arithmetic leaves in the last digits


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


def percent(share: float, lower: float = math.nan, upper: float = math.nan) -> str:
    """A share in per cent, with its interval if there is one: ``12.8 (11.9–13.8)``."""
    if not math.isfinite(share):
        return NONE
    if not _is_interval(lower, upper):
        return f"{100 * share:.1f}"
    decimals = decimals_of(100 * (upper - lower) / 2)
    value, low, high = (f"{100 * x:.{decimals}f}" for x in (share, lower, upper))
    return f"{value} ({low}–{high})"


def points(difference: float, lower: float = math.nan, upper: float = math.nan) -> str:
    """A difference in percentage points, its sign always shown: ``+0.12 (-0.04 to 0.28)``."""
    if not math.isfinite(difference):
        return NONE
    if not _is_interval(lower, upper):
        return signed(100 * difference, MOST_DECIMALS)
    decimals = decimals_of(100 * (upper - lower) / 2)
    low, high = (f"{round(100 * x, decimals) + 0.0:.{decimals}f}" for x in (lower, upper))
    return f"{signed(100 * difference, decimals)} ({low} to {high})"


def decimals_of(half_width: float) -> int:
    """Decimals that show two significant digits of a half-width."""
    if not math.isfinite(half_width) or half_width <= 0.0:
        return MOST_DECIMALS
    return min(max(1 - math.floor(math.log10(half_width)), 0), MOST_DECIMALS)


def signed(number: float, decimals: int) -> str:
    """A number with its sign; what rounds to nought has none."""
    rounded = round(number, decimals)
    return f"{rounded:+.{decimals}f}" if rounded else f"{0:.{decimals}f}"


def _is_interval(lower: float, upper: float) -> bool:
    """Whether these are limits; an interval of no width says nothing."""
    return math.isfinite(lower) and math.isfinite(upper) and upper > lower


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


def in_a_row(words: Sequence[str]) -> str:
    """Words in a row: "a, b and c"."""
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last
