"""Care: what bodies are given by their own measurements, in every world."""

from __future__ import annotations

import numpy as np
from rule_tools import a_burden, inputs, person, plain

from rlsabm.burden import Care
from rlsabm.care.care import receive_care
from rlsabm.care.infusions import infusion_mg

# Iron infused on dialysis -------------------------------------------------------------------------


def infused(stores: float, **values: float) -> float:
    life, body = person(storage_iron_mg=500 * stores)
    return float(plain(infusion_mg)(body, life, inputs(**values)))


def test_infusions_stop_above_a_measured_ferritin_of_800() -> None:
    """Ferritin on dialysis is 1.8 times that of the same stores: 40 (exp(s) - 1) x 1.8."""
    limit = np.log1p(800 / 1.8 / 40)
    assert infused(limit - 0.01) == 220.0
    assert infused(limit + 0.01) == 0.0


def test_infusions_stop_above_a_saturation() -> None:
    """Saturation is 30 % x ferritin / (ferritin + 12): 20 % at a ferritin of 24."""
    limit = np.log1p(24 / 40)
    assert infused(limit - 0.01, infusion_saturation_below_percent=20) == 220.0
    assert infused(limit + 0.01, infusion_saturation_below_percent=20) == 0.0


def test_only_dialysis_units_infuse() -> None:
    life, body = person(storage_iron_mg=100.0)
    burden = a_burden()
    assert plain(receive_care)(body, life, burden, inputs()) == Care(0.0)
    burden.dialysis_care = 1.0
    assert plain(receive_care)(body, life, burden, inputs()) == Care(220.0)
