"""What rooms declare: names, frozen numbers, newborns; and the burden that follows from its fields."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from itertools import chain
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlsabm import chance
from rlsabm.burden import (
    BURDEN,
    BURDEN_FIELDS,
    add_part,
    add_part_without_iron,
    is_neutral,
    lay_neutral,
    neutral_burdens,
)
from rlsabm.compilation import compiled
from rlsabm.conventions import LONG_AGO, NEVER
from rlsabm.declaring.fields import Field
from rlsabm.events import EVENTS
from rlsabm.exposures import month as of_month
from rlsabm.exposures.catalogue.condition import shipped_catalogue
from rlsabm.exposures.month import EXPOSURES, IN_TABLES, PART_COUNT, PARTS
from rlsabm.inputs import INPUT_TABLES, INPUTS
from rlsabm.mesa.columns import COLUMNS, RELATIVES
from rlsabm.observe.groups import groups_of
from rlsabm.observe.survey import SURVEY
from rlsabm.parameter_table import DERIVED, HEADINGS, PARAMETERS
from rlsabm.person import BODY, BODY_FIELDS, LIFE, LIFE_FIELDS, newborn_records
from rlsabm.population import Population
from rlsabm.rooms import EVENT_NAMES, ROOMS
from rlsabm.setting import make_setting

#: Numbers and kinds of streams: frozen, because results of published studies depend on them.
STREAMS = {
    "uid": (1, "nth"),
    "month": (2, "at"),
    "donation month": (3, "at"),
    "body build": (4, "once"),
    "iron habits": (5, "once"),
    "reproduction": (6, "once"),
    "pregnancy": (7, "nth"),
    "child": (8, "nth"),
    "father": (9, "nth"),
    "locus of a founder": (10, "nth"),
    "locus in gametes": (11, "nth"),
    "polygenes": (12, "once"),
    "environment": (13, "once"),
    "donor": (14, "once"),
    "donation": (15, "nth"),
    "kidney": (16, "nth"),
    "inflammation": (17, "at"),
    "survey": (18, "once"),
    "kidney month": (19, "at"),
    "condition": (20, "episode"),
    "instrument": (21, "episode"),
    "assay": (22, "at"),
    "scan": (23, "at"),
    "strata of founders": (24, "nth"),
    "new environment": (25, "at"),
    "treatment": (26, "episode"),
    "care": (27, "at"),
    "offer of treatment": (28, "episode"),
    "uptake": (29, "episode"),
    "lot of a policy": (30, "once"),
}
#: Numbers of events, frozen as well: line lists hold them.
EVENT_NUMBERS = {
    "death": 0,
    "conception": 1,
    "delivery": 2,
    "donation": 3,
    "RLS onset": 4,
    "RLS remission": 5,
    "CKD 3": 6,
    "CKD 4-5": 7,
    "dialysis": 8,
    "transplantation": 9,
}

# Names and numbers


def each_once(names: Iterable[str]) -> None:
    found = list(names)
    assert found
    assert sorted(set(found)) == sorted(found)


def test_numbers_of_streams_are_frozen() -> None:
    registered = {name: (each.number, each.kind) for name, each in chance.STREAMS.items()}
    assert registered == STREAMS
    assert STREAMS["survey"][0] == SURVEY


def test_numbers_of_events_are_frozen() -> None:
    assert {name: number for number, name in EVENTS.items()} == EVENT_NUMBERS
    assert list(EVENT_NAMES) == list(EVENT_NUMBERS)


def test_names_are_there_once() -> None:
    each_once(field.name for field in (*LIFE_FIELDS, *BODY_FIELDS))
    each_once(field.name for field in BURDEN_FIELDS)
    each_once(parameter.name for room in ROOMS for parameter in room.parameters)
    each_once(table.name for table in INPUT_TABLES)
    each_once(chance.STREAMS)
    each_once(EVENTS.values())
    each_once(part.name for part in PARTS)
    each_once(group.name for group in groups_of(shipped_catalogue()))
    each_once(column.name for room in ROOMS for column in room.columns)
    each_once(room.title for room in ROOMS)


def test_all_inputs_are_attributes_of_one_record() -> None:
    """Parameters, derived numbers and tables share it, so that their names must differ."""
    derived = [name for room in ROOMS for name in room.derived]
    parameters = [parameter.name for room in ROOMS for parameter in room.parameters]
    names = ["key", *parameters, *derived, *(table.name for table in INPUT_TABLES)]
    each_once(names)
    assert set(INPUTS.names or ()) == set(names)
    assert list(PARAMETERS) == parameters
    assert sorted(DERIVED) == sorted(derived)
    assert set(HEADINGS) == set(PARAMETERS)
    assert set(HEADINGS.values()) <= {room.title for room in ROOMS}


def test_attributes_of_records_hide_nothing_of_numpy() -> None:
    """A field called as a method of records would not be found as an attribute."""
    for dtype in (LIFE, BODY, BURDEN, INPUTS):
        assert not set(dtype.names or ()) & set(dir(np.record))


def test_columns_of_rooms_are_those_of_persons() -> None:
    """One that is called like a field says what that holds; a person's relatives stay people."""
    fields = {field.name: field for field in (*LIFE_FIELDS, *BODY_FIELDS)}
    columns = [column for room in ROOMS for column in room.columns]
    names = {column.name for column in columns}
    assert len(names) == len(columns)
    assert names - set(RELATIVES) <= set(COLUMNS)
    assert not set(RELATIVES) & set(COLUMNS)
    for column in columns:
        if column.name in fields:
            field = fields[column.name]
            held = np.arange(3).astype(field.dtype)
            np.testing.assert_array_equal(
                column.values(SimpleNamespace(**{column.name: held})), held
            )
            assert column.labels == field.labels


