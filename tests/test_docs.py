"""The documentation says what the program is: names, values, commands, links."""

from __future__ import annotations

import ast
import importlib.util
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer
from conftest import STUDY, Study

from rlsabm.burden import BURDEN_FIELDS
from rlsabm.cli import app
from rlsabm.exposures.catalogue.condition import shipped_catalogue
from rlsabm.inputs import INPUT_TABLES
from rlsabm.measuring.assays import MEASURES
from rlsabm.observe.groups import groups_of
from rlsabm.parameter_table import DERIVED, PARAMETERS
from rlsabm.person import BODY_FIELDS, LIFE_FIELDS
from rlsabm.results.tables import TABLES
from rlsabm.scenario import json_schema
from rlsabm.study.settings import read_scenario

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]
GUIDES = [
    ROOT / "README.md",
    *(DOCS / f"{name}.md" for name in ("quickstart", "recipes", "scenario", "studies", "python")),
]


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path, language: str) -> list[str]:
    """Code blocks of a page in one language."""
    found = script("make_samples").BLOCK.findall(page.read_text(encoding="utf-8"))
    return [code for name, code in found if name == language]


@cache
def script(name: str) -> ModuleType:
    """A script of the docs as a module."""
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "name", ["calibration", "parameters", "rooms", "scenario", "targets", "validation"]
)
def test_generated_pages_are_up_to_date(name: str) -> None:
    page = (DOCS / f"{name}.md").read_text(encoding="utf-8")
    assert page == script(f"make_{name}").page(), f"run: python docs/make_{name}.py"


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
    marked += blocks(DOCS / "ODD.md", "text")
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
    }
    assert len(found & set(PARAMETERS)) > 100
    assert found <= known, sorted(found - known)


def test_every_parameter_is_in_the_odd() -> None:
    text = (DOCS / "ODD.md").read_text(encoding="utf-8")
    missing = [name for name in PARAMETERS if not re.search(rf"\b{name}\b", text)]
    assert not missing


@pytest.mark.parametrize("page", GUIDES, ids=name_of)
def test_python_blocks_parse(page: Path) -> None:
    for block in blocks(page, "python"):
        ast.parse(block)


def test_the_page_on_python_runs(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every snippet, one after the other, with a study of the scenario that the page shows."""
    page = DOCS / "python.md"
    assert blocks(page, "yaml") == [STUDY]
    (tmp_path / "outputs").mkdir()
    (tmp_path / "outputs" / "small").symlink_to(study.folder)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for number, block in enumerate(blocks(page, "python")):
        exec(compile(block, f"python.md, block {number}", "exec"), names)
    assert len(names["by_sex_and_age"]) == 10
    assert set(names["both"]["arm"]) == {"reference", "no donation"}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_exist(page: Path) -> None:
    """Every rlsabm command in shell blocks and in running text has a verb and options that exist."""
    group: Any = typer.main.get_command(app)
    text = page.read_text(encoding="utf-8")
    inline = re.findall(r"`(rlsabm [^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    for line in [*inline, *"\n".join(blocks(page, "sh")).splitlines()]:
        for command in line.split("&&"):
            words = shlex.split(command, comments=True)
            if words[:1] != ["rlsabm"]:
                continue
            assert words[1] in group.commands, line
            options = {o for p in group.commands[words[1]].params for o in p.opts}
            assert {word for word in words if word.startswith("--")} <= options, line


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", GUIDES, ids=name_of)
def test_scenarios_resolve(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    for block in blocks(page, "yaml"):
        file = tmp_path / "scenario.yaml"
        file.write_text(block, encoding="utf-8")
        read_scenario(file, [])


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
    keys = set(scenario_keys(schema, schema)) - {"population", "observe", "runs", "conditions"}
    keys -= {f"conditions.{name}" for name in ("blood_donation", "pregnancy", "dialysis")}
    text = (DOCS / "scenario.md").read_text(encoding="utf-8")
    rows = set(re.findall(r"^\| `([a-z_.]+)` \|", text, re.MULTILINE))
    assert rows == keys
