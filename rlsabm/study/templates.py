"""A new scenario file to edit."""

from __future__ import annotations

import json
from pathlib import Path

from rlsabm.errors import UserError
from rlsabm.study.settings import read_scenario

TEMPLATE = """\
# rlsabm run {path}
title: {title}
base: {base}

# Every key may be left out; rlsabm show {path} prints all of them, and where each comes from.
population: {{size: 50_000}}
observe:
  years: [2019]
  by: [sex, age_group, parity]

# Arms are the same people under other rules. Each says only what differs.
arms:
  ferritin-guided donation:
    conditions.blood_donation.ferritin_deferral: {{below: 30, months: 6}}
"""


def write_template(path: Path, base: str) -> Path:
    """Write a scenario to edit; a file that is there is never overwritten.

    Raises
    ------
    UserError
        If the file is there already, cannot be written, or the base does not exist.
    """
    if path.is_dir():
        raise UserError(f"{path}: cannot be written: is a folder; name a file in it")
    if path.suffix not in (".yaml", ".yml"):
        path = path.with_name(path.name + ".yaml")
    title = path.stem.replace("_", " ").replace("-", " ").capitalize()
    text = TEMPLATE.format(path=path, title=json.dumps(title, ensure_ascii=False), base=base)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UserError(f"{path}: is there already; choose another name") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}") from None
    try:
        read_scenario(path, [])
    except UserError:
        path.unlink()
        raise
    return path
