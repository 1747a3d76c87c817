"""Mistakes in scenario files: one clear line each, that names the place and the mending."""

from __future__ import annotations

import os
import pickle
import re
from pathlib import Path

import pytest

from rlsabm.errors import ScenarioError, UserError
from rlsabm.scenario import ParameterRange, load_scenario

RANGES = {
    "absorption": ParameterRange(0, 1),
    "loss.daily": ParameterRange(0.5, 20, "mg per day"),
    "half_life": ParameterRange(1, float("inf"), "months"),
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def message(text: str | bytes, *changes: str) -> str:
    path = Path("asked.yaml")
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path, changes, parameters=RANGES)
    shown = str(caught.value)
    assert not re.search(r"pydantic|Input should|https?:|Traceback|ruamel|<unicode", shown)
    return shown


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("titel: x", "titel: unknown key (did you mean title?)"),
        ("size: 5", "size: unknown key (did you mean population.size?)"),
        (
            "population: {siz: 500}",
            "population.siz: unknown key (did you mean population.size?)",
        ),
        (
            "conditions: {migraine: {}}",
            "conditions.migraine: no condition of this name; a new one needs source, and "
            "prevalence or onset_per_1000",
        ),
        (
            "population: {size: 5}",
            "population.size: found 5 (expected a whole number from 100 to 100,000,000 people)",
        ),
        (
            "population: {size: 200k}",
            "population.size: found the text '200k' (expected a whole number from 100 to "
            "100,000,000 people)",
        ),
        (
            "population: {size: '5000'}",
            "population.size: found the text '5000' (expected a whole number from 100 to "
            "100,000,000 people; did you mean 5000?)",
        ),
        (
            "population: {size: true}",
            "population.size: found true (expected a whole number from 100 to 100,000,000 people)",
        ),
        (
            "runs: {draws: 1.5}",
            "runs.draws: found 1.5 (expected a whole number from 1 to 100,000)",
        ),
        (
            "observe: {persons: true}",
            "observe.persons: found true (expected a number from 0 to 1)",
        ),
        (
            "observe: {persons: .nan}",
            "observe.persons: found nan (expected a number from 0 to 1)",
        ),
        (
            "observe: {persons: .inf}",
            "observe.persons: found inf (expected a number from 0 to 1)",
        ),
        (
            "observe: {events: NO}",
            "observe.events: found the text 'NO' (expected true or false; did you mean false?)",
        ),
        (
            "observe: {events: 1}",
            "observe.events: found 1 (expected true or false; did you mean true?)",
        ),
        (
            "observe: {by: [sex, seks]}",
            "observe.by: item 2: found the text 'seks' (expected one of sex, age_group, parity; "
            "did you mean sex?)",
        ),
        ("observe: {by: [sex, sex]}", "observe.by: names sex twice"),
        (
            "observe: {years: 2019}",
            "observe.years: found 2019 (expected a list of whole numbers from 1900 to 2100, not "
            "empty; did you mean [2019]?)",
        ),
        (
            "observe: {years: []}",
            "observe.years: found an empty list (expected a list of whole numbers from 1900 to "
            "2100, not empty)",
        ),
        (
            "observe: {years: [2019, 3000]}",
            "observe.years: item 2: found 3000 (expected a whole number from 1900 to 2100)",
        ),
        (
            "observe: {years: [2019, 2010]}",
            "observe.years: must increase, with each value once: 2019 is followed by 2010",
        ),
        (
            "observe: {age_groups: [18, 35]}",
            "observe.age_groups: starts with 18 (expected 0 as the first limit)",
        ),
        (
            "population:",
            "population: is empty (expected a mapping with country, size, block_size and "
            "founders_years_before)",
        ),
        (
            "observe: [1]",
            "observe: found a list (expected a mapping with years, by, age_groups, as, persons and "
            "events)",
        ),
        (
            "conditions: {blood_donation: {ferritin_deferral: {below: 30}}}",
            "conditions.blood_donation.ferritin_deferral.months: is missing (expected a whole "
            "number from 1 to 60 months)",
        ),
        (
            "conditions: {blood_donation: {ferritin_deferral: none}}",
            "conditions.blood_donation.ferritin_deferral: found the text 'none' (expected a "
            "mapping with below and months, or null; did you mean null?)",
        ),
        (
            "description: 5",
            "description: found 5 (expected text; did you mean '5'?)",
        ),
        (
            "parameters: {absorbtion: 1}",
            "parameters.absorbtion: unknown parameter (did you mean absorption?)",
        ),
        (
            "parameters: {qqq: 1}",
            "parameters.qqq: unknown parameter (expected a name of the parameter table)",
        ),
        (
            "parameters: {loss.daily: 100}",
            "parameters.loss.daily: found 100 (expected a number from 0.5 to 20 mg per day)",
        ),
        (
            "parameters: {half_life: 0}",
            "parameters.half_life: found 0 (expected a number of at least 1 months)",
        ),
        (
            "parameters: {half_life: .inf}",
            "parameters.half_life: found inf (expected a number of at least 1 months)",
        ),
        (
            "parameters: {absorption: much}",
            "parameters.absorption: found the text 'much' (expected a number from 0 to 1)",
        ),
        (
            "parameters: {absorption: 50%}",
            "parameters.absorption: found the text '50%' (expected a number from 0 to 1; did you "
            "mean 0.5?)",
        ),
        (
            "parameters: {loss.daily: .nan}",
            "parameters.loss.daily: found nan (expected a number from 0.5 to 20 mg per day)",
        ),
        (
            "parameters: {loss.daily: [1]}",
            "parameters.loss.daily: found a list (expected a number from 0.5 to 20 mg per day)",
        ),
        (
            "parameters: {loss.daily: }",
            "parameters.loss.daily: is empty (expected a number from 0.5 to 20 mg per day)",
        ),
        (
            "parameters: {loss.daily: true}",
            "parameters.loss.daily: found true (expected a number from 0.5 to 20 mg per day)",
        ),
        (
            "parameters: [1]",
            "parameters: found a list (expected a mapping from names to values, or null)",
        ),
    ],
)
def test_wrong_values(line: str, expected: str) -> None:
    assert message(f"title: t\n{line}\n") == f"asked.yaml:2: {expected}"


