"""How many replicates a wanted precision needs, from the Monte-Carlo errors that a study has."""

from __future__ import annotations

import numpy as np
import pandas as pd

from rlsabm.measuring.instruments import TRUTH
from rlsabm.results.intervals import Z_95
from rlsabm.results.totals import total_rows


def precision_of_shifts(
    shifts: pd.DataFrame, replicates: float, half_width: float, *, planned: int | None = None
) -> pd.DataFrame:
    """Monte-Carlo errors among all adults, and the replicates that would make them small enough.

    The Monte-Carlo variance is inverse to the number of replicates. The spread between draws of the
    parameters stays, however many there are.

    Parameters
    ----------
    shifts
        The table of shifts.
    replicates
        Replicates a draw that it rests on, on average.
    half_width
        Wanted half-width of the 95 % interval for the Monte-Carlo error alone (proportion).
    planned
        Replicates of the study when it is complete, from which more are counted; as many as there
        are by default.

    Returns
    -------
    pandas.DataFrame
        For the last survey, any RLS as it is now: caused shifts where there are any, otherwise
        prevalences. Columns ``arm``, ``condition``, ``estimate``, ``value``, ``monte_carlo_error``,
        ``parameter_sd``, ``more_replicates``.
    """
    chosen = (
        (shifts["year"] == shifts["year"].max())
        & (shifts["definition"] == "any")
        & (shifts["recall"] == "current")
        & (shifts["observed_as"] == TRUTH)
        & total_rows(shifts)
    )
    here = shifts[chosen]
    caused = here[here["estimate"] == "caused_shift"]
    rows = caused if len(caused) else here[here["estimate"] == "prevalence"]
    columns = ["arm", "condition", "estimate", "value", "monte_carlo_error", "parameter_sd"]
    found = rows[columns].reset_index(drop=True)
    ratio = (Z_95 * found["monte_carlo_error"].to_numpy(float) / half_width) ** 2
    needed = np.ceil(np.nan_to_num(ratio) * replicates - 1e-9)
    found["more_replicates"] = np.maximum(
        needed - (replicates if planned is None else planned), 0
    ).astype(int)
    return found
