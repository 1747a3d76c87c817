"""The manifest of a study: what it must say, and reading it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rlsabm.data.yaml_reading import without_repetition
from rlsabm.errors import UserError
from rlsabm.results.arrow import SCHEMA_VERSION
from rlsabm.results.files import MANIFEST, SCENARIO, Mark
from rlsabm.scenario.manifests import COUNTRY
from rlsabm.scenario.resolved import content_hash_of
from rlsabm.wording import command, value_text

#: Larger than the manifest of any scenario that is accepted.
MOST_BYTES = 50_000_000
#: A file that has one of these keys is the manifest of a study, or was.
OWN_KEYS = {"input_hash", "scenario_hash"}
#: How the types of JSON are called in messages.
_WORDS = {
    "a valid integer": "a whole number",
    "a valid number": "a number",
    "a valid string": "text",
    "a valid dictionary": "a mapping",
    "a valid list": "a list",
}

Digits = Annotated[str, Field(pattern=r"^[0-9a-f]+$")]
FileName = Annotated[str, Field(pattern=rf"^({COUNTRY}/)?[a-z_]+\.[a-z]+$")]
Count = Annotated[int, Field(ge=0)]


class _Section(BaseModel):
    """Part of a manifest; what else it says is for people."""

    model_config = ConfigDict(strict=True, extra="allow", allow_inf_nan=False)


class _Mark(_Section):
    bytes: Count
    blake2b: Digits


class _Runs(_Section):
    draws: Annotated[int, Field(ge=1)]
    replicates: Annotated[int, Field(ge=1)]


class _Units(_Section):
    total: Count
    finished: Count
    failed: Count


class _Seeds(_Section):
    root: Annotated[str, Field(pattern=r"^[0-9]+$")]


class _Software(_Section):
    rlsabm: str
    package_hash: str


class _Resources(_Section):
    seconds: float
    seconds_of_units: float
    person_months: Count


class _Part(_Section):
    seconds: float
    units_finished: int
    person_months: int


class _Manifest(_Section):
    """What every manifest says."""

    schema_version: int
    name: str
    title: str
    status: Literal["running", "stopped", "incomplete", "complete"]
    scenario_hash: Digits
    input_hash: Digits
    runs: _Runs
    units: _Units
    seeds: _Seeds
    software: _Software
    environment: dict[str, Any]
    resources: _Resources
    rows: dict[FileName, Count]
    files: dict[FileName, _Mark]
    replacing: dict[FileName, list[_Mark | None]] = {}
    trouble: str
    history: list[_Part]
    scenario: dict[str, Any]
    layers: dict[str, str]


class ManifestError(UserError):
    """A manifest that cannot be used.

    Parameters
    ----------
    message
        Why, in words.
    is_own
        Whether it is that of a study for certain, and not a file of somebody else's.
    """

    def __init__(self, message: str, *, is_own: bool) -> None:
        super().__init__(message)
        self.is_own = is_own


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """Manifest of a study's folder, or None if the folder holds no study.

    Raises
    ------
    ManifestError
        If it is damaged, or another version of the package has written it.
    """
    return deepcopy(_manifest_in(folder))


def _manifest_in(folder: Path) -> dict[str, Any] | None:
    """The same, to read and not to change: others get it as well."""
    text = _text_of(folder / MANIFEST)
    return None if text is None else _checked(folder, text)


@lru_cache(maxsize=8)
def _checked(folder: Path, text: str) -> dict[str, Any] | None:
    """The manifest that a text is; kept, because it is asked for with every table that is read."""
    path = folder / MANIFEST
    try:
        manifest = json.loads(
            text,
            object_pairs_hook=without_repetition,
            parse_constant=_no_number,
            parse_float=_number,
        )
    except json.JSONDecodeError as error:
        raise _damaged(f"{path}:{error.lineno}", f"is not JSON ({error.msg})") from None
    except ValueError as error:
        raise _damaged(path, str(error)) from None
    except RecursionError:
        raise _damaged(path, "is nested too deeply") from None
    if not isinstance(manifest, dict) or not OWN_KEYS & set(manifest):
        return None
    if (found := manifest.get("schema_version")) != SCHEMA_VERSION:
        raise ManifestError(
            f"{folder}: its tables have schema version {json.dumps(found)[:40]}, this rlsabm reads "
            f"version {SCHEMA_VERSION}; run the study again, with --replace or into another folder",
            is_own=True,
        )
    if mistake := _mistake_in(manifest):
        raise _damaged(path, mistake, is_own=True)
    return manifest


def manifest_of(folder: Path) -> dict[str, Any]:
    """Manifest of the study in a folder.

    Raises
    ------
    UserError
        If the folder holds no study, or one whose manifest cannot be used.
    """
    return deepcopy(_manifest_of(folder))


def _manifest_of(folder: Path) -> dict[str, Any]:
    manifest = _manifest_in(folder)
    if manifest is None:
        raise UserError(f"{folder}: holds no study (no {MANIFEST} of rlsabm)")
    return manifest


def marks_of(folder: Path) -> dict[str, list[Mark | None]]:
    """`marks_in` the manifest of the study in a folder.

    Raises
    ------
    UserError
        If the folder holds no study, or one whose manifest cannot be used.
    """
    return marks_in(_manifest_of(folder))


def marks_in(manifest: Mapping[str, Any]) -> dict[str, list[Mark | None]]:
    """What each file of a study may be: as it was written, or before while it is being replaced."""
    marks = {name: [Mark(**mark)] for name, mark in manifest["files"].items()}
    before = manifest.get("replacing", {})
    return {
        name: [*mark, *(each and Mark(**each) for each in before.get(name, ()))]
        for name, mark in marks.items()
    }


def _text_of(path: Path) -> str | None:
    """Text of the file; None if there is none."""
    try:
        if path.exists() and not path.is_file():
            raise _damaged(path, "is not a file")
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise _damaged(path, f"is larger than {MOST_BYTES // 1_000_000} MB")
        return content.decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _damaged(f"{path}:{line}", "is not UTF-8 text") from None


def _no_number(text: str) -> float:
    raise ValueError(f"found {text} (expected a number)")


def _number(text: str) -> float:
    if not math.isfinite(value := float(text)):
        raise ValueError(f"found {text} (expected a smaller number)")
    return value


def _damaged(place: Path | str, what: str, *, is_own: bool = False) -> ManifestError:
    folder = Path(place).parent
    again = (
        f"{command('rlsabm', 'run', folder / SCENARIO, '--out', folder)} --replace"
        if (folder / SCENARIO).is_file()
        else "rlsabm run … --replace"
    )
    return ManifestError(
        f"{place}: {what}; put the file back from a copy, or run the study again: {again}",
        is_own=is_own,
    )


def _mistake_in(manifest: dict[str, Any]) -> str:
    """The first mistake in words; empty if there is none."""
    try:
        _Manifest.model_validate(manifest)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(step) for step in first["loc"] if step != "[key]")
        if first["type"] == "missing":
            return f"{key}: is missing"
        expected = first["msg"].removeprefix("Input should be ").split(" or instance of ")[0]
        if first["type"] == "string_pattern_mismatch":
            expected = f"text of the form {first['ctx']['pattern']}"
        return (
            f"{key}: found {value_text(first['input'])} (expected {_WORDS.get(expected, expected)})"
        )
    scenario = manifest["scenario"]
    try:
        fits = content_hash_of(scenario) == manifest["scenario_hash"]
        runs = {key: scenario["runs"][key] for key in ("draws", "replicates")}
        fits = fits and manifest["runs"] == runs
        fits = fits and manifest["seeds"]["root"] == str(scenario["runs"]["seed"])
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        fits = False
    return "" if fits else "its scenario is not the one that was run (its checksum is another)"
