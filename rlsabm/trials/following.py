"""The patients of a trial month by month: the same lives, once in every course of arms."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rlsabm.arrays import Bools, Floats, Records
from rlsabm.care.treatments import months_of
from rlsabm.conventions import NEVER
from rlsabm.declaring.inputs import Inputs
from rlsabm.exposures.catalogue.condition import Condition
from rlsabm.inputs import with_care
from rlsabm.life.month import live_block
from rlsabm.measuring.assays import MEASUREMENT, measure
from rlsabm.scratch import new_scratch
from rlsabm.trials.trial import Trial


class Followed(NamedTuple):
    """Candidates at screening, at the beginning of each period and at each visit.

    Attributes
    ----------
    screened
        True IRLS scores of the candidates when they are rated for eligibility.
    measured
        Records of ``MEASUREMENT`` by course, period, visit (the beginning first) and candidate.
    alive
        Who is alive, likewise.
    augmented
        Who has had augmentation since the beginning of the period, likewise.
    stopped
        Months after the beginning of the period in which a treatment ended before its time, by
        course, period and candidate; infinite where none did.
    died
        Months after the beginning of the trial of death, by course and candidate; infinite for the
        living.
    """

    screened: Floats
    measured: Records
    alive: Bools
    augmented: Bools
    stopped: Floats
    died: Floats

    @property
    def irls(self) -> Floats:
        """True IRLS scores, by course, period, visit and candidate; 0 without RLS."""
        return np.asarray(self.measured["irls"])


def follow(
    trial: Trial,
    lives: Records,
    bodies: Records,
    month: int,
    p: Inputs,
    conditions: tuple[Condition, ...],
) -> Followed:
    """Let candidates live on in every course of the trial's arms.

    Other treatments end at screening.  The run-in comes once for all courses; then each is lived by
    itself, in a cross-over with the wash-out between its periods.  Children whom patients bear
    meanwhile are left out, as nobody asks for them.

    Parameters
    ----------
    trial
        The trial.
    lives, bodies
        Records of the candidates at the end of ``month``.
    month
        The month of screening.
    p
        Inputs of the run.
    conditions
        The catalogue.
    """
    going_on = with_care(p, conditions, trial.plan_of())
    beginning = {arm: with_care(p, conditions, trial.plan_of(arm)) for arm in trial.arms}
    arms = list(trial.arms)
    visits = [0, *trial.visits]
    shape = (len(trial.courses), len(trial.period_months), len(visits), len(lives))
    measured = np.zeros(shape, dtype=MEASUREMENT)
    alive, augmented = np.ones(shape, dtype=bool), np.zeros(shape, dtype=bool)
    stopped = np.full((shape[0], shape[1], len(lives)), np.inf)
    died = np.full((shape[0], len(lives)), np.inf)
    screened = np.array(measure(lives, bodies, month, p)["irls"])

    run_in = lives.copy(), bodies.copy()
    first = month + trial.run_in_months
    _end_treatments(run_in[1], trial)
    _live(*run_in, month + 1, first, going_on)
    for course, its_arms in enumerate(trial.courses):
        own_lives, own_bodies = run_in[0].copy(), run_in[1].copy()
        lived_until = first
        for period, place in enumerate(its_arms):
            start = first + trial.period_months[period]
            _end_treatments(own_bodies, trial)
            _live(own_lives, own_bodies, lived_until + 1, start, going_on)
            has_augmented = np.zeros(len(lives), dtype=bool)
            for after in range(visits[-1] + 1):
                if after:
                    inputs = beginning[arms[place]] if after == 1 else going_on
                    _live(own_lives, own_bodies, start + after, start + after, inputs)
                    has_augmented |= own_bodies["augmented"] != 0
                    ended = _has_ended(own_bodies, trial, arms[place], after)
                    ended &= own_lives["death_month"] == NEVER
                    first_time = ended & np.isinf(stopped[course, period])
                    stopped[course, period, first_time] = after
                if after in visits:
                    at = course, period, visits.index(after)
                    measured[at] = measure(own_lives, own_bodies, start + after, p)
                    alive[at] = own_lives["death_month"] == NEVER
                    augmented[at] = has_augmented
            lived_until = start + visits[-1]
        dead = own_lives["death_month"] != NEVER
        died[course, dead] = own_lives["death_month"][dead].astype(float) - first
    return Followed(screened, measured, alive, augmented, stopped, died)


def _end_treatments(bodies: Records, trial: Trial) -> None:
    """End all treatments: drugs act no longer, augmentation fades, infused iron stays."""
    for name in ("treatments", "augmented", "dopamine_support", "symptom_relief"):
        bodies[name] = 0
    if not trial.plan_of().rules:  # bodies without any care keep what they have
        bodies["augmentation"] = 0.0


def _has_ended(bodies: Records, trial: Trial, arm: str, months: int) -> Bools:
    """Who has left a treatment of the arm, so many months after it began, before its time."""
    ended = np.zeros(len(bodies), dtype=bool)
    for place, treatment in enumerate(trial.plan_of().treatments):
        is_to_go_on = treatment.months is None or months <= treatment.months
        if treatment.name in trial.arms[arm] and is_to_go_on:
            ended |= months_of(bodies["treatments"], place) == 0
    return ended


def _live(lives: Records, bodies: Records, month: int, until: int, p: Inputs) -> None:
    """Months ``month`` to ``until``, both included."""
    live_block(lives, bodies, 0, len(lives), month, until, new_scratch(), p)
