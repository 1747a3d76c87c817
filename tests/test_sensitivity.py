"""Which parameters move which outputs: indices that are known, folders, the table and the picture."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from calibration_tools import calibrated
from command_tools import refused
from conftest import Command, Study

import rlsabm
from rlsabm.calibration.given_runs import Runs, runs_in, runs_of_study
from rlsabm.calibration.heat_map import FEWEST_PARAMETERS, _shown, _signed
from rlsabm.calibration.influence import (
    LARGEST_THRESHOLD,
    companions,
    fewest_runs,
    first_order,
    partial_threshold,
    rank_correlations,
    standard_error,
    threshold,
)
from rlsabm.calibration.problem import NOTHING_KNOWN
from rlsabm.calibration.sensitivity import Sensitivity, sensitivity_of
from rlsabm.errors import UserError
from rlsabm.printing import text
from rlsabm.printing.sensitivity import print_sensitivity
from rlsabm.reading import read

#: Columns behind the cells of the picture.
SHARES = ("first_order", "rank_correlation")

# Indices --------------------------------------------------------------------------------------------


def normals(runs: int, columns: int, seed: int = 1) -> Any:
    return np.random.default_rng(seed).normal(size=(runs, columns))


def test_the_shares_of_a_linear_model() -> None:
    """With independent parameters the variance is divided among them as the squares of their slopes."""
    values, slopes = normals(2_000, 4), np.array([3.0, -2.0, 1.0, 0.0])
    output = values @ slopes
    found = [first_order(column, output) for column in values.T]
    assert found == pytest.approx(slopes**2 / (slopes**2).sum(), abs=0.05)


def test_an_effect_that_rises_and_falls() -> None:
    """Its share is found, where a rank correlation sees nothing."""
    values = np.random.default_rng(1).random((1_000, 2))
    bent = (values[:, 0] - 0.5) ** 2
    output = bent / bent.std() + values[:, 1] / values[:, 1].std()
    assert first_order(values[:, 0], output) == pytest.approx(0.5, abs=0.06)
    plain, _ = rank_correlations(values, output)
    assert abs(plain[0]) < 0.1


def test_an_interaction_alone_has_no_first_order() -> None:
    values = normals(1_000, 2)
    output = values[:, 0] * values[:, 1]
    assert abs(first_order(values[:, 0], output)) < threshold(1_000, 2)


def test_a_companion_has_the_share_but_not_the_partial_correlation() -> None:
    """What goes with a parameter shares its index: with a correlation of 0.8, 64 % of it."""
    values = normals(1_000, 3)
    values[:, 1] = 0.8 * values[:, 0] + 0.6 * values[:, 1]
    output = values[:, 0] + 0.3 * normals(1_000, 1, seed=2)[:, 0]
    assert first_order(values[:, 1], output) == pytest.approx(0.64 / 1.09, abs=0.06)
    plain, partial = rank_correlations(values, output)
    assert plain[1] > 0.6
    assert partial[0] > 0.85
    assert abs(partial[1]) < partial_threshold(1_000, 3)
    closest, correlation = companions(values)
    assert closest[:2] == [1, 0]
    assert correlation[:2] == pytest.approx([0.8, 0.8], abs=0.05)


def test_a_suppressed_effect_is_seen_when_others_are_held() -> None:
    """Two parameters that fall together against each other: one has no share, but an effect."""
    values = normals(1_000, 2)
    values[:, 1] = -0.8 * values[:, 0] + 0.6 * values[:, 1]
    output = values[:, 0] + values[:, 1] / 0.8
    plain, partial = rank_correlations(values, output)
    assert abs(plain[0]) < 0.35
    assert partial[0] > 0.9


@pytest.mark.parametrize("shape", ["normal", "lognormal"])
def test_noise_is_above_the_threshold_once_in_twenty(shape: str) -> None:
    """Of five parameters the largest index, and that of a skewed output not more often."""
    runs, parameters, families = 60, 5, 200
    generator = np.random.default_rng(4)
    above, above_partial, indices = 0, 0, []
    for _ in range(families):
        values = generator.normal(size=(runs, parameters))
        output = getattr(generator, shape)(size=runs)
        found = [first_order(column, output) for column in values.T]
        indices += found
        above += max(found) > threshold(runs, parameters)
        _, partial = rank_correlations(values, output)
        above_partial += np.abs(partial).max() > partial_threshold(runs, parameters)
    assert (2 if shape == "normal" else 0) <= above <= 20
    assert 2 <= above_partial <= 20
    assert np.mean(indices) == pytest.approx(0.0, abs=0.01)


def test_more_runs_and_fewer_parameters_have_lower_thresholds() -> None:
    assert threshold(100, 10) > threshold(200, 10) > threshold(200, 5)
    assert partial_threshold(100, 10) > partial_threshold(200, 10) > partial_threshold(200, 5)
    assert np.isnan(partial_threshold(100, 91))
    for parameters in (1, 20, 120):
        needed = fewest_runs(parameters)
        assert (
            threshold(needed, parameters) <= LARGEST_THRESHOLD < threshold(needed - 1, parameters)
        )


def test_the_standard_error_is_the_spread_of_other_runs() -> None:
    found, errors = [], []
    for seed in range(40):
        values = normals(150, 2, seed)
        output = values.sum(axis=1)
        found.append(first_order(values[:, 0], output))
        if seed < 3:
            errors.append(standard_error(values[:, 0], output, np.random.SeedSequence(seed)))
    assert np.mean(errors) == pytest.approx(np.std(found, ddof=1), rel=0.5)


def test_too_few_runs_have_no_partial_correlation() -> None:
    values = normals(20, 15)
    plain, partial = rank_correlations(values, values[:, 0])
    assert plain[0] == pytest.approx(1.0)
    assert np.isnan(partial).all()


# Runs -----------------------------------------------------------------------------------------------


def given(runs: int = 200) -> Runs:
    """Runs in which `a` moves two outputs, `b` one of them, and `idle` nothing; one never moves."""
    values = pd.DataFrame(normals(runs, 3), columns=["a", "b", "idle"])
    outputs = pd.DataFrame(
        {"first": values["a"], "second": -2.0 * values["b"] + values["a"], "same": 1.0}
    )
    return Runs(Path("there"), "runs", values, outputs, pd.Series(0.1, index=outputs.columns))


def test_parameters_in_the_order_of_what_they_move() -> None:
    found = sensitivity_of(given())
    assert found.left_out == ("same",)
    assert found.runs == 200
    assert list(found.largest("first")["parameter"]) == ["a"]
    second = found.largest("second")
    assert list(second["parameter"]) == ["b", "a"]
    assert list(second["rank"]) == [1, 2]
    assert (second["lower"] <= second["first_order"]).all()
    assert (second["first_order"] <= second["upper"]).all()
    assert list(np.sign(second["rank_correlation"])) == [-1.0, 1.0]
    idle = found.frame[found.frame["parameter"] == "idle"]
    assert not idle[["clear", "clear_when_held"]].any(axis=None)
    assert idle["lower"].isna().all()
    assert set(found.frame["chance"]) == {0.1}


def test_every_column_has_its_meaning_and_numbers_are_the_same_again() -> None:
    found, again = sensitivity_of(given()), sensitivity_of(given())
    pd.testing.assert_frame_equal(found.frame, again.frame)
    assert set(found.frame.attrs["meanings"]) == set(found.frame.columns)
    other = sensitivity_of(given(), seed=2).frame
    assert (other["first_order"] == found.frame["first_order"]).all()
    assert (other["lower"] != found.frame["lower"]).any()


def test_runs_that_say_nothing_of_an_output_are_left_out_of_it() -> None:
    runs = given()
    outputs = runs.outputs.assign(rare=runs.outputs["first"], hardly=runs.outputs["first"])
    outputs.loc[:119, "rare"] = np.nan
    outputs.loc[:179, "hardly"] = np.nan
    found = sensitivity_of(
        Runs(runs.folder, runs.what, runs.parameters, outputs, runs.chance.reindex(outputs.columns))
    )
    assert found.left_out == ("same", "hardly")
    [rare] = found.largest("rare").to_dict("records")
    assert (rare["parameter"], rare["runs"]) == ("a", 80)
    assert rare["threshold"] == threshold(80, 3)


def test_too_few_runs_are_told_with_how_many_are_needed() -> None:
    needed = fewest_runs(3)
    with pytest.raises(
        UserError, match=rf"there: found {needed - 1} runs \(expected at least {needed} "
    ):
        sensitivity_of(given(needed - 1))
    assert sensitivity_of(given(needed)).runs == needed


def test_cells_of_the_picture_have_shares_and_signs() -> None:
    found = sensitivity_of(given())
    cells = _signed(found.frame, *SHARES)
    assert cells.loc["a", "first"] == pytest.approx(1.0, abs=0.1)
    assert cells.loc["b", "second"] == pytest.approx(-0.8, abs=0.1)
    assert (cells.loc["idle"] == 0.0).all()
    assert _shown(found.frame, cells, "first_order")[:2] == ["a", "b"]
    picture = found.picture()
    assert picture.startswith(b"\x89PNG")
    assert picture == found.picture()


def test_the_picture_leaves_out_what_moves_least() -> None:
    runs = given()
    idle = pd.DataFrame(normals(200, 20, seed=3), columns=[f"idle_{n}" for n in range(20)])
    many = Runs(runs.folder, runs.what, runs.parameters.join(idle), runs.outputs, runs.chance)
    frame = sensitivity_of(many).frame
    shown = _shown(frame, _signed(frame, *SHARES), "first_order")
    assert shown[:2] == ["a", "b"]
    assert len(shown) == FEWEST_PARAMETERS
    left_out = frame[~frame["parameter"].isin(shown)]
    assert left_out["first_order"].max() < frame["first_order"].max()
    assert not left_out["clear"].any()


# Studies --------------------------------------------------------------------------------------------


def test_what_is_taken_from_a_study(study: Study) -> None:
    found = runs_of_study(read(study.folder))
    assert list(found.parameters.index) == [1, 2]
    assert "deficit_effect" in found.parameters
    assert "conditions.obesity.effect_strength" in found.parameters
    assert "supply_steepness" not in found.parameters  # the scenario sets it
    prevalence = study.factual("prevalence").query(
        "arm == 'reference' and year == 2019 and condition == 'everyone' and definition == 'weekly' "
        "and recall == 'past_year' and age_group != '0-17'"
    )
    sums = prevalence.groupby("draw")[["cases", "persons"]].sum()
    assert found.outputs["prevalence, weekly, past_year"].tolist() == pytest.approx(
        (sums["cases"] / sums["persons"]).tolist()
    )
    shifts = study.table("contrasts").query(
        "arm == 'reference' and year == 2019 and condition == 'obesity' and definition == 'any' "
        "and recall == 'current' and observed_as == 'truth' and age_group == 'all adults' "
        "and sex == 'all' and parity == 'all'"
    )
    sums = shifts.groupby("draw")[["cases", "cases_without", "persons"]].sum()
    assert found.outputs["caused shift, obesity"].tolist() == pytest.approx(
        ((sums["cases"] - sums["cases_without"]) / sums["persons"]).tolist()
    )
    assert found.chance["prevalence, weekly, past_year"] > 0.0


def test_a_study_of_few_draws(study: Study, rlsabm_command: Command) -> None:
    outcome = rlsabm_command("sensitivity", str(study.folder))
    refused(outcome, "found 2 draws of the study (expected at least ")
    assert not study.folder.with_name("small-sensitivity").exists()


# Calibrations, and the command ----------------------------------------------------------------------


@pytest.fixture
def three(workplace: Path) -> Path:
    """A copy of a calibration in the folder of outputs."""
    shutil.copytree(calibrated(), workplace / "outputs" / "three")
    return workplace / "outputs" / "three"


def test_the_command(three: Path, rlsabm_command: Command) -> None:
    before = {path.name: path.read_bytes() for path in three.iterdir()}
    outcome = rlsabm_command("sensitivity", "three")
    assert (outcome.code, outcome.err) == (0, "")
    for words in ("exposure 2", "slope", "level and slope", "runs that the posterior holds"):
        assert words in outcome.out
    assert "idle" not in outcome.out
    place = three.with_name("three-sensitivity")
    frame = pd.read_parquet(place / "sensitivity.parquet")
    assert set(frame["parameter"]) == {"level", "slope", "idle"}
    assert "share of the output's variance" in frame.attrs["meanings"]["first_order"]
    assert (place / "sensitivity.png").read_bytes().startswith(b"\x89PNG")
    assert {path.name: path.read_bytes() for path in three.iterdir()} == before


def test_the_answer_as_json(three: Path, rlsabm_command: Command) -> None:
    outcome = rlsabm_command(
        "sensitivity", "outputs/three", "--runs", "all", "--out", "w", "--json"
    )
    found = json.loads(outcome.out)
    assert found["what"] == "all runs of the calibration"
    assert found["files"] == ["w/sensitivity.parquet", "w/sensitivity.png"]
    [row] = [
        row
        for row in found["indices"]
        if (row["output"], row["parameter"]) == ("exposure 0", "level")
    ]
    assert row["clear"]
    assert row["first_order"] > 0.5
    assert rlsabm_command("sensitivity", "outputs/three", "--out", "v", "--seed", "2").code == 0


def test_runs_of_the_posterior_count_once(three: Path) -> None:
    posterior = pd.read_parquet(three / "posterior.parquet")
    figures = pd.read_parquet(three / "figures.parquet")
    drawn = sorted(posterior["evaluation"].unique())
    found = runs_in(str(three))
    assert list(found.outputs.index) == list(found.parameters.index) == drawn
    run = drawn[5]
    there = figures[(figures["evaluation"] == run) & (figures["target"] == "exposure 1")]
    assert found.outputs.loc[run, "exposure 1"] == there["simulated"].item()
    assert len(runs_in(str(three), "all").outputs) == figures["evaluation"].nunique() > len(drawn)
    errors = figures[figures["evaluation"].isin(drawn) & (figures["target"] == "exposure 1")]
    expected = (errors["monte_carlo_error"] ** 2).mean() / errors["simulated"].var()
    assert found.chance["exposure 1"] == pytest.approx(expected)


def test_a_figure_that_says_nothing_is_missing(three: Path) -> None:
    path = three / "figures.parquet"
    run = runs_in(str(three)).outputs.index[0]
    table = pd.read_parquet(path)
    table.loc[
        (table["evaluation"] == run) & (table["target"] == "exposure 0"), "monte_carlo_error"
    ] = NOTHING_KNOWN
    attributes, table.attrs = table.attrs, {}
    arrow = pa.Table.from_pandas(table, preserve_index=False)
    written = arrow.replace_schema_metadata({b"PANDAS_ATTRS": json.dumps(attributes).encode()})
    pq.write_table(written, path)
    manifest = json.loads((three / "manifest.json").read_bytes())
    del manifest["files"]["figures.parquet"]
    (three / "manifest.json").write_text(json.dumps(manifest))
    outputs = runs_in(str(three)).outputs
    assert outputs["exposure 0"].isna().sum() == 1
    assert np.isnan(outputs.loc[run, "exposure 0"])
    assert outputs["exposure 1"].notna().all()


def test_from_python(three: Path) -> None:
    found = rlsabm.sensitivity(three)
    assert isinstance(found, Sensitivity)
    assert found.largest("exposure -1")["parameter"].iloc[0] == "level"


@pytest.mark.parametrize("width", [50, 100])
def test_it_fits_terminals(
    width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(text.out, "width", width)
    runs = given()
    long = "supply_half_ferritin_ug_per_l_and_more_of_it"
    runs = Runs(
        runs.folder,
        runs.what,
        runs.parameters.rename(columns={"a": long}),
        runs.outputs,
        runs.chance,
    )
    print_sensitivity(sensitivity_of(runs), most=1)
    said = capsys.readouterr().out
    assert max(map(len, said.splitlines())) <= width
    assert "and 1 other parameter" in said
    assert "Left out, as too few runs tell or differ: same." in said


def test_much_chance_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    runs = given()
    noisy = Runs(runs.folder, runs.what, runs.parameters, runs.outputs, runs.chance + 0.7)
    print_sensitivity(sensitivity_of(noisy), most=3)
    assert "second: 80% of its variance is chance" in capsys.readouterr().out


def test_mistakes(three: Path, rlsabm_command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    refused(rlsabm_command("sensitivity", "nowhere"), "nowhere: no such folder")
    refused(rlsabm_command("sensitivity", "three", "--runs", "al"), "'al'", "did you mean all?")
    refused(rlsabm_command("sensitivity", "three", "--out", str(three)), "folder of a calibration")
    assert not (three / "sensitivity.parquet").exists()
    with (three / "figures.parquet").open("ab") as file:
        file.write(b"more")
    refused(rlsabm_command("sensitivity", "three"), "figures.parquet")
    (three / "posterior.parquet").unlink()
    (three / "figures.parquet").write_bytes((calibrated() / "figures.parquet").read_bytes())
    refused(rlsabm_command("sensitivity", "three"), "no draws from its posterior yet", "--runs all")
    assert rlsabm_command("sensitivity", "three", "--runs", "all").code == 0
    monkeypatch.setitem(sys.modules, "SALib", None)
    refused(rlsabm_command("sensitivity", "three"), 'pip install "rlsabm[sensitivity]"')


def test_it_writes_into_no_study(three: Path, study: Study, rlsabm_command: Command) -> None:
    outcome = rlsabm_command("sensitivity", "three", "--out", str(study.folder))
    refused(outcome, "belongs to the study in")
