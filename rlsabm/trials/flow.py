"""The flow of patients through a trial, as the diagram of a journal tells it."""

from __future__ import annotations

import numpy as np

from rlsabm.arrays import Bools, Ints
from rlsabm.trials.doing import Done
from rlsabm.trials.following import Followed
from rlsabm.trials.trial import Trial

#: What is counted before lots are drawn: stages, with their meanings.
BEFORE_LOTS = {
    "assessed": "people of the survey of the sex and ages that are meant",
    "symptoms": "excluded: no such symptoms",
    "laboratory": "excluded: laboratory values beyond the limits",
    "other": "excluded: by pregnancy, a condition or no diagnosis",
    "score": "excluded: rated score too low",
    "died_before": "excluded: died before the beginning",
    "eligible": "eligible",
    "not_needed": "eligible, and not needed",
}
#: What is counted by arm.
BY_ARM = {
    "randomised": "given an arm by lot",
    "stopped": "stopped a treatment before its time, and was still in the trial",
    "left": "dropped out before the last visit",
    "died": "died before the last visit",
    "seen": "seen at the last visit",
}
STAGES = BEFORE_LOTS | BY_ARM


def flow_before(
    trial: Trial, assessed: int, excluded: dict[str, int], followed: Followed, done: Done
) -> dict[str, int]:
    """Counts of `BEFORE_LOTS`.

    Parameters
    ----------
    trial
        The trial.
    assessed, excluded
        People assessed, and those excluded at once by each criterion.
    followed, done
        Candidates, and the trial that was done with them.
    """
    died = int((~followed.alive[0, 0, 0]).sum())
    too_low = followed.alive.shape[-1] - died - done.eligible
    return {
        "assessed": assessed,
        **excluded,
        "score": excluded["score"] + too_low,
        "died_before": died,
        "eligible": done.eligible,
        "not_needed": done.eligible - len(done.patients),
    }


def flow_of_arm(trial: Trial, followed: Followed, done: Done, arm: int) -> dict[str, int]:
    """Counts of `BY_ARM` among patients whose first arm this is."""
    its: Bools = done.course == arm
    patients: Ints = done.patients[its]
    left, died = done.left[its], followed.died[arm, patients]
    end = trial.period_months[-1] + trial.visits[-1]
    starts = np.array(trial.period_months, dtype=float)[:, np.newaxis]
    stopped = (followed.stopped[arm][:, patients] + starts).min(axis=0)
    return {
        "randomised": len(patients),
        "stopped": int((stopped < np.minimum(np.minimum(left, died), end + 1.0)).sum()),
        "left": int(((left <= end) & (left < died)).sum()),
        "died": int(((died <= end) & (died <= left)).sum()),
        "seen": int(done.there[-1, -1, its].sum()),
    }
