"""Founders, children and their fathers: who is born to whom."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from rule_tools import KEY, NOW, bear_children, deliveries, inputs, person, plain

from rlsabm.chance import child_uid, founder_uid, normal, nth, nth_word
from rlsabm.conventions import FEMALE, LONG_AGO, MALE, NEVER
from rlsabm.exposures.pregnancy import DIZYGOTIC_TWINS, MONOZYGOTIC_TWINS, ONE_CHILD
from rlsabm.life.birth import (
    CANDIDATES,
    CHILD,
    DIZYGOTIC,
    FATHER,
    FREE_OR_NOT,
    LOTTERY,
    MONOZYGOTIC,
    NO_MEN,
    SEARCH_MONTHS,
    SINGLETON,
    Men,
    become_couple,
    begin_again,
    draw_father,
    find_deliveries_and_deaths,
    find_partner,
    found,
    is_possible_father,
    men_born_in,
    part_by_death,
    with_men_kept,
    with_new_men,
)
from rlsabm.person import BODY, LIFE, newborn_records

CONCEIVED = NOW - 9


def records(count: int, **fields: Any) -> Any:
    """Lives, each with an array of values or one value a field."""
    lives = newborn_records(LIFE, count)
    for name, value in fields.items():
        lives[name] = value
    return lives


# Who may be a father ------------------------------------------------------------------------------


def may_father(man: dict[str, Any] | None = None, mother: dict[str, Any] | None = None) -> bool:
    given = dict(sex=MALE, age=30, uid=50, mother=60, father=61)
    he, _ = person(**(given | (man or {})))
    given = dict(age=28, uid=70, mother=80, father=81)
    she, _ = person(**(given | (mother or {})))
    return bool(plain(is_possible_father)(he, she, CONCEIVED))


def test_a_father_is_16_to_65_years_old_at_the_conception() -> None:
    for months, possible in ((16 * 12 - 1, False), (16 * 12, True), (65 * 12, True),
                             (65 * 12 + 1, False)):  # fmt: skip
        assert may_father({"birth_month": CONCEIVED - months}) == possible


def test_a_father_lived_at_the_conception() -> None:
    for death, possible in ((CONCEIVED, False), (CONCEIVED + 1, True), (NEVER, True)):
        assert may_father({"death_month": death}) == possible


def test_a_father_is_no_near_kin() -> None:
    assert may_father()
    assert not may_father({"mother": 70}), "her son"
    assert not may_father({"uid": 81}), "her father"
    assert not may_father({"mother": 80}), "a half-brother by the mother"
    assert not may_father({"father": 81}), "a half-brother by the father"


def test_founders_are_no_kin_of_one_another() -> None:
    nobody = {"mother": 0, "father": 0}
    assert may_father(nobody, nobody)


# The index of men ---------------------------------------------------------------------------------


def test_men_are_found_by_month_of_birth_and_uid() -> None:
    lives = records(
        6, sex=[MALE, FEMALE, MALE, MALE, MALE, FEMALE], uid=[9, 1, 5, 7, 3, 2],
        birth_month=[10, 10, 12, 10, 12, 11],
    )  # fmt: skip
    men = with_new_men(NO_MEN, lives, 0)
    assert men.uid.tolist() == [7, 9, 3, 5]
    assert men.birth_month.tolist() == [10, 10, 12, 12]
    assert men.row.tolist() == [3, 0, 4, 2]
    assert [plain(men_born_in)(men, month) for month in (9, 10, 11, 12, 13)] == [
        (0, 0), (0, 2), (2, 2), (2, 4), (4, 4),
    ]  # fmt: skip


def test_new_men_come_behind_the_others() -> None:
    lives = records(4, sex=MALE, uid=[9, 8, 2, 1], birth_month=[10, 10, 11, 11])
    first = with_new_men(NO_MEN, lives[:2], 0)
    both = with_new_men(first, lives, 2)
    assert both.uid.tolist() == [8, 9, 1, 2]
    assert both.row.tolist() == [1, 0, 3, 2]


def test_rows_of_men_follow_when_others_are_dropped() -> None:
    men = Men(np.array([10, 10, 12]), np.array([7, 8, 9], np.uint64), np.array([4, 0, 2]))
    kept = with_men_kept(men, np.array([False, True, True, False, True]))
    assert (kept.uid.tolist(), kept.row.tolist()) == ([7, 9], [2, 1])
    assert kept.birth_month.tolist() == [10, 12]


# Partners and new fathers -------------------------------------------------------------------------


def village(months: list[int], uids: list[int] | None = None) -> tuple[Any, Men]:
    """Men born in these months, and the index of them."""
    lives = records(
        len(months), sex=MALE, birth_month=months, mother=1000, father=1001,
        uid=uids or list(range(101, 101 + len(months))),
    )  # fmt: skip
    return lives, with_new_men(NO_MEN, lives, 0)


#: Fields of a woman whose partner has not left her.
TOGETHER = {"partner_until": NOW + 1000}


def woman(**fields: Any) -> Any:
    given = dict(age=28, uid=70, mother=80, father=81)
    return person(**(given | fields))[0]


def test_the_partner_is_the_father_of_the_last_child() -> None:
    born = NOW - 30 * 12
    lives, men = village([born - 5, born, born, born, born + 3])
    for uid, row in ((101, 0), (103, 2), (104, 3), (105, 4)):
        mother = woman(partner=uid, partner_birth_month=lives["birth_month"][row], **TOGETHER)
        assert plain(find_partner)(lives, men, mother, CONCEIVED) == row


def test_without_a_partner_or_if_he_is_gone_there_is_none() -> None:
    born = NOW - 30 * 12
    lives, men = village([born, born])
    find = plain(find_partner)
    assert find(lives, men, woman(), CONCEIVED) == -1
    for uid in (100, 99999):
        mother = woman(partner=uid, partner_birth_month=born, **TOGETHER)
        assert find(lives, men, mother, CONCEIVED) == -1
    lives["death_month"][1] = CONCEIVED
    assert (
        find(lives, men, woman(partner=102, partner_birth_month=born, **TOGETHER), CONCEIVED) == -1
    )


def test_partners_are_together_until_they_part() -> None:
    lives, men = village([NOW - 30 * 12])
    for until, row in ((CONCEIVED + 1, 0), (CONCEIVED, -1), (LONG_AGO, -1)):
        mother = woman(partner=101, partner_birth_month=NOW - 30 * 12, partner_until=until)
        assert plain(find_partner)(lives, men, mother, CONCEIVED) == row


def test_men_who_live_with_another_woman_are_not_drawn() -> None:
    """A free man farther off goes before one near who has a partner."""
    wanted = NOW - 28 * 12
    lives, men = village([wanted, wanted, wanted + 40])
    lives["partner_until"][:2] = CONCEIVED + 1
    assert drawn(lives, men, gap=0, point=5) == 2
    lives["partner_until"][1] = CONCEIVED
    assert drawn(lives, men, gap=0, point=5) == 1
    lives["partner_until"] = CONCEIVED + 1
    assert drawn(lives, men, gap=0, point=5) == -1
    assert drawn(lives, men, gap=0, point=5, free_at=FREE_OR_NOT) in (0, 1)


def test_a_couple_knows_each_other_and_how_long() -> None:
    lives = records(2, uid=[70, 101], sex=[FEMALE, MALE], birth_month=[NOW - 336, NOW - 360],
                    death_month=NEVER)  # fmt: skip
    plain(become_couple)(lives[0], lives[1], NOW + 100)
    assert lives["partner"].tolist() == [101, 70]
    assert lives["partner_birth_month"].tolist() == [NOW - 360, NOW - 336]
    assert lives["partner_until"].tolist() == [NOW + 100, NOW + 100]
    lives["death_month"][0] = NOW + 3
    plain(become_couple)(lives[0], lives[1], NOW + 100)
    assert lives["partner_until"].tolist() == [NOW + 100, NOW + 3], "a widower is free"


def couple(until: int = NOW + 100, death: int = NOW) -> tuple[Any, Men]:
    """A woman who died, and the man with whom she lived."""
    lives = records(2, uid=[70, 101], sex=[FEMALE, MALE], birth_month=[NOW - 336, NOW - 360],
                    partner=[101, 70], partner_birth_month=[NOW - 360, NOW - 336],
                    partner_until=until, death_month=[death, NEVER])  # fmt: skip
    return lives, with_new_men(NO_MEN, lives, 0)


def test_death_leaves_the_partner_free() -> None:
    lives, men = couple()
    plain(part_by_death)(lives, men, np.array([0]))
    assert lives["partner_until"].tolist() == [NOW + 100, NOW]


def test_death_frees_nobody_who_has_left_or_whose_partner_is_gone() -> None:
    for changed in ({"partner": [101, 71]}, {"partner": [102, 70]}, {"sex": [MALE, MALE]},
                    {"partner_until": NOW - 3}):  # fmt: skip
        lives, men = couple()
        for name, value in changed.items():
            lives[name] = value
        before = lives["partner_until"].tolist()
        plain(part_by_death)(lives, men, np.array([0]))
        assert lives["partner_until"].tolist() == before


def test_the_dead_of_some_months_are_found() -> None:
    lives = records(5, death_month=[9, 10, 12, 13, NEVER])
    find = plain(find_deliveries_and_deaths)
    assert find(lives, 0, 5, 10, 12)[1].tolist() == [1, 2]
    assert find(lives, 2, 5, 10, 12)[1].tolist() == [2]


def drawn(lives: Any, men: Men, gap: int, point: int, free_at: int = CONCEIVED) -> int:
    with np.errstate(over="ignore"):
        return int(
            plain(draw_father)(lives, men, woman(), CONCEIVED, gap, np.uint64(point), free_at)
        )


def test_a_new_father_is_born_in_the_wanted_month_or_the_nearest() -> None:
    """Distances: 0, then one month later, one earlier, two later, and so on."""
    wanted = NOW - 28 * 12 - 30
    for months, row in (
        ([wanted, wanted + 1], 0), ([wanted - 1, wanted + 1], 1), ([wanted - 1, wanted + 2], 0),
        ([wanted - 3, wanted + 3], 1), ([wanted - 3, wanted + 4], 0),
    ):  # fmt: skip
        assert drawn(*village(months), gap=30, point=5) == row


def test_a_father_is_sought_within_ten_years() -> None:
    wanted = NOW - 28 * 12 - 30
    for distance in (SEARCH_MONTHS, -(SEARCH_MONTHS - 1)):
        assert drawn(*village([wanted + distance]), gap=30, point=5) == 0
    for distance in (SEARCH_MONTHS + 1, -SEARCH_MONTHS):
        assert drawn(*village([wanted + distance]), gap=30, point=5) == -1
    assert SEARCH_MONTHS == 120


def test_the_wanted_age_is_one_that_fathers_have() -> None:
    """Nobody is wanted who would be under 16 or over 65 at the conception."""
    youngest = CONCEIVED - 16 * 12
    lives, men = village([youngest, youngest - 119])
    assert drawn(lives, men, gap=-600, point=5) == 0
    oldest = CONCEIVED - 65 * 12
    lives, men = village([oldest, oldest + 110])
    assert drawn(lives, men, gap=2000, point=5) == 0


def test_only_possible_fathers_are_drawn() -> None:
    wanted = NOW - 28 * 12 - 30
    lives, men = village([wanted, wanted, wanted + 1])
    lives["death_month"][:2] = CONCEIVED - 1
    assert drawn(lives, men, gap=30, point=5) == 2
    lives["mother"][2] = 80
    assert drawn(lives, men, gap=30, point=5) == -1


def test_the_lottery_is_among_the_first_twelve_from_the_point_on() -> None:
    """All twelve can win, from the mother's point around the ring; no thirteenth does."""
    wanted = NOW - 28 * 12
    uids = list(range(100, 140))
    lives, men = village([wanted] * 40, uids)
    rng = np.random.default_rng(1)
    winners = {drawn(lives, men, gap=0, point=point) for point in range(101, 108)}
    assert len(winners) > 3
    place = []
    for _ in range(300):
        spread = np.sort(rng.integers(1, 2**63, 40, dtype=np.uint64))
        lives, men = village([wanted] * 40, spread.tolist())
        point = int(rng.integers(1, 2**63))
        row = drawn(lives, men, gap=0, point=point)
        start = int(np.searchsorted(spread, point))
        place.append((row - start) % 40)
    assert set(place) == set(range(CANDIDATES))
    assert CANDIDATES == 12
    assert np.bincount(place).max() < 50, "about 25 each"


