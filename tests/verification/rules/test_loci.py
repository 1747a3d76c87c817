"""Effects of risk alleles: what studies would find is what was published."""

from __future__ import annotations

from math import erf, exp, sqrt
from typing import Any

import numpy as np
import pytest
from rule_tools import STEEP, inputs, plain

from rlsabm.body.symptoms import next_state
from rlsabm.life import loci
from rlsabm.life.loci import (
    covariance_of_traits,
    find_effect,
    find_effects,
    locus_names,
    long_run_prevalence,
    odds_ratio_of_allele,
    parts_of_trait,
    risk_alleles,
    share_of_genotype,
    share_significant,
)
from rlsabm.person import LIFE, newborn_records

#: Loci by file: frequency of the risk allele, odds ratio, whether it acts by CNS iron.
PUBLISHED = [(0.07, 1.83, True), (0.70, 1.64, True), (0.30, 1.18, False), (0.68, 1.27, False),
             (0.30, 1.35, False), (0.50, 1.23, False)]  # fmt: skip
FREQUENCY = np.array([locus[0] for locus in PUBLISHED])
SPREAD = 2 * FREQUENCY * (1 - FREQUENCY)
SETS: list[dict[str, float]] = [
    {"deficit_effect": 3.0, "locus_log_odds_scale": 1.0},
    STEEP,
    {"onset_per_month": 0.1, "remission_per_month": 0.5, "structural_deficit_effect": 3.0},
]


# Shares with clinically significant RLS -----------------------------------------------------------


def test_long_run_prevalence_is_that_of_the_chain() -> None:
    """A share that a month of onset and remission leaves as it is."""
    p = inputs(onset_per_month=0.1, remission_per_month=0.5)
    for liability in (-2.0, -0.4, 0.0, 0.3, 1.5):
        share = plain(long_run_prevalence)(liability, p)
        prevalence = 1 / (1 + exp(-liability / p.liability_scale))
        u = (np.arange(1000) + 0.5) / 1000
        stays = np.mean([plain(next_state)(1, prevalence, each, p) for each in u])
        begins = np.mean([plain(next_state)(0, prevalence, each, p) for each in u])
        assert share * stays + (1 - share) * begins == pytest.approx(share, abs=1.1e-3)


def above(limit: float, mean: float, sd: float) -> float:
    """Share of a normal distribution above a limit."""
    return 0.5 * (1 - erf((limit - mean) / sd / sqrt(2)))


def test_with_a_steep_link_the_share_is_that_above_the_limit() -> None:
    p = inputs(liability_scale=0.1, significant_liability=1.5)
    for mean, sd in ((-1.0, 1.0), (0.0, 1.5), (2.5, 0.4), (4.0, 0.3)):
        found = plain(share_significant)(mean, sd, p)
        assert found == pytest.approx(above(1.5, mean, sd), rel=3e-3)


def test_nobody_far_below_the_limit_has_clinically_significant_rls() -> None:
    assert plain(share_significant)(-20.0, 1.0, inputs()) == 0.0


def dense_share(
    trait: float, trait_sd: float, other: float, other_sd: float, covariance: float, p: Any
) -> float:
    """The same by a dense grid of both traits, from the formulas of the model written out."""
    z = np.linspace(-7, 7, 701)[:, None]
    weight = np.exp(-0.5 * z**2)
    lacking = np.maximum(1 - np.exp(trait + trait_sd * z), 0.0)
    deficit = p.deficit_effect * lacking**2 * (1 - p.deficit_convexity * (1 - lacking))
    deficit += p.structural_deficit_effect * lacking
    slope = covariance / trait_sd
    sd = sqrt(other_sd**2 - slope**2)
    age = p.age_liability * (45 - 20) / (64 - 20)
    mean = other + slope * z + age + deficit - p.liability_threshold
    top = p.significant_liability + np.linspace(0, 25, 1251)[None, :-1] + 0.01
    odds = np.exp(np.minimum(top / p.liability_scale, 500)) * p.onset_per_month
    odds /= p.remission_per_month
    density = np.exp(-0.5 * ((top - mean) / sd) ** 2) / (sd * sqrt(2 * np.pi))
    shares = (density * odds / (1 + odds)).sum(axis=1, keepdims=True) * 0.02
    return float((weight * shares).sum() / weight.sum())


