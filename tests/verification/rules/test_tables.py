"""Tables counted from surveys made by hand: who is compared with whom, and for how long."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from observed_tools import observed
from rule_tools import inputs, plain

from rlsabm.body.symptoms import RLS_ONSET
from rlsabm.care.plan import NO_CARE_PLAN
from rlsabm.conventions import FEMALE, LONG_AGO, MALE, NEVER
from rlsabm.events import EVENT
from rlsabm.exposures.catalogue.condition import Condition
from rlsabm.life.birth import DIZYGOTIC, MONOZYGOTIC
from rlsabm.life.loci import locus_names
from rlsabm.life.mortality import DIED
from rlsabm.measuring import assays, autopsy
from rlsabm.measuring.cases import case_bit
from rlsabm.observe.survey import Survey
from rlsabm.person import BODY, LIFE, newborn_records
from rlsabm.results.observed import FollowUp, Observed, follow_up_of
from rlsabm.results.tables.autopsies import summarise_autopsies
from rlsabm.results.tables.contrasts import CONTRAST_COUNTS, bands, count_contrasts
from rlsabm.results.tables.incidence import FIRST_ONSET, INCIDENT, NEW_RLS, count_incidence
from rlsabm.results.tables.kin import estimate_kin
from rlsabm.results.tables.kin_counts import KIN_COUNTS, KIN_SEXES, count_kin
from rlsabm.results.tables.loci import count_loci
from rlsabm.results.tables.partitions import (
    PARTITION_COUNTS,
    count_partition,
    range_of_iron_deficiency,
)
from rlsabm.results.tables.postulates import OF_POSTULATE, estimate_postulates
from rlsabm.results.tables.prevalence import count_prevalence
from rlsabm.results.tables.shifts import estimate_shifts
from rlsabm.results.totals import margins, total_rows, with_total
from rlsabm.worlds.world import (
    ALWAYS_REPLETE,
    ALWAYS_SUFFICIENT,
    POSTULATE_WORLDS,
    World,
    without,
    without_iron_of,
)

MONTH = 12 * 2019 + 6
CASE = case_bit("any", "current") | case_bit("any", "past_year")


def made(name: str, **given: Any) -> Condition:
    return Condition(name=name, label=name, definition=name, source="a test", prevalence=[0.1],
                     **given)  # fmt: skip


CONDITIONS = (made("gut", iron_loss_mg_per_day=0.3), made("nerve", dopamine_load=0.5))


@pytest.fixture(autouse=True)
def _plain_measurements(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assays, "_measure", plain(assays._measure))
    monkeypatch.setattr(autopsy, "_dissect", plain(autopsy._dissect))


def surveyed(count: int, bodies: dict[str, Any] | None = None, **fields: Any) -> Survey:
    """A survey of women of 40 with full stores, unless fields say otherwise."""
    lives, states = newborn_records(LIFE, count), newborn_records(BODY, count)
    given = dict(uid=np.arange(1, count + 1), sex=FEMALE, birth_month=MONTH - 12 * 40,
                 storage_scale_mg=500.0, blood_volume_l=5.0, red_cell_target_mg=2200.0)  # fmt: skip
    for name, value in (given | fields).items():
        lives[name] = value
    for name, value in (
        dict(storage_iron_mg=1000.0, red_cell_iron_mg=2200.0) | (bodies or {})
    ).items():
        states[name] = value
    setting: Any = SimpleNamespace(conditions=CONDITIONS, care=NO_CARE_PLAN, size=count)
    return Survey(setting, inputs(CONDITIONS), 2019, MONTH, np.arange(count), lives, states)


def rls(ill: Any) -> dict[str, Any]:
    """Bodies of people who have RLS now, or not."""
    return {"rls_last_month": np.where(ill, MONTH, LONG_AGO)}


def table(contents: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame({name: np.asarray(values) for name, values in contents.items()})


ANY_NOW = dict(definition=0, recall=0, observed_as=0)


def rows_of(frame: pd.DataFrame, **chosen: Any) -> pd.DataFrame:
    for name, value in (ANY_NOW | chosen).items():
        if name in frame:
            frame = frame[frame[name] == value]
    return frame


# Contrasts ----------------------------------------------------------------------------------------


def contrast(seen: Observed, condition: str, **chosen: Any) -> pd.Series:
    """Counts of a condition among all adults."""
    found = rows_of(table(count_contrasts(seen)), condition=condition, **chosen)
    assert len(found) == 1
    return found.iloc[0]


def test_bands_are_of_sex_and_five_years() -> None:
    """To 100 years; women before men."""
    age = np.array([0, 4, 5, 99, 100, 104, 130])
    survey = surveyed(7, birth_month=MONTH - 12 * age, sex=[0, 0, 0, 0, 0, 1, 1])
    assert bands(survey).tolist() == [0, 0, 1, 19, 20, 41, 41]


def test_people_with_a_condition_are_compared_with_those_without_it_of_their_band() -> None:
    """Of six without it one is a case; four with it: two thirds of a case expected."""
    ill = [1, 1, 0, 0, 1, 0, 0, 0, 0, 0]
    survey = surveyed(10, rls(np.array(ill) == 1), conditions=[1] * 4 + [0] * 6)
    found = contrast(observed(survey, strata=[]), "gut")
    assert (found.persons, found.cases) == (4, 2)
    assert found.expected_cases == pytest.approx(4 / 6)
    assert found.expected_variance == pytest.approx(16 * (1 / 6) * (5 / 6) / 6)
    assert (found.everyone_persons, found.everyone_cases) == (10, 3)
    assert found.world == "factual"
    assert np.isnan(found.cases_without)


def test_other_bands_do_not_count() -> None:
    survey = surveyed(6, rls([1, 0, 0, 1, 1, 1]), conditions=[1, 0, 0, 0, 0, 0],
                      birth_month=MONTH - 12 * np.array([40, 41, 44, 45, 39, 60]))  # fmt: skip
    assert contrast(observed(survey, strata=[]), "gut").expected_cases == 0.0


def test_a_part_of_a_group_is_compared_with_people_outside_the_whole_of_it() -> None:
    """Depleted donors with people who gave no blood, not with donors who are replete.

    Two depleted donors; two other donors, both cases; four people who gave none, one of them a case.
    """
    gave = np.array([1, 1, 1, 1, 0, 0, 0, 0]) == 1
    survey = surveyed(
        8, rls([1, 0, 1, 1, 1, 0, 0, 0]) | {"storage_iron_mg": [50.0, 50.0] + [1000.0] * 6},
        last_donation_month=np.where(gave, MONTH - 3, LONG_AGO),
    )  # fmt: skip
    seen = observed(survey, strata=[])
    depleted, donors = contrast(seen, "depleted_donors"), contrast(seen, "blood_donation")
    assert (depleted.persons, depleted.cases) == (2, 1)
    assert depleted.expected_cases == pytest.approx(2 * 1 / 4)
    assert depleted.expected_variance == pytest.approx(4 * (1 / 4) * (3 / 4) / 4)
    assert (donors.persons, donors.cases) == (4, 3)
    assert donors.expected_cases == pytest.approx(4 * 1 / 4)


def test_trimesters_are_compared_with_women_who_are_not_pregnant() -> None:
    pregnant = np.array([1, 1, 1, 0, 0])
    survey = surveyed(5, rls([1, 1, 1, 0, 0]), pregnancy=pregnant,
                      conception_month=MONTH - np.array([8, 1, 4, 0, 0]))  # fmt: skip
    assert contrast(observed(survey, strata=[]), "third_trimester").expected_cases == 0.0


def test_children_are_counted_only_in_rows_by_age_group() -> None:
    survey = surveyed(4, rls([1, 1, 0, 0]), conditions=[1, 1, 0, 0],
                      birth_month=MONTH - 12 * np.array([10, 40, 10, 40]))  # fmt: skip
    found = rows_of(table(count_contrasts(observed(survey, strata=["age_group"]))), condition="gut")
    by_age = found.set_index("age_group")
    assert by_age["persons"].to_dict() == {2: 1, 0: 1, 1: 1}
    assert by_age["everyone_persons"].to_dict() == {2: 2, 0: 2, 1: 2}


WORLDS = [World(without("gut"), "gut"), World(without_iron_of("gut"), "gut", iron_only=True)]


def test_cases_in_other_worlds_are_those_of_the_same_people() -> None:
    """Eight women, six with the condition; bits are factual, without it, without its iron."""
    bits = np.array([
        [1, 1, 1], [1, 1, 0], [1, 0, 1], [1, 0, 0], [0, 1, 1], [0, 0, 0],  # with it
        [1, 1, 0], [0, 1, 1],
    ]) * CASE  # fmt: skip
    survey = surveyed(8, conditions=[1] * 6 + [0] * 2)
    seen = observed(survey, strata=[], worlds=WORLDS, bits_in_worlds=bits.astype(np.uint8))
    found = contrast(seen, "gut")
    assert found.world == without("gut")
    assert found[list(CONTRAST_COUNTS)].drop(["expected_cases", "expected_variance"]).to_dict() == {
        "persons": 6, "cases": 4, "cases_without": 3, "cases_with_and_without": 2,
        "cases_without_iron": 3, "cases_with_and_without_iron": 2, "cases_without_both": 2,
        "everyone_persons": 8, "everyone_cases": 5, "everyone_without": 5,
        "everyone_with_and_without": 3,
    }  # fmt: skip


def test_a_condition_that_burdens_by_iron_only_has_one_world_which_is_both() -> None:
    bits = np.array([[1, 1], [1, 0], [0, 1]]) * CASE
    seen = observed(surveyed(3, conditions=1), strata=[], worlds=WORLDS[:1],
                    bits_in_worlds=bits.astype(np.uint8))  # fmt: skip
    found = contrast(seen, "gut")
    assert found.cases_without == found.cases_without_iron == found.cases_without_both == 2
    assert found.cases_with_and_without == found.cases_with_and_without_iron == 1


# Shifts -------------------------------------------------------------------------------------------


def test_observed_shifts_of_a_part_are_against_people_outside_the_whole() -> None:
    """From people to estimate: 1 of 2 depleted donors against 1 of 4 who gave no blood."""
    gave = np.array([1, 1, 1, 1, 0, 0, 0, 0]) == 1
    survey = surveyed(
        8, rls([1, 0, 1, 1, 1, 0, 0, 0]) | {"storage_iron_mg": [50.0, 50.0] + [1000.0] * 6},
        last_donation_month=np.where(gave, MONTH - 3, LONG_AGO),
    )  # fmt: skip
    counts = rows_of(
        table(count_contrasts(observed(survey, strata=[]))), condition="depleted_donors"
    )
    found = estimate_shifts(counts.assign(draw=0, replicate=0)).set_index("estimate")["value"]
    assert found["observed_shift"] == pytest.approx(0.5 - 0.25)
    assert found["observed_ratio"] == pytest.approx(2.0)
    assert found["observed_odds_ratio"] == pytest.approx(1 / (1 / 3))


def test_odds_have_no_interval_where_few_are_no_cases() -> None:
    """95 of 100 are cases: enough for a ratio, but five others are too few for odds."""
    row = dict.fromkeys(CONTRAST_COUNTS, 90.0) | {
        "persons": 100.0, "cases": 95.0, "everyone_persons": 100.0, "everyone_cases": 95.0,
        "cases_without": 80.0, "cases_with_and_without": 78.0, "expected_variance": 4.0,
    }  # fmt: skip
    frame = pd.DataFrame([row | {"condition": "it", "draw": 0, "replicate": 0}])
    found = estimate_shifts(frame).set_index("estimate")
    for name, known in (("caused_ratio", True), ("caused_odds_ratio", False)):
        assert np.isfinite(found.loc[name, ["lower", "upper"]].to_numpy(float)).all() == known
        assert np.isfinite(found.loc[name, "value"])


# Prevalence ---------------------------------------------------------------------------------------


def test_prevalence_counts_cases_and_persons_by_group() -> None:
    survey = surveyed(5, rls([1, 1, 0, 0, 0]), conditions=[1, 0, 1, 1, 0], sex=[0, 1, 0, 1, 1])
    found = rows_of(table(count_prevalence(observed(survey, strata=["sex"]))))
    by = found.set_index(["condition", "sex"])
    assert tuple(by.loc[("everyone", FEMALE), ["cases", "persons"]]) == (1, 2)
    assert tuple(by.loc[("gut", FEMALE), ["cases", "persons"]]) == (1, 2)
    assert tuple(by.loc[("gut", MALE), ["cases", "persons"]]) == (0, 1)
    assert by.loc[("everyone", MALE), "prevalence"] == pytest.approx(1 / 3)
    assert ("nerve", MALE) not in by.index


def test_other_worlds_count_everyone_and_whom_they_are_about() -> None:
    bits = np.array([[1, 0, 0], [1, 1, 1]], dtype=np.uint8) * np.uint8(CASE)
    worlds = [World(without("gut"), "gut"), POSTULATE_WORLDS[0]]
    survey = surveyed(2, {"storage_iron_mg": [1000.0, 20.0]}, conditions=[0b11, 0b10])
    seen = observed(survey, strata=[], worlds=worlds, bits_in_worlds=bits)
    found = rows_of(table(count_prevalence(seen)))
    of = found[found["world"] == without("gut")].set_index("condition")["cases"].to_dict()
    assert of == {"everyone": 1, "gut": 0}
    replete = found[found["world"] == ALWAYS_REPLETE]["condition"].tolist()
    assert replete == ["everyone", "iron_deficiency"]
    sufficient = observed(
        survey, strata=[], worlds=[POSTULATE_WORLDS[1]], bits_in_worlds=bits[:, :2]
    )
    found = rows_of(table(count_prevalence(sufficient)), world=ALWAYS_SUFFICIENT)
    assert found["condition"].tolist() == ["everyone", "iron_deficiency"]


# Margins ------------------------------------------------------------------------------------------


def test_tables_with_totals_are_broken_down_by_each_stratum_and_by_sex_and_age() -> None:
    assert margins([]) == [()]
    assert margins(["sex", "age_group", "parity"]) == [
        (), ("sex",), ("age_group",), ("parity",), ("sex", "age_group"),
    ]  # fmt: skip
    assert margins(["sex", "parity"]) == [(), ("sex",), ("parity",)]
    assert with_total("age_group", ["0-17"]) == ["0-17", "all adults"]


def test_total_rows_are_broken_down_by_nothing() -> None:
    frame = pd.DataFrame({"sex": ["all", "female", "all"],
                          "age_group": ["all adults", "all adults", "18-34"]})  # fmt: skip
    assert total_rows(frame).tolist() == [True, False, False]
    assert total_rows(frame[["sex"]]).tolist() == [True, False, True]


# Incidence ----------------------------------------------------------------------------------------


def followed(survey: Survey, *events: tuple[int, int, int, int]) -> Observed:
    """A survey and events of the year after: uid, months after the survey, event, first."""
    log = np.zeros(len(events), dtype=EVENT)
    for row, (uid, month, event, first) in zip(log, events, strict=True):
        row["uid"], row["month"], row["event"], row["first"] = uid, MONTH + month, event, first
    nobody = newborn_records(LIFE, 0), newborn_records(BODY, 0)
    return observed(survey, strata=[], follow_up=FollowUp(log, *nobody))


def incidence(seen: Observed, event: str, condition: str = "everyone") -> pd.Series:
    found = rows_of(table(count_incidence(seen)), condition=condition, event=INCIDENT.index(event))
    assert len(found) == 1
    return found.iloc[0]


def test_a_year_without_events_is_a_person_year_each() -> None:
    found = incidence(followed(surveyed(3)), "death")
    assert (found.events, found.person_years, found.rate_per_1000) == (0, 3.0, 0.0)


def test_the_month_of_death_counts_half() -> None:
    """Death in the fourth month after the survey: three and a half months at risk."""
    found = incidence(followed(surveyed(2), (2, 4, DIED, 1)), "death")
    assert found.events == 1
    assert found.person_years == pytest.approx(1 + 3.5 / 12)
    assert found.rate_per_1000 == pytest.approx(1000 / (1 + 3.5 / 12))


def test_a_rate_is_known_from_less_than_a_person_year() -> None:
    found = incidence(followed(surveyed(1), (1, 4, DIED, 1)), "death")
    assert found.rate_per_1000 == pytest.approx(1000 * 12 / 3.5)


def test_first_onsets_are_counted_among_those_who_never_had_rls() -> None:
    """The month of onset counts half; later months of the same person not at all."""
    survey = surveyed(4, {"rls_first_month": [NEVER, NEVER, MONTH - 100, NEVER]})
    seen = followed(
        survey, (1, 6, RLS_ONSET, 1), (3, 2, RLS_ONSET, 0), (2, 10, DIED, 1),
    )  # fmt: skip
    first, onset = incidence(seen, FIRST_ONSET), incidence(seen, "RLS onset")
    assert first.events == 1
    assert first.person_years == pytest.approx((5.5 + 9.5 + 12) / 12)
    assert onset.events == 2
    assert onset.person_years == pytest.approx((12 + 9.5 + 12 + 12) / 12)


def test_new_courses_are_counted_among_those_without_rls_for_a_year() -> None:
    """Once a person, at the first onset; twelve months without are those before the survey."""
    survey = surveyed(5, {"rls_last_month": MONTH - np.array([11, 12, 500, 300, 900])})
    seen = followed(
        survey, (1, 2, RLS_ONSET, 0), (2, 6, RLS_ONSET, 0), (2, 9, RLS_ONSET, 0),
        (3, 12, RLS_ONSET, 1), (4, 4, DIED, 1),
    )  # fmt: skip
    found = incidence(seen, NEW_RLS)
    assert found.events == 2
    assert found.person_years == pytest.approx((5.5 + 11.5 + 3.5 + 12) / 12)


def test_events_are_counted_where_the_person_was_at_the_survey() -> None:
    survey = surveyed(3, conditions=[0, 1, 1])
    seen = followed(survey, (3, 2, DIED, 1), (1, 2, DIED, 1))
    assert incidence(seen, "death", "gut").events == 1
    assert incidence(seen, "death", "gut").person_years == pytest.approx(1 + 1.5 / 12)


def test_the_follow_up_is_a_year_of_those_surveyed() -> None:
    survey = surveyed(2)
    lives, bodies = newborn_records(LIFE, 5), newborn_records(BODY, 5)
    lives["uid"] = [1, 2, 3, 2, 1]
    lives["death_month"] = MONTH + np.array([1, 12, 5, 13, 0])
    log = np.zeros(3, dtype=EVENT)
    log["uid"] = [1, 3, 2]
    found = follow_up_of(survey, log, lives, bodies)
    assert found.lives_of_the_dead["death_month"].tolist() == [MONTH + 1, MONTH + 12]
    assert found.events["uid"].tolist() == [1, 2]


# Autopsies ----------------------------------------------------------------------------------------


def test_autopsies_are_told_apart_by_rls_in_the_year_before_the_survey() -> None:
    survey = surveyed(4, {"rls_last_month": MONTH - np.array([3, 12, 0, 500])}, sex=[0, 0, 1, 1])
    dead = survey.lives[[1, 0, 2]].copy()
    dead["death_month"] = MONTH + 5
    bodies = newborn_records(BODY, 3)
    bodies["cns_iron_exchangeable"] = [0.9, 0.5, 0.7]
    seen = observed(survey, follow_up=FollowUp(np.zeros(0, EVENT), dead, bodies))
    found = table(summarise_autopsies(seen)).query("quantity == 'cns_iron_exchangeable'")
    assert found.set_index(["sex", "rls"])["mean"].to_dict() == pytest.approx(
        {("female", False): 0.9, ("female", True): 0.5, ("male", True): 0.7}
    )
    assert found["sd"].isna().all()
    assert found["persons"].tolist() == [1, 1, 1]


# Loci ---------------------------------------------------------------------------------------------


def test_adults_are_counted_by_genotype_and_case_status() -> None:
    """MEIS1 is the first bit, BTBD9 the second."""
    survey = surveyed(
        5, rls([1, 0, 1, 1, 1]), maternal_alleles=[0b01, 0b01, 0b10, 0b00, 0b11],
        paternal_alleles=[0b01, 0b00, 0b10, 0b00, 0b11],
        birth_month=MONTH - 12 * np.array([40, 50, 60, 18, 17]),
    )  # fmt: skip
    found = rows_of(table(count_loci(observed(survey))))
    found = found.set_index(["locus", "risk_alleles"])[["cases", "persons"]]
    assert found.loc[0].to_numpy().tolist() == [[2, 2], [0, 1], [1, 1]]
    assert found.loc[1].to_numpy().tolist() == [[2, 3], [0, 0], [1, 1]]
    assert len(found) == 3 * len(locus_names())
    weekly = rows_of(table(count_loci(observed(survey))), definition=1)
    assert not weekly["cases"].any()


# Kin ----------------------------------------------------------------------------------------------


def kin_table(survey: Survey) -> pd.DataFrame:
    relations = ["monozygotic_twins", "dizygotic_twins", "full_siblings", "half_siblings",
                 "mother_and_child", "father_and_child"]  # fmt: skip
    frame = rows_of(table(count_kin(observed(survey))))
    frame["relation"] = [relations[code] for code in frame["relation"]]
    frame["sex"] = [KIN_SEXES[code] for code in frame["sex"]]
    return frame.set_index(["relation", "sex"])[list(KIN_COUNTS)]


def test_the_woman_of_a_mixed_pair_stands_first() -> None:
    """Whoever has the lower uid; among pairs of one sex the lower uid."""
    for sex, first_only in (([FEMALE, MALE], 1), ([MALE, FEMALE], 0)):
        survey = surveyed(2, rls([1, 0]), sex=sex, mother=90, father=91, birth_order=1,
                          twin=DIZYGOTIC)  # fmt: skip
        found = kin_table(survey).loc["dizygotic_twins"]
        assert tuple(found.loc["mixed"]) == (1, 0, first_only, 1 - first_only)
        assert tuple(found.loc["all"]) == (1, 0, first_only, 1 - first_only)
    survey = surveyed(2, rls([0, 1]), sex=MALE, mother=90, father=91, birth_order=1,
                      twin=MONOZYGOTIC)  # fmt: skip
    assert tuple(kin_table(survey).loc[("monozygotic_twins", "men")]) == (1, 0, 0, 1)


def test_parents_stand_first_whatever_their_sex() -> None:
    survey = surveyed(3, rls([1, 1, 0]), sex=[MALE, FEMALE, FEMALE], father=[0, 1, 1],
                      mother=[0, 90, 91], birth_month=MONTH - 12 * np.array([60, 30, 25]))  # fmt: skip
    found = kin_table(survey)
    assert tuple(found.loc[("father_and_child", "mixed")]) == (2, 1, 1, 0)
    assert tuple(found.loc[("half_siblings", "women")]) == (1, 0, 1, 0)


def test_pairs_are_of_adults() -> None:
    for years, pairs in ((17, 0), (18, 1)):
        survey = surveyed(2, mother=[0, 1], birth_month=MONTH - 12 * np.array([50, years]))
        assert len(kin_table(survey)) == 2 * pairs


def kin_counts(*rows: tuple[str, int, int, int, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["relation", *KIN_COUNTS]).assign(
        sex="all", definition="any", draw=0, replicate=0
    )


def test_concordance_of_twins_is_probandwise() -> None:
    """30 pairs both, 20 discordant: 60 of 80 cases have an affected twin; prevalence 80 / 400."""
    found = estimate_kin(kin_counts(("monozygotic_twins", 200, 30, 12, 8))).set_index("estimate")
    assert found.loc["concordance", "value"] == pytest.approx(60 / 80)
    assert found.loc["prevalence", "value"] == pytest.approx(80 / 400)
    assert found.loc["recurrence_ratio", "value"] == pytest.approx(0.75 / 0.2)


def test_errors_of_twins_know_that_two_of_a_pair_tell_the_same() -> None:
    """Against the variance by the delta method from the multinomial of pairs."""
    n, both, one = 200, 30, 20
    b, d = both / n, one / n
    found = estimate_kin(kin_counts(("full_siblings", n, both, 12, 8))).set_index("estimate")
    errors = found["monte_carlo_error"]
    # Prevalence b + d / 2: variance of (1, 1/2, 0) over pairs.
    variance = (b + d / 4 - (b + d / 2) ** 2) / n
    assert errors["prevalence"] == pytest.approx(variance**0.5)
    assert errors["prevalence_of_relatives"] == pytest.approx(variance**0.5)
    # Concordance 2b / (2b + d).
    slopes = np.array([2 * d, -2 * b]) / (2 * b + d) ** 2
    covariance = (np.diag([b, d]) - np.outer([b, d], [b, d])) / n
    assert errors["concordance"] == pytest.approx((slopes @ covariance @ slopes) ** 0.5)
    # Recurrence 4b / (2b + d)².
    slopes = np.array([4 * (d - 2 * b), -8 * b]) / (2 * b + d) ** 3
    assert errors["recurrence_ratio"] == pytest.approx(
        (slopes @ covariance @ slopes) ** 0.5, rel=1e-5
    )


def test_half_a_pair_is_added_to_each_kind_where_one_is_missing() -> None:
    """No discordant pair: the interval of the recurrence ratio is that of such a table, relatively."""
    found = estimate_kin(kin_counts(("full_siblings", 200, 30, 0, 0))).set_index("estimate")
    row = found.loc["recurrence_ratio"]
    assert row["value"] == pytest.approx(200 / 30)
    b, d, n = 30.5 / 202, 1 / 202, 202
    centre = 4 * b / (2 * b + d) ** 2
    slopes = np.array([4 * (d - 2 * b), -8 * b]) / (2 * b + d) ** 3
    covariance = (np.diag([b, d]) - np.outer([b, d], [b, d])) / n
    relative = (slopes @ covariance @ slopes) ** 0.5 / centre
    assert row["monte_carlo_error"] == pytest.approx(row["value"] * relative, rel=1e-4)


def test_parents_and_children_are_told_apart() -> None:
    found = estimate_kin(kin_counts(("mother_and_child", 1000, 40, 160, 60))).set_index("estimate")
    value, error = found["value"], found["monte_carlo_error"]
    assert value["prevalence_of_relatives"] == pytest.approx(0.1)
    assert error["prevalence_of_relatives"] == pytest.approx((0.09 / 1000) ** 0.5)
    assert value["concordance"] == pytest.approx(0.2)
    assert error["concordance"] == pytest.approx((0.16 / 200) ** 0.5)
    assert value["recurrence_ratio"] == pytest.approx(2.0)
    # b / ((b + f) (b + s)) by the multinomial of pairs.
    b, f, s = 0.04, 0.16, 0.06
    slopes = np.array([
        (f * s - b * b) / ((b + f) * (b + s)) ** 2, -b / ((b + f) ** 2 * (b + s)),
        -b / ((b + f) * (b + s) ** 2),
    ])  # fmt: skip
    covariance = (np.diag([b, f, s]) - np.outer([b, f, s], [b, f, s])) / 1000
    assert error["recurrence_ratio"] == pytest.approx(
        (slopes @ covariance @ slopes) ** 0.5, rel=1e-4
    )


def test_falconers_heritability_is_twice_the_difference_of_twins() -> None:
    frame = kin_counts(("monozygotic_twins", 400, 40, 20, 24), ("dizygotic_twins", 600, 30, 50, 46))
    found = estimate_kin(frame)
    by = found.set_index(["relation", "estimate"])
    mono, di = (
        by.loc[(f"{kind}zygotic_twins", "tetrachoric_correlation")] for kind in ("mono", "di")
    )
    twins = by.loc[("twins", "heritability_falconer")]
    assert twins["value"] == pytest.approx(2 * (mono["value"] - di["value"]))
    errors = mono["monte_carlo_error"] ** 2 + di["monte_carlo_error"] ** 2
    assert twins["monte_carlo_error"] == pytest.approx(2 * errors**0.5)
    assert (twins["pairs"], twins["both"]) == (1000, 70)
    assert (mono["pairs"], mono["both"]) == (400, 40)


def test_limits_of_a_correlation_are_correlations() -> None:
    found = estimate_kin(
        kin_counts(("monozygotic_twins", 9, 2, 0, 0), ("dizygotic_twins", 9, 0, 2, 2))
    )
    rows = found[found["estimate"] == "tetrachoric_correlation"]
    assert rows["upper"].max() == 1.0
    assert rows["lower"].min() == -1.0


# Postulates ---------------------------------------------------------------------------------------

#: Factual, replete, sufficient, path cut.
FATES = np.array(
    [[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 0, 1], [0, 0, 0, 0]]
)


def partition(loss: list[float], deficient: int = 25, **fields: Any) -> pd.DataFrame:
    """Six women by their fates, and iron-deficient ones whose loss of function is 0.01, 0.02, …"""
    many = len(FATES) + deficient
    losses = np.array([*loss, *(0.01 * np.arange(1, deficient + 1))])
    stores = np.where(np.arange(many) < len(FATES), 1000.0, 20.0)
    survey = surveyed(many, {"dopamine_deficit": losses, "storage_iron_mg": stores}, **fields)
    bits = np.zeros((many, 4), dtype=np.uint8)
    bits[: len(FATES)] = FATES * CASE
    seen = observed(survey, strata=["sex"], postulates=True, worlds=POSTULATE_WORLDS,
                    bits_in_worlds=bits)  # fmt: skip
    return rows_of(table(count_partition(seen)))


def test_cases_are_put_to_the_three_worlds() -> None:
    found = partition([0.0, 0.001, 0.01, 0.2, 0.3, 0.2]).set_index(["condition", "sex"])
    row = found.loc[("everyone", "all")]
    assert row[["persons", "cases", "cases_if_replete", "cases_if_sufficient", "cases_without_path",
                "cases_sufficient_and_without_path"]].tolist() == [31, 5, 4, 2, 3, 2]  # fmt: skip
    # The limit is the 99th percentile of 0.01 to 0.25, no loss is up to a hundredth of it.
    assert (row.cases_without_loss, row.cases_within_range) == (2, 2)
    assert found.loc[("everyone", "female")].tolist() == row.tolist()


def test_the_range_is_that_of_iron_deficient_adults_without_another_load() -> None:
    deficient = np.ones(44, bool)
    losses = np.concatenate([np.arange(1, 41) / 100, [9, 9, 9, 9]])
    fields: dict[str, Any] = dict(
        birth_month=MONTH - 12 * np.array([40] * 39 + [18, 40, 17] + [40] * 2),
        pregnancy=[0] * 42 + [1, 0], conditions=[0] * 40 + [0b10, 0, 0, 0],
        kidney=[0] * 43 + [5],
    )  # fmt: skip
    survey = surveyed(44, {"dopamine_deficit": losses}, **fields)
    limit = range_of_iron_deficiency(survey, deficient)
    assert limit == pytest.approx(np.percentile(np.arange(1, 41) / 100, 99), rel=1e-6)
    deficient[:5] = False
    limit = range_of_iron_deficiency(survey, deficient)
    assert limit == pytest.approx(np.percentile(np.arange(6, 41) / 100, 99), rel=1e-6)


@pytest.mark.parametrize(("deficient", "known"), [(19, False), (20, True)])
def test_with_fewer_than_20_iron_deficient_the_range_is_missing(
    deficient: int, known: bool
) -> None:
    row = partition([0.0] * 6, deficient).query("condition == 'everyone' and sex == 'all'").iloc[0]
    assert np.isfinite(row.cases_without_loss) == np.isfinite(row.cases_within_range) == known
    assert row.cases == 5


def test_postulates_are_shares_of_the_cases() -> None:
    counts = pd.DataFrame([dict(
        condition="it", definition="any", persons=1000, cases=100, cases_if_replete=80,
        cases_if_sufficient=50, cases_without_path=60, cases_sufficient_and_without_path=45,
        cases_without_loss=20, cases_within_range=55, draw=0, replicate=0,
    )])  # fmt: skip
    shifts = pd.DataFrame([dict(
        condition="it", definition="any", estimate=name, observed_as=who, value=value, lower=0.0,
        upper=1.0, monte_carlo_error=0.1, parameter_sd=np.nan, persons=1, cases=1, draws=1,
    ) for name, who, value in (
        ("caused_shift", "truth", 0.3), ("observed_shift", "truth", 0.2),
        ("caused_shift", "CH-RLSq", 0.9), ("prevalence", "truth", 0.5),
    )])  # fmt: skip
    found = estimate_postulates(counts, shifts).set_index("part")
    assert found["value"].to_dict() == pytest.approx({
        "caused_shift": 0.3, "observed_shift": 0.2, "precipitated": 0.2, "constitutional": 0.3,
        "not_iron": 0.5, "through_dopamine": 0.4 / 0.5, "no_dopaminergic_loss": 0.2,
        "within_range_of_iron_deficiency": 0.55, "beyond_range_of_iron_deficiency": 0.25,
    })  # fmt: skip
    # One case is added to each combination of the two worlds.
    s, c, joint = 52 / 104, 62 / 104, 46 / 104
    # (1 - c) / (1 - s), by the slopes 1 / (1 - s) and (1 - c) / (1 - s)².
    slopes = np.array([(1 - c) / (1 - s) ** 2, -1 / (1 - s)])
    covariance = np.array([[s * (1 - s), joint - s * c], [joint - s * c, c * (1 - c)]]) / 104
    error = (slopes @ covariance @ slopes) ** 0.5
    assert found.loc["through_dopamine", "monte_carlo_error"] == pytest.approx(error, rel=1e-5)
    assert set(found["postulate"]) == {"P1", "P2", "P3", "P4"}
    assert found.loc["not_iron", "postulate"] == OF_POSTULATE["not_iron"] == "P2"
    assert set(PARTITION_COUNTS) < set(counts.columns)
