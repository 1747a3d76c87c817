"""Loci: what a risk allele does to a trait, so that studies find the published odds ratio.

An odds ratio is marginal: it compares people of all liabilities. The effect of an allele is the shift
of its trait at which adults of a typical age, with full iron supply and without other loads, have this
odds ratio for clinically significant RLS, which is what clinics and genome-wide studies recruit. Real
people differ in age, iron and loads besides, which dilutes an odds ratio, and cases are compared with
people who have no RLS at all: so the logarithm asked for is a little larger than the published one. The
effect is found once a run, from the rules themselves: the effect of a deficit, the link from liability
to RLS, and its long-run prevalence.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from rlsabm.arrays import Bools, Floats, Ints
from rlsabm.body.brain import iron_effect
from rlsabm.body.responses import equilibrium_prevalence
from rlsabm.compilation import compiled
from rlsabm.data import DATA
from rlsabm.data.table_reading import Code, DataTable, Number, RowKey, Text, read_table
from rlsabm.declaring.inputs import Inputs
from rlsabm.declaring.room import Making
from rlsabm.mathematics import exp, log, total

PATHWAYS = ("cns_iron", "other")
LOCI = (
    RowKey("locus"),
    Text("chromosome"),
    Number("risk_allele_frequency", 0.0, 1.0),
    Number("odds_ratio", 0.1, 10.0),
    Code("pathway", PATHWAYS),
    Text("source"),
)

#: Age (years) at which the effect of age on liability is about its mean over adults.
TYPICAL_AGE = 45
#: Points at which each of the two traits is evaluated, and how far out, in standard deviations.
POINTS, REACH = 48, 6.0
#: The covariance of the traits depends a little on the effects: they are found again so often.
ROUNDS = 4
#: Precision of the logarithm of an odds ratio, and steps in which it is surely reached.
PRECISION, MOST_STEPS = 1e-8, 60
#: Standard deviations below the one, and shares nearer to 0 or 1 than the other, count as these.
LEAST_SD, LEAST_SHARE = 0.01, 1e-12


class SteadyBrain(NamedTuple):
    """CNS iron of somebody whose supply has always been full."""

    cns_iron_exchangeable: float
    cns_iron_structural: float


@cache
def locus_table() -> DataTable:
    """The loci, as they are in their file."""
    return read_table(DATA / "loci.csv", LOCI)


def locus_names() -> list[str]:
    """Names of the loci, in the order of the bits in a person's alleles."""
    return [str(name) for name in locus_table().values("locus")]


def risk_alleles(lives: Any, locus: int) -> Ints:
    """Number of risk alleles (0 to 2) that people carry at a locus."""
    alleles = [(lives[name] >> locus) & 1 for name in ("maternal_alleles", "paternal_alleles")]
    return np.add(*alleles, dtype=np.int64)


def fill_locus_tables(making: Making) -> Mapping[str, Any]:
    """Frequency of risk alleles, and their effects on the CNS-iron trait and other liability."""
    table = locus_table()
    frequency = table.numbers("risk_allele_frequency")
    of_iron = np.array([pathway == PATHWAYS[0] for pathway in table.values("pathway")])
    effects = np.zeros((2, len(frequency)))
    find_effects(frequency, table.numbers("odds_ratio"), of_iron, effects, making.p)
    return {
        "locus_count": len(frequency),
        "allele_frequency": frequency,
        "allele_cns_iron": effects[0],
        "allele_liability": effects[1],
    }


@compiled
def parts_of_trait(sd: float, heritability: float, of_loci: float) -> tuple[float, float]:
    """Standard deviations of the polygenic part of a trait and of the rest, beside its loci."""
    genetic = max(heritability * sd * sd - of_loci, 0.0)
    return math.sqrt(genetic), math.sqrt(max(sd * sd - genetic - of_loci, 0.0))


def environmental_sd(p: Inputs) -> float:
    """Standard deviation of the part of other liability that is not inherited."""
    spread = 2.0 * p.allele_frequency * (1.0 - p.allele_frequency)
    of_loci = float(np.sum(spread * p.allele_liability**2))
    return parts_of_trait(p.other_liability_sd, p.other_liability_heritability, of_loci)[1]


@compiled
def covariance_of_traits(frequency: Floats, effects: Floats, p: Inputs) -> float:
    """Covariance of the log CNS-iron trait with other liability, which shared polygenes cause."""
    spread = 2.0 * frequency * (1.0 - frequency)
    of_trait, _ = parts_of_trait(
        p.cns_iron_trait_log_sd, p.cns_iron_trait_heritability, total(spread * effects[0] ** 2)
    )
    of_other, _ = parts_of_trait(
        p.other_liability_sd, p.other_liability_heritability, total(spread * effects[1] ** 2)
    )
    return -p.shared_polygenes_correlation * of_trait * of_other


@compiled
def long_run_prevalence(liability: float, p: Inputs) -> float:
    """Share of months with RLS at this liability, of a chain whose onset and remission may differ."""
    prevalence = equilibrium_prevalence(liability, p.per_liability_scale, p)
    with_rls = p.onset_per_month * prevalence
    return with_rls / (with_rls + p.remission_per_month * (1.0 - prevalence))


