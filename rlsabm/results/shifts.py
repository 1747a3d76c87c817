"""Shifts of prevalence: as a survey sees them, as they are caused, and what of that is iron.

Of the people with a condition, prevalence is compared with two others: with that of people without it,
of the same sex and age (the observed shift), and with that of the *same* people in a world in which the
condition does not burden them (the caused shift).  What differs between the two is confounding and
selection.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rlsabm.results.contrasts import COUNTS
from rlsabm.results.intervals import (
    Interval,
    delta_variance,
    over_draws,
    proportion_over_draws,
)

Floats = NDArray[np.float64]


def _odds(p: Floats) -> Floats:
    return np.asarray(p / (1.0 - p))


class Estimate(NamedTuple):
    """What is estimated.

    Attributes
    ----------
    name, meaning
        Key in tables, and what it is.
    kind
        As `over_draws` wants it.
    uses
        What the formula takes, a letter each: prevalence x of those with the condition, expected
        prevalence e, their prevalence without it y and without its iron z; X and Y are x and y of
        everyone.
    formula
        The function.
    """

    name: str
    meaning: str
    kind: str
    uses: str
    formula: Callable[..., Floats]


ESTIMATES = (
    Estimate(
        "prevalence", "cases / persons among those with the condition", "proportion", "x",
        lambda x: x,
    ),
    Estimate(
        "expected_prevalence",
        "what they would have at the prevalence of people without it of their sex and age",
        "level", "e",
        lambda e: e,
    ),
    Estimate(
        "observed_shift", "prevalence - expected prevalence: what a survey reports",
        "difference", "xe",
        lambda x, e: x - e,
    ),
    Estimate(
        "observed_ratio", "prevalence / expected prevalence", "ratio", "xe",
        lambda x, e: x / e,
    ),
    Estimate(
        "observed_odds_ratio", "odds of the prevalence to those of the expected prevalence",
        "ratio", "xe",
        lambda x, e: _odds(x) / _odds(e),
    ),
    Estimate(
        "prevalence_without", "prevalence of the same people in the world without the condition",
        "level", "y",
        lambda y: y,
    ),
    Estimate(
        "caused_shift", "prevalence - prevalence of the same people without the condition",
        "difference", "xy",
        lambda x, y: x - y,
    ),
    Estimate(
        "caused_ratio", "prevalence / prevalence of the same people without the condition",
        "ratio", "xy",
        lambda x, y: x / y,
    ),
    Estimate(
        "caused_odds_ratio", "odds of these two prevalences", "ratio", "xy",
        lambda x, y: _odds(x) / _odds(y),
    ),
    Estimate(
        "iron_mediated_shift",
        "prevalence - prevalence of the same people without the iron burden of the condition",
        "difference", "xz",
        lambda x, z: x - z,
    ),
    Estimate(
        "iron_mediated_share", "iron-mediated shift / caused shift", "share", "xyz",
        lambda x, y, z: (x - z) / (x - y),
    ),
    Estimate(
        "confounding_and_selection", "observed shift - caused shift", "difference", "ey",
        lambda e, y: y - e,
    ),
    Estimate(
        "attributable_fraction_exposed",
        "share of the cases with the condition that would not be cases without it",
        "share", "xy",
        lambda x, y: (x - y) / x,
    ),
    Estimate(
        "attributable_fraction_population",
        "share of all cases that would not be cases without the condition",
        "share", "XY",
        lambda x, y: (x - y) / x,
    ),
)  # fmt: skip
ESTIMATE_NAMES = [estimate.name for estimate in ESTIMATES]
#: Columns over which counts are added up and draws are compared.
RUNS = ("draw", "replicate")


def estimate_shifts(contrasts: pd.DataFrame) -> pd.DataFrame:
    """Every estimate of every contrast, over draws and replicates.

    Parameters
    ----------
    contrasts
        Counts by run (`rlsabm.results.contrasts`), with ``draw`` and ``replicate`` among the keys.

    Returns
    -------
    pandas.DataFrame
        One row an estimate: keys, ``estimate``, ``value``, ``lower``, ``upper``,
        ``monte_carlo_error``, ``parameter_sd``, and the counts behind it, added up over all runs.
    """
    keys = [name for name in contrasts.columns if name not in (*COUNTS, *RUNS)]
    rows, draws, counts = by_draw(contrasts, keys, COUNTS)
    n = dict(zip(COUNTS, np.moveaxis(counts, -1, 0), strict=True))
    means, covariance = _means(n)
    parts = []
    for estimate in ESTIMATES:
        interval = _estimated(estimate, n, means, covariance)
        chosen = np.isfinite(interval.value) & (n["persons"].sum(axis=0) > 0)
        part = rows[chosen].copy()
        part["estimate"] = estimate.name
        for name, values in interval._asdict().items():
            part[name] = values[chosen]
        total = np.nansum(counts, axis=0)
        for name in ("persons", "cases", "cases_without", "cases_without_iron"):
            of = np.where(np.isnan(n[name]).all(axis=0), np.nan, total[:, COUNTS.index(name)])
            part[name] = of[chosen]
        part["draws"] = len(draws)
        parts.append(part)
    whole = pd.concat(parts, ignore_index=True)
    whole["estimate"] = pd.Categorical(whole["estimate"], ESTIMATE_NAMES, ordered=True)
    return whole.sort_values([*keys, "estimate"], kind="stable").reset_index(drop=True)


def by_draw(
    table: pd.DataFrame, keys: Sequence[str], counts: Sequence[str]
) -> tuple[pd.DataFrame, Floats, Floats]:
    """Counts added up over replicates: distinct keys, draws, and counts by draw, key and count.

    Counts that no run of a draw has are missing; those of draws in which a key did not occur are 0.
    """
    places = table.groupby(list(keys), observed=True, sort=False, dropna=False).ngroup().to_numpy()
    first = np.unique(places, return_index=True)[1]
    rows = table.iloc[first][list(keys)].reset_index(drop=True)
    draws, draw = np.unique(table["draw"].to_numpy(), return_inverse=True)
    sums = np.zeros((len(draws), len(rows), len(counts)))
    np.add.at(sums, (draw, places), table[list(counts)].to_numpy(float))
    return rows, draws, sums


def _means(n: dict[str, Floats]) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Prevalences by their letters, and covariances by pairs of letters."""
    size, everyone = n["persons"], n["everyone_persons"]
    with np.errstate(invalid="ignore", divide="ignore"):
        means = {
            "x": n["cases"] / size,
            "e": n["expected_cases"] / size,
            "y": n["cases_without"] / size,
            "z": n["cases_without_iron"] / size,
            "X": n["everyone_cases"] / everyone,
            "Y": n["everyone_without"] / everyone,
        }
        joint = {
            "xy": n["cases_with_and_without"] / size,
            "xz": n["cases_with_and_without_iron"] / size,
            "yz": n["cases_without_both"] / size,
            "XY": n["everyone_with_and_without"] / everyone,
        }
        joint |= {one + one: means[one] for one in "xyzXY"}
        covariance = {
            pair: (share - means[pair[0]] * means[pair[1]]) / (size if pair.islower() else everyone)
            for pair, share in joint.items()
        }
        covariance["ee"] = n["expected_variance"] / size**2
    return means, covariance


def _estimated(
    estimate: Estimate,
    n: dict[str, Floats],
    means: dict[str, Floats],
    covariance: dict[str, Floats],
) -> Interval:
    if estimate.kind == "proportion":
        return proportion_over_draws(n["cases"], n["persons"])
    none = np.zeros_like(n["persons"])
    if "e" in estimate.uses:
        # Against other people, who happen to be cases is chance, even where none or all are.
        size = n["persons"] + 4.0
        share = (n["cases"] + 2.0) / size
        covariance = covariance | {"xx": share * (1.0 - share) / size}
    with np.errstate(invalid="ignore", divide="ignore"):
        value, variance = delta_variance(
            estimate.formula,
            [means[one] for one in estimate.uses],
            [
                [covariance.get("".join(sorted((a, b))), none) for b in estimate.uses]
                for a in estimate.uses
            ],
        )
    return over_draws(value, variance, kind=estimate.kind)
