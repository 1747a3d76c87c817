"""The manifest of a study, which stands for the scenario that it records; and names of scenarios."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from rlsabm.data.yaml_reading import Entry, Place
from rlsabm.errors import ScenarioError, visible
from rlsabm.wording import LONGEST_VALUE, value_text, with_help

#: A mapping with this key is the manifest of a study.
KEY_OF_MANIFESTS = "input_hash"
#: Folder beside a manifest that keeps the tables of a country of the user's.
COUNTRY = "country"
#: File systems take names of 255 bytes.
LONGEST_NAME_BYTES = 200
#: Names that Windows keeps for devices, whatever their suffix.
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


class Recorded(NamedTuple):
    """What the manifest of a study records of its scenario.

    Attributes
    ----------
    scenario, name, layers
        The scenario, its name, and where its values come from.
    input_hash
        Hash of what the study was run with.
    keeps_country
        Whether tables of a country are among the files of the study.
    """

    scenario: Entry
    name: str | None
    layers: Mapping[str, str]
    input_hash: str
    keeps_country: bool


def recorded_in(content: Entry) -> Recorded | None:
    """The scenario in the manifest of a study; None if this is no manifest.

    Raises
    ------
    ScenarioError
        It claims to be a manifest, and is none.

    """
    if not isinstance(content.value, dict) or KEY_OF_MANIFESTS not in content.value:
        return None
    parts = content.value
    if "scenario" not in parts:
        raise content.place.error(
            f"has {KEY_OF_MANIFESTS}, as the manifest of a study, but no scenario", "scenario"
        )
    for key, kind, expected in (
        ("scenario", dict, "a mapping with the scenario of the study"),
        ("layers", dict, "a mapping from keys to where they come from"),
        ("name", str, "the name of the study"),
    ):
        if key in parts and not isinstance(parts[key].value, kind):
            raise _unfit(parts[key], expected, key)
    layers = parts["layers"].value if "layers" in parts else {}
    assert isinstance(layers, dict)
    for key, layer in layers.items():
        if not isinstance(layer.value, str):
            raise _unfit(layer, "text that says where the value comes from", f"layers.{key}")
    name, files = parts.get("name"), parts["files"].value if "files" in parts else {}
    return Recorded(
        scenario=parts["scenario"],
        name=None if name is None else checked_name(str(name.value), name.place, "name"),
        layers={key: str(layer.value) for key, layer in layers.items()},
        input_hash=str(parts[KEY_OF_MANIFESTS].value),
        keeps_country=isinstance(files, dict)
        and any(str(file).startswith(f"{COUNTRY}/") for file in files),
    )


def checked_name(name: str, place: Place, key: str = "") -> str:
    """The name of a scenario, which is also that of a folder of results: never a path.

    Raises
    ------
    ScenarioError
        It could lead elsewhere, or some systems cannot have a folder of this name.

    """
    leads_elsewhere = (
        name.strip(". ") == "" or name != name.rstrip(". ").lstrip() or re.search(r"[/\\]", name)
    )
    if (
        leads_elsewhere
        or not name.isprintable()
        or _DEVICES.fullmatch(name)
        or len(name.encode("utf-8", "surrogatepass")) > LONGEST_NAME_BYTES
    ):
        what = f"'{visible(name, LONGEST_VALUE)}' cannot be the name of a scenario"
        raise place.error(with_help(what, "one that a folder of results may have, not a path"), key)
    return name


def _unfit(entry: Entry, expected: str, key: str) -> ScenarioError:
    return entry.place.error(with_help(f"found {value_text(entry.plain())}", expected), key)
