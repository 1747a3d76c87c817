"""A result table: its columns, how a unit fills it, and how units make a study's table of it.

Each table is declared in a module of its own below `rlsabm.results.tables`, which lists them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

import pandas as pd

from rlsabm.results.combining import Added, Combination
from rlsabm.results.contents import Contents
from rlsabm.results.observed import Observed
from rlsabm.results.question import Question
from rlsabm.results.vocabulary import Vocabulary

COLUMN_TYPES = ("category", "whole", "whole or missing", "number", "text", "yes/no")


class Kind(Enum):
    """Whose rows a table holds."""

    BY_RUN = "counts and summaries of each run"
    ESTIMATES = "estimates over draws and replicates"
    LINE_LIST = "line list: a file a unit, in a folder"
    BY_DRAW = "values of each arm and draw"
    LEDGER = "units of work of the study"
    OF_UNITS = "kept with units only, to combine blocks"
    SCORECARD = "published figures beside simulated ones"
    CALIBRATION = "runs and results of a calibration"


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    name, unit, meaning
        Its name, its unit (empty if it has none) and one sentence that says what it holds.
    type
        One of ``COLUMN_TYPES``.
    words
        Of a category column: its words in order, or a function of the study's vocabulary that gives
        them.
    labels
        How people read these words, by word, or a function that gives it; words without a label are
        read as they are.
    stratum
        Whether the column is there only if the study breaks results down by it.
    """

    name: str
    type: str
    unit: str
    meaning: str
    words: Sequence[str] | Callable[[Vocabulary], Sequence[str]] = ()
    labels: Mapping[str, str] | Callable[[Vocabulary], Mapping[str, str]] = field(
        default_factory=dict
    )
    stratum: bool = False

    def words_in(self, vocabulary: Vocabulary) -> list[str]:
        """Words of a category column in a study."""
        return list(self.words(vocabulary) if callable(self.words) else self.words)

    def labels_in(self, vocabulary: Vocabulary) -> dict[str, str]:
        """Labels of its words in a study."""
        return dict(self.labels(vocabulary) if callable(self.labels) else self.labels)


#: Columns that depend on the study.
ColumnsOfStudy = Callable[[Vocabulary], Sequence[Column]]


#: Numbers that say which run and survey a row is of.
UNIT_COLUMNS = ("draw", "replicate", "year")


def always(question: Question) -> bool:
    """Every study has the table."""
    return True


@dataclass(frozen=True)
class ResultTable:
    """A table of results.

    Attributes
    ----------
    name, title
        Its name, that of its file, and what it is.
    kind
        Whose rows it holds.
    columns
        Its columns in order; a function of the study's vocabulary stands for several.
    totals
        A sentence on total rows (`rlsabm.results.totals`); empty where there is nothing to add up.
    count
        Fills the table from what a unit observed at one survey, without the columns that say which
        unit and survey it was; None if there is nothing to tell.
    wanted
        Whether a study asks for the table.
    needs_follow_up, needs_worlds
        Whether it is filled from the year after the survey, and from lives in other worlds if the
        study has some.
    combine
        How blocks of people combine to a run.
    estimate, estimated_from
        Makes the table from data frames by name, and the names of these tables.
    """

    name: str
    title: str
    kind: Kind
    columns: tuple[Column | ColumnsOfStudy, ...]
    totals: str = ""
    count: Callable[[Observed], Contents | None] | None = None
    wanted: Callable[[Question], bool] = always
    needs_follow_up: bool = False
    needs_worlds: bool = False
    combine: Combination | None = None
    estimate: Callable[[Mapping[str, pd.DataFrame]], pd.DataFrame] | None = None
    estimated_from: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a declaration that cannot be filled.

        Raises
        ------
        ValueError
            If something is missing that this kind of table needs.
        """
        needed = {
            Kind.BY_RUN: (self.count, self.combine),
            Kind.LINE_LIST: (self.count,),
            Kind.OF_UNITS: (self.count,),
            Kind.ESTIMATES: (self.estimate, self.estimated_from or None),
        }
        if None in needed.get(self.kind, ()):
            raise ValueError(f"table {self.name!r}: the declaration of {self.kind} is incomplete")
        if isinstance(self.combine, Added):
            known = {*UNIT_COLUMNS, *self.combine.counts, *self.combine.derived, *self.combine.keys}
            for column in self.columns:
                if not isinstance(column, Column) or column.type not in ("whole", "number"):
                    continue
                if column.name not in known:
                    raise ValueError(
                        f"table {self.name!r}: {column.name} is a number, but neither added up over "
                        "blocks nor derived"
                    )

    def columns_in(self, vocabulary: Vocabulary) -> list[Column]:
        """Its columns in a study."""
        columns: list[Column] = []
        for item in self.columns:
            columns.extend([item] if isinstance(item, Column) else item(vocabulary))
        return [c for c in columns if not c.stratum or c.name in vocabulary.strata]

    def words_in(self, vocabulary: Vocabulary) -> dict[str, list[str]]:
        """Words of its category columns in a study."""
        columns = self.columns_in(vocabulary)
        return {c.name: c.words_in(vocabulary) for c in columns if c.type == "category"}
