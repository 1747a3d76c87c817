"""Outcomes of virtual trials: each repetition by itself, arm by arm and visit by visit."""

from __future__ import annotations

import numpy as np

from rlsabm.results.columns import KEYS
from rlsabm.results.combining import Moments
from rlsabm.results.contents import Contents
from rlsabm.results.observed import Observed
from rlsabm.results.question import Question
from rlsabm.results.table import Column, Kind, ResultTable
from rlsabm.results.totals import NO_TOTALS
from rlsabm.trials.doing import OUTCOMES, candidates, do, outcomes_of
from rlsabm.trials.following import follow

TRIAL_ARM = Column(
    "trial_arm", "category", "", "arm of the trial; the first one is the control",
    words=lambda vocabulary: vocabulary.trial_arms,
)  # fmt: skip
VISIT = Column("visit_month", "whole", "months", "months since the beginning of the trial")
OUTCOME = Column(
    "outcome", "category", "", "what is told of the patients seen",
    words=list(OUTCOMES), labels=OUTCOMES,
)  # fmt: skip


def has_trial(question: Question) -> bool:
    """Whether the scenario has a trial."""
    return question.trial is not None


def count_outcomes(observed: Observed) -> Contents | None:
    """Patients seen, mean and spread of each outcome; of the last survey only."""
    trial, survey = observed.question.trial, observed.survey
    if trial is None or survey.year != survey.setting.survey_years[-1]:
        return None
    trial = trial.in_draw(observed.draw)
    rows = np.flatnonzero(candidates(survey, trial))
    conditions = survey.setting.conditions
    followed = follow(
        trial, survey.lives[rows], survey.bodies[rows], survey.month, survey.p, conditions
    )
    seed = np.array([survey.p.key >> np.uint64(32), survey.p.key & np.uint64(2**32 - 1)])
    arms, visits = len(trial.arms), (0, *trial.visits)
    shape = (trial.repetitions, arms, len(visits), len(OUTCOMES))
    persons, mean, sd = np.zeros(shape, dtype=np.int64), np.zeros(shape), np.full(shape, np.nan)
    for repetition, done in enumerate(do(trial, followed, seed.astype(np.int64))):
        for place, values in enumerate(outcomes_of(trial, followed, done).values()):
            for arm in range(arms):
                for visit in range(len(visits)):
                    seen = values[visit, (done.arm == arm) & done.there[visit]]
                    at = repetition, arm, visit, place
                    persons[at] = len(seen)
                    mean[at] = seen.mean() if len(seen) else np.nan
                    sd[at] = seen.std(ddof=1) if len(seen) > 1 else np.nan
    of_repetition, of_arm, of_visit, of_outcome = np.indices(shape).reshape(len(shape), -1)
    return {
        "repetition": of_repetition,
        "trial_arm": of_arm,
        "visit_month": np.array(visits)[of_visit],
        "outcome": of_outcome,
        "persons": persons.ravel(),
        "mean": mean.ravel(),
        "sd": sd.ravel(),
    }


TABLE = ResultTable(
    name="trial_outcomes",
    title="Outcomes of virtual trials, repetition by repetition",
    kind=Kind.BY_RUN,
    columns=(
        *KEYS,
        Column(
            "repetition", "whole", "", "number of the trial, each with other patients and chance"
        ),
        TRIAL_ARM,
        VISIT,
        OUTCOME,
        Column("persons", "whole", "persons", "patients seen"),
        Column(
            "mean", "number", "of the outcome", "mean among them; of yes and no, the proportion"
        ),
        Column("sd", "number", "of the outcome", "standard deviation among them"),
    ),
    totals=NO_TOTALS,
    count=count_outcomes,
    wanted=has_trial,
    combine=Moments(),
)
