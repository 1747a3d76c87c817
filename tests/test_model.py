"""The Mesa face: a model that honours Mesa's contract, and agents that are views on records."""

from __future__ import annotations

import copy
import gc
import math
import operator
import pickle
import random
import re
import sys
import weakref
from typing import Any

import mesa
import numpy as np
import pytest
from mesa.agent import Agent, AgentSet

from rlsabm.chance import replicate_keys
from rlsabm.conventions import NEVER, SEXES, month_of
from rlsabm.errors import UserError
from rlsabm.exposures.donation import months_since_donation
from rlsabm.mesa.columns import BITS_OF_TREATMENTS, COLUMNS, FIELDS, RELATIVES, never_comes
from rlsabm.mesa.model import RLSModel, read_month
from rlsabm.mesa.people import People
from rlsabm.mesa.person import Person
from rlsabm.observe.survey import take_survey
from rlsabm.person import BODY_FIELDS, LIFE_FIELDS
from rlsabm.population import LEAST_SLICE, Population
from rlsabm.setting import make_setting

SIZE = 300


def make_model(**keywords: Any) -> RLSModel:
    return RLSModel(**{"size": SIZE, "start": 2019, "seed": 2019, **keywords})


@pytest.fixture(scope="module")
def model() -> RLSModel:
    """A model that tests read and do not change."""
    model = make_model()
    model.run_for(12)
    return model


def records(population: Population, *, living: bool = False) -> bytes:
    """All bits of the people, in the order of their uids.

    Field by field: numpy leaves what lies between the fields of a record as it comes.
    """
    rows = np.argsort(population.lives["uid"])
    if living:
        rows = rows[population.alive[rows]]
    return b"".join(
        group[name][rows].tobytes()
        for group in (population.lives, population.bodies)
        for name in group.dtype.names
    )


def uids(people: Any) -> list[int]:
    return [person.uid for person in people]


# time


def test_a_model_starts_in_its_month_and_a_step_is_a_month() -> None:
    model = make_model(start="2019-07")
    assert (model.month, model.date, model.lived_until) == (month_of(2019, 7), "2019-07", "2019-06")
    assert (model.steps, model.running) == (0, True)
    model.step()
    assert (model.date, model.lived_until, model.steps) == ("2019-08", "2019-07", 1)


