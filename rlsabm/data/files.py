"""Small text files that people give: read whole, and refused in words where that is not possible."""

from __future__ import annotations

import os
from pathlib import Path

from rlsabm.errors import LONGEST_PLACE, ScenarioError, visible


def shown(path: Path) -> str:
    """The path as people are to see it: from the current directory if it lies below it."""
    absolute = Path(os.path.abspath(path))
    here = Path.cwd()
    text = (absolute.relative_to(here) if absolute.is_relative_to(here) else path).as_posix()
    return visible(text, LONGEST_PLACE)


def bytes_of(path: Path, source: str, expected: str, *, megabytes: int = 1) -> bytes:
    """Content of a file.

    Parameters
    ----------
    path
        The file.
    source
        Its name for people.
    expected
        What it should be, for messages, such as "a scenario file".
    megabytes
        Larger files are refused.

    Raises
    ------
    ScenarioError
        If there is no such file, or it cannot be read.
    """
    most_bytes = megabytes * 1_000_000
    try:
        if path.is_dir():
            raise ScenarioError(f"is a folder (expected {expected})", file=source)
        if path.exists() and not path.is_file():
            raise ScenarioError(f"is not a regular file (expected {expected})", file=source)
        with path.open("rb") as file:
            content = file.read(most_bytes + 1)
    except FileNotFoundError:
        what = "is a link to a file that is not there" if path.is_symlink() else "no such file"
        raise ScenarioError(what, file=source) from None
    except PermissionError:
        raise ScenarioError("you are not allowed to read this file", file=source) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a file name"
        raise ScenarioError(f"cannot be read ({reason})", file=source) from None
    if len(content) > most_bytes:
        raise ScenarioError(f"is larger than {megabytes} MB (expected {expected})", file=source)
    return content


def text_of(path: Path, source: str, expected: str, form: str, *, megabytes: int = 1) -> str:
    """Text of a file in UTF-8, without a byte-order mark.

    Parameters are those of `bytes_of`, and the form of the text: "YAML", "CSV".

    Raises
    ------
    ScenarioError
        If there is no such file, it cannot be read, or it is not text.
    """
    content = bytes_of(path, source, expected, megabytes=megabytes)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ScenarioError(
            f"is not UTF-8 text (expected {expected} in {form})",
            file=source,
            line=content.count(b"\n", 0, error.start) + 1,
        ) from None
    if "\0" in text:
        raise ScenarioError(f"is a binary file (expected {expected} in {form})", file=source)
    return text