def test_the_lowest_number_of_the_lottery_wins() -> None:
    """(uid xor point) x an odd number, cut to 64 bits."""
    wanted = NOW - 28 * 12
    uids = [7, 99, 12345, 10**12]
    lives, men = village([wanted] * 4, uids)
    seen = set()
    for point in range(1, 60):
        lots = [((uid ^ point) * int(LOTTERY)) % 2**64 for uid in uids]
        winner = int(np.argmin(lots))
        assert drawn(lives, men, gap=0, point=point) == winner
        seen.add(winner)
    assert seen == {0, 1, 2, 3}


def test_fathers_are_as_likely_whatever_the_gaps_of_the_ring() -> None:
    """One man behind a wide gap does not have most of the children."""
    wanted = NOW - 28 * 12
    spread = [2**62, *range(2**62 + 1, 2**62 + 12)]
    lives, men = village([wanted] * 12, spread)
    rng = np.random.default_rng(2)
    rows = [drawn(lives, men, 0, int(rng.integers(1, 2**63))) for _ in range(300)]
    assert np.bincount(rows, minlength=12).max() < 60


# Deliveries ---------------------------------------------------------------------------------------


def test_deliveries_of_some_months_are_found_by_month_and_uid() -> None:
    lives = records(
        6, sex=[FEMALE, FEMALE, MALE, FEMALE, FEMALE, FEMALE], uid=[1, 9, 3, 8, 5, 2],
        last_birth_month=[9, 12, LONG_AGO, 10, 13, 12],
        last_delivery=[ONE_CHILD, ONE_CHILD, ONE_CHILD, MONOZYGOTIC_TWINS, ONE_CHILD,
                       DIZYGOTIC_TWINS],
    )  # fmt: skip
    rows, babies = deliveries(lives, 10, 12)
    assert (rows.tolist(), babies) == ([3, 5, 1], 5)


