"""Measures against people made by hand: who counts, who is compared, and what comes out."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from rule_tools import inputs, plain

from rlsabm.calibration import observation
from rlsabm.calibration.measures import MEASURES, trials
from rlsabm.calibration.measures.trials import are_accepted, days_to_recover
from rlsabm.calibration.observation import Observation
from rlsabm.conventions import DAYS_PER_MONTH, FEMALE, LAST_AGE, LONG_AGO, MALE, NEVER
from rlsabm.demography.countries import load_country
from rlsabm.demography.indicators import life_expectancy
from rlsabm.demography.life_table import yearly_death_rate
from rlsabm.events import EVENT
from rlsabm.exposures.donation import ACTIVE_DONOR
from rlsabm.exposures.kidney import CKD_4, DIALYSIS, GRAFT
from rlsabm.life.birth import DIZYGOTIC, MONOZYGOTIC
from rlsabm.life.loci import locus_names
from rlsabm.life.mortality import DIED
from rlsabm.measuring import assays
from rlsabm.measuring.assays import MEASUREMENT
from rlsabm.observe.birth_registry import BirthRegistry
from rlsabm.observe.kidney_registry import (
    BEGUN,
    ON_DIALYSIS,
    PATIENT_DIED,
    TRANSPLANTED,
    WITH_GRAFT,
    YEARS,
    KidneyRegistry,
)
from rlsabm.observe.phlebotomy import Course, Plan
from rlsabm.observe.survey import Survey
from rlsabm.person import BODY, LIFE, newborn_records

MONTH = 12 * 2019 + 6


@pytest.fixture(autouse=True)
def _plain_measurements(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assays, "_measure", plain(assays._measure))


def survey(count: int, years_before: int = 0, bodies: dict[str, Any] | None = None,
           measured: dict[str, Any] | None = None, **fields: Any) -> Survey:  # fmt: skip
    """A survey of women of 40 with full stores, unless fields say otherwise."""
    month = MONTH - 12 * years_before
    lives, states = newborn_records(LIFE, count), newborn_records(BODY, count)
    given = dict(uid=np.arange(1, count + 1), sex=FEMALE, birth_month=MONTH - 12 * 40,
                 storage_scale_mg=500.0, blood_volume_l=5.0, red_cell_target_mg=2200.0)  # fmt: skip
    for name, value in (given | fields).items():
        lives[name] = value
    for name, value in (
        dict(storage_iron_mg=1000.0, red_cell_iron_mg=2200.0) | (bodies or {})
    ).items():
        states[name] = value
    setting: Any = SimpleNamespace(conditions=(), size=count)
    made = Survey(setting, inputs(), month // 12, month, np.arange(count), lives, states)
    if measured is not None:
        records = np.zeros(count, dtype=MEASUREMENT)
        for name, value in measured.items():
            records[name] = value
        vars(made)["measured"] = records
    return made


def seen(now: Survey, *, earlier: dict[int, Survey] | None = None, people: Any = None,
         events: list[tuple[int, int, int]] = []) -> Observation:  # fmt: skip
    """What is known of one survey; events are uid, month and kind."""
    log = np.array([(*event, 0) for event in events], dtype=EVENT)
    surveys = {0: now, **(earlier or {})}
    first = min(each.month for each in surveys.values()) + 1
    return Observation(surveys, now.lives if people is None else people, log, first, MONTH + 12)


def rls(ill: Any, *, weekly: Any = False, month: int = MONTH) -> dict[str, Any]:
    return {
        "rls_last_month": np.where(ill, month, LONG_AGO),
        "weekly_last_month": np.where(weekly, month, LONG_AGO),
    }


def value(people: Observation, measure: str, **asked: Any) -> float:
    query = MEASURES[measure].query.model_validate({"measure": measure, **asked})
    return MEASURES[measure].take(people, query).value()


def units(people: Observation, measure: str, **asked: Any) -> int:
    query = MEASURES[measure].query.model_validate({"measure": measure, **asked})
    return MEASURES[measure].take(people, query).figure().units


# Prevalence ---------------------------------------------------------------------------------------


def test_who_is_counted() -> None:
    """Sex, completed ages with both limits, parity and group."""
    ages = np.array([17, 18, 39, 40, 40, 41, 70])
    people = seen(survey(7, birth_month=MONTH - 12 * ages, sex=[1, 1, 0, 0, 1, 0, 0],
                         parity=[0, 0, 1, 2, 0, 3, 0], bodies=rls([1, 0, 1, 0, 1, 1, 0])))  # fmt: skip
    assert units(people, "prevalence") == 6
    assert value(people, "prevalence") == 3 / 6
    assert value(people, "prevalence", ages=[17, 40]) == 3 / 5
    assert value(people, "prevalence", sex="female", ages=[39, 41]) == 2 / 3
    assert value(people, "prevalence", parity=[1, 2]) == 1 / 2
    assert units(people, "prevalence", group="kidney_transplant") == 0


def test_recall_and_definition() -> None:
    months = np.array([MONTH, MONTH - 11, MONTH - 12, LONG_AGO])
    weekly = [MONTH, LONG_AGO, LONG_AGO, LONG_AGO]
    bodies = {"rls_last_month": months, "weekly_last_month": weekly}
    people = seen(survey(4, bodies=bodies))
    assert value(people, "prevalence") == 1 / 4
    assert value(people, "prevalence", recall="past_year") == 2 / 4
    assert value(people, "share_of_cases", definition="weekly", recall="past_year") == 1 / 2


def test_standardised_to_the_women_of_a_study() -> None:
    sexes = np.array([FEMALE] * 4 + [MALE] * 6)
    people = seen(survey(10, sex=sexes, bodies=rls([1, 1, 0, 0, 1, 1, 0, 0, 0, 0])))
    assert value(people, "prevalence") == 0.4
    assert value(people, "prevalence", women=0.9) == pytest.approx(0.9 / 2 + 0.1 / 3)


def test_only_those_with_little_haemoglobin() -> None:
    """As measured, and less than the limit."""
    measured = {"measured_haemoglobin_g_per_l": [109.9, 110.0, 90.0, 140.0]}
    people = seen(survey(4, bodies=rls([1, 0, 0, 1]), measured=measured))
    assert value(people, "prevalence") == 2 / 4
    assert value(people, "prevalence", haemoglobin_below=110) == 1 / 2
    assert value(people, "prevalence", haemoglobin_below=111) == 1 / 3


def test_all_surveys_of_a_small_group() -> None:
    """Each as it was in its own year: who was ill then, and which of them were women of the age."""
    before = {
        years: survey(count, years, bodies=rls([1] * ill + [0] * (count - ill),
                      month=MONTH - 12 * years), sex=[FEMALE] * women + [MALE] * (count - women))
        for years, count, ill, women in [(1, 4, 1, 4), (2, 5, 4, 2), (3, 6, 0, 6)]
    }  # fmt: skip
    people = seen(survey(3, bodies=rls([1, 1, 1])), earlier=before)
    assert value(people, "prevalence") == 1.0
    assert value(people, "prevalence", surveys="all") == 8 / 18
    assert units(people, "prevalence", surveys="all") == 18
    assert value(people, "prevalence", surveys="all", sex="male") == 2 / 3
    both = 0.5 * 6 / 15 + 0.5 * 2 / 3
    assert value(people, "prevalence", surveys="all", women=0.5) == pytest.approx(both)
    assert value(people, "prevalence", surveys="all", ages=[40, 60]) == 1.0


def test_a_person_of_several_surveys_is_one_in_the_error() -> None:
    """The same people asked four times say no more than asked once, where nothing has changed."""
    ill = np.arange(200) % 4 == 0
    before = {
        years: survey(200, years, bodies=rls(ill, month=MONTH - 12 * years)) for years in (1, 2, 3)
    }
    people = seen(survey(200, bodies=rls(ill)), earlier=before)

    def error(surveys: str) -> float:
        measure = MEASURES["prevalence"]
        query = measure.query.model_validate({"measure": "prevalence", "surveys": surveys})
        return measure.take(people, query).figure().monte_carlo_sd

    assert error("last") > 0.0
    assert error("all") == pytest.approx(error("last"))


def test_ratio_of_two_groups() -> None:
    ages = np.array([20] * 5 + [60] * 4)
    people = seen(survey(9, birth_month=MONTH - 12 * ages, bodies=rls([1, 0, 0, 0, 0, 1, 1, 0, 0])))
    found = value(people, "prevalence_ratio", ages=[50, 64], against={"ages": [18, 34]})
    assert found == pytest.approx((2 / 4) / (1 / 5))


def test_odds_ratio_within_strata_of_age() -> None:
    """Mothers are old, and the old are ill: adjusted for age nothing is left."""
    ages = np.repeat([20, 60], 20)
    parity = np.concatenate([np.arange(20) < 5, np.arange(20) < 15]).astype(int)
    ill = np.zeros(40, dtype=bool)
    ill[[0, 5, 10, 15]] = True  # 1 of 5 mothers and 3 of 15 others at 20
    ill[20:29] = True  # 9 of 15 mothers and 3 of 5 others at 60
    ill[35:38] = True
    people = seen(survey(40, birth_month=MONTH - 12 * ages, parity=parity, bodies=rls(ill)))
    asked = dict(parity=[1, 1], against={"parity": [0, 0]})
    assert value(people, "odds_ratio", **asked) == pytest.approx((10 * 14) / (10 * 6))
    assert value(people, "odds_ratio", adjusted_for=["age"], **asked) == pytest.approx(1.0)


# The course ---------------------------------------------------------------------------------------


def two_surveys(before: Any, after: Any) -> Observation:
    """The same people three years apart; the first of those before has died, a new one is there."""
    now = survey(5, uid=[2, 3, 4, 5, 9], bodies=rls(after))
    then = survey(5, 3, uid=[1, 2, 3, 4, 5], bodies=rls(before, month=MONTH - 36))
    return seen(now, earlier={3: then})


def test_persistence_is_among_the_cases_of_the_earlier_survey() -> None:
    people = two_surveys([1, 1, 1, 0, 0], [1, 0, 1, 0, 1])
    assert value(people, "persistence") == 1 / 2
    assert units(people, "persistence") == 2


def test_incidence_is_among_those_who_were_free_of_it() -> None:
    people = two_surveys([1, 1, 0, 0, 0], [1, 1, 0, 0, 1])
    assert value(people, "incidence") == pytest.approx(1 / (3 * 3.0))


def test_onset_and_familial_cases() -> None:
    """A mother of 60 and her daughter of 40 are ill, and so is somebody without kin."""
    born = MONTH - 12 * np.array([60, 40, 30])
    people = seen(survey(3, birth_month=born, mother=[0, 1, 0], bodies={
        **rls([1, 1, 1]), "rls_onset_month": born + 12 * np.array([15, 25, 29])}))  # fmt: skip
    assert value(people, "age_at_onset") == pytest.approx((15 + 25 + 29) / 3)
    assert value(people, "age_at_onset", familial=True) == 20.0
    assert value(people, "early_onset", before_age=20) == pytest.approx(1 / 3)
    assert value(people, "early_onset", before_age=20, familial=True) == 0.5
    assert value(people, "early_onset", before_age=25) == pytest.approx(1 / 3)
    assert value(people, "early_onset", before_age=26) == pytest.approx(2 / 3)


def test_no_onset_without_rls() -> None:
    people = seen(survey(2, bodies=rls([1, 0]) | {"rls_onset_month": [NEVER, NEVER]}))
    assert units(people, "age_at_onset") == 0


# Kin ----------------------------------------------------------------------------------------------


def test_relatives_of_probands() -> None:
    """Three children of one couple: two probands have four siblings among them, one ill each."""
    mothers = [0, 0, 1, 1, 1, 0]
    fathers = [0, 0, 2, 2, 2, 0]
    ill = np.array([1, 0, 1, 1, 0, 0])
    bodies = rls(ill) | {"significant_last_month": np.where([0, 0, 1, 1, 0, 0], MONTH, LONG_AGO)}
    people = seen(survey(6, mother=mothers, father=fathers, birth_order=[0, 0, 1, 2, 3, 1],
                         bodies=bodies))  # fmt: skip
    overall = 3 / 6
    assert value(people, "relative_risk", relation="siblings") == pytest.approx(2 / 4 / overall)
    # No proband has a child: those with clinically significant RLS are the children.
    assert np.isnan(value(people, "relative_risk", relation="offspring"))
    found = value(people, "relative_risk", relation="offspring", proband_definition="any")
    assert found == pytest.approx(2 / 3 / overall)
    young = people.now.lives
    young["birth_month"][4] = MONTH - 12 * 10  # a brother or sister who is still a child
    fresh = seen(people.now)
    overall = 3 / 5
    assert value(fresh, "relative_risk", relation="siblings") == pytest.approx(2 / 2 / overall)
    severe = dict(relation="siblings", proband_irls_at_least=40)
    assert units(people, "relative_risk", **severe) == 0
    # A sister of 30 who is ill; everybody is those from 18 years on, whatever the ages of relatives.
    young["birth_month"][2] = MONTH - 12 * 30
    found = value(seen(people.now), "relative_risk", relation="siblings", relatives_ages=[18, 35])
    assert found == pytest.approx(1 / 1 / overall)


def twins(mono: tuple[int, int, int], di: tuple[int, int, int]) -> Observation:
    """Pairs of sisters of whom both, one, none are ill; mono- and dizygotic."""
    ill, kind = [], []
    for counts, zygosity in ((mono, MONOZYGOTIC), (di, DIZYGOTIC)):
        for pair, count in zip([(1, 1), (1, 0), (0, 0)], counts, strict=True):
            ill += list(pair) * count
            kind += [zygosity] * 2 * count
    pairs = len(ill) // 2
    mothers = np.repeat(np.arange(10_001, 10_001 + pairs), 2)
    return seen(
        survey(2 * pairs, mother=mothers, father=0, birth_order=1, twin=kind, bodies=rls(ill))
    )


def test_twins_as_alike_as_an_additive_share_says() -> None:
    """Half of people are ill: shares of concordant pairs follow from correlations of 0.6 and 0.3."""
    both = [2_000 * (0.25 + np.arcsin(r) / (2 * np.pi)) for r in (0.6, 0.3)]
    counts = [(round(b), 2 * (1_000 - round(b)), round(b)) for b in both]
    assert value(twins(*counts), "twin_heritability", sex="female") == pytest.approx(0.6, abs=0.005)


def test_both_twins_must_be_of_the_sex_and_ages() -> None:
    people = twins((3, 2, 4), (1, 2, 6))
    assert units(people, "twin_heritability", sex="female") == 18
    assert units(people, "twin_heritability", sex="male") == 0
    people.now.lives["sex"][:2] = [FEMALE, MALE]
    people.now.lives["birth_month"][2] -= 12 * 60
    assert units(people, "twin_heritability", sex="female", ages=[18, 80]) == 16


def test_twins_weigh_by_how_much_they_say() -> None:
    """Many monozygotic pairs correlated at 0.6, few dizygotic ones at 0.1: near to 0.6."""
    both = [n * (0.25 + np.arcsin(r) / (2 * np.pi)) for n, r in ((20_000, 0.6), (200, 0.1))]
    counts = [(round(b), 2 * (n // 2 - round(b)), round(b))
              for b, n in zip(both, (20_000, 200), strict=True)]  # fmt: skip
    assert value(twins(*counts), "twin_heritability") == pytest.approx(0.6, abs=0.02)


def test_twins_of_whom_nobody_is_ill_say_nothing() -> None:
    assert np.isnan(value(twins((0, 0, 9), (0, 0, 9)), "twin_heritability"))


# Genes --------------------------------------------------------------------------------------------


def test_odds_of_an_allele_by_hand() -> None:
    """Cases have 3 of 4 risk alleles, controls 2 of 6; those with RLS of a milder kind are neither."""
    bit = 1 << locus_names().index("BTBD9")
    bodies = rls([1, 1, 0, 0, 0, 1]) | {
        "significant_last_month": np.where([1, 1, 0, 0, 0, 0], MONTH, LONG_AGO)
    }
    maternal, paternal = bit * np.array([1, 1, 1, 0, 0, 1]), bit * np.array([1, 0, 1, 0, 0, 1])
    people = seen(survey(6, maternal_alleles=maternal, paternal_alleles=paternal, bodies=bodies))
    asked = dict(locus="BTBD9", definition="significant")
    assert value(people, "allele_odds_ratio", **asked) == pytest.approx((3 * 4) / (1 * 2))
    assert np.isnan(value(people, "allele_odds_ratio", locus="TOX3", definition="significant"))


# Biomarkers ---------------------------------------------------------------------------------------


def test_biomarkers_by_hand() -> None:
    levels = np.array([10.0, 20.0, 40.0, 80.0])
    people = seen(survey(4, measured={"serum_ferritin_ug_per_l": levels}))
    asked = dict(biomarker="serum_ferritin_ug_per_l")
    assert value(people, "geometric_mean", **asked) == pytest.approx(800**0.5)
    assert value(people, "percentile", percent=50, **asked) == 20.0
    assert value(people, "share_below", below=20, **asked) == 1 / 4
    assert value(people, "share_below", below=80, at_least=20, **asked) == 2 / 4


def test_body_iron_of_cook() -> None:
    """9.8 mg per kg where a receptor of 5 mg/L stands beside a ferritin of 115 µg/L."""
    people = seen(survey(1, measured={
        "serum_ferritin_ug_per_l": 115.0, "measured_transferrin_receptor_mg_per_l": 5.0}))  # fmt: skip
    wanted = -(np.log10(5000 / 115) - 2.8229) / 0.1207
    assert value(
        people, "percentile", percent=50, biomarker="body_iron_mg_per_kg"
    ) == pytest.approx(wanted)


def test_cases_and_others_of_normal_ferritin() -> None:
    people = seen(survey(5, bodies=rls([1, 1, 0, 0, 1]), measured={
        "serum_ferritin_ug_per_l": [50, 50, 50, 50, 10],
        "measured_csf_ferritin_ug_per_l": [1, 4, 8, 2, 100]}))  # fmt: skip
    asked = dict(biomarker="measured_csf_ferritin_ug_per_l", serum_ferritin_at_least=40)
    assert value(people, "ratio_of_cases", **asked) == pytest.approx(2.0 / 4.0)


def gave(given: list[int], before: list[int], last: Any = LONG_AGO, **fields: Any) -> Observation:
    """Donations until now and until a year ago, and the month of the last one until then."""
    count = len(given)
    now = survey(count, donations=given, measured={"serum_ferritin_ug_per_l": 1.0}, **fields)
    earlier = survey(count, 1, donations=before, last_donation_month=last, **fields)
    return seen(now, earlier={1: earlier})


def donors(people: Observation, kind: str, **asked: Any) -> int:
    return units(
        people, "geometric_mean", biomarker="serum_ferritin_ug_per_l", donors=kind, **asked
    )


def test_frequent_donors_give_three_times_a_year_women_twice() -> None:
    people = gave([8, 7, 7, 6], [5, 5, 5, 5], sex=[MALE, MALE, FEMALE, FEMALE])
    assert donors(people, "frequent") == 2
    assert donors(people, "frequent", sex="male") == 1


def test_new_donors_gave_once_and_never_in_the_two_years_before() -> None:
    year_ago = MONTH - 12
    last = [LONG_AGO, year_ago - 24, year_ago - 23, LONG_AGO, LONG_AGO]
    assert donors(gave([1], [0]), "new") == 1
    assert donors(gave([1, 5, 5, 2, 0], [0, 4, 4, 0, 0], last), "new") == 2


def test_who_was_not_there_before_is_no_known_donor() -> None:
    now = survey(2, donations=3, measured={"serum_ferritin_ug_per_l": 1.0})
    assert donors(seen(now, earlier={1: survey(1, 1, donations=0)}), "frequent") == 1
    now = survey(2, donations=1, measured={"serum_ferritin_ug_per_l": 1.0})
    assert donors(seen(now, earlier={1: survey(1, 1, donations=0)}), "new") == 1


#: Month of the survey at which donors are enrolled.
BEGIN = MONTH - 24


def followed(**fields: Any) -> Observation:
    """Men of 40 who began to give two years ago and have gained 100 mg since, the first of them 200.

    Fields are those of now; a pair is that of two years ago and that of now.
    """
    given = {"sex": MALE, "last_donation_month": (BEGIN, MONTH), "donations": (1, 5)} | fields
    then, now = (
        {name: value[k] if isinstance(value, tuple) else value for name, value in given.items()}
        for k in (0, 1)
    )
    earlier = {
        3: survey(3, 3, donations=0),
        2: survey(3, 2, bodies={"iron_gained_mg": 5000.0}, **then),
    }
    return seen(
        survey(3, bodies={"iron_gained_mg": [5200.0, 5100.0, 5100.0]}, **now), earlier=earlier
    )


def test_donors_absorb_what_they_gained_in_two_years() -> None:
    found = value(followed(), "absorption_of_donors", donors="new")
    assert found == pytest.approx((200 + 100 + 100) / 3 / (24 * DAYS_PER_MONTH))


@pytest.mark.parametrize(
    ("fields", "asked", "counted"),
    [
        ({}, {"donors": "new"}, 3),
        # Three donations in a year are often, that of the enrolment comes on top.
        ({"donations": ([4, 5, 3], 5)}, {"donors": "frequent"}, 2),
        ({"donations": ([3, 3, 2], 5), "sex": FEMALE}, {"donors": "frequent"}, 2),
        ({"donations": ([1, 2, 0], 5)}, {}, 1),
        ({"last_donation_month": (BEGIN - np.array([0, 2, 3]), MONTH)}, {}, 2),
        ({"sex": [MALE, FEMALE, FEMALE]}, {"donors": "new", "sex": "male"}, 1),
        # Ages are those at the beginning, both limits included.
        ({"birth_month": MONTH - 24 - 12 * np.array([19, 20, 30])}, {"ages": [20, 30]}, 2),
        ({"birth_month": MONTH - 24 - 12 * np.array([20, 30, 31])}, {"ages": [20, 30]}, 2),
        ({"birth_month": MONTH - 24 - 12 * np.array([17, 18, 79])}, {}, 2),
        ({"birth_month": MONTH - 24 - 12 * np.array([17, 79, 80])}, {}, 1),
        ({"last_donation_month": (BEGIN, MONTH - np.array([0, 2, 3]))}, {}, 2),
        ({"kidney": (0, [0, DIALYSIS, GRAFT])}, {}, 1),
        ({"pregnancy": ([0, 1, 0], 0)}, {}, 2),
        ({"gravidity": (1, [1, 1, 2])}, {}, 2),
    ],
)
def test_which_donors_are_followed(
    fields: dict[str, Any], asked: dict[str, Any], counted: int
) -> None:
    people = followed(**fields)
    assert units(people, "absorption_of_donors", **({"donors": "new"} | asked)) == counted


def test_donors_who_were_not_there_two_years_ago_are_not_followed() -> None:
    """Rows of surveys differ: the second of now is the first of then, who gained 300 mg."""
    now = survey(2, uid=[1, 2], sex=MALE, donations=5, last_donation_month=MONTH,
                 bodies={"iron_gained_mg": [9000.0, 5300.0]})  # fmt: skip
    then = survey(2, 2, uid=[2, 7], sex=MALE, donations=[1, 0], last_donation_month=BEGIN,
                  bodies={"iron_gained_mg": [5000.0, 1.0]})  # fmt: skip
    before = survey(2, 3, uid=[7, 2], sex=MALE)
    people = seen(now, earlier={2: then, 3: before})
    assert units(people, "absorption_of_donors", donors="new") == 1
    found = value(people, "absorption_of_donors", donors="new")
    assert found == pytest.approx(300 / (24 * DAYS_PER_MONTH))


def test_only_those_who_are_meant_are_compared() -> None:
    """Men are left out, whether they are cases or not; so are women who are too young."""
    sex, ages = [0, 0, 0, 0, 1, 1, 0], np.array([40, 40, 40, 40, 40, 40, 10])
    bit = 1 << locus_names().index("MEIS1")
    people = seen(survey(7, sex=sex, birth_month=MONTH - 12 * ages,
                         maternal_alleles=bit * np.array([1, 0, 1, 0, 1, 0, 1]),
                         bodies=rls([1, 1, 0, 0, 1, 0, 1]), measured={
                             "serum_ferritin_ug_per_l": 50.0,
                             "measured_csf_ferritin_ug_per_l": [1, 1, 2, 2, 90, 90, 90]}))  # fmt: skip
    asked = dict(biomarker="measured_csf_ferritin_ug_per_l", sex="female")
    assert value(people, "ratio_of_cases", **asked) == pytest.approx(0.5)
    assert value(people, "allele_odds_ratio", locus="MEIS1", sex="female") == pytest.approx(1.0)


# Registries ---------------------------------------------------------------------------------------


def test_a_narrower_group() -> None:
    people = seen(survey(5, parity=[0, 1, 2, 2, 3]))
    assert value(people, "share", having={"parity": [2, 2]}) == 2 / 5
    assert value(people, "share", parity=[1, 3], having={"parity": [2, 2]}) == 2 / 4


def test_ages_of_the_living() -> None:
    people = newborn_records(LIFE, 5)
    people["uid"] = np.arange(1, 6)
    people["birth_month"] = MONTH - 12 * np.array([10, 70, 70, 80, 0]) + [0, 0, 0, 0, 3]
    people["death_month"] = [NEVER, NEVER, MONTH - 1, NEVER, NEVER]
    seen_people = seen(survey(1), people=people)
    assert value(seen_people, "age_structure", ages=[65, 120]) == pytest.approx(2 / 3)
    assert value(seen_people, "age_structure", ages=[70, 80]) == pytest.approx(2 / 3)
    assert value(seen_people, "age_structure", ages=[71, 79]) == 0.0


def test_the_living_of_the_survey_month() -> None:
    """Whoever is born in it counts, whoever dies in it does not."""
    people = newborn_records(LIFE, 3)
    people["uid"] = np.arange(1, 4)
    people["birth_month"] = [MONTH, MONTH - 600, MONTH - 600]
    people["death_month"] = [NEVER, MONTH, MONTH + 1]
    assert value(seen(survey(1), people=people), "age_structure", ages=[0, 0]) == 0.5


def test_person_years_and_events_by_age() -> None:
    people = newborn_records(LIFE, 2)
    people["uid"] = [5, 3]
    people["birth_month"] = MONTH - 12 * 20
    people["death_month"] = [NEVER, MONTH + 6]
    made = seen(survey(1), people=people, events=[(3, MONTH + 6, DIED)])
    # 20 in the months 0 to 11; whoever dies in month 6 lives half of it.
    np.testing.assert_allclose(made.person_years([20, 20], MONTH, MONTH + 12), [1.0, 6.5 / 12])
    np.testing.assert_allclose(made.person_years([21, 21], MONTH, MONTH + 12), [1 / 12, 0.0])
    assert made.count_events(DIED, [20, 20], MONTH, MONTH + 12).tolist() == [0, 1]
    assert made.count_events(DIED, [21, 30], MONTH, MONTH + 12).tolist() == [0, 0]
    assert made.count_events(DIED, [20, 20], MONTH + 7, MONTH + 12).tolist() == [0, 0]


def test_life_expectancy_is_that_of_the_table() -> None:
    """People of every age, of whom as many die in a year as the table says, by a grid of fractions."""
    country = load_country("united-states")
    risk = 1.0 - np.exp(-yearly_death_rate(country.mortality)[MALE])
    per_age = 4_000
    ages = np.repeat(np.arange(101), per_age)
    people = newborn_records(LIFE, len(ages))
    people["uid"] = np.arange(1, len(ages) + 1)
    people["sex"] = MALE
    people["birth_month"] = MONTH + 1 - 12 * ages
    order = np.tile((np.arange(per_age) + 0.5) / per_age, 101)
    dies = order < np.minimum(risk[ages], 0.999)
    # Deaths are spread over the year as a constant rate has them.
    month = np.floor(12 * np.log1p(-order) / np.log1p(-np.minimum(risk[ages], 0.999))).astype(int)
    people["death_month"] = np.where(dies, MONTH + 1 + month, NEVER)
    events = [(int(p["uid"]), int(p["death_month"]), DIED) for p in people[dies]]
    made = seen(survey(1), people=people, events=events)
    made = Observation(made.surveys, people, made.events, MONTH + 1, MONTH + 12)
    found = value(made, "life_expectancy", sex="male")
    assert found == pytest.approx(life_expectancy(country)[MALE], rel=0.002)


# Trials -------------------------------------------------------------------------------------------


def test_days_until_a_fifth_is_left() -> None:
    """A deficit that halves every month is down to a fifth after log 5 / log 2 months."""
    lost = np.array([200.0, 200.0, 100.0, 100.0])
    months = np.arange(1, 7)
    lacking = np.array([0.5**months, np.full(6, 0.5), 0.1 * 0.5**months, np.zeros(6)])
    red = np.column_stack([np.full(4, 2000.0), 2000.0 - lost[:, None] * lacking])
    found = days_to_recover(red, lost)
    assert found[0] == pytest.approx(DAYS_PER_MONTH * np.log(5) / np.log(2))
    assert found[1] == np.inf
    assert found[2] == pytest.approx(DAYS_PER_MONTH * np.log(5) / np.log(20))
    # Where nothing is left, a tenth of the fifth is reckoned with.
    assert found[3] == pytest.approx(DAYS_PER_MONTH * np.log(5) / np.log(50))


def trial_people() -> Observation:
    """Men and women, of whom some may not give blood: by haemoglobin, kidneys or age."""
    return seen(survey(
        10, sex=[1, 1, 0, 0, 0, 1, 1, 1, 1, 1], donor=[ACTIVE_DONOR] * 8 + [0, ACTIVE_DONOR],
        kidney=[0, 0, 0, 0, CKD_4, 0, 0, 0, 0, 0],
        birth_month=MONTH - 12 * np.array([40, 40, 40, 40, 40, 17, 80, 40, 40, 40]),
        last_donation_month=MONTH - np.array([4, 4, 4, 4, 4, 4, 4, 3, 4, 9]),
        measured={"measured_haemoglobin_g_per_l": [130, 129, 125, 124] + [150] * 6,
                  "serum_ferritin_ug_per_l": [26, 50, 50, 50, 50, 50, 50, 50, 50, 27]},
    ))  # fmt: skip


def recruited(**asked: Any) -> list[int]:
    query = MEASURES["days_to_recover"].query.model_validate(
        {"measure": "days_to_recover", **asked}
    )
    return np.flatnonzero(query.recruited(trial_people())).tolist()  # type: ignore[attr-defined]


def test_who_takes_part_in_a_trial() -> None:
    assert recruited() == [0, 2, 7, 8, 9]
    assert recruited(sex="female") == [2]
    assert recruited(ages=[80, 80]) == [6]
    assert recruited(donors="rested") == [0, 2, 9]
    assert recruited(serum_ferritin_at_most=26) == [0]
    assert recruited(serum_ferritin_above=26, sex="male") == [7, 8, 9]


def test_a_blood_service_accepts_nobody_in_pregnancy_and_the_half_year_after_it() -> None:
    """Blood is given in the month after the survey: then the sixth since the delivery has passed."""
    people = survey(5, pregnancy=[0, 1, 0, 0, 0], measured={"measured_haemoglobin_g_per_l": 150.0},
                    last_birth_month=[LONG_AGO, LONG_AGO, MONTH, MONTH - 4, MONTH - 5])  # fmt: skip
    assert are_accepted(people).tolist() == [True, False, False, False, True]


def test_a_blood_service_refuses_conditions_that_defer() -> None:
    people = survey(3, conditions=[0b000, 0b010, 0b101],
                    measured={"measured_haemoglobin_g_per_l": 150.0})  # fmt: skip
    people.p["conditions_that_defer"] = 0b110
    assert are_accepted(people).tolist() == [True, False, False]


def test_frequent_donors_of_a_trial_are_those_whom_it_would_accept() -> None:
    now = survey(3, donations=[3, 0, 3], kidney=[0, 0, CKD_4],
                 measured={"measured_haemoglobin_g_per_l": 150.0})  # fmt: skip
    people = seen(now, earlier={1: survey(3, 1)})
    query = MEASURES["gain_by_tablets"].query.model_validate(
        {"measure": "gain_by_tablets", "donors": "frequent", "tablets_mg_per_day": 19}
    )
    assert query.recruited(people).tolist() == [True, False, False]  # type: ignore[attr-defined]


def trials_seen(monkeypatch: pytest.MonkeyPatch, course: Callable[[Plan], Course]) -> list[Plan]:
    """What trials ask for from now on; all are held in the month after the survey."""
    asked: list[Plan] = []

    def give(lives: Any, bodies: Any, month: int, plan: Plan, p: Any) -> Course:
        assert month == MONTH + 1
        asked.append(plan)
        return course(plan)

    monkeypatch.setattr(trials, "let_give_blood", give)
    return asked


def trial_of(count: int) -> Observation:
    return seen(survey(count, sex=MALE, measured={"measured_haemoglobin_g_per_l": 150.0}))


def test_what_is_lost_is_a_share_of_the_blood(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 5 litres 500 mL are given, a tenth; what is lacking fades month by month.

    The median of five people is that of the third, in whom it halves.
    """
    left = np.array([0.3, 0.4, 0.5, 0.6, 0.65])[:, None]

    def fading(plan: Plan) -> Course:
        red = 2000.0 - 200.0 * np.column_stack([np.zeros(5), left ** np.arange(1, plan.months + 1)])
        return Course(red, red, red[:, 1:])

    asked = trials_seen(monkeypatch, fading)
    found = value(trial_of(5), "days_to_recover", tablets_mg_per_day=38)
    assert found == pytest.approx(DAYS_PER_MONTH * np.log(5) / np.log(2))
    # One donation in two years, tablets throughout.
    assert asked == [Plan(24, 500.0, 24, 38.0, 24)]


