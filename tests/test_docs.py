"""The documentation says what the program is: names, values, commands, links."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest
from conftest import Study
from docs_tools import DOCS, PAGES, blocks_of, name_of

from rlsabm.burden import BURDEN_FIELDS
from rlsabm.calibration.effects import TABLE as EFFECTS
from rlsabm.calibration.scorecard import TABLE as SCORECARD
from rlsabm.calibration.sensitivity import TABLE as SENSITIVITY
from rlsabm.calibration.tables import TABLES as CALIBRATION_TABLES
from rlsabm.care.section import RuleSection, TreatmentSection
from rlsabm.exposures.catalogue.condition import shipped_catalogue
from rlsabm.inputs import INPUT_TABLES
from rlsabm.measuring.assays import MEASURES
from rlsabm.observe.groups import groups_of
from rlsabm.parameter_table import DERIVED, PARAMETERS
from rlsabm.person import BODY_FIELDS, LIFE_FIELDS
from rlsabm.results.table import Kind
from rlsabm.results.tables import TABLES
from rlsabm.scenario import json_schema
from rlsabm.study.settings import read_scenario


@cache
def script(name: str) -> ModuleType:
    """A script of the docs as a module."""
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where data classes look for their module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "name",
    [
        "calibration",
        "parameters",
        "prevention",
        "rivals",
        "rooms",
        "scenario",
        "tables",
        "targets",
        "trials",
        "validation",
    ],
)
def test_generated_pages_are_up_to_date(name: str) -> None:
    page = (DOCS / f"{name}.md").read_text(encoding="utf-8")
    assert page == script(f"make_{name}").page(), f"run: python docs/make_{name}.py"


def test_stored_trials_are_of_the_scenarios_that_ship() -> None:
    """Every published result in them, and no other, is in the page's tables."""
    module = script("make_trials")
    stored = pd.read_parquet(module.PUBLISHED)
    shipped = {
        (file.stem, name, each.arm, each.month, each.outcome, each.difference, each.set)
        for file in module.SCENARIOS.glob("*.yaml")
        for name, each in read_scenario(file).scenario.trial.published.items()
    }
    columns = ["scenario", "result", "trial_arm", "visit_month", "outcome", "published", "is_set"]
    told = stored[columns].astype(object).where(stored[columns].notna(), None)
    assert set(told.itertuples(index=False, name=None)) == shipped, (
        "run: python docs/make_trials.py run"
    )


def test_trials_are_pooled_by_random_effects() -> None:
    """Alike ones as one with a smaller error, and others with what differs between them."""
    pooled = script("make_trials").pooled
    alike = pooled([-4.0, -4.0], [1.0, 1.0])
    assert alike == pytest.approx((-4.0, -4.0 - 1.96 / 2**0.5, -4.0 + 1.96 / 2**0.5), abs=1e-3)
    # By hand: weights of 1, Q = 18, so tau squared = (18 - 1) / (2 - 1) = 17 and errors of 18 / 2.
    apart = pooled([-7.0, -1.0], [1.0, 1.0])
    assert apart == pytest.approx((-4.0, -4.0 - 1.96 * 3.0, -4.0 + 1.96 * 3.0), abs=1e-3)


def test_diagrams_are_up_to_date() -> None:
    for name, content in script("make_diagrams").files().items():
        drawn = (DOCS / "images" / name).read_text(encoding="utf-8")
        assert drawn == content, "run: python docs/make_diagrams.py"
        assert "<title" in drawn
        assert "<desc" in drawn


def test_pictures_have_words_for_those_who_do_not_see_them() -> None:
    for page in PAGES:
        for words in re.findall(r"!\[([^\]]*)\]\(", page.read_text(encoding="utf-8")):
            assert len(words) > 100, page


#: Types of pandas, by type of column; text is an object before pandas 3.
DTYPES = {
    "category": ("category",),
    "whole": ("int64",),
    "whole or missing": ("Int64",),
    "number": ("float64",),
    "text": ("str", "string", "object"),
    "yes/no": ("bool",),
}


