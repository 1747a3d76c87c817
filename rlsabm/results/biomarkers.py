"""Biomarkers by condition, sex and age: as they are, and as assays and scans find them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlsabm.arrays import Floats
from rlsabm.observe.groups import groups_of
from rlsabm.observe.survey import Survey
from rlsabm.results.cells import Cells, Contents, joined, strata_codes

PERCENTILES = (5, 25, 50, 75, 95)
#: Name of each biomarker, where it is measured, with the measures that hold the truth and the finding.
BIOMARKERS = {
    "ferritin_ug_per_l": ("stores_ferritin_ug_per_l", "serum_ferritin_ug_per_l"),
    **{
        name: (name, f"measured_{name}")
        for name in (
            "haemoglobin_g_per_l",
            "transferrin_saturation_percent",
            "transferrin_receptor_mg_per_l",
            "csf_ferritin_ug_per_l",
            "nigral_iron_ratio",
        )
    },
    "dopamine_deficit": ("dopamine_deficit", None),
    "storage_iron_mg": ("storage_iron_mg", None),
    "iron_absorbed_mg_per_day": ("iron_absorbed_mg_per_day", None),
    "iron_lost_mg_per_day": ("iron_lost_mg_per_day", None),
}
WAYS = ("true", "measured")
#: Values that a block keeps of a cell for percentiles over blocks. More people are represented by
#: their quantiles in the middles of so many equal parts: an error of rank below 1 in 256.
MOST_VALUES = 128


class _Cells(NamedTuple):
    """The people of a group in the cells of a table.

    Attributes
    ----------
    labels
        Codes of the cells by stratum, and the group.
    people
        Rows of the survey by cell.
    """

    labels: Contents
    people: list[NDArray[np.int64]]


def _cells_of(survey: Survey, strata: Sequence[str], age_limits: Sequence[int]) -> Iterator[_Cells]:
    """The inhabited cells of every group."""
    codes = strata_codes(survey, age_limits)
    cells = Cells(
        {name: codes[name] for name in strata if name in ("sex", "age_group")}, len(survey)
    )
    for group in groups_of(survey.setting.conditions):
        members = np.flatnonzero(group.members(survey))
        order = members[np.argsort(cells.cell[members], kind="stable")]
        inhabited, starts = np.unique(cells.cell[order], return_index=True)
        people = np.split(order, starts[1:]) if len(order) else []
        words = np.full(len(inhabited), group.name, dtype=object)
        yield _Cells({**cells.labels(inhabited), "condition": words}, people)


def _columns_of(survey: Survey) -> list[tuple[int, int, Floats]]:
    """Number of each biomarker, way of knowing it, and its values."""
    return [
        (number, way, getattr(survey, measure))
        for number, measures in enumerate(BIOMARKERS.values())
        for way, measure in enumerate(measures)
        if measure is not None
    ]


def summarise_biomarkers(
    survey: Survey, strata: Sequence[str], age_limits: Sequence[int]
) -> Contents:
    """Mean, spread and percentiles of each biomarker, by condition, sex and age group."""
    columns = _columns_of(survey)
    parts: list[Contents] = []
    for labels, people in _cells_of(survey, strata, age_limits):
        for biomarker, way, values in columns:
            rows = [_summary(values[cell]) for cell in people]
            summary = np.array(rows, dtype=float).reshape(-1, 4 + len(PERCENTILES)).T
            parts.append(
                {
                    **labels,
                    "biomarker": np.full(len(people), biomarker),
                    "observed_as": np.full(len(people), way),
                    "persons": summary[0].astype(np.int64),
                    "mean": summary[1],
                    "sd": summary[2],
                    "geometric_mean": summary[3],
                    **{f"p{q}": summary[4 + i] for i, q in enumerate(PERCENTILES)},
                }
            )
    return joined(parts)


def _summary(x: Floats) -> tuple[float, ...]:
    geometric = np.exp(np.log(x).mean()) if (x > 0).all() else np.nan
    spread = x.std(ddof=1) if len(x) > 1 else np.nan
    return (len(x), x.mean(), spread, geometric, *np.percentile(x, PERCENTILES))


def sample_biomarkers(survey: Survey, strata: Sequence[str], age_limits: Sequence[int]) -> Contents:
    """Values of each biomarker in each cell of `summarise_biomarkers`, with the people they stand for.

    Of more than ``MOST_VALUES`` people, quantiles are given.
    """
    columns = _columns_of(survey)
    middles = (np.arange(MOST_VALUES) + 0.5) / MOST_VALUES
    parts: list[Contents] = []
    for labels, people in _cells_of(survey, strata, age_limits):
        for biomarker, way, values in columns:
            samples = [
                values[cell] if len(cell) <= MOST_VALUES else np.quantile(values[cell], middles)
                for cell in people
            ]
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
