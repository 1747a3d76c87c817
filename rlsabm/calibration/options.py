"""How a calibration is run: its budget, the sizes of waves, and who does the work."""

from __future__ import annotations

import math
from dataclasses import dataclass

from rlsabm.calibration.waves import Kind
from rlsabm.declaring.bounds import number, text, whole_number

#: Runs of the first wave and of others for each parameter, and fewest.
FIRST_RUNS, MORE_RUNS, FEWEST_RUNS = 10, 5, 10


@dataclass(frozen=True)
class Options:
    """How a calibration is run.

    Attributes
    ----------
    evaluations
        Most runs of the model in all.
    seed
        Seed of designs, of samples, and of the runs.
    hours
        Hours after which it stops, to go on another time; no limit by default.
    first_runs, more_runs
        Runs of the first wave and of each other one; 10 and 5 for each parameter by default.
    draws
        Runs of the wave that is drawn from the posterior, and draws of the posterior.
    workers
        Processors of this machine to use; all by default.
    cluster
        Address of a Dask scheduler, or ``local``; none by default.
    timeout
        Seconds after which a run is given up and tried again; never by default.
    """

    evaluations: int = 1000
    seed: int = 1
    hours: float | None = None
    first_runs: int | None = None
    more_runs: int | None = None
    draws: int = 200
    workers: int | None = None
    cluster: str | None = None
    timeout: float | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be, and keep plain values of the others (``UserError``)."""

        def keep(name: str, value: object) -> None:
            object.__setattr__(self, name, value)

        keep("evaluations", whole_number("evaluations", self.evaluations, 1, 1_000_000))
        keep("seed", whole_number("seed", self.seed, 0, 2**63 - 1))
        keep("draws", whole_number("draws", self.draws, FEWEST_RUNS, 100_000))
        for name, value in (("first_runs", self.first_runs), ("more_runs", self.more_runs)):
            if value is not None:
                keep(name, whole_number(name, value, FEWEST_RUNS, 100_000))
        if self.hours is not None:
            keep("hours", number("hours", self.hours, 0.0, math.inf, "hours"))
        if self.workers is not None:
            keep("workers", whole_number("workers", self.workers, 1, 1024))
        if self.cluster is not None:
            expected = "the address of a Dask scheduler, its file, or local"
            keep("cluster", text("cluster", self.cluster, expected))
        if self.timeout is not None:
            keep("timeout", number("timeout", self.timeout, 0.001, math.inf, "seconds"))

    def runs_of(self, kind: Kind, parameters: int) -> int:
        """Runs of a wave."""
        if kind is Kind.POSTERIOR:
            return self.draws
        if kind is Kind.FIRST:
            return self.first_runs or max(FEWEST_RUNS, FIRST_RUNS * parameters)
        return self.more_runs or max(FEWEST_RUNS, MORE_RUNS * parameters)
