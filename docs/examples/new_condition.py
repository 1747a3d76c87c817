"""Add a condition without code, and ask what it does to RLS: bleeding from a hookworm infection.

python docs/examples/new_condition.py
"""

import rlsabm

scenario = {
    "title": "Hookworm and RLS",
    "base": "baseline",
    "conditions": {
        "hookworm": {
            "label": "hookworm infection",
            "definition": "is infected on the day of the survey",
            "ages": [0, 5, 15, 40],
            "prevalence": [0.0, 0.10, 0.20, 0.20],
            "duration_years": 4,
            "blood_loss_ml_per_day": 3.0,  # a moderate infection
            "source": "An example; all figures are assumed.",
        }
    },
}
study = rlsabm.simulate(scenario, size=20_000, shifts=["hookworm"], seed=1)

shifts = study.shifts(
    condition="hookworm",
    estimate=["prevalence", "observed_shift", "caused_shift", "iron_mediated_share"],
)
print(shifts[["estimate", "value", "lower", "upper"]].round(3).to_string(index=False))
