"""Workers of a Dask cluster, which schedules, ships and supervises them (extra ``cluster``)."""

from __future__ import annotations

import atexit
import json
import logging
import pkgutil
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Executor, Future, wait
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any

from rlsabm import __version__
from rlsabm.compilation import compiling_told
from rlsabm.data.files import text_of
from rlsabm.errors import UserError
from rlsabm.study import interruptions
from rlsabm.study.crews import Crew, Work, apart_from_main
from rlsabm.study.job import Handed, Outcome, attempt, do_job
from rlsabm.study.machine import package_hash
from rlsabm.study.units import Unit
from rlsabm.wording import with_help

LOG = logging.getLogger("rlsabm")

#: Address that means: a cluster of processes on this machine.
LOCAL = "local"
#: Logs of Dask in this process, each with a level of its own.
LOGS = ("distributed", "distributed.client", "tornado.application")
#: Topic under which workers say which unit they begin, and when they compile.
TOPIC = "rlsabm"
BEGUN, COMPILING, COMPILED = "begun", "compiling", "compiled"
#: How long to wait for a scheduler that does not answer, and for how long in silence (seconds).
PATIENCE_SECONDS, SILENT_SECONDS = 60.0, 2.0
#: How often to look for workers, and for how long to be without one before that is said (seconds).
LOOK_SECONDS, ALONE_SECONDS = 5.0, 20.0
#: Units to hand out beyond the places, so that workers that join later find work.
IN_STORE = 32


def _close_without_a_word() -> None:
    """Keep what Dask says when it closes a local cluster at the end of the process from users.

    Who stops a study while processes of the cluster begin would read of states that Dask did not
    expect; the processes end all the same.
    """
    from distributed.deploy.spec import close_clusters

    for before in (close_clusters, _in_silence):
        atexit.unregister(before)
    atexit.register(_in_silence, close_clusters)


