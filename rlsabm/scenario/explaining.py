"""Says in plain words what was found, what was expected, and what may have been meant."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from rlsabm.errors import nearest
from rlsabm.scenario.schema import file_schema
from rlsabm.wording import range_text, with_help

Schema: TypeAlias = dict[str, Any]

_KINDS = {
    "integer": ("a whole number", "whole numbers"),
    "number": ("a number", "numbers"),
    "boolean": ("true or false", "true or false"),
    "string": ("text", "texts"),
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
    schema, may_be_null = _without_null(schema)
    kind = schema.get("type")
    if may_be_null and (value is False or str(value).lower() in ("none", "no", "off", "false")):
        return "null"
    if kind == "array":
        is_scalar = isinstance(value, int | float | str) and not isinstance(value, bool)
        item, _ = _without_null(schema["items"])
        fits = isinstance(value, str) == ("enum" in item)
        return f"[{value}]" if is_scalar and fits else None
    if kind == "boolean" and isinstance(value, str | int):
        return _SWITCHES.get(str(value).lower())
    if kind == "string" and isinstance(value, bool | int | float):
        return f"'{str(value).lower()}'"
    if not isinstance(value, str):
        return None
    if "enum" in schema:
        return nearest(value, schema["enum"])
    if "pattern" in schema:
        words = "".join(letter if letter.isalpha() else " " for letter in value.lower()).split()
        return "-".join(words) if words and value.isascii() else None
    if kind in ("integer", "number"):
        return _number_inside(value)
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


def unknown_key(parents: tuple[str, ...], key: str) -> str:
    """What to say about a key that does not exist, with the nearest one that does."""
    siblings = list(_without_null(schema_at(parents))[0].get("properties", {}))
    sibling = nearest(key, siblings)
    if sibling:
        return with_help("unknown key", meant=".".join((*parents, sibling)))
    elsewhere = {path[-1]: ".".join(path) for path in reversed(list(_paths(file_schema())))}
    meant = nearest(key, elsewhere)
    if meant:
        return with_help("unknown key", meant=elsewhere[meant])
    return with_help("unknown key", expected=f"one of {', '.join(siblings)}")


def _expectation(schema: Schema, plural: bool) -> str:
    if "expected" in schema:
        return str(schema["expected"])
    if "enum" in schema:
        names = ", ".join(schema["enum"])
        return f"names among {names}" if plural else f"one of {names}"
    kind = schema.get("type", "number" if "anyOf" in schema else "")
    if kind == "array":
        filled = ", not empty" if schema.get("minItems") else ""
        return f"a list of {expectation(schema['items'], plural=True)}{filled}"
    if "properties" in schema:
        *most, last = schema["properties"]
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
        return {**schema, "type": kind}, True
    return schema, False


def _paths(schema: Schema, parents: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, child in schema.get("properties", {}).items():
        yield (*parents, key)
        yield from _paths(_without_null(child)[0], (*parents, key))


def _number_inside(text: str) -> str | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return text.strip() if math.isfinite(value) else None
