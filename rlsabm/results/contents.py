"""Contents of a table before it is written: arrays by column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

#: Columns of a table, arrays of one length; category columns hold words, or codes into their words.
Contents = dict[str, Any]


def rows_in(contents: Contents) -> int:
    """Number of rows."""
    return len(next(iter(contents.values())))


def joined(parts: Sequence[Contents]) -> Contents:
    """Parts of a table below one another."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
