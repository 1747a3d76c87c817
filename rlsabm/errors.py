"""Mistakes a user can mend: shown as one clear line, without a traceback."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import SequenceMatcher, get_close_matches

#: Longest texts of a message, in characters: a line, the name of a file, a key.
LONGEST_LINE, LONGEST_PLACE, LONGEST_KEY = 1_000, 200, 100
#: Most lines of a message that comes as one text.
MOST_LINES = 20
#: Longer names are no misspelling of any that there is.
LONGEST_NAME = 100
#: How like the one word must be by which a name of several is meant, and letters of such a word.
LIKENESS_OF_WORDS, SHORTEST_WORD = 0.9, 5


class UserError(Exception):
    """A mistake in what the user gave; the message is complete and written for people.

    What a file or a command holds may be in it: characters that a terminal would obey are shown
    escaped, and what is very long is cut.
    """

    def __str__(self) -> str:
        lines = super().__str__().split("\n")
        return "\n".join(visible(line, LONGEST_LINE) for line in lines[:MOST_LINES])


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
        place = visible(self.file, LONGEST_PLACE)
        if self.line is not None:
            place = f"{place}:{self.line}"
        key_is_shown = self.file.startswith(f"--set {self.key}=")
        key = "" if key_is_shown else visible(self.key, LONGEST_KEY)
        parts = [place, key, visible(self.what, LONGEST_LINE)]
        return "\n".join([": ".join(part for part in parts if part), *self.others])


def visible(text: str, most: int) -> str:
    """Text for one line of a terminal: what is not printable is escaped, what is too long is cut.

    Control characters, line breaks, and marks that change the direction of writing become visible.

    Parameters
    ----------
    text
        Any text.
    most
        Characters of it to show at most.

    Returns
    -------
    str
        The text, which ends in "…" if it was cut.
    """
    cut = text if len(text) <= most else f"{text[: most - 1]}…"
    if cut.isprintable():
        return cut
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")
        for letter in cut
    )


def nearest(
    name: str,
    known: Iterable[str],
    *,
    likeness: float = 0.55,
    begun: bool = True,
    by_word: bool = False,
) -> str | None:
    """The known name that may have been meant: the most like it, or one that it begins.

    Capitals do not matter, nor by what words are joined.  A name of which more than half would have to
    change is not meant, however many letters the two share; nor is what was written itself.

    Parameters
    ----------
    name
        What was written.
    known
        The names that there are.
    likeness
        How alike two names must be, from 0 to 1.
    begun
        Whether the beginning of a name is enough.
    by_word
        Whether a word is enough that only one name has.

    Returns
    -------
    str or None
        A known name, or None if none is like it.
    """
    if len(name) > LONGEST_NAME:
        return None
    others = [each for each in known if each != name]
    for each in others:
        if _letters(each) == _letters(name) != "":
            return each
    by_plain_name = {_plain(each): each for each in others}
    plain = _plain(name)
    for match in get_close_matches(plain, by_plain_name, n=3, cutoff=likeness):
        if _changed_letters(plain, match) <= (len(match) + 1) // 2:
            return by_plain_name[match]
    for match in by_plain_name:
        if begun and len(plain) >= 3 and match.startswith(plain):
            return by_plain_name[match]
    with_word = [each for each in by_plain_name if by_word and _has_word(each, plain)]
    return by_plain_name[with_word[0]] if len(with_word) == 1 else None


def itself_or_nearest(
    name: str, known: Collection[str], *, likeness: float = 0.55, begun: bool = True
) -> str | None:
    """A name that is known in another place than where it was looked for; else as `nearest`."""
    return name if name in known else nearest(name, known, likeness=likeness, begun=begun)


def _has_word(name: str, word: str) -> bool:
    is_long = len(word) >= SHORTEST_WORD
    return is_long and bool(get_close_matches(word, name.split("_"), 1, LIKENESS_OF_WORDS))


def _letters(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _plain(name: str) -> str:
    return name.lower().replace("-", "_").replace(" ", "_")


def _changed_letters(name: str, other: str) -> int:
    """Letters that must be put in, left out or replaced to make one name of the other."""
    return sum(
        max(end - start, other_end - other_start)
        for change, start, end, other_start, other_end in SequenceMatcher(
            None, name, other
        ).get_opcodes()
        if change != "equal"
    )
