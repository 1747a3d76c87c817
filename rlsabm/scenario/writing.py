"""Writes values as YAML text, each with its source in a comment."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*( [A-Za-z0-9_./-]+)*")
_NOT_TEXT = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}


def yaml_text(content: Mapping[str, Any], layers: Mapping[str, str]) -> str:
    """Write nested values as YAML 1.2.

    Parameters
    ----------
    content : mapping
        Mappings, lists of single values, and single values.
    layers : mapping of str to str
        Source of each value by dotted key, for the comment at the end of its line.

    """
    return "\n".join(_lines(content, layers, ())) + "\n"


def _lines(
    content: Mapping[str, Any], layers: Mapping[str, str], parents: tuple[str, ...]
) -> Iterator[str]:
    indent = "  " * len(parents)
    for key, value in content.items():
        path = (*parents, key)
        if isinstance(value, dict) and value:
            yield f"{indent}{yaml_string(key)}:"
            yield from _lines(value, layers, path)
        else:
            layer = layers.get(".".join(path))
            comment = f"  # {layer}" if layer else ""
            yield f"{indent}{yaml_string(key)}: {_scalar(value)}{comment}"


def _scalar(value: Any) -> str:
    match value:
        case list():
            return f"[{', '.join(_scalar(item) for item in value)}]"
        case dict():
            return "{}"
        case str():
            return yaml_string(value)
        case float():
            return repr(value).removesuffix(".0")
        case int() if not isinstance(value, bool) and abs(value) >= 10_000:
            return f"{value:_}"
        case _:
            return json.dumps(value)


def yaml_string(text: str) -> str:
    """A text as YAML: without quotes where nobody could take it for anything else."""
    if _PLAIN.fullmatch(text) and text.lower() not in _NOT_TEXT:
        return text
    return '"' + "".join(_escaped(character) for character in text) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character == "\n":
        return "\\n"
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
