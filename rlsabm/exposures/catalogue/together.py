"""Conditions that know one another, followed together through the ages.

All combinations of a few conditions, at some points of body mass, are followed from birth under onset,
recovery and death.  In each step the hazard of onset of people in whom nothing raises it is chosen so
that all people together have the onsets, or the prevalence, that the catalogue gives.

Arrays of people have a row for each combination and a column for each point of body mass, so that the
processor works on several points at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rlsabm.arrays import Bools, Floats, Ints
from rlsabm.compilation import compiled
from rlsabm.exposures.catalogue.condition import STEPS_PER_YEAR, leaving_rate
from rlsabm.mathematics import exp

STEP = 1.0 / STEPS_PER_YEAR


class States(NamedTuple):
    """Combinations of some conditions, a bit each, and what each combination does.

    Attributes
    ----------
    mortality_ratio, kidney_ratio
        Products of the hazard ratios of the conditions that are there.
    defers
        Whether any of them keeps people from giving blood.
    raised
        Hazard ratios that a condition can have by the others, ascending; its row has as many as
        ``levels`` says.
    levels
        Number of them, by condition.
    level
        Which of them it has, by condition and state.
    """

    mortality_ratio: Floats
    kidney_ratio: Floats
    defers: Bools
    raised: Floats
    levels: Ints
    level: Ints


def states_of(
    mortality_ratio: Sequence[float],
    kidney_ratio: Sequence[float],
    defers: Sequence[bool],
    raised_by: Floats,
) -> States:
    """All combinations of some conditions.

    Parameters
    ----------
    mortality_ratio, kidney_ratio, defers
        Of each condition.
    raised_by
        Hazard ratio of the onset of the first while the second is there.
    """
    count = len(defers)
    there = (np.arange(1 << count)[:, None] >> np.arange(count) & 1).astype(bool)
    ratio = np.array([np.where(there, row, 1.0).prod(axis=1) for row in raised_by])
    distinct = [np.unique(row) for row in ratio]
    raised = np.ones(ratio.shape)
    for one, values in enumerate(distinct):
        raised[one, : len(values)] = values
    return States(
        np.where(there, mortality_ratio, 1.0).prod(axis=1),
        np.where(there, kidney_ratio, 1.0).prod(axis=1),
        (there & np.array(defers)).any(axis=1),
        raised,
        np.array([len(values) for values in distinct]),
        np.array(
            [np.searchsorted(values, row) for values, row in zip(distinct, ratio, strict=True)]
        ),
    )


@compiled
def follow_together(
    onset: Floats,
    is_onset_given: Bools,
    recovery: Floats,
    excess: Floats,
    mortality: Floats,
    states: States,
    by_body: Floats,
    share: Floats,
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Follow some conditions of one sex together, each after those that raise it.

    Parameters
    ----------
    onset
        Yearly hazard of onset in all people without it, by condition and age; where the prevalence is
        given, the one that would lead to it if conditions were independent.
    is_onset_given, recovery, excess
        Of each condition: whether its onset is given or its prevalence, its rate of recovery (per
        year), and its mortality ratio less one.
    mortality
        Death rate (per year) of all people by age.
    states
        The combinations.
    by_body
        Hazard ratio of each condition at each point of body mass.
    share
        Share of newborns at each point of body mass.

    Returns
    -------
    hazard
        Yearly hazard of onset where nothing raises it, by condition and age.
    prevalence
        Share of the living who have it, by condition and age.
    means
        By age: mean mortality ratio, mean hazard ratio of kidney disease, share who have nothing that
        keeps them from giving blood, and yearly rate at which they get it.
    both
        Share of the living who have two conditions in the middle of each year of age.
    missed
        Largest share by which a wanted prevalence is exceeded, by condition.
    """
    count, ages = onset.shape
    people = np.zeros((1 << count, len(share)))
    people[0] = share
    of_state = np.zeros(1 << count)
    hazard, prevalence, means = (
        np.zeros((count, ages)),
        np.zeros((count, ages)),
        np.zeros((4, ages)),
    )
    both = np.zeros((count, count, ages))
    alone, missed = np.zeros(count), np.zeros(count)
    for age in range(ages):
        for step in range(STEPS_PER_YEAR):
            add_up(people, of_state)
            if 2 * step == STEPS_PER_YEAR:
                add_pairs(of_state, both, age)
            add_shares(of_state, prevalence, age)
            ratio = mean_of(of_state, states.mortality_ratio)
            means[0, age] += STEP * ratio
            means[1, age] += STEP * mean_of(of_state, states.kidney_ratio)
            means[2, age] += STEP * share_without(of_state, states.defers)
            let_die(people, of_state, states.mortality_ratio, mortality[age] / ratio)
            for one in range(count):
                if recovery[one] > 0.0:
                    let_recover(people, one, 1.0 - exp(-recovery[one] * STEP))
            add_up(people, of_state)
            before = share_without(of_state, states.defers)
            for one in range(count):
                raised = states.raised[one, : states.levels[one]]
                without = find_without(people, one, states.level[one], len(raised))
                have = 1.0 - share_free(people, one)
                if is_onset_given[one]:
                    before_recovery = have * exp(recovery[one] * STEP)
                    wanted = next_share(before_recovery, onset[one, age], recovery[one])
                else:
                    leaving = leaving_rate(alone[one], mortality[age], recovery[one], excess[one])
                    alone[one] = wanted = next_share(alone[one], onset[one, age], leaving)
                    missed[one] = max(missed[one], have - wanted)
                begins = wanted - have
                base = base_hazard(without, by_body[one], raised, begins)
                hazard[one, age] += base * STEP
                let_begin(people, one, by_body[one], raised, states.level[one], base)
            add_up(people, of_state)
            means[3, age] += before - share_without(of_state, states.defers)
            add_shares(of_state, prevalence, age)
        means[3, age] /= max(means[2, age], 1e-12)
    return hazard, prevalence, means, both, missed


