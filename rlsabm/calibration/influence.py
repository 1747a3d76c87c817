"""How much of what varies between runs of the model goes with each parameter, from runs that there are.

The first-order index of a parameter is the share of the variance of an output that goes with it: the
variance of its mean at each value of the parameter, by its whole variance.  It is taken
from the runs sorted by the parameter, as the share of the lowest frequencies in what then varies
(Plischke 2010, doi 10.1016/j.ress.2009.11.005), without the bias of few runs (Tissot & Prieur 2012, doi
10.1016/j.ress.2012.06.010).  Both are those of the library SALib.
"""

from __future__ import annotations

import numpy as np

from rlsabm.arrays import Floats

#: Frequencies that belong to the parameter: an effect may bend some times over its range. More would
#: find sharper bends, and need more runs.
FREQUENCIES = 4
#: Random halves of the runs from which an interval is taken.
HALVES = 100
#: Probability that no index of an output is above the threshold where no parameter has an effect.
CONFIDENCE = 0.95
#: Largest threshold with which an index is still worth its name.
LARGEST_THRESHOLD = 0.25
#: Runs beyond the number of parameters that partial correlations need.
SPARE_RUNS = 10


def first_order(values: Floats, output: Floats) -> float:
    """First-order index of a parameter; 0 in the mean, above or below, where it has no effect.

    Parameters
    ----------
    values
        Value of the parameter in each run.
    output
        Output of each run, not the same in all.
    """
    from SALib.analyze.rbd_fast import compute_first_order, permute_outputs, unskew_S1

    share = compute_first_order(permute_outputs(values, output), FREQUENCIES)
    return float(unskew_S1(share, FREQUENCIES, len(output)))


def threshold(runs: int, parameters: int) -> float:
    """Index that none of an output's parameters reaches with 95 % probability if none has an effect.

    The share of some frequencies in noise has a beta distribution: exactly for normal noise, and with
    smaller shares where a few runs lie far out.

    Parameters
    ----------
    runs, parameters
        Their numbers.
    """
    from SALib.analyze.rbd_fast import unskew_S1
    from scipy.stats import beta

    others = (runs - 1) / 2.0 - FREQUENCIES
    share = beta.ppf(CONFIDENCE ** (1.0 / parameters), FREQUENCIES, others)
    return float(unskew_S1(share, FREQUENCIES, runs))


def fewest_runs(parameters: int) -> int:
    """Runs from which the threshold is low enough for indices to say something."""
    runs = 4 * FREQUENCIES
    while threshold(runs, parameters) > LARGEST_THRESHOLD:
        runs += 1
    return runs


def standard_error(values: Floats, output: Floats, seed: np.random.SeedSequence) -> float:
    """Standard error of a first-order index: how it varies between random halves of the runs.

    A half drawn without repetition varies around the whole as much as the whole around the truth. Runs
    that are drawn twice, as in a bootstrap, would look like an effect of the parameter.
    """
    generator = np.random.Generator(np.random.Philox(seed))
    runs = len(output)
    found = []
    for _ in range(HALVES):
        half = generator.permutation(runs)[: runs // 2]
        if np.ptp(output[half]) > 0.0:
            found.append(first_order(values[half], output[half]))
    return float(np.std(found, ddof=1)) if len(found) > 1 else np.nan


def rank_correlations(values: Floats, output: Floats) -> tuple[Floats, Floats]:
    """Rank correlation of an output with each parameter, and the partial one.

    Parameters
    ----------
    values
        Values of the parameters; one row for each run.
    output
        Output of each run.

    Returns
    -------
    tuple of numpy.ndarray
        Spearman's correlation, and that which is left when the ranks of all other parameters are held;
        the latter missing where there are too few runs for it.
    """
    from scipy.stats import rankdata

    runs, parameters = values.shape
    ranks = rankdata(np.column_stack([values, output]), axis=0)
    matrix = np.corrcoef(ranks.T)
    if runs < parameters + SPARE_RUNS:
        return matrix[-1, :-1], np.full(parameters, np.nan)
    # Parameters that always go together share what neither has alone.
    inverse = np.linalg.pinv(matrix, hermitian=True)
    scale = np.sqrt(np.diag(inverse))
    partial = -inverse[-1, :-1] / (scale[-1] * scale[:-1])
    return matrix[-1, :-1], np.clip(partial, -1.0, 1.0)


def partial_threshold(runs: int, parameters: int) -> float:
    """Partial rank correlation that none reaches with 95 % probability if no parameter has an effect.

    Parameters
    ----------
    runs, parameters
        Their numbers.
    """
    from scipy.stats import t

    freedom = runs - parameters - 1
    if runs < parameters + SPARE_RUNS:
        return float("nan")
    reached = t.ppf(0.5 + 0.5 * CONFIDENCE ** (1.0 / parameters), freedom)
    return float(reached / np.sqrt(freedom + reached**2))


def companions(values: Floats) -> tuple[list[int], Floats]:
    """For each parameter the one that goes with it most closely, and their rank correlation.

    Parameters
    ----------
    values
        Values of the parameters; one row for each run. With one parameter, that is its own companion.
    """
    from scipy.stats import rankdata

    matrix = np.atleast_2d(np.corrcoef(rankdata(values, axis=0).T))
    others = np.abs(matrix - np.diag(np.diag(matrix)))
    closest = others.argmax(axis=1)
    return closest.tolist(), matrix[np.arange(len(matrix)), closest]
