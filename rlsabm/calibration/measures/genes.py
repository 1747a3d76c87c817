"""Odds ratios of risk alleles, as an association study of cases and controls finds them."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import AfterValidator, Field

from rlsabm.calibration.measures.asking import Case, Measure, known_name
from rlsabm.calibration.observation import Observation
from rlsabm.calibration.samples import Sample, from_sums
from rlsabm.life.loci import locus_names, risk_alleles


def _locus(name: str) -> str:
    return known_name(name, locus_names(), f"one of {', '.join(locus_names())}")


class Locus(Case):
    """Risk alleles of cases and of people who have no RLS."""

    locus: Annotated[
        str,
        AfterValidator(_locus),
        Field(description="Locus.", json_schema_extra={"expected": "the name of a locus"}),
    ]


def take_allele_odds_ratio(seen: Observation, query: Locus) -> Sample:
    """Odds of the risk allele in cases, by those in people without any RLS in the recall period."""
    cases = query.cases(seen)
    controls = ~seen.are("any", query.recall, query.instrument)
    chosen = query.chosen(seen) & (cases | controls)
    alleles = risk_alleles(seen.now.lives, locus_names().index(query.locus))
    values = np.column_stack(
        [cases * alleles, cases * (2 - alleles), controls * alleles, controls * (2 - alleles)]
    )[chosen].astype(float)
    return Sample(
        values,
        seen.families[chosen],
        from_sums(lambda sums: sums[..., 0] * sums[..., 3] / (sums[..., 1] * sums[..., 2])),
    )


MEASURES = (
    Measure(
        "allele_odds_ratio",
        "odds of the risk allele in cases, relative to those in controls",
        Locus,
        take_allele_odds_ratio,
    ),
)
