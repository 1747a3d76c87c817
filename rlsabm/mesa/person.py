"""A person as a Mesa agent: a view on a row of the model's records.

A :class:`Person` is a flyweight: it knows its model and its uid, and its attributes read and write
the record.  It is made when somebody looks at it and holds nothing, so two of them with the same uid
are the same person.

Mesa's own ``Agent.__init__`` is not used: it numbers agents in a table of the class that keeps every
model alive.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from random import Random
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

import numpy as np
from mesa.agent import Agent
from numpy.typing import ArrayLike

from rlsabm.arrays import Bools, Ints, Uids
from rlsabm.conventions import NEVER
from rlsabm.declaring.bounds import whole_number
from rlsabm.declaring.fields import Field
from rlsabm.declaring.room import PersonColumn
from rlsabm.mesa.columns import (
    COLUMNS,
    FIELDS,
    FieldError,
    PeopleInRows,
    encode,
    field_column,
    never_comes,
    records_with,
    refuse_name,
)
from rlsabm.mesa.treating import Treating
from rlsabm.worlds.living_again import body_in_world

if TYPE_CHECKING:
    from rlsabm.population import Population

#: Largest uid that a record can hold.
LAST_UID = 2**64 - 1


class _Attribute:
    """A column as an attribute of a person, to be read."""

    def __init__(self, column: PersonColumn) -> None:
        self.column = column
        self.__doc__ = column.meaning + (f" ({column.unit})" if column.unit else "")

    def __get__(self, person: Person | None, owner: type[Person]) -> Any:
        if person is None:
            return self
        row = person.row
        return self.column.values(PeopleInRows(person.model.population, slice(row, row + 1)))[
            0
        ].item()


class _FieldAttribute(_Attribute):
    """A field of the records as an attribute of a person, to be read and written."""

    def __init__(self, field: Field) -> None:
        super().__init__(field_column(field))
        self.field = field

    def __get__(self, person: Person | None, owner: type[Person]) -> Any:
        if person is None:
            return self
        code = person.code(self.field.name)
        if self.field.unit == "month" and never_comes(code):
            return math.nan
        return self.field.labels[code] if self.field.labels else code

    def write(self, population: Population, rows: int | Ints, value: ArrayLike) -> None:
        """Write one value for everybody in these rows, or an array with one for each."""
        name = self.field.name
        codes = encode(self.field, value)
        if codes.ndim > 0 and codes.shape != np.shape(rows):
            people = np.size(rows)
            each = f", or a list of {people:,}, one a person" if np.ndim(rows) else ""
            raise FieldError(f"{name}: found a list of {codes.size:,} (expected one value{each})")
        records_with(population, name)[name][rows] = codes


def check_attribute(name: str) -> None:
    """Refuse a name that a person does not have (``AttributeError``)."""
    if not hasattr(Person, name):
        refuse_name(name)


def field_to_write(name: str) -> _FieldAttribute:
    attribute = getattr(Person, name, None)
    if not isinstance(attribute, _FieldAttribute) or not attribute.field.settable:
        check_attribute(name)
        raise AttributeError(f"{name!r} of a person cannot be set", name=name)
    return attribute


class PeopleModel(Protocol):
    """What people need of the model they live in: :class:`rlsabm.mesa.model.RLSModel` gives it."""

    population: Population
    random: Random
    treating: Treating

    def rows_of(self, uids: Uids) -> Ints:
        """Rows of the records that hold these people."""

    def find(self, uid: int) -> Person | None:
        """The person of this uid, or None if the model does not hold one."""

    def live(self, rows: Ints) -> None:
        """Let the people in these rows live this month."""

    def people_in_rows(self, rows: Ints) -> Iterable[Person]:
        """People in these rows of the records."""


class Person(Agent):  # type: ignore[misc]
    """A person: a view on a row of the model's records.

    Every column (``rlsabm.mesa.columns.COLUMNS``) is an attribute.  Fields of the records can be
    written; what has labels is read and written in words (``person.sex == "female"``), and
    :meth:`code` gives the number.  Months that never came are missing (NaN).  ``mother``, ``father``
    and ``partner`` are persons, or None if they are unknown or no longer held; ``children`` and
    ``siblings`` are lists of persons.

    Parameters
    ----------
    model
        The model in which the person lives.
    uid
        Identity of the person.

    Raises
    ------
    LookupError
        If the model holds nobody of this uid, or, later, no longer does.
    """

    __slots__ = ("_layout", "_row", "model", "uid")
    model: PeopleModel
    uid: int
    pos = None

    def __init__(self, model: PeopleModel, uid: int) -> None:
        uid = whole_number("uid", uid, 0, LAST_UID)
        row = int(model.rows_of(np.array([uid], dtype=np.uint64))[0])
        placed(self, model, uid, row, model.population.layout)

    @property
    def row(self) -> int:
        """Row of the records, found again when they have moved."""
        layout = self.model.population.layout
        if self._layout != layout:
            row = int(self.model.rows_of(np.array([self.uid], dtype=np.uint64))[0])
            placed(self, self.model, self.uid, row, layout)
        return int(self._row)

    def code(self, name: str) -> Any:
        """A field as the record stores it: the number behind a word, the uid of the mother."""
        return records_with(self.model.population, name)[name].item(self.row)

    def step(self) -> None:
        """Live the month, by the very rules that the compiled loop runs.

        Children born in it join when the model closes the month (:meth:`RLSModel.step` or
        :meth:`RLSModel.close_month`).  The dead do nothing.

        Raises
        ------
        RuntimeError
            If the person has lived this month already.
        """
        if self.code("death_month") == NEVER:
            self.model.live(np.array([self.row]))

    def in_world(self, name: str) -> Any:
        """The body that this person would have in another world.

        The life is lived again from birth: the same pregnancies, donations and diseases, but without
        the burden that the world leaves out.

        Parameters
        ----------
        name
            Name of a world: ``without dialysis``, ``without the iron burden of pregnancy``, ``iron
            stores always replete`` and the like.

        Returns
        -------
        numpy.record
            Fields of the body (``rlsabm.person.BODY_FIELDS``) as attributes.

        Raises
        ------
        UserError
            If there is no world of this name.
        RuntimeError
            If fields of the person were changed by hand.

        Examples
        --------
        >>> patient = next(iter(model.agents.select(on_dialysis=True)))  # doctest: +SKIP
        >>> patient.in_world("without dialysis").rls  # doctest: +SKIP
        0
        """
        population = self.model.population
        row = slice(self.row, self.row + 1)
        last = min(population.month - 1, self.code("death_month") - 1)
        return body_in_world(
            population.setting, population.key, population.lives[row], population.bodies[row],
            name, last,
        )  # fmt: skip

    @property
    def treatments(self) -> dict[str, int]:
        """Months on each treatment that the person is on, the last one included, by its name."""
        return self.model.treating.treatments_of(self.row)

    def months_on(self, treatment: str) -> int:
        """Months on a treatment, the last one included; 0 if the person is not on it.

        Raises
        ------
        UserError
            If no rule of care offers it.
        """
        return int(self.model.treating.months_on(np.array([self.row]), treatment)[0])

    def begin_treatment(self, treatment: str) -> None:
        """Give a treatment from the next month that the person lives on.

        Nothing happens to somebody who is on it, or who is pregnant then and may not take it.

        Raises
        ------
        UserError
            If no rule of care offers it.
        """
        self.model.treating.begin(np.array([self.uid], dtype=np.uint64), treatment)

    def stop_treatment(self, treatment: str) -> None:
        """End a treatment now, or before it has begun.

        Raises
        ------
        UserError
            If no rule of care offers it.
        """
        uids = np.array([self.uid], dtype=np.uint64)
        self.model.treating.stop(uids, np.array([self.row]), treatment)

    @property
    def mother(self) -> Person | None:
        """Mother, if she is known and still held."""
        return self.model.find(self.code("mother"))

    @property
    def father(self) -> Person | None:
        """Father, if he is known and still held."""
        return self.model.find(self.code("father"))

    @property
    def partner(self) -> Person | None:
        """The other parent of the last child, if known and still held."""
        return self.model.find(self.code("partner"))

    @property
    def children(self) -> list[Person]:
        """Children still held, in the order of the records."""
        lives = self.model.population.lives
        return self._persons((lives["mother"] == self.uid) | (lives["father"] == self.uid))

    @property
    def siblings(self) -> list[Person]:
        """Full and half siblings still held, in the order of the records."""
        lives = self.model.population.lives
        shared = np.zeros(len(lives), dtype=bool)
        for parent in ("mother", "father"):
            uid = self.code(parent)
            if uid != 0:
                shared |= lives[parent] == uid
        return self._persons(shared & (lives["uid"] != self.uid))

    def _persons(self, mask: Bools) -> list[Person]:
        return list(self.model.people_in_rows(np.flatnonzero(mask)))

    def remove(self) -> None:
        """Refused: people leave a model by dying."""
        raise TypeError("people leave the model by dying: they cannot be removed")

    @classmethod
    def create_agents(cls, model: Any, n: int, *args: Any, **kwargs: Any) -> NoReturn:
        """Refused: people are born or founded."""
        raise TypeError("people are born or founded by the model: they cannot be created")

    def __setattr__(self, name: str, value: Any) -> None:
        field_to_write(name).write(self.model.population, self.row, value)

    def __getattr__(self, name: str) -> Any:
        refuse_name(name)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Person):
            return NotImplemented
        return self.uid == other.uid and self.model is other.model

    def __hash__(self) -> int:
        return hash((id(self.model), self.uid))

    def __reduce__(self) -> tuple[Any, ...]:
        return Person, (self.model, self.uid)

    def __repr__(self) -> str:
        if self.model.find(self.uid) is None:
            return f"<Person {self.uid}: no longer held>"
        dead = "" if self.is_alive else ", dead"
        return f"<Person {self.uid}: {self.sex}, {self.age_years} years{dead}>"


for _name, _column in COLUMNS.items():
    if _name != "uid":
        _is_field = _name in FIELDS
        setattr(Person, _name, _FieldAttribute(FIELDS[_name]) if _is_field else _Attribute(_column))

_set_model, _set_uid, _set_row, _set_layout = (
    Person.__dict__[slot].__set__ for slot in ("model", "uid", "_row", "_layout")
)


def placed(person: Person, model: PeopleModel, uid: int, row: int, layout: int) -> Person:
    """Fill the slots of a flyweight, past its refusal of attributes."""
    _set_model(person, model)
    _set_uid(person, uid)
    _set_row(person, row)
    _set_layout(person, layout)
    return person
