"""Workers of a Dask cluster, which schedules, ships and supervises them (extra ``cluster``)."""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from concurrent.futures import Executor, Future
from contextlib import suppress
from pathlib import Path
from typing import Any

from rlsabm.errors import UserError
from rlsabm.study.crews import Crew, Work, interruptions_held
from rlsabm.study.job import Job, Outcome, attempt, do_job
from rlsabm.study.units import Unit

#: Address that means: a cluster of processes on this machine.
LOCAL = "local"
#: Logs of Dask in this process, each with a level of its own.
LOGS = ("distributed", "distributed.client", "tornado.application")
#: Topic under which workers say which unit they begin.
TOPIC = "rlsabm"
#: How long to wait for a scheduler that does not answer (seconds).
PATIENCE_SECONDS = 60.0
#: Units to hand out beyond the places, so that workers that join later find work.
IN_STORE = 32


class DaskCluster(Crew):
    """Workers of a Dask cluster.

    Parameters
    ----------
    address
        Address of its scheduler, the file in which that wrote it, or ``local``.
    count
        Workers of a local cluster.
    work
        What is done with a job.

    Raises
    ------
    UserError
        If Dask is not installed, or the scheduler does not answer.
    """

    def __init__(self, address: str, count: int, work: Work = do_job) -> None:
        try:
            import distributed
        except ImportError:
            raise UserError(
                '--cluster: needs Dask; install it with pip install "rlsabm[cluster]"'
            ) from None
        self._distributed: Any = distributed
        self._address = address
        self._count = count
        self._work = work
        self._local: Any = None
        self._client: Any = None
        self._executor: Executor | None = None
        #: When and where each unit under way was begun, every time.
        self._begun: dict[str, list[tuple[float, str]]] = defaultdict(list)
        self._units: dict[Future[Any], Unit] = {}
        self._open()

    def _open(self) -> None:
        """Begin a local cluster, or find the one at the address."""
        for name in LOGS:  # what goes wrong is said in the ledger and at the end
            logging.getLogger(name).setLevel(logging.CRITICAL)
        where: dict[str, Any] = {"address": self._address}
        if self._address == LOCAL:
            with interruptions_held():  # its processes must not hear them, nor those they begin
                self._local = self._distributed.LocalCluster(
                    n_workers=self._count,
                    threads_per_worker=1,
                    dashboard_address=":0",  # any free port
                    silence_logs=logging.CRITICAL,
                )
            where = {"address": self._local}
        elif self._address.endswith(".json"):
            if not Path(self._address).exists():
                raise UserError(f"--cluster {self._address}: no such file")
            where = {"scheduler_file": self._address}
        try:
            self._client = self._distributed.Client(**where, timeout=PATIENCE_SECONDS)
        except (OSError, ValueError, TypeError, ImportError) as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise UserError(
                f"--cluster {self._address}: no Dask scheduler answers: {reason}"
            ) from None
        self._client.subscribe_topic(TOPIC, self._hear)
        self._executor = self._client.get_executor(pure=False)
        self.name = f"the Dask cluster {self._client.scheduler.address}"

    def _hear(self, event: tuple[float, Any]) -> None:
        """Note that a worker has begun a unit."""
        _, (unit, worker) = event
        self._begun[unit].append((time.time(), worker))

    @property
    def places(self) -> int:
        with suppress(Exception):
            return max(1, sum(self._client.nthreads().values()))
        return 1

    @property
    def most_handed_out(self) -> int:
        return self.places + IN_STORE

    def hand_out(self, job: Job) -> Future[Any]:
        assert self._executor is not None
        self._begun.pop(job.unit.name, None)
        try:
            future = self._executor.submit(_work_on_dask, self._work, job)
        except Exception as error:  # the scheduler went a moment ago; Dask has many words for it
            future = Future()
            future.set_exception(error)
        self._units[future] = job.unit
        return future

    def take_back(self, future: Future[Any]) -> None:
        self._units.pop(future)

    def attempts_of(self, future: Future[Any]) -> int:
        return max(1, len(self._begun[self._units[future].name]))

    def seconds_of(self, future: Future[Any]) -> float:
        begun = self._begun[self._units[future].name]
        return time.time() - begun[-1][0] if begun else 0.0

    def is_lost(self, error: BaseException) -> bool:
        dask = (
            self._distributed.KilledWorker,
            self._distributed.CancelledError,
            self._distributed.comm.CommClosedError,
        )
        return super().is_lost(error) or isinstance(error, dask)

    def give_up(self, future: Future[Any]) -> None:
        begun = self._begun[self._units[future].name]
        future.cancel()
        # What runs cannot be stopped from outside: its worker is begun anew, if it has a nanny.
        with suppress(Exception):
            self._client.restart_workers([begun[-1][1]], timeout=PATIENCE_SECONDS)

    def renew(self) -> None:
        if self._client.status == "running":
            return  # Dask replaces its workers itself
        self._shut()
        self._open()

    def close(self) -> None:
        if self._executor is not None:
            with suppress(Exception):
                self._executor.shutdown(wait=False)
        self._shut()

    def _shut(self) -> None:
        for part in (self._client, self._local):
            if part is not None:
                with suppress(Exception):
                    part.close(timeout=10)


def _work_on_dask(work: Work, job: Job) -> Outcome:
    from distributed import get_worker

    worker = get_worker()
    worker.log_event(TOPIC, (job.unit.name, worker.address))
    return attempt(work, job)