@pytest.mark.parametrize(
    ("arm", "expected"),
    [
        ("Reference: {}", "arms.Reference: an arm cannot be called Reference"),
        ("baseline: {}", "arms.baseline: an arm cannot be called baseline"),
        (
            "a: {population.size: 500}",
            "arms.a.population: cannot differ between arms: an arm is the",
        ),
        ("a: {base: x}", "arms.a.base: cannot differ between arms"),
        (
            "a: {condition: {}}",
            "arms.a.condition: unknown key (expected conditions, treatments, care or parameters; "
            "did you mean conditions?)",
        ),
        (
            "a: {conditions.dialysis.enabeld: true}",
            "arms.a.conditions.dialysis.enabeld: unknown key (did you mean "
            "conditions.dialysis.enabled?)",
        ),
        (
            "a: {parameters.loss.daily: 100}",
            "arms.a.parameters.loss.daily: found 100 (expected a number from 0.5 to 20 mg per day)",
        ),
        ("a:", "arms.a: is empty (expected a mapping with what the arm changes; {} if it changes"),
        ("a: 5", "arms.a: found 5 (expected a mapping with what the arm changes"),
        (
            "a: {conditions.dialysis: {enabled: true}, conditions: {dialysis.enabled: false}}",
            "conditions.dialysis.enabled: is given twice (first on line 3)",
        ),
        ("a: {conditions..dialysis: 1}", "conditions..dialysis: a part of the key is empty"),
        ('" a": {}', "arms. a: expected a name without spaces at its ends, on one line"),
    ],
)
def test_wrong_arms(arm: str, expected: str) -> None:
    shown = message(f"title: t\narms:\n  {arm}\n")
    assert "\n" not in shown
    assert shown.startswith("asked.yaml:3: ")
    assert expected in shown


