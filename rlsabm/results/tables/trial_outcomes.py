"""Outcomes of virtual trials: each repetition by itself, arm by arm and visit by visit."""

from __future__ import annotations

import numpy as np

from rlsabm.arrays import Bools, Floats
from rlsabm.results.columns import KEYS
from rlsabm.results.combining import OneBlock
from rlsabm.results.contents import Contents
from rlsabm.results.observed import Observed
from rlsabm.results.question import Question
from rlsabm.results.table import Column, Kind, ResultTable
from rlsabm.results.totals import NO_TOTALS
from rlsabm.trials.doing import OUTCOMES, arms_of, outcomes_of

TRIAL_ARM = Column(
    "trial_arm", "category", "", "arm of the trial; the first one is the control",
    words=lambda vocabulary: vocabulary.trial_arms,
)  # fmt: skip
VISIT = Column(
    "visit_month", "whole", "months",
    "months since the beginning of the trial; in a cross-over, of the period",
)  # fmt: skip
OUTCOME = Column(
    "outcome", "category", "", "what is told of the patients seen",
    words=list(OUTCOMES), labels=OUTCOMES,
)  # fmt: skip
#: Columns of numbers: of patients in a period, and of those of a cross-over seen in both.
NUMBERS = (
    Column("persons", "whole", "persons", "patients seen"),
    Column("mean", "number", "of the outcome", "mean among them; of yes and no, the proportion"),
    Column("sd", "number", "of the outcome", "standard deviation among them"),
    Column(
        "persons_in_both", "whole", "persons",
        "of a cross-over, patients seen in both periods; 0 in a parallel trial",
    ),
    Column(
        "mean_difference", "number", "of the outcome",
        "of a cross-over, mean of this arm less the other in the same patients",
    ),
    Column("sd_of_differences", "number", "of the outcome", "standard deviation of these"),
    Column(
        "mean_sum", "number", "of the outcome",
        "of a cross-over, mean of both arms added up in the same patients",
    ),
    Column("sd_of_sums", "number", "of the outcome", "standard deviation of these"),
)  # fmt: skip


def has_trial(question: Question) -> bool:
    """Whether the scenario has a trial."""
    return question.trial is not None


def count_outcomes(observed: Observed) -> Contents | None:
    """Patients seen, mean and spread of each outcome; of the last survey only."""
    conducted = observed.trial
    if conducted is None:
        return None
    trial = conducted.trial
    periods, visits = len(trial.period_months), (0, *trial.visits)
    shape = (trial.repetitions, periods, len(trial.arms), len(visits), len(OUTCOMES))
    numbers = np.full((*shape, len(NUMBERS)), np.nan)
    for repetition, done in enumerate(conducted.repetitions):
        arms = arms_of(trial, done)
        values = np.stack(list(outcomes_of(trial, conducted.followed, done).values()))
        in_both: Bools = np.all(done.there, axis=0)
        for period in range(periods):
            for arm in range(len(trial.arms)):
                its = arms[period] == arm
                for visit in range(len(visits)):
                    at = repetition, period, arm, visit
                    own = values[:, period, visit]
                    here, both = its & done.there[period, visit], its & in_both[visit]
                    numbers[(*at, slice(None), slice(0, 3))] = _moments(own, here)
                    numbers[(*at, slice(None), 3)] = 0.0
                    if periods > 1:
                        other = values[:, 1 - period, visit]
                        numbers[(*at, slice(None), slice(3, 6))] = _moments(own - other, both)
                        numbers[(*at, slice(None), slice(6, 8))] = _moments(own + other, both)[
                            :, 1:
                        ]
    of_repetition, of_period, of_arm, of_visit, of_outcome = np.indices(shape).reshape(
        len(shape), -1
    )
    return {
        "repetition": of_repetition,
        "period": 1 + of_period,
        "trial_arm": of_arm,
        "visit_month": np.array(visits)[of_visit],
        "outcome": of_outcome,
        **{
            column.name: values.astype(np.int64) if column.type == "whole" else values
            for column, values in zip(NUMBERS, numbers.reshape(-1, len(NUMBERS)).T, strict=True)
        },
    }


def _moments(values: Floats, chosen: Bools) -> Floats:
    """Persons, mean and standard deviation among the chosen, by outcome."""
    persons = int(chosen.sum())
    found = np.full((len(values), 3), np.nan)
    found[:, 0] = persons
    if persons:
        found[:, 1] = values[:, chosen].mean(axis=1)
    if persons > 1:
        found[:, 2] = values[:, chosen].std(axis=1, ddof=1)
    return found


TABLE = ResultTable(
    name="trial_outcomes",
    title="Outcomes of virtual trials, repetition by repetition",
    kind=Kind.BY_RUN,
    columns=(
        *KEYS,
        Column(
            "repetition", "whole", "", "number of the trial, each with other patients and chance"
        ),
        Column("period", "whole", "", "1, or 2 for the second period of a cross-over"),
        TRIAL_ARM,
        VISIT,
        OUTCOME,
        *NUMBERS,
    ),
    totals=NO_TOTALS,
    count=count_outcomes,
    wanted=has_trial,
    combine=OneBlock(),
)
