"""Write docs/rooms.md from what the rooms of the model declare: ``python docs/make_rooms.py``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import rlsabm.observe.survey  # its stream
import rlsabm.policies.tally  # its stream
from rlsabm.burden import BURDEN_FIELDS
from rlsabm.chance import STREAMS
from rlsabm.declaring.room import Exposure
from rlsabm.events import EVENTS
from rlsabm.exposures.month import PARTS
from rlsabm.rooms import ROOMS

PAGE = Path(__file__).with_name("rooms.md")
_numbers = [stream.number for stream in STREAMS.values()]
assert {rlsabm.observe.survey.SURVEY, rlsabm.policies.tally.LOT} <= set(_numbers)

HEAD = """\
# What the rooms of the model declare

Written by `python docs/make_rooms.py` from the declarations; do not edit by hand. Parameters are
in [parameters.md](parameters.md), the rules in [ODD.md](ODD.md), and
[How to add …](extending.md) says how to declare more.
"""


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """A table in Markdown."""
    lines = ["| " + " | ".join(headings) + " |", "|" + "---|" * len(headings)]
    for row in rows:
        cells = [str(cell).replace("|", "\\|") for cell in row]
        lines.append("| " + " | ".join(cells) + " |")
    return [*lines, ""]


def page() -> str:
    """The whole page."""
    lines = [HEAD]
    for room in ROOMS:
        fields = [("life", f) for f in room.life_fields] + [("body", f) for f in room.body_fields]
        if not (fields or room.groups or room.tables):
            continue
        lines += [f"## {room.title[0].upper()}{room.title[1:]}", ""]
        if isinstance(room, Exposure):
            parts = ", ".join(f"`{part.name}`" for part in room.parts)
            lines += [f"Parts of the burden: {parts}.", ""]
        if fields:
            rows = [
                (f"`{f.name}`", record, f.unit, f.meaning + _labels(f.labels))
                for record, f in fields
            ]
            lines += table(("field", "record", "unit", "meaning"), rows)
        if room.groups:
            rows = [
                (f"`{g.name}`", g.kind, g.definition, g.cause.replace("_", " "))
                for g in room.groups
            ]
            lines += table(("group", "kind", "who belongs to it", "cause"), rows)
        if room.tables:
            rows = [
                (f"`{t.name}`", " x ".join(map(str, t.shape)) or "1", t.meaning)
                for t in room.tables
            ]
            lines += table(("table that rules read", "shape", "meaning"), rows)
    lines += ["## The burden of a month", ""]
    lines += ["Parts, in the order in which they are added up:"]
    lines += [", ".join(f"`{part.name}`" for part in PARTS) + ".", ""]
    does = {
        "iron": "iron",
        "body": "the body, not its iron",
        "life": "the life, in all worlds alike",
    }
    rows = [
        (f"`{f.name}`", f.unit, "added" if f.combined == "amount" else "multiplied", does[f.does],
         f.meaning)
        for f in BURDEN_FIELDS
    ]  # fmt: skip
    lines += table(("field", "unit", "parts are", "acts on", "meaning"), rows)
    lines += ["## Streams of chance", ""]
    streams = sorted(STREAMS.items(), key=lambda item: item[1].number)
    rows = [(s.number, name, f"`{s.kind}`", s.words) for name, s in streams]
    lines += table(("number", "stream", "kind of draw", "what its four uniforms decide"), rows)
    lines += ["## Events", ""]
    lines += table(("number", "event"), sorted(EVENTS.items()))
    return "\n".join(lines).rstrip() + "\n"


def _labels(labels: Sequence[str]) -> str:
    words = [label for label in labels if label]
    return f": {', '.join(words)}" if words else ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"{PAGE}: {len(ROOMS)} rooms")
