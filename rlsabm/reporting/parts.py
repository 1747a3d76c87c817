"""What a report consists of: sections with texts, figures and tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Table:
    """A table for people: numbers are in words already.

    Attributes
    ----------
    headings
        Of its columns; the first column names the rows.
    rows
        Cells in words.
    of_files
        Whether rows are named by files of the study.
    """

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    of_files: bool = False


@dataclass(frozen=True)
class Figure:
    """A figure with its numbers.

    Attributes
    ----------
    name
        Name of the file that a reader saves, which is also its place in the page.
    caption
        Fit for a paper.
    chart
        The figure of `rlsabm.plots`, in its theme for print.
    table
        The numbers that are drawn.
    files
        Tables of the study that hold them.
    beside
        Whether the table stands beside the figure, instead of being folded below it.
    one_of
        Of figures that take turns: what they are, such as ``life``. The first is shown.
    """

    name: str
    caption: str
    chart: Any
    table: Table
    files: Sequence[str] = ()
    beside: bool = False
    one_of: str = ""


@dataclass(frozen=True)
class Section:
    """A section of the report.

    Attributes
    ----------
    name, title
        Its place in the page, and its heading.
    texts
        Paragraphs before its figures.
    figures
        Its figures.
    tables
        Further tables by heading.
    notes
        What a reader must know, behind the figures.
    lists
        Lists of references and the like by heading, each folded.
    """

    name: str
    title: str
    texts: Sequence[str] = ()
    figures: Sequence[Figure] = ()
    tables: Sequence[tuple[str, Table]] = ()
    notes: Sequence[str] = ()
    lists: Sequence[tuple[str, Sequence[str]]] = field(default_factory=tuple)
