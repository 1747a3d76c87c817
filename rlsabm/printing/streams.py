"""Standard input, output and error, which may be closed, full, or know few characters."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any, TextIO

#: Columns below which nothing can be read; columns or lines that no terminal has.
FEWEST_COLUMNS, LARGEST_SIZE = 20, 1_000


def forget_strange_sizes() -> None:
    """Forget sizes of a terminal on which help screens and tables fail, or show nothing."""
    for name in ("COLUMNS", "LINES", "TERMINAL_WIDTH"):
        size = os.environ.get(name, "80")
        fewest = 1 if name == "LINES" else FEWEST_COLUMNS
        # Python reads no numbers of thousands of digits.
        if not (size.isdecimal() and len(size) < 10 and fewest <= int(size) <= LARGEST_SIZE):
            del os.environ[name]


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
    if sys.stdout is sys.__stdout__:
        sys.stdout = _Output(1, sys.stdout)
    if sys.stderr is sys.__stderr__:
        sys.stderr = _Courtesy(2, sys.stderr)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="surrogateescape" if is_unicode(stream) else "replace")


class _Stream(io.TextIOWrapper):
    """A standard stream whose errors are seen to in one place."""

    def __init__(self, number: int, before: Any) -> None:
        super().__init__(
            open(number, "wb", closefd=False),  # noqa: SIM115
            encoding=before.encoding if before else "utf-8",
            line_buffering=before.line_buffering if before else False,
        )

    def write(self, text: str, /) -> int:
        with self._errors():
            super().write(text)
        return len(text)

    def flush(self) -> None:
        with self._errors():
            super().flush()

    def _errors(self) -> AbstractContextManager[None]:
        raise NotImplementedError


class _Output(_Stream):
    """Standard output whose errors say what they are about."""

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            error.filename = "standard output"
            raise


class _Courtesy(_Stream):
    """Standard error: work goes on if nobody can hear how, and from then on nobody does."""

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            _write_to_nowhere(2)


def _write_to_nowhere(number: int) -> None:
    """Have a stream take what is printed, and what could not be, and forget it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)


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
        _write_to_nowhere(1)  # what is left would be tried again at the very end
        return None if isinstance(error, BrokenPipeError) else error
    return None
