"""Responses to stores and to liability, tabulated once a run.

Each month every person needs the iron that gut and brain see at these stores, and the prevalence that
a liability leads to. Reading them from fine tables, linear between knots, takes a third
off the cost of a month, and is the same on every processor. The error is
below one part in a hundred at a ferritin of 3 µg/L, in a thousand at 10, and smaller above.
"""

from __future__ import annotations

import numpy as np

from rlsabm.arrays import Floats
from rlsabm.compilation import compiled
from rlsabm.declaring.inputs import Inputs
from rlsabm.mathematics import exp, log

#: Stores are counted in units of the person's storage scale: 0 is empty, 5 a ferritin of thousands.
STORES_KNOTS_PER_UNIT = 300
STORES_KNOTS = 5 * STORES_KNOTS_PER_UNIT
#: Liability is counted in units of its scale, from -14 to 14.
LIABILITY_RANGE = 14
LIABILITY_KNOTS_PER_UNIT = 32
LIABILITY_KNOTS = 2 * LIABILITY_RANGE * LIABILITY_KNOTS_PER_UNIT

#: From a knot to the next. Knots are unsigned: of others compiled code asks each time whether they
#: count from the end.
_NEXT = np.uint32(1)

#: Ferritin (µg/L) below which assays do not read, and above which nobody has been reported to live.
#: The second is beyond five units of stores, where the tables end, and keeps extreme parameters finite.
LOWEST_FERRITIN = 1.0
HIGHEST_FERRITIN = 100_000.0


@compiled
def ferritin_at(stores: float, bend_ug_per_l: float) -> float:
    """Ferritin (µg/L) of stores in units of their scale: linear when low, exponential when high."""
    return min(max(bend_ug_per_l * (exp(stores) - 1.0), LOWEST_FERRITIN), HIGHEST_FERRITIN)


@compiled
def tabulate_absorption(by_stores: Floats, p: Inputs) -> None:
    """Fill the table of absorption by stores."""
    for knot in range(STORES_KNOTS + 2):
        log_ferritin = log(ferritin_at(knot / STORES_KNOTS_PER_UNIT, p.storage_bend_ug_per_l))
        by_stores[knot] = p.absorption_at_ferritin_one * exp(
            -p.absorption_ferritin_exponent * log_ferritin
        )


@compiled
def tabulate_supply(by_stores: Floats, p: Inputs) -> None:
    """Fill the table of CNS supply by stores."""
    for knot in range(STORES_KNOTS + 2):
        log_ferritin = log(ferritin_at(knot / STORES_KNOTS_PER_UNIT, p.storage_bend_ug_per_l))
        by_stores[knot] = 1.0 / (
            1.0 + exp(p.supply_steepness * (p.log_supply_half_ferritin - log_ferritin))
        )


@compiled
def tabulate_prevalence(by_liability: Floats) -> None:
    """Fill the table of equilibrium prevalence by liability."""
    for knot in range(LIABILITY_KNOTS + 2):
        liability = knot / LIABILITY_KNOTS_PER_UNIT - LIABILITY_RANGE
        by_liability[knot] = 1.0 / (1.0 + exp(-liability))


@compiled
def absorbed_share(stores: float, p: Inputs) -> float:
    """Share of food iron absorbed at these stores (units of their scale), without drive."""
    place = min(stores * STORES_KNOTS_PER_UNIT, float(STORES_KNOTS))
    knot = np.uint32(place)
    low = p.absorption_by_stores[knot]
    return low + (place - knot) * (p.absorption_by_stores[knot + _NEXT] - low)


@compiled
def cns_supply(stores: float, p: Inputs) -> float:
    """Supply of iron to the CNS, 0 to 1: near flat at normal ferritin, steep below 15 µg/L."""
    place = min(stores * STORES_KNOTS_PER_UNIT, float(STORES_KNOTS))
    knot = np.uint32(place)
    low = p.supply_by_stores[knot]
    return low + (place - knot) * (p.supply_by_stores[knot + _NEXT] - low)


@compiled
def equilibrium_prevalence(liability: float, per_scale: float, p: Inputs) -> float:
    """Share of months with RLS that a constant liability leads to: logistic, of 1 / this scale."""
    place = (liability * per_scale + LIABILITY_RANGE) * LIABILITY_KNOTS_PER_UNIT
    place = min(max(place, 0.0), float(LIABILITY_KNOTS))
    knot = np.uint32(place)
    low = p.prevalence_by_liability[knot]
    return low + (place - knot) * (p.prevalence_by_liability[knot + _NEXT] - low)
