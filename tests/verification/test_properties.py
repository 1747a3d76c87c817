"""What holds of every population, for parameters anywhere within their bounds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from rlsabm.parameter_table import PARAMETERS
from verification.invariants import check_people, check_tables, lived, surveyed

#: Examples are the same on every machine, and take as long as they take; simpler ones are not sought.
few: Callable[..., Any] = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
many: Callable[..., Any] = settings(few, max_examples=400)


@st.composite
def values_within(draw: Any, *, most: int | None) -> dict[str, float]:
    """Values for some parameters, or for all: at a bound, or anywhere between."""
    names = list(PARAMETERS)
    if most is not None:
        names = draw(st.lists(st.sampled_from(names), unique=True, min_size=1, max_size=most))
    values = {}
    for name in names:
        lower, upper = PARAMETERS[name].lower, PARAMETERS[name].upper
        values[name] = draw(
            st.sampled_from([float(lower), float(upper)]) | st.floats(lower, upper, width=64)
        )
    return values


SOME, ALL = values_within(most=8), values_within(most=None)


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_bound_can_be_lived_with(name: str) -> None:
    for value in (PARAMETERS[name].lower, PARAMETERS[name].upper):
        check_people(lived({name: value}))


@few
@given(SOME)
def test_some_parameters(parameters: dict[str, float]) -> None:
    check_people(lived(parameters))


@few
@given(ALL)
def test_all_parameters(parameters: dict[str, float]) -> None:
    check_people(lived(parameters))


@settings(few, max_examples=5)
@given(SOME | ALL)
def test_tables(parameters: dict[str, float]) -> None:
    check_tables(surveyed(parameters))


@settings(few, max_examples=3)
@given(SOME)
def test_blocks(parameters: dict[str, float]) -> None:
    """A population of blocks is as large as one of one block, and has the same invariants."""
    study = surveyed(parameters, size=300, **{"population.block_size": 100})
    check_tables(study)
    [persons] = study.prevalence(ages="all")["persons"]
    assert 280 <= persons <= 300, "small blocks may lack somebody of an age"


@pytest.mark.long
@settings(many, max_examples=120)
@given(SOME | ALL)
def test_more_parameters(parameters: dict[str, float]) -> None:
    check_people(lived(parameters, size=400))


@pytest.mark.endurance
@many
@given(SOME | ALL)
def test_many_parameters(parameters: dict[str, float]) -> None:
    check_people(lived(parameters, size=400))


@pytest.mark.long
@settings(many, max_examples=30)
@given(SOME | ALL)
def test_tables_of_more_parameters(parameters: dict[str, float]) -> None:
    check_tables(surveyed(parameters))


@pytest.mark.endurance
@settings(many, max_examples=60)
@given(SOME | ALL)
def test_tables_of_many_parameters(parameters: dict[str, float]) -> None:
    check_tables(surveyed(parameters))


@pytest.mark.long
@pytest.mark.parametrize("name", PARAMETERS)
def test_tables_at_every_bound(name: str) -> None:
    for value in (PARAMETERS[name].lower, PARAMETERS[name].upper):
        check_tables(surveyed({name: value}))
