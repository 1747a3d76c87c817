"""Treatments that a body is on: how long it stays on each, augmentation, what they do this month."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from rlsabm import chance
from rlsabm.body.iron import ferritin
from rlsabm.burden import Care
from rlsabm.care.treatment import MOST_MONTHS, MOST_TREATMENTS, Treatment
from rlsabm.chance import Word, per_month
from rlsabm.compilation import compiled, inlined
from rlsabm.declaring.fields import Field
from rlsabm.declaring.inputs import Inputs
from rlsabm.declaring.parameter import Parameter as P
from rlsabm.declaring.room import Making, Room
from rlsabm.declaring.tables import SCALAR, Table
from rlsabm.mathematics import exp, log
from rlsabm.moment import Moment

TREATMENT = chance.register("treatment", 26, "episode", "stopping, augmentation, -, -")

#: Bits of a body's months on one treatment.
BITS = 7
#: Largest factor by which ferritin raises or lowers the rate of augmentation: assumed.
MOST_BY_FERRITIN = 4.0

BY_TREATMENT = (MOST_TREATMENTS,)


def _monthly(rate: Callable[[Treatment], float]) -> Callable[[Treatment], float]:
    return lambda treatment: per_month(rate(treatment))


#: What rules read of a treatment: a table each, and how it follows from the figures.
_EFFECTS: dict[str, tuple[str, Callable[[Treatment], float]]] = {
    "treatment_oral_mg": ("iron in the tablets of a day", lambda t: t.oral_iron_mg),
    "treatment_oral_days": (
        "share of days with tablets", lambda t: t.adherence * (0.5 if t.alternate_days else 1.0),
    ),
    "treatment_alternate_days": (
        "whether tablets are taken every other day", lambda t: float(t.alternate_days),
    ),
    "treatment_fast_mg": (
        "iron infused that is in stores at once",
        lambda t: t.infused_iron_mg - t.infused_iron_mg * t.slow_share,
    ),
    "treatment_slow_mg": (
        "iron infused that macrophages pass on", lambda t: t.infused_iron_mg * t.slow_share,
    ),
    "treatment_support": ("dopaminergic function added", lambda t: t.dopamine_support),
    "treatment_relief": ("liability taken away otherwise", lambda t: t.symptom_relief),
    "treatment_supply": ("supply of iron to the CNS added", lambda t: t.supply_factor - 1.0),
    "treatment_pace": (
        "reciprocal of the time constant of its effects, 0 within the month",
        lambda t: 1.0 / t.months_to_act if t.months_to_act else 0.0,
    ),
    "treatment_augments": (
        "rate of augmentation per month", lambda t: t.augmentation_per_year / 12.0,
    ),
    "treatment_augmentation": ("liability of augmentation", lambda t: t.augmentation_liability),
    "treatment_months": ("months that it is taken, 0 until stopped", lambda t: t.months or 0),
    "treatment_stops": ("probability of stopping per month", _monthly(lambda t: t.stopped_per_year)),
    "treatment_stops_augmented": (
        "the same with augmentation", _monthly(lambda t: t.stopped_per_year_if_augmented),
    ),
    "treatment_in_pregnancy": (
        "whether it may be taken in pregnancy", lambda t: float(t.in_pregnancy),
    ),
}  # fmt: skip


def fill_treatment_tables(making: Making) -> Mapping[str, Any]:
    """What each treatment does, by its number."""
    treatments = making.treatments
    return {
        "treatment_count": len(treatments),
        "treatment_code": np.array([t.code for t in treatments], dtype=np.int64),
        **{
            name: np.array([effect(t) for t in treatments], dtype=float)
            for name, (_, effect) in _EFFECTS.items()
        },
    }


_BODY_FIELDS = (
    Field(
        "treatments",
        "i8",
        "bits",
        "months on each treatment of the scenario, seven bits each, the first one's lowest",
        settable=False,
    ),
    Field(
        "augmented",
        "i4",
        "bits",
        "treatments under which augmentation has begun, one bit each",
        settable=False,
    ),
)
_PARAMETERS = (
    P("augmentation_ferritin_exponent", 0.5, "1", "normal", 0.25, 0.0, 2.0,
      "Rise of the rate of augmentation as ferritin falls: exponent of 75 µg/L over ferritin.",
      "assumed; mean ferritin was lower in patients with augmentation, 56 against 101 µg/L (Frauscher "
      "2009 doi 10.1016/j.sleep.2008.09.007), 85 against 118 (Trenkwalder 2008 Sleep Med "
      "9:572, recalled)"),
    P("augmentation_months", 1.0, "months", "lognormal", 0.3, 0.2, 6.0,
      "Time constant with which augmentation comes, and goes once its treatment is stopped.",
      "assumed; it goes within weeks of withdrawal"),
)  # fmt: skip

TREATMENTS = Room(
    title="treatments",
    body_fields=_BODY_FIELDS,
    parameters=_PARAMETERS,
    derived={"augmentation_step": lambda p: 1.0 - math.exp(-1.0 / p["augmentation_months"])},
    tables=(
        Table("treatment_count", SCALAR, "number of treatments", "i8"),
        Table("treatment_code", BY_TREATMENT, "number in the counter of chance", "i8"),
        *(Table(name, BY_TREATMENT, meaning) for name, (meaning, _) in _EFFECTS.items()),
    ),
    fill=fill_treatment_tables,
)


@inlined
def months_on(body: Any, k: int) -> int:
    """Months that a body has been on a treatment, this one included; 0 if it is not on it."""
    return (body.treatments >> (BITS * k)) & MOST_MONTHS


def months_of(treatments: Any, k: int) -> Any:
    """Months that many bodies have been on a treatment, from their field ``treatments``."""
    return treatments >> (BITS * k) & MOST_MONTHS


@inlined
def begin(body: Any, k: int) -> None:
    """Begin a treatment: this month is its first."""
    body.treatments |= 1 << (BITS * k)


@inlined
def stop(body: Any, k: int) -> None:
    """Stop a treatment; augmentation is forgotten with it."""
    body.treatments &= ~(MOST_MONTHS << (BITS * k))
    body.augmented &= ~(1 << k)


@compiled
def augmentation_by_ferritin(level: float, p: Inputs) -> float:
    """Rate of augmentation at a ferritin (µg/L) relative to that at 75 µg/L."""
    factor = exp(p.augmentation_ferritin_exponent * log(75.0 / level))
    return min(max(factor, 1.0 / MOST_BY_FERRITIN), MOST_BY_FERRITIN)


@compiled
def continue_treatments(body: Any, life: Any, at: Moment, p: Inputs) -> None:
    """A further month on each treatment, or its end; augmentation may begin."""
    for k in range(p.treatment_count):
        months = months_on(body, k)
        if months == 0:
            continue
        stopping, augmenting, _, _ = chance.episode(
            p.key, life.uid, Word(p.treatment_code[k]), at.month, TREATMENT
        )
        stops = p.treatment_stops[k]
        if body.augmented >> k & 1:
            stops = p.treatment_stops_augmented[k]
        is_over = 0 < p.treatment_months[k] <= months
        if life.pregnancy != 0 and p.treatment_in_pregnancy[k] == 0.0:
            is_over = True
        if is_over or stopping < stops:
            stop(body, k)
            continue
        if months < MOST_MONTHS:
            body.treatments += 1 << (BITS * k)
        if p.treatment_augments[k] > 0.0:
            rate = p.treatment_augments[k] * augmentation_by_ferritin(ferritin(body, life, p), p)
            if augmenting < 1.0 - exp(-rate):
                body.augmented |= 1 << k


@inlined
def tablets_of_treatments(body: Any, p: Inputs) -> tuple[float, float, float]:
    """Iron in the tablets of a day (mg), share of days, and absorption relative to a first dose.

    Who is on two such treatments takes the larger dose.
    """
    dose, days, relative = 0.0, 0.0, 0.0
    for k in range(p.treatment_count):
        if months_on(body, k) > 0 and p.treatment_oral_mg[k] > dose:
            dose, days = p.treatment_oral_mg[k], p.treatment_oral_days[k]
            relative = 1.0 if p.treatment_alternate_days[k] != 0.0 else p.tablet_daily_factor
    return dose, days, relative


@compiled
def given_this_month(body: Any, infused_mg: float, p: Inputs) -> Care:
    """What the treatments that a body is on do this month, beside iron infused on dialysis (mg).

    What they do to symptoms is written into the body; what they give of iron is returned.
    """
    fast, slow = infused_mg, 0.0
    dose, days, relative = tablets_of_treatments(body, p)
    support, relief, supply, augmentation = 0.0, 0.0, 1.0, 0.0
    for k in range(p.treatment_count):
        months = months_on(body, k)
        if months == 0:
            continue
        if months == 1:
            fast += p.treatment_fast_mg[k]
            slow += p.treatment_slow_mg[k]
        acting = 1.0
        if p.treatment_pace[k] > 0.0:
            acting = 1.0 - exp(-months * p.treatment_pace[k])
        support += acting * p.treatment_support[k]
        relief += acting * p.treatment_relief[k]
        supply *= 1.0 + acting * p.treatment_supply[k]
        if body.augmented >> k & 1:
            augmentation = max(augmentation, p.treatment_augmentation[k])
    body.dopamine_support = support
    body.symptom_relief = relief
    body.augmentation += (augmentation - body.augmentation) * p.augmentation_step
    return Care(fast, slow, dose, days, relative, supply)
