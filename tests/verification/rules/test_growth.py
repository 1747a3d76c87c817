"""Body size and what follows from it, against the formulas of the model and of the literature."""

from __future__ import annotations

import numpy as np
import pytest
from rule_tools import EXACT, inputs, person, plain

from rlsabm.conventions import FEMALE, LAST_AGE, MALE
from rlsabm.life.growth import blood_volume, build_body, grow, is_time_to_grow

SEXES = [FEMALE, MALE]


def grown(age_months: int, *, sex: int = MALE, values: dict[str, float] | None = None, **of: float):
    """Somebody's life after growing up to an age, and the inputs of it."""
    p = inputs(**(values or {}))
    life, _ = person(sex=sex, **of)
    plain(grow)(life, age_months, p)
    return life, p


# Blood --------------------------------------------------------------------------------------------


def test_blood_of_adults_is_that_of_nadler() -> None:
    """Nadler 1962, Surgery 51:224: litres by height in metres and weight in kilograms."""
    volume = plain(blood_volume)
    assert volume(MALE, 1.8, 80.0, 0.075) == pytest.approx(0.3669 * 1.8**3 + 0.03219 * 80 + 0.6041)
    assert volume(FEMALE, 1.6, 60.0, 0.075) == pytest.approx(
        0.3561 * 1.6**3 + 0.03308 * 60 + 0.1833
    )


def test_blood_of_children_goes_with_weight() -> None:
    for sex in SEXES:
        assert plain(blood_volume)(sex, 1.0, 16.0, 0.075) == pytest.approx(1.2)
        assert plain(blood_volume)(sex, 1.3, 35.0, 0.08) == pytest.approx(2.8)


def test_blood_goes_over_from_child_to_adult_between_35_and_45_kg() -> None:
    volume = plain(blood_volume)
    adult = 0.3669 * 1.5**3 + 0.03219 * 40 + 0.6041
    assert volume(MALE, 1.5, 40.0, 0.075) == pytest.approx((0.075 * 40 + adult) / 2)
    adult = 0.3669 * 1.5**3 + 0.03219 * 37 + 0.6041
    assert volume(MALE, 1.5, 37.0, 0.075) == pytest.approx(0.8 * 0.075 * 37 + 0.2 * adult)
    assert volume(MALE, 1.5, 45.0, 0.075) == pytest.approx(0.3669 * 1.5**3 + 0.03219 * 45 + 0.6041)


# Size ---------------------------------------------------------------------------------------------


def test_adults_reach_the_countrys_height_and_weight() -> None:
    """United States: 175.3 and 161.3 cm, 90.6 and 77.5 kg from 35 years on."""
    p = inputs()
    for sex, height, weight in ((MALE, 1.753, 90.6), (FEMALE, 1.613, 77.5)):
        assert p.median_height_m[sex, 30] == pytest.approx(height)
        assert p.median_weight_kg[sex, 35:] == pytest.approx(weight)


def test_weight_rises_on_a_line_from_20_to_the_age_of_full_weight() -> None:
    p = inputs(full_weight_age_years=40)
    for sex, at_20, adult in ((MALE, 70.6, 90.6), (FEMALE, 58.2, 77.5)):
        assert p.median_weight_kg[sex, 20] == pytest.approx(at_20)
        assert p.median_weight_kg[sex, 30] == pytest.approx((at_20 + adult) / 2)
        assert p.median_weight_kg[sex, 40:] == pytest.approx(adult)


def test_weight_at_20_is_never_lost_again() -> None:
    """Where the country's adults are lighter than the growth table's, the latter holds."""
    p = inputs(weight_at_20_men_kg=95)
    assert p.median_weight_kg[MALE, 20:] == pytest.approx(95.0)


def test_children_grow_by_the_table() -> None:
    """Newborn girls have 30 % of an adult's height and 6 % of the weight at 20."""
    p = inputs()
    assert p.median_height_m[FEMALE, 0] == pytest.approx(0.3017 * 1.613)
    assert p.median_weight_kg[FEMALE, 0] == pytest.approx(0.0584 * 58.2)
    assert p.median_weight_kg[FEMALE, 2] == pytest.approx(0.2071 * 58.2)


def test_size_is_between_that_of_two_birthdays() -> None:
    life, p = grown(12 * 10 + 9, sex=FEMALE)
    at = p.median_weight_kg[FEMALE]
    assert life.weight_kg == pytest.approx(0.25 * at[10] + 0.75 * at[11], rel=EXACT)
    height = 0.25 * p.median_height_m[FEMALE, 10] + 0.75 * p.median_height_m[FEMALE, 11]
    volume = plain(blood_volume)(FEMALE, height, life.weight_kg, p.blood_volume_child_l_per_kg)
    assert life.blood_volume_l == pytest.approx(volume, rel=EXACT)


def test_everybody_is_taller_and_heavier_by_their_own_factors() -> None:
    life, p = grown(480, weight_factor=1.3, height_factor=1.05)
    assert life.weight_kg == pytest.approx(1.3 * 90.6, rel=EXACT)
    volume = 0.3669 * (1.05 * 1.753) ** 3 + 0.03219 * 1.3 * 90.6 + 0.6041
    assert life.blood_volume_l == pytest.approx(volume, rel=EXACT)
    assert p.height_person_sd == 0.04


def test_the_oldest_are_like_those_of_the_last_age() -> None:
    life, _ = grown(12 * (LAST_AGE + 3))
    assert life.weight_kg == pytest.approx(90.6, rel=EXACT)


