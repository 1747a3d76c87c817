"""Trials of donation: when blood is given and tablets are taken, and what is noted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from rule_tools import EXACT, NOW, inputs, made, plain

from rlsabm.body.iron import advance_iron
from rlsabm.burden import NO_CARE, neutral_burdens
from rlsabm.conventions import DAYS_PER_MONTH, FEMALE, MALE, NEVER
from rlsabm.exposures.catalogue.episodes import episode_at
from rlsabm.observe import phlebotomy
from rlsabm.observe.phlebotomy import BURDENS, Course, Plan, let_give_blood, live_through
from rlsabm.person import BODY, LIFE, newborn_records


@pytest.fixture(autouse=True)
def _plain_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phlebotomy, "live_through", plain(live_through))


def people(count: int, **fields: Any) -> tuple[Any, Any]:
    """Men of 40 with full stores and blood at its set point."""
    lives, bodies = newborn_records(LIFE, count), newborn_records(BODY, count)
    given = dict(
        uid=np.arange(1, count + 1), sex=MALE, birth_month=NOW - 12 * 40, weight_kg=80.0,
        blood_volume_l=5.0, red_cell_target_mg=2500.0, storage_scale_mg=500.0,
        basal_loss_mg_per_day=1.0, iron_intake_mg_per_day=15.0, storage_iron_mg=1000.0,
        red_cell_iron_mg=2500.0, tissue_iron_mg=56.0,
    )  # fmt: skip
    for name, value in (given | fields).items():
        (lives if name in (LIFE.names or ()) else bodies)[name] = value
    return lives, bodies


def trial(months: int = 6, blood_ml: float = 500.0, every: int = 24, tablets: float = 0.0,
          tablet_months: int = 0, **fields: Any) -> Course:  # fmt: skip
    lives, bodies = people(1, **fields)
    plan = Plan(months, blood_ml, every, tablets, tablet_months)
    return let_give_blood(lives, bodies, NOW, plan, inputs())


def test_it_begins_with_what_people_have() -> None:
    course = trial(storage_iron_mg=400.0, red_cell_iron_mg=2400.0)
    assert (course.stores_mg[0, 0], course.red_cells_mg[0, 0]) == (400.0, 2400.0)
    assert course.stores_mg.shape == course.red_cells_mg.shape == (1, 7)
    assert course.absorbed_mg_per_day.shape == (1, 6)


def test_what_is_held_is_what_was_absorbed_less_what_was_lost() -> None:
    """Of 5 litres with 2,500 mg of iron, 500 mL take 250 mg; a man loses 1 mg a day besides."""
    course = trial(months=3)
    held = course.stores_mg[0] + course.red_cells_mg[0]
    for month in range(3):
        absorbed = DAYS_PER_MONTH * course.absorbed_mg_per_day[0, month]
        given = 250.0 if month == 0 else 0.0
        assert held[month + 1] - held[month] == pytest.approx(
            absorbed - given - DAYS_PER_MONTH, abs=EXACT * held[month]
        )


@pytest.mark.parametrize(("every", "times"), [(1, [0, 1, 2, 3, 4, 5]), (2, [0, 2, 4]), (24, [0])])
def test_blood_is_given_at_the_beginning_and_then_by_the_plan(every: int, times: list[int]) -> None:
    course, without = (trial(blood_ml=amount, every=every) for amount in (500.0, 0.0))
    lost = -np.diff(course.stores_mg[0] + course.red_cells_mg[0])
    lost += DAYS_PER_MONTH * course.absorbed_mg_per_day[0]
    given = [month for month in range(6) if lost[month] > DAYS_PER_MONTH + 100.0]
    assert given == times
    assert (without.red_cells_mg[0] >= course.red_cells_mg[0]).all()


@pytest.mark.parametrize("tablet_months", [0, 1, 2])
def test_tablets_are_taken_for_their_months_after_each_donation(tablet_months: int) -> None:
    with_tablets = trial(every=3, tablets=38.0, tablet_months=tablet_months)
    without = trial(every=3)
    more = with_tablets.absorbed_mg_per_day[0] - without.absorbed_mg_per_day[0]
    taken = [month for month in range(6) if more[month] > 0.3]
    assert taken == [month for month in range(6) if month % 3 < tablet_months]


def test_more_iron_in_tablets_is_more_iron_in_the_body() -> None:
    end = [
        (course.stores_mg + course.red_cells_mg)[0, -1]
        for course in (trial(tablets=dose, tablet_months=6) for dose in (0.0, 19.0, 38.0))
    ]
    assert end[0] < end[1] < end[2]


def test_menses_go_on() -> None:
    """The same woman with and without a loss that is hers."""
    of_woman = dict(sex=FEMALE, menarche_month=NOW - 300, menopause_month=NOW + 120)
    heavy, light = (
        trial(blood_ml=0.0, menstrual_loss_ml=loss, **of_woman) for loss in (150.0, 0.0)
    )
    assert heavy.stores_mg[0, -1] + heavy.red_cells_mg[0, -1] < (
        light.stores_mg[0, -1] + light.red_cells_mg[0, -1] - 100.0
    )


def test_a_month_without_anything_is_that_of_the_rule() -> None:
    lives, bodies = people(1, storage_iron_mg=300.0)
    burden = neutral_burdens(1)[0]
    burden.iron_loss_mg = DAYS_PER_MONTH
    plain(advance_iron)(
        bodies[0], lives[0], burden, NO_CARE, 1.0 / lives[0].storage_scale_mg, inputs()
    )
    course = trial(months=1, blood_ml=0.0, storage_iron_mg=300.0)
    found = course.stores_mg[0, 1], course.absorbed_mg_per_day[0, 0]
    wanted = bodies[0].storage_iron_mg, bodies[0].absorbed_mg_per_day
    assert found == pytest.approx(wanted, rel=EXACT)


def test_people_are_apart_and_left_as_they_were() -> None:
    lives, bodies = people(2, storage_iron_mg=[100.0, 1000.0])
    before = lives.copy(), bodies.copy()
    course = let_give_blood(lives, bodies, NOW, Plan(4, 500.0, 2, 0.0, 0), inputs())
    np.testing.assert_array_equal(lives, before[0])
    np.testing.assert_array_equal(bodies, before[1])
    for row in range(2):
        alone = let_give_blood(lives[row : row + 1], bodies[row : row + 1], NOW,
                               Plan(4, 500.0, 2, 0.0, 0), inputs())  # fmt: skip
        np.testing.assert_array_equal(alone.stores_mg[0], course.stores_mg[row])
        np.testing.assert_array_equal(alone.red_cells_mg[0], course.red_cells_mg[row])


def test_months_of_a_trial_are_those_of_the_life() -> None:
    """A woman whose menopause is in the third month loses blood in the first two only."""
    lives, bodies = people(1, sex=FEMALE, menarche_month=NOW - 300, menopause_month=NOW + 2,
                           menstrual_loss_ml=150.0)  # fmt: skip
    shape = (1, 5)
    red, stores, absorbed = np.zeros(shape), np.zeros(shape), np.zeros((1, 4))
    plain(live_through)(
        lives, bodies, neutral_burdens(BURDENS), NOW, Plan(4, 0.0, 24, 0.0, 0), red, stores, absorbed,
        inputs(),
    )  # fmt: skip
    lost = DAYS_PER_MONTH * absorbed[0] - np.diff(red[0] + stores[0])
    assert [month for month in range(4) if lost[month] > DAYS_PER_MONTH + 20.0] == [0, 1]


# Conditions ---------------------------------------------------------------------------------------

LOSING = dict(iron_loss_mg_per_day=2.0, dopamine_load=0.1)


def lost_mg(course: Course) -> Any:
    """Iron lost by each person in each month (mg)."""
    held = course.red_cells_mg + course.stores_mg
    return DAYS_PER_MONTH * course.absorbed_mg_per_day - np.diff(held)


def test_conditions_that_are_there_go_on() -> None:
    """The first has none, the second one that has been there for long, and bled when it began."""
    p = inputs([made("losing", prevalence=[0.1], blood_loss_ml_at_onset=300.0, **LOSING)])
    lives, bodies = people(2, conditions=[0, 1], conditions_until=int(NEVER))
    course = let_give_blood(lives, bodies, NOW, Plan(3, 0.0, 24, 0.0, 0), p)
    expected = DAYS_PER_MONTH * np.array([[1.0] * 3, [3.0] * 3])
    assert lost_mg(course) == pytest.approx(expected, rel=1e-6)


def test_conditions_begin_and_end_in_the_months_of_a_trial_as_in_the_life() -> None:
    condition = made("losing", onset_per_1000=[400.0], duration_years=0.5, **LOSING)
    p, months = inputs([condition]), 12
    lives, bodies = people(40)
    course = let_give_blood(lives, bodies, NOW, Plan(months, 0.0, 24, 0.0, 0), p)
    there = np.array([
        [plain(episode_at)(life, 0, NOW + k, p)[0] for k in range(months)] for life in lives
    ])  # fmt: skip
    assert (there[:, 0] != there[:, -1]).sum() > 5
    assert lost_mg(course) == pytest.approx(DAYS_PER_MONTH * (1.0 + 2.0 * there), rel=1e-6)


def test_what_one_suffers_is_no_burden_to_the_next() -> None:
    p = inputs([made("losing", prevalence=[0.1], **LOSING)])
    lives, bodies = people(2, conditions=[1, 0], conditions_until=int(NEVER))
    course = let_give_blood(lives, bodies, NOW, Plan(1, 500.0, 24, 38.0, 1), p)
    alone = let_give_blood(lives[1:], bodies[1:], NOW, Plan(1, 500.0, 24, 38.0, 1), p)
    np.testing.assert_array_equal(course.stores_mg[1], alone.stores_mg[0])
