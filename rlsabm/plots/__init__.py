"""Figures of a study, for notebooks and papers.

Each function takes what `rlsabm.read` or `rlsabm.simulate` returns, and gives an altair chart that a
notebook shows and ``chart.save("figure.pdf")`` writes as PDF, SVG, PNG or HTML. Each has a companion
with ``_numbers`` behind its name that gives the data frame that is drawn. ``theme`` is ``screen``,
``dark`` or ``print``. They need the extra ``report``.
"""

from __future__ import annotations

from rlsabm.plots.arms import arms, arms_numbers
from rlsabm.plots.biomarkers import biomarkers, biomarkers_numbers
from rlsabm.plots.calibration import calibration, calibration_numbers
from rlsabm.plots.forest import forest, forest_numbers
from rlsabm.plots.life import life, life_numbers
from rlsabm.plots.policies import policies, policies_numbers
from rlsabm.plots.postulates import postulates, postulates_numbers
from rlsabm.plots.prevalence import prevalence, prevalence_numbers
from rlsabm.plots.trend import trend, trend_numbers
from rlsabm.plots.trial import trial, trial_numbers
from rlsabm.plots.validation import INSIDE, validation, validation_numbers

__all__ = [
    "INSIDE",
    "arms",
    "arms_numbers",
    "biomarkers",
    "biomarkers_numbers",
    "calibration",
    "calibration_numbers",
    "forest",
    "forest_numbers",
    "life",
    "life_numbers",
    "policies",
    "policies_numbers",
    "postulates",
    "postulates_numbers",
    "prevalence",
    "prevalence_numbers",
    "trend",
    "trend_numbers",
    "trial",
    "trial_numbers",
    "validation",
    "validation_numbers",
]
