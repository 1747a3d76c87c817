"""What the tables of a country imply, in the figures by which demographers know it."""

from __future__ import annotations

from rlsabm.arrays import Floats
from rlsabm.demography.country import Country
from rlsabm.demography.life_table import expected_years
from rlsabm.errors import UserError


def life_expectancy(country: Country) -> Floats:
    """Years that a newborn lives on average under the life table.

    Parameters
    ----------
    country
        Tables.

    Returns
    -------
    numpy.ndarray
        Life expectancy at birth in years, of women and of men.
    """
    return expected_years(country.mortality)


def total_fertility(country: Country, year: int) -> float:
    """Children that a woman bears who lives all her fertile years at the rates of one year.

    Parameters
    ----------
    country
        Tables.
    year
        A year of the fertility table.

    Raises
    ------
    UserError
        If the fertility of this year is not known.
    """
    first, last = int(country.fertility_years[0]), int(country.fertility_years[-1])
    if not first <= year <= last:
        raise UserError(
            f"the fertility of {country.name} is known from {first} to {last}, not for {year}"
        )
    return float(country.fertility[year - first].sum())
