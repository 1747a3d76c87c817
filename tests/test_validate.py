"""`rlsabm validate`: figures of a small population, on the screen, as JSON, as Parquet, and refused."""

from __future__ import annotations

import json
import math
import re
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from command_tools import refused
from conftest import Command
from rich.cells import cell_len
from study_tools import Process

import rlsabm
from rlsabm.calibration.measures import MEASURES
from rlsabm.calibration.observation import observe, survey_years
from rlsabm.calibration.reading import read_targets
from rlsabm.calibration.samples import PARTS, Figure
from rlsabm.calibration.scorecard import PURPOSES, Scorecard, interval_of_figure
from rlsabm.calibration.targets import Target
from rlsabm.calibration.virtual_studies import combined, figure_of, take_figures
from rlsabm.chance import run_key
from rlsabm.errors import UserError
from rlsabm.observe.birth_registry import keep_birth_registry
from rlsabm.observe.kidney_registry import keep_kidney_registry
from rlsabm.printing.scorecard import figure_text, print_scorecard, published_text
from rlsabm.setting import make_setting

SIZE, SEED = 1_000, 11
MINE = """\
purpose: calibration
targets:
  M1_women:
    says: Any RLS, women
    observe: {measure: prevalence, sex: female}
    cases: 30
    persons: 400
    sample: 400
    source: A survey, 2001
  M2_danes:
    says: Ferritin, geometric mean
    observe: {measure: geometric_mean, biomarker: serum_ferritin_ug_per_l}
    country: denmark
    value: 60
    source: A survey, 2001
  M3_drug:
    says: A trial
    observe: {measure: trial}
    value: 1
    needs: treatments
    source: A trial, 2001
"""
KEPT = MINE.replace("calibration", "validation").replace("M1", "N1").split("  M2")[0]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("targets")
    paths = folder / "mine.yaml", folder / "kept.yaml"
    for path, text in zip(paths, (MINE, KEPT), strict=True):
        path.write_text(text, encoding="utf-8")
    return paths


@pytest.fixture(scope="module")
def card(files: tuple[Path, Path]) -> Scorecard:
    return rlsabm.validate(targets=files, size=SIZE, replicates=2, seed=SEED)


def target_of(text: str, folder: Path) -> Target:
    path = folder / "made.yaml"
    path.write_text(text, encoding="utf-8")
    return read_targets(path)[0]


def row(card: Scorecard, key: str) -> Any:
    return card.frame[card.frame["target"] == key].iloc[0]


# Figures ------------------------------------------------------------------------------------------


def test_a_figure_is_that_of_the_people(card: Scorecard) -> None:
    """The same people by another way: a study of the scenario, whose runs are counted by hand."""
    study = rlsabm.simulate(size=SIZE, replicates=2, seed=SEED, years=[2016, 2018, 2019])
    counted = study.prevalence(sex="female", year=2019)
    found = row(card, "M1_women")
    assert found["simulated"] == pytest.approx(counted["prevalence"].item(), rel=1e-12)
    assert found["units"] == counted["persons"].item()
    assert found["runs"] == 2


def test_what_a_row_says(card: Scorecard) -> None:
    assert list(card.frame["target"]) == ["M1_women", "M2_danes", "M3_drug", "N1_women"]
    assert list(card.frame["purpose"]) == ["calibration"] * 3 + ["validation"]
    women, drug = row(card, "M1_women"), row(card, "M3_drug")
    assert women["published"] == 0.075
    assert women["interval_of"] == "study"
    assert women["lower"] < women["simulated"] < women["upper"]
    inside = women["published_lower"] <= women["simulated"] <= women["published_upper"]
    assert women["verdict"] == ("inside" if inside else "outside")
    assert (drug["verdict"], drug["needs"]) == ("not observed", "treatments")
    assert math.isnan(drug["simulated"])


