"""Checks a merged scenario, and reports every mistake at the line where it was written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from typing import Any, TypeGuard

from pydantic import ValidationError

from rlsabm.data.yaml_reading import Entry
from rlsabm.errors import ScenarioError, nearest
from rlsabm.scenario.explaining import expectation, likely_meaning, schema_at, unknown_key
from rlsabm.scenario.layering import KeyPath, merged
from rlsabm.scenario.schema import (
    ARM_KEYS,
    RESERVED_ARM_NAMES,
    ParameterRange,
    Scenario,
)
from rlsabm.scenario.schema_conditions import RULED_CONDITIONS, Conditions
from rlsabm.wording import number_text, range_text, value_text, with_help

MOST_MISTAKES_SHOWN = 5
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


class Mistakes:
    """The mistakes found so far."""

    def __init__(self, parameters: Mapping[str, ParameterRange]) -> None:
        self.parameters = parameters
        self.found: dict[str, ScenarioError] = {}

    def scenario(self, tree: Entry) -> Scenario | None:
        """Validate the reference arm; None if it has mistakes."""
        errors = _mistakes_in(tree, self.parameters)
        for error in errors.values():
            self.add(error)
        return None if errors else Scenario.model_validate(tree.plain())

    def arm(self, name: str, reference: Entry, changes: Entry) -> Scenario | None:
        """Validate an arm; None if it, or the reference it changes, has mistakes."""
        place = changes.place
        key = f"arms.{name}"
        if name.lower() in RESERVED_ARM_NAMES:
            self.add(
                place.error(
                    f"an arm cannot be called {name} (the unchanged scenario is always run as the "
                    "arm 'reference')",
                    key,
                )
            )
        elif name != name.strip() or not name.isprintable():
            self.add(place.error("expected a name without spaces at its ends, on one line", key))
        if not isinstance(changes.value, dict):
            what = "is empty" if changes.value is None else f"found {value_text(changes.plain())}"
            expected = "a mapping with what the arm changes; {} if it changes nothing"
            self.add(place.error(with_help(what, expected), key))
            return None
        allowed = {step: entry for step, entry in changes.value.items() if step in ARM_KEYS}
        for step, entry in changes.value.items():
            if step not in ARM_KEYS:
                self.add(entry.place.error(_not_for_arms(step), f"{key}.{step}"))
        inherited = _mistakes_in(reference, self.parameters)
        tree = merged(reference, Entry(allowed, place))
        errors = _mistakes_in(tree, self.parameters, ("arms", name))
        for path_and_what, error in errors.items():
            if path_and_what not in inherited:
                self.add(error)
        return None if errors else Scenario.model_validate(tree.plain())

    def add(self, error: ScenarioError) -> None:
        self.found.setdefault(str(error), error)

    def raise_first(self, sources: Sequence[str]) -> None:
        """Raise the mistakes found, if any, in the order of the sources and of their lines."""
        if not self.found:
            return
        order = {source: position for position, source in enumerate(sources)}
        errors = sorted(
            self.found.values(),
            key=lambda error: (order.get(error.file, len(order)), error.line or 0),
        )
        first, *others = errors
        lines = [str(error) for error in others[: MOST_MISTAKES_SHOWN - 1]]
        if unseen := len(others) - len(lines):
            lines.append(f"and {unseen} more")
        raise ScenarioError(
            first.what, file=first.file, line=first.line, key=first.key, others=tuple(lines)
        )


def _mistakes_in(
    tree: Entry, parameters: Mapping[str, ParameterRange], parents: KeyPath = ()
) -> dict[tuple[object, ...], ScenarioError]:
    """Mistakes by path and wording, so that those of the reference are known again in an arm."""
    found: dict[tuple[object, ...], ScenarioError] = {}
    try:
        Scenario.model_validate(tree.plain())
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            path = detail["loc"]
            what, position, shown_path = _in_words(dict(detail))
            place = _entry_at(tree, path).place
            item = f"item {position + 1}: " if position is not None else ""
            key = ".".join((*parents, *shown_path))
            found[(*path, what)] = place.error(item + what, key)
    for path, entry, what in [*_parameter_mistakes(tree, parameters), *_condition_mistakes(tree)]:
        found[(*path, what)] = entry.place.error(what, ".".join((*parents, *path)))
    return found


def _in_words(detail: dict[str, Any]) -> tuple[str, int | None, KeyPath]:
    """What is wrong, the position in a list if it is there, and the key."""
    path: tuple[str | int, ...] = detail["loc"]
    steps = tuple(step for step in path if isinstance(step, str))
    position = path[-1] if path and isinstance(path[-1], int) else None
    value = detail["input"]
    match detail["type"]:
        case "scenario":
            what = str(detail["msg"])
        case "extra_forbidden":
            what = unknown_key(steps[:-1], steps[-1])
        case "missing":
            what = with_help("is missing", expectation(schema_at(path)))
        case _:
            schema = schema_at(path)
            what = with_help(
                "is empty" if value is None else f"found {value_text(value)}",
                expectation(schema),
                likely_meaning(value, schema),
            )
    return what, position, steps


def _condition_mistakes(tree: Entry) -> Iterable[tuple[KeyPath, Entry, str]]:
    """Conditions that nobody knows, and shifts asked for them."""
    section = tree.value.get("conditions") if isinstance(tree.value, dict) else None
    blocks = section.value if section is not None and isinstance(section.value, dict) else {}
    known = [*Conditions.model_fields, *RULED_CONDITIONS]
    known += [name for name, block in blocks.items() if _is_whole(block)]
    for name, block in blocks.items():
        if name in Conditions.model_fields or block.value is None:
            continue
        if _is_whole(block) and name not in RULED_CONDITIONS:
            continue
        if name in RULED_CONDITIONS:
            what = "has nothing to set here; its figures are parameters (see rlsabm parameters)"
        else:
            what = with_help(
                "no condition of this name; a new one needs source, and prevalence or "
                "onset_per_1000",
                meant=nearest(name, known),
            )
        yield ("conditions", name), block, what
    for name, block in blocks.items():
        if not NAME.fullmatch(name):
            what = with_help("cannot be a name", "lower-case words joined by _")
            yield ("conditions", name), block, what
    shifts = tree.value.get("shifts") if isinstance(tree.value, dict) else None
    wanted = shifts.value.get("conditions") if shifts and isinstance(shifts.value, dict) else None
    for entry in wanted.value if wanted and isinstance(wanted.value, list) else []:
        asked = entry.value
        if isinstance(asked, str) and asked not in known:
            what = with_help(f"found {asked}", "names of rlsabm conditions", nearest(asked, known))
            yield ("shifts", "conditions"), entry, what


def _is_whole(block: Entry) -> bool:
    """Whether a block says enough to be a condition."""
    said = (
        {key for key, entry in block.value.items() if entry.value not in (None, "")}
        if (isinstance(block.value, dict))
        else set()
    )
    return "source" in said and any(
        key.startswith(("prevalence", "onset_per_1000")) for key in said
    )


def _parameter_mistakes(
    tree: Entry, parameters: Mapping[str, ParameterRange]
) -> Iterable[tuple[KeyPath, Entry, str]]:
    section = tree.value.get("parameters") if isinstance(tree.value, dict) else None
    if not parameters or section is None or not isinstance(section.value, dict):
        return
    for name, entry in section.value.items():
        allowed = parameters.get(name)
        value = entry.value
        if allowed is None:
            meant = nearest(name, parameters)
            yield (
                ("parameters", name),
                entry,
                with_help("unknown parameter", meant=meant)
                if meant
                else with_help("unknown parameter", "a name of the parameter table"),
            )
        elif _is_finite_number(value) and not allowed.lower <= value <= allowed.upper:
            expected = "a number" + range_text(allowed.lower, allowed.upper, allowed.unit)
            what = with_help(f"found {number_text(value)}", expected)
            yield ("parameters", name), entry, what


def _is_finite_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _not_for_arms(key: str) -> str:
    if key in Scenario.model_fields or key in ("base", "arms"):
        return (
            "cannot differ between arms: an arm is the same people, observed in the same way "
            "(expected conditions or parameters; for other changes write a scenario with 'base:')"
        )
    return with_help("unknown key", "conditions or parameters", nearest(key, ARM_KEYS))


def _entry_at(tree: Entry, path: Iterable[str | int]) -> Entry:
    """The entry at the path, or the last one on the way to it."""
    entry = tree
    for step in path:
        if (isinstance(entry.value, dict) and isinstance(step, str) and step in entry.value) or (
            isinstance(entry.value, list) and isinstance(step, int)
        ):
            entry = entry.value[step]  # type: ignore[index]
        else:
            break
    return entry
