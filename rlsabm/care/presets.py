"""Sets of rules of care that ship: usual care, and guidelines with source and year."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from rlsabm.data import DATA
from rlsabm.data.yaml_reading import read_file

PRESETS = DATA / "care"


@cache
def preset_names() -> tuple[str, ...]:
    """Names of the presets."""
    return tuple(sorted(path.stem for path in PRESETS.glob("*.yaml")))


@cache
def preset(name: str) -> Mapping[str, Any]:
    """A preset: its ``title``, its ``source``, and its ``rules`` by name."""
    content: Mapping[str, Any] = read_file(PRESETS / f"{name}.yaml").plain()
    return content


def preset_rules(name: str) -> Mapping[str, Mapping[str, Any]]:
    """Rules of a preset, by name, as a scenario file would say them."""
    rules: Mapping[str, Mapping[str, Any]] = preset(name)["rules"]
    return rules
