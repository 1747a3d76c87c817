"""Write docs/targets.md from what target files may say: ``python docs/make_targets.py``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rlsabm.calibration.measures import MEASURES
from rlsabm.calibration.measures.biomarkers import BIOMARKERS
from rlsabm.calibration.reading import schema_at
from rlsabm.calibration.targets import Published
from rlsabm.scenario.explaining import expectation

PAGE = Path(__file__).with_name("targets.md")
HEAD = """\
# Published figures as data

Written by `python docs/make_targets.py`; do not edit by hand.

`rlsabm validate --targets my_figures.yaml` sets figures of your own beside those of the simulated
people. A file says whether parameters may be fitted to its figures (`purpose: calibration`) or never
are (`purpose: validation`), and holds one block for each figure:

```yaml
# rlsabm validate --targets my_figures.yaml
purpose: validation
targets:
  D1_women:
    says: Any RLS in the last 12 months, women of 20 to 79 years
    observe:
      {measure: prevalence, recall: past_year, instrument: CH-RLSq, sex: female, ages: [20, 79]}
    cases: 95
    persons: 1_000
    sample: 1_000
    source: Our survey, 2024
```

The letters and digits of a key before the first `_` are the row of the list to which the figure
belongs. The files that ship are [calibration.yaml](../scenarios/targets/calibration.yaml) and
[validation.yaml](../scenarios/targets/validation.yaml); [methods](methods.md#published-figures) says
how figures are compared.

## Keys of a figure

A figure has a value, with an interval or not, or counts, or a bound; and a source.
"""
MEASURE_HEAD = """\
## Measures

`observe` names a measure, and says of whom it is taken.
"""
ASKED_HEAD = """\
## Keys under observe

What is not needed may be left out. Ages are completed years, both ends included.
"""


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """A table in Markdown."""
    lines = ["| " + " | ".join(headings) + " |", "|" + "---|" * len(headings)]
    for row in rows:
        lines.append("| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |")
    return [*lines, ""]


def default_of(key: str, schema: dict[str, Any]) -> str:
    """The default of a key, as it would be written."""
    if key in schema.get("required", []):
        return "needed"
    default = schema["properties"][key].get("default")
    if default is None or default == {}:
        return ""
    return f"`{str(default).replace(chr(39), '')}`"


def keys_of(schema: dict[str, Any], without: Sequence[str] = ()) -> list[tuple[str, str, str, str]]:
    """Key, expected value, default and meaning."""
    return [
        (
            f"`{key}`",
            expectation(schema_at(schema, (key,))),
            default_of(key, schema),
            schema_at(schema, (key,)).get("description", ""),
        )
        for key in schema["properties"]
        if key not in without
    ]


def of_measures() -> list[str]:
    """The measures, each with its own keys; then these keys, each once."""
    schemas = {name: measure.query.model_json_schema() for name, measure in MEASURES.items()}
    asked = {name: [key for key in of["properties"] if key != "measure"]
             for name, of in schemas.items()}  # fmt: skip
    lines = [MEASURE_HEAD]
    lines += table(
        ("measure", "figure", "keys"),
        (
            (f"`{name}`", MEASURES[name].says, ", ".join(f"`{key}`" for key in keys) or "none")
            for name, keys in asked.items()
        ),
    )
    lines.append(ASKED_HEAD)
    rows: dict[str, tuple[str, str, str, str]] = {}
    for schema in schemas.values():
        for row in keys_of(schema, without=["measure"]):
            rows.setdefault(row[0], row)
    return lines + table(("key", "value", "default", "meaning"), rows.values())


def page() -> str:
    """The whole page."""
    lines = [HEAD]
    lines += table(("key", "value", "default", "meaning"), keys_of(Published.model_json_schema()))
    lines += of_measures()
    lines.append("## Names\n")
    lines.append(f"Biomarkers: {', '.join(f'`{name}`' for name in BIOMARKERS)}.")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
