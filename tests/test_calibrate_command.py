"""`rlsabm calibrate`: a small calibration, from its file to its tables, and files with mistakes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pandas as pd
import pytest
from calibration_tools import CALIBRATION, TARGETS
from command_tools import refused
from conftest import Command, typed

from rlsabm.calibration import calibrating
from rlsabm.calibration.file import read_calibration
from rlsabm.calibration.given_runs import posterior_of
from rlsabm.calibration.reading import calibration_targets
from rlsabm.calibration.virtual_studies import take_figures
from rlsabm.errors import UserError
from rlsabm.parameter_table import PARAMETERS
from rlsabm.study.settings import country_of, read_scenario, unit_setting


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place with a calibration file and its targets."""
    place = tmp_path_factory.mktemp("calibration")
    (place / "mine.yaml").write_text(TARGETS, encoding="utf-8")
    (place / "two.yaml").write_text(CALIBRATION, encoding="utf-8")
    return place


@pytest.fixture(scope="module")
def found(folder: Path) -> dict[str, Any]:
    """What the command says as JSON."""
    return typed_json(folder, "calibrate", "two.yaml", "--json")


def typed_json(folder: Path, *words: str) -> dict[str, Any]:
    outcome = typed(*words, folder=folder)
    assert (outcome.code, outcome.err) == (0, ""), outcome
    answer: dict[str, Any] = json.loads(outcome.out)
    return answer


