"""Treatments of a model's people: who is on which, and what a script gives or stops by hand.

A treatment that a script gives begins in the next month that a person lives, by the very rules of a
treatment that a rule of care offers: for that month a rule that means whoever stands in the place of
the scenario's own one.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rlsabm.arrays import Ints, Uids
from rlsabm.care.care_rule import CareRule
from rlsabm.care.plan import CarePlan
from rlsabm.care.treatment import MOST_MONTHS
from rlsabm.care.treatments import BITS, months_of
from rlsabm.declaring.inputs import Inputs
from rlsabm.errors import UserError, nearest
from rlsabm.inputs import with_care
from rlsabm.population import Population
from rlsabm.wording import with_help

#: What to do about a treatment that no rule offers.
BY_HAND = (
    "care={'rules': {'by_hand': {'treatment': NAME, 'uptake': 0}}} keeps one for people to whom a "
    "script gives it"
)


class Treating:
    """Treatments of the people of a population, and those that a script has given them.

    Parameters
    ----------
    population
        Whose people; its rules of care say which treatments there are.
    """

    def __init__(self, population: Population) -> None:
        self.population = population
        #: Treatments that begin in the next month, one bit each, by uid.
        self.waiting: dict[int, int] = {}

    @property
    def plan(self) -> CarePlan:
        """Treatments and rules of the population."""
        return self.population.setting.care

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the treatments that rules offer, in the order in which bodies keep them."""
        return tuple(treatment.name for treatment in self.plan.treatments)

    def number_of(self, name: str) -> int:
        """Place of a treatment among those that there are.

        Raises
        ------
        UserError
            If no rule of care offers it.
        """
        if name not in self.names:
            there = ", ".join(self.names) or "none"
            near = nearest(name, self.names)
            expected = f"a treatment that a rule of care offers: {there}; {BY_HAND}"
            raise UserError(f"treatment: {with_help(f'found {name!r}', expected, near)}")
        return self.names.index(name)

    def months_on(self, rows: Ints, name: str) -> Ints:
        """Months that people have been on a treatment, the last one included; 0 if they are not.

        Months are counted up to 127.

        Raises
        ------
        UserError
            If no rule of care offers the treatment.
        """
        treatments = self.population.bodies["treatments"][rows]
        return np.asarray(months_of(treatments, self.number_of(name)))

    def treatments_of(self, row: int) -> dict[str, int]:
        """Months on each treatment that a person is on, by its name."""
        rows = np.array([row])
        months = {name: int(self.months_on(rows, name)[0]) for name in self.names}
        return {name: count for name, count in months.items() if count}

    def begin(self, uids: Uids, name: str) -> None:
        """Give a treatment to people from the next month that they live on.

        Raises
        ------
        UserError
            If no rule of care offers it.
        """
        bit = 1 << self.number_of(name)
        for uid in uids.tolist():
            self.waiting[uid] = self.waiting.get(uid, 0) | bit

    def stop(self, uids: Uids, rows: Ints, name: str) -> None:
        """End a treatment of people, whether they are on it or are to begin it.

        Raises
        ------
        UserError
            If no rule of care offers it.
        """
        number = self.number_of(name)
        self.population.bodies["treatments"][rows] &= ~(MOST_MONTHS << (BITS * number))
        self.population.bodies["augmented"][rows] &= ~(1 << number)
        for uid in uids.tolist():
            self.waiting[uid] = self.waiting.get(uid, 0) & ~(1 << number)

    def parts(self, rows: Ints) -> Iterator[tuple[Ints, Inputs]]:
        """People who live a month, in parts that begin the same treatments, with their inputs."""
        usual = self.population.inputs
        if not self.waiting:
            yield rows, usual
            return
        uids = self.population.lives["uid"][rows].tolist()
        begun = np.array([self.waiting.pop(uid, 0) for uid in uids], dtype=np.int64)
        for bits in np.unique(begun).tolist():
            yield rows[begun == bits], self._inputs_with(bits, usual) if bits else usual

    def _inputs_with(self, bits: int, usual: Inputs) -> Inputs:
        """Inputs of a month in which everybody begins some treatments."""
        rules = list(self.plan.rules)
        for number, name in enumerate(self.names):
            if bits >> number & 1:
                place = next(at for at, rule in enumerate(rules) if rule.treatment == name)
                rules[place] = CareRule(name=rules[place].name, treatment=name)
        plan = CarePlan(self.plan.treatments, tuple(rules))
        return with_care(usual, self.population.setting.conditions, plan)
