"""Ways to damage a file, as people, editors, spreadsheets and disks do."""

from __future__ import annotations

import random
from collections.abc import Callable

#: What may stand where something else was expected.
JUNK = (
    "", "0", "-1", "1e400", "-0.0", ".nan", ".inf", "true", "null", "~", "[]", "{}", "[1, 2", "{a: b",
    "1_000", "1,5", "0x1F", "1" + "0" * 310, "9" * 5000, "text", "'", '"', "&a", "*a", "!!python/x y",
    "<<: *a", "2019-01-01", "../../evil", "/etc/passwd", "~", "nul", "\x00", "\x1b[31mred", "\u202eabc",
    "\ufeff", "\u00a0", "ferritin ≥ 30", "漢字", "\U0001f600", "\t", " ", "#", ":", "- a", "a: b: c",
    "x" * 20_000, "[" * 400, "{a: " * 400, "%", "@", "`", "|", ">", "?", "= 5",
)  # fmt: skip
#: Keys that mean something elsewhere, or in other versions, or nothing.
KEYS = (
    "title", "base", "arms", "runs", "draws", "population", "size", "observe", "years", "by", "as",
    "conditions", "parameters", "shifts", "enabled", "name", "input_hash", "layers", "scenario",
    "schema_version", "status", "x-common", "Parameters", "parameter", "female", "age", "__class__",
)  # fmt: skip

Mutation = Callable[[random.Random, bytes], bytes]


def _lines(content: bytes) -> list[bytes]:
    return content.split(b"\n")


def _some_line(chance: random.Random, lines: list[bytes]) -> int:
    return chance.randrange(len(lines))


def flip_a_bit(chance: random.Random, content: bytes) -> bytes:
    """One bit is wrong."""
    if not content:
        return b"\x01"
    place = chance.randrange(len(content))
    return (
        content[:place]
        + bytes([content[place] ^ (1 << chance.randrange(8))])
        + content[place + 1 :]
    )


def cut(chance: random.Random, content: bytes) -> bytes:
    """The end is missing."""
    return content[: chance.randrange(len(content) + 1)]


def empty(chance: random.Random, content: bytes) -> bytes:
    """Nothing is left."""
    return b""


def zeros(chance: random.Random, content: bytes) -> bytes:
    """A stretch of zeros, as after a crash of the machine."""
    place = chance.randrange(len(content) + 1)
    return content[:place] + b"\0" * chance.randrange(1, 600) + content[place + 300 :]


def leave_out_a_line(chance: random.Random, content: bytes) -> bytes:
    """A line is missing."""
    lines = _lines(content)
    del lines[_some_line(chance, lines)]
    return b"\n".join(lines)


def repeat_a_line(chance: random.Random, content: bytes) -> bytes:
    """A line is there twice, perhaps not in its place."""
    lines = _lines(content)
    line = lines[_some_line(chance, lines)]
    lines.insert(_some_line(chance, lines), line)
    return b"\n".join(lines)


def indent_a_line(chance: random.Random, content: bytes) -> bytes:
    """A line begins elsewhere."""
    lines = _lines(content)
    place = _some_line(chance, lines)
    lines[place] = chance.choice([b"  ", b"\t", b" ", b"    "]) + lines[place]
    return b"\n".join(lines)


def _tokens(line: bytes) -> list[tuple[int, int]]:
    """Where words and numbers begin and end."""
    spans, start = [], None
    for place, byte in enumerate([*line, 32]):
        inside = chr(byte).isalnum() or byte in b"._-"
        if inside and start is None:
            start = place
        if not inside and start is not None:
            spans.append((start, place))
            start = None
    return spans


def _replace_token(chance: random.Random, content: bytes, new: bytes) -> bytes:
    lines = _lines(content)
    filled = [place for place, line in enumerate(lines) if _tokens(line)]
    if not filled:
        return new
    place = chance.choice(filled)
    begin, end = chance.choice(_tokens(lines[place]))
    lines[place] = lines[place][:begin] + new + lines[place][end:]
    return b"\n".join(lines)


