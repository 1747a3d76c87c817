"""Everything that a person has, by name: fields of the records, and what follows from them.

A column is read for any rows of a population at once.  Fields with labels are read in words; the
numbers behind them are called codes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rlsabm.arrays import Ints, Records
from rlsabm.conventions import LONG_AGO, NEVER, month_of
from rlsabm.declaring.bounds import refusal
from rlsabm.declaring.fields import Field
from rlsabm.declaring.inputs import Inputs
from rlsabm.declaring.room import PersonColumn
from rlsabm.errors import UserError, nearest
from rlsabm.measuring.assays import MEASUREMENT, MEASURES, measure
from rlsabm.person import BODY_FIELDS, LIFE_FIELDS
from rlsabm.rooms import ROOMS
from rlsabm.wording import range_text

if TYPE_CHECKING:
    from rlsabm.population import Population

Array = NDArray[Any]

FIELDS: dict[str, Field] = {field.name: field for field in (*LIFE_FIELDS, *BODY_FIELDS)}
_OF_LIFE = {field.name for field in LIFE_FIELDS}
#: Names under which a person has relatives.  The records hold uids and a count under four of them,
#: which are columns by other names.
RELATIVES = ("mother", "father", "partner", "children", "siblings")
#: Fields that are bits, one treatment beside the other: a person has the months on each by its name.
BITS_OF_TREATMENTS = ("treatments", "augmented")
#: Months that can be written: of the years in which people of a model may live.
FIRST_MONTH, LAST_MONTH = month_of(1500), month_of(2500)


def records_with(population: Population, name: str) -> Records:
    """The records that hold a field: lives or bodies.

    Raises
    ------
    AttributeError
        If there is no such field.
    """
    if name not in FIELDS:
        raise AttributeError(unknown_name(name, FIELDS, "a record"), name=name)
    return population.lives if name in _OF_LIFE else population.bodies


class PeopleInRows(NamedTuple):
    """People in some rows of a population, as they are after the last month that they have lived.

    Fields, and what a survey would measure, are attributes, as rooms of the model want them.
    """

    population: Population
    rows: Ints | slice

    def codes(self, name: str) -> Array:
        """A field as it is stored."""
        return np.asarray(records_with(self.population, name)[name][self.rows])

    def values(self, name: str) -> Array:
        """A field in words if it has labels, else in numbers wide enough to reckon with.

        A month that never came, or never will, is missing.
        """
        codes = self.codes(name)
        field = FIELDS[name]
        if field.unit == "month":
            return np.where(never_comes(codes), np.nan, codes.astype(np.float64))
        if field.labels:
            return np.array(field.labels)[codes]
        if codes.dtype.kind == "f":
            return codes.astype(np.float64)
        return codes if codes.dtype == np.uint64 else codes.astype(np.int64)

    @property
    def p(self) -> Inputs:
        """Inputs of the run."""
        return self.population.inputs

    @property
    def month(self) -> Ints:
        """The last month that each has lived."""
        died = self.codes("death_month").astype(np.int64)
        return np.minimum(died, self.population.month - 1)

    @property
    def age(self) -> Ints:
        """Age in completed years, at death if dead."""
        return np.maximum(self.month - self.codes("birth_month"), 0) // 12

    def measured(self, name: str) -> Array:
        """What a survey would measure today."""
        population = self.population
        lives, bodies = population.lives[self.rows], population.bodies[self.rows]
        return np.asarray(measure(lives, bodies, population.month - 1, population.inputs)[name])

    def __getattr__(self, name: str) -> Array:
        if name in FIELDS:
            return self.codes(name)
        if name in (MEASUREMENT.names or ()):
            return self.measured(name)
        raise AttributeError(name)


def never_comes(month: Any) -> Any:
    """Whether a month, as records store it, stands for one that never came or never will."""
    return (month <= 0) | (month == NEVER)


_OF_PERSONS = (
    PersonColumn("unique_id", "", "Mesa's name of the uid", lambda people: people.codes("uid")),
    PersonColumn("mother_uid", "", "uid of the mother, 0 if unknown", lambda people: people.mother),
    PersonColumn("father_uid", "", "uid of the father, 0 if unknown", lambda people: people.father),
    PersonColumn(
        "partner_uid", "", "uid of the other parent of the last child", lambda people: people.partner
    ),
    PersonColumn(
        "live_births", "", "children that a woman bore so far",
        lambda people: people.values("children"),
    ),
    PersonColumn(
        "age_years", "years", "age in completed years, at death if dead", lambda people: people.age
    ),
    PersonColumn("is_alive", "", "is alive", lambda people: people.death_month == NEVER),
    PersonColumn("has_rls", "", "has RLS in the last month lived", lambda people: people.rls != 0),
    PersonColumn(
        "is_diagnosed", "", "has a diagnosis of RLS; nobody has where there are no rules of care",
        lambda people: people.diagnosed_month != NEVER,
    ),
    PersonColumn(
        "is_treated", "", "is on a treatment in the last month lived",
        lambda people: people.codes("treatments") != 0,
    ),
    PersonColumn(
        "has_augmentation", "", "is on a treatment under which augmentation has begun",
        lambda people: people.codes("augmented") != 0,
    ),
    PersonColumn(
        "ferritin_ug_per_l", "µg/L", "ferritin of the stores, without inflammation",
        lambda people: people.measured("stores_ferritin_ug_per_l"),
    ),
)  # fmt: skip


def field_column(field: Field) -> PersonColumn:
    """A field of the records as a column."""
    return PersonColumn(
        field.name, field.unit, field.meaning, lambda people: people.values(field.name)
    )


def _measure_column(name: str, unit: str, meaning: str) -> PersonColumn:
    return PersonColumn(name, unit, meaning, lambda people: people.measured(name))


#: Everything that can be selected, aggregated, grouped by and collected, by name.
COLUMNS: dict[str, PersonColumn] = {
    **{m.name: _measure_column(m.name, m.unit, m.meaning) for m in MEASURES},
    **{column.name: column for column in _OF_PERSONS},
    **{
        column.name: column
        for room in ROOMS
        for column in room.columns
        if column.name not in RELATIVES
    },
    **{
        name: field_column(field)
        for name, field in FIELDS.items()
        if name not in (*RELATIVES, *BITS_OF_TREATMENTS)
    },
}


def unknown_name(name: str, known: Iterable[str], what: str) -> str:
    """Message about a name that does not exist, with the nearest one that does."""
    near = nearest(name, known, likeness=0.5)
    return f"{what} has no {name!r}" + (f"; did you mean {near!r}?" if near else "")


def refuse_name(name: str) -> NoReturn:
    """Refuse a name that a person does not have.

    Raises
    ------
    AttributeError
        Always, with the nearest name.
    """
    raise AttributeError(unknown_name(name, [*COLUMNS, *RELATIVES], "a person"), name=name)


class FieldError(UserError, ValueError):
    """A value that a field of a person cannot have."""


def check_words(field: Field, words: Iterable[Any]) -> None:
    """Refuse words that are not labels of a field (``FieldError``)."""
    for word in words:
        if not isinstance(word, str) or field.labels.count(word) != 1 or not word:
            raise refused(field, word)


def refused(field: Field, value: object) -> FieldError:
    """What to say of a value that a field cannot have."""
    return FieldError(str(refusal(field.name, value, _expected(field))))


def encode(field: Field, value: ArrayLike) -> Array:
    """A value, or an array of them, as the record stores it: words to codes, limits checked.

    Raises
    ------
    FieldError
        If the field cannot hold it.
    """
    given = np.asarray(value)
    if np.ma.is_masked(value):
        raise refused(field, None)
    if field.labels and given.dtype.kind == "U":
        words = given.ravel().tolist()
        check_words(field, words)
        return np.array([field.labels.index(word) for word in words]).reshape(given.shape)
    dtype = np.dtype(field.dtype)
    kinds = ("iuf" if dtype.kind == "f" else "iu") + ("b" if _is_yes_or_no(field) else "")
    if given.dtype.kind not in kinds:
        raise refused(field, value)
    within = _can_be(field, given)
    if not within.all():
        raise refused(field, given[~within].flat[0] if given.ndim else given)
    return given


def _can_be(field: Field, given: Array) -> Array:
    """Which of these numbers a field can hold."""
    if field.labels:
        return np.isin(
            given, [code for code, label in enumerate(field.labels) if label or not code]
        )
    lower, upper = field.limits
    within = (given >= lower) & (given <= upper)
    if field.unit == "month":  # not what is an age or a year
        within = (given >= FIRST_MONTH) & (given <= LAST_MONTH)
        within |= np.isin(given, [0, int(LONG_AGO), int(NEVER)])
    return np.asarray(within)


def _is_yes_or_no(field: Field) -> bool:
    return not field.labels and np.dtype(field.dtype).kind == "u" and field.upper == 1


def _expected(field: Field) -> str:
    """What a field can hold, in words."""
    if field.labels:
        return f"one of {', '.join(dict.fromkeys(label for label in field.labels if label))}"
    if _is_yes_or_no(field):
        return "true or false"
    if field.unit == "month":
        return (
            "the number of a month, 12 x year + month of the year (January = 0), from "
            f"{FIRST_MONTH:,} to {LAST_MONTH:,}, or NEVER of rlsabm.conventions"
        )
    kind = "a number" if np.dtype(field.dtype).kind == "f" else "a whole number"
    unit = "" if field.unit == "ratio" else field.unit
    return kind + range_text(*field.limits, unit)
