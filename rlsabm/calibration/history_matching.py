"""History matching: which parameters are implausible, and what share of the space is left.

The implausibility of a target is the distance of the emulated figure from the published one, in
standard deviations of both together.  Where it is above a cut-off the parameters are ruled out.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rlsabm.arrays import Floats
from rlsabm.calibration.emulator import Emulator
from rlsabm.calibration.problem import Problem

#: Implausibility above which parameters are ruled out: three standard deviations.
CUT_OFF = 3.0
#: Points by which the share of the space is estimated, moves of each between two levels, and the share
#: of them above a level.
POINTS, MOVES, LEVEL_SHARE = 300, 4, 0.15
#: Most levels: below a share of one in 10 to the power of 25 nothing is left.
MOST_LEVELS = 30
#: How far a point moves, as a share of the prior standard deviation, at first; and the share of moves
#: that are to be taken.
FIRST_STEP, TAKEN = 0.7, 0.3


def implausibility(problem: Problem, emulator: Emulator, scores: Floats) -> Floats:
    """Implausibility of each target (rows) at points (columns)."""
    mean, variance = emulator.predict(scores)
    return np.abs(problem.distances(mean, np.sqrt(variance)))


def ordered(implausibilities: Floats, place: int) -> Floats:
    """The largest implausibility of all targets at each point (place 0), or the second largest (1)."""
    place = min(place, len(implausibilities) - 1)
    found: Floats = np.sort(implausibilities, axis=0)[-1 - place]
    return found


def share_left(
    worst: Callable[[Floats], Floats], parameters: int, seed: np.random.SeedSequence
) -> float:
    """Share of the prior's space in which a measure of implausibility is below the cut-off.

    The space is narrowed in levels, each of which leaves a fifth of the one before, so that a share of
    one in a million is found with some thousand points (subset simulation; Zuev 2015, arXiv
    1505.03506, is an introduction).

    Parameters
    ----------
    worst
        The measure at points, one row each.
    parameters
        Number of parameters.
    seed
        Seed.
    """
    generator = np.random.Generator(np.random.Philox(seed))
    points = generator.standard_normal((POINTS, parameters))
    found = worst(points)
    share, step = 1.0, FIRST_STEP
    for _ in range(MOST_LEVELS):
        level = max(CUT_OFF, float(np.quantile(found, LEVEL_SHARE)))
        inside = found <= level
        share *= float(inside.mean())
        if level <= CUT_OFF:
            return share
        chosen = generator.choice(np.flatnonzero(inside), POINTS)
        points, found = points[chosen], found[chosen]
        for _ in range(MOVES):
            # A move that leaves the prior as it is: what is inside stays a sample of it.
            tried = np.sqrt(1.0 - step**2) * points + step * generator.standard_normal(points.shape)
            there = worst(tried)
            taken = there <= level
            points[taken], found[taken] = tried[taken], there[taken]
            step = float(np.clip(step * np.exp(taken.mean() - TAKEN), 0.01, 0.99))
    return 0.0
