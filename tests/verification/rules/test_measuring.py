"""What laboratories, scans, pathologists and questionnaires find of a person."""

from __future__ import annotations

from math import exp
from typing import Any

import numpy as np
import pytest
from rule_tools import KEY, NOW, inputs, person, plain

from rlsabm.body.iron import transferrin_receptor, transferrin_saturation
from rlsabm.chance import at, episode, normal, once
from rlsabm.conventions import LAST_AGE, LONG_AGO
from rlsabm.exposures.catalogue.condition import Condition
from rlsabm.exposures.kidney import DIALYSIS, GRAFT
from rlsabm.exposures.menses import IRON_HABITS
from rlsabm.exposures.pregnancy import ONE_CHILD
from rlsabm.measuring import autopsy, questionnaire
from rlsabm.measuring.assays import (
    ASSAY,
    INFLAMMATION,
    MEASUREMENT,
    SCAN,
    ferritin_log_sd,
    inflammation,
    measure_person,
)
from rlsabm.measuring.autopsy import dissect
from rlsabm.measuring.cases import DEFINITIONS, RECALLS, case_bit, case_bits
from rlsabm.measuring.instruments import Instrument, instruments
from rlsabm.measuring.questionnaire import INSTRUMENT, Answers
from rlsabm.person import BODY, LIFE, newborn_records


def z(rule: Any, place: int, uid: int, *of: Any) -> float:
    """Normal quantile of one of a person's uniforms."""
    return float(plain(normal)(plain(rule)(np.uint64(KEY), np.uint64(uid), *of)[place]))


# Inflammation -------------------------------------------------------------------------------------

INFLAMED = Condition(name="it", label="it", definition="it", source="a test", prevalence=[0.1],
                     ferritin_factor=2.0, saturation_factor=0.6)  # fmt: skip
OTHER = Condition(name="other", label="other", definition="other", source="a test",
                  prevalence=[0.1], ferritin_factor=1.5, saturation_factor=0.5)  # fmt: skip


def factors(u: float, age: int = 40, **fields: Any) -> tuple[float, float]:
    life, _ = person(**fields)
    found = plain(inflammation)(life, age, u, inputs([INFLAMED, OTHER]))
    return float(found[0]), float(found[1])


def test_a_quarter_of_adults_are_inflamed_on_any_day() -> None:
    """Ferritin 1.5 times as high (Thurnham 2010), saturation three quarters."""
    assert factors(0.249) == (1.5, 0.75)
    assert factors(0.251) == (1.0, 1.0)


@pytest.mark.parametrize(("age", "inflamed"), [(17, False), (18, True)])
def test_children_are_not_inflamed(age: int, inflamed: bool) -> None:
    assert factors(0.1, age) == ((1.5, 0.75) if inflamed else (1.0, 1.0))


def test_conditions_inflame_and_add_up_and_nothing_else_comes_upon_them() -> None:
    assert factors(0.1, conditions=0b01) == factors(0.9, conditions=0b01) == (2.0, 0.6)
    assert factors(0.1, conditions=0b10) == (1.5, 0.5)
    assert factors(0.9, conditions=0b11) == (3.0, pytest.approx(0.3))


def test_dialysis_inflames() -> None:
    assert factors(0.1, kidney=DIALYSIS) == (1.8, 1.0)
    assert factors(0.1, kidney=DIALYSIS, conditions=0b01) == (pytest.approx(3.6), 0.6)
    assert factors(0.1, kidney=GRAFT) == (1.5, 0.75)


def test_a_condition_that_lowers_saturation_only_leaves_room_for_inflammation() -> None:
    low = Condition(name="low", label="low", definition="low", source="a test", prevalence=[0.1],
                    saturation_factor=0.5)  # fmt: skip
    life, _ = person(conditions=1)
    found = plain(inflammation)(life, 40, 0.1, inputs([low]))
    assert found == (1.5, pytest.approx(0.375))


# A person -----------------------------------------------------------------------------------------


def measured(
    uid: int = 1, values: dict[str, float] | None = None, conditions: Any = (), **fields: Any
) -> Any:
    """What is measured in somebody of 40 years and one month."""
    given = dict(age=40.1, storage_iron_mg=400.0, red_cell_iron_mg=2000.0, cns_iron_exchangeable=0.8,
                 cns_iron_structural=0.7)  # fmt: skip
    life, body = person(uid=uid, **(given | fields))
    found = np.zeros(1, dtype=MEASUREMENT)[0]
    plain(measure_person)(found, life, body, NOW, inputs(conditions, **(values or {})))
    return found


