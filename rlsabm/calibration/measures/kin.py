"""Resemblance of kin: relatives of clinic probands, and twins who answer a questionnaire."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from rlsabm.arrays import Floats, Ints
from rlsabm.calibration.measures.asking import Ages, Case, Definition, Measure
from rlsabm.calibration.observation import SEXES, Observation
from rlsabm.calibration.samples import Sample, from_sums
from rlsabm.results.tetrachoric import tetrachoric


class Relatives(Case):
    """RLS of the relatives of probands; definition and instrument are those of the relatives."""

    relation: Annotated[
        Literal["siblings", "offspring"], Field(description="Relatives of the probands.")
    ]
    relatives_ages: Annotated[
        Ages | None,
        Field(description="Ages of the relatives, if not those of probands and of everybody."),
    ] = None
    proband_definition: Annotated[
        Definition, Field(description="Definition by which probands truly have RLS, currently.")
    ] = "significant"
    proband_irls_at_least: Annotated[
        float, Field(ge=0, le=40, description="Least severity of probands (IRLS).")
    ] = 0.0


def take_relative_risk(seen: Observation, query: Relatives) -> Sample:
    """The prevalence in the relatives of probands, relative to that of everybody.

    Every proband is ascertained once, with all relatives of the kind.
    """
    cases, chosen = query.cases(seen), query.chosen(seen)
    probands = chosen & seen.are(query.proband_definition, "current")
    probands &= seen.now.irls >= query.proband_irls_at_least
    of_proband, relatives = _relatives(seen, query.relation)
    asked = query.model_copy(update={"ages": query.relatives_ages or query.ages}).chosen(seen)
    counts = probands[of_proband] & asked[relatives]
    of_proband, relatives = of_proband[counts], relatives[counts]
    rows = np.flatnonzero(probands)
    values = np.column_stack(
        [
            np.bincount(of_proband, weights=cases[relatives], minlength=len(cases))[rows],
            np.bincount(of_proband, minlength=len(cases))[rows],
        ]
    ).astype(float)
    prevalence = float(cases[chosen].mean()) if chosen.any() else float("nan")
    return Sample(
        values,
        seen.families[rows],
        from_sums(lambda sums: sums[..., 0] / sums[..., 1] / prevalence),
    )


def _relatives(seen: Observation, relation: str) -> tuple[Ints, Ints]:
    """Rows of people and of their relatives, each pair of siblings both ways."""
    if relation == "offspring":
        parents = [seen.kin[name] for name in ("mother_and_child", "father_and_child")]
        return (
            np.concatenate([pairs.first for pairs in parents]),
            np.concatenate([pairs.second for pairs in parents]),
        )
    kinds = ("full_siblings", "dizygotic_twins")
    first = np.concatenate([seen.kin[name].first for name in kinds])
    second = np.concatenate([seen.kin[name].second for name in kinds])
    return np.concatenate([first, second]), np.concatenate([second, first])


class Twins(Case):
    """RLS of twins, both of whom are of the sex and ages of the study."""


def take_twin_heritability(seen: Observation, query: Twins) -> Sample:
    """Heritability of liability by an AE model: twins share additive genes, and nothing else.

    Tetrachoric correlations of monozygotic and dizygotic twins, fitted by weighted least squares.
    """
    cases, chosen = query.cases(seen), query.chosen(seen)
    chosen = chosen & np.isin(seen.now.lives["sex"], SEXES[query.sex])
    parts, rows = [], []
    for column, zygosity in enumerate(("monozygotic_twins", "dizygotic_twins")):
        pairs = seen.kin[zygosity]
        pairs = pairs.where(chosen[pairs.first] & chosen[pairs.second])
        one, other = cases[pairs.first], cases[pairs.second]
        part = np.zeros((len(pairs), 6))
        part[:, 3 * column] = one & other
        part[:, 3 * column + 1] = one != other
        part[:, 3 * column + 2] = 1.0
        parts.append(part)
        rows.append(pairs.first)
    return Sample(
        np.concatenate(parts), seen.families[np.concatenate(rows)], from_sums(_additive_share)
    )


def _additive_share(sums: Floats) -> Floats:
    """Heritability by an AE model from counts of pairs: both, one, all; of each zygosity."""
    counts = sums.reshape(-1, 2, 3)
    both, one, pairs = counts[..., 0], counts[..., 1], counts[..., 2]
    found = tetrachoric(both, one / 2.0, one / 2.0, pairs, interchangeable=True)
    # Correlations of 1 and 1/2 of the additive share.
    shared = np.array([1.0, 0.5])
    weight = 1.0 / found.variance
    return np.asarray(
        (weight * shared * found.value).sum(axis=1) / (weight * shared**2).sum(axis=1)
    )


MEASURES = (
    Measure(
        "relative_risk",
        "prevalence in relatives of probands, relative to that of everybody",
        Relatives,
        take_relative_risk,
    ),
    Measure(
        "twin_heritability",
        "heritability of liability as a twin study estimates it",
        Twins,
        take_twin_heritability,
        True,
    ),
)
