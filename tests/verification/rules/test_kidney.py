"""Progressive kidney disease: onset, stages, dialysis, grafts, and what each does to iron."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from rule_tools import EXACT, KEY, NOW, a_burden, changed, inputs, logged, moment, person, plain

from rlsabm.chance import at, nth, waiting_months
from rlsabm.conventions import FEMALE, LAST_AGE, MALE, NEVER
from rlsabm.demography.births import population_of
from rlsabm.demography.countries import load_country
from rlsabm.demography.life_table import yearly_death_rate
from rlsabm.exposures.kidney import (
    CKD_3,
    CKD_4,
    DIALYSIS,
    GRAFT,
    HEALTHY_KIDNEY,
    KIDNEY_DISEASE,
    KIDNEY_MONTH,
    KIDNEY_STAGE_ENDS,
    TO_CKD_3,
    TO_CKD_4,
    TO_DIALYSIS,
    TRANSPLANTED,
    Dialysis,
    IntravenousIron,
    are_on_dialysis,
    enter_stage,
    months_on_dialysis,
    note_kidney,
    suffer_kidney_disease,
    values_of_dialysis,
)
from rlsabm.life.mortality import (
    DIED,
    DIED_ON_DIALYSIS,
    DIED_WITH_GRAFT,
    OTHER_CAUSE,
    chance_to_die,
    die,
    note_death,
)

#: The registry's bands of age, and its counts there (USRDS 2014, figures of 2012).
FIRST = np.array([0, 20, 45, 65, 75])
INCIDENCE = np.array([13.1, 122.2, 570.2, 1270.1, 1618.4]) / 1e6
PREVALENCE = np.array([22.69, 543, 2365, 4768, 5703]) / 1e6
DEATHS = np.array([11, 39, 94, 175, 322]) / 1000
TRANSPLANTS = np.array([44, 8.2, 4.5, 2.5, 0.3]) / 100


def monthly(rates: np.ndarray) -> np.ndarray:
    return 1 - np.exp(-rates / 12)


# Tables -------------------------------------------------------------------------------------------


class Cohort:
    """Both sexes followed from birth month by month at the rules' chances, by sex and age."""

    def __init__(self, p: Any) -> None:
        shape = (2, LAST_AGE + 1)
        self.years, self.dialysis, self.graft, self.deaths = np.zeros((4, *shape))
        self.begun, self.transplants, self.patient_deaths = np.zeros((3, *shape))
        to_ckd_4, to_dialysis = -np.expm1([-1 / (12 * p.ckd_3_years), -1 / (12 * p.ckd_4_years)])
        healthy, ckd_3, ckd_4, dialysis, graft = np.ones(2), *np.zeros((4, 2))
        for age in range(LAST_AGE + 1):
            for _ in range(12):
                self.years[:, age] += (healthy + ckd_3 + ckd_4 + dialysis + graft) / 12
                self.dialysis[:, age] += dialysis / 12
                self.graft[:, age] += graft / 12
                died = dialysis * p.dialysis_death[age] + graft * p.graft_death[age]
                self.patient_deaths[:, age] += died
                self.deaths[:, age] += died + (healthy + ckd_3 + ckd_4) * p.death[:, age]
                alive = 1 - p.death[:, age]
                healthy, ckd_3, ckd_4 = healthy * alive, ckd_3 * alive, ckd_4 * alive
                dialysis = dialysis * (1 - p.dialysis_death[age])
                graft = graft * (1 - p.graft_death[age])
                ill, worse, begun = (
                    healthy * p.kidney_onset[:, age], ckd_3 * to_ckd_4, ckd_4 * to_dialysis
                )  # fmt: skip
                back, to_graft = graft * p.graft_failure_per_month, dialysis * p.transplant[age]
                healthy, ckd_3, ckd_4 = healthy - ill, ckd_3 + ill - worse, ckd_4 + worse - begun
                dialysis, graft = dialysis + begun + back - to_graft, graft + to_graft - back
                self.begun[:, age] += begun
                self.transplants[:, age] += to_graft

    def counted(self, what: np.ndarray, among: np.ndarray) -> np.ndarray:
        """A rate or share in each band, among people of the ages of the registry's year."""
        country = load_country("united-states")
        alive = np.exp(-np.cumsum(yearly_death_rate(country.mortality), axis=1))
        band = np.minimum(np.arange(LAST_AGE + 1) // 5, 18)
        of_band = np.stack([np.bincount(band, row) for row in alive])
        people = population_of(country, 2012)[:, band] * alive / of_band[:, band] / self.years
        place = np.searchsorted(FIRST, np.arange(LAST_AGE + 1), side="right") - 1
        return np.asarray(
            np.bincount(place, (people * what).sum(axis=0))
            / np.bincount(place, (people * among).sum(axis=0))
        )


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"ckd_3_years": 3.0, "ckd_4_years": 1.0},
        {"ckd_3_years": 9.0, "ckd_4_years": 6.0, "graft_failure_per_year": 0.1},
    ],
)
def test_the_counts_of_the_registry_are_met(given: dict[str, float]) -> None:
    """Transplants and deaths are; of incidence and prevalence one is as much lower as one is higher."""
    people = Cohort(inputs(**given))
    patients = people.dialysis + people.graft
    assert people.counted(people.transplants, people.dialysis) == pytest.approx(
        TRANSPLANTS, rel=2e-3
    )
    assert people.counted(people.patient_deaths, patients) == pytest.approx(DEATHS, rel=2e-3)
    incidence = people.counted(people.begun, people.years)
    prevalence = people.counted(people.dialysis, people.years)
    assert np.sqrt(incidence * prevalence) == pytest.approx(
        np.sqrt(INCIDENCE * PREVALENCE), rel=2e-3
    )