@pytest.mark.parametrize("field", [*LIFE_FIELDS, *BODY_FIELDS], ids=lambda field: field.name)
def test_a_newborn_may_have_what_it_has(field: Field) -> None:
    # What a rule settles at birth is zero until then.
    assert field.initial == 0 or field.lower <= field.initial <= field.upper
    assert not field.labels or field.labels[int(field.initial)] or field.initial == 0
    assert field.meaning


# Exposures


def test_parts_lie_where_the_constants_say() -> None:
    """Behind the whole, exposure by exposure, part by part."""
    places = {
        name.removeprefix("OF_").lower(): value
        for name, value in vars(of_month).items()
        if name.startswith("OF_")
    }
    words = {"donation": "blood_donation", "kidney_disease": "ckd_4_5"}
    words["heavy_menses"] = "heavy_menstrual_bleeding"
    by_place = {words.get(name, name): place for name, place in places.items()}
    assert of_month.WHOLE == 0
    assert by_place == {part.name: place for place, part in enumerate(PARTS, start=1)}
    assert len(PARTS) == PART_COUNT


def test_parts_are_those_of_the_exposures() -> None:
    assert tuple(part for exposure in EXPOSURES for part in exposure.parts) == PARTS
    assert all(exposure.parts for exposure in EXPOSURES)
    assert all(exposure in ROOMS for exposure in EXPOSURES)
    assert sorted(room.title for room in IN_TABLES) == sorted(room.title for room in EXPOSURES)


# Newborns


@pytest.mark.parametrize(("dtype", "fields"), [(LIFE, LIFE_FIELDS), (BODY, BODY_FIELDS)])
def test_newborn_records_have_the_initial_values(dtype: Any, fields: tuple[Field, ...]) -> None:
    records = newborn_records(dtype, 3)
    assert {field.name for field in fields} == set(dtype.names)
    for field in fields:
        assert (records[field.name] == field.initial).all(), field.name
        assert dtype[field.name] == np.dtype(field.dtype)


