"""Populations that several tests look at: grown once a session, never changed by a test."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rlsabm.population import Population
from rlsabm.setting import Setting, make_setting

KEY = 20190701


@pytest.fixture(scope="session")
def setting() -> Setting:
    """The United States at all defaults."""
    return make_setting(size=20_000)


@pytest.fixture(scope="session")
def grown() -> Population:
    """60,000 people of the survey month and everybody who lived before them."""
    setting = make_setting(size=60_000)
    people = Population(setting, key=KEY, forget_dead=False)
    people.advance(setting.plan.survey_month)
    return people


@pytest.fixture(scope="session")
def whole_lives() -> Population:
    """Everybody from the first founder to the last death, with all events."""
    setting = make_setting(size=24_000)
    # Births end with the plan, lives go on.
    setting = replace(setting, plan=replace(setting.plan, last_month=12 * 2200))
    people = Population(setting, key=KEY + 1, forget_dead=False)
    people.advance(setting.plan.survey_month, log=True)
    while people.alive.any():
        people.advance(people.month + 119, log=True, block_months=12)
    return people


@pytest.fixture(scope="session")
def diary() -> list[tuple[int, np.ndarray, np.ndarray]]:
    """Month, lives and bodies at the end of each of 37 months, row by row the same people.

    Rates are raised so that few people show many donations and much dialysis.
    """
    setting = make_setting(
        size=8_000,
        parameters={
            "kidney_incidence_factor": 10,
            "donor_start_per_year_young": 0.12,
            "donor_start_per_year_adult": 0.06,
            "donor_visits_per_year": 4,
            "donor_supplement_uptake": 0.3,
        },
    )
    people = Population(setting, key=KEY + 2)
    people.advance(setting.plan.survey_month - 36)
    people.forget_dead = False
    pages = [(people.month - 1, people.lives.copy(), people.bodies.copy())]
    for _ in range(36):
        people.advance(people.month, block_months=1)
        pages.append((people.month - 1, people.lives.copy(), people.bodies.copy()))
    return pages
