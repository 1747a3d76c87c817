"""Words for what tables hold."""

from __future__ import annotations

from collections.abc import Mapping

from rlsabm.conventions import in_words

#: Labels by column and word (`rlsabm.results.sources.Labels`).
Labels = Mapping[str, Mapping[str, str]]


def label(labels: Labels, column: str, word: object) -> str:
    """How people read a word of a column; the word itself, without underscores, if it has no label."""
    return labels.get(column, {}).get(str(word)) or in_words(str(word))


def case_in_words(labels: Labels, definition: str, recall: str = "current") -> str:
    """Who is a case: ``clinically significant RLS in the last 12 months``."""
    when = "" if recall == "current" else f" {label(labels, 'recall', recall)}"
    return f"{label(labels, 'definition', definition)} RLS{when}"


def capitalised(text: str) -> str:
    """A text as the beginning of a sentence."""
    return text[:1].upper() + text[1:]