@pytest.mark.parametrize("values", SETS)
def test_share_of_a_genotype_is_the_mean_over_both_traits(values: dict[str, float]) -> None:
    p = inputs(**values)
    for of in ((0.0, 0.3, 0.0, 1.25, -0.1), (-0.4, 0.25, 0.2, 1.0, -0.15), (0.3, 0.5, 0, 1, 0.0)):
        assert plain(share_of_genotype)(*of, p) == pytest.approx(dense_share(*of, p), rel=0.01)


# Odds ratios --------------------------------------------------------------------------------------


def dense_odds_ratio(locus: int, effects: Any, covariance: float, p: Any) -> float:
    """Odds of carrying the risk allele in cases, to those in all others."""
    f, spread = FREQUENCY[locus], SPREAD[locus]
    on_trait, on_other = effects[:, locus]
    sds = (
        sqrt(p.cns_iron_trait_log_sd**2 - spread * on_trait**2),
        sqrt(p.other_liability_sd**2 - spread * on_other**2),
    )
    people = np.array([(1 - f) ** 2, spread, f**2])
    share = np.array(
        [
            dense_share(
                on_trait * (g - 2 * f), sds[0], on_other * (g - 2 * f), sds[1], covariance, p
            )
            for g in range(3)
        ]
    )
    odds = [(people * each * [0, 1, 2]).sum() / (people * each * [2, 1, 0]).sum()
            for each in (share, 1 - share)]  # fmt: skip
    return float(odds[0] / odds[1])


@pytest.mark.parametrize("values", SETS)
def test_loci_have_their_published_odds_ratios(values: dict[str, float]) -> None:
    p = inputs(find_loci=True, **values)
    assert p.locus_count == 6
    assert p.allele_frequency[:6] == pytest.approx(FREQUENCY)
    effects = np.stack([p.allele_cns_iron, p.allele_liability])[:, :6]
    parts = [
        plain(parts_of_trait)(sd, heritability, (SPREAD * effects[row] ** 2).sum())[0]
        for row, (sd, heritability) in enumerate(
            [
                (p.cns_iron_trait_log_sd, p.cns_iron_trait_heritability),
                (p.other_liability_sd, p.other_liability_heritability),
            ]
        )
    ]
    covariance = -p.shared_polygenes_correlation * parts[0] * parts[1]
    assert plain(covariance_of_traits)(FREQUENCY, effects, p) == pytest.approx(covariance)
    for locus, (_, published, of_iron) in enumerate(PUBLISHED):
        assert (effects[:, locus] != 0).tolist() == [of_iron, not of_iron]
        found = dense_odds_ratio(locus, effects, covariance, p)
        wanted = published**p.locus_log_odds_scale
        assert found == pytest.approx(wanted, rel=0.003), locus_names()[locus]


def test_risk_alleles_lower_the_trait_and_raise_liability() -> None:
    p = inputs(find_loci=True)
    assert (p.allele_cns_iron[:2] < 0).all()
    assert (p.allele_liability[2:6] > 0).all()


def test_an_allele_that_protects_has_the_opposite_effect() -> None:
    p = inputs()
    for of_iron in (True, False):
        found = [find_effect(0.4, odds, of_iron, 0.3, 0.0, p) for odds in (0.8, 1.25)]
        assert found[0] * found[1] < 0
        pair = (found[0], 0.0) if of_iron else (0.0, found[0])
        wanted = 0.8**p.locus_log_odds_scale
        assert plain(odds_ratio_of_allele)(0.4, *pair, 0.0, p) == pytest.approx(wanted, abs=1e-6)


def test_an_allele_without_odds_or_without_carriers_has_no_effect() -> None:
    for frequency, odds in ((0.3, 1.0), (0.0, 1.5), (1.0, 1.5)):
        effects = np.zeros((2, 1))
        for of_iron in (True, False):
            of = np.array([frequency]), np.array([odds]), np.array([of_iron])
            plain(find_effects)(*of, effects, inputs())
            assert not effects.any()


