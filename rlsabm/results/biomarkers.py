"""Biomarkers by condition, sex and age: as they are, and as assays and scans find them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rlsabm.observe.groups import groups_of
from rlsabm.observe.survey import Survey
from rlsabm.parameters.countries import Floats
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


def summarise_biomarkers(
    survey: Survey, strata: Sequence[str], age_limits: Sequence[int]
) -> Contents:
    """Mean, spread and percentiles of each biomarker, by condition, sex and age group."""
    codes = strata_codes(survey, age_limits)
    cells = Cells(
        {name: codes[name] for name in strata if name in ("sex", "age_group")}, len(survey)
    )
    columns = [
        (number, way, getattr(survey, measure))
        for number, measures in enumerate(BIOMARKERS.values())
        for way, measure in enumerate(measures)
        if measure is not None
    ]
    parts: list[Contents] = []
    for group in groups_of(survey.setting.conditions):
        members = np.flatnonzero(group.members(survey))
        order = members[np.argsort(cells.cell[members], kind="stable")]
        inhabited, starts = np.unique(cells.cell[order], return_index=True)
        people = np.split(order, starts[1:]) if len(order) else []
        for biomarker, way, values in columns:
            rows = [_summary(values[cell]) for cell in people]
            summary = np.array(rows, dtype=float).reshape(-1, 4 + len(PERCENTILES)).T
            parts.append(
                {
                    **cells.labels(inhabited),
                    "condition": np.full(len(inhabited), group.name, dtype=object),
                    "biomarker": np.full(len(inhabited), biomarker),
                    "observed_as": np.full(len(inhabited), way),
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