#: Mothers want men of about their own age.
NARROW = inputs(father_age_gap_sd_years=0.5)


class Born:
    """The children of one mother, and the records behind them."""

    def __init__(
        self, *, uid: int = 70, delivery: int = ONE_CHILD, p: Any = None, partner: int = 0,
        man: dict[str, Any] | None = None, parity: int = 3,
    ) -> None:  # fmt: skip
        babies = 1 if delivery == ONE_CHILD else 2
        born = NOW - 30 * 12
        self.lives = records(3, uid=[uid, 501, 502], sex=[FEMALE, MALE, MALE], birth_month=born,
                             mother=[80, 90, 91], father=[81, 92, 93])  # fmt: skip
        for name, value in (man or {}).items():
            self.lives[name][1:] = value
        self.bodies = newborn_records(BODY, 3)
        mother = self.lives[0]
        mother["last_birth_month"], mother["last_delivery"] = NOW, delivery
        mother["parity"], mother["partner"] = parity, partner
        mother["partner_birth_month"] = born if partner else LONG_AGO
        mother["partner_until"] = NOW + 1000 if partner else LONG_AGO
        self.bodies["child_iron_mg"][0] = 210.0
        self.new, self.new_bodies = newborn_records(LIFE, babies), newborn_records(BODY, babies)
        with np.errstate(over="ignore"):
            bear_children(
                self.lives, self.bodies, with_new_men(NO_MEN, self.lives, 0), np.array([0]),
                self.new, self.new_bodies, newborn_records(LIFE, 1), NARROW if p is None else p,
            )  # fmt: skip


