"""Elementary effects by Morris: effects that are known, runs that are kept, the command, its table."""

from __future__ import annotations

import io
import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pandas as pd
import pytest
from calibration_tools import (
    CALIBRATION,
    EXPOSURES,
    IDLE,
    LEVEL,
    SLOPE,
    SMALL,
    TARGETS,
    Counting,
    calibrated,
    log_odds,
    problem,
    surveyed,
)
from command_tools import refused
from conftest import Command, Study, typed
from rich.console import Console

import rlsabm
from rlsabm.calibration import elementary_effects as screening
from rlsabm.calibration.calibrating import calibrate
from rlsabm.calibration.effects import ElementaryEffects
from rlsabm.calibration.elementary_effects import Plan, effects_of_problem
from rlsabm.calibration.morris import (
    LEVELS,
    clear_in_mean,
    effects_of,
    scores_of,
    summary_of,
    threshold,
    trajectories_of,
)
from rlsabm.calibration.priors import values_of
from rlsabm.calibration.problem import NOTHING_KNOWN, Problem, Simulated
from rlsabm.calibration.state import JOURNAL
from rlsabm.errors import UserError
from rlsabm.printing import text
from rlsabm.printing.elementary_effects import EffectsProgress, _decimals, print_effects

# Trajectories and effects ---------------------------------------------------------------------------


def test_a_trajectory_moves_each_parameter_once() -> None:
    steps = np.diff(trajectories_of(6, 20, seed=1), axis=1)
    assert (np.count_nonzero(steps, axis=1) == 1).all()
    assert (np.count_nonzero(steps, axis=2) == 1).all()
    assert np.unique(np.abs(steps[steps != 0.0])) == pytest.approx(2.0 / 3.0)


def test_all_levels_are_equally_frequent() -> None:
    points = trajectories_of(5, 400, seed=1)
    levels, numbers = np.unique(np.round(points, 9), return_counts=True)
    assert levels == pytest.approx(np.arange(LEVELS) / 3.0)
    assert numbers / points.size == pytest.approx(1.0 / LEVELS, abs=0.03)


def test_fewer_trajectories_are_the_first_of_more() -> None:
    more = trajectories_of(3, 9, seed=2)
    assert (trajectories_of(3, 4, seed=2) == more[:4]).all()
    assert (trajectories_of(3, 9, seed=3) != more).any()


def test_points_are_the_middle_of_priors() -> None:
    values = values_of((LEVEL, IDLE), scores_of(np.array([[0.0, 0.0], [0.5, 0.5], [1.0, 1.0]])))
    assert values[:, 0] == pytest.approx([-3.96, -2.0, -0.04], abs=0.001)
    assert values[:, 1] == pytest.approx([0.025, 0.5, 0.975])


def test_effects_of_a_linear_model_are_its_slopes() -> None:
    points, slopes = trajectories_of(4, 10, seed=1), np.array([3.0, -2.0, 1.0, 0.0])
    found = summary_of(points, 7.0 + points @ slopes, seed=1)
    assert found.mean == pytest.approx(slopes)
    assert found.mean_absolute == pytest.approx(np.abs(slopes))
    assert found.sd == pytest.approx(0.0, abs=1e-12)
    assert found.half_width == pytest.approx(0.0, abs=1e-12)
    assert found.trajectories.tolist() == [10] * 4


def test_a_product_has_effects_that_differ() -> None:
    """With the other factor at a or b, the effect is a or b: levels have the mean 1/2, SD 0.373."""
    points = trajectories_of(3, 400, seed=1)
    found = summary_of(points, points[..., 0] * points[..., 1], seed=1)
    assert found.mean[:2] == pytest.approx(0.5, abs=0.07)
    assert found.sd[:2] == pytest.approx(np.std(np.arange(4) / 3.0), abs=0.03)
    assert (found.mean[2], found.sd[2]) == (0.0, 0.0)
    of_40 = summary_of(points[:100], (points[..., 0] * points[..., 1])[:100], seed=1)
    assert of_40.half_width[:2] == pytest.approx(1.96 * 0.373 / 10.0, rel=0.25)


def test_effects_of_both_signs_do_not_cancel() -> None:
    points = trajectories_of(2, 200, seed=1)
    found = summary_of(points, (points[..., 0] - 0.5) ** 2, seed=1)
    assert abs(found.mean[0]) < 0.05
    assert found.mean_absolute[0] == pytest.approx(1.0 / 3.0)


