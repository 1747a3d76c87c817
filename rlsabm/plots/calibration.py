"""Published figures that parameters may be fitted to, beside simulated ones."""

from __future__ import annotations

from typing import Any

import pandas as pd

from rlsabm.plots.themes import SCREEN
from rlsabm.plots.validation import CardLike, validation, validation_numbers


def calibration_numbers(card: CardLike = None) -> pd.DataFrame:
    """What `calibration` draws, as `validation_numbers` gives it."""
    return validation_numbers(card, purpose="calibration")


def calibration(card: CardLike = None, *, theme: str = SCREEN) -> Any:
    """Figures that parameters may be fitted to: simulated ones relative to published ones.

    Parameters
    ----------
    card
        What `rlsabm.validate` returns, its table or the file of that; by default the scorecard of the
        parameters that ship.
    theme
        ``screen``, ``dark`` or ``print``.

    Returns
    -------
    altair.LayerChart
        As `validation` draws it.

    Raises
    ------
    UserError
        As `validation`.
    """
    return validation(card, purpose="calibration", theme=theme)
