"""Genotypes at the RLS loci by case status, as a genome-wide association study would count them."""

from __future__ import annotations

import numpy as np

from rlsabm.life.loci import locus_names, risk_alleles
from rlsabm.measuring.cases import DEFINITIONS, RECALLS
from rlsabm.results.columns import CASE, KEYS
from rlsabm.results.combining import Added
from rlsabm.results.contents import Contents
from rlsabm.results.observed import Observed
from rlsabm.results.table import Column, Kind, ResultTable
from rlsabm.results.totals import ADULT_AGE, NO_TOTALS


def count_loci(observed: Observed) -> Contents:
    """Adults, and cases among them, by locus and number of risk alleles.

    Genotypes that nobody has count zero persons.
    """
    survey, cases = observed.survey, observed.cases
    adult = survey.age >= ADULT_AGE
    loci = range(len(locus_names()))
    copies = [risk_alleles(survey.lives, locus)[adult] for locus in loci]
    shape = (len(DEFINITIONS), len(RECALLS), len(cases.bits), len(loci), 3)
    counts = np.zeros(shape, dtype=np.int64)
    for d, definition in enumerate(DEFINITIONS):
        for r, recall in enumerate(RECALLS):
            for o, observed_as in enumerate(cases.bits):
                case = cases.are(definition, recall, observed_as=observed_as)[adult]
                for locus in loci:
                    counts[d, r, o, locus] = np.bincount(copies[locus][case], minlength=3)
    persons = np.array([np.bincount(each, minlength=3) for each in copies])
    definitions, recalls, ways, of_loci, alleles = np.indices(shape).reshape(len(shape), -1)
    return {
        "definition": definitions,
        "recall": recalls,
        "observed_as": ways,
        "locus": of_loci,
        "risk_alleles": alleles,
        "cases": counts.ravel(),
        "persons": np.broadcast_to(persons, shape).ravel(),
    }


TABLE = ResultTable(
    name="loci",
    title="Genotypes at the RLS loci by case status, run by run; adults",
    kind=Kind.BY_RUN,
    columns=(
        *KEYS,
        Column(
            "locus", "category", "", "locus, by the gene or region that it is named after",
            words=lambda vocabulary: locus_names(),
        ),
        Column(
            "risk_alleles", "category", "alleles", "number of risk alleles that a person carries",
            words=["0", "1", "2"],
        ),
        *CASE,
        Column("cases", "whole", "persons", "people of this genotype with RLS"),
        Column("persons", "whole", "persons", "people of this genotype"),
    ),
    totals=NO_TOTALS,
    count=count_loci,
    combine=Added(("cases", "persons")),
)  # fmt: skip