def replace_by_junk(chance: random.Random, content: bytes) -> bytes:
    """Another value, or what is none."""
    return _replace_token(chance, content, chance.choice(JUNK).encode())


def replace_by_a_number(chance: random.Random, content: bytes) -> bytes:
    """A number of another size, or in another unit."""
    number = chance.choice([-1, 1]) * 10 ** chance.uniform(-6, 9)
    return _replace_token(chance, content, f"{number:.{chance.randrange(1, 8)}g}".encode())


def replace_by_a_key(chance: random.Random, content: bytes) -> bytes:
    """A word that is known elsewhere."""
    return _replace_token(chance, content, chance.choice(KEYS).encode())


def misspell(chance: random.Random, content: bytes) -> bytes:
    """A letter too many, too few, or in capitals."""
    lines = _lines(content)
    filled = [place for place, line in enumerate(lines) if _tokens(line)]
    if not filled:
        return b"titel: t"
    place = chance.choice(filled)
    begin, end = chance.choice(_tokens(lines[place]))
    word = lines[place][begin:end].decode("utf-8", "replace")
    at = chance.randrange(len(word))
    other = chance.choice([word[:at] + word[at + 1 :], word[:at] + "e" + word[at:], word.upper()])
    lines[place] = lines[place][:begin] + other.encode() + lines[place][end:]
    return b"\n".join(lines)


def insert_junk(chance: random.Random, content: bytes) -> bytes:
    """Something that does not belong there."""
    place = chance.randrange(len(content) + 1)
    return content[:place] + chance.choice(JUNK).encode() + content[place:]


def insert_a_field(chance: random.Random, content: bytes) -> bytes:
    """A value too many on a line."""
    lines = _lines(content)
    place = _some_line(chance, lines)
    lines[place] += chance.choice([b",1", b",", b", x: 1", b";1", b"\t1", b": 1"])
    return b"\n".join(lines)


def other_line_ends(chance: random.Random, content: bytes) -> bytes:
    """Line ends and encodings of other systems: mostly harmless."""
    text = content.decode("utf-8", "replace")
    return chance.choice(
        [
            content.replace(b"\n", b"\r\n"),
            content.replace(b"\n", b"\r"),
            b"\xef\xbb\xbf" + content,
            text.encode("utf-16"),
            text.encode("latin-1", "replace"),
            content.replace(b",", b";"),
            content.replace(b".", b","),
            content + b"\n\n\n",
        ]
    )


def swap_halves(chance: random.Random, content: bytes) -> bytes:
    """Two parts in the wrong order."""
    lines = _lines(content)
    place = _some_line(chance, lines)
    return b"\n".join(lines[place:] + lines[:place])


def swap_signs(chance: random.Random, content: bytes) -> bytes:
    """One sign of the language of the file for another."""
    one, other = chance.sample(
        [b":", b",", b"-", b"[", b"]", b"{", b"}", b"#", b"=", b'"', b"\n"], 2
    )
    places = [at for at in range(len(content)) if content[at : at + 1] == one]
    if not places:
        return content + other
    at = chance.choice(places)
    return content[:at] + other + content[at + 1 :]


#: Damage to files of any kind, and to files of text.
OF_BYTES: tuple[Mutation, ...] = (flip_a_bit, cut, empty, zeros)
OF_TEXT: tuple[Mutation, ...] = (
    flip_a_bit, cut, zeros, leave_out_a_line, repeat_a_line, indent_a_line, replace_by_junk,
    replace_by_junk, replace_by_junk, replace_by_a_number, replace_by_a_number, replace_by_a_number,
    replace_by_a_key, misspell, misspell, insert_junk, insert_a_field, other_line_ends, swap_halves,
    swap_signs,
)  # fmt: skip


def mutated(chance: random.Random, content: bytes, *, text: bool) -> tuple[bytes, str]:
    """The content with one to three kinds of damage, and their names."""
    names = []
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        mutation = chance.choice(OF_TEXT if text else OF_BYTES)
        content = mutation(chance, content)
        names.append(mutation.__name__)
    return content, " + ".join(names)
