"""Who may take part in a trial: each criterion by itself, to tell who failed by which."""

from __future__ import annotations

import numpy as np

from rlsabm.arrays import Bools
from rlsabm.care.care_rule import SEVERITIES
from rlsabm.care.offers import ON_DIALYSIS
from rlsabm.conventions import NEVER, SEXES
from rlsabm.declaring.groups import Surveyed
from rlsabm.exposures.kidney import DIALYSIS
from rlsabm.measuring.cases import case_bit, case_bits
from rlsabm.trials.trial import Trial

#: Standard deviations of a rating by which a true score may be below the limit for eligibility.
MOST_BELOW = 4.0
#: Criteria in the order in which they are looked at; whoever fails is counted at the first.
CRITERIA = ("symptoms", "laboratory", "other", "score")


def assessed(people: Surveyed, trial: Trial) -> Bools:
    """Who of the people surveyed is of the sex and ages that are meant."""
    asked = trial.eligible
    fits = (people.age >= asked.age_from) & (people.age <= asked.age_to)
    if asked.sex != "all":
        fits &= people.sex == SEXES.index(asked.sex)
    return np.asarray(fits)


def meets(people: Surveyed, trial: Trial) -> dict[str, Bools]:
    """Who meets each of `CRITERIA`; of the score, who may if rated by chance."""
    asked = trial.eligible
    everyone = np.ones(len(people), dtype=bool)
    symptoms, laboratory, other, score = (everyone.copy() for _ in CRITERIA)
    if severity := SEVERITIES.index(asked.symptoms):
        bit = case_bit(SEVERITIES[severity], "current")
        symptoms &= case_bits(people.bodies, people.month) & bit != 0
    for limit, measured, below in (
        (asked.ferritin_below, "serum_ferritin_ug_per_l", True),
        (asked.ferritin_from, "serum_ferritin_ug_per_l", False),
        (asked.saturation_below, "measured_transferrin_saturation_percent", True),
        (asked.haemoglobin_below, "measured_haemoglobin_g_per_l", True),
    ):
        if limit is not None:
            value = getattr(people, measured)
            laboratory &= (value < limit) if below else (value >= limit)
    if asked.diagnosed:
        other &= people.diagnosed_month != NEVER
    if asked.pregnant is not None:
        other &= (people.pregnancy != 0) == asked.pregnant
    if asked.condition == ON_DIALYSIS:
        other &= people.kidney == DIALYSIS
    elif asked.condition:
        other &= people.has_condition(asked.condition)
    if asked.irls_at_least > 0.0:
        score &= people.irls >= max(asked.irls_at_least - MOST_BELOW * trial.rating_sd, 1.0)
    return dict(zip(CRITERIA, (symptoms, laboratory, other, score), strict=True))


def candidates(people: Surveyed, trial: Trial) -> Bools:
    """Who of the people surveyed may be eligible, but for the rated score, which chance decides."""
    fits = assessed(people, trial)
    for meet in meets(people, trial).values():
        fits &= meet
    return fits


def excluded(people: Surveyed, trial: Trial) -> dict[str, int]:
    """People assessed who fail each criterion, at the first of them that they fail."""
    left = assessed(people, trial)
    counts = {}
    for name, meet in meets(people, trial).items():
        counts[name] = int((left & ~meet).sum())
        left &= meet
    return counts
