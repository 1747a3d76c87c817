"""Tools for tests of single rules: rules as plain Python, one person, a month, inputs without births.

Rules are compiled when the simulator runs.  Tests of single rules call the same source uncompiled, as
``NUMBA_DISABLE_JIT=1`` would run it: nothing is compiled for them, and they take milliseconds.  That
compiled and plain rules agree is tested elsewhere (`verification/test_invariances.py`).
"""

from __future__ import annotations

import types
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any
from unittest import mock

import numpy as np

from rlsabm.burden import neutral_burdens
from rlsabm.care.plan import NO_CARE_PLAN, CarePlan
from rlsabm.conventions import FEMALE
from rlsabm.demography.births import MOST_YEARS
from rlsabm.demography.countries import load_country
from rlsabm.events import EVENT
from rlsabm.exposures.catalogue.condition import Condition
from rlsabm.inputs import make_inputs, values_record, with_key
from rlsabm.life import loci
from rlsabm.life.birth import (
    Men,
    bear,
    count_babies,
    find_deliveries_and_deaths,
    find_fathers,
    in_order_of_birth,
)
from rlsabm.moment import Moment
from rlsabm.person import BODY, LIFE, newborn_records

#: Key of chance in all these tests.
KEY = 0x5EED
#: Months are counted from here: January 2000.
NOW = 12 * 2000
#: Values at which rules of CNS iron, symptoms and genes are tested, whatever the defaults are.
#: With them a formula can be written down in a test in full.
FIXED = {
    "supply_half_ferritin_ug_per_l": 7.0,
    "supply_steepness": 2.5,
    "exchangeable_pool_months": 2.0,
    "structural_pool_years": 14.0,
    "deficit_effect": 2.0,
    "deficit_convexity": 0.3,
    "dopamine_share": 0.8,
    "structural_deficit_effect": 1.0,
    "dopamine_months": 1.0,
    "lasting_effect": 1.25,
    "lasting_cns_iron_loss": 0.2,
    "lasting_share_per_pregnancy": 0.5,
    "lasting_share_per_short_year": 0.0,
    "lasting_delay_years": 6.0,
    "liability_threshold": 2.88,
    "liability_scale": 0.43,
    "child_liability": -0.75,
    "age_liability": 0.35,
    "old_age_liability": -0.21,
    "onset_per_month": 0.4,
    "remission_per_month": 0.4,
    "weekly_liability": -0.30,
    "significant_liability": 0.36,
    "irls_at_significant": 15.0,
    "irls_per_liability": 8.0,
    "cns_iron_trait_log_sd": 0.3,
    "cns_iron_trait_heritability": 0.6,
    "shared_polygenes_correlation": 0.3,
    "other_liability_sd": 1.25,
    "other_liability_heritability": 0.6,
    "environment_mean_years": 4.0,
    "pregnancy_dopamine_load": 1.3,
    "ckd_4_dopamine_load": 0.3,
    "dialysis_dopamine_load": 1.15,
}
#: In their place, a steep link with a wide trait whose genes are mostly those of other liability.
STEEP: dict[str, float] = {
    "liability_scale": 0.15,
    "other_liability_sd": 1.5,
    "liability_threshold": 3.8,
    "cns_iron_trait_log_sd": 0.4,
    "shared_polygenes_correlation": 0.7,
    "deficit_effect": 8.0,
    "significant_liability": 1.3,
}
#: Plain rules keep the precision of the fields that they write, about seven digits.
EXACT = 2e-6


# Rules --------------------------------------------------------------------------------------------

_PLAIN: dict[Any, Any] = {}


def plain(rule: Callable[..., Any]) -> Callable[..., Any]:
    """A rule as plain Python, with all rules that it calls."""
    function = getattr(rule, "py_func", rule)
    if function is rule:
        return rule  # nothing is compiled here
    if rule not in _PLAIN:
        names: dict[str, Any] = {}
        copy = types.FunctionType(
            function.__code__, names, function.__name__, function.__defaults__, function.__closure__
        )
        _PLAIN[rule] = copy
        names.update((name, _plain_value(value)) for name, value in function.__globals__.items())
    return _PLAIN[rule]


def _plain_value(value: Any) -> Any:
    """A global of a rule's module: another rule, or a module with rules, is made plain as well."""
    if hasattr(value, "py_func"):
        return _Later(value)
    if isinstance(value, types.ModuleType) and value.__name__.startswith("rlsabm."):
        return SimpleNamespace(
            **{name: _plain_value(each) for name, each in vars(value).items() if name[:2] != "__"}
        )
    return value


class _Later:
    """A rule that is made plain when it is first called."""

    def __init__(self, rule: Callable[..., Any]) -> None:
        self._rule = rule

    def __call__(self, *arguments: Any) -> Any:
        return plain(self._rule)(*arguments)


# What rules take ----------------------------------------------------------------------------------


_MADE: dict[str, Any] = {}


def _inputs(
    conditions: Sequence[Condition], values: dict[str, float], find_loci: bool, care: CarePlan
) -> Any:
    years = MOST_YEARS
    plan = SimpleNamespace(
        conception=np.zeros((years, 40, 5)),
        first_year=NOW // 12 - years // 2,
        male_share=np.full(12 * years, 0.5),
        first_month=NOW - 6 * years,
    )
    country: Any = load_country("united-states")
    with nullcontext() if find_loci else mock.patch.object(loci, "find_effects", give_effects):
        made = make_inputs(country, plan, values_record(values), conditions, care)  # type: ignore[arg-type]
    return with_key(made, KEY)