def test_a_child_is_a_function_of_mother_and_birth_order() -> None:
    born = Born()
    child = born.new[0]
    assert child["uid"] == plain(child_uid)(np.uint64(70), 3, 0)
    assert (child["mother"], child["birth_order"], child["birth_month"]) == (70, 3, NOW)
    assert child["twin"] == SINGLETON
    assert born.new_bodies["endowment_mg"][0] == 210.0
    assert child["conditions_until"] == NOW


def test_twins_are_of_two_kinds() -> None:
    for delivery, twin in ((MONOZYGOTIC_TWINS, MONOZYGOTIC), (DIZYGOTIC_TWINS, DIZYGOTIC)):
        born = Born(delivery=delivery)
        assert born.new["twin"].tolist() == [twin, twin]
        assert born.new["uid"].tolist() == [
            plain(child_uid)(np.uint64(70), 3, place) for place in (0, 1)
        ]
        assert born.new_bodies["endowment_mg"].tolist() == [210.0, 210.0]


def test_monozygotic_twins_share_sex_and_genome_and_dizygotic_ones_do_not() -> None:
    names = ["maternal_alleles", "paternal_alleles", "cns_iron_polygenes", "other_polygenes"]
    same_sex = {}
    for delivery in (MONOZYGOTIC_TWINS, DIZYGOTIC_TWINS):
        twins = [Born(uid=uid, delivery=delivery).new for uid in range(10, 90)]
        same_sex[delivery] = np.mean([pair["sex"][0] == pair["sex"][1] for pair in twins])
        same = [all(pair[name][0] == pair[name][1] for name in names) for pair in twins]
        assert all(same) if delivery == MONOZYGOTIC_TWINS else not any(same)
    assert same_sex[MONOZYGOTIC_TWINS] == 1.0
    assert same_sex[DIZYGOTIC_TWINS] == pytest.approx(0.5, abs=3.5 * 0.5 / 80**0.5)