def test_a_missing_run_is_missed_by_the_two_parameters_that_it_touches() -> None:
    points = trajectories_of(5, 8, seed=1)
    outputs = points @ np.arange(5.0) + points[..., 0] * points[..., 1] * points[..., 2]
    whole = effects_of(points, outputs)
    outputs[3, 2] = np.nan
    effects, found = effects_of(points, outputs), summary_of(points, outputs, seed=1)
    assert sorted(found.trajectories) == [7, 7, 8, 8, 8]
    assert (found.trajectories == np.isfinite(effects).sum(axis=0)).all()
    assert found.mean == pytest.approx(np.nanmean(effects, axis=0))
    assert found.sd == pytest.approx(np.nanstd(effects, axis=0, ddof=1))
    there = np.isfinite(effects)
    assert (effects[there] == whole[there]).all()


# What chance alone does -----------------------------------------------------------------------------


def test_the_threshold_of_one_parameter_is_that_of_its_mean() -> None:
    """Mean of 200 absolute values of normal effects, whose SD is that of two runs by the step."""
    points = trajectories_of(1, 200, seed=1)
    found = threshold(points, np.full((200, 2), 0.1), seed=1)
    sd = 0.1 * np.sqrt(2.0) / (2.0 / 3.0)
    mean, error = sd * np.sqrt(2.0 / np.pi), sd * np.sqrt((1.0 - 2.0 / np.pi) / 200.0)
    assert found == pytest.approx(mean + 1.645 * error, rel=0.01)


def test_chance_is_above_the_threshold_once_in_twenty() -> None:
    """Also where some runs tell less than others, and some nothing."""
    points, generator = trajectories_of(6, 8, seed=1), np.random.default_rng(5)
    errors = generator.lognormal(sigma=0.7, size=points.shape[:2])
    errors[2, 3] = np.nan
    least, trials = threshold(points, errors, seed=1), 600
    above = 0
    for _ in range(trials):
        drawn = effects_of(points, generator.normal(size=errors.shape) * errors)
        above += np.nanmean(np.abs(drawn), axis=0).max() > least
    assert 0.025 < above / trials < 0.08


def test_chance_of_effects_that_are_missing_does_not_count() -> None:
    points = trajectories_of(3, 6, seed=1)
    errors = np.full(points.shape[:2], 0.1)
    errors[2] = np.nan
    without = threshold(points, errors, seed=1)
    errors[2, 0] = 50.0  # alone, it is part of no effect
    assert threshold(points, errors, seed=1) == without


def test_chance_is_clear_in_mean_once_in_twenty() -> None:
    points, generator = trajectories_of(6, 10, seed=1), np.random.default_rng(6)
    trials = 300
    above = 0
    for _ in range(trials):
        drawn = generator.normal(size=(10, 1)) + generator.normal(size=points.shape[:2])
        above += clear_in_mean(summary_of(points, drawn, seed=1)).any()
    assert 0.02 < above / trials < 0.09


def test_an_effect_in_one_direction_is_clear_below_the_threshold() -> None:
    """Runs that share most of their chance tell more than their errors say."""
    points, generator = trajectories_of(4, 10, seed=1), np.random.default_rng(7)
    shared = generator.normal(size=(10, 1))
    output = shared + 0.05 * generator.normal(size=(10, 5)) + 0.5 * points[..., 0]
    found = summary_of(points, output, seed=1)
    assert clear_in_mean(found).tolist() == [True, False, False, False]
    assert found.mean_absolute[0] < threshold(points, np.ones((10, 5)), seed=1)


# Runs, and the table --------------------------------------------------------------------------------


def exact(number: int, values: Mapping[str, float], seed: int) -> dict[str, Simulated]:
    """Log odds at each exposure as very many people have them."""
    odds = log_odds(values["level"], values["slope"])
    return {f"exposure {x:g}": Simulated(y, 0.01) for x, y in zip(EXPOSURES, odds, strict=True)}


