"""Doing a trial: recruits by their rated scores, arms by lot, visits, ratings, drop-out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from rlsabm.arrays import Bools, Floats, Ints
from rlsabm.errors import UserError
from rlsabm.trials.following import Followed
from rlsabm.trials.trial import Trial

#: IRLS score beyond which no rating goes.
MOST_POINTS = 40.0

#: Outcomes of a trial, with their meanings.
OUTCOMES = {
    "irls_at_screening": "rated IRLS score (points) at which patients were eligible",
    "irls": "rated IRLS score (points)",
    "irls_change": "rated IRLS score less that at the beginning of the period (points)",
    "responder": "proportion whose rated score fell by the share that makes a responder",
    "remitted": "proportion with a rated score up to that of remission",
    "ferritin": "serum ferritin as measured (µg/L)",
    "augmented": "proportion who have had augmentation since the beginning of the period",
    "stopped": "proportion in whom a treatment has ended before its time",
    "true_effect": "true IRLS score less that of the very same person in the control arm, both in the "
    "first period (points)",
}


class Done(NamedTuple):
    """One trial.

    Attributes
    ----------
    eligible
        How many people were eligible.
    course
        Course of each patient, by its place; it is also the first arm.
    patients
        Places of the patients among those who were followed.
    screened
        Rated IRLS scores by which patients were eligible.
    rated
        Rated IRLS scores by period, visit (the beginning first) and patient.
    there
        Who was seen, likewise: alive and not dropped out.
    left
        Months after the beginning at which each patient drops out, whether or not it is over by then.
    """

    eligible: int
    course: Ints
    patients: Ints
    screened: Floats
    rated: Floats
    there: Bools
    left: Floats


def do(trial: Trial, followed: Followed, seed: Ints) -> Iterator[Done]:
    """Do a trial again and again.

    Parameters
    ----------
    trial
        The trial.
    followed
        Candidates, followed in every course.
    seed
        Whole numbers from which chance begins: those of the run.

    Raises
    ------
    UserError
        If fewer people are eligible than are needed.
    """
    courses, periods, visits, people = followed.irls.shape
    months = np.add.outer(trial.period_months, (0, *trial.visits)).astype(float)
    placebo = trial.placebo_fall * (1.0 - np.exp(-months / trial.placebo_months))
    needed = courses * trial.patients_per_arm
    begins = followed.alive[0, 0, 0]
    for repetition in range(trial.repetitions):
        chance = np.random.default_rng([*seed, repetition])
        noise = chance.normal(0.0, trial.rating_sd, (periods * visits + 1, people))
        screened = rated(followed.screened + noise[-1])
        eligible = np.flatnonzero(begins & (screened >= trial.eligible.irls_at_least))
        if len(eligible) < needed:
            raise UserError(
                f"trial.patients_per_arm: {trial.patients_per_arm} in each of {courses} arms found, "
                f"but only {len(eligible)} people are eligible (a larger population.size has more)"
            )
        patients = chance.permutation(eligible)[:needed]
        course = np.arange(needed) % courses
        true = _of_patients(followed.irls, course, patients)
        error = noise[:-1, patients].reshape(periods, visits, needed)
        scores = rated(true + error - placebo[..., np.newaxis] * (true > 0.0))
        left = chance.exponential(12.0, needed) / max(trial.drop_out_per_year, 1e-12)
        there = _of_patients(followed.alive, course, patients) & (left > months[..., np.newaxis])
        yield Done(len(eligible), course, patients, screened[patients], scores, there, left)


def rated(scores: Floats) -> Floats:
    """Scores on the scale."""
    return np.clip(scores, 0.0, MOST_POINTS)


def _of_patients(values: Floats | Bools, course: Ints, patients: Ints) -> Floats | Bools:
    """Values by period, visit and patient of those by course, period, visit and candidate."""
    return np.moveaxis(values[course, :, :, patients], 0, -1)


def arms_of(trial: Trial, done: Done) -> Ints:
    """Arm of each patient, by period and patient."""
    return np.array(trial.courses)[done.course].T


def outcomes_of(trial: Trial, followed: Followed, done: Done) -> dict[str, Floats]:
    """Each outcome of a trial, by period, visit (the beginning first) and patient."""

    def of_patients(values: Floats | Bools) -> Floats:
        return np.asarray(_of_patients(values, done.course, done.patients), dtype=float)

    at_start = done.rated[:, :1]
    visits = np.array([0, *trial.visits], dtype=float)
    has_stopped = followed.stopped[:, :, np.newaxis] <= visits[:, np.newaxis]
    in_first = followed.irls[:, 0] - followed.irls[0, 0]
    return {
        "irls_at_screening": np.broadcast_to(done.screened, done.rated.shape),
        "irls": done.rated,
        "irls_change": done.rated - at_start,
        "responder": (done.rated <= (1.0 - trial.responder_fall) * at_start).astype(float),
        "remitted": (done.rated <= trial.remitted_at).astype(float),
        "ferritin": of_patients(followed.measured["serum_ferritin_ug_per_l"]),
        "augmented": of_patients(followed.augmented),
        "stopped": of_patients(has_stopped),
        "true_effect": np.stack(
            [in_first[arms, :, done.patients].T for arms in arms_of(trial, done)]
        ),
    }
