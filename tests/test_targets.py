"""Target files: what ships, what may be said, and mistakes as people type them."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import indent

import pytest

import rlsabm
from rlsabm.calibration.measures import MEASURES
from rlsabm.calibration.reading import (
    calibration_targets,
    read_targets,
    schema_at,
    validation_targets,
)
from rlsabm.calibration.targets import CalibrationTarget, Published, Target, ValidationTarget
from rlsabm.calibration.virtual_studies import take_figures
from rlsabm.errors import ScenarioError, UserError

WHOLE = """\
says: Any RLS in men
observe: {measure: prevalence, sex: male, ages: [18, 79]}
value: 0.06
interval: [0.04, 0.08]
source: A survey, 2001
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(target: str, purpose: str = "calibration", key: str = "X1_men") -> Path:
    path = Path("mine.yaml")
    head = f"purpose: {purpose}\ntargets:\n  {key}:\n"
    path.write_text(head + indent(target, "    "), encoding="utf-8")
    return path


def read(target: str) -> Target:
    [made] = read_targets(written(target))
    return made


def message(path: Path) -> str:
    with pytest.raises(ScenarioError) as caught:
        read_targets(path)
    shown = str(caught.value)
    assert not re.search(r"pydantic|Input should|https?:|Traceback", shown)
    return shown


# What ships ---------------------------------------------------------------------------------------


def test_the_lists_that_ship() -> None:
    """All rows, none in both lists, every one with a source; and every measure serves one of them."""
    fitted, kept = calibration_targets(), validation_targets()
    assert {target.row for target in fitted} == {f"C{number}" for number in range(1, 24)}
    assert {target.row for target in kept} == {f"V{number}" for number in range(1, 14)}
    assert not {target.key for target in fitted} & {target.key for target in kept}
    assert all(target.published.source for target in (*fitted, *kept))
    used = {target.query.measure for target in (*fitted, *kept) if target.query is not None}
    assert used == set(MEASURES)


def test_what_cannot_be_observed_says_what_it_needs() -> None:
    lacking = [
        each for each in (*calibration_targets(), *validation_targets()) if each.query is None
    ]
    assert {each.row for each in lacking} == {"C8", "C13", "C14", "V3"}
    assert all(each.published.needs for each in lacking)
    with pytest.raises(UserError, match="C13_iron: cannot be observed yet: a virtual trial"):
        take_figures([each for each in lacking if each.key == "C13_iron"])


@pytest.mark.parametrize("name", ["calibration", "validation"])
def test_figures_that_ship_are_inside_of_their_intervals(name: str) -> None:
    for target in read_targets(name):
        assert target.contains(target.value), target.key
        assert target.sd > 0.0
        assert abs(float(target.from_scale(target.mean)) - target.value) < 1e-9 * max(
            1.0, abs(target.value)
        )


def test_files_are_found_by_name_and_by_path() -> None:
    assert rlsabm.read_targets("validation") == read_targets(Path("validation"))
    assert [target.key for target in read_targets(written(WHOLE))] == ["X1_men"]
    with pytest.raises(UserError, match=r"expected the path .*; did you mean calibration\?"):
        read_targets("calibratoin")


def test_every_key_has_a_meaning() -> None:
    models = [Published, *(measure.query for measure in MEASURES.values())]
    for model in models:
        schema = model.model_json_schema()
        for key in set(schema["properties"]) - {"measure"}:
            assert schema_at(schema, (key,)).get("description"), f"{model.__name__}.{key}"


# Calibration and validation are never mixed -------------------------------------------------------


def test_the_type_of_a_target_is_the_purpose_of_its_file() -> None:
    assert {type(target) for target in read_targets("calibration")} == {CalibrationTarget}
    assert {type(target) for target in read_targets("validation")} == {ValidationTarget}
    [made] = read_targets(written(WHOLE, "validation"))
    assert type(made) is ValidationTarget
    assert not hasattr(made, "log_likelihood")


def test_a_file_of_the_other_purpose_is_refused() -> None:
    with pytest.raises(ScenarioError, match="holds no calibration targets"):
        calibration_targets("validation")
    with pytest.raises(ScenarioError, match="holds no validation targets"):
        validation_targets("calibration")


