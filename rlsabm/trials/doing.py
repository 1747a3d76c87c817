"""Doing a trial: recruits by their rated scores, arms by lot, visits, ratings, drop-out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from rlsabm.arrays import Bools, Floats, Ints
from rlsabm.care.care_rule import SEVERITIES
from rlsabm.care.offers import ON_DIALYSIS
from rlsabm.conventions import NEVER, SEXES
from rlsabm.declaring.groups import Surveyed
from rlsabm.errors import UserError
from rlsabm.exposures.kidney import DIALYSIS
from rlsabm.measuring.cases import case_bit, case_bits
from rlsabm.trials.following import Followed
from rlsabm.trials.trial import Trial

#: IRLS score beyond which no rating goes.
MOST_POINTS = 40.0
#: Standard deviations of a rating by which a true score may be below the limit for eligibility.
MOST_BELOW = 4.0


#: Outcomes of a trial, with their meanings.
OUTCOMES = {
    "irls_at_screening": "rated IRLS score (points) at which patients were eligible",
    "irls": "rated IRLS score (points)",
    "irls_change": "rated IRLS score less that at the beginning (points)",
    "responder": "proportion whose rated score fell by the share that makes a responder",
    "remitted": "proportion with a rated score up to that of remission",
    "ferritin": "serum ferritin as measured (µg/L)",
    "true_effect": "true IRLS score less that of the very same person in the control arm (points)",
}


def candidates(people: Surveyed, trial: Trial) -> Bools:
    """Who of the people surveyed may be eligible, but for the rated score, which chance decides."""
    asked = trial.eligible
    fits = (people.age >= asked.age_from) & (people.age <= asked.age_to)
    if asked.sex != "all":
        fits &= people.sex == SEXES.index(asked.sex)
    if asked.diagnosed:
        fits &= people.diagnosed_month != NEVER
    if severity := SEVERITIES.index(asked.symptoms):
        bit = case_bit(SEVERITIES[severity], "current")
        fits &= case_bits(people.bodies, people.month) & bit != 0
    if asked.pregnant is not None:
        fits &= (people.pregnancy != 0) == asked.pregnant
    if asked.condition == ON_DIALYSIS:
        fits &= people.kidney == DIALYSIS
    elif asked.condition:
        fits &= people.has_condition(asked.condition)
    for limit, measured, below in (
        (asked.ferritin_below, "serum_ferritin_ug_per_l", True),
        (asked.ferritin_from, "serum_ferritin_ug_per_l", False),
        (asked.saturation_below, "measured_transferrin_saturation_percent", True),
        (asked.haemoglobin_below, "measured_haemoglobin_g_per_l", True),
    ):
        if limit is not None:
            value = getattr(people, measured)
            fits &= (value < limit) if below else (value >= limit)
    if asked.irls_at_least > 0.0:
        fits &= people.irls >= max(asked.irls_at_least - MOST_BELOW * trial.rating_sd, 1.0)
    return np.asarray(fits)


class Done(NamedTuple):
    """One trial.

    Attributes
    ----------
    arm
        Arm of each patient, by its place.
    patients
        Places of the patients among those who were followed.
    screened
        Rated IRLS scores by which patients were eligible.
    rated
        Rated IRLS scores by visit (the beginning first) and patient.
    there
        Who was seen, by visit and patient: alive and not dropped out.
    """

    arm: Ints
    patients: Ints
    screened: Floats
    rated: Floats
    there: Bools


def do(trial: Trial, followed: Followed, seed: Ints) -> Iterator[Done]:
    """Do a trial again and again.

    Parameters
    ----------
    trial
        The trial.
    followed
        Candidates, followed in every arm.
    seed
        Whole numbers from which chance begins: those of the run.

    Raises
    ------
    UserError
        If fewer people are eligible than are needed.
    """
    arms, visits, people = followed.irls.shape
    months = np.array([0, *trial.visits])
    placebo = trial.placebo_fall * (1.0 - np.exp(-months / trial.placebo_months))
    needed = arms * trial.patients_per_arm
    for repetition in range(trial.repetitions):
        chance = np.random.default_rng([*seed, repetition])
        noise = chance.normal(0.0, trial.rating_sd, (visits + 1, people))
        screened = rated(followed.irls[0, 0] + noise[visits])
        eligible = np.flatnonzero(screened >= trial.eligible.irls_at_least)
        if len(eligible) < needed:
            raise UserError(
                f"trial.patients_per_arm: {trial.patients_per_arm} in each of {arms} arms found, "
                f"but only {len(eligible)} people are eligible (a larger population.size has more)"
            )
        patients = chance.permutation(eligible)[:needed]
        arm = np.arange(needed) % arms
        true = followed.irls[arm[:, np.newaxis], np.arange(visits), patients[:, np.newaxis]].T
        scores = rated(true + noise[:visits, patients] - placebo[:, np.newaxis] * (true > 0.0))
        left = chance.exponential(12.0, needed) / max(trial.drop_out_per_year, 1e-12)
        alive = followed.alive[arm[:, np.newaxis], np.arange(visits), patients[:, np.newaxis]].T
        yield Done(
            arm, patients, screened[patients], scores, alive & (left > months[:, np.newaxis])
        )


def rated(scores: Floats) -> Floats:
    """Scores on the scale."""
    return np.clip(scores, 0.0, MOST_POINTS)


def outcomes_of(trial: Trial, followed: Followed, done: Done) -> dict[str, Floats]:
    """Each outcome of a trial, by visit (the beginning first) and patient."""
    by_patient = done.arm[:, np.newaxis], np.arange(len(done.rated)), done.patients[:, np.newaxis]
    at_start = done.rated[0]
    own, control = followed.irls[by_patient].T, followed.irls[0][:, done.patients]
    return {
        "irls_at_screening": np.broadcast_to(done.screened, done.rated.shape),
        "irls": done.rated,
        "irls_change": done.rated - at_start,
        "responder": (done.rated <= (1.0 - trial.responder_fall) * at_start).astype(float),
        "remitted": (done.rated <= trial.remitted_at).astype(float),
        "ferritin": followed.measured["serum_ferritin_ug_per_l"][by_patient].T,
        "true_effect": own - control,
    }
