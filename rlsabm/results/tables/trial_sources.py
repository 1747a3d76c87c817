"""Published results beside which a virtual trial stands, as the scenario has them."""

from __future__ import annotations

import numpy as np

from rlsabm.results.columns import KEYS
from rlsabm.results.combining import OneBlock
from rlsabm.results.contents import Contents
from rlsabm.results.observed import Observed
from rlsabm.results.question import Question
from rlsabm.results.table import Column, Kind, ResultTable
from rlsabm.results.tables.trial_outcomes import OUTCOME, TRIAL_ARM, VISIT
from rlsabm.results.totals import NO_TOTALS

#: What is published, and by whom.
PUBLISHED = (
    Column("result", "text", "", "name of the published result"),
    TRIAL_ARM,
    VISIT,
    OUTCOME,
    Column(
        "published", "number", "of the outcome",
        "published difference, arm less control; missing where only words are published",
    ),
    Column("published_lower", "number", "of the outcome", "lower limit of its 95 % interval"),
    Column("published_upper", "number", "of the outcome", "upper limit of its 95 % interval"),
    Column("is_set", "yes/no", "", "whether parameters were set to it, so that it is no prediction"),
    Column("source", "text", "", "where it was published"),
)  # fmt: skip


def has_published(question: Question) -> bool:
    """Whether the scenario has a trial with published results."""
    return question.trial is not None and bool(question.trial.published)


def list_published(observed: Observed) -> Contents | None:
    """Published results; of the last survey only."""
    conducted = observed.trial
    if conducted is None or not conducted.trial.published:
        return None
    results = conducted.trial.published

    def numbers(name: str) -> np.ndarray:
        return np.array([getattr(each, name) for each in results], dtype=float)

    def texts(name: str) -> np.ndarray:
        return np.array([getattr(each, name) for each in results], dtype=object)

    return {
        "result": texts("name"),
        "trial_arm": texts("arm"),
        "visit_month": np.array([each.month for each in results]),
        "outcome": texts("outcome"),
        "published": numbers("difference"),
        "published_lower": numbers("lower"),
        "published_upper": numbers("upper"),
        "is_set": np.array([each.set for each in results]),
        "source": texts("source"),
    }


TABLE = ResultTable(
    name="trial_sources",
    title="Published results beside which virtual trials stand",
    kind=Kind.BY_RUN,
    columns=(*KEYS, *PUBLISHED),
    totals=NO_TOTALS,
    count=list_published,
    wanted=has_published,
    combine=OneBlock(),
)