def test_arms_must_be_a_mapping() -> None:
    assert message("title: t\narms: [a]\n").startswith("asked.yaml:2: arms: found a list (expected")


def test_a_mistake_of_the_reference_is_not_repeated_for_arms() -> None:
    shown = message("title: t\nruns: {draws: 0}\narms: {a: {}, b: {conditions: {}}}\n")
    assert shown.count("\n") == 0


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("runs.drows=1", "--set runs.drows=1: unknown key (did you mean runs.draws?)"),
        ("runs.draws=0", "--set runs.draws=0: found 0 (expected a whole number from 1 to 100,000)"),
        ("runs.draws=", "--set runs.draws=: is empty (expected a whole number from 1 to 100,000)"),
        ("runs.draws", "--set runs.draws: expected key=value, as in population.size=50_000"),
        ("=5", "--set =5: expected key=value, as in population.size=50_000"),
        ("a..b=5", "--set a..b=5: a part of the key is empty (expected names joined by dots)"),
        ("base=x", "--set base=x: the base can only be given in a scenario file"),
        ("observe.years=[1", "--set observe.years=[1: a bracket or brace is not closed"),
        (
            "parameters.loss.dayly=1",
            "--set parameters.loss.dayly=1: unknown parameter (did you mean loss.daily?)",
        ),
        ("runs={draws: 1, draws: 2}", "--set runs={draws: 1, draws: 2}: draws: is given twice"),
    ],
)
def test_wrong_settings(setting: str, expected: str) -> None:
    shown = message("title: t\n", setting)
    assert "\n" not in shown
    assert shown.startswith(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "asked.yaml: is empty (expected keys such as title and population)"),
        ("# nothing\n", "asked.yaml: is empty"),
        ("- title\n", "asked.yaml:1: holds a list (expected keys such as title and population)"),
        ("title\n", "asked.yaml:1: holds a single value"),
        ("title: a\ntitle: b\n", "asked.yaml:2: title: is given twice (first on line 1)"),
        ("runs:\n\tdraws: 1\n", "asked.yaml:2: a tab in the indentation (expected spaces)"),
        ("title: a: b\n", "asked.yaml:1: unexpected ':' (text that holds ': ' needs quotes"),
        ("title: 'a\n", "asked.yaml:2: a quote is never closed"),
        ("runs: {draws: 1\ntitle: t\n", "asked.yaml:2: a bracket or brace is not closed"),
        ("runs:\n  draws: 1\n seed: 2\n", "asked.yaml:3: does not line up with the lines above"),
        ("title: @x\n", "asked.yaml:1: text that starts with a special character needs quotes"),
        ("title: *x\n", "asked.yaml:1: '*' refers to a name that no '&' defines"),
        ('title: "\\q"\n', "asked.yaml:1: a backslash inside double quotes (use single quotes)"),
        ("title: a\n---\ntitle: b\n", "asked.yaml:2: holds a second document after '---'"),
        ("title: t\n<<: {}\n", "asked.yaml:2: '<<' is not supported"),
        ("title: !x t\n", "asked.yaml:1: has the YAML tag !x (expected plain values)"),
        ("title: t\n? [a]\n: 1\n", "asked.yaml:2: a key is a list or a mapping"),
        ("%YAML 1.1\n---\ntitle: NO\n", "asked.yaml:1: found '%YAML 1.1' (expected YAML 1.2)"),
        ("title: t\nruns: &r {seed: *r}\n", "is nested too deeply, or holds itself"),
        ("[" * 5000, "asked.yaml: is nested too deeply"),
        ("title: a\x07\n", "asked.yaml:1: holds the character U+0007 (expected plain text)"),
        (b"\x00\x01\x02", "asked.yaml: is a binary file (expected a scenario file in YAML)"),
        (b"title: \xff\xfe\n", "asked.yaml:1: is not UTF-8 text"),
        (b"#" * 250_001, "asked.yaml: is larger than 250 kB"),
    ],
)
def test_unreadable_text(text: str | bytes, expected: str) -> None:
    shown = message(text)
    assert "\n" not in shown
    assert expected in shown


