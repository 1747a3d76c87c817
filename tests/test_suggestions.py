"""What is suggested in place of what was written: the key that was meant, and never an absurd one."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from command_tools import refused
from conftest import Command

from rlsabm.errors import ScenarioError, nearest
from rlsabm.printing.usage import setting_in_parts
from rlsabm.study.settings import read_scenario


def message(folder: Path, text: str, *settings: str) -> str:
    (folder / "asked.yaml").write_text(f"title: t\n{text}\n", encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        read_scenario(folder / "asked.yaml", settings)
    shown = str(caught.value)
    assert "\n" not in shown
    return shown


@pytest.mark.parametrize(
    ("name", "known", "found"),
    [
        ("seks", ["sex", "age_group"], "sex"),
        ("ages", ["as", "by"], None),
        ("x-common", ["from_month", "months"], None),
        ("Age Group", ["age_group"], "age_group"),
        ("absorption", ["absorption_factor"], "absorption_factor"),
        ("ab", ["absorption_factor"], None),
        ("france", ["germany", "denmark"], None),
        ("size", ["size"], None),
        ("size", ["size", "sizes"], "sizes"),
        ("ch rlsq", ["RLS-NIH", "CH-RLSq"], "CH-RLSq"),
        ("Agegroup", ["sex", "age_group"], "age_group"),
        ("...", ["---"], None),
        ("x" * 100_000, ["x" * 100_000], None),
    ],
)
def test_nearest(name: str, known: list[str], found: str | None) -> None:
    assert nearest(name, known, likeness=0.4 if name == "france" else 0.55) == found


def test_nearest_by_a_word() -> None:
    groups = ["iron_deficiency", "iron_deficiency_anaemia", "heavy_menstrual_bleeding",
              "other_gastrointestinal_bleeding"]  # fmt: skip
    assert nearest("anemia", groups, by_word=True) == "iron_deficiency_anaemia"
    assert nearest("anemia", groups) is None
    assert nearest("bleeding", groups, by_word=True) is None, "two have it"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("dopamine_share: 0", "parameters.dopamine_share"),
        ("dopamin_share: 0", "parameters.dopamine_share"),
        ("years: [2019]", "observe.years"),
        ("blood_donation.enabled: false", "conditions.blood_donation.enabled"),
        ("coeliac_disease: {absorption_factor: 1}", "conditions.coeliac_disease.absorption_factor"),
        ("population.years: [2019]", "observe.years"),
        ("parameters: {size: 5}", "the key population.size"),
        ("conditions.dopamine_share: 1", "parameters.dopamine_share"),
        ("arms: {a: {dopamine_share: 1}}", "parameters.dopamine_share"),
        ("arms: {a: {blood_donation.enabled: false}}", "conditions.blood_donation.enabled"),
        ("arms: {a: {condition: {}}}", "conditions"),
        ("“title”: x", "title"),
        ("observe.persons: 10", "0.1"),
        ("observe.persons: 10%", "0.1"),
        ("observe.persons: 0,5", "0.5"),
        ("conditions.obesity.prevalence: [5]", "0.05"),
        ("population.size: 5,000", "5000"),
        ("population.size: 50 000", "50000"),
        ("population.size: ５０００", "5000"),
        ("conditions.blood_donation.jurisdiction: United States", "united-states"),
        ("conditions.blood_donation.jurisdiction: USA", "united-states"),
        ("conditions.blood_donation.jurisdiction: UK", "united-kingdom"),
        ("population: {size: 20,000}", "20_000"),
        ("population: {size: 20,000,000, country: germany}", "20_000_000"),
        ("observe: {persons: 0,5}", "0.5"),
        ("parameters: {deficit_effect: 1,5}", "1.5"),
        ("conditions: {Hookworm: {enabled: true}}", "hookworm"),
        ("conditions: {Obesity: {enabled: true}}", "obesity"),
        ("conditions: {kidney_transplant: {enabled: false}}", "conditions.dialysis"),
        ("shifts.conditions: [kidney transplant]", "dialysis"),
        ("shifts.conditions: [Coeliac-Disease]", "coeliac_disease"),
    ],
)
def test_what_was_meant(tmp_path: Path, text: str, meant: str) -> None:
    assert f"did you mean {meant}?)" in message(tmp_path, text)


@pytest.mark.parametrize(
    "text",
    [
        "conditions.pregnancy.ages: [1]",
        "x-common: 5",
        "observe.ages: [0, 50]",
        "label: x",
        "population.age: 5",
        "arms: {a: {xyz: 1}}",
        "conditions.blood_donation.jurisdiction: '|||'",
        "conditions.blood_donation.jurisdiction: France",
        "shifts.conditions: [everyone]",
        "shifts.conditions: [anemia]",
        # Bounds from -3 to 1: it is no share, which people write in per cent.
        "parameters: {old_age_liability: 7}",
    ],
)
def test_nothing_absurd_is_suggested(tmp_path: Path, text: str) -> None:
    shown = message(tmp_path, text)
    assert "did you mean" not in shown
    assert "(expected " in shown


def test_what_arms_share_is_not_suggested_for_an_arm(tmp_path: Path) -> None:
    for key in ("size: 5", "population: {}", "draws: 3", "base: x"):
        shown = message(tmp_path, f"arms: {{a: {{{key}}}}}")
        assert "cannot differ between arms" in shown
        assert "did you mean" not in shown


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("size:\t5000", "a tab (expected spaces; text that holds a tab needs quotes)"),
        ("base: baseline\t", "a tab (expected spaces"),
        ("a\tb: 5", "a tab (expected spaces"),
        ("population:\n\tsize: 5", "a tab in the indentation (expected spaces)"),
        ("size:5000", "no space after ':' (expected key: value)"),
        ("size = 5000", "'=' after a key (expected key: value)"),
        ("size：5000", "a colon of another script (expected ': ')"),
        ("size:\u00a05000", "a space that must not break, U+00A0"),
        ("population: {size:5000}", "expected a space after ':', as in size: 5000"),
        ("population: {size=5000}", "expected ': ' after the key, as in size: 5000"),
        ("population: {size：5000}", "expected ': ' after the key, as in size: 5000"),
    ],
)
def test_odd_spaces_and_signs(tmp_path: Path, line: str, expected: str) -> None:
    where = line.count("\n") + 2
    shown = message(tmp_path, line)
    assert f"asked.yaml:{where}: " in shown
    assert expected in shown


def test_an_odd_first_line(tmp_path: Path) -> None:
    for line, words in (("title:x\n", "no space after ':'"), ("title = x", "'=' after a key")):
        (tmp_path / "asked.yaml").write_text(line)
        with pytest.raises(ScenarioError, match=f"asked.yaml:1: {words}"):
            read_scenario(tmp_path / "asked.yaml")


def test_tabs_that_yaml_allows(tmp_path: Path) -> None:
    (tmp_path / "asked.yaml").write_text('title: "a\tb"\nobserve.years: [2018,\t2019] # years\n')
    assert read_scenario(tmp_path / "asked.yaml").scenario.observe.years == [2018, 2019]


def test_what_is_there_but_no_file_is_never_suggested(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dangling.yaml").symlink_to("nowhere")
    (tmp_path / "looping.yaml").symlink_to("looping.yaml")
    (tmp_path / "folder.yaml").mkdir()
    os.mkfifo(tmp_path / "pipe.yaml")
    for name, what in (
        ("dangling", "is a link to a file that is not there"),
        ("looping", "cannot be read ("),
        ("folder", "is a folder (expected a scenario file)"),
        ("pipe", "is not a regular file (expected a scenario file)"),
    ):
        for asked in (name, f"{name}.yaml"):
            with pytest.raises(ScenarioError, match=rf"^{name}.yaml: {re.escape(what)}"):
                read_scenario(asked)
            assert f"{name}.yaml: {what}" in message(tmp_path, f"base: {asked}")
    assert "did you mean asked?" in message(tmp_path, "base: asked.yml")
    with pytest.raises(ScenarioError, match=r"^asked.yml: no such file \(did you mean asked.yaml"):
        read_scenario("asked.yml")


# Settings of the command line ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("dopamine_share=0", "did you mean parameters.dopamine_share?"),
        ("size=5", "did you mean population.size?"),
        ("population.size 500", "did you mean population.size=500?"),
        ("population.size:500", "did you mean population.size=500?"),
        ("observe.by=[sex,", "needs quotes, as in --set 'observe.by=[sex, age_group]'"),
        ("", "expected key=value"),
        ("=", "expected key=value"),
        ("a=b=c", "a=b=c: unknown key (expected one of title"),
        ("name=../evil", "unknown key (expected one of title"),
    ],
)
def test_settings(tmp_path: Path, setting: str, words: str) -> None:
    assert words in message(tmp_path, "", setting)


@pytest.mark.parametrize(
    "setting", ["population.size = 500", "population.size=\t500", " population.size=500"]
)
def test_spaces_around_a_setting(tmp_path: Path, setting: str) -> None:
    (tmp_path / "asked.yaml").write_text("title: t\n")
    assert read_scenario(tmp_path / "asked.yaml", [setting]).scenario.population.size == 500


@pytest.mark.parametrize(
    ("words", "whole"),
    [
        (["--set", "observe.by=[sex,", "age_group]"], "'observe.by=[sex, age_group]'"),
        (["--set=observe.by=[sex,", "age_group]"], "'observe.by=[sex, age_group]'"),
        (["--set", "observe.by=[sex,", "age_group]", "s.yaml"], "'observe.by=[sex, age_group]'"),
        (["--set", "population.size", "500"], "population.size=500"),
        (["--set", "population.size", "=", "500"], "population.size=500"),
        (["--set", "population.size=", "500"], "population.size=500"),
        (["--set", "population.size", "=500"], "population.size=500"),
    ],
)
def test_settings_that_the_shell_cut(rlsabm_command: Command, words: list[str], whole: str) -> None:
    assert setting_in_parts(words) == f" (did you mean --set {whole}?)"
    refused(rlsabm_command("check", "scenarios/baseline.yaml", *words), f"--set {whole}")


@pytest.mark.parametrize(
    "words",
    [["s.yaml"], ["s.yaml", "t.yaml"], ["--set", "a=1", "b"], ["--set"], ["--set", "a", "--json"]],
)
def test_other_mistakes_have_no_hint(words: list[str]) -> None:
    assert setting_in_parts(words) == ""


# Names of conditions, parameters and commands -----------------------------------------------------


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["conditions", "crohn"], "inflammatory_bowel_disease"),
        (["conditions", "anemia"], "iron_deficiency_anaemia"),
        (["conditions", "kidney transplant"], "kidney_transplant"),
        (["conditions", "IBD"], "inflammatory_bowel_disease"),
        (["conditions", "Coeliac disease"], "coeliac_disease"),
        (["conditions", "obestiy", "--json"], "obesity"),
        (["parameters", "feritin"], "ferritin"),
        (["runn"], "run"),
        (["help", "chek"], "check"),
    ],
)
def test_names_that_are_typed(rlsabm_command: Command, words: list[str], meant: str) -> None:
    outcome = rlsabm_command(*words)
    refused(outcome)
    assert meant in outcome.err.lower().split("did you mean")[1]


def test_conditions_of_a_scenario(rlsabm_command: Command, workplace: Path) -> None:
    text = "title: t\nconditions: {plasma: {source: s, prevalence: [0.01], label: plasma donors}}\n"
    (workplace / "asked.yaml").write_text(text)
    refused(rlsabm_command("conditions", "plasma"), "those of a scenario need --of FILE")
    assert rlsabm_command("conditions", "plasma", "--of", "asked.yaml").code == 0
    refused(rlsabm_command("conditions", "plasm", "--of", "asked.yaml"), "did you mean plasma?")
    refused(rlsabm_command("conditions", "donors", "--of", "asked.yaml"), "plasma")
