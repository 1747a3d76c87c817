"""Conditions as data: from the figures given to hazards, and from hazards to who has what."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from scipy import stats

from rlsabm.compilation import compiled
from rlsabm.conventions import LAST_AGE, MALE, NEVER
from rlsabm.errors import UserError
from rlsabm.exposures.catalogue.condition import (
    MOST_CONDITIONS,
    OF_SEX,
    SHIPPED_CATALOGUE,
    Condition,
    shipped_catalogue,
)
from rlsabm.exposures.catalogue.episodes import episode_at
from rlsabm.exposures.catalogue.tables import mortality_factor, tabulate
from rlsabm.inputs import with_key
from rlsabm.person import LIFE, newborn_records
from rlsabm.population import Population
from rlsabm.scenario import CatalogueCondition
from rlsabm.setting import Setting, make_setting

AGES = np.arange(LAST_AGE + 1)
AGE_LIMITS = (0, 18, 35, 50, 65, 80, LAST_AGE + 1)
WIDE = 4.5
KEY = 20190714
SHIPPED = {condition.name: condition for condition in shipped_catalogue()}
#: Death rate by sex and age, roughly that of a rich country.
MORTALITY = np.minimum(
    np.array([[3e-5], [5e-5]]) * np.exp(0.087 * AGES) + 3e-4, 0.7
)  # fmt: skip


def made(**given: Any) -> Condition:
    return Condition(name="made", label="made", definition="made", source="a test", **given)


def stated_prevalence(condition: Condition, sex: int) -> np.ndarray | None:
    """The prevalence that the catalogue states, at the middle of each year of age."""
    values = getattr(condition, f"prevalence_{OF_SEX[sex]}") or condition.prevalence
    return None if values is None else np.interp(AGES + 0.5, condition.ages, values)


# Who has what in a population


@pytest.mark.parametrize("name", SHIPPED)
def test_prevalence_in_a_population(grown: Population, name: str) -> None:
    """By sex and age as stated, and as expected from onset, duration and mortality."""
    setting = grown.setting
    number = [condition.name for condition in setting.conditions].index(name)
    mortality = make_mortality(setting)
    lives = grown.lives[grown.alive]
    age = np.minimum((grown.month - 1 - lives["birth_month"]) // 12, LAST_AGE)
    has = (lives["conditions"] >> number) & 1 == 1
    tables = tabulate(setting.conditions, mortality)
    for sex in (0, 1):
        for low, high in pairwise(AGE_LIMITS):
            chosen = (lives["sex"] == sex) & (age >= low) & (age < high)
            assert chosen.sum() > 500
            for expected in (stated_prevalence(SHIPPED[name], sex), tables.prevalence[number, sex]):
                if expected is None:
                    continue
                p = expected[age[chosen]]
                deviation = has[chosen].sum() - p.sum()
                # Where hardly anybody is expected, chance is not normal.
                spread = np.sqrt((p * (1.0 - p)).sum())
                assert abs(deviation) < WIDE * max(spread, 1.0), (sex, low)


def make_mortality(setting: Setting) -> np.ndarray:
    """Yearly death rates behind a setting: those of one without any conditions."""
    plain = make_setting(size=setting.size, conditions=())
    return np.asarray(-12.0 * np.log1p(-plain.inputs.death))


def cohort(setting: Setting, number: int, sex: int) -> tuple[np.ndarray, np.ndarray]:
    """Share with one condition, and death rate of all, by age: from the tables that rules read.

    A cohort of two states, month by month; the other conditions have no effect on it.
    """
    tables, condition = setting.inputs, setting.conditions[number]
    leaves = 1.0 / (12.0 * condition.duration_years) if condition.duration_years else 0.0
    without, having = 1.0, 0.0
    share, deaths = np.zeros(LAST_AGE + 1), np.zeros(LAST_AGE + 1)
    steps = 10
    for age in AGES:
        hazard = np.diff(-np.log(tables.condition_spared[number, sex, age : age + 2]))[0] / (
            12 * steps
        )
        death = tables.death[sex, age] / steps
        for _ in range(12 * steps):
            new, healed = without * hazard, having * leaves / steps
            dead = without * death, having * death * condition.mortality_ratio
            deaths[age] += (dead[0] + dead[1]) / (without + having)
            without += healed - new - dead[0]
            having += new - healed - dead[1]
            share[age] += having / (without + having) / (12 * steps)
    return share, deaths


@pytest.mark.parametrize(
    "name", ["heart_failure", "chronic_kidney_disease", "rheumatoid_arthritis"]
)
def test_prevalence_under_the_mortality_that_people_have(name: str) -> None:
    """A condition that kills is as common among the old as stated."""
    setting = make_setting(size=1000, conditions=[replace(SHIPPED[name], raises=None)])
    for sex in (0, 1):
        share, _ = cohort(setting, 0, sex)
        stated = stated_prevalence(SHIPPED[name], sex)
        assert share[40:96] == pytest.approx(stated[40:96], rel=0.02)


@pytest.mark.parametrize("name", ["heart_failure", "chronic_kidney_disease", "multiple_sclerosis"])
def test_deaths_of_all_are_those_of_the_life_table(name: str) -> None:
    """What people with a condition die of more is taken off the mortality of the others."""
    setting = make_setting(size=1000, conditions=[replace(SHIPPED[name], raises=None)])
    plain = make_setting(size=1000, conditions=())
    for sex in (0, 1):
        _, deaths = cohort(setting, 0, sex)
        assert deaths[:96] == pytest.approx(12.0 * plain.inputs.death[sex, :96], rel=0.01)


def test_mean_mortality_of_the_catalogue_is_that_of_the_life_table() -> None:
    setting = make_setting(size=1000)
    plain = make_setting(size=1000, conditions=())
    factor = mortality_factor(tabulate(setting.conditions, make_mortality(setting)))
    assert (factor >= 1.0).all()
    assert factor[:, 80].min() > 1.05
    mean = setting.inputs.death * factor
    assert mean[:, :101] == pytest.approx(plain.inputs.death[:, :101], rel=0.01)


def test_a_disabled_condition_leaves_the_mortality_of_others() -> None:
    disabled = [replace(each, enabled=False) for each in shipped_catalogue()]
    one, other = make_setting(size=1000), make_setting(size=1000, conditions=disabled)
    assert (one.inputs.death == other.inputs.death).all()
    assert (other.inputs.condition_spared == 1.0).all()


# Episodes


@compiled
def fill_first_episodes(lives: Any, c: int, p: Any, episodes: Any) -> None:
    for i in range(len(lives)):
        _, onset = episode_at(lives[i], c, lives[i].birth_month - 1, p)
        _, end = episode_at(lives[i], c, onset, p)
        episodes[i, 0], episodes[i, 1] = onset, end


def first_episodes(condition: Condition, people: int, sex: int = MALE) -> np.ndarray:
    """Onset and end of the first episode of people born in month 0."""
    setting = make_setting(size=1000, conditions=[condition])
    lives = newborn_records(LIFE, people)
    lives["uid"] = np.arange(1, people + 1)
    lives["sex"] = sex
    episodes = np.zeros((people, 2), dtype=np.int64)
    fill_first_episodes(lives, 0, with_key(setting.inputs, KEY), episodes)
    return episodes


@pytest.mark.parametrize("years", [0.5, 1.0, 4.0, 20.0])
def test_durations_are_exponential(years: float) -> None:
    condition = made(ages=[0], onset_per_1000=[100.0], duration_years=years)
    onset, end = first_episodes(condition, 20_000).T
    assert (onset < NEVER).mean() > 0.999
    had = onset < NEVER
    months = (end - onset)[had]
    mean = 12.0 * years
    # Whole months, at least one: a little more than the mean stated where that is short.
    error = mean / np.sqrt(len(months))
    assert months.mean() == pytest.approx(mean, abs=WIDE * error + 0.015 * mean)
    for share in (0.25, 0.5, 0.75, 0.9):
        limit = np.ceil(-mean * np.log1p(-share)) + 0.5  # between whole months
        expected = np.exp(-limit / mean)
        spread = np.sqrt(expected * (1 - expected) / len(months))
        assert (months > limit).mean() == pytest.approx(expected, abs=WIDE * spread)


def test_for_life_there_is_no_end() -> None:
    onset, end = first_episodes(made(ages=[0], onset_per_1000=[30.0]), 2000).T
    assert (end == NEVER).all()
    assert (onset < 12 * 121).mean() > 0.9


def test_onsets_come_at_the_hazard_stated() -> None:
    """Half of the people have their first onset after the median of a constant hazard."""
    condition = made(ages=[0, 39, 40, 120], onset_per_1000=[0.0, 0.0, 50.0, 50.0])
    onset, _ = first_episodes(condition, 20_000).T
    years = onset / 12.0
    assert (years < 38.9).mean() == 0.0
    after = years[years >= 41.0] - 41.0
    distance = stats.kstest(after[after < 70], stats.truncexpon(70 / 20, scale=20.0).cdf)
    assert distance.pvalue > 1e-5


# From prevalence to hazard and back


def share_at_birthdays(
    condition: Condition, hazard: np.ndarray, mortality: np.ndarray
) -> np.ndarray:
    """Prevalence at each birthday, by small steps through the two states."""
    steps = 200
    leaves = 0.0 if condition.duration_years is None else 1.0 / condition.duration_years
    share = np.zeros((2, LAST_AGE + 2))
    now = np.zeros(2)
    for age in AGES:
        for _ in range(steps):
            more = condition.mortality_ratio - 1.0
            without_it = mortality[:, age] / (1.0 + now * more)
            excess = (1.0 - now) * more * without_it
            now = now + (hazard[:, age] * (1.0 - now) - (leaves + excess) * now) / steps
        share[:, age + 1] = now
    return share


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    """Conditions that become more common with age, of any duration."""
    knots = sorted(draw(st.sets(st.integers(1, 100), min_size=1, max_size=5)))
    values = sorted(draw(st.lists(st.floats(0.001, 0.6), min_size=len(knots), max_size=len(knots))))
    duration = draw(st.none() | st.floats(0.5, 50))
    return made(
        ages=[0, *knots],
        prevalence=[0.0, *values],
        duration_years=duration,
        mortality_ratio=draw(st.floats(1.0, 3.0)),
    )


@settings(max_examples=25, deadline=None, derandomize=True)
@given(condition=conditions())
def test_hazards_give_back_the_prevalence(condition: Condition) -> None:
    hazard = condition.yearly_hazard(MORTALITY)
    assert (hazard >= 0.0).all()
    reached = share_at_birthdays(condition, hazard, MORTALITY)
    wanted = np.interp(np.arange(LAST_AGE + 2), condition.ages, condition.prevalence)
    assert reached[:, :101] == pytest.approx(
        np.array([wanted, wanted])[:, :101], rel=0.02, abs=1e-4
    )
    expected = condition.expected_prevalence(hazard, MORTALITY)
    low = np.minimum(reached[:, :-1], reached[:, 1:])
    high = np.maximum(reached[:, :-1], reached[:, 1:])
    assert (expected >= 0.97 * low - 1e-3).all()
    assert (expected <= 1.03 * high + 1e-3).all()


@settings(max_examples=15, deadline=None, derandomize=True)
@given(
    peak=st.floats(0.02, 0.5),
    later=st.floats(0.3, 0.95),
    duration=st.floats(0.5, 6.0),
)
def test_a_prevalence_may_fall_as_fast_as_people_recover(
    peak: float, later: float, duration: float
) -> None:
    condition = made(
        ages=[0, 30, 40, 60], prevalence=[0.0, peak, peak, later * peak], duration_years=duration
    )
    hazard = condition.yearly_hazard(MORTALITY)
    reached = share_at_birthdays(condition, hazard, MORTALITY)
    wanted = np.interp(np.arange(LAST_AGE + 2), condition.ages, condition.prevalence)
    assert reached[0, :101] == pytest.approx(wanted[:101], rel=0.02, abs=1e-4)


def test_a_constant_prevalence_in_equilibrium() -> None:
    """With onset h and recovery r the share settles at h / (h + r)."""
    condition = made(ages=[0], onset_per_1000=[50.0], duration_years=5.0)
    hazard = condition.yearly_hazard(MORTALITY)
    assert hazard == pytest.approx(np.full((2, LAST_AGE + 1), 0.05))
    share = condition.expected_prevalence(hazard, MORTALITY)
    assert share[:, 60:] == pytest.approx(np.full((2, LAST_AGE - 59), 0.05 / 0.25), rel=1e-4)
    inverse = made(ages=[0], prevalence=[0.2], duration_years=5.0).yearly_hazard(MORTALITY)
    assert inverse[:, 10:] == pytest.approx(np.full((2, LAST_AGE - 9), 0.05), rel=1e-6)


# Contradictions


@pytest.mark.parametrize(
    ("given", "key", "reason"),
    [
        (
            dict(ages=[0, 40, 50], prevalence=[0.0, 0.3, 0.1], duration_years=30),
            "prevalence",
            "falls from 0.3 at 40 to 0.28 at 41, faster than people lose the condition, which "
            "lasts 30 years",
        ),
        (
            dict(ages=[0, 40, 50], prevalence=[0.0, 0.3, 0.2]),
            "prevalence",
            "lasts for life: give a duration",
        ),
        (
            dict(
                ages=[0, 40, 50], prevalence_women=[0.0, 0.3, 0.3], prevalence_men=[0.0, 0.3, 0.2]
            ),
            "prevalence_men",
            "lasts for life: give a duration",
        ),
        (dict(ages=[0, 40], prevalence=[0.1]), "prevalence", "has 1 value for 2 ages"),
        (dict(ages=[0], onset_per_1000=[1, 2]), "onset_per_1000", "has 2 values for 1 age"),
        (
            dict(ages=[0], prevalence_women=[0.1], prevalence_men=[0.1, 0.2]),
            "prevalence_men",
            "has 2 values for 1 age",
        ),
        (dict(prevalence_women=[0.1]), "prevalence_men", "is missing (the other sex has it)"),
        (dict(onset_per_1000_men=[1]), "onset_per_1000_women", "is missing (the other sex has it)"),
        (
            dict(prevalence=[0.1], prevalence_women=[0.1], prevalence_men=[0.1]),
            "prevalence",
            "is given beside prevalence_women",
        ),
        (
            dict(onset_per_1000=[1], onset_per_1000_women=[1], onset_per_1000_men=[1]),
            "onset_per_1000",
            "is given beside onset_per_1000_women",
        ),
        (dict(), "prevalence", "is missing (expected prevalence or onset_per_1000)"),
        (
            dict(prevalence=[0.1], negative_control=True, absorption_factor=0.9),
            "negative_control",
            "has effects on iron",
        ),
        (
            dict(prevalence=[0.1], negative_control=True, ferritin_factor=1.1),
            "negative_control",
            "has effects on iron",
        ),
        (
            dict(prevalence=[0.1], negative_control=True, saturation_factor=0.9),
            "negative_control",
            "has effects on iron",
        ),
        (
            dict(ages=[0, 80], prevalence=[0.0, 0.3], onset_per_1000=[1.0, 1.0]),
            "prevalence",
            "but onset_per_1000 and duration_years allow",
        ),
        (
            dict(ages=[0], prevalence=[0.1], onset_per_1000=[100.0], duration_years=5),
            "prevalence",
            "but onset_per_1000 and duration_years lead to",
        ),
        (dict(ages=[0, 50], prevalence=[0.0, 0.995]), "prevalence", "reaches 0.995"),
    ],
)
def test_contradictions_are_refused(given: dict[str, Any], key: str, reason: str) -> None:
    with pytest.raises(UserError) as caught:
        made(**given).yearly_hazard(MORTALITY)
    shown = str(caught.value)
    assert shown.startswith(f"conditions.made.{key}: ")
    assert reason in shown


def test_prevalence_beside_an_onset_that_agrees() -> None:
    """Both may be given if they lead to the same: 1 - exp(-0.01 x age) with 10 per 1,000 a year."""
    ages = [0, 1, 2, 5, *range(10, 121, 10)]
    both = made(
        ages=ages,
        onset_per_1000=[10.0] * len(ages),
        prevalence=[1.0 - float(np.exp(-0.01 * age)) for age in ages],
    )
    assert both.yearly_hazard(MORTALITY) == pytest.approx(np.full((2, LAST_AGE + 1), 0.01))


def test_too_many_conditions() -> None:
    many = [
        replace(made(prevalence=[0.01]), name=f"number_{n}") for n in range(MOST_CONDITIONS + 1)
    ]
    tabulate(many[:-1], MORTALITY)
    with pytest.raises(UserError, match=r"^conditions: 33 found, expected 32 at most$"):
        tabulate(many, MORTALITY)


@pytest.mark.parametrize("country", ["united-states", "germany", "denmark"])
def test_the_catalogue_agrees_with_every_country(country: str) -> None:
    assert make_setting(country=country, size=1000).inputs.condition_count == len(SHIPPED)


# The shipped file


def test_every_shipped_condition_passes_the_schema_of_scenarios() -> None:
    blocks = YAML(typ="safe", pure=True).load(SHIPPED_CATALOGUE.read_text(encoding="utf-8"))
    assert list(blocks) == list(SHIPPED)
    for name, block in blocks.items():
        parsed = CatalogueCondition.model_validate(block)
        assert parsed.source
        assert parsed.label
        assert parsed.definition
        again = Condition(
            name=name,
            **{field: getattr(parsed, field) for field in CatalogueCondition.model_fields},
        )
        for field in fields(Condition):
            given, read = getattr(SHIPPED[name], field.name), getattr(again, field.name)
            if isinstance(given, list | tuple):
                given, read = list(given), list(read)
            assert given == read, (name, field.name)


def test_a_condition_has_the_fields_of_a_scenario() -> None:
    of_class = {field.name: field.default for field in fields(Condition) if field.name != "name"}
    assert set(of_class) == set(CatalogueCondition.model_fields)
    for name, field in CatalogueCondition.model_fields.items():
        if name not in ("label", "definition", "source", "ages"):
            assert of_class[name] == field.default, name


def test_codes_are_different() -> None:
    codes = [condition.code for condition in SHIPPED.values()]
    assert len(set(codes)) == len(codes)
    assert all(0 <= code < 2**32 for code in codes)


@pytest.mark.parametrize("name", SHIPPED)
def test_strength(name: str) -> None:
    """Twice as strong is twice the loss, and the square of a factor; who has it stays."""
    condition = SHIPPED[name]
    strong = condition.with_strength(2.0)
    assert strong.blood_loss_ml_per_day == 2.0 * condition.blood_loss_ml_per_day
    assert strong.blood_loss_ml_at_onset == 2.0 * condition.blood_loss_ml_at_onset
    assert strong.iron_loss_mg_per_day == 2.0 * condition.iron_loss_mg_per_day
    assert strong.absorption_factor == pytest.approx(condition.absorption_factor**2)
    assert strong.haemoglobin_factor == pytest.approx(condition.haemoglobin_factor**2)
    assert condition.with_strength(1.0) == condition
    assert condition.with_strength(0.0).touches_iron is False
    hazards = [each.yearly_hazard(MORTALITY) for each in (condition, strong)]
    assert (hazards[0] == hazards[1]).all()