def test_where_no_effect_is_large_enough_alleles_hold_equal_parts_of_the_genetic_variance() -> None:
    """Without an effect of deficits no allele of CNS iron has an odds ratio; both have h² x SD² / 2."""
    p = inputs(find_loci=True, deficit_effect=0.0, structural_deficit_effect=0.0)
    assert -p.allele_cns_iron[:2] == pytest.approx(np.sqrt(0.6 * 0.3**2 / 2 / SPREAD[:2]))
    weak = inputs(find_loci=True, other_liability_heritability=0.001)
    assert weak.allele_liability[2:6] == pytest.approx(np.sqrt(0.001 * 1.25**2 / 4 / SPREAD[2:6]))


def test_without_heritability_there_are_no_effects() -> None:
    p = inputs(find_loci=True, cns_iron_trait_heritability=0.0, other_liability_heritability=0.0)
    assert not p.allele_cns_iron.any()
    assert not p.allele_liability.any()


@pytest.mark.parametrize(
    "values",
    [
        dict(deficit_effect=20, structural_deficit_effect=10, cns_iron_trait_log_sd=0.8),
        dict(liability_threshold=8, other_liability_sd=0.1, cns_iron_trait_log_sd=0.05),
        dict(liability_threshold=0, other_liability_sd=4.0, liability_scale=2.0),
        dict(significant_liability=5.0, weekly_liability=5.0, other_liability_sd=0.1),
        dict(significant_liability=-5.0, liability_scale=0.1, onset_per_month=0.01),
        dict(other_liability_heritability=1.0, cns_iron_trait_heritability=1.0,
             shared_polygenes_correlation=0.95),
    ],
)  # fmt: skip
def test_effects_are_finite_and_within_the_genetic_variance(values: dict[str, float]) -> None:
    p = inputs(find_loci=True, **values)
    for effects, sd, heritability in (
        (p.allele_cns_iron[:6], p.cns_iron_trait_log_sd, p.cns_iron_trait_heritability),
        (p.allele_liability[:6], p.other_liability_sd, p.other_liability_heritability),
    ):
        assert np.isfinite(effects).all()
        assert (SPREAD * effects**2).sum() <= heritability * sd**2 * (1 + 1e-9)


def test_where_nobody_or_everybody_is_a_case_there_are_no_odds() -> None:
    for threshold, significant in ((50.0, 1.0), (-50.0, -5.0)):
        p = inputs(significant_liability=significant)
        p.liability_threshold = threshold
        for pair in ((-0.2, 0.0), (0.0, 0.4)):
            assert plain(odds_ratio_of_allele)(0.3, *pair, 0.0, p) == pytest.approx(1.0, rel=1e-3)


# Parts and people ---------------------------------------------------------------------------------


def test_a_trait_has_the_variance_and_heritability_of_its_parameters() -> None:
    for of_loci in (0.0, 0.1, 0.54):
        genetic, rest = plain(parts_of_trait)(0.9486833, 0.6, of_loci)
        assert genetic**2 + of_loci == pytest.approx(0.54, rel=1e-6)
        assert rest**2 == pytest.approx(0.36, rel=1e-6)


def test_risk_alleles_are_counted_by_locus() -> None:
    lives = newborn_records(LIFE, 3)
    lives["maternal_alleles"], lives["paternal_alleles"] = [0b01, 0b10, 0b11], [0b01, 0b00, 0b10]
    assert risk_alleles(lives, 0).tolist() == [2, 0, 1]
    assert risk_alleles(lives, 1).tolist() == [0, 1, 2]
    assert locus_names()[:2] == ["MEIS1", "BTBD9"]


def test_the_typical_age_has_about_the_mean_effect_of_age() -> None:
    p = inputs()
    assert p.age_effect[loci.TYPICAL_AGE] == pytest.approx(p.age_effect[20:80].mean(), abs=0.05)
