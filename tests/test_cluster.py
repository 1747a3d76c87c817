"""Dask clusters whose scheduler or workers are not fit, or not there."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_tools import SMALL, refused
from conftest import Command
from study_tools import PATIENCE, Process, resolved, until

from rlsabm.errors import UserError
from rlsabm.study import cluster as module
from rlsabm.study.cluster import DaskCluster
from rlsabm.study.study import Options, run_study

pytest.importorskip("distributed")

#: What begins a part of Dask, from an environment without the package or with another version of it.
WITHOUT = "import sys; sys.modules['rlsabm'] = None; from distributed.cli import {0}; {0}.main()"
OTHER = (
    "import rlsabm.study.machine as m; m.__version__ = 'another';"
    "from distributed.cli import {0}; {0}.main()"
)
AS_IS = "from distributed.cli import {0}; {0}.main()"


@contextlib.contextmanager
def dask(folder: Path, scheduler: str, worker: str | None) -> Iterator[str]:
    """A scheduler and a worker, each begun by its program; the file with the address."""
    told = folder / "scheduler.json"
    with contextlib.ExitStack() as stack:
        begun = Process(
            *("--port", "0", "--host", "127.0.0.1", "--scheduler-file", str(told)),
            "--no-dashboard",
            folder=folder,
            program=("-c", scheduler.format("dask_scheduler")),
        )
        stack.enter_context(begun)
        until(told.exists, begun)
        if worker is not None:
            from distributed import Client

            words = ("--no-nanny", "--nthreads", "1", "--no-dashboard")
            program = ("-c", worker.format("dask_worker"))
            stack.enter_context(
                Process(*words, "--scheduler-file", str(told), folder=folder, program=program)
            )
            with Client(scheduler_file=str(told)) as client:
                client.wait_for_workers(1, timeout=PATIENCE)
        yield str(told)


@pytest.mark.parametrize(
    ("scheduler", "worker", "said"),
    [
        (AS_IS, WITHOUT, "the worker tcp://"),
        pytest.param(WITHOUT, None, "the scheduler cannot load", marks=pytest.mark.long),
        pytest.param(AS_IS, OTHER, "has another version of rlsabm", marks=pytest.mark.long),
        pytest.param(OTHER, None, "has another version of rlsabm", marks=pytest.mark.long),
    ],
)
def test_who_is_not_fit_is_named(
    rlsabm_command: Command, workplace: Path, scheduler: str, worker: str | None, said: str
) -> None:
    (workplace / "asked.yaml").write_text(SMALL)
    with dask(workplace, scheduler, worker) as address:
        outcome = rlsabm_command("run", "asked.yaml", "--cluster", address)
    refused(outcome, f"--cluster {address}: ", said)
    assert not (workplace / "outputs").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is no scheduler file (expected JSON with the address of a Dask scheduler)"),
        (b"{}", "is no scheduler file"),
        (b"[1]", "is no scheduler file"),
        (b'{"address": 5}', "is no scheduler file"),
        (b'{"address": ""}', "is no scheduler file"),
        (b"[" * 100_000, "is no scheduler file"),
        (b"\xff\xfe", "is not UTF-8 text"),
        (None, "is not a regular file"),
    ],
)
def test_what_is_no_scheduler_file(tmp_path: Path, content: bytes | None, said: str) -> None:
    file = tmp_path / "s.json"
    if content is None:
        os.mkfifo(file)
    else:
        file.write_bytes(content)
    with pytest.raises(UserError) as caught:
        DaskCluster(str(file), 1)
    assert str(caught.value).startswith(f"--cluster {file}")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("first", "said"),
    [
        (b"SSH-2.0-OpenSSH_9.0\r\n", "what answers is another program"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "what answers is another program"),
        (b"\0" * 64, "what answers is another program"),
        (b"", "says nothing"),
    ],
)
def test_who_is_no_scheduler(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, first: bytes, said: str
) -> None:
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 1.0)
    monkeypatch.setattr(module, "SILENT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            with contextlib.suppress(OSError):
                while True:
                    callers.append(server.accept()[0])
                    callers[-1].sendall(first)

        callers: list[socket.socket] = []
        threading.Thread(target=answer, daemon=True).start()
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(UserError, match=f"^--cluster {address}: no Dask .*{said}"):
            DaskCluster(address, 1)
    told = [record.getMessage() for record in caplog.records if record.name == "rlsabm"]
    assert told == [
        f"Waiting for the Dask scheduler {address}, at most 1 seconds. Ctrl-C stops."
    ] * (first == b"")
    for caller in callers:
        caller.close()


def test_no_worker_is_said_and_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.1)
    monkeypatch.setattr(module, "ALONE_SECONDS", 0.3)

    class Watch:
        """Loses patience some time after it was said."""

        shown = 0

        def begin(self, *_: object) -> None:
            pass

        def tell(self, line: str) -> None:
            pass

        def show(self, *_: object, **__: object) -> None:
            self.shown += bool(caplog.records)
            if self.shown > 5:
                raise KeyboardInterrupt

    with dask(tmp_path, AS_IS, None) as address, pytest.raises(KeyboardInterrupt):
        run_study(
            resolved(tmp_path, SMALL),
            tmp_path / "out",
            Options(cluster=address),
            watch=Watch(),
        )
    (line,) = (record.getMessage() for record in caplog.records)
    assert "has no worker" in line
    assert "Ctrl-C stops" in line


def test_workers_that_join_later_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are gone already, or do not answer, are left to Dask."""

    class Client:
        def __init__(self) -> None:
            self.workers: dict[str, Any] = {"a": "the same", "b": OSError("gone")}

        def nthreads(self) -> dict[str, int]:
            return dict.fromkeys(self.workers, 1)

        def run(self, function: Any, *_: Any, workers: list[str], on_error: str) -> dict[str, Any]:
            assert on_error == "return"
            return {name: self.workers[name] for name in workers}

    monkeypatch.setattr(module, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(module, "package_hash", lambda: "the same")
    monkeypatch.setattr(DaskCluster, "_open", lambda cluster: None)
    crew = DaskCluster("tcp://there:1", 1)
    client = crew._client = Client()
    crew.look_after()
    client.workers["c"] = "another"
    with pytest.raises(UserError, match="the worker c has another version of rlsabm"):
        crew.look_after()
    del client.workers["c"]
    client.workers["d"] = ModuleNotFoundError("No module named 'rlsabm'")
    with pytest.raises(UserError, match="the worker d cannot load rlsabm"):
        crew.look_after()
    assert "rlsabm" in sys.modules
