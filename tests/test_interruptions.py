"""Requests to end: at any moment, once or twice, whoever sends them."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from study_tools import SMALL, Process, at_once, kept, manifest, reference, same_study

from rlsabm.study import interruptions
from rlsabm.study.interruptions import ONCE_MORE_SECONDS, hear, let_in, listen, listened, look

ENDLESS = SMALL.replace("replicates: 2", "replicates: 500")


@pytest.fixture(autouse=True)
def as_at_the_start() -> Iterator[None]:
    """Nobody listens, whatever ran before in this process; afterwards all is as it was."""
    numbers = [number for name in interruptions.SIGNALS if (number := getattr(signal, name, None))]
    before = {number: signal.getsignal(number) for number in numbers}
    for number in numbers:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    interruptions._note.forget()
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
    interruptions._note.forget()


@pytest.fixture
def listening(as_at_the_start: None) -> None:
    """The program listens."""
    listen()


@pytest.mark.usefixtures("listening")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_request_that_a_library_swallows_is_found(name: str) -> None:
    look()
    try:
        os.kill(os.getpid(), getattr(signal, name))
        time.sleep(0.1)
    except KeyboardInterrupt:
        pass  # as a callback of a library does
    with pytest.raises(KeyboardInterrupt):
        look()
    hear()
    look()


@pytest.mark.usefixtures("listening")
def test_of_several_in_a_moment_only_the_first_is_raised() -> None:
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(os.getpid(), number)
    time.sleep(ONCE_MORE_SECONDS)
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.usefixtures("listening")
def test_who_ends_is_not_disturbed_but_where_it_may_take_long() -> None:
    hear()
    os.kill(os.getpid(), signal.SIGINT)
    with let_in(), pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.usefixtures("listening")
def test_what_whoever_began_the_program_ignores_is_ignored() -> None:
    """As nohup does, and a shell for what it begins in the background."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    listen()
    os.kill(os.getpid(), signal.SIGHUP)
    look()


def test_from_python_ctrl_c_means_afterwards_what_it_meant_before() -> None:
    before = signal.getsignal(signal.SIGINT)
    with listened():
        assert signal.getsignal(signal.SIGINT) is not before
        with listened():
            pass
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
    with listened():
        look()


def test_within_a_callback_a_request_is_noted_and_nobody_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As libraries have callbacks while they are imported; other errors there are told as ever."""
    monkeypatch.setattr(sys, "unraisablehook", sys.__unraisablehook__)

    class Fragile:
        def __init__(self, end: Callable[[], object]) -> None:
            self.end = end

        def __del__(self) -> None:
            self.end()
            time.sleep(0.1)

    with listened():
        Fragile(lambda: os.kill(os.getpid(), signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            look()
        assert capsys.readouterr().err == ""
        Fragile(lambda: 1 / 0)
        assert "ZeroDivisionError" in capsys.readouterr().err
    assert sys.unraisablehook is sys.__unraisablehook__


#: The program, asked to end where LLVM asks for the n-th time for code that is compiled already.
ASKED_WITHIN_LLVM = """
import os, signal, sys
from numba.core.codegen import CPUCodeLibrary
from rlsabm.__main__ import main

find, times, moment = CPUCodeLibrary._object_getbuffer_hook, [], int(sys.argv.pop(1))

def find_after_a_request(module):
    times.append(module)
    if len(times) == moment:
        os.kill(os.getpid(), signal.SIGINT)
    return find(module)

CPUCodeLibrary._object_getbuffer_hook = find_after_a_request
main()
"""


@pytest.mark.parametrize(
    "moment",
    [1, 5, *(pytest.param(each, marks=pytest.mark.long) for each in (2, 3, 4, *range(6, 20)))],
)
def test_asked_to_end_while_compiled_code_is_loaded(tmp_path: Path, moment: int) -> None:
    """An error in LLVM's face would leave it without the code, which is then called nevertheless."""
    (tmp_path / "small.yaml").write_text(ENDLESS, encoding="utf-8")
    words = (str(moment), "run", "small.yaml", "--out", "out", "--workers", "1")
    with Process(*words, folder=tmp_path, program=("-c", ASKED_WITHIN_LLVM)) as process:
        outcome = process.wait()
    assert (outcome.code, outcome.out) == (130, ""), outcome
    assert outcome.err.startswith("Stopped"), outcome.err


def end_at_random(folder: Path, chance: random.Random, words: tuple[str, ...]) -> float:
    """Begin a study, ask it to end at some moment, and see what it says; how long that took."""
    out = folder / "out"
    if chance.random() < 0.5:
        shutil.rmtree(out, ignore_errors=True)
    (folder / "small.yaml").write_text(ENDLESS, encoding="utf-8")
    with Process("run", "small.yaml", "--out", "out", *words, folder=folder) as process:
        time.sleep(chance.uniform(0.4, 6.0))
        number = chance.choice((signal.SIGINT, signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
        to = chance.choice((process.signal, process.signal_all))
        to(number)
        asked = time.monotonic()
        if chance.random() < 0.5:  # once more
            time.sleep(chance.choice((0.0, 0.01, 0.1, 0.3)))
            if process.is_running():
                to(number)
        outcome = process.wait()
        took = time.monotonic() - asked
        deadline = time.monotonic() + 5.0
        while (left := process.family()) and time.monotonic() < deadline:
            time.sleep(0.05)
    assert left == []
    assert (outcome.code, outcome.out) == (130, ""), outcome
    lines = outcome.err.splitlines()
    assert len(lines) == 1, outcome.err
    assert lines[0].startswith("Stopped")
    units = kept(out)
    if lines[0].startswith("Stopped before any run had finished."):
        assert units == 0
    elif lines[0] != "Stopped.":  # before it had looked into the folder
        assert lines[0].startswith(f"Stopped. {units} of ")
    if out.exists():
        assert {path.name for path in out.iterdir() if path.name.startswith(".")} == set()
    return took


@pytest.mark.parametrize(
    ("words", "times"),
    [
        pytest.param(("--workers", "2"), 5, id="processes"),
        pytest.param(("--workers", "1"), 10, id="one", marks=pytest.mark.long),
        pytest.param(("--workers", "2"), 10, id="more processes", marks=pytest.mark.long),
        pytest.param(
            ("--workers", "2", "--cluster", "local"), 6, id="dask", marks=pytest.mark.long
        ),
    ],
)
def test_asked_to_end_at_any_moment(tmp_path: Path, words: tuple[str, ...], times: int) -> None:
    chance = random.Random(len(words) * times)
    took = [end_at_random(tmp_path, chance, words) for _ in range(times)]
    print(f"longest time to end: {max(took):.2f} s")


@pytest.mark.endurance
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("words", [("--workers", "1"), ("--workers", "2")])
def test_asked_to_end_at_very_many_moments(tmp_path: Path, words: tuple[str, ...]) -> None:
    chance = random.Random(11)
    took = [end_at_random(tmp_path, chance, words) for _ in range(150)]
    print(f"longest time to end: {max(took):.2f} s")


def test_tables_that_take_long_do_not_keep_who_is_impatient(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The units are kept, and merged when the study goes on."""
    wanted = reference()

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("rlsabm.study.study.merge", interrupted)
        with pytest.raises(KeyboardInterrupt):
            at_once(tmp_path, tmp_path / "out")
    assert manifest(tmp_path / "out")["status"] == "stopped"
    at_once(tmp_path, tmp_path / "out")
    same_study(tmp_path / "out", wanted)
