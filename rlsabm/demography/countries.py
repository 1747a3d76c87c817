"""Finds and reads countries: those that ship with the package, and folders of the user's."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from rlsabm.data import DATA
from rlsabm.data.files import bytes_of, shown
from rlsabm.demography.country import FILES, SETTINGS, Country
from rlsabm.demography.country_settings import read_settings
from rlsabm.demography.country_tables import (
    read_family_sizes,
    read_fertility,
    read_mortality,
    read_population,
)
from rlsabm.errors import UserError, nearest
from rlsabm.wording import with_help

COUNTRIES = DATA / "countries"
#: What else countries are called, without points, spaces and hyphens.
_OTHER_NAMES = {
    "denmark": ("dk", "dnk", "danmark", "kingdomofdenmark"),
    "finland": ("fi", "fin", "suomi"),
    "germany": ("de", "deu", "ger", "deutschland", "brd", "federalrepublicofgermany"),
    "netherlands": ("nl", "nld", "holland", "thenetherlands", "nederland"),
    "switzerland": ("ch", "che", "schweiz", "suisse", "svizzera"),
    "united-kingdom": ("uk", "gb", "gbr", "britain", "greatbritain", "theunitedkingdom"),
    "united-states": ("us", "usa", "america", "theunitedstates", "unitedstatesofamerica"),
}
FILES_OF_A_COUNTRY = (SETTINGS, *FILES.values())
_KEY = "population.country"


def country_names() -> list[str]:
    """Keys of the countries that ship with the package."""
    return sorted(folder.name for folder in COUNTRIES.iterdir() if (folder / SETTINGS).exists())


def load_country(country: str | Path | Country, *, beside: Path = Path()) -> Country:
    """Read a country's tables.

    Parameters
    ----------
    country
        Key of a country of the package, path of a folder of the user's, or tables already read,
        which are given back.
    beside
        Folder from which a relative path starts.

    Raises
    ------
    UserError
        If there is no such country, or its files have mistakes.
    """
    if isinstance(country, Country):
        return country
    if not isinstance(country, str | Path):
        found = f"{country!r:.80}"
        raise UserError(f"{_KEY}: found {found} (expected a name, a path or a Country)")
    folder = _folder_of(str(country), beside)
    return _read_country(str(country), folder, _fingerprint(folder))


def country_files(name: str, *, beside: Path = Path()) -> dict[str, bytes]:
    """Files of a folder of the user's, as in `load_country`; none of a country of the package."""
    folder = _folder_of(name, beside)
    return {} if folder.parent == COUNTRIES else _files(folder)


def country_fingerprint(name: str, *, beside: Path = Path()) -> str:
    """`Country.fingerprint` of a country, as in `load_country`, whose tables are not read."""
    return _fingerprint(_folder_of(name, beside))


def _folder_of(name: str, beside: Path) -> Path:
    own = beside / name
    try:
        if name and (own / SETTINGS).is_file():
            return own
        if name in country_names():
            return COUNTRIES / name
        raise UserError(f"{_KEY}: {_why_not(name, own)}")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        raise UserError(f"{_KEY}: {name[:80]!r} cannot be read: {reason}") from None


def _why_not(name: str, own: Path) -> str:
    """Why there is no country of a name, or no folder of a path, and what may have been meant."""
    place = " ".join(os.path.abspath(own).split("\n"))
    if name and own.is_dir():
        return f"the folder {place} has no {SETTINGS}{_instead(own, SETTINGS)}"
    if name and own.is_file():
        folder = f"its folder, {str(Path(name).parent)!r}" if own.name == SETTINGS else "a folder"
        return f"{name!r} is a file (expected {folder}, with {', '.join(FILES_OF_A_COUNTRY)})"
    known = ", ".join(country_names())
    if len(Path(name).parts) > 1 or Path(name).is_absolute() or name.startswith((".", "~")):
        return f"no folder {place} (expected a folder with {SETTINGS} in it, or one of {known})"
    meant = meant_place(name, country_names())
    what = f"no country {name!r}, and no folder {place}" if name else "is empty"
    expected = f"one of {known}, or a folder"
    if not meant:
        expected += ": see 'Adding a country' in rlsabm/data/countries/SOURCES.md"
    return with_help(what, expected, repr(meant) if meant else None)


def meant_place(name: str, known: Sequence[str]) -> str | None:
    """The country or the like, among those that are known, that may have been meant by a name."""
    plain = "".join(letter for letter in name.lower() if letter.isalnum())
    others = [key for key in known if plain in _OTHER_NAMES.get(key, ())]
    return others[0] if others else nearest(name, known, likeness=0.75)


def _instead(folder: Path, name: str) -> str:
    """What a folder has instead of a file, in parentheses, or all that a country needs."""
    found = nearest(name, [path.name for path in folder.iterdir()], likeness=0.8)
    if found:
        return f" (found {found}; did you mean {name}?)"
    return f" (expected {', '.join(FILES_OF_A_COUNTRY)})"


def _files(folder: Path) -> dict[str, bytes]:
    """Content of the files of a country by their names."""
    for name in FILES_OF_A_COUNTRY:
        if not (folder / name).exists():
            raise UserError(f"{shown(folder / name)}: no such file{_instead(folder, name)}")
    return {
        name: bytes_of(folder / name, shown(folder / name), "a file of a country", megabytes=20)
        for name in sorted(FILES_OF_A_COUNTRY)
    }


def _fingerprint(folder: Path) -> str:
    digest = sha256()
    for name, content in _files(folder).items():
        digest.update(name.encode() + content)
    return digest.hexdigest()[:16]


@lru_cache(maxsize=16)
def _read_country(name: str, folder: Path, fingerprint: str) -> Country:
    """The tables in a folder, read once as long as their files stay the same."""
    settings = read_settings(folder / SETTINGS)
    years, fertility = read_fertility(folder / FILES["fertility"])
    return Country(
        key=name,
        mortality=read_mortality(folder / FILES["mortality"]),
        population=read_population(folder / FILES["population"]),
        fertility_years=years,
        fertility=fertility,
        family_size=read_family_sizes(folder / FILES["family_size"]),
        fingerprint=fingerprint,
        file=str(folder / SETTINGS),
        **settings._asdict(),
    )
