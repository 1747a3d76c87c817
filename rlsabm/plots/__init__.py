"""Figures of a study, for notebooks and papers."""

from __future__ import annotations

from rlsabm.plots.life import life, life_numbers

__all__ = ["life", "life_numbers"]
