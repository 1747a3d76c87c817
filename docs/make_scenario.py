"""Write values and defaults in the tables of docs/scenario.md: ``python docs/make_scenario.py``.

Keys and meanings are written by hand; what a key may have, and its default, come from the schema.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from rlsabm.scenario.explaining import expectation, schema_at
from rlsabm.scenario.writing import yaml_text

PAGE = Path(__file__).with_name("scenario.md")
ROW = re.compile(r"^\| `(?P<key>[a-zA-Z0-9_.]+)` \|.*\| (?P<meaning>[^|]*) \|$", re.MULTILINE)


def page() -> str:
    """The whole page, with the rows of its tables of keys written anew."""
    return ROW.sub(_row, PAGE.read_text(encoding="utf-8"))


def _row(row: re.Match[str]) -> str:
    schema = schema_at(row["key"].split("."))
    cells = (f"`{row['key']}`", expectation(schema), _default(schema), row["meaning"])
    return f"| {' | '.join(cells)} |"


def _default(schema: dict[str, Any]) -> str:
    """The default as it is written in a file."""
    if "default" not in schema:
        optional = "null" in json.dumps(schema.get("type", ""))
        return "none" if optional else "needed"
    default = schema["default"]
    if default == "" or isinstance(default, dict):
        return "empty"
    return f"`{yaml_text({'key': default}, {}).removeprefix('key: ').strip()}`"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"{PAGE}: {len(ROW.findall(PAGE.read_text(encoding='utf-8')))} keys")
