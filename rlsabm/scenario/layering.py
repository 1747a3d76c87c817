"""Lays one set of values over another: dotted keys, deep merging, settings."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TypeAlias

from rlsabm.data.yaml_reading import Entry, Place, read_text

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
        A value is given twice, once nested and once dotted, or a dotted key has an empty part.

    """
    if not isinstance(entry.value, dict):
        return entry
    result = Entry({}, entry.place)
    for key, child in entry.value.items():
        steps = _steps(key, path, child.place)
        child = _wrapped(nested(child, path + steps), steps)
        _refuse_repetition(result, child, path)
        result = merged(result, child)
    return Entry(result.value, entry.place)


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
    shown = " ".join(setting.split())
    place = Place(f"--set {shown if len(shown) <= 100 else shown[:99] + '…'}")
    key, equals, text = setting.partition("=")
    key = key.strip()
    if not equals or not key:
        raise place.error("expected key=value, as in population.size=50_000")
    value = read_text(text, place.source, with_lines=False) or Entry(None, place)
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
        rest = rest[len(step) + 1 :]
    if "" in path:
        raise place.error("a part of the key is empty (expected names joined by dots)", key)
    return path[len(parents) :]


def _wrapped(entry: Entry, steps: Sequence[str]) -> Entry:
    for step in reversed(steps):
        entry = Entry({step: entry}, entry.place)
    return entry


def _refuse_repetition(known: Entry, new: Entry, path: KeyPath) -> None:
    if isinstance(known.value, dict) and isinstance(new.value, dict):
        for key in known.value.keys() & new.value.keys():
            _refuse_repetition(known.value[key], new.value[key], (*path, key))
    else:
        first = "" if known.place.line is None else f" (first on line {known.place.line})"
        raise new.place.error(f"is given twice{first}", ".".join(path))
