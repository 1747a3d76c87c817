"""The tables of a calibration, made from what was run and learnt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from rlsabm.calibration.diagnostics import (
    PRIOR,
    conflicts,
    divergence_from_prior,
    equalised,
    pulls,
)
from rlsabm.calibration.evaluating import Asked
from rlsabm.calibration.learning import DRAWS, Learnt, seed_of
from rlsabm.calibration.likelihood import from_scale
from rlsabm.calibration.priors import values_of
from rlsabm.calibration.problem import NOTHING_KNOWN, Problem
from rlsabm.calibration.state import Finished
from rlsabm.calibration.tables import (
    CONFLICTS,
    EVALUATIONS,
    FIGURES,
    FIT,
    IMPLAUSIBILITY,
    LEARNT,
    POSTERIOR,
    TABLES,
    VALUES,
    WAVES,
    vocabulary_of,
)
from rlsabm.results.arrow import to_arrow
from rlsabm.results.contents import Contents
from rlsabm.results.files import table_bytes
from rlsabm.results.intervals import Z_95
from rlsabm.results.table import Column, ResultTable

#: Percentiles of an interval of 95 %.
LOW, HIGH = 2.5, 97.5


def tables_of(
    problem: Problem,
    learnt: Learnt,
    rows: Sequence[Mapping[str, Any]],
    asked: Sequence[tuple[int, Asked]],
    ended: Mapping[int, Finished],
    draws: int,
    seed: int,
) -> Iterator[tuple[str, bytes]]:
    """Tables as Parquet, by name.

    Parameters
    ----------
    problem
        What is calibrated.
    learnt
        What is known after the last wave.
    rows
        What was learnt from each wave, as the journal has it.
    asked, ended
        All runs with their waves, and those that have ended.
    draws
        Draws of the posterior.
    seed
        Seed of the calibration.
    """
    found: dict[str, Contents] = {
        WAVES.name: _columns(WAVES, [row["wave"] for row in rows]),
        IMPLAUSIBILITY.name: _columns(
            IMPLAUSIBILITY,
            [{"wave": row["wave"]["wave"], **each} for row in rows for each in row["targets"]],
        ),
        LEARNT.name: _what_targets_say(problem, learnt),
        CONFLICTS.name: _conflicts(problem, learnt),
        **_runs(problem, asked, ended),
    }
    if learnt.weights is not None:
        last = asked[-1][0]
        good = [each for wave, each in asked if wave == last and not ended[each.number].error]
        places = equalised(learnt.weights, draws, seed_of(seed, last, DRAWS))
        chosen = [good[place] for place in places]
        found[POSTERIOR.name] = _posterior(problem, chosen)
        found[FIT.name] = _fit(problem, [ended[each.number] for each in chosen])
    vocabulary = vocabulary_of(problem)
    for name, contents in found.items():
        yield name, table_bytes(to_arrow(TABLES[name], contents, vocabulary))


def _columns(table: ResultTable, rows: Sequence[Mapping[str, Any]]) -> Contents:
    """Rows as columns."""
    names = [column.name for column in table.columns if isinstance(column, Column)]
    return {name: np.array([row[name] for row in rows]) for name in names}


def _runs(
    problem: Problem, asked: Sequence[tuple[int, Asked]], ended: Mapping[int, Finished]
) -> dict[str, Contents]:
    """Tables of the runs that have ended: themselves, their parameters, and what they gave."""
    there = [(wave, each, ended[each.number]) for wave, each in asked if each.number in ended]
    good = [run for _, _, run in there if not run.error]
    numbers = [run.number for run in good]
    parameters, targets = problem.parameter_names, problem.target_names
    figures = [[run.figures[name] for name in targets] for run in good]
    return {
        EVALUATIONS.name: _columns(
            EVALUATIONS,
            [
                {
                    "evaluation": run.number,
                    "wave": wave,
                    "seed": str(each.seed),
                    "status": "failed" if run.error else "finished",
                    "error": run.error,
                    "seconds": run.seconds,
                    "worker": run.worker,
                }
                for wave, each, run in there
            ],
        ),
        VALUES.name: {
            "evaluation": np.repeat([run.number for _, _, run in there], len(parameters)),
            "parameter": np.tile(np.arange(len(parameters)), len(there)),
            "value": np.array([each.values[name] for _, each, _ in there for name in parameters]),
        },
        FIGURES.name: {
            "evaluation": np.repeat(numbers, len(targets)),
            "target": np.tile(np.arange(len(targets)), len(good)),
            "simulated": np.array([each.value for row in figures for each in row]),
            "monte_carlo_error": np.array([each.monte_carlo_sd for row in figures for each in row]),
        },
    }


def _posterior(problem: Problem, chosen: Sequence[Asked]) -> Contents:
    """Draws of equal weight."""
    names = problem.parameter_names
    return {
        "draw": np.repeat(np.arange(1, len(chosen) + 1), len(names)),
        "evaluation": np.repeat([each.number for each in chosen], len(names)),
        "parameter": np.tile(np.arange(len(names)), len(chosen)),
        "value": np.array([each.values[name] for each in chosen for name in names]),
    }


def _fit(problem: Problem, chosen: Sequence[Finished]) -> Contents:
    """Targets and the figures of runs at draws from the posterior."""
    rows = []
    for target in problem.targets:
        found = [run.figures[target.name] for run in chosen]
        told = [each.value for each in found if each.monte_carlo_sd < NOTHING_KNOWN]
        figures = np.array(told or [each.value for each in found])
        distances = target.distance(figures, np.zeros_like(figures))
        on_scale = np.array(
            [
                *(target.mean, *target.limits),
                *(figures.mean(), *np.percentile(figures, [LOW, HIGH])),
            ]
        )
        published, lower, upper, simulated, low, high = from_scale(on_scale, target.scale).tolist()
        rows.append(
            {
                "target": target.name,
                "scale": target.scale,
                "published": published,
                "published_lower": lower,
                "published_upper": upper,
                "simulated": simulated,
                "simulated_lower": low,
                "simulated_upper": high,
                "inside": lower <= simulated <= upper,
                "distance": distances.mean(),
                "contribution": (distances**2).mean(),
            }
        )
    contents = _columns(FIT, rows)
    misfit = contents["contribution"].sum()
    contents["contribution"] = contents["contribution"] / (misfit or 1.0)
    return contents


def _what_targets_say(problem: Problem, learnt: Learnt) -> Contents:
    """Priors and posteriors of the parameters."""
    points = learnt.drawn.points
    percentiles = np.percentile(points, [50.0, LOW, HIGH], axis=0)
    prior = np.repeat([[0.0], [-Z_95], [Z_95]], points.shape[1], axis=1)
    before = values_of(problem.parameters, prior)
    after = values_of(problem.parameters, percentiles)
    return {
        "parameter": np.arange(points.shape[1]),
        **dict(zip(("prior_median", "prior_lower", "prior_upper"), before, strict=True)),
        **dict(zip(("median", "lower", "upper"), after, strict=True)),
        "sd_ratio": points.std(axis=0),
        "shift": points.mean(axis=0),
        "divergence": divergence_from_prior(points),
        "effective_size": learnt.drawn.effective_size,
        "autocorrelation": learnt.drawn.autocorrelation_steps,
        "r_hat": learnt.drawn.r_hat,
    }


def _conflicts(problem: Problem, learnt: Learnt) -> Contents:
    """Pairs of targets, and of each target and the prior, the greatest contradiction first."""
    pulled = pulls(problem, learnt.known.emulator, learnt.looks)
    correlation, parameter, part = conflicts(pulled)
    names = [*problem.target_names, PRIOR]
    one, other = np.triu_indices(len(names), k=1)
    order = np.argsort(correlation[one, other], kind="stable")
    one, other = one[order], other[order]
    return {
        "target": one,
        "other": other,
        "correlation": correlation[one, other],
        "parameter": parameter[one, other],
        "part": part[one, other],
    }
