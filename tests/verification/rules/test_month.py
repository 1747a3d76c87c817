"""A month of a person: what happens in which order, what is logged; burdens and their parts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from rule_tools import KEY, NOW, a_burden, burdens, changed, inputs, moment, person, plain

from rlsabm.body.body import Constitution, constitution_of
from rlsabm.burden import (
    BURDEN_FIELDS,
    Steady,
    add_part,
    add_part_without_iron,
    hold_steady,
    is_neutral,
    lay_neutral,
    neutral_burdens,
)
from rlsabm.chance import MONTH, at
from rlsabm.conventions import DAYS_PER_MONTH, LAST_AGE, MALE, NEVER
from rlsabm.exposures.catalogue.condition import Condition
from rlsabm.exposures.catalogue.episodes import EVERY_CONDITION
from rlsabm.exposures.donation import ACTIVE_DONOR
from rlsabm.exposures.kidney import CKD_4, DIALYSIS
from rlsabm.exposures.month import (
    OF_DIALYSIS,
    OF_DONATION,
    OF_HEAVY_MENSES,
    OF_KIDNEY_DISEASE,
    OF_MENSES,
    OF_PREGNANCY,
    PART_COUNT,
    PARTS,
    WHOLE,
    filled_parts,
    follow_exposures,
    place_of,
    undergo_exposures,
)
from rlsabm.exposures.pregnancy import ONE_CHILD
from rlsabm.life.growth import grow
from rlsabm.life.month import (
    BURDENS,
    STANDING,
    begin_burden,
    count_dead,
    count_person_months,
    live_block,
    live_months,
    move_together,
)
from rlsabm.moment import moment_of
from rlsabm.person import BODY, LIFE, newborn_records
from rlsabm.scratch import new_scratch

FACTORS = [field.name for field in BURDEN_FIELDS if field.combined == "factor"]
AMOUNTS = [field.name for field in BURDEN_FIELDS if field.combined == "amount"]
#: What acts on iron, on the body otherwise, and on the life.
IRON = [field.name for field in BURDEN_FIELDS if field.does == "iron"]
BODY_ONLY = ["dopamine_load", "lasting_months"]


# Burdens ------------------------------------------------------------------------------------------


def test_amounts_add_up_and_factors_multiply() -> None:
    total, part = a_burden(), a_burden()
    for name in AMOUNTS:
        total[name], part[name] = 2.0, 3.0
    for name in FACTORS:
        total[name], part[name] = 2.0, 3.0
    plain(add_part)(total, part)
    for name in (*IRON, *BODY_ONLY):
        assert total[name] == (5.0 if name in AMOUNTS else 6.0), name
    assert total.mortality_ratio == 2.0, "it belongs to the life"


def test_without_iron_only_the_rest_is_added() -> None:
    total, part = a_burden(), a_burden()
    for name in (*AMOUNTS, *FACTORS):
        part[name] = 3.0
    plain(add_part_without_iron)(total, part)
    assert changed(a_burden(), total) == {*BODY_ONLY, "body_amounts"}
    assert [total[name] for name in BODY_ONLY] == [3.0, 3.0]


def test_a_neutral_burden_changes_no_bit_of_a_sum() -> None:
    total = a_burden()
    for number, name in enumerate((*AMOUNTS, *FACTORS)):
        total[name] = 0.1 * number + 0.7
    before = total.copy()
    plain(add_part)(total, a_burden())
    assert total == before


@pytest.mark.parametrize("name", [*IRON, *BODY_ONLY])
def test_a_burden_that_does_anything_is_not_neutral(name: str) -> None:
    burden = a_burden()
    assert plain(is_neutral)(burden)
    burden[name] = 0.5
    assert not plain(is_neutral)(burden)


def test_a_burden_is_made_neutral() -> None:
    burden = a_burden()
    for field in BURDEN_FIELDS:
        burden[field.name] = 7.0
    plain(lay_neutral)(burden)
    assert burden == a_burden()
    for name in AMOUNTS:
        assert burden[name] == 0.0
    for name in FACTORS:
        assert burden[name] == 1.0
    for kind in ("iron_amounts", "body_amounts", "life_amounts"):
        assert (burden[kind] == 0).all()
    for kind in ("iron_factors", "body_factors", "life_factors"):
        assert (burden[kind] == 1).all()


def test_kinds_of_fields_that_nobody_fills_are_neutral_too() -> None:
    """A field may come that is a factor on the body; it must add up as the others."""
    total, part = neutral_burdens(2)
    part.body_factors[:] = 2.0
    assert not plain(is_neutral)(part)
    plain(add_part_without_iron)(total, part)
    assert total.body_factors[0] == 2.0
    part.life_amounts[:] = part.body_factors[:] = 5.0
    plain(lay_neutral)(part)
    assert part == a_burden()


# Parts --------------------------------------------------------------------------------------------


def test_parts_lie_behind_the_whole_in_the_order_of_a_month() -> None:
    assert WHOLE == 0
    assert [part.name for part in PARTS] == [
        "pregnancy", "menses", "heavy_menstrual_bleeding", "ckd_4_5", "dialysis", "blood_donation",
    ]  # fmt: skip
    assert [place_of(part.name) for part in PARTS] == [1, 2, 3, 4, 5, 6]
    assert STANDING == 1 + PART_COUNT == 7
    assert BURDENS == STANDING + 1


@pytest.mark.parametrize(
    ("fields", "places"),
    [
        (dict(menstrual_loss_ml=50.0), [OF_MENSES]),
        (dict(menstrual_loss_ml=150.0), [OF_MENSES, OF_HEAVY_MENSES]),
        (dict(sex=MALE, kidney=CKD_4, kidney_until=NEVER), [OF_KIDNEY_DISEASE]),
        (dict(sex=MALE, kidney=DIALYSIS), [OF_DIALYSIS]),
        (dict(sex=MALE, donor=ACTIVE_DONOR, donor_eagerness=50.0, red_cell_iron_mg=2400.0),
         [OF_DONATION]),
        (dict(pregnancy=ONE_CHILD, conception_month=NOW - 2, pregnancy_end_month=NOW + 7,
              menopause_month=NOW), [OF_PREGNANCY]),
        (dict(sex=MALE), []),
    ],
)  # fmt: skip
def test_each_exposure_fills_its_part(fields: dict[str, Any], places: list[int]) -> None:
    p = inputs(donor_visits_per_year=12)
    for apart in (1, 0):
        life, body = person(**fields)
        found = burdens(8)
        plain(undergo_exposures)(life, body, found, apart, moment(), p)
        filled = [i for i in range(8) if not plain(is_neutral)(found[i])]
        assert filled == (places if apart else [WHOLE] * bool(places))
        if apart:
            assert plain(filled_parts)(found) == sum(1 << (place - 1) for place in places)


def test_pregnancy_keeps_menses_away_though_its_part_is_another() -> None:
    """The loss is in the part of menses, the factor 0 in that of pregnancy."""
    life, body = person(pregnancy=ONE_CHILD, conception_month=NOW - 2, pregnancy_end_month=NOW + 7,
                        menstrual_loss_ml=50.0)  # fmt: skip
    found = burdens(8)
    plain(undergo_exposures)(life, body, found, 1, moment(), inputs())
    assert found[OF_MENSES].menses_ml == 50.0
    assert found[OF_PREGNANCY].menses_factor == 0.0


def test_bodies_of_other_worlds_follow_pregnancies() -> None:
    life, body = person(conception_month=NOW, conceptus_iron_mg=9.0)
    plain(follow_exposures)(life, body, NOW, inputs())
    assert body.conceptus_iron_mg == 0.0


# A month ------------------------------------------------------------------------------------------


def lived(
    life: Any, body: Any, month: int = NOW, p: Any = None, standing: dict[str, float] | None = None
) -> Any:
    """Burdens of a month that was lived."""
    found = burdens(BURDENS)
    for name, value in (standing or {}).items():
        found[STANDING][name] = value
    ahead = new_scratch().ahead
    plain(live_months)(life, body, found, month, month, ahead, inputs() if p is None else p)
    return found


def test_the_moment_is_the_persons_age_and_uniforms() -> None:
    life, _ = person(uid=9, birth_month=NOW - 12 * 40 - 11)
    found = plain(moment_of)(life, NOW, inputs())
    symptoms, death, onset, conception = plain(at)(np.uint64(KEY), np.uint64(9), NOW, MONTH)
    assert (found.month, found.age) == (NOW, 40)
    assert (found.symptoms, found.death, found.onset, found.conception) == (
        symptoms, death, onset, conception,
    )  # fmt: skip
    life, _ = person(age=LAST_AGE + 5)
    assert plain(moment_of)(life, NOW, inputs()).age == LAST_AGE


def test_a_month_burdens_with_basal_loss_and_the_conditions_that_are_there() -> None:
    life, body = person(sex=MALE, age=40.1, basal_loss_mg_per_day=1.2)
    found = lived(life, body, standing={"iron_loss_mg": 5.0, "dopamine_load": 0.3})
    assert found[WHOLE].iron_loss_mg == pytest.approx(5 + 1.2 * DAYS_PER_MONTH, rel=1e-6)
    assert found[WHOLE].dopamine_load == 0.3
    assert found[STANDING].iron_loss_mg == 5.0, "it stays for the next month"
    assert body.iron_spent_mg == pytest.approx(5 + 1.2 * DAYS_PER_MONTH, rel=1e-6)


def test_what_bodies_are_shown_is_all_that_a_burden_does_to_them() -> None:
    assert Steady._fields == tuple(field.name for field in BURDEN_FIELDS if field.does != "life")
    burden = a_burden()
    for place, name in enumerate(Steady._fields):
        burden[name] = place
    assert plain(hold_steady)(burden) == tuple(range(len(Steady._fields)))


def test_what_bodies_are_shown_of_a_life_are_its_fields() -> None:
    life, _ = person(age=33)
    for place, name in enumerate(Constitution._fields):
        life[name] = place
    assert plain(constitution_of)(life) == tuple(range(len(Constitution._fields)))


def test_a_burden_begins_as_the_standing_one() -> None:
    life, _ = person(basal_loss_mg_per_day=1.0)
    found = burdens(3)
    found[0].blood_loss_ml = 99.0
    found[2].absorption_factor = 0.5
    plain(begin_burden)(found, 0, 2, life)
    assert (found[0].blood_loss_ml, found[0].absorption_factor) == (0.0, 0.5)
    assert found[0].iron_loss_mg == pytest.approx(DAYS_PER_MONTH)


def test_the_chance_to_die_decides_and_the_dead_do_nothing_else() -> None:
    p = inputs()
    p.death[:] = 0.5
    died = 0
    for uid in range(1, 60):
        life, body = person(uid=uid, sex=MALE)
        before = body.copy()
        _, death, _, _ = plain(at)(np.uint64(KEY), np.uint64(uid), NOW, MONTH)
        lived(life, body, p=p)
        if death < 0.5:
            died += 1
            assert life.death_month == NOW
            assert body == before
        else:
            assert life.death_month == NEVER
            assert body != before
    assert 15 < died < 45


def test_conditions_raise_mortality_in_the_month_in_which_they_are_there() -> None:
    p = inputs()
    p.death[:] = 0.5
    for uid in range(1, 60):
        _, death, _, _ = plain(at)(np.uint64(KEY), np.uint64(uid), NOW, MONTH)
        life, body = person(uid=uid, sex=MALE)
        lived(life, body, p=p, standing={"mortality_ratio": 1.5})
        assert (life.death_month == NOW) == (death < 0.75)


def test_conditions_come_before_death_and_burden_in_their_first_month() -> None:
    condition = Condition(name="it", label="it", definition="it", source="a test",
                          onset_per_1000=[999.0], dopamine_load=0.5)  # fmt: skip
    p = inputs([condition])
    life, body = person(sex=MALE, conditions_to_come=EVERY_CONDITION, conditions_until=NOW)
    found = lived(life, body, p=p)
    assert life.conditions == 1
    assert found[WHOLE].dopamine_load == 0.5
    assert life.conditions_until == NEVER


def test_conditions_are_looked_at_only_when_they_change() -> None:
    condition = Condition(name="it", label="it", definition="it", source="a test",
                          onset_per_1000=[999.0])  # fmt: skip
    life, body = person(sex=MALE, conditions_to_come=EVERY_CONDITION, conditions_until=NOW + 1)
    lived(life, body, p=inputs([condition]))
    assert (life.conditions, life.conditions_until) == (0, NOW + 1)


@pytest.mark.parametrize(("months", "grows"), [(480, True), (481, False), (3, True)])
def test_people_grow_when_it_is_time(months: int, grows: bool) -> None:
    p = inputs()
    life, body = person(sex=MALE, birth_month=NOW - months, weight_kg=11.0)
    lived(life, body, p=p)
    grown, _ = person(sex=MALE)
    plain(grow)(grown, months, p)
    assert life.weight_kg == (grown.weight_kg if grows else 11.0)


# Months of people ---------------------------------------------------------------------------------


def block(
    lives: Any, bodies: Any, first: int, last: int, *, log: int = 0, p: Any = None,
    rows: tuple[int, int] | None = None,
) -> list[tuple[int, int]]:  # fmt: skip
    """Live some months; uids and months of the events that are logged."""
    scratch = new_scratch(log)
    from_row, to_row = rows or (0, len(lives))
    p = inputs() if p is None else p
    plain(live_block)(lives, bodies, from_row, to_row, first, last, scratch, p)
    return [(int(e["event"]), int(e["month"])) for e in scratch.log[: scratch.logged[0]]]


def pair(**fields: Any) -> tuple[Any, Any]:
    """Two like men."""
    lives, bodies = newborn_records(LIFE, 2), newborn_records(BODY, 2)
    for row in range(2):
        lives[row], bodies[row] = person(sex=MALE, uid=row + 1, **fields)
    return lives, bodies


def test_months_of_a_block_are_lived_one_after_the_other() -> None:
    lives, bodies = pair()
    block(lives, bodies, NOW, NOW + 2)
    for row in range(2):
        life, body = person(sex=MALE, uid=row + 1)
        for month in range(NOW, NOW + 3):
            lived(life, body, month)
        assert bodies[row] == body


def test_only_the_rows_asked_for_live() -> None:
    lives, bodies = pair()
    before = bodies.copy()
    block(lives, bodies, NOW, NOW, rows=(1, 2))
    assert bodies[0] == before[0]
    assert bodies[1] != before[1]


def test_newborns_begin_in_the_month_of_birth() -> None:
    lives, bodies = pair(birth_month=NOW + 2)
    block(lives, bodies, NOW, NOW + 2)
    life, body = person(sex=MALE, birth_month=NOW + 2)
    lived(life, body, NOW + 2)
    assert bodies[0] == body


def test_the_dead_live_no_more() -> None:
    lives, bodies = pair(death_month=NOW - 1)
    before = bodies.copy()
    block(lives, bodies, NOW, NOW + 3)
    assert (bodies == before).all()


def test_standing_conditions_burden_from_the_first_month_of_a_block() -> None:
    condition = Condition(name="it", label="it", definition="it", source="a test",
                          prevalence=[0.1], dopamine_load=2.0)  # fmt: skip
    p = inputs([condition])
    lives, bodies = pair(conditions=1)
    lives["conditions"][1] = 0
    block(lives, bodies, NOW, NOW, p=p)
    assert bodies["dopamine_deficit"][0] == pytest.approx(2 * (1 - np.exp(-1)), rel=1e-5)
    assert bodies["dopamine_deficit"][1] < 1e-4


def test_events_are_logged_once_and_change_nothing() -> None:
    """Kidney disease that goes on, symptoms that begin, and a death after which nothing comes."""
    p = inputs()
    p.death[:] = 0.0
    fields = dict(kidney=CKD_4, kidney_until=NOW + 1, other_liability=9.0)
    lives, bodies = pair(**fields)
    silent_lives, silent_bodies = pair(**fields)
    p.dialysis_death[:] = 0.0
    p.transplant[:] = 0.0
    events = block(lives, bodies, NOW, NOW + 11, log=100, p=p)
    block(silent_lives, silent_bodies, NOW, NOW + 11, p=p)
    assert (lives == silent_lives).all()
    assert (bodies == silent_bodies).all()
    to_dialysis, onset = 8, 4
    assert events.count((to_dialysis, NOW + 1)) == 2
    assert [event for event, _ in events].count(onset) >= 2
    p.dialysis_death[:] = 1.0
    later = block(lives, bodies, NOW + 12, NOW + 20, log=100, p=p)
    assert later == [(0, NOW + 12), (0, NOW + 12)], "a death each, and nothing after it"


def test_person_months_count_the_months_of_birth_and_death() -> None:
    lives = newborn_records(LIFE, 5)
    lives["birth_month"] = [0, 15, 5, 21, 0]
    lives["death_month"] = [NEVER, NEVER, 12, NEVER, 9]
    assert plain(count_person_months)(lives, 10, 20) == 11 + 6 + 3 + 0 + 0


def test_the_dead_are_counted_up_to_a_month() -> None:
    lives = newborn_records(LIFE, 4)
    lives["death_month"] = [NEVER, 9, 12, 13]
    assert [plain(count_dead)(lives, month) for month in (9, 10, 13, 14)] == [0, 1, 2, 3]


def test_records_that_are_kept_move_to_the_front_in_order() -> None:
    lives, bodies = newborn_records(LIFE, 5), newborn_records(BODY, 5)
    lives["uid"] = bodies["endowment_mg"] = [1, 2, 3, 4, 5]
    kept = plain(move_together)(lives, bodies, np.array([True, False, True, False, True]))
    assert kept == 3
    assert lives["uid"][:3].tolist() == bodies["endowment_mg"][:3].tolist() == [1, 3, 5]
