"""What a questionnaire finds of the truth: arithmetic of sensitivity, specificity and mimics."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rlsabm.errors import UserError
from rlsabm.inputs import INPUTS
from rlsabm.measuring.cases import DEFINITIONS, RECALLS, case_bit
from rlsabm.measuring.instruments import TRUTH, Instrument, instruments, instruments_of
from rlsabm.measuring.questionnaire import MOST_MIMICS, Answers
from rlsabm.person import LIFE, newborn_records

KEY = 20190715
MONTH = 12 * 2019 + 6
PEOPLE = 40_000
WIDE = 4.5
FACTOR = 1.3
CASES = case_bit("any", "current") | case_bit("any", "past_year")
ALL_BITS = 63


def instrument(**given: Any) -> Instrument:
    figures = dict(sensitivity=0.87, specificity=0.96, weekly_share=0.4, significant_share=0.15)
    return Instrument(name="a test", asks="", source="", **(figures | given))


def people(age_months: Any, count: int = PEOPLE) -> Any:
    lives = newborn_records(LIFE, count)
    lives["uid"] = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(2_654_435_761)
    lives["birth_month"] = MONTH - age_months
    return lives


def asked(
    lives: Any,
    by: Instrument,
    *,
    month: int = MONTH,
    factor: float = FACTOR,
    key: int = KEY,
) -> Answers:
    p = np.zeros(1, dtype=INPUTS)
    p["mimic_age_factor"], p["key"] = factor, key
    return Answers(by, lives, month, p[0])


def truth(prevalence: float, seed: int = 1) -> np.ndarray:
    """Case bits of people of whom this share are cases by any definition, now and in the year."""
    ill = np.random.default_rng(seed).random(PEOPLE) < prevalence
    return np.where(ill, np.uint8(CASES), np.uint8(0))


def is_near(found: np.ndarray, expected: float) -> bool:
    spread = np.sqrt(max(expected * (1.0 - expected), 1.0 / len(found)) / len(found))
    return abs(found.mean() - expected) < WIDE * spread


@pytest.mark.parametrize("prevalence", [0.0, 0.03, 0.3, 1.0])
@pytest.mark.parametrize("age", [5, 25, 45, 65, 85])
@pytest.mark.parametrize("name", list(instruments()))
def test_observed_prevalence(name: str, age: int, prevalence: float) -> None:
    """sensitivity x p + (1 - specificity at this age) x (1 - p)."""
    by = instruments()[name]
    true = truth(prevalence, seed=age)
    p = (true > 0).mean()
    mimics = min((1.0 - by.specificity) * FACTOR ** ((age - 45) / 10), 0.5)
    answers = asked(people(12 * age), by).observed(true)
    for recall in RECALLS:
        found = (answers & case_bit("any", recall)) > 0
        assert is_near(found, by.sensitivity * p + mimics * (1.0 - p))
        assert prevalence == 1.0 or is_near(found[true == 0], mimics)
        assert prevalence == 0.0 or is_near(found[true > 0], by.sensitivity)


@pytest.mark.parametrize("definition", ["weekly", "significant"])
def test_how_often_mimics_report_symptoms(definition: str) -> None:
    by = instrument(specificity=0.6)
    none = np.zeros(PEOPLE, dtype=np.uint8)
    answers = asked(people(12 * 45), by).observed(none)
    share = {"weekly": 0.4, "significant": 0.15}[definition]
    for recall in RECALLS:
        found = (answers & case_bit(definition, recall)) > 0
        assert is_near(found, 0.4 * share)
        assert not (found & ~((answers & case_bit("any", recall)) > 0)).any()


def test_bits_of_a_case_that_is_found_are_the_true_ones() -> None:
    """Nothing but being found is changed: who was ill last spring is not ill now."""
    rng = np.random.default_rng(2)
    true = rng.integers(0, ALL_BITS + 1, PEOPLE).astype(np.uint8) | np.uint8(
        case_bit("any", "past_year")
    )
    answers = asked(people(12 * 50), instrument()).observed(true)
    found = answers > 0
    assert is_near(found, 0.87)
    assert (answers[found] == true[found]).all()


def test_a_perfect_instrument_gives_the_truth() -> None:
    true = truth(0.2)
    answers = asked(people(12 * 70), instrument(sensitivity=1.0, specificity=1.0)).observed(true)
    assert (answers == true).all()


def test_mimics_do_not_depend_on_cases() -> None:
    """Among those who are none, mimics are as common whoever else is a case, and as by their age."""
    answers = asked(people(12 * 45), instrument(specificity=0.8))
    none = np.zeros(PEOPLE, dtype=np.uint8)
    for true in (truth(0.1), truth(0.5, seed=9)):
        well = true == 0
        assert (answers.observed(true)[well] == answers.observed(none)[well]).all()


def test_the_same_person_answers_alike_in_all_worlds() -> None:
    by = instrument(specificity=0.8)
    answers = asked(people(12 * 45), by)
    worlds = np.stack([truth(0.3, seed=1), truth(0.1, seed=2), truth(0.3, seed=1)], axis=1)
    found = answers.observed(worlds)
    assert found.shape == worlds.shape
    assert found.dtype == np.uint8
    for world in range(3):
        assert (found[:, world] == answers.observed(worlds[:, world])).all()
    alike = worlds[:, 0] == worlds[:, 1]
    assert (found[alike, 0] == found[alike, 1]).all()
    assert (found[:, 0] == found[:, 2]).all()
    # A second interview in the same month, in any order of people, brings the same answers.
    order = np.random.default_rng(4).permutation(PEOPLE)
    again = asked(people(12 * 45)[order], by).observed(worlds[order, 0])
    assert (again == found[order, 0]).all()


def test_worlds_that_are_nested_stay_so_where_nobody_mimics() -> None:
    outer = truth(0.4)
    inner = np.where(np.random.default_rng(5).random(PEOPLE) < 0.5, outer, np.uint8(0))
    answers = asked(people(12 * 45), instrument(specificity=1.0))
    assert not (answers.observed(inner) & ~answers.observed(outer)).any()


def test_answers_of_other_dates_keys_and_instruments_are_others() -> None:
    true = truth(1.0)
    by = instrument(sensitivity=0.5)
    lives = people(12 * 45)
    first = asked(lives, by).observed(true) > 0
    others = (
        asked(lives, by, month=MONTH + 12),
        asked(lives, by, key=KEY + 1),
        asked(lives, by._replace(name="another test")),
    )
    for answers in others:
        assert is_near(first & (answers.observed(true) > 0), 0.25)


def test_more_sensitivity_only_adds_cases() -> None:
    true = truth(0.3)
    lives = people(np.random.default_rng(6).integers(0, 1200, PEOPLE))
    before = np.zeros(PEOPLE, dtype=np.uint8)
    for sensitivity in (0.0, 0.3, 0.6, 0.9, 1.0):
        found = asked(lives, instrument(sensitivity=sensitivity)).observed(true)
        assert not (before & ~found).any()
        assert (found > before).any()
        before = found


def test_less_specificity_only_adds_mimics() -> None:
    true = truth(0.3)
    lives = people(np.random.default_rng(6).integers(0, 1200, PEOPLE))
    before = asked(lives, instrument(specificity=1.0)).observed(true)
    for specificity in (0.99, 0.95, 0.8, 0.6):
        found = asked(lives, instrument(specificity=specificity)).observed(true)
        assert not (before & ~found).any()
        assert (found > before).any()
        assert (found[true > 0] == before[true > 0]).all()
        before = found


def test_mimics_grow_with_age() -> None:
    """The same people, older: nobody who mimics stops, and half are the most there can be."""
    none = np.zeros(PEOPLE, dtype=np.uint8)
    by = instrument(specificity=0.9)
    before, shares = none, []
    for age in (5, 25, 45, 65, 85, 105):
        found = asked(people(12 * age), by).observed(none)
        assert not (before & ~found).any()
        shares.append((found > 0).mean())
        assert is_near(found > 0, 0.1 * FACTOR ** ((age - 45) / 10))
        before = found
    assert (np.diff(shares) > 0).all()
    assert is_near(asked(people(12 * 105), by, factor=3.0).observed(none) > 0, MOST_MIMICS)
    flat = [asked(people(12 * age), by, factor=1.0).observed(none) for age in (5, 85)]
    assert (flat[0] == flat[1]).all()


def test_age_counts_by_the_month() -> None:
    """A specificity is not a step function of birthdays."""
    none = np.zeros(PEOPLE, dtype=np.uint8)
    by = instrument(specificity=0.7)
    counts = [
        (asked(people(m), by, factor=2.0).observed(none) > 0).sum() for m in range(540, 553, 3)
    ]
    assert (np.diff(counts) > 0).all()


def test_instruments_by_name() -> None:
    assert instruments_of([TRUTH]) == []
    assert [one.name for one in instruments_of(["CH-RLSq", TRUTH, "interview"])] == [
        "CH-RLSq",
        "interview",
    ]
    with pytest.raises(UserError, match=r"^observe.as: found CH-RLSk \(expected names among truth"):
        instruments_of(["CH-RLSk"])


def test_figures_of_instruments_can_be() -> None:
    for one in instruments().values():
        assert 0.5 < one.sensitivity <= 1.0
        assert 0.5 < one.specificity <= 1.0
        assert 0.0 <= one.significant_share <= one.weekly_share <= 1.0
        assert one.source
    assert DEFINITIONS == ("any", "weekly", "significant")
