"""Trials in which people give blood at set times, with or without iron tablets: iron month by month.

The same people in the same months, in bodies of their own: what they go through in the population is
not touched.  They live on their food, and lose what they always lose: basal loss, menses, and what the
conditions of the catalogue take that are there in these months.  Nobody is pregnant or falls ill with
the kidneys in a trial.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from rlsabm.arrays import Floats, Records
from rlsabm.body.iron import advance_iron
from rlsabm.burden import NO_CARE, neutral_burdens
from rlsabm.compilation import compiled
from rlsabm.declaring.inputs import Inputs
from rlsabm.exposures.catalogue.episodes import lay_standing, update_conditions
from rlsabm.exposures.menses import menstruate
from rlsabm.life.month import begin_burden
from rlsabm.moment import moment_of

#: Burdens of a month: the whole, and that of the catalogue's conditions.
WHOLE, STANDING, BURDENS = 0, 1, 2


class Plan(NamedTuple):
    """A plan of donations.

    Attributes
    ----------
    months
        How long people are followed.
    blood_ml
        Blood given at a time (mL); the first time in the first month.
    every_months
        Months from one donation to the next.
    tablets_mg_per_day
        Elemental iron that people take after each donation (mg per day).
    tablet_months
        Months for which they take it.
    """

    months: int
    blood_ml: float
    every_months: int
    tablets_mg_per_day: float
    tablet_months: int


@compiled
def live_through(
    lives: Any, bodies: Any, burdens: Any, month: int, plan: Any, red_cells: Floats,
    stores: Floats, absorbed: Floats, p: Inputs,
) -> None:  # fmt: skip
    """Red-cell iron and stores (mg) before and after each month, and iron absorbed in it (mg a day)."""
    burden, standing = burdens[WHOLE], burdens[STANDING]
    for row in range(len(lives)):
        life, body = lives[row], bodies[row]
        lay_standing(standing, life.conditions, life.bleeding_factor, 0, 0, p)
        red_cells[row, 0] = body.red_cell_iron_mg
        stores[row, 0] = body.storage_iron_mg
        for k in range(plan.months):
            if month + k >= life.conditions_until:
                update_conditions(life, standing, month + k, p)
            begin_burden(burdens, WHOLE, STANDING, life)
            menstruate(life, burden, burden, moment_of(life, month + k, p), p)
            since = k % plan.every_months
            if since == 0:
                burden.blood_loss_ml += plan.blood_ml
            if since < plan.tablet_months:
                burden.oral_iron_mg_per_day = plan.tablets_mg_per_day
            advance_iron(body, life, burden, NO_CARE, 1.0 / life.storage_scale_mg, p)
            red_cells[row, k + 1] = body.red_cell_iron_mg
            stores[row, k + 1] = body.storage_iron_mg
            absorbed[row, k] = body.absorbed_mg_per_day


class Course(NamedTuple):
    """How people fared in a trial.

    Attributes
    ----------
    red_cells_mg, stores_mg
        Red-cell iron and storage iron (mg), a row a person; at the beginning, and after each month.
    absorbed_mg_per_day
        Iron absorbed in each month (mg per day).
    """

    red_cells_mg: Floats
    stores_mg: Floats
    absorbed_mg_per_day: Floats


def let_give_blood(lives: Records, bodies: Records, month: int, plan: Plan, p: Inputs) -> Course:
    """Let people give blood by a plan.

    Parameters
    ----------
    lives, bodies
        Records of the people, which are not changed.
    month
        The first month, in which they give blood.
    plan
        When they give blood and take tablets.
    p
        Inputs of the run that they live in.
    """
    people = len(lives)
    red_cells, stores = np.zeros((people, plan.months + 1)), np.zeros((people, plan.months + 1))
    absorbed = np.zeros((people, plan.months))
    burdens = neutral_burdens(BURDENS)
    live_through(lives.copy(), bodies.copy(), burdens, month, plan, red_cells, stores, absorbed, p)
    return Course(red_cells, stores, absorbed)
