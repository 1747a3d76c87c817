"""Reads target files, and reports every mistake at the line where it was written."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeVar, cast

from pydantic import ValidationError

from rlsabm.calibration.likelihood import SCALE_OF_KIND
from rlsabm.calibration.measures import MEASURES, Query
from rlsabm.calibration.targets import (
    CalibrationTarget,
    Published,
    Purpose,
    Target,
    ValidationTarget,
)
from rlsabm.data.yaml_reading import Entry, Place, read_file
from rlsabm.declaring.sections import Section
from rlsabm.errors import ScenarioError, UserError, nearest
from rlsabm.scenario.checking import MOST_MISTAKES_SHOWN
from rlsabm.scenario.explaining import expectation, likely_meaning
from rlsabm.wording import number_text, value_text, with_help

SomeTarget = TypeVar("SomeTarget", bound=Target)

#: Target files that ship with the package: inside it when installed, beside it in a checkout.
_PACKAGE = Path(__file__).parent.parent
SHIPPED = (_PACKAGE / "scenarios" / "targets", _PACKAGE.parent / "scenarios" / "targets")
_KINDS: dict[Purpose, type[Target]] = {
    "calibration": CalibrationTarget,
    "validation": ValidationTarget,
}
_KEYS = ("title", "purpose", "targets")
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*")
_WHAT = {"what": "a target file", "keys": "purpose and targets"}


def calibration_targets(file: str | Path = "calibration") -> list[CalibrationTarget]:
    """Figures that parameters may be fitted to.

    Parameters
    ----------
    file
        Path of a target file, or the name of one that ships.

    Raises
    ------
    UserError
        If the file has mistakes, is one of validation targets, or has a target that is among the
        validation targets that ship.
    """
    return _of_kind(file, "calibration", CalibrationTarget)


def validation_targets(file: str | Path = "validation") -> list[ValidationTarget]:
    """Figures that no parameter may be fitted to.

    Parameters
    ----------
    file
        Path of a target file, or the name of one that ships.

    Raises
    ------
    UserError
        If the file has mistakes, or is one of calibration targets.
    """
    return _of_kind(file, "validation", ValidationTarget)


def _of_kind(file: str | Path, purpose: Purpose, kind: type[SomeTarget]) -> list[SomeTarget]:
    path = _find(file)
    found = [target for target in read_targets(path) if isinstance(target, kind)]
    if not found:
        place = Place(str(path))
        what = with_help(f"holds no {purpose} targets", f"purpose: {purpose}")
        raise place.error(what, "purpose")
    return found


def read_targets(file: str | Path) -> list[Target]:
    """Targets of a file, all of the kind that its purpose says.

    Parameters
    ----------
    file
        Path of a target file, or the name of one that ships: ``calibration`` or ``validation``.

    Raises
    ------
    ScenarioError
        If the file has mistakes; each is shown with its line.
    """
    root = read_file(_find(file), **_WHAT)
    assert isinstance(root.value, dict)
    mistakes = list(_mistakes_of_file(root.value, root.place))
    targets: list[Target] = []
    purpose = root.value["purpose"].plain() if "purpose" in root.value else None
    listed = root.value.get("targets")
    if not mistakes and listed is not None and isinstance(listed.value, dict):
        validated = _validated_keys() if purpose == "calibration" else {}
        for key, entry in listed.value.items():
            made = _target(key, entry, _KINDS[cast(Purpose, purpose)])
            if isinstance(made, Target):
                targets.append(made)
                if _same(made, validated):
                    mistakes.append(
                        entry.place.error(
                            "is a validation target, to which no parameter may be fitted", key
                        )
                    )
            else:
                mistakes.extend(made)
    if mistakes:
        raise_together(mistakes)
    return targets


def raise_together(mistakes: list[ScenarioError]) -> NoReturn:
    """Raise the first mistakes together."""
    in_order = sorted(mistakes, key=lambda mistake: mistake.line or 0)
    first, *others = in_order[:MOST_MISTAKES_SHOWN]
    lines = [str(error) for error in others]
    if (unseen := len(in_order) - MOST_MISTAKES_SHOWN) > 0:
        lines.append(f"and {unseen:,} more")
    raise ScenarioError(
        first.what, file=first.file, line=first.line, key=first.key, others=tuple(lines)
    )


def find_file(file: str | Path, folders: Sequence[Path], names: Sequence[str], what: str) -> Path:
    """A file by its path, or one that ships by its name.

    Parameters
    ----------
    file
        Path or name.
    folders
        Where those that ship may be.
    names
        Their names.
    what
        What kind of file it is.

    Raises
    ------
    UserError
        If it has no suffix, is not there, and none of this name ships.
    """
    path = Path(file)
    if path.suffix or path.exists():
        return path
    for folder in folders:
        if str(path) in names and (shipped := folder / f"{path}.yaml").exists():
            return shipped
    expected = f"the path of a {what} file, or one of {', '.join(names)}"
    found = f"{what} file: found {value_text(str(file))}"
    raise UserError(with_help(found, expected, nearest(str(file), names)))


def _find(file: str | Path) -> Path:
    return find_file(file, SHIPPED, sorted(_KINDS), "target")


def _validated_keys() -> Mapping[str, Query | None]:
    """Keys and queries of the validation targets that ship."""
    return {target.key: target.query for target in read_targets("validation")}


def _same(target: Target, validated: Mapping[str, Query | None]) -> bool:
    """Whether a target has the key of a validation target, or asks the same."""
    if target.key in validated:
        return True
    asked = [_what(query) for query in validated.values() if query is not None]
    return target.query is not None and _what(target.query) in asked


def _what(query: Query) -> Mapping[str, object]:
    """What is asked, in however many surveys."""
    return query.model_dump(exclude={"surveys"})


def _mistakes_of_file(root: dict[str, Entry], place: Place) -> Iterator[ScenarioError]:
    for key, entry in root.items():
        if key not in _KEYS:
            yield entry.place.error(
                with_help("unknown key", f"one of {', '.join(_KEYS)}", nearest(key, _KEYS)), key
            )
    purpose = root.get("purpose")
    names = list(_KINDS)
    if purpose is None:
        yield place.error(with_help("is missing", f"one of {', '.join(names)}"), "purpose")
    elif purpose.plain() not in names:
        found = purpose.plain()
        meant = nearest(found, names) if isinstance(found, str) else None
        what = with_help(f"found {value_text(found)}", f"one of {', '.join(names)}", meant)
        yield purpose.place.error(what, "purpose")
    targets = root.get("targets")
    if targets is None or not isinstance(targets.value, dict) or not targets.value:
        at = place if targets is None else targets.place
        yield at.error("holds no targets (expected a mapping from keys to targets)", "targets")
        return
    seen: dict[str, str] = {}
    for key, entry in targets.value.items():
        if not _KEY.fullmatch(key):
            yield entry.place.error(
                with_help("cannot be a key", "words joined by _, as in C1_any_adults"), key
            )
        elif key.lower() in seen:
            yield entry.place.error(f"is given twice (the other is {seen[key.lower()]})", key)
        seen[key.lower()] = key


def _target(key: str, entry: Entry, kind: type[Target]) -> Target | list[ScenarioError]:
    """A target, or its mistakes."""
    if not isinstance(entry.value, dict):
        found = "is empty" if entry.value is None else f"found {value_text(entry.plain())}"
        return [entry.place.error(with_help(found, "a mapping with says, observe, source"), key)]
    given = {name: each.plain() for name, each in entry.value.items()}
    if given.get("observe") is None and given.get("needs") is not None:
        given["observe"] = {}  # what cannot be observed need not be said exactly
    try:
        published = Published.model_validate(given)
    except ValidationError as error:
        return in_words(error, entry, key, Published)
    query: Query | None = None
    if published.needs is None:
        made = _query(key, entry.value["observe"])
        if isinstance(made, list):
            return made
        query = made
    target = kind(key, published, query)
    return [
        (entry.value[name].place if name in entry.value else entry.place).error(
            what, f"{key}.{name}" if name else key
        )
        for name, what in _contradictions(target)
    ] or target


def _query(key: str, entry: Entry) -> Query | list[ScenarioError]:
    """What a target would observe, or the mistakes in it."""
    assert isinstance(entry.value, dict)
    where = f"{key}.observe"
    named = entry.value.get("measure")
    if named is None or named.plain() not in MEASURES:
        found = None if named is None else named.plain()
        meant = nearest(found, MEASURES) if isinstance(found, str) else None
        what = "is missing" if named is None else f"found {value_text(found)}"
        place = entry.place if named is None else named.place
        expected = f"one of {', '.join(MEASURES)}"
        return [place.error(with_help(what, expected, meant), f"{where}.measure")]
    model = MEASURES[named.plain()].query
    try:
        return model.model_validate(entry.plain())
    except ValidationError as error:
        return in_words(error, entry, where, model)


def _contradictions(target: Target) -> Iterator[tuple[str, str]]:
    """What of a target cannot be true together: the key, and what is wrong."""
    given = target.published
    bounds = [bound for bound in (given.at_least, given.at_most) if bound is not None]
    if given.needs is not None:
        return
    if (given.cases is None) != (given.persons is None):
        there, lacking = ("cases", "persons") if given.persons is None else ("persons", "cases")
        yield there, f"stands without {lacking} (expected both, or none)"
        return
    if given.value is None and given.cases is None and not bounds:
        yield "", "holds no data (expected value, cases and persons, at_least or at_most)"
        return
    if bounds and (given.value is not None or given.cases is not None or len(bounds) > 1):
        yield (
            "at_least" if given.at_least is not None else "at_most",
            ("stands beside another figure (expected a bound alone)"),
        )
        return
    if given.cases is not None and given.persons is not None:
        if given.cases > given.persons:
            yield (
                "cases",
                (
                    f"found {number_text(given.cases)} (expected at most the persons, "
                    f"{number_text(given.persons)})"
                ),
            )
            return
        share = given.cases / given.persons
        if given.value is not None and not math.isclose(share, given.value, abs_tol=0.006):
            yield (
                "value",
                (
                    f"found {number_text(given.value)} (expected {share:.4g}: {given.cases:,} cases of "
                    f"{given.persons:,} persons)"
                ),
            )
    if target.kind == "beta_binomial" and given.cases is None:
        yield "likelihood", "found beta_binomial without counts (expected cases and persons)"
        return
    if (target.kind == "ordering") != bool(bounds):
        yield "likelihood", f"does not go with {'a bound' if bounds else 'a figure'}"
        return
    yield from _outside(target)


def _outside(target: Target) -> Iterator[tuple[str, str]]:
    """Figures that the scale, or the interval, does not have."""
    given = target.published
    lower, upper = given.interval or (None, None)
    scale = SCALE_OF_KIND[target.kind]
    proportion = scale == "logit" or target.is_proportion
    for key, number in (("value", target.value), ("interval", lower), ("interval", upper)):
        if number is None or (scale == "identity" and not proportion):
            continue
        if number < 0.0 or (number == 0.0 and scale == "log") or (proportion and number > 1.0):
            range_of = "a proportion from 0 to 1" if proportion else "a number above 0"
            meant = f"{number / 100:g}" if proportion and 1.0 < number <= 100.0 else None
            yield key, with_help(f"found {number_text(number)}", range_of, meant)
            return
    if lower is None or upper is None:
        return
    if not lower < upper:
        what = f"found [{number_text(lower)}, {number_text(upper)}]"
        yield "interval", f"{what} (expected the lower limit first)"
    elif not lower <= target.value <= upper:
        yield (
            "interval",
            (
                f"excludes the value: {number_text(target.value)} is not from {number_text(lower)} to "
                f"{number_text(upper)}"
            ),
        )


def in_words(
    error: ValidationError, entry: Entry, key: str, model: type[Section]
) -> list[ScenarioError]:
    """Mistakes that pydantic found, at their places."""
    schema = model.model_json_schema()
    found = []
    for detail in error.errors(include_url=False, include_context=False):
        path = detail["loc"]
        steps = [each for each in (key, *path) if isinstance(each, str) and each]
        at, there = entry, True
        for step in path:
            inside = at.value
            if isinstance(inside, dict) and step in inside:
                at = inside[str(step)]
            elif isinstance(inside, list) and isinstance(step, int) and step < len(inside):
                at = inside[step]
            else:
                there = False
        part = schema_at(schema, path)
        if detail["type"] == "missing":
            what = with_help("is missing", expectation(part))
        elif detail["type"] == "extra_forbidden":
            known = list(schema_at(schema, path[:-1]).get("properties", {}))
            meant = nearest(str(path[-1]), known)
            what = with_help(
                "unknown key", f"one of {', '.join(known)}" if not meant else None, meant
            )
        elif detail["type"] == "scenario":
            what = detail["msg"]
        else:
            value = at.plain() if there else None
            what = with_help(
                f"found {value_text(value)}", expectation(part), likely_meaning(value, part)
            )
        found.append(at.place.error(what, ".".join(steps)))
    return found


def schema_at(schema: dict[str, Any], path: tuple[str | int, ...]) -> dict[str, Any]:
    """The schema of the value at a path, with references followed and "or null" split off."""
    at = _resolved(schema, schema)
    for step in path:
        inner = at.get("items") if isinstance(step, int) else at.get("properties", {}).get(step)
        at = _resolved(inner or {}, schema)
    return at


def _resolved(part: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in part:
        return _resolved(schema["$defs"][part["$ref"].rpartition("/")[2]], schema)
    choices = [choice for choice in part.get("anyOf", ()) if choice.get("type") != "null"]
    if len(choices) == 1:
        shared = {name: value for name, value in part.items() if name != "anyOf"}
        return {**_resolved(choices[0], schema), **shared}
    return part