def test_with_defaults_all_counts_are_near_those_of_the_registry() -> None:
    people = Cohort(inputs())
    assert people.counted(people.begun, people.years) == pytest.approx(INCIDENCE, rel=0.09)
    assert people.counted(people.dialysis, people.years) == pytest.approx(PREVALENCE, rel=0.09)


def test_incidence_follows_its_factor() -> None:
    once, twice = Cohort(inputs()), Cohort(inputs(kidney_incidence_factor=2))
    assert twice.begun[:, 30:80] == pytest.approx(2 * once.begun[:, 30:80], rel=0.03)


def test_more_men_than_women_fall_ill() -> None:
    onset = -np.log(1 - inputs().kidney_onset)
    assert onset[MALE] / onset[FEMALE] == pytest.approx(446 / 278)


def test_without_dialysis_nobody_falls_ill() -> None:
    assert (inputs(dialysis_enabled=0).kidney_onset == 0).all()
    assert (inputs(kidney_incidence_factor=0).kidney_onset == 0).all()


def test_the_life_table_holds_for_all_together() -> None:
    """Patients' deaths are taken off those of others, also with six times as many patients."""
    people = Cohort(inputs(kidney_incidence_factor=6))
    found = people.deaths / people.years
    table = 12 * monthly(yearly_death_rate(load_country("united-states").mortality))
    assert found[:, 20:95] == pytest.approx(table[:, 20:95], rel=0.006)


def test_what_is_left_to_others_is_at_least_half_of_the_life_table() -> None:
    p = inputs(kidney_incidence_factor=10)
    table = monthly(yearly_death_rate(load_country("united-states").mortality))
    assert (p.death >= monthly(-6 * np.log(1 - table)) * (1 - 1e-9)).all()
    assert p.death[MALE, 60] == pytest.approx(monthly(-6 * np.log(1 - table[MALE, 60])))


# Stages -------------------------------------------------------------------------------------------


