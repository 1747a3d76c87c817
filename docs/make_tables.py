"""Write docs/tables.md from the declarations of the tables: ``python docs/make_tables.py``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from rlsabm.calibration import effects, scorecard, sensitivity
from rlsabm.calibration.tables import TABLES as CALIBRATION_TABLES
from rlsabm.exposures.catalogue.condition import shipped_catalogue
from rlsabm.observe.groups import groups_of
from rlsabm.parameter_table import PARAMETERS
from rlsabm.results.table import Column, Kind, ResultTable
from rlsabm.results.tables import TABLES
from rlsabm.results.vocabulary import Vocabulary
from rlsabm.worlds.world import FACTUAL

PAGE = Path(__file__).with_name("tables.md")

#: Of each type of column, what pandas makes of it.
IN_PANDAS = {
    "category": "category",
    "whole": "int64",
    "whole or missing": "Int64, missing where it does not apply",
    "number": "float64",
    "text": "str (object before pandas 3)",
    "yes/no": "bool",
}
#: A study without arms, worlds, instruments and targets, and one that has them.
PLAIN = Vocabulary(["reference"], [FACTUAL], {}, [], [0], [], ["sex", "age_group", "parity"])
EXAMPLE = Vocabulary(
    arms=["reference", "another arm"],
    worlds=[FACTUAL, "another world"],
    groups={group.name: group.definition for group in groups_of(list(shipped_catalogue()))},
    instruments=["CH-RLSq"],
    age_limits=[0, 18, 35, 50, 65, 80],
    parameters=list(PARAMETERS),
    strata=["sex", "age_group", "parity"],
    targets=["C1_any_adults"],
    trial_arms=["placebo", "drug"],
)

HEAD = """\
# Tables: every column

Written by `python docs/make_tables.py` from the declarations of the tables; do not edit by hand. In
pandas the same is in `df.attrs`: `title`, `units`, `meanings`, `totals`. `rlsabm export` writes it as
a codebook.

All tables are Parquet, one row for each combination of the columns that say what the row is about.
Where a column is a category, its words are listed if they are the same in every study. Proportions are
proportions, not per cent. [What these numbers mean](meaning.md) says what may be concluded from them,
[Methods](methods.md) how estimates and intervals are made, [Recipes](recipes.md) how tables are read.

| type here | in Parquet | in pandas |
|---|---|---|
"""
IN_PARQUET = {
    "category": "dictionary of strings, ordered where a study has one file of the table",
    "whole": "int64",
    "whole or missing": "int64 with nulls",
    "number": "double, null where there is none",
    "text": "string",
    "yes/no": "bool",
}
STUDY = """\
## A study

`rlsabm run` and `rlsabm.simulate` make these; each is a file `NAME.parquet` in the folder of the study,
but for the line lists. The columns `sex`, `age_group` and `parity` are there if the scenario names them
under `observe.by`.
"""
LINE_LISTS = """\
## Line lists of a study

A line list is a folder of Parquet files, which pandas and arrow read as one table. A scenario asks for
them: `observe: {persons: 0.1, events: true}`.
"""
CALIBRATION = """\
## A calibration

`rlsabm calibrate` writes these into its folder ([Calibrating](calibrating.md)).
"""
VALIDATION = """\
## Validation

`rlsabm validate` writes one table; `rlsabm.validate()` has it as `.frame`.
"""
SENSITIVITY = """\
## Sensitivity

`rlsabm sensitivity` writes the first, with `--method morris` the second
([Sensitivity](sensitivity.md)).
"""


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """A table in Markdown."""
    lines = ["| " + " | ".join(headings) + " |", "|" + "---|" * len(headings)]
    for row in rows:
        cells = [str(cell).replace("|", "\\|") for cell in row]
        lines.append("| " + " | ".join(cells) + " |")
    return [*lines, ""]


def words_of(column: Column) -> str:
    """Words of a category that every study has, in brackets; nothing if they depend on the study."""
    if column.type != "category":
        return ""
    if column.words_in(PLAIN) != column.words_in(EXAMPLE):
        return ""
    return f" ({', '.join(f'`{word}`' for word in column.words_in(EXAMPLE))})"


def rows_of(columns: Iterable[Column]) -> list[tuple[str, str, str, str]]:
    """Name, type, unit, meaning."""
    return [
        (f"`{column.name}`", column.type, column.unit, column.meaning + words_of(column))
        for column in columns
    ]


def described(result: ResultTable) -> list[str]:
    """One table, with all its columns."""
    lines = [f"### {result.name}", "", f"{result.title}."]
    if result.kind is not Kind.CALIBRATION and result.kind is not Kind.SCORECARD:
        lines[-1] += f" Rows: {result.kind.value}."
    if result.estimated_from:
        from_these = ", ".join(f"`{name}`" for name in result.estimated_from)
        lines[-1] += f" Estimated from {from_these}."
    if result.totals:
        lines[-1] += f" {result.totals}"
    lines.append("")
    headings = ("column", "type", "unit", "meaning")
    fixed = [column for column in result.columns if isinstance(column, Column)]
    lines += table(headings, rows_of(fixed))
    for of_study in result.columns:
        if isinstance(of_study, Column):
            continue
        summary = " ".join((of_study.__doc__ or "").split())
        lines += [f"{summary} In a study of the shipped catalogue with the instrument CH-RLSq:", ""]
        lines += table(headings, rows_of(of_study(EXAMPLE)))
    return lines


def page() -> str:
    """The whole page."""
    lines = [HEAD.rstrip("\n")]
    lines += [f"| {name} | {IN_PARQUET[name]} | {IN_PANDAS[name]} |" for name in IN_PARQUET]
    lines.append("")
    shown = [result for result in TABLES.values() if result.kind is not Kind.OF_UNITS]
    lists = [result for result in shown if result.kind is Kind.LINE_LIST]
    parts = (
        (STUDY, [result for result in shown if result not in lists]),
        (LINE_LISTS, lists),
        (CALIBRATION, list(CALIBRATION_TABLES.values())),
        (VALIDATION, [scorecard.TABLE]),
        (SENSITIVITY, [sensitivity.TABLE, effects.TABLE]),
    )
    for head, results in parts:
        lines.append(head)
        for result in results:
            lines += described(result)
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"{PAGE}: {page().count('### ')} tables")
