"""Answers from the tables of a study, as tidy data frames that say what was chosen.

Every function takes a table, and returns a data frame whose ``attrs`` hold ``selection`` (what each
column was chosen to be), ``units`` and ``notes``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from rlsabm.declaring.bounds import number, refusal
from rlsabm.errors import UserError
from rlsabm.results.choosing import (
    ADULTS,
    ALL_AGES,
    Chosen,
    Wanted,
    ages_in_words,
    choose,
    described_by,
    groups_of_ages,
    listed,
    nothing_there,
    strata_of,
    words_in,
)
from rlsabm.results.columns import INTERVAL
from rlsabm.results.intervals import Interval
from rlsabm.results.nesting import RUNS, NestedCounts
from rlsabm.results.rates import by_run, mean, mean_of_draws, rate, standardised
from rlsabm.results.sources import unknown
from rlsabm.results.tables.shifts import ESTIMATE_NAMES
from rlsabm.results.totals import ADULT_AGE, TOTAL_OF
from rlsabm.worlds.world import FACTUAL

#: The standard that is the population of the study itself.
STUDY = "study"
INTERVAL_COLUMNS = [column.name for column in INTERVAL]
PERCENTILE_NAMES = ["p5", "p25", "p50", "p75", "p95"]
#: Shifts that are given where nothing is said.
MAIN_SHIFTS = ("observed_shift", "caused_shift")

#: What an answer says where limits are missing.
NO_INTERVAL = (
    "lower and upper are missing where there are two to four draws, where a mean is of one person or "
    "of equal values, and where a ratio is of fewer than ten cases"
)

Columns = dict[str, Any]


# Prevalence -----------------------------------------------------------------------------------------


def prevalence(
    table: pd.DataFrame, by: Sequence[str], ages: str | Sequence[str], wanted: Mapping[str, Wanted]
) -> pd.DataFrame:
    """Cases, persons and prevalence with its interval."""
    chosen = choose(table, "prevalence", wanted, by=by, ages=ages)
    counts = ["cases", "persons"]

    def found(n: NestedCounts) -> Columns:
        return {**_totals(n, counts), **_interval("prevalence", n.proportion("cases", "persons"))}

    rows = _with_nobody(table, chosen)
    answer = _over_runs(table, rows, chosen, counts, found)
    units = {"cases": "persons", "persons": "persons"}
    units |= dict.fromkeys(("prevalence", "lower", "upper"), "proportion")
    return _said(
        answer,
        "Prevalence of restless legs syndrome, with 95 % interval",
        chosen,
        units,
        ages_in_words(table, ages),
    )


def age_standardised(
    table: pd.DataFrame,
    by: Sequence[str],
    ages: str | Sequence[str],
    wanted: Mapping[str, Wanted],
    *,
    standard: str | Mapping[Any, float] | pd.Series,
    over: Sequence[str],
) -> pd.DataFrame:
    """Directly standardised prevalence with its interval."""
    if not over:
        raise UserError("over: is empty (expected age_group, or age_group and sex)")
    for name in over:
        if name not in TOTAL_OF:
            raise UserError(f"over: {unknown('stratum', name, list(TOTAL_OF))}")
        if name in listed(by) or listed(wanted.get(name)):
            raise UserError(f"over: {name} is standardised over, so rows cannot differ by it")
    if isinstance(ages, str) and ages not in (ADULTS, ALL_AGES):
        raise UserError("ages: one age group alone has nothing to standardise over")
    # Ages are standardised over, so their groups are not rows of the answer.
    whole = choose(table, "prevalence", wanted, by=[*listed(by), *over], ages=ages)
    keys = [key for key in whole.keys if key not in over]
    chosen = Chosen(whole.rows, keys, {k: v for k, v in whole.selection.items() if k not in over})
    weights = _weights(table, ages, standard, over)
    rows = _with_nobody(table, whole)
    parts, counts = [rows], []
    for i, stratum in enumerate(weights.index):
        words = stratum if isinstance(stratum, tuple) else (stratum,)
        fits = np.all([rows[n] == w for n, w in zip(over, words, strict=True)], axis=0)
        for count in ("cases", "persons"):
            counts.append(f"{count}_{i}")
            parts.append((rows[count] * fits).rename(counts[-1]))
    rows = pd.concat(parts, axis=1)

    def found(n: NestedCounts) -> Columns:
        interval = standardised(n, weights.to_numpy(float))
        return {**_totals(n, ["cases", "persons"]), **_interval("prevalence", interval)}

    answer = _over_runs(table, rows, chosen, ["cases", "persons", *counts], found)
    units = {"cases": "persons", "persons": "persons"}
    units |= dict.fromkeys(("prevalence", "lower", "upper"), "proportion")
    notes = []
    if answer["prevalence"].isna().any():
        notes.append(
            "missing where a stratum of the standard holds nobody; give a standard without it"
        )
    answer = _said(
        answer,
        "Directly standardised prevalence of restless legs syndrome, with 95 % interval",
        chosen,
        units,
        ages_in_words(table, ages),
        notes,
    )
    answer.attrs["standard"] = {_stratum_in_words(k): float(w) for k, w in weights.items()}
    return answer


def _weights(
    table: pd.DataFrame,
    ages: str | Sequence[str],
    standard: str | Mapping[Any, float] | pd.Series,
    over: Sequence[str],
) -> pd.Series:
    """Weights of the strata of the standard, which add up to 1."""
    own = choose(table, "prevalence", {}, by=over, ages=ages).rows
    persons = own.groupby(list(over), observed=True)["persons"].sum()
    if isinstance(standard, str):
        if standard != STUDY:
            raise UserError(
                f"standard: found {standard!r} (expected 'study', or a mapping of "
                f"{' and '.join(over)} to weights)"
            )
        weights = persons.astype(float)
    else:
        known = {_stratum_in_words(key): key for key in persons.index}
        if not isinstance(standard, Mapping | pd.Series):
            raise refusal("standard", standard, f"{STUDY}, or a mapping of strata to weights")
        given = {}
        for stratum, weight in standard.items():
            key = _stratum_in_words(stratum)
            given[key] = number(f"standard: {key}", weight, 0.0, np.inf)
            if key not in known and over == ["age_group"] and key in words_in(table, "age_group"):
                raise UserError(f"standard: {key} is not among the ages chosen; see ages=...")
            if key not in known:
                raise UserError(f"standard: {unknown('stratum', key, list(known))}")
        weights = pd.Series(
            [given.get(key, 0.0) for key in known], index=persons.index, dtype=float
        )
    if not weights.sum() > 0:
        raise UserError("standard: its weights are all 0")
    return weights / weights.sum()


def _stratum_in_words(key: Any) -> str:
    return ", ".join(map(str, key)) if isinstance(key, tuple) else str(key)


# Incidence ------------------------------------------------------------------------------------------


def incidence(
    table: pd.DataFrame, by: Sequence[str], ages: str | Sequence[str], wanted: Mapping[str, Wanted]
) -> pd.DataFrame:
    """Events, person-years and rate per 1,000 person-years with its interval."""
    chosen = choose(table, "incidence", wanted, by=by, ages=ages)
    if chosen.rows.empty:
        raise nothing_there(table, "incidence", chosen)
    counts = ["events", "person_years"]

    def found(n: NestedCounts) -> Columns:
        interval = rate(n, *counts)
        per_1000 = {k: 1000.0 * v for k, v in _interval("rate_per_1000", interval).items()}
        return {
            "events": n.total("events").astype(int),
            "person_years": n.total("person_years"),
            **per_1000,
        }

    answer = _over_runs(table, chosen.rows, chosen, counts, found)
    units = {"events": "events", "person_years": "years"}
    units |= dict.fromkeys(("rate_per_1000", "lower", "upper"), "per 1,000 person-years")
    return _said(
        answer,
        "Events in the twelve months after the survey, with 95 % interval",
        chosen,
        units,
        ages_in_words(table, ages),
    )


# Biomarkers -----------------------------------------------------------------------------------------


def biomarkers(
    table: pd.DataFrame, by: Sequence[str], ages: str | Sequence[str], wanted: Mapping[str, Wanted]
) -> pd.DataFrame:
    """Persons, means with intervals, spread and percentiles."""
    cells = table
    for stratum in strata_of(table):
        cells = cells[~cells[stratum].isin([TOTAL_OF[stratum], ALL_AGES])]
    # Totals, where the table has them, are of adults, and of one stratum or all.
    whole = cells if ages == ALL_AGES else table
    chosen = choose(whole, "biomarkers", wanted, by=by, ages=ages)
    if chosen.rows.empty:
        chosen = choose(cells, "biomarkers", wanted, by=by, ages=ages)
    if chosen.rows.empty:
        raise nothing_there(table, "biomarkers", chosen)
    rows = chosen.rows
    run = [*(key for key in chosen.keys if key not in RUNS), "arm", *RUNS]
    cells_of_run: Any = rows.groupby(list(dict.fromkeys(run)), observed=True)["persons"].transform(
        "size"
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        logarithms = np.log(rows["geometric_mean"]) * rows["persons"]
    rows = rows.assign(
        total=rows["mean"] * rows["persons"],
        squares=rows["sd"].fillna(0.0) ** 2 * (rows["persons"] - 1)
        + rows["mean"] ** 2 * rows["persons"],
        logarithms=logarithms.fillna(0.0),
        without_logarithm=logarithms.isna(),
        runs=1,
        added_up=np.asarray(cells_of_run) > 1,
    )
    flags = ["without_logarithm", "runs", "added_up"]
    counts = ["persons", "total", "squares", "logarithms", *flags, *PERCENTILE_NAMES]

    def found(n: NestedCounts) -> Columns:
        interval, sd = mean(n, "total", "squares", "persons")
        columns = {**_totals(n, ["persons"]), **_interval("mean", interval), "sd": sd}
        with np.errstate(divide="ignore", invalid="ignore"):
            geometric = np.exp(mean_of_draws(n["logarithms"] / n["persons"]))
            columns["geometric_mean"] = np.where(
                n.total("without_logarithm") > 0, np.nan, geometric
            )
            for q in PERCENTILE_NAMES:
                over_runs = n.total(q) / n.total("runs")
                columns[q] = np.where(n.total("added_up") > 0, np.nan, over_runs)
        return columns

    answer = _over_runs(table, rows, chosen, counts, found)
    notes = []
    if answer["p50"].isna().any():
        notes.append(
            "percentiles cannot be added up over strata: they are missing in rows that rest on "
            f"several cells; by={strata_of(table)} gives them"
        )
    units = {"persons": "persons"}
    units |= dict.fromkeys(
        ("mean", "lower", "upper", "sd", "geometric_mean", *PERCENTILE_NAMES), "of the biomarker"
    )
    return _said(
        answer,
        "Biomarkers; the interval of 95 % is of the arithmetic mean",
        chosen,
        units,
        ages_in_words(table, ages),
        notes,
    )


# Estimates that the study has made ------------------------------------------------------------------


def shifts(
    table: pd.DataFrame, by: Sequence[str], ages: str | Sequence[str], wanted: Mapping[str, Wanted]
) -> pd.DataFrame:
    """Estimates from the table of shifts."""
    known = words_in(table, "estimate")
    asked = [str(one) for one in listed(wanted.get("estimate"))]
    if not asked and "estimate" not in listed(by):
        wanted = {**wanted, "estimate": [one for one in MAIN_SHIFTS if one in known]}
    for one in asked:
        if one in ESTIMATE_NAMES and one not in known:
            raise UserError(
                f"estimate: the study has no {one}: shifts are traced to what causes them if the "
                "scenario asks, shifts: {conditions: [...]}"
            )
    every = ("condition", "world")
    chosen = choose(table, "shifts", wanted, by=by, ages=ages, every=every)
    if "world" not in listed(by):  # it follows from the condition, and is said last
        chosen.keys.sort(key="world".__eq__)
    counts = ["persons", "cases", "cases_without", "cases_without_iron", "draws"]
    return _estimates(table, "shifts", chosen, counts, ages)


def postulates(
    table: pd.DataFrame, by: Sequence[str], wanted: Mapping[str, Wanted]
) -> pd.DataFrame:
    """Estimates from the table of postulates."""
    chosen = choose(table, "postulates", wanted, by=by)
    return _estimates(table, "postulates", chosen, ["persons", "cases", "draws"], ADULTS)


def _estimates(
    table: pd.DataFrame,
    name: str,
    chosen: Chosen,
    counts: Sequence[str],
    ages: str | Sequence[str],
) -> pd.DataFrame:
    """Rows of a table of estimates as an answer."""
    if chosen.rows.empty:
        pairs = [s for s in chosen.keys if s in TOTAL_OF]
        if len(pairs) > 1 and set(pairs) != {"sex", "age_group"}:
            raise UserError(
                f"{name}: broken down by one stratum at a time, or by sex and age_group"
            )
        raise nothing_there(table, name, chosen)
    columns = [*chosen.keys, *INTERVAL_COLUMNS, *counts]
    answer = chosen.rows[columns].sort_values(chosen.keys, kind="stable").reset_index(drop=True)
    who = f"{ADULT_AGE} years and older"
    if "age_group" in table and ages != ADULTS:
        who = ages_in_words(table, ages)
    units = {column.name: column.unit for column in INTERVAL}
    units |= {count: "persons" for count in counts if count != "draws"} | {"draws": "draws"}
    return _said(answer, str(table.attrs.get("title", name)), chosen, units, who)


# All of them ----------------------------------------------------------------------------------------


def _over_runs(
    table: pd.DataFrame,
    rows: pd.DataFrame,
    chosen: Chosen,
    counts: list[str],
    estimate: Callable[[NestedCounts], Columns],
) -> pd.DataFrame:
    """Estimates over draws and replicates, or of each where rows of their own are asked for."""
    apart = [key for key in chosen.keys if key in RUNS]
    keys = [key for key in chosen.keys if key not in RUNS]
    within = ["arm", *(key for key in keys if key != "arm")]
    runs = table.loc[table["arm"].isin(set(rows["arm"])), ["arm", *RUNS]].drop_duplicates()
    whole = by_run(rows, within, counts, runs)
    groups: Any = whole.groupby(apart, sort=True) if apart else [((), whole)]
    parts = []
    for values, group in groups:
        n = NestedCounts(group, within, counts)
        part = n.rows.assign(**dict(zip(apart, values, strict=True)), **estimate(n))
        parts.append(part)
    found = pd.concat(parts, ignore_index=True)
    measures = [name for name in found if name not in (*within, *apart)]
    found = found[[*chosen.keys, *measures]]
    if chosen.keys:
        found = found.sort_values(chosen.keys, kind="stable")
    return found.reset_index(drop=True)


def _with_nobody(table: pd.DataFrame, chosen: Chosen) -> pd.DataFrame:
    """The rows chosen, and rows of 0 persons for what was chosen and is true of nobody.

    Raises
    ------
    UserError
        If there is no row, since the world is not about the people, or no run of the arm has finished.
    """
    described = [column for column in described_by(table) if column in chosen.selection]
    words = [listed(chosen.selection[column]) for column in described]
    fits = [table[c].isin(w) for c, w in zip(described, words, strict=True) if c != "world"]
    known = _combinations(table[np.all(fits, axis=0)], described)
    there = _combinations(chosen.rows, described)
    arms = set(table["arm"])
    world, arm = described.index("world"), described.index("arm")
    parts = [chosen.rows]
    for one in product(*words):
        factual = (*one[:world], FACTUAL, *one[world + 1 :])
        counted = one in known or (factual not in known and one[arm] in arms)
        if one not in there and counted:
            parts.append(_nobody(table, chosen, dict(zip(described, one, strict=True))))
    rows = pd.concat(parts)
    if rows.empty:
        raise nothing_there(table, "prevalence", chosen)
    return rows


def _combinations(rows: pd.DataFrame, columns: list[str]) -> set[tuple[Any, ...]]:
    return set(rows[columns].drop_duplicates().itertuples(index=False, name=None))


def _nobody(table: pd.DataFrame, chosen: Chosen, described: Mapping[str, Any]) -> pd.DataFrame:
    """Rows of 0 persons, one for each of the strata that are told apart."""
    strata = [stratum for stratum in strata_of(table) if stratum in chosen.keys]
    words = {s: listed(chosen.selection.get(s)) or words_in(table, s) for s in strata}
    if "age_group" in words:
        words["age_group"] = groups_of_ages(table, chosen.selection["ages"])
    cells = pd.DataFrame(list(product(*words.values())), columns=list(words))
    first = table[table["arm"] == described["arm"]].iloc[0]
    rows = cells.assign(**described, **{run: first[run] for run in RUNS}, cases=0, persons=0)
    kept = [column for column in rows if column in table]
    return rows.astype({column: table[column].dtype for column in kept})


def _totals(n: NestedCounts, counts: Sequence[str]) -> Columns:
    return {name: n.total(name).astype(int) for name in counts}


def _interval(name: str, interval: Interval) -> Columns:
    return {name: interval.value, "lower": interval.lower, "upper": interval.upper}


def _said(
    answer: pd.DataFrame,
    title: str,
    chosen: Chosen,
    units: Mapping[str, str],
    who: str,
    notes: Sequence[str] = (),
) -> pd.DataFrame:
    """The answer with what it is about in its ``attrs``."""
    lacking = [
        f"{column} {', '.join(map(str, absent))}"
        for column, value in chosen.selection.items()
        if column in answer
        and (absent := [one for one in listed(value) if one not in set(answer[column])])
    ]
    if "lower" in answer and answer["lower"].isna().any():
        notes = [*notes, NO_INTERVAL]
    if lacking:
        notes = [*notes, f"no rows of {'; '.join(lacking)}: nobody is there, or none is counted"]
    answer.attrs = {
        "title": title,
        "selection": {**chosen.selection, "ages": who},
        "units": {str(name): units[str(name)] for name in answer if name in units},
        "notes": [*notes],
    }
    return answer