LEVEL = 40 * np.expm1(400 / 500)


def test_true_values_are_those_of_the_body() -> None:
    life, body = person(storage_iron_mg=400.0, red_cell_iron_mg=2000.0)
    found, p = (
        measured(dopamine_deficit=0.3, absorbed_mg_per_day=1.5, lost_mg_per_day=1.2),
        inputs(),
    )
    assert found.stores_ferritin_ug_per_l == pytest.approx(LEVEL, rel=1e-6)
    assert found.haemoglobin_g_per_l == pytest.approx(2000 / 5 / 3.39)
    saturation = plain(transferrin_saturation)(body, life, p)
    assert found.transferrin_saturation_percent == pytest.approx(saturation)
    receptor = plain(transferrin_receptor)(body, life, p)
    assert found.transferrin_receptor_mg_per_l == pytest.approx(receptor)
    assert found.csf_ferritin_ug_per_l == pytest.approx(3.5 * 0.8, rel=1e-6)
    assert found.nigral_iron_ratio == pytest.approx(0.7 / p.structural_pool_norm[40], rel=1e-6)
    assert found.dopamine_deficit == pytest.approx(0.3)
    assert found.storage_iron_mg == 400.0
    assert found.iron_absorbed_mg_per_day == pytest.approx(1.5)
    assert found.iron_lost_mg_per_day == pytest.approx(1.2)


@pytest.mark.parametrize("uid", [1, 2, 3, 4, 5, 6])
def test_measured_values_have_the_noise_of_their_assays(uid: int) -> None:
    """Logarithmic for ferritin, saturation, receptor and CSF; relative for haemoglobin and scans."""
    found = measured(uid)
    inflamed, _, _, _ = plain(at)(np.uint64(KEY), np.uint64(uid), NOW, INFLAMMATION)
    by_ferritin, by_saturation = (1.5, 0.75) if inflamed < 0.25 else (1.0, 1.0)
    person_z = z(once, 1, uid, IRON_HABITS)
    assays = [z(at, place, uid, NOW, ASSAY) for place in range(4)]
    csf, scan = z(at, 1, uid, NOW, INFLAMMATION), z(at, 0, uid, NOW, SCAN)
    log_sd = 0.15 + 0.105 * 2  # at 40 years
    ferritin = found.stores_ferritin_ug_per_l * exp(log_sd * person_z) * by_ferritin
    assert found.serum_ferritin_ug_per_l == pytest.approx(ferritin * exp(0.05 * assays[0]))
    assert found.measured_haemoglobin_g_per_l == pytest.approx(
        found.haemoglobin_g_per_l * (1 + 0.02 * assays[1])
    )
    assert found.measured_transferrin_saturation_percent == pytest.approx(
        found.transferrin_saturation_percent * by_saturation * exp(0.25 * assays[2])
    )
    assert found.measured_transferrin_receptor_mg_per_l == pytest.approx(
        found.transferrin_receptor_mg_per_l * exp(0.08 * assays[3])
    )
    assert found.measured_csf_ferritin_ug_per_l == pytest.approx(
        found.csf_ferritin_ug_per_l * exp(0.25 * csf)
    )
    assert found.measured_nigral_iron_ratio == pytest.approx(
        found.nigral_iron_ratio * (1 + 0.15 * scan)
    )


@pytest.mark.parametrize(
    ("age", "expected"), [(1, 0.2), (20, 0.2), (25, 0.25), (30, 0.3), (70, 0.7)]
)
def test_ferritin_of_the_same_stores_differs_more_from_20_years_on(
    age: int, expected: float
) -> None:
    p = inputs(ferritin_person_log_sd=0.2, ferritin_log_sd_per_decade=0.1)
    assert plain(ferritin_log_sd)(age, p) == pytest.approx(expected)


QUIET = dict(
    ferritin_person_log_sd=0, ferritin_log_sd_per_decade=0, ferritin_assay_cv=0,
    haemoglobin_assay_cv=0, saturation_assay_cv=0, receptor_assay_cv=0, csf_ferritin_log_sd=0,
    nigral_scan_cv=0, inflammation_share=0,
)  # fmt: skip


def test_without_noise_what_is_measured_is_true() -> None:
    found = measured(3, QUIET)
    assert found.serum_ferritin_ug_per_l == found.stores_ferritin_ug_per_l
    for name in ("haemoglobin_g_per_l", "transferrin_saturation_percent", "csf_ferritin_ug_per_l",
                 "transferrin_receptor_mg_per_l", "nigral_iron_ratio"):  # fmt: skip
        assert found[f"measured_{name}"] == found[name], name