def entered(stage: int, uid: int = 1, **values: float) -> Any:
    life, _ = person(uid=uid, kidney_episode=4, kidney_until=NOW)
    plain(enter_stage)(life, stage, NOW, inputs(**values))
    return life


@pytest.mark.parametrize(("stage", "years"), [(CKD_3, 5.0), (CKD_4, 3.0)])
def test_stages_last_an_exponential_time(stage: int, years: float) -> None:
    for uid in range(1, 40):
        life = entered(stage, uid)
        u, _, _, _ = plain(nth)(np.uint64(KEY), np.uint64(uid), 5, KIDNEY_STAGE_ENDS)
        assert life.kidney_until - NOW == plain(waiting_months)(u, 12 * years)
        assert (life.kidney, life.kidney_episode) == (stage, 5)


def test_dialysis_and_a_graft_have_no_set_end() -> None:
    life = entered(DIALYSIS)
    assert (life.kidney_until, life.dialysis_since) == (NEVER, NOW)
    life = entered(GRAFT)
    assert life.kidney_until == NEVER
    assert life.dialysis_since < NOW


def lived(
    p: Any = None, uid: int = 1, when: dict[str, Any] | None = None, **fields: Any
) -> tuple[Any, Any, Any]:
    """Life, burden of kidney disease and burden of dialysis after a month."""
    life, _ = person(uid=uid, **fields)
    of_disease, of_dialysis = a_burden(), a_burden()
    plain(suffer_kidney_disease)(
        life, of_disease, of_dialysis, moment(**(when or {})), inputs() if p is None else p
    )
    return life, of_disease, of_dialysis


@pytest.mark.parametrize("sex", [FEMALE, MALE])
def test_onset_takes_the_lower_end_of_its_uniform(sex: int) -> None:
    onset = inputs().kidney_onset[sex, 60]
    for u, stage in ((onset * 0.99, CKD_3), (onset * 1.01, HEALTHY_KIDNEY), (0.9999, 0)):
        life, of_disease, of_dialysis = lived(sex=sex, when=dict(age=60, onset=u))
        assert life.kidney == stage
        assert of_disease == of_dialysis == a_burden()


@pytest.mark.parametrize(("stage", "next_stage"), [(CKD_3, CKD_4), (CKD_4, DIALYSIS)])
def test_the_next_stage_comes_in_its_month(stage: int, next_stage: int) -> None:
    for until, found in ((NOW, next_stage), (NOW - 1, next_stage), (NOW + 1, stage)):
        life, _, _ = lived(kidney=stage, kidney_until=until)
        assert life.kidney == found


def test_transplantation_and_graft_failure_come_at_their_rates() -> None:
    p = inputs(graft_failure_per_year=1.0)
    rates = {DIALYSIS: p.transplant[12], GRAFT: 1 - np.exp(-1 / 12)}
    for stage, rate in rates.items():
        moved = sum(
            lived(p, uid, dict(age=12), kidney=stage)[0].kidney != stage for uid in range(1, 3001)
        )
        assert moved / 3000 == pytest.approx(rate, abs=3.5 * (rate / 3000) ** 0.5)


def test_transplantation_and_graft_failure_have_uniforms_of_their_own() -> None:
    p = inputs(graft_failure_per_year=1.0)
    for uid in range(1, 200):
        transplanted, failed, _, _ = plain(at)(np.uint64(KEY), np.uint64(uid), NOW, KIDNEY_MONTH)
        life, _, _ = lived(p, uid, dict(age=5), kidney=DIALYSIS)
        assert (life.kidney == GRAFT) == (transplanted < p.transplant[5])
        life, _, _ = lived(p, uid, dict(age=5), kidney=GRAFT)
        assert (life.kidney == DIALYSIS) == (failed < 1 - np.exp(-1 / 12))


# What they do to the body -------------------------------------------------------------------------


