"""The scorecard of the parameters that ship, wherever rlsabm is installed or checked out."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from rlsabm.data import DATA
from rlsabm.errors import UserError
from rlsabm.results.arrow import frame_of

#: In an installed package, and in a checkout, where `rlsabm validate --out docs` writes it.
PLACES = (
    DATA / "scorecard.parquet",
    Path(__file__).parents[2] / "docs" / "scorecard.parquet",
)


@cache
def shipped_scorecard() -> pd.DataFrame:
    """Published figures beside those of the baseline scenario at draws from the shipped posterior.

    Raises
    ------
    UserError
        If the installation lacks it.
    """
    for place in PLACES:
        if place.is_file():
            with place.open("rb") as file:
                return frame_of(pq.read_table(file))
    raise UserError("this installation of rlsabm lacks its scorecard; install it again")
