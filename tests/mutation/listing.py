"""The list of mutants: those written by hand, and one in some of those that can be generated."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from .generating import Mutant, all_mutants
from .wrong_rules import written_mutants

#: One in so many generated mutants is in the list, by a number that belongs to its name.
ONE_IN = 5


def listed_mutants() -> Iterator[Mutant]:
    """Mutants of the list: those written by hand first."""
    yield from written_mutants()
    for mutant in all_mutants():
        if zlib.crc32(mutant.name.encode()) % ONE_IN == 0:
            yield mutant