def test_tablets_add_what_people_would_not_have_without_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def held(plan: Plan) -> Course:
        red, stores = (np.array([[1.0, part * plan.tablets_mg_per_day]]) for part in (1.0, 0.5))
        return Course(2000.0 + red, 500.0 + stores, red)

    asked = trials_seen(monkeypatch, held)
    found = value(trial_of(1), "gain_by_tablets", tablets_mg_per_day=20, tablet_months=3)
    assert found == pytest.approx(20.0 + 10.0)
    assert asked == [Plan(3, 500.0, 3, 20.0, 3), Plan(3, 500.0, 3, 0.0, 3)]


def test_repeated_phlebotomy_is_measured_after_the_last_donation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def rising(plan: Plan) -> Course:
        months = np.arange(plan.months, dtype=float)[None, :]
        return Course(months, months, months)

    asked = trials_seen(monkeypatch, rising)
    found = value(trial_of(1), "phlebotomy_absorption", every_months=3, months=12, blood_ml=400)
    assert found == pytest.approx((9 + 10 + 11) / 3)
    assert asked == [Plan(12, 400.0, 3, 0.0, 0)]


def test_surveys_are_three_two_one_and_no_years_before() -> None:
    assert observation.survey_years(2019) == [2016, 2017, 2018, 2019]


