"""How a study stands: its units, and how precise its shifts are."""

from __future__ import annotations

import json
import math
import re
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import Command
from study_tools import (
    UNITS,
    WITHOUT,
    as_if_written,
    at_once,
    canned,
    ledger,
    manifest,
    reference,
    resolved,
    store,
)

from rlsabm.errors import UserError
from rlsabm.results.precision import precision_of_shifts
from rlsabm.study.job import Job, Outcome
from rlsabm.study.lock import FolderLock
from rlsabm.study.status import find_status
from rlsabm.study.study import Options, run_study

Z = 1.959964


def shifts_with(errors: list[float], estimate: str = "caused_shift") -> pd.DataFrame:
    """A table of shifts with these Monte-Carlo errors, and rows that are not to be looked at."""
    rows = [
        {
            "arm": "reference",
            "condition": f"condition {number}",
            "year": 2019,
            "definition": "any",
            "recall": "current",
            "observed_as": "truth",
            "sex": "all",
            "age_group": "all adults",
            "estimate": estimate,
            "value": 0.1,
            "monte_carlo_error": error,
            "parameter_sd": 0.02,
        }
        for number, error in enumerate(errors)
    ]
    others = [
        {**rows[0], **other, "monte_carlo_error": 9.0}
        for other in (
            {"year": 2018},
            {"definition": "weekly"},
            {"recall": "past_year"},
            {"observed_as": "CH-RLSq"},
            {"sex": "female"},
            {"age_group": "18-34"},
            {"estimate": "observed_shift"},
        )
    ]
    return pd.DataFrame([*others, *rows])


@pytest.mark.parametrize("replicates", [1, 2, 7, 100])
@pytest.mark.parametrize("half_width", [0.001, 0.005, 0.02])
def test_replicates_that_a_precision_needs(replicates: int, half_width: float) -> None:
    """The half-width falls with the root of the replicates."""
    errors = [0.0, 1e-5, 0.001, half_width / Z, 0.013, 0.4]
    found = precision_of_shifts(shifts_with(errors), replicates, half_width)
    assert found["monte_carlo_error"].tolist() == errors
    assert found["condition"].tolist() == [f"condition {n}" for n in range(len(errors))]
    for error, more in zip(errors, found["more_replicates"], strict=True):
        wanted = (Z * error / half_width) ** 2 * replicates
        assert more == max(0, math.ceil(wanted - 1e-9) - replicates)
        after = Z * error * math.sqrt(replicates / (replicates + more))
        assert after <= half_width * (1 + 1e-9)
        if more:  # and one fewer is too few
            before = Z * error * math.sqrt(replicates / (replicates + more - 1))
            assert before > half_width * (1 - 1e-9)


def test_prevalence_where_nothing_is_caused() -> None:
    found = precision_of_shifts(shifts_with([0.01], estimate="prevalence"), 4, 0.005)
    assert found["estimate"].tolist() == ["prevalence"]
    assert len(precision_of_shifts(shifts_with([0.01]), 4, 0.005)) == 1


def test_an_error_that_is_not_known_asks_for_no_number() -> None:
    """Nor does it say that all is well: the error itself is missing in the table."""
    found = precision_of_shifts(shifts_with([np.nan]), 4, 0.005)
    assert found["monte_carlo_error"].isna().all()
    assert found["more_replicates"].tolist() == [0]


def test_status_as_json(rlsabm_command: Command, tmp_path: Path) -> None:
    out = reference()
    asked = json.loads(rlsabm_command("status", str(out), "--json", "--precision", "1").out)
    assert asked["folder"] == str(out)
    assert asked["name"] == "small"
    assert asked["status"] == "complete"
    assert asked["units"] == {"waiting": 0, "running": 0, "finished": UNITS, "failed": 0}
    assert asked["seconds_left"] is None
    assert asked["failed"] == []
    assert asked["half_width"] == 0.01
    table = find_status(out, 0.01).precision
    assert [row["more_replicates"] for row in asked["precision"]] == table[
        "more_replicates"
    ].tolist()
    shifts = pd.read_parquet(out / "shifts.parquet")
    for row in asked["precision"]:
        same = shifts[
            (shifts["arm"] == row["arm"])
            & (shifts["condition"] == row["condition"])
            & (shifts["estimate"] == row["estimate"])
            & (shifts["definition"] == "any")
            & (shifts["recall"] == "current")
            & (shifts["observed_as"] == "truth")
            & (shifts["sex"] == "all")
        ]
        assert same["monte_carlo_error"].tolist() == pytest.approx([row["monte_carlo_error"]])
    # The wanted precision changes the number only.
    coarse = json.loads(rlsabm_command("status", str(out), "--json", "--precision", "5").out)
    for fine, wide in zip(asked["precision"], coarse["precision"], strict=True):
        assert wide["more_replicates"] <= fine["more_replicates"]
        assert {**wide, "more_replicates": 0} == {**fine, "more_replicates": 0}


def some_fail(store: Path, job: Job, progress: Any = None) -> Outcome:
    """Every unit of the second replicate fails."""
    if job.unit.replicate:
        raise ValueError(f"no [bold] luck with {job.unit.replicate}")
    return canned(store, job)


