"""A country: its tables, and what must hold for them wherever they come from."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from rlsabm.arrays import Floats, Ints
from rlsabm.conventions import SEXES
from rlsabm.data.files import shown
from rlsabm.demography.body_size import HEIGHT, WEIGHT
from rlsabm.demography.life_table import expected_years
from rlsabm.errors import UserError

BAND_YEARS = 5
LAST_BAND_AGE = 90
BANDS = LAST_BAND_AGE // BAND_YEARS + 1
FERTILE_AGES = range(10, 50)
#: Nobody is a mother before this age. Births of younger girls are known, but so rare that tables by
#: five years of age do not show them: assumed.
YOUNGEST_MOTHER = 12
PARITY_CLASSES = 5
#: Years that a table can be of.
YEARS = range(1800, 2201)
MORTALITY_AGES = range(101)

#: Files of a country by the table that they hold.
FILES = {
    "mortality": "mortality.csv",
    "population": "population.csv",
    "fertility": "fertility.csv",
    "family_size": "parity.csv",
}
SETTINGS = "country.yaml"

# What is plausible. The limits are wider than anything on record for a whole country in a year; what
# is outside is a mistake, mostly of units.
LIFE_EXPECTANCY_YEARS = (20.0, 95.0)
TOTAL_FERTILITY = (0.3, 10.0)
MOST_BIRTHS_PER_WOMAN_YEAR = 0.6
MOST_PERSONS = 1e9
#: Persons in a band of five years, to those in the next, and men to women.
MOST_TIMES_AS_MANY = 100.0
MOST_TIMES_AS_MANY_OF_A_SEX = 10.0


def deadliest(age: int) -> float:
    """Largest plausible probability of dying within a year of age; only the last may be certain."""
    if age < LAST_BAND_AGE:
        return 0.5
    return 1.0 if age == MORTALITY_AGES[-1] else 0.95


@dataclass(frozen=True, eq=False)
class Country:
    """Demographic tables of a country; two are equal if they hold the same numbers.

    Attributes
    ----------
    name, key
        Display name, and name in scenario files.
    mortality
        Probability of dying within the year of age, by sex and age: shape (2, 101).
    population
        By year: persons by sex and five-year band, the last open at 90: shape (2, 19).
    fertility_years, fertility
        Years, and births per woman and year by year and single age from 10: shape (years, 40).
    family_size
        Share of women of 40-44 with 0, 1, 2, 3, 4 or more children.
    adult_height_m, adult_weight_kg
        Means by sex.
    donation_jurisdiction
        Key of the rules of blood services.
    fingerprint
        Hash of the files that the tables come from.
    parameters
        Parameter values that differ from the defaults in this country, as its file gives them.
    file
        The file with its settings, for messages; empty if the country comes from no file.
    lines
        Lines of that file by key, for messages.

    Raises
    ------
    UserError
        If a table has another shape, or holds what cannot be true of a country.
    """

    key: str
    name: str
    mortality: Floats
    population: dict[int, Floats]
    fertility_years: Ints
    fertility: Floats
    family_size: Floats
    adult_height_m: Floats
    adult_weight_kg: Floats
    donation_jurisdiction: str
    fingerprint: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    file: str = ""
    lines: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_mortality(self.place("mortality"), self.mortality)
        _check_population(self.place("population"), self.population)
        _check_fertility(self.place("fertility"), self.fertility_years, self.fertility)
        _check_family_size(self.place("family_size"), self.family_size)
        for size, values in (
            (HEIGHT, _array(self.place("adult_height_m"), self.adult_height_m, (2,)) * 100.0),
            (WEIGHT, _array(self.place("adult_weight_kg"), self.adult_weight_kg, (2,))),
        ):
            for sex, value in zip(SEXES, values, strict=True):
                if mistake := size.mistake(float(value)):
                    raise UserError(f"{self.place(size.key)}.{sex}: {mistake}")

    def place(self, what: str) -> str:
        """Where a table or a setting stands, for messages: its file, line and key."""
        if not self.file:
            return f"country {self.key}: {what}"
        if what in FILES:
            return shown(Path(self.file).with_name(FILES[what]))
        line = f":{self.lines[what]}" if what in self.lines else ""
        return f"{shown(Path(self.file))}{line}: {what}"

    @property
    def adult_body_mass_index(self) -> Floats:
        """Body-mass index of adults of mean height and weight (kg/m2), by sex."""
        return self.adult_weight_kg / self.adult_height_m**2

    @cached_property
    def _digest(self) -> bytes:
        digest = sha256()
        for name, value in vars(self).items():
            values = value.items() if isinstance(value, dict) else [(name, value)]
            for key, each in values:
                digest.update(f"{name} {key} ".encode())
                digest.update(
                    each.tobytes() if isinstance(each, np.ndarray) else str(each).encode()
                )
        return digest.digest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Country) and self._digest == other._digest

    def __hash__(self) -> int:
        return hash(self._digest)


def _array(place: str, values: object, shape: tuple[int, ...]) -> Floats:
    """An array of this shape, of finite numbers."""
    if (
        not isinstance(values, np.ndarray)
        or values.dtype.kind not in "iuf"
        or values.shape != shape
    ):
        found = f"shape {values.shape}" if isinstance(values, np.ndarray) else type(values).__name__
        raise UserError(f"{place}: found {found} (expected an array of numbers of shape {shape})")
    if not np.isfinite(values).all():
        raise UserError(f"{place}: found a value that is no finite number")
    return values


def _check_mortality(place: str, mortality: Floats) -> None:
    _array(place, mortality, (len(SEXES), len(MORTALITY_AGES)))
    most = np.array([deadliest(age) for age in MORTALITY_AGES])
    for sex, age in np.argwhere((mortality < 0) | (mortality > most)):
        raise UserError(
            f"{place}: sex {SEXES[sex]}, age {age}: found a probability of "
            f"{mortality[sex, age]:g} (expected from 0 to {most[age]:g})"
        )
    least_years, most_years = LIFE_EXPECTANCY_YEARS
    for sex, years in zip(SEXES, expected_years(mortality), strict=True):
        if not least_years <= years <= most_years:
            raise UserError(
                f"{place}: sex {sex}: found a life expectancy of {years:.1f} years at birth "
                f"(expected from {least_years:g} to {most_years:g} years)"
            )


def _check_population(place: str, population: dict[int, Floats]) -> None:
    if not isinstance(population, dict) or not population:
        raise UserError(f"{place}: found no year (expected persons by sex and band of each year)")
    for year, persons in population.items():
        of_year = f"{place}: year {year}"
        _array(of_year, persons, (len(SEXES), BANDS))
        if (persons <= 0).any():
            raise UserError(f"{of_year}: found a band without persons (expected some in each)")
        times = persons[:, 1:] / persons[:, :-1]
        for sex, band in np.argwhere(np.maximum(times, 1.0 / times) > MOST_TIMES_AS_MANY):
            young, old = persons[sex, band : band + 2]
            raise UserError(
                f"{of_year}, sex {SEXES[sex]}: found {young:,.10g} persons from age "
                f"{BAND_YEARS * band} and {old:,.10g} from age {BAND_YEARS * (band + 1)} (expected "
                f"bands at most {MOST_TIMES_AS_MANY:g} times as large as the next, all in one unit)"
            )
        women, men = persons.sum(axis=1)
        if max(women / men, men / women) > MOST_TIMES_AS_MANY_OF_A_SEX:
            raise UserError(
                f"{of_year}: found {women:,.10g} women and {men:,.10g} men (expected both in one "
                f"unit, at most {MOST_TIMES_AS_MANY_OF_A_SEX:g} times as many of one sex)"
            )


def _check_fertility(place: str, years: Ints, fertility: Floats) -> None:
    _array(f"{place}: years", years, (np.size(years),))
    if len(years) == 0 or (np.diff(years) != 1).any():
        raise UserError(f"{place}: found years with gaps (expected every year, ascending)")
    _array(place, fertility, (len(years), len(FERTILE_AGES)))
    if not ((fertility >= 0) & (fertility <= MOST_BIRTHS_PER_WOMAN_YEAR)).all():
        row, age = np.argwhere(~((fertility >= 0) & (fertility <= MOST_BIRTHS_PER_WOMAN_YEAR)))[0]
        raise UserError(
            f"{place}: year {years[row]}, age {FERTILE_AGES[age]}: found {fertility[row, age]:g} "
            f"births per woman (expected from 0 to {MOST_BIRTHS_PER_WOMAN_YEAR:g})"
        )
    if fertility[:, : YOUNGEST_MOTHER - FERTILE_AGES.start].any():
        raise UserError(f"{place}: found births before {YOUNGEST_MOTHER} years of age")
    least, most = TOTAL_FERTILITY
    for year, total in zip(years, fertility.sum(axis=1), strict=True):
        if not least <= total <= most:
            units = {1000: "births per woman, not per 1,000", 10: "births per 100 women"}
            looks = [unit for times, unit in units.items() if least <= total * times <= most]
            hint = f"; these look like {looks[0]}" if looks else ""
            raise UserError(
                f"{place}: year {year}: found a total fertility of {total:.3g} children per woman "
                f"(expected from {least:g} to {most:g}{hint})"
            )


def _check_family_size(place: str, shares: Floats) -> None:
    _array(place, shares, (PARITY_CLASSES,))
    if (shares <= 0).any() or not np.isclose(shares.sum(), 1.0):
        raise UserError(
            f"{place}: found shares of {', '.join(f'{share:g}' for share in shares)} (expected "
            "shares above 0 that sum to 1)"
        )