def test_counts_of_what_is_inside(card: Scorecard) -> None:
    of_two = card.frame[card.frame["verdict"] != "not observed"]
    of_two = of_two[of_two["purpose"] == "calibration"]
    assert card.inside("calibration") == (int((of_two["verdict"] == "inside").sum()), 2)
    assert card.rows_inside("calibration")[1] == 2
    assert card.inside("validation")[1] == 1


def test_workers_and_calls_change_nothing(files: tuple[Path, Path], card: Scorecard) -> None:
    again = rlsabm.validate(targets=files, size=SIZE, replicates=2, seed=SEED, workers=1)
    pd.testing.assert_frame_equal(again.frame, card.frame)


def test_parameters_and_settings_move_figures(files: tuple[Path, Path]) -> None:
    targets = [target for target in read_targets(files[0]) if target.query is not None]
    plain, fewer, same = (
        take_figures(targets[:1], size=SIZE, seed=SEED, **given)[0][0].value
        for given in (
            {},
            {"parameters": {"liability_threshold": 6.0}},
            {"settings": ["parameters.liability_threshold=6.0"]},
        )
    )
    assert fewer == same
    assert fewer < 0.5 * plain


def test_people_are_observed_in_the_year_of_the_target(tmp_path: Path) -> None:
    """The same people by a scenario of that year; targets of one year share them."""
    text = MINE.split("  M2")[0]
    of_year = target_of(text.replace("    cases: 30", "    year: 2001\n    cases: 30"), tmp_path)
    now = target_of(text, tmp_path)
    in_2001, in_2019 = (
        found[0].value for found in take_figures([of_year, now], size=2 * SIZE, seed=SEED)
    )
    [[alone]] = take_figures([now], settings=["observe.years=[2001]"], size=2 * SIZE, seed=SEED)
    assert in_2001 == alone.value
    assert in_2001 != in_2019


def test_a_year_without_people_is_refused(tmp_path: Path) -> None:
    text = MINE.split("  M2")[0].replace("    cases: 30", "    year: 1950\n    cases: 30")
    with pytest.raises(UserError, match=r"M1_women: observe.years: found 1947 .*1990 to 2023"):
        take_figures([target_of(text, tmp_path)], size=SIZE, seed=SEED)


def test_every_figure_that_ships_can_be_taken() -> None:
    """One small run of the country for all targets: each gives units, or is a rare group's."""
    setting = make_setting(size=SIZE, survey_years=tuple(survey_years(2019)))
    key = run_key(SEED, draw=0, replicate=0)
    # Patients are few: with ten times as many all kinds of events are there.
    more = make_setting(survey_years=[2012], parameters={"kidney_incidence_factor": 10})
    seen = {
        None: observe(setting, key),
        keep_kidney_registry: keep_kidney_registry(more, key, lives=30_000, parts=PARTS),
        keep_birth_registry: keep_birth_registry(setting, key, lives=30_000, parts=PARTS),
    }
    for target in (*read_targets("calibration"), *read_targets("validation")):
        if target.query is None:
            continue
        registry = MEASURES[target.query.measure].registry
        figure = figure_of(target, seen[registry], studies=2)
        if figure.units > 200:
            assert math.isfinite(figure.value), target.key
            assert figure.monte_carlo_sd > 0.0, target.key


def test_people_are_surveyed_four_times_and_followed_for_a_year() -> None:
    setting = make_setting(size=SIZE, survey_years=tuple(survey_years(2019)))
    shares: list[float] = []
    seen = observe(setting, run_key(SEED, draw=0, replicate=0), progress=shares.append)
    assert [survey.year for survey in seen.surveys.values()] == [2016, 2017, 2018, 2019]
    assert sum(shares) == pytest.approx(1.0)
    now, then = seen.rows_before(3)
    assert len(now) > 0.8 * SIZE
    np.testing.assert_array_equal(seen.now.uid[now], seen.surveys[3].uid[then])
    assert (seen.now.age[now] == seen.surveys[3].age[then] + 3).all()
    assert seen.events["month"].min() == seen.first_month
    assert seen.events["month"].max() == seen.last_month
    assert seen.last_month - seen.first_month == 47
    assert np.isin(seen.events["uid"], seen.people["uid"]).all()
    died = seen.people["death_month"]
    assert (died >= seen.first_month).all()


