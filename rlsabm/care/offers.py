"""Rules of care at work: whom they mean this month, by measurements of the body, and who accepts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from rlsabm import chance
from rlsabm.body.symptoms import irls
from rlsabm.care.care_rule import MOST_RULES, SEVERITIES, CareRule
from rlsabm.care.treatment import MOST_MONTHS
from rlsabm.care.treatments import BITS, begin, months_on
from rlsabm.chance import Word, per_month
from rlsabm.compilation import compiled, inlined
from rlsabm.conventions import FEMALE, LAST_AGE, MALE, NEVER
from rlsabm.declaring.inputs import Inputs
from rlsabm.declaring.room import Making, Room
from rlsabm.declaring.tables import SCALAR, Table
from rlsabm.exposures.kidney import DIALYSIS
from rlsabm.measuring.assays import laboratory
from rlsabm.moment import Moment

OFFER = chance.register("offer of treatment", 28, "episode", "whether it is made, -, -, -")
UPTAKE = chance.register("uptake", 29, "episode", "whether it is accepted, -, -, -")

#: Condition of a rule that is no condition of the catalogue.
ON_DIALYSIS = "dialysis"
NO_LIMIT = np.inf
_SEXES = {"all": -1, "female": FEMALE, "male": MALE}
BY_RULE = (MOST_RULES,)


def _limit(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value


_WHOLE: dict[str, tuple[str, Callable[[CareRule], int]]] = {
    "rule_code": ("number in the counter of chance", lambda r: r.code),
    "rule_sex": ("sex, -1 for both", lambda r: _SEXES[r.sex]),
    "rule_age_from": ("first age (completed years)", lambda r: r.age_from),
    "rule_age_to": ("last age (completed years)", lambda r: r.age_to),
    "rule_diagnosed": ("whether only with a diagnosis", lambda r: int(r.diagnosed)),
    "rule_symptoms": ("least severity of symptoms", lambda r: SEVERITIES.index(r.symptoms)),
    "rule_tests": ("whether laboratory values are asked for", lambda r: int(r.tests)),
    "rule_pregnant": (
        "1 only in pregnancy, 0 only otherwise, -1 whoever",
        lambda r: -1 if r.pregnant is None else int(r.pregnant),
    ),
    "rule_pregnancy_month": ("from which month of pregnancy", lambda r: r.pregnancy_month),
    "rule_dialysis": ("whether only on dialysis", lambda r: int(r.condition == ON_DIALYSIS)),
    "rule_donation_months": (
        "months since a donation at most, -1 for whoever",
        lambda r: -1 if r.months_since_donation is None else r.months_since_donation,
    ),
    "rule_at_ages": ("whether only at some birthdays", lambda r: int(r.at_ages is not None)),
}
_NUMBERS: dict[str, tuple[str, Callable[[CareRule], float]]] = {
    "rule_irls": ("least IRLS score", lambda r: r.irls_at_least),
    "rule_ferritin_below": ("measured ferritin below", lambda r: _limit(r.ferritin_below, NO_LIMIT)),
    "rule_ferritin_from": ("measured ferritin from", lambda r: _limit(r.ferritin_from, 0.0)),
    "rule_saturation_below": (
        "measured transferrin saturation below", lambda r: _limit(r.saturation_below, NO_LIMIT),
    ),
    "rule_haemoglobin_below": (
        "measured haemoglobin below", lambda r: _limit(r.haemoglobin_below, NO_LIMIT),
    ),
    "rule_chance": (
        "probability per month of the offer",
        lambda r: 1.0 if r.per_year is None else per_month(r.per_year),
    ),
    "rule_uptake": ("share who accept", lambda r: r.uptake),
}  # fmt: skip


def is_of_rls(rule: CareRule) -> bool:
    """Whether a rule means nobody who has neither symptoms nor a diagnosis."""
    return rule.diagnosed or rule.symptoms != "whoever" or rule.irls_at_least > 0.0


def fill_rule_tables(making: Making) -> Mapping[str, Any]:
    """What each rule asks, by its number; those of RLS come first, in the order given."""
    rules = sorted(making.care_rules, key=lambda rule: not is_of_rls(rule))
    treatments = [treatment.name for treatment in making.treatments]
    conditions = [condition.name for condition in making.conditions]
    at_age = np.zeros((len(rules), LAST_AGE + 1), dtype=np.int64)
    for number, rule in enumerate(rules):
        at_age[number, list(rule.at_ages or ())] = 1
    return {
        "care_rule_count": len(rules),
        "care_rules_of_rls": sum(map(is_of_rls, rules)),
        "rule_treatment": np.array([treatments.index(r.treatment) for r in rules], dtype=np.int64),
        "rule_not_with": np.array(
            [_bits(treatments, rule.not_with) for rule in rules], dtype=np.int64
        ),
        "rule_conditions": np.array(
            [_bit(conditions, rule.condition) for rule in rules], dtype=np.int64
        ),
        "rule_at_age": at_age,
        **{
            name: np.array([read(rule) for rule in rules], dtype=np.int64)
            for name, (_, read) in _WHOLE.items()
        },
        **{
            name: np.array([read(rule) for rule in rules], dtype=float)
            for name, (_, read) in _NUMBERS.items()
        },
    }


def _bits(treatments: Sequence[str], names: Sequence[str]) -> int:
    """Bits of the months on some of the treatments."""
    return sum(MOST_MONTHS << BITS * treatments.index(name) for name in names if name in treatments)


def _bit(conditions: Sequence[str], name: str) -> int:
    """Bit of a condition of the catalogue; 0 for none."""
    return 1 << conditions.index(name) if name and name != ON_DIALYSIS else 0


OFFERS = Room(
    title="rules of care",
    tables=(
        Table("care_rule_count", SCALAR, "number of rules", "i8"),
        Table("care_rules_of_rls", SCALAR, "rules that only mean people with RLS", "i8"),
        Table("rule_treatment", BY_RULE, "number of the treatment", "i8"),
        Table("rule_not_with", BY_RULE, "bits of treatments beside which it is not begun", "i8"),
        Table("rule_conditions", BY_RULE, "bit of the condition that is asked for", "i8"),
        Table(
            "rule_at_age", (MOST_RULES, LAST_AGE + 1), "whether it is offered at a birthday", "i8"
        ),
        *(Table(name, BY_RULE, meaning, "i8") for name, (meaning, _) in _WHOLE.items()),
        *(Table(name, BY_RULE, meaning) for name, (meaning, _) in _NUMBERS.items()),
    ),
    fill=fill_rule_tables,
)


# Rules ----------------------------------------------------------------------------------------------


@compiled
def has_symptoms(body: Any, severity: int, p: Inputs) -> bool:
    """Whether RLS of the last month was at least so severe: 1 any, 2 weekly, 3 significant."""
    if severity == 0:
        return True
    if body.rls == 0:
        return False
    if severity == 1:
        return True
    return body.liability >= (p.weekly_liability if severity == 2 else p.significant_liability)


@compiled
def is_in_group(r: int, life: Any, at: Moment, p: Inputs) -> bool:
    """Whether a rule means people of this age, sex and history."""
    if at.age < p.rule_age_from[r] or at.age > p.rule_age_to[r]:
        return False
    if p.rule_sex[r] >= 0 and life.sex != p.rule_sex[r]:
        return False
    if p.rule_at_ages[r] and (
        p.rule_at_age[r, at.age] == 0 or (at.month - life.birth_month) % 12 != 0
    ):
        return False
    if p.rule_pregnant[r] >= 0:
        if (life.pregnancy != 0) != (p.rule_pregnant[r] == 1):
            return False
        if p.rule_pregnant[r] and at.month - life.conception_month + 1 < p.rule_pregnancy_month[r]:
            return False
    if p.rule_conditions[r] and int(life.conditions) & p.rule_conditions[r] == 0:
        return False
    if p.rule_dialysis[r] and life.kidney != DIALYSIS:
        return False
    months = p.rule_donation_months[r]
    return months < 0 or at.month - life.last_donation_month <= months


@compiled
def is_in_state(r: int, life: Any, body: Any, p: Inputs) -> bool:
    """Whether a rule means somebody with this diagnosis, these symptoms and these treatments."""
    if p.rule_diagnosed[r] and body.diagnosed_month == NEVER:
        return False
    if not has_symptoms(body, p.rule_symptoms[r], p):
        return False
    if p.rule_irls[r] > 0.0 and (body.rls == 0 or irls(body.liability, p) < p.rule_irls[r]):
        return False
    if body.treatments & p.rule_not_with[r]:
        return False
    return life.pregnancy == 0 or p.treatment_in_pregnancy[p.rule_treatment[r]] != 0.0


@compiled
def is_within_limits(r: int, life: Any, body: Any, month: int, p: Inputs) -> bool:
    """Whether laboratory values, as measured this month, are within the limits of a rule."""
    body.tested = 1
    found = laboratory(life, body, month, p)
    return (
        p.rule_ferritin_from[r] <= found.ferritin < p.rule_ferritin_below[r]
        and found.saturation < p.rule_saturation_below[r]
        and found.haemoglobin < p.rule_haemoglobin_below[r]
    )


@compiled
def accept(r: int, life: Any, month: int, p: Inputs) -> bool:
    """Whether a rule's offer is made this month, and whether this person is one of those who accept."""
    code = Word(p.rule_code[r])
    if p.rule_chance[r] < 1.0:
        made, _, _, _ = chance.episode(p.key, life.uid, code, month, OFFER)
        if made >= p.rule_chance[r]:
            return False
    if p.rule_uptake[r] < 1.0:
        accepted, _, _, _ = chance.episode(p.key, life.uid, code, 0, UPTAKE)
        return accepted < p.rule_uptake[r]
    return True


@inlined
def offer_treatments(body: Any, life: Any, at: Moment, p: Inputs) -> None:
    """Begin the treatments that rules offer this month, and that are accepted, in the rules' order."""
    first = 0
    if body.rls == 0 and body.diagnosed_month == NEVER:
        first = p.care_rules_of_rls
    for r in range(first, p.care_rule_count):
        k = p.rule_treatment[r]
        if (
            is_in_group(r, life, at, p)
            and months_on(body, k) == 0
            and is_in_state(r, life, body, p)
            and accept(r, life, at.month, p)
            and (p.rule_tests[r] == 0 or is_within_limits(r, life, body, at.month, p))
        ):
            begin(body, k)
