"""Figures that the tables of countries imply, against those that statistical offices publish."""

from __future__ import annotations

import pytest

from rlsabm.conventions import FEMALE, MALE
from rlsabm.demography.countries import load_country
from rlsabm.demography.indicators import life_expectancy, total_fertility
from rlsabm.errors import UserError


@pytest.mark.parametrize(
    ("country", "women", "men"),
    [("united-states", 81.4, 76.3), ("germany", 83.43, 78.63), ("denmark", 83.19, 79.24)],
)
def test_life_expectancy(country: str, women: float, men: float) -> None:
    """National Center for Health Statistics 2019; World Population Prospects 2024, 2015-2020."""
    years = life_expectancy(load_country(country))
    assert years[FEMALE] == pytest.approx(women, abs=0.15)
    assert years[MALE] == pytest.approx(men, abs=0.15)


@pytest.mark.parametrize(
    ("country", "year", "children"),
    [
        ("united-states", 2019, 1.684),
        ("united-states", 1957, 3.6),
        ("germany", 2019, 1.541),
        ("denmark", 2019, 1.698),
    ],
)
def test_total_fertility(country: str, year: int, children: float) -> None:
    """World Population Prospects 2024; the peak of the baby boom in the United States."""
    assert total_fertility(load_country(country), year) == pytest.approx(children, rel=0.03)


@pytest.mark.parametrize("year", [1949, 2024])
def test_fertility_of_a_year_that_is_not_there(year: int) -> None:
    with pytest.raises(UserError, match=f"Denmark is known from 1950 to 2023, not for {year}"):
        total_fertility(load_country("denmark"), year)
