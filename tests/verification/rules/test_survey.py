"""Surveys: quotas, the lottery, who is taken; and kin among the people."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from rule_tools import KEY, inputs, plain

from rlsabm.chance import once
from rlsabm.conventions import FEMALE, MALE, NEVER
from rlsabm.demography.births import population_of
from rlsabm.demography.countries import load_country
from rlsabm.measuring import assays
from rlsabm.observe import survey as survey_module
from rlsabm.observe.kin import find_kin, pair_sexes
from rlsabm.observe.survey import SURVEY, Survey, quotas, survey_lottery, survey_month, take_survey
from rlsabm.person import BODY, LIFE, newborn_records

#: End of July 2019.
MONTH = 12 * 2019 + 6
COUNTRY: Any = load_country("united-states")


# Quotas -------------------------------------------------------------------------------------------


def test_quotas_are_the_countrys_shares() -> None:
    assert quotas(np.array([0.5, 0.3, 0.2]), np.array([99, 99, 99]), 10).tolist() == [5, 3, 2]


def test_rounding_goes_to_the_largest_remainders() -> None:
    found = quotas(np.array([0.46, 0.33, 0.21]), np.array([99, 99, 99]), 10)
    assert found.tolist() == [5, 3, 2]  # 4.6, 3.3, 2.1
    found = quotas(np.array([0.14, 0.38, 0.48]), np.array([99, 99, 99]), 10)
    assert found.tolist() == [1, 4, 5]  # 1.4, 3.8, 4.8
    assert quotas(np.array([0.25] * 4), np.full(4, 99), 10).tolist() == [3, 3, 2, 2]


def test_a_band_with_fewer_people_gives_all_it_has() -> None:
    assert quotas(np.array([0.5, 0.5]), np.array([3, 99]), 10).tolist() == [3, 5]


# The lottery --------------------------------------------------------------------------------------


def test_the_lottery_belongs_to_the_persons() -> None:
    lives = newborn_records(LIFE, 5)
    lives["uid"] = [9, 3, 7, 1, 2]
    place, line_list = plain(survey_lottery)(lives, inputs())
    for row, uid in enumerate((9, 3, 7, 1, 2)):
        first, second, _, _ = plain(once)(np.uint64(KEY), np.uint64(uid), SURVEY)
        assert (place[row], line_list[row]) == (first, second)


# A survey -----------------------------------------------------------------------------------------


def population(count: int = 4000) -> Any:
    """Men and women of all ages to 100 years, some of whom have died."""
    rng = np.random.default_rng(3)
    lives = newborn_records(LIFE, count)
    lives["uid"] = np.arange(1, count + 1)
    lives["sex"] = rng.integers(0, 2, count)
    lives["birth_month"] = MONTH - rng.integers(0, 12 * 101, count)
    lives["death_month"] = np.where(rng.random(count) < 0.2, MONTH - 5, NEVER)
    return lives


def surveyed(
    lives: Any, size: int, *, year: int = 2019, years: tuple[int, ...] = (2019,)
) -> Survey:
    setting: Any = SimpleNamespace(country=COUNTRY, size=size, survey_years=years, conditions=())
    bodies = newborn_records(BODY, len(lives))
    bodies["endowment_mg"] = lives["uid"]
    return take_survey(setting, lives, bodies, year=year, p=inputs())


@pytest.fixture(autouse=True)
def _plain_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(survey_module, "survey_lottery", plain(survey_lottery))
    monkeypatch.setattr(assays, "_measure", plain(assays._measure))


def band_of(lives: Any, month: int = MONTH) -> np.ndarray:
    """Women's bands of five years, to 90 and more, before men's."""
    age = (month - lives["birth_month"].astype(np.int64)) // 12
    return np.minimum(age, 94) // 5 + 19 * (lives["sex"] == MALE)


def test_surveys_are_taken_at_the_end_of_july() -> None:
    assert survey_month(2019) == MONTH


def test_a_survey_has_the_age_sex_structure_of_the_country() -> None:
    found = surveyed(population(), 500)
    shares = population_of(COUNTRY, 2019).reshape(-1)
    assert len(found) == 500
    assert (np.bincount(band_of(found.lives), minlength=38) == quotas(
        shares, np.full(38, 10**6), 500
    )).all()  # fmt: skip
    assert (found.year, found.month) == (2019, MONTH)


def test_only_the_living_are_surveyed_and_rows_point_to_them() -> None:
    lives = population()
    found = surveyed(lives, 500)
    assert (found.lives["death_month"] == NEVER).all()
    assert (lives["uid"][found.rows] == found.lives["uid"]).all()
    assert (found.bodies["endowment_mg"] == found.lives["uid"]).all()
    assert (np.diff(found.rows) > 0).all()


def test_in_each_band_those_with_the_lowest_numbers_are_taken() -> None:
    lives = population()
    found = surveyed(lives, 500)
    place, _ = plain(survey_lottery)(lives, inputs())
    alive = lives["death_month"] == NEVER
    taken = np.isin(lives["uid"], found.lives["uid"])
    for band in range(38):
        here = alive & (band_of(lives) == band)
        if (here & taken).any() and (here & ~taken).any():
            assert place[here & taken].max() < place[here & ~taken].min()


def test_an_earlier_survey_takes_as_many_as_fit_its_structure() -> None:
    """The structure is grown for the last year; the scarcest band limits an earlier one."""
    lives = population(3000)
    lives["death_month"] = NEVER
    month = survey_month(2010)
    lives["birth_month"] -= 108  # as old then as the others are in 2019
    available = np.bincount(band_of(lives, month), minlength=38)
    shares = population_of(COUNTRY, 2010).reshape(-1)
    fits = int(np.floor((available / shares).min()))
    found = surveyed(lives, 3000, year=2010, years=(2010, 2019))
    assert 100 < fits < 3000
    assert len(found) == fits
    assert len(surveyed(lives, 100, year=2010, years=(2010, 2019))) == 100


def test_ages_are_in_completed_years() -> None:
    lives = newborn_records(LIFE, 3)
    lives["birth_month"] = MONTH - np.array([11, 12, 12 * 40 + 11])
    setting: Any = SimpleNamespace(
        conditions=(SimpleNamespace(name="a"), SimpleNamespace(name="b"))
    )
    lives["conditions"] = [0b01, 0b10, 0b11]
    bodies = newborn_records(BODY, 3)
    bodies["weekly_last_month"] = MONTH - np.array([0, 3, 15])
    lives["blood_volume_l"], lives["storage_scale_mg"] = 5.0, 500.0
    lives["red_cell_target_mg"], bodies["red_cell_iron_mg"] = 2200.0, 2200.0
    found = Survey(setting, inputs(), 2019, MONTH, np.arange(3), lives, bodies)
    assert found.age.tolist() == [0, 1, 40]
    assert found.has_condition("b").tolist() == [False, True, True]
    assert found.has_rls("weekly", "current").tolist() == [True, False, False]
    assert found.has_rls("weekly", "past_year").tolist() == [True, True, False]
    assert found.conditions.tolist() == [0b01, 0b10, 0b11]
    assert found.weekly_last_month.tolist() == bodies["weekly_last_month"].tolist()
    assert found.haemoglobin_g_per_l == pytest.approx(2200 / 5 / 3.39)
    with pytest.raises(AttributeError):
        found._hidden  # noqa: B018
    with pytest.raises(AttributeError):
        found.unheard_of  # noqa: B018


# Kin ----------------------------------------------------------------------------------------------


def kin_of(*people: tuple[int, int, int, int, int]) -> dict[str, set[tuple[int, int]]]:
    """Pairs of uids by relation; people are uid, mother, father, birth order and twin type."""
    lives = newborn_records(LIFE, len(people))
    for life, (uid, mother, father, order, twin) in zip(lives, people, strict=True):
        life.uid, life.mother, life.father, life.birth_order, life.twin = (
            uid, mother, father, order, twin,
        )  # fmt: skip
    uids = lives["uid"].tolist()
    return {
        relation: {(uids[a], uids[b]) for a, b in zip(pairs.first, pairs.second, strict=True)}
        for relation, pairs in find_kin(lives).items()
        if len(pairs)
    }


def test_full_siblings_share_both_parents() -> None:
    assert kin_of((5, 1, 2, 1, 0), (4, 1, 2, 2, 0)) == {"full_siblings": {(4, 5)}}


def test_half_siblings_share_one_parent() -> None:
    assert kin_of((5, 1, 2, 1, 0), (4, 1, 3, 2, 0)) == {"half_siblings": {(4, 5)}}
    assert kin_of((5, 1, 2, 1, 0), (4, 6, 2, 1, 0)) == {"half_siblings": {(4, 5)}}


def test_unknown_fathers_are_not_one_man() -> None:
    assert kin_of((5, 1, 0, 1, 0), (4, 1, 0, 2, 0)) == {"half_siblings": {(4, 5)}}
    assert kin_of((5, 1, 0, 1, 0), (4, 6, 0, 1, 0)) == {}


def test_founders_have_no_kin() -> None:
    assert kin_of((5, 0, 0, 0, 0), (4, 0, 0, 0, 0)) == {}


def test_twins_are_of_one_delivery() -> None:
    for twin, relation in ((1, "monozygotic_twins"), (2, "dizygotic_twins")):
        assert kin_of((5, 1, 2, 1, twin), (4, 1, 2, 1, twin)) == {relation: {(4, 5)}}
        assert kin_of((5, 1, 0, 1, twin), (4, 1, 0, 1, twin)) == {relation: {(4, 5)}}


def test_parents_stand_before_their_children() -> None:
    assert kin_of((5, 9, 8, 1, 0), (9, 0, 0, 0, 0), (8, 0, 0, 0, 0)) == {
        "mother_and_child": {(9, 5)}, "father_and_child": {(8, 5)},
    }  # fmt: skip


def test_all_pairs_of_a_large_family() -> None:
    people = [(10 + k, 1, 2, k, 0) for k in (4, 2, 5, 1, 3)] + [(50, 3, 4, 1, 0), (51, 3, 4, 2, 0)]
    pairs = {(10 + a, 10 + b) for a in range(1, 6) for b in range(a + 1, 6)} | {(50, 51)}
    assert kin_of(*people) == {"full_siblings": pairs}


def test_sexes_of_pairs() -> None:
    sex = np.array([FEMALE, FEMALE, MALE, MALE], dtype=np.uint8)
    lives = newborn_records(LIFE, 4)
    lives["uid"], lives["mother"], lives["father"] = [1, 2, 3, 4], 9, 8
    lives["birth_order"] = [1, 2, 3, 4]
    pairs = find_kin(lives)["full_siblings"]
    expected = {(0, 1): 0, (2, 3): 1}
    found = dict(
        zip(zip(pairs.first, pairs.second, strict=True), pair_sexes(sex, pairs), strict=True)
    )
    assert all(code == expected.get(pair, 2) for pair, code in found.items())
    assert len(found) == 6
