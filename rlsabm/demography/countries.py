"""Countries: mortality, population, fertility, family size and body size, from a folder of tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from rlsabm.arrays import Floats, Ints
from rlsabm.conventions import SEXES
from rlsabm.data import DATA, read_columns
from rlsabm.errors import UserError, nearest

COUNTRIES = DATA / "countries"

BAND_YEARS = 5
LAST_BAND_AGE = 90
BANDS = LAST_BAND_AGE // BAND_YEARS + 1
FERTILE_AGES = range(10, 50)
PARITY_CLASSES = 5
_KEYS = ("name", "adult_height_cm", "adult_weight_kg", "donation_jurisdiction")  # fmt: skip


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
        The file with its settings, for messages.
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
    fingerprint: str
    parameters: dict[str, Any]
    file: str

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


def country_names() -> list[str]:
    """Keys of the countries that ship with the package."""
    return sorted(
        folder.name for folder in COUNTRIES.iterdir() if (folder / "country.yaml").exists()
    )


def _folder_of(name: str, beside: Path) -> Path:
    for folder in (beside / name, COUNTRIES / name):
        if (folder / "country.yaml").is_file():
            return folder
    near = nearest(name, country_names(), likeness=0.4)
    hint = f"; did you mean {near!r}?" if near else ""
    raise UserError(
        f"population.country: no country {name!r}{hint}; known: {', '.join(country_names())}; "
        f"or the path of a folder with country.yaml and the tables beside it"
    )


def _read_settings(path: Path) -> dict[str, Any]:
    try:
        settings = YAML(typ="safe", pure=True).load(path)
    except (YAMLError, OSError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}" if mark else str(path)
        reason = getattr(error, "problem", None) or getattr(error, "strerror", None) or "no YAML"
        raise UserError(f"{place}: cannot be read: {reason}") from None
    if not isinstance(settings, dict):
        raise UserError(f"{path}: expected keys {', '.join(_KEYS)}")
    for key in _KEYS:
        if key not in settings:
            raise UserError(f"{path}: {key}: missing")
    return settings


def _files(folder: Path) -> dict[str, bytes]:
    paths = sorted([*folder.glob("*.csv"), folder / "country.yaml"])
    return {path.name: path.read_bytes() for path in paths}


def _fingerprint(folder: Path) -> str:
    digest = sha256()
    for name, content in _files(folder).items():
        digest.update(name.encode() + content)
    return digest.hexdigest()[:16]


def country_files(name: str, *, beside: Path = Path()) -> dict[str, bytes]:
    """Files of a folder of the user's, as in `load_country`; none of a country of the package."""
    folder = _folder_of(name, beside)
    return {} if folder.parent == COUNTRIES else _files(folder)


def _codes(path: Path, column: str, values: list[Any], allowed: Sequence[int]) -> list[int]:
    """Whole numbers of a column, each one of those allowed."""
    for line, value in enumerate(values, start=2):
        if value not in allowed:
            low, high = min(allowed), max(allowed)
            raise UserError(
                f"{path}:{line}: {column}: {value:g} found, expected one of {len(allowed)} whole "
                f"numbers from {low} to {high}"
            )
    return [int(value) for value in values]


def _not_negative(path: Path, column: str, values: list[Any]) -> list[float]:
    for line, value in enumerate(values, start=2):
        if not 0.0 <= value < float("inf"):
            raise UserError(f"{path}:{line}: {column}: {value:g} found, expected 0 or more")
    return [float(value) for value in values]


def _sexes(path: Path, words: list[Any]) -> list[int]:
    for line, word in enumerate(words, start=2):
        if word not in SEXES:
            raise UserError(f"{path}:{line}: sex: {word!r} is neither female nor male")
    return [SEXES.index(word) for word in words]


def _read_mortality(path: Path) -> Floats:
    table = read_columns(path, words=["sex"], numbers=["age", "probability"])
    mortality = np.full((2, 101), np.nan)
    ages = _codes(path, "age", table["age"], range(101))
    mortality[_sexes(path, table["sex"]), ages] = table["probability"]
    if not ((mortality >= 0) & (mortality <= 1)).all():
        raise UserError(f"{path}: expected a probability for each sex and each age from 0 to 100")
    return mortality


