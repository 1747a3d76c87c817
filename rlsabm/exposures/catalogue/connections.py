"""Which conditions know one another: whose onset one raises, in what order, and which go together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rlsabm.errors import UserError, nearest
from rlsabm.exposures.catalogue.condition import Condition, shipped_catalogue
from rlsabm.wording import number_text, range_text, value_text, with_help

#: What conditions of the catalogue may raise beside one another, and names by which it may be meant.
PROGRESSIVE_KIDNEY_DISEASE = "progressive_kidney_disease"
OF_KIDNEY_FAILURE = ("dialysis", "ckd_4_5", "kidney_transplant")
#: Largest hazard ratio of one condition, and of all together that raise another: the larger it is, the
#: more onsets are offered that are not taken.
LARGEST_RATIO, LARGEST_PRODUCT = 20.0, 50.0
#: Conditions that may raise one, conditions that raise one another in a row, and conditions that are
#: followed together: each further one doubles their states.
MOST_CAUSES, LONGEST_CHAIN, MOST_TOGETHER = 8, 4, 10


class Cause(NamedTuple):
    """A condition that raises another: its place in the catalogue, and the hazard ratio."""

    place: int
    ratio: float


class Connections(NamedTuple):
    """How the conditions of a catalogue hang together.

    Attributes
    ----------
    causes
        What raises each condition, the largest hazard ratio first.
    together
        Places of the conditions that must be followed together, each before those that it raises.
    """

    causes: tuple[tuple[Cause, ...], ...]
    together: tuple[tuple[int, ...], ...]


def connect(conditions: Sequence[Condition]) -> Connections:
    """How conditions hang together, by their hazard ratios for each other and for body mass.

    Raises
    ------
    UserError
        If one raises what is not known, itself, or what raises it, or too much.
    """
    places = {condition.name: place for place, condition in enumerate(conditions)}
    causes: list[list[Cause]] = [[] for _ in conditions]
    for place, condition in enumerate(conditions):
        for name, ratio in (condition.raises or {}).items():
            _check_ratio(condition, name, ratio, places)
            if name in places and ratio != 1.0:
                causes[places[name]].append(Cause(place, ratio))
    order = _in_order(conditions, causes)
    for place, of_one in enumerate(causes):
        _check_causes(conditions, conditions[place], of_one)
    return Connections(
        tuple(tuple(sorted(each, key=lambda cause: -cause.ratio)) for each in causes),
        _groups(conditions, causes, order),
    )


def product_of(causes: Sequence[Cause]) -> float:
    """Hazard ratio of those who have all the causes."""
    product = 1.0
    for cause in causes:
        product *= cause.ratio
    return product


def _check_ratio(condition: Condition, name: str, ratio: object, places: dict[str, int]) -> None:
    key = f"raises.{name}"
    if name == condition.name:
        raise condition.error(key, "a condition cannot raise its own onset")
    if name not in places and name != PROGRESSIVE_KIDNEY_DISEASE:
        known = [*places, PROGRESSIVE_KIDNEY_DISEASE]
        meant = PROGRESSIVE_KIDNEY_DISEASE if name in OF_KIDNEY_FAILURE else nearest(name, known)
        expected = f"a condition of the catalogue, or {PROGRESSIVE_KIDNEY_DISEASE}"
        raise condition.error(key, with_help("nothing of this name can be raised", expected, meant))
    is_number = isinstance(ratio, int | float) and not isinstance(ratio, bool)
    if not (is_number and 1.0 <= float(str(ratio)) <= LARGEST_RATIO):
        expected = f"a hazard ratio{range_text(1.0, LARGEST_RATIO)}"
        raise condition.error(key, with_help(f"found {value_text(ratio)}", expected))


def _check_causes(
    conditions: Sequence[Condition], condition: Condition, causes: Sequence[Cause]
) -> None:
    """Refuse more causes than rules look up, and hazards that are raised beyond measure."""
    if not causes:
        return
    links = [(conditions[cause.place], condition.name) for cause in causes]
    if len(causes) > MOST_CAUSES:
        what = f"{len(causes)} conditions raise {condition.name}"
        raise _error(links, with_help(what, f"{MOST_CAUSES} at most"))
    if (product := product_of(causes)) > LARGEST_PRODUCT:
        what = f"all that raises {condition.name} multiplies its hazard by {number_text(product)}"
        raise _error(links, with_help(what, f"at most {number_text(LARGEST_PRODUCT)}"))


def _error(links: Sequence[tuple[Condition, str]], what: str) -> UserError:
    """A mistake that several links make, at the first that the catalogue that ships does not have."""
    shipped = {condition.name: condition.raises for condition in shipped_catalogue()}
    condition, name = next(
        (link for link in links if link[1] not in (shipped.get(link[0].name) or {})), links[0]
    )
    return condition.error(f"raises.{name}", what)


def _in_order(conditions: Sequence[Condition], causes: Sequence[Sequence[Cause]]) -> list[int]:
    """Places of all conditions, each before those that it raises; circles and long rows are refused."""
    order: list[int] = []

    def visit(place: int, row: tuple[int, ...]) -> None:
        names = [conditions[each].name for each in (place, *row)]
        links = [
            (conditions[each], name) for each, name in zip((place, *row), names[1:], strict=False)
        ]
        if place in row:
            circle = names[: names.index(names[0], 1) + 1]
            what = f"conditions raise one another in a circle: {' raises '.join(circle)}"
            raise _error(links, what)
        if len(row) == LONGEST_CHAIN:
            what = f"one raises the next in a row of {len(names)}: {' raises '.join(names)}"
            expected = f"rows of {LONGEST_CHAIN} at most"
            raise _error(links, with_help(what, expected))
        for cause in causes[place]:
            visit(cause.place, (place, *row))
        if place not in order:
            order.append(place)

    for place in range(len(conditions)):
        visit(place, ())
    return order


def _groups(
    conditions: Sequence[Condition], causes: Sequence[Sequence[Cause]], order: Sequence[int]
) -> tuple[tuple[int, ...], ...]:
    """Conditions that raise one another, or depend on body mass, directly or by way of others."""
    group = list(range(len(conditions)))

    def join(one: int, other: int) -> None:
        old, new = group[one], group[other]
        group[:] = [new if each == old else each for each in group]

    by_body = [
        place
        for place, condition in enumerate(conditions)
        if condition.hazard_ratio_per_5_kg_per_m2 != 1.0
    ]
    for place, of_one in enumerate(causes):
        for cause in of_one:
            join(place, cause.place)
    for place in by_body:
        join(place, by_body[0])
    together = []
    for each in dict.fromkeys(group):
        places = tuple(place for place in order if group[place] == each)
        if len(places) == 1 and places[0] not in by_body:
            continue
        if len(places) > MOST_TOGETHER:
            names = ", ".join(conditions[place].name for place in places)
            what = f"{len(places)} conditions are connected: {names}"
            raise UserError(f"conditions: {with_help(what, f'{MOST_TOGETHER} at most')}")
        together.append(places)
    return tuple(together)
