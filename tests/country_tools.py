"""Countries of one's own, with mistakes in their files."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from rlsabm.demography.countries import COUNTRIES, load_country
from rlsabm.errors import UserError


def country_in(folder: Path, name: str = "norway") -> Path:
    """A folder with the files of a country."""
    return Path(shutil.copytree(COUNTRIES / "denmark", folder / name))


def edit(path: Path, pattern: str, replacement: str, *, times: int = 1) -> None:
    """Replace what fits a pattern in a file: the first time, or everywhere if ``times`` is 0."""
    text, count = re.subn(
        pattern, replacement, path.read_text(encoding="utf-8"), count=times, flags=re.MULTILINE
    )
    assert count
    path.write_text(text, encoding="utf-8")


def refusal(folder: Path) -> str:
    """The one line with which a country is refused, its folder left out of paths."""
    with pytest.raises(UserError) as caught:
        load_country(folder)
    line = str(caught.value)
    assert len(line.splitlines()) == 1, line
    return line.replace(f"{folder.as_posix()}/", "")
