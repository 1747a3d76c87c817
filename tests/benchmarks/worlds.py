"""What it costs to live the same lives again in other worlds."""

from __future__ import annotations

import time
from collections.abc import Iterator

from rlsabm.observe.survey import take_survey
from rlsabm.population import Population
from rlsabm.setting import Setting, make_setting
from rlsabm.worlds.living_again import live_again
from rlsabm.worlds.world import worlds_of

from .figures import Measured

PEOPLE = 100_000
TWELVE = (
    "blood_donation", "pregnancy", "dialysis", "heavy_menstrual_bleeding",
    "regular_nsaid_or_aspirin_use", "helicobacter_pylori", "coeliac_disease",
    "inflammatory_bowel_disease", "vegetarian_diet", "obesity", "heart_failure",
    "rheumatoid_arthritis",
)  # fmt: skip


def _seconds(setting: Setting) -> tuple[float, dict[bool, tuple[int, float]]]:
    """CPU-seconds of the factual run; worlds and CPU-seconds without and with the postulates."""
    start = time.process_time()
    population = Population(setting, key=7)
    population.advance(setting.plan.survey_month)
    factual = time.process_time() - start
    survey = take_survey(
        setting, population.lives, population.bodies, year=2019, p=population.inputs
    )
    again = {}
    for postulates in (False, True):
        worlds = worlds_of(setting, TWELVE, postulates=postulates)
        start = time.process_time()
        for _ in live_again(
            survey.lives, survey.bodies["endowment_mg"], [survey.month], worlds,
            p=population.inputs,
        ):  # fmt: skip
            pass
        again[postulates] = len(worlds), time.process_time() - start
    return factual, again


def paired_contrast() -> Iterator[Measured]:
    """A factual run, and everybody in it living again without each of twelve conditions."""
    _seconds(make_setting(size=500))
    factual, again = _seconds(make_setting(size=PEOPLE))
    for postulates, (worlds, seconds) in again.items():
        words = ", and the postulates" if postulates else ""
        yield Measured(
            f"shifts by {len(TWELVE)} conditions{words}",
            f"{(factual + seconds) / factual:.2f} times a factual run",
            f"{PEOPLE:,} people, and again in {worlds} worlds; CPU time",
        )
