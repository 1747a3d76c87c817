"""Name of the one record that rules read, so that signatures say what they take."""

from __future__ import annotations

from typing import Any, TypeAlias

#: Parameter values, derived numbers, tables and the key of chance, each an attribute by its name: a
#: record whose type `rlsabm.inputs` composes from what the rooms declare.  Compiled rules take it as a
#: single pointer, called ``p``.
Inputs: TypeAlias = Any