def test_inflammation_raises_ferritin_and_lowers_saturation_of_the_same_stores() -> None:
    found = measured(3, QUIET | {"inflammation_share": 1})
    assert found.serum_ferritin_ug_per_l == pytest.approx(1.5 * found.stores_ferritin_ug_per_l)
    assert found.measured_transferrin_saturation_percent == pytest.approx(
        0.75 * found.transferrin_saturation_percent
    )
    child = measured(3, QUIET | {"inflammation_share": 1}, age=10.1)
    assert child.serum_ferritin_ug_per_l == child.stores_ferritin_ug_per_l


def test_conditions_inflame_a_person() -> None:
    found = measured(3, QUIET, [INFLAMED], conditions_until=10**8, **{"kidney": 0})
    assert found.serum_ferritin_ug_per_l == found.stores_ferritin_ug_per_l
    life, body = person(conditions=1)
    seen = np.zeros(1, dtype=MEASUREMENT)[0]
    plain(measure_person)(seen, life, body, NOW, inputs([INFLAMED], **QUIET))
    assert seen.serum_ferritin_ug_per_l == pytest.approx(2 * seen.stores_ferritin_ug_per_l)


def test_haemoglobin_is_diluted_in_pregnancy() -> None:
    found = measured(pregnancy=ONE_CHILD, conception_month=NOW - 6)
    assert found.haemoglobin_g_per_l == pytest.approx(2000 / (5 * 1.34) / 3.39)


def test_nigral_iron_is_relative_to_people_of_the_age() -> None:
    p = inputs()
    for age in (5, 80, LAST_AGE + 2):
        found = measured(birth_month=NOW - 12 * age - 5)
        norm = p.structural_pool_norm[min(age, LAST_AGE)]
        assert found.nigral_iron_ratio == pytest.approx(0.7 / norm, rel=1e-6)


def test_irls_is_asked_of_those_who_have_symptoms() -> None:
    assert measured(rls=1, liability=0.36).irls == pytest.approx(15.0, rel=1e-5)
    assert measured(rls=0, liability=0.36).irls == 0.0


# Autopsies ----------------------------------------------------------------------------------------


