"""Two studies or two arms side by side: prevalence and caused shifts, and how they differ.

Runs with the same seed have the same chance, so their difference is mostly what the rules cause.  With
two or more such pairs the interval comes from the spread of the differences between runs; otherwise
from counts, as if all people were independent.  As elsewhere, replicates of a draw of the parameters
add their counts, and draws count equally.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from rlsabm.errors import UserError
from rlsabm.measuring.instruments import TRUTH
from rlsabm.results.differences import (
    Counts,
    independent_prevalence,
    independent_shift,
    mean_over_draws,
    paired_error,
)
from rlsabm.results.intervals import Z_95, t_quantile
from rlsabm.results.sources import (
    Source,
    columns_in,
    has_table,
    read_rows,
    unknown,
    words_of,
)
from rlsabm.results.totals import ADULT_AGE, TOTAL_OF
from rlsabm.worlds.world import FACTUAL

Repetition = tuple[int, int]  # draw and replicate
Independent = Callable[[Counts], float]  # variance of a mean over independent people

ONE_PAIRED_RUN = (
    "paired people, but one run: the interval ignores the pairing and is too wide; "
    "give runs: {replicates: 4}"
)


class Choice(NamedTuple):
    """What is compared; the last year that both have if none is given."""

    year: int | None = None
    definition: str = "any"
    recall: str = "current"
    observed_as: str = TRUTH


class Pairing(NamedTuple):
    """Runs of two arms.

    Attributes
    ----------
    of_a, of_b
        All runs of each.
    pairs
        Runs that both have with the same chance and the same draw of the parameters.
    why_not
        Why none are paired; empty where some are.
    """

    of_a: list[Repetition]
    of_b: list[Repetition]
    pairs: list[Repetition]
    why_not: str = ""


class Comparison(NamedTuple):
    """Two arms side by side.

    Attributes
    ----------
    a, b
        The arms; differences are B - A.
    choice
        What is compared, with the year.
    who
        Whose prevalence it is.
    prevalence, shifts
        One row a condition, in proportions: ``persons_a``, ``cases_a``, ``value_a`` and the same of B,
        ``difference``, ``standard_error``, ``lower``, ``upper``, and ``paired_runs``, which is 0 where
        the interval comes from counts.  Shifts are empty unless both arms have caused shifts.
    notes
        What a reader must know about the intervals, and what is left out.
    """

    a: Source
    b: Source
    choice: Choice
    who: str
    prevalence: pd.DataFrame
    shifts: pd.DataFrame
    notes: list[str]

    def records(self) -> list[dict[str, Any]]:
        """Every row with what it is about, for JSON: missing numbers are None."""
        about = {"a": self.a.label, "b": self.b.label, **self.choice._asdict()}
        return [
            {**about, "quantity": quantity, **_without_nan(row), "notes": self.notes}
            for quantity, rows in (("prevalence", self.prevalence), ("caused_shift", self.shifts))
            for row in rows.to_dict("records")
        ]


def _without_nan(row: dict[Any, Any]) -> dict[str, Any]:
    return {
        str(name): None if isinstance(value, float) and math.isnan(value) else value
        for name, value in row.items()
    }


# Comparing ------------------------------------------------------------------------------------------


def compare(a: Source, b: Source, choice: Choice) -> Comparison:
    """Compare the prevalences of two arms, and the shifts that conditions cause in them.

    Parameters
    ----------
    a, b
        The arms; differences are B - A.
    choice
        Year, definition, recall period, and who observes.

    Raises
    ------
    UserError
        If the arms have no such year, definition, recall period, instrument or ages in common.
    """
    choice = choice._replace(year=_common_year(a, b, choice.year))
    if choice.observed_as == "true":  # as scenario files may call it
        choice = choice._replace(observed_as=TRUTH)
    for what, name in (
        ("definition", choice.definition),
        ("recall", choice.recall),
        ("observed_as", choice.observed_as),
    ):
        for side in (a, b):
            known = words_of(side.folder, "prevalence", what)
            if name not in known:
                shown = what.replace("observed_as", "instrument")
                raise UserError(f"{side.folder}: {unknown(shown, name, known)}")
    youngest = _common_adult_age(a, b)
    pairing = pair_runs(a, b)
    of_a = _prevalence_counts(a, pairing.of_a, choice, youngest)
    of_b = _prevalence_counts(b, pairing.of_b, choice, youngest)
    prevalence = _compared(of_a, of_b, pairing, independent_prevalence, most=1.0)
    if prevalence.empty:
        raise UserError(f"no condition in common in {choice.year}: {a.label}, {b.label}")
    shifts_of_a = _shift_counts(a, pairing.of_a, choice)
    shifts_of_b = _shift_counts(b, pairing.of_b, choice)
    shifts = _compared(shifts_of_a, shifts_of_b, pairing, independent_shift, most=2.0)
    unfinished = {side.folder: side.missing for side in (a, b) if side.missing}
    notes = [f"{folder}: {missing}" for folder, missing in unfinished.items()]
    notes += _notes_on_pairing(pairing, [*prevalence["paired_runs"], *shifts["paired_runs"]])
    for letter, has, other in (("A", of_a, of_b), ("B", of_b, of_a)):
        alone = [name.replace("_", " ") for name in has if name not in other]
        if alone:
            notes.append(f"in {letter} only: {', '.join(alone)}")
    who = "all ages" if youngest is None else f"{youngest} years and older"
    return Comparison(a, b, choice, who, prevalence, shifts, notes)


def _common_year(a: Source, b: Source, wanted: int | None) -> int:
    years = [sorted(set(read_rows(side, "prevalence", ["year"], [])["year"])) for side in (a, b)]
    common = sorted(set(years[0]) & set(years[1]))
    if wanted in common or (wanted is None and common):
        return int(common[-1] if wanted is None else wanted)
    found = "; ".join(
        f"{side.label} has {', '.join(map(str, have)) or 'none'}"
        for side, have in zip((a, b), years, strict=True)
    )
    missing = "no year in common" if wanted is None else f"no year {wanted} in both"
    raise UserError(f"{missing}: {found}")


def _common_adult_age(a: Source, b: Source) -> int | None:
    """Age from which both tell adults apart; None where neither does, and all ages are compared."""
    limits = [
        {
            limit
            for name in words_of(side.folder, "prevalence", "age_group")
            if (limit := _lower_limit(name)) >= ADULT_AGE
        }
        for side in (a, b)
    ]
    if not any(limits):
        return None
    common = limits[0] & limits[1]
    if not common:
        found = "; ".join(
            f"{side.folder} {'at ' + ', '.join(map(str, sorted(of))) if of else 'at no such age'}"
            for side, of in zip((a, b), limits, strict=True)
        )
        raise UserError(f"no age group begins at the same adult age in both: {found}")
    return min(common)


def _lower_limit(age_group: str) -> int:
    """First age of a group such as 18-34 or 80+."""
    digits = age_group.rstrip("+").split("-")[0]
    return int(digits) if digits.isdigit() else 0


def pair_runs(a: Source, b: Source) -> Pairing:
    """Runs of two arms, and which of them have the same chance and parameters.

    Arms of one study pair run by run.  Runs of two studies do where draw and replicate, seed and key
    are the same, the same people are asked for, and every parameter that both studies draw has the
    same value: what a scenario sets itself may differ, for that is what is compared.
    """
    keys = []
    for side in (a, b):
        # Of a study that has not finished, the tables hold some runs only.
        held = read_rows(side, "prevalence", ["draw", "replicate"], []).drop_duplicates()
        units = read_rows(side, "runs", ["draw", "replicate", "key"], []).drop_duplicates()
        runs = held.merge(units, on=["draw", "replicate"]).sort_values(["draw", "replicate"])
        places = zip(runs["draw"].tolist(), runs["replicate"].tolist(), strict=True)
        keys.append(dict(zip(places, runs["key"].astype(str).tolist(), strict=True)))
    of_a, of_b = list(keys[0]), list(keys[1])
    pairs = [run for run in of_a if keys[1].get(run) == keys[0][run]]
    if a.folder.resolve() == b.folder.resolve():
        return Pairing(of_a, of_b, pairs)
    if a.seed != b.seed:
        return Pairing(of_a, of_b, [], "other seeds")
    if a.people != b.people:
        return Pairing(of_a, of_b, [], "other populations")
    if not pairs:
        return Pairing(of_a, of_b, [], "no draw and replicate in common")
    same = _draws_in_common(a, b)
    pairs = [(draw, replicate) for draw, replicate in pairs if draw in same]
    return Pairing(of_a, of_b, pairs, "" if pairs else "other draws of the parameters")


def _draws_in_common(a: Source, b: Source) -> set[int]:
    """Draws in which all parameters that both studies draw have the same values."""
    values = []
    for side in (a, b):
        rows = read_rows(side, "draws", ["draw", "parameter", "value"], [])
        rows["parameter"] = rows["parameter"].astype(str)
        values.append(rows.pivot(index="draw", columns="parameter", values="value"))
    draws = values[0].index.intersection(values[1].index)
    names = values[0].columns.intersection(values[1].columns)
    drawn = [name for name in names if all(table[name].nunique() > 1 for table in values)]
    same = (values[0].loc[draws, drawn] == values[1].loc[draws, drawn]).all(axis=1)
    return {int(draw) for draw in draws[same.to_numpy()]}


def _notes_on_pairing(pairing: Pairing, used: Sequence[int]) -> list[str]:
    pairs = len(pairing.pairs)
    if pairs == 0:
        return [
            f"not paired ({pairing.why_not or 'other seeds'}): the interval takes the people of A "
            "and of B as independent, and counts the sampling of people only"
        ]
    if pairs == 1:
        return [ONE_PAIRED_RUN]
    notes = [f"paired: the interval comes from the spread of the difference over {pairs} runs"]
    for letter, runs in (("A", pairing.of_a), ("B", pairing.of_b)):
        if len(runs) > pairs:
            notes.append(f"{pairs} of {len(runs)} runs of {letter} are paired; others left out")
    if not all(used):
        notes.append("0 paired runs: too few hold such people, so the interval is from counts")
    draws = len({draw for draw, _ in pairing.pairs})
    if 1 < draws < pairs:
        notes.append(
            "replicates of a draw share its parameters, but the interval takes all runs as "
            "independent: it may be too narrow"
        )
    return notes


# Counts ---------------------------------------------------------------------------------------------


def _prevalence_counts(
    side: Source, runs: Sequence[Repetition], choice: Choice, youngest: int | None
) -> dict[str, Counts]:
    """Counts of adults behind prevalence, by condition.

    A condition that only children have is there, with nobody in it.
    """
    columns = ["condition", "draw", "replicate", "cases", "persons"]
    if youngest is not None:
        columns.append("age_group")
    rows = read_rows(side, "prevalence", columns, _filters(choice, [("world", "==", FACTUAL)]))
    if youngest is not None:
        old = rows["age_group"].astype(str).map(_lower_limit).to_numpy(float) >= youngest
        rows[["cases", "persons"]] *= old[:, np.newaxis].astype(int)
    rows["total"] = rows["squares"] = rows["cases"]
    return _by_condition(rows, runs)


def _shift_counts(side: Source, runs: Sequence[Repetition], choice: Choice) -> dict[str, Counts]:
    """Counts of adults behind caused shifts, by condition; none if the study traced no condition."""
    if not (has_table(side.folder, "shifts") and has_table(side.folder, "contrasts")):
        return {}
    strata = [name for name in TOTAL_OF if name in columns_in(side.folder, "contrasts")]
    whole = [(name, "==", TOTAL_OF[name]) for name in strata]
    counts = ["cases", "persons", "cases_without", "cases_with_and_without"]
    columns = ["condition", "draw", "replicate", *counts]
    rows = read_rows(side, "contrasts", columns, _filters(choice, whole))
    rows = rows[rows["cases_without"].notna()].copy()
    rows["total"] = rows["cases"] - rows["cases_without"]
    rows["squares"] = rows["cases"] + rows["cases_without"] - 2 * rows["cases_with_and_without"]
    return _by_condition(rows, runs)


def _filters(choice: Choice, more: Sequence[tuple[str, str, str]]) -> list[tuple[str, str, Any]]:
    return [
        ("year", "==", choice.year),
        ("definition", "==", choice.definition),
        ("recall", "==", choice.recall),
        ("observed_as", "==", choice.observed_as),
        *more,
    ]


def _by_condition(rows: pd.DataFrame, runs: Sequence[Repetition]) -> dict[str, Counts]:
    """Counts added up by condition, in the order of the table, and run."""
    place = {run: number for number, run in enumerate(runs)}
    draw = np.array([draw for draw, _ in runs], dtype=np.int64)
    names = ["persons", "cases", "total", "squares"]
    found = {}
    for condition, group in rows.groupby("condition", observed=True, sort=_is_ordered(rows)):
        places = [place[run] for run in zip(group["draw"], group["replicate"], strict=True)]
        sums = np.zeros((len(runs), len(names)))
        np.add.at(sums, places, group[names].to_numpy(float))
        found[str(condition)] = Counts(draw, *sums.T)
    return found


def _is_ordered(rows: pd.DataFrame) -> bool:
    return isinstance(rows["condition"].dtype, pd.CategoricalDtype)


# Differences ----------------------------------------------------------------------------------------


def _compared(
    of_a: dict[str, Counts],
    of_b: dict[str, Counts],
    pairing: Pairing,
    variance: Independent,
    *,
    most: float,
) -> pd.DataFrame:
    """One row a condition that both have; a difference cannot be further from 0 than ``most``."""
    rows = []
    place_a = np.array([pairing.of_a.index(run) for run in pairing.pairs], dtype=int)
    place_b = np.array([pairing.of_b.index(run) for run in pairing.pairs], dtype=int)
    for name in of_a:
        if name not in of_b:
            continue
        a, b = of_a[name], of_b[name]
        paired_a, paired_b = a.of(place_a), b.of(place_b)
        inhabited = (paired_a.persons > 0) & (paired_b.persons > 0)
        used = int(inhabited.sum())
        if used >= 2:
            a, b = paired_a.of(inhabited), paired_b.of(inhabited)
            error, quantile = paired_error(a, b), t_quantile(used - 1)
        else:
            used = 0
            error, quantile = math.sqrt(variance(a) + variance(b)), Z_95
        value_a, value_b = mean_over_draws(a), mean_over_draws(b)
        difference = value_b - value_a
        row: dict[str, Any] = {"condition": name}
        for letter, side, value in (("a", a, value_a), ("b", b, value_b)):
            row[f"persons_{letter}"] = int(side.persons.sum())
            row[f"cases_{letter}"] = int(side.cases.sum())
            row[f"value_{letter}"] = value
        rows.append(
            row
            | {
                "difference": difference,
                "standard_error": error,
                "lower": float(np.maximum(difference - quantile * error, -most)),
                "upper": float(np.minimum(difference + quantile * error, most)),
                "paired_runs": used,
            }
        )
    columns = [
        "condition",
        *(f"{what}_{letter}" for letter in "ab" for what in ("persons", "cases", "value")),
        *("difference", "standard_error", "lower", "upper", "paired_runs"),
    ]
    return pd.DataFrame(rows, columns=columns)
