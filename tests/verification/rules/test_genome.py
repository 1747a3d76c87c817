"""Genome and traits, against Mendel, Fisher and the formulas of the model."""

from __future__ import annotations

from math import erf, log, sqrt
from typing import Any

import numpy as np
import pytest
from rule_tools import KEY, inputs, person, plain

from rlsabm.chance import normal, nth, once
from rlsabm.life.environment import be_born_into_environment
from rlsabm.life.genome import (
    ENVIRONMENT,
    LOCUS_FOUNDER,
    LOCUS_GAMETE,
    POLYGENES,
    STRATA,
    STRATA_OF_FOUNDERS,
    express_genome,
    found_genome,
    inherit_genome,
    stratified,
)

#: Frequency of the risk alleles, by file.
FREQUENCY = np.array([0.07, 0.70, 0.30, 0.68, 0.30, 0.50])
BITS = 2 ** np.arange(6)


def uniforms(rule: Any, *of: Any) -> tuple[float, ...]:
    return tuple(plain(rule)(np.uint64(KEY), *of))


# Founders -----------------------------------------------------------------------------------------


def founder(place: int, group: int = 7, p: Any = None) -> Any:
    """A founder at a place among those who share strata."""
    life, _ = person(uid=1000 * group + place)
    plain(found_genome)(life, np.uint64(group), place, inputs() if p is None else p)
    return life


def test_strata_are_dealt_out_once_each_in_an_order_by_chance() -> None:
    """A multiple of the place, and a shift, to the remainder by 31."""
    assert STRATA == 31
    for slope, shift in ((0.0, 0.0), (0.3, 0.9), (0.999, 0.5), (0.5, 0.999)):
        found = [plain(stratified)(0.4, place, slope, shift) for place in range(31)]
        expected = [(place * (1 + int(30 * slope)) + int(31 * shift)) % 31 for place in range(31)]
        assert found == pytest.approx([(stratum + 0.4) / 31 for stratum in expected])
        assert sorted(expected) == list(range(31))


def test_strata_of_two_founders_are_any_two_with_even_odds() -> None:
    """All 31 x 30 pairs of strata, each by one slope and shift."""
    grid = (np.arange(31 * 30) + 0.5) / (31 * 30)
    slopes, shifts = np.unique((grid * 30).astype(int)), np.unique((grid * 31).astype(int))
    pairs = {
        tuple(
            int(31 * plain(stratified)(0.5, place, (slope + 0.5) / 30, (shift + 0.5) / 31))
            for place in (4, 11)
        )
        for slope in slopes
        for shift in shifts
    }
    assert len(pairs) == 31 * 30


def test_founders_draw_both_alleles_by_frequency() -> None:
    for place in range(31):
        life = founder(place)
        alleles = []
        for kind in (0, 1):
            bits = 0
            for locus in range(6):
                draw = uniforms(nth, life.uid, locus, LOCUS_FOUNDER)[kind]
                strata = uniforms(nth, np.uint64(7), locus, STRATA_OF_FOUNDERS)
                u = plain(stratified)(draw, place, *strata[2 * kind : 2 * kind + 2])
                bits |= int(BITS[locus]) if u < FREQUENCY[locus] else 0
            alleles.append(bits)
        assert [life.maternal_alleles, life.paternal_alleles] == alleles
        draws = uniforms(once, life.uid, POLYGENES)
        strata = uniforms(nth, np.uint64(7), 16, STRATA_OF_FOUNDERS)
        for kind, name in enumerate(("cns_iron_polygenes", "other_polygenes")):
            u = plain(stratified)(draws[kind], place, *strata[2 * kind : 2 * kind + 2])
            assert life[name] == pytest.approx(plain(normal)(u), rel=1e-5)


def test_founders_who_share_strata_have_the_frequencies_of_the_file() -> None:
    """Of 31 alleles at most one more or less than expected; of polygenes one in each 31st."""
    for group in range(1, 12):
        founders = [founder(place, group) for place in range(31)]
        for name in ("maternal_alleles", "paternal_alleles"):
            carried = np.array([int(life[name]) for life in founders])[:, None] >> np.arange(6) & 1
            assert (np.abs(carried.sum(axis=0) - 31 * FREQUENCY) < 1.0).all()
        for name in ("cns_iron_polygenes", "other_polygenes"):
            values = np.array([life[name] for life in founders])
            quantile = np.array([0.5 * (1 + erf(value / sqrt(2))) for value in values])
            assert sorted((31 * quantile).astype(int)) == list(range(31))


def test_strata_of_genes_and_groups_are_independent() -> None:
    """Correlations of 600 founders between alleles and backgrounds are as of independent draws."""
    values = []
    for group in range(1, 21):
        for place in range(30):
            life = founder(place, group)
            alleles = [int(life.maternal_alleles), int(life.paternal_alleles)]
            bits = [each >> locus & 1 for each in alleles for locus in range(6)]
            values.append([*bits, life.cns_iron_polygenes, life.other_polygenes])
    correlation = np.corrcoef(np.array(values, float).T) - np.eye(14)
    assert np.abs(correlation).max() < 4.0 / sqrt(600)


# Children -----------------------------------------------------------------------------------------


def child(uid: int, mother: dict[str, Any], father: dict[str, Any]) -> Any:
    life, _ = person(uid=999)
    plain(inherit_genome)(
        life, person(uid=2, **mother)[0], person(uid=3, **father)[0], np.uint64(uid), inputs()
    )
    return life


