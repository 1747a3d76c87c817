"""What a folder holds that is asked for: another study is named, and where studies lie is found."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from command_tools import contents, refused
from conftest import Command
from study_tools import SMALL, killed, manifest, reference, resolved

from rlsabm.errors import UserError
from rlsabm.study.study import run_study, study_in

# Other settings -----------------------------------------------------------------------------------


def test_other_settings_are_named(tmp_path: Path) -> None:
    out = Path(shutil.copytree(reference(), tmp_path / "out"))

    def said(*settings: str, text: str = SMALL) -> str:
        with pytest.raises(UserError) as raised:
            run_study(resolved(tmp_path, text, *settings), out)
        assert "--out" in str(raised.value)
        assert "--replace" in str(raised.value)
        return str(raised.value)

    assert "holds this study with other settings (runs.seed: 5 -> 6);" in said("runs.seed=6")
    assert "(population.size: 300 -> 400);" in said("population.size=400")
    # A setting that all arms share is said once, and one of an arm by its name.
    assert "(conditions.obesity.enabled: not given -> false);" in said(
        "conditions.obesity.enabled=false"
    )
    changed_arm = SMALL.replace(
        "no donation: {", "no donation: {parameters: {deficit_effect: 1.0}, "
    )
    assert "(arms.no donation.parameters.deficit_effect: not given -> 1.0);" in said(
        text=changed_arm
    )
    # A single draw is none of several.
    assert "(runs.draws: 2 -> 1);" in said("runs.draws=1")
    many = [f"parameters.{name}=1" for name in ("deficit_effect", "exchangeable_pool_months")]
    many += ["runs.seed=6", "population.size=400", "observe.events=false", "observe.persons=0.5"]
    assert "; and 1 more)" in said(*many)


def test_another_version_is_named(tmp_path: Path) -> None:
    out = Path(shutil.copytree(reference(), tmp_path / "out"))
    content = manifest(out)
    content["software"] |= {"package_hash": "0", "rlsabm": "0.0.1"}
    (out / "manifest.json").write_text(json.dumps(content))
    with pytest.raises(UserError, match=r"another version of rlsabm ran it \(0\.0\.1,") as raised:
        run_study(study_in(out), out)
    assert "--replace" in str(raised.value)


# Where studies lie --------------------------------------------------------------------------------


def test_a_study_within_a_study(tmp_path: Path, rlsabm_command: Command) -> None:
    shutil.copytree(killed(), tmp_path / "out")
    (tmp_path / "small.yaml").write_text(SMALL)
    before = contents(tmp_path)
    for place in ("out/units/mine", "out/persons", "out/country/mine", "out/events/a/b"):
        refused(rlsabm_command("run", "small.yaml", "--out", place), place, "--out")
    assert contents(tmp_path) == before


@pytest.mark.parametrize("verb", [["status"], ["resume"], ["compare"], ["export"]])
def test_names_and_places(tmp_path: Path, rlsabm_command: Command, verb: list[str]) -> None:
    """Every verb finds a study by its folder and by its name in outputs, and says what is none."""
    (tmp_path / "outputs").mkdir()
    shutil.copytree(reference(), tmp_path / "outputs" / "small")
    (tmp_path / "none").mkdir()
    (tmp_path / "file").touch()
    for place in ("small", "outputs/small", "outputs/small/", str(tmp_path / "outputs" / "small")):
        words = ["--replace"] if verb == ["export"] else []
        outcome = rlsabm_command(*verb, place, *words)
        assert (outcome.code, outcome.err) == (0, ""), outcome
    refused(rlsabm_command(*verb, "smal"), "smal: no such folder", "'outputs/small'?")
    refused(rlsabm_command(*verb, "none"), "none: holds no study")
    refused(rlsabm_command(*verb, "file"), "file: is a file")
    refused(rlsabm_command(*verb, "outputs/small/manifest.json"), "did you mean 'outputs/small'?")
    refused(rlsabm_command(*verb, "x" * 300), "x")
    if verb != ["compare"]:
        refused(rlsabm_command(*verb, "small:no donation"), "small:no donation", "'no donation'")