def test_boys_are_the_countrys_share_of_the_month() -> None:
    p = NARROW.copy()
    p.male_share[:] = 0.0
    p.male_share[NOW - p.first_month] = 0.3
    sexes = [Born(uid=uid, p=p).new["sex"][0] for uid in range(1, 401)]
    assert np.mean(sexes) == pytest.approx(0.3, abs=3.5 * (0.21 / 400) ** 0.5)
    for uid, sex in enumerate(sexes, start=1):
        boy, _, _, _ = plain(nth)(np.uint64(KEY), np.uint64(uid), 3, CHILD)
        assert (sex == MALE) == (boy < 0.3)


def test_the_partner_fathers_the_next_child_while_the_couple_lasts() -> None:
    for uid in range(1, 40):
        assert Born(uid=uid, partner=502).new["father"][0] == 502
        assert Born(uid=uid, partner=501).new["father"][0] == 501


def test_new_couples_last_an_exponential_time() -> None:
    """From the conception of their first child; the fourth uniform of the delivery decides."""
    p = inputs(couple_mean_years=7, father_age_gap_sd_years=0.5)
    for uid in range(1, 40):
        born = Born(uid=uid, p=p)
        _, _, _, lasting = plain(nth)(np.uint64(KEY), np.uint64(uid), 3, CHILD)
        months = max(1, int(0.5 - 12 * 7 * np.log(1 - lasting)))
        father = born.lives[born.lives["uid"] == born.new["father"][0]][0]
        assert born.lives["partner_until"][0] == father["partner_until"] == CONCEIVED + months
        assert father["partner"] == uid
    assert inputs().couple_mean_years == 25


