"""The changing environment in a population: a Poisson process, between draws of one distribution."""

from __future__ import annotations

import numpy as np
import pytest

from rlsabm.population import Population
from rlsabm.setting import make_setting

YEARS = 3.0
MEAN_YEARS = 4.0


@pytest.fixture(scope="module")
def before_and_after() -> tuple[np.ndarray, np.ndarray, Population]:
    """Lives three years apart of the same people, and those."""
    setting = make_setting(size=8_000, parameters={"environment_mean_years": MEAN_YEARS})
    people = Population(setting, key=7)
    people.advance(setting.plan.survey_month - round(12 * YEARS))
    before = people.lives[people.alive].copy()
    people.advance(setting.plan.survey_month)
    lives = people.lives[people.alive]
    rows = np.searchsorted(before["uid"], lives["uid"], sorter=np.argsort(before["uid"]))
    order = np.argsort(before["uid"])[np.minimum(rows, len(before) - 1)]
    both = before["uid"][order] == lives["uid"]
    return before[order[both]], lives[both].copy(), people


def test_environments_of_two_times_are_as_alike_as_few_have_changed(before_and_after) -> None:
    """Correlation exp(-t / mean), by Fisher's z; in those without a change nothing has changed."""
    before, after, _ = before_and_after
    one, other = (lives["environmental_liability"] for lives in (before, after))
    unchanged = before["environment_until"] == after["environment_until"]
    assert (one[unchanged] == other[unchanged]).all()
    expected = np.exp(-YEARS / MEAN_YEARS)
    error = np.sqrt(expected * (1 - expected) / len(one))
    assert unchanged.mean() == pytest.approx(expected, abs=3.5 * error)
    found = np.arctanh(np.corrcoef(one, other)[0, 1])
    # Few of many shared values make a correlation of heavier tails than Fisher's: twice his error.
    assert found == pytest.approx(np.arctanh(expected), abs=3.5 * 2 / np.sqrt(len(one)))
    changed = ~unchanged
    assert abs(np.corrcoef(one[changed], other[changed])[0, 1]) < 3.5 / np.sqrt(changed.sum())


def test_the_spread_of_environments_stays(before_and_after) -> None:
    before, after, people = before_and_after
    sd = float(people.setting.inputs.environmental_liability_sd)
    for lives in (before, after):
        z = lives["environmental_liability"] / sd
        assert z.mean() == pytest.approx(0.0, abs=3.5 / np.sqrt(len(z)))
        assert z.std() == pytest.approx(1.0, abs=3.5 / np.sqrt(2 * len(z)))


def test_what_is_inherited_stays(before_and_after) -> None:
    before, after, _ = before_and_after
    inherited = [
        lives["other_liability"].astype(float) - lives["environmental_liability"]
        for lives in (before, after)
    ]
    assert inherited[0] == pytest.approx(inherited[1], abs=1e-5)


def test_no_environment_outlasts_its_last_month(before_and_after) -> None:
    """Changes of the months that have been lived are done."""
    _, after, people = before_and_after
    assert (after["environment_until"] >= people.month).all()
