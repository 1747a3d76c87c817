"""What registries would find: how RLS runs in families, and the brains of those who died.

A kin registry links the adults surveyed. Its pairs are counted run by run; counts add up over
replicates, and estimates compare draws. Pairs of one family share members but count as independent.
Over fifty replicates of 20,000 people the spread of estimates was as their Monte-Carlo error says for
twins; for others it was 1.0 to 1.4 times that for correlations, and for prevalence 1.5 to 1.9 times
among full and 1.6 to 3.1 times among half siblings.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rlsabm.conventions import FEMALE, MALE, SEXES
from rlsabm.measuring.autopsy import FINDINGS, dissect
from rlsabm.measuring.cases import DEFINITIONS, RECALLS
from rlsabm.observe.kin import OF_PARENTS, PAIR_SEXES, RELATIONS, Pairs, find_kin, pair_sexes
from rlsabm.observe.survey import Survey
from rlsabm.results.cases import Cases
from rlsabm.results.cells import Contents
from rlsabm.results.contrasts import ADULT_AGE, WHOLE
from rlsabm.results.counting import FOLLOW_UP_MONTHS
from rlsabm.results.intervals import Interval, delta_variance, over_draws, proportion_over_draws
from rlsabm.results.nesting import RUNS, NestedCounts

Floats = NDArray[np.float64]

#: What the rows on heritability compare: monozygotic with dizygotic twins.
TWINS = "twins"
KIN_RELATIONS = (*RELATIONS, TWINS)
KIN_SEXES = (*PAIR_SEXES, WHOLE["sex"])
KIN_COUNTS = ("pairs", "both", "first_only", "second_only")
KIN_ESTIMATES = {
    "prevalence": "cases among the members of the pairs, each as often as in pairs",
    "prevalence_of_relatives": "cases among the relatives: children of the parents; of twins and "
    "siblings, both",
    "concordance": "share of cases with an affected relative, probandwise: twins and siblings 2 x "
    "both / (2 x both + discordant); share of the affected parents' children who are affected",
    "recurrence_ratio": "concordance / prevalence of the relatives",
    "tetrachoric_correlation": "correlation of two normal liabilities that would give these pairs",
    "heritability_falconer": "2 x (correlation of monozygotic - that of dizygotic twins)",
}
#: Added to each cell of a table in which one is empty: without it the correlation would be 1 or -1.
#: Where fewer than two concordant pairs are expected, the estimate is mostly made by this.
EMPTY_CELL = 0.5

_POINTS, _WEIGHTS = np.polynomial.legendre.leggauss(48)
_MOST_STEPS = 60
_ACCURACY = 1e-12

AUTOPSY_QUANTITIES = {
    "structural_cns_iron": "to what people of the age have",
    "exchangeable_cns_iron": "typical adult = 1",
}
#: Quantity of each column of what `dissect` finds, and whether it is as measured.
_OF_FINDING = ((0, 0), (0, 1), (1, 0))


# Kin -----------------------------------------------------------------------------------------------


def count_kin(cases: Cases) -> Contents:
    """Pairs of adult kin by relation, sexes, definition, recall and instrument, and how many have RLS.

    Rows of both sexes together are named as everywhere. Relations without pairs have no rows.
    """
    survey = cases.survey
    adult = survey.age >= ADULT_AGE
    sex = survey.lives["sex"].copy()
    kin = {
        relation: pairs.where(adult[pairs.first] & adult[pairs.second])
        for relation, pairs in find_kin(survey.lives).items()
    }
    for relation, (first, second) in kin.items():
        if relation not in OF_PARENTS:
            # The woman of a mixed pair first, so that each sex has its own threshold.
            swap = (sex[first] == MALE) & (sex[second] == FEMALE)
            kin[relation] = Pairs(np.where(swap, second, first), np.where(swap, first, second))
    sexes = {relation: pair_sexes(sex, pairs) for relation, pairs in kin.items()}
    shape = (len(DEFINITIONS), len(RECALLS), len(cases.bits), len(kin), len(KIN_SEXES), 4)
    counts = np.zeros(shape, dtype=np.int64)
    for d, definition in enumerate(DEFINITIONS):
        for r, recall in enumerate(RECALLS):
            for o, observed_as in enumerate(cases.bits):
                case = cases.are(definition, recall, observed_as=observed_as).astype(np.int64)
                for number, (relation, pairs) in enumerate(kin.items()):
                    state = 2 * case[pairs.first] + case[pairs.second]
                    table = np.bincount(4 * sexes[relation] + state, minlength=4 * len(PAIR_SEXES))
                    by_sex = table.reshape(len(PAIR_SEXES), 4)
                    counts[d, r, o, number, :-1] = by_sex
                    counts[d, r, o, number, -1] = by_sex.sum(axis=0)
    inhabited = np.nonzero(counts.sum(axis=-1))
    found = counts[inhabited]
    definitions, recalls, ways, relations, of_sexes = inhabited
    return {
        "relation": relations,
        "sex": of_sexes,
        "definition": definitions,
        "recall": recalls,
        "observed_as": ways,
        "pairs": found.sum(axis=-1),
        "both": found[:, 3],
        "first_only": found[:, 2],
        "second_only": found[:, 1],
    }


class Correlation(NamedTuple):
    """Tetrachoric correlations and their sampling variances."""

    value: Floats
    variance: Floats


def estimate_kin(counts: pd.DataFrame) -> pd.DataFrame:
    """Resemblance of kin, over draws and replicates.

    Parameters
    ----------
    counts
        Counts by run (`count_kin`), with ``draw`` and ``replicate`` among the keys; categories in
        words.

    Returns
    -------
    pandas.DataFrame
        One row an estimate (``KIN_ESTIMATES``): keys, interval, and pairs behind it in all runs.
    """
    keys = [name for name in counts.columns if name not in (*KIN_COUNTS, *RUNS)]
    n = NestedCounts(counts, keys, KIN_COUNTS)
    rows, draws = n.rows, n.draws
    rows["relation"] = pd.Categorical(rows["relation"], list(KIN_RELATIONS), ordered=True)
    of_parents = rows["relation"].isin(OF_PARENTS).to_numpy()
    pairs, both, first, second = (n[name] for name in KIN_COUNTS)
    alike = ~of_parents & (rows["sex"] != "mixed").to_numpy()
    correlation = tetrachoric(both, first, second, pairs, interchangeable=alike)
    intervals = {
        **_proportions(pairs, both, first, second, of_parents),
        "tetrachoric_correlation": _within(over_draws(*correlation, kind="difference")),
    }
    parts = [
        _estimated(rows, name, interval, pairs, both, len(draws))
        for name, interval in intervals.items()
    ]
    parts.append(_heritability(rows, keys, correlation, pairs, both, len(draws)))
    whole = pd.concat(parts, ignore_index=True)
    whole["relation"] = pd.Categorical(whole["relation"], list(KIN_RELATIONS), ordered=True)
    whole["estimate"] = pd.Categorical(whole["estimate"], list(KIN_ESTIMATES), ordered=True)
    return whole.sort_values([*keys, "estimate"], kind="stable").reset_index(drop=True)


def _estimated(
    rows: pd.DataFrame, name: str, interval: Interval, pairs: Floats, both: Floats, draws: int
) -> pd.DataFrame:
    """Rows of one estimate, where there is one."""
    chosen = np.isfinite(interval.value)
    part = rows[chosen].copy()
    part["estimate"] = name
    for column, values in interval._asdict().items():
        part[column] = values[chosen]
    part["pairs"] = pairs.sum(axis=0)[chosen].astype(np.int64)
    part["both"] = both.sum(axis=0)[chosen].astype(np.int64)
    part["draws"] = draws
    return part


def _within(interval: Interval) -> Interval:
    """The interval of a correlation, which cannot lie beyond -1 or 1."""
    return interval._replace(
        lower=np.clip(interval.lower, -1.0, 1.0), upper=np.clip(interval.upper, -1.0, 1.0)
    )


def _proportions(
    n: Floats, both: Floats, first: Floats, second: Floats, parents: NDArray[np.bool_]
) -> dict[str, Interval]:
    """Prevalence, concordance and recurrence ratio, from counts by draw and row."""
    with np.errstate(invalid="ignore", divide="ignore"):
        both, first, second = both / n, first / n, second / n
        ill = 2.0 * both + first + second
        members = ill / 2.0
        # Two members of a pair tell less than two strangers, by how much they resemble.
        spread = members * (1.0 - members)
        alike = np.where(spread > 0.0, (both - members**2) / spread, 0.0)
        independent = 2.0 * n / (1.0 + alike)
        relatives = np.where(parents, both + second, members)
        of_relatives = np.where(parents, n, independent)
        # Probands: of twins and siblings every case is one, and two of a pair tell the same.
        discordant_or_both = both + first + second
        of_probands = np.where(parents, n * (both + first), n * ill**2 / (2.0 * discordant_or_both))
        concordance = _concordance(parents)(both, first, second)
        shares = [both, first, second]
        covariance = [
            [(one * (i == j) - one * other) / n for j, other in enumerate(shares)]
            for i, one in enumerate(shares)
        ]
        ratio = delta_variance(_recurrence(parents), shares, covariance)
    return {
        "prevalence": proportion_over_draws(members * independent, independent),
        "prevalence_of_relatives": proportion_over_draws(relatives * of_relatives, of_relatives),
        "concordance": proportion_over_draws(concordance * of_probands, of_probands),
        "recurrence_ratio": over_draws(*ratio, kind="ratio"),
    }


def _concordance(parents: NDArray[np.bool_]) -> Callable[[Floats, Floats, Floats], Floats]:
    """Concordance by the shares of pairs."""

    def concordance(both: Floats, first: Floats, second: Floats) -> Floats:
        return np.where(parents, both / (both + first), 2.0 * both / (2.0 * both + first + second))

    return concordance


def _recurrence(parents: NDArray[np.bool_]) -> Callable[[Floats, Floats, Floats], Floats]:
    """Recurrence ratio by the shares of pairs."""
    concordance = _concordance(parents)

    def recurrence(both: Floats, first: Floats, second: Floats) -> Floats:
        relatives = np.where(parents, both + second, both + (first + second) / 2.0)
        return np.asarray(concordance(both, first, second) / relatives)

    return recurrence


def _heritability(
    rows: pd.DataFrame,
    keys: list[str],
    correlation: Correlation,
    pairs: Floats,
    both: Floats,
    draws: int,
) -> pd.DataFrame:
    """Falconer's heritability, where twins of both kinds are known."""
    others = [name for name in keys if name != "relation"]
    index = rows[others].copy()
    index["row"] = np.arange(len(rows))
    kinds = [index[rows["relation"] == kind] for kind in ("monozygotic_twins", "dizygotic_twins")]
    matched = kinds[0].merge(kinds[1], on=others, suffixes=("", "_of_dizygotic"))
    mono, di = matched["row"].to_numpy(np.int64), matched["row_of_dizygotic"].to_numpy(np.int64)
    value = 2.0 * (correlation.value[:, mono] - correlation.value[:, di])
    variance = 4.0 * (correlation.variance[:, mono] + correlation.variance[:, di])
    of_both = matched[others].copy()
    of_both.insert(keys.index("relation"), "relation", TWINS)
    return _estimated(
        of_both,
        "heritability_falconer",
        over_draws(value, variance, kind="difference"),
        pairs[:, mono] + pairs[:, di],
        both[:, mono] + both[:, di],
        draws,
    )


