"""Other worlds: what each leaves out of the burden or changes in the body, and lives lived again."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from rule_tools import EXACT, NOW, a_burden, burdens, inputs, moment, person, plain

from rlsabm.body.brain import iron_effect
from rlsabm.burden import neutral_burdens
from rlsabm.conventions import DAYS_PER_MONTH, FEMALE, MALE, NEVER
from rlsabm.declaring.groups import IRON_STORES
from rlsabm.exposures.catalogue.condition import Condition
from rlsabm.exposures.catalogue.episodes import EVERY_CONDITION
from rlsabm.exposures.menses import menstrual_loss_ml
from rlsabm.exposures.month import PARTS
from rlsabm.exposures.pregnancy import NOT_PREGNANT
from rlsabm.life.birth import begin_again
from rlsabm.life.month import BURDENS, STANDING, live_months
from rlsabm.person import BODY, LIFE, newborn_records
from rlsabm.scratch import new_scratch
from rlsabm.worlds import living_again
from rlsabm.worlds.living_again import all_worlds, check_same, live_again, live_life_again, relive
from rlsabm.worlds.world import (
    ALWAYS_REPLETE,
    ALWAYS_SUFFICIENT,
    BEARING,
    BURDENS_WITH_WORLDS,
    NO_PATH,
    OF_WORLD,
    POSTULATE_WORLDS,
    REPLETE,
    SUFFICIENT,
    WITHOUT_PATH,
    World,
    add_parts,
    advance_changed_body,
    burden_of_world,
    causes_with_rules,
    without,
    without_iron_of,
    world_records,
    worlds_of,
)

PLACE = {part.name: number for number, part in enumerate(PARTS)}


def made(name: str, **given: Any) -> Condition:
    return Condition(name=name, label=name, definition=name, source="a test", **given)


#: Come soon after birth and stay.
IRON = made("iron", onset_per_1000=[900.0], iron_loss_mg_per_day=0.3)
LOAD = made("load", onset_per_1000=[900.0], dopamine_load=1.0)
BOTH = made("both", onset_per_1000=[900.0], iron_loss_mg_per_day=0.2, dopamine_load=0.5)
CONTROL = made("control", onset_per_1000=[900.0], mortality_ratio=1.0)
CATALOGUE = (IRON, LOAD, BOTH, CONTROL)
SETTING: Any = SimpleNamespace(conditions=CATALOGUE, inputs=inputs(CATALOGUE))


# Which there are ----------------------------------------------------------------------------------


def test_conditions_with_rules_that_a_world_can_do_without() -> None:
    """Normal menses are in no world's list."""
    assert causes_with_rules() == (
        "pregnancy", "heavy_menstrual_bleeding", "ckd_4_5", "dialysis", "blood_donation",
    )  # fmt: skip


def test_a_world_leaves_out_the_bit_of_its_part() -> None:
    worlds = worlds_of(SETTING, ["blood_donation", "heavy_menstrual_bleeding"], postulates=False)
    assert worlds == [
        World("without blood donation", "blood_donation", False, 1 << 5, 0),
        World("without heavy menstrual bleeding", "heavy_menstrual_bleeding", False, 1 << 2, 0),
    ]


@pytest.mark.parametrize("cause", ["pregnancy", "ckd_4_5", "dialysis"])
def test_conditions_with_a_load_have_a_second_world_without_their_iron(cause: str) -> None:
    whole, iron = worlds_of(SETTING, [cause], postulates=False)
    assert (whole.name, iron.name) == (without(cause), without_iron_of(cause))
    assert (whole.iron_only, iron.iron_only) == (False, True)
    assert whole.parts == iron.parts == 1 << PLACE[cause]


def test_where_the_load_is_none_there_is_no_second_world() -> None:
    values = dict(pregnancy_dopamine_load=0, lasting_effect=0, lasting_cns_iron_loss=0,
                  ckd_4_dopamine_load=0, dialysis_dopamine_load=0)  # fmt: skip
    setting: Any = SimpleNamespace(conditions=(), inputs=inputs(**values))
    for cause in ("pregnancy", "ckd_4_5", "dialysis"):
        assert len(worlds_of(setting, [cause], postulates=False)) == 1
    for name in ("pregnancy_dopamine_load", "lasting_effect", "lasting_cns_iron_loss"):
        setting.inputs = inputs(**(values | {name: 0.5}))
        assert len(worlds_of(setting, ["pregnancy"], postulates=False)) == 2


