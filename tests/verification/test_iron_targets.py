"""Ferritin, recovery after a donation and absorption in donors: the figures to which iron is set.

They are those of the file of calibration targets, taken as `rlsabm validate` takes them.
``pytest -s`` prints what is found.
"""

from __future__ import annotations

from typing import Any

import pytest

from rlsabm.calibration.reading import calibration_targets
from rlsabm.calibration.targets import CalibrationTarget
from rlsabm.calibration.virtual_studies import take_figures

pytestmark = pytest.mark.long

SIZE, SEED = 40_000, 20190704
TARGETS = [each for each in calibration_targets() if each.row in {"C16", "C17", "C18", "C19"}]

_SPREAD = (
    "in the survey ferritin differs less between young men and more between old men, in the model "
    "alike at all ages"
)
_GIVEN = (
    "how often donors of RISE gave is not published; in the model men absorb 4.5 mg/day who give at "
    "least nine times in two years, and few do"
)
#: Figures that are not met, and why; looked at anew when they are.
MISSED = {
    "C16_men_20_39_p5": _SPREAD,
    "C16_men_20_39_p95": _SPREAD,
    "C16_men_40_59_p5": _SPREAD,
    "C16_men_40_59_p95": _SPREAD,
    "C16_men_60_p5": _SPREAD,
    "C16_men_60_p95": _SPREAD,
    "C17_women": "about 44 µg/L: a tenth above the survey, whose interval is narrow",
    "C19_new_men": _GIVEN,
    "C19_new_women": _GIVEN,
    "C19_frequent_men": _GIVEN,
    "C19_frequent_women": _GIVEN,
}


@pytest.fixture(scope="module")
def found() -> dict[str, float]:
    """Figures by target."""
    figures = take_figures(TARGETS, size=SIZE, seed=SEED)
    return {target.key: runs[0].value for target, runs in zip(TARGETS, figures, strict=True)}


def _case(target: CalibrationTarget) -> Any:
    reason = MISSED.get(target.key)
    marks = [] if reason is None else [
        pytest.mark.xfail(reason=reason, strict=True, raises=AssertionError)
    ]  # fmt: skip
    return pytest.param(target, id=target.key, marks=marks)


@pytest.mark.parametrize("target", [_case(target) for target in TARGETS])
def test_a_figure_is_inside_its_interval(
    found: dict[str, float], target: CalibrationTarget
) -> None:
    value = found[target.key]
    print(f"{target.published.says}: {value:.4g}, published {target.value:g} {target.interval}")
    assert target.contains(value)


def test_those_who_miss_are_targets() -> None:
    assert set(MISSED) <= {target.key for target in TARGETS}
