"""The check with wrong rules: that its list does not rot, what it prints, and a sample of it."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from . import noticing
from .__main__ import check_sound, chosen_mutants, report
from .accepted import ACCEPTED
from .generating import CHECKOUT, MODULES, all_mutants, mutants_of, source_of
from .listing import listed_mutants
from .running import Copy, Outcome
from .wrong_rules import WRONG_RULES, written_mutants

SOURCES = {module: source_of(module) for module in MODULES}
EVERY = (*written_mutants(), *all_mutants())


def test_the_list_is_long_and_holds_every_module() -> None:
    listed = Counter(mutant.module for mutant in listed_mutants())
    assert set(listed) == set(MODULES)
    assert listed.total() >= 250
    assert len(WRONG_RULES) >= 60


def test_every_wrong_rule_still_applies_and_changes_the_code() -> None:
    """Where a rule has been written anew, its wrong one must be, too."""
    right = {module: ast.dump(ast.parse(source)) for module, source in SOURCES.items()}
    for mutant in listed_mutants():
        wrong = mutant.applied(SOURCES[mutant.module])
        assert ast.dump(ast.parse(wrong)) != right[mutant.module], mutant.name


def test_no_two_mutants_have_one_name() -> None:
    names = Counter(mutant.name for mutant in EVERY)
    assert names.most_common(1)[0][1] == 1


def test_what_is_accepted_is_there_and_has_a_reason() -> None:
    names = {mutant.name for mutant in EVERY}
    assert not set(ACCEPTED) - names
    assert all(len(reason) > 10 for reason in ACCEPTED.values())


def test_every_module_has_tests_that_are_there() -> None:
    for module in MODULES:
        tests = noticing.tests_of(module, compiled=True)
        assert tests["plain"], module
        for name in (*tests["plain"], *tests["compiled"], *noticing.NET):
            assert (CHECKOUT / name.split("::")[0]).is_file(), name


def test_expressions_are_replaced_one_at_a_time() -> None:
    source = (
        "def rule(age, x):\n    if age < 5 and x > 0.5:\n        return -x * 2\n    return x + 1\n"
    )
    found = {mutant.applied(source) for mutant in mutants_of("made.py", source)}
    assert source.replace("age < 5", "age >= 5") in found
    assert source.replace("age < 5", "age <= 5") in found
    assert source.replace("< 5", "< 6") in found
    assert source.replace(" and ", " or ") in found
    assert source.replace("> 0.5", "<= 0.5") in found
    assert source.replace("> 0.5", "> 0.625") in found
    assert source.replace("-x * 2", "x * 2") in found
    assert source.replace("* 2", "/ 2") in found
    assert source.replace("x + 1", "x - 1") in found
    assert source.replace("* 2", "* 3") in found
    assert source.replace("x + 1", "x + 2") in found
    assert len(found) == 11


def test_a_sample_is_a_lottery_and_a_module_can_be_chosen() -> None:
    one, same, other = (
        chosen_mutants([], everything=False, sample=20, seed=seed) for seed in (1, 1, 2)
    )
    assert one == same != other
    assert len(one) == 20
    of_iron = chosen_mutants(["body/iron"], everything=True, sample=None, seed=1)
    assert {mutant.module for mutant in of_iron} == {"body/iron.py"}
    assert len(of_iron) > 100
    with pytest.raises(SystemExit, match="no module nowhere"):
        chosen_mutants(["nowhere"], everything=False, sample=None, seed=1)


def test_survivors_and_what_only_stored_values_noticed_are_counted_apart(
    capsys: pytest.CaptureFixture[str],
) -> None:
    mutants = list(written_mutants())[:4]
    stages = (("plain", "test_a[1]"), ("compiled", "test_a[2]"), ("net", "test_b"), ("", ""))
    outcomes = [
        Outcome(mutant.name, stage, test, 1.0)
        for mutant, (stage, test) in zip(mutants, stages, strict=True)
    ]
    assert report(mutants, outcomes) == 1
    shown = capsys.readouterr().out
    assert "2  test_a\n" in shown
    assert "4 mutants: 3 caught (75.0 %), of them 2 by what rules mean and 1 only by" in shown
    assert mutants[3].name in shown
    assert report(mutants[:3], outcomes[:3]) == 0


def test_a_test_that_fails_without_a_wrong_rule_is_noticed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each test that noticed one is run once more; what ended otherwise names no test."""
    outcomes = [
        Outcome("a", "plain", "tests/test_a.py::test_a", 1.0),
        Outcome("b", "net", "tests/test_b.py (does not load)", 1.0),
        Outcome("c", "plain", "time (more than 150 s)", 1.0),
        Outcome("d", "compiled", "tests/test_d.py::test_d", 1.0),
        Outcome("e", "", "", 1.0),
    ]
    run: list[list[str]] = []
    answers = iter(("", "tests/test_a.py::test_a"))

    def run_plain(copy: Copy, tests: list[str], seconds: float) -> str:
        run.append(tests)
        return next(answers)

    monkeypatch.setitem(check_sound.__globals__, "run_plain", run_plain)
    copy = Copy(tmp_path)
    check_sound(outcomes, copy)
    assert run == [["tests/test_a.py::test_a", "tests/test_b.py"]]
    with pytest.raises(SystemExit, match="test_a fails although no rule is broken"):
        check_sound(outcomes, copy)


@pytest.mark.parametrize(
    "sample",
    [pytest.param(10, marks=pytest.mark.long), pytest.param(20, marks=pytest.mark.endurance)],
)
def test_a_sample_of_wrong_rules_is_noticed(sample: int) -> None:
    process = subprocess.run(
        [sys.executable, "-m", "tests.mutation", "--sample", str(sample), "--seed", "1", "--uncompiled",
         "--workers", "2"],
        cwd=CHECKOUT, capture_output=True, text=True, timeout=550, check=False,
    )  # fmt: skip
    assert process.returncode == 0, process.stdout + process.stderr
