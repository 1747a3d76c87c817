"""Reads the settings of a country from its ``country.yaml``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rlsabm.arrays import Floats
from rlsabm.conventions import SEXES
from rlsabm.data.yaml_reading import Entry, read_file
from rlsabm.demography.body_size import HEIGHT, WEIGHT, BodySize
from rlsabm.errors import nearest
from rlsabm.wording import value_text, with_help

_REQUIRED = ("name", HEIGHT.key, WEIGHT.key, "donation_jurisdiction")
_KEYS = (*_REQUIRED, "parameters")


class CountrySettings(NamedTuple):
    """What ``country.yaml`` says, with the line of each key; see `Country`."""

    name: str
    adult_height_m: Floats
    adult_weight_kg: Floats
    donation_jurisdiction: str
    parameters: dict[str, Any]
    lines: dict[str, int]


def read_settings(path: Path) -> CountrySettings:
    """Read the settings of a country.

    Raises
    ------
    ScenarioError
        If the file cannot be read, a key is missing or unknown, or a value cannot be right.
    """
    root = read_file(path, what="the settings of a country", keys="name and adult_height_cm")
    entries = _entries(root, "", _KEYS, required=_REQUIRED)
    parameters = entries.get("parameters")
    values = {} if parameters is None else _parameters(parameters)
    return CountrySettings(
        name=_text(entries["name"], "name"),
        adult_height_m=_by_sex(entries[HEIGHT.key], HEIGHT) / 100.0,
        adult_weight_kg=_by_sex(entries[WEIGHT.key], WEIGHT),
        donation_jurisdiction=_text(entries["donation_jurisdiction"], "donation_jurisdiction"),
        parameters={name: entry.plain() for name, entry in values.items()},
        lines={
            **{key: entry.place.line or 1 for key, entry in entries.items()},
            **{f"parameters.{name}": entry.place.line or 1 for name, entry in values.items()},
        },
    )


def _entries(
    entry: Entry, key: str, known: Sequence[str], required: Sequence[str]
) -> Mapping[str, Entry]:
    """The entries of a mapping by their keys, all of which are known."""
    if not isinstance(entry.value, dict):
        found = "is empty" if entry.value is None else f"found {value_text(entry.plain())}"
        raise entry.place.error(with_help(found, f"{' and '.join(known)}, each with a value"), key)
    prefix = f"{key}." if key else ""
    for name, each in entry.value.items():
        if name not in known:
            meant = nearest(name, known)
            expected = None if meant else f"one of {', '.join(known)}"
            meant = f"{prefix}{meant}" if meant else None
            raise each.place.error(with_help("unknown key", expected, meant), prefix + name)
    for name in required:
        if name not in entry.value:
            raise entry.place.error("is missing", prefix + name)
    return entry.value


def _text(entry: Entry, key: str) -> str:
    if not isinstance(entry.value, str) or not entry.value.strip() or not entry.value.isprintable():
        found = "is empty" if entry.value in (None, "") else f"found {value_text(entry.plain())}"
        raise entry.place.error(with_help(found, "text, on one line"), key)
    return entry.value


def _by_sex(entry: Entry, size: BodySize) -> Floats:
    """A mean of women and of men."""
    entries = _entries(entry, size.key, SEXES, required=SEXES)
    for sex, each in entries.items():
        if mistake := size.mistake(each.plain()):
            raise each.place.error(mistake, f"{size.key}.{sex}")
    return np.array([float(entries[sex].plain()) for sex in SEXES])


def _parameters(entry: Entry) -> Mapping[str, Entry]:
    """Values by the names of parameters; whether there are such is for their table to say."""
    if entry.value is None:
        return {}
    if not isinstance(entry.value, dict):
        found = f"found {value_text(entry.plain())}"
        raise entry.place.error(with_help(found, "names with a number each"), "parameters")
    return entry.value
