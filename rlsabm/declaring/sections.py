"""Kinds of values in scenario files, from which the sections of a scenario are made."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import isfinite
from typing import Annotated, Literal, TypeVar
from unicodedata import bidirectional, category

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError, PydanticKnownError

from rlsabm.declaring.bounds import IN_DIGITS, LARGEST_EXACT
from rlsabm.wording import value_text, with_help

Item = TypeVar("Item")
#: Classes of characters that turn the direction of what follows.
_TURNS = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")


def float_as_whole(value: object) -> object:
    """Accept 1e6 and 1.0 where a whole number is expected, as far as each has a float of its own."""
    if not isinstance(value, float) or not value.is_integer():
        return value
    if LARGEST_EXACT < abs(value) < 2**63:  # what is larger is out of all bounds
        what = with_help(f"found {value_text(value)}", IN_DIGITS)
        raise PydanticCustomError("scenario", "{what}", {"what": what})
    return int(value)


def number(value: object) -> object:
    """Refuse what is not a number before the union of int and float reports each half."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PydanticKnownError("float_type")
    if not isfinite(value):
        raise PydanticKnownError("finite_number")
    return value


def none_is_empty(value: object) -> object:
    """Accept a key without a value where a mapping is expected."""
    return {} if value is None else value


def increasing(values: list[int]) -> list[int]:
    """Refuse a list that does not increase."""
    for earlier, later in pairwise(values):
        if later <= earlier:
            raise PydanticCustomError(
                "scenario",
                "must increase, with each value once: {earlier} is followed by {later}",
                {"earlier": earlier, "later": later},
            )
    return values


def starts_with_zero(values: list[int]) -> list[int]:
    """Refuse age limits that leave out the youngest."""
    if values[0] != 0:
        raise PydanticCustomError(
            "scenario", "starts with {first} (expected 0 as the first limit)", {"first": values[0]}
        )
    return values


def each_once(values: Sequence[Item]) -> Sequence[Item]:
    """Refuse a list that names something twice."""
    seen = set()
    for value in values:
        if value in seen:
            raise PydanticCustomError("scenario", "names {value} twice", {"value": value})
        seen.add(value)
    return values


def one_line(text: str) -> str:
    """Join the lines of a text that is shown on one; refuse what a terminal would obey."""
    return without_control(" ".join(text.split()))


def without_control(text: str) -> str:
    """Refuse characters that a terminal would obey or that turn the direction of writing."""
    for letter in text:
        if letter in "\n\t":
            continue
        if category(letter) in ("Cc", "Cs") or bidirectional(letter) in _TURNS:
            raise PydanticCustomError(
                "scenario",
                "holds the character U+{code} (expected plain text)",
                {"code": f"{ord(letter):04X}"},
            )
    return text


Whole = BeforeValidator(float_as_whole)
Number = Annotated[int | float, BeforeValidator(number)]
PlaceName = Annotated[
    str,
    Field(
        pattern=r"^[a-z]+(-[a-z]+)*$",
        json_schema_extra={"expected": "lower-case words joined by hyphens, as in united-states"},
    ),
]
CountryName = Annotated[
    str, Field(min_length=1, max_length=1_000, json_schema_extra={"expected": "a country"})
]
Year = Annotated[int, Field(ge=1900, le=2100), Whole]
AgeLimit = Annotated[int, Field(ge=0, le=120, json_schema_extra={"unit": "years"}), Whole]
Share = Annotated[float, Field(ge=0, le=1)]
DailyIron = Annotated[float, Field(ge=1, le=200, json_schema_extra={"unit": "mg per day"})]
Line = Annotated[str, Field(max_length=200), AfterValidator(one_line)]
Words = Annotated[str, Field(max_length=20_000), AfterValidator(without_control)]
Stratum = Literal["sex", "age_group", "parity"]


def true_is_a_name(values: object) -> object:
    """Accept ``true`` for the truth in a list of names; YAML reads a bare one as a truth value."""
    if isinstance(values, list):
        return ["truth" if value is True or value == "true" else value for value in values]
    return values


class Section(BaseModel):
    """A part of a scenario: unknown keys are refused, values are not converted."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, serialize_by_alias=True
    )
