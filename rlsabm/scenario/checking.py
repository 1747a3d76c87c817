"""Checks a merged scenario, and reports every mistake at the line where it was written."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from math import isfinite
from typing import Any, NamedTuple, TypeAlias

from pydantic import ValidationError

from rlsabm.care.offers import ON_DIALYSIS
from rlsabm.care.presets import preset_names
from rlsabm.care.treatment import shipped_treatments
from rlsabm.data.yaml_reading import Entry, Place
from rlsabm.declaring.groups import IRON_STORES, Group
from rlsabm.errors import ScenarioError, nearest, visible
from rlsabm.observe.groups import groups_of
from rlsabm.scenario.explaining import (
    expectation,
    likely_meaning,
    place_of_key,
    schema_at,
    unknown_key,
)
from rlsabm.scenario.layering import KeyPath, merged
from rlsabm.scenario.schema import (
    ARM_KEYS,
    RESERVED_ARM_NAMES,
    ParameterRange,
    Scenario,
)
from rlsabm.scenario.schema_conditions import RULED_CONDITIONS, Conditions
from rlsabm.wording import LONGEST_VALUE, counted, value_text, with_help

#: Mistakes that a message shows, and those of a list of all; more are only counted.
MOST_MISTAKES_SHOWN, MOST_MISTAKES_LISTED = 5, 1_000
#: Arms of a study beside its reference: names of files have two digits for them.
MOST_ARMS = 99
LONGEST_NAME_OF_ARM = 100
_ARM_KEYS = f"{', '.join(ARM_KEYS[:-1])} or {ARM_KEYS[-1]}"
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


class Mistake(NamedTuple):
    """A mistake, whose words are found when they are shown: there may be very many."""

    place: Place
    key: str
    say: Callable[[], str]

    def error(self) -> ScenarioError:
        """The mistake in words."""
        return self.place.error(self.say(), self.key)


#: What can be traced, in words.
TRACEABLE = "exposures or controls of rlsabm conditions"
#: Groups in which RLS is counted, beside those of the conditions that are data.
_GROUPS = {group.name: group for group in groups_of(())}
Identity: TypeAlias = tuple[object, ...]


class Mistakes:
    """The mistakes found so far.

    An arm has those of the reference, too: each is known by its place, its key and its kind, and kept
    once.
    """

    def __init__(self, parameters: Mapping[str, ParameterRange]) -> None:
        self.parameters = parameters
        self.found: dict[Identity, Mistake] = {}

    def scenario(self, tree: Entry) -> Scenario | None:
        """Validate the reference arm; None if it has mistakes."""
        return self._validated(tree)

    def arm(self, name: str, reference: Entry, changes: Entry) -> Scenario | None:
        """Validate an arm; None if it, or the reference it changes, has mistakes."""
        place = changes.place
        key = f"arms.{name}"
        if name.lower() in RESERVED_ARM_NAMES:
            self.add(
                place,
                key,
                f"an arm cannot be called {name} (the unchanged scenario is always run as the "
                "arm 'reference')",
            )
        elif name != name.strip() or not name.isprintable():
            self.add(place, key, "expected a name without spaces at its ends, on one line")
        elif len(name) > LONGEST_NAME_OF_ARM:
            expected = f"a name of at most {LONGEST_NAME_OF_ARM} characters"
            self.add(place, key, with_help(f"found a name of {len(name):,} characters", expected))
        if not isinstance(changes.value, dict):
            what = "is empty" if changes.value is None else f"found {value_text(changes.plain())}"
            expected = "a mapping with what the arm changes; {} if it changes nothing"
            self.add(place, key, with_help(what, expected))
            return None
        allowed = {step: entry for step, entry in changes.value.items() if step in ARM_KEYS}
        for step, entry in changes.value.items():
            if step not in ARM_KEYS:
                say = partial(self._not_for_arms, step, entry, reference)
                self._keep((entry.place, name, step), Mistake(entry.place, f"{key}.{step}", say))
        if len(self.found) > MOST_MISTAKES_LISTED:
            return None
        return self._validated(merged(reference, Entry(allowed, place)), ("arms", name))

    def add(self, place: Place, key: str, what: str) -> None:
        """Note a mistake whose words are known."""
        self._keep((place, key, what), Mistake(place, key, lambda: what))

    def raise_first(self, sources: Sequence[str], most: int = MOST_MISTAKES_SHOWN) -> None:
        """Raise the mistakes found, if any, in the order of the sources and of their lines."""
        if not self.found:
            return
        order = {source: position for position, source in enumerate(sources)}
        in_order = sorted(
            self.found.values(),
            key=lambda mistake: (
                order.get(mistake.place.source, len(order)),
                mistake.place.line or 0,
            ),
        )
        first, *others = (mistake.error() for mistake in in_order[:most])
        lines = [str(error) for error in others]
        if (unseen := len(in_order) - most) > 0:
            lines.append(f"and {unseen:,} more")
        raise ScenarioError(
            first.what, file=first.file, line=first.line, key=first.key, others=tuple(lines)
        )

    def _keep(self, identity: Identity, mistake: Mistake) -> None:
        self.found.setdefault(identity, mistake)

    def _validated(self, tree: Entry, parents: KeyPath = ()) -> Scenario | None:
        """The scenario, or None if it has mistakes, which are kept."""
        scenario = None
        others = [
            *_parameter_mistakes(tree, self.parameters),
            *_condition_mistakes(tree, self.parameters),
            *_care_mistakes(tree),
        ]
        unknown = {path for path, _, _ in others}
        try:
            scenario = Scenario.model_validate(tree.plain())
        except ValidationError as error:
            names = _names(tree, self.parameters)
            for detail in error.errors(include_url=False, include_context=False):
                path = detail["loc"]
                if path in unknown:
                    continue
                entry = _entry_at(tree, path)
                steps = tuple(step for step in path if isinstance(step, str))
                words = partial(_in_words, dict(detail), entry, names)
                self._keep(
                    (entry.place, path, detail["type"]),
                    Mistake(entry.place, ".".join((*parents, *steps)), words),
                )
        for path, entry, say in others:
            text = entry.value if isinstance(entry.value, str) else None
            self._keep(
                (entry.place, path, text), Mistake(entry.place, ".".join((*parents, *path)), say)
            )
        return None if others else scenario

    def _not_for_arms(self, key: str, entry: Entry, reference: Entry) -> str:
        meant = nearest(key, ARM_KEYS) or place_of_key(
            key, _names(reference, self.parameters), _chain_below(entry)
        )
        first = key if key in ("base", "arms") else (meant or "").split(".")[0]
        if first and first not in ARM_KEYS:
            return (
                "cannot differ between arms: an arm is the same people, observed in the same way "
                f"(expected {_ARM_KEYS}; for other changes write a scenario with "
                "'base:')"
            )
        return with_help("unknown key", _ARM_KEYS, meant)


def _in_words(detail: dict[str, Any], entry: Entry, names: Sequence[KeyPath]) -> str:
    """What is wrong, led by the position in a list if it is there."""
    path: tuple[str | int, ...] = detail["loc"]
    steps = tuple(step for step in path if isinstance(step, str))
    item = f"item {path[-1] + 1}: " if path and isinstance(path[-1], int) else ""
    value = detail["input"]
    match detail["type"]:
        case "scenario":
            what = str(detail["msg"])
        case "extra_forbidden":
            what = unknown_key(steps[:-1], steps[-1], names, _chain_below(entry))
        case "missing":
            what = with_help("is missing", expectation(schema_at(path)))
        case "too_long":
            schema = schema_at(path)
            most = schema.get("maxItems", schema.get("maxProperties"))
            what = with_help(f"holds {len(value):,} values", f"at most {most}")
        case "too_short" if least := schema_at(path).get("minProperties"):
            what = with_help(f"holds {counted(len(value), 'value')}", f"at least {least}")
        case "string_too_long":
            most = schema_at(path).get("maxLength")
            what = with_help(f"holds {len(value):,} characters", f"at most {most:,}")
        case _:
            what = _found_instead(value, schema_at(path))
    return item + what


def _found_instead(value: object, schema: dict[str, Any]) -> str:
    """That a value is not what it must be, with what may have been meant."""
    what = "is empty" if value is None else f"found {value_text(value)}"
    return with_help(what, expectation(schema), likely_meaning(value, schema))


def _names(tree: Entry, parameters: Mapping[str, ParameterRange]) -> list[KeyPath]:
    """Paths of parameters and of conditions that are data."""
    section = tree.value.get("conditions") if isinstance(tree.value, dict) else None
    blocks = section.value if section is not None and isinstance(section.value, dict) else {}
    return [
        *(("parameters", name) for name in parameters),
        *(("conditions", name) for name, block in blocks.items() if _is_whole(block)),
    ]


def _chain_below(entry: Entry) -> KeyPath:
    """Keys in an entry as long as each holds a single one."""
    path: KeyPath = ()
    while isinstance(entry.value, dict) and len(entry.value) == 1:
        ((key, entry),) = entry.value.items()
        path += (key,)
    return path


Found: TypeAlias = Iterable[tuple[KeyPath, Entry, Callable[[], str]]]


def _condition_mistakes(tree: Entry, parameters: Iterable[str]) -> Found:
    """Conditions that nobody knows, and shifts asked for them."""
    section = tree.value.get("conditions") if isinstance(tree.value, dict) else None
    blocks = section.value if section is not None and isinstance(section.value, dict) else {}
    known = dict.fromkeys([*Conditions.model_fields, *RULED_CONDITIONS])
    known |= dict.fromkeys(name for name, block in blocks.items() if _is_whole(block))
    for name, block in blocks.items():
        path = ("conditions", name)
        if name in RULED_CONDITIONS and name not in Conditions.model_fields:
            if block.value is not None:
                yield (
                    path,
                    block,
                    lambda: (
                        "has nothing to set here; its figures are parameters (see rlsabm parameters)"
                    ),
                )
        elif name in _GROUPS and name not in known and block.value is not None:
            yield path, block, partial(_not_to_be_set, _GROUPS[name], known)
        elif not NAME.fullmatch(name):
            yield path, block, partial(_cannot_be_a_name, name, known)
        elif name not in known and block.value is not None:
            yield path, block, partial(_no_such_condition, name, block, known, parameters)
    shifts = tree.value.get("shifts") if isinstance(tree.value, dict) else None
    wanted = shifts.value.get("conditions") if shifts and isinstance(shifts.value, dict) else None
    for entry in wanted.value if wanted and isinstance(wanted.value, list) else []:
        asked = entry.value
        if isinstance(asked, str) and asked not in known:
            yield ("shifts", "conditions"), entry, partial(_not_to_be_traced, asked, known)


def _care_mistakes(tree: Entry) -> Found:
    """Presets, treatments and conditions that rules of care name and nobody knows."""
    care = _section(tree, "care")
    presets = care.get("presets")
    for entry in presets.value if presets and isinstance(presets.value, list) else []:
        if isinstance(entry.value, str) and entry.value not in preset_names():
            yield ("care", "presets"), entry, partial(_not_among, entry, "a preset", preset_names())
    own = _section(tree, "treatments")
    treatments = list(dict.fromkeys([*shipped_treatments(), *own]))
    for name, block in own.items():
        if not NAME.fullmatch(name):
            yield ("treatments", name), block, partial(_cannot_be_a_name, name, treatments)
        elif name not in shipped_treatments() and "source" not in _said(block):
            yield ("treatments", name), block, partial(_no_such_treatment, name)
    conditions = [name for name, block in _section(tree, "conditions").items() if _is_whole(block)]
    rules = care.get("rules")
    for name, rule in (rules.value if rules and isinstance(rules.value, dict) else {}).items():
        path = ("care", "rules", name)
        said = rule.value if isinstance(rule.value, dict) else {}
        if not NAME.fullmatch(name):
            yield path, rule, partial(_cannot_be_a_name, name, ())
        for key, what, known in (
            ("treatment", "a treatment", treatments),
            ("not_with", "treatments", treatments),
            ("condition", "a condition", [*conditions, ON_DIALYSIS]),
        ):
            found = said.get(key)
            items = found.value if found and isinstance(found.value, list) else [found]
            for entry in filter(None, items):
                if isinstance(entry.value, str) and entry.value and entry.value not in known:
                    yield (*path, key), entry, partial(_not_among, entry, what, known)


def _section(tree: Entry, key: str) -> dict[str, Entry]:
    """What stands in a section of a scenario, by key; nothing where it is no mapping."""
    section = tree.value.get(key) if isinstance(tree.value, dict) else None
    return section.value if section is not None and isinstance(section.value, dict) else {}


def _not_among(entry: Entry, what: str, known: Collection[str]) -> str:
    found = f"found {visible(str(entry.value), LONGEST_VALUE)}"
    return with_help(found, f"{what}: {', '.join(known)}", nearest(str(entry.value), known))


def _no_such_treatment(name: str) -> str:
    return with_help(
        "no treatment of this name; a new one needs a source",
        meant=nearest(name, shipped_treatments()),
    )


def _no_such_condition(
    name: str, block: Entry, known: Collection[str], parameters: Iterable[str]
) -> str:
    said = _said(block)
    needed = [] if "source" in said else ["source"]
    if not _has_frequency(said):
        needed.append("prevalence or onset_per_1000")
    what = f"no condition of this name; a new one needs {', and '.join(needed)}"
    elsewhere = place_of_key(name, [("parameters", parameter) for parameter in parameters])
    meant = nearest(name, known) or elsewhere
    group = None if meant else nearest(name, _GROUPS, by_word=True)
    if group:
        return f"{what}; {group} {_not_to_be_set(_GROUPS[group], known)}"
    return with_help(what, meant=meant)


def _cannot_be_a_name(name: str, known: Collection[str]) -> str:
    joined = "_".join(re.findall(r"[a-z0-9]+", name.lower()))
    meant = nearest(name, known) or (joined if NAME.fullmatch(joined) else None)
    return with_help("cannot be a name", "lower-case words joined by _", meant)


def _not_to_be_set(group: Group, known: Collection[str]) -> str:
    """What to say, after its name, of a group that is no condition."""
    if group.cause in known:
        return with_help(
            f"is a group among those of {group.cause}: nothing can be set for it",
            meant=f"conditions.{group.cause}",
        )
    follows = ", which follows from iron stores" if group.cause == IRON_STORES else ""
    return f"is {_kind(group)}{follows}: nothing can be set for it"


def _not_to_be_traced(asked: str, known: Collection[str]) -> str:
    found = f"found {visible(asked, LONGEST_VALUE)}"
    near = nearest(asked, [*known, *_GROUPS], by_word=True)
    group = _GROUPS.get(asked) or _GROUPS.get(near or "")
    if near in known and asked not in _GROUPS:
        return with_help(found, TRACEABLE, near)
    if group is None:
        return with_help(found, TRACEABLE)
    name = "," if group.name == asked else f"; {group.name} is"
    if group.cause in known:
        what = f"{found}{name} a group among those of {group.cause}"
        return with_help(what, TRACEABLE, group.cause)
    what = f"{found}{name} {_kind(group)}, "
    if group.cause == IRON_STORES:
        what += "whose shift is estimated where shifts.postulates is true"
    else:
        what += "which has no cause to leave out"
    return with_help(what, TRACEABLE)


def _kind(group: Group) -> str:
    return "a state" if group.kind == "state" else "a group"


def _is_whole(block: Entry) -> bool:
    """Whether a block says enough to be a condition."""
    said = _said(block)
    return "source" in said and _has_frequency(said)


def _said(block: Entry) -> set[str]:
    """Keys of a block that are not empty."""
    if not isinstance(block.value, dict):
        return set()
    return {key for key, entry in block.value.items() if entry.value not in (None, "")}


def _has_frequency(keys: Iterable[str]) -> bool:
    """Whether keys say how frequent a condition is."""
    return any(key.startswith(("prevalence", "onset_per_1000")) for key in keys)


def _parameter_mistakes(tree: Entry, parameters: Mapping[str, ParameterRange]) -> Found:
    section = tree.value.get("parameters") if isinstance(tree.value, dict) else None
    if not parameters or section is None or not isinstance(section.value, dict):
        return
    for name, entry in section.value.items():
        allowed = parameters.get(name)
        if allowed is None:
            yield ("parameters", name), entry, partial(_unknown_parameter, name, parameters)
        elif not _is_number_within(entry.value, allowed):
            yield ("parameters", name), entry, partial(_not_for_parameter, entry, allowed)


def _unknown_parameter(name: str, parameters: Iterable[str]) -> str:
    if meant := nearest(name, parameters):
        return with_help("unknown parameter", meant=meant)
    if meant := place_of_key(name.rpartition(".")[2]):
        return with_help("unknown parameter", meant=f"the key {meant}")
    return with_help("unknown parameter", "a name of the parameter table")


def _is_number_within(value: object, allowed: ParameterRange) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return isfinite(value) and allowed.lower <= value <= allowed.upper


def _not_for_parameter(entry: Entry, allowed: ParameterRange) -> str:
    schema = {
        "type": "number",
        "minimum": allowed.lower,
        "maximum": allowed.upper,
        "unit": allowed.unit,
    }
    return _found_instead(entry.plain(), schema)


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
