"""Read the tables of a study with pandas: prevalence by sex and age, and the shifts of conditions.

python docs/examples/read_tables.py outputs/baseline
"""

import sys
from pathlib import Path

import pandas as pd

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "outputs/baseline")

# Rows about the same people: choose one arm, world, year, definition, recall period and observer.
as_it_is = "arm == 'reference' and world == 'factual' and year == year.max()"
any_now = "definition == 'any' and recall == 'current' and observed_as == 'truth'"

# Rows about different people (sex, age, parity, draw, replicate): add up counts, and divide last.
prevalence = pd.read_parquet(folder / "prevalence.parquet")
everyone = prevalence.query(f"{as_it_is} and {any_now} and condition == 'everyone'")
counts = everyone.groupby(["sex", "age_group"], observed=True)[["cases", "persons"]].sum()
counts["percent"] = (100 * counts["cases"] / counts["persons"]).round(1)
print(counts)

# Estimates do not add up: choose rows that are not broken down, which say 'all'.
shifts = pd.read_parquet(folder / "shifts.parquet")
strata = [name for name in ("sex", "age_group", "parity") if name in shifts]
adults = shifts[shifts[strata].isin(["all", "all adults"]).all(axis=1)]
observed = adults.query(
    f"arm == 'reference' and year == year.max() and {any_now} and estimate == 'observed_shift'"
)
columns = ["condition", "persons", "value", "lower", "upper"]
print(observed.nlargest(10, "persons")[columns].to_string(index=False))
print("value:", shifts.attrs["meanings"]["value"])