@pytest.mark.parametrize("start", ["2019-13", "19", "July 2019", 2019.5])
def test_a_start_that_is_no_month_is_refused(start: Any) -> None:
    with pytest.raises(UserError, match=r"start: found .* \(expected a year"):
        read_month(start)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"start": 1850}, "start: found 1850 .the population of United States is known for"),
        ({"country": "united-stats"}, "did you mean 'united-states'"),
        ({"parameters": {"pregnancy_loss_shar": 0.1}}, "did you mean pregnancy_loss_share"),
        ({"parameters": "pregnancy_loss_share"}, "list of mappings"),
        ({"years": 0}, "years: found 0 .expected a whole number from 1 to"),
        ({"years": 1000}, "years: found 1000 .expected a whole number from 1 to"),
        ({"founders_years_before": 20}, "founders_years_before: found 20 .expected .* from 110 to"),
    ],
)
def test_a_users_mistake_is_one_clear_line(keywords: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        make_model(**keywords)


def test_a_model_is_the_population_that_a_study_runs() -> None:
    model = make_model(replicate=2)
    model.run_for(7)
    setting = make_setting(size=SIZE, survey_years=(2019,))
    population = Population(setting, key=replicate_keys(2019, 3)[2])
    population.advance(month_of(2019, 7))
    assert records(model.population, living=True) == records(population, living=True)
    held = model.population
    survey = take_survey(setting, held.lives, held.bodies, year=2019, p=held.inputs)
    people = People.in_rows(model, survey.rows)
    assert np.array_equal(people.column("age_years"), survey.age)
    assert np.array_equal(people.column("has_rls"), survey.has_rls("any", "current"))
    assert np.array_equal(people.column("irls"), survey.irls)
    assert np.array_equal(people.column("is_blood_donor"), months_since_donation(survey) < 12)
    assert np.array_equal(people.column("ferritin_ug_per_l"), survey.stores_ferritin_ug_per_l)


def test_replicates_differ_and_parameters_reach_the_rules() -> None:
    first, second = make_model(), make_model(replicate=1)
    assert first.agents.agg("ferritin_ug_per_l", sum) != second.agents.agg("ferritin_ug_per_l", sum)
    without = make_model(parameters={"donation_enabled": 0.0})
    assert without.agents.agg("donations", sum) == 0 < first.agents.agg("donations", sum)


def test_the_end_of_the_planned_years_stops_the_model() -> None:
    model = make_model(years=1)
    model.run_model()
    assert (model.steps, model.date, model.running) == (12, "2020-01", False)
    with pytest.raises(UserError, match=r"planned until 2019-12.*years="):
        model.step()
    with pytest.raises(UserError, match="planned until"):
        model.run_for(1)


def test_births_go_on_until_the_end_of_the_planned_years() -> None:
    model = make_model(years=15, size=1_000)
    model.run_for(14 * 12)
    before = len(model.agents.select(age_years=0))
    model.run_for(12)
    assert len(model.agents.select(age_years=0)) > before / 2 > 2


def test_planning_further_changes_nothing_before() -> None:
    short, long = make_model(years=1), make_model(years=30)
    for model in (short, long):
        model.run_for(12)
    assert records(short.population) == records(long.population)
    chances = short.population.setting.plan.conception
    assert np.array_equal(chances, long.population.setting.plan.conception[: len(chances)])


def test_a_model_can_begin_with_its_founders() -> None:
    model = make_model(grow=False, founders_years_before=110)
    assert model.date == "1909-01"
    assert len(model.agents) == 0
    assert math.isnan(model.datacollector.model_vars["rls_prevalence"][0])
    for _ in range(110 * 12):
        model.step()
    in_blocks = make_model(grow=False, founders_years_before=110)
    in_blocks.run_for(110 * 12)
    assert records(model.population) == records(in_blocks.population)
    grown = make_model(founders_years_before=110)
    assert records(model.population, living=True) == records(grown.population, living=True)


# one by one


def test_people_stepped_one_by_one_live_the_compiled_loop() -> None:
    """Births, deaths, donations and all: the same bits in every field."""
    by_hand, compiled = make_model(), make_model()
    for _ in range(18):
        by_hand.open_month()
        for person in by_hand.agents:
            person.step()
        by_hand.close_month()
    compiled.run_for(18)
    assert by_hand.month == compiled.month
    assert len(by_hand.everyone) == len(compiled.everyone)
    assert by_hand.everyone.select(birth_month=lambda month: month >= month_of(2019)).uids.size
    assert by_hand.everyone.select(is_alive=False, death_month=lambda m: m >= month_of(2019))
    assert records(by_hand.population) == records(compiled.population)
    assert by_hand.population.person_months == compiled.population.person_months


def test_order_subsets_and_steps_do_not_matter() -> None:
    class Shuffled(RLSModel):
        def step(self) -> None:
            self.open_month()
            self.agents.shuffle_do("step")
            super().step()

    shuffled = Shuffled(size=SIZE, start=2019, seed=2019)
    partly, stepped, at_once = make_model(), make_model(), make_model()
    for _ in range(6):
        shuffled.step()
        partly.agents.select(sex="male").shuffle()[5].step()
        partly.agents.select(sex="female", at_most=0.5).do("step")
        partly.step()
        stepped.step()
    at_once.run_for(6)
    assert shuffled.steps == partly.steps == at_once.steps == 6
    expected = records(stepped.population)
    for model in (shuffled, partly, at_once):
        assert records(model.population) == expected


def test_threads_do_not_matter() -> None:
    models = [make_model(size=3_000, threads=threads) for threads in (1, 2)]
    assert len(models[1].population.lives) >= 2 * LEAST_SLICE
    for model in models:
        model.step()
    assert records(models[0].population) == records(models[1].population)


def test_a_month_is_lived_once() -> None:
    model = make_model()
    person = model.agents.select(age_years=range(20, 40))[0]
    person.step()
    with pytest.raises(RuntimeError, match="a person lives 2019-01 once"):
        person.step()
    with pytest.raises(RuntimeError, match="once"):
        model.agents.do("step")
    model.run_for(1)
    person.step()


def test_the_dead_do_nothing_and_are_held_but_are_no_agents() -> None:
    model = make_model()
    person = model.agents[0]
    person.death_month = model.month - 1
    before = model.population.bodies[person.row].tobytes()
    person.step()
    model.step()
    assert person not in model.agents
    assert person in model.everyone
    assert not person.is_alive
    assert model.population.bodies[person.row].tobytes() == before
    assert repr(person).endswith(", dead>")


def test_a_person_is_found_again_when_rows_move() -> None:
    model = make_model()
    people = model.agents
    victim, last = people[0], people.select(age_years=range(30, 40))[-1]
    liability = last.other_liability
    people.select(at_most=100).set("death_month", model.month - 20)
    model.population.forget_dead = True
    layout = model.population.layout
    model.close_month()
    assert model.population.layout == layout + 1
    assert last.uid == model.population.lives["uid"][last.row]
    assert last.other_liability == liability
    assert last == model.agents.select(lambda person: person.uid == last.uid)[0]
    with pytest.raises(LookupError, match=f"does not hold person {victim.uid}"):
        _ = victim.weight_kg
    assert repr(victim) == f"<Person {victim.uid}: no longer held>"
    with pytest.raises(LookupError, match="does not hold person"):
        Person(model, 12345)
    with pytest.raises(LookupError):
        people.agg("weight_kg", np.mean)


# a person


def test_a_person_is_a_view(model: RLSModel) -> None:
    first, again = model.agents[7], Person(model, model.agents[7].uid)
    assert first is not again
    assert first == again
    assert len({first, again, model.agents[8]}) == 2
    assert first != Person(make_other(model), first.uid)
    assert first != first.uid
    assert isinstance(first, mesa.Agent)
    assert (first.unique_id, first.pos, first.model) == (first.uid, None, model)
    assert first.random is model.random
    assert "years" in repr(first)


def make_other(model: RLSModel) -> RLSModel:
    return copy.deepcopy(model)


def test_every_field_is_an_attribute(model: RLSModel) -> None:
    assert not {field.name for field in LIFE_FIELDS} & {field.name for field in BODY_FIELDS}
    person = model.agents[40]
    for field in (*LIFE_FIELDS, *BODY_FIELDS):
        group = model.population.lives if field in LIFE_FIELDS else model.population.bodies
        stored = group[person.row][field.name].item()
        assert person.code(field.name) == stored
        if field.name not in (*RELATIVES, *BITS_OF_TREATMENTS):
            shown = field.labels[stored] if field.labels else stored
            if field.unit == "month" and never_comes(stored):
                shown = math.nan
            np.testing.assert_equal(getattr(person, field.name), shown)
            assert type(getattr(person, field.name)) is type(shown)
    assert person.sex == SEXES[person.code("sex")]
    assert Person.weight_kg.__doc__ == "weight (kg)"


def test_every_column_is_an_attribute_and_both_agree(model: RLSModel) -> None:
    people = model.agents
    for name in COLUMNS:
        column = people.column(name)
        assert column.shape == (len(people),)
        np.testing.assert_array_equal(column, people.get(name))  # two missing values are alike
        for place in (0, 100, -1):
            np.testing.assert_equal(getattr(people[place], name), column[place])


def test_months_that_never_came_are_missing(model: RLSModel) -> None:
    """As in line lists: no number stands for never."""
    people = model.everyone
    for name in (name for name, field in FIELDS.items() if field.unit == "month"):
        months = people.column(name)
        assert np.nanmin(months, initial=9e9) > month_of(1700), name
        assert np.nanmax(months, initial=0) < month_of(2400), name
    assert np.isnan(model.agents.column("death_month")).all()
    never = people.select(donor="never")
    assert math.isnan(never[0].last_donation_month)
    assert never[0].code("last_donation_month") < 0
    gave = people.select(donations=lambda n: n > 0)
    assert gave[0].last_donation_month == gave.column("last_donation_month")[0] > month_of(1900)


def test_fields_can_be_written_and_are_checked() -> None:
    model = make_model()
    person = model.agents[5]
    person.storage_iron_mg = 20.0
    person.kidney = "dialysis"
    person.donations = 4
    assert model.population.bodies["storage_iron_mg"][person.row] == 20.0
    assert (person.kidney, person.on_dialysis, person.donations) == ("dialysis", True, 4)
    person.kidney = 0
    assert person.kidney == "healthy"
    for name, value, message in [
        ("sex", "femal", "found the text 'femal' (expected one of female, male)"),
        ("kidney", "", "found the text '' (expected one of healthy, CKD 3"),
        ("kidney", 7, "found 7 (expected one of healthy, CKD 3, CKD 4-5, dialysis, graft)"),
        ("parity", -1, "found -1 (expected a whole number from 0 to 255)"),
        ("parity", 1.5, "found 1.5 (expected a whole number from 0 to 255)"),
        ("weight_kg", "heavy", "found the text 'heavy' (expected a number from 0.5 to"),
        ("weight_kg", None, "is empty (expected a number from 0.5 to 1,000,000 kg)"),
    ]:
        with pytest.raises(UserError, match=rf"^{name}: {re.escape(message)}"):
            setattr(person, name, value)


@pytest.mark.parametrize("name", ["uid", "unique_id", "age_years", "mother", "children", "pos"])
def test_what_follows_from_other_things_cannot_be_set(model: RLSModel, name: str) -> None:
    with pytest.raises(AttributeError, match=f"'{name}' of a person cannot be set"):
        setattr(model.agents[0], name, 1)
    with pytest.raises(AttributeError, match="cannot be set"):
        model.agents.set(name, 1)


def test_an_unknown_attribute_is_refused_with_the_nearest_name(model: RLSModel) -> None:
    people = model.agents
    message = "a person has no 'haemoglobin_g_per_dl'; did you mean 'haemoglobin_g_per_l'?"
    for attempt in (
        lambda: people[0].haemoglobin_g_per_dl,
        lambda: setattr(people[0], "haemoglobin_g_per_dl", 1),
        lambda: people.get("haemoglobin_g_per_dl"),
        lambda: people.get(["sex", "haemoglobin_g_per_dl"]),
        lambda: people.agg("haemoglobin_g_per_dl", np.mean),
        lambda: people.set("haemoglobin_g_per_dl", 1),
        lambda: people.groupby("haemoglobin_g_per_dl"),
        lambda: people.sort("haemoglobin_g_per_dl"),
        lambda: people.select(haemoglobin_g_per_dl=1),
        lambda: people.column("haemoglobin_g_per_dl"),
    ):
        with pytest.raises(AttributeError) as caught:
            attempt()
        assert str(caught.value) == message
    with pytest.raises(AttributeError, match="a record has no 'sexx'; did you mean 'sex'"):
        people.codes("sexx")
    assert not hasattr(people[0], "wealth")
    assert people.get("wealth", handle_missing="default", default_value=3) == [3] * len(people)
    with pytest.raises(ValueError, match="neither 'error' nor 'default'"):
        people.get("sex", handle_missing="ignore")  # type: ignore[arg-type]


def test_relatives_are_people(model: RLSModel) -> None:
    child = model.agents.select(lambda person: person.mother is not None)[0]
    mother = child.mother
    assert mother.uid == child.mother_uid == child.code("mother")
    assert mother.sex == "female"
    assert child in mother.children
    assert mother.live_births >= len(mother.children)
    if child.father is not None:
        assert child in child.father.children
    for sibling in child.siblings:
        assert child in sibling.siblings
        assert sibling != child
        assert {sibling.mother_uid, sibling.father_uid} & {child.mother_uid, child.father_uid}
    founder = model.agents.select(mother_uid=0, father_uid=0)[0]
    assert (founder.mother, founder.father, founder.siblings) == (None, None, [])


def test_people_are_neither_made_nor_removed_by_hand(model: RLSModel) -> None:
    for attempt in (
        model.agents[0].remove,
        model.remove_all_agents,
        lambda: Person.create_agents(model, 2),
        lambda: Agent(model),
    ):
        with pytest.raises(TypeError, match=r"born or founded|by dying"):
            attempt()
    with pytest.raises(AttributeError):
        model.agents = []  # type: ignore[assignment, misc]
    Agent._ids.pop(model, None)


def test_looking_at_100_000_persons_leaves_nothing_behind() -> None:
    model = make_model()
    ids, wanted = len(Agent._ids), 100_000

    def look(model: RLSModel) -> None:
        looked = 0
        while looked < wanted:
            looked += sum(person == Person(model, person.uid) for person in model.agents)

    look(model)
    gc.collect()
    before = sys.getallocatedblocks()
    look(model)
    gc.collect()
    assert len(Agent._ids) == ids
    assert sys.getallocatedblocks() - before < 100
    assert len(model._agents) == 0
    remembered = weakref.ref(model)
    del model
    gc.collect()
    assert remembered() is None


# people


def test_people_override_all_that_mesa_does_by_weak_keys() -> None:
    own = {name for name, value in vars(AgentSet).items() if callable(value)}
    assert own - set(vars(People)) == set()


def test_people_are_a_sequence(model: RLSModel) -> None:
    people = model.agents
    assert len(people) == int(model.population.alive.sum()) == len(list(people))
    assert uids(people) == people.uids.tolist() == people.get("uid")
    assert people[0] in people
    assert people[-1].uid == uids(people)[-1]
    assert people[2:5] == list(people)[2:5]
    assert people.to_list() == list(people)
    assert people.index(people[4]) == 4
    assert people.count(people[4]) == 1
    assert next(reversed(people)) == people[-1]
    assert "nobody" not in people
    with pytest.raises(IndexError):
        people[len(people)]
    assert repr(people) == f"<People: {len(people):,}>"
    assert model.agent_types == [Person]
    assert model.agents_by_type[Person] == people


def test_columns_equal_numpy(model: RLSModel) -> None:
    people = model.agents
    alive = model.population.lives["death_month"] == NEVER
    lives, bodies = model.population.lives[alive], model.population.bodies[alive]
    assert people.agg("weight_kg", np.mean) == lives["weight_kg"].astype(float).mean()
    assert people.agg("parity", sum) == int(lives["parity"].sum())
    assert people.agg("parity", [min, max]) == [lives["parity"].min(), lives["parity"].max()]
    assert people.agg("has_rls", np.mean) == (bodies["rls"] != 0).mean()
    assert people.get(["sex", "parity"]) == [[p.sex, p.parity] for p in people]
    assert np.array_equal(people.codes("kidney"), lives["kidney"])
    assert people.get("model")[0] is model
    assert people.get("mother") == [person.mother for person in people]


def test_select_by_criteria_function_and_mask(model: RLSModel) -> None:
    people = model.agents
    lives = model.population.lives[model.population.alive]
    age = (model.month - 1 - lives["birth_month"]) // 12
    mask = (lives["sex"] == 0) & (age >= 15) & (age < 50)
    expected = lives["uid"][mask].tolist()
    assert 0 < len(expected) < len(people)
    by_criteria = people.select(sex="female", age_years=range(15, 50))
    assert uids(by_criteria) == expected
    assert uids(people.select(lambda p: p.sex == "female" and 15 <= p.age_years < 50)) == expected
    assert uids(people.select(mask)) == expected
    adults = people.select(age_years=lambda years: years >= 18, donor=["active", "former"])
    assert all(p.age_years >= 18 and p.donor != "never" for p in adults)
    assert (
        uids(people.select(lambda p: p.parity > 0, sex="female", at_most=3))
        == uids(people.select(sex="female", parity=lambda parity: parity > 0))[:3]
    )
    assert len(people.select(at_most=0.25)) == len(people) // 4
    assert len(people.select(at_most=7)) == 7
    assert len(people.select(at_most=1)) == 1
    assert len(people.select(at_most=0)) == len(people.select(sex=[])) == 0
    assert people.select() == people
    assert people.select() is not people
    assert len(people.select(agent_type=Person)) == len(people)
    assert len(people.select(agent_type=AnotherAgent)) == 0
    chosen = model.agents
    assert chosen.select(sex="male", inplace=True) is chosen
    assert chosen == people.select(sex="male") == people - people.select(sex="female")
    with pytest.raises(ValueError, match="sex: found the text 'femal'"):
        people.select(sex="femal")
    with pytest.raises(ValueError, match="a mask must hold"):
        people.select(np.array([True]))


class AnotherAgent(mesa.Agent):  # type: ignore[misc]
    pass


def test_groupby_equals_numpy(model: RLSModel) -> None:
    people = model.agents
    lives = model.population.lives[model.population.alive]
    groups = people.groupby("sex")
    assert groups.count() == {
        sex: int((lives["sex"] == code).sum()) for code, sex in enumerate(SEXES)
    }
    means = groups.agg("weight_kg", np.mean)
    for code, sex in enumerate(SEXES):
        assert means[sex] == lives["weight_kg"][lives["sex"] == code].astype(float).mean()
    by_function = people.groupby(lambda person: person.age_years // 10)
    by_column = people.groupby("age_years", result_type="list")
    assert sum(by_function.count().values()) == sum(by_column.count().values()) == len(people)
    assert all(isinstance(group, list) for _, group in by_column)
    assert list(people.groupby("kidney").groups) == list(dict.fromkeys(people.get("kidney")))
    assert groups.map(len) == groups.count()
    assert {uid for _, group in groups for uid in group.get("uid")} == set(uids(people))
    assert people.select(sex=[]).groupby("sex").count() == {}


def test_order(model: RLSModel) -> None:
    people = model.agents
    for name in ("parity", "weight_kg", "sex"):
        attribute = operator.attrgetter(name)
        for key in (name, attribute):
            assert uids(people.sort(key)) == uids(sorted(people, key=attribute, reverse=True))
            assert uids(people.sort(key, ascending=True)) == uids(sorted(people, key=attribute))
    people.random = random.Random(1)
    shuffled = people.shuffle()
    assert uids(shuffled) != uids(people)
    assert shuffled == people
    assert people.sort("weight_kg", inplace=True) is people
    assert people.shuffle(inplace=True) is people


def test_do_map_and_set() -> None:
    model = make_model()
    people = model.agents
    assert people.map(lambda person, more: person.parity + more, 1) == [
        parity + 1 for parity in people.get("parity")
    ]
    assert people.map("code", "sex") == people.codes("sex").tolist()
    met: list[int] = []
    assert people.do(lambda person: met.append(person.uid)) is people
    assert met == uids(people)
    met.clear()
    people.shuffle_do(lambda person: met.append(person.uid))
    assert sorted(met) == sorted(uids(people))
    assert people.select(sex="male").set("donor", "former") is not None
    assert set(people.select(sex="male").get("donor")) == {"former"}
    people.set("storage_iron_mg", np.arange(len(people)))
    assert people.get("storage_iron_mg") == list(range(len(people)))


def test_set_operations(model: RLSModel) -> None:
    people = model.agents
    women, parents = people.select(sex="female"), people.select(parity=lambda parity: parity > 0)
    men = people - women
    assert parents <= women < people
    assert people > women >= parents
    assert women | men == people == men | women
    assert women & men == men - men == men & list(women)
    assert women.isdisjoint(men)
    assert not women.isdisjoint(parents)
    assert (women ^ people) == men == list(people) - women
    assert women != men
    changing = women.select()
    changing |= men
    changing -= parents
    changing ^= parents
    changing &= women
    assert changing == women
    changing.remove(women[0])
    assert women[0] not in changing
    with pytest.raises(KeyError):
        changing.remove(women[0])
    changing.discard(women[0])
    changing.add(women[0])
    changing.add(women[0])
    assert changing[-1] == women[0]
    assert len(changing) == len(women)
    first = changing[0]
    assert changing.pop() == first
    changing.clear()
    assert len(changing) == 0
    assert People(list(women)) == women
    assert len(People([], model=model)) == 0
    with pytest.raises(ValueError, match="needs its model"):
        People([])


def test_copies() -> None:
    model = make_model()
    people = model.agents
    assert copy.copy(people) == people
    assert copy.copy(people[0]) == people[0]
    other = pickle.loads(pickle.dumps(model))
    other.step()
    model.step()
    assert records(other.population) == records(model.population)
    assert other.steps == model.steps == 1


# Mesa's own tools


def test_data_collector() -> None:
    class Collecting(RLSModel):
        agent_reporters = {  # noqa: RUF012
            "ferritin": "ferritin_ug_per_l",
            "months": lambda person: person.model.month - person.birth_month,
            "sex_code": [Person.code, ["sex"]],
        }

    model = Collecting(size=SIZE, start=2019)
    for _ in range(3):
        model.step()
    frame = model.datacollector.get_agent_vars_dataframe()
    assert frame.index.names == ["Step", "AgentID"]
    last = frame.loc[3]
    assert last.index.tolist() == uids(model.agents)
    assert last["ferritin"].tolist() == model.agents.get("ferritin_ug_per_l")
    assert last["sex_code"].tolist() == model.agents.codes("sex").tolist()
    of_model = model.datacollector.get_model_vars_dataframe()
    assert of_model["lived_until"].tolist() == ["2018-12", "2019-01", "2019-02", "2019-03"]
    assert of_model["people"].iloc[-1] == len(model.agents)
    assert of_model["rls_prevalence"].iloc[-1] == model.agents.agg("has_rls", np.mean)

    by_type = mesa.DataCollector(agenttype_reporters={Person: {"age": "age_years"}})
    by_type.collect(model)
    assert len(by_type.get_agenttype_vars_dataframe(Person)) == len(model.agents)

    class Mistaken(RLSModel):
        agent_reporters = {"ferritin": "feritin_ug_per_l"}  # noqa: RUF012

    with pytest.raises(AttributeError, match="did you mean 'ferritin_ug_per_l'"):
        Mistaken(size=SIZE, start=2019)


def test_the_rules_do_not_draw_from_mesas_generators() -> None:
    model = make_model()
    before = model.random.getstate(), model.rng.bit_generator.state
    model.step()
    model.run_for(12)
    model.agents.do("step")
    assert (model.random.getstate(), model.rng.bit_generator.state) == before


def test_fields_and_columns_are_complete() -> None:
    relatives = {"mother", "father", "partner", "children"}
    assert set(FIELDS) - set(COLUMNS) == relatives | set(BITS_OF_TREATMENTS)
    assert all(hasattr(Person, name) for name in (*COLUMNS, *RELATIVES))


# Other worlds ---------------------------------------------------------------------------------------


def test_a_person_in_another_world() -> None:
    model = RLSModel(size=1_000, start=2019, seed=3)
    mothers = [person for person in model.agents if person.parity > 1][:30]
    assert len(mothers) == 30
    without = [mother.in_world("without pregnancy") for mother in mothers]
    assert all(body.vulnerability == 0.0 for body in without)
    assert all(mother.vulnerability > 0.0 for mother in mothers)
    for mother in mothers[:5]:
        same = mother.in_world("without parkinsons disease")
        assert same.liability == mother.liability
        assert same.storage_iron_mg == mother.storage_iron_mg
    with pytest.raises(UserError, match="did you mean 'without dialysis'"):
        mothers[0].in_world("without dialisis")
    mothers[0].liability = 3.0
    with pytest.raises(RuntimeError, match="lived again"):
        mothers[0].in_world("without pregnancy")
