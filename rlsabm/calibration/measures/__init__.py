"""Measures by name: how each figure of a target file is taken from the people of a run."""

from __future__ import annotations

from rlsabm.calibration.measures import (
    biomarkers,
    course,
    donors,
    genes,
    kin,
    prevalence,
    registries,
    trials,
)
from rlsabm.calibration.measures.asking import Measure, Query

_MODULES = (prevalence, course, kin, genes, biomarkers, donors, registries, trials)
MEASURES: dict[str, Measure] = {
    measure.name: measure for module in _MODULES for measure in module.MEASURES
}

__all__ = ["MEASURES", "Measure", "Query"]
