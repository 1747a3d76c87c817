"""Reads YAML text into values that remember where they stand."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, takewhile
from math import isinf
from pathlib import Path
from typing import Any, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from rlsabm.arrays import is_time
from rlsabm.data.files import shown, text_of
from rlsabm.errors import LONGEST_KEY, ScenarioError, visible
from rlsabm.wording import value_text, with_help

#: Files that people write are shorter: reading YAML takes seconds for more.
LARGEST_FILE_BYTES = 250_000
#: JSON is quick to read: the manifest of a study with many arms is long.
LARGEST_JSON_MEGABYTES = 50
LARGEST_NUMBER_OF_VALUES = 100_000
#: Of JSON and of what is given in Python: that manifest has more, as every arm is whole in it.
LARGEST_NUMBER_OF_PLAIN_VALUES = 300_000
DEEPEST_NESTING = 50
#: Numbers from here on are none that arithmetic has.
TOO_LARGE = 10**308

_DIGITS = re.compile(r"[0-9]{1,9}")

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
        It holds what a scenario file cannot say, a key that is no text, too much, or itself.

    """
    return _entry_of(value, _Extent(place, LARGEST_NUMBER_OF_PLAIN_VALUES), key, 0)


def _entry_of(value: Any, extent: _Extent, key: str, depth: int) -> Entry:
    place = extent.place
    extent.add(place, depth, key)
    if hasattr(value, "tolist") and not is_time(value):
        value = value.tolist()
    if isinstance(value, Mapping):
        for name in value:
            if not isinstance(name, str):
                raise place.error(f"found {name!r} as a key (expected text)", key)
        return Entry(
            {
                name: _entry_of(each, extent, f"{key}.{name}".lstrip("."), depth + 1)
                for name, each in value.items()
            },
            place,
        )
    if isinstance(value, list | tuple | range | set | frozenset):
        return Entry([_entry_of(each, extent, key, depth + 1) for each in value], place)
    if isinstance(value, Path):
        value = str(value)
    if isinstance(value, int) and abs(value) >= TOO_LARGE:
        raise place.error("found a number of more than 308 digits (expected a smaller one)", key)
    if value is None or isinstance(value, bool | int | float | str):
        return Entry(value, place)
    found = f"found {value_text(value)}"
    raise place.error(with_help(found, "text, numbers, lists and mappings"), key)


@dataclass
class _Extent:
    """How much was read, of a source that may hold so many values."""

    place: Place
    most: int
    values_read: int = 0

    def add(self, place: Place, depth: int, key: str = "", note: str = "") -> None:
        """Count one more value, which stands at a place and so deep."""
        self.values_read += 1
        if depth > DEEPEST_NESTING:
            raise place.error("is nested too deeply, or holds itself", key)
        if self.values_read > self.most:
            raise place.error(f"holds more than {self.most:,} values{note}", key)


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
    is_json = path.suffix == ".json"
    most = LARGEST_JSON_MEGABYTES if is_json else 1
    text = text_of(path, source, what, "YAML", megabytes=most)
    if len(text) <= LARGEST_FILE_BYTES:
        root = read_text(text, source)
    elif is_json:
        root = read_json(text, source)
    else:
        size = LARGEST_FILE_BYTES // 1000
        raise ScenarioError(f"is larger than {size} kB (expected {what})", file=source)
    if root is None:
        raise ScenarioError(f"is empty (expected keys such as {keys})", file=source)
    if not isinstance(root.value, dict):
        kind = "a list" if isinstance(root.value, list) else "a single value"
        found = f"holds {kind} (expected keys such as {keys})"
        raise root.place.error(_odd_line(str(root.value)) or found)
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
        line, what = _in_words(error, text)
        raise reader.place(line).error(what) from None
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


def read_json(text: str, source: str) -> Entry:
    """Read long JSON, whose values do not remember their lines.

    Raises
    ------
    ScenarioError
        The text is not JSON, repeats a key, or holds too much.

    """
    try:
        value = json.loads(
            text,
            object_pairs_hook=without_repetition,
            parse_int=_whole_number,
            parse_float=_number,
        )
    except json.JSONDecodeError as error:
        raise Place(source, error.lineno).error(f"is not valid JSON ({error.msg})") from None
    except ValueError as error:
        raise Place(source).error(str(error)) from None
    except OverflowError:
        raise Place(source).error("holds a number that is too large") from None
    except RecursionError:
        raise Place(source).error("is nested too deeply") from None
    return entry_of(value, Place(source))


