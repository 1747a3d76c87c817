"""Total rows of tables: which tables have them, what they are called, and whom they hold.

There is one convention.  Where counts add up (prevalence, incidence) a table has no total rows: every
person is in one cell of a group, and cells are added up.  Where numbers do not add up over strata
(means, percentiles, expected cases, shifts), a table has further rows that are not broken down by a
stratum; they say so with the words in `TOTAL_OF`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from rlsabm.arrays import Bools, Ints
from rlsabm.observe.survey import Survey
from rlsabm.results.cells import Cells, strata_codes
from rlsabm.results.contents import Contents

#: Age (years) from which people are adults.
ADULT_AGE = 18
#: What the column of a stratum holds in rows that are not broken down by it.
TOTAL_OF = {"sex": "all", "age_group": "all adults", "parity": "all"}

#: Sentences in ``df.attrs["totals"]``.
ROWS_ADD_UP = (
    "No total rows: rows add up over strata, draws and replicates. Of every other column choose one "
    "value first, such as one arm, world, year and condition: their rows are of the same people."
)
WITH_TOTALS = (
    "Rows do not add up. Those that are not broken down by a stratum say 'all' in its column, or 'all "
    f"adults' for age groups. Rows that are not broken down by age hold people of {ADULT_AGE} years or "
    "more, also where the study has no age groups."
)
WITH_TOTALS_BY_SEX = (
    "Rows do not add up. Those that are not broken down by sex say 'all'. All rows hold people of "
    f"{ADULT_AGE} years or more."
)
NO_TOTALS = "No total rows: every row is broken down by all columns."


def with_total(stratum: str, words: Sequence[str]) -> list[str]:
    """Words of a stratum, and the one for rows that are not broken down by it."""
    return [*words, TOTAL_OF[stratum]]


def margins(strata: Sequence[str]) -> list[tuple[str, ...]]:
    """By what rows are broken down: nothing, each stratum, sex and age group together."""
    both = ("sex", "age_group")
    pairs = [both] if set(both) <= set(strata) else []
    return [(), *((name,) for name in strata), *pairs]


def total_rows(table: pd.DataFrame) -> pd.Series:
    """Which rows of a table with total rows are broken down by no stratum: adults of both sexes."""
    chosen = pd.Series(True, index=table.index)
    for name, word in TOTAL_OF.items():
        if name in table:
            chosen &= table[name] == word
    return chosen


class Margin:
    """The people of a survey in the cells of one margin.

    Parameters
    ----------
    names
        Strata by which rows are broken down.
    survey
        The people.
    age_limits
        Lower limits of the age groups.
    words
        Words of all strata that the table has as columns.

    Attributes
    ----------
    counted
        Who is counted: everybody where rows are broken down by age group, otherwise adults.
    """

    def __init__(
        self,
        names: Sequence[str],
        survey: Survey,
        age_limits: Sequence[int],
        words: Mapping[str, Sequence[str]],
    ) -> None:
        self._words = words
        codes = strata_codes(survey, age_limits)
        self._cells = Cells({name: codes[name] for name in names}, len(survey))
        self.cell = self._cells.cell
        self.size = self._cells.size
        self.counted: Bools = (
            np.ones(len(survey), bool) if "age_group" in names else survey.age >= ADULT_AGE
        )

    def count(self, who: Bools | Ints) -> Ints:
        """Persons in each cell; who is given by rows or as a mask."""
        return np.bincount(self.cell[who], minlength=self.size)

    def labels(self, cells: Ints) -> Contents:
        """Codes of these cells in every stratum's column, after `with_total`."""
        total = {name: np.full(len(cells), len(words)) for name, words in self._words.items()}
        return {**total, **self._cells.labels(cells)}
