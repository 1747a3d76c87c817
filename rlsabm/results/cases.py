"""Who has RLS in which world, as it is and as instruments find it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rlsabm.arrays import Bools
from rlsabm.measuring.cases import case_bit, case_bits
from rlsabm.measuring.instruments import TRUTH, Instrument
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
        By what observes (the truth first): case bits (`case_bit`) of each person in each world, the
        factual world first.
    """

    survey: Survey
    worlds: tuple[World, ...]
    bits: dict[str, Bits]

    @property
    def world_names(self) -> list[str]:
        """Names of the worlds, in the order of the second axis of the bits."""
        return [FACTUAL, *(world.name for world in self.worlds)]

    def world_without(self, cause: str, *, iron_only: bool = False) -> World | None:
        """The world without a cause, or without its iron; None if the people have not lived in it."""
        for world in self.worlds:
            if world.cause == cause and world.iron_only == iron_only:
                return world
        return None

    def in_world(self, observed_as: str, world: str) -> Bits:
        """Case bits of each person in one world.

        Raises
        ------
        ValueError
            If the people have not lived in that world.
        """
        return self.bits[observed_as][:, self.world_names.index(world)]

    def are(
        self, definition: str, recall: str, *, observed_as: str = TRUTH, world: str = FACTUAL
    ) -> Bools:
        """Who is a case in a world."""
        bits = self.in_world(observed_as, world)
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
    truth = case_bits(survey.bodies, survey.month)[:, None] if in_worlds is None else in_worlds
    bits = {TRUTH: truth}
    for instrument in instruments:
        answers = Answers(instrument, survey.lives, survey.month, survey.p)
        bits[instrument.name] = answers.observed(truth)
    return Cases(survey, tuple(worlds), bits)
