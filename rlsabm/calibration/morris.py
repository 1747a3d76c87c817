"""Elementary effects by Morris: where the model is run, and what follows for each parameter.

A trajectory is a walk through the space of parameters that moves each of them once, one at a time.  The
change of an output by a step, for the whole range of the parameter that moved, is an elementary effect
(Morris 1991, doi 10.1080/00401706.1991.10484804).  Their mean absolute value ranks parameters, also
where effects have both signs (Campolongo, Cariboni & Saltelli 2007, doi 10.1016/j.envsoft.2006.10.004).
Trajectories and summaries are those of the library SALib.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from rlsabm.arrays import Bools, Floats

#: Values of a parameter: at 0, 1/3, 2/3 and 1 of its range. With an even number and steps of
#: LEVELS / 2 of them all values are equally frequent; with 4, steps are long (2/3 of the range), so
#: that effects stand out of chance, and ten trajectories visit each value of each parameter.
LEVELS = 4
#: Range of a parameter: so much of the middle of its prior.
MIDDLE = 0.95
#: Probability that chance alone leaves all parameters of an output below its threshold.
CONFIDENCE = 0.95
#: Draws of effects that are chance, and how many are made at a time.
DRAWS, AT_A_TIME = 4_000, 50
#: Samples of effects, drawn with replacement, behind an interval.
RESAMPLES = 1_000
#: What random numbers are for, beside those of runs.
DESIGN, INTERVALS, CHANCE = range(3)


class Summary(NamedTuple):
    """What effects on an output say of each parameter; each attribute has one number for each.

    Attributes
    ----------
    mean, mean_absolute
        Mean of the effects (mu), and of their absolute values (mu*).
    half_width
        Half-width of the 95 % interval of the mean absolute value.
    sd
        Standard deviation of the effects (sigma).
    trajectories
        Number of effects.
    """

    mean: Floats
    mean_absolute: Floats
    half_width: Floats
    sd: Floats
    trajectories: Any


def trajectories_of(parameters: int, trajectories: int, seed: int) -> Floats:
    """Points of trajectories in the unit cube: by trajectory, point and parameter.

    Parameters
    ----------
    parameters, trajectories
        Their numbers. Fewer trajectories of a seed are the first of more.
    seed
        Seed of the design.
    """
    from SALib.sample import morris

    points: Floats = morris.sample(
        _problem(parameters), trajectories, num_levels=LEVELS, seed=_seed(seed, DESIGN)
    )
    return points.reshape(trajectories, parameters + 1, parameters)


def scores_of(points: Floats) -> Floats:
    """Scores of parameters at points of the unit cube, which is the middle of their priors."""
    from scipy.special import ndtri

    scores: Floats = ndtri((1.0 - MIDDLE) / 2.0 + MIDDLE * points)
    return scores


def effects_of(points: Floats, outputs: Floats) -> Floats:
    """Elementary effects for the whole range of each parameter: by trajectory and parameter.

    Parameters
    ----------
    points
        By trajectory, point and parameter.
    outputs
        By trajectory and point, after any number of other axes; missing where nothing is known.
    """
    steps = np.diff(points, axis=1)
    order = np.abs(steps).argmax(axis=1)  # the step in which a parameter moves
    length = np.take_along_axis(steps, order[:, np.newaxis], axis=1)[:, 0]
    changes = np.diff(outputs, axis=-1)
    order = np.broadcast_to(order, (*outputs.shape[:-2], *order.shape))
    found: Floats = np.take_along_axis(changes, order, axis=-1) / length
    return found


def summary_of(points: Floats, outputs: Floats, seed: int) -> Summary:
    """What effects on an output say of each parameter.

    Parameters
    ----------
    points, outputs
        As in `effects_of`. A parameter's effect is left out where one of its two runs is missing.
    seed
        Seed of the samples behind intervals.
    """
    from SALib.analyze import morris

    parameters = points.shape[-1]
    known = np.isfinite(effects_of(points, outputs))
    numbers = known.sum(axis=0)
    found = np.full((4, parameters), np.nan)
    for chosen in np.unique(known[:, numbers > 1], axis=1).T:
        these = (known == chosen[:, np.newaxis]).all(axis=0)
        analysed = morris.analyze(
            _problem(parameters),
            points[chosen].reshape(-1, parameters),
            np.nan_to_num(outputs[chosen]).ravel(),  # missing ones touch other parameters only
            num_resamples=RESAMPLES,
            conf_level=CONFIDENCE,
            num_levels=LEVELS,
            seed=_seed(seed, INTERVALS),
        )
        for place, name in enumerate(("mu", "mu_star", "mu_star_conf", "sigma")):
            found[place, these] = np.asarray(analysed[name], dtype=float)[these]
    mean, mean_absolute, half_width, sd = found
    return Summary(mean, mean_absolute, half_width, sd, numbers)


def clear_in_mean(summary: Summary) -> Bools:
    """Whether mean effects can be told from 0, by how effects differ between trajectories.

    Trajectories are drawn apart, so that this is Student's test. With 95 % probability it is true of no
    parameter where none has a mean effect.

    Parameters
    ----------
    summary
        What effects on an output say.
    """
    from scipy.stats import t

    probability = 0.5 + 0.5 * CONFIDENCE ** (1.0 / len(summary.mean))
    reached = t.ppf(probability, summary.trajectories - 1)
    clear: Bools = np.abs(summary.mean) * np.sqrt(summary.trajectories) > reached * summary.sd
    return clear


def threshold(points: Floats, errors: Floats, seed: int) -> float:
    """Mean absolute effect that no parameter reaches with 95 % probability where all is chance.

    Errors of different runs are taken as independent. Runs of a trajectory share their random numbers,
    so that there is less chance in their differences: the threshold is on the safe side.

    Parameters
    ----------
    points
        By trajectory, point and parameter.
    errors
        Standard error of an output by trajectory and point; missing where nothing is known.
    seed
        Seed of the draws.
    """
    known: Bools = np.isfinite(effects_of(points, errors))
    error, numbers = np.nan_to_num(errors), known.sum(axis=0)
    generator = np.random.default_rng(_seed(seed, CHANCE))
    largest = []
    for _ in range(DRAWS // AT_A_TIME):
        drawn = generator.standard_normal((AT_A_TIME, *errors.shape)) * error
        sums = (np.abs(effects_of(points, drawn)) * known).sum(axis=1)
        largest.append((sums / np.maximum(numbers, 1)).max(axis=1))
    return float(np.quantile(np.concatenate(largest), CONFIDENCE))


def _seed(seed: int, purpose: int) -> np.random.SeedSequence:
    return np.random.SeedSequence(seed, spawn_key=(purpose, 0))  # runs have keys of one number


def _problem(parameters: int) -> dict[str, Any]:
    """The unit cube as SALib describes it."""
    return {
        "num_vars": parameters,
        "names": [str(place) for place in range(parameters)],
        "bounds": [[0.0, 1.0]] * parameters,
    }
