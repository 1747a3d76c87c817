"""Scenario files that are too much of something: numbers, mistakes, arms, bases, nesting, runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import rlsabm.scenario.checking as checking_module
from rlsabm.errors import ScenarioError, UserError
from rlsabm.scenario import load_scenario
from rlsabm.study.checking import check_study
from rlsabm.study.settings import read_scenario
from rlsabm.study.units import MOST_UNITS, count_units, units_of

#: Texts of numbers that no arithmetic has.
TOO_LARGE = ["1" + "0" * 310, "-1" + "0" * 400, "1" * 5_000, "0x" + "f" * 400, "0o" + "7" * 6_000,
             "0b" + "1" * 2_000, "1e400", "-1e400", "1_0" * 200]  # fmt: skip
NUMERIC_KEYS = ["population.size", "runs.seed", "observe.persons", "parameters.dopamine_share",
                "conditions.obesity.duration_years"]  # fmt: skip


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def message(text: str, *settings: str, **options: Any) -> str:
    """What is said of a scenario: short, printable, with no line of the program's own."""
    Path("asked.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        read_scenario("asked.yaml", settings, **options)
    shown = str(caught.value)
    assert all(line.isprintable() for line in shown.split("\n"))
    assert len(shown) < 6_000
    return shown


@pytest.mark.parametrize("number", TOO_LARGE, ids=lambda text: f"{text[:6]}, {len(text)}")
@pytest.mark.parametrize("key", NUMERIC_KEYS)
def test_numbers_that_are_too_large(key: str, number: str) -> None:
    for text in (f"title: t\n{key}: {number}\n", f"title: t\n{key}: [{number}]\n"):
        shown = message(text)
        assert shown.startswith(f"asked.yaml:2: {key}: found {number[:20]}")
        assert shown.endswith("(expected a smaller number)")
    shown = message("title: t\n", f"{key}={number}")
    assert shown.startswith(f"--set {key}=")
    assert "(expected a smaller number)" in shown


@pytest.mark.parametrize("digits", [309, 400, 5_000])
@pytest.mark.parametrize("sign", [1, -1])
def test_numbers_of_python_that_are_too_large(digits: int, sign: int) -> None:
    number = sign * 10**digits
    with pytest.raises(ScenarioError, match=r"^scenario: runs\.seed: found a number of more than"):
        read_scenario({"title": "t", "runs": {"seed": number}})
    with pytest.raises(ScenarioError, match="found a number of more than 308 digits"):
        read_scenario({"title": "t"}, changes={"parameters": {"dopamine_share": number}})


@pytest.mark.parametrize(
    ("number", "found"),
    [
        ("1" * 300, "a whole number of 300 digits"),
        (".inf", "inf"),
        ("-.inf", "-inf"),
        ("0xffff_ffff_ffff_ffff", "a whole number of 20 digits"),
        ("-0", "0"),
    ],
)
def test_large_numbers_are_shown_short(number: str, found: str) -> None:
    shown = message(f"title: t\npopulation.size: {number}\n")
    assert shown.startswith(f"asked.yaml:2: population.size: found {found[:5]}")
    assert len(shown) < 130


def test_minus_zero_is_zero() -> None:
    Path("asked.yaml").write_text("title: t\nobserve.persons: -0.0\nruns.seed: -0\n")
    with_minus = read_scenario("asked.yaml")
    assert (
        with_minus.content_hash()
        == read_scenario({"title": "t", "runs": {"seed": 0}}).content_hash()
    )


# Many mistakes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"key_{n}: 1\n" for n in range(5_000)),
        "parameters:\n" + "".join(f"  key_{n}: 1\n" for n in range(5_000)),
        "conditions:\n" + "".join(f"  key_{n}: {{}}\n" for n in range(5_000)),
        "".join(f"conditions.obesity.key_{n}: 1\n" for n in range(5_000)),
        f"shifts.conditions: [{', '.join(f'key_{n}' for n in range(5_000))}]\n",
        f"observe.years: [{', '.join('1' for _ in range(5_000))}]\n",
    ],
    ids=["keys", "parameters", "conditions", "fields", "shifts", "years"],
)
def test_only_mistakes_that_are_shown_are_put_in_words(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    asked: list[str] = []

    def count(mistake: checking_module.Mistake) -> ScenarioError:
        asked.append(mistake.key)
        return mistake.place.error(mistake.say(), mistake.key)

    monkeypatch.setattr(checking_module.Mistake, "error", count)
    shown = message(f"title: t\n{text}")
    assert shown.endswith(f"and {5_000 - checking_module.MOST_MISTAKES_SHOWN:,} more")
    assert len(asked) == checking_module.MOST_MISTAKES_SHOWN


def test_all_mistakes_can_be_seen() -> None:
    text = "title: t\n" + "".join(f"key_{n}: 1\n" for n in range(12))
    Path("asked.yaml").write_text(text)
    with pytest.raises(ScenarioError) as caught:
        read_scenario("asked.yaml", most_mistakes=checking_module.MOST_MISTAKES_LISTED)
    places = [line.split(": ")[0] for line in str(caught.value).splitlines()]
    assert places == [f"asked.yaml:{line}" for line in range(2, 14)]


def test_two_mistakes_of_one_line_are_both_told() -> None:
    shown = message("title: t\nshifts.conditions: [obestiy, coeliac]\n").splitlines()
    assert ["obestiy" in shown[0], "coeliac" in shown[1]] == [True, True]


def test_mistakes_of_the_reference_are_told_once_however_many_arms_there_are() -> None:
    arms = ", ".join(f"a{n}: {{parameters.dopamine_share: 0.{n + 1}}}" for n in range(50))
    shown = message(f"title: t\nkey: 1\nparameters: {{nothing: 1}}\narms: {{{arms}}}\n")
    assert [line.split(": ")[1] for line in shown.splitlines()] == ["key", "parameters.nothing"]


# Limits -------------------------------------------------------------------------------------------


def test_most_arms() -> None:
    def arms(count: int) -> dict[str, Any]:
        return {"title": "t", "arms": {f"arm {n}": {} for n in range(count)}}

    study = read_scenario(arms(99))
    names = [unit.name for unit in units_of(study)]
    assert len(names) == 100
    assert names == sorted(names)
    with pytest.raises(ScenarioError, match=r"arms: found 100 arms \(expected at most 99 beside"):
        read_scenario(arms(100))


def test_a_long_chain_of_bases() -> None:
    for number in range(40):
        Path(f"s{number}.yaml").write_text(f"base: s{number + 1}\n")
    Path("s40.yaml").write_text("title: t\n")
    assert load_scenario("s21").scenario.title == "t"
    with pytest.raises(ScenarioError, match=r"^s19.yaml:1: base: is more than 19 scenarios away"):
        load_scenario("s0")


@pytest.mark.parametrize(
    "text",
    ["title: " + "[" * 1_000 + "]" * 1_000, "".join(" " * n + "a:\n" for n in range(600)),
     "title: t\n" + ".".join("a" * 400) + ": 1\n", "title: t\narms: {a: {" + "b.c." * 200 + "d: 1}}"],
    ids=["brackets", "lines", "dots", "dots in an arm"],
)  # fmt: skip
def test_deep_nesting(text: str) -> None:
    assert "nested too deeply" in message(text)


@pytest.mark.parametrize(
    ("value", "what"),
    [("[" * 600 + "]" * 600, "is nested too deeply"), ("[" * 10**5, "is nested too deeply"),
     ("[" + "0," * 10**6 + "0]", "holds more than 300,000 values")],
    ids=["deep", "deepest", "many"],
)  # fmt: skip
def test_json_beyond_all_measure(value: str, what: str) -> None:
    description = "x" * 250_000
    Path("asked.json").write_text(f'{{"description": "{description}", "title": {value}}}')
    with pytest.raises(ScenarioError, match=rf"^asked.json: (title: )?{what}"):
        read_scenario("asked.json")


def test_long_files_and_long_json() -> None:
    assert "is larger than 250 kB" in message("title: t\n" + "# words\n" * 40_000)
    text = json.dumps({"title": "t", "description": "x" * 300_000})
    Path("asked.json").write_text(text)
    with pytest.raises(ScenarioError, match=r"^asked.json: description: holds 300,000 characters"):
        read_scenario("asked.json")
    for pair in ('"runs": {"seed": 1, "seed": 2}', '"seed": 1, "seed": 1'):
        Path("asked.json").write_text(text[:-1] + f", {pair}}}")
        with pytest.raises(ScenarioError, match=r"^asked.json: seed: is given twice$"):
            read_scenario("asked.json")
    Path("asked.json").write_text(text[:-3])
    with pytest.raises(ScenarioError, match=r"^asked.json:1: is not valid JSON"):
        read_scenario("asked.json")


def test_the_manifest_of_a_study_with_many_arms_is_read() -> None:
    study = read_scenario(
        {
            "title": "t",
            "arms": {f"arm {n}": {"conditions.obesity.enabled": False} for n in range(99)},
        }
    )
    recorded = {"input_hash": "x", "name": "many", "scenario": study.as_mapping()}
    layers = {**study.layers, "title": "original.yaml:1"}
    Path("manifest.json").write_text(json.dumps({**recorded, "layers": layers}, indent=2))
    assert Path("manifest.json").stat().st_size > 250_000
    again = read_scenario("manifest.json")
    assert (again.name, again.arms) == ("many", study.arms)
    assert again.layers["title"] == "original.yaml:1"


@pytest.mark.parametrize(
    ("key", "value"),
    [("title", "x" * 300), ("conditions.obesity.label", "x" * 300),
     ("conditions.obesity.source", "x" * 30_000),
     ("conditions.obesity.prevalence", [0.1] * 5_000), ("population.country", "x" * 2_000)],
)  # fmt: skip
def test_long_values(key: str, value: object) -> None:
    shown = message(
        json.dumps({"title": "t", key: value}) if key != "title" else json.dumps({key: value})
    )
    assert "(expected at most" in shown
    assert len(shown) < 150


def test_runs_are_counted_before_they_are_listed() -> None:
    many = read_scenario({"title": "t", "runs": {"draws": 100_000, "replicates": 100_000}})
    for call in (check_study, count_units, units_of):
        with pytest.raises(UserError, match=r"runs: .* are 10,000,000,000 runs \(expected at most"):
            call(many)
    blocks = {"title": "t", "population.size": 10_000_000, "population.block_size": 100}
    assert count_units(read_scenario(blocks)) == MOST_UNITS
    one_more = read_scenario({**blocks, "population.size": 10_000_001})
    with pytest.raises(UserError, match=r"^runs: 100,001 blocks of people are 100,001 runs \("):
        check_study(one_more)
    runs = {"draws": 2, "replicates": 3}
    few = read_scenario(
        {
            "title": "t",
            "population": {"size": 1_000, "block_size": 300},
            "runs": runs,
            "arms": {"a": {}},
        }
    )
    assert count_units(few) == len(units_of(few)) == 2 * 3 * 2 * 4


def test_too_many_runs_are_refused_by_line() -> None:
    Path("asked.yaml").write_text("title: t\nruns: {draws: 100_000, replicates: 100_000}\n")
    with pytest.raises(UserError, match=r"^asked.yaml:2: runs: 100,000 draws x 100,000 replicates"):
        check_study(read_scenario("asked.yaml"))


# Names and characters -----------------------------------------------------------------------------

NO_NAMES = ["../../evil", "/etc/evil", "..", ".", "...", "", " ", "a/b", "a\\b", "C:\\x", "a\0b",
            "a\nb", "con", "NUL.txt", "com1", "x.", "x ", "a\x1b[31m", "a\u202eb",
            "x" * 250]  # fmt: skip


@pytest.mark.parametrize("name", NO_NAMES, ids=repr)
def test_the_name_in_a_manifest_is_never_a_path(name: str) -> None:
    manifest = {"input_hash": "1", "scenario": {"title": "t"}, "name": name}
    shown = message(json.dumps(manifest))
    assert shown.startswith("asked.yaml:1: name: ")
    assert "cannot be the name of a scenario" in shown
    with pytest.raises(ScenarioError, match="cannot be the name of a scenario"):
        read_scenario(manifest)


@pytest.mark.parametrize(
    "file", ["..yaml", "...yaml", "con.yaml", "a\\b.yaml", "a\nb.yaml", "x..yaml"]
)
def test_the_name_of_a_file_is_that_of_a_folder(file: str) -> None:
    Path(file).write_text("title: t\n")
    with pytest.raises(ScenarioError, match="cannot be the name of a scenario") as caught:
        read_scenario(file)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "file", ["a:b.yaml", "ü ö.yaml", "-x.yaml", "x.y.yaml", ".yaml", "console.yaml"]
)
def test_other_names(file: str) -> None:
    Path(file).write_text("title: t\n")
    assert read_scenario(file).name == Path(file).stem


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("scenario: x\n", "2: scenario: found the text 'x' (expected a mapping with the scenario"),
        ("scenario:\n", "2: scenario: found nothing (expected a mapping"),
        ("title: t\n", "1: scenario: has input_hash, as the manifest of a study, but no scenario"),
        ("scenario: {title: t}\nlayers: abc\n", "3: layers: found the text 'abc' (expected a map"),
        ("scenario: {title: t}\nlayers: [a]\n", "3: layers: found a list (expected a mapping"),
        ("scenario: {title: t}\nlayers: {title: 5}\n", "3: layers.title: found 5 (expected text"),
        ("scenario: {title: t}\nname: [x]\n", "3: name: found a list (expected the name of the st"),
    ],
)
def test_what_claims_to_be_a_manifest(text: str, expected: str) -> None:
    assert message(f"input_hash: 1\n{text}").startswith(f"asked.yaml:{expected}")