def test_a_child_gets_one_of_two_alleles_of_each_parent() -> None:
    mother = dict(maternal_alleles=0b000111, paternal_alleles=0b001001)
    father = dict(maternal_alleles=0b110000, paternal_alleles=0b010010)
    for uid in range(1, 80):
        life = child(uid, mother, father)
        draws = [uniforms(nth, np.uint64(uid), locus, LOCUS_GAMETE) for locus in range(6)]
        maternal = sum(
            int(BITS[i]) & (0b000111 if draw[0] < 0.5 else 0b001001) for i, draw in enumerate(draws)
        )
        paternal = sum(
            int(BITS[i]) & (0b110000 if draw[1] < 0.5 else 0b010010) for i, draw in enumerate(draws)
        )
        assert (life.maternal_alleles, life.paternal_alleles) == (maternal, paternal)


def test_what_both_parents_lack_or_carry_twice_the_child_has_so() -> None:
    both = dict(maternal_alleles=0b101010, paternal_alleles=0b101010)
    life = child(5, both, both)
    assert life.maternal_alleles == life.paternal_alleles == 0b101010


@pytest.mark.parametrize("name", ["cns_iron_polygenes", "other_polygenes"])
def test_polygenes_are_the_middle_of_the_parents_and_segregation(name: str) -> None:
    """Segregation has half of the founders' variance."""
    place = ("cns_iron_polygenes", "other_polygenes").index(name)
    for uid in (4, 5, 6):
        life = child(uid, {name: 1.2}, {name: -0.4})
        z = plain(normal)(uniforms(once, np.uint64(uid), POLYGENES)[place])
        assert life[name] == pytest.approx(0.4 + sqrt(0.5) * z, rel=1e-5)


# Traits -------------------------------------------------------------------------------------------


def expressed(uid: int = 1, values: dict[str, float] | None = None, **genome: Any) -> Any:
    life, _ = person(uid=uid, **genome)
    p = inputs(**(values or {}))
    plain(express_genome)(life, p)
    plain(be_born_into_environment)(life, p)
    return life


def parts(values: dict[str, float]) -> tuple[float, float, float, float]:
    """Genetic and other standard deviation of ln trait, and of other liability, by hand."""
    p = inputs(**values)
    spread = 2 * FREQUENCY * (1 - FREQUENCY)
    found = []
    for effects, sd, heritability in (
        (p.allele_cns_iron[:6], p.cns_iron_trait_log_sd, p.cns_iron_trait_heritability),
        (p.allele_liability[:6], p.other_liability_sd, p.other_liability_heritability),
    ):
        of_loci = (spread * effects**2).sum()
        genetic = max(heritability * sd**2 - of_loci, 0)
        found += [sqrt(genetic), sqrt(max(sd**2 - genetic - of_loci, 0))]
    return found[0], found[1], found[2], found[3]


GENOME = dict(maternal_alleles=0b011011, paternal_alleles=0b010001, cns_iron_polygenes=0.7,
              other_polygenes=-0.5)  # fmt: skip
COPIES = np.array([2, 1, 0, 1, 2, 0])


@pytest.mark.parametrize(
    "values",
    [
        {}, {"cns_iron_trait_heritability": 0.3, "other_liability_heritability": 0.9},
        {"shared_polygenes_correlation": 0.0}, {"cns_iron_trait_heritability": 0.0},
        {"other_liability_heritability": 0.0}, {"other_liability_heritability": 1.0},
        {"cns_iron_trait_heritability": 1.0},
    ],
)  # fmt: skip
def test_traits_are_the_sum_of_loci_polygenes_and_environment(values: dict[str, float]) -> None:
    p = inputs(**values)
    trait_g, trait_e, liability_g, liability_e = parts(values)
    r = p.shared_polygenes_correlation
    for uid in (1, 2, 3):
        life = expressed(uid, values, **GENOME)
        first, second, _, _ = uniforms(once, np.uint64(uid), ENVIRONMENT)
        excess = COPIES - 2 * FREQUENCY
        log_trait = (p.allele_cns_iron[:6] * excess).sum() + trait_g * 0.7
        log_trait += trait_e * plain(normal)(first)
        assert log(life.cns_iron_trait) == pytest.approx(log_trait, abs=2e-6)
        liability = (p.allele_liability[:6] * excess).sum()
        liability += liability_g * (sqrt(1 - r**2) * -0.5 - r * 0.7)
        liability += liability_e * plain(normal)(second)
        assert life.other_liability == pytest.approx(liability, abs=2e-6)


def test_risk_alleles_lower_the_trait_or_raise_liability() -> None:
    without = expressed()
    iron = expressed(maternal_alleles=0b1)
    other = expressed(paternal_alleles=0b100)
    assert iron.cns_iron_trait < without.cns_iron_trait
    assert iron.other_liability == without.other_liability
    assert other.other_liability > without.other_liability
    assert other.cns_iron_trait == without.cns_iron_trait


def test_genes_of_low_cns_iron_go_with_other_liability() -> None:
    low, high = expressed(cns_iron_polygenes=-1.0), expressed(cns_iron_polygenes=1.0)
    assert low.cns_iron_trait < high.cns_iron_trait
    assert low.other_liability > high.other_liability


def test_traits_of_founders_have_their_spread() -> None:
    p = inputs()
    traits = []
    for uid in range(1, 1001):
        life, _ = person(uid=uid)
        plain(found_genome)(life, np.uint64(uid), 0, p)
        plain(express_genome)(life, p)
        plain(be_born_into_environment)(life, p)
        traits.append((log(life.cns_iron_trait), float(life.other_liability)))
    sd = np.std(traits, axis=0)
    assert sd == pytest.approx([0.30, 1.25], rel=0.075)
    assert np.abs(np.mean(traits, axis=0) / sd).max() < 0.11