def test_worlds_of_the_catalogue() -> None:
    """A load alone has no iron to leave out; a control nothing at all."""
    found = worlds_of(SETTING, ["iron", "load", "both", "control"], postulates=False)
    assert found == [
        World(without("iron"), "iron", False, 0, 0b0001),
        World(without("load"), "load", False, 0, 0b0010),
        World(without_iron_of("load"), "load", True, 0, 0),
        World(without("both"), "both", False, 0, 0b0100),
        World(without_iron_of("both"), "both", True, 0, 0b0100),
        World(without("control"), "control", False, 0, 0),
    ]


def test_worlds_of_the_postulates_come_last_where_they_are_wanted() -> None:
    worlds = worlds_of(SETTING, ["iron"], postulates=True)
    assert tuple(worlds[1:]) == POSTULATE_WORLDS
    assert [(w.name, w.body) for w in POSTULATE_WORLDS] == [
        (ALWAYS_REPLETE, REPLETE), (ALWAYS_SUFFICIENT, SUFFICIENT), (NO_PATH, WITHOUT_PATH),
    ]  # fmt: skip
    assert [w.cause for w in POSTULATE_WORLDS] == [IRON_STORES, "", ""]
    assert [w.follows_stores for w in POSTULATE_WORLDS] == [False, True, True]


def test_all_worlds_are_of_rules_catalogue_and_postulates() -> None:
    names = [world.name for world in all_worlds(SETTING)]
    assert len(names) == len(set(names)) == 8 + 6 + 3
    assert {without("pregnancy"), without_iron_of("dialysis"), without("iron"), NO_PATH} <= set(
        names
    )


def test_an_unknown_condition_has_no_world() -> None:
    with pytest.raises(ValueError, match="no condition 'menses'"):
        worlds_of(SETTING, ["menses"], postulates=False)


def test_without_pregnancy_a_survey_measures_unexpanded_blood() -> None:
    lives = newborn_records(LIFE, 1)
    lives["pregnancy"], lives["last_birth_month"] = 1, NOW
    whole, iron = worlds_of(SETTING, ["pregnancy"], postulates=False)
    donation = worlds_of(SETTING, ["blood_donation"], postulates=False)[0]
    seen = whole.as_measured(lives)
    assert seen["pregnancy"][0] == NOT_PREGNANT
    assert seen["last_birth_month"][0] < NOW - 10**6
    assert lives["pregnancy"][0] == 1, "the life itself stays"
    for world in (iron, donation):
        assert world.as_measured(lives)["pregnancy"][0] == 1


def test_records_of_worlds() -> None:
    found = world_records([World("a", parts=3, conditions=5), World("b", iron_only=True, body=2)])
    assert found["parts"].tolist() == [3, 0]
    assert found["conditions"].tolist() == [5, 0]
    assert found["iron_only"].tolist() == [0, 1]
    assert found["body"].tolist() == [BEARING, 2]


# Burdens of worlds --------------------------------------------------------------------------------


def parts_filled() -> Any:
    """Burdens of a month with blood lost and a load in the parts of pregnancy and dialysis."""
    found = neutral_burdens(BURDENS_WITH_WORLDS)
    for place, blood in ((1, 100.0), (5, 1000.0)):
        found[place].blood_loss_ml, found[place].dopamine_load = blood, blood / 100
    return found


@pytest.mark.parametrize(
    ("left_out", "iron_only", "blood", "load"),
    [
        (0, 0, 1100.0, 11.0), (0b00001, 0, 1000.0, 10.0), (0b10000, 0, 100.0, 1.0),
        (0b10001, 0, 0.0, 0.0), (0b10000, 1, 100.0, 11.0), (0b00010, 0, 1100.0, 11.0),
    ],
)  # fmt: skip
def test_parts_are_added_but_for_what_is_left_out(
    left_out: int, iron_only: int, blood: float, load: float
) -> None:
    found = parts_filled()
    plain(add_parts)(found, 0, 0b10001, left_out, iron_only)
    assert (found[0].blood_loss_ml, found[0].dopamine_load) == (blood, load)


def test_parts_that_are_not_filled_are_not_looked_at() -> None:
    found = parts_filled()
    plain(add_parts)(found, 0, 0b00001, 0, 0)
    assert found[0].blood_loss_ml == 100.0


def borne(world: World, conditions: int, begun: int = 0, filled: int = 0b10001) -> Any:
    """The burden of a month in a world; ``STANDING`` is that of conditions that are there."""
    life, _ = person(conditions=conditions, basal_loss_mg_per_day=0.0)
    found = parts_filled()
    found[STANDING].iron_loss_mg = 77.0
    plain(burden_of_world)(found, life, world_records([world])[0], filled, begun, SETTING.inputs)
    return found[OF_WORLD]


