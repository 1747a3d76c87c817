"""Emulators: what the model would give where it was not run, and how uncertain that is.

Each target has a Gaussian process of its own over the scores of the parameters: a linear trend and a
smooth deviation from it, with a length scale for each parameter.  Monte-Carlo errors of runs are known
but for a factor.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rlsabm.arrays import Floats, Ints

#: Variance of what no parameter explains, for numerical stability, and of the general level. In units
#: of the variance between runs.
NUGGET, LEVEL = 1e-5, 4.0
#: Monte-Carlo variance, in units of the variance between runs, from which a run says nothing.
SAYS_NOTHING = 1000.0
#: Hyperparameters before those of the length scales: logarithms of the variances of deviation and
#: slopes, and of the factor of Monte-Carlo variances.
DEVIATION, SLOPES, NOISE, SCALES = 0, 1, 2, 3
#: What is known of their logarithms beforehand: mean and standard deviation. A length scale has a
#: median of three times the square root of the number of parameters.
BEFOREHAND = {DEVIATION: (-1.0, 1.5), SLOPES: (-2.0, 2.0), NOISE: (0.0, 0.5)}
LENGTH_SCALE, SD_OF_LENGTH_SCALES = 3.0, 1.0
#: Most runs from which hyperparameters are learnt, and steps of learning them.
MOST_RUNS_TO_LEARN, MOST_STEPS = 400, 60
#: Points at which figures are emulated at a time.
POINTS_AT_A_TIME = 256


@dataclass(frozen=True)
class Emulator:
    """Emulators of all targets.

    Attributes
    ----------
    scores
        Scores of the runs that they know, one row for each run.
    centre, spread
        Mean and standard deviation over these runs of each target.
    hyperparameters
        Logarithms, one row for each target.
    inverse, weights
        Inverse of the covariance matrix of runs, and that times the standardised figures.
    noise
        Variance of the Monte-Carlo error of each target and run, in standardised units.
    """

    scores: Floats
    centre: Floats
    spread: Floats
    hyperparameters: Floats
    inverse: Floats
    weights: Floats
    noise: Floats

    def predict(self, scores: Floats) -> tuple[Floats, Floats]:
        """What the model would give with people without number, and the variance of that guess.

        Parameters
        ----------
        scores
            One row for each point.

        Returns
        -------
        mean, variance : numpy.ndarray
            One row for each target, one column for each point.
        """
        parts = [
            self._predict(scores[start : start + POINTS_AT_A_TIME])
            for start in range(0, len(scores), POINTS_AT_A_TIME)
        ]
        mean, variance = (np.concatenate(part, axis=1) for part in zip(*parts, strict=True))
        return mean, variance

    def _predict(self, scores: Floats) -> tuple[Floats, Floats]:
        deviation, trend = self._covariances(scores)
        covariance = deviation + trend
        mean = (covariance @ self.weights[:, :, None])[:, :, 0]
        explained = ((covariance @ self.inverse) * covariance).sum(axis=2)
        a, b, _ = np.exp(self.hyperparameters[:, :SCALES, None].transpose(1, 0, 2))
        variance = a + LEVEL + b * (scores**2).sum(axis=1) - explained
        spread = self.spread[:, None]
        return self.centre[:, None] + spread * mean, spread**2 * np.maximum(variance, 1e-12)

    def _covariances(self, scores: Floats) -> tuple[Floats, Floats]:
        """Covariances of points with runs, by target: of the deviation, and of the trend."""
        own = self._inverse_squares @ (scores**2).T
        exponent = (self._inverse_squares[:, None, :] * scores) @ self.scores.T
        exponent += self._of_runs[:, None, :] - 0.5 * own[:, :, None]
        deviation = np.exp(exponent, out=exponent)
        slopes = np.exp(self.hyperparameters[:, SLOPES, None, None])
        return deviation, LEVEL + slopes * (scores @ self.scores.T)

    @cached_property
    def _inverse_squares(self) -> Floats:
        """Inverse squares of the length scales, by target and parameter."""
        found: Floats = np.exp(-2.0 * self.hyperparameters[:, SCALES:])
        return found

    @cached_property
    def _of_runs(self) -> Floats:
        """What runs contribute to the logarithm of a covariance, by target and run."""
        found: Floats = self.hyperparameters[:, DEVIATION, None] - 0.5 * (
            self._inverse_squares @ (self.scores**2).T
        )
        return found

    def gradient(self, scores: Floats) -> Floats:
        """Slope of each figure in each score.

        Returns
        -------
        numpy.ndarray
            By target, point and parameter.
        """
        deviation, _ = self._covariances(scores)
        weighted = deviation * self.weights[:, None, :]
        pulled = weighted @ self.scores - weighted.sum(axis=2)[:, :, None] * scores
        slopes = np.exp(self.hyperparameters[:, SLOPES, None]) * (self.weights @ self.scores)
        curved = pulled * self._inverse_squares[:, None, :]
        found: Floats = self.spread[:, None, None] * (curved + slopes[:, None, :])
        return found

    @cached_property
    def left_out_errors(self) -> Floats:
        """Error at each run of the emulator that does not know it, in its own standard deviations.

        By target and run; the Monte-Carlo error of the run counts as expected.
        """
        precision = np.einsum("jnn->jn", self.inverse)
        found: Floats = self.weights / np.sqrt(precision)
        return found


def emulate(
    scores: Floats, figures: Floats, monte_carlo_sd: Floats, before: Floats | None = None
) -> Emulator:
    """Learn emulators from runs.

    Parameters
    ----------
    scores
        One row for each run, one column for each parameter.
    figures, monte_carlo_sd
        What the runs gave, on the scales of the targets: one row for each run, one column for each
        target.
    before
        Hyperparameters of earlier emulators, to begin from.
    """
    centre, spread = figures.mean(axis=0), figures.std(axis=0)
    spread = np.where(spread > 0.0, spread, 1.0)
    standardised = ((figures - centre) / spread).T
    noise = np.stack(
        [_smoothed(scores, variance) for variance in ((monte_carlo_sd / spread) ** 2).T]
    )
    start = _beforehand(scores.shape[1])[0] if before is None else before
    learners = _evenly(len(scores), MOST_RUNS_TO_LEARN)
    hyperparameters = np.stack(
        [
            _learn(scores[learners], y[learners], s[learners], begin)
            for y, s, begin in zip(
                standardised,
                noise,
                np.broadcast_to(start, (len(noise), start.shape[-1])),
                strict=True,
            )
        ]
    )
    inverses, weights = [], []
    for y, s, theta in zip(standardised, noise, hyperparameters, strict=True):
        inverse = _inverse(_covariance(scores, s, theta)[0])[0]
        inverses.append(inverse)
        weights.append(inverse @ y)
    return Emulator(
        scores, centre, spread, hyperparameters, np.array(inverses), np.array(weights), noise
    )


def _evenly(number: int, most: int) -> Ints:
    """Places of at most so many of a number of runs, evenly over waves."""
    return np.unique(np.linspace(0, number - 1, min(number, most)).round().astype(int))


def _smoothed(scores: Floats, variance: Floats) -> Floats:
    """Monte-Carlo variances as a log-linear function of scores.

    That of a count is known from the count itself: runs with few cases by chance would seem to know
    less than those with many. A run that says nothing of the target keeps its variance to itself.
    """
    found = np.maximum(variance, 0.0)
    told = variance < SAYS_NOTHING
    runs, parameters = scores[told].shape
    if not (variance > 0.0).all() or runs < 2 * (parameters + 1):
        return found
    logarithms, terms = np.log(variance[told]), np.column_stack([np.ones(runs), scores[told]])
    slopes, *_ = np.linalg.lstsq(terms, logarithms, rcond=None)
    smooth = np.exp(np.clip(terms @ slopes, logarithms.min(), logarithms.max()))
    found[told] = smooth * (variance[told].mean() / smooth.mean())
    return found


def _beforehand(parameters: int) -> tuple[Floats, Floats]:
    """Mean and standard deviation beforehand of all hyperparameters of a target."""
    scale = np.log(LENGTH_SCALE * np.sqrt(parameters))
    known = [BEFOREHAND[place] for place in range(SCALES)]
    known += [(scale, SD_OF_LENGTH_SCALES)] * parameters
    mean, sd = np.array(known).T
    return mean, sd


def _covariance(scores: Floats, noise: Floats, theta: Floats) -> tuple[Floats, Floats]:
    """Covariance matrix of runs, and the part of the deviation from the trend."""
    scaled = scores * np.exp(-theta[SCALES:])
    squares = (scaled**2).sum(axis=1)
    half = scaled @ scaled.T - 0.5 * (squares[:, None] + squares)
    deviation = np.exp(theta[DEVIATION] + np.minimum(half, 0.0))
    whole = deviation + LEVEL + np.exp(theta[SLOPES]) * (scores @ scores.T)
    whole[np.diag_indices_from(whole)] += np.exp(theta[NOISE]) * noise + NUGGET
    return whole, deviation


def _inverse(covariance: Floats) -> tuple[Floats, float]:
    """Inverse of a covariance matrix, and the logarithm of its determinant."""
    from scipy.linalg.lapack import dpotrf, dpotri

    lower, failed = dpotrf(covariance, lower=1)
    if failed:
        raise np.linalg.LinAlgError("the covariance matrix of runs is not positive definite")
    inverse, _ = dpotri(lower, lower=1)
    upper = np.tril(inverse, -1).T
    return np.tril(inverse) + upper, 2.0 * float(np.log(np.diag(lower)).sum())


def _learn(scores: Floats, y: Floats, noise: Floats, start: Floats) -> Floats:
    """Most probable hyperparameters of a target."""
    from scipy.optimize import minimize

    mean, sd = _beforehand(scores.shape[1])

    def cost(theta: Floats) -> tuple[float, Floats]:
        covariance, deviation = _covariance(scores, noise, theta)
        inverse, log_determinant = _inverse(covariance)
        weights = inverse @ y
        off = (theta - mean) / sd
        value = 0.5 * (y @ weights + log_determinant + off @ off)
        # Derivative by each element of the covariance matrix.
        by_element = 0.5 * (inverse - np.outer(weights, weights))
        slope = off / sd
        of_deviation = by_element * deviation
        slope[DEVIATION] += of_deviation.sum()
        slope[SLOPES] += np.exp(theta[SLOPES]) * np.einsum("nd,nd->", by_element @ scores, scores)
        slope[NOISE] += np.exp(theta[NOISE]) * (np.diag(by_element) @ noise)
        apart = of_deviation.sum(axis=1) @ scores**2 - np.einsum(
            "nd,nd->d", of_deviation @ scores, scores
        )
        slope[SCALES:] += 2.0 * np.exp(-2.0 * theta[SCALES:]) * apart
        return float(value), slope

    bounds = list(zip(mean - 4.0 * sd, mean + 4.0 * sd, strict=True))
    found = minimize(
        cost, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": MOST_STEPS}
    )
    best: Floats = found.x
    return best
