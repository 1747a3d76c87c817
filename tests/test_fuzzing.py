"""Damaged files are answered in words: a sample of what ``python -m fuzzing`` counts."""

from __future__ import annotations

import random

import pytest
from fuzzing.__main__ import count_answers
from fuzzing.mutating import OF_BYTES, OF_TEXT, mutated
from fuzzing.running import Count


def in_words(count: Count) -> str:
    """What went wrong, for the message of a failed test."""
    return "\n".join(
        f"{number}: {answer.trouble}: {case.damage}: {case.command}\n{answer.detail[-800:]}"
        for number, case, answer in count.troubles
    )


@pytest.mark.parametrize("files", [60, pytest.param(600, marks=pytest.mark.endurance)])
def test_damaged_files_are_answered_in_words(files: int) -> None:
    """No traceback, no hang, nothing written elsewhere, and a message that can be read."""
    count = count_answers(files, seed=files, processes=1 if files < 100 else 2)
    assert not count.troubles, in_words(count)
    assert sum(count.by_kind.values()) == files
    # Most damage is noticed, and not all of it matters.
    assert count.by_code[2] > files / 3
    assert count.by_code[0] > files / 20


@pytest.mark.parametrize("mutation", sorted({*OF_BYTES, *OF_TEXT}, key=lambda m: m.__name__))
def test_damage_damages(mutation: object) -> None:
    assert callable(mutation)
    content = b"title: t\nruns: {draws: 2, seed: 5}\nage,1.5\n" * 20
    tries = {mutation(random.Random(seed), content) for seed in range(20)}
    assert tries - {content}


def test_damage_is_a_function_of_its_seed() -> None:
    content = b"title: t\nruns: {draws: 2}\n"
    one, other = (mutated(random.Random(5), content, text=True) for _ in range(2))
    assert one == other