def test_an_old_couple_keeps_its_time() -> None:
    born = Born(partner=502)
    assert born.lives["partner_until"][0] == NOW + 1000


def test_a_man_with_a_partner_is_the_father_if_nobody_is_free_but_stays_with_her() -> None:
    for until, partners in ((CONCEIVED, 70), (CONCEIVED + 1, 33)):
        born = Born(man={"partner": 33, "partner_until": until})
        father = born.lives[born.lives["uid"] == born.new["father"][0]][0]
        assert father["uid"] in (501, 502)
        assert father["partner"] == partners
        assert born.lives["partner"][0] == father["uid"]
        assert (born.lives["partner_until"][0] > CONCEIVED) == (partners == 70)


def test_who_delivers_first_has_the_free_man() -> None:
    """Of two mothers in one month the one of the lower uid; the other has him all the same, as he is
    the only one, but he does not live with her."""
    for months, uids, first in (
        ((NOW, NOW - 1), (70, 71), 1), ((NOW - 1, NOW), (70, 71), 0), ((NOW, NOW), (71, 70), 1),
        ((NOW, NOW), (70, 71), 0),
    ):  # fmt: skip
        lives = records(3, uid=[*uids, 501], sex=[FEMALE, FEMALE, MALE], mother=[7, 8, 9],
                        birth_month=NOW - 360, father=[17, 18, 19], parity=1)  # fmt: skip
        lives["last_birth_month"][:2], lives["last_delivery"][:2] = months, ONE_CHILD
        mothers, babies = deliveries(lives, NOW - 5, NOW)
        new = newborn_records(LIFE, babies)
        with np.errstate(over="ignore"):
            bear_children(lives, newborn_records(BODY, 3), with_new_men(NO_MEN, lives, 0), mothers,
                        new, newborn_records(BODY, 2), newborn_records(LIFE, 1), NARROW)  # fmt: skip
        assert new["father"].tolist() == [501, 501]
        assert lives["partner"][2] == uids[first]
        conceived = np.array(months) - 9
        together = lives["partner_until"][:2] > conceived
        assert together.tolist() == [first == 0, first == 1]


def test_the_partner_may_stand_first_among_the_people() -> None:
    """The father of last time is in row 0."""
    for uid in range(10, 40):
        born = NOW - 30 * 12
        lives = records(4, uid=[501, 502, 503, uid], sex=[MALE, MALE, MALE, FEMALE],
                        birth_month=born, mother=[90, 91, 92, 80], father=93)  # fmt: skip
        lives["father"][3], lives["partner"][3], lives["partner_birth_month"][3] = 81, 501, born
        lives["partner_until"][3] = NOW + 1000
        lives["last_birth_month"][3], lives["last_delivery"][3] = NOW, ONE_CHILD
        new, p = newborn_records(LIFE, 1), inputs()
        with np.errstate(over="ignore"):
            bear_children(lives, newborn_records(BODY, 4), with_new_men(NO_MEN, lives, 0),
                        np.array([3]), new, newborn_records(BODY, 1), newborn_records(LIFE, 1),
                        p)  # fmt: skip
        assert new["father"][0] == 501


def test_the_mother_remembers_the_father() -> None:
    born = Born()
    father = born.new["father"][0]
    assert father in (501, 502)
    assert born.lives["partner"][0] == father
    assert born.lives["partner_birth_month"][0] == NOW - 30 * 12


def test_a_child_without_a_possible_father_has_an_unknown_one() -> None:
    """Its genome is half a founder's; nobody is named."""
    born = Born(man={"death_month": NOW - 500})
    assert born.new["father"][0] == 0
    assert born.lives["partner"][0] == 0
    assert born.lives["partner_birth_month"][0] == LONG_AGO
    others = [Born(uid=uid, man={"death_month": NOW - 500}).new["paternal_alleles"][0]
              for uid in range(1, 30)]  # fmt: skip
    assert len(set(others)) > 5