def _in_silence(function: Callable[[], None]) -> None:
    with suppress(Exception):
        function()


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
        self._apart = ExitStack()
        #: Workers that are known to have this version of the package.
        self._fit: set[str] = set()
        self._looked = float("-inf")
        self._alone_since: float | None = None
        #: When and where each unit under way was begun, every time.
        self._begun: dict[str, list[tuple[float, str]]] = defaultdict(list)
        self._units: dict[Future[Any], Unit] = {}
        self._compiling: set[str] = set()
        try:
            self._open()
        except BaseException:
            self._shut()
            raise

    def _open(self) -> None:
        """Begin a local cluster, or find the one at the address."""
        for name in LOGS:  # what goes wrong is said in the ledger and at the end
            logging.getLogger(name).setLevel(logging.CRITICAL)
        where: dict[str, Any] = {"address": self._address}
        if self._address == LOCAL:
            self._begin_local_cluster()
            where = {"address": self._local}
        elif self._address.endswith(".json"):
            where = {"address": _address_in(self._address)}
        try:
            self._client = _answer_of(
                self._address, partial(self._distributed.Client, **where, timeout=PATIENCE_SECONDS)
            )
        except Exception as error:
            # Dask reads whatever another program answers as if a scheduler had sent it.
            reason = " ".join(str(error).split()) or type(error).__name__
            if not isinstance(error, OSError | ValueError | TypeError | ImportError):
                reason = "what answers is another program, or another version of Dask"
            raise UserError(
                f"--cluster {self._address}: no Dask scheduler answers: {reason}"
            ) from None
        if self._address != LOCAL:
            self._check(self._ask_scheduler)
        self.look_after()
        self._client.subscribe_topic(TOPIC, self._hear)
        self._executor = self._client.get_executor(pure=False)
        self.name = f"the Dask cluster {self._client.scheduler.address}"

    def _begin_local_cluster(self) -> None:
        # It begins lost workers anew at any time.
        self._apart.enter_context(apart_from_main(self._work))
        _close_without_a_word()
        try:
            with interruptions.held():  # its processes must not hear them, nor those they begin
                self._local = self._distributed.LocalCluster(
                    n_workers=self._count,
                    threads_per_worker=1,
                    dashboard_address=":0",  # any free port
                    silence_logs=logging.CRITICAL,
                )
        except Exception as error:  # Dask has many words for it
            reason = " ".join(str(error).split()) or type(error).__name__
            raise UserError(f"--cluster {LOCAL}: its processes do not begin: {reason}") from None

    def look_after(self) -> None:
        now = time.monotonic()
        if now - self._looked < LOOK_SECONDS:
            return
        self._looked = now
        with suppress(OSError):  # the scheduler may be gone, which its futures tell
            workers = set(self._client.nthreads())
            if self._address != LOCAL and (new := workers - self._fit):
                self._check(partial(self._ask_workers, new))
            self._fit = workers
            self._miss_workers(now, there=bool(workers))

    def _miss_workers(self, now: float, *, there: bool) -> None:
        """Say, once for a time without workers, that there is none."""
        if there:
            self._alone_since = None
        elif self._alone_since is None:
            self._alone_since = now
        elif now - self._alone_since > ALONE_SECONDS:
            self._alone_since = float("inf")
            LOG.warning(
                "The Dask cluster %s has no worker that lives; the study waits for one. Workers that "
                "end at once may lack rlsabm, or have another version of it. Ctrl-C stops.",
                self._client.scheduler.address,
            )

    def _check(self, ask: Callable[..., dict[str, Any]]) -> None:
        """Refuse those who do not have this version of the package.

        Parameters
        ----------
        ask
            Has them call a function, and gives what each answers, or the error.

        Raises
        ------
        UserError
            If one does not have it.
        """
        # A function of Python's own: one of ours could not even be sent to whoever lacks the package.
        for name, found in ask(pkgutil.resolve_name, "rlsabm.study.machine:package_hash").items():
            if isinstance(found, ImportError | AttributeError):
                raise UserError(
                    f"--cluster {self._address}: {name} cannot load rlsabm ({found}); install rlsabm "
                    f"{__version__} there, the same as here"
                )
        for name, found in ask(package_hash).items():
            if isinstance(found, str) and found != package_hash():
                raise UserError(
                    f"--cluster {self._address}: {name} has another version of rlsabm (hash {found}, "
                    f"here it is {package_hash()}); install the same there"
                )

    def _ask_scheduler(self, function: Callable[..., Any], *arguments: Any) -> dict[str, Any]:
        try:
            found = self._client.run_on_scheduler(function, *arguments)
        except Exception as error:
            found = error
        return {"the scheduler": found}

    def _ask_workers(
        self, addresses: set[str], function: Callable[..., Any], *arguments: Any
    ) -> dict[str, Any]:
        found = self._client.run(function, *arguments, workers=list(addresses), on_error="return")
        return {f"the worker {address}": answer for address, answer in found.items()}

    def _hear(self, event: tuple[float, Any]) -> None:
        """Note that a worker has begun a unit, or begins or ends to compile for it."""
        _, (unit, worker, what) = event
        if what == BEGUN:
            self._begun[unit].append((time.time(), worker))
        self._compiling = (self._compiling - {unit}) | ({unit} if what == COMPILING else set())

    def is_compiling(self) -> bool:
        return bool(self._compiling & {unit.name for unit in self._units.values()})

    @property
    def places(self) -> int:
        with suppress(Exception):
            return max(1, sum(self._client.nthreads().values()))
        return 1

    @property
    def most_handed_out(self) -> int:
        return self.places + IN_STORE

    def hand_out(self, job: Handed) -> Future[Any]:
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
        self._apart.close()


def _address_in(file: str) -> str:
    """The address that a scheduler wrote into a file.

    Raises
    ------
    UserError
        If there is none.
    """
    source, expected = f"--cluster {file}", "the file that a Dask scheduler has written"
    content = None
    with suppress(ValueError, RecursionError):
        content = json.loads(text_of(Path(file), source, expected, "JSON"))
    address = content.get("address") if isinstance(content, dict) else None
    if not isinstance(address, str) or not address:
        what = with_help("is no scheduler file", "JSON with the address of a Dask scheduler")
        raise UserError(f"{source}: {what}")
    return address


def _answer_of(address: str, begin: Callable[[], Any]) -> Any:
    """What a function gives that waits for a scheduler; that it waits is said if it takes long.

    Raises
    ------
    TimeoutError
        If there is no answer: Dask waits for ever for a program that hears it and says nothing.
    """
    answer: Future[Any] = Future()

    def work() -> None:
        try:
            answer.set_result(begin())
        except BaseException as error:
            answer.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    wait([answer], SILENT_SECONDS)
    if not answer.done():
        line = "Waiting for the Dask scheduler %s, at most %.0f seconds. Ctrl-C stops."
        LOG.warning(line, address, PATIENCE_SECONDS)
        wait([answer], PATIENCE_SECONDS)
    if not answer.done():
        raise TimeoutError("what listens there says nothing")
    return answer.result()


def _work_on_dask(work: Work, job: Handed) -> Outcome:
    from distributed import get_worker

    worker = get_worker()

    def tell(what: str) -> None:
        worker.log_event(TOPIC, (job.unit.name, worker.address, what))

    tell(BEGUN)
    with compiling_told(lambda begins: tell(COMPILING if begins else COMPILED)):
        return attempt(work, job)
