"""Inputs of the rules: parameter values, derived numbers, tables and the key of chance, in one record.

Compiled rules pass it as a single pointer, called ``p``.  (A tuple of arrays would have its reference
counts changed at every call, which made the rules four times slower.)  It is composed from what the
rooms of the model declare.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rlsabm.care.offers import OFFERS
from rlsabm.care.plan import NO_CARE_PLAN, CarePlan
from rlsabm.care.treatments import TREATMENTS
from rlsabm.declaring.inputs import Inputs
from rlsabm.declaring.room import Making
from rlsabm.declaring.tables import Table
from rlsabm.demography.births import BirthPlan
from rlsabm.demography.country import Country
from rlsabm.demography.life_table import yearly_death_rate
from rlsabm.exposures.catalogue.condition import Condition
from rlsabm.parameter_table import DERIVED, PARAMETERS, checked_values
from rlsabm.rooms import ROOMS

INPUT_TABLES: tuple[Table, ...] = tuple(table for room in ROOMS for table in room.tables)

_names = ["key", *PARAMETERS, *DERIVED, *(table.name for table in INPUT_TABLES)]
if repeated := {name for name in _names if _names.count(name) > 1}:
    raise ValueError(f"inputs of the rules are declared twice: {', '.join(sorted(repeated))}")

VALUES = np.dtype((np.record, [(name, "f8") for name in (*PARAMETERS, *DERIVED)]))
INPUTS = np.dtype(
    (
        np.record,
        [("key", "u8")]
        + [(name, "f8") for name in (*PARAMETERS, *DERIVED)]
        + [(table.name, table.dtype, table.shape) for table in INPUT_TABLES],
    )
)


def values_record(values: Mapping[str, float]) -> Any:
    """Values, completed by defaults and derived numbers, as a record.

    Raises
    ------
    UserError
        If a name is not known, or a value is no number within the bounds of its parameter.
    """
    complete = {name: float(parameter.default) for name, parameter in PARAMETERS.items()}
    complete |= checked_values(values)
    record = np.zeros(1, dtype=VALUES)
    for name, value in complete.items():
        record[name] = value
    for name, derive in DERIVED.items():
        record[name] = derive(complete)
    return record[0]


def make_inputs(
    country: Country,
    plan: BirthPlan,
    values: Any,
    conditions: Sequence[Condition] = (),
    care: CarePlan = NO_CARE_PLAN,
) -> Inputs:
    """Inputs of a run, without its key, from country, plan of births, values, conditions and care.

    Raises
    ------
    UserError
        If a condition contradicts itself.
    """
    record = np.zeros(1, dtype=INPUTS)
    for name in VALUES.names or ():
        record[name] = values[name]
    making = Making(
        country=country,
        plan=plan,
        p=record[0],
        conditions=tuple(conditions),
        mortality=yearly_death_rate(country.mortality),
        treatments=care.treatments,
        care_rules=care.rules,
    )
    for room in ROOMS:
        if room.fill is not None:
            _write(record, room.fill(making))
    return record[0]


def with_care(inputs: Inputs, conditions: Sequence[Condition], care: CarePlan) -> Inputs:
    """The same inputs with other treatments and rules of care."""
    record = np.zeros(1, dtype=INPUTS)
    record[0] = inputs
    making = Making(
        country=None, plan=None, p=record[0], conditions=tuple(conditions), mortality=np.zeros(0),
        treatments=care.treatments, care_rules=care.rules,
    )  # fmt: skip
    for room in (TREATMENTS, OFFERS):
        assert room.fill is not None
        _write(record, room.fill(making), clear=True)
    return record[0]


def _write(record: Any, tables: Mapping[str, Any], *, clear: bool = False) -> None:
    """Write tables; what is beyond the contents of one, such as loci that are not there, stays zero."""
    for name, contents in tables.items():
        of_table = np.asarray(contents)
        whole: Any = record[name]
        if clear:
            whole[...] = 0
        whole[(0, *(slice(length) for length in of_table.shape))] = of_table


def with_key(inputs: Inputs, key: int) -> Inputs:
    """The same inputs with the key of a replicate."""
    record = np.zeros(1, dtype=INPUTS)
    record[0] = inputs
    record["key"] = np.uint64(key)
    return record[0]