# Tetrachoric correlation ---------------------------------------------------------------------------


def tetrachoric(
    both: Floats,
    first_only: Floats,
    second_only: Floats,
    pairs: Floats,
    *,
    interchangeable: NDArray[np.bool_] | bool,
) -> Correlation:
    """Tetrachoric correlations by maximum likelihood, with variances by the delta method.

    There are as many shares as unknowns, so the likelihood is largest where thresholds give the
    shares of cases and the correlation gives the share of pairs in which both are. Tables with an
    empty cell have half a pair added to each.

    Parameters
    ----------
    both, first_only, second_only, pairs
        Pairs in which both, only the first, only the second are cases; all pairs.
    interchangeable
        Where the order of two members means nothing, so that they have one threshold.

    Returns
    -------
    Correlation
        Missing where nobody, or everybody, is a case.
    """
    same = np.broadcast_to(np.asarray(interchangeable), both.shape)
    one = np.where(same, (first_only + second_only) / 2.0, first_only)
    other = np.where(same, one, second_only)
    neither = pairs - both - one - other
    defined = np.minimum(both + one, both + other) > 0.0
    defined &= np.minimum(neither + one, neither + other) > 0.0
    empty = np.minimum(np.minimum(both, neither), np.minimum(one, other)) == 0.0
    cells = [
        np.where(defined, cell + np.where(empty, EMPTY_CELL, 0.0), 1.0)
        for cell in (both, one, other, neither)
    ]
    n = np.sum(cells, axis=0)
    b, f, s, _ = (cell / n for cell in cells)
    h, k = -_quantile(b + f), -_quantile(b + s)
    angle = _angle(h, k, b, (b + f) * (b + s))
    rho = np.sin(angle)
    # What a pair of each kind adds to the correlation: directly, and by both thresholds.
    root = np.cos(angle)
    by_first = 1.0 - _normal((k - rho * h) / root)
    by_second = 1.0 - _normal((h - rho * k) / root)
    density = _slope(h, k, angle) / root
    adds = (1.0 - by_first - by_second, -by_first, -by_second)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        mean = b * adds[0] + f * adds[1] + s * adds[2]
        squares = b * adds[0] ** 2 + f * adds[1] ** 2 + s * adds[2] ** 2
        variance = np.maximum(squares - mean**2, 0.0) / n / density**2
    return Correlation(np.where(defined, rho, np.nan), np.where(defined, variance, np.nan))