def test_a_world_that_leaves_out_no_condition_bears_those_that_are_there() -> None:
    for world, conditions in ((World("none"), 0b1), (World("other", conditions=0b100), 0b1)):
        found = borne(world, conditions)
        assert found.iron_loss_mg == 77.0
        assert found.blood_loss_ml == 1100.0


def test_a_world_without_a_condition_bears_the_others() -> None:
    found = borne(World("it", conditions=0b0001), 0b0101)
    assert found.iron_loss_mg == pytest.approx(0.2 * 30.44)
    assert found.dopamine_load == pytest.approx(0.5 + 11.0)


def test_a_world_without_the_iron_of_a_condition_bears_its_load() -> None:
    found = borne(World("it", iron_only=True, conditions=0b0100), 0b0101)
    assert found.iron_loss_mg == pytest.approx(0.3 * 30.44)
    assert found.dopamine_load == pytest.approx(0.5 + 11.0)


def test_a_world_leaves_out_a_part_or_its_iron() -> None:
    found = borne(World("it", parts=0b10000), 0)
    assert (found.blood_loss_ml, found.dopamine_load) == (100.0, 1.0)
    found = borne(World("it", iron_only=True, parts=0b10000), 0)
    assert (found.blood_loss_ml, found.dopamine_load) == (100.0, 11.0)


def test_bleeding_at_onset_is_borne_where_its_condition_is() -> None:
    bleeding = made("bleeding", onset_per_1000=[900.0], blood_loss_ml_at_onset=500.0)
    p = inputs([bleeding, IRON])
    for world, blood in ((World("it", conditions=0b10), 500.0), (World("it", conditions=0b01), 0.0),
                         (World("i", iron_only=True, conditions=0b10), 500.0)):  # fmt: skip
        life, _ = person(conditions=0b11, basal_loss_mg_per_day=1.0)
        found = burdens(BURDENS_WITH_WORLDS)
        plain(burden_of_world)(found, life, world_records([world])[0], 0, 0b01, p)
        assert found[OF_WORLD].blood_loss_ml == blood


# Changed bodies -----------------------------------------------------------------------------------


def changed_body(kind: int, load: float = 0.0, **fields: Any) -> tuple[Any, Any]:
    """Body after a month in a world of the postulates, and what lack of iron did in it."""
    given = dict(
        cns_iron_trait=0.7, cns_iron_exchangeable=0.4, cns_iron_structural=0.5, storage_iron_mg=50.0
    )
    life, body = person(**(given | fields))
    _, factual = person(cns_iron_exchangeable=0.3, cns_iron_structural=0.2)
    burden = a_burden()
    burden.dopamine_load = load
    p = SETTING.inputs
    plain(advance_changed_body)(body, factual, kind, life, burden, moment(), p)
    return body, plain(iron_effect)(body, 40, p)


STEP = 1 - np.exp(-1.0)


def threshold() -> float:
    p = SETTING.inputs
    return float(p.age_effect[40] - p.liability_threshold)


def test_with_replete_stores_cns_iron_follows_the_trait_alone() -> None:
    body, effect = changed_body(REPLETE, load=0.3)
    assert body.cns_iron_exchangeable == pytest.approx(
        0.4 + (0.7 - 0.4) * (1 - np.exp(-0.5)), rel=EXACT
    )
    assert body.cns_iron_structural != pytest.approx(0.5, rel=1e-4)
    assert effect > 0.1
    assert body.dopamine_deficit == pytest.approx((0.8 * effect + 0.3) * STEP, rel=1e-5)
    expected = threshold() + body.dopamine_deficit + 0.2 * effect
    assert body.liability == pytest.approx(expected, rel=1e-5)


def test_with_sufficient_cns_iron_nothing_is_lacking() -> None:
    body, effect = changed_body(SUFFICIENT, load=0.3)
    assert body.cns_iron_exchangeable == 1.0
    assert body.cns_iron_structural == pytest.approx(SETTING.inputs.structural_pool_norm[40])
    assert effect == pytest.approx(0.0, abs=1e-6)
    assert body.dopamine_deficit == pytest.approx(0.3 * STEP, rel=1e-5)
    assert body.liability == pytest.approx(threshold() + body.dopamine_deficit, rel=1e-5)


