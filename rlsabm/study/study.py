"""A study: all units of a scenario, run one after another, and written as one folder."""

from __future__ import annotations

import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from rlsabm import __version__
from rlsabm.chance import replicate_keys
from rlsabm.errors import UserError
from rlsabm.parameters.setting import Setting
from rlsabm.parameters.values import PARAMETERS, Values
from rlsabm.results.counting import Contents, categories
from rlsabm.results.files import MANIFEST, check_place, whole_folder, write_manifest, write_table
from rlsabm.results.schemas import SCHEMA_VERSION, TABLES, columns_of, to_arrow
from rlsabm.scenario import ResolvedScenario
from rlsabm.study.settings import unit_setting
from rlsabm.study.unit import Progress, Unit, UnitResult, run_unit

#: Memory that a person takes while a population is grown and counted, with the dead and copies.
BYTES_PER_PERSON = 1_200
#: Line lists: one file a unit, in a folder.
LINE_LISTS = ("persons", "events")
SCENARIO = "scenario.yaml"
#: Everything that a study's folder consists of.
OWN_FILES = {MANIFEST, SCENARIO, *LINE_LISTS, *(f"{table}.parquet" for table in TABLES)}


def units_of(study: ResolvedScenario) -> list[Unit]:
    """Units of a study, arm by arm within a draw and replicate, so that arms share their chance."""
    runs = study.scenario.runs
    keys = replicate_keys(runs.seed, runs.replicates)
    first_draw = 0 if runs.draws == 1 else 1
    return [
        Unit(arm, draw, replicate, keys[replicate])
        for draw in range(first_draw, first_draw + runs.draws)
        for replicate in range(runs.replicates)
        for arm in study.arms
    ]


@dataclass(frozen=True)
class Preparation:
    """What was settled before the first run: settings of the arms, place, hash of the input."""

    settings: list[Setting]
    folder: Path
    input_hash: str


def check_study(study: ResolvedScenario) -> list[Setting]:
    """Build what every arm lives in, so that mistakes show before any work is done.

    Raises
    ------
    UserError
        If a country, year or jurisdiction is not known, or the machine's memory is too small.
    """
    try:
        settings = [unit_setting(arm, 0, beside=study.path.parent) for arm in study.arms.values()]
    except UserError as error:
        raise UserError(_with_place(study, str(error))) from None
    needed = BYTES_PER_PERSON * study.scenario.population.size
    have = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > 0.9 * have:
        raise UserError(
            f"population.size: {study.scenario.population.size:,} people need about "
            f"{needed / 2**30:.0f} GiB of memory, this machine has {have / 2**30:.0f} GiB"
        )
    return settings


def prepare_study(study: ResolvedScenario, folder: Path, *, replace: bool = False) -> Preparation:
    """Check a study and the place of its results.

    Parameters
    ----------
    study
        The resolved scenario.
    folder
        Where the results are to go.
    replace
        Whether a study with other settings in that place is replaced.

    Raises
    ------
    UserError
        If the scenario asks for what cannot be, or the folder cannot take the results.
    """
    settings = check_study(study)
    digest = sha256(study.content_hash().encode())
    digest.update(settings[0].country.fingerprint.encode())
    place = folder.resolve()
    check_place(
        place,
        name=study.name,
        input_hash=digest.hexdigest(),
        own_files=OWN_FILES,
        replace=replace,
    )
    return Preparation(settings, place, digest.hexdigest())


def _with_place(study: ResolvedScenario, message: str) -> str:
    """The message, led by file and line where it names a key that a file has set."""
    key = message.split(":", 1)[0]
    layer = study.layers.get(key, "default")
    return message if layer == "default" else f"{layer}: {message}"


def run_study(
    study: ResolvedScenario,
    preparation: Preparation,
    *,
    threads: int | None = None,
    progress: Progress = lambda months: None,
    on_unit: Callable[[Unit, int, int], None] = lambda unit, number, total: None,
) -> list[UnitResult]:
    """Run all units of a study and write its folder.

    Parameters
    ----------
    study
        The resolved scenario.
    preparation
        What `prepare_study` settled.
    threads
        Threads; all processors by default. Results do not depend on it.
    progress
        Called with the person-months lived since the last call.
    on_unit
        Called before each unit with its number from 1 and the number of units.

    Returns
    -------
    list of UnitResult
        What each unit found.

    Raises
    ------
    UserError
        If the results cannot be written.
    """
    started = datetime.now(UTC)
    units = units_of(study)
    results: list[UnitResult] = []
    values: dict[tuple[str, int], Values] = {}
    for number, unit in enumerate(units, start=1):
        on_unit(unit, number, len(units))
        setting = unit_setting(study.arms[unit.arm], unit.draw, beside=study.path.parent)
        values[unit.arm, unit.draw] = setting.values
        results.append(
            run_unit(
                unit,
                setting,
                study.scenario.observe,
                threads=threads or os.cpu_count() or 1,
                progress=progress,
            )
        )
    with whole_folder(preparation.folder, OWN_FILES) as staging:
        tables = _write_tables(study, results, values, staging)
        (staging / SCENARIO).write_text(study.to_yaml(), encoding="utf-8")
        write_manifest(_manifest(study, preparation.input_hash, started, results, tables), staging)
    return results


