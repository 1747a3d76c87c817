"""How estimates vary between replicates, against what the counts of one make expect: prints a table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rlsabm.results.summary import of_study
from rlsabm.results.tables.shifts import estimate_shifts
from rlsabm.results.totals import total_rows
from rlsabm.study.settings import read_scenario
from rlsabm.study.study import COMPLETE, Options, run_study

pytestmark = pytest.mark.benchmark

REPLICATES = 60
STUDY = f"""\
title: Replicates
population: {{size: 4_000}}
observe: {{by: [sex, age_group]}}
shifts:
  conditions: [blood_donation, heavy_menstrual_bleeding, obesity, chronic_kidney_disease]
runs: {{replicates: {REPLICATES}}}
"""


@pytest.mark.timeout(1800)
def test_variance_between_replicates(tmp_path: Path) -> None:
    """Variance between replicates in units of that by counts, as if people were unrelated.

    It is above 1 for prevalences, the more the larger the group, and about 1 where people are
    compared with themselves. A ratio has a standard error of about a fifth.
    """
    path = tmp_path / "replicates.yaml"
    path.write_text(STUDY)
    assert run_study(read_scenario(path, []), tmp_path / "out", Options()).status == COMPLETE
    contrasts = pd.read_parquet(tmp_path / "out" / "contrasts.parquet")
    adults = contrasts.query("definition == 'any' and recall == 'current'")
    adults = adults[total_rows(adults)]
    runs = pd.concat(estimate_shifts(run) for _, run in adults.groupby("replicate"))
    by = runs.groupby(["condition", "estimate"], observed=True)
    ratio = by["value"].var() / by["monte_carlo_error"].agg(lambda error: (error**2).mean())
    common = by["cases"].mean() >= 5
    table = ratio[common & (by.size() == REPLICATES)].unstack()
    shown = ["prevalence", "expected_prevalence", "observed_shift", "caused_shift"]
    table = table[shown].assign(persons=by["persons"].mean().unstack()["prevalence"])
    prevalence = pd.read_parquet(tmp_path / "out" / "prevalence.parquet")
    everyone = of_study(prevalence, condition="everyone", definition="any")
    each = everyone.groupby("replicate")[["cases", "persons"]].sum()
    share = each["cases"] / each["persons"]
    by_counts = (share * (1 - share) / each["persons"]).mean()
    table.loc["everyone", ["prevalence", "persons"]] = (
        share.var() / by_counts,
        each.mean()["persons"],
    )
    table = table.sort_values("persons", ascending=False)
    print("\n" + table.to_string(float_format=lambda value: f"{value:.2f}"))
    print("median", np.round(table[shown].median(), 2).to_dict())
