"""What happened under each arm from the month in which arms part, run by run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from rlsabm.arrays import Floats
from rlsabm.conventions import SEXES
from rlsabm.policies.tally import LOTS, QUARTERS
from rlsabm.results.columns import KEYS, SEX, STRATA
from rlsabm.results.combining import Added
from rlsabm.results.contents import Contents, joined
from rlsabm.results.observed import Observed
from rlsabm.results.question import Question
from rlsabm.results.table import Column, Kind, ResultTable
from rlsabm.results.vocabulary import Vocabulary

#: What the columns of strata hold in rows that are not broken down by them.
ALL, ALL_AGES = "all", "all ages"
STRATA_OF_POLICIES = ("sex", "age_group", "genetic_quarter")
QUARTER_WORDS = ("1 (least CNS iron)", "2", "3", "4 (most CNS iron)")


def _ages(vocabulary: Vocabulary) -> list[str]:
    return [*vocabulary.age_groups, ALL_AGES]


POLICY_YEAR = Column(
    "policy_year", "whole", "years", "year since arms parted, each ending with July; the last ends "
    "with the last survey",
)  # fmt: skip
OF_STRATA = (
    replace(SEX, words=(*SEXES, ALL)),
    replace(
        STRATA[1], words=_ages, stratum=False, meaning="age in completed years, month by month"
    ),
    Column(
        "genetic_quarter", "category", "",
        "quarter, of the people alive when arms parted, in which the inborn CNS-iron trait is",
        words=(*QUARTER_WORDS, ALL),
    ),
)  # fmt: skip
ITEM = Column(
    "item", "category", "", "what is counted", words=lambda vocabulary: list(vocabulary.items),
    labels=lambda vocabulary: vocabulary.items,
)  # fmt: skip
LOT_COLUMN = Column("lot", "whole", "", f"which {LOTS}th of the people, the same ones in all arms")


def has_policy(question: Question) -> bool:
    """Whether the arms of the scenario are policies."""
    return question.policy is not None


def _margins(counts: Floats) -> Iterator[tuple[dict[str, int], Floats]]:
    """Codes of the strata, and counts by policy year, lot and item: all, then by one stratum each.

    Counts are by policy year, sex, age group, quarter, lot and item.
    """
    sizes = dict(zip(STRATA_OF_POLICIES, counts.shape[1:4], strict=True))
    yield sizes, counts.sum(axis=(1, 2, 3))
    for axis, (name, size) in enumerate(sizes.items(), start=1):
        others = tuple({1, 2, 3} - {axis})
        by_stratum = counts.sum(axis=others)
        for code in range(size):
            yield {**sizes, name: code}, by_stratum[:, code]


def count_policies(observed: Observed) -> Contents | None:
    """Counts of the arm, once for all surveys: with the last one."""
    tally = observed.tally
    if tally is None or observed.survey.year != observed.survey.setting.survey_years[-1]:
        return None
    parts = []
    for codes, counts in _margins(tally.counts):
        year, lot, item = np.indices(counts.shape).reshape(3, -1)
        parts.append(
            {
                **{name: np.full(len(year), code) for name, code in codes.items()},
                "policy_year": year + 1,
                "item": item,
                "lot": lot,
                "amount": counts.ravel(),
            }
        )
    return joined(parts)


assert len(QUARTER_WORDS) == QUARTERS

TABLE = ResultTable(
    name="policy_counts",
    title="What was lived, given and found since arms parted",
    kind=Kind.BY_RUN,
    columns=(
        *KEYS,
        *OF_STRATA,
        POLICY_YEAR,
        ITEM,
        LOT_COLUMN,
        Column("amount", "number", "of the item", "how much of it"),
    ),
    totals="Rows are broken down by one stratum at most; the others say 'all' or 'all ages'.",
    count=count_policies,
    wanted=has_policy,
    combine=Added(("amount",), keys=("policy_year", "lot")),
)