def test_an_autopsy_finds_the_iron_at_death(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a pathologist's noise of a tenth, drawn for the month of death."""
    monkeypatch.setattr(autopsy, "_dissect", plain(autopsy._dissect))
    lives, bodies = newborn_records(LIFE, 2), newborn_records(BODY, 2)
    lives["uid"], lives["death_month"] = [4, 5], NOW
    lives["birth_month"] = [NOW - 12 * 70 - 3, NOW - 12 * (LAST_AGE + 3)]
    bodies["cns_iron_structural"], bodies["cns_iron_exchangeable"] = 0.6, 0.9
    p = inputs()
    found = dissect(lives, bodies, p)
    for row, age in ((0, 70), (1, LAST_AGE)):
        level = 0.6 / p.structural_pool_norm[age]
        noise = z(at, 1, 4 + row, NOW, SCAN)
        assert found["cns_iron_structural"][row] == pytest.approx(level, rel=1e-6)
        assert found["measured_cns_iron_structural"][row] == pytest.approx(
            level * (1 + 0.1 * noise), rel=1e-6
        )
    assert found["cns_iron_exchangeable"] == pytest.approx(0.9)


# Cases --------------------------------------------------------------------------------------------


def test_each_definition_and_recall_has_its_bit() -> None:
    bits = [case_bit(definition, recall) for recall in RECALLS for definition in DEFINITIONS]
    assert bits == [1, 2, 4, 8, 16, 32]


@pytest.mark.parametrize(("since", "current", "past_year"), [
    (0, True, True), (1, False, True), (11, False, True), (12, False, False),
])  # fmt: skip
def test_cases_are_of_this_month_or_of_the_last_twelve(
    since: int, current: bool, past_year: bool
) -> None:
    fields = ("rls_last_month", "weekly_last_month", "significant_last_month")
    for definition, field in zip(DEFINITIONS, fields, strict=True):
        bodies = newborn_records(BODY, 1)
        bodies[field] = NOW - since
        expected = case_bit(definition, "current") * current
        expected |= case_bit(definition, "past_year") * past_year
        assert case_bits(bodies, NOW).tolist() == [expected]
    assert case_bits(newborn_records(BODY, 1), NOW).tolist() == [0]
    assert newborn_records(BODY, 1)["rls_last_month"][0] == LONG_AGO


# Questionnaires -----------------------------------------------------------------------------------


def asked(
    monkeypatch: pytest.MonkeyPatch, instrument: Instrument, bits: Any, age: float = 45.0,
    **values: float,
) -> Any:  # fmt: skip
    """Answers of people with these case bits, who are all of one age."""
    monkeypatch.setattr(questionnaire, "draw_answers", plain(questionnaire.draw_answers))
    lives = newborn_records(LIFE, len(bits))
    lives["uid"] = np.arange(1, len(bits) + 1)
    lives["birth_month"] = NOW - round(12 * age)
    answers = Answers(instrument, lives, NOW, inputs(**values))
    return answers.observed(np.array(bits, dtype=np.uint8))


PERFECT = Instrument("made", "asks", 1.0, 1.0, 1.0, 1.0, "a test")
CASE = case_bit("any", "current") | case_bit("any", "past_year")


def test_a_perfect_instrument_gives_the_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    bits = [0, CASE, CASE | 2 | 16, 8]
    assert asked(monkeypatch, PERFECT, bits).tolist() == bits


def test_cases_are_found_with_the_sensitivity(monkeypatch: pytest.MonkeyPatch) -> None:
    """A case that is missed says no to all."""
    found = asked(monkeypatch, PERFECT._replace(sensitivity=0.7), [CASE | 2] * 2000)
    assert set(found.tolist()) == {0, CASE | 2}
    assert (found > 0).mean() == pytest.approx(0.7, abs=3.5 * (0.21 / 2000) ** 0.5)


def test_who_had_symptoms_in_the_past_year_is_a_case_to_be_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No mimic, though free of symptoms now."""
    mimics = PERFECT._replace(sensitivity=0.0, specificity=0.0)
    assert set(asked(monkeypatch, mimics, [8] * 50).tolist()) == {0}


@pytest.mark.parametrize(
    ("age", "share"),
    [(45, 0.05), (65, 0.05 * 1.35**2), (25, 0.05 / 1.35**2), (45.5, 0.05 * 1.35**0.05),
     (300, 0.5)],
)  # fmt: skip
def test_others_are_taken_for_cases_more_often_with_age(
    monkeypatch: pytest.MonkeyPatch, age: float, share: float
) -> None:
    """(1 - specificity) x 1.35 a decade from 45 years, at most a half; by the persons' uniforms."""
    made = PERFECT._replace(specificity=0.95, weekly_share=0.0, significant_share=0.0)
    found = asked(monkeypatch, made, [0] * 3000, age=age) > 0
    uniforms = np.array([
        plain(episode)(np.uint64(KEY), np.uint64(uid), np.uint64(_code("made")), NOW, INSTRUMENT)
        for uid in range(1, 3001)
    ])  # fmt: skip
    assert (found == (uniforms[:, 1] < share)).all()


def _code(name: str) -> int:
    import zlib

    return zlib.crc32(name.encode())


def test_mimics_report_severity_by_shares_of_the_instrument(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = PERFECT._replace(specificity=0.5, weekly_share=0.4, significant_share=0.1)
    found = asked(monkeypatch, made, [0] * 4000)
    mimics = found[found > 0]
    assert set(mimics.tolist()) == {0b001001, 0b011011, 0b111111}
    for bit, share in ((2, 0.4), (4, 0.1)):
        error = (share * (1 - share) / len(mimics)) ** 0.5
        assert ((mimics & bit) > 0).mean() == pytest.approx(share, abs=3.5 * error)


def test_answers_are_alike_in_all_worlds(monkeypatch: pytest.MonkeyPatch) -> None:
    """People by row, worlds along further axes."""
    made = PERFECT._replace(sensitivity=0.6, specificity=0.7)
    rng = np.random.default_rng(1)
    worlds = np.where(rng.random((300, 3)) < 0.5, CASE, 0).astype(np.uint8)
    together = asked(monkeypatch, made, worlds)
    for world in range(3):
        assert (together[:, world] == asked(monkeypatch, made, worlds[:, world])).all()


def test_specificities_are_those_of_a_population() -> None:
    """Studies rich in mimics find less; in a population 0.9 to 0.99."""
    for instrument in instruments().values():
        assert 0.80 <= instrument.sensitivity <= 0.98, instrument.name
        assert 0.90 <= instrument.specificity <= 0.99, instrument.name
        assert instrument.significant_share < instrument.weekly_share < 1
