"""Studies: arms, replicates and draws; the same numbers whenever and however they are run."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import STUDY, Command, Study

import rlsabm.study.machine as machine

COUNTED = ("prevalence", "incidence", "biomarkers")
LISTED = ("persons", "events")
#: Columns of the ledger that say how a run went, not what it found.
HOW = ["seconds", "worker", "started"]
#: For studies of few and small runs: new processes would take longer than the runs.
HERE = ["--workers", "1"]
#: The reference arm of the study alone, in one replicate.
ALONE = STUDY.split("arms:")[0] + "runs: {draws: 2, seed: 5}\n"
ONE_UNIT = """\
title: t
population: {size: 6_000}
observe: {years: [2018, 2019], persons: 0.5, events: true}
"""


def read(folder: str | Path, name: str) -> pd.DataFrame:
    path = Path(folder) / f"{name}.parquet"
    return pd.read_parquet(path if path.exists() else Path(folder) / name)


def same(first: str | Path, second: str | Path) -> None:
    """All files of two studies are identical, but for when, where and how long runs took."""
    ledgers = [read(folder, "runs").drop(columns=HOW) for folder in (first, second)]
    pd.testing.assert_frame_equal(*ledgers, check_exact=True)
    one, other = (
        {
            str(path.relative_to(folder)): path.read_bytes()
            for path in Path(folder).rglob("*")
            if path.is_file() and path.name not in ("runs.parquet", "manifest.json")
        }
        for folder in (first, second)
    )
    assert one.keys() == other.keys()
    assert len(one) > len((*COUNTED, *LISTED))
    assert [name for name in one if one[name] != other[name]] == []


def of(table: pd.DataFrame, **where: object) -> pd.DataFrame:
    """Rows where columns have these values, without those columns and without words of others."""
    chosen = np.ones(len(table), dtype=bool)
    for column, value in where.items():
        chosen &= (table[column] == value).to_numpy()
    rows = table[chosen].drop(columns=list(where)).reset_index(drop=True)
    for name in rows.select_dtypes("category"):
        rows[name] = rows[name].cat.remove_unused_categories()
    return rows


@pytest.mark.parametrize("name", [*COUNTED, *LISTED, "draws"])
def test_an_arm_that_changes_nothing(study: Study, name: str) -> None:
    table = study.table(name)
    pd.testing.assert_frame_equal(
        of(table, arm="reference"), of(table, arm="nothing changed"), check_exact=True
    )


def test_arms_share_births_and_surveys(study: Study) -> None:
    persons = study.table("persons")
    who = ["draw", "replicate", "year", "uid", "mother", "father", "sex", "age", "twin", "parity"]
    reference, without = (of(persons, arm=arm)[who] for arm in ("reference", "no donation"))
    pd.testing.assert_frame_equal(reference, without)
    events = study.table("events")
    for kept in ("death", "conception", "delivery"):
        chosen = of(events, event=kept)
        pd.testing.assert_frame_equal(of(chosen, arm="reference"), of(chosen, arm="no donation"))


def test_an_arm_changes_only_those_whom_its_rules_meet(study: Study) -> None:
    """Without donation, only those who gave blood, and their children, can differ."""
    persons = study.factual("persons")
    reference = of(persons, arm="reference")
    without = of(persons, arm="no donation")
    never = reference["donations"] == 0
    born_here = reference["mother"].notna()
    assert (never & ~born_here).any()
    alike = reference["serum_ferritin_ug_per_l"] == without["serum_ferritin_ug_per_l"]
    assert alike[never & ~born_here].all()
    donors = reference["months_since_donation"].between(0, 11)
    assert alike[donors].mean() < 0.01  # those whose ferritin is at its floor anyway
    raised = without["stores_ferritin_ug_per_l"] > reference["stores_ferritin_ug_per_l"]
    assert raised[donors].mean() > 0.95
    traits = ["cns_iron_trait", "other_liability"]
    pd.testing.assert_frame_equal(reference[traits], without[traits], check_exact=True)


def test_replicates_differ(study: Study) -> None:
    persons = of(study.factual("persons"), arm="reference", draw=1, year=2019)
    first, second = of(persons, replicate=0), of(persons, replicate=1)
    assert first["cns_iron_trait"].isin(second["cns_iron_trait"]).mean() < 0.01
    table = of(study.factual("prevalence"), arm="reference", draw=1)
    assert not of(table, replicate=0).equals(of(table, replicate=1))


def test_draws_differ_and_have_chance_of_their_own(study: Study) -> None:
    """Else the mean over draws would have the Monte-Carlo error of one."""
    table = of(study.factual("prevalence"), arm="reference", replicate=0)
    assert not of(table, draw=1).equals(of(table, draw=2))
    persons = of(study.factual("persons"), arm="reference", replicate=0, year=2019)
    founders = persons[persons["mother"].isna()]
    first, second = of(founders, draw=1), of(founders, draw=2)
    assert first["other_liability"].isin(second["other_liability"]).mean() < 0.01


def factual(table: pd.DataFrame) -> pd.DataFrame:
    """What is so and truly so."""
    table = table[table["world"] == "factual"]
    return table[table["observed_as"] == "truth"] if "observed_as" in table else table


@pytest.mark.parametrize("by", [[], ["sex"], ["age_group"], ["parity", "sex"]])
def test_fewer_strata_give_the_sums(
    rlsabm_command: Command, workplace: Path, study: Study, by: list[str]
) -> None:
    """The counts of any breakdown are the sums of the full one."""
    (workplace / "small.yaml").write_text(ALONE)
    setting = f"observe.by=[{', '.join(by)}]"
    assert rlsabm_command("run", "small.yaml", *HERE, "--set", setting).code == 0
    units = ["draw", "replicate", "year"]
    for name, others, counts in (
        ("prevalence", ["condition", "definition", "recall"], ["cases", "persons"]),
        ("incidence", ["condition", "event"], ["events", "person_years"]),
    ):
        coarse = factual(read("outputs/small", name))
        strata = [column for column in coarse if column in ("sex", "age_group", "parity")]
        assert sorted(strata) == sorted(by)
        assert strata == [column for column in ("sex", "age_group", "parity") if column in by]
        keys = [*units, *others, *strata]
        fine = study.factual(name).query("replicate == 0 and arm == 'reference'")
        wanted = fine.groupby(keys, observed=True)[counts].sum()
        pd.testing.assert_frame_equal(
            coarse.set_index(keys)[counts].sort_index(), wanted.sort_index()
        )
    biomarkers = read("outputs/small", "biomarkers")
    assert [c for c in biomarkers if c in ("sex", "age_group", "parity")] == [
        c for c in ("sex", "age_group") if c in by
    ]
    assert "parity" in read("outputs/small", "persons")


def test_later_surveys_do_not_change_earlier_people(
    rlsabm_command: Command, workplace: Path, study: Study
) -> None:
    """Surveys only look: without the first two, the last is the same."""
    (workplace / "small.yaml").write_text(ALONE)
    words = ["observe.years=[2019]", "observe.persons=0"]
    settings = [word for setting in words for word in ("--set", setting)]
    assert rlsabm_command("run", "small.yaml", *HERE, *settings).code == 0
    assert not Path("outputs/small/persons").exists()
    for name in COUNTED:
        full = study.table(name)
        pd.testing.assert_frame_equal(
            of(read("outputs/small", name), arm="reference", replicate=0, year=2019),
            of(full, arm="reference", replicate=0, year=2019),
            check_exact=name != "biomarkers",  # means are summed in another order
            rtol=1e-9,
        )


def test_an_arm_alone_is_the_arm_beside_others(
    rlsabm_command: Command, workplace: Path, study: Study
) -> None:
    (workplace / "alone.yaml").write_text(ALONE)
    words = ["--set", "conditions.blood_donation.enabled=false"]
    assert rlsabm_command("run", "alone.yaml", *HERE, *words).code == 0
    for name in COUNTED:
        pd.testing.assert_frame_equal(
            of(read("outputs/alone", name), arm="reference"),
            of(study.table(name).query("replicate == 0"), arm="no donation"),
            check_exact=True,
        )


def test_threads_and_repetition_do_not_matter(rlsabm_command: Command, workplace: Path) -> None:
    (workplace / "asked.yaml").write_text(ONE_UNIT)
    for folder, threads in (("one", "1"), ("two", "2"), ("again", "1")):
        assert rlsabm_command("run", "asked.yaml", "--out", folder, "--workers", threads).code == 0
    for folder in ("two", "again"):
        same("one", folder)


def test_another_seed_gives_other_numbers(rlsabm_command: Command, workplace: Path) -> None:
    (workplace / "asked.yaml").write_text("title: t\npopulation: {size: 1_000}\n")
    for seed in ("1", "2"):
        words = ["--out", seed, "--set", f"runs.seed={seed}"]
        assert rlsabm_command("run", "asked.yaml", *words).code == 0
    assert not read("1", "prevalence")["cases"].equals(read("2", "prevalence")["cases"])


def test_line_lists_are_a_share_by_lottery(
    rlsabm_command: Command, workplace: Path, study: Study
) -> None:
    """A smaller share is part of a larger one."""
    (workplace / "small.yaml").write_text(ALONE)
    words = ["observe.persons=0.1", "observe.events=false"]
    settings = [word for setting in words for word in ("--set", setting)]
    assert rlsabm_command("run", "small.yaml", *HERE, *settings).code == 0
    assert not Path("outputs/small/events").exists()
    few = factual(read("outputs/small", "persons"))
    keys = ["draw", "replicate", "year", "uid"]
    everyone = study.factual("persons").query("replicate == 0 and arm == 'reference'")
    assert 0.07 < len(few) / len(everyone) < 0.13
    both = few.merge(everyone, on=keys, suffixes=("", "_all"))
    assert len(both) == len(few)
    np.testing.assert_array_equal(both["liability"], both["liability_all"])


def test_line_lists_with_nobody(rlsabm_command: Command, workplace: Path) -> None:
    (workplace / "asked.yaml").write_text(
        "title: t\npopulation: {size: 100}\nobserve: {persons: 0.000001, events: true}\n"
        "conditions: {blood_donation.enabled: false}\n"
    )
    assert rlsabm_command("run", "asked.yaml").code == 0
    persons = read("outputs/asked", "persons")
    assert len(persons) == 0
    assert persons.attrs["units"]["age"] == "years"


def test_the_commit_is_that_of_the_package_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not that of a repository in which the package happens to be installed."""

    def git(*words: str) -> str:
        who = ("-c", "user.name=a", "-c", "user.email=a@b")
        answer = subprocess.run(
            ["git", "-C", str(tmp_path), *who, *words], capture_output=True, text=True, check=True
        )
        return answer.stdout.strip()

    def recorded(package: Path) -> tuple[str | None, bool | None]:
        monkeypatch.setattr(machine, "PACKAGE", package)
        found = machine._git.__wrapped__()
        return found["git_commit"], found["git_dirty"]

    git("init", "--quiet")
    installed = tmp_path / "venv" / "site-packages" / "rlsabm"
    for package in (tmp_path / "rlsabm", installed):
        package.mkdir(parents=True)
        (package / "errors.py").touch()
    assert recorded(tmp_path / "rlsabm") == (None, None)  # before the first commit
    git("add", "rlsabm")
    git("commit", "--quiet", "--message", "theirs")
    assert recorded(tmp_path / "rlsabm") == (None, None)  # another project
    for text in ("[project]\nname = 'other'\n", "not TOML", "project = 5"):
        (tmp_path / "pyproject.toml").write_text(text)
        assert recorded(tmp_path / "rlsabm") == (None, None)
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'rlsabm'\n")
    assert recorded(tmp_path / "rlsabm") == (git("rev-parse", "HEAD"), False)
    assert recorded(installed) == (None, None)
    (tmp_path / "rlsabm" / "errors.py").write_text("changed = True\n")
    assert recorded(tmp_path / "rlsabm") == (git("rev-parse", "HEAD"), True)
    monkeypatch.setenv("PATH", "")
    assert recorded(tmp_path / "rlsabm") == (None, None)
