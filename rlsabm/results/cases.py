"""Who has RLS in which world, as it is and as instruments find it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rlsabm.measuring.cases import case_bit, case_bits
from rlsabm.measuring.instruments import TRUE, Instrument
from rlsabm.measuring.questionnaire import Answers
from rlsabm.observe.survey import Survey
from rlsabm.worlds.world import FACTUAL, World

Bits = NDArray[np.uint8]


@dataclass(frozen=True)
class Cases:
    """Who of the people surveyed has RLS.

    Attributes
    ----------
    survey
        The people.
    worlds
        Worlds besides the factual one.
    bits
        By what observes ("true" first): case bits (`case_bit`) of each person in each world, the
        factual world first.
    """

    survey: Survey
    worlds: tuple[World, ...]
    bits: dict[str, Bits]

    @property
    def world_names(self) -> list[str]:
        """Names of the worlds, in the order of the second axis of the bits."""
        return [FACTUAL, *(world.name for world in self.worlds)]

    def place(self, cause: str, *, iron_only: bool = False) -> int | None:
        """Place among the worlds of the one without a cause, or without its iron."""
        for place, world in enumerate(self.worlds, start=1):
            if world.cause == cause and world.iron_only == iron_only:
                return place
        return None

    def place_of(self, name: str) -> int | None:
        """Place of the world of this name."""
        names = self.world_names
        return names.index(name) if name in names else None

    def are(
        self, definition: str, recall: str, *, observed_as: str = TRUE, world: int = 0
    ) -> NDArray[np.bool_]:
        """Who is a case in a world."""
        bits = self.bits[observed_as][:, world]
        return np.asarray(bits & np.uint8(case_bit(definition, recall)) != 0)


def find_cases(
    survey: Survey,
    worlds: Sequence[World],
    in_worlds: Bits | None,
    instruments: Sequence[Instrument],
) -> Cases:
    """Find cases in a survey.

    Parameters
    ----------
    survey
        The people.
    worlds
        Worlds in which they have lived again.
    in_worlds
        Their case bits in these worlds, the factual one first; None if there are none.
    instruments
        What asks them, besides the truth.
    """
    true = case_bits(survey.bodies, survey.month)[:, None] if in_worlds is None else in_worlds
    bits = {TRUE: true}
    for instrument in instruments:
        answers = Answers(instrument, survey.lives, survey.month, survey.p)
        bits[instrument.name] = answers.observed(true)
    return Cases(survey, tuple(worlds), bits)
