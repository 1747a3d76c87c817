"""Ferritin, recovery after a donation and absorption in donors: the figures to which iron is set.

They are those of the file of calibration targets, taken as `rlsabm validate` takes them.
``pytest -s`` prints what is found.
"""

from __future__ import annotations

from typing import Any

import pytest

from rlsabm.calibration.reading import calibration_targets
from rlsabm.calibration.samples import Figure
from rlsabm.calibration.targets import CalibrationTarget
from rlsabm.calibration.virtual_studies import take_figures

pytestmark = pytest.mark.long

SIZE, SEED = 40_000, 20190704
TARGETS = [each for each in calibration_targets() if each.row in {"C16", "C17", "C18", "C19"}]

#: Figures that are not met, and why; looked at anew when they are.
MISSED = {
    "C19_new_men": "about 2.5 mg/day: by what new donors give and lose in the model they need no more",
}
#: Figures of so few people that one run does not know them to the width of the interval: it must reach
#: the interval with two standard errors.
OF_FEW = {
    "C16_men_20_39_p5",
    "C16_men_40_59_p5",
    "C16_men_60_p5",
    "C16_men_60_p95",
    "C19_new_women",
    "C19_frequent_men",
    "C19_frequent_women",
}


@pytest.fixture(scope="module")
def found() -> dict[str, Figure]:
    """Figures by target."""
    figures = take_figures(TARGETS, size=SIZE, seed=SEED)
    return {target.key: runs[0] for target, runs in zip(TARGETS, figures, strict=True)}


def _case(target: CalibrationTarget) -> Any:
    reason = MISSED.get(target.key)
    marks = [] if reason is None else [
        pytest.mark.xfail(reason=reason, strict=True, raises=AssertionError)
    ]  # fmt: skip
    return pytest.param(target, id=target.key, marks=marks)


@pytest.mark.parametrize("target", [_case(target) for target in TARGETS])
def test_a_figure_is_inside_its_interval(
    found: dict[str, Figure], target: CalibrationTarget
) -> None:
    figure = found[target.key]
    value = figure.value
    print(f"{target.published.says}: {value:.4g}, published {target.value:g} {target.interval}")
    error = 2.0 * figure.monte_carlo_sd if target.key in OF_FEW else 0.0
    low, high = target.interval
    assert low - error <= value <= high + error


def test_those_who_miss_are_targets() -> None:
    assert set(MISSED) | OF_FEW <= {target.key for target in TARGETS}
