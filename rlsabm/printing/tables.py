"""Tables of numbers on a terminal, as wide as they need to be and no wider than it is.

Numbers are never cut.  A table that is too wide has its intervals in a line below their values; if that
does not help, its columns are shown in several parts, one below the other.  Names that are too long go
on in the next line.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text

from rlsabm.printing.text import out, plain, say, say_line, wrapped

#: Before each column, and the least width that a column of names is given.
MARGIN, LEAST_NAME = 2, 16


def show_table(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table under its title.

    Parameters
    ----------
    title
        What it shows, with units.
    headings
        Of the columns.
    rows
        Cells, names in the first; a row of one cell is a heading of the rows below it.
    """
    names = [plain(row[0]) for row in rows]
    beside = [[plain(cell) for cell in row[1:]] for row in rows]
    heads = [plain(heading) for heading in headings]
    room = out.width - MARGIN - min(_widest(names + heads[:1]), LEAST_NAME)
    if sum(_widths(heads[1:], beside)) > room:
        beside = [[cell.replace(" (", "\n(") for cell in row] for row in beside]
    least = _widths(heads[1:], beside)
    # Headings have two lines where there is room, and as many as they need otherwise.
    better = [
        max(width, MARGIN + _half(head)) for width, head in zip(least, heads[1:], strict=True)
    ]
    widths = better if sum(better) <= room else least
    out.print()
    say(title, style="italic")
    first = 0
    while first < len(heads) - 1:
        fitting = [
            n for n in range(1, len(heads) - first) if sum(widths[first : first + n]) <= room
        ]
        number = max(fitting, default=1)
        part = slice(first, first + number)
        if first:
            out.print()
        _print_part(
            names, [heads[0], *heads[1:][part]], [row[part] for row in beside], widths[part]
        )
        first += number


def _print_part(
    names: list[str], heads: list[str], beside: list[list[str]], widths: list[int]
) -> None:
    """Print some columns of numbers beside the names."""
    room = out.width - MARGIN - sum(widths)
    longest = _widest([name for name, row in zip(names, beside, strict=True) if row] + heads[:1])
    name_width = max(1, min(longest, room))
    whole = name_width + sum(widths)
    head = [wrapped(heads[0], name_width), *map(wrapped, heads[1:], _inner(widths))]
    _print_row(head, name_width, widths, bottom=True)
    say_line(" " * MARGIN + "─" * whole)
    for name, row in zip(names, beside, strict=True):
        if not row:
            for line in wrapped(name, max(whole, name_width)):
                out.print(Text(" " * MARGIN + line, style="bold"))
            continue
        _print_row([wrapped(name, name_width), *(c.split("\n") for c in row)], name_width, widths)


def _print_row(
    cells: list[list[str]], name_width: int, widths: list[int], *, bottom: bool = False
) -> None:
    """Print the lines of a row; those of a heading stand on the line below it."""
    height = max(map(len, cells))
    blank = [[""] * (height - len(lines)) for lines in cells]
    full = [
        above + lines if bottom else lines + above
        for lines, above in zip(cells, blank, strict=True)
    ]
    for name, *numbers in zip(*full, strict=True):
        line = " " * MARGIN + name + " " * (name_width - cell_len(name))
        for text, width in zip(numbers, widths, strict=True):
            line += " " * (width - cell_len(text)) + text
        out.print(Text(line.rstrip()), soft_wrap=True)


def _widths(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    """Width of each column of numbers, with the margin before it."""
    return [
        MARGIN
        + max(
            _widest(head.split()),
            *(_widest(row[place].split("\n")) for row in rows if place < len(row)),
            0,
        )
        for place, head in enumerate(heads)
    ]


def _half(heading: str) -> int:
    """Least width in which a heading takes two lines at most."""
    words = heading.split()
    cuts = range(1, len(words) + 1)
    return min(max(_widest([" ".join(words[:n])]), _widest([" ".join(words[n:])])) for n in cuts)


def _inner(widths: Sequence[int]) -> list[int]:
    return [width - MARGIN for width in widths]


def _widest(texts: Sequence[str]) -> int:
    return max(map(cell_len, texts), default=0)
