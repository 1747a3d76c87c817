"""Genome: RLS loci and polygenic backgrounds, inherited from both parents, and the traits they make.

Founders are a stratified sample of the genomes that there are: of 31 who follow one another, each has
another 31st of the distribution of each gene, in an order by chance that differs from gene to gene.
Each founder has any genome with its probability, but together they are nearer to the expected
frequencies and means than independent draws would be, so that replicates differ less by their founders.

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
from rlsabm.declaring.fields import Field
from rlsabm.declaring.inputs import Inputs
from rlsabm.declaring.parameter import Parameter as P
from rlsabm.declaring.room import PersonColumn, Room
from rlsabm.declaring.sources import CSF_FERRITIN_IN_RLS, RISK_ALLELES
from rlsabm.declaring.tables import SCALAR, Table
from rlsabm.life.loci import fill_locus_tables, parts_of_trait
from rlsabm.mathematics import exp

LOCUS_FOUNDER = chance.register(
    "locus of a founder", 10, "nth", "maternal and paternal allele, -, -"
)
LOCUS_GAMETE = chance.register(
    "locus in gametes", 11, "nth", "allele of the mother, of the father, -, -"
)
POLYGENES = chance.register("polygenes", 12, "once", "segregation: CNS iron, other liability, -, -")
ENVIRONMENT = chance.register(
    "environment", 13, "once", "CNS iron; other liability at birth, time until it changes, -"
)
STRATA_OF_FOUNDERS = chance.register(
    "strata of founders", 24, "nth", "slope and shift of the first gene of two, of the second"
)

SEGREGATION_SD = math.sqrt(0.5)
MOST_LOCI = 16
#: Founders among whom strata are divided: a prime, so that the order of any two of them is by chance.
STRATA = 31

_LIFE_FIELDS = (
    Field("maternal_alleles", "u2", "bits", "risk alleles from the mother, one bit a locus"),
    Field("paternal_alleles", "u2", "bits", "risk alleles from the father, one bit a locus"),
    Field("cns_iron_polygenes", "f4", "SD", "polygenic background of CNS iron"),
    Field("other_polygenes", "f4", "SD", "polygenic background of other liability"),
    Field(
        "cns_iron_trait",
        "f4",
        "ratio",
        "CNS iron at full supply (theta), typical person = 1; below 1 it is marginal",
        lower=0,
    ),
    Field("other_liability", "f4", "liability", "liability that iron does not explain (lambda)"),
)
_PARAMETERS = (
    P("cns_iron_trait_log_sd", 0.381, "1", "normal", 0.08, 0.0, 0.8,
      "Standard deviation between people of the logarithm of the CNS-iron trait.",
      f"assumed wide, because {CSF_FERRITIN_IN_RLS}", centre=0.38),
    P("cns_iron_trait_heritability", 0.653, "1", "normal", 0.1, 0.0, 1.0,
      "Genetic share of the variance of the logarithm of the CNS-iron trait.",
      "assumed, see other_liability_heritability", centre=0.6),
    P("shared_polygenes_correlation", 0.716, "1", "normal", 0.12, 0.0, 0.95,
      "Genetic correlation of low CNS iron with other liability.", "assumed", centre=0.7),
    P("other_liability_sd", 1.5, "units of liability", "normal", 0.2, 0.1, 4.0,
      "Standard deviation between people of liability that iron does not explain.",
      "assumed, from a trial of the equations", centre=1.55),
    P("other_liability_heritability", 0.626, "1", "normal", 0.08, 0.0, 1.0,
      "Genetic share of the variance of liability that iron does not explain.",
      "Desai 2004 doi 10.1375/1369052042663841: 0.54 of all liability", centre=0.6),
    P("locus_log_odds_scale", 1.14, "1", "normal", 0.08, 0.5, 2.0,
      "Logarithms of the odds ratios that risk alleles have in adults with full iron supply and "
      "without other loads, relative to the published ones of all people.",
      f"set to {RISK_ALLELES}", centre=1.15),
)  # fmt: skip

GENOME = Room(
    title="genome",
    life_fields=_LIFE_FIELDS,
    parameters=_PARAMETERS,
    tables=(
        Table("locus_count", SCALAR, "number of loci", "i8"),
        Table("allele_frequency", (MOST_LOCI,), "frequency of the risk allele"),
        Table("allele_cns_iron", (MOST_LOCI,), "effect of a risk allele on the log CNS-iron trait"),
        Table("allele_liability", (MOST_LOCI,), "effect of a risk allele on other liability"),
    ),
    fill=fill_locus_tables,
    columns=(
        PersonColumn(
            "cns_iron_trait",
            "ratio",
            "CNS iron at full supply, typical person = 1; below 1 it is marginal",
            lambda people: people.cns_iron_trait,
            type="number",
        ),
        PersonColumn(
            "other_liability",
            "liability",
            "liability that iron does not explain",
            lambda people: people.other_liability,
            type="number",
        ),
    ),
)


@compiled
def stratified(u: float, place: int, slope: float, shift: float) -> float:
    """The uniform ``u`` within the stratum of this place; two further uniforms deal out the strata."""
    stratum = (place * (1 + int(slope * (STRATA - 1))) + int(shift * STRATA)) % STRATA
    return (stratum + u) / STRATA


@compiled
def found_genome(life: Any, first_uid: Word, place: int, p: Inputs) -> None:
    """Genome of a person without parents, at this place behind the first who shares the strata."""
    maternal = 0
    paternal = 0
    for locus in range(p.locus_count):
        mother, father, _, _ = chance.nth(p.key, life.uid, locus, LOCUS_FOUNDER)
        strata = chance.nth(p.key, first_uid, locus, STRATA_OF_FOUNDERS)
        if stratified(mother, place, strata[0], strata[1]) < p.allele_frequency[locus]:
            maternal |= 1 << locus
        if stratified(father, place, strata[2], strata[3]) < p.allele_frequency[locus]:
            paternal |= 1 << locus
    life.maternal_alleles = maternal
    life.paternal_alleles = paternal
    cns_iron, other, _, _ = chance.once(p.key, life.uid, POLYGENES)
    strata = chance.nth(p.key, first_uid, MOST_LOCI, STRATA_OF_FOUNDERS)
    life.cns_iron_polygenes = normal(stratified(cns_iron, place, strata[0], strata[1]))
    life.other_polygenes = normal(stratified(other, place, strata[2], strata[3]))


@compiled
def inherit_genome(life: Any, mother: Any, father: Any, genome_uid: Word, p: Inputs) -> None:
    """Genome of a child; ``genome_uid`` is its own uid, or its monozygotic twin's."""
    maternal = 0
    paternal = 0
    for locus in range(p.locus_count):
        of_mother, of_father, _, _ = chance.nth(p.key, genome_uid, locus, LOCUS_GAMETE)
        alleles = mother.maternal_alleles if of_mother < 0.5 else mother.paternal_alleles
        maternal |= alleles & (1 << locus)
        alleles = father.maternal_alleles if of_father < 0.5 else father.paternal_alleles
        paternal |= alleles & (1 << locus)
    life.maternal_alleles = maternal
    life.paternal_alleles = paternal
    cns_iron, other, _, _ = chance.once(p.key, genome_uid, POLYGENES)
    life.cns_iron_polygenes = 0.5 * (
        mother.cns_iron_polygenes + father.cns_iron_polygenes
    ) + SEGREGATION_SD * normal(cns_iron)
    life.other_polygenes = 0.5 * (
        mother.other_polygenes + father.other_polygenes
    ) + SEGREGATION_SD * normal(other)


