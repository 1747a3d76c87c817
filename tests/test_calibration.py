"""Calibrations: they go on after a stop, keep what has finished, and say what is wrong."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from calibration_tools import IDLE, LEVEL, SLOPE, SMALL, Counting, problem, surveyed, targets_of

from rlsabm.calibration.calibrating import COMPLETE, STOPPED, Report, calibrate
from rlsabm.calibration.going_on import seed_of_run
from rlsabm.calibration.options import Options
from rlsabm.calibration.problem import NormalTarget, Problem, Simulated, parameters_named
from rlsabm.calibration.state import JOURNAL, Journal
from rlsabm.calibration.tables import TABLES
from rlsabm.declaring.parameter import Parameter
from rlsabm.errors import UserError
from rlsabm.study.lock import FolderLock

#: Columns that tell of time and place.
OF_TIME = ("seconds", "seconds_of_runs", "worker")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Counting]:
    """A calibration that was never interrupted, and what was run for it."""
    folder = tmp_path_factory.mktemp("whole")
    counting = Counting(folder / "notes")
    report = calibrate(problem(counting), folder / "out", SMALL)
    assert report.status == COMPLETE
    return folder / "out", counting


def tables_in(folder: Path) -> dict[str, pd.DataFrame]:
    """Tables of a calibration, without columns of time."""
    read = {name: pd.read_parquet(folder / f"{name}.parquet") for name in TABLES}
    return {
        name: frame.drop(columns=[c for c in OF_TIME if c in frame]) for name, frame in read.items()
    }


def assert_same(one: Path, other: Path) -> None:
    """Two calibrations have the same tables, to the bit."""
    there = tables_in(other)
    for name, frame in tables_in(one).items():
        pd.testing.assert_frame_equal(frame, there[name], check_exact=True)


def test_waves_are_run_within_the_budget(whole: tuple[Path, Counting]) -> None:
    folder, counting = whole
    waves = pd.read_parquet(folder / "waves.parquet")
    assert waves["drawn_from"].tolist() == ["prior", "search", "posterior"]
    assert waves["evaluations"].tolist() == [15, 10, 20]
    assert sorted(counting.done()) == list(range(45))
    assert json.loads((folder / "manifest.json").read_text())["status"] == COMPLETE


def test_tables_say_what_they_hold(whole: tuple[Path, Counting]) -> None:
    for name, table in TABLES.items():
        frame = pd.read_parquet(whole[0] / f"{name}.parquet")
        assert list(frame.columns) == [column.name for column in table.columns]
        assert frame.attrs["title"] == table.title
        assert set(frame.attrs["meanings"]) == set(frame.columns)


def test_draws_rest_on_runs_of_the_last_wave(whole: tuple[Path, Counting]) -> None:
    tables = tables_in(whole[0])
    draws = tables["posterior"]
    assert draws.groupby("draw").size().tolist() == [2] * 20
    runs = draws.merge(tables["values"], on=["evaluation", "parameter"], suffixes=("", "_of_run"))
    assert (runs["value"] == runs["value_of_run"]).all()
    assert draws["evaluation"].between(25, 44).all()
    fit = tables["fit"].set_index("target")
    figures = draws[draws["parameter"] == "level"].merge(tables["figures"], on="evaluation")
    mean = figures.groupby("target", observed=True)["simulated"].mean()
    odds = fit["simulated"] / (1 - fit["simulated"])
    np.testing.assert_allclose(np.log(odds), mean[fit.index], rtol=1e-12)
    for column, percent in (("simulated_lower", 2.5), ("simulated_upper", 97.5)):
        limit = figures.groupby("target", observed=True)["simulated"].quantile(percent / 100)
        np.testing.assert_allclose(fit[column], 1 / (1 + np.exp(-limit[fit.index])), rtol=1e-12)
    assert fit["contribution"].sum() == pytest.approx(1.0)


def test_contributions_and_limits_of_the_fit_are_those_of_runs(
    whole: tuple[Path, Counting],
) -> None:
    fit = pd.read_parquet(whole[0] / "fit.parquet")
    target = targets_of(-1.5, 0.8)[0]
    limits = [target.mean - 1.959964 * target.sd, target.mean + 1.959964 * target.sd]
    found = fit.loc[0, ["published_lower", "published_upper"]].astype(float)
    np.testing.assert_allclose(np.log(found / (1 - found)), limits)
    inside = fit["simulated"].between(fit["published_lower"], fit["published_upper"])
    assert (fit["inside"] == inside).all()


@pytest.mark.parametrize("stop_at", [0, 7, 15, 22, 31, 44])
def test_a_stop_changes_nothing(whole: tuple[Path, Counting], tmp_path: Path, stop_at: int) -> None:
    counting = Counting(tmp_path / "notes", stop_at=stop_at)
    with pytest.raises(KeyboardInterrupt):
        calibrate(problem(counting), tmp_path / "out", SMALL)
    assert len(counting.done()) == stop_at
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["status"] == STOPPED
    counting.stop_at = None
    assert calibrate(problem(counting), tmp_path / "out", SMALL).status == COMPLETE
    assert sorted(counting.done()) == list(range(45))  # none of them twice
    assert_same(whole[0], tmp_path / "out")


def test_a_complete_one_is_not_run_again(whole: tuple[Path, Counting], tmp_path: Path) -> None:
    folder, counting = whole
    before, journal = counting.done(), (folder / JOURNAL).read_bytes()
    report = calibrate(problem(counting), folder, SMALL)
    assert (report.status, report.evaluations) == (COMPLETE, 45)
    assert counting.done() == before
    assert (folder / JOURNAL).read_bytes() == journal


def test_a_table_that_is_damaged_is_made_again(
    whole: tuple[Path, Counting], tmp_path: Path
) -> None:
    shutil.copytree(whole[0], tmp_path / "out")
    (tmp_path / "out" / "fit.parquet").write_bytes(b"PAR1")
    counting = Counting(tmp_path / "notes")
    calibrate(problem(counting), tmp_path / "out", SMALL)
    assert counting.done() == []
    assert_same(whole[0], tmp_path / "out")


def test_worker_processes_find_the_same(whole: tuple[Path, Counting], tmp_path: Path) -> None:
    options = Options(**{**vars(SMALL), "workers": 2})
    assert calibrate(problem(), tmp_path / "out", options).status == COMPLETE
    assert_same(whole[0], tmp_path / "out")


def test_lines_that_are_damaged_are_run_again(whole: tuple[Path, Counting], tmp_path: Path) -> None:
    lines = (whole[0] / JOURNAL).read_bytes().splitlines(keepends=True)
    runs = [place for place, line in enumerate(lines) if b'\\"is\\": \\"run\\"' in line]
    lines[runs[4]] = lines[runs[4]].replace(b"5", b"6")
    cut = b"".join(lines)[:-200]  # as by a power cut
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / JOURNAL).write_bytes(cut)
    counting = Counting(tmp_path / "notes")
    told = Told()
    assert calibrate(problem(counting), tmp_path / "out", SMALL, watch=told).status == COMPLETE
    assert counting.done() == [4]
    assert told.lines == [f"{tmp_path / 'out' / JOURNAL}: 2 lines damaged and left out."]
    # What was appended to the line that was cut is whole.
    assert 4 in Journal.opened(tmp_path / "out" / JOURNAL).runs
    assert_same(whole[0], tmp_path / "out")


def test_runs_at_other_parameters_are_not_taken(
    whole: tuple[Path, Counting], tmp_path: Path
) -> None:
    """The wave was damaged and made again elsewhere: its runs are none of the new one's."""
    journal = Journal.opened(whole[0] / JOURNAL)
    other = Journal(tmp_path / JOURNAL)
    other.begin(journal.identity)
    for wave in journal.waves:
        other.add_wave(wave)
    moved = journal.runs[3]
    other.add_run(type(moved)(moved.number, (9.0, 9.0), moved.figures))
    counting = Counting(tmp_path / "notes", stop_at=10)
    with pytest.raises(KeyboardInterrupt):
        calibrate(problem(counting), tmp_path, SMALL)
    assert 3 in counting.done()


