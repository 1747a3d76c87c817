"""Genome and traits, against Mendel, Fisher and the formulas of the model."""

from __future__ import annotations

from math import log, sqrt
from typing import Any

import numpy as np
import pytest
from rule_tools import KEY, inputs, person, plain

from rlsabm.chance import normal, nth, once
from rlsabm.life.genome import (
    ENVIRONMENT,
    LOCUS_FOUNDER,
    LOCUS_GAMETE,
    POLYGENES,
    express_genome,
    found_genome,
    inherit_genome,
)

#: Frequency of the risk alleles, by file.
FREQUENCY = np.array([0.07, 0.70, 0.30, 0.68, 0.30, 0.50])
BITS = 2 ** np.arange(6)


def uniforms(rule: Any, *of: Any) -> tuple[float, ...]:
    return tuple(plain(rule)(np.uint64(KEY), *of))


# Founders -----------------------------------------------------------------------------------------


def test_founders_draw_both_alleles_by_frequency() -> None:
    p = inputs()
    for uid in range(1, 60):
        life, _ = person(uid=uid)
        plain(found_genome)(life, p)
        draws = [uniforms(nth, np.uint64(uid), locus, LOCUS_FOUNDER) for locus in range(6)]
        maternal = sum(int(BITS[i]) for i, draw in enumerate(draws) if draw[0] < FREQUENCY[i])
        paternal = sum(int(BITS[i]) for i, draw in enumerate(draws) if draw[1] < FREQUENCY[i])
        assert (life.maternal_alleles, life.paternal_alleles) == (maternal, paternal)
        first, second, _, _ = uniforms(once, np.uint64(uid), POLYGENES)
        assert life.cns_iron_polygenes == pytest.approx(plain(normal)(first), rel=1e-5)
        assert life.other_polygenes == pytest.approx(plain(normal)(second), rel=1e-5)


def test_founders_have_the_frequencies_of_the_file() -> None:
    p = inputs()
    copies = np.zeros(6)
    for uid in range(1, 1201):
        life, _ = person(uid=uid)
        plain(found_genome)(life, p)
        for alleles in (life.maternal_alleles, life.paternal_alleles):
            copies += (int(alleles) >> np.arange(6)) & 1
    error = np.sqrt(FREQUENCY * (1 - FREQUENCY) / 2400)
    assert (np.abs(copies / 2400 - FREQUENCY) < 3.5 * error).all()


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
    plain(express_genome)(life, inputs(**(values or {})))
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
        plain(found_genome)(life, p)
        plain(express_genome)(life, p)
        traits.append((log(life.cns_iron_trait), float(life.other_liability)))
    sd = np.std(traits, axis=0)
    assert sd == pytest.approx([0.30, 1.25], rel=0.075)
    assert np.abs(np.mean(traits, axis=0) / sd).max() < 0.11