def three(evaluate: Any = surveyed) -> Problem:
    """A problem with level, slope and a parameter that nothing depends on: 4 runs a trajectory."""
    return problem(evaluate, LEVEL, SLOPE, IDLE)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[ElementaryEffects, Counting]:
    """An analysis that was never interrupted, and what was run for it."""
    folder = tmp_path_factory.mktemp("whole")
    counting = Counting(folder / "notes")
    found = effects_of_problem(three(counting), folder / "out", trajectories=6, workers=1)
    return found, counting


def row(found: ElementaryEffects, output: str, parameter: str) -> Any:
    frame = found.frame
    return frame[(frame["output"] == output) & (frame["parameter"] == parameter)].iloc[0]


def test_effects_on_targets_are_for_the_middle_of_the_prior(tmp_path: Path) -> None:
    found = effects_of_problem(three(exact), tmp_path / "out", trajectories=8, workers=1)
    for exposure in EXPOSURES:
        level = row(found, f"exposure {exposure:g}", "level")
        step = LEVEL.quantile(0.025 + 0.95 * 2.0 / 3.0) - LEVEL.quantile(0.025)
        assert level["mean_effect"] == pytest.approx(
            1.5 * step, rel=0.001
        )  # bounds are a bit lopsided
        assert level["sd_of_effects"] == pytest.approx(0.0, abs=0.001)
        assert level["clear"]
        idle = row(found, f"exposure {exposure:g}", "idle")
        assert idle["mean_absolute_effect"] == pytest.approx(0.0, abs=1e-12)
        assert not idle[["clear", "clear_in_mean"]].any()
    falling, none = (row(found, f"exposure {x}", "slope") for x in ("-1", "0"))
    assert falling["mean_effect"] == -falling["mean_absolute_effect"] < -0.5
    assert falling["sd_of_effects"] > 0.1  # a lognormal prior is not linear in its probability
    assert not none["clear"]
    assert list(found.largest("exposure 1")["parameter"]) == ["level", "slope"]
    assert list(found.largest("exposure 1")["rank"]) == [1, 2]
    assert set(found.frame["scale"]) == {"logit"}


def test_runs_of_a_trajectory_share_their_random_numbers(
    whole: tuple[ElementaryEffects, Counting], tmp_path: Path
) -> None:
    """What nothing depends on has no effect at all, although figures have chance in them."""
    idle = whole[0].frame.query("parameter == 'idle'")
    assert (idle["mean_absolute_effect"] == 0.0).all()
    assert (idle["threshold"] > 0.0).all()
    seeds: list[int] = []

    def noting(number: int, values: Mapping[str, float], seed: int) -> dict[str, Simulated]:
        seeds.append(seed)
        return surveyed(number, values, seed)

    effects_of_problem(three(noting), tmp_path / "out", trajectories=4, workers=1)
    assert len(set(seeds)) == 4
    assert [len(set(seeds[place : place + 4])) for place in (0, 4, 8, 12)] == [1] * 4


def test_the_table_says_what_it_holds(whole: tuple[ElementaryEffects, Counting]) -> None:
    found = whole[0]
    written = pd.read_parquet(found.files[0])
    pd.testing.assert_frame_equal(written, found.frame)
    assert set(written.attrs["meanings"]) == set(written.columns)
    assert "middle 95 % of its prior" in written.attrs["meanings"]["mean_effect"]
    assert len(written) == 4 * 3
    assert (found.runs, found.failed, found.left_out) == (24, 0, ())
    assert found.files[1].read_bytes().startswith(b"\x89PNG")
    assert found.picture() == found.picture()
    assert (written["clear"] == (written["mean_absolute_effect"] > written["threshold"])).all()
    assert written["lower"].le(written["mean_absolute_effect"]).all()
    assert written["upper"].ge(written["mean_absolute_effect"]).all()


@pytest.mark.parametrize("stop_at", [0, 7, 23])
def test_a_stop_changes_nothing(
    whole: tuple[ElementaryEffects, Counting], tmp_path: Path, stop_at: int
) -> None:
    counting = Counting(tmp_path / "notes", stop_at=stop_at)
    with pytest.raises(KeyboardInterrupt):
        effects_of_problem(three(counting), tmp_path / "out", trajectories=6, workers=1)
    assert len(counting.done()) == stop_at
    assert not (tmp_path / "out" / "elementary_effects.parquet").exists()
    counting.stop_at = None
    found = effects_of_problem(three(counting), tmp_path / "out", trajectories=6, workers=1)
    assert sorted(counting.done()) == list(range(24))  # none of them twice
    pd.testing.assert_frame_equal(found.frame, whole[0].frame, check_exact=True)


