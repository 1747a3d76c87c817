"""The scenarios of prevention and cure: they are valid, and what is stored of them hangs together."""

from __future__ import annotations

import importlib.util
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest
from conftest import Command
from docs_tools import DOCS

from rlsabm.study.settings import read_scenario


@cache
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_prevention", DOCS / "make_prevention.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def counts() -> pd.DataFrame:
    return pd.read_parquet(DOCS / "prevention.parquet")


@pytest.mark.parametrize("name", ["lifetime", "restored", "restored_scar", "transport"])
def test_scenarios_of_prevention_are_valid(
    workplace: Path, rlsabm_command: Command, name: str
) -> None:
    path = f"scenarios/prevention/{name}.yaml"
    assert rlsabm_command("check", path).code == 0
    scenario = read_scenario(path).scenario
    assert scenario.observe.persons == 1
    assert name in script().STUDIES


def test_stored_counts_are_those_of_the_scenarios(counts: pd.DataFrame) -> None:
    assert set(counts["study"]) == set(script().STUDIES)
    for name, found in counts.groupby("study"):
        study = read_scenario(script().SCENARIOS / f"{name}.yaml")
        assert set(found["arm"]) == {"reference", *study.arms}
        assert set(found["draw"]) == set(range(1, study.scenario.runs.draws + 1))
        adults = found[found["group"] == "adults"]
        assert (adults["persons"] / study.scenario.population.size).between(0.7, 0.85).all()
        # Each adult is in one level of a group.
        keys = ["arm", "world", "draw"]
        whole = adults.set_index(keys)["persons"]
        for group in ("quartile", "sex", "age"):
            parts = found[found["group"] == group].groupby(keys)["persons"].sum()
            assert parts.sub(whole).eq(0).all(), (name, group)


def test_nobody_has_rls_because_of_iron_or_a_drug(counts: pd.DataFrame) -> None:
    """The same people: what is given takes cases away, the more the earlier it begins."""
    keys = ["study", "group", "level", "draw", "world", "arm"]
    cases = counts.set_index(keys)["cases"].sort_index()
    for study, arms in {
        "lifetime": ["reference", "iron from birth"],
        "restored": [
            "reference", "iron from 60", "iron from 40", "iron from 20", "iron from birth",
        ],
        "restored_scar": ["reference", "iron from 40", "iron from birth"],
        "transport": ["reference", "diagnosed", "everybody from 18"],
    }.items():  # fmt: skip
        at = cases.loc[study, "adults", "all"].xs("factual", level="world").unstack("arm")
        for more, less in pairwise(arms):
            assert (at[more] >= at[less]).all(), (study, more, less)
            assert at[more].sum() > at[less].sum(), (study, more, less)


def test_shares_that_are_gone() -> None:
    """Of 10 preventable cases 6 are gone, and of a liability of 0.4 three quarters."""
    rows = []
    for arm, cases, liability in (
        ("reference", 20, -1.0), ("iron from 40", 14, -1.3), ("iron from birth", 10, -1.4),
    ):  # fmt: skip
        rows.append((arm, cases, liability))
    frame = pd.DataFrame(rows, columns=["arm", "cases", "liability"]).assign(
        study="restored", world="factual", draw=1, group="since 40", level="all", persons=100
    )
    cases, gone, liability = script().restored(frame, "restored", 40, "all")
    assert (cases, gone, round(liability, 6)) == (10, 0.6, 0.75)
    assert script().percent(0.0123) == "1.2"
    assert script().percent(0.123) == "12"
