"""Shifts of prevalence: as a survey sees them, as they are caused, and what of that is iron.

Of the people with a condition, prevalence is compared with two others: with that of people without it,
of the same sex and age (the observed shift), and with that of the *same* people in a world in which the
condition does not burden them (the caused shift).  What differs between the two is confounding and
selection.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from rlsabm.arrays import Floats
from rlsabm.results.columns import (
    ARM,
    CASE,
    CONDITION,
    DRAWS_BEHIND,
    INTERVAL,
    STRATA_WITH_TOTALS,
    WORLD,
    YEAR,
    estimate_column,
)
from rlsabm.results.intervals import (
    Interval,
    binomial_variance,
    delta_variance,
    over_draws_around,
    proportion_over_draws,
)
from rlsabm.results.nesting import RUNS, NestedCounts
from rlsabm.results.table import Column, Kind, ResultTable
from rlsabm.results.tables.contrasts import CONTRAST_COUNTS
from rlsabm.results.totals import WITH_TOTALS


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
        "prevalence expected from people without the condition, of the same sex and age",
        "proportion", "e",
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
        "proportion", "y",
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


def estimate_shifts(contrasts: pd.DataFrame) -> pd.DataFrame:
    """Every estimate of every contrast, over draws and replicates.

    Parameters
    ----------
    contrasts
        Counts by run (`rlsabm.results.tables.contrasts`), with ``draw`` and ``replicate`` among the
        keys.

    Returns
    -------
    pandas.DataFrame
        One row an estimate: keys, ``estimate``, ``value``, ``lower``, ``upper``,
        ``monte_carlo_error``, ``parameter_sd``, and the counts behind it, added up over all runs.
    """
    keys = [name for name in contrasts.columns if name not in (*CONTRAST_COUNTS, *RUNS)]
    n = NestedCounts(contrasts, keys, CONTRAST_COUNTS)
    parts = []
    for estimate in ESTIMATES:
        interval = _estimated(estimate, n)
        chosen = np.isfinite(interval.value) & (n["persons"].sum(axis=0) > 0)
        part = n.rows[chosen].copy()
        part["estimate"] = estimate.name
        for name, values in interval._asdict().items():
            part[name] = values[chosen]
        for name in ("persons", "cases", "cases_without", "cases_without_iron"):
            part[name] = n.total(name)[chosen]
        part["draws"] = len(n.draws)
        parts.append(part)
    whole = pd.concat(parts, ignore_index=True)
    whole["estimate"] = pd.Categorical(whole["estimate"], ESTIMATE_NAMES, ordered=True)
    return whole.sort_values([*keys, "estimate"], kind="stable").reset_index(drop=True)


#: Shares by their letters: what is counted, and among whom.
SHARES = {
    "x": ("cases", "persons"),
    "e": ("expected_cases", "persons"),
    "y": ("cases_without", "persons"),
    "z": ("cases_without_iron", "persons"),
    "X": ("everyone_cases", "everyone_persons"),
    "Y": ("everyone_without", "everyone_persons"),
}
#: Counts of people who are cases in two worlds.
JOINT = {
    "xy": "cases_with_and_without",
    "xz": "cases_with_and_without_iron",
    "yz": "cases_without_both",
    "XY": "everyone_with_and_without",
}


#: People added to the counts behind intervals, in each combination of case and no case
#: in two worlds, so that few people are not taken for certain (after Agresti & Min 2005, Biometrics
#: 61:515).  Simulated: with these, intervals of 95 % hold rare shifts in 93 % and more.
ADDED_TO_DIFFERENCES, ADDED_TO_RATIOS = 1.0, 0.5
#: Cases, and people who are none, below which a ratio has no interval.
FEWEST_FOR_RATIO = 10


class _Shares:
    """Shares of people who are cases, and how they vary by chance.

    Parameters
    ----------
    n
        Counts.
    added
        People added to each combination of case and no case in two worlds, by key.
    """

    def __init__(self, n: NestedCounts, added: Floats) -> None:
        self.n = n
        self.added = added

    def __getitem__(self, letter: str) -> Floats:
        """A share by draw and key; other people have no added ones."""
        count, persons = SHARES[letter]
        added = 0.0 if letter == "e" else self.added
        share = (self.n[count] + 2.0 * added) / (self.n[persons] + 4.0 * added)
        return np.where(self.n[persons] > 0, share, np.nan)

    def covariance(self, one: str, other: str) -> Floats:
        """Covariance of two shares."""
        pair = "".join(sorted((one, other)))
        return self.n.covariance(self._reckoned(pair), SHARES[pair[0]], SHARES[pair[1]])

    def _reckoned(self, pair: str) -> Floats:
        """Covariance by counts, if people are independent."""
        persons = self.n[SHARES[pair[0]][1]]
        if pair == "ee":
            return np.asarray(self.n["expected_variance"] / persons**2)
        if "e" in pair:  # other people
            return np.zeros_like(persons)
        whole = persons + 4.0 * self.added
        if pair[0] == pair[1]:
            return binomial_variance(self[pair[0]], whole)
        both = (self.n[JOINT[pair]] + self.added) / whole
        return np.asarray((both - self[pair[0]] * self[pair[1]]) / whole)


def _estimated(estimate: Estimate, n: NestedCounts) -> Interval:
    letters = estimate.uses
    with np.errstate(invalid="ignore", divide="ignore"):
        if letters == "e":
            variance = _Shares(n, np.zeros(1)).covariance("e", "e")
            return proportion_over_draws(n["expected_cases"], n["persons"], variance)
        if estimate.kind == "proportion":
            return n.proportion(*SHARES[letters])
        is_ratio = estimate.kind == "ratio"
        # Over all draws: the means of many draws would drift with people added to each.
        inhabited = np.maximum((n["persons"] > 0).sum(axis=0), 1)
        added = (ADDED_TO_RATIOS if is_ratio else ADDED_TO_DIFFERENCES) / inhabited
        plain, shares = _Shares(n, np.zeros_like(added)), _Shares(n, added)
        value = estimate.formula(*(plain[letter] for letter in letters))
        centre, variance = delta_variance(
            estimate.formula,
            [shares[letter] for letter in letters],
            [[shares.covariance(one, other) for other in letters] for one in letters],
        )
    found = over_draws_around(value, centre, variance, kind=estimate.kind)
    if estimate.kind == "difference":
        return found._replace(
            lower=np.maximum(found.lower, -1.0), upper=np.minimum(found.upper, 1.0)
        )
    if not is_ratio:
        return found
    known = np.isfinite(value) | (n["persons"] == 0)
    enough = known.all(axis=0) & (_fewest(estimate, n) >= FEWEST_FOR_RATIO)
    return found._replace(
        lower=np.where(enough, found.lower, np.nan), upper=np.where(enough, found.upper, np.nan)
    )


def _fewest(estimate: Estimate, n: NestedCounts) -> Floats:
    """Fewest of the cases on which a ratio rests, and for odds of the people who are none."""
    counts = []
    for letter in estimate.uses.replace(
        "e", ""
    ):  # that expected ones are few makes them no less known
        count, persons = (n.total(name) for name in SHARES[letter])
        counts.append(count)
        if estimate.name.endswith("odds_ratio"):
            counts.append(persons - count)
    return np.asarray(np.minimum.reduce(counts))


TABLE = ResultTable(
    name="shifts",
    title="Shifts of prevalence by condition: observed, caused, and mediated by iron",
    kind=Kind.ESTIMATES,
    columns=(
        ARM,
        replace(WORLD, meaning="world with which the factual one is compared"),
        YEAR,
        CONDITION,
        *STRATA_WITH_TOTALS,
        *CASE,
        estimate_column(ESTIMATE_NAMES),
        *INTERVAL,
        Column("persons", "whole", "persons", "people with the condition, in all runs"),
        Column("cases", "whole", "persons", "cases among the people with the condition"),
        Column(
            "cases_without", "number", "persons",
            "cases among them in the world without the condition",
        ),
        Column(
            "cases_without_iron", "number", "persons",
            "cases among them in the world without its iron burden",
        ),
        DRAWS_BEHIND,
    ),
    totals=WITH_TOTALS,
    estimate=lambda frames: estimate_shifts(frames["contrasts"]),
    estimated_from=("contrasts",),
)  # fmt: skip
