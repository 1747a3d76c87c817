"""Counts behind the postulates of the iron hypothesis: what cases would be in other worlds.

Every case is put to three counterfactual worlds: iron stores that never lack, CNS iron that never
lacks, and lack of iron that does not reach dopamine.
"""

from __future__ import annotations

import numpy as np

from rlsabm.arrays import Bools
from rlsabm.exposures.month import PARTS
from rlsabm.measuring.cases import DEFINITIONS, RECALLS
from rlsabm.observe.groups import groups_of
from rlsabm.observe.survey import Survey
from rlsabm.results.cells import strata_codes
from rlsabm.results.columns import (
    ARM,
    CONDITION,
    DEFINITION,
    DRAW,
    RECALL,
    REPLICATE,
    SEX_STRATUM_WITH_TOTAL,
    YEAR,
)
from rlsabm.results.combining import Added
from rlsabm.results.contents import Contents, joined
from rlsabm.results.observed import Observed
from rlsabm.results.table import Column, Kind, ResultTable
from rlsabm.results.totals import ADULT_AGE, TOTAL_OF, WITH_TOTALS_BY_SEX
from rlsabm.worlds.world import ALWAYS_REPLETE, ALWAYS_SUFFICIENT, NO_PATH

#: Percentile, among iron-deficient adults without other loads, up to which a loss of dopaminergic
#: function counts as one that iron deficiency alone produces.
RANGE_PERCENTILE = 99.0
LEAST_IRON_DEFICIENT = 20
#: Share of that below which there is no loss to speak of.
NO_LOSS = 0.01


def _count_of(name: str, meaning: str) -> Column:
    return Column(name, "number", "persons", meaning)


PARTITION_COLUMNS = (
    _count_of("persons", "people of the group"),
    _count_of("cases", "cases among the people of the group"),
    _count_of(
        "cases_if_replete", "cases who would still be cases if iron stores were always replete"
    ),
    _count_of(
        "cases_if_sufficient", "cases who would still be cases if CNS iron were always sufficient"
    ),
    _count_of(
        "cases_without_path",
        "cases who would still be cases if lack of iron did not reach dopamine",
    ),
    _count_of(
        "cases_sufficient_and_without_path",
        "cases who would still be cases with sufficient CNS iron, and also if lack of iron did not "
        "reach dopamine",
    ),
    _count_of("cases_without_loss", "cases without any loss of dopaminergic function"),
    _count_of(
        "cases_within_range", "cases with a loss of the size that iron deficiency alone produces"
    ),
)
PARTITION_COUNTS = tuple(column.name for column in PARTITION_COLUMNS)


def range_of_iron_deficiency(survey: Survey, deficient: Bools) -> float:
    """Largest loss of dopaminergic function that iron deficiency alone produces (liability).

    It is the 99th percentile among iron-deficient adults without any other load; missing if there are
    too few of them.
    """
    loads = [part.name for part in PARTS if part.other_load(survey.p) > 0.0]
    loads += [c.name for c in survey.setting.conditions if c.dopamine_load > 0.0]
    loaded = np.zeros(len(survey), dtype=bool)
    for group in groups_of(survey.setting.conditions):
        if group.name in loads:
            loaded |= group.members(survey)
    alone = survey.dopamine_deficit[deficient & ~loaded & (survey.age >= ADULT_AGE)]
    if len(alone) < LEAST_IRON_DEFICIENT:
        return float("nan")
    return float(np.percentile(alone, RANGE_PERCENTILE))


def count_partition(observed: Observed) -> Contents:
    """Cases by what they would be in the worlds of the postulates; adults, by condition and sex."""
    survey, cases = observed.survey, observed.cases
    limit = range_of_iron_deficiency(survey, observed.members["iron_deficiency"])
    # Shares of a range that nobody knows are missing, not nought.
    unknown = np.nan if np.isnan(limit) else 0.0
    loss = survey.dopamine_deficit
    parts: list[Contents] = []
    for d, definition in enumerate(DEFINITIONS):
        for r, recall in enumerate(RECALLS):
            case = cases.are(definition, recall)
            if_replete, if_sufficient, without_path = (
                cases.are(definition, recall, world=world)
                for world in (ALWAYS_REPLETE, ALWAYS_SUFFICIENT, NO_PATH)
            )
            for group in observed.groups:
                for sex, cell in _cells_of(observed):
                    people = np.flatnonzero(observed.members[group.name] & cell)
                    ill = people[case[people]]
                    none = loss[ill] <= NO_LOSS * limit
                    both = if_sufficient & without_path
                    counts = {
                        "persons": len(people),
                        "cases": len(ill),
                        "cases_if_replete": if_replete[ill].sum(),
                        "cases_if_sufficient": if_sufficient[ill].sum(),
                        "cases_without_path": without_path[ill].sum(),
                        "cases_sufficient_and_without_path": both[ill].sum(),
                        "cases_without_loss": none.sum() + unknown,
                        "cases_within_range": (~none & (loss[ill] <= limit)).sum() + unknown,
                    }
                    row = {
                        "condition": group.name,
                        **({"sex": sex} if "sex" in observed.question.strata else {}),
                        "definition": d,
                        "recall": r,
                        **{name: float(counts[name]) for name in PARTITION_COUNTS},
                    }
                    parts.append({name: np.array([value]) for name, value in row.items()})
    return joined(parts)


def _cells_of(observed: Observed) -> list[tuple[str, Bools]]:
    """Adults of both sexes, and of each where the study is broken down by sex."""
    adults = observed.survey.age >= ADULT_AGE
    cells = [(TOTAL_OF["sex"], adults)]
    if "sex" in observed.question.strata:
        sex = strata_codes(observed.survey, observed.question.age_limits)["sex"]
        for code, word in enumerate(observed.question.words_of_strata["sex"]):
            cells.append((word, adults & (sex == code)))
    return cells


TABLE = ResultTable(
    name="partitions",
    title="Counts behind the postulates, run by run; adults",
    kind=Kind.BY_RUN,
    columns=(
        ARM,
        DRAW,
        REPLICATE,
        YEAR,
        CONDITION,
        SEX_STRATUM_WITH_TOTAL,
        DEFINITION,
        RECALL,
        *PARTITION_COLUMNS,
    ),
    totals=WITH_TOTALS_BY_SEX,
    count=count_partition,
    wanted=lambda question: question.postulates,
    needs_worlds=True,
    combine=Added(PARTITION_COUNTS),
)