def test_more_trajectories_go_on_with_the_runs_of_fewer(
    whole: tuple[ElementaryEffects, Counting], tmp_path: Path
) -> None:
    counting = Counting(tmp_path / "notes")
    for trajectories, runs in ((4, 16), (6, 24), (6, 24), (4, 24)):
        found = effects_of_problem(
            three(counting), tmp_path / "out", trajectories=trajectories, workers=1
        )
        assert sorted(counting.done()) == list(range(runs))
        assert (found.frame["trajectories"] == trajectories).all()
    again = effects_of_problem(three(counting), tmp_path / "out", trajectories=6, workers=1)
    pd.testing.assert_frame_equal(again.frame, whole[0].frame, check_exact=True)


def test_worker_processes_find_the_same(
    whole: tuple[ElementaryEffects, Counting], tmp_path: Path
) -> None:
    found = effects_of_problem(three(), tmp_path / "out", trajectories=6, workers=2)
    assert {path.name for path in found.folder.iterdir()} == {
        JOURNAL,
        *(path.name for path in found.files),
    }
    pd.testing.assert_frame_equal(found.frame, whole[0].frame, check_exact=True)


def test_effects_that_failures_touch_are_left_out(tmp_path: Path) -> None:
    counting = Counting(tmp_path / "notes", failing=(4, 13))
    found = effects_of_problem(three(counting), tmp_path / "out", trajectories=6, workers=1)
    assert found.failed == 2
    numbers = found.frame.drop_duplicates("parameter")["trajectories"]
    # A run at the beginning of a trajectory is part of one step, another one of two.
    assert numbers.sum() == 6 * 3 - 3
    again = effects_of_problem(three(counting), tmp_path / "out", trajectories=6, workers=1)
    assert len(counting.done()) == 24
    pd.testing.assert_frame_equal(again.frame, found.frame)


def test_too_many_failures_are_told(tmp_path: Path) -> None:
    most = Counting(tmp_path / "most", failing=tuple(range(9)))
    with pytest.raises(
        UserError, match=r"^9 of 16 runs failed, the first with: ValueError: nobody"
    ):
        effects_of_problem(three(most), tmp_path / "a", trajectories=4, workers=1)
    some = Counting(tmp_path / "some", failing=(1, 2, 5, 6, 9, 10))
    with pytest.raises(UserError, match=r"no target has effects .* \(failed runs: 6\)"):
        effects_of_problem(three(some), tmp_path / "b", trajectories=4, workers=1)


def test_figures_of_which_runs_say_nothing_are_left_out_and_named(tmp_path: Path) -> None:
    def partly(number: int, values: Mapping[str, float], seed: int) -> dict[str, Simulated]:
        found = surveyed(number, values, seed)
        found["exposure 0"] = Simulated(0.0, NOTHING_KNOWN)
        if number == 0:
            found["exposure 1"] = Simulated(0.0, NOTHING_KNOWN)
        return found

    found = effects_of_problem(three(partly), tmp_path / "out", trajectories=4, workers=1)
    assert found.left_out == ("exposure 0",)
    assert set(found.frame["output"]) == {"exposure -1", "exposure 1", "exposure 2"}
    numbers = found.frame.query("output == 'exposure 1'")["trajectories"]
    assert sorted(numbers) == [3, 4, 4]
    assert (found.frame.query("output == 'exposure 2'")["trajectories"] == 4).all()


