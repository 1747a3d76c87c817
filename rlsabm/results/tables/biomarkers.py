"""Biomarkers by condition, sex and age: as they are, and as assays and scans find them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rlsabm.arrays import Bools, Floats, Ints
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


class CellsOfGroup(NamedTuple):
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


def cells_of(
    observed: Observed, column: str, groups: Mapping[str, Bools]
) -> Iterator[CellsOfGroup]:
    """The inhabited cells of every group in every margin.

    Parameters
    ----------
    observed
        What a unit observed.
    column
        Column of the table that names the groups.
    groups
        Who belongs to each group, by its name.
    """
    for margin in observed.margins(BIOMARKER_STRATA):
        for name, belongs in groups.items():
            members = np.flatnonzero(belongs & margin.counted)
            order = members[np.argsort(margin.cell[members], kind="stable")]
            inhabited, starts = np.unique(margin.cell[order], return_index=True)
            people = np.split(order, starts[1:]) if len(order) else []
            words = np.full(len(inhabited), name, dtype=object)
            yield CellsOfGroup({**margin.labels(inhabited), column: words}, people)


def _by_condition(observed: Observed) -> Iterator[CellsOfGroup]:
    members = {group.name: observed.members[group.name] for group in observed.groups}
    return cells_of(observed, "condition", members)


def _values_of(survey: Survey) -> Iterator[tuple[int, int, Floats]]:
    """Codes of each biomarker and way of knowing it, and its values."""
    for biomarker, (_, measures) in enumerate(BIOMARKERS):
        for way, measure in measures.items():
            yield biomarker, WAYS.index(way), getattr(survey, measure)


def summarise_biomarkers(observed: Observed) -> Contents:
    """Mean, spread and percentiles of each biomarker, by condition, sex and age group."""
    return summaries_of(observed.survey, _by_condition(observed))


def summaries_of(survey: Survey, cells: Iterable[CellsOfGroup]) -> Contents:
    """Mean, spread and percentiles of each biomarker in each cell."""
    codes = [(biomarker, way) for biomarker, way, _ in _values_of(survey)]
    values = np.array([of_all for _, _, of_all in _values_of(survey)])
    parts: list[Contents] = []
    for labels, people in cells:
        # By cell, column and biomarker.
        found = np.array([_summaries(values.take(cell, axis=1)) for cell in people])
        found = found.reshape(len(people), len(SUMMARY_COLUMNS), len(codes))
        for number, (biomarker, way) in enumerate(codes):
            part: Contents = {
                **labels,
                "biomarker": np.full(len(people), biomarker),
                "observed_as": np.full(len(people), way),
                **{name: found[:, at, number] for at, name in enumerate(SUMMARY_COLUMNS)},
            }
            part["persons"] = part["persons"].astype(np.int64)
            parts.append(part)
    return joined(parts)


def _summaries(values: Floats) -> list[Floats]:
    """Summaries of each row of values, in the order of the columns."""
    several = values.shape[1] > 1
    missing = np.full(len(values), np.nan)
    positive: Bools = np.asarray((values > 0).all(axis=1))
    logarithms = np.log(values, out=np.zeros_like(values), where=positive[:, np.newaxis])
    return [
        np.full(len(values), float(values.shape[1])),
        values.mean(axis=1),
        values.std(axis=1, ddof=1) if several else missing,
        np.where(positive, np.exp(logarithms.mean(axis=1)), np.nan),
        np.where(positive, logarithms.std(axis=1, ddof=1), np.nan) if several else missing,
        *np.percentile(values, PERCENTILES, axis=1),
    ]


def sample_biomarkers(observed: Observed) -> Contents:
    """Values that stand for the people of each condition, sex and age group."""
    return samples_of(observed.survey, _by_condition(observed))


def samples_of(survey: Survey, cells: Iterable[CellsOfGroup]) -> Contents:
    """Values of each biomarker in each cell, with the number of people that they stand for."""
    values_of = list(_values_of(survey))
    parts: list[Contents] = []
    for labels, people in cells:
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


@dataclass(frozen=True)
class Summaries:
    """How summaries of biomarkers combine: moments exactly, percentiles from samples.

    Attributes
    ----------
    companions
        Name of the table of samples.
    """

    companions: tuple[str]

    def together(self, table: str, parts: Sequence[Mapping[str, Contents]]) -> dict[str, Contents]:
        """Several parts of a run as one."""
        whole = joined([part[table] for part in parts])
        keys, first, place = grouped(whole, SUMMARY_COLUMNS)
        groups = len(first)
        result = {**rows_at(whole, keys, first), **pooled_moments(whole, place, groups)}
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = sums_of(whole["persons"] * np.log(whole["geometric_mean"]), place, groups)
            result["geometric_mean"] = np.exp(logs / result["persons"])
            of_logs = {
                "persons": whole["persons"],
                "mean": np.log(whole["geometric_mean"]),
                "sd": whole["log_sd"],
            }
            result["log_sd"] = pooled_moments(of_logs, place, groups)["sd"]
        [samples] = self.companions
        before, *others = (part[samples] for part in parts)
        return {table: result, samples: joined([thinned(before), *others])}

    def finished(self, table: str, whole: Mapping[str, Contents]) -> Contents:
        """The table of the run."""
        [samples] = self.companions
        return {**whole[table], **percentiles_of(whole[table], whole[samples], PERCENTILES)}


PERCENTILE_COLUMNS = [f"p{q}" for q in PERCENTILES]
SUMMARY_COLUMNS = (*Moments.columns, "geometric_mean", "log_sd", *PERCENTILE_COLUMNS)
STRATA_OF_BIOMARKERS = tuple(c for c in STRATA_WITH_TOTALS if c.name in BIOMARKER_STRATA)
BIOMARKER = Column(
    "biomarker", "category", "", "what is measured, with its unit",
    words=[biomarker.name for biomarker in BIOMARKERS],
)  # fmt: skip
BY_ASSAY_OR_SCAN = way_column("assay or scan")
#: What summaries say of a biomarker.
SUMMARY = (
    Column("persons", "whole", "persons", "people measured"),
    Column("mean", "number", "of the biomarker", "arithmetic mean"),
    Column("sd", "number", "of the biomarker", "standard deviation; missing with one person"),
    Column("geometric_mean", "number", "of the biomarker", "missing unless all values are > 0"),
    Column(
        "log_sd", "number", "", "standard deviation of the natural logarithm; missing unless all "
        "values are > 0, and with one person",
    ),
    *(Column(f"p{q}", "number", "of the biomarker", f"percentile {q}") for q in PERCENTILES),
)  # fmt: skip
#: What samples say of it.
SAMPLE = (
    Column("value", "number", "of the biomarker", "a value"),
    Column("weight", "number", "persons", "people that the value stands for"),
)
_LABELS = (*KEYS, CONDITION, *STRATA_OF_BIOMARKERS, BIOMARKER, BY_ASSAY_OR_SCAN)

TABLE = ResultTable(
    name="biomarkers",
    title="Biomarkers",
    kind=Kind.BY_RUN,
    columns=(*_LABELS, *SUMMARY),
    totals=WITH_TOTALS,
    count=summarise_biomarkers,
    combine=Summaries(("samples",)),
)

SAMPLES = ResultTable(
    name="samples",
    title="Values of biomarkers that stand for the people of a block",
    kind=Kind.OF_UNITS,
    columns=(*_LABELS, *SAMPLE),
    totals=WITH_TOTALS,
    count=sample_biomarkers,
    wanted=lambda question: question.several_blocks,
)
