"""Standard input, output and error, which may be closed, full, or know few characters."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

#: Columns below which nothing can be read.
FEWEST_COLUMNS = 20


def prepare_streams() -> None:
    """Have three streams that can be written to, or fail in an orderly way.

    A stream that is closed would give its number to the next file that is opened, which would then
    hold whatever is printed.  Characters that a stream cannot show are replaced; bytes of file names
    that are no text are passed on as they are.
    """
    # What is read is empty, what is printed fails as onto a full disk, and nobody hears errors.
    for number, mode in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, mode)  # the lowest number that is free
    for name in ("COLUMNS", "TERMINAL_WIDTH"):
        width = os.environ.get(name, "80")
        if not (width.isdecimal() and int(width) >= FEWEST_COLUMNS):
            del os.environ[name]  # the help screens fail on it, or show nothing
    if sys.stdout is sys.__stdout__:
        sys.stdout = _Output(sys.stdout)
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="surrogateescape" if is_unicode(stream) else "replace")


class _Output(io.TextIOWrapper):
    """Standard output whose errors say what they are about."""

    def __init__(self, before: Any) -> None:
        super().__init__(
            open(1, "wb", closefd=False),  # noqa: SIM115
            encoding=before.encoding if before else "utf-8",
            line_buffering=before.line_buffering if before else False,
        )

    def write(self, text: str, /) -> int:
        with self._named_errors():
            return super().write(text)

    def flush(self) -> None:
        with self._named_errors():
            super().flush()

    @staticmethod
    @contextmanager
    def _named_errors() -> Iterator[None]:
        try:
            yield
        except OSError as error:
            error.filename = "standard output"
            raise


def is_unicode(stream: TextIO) -> bool:
    """Whether a stream takes any character."""
    return (getattr(stream, "encoding", None) or "").lower().replace("-", "").startswith("utf")


def print_json(value: Any) -> None:
    """Print a value as JSON, which has only characters that the stream takes."""
    text = json.dumps(value, indent=2, ensure_ascii=not is_unicode(sys.stdout))
    with suppress(UnicodeEncodeError):
        text.encode()
        print(text)
        return
    print(json.dumps(value, indent=2))  # the name of a file that is no text


def print_yaml(text: str) -> None:
    """Print YAML; characters that the stream does not take are written as YAML escapes them."""
    if not is_unicode(sys.stdout):
        text = text.encode("ascii", "backslashreplace").decode()
    print(text, end="")


def finish_streams() -> OSError | None:
    """Pass on all that was printed; why it could not be, unless its reader has seen enough."""
    try:
        sys.stdout.flush()
    except OSError as error:
        # What is left would be tried again at the very end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return None if isinstance(error, BrokenPipeError) else error
    return None
