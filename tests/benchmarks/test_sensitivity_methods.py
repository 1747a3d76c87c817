"""How often a weak effect is found among 200 runs of 10 parameters: shares of variance, and PAWN."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

from rlsabm.calibration.influence import CONFIDENCE, first_order

RUNS, PARAMETERS, TRIALS, NULLS = 200, 10, 100, 200
#: Slope of the effect: 0.09 of the variance.
SLOPE = 0.3


def by_share(values: Any, output: Any) -> Any:
    return np.array([first_order(column, output) for column in values.T])


def by_pawn(values: Any, output: Any) -> Any:
    from SALib.analyze import pawn

    names = [f"x{number}" for number in range(PARAMETERS)]
    problem = {"num_vars": PARAMETERS, "names": names, "bounds": [[0.0, 1.0]] * PARAMETERS}
    return pawn.analyze(problem, values, output)["mean"]


@pytest.mark.benchmark
@pytest.mark.parametrize("method", [by_share, by_pawn])
def test_how_often_a_weak_effect_is_found(method: Any) -> None:
    generator = np.random.default_rng(1)
    noise = np.sqrt(1.0 - SLOPE**2)
    began, largest, found = time.perf_counter(), [], []
    for _ in range(NULLS):
        values = generator.normal(size=(RUNS, PARAMETERS))
        largest.append(method(values, generator.normal(size=RUNS)).max())
    for _ in range(TRIALS):
        values = generator.normal(size=(RUNS, PARAMETERS))
        output = SLOPE * values[:, 0] + noise * generator.normal(size=RUNS)
        found.append(method(values, output)[0])
    share = np.mean(np.array(found) > np.quantile(largest, CONFIDENCE))
    seconds = time.perf_counter() - began
    print(f"\n{method.__name__}: found in {share:.0%} of {TRIALS} trials; {seconds:.1f} s")