def test_with_the_path_cut_lack_of_iron_does_not_reach_dopamine() -> None:
    body, effect = changed_body(WITHOUT_PATH, load=0.3)
    assert body.cns_iron_exchangeable == pytest.approx(0.3)
    assert body.cns_iron_structural == pytest.approx(0.2)
    assert body.dopamine_deficit == pytest.approx(0.3 * STEP, rel=1e-5)
    expected = threshold() + body.dopamine_deficit + 0.2 * effect
    assert body.liability == pytest.approx(expected, rel=1e-5)


# Lives lived again --------------------------------------------------------------------------------

YEARS = 2
BORN = NOW - 12 * YEARS
WORLDS = [
    World("nothing"),
    *worlds_of(SETTING, ["iron", "load", "both", "control"], postulates=True),
]


def newborn(uid: int = 1, sex: int = MALE, **fields: Any) -> Any:
    """Somebody's life as it was at birth, with a trait that makes lack of iron felt."""
    lived = newborn_records(LIFE, 1)
    given = dict(uid=uid, sex=sex, birth_month=BORN, conditions_to_come=EVERY_CONDITION,
                 cns_iron_polygenes=-1.5)  # fmt: skip
    for name, value in (given | fields).items():
        lived[name] = value
    return lived


def again(lived: Any, worlds: list[World], months: list[int], p: Any = None) -> Any:
    """Bodies by month and world of one life, by the plain rule."""
    p = SETTING.inputs if p is None else p
    life, bodies = newborn_records(LIFE, 1), newborn_records(BODY, len(worlds) + 1)
    plain(begin_again)(life[0], bodies[0], lived[0], 200.0, p)
    states = np.zeros((len(months), len(worlds) + 1), dtype=BODY)
    plain(live_life_again)(
        life[0], bodies, np.ones(len(worlds), dtype=bool), _dirty(), np.array(months), states,
        world_records(worlds), p,
    )  # fmt: skip
    return states


def _dirty() -> Any:
    """Scratch burdens as another life has left them."""
    found = neutral_burdens(BURDENS_WITH_WORLDS)
    for burden in found:
        burden.blood_loss_ml, burden.dopamine_load = 50.0, 3.0
    return found


def straight(lived: Any, months: list[int], p: Any = None) -> Any:
    """Bodies by month, lived as a population lives."""
    p = SETTING.inputs if p is None else p
    life, body = newborn_records(LIFE, 1)[0], newborn_records(BODY, 1)[0]
    plain(begin_again)(life, body, lived[0], 200.0, p)
    found, states = burdens(BURDENS), np.zeros(len(months), dtype=BODY)
    for month in range(int(life.birth_month), months[-1] + 1):
        plain(live_months)(life, body, found, month, month, new_scratch().ahead, p)
        if life.death_month != NEVER:
            break
        if month in months:
            states[months.index(month)] = body
    return states


MONTHS = [BORN + 5, BORN + 17, NOW - 1]


@pytest.fixture(scope="module")
def states() -> Any:
    return again(newborn(), WORLDS, MONTHS)


def place(name: str) -> int:
    return [world.name for world in WORLDS].index(name) + 1


def test_the_factual_life_lived_again_is_the_same(states: Any) -> None:
    found = straight(newborn(), MONTHS)
    assert (states[:, 0] == found).all()
    assert found["dopamine_deficit"][-1] > 1, "the conditions are there"


def test_a_world_without_a_difference_is_the_factual_one(states: Any) -> None:
    for name in ("nothing", without("control"), without_iron_of("load")):
        assert (states[:, place(name)] == states[:, 0]).all(), name


def test_a_world_without_a_condition_is_one_in_which_it_does_nothing(states: Any) -> None:
    """The same life where the condition comes but has no effect: the same bodies."""
    for name, rest in (("iron", {}), ("load", {}), ("both", {})):
        idle = made(name, onset_per_1000=[900.0], **rest)
        p = inputs([idle if each.name == name else each for each in CATALOGUE])
        found = straight(newborn(), MONTHS, p)
        other = states[:, place(without(name))]
        for field in (
            "storage_iron_mg",
            "dopamine_deficit",
            "liability",
            "rls",
            "cns_iron_exchangeable",
        ):
            assert other[field] == pytest.approx(found[field], rel=1e-5), (name, field)
        assert (other != states[:, 0]).any()


