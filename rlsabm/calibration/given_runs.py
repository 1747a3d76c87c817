"""Runs of the model that a folder holds: their parameters, and what came out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from rlsabm.calibration.problem import NOTHING_KNOWN
from rlsabm.errors import UserError, nearest
from rlsabm.measuring.cases import DEFINITIONS, RECALLS
from rlsabm.measuring.instruments import TRUTH
from rlsabm.parameter_table import checked_values
from rlsabm.posterior import Posterior, posterior_in
from rlsabm.reading import read
from rlsabm.results.arrow import frame_of
from rlsabm.results.files import MANIFEST, Mark, fault_of, read_parquet, table_path
from rlsabm.results.sources import OUTPUTS
from rlsabm.results.study_results import Study
from rlsabm.results.totals import TOTAL_OF
from rlsabm.scenario import REFERENCE
from rlsabm.scenario.resolving import NO_SCENARIOS
from rlsabm.wording import value_text, with_help

#: Which runs of a calibration are taken.
POSTERIOR, ALL = "posterior", "all"
RUNS = (POSTERIOR, ALL)
#: Ends of the names of calibration files.
SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True)
class Runs:
    """Runs of the model with different parameters.

    Attributes
    ----------
    folder
        The folder that holds them.
    what
        What they are, in words.
    parameters
        Values of the parameters that differ between runs: a row for each run, a column for each.
    outputs
        What came out, in the same rows; missing where a run says nothing of an output.
    chance
        Share of each output's variance that is chance: it would be there with equal parameters.
        Missing where it is not known.
    """

    folder: Path
    what: str
    parameters: pd.DataFrame
    outputs: pd.DataFrame
    chance: pd.Series


def runs_in(folder: str, runs: str = POSTERIOR) -> Runs:
    """Runs of the calibration or study in a folder.

    Parameters
    ----------
    folder
        The folder, or its name in ``outputs``.
    runs
        Of a calibration: ``posterior`` for those that its posterior holds, or ``all``.

    Raises
    ------
    UserError
        If it holds neither, or what it holds cannot be used.
    """
    if runs not in RUNS:
        found = f"runs: found {value_text(runs)}"
        raise UserError(with_help(found, " or ".join(RUNS), nearest(runs, RUNS)))
    if Path(folder).suffix in SUFFIXES and not Path(folder).is_dir():
        raise UserError(
            f"{folder}: is the name of a file, and runs that there are lie in a folder (rlsabm "
            f"sensitivity {folder} --method morris does runs of its own)"
        )
    for place in (Path(folder), OUTPUTS / folder):
        manifest = _manifest_of_calibration(place)
        if manifest is not None:
            return _runs_of_calibration(place, manifest, runs)
    return runs_of_study(read(folder))


def refuse_a_calibration(place: Path) -> None:
    """Refuse to write into the folder of a calibration.

    Raises
    ------
    UserError
        If a place is such a folder, or within one.
    """
    whole = place.resolve()
    if any(_manifest_of_calibration(folder) is not None for folder in (whole, *whole.parents)):
        raise UserError(f"{place}: is the folder of a calibration; choose another one")


def refuse_a_folder(file: str) -> None:
    """Refuse the folder of runs where a calibration file is expected.

    Parameters
    ----------
    file
        Path or name of a calibration file.

    Raises
    ------
    UserError
        If it is a folder, or the name of one in ``outputs`` and of no file that ships.
    """
    is_name = file not in NO_SCENARIOS and not Path(file).exists()
    if Path(file).is_dir() or (is_name and (OUTPUTS / file).is_dir()):
        raise UserError(
            f"{file}: is a folder, and --method morris does runs of its own from a calibration file "
            f"(rlsabm sensitivity {file} takes the runs that the folder holds)"
        )


def posterior_of(folder: str | Path) -> Posterior:
    """Draws from the posterior of a calibration.

    Parameters
    ----------
    folder
        Its folder, or its name in ``outputs``.

    Raises
    ------
    UserError
        If there is no calibration in it, it has no draws yet, or they are of unknown parameters.
    """
    for place in (Path(folder), OUTPUTS / folder):
        manifest = _manifest_of_calibration(place)
        if manifest is None:
            continue
        if not table_path(place, "posterior").exists():
            raise UserError(f"{place}: the calibration has no draws from its posterior yet")
        found = posterior_in(_file_of_calibration(place, manifest, "posterior").combine_chunks())
        for values in found.values.tolist():
            checked_values(dict(zip(found.names, values, strict=True)), str(place))
        return found
    raise UserError(f"{folder}: there is no calibration in this folder")


def _manifest_of_calibration(folder: Path) -> dict[str, Any] | None:
    """The manifest of a calibration; None if the folder holds none."""
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        return dict(manifest) if manifest["kind"] == "calibration" else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _runs_of_calibration(folder: Path, manifest: dict[str, Any], runs: str) -> Runs:
    if not table_path(folder, "figures").exists():
        raise UserError(f"{folder}: the calibration has no runs yet; its first wave has not ended")
    values = _table_of_calibration(folder, manifest, "values")
    figures = _table_of_calibration(folder, manifest, "figures")
    inputs = _wide(values, "parameter", "value")
    outputs = _wide(figures, "target", "simulated")
    errors = _wide(figures, "target", "monte_carlo_error")
    what = "all runs of the calibration"
    chosen = outputs.index
    if runs == POSTERIOR:
        if not table_path(folder, "posterior").exists():
            raise UserError(
                f"{folder}: the calibration has no draws from its posterior yet; --runs all takes the "
                "runs that there are"
            )
        posterior = _table_of_calibration(folder, manifest, "posterior")
        # Each run once: a run that is there twice would look like an effect of all parameters.
        chosen = chosen[chosen.isin(posterior["evaluation"])]
        what = "runs that the posterior holds"
    outputs, errors = outputs.loc[chosen], errors.loc[chosen]
    tells = errors < NOTHING_KNOWN
    outputs, errors = outputs.where(tells), errors.where(tells)
    return Runs(
        folder=folder,
        what=what,
        parameters=_differing(inputs.loc[chosen]),
        outputs=outputs,
        chance=_share_of((errors**2).mean(), outputs),
    )


def _table_of_calibration(folder: Path, manifest: dict[str, Any], name: str) -> pd.DataFrame:
    """A table of a calibration."""
    try:
        return frame_of(_file_of_calibration(folder, manifest, name))
    except (pa.ArrowException, KeyError) as error:
        raise _unreadable(table_path(folder, name), error) from None


def _file_of_calibration(folder: Path, manifest: dict[str, Any], name: str) -> pa.Table:
    """A table as its file has it, which is as it was written unless the calibration is running."""
    path = table_path(folder, name)
    mark = manifest.get("files", {}).get(path.name)
    if manifest.get("status") != "running" and mark and (fault := fault_of(path, [Mark(**mark)])):
        raise UserError(f"{path}: {fault}; the command that made the calibration makes it again")
    try:
        return read_parquet(path)
    except (OSError, pa.ArrowException) as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> UserError:
    return UserError(f"{path}: cannot be read: {str(error).splitlines()[0]}")


def _wide(table: pd.DataFrame, column: str, value: str) -> pd.DataFrame:
    """A row for each run, and a column for each word, in the order of the words."""
    return table.pivot(index="evaluation", columns=column, values=value)


def runs_of_study(study: Study) -> Runs:
    """Draws of a study as runs: prevalence of everyone and caused shifts, adults of the reference arm.

    Parameters
    ----------
    study
        The study. Outputs are of its last survey.

    Raises
    ------
    UserError
        If it has not finished a run.
    """
    draws = study.table("draws")
    values = draws[draws["arm"] == REFERENCE].pivot(
        index="draw", columns="parameter", values="value"
    )
    outputs = pd.concat([_prevalences(study), _caused_shifts(study)], axis=1)
    by_run = pd.concat(
        [_prevalences(study, "replicate"), _caused_shifts(study, "replicate")], axis=1
    )
    replicates = by_run.groupby("draw")
    chance = (replicates.var() / replicates.count()).mean()
    shared = outputs.dropna(axis=1).index.intersection(values.index)
    outputs = outputs.loc[shared]
    return Runs(
        folder=study.folder or Path(),
        what="draws of the study",
        parameters=_differing(values.loc[shared]),
        outputs=outputs.loc[:, outputs.notna().all()],
        chance=_share_of(chance, outputs),
    )


def _prevalences(study: Study, *by: str) -> pd.DataFrame:
    """Prevalence of RLS among all adults by draw, a column for each definition and recall."""
    rows = study.prevalence(
        by=["draw", *by], definition=list(DEFINITIONS), recall=list(RECALLS), arm=REFERENCE
    )
    names = [
        f"prevalence, {d}, {r}" for d, r in zip(rows["definition"], rows["recall"], strict=True)
    ]
    return _by_draw(rows.assign(output=names, value=rows["prevalence"]), by)


def _caused_shifts(study: Study, *by: str) -> pd.DataFrame:
    """Caused shift of any present RLS by draw, a column for each condition with a world without it."""
    if "contrasts" not in study.tables:
        return pd.DataFrame()
    table = study.table("contrasts")
    wanted = {
        "arm": REFERENCE, "year": study.years[-1], "definition": "any", "recall": "current",
        "observed_as": TRUTH, **TOTAL_OF,
    }  # fmt: skip
    chosen = table["cases_without"].notna()
    for name, value in wanted.items():
        if name in table:
            chosen &= table[name] == value
    counts = ["cases", "cases_without", "persons"]
    sums = table[chosen].groupby(["condition", "draw", *by], observed=True)[counts].sum()
    shift = (sums["cases"] - sums["cases_without"]) / sums["persons"]
    rows = shift.rename("value").reset_index()
    return _by_draw(rows.assign(output="caused shift, " + rows["condition"].astype(str)), by)


def _by_draw(rows: pd.DataFrame, by: tuple[str, ...]) -> pd.DataFrame:
    """Values by draw, a column for each output, in the order in which outputs come."""
    wide = rows.pivot(index=["draw", *by], columns="output", values="value")
    return wide[list(dict.fromkeys(rows["output"]))]


def _share_of(variance: pd.Series, outputs: pd.DataFrame) -> pd.Series:
    """Share of the outputs' variance, at most all of it."""
    whole = outputs.var()
    return (variance.reindex(whole.index) / whole.where(whole > 0)).clip(upper=1.0)


def _differing(values: pd.DataFrame) -> pd.DataFrame:
    """The parameters that are not the same in all runs."""
    return values.loc[:, values.nunique() > 1]