@compiled
def next_share(share: float, onset: float, leaving: float) -> float:
    """Share who have a condition a step later, under constant rates of onset and of leaving."""
    rate = onset + leaving
    settled = onset / rate if rate > 0.0 else 0.0
    return settled + (share - settled) * exp(-rate * STEP)


@compiled
def add_up(people: Floats, of_state: Floats) -> None:
    """Add up people of all points of body mass."""
    for state in range(len(of_state)):
        total = 0.0
        for point in range(people.shape[1]):
            total += people[state, point]
        of_state[state] = total


@compiled
def add_shares(of_state: Floats, prevalence: Floats, age: int) -> None:
    """Add the share who have each condition at one end of a step to its mean within the year."""
    for one in range(len(prevalence)):
        for state in range(len(of_state)):
            if state >> one & 1:
                prevalence[one, age] += 0.5 * STEP * of_state[state]


@compiled
def add_pairs(of_state: Floats, both: Floats, age: int) -> None:
    """Add up the shares who have two conditions."""
    for one in range(both.shape[0]):
        for other in range(both.shape[0]):
            for state in range(len(of_state)):
                if state >> one & state >> other & 1:
                    both[one, other, age] += of_state[state]


@compiled
def mean_of(of_state: Floats, value: Floats) -> float:
    """Mean of what states have."""
    total = 0.0
    for state in range(len(of_state)):
        total += of_state[state] * value[state]
    return total


@compiled
def share_without(of_state: Floats, marked: Bools) -> float:
    """Share of people in states that are not marked."""
    share = 0.0
    for state in range(len(of_state)):
        if not marked[state]:
            share += of_state[state]
    return share


@compiled
def let_die(people: Floats, of_state: Floats, ratio: Floats, rate: float) -> None:
    """Deaths of a step, in proportion to the ratios; then people count relative to the living."""
    kept = np.zeros(len(of_state))
    living = 0.0
    for state in range(len(of_state)):
        kept[state] = exp(-rate * ratio[state] * STEP)
        living += of_state[state] * kept[state]
    for state in range(len(of_state)):
        of_living = kept[state] / living
        for point in range(people.shape[1]):
            people[state, point] *= of_living


@compiled
def let_recover(people: Floats, one: int, part: float) -> None:
    """Let a part of those who have a condition recover."""
    for state in range(people.shape[0]):
        if state >> one & 1:
            recovered = state ^ 1 << one
            for point in range(people.shape[1]):
                moved = part * people[state, point]
                people[state, point] -= moved
                people[recovered, point] += moved


@compiled
def find_without(people: Floats, one: int, level: Ints, levels: int) -> Floats:
    """People without a condition by how much others raise it, and by point of body mass."""
    without = np.zeros((levels, people.shape[1]))
    for state in range(people.shape[0]):
        if not state >> one & 1:
            for point in range(people.shape[1]):
                without[level[state], point] += people[state, point]
    return without


@compiled
def share_free(people: Floats, one: int) -> float:
    """Share of people without a condition."""
    bit = 1 << one
    free = 0.0
    for point in range(people.shape[1]):
        for first in range(0, people.shape[0], 2 * bit):
            for state in range(first, first + bit):
                free += people[state, point]
    return free


@compiled
def base_hazard(without: Floats, by_body: Floats, raised: Floats, begins: float) -> float:
    """Hazard where nothing raises it with which so many get a condition in a step, by Newton's method.

    The share who get it is concave in the hazard, so that steps from below never go beyond it.
    """
    hazard = 0.0
    if begins <= 0.0:
        return hazard
    left = without.copy()
    for _ in range(60):
        missing, slope = begins, 0.0
        for point in range(len(by_body)):
            for level in range(len(raised)):
                own = by_body[point] * raised[level] * STEP
                missing -= without[level, point] - left[level, point]
                slope += left[level, point] * own
        hazard += missing / slope
        if abs(missing) < 1e-14:
            break
        for level in range(len(raised)):
            for point in range(len(by_body)):
                own = by_body[point] * raised[level] * STEP
                left[level, point] = without[level, point] * exp(-hazard * own)
    return hazard


@compiled
def let_begin(
    people: Floats, one: int, by_body: Floats, raised: Floats, level: Ints, hazard: float
) -> None:
    """Let a condition begin in those who do not have it."""
    part = np.zeros((len(raised), len(by_body)))
    for each in range(len(raised)):
        for point in range(len(by_body)):
            part[each, point] = 1.0 - exp(-hazard * by_body[point] * raised[each] * STEP)
    for state in range(people.shape[0]):
        if not state >> one & 1:
            begun = state | 1 << one
            for point in range(people.shape[1]):
                moved = part[level[state], point] * people[state, point]
                people[state, point] -= moved
                people[begun, point] += moved
