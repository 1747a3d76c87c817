"""Draw the README's picture from a study: ``python docs/make_pictures.py outputs/iron_conditions``.

The study is that of ``rlsabm run scenarios/iron_conditions.yaml``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import rlsabm

PICTURE = Path(__file__).with_name("images") / "shifts.svg"
#: Conditions that lower iron by different ways, obesity as a large one that hardly does, and a control.
SHOWN = (
    "dialysis",
    "pregnancy",
    "bariatric_surgery",
    "heavy_menstrual_bleeding",
    "inflammatory_bowel_disease",
    "coeliac_disease",
    "blood_donation",
    "obesity",
    "multiple_sclerosis",
)

if __name__ == "__main__":
    study = rlsabm.read(sys.argv[1])
    chart = rlsabm.plots.forest(study, conditions=SHOWN, theme="print")
    chart.save(PICTURE)
    print(PICTURE)