@compiled
def express_genome(life: Any, p: Inputs) -> None:
    """The CNS-iron trait of a genome in its environment, and the liability that is inherited."""
    log_trait = 0.0
    liability = 0.0
    log_trait_variance = 0.0
    liability_variance = 0.0
    for locus in range(p.locus_count):
        frequency = p.allele_frequency[locus]
        copies = ((life.maternal_alleles >> locus) & 1) + ((life.paternal_alleles >> locus) & 1)
        excess = copies - 2.0 * frequency
        spread = 2.0 * frequency * (1.0 - frequency)
        log_trait += p.allele_cns_iron[locus] * excess
        liability += p.allele_liability[locus] * excess
        log_trait_variance += spread * p.allele_cns_iron[locus] ** 2
        liability_variance += spread * p.allele_liability[locus] ** 2

    of_trait, _, _, _ = chance.once(p.key, life.uid, ENVIRONMENT)
    genetic, rest = parts_of_trait(
        p.cns_iron_trait_log_sd, p.cns_iron_trait_heritability, log_trait_variance
    )
    life.cns_iron_trait = exp(
        log_trait + genetic * life.cns_iron_polygenes + rest * normal(of_trait)
    )
    shared = p.shared_polygenes_correlation
    polygenes = (
        math.sqrt(1.0 - shared * shared) * life.other_polygenes - shared * life.cns_iron_polygenes
    )
    genetic, _ = parts_of_trait(
        p.other_liability_sd, p.other_liability_heritability, liability_variance
    )
    life.other_liability = liability + genetic * polygenes