@pytest.mark.parametrize(
    ("years", "interval"), [(0, 1), (1, 3), (2, 3), (3, 6), (20, 6), (21, 12), (60, 12)]
)
def test_size_is_brought_up_to_date(years: int, interval: int) -> None:
    """Monthly in infancy, every three months to three years, every six to 21, then at birthdays."""
    months = [m for m in range(12 * years, 12 * years + 12) if plain(is_time_to_grow)(m)]
    assert months == list(range(12 * years, 12 * years + 12, interval))


# What follows from size ---------------------------------------------------------------------------


def test_red_cells_hold_the_set_points_iron() -> None:
    """Volume x haemoglobin by sex and age x the person's factor x iron in haemoglobin."""
    life, p = grown(480, haemoglobin_factor=1.1)
    set_point = np.interp(40, [20, 45], [153, 152])
    assert p.haemoglobin_set_point[MALE, 40] == pytest.approx(set_point)
    expected = life.blood_volume_l * set_point * 1.1 * 3.39
    assert life.red_cell_target_mg == pytest.approx(expected, rel=EXACT)


def test_storage_scale_is_500_mg_at_70_kg_and_grows_with_a_power_of_weight() -> None:
    for weight, factor in ((70.0, 1.0), (140.0, 2**0.75), (35.0, 0.5**0.75)):
        life, p = grown(480, weight_factor=weight / 90.6)
        assert p.storage_scale_mg == 500
        assert life.storage_scale_mg == pytest.approx(500 * factor, rel=1e-5)
    life, _ = grown(480, weight_factor=140 / 90.6, values={"storage_weight_exponent": 1.0})
    assert life.storage_scale_mg == pytest.approx(1000, rel=1e-5)


def test_basal_loss_is_12_5_ug_per_kg_at_77_kg_and_grows_with_the_root_of_weight() -> None:
    """Institute of Medicine 2001, p. 340: 1.08 mg a day in a man of 77.4 kg, with blood."""
    life, _ = grown(480, weight_factor=77.4 / 90.6)
    assert life.basal_loss_mg_per_day == pytest.approx(0.0125 * 77.4, rel=1e-5)
    life, _ = grown(480, weight_factor=4 * 77.4 / 90.6, basal_loss_factor=1.5)
    assert life.basal_loss_mg_per_day == pytest.approx(1.5 * 2 * 0.0125 * 77.4, rel=1e-5)


def test_intake_is_that_of_sex_and_age_times_the_persons_factor() -> None:
    life, _ = grown(12 * 20, intake_factor=1.25)
    assert life.iron_intake_mg_per_day == pytest.approx(1.25 * 15.1, rel=EXACT)
    life, _ = grown(0, sex=FEMALE)
    assert life.iron_intake_mg_per_day == pytest.approx(4.1, rel=EXACT)


def test_menstrual_loss_is_brought_up_to_date_in_women_only() -> None:
    woman, _ = grown(480, sex=FEMALE)
    man, _ = grown(480, sex=MALE)
    assert woman.menstrual_loss_ml > 0
    assert man.menstrual_loss_ml == 0


# People differ ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "parameter", "is_log"),
    [
        ("height_factor", "height_person_sd", False),
        ("weight_factor", "weight_person_log_sd", True),
        ("haemoglobin_factor", "haemoglobin_person_sd", False),
        ("basal_loss_factor", "basal_loss_log_sd", True),
        ("intake_factor", "intake_log_sd", True),
    ],
)
def test_people_differ_by_the_spread_of_a_parameter(
    field: str, parameter: str, is_log: bool
) -> None:
    """1,500 people: the spread is known to 5.5 % (three standard errors), the centre to 0.08 SD."""
    p = inputs()
    values = []
    for uid in range(1, 1501):
        life, _ = person(uid=uid)
        plain(build_body)(life, p)
        values.append(float(life[field]))
    scale = np.log(values) if is_log else np.array(values) - 1.0
    assert scale.std() == pytest.approx(p[parameter], rel=0.055)
    assert abs(scale.mean()) < 0.08 * p[parameter]


def test_people_without_spread_are_all_alike() -> None:
    names = ("height_person_sd", "weight_person_log_sd", "haemoglobin_person_sd",
             "basal_loss_log_sd", "intake_log_sd", "bleeding_log_sd")  # fmt: skip
    life, _ = person(uid=77)
    plain(build_body)(life, inputs(**dict.fromkeys(names, 0.0)))
    assert life.height_factor == life.weight_factor == life.haemoglobin_factor == 1.0
    assert life.basal_loss_factor == life.intake_factor == life.bleeding_factor == 1.0


def test_people_bleed_by_factors_whose_mean_is_one() -> None:
    """2,000 people, spread known to 5 % (three standard errors)."""
    spread = 0.8
    p = inputs(bleeding_log_sd=spread)
    found = []
    for uid in range(1, 2001):
        life, _ = person(uid=uid)
        plain(build_body)(life, p)
        found.append(float(life.bleeding_factor))
    assert np.std(np.log(found)) == pytest.approx(spread, rel=0.05)
    assert np.mean(np.log(found)) == pytest.approx(-0.5 * spread**2, abs=0.06)
    assert np.mean(found) == pytest.approx(1.0, abs=0.07)


def test_height_weight_haemoglobin_and_losses_are_independent() -> None:
    p = inputs()
    people = []
    for uid in range(1, 801):
        life, _ = person(uid=uid)
        plain(build_body)(life, p)
        people.append([life.height_factor, life.weight_factor, life.haemoglobin_factor,
                       life.basal_loss_factor, life.intake_factor, life.bleeding_factor])  # fmt: skip
    correlation = np.corrcoef(np.array(people, float).T) - np.eye(6)
    assert np.abs(correlation).max() < 4 / np.sqrt(800)