# Registry of kidney failure -----------------------------------------------------------------------


def a_registry() -> KidneyRegistry:
    """Two parts: women of 50 and men of 60, with twice as many people of 60 in the country."""
    counts, people = np.zeros((2, 2, LAST_AGE + 1, 6)), np.zeros((2, LAST_AGE + 1))
    for sex, age, persons in ((FEMALE, 50, 1.0), (MALE, 60, 2.0)):
        people[sex, age] = persons
        counts[:, sex, age, YEARS] = 100.0
        counts[:, sex, age, ON_DIALYSIS] = 10.0
        counts[:, sex, age, WITH_GRAFT] = 5.0
    counts[0, FEMALE, 50, [BEGUN, TRANSPLANTED, PATIENT_DIED]] = 4, 3, 6
    counts[1, MALE, 60, [BEGUN, TRANSPLANTED, PATIENT_DIED]] = 2, 1, 3
    return KidneyRegistry(1000, counts, people)


@pytest.mark.parametrize(
    ("count", "figure"),
    [
        ("begun", (4 + 2 * 2) / (3 * 200)),
        ("on_dialysis", 0.1),
        ("transplanted", (3 + 2 * 1) / (3 * 20)),
        ("died", (6 + 2 * 3) / (3 * 30)),
    ],
)
def test_a_registry_counts_ages_as_the_country_has_them(count: str, figure: float) -> None:
    seen: Any = a_registry()
    assert value(seen, "kidney_failure", count=count) == pytest.approx(figure)
    assert units(seen, "kidney_failure", count=count) == 1000