def test_failures_are_told_kept_out_and_not_repeated(tmp_path: Path) -> None:
    counting = Counting(tmp_path / "notes", failing=(2, 17, 30), stop_at=32)
    with pytest.raises(KeyboardInterrupt):
        calibrate(problem(counting), tmp_path / "out", SMALL)
    counting.stop_at = None
    report = calibrate(problem(counting), tmp_path / "out", SMALL)
    assert (report.status, report.failed) == (COMPLETE, 3)
    assert sorted(counting.done()) == list(range(report.evaluations))
    runs = pd.read_parquet(tmp_path / "out" / "evaluations.parquet").set_index("evaluation")
    assert runs.index[runs["status"] == "failed"].tolist() == [2, 17, 30]
    assert set(runs.loc[[2, 17, 30], "error"]) == {"ValueError: nobody lives"}
    draws = pd.read_parquet(tmp_path / "out" / "posterior.parquet")
    assert not draws["evaluation"].isin([2, 17, 30]).any()
    assert draws["draw"].nunique() == SMALL.draws


def test_nothing_is_learnt_where_most_runs_fail(tmp_path: Path) -> None:
    counting = Counting(tmp_path / "notes", failing=tuple(range(8)))
    with pytest.raises(
        UserError, match=r"^8 of 15 runs of wave 0 failed.*ValueError: nobody lives$"
    ):
        calibrate(problem(counting), tmp_path / "out", SMALL)


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ({}, "exposure -1: the run gave no such figure"),
        (
            {"exposure -1": Simulated(float("nan"), 0.1)},
            "exposure -1: the run gave nan with error 0.1",
        ),
        ({"exposure -1": Simulated(0.0, -1.0)}, "exposure -1: the run gave 0 with error -1"),
    ],
)
def test_figures_that_are_none_are_failures(
    tmp_path: Path, found: dict[str, Simulated], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        calibrate(problem(lambda *_: found), tmp_path / "out", SMALL)


def test_a_budget_that_is_used_up_says_what_is_missing(tmp_path: Path) -> None:
    options = Options(**{**vars(SMALL), "evaluations": 35})
    report = calibrate(problem(sd=0.01), tmp_path / "out", options)
    assert (report.status, report.evaluations) == (COMPLETE, 35)
    assert "more evaluations would narrow the posterior" in report.trouble
    options = Options(**{**vars(SMALL), "evaluations": 65})  # goes on with it
    assert calibrate(problem(sd=0.01), tmp_path / "out", options).evaluations == 65


def test_hours_are_honoured_and_it_goes_on(whole: tuple[Path, Counting], tmp_path: Path) -> None:
    options = Options(**{**vars(SMALL), "hours": 0.0})
    report = calibrate(problem(), tmp_path / "out", options)
    assert (report.status, report.trouble) == (STOPPED, "0 hours are over")
    assert report.evaluations < 15
    calibrate(problem(), tmp_path / "out", SMALL)
    assert_same(whole[0], tmp_path / "out")


def test_a_budget_too_small_for_an_answer_is_refused(tmp_path: Path) -> None:
    options = Options(**{**vars(SMALL), "evaluations": 34})
    with pytest.raises(UserError, match=r"^evaluations: found 34 \(expected at least 35: 15 of"):
        calibrate(problem(), tmp_path / "out", options)


OTHERS = {
    "seed": ("seed was 3, is 4", problem(), Options(**{**vars(SMALL), "seed": 4})),
    "prior": (
        "parameters.level was",
        problem(surveyed, Parameter("level", -2.0, "", "normal", 2.0, -6.0, 3.0, "", ""), SLOPE),
        SMALL,
    ),
    "parameter": ("parameters.idle was None", problem(surveyed, LEVEL, SLOPE, IDLE), SMALL),
    "target": ("targets.exposure -1 was", problem(sd=0.2), SMALL),
    "fixed": (
        "fixed was , is 20,000 people",
        Problem((LEVEL, SLOPE), targets_of(-1.5, 0.8), surveyed, "20,000 people"),
        SMALL,
    ),
    "order": (
        "its parameters or targets are in another order",
        problem(surveyed, SLOPE, LEVEL),
        SMALL,
    ),
}


@pytest.mark.parametrize("what", OTHERS)
def test_another_calibration_is_not_gone_on_with(whole: tuple[Path, Counting], what: str) -> None:
    message, other, options = OTHERS[what]
    with pytest.raises(UserError, match="holds another calibration: ") as caught:
        calibrate(other, whole[0], options)
    assert message in str(caught.value)


REFUSED = {
    "fixed": (
        (Parameter("level", -2.0, "", "fixed", 0.0, -6.0, 3.0, "", ""),),
        targets_of(-1.5, 0.8),
        "parameters.level: cannot be calibrated: its prior is fixed (expected normal, lognormal or "
        "uniform)",
    ),
    "no bounds": (
        (Parameter("level", -2.0, "", "uniform", 0.0, -6.0, float("inf"), "", ""),),
        targets_of(-1.5, 0.8),
        "parameters.level: cannot be calibrated: its prior is uniform over bounds that are not finite",
    ),
    "one value": (
        (Parameter("level", -2.0, "", "normal", 1.0, -2.0, -2.0, "", ""),),
        targets_of(-1.5, 0.8),
        "parameters.level: cannot be calibrated: its bounds leave it one value",
    ),
    "twice": ((LEVEL, LEVEL), targets_of(-1.5, 0.8), "parameters: 'level' is named twice"),
    "nothing": ((), targets_of(-1.5, 0.8), "parameters: is empty (expected at least one)"),
    "no target": ((LEVEL,), (), "targets: is empty (expected at least one)"),
    "exact": (
        (LEVEL,),
        (NormalTarget("men", 0.1, 0.0),),
        "targets.men: found mean 0.1 and standard deviation 0 (expected a number and a number above 0)",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_problems_that_are_none_are_refused(what: str) -> None:
    parameters, targets, message = REFUSED[what]
    with pytest.raises(UserError) as caught:
        Problem(parameters, targets, surveyed)
    assert str(caught.value) == message


def test_parameters_of_the_model_are_found_by_name() -> None:
    found = parameters_named(["deficit_effect", "liability_threshold"])
    assert [each.name for each in found] == ["deficit_effect", "liability_threshold"]
    with pytest.raises(UserError, match="no parameter 'deficit_efect'; did you mean"):
        parameters_named(["deficit_efect"])


def test_without_the_extra_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "emcee", None)
    with pytest.raises(UserError, match=r'pip install "rlsabm\[calibrate\]"$'):
        calibrate(problem(), tmp_path / "out", SMALL)


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(UserError, match=r"holds files that are no calibration; choose another"):
        calibrate(problem(), tmp_path, SMALL)
    assert (tmp_path / "manifest.json").read_text() == "{}"
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.json"]


def test_two_at_a_time_are_refused(tmp_path: Path) -> None:
    with FolderLock(tmp_path / "out").held(), pytest.raises(UserError) as caught:
        calibrate(problem(), tmp_path / "out", SMALL)
    assert "a calibration is being run into this folder by process" in str(caught.value)


def lethal(number: int, values: Mapping[str, float], seed: int) -> dict[str, Simulated]:
    """A run that ends its worker, as the system does when memory runs out."""
    if number == 4:
        os._exit(1)
    return surveyed(number, values, seed)


@pytest.mark.long
def test_a_run_that_ends_its_worker_fails_alone(tmp_path: Path) -> None:
    options = Options(**{**vars(SMALL), "workers": 2})
    report = calibrate(problem(lethal), tmp_path / "out", options)
    assert (report.status, report.evaluations, report.failed) == (COMPLETE, 45, 1)
    runs = pd.read_parquet(tmp_path / "out" / "evaluations.parquet").set_index("evaluation")
    assert "(3 times)" in runs.loc[4, "error"]


@pytest.mark.long
def test_a_cluster_finds_the_same(whole: tuple[Path, Counting], tmp_path: Path) -> None:
    options = Options(**{**vars(SMALL), "workers": 2, "cluster": "local"})
    assert calibrate(problem(), tmp_path / "out", options).status == COMPLETE
    assert_same(whole[0], tmp_path / "out")


def test_seeds_of_runs_differ() -> None:
    seeds = {seed_of_run(seed, run) for seed in range(20) for run in range(500)}
    assert len(seeds) == 10_000
    assert max(seeds) < 2**53


def test_parameters_stay_within_their_bounds(tmp_path: Path) -> None:
    """Figures ask for more than the prior allows: the posterior leans on the bound."""
    steep = Parameter("slope", 0.3, "log odds", "uniform", 0.0, 0.1, 0.5, "effect", "assumed")
    report = calibrate(problem(surveyed, LEVEL, steep), tmp_path / "out", SMALL)
    assert report.status == COMPLETE
    values = pd.read_parquet(tmp_path / "out" / "values.parquet")
    slopes = values.loc[values["parameter"] == "slope", "value"]
    assert slopes.between(0.1, 0.5).all()
    draws = pd.read_parquet(tmp_path / "out" / "posterior.parquet")
    assert draws.loc[draws["parameter"] == "slope", "value"].median() > 0.45


class Told:
    """Who is told how a calibration goes, and keeps it."""

    def __init__(self) -> None:
        self.waves: list[tuple[Any, ...]] = []
        self.shown: list[tuple[int, int]] = []
        self.rows: list[dict[str, Any]] = []
        self.lines: list[str] = []

    def begin(self, wave: Any, done: int, crew: str) -> None:
        self.waves.append((wave.number, done, crew))

    def show(self, ended: int, failed: int, seconds: float) -> None:
        self.shown.append((ended, failed))

    def learning(self, wave: Any) -> None:
        pass

    def learnt(self, wave: Any, row: dict[str, Any]) -> None:
        self.rows.append(row)

    def tell(self, line: str) -> None:
        self.lines.append(line)


def test_who_watches_hears_of_waves_and_the_current_fit(tmp_path: Path) -> None:
    told = Told()
    report: Report = calibrate(problem(), tmp_path / "out", SMALL, watch=told)
    assert told.waves == [(0, 0, "this process"), (1, 15, "this process"), (2, 25, "this process")]
    assert told.shown[-1] == (20, 0)
    pd.testing.assert_frame_equal(pd.DataFrame(told.rows), pd.DataFrame(report.waves))
    assert told.rows[-1]["worst_target"].startswith("exposure")
    assert told.lines == []
