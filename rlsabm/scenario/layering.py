"""Lays one set of values over another: dotted keys, deep merging, settings."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import TypeAlias

from rlsabm.data.yaml_reading import DEEPEST_NESTING, Entry, Place, read_text
from rlsabm.errors import LONGEST_KEY, ScenarioError, visible

KeyPath: TypeAlias = tuple[str, ...]


def merged(under: Entry, over: Entry) -> Entry:
    """Lay one value over another: mappings merge deeply, anything else replaces."""
    if not isinstance(under.value, dict) or not isinstance(over.value, dict):
        return over
    values = dict(under.value)
    for key, entry in over.value.items():
        values[key] = merged(values[key], entry) if key in values else entry
    return Entry(values, over.place)


def nested(entry: Entry, path: KeyPath = ()) -> Entry:
    """Turn dotted keys into nested mappings, except where keys are free names.

    Raises
    ------
    ScenarioError
        A value is given twice, once nested and once dotted, or a dotted key has an empty part or too
        many.

    """
    if not isinstance(entry.value, dict):
        return entry
    values: dict[str, Entry] = {}
    for key, child in entry.value.items():
        first, *rest = _steps(key, path, child.place)
        _put(values, first, _wrapped(nested(child, (*path, first, *rest)), rest), path)
    return Entry(values, entry.place)


def setting_layer(setting: str, arm_names: Collection[str]) -> Entry:
    """Read a setting of the command line, "key.path=value".

    Parameters
    ----------
    setting : str
        The text after ``--set``; its value is YAML.
    arm_names : collection of str
        Names of arms known so far, which may hold dots.

    Raises
    ------
    ScenarioError
        The setting is not of this form, or its value is not YAML.

    """
    place = Place(f"--set {visible(' '.join(setting.split()), LONGEST_KEY)}")
    key, equals, text = setting.partition("=")
    key, text = key.strip(), text.strip()
    if not equals or not key:
        meant = re.fullmatch(r"\s*([\w.]+)(?:\s*:\s*|\s+)(\S+)\s*", setting)
        hint = f"; did you mean {meant[1]}={meant[2]}?" if meant else ""
        raise place.error(f"expected key=value, as in population.size=50_000{hint}")
    try:
        value = read_text(text, place.source, with_lines=False) or Entry(None, place)
    except ScenarioError:
        if sum(map(text.count, "[{")) > sum(map(text.count, "]}")):
            raise place.error(
                "a bracket or brace is not closed (a setting that has spaces needs quotes, as in "
                "--set 'observe.by=[sex, age_group]')",
                key,
            ) from None
        raise
    steps = _steps(key, (), place, arm_names)
    return _wrapped(nested(value, steps), steps)


def _steps(key: str, parents: KeyPath, place: Place, arm_names: Collection[str] = ()) -> KeyPath:
    """The keys that a dotted key stands for; names of parameters and arms stay whole."""
    path, rest = parents, key
    while True:
        names_parameters = path[-1:] == ("parameters",) and len(path) in (1, 3)
        if names_parameters or (path == parents == ("arms",)):
            step = rest
        elif path == ("arms",):
            known = [name for name in arm_names if f"{rest}.".startswith(f"{name}.")]
            step = max(known, key=len, default=rest.partition(".")[0])
        else:
            step = rest.partition(".")[0]
        path += (step,)
        if step == rest:
            break
        if len(path) > DEEPEST_NESTING:
            raise place.error("is nested too deeply", key)
        rest = rest[len(step) + 1 :]
    if "" in path:
        raise place.error("a part of the key is empty (expected names joined by dots)", key)
    return path[len(parents) :]


def _wrapped(entry: Entry, steps: Sequence[str]) -> Entry:
    for step in reversed(steps):
        entry = Entry({step: entry}, entry.place)
    return entry


def _put(values: dict[str, Entry], key: str, new: Entry, path: KeyPath) -> None:
    """Put a value among those of a mapping that is being made, which may have a part of it."""
    known = values.setdefault(key, new)
    if known is new:
        return
    if isinstance(known.value, dict) and isinstance(new.value, dict):
        for inner, entry in new.value.items():
            _put(known.value, inner, entry, (*path, key))
    else:
        first = "" if known.place.line is None else f" (first on line {known.place.line})"
        raise new.place.error(f"is given twice{first}", ".".join((*path, key)))
