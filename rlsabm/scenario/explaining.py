"""Says in plain words what was found, what was expected, and what may have been meant."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, TypeAlias

from rlsabm.demography.countries import meant_place
from rlsabm.errors import itself_or_nearest, nearest
from rlsabm.exposures.donation import jurisdictions
from rlsabm.scenario.schema import file_schema
from rlsabm.wording import LONGEST_VALUE, number_text, range_text, with_help

Schema: TypeAlias = dict[str, Any]

#: How like a key of another place a misspelt one must be to have been meant.
LIKENESS_ELSEWHERE = 0.8
#: Mappings with more keys are not described by all of them.
MOST_KEYS = 12
#: More places that have a key of the same name are not listed.
MOST_PLACES = 3

_KINDS = {
    "integer": ("a whole number", "whole numbers"),
    "number": ("a number", "numbers"),
    "boolean": ("true or false", "true or false"),
    "string": ("text", "names"),
}
_SWITCHES = {
    "yes": "true", "on": "true", "y": "true", "true": "true", "1": "true",
    "no": "false", "off": "false", "n": "false", "false": "false", "0": "false",
}  # fmt: skip


def expectation(schema: Schema, *, plural: bool = False) -> str:
    """What a value must be, in words."""
    schema, may_be_null = _without_null(schema)
    words = _expectation(schema, plural)
    return f"{words}, or null" if may_be_null else words


def likely_meaning(value: object, schema: Schema) -> str | None:
    """What a person who wrote this value may have meant, as they would write it."""
    if isinstance(value, str) and len(value) > LONGEST_VALUE:
        return None
    schema, may_be_null = _without_null(schema)
    kind = schema.get("type")
    if may_be_null and (value is False or str(value).lower() in ("none", "no", "off", "false")):
        return "null"
    if kind == "array":
        is_scalar = isinstance(value, int | float | str) and not isinstance(value, bool)
        item, _ = _without_null(schema["items"])
        fits = isinstance(value, str) == ("enum" in item or item.get("type") == "string")
        return f"[{value}]" if is_scalar and fits else None
    if kind == "boolean" and isinstance(value, str | int):
        return _SWITCHES.get(str(value).lower())
    if isinstance(value, int | float) and _is_share(schema) and 1.5 <= value <= 100:
        return f"{value / 100:g}"  # a share in per cent
    if kind == "string" and isinstance(value, bool | int | float):
        return f"'{str(value).lower()}'"
    if not isinstance(value, str):
        return None
    if "enum" in schema:
        return nearest(value, map(str, schema["enum"]))
    if "pattern" in schema:
        return meant_place(value, jurisdictions())
    if kind in ("integer", "number"):
        return _number_inside(value, is_share=_is_share(schema))
    return None


def schema_at(path: Iterable[str | int]) -> Schema:
    """The schema of the value at a path of keys and list positions."""
    schema = file_schema()
    for step in path:
        schema, _ = _without_null(schema)
        if isinstance(step, int):
            schema = schema.get("items", {})
        elif step in schema.get("properties", {}):
            schema = schema["properties"][step]
        else:
            schema = schema.get("additionalProperties") or {}
    return schema


def unknown_key(
    parents: tuple[str, ...],
    key: str,
    names: Iterable[tuple[str, ...]] = (),
    below: tuple[str, ...] = (),
) -> str:
    """What to say about a key that does not exist, with the one that may have been meant.

    Parameters
    ----------
    parents
        Keys in which it stands.
    key
        The key.
    names
        Paths of parameters and conditions, which no schema knows.
    below
        Keys that stand in it, one in the other.
    """
    if written := re.match(r"\s*[\w.-]+\s*([:：=])", key):
        joined = "a space after ':'" if written[1] == ":" else "': ' after the key"
        return with_help("unknown key", f"{joined}, as in size: 5000")
    siblings = list(_without_null(schema_at(parents))[0].get("properties", {}))
    if sibling := nearest(key, siblings):
        return with_help("unknown key", meant=".".join((*parents, sibling)))
    if meant := place_of_key(key, names, below):
        return with_help("unknown key", meant=meant)
    return with_help("unknown key", expected=f"one of {', '.join(siblings)}")


def place_of_key(
    key: str, names: Iterable[tuple[str, ...]] = (), below: tuple[str, ...] = ()
) -> str | None:
    """Where else in a scenario a key belongs, with the keys in it: one place, or a few."""
    places: dict[str, list[tuple[str, ...]]] = {}
    for path in (*_keys_of_a_file(), *names):
        places.setdefault(path[-1], []).append(path)
        places.setdefault(".".join(path), []).append(path)
    meant = itself_or_nearest(key, places, likeness=LIKENESS_ELSEWHERE, begun=False)
    if meant is None or len(places[meant]) > MOST_PLACES:
        return None
    full = [".".join((*path, *below)) for path in places[meant]]
    return " or ".join(filter(None, (", ".join(full[:-1]), full[-1])))


@cache
def _keys_of_a_file() -> tuple[tuple[str, ...], ...]:
    return tuple(_paths(file_schema()))


def _expectation(schema: Schema, plural: bool) -> str:
    if "expected" in schema:
        return str(schema["expected"])
    if "enum" in schema:
        names = ", ".join(map(str, schema["enum"]))
        return f"names among {names}" if plural else f"one of {names}"
    kind = schema.get("type", "number" if "anyOf" in schema else "")
    if kind == "array":
        filled = ", not empty" if schema.get("minItems") else ""
        return f"a list of {expectation(schema['items'], plural=True)}{filled}"
    if "properties" in schema:
        *most, last = schema["properties"]
        if len(most) >= MOST_KEYS:
            return f"a mapping with keys such as {', '.join(most[:3])}"
        return f"a mapping with {', '.join(most)} and {last}" if most else f"a mapping with {last}"
    if "additionalProperties" in schema:
        return "a mapping from names to values"
    words = _KINDS.get(kind, ("a value", "values"))[plural]
    if kind == "string" and schema.get("minLength"):
        words += " that is not empty"
    return words + range_text(schema.get("minimum"), schema.get("maximum"), schema.get("unit", ""))


def _without_null(schema: Schema) -> tuple[Schema, bool]:
    """Follow references and split off "or null"."""
    if "$ref" in schema:
        definition = file_schema()["$defs"][schema["$ref"].rpartition("/")[2]]
        return _without_null(definition)
    choices = [choice for choice in schema.get("anyOf", ()) if "type" in choice or "$ref" in choice]
    others = [choice for choice in choices if choice.get("type") != "null"]
    if len(others) == 1 and len(choices) == 2:
        return _without_null(others[0])[0], True
    if isinstance(schema.get("type"), list):
        kind = next(kind for kind in schema["type"] if kind != "null")
        return {**schema, "type": kind}, "null" in schema["type"]
    return schema, False


def _paths(schema: Schema, parents: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, child in schema.get("properties", {}).items():
        yield (*parents, key)
        yield from _paths(_without_null(child)[0], (*parents, key))


def _is_share(schema: Schema) -> bool:
    """Whether a number is a share of one, which people also write in per cent."""
    lowest = schema.get("minimum", schema.get("exclusiveMinimum"))
    return schema.get("maximum") == 1 and lowest is not None and lowest >= 0


def _number_inside(text: str, *, is_share: bool) -> str | None:
    """The number that a text is meant to be, as it is written in YAML."""
    text = text.strip()
    if re.fullmatch(r"\d{1,3}([,.'’\s]\d{3})+", text):
        return re.sub(r"\D", "", text)
    if re.fullmatch(r"\d+,\d+", text):
        return text.replace(",", ".")
    if is_share and (percent := re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", text)):
        return f"{float(percent[1]) / 100:g}"
    try:
        value = float(text)
    except ValueError:
        return None
    if not math.isfinite(value):
        return None
    return text if text.isascii() else number_text(value).replace(",", "_")
