"""The people surveyed in a unit of a study, grown once more: what they were born with is not kept.

A study's tables do not hold genomes or the iron that mothers gave, without which a life cannot be lived
again.  The unit is therefore grown again, which leads to the same people.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsabm.arrays import Records
from rlsabm.declaring.inputs import Inputs
from rlsabm.demography.country import Country
from rlsabm.observe.survey import Survey, survey_month, take_survey
from rlsabm.population import Population
from rlsabm.scenario import Scenario
from rlsabm.setting import Setting
from rlsabm.study.settings import unit_setting
from rlsabm.study.units import Unit


@dataclass(frozen=True)
class Surveyed:
    """The people of a unit who were surveyed in any year.

    Attributes
    ----------
    setting, p
        What they lived in, and the inputs of the run.
    lives
        Their records as they were at their last survey, sorted by uid, shape (n,).
    given_mg
        Iron that their mothers gave them, shape (n,).
    last
        The last survey.
    """

    setting: Setting
    p: Inputs
    lives: Records
    given_mg: NDArray[np.float32]
    last: Survey

    def place_of(self, uid: int) -> int | None:
        """Place of a person among them; None for one who was not surveyed."""
        uids = self.lives["uid"]
        place = int(np.searchsorted(uids, np.uint64(uid)))
        return place if place < len(uids) and int(uids[place]) == uid else None

    @cached_property
    def last_month(self) -> int:
        """Month of the last survey."""
        return survey_month(self.setting.survey_years[-1])


def survey_again(unit: Unit, scenario: Scenario, *, country: Country, threads: int = 1) -> Surveyed:
    """Grow the population of a unit once more, and survey it.

    Parameters
    ----------
    unit, scenario
        The unit, and its arm.
    country
        Tables of the country.
    threads
        Threads to use; the people do not depend on it.
    """
    setting = unit_setting(scenario, unit.draw, country=country, people=unit.people)
    population = Population(setting, key=unit.key, block=unit.block, threads=threads)
    people: list[Any] = []
    given: list[Any] = []
    for year in setting.survey_years:
        population.advance(survey_month(year))
        survey = take_survey(
            setting, population.lives, population.bodies, year=year, p=population.inputs
        )
        people.append(survey.lives)
        given.append(survey.bodies["endowment_mg"])
    # The last survey of a person comes first, so that `unique` takes that one.
    lives, given_mg = np.concatenate(people[::-1]), np.concatenate(given[::-1])
    _, first = np.unique(lives["uid"], return_index=True)
    return Surveyed(setting, population.inputs, lives[first], given_mg[first], survey)
