"""Everything that a person has, by name: fields of the records, and what follows from them.

A column is read for any rows of a model at once.  Fields with labels are read in words; the numbers
behind them are called codes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rlsabm.errors import nearest
from rlsabm.measuring.assays import MEASURES, measure
from rlsabm.person import BODY_FIELDS, LIFE_FIELDS
from rlsabm.exposures.kidney import DIALYSIS
from rlsabm.conventions import NEVER
from rlsabm.exposures.pregnancy import NOT_PREGNANT
from rlsabm.declaring.fields import Field

if TYPE_CHECKING:
    from rlsabm.population import Population

Array = NDArray[Any]
Rows = NDArray[np.int64]

FIELDS: dict[str, Field] = {field.name: field for field in (*LIFE_FIELDS, *BODY_FIELDS)}
_OF_LIFE = {field.name for field in LIFE_FIELDS}
#: Names under which a person has relatives.  The records hold uids and a count under four of them,
#: which are columns by other names.
RELATIVES = ("mother", "father", "partner", "children", "siblings")


def records_of(population: Population, name: str) -> Any:
    """The records that hold a field: lives or bodies.

    Raises
    ------
    AttributeError
        If there is no such field.
    """
    if name not in FIELDS:
        raise AttributeError(unknown_name(name, FIELDS, "a record"), name=name)
    return population.lives if name in _OF_LIFE else population.bodies


class Records(NamedTuple):
    """Rows of a population's records, read column by column."""

    population: Population
    rows: Rows | slice

    def codes(self, name: str) -> Array:
        """A field as it is stored."""
        return np.asarray(records_of(self.population, name)[name][self.rows])

    def values(self, name: str) -> Array:
        """A field in words if it has labels, else in numbers wide enough to reckon with."""
        codes = self.codes(name)
        field = FIELDS[name]
        if field.labels:
            return np.array(field.labels)[codes]
        if codes.dtype.kind == "f":
            return codes.astype(np.float64)
        return codes if codes.dtype == np.uint64 else codes.astype(np.int64)

    def measured(self, name: str) -> Array:
        """What a survey would measure today."""
        population = self.population
        setting = population.setting
        lives, bodies = population.lives[self.rows], population.bodies[self.rows]
        results = np.zeros((len(lives), len(MEASURES)))
        measure(
            lives, bodies, results, population.month - 1, population.key, setting.tables,
            setting.values,
        )  # fmt: skip
        return results[:, MEASURES.index(name)]

    def months_since(self, name: str) -> Array:
        """Months from a month in the record to the last month lived, or to death."""
        until = np.minimum(self.codes("death_month").astype(np.int64), self.population.month - 1)
        return np.asarray(until - self.codes(name))


class Column(NamedTuple):
    """A quantity that every person has.

    Attributes
    ----------
    name, unit, meaning
        As in the tables.
    read
        Gives its values in some rows.
    """

    name: str
    unit: str
    meaning: str
    read: Callable[[Records], Array]


def _months_pregnant(records: Records) -> Array:
    months = records.months_since("conception_month") + 1
    return np.where(records.codes("pregnancy") != NOT_PREGNANT, months, 0)


_COMPUTED = (
    Column("unique_id", "", "Mesa's name of the uid", lambda r: r.codes("uid")),
    Column("mother_uid", "", "uid of the mother, 0 if unknown", lambda r: r.codes("mother")),
    Column("father_uid", "", "uid of the father, 0 if unknown", lambda r: r.codes("father")),
    Column("partner_uid", "", "uid of the last child's father", lambda r: r.codes("partner")),
    Column("live_births", "", "children that a woman bore so far", lambda r: r.values("children")),
    Column(
        "age_years", "years", "age in completed years, at death if dead",
        lambda r: np.maximum(r.months_since("birth_month"), 0) // 12,
    ),
    Column("is_alive", "", "is alive", lambda r: r.codes("death_month") == NEVER),
    Column("has_rls", "", "has RLS in the last month lived", lambda r: r.codes("rls") != 0),
    Column("is_pregnant", "", "is pregnant", lambda r: r.codes("pregnancy") != NOT_PREGNANT),
    Column("months_pregnant", "months", "month of pregnancy from 1, 0 if none", _months_pregnant),
    Column("on_dialysis", "", "is on dialysis", lambda r: r.codes("kidney") == DIALYSIS),
    Column(
        "is_blood_donor", "", "gave blood in the last 12 months",
        lambda r: r.months_since("last_donation_month") < 12,
    ),
    Column(
        "ferritin_ug_per_l", "µg/L", "ferritin of the stores, without inflammation",
        lambda r: r.measured("stores_ferritin_ug_per_l"),
    ),
)  # fmt: skip


def field_column(field: Field) -> Column:
    """A field of the records as a column."""
    return Column(field.name, field.unit, field.meaning, lambda r: r.values(field.name))


def _measure_column(name: str) -> Column:
    return Column(name, "", "as a survey measures it", lambda r: r.measured(name))


#: Everything that can be selected, aggregated, grouped by and collected, by name.
COLUMNS: dict[str, Column] = {
    **{name: _measure_column(name) for name in MEASURES},
    **{column.name: column for column in _COMPUTED},
    **{name: field_column(field) for name, field in FIELDS.items() if name not in RELATIVES},
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


def check_words(field: Field, words: Iterable[Any]) -> None:
    """Refuse words that are not labels of a field (``ValueError``)."""
    for word in words:
        if field.labels.count(word) != 1:
            known = ", ".join(dict.fromkeys(label for label in field.labels if label))
            raise ValueError(f"{field.name}: {word!r} is none of: {known}")


def encode(field: Field, value: ArrayLike) -> Array:
    """A value, or an array of them, as the record stores it: words to codes, ranges checked.

    Raises
    ------
    TypeError, ValueError
        If the field cannot hold it.
    """
    given = np.asarray(value)
    dtype = np.dtype(field.dtype)
    if given.dtype.kind == "U" and field.labels:
        words = given.ravel().tolist()
        check_words(field, set(words))
        return np.array([field.labels.index(word) for word in words]).reshape(given.shape)
    if given.dtype.kind not in ("biuf" if dtype.kind == "f" else "biu"):
        expected = "a number" if dtype.kind == "f" else "a whole number"
        raise TypeError(f"{field.name}: expected {expected}, not {value!r}")
    if dtype.kind != "f":
        most = len(field.labels) - 1 if field.labels else np.iinfo(dtype).max
        if (given < np.iinfo(dtype).min).any() or (given > most).any():
            raise ValueError(f"{field.name}: {value!r} is not in {np.iinfo(dtype).min} to {most}")
    return given
