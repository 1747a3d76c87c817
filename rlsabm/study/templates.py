"""A new scenario file to edit."""

from __future__ import annotations

from pathlib import Path

from rlsabm.errors import LONGEST_PLACE, UserError, visible
from rlsabm.results.files import remove_empty
from rlsabm.scenario.writing import yaml_string
from rlsabm.study.outside import check_outside
from rlsabm.study.settings import read_scenario
from rlsabm.wording import command

SUFFIXES = (".yaml", ".yml")
TEMPLATE = """\
# {run}
# {compare}
title: {title}
base: {base}

# Every key may be left out. This prints all of them, and where each comes from:
# {show}
population: {{size: 50_000}}
observe:
  years: [2019]
  by: [sex, age_group, parity]

# Arms are the same people under other rules. Each says only what differs.
arms:
  ferritin-guided donation:
    conditions.blood_donation.ferritin_deferral: {{below: 30, months: 6}}

# Replicates are runs with other random numbers: they show how much of a difference is chance.
# With draws: 20 the uncertain parameters vary as well, between runs of each replicate.
runs: {{draws: 1, replicates: 8}}
"""


def write_template(path: Path, base: str) -> Path:
    """Write a scenario to edit; a file that is there is never overwritten.

    Returns
    -------
    Path
        The file, which ends in ``.yaml`` or ``.yml``.

    Raises
    ------
    UserError
        If the file already exists, cannot be written or cannot be the name of a scenario, or the
        base does not exist.
    """
    if path.is_dir():
        raise UserError(f"{path}: cannot be written: is a folder; name a file in it")
    if path.suffix == ".json":
        raise UserError(
            f"{path}: a new scenario is written as YAML; name a file that ends in .yaml"
        )
    if path.suffix not in SUFFIXES:
        path = path.with_name(path.name + ".yaml")
    try:
        check_outside(path, "choose another place")
        _write(path, base)
    except FileExistsError:
        if path.parent.is_file():
            raise UserError(f"{path}: cannot be written: {path.parent} is a file") from None
        raise UserError(f"{path}: already exists; choose another name") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}") from None
    except ValueError:
        raise UserError(f"{visible(str(path), LONGEST_PLACE)}: is not a file name") from None
    return path


def _write(path: Path, base: str) -> None:
    """Write a scenario and read it again; if that fails, nothing of it is left."""
    made = [folder for folder in path.parents if not folder.exists()]
    begun = False
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", errors="replace") as file:
            begun = True
            file.write(_template(path, base))
        read_scenario(path, [])
    except BaseException:  # whoever is asked to end tidies up
        if begun:
            path.unlink(missing_ok=True)
        remove_empty(made)
        raise


def commands_for(path: Path) -> dict[str, str]:
    """What to type next, by verb, fit for a shell.

    Parameters
    ----------
    path
        A scenario file.
    """
    commands = {verb: command("rlsabm", verb, path) for verb in ("check", "show", "run")}
    return {**commands, "compare": command("rlsabm", "compare", f"outputs/{path.stem}")}


def _template(path: Path, base: str) -> str:
    title = " ".join(path.stem.replace("_", " ").replace("-", " ").split())
    return TEMPLATE.format(
        **{verb: visible(line, 1_000) for verb, line in commands_for(path).items()},
        title=yaml_string(title[:1].upper() + title[1:] or "A scenario"),
        base=yaml_string(base),
    )
