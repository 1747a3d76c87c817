"""Numbers that must not change unless somebody means them to.

Counts of a small study are compared with stored ones, exactly: chance is a function and sums are of
whole numbers, so every machine gives the same. When a change of the model is meant, renew the
stored counts, look at what changed, and commit them with the change:

    RLSABM_RENEW_GOLDEN=1 pytest tests/test_golden.py && git diff tests/golden
"""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest
from conftest import Command

GOLDEN = Path(__file__).parent / "golden"
SCENARIO = """\
title: Golden
population: {size: 2_000}
observe: {years: [2010, 2019], by: []}
shifts: {conditions: [pregnancy, blood_donation]}
arms:
  ferritin-guided donation:
    conditions.blood_donation.ferritin_deferral: {below: 30, months: 6}
  without burden of pregnancy: {conditions.pregnancy.enabled: false}
runs: {seed: 1907}
"""
#: Columns and rows by table.  Means are stored with six digits.
TABLES = {
    "prevalence": ["arm", "year", "condition", "definition", "recall", "cases", "persons"],
    "incidence": ["arm", "year", "condition", "event", "events"],
    "biomarkers": ["condition", "biomarker", "observed_as", "persons", "mean"],
    "contrasts": [
        "arm", "year", "condition", "definition", "cases", "persons", "cases_without",
        "cases_with_and_without", "cases_without_iron", "everyone_without",
    ],
}  # fmt: skip
ROWS = {
    "prevalence": "world == 'factual'",
    "incidence": "world == 'factual'",
    "biomarkers": "year == 2019 and arm == 'reference'",
    "contrasts": "recall == 'current' and cases_without.notna()",
}
MEASURES = (
    "cases", "persons", "events", "mean", "cases_without", "cases_with_and_without",
    "cases_without_iron", "everyone_without",
)  # fmt: skip


@pytest.fixture
def counts(rlsabm_command: Command, workplace: Path) -> dict[str, pd.DataFrame]:
    """Counts of the golden study, as in the stored files."""
    (workplace / "golden.yaml").write_text(SCENARIO)
    assert rlsabm_command("run", "golden.yaml", "--workers", "1").code == 0
    tables = {}
    for name, columns in TABLES.items():
        table = pd.read_parquet(f"outputs/golden/{name}.parquet")
        table = table.query(ROWS[name])[columns].reset_index(drop=True)
        if "mean" in table:
            table["mean"] = [float(f"{mean:.6g}") for mean in table["mean"]]
        tables[name] = table.astype(
            {column: str for column, dtype in table.dtypes.items() if dtype == "category"}
        )
    return tables


def test_counts_are_as_stored(counts: dict[str, pd.DataFrame]) -> None:
    if os.environ.get("RLSABM_RENEW_GOLDEN"):
        GOLDEN.mkdir(exist_ok=True)
        for name, table in counts.items():
            table.to_csv(GOLDEN / f"{name}.csv", index=False, lineterminator="\n")
    for name, table in counts.items():
        stored = pd.read_csv(GOLDEN / f"{name}.csv", dtype=dict(table.dtypes))
        keys = [c for c in table if c not in MEASURES]
        both = stored.merge(table, on=keys, how="left", suffixes=("_stored", ""))
        measures = [column for column in table if column not in keys]
        differ = pd.concat([both[c].ne(both[f"{c}_stored"]) for c in measures], axis=1).any(axis=1)
        assert not differ.any(), f"{name}: {differ.sum()} rows differ\n{both[differ].head(20)}"
        assert len(table) == len(stored), f"{name}: no row has changed, but rows were added: renew"
        pd.testing.assert_frame_equal(stored, table)