#: What a newborn is given at birth or before the end of its first month: all others stay initial.
GIVEN = {
    "uid", "mother", "father", "sex", "birth_month", "birth_order", "twin", "maternal_alleles",
    "paternal_alleles", "cns_iron_polygenes", "other_polygenes", "cns_iron_trait",
    "other_liability", "environmental_liability", "environment_until", "height_factor",
    "weight_factor", "haemoglobin_factor", "basal_loss_factor", "intake_factor", "bleeding_factor",
    "weight_kg", "blood_volume_l", "red_cell_target_mg", "storage_scale_mg", "basal_loss_mg_per_day",
    "iron_intake_mg_per_day", "menarche_month",
    "menopause_month", "menstrual_loss_ml",
    "endowment_mg", "storage_iron_mg", "red_cell_iron_mg", "tissue_iron_mg", "iron_gained_mg",
    "iron_spent_mg", "absorbed_mg_per_day", "lost_mg_per_day", "cns_iron_exchangeable",
    "cns_iron_structural", "dopamine_deficit", "liability", "conditions_until", "conditions_to_come",
    "conditions", "raised_until",
}  # fmt: skip


def test_fields_of_newborns_have_their_initial_value() -> None:
    """In a grown population: those born this month, and alive at its end."""
    setting = make_setting(size=6000)
    people = Population(setting, key=11)
    people.advance(setting.plan.survey_month)
    born = people.alive & (people.lives["birth_month"] == people.month - 1)
    assert born.sum() > 2
    for records, fields in ((people.lives, LIFE_FIELDS), (people.bodies, BODY_FIELDS)):
        for field in fields:
            if field.name not in GIVEN:
                assert (records[field.name][born] == field.initial).all(), field.name
    assert set(GIVEN) <= {field.name for field in (*LIFE_FIELDS, *BODY_FIELDS)}


def test_months_that_never_came_say_so() -> None:
    """A month of an event that has not happened is never or long ago, not the year 0."""
    initial = {field.name: field.initial for field in (*LIFE_FIELDS, *BODY_FIELDS)}
    for name in ("death_month", "rls_first_month", "kidney_until"):
        assert initial[name] == NEVER
    for name in ("last_donation_month", "last_birth_month", "rls_last_month", "dialysis_since"):
        assert initial[name] == LONG_AGO


# The burden, against plain Python


Burden = dict[str, float]
NEUTRAL: Burden = {
    field.name: 1.0 if field.combined == "factor" else 0.0 for field in BURDEN_FIELDS
}
KINDS = [("amount", "iron"), ("factor", "iron"), ("amount", "body"), ("factor", "body"),
         ("amount", "life"), ("factor", "life")]  # fmt: skip
ARRAYS = [f"{does}_{combined}s" for combined, does in KINDS]


@compiled
def _lay_neutral(burdens: Any) -> None:
    lay_neutral(burdens[0])


@compiled
def _add_part(burdens: Any) -> None:
    add_part(burdens[0], burdens[1])


@compiled
def _add_part_without_iron(burdens: Any) -> None:
    add_part_without_iron(burdens[0], burdens[1])


@compiled
def _is_neutral(burdens: Any) -> bool:
    return is_neutral(burdens[0])


def records_of(*burdens: Burden) -> Any:
    records = neutral_burdens(len(burdens))
    for record, burden in zip(records, burdens, strict=True):
        for name, value in burden.items():
            record[name] = value
    return records


def read(record: Any) -> Burden:
    return {field.name: float(record[field.name]) for field in BURDEN_FIELDS}


def added(total: Burden, part: Burden, what: Iterable[str]) -> Burden:
    """The sum by the declaration: amounts add up, factors multiply; the life is no part's."""
    sum_of = dict(total)
    for field in BURDEN_FIELDS:
        if field.does in what:
            one, other = total[field.name], part[field.name]
            sum_of[field.name] = one + other if field.combined == "amount" else one * other
    return sum_of


def same_bits(one: Burden, other: Burden) -> bool:
    return {name: value.hex() for name, value in one.items()} == {
        name: value.hex() for name, value in other.items()
    }


