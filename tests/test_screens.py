"""What a study prints when it has run: the reference, the trend, the arms, and the answer."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from conftest import Command, Study
from rich.cells import cell_len

from rlsabm.exposures.catalogue.condition import shipped_catalogue
from rlsabm.observe.groups import groups_of, labels_of
from rlsabm.printing import study as study_module
from rlsabm.printing import text
from rlsabm.printing.arms import print_moved
from rlsabm.results.arm_counts import Choice
from rlsabm.results.comparing import Comparison
from rlsabm.results.differences import DIFFERENCE
from rlsabm.results.sources import Source
from rlsabm.study.settings import read_scenario

LABELS = labels_of(groups_of(shipped_catalogue()))


def shown_of(folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """What is printed of a study that has finished."""
    capsys.readouterr()
    study_module.print_study(read_scenario(folder / "manifest.json", []), folder)
    return capsys.readouterr().out


def in_a_line(printed: str) -> str:
    """A text without the breaks of its lines."""
    return " ".join(printed.split())


def section(printed: str, title: str) -> list[str]:
    """Lines of the table below a title."""
    lines = printed.splitlines()
    [start] = [place for place, line in enumerate(lines) if line.startswith(title)]
    rule = next(place for place in range(start, len(lines)) if "───" in lines[place])
    end = next((p for p in range(rule, len(lines)) if not lines[p].strip()), len(lines))
    return lines[rule + 1 : end]


def adults(study: Study, **chosen: Any) -> pd.Series:
    """Prevalence of any RLS among adults, in per cent, by arm and year."""
    rows = study.factual("prevalence").query(
        "condition == 'everyone' and definition == 'any' and recall == 'current' "
        "and age_group != '0-17'"
    )
    sums = rows.groupby(["arm", "year", "draw"], observed=True)[["cases", "persons"]].sum()
    return 100 * sums.eval("cases / persons").groupby(["arm", "year"]).mean()


def test_the_answer(study: Study) -> None:
    said = in_a_line(study.outcome.out)
    answer = re.search(r"Among adults \(18 years and older\), ([\d.]+) % \(.*", said)
    assert answer
    shares = adults(study)
    assert float(answer[1]) == pytest.approx(shares["reference", 2019], abs=0.051)
    change = re.search(r"From 2010 to 2019 the prevalence of RLS changes by (\S+) percentage", said)
    assert change
    assert float(change[1]) == pytest.approx(
        shares["reference", 2019] - shares["reference", 2010], abs=0.51
    )
    assert "Of 2 arms, “no donation” changes the prevalence of RLS most clearly, by -" in said
    assert "causes the largest shift: " in said or "causes a shift whose interval" in said
    assert "Intervals show chance only." in said  # of two draws


def test_arms_are_shown_by_how_they_differ(study: Study) -> None:
    printed = study.outcome.out
    shares = adults(study)
    rows = section(printed, "Prevalence of RLS by arm, 18 years and older, 2019")
    rows = [row for row in rows if not row.strip().startswith("(")]  # intervals below their values
    assert [re.split(r"  +", row.strip())[0] for row in rows] == [
        "reference", "nothing changed", "no donation",
    ]  # fmt: skip
    difference = float(re.split(r"  +", rows[2].strip())[2].split(" ")[0])
    wanted = shares["no donation", 2019] - shares["reference", 2019]
    assert difference == pytest.approx(wanted, abs=0.051)
    assert re.split(r"  +", rows[1].strip())[2].startswith("0.00")
    said = in_a_line(printed)
    assert re.search(
        r"Arm nothing changed against the reference: prevalence .* no group differs", said
    )
    assert "In reference only: blood donation, iron-deficient blood donors." in said
    assert "All groups of all arms: rlsabm compare outputs/small" in said
    assert printed.count("blood donation") < 20  # not every condition of every arm


def compared(*rows: tuple[str, int, float]) -> Comparison:
    """A comparison of an arm: condition, persons and difference of each row."""
    reference = Source(Path("outputs/s"), "reference", "1", "")
    about = dict.fromkeys(DIFFERENCE, 0) | {"standard_error": 0.01, "interval_from": "draws"}
    prevalence = [
        about | {
            "condition": name, "persons_a": persons, "persons_b": persons, "difference": difference,
            "value_b": difference, "lower": difference - 0.02, "upper": difference + 0.02,
        }
        for name, persons, difference in rows
    ]  # fmt: skip
    return Comparison(
        reference, reference._replace(arm="b"), Choice(year=2019), "all ages",
        pd.DataFrame(prevalence, columns=["condition", *DIFFERENCE]), pd.DataFrame(),
        ["about the runs"], ["gone"], [], {}, True, 5,
    )  # fmt: skip


def test_the_first_rows_of_an_arm(capsys: pytest.CaptureFixture[str]) -> None:
    """The rest is counted: what moved less clearly, did not move, or is of few people."""
    moved = [(f"number_{number}", 1_000, 0.1) for number in range(11)]
    comparison = compared(
        ("everyone", 5_000, 0.1), ("few_people", 99, 0.9), *moved, ("still", 1_000, 0.0)
    )
    print_moved([comparison], Path("outputs/my s"))
    printed = capsys.readouterr().out
    rows = section(printed, "Arm b against the reference: prevalence")
    names = [re.split(r"  +", row.strip())[0] for row in rows if "to" in row]
    assert names == ["everyone", *(f"number {number}" for number in range(9))]
    assert in_a_line(printed).endswith(
        "Most clearly moved first; 2 more groups moved less clearly, 1 group does not differ, 1 group "
        "with fewer than 20 persons per draw not shown. In reference only: gone. Note: about the runs. "
        "All groups of all arms: rlsabm compare 'outputs/my s'"
    )


def test_the_trend(study: Study) -> None:
    rows = section(study.outcome.out, "Prevalence of RLS by survey year, 18 years and older")
    assert [row.strip() for row in rows if not re.search(r"\d", row)] == [
        "reference", "nothing changed", "no donation",
    ]  # fmt: skip
    shares = adults(study)
    arm = ""
    for row in rows:
        cells = re.split(r"  +", row.strip())
        if len(cells) == 1:
            arm = cells[0]
        elif cells[0].isdigit():
            value = float(cells[1].split(" ")[0])
            assert value == pytest.approx(shares[arm, int(cells[0])], abs=0.051)
        else:
            assert cells[0] == "change 2010–2019"
            change = shares[arm, 2019] - shares[arm, 2010]
            assert float(cells[1].split(" ")[0]) == pytest.approx(change, abs=0.51)


def test_labels_are_in_the_tables(study: Study) -> None:
    labels = study.table("prevalence").attrs["labels"]
    assert labels["condition"] == LABELS
    assert labels["definition"]["significant"] == "clinically significant"
    assert "labels" in study.table("shifts").attrs
    assert set(study.table("prevalence")["condition"]) <= set(LABELS)  # keys stay names


def test_labels_tell_groups_apart(rlsabm_command: Command, workplace: Path) -> None:
    """A label that two groups have is shown with their names."""
    (workplace / "asked.yaml").write_text(
        "title: t\npopulation: {size: 300}\nconditions:\n"
        "  mine: {label: obesity, ages: [0, 100], prevalence: [0.5, 0.5], source: none}\n"
        "  yours: {label: Something else, ages: [0, 100], prevalence: [0.5, 0.5], source: none}\n"
    )
    outcome = rlsabm_command("run", "asked.yaml")
    assert outcome.code == 0, outcome.err
    for shown in ("obesity (mine)", "obesity (obesity)", "Something else"):
        assert shown in outcome.out
    assert "yours" not in outcome.out


@pytest.mark.parametrize("group", groups_of(shipped_catalogue()), ids=lambda group: group.name)
def test_every_group_has_a_label(group: Any) -> None:
    assert group.label
    assert "_" not in group.label
    assert cell_len(group.label) <= 50


def test_many_draws_show_both_kinds_of_uncertainty(
    rlsabm_command: Command, workplace: Path
) -> None:
    (workplace / "asked.yaml").write_text(
        "title: t\npopulation: {size: 400}\narms: {a: {conditions.pregnancy.enabled: false}}\n"
        "runs: {draws: 5}\n"
    )
    outcome = rlsabm_command("run", "asked.yaml", "--workers", "1")
    assert outcome.code == 0
    assert "chance only" not in outcome.out
    assert "5 draws of the parameters: intervals show both chance and the uncertainty" in in_a_line(
        outcome.out
    )
    rows = section(outcome.out, "Prevalence of RLS by arm")
    assert re.search(r"a +\d.* [+-]?\d+\.?\d* \(.* to .*\)", rows[1])


def test_a_study_of_one_run(rlsabm_command: Command, workplace: Path, done: Path) -> None:
    outcome = rlsabm_command("run", "asked.yaml")
    assert "The run had finished before." in outcome.out
    said = in_a_line(outcome.out)
    assert "1 draw of the parameters: intervals show chance only" in said
    assert "runs: {draws: 20} gives both" in said
    assert "1 runs" not in said
    again = rlsabm_command("run", "asked.yaml", "--replace").out
    assert "1 run, in " in again


def test_narrow_terminals(
    study: Study, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for columns in (40, 60, 80, 100):
        monkeypatch.setattr(text.out, "width", columns)
        lines = shown_of(study.folder, capsys).splitlines()
        assert max(cell_len(line) for line in lines if "rlsabm compare" not in line) <= columns
