"""The registry of births against the tables of the country."""

from __future__ import annotations

import numpy as np
import pytest

from rlsabm.conventions import FEMALE
from rlsabm.demography.births import population_of
from rlsabm.demography.country import FERTILE_AGES
from rlsabm.observe import birth_registry
from rlsabm.observe.birth_registry import keep_birth_registry
from rlsabm.setting import make_setting

KEY, PARTS, LIVES = 0xC0FFEE, 8, 60_000


@pytest.mark.parametrize(
    ("year", "parameters"),
    [
        (2019, {}),
        (2014, {}),
        # However many conceptions a birth takes, and however many children it brings.
        (2019, {"pregnancy_loss_share": 0.4, "dizygotic_share": 0.05, "monozygotic_share": 0.05}),
    ],
)
def test_births_by_age_are_those_of_the_year(year: int, parameters: dict[str, float]) -> None:
    setting = make_setting(size=1000, survey_years=(year,), parameters=parameters)
    kept = keep_birth_registry(setting, KEY, lives=LIVES, parts=PARTS)
    country = setting.country
    expected = country.fertility[year - country.fertility_years[0]]
    years = kept.years.sum(axis=(0, 2))
    assert (years > 0).all()
    births, wanted = kept.children.sum(axis=0), expected * years
    for start in range(15, 50, 5):
        ages = slice(start - FERTILE_AGES.start, start - FERTILE_AGES.start + 5)
        print(start, births[ages].sum(), wanted[ages].sum())
        assert births[ages].sum() == pytest.approx(wanted[ages].sum(), rel=0.02)


def test_family_sizes_are_those_of_the_country() -> None:
    setting = make_setting(size=1000)
    kept = keep_birth_registry(setting, KEY, lives=LIVES, parts=PARTS)
    years = kept.years.sum(axis=0)[40 - FERTILE_AGES.start : 45 - FERTILE_AGES.start].sum(axis=0)
    shares = np.append(years[:4], years[4:].sum()) / years.sum()
    print(shares, setting.country.family_size)
    # About as many women as years.
    error = np.sqrt(shares * (1.0 - shares) / years.sum())
    assert (np.abs(shares - setting.country.family_size) < 4.0 * error).all()


def test_all_women_of_fertile_age_are_lived_in_the_year() -> None:
    setting = make_setting(size=1000)
    lives = 491 * 4  # as many for each month of birth
    kept = keep_birth_registry(setting, KEY, lives=lives, parts=PARTS)
    # Twelve months of birth pass through each age, and all of the year counts.
    assert kept.years.sum(axis=(0, 2)) == pytest.approx(12 * 4)
    assert (kept.years.sum(axis=(1, 2)) > 0).all()
    assert kept.lives == lives
    bands = population_of(setting.country, 2019)[FEMALE, 2:10]
    assert kept.women.reshape(8, 5).sum(axis=1) == pytest.approx(bands)


def test_how_many_women_are_lived_at_a_time_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    setting, told = make_setting(size=1000), []
    kept = keep_birth_registry(setting, KEY, lives=1000, parts=PARTS)
    monkeypatch.setattr(birth_registry, "AT_A_TIME", 300)
    again = keep_birth_registry(setting, KEY, lives=1000, parts=PARTS, progress=told.append)
    assert (again.children == kept.children).all()
    assert (again.years == kept.years).all()
    assert (len(told), sum(told)) == (4, pytest.approx(1.0))


def test_women_of_another_run_are_others() -> None:
    setting = make_setting(size=1000)
    kept, other = (keep_birth_registry(setting, KEY + i, lives=1000, parts=PARTS) for i in (0, 1))
    assert (kept.children != other.children).any()
