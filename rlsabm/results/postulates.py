"""The postulates of the iron hypothesis as experiments: what they are, counts, estimates.

Every case is put to three counterfactual worlds: iron stores that never lack, CNS iron that never
lacks, and lack of iron that does not reach dopamine.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rlsabm.exposures.kidney import CKD_4, DIALYSIS
from rlsabm.exposures.pregnancy import NOT_PREGNANT
from rlsabm.measuring.cases import DEFINITIONS, RECALLS
from rlsabm.observe.groups import groups_of
from rlsabm.observe.survey import Survey
from rlsabm.results.cases import Cases
from rlsabm.results.cells import Contents, joined, strata_codes
from rlsabm.results.contrasts import ADULT_AGE, WHOLE
from rlsabm.results.intervals import (
    Interval,
    binomial_variance,
    delta_variance,
    over_draws,
)
from rlsabm.results.nesting import RUNS, NestedCounts
from rlsabm.worlds.world import ALWAYS_REPLETE, ALWAYS_SUFFICIENT, NO_PATH

Floats = NDArray[np.float64]

#: Percentile, among iron-deficient adults without other loads, up to which a loss of dopaminergic
#: function counts as one that iron deficiency alone produces.
RANGE_PERCENTILE = 99.0
LEAST_IRON_DEFICIENT = 20
#: Share of that below which there is no loss to speak of.
NO_LOSS = 0.01

POSTULATES = {
    "P1": "conditions that compromise iron raise prevalence; negative controls do not",
    "P2": "some people's CNS iron is marginal: enough while peripheral iron is, or never",
    "P3": "low CNS iron acts largely through dopamine",
    "P4": "the dopaminergic losses behind RLS are among those that iron deficiency produces",
}
PARTS = {
    "caused_shift": "P1: prevalence - prevalence of the same people without the condition",
    "observed_shift": "P1: prevalence - prevalence expected at their sex and age",
    "precipitated": "P2: share of cases that would be none if iron stores were always replete",
    "constitutional": "P2: share that would be cases even then, but not if CNS iron never lacked",
    "not_iron": "P2: share that would be cases even then",
    "through_dopamine": "P3: share of the cases by lack of CNS iron that would be none if it did not "
    "reach dopamine",
    "no_dopaminergic_loss": "P4: share of cases without any loss of dopaminergic function",
    "within_range_of_iron_deficiency": "P4: share with a loss that iron deficiency alone produces",
    "beyond_range_of_iron_deficiency": "P4: share with a larger loss",
}
OF_POSTULATE = {part: meaning[:2] for part, meaning in PARTS.items()}

COUNTS = (
    "persons",
    "cases",
    "cases_if_replete",
    "cases_if_sufficient",
    "cases_without_path",
    "cases_sufficient_and_without_path",
    "cases_without_loss",
    "cases_within_range",
)


def range_of_iron_deficiency(survey: Survey, deficient: NDArray[np.bool_]) -> float:
    """Largest loss of dopaminergic function that iron deficiency alone produces (liability).

    It is the 99th percentile among iron-deficient adults without any other load; missing if there are
    too few of them.
    """
    loads = [c.name for c in survey.setting.conditions if c.dopamine_load > 0.0]
    loaded = (
        (survey.pregnancy != NOT_PREGNANT) | (survey.kidney == CKD_4) | (survey.kidney == DIALYSIS)
    )
    for name in loads:
        loaded |= survey.has_condition(name)
    alone = survey.dopamine_deficit[deficient & ~loaded & (survey.age >= ADULT_AGE)]
    if len(alone) < LEAST_IRON_DEFICIENT:
        return float("nan")
    return float(np.percentile(alone, RANGE_PERCENTILE))


def count_partition(
    cases: Cases, words: dict[str, list[str]], age_limits: Sequence[int]
) -> Contents:
    """Cases by what they would be in the worlds of the postulates; adults, by condition and sex."""
    survey = cases.survey
    places = [cases.place_of(name) for name in (ALWAYS_REPLETE, ALWAYS_SUFFICIENT, NO_PATH)]
    replete, sufficient, no_path = (place or 0 for place in places)
    groups = groups_of(survey.setting.conditions)
    deficient = next(group for group in groups if group.name == "iron_deficiency").members(survey)
    limit = range_of_iron_deficiency(survey, deficient)
    loss = survey.dopamine_deficit
    adults = survey.age >= ADULT_AGE
    codes = strata_codes(survey, age_limits)
    cells: list[tuple[str, NDArray[np.bool_]]] = [(WHOLE["sex"], adults)]
    if "sex" in words:
        cells += [(word, adults & (codes["sex"] == code)) for code, word in enumerate(words["sex"])]
    parts: list[Contents] = []
    for d, definition in enumerate(DEFINITIONS):
        for r, recall in enumerate(RECALLS):
            case, if_replete, if_sufficient, without_path = (
                cases.are(definition, recall, world=place)
                for place in (0, replete, sufficient, no_path)
            )
            for group in groups:
                members = group.members(survey)
                for sex, cell in cells:
                    people = np.flatnonzero(members & cell)
                    ill = people[case[people]]
                    missing = np.nan if np.isnan(limit) else 0.0
                    none = loss[ill] <= NO_LOSS * limit
                    counts = (
                        len(people),
                        len(ill),
                        if_replete[ill].sum(),
                        if_sufficient[ill].sum(),
                        without_path[ill].sum(),
                        (if_sufficient & without_path)[ill].sum(),
                        none.sum() + missing,
                        (~none & (loss[ill] <= limit)).sum() + missing,
                    )
                    row: Contents = {
                        "condition": [group.name],
                        **({"sex": [sex]} if "sex" in words else {}),
                        "definition": [d],
                        "recall": [r],
                        **{name: [float(c)] for name, c in zip(COUNTS, counts, strict=True)},
                    }
                    parts.append({name: np.array(values) for name, values in row.items()})
    return joined(parts)


def estimate_postulates(partition: pd.DataFrame, shifts: pd.DataFrame) -> pd.DataFrame:
    """Estimates of every postulate, over draws and replicates.

    Parameters
    ----------
    partition
        Counts by run (`count_partition`), with ``draw`` and ``replicate`` among the keys.
    shifts
        Estimates of `estimate_shifts`, for the first postulate.
    """
    keys = [name for name in partition.columns if name not in (*COUNTS, *RUNS)]
    ill, some_loss = partition["cases"], partition["cases"] - partition["cases_without_loss"]
    shares = {
        "precipitated": ill - partition["cases_if_replete"],
        "constitutional": partition["cases_if_replete"] - partition["cases_if_sufficient"],
        "not_iron": partition["cases_if_sufficient"],
        "no_dopaminergic_loss": partition["cases_without_loss"],
        "within_range_of_iron_deficiency": partition["cases_within_range"],
        "beyond_range_of_iron_deficiency": some_loss - partition["cases_within_range"],
    }
    n = NestedCounts(partition.assign(**shares), keys, [*COUNTS, *shares])
    rows = n.rows
    intervals = {part: n.proportion(part, "cases") for part in shares}
    intervals["through_dopamine"] = _through_dopamine(n)
    parts = [_first_postulate(shifts, list(rows.columns))]
    for part, interval in intervals.items():
        chosen = np.isfinite(interval.value)
        found = rows[chosen].copy()
        found["part"] = part
        for name, values in interval._asdict().items():
            found[name] = values[chosen]
        for name in ("persons", "cases"):
            found[name] = n.total(name)[chosen]
        found["draws"] = len(n.draws)
        parts.append(found)
    whole = pd.concat(parts, ignore_index=True)
    whole["postulate"] = whole["part"].map(OF_POSTULATE)
    whole["part"] = pd.Categorical(whole["part"], list(PARTS), ordered=True)
    return whole.sort_values([*rows.columns, "part"], kind="stable").reset_index(drop=True)


def _through_dopamine(n: NestedCounts) -> Interval:
    """Of the cases that sufficient CNS iron would spare, those that cutting the path would spare."""
    ill, shares = n["cases"], ("cases_if_sufficient", "cases_without_path")
    with np.errstate(invalid="ignore", divide="ignore"):
        s, c = (n[share] / ill for share in shares)
        joint = n["cases_sufficient_and_without_path"] / ill
        reckoned = [
            [binomial_variance(s, ill), (joint - s * c) / ill],
            [(joint - s * c) / ill, binomial_variance(c, ill)],
        ]
        covariance = [
            [n.covariance(reckoned[i][j], (one, "cases"), (other, "cases"))
             for j, other in enumerate(shares)]
            for i, one in enumerate(shares)
        ]  # fmt: skip
        path = delta_variance(lambda s, c: (1.0 - c) / (1.0 - s), [s, c], covariance)
    return over_draws(*path, kind="share")


def _first_postulate(shifts: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Observed and caused shifts of adults, as they are, by condition and sex."""
    chosen = shifts["estimate"].isin(["caused_shift", "observed_shift"])
    chosen &= shifts["observed_as"] == "true"
    for name, word in WHOLE.items():
        if name in shifts and name not in keys:
            chosen &= shifts[name] == word
    if "sex" not in keys and "sex" in shifts:
        chosen &= shifts["sex"] == WHOLE["sex"]
    rows = shifts[chosen].rename(columns={"estimate": "part"})
    rows["part"] = rows["part"].astype(str)
    columns = [*keys, "part", "value", "lower", "upper", "monte_carlo_error", "parameter_sd",
               "persons", "cases", "draws"]  # fmt: skip
    return rows[columns]
