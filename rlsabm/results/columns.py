"""Columns that several tables share, and their words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from rlsabm.conventions import SEXES
from rlsabm.measuring.cases import DEFINITION_LABELS, DEFINITIONS, RECALL_LABELS, RECALLS
from rlsabm.measuring.instruments import TRUTH
from rlsabm.results.cells import PARITIES
from rlsabm.results.table import Column
from rlsabm.results.totals import with_total
from rlsabm.results.vocabulary import Vocabulary

ARM = Column(
    "arm", "category", "", "arm of the scenario; 'reference' is the scenario itself",
    words=lambda vocabulary: vocabulary.arms,
)  # fmt: skip
WORLD = Column(
    "world", "category", "",
    "'factual', or the world in which the same people live again, such as without a condition",
    words=lambda vocabulary: vocabulary.worlds,
)  # fmt: skip
DRAW = Column(
    "draw", "whole", "", "number of the parameter draw; 0 means that all have their defaults"
)
REPLICATE = Column(
    "replicate",
    "whole",
    "",
    "number of the replicate: the same parameters with other random numbers",
)
YEAR = Column("year", "whole", "calendar year", "year of the survey, at mid-year")
#: Which unit and survey a row is of, and in which world.
KEYS = (ARM, WORLD, DRAW, REPLICATE, YEAR)

CONDITION = Column(
    "condition", "category", "",
    "condition or group to which people belong at the survey; groups overlap",
    words=lambda vocabulary: list(vocabulary.groups),
    labels=lambda vocabulary: vocabulary.labels,
)  # fmt: skip
SEX = Column("sex", "category", "", "sex", words=SEXES)

STRATA = (
    replace(SEX, stratum=True),
    Column(
        "age_group", "category", "years", "age at the survey in completed years",
        words=lambda vocabulary: vocabulary.age_groups, stratum=True,
    ),
    Column(
        "parity", "category", "deliveries", "number of deliveries up to the survey, in women",
        words=PARITIES, stratum=True,
    ),
)  # fmt: skip


def _with_total(column: Column) -> Column:
    def words(vocabulary: Vocabulary) -> list[str]:
        return with_total(column.name, column.words_in(vocabulary))

    return replace(column, words=words)


#: Strata of tables with rows that are not broken down by each of them.
STRATA_WITH_TOTALS = tuple(_with_total(column) for column in STRATA)
SEX_STRATUM_WITH_TOTAL = next(c for c in STRATA_WITH_TOTALS if c.name == "sex")

DEFINITION = Column(
    "definition", "category", "",
    "definition of RLS: of any frequency, at least weekly, or clinically significant",
    words=DEFINITIONS, labels=DEFINITION_LABELS,
)  # fmt: skip
RECALL = Column(
    "recall", "category", "",
    "recall period: in the month of the survey, or at any time in the 12 months before it",
    words=RECALLS, labels=RECALL_LABELS,
)  # fmt: skip
OBSERVED_AS = Column(
    "observed_as", "category", "", "'truth' (true status), or the instrument that ascertained RLS",
    words=lambda vocabulary: vocabulary.observers,
)  # fmt: skip
#: How a case is defined and found.
CASE = (DEFINITION, RECALL, OBSERVED_AS)

MEASURED = "measured"
#: Ways of knowing a value: as it is, and by assay, scan or pathologist.
WAYS = (TRUTH, MEASURED)

UID = Column("uid", "text", "", "identity of the person, in hexadecimal digits")

#: Of estimates over runs.
INTERVAL = (
    Column("value", "number", "of the estimate", "mean over draws of the parameters"),
    Column(
        "lower", "number", "of the estimate",
        "lower limit of the 95 % interval; missing with two to four draws, and for a ratio of fewer "
        "than ten cases",
    ),
    Column(
        "upper", "number", "of the estimate",
        "upper limit of the 95 % interval; missing where the lower one is",
    ),
    Column(
        "monte_carlo_error", "number", "of the estimate",
        "standard error due to the limited number of people and replicates",
    ),
    Column(
        "parameter_sd", "number", "of the estimate",
        "standard deviation between draws of the parameters; missing with one draw",
    ),
)  # fmt: skip
DRAWS_BEHIND = Column("draws", "whole", "draws", "number of parameter draws behind the estimate")


def estimate_column(words: Sequence[str] | Callable[[Vocabulary], Sequence[str]]) -> Column:
    """The column that names estimates."""
    return Column("estimate", "category", "", "name of the estimate", words=words)


def way_column(by: str) -> Column:
    """The column that says whether a value is the true one, or the one measured by something."""
    return Column("observed_as", "category", "", f"'truth', or 'measured' by {by}", words=WAYS)
