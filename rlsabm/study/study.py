"""A study: all units of a scenario, run one after another, and written as one folder."""

from __future__ import annotations

import os
import platform
import shlex
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rlsabm import __version__
from rlsabm.chance import run_key
from rlsabm.errors import UserError
from rlsabm.observe.groups import groups_of
from rlsabm.parameters.catalogue import SHIPPED_CATALOGUE
from rlsabm.parameters.instruments import instruments_of
from rlsabm.parameters.setting import Setting
from rlsabm.parameters.values import PARAMETERS
from rlsabm.results.categories import Categories
from rlsabm.results.cells import Contents
from rlsabm.results.files import (
    MANIFEST,
    SCENARIO,
    check_place,
    whole_folder,
    write_manifest,
    write_table,
)
from rlsabm.results.postulates import estimate_postulates
from rlsabm.results.registries import estimate_kin
from rlsabm.results.schemas import SCHEMA_VERSION, TABLES, columns_of, to_arrow
from rlsabm.results.shifts import estimate_shifts
from rlsabm.scenario import ResolvedScenario
from rlsabm.study.settings import strengths_of, unit_setting
from rlsabm.study.unit import Progress, Question, Unit, UnitResult, no_progress, run_unit
from rlsabm.worlds import FACTUAL, worlds_of

#: Memory that a person takes while a population is grown and counted, with the dead and copies.
BYTES_PER_PERSON = 1_200
#: Line lists: one file a unit, in a folder.
LINE_LISTS = ("persons", "events")
#: Everything that a study's folder consists of.
OWN_FILES = {MANIFEST, SCENARIO, *LINE_LISTS, *(f"{table}.parquet" for table in TABLES)}