def without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The content of a JSON object, from its keys and values.

    Raises
    ------
    ValueError
        A key is there twice.

    """
    content: dict[str, Any] = {}
    for key, value in pairs:
        if key in content:
            raise ValueError(f"{visible(key, LONGEST_KEY)}: is given twice")
        content[key] = value
    return content


class _Reader:
    """Turns YAML nodes into entries."""

    def __init__(self, source: str, with_lines: bool) -> None:
        self.source = source
        self.with_lines = with_lines
        self.extent = _Extent(self.place(None), LARGEST_NUMBER_OF_VALUES)

    def place(self, line: int | None) -> Place:
        return Place(self.source, line if self.with_lines else None)

    def entry(
        self, node: Node, place: Place | None = None, path: tuple[str, ...] = (), depth: int = 0
    ) -> Entry:
        place = place or self.place(node.start_mark.line + 1)
        self.extent.add(place, depth, note=" once its aliases are resolved")
        if isinstance(node, ScalarNode):
            return Entry(self.scalar(node, place, ".".join(path)), place)
        if isinstance(node, SequenceNode) and _tag(node).endswith(":seq"):
            items = [self.entry(item, path=path, depth=depth + 1) for item in node.value]
            return Entry(items, place)
        if isinstance(node, MappingNode) and _tag(node).endswith(":map"):
            return Entry(dict(self.items(node, path, depth)), place)
        raise place.error(f"has the YAML tag {_tag(node)} (expected plain values)")

    def items(
        self, node: MappingNode, path: tuple[str, ...], depth: int
    ) -> Iterator[tuple[str, Entry]]:
        first_lines: dict[str, int] = {}
        self.refuse_cut_numbers(node, path)
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
            yield key.value, self.entry(value, place, (*path, key.value), depth + 1)

    def refuse_cut_numbers(self, node: MappingNode, path: tuple[str, ...]) -> None:
        """Refuse a number whose comma ends it, as in {size: 20,000}."""
        for place, (key, value) in enumerate(node.value):
            if not _is_digits(value):
                continue
            after = takewhile(_is_digits_alone, islice(node.value, place + 1, None))
            parts = [value.value, *(digits.value for digits, _ in after)]
            if len(parts) > 1:
                of_thousands = parts[0] != "0" and all(len(part) == 3 for part in parts[1:])
                meant = ("_" if of_thousands else ".").join(parts)
                expected = "a number without a comma"
                what = with_help(f"found {','.join(parts)}", expected, meant)
                where = self.place(key.start_mark.line + 1)
                raise where.error(what, ".".join((*path, str(key.value))))

    def scalar(self, node: ScalarNode, place: Place, key: str) -> Scalar:
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
                    return _number(text)
                case "str" | "timestamp" | "value" | "merge":
                    return text
        except OverflowError:
            what = f"found {visible(text, 40)} (expected a smaller number)"
            raise place.error(what, key) from None
        except (KeyError, ValueError):
            raise place.error(f"cannot read '{visible(text, 40)}' as a value", key) from None
        raise place.error(f"has the YAML tag {_tag(node)} (expected plain values)")


def _is_digits(node: Node) -> bool:
    return isinstance(node, ScalarNode) and _DIGITS.fullmatch(node.value) is not None


def _is_digits_alone(pair: tuple[Node, Node]) -> bool:
    """Whether a key is digits, and has no value."""
    return _is_digits(pair[0]) and pair[1].value == ""


def _tag(node: Node) -> str:
    return str(node.tag or "")


def _whole_number(text: str) -> int:
    digits = text.replace("_", "").lower()
    base = {"0x": 16, "0o": 8, "0b": 2}.get(digits.lstrip("+-")[:2], 10)
    # Python itself refuses to read many thousands of digits.
    value = int(digits, base) if len(digits) < 1_100 else TOO_LARGE
    if abs(value) >= TOO_LARGE:
        raise OverflowError
    return value


def _number(text: str) -> float:
    plain = text.lower().replace("_", "")
    value = float(re.sub(r"\.(inf|nan)$", r"\1", plain))
    if isinf(value) and not plain.endswith(".inf"):
        raise OverflowError
    return value


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
    "'\\t' that cannot start any token": "a tab (expected spaces; text that holds a tab needs quotes)",
    "that cannot start any token": "text that starts with a special character needs quotes",
}
#: What is read as text but was meant as a key with its value: what is odd in the line, and in words.
_ODD_LINES = {
    r"\s*[\w.-]+[ \u00a0]*[：﹕︰]": "a colon of another script (expected ': ')",
    r"\s*[\w.-]+:\u00a0": "a space that must not break, U+00A0, after ':' (expected a plain space)",
    r"\s*[\w.-]+:[^\s:/]": "no space after ':' (expected key: value)",
    r"\s*[\w.-]+\s*=": "'=' after a key (expected key: value)",
    r"\s*[“”„«].*[“”„«]\s*:": "typographic quotes around a key (expected plain ones, or none)",
}


def _odd_line(line: str) -> str | None:
    """What is odd in a line that was read as text, if it looks like a key with its value."""
    return next((words for odd, words in _ODD_LINES.items() if re.match(odd, line)), None)


def _in_words(error: MarkedYAMLError, text: str) -> tuple[int, str]:
    """Line of a mistake in YAML, and what it is."""
    problem = str(error.problem or error.context)
    mark = error.problem_mark or error.context_mark
    if "could not find expected ':'" in problem:
        mark = error.context_mark or mark  # where the key begins, not where the next line does
    line = mark.line + 1 if mark else 1
    lines = text.splitlines()
    written = lines[line - 1] if line <= len(lines) else ""
    if re.match(r"\s*\t", written):
        return line, "a tab in the indentation (expected spaces)"
    for technical, words in _YAML_PROBLEMS.items():
        if technical in problem:
            return line, (_odd_line(written) or words) if "':'" in technical else words
    return line, f"is not valid YAML ({problem})"
