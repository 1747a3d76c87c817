"""Comparing two studies or two arms: the arithmetic on counts made by hand, and the command."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import Command, Outcome, Study
from observed_tools import vocabulary
from rich.cells import cell_len
from scipy import stats
from study_tools import as_if_written, made_manifest

from rlsabm.errors import UserError
from rlsabm.printing import text
from rlsabm.results.arm_counts import Choice
from rlsabm.results.arrow import to_arrow
from rlsabm.results.comparing import (
    ONE_PAIRED_RUN,
    OTHER_PEOPLE,
    Comparison,
    compare,
    compare_each,
)
from rlsabm.results.files import table_bytes
from rlsabm.results.intervals import Z_95, t_quantile
from rlsabm.results.sources import find_pairs, find_study
from rlsabm.results.tables import TABLES
from rlsabm.results.tables.contrasts import CONTRAST_COUNTS
from rlsabm.results.totals import TOTAL_OF

#: Cases and persons by draw and replicate.
Runs = Mapping[tuple[int, int], tuple[int, int]]
#: Runs by condition.
Arm = Mapping[str, Runs]

FOUR: Runs = {(0, 0): (90, 1000), (0, 1): (110, 1000), (0, 2): (95, 1000), (0, 3): (105, 1000)}
FEWER: Runs = {(0, 0): (80, 1000), (0, 1): (104, 1000), (0, 2): (84, 1000), (0, 3): (100, 1000)}
KEYS = ("arm", "year", "definition", "recall", "observed_as", "draw", "replicate", "condition")


def ordered(rows: Sequence[Mapping[str, Any]], column: str) -> list[str]:
    return [str(word) for word in dict.fromkeys(row[column] for row in rows)]


def write(
    name: str, rows: Sequence[Mapping[str, Any]], folder: Path, strata: Sequence[str]
) -> None:
    """Write rows as a table of a study."""
    words = vocabulary(strata=strata)
    columns = [
        replace(c, words=ordered(rows, c.name)) if c.type == "category" else c
        for c in TABLES[name].columns_in(words)
    ]
    declared = replace(TABLES[name], columns=tuple(columns))
    table = to_arrow(declared, {c.name: [row[c.name] for row in rows] for c in columns}, words)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.parquet").write_bytes(table_bytes(table))


def made(
    folder: Path,
    arms: Mapping[str, Arm],
    *,
    year: int = 2019,
    seed: int = 1,
    ages: Sequence[str] = (),
    drawn: Mapping[str, Mapping[int, float]] | None = None,
    shifts: Mapping[str, Mapping[tuple[int, int], tuple[int, int, int, int]]] | None = None,
    country: str = "denmark",
    title: str = "made by hand",
) -> Path:
    """Write a study by hand.

    Every age group has the given counts.  ``drawn`` has values of parameters by draw; ``shifts`` has
    persons, cases, cases without blood donation and cases with and without, by arm and run.
    """
    about = {
        "world": "factual", "year": year, "sex": "female", "parity": "0", "definition": "any",
        "recall": "current", "observed_as": "truth",
    }  # fmt: skip
    prevalence = [
        {
            **about, "arm": arm, "condition": condition, "draw": draw, "replicate": replicate,
            "age_group": age, "cases": cases, "persons": persons, "prevalence": 0.0,
        }
        for arm, conditions in arms.items()
        for condition, runs in conditions.items()
        for (draw, replicate), (cases, persons) in runs.items()
        for age in ages or [""]
    ]  # fmt: skip
    units = list(dict.fromkeys((row["arm"], row["draw"], row["replicate"]) for row in prevalence))
    runs = [
        {
            "arm": arm, "draw": draw, "replicate": replicate, "block": 0,
            "key": f"{seed:08x}{replicate:08x}", "status": "finished", "attempts": 1, "error": "",
            "traceback": "", "worker": "", "started": "", "seconds": 1.0, "person_months": 1,
            "people_grown": 1, "people_surveyed": 1, "rows": 1, "merged": True, "line_lists": "",
        }
        for arm, draw, replicate in units
    ]  # fmt: skip
    draws = [
        {"arm": arm, "draw": draw, "parameter": name, "value": values.get(draw, 1.0)}
        for arm, draw in dict.fromkeys((arm, draw) for arm, draw, _ in units)
        for name, values in (drawn or {"deficit_effect": {}}).items()
    ]
    write("prevalence", prevalence, folder, ["age_group"] if ages else [])
    write("runs", runs, folder, [])
    write("draws", draws, folder, [])
    if shifts:
        contrasts = [
            {
                **dict.fromkeys(CONTRAST_COUNTS, 0.0), **about, **TOTAL_OF, "arm": arm, "draw": draw,
                "world": "without blood donation", "condition": "blood_donation",
                "replicate": replicate, "persons": counts[0], "cases": counts[1],
                "cases_without": counts[2], "cases_with_and_without": counts[3],
            }
            for arm, of_runs in shifts.items()
            for (draw, replicate), counts in of_runs.items()
        ]  # fmt: skip
        # Another margin, and a condition whose cause was not followed, which must not be counted.
        contrasts += [{**row, "sex": "female"} for row in contrasts]
        contrasts += [
            {**row, "condition": "obesity", "cases_without": math.nan, "sex": "all"}
            for row in contrasts[: len(contrasts) // 2]
        ]
        write("contrasts", contrasts, folder, ["sex"])
        (folder / "shifts.parquet").touch()
    population = {"country": country, "size": 500}
    (folder / "manifest.json").write_text(
        made_manifest(folder, title=title, population=population, years=[year], seed=seed)
    )
    return folder


def compared(first: Path | str, second: Path | str | None = None, **choice: Any) -> Comparison:
    """The comparison of two arms."""
    [pair] = find_pairs(str(first), None if second is None else str(second))
    return compare(*pair, Choice(**choice))


def row_of(comparison: Comparison, condition: str = "everyone") -> Any:
    """The row of a condition in the table of prevalence."""
    rows = comparison.prevalence
    [row] = rows[rows["condition"] == condition].itertuples()
    return row


def refused(outcome: Outcome, *words: str) -> None:
    """Exit code 2, one line on standard error and nothing else."""
    assert outcome.code == 2, outcome
    assert outcome.out == ""
    assert outcome.err.startswith("error: ")
    assert len(outcome.err.splitlines()) == 1, outcome.err
    for word in words:
        assert word in outcome.err


# Intervals ----------------------------------------------------------------------------------------


def test_quantile_of_t() -> None:
    for degrees in [*range(1, 200), 1_000, 100_000]:
        assert t_quantile(degrees) == pytest.approx(stats.t.ppf(0.975, degrees), rel=2e-4)


def test_pairs(tmp_path: Path) -> None:
    folder = made(tmp_path / "s", {"reference": {"everyone": FOUR}, "fewer": {"everyone": FEWER}})
    row = row_of(compared(folder))
    differences = np.array([(FEWER[run][0] - FOUR[run][0]) / 1000 for run in FOUR])
    wanted = stats.ttest_1samp(differences, 0.0)
    low, high = wanted.confidence_interval(0.95)
    assert (row.cases_a, row.persons_a, row.cases_b, row.persons_b) == (400, 4000, 368, 4000)
    assert row.difference == pytest.approx(differences.mean())
    assert row.difference == pytest.approx(row.value_b - row.value_a)
    assert row.standard_error == pytest.approx(differences.std(ddof=1) / 2)
    assert (row.lower, row.upper) == (
        pytest.approx(low, rel=1e-4),
        pytest.approx(high, rel=1e-4),
    )
    assert row.paired_runs == 4
    assert -0.02 < row.lower < row.upper < 0.0


def test_replicates_of_unequal_size_add_their_counts(tmp_path: Path) -> None:
    a: Runs = {(0, 0): (10, 100), (0, 1): (10, 50), (0, 2): (30, 150)}
    b: Runs = {(0, 0): (12, 100), (0, 1): (14, 70), (0, 2): (31, 150)}
    folder = made(tmp_path / "s", {"reference": {"everyone": a}, "b": {"everyone": b}})
    row = row_of(compared(folder))
    assert (row.value_a, row.value_b) == (pytest.approx(50 / 300), pytest.approx(57 / 320))
    moved = [
        (b[run][0] - 57 / 320 * b[run][1]) / (320 / 3)
        - (a[run][0] - 50 / 300 * a[run][1]) / (300 / 3)
        for run in a
    ]
    assert row.standard_error == pytest.approx(np.std(moved, ddof=1) / math.sqrt(3))


def test_draws_count_equally(tmp_path: Path) -> None:
    a: Runs = {
        (1, 0): (10, 100),
        (2, 0): (10, 50),
        (3, 0): (30, 300),
        (4, 0): (1, 10),
        (5, 0): (1, 10),
    }
    b: Runs = {
        (1, 0): (12, 100),
        (2, 0): (14, 70),
        (3, 0): (31, 310),
        (4, 0): (2, 10),
        (5, 0): (1, 10),
    }
    folder = made(tmp_path / "s", {"reference": {"everyone": a}, "b": {"everyone": b}})
    comparison = compared(folder)
    row = row_of(comparison)
    differences = np.array([b[run][0] / b[run][1] - a[run][0] / a[run][1] for run in a])
    assert row.value_a == pytest.approx((0.1 + 0.2 + 0.1 + 0.1 + 0.1) / 5)
    assert row.difference == pytest.approx(differences.mean())
    # The uncertainty of the parameters does not become less with more draws.
    assert row.standard_error == pytest.approx(differences.std(ddof=1))
    assert row.upper - row.difference == pytest.approx(t_quantile(4) * row.standard_error)
    assert (row.interval_from, row.paired_runs) == ("draws", 5)
    assert "uncertainty of the parameters" in comparison.notes[0]


def test_replicates_tell_chance_from_the_uncertainty_of_parameters(tmp_path: Path) -> None:
    """The spread between draws is of both; replicates say how much of it is chance."""
    none: Runs = {(draw, replicate): (0, 100) for draw in range(1, 6) for replicate in (0, 1)}
    apart: Runs = {run: (10 + 4 * run[1] - 2, 100) for run in none}  # by chance only
    folder = made(tmp_path / "s", {"reference": {"everyone": none}, "b": {"everyone": apart}})
    row = row_of(compared(folder))
    between_replicates = 2 * 0.02**2
    assert row.interval_from == "draws"
    assert row.standard_error == pytest.approx(math.sqrt(between_replicates / 10))


def test_replicates_of_few_draws_show_chance_only(tmp_path: Path) -> None:
    a: Runs = {(draw, replicate): (5 * draw, 50) for draw in (1, 2) for replicate in (0, 1)}
    b: Runs = {(1, 0): (6, 50), (1, 1): (8, 50), (2, 0): (21, 50), (2, 1): (19, 50)}
    folder = made(tmp_path / "s", {"reference": {"everyone": a}, "b": {"everyone": b}})
    comparison = compared(folder)
    row = row_of(comparison)
    assert (row.paired_runs, row.interval_from) == (4, "replicates")
    assert row.difference == pytest.approx((2 + 10) / 2 / 50)
    # Replicates differ by 2 people of 50 in both draws: a variance of 2 within each.
    assert row.standard_error == pytest.approx(math.sqrt(2 / 50**2 / 4))
    assert row.upper - row.difference == pytest.approx(t_quantile(2) * row.standard_error)
    assert "chance only" in comparison.notes[0]
    assert "runs: {draws: 20}" in comparison.notes[0]


def test_few_draws_without_replicates_have_no_interval_on_screens(
    tmp_path: Path, rlsabm_command: Command, workplace: Path
) -> None:
    a: Runs = {(draw, 0): (50, 1000) for draw in (1, 2, 3, 4)}
    b: Runs = {(draw, 0): (50 - draw, 1000) for draw in (1, 2, 3, 4)}
    folder = made(tmp_path / "s", {"reference": {"everyone": a}, "b": {"everyone": b}})
    assert row_of(compared(folder)).interval_from == "counts"
    outcome = rlsabm_command("compare", str(folder))
    assert re.search(r"everyone +4,000 +4,000 +5\.\d* +4\.\d* +-0\.25\n", outcome.out)
    assert "95 %" not in outcome.out
    assert "too few to tell how sure the differences are" in outcome.out.replace("\n", " ")


def test_runs_that_are_enough_are_not_called_too_few(tmp_path: Path) -> None:
    """Where no person has moved, the spread between runs says nothing, but there are enough of them."""
    arms: dict[str, Arm] = {"reference": {"everyone": FOUR}, "same": {"everyone": FOUR}}
    notes = compared(made(tmp_path / "s", arms)).notes
    assert any("intervals show chance only" in note for note in notes)
    assert not any("too few" in note for note in notes)


def test_an_arm_that_changes_who_belongs_to_a_group(tmp_path: Path) -> None:
    fewer: Runs = {run: (cases, 900) for run, (cases, _) in FOUR.items()}
    arms: dict[str, Arm] = {"reference": {"everyone": FOUR}, "same": {"everyone": FEWER}}
    assert OTHER_PEOPLE not in compared(made(tmp_path / "s", arms)).notes
    arms["same"] = {"everyone": fewer}
    assert OTHER_PEOPLE in compared(made(tmp_path / "t", arms)).notes


def test_other_seeds_are_not_paired(tmp_path: Path) -> None:
    a = made(tmp_path / "a", {"reference": {"everyone": FOUR}}, seed=1)
    b = made(tmp_path / "b", {"reference": {"everyone": FEWER}}, seed=2)
    comparison = compared(a, b)
    row = row_of(comparison)
    assert row.paired_runs == 0
    assert row.difference == pytest.approx(-0.008)
    error = math.sqrt(0.1 * 0.9 / 4000 + 0.092 * 0.908 / 4000)
    assert row.standard_error == pytest.approx(error, rel=0.002)
    assert row.upper - row.difference == pytest.approx(1.96 * row.standard_error, rel=2e-3)
    assert "other seeds" in comparison.notes[0]


def test_one_run_says_that_its_interval_is_too_wide(tmp_path: Path) -> None:
    one: Runs = {(0, 0): (90, 1000)}
    folder = made(tmp_path / "s", {"reference": {"everyone": one}, "same": {"everyone": one}})
    comparison = compared(folder)
    row = row_of(comparison)
    assert (row.difference, row.paired_runs) == (0.0, 0)
    assert row.standard_error == pytest.approx(math.sqrt(2 * 0.09 * 0.91 / 1000), rel=0.02)
    assert comparison.notes == [ONE_PAIRED_RUN]


def test_only_runs_that_both_have_are_paired(tmp_path: Path) -> None:
    two: Runs = {run: FEWER[run] for run in ((0, 1), (0, 2))}
    a = made(tmp_path / "a", {"reference": {"everyone": FOUR}})
    b = made(tmp_path / "b", {"reference": {"everyone": two}})
    comparison = compared(a, b)
    row = row_of(comparison)
    assert (row.persons_a, row.cases_a, row.persons_b, row.cases_b) == (2000, 205, 2000, 188)
    assert row.difference == pytest.approx((188 - 205) / 2000)
    assert (row.paired_runs, row.interval_from) == (0, "counts")  # two are too few
    assert any("2 of 4 runs of A are paired" in note for note in comparison.notes)


def test_draws_pair_where_the_same_parameters_were_drawn(tmp_path: Path) -> None:
    draws = range(1, 8)
    runs: Runs = {(draw, 0): (10 * draw, 1000) for draw in draws}
    drawn = {
        name: {draw: by * draw for draw in draws}
        for name, by in (("half_life", 0.2), ("effect", 1.0))
    }
    a = made(tmp_path / "a", {"reference": {"everyone": runs}}, drawn=drawn)

    def pairs_with(name: str, **changes: Mapping[int, float]) -> int:
        b = made(tmp_path / name, {"reference": {"everyone": runs}}, drawn={**drawn, **changes})
        return int(row_of(compared(a, b)).paired_runs)

    assert pairs_with("same") == 7
    assert pairs_with("set by the scenario", effect=dict.fromkeys(draws, 7.0)) == 7
    assert pairs_with("one draw is another", effect={**drawn["effect"], 2: 2.5}) == 6
    assert pairs_with("another prior", effect={draw: draw + 0.5 for draw in draws}) == 0


def test_other_populations_are_not_paired(tmp_path: Path) -> None:
    arms = {"reference": {"everyone": FOUR}}
    a = made(tmp_path / "a", arms)
    b = made(tmp_path / "b", arms, country="germany")
    c = made(tmp_path / "c", arms, country="germany", title="other")
    comparison = compared(a, b)
    assert row_of(comparison).paired_runs == 0
    assert "other populations" in comparison.notes[0]
    assert row_of(compared(b, c)).paired_runs == 4


def test_a_condition_in_too_few_runs_is_reckoned_from_counts(tmp_path: Path) -> None:
    rare: Runs = {(0, 0): (1, 4)}
    arm: Arm = {"everyone": FOUR, "dialysis": rare}
    comparison = compared(made(tmp_path / "s", {"reference": arm, "b": arm}))
    row = row_of(comparison, "dialysis")
    assert (row.paired_runs, row.difference, row.persons_a) == (0, 0.0, 4)
    assert -1.0 <= row.lower < -0.3
    assert 0.3 < row.upper <= 1.0
    assert row_of(comparison).paired_runs == 4
    assert any("too few runs hold such people" in note for note in comparison.notes)


# Who is compared ----------------------------------------------------------------------------------


def test_adults(tmp_path: Path) -> None:
    arms: dict[str, Arm] = {"reference": {"everyone": FOUR}, "b": {"everyone": FEWER}}
    comparison = compared(made(tmp_path / "a", arms, ages=["0-17", "18-49", "50+"]))
    assert comparison.who == "18 years and older"
    assert row_of(comparison).persons_a == 8000
    comparison = compared(made(tmp_path / "b", arms))
    assert comparison.who == "all ages"
    assert row_of(comparison).persons_a == 4000


def test_ages_that_differ(tmp_path: Path) -> None:
    def study(name: str, *ages: str) -> Path:
        return made(tmp_path / name, {"reference": {"everyone": FOUR}}, ages=ages)

    a = study("a", "0-17", "18-39", "40+")
    comparison = compared(a, study("b", "0-39", "40+"))
    assert comparison.who == "40 years and older"
    assert row_of(comparison).persons_a == row_of(comparison).persons_b == 4000
    for other in (study("c", "0-49", "50+"), study("d", "0+"), study("e")):
        with pytest.raises(UserError, match="adult age"):
            compared(a, other)
    assert compared(tmp_path / "d", tmp_path / "e").who == "all ages"


def test_a_condition_without_adults_has_dashes(
    tmp_path: Path, rlsabm_command: Command, workplace: Path
) -> None:
    arms: dict[str, Arm] = {"reference": {"everyone": FOUR}, "b": {"everyone": FOUR}}
    folder = made(tmp_path / "s", arms, ages=["0-17", "18+"])
    path = folder / "prevalence.parquet"
    rows = pd.read_parquet(path)
    young = rows[rows["age_group"] == "0-17"].assign(condition="growing_fast")
    both = pd.concat([rows.astype({"condition": str}), young])
    both.assign(condition=pd.Categorical(both["condition"])).to_parquet(path)
    as_if_written(folder)
    row = row_of(compared(folder), "growing_fast")
    assert row.persons_a == 0
    assert math.isnan(row.value_a)
    outcome = rlsabm_command("compare", str(folder))
    assert outcome.code == 0
    assert re.search(r"growing fast +0 +0 +- +- +-", outcome.out)
    records = json.loads(rlsabm_command("compare", str(folder), "--json").out)
    [record] = [row for row in records if row["condition"] == "growing_fast"]
    assert record["difference"] is None


def test_conditions_of_one_side_are_named(tmp_path: Path) -> None:
    arms: dict[str, Arm] = {
        "reference": {"everyone": FOUR, "blood_donation": FEWER},
        "no donation": {"everyone": FOUR},
    }
    comparison = compared(made(tmp_path / "s", arms))
    assert list(comparison.prevalence["condition"]) == ["everyone"]
    assert "in A only: blood donation" in comparison.notes


def test_an_arm_without_the_group_is_left_out_and_said(tmp_path: Path) -> None:
    arms: dict[str, Arm] = {
        "reference": {"everyone": FOUR, "blood_donation": FEWER},
        "no donation": {"everyone": FOUR},
        "later": {"everyone": FOUR, "blood_donation": FOUR},
    }
    folder = made(tmp_path / "s", arms)
    choice = Choice(conditions=("blood_donation",), by=("year",))
    [found] = compare_each(find_pairs(str(folder), None), choice)
    assert (found.b.arm, row_of(found, "blood_donation").persons_b) == ("later", 4000)
    [note] = [note for note in found.notes if note.startswith("left out: ")]
    assert f"{folder}:no donation" in note
    with pytest.raises(UserError, match="no group in common"):
        compare_each(find_pairs(f"{folder}:no donation", None), choice)


def test_few_people_stand_last_and_it_is_said(tmp_path: Path) -> None:
    few: Runs = {run: (cases % 4, 4) for run, (cases, _) in FOUR.items()}
    none: Runs = dict.fromkeys(FOUR, (0, 4))
    arms: dict[str, Arm] = {
        "reference": {"everyone": FOUR, "dialysis": few, "obesity": FOUR},
        "b": {"everyone": FOUR, "dialysis": none, "obesity": FEWER},
    }
    comparison = compared(made(tmp_path / "s", arms))
    assert list(comparison.prevalence["condition"]) == ["everyone", "obesity", "dialysis"]
    last = "rows with fewer than 20 persons per draw in A or B say little, and stand last"
    assert last in comparison.notes
    for arm in arms.values():
        del arm["dialysis"]
    assert last not in compared(made(tmp_path / "t", arms)).notes


def test_draws_that_one_arm_empties_are_left_out_and_said(tmp_path: Path) -> None:
    draws: Runs = {(draw, 0): (10 + draw, 100) for draw in range(1, 8)}
    fewer: Runs = {run: (cases - 2, persons) for run, (cases, persons) in draws.items()}
    fewer[2, 0] = (0, 0)
    arms: dict[str, Arm] = {
        "reference": {"everyone": draws, "dialysis": draws},
        "b": {"everyone": draws, "dialysis": {run: of for run, of in fewer.items() if of[1]}},
    }
    comparison = compared(made(tmp_path / "s", arms))
    row = row_of(comparison, "dialysis")
    assert (row.persons_a, row.paired_runs, row.draws_left_out) == (600, 6, 1)
    assert row_of(comparison).draws_left_out == 0
    assert (
        "draws in which only one of the two has such people are left out of a row: up to 1 of 7 draws"
        in comparison.notes
    )


# Caused shifts ------------------------------------------------------------------------------------


def shifted(folder: Path, runs: int, **more: Any) -> Path:
    """A study whose arm halves what blood donation causes."""
    units = [(0, replicate) for replicate in range(runs)]
    arm: Arm = {"blood_donation": dict.fromkeys(units, (20, 200))}
    shifts = {
        "reference": {unit: (200, 30 + unit[1], 20, 19) for unit in units},
        "b": dict.fromkeys(units, (200, 25, 20, 19)),
    }
    return made(folder, {"reference": arm, "b": arm}, shifts=shifts, **more)


def test_caused_shifts_of_pairs(tmp_path: Path) -> None:
    [row] = compared(shifted(tmp_path / "s", runs=3)).shifts.itertuples()
    assert row.condition == "blood_donation"
    assert (row.persons_a, row.cases_a) == (600, 93)
    assert (row.value_a, row.value_b) == (pytest.approx(11 / 200), pytest.approx(5 / 200))
    assert row.difference == pytest.approx(-6 / 200)
    # Of 600 people 18 moved at least; three runs that happen to agree do not tell more.
    assert row.standard_error == pytest.approx(math.sqrt(18 + 2) / 604)
    assert row.upper - row.difference == pytest.approx(Z_95 * row.standard_error)
    assert row.paired_runs == 3


def test_caused_shifts_from_counts(tmp_path: Path) -> None:
    [row] = compared(shifted(tmp_path / "s", runs=1)).shifts.itertuples()
    # With and without: 11 and 1 of 200 people differ; 6 and 1 in the other arm; one more of each kind.
    wanted = 14 / 204 - (10 / 204) ** 2, 9 / 204 - (5 / 204) ** 2
    assert row.difference == pytest.approx(-5 / 200)
    assert row.standard_error == pytest.approx(math.sqrt(sum(wanted) / 204))
    assert row.paired_runs == 0


def test_caused_shifts_only_where_both_have_them(tmp_path: Path) -> None:
    a = shifted(tmp_path / "a", runs=2)
    b = made(tmp_path / "b", {"reference": {"blood_donation": {(0, 0): (20, 200)}}})
    assert compared(a, b).shifts.empty
    assert not compared(a).shifts.empty


def test_caused_shifts_are_those_of_the_table_of_shifts(
    rlsabm_command: Command, workplace: Path
) -> None:
    (workplace / "asked.yaml").write_text(
        "title: t\npopulation: {size: 1_000}\nruns: {replicates: 2}\n"
        "shifts: {conditions: [pregnancy]}\n"
        "arms:\n  supplements:\n    conditions.pregnancy.supplements: "
        "{uptake: 1.0, milligrams_per_day: 60, from_month: 3}\n"
    )
    assert rlsabm_command("run", "asked.yaml", "--workers", "1").code == 0
    outcome = rlsabm_command("compare", "asked")
    assert "Shift caused by the condition" in outcome.out
    rows = json.loads(rlsabm_command("compare", "asked", "--json").out)
    found = {row["condition"]: row for row in rows if row["quantity"] == "caused_shift"}
    assert "pregnancy" in found
    shifts = pd.read_parquet("outputs/asked/shifts.parquet").query(
        "estimate == 'caused_shift' and definition == 'any' and recall == 'current' "
        "and sex == 'all' and age_group == 'all adults' and parity == 'all'"
    )
    values = {(row.arm, row.condition): row.value for row in shifts.itertuples()}
    for condition, row in found.items():
        assert row["value_a"] == pytest.approx(values["reference", condition])
        assert row["value_b"] == pytest.approx(values["supplements", condition])


# The command --------------------------------------------------------------------------------------


@pytest.fixture
def here(workplace: Path, study: Study) -> Path:
    """A folder to work in, with the small study among the outputs."""
    (workplace / "outputs").mkdir()
    (workplace / "outputs" / "small").symlink_to(study.folder)
    return workplace


def test_every_arm_with_the_reference(rlsabm_command: Command, here: Path, study: Study) -> None:
    outcome = rlsabm_command("compare", "outputs/small")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.count("A: outputs/small, arm reference") == 2
    assert "B: outputs/small, arm nothing changed" in outcome.out
    assert "in A only: blood donation" in outcome.out
    assert max(map(len, outcome.out.splitlines())) <= 100
    assert "…" not in outcome.out
    assert rlsabm_command("compare", "small").out == outcome.out

    rows = json.loads(rlsabm_command("compare", "small", "--json").out)
    paired = [row for row in rows if row["b"].endswith("nothing changed") and row["paired_runs"]]
    assert len(paired) > 20
    for row in paired:
        assert row["difference"] == 0.0
        # Nobody was moved, among so many: whoever might be leaves no certainty.
        assert (
            row["upper"] == -row["lower"] == pytest.approx(1.96 * row["standard_error"], rel=1e-3)
        )
        assert row["upper"] > 0.0

    [everyone] = [
        row for row in rows if row["b"].endswith("no donation") and row["condition"] == "everyone"
    ]
    prevalence = study.table("prevalence").query(
        "condition == 'everyone' and year == 2019 and definition == 'any' and recall == 'current' "
        "and observed_as == 'truth' and world == 'factual' and age_group != '0-17'"
    )
    sums = prevalence.groupby(["arm", "draw", "replicate"], observed=True)[["cases", "persons"]]
    share = sums.sum().eval("cases / persons")
    differences = share["no donation"] - share["reference"]
    assert everyone["difference"] == pytest.approx(differences.mean(), abs=1e-5)
    within = differences - differences.groupby("draw").transform("mean")
    chance = math.sqrt((within**2).sum() / 2) / 2  # of four runs, two degrees of freedom
    # Runs happen to agree on the few who were moved: no more certain than so few people make it.
    persons = sums.sum()["persons"].loc["reference"].sum()
    least = math.sqrt(abs(everyone["difference"]) * persons + 2.0) / (persons + 4.0)
    assert chance < least
    assert everyone["standard_error"] == pytest.approx(least, rel=1e-3)
    assert everyone["interval_from"] == "replicates"
    assert everyone["paired_runs"] == 4
    assert everyone["year"] == 2019


def test_two_arms(rlsabm_command: Command, here: Path) -> None:
    there = rlsabm_command("compare", "small:no donation", "small", "--json")
    back = rlsabm_command("compare", "small", "outputs/small:no donation", "--json")
    assert there.code == back.code == 0
    for one, other in zip(json.loads(there.out), json.loads(back.out), strict=True):
        if one["difference"] is None:  # nobody of this group in one of the arms
            assert other["difference"] is None
            continue
        assert one["difference"] == pytest.approx(-other["difference"])
        assert one["lower"] == pytest.approx(-other["upper"])
    assert rlsabm_command("compare", "small:no donation", "--json").out == back.out


def test_options(rlsabm_command: Command, here: Path) -> None:
    words = ["--definition", "weekly", "--recall", "past_year", "--year", "2010", "--as", "true"]
    outcome = rlsabm_command("compare", "small", *words)
    assert outcome.code == 0
    title = "Prevalence of at least weekly RLS in the last 12 months, 18 years and older, 2010"
    assert title in " ".join(outcome.out.split())


@pytest.mark.parametrize(
    ("words", "near"),
    [
        (["outputs"], ["outputs: holds no study"]),
        (["smal"], ["smal: no such folder", "did you mean 'outputs/small'?"]),
        (["outputs/smal:no donation"], ["outputs/smal: no such folder", "'outputs/small'?"]),
        (["file"], ["file: is a file"]),
        (["small", "small:no donatoin"], ["'no donatoin'", "did you mean 'no donation'?"]),
        (["small:qqq"], ["'qqq'", "expected one of reference, nothing changed, no donation"]),
        (["small:"], ["no arm ''"]),
        (["small", "outputs/small"], ["with itself"]),
        (["small:reference"], ["with itself"]),
        (["small", "small:reference"], ["with itself"]),
        (["small:no donation", "again:no donation"], ["with itself"]),
        (["small", "--year", "2011"], ["2011", "2010, 2018, 2019"]),
        (["small", "--year", "soon"], ["--year"]),
        (["small", "--definition", "weakly"], ["definition", "did you mean 'weekly'?"]),
        (["small", "--recall", "ever"], ["recall", "current, past_year"]),
        (["small", "--as", "nobody"], ["instrument", "'nobody'", "truth"]),
        (["small", "--by", "sexx"], ["no stratum 'sexx'", "did you mean 'sex'?"]),
        (["small", "--by", "bmi"], ["no stratum 'bmi'", "sex, age_group, parity, condition, year"]),
        (["small", "--by", ""], ["no stratum ''"]),
        (["small", "--by", "sex,,parity"], ["no stratum ''"]),
        (["small", "--by", "sex,sex"], ["sex,sex", "twice"]),
        (["sick:b", "--by", "age_group"], ["by no stratum, not by age_group", "by: [age_group]"]),
        (["small", "--condition", "dialisis"], ["'dialisis'", "did you mean 'dialysis'?"]),
        (["other", "small"], ["no year in common", "other:reference has 1999", "2018"]),
        (["other"], ["other: has one arm only"]),
        (["old", "small"], ["old: its tables have schema version 0", "run the study again"]),
        (["sick", "well"], ["no group in common"]),
        (["partly"], ["partly/prevalence.parquet: is missing"]),
        (["broken"], ["broken/prevalence.parquet: is damaged"]),
        ([], ["A"]),
    ],
)
def test_refusals(rlsabm_command: Command, here: Path, words: list[str], near: list[str]) -> None:
    (here / "file").write_text("")
    (here / "again").symlink_to("outputs/small")
    made(here / "other", {"reference": {"everyone": FOUR}}, year=1999)
    made(here / "sick", {"reference": {"dialysis": FOUR}, "b": {"dialysis": FOUR}})
    made(here / "well", {"reference": {"everyone": FOUR}})
    for name in ("old", "partly", "broken"):
        made(here / name, {"reference": {"everyone": FOUR}, "b": {"everyone": FOUR}})
    (here / "old" / "manifest.json").write_text('{"input_hash": "", "schema_version": 0}')
    (here / "partly" / "prevalence.parquet").unlink()
    (here / "broken" / "prevalence.parquet").write_text("no table")
    refused(rlsabm_command("compare", *words), *near)


# By strata and condition ---------------------------------------------------------------------------


def test_by_strata(rlsabm_command: Command, here: Path, study: Study) -> None:
    words = ("compare", "small:no donation", "--by", "sex,age_group")
    rows = json.loads(rlsabm_command(*words, "--json").out)
    assert {row["condition"] for row in rows} == {"everyone"}
    places = [(row["sex"], row["age_group"]) for row in rows if row["quantity"] == "prevalence"]
    ages = list(dict.fromkeys(age for _, age in places))
    assert ages[0] == "0-17"
    assert places == [(sex, age) for sex in ("female", "male") for age in ages]
    prevalence = study.factual("prevalence").query(
        "condition == 'everyone' and year == 2019 and definition == 'any' and recall == 'current'"
    )
    counts = prevalence.groupby(["arm", "draw", "replicate", "sex", "age_group"], observed=True)
    share = counts[["cases", "persons"]].sum().eval("cases / persons").unstack("arm")
    differences = share["no donation"] - share["reference"]
    for row in rows:
        one = differences.xs((row["sex"], row["age_group"]), level=("sex", "age_group"))
        assert row["difference"] == pytest.approx(one.mean(), abs=2e-4)
    shown = rlsabm_command(*words)
    assert shown.code == 0
    assert "female, 18-34" in shown.out
    assert "all ages" in shown.out


@pytest.mark.parametrize(
    "by", ["sex", "parity", "age_group", "sex, parity", "condition", "year,sex"]
)
def test_rows_by_any_strata_are_parts_of_the_whole(
    rlsabm_command: Command, here: Path, by: str
) -> None:
    words = ("compare", "small:no donation", "--json", "--condition", "everyone")
    rows = [
        row
        for row in json.loads(rlsabm_command(*words, "--by", by).out)
        if row["quantity"] == "prevalence" and row["year"] == 2019
        and row.get("age_group") != "0-17"
    ]  # fmt: skip
    [whole] = [r for r in json.loads(rlsabm_command(*words).out) if r["quantity"] == "prevalence"]
    for count in ("persons_a", "cases_a", "persons_b", "cases_b"):
        assert sum(row[count] for row in rows) == whole[count]


def test_caused_shifts_by_strata(rlsabm_command: Command, here: Path, study: Study) -> None:
    words = ("--by", "sex", "--condition", "obesity", "--json")
    rows = json.loads(rlsabm_command("compare", "small:no donation", *words).out)
    found = {row["sex"]: row for row in rows if row["quantity"] == "caused_shift"}
    shifts = study.table("shifts").query(
        "estimate == 'caused_shift' and condition == 'obesity' and year == 2019 "
        "and definition == 'any' "
        "and recall == 'current' and observed_as == 'truth' and arm == 'reference' "
        "and age_group == 'all adults' and parity == 'all'"
    )
    for sex, value in zip(shifts["sex"], shifts["value"], strict=True):
        if sex != "all":
            assert found[sex]["value_a"] == pytest.approx(value)
    shown = rlsabm_command("compare", "small:no donation", *words[:-1]).out
    assert "Obesity: shift caused by the condition" in shown
    assert "Obesity: prevalence of any RLS" in shown
    # Not counted by sex and parity together: nothing is shown, nor refused.
    rows = json.loads(rlsabm_command("compare", "small", "--by", "sex,parity", "--json").out)
    assert {row["quantity"] for row in rows} == {"prevalence"}


def test_conditions_by_name_or_label(rlsabm_command: Command, here: Path) -> None:
    words = ("compare", "small:nothing changed", "--json", "--condition")
    by_name = rlsabm_command(*words, "ckd_4_5")
    by_label = rlsabm_command(*words, "ckd Stage 4–5 before dialysis")
    assert by_name.out == by_label.out
    assert {row["condition"] for row in json.loads(by_name.out)} == {"ckd_4_5"}
    both = json.loads(rlsabm_command(*words, "pregnancy", "--condition", "obesity").out)
    assert {row["condition"] for row in both} == {"pregnancy", "obesity"}


def test_what_has_moved_most_comes_first(tmp_path: Path, rlsabm_command: Command) -> None:
    runs: Runs = {(0, replicate): (100 + replicate, 1000) for replicate in range(4)}

    def moved(by: int, noise: int) -> Runs:
        return {
            run: (cases - by + noise * (-1) ** run[1], 1000) for run, (cases, _) in runs.items()
        }

    arm: Arm = {"everyone": runs, "still": runs, "noisy": runs, "clear": runs}
    other: Arm = {
        "everyone": moved(1, 1), "still": runs, "noisy": moved(8, 9), "clear": moved(3, 1),
    }  # fmt: skip
    folder = made(tmp_path / "s", {"reference": arm, "b": other})
    order = ["everyone", "clear", "noisy", "still"]
    assert list(compared(folder).prevalence["condition"]) == order
    rows = json.loads(rlsabm_command("compare", str(folder), "--json").out)
    assert [row["condition"] for row in rows] == order
    printed = rlsabm_command("compare", str(folder)).out
    assert [line.split()[0] for line in printed.splitlines() if ",000" in line] == order


def test_colons_in_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    arms: dict[str, Arm] = {"reference": {"everyone": FOUR}, "b: c": {"everyone": FOUR}}
    for name in ("s", "s:b", "outputs/t"):
        made(tmp_path / name, arms)
    (tmp_path / "t").mkdir()
    assert find_study("s") == (Path("s"), None)
    assert find_study("s:b") == (Path("s:b"), None)
    assert find_study("s:b: c") == (Path("s:b"), " c")
    assert find_study("./s:a b") == (Path("s"), "a b")
    assert find_study("s:b:b: c") == (Path("s:b"), "b: c")
    assert find_study("t:b: c") == (Path("outputs/t"), "b: c")
    assert find_study(f"{tmp_path}/s/:b: c") == (tmp_path / "s", "b: c")


#: A name as long as any, one in a script of wide characters, and one that would be markup.
LONG = "a_condition_with_a_name_that_is_longer_than_any_that_ships_with_the_package"
ARMS = (
    "an arm with a name of sixty characters, which is a good deal",
    "没有捐血的人" * 10,
    "[red] [/c]",
)


@pytest.mark.parametrize("columns", [60, 80, 100, 200])
def test_long_names_go_on_in_the_next_line(
    rlsabm_command: Command, workplace: Path, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setattr(text.out, "width", min(columns, 100))
    made(workplace / "[red]", {"reference": {LONG: FOUR}} | {arm: {LONG: FEWER} for arm in ARMS})
    outcome = rlsabm_command("compare", "[red]")
    assert outcome.code == 0
    lines = outcome.out.splitlines()
    assert max(cell_len(line) for line in lines if line[:2] not in ("A:", "B:")) <= min(
        columns, 100
    )
    assert "…" not in outcome.out
    for word in LONG.split("_"):
        assert re.search(rf"\b{word}\b", outcome.out)
    assert "-0.80" in outcome.out
    assert "(-1.27 to -0.33)" in outcome.out
    for arm in ARMS:
        assert f"B: [red], arm {arm}" in outcome.out
