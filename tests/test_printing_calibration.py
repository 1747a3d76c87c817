"""What is shown of a calibration, while it goes and at its end."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from calibration_tools import IDLE, LEVEL, SLOPE, SMALL, Counting, problem, surveyed
from rich.console import Console

from rlsabm.calibration.calibrating import calibrate
from rlsabm.calibration.waves import Kind, Wave
from rlsabm.printing import runs
from rlsabm.printing.calibration import CalibrationProgress, print_calibration, share_text


def console(*, terminal: bool) -> tuple[Console, io.StringIO]:
    stream = io.StringIO()
    return Console(file=stream, force_terminal=terminal, width=120, color_system=None), stream


def test_the_end_says_what_was_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    counting = Counting(tmp_path / "notes", failing=(3,))
    made = problem(counting, LEVEL, SLOPE, IDLE)
    print_calibration(calibrate(made, tmp_path / "out", SMALL))
    said = capsys.readouterr().out
    for words in (
        "Calibration: complete",
        "45 runs of the model, 1 of which failed.",
        "0: the priors",
        "2: the posterior",
        "4 of 4 targets inside.",
        "The targets say next to nothing about idle.",
    ):
        assert words in said
    assert max(map(len, said.splitlines())) <= 100


def test_a_terminal_sees_waves_and_the_current_fit(tmp_path: Path) -> None:
    shown, stream = console(terminal=True)
    with CalibrationProgress(shown) as progress:
        calibrate(problem(), tmp_path / "out", SMALL, watch=progress)
    said = stream.getvalue()
    for words in ("wave 0, from the priors", "Wave 1, 10 runs: worst exposure", "space left: "):
        assert words in said


def test_the_bar_has_runs_failures_and_the_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(runs.time, "perf_counter", lambda: now)
    shown, stream = console(terminal=True)
    wave = Wave(0, Kind.FIRST, 0.0, np.zeros((15, 2)), np.zeros(15))
    with CalibrationProgress(shown) as progress:
        progress.begin(wave, 5, "2 processes")
        progress.show(5, 0, 0.0)
        now = 20.0
        progress.show(10, 1, 100.0)
        progress._bar.refresh()
    assert "10 of 15 runs, 1 failed, 20 seconds left" in stream.getvalue()


def test_going_on_says_what_had_ended(tmp_path: Path) -> None:
    counting = Counting(tmp_path / "notes", stop_at=20)
    with pytest.raises(KeyboardInterrupt):
        calibrate(problem(counting), tmp_path / "out", SMALL)
    counting.stop_at = None
    shown, stream = console(terminal=True)
    with CalibrationProgress(shown) as progress:
        calibrate(problem(counting), tmp_path / "out", SMALL, watch=progress)
    assert "20 runs had ended before; going on with this process." in stream.getvalue()


def test_nothing_is_shown_where_there_is_no_terminal(tmp_path: Path) -> None:
    shown, stream = console(terminal=False)
    with CalibrationProgress(shown) as progress:
        calibrate(problem(surveyed), tmp_path / "out", SMALL, watch=progress)
    assert stream.getvalue() == ""


@pytest.mark.parametrize(
    ("share", "text"),
    [(1.0, "100 %"), (0.123, "12 %"), (0.01, "1 %"), (0.0049, "1 in 200"), (3.1e-5, "1 in 32,000"),
     (0.0, "nothing"), (float("nan"), "too little to tell")],
)  # fmt: skip
def test_shares_of_the_space_are_read_however_small(share: float, text: str) -> None:
    assert share_text(share) == text