def _write_tables(
    study: ResolvedScenario,
    results: Sequence[UnitResult],
    values: Mapping[tuple[str, int], Values],
    folder: Path,
) -> dict[str, int]:
    """Write every table; returns rows by file or folder."""
    strata = study.scenario.observe.by
    words = categories(list(study.arms), study.scenario.observe.age_groups)
    words["parameter"] = list(PARAMETERS)
    rows: dict[str, int] = {}
    for name in TABLES:
        parts = [part for result in results for part in result.tables.get(name, [])]
        if name == "draws":
            parts = [_draws(values)]
        elif name == "runs":
            parts = [_runs(results)]
        if not parts:
            continue
        if name in LINE_LISTS:
            per_unit = [result.tables[name] for result in results]
            files = [folder / name / f"unit-{number:05d}.parquet" for number in range(len(results))]
        else:
            per_unit, files = [parts], [folder / f"{name}.parquet"]
        place = f"{name}/" if name in LINE_LISTS else f"{name}.parquet"
        rows[place] = 0
        for contents, file in zip(per_unit, files, strict=True):
            table = to_arrow(name, _joined(name, contents, strata), words, strata)
            write_table(table, file)
            rows[place] += table.num_rows
    return rows


def _joined(name: str, parts: Sequence[Contents], strata: Sequence[str]) -> Contents:
    columns = [column.name for column in columns_of(name, strata)]
    return {column: np.concatenate([part[column] for part in parts]) for column in columns}


def _draws(values: Mapping[tuple[str, int], Values]) -> Contents:
    names = list(PARAMETERS)
    return {
        "arm": np.repeat([arm for arm, _ in values], len(names)),
        "draw": np.repeat([draw for _, draw in values], len(names)),
        "parameter": np.tile(names, len(values)),
        "value": np.array([float(of[name]) for of in values.values() for name in names]),
    }


def _runs(results: Sequence[UnitResult]) -> Contents:
    return {
        "arm": np.array([result.unit.arm for result in results], dtype=object),
        "draw": np.array([result.unit.draw for result in results]),
        "replicate": np.array([result.unit.replicate for result in results]),
        "key": np.array([f"{result.unit.key:016x}" for result in results], dtype=object),
        "status": np.array(["finished"] * len(results), dtype=object),
        "seconds": np.array([result.seconds for result in results]),
        "person_months": np.array([result.person_months for result in results]),
        "people_grown": np.array([result.people_grown for result in results]),
        "people_surveyed": np.array([result.people_surveyed for result in results]),
    }


def _manifest(
    study: ResolvedScenario,
    input_hash: str,
    started: datetime,
    results: Sequence[UnitResult],
    tables: dict[str, int],
) -> dict[str, Any]:
    packages = ("mesa", "numpy", "numba", "pandas", "pyarrow", "pydantic")
    return {
        "schema_version": SCHEMA_VERSION,
        "name": study.name,
        "title": study.scenario.title,
        "status": "complete",
        "scenario_hash": study.content_hash(),
        "input_hash": input_hash,
        "software": {
            "rlsabm": __version__,
            "git_commit": _git_commit(),
            "python": platform.python_version(),
            **{package: version(package) for package in packages},
        },
        "seeds": {
            "root": str(study.scenario.runs.seed),
            "replicates": [
                f"{key:016x}"
                for key in replicate_keys(study.scenario.runs.seed, study.scenario.runs.replicates)
            ],
        },
        "environment": {
            "platform": platform.platform(),
            "processors": os.cpu_count(),
            "command": shlex.join(["rlsabm", *sys.argv[1:]]),
        },
        "started": started.isoformat(timespec="seconds"),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "resources": {
            "units": len(results),
            "seconds": round(sum(result.seconds for result in results), 3),
            "person_months": sum(result.person_months for result in results),
        },
        "rows": tables,
    }  # fmt: skip


def _git_commit() -> str | None:
    """Commit of the sources, where they are a checkout."""
    try:
        answer = subprocess.run(
            ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"],
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip() or None