def test_a_world_without_the_iron_of_a_condition_leaves_its_load(states: Any) -> None:
    idle = made("both", onset_per_1000=[900.0], dopamine_load=0.5)
    p = inputs([idle if each.name == "both" else each for each in CATALOGUE])
    found = straight(newborn(), MONTHS, p)
    other = states[:, place(without_iron_of("both"))]
    for field in ("storage_iron_mg", "dopamine_deficit", "liability"):
        assert other[field] == pytest.approx(found[field], rel=1e-5), field


def on_dialysis_from_childhood() -> Any:
    """Inputs with which kidneys fail in the first years of life, and nobody dies of it."""
    p = inputs(
        CATALOGUE,
        ckd_3_years=0.5,
        ckd_4_years=0.5,
        infusion_mg_per_month=150,
        infusion_ferritin_below_ug_per_l=100,
    )
    p.kidney_onset[:] = 1.0
    p.transplant[:] = p.dialysis_death[:] = 0.0
    return p


def test_dialysis_units_infuse_by_what_they_measure_in_each_world() -> None:
    """Who does not lose the iron of a condition is infused less; the ledger closes everywhere."""
    p = on_dialysis_from_childhood()
    p.death[:] = 0.0
    months = list(range(BORN + 1, BORN + 120))
    found = again(newborn(), WORLDS, months, p)
    # Iron infused is what is gained beyond food: a unit gives all of a dose or nothing.
    gained = np.diff(found["iron_gained_mg"], axis=0)
    doses = np.rint((gained - found["absorbed_mg_per_day"][1:] * DAYS_PER_MONTH) / 150)
    times = dict(zip(["factual", *(w.name for w in WORLDS)], doses.sum(axis=0), strict=True))
    assert times[without("iron")] < times["factual"]
    assert times[without("load")] == times["nothing"] == times["factual"] > 20
    bearing = [0, *(place(world.name) for world in WORLDS if world.body == BEARING)]
    held = found["storage_iron_mg"] + found["red_cell_iron_mg"] + found["tissue_iron_mg"]
    kept = found["iron_gained_mg"] - found["iron_spent_mg"]
    assert held[:, bearing] == pytest.approx(kept[:, bearing], rel=1e-6)


