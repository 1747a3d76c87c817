"""Care in a population: what each treatment does to patients, beside the same people without it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pytest

from rlsabm.care.care_rule import CareRule
from rlsabm.care.plan import NO_CARE_PLAN, CarePlan, plan_care
from rlsabm.care.presets import preset_names, preset_rules
from rlsabm.care.treatment import shipped_treatments
from rlsabm.conventions import NEVER
from rlsabm.measuring.assays import measure
from rlsabm.person import BODY
from rlsabm.population import Population
from rlsabm.setting import Setting, make_setting
from rlsabm.worlds.living_again import all_worlds, relive

SIZE = 6000
#: Before this month nobody is treated.
BEGIN = 12 * 2019
KEY = 20261
#: Whoever is relieved of symptoms would give blood again, and lose iron.
ALIKE = {"donor_self_deferral": 0.0}
#: Patients with severe RLS, whose treatment begins at once and is not given up.
OF_PATIENTS: dict[str, Any] = {"irls_at_least": 15, "age_from": 18, "pregnant": False}


def planned(name: str, **changes: Any) -> CarePlan:
    """A treatment for all patients, who take it until it is over."""
    treatment = replace(shipped_treatments()[name], stopped_per_year=0.0, **changes)
    return plan_care({name: treatment}, [CareRule(name="all", treatment=name, **OF_PATIENTS)])


class Months(NamedTuple):
    """People month by month: bodies and IRLS by month, and who was a patient at the beginning."""

    bodies: np.ndarray
    irls: np.ndarray
    patients: np.ndarray
    ferritin: np.ndarray


@cache
def grown() -> Population:
    """A population that nobody has treated."""
    population = Population(make_setting(size=SIZE, parameters=ALIKE), key=KEY, forget_dead=False)
    population.advance(BEGIN - 1)
    return population


@cache
def followed(care: CarePlan, months: int = 12) -> Months:
    """The same people for some months more, under some care."""
    before = grown()
    rows = len(before.lives)
    setting = make_setting(size=SIZE, care=care, parameters=ALIKE)
    population = Population(setting, key=KEY, forget_dead=False)
    for name in ("month", "_founded", "_rows", "_men"):
        setattr(population, name, getattr(before, name))
    population._lives, population._bodies = before._lives.copy(), before._bodies.copy()
    at_start = measure(before.lives, before.bodies, BEGIN, before.inputs)
    age = (BEGIN - before.lives["birth_month"]) // 12
    bodies, irls = [], []
    for month in range(BEGIN, BEGIN + months):
        population.advance(month)
        now = population.bodies[:rows].copy()
        bodies.append(now)
        irls.append(measure(population.lives[:rows], now, month, population.inputs)["irls"])
    alive = population.lives["death_month"][:rows] == NEVER
    patients = alive & (age >= 18) & (at_start["irls"] >= 15)
    patients &= before.lives["pregnancy"] == 0
    assert patients.sum() > 80
    return Months(np.array(bodies), np.array(irls), patients, at_start["stores_ferritin_ug_per_l"])


def untreated() -> Months:
    return followed(NO_CARE_PLAN)


def difference(treated: Months, who: np.ndarray, month: int) -> float:
    """Mean difference in IRLS in a month, counted from 1, to the same people untreated."""
    return float((treated.irls - untreated().irls)[month - 1, who].mean())


def same(one: np.ndarray, other: np.ndarray, name: str) -> bool:
    return bool((one[name] == other[name]).all())


#: What dopaminergic drugs leave as it is.
OF_IRON = (
    "storage_iron_mg", "red_cell_iron_mg", "infused_iron_mg", "cns_iron_exchangeable",
    "cns_iron_structural",
)  # fmt: skip


@pytest.mark.parametrize("name", ["levodopa", "dopamine_agonist"])
def test_dopaminergic_drugs_act_within_the_month_and_leave_iron_alone(name: str) -> None:
    treated, plain = followed(planned(name, augmentation_per_year=0.0)), untreated()
    who = treated.patients
    support = shipped_treatments()[name].dopamine_support
    lower = (plain.bodies["liability"] - treated.bodies["liability"])[:, who]
    on = treated.bodies["treatments"][:, who] != 0
    assert lower[0][on[0]] == pytest.approx(support, abs=1e-5)
    assert on[0].mean() > 0.95
    for field in OF_IRON:
        assert same(treated.bodies, plain.bodies, field), field
    early, late = (difference(treated, who, month) for month in (1, 12))
    assert early < -0.8 * 8.0 * support * on[0].mean()
    assert late == pytest.approx(early, rel=0.25)


def test_levodopa_augments_with_exposure() -> None:
    """Of those on it six months, 1 - exp(-1.8 / 2) have augmentation at a ferritin of 75 µg/L."""
    treated = followed(planned("levodopa", stopped_per_year_if_augmented=0.0))
    months = treated.bodies["treatments"] & 127
    augmented = treated.bodies["augmented"] == 1
    shares = [augmented[months == count].mean() for count in range(1, 13)]
    assert shares[0] == 0.0
    assert (np.diff(shares) > -0.02).all()
    assert shares[6] == pytest.approx(0.6, abs=0.12)
    first, last = (difference(treated, treated.patients, month) for month in (1, 12))
    assert first < -2.0
    assert last > first + 1.5


def test_ligands_leave_dopamine_and_iron_alone() -> None:
    treated, plain = followed(planned("alpha2delta_ligand")), untreated()
    for field in ("dopamine_deficit", "dopamine_support", *OF_IRON):
        assert same(treated.bodies, plain.bodies, field), field
    assert difference(treated, treated.patients, 1) < -3.0


def test_oral_iron_acts_over_months_in_the_iron_deficient_and_outlasts_its_course() -> None:
    once = planned("oral_iron", oral_iron_mg=130, adherence=1.0)
    rule = replace(once.rules[0], at_ages=None, ferritin_below=1e4)
    treated, plain = followed(CarePlan(once.treatments, (rule,))), untreated()
    deficient = treated.patients & (treated.ferritin < 12)
    replete = treated.patients & (treated.ferritin > 100)
    assert deficient.sum() > 10
    assert difference(treated, deficient, 1) > difference(treated, deficient, 3)
    assert difference(treated, deficient, 6) < -4.0
    assert abs(difference(treated, replete, 6)) < 0.6
    cns_iron = treated.bodies["cns_iron_exchangeable"] - plain.bodies["cns_iron_exchangeable"]
    assert cns_iron[5, deficient].mean() > 0.05


def test_infused_iron_wanes_once_macrophages_have_passed_it_on() -> None:
    """A single infusion: most after some months, nearly gone after a year where stores were full."""
    care = planned("ferric_carboxymaltose", months=120)
    treated, plain = followed(care, months=18), followed(NO_CARE_PLAN, months=18)
    who = treated.patients & (treated.ferritin > 40) & (treated.ferritin < 200)
    begun_at_once = treated.bodies["treatments"][0] == 1
    who &= begun_at_once
    effect = (treated.irls - plain.irls)[:, who].mean(axis=1)
    assert effect.argmin() in (1, 2, 3)
    assert effect.min() < -3.0
    assert effect[0] > 0.8 * effect.min()
    assert effect[17] > 0.4 * effect.min()
    held = treated.bodies["infused_iron_mg"][:, who]
    assert held[0] == pytest.approx(800 * np.exp(-0.5))
    assert held[6] == pytest.approx(800 * np.exp(-3.5), rel=1e-6)


# Care in every world ------------------------------------------------------------------------------

#: Care of all kinds, more eager than anybody's.
EAGER = plan_care(
    shipped_treatments(),
    [
        CareRule(name="agonist", treatment="dopamine_agonist", diagnosed=True, symptoms="any"),
        CareRule(name="levodopa", treatment="levodopa", diagnosed=True, symptoms="any", uptake=0.5),
        CareRule(name="tablets", treatment="oral_iron", ferritin_below=30, per_year=1.0),
        CareRule(name="infusion", treatment="ferric_carboxymaltose", diagnosed=True,
                 ferritin_below=100),
        CareRule(name="sucrose", treatment="iron_sucrose", condition="dialysis", per_year=0.5),
    ],
)  # fmt: skip
EAGERLY = {"diagnosis_per_year": 2.0}


class Worlds(NamedTuple):
    setting: Setting
    names: list[str]
    lives: np.ndarray
    bodies: np.ndarray


@cache
def relived() -> Worlds:
    """People of all ages and their bodies in all worlds, under eager care."""
    setting = make_setting(size=1500, care=EAGER, parameters=EAGERLY)
    population = Population(setting, key=KEY)
    population.advance(BEGIN)
    worlds = all_worlds(setting)
    lives = population.lives[population.alive]
    given = population.bodies[population.alive]["endowment_mg"]
    states = relive(lives, given, [BEGIN], worlds, population.inputs)
    factual = population.bodies[population.alive]
    for name in BODY.names or ():
        assert (states[name][:, 0, 0] == factual[name]).all(), name
    return Worlds(setting, ["factual", *(world.name for world in worlds)], lives, states[:, 0])


def test_the_ledger_closes_in_every_world() -> None:
    bodies = relived().bodies
    held = sum(
        bodies[name]
        for name in ("storage_iron_mg", "red_cell_iron_mg", "tissue_iron_mg", "infused_iron_mg")
    )
    told = bodies["iron_gained_mg"] - bodies["iron_spent_mg"]
    followed_stores = [name != "iron stores always replete" for name in relived().names]
    assert (np.abs(told - held) / held)[:, followed_stores].max() < 1e-6
    assert (bodies["infused_iron_mg"][:, 0] > 1.0).sum() > 10


def test_nobody_is_treated_for_rls_in_a_world_in_which_there_was_none() -> None:
    bodies = relived().bodies
    never = bodies["rls_first_month"] == NEVER
    spared = never & (bodies["rls_first_month"][:, :1] != NEVER)
    treated = bodies["dopamine_support"] > 0
    assert spared.sum() > 100
    assert (treated[:, :1] & spared).sum() > 20
    assert not treated[never].any()
    assert (bodies["diagnosed_month"][never] == NEVER).all()
    for place, name in enumerate(relived().names):  # and they are treated where they have it
        if name != "CNS iron always sufficient":
            assert treated[:, place].sum() > 5, name


def test_an_offer_that_nobody_accepts_changes_nobody_but_who_is_diagnosed() -> None:
    declined = plan_care(shipped_treatments(), [replace(rule, uptake=0.0) for rule in EAGER.rules])
    bodies = []
    for care in (NO_CARE_PLAN, declined):
        population = Population(make_setting(size=600, care=care, parameters=EAGERLY), key=KEY)
        population.advance(BEGIN)
        bodies.append(population.bodies)
    for name in BODY.names or ():
        assert (name == "diagnosed_month") == (not same(*bodies, name)), name


@pytest.mark.parametrize("name", preset_names())
def test_presets_treat_a_few_and_lower_prevalence(name: str) -> None:
    """Some of those with clinically significant RLS, hardly anybody else."""
    rules = [CareRule(name=key, **block) for key, block in preset_rules(name).items()]
    setting = make_setting(size=SIZE, care=plan_care(shipped_treatments(), rules))
    population = Population(setting, key=KEY)
    population.advance(BEGIN)
    bodies, adults = population.bodies, BEGIN - population.lives["birth_month"] >= 12 * 18
    adults &= population.alive
    significant = (bodies["rls"] == 1) & (
        bodies["liability"] >= setting.inputs.significant_liability
    )
    diagnosed = bodies["diagnosed_month"] != NEVER
    assert 0.05 < diagnosed[adults & significant].mean() < 0.45
    treated = bodies["treatments"] != 0
    assert 0.0002 < treated[adults].mean() < 0.02
    before = grown()
    plain = before.bodies[before.lives["death_month"] == NEVER]
    assert bodies["rls"][population.alive].mean() < plain["rls"].mean() + 0.002
