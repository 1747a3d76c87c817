"""How prevalence changes over the survey years of a study."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from rlsabm.measuring.cases import DEFINITIONS
from rlsabm.observe.groups import EVERYONE
from rlsabm.results.arm_counts import Choice, prevalence_counts
from rlsabm.results.comparing import common_adult_age
from rlsabm.results.differences import DIFFERENCE, difference_of, independent_prevalence
from rlsabm.results.pairing import runs_of
from rlsabm.results.sources import source_of
from rlsabm.results.summary import adults_only, of_study, pooled, with_limits_to_show


class Trend(NamedTuple):
    """The prevalence of an arm by survey year.

    Attributes
    ----------
    arm
        The arm.
    years
        Survey years in which people were surveyed: of a small population there may be nobody to survey
        in an early year.
    levels
        Prevalence by ``year`` and ``definition``, with intervals.
    changes
        One row a definition: what changed from the first of these years (A) to the last (B), run by
        run.
    """

    arm: str
    years: list[int]
    levels: pd.DataFrame
    changes: pd.DataFrame


def trend_of(folder: Path, arm: str, prevalence: pd.DataFrame, years: Sequence[int]) -> Trend:
    """The trend of prevalence among adults.

    Parameters
    ----------
    folder, arm
        The study, and an arm of it.
    prevalence
        Its table of prevalence.
    years
        Survey years, the first one first.
    """
    parts = [of_study(prevalence, arm=arm, year=year, condition=EVERYONE.name) for year in years]
    rows = adults_only(pd.concat(parts))
    levels = with_limits_to_show(pooled(rows, ["year", "definition"]), "prevalence")
    side = source_of(folder, arm)
    runs = list(runs_of(side))
    choice = Choice(by=("year", "definition"), conditions=(EVERYONE.name,))
    counts = prevalence_counts(side, runs, choice, common_adult_age(side, side))
    surveyed = [year for year in years if (rows["year"] == year).any()]
    if not surveyed:
        return Trend(arm, surveyed, levels, pd.DataFrame(columns=["definition", *DIFFERENCE]))
    first, last = surveyed[0], surveyed[-1]
    every = np.arange(len(runs))
    changes = [
        {"definition": definition}
        | difference_of(
            counts[EVERYONE.name, first, definition],
            counts[EVERYONE.name, last, definition],
            (every, every),
            independent_prevalence,
            most=1.0,
        )
        for definition in DEFINITIONS
    ]
    return Trend(arm, surveyed, levels, pd.DataFrame(changes, columns=["definition", *DIFFERENCE]))