def test_the_folder_of_other_work_is_left_alone(
    whole: tuple[ElementaryEffects, Counting], tmp_path: Path
) -> None:
    out = whole[0].folder
    with pytest.raises(UserError, match=r"holds another sensitivity analysis: seed was 1, is 2$"):
        effects_of_problem(three(), out, trajectories=6, workers=1, seed=2)
    with pytest.raises(
        UserError, match=r"holds a sensitivity analysis, and no calibration; choose"
    ):
        calibrate(three(), out, SMALL)
    there = tmp_path / "three"
    shutil.copytree(calibrated(), there)
    for place in (there, there / "within"):
        with pytest.raises(UserError, match=r"is the folder of a calibration; choose another one$"):
            effects_of_problem(three(), place, trajectories=4)
    assert not (there / "within").exists()
    (there / "manifest.json").unlink()
    with pytest.raises(UserError, match=r"holds a calibration, and no sensitivity analysis"):
        effects_of_problem(three(), there, trajectories=4)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match=r"holds files that are no sensitivity analysis"):
        effects_of_problem(three(), tmp_path / "mine", trajectories=4)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"trajectories": 3}, r"^trajectories: found 3 \(expected a whole number from 4 to 1000\)"),
        ({"trajectories": 4.5}, r"^trajectories: found 4.5"),
        ({"workers": 0}, r"^workers: found 0"),
        ({"seed": -1}, r"^seed: found -1"),
    ],
)
def test_numbers_that_cannot_be(given: dict[str, Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=words):
        effects_of_problem(three(), tmp_path / "out", **given)
    assert not (tmp_path / "out").exists()


# The screen -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [40, 60, 100])
def test_it_fits_terminals(
    width: int,
    whole: tuple[ElementaryEffects, Counting],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(text.out, "width", width)
    print_effects(whole[0], most=1)
    said = capsys.readouterr().out
    assert max(map(len, said.splitlines())) <= width
    assert "exposure 1, log odds" in said
    assert "  level " in said
    assert "and 1 other parameter" in said
    assert "slope" not in said
    assert "idle" not in said


def test_what_is_left_out_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = effects_of_problem(
        three(Counting(tmp_path / "notes", failing=(4,))),
        tmp_path / "out",
        trajectories=6,
        workers=1,
    )
    object.__setattr__(found, "left_out", ("rare",))
    print_effects(found, most=5)
    said = capsys.readouterr().out
    assert "1 run failed; effects that they touch are left out." in " ".join(said.split())
    assert "Left out, as too few runs tell: rare." in said


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (Plan(230, 0, 780.0, "this process"), "230 runs by this process; about 13 minutes"),
        (Plan(24, 23, np.nan, "2 processes"), "1 run by 2 processes, 23 more had ended before"),
    ],
)
def test_what_will_be_run_is_said_first(plan: Plan, said: str) -> None:
    stream = io.StringIO()
    with EffectsProgress(Console(file=stream, width=120)) as progress:
        progress.begin(plan)
        progress.show(plan.ended + 1, 0, 3.0)
    assert stream.getvalue().startswith(said)
    assert len(stream.getvalue().splitlines()) == 1
    assert ("about" in stream.getvalue().partition(", after")[0]) == (plan.ended == 0)


@pytest.mark.parametrize(
    ("largest", "decimals"), [(0.0, 0), (0.032, 3), (0.87, 2), (1.24, 2), (12.4, 1), (1240.0, 0)]
)
def test_decimals_follow_the_largest_effect(largest: float, decimals: int) -> None:
    assert _decimals(largest) == decimals


# The command ----------------------------------------------------------------------------------------

MORRIS = ("sensitivity", "two.yaml", "--method", "morris", "--trajectories", "4", "--workers", "1")


