"""Draws from a posterior: values of parameters that belong together."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rlsabm.arrays import Floats
from rlsabm.data import DATA

if TYPE_CHECKING:
    import pyarrow as pa

#: Where the tables of the calibration are that ships, as rlsabm calibrate has written them.
CALIBRATION = DATA / "calibration"


class Posterior(NamedTuple):
    """Draws of equal weight.

    Attributes
    ----------
    names
        Names of the parameters that are calibrated.
    values
        Their values; a row a draw.
    """

    names: tuple[str, ...]
    values: Floats


@cache
def shipped_posterior() -> Posterior:
    """The posterior that ships with the package."""
    import pyarrow.parquet as pq  # which takes longer to load than all else here

    with (CALIBRATION / "posterior.parquet").open("rb") as file:
        return posterior_in(pq.read_table(file).combine_chunks())


def posterior_in(table: pa.Table) -> Posterior:
    """The posterior that a calibration's table of draws holds."""
    parameters, draws = table["parameter"].to_pylist(), table["draw"].to_numpy()
    names = tuple(dict.fromkeys(parameters))
    values = np.asarray(table["value"], dtype=float).reshape(-1, len(names))
    assert parameters == list(names) * len(values)
    assert (draws.reshape(values.shape) == np.arange(1, len(values) + 1)[:, None]).all()
    return Posterior(names, values)


def posterior_values(draw: int, seed: int, posterior: Posterior | None = None) -> dict[str, float]:
    """Values of the calibrated parameters that one draw sets.

    Draws of one seed are different draws of the posterior, in random order, until all have been used.

    Parameters
    ----------
    draw
        Number of the draw, from 1.
    seed
        Root of the random numbers.
    posterior
        What is drawn from; by default the posterior that ships.
    """
    found = posterior or shipped_posterior()
    order = np.random.Generator(np.random.Philox(np.random.SeedSequence(seed))).permutation(
        len(found.values)
    )
    row = found.values[order[(draw - 1) % len(order)]]
    return dict(zip(found.names, row.tolist(), strict=True))
