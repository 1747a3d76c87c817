"""Conditions of the catalogue: when they begin and end in a life, and what they do to the body.

A condition is given as data: a hazard of onset by sex and age, and how long it lasts.  Its episodes are
a pure function of the person's chance, so a life remembers only which conditions are there, which ever
will be, and when that changes next.

Where other conditions raise the hazard, onsets are offered at the largest hazard that the person can
have, and each is taken with the chance of the hazard of the month relative to it (thinning).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from rlsabm import chance
from rlsabm.arrays import Bools
from rlsabm.burden import lay_neutral
from rlsabm.chance import Word, waiting_months
from rlsabm.compilation import compiled
from rlsabm.conventions import DAYS_PER_MONTH, LAST_AGE, NEVER
from rlsabm.declaring.fields import Field
from rlsabm.declaring.groups import Group, Surveyed
from rlsabm.declaring.inputs import Inputs
from rlsabm.declaring.room import Making, Room
from rlsabm.declaring.tables import BY_SEX_AND_BIRTHDAY, SCALAR, Table
from rlsabm.exposures.catalogue.body_mass import body_mass_excess, body_mass_of
from rlsabm.exposures.catalogue.condition import MOST_CONDITIONS, Condition
from rlsabm.exposures.catalogue.connections import MOST_CAUSES, Connections, product_of
from rlsabm.exposures.catalogue.tables import (
    ConditionTables,
    kidney_ratio_of,
    mortality_factor,
    tabulate,
)
from rlsabm.mathematics import exp, log

EPISODES = chance.register("condition", 20, "episode", "onset, duration, whether it is taken, -")

#: All bits: before birth any condition may come.
EVERY_CONDITION = np.uint32(2**32 - 1)

BY_CONDITION = (MOST_CONDITIONS,)
BY_CAUSE = (MOST_CONDITIONS, MOST_CAUSES)
#: What rules read of a condition: a table each, and how it follows from the figures.
_EFFECTS: dict[str, tuple[str, Callable[[Condition], float]]] = {
    "condition_months": ("mean duration, 0 for life", lambda c: 12.0 * (c.duration_years or 0.0)),
    "condition_blood_ml_per_day": (
        "blood lost while it lasts", lambda c: c.blood_loss_ml_per_day,
    ),
    "condition_blood_ml_at_onset": (
        "blood lost in the month of its onset", lambda c: c.blood_loss_ml_at_onset,
    ),
    "condition_iron_mg_per_day": ("iron lost otherwise", lambda c: c.iron_loss_mg_per_day),
    "condition_absorption": ("factor on absorption", lambda c: c.absorption_factor),
    "condition_haemoglobin": (
        "factor on the haemoglobin set point", lambda c: c.haemoglobin_factor,
    ),
    "condition_dopamine_load": (
        "loss of dopaminergic function that does not come from iron", lambda c: c.dopamine_load,
    ),
    "condition_mortality": ("factor on mortality", lambda c: c.mortality_ratio),
    "condition_ferritin": ("factor on measured ferritin", lambda c: c.ferritin_factor),
    "condition_saturation": (
        "factor on measured transferrin saturation", lambda c: c.saturation_factor,
    ),
    "condition_log_ratio_per_kg_per_m2": (
        "logarithm of the hazard ratio of onset for 1 kg/m2 more",
        lambda c: np.log(c.hazard_ratio_per_5_kg_per_m2) / 5.0,
    ),
    "condition_kidney_ratio": (
        "hazard ratio of progressive kidney disease while it is there", kidney_ratio_of,
    ),
}  # fmt: skip


def catalogue_of(making: Making) -> ConditionTables:
    """The catalogue of a setting, under the mortality that rooms before have left."""
    body_mass = body_mass_of(making.country.adult_body_mass_index, making.p)
    return tabulate(making.conditions, making.mortality, body_mass)


def fill_condition_tables(making: Making) -> Mapping[str, Any]:
    """Hazards of onset and effects, by number of the condition."""
    conditions = making.conditions
    catalogue = catalogue_of(making)
    # Mortality ratios apply to people with a condition. All people together die at the rates of the
    # life table.
    making.mortality = making.mortality / mortality_factor(catalogue)
    return {
        "condition_spared": np.exp(-catalogue.hazard),
        "condition_lifetime_hazard": catalogue.hazard[:, :, -1],
        "condition_count": len(conditions),
        "condition_code": np.array([c.code for c in conditions], dtype=np.int64),
        "condition_most_kidney_ratio": np.prod([kidney_ratio_of(c) for c in conditions]),
        "adult_body_mass_index": making.country.adult_body_mass_index,
        "conditions_that_defer": sum(
            1 << number for number, c in enumerate(conditions) if not c.may_give_blood
        ),
        **_causes(catalogue.connections),
        **{
            name: np.array([effect(c) for c in conditions], dtype=float)
            for name, (_, effect) in _EFFECTS.items()
        },
    }


def _causes(connections: Connections) -> Mapping[str, Any]:
    """What raises each condition, as rules look it up."""
    count = len(connections.causes)
    causes = np.full((count, MOST_CAUSES), -1, dtype=np.int64)
    ratios = np.ones((count, MOST_CAUSES))
    for number, of_one in enumerate(connections.causes):
        for place, cause in enumerate(of_one):
            causes[number, place], ratios[number, place] = cause
    return {
        "condition_cause": causes,
        "condition_cause_ratio": ratios,
        "condition_most_raised": np.array([product_of(each) for each in connections.causes]),
    }


_LIFE_FIELDS = (
    Field(
        "conditions",
        "u4",
        "bits",
        "conditions of the catalogue that the person has now, one bit each",
        settable=False,
    ),
    Field(
        "conditions_to_come",
        "u4",
        "bits",
        "conditions of the catalogue that the person has now or will have, one bit each",
        initial=EVERY_CONDITION,
        settable=False,
    ),
    Field("conditions_until", "i4", "month", "month in which the next condition may begin or ends"),
    Field("raised_until", "i4", "month", "the same for those that others raise"),
)

CATALOGUE = Room(
    title="conditions of the catalogue",
    life_fields=_LIFE_FIELDS,
    tables=(
        Table(
            "condition_spared",
            (MOST_CONDITIONS, *BY_SEX_AND_BIRTHDAY),
            "share of people without onset up to each birthday, where nothing raises it",
        ),
        Table(
            "condition_lifetime_hazard", (MOST_CONDITIONS, 2), "hazard of onset summed over a life"
        ),
        Table("condition_count", SCALAR, "number of conditions", "i8"),
        Table("condition_code", BY_CONDITION, "number in the counter of chance", "i8"),
        Table("condition_cause", BY_CAUSE, "conditions that raise it, -1 for none", "i8"),
        Table("condition_cause_ratio", BY_CAUSE, "hazard ratio while such a condition is there"),
        Table("condition_most_raised", BY_CONDITION, "product of all its hazard ratios"),
        Table("condition_most_kidney_ratio", SCALAR, "product of all ratios for kidney disease"),
        Table("conditions_that_defer", SCALAR, "bits of those who may not give blood", "i8"),
        Table("adult_body_mass_index", (2,), "median body-mass index of adults by sex, kg/m2"),
        *(Table(name, BY_CONDITION, meaning) for name, (meaning, _) in _EFFECTS.items()),
    ),
    fill=fill_condition_tables,
)


def has_condition(people: Surveyed, place: int) -> Bools:
    """Who has the condition at this place of the catalogue."""
    return np.asarray((people.conditions >> place) & 1 == 1)


def _has(people: Surveyed, *, name: str) -> Bools:
    return np.asarray(people.has_condition(name))


def groups_of_catalogue(conditions: Sequence[Condition]) -> list[Group]:
    """A group for each condition, negative controls last.

    A survey says at which place of the catalogue a condition stands
    (`rlsabm.observe.survey.Survey.has_condition`).
    """
    groups = [
        Group(
            condition.name,
            condition.in_words,
            "control" if condition.negative_control else "exposure",
            condition.definition or condition.in_words,
            condition.source,
            condition.name,
            partial(_has, name=condition.name),
        )
        for condition in conditions
    ]
    return sorted(groups, key=lambda group: group.kind == "control")


# Rules ----------------------------------------------------------------------------------------------


@compiled
def spared_until(c: int, sex: int, age_months: int, p: Inputs) -> float:
    """Share of people whom a condition has spared up to an age, if onset is all that happens."""
    age = min(age_months // 12, LAST_AGE)
    before = p.condition_spared[c, sex, age]
    part = min((age_months - 12 * age) / 12.0, 1.0)
    return before + part * (p.condition_spared[c, sex, age + 1] - before)


@compiled
def age_when_spared(c: int, sex: int, share: float, from_age: int, p: Inputs) -> int:
    """Age in months at which so many are still spared; NEVER if more are at the last age."""
    if share <= p.condition_spared[c, sex, LAST_AGE + 1]:
        return int(NEVER)
    age, after = from_age, LAST_AGE + 1
    while after - age > 1:
        middle = (age + after) // 2
        if p.condition_spared[c, sex, middle] >= share:
            age = middle
        else:
            after = middle
    before = p.condition_spared[c, sex, age]
    part = (before - share) / (before - p.condition_spared[c, sex, age + 1])
    return 12 * age + int(12.0 * part)


@compiled
def hazard_ratio_of_body(life: Any, c: int, p: Inputs) -> float:
    """Hazard ratio of the onset of a condition for the person's body mass, relative to the median."""
    per_kg_per_m2 = p.condition_log_ratio_per_kg_per_m2[c]
    if per_kg_per_m2 == 0.0:
        return 1.0
    return exp(per_kg_per_m2 * body_mass_excess(life, p))


