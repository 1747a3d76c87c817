"""The people of all surveys of a unit, living again once in all other worlds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from rlsabm.arrays import Ints, Records
from rlsabm.measuring.cases import case_bits
from rlsabm.observe.survey import Survey
from rlsabm.person import BODY
from rlsabm.population import Population
from rlsabm.results.cases import Bits
from rlsabm.results.observed import chosen_for_line_list
from rlsabm.worlds.living_again import check_same, live_again
from rlsabm.worlds.world import World

#: Measured: cost of a person-month lived again, and of each world in it, relative to growing.
WORK_AGAIN, WORK_OF_WORLD = 1.0, 0.09

#: Called with the person-months lived since the last call, and the work done: what one person-month
#: costs while a population grows is 1.
Progress = Callable[[int, float], None]
#: Lets people live again: what `live_again` takes and yields.
LiveAgain = Callable[..., Iterator[tuple[slice, Records]]]


def work_again(worlds: int) -> float:
    """Work of a person-month that is lived again in so many worlds."""
    return WORK_AGAIN + WORK_OF_WORLD * worlds


class Relived:
    """What the people surveyed are in every world.

    Parameters
    ----------
    surveys
        All surveys of the unit.
    worlds
        Worlds besides the factual one.
    share
        Share of the people whose bodies are kept for the line list.
    population
        The population surveyed.
    progress
        Told how it goes.
    live_again
        Lets people live again, on processors or another device.

    Raises
    ------
    RuntimeError
        If lives lived again in the factual world lead to other bodies.
    """

    def __init__(
        self,
        surveys: Sequence[Survey],
        worlds: Sequence[World],
        share: float,
        population: Population,
        progress: Progress,
        live_again: LiveAgain = live_again,
    ) -> None:
        self._survey_years = [survey.year for survey in surveys]
        uids = np.concatenate([survey.lives["uid"] for survey in surveys])
        self._uids, first = np.unique(uids, return_index=True)
        # In the order of the surveys: people of like age live again together.
        order = np.sort(first)
        lived = np.concatenate([survey.lives for survey in surveys])[order]
        given = np.concatenate([survey.bodies["endowment_mg"] for survey in surveys])[order]
        self._place = np.empty(len(order), dtype=np.int64)
        self._place[np.searchsorted(self._uids, lived["uid"])] = np.arange(len(order))
        months = [survey.month for survey in surveys]
        listed = chosen_for_line_list(lived, share, population.inputs)
        self._row_in_list = np.cumsum(listed) - 1
        self._bits = np.zeros((len(lived), len(months), len(worlds) + 1), dtype=np.uint8)
        self._bodies = np.zeros((int(listed.sum()), *self._bits.shape[1:]), dtype=BODY)
        factual = np.zeros((len(lived), len(months)), dtype=BODY)
        for window, bodies in live_again(
            lived, given, months, worlds, p=population.inputs, threads=population.threads,
            progress=lambda months: progress(months, months * work_again(len(worlds))),
        ):  # fmt: skip
            for place, month in enumerate(months):
                self._bits[window, place] = case_bits(bodies[:, place], month)
            factual[window] = bodies[:, :, 0]
            here = np.flatnonzero(listed[window]) + window.start
            self._bodies[self._row_in_list[here]] = bodies[here - window.start]
        for place, survey in enumerate(surveys):
            check_same(factual[self._rows(survey), place], survey.bodies)

    def _rows(self, survey: Survey) -> Ints:
        """Where the people of a survey are among those who lived again."""
        return self._place[np.searchsorted(self._uids, survey.lives["uid"])]

    def bits_of(self, survey: Survey) -> Bits:
        """Case bits of the people of a survey by world, the factual one first."""
        return self._bits[self._rows(survey), self._survey_years.index(survey.year)]

    def bodies_of(self, survey: Survey, listed: Ints) -> Any:
        """Bodies of the people of the line list at a survey, by world, the factual one first."""
        rows = self._row_in_list[self._rows(survey)[listed]]
        return self._bodies[rows, self._survey_years.index(survey.year)]
