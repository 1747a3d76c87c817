"""The scorecard: published figures beside simulated ones, those that were fitted to and those never."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from rlsabm.calibration.given_runs import posterior_of
from rlsabm.calibration.reading import read_targets
from rlsabm.calibration.samples import Figure
from rlsabm.calibration.targets import Target
from rlsabm.calibration.virtual_studies import (
    STUDIES,
    Advance,
    ScenarioLike,
    combined,
    take_figures,
)
from rlsabm.declaring.bounds import names
from rlsabm.errors import UserError
from rlsabm.results.arrow import frame_of, records_of, to_arrow
from rlsabm.results.files import table_bytes, table_path, write_together
from rlsabm.results.intervals import Z_95
from rlsabm.results.table import Column, Kind, ResultTable
from rlsabm.results.vocabulary import Vocabulary

#: People of each run, and runs, where nothing is said.
SIZE, REPLICATES = 100_000, 4
#: Lives that each registry counts for each of the people of a run: patients and births are few.
REGISTERED = 10
#: Fewest draws from which an interval is made.
LEAST_DRAWS = 5
PURPOSES = ("calibration", "validation")
_VOCABULARY = Vocabulary((), (), {}, (), (0,), (), ())

TABLE = ResultTable(
    name="scorecard",
    title="Published figures beside those of the simulated people",
    kind=Kind.SCORECARD,
    columns=(
        Column(
            "purpose", "category", "",
            "whether parameters may be fitted to the figure (calibration) or never are (validation)",
            words=PURPOSES,
        ),
        Column("row", "text", "", "row of the list of figures, such as C16"),
        Column("target", "text", "", "key of the figure in its target file"),
        Column("says", "text", "", "the figure in words, with its unit"),
        Column("measure", "text", "", "how it is taken; empty if it cannot be observed yet"),
        Column("simulated", "number", "of the figure", "figure of the simulated people"),
        Column(
            "lower", "number", "of the figure",
            "lower limit of the 95 % interval of the simulated figure",
        ),
        Column("upper", "number", "of the figure", "upper limit of that interval"),
        Column(
            "interval_of", "category", "",
            "what the simulated interval holds: 'study' is the chance of a study of the published size "
            "and of the simulation together, 'simulation' that of the simulation alone, 'draws' the "
            "middle 95 % of runs at draws of the parameters",
            words=("study", "simulation", "draws", "none"),
        ),
        Column(
            "monte_carlo_error", "number", "of the figure",
            "standard error by the limited number of people simulated",
        ),
        Column("units", "whole", "units", "people, pairs or others counted, in all runs"),
        Column("runs", "whole", "runs", "runs in which the figure could be taken"),
        Column("published", "number", "of the figure", "published figure; of an ordering, its bound"),
        Column("published_lower", "number", "of the figure", "lower limit of the published interval"),
        Column("published_upper", "number", "of the figure", "upper limit of the published interval"),
        Column(
            "verdict", "category", "",
            "whether the simulated figure is in the published interval; 'not observed' if the model "
            "cannot show it yet, or nobody could be counted",
            words=("inside", "outside", "not observed"),
        ),
        Column(
            "compatible", "yes/no", "",
            "whether the published figure is in the simulated interval: chance may explain the "
            "difference",
        ),
        Column("proportion", "yes/no", "", "whether the figure is a proportion from 0 to 1"),
        Column("needs", "text", "", "what the model lacks to show the figure; empty if nothing"),
        Column("source", "text", "", "where the figure is published"),
        Column("doi", "text", "", "DOI of the source; empty if it is not known"),
        Column("pmid", "text", "", "PubMed number of the source; empty if it is not known"),
        Column("note", "text", "", "how figure and measure compare"),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Scorecard:
    """Published figures beside simulated ones.

    Attributes
    ----------
    frame
        A row a target, calibration targets first; ``attrs`` have units and meanings of the columns.
    size
        People of each run.
    draws, replicates
        Draws of the parameters, and runs of each; without draws they had their defaults.
    """

    frame: pd.DataFrame
    size: int
    replicates: int
    draws: int = 0

    def inside(self, purpose: str) -> tuple[int, int]:
        """How many figures of a purpose are in their published intervals, and of how many.

        Parameters
        ----------
        purpose
            ``calibration`` or ``validation``.
        """
        verdicts = self.frame.loc[self.frame["purpose"] == purpose, "verdict"]
        return int((verdicts == "inside").sum()), int((verdicts != "not observed").sum())

    def rows_inside(self, purpose: str) -> tuple[int, int]:
        """How many rows of the list are inside with all figures that can be observed, and of how many.

        Parameters
        ----------
        purpose
            ``calibration`` or ``validation``.
        """
        of_purpose = self.frame[self.frame["purpose"] == purpose]
        observed = of_purpose[of_purpose["verdict"] != "not observed"]
        whole = (observed["verdict"] == "inside").groupby(observed["row"]).all()
        return int(whole.sum()), len(whole)

    def records(self) -> list[dict[str, Any]]:
        """The rows as mappings, None where there is no number or no limit."""
        return records_of(self.frame)

    def write(self, folder: str | Path) -> Path:
        """Write the table as ``scorecard.parquet``.

        Parameters
        ----------
        folder
            Where; it is made if it is not there.

        Returns
        -------
        pathlib.Path
            The file, whole or not there at all.
        """
        place = Path(folder)
        path = table_path(place, TABLE.name)
        write_together(place, [(path.name, table_bytes(_arrow(dict(self.frame.items()))))])
        return path


def validate(
    scenario: ScenarioLike = "baseline",
    *,
    targets: Sequence[str | Path] | str | Path = PURPOSES,
    settings: Sequence[str] = (),
    parameters: Mapping[str, float] | None = None,
    size: int = SIZE,
    draws: int = 0,
    posterior: str | Path | None = None,
    replicates: int | None = None,
    seed: int | None = None,
    workers: int | None = None,
    advance: Advance = lambda share: None,
) -> Scorecard:
    """Compare published figures with what the simulated people show.

    Parameters
    ----------
    scenario
        Scenario file, name of one that ships, or a mapping; its reference arm is simulated, with its
        last survey year.
    targets
        Target files, or names of those that ship; by default ``calibration`` and ``validation``.
    settings
        Settings of the form ``key=value``, as on the command line.
    parameters
        Values that differ from the scenario's, by name.
    size
        People of each run.
    draws, replicates
        Draws of the parameters from the posterior, and runs of each; by default none, parameters have
        their defaults, and there are 4 runs.
    posterior
        Folder of the calibration whose posterior is drawn from; by default the posterior that ships.
    seed
        Root of all random numbers; by default the scenario's.
    workers
        Runs at a time; as many as there are processors by default. Results do not depend on it.
    advance
        Told how it goes: the sum of its arguments is 1 in the end.

    Returns
    -------
    Scorecard
        A row a target.

    Raises
    ------
    UserError
        If the scenario or a target file has a mistake.

    Examples
    --------
    >>> import rlsabm
    >>> card = rlsabm.validate(size=5_000, replicates=2)  # doctest: +SKIP
    >>> card.frame[["target", "simulated", "published", "verdict"]]  # doctest: +SKIP
    """
    if replicates is None:
        replicates = 1 if draws else REPLICATES
    drawn_from = None
    if posterior is not None:
        if not draws:
            raise UserError("posterior: is used for draws only; say how many with draws")
        drawn_from = posterior_of(posterior)
    listed = read_all(targets)
    observed = [target for target in listed if target.query is not None]
    figures = take_figures(
        observed,
        scenario,
        settings=settings,
        parameters=parameters,
        size=size,
        draws=draws,
        posterior=drawn_from,
        replicates=replicates,
        seed=seed,
        studies=0 if draws else STUDIES,
        registered=REGISTERED,
        workers=workers,
        advance=advance,
    )
    found = {target.key: each for target, each in zip(observed, figures, strict=True)}
    rows = [_row(target, found.get(target.key, []), draws) for target in listed]
    contents = {name: [row[name] for row in rows] for name in rows[0]}
    return Scorecard(frame_of(_arrow(contents)), size, replicates, draws)


def read_all(files: Sequence[str | Path] | str | Path) -> list[Target]:
    """Targets of several files, calibration targets first.

    Raises
    ------
    UserError
        If a file has mistakes, or two files have a target of one key.
    """
    given = [files] if isinstance(files, Path) else names("targets", _texts(files))
    listed = [target for file in given for target in read_targets(file)]
    keys = [target.key for target in listed]
    for key in keys:
        if keys.count(key) > 1:
            raise UserError(f"targets: {key} is in two of the files")
    return sorted(listed, key=lambda target: PURPOSES.index(target.purpose))


def _texts(files: Any) -> Any:
    if isinstance(files, str):
        return files
    return [str(file) if isinstance(file, Path) else file for file in files]


def _row(target: Target, figures: Sequence[Figure], draws: int) -> dict[str, Any]:
    """The row of a target from the figures of all runs."""
    figure = combined(figures)
    if draws:
        lower, upper, interval_of = interval_of_draws(figures)
    else:
        lower, upper, interval_of = interval_of_figure(target, figure)
    published_lower, published_upper = target.interval
    verdict = "not observed"
    if math.isfinite(figure.value):
        verdict = "inside" if target.contains(figure.value) else "outside"
    given = target.published
    return {
        "purpose": target.purpose,
        "row": target.row,
        "target": target.key,
        "says": given.says,
        "measure": "" if target.query is None else target.query.measure,
        "simulated": figure.value,
        "lower": lower,
        "upper": upper,
        "interval_of": interval_of,
        "monte_carlo_error": figure.monte_carlo_sd,
        "units": figure.units,
        "runs": sum(math.isfinite(each.value) for each in figures),
        "published": target.value,
        "published_lower": published_lower,
        "published_upper": published_upper,
        "verdict": verdict,
        "compatible": bool(lower <= target.value <= upper),
        "proportion": target.is_proportion,
        "needs": given.needs or "",
        "source": given.source,
        "doi": given.doi or "",
        "pmid": str(given.pmid or ""),
        "note": given.note or "",
    }


def interval_of_figure(target: Target, figure: Figure) -> tuple[float, float, str]:
    """The 95 % interval of a simulated figure, and what it holds.

    Of a target whose study had a known size it is the chance of such a study and that of the simulation
    together, otherwise that of the simulation alone.
    """
    if not math.isfinite(figure.value) or not math.isfinite(figure.monte_carlo_sd):
        return math.nan, math.nan, "none"
    below = above = Z_95 * figure.monte_carlo_sd
    if len(figure.studies):
        least, most = np.percentile(figure.studies, [2.5, 97.5])
        below = math.hypot(below, figure.value - float(least))
        above = math.hypot(above, float(most) - figure.value)
    lower, upper = figure.value - below, figure.value + above
    if target.scale != "identity":
        lower = max(lower, 0.0)
    if target.is_proportion:
        upper = min(upper, 1.0)
    return lower, upper, "study" if len(figure.studies) else "simulation"


def interval_of_draws(figures: Sequence[Figure]) -> tuple[float, float, str]:
    """The middle 95 % of figures of runs at draws of the parameters, and what the interval holds."""
    there = [figure.value for figure in figures if math.isfinite(figure.value)]
    if len(there) < LEAST_DRAWS:
        return math.nan, math.nan, "none"
    lower, upper = np.percentile(there, [2.5, 97.5]).tolist()
    return lower, upper, "draws"


def _arrow(contents: Mapping[Any, Any]) -> pa.Table:
    return to_arrow(TABLE, contents, _VOCABULARY)