def test_worlds_of_the_postulates_exist_from_birth(states: Any) -> None:
    p = SETTING.inputs
    sufficient = states[:, place(ALWAYS_SUFFICIENT)]
    assert sufficient["cns_iron_exchangeable"] == pytest.approx(1.0)
    ages = [(month - BORN) // 12 for month in MONTHS]
    assert sufficient["cns_iron_structural"] == pytest.approx(
        p.structural_pool_norm[ages], rel=EXACT
    )
    no_path, factual = states[:, place(NO_PATH)], states[:, 0]
    assert (no_path["cns_iron_exchangeable"] == factual["cns_iron_exchangeable"]).all()
    assert (no_path["dopamine_deficit"] < factual["dopamine_deficit"]).all()
    assert (no_path["dopamine_deficit"] == sufficient["dopamine_deficit"]).all()
    replete = states[:, place(ALWAYS_REPLETE)]
    assert (replete["cns_iron_exchangeable"] >= factual["cns_iron_exchangeable"]).all()


def test_months_before_birth_and_after_death_stay_untouched() -> None:
    found = again(newborn(), WORLDS[:1], [BORN - 30, BORN - 1, BORN, NOW - 1])
    assert not found["storage_iron_mg"][:2].any()
    assert found["storage_iron_mg"][2:].all()
    found = again(newborn(), WORLDS[:1], [BORN - 1, BORN, NOW - 1])
    assert found["storage_iron_mg"].any(axis=1).tolist() == [False, True, True]
    p = SETTING.inputs.copy()
    p.death[:, 1:] = 1.0
    found = again(newborn(), WORLDS[:1], [BORN + 11, BORN + 12, NOW - 1], p)
    assert found["storage_iron_mg"].any(axis=1).tolist() == [True, False, False]


def test_the_last_month_asked_for_is_lived() -> None:
    """Whether others are noted before it or not."""
    assert (again(newborn(), [], [NOW - 1])[0] == again(newborn(), [], MONTHS)[-1]).all()


def mother(p: Any) -> Any:
    """A woman of 30 who bleeds heavily."""
    loss = plain(menstrual_loss_ml)
    uid = next(uid for uid in range(1, 500) if loss(np.uint64(uid), 30, p) > 150)
    return newborn(uid=uid, sex=FEMALE, birth_month=NOW - 30 * 12)


def test_worlds_without_exposures_of_women() -> None:
    """Without heavy bleeding and without pregnancy stores are fuller; menses come all the time.

    In late pregnancy both bodies absorb up to the ceiling: with a high one, she who bled catches up.
    """
    p = inputs(pregnancy_loss_share=0, pregnancy_supplement_uptake=0, pill_share=0,
               hormonal_coil_share=0, copper_coil_share=0,
               absorption_ceiling_women_mg_per_day=3.75)  # fmt: skip
    p.conception[p.conception.shape[0] // 2 - 3, 17:, :] = 1.0
    setting: Any = SimpleNamespace(conditions=(), inputs=p)
    worlds = worlds_of(setting, ["heavy_menstrual_bleeding", "pregnancy"], postulates=False)
    months = [NOW - 36 + k for k in range(36)]
    found = again(mother(p), worlds, months, p)
    assert (found[:, 0] == straight(mother(p), months, p)).all()
    factual, light, childless, no_iron = (found[:, k] for k in range(4))
    assert (light["storage_iron_mg"] >= factual["storage_iron_mg"]).all()
    assert light["storage_iron_mg"][-1] > 2 * factual["storage_iron_mg"][-1]
    assert factual["lasting_load"][-1] == pytest.approx(0.5, abs=0.02)
    assert factual["child_iron_mg"][-1] > 100
    assert not childless["lasting_load"].any()
    assert not childless["child_iron_mg"].any()
    assert (no_iron["lasting_load"] == factual["lasting_load"]).all()
    assert light["child_iron_mg"][-1] > factual["child_iron_mg"][-1]


def test_scars_of_shortage_are_those_of_each_world() -> None:
    """Months that are short of iron in one body need not be so in another."""
    p = inputs(lasting_share_per_short_year=0.5, lasting_share_per_pregnancy=0, pill_share=0,
               hormonal_coil_share=0, copper_coil_share=0)  # fmt: skip
    setting: Any = SimpleNamespace(conditions=(), inputs=p)
    worlds = worlds_of(setting, ["heavy_menstrual_bleeding"], postulates=True)
    months = [NOW - 36 + k for k in range(36)]
    found = again(mother(p), worlds, months, p)
    load = found["lasting_load"][-1]
    factual, light, replete, sufficient, uncoupled = load
    assert factual > light + 0.05
    assert replete == sufficient == 0.0
    assert uncoupled == factual
    assert (found["vulnerability"][:, 4] == found["vulnerability"][:, 0]).all()


@pytest.mark.filterwarnings("ignore:overflow")
def test_people_live_again_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks and threads change nothing; months lived are told."""
    lived = np.concatenate([newborn(uid) for uid in (1, 2, 3, 4, 5)])
    lived["birth_month"] = NOW - np.array([3, 9, 20, 14, 6])
    lived["death_month"][2] = NOW - 10
    given, p = np.full(5, 200.0, np.float32), SETTING.inputs
    for name in ("live_lives_again",):
        monkeypatch.setattr(living_again, name, plain(getattr(living_again, name)))
    monkeypatch.setattr(living_again, "CHUNK", 2)
    told: list[int] = []
    parts = list(
        live_again(lived, given, [NOW - 1], WORLDS[:2], p=p, threads=2, progress=told.append)
    )
    assert [(window.start, window.stop) for window, _ in parts] == [(0, 2), (2, 4), (4, 5)]
    together = relive(lived, given, [NOW - 1], WORLDS[:2], p)
    assert (np.concatenate([bodies for _, bodies in parts]) == together).all()
    assert told == [3 + 9, 11 + 14, 6]


def test_stores_of_worlds_that_follow_them_are_the_factual_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Peripheral iron is the factual one where only the brain is changed; else it is not known."""
    monkeypatch.setattr(living_again, "live_lives_again", plain(living_again.live_lives_again))
    found = relive(
        newborn(), np.full(1, 200.0, np.float32), [NOW - 1], list(POSTULATE_WORLDS), SETTING.inputs
    )[0, 0]
    assert found["storage_iron_mg"][2] == found["storage_iron_mg"][3] == found["storage_iron_mg"][0]
    assert found["storage_iron_mg"][1] != found["storage_iron_mg"][0]
    assert found["dopamine_deficit"][2] != found["dopamine_deficit"][0]
    assert found["endowment_mg"][0] == 200.0


def test_other_bodies_than_they_had_are_an_error() -> None:
    bodies = newborn_records(BODY, 3)
    check_same(bodies, bodies.copy())
    other = bodies.copy()
    other["liability"][1:] = 1.0
    with pytest.raises(RuntimeError, match="2 lives lived again ended with another liability"):
        check_same(bodies, other)