@compiled
def part_spared(u: float, hazard_ratio: float) -> float:
    """Part of the people spared so far who are still spared at the onset that a uniform stands for."""
    if hazard_ratio == 1.0:
        return 1.0 - u
    return exp(log(1.0 - u) / hazard_ratio)


@compiled
def may_come(life: Any, c: int, p: Inputs) -> bool:
    """Whether a condition would ever come if everything that raises it were always there."""
    u, _, _, _ = chance.episode(p.key, life.uid, Word(p.condition_code[c]), 0, EPISODES)
    highest = hazard_ratio_of_body(life, c, p) * p.condition_most_raised[c]
    return -log(1.0 - u) < highest * p.condition_lifetime_hazard[c, life.sex]


@compiled
def episode_at(life: Any, c: int, month: int, p: Inputs) -> tuple[bool, int]:
    """Whether a condition is there in a month, and the month in which that may change next.

    It asks the same of the conditions that raise this one; none raises itself by way of others.
    """
    code = Word(p.condition_code[c])
    # Onsets are offered at the largest hazard that the person can have.
    highest = 1.0
    causes = 0
    while causes < MOST_CAUSES and p.condition_cause[c, causes] >= 0:
        if may_come(life, p.condition_cause[c, causes], p):
            highest *= p.condition_cause_ratio[c, causes]
        causes += 1
    offered = highest * hazard_ratio_of_body(life, c, p)
    free_from = 0
    spared = 1.0
    k = 0
    while True:
        u, v, w, _ = chance.episode(p.key, life.uid, code, k, EPISODES)
        k += 1
        # Onset comes when the share of people spared has fallen by as much as this one's number.
        at_onset = spared * part_spared(u, offered)
        age = age_when_spared(c, life.sex, at_onset, min(free_from // 12, LAST_AGE), p)
        if age == int(NEVER):
            return False, int(NEVER)
        onset = life.birth_month + max(age, free_from)
        if onset > month:
            return False, onset
        # It is taken if the product of the ratios of what the person has then is larger than this.
        needed = w * highest
        ratio, possible = 1.0, highest
        place = 0
        while place < causes and ratio <= needed < possible:
            cause, own = p.condition_cause[c, place], p.condition_cause_ratio[c, place]
            if may_come(life, cause, p):
                if episode_at(life, cause, onset, p)[0]:
                    ratio *= own
                else:
                    possible /= own
            place += 1
        if needed >= ratio:
            spared = at_onset
            free_from = onset - life.birth_month
            continue
        mean_months = p.condition_months[c]
        if mean_months == 0.0:
            return True, int(NEVER)
        end = onset + waiting_months(v, mean_months)
        if end > month:
            return True, end
        free_from = end - life.birth_month
        spared = spared_until(c, life.sex, free_from, p)


@compiled
def settle_conditions(life: Any, month: int, p: Inputs) -> int:
    """Bring the conditions of a life up to this month; returns the bits of those that begin."""
    before = int(life.conditions)
    to_come = int(life.conditions_to_come) & ((1 << p.condition_count) - 1)
    still_to_come = 0
    now = 0
    begun = 0
    change = int(NEVER)
    is_raised_due = month >= life.raised_until
    raised_change = int(NEVER)
    c = -1
    while to_come >> (c + 1):
        c += 1
        bit = 1 << c
        if not to_come & bit:
            continue
        is_raised = p.condition_cause[c, 0] >= 0
        if is_raised and not is_raised_due:
            now |= before & bit
            still_to_come |= bit
            continue
        if before & bit and p.condition_months[c] == 0.0:
            # It is there for life.
            now |= bit
            still_to_come |= bit
            continue
        # It calls itself, and compiled code of such a rule is kept for one kind of whole number only.
        there, until = episode_at(life, c, int(np.int64(month)), p)
        if is_raised:
            raised_change = min(raised_change, until)
        else:
            change = min(change, until)
        if there or until != int(NEVER):
            still_to_come |= bit
        if there:
            now |= bit
            if not before & bit:
                begun |= bit
                if p.condition_blood_ml_at_onset[c] > 0.0:
                    change = min(change, month + 1)
    life.conditions = now
    life.conditions_to_come = still_to_come
    if is_raised_due:
        life.raised_until = raised_change
    life.conditions_until = min(change, int(life.raised_until))
    return begun


@compiled
def lay_standing(
    burden: Any, conditions: int, bleeding: float, without_iron_of: int, begun: int, p: Inputs
) -> None:
    """The burden of the conditions of the catalogue that are there, from month to month the same.

    Parameters
    ----------
    burden
        Record to be filled.
    conditions
        Bits of the conditions that are there.
    bleeding
        Blood that the person loses day by day, relative to the mean of people with these conditions.
    without_iron_of
        Bits of those whose iron effects are left out.
    begun
        Bits of those that began this month: some bleed at onset.
    p
        Inputs of the run.
    """
    lay_neutral(burden)
    c = -1
    while conditions >> (c + 1):
        c += 1
        bit = 1 << c
        if not conditions & bit:
            continue
        if not without_iron_of & bit:
            burden.blood_loss_ml += bleeding * p.condition_blood_ml_per_day[c] * DAYS_PER_MONTH
            if begun & bit:
                burden.blood_loss_ml += p.condition_blood_ml_at_onset[c]
            burden.iron_loss_mg += p.condition_iron_mg_per_day[c] * DAYS_PER_MONTH
            burden.absorption_factor *= p.condition_absorption[c]
            burden.red_cell_target_factor *= p.condition_haemoglobin[c]
        burden.dopamine_load += p.condition_dopamine_load[c]
        burden.mortality_ratio *= p.condition_mortality[c]


@compiled
def update_conditions(life: Any, standing: Any, month: int, p: Inputs) -> int:
    """Conditions that begin or end this month, and the burden of those that are there.

    Returns the bits of those that begin.
    """
    begun = settle_conditions(life, month, p)
    lay_standing(standing, life.conditions, life.bleeding_factor, 0, begun, p)
    return begun