def _read_population(path: Path) -> dict[int, Floats]:
    table = read_columns(path, words=["sex"], numbers=["year", "age_from", "persons"])
    sex = np.array(_sexes(path, table["sex"]))
    year = np.array(_codes(path, "year", table["year"], range(1800, 2201)))
    age = np.array(_codes(path, "age_from", table["age_from"], range(0, 121, BAND_YEARS)))
    band = np.minimum(age, LAST_BAND_AGE) // BAND_YEARS
    count = np.array(_not_negative(path, "persons", table["persons"]))
    population = {}
    for each in np.unique(year):
        persons = np.zeros((2, BANDS))
        of_year = year == each
        np.add.at(persons, (sex[of_year], band[of_year]), count[of_year])
        if (persons <= 0).any():
            raise UserError(f"{path}: year {each}: expected persons in every band of five years")
        population[int(each)] = persons
    return population


def _read_fertility(path: Path) -> tuple[Ints, Floats]:
    table = read_columns(path, numbers=["year", "age_from", "births_per_1000_women"])
    year = np.array(_codes(path, "year", table["year"], range(1800, 2201)))
    starts = range(FERTILE_AGES.start, FERTILE_AGES.stop, BAND_YEARS)
    age = np.array(_codes(path, "age_from", table["age_from"], starts))
    rate = _not_negative(path, "births_per_1000_women", table["births_per_1000_women"])
    years = np.unique(year)
    if (np.diff(years) != 1).any():
        raise UserError(f"{path}: expected every year from {years[0]} to {years[-1]}")
    banded = np.full((len(years), len(starts)), np.nan)
    # Births below 15 may be left out.
    banded[:, 0] = 0.0
    banded[year - years[0], (age - FERTILE_AGES.start) // BAND_YEARS] = rate
    if np.isnan(banded).any():
        row, column = np.argwhere(np.isnan(banded))[0]
        raise UserError(f"{path}: year {years[row]}: no births from age {starts[column]}")
    return years, np.array([_single_ages(row / 1000.0) for row in banded])


def _read_family_sizes(path: Path) -> Floats:
    table = read_columns(path, numbers=["children", "share"])
    family_size = np.zeros(PARITY_CLASSES)
    children = _codes(path, "children", table["children"], range(PARITY_CLASSES))
    family_size[children] = _not_negative(path, "share", table["share"])
    if not 0.98 < family_size.sum() < 1.02:
        raise UserError(
            f"{path}: share: expected shares that sum to 1, not {family_size.sum():.3f}"
        )
    return family_size / family_size.sum()


def _by_sex(path: Path, settings: dict[str, Any], key: str) -> Floats:
    value = settings[key]
    if (
        not isinstance(value, dict)
        or set(value) != set(SEXES)
        or not all(isinstance(number, int | float) and number > 0 for number in value.values())
    ):
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
    return _read_country(name, folder, _fingerprint(folder))


@lru_cache(maxsize=16)
def _read_country(name: str, folder: Path, fingerprint: str) -> Country:
    """The tables in a folder, read once as long as their files stay the same."""
    settings_path = folder / "country.yaml"
    settings = _read_settings(settings_path)
    years, fertility = _read_fertility(folder / "fertility.csv")
    return Country(
        key=name,
        name=str(settings["name"]),
        mortality=_read_mortality(folder / "mortality.csv"),
        population=_read_population(folder / "population.csv"),
        fertility_years=years,
        fertility=fertility,
        family_size=_read_family_sizes(folder / "parity.csv"),
        adult_height_m=_by_sex(settings_path, settings, "adult_height_cm") / 100.0,
        adult_weight_kg=_by_sex(settings_path, settings, "adult_weight_kg"),
        donation_jurisdiction=str(settings["donation_jurisdiction"]),
        fingerprint=fingerprint,
        parameters=_parameters(settings_path, settings),
        file=str(settings_path),
    )


def _parameters(path: Path, settings: dict[str, Any]) -> dict[str, Any]:
    """Parameter values of the country, by name; the table is asked whether there are such."""
    values = settings.get("parameters") or {}
    if not isinstance(values, dict):
        raise UserError(f"{path}: parameters: expected names with a number each")
    return {str(name): value for name, value in values.items()}


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
