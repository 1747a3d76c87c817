"""Figures of a study, for notebooks and papers.

Each function takes what `rlsabm.read` or `rlsabm.simulate` returns, and gives an altair chart that a
notebook shows and ``chart.save("figure.pdf")`` writes as PDF, SVG, PNG or HTML. Each has a companion
with ``_numbers`` behind its name that gives the data frame that is drawn. ``theme`` is ``screen``,
``dark`` or ``print``. They need the extra ``report``.
"""

from __future__ import annotations

from rlsabm.plots.forest import forest, forest_numbers
from rlsabm.plots.prevalence import prevalence, prevalence_numbers

__all__ = ["forest", "forest_numbers", "prevalence", "prevalence_numbers"]
