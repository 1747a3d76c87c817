"""Who is a case of RLS, by definition and recall period.

A case of several definitions and recall periods is a number whose bits say of which.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

DEFINITIONS = ("any", "weekly", "significant")
RECALLS = ("current", "past_year")
#: How people read them: "clinically significant RLS", "RLS in the last 12 months".
DEFINITION_LABELS = {
    "any": "any",
    "weekly": "at least weekly",
    "significant": "clinically significant",
}
RECALL_LABELS = {"current": "current", "past_year": "in the last 12 months"}
_LAST_MONTHS = ("rls_last_month", "weekly_last_month", "significant_last_month")
_MONTHS = (1, 12)


def case_bit(definition: str, recall: str) -> int:
    """The bit for a case of a definition and recall period."""
    return 1 << (RECALLS.index(recall) * len(DEFINITIONS) + DEFINITIONS.index(definition))


def case_bits(bodies: Any, month: int) -> NDArray[np.uint8]:
    """Bits of each body (`case_bit`): by which definitions and recall periods it is a case."""
    bits = np.zeros(bodies.shape, dtype=np.uint8)
    for recall, months in zip(RECALLS, _MONTHS, strict=True):
        for definition, field in zip(DEFINITIONS, _LAST_MONTHS, strict=True):
            case = bodies[field] > month - months
            bits |= (case * case_bit(definition, recall)).astype(np.uint8)
    return bits
