"""A room of the model: one module that declares all that it owns, beside the rule that uses it.

Records of people, the table of parameters, the tables that rules read, groups, the sections of a
scenario file and worlds are composed from these declarations (`rlsabm.rooms`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from rlsabm.arrays import Bools, Floats
from rlsabm.declaring.fields import Field
from rlsabm.declaring.groups import Group, Surveyed
from rlsabm.declaring.parameter import Parameter
from rlsabm.declaring.sections import Section
from rlsabm.declaring.tables import Table


@dataclass
class Making:
    """What tables are made from, room after room.

    Attributes
    ----------
    country, plan
        Demographic tables, and the plan of births.
    p
        What rules read, as attributes: parameter values, derived numbers, and the tables of the rooms
        before.
    conditions
        Conditions of the catalogue.
    mortality
        Death rate (per year) by sex and completed age of those whom no room before has taken out: the
        life table at first.  A room whose patients die by rates of their own leaves the rate of
        everybody else.
    treatments, care_rules
        Treatments that are given, and the rules by which they are offered.
    """

    country: Any
    plan: Any
    p: Any
    conditions: tuple[Any, ...]
    mortality: Floats
    treatments: tuple[Any, ...] = ()
    care_rules: tuple[Any, ...] = ()


@dataclass(frozen=True)
class PersonColumn:
    """A quantity of a person, as people ask for it.

    Attributes
    ----------
    name, unit, meaning
        As in the codebook.
    read
        Function of people that gives its values.
    missing
        Function of people that gives where there is none; nowhere by default.
    type
        ``whole``, ``number``, ``yes/no`` or ``category``.
    labels
        Words for the numbers of a category.
    in_line_list
        Whether the line list of persons has it.
    """

    name: str
    unit: str
    meaning: str
    read: Callable[[Surveyed], Any]
    missing: Callable[[Surveyed], Bools] | None = None
    type: Literal["whole", "number", "yes/no", "category"] = "whole"
    labels: tuple[str, ...] = ()
    in_line_list: bool = True

    def values(self, people: Surveyed) -> Any:
        """Its values, not a number where there is none."""
        values = np.asarray(self.read(people))
        if self.missing is None:
            return values
        return np.where(self.missing(people), np.nan, values)


@dataclass(frozen=True, kw_only=True)
class Room:
    """What a module of the model owns.

    Attributes
    ----------
    title
        Heading in the table of parameters.
    life_fields, body_fields
        Its fields of a person: of the life, and of the body.
    parameters
        Its numbers, with prior and source.
    derived
        Numbers that follow from parameters and that rules would otherwise reckon every month.
        Divisions are slow, so what rules would divide by is kept as its reciprocal.
    tables
        Its tables that rules read.
    fill
        Makes the contents of these tables.
    groups
        Groups of people that it defines.
    columns
        Quantities of a person that follow from its fields.
    """

    title: str
    life_fields: tuple[Field, ...] = ()
    body_fields: tuple[Field, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    derived: Mapping[str, Callable[[Mapping[str, float]], float]] = field(default_factory=dict)
    tables: tuple[Table, ...] = ()
    fill: Callable[[Making], Mapping[str, Any]] | None = None
    groups: tuple[Group, ...] = ()
    columns: tuple[PersonColumn, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of the burden: what one condition does to the body, so that a world can leave it out.

    Attributes
    ----------
    name
        Name of the condition; of a part that no world leaves out, what it is.
    left_out_alone
        Whether there is a world without it.
    other_load
        Largest load that is not iron, given the parameter values: where there is one, a second
        world leaves out the iron only.
    as_measured
        What of the life itself a survey would measure otherwise in the world without the part.
    """

    name: str
    left_out_alone: bool = True
    other_load: Callable[[Any], float] = lambda p: 0.0
    as_measured: Callable[[Any], Any] = lambda lives: lives


@dataclass(frozen=True, kw_only=True)
class Exposure(Room):
    """A room of something that happens to a life and burdens the body.

    Attributes
    ----------
    parts
        The part, or parts, of the burden that its rule fills, in the order of the rule's arguments.
    settings
        What a scenario file may say under ``conditions``, by key.
    values_of
        Parameter values that such a section sets.
    """

    parts: tuple[Part, ...] = ()
    settings: Mapping[str, type[Section]] = field(default_factory=dict)
    values_of: Callable[[Any], Mapping[str, float]] = lambda section: {}
