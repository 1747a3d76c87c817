"""The care of a population: the treatments that are given, and the rules by which they are offered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from rlsabm.care.care_rule import MOST_RULES, CareRule
from rlsabm.care.offers import ON_DIALYSIS
from rlsabm.care.treatment import MOST_TREATMENTS, Treatment
from rlsabm.errors import UserError, nearest
from rlsabm.wording import with_help


class CarePlan(NamedTuple):
    """Treatments and rules of care.

    Attributes
    ----------
    treatments
        Treatments that some rule offers, in the order in which a body keeps them.
    rules
        Rules, in the order in which they are applied.
    """

    treatments: tuple[Treatment, ...] = ()
    rules: tuple[CareRule, ...] = ()

    def check_conditions(self, names: Iterable[str]) -> None:
        """Refuse a rule for people with a condition that is not there.

        Raises
        ------
        UserError
            It names the rule, and the nearest condition.
        """
        known = [*names, ON_DIALYSIS]
        for rule in self.rules:
            if rule.condition and rule.condition not in known:
                raise _error(rule, "condition", rule.condition, known, "a condition")


#: Nobody is treated but on dialysis.
NO_CARE_PLAN = CarePlan()


def plan_care(
    treatments: Mapping[str, Treatment], rules: Sequence[CareRule], *, kept: Iterable[str] = ()
) -> CarePlan:
    """The care that rules make of treatments.

    Parameters
    ----------
    treatments
        Treatments by name; those that no rule offers are left out.
    rules
        Rules, in the order in which they are applied.
    kept
        Names of treatments that are kept although no rule offers them: people may be on them.

    Raises
    ------
    UserError
        If a rule names no treatment that is there, or there are more rules or treatments than a body
        can keep.
    """
    if len(rules) > MOST_RULES:
        raise UserError(f"care.rules: {len(rules)} found, expected {MOST_RULES} at most")
    for rule in rules:
        if not rule.treatment:
            raise UserError(f"care.rules.{rule.name}.treatment: is missing")
        for key, names in (("treatment", (rule.treatment,)), ("not_with", rule.not_with)):
            for name in names:
                if name not in treatments:
                    raise _error(rule, key, name, treatments, "a treatment")
        _check_whom(rule)
    used = {*kept, *(rule.treatment for rule in rules)}
    given = tuple(treatment for name, treatment in treatments.items() if name in used)
    if len(given) > MOST_TREATMENTS:
        raise UserError(
            f"care.rules: they offer {len(given)} treatments, expected {MOST_TREATMENTS} at most"
        )
    return CarePlan(given, tuple(rules))


def _check_whom(rule: CareRule) -> None:
    """Refuse a rule that can mean nobody.

    Raises
    ------
    UserError
        It names the key that contradicts another one.
    """
    where = f"care.rules.{rule.name}"
    if rule.age_from > rule.age_to:
        raise UserError(
            f"{where}.age_to: {rule.age_to} found, expected {rule.age_from} (age_from) or more"
        )
    low, high = rule.ferritin_from, rule.ferritin_below
    if low is not None and high is not None and low >= high:
        raise UserError(
            f"{where}.ferritin_below: {high:g} found, expected more than {low:g} (ferritin_from), as "
            "nobody is meant otherwise"
        )
    if rule.at_ages is not None and not any(
        rule.age_from <= age <= rule.age_to for age in rule.at_ages
    ):
        raise UserError(
            f"{where}.at_ages: none of {', '.join(map(str, rule.at_ages))} is from {rule.age_from} to "
            f"{rule.age_to} (age_from to age_to), so that nobody is meant"
        )
    if rule.pregnant and rule.sex == "male":
        raise UserError(f"{where}.pregnant: true found for sex male, so that nobody is meant")
    if rule.treatment in rule.not_with:
        raise UserError(
            f"{where}.not_with: {rule.treatment} found, which is the treatment that the rule offers"
        )


def _error(rule: CareRule, key: str, name: str, known: Iterable[str], what: str) -> UserError:
    names = list(known)
    found = with_help(f"found {name}", f"{what}: {', '.join(names)}", nearest(name, names))
    return UserError(f"care.rules.{rule.name}.{key}: {found}")