@pytest.fixture(scope="module")
def screened(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A place where the command was typed, and what it said as JSON."""
    place = tmp_path_factory.mktemp("screened")
    (place / "mine.yaml").write_text(TARGETS, encoding="utf-8")
    (place / "two.yaml").write_text(CALIBRATION, encoding="utf-8")
    outcome = typed(*MORRIS, "--json", folder=place)
    assert outcome.code == 0, outcome
    assert outcome.err.startswith("12 runs by this process; about 6 seconds")
    return place, json.loads(outcome.out)


def test_the_command(screened: tuple[Path, dict[str, Any]]) -> None:
    place, found = screened
    assert (found["trajectories"], found["runs"], found["failed"]) == (4, 12, 0)
    out = Path("outputs") / "two-morris"
    names = ("elementary_effects.parquet", "elementary_effects.png")
    assert found["files"] == [str(out / name) for name in names]
    rows = pd.DataFrame(found["effects"])
    assert set(rows["parameter"]) == {"liability_threshold", "liability_scale"}
    assert set(rows["output"]) == {"M1_women", "M1_men"}
    women = rows.query("output == 'M1_women' and parameter == 'liability_threshold'").iloc[0]
    assert women["mean_effect"] < 0.0
    assert women["rank"] == 1
    frame = pd.read_parquet(place / out / names[0])
    assert frame.attrs["units"]["mean_effect"] == "scale of the target"


def test_the_same_command_repeats_nothing(
    screened: tuple[Path, dict[str, Any]], rlsabm_command: Command
) -> None:
    place, _ = screened
    out = place / "outputs" / "two-morris"
    journal = (out / JOURNAL).read_bytes()
    words = ("--out", str(out), "--method", "morris", "--trajectories", "4")
    outcome = rlsabm_command("sensitivity", str(place / "two.yaml"), *words)
    assert (outcome.code, outcome.err) == (0, "")
    for said in (
        "What moves each output: 4 trajectories, 12 runs",
        "M1_women, log odds",
        "Written:",
    ):
        assert said in outcome.out
    assert (out / JOURNAL).read_bytes() == journal
    outcome = rlsabm_command("sensitivity", str(place / "two.yaml"), *words, "--size", "600")
    refused(outcome, "holds another sensitivity analysis: fixed")


def test_from_python(screened: tuple[Path, dict[str, Any]]) -> None:
    place, said = screened
    found = rlsabm.elementary_effects(
        place / "two.yaml", place / "outputs" / "two-morris", trajectories=4
    )
    assert found.as_mapping()["effects"] == said["effects"]


def test_the_command_that_goes_on_is_the_same(
    screened: tuple[Path, dict[str, Any]], rlsabm_command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(screening, "elementary_effects", interrupted)
    file, out = str(screened[0] / "two.yaml"), str(screened[0] / "stopped")
    given = ("--trajectories", "7", "--size", "600", "--seed", "3")
    outcome = rlsabm_command("sensitivity", file, "--method", "morris", "--out", out, *given)
    assert (outcome.code, outcome.out) == (130, "")
    assert outcome.err.split() == [
        *(["Stopped.", "No", "run", "had", "ended.", "To", "go", "on:", "rlsabm", "sensitivity"]),
        *(file, "--method", "morris", "--out", out, *given),
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("outputs/three", "--method", "morris"), "is a folder, and --method morris does runs"),
        (("three", "--method", "morris"), "(rlsabm sensitivity three takes the runs"),
        (
            ("scenarios/calibration.yaml",),
            "(rlsabm sensitivity scenarios/calibration.yaml --method morris does runs of its own)",
        ),
        (("nowhere.yaml", "--method", "morris"), "nowhere.yaml"),
        (("scenarios/baseline.yaml", "--method", "morris"), "is a scenario, no calibration file"),
        (
            ("three", "--method", "moris"),
            "--method: found the text 'moris' (expected given or morris",
        ),
        (
            ("three", "--trajectories", "4"),
            "--trajectories: is an option of --method morris (found with --method given)",
        ),
        (("three", "--size", "500"), "--size: is an option of --method morris"),
        (("three", "--workers", "2"), "--workers: is an option of --method morris"),
        (
            ("calibration", "--method", "morris", "--runs", "all"),
            "--runs: is an option of --method given (found with --method morris)",
        ),
        (("calibration", "--method", "morris", "--size", "5"), "size: found 5"),
        (("calibration", "--method", "morris", "--trajectories", "3"), "trajectories: found 3"),
        (("calibration", "--method", "morris", "--out", "outputs/three/a"), "of a calibration"),
    ],
)
def test_mistakes(
    words: tuple[str, ...], said: str, workplace: Path, rlsabm_command: Command
) -> None:
    (workplace / "outputs").mkdir()
    for name in ("three", "calibration"):  # also the name of a file that ships
        shutil.copytree(calibrated(), workplace / "outputs" / name)
    refused(rlsabm_command("sensitivity", *words), said)
    assert {path.name for path in (workplace / "outputs").iterdir()} == {"three", "calibration"}


def test_it_writes_into_no_study(study: Study, rlsabm_command: Command) -> None:
    words = ("sensitivity", "calibration", "--method", "morris", "--out", str(study.folder))
    refused(rlsabm_command(*words), "belongs to the study in")


def test_without_the_extra_it_says_what_to_install(
    workplace: Path, rlsabm_command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "SALib", None)
    outcome = rlsabm_command("sensitivity", "calibration", "--method", "morris")
    refused(outcome, 'pip install "rlsabm[sensitivity]"')