def table(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_parquet(folder / "outputs" / "two" / f"{name}.parquet")


def test_it_ends_with_a_posterior(folder: Path, found: dict[str, Any]) -> None:
    assert (found["status"], found["evaluations"], found["failed"]) == ("complete", 20, 0)
    assert found["folder"] == str(Path("outputs") / "two")
    posterior = table(folder, "posterior")
    assert posterior["draw"].nunique() == 10
    assert set(posterior["parameter"]) == {"liability_threshold", "liability_scale"}
    fit = table(folder, "fit").set_index("target")
    assert list(fit.index) == ["M1_women", "M1_men"]
    assert fit.loc["M1_men", ["published_lower", "published_upper"]].tolist() == pytest.approx(
        [0.03, 0.07]
    )


def test_a_run_gives_the_figures_of_its_parameters_and_seed(
    folder: Path, found: dict[str, Any]
) -> None:
    """A run of the calibration is a run of the model, which anybody can repeat."""
    run = 3
    values = table(folder, "values").query("evaluation == @run")
    seed = int(table(folder, "evaluations").set_index("evaluation")["seed"][run])
    targets = calibration_targets(folder / "mine.yaml")[:2]
    again = take_figures(
        targets,
        parameters=dict(zip(values["parameter"], values["value"], strict=True)),
        size=500,
        seed=seed,
    )
    kept = table(folder, "figures").query("evaluation == @run").set_index("target")
    for target, figures in zip(targets, again, strict=True):
        simulated = target.simulated(figures[0])
        assert kept.loc[target.key, "simulated"] == simulated.value
        assert kept.loc[target.key, "monte_carlo_error"] == simulated.monte_carlo_sd


def test_figures_of_its_draws_are_validated(
    folder: Path, found: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each draw is a run at values that the posterior holds; by folder, or by its name in outputs."""
    command = ("validate", "--targets", "mine.yaml", "--size", "500", "--draws", "3")
    by_name, by_folder, shipped = (
        typed_json(folder, *command, *more, "--json")["figures"]
        for more in (("--posterior", "two"), ("--posterior", "outputs/two"), ())
    )
    assert by_name == by_folder != shipped
    drawn = table(folder, "posterior").pivot(index="draw", columns="parameter", values="value")
    monkeypatch.chdir(folder)
    posterior = posterior_of("two")
    rows = drawn[list(posterior.names)].to_numpy().tolist()
    assert posterior.values.tolist() == rows
    study = read_scenario("baseline")
    for draw in (1, 2, 3):
        p = unit_setting(
            study.scenario, draw, country=country_of(study), posterior=posterior
        ).inputs
        assert [float(p[name]) for name in posterior.names] in rows


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--posterior", "outputs/two"), "posterior: is used for draws only"),
        (("--draws", "3", "--posterior", "outputs"), "outputs: there is no calibration in this folder"),
        (("--draws", "3", "--posterior", "begun"), "has no draws from its posterior yet"),
        (("--draws", "3", "--posterior", "other"), "posterior.parquet"),
    ],
)  # fmt: skip
def test_a_posterior_that_cannot_be_drawn_from(
    folder: Path, found: dict[str, Any], words: Sequence[str], said: str
) -> None:
    for name, table_left in (("begun", False), ("other", True)):
        copy = folder / name
        if not copy.exists():
            shutil.copytree(folder / "outputs" / "two", copy)
            if table_left:
                content = bytearray((copy / "posterior.parquet").read_bytes())
                content[len(content) // 2] ^= 1
                (copy / "posterior.parquet").write_bytes(content)
            else:
                (copy / "posterior.parquet").unlink()
    refused(typed("validate", "--targets", "mine.yaml", *words, folder=folder), said)


def test_the_same_command_repeats_nothing(folder: Path, found: dict[str, Any]) -> None:
    journal = (folder / "outputs" / "two" / "journal.jsonl").read_bytes()
    again = typed_json(folder, "calibrate", "two.yaml", "--json")
    assert again == found
    assert (folder / "outputs" / "two" / "journal.jsonl").read_bytes() == journal


def test_what_it_prints(folder: Path, found: dict[str, Any], rlsabm_command: Command) -> None:
    outcome = rlsabm_command(
        "calibrate", str(folder / "two.yaml"), "--out", str(folder / "outputs" / "two")
    )
    assert outcome.code == 0
    for words in ("Calibration: complete", "M1_women", "liability_scale", "M3_drug", "Results: "):
        assert words in outcome.out


def test_another_size_is_another_calibration(
    folder: Path, found: dict[str, Any], rlsabm_command: Command
) -> None:
    there = str(folder / "outputs" / "two")
    outcome = rlsabm_command("calibrate", str(folder / "two.yaml"), "--out", there, "--size", "600")
    refused(outcome, "holds another calibration: fixed")


def test_the_one_that_ships() -> None:
    said = read_calibration("calibration")
    assert len(said.parameters) == 24
    rows = {target.row for target in said.targets}
    assert {"C1", "C8", "C15", "C22"} <= rows
    assert not rows & {"C13", "C14", *said.section.leave_out}
    assert all(target.purpose == "calibration" for target in said.targets)
    assert "C13_iron" in {target.key for target in said.cannot_be_shown}
    assert all(target.row != "C16" for target in said.cannot_be_shown)
    assert said.problem().evaluate.scenario["arms"] == {}  # type: ignore[attr-defined]


def test_priors_of_the_file(folder: Path) -> None:
    path = folder / "priors.yaml"
    text = CALIBRATION.replace(
        "[liability_threshold, liability_scale]",
        "{liability_threshold: {prior: uniform, lower: 3, upper: 5}, "
        "liability_scale: {centre: 0.3, spread: 0.5}, age_liability: }",
    )
    path.write_text(text, encoding="utf-8")
    threshold, scale, age = read_calibration(path).parameters
    assert [threshold.quantile(u) for u in (0.0, 0.5, 1.0)] == [3.0, 4.0, 5.0]
    assert (scale.prior, scale.quantile(0.5)) == ("lognormal", pytest.approx(0.3, rel=0.01))
    assert scale.spread == 0.5
    of_table = PARAMETERS["age_liability"]
    assert age == replace(of_table, default=of_table.centre)


def test_changes_of_the_scenario(folder: Path) -> None:
    path = folder / "changed.yaml"
    path.write_text(f"{CALIBRATION}changes: {{parameters.deficit_effect: 0}}\n", encoding="utf-8")
    changed, plain = (read_calibration(file).problem() for file in (path, folder / "two.yaml"))
    assert changed.evaluate.scenario["parameters"] == {"deficit_effect": 0}  # type: ignore[attr-defined]
    assert changed.fixed != plain.fixed


def test_a_country_of_ones_own_is_found_from_the_scenario(folder: Path) -> None:
    (folder / "mine").mkdir()
    (folder / "mine" / "scenario.yaml").write_text(
        "title: t\npopulation: {country: elsewhere}\n", encoding="utf-8"
    )
    path = folder / "country.yaml"
    path.write_text(f"{CALIBRATION}scenario: mine/scenario.yaml\n", encoding="utf-8")
    with pytest.raises(UserError, match="elsewhere"):
        read_calibration(path).problem()


@pytest.mark.parametrize(
    ("before", "after", "line", "words"),
    [
        ("size:", "sise:", 2, "wrong.yaml:2: sise: unknown key (did you mean size?)"),
        ("size: 500", "size: 5", 2, "size: found 5 (expected a whole number from 500 to 250,000"),
        ("mine.yaml", "your.yaml", None, "your.yaml"),
        ("mine.yaml", "validation", None, "holds no calibration targets"),
        ("M2", "M4", 4, "leave_out: found the text 'M4' (expected a row or key"),
        ("M2", "[M1, M2]", 4, "leave_out: leaves nothing to fit to"),
        ("liability_scale", "liability_scales", 5, "did you mean liability_scale?"),
        (
            "[liability_threshold, liability_scale]",
            "{liability_scale: {lower: 3, upper: 1}}",
            5,
            "parameters.liability_scale: found bounds 3 and 1 (expected bounds within 0.05 and 2)",
        ),
        (
            "[liability_threshold, liability_scale]",
            "{liability_scale: {upper: 0.1}}",
            5,
            "found the centre 0.2 (expected a number from 0.05 to 0.1)",
        ),
        (
            "[liability_threshold, liability_scale]",
            "{liability_scale: {spread: 0}}",
            5,
            "found the spread 0 (expected a number above 0)",
        ),
        (
            "[liability_threshold, liability_scale]",
            "{tissue_iron_mg_per_kg: }",
            5,
            "cannot be calibrated: its prior is fixed",
        ),
        (
            "leave_out: M2",
            "changes: {parameters.liability_scale: 0.3}",
            5,
            "parameters.liability_scale: is set by the scenario, and cannot be calibrated",
        ),
        ("leave_out: M2", "changes: {populations.size: 3}", None, "populations"),
        (
            "[liability_threshold, liability_scale]",
            "[liability_scale, liability_scale]",
            5,
            "parameters: names liability_scale twice",
        ),
        ("[liability_threshold, liability_scale]", "7", 5, "parameters: found 7"),
        ("evaluations: 20", "evaluations: 15", None, "evaluations: found 15 (expected at least 20"),
        ("draws: 10", "draws: 1", 8, "draws: found 1"),
    ],
)  # fmt: skip
def test_mistakes_are_told_with_their_line(
    folder: Path,
    tmp_path: Path,
    rlsabm_command: Command,
    before: str,
    after: str,
    line: int | None,
    words: str,
) -> None:
    (tmp_path / "mine.yaml").write_text(TARGETS, encoding="utf-8")
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(CALIBRATION.replace(before, after), encoding="utf-8")
    outcome = rlsabm_command("calibrate", str(wrong), "--out", str(tmp_path / "out"))
    refused(outcome, words, *([f"wrong.yaml:{line}:"] if line else []))
    assert not (tmp_path / "out" / "manifest.json").exists()


def test_targets_that_cannot_be_shown_are_not_enough(
    tmp_path: Path, rlsabm_command: Command
) -> None:
    kept, _, drug = TARGETS.partition("  M3_drug:")
    (tmp_path / "mine.yaml").write_text(kept.split("  M1_women:")[0] + "  M3_drug:" + drug)
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(CALIBRATION.replace("leave_out: M2\n", ""), encoding="utf-8")
    outcome = rlsabm_command("calibrate", str(wrong))
    refused(outcome, "wrong.yaml:3:", "targets: leaves nothing to fit to")


@pytest.mark.parametrize("size", ["0", "5", "-3"])
def test_a_size_that_cannot_be(folder: Path, rlsabm_command: Command, size: str) -> None:
    words = ("calibrate", str(folder / "two.yaml"), "--out", str(folder / "none"), "--size", size)
    refused(rlsabm_command(*words), f"size: found {size} (expected a whole number from 500")
    assert not (folder / "none").exists()


def test_the_command_that_goes_on_is_the_same(
    folder: Path, rlsabm_command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what was given on the command line, without which it would be another calibration."""

    def interrupted(*_: object, **__: object) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(calibrating, "calibrate", interrupted)
    file, out = str(folder / "two.yaml"), str(folder / "stopped")
    outcome = rlsabm_command("calibrate", file, "--out", out, "--size", "600")
    assert (outcome.code, outcome.out) == (130, "")
    assert outcome.err.split() == [
        *(["Stopped.", "No", "run", "had", "ended.", "To", "go", "on:", "rlsabm", "calibrate"]),
        *(file, "--out", out, "--size", "600"),
    ]


def test_no_such_file(rlsabm_command: Command) -> None:
    refused(
        rlsabm_command("calibrate", "calibraton"), "calibration file: found the text 'calibraton'"
    )
    refused(rlsabm_command("calibrate", "nowhere.yaml"), "nowhere.yaml")


@pytest.mark.parametrize(
    ("verb", "file", "words"),
    [
        ("run", "calibration.yaml", "is a calibration file, no scenario (rlsabm calibrate scen"),
        ("check", "calibration.yaml", "is a calibration file, no scenario"),
        ("calibrate", "baseline.yaml", "is a scenario, no calibration file (rlsabm run scenarios/"),
    ],
)
def test_files_of_the_other_kind(rlsabm_command: Command, verb: str, file: str, words: str) -> None:
    refused(rlsabm_command(verb, f"scenarios/{file}"), words)