def _slope(h: Floats, k: Floats, angle: Floats) -> Floats:
    """Change of the share of pairs above both thresholds with the angle whose sine is correlation.

    By Plackett it changes with the correlation as the density of the two liabilities; with the angle
    it does so without a pole at -1 and 1.
    """
    sine, cosine = np.sin(angle), np.cos(angle)
    exponent = (h**2 + k**2 - 2.0 * h * k * sine) / (2.0 * cosine**2)
    return np.asarray(np.exp(-exponent) / (2.0 * np.pi))


def quadrant(h: Floats, k: Floats, angle: Floats, unrelated: Floats) -> Floats:
    """Share of pairs above both thresholds.

    Parameters
    ----------
    h, k
        Thresholds of the two liabilities (standard deviations).
    angle
        Its sine is their correlation.
    unrelated
        The share without correlation: the product of the shares above each threshold.
    """
    half = angle[..., None] / 2.0
    slopes = _slope(h[..., None], k[..., None], half * (1.0 + _POINTS))
    return np.asarray(unrelated + (half * slopes) @ _WEIGHTS)


def _angle(h: Floats, k: Floats, share: Floats, unrelated: Floats) -> Floats:
    """Angle at which this share of pairs is above both thresholds: Newton's steps, kept in bounds."""
    low, high = np.full(h.shape, -np.pi / 2.0), np.full(h.shape, np.pi / 2.0)
    angle = np.zeros(h.shape)
    # Few need many steps: only those that still move are taken further.
    moving = np.ones(h.shape, dtype=bool)
    for _ in range(_MOST_STEPS):
        here = angle[moving]
        excess = quadrant(h[moving], k[moving], here, unrelated[moving]) - share[moving]
        above = np.where(excess > 0.0, here, high[moving])
        below = np.where(excess > 0.0, low[moving], here)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            step = here - excess / _slope(h[moving], k[moving], here)
        within = (below < step) & (step < above)
        new = np.where(within, step, (below + above) / 2.0)
        angle[moving], low[moving], high[moving] = new, below, above
        moving[moving] = np.abs(new - here) > _ACCURACY
        if not moving.any():
            break
    return angle