VALUES = st.sampled_from([0.0, 1.0, 0.1, 3.0, 1e-300]) | st.floats(0.0, 1e6)
BURDENS = st.fixed_dictionaries({field.name: VALUES for field in BURDEN_FIELDS})
#: Burdens of which most fields do nothing.
SPARSE = st.dictionaries(st.sampled_from(list(NEUTRAL)), VALUES, max_size=2).map(
    lambda some: NEUTRAL | some
)
endless: Callable[..., Any] = settings(deadline=None, max_examples=200)


def test_every_field_has_one_kind_and_one_place() -> None:
    """Its kind's array holds it, and no other's does; nothing else lies in the arrays."""
    held = dict.fromkeys(NEUTRAL, 0)
    for array, (combined, does) in zip(ARRAYS, KINDS, strict=True):
        records = neutral_burdens(1)
        records[array] = 7.0
        changed = [name for name in NEUTRAL if records[name][0] != NEUTRAL[name]]
        of_kind = [f.name for f in BURDEN_FIELDS if (f.combined, f.does) == (combined, does)]
        assert changed == of_kind
        assert records[array].shape[1] == max(len(of_kind), 1)
        for name in of_kind:
            held[name] += 1
    assert set(held.values()) == {1}
    assert all(field.unit and field.meaning for field in BURDEN_FIELDS)


def test_fields_have_places_of_their_own() -> None:
    for number, name in enumerate(NEUTRAL):
        records = neutral_burdens(1)
        records[name] = 2.0 + number
        assert read(records[0]) == NEUTRAL | {name: 2.0 + number}


@endless
@given(burden=BURDENS)
def test_lay_neutral(burden: Burden) -> None:
    records = records_of(burden, burden)
    _lay_neutral(records)
    assert same_bits(read(records[0]), NEUTRAL)
    assert records[0].tobytes() == neutral_burdens(1).tobytes()
    assert same_bits(read(records[1]), burden)


@endless
@given(total=BURDENS, part=BURDENS | SPARSE)
def test_adding_a_part(total: Burden, part: Burden) -> None:
    for add, what in ((_add_part, ("iron", "body")), (_add_part_without_iron, ("body",))):
        records = records_of(total, part)
        add(records)
        assert same_bits(read(records[0]), added(total, part, what))
        assert same_bits(read(records[1]), part)


@endless
@given(total=BURDENS)
def test_a_part_that_does_nothing_changes_no_bit(total: Burden) -> None:
    for add in (_add_part, _add_part_without_iron):
        records = records_of(total, NEUTRAL)
        before = records.tobytes()
        add(records)
        assert records.tobytes() == before


@endless
@given(part=SPARSE | BURDENS, life=VALUES)
def test_is_neutral(part: Burden, life: float) -> None:
    """By what is done to the body; what is done to the life is no part's."""
    names = [field.name for field in BURDEN_FIELDS if field.does != "life"]
    expected = all(part[name] == NEUTRAL[name] for name in names)
    assert _is_neutral(records_of(part)) == expected
    of_life = {field.name: life for field in BURDEN_FIELDS if field.does == "life"}
    assert _is_neutral(records_of(NEUTRAL | of_life))


@pytest.mark.parametrize("name", NEUTRAL)
def test_each_field_alone_is_noticed_and_added(name: str) -> None:
    field = next(field for field in BURDEN_FIELDS if field.name == name)
    part = NEUTRAL | {name: 0.5}
    assert _is_neutral(records_of(part)) == (field.does == "life")
    records = records_of(NEUTRAL, part)
    _add_part(records)
    assert read(records[0]) == (NEUTRAL if field.does == "life" else part)
    records = records_of(NEUTRAL, part)
    _add_part_without_iron(records)
    assert read(records[0]) == (part if field.does == "body" else NEUTRAL)
    assert not math.isnan(sum(chain(read(records[0]).values())))
