"""Defaults of parameters against the figures of the sources that they name."""

from __future__ import annotations

from math import exp, log

import pytest
from rule_tools import default_inputs
from scipy.stats import norm

P = default_inputs()


@pytest.mark.parametrize(
    ("parameter", "least", "most", "source"),
    [
        # Means of frequent donors lie well below a ceiling, 4.49 in men and 3.75 in women.
        ("absorption_ceiling_men_mg_per_day", 1.2 * 4.49, 7.0, "RISE 2017"),
        ("absorption_ceiling_women_mg_per_day", 1.2 * 3.75, 7.0, "RISE 2017"),
        ("absorption_ferritin_exponent", 0.40, 0.68, "Fairweather-Tait 2017"),
        ("blood_volume_child_l_per_kg", 0.070, 0.080, "standard paediatric value"),
        ("csf_ferritin_ug_per_l", 3.45, 3.55, "Earley 2000, controls: 3.50"),
        ("dialysis_haemoglobin_g_per_l", 109, 115, "DOPPS Practice Monitor"),
        ("father_age_gap_years", 2, 3, "NCHS birth statistics"),
        ("hormonal_coil_menses_factor", 0.1, 0.2, "reviews"),
        ("copper_coil_menses_factor", 1.5, 2.0, "reviews"),
        ("inflammation_share", 0.25, 0.30, "NHANES"),
        ("infusion_mg_per_month", 200, 300, "Bailie: 100-200 neutral, 300-400 raises"),
        ("lactation_share", 0.80, 0.84, "CDC: begin to nurse"),
        ("menarche_age_years", 12.3, 12.5, "NHANES and NSFG"),
        ("menopause_age_years", 49.9, 52.5, "Appiah 2021"),
        ("monozygotic_share", 0.0035, 0.004, "3.5-4 per 1,000 everywhere"),
        ("pill_share", 0.135, 0.145, "NCHS Data Brief 388"),
        ("placenta_share", 60 / 360, 60 / 300, "60 of 300-360 mg"),
        ("pregnancy_loss_share", 0.15, 0.20, "common estimate"),
        ("pregnancy_supplement_uptake", 0.65, 0.80, "NHANES: about three quarters"),
        ("structural_pool_at_birth", 0.02, 0.07, "Hallgren and Sourander 1958"),
        ("structural_pool_years", 11, 25, "Hallgren and Sourander 1958"),
        ("tablet_daily_factor", 0.55, 0.65, "Moretti 2015: 35-45 % less"),
        ("transferrin_saturation_full_percent", 28, 30, "NHANES, medians in men"),
    ],
)
def test_a_default_is_within_its_source(
    parameter: str, least: float, most: float, source: str
) -> None:
    assert least <= P[parameter] <= most, source


def test_menses_are_those_of_hallberg() -> None:
    """Median 30 mL a cycle; 9 to 11 % of women above 80 mL."""
    assert exp(P.menstrual_loss_log_ml) == pytest.approx(30, abs=0.5)
    heavy = norm.sf((log(80) - P.menstrual_loss_log_ml) / P.menstrual_loss_log_sd)
    assert 0.09 <= heavy <= 0.11


def test_bleeding_differs_as_in_moore() -> None:
    """Of people who lose 1.5 mL a day on average 5 % lose 5 mL or more, 1 % 10 mL or more."""
    spread = P.bleeding_log_sd
    median = 1.5 * exp(-(spread**2) / 2)
    for loss_ml, share in ((5, 0.05), (10, 0.01)):
        assert norm.sf(log(loss_ml / median) / spread) == pytest.approx(share, rel=0.15)


def test_a_month_has_as_many_cycles_as_27_8_days_allow() -> None:
    """Institute of Medicine 2001, p. 334."""
    assert P.cycles_per_month == pytest.approx(30.44 / 27.8, abs=0.01)


def test_long_acting_contraception_is_that_of_the_survey() -> None:
    """NCHS Data Brief 388: 10.4 %, four fifths of it hormonal."""
    assert P.hormonal_coil_share + P.copper_coil_share == pytest.approx(0.104, abs=0.005)


def test_red_cells_grow_by_500_mg_of_iron_at_term() -> None:
    """Institute of Medicine 2001, p. 348; in a woman of 4.4 L and 133 g/L."""
    assert P.red_cell_expansion * 4.4 * 133 * P.haemoglobin_iron_mg_per_g == (
        pytest.approx(500, rel=0.03)
    )


def test_milk_costs_what_the_institute_of_medicine_reckons() -> None:
    """0.35 mg per litre, 0.78 litres a day."""
    assert P.milk_iron_mg_per_day == pytest.approx(0.35 * 0.78, abs=0.005)


def test_mothers_nurse_as_long_as_the_survey_says() -> None:
    """National Immunization Survey, births of 2014-2016: 55-58 % at six months, 34-36 % at twelve.

    A constant rate of weaning cannot have both: it meets the first, and is a little above the second.
    """
    at_six, at_twelve = (P.lactation_share * exp(-m / P.lactation_mean_months) for m in (6, 12))
    assert 0.55 <= at_six <= 0.58
    assert at_twelve == pytest.approx(0.36, abs=0.02)


def test_few_deliveries_bleed_much() -> None:
    """Milman 2011: above 500 mL in 5-6 %."""
    much = norm.sf(log(500 / P.delivery_blood_ml) / P.delivery_blood_log_sd)
    assert 0.05 <= much <= 0.06


def test_people_differ_in_size_as_in_the_survey() -> None:
    """NCHS 2015-2018: height SD of 7 cm, weight CV of 0.22."""
    assert P.height_person_sd * 1.70 == pytest.approx(0.07, abs=0.005)
    assert P.weight_person_log_sd == pytest.approx(0.21, abs=0.02)


def test_haemoglobin_differs_between_men_as_in_the_survey() -> None:
    """NHANES 2017-2020: SD of 1.0 at 15.2 g/dL, assay noise and season included."""
    assert (P.haemoglobin_person_sd**2 + P.haemoglobin_assay_cv**2) ** 0.5 == (
        pytest.approx(1.0 / 15.2, abs=0.005)
    )


def test_serum_ferritin_at_empty_stores_is_that_of_the_limits_of_deficiency() -> None:
    """Saturation of 16 % where iron-deficient erythropoiesis begins, at 12 to 15 µg/L."""
    full, half = P.transferrin_saturation_full_percent, P.transferrin_saturation_half_ug_per_l
    assert full * 12 / (12 + half) < 16 < full * 15 / (15 + half)
