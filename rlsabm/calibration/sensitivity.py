"""Which parameters move which outputs, from the runs of a calibration or the draws of a study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from rlsabm.arrays import Floats
from rlsabm.calibration.given_runs import POSTERIOR, Runs, refuse_a_calibration, runs_in
from rlsabm.calibration.heat_map import heat_map
from rlsabm.calibration.influence import (
    companions,
    fewest_runs,
    first_order,
    partial_threshold,
    rank_correlations,
    standard_error,
    threshold,
)
from rlsabm.declaring.bounds import whole_number
from rlsabm.errors import UserError
from rlsabm.results.arrow import frame_of, records_of, to_arrow
from rlsabm.results.files import table_bytes, table_path, write_together
from rlsabm.results.intervals import Z_95
from rlsabm.results.table import Column, Kind, ResultTable
from rlsabm.results.vocabulary import Vocabulary
from rlsabm.wording import counted

PICTURE = "sensitivity.png"
TITLE = "Share of each output's variance that goes with each parameter"

TABLE = ResultTable(
    name="sensitivity",
    title="How much of what varies between runs goes with each parameter",
    kind=Kind.CALIBRATION,
    columns=(
        Column(
            "output", "category", "",
            "target of a calibration, on its scale; or prevalence of everyone by definition and "
            "recall, or caused shift of any present RLS by condition, in adults of the reference arm",
            words=lambda vocabulary: vocabulary.targets,
        ),
        Column(
            "parameter", "category", "", "parameter that differs between runs",
            words=lambda vocabulary: vocabulary.parameters,
        ),
        Column(
            "first_order", "number", "1",
            "share of the output's variance that goes with the parameter, through itself and through "
            "parameters that go with it; without bias, so that it may be below 0",
        ),
        Column(
            "lower", "number", "1",
            "lower limit of its 95 % interval; missing where it cannot be told from 0",
        ),
        Column("upper", "number", "1", "upper limit of this interval"),
        Column(
            "threshold", "number", "1",
            "index that no parameter would reach with 95 % probability if none had an effect on the "
            "output",
        ),
        Column("clear", "yes/no", "", "whether the index is above the threshold"),
        Column("rank", "whole", "", "place among the parameters of the output, the largest first"),
        Column(
            "rank_correlation", "number", "1",
            "rank correlation of output and parameter: above 0, both rise together",
        ),
        Column(
            "partial_rank_correlation", "number", "1",
            "rank correlation that is left when all other parameters are held; missing with too few "
            "runs",
        ),
        Column(
            "clear_when_held", "yes/no", "",
            "whether the partial rank correlation can be told from 0: none would be so far from it "
            "with 95 % probability if no parameter had an effect",
        ),
        Column(
            "goes_with", "category", "",
            "other parameter that goes with this one most closely in these runs",
            words=lambda vocabulary: vocabulary.parameters,
        ),
        Column("correlation", "number", "1", "their rank correlation"),
        Column(
            "chance", "number", "1",
            "share of the output's variance that is chance, due to the limited number of people; "
            "missing where it is not known (a study with one replicate)",
        ),
        Column("runs", "whole", "runs", "runs behind the index"),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Sensitivity:
    """Which parameters move which outputs.

    Attributes
    ----------
    frame
        A row for each output and parameter; ``attrs`` have units and meanings of the columns.
    folder
        Folder of the calibration or study.
    what
        What its runs are, in words.
    runs
        Number of runs.
    left_out
        Outputs that are the same in all runs, or of which too few runs say something.
    """

    frame: pd.DataFrame
    folder: Path
    what: str
    runs: int
    left_out: tuple[str, ...] = ()

    def largest(self, output: str) -> pd.DataFrame:
        """Parameters that go with an output for certain, also when others are held; the closest first.

        Parameters
        ----------
        output
            Its name.
        """
        rows = self.frame[
            (self.frame["output"] == output) & self.frame[["clear", "clear_when_held"]].any(axis=1)
        ]
        return rows.sort_values("rank")

    def records(self) -> list[dict[str, Any]]:
        """The rows as mappings, None where there is no number."""
        return records_of(self.frame)

    def picture(self) -> bytes:
        """A heat map of parameters by outputs, as PNG."""
        return heat_map(
            self.frame,
            f"{counted(self.runs, 'run')}: {self.what}",
            TITLE,
            size="first_order",
            direction="rank_correlation",
        )

    def write(self, folder: str | Path) -> tuple[Path, Path]:
        """Write ``sensitivity.parquet`` and ``sensitivity.png``.

        Parameters
        ----------
        folder
            Where; it is made if it is not there.

        Returns
        -------
        tuple of pathlib.Path
            Both files.

        Raises
        ------
        UserError
            If the folder is that of a calibration.
        """
        place = Path(folder)
        refuse_a_calibration(place)
        table = table_path(place, TABLE.name)
        content = table_bytes(arrow_of(TABLE, dict(self.frame.items())))
        write_together(place, [(table.name, content), (PICTURE, self.picture())])
        return table, place / PICTURE


def sensitivity(folder: str | Path, *, runs: str = POSTERIOR, seed: int = 1) -> Sensitivity:
    """Say which parameters move which outputs, from runs that there are.

    Parameters
    ----------
    folder
        Folder of a calibration, or of a study with several draws; or its name in ``outputs``.
    runs
        Of a calibration: ``posterior`` for the runs that its posterior holds, or ``all``.
    seed
        Seed of the halves of runs from which intervals are taken.

    Returns
    -------
    Sensitivity
        A row for each output and parameter.

    Raises
    ------
    UserError
        If the extra is not installed, the folder holds no runs, or they are too few.

    Examples
    --------
    >>> found = rlsabm.sensitivity("outputs/calibration")  # doctest: +SKIP
    >>> found.frame.query("clear")[["output", "parameter", "first_order"]]  # doctest: +SKIP
    """
    require_extra()
    return sensitivity_of(runs_in(str(folder), runs), whole_number("seed", seed, 0, 2**63 - 1))


def sensitivity_of(given: Runs, seed: int = 1) -> Sensitivity:
    """Say which parameters move which outputs in some runs.

    Parameters
    ----------
    given
        The runs.
    seed
        Seed of the halves of runs from which intervals are taken.

    Raises
    ------
    UserError
        If they are too few, or nothing differs between them.
    """
    runs, parameters = given.parameters.shape
    if not parameters:
        raise UserError(f"{given.folder}: no parameter differs between the {given.what}")
    if runs < (needed := fewest_runs(parameters)):
        raise UserError(
            f"{given.folder}: found {runs:,} {given.what} (expected at least {needed:,} to tell "
            f"{counted(parameters, 'parameter')} apart)"
        )
    can_be_told = (given.outputs.nunique() > 1) & (given.outputs.count() >= needed)
    outputs = given.outputs.loc[:, can_be_told]
    values = given.parameters.to_numpy(float)
    names = [str(name) for name in given.parameters.columns]
    closest, correlation = companions(values)
    seeds = np.random.SeedSequence(seed).spawn(outputs.shape[1] * parameters)
    parts = []
    for place, output in enumerate(outputs.columns):
        known = outputs[output].notna().to_numpy()
        column, of_known = outputs[output].to_numpy(float)[known], values[known]
        runs = len(column)
        least, least_partial = threshold(runs, parameters), partial_threshold(runs, parameters)
        own = seeds[place * parameters : (place + 1) * parameters]
        index, error = _indices(of_known, column, least, own)
        plain, partial = rank_correlations(of_known, column)
        rank = np.empty(parameters, dtype=int)
        rank[np.argsort(-index, kind="stable")] = np.arange(1, parameters + 1)
        part = {
            "first_order": index,
            "lower": np.maximum(index - Z_95 * error, 0.0),
            "upper": np.minimum(index + Z_95 * error, 1.0),
            "threshold": np.full(parameters, least),
            "clear": index > least,
            "rank": rank,
            "rank_correlation": plain,
            "partial_rank_correlation": partial,
            "clear_when_held": np.abs(partial) > least_partial,
            "correlation": correlation,
            "chance": np.full(parameters, given.chance[output]),
            "runs": np.full(parameters, runs),
        }
        parts.append(
            pd.DataFrame(part).assign(
                output=str(output), parameter=names, goes_with=[names[other] for other in closest]
            )
        )
    if not parts:
        raise UserError(f"{given.folder}: no output differs between enough of the {given.what}")
    contents = {str(name): column.to_numpy() for name, column in pd.concat(parts).items()}
    return Sensitivity(
        frame=frame_of(arrow_of(TABLE, contents)),
        folder=given.folder,
        what=given.what,
        runs=len(values),
        left_out=tuple(str(name) for name in given.outputs.columns[~can_be_told]),
    )


def folder_beside(found: Sensitivity) -> Path:
    """Where a sensitivity analysis is written where nothing is said: beside what it is of."""
    folder = found.folder.resolve()
    return found.folder.parent / f"{folder.name}-sensitivity"


def _indices(
    values: Floats, output: Floats, least: float, seeds: list[np.random.SeedSequence]
) -> tuple[Floats, Floats]:
    """First-order index of each parameter, and the standard errors of those above a threshold."""
    index = np.array([first_order(column, output) for column in values.T])
    error = [
        standard_error(column, output, seed) if found > least else np.nan
        for column, found, seed in zip(values.T, index, seeds, strict=True)
    ]
    return index, np.array(error)


def arrow_of(table: ResultTable, contents: Mapping[Any, Any]) -> pa.Table:
    """A table of outputs and parameters.

    Parameters
    ----------
    table
        Its declaration.
    contents
        Its columns.
    """

    def words(name: str) -> list[str]:
        return list(dict.fromkeys(map(str, contents[name])))

    vocabulary = Vocabulary((), (), {}, (), (0,), words("parameter"), (), targets=words("output"))
    return to_arrow(table, contents, vocabulary)


def require_extra() -> None:
    """Refuse to begin without the libraries that are needed.

    Raises
    ------
    UserError
        If one is not installed.
    """
    try:
        import matplotlib  # noqa: F401
        import SALib  # noqa: F401
    except ImportError:
        raise UserError(
            "sensitivity: needs SALib and matplotlib; install them with pip install "
            '"rlsabm[sensitivity]"'
        ) from None