@pytest.mark.parametrize(
    "text",
    ['title: "a\\e[31mb"', 'title: "a\u202eb"', 'title: t\n"a\\e[31m": 5', 'title: t\n"a\\nb": 5',
     'title: t\narms: {"a\\e[2J": {}}', 'title: t\npopulation.size: "a\\nb\\e[2J"',
     'title: t\nbase: "a\\nb\\e[2J"', 'title: t\nshifts.conditions: ["a\\e[2J"]',
     'title: t\nconditions.obesity.label: "\\e[2J"', 'title: t\nconditions.obesity.source: "\\a"',
     'title: t\nconditions: {"x\\e[2J": {}}', 'title: t\nparameters: {"a\\e[2J": 1}',
     'title: t\nconditions.blood_donation.jurisdiction: "a\\e[2J"'],
)  # fmt: skip
def test_control_characters_are_shown_escaped(text: str) -> None:
    assert "\n" not in message(text)


@pytest.mark.parametrize(
    "text",
    ['population.country: "a\\nb\\e[2J"', 'observe.as: ["a\\nb\\e[2J"]'],
)
def test_what_only_tables_know_is_shown_escaped(text: str) -> None:
    Path("asked.yaml").write_text(f"title: t\n{text}\n")
    with pytest.raises(UserError) as caught:
        check_study(read_scenario("asked.yaml"))
    assert str(caught.value).isprintable()


def test_a_title_is_one_line() -> None:
    Path("asked.yaml").write_text("title: >\n  two lines\n  are one\ndescription: |\n  a\n  b\n")
    scenario = read_scenario("asked.yaml").scenario
    assert (scenario.title, scenario.description) == ("two lines are one", "a\nb\n")
