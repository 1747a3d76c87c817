"""Tables of the catalogue: hazards of onset, and what follows from who has what."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from rlsabm.arrays import Floats
from rlsabm.conventions import LAST_AGE
from rlsabm.errors import UserError
from rlsabm.exposures.catalogue.body_mass import MEDIAN_ONLY, BodyMass
from rlsabm.exposures.catalogue.condition import MOST_CONDITIONS, OF_SEX, Condition
from rlsabm.exposures.catalogue.connections import (
    PROGRESSIVE_KIDNEY_DISEASE,
    Connections,
    connect,
)
from rlsabm.exposures.catalogue.together import follow_together, states_of

#: Largest share by which a wanted prevalence may be exceeded.
MISSED = 1e-6


class Followed(NamedTuple):
    """What following some conditions together gives, by sex and completed age (the last two axes).

    Attributes
    ----------
    hazard
        Yearly hazard of onset where nothing raises it; first axis: condition.
    prevalence
        Share of the living who have it; first axis: condition.
    mortality_ratio
        Mean of the product of the mortality ratios of what people have.
    kidney_ratio
        The same of their hazard ratios for progressive kidney disease.
    free, deferral
        Share who have nothing that keeps them from giving blood, and the rate (per year) at which
        they get it.
    both
        Share who have two conditions; first two axes: conditions.
    """

    hazard: Floats
    prevalence: Floats
    mortality_ratio: Floats
    kidney_ratio: Floats
    free: Floats
    deferral: Floats
    both: Floats


class ConditionTables(NamedTuple):
    """What rules need of the conditions, by their number.

    Attributes
    ----------
    hazard
        Hazard of onset, summed from birth, by sex and birthday, in people of median body mass who
        have nothing that raises it.
    prevalence
        Share of the living who have it, by sex and completed age.
    conditions, connections
        The catalogue, and how its conditions hang together.
    followed
        Each group of conditions that were followed together, in the order of `connections`.
    onset
        Yearly hazard of onset in all people without it, by sex and age, if conditions are independent.
    """

    hazard: Floats
    prevalence: Floats
    conditions: tuple[Condition, ...]
    connections: Connections
    followed: tuple[Followed, ...]
    onset: Floats

    @property
    def alone(self) -> list[int]:
        """Numbers of the conditions that are independent of all others."""
        known = {number for group in self.connections.together for number in group}
        return [number for number in range(len(self.conditions)) if number not in known]


def tabulate(
    conditions: Sequence[Condition], mortality: Floats, body_mass: BodyMass = MEDIAN_ONLY
) -> ConditionTables:
    """Summed hazards and expected prevalence of some conditions.

    Parameters
    ----------
    conditions
        The catalogue.
    mortality
        Death rate (per year) by sex and completed age.
    body_mass
        Distribution of body mass.

    Raises
    ------
    UserError
        If a condition contradicts itself or others, or there are too many.
    """
    if len(conditions) > MOST_CONDITIONS:
        raise UserError(f"conditions: {len(conditions)} found, expected {MOST_CONDITIONS} at most")
    connections = connect(conditions)
    onset = np.zeros((len(conditions), 2, LAST_AGE + 1))
    prevalence = np.zeros((MOST_CONDITIONS, 2, LAST_AGE + 1))
    for number, condition in enumerate(conditions):
        onset[number] = condition.yearly_hazard(mortality)
        prevalence[number] = condition.expected_prevalence(onset[number], mortality)
    yearly = onset.copy()
    followed = []
    for group in connections.together:
        numbers = list(group)
        of_group = _follow([conditions[n] for n in group], onset[numbers], mortality, body_mass)
        prevalence[numbers] = of_group.prevalence
        yearly[numbers] = of_group.hazard
        followed.append(of_group)
    hazard = np.zeros((MOST_CONDITIONS, 2, LAST_AGE + 2))
    for number, condition in enumerate(conditions):
        if condition.enabled:
            hazard[number, :, 1:] = np.cumsum(yearly[number], axis=1)
    return ConditionTables(
        hazard, prevalence, tuple(conditions), connections, tuple(followed), onset
    )


def _follow(
    conditions: Sequence[Condition], onset: Floats, mortality: Floats, body_mass: BodyMass
) -> Followed:
    """Follow some conditions together, each after those that raise it, in both sexes."""
    log_ratios = [np.log(c.hazard_ratio_per_5_kg_per_m2) / 5.0 for c in conditions]
    if not any(log_ratios):
        body_mass = MEDIAN_ONLY
    figures = tuple(
        (
            condition.given("onset_per_1000", OF_SEX[0])[1] is not None,
            condition.recovery,
            condition.mortality_ratio,
            kidney_ratio_of(condition),
            not condition.may_give_blood,
            *((cause.raises or {}).get(condition.name, 1.0) for cause in conditions),
        )
        for condition in conditions
    )
    of_sex = []
    for sex, word in enumerate(OF_SEX):
        by_body = np.exp(np.outer(log_ratios, body_mass.excess[sex]))
        *found, missed = _followed(
            figures, onset[:, sex].tobytes(), mortality[sex].tobytes(), by_body.tobytes(),
            body_mass.share.tobytes(),
        )  # fmt: skip
        for condition, by in zip(conditions, missed, strict=True):
            if by > MISSED:
                raise condition.error(
                    condition.given("prevalence", word)[0],
                    f"cannot be kept by {word} beside the conditions that are connected with it: even "
                    f"without onsets it would be higher by {by:.2g}, as people without it die earlier",
                )
        of_sex.append(found)
    hazard, prevalence, means, both = (
        np.stack(arrays, axis=-2) for arrays in zip(*of_sex, strict=True)
    )
    died, kidney, free, deferral = means
    return Followed(hazard, prevalence, died, kidney, free, deferral, both)


@lru_cache(maxsize=64)
def _followed(
    figures: tuple[tuple[float, ...], ...],
    onset: bytes,
    mortality: bytes,
    by_body: bytes,
    share: bytes,
) -> tuple[Floats, ...]:
    """`follow_together`, which arms, draws and rooms ask for again and again."""
    is_onset_given, recovery, mortality_ratio, kidney_ratio, defers, *raised_by = np.array(
        figures
    ).T
    count = len(figures)
    return follow_together(
        np.frombuffer(onset).reshape(count, -1).copy(), is_onset_given == 1.0, recovery.copy(),
        mortality_ratio - 1.0, np.frombuffer(mortality).copy(),
        states_of(mortality_ratio, kidney_ratio, defers == 1.0, np.array(raised_by).T),
        np.frombuffer(by_body).reshape(count, -1).copy(), np.frombuffer(share).copy(),
    )  # fmt: skip


def kidney_ratio_of(condition: Condition) -> float:
    """Hazard ratio of progressive kidney disease while somebody has a condition."""
    return (condition.raises or {}).get(PROGRESSIVE_KIDNEY_DISEASE, 1.0)


def mortality_factor(tables: ConditionTables) -> Floats:
    """Mean mortality ratio of everybody of a sex and age."""
    return _mean_ratio(
        tables,
        [condition.mortality_ratio for condition in tables.conditions],
        [followed.mortality_ratio for followed in tables.followed],
    )


def kidney_factor(tables: ConditionTables) -> Floats:
    """Mean hazard ratio of progressive kidney disease of everybody of a sex and age."""
    return _mean_ratio(
        tables,
        [kidney_ratio_of(condition) for condition in tables.conditions],
        [followed.kidney_ratio for followed in tables.followed],
    )


def share_among(tables: ConditionTables, effect: int, cause: int) -> tuple[Floats, Floats]:
    """Share who have a condition among people with and without one that raises it, by sex and age."""
    for group, followed in zip(tables.connections.together, tables.followed, strict=True):
        if effect in group:
            of_effect, of_cause = group.index(effect), group.index(cause)
            both = followed.both[of_effect, of_cause]
            with_cause = followed.both[of_cause, of_cause]
            alone = followed.both[of_effect, of_effect] - both
            return both / np.maximum(with_cause, 1e-300), alone / (1.0 - with_cause)
    raise ValueError("nothing raises it")


def _mean_ratio(
    tables: ConditionTables, ratios: Sequence[float], of_groups: Sequence[Floats]
) -> Floats:
    """Mean of a product of ratios over what people have: groups are independent of one another."""
    factor = np.ones((2, LAST_AGE + 1))
    for number in tables.alone:
        factor *= 1.0 + tables.prevalence[number] * (ratios[number] - 1.0)
    for of_group in of_groups:
        factor *= of_group
    return factor


def deferred(tables: ConditionTables) -> tuple[Floats, Floats]:
    """Share who have what keeps them from giving blood, and rate of getting it, by sex and age."""
    free, rate = np.ones((2, LAST_AGE + 1)), np.zeros((2, LAST_AGE + 1))
    for number in tables.alone:
        if not tables.conditions[number].may_give_blood:
            free *= 1.0 - tables.prevalence[number]
            rate += tables.onset[number]
    for followed in tables.followed:
        free *= followed.free
        rate += followed.deferral
    return 1.0 - free, rate