def test_alias_bomb() -> None:
    levels = "\n".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 12))
    assert "holds more than 100,000 values" in message(f"l0: &l0 [1]\n{levels}\n")


def test_no_such_file(folder: Path) -> None:
    (folder / "scenarios").mkdir()
    (folder / "scenarios" / "iron.yaml").write_text("title: t\n")
    for name in ("irn", "scenarios/irn.yaml"):
        with pytest.raises(ScenarioError) as caught:
            load_scenario(name)
        assert str(caught.value) == f"{name}: no such file (did you mean scenarios/iron.yaml?)"
    expected = r"^quux: no such file \(expected a scenario file, or one that ships: baseline, .*\)$"
    with pytest.raises(ScenarioError, match=expected):
        load_scenario("quux")


@pytest.mark.parametrize("source", [None, 5, ["baseline"], b"baseline"])
def test_neither_a_path_nor_a_mapping(source: object) -> None:
    with pytest.raises(ScenarioError, match=r"^scenario: found .* \(expected the path of a file, "):
        load_scenario(source)  # type: ignore[arg-type]


def test_not_a_file(folder: Path) -> None:
    (folder / "folder").mkdir()
    os.mkfifo(folder / "pipe")
    with pytest.raises(ScenarioError, match=r"^folder: is a folder \(expected a scenario file\)$"):
        load_scenario("folder")
    with pytest.raises(ScenarioError, match=r"^pipe: is not a regular file"):
        load_scenario("pipe")
    with pytest.raises(ScenarioError, match="no such file"):
        load_scenario("a\0b")


def test_unreadable_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    (folder / "closed.yaml").touch()
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ScenarioError, match=r"^closed.yaml: you are not allowed to read this file"):
        load_scenario("closed.yaml")


def test_missing_base(folder: Path) -> None:
    (folder / "scenarios").mkdir()
    (folder / "scenarios" / "baseline.yaml").write_text("title: t\n")
    assert (
        message("title: t\nbase: basline\n")
        == "asked.yaml:2: base: found no scenario called 'basline' (did you mean baseline?)"
    )
    assert message("title: t\nbase: [a]\n").startswith("asked.yaml:2: base: found a list (expected")


def test_circular_base(folder: Path) -> None:
    (folder / "other.yaml").write_text("title: t\nbase: asked\n")
    assert message("base: other\n") == (
        "other.yaml:2: base: scenarios are based on each other in a circle: "
        "asked.yaml -> other.yaml -> asked.yaml"
    )


def test_a_mistake_in_the_base_is_shown_there(folder: Path) -> None:
    (folder / "other.yaml").write_text("title: t\nruns:\n  draws: 0\n")
    assert message("base: other\n").startswith("other.yaml:3: runs.draws: found 0")


def test_several_mistakes_in_order_of_lines() -> None:
    lines = "".join(f"unknown_{number}: 1\n" for number in range(7))
    *shown, last = message(lines + "runs: {draws: 0}\ntitle: 5\n").splitlines()
    assert [line.split(": ")[0] for line in shown] == [f"asked.yaml:{n}" for n in range(1, 6)]
    assert last == "and 4 more"


def test_attributes_and_pickling() -> None:
    Path("asked.yaml").write_text("title: t\nruns:\n  draws: 0\n")
    with pytest.raises(UserError) as caught:
        load_scenario("asked.yaml")
    error = caught.value
    assert isinstance(error, ScenarioError)
    assert (error.file, error.line, error.key) == ("asked.yaml", 3, "runs.draws")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
