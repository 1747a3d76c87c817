"""Conditions that raise one another: any catalogue keeps its marginals, and what surveys then see."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rule_tools import made

import rlsabm
from rlsabm.compilation import compiled
from rlsabm.conventions import FEMALE, LAST_AGE
from rlsabm.errors import UserError
from rlsabm.exposures.catalogue.body_mass import BodyMass
from rlsabm.exposures.catalogue.condition import Condition, shipped_catalogue
from rlsabm.exposures.catalogue.episodes import episode_at
from rlsabm.exposures.catalogue.tables import tabulate
from rlsabm.inputs import with_key
from rlsabm.person import LIFE, newborn_records
from rlsabm.population import Population
from rlsabm.setting import make_setting

WIDE = 4.5
KEY = 20190715
AGES = np.arange(LAST_AGE + 1)
MORTALITY = np.minimum(np.array([[3e-5], [5e-5]]) * np.exp(0.087 * AGES) + 3e-4, 0.7)
BODY = BodyMass(np.array([[-6.0, -2.0, 2.0, 8.0]] * 2), np.array([0.2, 0.3, 0.3, 0.2]))
NAMES = [condition.name for condition in shipped_catalogue()]


# Marginals of any catalogue -----------------------------------------------------------------------


@st.composite
def catalogues(draw: st.DrawFn) -> list[Condition]:
    """Two to four conditions, each of which may raise those after it."""
    count = draw(st.integers(2, 4))
    conditions = []
    for number in range(count):
        knots = sorted(draw(st.sets(st.integers(1, 95), min_size=1, max_size=4)))
        shares = st.lists(st.floats(0.001, 0.5), min_size=len(knots), max_size=len(knots))
        later = [f"c{each}" for each in range(number + 1, min(count, number + 4))]
        raised = draw(st.sets(st.sampled_from(later))) if later else set()
        conditions.append(
            made(
                f"c{number}",
                ages=[0, *knots],
                prevalence=[0.0, *sorted(draw(shares))],
                duration_years=draw(st.none() | st.floats(0.5, 40)),
                mortality_ratio=draw(st.floats(1.0, 3.0)),
                raises={name: draw(st.floats(1.0, 3.5)) for name in sorted(raised)},
                hazard_ratio_per_5_kg_per_m2=draw(st.sampled_from([1.0, 1.0, 0.7, 1.5, 4.0])),
            )
        )
    return conditions


@settings(max_examples=15, deadline=None, derandomize=True)
@given(conditions=catalogues())
def test_any_catalogue_keeps_the_prevalences_of_all_people_together(
    conditions: list[Condition],
) -> None:
    """As if nobody raised anything, to one in a million; or the catalogue is refused for that."""
    alone = [replace(c, raises=None, hazard_ratio_per_5_kg_per_m2=1.0) for c in conditions]
    refused = ""
    try:
        found = tabulate(conditions, MORTALITY, BODY)
    except UserError as error:
        refused = str(error)
    if refused:
        assert "cannot be kept by" in refused
        return
    assert found.prevalence == pytest.approx(tabulate(alone, MORTALITY).prevalence, abs=1e-6)
    assert (np.diff(found.hazard, axis=-1) >= 0.0).all()


@settings(max_examples=10, deadline=None, derandomize=True)
@given(conditions=catalogues(), rate=st.floats(0.1, 60.0))
def test_any_onsets_are_kept_as_well(conditions: list[Condition], rate: float) -> None:
    """Where nobody dies sooner, prevalence follows from onset and recovery alone."""
    given_onset = [
        replace(c, ages=[0], prevalence=None, onset_per_1000=[rate], mortality_ratio=1.0)
        for c in conditions
    ]
    alone = [replace(c, raises=None, hazard_ratio_per_5_kg_per_m2=1.0) for c in given_onset]
    found = tabulate(given_onset, MORTALITY, BODY)
    assert found.prevalence == pytest.approx(tabulate(alone, MORTALITY).prevalence, abs=1e-6)


# Hazard ratios in lives ---------------------------------------------------------------------------


@compiled
def look_at(lives: Any, month: int, p: Any, has: Any) -> None:
    for i in range(len(lives)):
        for c in range(has.shape[1]):
            has[i, c] = episode_at(lives[i], c, month, p)[0]


def looked_at(conditions: list[Condition], people: int, years: int, **fields: Any) -> np.ndarray:
    """Who has which condition at an age, of people whom nothing has killed."""
    setting = make_setting(size=1000, conditions=conditions)
    lives = newborn_records(LIFE, people)
    lives["uid"] = np.arange(1, people + 1)
    lives["weight_factor"] = lives["height_factor"] = 1.0
    for name, values in fields.items():
        lives[name] = values
    has = np.zeros((people, len(conditions)), dtype=np.bool_)
    look_at(lives, 12 * years + 6, with_key(setting.inputs, KEY), has)
    return has


def test_a_row_of_three_is_as_common_as_its_equations_say() -> None:
    """In those with a for life, b recurs at 3 h, and c comes at 4 times its base while b is there."""
    h, base, r = 0.04, 0.01, 0.25
    conditions = [
        made("a", prevalence=[0.5], raises={"b": 3.0}),
        made("b", onset_per_1000=[1000 * h], duration_years=1 / r, raises={"c": 4.0}),
        made("c", onset_per_1000=[1000 * base]),
    ]
    setting = make_setting(size=1000, conditions=conditions)
    spared = -np.log(setting.inputs.condition_spared[:3, FEMALE])
    has = looked_at(conditions, 60_000, 50)
    for with_a in (False, True):
        chosen = has[has[:, 0] == with_a]
        state = np.array([1.0, 0.0, 0.0, 0.0])  # none, b, c, both
        steps = 60
        for age in range(50):
            up, c = (np.diff(spared[n, age : age + 2])[0] for n in (1, 2))
            # From birth on a is there or not: it begins in the first year, in which little else does.
            up *= 3.0 if with_a else 1.0
            for _ in range(steps):
                none, b, has_c, both = state
                flows = np.array([
                    -none * (up + c) + b * r, none * up - b * (r + 4 * c),
                    none * c - has_c * up + both * r, b * 4 * c + has_c * up - both * r,
                ])  # fmt: skip
                state = state + flows / steps
        for c, expected in ((1, state[1] + state[3]), (2, state[2] + state[3])):
            error = np.sqrt(expected * (1 - expected) / len(chosen))
            assert chosen[:, c].mean() == pytest.approx(expected, abs=WIDE * error + 0.004)
        both = chosen[:, 1] & chosen[:, 2]
        error = np.sqrt(state[3] * (1 - state[3]) / len(chosen))
        assert both.mean() == pytest.approx(state[3], abs=WIDE * error + 0.004)


def test_heavy_people_have_it_as_much_more_often_as_the_hazard_says() -> None:
    """1 - exp(-f B) for life, by quarters of body mass."""
    conditions = [made("b", ages=[0, 60], prevalence=[0.0, 0.3], hazard_ratio_per_5_kg_per_m2=2.5)]
    setting = make_setting(size=1000, conditions=conditions)
    base = -np.log(setting.inputs.condition_spared[0, FEMALE, 50])
    weight = np.exp(0.2 * np.random.default_rng(5).standard_normal(40_000))
    has = looked_at(conditions, 40_000, 50, weight_factor=weight)[:, 0]
    excess = setting.inputs.adult_body_mass_index[FEMALE] * (weight - 1.0)
    factor = 2.5 ** (np.clip(excess, -10, 20) / 5)
    share = -np.expm1(-factor * base)
    for low, high in ((0.0, 0.85), (0.85, 1.0), (1.0, 1.15), (1.15, 9.0)):
        chosen = (weight >= low) & (weight < high)
        spread = np.sqrt((share[chosen] * (1 - share[chosen])).sum())
        assert abs(has[chosen].sum() - share[chosen].sum()) < WIDE * spread + 0.01 * chosen.sum()


# The shipped catalogue ----------------------------------------------------------------------------


def test_the_obese_are_heavy_and_have_more_of_what_obesity_raises(grown: Population) -> None:
    lives = grown.lives[grown.alive]
    age = (grown.month - 1 - lives["birth_month"]) // 12
    adults = lives[age >= 20]
    age = age[age >= 20]
    has = {name: (adults["conditions"] >> n) & 1 == 1 for n, name in enumerate(NAMES)}
    index = adults["weight_factor"] / adults["height_factor"] ** 2
    index = grown.setting.country.adult_body_mass_index[adults["sex"]] * index
    obese = has["obesity"]
    assert 8.5 < index[obese].mean() - index[~obese].mean() < 11
    assert 0.87 < (index[obese] >= 30).mean() < 0.95

    def ratio(effect: str, cause: str, low: int, high: int) -> float:
        """Ratio of prevalences of an effect, with the cause and without."""
        chosen = (age >= low) & (age < high)
        with_it, without = (has[effect][chosen & (has[cause] == each)] for each in (True, False))
        return float(with_it.mean() / without.mean())

    assert 1.3 < ratio("heart_failure", "obesity", 55, 75) < 2.4
    assert 1.15 < ratio("chronic_kidney_disease", "obesity", 55, 75) < 1.7
    assert 1.3 < ratio("chronic_kidney_disease", "heart_failure", 60, 80) < 2.6
    assert ratio("bariatric_surgery", "obesity", 30, 60) > 1.5
    assert ratio("regular_nsaid_or_aspirin_use", "rheumatoid_arthritis", 50, 70) > 1.15
    assert 0.85 < ratio("vegetarian_diet", "obesity", 20, 60) < 1.18, "they do not know one another"


def test_all_people_together_give_as_much_blood_as_if_no_condition_deferred() -> None:
    """Donations so far to those without deferral, by age: within 3 % (measured: within 1 %)."""
    free = [replace(condition, may_give_blood=True) for condition in shipped_catalogue()]
    lives = []
    for conditions in (shipped_catalogue(), free):
        setting = make_setting(size=12_000, conditions=conditions)
        people = Population(setting, key=KEY)
        people.advance(setting.plan.survey_month)
        lives.append(people.lives[people.alive])
    month = people.month
    for low, high in ((17, 35), (35, 50), (50, 65), (65, 80)):
        rates = []
        for each in lives:
            age = (month - 1 - each["birth_month"]) // 12
            rates.append(each["donations"][(age >= low) & (age < high)].mean())
        assert rates[0] == pytest.approx(rates[1], rel=0.03), low
    age = (month - 1 - lives[0]["birth_month"]) // 12
    ill = lives[0]["conditions"] & sum(
        1 << n for n, c in enumerate(shipped_catalogue()) if not c.may_give_blood
    )
    recent = month - 1 - lives[0]["last_donation_month"] < 12
    chosen = (age >= 50) & (age < 75)
    assert recent[chosen & (ill > 0)].mean() < 0.4 * recent[chosen & (ill == 0)].mean()


# What surveys see and what is caused --------------------------------------------------------------

CONFOUNDED = {
    "title": "A control that is raised by what bleeds",
    "observe": {"by": []},
    "conditions": {
        "bleeding": {
            "source": "a test",
            "ages": [0, 20, 50],
            "prevalence": [0.0, 0.1, 0.3],
            "blood_loss_ml_per_day": 6,
            "raises": {"rash": 15},
        },
        "rash": {
            "source": "a test",
            "ages": [0, 20, 50],
            "prevalence": [0.0, 0.05, 0.15],
            "negative_control": True,
        },
    },
}


def test_a_control_that_is_raised_by_what_bleeds_is_confounded_and_causes_nothing() -> None:
    study = rlsabm.simulate(CONFOUNDED, size=8_000, seed=3, shifts=["bleeding", "rash"])
    found = study.shifts(condition=["bleeding", "rash"], definition="any", recall="current")
    found = found.set_index(["condition", "estimate"])
    observed, caused = (found.loc[("rash", f"{kind}_shift")] for kind in ("observed", "caused"))
    assert observed["lower"] > 0.0
    assert caused["value"] == 0.0
    assert found.loc[("bleeding", "caused_shift"), "lower"] > 0.0


def test_without_the_connection_a_control_shows_nothing() -> None:
    conditions = {**CONFOUNDED["conditions"]}  # type: ignore[dict-item]
    conditions["bleeding"] = {**conditions["bleeding"], "raises": None}
    study = rlsabm.simulate(
        {**CONFOUNDED, "conditions": conditions}, size=8_000, seed=3, tables=["shifts"]
    )
    observed = study.shifts(
        condition="rash", definition="any", recall="current", estimate="observed_shift"
    ).iloc[0]
    assert observed["lower"] < 0.0 < observed["upper"]
