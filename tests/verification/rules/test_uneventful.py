"""Months in which nothing new happens: until when, by what is scheduled and by chance."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from rule_tools import KEY, NOW, a_burden, inputs, moment, person, plain

from rlsabm.chance import MONTH, at
from rlsabm.conventions import FEMALE, MALE, NEVER
from rlsabm.exposures.donation import (
    ACTIVE_DONOR,
    DONATION_MONTH,
    FORMER_DONOR,
    NO_DONOR,
    donor_unchanged_until,
)
from rlsabm.exposures.kidney import (
    CKD_3,
    CKD_4,
    DIALYSIS,
    GRAFT,
    HEALTHY_KIDNEY,
    kidneys_unchanged_until,
    most_likely_onset,
)
from rlsabm.exposures.menses import menses_unchanged_until
from rlsabm.exposures.month import chances_of_exposures
from rlsabm.exposures.pregnancy import (
    FIRST_FERTILE_AGE,
    ONE_CHILD,
    chance_to_conceive,
    fertility_unchanged_until,
    most_likely_conception,
)
from rlsabm.life.growth import age_of_next_growth, is_time_to_grow
from rlsabm.life.uneventful import MOST_MONTHS, uneventful_until
from rlsabm.moment import sooner
from rlsabm.scratch import new_scratch

#: A man whose birthday was in the month before the present one, and to whom nothing is going to happen.
ORDINARY = {"sex": MALE, "birth_month": NOW - 12 * 40 - 1, "environment_until": 10**8}
BIRTHDAY = NOW + 11


def safe() -> Any:
    """Inputs with which chance brings no death, kidney disease, visit or change of a donor."""
    p = inputs()
    p.death[:] = p.kidney_onset[:] = p.donor_start[:] = 0.0
    p.donor_visits_per_year = p.donor_stop_per_month = 0.0
    return p


def until(
    life: Any, p: Any = None, *, month: int = NOW, last: int = NOW + 40, room: int = MOST_MONTHS,
    mortality_ratio: float = 1.0,
) -> int:  # fmt: skip
    """Month until which nothing new happens to this person."""
    now = moment(month=month, age=(month - int(life.birth_month)) // 12)
    ahead = tuple(each[:room] for each in new_scratch().ahead)
    standing = a_burden()
    standing.mortality_ratio = mortality_ratio
    return int(
        plain(uneventful_until)(life, standing, now, last, ahead, safe() if p is None else p)
    )


def ordinary(**fields: Any) -> Any:
    return person(**ORDINARY | fields)[0]


def lowest(word: int, *, stream: int = MONTH, upper: bool = False) -> tuple[float, int]:
    """A chance that is met in one of the coming months only, and that month."""
    months = range(NOW, BIRTHDAY)
    numbers = [plain(at)(np.uint64(KEY), np.uint64(1), month, stream)[word] for month in months]
    if upper:
        numbers = [1.0 - number for number in numbers]
    place = int(np.argmin(numbers))
    assert place > 0, "another person shows more"
    return 1.0001 * numbers[place], months[place]


# By schedule --------------------------------------------------------------------------------------


def test_nothing_happens_to_an_ordinary_person_before_the_birthday() -> None:
    assert until(ordinary()) == BIRTHDAY
    assert until(ordinary(birth_month=NOW - 12 * 40)) == NOW + 12, "today is a birthday"


@pytest.mark.parametrize("field", ["conditions_until", "environment_until"])
def test_conditions_and_environment_end_it(field: str) -> None:
    assert until(ordinary(**{field: NOW + 4})) == NOW + 4
    assert until(ordinary(**{field: NOW + 1})) == NOW + 1


def test_it_ends_with_the_months_asked_for_and_with_the_room_for_them() -> None:
    assert until(ordinary(), last=NOW + 5) == NOW + 6
    assert until(ordinary(), last=NOW) == NOW + 1
    assert until(ordinary(), room=3) == NOW + 3
    assert until(ordinary(), room=0) == NOW + 1


@pytest.mark.parametrize("age_months", [*range(300), 1300, 1301])
def test_the_age_of_the_next_growth(age_months: int) -> None:
    found = plain(age_of_next_growth)(age_months)
    later = next(m for m in range(age_months + 1, age_months + 13) if plain(is_time_to_grow)(m))
    assert found == later


def test_the_sooner_of_two_months_counts_only_what_is_to_come() -> None:
    assert plain(sooner)(100, 90, 80) == 90
    assert plain(sooner)(100, 80, 80) == 100
    assert plain(sooner)(100, 120, 80) == 100


@pytest.mark.parametrize("field", ["menarche_month", "menopause_month"])
def test_menses_change_at_menarche_and_menopause(field: str) -> None:
    past = {"menarche_month": NOW - 300, "menopause_month": NOW - 5}
    life, _ = person(**past | {field: NOW + 7})
    assert plain(menses_unchanged_until)(life, NOW) == NOW + 7
    life, _ = person(**past | {field: NOW})
    assert plain(menses_unchanged_until)(life, NOW) == NEVER


@pytest.mark.parametrize("field", ["fertile_from", "lactation_until", "amenorrhoea_until"])
def test_fertility_changes_after_a_delivery(field: str) -> None:
    past = dict.fromkeys(("fertile_from", "lactation_until", "amenorrhoea_until"), NOW - 1)
    life, _ = person(**past | {field: NOW + 3})
    assert plain(fertility_unchanged_until)(life, NOW) == NOW + 3
    life, _ = person(**past)
    assert plain(fertility_unchanged_until)(life, NOW) == NEVER
    life.pregnancy = ONE_CHILD
    assert plain(fertility_unchanged_until)(life, NOW) == NOW, "each month of pregnancy differs"


@pytest.mark.parametrize(
    ("stage", "expected"),
    [(HEALTHY_KIDNEY, NEVER), (CKD_3, NOW + 9), (CKD_4, NOW + 9), (DIALYSIS, NOW), (GRAFT, NOW)],
)
def test_kidneys_change_when_a_stage_ends(stage: int, expected: int) -> None:
    life, _ = person(kidney=stage, kidney_until=NOW + 9)
    assert plain(kidneys_unchanged_until)(life, NOW) == expected


def test_donors_change_when_they_are_eligible_and_with_their_tablets() -> None:
    p = inputs(donor_supplement_months=3)
    donor = {"donor": ACTIVE_DONOR, "eligible_month": NOW + 6, "last_donation_month": NOW - 1}
    unchanged = plain(donor_unchanged_until)
    assert unchanged(ordinary(**donor), moment(), p) == NOW + 6
    takes = donor | {"donor_supplements": 1}
    assert unchanged(ordinary(**takes), moment(), p) == NOW + 3, "tablets from NOW to NOW + 2"
    just_given = takes | {"last_donation_month": NOW}
    assert unchanged(ordinary(**just_given), moment(), p) == NOW + 1, "tablets begin"
    long_ago = takes | {"last_donation_month": NOW - 40, "eligible_month": NOW}
    assert unchanged(ordinary(**long_ago), moment(), p) == NEVER


def test_careers_of_donors_that_have_to_end_end_now() -> None:
    p = inputs()
    unchanged = plain(donor_unchanged_until)
    assert unchanged(ordinary(donor=ACTIVE_DONOR, kidney=CKD_3), moment(), p) == NOW
    last = int(p.donor_last_age_years)
    assert unchanged(ordinary(donor=ACTIVE_DONOR), moment(age=last), p) == NOW
    assert unchanged(ordinary(donor=ACTIVE_DONOR), moment(age=last - 1), p) == NEVER
    for career in (NO_DONOR, FORMER_DONOR):
        assert unchanged(ordinary(donor=career, kidney=CKD_3), moment(age=last), p) == NEVER


def test_each_exposure_ends_it() -> None:
    woman = {"sex": FEMALE, "menarche_month": NOW - 300, "menopause_month": NOW + 300}
    assert until(ordinary(**woman)) == BIRTHDAY
    assert until(ordinary(**woman | {"menopause_month": NOW + 2})) == NOW + 2
    assert until(ordinary(**woman, lactation_until=NOW + 5)) == NOW + 5
    assert until(ordinary(kidney=CKD_4, kidney_until=NOW + 8)) == NOW + 8
    assert until(ordinary(donor=ACTIVE_DONOR, eligible_month=NOW + 3)) == NOW + 3
    assert until(ordinary(menopause_month=NOW + 2, lactation_until=NOW + 5)) == BIRTHDAY, "a man"


# By chance ----------------------------------------------------------------------------------------


def test_a_death_ends_it() -> None:
    p = safe()
    chance, month = lowest(1)
    p.death[:] = chance
    assert until(ordinary(), p) == month
    p.death[:] = chance / 2.0
    assert until(ordinary(), p) == BIRTHDAY
    assert until(ordinary(), p, mortality_ratio=2.0) == month


def test_what_may_happen_at_once_leaves_this_month_alone() -> None:
    p = safe()
    p.death[:], month = lowest(1)
    assert until(ordinary(), p, month=month) == month + 1
    assert until(ordinary(), p, month=month + 1) == BIRTHDAY


def test_the_onset_of_kidney_disease_ends_it() -> None:
    p = safe()
    p.kidney_onset[:], month = lowest(2)
    assert until(ordinary(), p) == month
    assert until(ordinary(kidney=CKD_3, kidney_until=NEVER), p) == BIRTHDAY


def test_conditions_could_raise_that_onset() -> None:
    p = safe()
    p.kidney_onset[:] = 0.01
    p.condition_most_kidney_ratio = 4.0
    assert plain(most_likely_onset)(ordinary(), 40, p) == pytest.approx(0.04)
    assert plain(most_likely_onset)(ordinary(kidney=GRAFT), 40, p) == 0.0


def test_the_beginning_of_a_career_ends_it() -> None:
    p = safe()
    chance, month = lowest(2, upper=True)
    p.donor_start[:], p.healthy_start_factor[:] = chance / 2.0, 2.0
    assert until(ordinary(), p) == month
    assert until(ordinary(donor=FORMER_DONOR), p) == BIRTHDAY


def test_a_conception_ends_it() -> None:
    p = safe()
    p.conception[:], month = lowest(3)
    woman = {"sex": FEMALE, "birth_month": NOW - 12 * 30 - 1, "menopause_month": NOW + 300}
    assert until(ordinary(**woman), p) == month
    assert until(ordinary(**woman, fertile_from=NOW + 100), p) == BIRTHDAY


def test_conceptions_are_looked_for_in_all_months_and_in_no_other() -> None:
    """The child of a woman of 29 who conceives from month 2 on would be born when she is 30."""
    p = safe()
    p.conception[:] = 0.0
    p.conception[:, 30 - FIRST_FERTILE_AGE :] = 1.0
    woman = {"sex": FEMALE, "birth_month": NOW - 12 * 29 - 1, "menopause_month": NOW + 300}
    assert until(ordinary(**woman), p, last=NOW + 1) == NOW + 2
    assert until(ordinary(**woman), p, last=NOW + 2) == NOW + 1, "the limit is one for all months"


@pytest.mark.parametrize("birth_month", range(12))
@pytest.mark.parametrize("first", [NOW, NOW + 5])
def test_no_month_is_likelier_than_the_most_likely_conception(birth_month: int, first: int) -> None:
    p = inputs()
    rng = np.random.default_rng(birth_month)
    p.conception[:] = rng.uniform(size=p.conception.shape)
    life, _ = person(birth_month=NOW - 12 * 30 + birth_month, fertile_from=0, parity=1)
    months = range(first, first + 12)
    each = [plain(chance_to_conceive)(life, month, p) for month in months]
    assert plain(most_likely_conception)(life, first, months[-1], p) == max(each)
    assert plain(most_likely_conception)(life, first, first, p) == each[0]


def test_visits_of_donors_and_the_end_of_their_careers_end_it() -> None:
    donor = {"donor": ACTIVE_DONOR, "eligible_month": NOW - 1, "donor_eagerness": 1.0}
    p = safe()
    chance, month = lowest(0, stream=DONATION_MONTH)
    p.donor_visits_per_year, p.healthy_visit_factor[:] = -12.0 * np.log(1.0 - chance), 1.0
    assert until(ordinary(**donor), p) == month
    assert until(ordinary(**donor | {"eligible_month": BIRTHDAY + 9}), p) == BIRTHDAY
    p = safe()
    p.donor_stop_per_month, month = lowest(1, stream=DONATION_MONTH)
    assert until(ordinary(**donor), p) == month
    assert until(ordinary(**donor | {"donor": FORMER_DONOR}), p) == BIRTHDAY


def test_only_donors_who_are_eligible_come() -> None:
    p = safe()
    p.donor_visits_per_year, p.donor_stop_per_month = 3.0, 0.2
    for eligible, comes in ((NOW, True), (NOW + 1, False)):
        life = ordinary(donor=ACTIVE_DONOR, donor_eagerness=1.0, eligible_month=eligible)
        found = plain(chances_of_exposures)(life, moment(), NOW + 11, p)
        assert (found.visit > 0.0) == comes
        assert found.stop == 0.2


def test_what_is_looked_up_ahead_are_the_uniforms_of_symptoms() -> None:
    ahead = new_scratch().ahead
    plain(uneventful_until)(ordinary(), a_burden(), moment(), NOW + 40, ahead, safe())
    expected = [plain(at)(np.uint64(KEY), np.uint64(1), NOW + k, MONTH)[0] for k in range(11)]
    assert ahead[0][:11].tolist() == expected
    assert not ahead[1][:11].any()