@compiled
def share_significant(mean: float, sd: float, p: Inputs) -> float:
    """Share with clinically significant RLS of people with normal liabilities."""
    low = max(p.significant_liability, mean - REACH * sd)
    step = (mean + REACH * sd - low) / POINTS
    if step <= 0.0:
        return 0.0
    share = 0.0
    for point in range(POINTS):
        liability = low + (point + 0.5) * step
        z = (liability - mean) / sd
        share += exp(-0.5 * z * z) * long_run_prevalence(liability, p)
    return share * step / (sd * math.sqrt(2.0 * math.pi))


@compiled
def share_of_genotype(
    trait: float, trait_sd: float, other: float, other_sd: float, covariance: float, p: Inputs
) -> float:
    """Share with clinically significant RLS of people with these means and spreads of the traits."""
    trait_sd = max(trait_sd, LEAST_SD)
    slope = covariance / trait_sd
    sd = max(math.sqrt(max(other_sd * other_sd - slope * slope, 0.0)), LEAST_SD)
    share, weights = 0.0, 0.0
    for point in range(POINTS):
        z = REACH * (2.0 * (point + 0.5) / POINTS - 1.0)
        iron = exp(trait + trait_sd * z)
        brain = SteadyBrain(iron, iron * p.structural_pool_norm[TYPICAL_AGE])
        liability = (
            other
            + slope * z
            + p.age_effect[TYPICAL_AGE]
            + iron_effect(brain, TYPICAL_AGE, p)
            - p.liability_threshold
        )
        weight = exp(-0.5 * z * z)
        share += weight * share_significant(liability, sd, p)
        weights += weight
    return min(max(share / weights, LEAST_SHARE), 1.0 - LEAST_SHARE)


@compiled
def odds_ratio_of_allele(
    frequency: float, on_trait: float, on_liability: float, covariance: float, p: Inputs
) -> float:
    """Odds ratio of an allele with these effects: its odds among cases, to those among all others."""
    spread = 2.0 * frequency * (1.0 - frequency)
    trait_sd = math.sqrt(max(p.cns_iron_trait_log_sd**2 - spread * on_trait**2, 0.0))
    other_sd = math.sqrt(max(p.other_liability_sd**2 - spread * on_liability**2, 0.0))
    cases, risk_alleles = 0.0, 0.0
    for copies in range(3):
        people = (1, 2, 1)[copies] * frequency**copies * (1.0 - frequency) ** (2 - copies)
        excess = copies - 2.0 * frequency
        share = share_of_genotype(
            on_trait * excess, trait_sd, on_liability * excess, other_sd, covariance, p
        )
        cases += people * share
        risk_alleles += people * share * copies
    of_cases = risk_alleles / (2.0 * cases - risk_alleles)
    of_others = (2.0 * frequency - risk_alleles) / (
        2.0 * (1.0 - cases) - (2.0 * frequency - risk_alleles)
    )
    return of_cases / of_others


@compiled
def find_effect(
    frequency: float, odds_ratio: float, of_iron: bool, largest: float, covariance: float, p: Inputs
) -> float:
    """Effect of a risk allele on its trait: that of the odds ratio, or the largest, if it is too small.

    By the method of false position, in which the value at an end that stays counts half (Illinois).
    """
    direction = 1.0 if odds_ratio > 1.0 else -1.0
    sign = -direction if of_iron else direction
    wanted = direction * p.locus_log_odds_scale * log(odds_ratio)
    low, high = 0.0, largest
    at_low, at_high = -wanted, 0.0
    size, stayed = largest, 0
    for step in range(MOST_STEPS):
        on_trait, on_liability = (sign * size, 0.0) if of_iron else (0.0, sign * size)
        found = odds_ratio_of_allele(frequency, on_trait, on_liability, covariance, p)
        excess = direction * log(found) - wanted
        if step == 0 and excess <= 0.0:
            break
        if abs(excess) < PRECISION:
            break
        if excess > 0.0:
            high, at_high = size, excess
            at_low *= 0.5 if stayed < 0 else 1.0
            stayed = -1
        else:
            low, at_low = size, excess
            at_high *= 0.5 if stayed > 0 else 1.0
            stayed = 1
        size = (low * at_high - high * at_low) / (at_high - at_low)
    return sign * size


@compiled
def find_effects(
    frequency: Floats, odds_ratio: Floats, of_iron: Bools, effects: Floats, p: Inputs
) -> None:
    """Fill effects of risk alleles on the log CNS-iron trait (first row) and on other liability.

    The loci of a trait may hold its genetic variance in equal parts at most, so that the traits keep
    the spread and the heritability of their parameters.
    """
    trait_variance = p.cns_iron_trait_heritability * p.cns_iron_trait_log_sd**2
    other_variance = p.other_liability_heritability * p.other_liability_sd**2
    loci_of_iron = total(of_iron)
    for _ in range(ROUNDS):
        covariance = covariance_of_traits(frequency, effects, p)
        for locus in range(len(frequency)):
            if of_iron[locus]:
                part = trait_variance / loci_of_iron
            else:
                part = other_variance / (len(frequency) - loci_of_iron)
            spread = 2.0 * frequency[locus] * (1.0 - frequency[locus])
            if spread == 0.0 or odds_ratio[locus] == 1.0:
                continue
            effects[0 if of_iron[locus] else 1, locus] = find_effect(
                frequency[locus],
                odds_ratio[locus],
                of_iron[locus],
                math.sqrt(part / spread),
                covariance,
                p,
            )