def test_every_column_of_a_study_is_described(study: Study) -> None:
    """The page has every table that a study with everything writes: its columns, types and units."""
    text = (DOCS / "tables.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL))
    files = list(study.folder.glob("*.parquet"))
    names = [*(path.stem for path in files), "persons", "events"]
    of_others = {name for name in TABLES if name.startswith(("trial", "polic"))}
    assert {*names, *of_others} == {
        name for name, table in TABLES.items() if table.kind is not Kind.OF_UNITS
    }
    for name in names:
        table = study.table(name)
        rows = re.findall(r"^\| `(\w+)` \| ([^|]*) \| ([^|]*) \| ", sections[name], re.MULTILINE)
        described = {column: (kind, unit.strip()) for column, kind, unit in rows}
        assert set(table.columns) <= set(described), name
        for column, dtype in table.dtypes.items():
            kind, unit = described[str(column)]
            assert str(dtype) in DTYPES[kind], (name, column)
            assert table.attrs["units"].get(column, "") == unit, (name, column)


def test_every_table_beside_studies_is_described() -> None:
    text = (DOCS / "tables.md").read_text(encoding="utf-8")
    for table in (*CALIBRATION_TABLES.values(), SCORECARD, SENSITIVITY, EFFECTS):
        assert f"\n### {table.name}\n" in text
        assert all(f"\n| `{column.name}` | " in text for column in table.columns), table.name


def test_samples_keep_their_shape() -> None:
    """Paragraphs and rows that were shown have new numbers; gaps are marked if they were."""
    renewed = script("make_samples").renewed
    sample = "Share of all\n  group  n\n  ──────\n  men    1\n  ...\n  women  2\n  (young)\n"
    sample += "\nIn 5 years.\n"
    output = "Rate\n\nShare of all\n  group   n\n  ───────\n  men    11\n  boys    3\n  girls   4\n"
    output += "  women  12\n  (young)\n\nIn 6 years.\n\nMore"
    expected = "Share of all\n  group   n\n  ───────\n  men    11\n  ...\n  women  12\n  (young)\n"
    assert renewed(sample, output) == f"{expected}\nIn 6 years.\n"
    assert "..." not in renewed(sample.replace("  ...\n", ""), output)
    for missing in (output.replace("men ", "mice"), output.replace("In 6", "At 6")):
        with pytest.raises(script("make_samples").ChangedError):
            renewed(sample, missing)


def test_names_in_the_odd_exist() -> None:
    """Every snake_case name in backticks or in an equation is a parameter or another declared name."""
    text = (DOCS / "ODD.md").read_text(encoding="utf-8")
    marked = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    marked += [block.code for block in blocks_of(DOCS / "ODD.md") if block.language == "text"]
    found = {
        word
        for piece in marked
        for word in re.findall(r"(?<![\w./])[a-z][a-z0-9]*(?:_[a-z0-9]+)+(?![\w./])", piece)
    }
    fields = {field.name for field in (*LIFE_FIELDS, *BODY_FIELDS, *BURDEN_FIELDS)}
    tables = {table.name for table in INPUT_TABLES}
    known = {
        *PARAMETERS,
        *DERIVED,
        *fields,
        *tables,
        *(group.name for group in groups_of(shipped_catalogue())),
        *(measure.name for measure in MEASURES),
        *TABLES,
        *TreatmentSection.model_fields,
    }
    assert len(found & set(PARAMETERS)) > 100
    assert found <= known, sorted(found - known)


def test_every_parameter_is_in_the_odd() -> None:
    text = (DOCS / "ODD.md").read_text(encoding="utf-8")
    missing = [name for name in PARAMETERS if not re.search(rf"\b{name}\b", text)]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


def scenario_keys(schema: dict[str, Any], section: Any, parents: str = "") -> Iterator[str]:
    """Dotted keys of a scenario file, by its JSON Schema."""
    choices = [section, *section.get("anyOf", [])]
    for choice in choices:
        target = choice.get("$ref", "").rpartition("/")[2]
        properties = (schema["$defs"][target] if target else choice).get("properties", {})
        for key, child in properties.items():
            yield f"{parents}{key}"
            if key != "arms":
                yield from scenario_keys(schema, child, f"{parents}{key}.")


def test_every_scenario_key_is_documented() -> None:
    schema = json_schema()
    sections = {"population", "observe", "runs", "conditions", "treatments", "care", "care.rules"}
    keys = set(scenario_keys(schema, schema)) - sections
    keys -= {f"conditions.{name}" for name in ("blood_donation", "pregnancy", "dialysis")}
    text = (DOCS / "scenario.md").read_text(encoding="utf-8")
    rows = set(re.findall(r"^\| `([a-z_.]+)` \|", text, re.MULTILINE))
    assert rows == keys
    for named, section in (("treatments.NAME", TreatmentSection), ("care.rules.NAME", RuleSection)):
        of_named = re.findall(rf"^\| `{named}\.([a-z_]+)` \|", text, re.MULTILINE)
        assert of_named == list(section.model_fields)