def units_of(study: ResolvedScenario) -> list[Unit]:
    """Units of a study, arm by arm within a draw and replicate, so that arms share their chance."""
    runs = study.scenario.runs
    first_draw = 0 if runs.draws == 1 else 1
    return [
        Unit(arm, draw, replicate, run_key(runs.seed, draw=draw, replicate=replicate))
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
    settings = []
    for name, arm in study.arms.items():
        try:
            settings.append(unit_setting(arm, 0, beside=study.path.parent))
            _check_names(settings[-1])
            instruments_of(arm.observe.instruments)
        except UserError as error:
            raise UserError(_with_place(study, name, str(error))) from None
    needed = BYTES_PER_PERSON * study.scenario.population.size
    have = _memory_bytes()
    if needed > 0.9 * have:
        raise UserError(
            f"population.size: {study.scenario.population.size:,} people need about "
            f"{needed / 2**30:.0f} GiB of memory, this machine has {have / 2**30:.0f} GiB"
        )
    return settings


def _check_names(setting: Setting) -> None:
    """Refuse conditions that are called like a group."""
    taken = {group.name for group in groups_of(())}
    for condition in setting.conditions:
        if condition.name in taken:
            raise UserError(
                f"conditions.{condition.name}: is the name of a group in the tables (see rlsabm "
                "conditions); choose another"
            )


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


def _with_place(study: ResolvedScenario, arm: str, message: str) -> str:
    """The message, led by file and line where it names a key that a file has set."""
    key = message.split(":", 1)[0]
    of_arm = f"arms.{arm}."
    for path in (f"{of_arm}{key}", key):
        if _is_own(study.layers.get(path, "default")):
            return f"{study.layers[path]}: {message}"
        within = [at for at in study.layers if at.startswith(f"{path}.")]
        if within:
            return f"{study.layers[within[0]]}: {message}"
    layer = study.layers.get(key, "default")
    if layer == "default":
        return message
    # What contradicts a shipped value is the scenario's own line about the same condition.
    block = key.rpartition(".")[0]
    for path, own in study.layers.items():
        if path.removeprefix(of_arm).startswith(f"{block}.") and _is_own(own):
            return f"{own}: {message}"
    return f"{layer}: {message}"


def _is_own(layer: str) -> bool:
    """Whether a layer is of the user's making."""
    return layer != "default" and not layer.startswith(f"{SHIPPED_CATALOGUE.name}:")


def run_study(
    study: ResolvedScenario,
    preparation: Preparation,
    *,
    workers: int | None = None,
    progress: Progress = no_progress,
    on_unit: Callable[[Unit, int, int], None] = lambda unit, number, total: None,
) -> list[UnitResult]:
    """Run all units of a study and write its folder.

    Parameters
    ----------
    study
        The resolved scenario.
    preparation
        What `prepare_study` settled.
    workers
        Processors to use; all by default. Results do not depend on it.
    progress
        Called with the person-months lived, and the work done, since the last call.
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
    categories = categories_of(study, preparation.settings)
    question = question_of(study, categories)
    runs = _run_all(study, question, workers or os.cpu_count() or 1, progress, on_unit)
    results = [result for result, _ in runs]
    values = {(result.unit.arm, result.unit.draw): values for result, values in runs}
    with whole_folder(preparation.folder, OWN_FILES) as staging:
        tables = _write_tables(study, categories, results, values, staging)
        (staging / SCENARIO).write_text(study.to_yaml(), encoding="utf-8")
        write_manifest(_manifest(study, preparation.input_hash, started, results, tables), staging)
    return results


def _run_all(
    study: ResolvedScenario,
    question: Question,
    workers: int,
    progress: Progress,
    on_unit: Callable[[Unit, int, int], None],
) -> list[tuple[UnitResult, dict[str, float]]]:
    """Run the units, as many at a time as there are workers and memory; results in their order.

    Compiled rules run beside one another in threads; a study of one unit spreads its people instead.
    """
    units = units_of(study)
    room = int(0.6 * _memory_bytes() / (BYTES_PER_PERSON * study.scenario.population.size))
    at_a_time = max(1, min(workers, len(units), room))
    stopped = threading.Event()

    def watched(person_months: int, work: float) -> None:
        if stopped.is_set():
            raise KeyboardInterrupt
        progress(person_months, work)

    def run(numbered: tuple[int, Unit]) -> tuple[UnitResult, dict[str, float]]:
        number, unit = numbered
        on_unit(unit, number, len(units))
        arm = study.arms[unit.arm]
        setting = unit_setting(arm, unit.draw, beside=study.path.parent)
        strengths = strengths_of(arm.conditions, unit.draw, study.scenario.runs.seed)
        result = run_unit(
            unit, setting, question, threads=max(1, workers // at_a_time), progress=watched
        )
        return result, _values(setting, strengths)

    if at_a_time == 1:
        return [run(numbered) for numbered in enumerate(units, start=1)]
    executor = ThreadPoolExecutor(at_a_time)
    try:
        return list(executor.map(run, enumerate(units, start=1)))
    finally:
        stopped.set()
        executor.shutdown(cancel_futures=True)


def _memory_bytes() -> int:
    """Memory of this machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def question_of(study: ResolvedScenario, categories: Categories) -> Question:
    """What the units of a study are asked."""
    scenario = study.scenario
    return Question(
        observe=scenario.observe,
        causes=tuple(scenario.shifts.conditions),
        postulates=scenario.shifts.postulates,
        words=categories.strata(scenario.observe.by),
    )


def categories_of(study: ResolvedScenario, settings: Sequence[Setting]) -> Categories:
    """Words of all category columns of a study."""
    scenario = study.scenario
    conditions = {c.name: c for setting in settings for c in setting.conditions}
    worlds = {
        world.name: None
        for setting in settings
        for world in worlds_of(
            setting, scenario.shifts.conditions, postulates=scenario.shifts.postulates
        )
    }
    strengths = [f"conditions.{name}.effect_strength" for name in conditions]
    return Categories(
        arms=list(study.arms),
        worlds=[FACTUAL, *worlds],
        groups=groups_of(list(conditions.values())),
        instruments=[i.name for i in instruments_of(scenario.observe.instruments)],
        age_limits=scenario.observe.age_groups,
        parameters=[*PARAMETERS, *strengths],
    )


def _write_tables(
    study: ResolvedScenario,
    categories: Categories,
    results: Sequence[UnitResult],
    drawn: Mapping[tuple[str, int], Mapping[str, float]],
    folder: Path,
) -> dict[str, int]:
    """Write every table; returns rows by file or folder."""
    strata = study.scenario.observe.by
    whole: dict[str, Contents] = {
        name: _joined(name, parts, strata)
        for name in TABLES
        if name not in LINE_LISTS
        and (parts := [part for result in results for part in result.tables.get(name, [])])
    }
    whole["draws"] = _draws(drawn)
    whole["runs"] = _runs(results)
    words = categories.of("shifts")
    contrasts = _frame(whole["contrasts"], words)
    shifts = estimate_shifts(contrasts)
    whole["shifts"] = _contents(shifts)
    if "partitions" in whole:
        postulates = estimate_postulates(_frame(whole["partitions"], words), shifts)
        whole["postulates"] = _contents(postulates)
    kin = estimate_kin(_frame(whole["kin_counts"], categories.of("kin_counts")))
    whole["kin"] = _contents(kin)
    rows: dict[str, int] = {}

    def write(name: str, contents: Contents, place: str, file: Path) -> None:
        table = to_arrow(name, contents, categories.of(name), strata)
        write_table(table, file)
        rows[place] = rows.get(place, 0) + table.num_rows

    for name in TABLES:
        if name in whole:
            write(name, whole[name], f"{name}.parquet", folder / f"{name}.parquet")
        elif name in LINE_LISTS:
            for number, result in enumerate(results):
                if name in result.tables:
                    file = folder / name / f"unit-{number:05d}.parquet"
                    write(name, _joined(name, result.tables[name], strata), f"{name}/", file)
    return rows


def _contents(frame: pd.DataFrame) -> Contents:
    return {str(name): frame[name].to_numpy() for name in frame}


def _frame(contents: Contents, words: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Contents as a data frame, with words in their order instead of codes."""
    columns: dict[str, Any] = dict(contents)
    for name in columns.keys() & words.keys():
        values = np.asarray(columns[name])
        if values.dtype.kind in "iu":
            values = np.array(words[name], dtype=object)[values]
        columns[name] = pd.Categorical(values, list(words[name]), ordered=True)
    return pd.DataFrame(columns)


def _joined(name: str, parts: Sequence[Contents], strata: Sequence[str]) -> Contents:
    columns = [column.name for column in columns_of(name, strata)]
    return {column: np.concatenate([part[column] for part in parts]) for column in columns}


def _draws(drawn: Mapping[tuple[str, int], Mapping[str, float]]) -> Contents:
    rows = [(arm, draw, name, value) for (arm, draw), values in drawn.items()
            for name, value in values.items()]  # fmt: skip
    arms, draws, names, values = zip(*rows, strict=True)
    return {
        "arm": np.array(arms, dtype=object),
        "draw": np.array(draws),
        "parameter": np.array(names, dtype=object),
        "value": np.array(values),
    }


def _values(setting: Setting, strengths: Mapping[str, float]) -> dict[str, float]:
    """Every parameter's value in a draw, and the strength of every condition's iron effects."""
    values = {name: float(setting.values[name]) for name in PARAMETERS}
    return values | {
        f"conditions.{name}.effect_strength": strength for name, strength in strengths.items()
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
    finished = datetime.now(UTC)
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
        "seeds": {"root": str(study.scenario.runs.seed)},
        "environment": {
            "platform": platform.platform(),
            "processors": os.cpu_count(),
            "command": shlex.join(["rlsabm", *sys.argv[1:]]),
        },
        "started": started.isoformat(timespec="seconds"),
        "finished": finished.isoformat(timespec="seconds"),
        "resources": {
            "units": len(results),
            "seconds": round((finished - started).total_seconds(), 3),
            "seconds_of_units": round(sum(result.seconds for result in results), 3),
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
