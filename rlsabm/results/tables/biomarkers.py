"""Biomarkers by condition, sex and age: as they are, and as assays and scans find them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from rlsabm.arrays import Floats, Ints
from rlsabm.measuring.instruments import TRUTH
from rlsabm.observe.survey import Survey
from rlsabm.results.columns import (
    CONDITION,
    KEYS,
    MEASURED,
    STRATA_WITH_TOTALS,
    WAYS,
    way_column,
)
from rlsabm.results.combining import Moments, grouped, pooled_moments, rows_at, sums_of
from rlsabm.results.contents import Contents, joined
from rlsabm.results.observed import Observed
from rlsabm.results.samples import percentiles_of, representative, thinned
from rlsabm.results.table import Column, Kind, ResultTable
from rlsabm.results.totals import WITH_TOTALS

PERCENTILES = (5, 25, 50, 75, 95)
#: Strata by which biomarkers are broken down, where the study is.
BIOMARKER_STRATA = ("sex", "age_group")


class Biomarker(NamedTuple):
    """A biomarker.

    Attributes
    ----------
    name
        With its unit.
    measures
        Measure of a survey that holds it, by way of knowing it.
    """

    name: str
    measures: Mapping[str, str]


BIOMARKERS = (
    Biomarker(
        "ferritin_ug_per_l",
        {TRUTH: "stores_ferritin_ug_per_l", MEASURED: "serum_ferritin_ug_per_l"},
    ),
    *(
        Biomarker(name, {TRUTH: name, MEASURED: f"measured_{name}"})
        for name in (
            "haemoglobin_g_per_l",
            "transferrin_saturation_percent",
            "transferrin_receptor_mg_per_l",
            "csf_ferritin_ug_per_l",
            "nigral_iron_ratio",
        )
    ),
    *(
        Biomarker(name, {TRUTH: name})
        for name in (
            "dopamine_deficit",
            "storage_iron_mg",
            "iron_absorbed_mg_per_day",
            "iron_lost_mg_per_day",
        )
    ),
)


class _Cells(NamedTuple):
    """The people of a group in the cells of a margin.

    Attributes
    ----------
    labels
        Codes of the cells by stratum, and the group.
    people
        Rows of the survey by cell.
    """

    labels: Contents
    people: list[Ints]


def _cells_of(observed: Observed) -> Iterator[_Cells]:
    """The inhabited cells of every group in every margin."""
    for margin in observed.margins(BIOMARKER_STRATA):
        for group in observed.groups:
            members = np.flatnonzero(observed.members[group.name] & margin.counted)
            order = members[np.argsort(margin.cell[members], kind="stable")]
            inhabited, starts = np.unique(margin.cell[order], return_index=True)
            people = np.split(order, starts[1:]) if len(order) else []
            words = np.full(len(inhabited), group.name, dtype=object)
            yield _Cells({**margin.labels(inhabited), "condition": words}, people)


def _values_of(survey: Survey) -> Iterator[tuple[int, int, Floats]]:
    """Codes of each biomarker and way of knowing it, and its values."""
    for biomarker, (_, measures) in enumerate(BIOMARKERS):
        for way, measure in measures.items():
            yield biomarker, WAYS.index(way), getattr(survey, measure)


def summarise_biomarkers(observed: Observed) -> Contents:
    """Mean, spread and percentiles of each biomarker, by condition, sex and age group."""
    values_of = list(_values_of(observed.survey))
    parts: list[Contents] = []
    for labels, people in _cells_of(observed):
        for biomarker, way, values in values_of:
            part: Contents = {
                **labels,
                "biomarker": np.full(len(people), biomarker),
                "observed_as": np.full(len(people), way),
            }
            rows = [_summary(values[cell]) for cell in people]
            for name in SUMMARY_COLUMNS:
                part[name] = np.array([row[name] for row in rows], dtype=float)
            part["persons"] = part["persons"].astype(np.int64)
            parts.append(part)
    return joined(parts)


def _summary(x: Floats) -> dict[str, float]:
    geometric = np.exp(np.log(x).mean()) if (x > 0).all() else np.nan
    spread = x.std(ddof=1) if len(x) > 1 else np.nan
    moments = {"persons": len(x), "mean": x.mean(), "sd": spread, "geometric_mean": geometric}
    return moments | dict(zip(PERCENTILE_COLUMNS, np.percentile(x, PERCENTILES), strict=True))


def sample_biomarkers(observed: Observed) -> Contents:
    """Values of each biomarker in each cell, with the number of people that they stand for."""
    values_of = list(_values_of(observed.survey))
    parts: list[Contents] = []
    for labels, people in _cells_of(observed):
        for biomarker, way, values in values_of:
            samples = [representative(values[cell]) for cell in people]
            lengths = np.array([len(sample) for sample in samples], dtype=np.int64)
            sizes = np.array([len(cell) for cell in people], dtype=float)
            parts.append(
                {
                    **{name: np.repeat(codes, lengths) for name, codes in labels.items()},
                    "biomarker": np.full(lengths.sum(), biomarker),
                    "observed_as": np.full(lengths.sum(), way),
                    "value": np.concatenate([*samples, np.zeros(0)]),
                    "weight": np.repeat(sizes / np.maximum(lengths, 1), lengths),
                }
            )
    return joined(parts)


class Summaries:
    """How summaries of biomarkers combine: moments exactly, percentiles from samples."""

    companions = ("samples",)

    def together(self, table: str, parts: Sequence[Mapping[str, Contents]]) -> dict[str, Contents]:
        """Several parts of a run as one."""
        whole = joined([part[table] for part in parts])
        keys, first, place = grouped(whole, SUMMARY_COLUMNS)
        groups = len(first)
        result = {**rows_at(whole, keys, first), **pooled_moments(whole, place, groups)}
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = sums_of(whole["persons"] * np.log(whole["geometric_mean"]), place, groups)
            result["geometric_mean"] = np.exp(logs / result["persons"])
        before, *others = (part["samples"] for part in parts)
        return {table: result, "samples": joined([thinned(before), *others])}

    def finished(self, table: str, whole: Mapping[str, Contents]) -> Contents:
        """The table of the run."""
        return {**whole[table], **percentiles_of(whole[table], whole["samples"], PERCENTILES)}


PERCENTILE_COLUMNS = [f"p{q}" for q in PERCENTILES]
SUMMARY_COLUMNS = (*Moments.columns, "geometric_mean", *PERCENTILE_COLUMNS)
_LABELS = (
    *KEYS,
    CONDITION,
    *(column for column in STRATA_WITH_TOTALS if column.name in BIOMARKER_STRATA),
    Column(
        "biomarker", "category", "", "what is measured, with its unit",
        words=[biomarker.name for biomarker in BIOMARKERS],
    ),
    way_column("assay or scan"),
)  # fmt: skip

TABLE = ResultTable(
    name="biomarkers",
    title="Biomarkers",
    kind=Kind.BY_RUN,
    columns=(
        *_LABELS,
        Column("persons", "whole", "persons", "people measured"),
        Column("mean", "number", "of the biomarker", "arithmetic mean"),
        Column("sd", "number", "of the biomarker", "standard deviation; missing with one person"),
        Column("geometric_mean", "number", "of the biomarker", "missing unless all values are > 0"),
        *(
            Column(f"p{q}", "number", "of the biomarker", f"percentile {q}")
            for q in PERCENTILES
        ),
    ),
    totals=WITH_TOTALS,
    count=summarise_biomarkers,
    combine=Summaries(),
)  # fmt: skip

SAMPLES = ResultTable(
    name="samples",
    title="Values of biomarkers that stand for the people of a block",
    kind=Kind.OF_UNITS,
    columns=(
        *_LABELS,
        Column("value", "number", "of the biomarker", "a value"),
        Column("weight", "number", "persons", "people that the value stands for"),
    ),
    totals=WITH_TOTALS,
    count=sample_biomarkers,
    wanted=lambda question: question.several_blocks,
)