def test_a_validation_target_is_refused_among_those_to_fit() -> None:
    assert message(written(WHOLE, key="V5_twins")) == (
        "mine.yaml:3: V5_twins: is a validation target, to which no parameter may be fitted"
    )


def test_a_validation_target_by_another_name_is_refused_too() -> None:
    [kept] = [target for target in validation_targets() if target.key == "V2_second_trimester"]
    same = WHOLE.replace(
        "{measure: prevalence, sex: male, ages: [18, 79]}",
        "{measure: prevalence, group: second_trimester, definition: any, instrument: four_item}",
    )
    assert kept.query is not None
    # It is the same figure in however many surveys people are asked.
    for surveys in ("last", "all"):
        asked = same.replace("four_item}", f"four_item, surveys: {surveys}}}")
        assert "is a validation target" in message(written(asked))


# Mistakes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "sex: male",
            "group: dialisis",
            "mine.yaml:5: X1_men.observe.group: found dialisis (expected a group of rlsabm "
            "conditions; did you mean dialysis?)",
        ),
        (
            "[0.04, 0.08]",
            "[0.07, 0.08]",
            "mine.yaml:7: X1_men.interval: excludes the value: 0.06 is not from 0.07 to 0.08",
        ),
        (
            "[0.04, 0.08]",
            "[0.08, 0.04]",
            "mine.yaml:7: X1_men.interval: found [0.08, 0.04] (expected the lower limit first)",
        ),
        (
            "value: 0.06\ninterval: [0.04, 0.08]",
            "note: nothing",
            "mine.yaml:3: X1_men: holds no data (expected value, cases and persons, at_least or "
            "at_most)",
        ),
        (
            "source: A survey, 2001",
            "note: nothing",
            "mine.yaml:3: X1_men.source: is missing (expected text that is not empty)",
        ),
        (
            "sex: male",
            "instrument: CHRLS",
            "mine.yaml:5: X1_men.observe.instrument: found CHRLS (expected one of truth, interview, "
            "CH-RLSq, four_item, RLS-NIH, RLS-EXP; did you mean CH-RLSq?)",
        ),
        (
            "sex: male",
            "definition: weakly",
            "mine.yaml:5: X1_men.observe.definition: found the text 'weakly' (expected one of any, "
            "weekly, significant; did you mean weekly?)",
        ),
        (
            "measure: prevalence",
            "measure: persistence, after_years: 2",
            "mine.yaml:5: X1_men.observe.after_years: found 2 (expected one of 1, 3)",
        ),
        (
            "measure: prevalence",
            "measure: persistence, after_years: three",
            "X1_men.observe.after_years: found the text 'three' (expected one of 1, 3)",
        ),
        (
            "measure: prevalence",
            "measure: prevalance",
            "did you mean prevalence?)",
        ),
        (
            "sex: male",
            "sexx: male",
            "mine.yaml:5: X1_men.observe.sexx: unknown key (did you mean sex?)",
        ),
        (
            "ages: [18, 79]",
            "ages: [79, 18]",
            "X1_men.observe.ages: found [79, 18] (expected the smaller number first)",
        ),
        (
            "ages: [18, 79]",
            "ages: 18",
            "X1_men.observe.ages: found 18 (expected the first and the last age, as in [20, 79]",
        ),
        (
            "value: 0.06",
            "value: 6",
            "mine.yaml:6: X1_men.value: found 6 (expected a proportion from 0 to 1; did you mean "
            "0.06?)",
        ),
        (
            "interval: [0.04, 0.08]",
            "cases: 12\npersons: 100",
            "mine.yaml:6: X1_men.value: found 0.06 (expected 0.12: 12 cases of 100 persons)",
        ),
        (
            "value: 0.06\ninterval: [0.04, 0.08]",
            "cases: 120\npersons: 100",
            "mine.yaml:6: X1_men.cases: found 120 (expected at most the persons, 100)",
        ),
        (
            "interval: [0.04, 0.08]",
            "cases: 6",
            "mine.yaml:7: X1_men.cases: stands without persons (expected both, or none)",
        ),
        (
            "interval: [0.04, 0.08]",
            "likelihood: beta_binomial",
            "X1_men.likelihood: found beta_binomial without counts (expected cases and persons)",
        ),
        (
            "interval: [0.04, 0.08]",
            "at_least: 0.05",
            "X1_men.at_least: stands beside another figure (expected a bound alone)",
        ),
        (
            "interval: [0.04, 0.08]",
            "intervall: [0.04, 0.08]",
            "mine.yaml:7: X1_men.intervall: unknown key (did you mean interval?)",
        ),
    ],
)  # fmt: skip
def test_mistakes_have_one_clear_line(old: str, new: str, expected: str) -> None:
    assert old in WHOLE
    shown = message(written(WHOLE.replace(old, new)))
    assert expected in shown
    assert len(shown.splitlines()) == 1


