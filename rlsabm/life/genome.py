"""Genome: RLS loci and polygenic backgrounds, inherited from both parents, and the traits they make.

Loci: founders in Hardy-Weinberg proportions; a child gets one of two alleles of each parent, loci
being far apart. Backgrounds: mid-parent value plus segregation, in units of the founders' standard
deviation. Monozygotic twins share the genome of the first twin.
"""

from __future__ import annotations

import math
from typing import Any

from rlsabm import chance
from rlsabm.chance import Word, normal
from rlsabm.compilation import compiled
from rlsabm.mathematics import exp
from rlsabm.parameters.tables import Tables
from rlsabm.parameters.values import Values

SEGREGATION_SD = math.sqrt(0.5)


@compiled
def found_genome(life: Any, key: Word, tables: Tables) -> None:
    """Genome of a person without parents."""
    maternal = 0
    paternal = 0
    for locus in range(tables.loci):
        mother, father, _, _ = chance.nth(key, life.uid, locus, chance.LOCUS_FOUNDER)
        if mother < tables.allele_frequency[locus]:
            maternal |= 1 << locus
        if father < tables.allele_frequency[locus]:
            paternal |= 1 << locus
    life.maternal_alleles = maternal
    life.paternal_alleles = paternal
    cns_iron, other, _, _ = chance.once(key, life.uid, chance.POLYGENES)
    life.cns_iron_polygenes = normal(cns_iron)
    life.other_polygenes = normal(other)


@compiled
def inherit_genome(
    life: Any, mother: Any, father: Any, genome_uid: Word, key: Word, tables: Tables
) -> None:
    """Genome of a child; ``genome_uid`` is its own uid, or its monozygotic twin's."""
    maternal = 0
    paternal = 0
    for locus in range(tables.loci):
        of_mother, of_father, _, _ = chance.nth(key, genome_uid, locus, chance.LOCUS_GAMETE)
        alleles = mother.maternal_alleles if of_mother < 0.5 else mother.paternal_alleles
        maternal |= alleles & (1 << locus)
        alleles = father.maternal_alleles if of_father < 0.5 else father.paternal_alleles
        paternal |= alleles & (1 << locus)
    life.maternal_alleles = maternal
    life.paternal_alleles = paternal
    cns_iron, other, _, _ = chance.once(key, genome_uid, chance.POLYGENES)
    life.cns_iron_polygenes = 0.5 * (
        mother.cns_iron_polygenes + father.cns_iron_polygenes
    ) + SEGREGATION_SD * normal(cns_iron)
    life.other_polygenes = 0.5 * (
        mother.other_polygenes + father.other_polygenes
    ) + SEGREGATION_SD * normal(other)


@compiled
def express_genome(life: Any, key: Word, tables: Tables, p: Values) -> None:
    """The CNS-iron trait and other liability of a genome in its environment."""
    log_trait = 0.0
    liability = 0.0
    log_trait_variance = 0.0
    liability_variance = 0.0
    for locus in range(tables.loci):
        frequency = tables.allele_frequency[locus]
        copies = ((life.maternal_alleles >> locus) & 1) + ((life.paternal_alleles >> locus) & 1)
        excess = copies - 2.0 * frequency
        spread = 2.0 * frequency * (1.0 - frequency)
        log_trait += tables.allele_cns_iron[locus] * excess
        liability += tables.allele_liability[locus] * excess
        log_trait_variance += spread * tables.allele_cns_iron[locus] ** 2
        liability_variance += spread * tables.allele_liability[locus] ** 2

    of_trait, of_liability, _, _ = chance.once(key, life.uid, chance.ENVIRONMENT)
    variance = p.cns_iron_trait_log_sd**2
    genetic = max(p.cns_iron_trait_heritability * variance - log_trait_variance, 0.0)
    rest = max(variance - genetic - log_trait_variance, 0.0)
    life.cns_iron_trait = exp(
        log_trait
        + math.sqrt(genetic) * life.cns_iron_polygenes
        + math.sqrt(rest) * normal(of_trait)
    )
    shared = p.shared_polygenes_correlation
    polygenes = (
        math.sqrt(1.0 - shared * shared) * life.other_polygenes - shared * life.cns_iron_polygenes
    )
    variance = p.other_liability_sd**2
    genetic = max(p.other_liability_heritability * variance - liability_variance, 0.0)
    rest = max(variance - genetic - liability_variance, 0.0)
    life.other_liability = (
        liability + math.sqrt(genetic) * polygenes + math.sqrt(rest) * normal(of_liability)
    )
