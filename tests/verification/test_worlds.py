"""Lives lived again in other worlds: what must stay to the bit, and what one may not do to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from observed_tools import observed

from rlsabm.compilation import compiled
from rlsabm.conventions import MALE, NEVER
from rlsabm.exposures.catalogue.condition import Condition, shipped_catalogue
from rlsabm.exposures.catalogue.episodes import episode_at
from rlsabm.exposures.donation import NO_DONOR
from rlsabm.exposures.kidney import HEALTHY_KIDNEY
from rlsabm.measuring.cases import DEFINITIONS, RECALLS, case_bits
from rlsabm.observe.survey import Survey, survey_month, take_survey
from rlsabm.person import BODY, LIFE
from rlsabm.population import Population
from rlsabm.results.tables.contrasts import count_contrasts
from rlsabm.results.tables.persons import list_persons
from rlsabm.results.tables.shifts import estimate_shifts
from rlsabm.setting import Setting, make_setting
from rlsabm.worlds import living_again as worlds_module
from rlsabm.worlds.living_again import all_worlds, check_same, live_again
from rlsabm.worlds.world import (
    ALWAYS_REPLETE,
    ALWAYS_SUFFICIENT,
    NO_PATH,
    World,
    without,
    without_iron_of,
    worlds_of,
)

KEY = 20190713
#: People to live again.
SOME, MANY = 40_000, 100_000


def condition(name: str, **effects: Any) -> Condition:
    """A common condition that comes at all ages."""
    return Condition(
        name=name,
        label=name,
        definition=name,
        source="made for a test",
        ages=[0, 20, 80],
        prevalence=[0.1, 0.25, 0.35],
        **effects,
    )


CONDITIONS = (
    condition("iron_loss", iron_loss_mg_per_day=0.4, duration_years=10),
    condition("malabsorption", absorption_factor=0.6),
    condition("load_only", dopamine_load=1.0, duration_years=5),
    condition("blood_loss", blood_loss_ml_per_day=1.5, duration_years=6),
    condition("single_bleeding", blood_loss_ml_at_onset=700, duration_years=1),
    condition("control", negative_control=True, mortality_ratio=1.5),
    condition("iron_and_load", iron_loss_mg_per_day=0.3, dopamine_load=0.5, duration_years=8),
)
NAMES = [each.name for each in CONDITIONS]
RULED = ("blood_donation", "pregnancy", "heavy_menstrual_bleeding", "ckd_4_5", "dialysis")
NOTHING, FORCED = "nothing is left out", "a control is left out by the long way"
#: Burdens that can only take iron, or add to the loss of function: without them people are spared RLS.
ONE_WAY = ("iron_loss", "malabsorption", "load_only", "iron_and_load", "heavy_menstrual_bleeding")


def extra_worlds() -> list[World]:
    """A world that leaves out nothing, and one that reckons the same burden in another way."""
    control = 1 << NAMES.index("control")
    return [
        World(NOTHING),
        World(FORCED, conditions=control),
        World(f"{FORCED}, its iron", iron_only=True, conditions=control),
    ]


class Relived(NamedTuple):
    """People of a survey and what they became in other worlds; worlds along the second axis."""

    setting: Setting
    people: Population
    survey: Survey
    worlds: list[World]
    bits: np.ndarray  # case bits, the factual world first
    same: np.ndarray  # whether the body is the factual one to the bit, but for...
    same_children: np.ndarray  # ...what it gave to children
    load: np.ndarray  # loss of dopaminergic function
    first_onset: np.ndarray  # month of the first onset by condition of the catalogue

    def place(self, name: str) -> int:
        return [world.name for world in self.worlds].index(name) + 1


#: What a body gave to children.
TO_CHILDREN = ("conceptus_iron_mg", "child_iron_mg")
OTHERS = tuple(name for name in BODY.names or () if name not in TO_CHILDREN)


def same_bodies(one: Any, other: Any, fields: Sequence[str] = BODY.names or ()) -> np.ndarray:
    """Whether bodies are equal in these fields, to the bit."""
    same = np.ones(np.broadcast_shapes(one.shape, other.shape), dtype=bool)
    for name in fields:
        kind = f"u{BODY[name].itemsize}"
        a, b = np.ascontiguousarray(one[name]), np.ascontiguousarray(other[name])
        same &= a.view(kind) == b.view(kind)
    return same


@compiled
def fill_first_onsets(lives: Any, p: Any, onsets: Any) -> None:
    """Month in which each condition changes first, seen from before birth: its first onset."""
    for i in range(len(lives)):
        for c in range(onsets.shape[1]):
            _, onsets[i, c] = episode_at(lives[i], c, lives[i].birth_month - 1, p)


def first_onsets(survey: Survey) -> np.ndarray:
    onsets = np.zeros((len(survey), len(survey.setting.conditions)), dtype=np.int64)
    fill_first_onsets(survey.lives, survey.p, onsets)
    return onsets


@pytest.fixture(
    scope="module",
    params=[SOME, pytest.param(MANY, marks=pytest.mark.endurance)],
    ids="{:_} people".format,
)
def relived(request: pytest.FixtureRequest) -> Relived:
    setting = make_setting(size=request.param, conditions=CONDITIONS)
    people = Population(setting, key=KEY, threads=2)
    people.advance(setting.plan.survey_month)
    survey = take_survey(setting, people.lives, people.bodies, year=2019, p=people.inputs)
    worlds = [*worlds_of(setting, [*NAMES, *RULED], postulates=True), *extra_worlds()]
    shape = (len(survey), len(worlds) + 1)
    bits, load = np.zeros(shape, dtype=np.uint8), np.zeros(shape)
    same, same_children = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    for window, bodies in live_again(
        survey.lives, survey.bodies["endowment_mg"], [survey.month], worlds, p=people.inputs,
        threads=2,
    ):  # fmt: skip
        bits[window] = case_bits(bodies[:, 0], survey.month)
        factual = survey.bodies[window][:, None]
        same[window] = same_bodies(bodies[:, 0], factual, OTHERS)
        same_children[window] = same_bodies(bodies[:, 0], factual, TO_CHILDREN)
        load[window] = bodies[:, 0]["dopamine_deficit"]
    onsets = first_onsets(survey)
    return Relived(setting, people, survey, worlds, bits, same, same_children, load, onsets)


# What stays to the bit


def test_the_people_have_seen_everything(relived: Relived) -> None:
    lives = relived.survey.lives
    assert len(lives) == relived.setting.size
    assert (lives["donations"] > 0).mean() > 0.03
    assert (lives["gravidity"] > 0).mean() > 0.2
    assert (lives["kidney"] > HEALTHY_KIDNEY).mean() > 0.003
    assert ((relived.first_onset <= relived.survey.month).mean(axis=0) > 0.15).all()
    assert (relived.bits[:, 0] > 0).mean() > 0.05


def test_the_factual_life_lived_again_is_the_same(relived: Relived) -> None:
    assert relived.same[:, 0].all()
    assert relived.same_children[:, 0].all()


@pytest.mark.parametrize("name", [NOTHING, FORCED, f"{FORCED}, its iron"])
def test_a_world_without_a_difference_is_the_factual_one(relived: Relived, name: str) -> None:
    place = relived.place(name)
    assert relived.same[:, place].all()
    assert (relived.bits[:, place] == relived.bits[:, 0]).all()


@pytest.mark.parametrize("name", [NOTHING, FORCED, f"{FORCED}, its iron"])
def test_without_a_difference_children_get_the_same_iron(relived: Relived, name: str) -> None:
    assert relived.same_children[:, relived.place(name)].all()


def test_a_control_causes_exactly_nothing(relived: Relived) -> None:
    has = relived.survey.has_condition("control")
    place = relived.place(without("control"))
    assert has.mean() > 0.1
    assert relived.same[:, place].all()
    for bit in range(6):
        case = (relived.bits >> bit) & 1 == 1
        assert case[has, 0].mean() - case[has, place].mean() == 0.0
    assert without_iron_of("control") not in [world.name for world in relived.worlds]


@pytest.mark.parametrize("name", NAMES)
def test_leaving_out_what_somebody_never_had_changes_nothing(relived: Relived, name: str) -> None:
    never = relived.first_onset[:, NAMES.index(name)] > relived.survey.month
    assert 0.05 < never.mean() < 0.9
    for place, world in enumerate(relived.worlds, start=1):
        if world.cause == name:
            assert relived.same[never, place].all(), world.name
            if name != "control" and not (name == "load_only" and world.iron_only):
                # A burden of now shows at once, but for people without stores to lose from.
                has = relived.survey.has_condition(name)
                assert relived.same[has, place].mean() < 0.002, world.name


@pytest.mark.parametrize("name", RULED)
def test_leaving_out_what_never_happened_changes_nothing(relived: Relived, name: str) -> None:
    survey = relived.survey
    lives = survey.lives
    never = {
        "blood_donation": lives["donations"] == 0,
        "pregnancy": lives["gravidity"] == 0,
        "heavy_menstrual_bleeding": (lives["sex"] == MALE)
        | (lives["menarche_month"] > survey.month),
        "ckd_4_5": lives["kidney_episode"] < 2,
        "dialysis": lives["kidney_episode"] < 3,
    }[name]
    assert (~never).sum() > 0
    assert never.mean() > 1 / 3
    assert (lives["donor"][lives["donations"] > 0] != NO_DONOR).all()
    for place, world in enumerate(relived.worlds, start=1):
        if world.cause == name:
            assert relived.same[never, place].all(), world.name
            assert not relived.same[:, place].all(), world.name


def test_without_the_iron_of_a_condition_its_load_stays(relived: Relived) -> None:
    """A condition with a load only: the world without its iron is the factual one."""
    place = relived.place(without_iron_of("load_only"))
    assert relived.same[:, place].all()
    whole = relived.place(without("load_only"))
    has = relived.survey.has_condition("load_only")
    assert (relived.load[has, whole] < relived.load[has, 0]).all()


def test_without_iron_lies_between(relived: Relived) -> None:
    """Without its iron a condition leaves its load: fewer cases than factual, more than without it."""
    has = relived.survey.has_condition("iron_and_load")
    iron, whole = (
        relived.load[has, relived.place(world("iron_and_load"))]
        for world in (without_iron_of, without)
    )
    assert (whole < iron).all()
    cases = [(relived.bits[has, p] & 1).sum() for p in range(len(relived.worlds) + 1)]
    iron_cases = cases[relived.place(without_iron_of("iron_and_load"))]
    assert cases[relived.place(without("iron_and_load"))] < iron_cases < cases[0]


@pytest.mark.xfail(
    reason="0.9989: who loses iron absorbs more of it, and all of that goes to red cells first; in the "
    "months after they are made good stores may be fuller than without the loss",
    strict=True,
    raises=AssertionError,
)
def test_without_iron_hardly_anybody_has_more_loss_of_dopamine(relived: Relived) -> None:
    has = relived.survey.has_condition("iron_and_load")
    iron = relived.load[has, relived.place(without_iron_of("iron_and_load"))]
    assert (iron <= relived.load[has, 0] + 1e-6).mean() > 0.999


# What one world may not do to another


def cases_that_factual_lacks(relived: Relived, place: int) -> list[int]:
    """Numbers by definition and recall, from the age of one year.

    Small infants' stores are about what they absorb in a month: they may overshoot after a loss.
    """
    extra = relived.bits[:, place] & ~relived.bits[:, 0]
    extra = extra[relived.survey.age >= 1]
    return [int(((extra >> bit) & 1).sum()) for bit in range(6)]


#: Known gaps of the model, to be looked at anew when they close: condition and people, and how many
#: cases are overtaken.  Who loses iron has lower stores, absorbs more, and all of it goes to red cells
#: first; after a bleed they are back sooner, and stores fill again before those of a body without it.
OVERTAKEN = {
    ("iron_loss", 40_000): "2 of 669",
    ("iron_loss", 100_000): "a few in a thousand",
    ("iron_and_load", 40_000): "2 of 2,958",
    ("iron_and_load", 100_000): "a few in a thousand",
    ("heavy_menstrual_bleeding", 100_000): "1",
    ("single_bleeding", 40_000): "6 of 124",
    ("single_bleeding", 100_000): "a few in a hundred",
    ("blood_loss", 40_000): "2 of 194",
    ("blood_loss", 100_000): "6 of 383",
}


def expect_overtaken(request: pytest.FixtureRequest, relived: Relived, name: str) -> None:
    """Expect the failure of a test where a gap is known, and nowhere else."""
    if (gap := OVERTAKEN.get((name, len(relived.survey)))) is not None:
        request.applymarker(pytest.mark.xfail(reason=gap, strict=True, raises=AssertionError))


@pytest.mark.parametrize("name", ONE_WAY)
def test_leaving_out_a_one_way_burden_makes_nobody_ill(
    relived: Relived, name: str, request: pytest.FixtureRequest
) -> None:
    expect_overtaken(request, relived, name)
    for place, world in enumerate(relived.worlds, start=1):
        if world.cause == name:
            assert cases_that_factual_lacks(relived, place) == [0] * 6, world.name


@pytest.mark.parametrize("name", ONE_WAY)
def test_leaving_out_a_one_way_burden_spares_people(relived: Relived, name: str) -> None:
    """The tests beside this one can fail: there are cases to be overtaken, and hardly any is."""
    for place, world in enumerate(relived.worlds, start=1):
        if world.cause == name and not (name == "load_only" and world.iron_only):
            spared = relived.bits[:, 0] & ~relived.bits[:, place]
            assert (spared & 1).sum() > 50
            of_all_kinds = sum(int(((spared >> bit) & 1).sum()) for bit in range(6))
            assert sum(cases_that_factual_lacks(relived, place)) <= 0.05 * of_all_kinds


@pytest.mark.parametrize("name", ["blood_loss", "single_bleeding"])
def test_leaving_out_blood_loss_makes_hardly_anybody_ill(
    relived: Relived, name: str, request: pytest.FixtureRequest
) -> None:
    """Lost red cells drive absorption, which may for a while leave fuller stores than no loss."""
    expect_overtaken(request, relived, name)
    place = relived.place(without(name))
    fewer = relived.bits[:, 0] & ~relived.bits[:, place]
    for bit, extra in enumerate(cases_that_factual_lacks(relived, place)):
        assert extra <= 0.01 * ((fewer >> bit) & 1).sum()


def test_worlds_of_the_postulates_are_nested(relived: Relived) -> None:
    replete, sufficient, no_path = (
        relived.bits[:, relived.place(name)]
        for name in (ALWAYS_REPLETE, ALWAYS_SUFFICIENT, NO_PATH)
    )
    factual = relived.bits[:, 0]
    for inner, outer in (
        (sufficient, replete),
        (replete, factual),
        (sufficient, no_path),
        (no_path, factual),
    ):
        assert not (inner & ~outer).any()
        assert (outer & ~inner).any()


def test_bits_of_a_case_are_nested(relived: Relived) -> None:
    """Significant cases are weekly ones, these are cases, and cases of now are cases of the year."""
    bits = [(relived.bits >> bit) & 1 == 1 for bit in range(6)]
    for inner, outer in ((0, 3), (1, 4), (2, 5), (1, 0), (4, 3), (5, 3)):
        assert not (bits[inner] & ~bits[outer]).any()


# Order and number of worlds, chunks, threads, dates


def some_of(relived: Relived) -> int:
    """How many of the people are lived again in several ways."""
    return relived.setting.size // 25


def relive(
    relived: Relived, worlds: Sequence[World], *, months: Sequence[int] = (), threads: int = 1
) -> np.ndarray:
    survey = relived.survey
    people = slice(0, some_of(relived))
    parts = live_again(
        survey.lives[people], survey.bodies["endowment_mg"][people], months or [survey.month],
        worlds, p=relived.people.inputs, threads=threads,
    )  # fmt: skip
    return np.concatenate([bodies for _, bodies in parts])


@pytest.fixture(scope="module")
def some(relived: Relived) -> np.ndarray:
    return relive(relived, relived.worlds)[:, 0]


def test_order_of_worlds(relived: Relived, some: np.ndarray) -> None:
    order = np.random.default_rng(3).permutation(len(relived.worlds))
    mixed = relive(relived, [relived.worlds[place] for place in order])[:, 0]
    assert same_bodies(mixed[:, 0], some[:, 0]).all()
    assert same_bodies(mixed[:, 1:], some[:, 1 + order]).all()


def test_number_of_worlds(relived: Relived, some: np.ndarray) -> None:
    assert same_bodies(relive(relived, [])[:, 0], some[:, :1]).all()
    for place in range(1, len(relived.worlds) + 1, 3):
        alone = relive(relived, [relived.worlds[place - 1]])[:, 0]
        assert same_bodies(alone, some[:, [0, place]]).all()


@pytest.mark.parametrize(("chunk", "threads"), [(256, 3), (7, 1), (1000, 2), (10_000, 1)])
def test_chunks_and_threads(
    relived: Relived, some: np.ndarray, chunk: int, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worlds_module, "CHUNK", chunk)
    again = relive(relived, relived.worlds, threads=threads)[:, 0]
    assert same_bodies(again, some).all()


def test_earlier_dates_change_nothing(relived: Relived, some: np.ndarray) -> None:
    month = relived.survey.month
    dates = [month - 120, month - 12, month - 1, month]
    again = relive(relived, relived.worlds, months=dates)
    old = relived.survey.birth_month[: some_of(relived)] <= month - 1
    assert same_bodies(again[old, -1], some[old]).all()


def test_newborns_of_a_later_date_are_noted(relived: Relived) -> None:
    """Those born in the month of a second survey are there at its end, as in the population."""
    survey = relived.survey
    born_now = np.flatnonzero(survey.birth_month == survey.month)
    assert len(born_now) > 30
    for _, bodies in live_again(
        survey.lives[born_now], survey.bodies["endowment_mg"][born_now],
        [survey.month - 12, survey.month], [], p=relived.people.inputs,
    ):  # fmt: skip
        assert not bodies[:, 0]["storage_iron_mg"].any()
        check_same(bodies[:, 1, 0], survey.bodies[born_now][: len(bodies)])


# Two years apart, many conditions, other ways to the same world


def test_two_surveys() -> None:
    """People of either survey live again to the bodies that they had, newborns included."""
    setting = make_setting(size=6000, survey_years=(2018, 2019), conditions=CONDITIONS)
    people = Population(setting, key=KEY + 1)
    surveys = []
    for year in (2018, 2019):
        people.advance(survey_month(year))
        surveys.append(
            take_survey(setting, people.lives, people.bodies, year=year, p=people.inputs)
        )
    months = [survey.month for survey in surveys]
    worlds = worlds_of(setting, ["blood_loss"], postulates=False)
    for place, survey in enumerate(surveys):
        for window, bodies in live_again(
            survey.lives, survey.bodies["endowment_mg"], months, worlds,
            p=people.inputs,
        ):  # fmt: skip
            check_same(bodies[:, place, 0], survey.bodies[window])


NEUTRAL = dict(
    blood_loss_ml_per_day=0.0,
    blood_loss_ml_at_onset=0.0,
    iron_loss_mg_per_day=0.0,
    absorption_factor=1.0,
    haemoglobin_factor=1.0,
)


@pytest.mark.parametrize("iron_only", [False, True])
def test_a_world_without_a_condition_is_one_where_it_does_nothing(iron_only: bool) -> None:
    """Where bodies do not govern lives, both ways to leave out a burden lead to the same bodies."""
    parameters = {"donation_enabled": 0, "dialysis_enabled": 0}
    effects = dict(
        iron_loss_mg_per_day=0.3, absorption_factor=0.8, haemoglobin_factor=0.97,
        blood_loss_ml_per_day=0.5, blood_loss_ml_at_onset=300, mortality_ratio=2.0, duration_years=6,
    )  # fmt: skip
    other = condition("other", absorption_factor=0.9, dopamine_load=0.3, duration_years=9)
    left = dict(dopamine_load=0.4) if iron_only else {}
    settings = [
        make_setting(
            size=3000,
            parameters=parameters,
            conditions=[condition("it", **each), other, *CONDITIONS[:2]],
        )
        for each in (effects | dict(dopamine_load=0.4), effects | NEUTRAL | left)
    ]
    people = [Population(setting, key=KEY + 2) for setting in settings]
    for each in people:
        each.advance(settings[0].plan.survey_month)
    # Bleeding at onset makes the burden change a month later.
    for name in set(LIFE.names or ()) - {"conditions_until"}:
        assert people[0].lives[name].tobytes() == people[1].lives[name].tobytes(), name
    alive = people[0].alive
    lives, bodies = people[0].lives[alive], people[0].bodies[alive]
    worlds = [
        world
        for world in worlds_of(settings[0], ["it"], postulates=False)
        if world.iron_only == iron_only
    ]
    assert len(worlds) == 1
    wanted = people[1].bodies[alive]
    # What mothers gave belongs to the life, which both ways share only if it is handed over.
    same_gift = wanted["endowment_mg"] == bodies["endowment_mg"]
    assert same_gift.sum() > 700
    for window, found in live_again(
        lives, bodies["endowment_mg"], [people[0].month - 1], worlds,
        p=people[0].inputs,
    ):  # fmt: skip
        chosen = same_gift[window]
        for name in OTHERS:
            one, two = found[chosen, 0, 1][name], wanted[window][chosen][name]
            assert one.tobytes() == two.tobytes(), name


def test_as_many_conditions_as_there_are_bits() -> None:
    conditions = [
        condition(f"number_{n}", iron_loss_mg_per_day=0.05, duration_years=5) for n in range(32)
    ]
    setting = make_setting(size=1000, conditions=conditions)
    people = Population(setting, key=KEY + 3)
    people.advance(setting.plan.survey_month)
    survey = take_survey(setting, people.lives, people.bodies, year=2019, p=people.inputs)
    worlds = worlds_of(setting, ["number_0", "number_31"], postulates=False)
    has = [survey.has_condition(world.cause) for world in worlds]
    assert all(0.2 < each.mean() < 0.4 for each in has)
    for window, bodies in live_again(
        survey.lives, survey.bodies["endowment_mg"], [survey.month], worlds,
        p=people.inputs,
    ):  # fmt: skip
        check_same(bodies[:, 0, 0], survey.bodies[window])
        for place in (1, 2):
            same = same_bodies(bodies[:, 0, place], survey.bodies[window])
            assert not same[has[place - 1][window]].any()


@pytest.mark.parametrize("name", [ALWAYS_REPLETE, ALWAYS_SUFFICIENT, NO_PATH])
def test_line_list_of_worlds_that_change_the_body(
    relived: Relived, some: np.ndarray, name: str
) -> None:
    """Where peripheral iron is not followed, it is as in the factual world, or missing."""
    whole, people = relived.survey, slice(0, some_of(relived))
    survey = replace(
        whole, rows=whole.rows[people], lives=whole.lives[people], bodies=whole.bodies[people]
    )
    places = [0, relived.place(name)]
    listed = list_persons(
        observed(
            survey, persons=1.0,
            worlds=[world for world in all_worlds(survey.setting) if world.name == name],
            bits_in_worlds=relived.bits[people][:, places],
            listed_bodies=some[:, places].view(np.recarray),
        )
    )  # fmt: skip
    of_world = listed["world"] == name
    assert of_world.sum() == some_of(relived)
    for column in ("stores_ferritin_ug_per_l", "haemoglobin_g_per_l"):
        factual, other = listed[column][~of_world], listed[column][of_world]
        assert (np.isnan(other) | (other == factual)).all(), column


# A further condition


def test_a_further_condition_leaves_the_others_alone() -> None:
    """It stands before them, yet everybody gets the others in the same months."""
    further = condition("further", mortality_ratio=1.0, duration_years=3)
    shipped = shipped_catalogue()
    settings = [
        make_setting(size=3000, conditions=conditions)
        for conditions in (shipped, (further, *shipped))
    ]
    people = [Population(setting, key=KEY + 4, forget_dead=False) for setting in settings]
    for each in people:
        each.advance(settings[0].plan.survey_month)
    one, other = (each.lives for each in people)
    for name in set(LIFE.names or ()) - {"conditions", "conditions_to_come", "conditions_until"}:
        assert one[name].tobytes() == other[name].tobytes(), name
    for name in BODY.names or ():
        assert people[0].bodies[name].tobytes() == people[1].bodies[name].tobytes(), name
    assert (one["conditions"] == other["conditions"] >> 1).all()
    assert 0.1 < (other["conditions"] & 1).mean() < 0.4
    for life in one[:400]:
        for c in range(len(shipped)):
            month = int(life["birth_month"]) - 1
            for _ in range(6):
                episodes = [
                    episode_at(life, number, month, each.inputs)
                    for number, each in ((c, people[0]), (c + 1, people[1]))
                ]
                assert episodes[0] == episodes[1]
                month = episodes[0][1]
                if month == int(NEVER):
                    break


def test_controls_show_no_shift_once_standardised(relived: Relived) -> None:
    """At like sex and age, people with a negative control have RLS as often as others."""
    survey = relived.survey
    counts = pd.DataFrame(count_contrasts(observed(survey, strata=["sex"])))
    shifts = estimate_shifts(counts.assign(draw=0, replicate=0))
    controls = [c.name for c in survey.setting.conditions if c.negative_control]
    assert controls
    found = shifts.query("estimate == 'observed_shift' and condition in @controls")
    assert len(found) == len(controls) * 3 * len(DEFINITIONS) * len(RECALLS)
    assert (found["value"].abs() < 3.9 * found["monte_carlo_error"]).all()
