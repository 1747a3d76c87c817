"""No module imports upwards: the package is built floor by floor."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import rlsabm

PACKAGE = Path(rlsabm.__file__).parent
#: The lowest first.  What stands on one floor is in order, too: it may import what is before it.
FLOORS = (
    ("errors", "arrays", "conventions"),
    ("compilation",),
    ("mathematics",),
    ("chance",),
    ("data",),
    ("declaring",),
    ("burden", "events"),
    ("demography",),
    ("body",),
    ("exposures",),
    ("life",),
    ("measuring",),
    ("rooms", "person", "parameter_table"),
    ("inputs",),
    ("setting",),
    ("population",),
    ("worlds",),
    ("observe",),
    ("scenario",),
    ("results",),
    ("study",),
    ("mesa", "model"),
    ("printing",),
    ("cli",),
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
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]


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
