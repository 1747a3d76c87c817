"""Blood donation: who starts, who is turned away, what a donation takes, who stops."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from rule_tools import NOW, a_burden, inputs, logged, moment, person, plain

from rlsabm.chance import probability_per_month
from rlsabm.conventions import FEMALE, MALE
from rlsabm.exposures.donation import (
    ACTIVE_DONOR,
    BLOOD_DONATION,
    DONATED,
    FORMER_DONOR,
    NO_DONOR,
    BloodDonation,
    DonorSupplements,
    FerritinDeferral,
    become_donor,
    donate,
    gave_in_last_year,
    give_blood,
    is_deferred,
    jurisdiction_values,
    note_donation,
    values_of_donation,
)
from rlsabm.exposures.kidney import CKD_3, GRAFT
from rlsabm.exposures.pregnancy import ONE_CHILD

SEXES = [FEMALE, MALE]
#: Haemoglobin of 140 g/L in 5 L of blood: iron of the red cells.
AT_140 = 140 * 5 * 3.39
#: Nobody's uniform is so high.
ALWAYS = {"donor_visits_per_year": 12.0}


def donor(**fields: Any) -> tuple[Any, Any]:
    """An active donor who may give, visits at once, and feels well."""
    given = dict(donor=ACTIVE_DONOR, donor_eagerness=50.0, red_cell_iron_mg=AT_140)
    return person(**(given | fields))


def lived(life: Any, body: Any, p: Any = None, **when: Any) -> Any:
    """Burden of a month as a donor."""
    burden = a_burden()
    plain(donate)(life, body, burden, moment(**when), inputs(**ALWAYS) if p is None else p)
    return burden


# Careers ------------------------------------------------------------------------------------------


def test_the_young_start_more_often() -> None:
    """2.1 % a year from 17 to 24, 1.35 % from 25 to 69; nobody else."""
    p = inputs()
    young, adult = 1 - np.exp(-0.021 / 12), 1 - np.exp(-0.0135 / 12)
    assert p.donor_start[17:25] == pytest.approx(young)
    assert p.donor_start[25:70] == pytest.approx(adult)
    assert (p.donor_start[:17] == 0).all()
    assert (p.donor_start[70:] == 0).all()


def test_nobody_starts_where_donation_is_switched_off() -> None:
    assert (inputs(donation_enabled=0).donor_start == 0).all()


def test_the_first_age_is_a_parameter() -> None:
    p = inputs(donor_first_age_years=20)
    assert (p.donor_start[18:20] == 0).all()
    assert p.donor_start[20] > 0


def started(u: float, **fields: Any) -> Any:
    life, _ = person(**fields)
    plain(become_donor)(life, 30, NOW, u, inputs())
    return life


def test_a_uniform_below_the_chance_starts_a_career() -> None:
    p = inputs()
    assert started(p.donor_start[30] * 0.99).donor == ACTIVE_DONOR
    assert started(p.donor_start[30] * 1.01).donor == NO_DONOR
    assert started(0.0).eligible_month == NOW


def test_people_with_kidney_disease_do_not_start() -> None:
    assert started(0.0, kidney=CKD_3).donor == NO_DONOR


def test_traits_of_donors_have_their_shares_and_spread() -> None:
    p = inputs(donor_supplement_uptake=0.4)
    lives = []
    for uid in range(1, 2001):
        life, _ = person(uid=uid)
        plain(become_donor)(life, 30, NOW, 0.0, p)
        lives.append((life.donor_eagerness, life.double_red_cells, life.donor_supplements))
    eagerness, double, supplements = np.array(lives, float).T
    assert np.log(eagerness).std() == pytest.approx(1.4, rel=0.06)
    assert np.median(eagerness) == pytest.approx(1.0, abs=0.1)
    assert double.mean() == pytest.approx(0.10, abs=3.5 * (0.1 * 0.9 / 2000) ** 0.5)
    assert supplements.mean() == pytest.approx(0.4, abs=3.5 * (0.24 / 2000) ** 0.5)
    assert abs(np.corrcoef(double, supplements)[0, 1]) < 0.09


def test_onsets_of_donation_take_the_upper_end_of_their_uniform() -> None:
    """Kidney disease takes the lower end: nobody has both in one month."""
    for onset, starts in ((0.9999, True), (0.0001, False)):
        life, body = person(age=20, red_cell_iron_mg=AT_140)
        lived(life, body, age=20, onset=onset)
        assert (life.donor == ACTIVE_DONOR) == starts


def test_the_first_visit_is_in_the_month_of_the_start() -> None:
    life, body = person(age=20, red_cell_iron_mg=AT_140)
    lived(life, body, inputs(donor_visits_per_year=0.1), age=20, onset=0.9999)
    assert life.donations == 1


def test_donors_stop_at_11_per_cent_a_year() -> None:
    p = inputs()
    stopped = 0
    for uid in range(1, 4001):
        life, body = donor(uid=uid, eligible_month=NOW + 5)
        lived(life, body, p)
        stopped += life.donor == FORMER_DONOR
    expected = 4000 * (1 - np.exp(-0.11 / 12))
    assert stopped == pytest.approx(expected, abs=3.5 * expected**0.5)


def test_the_rate_of_stopping_becomes_a_monthly_chance() -> None:
    assert inputs().donor_stop_per_month == pytest.approx(1 - np.exp(-0.11 / 12))


@pytest.mark.parametrize(("age", "state"), [(77, ACTIVE_DONOR), (78, FORMER_DONOR)])
def test_careers_end_at_78(age: int, state: int) -> None:
    life, body = donor(uid=3, eligible_month=NOW + 9)
    lived(life, body, inputs(donor_stop_per_year=0.01), age=age)
    assert life.donor == state


def test_kidney_disease_ends_a_career_for_good() -> None:
    for stage in (CKD_3, GRAFT):
        life, body = donor(kidney=stage)
        assert lived(life, body).blood_loss_ml == 0.0
        assert life.donor == FORMER_DONOR
    life, body = person(donor=FORMER_DONOR, red_cell_iron_mg=AT_140, age=20)
    lived(life, body, age=20, onset=0.99999)
    assert life.donor == FORMER_DONOR


# Visits -------------------------------------------------------------------------------------------


def test_visits_come_at_the_donors_own_rate() -> None:
    """1.3 a year x eagerness 3: 1 - exp(-1.3 x 3 / 12) a month."""
    p = inputs(donor_stop_per_year=0.01)
    gave = 0
    for uid in range(1, 2001):
        life, body = donor(uid=uid, donor_eagerness=3.0)
        lived(life, body, p)
        gave += int(life.donations)
    share = plain(probability_per_month)(1.3 * 3)
    assert share == pytest.approx(1 - np.exp(-1.3 * 3 / 12))
    assert gave / 2000 == pytest.approx(share, abs=3.5 * (share * (1 - share) / 2000) ** 0.5)


@pytest.mark.parametrize(("eligible", "gives"), [(NOW, True), (NOW + 1, False)])
def test_nobody_gives_before_the_interval_is_over(eligible: int, gives: bool) -> None:
    life, body = donor(eligible_month=eligible)
    assert (lived(life, body).blood_loss_ml > 0) == gives


def test_some_donors_who_feel_unwell_stay_away() -> None:
    """Three tenths of those with symptoms; all others give, as all do without symptoms."""
    p = inputs(**ALWAYS)
    gave = {0: 0, 1: 0}
    for uid in range(1, 2001):
        for rls in (0, 1):
            life, body = donor(uid=uid, rls=rls)
            lived(life, body, p)
            gave[rls] += int(life.donations)
    assert gave[0] == 2000
    assert gave[1] / 2000 == pytest.approx(0.7, abs=3.5 * (0.21 / 2000) ** 0.5)


def test_the_same_donor_stays_away_until_the_next_donation() -> None:
    """One draw until the next donation: month after month the same answer, then a new one."""
    p = inputs(donor_stop_per_year=0.01, **ALWAYS)
    for uid in range(1, 60):
        answers = []
        for month in range(NOW, NOW + 6):
            life, body = donor(uid=uid, rls=1)
            lived(life, body, p, month=month)
            answers.append(int(life.donations))
        assert len(set(answers)) == 1
    differ = 0
    for uid in range(1, 200):
        answers = []
        for donations in (3, 4):
            life, body = donor(uid=uid, rls=1, donations=donations)
            lived(life, body, p)
            answers.append(int(life.donations) - donations)
        differ += answers[0] != answers[1]
    assert differ / 199 == pytest.approx(2 * 0.3 * 0.7, abs=0.12)


# Turned away --------------------------------------------------------------------------------------


def deferred(sex: int = FEMALE, values: dict[str, float] | None = None, **fields: Any) -> int:
    """Months for which a visitor is turned away; 0 if accepted."""
    life, body = donor(sex=sex, **fields)
    if plain(is_deferred)(life, body, NOW, inputs(**(values or {}))):
        return int(life.eligible_month) - NOW
    return 0


@pytest.mark.parametrize(("sex", "limit"), [(MALE, 130.0), (FEMALE, 125.0)])
def test_low_haemoglobin_defers_for_three_months(sex: int, limit: float) -> None:
    """FDA 21 CFR 630: 13.0 and 12.5 g/dL."""
    per_g_l = 5 * 3.39
    assert deferred(sex, red_cell_iron_mg=(limit + 0.1) * per_g_l) == 0
    assert deferred(sex, red_cell_iron_mg=(limit - 0.1) * per_g_l) == 3


def test_pregnant_women_are_turned_away_and_so_for_six_months_after_delivery() -> None:
    assert deferred(pregnancy=ONE_CHILD) == 1
    assert deferred(last_birth_month=NOW - 5) == 1
    assert deferred(last_birth_month=NOW - 6) == 0


def test_ferritin_defers_where_it_is_measured() -> None:
    """Ferritin of stores s in units of their scale: 40 (exp(s) - 1)."""
    low = {"storage_iron_mg": 500 * np.log1p(29 / 40)}
    high = {"storage_iron_mg": 500 * np.log1p(31 / 40)}
    rule = {"ferritin_deferral_below_ug_per_l": 30.0, "ferritin_deferral_months": 8.0}
    assert deferred(values=rule, **low) == 8
    assert deferred(values=rule, **high) == 0
    assert deferred(**low) == 0, "it is not measured in the United States"


def test_haemoglobin_is_looked_at_before_ferritin() -> None:
    rule = {"ferritin_deferral_below_ug_per_l": 200.0, "donor_deferral_months": 4.0}
    assert deferred(values=rule, red_cell_iron_mg=1000.0, storage_iron_mg=10.0) == 4


def test_who_is_turned_away_gives_nothing() -> None:
    life, body = donor(red_cell_iron_mg=1000.0)
    assert lived(life, body).blood_loss_ml == 0.0
    assert life.donations == 0


# Donations ----------------------------------------------------------------------------------------


def gave(sex: int, double: int, **values: float) -> tuple[float, int]:
    """Blood lost, and months until the next donation."""
    life, _ = donor(sex=sex, double_red_cells=double, donations=4)
    burden = a_burden()
    plain(give_blood)(life, burden, NOW, inputs(**values))
    assert (life.donations, life.last_donation_month) == (5, NOW)
    return float(burden.blood_loss_ml), int(life.eligible_month) - NOW


@pytest.mark.parametrize(("sex", "interval"), [(MALE, 3), (FEMALE, 4)])
def test_a_donation_takes_its_volume_and_the_next_waits_its_interval(
    sex: int, interval: int
) -> None:
    rules = {"donation_interval_men_months": 3, "donation_interval_women_months": 4}
    assert gave(sex, 0, **rules) == (525.0, interval)
    assert gave(sex, 1, **rules) == (840.0, 2 * interval)


def test_double_red_cells_cost_425_mg_of_iron() -> None:
    """Pediatrics 2020;146:e20193316; at 150 g/L."""
    assert inputs().double_red_cells_volume_ml / 1000 * 150 * 3.39 == pytest.approx(425, rel=0.02)


def test_a_donation_costs_a_woman_about_240_mg_of_iron() -> None:
    assert inputs().donation_volume_ml / 1000 * 132 * 3.39 == pytest.approx(240, rel=0.03)


@pytest.mark.parametrize(("since", "takes"), [(0, False), (1, True), (2, True), (3, False)])
def test_tablets_are_taken_for_two_months_after_a_donation(since: int, takes: bool) -> None:
    life, body = donor(donor_supplements=1, last_donation_month=NOW - since, eligible_month=NOW + 9)
    assert lived(life, body).oral_iron_mg_per_day == (19.0 if takes else 0.0)
    life.donor_supplements = 0
    assert lived(life, body).oral_iron_mg_per_day == 0.0


def test_donations_are_logged() -> None:
    for before, after, events in (
        (0, 1, [(NOW, DONATED, True)]), (3, 4, [(NOW, DONATED, False)]), (2, 2, []),
    ):  # fmt: skip
        lives = [person(donations=count)[0] for count in (after, before)]
        assert logged(note_donation, *lives, NOW) == events


# Groups and settings ------------------------------------------------------------------------------


def test_who_gave_blood_in_the_last_twelve_months() -> None:
    since = np.array([-1, 0, 11, 12])
    people = SimpleNamespace(month=NOW, last_donation_month=NOW - since)
    assert gave_in_last_year(people).tolist() == [False, True, True, False]


def test_depleted_donors_are_donors_with_iron_deficiency() -> None:
    group = next(group for group in BLOOD_DONATION.groups if group.name == "depleted_donors")
    people = SimpleNamespace(
        month=NOW,
        last_donation_month=NOW - np.array([1, 1, 20, 20]),
        stores_ferritin_ug_per_l=np.array([10.0, 50.0, 10.0, 50.0]),
        age=np.full(4, 40),
    )
    assert group.members(people).tolist() == [True, False, False, False]
    assert group.part_of == "blood_donation"


def test_months_since_donation_are_missing_for_those_who_never_gave() -> None:
    column = next(c for c in BLOOD_DONATION.columns if c.name == "months_since_donation")
    people = SimpleNamespace(
        month=NOW, donations=np.array([0, 1, 5]), last_donation_month=NOW - np.array([9, 3, 30])
    )
    found = column.values(people)
    assert np.isnan(found[0])
    assert found[1:].tolist() == [3.0, 30.0]


def test_settings_become_parameter_values() -> None:
    assert values_of_donation(BloodDonation()) == {"donation_enabled": 1.0}
    assert values_of_donation(BloodDonation(enabled=False)) == {"donation_enabled": 0.0}
    assert values_of_donation(BloodDonation(self_deferral=False)) == {
        "donation_enabled": 1.0, "donor_self_deferral": 0.0,
    }  # fmt: skip
    limit = BloodDonation(ferritin_deferral=FerritinDeferral(below=30, months=6))
    assert values_of_donation(limit) == {
        "donation_enabled": 1.0, "ferritin_deferral_below_ug_per_l": 30.0,
        "ferritin_deferral_months": 6,
    }  # fmt: skip


@pytest.mark.parametrize(("days", "months"), [(60, 2), (90, 3), (10, 1), (1, 1), (180, 6)])
def test_days_of_tablets_become_months(days: int, months: int) -> None:
    tablets = DonorSupplements(uptake=0.5, milligrams_per_day=38, days=days)
    assert values_of_donation(BloodDonation(supplements=tablets)) == {
        "donation_enabled": 1.0, "donor_supplement_uptake": 0.5,
        "donor_supplement_mg_per_day": 38.0, "donor_supplement_months": months,
    }  # fmt: skip


def test_a_jurisdiction_brings_its_rules() -> None:
    """Netherlands: 56 and 122 days, 13.5 and 12.5 g/dL, ferritin at least 30."""
    values = jurisdiction_values("netherlands")
    assert values["donation_interval_men_months"] == 2
    assert values["donation_interval_women_months"] == 4
    assert values["donation_haemoglobin_men_g_per_l"] == 135
    assert values["donation_haemoglobin_women_g_per_l"] == 125
    assert values["ferritin_deferral_below_ug_per_l"] == 30
    assert values_of_donation(BloodDonation(jurisdiction="netherlands")) == (
        {"donation_enabled": 1.0} | values
    )
