"""Try policies as arms: what spares the iron of blood donors, and what it costs in donations.

python docs/examples/policy.py
"""

import rlsabm

scenario = {
    "title": "Sparing the iron of blood donors",
    "base": "baseline",
    "arms": {
        "ferritin-guided deferral": {
            "conditions.blood_donation.ferritin_deferral": {"below": 30, "months": 6}
        },
        "longer intervals": {
            "parameters.donation_interval_men_months": 4,
            "parameters.donation_interval_women_months": 6,
        },
        "iron tablets": {
            "conditions.blood_donation.supplements": {
                "uptake": 0.8,
                "milligrams_per_day": 19,
                "days": 60,
            }
        },
    },
}
study = rlsabm.simulate(
    scenario, size=20_000, seed=1, replicates=2, tables=["prevalence", "incidence", "biomarkers"]
)

# Everyone: who is counted as a donor differs between arms.
everyone = study.prevalence(arm=study.arms).set_index("arm")
donations = study.incidence(arm=study.arms, event="donation").set_index("arm")
deficient = study.prevalence(arm=study.arms, condition="iron_deficiency").set_index("arm")
table = everyone[["cases", "persons"]].copy()
table["rls_percent"] = 100 * everyone["prevalence"]
table["donations_per_1000"] = donations["rate_per_1000"]
table["iron_deficient_percent"] = 100 * deficient["persons"] / everyone["persons"]
print(table.round(2))
