"""The patients of a trial month by month: the same lives, once in every arm."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from rlsabm.arrays import Bools, Floats, Records
from rlsabm.burden import neutral_burdens
from rlsabm.care.plan import CarePlan
from rlsabm.conventions import LAST_AGE, NEVER
from rlsabm.declaring.inputs import Inputs
from rlsabm.events import EVENT
from rlsabm.exposures.catalogue.condition import Condition
from rlsabm.inputs import with_care
from rlsabm.life.month import BURDENS, live_block
from rlsabm.measuring.assays import MEASUREMENT, measure
from rlsabm.person import LIFE, newborn_records
from rlsabm.trials.trial import Trial


class Followed(NamedTuple):
    """Measurements of patients at the beginning and at each visit, by arm.

    Attributes
    ----------
    measured
        Records of ``MEASUREMENT`` by arm, visit (the beginning first) and patient.
    alive
        Who is alive, by arm, visit and patient.
    """

    measured: Records
    alive: Bools

    @property
    def irls(self) -> Floats:
        """True IRLS scores, by arm, visit and patient; 0 without RLS."""
        return np.asarray(self.measured["irls"])


def follow(
    trial: Trial,
    lives: Records,
    bodies: Records,
    month: int,
    p: Inputs,
    conditions: tuple[Condition, ...],
) -> Followed:
    """Let patients live on in every arm.

    Other treatments are washed out at the beginning, as trials ask for.  Children whom patients bear
    meanwhile are left out, as nobody asks for them.

    Parameters
    ----------
    trial
        The trial.
    lives, bodies
        Records of the patients at the end of ``month``.
    month
        The month before the first of the trial.
    p
        Inputs of the run.
    conditions
        The catalogue.
    """
    visits = [0, *trial.visits]
    measured = np.zeros((len(trial.arms), len(visits), len(lives)), dtype=MEASUREMENT)
    alive = np.ones(measured.shape, dtype=bool)
    for place, arm in enumerate(trial.arms):
        own_lives, own_bodies = lives.copy(), bodies.copy()
        for name in ("treatments", "augmented", "dopamine_support", "symptom_relief"):
            own_bodies[name] = 0
        own_bodies["augmentation"] = 0.0
        plan = trial.plan_of(arm)
        measured[place, 0] = measure(own_lives, own_bodies, month, p)
        for after in range(1, visits[-1] + 1):
            care = plan if after == 1 else _going_on(plan)
            _live(own_lives, own_bodies, month + after, with_care(p, conditions, care))
            if after in visits:
                visit = visits.index(after)
                measured[place, visit] = measure(own_lives, own_bodies, month + after, p)
                alive[place, visit] = own_lives["death_month"] == NEVER
    return Followed(measured, alive)


def _going_on(plan: CarePlan) -> CarePlan:
    """The same treatments, which nobody begins any more."""
    rules = [replace(rule, age_from=LAST_AGE, age_to=LAST_AGE, uptake=0.0) for rule in plan.rules]
    return CarePlan(plan.treatments, tuple(rules))


def _live(lives: Records, bodies: Records, month: int, p: Inputs) -> None:
    scratch = (
        neutral_burdens(BURDENS), newborn_records(LIFE, 1), np.zeros(0, dtype=EVENT),
        np.zeros(1, dtype=np.int64),
    )  # fmt: skip
    live_block(lives, bodies, 0, len(lives), month, month, scratch, p)
