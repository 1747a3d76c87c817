"""Reads YAML text into values that remember where they stand."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from rlsabm.data.files import shown, text_of
from rlsabm.errors import ScenarioError

LARGEST_NUMBER_OF_VALUES = 100_000
DEEPEST_NESTING = 50

Scalar: TypeAlias = str | int | float | bool | None


@dataclass(frozen=True)
class Place:
    """Where a value was written: a file and line, or a setting of the command line."""

    source: str
    line: int | None = None

    @property
    def layer(self) -> str:
        """Name of the layer: "file:line", "--set", or what was given in Python."""
        if self.line is not None:
            return f"{self.source}:{self.line}"
        return "--set" if self.source.startswith("--set") else self.source

    def error(self, what: str, key: str = "") -> ScenarioError:
        """A mistake at this place."""
        return ScenarioError(what, file=self.source, line=self.line, key=key)


@dataclass(frozen=True)
class Entry:
    """A value and its place, which is that of its key where it has one."""

    value: Scalar | list[Entry] | dict[str, Entry]
    place: Place

    def plain(self) -> Any:
        """The value without places."""
        if isinstance(self.value, dict):
            return {key: entry.plain() for key, entry in self.value.items()}
        if isinstance(self.value, list):
            return [entry.plain() for entry in self.value]
        return self.value


def entry_of(value: Any, place: Place, key: str = "") -> Entry:
    """A value given in Python as an entry; numbers and arrays of numpy count as plain ones.

    Raises
    ------
    ScenarioError
        It holds what a scenario file cannot say, or a key that is no text.

    """
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Mapping):
        for name in value:
            if not isinstance(name, str):
                raise place.error(f"found {name!r} as a key (expected text)", key)
        return Entry(
            {
                name: entry_of(each, place, f"{key}.{name}".lstrip("."))
                for name, each in value.items()
            },
            place,
        )
    if isinstance(value, list | tuple | range | set | frozenset):
        return Entry([entry_of(each, place, key) for each in value], place)
    if isinstance(value, Path):
        value = str(value)
    if value is None or isinstance(value, bool | int | float | str):
        return Entry(value, place)
    kind = type(value).__name__
    raise place.error(f"found a {kind} (expected text, numbers, lists and mappings)", key)


def read_file(
    path: Path,
    source: str = "",
    *,
    what: str = "a scenario file",
    keys: str = "title and population",
) -> Entry:
    """Read a YAML file, which must hold a mapping.

    Parameters
    ----------
    path
        The file.
    source
        Its name for people; by default its path from the current directory.
    what, keys
        What kind of file is expected, and some of the keys that such a file has, for messages.

    Raises
    ------
    ScenarioError
        The file cannot be read, is not text, is not YAML or holds no mapping.

    """
    source = source or shown(path)
    root = read_text(text_of(path, source, what, "YAML"), source)
    if root is None:
        raise ScenarioError(f"is empty (expected keys such as {keys})", file=source)
    if not isinstance(root.value, dict):
        kind = "a list" if isinstance(root.value, list) else "a single value"
        raise root.place.error(f"holds {kind} (expected keys such as {keys})")
    return root


@lru_cache(maxsize=32)
def read_text(text: str, source: str, *, with_lines: bool = True) -> Entry | None:
    """Read YAML 1.2 text; None when it holds nothing.

    Entries are never changed, so what was read before is given again.

    Parameters
    ----------
    text : str
        One YAML document.
    source : str
        The file or the setting, for messages.
    with_lines : bool
        False for a setting, which has no lines.

    Raises
    ------
    ScenarioError
        The text is not YAML, repeats a key, or uses what the files of this package do without.

    """
    reader = _Reader(source, with_lines)
    if directive := re.search(r"^%YAML\s+(?!1\.2\b)\S*", text, re.MULTILINE):
        line = text.count("\n", 0, directive.start()) + 1
        raise reader.place(line).error(f"found '{directive[0]}' (expected YAML 1.2)")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            node = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise reader.place(line).error(_in_words(error, text, line)) from None
    except YAMLError as error:
        position = getattr(error, "position", 0)
        line = text.count("\n", 0, position) + 1
        character = f"{ord(text[position : position + 1] or ' '):04x}"
        raise reader.place(line).error(
            f"holds the character U+{character.upper()} (expected plain text)"
        ) from None
    except RecursionError:
        raise reader.place(None).error("is nested too deeply") from None
    return None if node is None else reader.entry(node)


@dataclass
class _Reader:
    """Turns YAML nodes into entries."""

    source: str
    with_lines: bool
    values_read: int = 0

    def place(self, line: int | None) -> Place:
        return Place(self.source, line if self.with_lines else None)

    def entry(self, node: Node, place: Place | None = None, depth: int = 0) -> Entry:
        place = place or self.place(node.start_mark.line + 1)
        self.values_read += 1
        if depth > DEEPEST_NESTING:
            raise place.error("is nested too deeply, or holds itself")
        if self.values_read > LARGEST_NUMBER_OF_VALUES:
            raise place.error(
                f"holds more than {LARGEST_NUMBER_OF_VALUES:,} values once its aliases are resolved"
            )
        if isinstance(node, ScalarNode):
            return Entry(self.scalar(node, place), place)
        if isinstance(node, SequenceNode) and _tag(node).endswith(":seq"):
            return Entry([self.entry(item, depth=depth + 1) for item in node.value], place)
        if isinstance(node, MappingNode) and _tag(node).endswith(":map"):
            return Entry(dict(self.items(node, depth)), place)
        raise place.error(f"has the YAML tag {_tag(node)} (expected plain values)")

    def items(self, node: MappingNode, depth: int) -> Iterator[tuple[str, Entry]]:
        first_lines: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            place = self.place(line)
            if not isinstance(key, ScalarNode):
                raise place.error(
                    "a key is a list or a mapping (expected a name; text with braces or brackets "
                    "needs quotes)"
                )
            if _tag(key).endswith(":merge"):
                raise place.error(
                    "'<<' is not supported (a scenario builds on another with 'base: NAME')"
                )
            if key.value in first_lines:
                raise place.error(
                    f"is given twice (first on line {first_lines[key.value]})"
                    if self.with_lines
                    else "is given twice",
                    key.value,
                )
            first_lines[key.value] = line
            yield key.value, self.entry(value, place, depth + 1)

    def scalar(self, node: ScalarNode, place: Place) -> Scalar:
        text: str = node.value
        kind = _tag(node).removeprefix("tag:yaml.org,2002:")
        try:
            match kind:
                case "null":
                    return None
                case "bool":
                    return {"true": True, "false": False}[text.lower()]
                case "int":
                    return _whole_number(text)
                case "float":
                    return float(re.sub(r"\.(inf|nan)$", r"\1", text.lower().replace("_", "")))
                case "str" | "timestamp" | "value" | "merge":
                    return text
        except (KeyError, ValueError):
            raise place.error(f"cannot read '{text[:40]}' as a value") from None
        raise place.error(f"has the YAML tag {_tag(node)} (expected plain values)")


def _tag(node: Node) -> str:
    return str(node.tag or "")


def _whole_number(text: str) -> int:
    digits = text.replace("_", "")
    base = {"0x": 16, "0o": 8, "0b": 2}.get(digits.lstrip("+-")[:2].lower(), 10)
    return int(digits, base)


_YAML_PROBLEMS = {
    "mapping values are not allowed": "unexpected ':' (text that holds ': ' needs quotes; check "
    "the indentation and the line above)",
    "could not find expected ':'": "a key without ':' (expected key: value)",
    "expected <block end>": "does not line up with the lines above, or has text after a closing "
    "bracket or quote",
    "found unexpected end of stream": "a quote is never closed",
    "found unexpected document": "a quote is never closed",
    "expected ',' or": "a bracket or brace is not closed, or a comma is missing",
    "but found another document": "holds a second document after '---' (expected one)",
    "found undefined alias": "'*' refers to a name that no '&' defines (text that starts with '*' "
    "needs quotes)",
    "found unknown escape character": "a backslash inside double quotes (use single quotes)",
    "that cannot start any token": "text that starts with a special character needs quotes",
}


def _in_words(error: MarkedYAMLError, text: str, line: int) -> str:
    lines = text.splitlines()
    if line <= len(lines) and re.match(r"\s*\t", lines[line - 1]):
        return "a tab in the indentation (expected spaces)"
    problem = str(error.problem or error.context)
    for technical, words in _YAML_PROBLEMS.items():
        if technical in problem:
            return words
    return f"is not valid YAML ({problem})"