# Runs together ------------------------------------------------------------------------------------


def test_runs_count_by_their_units() -> None:
    none = np.zeros(0)
    whole = combined([Figure(0.2, 0.02, 100, none), Figure(0.4, 0.01, 300, none)])
    assert whole.value == pytest.approx(0.35)
    assert whole.units == 400
    assert whole.monte_carlo_sd == pytest.approx(np.hypot(0.25 * 0.02, 0.75 * 0.01))


def test_runs_that_differ_more_than_they_should_have_a_larger_error() -> None:
    values = np.array([0.1, 0.3, 0.2, 0.4])
    whole = combined([Figure(x, 0.001, 50, np.zeros(0)) for x in values])
    assert whole.monte_carlo_sd == pytest.approx(values.std(ddof=1) / 2.0)


def test_a_run_without_a_figure_is_left_out() -> None:
    nobody = Figure(math.nan, math.nan, 0, np.zeros(0))
    whole = combined([nobody, Figure(0.4, 0.01, 300, np.array([0.5]))])
    assert (whole.value, whole.units, list(whole.studies)) == (0.4, 300, [0.5])
    assert math.isnan(combined([nobody]).value)


def test_intervals_hold_the_study_and_the_simulation(tmp_path: Path) -> None:
    target = target_of(MINE, tmp_path)
    alone = interval_of_figure(target, Figure(0.1, 0.01, 50, np.zeros(0)))
    assert alone == pytest.approx((0.1 - 0.0196, 0.1 + 0.0196, "simulation"), abs=1e-4)
    studies = np.linspace(0.06, 0.14, 1001)
    lower, upper, of = interval_of_figure(target, Figure(0.1, 0.01, 50, studies))
    assert of == "study"
    assert upper - 0.1 == pytest.approx(np.hypot(0.0196, 0.038), abs=1e-4)
    assert lower == pytest.approx(0.2 - upper)
    assert interval_of_figure(target, Figure(0.001, 0.01, 50, np.zeros(0)))[0] == 0.0


# The command --------------------------------------------------------------------------------------


def command_line(files: tuple[Path, Path], *words: str) -> list[str]:
    chosen = [word for file in files for word in ("--targets", str(file))]
    return ["validate", *chosen, "--size", str(SIZE), "--replicates", "2", *words]


def test_the_screen_and_the_file(
    rlsabm_command: Command, files: tuple[Path, Path], card: Scorecard, tmp_path: Path
) -> None:
    folder = tmp_path / "found"
    words = ("--set", f"runs.seed={SEED}", "--out", str(folder))
    outcome = rlsabm_command(*command_line(files, *words))
    assert outcome.code == 0, outcome.err
    assert max(cell_len(line) for line in outcome.out.splitlines()) <= max(
        100, len(str(folder)) + 40
    )
    said = " ".join(outcome.out.split())
    # On a narrow terminal the name goes on below the figures.
    assert re.search(r"M1_women: Any RLS, women \[A survey,.{0,50} 2001\]", said)
    assert said.index("Figures that parameters may be fitted to") < said.index(
        "Figures that no parameter is fitted to"
    )
    inside, of = card.inside("calibration")
    assert f"Calibration: {inside} of {of} figures are inside" in said
    assert "Cannot be observed yet (need treatments): M3_drug." in said
    written = pd.read_parquet(folder / "scorecard.parquet")
    pd.testing.assert_frame_equal(written, card.frame)
    assert written.attrs["units"]["simulated"] == "of the figure"
    assert written.attrs["meanings"]["verdict"]
    assert [path.name for path in folder.iterdir()] == ["scorecard.parquet"]


