"""Pairs of kin as a twin or family registry would count them, run by run.

A kin registry links the adults surveyed. Counts add up over replicates.
"""

from __future__ import annotations

import numpy as np

from rlsabm.conventions import FEMALE, MALE
from rlsabm.measuring.cases import DEFINITIONS, RECALLS
from rlsabm.observe.kin import OF_PARENTS, PAIR_SEXES, RELATIONS, Pairs, find_kin, pair_sexes
from rlsabm.results.columns import ARM, CASE, DRAW, REPLICATE, YEAR
from rlsabm.results.combining import Added
from rlsabm.results.contents import Contents
from rlsabm.results.observed import Observed
from rlsabm.results.table import Column, Kind, ResultTable
from rlsabm.results.totals import ADULT_AGE, TOTAL_OF, WITH_TOTALS_BY_SEX

KIN_SEXES = (*PAIR_SEXES, TOTAL_OF["sex"])
KIN_COUNTS = ("pairs", "both", "first_only", "second_only")
PAIR_SEX = Column("sex", "category", "", "sexes of the two", words=KIN_SEXES)


def count_kin(observed: Observed) -> Contents:
    """Pairs of adult kin by relation, sexes, definition, recall and instrument, and how many have RLS.

    Rows of both sexes together are named as everywhere. Relations without pairs have no rows.
    """
    survey, cases = observed.survey, observed.cases
    adult = survey.age >= ADULT_AGE
    sex = survey.lives["sex"].copy()
    kin = {
        relation: pairs.where(adult[pairs.first] & adult[pairs.second])
        for relation, pairs in find_kin(survey.lives).items()
    }
    for relation, (first, second) in kin.items():
        if relation not in OF_PARENTS:
            # The woman of a mixed pair first, so that each sex has its own threshold.
            swap = (sex[first] == MALE) & (sex[second] == FEMALE)
            kin[relation] = Pairs(np.where(swap, second, first), np.where(swap, first, second))
    sexes = {relation: pair_sexes(sex, pairs) for relation, pairs in kin.items()}
    shape = (len(DEFINITIONS), len(RECALLS), len(cases.bits), len(kin), len(KIN_SEXES), 4)
    counts = np.zeros(shape, dtype=np.int64)
    for d, definition in enumerate(DEFINITIONS):
        for r, recall in enumerate(RECALLS):
            for o, observed_as in enumerate(cases.bits):
                case = cases.are(definition, recall, observed_as=observed_as).astype(np.int64)
                for number, (relation, pairs) in enumerate(kin.items()):
                    state = 2 * case[pairs.first] + case[pairs.second]
                    table = np.bincount(4 * sexes[relation] + state, minlength=4 * len(PAIR_SEXES))
                    by_sex = table.reshape(len(PAIR_SEXES), 4)
                    counts[d, r, o, number, :-1] = by_sex
                    counts[d, r, o, number, -1] = by_sex.sum(axis=0)
    inhabited = np.nonzero(counts.sum(axis=-1))
    found = counts[inhabited]
    definitions, recalls, ways, relations, of_sexes = inhabited
    return {
        "relation": relations,
        "sex": of_sexes,
        "definition": definitions,
        "recall": recalls,
        "observed_as": ways,
        "pairs": found.sum(axis=-1),
        "both": found[:, 3],
        "first_only": found[:, 2],
        "second_only": found[:, 1],
    }


TABLE = ResultTable(
    name="kin_counts",
    title="Counts behind the resemblance of kin, run by run; adults",
    kind=Kind.BY_RUN,
    columns=(
        ARM,
        DRAW,
        REPLICATE,
        YEAR,
        Column(
            "relation", "category", "", "relationship of the two", words=list(RELATIONS)
        ),
        PAIR_SEX,
        *CASE,
        Column("pairs", "whole", "pairs", "pairs of kin"),
        Column("both", "whole", "pairs", "pairs in which both have RLS"),
        Column(
            "first_only", "whole", "pairs",
            "pairs in which only the first has RLS: the parent, the woman, or the twin or sibling of "
            "lower uid",
        ),
        Column("second_only", "whole", "pairs", "pairs in which only the second has RLS"),
    ),
    totals=WITH_TOTALS_BY_SEX,
    count=count_kin,
    combine=Added(KIN_COUNTS),
)  # fmt: skip
