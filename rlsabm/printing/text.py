"""Text on a terminal: made safe, fitted to what the terminal can show, and wrapped.

All that is printed for people passes through `say`, `say_line`, `say_command` or
`rlsabm.printing.tables`.  Titles, arms, labels and paths come from files that others have written: no
text is ever read as markup, and what would move the cursor or hide other text is taken out.
"""

from __future__ import annotations

import codecs
import json
import os
import shlex
import sys
import unicodedata
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

#: Columns of tables and paragraphs: no terminal is too wide for reading, files and pipes have no width.
MOST_COLUMNS, LEAST_COLUMNS = 100, 40
#: Characters without a shape of their own that words of some languages need: joiners.
JOINERS = "\u200c\u200d"
#: What stands for characters that a terminal cannot show.
SUBSTITUTES = {
    "–": "-", "—": "-", "−": "-", "─": "-", "…": "...", "≥": ">=", "≤": "<=", "×": "x", "±": "+/-",
    "µ": "u", "’": "'", "‘": "'", "“": '"', "”": '"',
}  # fmt: skip


def _console(*, error: bool = False) -> Console:
    console = Console(stderr=error, highlight=False, markup=False, emoji=False)
    wide = console.width if console.is_terminal or os.environ.get("COLUMNS") else MOST_COLUMNS
    console.width = max(LEAST_COLUMNS, min(wide, MOST_COLUMNS))
    return console


out, err = _console(), _console(error=True)


def plain(text: object) -> str:
    """A text in one line, without characters that would do something to a terminal.

    Control characters, marks that turn the direction of writing, and bytes of file names that are no
    text are replaced.
    """
    return "".join(_shown(letter) for letter in str(text))


def _shown(letter: str) -> str:
    kind = unicodedata.category(letter)
    if letter in "\t\n\r\v\f" or kind in ("Zl", "Zp"):
        return " "
    if kind in ("Cc", "Cs") or (kind == "Cf" and letter not in JOINERS):
        return "\N{REPLACEMENT CHARACTER}"
    return letter


def say(text: object, *, bold: bool = False, style: str = "", console: Console = out) -> None:
    """Print a paragraph, wrapped between words."""
    console.print(Text(plain(text), style="bold" if bold else style))


def say_line(text: object, *, style: str = "", console: Console = out) -> None:
    """Print a line that is never broken, whatever the width: with a path, or a reason."""
    console.print(Text(plain(text), style=style), soft_wrap=True)


def say_command(introduction: str, *words: object, console: Console = out) -> None:
    """Print a command to copy, in one line: "To go on: rlsabm resume 'my study'"."""
    say_line(f"{introduction}: {command(*words)}", console=console)


def command(*words: object) -> str:
    """A command line as a shell reads it."""
    return " ".join(_quoted(word) for word in words)


def _quoted(word: object) -> str:
    text = str(word)
    if isinstance(word, Path) and text.startswith("-"):
        text = f"./{text}"  # no option
    if plain(text) == text:
        return shlex.quote(text)
    quoted = "".join(
        f"\\x{byte:02x}" if byte < 32 or byte > 126 else chr(byte).replace("\\", r"\\")
        for byte in os.fsencode(text)
    )
    return "$'" + quoted.replace("'", r"\'") + "'"


def say_json(value: Any) -> None:
    """Print JSON, with escapes where standard output is not in Unicode."""
    unicode = (sys.stdout.encoding or "ascii").lower().startswith("utf")
    print(json.dumps(value, indent=2, ensure_ascii=not unicode))


def _substituted(error: UnicodeError) -> tuple[str, int]:
    """What is written for characters that the encoding of a stream does not have."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letters = error.object[error.start : error.end]
    return "".join(SUBSTITUTES.get(letter, "?") for letter in letters), error.end


codecs.register_error("rlsabm.substitutes", _substituted)


def fit_streams() -> None:
    """Let standard output and error write substitutes for what their encoding does not have."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="rlsabm.substitutes")