def test_a_registry_counts_some_ages_of_a_sex() -> None:
    seen: Any = a_registry()
    of = {"measure": "kidney_failure", "count": "begun"}
    assert value(seen, **of, ages=[60, 70]) == pytest.approx(2 / 200)
    assert value(seen, **of, sex="female") == pytest.approx(4 / 200)
    assert value(seen, **of, ages=[50, 59], sex="female") == pytest.approx(4 / 200)


# Registry of births -------------------------------------------------------------------------------


def births_registered() -> Any:
    """Two parts of the women; of 20 there are twice as many in the country as of any other age."""
    children, women = np.zeros((2, 40)), np.ones(40)
    years = np.zeros((2, 40, 51))
    years[:, :, 0] = [[30.0], [50.0]]
    years[:, :, 4] = [[20.0], [0.0]]
    years[:, 12, 3] = 100.0  # women of 22
    women[10] = 2.0
    for age, (of_first, of_second) in {14: (1, 0), 20: (4, 2), 21: (0, 9), 49: (1, 2)}.items():
        children[:, age - 10] = of_first, of_second
    return BirthRegistry(700, children, years, women)


def test_births_by_women_and_years() -> None:
    seen = births_registered()
    assert value(seen, "fertility", ages=[21, 21]) == pytest.approx(9 / 100)
    assert value(seen, "fertility", ages=[20, 21]) == pytest.approx((2 * 0.06 + 0.09) / 3)
    assert value(seen, "fertility", ages=[19, 22]) == pytest.approx((2 * 0.06 + 0.09) / 5)
    assert value(seen, "fertility", ages=[10, 14]) == pytest.approx(0.01 / 5)
    assert units(seen, "fertility", ages=[20, 21]) == 700