def test_ckd_4_5_lowers_absorption_and_haemoglobin_bleeds_and_loads() -> None:
    _, burden, of_dialysis = lived(kidney=CKD_4, kidney_until=NEVER)
    assert burden.absorption_factor == pytest.approx(0.7)
    assert burden.red_cell_target_factor == pytest.approx(0.88)
    assert burden.blood_loss_ml == 70.0
    assert burden.dopamine_load == pytest.approx(0.3)
    assert of_dialysis == a_burden()
    assert changed(a_burden(), burden) == {
        "absorption_factor", "red_cell_target_factor", "blood_loss_ml", "dopamine_load",
        "iron_amounts", "iron_factors", "body_amounts",
    }  # fmt: skip


def test_ckd_4_5_bleeds_as_much_more_as_chromium_studies_found() -> None:
    """51Cr: 3.15 against 0.83 mL of blood a day."""
    assert inputs().ckd_4_blood_loss_ml_per_month == pytest.approx((3.15 - 0.83) * 30.44, rel=0.02)


def test_ckd_3_and_a_graft_burden_nobody() -> None:
    for stage in (CKD_3, GRAFT):
        life, of_disease, of_dialysis = lived(kidney=stage, kidney_until=NEVER, uid=4)
        assert life.kidney == stage
        assert of_disease == of_dialysis == a_burden()


def test_dialysis_lowers_absorption_bleeds_loads_and_has_its_unit() -> None:
    life, of_disease, burden = lived(kidney=DIALYSIS, red_cell_target_mg=150 * 5 * 3.39)
    assert life.kidney == DIALYSIS
    assert burden.absorption_factor == pytest.approx(0.4)
    assert burden.red_cell_target_factor == pytest.approx(110 / 150, rel=EXACT)
    assert burden.blood_loss_ml == 270.0
    assert burden.dialysis_care == 1.0
    assert burden.dopamine_load == pytest.approx(1.15)
    assert of_disease == a_burden()


def test_dialysis_costs_1_2_g_of_iron_a_year() -> None:
    """Sargent 2004 and 51Cr studies, at the haemoglobin aimed at."""
    p = inputs()
    yearly = 12 * p.dialysis_blood_loss_ml_per_month / 1000 * 110 * 3.39
    assert yearly == pytest.approx(1200, rel=0.02)


def test_erythropoietin_aims_at_no_more_than_the_persons_own_haemoglobin() -> None:
    _, _, burden = lived(kidney=DIALYSIS, red_cell_target_mg=100 * 5 * 3.39)
    assert burden.red_cell_target_factor == 1.0


# Death --------------------------------------------------------------------------------------------


def test_patients_die_by_the_registry_whatever_else_they_have() -> None:
    p = inputs()
    for stage, table in ((DIALYSIS, p.dialysis_death), (GRAFT, p.graft_death)):
        life, _ = person(kidney=stage)
        assert plain(chance_to_die)(life, 55, 3.0, p) == table[55]


@pytest.mark.parametrize("sex", [FEMALE, MALE])
def test_others_die_by_the_life_table_times_the_ratio_of_their_conditions(sex: int) -> None:
    p = inputs()
    for stage in (HEALTHY_KIDNEY, CKD_3, CKD_4):
        life, _ = person(sex=sex, kidney=stage)
        assert plain(chance_to_die)(life, 60, 2.5, p) == pytest.approx(2.5 * p.death[sex, 60])


@pytest.mark.parametrize(
    ("stage", "cause"),
    [
        (DIALYSIS, DIED_ON_DIALYSIS),
        (GRAFT, DIED_WITH_GRAFT),
        (CKD_4, OTHER_CAUSE),
        (0, OTHER_CAUSE),
    ],
)
def test_causes_of_death(stage: int, cause: int) -> None:
    life, _ = person(kidney=stage)
    plain(die)(life, NOW)
    assert (life.death_month, life.cause_of_death) == (NOW, cause)