def _quantile(p: Floats) -> Floats:
    """Standard normal quantile; the standard library's, value by value."""
    inverse = NormalDist().inv_cdf
    return np.array([inverse(float(x)) for x in p.ravel()]).reshape(p.shape)


def _normal(x: Floats) -> Floats:
    """Standard normal distribution function; the standard library's, value by value."""
    values = [0.5 * math.erfc(-float(each) / math.sqrt(2.0)) for each in x.ravel()]
    return np.array(values).reshape(x.shape)


# Autopsies -----------------------------------------------------------------------------------------


def summarise_autopsies(survey: Survey, lives: Any, bodies: Any) -> Contents:
    """Brain iron at death of those surveyed who died in the year after, by sex and RLS.

    Parameters
    ----------
    survey
        The people; whether they had RLS in the twelve months before counts.
    lives, bodies
        Records of the population after the follow-up, with those who have died in it.
    """
    died_in = lives["death_month"]
    in_time = (died_in > survey.month) & (died_in <= survey.month + FOLLOW_UP_MONTHS)
    dead = np.flatnonzero(in_time & np.isin(lives["uid"], survey.lives["uid"]))
    by_uid = np.argsort(survey.lives["uid"], kind="stable")
    person = by_uid[np.searchsorted(survey.lives["uid"], lives["uid"][dead], sorter=by_uid)]
    rls = survey.has_rls("any", "past_year")[person]
    sex = lives["sex"][dead]
    found = dissect(lives[dead], bodies[dead], survey.p)
    rows = []
    for code in range(len(SEXES)):
        for has in (False, True):
            people = found[(sex == code) & (rls == has)]
            if len(people) == 0:
                continue
            for name, (quantity, way) in zip(FINDINGS, _OF_FINDING, strict=True):
                values = people[name]
                spread = values.std(ddof=1) if len(values) > 1 else np.nan
                rows.append((code, has, way, quantity, len(values), values.mean(), spread))
    columns = list(zip(*rows, strict=True)) if rows else [()] * 7
    names = ("sex", "rls", "observed_as", "quantity", "persons", "mean", "sd")
    types = (np.int64, np.bool_, np.int64, np.int64, np.int64, np.float64, np.float64)
    return {
        name: np.array(values, dtype=dtype)
        for name, values, dtype in zip(names, columns, types, strict=True)
    }
