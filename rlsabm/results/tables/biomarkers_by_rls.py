"""Biomarkers of people with and without RLS, by sex and age."""

from __future__ import annotations

from collections.abc import Iterator

from rlsabm.results.columns import KEYS
from rlsabm.results.contents import Contents
from rlsabm.results.observed import Observed
from rlsabm.results.table import Column, Kind, ResultTable
from rlsabm.results.tables.biomarkers import (
    BIOMARKER,
    BY_ASSAY_OR_SCAN,
    SAMPLE,
    STRATA_OF_BIOMARKERS,
    SUMMARY,
    CellsOfGroup,
    Summaries,
    cells_of,
    samples_of,
    summaries_of,
)
from rlsabm.results.totals import WITH_TOTALS

WITHOUT_RLS, WITH_RLS = "without RLS", "with RLS"


def _by_rls(observed: Observed) -> Iterator[CellsOfGroup]:
    ill = observed.survey.has_rls("any", "current")
    return cells_of(observed, "rls", {WITHOUT_RLS: ~ill, WITH_RLS: ill})


def summarise_by_rls(observed: Observed) -> Contents:
    """Mean, spread and percentiles of each biomarker by RLS, sex and age group."""
    return summaries_of(observed.survey, _by_rls(observed))


def sample_by_rls(observed: Observed) -> Contents:
    """Values that stand for the people with and without RLS of each sex and age group."""
    return samples_of(observed.survey, _by_rls(observed))


_LABELS = (
    *KEYS,
    Column(
        "rls", "category", "", "whether people truly have any RLS in the month of the survey",
        words=(WITHOUT_RLS, WITH_RLS),
    ),
    *STRATA_OF_BIOMARKERS,
    BIOMARKER,
    BY_ASSAY_OR_SCAN,
)  # fmt: skip

TABLE = ResultTable(
    name="biomarkers_by_rls",
    title="Biomarkers of people with and without RLS",
    kind=Kind.BY_RUN,
    columns=(*_LABELS, *SUMMARY),
    totals=WITH_TOTALS,
    count=summarise_by_rls,
    combine=Summaries(("samples_by_rls",)),
)

SAMPLES = ResultTable(
    name="samples_by_rls",
    title="Values of biomarkers that stand for people with and without RLS of a block",
    kind=Kind.OF_UNITS,
    columns=(*_LABELS, *SAMPLE),
    totals=WITH_TOTALS,
    count=sample_by_rls,
    wanted=lambda question: question.several_blocks,
)
