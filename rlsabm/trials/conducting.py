"""A trial conducted with the people of a survey: recruited, followed, and done again and again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rlsabm.observe.survey import Survey
from rlsabm.trials.doing import Done, do
from rlsabm.trials.following import Followed, follow
from rlsabm.trials.recruiting import assessed, candidates, excluded
from rlsabm.trials.trial import Trial


@dataclass(frozen=True)
class Conducted:
    """A trial with its patients.

    Attributes
    ----------
    trial
        The trial, with the strength of treatments in its draw.
    assessed, excluded
        People assessed for eligibility, and those excluded by each criterion before the score is rated.
    followed
        Candidates in every course.
    repetitions
        The trials that were done.
    """

    trial: Trial
    assessed: int
    excluded: dict[str, int]
    followed: Followed
    repetitions: Sequence[Done]


def conduct(trial: Trial, survey: Survey) -> Conducted:
    """Conduct a trial with people of a survey.

    Raises
    ------
    UserError
        If fewer people are eligible than are needed.
    """
    rows = np.flatnonzero(candidates(survey, trial))
    followed = follow(
        trial, survey.lives[rows], survey.bodies[rows], survey.month, survey.p,
        survey.setting.conditions,
    )  # fmt: skip
    seed = np.array([survey.p.key >> np.uint64(32), survey.p.key & np.uint64(2**32 - 1)])
    return Conducted(
        trial,
        int(assessed(survey, trial).sum()),
        excluded(survey, trial),
        followed,
        list(do(trial, followed, seed.astype(np.int64))),
    )
