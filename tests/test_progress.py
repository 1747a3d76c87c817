"""What is said of a study while it runs, on a terminal and in the log file of a batch system."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console
from study_tools import resolved

from rlsabm.study import progress as progress_module
from rlsabm.study.ledger import FAILED, FINISHED, Ledger
from rlsabm.study.progress import StudyProgress, duration
from rlsabm.study.units import units_of

STUDY = "title: t\npopulation: {size: 300, founders_years_before: 110}\nruns: {replicates: 4}\n"


class Watched:
    """Progress of a study of four units, on a console that is read, with a clock that is set."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, *, terminal: bool, compiled: bool):
        self.now = 0.0
        patch.setattr(progress_module, "is_compiled_before", lambda: compiled)
        patch.setattr(progress_module.time, "perf_counter", lambda: self.now)
        self.stream = io.StringIO()
        console = Console(file=self.stream, force_terminal=terminal, width=100)
        self.study = resolved(folder, STUDY)
        self.ledger = Ledger(units_of(self.study))
        self.progress = StudyProgress(console)
        self.progress.begin(self.study, self.ledger, "2 processes")

    def show(self, seconds: float, person_years: float, share_of_unit: float) -> str:
        """What is said after so many seconds more, with so much done of a unit under way."""
        self.now += seconds
        self.stream.truncate(0)
        self.stream.seek(0)
        work = share_of_unit * self.progress._work[self.ledger.units[0].name]
        self.progress.show(self.ledger, 12 * person_years, work)
        self.progress._bar.refresh()
        return self.stream.getvalue()

    def finish(self, person_years: float) -> None:
        unit = next(u for u in self.ledger.units if self.ledger[u].status != FINISHED)
        self.ledger[unit].status = FINISHED
        self.ledger[unit].person_months = round(12 * person_years)


def test_compiling_is_said_until_somebody_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watched(tmp_path, monkeypatch, terminal=True, compiled=False)
    for _ in range(3):
        said = watched.show(10.0, 0.0, 0.0)
        assert "compiling the rules, about 30 seconds, once" in said
        assert "person-years/s" not in said
    watched.show(1.0, 10.0, 0.01)
    said = watched.show(10.0, 2_000_010.0, 0.5)
    assert "compiling" not in said
    assert "0 of 4 runs" in said
    # The time of compiling does not count: half a unit in ten seconds, three and a half are left.
    assert "0.20 million person-years/s" in said
    assert "70 seconds left" in said
    watched.progress.close()


def test_nothing_is_said_of_compiling_where_it_was_done_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watched(tmp_path, monkeypatch, terminal=True, compiled=True)
    assert "compiling" not in watched.show(10.0, 0.0, 0.0)
    watched.finish(5_000.0)
    watched.ledger[watched.ledger.units[-1]].status = FAILED
    said = watched.show(10.0, 0.0, 0.0)
    assert "1 of 4 runs, 1 failed" in said
    assert "250 person-years/s" in said
    watched.progress.close()


@pytest.mark.parametrize("compiled", [True, False])
def test_a_line_now_and_then_where_there_is_no_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compiled: bool
) -> None:
    watched = Watched(tmp_path, monkeypatch, terminal=False, compiled=compiled)
    said = watched.stream.getvalue()
    assert said == ("" if compiled else "Compiling the rules, about 30 seconds, once.\n")
    assert watched.show(30.0, 1.0, 0.0) == ""
    assert watched.show(29.0, 1_000.0, 0.1) == ""
    watched.finish(400_000.0)
    said = watched.show(30.0, 0.0, 0.0)
    assert said.startswith("1 of 4 runs finished, 25 %, ")
    assert said.endswith(" left\n")
    assert len(said.splitlines()) == 1
    assert watched.show(30.0, 0.0, 0.0) == ""
    assert "25 %" in watched.show(31.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.2, "1 second"),
        (1.4, "1 second"),
        (89, "89 seconds"),
        (120, "2 minutes"),
        (7200, "2.0 hours"),
    ],
)
def test_times_in_words(seconds: float, said: str) -> None:
    assert duration(seconds) == said
