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


def plan_care(treatments: Mapping[str, Treatment], rules: Sequence[CareRule]) -> CarePlan:
    """The care that rules make of treatments.

    Parameters
    ----------
    treatments
        Treatments by name; those that no rule offers are left out.
    rules
        Rules, in the order in which they are applied.

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
        if rule.age_from > rule.age_to:
            raise UserError(
                f"care.rules.{rule.name}.age_to: {rule.age_to} found, expected {rule.age_from} "
                "(age_from) or more"
            )
    used = {rule.treatment for rule in rules}
    given = tuple(treatment for name, treatment in treatments.items() if name in used)
    if len(given) > MOST_TREATMENTS:
        raise UserError(
            f"care.rules: they offer {len(given)} treatments, expected {MOST_TREATMENTS} at most"
        )
    return CarePlan(given, tuple(rules))


def _error(rule: CareRule, key: str, name: str, known: Iterable[str], what: str) -> UserError:
    names = list(known)
    found = with_help(f"found {name}", f"{what}: {', '.join(names)}", nearest(name, names))
    return UserError(f"care.rules.{rule.name}.{key}: {found}")
