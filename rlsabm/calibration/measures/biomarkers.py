"""Biomarkers: geometric means, percentiles, shares below a limit, and how those with RLS differ."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import AfterValidator, Field

from rlsabm.arrays import Bools, Floats
from rlsabm.calibration.measures.asking import Case, Measure, Who, known_name
from rlsabm.calibration.measures.donors import NewOrFrequent, are_donors
from rlsabm.calibration.observation import Observation
from rlsabm.calibration.samples import (
    Sample,
    from_sums,
    geometric_mean,
    percentile,
    share,
)
from rlsabm.measuring.assays import MEASURES as MEASURED
from rlsabm.observe.survey import Survey

#: Iron in stores, or lacking in red cells (mg per kg), from receptor and ferritin: Cook 2003, doi
#: 10.1182/blood-2002-10-3071.
BODY_IRON = "body_iron_mg_per_kg"
COOK_LOG_RATIO, COOK_SLOPE = 2.8229, 0.1207

BIOMARKERS = (*(measure.name for measure in MEASURED), BODY_IRON)


def _biomarker(name: str) -> str:
    return known_name(name, BIOMARKERS, f"one of {', '.join(BIOMARKERS)}")


BiomarkerName = Annotated[
    str,
    AfterValidator(_biomarker),
    Field(description="Biomarker.", json_schema_extra={"expected": "the name of a biomarker"}),
]


class Measured(Who):
    """A biomarker of some of the people surveyed."""

    biomarker: BiomarkerName
    donors: NewOrFrequent | None = None


class MeasuredPercentile(Measured):
    """A percentile of a biomarker."""

    percent: Annotated[
        float, Field(gt=0, lt=100, description="Per cent of the people who are not above it.")
    ]


class MeasuredBelow(Measured):
    """The share of people whose biomarker is below a limit."""

    below: Annotated[float, Field(description="Limit, which is not in the range.")]
    at_least: Annotated[
        float | None, Field(description="Lower limit of the range; none by default.")
    ] = None


class MeasuredOfCases(Case):
    """A biomarker of those who have RLS, compared with those who have none."""

    biomarker: BiomarkerName
    serum_ferritin_at_least: Annotated[
        float, Field(ge=0, description="Only people with so much measured ferritin (µg/L).")
    ] = 0.0


def values_of(survey: Survey, biomarker: str) -> Floats:
    """A biomarker of each of the people surveyed."""
    if biomarker != BODY_IRON:
        return np.asarray(getattr(survey, biomarker), dtype=float)
    receptor = 1000.0 * survey.measured_transferrin_receptor_mg_per_l
    log_ratio = np.log10(receptor / survey.serum_ferritin_ug_per_l)
    return np.asarray(-(log_ratio - COOK_LOG_RATIO) / COOK_SLOPE)


def _measured(seen: Observation, query: Measured) -> tuple[Floats, Bools]:
    """Values of all people surveyed, and who of them is meant."""
    chosen = query.chosen(seen)
    if query.donors is not None:
        chosen &= are_donors(seen, query.donors)
    return values_of(seen.now, query.biomarker), chosen


def take_geometric_mean(seen: Observation, query: Measured) -> Sample:
    """The geometric mean."""
    values, chosen = _measured(seen, query)
    return geometric_mean(values[chosen], seen.families[chosen])


def take_percentile(seen: Observation, query: MeasuredPercentile) -> Sample:
    """A percentile."""
    values, chosen = _measured(seen, query)
    return percentile(values[chosen], query.percent, seen.families[chosen])


def take_share_below(seen: Observation, query: MeasuredBelow) -> Sample:
    """The proportion of people below a limit, or in a range."""
    values, chosen = _measured(seen, query)
    within = values[chosen] < query.below
    if query.at_least is not None:
        within &= values[chosen] >= query.at_least
    return share(within, seen.families[chosen])


def take_ratio_of_cases(seen: Observation, query: MeasuredOfCases) -> Sample:
    """The geometric mean of cases, relative to that of people who had no RLS in the last 12 months."""
    cases = query.cases(seen)
    chosen = query.chosen(seen) & (cases | ~seen.are("any", "past_year", query.instrument))
    chosen &= seen.now.serum_ferritin_ug_per_l >= query.serum_ferritin_at_least
    with np.errstate(divide="ignore"):
        logs = np.log(values_of(seen.now, query.biomarker))[chosen]
    case = cases[chosen]
    values = np.column_stack([logs * case, case, logs * ~case, ~case]).astype(float)
    return Sample(
        values,
        seen.families[chosen],
        from_sums(lambda sums: np.exp(sums[..., 0] / sums[..., 1] - sums[..., 2] / sums[..., 3])),
    )


MEASURES = (
    Measure("geometric_mean", "geometric mean of a biomarker", Measured, take_geometric_mean),
    Measure("percentile", "percentile of a biomarker", MeasuredPercentile, take_percentile),
    Measure(
        "share_below", "people whose biomarker is below a limit", MeasuredBelow, take_share_below, True
    ),
    Measure(
        "ratio_of_cases",
        "geometric mean of a biomarker in cases, relative to people without RLS",
        MeasuredOfCases,
        take_ratio_of_cases,
    ),
)  # fmt: skip
