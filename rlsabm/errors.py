"""Mistakes a user can mend: shown as one clear line, without a traceback."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class UserError(Exception):
    """A mistake in what the user gave; the message is complete and written for people."""


class ScenarioError(UserError):
    """A mistake in a scenario file, in a file of a country that it names, or in a ``--set``.

    ``str()`` is "file:line: key: what is wrong (expected …; did you mean …?)", one such line for
    each mistake when several were found.

    Parameters
    ----------
    what : str
        What is wrong and, in parentheses, what was expected.
    file : str
        The file as shown to people, or ``--set key=value``.
    line : int or None
        Line in that file, counted from 1.
    key : str
        The key in its dotted form, such as ``population.size``, or the column of a table.
    others : tuple of str
        Further lines to show below this one.

    """

    def __init__(
        self,
        what: str,
        *,
        file: str = "",
        line: int | None = None,
        key: str = "",
        others: tuple[str, ...] = (),
    ) -> None:
        super().__init__(what)
        self.what = what
        self.file = file
        self.line = line
        self.key = key
        self.others = others

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        key_is_shown = place.startswith(f"--set {self.key}=")
        parts = [place, "" if key_is_shown else self.key, self.what]
        return "\n".join([": ".join(part for part in parts if part), *self.others])


def nearest(name: str, known: Iterable[str], *, likeness: float = 0.55) -> str | None:
    """The known name that may have been meant: the most like it, or one that it begins.

    Capitals do not matter, nor whether words are joined by spaces, hyphens or underscores.

    Parameters
    ----------
    name
        What was written.
    known
        The names that there are.
    likeness
        How alike two names must be, from 0 to 1.

    Returns
    -------
    str or None
        A known name, or None if none is like it.
    """
    by_plain_name = {_plain(each): each for each in known}
    plain = _plain(name)
    if matches := get_close_matches(plain, by_plain_name, n=1, cutoff=likeness):
        return by_plain_name[matches[0]]
    begun = (each for each in by_plain_name if len(plain) >= 3 and each.startswith(plain))
    return next((by_plain_name[each] for each in begun), None)


def _plain(name: str) -> str:
    return name.lower().replace("-", "_").replace(" ", "_")
