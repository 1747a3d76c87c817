"""Samples from a density of scores, by ensembles of walkers, and whether they have converged."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from rlsabm.arrays import Floats

#: Independent ensembles of walkers, and the fewest walkers of one.
ENSEMBLES, FEWEST_WALKERS = 2, 20
#: Steps between two looks at convergence, and most steps.
BLOCK, MOST_BLOCKS = 200, 12
#: What is converged: split R-hat below this, and a chain of so many autocorrelation times.
LARGEST_R_HAT, FEWEST_TIMES = 1.02, 20.0
#: Share of steps by differences of walkers; the others are snooker moves.
DIFFERENCES = 0.8

#: Logarithm of a density at points, one row each.
LogDensity = Callable[[Floats], Floats]


@dataclass(frozen=True)
class Sample:
    """A sample of scores.

    Attributes
    ----------
    chains
        Scores by ensemble, step, walker and parameter, without the first half, in which walkers forget
        where they began.
    autocorrelation_steps
        Integrated autocorrelation time of each parameter.
    r_hat
        Split R-hat of each parameter: the halves of all ensembles are compared.
    """

    chains: Floats
    autocorrelation_steps: Floats
    r_hat: Floats

    @property
    def points(self) -> Floats:
        """All scores, one row each, in an order in which neighbours are of different steps."""
        return self.chains.transpose(2, 0, 1, 3).reshape(-1, self.chains.shape[-1])

    @property
    def effective_size(self) -> Floats:
        """Independent draws that would say as much of the mean of each parameter."""
        ensembles, steps, walkers, _ = self.chains.shape
        found: Floats = ensembles * steps * walkers / np.maximum(self.autocorrelation_steps, 1.0)
        return found

    @property
    def has_converged(self) -> bool:
        """Whether ensembles agree, and are long."""
        times = self.chains.shape[1] / self.autocorrelation_steps
        return bool((self.r_hat < LARGEST_R_HAT).all() and (times >= FEWEST_TIMES).all())


def sample(
    log_density: LogDensity,
    start: Floats,
    seed: np.random.SeedSequence,
    *,
    blocks: int = MOST_BLOCKS,
) -> Sample:
    """Sample a density until ensembles agree.

    Parameters
    ----------
    log_density
        The density, but for a constant.
    start
        Points from which walkers begin, one row each.
    seed
        Seed.
    blocks
        Most blocks of steps.
    """
    import emcee

    parameters = start.shape[1]
    walkers = max(FEWEST_WALKERS, 2 * parameters + 2)
    states, samplers = [], []
    for child in seed.spawn(ENSEMBLES):
        generator = np.random.Generator(np.random.Philox(child))
        samplers.append(
            emcee.EnsembleSampler(
                walkers,
                parameters,
                log_density,
                moves=[
                    (emcee.moves.DEMove(), DIFFERENCES),
                    (emcee.moves.DESnookerMove(), 1.0 - DIFFERENCES),
                ],
                vectorize=True,
            )
        )
        state = np.random.RandomState(generator.integers(2**32, size=8)).get_state()
        states.append(emcee.State(_spread_out(start, walkers, generator), random_state=state))
    # Ensembles do not know one another, and most of their time is spent outside of the interpreter.
    with ThreadPoolExecutor(ENSEMBLES) as threads:
        for block in range(blocks):
            walked = [
                threads.submit(each.run_mcmc, state, BLOCK)
                for each, state in zip(samplers, states, strict=True)
            ]
            states = [each.result() for each in walked]
            chains = [sampler.get_chain() for sampler in samplers]
            found = _sample_of(np.stack(chains)[:, (block + 1) * BLOCK // 2 :])
            if found.has_converged:
                break
    return found


def _spread_out(start: Floats, walkers: int, generator: np.random.Generator) -> Floats:
    """Places of walkers: points of the start, a little apart, so that they span all directions."""
    chosen = start[generator.permutation(len(start))[:walkers]]
    chosen = chosen[np.arange(walkers) % len(chosen)]
    apart = 0.1 * start.std(axis=0) + 1e-3
    return chosen + apart * generator.standard_normal(chosen.shape)


def _sample_of(chains: Floats) -> Sample:
    from emcee.autocorr import integrated_time

    with np.errstate(divide="ignore", invalid="ignore"):  # walkers may not have moved at all
        found = [integrated_time(chain, quiet=True, tol=0, has_walkers=True) for chain in chains]
    times = np.mean(found, axis=0)
    steps = float(chains.shape[1] * chains.shape[2])
    return Sample(chains, np.where(np.isfinite(times), times, steps), split_r_hat(chains))


def split_r_hat(chains: Floats) -> Floats:
    """Split R-hat (Gelman & Rubin 1992) of each parameter over the halves of ensembles.

    Parameters
    ----------
    chains
        By ensemble, step, walker and parameter.
    """
    half = chains.shape[1] // 2
    parts = np.concatenate([chains[:, :half], chains[:, -half:]])
    flat = parts.reshape(len(parts), -1, parts.shape[-1])
    within = flat.var(axis=1).mean(axis=0)
    between = flat.mean(axis=1).var(axis=0, ddof=1)
    apart = np.full(len(within), np.inf)
    np.divide(between, within, out=apart, where=within > 0.0)
    found: Floats = np.sqrt(1.0 + apart)
    return found