def test_a_key_twice() -> None:
    one = f"  X1:\n{indent(WHOLE, '    ')}"
    twice = f"purpose: calibration\ntargets:\n{one}{one}"
    Path("mine.yaml").write_text(twice, encoding="utf-8")
    assert message(Path("mine.yaml")) == "mine.yaml:9: X1: is given twice (first on line 3)"
    Path("mine.yaml").write_text(twice.replace("X1:", "x1:", 1), encoding="utf-8")
    assert message(Path("mine.yaml")) == "mine.yaml:9: X1: is given twice (the other is x1)"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("purpose: calibration\n", "mine.yaml:1: targets: holds no targets"),
        ("targets: {X1: {}}\n", "mine.yaml:1: purpose: is missing (expected one of calibration,"),
        ("purpose: validaton\ntargets: {X1: {}}\n", "did you mean validation?)"),
        ("purpose: calibration\ntarget: {X1: {}}\n", "target: unknown key"),
        ("purpose: calibration\ntargets:\n  a b: {}\n", "a b: cannot be a key"),
        ("purpose: calibration\ntargets:\n  X1: 5\n", "X1: found 5 (expected a mapping with says,"),
        ("- a\n", "holds a list (expected keys such as purpose and targets)"),
    ],
)
def test_files_that_are_none(text: str, expected: str) -> None:
    Path("mine.yaml").write_text(text, encoding="utf-8")
    assert expected in message(Path("mine.yaml"))


def test_several_mistakes_are_shown_in_their_order() -> None:
    wrong = WHOLE.replace("sex: male", "sex: men").replace("value: 0.06", "valu: 0.06")
    shown = message(written(wrong.replace("ages: [18, 79]", "ages: []"))).splitlines()
    assert shown[0].startswith("mine.yaml:6: X1_men.valu: ")  # the target before what it observes
    wrong = WHOLE.replace("sex: male", "sex: men").replace("ages: [18, 79]", "ages: []")
    assert [line.split(": ")[1] for line in message(written(wrong)).splitlines()] == [
        "X1_men.observe.sex", "X1_men.observe.ages",
    ]  # fmt: skip


# What follows from what is given ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "kind", "scale"),
    [
        ("cases: 6\npersons: 100", "beta_binomial", "logit"),
        ("value: 0.06\ninterval: [0.04, 0.08]", "logit_normal", "logit"),
        ("value: 0.06\nlikelihood: log_normal", "log_normal", "log"),
        ("at_least: 0.05", "ordering", "log"),
    ],
)
def test_the_kind_follows(given: str, kind: str, scale: str) -> None:
    made = read(WHOLE.replace("value: 0.06\ninterval: [0.04, 0.08]", given))
    assert (made.kind, made.scale) == (kind, scale)


def test_counts_are_a_value_and_an_interval() -> None:
    made = read(WHOLE.replace("value: 0.06\ninterval: [0.04, 0.08]", "cases: 6\npersons: 100"))
    assert made.value == 0.06
    lower, upper = made.interval
    assert 0.02 < lower < 0.04 < 0.1 < upper < 0.14


def test_a_bound_has_its_tolerance() -> None:
    made = read(
        WHOLE.replace("value: 0.06\ninterval: [0.04, 0.08]", "at_most: 0.05\ntolerance: 0.1")
    )
    assert made.interval == pytest.approx((float("-inf"), 0.05 * 2.718281828**0.1))
    assert made.contains([0.0, 0.055, 0.056]).tolist() == [True, True, False]