def test_status_of_failures(rlsabm_command: Command, tmp_path: Path) -> None:
    at_once(tmp_path, tmp_path / "out", work=partial(some_fail, store()))
    shown = rlsabm_command("status", str(tmp_path / "out"))
    assert shown.code == 0
    assert "incomplete" in shown.out
    assert "8 finished, 8 failed" in shown.out
    assert "draw 1, replicate 1, block 1: ValueError: no [bold] luck with 1" in shown.out
    assert f"To go on: rlsabm resume {tmp_path / 'out'}" in shown.out
    asked = json.loads(rlsabm_command("status", str(tmp_path / "out"), "--json").out)
    assert asked["status"] == "incomplete"
    assert asked["units"] == {"waiting": 0, "running": 0, "finished": 8, "failed": 8}
    assert len(asked["failed"]) == 8
    assert asked["failed"][0] == {
        "arm": "reference",
        "draw": 1,
        "replicate": 1,
        "block": 0,
        "attempts": 1,
        "error": "ValueError: no [bold] luck with 1",
    }


@pytest.mark.parametrize("name", ["it's a [red] study", "研究 $HOME", "a\x1b[31mb", "plain"])
def test_commands_to_copy(rlsabm_command: Command, tmp_path: Path, name: str) -> None:
    """A shell reads the folder as it is, and nothing in its name moves the cursor."""
    folder = tmp_path / name
    at_once(tmp_path, folder, work=partial(some_fail, store()))
    shown = rlsabm_command("status", str(folder), "--precision", "0.01")
    assert shown.code == 0
    assert "\x1b" not in shown.out
    commands = re.findall(r"^To .*?: (rlsabm .*)$", shown.out, re.MULTILINE)
    assert [words.split()[1] for words in commands] == ["resume", "resume"]
    for words in commands:
        heard = subprocess.run(
            ["bash", "-c", f"rlsabm() {{ printf '%s\\0' \"$@\"; }}; {words}"],
            capture_output=True, check=True, text=True,
        ).stdout.split("\0")  # fmt: skip
        assert str(folder) in heard


def test_chance_that_is_not_known_is_not_shown_as_none(
    rlsabm_command: Command, tmp_path: Path
) -> None:
    """Neither ± 0.00, nor advice on replicates."""
    out = tmp_path / "out"
    at_once(tmp_path, out)
    shifts = pd.read_parquet(out / "shifts.parquet")
    shifts.loc[shifts["condition"] == "obesity", "monte_carlo_error"] = 0.0
    shifts.loc[shifts["condition"] != "obesity", "monte_carlo_error"] = np.nan
    shifts.to_parquet(out / "shifts.parquet")
    as_if_written(out)
    shown = rlsabm_command("status", str(out))
    assert shown.code == 0
    assert "±0.00" not in shown.out
    assert "nan" not in shown.out
    assert "To add" not in shown.out
    assert re.search(r"obesity +[+-]?\d+\.\d\d +- +(-|\d+\.\d\d) +-\n", shown.out)


def test_precision_rests_on_what_has_finished(tmp_path: Path) -> None:
    """Half of the replicates are missing: the suggestion is for those that there are."""
    at_once(tmp_path, tmp_path / "out", work=partial(some_fail, store()))
    at_once(tmp_path, tmp_path / "half", "runs.replicates=1")
    found, half = (find_status(tmp_path / name, 0.002).precision for name in ("out", "half"))
    assert found["monte_carlo_error"].tolist() == half["monte_carlo_error"].tolist()
    total = [
        folder.loc[:, "more_replicates"].to_numpy() + there
        for folder, there in ((found, 2), (half, 1))
    ]
    assert (half["more_replicates"] > 0).any()
    wanted = half["more_replicates"] > 0
    assert total[0][wanted].tolist() == total[1][wanted].tolist()


def test_a_folder_that_is_no_study(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no study"):
        find_status(tmp_path, 0.005)
    with pytest.raises(UserError, match="holds no study"):
        find_status(tmp_path / "missing", 0.005)


#: Enough people for a prevalence among adults.
MANY = f"""\
title: Many replicates
population: {{size: 300, founders_years_before: 110}}
observe: {{by: []}}
conditions:
{WITHOUT}
runs: {{replicates: 6, seed: 13}}
"""


def test_the_suggestion_is_right(tmp_path: Path, rlsabm_command: Command) -> None:
    """With as many replicates as suggested, the half-width is about as wanted; and less is asked."""

    def error_of_everyone() -> tuple[float, int]:
        shifts = pd.read_parquet(out / "shifts.parquet")
        assert shifts["monte_carlo_error"].notna().any()
        found = find_status(out, wanted).precision
        chosen = found[found["condition"] == "menstruating_women"]
        assert len(chosen) == 1
        return Z * float(chosen["monte_carlo_error"].iloc[0]), int(
            chosen["more_replicates"].iloc[0]
        )

    out, wanted = tmp_path / "out", 1.0
    run_study(resolved(tmp_path, MANY), out, Options(workers=1))
    now, _ = error_of_everyone()
    wanted = now / math.sqrt(2.0)
    _, more = error_of_everyone()
    assert 5 <= more <= 7
    words = ("--out", str(out), "--add-replicates", str(more), "--workers", "1")
    assert rlsabm_command("run", str(out / "manifest.json"), *words).code == 0
    assert manifest(out)["runs"]["replicates"] == 6 + more
    assert len(ledger(out)) == 6 + more
    then, still = error_of_everyone()
    assert then == pytest.approx(wanted, rel=0.2)
    assert still <= 4


def test_a_study_that_ends_while_one_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is running or complete, but never stopped."""
    out = tmp_path / "out"
    at_once(tmp_path, out)
    ended = (out / "manifest.json").read_text(encoding="utf-8")
    (out / "manifest.json").write_text(ended.replace('"complete"', '"running"'), encoding="utf-8")

    looked = []

    def let_go(lock: FolderLock) -> bool:
        (out / "manifest.json").write_text(ended, encoding="utf-8")
        looked.append(lock)
        return False

    monkeypatch.setattr(FolderLock, "is_held", let_go)
    assert find_status(out, 0.005).state in ("running", "complete")
    assert looked