def test_the_wanted_age_of_a_father_is_normal_around_two_and_a_half_years_more() -> None:
    """Twelve months a year: of many men, the one of the wanted month is drawn."""
    p = inputs()
    gaps = []
    for uid in range(1, 60):
        lives = records(901, sex=MALE, uid=np.arange(1000, 1901), mother=50_000, father=50_001,
                        birth_month=NOW - 30 * 12 - np.arange(901) + 250)  # fmt: skip
        lives[0]["uid"], lives[0]["sex"], lives[0]["birth_month"] = uid, FEMALE, NOW - 30 * 12
        lives[0]["last_birth_month"], lives[0]["last_delivery"] = NOW, ONE_CHILD
        lives[0]["parity"], lives[0]["mother"], lives[0]["father"] = 1, 7, 8
        new, new_bodies = newborn_records(LIFE, 1), newborn_records(BODY, 1)
        men = with_new_men(NO_MEN, lives, 0)
        with np.errstate(over="ignore"):
            bear_children(lives, newborn_records(BODY, 901), men, np.array([0]), new, new_bodies,
                        newborn_records(LIFE, 1), p)  # fmt: skip
        row = int(np.flatnonzero(lives["uid"] == new["father"][0])[0])
        _, _, gap, _ = plain(nth)(np.uint64(KEY), np.uint64(uid), 1, CHILD)
        wanted = int(12 * (2.5 + 5 * plain(normal)(gap)))
        found = int(lives["birth_month"][0] - lives["birth_month"][row])
        gaps.append(found - wanted)
    # A few are wanted younger than 16 years would allow; none here.
    assert set(gaps) == {0}


def test_the_point_on_the_ring_belongs_to_the_delivery() -> None:
    """The same mother draws another point for another child."""
    points = {int(plain(nth_word)(np.uint64(KEY), np.uint64(70), k, FATHER)) for k in range(9)}
    assert len(points) == 9
    fathers = [
        int(Born(uid=uid, parity=order).new["father"][0])
        for uid in (70, 71, 72)
        for order in (1, 2, 3)
    ]
    assert set(fathers) == {501, 502}


# Beginning ----------------------------------------------------------------------------------------


def test_founders_have_uids_of_their_block_and_no_parents() -> None:
    lives, bodies = newborn_records(LIFE, 3), newborn_records(BODY, 3)
    plain(found)(lives, bodies, np.array([5, 6, 7]), np.array([0, 1, 0]), 2, 40, inputs())
    assert lives["uid"].tolist() == [plain(founder_uid)(2, index) for index in (40, 41, 42)]
    assert lives["birth_month"].tolist() == lives["conditions_until"].tolist() == [5, 6, 7]
    assert lives["sex"].tolist() == [FEMALE, MALE, FEMALE]
    assert not lives["mother"].any()
    assert (bodies["endowment_mg"] == 0).all()
    assert bodies["iron_gained_mg"] == pytest.approx(75 * lives["weight_kg"], rel=1e-5)
    assert lives["menarche_month"].astype(bool).tolist() == [True, False, True], "women only"


def test_a_life_begun_again_is_the_newborns() -> None:
    p = inputs()
    for delivery in (ONE_CHILD, MONOZYGOTIC_TWINS):
        child = Born(delivery=delivery).new[0]
        lived = child.copy()
        lived["parity"], lived["weight_kg"], lived["death_month"] = 3, 80.0, NOW + 500
        life, body = newborn_records(LIFE, 1)[0], newborn_records(BODY, 1)[0]
        plain(begin_again)(life, body, lived, 210.0, p)
        for name in LIFE.names or ():
            assert life[name] == child[name], name
        assert body["endowment_mg"] == 210.0
