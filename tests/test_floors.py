"""No module imports upwards: the package is built floor by floor."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import environment

import rlsabm
from rlsabm.compilation import WITHOUT_RULES

PACKAGE = Path(rlsabm.__file__).parent
#: The lowest first.  What stands on one floor is in order, too: it may import what is before it.
FLOORS = (
    ("errors", "wording", "arrays", "conventions"),
    ("code_cache", "compilation"),
    ("mathematics",),
    ("chance",),
    ("data",),
    ("declaring",),
    ("burden", "events", "moment"),
    ("demography",),
    ("body",),
    ("exposures",),
    ("measuring",),
    ("care",),
    ("life",),
    ("rooms", "person", "posterior", "parameter_table", "parameter_list"),
    ("inputs",),
    ("setting",),
    ("scratch", "population"),
    ("worlds",),
    ("observe",),
    ("policies", "trials"),
    ("scenario",),
    ("results",),
    ("gpu",),
    ("study",),
    ("reading", "simulation"),
    ("calibration",),
    ("mesa", "model"),
    ("exploring",),
    ("printing",),
    ("plots",),
    ("reporting",),
    ("cli",),
    ("__main__",),
)
HEIGHT = {name: height for height, name in enumerate(sum(FLOORS, ()))}
MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
    if path != PACKAGE / "__init__.py"
}


def imported(module: str) -> Iterator[str]:
    """What a module imports of the package, anywhere in it: names without that of the package."""
    path = MODULES[module]
    package = ["rlsabm", *path.relative_to(PACKAGE).parent.parts]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) + 1 - node.level] if node.level else []
            source = ".".join([*start, *filter(None, [node.module])])
            names = [source]
            if source == "rlsabm":
                names = [f"rlsabm.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            first, _, rest = name.partition(".")
            if first == "rlsabm" and rest and rest != "__version__":
                yield rest


def test_every_module_has_a_floor() -> None:
    assert {module.split(".")[0] for module in MODULES} == set(HEIGHT)


def test_the_package_itself_imports_nothing() -> None:
    """Its names come from modules below when they are asked for; checkers of types see them."""
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    for_types = {
        inner
        for node in tree.body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    found = [node for node in ast.walk(tree) if node not in for_types]
    assert not [node for node in found if isinstance(node, ast.Import)]
    sources = {node.module for node in found if isinstance(node, ast.ImportFrom)}
    assert sources == {"__future__", "typing", "importlib"}
    loaded = "import sys, rlsabm; print([name for name in sys.modules if 'rlsabm' in name])"
    command = [sys.executable, "-c", loaded]
    ran = subprocess.run(command, env=environment(), capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "['rlsabm']"


def test_its_names_are_those_it_says() -> None:
    seen = {
        alias.name: node.module
        for node in ast.walk(ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("rlsabm.")
        for alias in node.names
    }
    assert seen == rlsabm._MODULES
    assert set(rlsabm.__all__) == {*seen, "__version__"}
    assert all(getattr(rlsabm, name).__name__ == name for name in seen)


def test_imports_are_found() -> None:
    """The test below can fail: what is imported is seen, also within functions and for types."""
    edges = {
        (module.split(".")[0], name.split(".")[0])
        for module in MODULES
        for name in imported(module)
    }
    assert {("model", "mesa"), ("chance", "arrays"), ("cli", "errors")} <= edges
    assert "population" in {name.split(".")[0] for name in imported("mesa.columns")}
    assert len(edges) > 100


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_from_below(module: str) -> None:
    own = module.split(".")[0]
    upwards = [
        name
        for name in imported(module)
        if (there := name.split(".")[0]) != own and HEIGHT[there] > HEIGHT[own]
    ]
    assert upwards == []


def test_compiled_code_is_known_by_every_source_that_rules_are_made_of() -> None:
    """What the hash of compiled code leaves out stands above every rule."""
    with_rules = {
        module.split(".")[0]
        for module in MODULES
        for name in imported(module)
        if name == "compilation" and re.search(r"^ *@(compiled|inlined)$", source(module), re.M)
    }
    assert {"body", "life", "worlds", "observe"} <= with_rules
    assert set(HEIGHT) >= WITHOUT_RULES
    assert max(HEIGHT[name] for name in with_rules) < min(HEIGHT[name] for name in WITHOUT_RULES)


def source(module: str) -> str:
    return MODULES[module].read_text(encoding="utf-8")
