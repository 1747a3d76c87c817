"""Learn one parameter from one's own figure: any RLS in women of 18 years and older, 9 % (7 to 11).

pip install ".[calibrate]", then python docs/examples/calibrate_to_my_figure.py
"""

import math

import pandas as pd

import rlsabm
from rlsabm.calibration.calibrating import calibrate
from rlsabm.calibration.options import Options
from rlsabm.calibration.problem import NormalTarget, Problem, Simulated, parameters_named


def log_odds(share):
    """Proportions are compared on this scale, where their errors are nearly normal."""
    return math.log(share / (1 - share))


def evaluate(number, values, seed):
    """One run of the model: the figure, and its error by chance."""
    study = rlsabm.simulate(size=10_000, parameters=values, seed=seed)
    women = study.prevalence(by=["sex"]).set_index("sex").loc["female"]
    cases, others = women["cases"] + 0.5, women["persons"] - women["cases"] + 0.5
    return {"women": Simulated(math.log(cases / others), math.sqrt(1 / cases + 1 / others))}


if __name__ == "__main__":  # worker processes import this file
    published = NormalTarget(
        "women", log_odds(0.09), (log_odds(0.11) - log_odds(0.07)) / (2 * 1.96), "logit"
    )
    problem = Problem(
        parameters=parameters_named(["liability_threshold"]),
        targets=(published,),
        evaluate=evaluate,
        fixed="10,000 people of the baseline",
    )
    report = calibrate(problem, "outputs/my_figure", Options(evaluations=80))
    print(report.status, report.trouble)
    posterior = pd.read_parquet("outputs/my_figure/posterior.parquet")
    print(posterior["value"].describe(percentiles=[0.025, 0.5, 0.975]).round(3))
    fit = pd.read_parquet("outputs/my_figure/fit.parquet")
    print(fit[["target", "published", "simulated", "inside"]])