def test_deaths_are_logged() -> None:
    assert logged(note_death, person(death_month=NOW)[0], NOW) == [(NOW, DIED, True)]
    assert logged(note_death, person()[0], NOW) == []


# Events, groups, settings -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "event", "first"),
    [
        (HEALTHY_KIDNEY, CKD_3, TO_CKD_3, True), (CKD_3, CKD_4, TO_CKD_4, True),
        (CKD_4, DIALYSIS, TO_DIALYSIS, True), (GRAFT, DIALYSIS, TO_DIALYSIS, False),
        (DIALYSIS, GRAFT, TRANSPLANTED, True),
    ],
)  # fmt: skip
def test_stages_are_logged(before: int, after: int, event: int, first: bool) -> None:
    lives = [person(kidney=stage, kidney_episode=4)[0] for stage in (after, before)]
    assert logged(note_kidney, *lives, NOW) == [(NOW, event, first)]
    assert logged(note_kidney, lives[0], lives[0], NOW) == []


def test_a_second_graft_is_no_first_one() -> None:
    """CKD 3, CKD 4-5, dialysis, graft, dialysis: the second graft is the sixth stage."""
    lives = [person(kidney=stage, kidney_episode=6)[0] for stage in (GRAFT, DIALYSIS)]
    assert logged(note_kidney, *lives, NOW) == [(NOW, TRANSPLANTED, False)]


def test_who_is_in_which_stage() -> None:
    people = SimpleNamespace(kidney=np.array([HEALTHY_KIDNEY, CKD_3, CKD_4, DIALYSIS, GRAFT]))
    groups = {group.name: group for group in KIDNEY_DISEASE.groups}
    assert are_on_dialysis(people).tolist() == [False, False, False, True, False]
    assert groups["dialysis"].members(people).tolist() == [False, False, False, True, False]
    assert groups["ckd_4_5"].members(people).tolist() == [False, False, True, False, False]
    found = groups["kidney_transplant"].members(people)
    assert found.tolist() == [False, False, False, False, True]


def test_times_on_dialysis() -> None:
    months = np.array([0, 11, 12, 59, 60, 600])
    people = SimpleNamespace(
        month=NOW, dialysis_since=NOW - months, kidney=np.full(len(months), DIALYSIS)
    )
    assert months_on_dialysis(people).tolist() == months.tolist()
    groups = {group.name: group for group in KIDNEY_DISEASE.groups}
    for name, inside in (("dialysis_under_1_year", [0, 1]), ("dialysis_1_to_4_years", [2, 3]),
                         ("dialysis_5_years_or_more", [4, 5])):  # fmt: skip
        assert np.flatnonzero(groups[name].members(people)).tolist() == inside
        off = SimpleNamespace(**(vars(people) | {"kidney": np.full(len(months), GRAFT)}))
        assert not groups[name].members(off).any()
        assert groups[name].part_of == "dialysis"


def test_months_on_dialysis_are_missing_for_others() -> None:
    column = next(c for c in KIDNEY_DISEASE.columns if c.name == "months_on_dialysis")
    people = SimpleNamespace(
        month=NOW, dialysis_since=NOW - np.array([7, 9]), kidney=np.array([DIALYSIS, GRAFT])
    )
    found = column.values(people)
    assert found[0] == 7.0
    assert np.isnan(found[1])


def test_settings_become_parameter_values() -> None:
    assert values_of_dialysis(Dialysis(enabled=False)) == {"dialysis_enabled": 0.0}
    given = IntravenousIron(
        milligrams_per_month=400, ferritin_below=700, transferrin_saturation_below=35
    )
    assert values_of_dialysis(Dialysis(intravenous_iron=given)) == {
        "dialysis_enabled": 1.0,
        "infusion_mg_per_month": 400.0,
        "infusion_ferritin_below_ug_per_l": 700.0,
        "infusion_saturation_below_percent": 35.0,
    }
