"""The tally of policies: people in the month's end state, added up by sex, age, genes and lot.

Lots are a tenth of the people each, the same people in all arms, so that the spread between lots tells
how sure a difference between arms is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rlsabm import chance
from rlsabm.arrays import Floats, Ints
from rlsabm.body.iron import ferritin
from rlsabm.care.treatments import months_on, tablets_of_treatments
from rlsabm.compilation import compiled
from rlsabm.conventions import DAYS_PER_MONTH, NEVER
from rlsabm.declaring.inputs import Inputs
from rlsabm.exposures.donation import tablets_of_donors_mg
from rlsabm.exposures.pregnancy import NOT_PREGNANT, tablets_of_pregnancy_mg
from rlsabm.measuring.assays import laboratory
from rlsabm.observe.survey import survey_month
from rlsabm.policies.policy import AT_YEAR_END, MONTHLY, TOO_MUCH_FERRITIN_UG_PER_L, Policy
from rlsabm.population import Population
from rlsabm.setting import Setting

LOT = chance.register("lot of a policy", 30, "once", "which tenth of the people, -, -, -")

LOTS, QUARTERS = 10, 4
_MONTHLY, _AT_END = len(MONTHLY), len(MONTHLY) + len(AT_YEAR_END)
#: Iron (mg) to which differences of the ledger are told: less is rounding of what was absorbed.
_ROUNDING_MG = 0.01


@compiled
def note_iron_gained(bodies: Any, gained: Floats) -> None:
    """Keep the ledger of iron gained, row by row."""
    for row in range(len(bodies)):
        gained[row] = bodies[row].iron_gained_mg


@compiled
def add_person(counts: Any, life: Any, body: Any, gained_mg: float, month: int, p: Inputs) -> None:
    """Add a month of a living person to the counts of a cell; ``gained_mg`` is the ledger before it."""
    counts[0] += 1.0 / 12.0
    if body.rls:
        counts[1] += 1.0 / 12.0
        if body.significant_last_month == month:
            counts[2] += 1.0 / 12.0
    if body.diagnosed_month == month:
        counts[3] += 1.0
    if life.last_donation_month == month:
        counts[4] += 1.0
    if body.tested:
        counts[5] += 1.0
    dose, days, _ = tablets_of_treatments(body, p)
    tablets = dose * days + tablets_of_donors_mg(life, month, p)
    if life.pregnancy != NOT_PREGNANT and p.pregnancy_enabled != 0.0:
        tablets += tablets_of_pregnancy_mg(life, month, p)
    counts[6] += tablets * DAYS_PER_MONTH / 1000.0
    if life.birth_month < month:
        infused = body.iron_gained_mg - gained_mg - body.absorbed_mg_per_day * DAYS_PER_MONTH
        if infused > _ROUNDING_MG:
            counts[7] += round(infused / _ROUNDING_MG) * _ROUNDING_MG / 1000.0
    for k in range(p.treatment_count):
        months = months_on(body, k)
        if months > 0:
            counts[_AT_END + 2 * k + 1] += 1.0 / 12.0
            if months == 1:
                counts[_AT_END + 2 * k] += 1.0


@compiled
def add_at_year_end(counts: Any, life: Any, body: Any, month: int, p: Inputs) -> None:
    """Add a living person at the end of a policy year to the counts of a cell."""
    if body.rls:
        counts[_MONTHLY] += 1.0
        if body.significant_last_month == month:
            counts[_MONTHLY + 1] += 1.0
    age = (month - life.birth_month) // 12
    if ferritin(body, life, p) < (12.0 if age < 5 else 15.0):
        counts[_MONTHLY + 2] += 1.0
    if laboratory(life, body, month, p).ferritin > TOO_MUCH_FERRITIN_UG_PER_L:
        counts[_MONTHLY + 3] += 1.0


@compiled
def tally_month(
    lives: Any,
    bodies: Any,
    gained: Floats,
    month: int,
    is_year_end: bool,
    age_limits: Ints,
    cuts: Floats,
    counts: Any,
    p: Inputs,
) -> None:
    """Add all living people at the end of a month.

    Parameters
    ----------
    lives, bodies
        Records of the population.
    gained
        The ledger of iron gained before the month, row by row.
    month, is_year_end
        The month, and whether a policy year ends with it.
    age_limits
        Lower limits of the age groups.
    cuts
        Values of the CNS-iron trait between its quarters.
    counts
        Counts by sex, age group, quarter, lot and item.
    p
        Inputs of the run.
    """
    for row in range(len(lives)):
        life, body = lives[row], bodies[row]
        if life.death_month != NEVER:
            continue
        age = (month - life.birth_month) // 12
        group = len(age_limits) - 1
        while age < age_limits[group]:
            group -= 1
        quarter = 0
        while quarter < len(cuts) and life.cns_iron_trait > cuts[quarter]:
            quarter += 1
        drawn, _, _, _ = chance.once(p.key, life.uid, LOT)
        cell = counts[life.sex, group, quarter, int(drawn * LOTS)]
        add_person(cell, life, body, gained[row], month, p)
        if is_year_end:
            add_at_year_end(cell, life, body, month, p)


class Tally:
    """Counts of a population from the month in which its arm parts from the reference.

    Parameters
    ----------
    policy
        What is counted.
    setting
        What the people of this arm live in from then on.
    age_limits
        Lower limits of the age groups.

    Attributes
    ----------
    first_month, last_month
        Months that are counted, both included.
    counts
        By policy year, sex, age group, quarter of the CNS-iron trait, lot and item.
    """

    def __init__(self, policy: Policy, setting: Setting, age_limits: Sequence[int]) -> None:
        self.policy = policy
        self._setting = setting
        self._age_limits = np.array(age_limits, dtype=np.int64)
        self.last_month = survey_month(setting.survey_years[-1])
        self.first_month = self.last_month - 12 * policy.years + 1
        self._items = _AT_END + 2 * len(policy.treatments)
        shape = (policy.years, 2, len(self._age_limits), QUARTERS, LOTS, self._items)
        self._counts = np.zeros(shape)
        self._cuts = np.zeros(0)

    def advance(self, population: Population, *, log: bool) -> None:
        """Live the next month of a population, and count it."""
        month = population.month
        if month == self.first_month:
            population.live_on_in(self._setting)
            population.forget_dead = False  # rows stay where they are while a month is lived
            trait = population.lives["cns_iron_trait"][population.alive]
            self._cuts = np.quantile(trait.astype(float), [0.25, 0.5, 0.75])
        gained = np.zeros(len(population.lives))
        note_iron_gained(population.bodies, gained)
        population.advance(month, log=log)
        newborns = len(population.lives) - len(gained)
        gained = np.concatenate([gained, np.zeros(newborns)])
        year, of_year = divmod(month - self.first_month, 12)
        tally_month(
            population.lives, population.bodies, gained, month, of_year == 11, self._age_limits,
            self._cuts, self._counts[year], population.inputs,
        )  # fmt: skip
        population.forget_dead = month == self.last_month
        if of_year == 11:
            population.forget()

    def is_due(self, month: int) -> bool:
        """Whether a month is counted."""
        return self.first_month <= month <= self.last_month

    @property
    def counts(self) -> Floats:
        """Counts, with the cost of everything as the last item if anything has one."""
        items = self.policy.items
        if len(items) == self._items:
            return self._counts
        prices = np.array([item.cost for item in items[:-1]])
        return np.concatenate([self._counts, (self._counts @ prices)[..., np.newaxis]], axis=-1)
