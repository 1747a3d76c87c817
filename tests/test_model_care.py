"""Care in a Mesa model: the rules of a scenario, and treatments that a script gives by hand."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

from rlsabm.chance import replicate_keys
from rlsabm.conventions import NEVER, month_of
from rlsabm.demography.countries import load_country
from rlsabm.errors import UserError
from rlsabm.mesa.columns import BITS_OF_TREATMENTS
from rlsabm.mesa.model import RLSModel
from rlsabm.population import Population
from rlsabm.study.settings import read_scenario, unit_setting

SIZE = 400
#: A treatment of whoever is offered it; nobody is but those to whom a script gives it.
BY_HAND = {"rules": {"by_hand": {"treatment": "levodopa", "uptake": 0}}}


def make_model(**keywords: Any) -> RLSModel:
    return RLSModel(**{"size": SIZE, "start": 2019, "seed": 7, **keywords})


def records(population: Population, without: set[int] | frozenset[int] = frozenset()) -> bytes:
    """All bits of the living, in the order of their uids, without some people."""
    rows = np.argsort(population.lives["uid"])
    rows = rows[population.alive[rows]]
    rows = rows[~np.isin(population.lives["uid"][rows], list(without))]
    return b"".join(
        group[name][rows].tobytes()
        for group in (population.lives, population.bodies)
        for name in group.dtype.names
    )


@pytest.fixture(scope="module")
def treated() -> RLSModel:
    """A model under usual care, which tests read and do not change."""
    model = make_model(size=2_000, care={"presets": ["usual_care"]})
    model.run_for(6)
    return model


@pytest.fixture(scope="module")
def grown() -> RLSModel:
    """A model with a treatment to be given by hand, which tests copy."""
    return make_model(care=BY_HAND)


# Rules of care


def test_a_model_with_care_is_the_population_that_a_study_runs(treated: RLSModel) -> None:
    stepped = make_model(size=2_000, care={"presets": ["usual_care"]})
    for _ in range(6):
        stepped.step()
    study = read_scenario({
        "title": "t", "population": {"size": 2_000}, "care": {"presets": ["usual_care"]},
    })  # fmt: skip
    setting = unit_setting(study.scenario, 0, country=load_country("united-states"))
    population = Population(setting, key=replicate_keys(7, 1)[0])
    population.advance(month_of(2019, 6))
    assert population.bodies["treatments"].any()
    assert records(treated.population) == records(population)
    assert records(stepped.population) == records(population)


def test_treatments_of_a_scenario_reach_the_rules() -> None:
    rule = {"treatment": "relief", "at_ages": [30]}
    model = make_model(
        treatments={"relief": {"symptom_relief": 9.0, "source": "Imagined."}},
        care={"rules": {"at_thirty": rule}},
    )
    treated = model.agents.select(is_treated=True)
    assert len(treated) > 50
    assert min(treated.column("age_years")) == 30
    assert not treated.column("has_rls")[treated.months_on("relief") > 24].any()
    assert model.agents.agg("has_rls", np.sum) > 0


def test_settings_of_care_are_arguments_of_their_own() -> None:
    """As batch runs want it, beside others in a mapping."""
    rule = {"treatment": "oral_iron", "at_ages": [30]}
    model = make_model(
        care={"rules": {"screening": rule}}, grow=False,
        **{"care.rules.screening.uptake": 0.5, "treatments.oral_iron.months": 12},
    )  # fmt: skip
    ((found,), (treatment,)) = model.treating.plan.rules, model.treating.plan.treatments
    assert (found.uptake, found.at_ages, treatment.months) == (0.5, [30], 12)


def test_people_say_what_care_they_receive(treated: RLSModel) -> None:
    people = treated.agents
    names = treated.treating.names
    assert "dopamine_agonist" in names
    months = {name: people.months_on(name) for name in names}
    for place in np.flatnonzero(people.column("is_treated")).tolist()[:20]:
        person = people[place]
        found = {name: int(months[name][place]) for name in names if months[name][place]}
        assert person.treatments == found != {}
        assert person.is_diagnosed
        assert all(person.months_on(name) == count for name, count in found.items())
    nobody = people.select(is_treated=False)
    assert nobody[0].treatments == {}
    diagnosed = people.codes("diagnosed_month") != NEVER
    assert 0 < diagnosed.sum() < len(people)
    assert np.array_equal(people.column("is_diagnosed"), diagnosed)
    bits = people.codes("augmented") != 0
    assert np.array_equal(people.column("has_augmentation"), bits)
    for name in BITS_OF_TREATMENTS:
        with pytest.raises(AttributeError, match=f"no '{name}'"):
            people.column(name)


def test_nobody_is_treated_or_diagnosed_without_rules() -> None:
    people = make_model().agents
    assert not people.column("is_treated").any()
    assert not people.column("is_diagnosed").any()
    assert people[0].treatments == {}


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"care": "usual_care"}, r"care: found the text 'usual_care' \(expected a mapping such as"),
        ({"care": {"presets": ["usual"]}}, "did you mean usual_care"),
        ({"care": {"rules": {"r": {}}}}, "care.rules.r.treatment: is missing"),
        ({"treatments": {"levodopa": {"months": -1}}}, r"treatments\.levodopa\.months: found -1"),
        ({"care.rules.r.uptak": 0.5}, r"care\.rules\.r\.uptak.*did you mean"),
    ],
)
def test_mistakes_about_care_are_one_line(keywords: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        make_model(grow=False, **keywords)
    assert "\n" not in str(caught.value).strip()


# By hand


def test_a_treatment_given_by_hand_is_one_that_a_rule_offers(grown: RLSModel) -> None:
    """All of them alike: the bits are those of a rule that means everybody from that month on."""
    model = copy.deepcopy(grown)
    given = model.agents.begin_treatment("levodopa")
    assert not model.agents.column("is_treated").any()
    model.step()
    of_rule = copy.deepcopy(grown)
    offers = of_rule.population.inputs["rule_uptake"]
    offers[0] = 1.0
    of_rule.step()
    assert model.agents.agg("is_treated", np.sum) > 0.9 * len(model.agents)
    newborn = {person.uid for person in of_rule.agents} - set(given.uids.tolist())
    assert records(model.population, newborn) == records(of_rule.population, newborn)
    assert not model.agents.select(is_pregnant=True).column("is_treated").any()


def test_a_treatment_given_by_hand_goes_on_and_touches_nobody_else(grown: RLSModel) -> None:
    model, untouched = copy.deepcopy(grown), copy.deepcopy(grown)
    patients = model.agents.select(has_rls=True, is_pregnant=False)
    assert len(patients) > 5
    patients.begin_treatment("levodopa")
    model.run_for(3)
    untouched.run_for(3)
    assert set(patients.months_on("levodopa")) <= {0, 3}
    assert (patients.months_on("levodopa") == 3).sum() > 0.5 * len(patients)
    liability = untouched.people_in_rows(patients.rows).column("liability")
    on = patients.months_on("levodopa") > 0
    assert np.median((patients.column("liability") - liability)[on]) == pytest.approx(
        -0.43, abs=0.01
    )
    changed = set(patients.uids.tolist())
    assert records(model.population, changed) == records(untouched.population, changed)


def test_steps_and_the_compiled_loop_give_the_same_people(grown: RLSModel) -> None:
    looped, stepped, one_by_one = (copy.deepcopy(grown) for _ in range(3))
    for model in (looped, stepped, one_by_one):
        for person in model.agents.select(has_rls=True):
            person.begin_treatment("levodopa")
    looped.run_for(3)
    for _ in range(3):
        stepped.step()
        one_by_one.agents.shuffle_do("step")
        one_by_one.step()
    assert records(looped.population) == records(stepped.population)
    assert records(looped.population) == records(one_by_one.population)


def test_an_infusion_by_hand_is_in_stores_after_a_month() -> None:
    model = make_model(
        treatments={"drip": {"infused_iron_mg": 1000, "months": 1, "source": "Imagined."}},
        care={"rules": {"by_hand": {"treatment": "drip", "uptake": 0}}},
    )
    person = model.agents.select(age_years=range(30, 60))[0]
    before = person.storage_iron_mg
    person.begin_treatment("drip")
    model.step()
    assert person.treatments == {"drip": 1}
    assert person.storage_iron_mg > before + 900
    model.step()
    assert person.treatments == {}
    assert person.storage_iron_mg > before + 900


def test_a_treatment_is_stopped_by_hand(grown: RLSModel) -> None:
    model = copy.deepcopy(grown)
    person, other = model.agents.select(age_years=range(40, 60), sex="male")[:2]
    person.begin_treatment("levodopa")
    other.begin_treatment("levodopa")
    other.stop_treatment("levodopa")
    model.step()
    assert person.months_on("levodopa") == 1
    assert person.dopamine_support > 0.0
    assert other.treatments == {}
    model.agents.stop_treatment("levodopa")
    assert person.treatments == {}
    model.step()
    assert person.treatments == {}
    assert person.dopamine_support == 0.0


def test_what_is_to_begin_is_kept_in_a_copy(grown: RLSModel) -> None:
    model = copy.deepcopy(grown)
    person = model.agents.select(age_years=50)[0]
    person.begin_treatment("levodopa")
    other = pickle.loads(pickle.dumps(model))
    model.step()
    other.step()
    assert other.find(person.uid).treatments == person.treatments == {"levodopa": 1}


def test_only_treatments_of_rules_can_be_given(grown: RLSModel) -> None:
    person = grown.agents[0]
    for call in (person.begin_treatment, person.stop_treatment, person.months_on,
                 grown.agents.begin_treatment, grown.agents.months_on):  # fmt: skip
        with pytest.raises(UserError, match=r"found 'levodop' .*levodopa.*'uptake': 0"):
            call("levodop")
    with pytest.raises(UserError, match="offers: none"):
        make_model(grow=False).everyone.begin_treatment("levodopa")
