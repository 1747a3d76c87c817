"""What a questionnaire finds: cases that it misses, and mimics that it takes for cases."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsabm import chance
from rlsabm.arrays import Floats
from rlsabm.chance import Word
from rlsabm.compilation import compiled
from rlsabm.declaring.inputs import Inputs
from rlsabm.declaring.parameter import Parameter as P
from rlsabm.declaring.room import Room
from rlsabm.measuring.cases import DEFINITIONS, RECALLS, case_bit
from rlsabm.measuring.instruments import Instrument

INSTRUMENT = chance.register(
    "instrument",
    21,
    "episode",
    "found if a case, found if none, frequency of a mimic, its severity",
)

#: Age (years) at which the specificity of an instrument is given.
AGE_OF_SPECIFICITY = 45.0
#: Assumed: largest share of people without RLS who are taken for cases, however old they are.
MOST_MIMICS = 0.5

_PARAMETERS = (
    P("mimic_age_factor", 1.35, "1", "normal", 0.15, 0.5, 3.0,
      "Ratio of the share of people wrongly taken for cases to that of people ten years younger.",
      "assumed: mimics (cramps, arthritis, neuropathy) become more common with age; a survey of "
      "Kentucky found "
      "19 % at 80 and above"),
)  # fmt: skip

QUESTIONNAIRES = Room(
    title="questionnaires",
    parameters=_PARAMETERS,
)


@compiled
def draw_answers(lives: Any, month: int, code: Word, key: Word, draws: Floats) -> None:
    """Four numbers a person for one instrument and date."""
    for i in range(len(lives)):
        draws[i, 0], draws[i, 1], draws[i, 2], draws[i, 3] = chance.episode(
            key, lives[i].uid, code, month, INSTRUMENT
        )


class Answers:
    """How people answer an instrument, whatever their state.

    The numbers behind it belong to person, date and instrument, so that the same person answers alike
    in all worlds and arms.

    Parameters
    ----------
    instrument
        What asks.
    lives
        Records of the people asked.
    month
        When they are asked.
    p
        Inputs of the run that they live in.
    """

    def __init__(
        self,
        instrument: Instrument,
        lives: Any,
        month: int,
        p: Inputs,
    ) -> None:
        draws = np.zeros((len(lives), 4))
        code = np.uint64(zlib.crc32(instrument.name.encode()))
        draw_answers(lives, month, code, p.key, draws)
        decades = ((month - lives["birth_month"]) / 12.0 - AGE_OF_SPECIFICITY) / 10.0
        mimics = (1.0 - instrument.specificity) * float(p.mimic_age_factor) ** decades
        is_mimic = draws[:, 1] < np.minimum(mimics, MOST_MIMICS)
        share = {
            "any": 1.0,
            "weekly": instrument.weekly_share,
            "significant": instrument.significant_share,
        }
        self._found = draws[:, 0] < instrument.sensitivity
        self._mimic_bits = np.zeros(len(lives), dtype=np.uint8)
        for definition in DEFINITIONS:
            says_so = is_mimic & (draws[:, 2] < share[definition])
            for recall in RECALLS:
                self._mimic_bits |= (says_so * case_bit(definition, recall)).astype(np.uint8)

    def observed(self, true_bits: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Case bits as the instrument finds them; people by row, worlds along further axes."""
        shape = (len(self._found),) + (1,) * (true_bits.ndim - 1)
        found = np.where(self._found.reshape(shape), true_bits, np.uint8(0))
        has_any = true_bits & np.uint8(case_bit("any", "past_year")) != 0
        return np.asarray(np.where(has_any, found, self._mimic_bits.reshape(shape)))