def test_json_has_no_numbers_that_are_none(
    rlsabm_command: Command, files: tuple[Path, Path], card: Scorecard
) -> None:
    outcome = rlsabm_command(*command_line(files, "--json", "--set", f"runs.seed={SEED}"))

    def refuse(name: str) -> None:
        raise AssertionError(name)

    found = json.loads(outcome.out, parse_constant=refuse)
    assert found["inside"] == {purpose: list(card.inside(purpose)) for purpose in PURPOSES}
    by_key = {figure["target"]: figure for figure in found["figures"]}
    assert by_key["M3_drug"]["simulated"] is None
    assert by_key["M1_women"]["simulated"] == row(card, "M1_women")["simulated"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--targets", "nothing"], "did you mean"),
        (["--size", "3"], "size: found 3 (expected a whole number from 500 to 250,000)"),
        (["--replicates", "0"], "replicates: found 0"),
        (["nowhere.yaml"], "nowhere.yaml"),
        (["--set", "parameters.deficit_efect=1"], "did you mean deficit_effect?"),
    ],
)
def test_mistakes(rlsabm_command: Command, words: list[str], said: str) -> None:
    outcome = rlsabm_command("validate", *words)
    if words[:2] != ["--targets", "nothing"]:
        refused(outcome, said)
    else:
        refused(outcome, "expected the path of a target file, or one of calibration, validation")


def test_one_key_in_two_files(files: tuple[Path, Path]) -> None:
    with pytest.raises(UserError, match="targets: M1_women is in two of the files"):
        rlsabm.validate(targets=[files[0], files[0]], size=SIZE)


# Words --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "lower", "upper", "proportion", "shown"),
    [
        (0.0723, 0.068, 0.077, True, "7.23 (6.80–7.70)"),
        (0.0, 0.0, 0.02, True, "0 (0–2.00)"),
        (1618.4, 1457.0, 1780.0, False, "1,618 (1,457–1,780)"),
        (0.37, 0.2, math.nan, False, "0.370"),
        (math.nan, math.nan, math.nan, False, "-"),
    ],
)
def test_figures_in_words(
    value: float, lower: float, upper: float, proportion: bool, shown: str
) -> None:
    assert figure_text(value, lower, upper, proportion=proportion) == shown


def test_chance_as_a_reason_is_marked(card: Scorecard, capsys: pytest.CaptureFixture[str]) -> None:
    frame = card.frame.copy()
    frame["verdict"] = "outside"
    frame["compatible"] = [True, False, False, False]
    print_scorecard(Scorecard(frame, 1, 1))
    lines = capsys.readouterr().out.splitlines()
    verdicts = {key: [line.split()[-1] for line in lines if line.lstrip().startswith(key)]
                for key in ("M1_women", "M2_danes")}  # fmt: skip
    assert verdicts == {"M1_women": ["no?"], "M2_danes": ["no"]}


def test_bounds_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pd.DataFrame(
        {"published": [1.0, 1.0], "published_lower": [0.9, -math.inf],
         "published_upper": [math.inf, 1.105]}
    )  # fmt: skip
    assert [published_text(each) for each in frame.itertuples()] == [
        "at least 1 (0.9)", "at most 1 (1.1)",
    ]  # fmt: skip


@pytest.mark.long
def test_an_interruption_leaves_nothing(tmp_path: Path) -> None:
    """Ctrl-C while people live: exit code 130, and no folder."""
    folder = tmp_path / "found"
    words = ("validate", "--size", "60000", "--out", str(folder))
    with Process(*words, folder=tmp_path) as process:
        time.sleep(8)
        process.signal(signal.SIGINT)
        outcome = process.wait()
    assert (outcome.code, outcome.out) == (130, ""), outcome
    assert re.fullmatch(r"Stopped\.\n", outcome.err), outcome
    assert not folder.exists()
