"""Text on a terminal: made safe, fitted to what the terminal can show, and wrapped.

All that is printed for people passes through `say`, `say_line`, `say_command` or
`rlsabm.printing.tables`.  Titles, arms, labels and paths come from files that others have written: no
text is ever read as markup, and what would move the cursor or hide other text is escaped.
"""

from __future__ import annotations

import codecs
import os
import re

from rich.console import Console
from rich.text import Text

from rlsabm.errors import visible
from rlsabm.printing.streams import forget_strange_sizes
from rlsabm.wording import command

#: Columns of tables and paragraphs: no terminal is too wide for reading, files and pipes have no width.
MOST_COLUMNS, LEAST_COLUMNS = 100, 40
#: What stands for characters that a terminal cannot show.
SUBSTITUTES = {
    "–": "-", "—": "-", "−": "-", "─": "-", "…": "...", "≥": ">=", "≤": "<=", "×": "x", "±": "+/-",
    "µ": "u", "’": "'", "‘": "'", "“": '"', "”": '"',
}  # fmt: skip
#: Name of the way to encode with substitutes.
SUBSTITUTED = "rlsabm.substituted"


def _console(*, error: bool = False) -> Console:
    console = Console(stderr=error, highlight=False, markup=False, emoji=False)
    wide = console.width if console.is_terminal or os.environ.get("COLUMNS") else MOST_COLUMNS
    console.width = max(LEAST_COLUMNS, min(wide, MOST_COLUMNS))
    return console


forget_strange_sizes()
out, err = _console(), _console(error=True)


def plain(text: object) -> str:
    """A text in one line, without characters that would do something to a terminal.

    Control characters, marks that turn the direction of writing, and bytes of file names that are no
    text are escaped; characters that the terminal does not know are replaced.
    """
    line = re.sub(r"\s", " ", str(text))
    shown = line if line.isprintable() else visible(line, len(line))
    return shown.encode(out.encoding, SUBSTITUTED).decode(out.encoding)


def say(text: object, *, bold: bool = False, style: str = "", console: Console = out) -> None:
    """Print a paragraph, wrapped between words."""
    for paragraph in str(text).split("\n"):
        for line in wrapped(plain(paragraph), console.width):
            console.print(Text(line, style="bold" if bold else style), soft_wrap=True)


def say_line(text: object, *, style: str = "", console: Console = out) -> None:
    """Print a line that is not broken, whatever the width: with a path, or a reason."""
    for line in str(text).split("\n"):
        console.print(Text(plain(line), style=style), soft_wrap=True)


def wrapped(text: str, width: int) -> list[str]:
    """Lines of a text, broken between words where that is possible."""
    lines = Text(text).wrap(out, max(width, 1), overflow="fold")
    return [line.plain.rstrip() for line in lines] or [""]


def say_command(introduction: str, *words: object, console: Console = out) -> None:
    """Print a command to copy, in one line: "To go on: rlsabm resume 'my study'"."""
    say_line(f"{introduction}: {command(*words)}", console=console)


def _substituted(error: UnicodeError) -> tuple[str, int]:
    """What is written for characters that the encoding of the terminal does not have."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letters = error.object[error.start : error.end]
    return "".join(SUBSTITUTES.get(letter, "?") for letter in letters), error.end


codecs.register_error(SUBSTITUTED, _substituted)