def give_effects(frequency: Any, odds_ratio: Any, of_iron: Any, effects: Any, p: Any) -> None:
    """Some effects of loci: to find the right ones takes plain Python ten seconds."""
    effects[0] = np.where(of_iron, -0.2 * p.cns_iron_trait_log_sd, 0.0)
    effects[1] = np.where(of_iron, 0.0, 0.2 * p.other_liability_sd)


def inputs(
    conditions: Sequence[Condition] = (), *, find_loci: bool = False,
    care: CarePlan = NO_CARE_PLAN, **values: float,
) -> Any:  # fmt: skip
    """Inputs of rules with these parameter values, and the ``FIXED`` ones; nobody conceives by them.

    The record is a new one each time, so that a test may change it.  Effects of loci are those that
    give the published odds ratios only where a test asks for them.
    """
    return _made(conditions, FIXED | values, find_loci, care).copy()


def default_inputs() -> Any:
    """Inputs of rules with all defaults."""
    return _made((), {}, False, NO_CARE_PLAN).copy()


def _made(
    conditions: Sequence[Condition], values: dict[str, float], find_loci: bool, care: CarePlan
) -> Any:
    asked = repr((list(conditions), sorted(values.items()), find_loci, care))
    if asked not in _MADE:
        _MADE[asked] = _inputs(conditions, values, find_loci, care)
    return _MADE[asked]


def made(name: str, **given: Any) -> Condition:
    """A condition of a test."""
    return Condition(name=name, label=name, definition=name, source="a test", **given)


def person(*, sex: int = FEMALE, age: float = 40.0, uid: int = 1, **fields: Any) -> tuple[Any, Any]:
    """Life and body of somebody of 70 kg with full stores; fields are those of either record."""
    life, body = newborn_records(LIFE, 1)[0], newborn_records(BODY, 1)[0]
    given = {
        "uid": np.uint64(uid),
        "sex": sex,
        "birth_month": NOW - round(12 * age),
        "conditions_until": 10**8,
        "weight_kg": 70.0,
        "weight_factor": 1.0,
        "height_factor": 1.0,
        "haemoglobin_factor": 1.0,
        "basal_loss_factor": 1.0,
        "intake_factor": 1.0,
        "bleeding_factor": 1.0,
        "blood_volume_l": 5.0,
        "red_cell_target_mg": 2200.0,
        "storage_scale_mg": 500.0,
        "basal_loss_mg_per_day": 1.0,
        "iron_intake_mg_per_day": 10.0,
        "cns_iron_trait": 1.0,
        "menarche_month": NOW - round(12 * age) + 12 * 13,
        "menopause_month": NOW - round(12 * age) + 12 * 51,
        "storage_iron_mg": 1000.0,
        "red_cell_iron_mg": 2200.0,
        "tissue_iron_mg": 1000.0,
        "cns_iron_exchangeable": 1.0,
        "cns_iron_structural": 1.0,
        **fields,
    }
    for name, value in given.items():
        (life if name in (LIFE.names or ()) else body)[name] = value
    return life, body


def a_burden() -> Any:
    """A burden that does nothing."""
    return neutral_burdens(1)[0]


def burdens(count: int) -> Any:
    """Several burdens that do nothing."""
    return neutral_burdens(count)


def moment(
    *, month: int = NOW, age: int = 40, symptoms: float = 0.5, death: float = 0.999,
    onset: float = 0.5, conception: float = 0.999,
) -> Moment:  # fmt: skip
    """A month in which nothing happens but what a test asks for."""
    return Moment(month, age, symptoms, death, onset, conception)


def changed(before: Any, after: Any) -> set[str]:
    """Names of the fields in which two records differ."""
    return {name for name in before.dtype.names if np.any(before[name] != after[name])}


def logged(rule: Callable[..., Any], *arguments: Any) -> list[tuple[int, int, bool]]:
    """Month and number of the events that a rule logs, and whether each is the first of its kind."""
    log, count = np.zeros(8, dtype=EVENT), np.zeros(1, dtype=np.int64)
    plain(rule)(*arguments, log, count)
    return [(int(e["month"]), int(e["event"]), e["first"] == 1) for e in log[: count[0]]]


def deliveries(lives: Any, first_month: int, last_month: int) -> tuple[Any, int]:
    """Rows of those who deliver in these months, in their order, and how many children they have."""
    find, count = plain(find_deliveries_and_deaths), plain(count_babies)
    mothers = in_order_of_birth(lives, find(lives, 0, len(lives), first_month, last_month)[0])
    return mothers, int(count(lives, mothers).sum())


def bear_children(
    lives: Any,
    bodies: Any,
    men: Men,
    mothers: Any,
    new_lives: Any,
    new_bodies: Any,
    unknown_father: Any,
    p: Any,
    *,
    compiled: bool = False,
) -> None:
    """Find the fathers of these mothers' children, and fill the new records with the children."""
    rules = find_fathers, count_babies, bear
    fathers_of, count, fill = rules if compiled else map(plain, rules)
    fathers = fathers_of(lives, men, mothers, p)
    babies = count(lives, mothers)
    places = np.cumsum(babies) - babies
    fill(lives, bodies, mothers, fathers, places, new_lives, new_bodies, unknown_father, p)
