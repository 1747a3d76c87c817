"""Care: diagnosis, offers, treatments, and what bodies are given by their own measurements."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from rule_tools import NOW, a_burden, inputs, made, moment, person, plain

from rlsabm.burden import NO_CARE, Care
from rlsabm.care.care import receive_care
from rlsabm.care.care_rule import CareRule
from rlsabm.care.diagnosis import seek_diagnosis
from rlsabm.care.infusions import infusion_mg
from rlsabm.care.offers import is_of_rls, offer_treatments
from rlsabm.care.plan import plan_care
from rlsabm.care.presets import preset, preset_names, preset_rules
from rlsabm.care.treatment import Treatment, shipped_treatments
from rlsabm.care.treatments import (
    augmentation_by_ferritin,
    continue_treatments,
    given_this_month,
    stop,
)
from rlsabm.conventions import FEMALE, MALE, NEVER
from rlsabm.errors import UserError
from rlsabm.exposures.kidney import DIALYSIS

# Iron infused on dialysis -------------------------------------------------------------------------


def infused(stores: float, **values: float) -> float:
    life, body = person(storage_iron_mg=500 * stores)
    return float(plain(infusion_mg)(body, life, inputs(**values)))


def test_infusions_stop_above_a_measured_ferritin_of_800() -> None:
    """Ferritin on dialysis is 1.8 times that of the same stores: 40 (exp(s) - 1) x 1.8."""
    limit = np.log1p(800 / 1.8 / 40)
    assert infused(limit - 0.01) == 220.0
    assert infused(limit + 0.01) == 0.0


def test_infusions_stop_above_a_saturation() -> None:
    """Saturation is 30 % x ferritin / (ferritin + 12): 20 % at a ferritin of 24."""
    limit = np.log1p(24 / 40)
    assert infused(limit - 0.01, infusion_saturation_below_percent=20) == 220.0
    assert infused(limit + 0.01, infusion_saturation_below_percent=20) == 0.0


def test_only_dialysis_units_infuse() -> None:
    life, body = person(storage_iron_mg=100.0)
    burden = a_burden()
    assert plain(receive_care)(body, life, burden, moment(), inputs()) == NO_CARE
    burden.dialysis_care = 1.0
    assert plain(receive_care)(body, life, burden, moment(), inputs()) == NO_CARE._replace(
        infused_iron_mg=220.0
    )


# Treatments ---------------------------------------------------------------------------------------

IRON = Treatment(
    name="iron",
    source="a test",
    oral_iron_mg=60,
    adherence=0.8,
    infused_iron_mg=500,
    slow_share=0.6,
)
DRUG = Treatment(
    name="drug", source="a test", dopamine_support=0.4, symptom_relief=0.2, supply_factor=1.5,
    months_to_act=2, augmentation_per_year=0.6, augmentation_liability=0.8, in_pregnancy=False,
)  # fmt: skip
SHORT = Treatment(name="short", source="a test", oral_iron_mg=90, alternate_days=True, months=3)
TREATMENTS = {each.name: each for each in (IRON, DRUG, SHORT)}


def rule(name: str = "rule", **given: Any) -> CareRule:
    return CareRule(**{"name": name, "treatment": "drug", **given})


def care_inputs(*rules: CareRule, **values: float) -> Any:
    """Inputs with these rules, the three treatments being numbers 0 to 2."""
    never = [
        CareRule(name=f"never_{name}", treatment=name, age_from=119, age_to=119)
        for name in TREATMENTS
    ]
    return inputs(care=plan_care(TREATMENTS, [*rules, *never]), **values)


def on(**months: int) -> int:
    """What a body keeps of the months on treatments."""
    return sum(
        months[name] << 7 * number for number, name in enumerate(TREATMENTS) if name in months
    )


def given(p: Any, body: Any, infused_mg: float = 0.0) -> Care:
    return plain(given_this_month)(body, infused_mg, p)


def test_iron_is_infused_once_and_tablets_are_taken_on() -> None:
    p = care_inputs()
    for months, fast, slow in ((1, 200.0, 300.0), (2, 0.0, 0.0), (40, 0.0, 0.0)):
        _, body = person(treatments=on(iron=months))
        assert given(p, body) == Care(fast, slow, 60.0, 0.8, 0.64, 1.0)
    _, body = person(treatments=on(iron=2))
    assert given(p, body, infused_mg=220.0).infused_iron_mg == 220.0


def test_tablets_of_every_other_day() -> None:
    """Half the days, each dose absorbed as a first one; of two treatments the larger dose counts."""
    p = care_inputs()
    _, body = person(treatments=on(short=1, iron=5))
    assert given(p, body) == Care(0.0, 0.0, 90.0, 0.5, 1.0, 1.0)


def test_effects_without_a_time_constant_are_there_at_once() -> None:
    p = inputs(care=plan_care({"drug": replace(DRUG, months_to_act=0.0)}, [rule()]))
    _, body = person(treatments=1)
    assert given(p, body).supply_factor == pytest.approx(1.5)
    assert (body.dopamine_support, body.symptom_relief) == pytest.approx((0.4, 0.2))


def test_effects_come_with_their_time_constant_and_go_at_once() -> None:
    p = care_inputs()
    for months in (1, 2, 12):
        _, body = person(treatments=on(drug=months))
        acting = 1.0 - math.exp(-months / 2.0)
        assert given(p, body).supply_factor == pytest.approx(1.0 + 0.5 * acting)
        assert (body.dopamine_support, body.symptom_relief) == pytest.approx(
            (0.4 * acting, 0.2 * acting)
        )
        body.treatments = 0
        assert given(p, body).supply_factor == 1.0
        assert (body.dopamine_support, body.symptom_relief) == (0.0, 0.0)


def test_augmentation_comes_and_goes() -> None:
    p = care_inputs(augmentation_months=2.0)
    step = 1.0 - math.exp(-0.5)
    _, body = person(treatments=on(drug=9), augmented=0b010)
    given(p, body)
    assert body.augmentation == pytest.approx(0.8 * step)
    plain(stop)(body, 1)
    assert (body.treatments, body.augmented) == (0, 0)
    given(p, body)
    assert body.augmentation == pytest.approx(0.8 * step * (1.0 - step))


def continued(p: Any, month: int = NOW, **fields: Any) -> tuple[int, int]:
    life, body = person(**fields)
    plain(continue_treatments)(body, life, moment(month=month), p)
    return int(body.treatments), int(body.augmented)


def test_a_course_ends_after_its_months_and_others_go_on() -> None:
    p = care_inputs()
    assert continued(p, treatments=on(short=1))[0] == on(short=2)
    assert continued(p, treatments=on(short=2, iron=7))[0] == on(short=3, iron=8)
    assert continued(p, treatments=on(short=3, iron=7))[0] == on(iron=8)
    assert continued(p, treatments=on(iron=127, drug=127))[0] == on(iron=127, drug=127)


def test_pregnancy_ends_what_may_not_be_taken_in_it() -> None:
    p = care_inputs()
    assert continued(p, treatments=on(drug=5, iron=5), pregnancy=1)[0] == on(iron=6)


def test_stopping_and_augmentation_have_their_rates() -> None:
    """Of many people, by their own uniforms: e to the minus rate x time go on, augmented ones less."""
    stopping = replace(DRUG, stopped_per_year=2.4, stopped_per_year_if_augmented=12.0)
    treatments = {"drug": stopping}
    p = inputs(care=plan_care(treatments, [rule()]))
    level = 75.0  # of ferritin: 40 (exp(s) - 1)
    stores = 500.0 * math.log1p(level / 40.0)
    people = [
        continued(p, uid=uid, treatments=3, augmented=before, storage_iron_mg=stores)
        for before in (0, 1)
        for uid in range(4000)
    ]
    months, augmented = np.array(people).reshape(2, 4000, 2).transpose(2, 0, 1)
    going_on = (months == 4).mean(axis=1)
    assert going_on == pytest.approx(np.exp([-0.2, -1.0]), abs=0.02)
    assert augmented[0][months[0] == 4].mean() == pytest.approx(1 - math.exp(-0.05), abs=0.01)
    assert not augmented[months == 0].any()


@pytest.mark.parametrize(("level", "factor"), [(75.0, 1.0), (150.0, 0.5), (25.0, 3.0), (1.0, 4.0)])
def test_augmentation_is_worse_with_low_ferritin(level: float, factor: float) -> None:
    p = care_inputs(augmentation_ferritin_exponent=1.0)
    assert plain(augmentation_by_ferritin)(level, p) == pytest.approx(factor)


# Diagnosis ----------------------------------------------------------------------------------------


def test_only_significant_rls_is_diagnosed_and_only_once() -> None:
    p = care_inputs(diagnosis_per_year=1000.0)
    for fields, month in (
        ({"rls": 1, "liability": 0.36}, NOW),
        ({"rls": 1, "liability": 0.35}, NEVER),
        ({"rls": 0, "liability": 0.9}, NEVER),
        ({"rls": 1, "liability": 0.9, "diagnosed_month": NOW - 9}, NOW - 9),
    ):
        life, body = person(**fields)
        plain(seek_diagnosis)(body, life, moment(), p)
        assert body.diagnosed_month == month, fields
    rare = care_inputs(diagnosis_per_year=0.6)
    found = 0
    for uid in range(4000):
        life, body = person(uid=uid, rls=1, liability=1.0)
        plain(seek_diagnosis)(body, life, moment(), rare)
        found += body.diagnosed_month == NOW
    assert found / 4000 == pytest.approx(1 - math.exp(-0.05), abs=0.011)


# Offers -------------------------------------------------------------------------------------------


def offered(*asked: CareRule, month: int = NOW, age: int = 40, **fields: Any) -> bool:
    """Whether somebody, of 40 years unless said otherwise, begins the drug."""
    life, body = person(age=age, **fields)
    before = int(body.treatments)
    plain(offer_treatments)(body, life, moment(month=month, age=age), care_inputs(*asked))
    assert int(body.treatments) in (before, before | on(drug=1))
    return int(body.treatments) != before


SICK = {"rls": 1, "liability": 0.5}
#: A rule, and who is meant by it and who is not.
MEANT: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ({"sex": "male"}, {"sex": MALE}, {"sex": FEMALE}),
    ({"sex": "female"}, {"sex": FEMALE}, {"sex": MALE}),
    ({"age_from": 40}, {"age": 40}, {"age": 39}),
    ({"age_to": 40}, {"age": 40}, {"age": 41}),
    ({"diagnosed": True}, {"diagnosed_month": NOW - 100}, SICK),
    ({"symptoms": "any"}, {"rls": 1, "liability": -2.0}, {"liability": 2.0}),
    ({"symptoms": "weekly"}, {"rls": 1, "liability": -0.29}, {"rls": 1, "liability": -0.31}),
    ({"symptoms": "significant"}, {"rls": 1, "liability": 0.36}, {"rls": 1, "liability": 0.35}),
    ({"irls_at_least": 15}, {"rls": 1, "liability": 0.37}, {"rls": 1, "liability": 0.34}),
    ({"irls_at_least": 15}, {"rls": 1, "liability": 0.37}, {"rls": 0, "liability": 0.37}),
    ({"pregnant": False}, {"pregnancy": 0}, {"pregnancy": 1}),
    ({"condition": "dialysis"}, {"kidney": DIALYSIS}, {"kidney": 4}),
    (
        {"months_since_donation": 2},
        {"last_donation_month": NOW - 2},
        {"last_donation_month": NOW - 3},
    ),
    ({"months_since_donation": 2}, {"last_donation_month": NOW}, {}),
    (
        {"months_since_donation": 0},
        {"last_donation_month": NOW},
        {"last_donation_month": NOW - 1},
    ),
    ({"not_with": ("iron",)}, {"treatments": on(short=4)}, {"treatments": on(iron=1)}),
    ({"ferritin_below": 30}, {"storage_iron_mg": 20.0}, {"storage_iron_mg": 2000.0}),
    ({"ferritin_from": 30}, {"storage_iron_mg": 2000.0}, {"storage_iron_mg": 20.0}),
    ({"saturation_below": 20}, {"storage_iron_mg": 5.0}, {"storage_iron_mg": 5000.0}),
    ({"haemoglobin_below": 120}, {"red_cell_iron_mg": 1000.0}, {"red_cell_iron_mg": 2400.0}),
]


@pytest.mark.parametrize(("asked", "one", "other"), MEANT, ids=lambda value: str(value)[:40])
def test_a_rule_means_these_and_not_those(asked: Any, one: Any, other: Any) -> None:
    assert offered(rule(**asked), **one)
    assert not offered(rule(**asked), **other)


def test_the_drug_is_not_begun_in_pregnancy_nor_twice() -> None:
    assert offered(rule())
    assert not offered(rule(), pregnancy=1)
    assert not offered(rule(), treatments=on(drug=1))
    assert not offered(rule(), treatments=on(drug=127))


def test_from_a_month_of_pregnancy() -> None:
    """A pregnancy of the fifth month was conceived four months ago."""
    asked = rule(treatment="iron", pregnant=True, pregnancy_month=5)
    for months_ago, begins in ((3, False), (4, True), (8, True)):
        life, body = person(pregnancy=1, conception_month=NOW - months_ago)
        plain(offer_treatments)(body, life, moment(), care_inputs(asked))
        assert (int(body.treatments) == on(iron=1)) == begins


def test_at_some_birthdays_only() -> None:
    asked = rule(at_ages=[40, 50])
    assert offered(asked, age=40)
    assert offered(asked, age=50)
    assert not offered(asked, age=45)
    assert not offered(asked, age=40, birth_month=NOW - 12 * 40 - 1)
    assert offered(asked, age=40, month=NOW + 5, birth_month=NOW + 5 - 12 * 40)


def test_conditions_of_the_catalogue() -> None:
    conditions = [made(name, prevalence=[0.1]) for name in ("one", "two")]
    p = inputs(conditions, care=plan_care(TREATMENTS, [rule(condition="two")]))
    for bits, begins in ((0b00, False), (0b01, False), (0b10, True), (0b11, True)):
        life, body = person(conditions=bits)
        plain(offer_treatments)(body, life, moment(), p)
        assert (body.treatments != 0) == begins, bits


def test_offers_have_their_rate_and_people_their_mind() -> None:
    """1 - exp(-1.2 / 12) are offered it in a month; the same half of all people accept each time."""
    rare, wanted = rule(per_year=1.2), rule(uptake=0.5)
    assert np.mean([offered(rare, uid=uid) for uid in range(3000)]) == pytest.approx(
        0.0952, abs=0.016
    )
    accepting = [[offered(wanted, uid=uid, month=NOW + m) for uid in range(400)] for m in range(3)]
    assert accepting[0] == accepting[1] == accepting[2]
    assert np.mean(accepting) == pytest.approx(0.5, abs=0.08)


def test_rules_of_rls_come_first_and_others_in_their_order() -> None:
    """Whoever has neither symptoms nor a diagnosis is asked the others only."""
    assert is_of_rls(rule(irls_at_least=0.5))
    assert not is_of_rls(rule(ferritin_below=30))
    of_all = rule("all", treatment="iron", not_with=("short", "drug"))
    of_rls = rule("rls", symptoms="any", not_with=("iron",))
    p = care_inputs(of_all, of_rls)
    assert (p.care_rules_of_rls, p.care_rule_count) == (1, 5)
    for fields, begun in ((SICK, on(drug=1)), ({}, on(iron=1))):
        life, body = person(**fields)
        plain(offer_treatments)(body, life, moment(), p)
        assert int(body.treatments) == begun


def test_a_month_of_care() -> None:
    """Diagnosis and offer in one month; the first month counts as one, the next as two."""
    p = care_inputs(rule(diagnosed=True), diagnosis_per_year=1000.0)
    life, body = person(rls=1, liability=1.0)
    found = plain(receive_care)(body, life, a_burden(), moment(), p)
    assert (int(body.diagnosed_month), int(body.treatments)) == (NOW, on(drug=1))
    assert found.supply_factor == pytest.approx(1.0 + 0.5 * (1.0 - math.exp(-0.5)))
    plain(receive_care)(body, life, a_burden(), moment(month=NOW + 1), p)
    assert int(body.treatments) == on(drug=2)
    life, body = person()
    assert plain(receive_care)(body, life, a_burden(), moment(), p) == NO_CARE
    alone = inputs(care=plan_care(TREATMENTS, [rule(treatment="short")]))
    assert plain(receive_care)(body, life, a_burden(), moment(), alone).oral_iron_mg == 90.0


# Plans --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"treatment": "drig"}, r"care.rules.rule.treatment: found drig \(expected a treatment: iron, "
         r"drug, short; did you mean drug\?\)"),
        ({"treatment": ""}, "care.rules.rule.treatment: is missing"),
        ({"not_with": ["irn"]}, r"care.rules.rule.not_with: found irn .*did you mean iron"),
        ({"age_from": 50, "age_to": 49}, r"care.rules.rule.age_to: 49 found, expected 50"),
    ],
)  # fmt: skip
def test_plans_that_cannot_be(given: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        plan_care(TREATMENTS, [rule(**given)])


def test_a_plan_keeps_the_treatments_that_are_offered() -> None:
    assert [each.name for each in plan_care(TREATMENTS, [rule()]).treatments] == ["drug"]
    many = {f"t{number}": replace(DRUG, name=f"t{number}") for number in range(10)}
    rules = [rule(f"r{number}", treatment=name) for number, name in enumerate(many)]
    assert len(plan_care(many, rules[:9]).treatments) == 9
    with pytest.raises(UserError, match="offer 10 treatments, expected 9 at most"):
        plan_care(many, rules)
    with pytest.raises(UserError, match="25 found, expected 24 at most"):
        plan_care(TREATMENTS, [rule(f"r{number}") for number in range(25)])
    with pytest.raises(
        UserError, match=r"condition: found gout .*expected a condition: obesity, dial"
    ):
        plan_care(TREATMENTS, [rule(condition="gout")]).check_conditions(["obesity"])


def test_what_ships_can_be_planned() -> None:
    """Treatments have effects and sources, presets rules that name them."""
    for treatment in shipped_treatments().values():
        assert len(treatment.source) > 40
        assert treatment.label
        effects = (treatment.dopamine_support, treatment.symptom_relief)
        iron = (treatment.oral_iron_mg, treatment.infused_iron_mg)
        assert any(iron) == (not any(effects)), treatment.name
    assert preset_names() == ("aasm_2025", "irlssg_2018_iron", "usual_care")
    for name in preset_names():
        assert preset(name)["title"]
        assert len(preset(name)["source"]) > 40
        rules = [CareRule(name=key, **block) for key, block in preset_rules(name).items()]
        assert plan_care(shipped_treatments(), rules).rules == tuple(rules)