def test_total_fertility_adds_up_all_ages() -> None:
    assert value(births_registered(), "total_fertility") == pytest.approx(0.01 + 0.06 + 0.09 + 0.03)


def test_family_sizes_are_shares_of_women() -> None:
    seen = births_registered()
    assert value(seen, "parity", ages=[21, 21], parity=[0, 0]) == pytest.approx(0.8)
    assert value(seen, "parity", ages=[21, 21], parity=[4, 50]) == pytest.approx(0.2)
    assert value(seen, "parity", ages=[22, 22], parity=[3, 3]) == pytest.approx(200 / 300)
    assert value(seen, "parity", ages=[20, 22], parity=[3, 3]) == pytest.approx(200 / 300 / 4)
    assert value(seen, "parity", ages=[20, 49], parity=[0, 50]) == pytest.approx(1.0)


@pytest.mark.parametrize("measure", ["fertility", "parity"])
@pytest.mark.parametrize("ages", [[9, 20], [40, 50]])
def test_births_are_registered_at_fertile_ages_only(measure: str, ages: list[int]) -> None:
    asked = {"measure": measure, "ages": ages, "parity": [0, 0]}
    if measure == "fertility":
        del asked["parity"]
    with pytest.raises(ValidationError, match=r"expected ages from 10 to 49"):
        MEASURES[measure].query.model_validate(asked)
