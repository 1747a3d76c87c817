"""Groups of people in which RLS is counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from rlsabm.arrays import Bools

#: Surveyed on the day of a survey: fields of their lives, measures of their bodies and ``month`` as
#: attributes, one array item a person (`rlsabm.observe.survey.Survey`).
Surveyed: TypeAlias = Any

#: What makes the iron of a state: iron stores that are not full.
IRON_STORES = "iron stores"
#: A number of months that nobody lives.
EVER = 12 * 200


class Group(NamedTuple):
    """A group of people.

    Attributes
    ----------
    name
        Key in tables.
    label
        Its name in words, as people read it.
    kind
        ``everyone``, ``exposure`` (something that happens to a life), ``control`` (an exposure without
        any effect on iron) or ``state`` (read off a body).
    definition
        Who belongs to it on the day of the survey.
    source
        Of the definition, or of the figures.
    cause
        The condition whose burden is left out to find what it causes in the group.
    members
        Function of the people surveyed that gives who belongs to it.
    part_of
        Group of which this is a part: a survey compares it with people outside of that.
    """

    name: str
    label: str
    kind: str
    definition: str
    source: str
    cause: str
    members: Callable[[Surveyed], Bools]
    part_of: str = ""
