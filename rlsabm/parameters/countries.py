"""Countries: mortality, population, fertility, family size and body size, from a folder of tables."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from rlsabm.errors import UserError
from rlsabm.parameters.files import FOLDER, read_columns
from rlsabm.parameters.values import PARAMETERS
from rlsabm.person import SEXES

COUNTRIES = FOLDER / "countries"
Floats = NDArray[np.float64]

BAND_YEARS = 5
LAST_BAND_AGE = 90
BANDS = LAST_BAND_AGE // BAND_YEARS + 1
FERTILE_AGES = range(10, 50)
PARITY_CLASSES = 5
_KEYS = ("name", "adult_height_cm", "adult_weight_kg", "donation_jurisdiction")  # fmt: skip


@dataclass(frozen=True)
class Country:
    """Demographic tables of a country.

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
    parameters
        Parameter values that differ from the defaults in this country.
    """

    key: str
    name: str
    mortality: Floats
    population: dict[int, Floats]
    fertility_years: NDArray[np.int64]
    fertility: Floats
    family_size: Floats
    adult_height_m: Floats
    adult_weight_kg: Floats
    donation_jurisdiction: str
    parameters: dict[str, float]


def country_names() -> list[str]:
    """Keys of the countries that ship with the package."""
    return sorted(
        folder.name for folder in COUNTRIES.iterdir() if (folder / "country.yaml").exists()
    )


def _folder_of(name: str, beside: Path) -> Path:
    for folder in (beside / name, COUNTRIES / name):
        if (folder / "country.yaml").is_file():
            return folder
    near = difflib.get_close_matches(name, country_names(), n=1, cutoff=0.4)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise UserError(
        f"population.country: no country {name!r}{hint} Known: {', '.join(country_names())}; "
        f"or the path of a folder with country.yaml and the tables beside it"
    )


def _sex_index(path: Path, words: list[str]) -> NDArray[np.int64]:
    for line, word in enumerate(words, start=2):
        if word not in SEXES:
            raise UserError(f"{path}:{line}: sex: {word!r} is neither female nor male")
    return np.array([SEXES.index(word) for word in words])


def _by_sex(path: Path, settings: dict[str, object], key: str) -> Floats:
    value = settings[key]
    if not isinstance(value, dict) or set(value) != set(SEXES):
        raise UserError(f"{path}: {key}: expected female: and male: with a number each")
    return np.array([float(value[sex]) for sex in SEXES])


def load_country(name: str, *, beside: Path = Path()) -> Country:
    """Read a country's tables.

    Parameters
    ----------
    name
        Key of a country of the package, or path of a folder of the user's.
    beside
        Folder from which a relative path starts.
    """
    folder = _folder_of(name, beside)
    settings_path = folder / "country.yaml"
    try:
        settings = YAML(typ="safe", pure=True).load(settings_path)
    except (YAMLError, OSError, UnicodeDecodeError) as error:
        raise UserError(f"{settings_path}: cannot be read: {str(error).splitlines()[0]}") from None
    missing = [key for key in _KEYS if key not in (settings or {})]
    if missing:
        raise UserError(f"{settings_path}: {missing[0]}: missing")

    path = folder / "mortality.csv"
    table = read_columns(path, words=["sex"], numbers=["age", "probability"])
    mortality = np.full((2, 101), np.nan)
    mortality[_sex_index(path, table["sex"]), np.array(table["age"], int)] = table["probability"]  # type: ignore[arg-type]
    if np.isnan(mortality).any() or (mortality < 0).any() or (mortality > 1).any():
        raise UserError(f"{path}: expected a probability for each sex and each age from 0 to 100")

    path = folder / "population.csv"
    table = read_columns(path, words=["sex"], numbers=["year", "age_from", "persons"])
    sex = _sex_index(path, table["sex"])  # type: ignore[arg-type]
    year = np.array(table["year"], int)
    band = np.minimum(np.array(table["age_from"], int), LAST_BAND_AGE) // BAND_YEARS
    population = {}
    for each in np.unique(year):
        persons = np.zeros((2, BANDS))
        of_year = year == each
        np.add.at(persons, (sex[of_year], band[of_year]), np.array(table["persons"])[of_year])
        if (persons <= 0).any():
            raise UserError(f"{path}: year {each}: expected persons in every band of five years")
        population[int(each)] = persons

    path = folder / "fertility.csv"
    table = read_columns(path, numbers=["year", "age_from", "births_per_1000_women"])
    year, age = np.array(table["year"], int), np.array(table["age_from"], int)
    years = np.unique(year)
    if (np.diff(years) != 1).any():
        raise UserError(f"{path}: expected every year from {years[0]} to {years[-1]}")
    banded = np.zeros((len(years), len(FERTILE_AGES) // BAND_YEARS))
    banded[year - years[0], (age - FERTILE_AGES[0]) // BAND_YEARS] = table["births_per_1000_women"]
    fertility = np.array([_single_ages(row / 1000.0) for row in banded])

    path = folder / "parity.csv"
    table = read_columns(path, numbers=["children", "share"])
    family_size = np.zeros(PARITY_CLASSES)
    family_size[np.array(table["children"], int)] = table["share"]
    if not 0.98 < family_size.sum() < 1.02:
        raise UserError(
            f"{path}: share: expected shares that sum to 1, not {family_size.sum():.3f}"
        )

    return Country(
        key=name,
        name=str(settings["name"]),
        mortality=mortality,
        population=population,
        fertility_years=years,
        fertility=fertility,
        family_size=family_size / family_size.sum(),
        adult_height_m=_by_sex(settings_path, settings, "adult_height_cm") / 100.0,
        adult_weight_kg=_by_sex(settings_path, settings, "adult_weight_kg"),
        donation_jurisdiction=str(settings["donation_jurisdiction"]),
        parameters=_parameters(settings_path, settings),
    )


def _parameters(path: Path, settings: dict[str, object]) -> dict[str, float]:
    """Parameter values of the country, checked against the table."""
    values = settings.get("parameters") or {}
    if not isinstance(values, dict):
        raise UserError(f"{path}: parameters: expected names with a number each")
    for name, value in values.items():
        if name not in PARAMETERS:
            near = difflib.get_close_matches(str(name), PARAMETERS, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise UserError(f"{path}: parameters.{name}: no such parameter{hint}")
        bounds = PARAMETERS[name]
        if not isinstance(value, int | float) or not bounds.lower <= value <= bounds.upper:
            raise UserError(
                f"{path}: parameters.{name}: expected a number from {bounds.lower:g} to "
                f"{bounds.upper:g}, not {value!r}"
            )
    return {str(name): float(value) for name, value in values.items()}


def _single_ages(banded: Floats) -> Floats:
    """Rates by single year of age, smooth, with the mean of each five-year band kept.

    The cumulative curve is interpolated by a monotone cubic (Fritsch and Carlson) at the band limits.
    """
    knots = np.arange(len(banded) + 1) * float(BAND_YEARS)
    total = np.concatenate([[0.0], np.cumsum(banded * BAND_YEARS)])
    slope = np.zeros(len(knots))
    before, after = banded[:-1], banded[1:]
    with np.errstate(divide="ignore", invalid="ignore"):
        slope[1:-1] = np.where(before * after > 0, 2 * before * after / (before + after), 0.0)
    t = np.arange(knots[-1] + 1)
    i = np.minimum((t // BAND_YEARS).astype(int), len(banded) - 1)
    x = (t - knots[i]) / BAND_YEARS
    value = (
        total[i] * (1 + 2 * x) * (1 - x) ** 2
        + total[i + 1] * x**2 * (3 - 2 * x)
        + BAND_YEARS * (slope[i] * x * (1 - x) ** 2 - slope[i + 1] * x**2 * (1 - x))
    )
    return np.diff(value)
