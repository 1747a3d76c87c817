"""Two studies or two arms side by side: prevalence and caused shifts, and how they differ.

Runs with the same seed have the same chance, so their difference is mostly what the rules cause.  Its
interval comes from its spread between draws and replicates that both have, where there are enough of
them; otherwise from counts, as if all people were independent.  As elsewhere, replicates of a draw of
the parameters add their counts, and draws count equally.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from rlsabm.conventions import in_words
from rlsabm.errors import UserError
from rlsabm.measuring.instruments import TRUTH
from rlsabm.observe.groups import EVERYONE
from rlsabm.results.arm_counts import (
    DESCRIBED_BY,
    Choice,
    Key,
    prevalence_counts,
    shift_counts,
    youngest_of,
)
from rlsabm.results.arrow import records_of
from rlsabm.results.differences import (
    COUNTS,
    DIFFERENCE,
    DRAWS,
    REPLICATES,
    Counts,
    Independent,
    basis,
    difference_of,
    independent_prevalence,
    independent_shift,
)
from rlsabm.results.intervals import LEAST_PERSONS, has_enough_people
from rlsabm.results.pairing import Pairing, pair_runs
from rlsabm.results.sources import (
    Labels,
    Source,
    columns_in,
    labels_in,
    read_rows,
    unknown,
    words_of,
)
from rlsabm.results.totals import ADULT_AGE, TOTAL_OF
from rlsabm.wording import counted

OTHER_PEOPLE = (
    "where the numbers of persons differ, the arms differ in who belongs to the group: its difference "
    "is not that of the same people"
)
ONE_PAIRED_RUN = (
    "one run of the same people: how sure the differences are is not known; runs: {replicates: 4} "
    "shows what is chance, runs: {draws: 20} the uncertainty of the parameters, too"
)


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
        One row a condition, or each of the values of `Choice.by`, in proportions: ``persons_a``,
        ``cases_a``, ``value_a`` and the same of B, ``difference``, ``standard_error``, ``lower``,
        ``upper``, ``interval_from``, and ``paired_runs``, which is 0 where the interval comes from
        counts.  Everyone comes first, then the conditions that have moved most for their standard
        error, with few people last; strata are in their order.  Shifts are empty unless both arms have
        caused shifts.  ``draws_left_out`` counts draws with such people in one arm only.
    about_runs
        What a reader must know about the runs behind it and the intervals.
    only_in_a, only_in_b
        Rows that the other has not, in words.
    labels
        How people read the words of a column, by column.
    paired
        Whether runs of both have the same chance: it is the same people.
    draws
        Draws of the parameters behind A.
    """

    a: Source
    b: Source
    choice: Choice
    who: str
    prevalence: pd.DataFrame
    shifts: pd.DataFrame
    about_runs: list[str]
    only_in_a: list[str]
    only_in_b: list[str]
    labels: Labels
    paired: bool
    draws: int

    @property
    def notes(self) -> list[str]:
        """What a reader must know, in words."""
        alone = (("A", self.only_in_a), ("B", self.only_in_b))
        left_out = [f"in {letter} only: {', '.join(names)}" for letter, names in alone if names]
        others = [OTHER_PEOPLE] if self.changes_groups else []
        return [*self.about_runs, *others, *self._about_few, *self.about_draws, *left_out]

    @property
    def _about_few(self) -> list[str]:
        """What to say of rows with few people."""
        if not few_people(self.prevalence, self.draws).any():
            return []
        last = "" if len(self.choice.keys) > 1 else ", and stand last"
        return [f"rows with fewer than {LEAST_PERSONS} persons per draw in A or B say little{last}"]

    @property
    def about_draws(self) -> list[str]:
        """What to say of draws in which only one of the arms has people of a group."""
        most = int(pd.concat([self.prevalence, self.shifts])["draws_left_out"].max())
        if not most:
            return []
        return [
            "draws in which only one of the two has such people are left out of a row: up to "
            f"{most} of {counted(self.draws, 'draw')}"
        ]

    @property
    def changes_groups(self) -> bool:
        """Whether the arms differ in who belongs to a group, not only in how people fare."""
        rows = self.prevalence
        return self.paired and bool((rows["persons_a"] != rows["persons_b"]).any())

    def records(self) -> list[dict[str, Any]]:
        """Every row with what it is about, for JSON: missing numbers are None."""
        about = {
            "a": self.a.label,
            "b": self.b.label,
            **{name: getattr(self.choice, name) for name in DESCRIBED_BY if name != "condition"},
        }
        return [
            {**about, "quantity": quantity, **row, "notes": self.notes}
            for quantity, rows in (("prevalence", self.prevalence), ("caused_shift", self.shifts))
            for row in records_of(rows)
        ]


# Comparing ------------------------------------------------------------------------------------------


class NothingInCommonError(UserError):
    """Two arms that have no people to compare."""


def compare_each(pairs: Sequence[tuple[Source, Source]], choice: Choice) -> list[Comparison]:
    """Compare several pairs of arms; those without people in common are named in the notes of others.

    Raises
    ------
    UserError
        As `compare`; and if no pair has people in common.
    """
    found, alone = [], []
    for a, b in pairs:
        try:
            found.append(compare(a, b, choice))
        except NothingInCommonError as error:
            if len(pairs) == 1:
                raise
            alone.append(error)
    if not found:
        raise alone[0]
    left_out = [f"left out: {error}" for error in alone]
    return [each._replace(about_runs=[*each.about_runs, *left_out]) for each in found]


def compare(a: Source, b: Source, choice: Choice) -> Comparison:
    """Compare the prevalences of two arms, and the shifts that conditions cause in them.

    Parameters
    ----------
    a, b
        The arms; differences are B - A.
    choice
        What is compared, among whom, and by what it is broken down.

    Raises
    ------
    UserError
        If the arms have no such year, definition, recall period, instrument, stratum, condition or
        ages in common; `NothingInCommonError` if there are no people to compare.
    """
    labels = _labels(a, b)
    choice = _checked(a, b, choice, labels)
    youngest = None if "age_group" in choice.by else common_adult_age(a, b)
    pairing = pair_runs(a, b)
    of_a = prevalence_counts(a, pairing.of_a, choice, youngest)
    of_b = prevalence_counts(b, pairing.of_b, choice, youngest)
    prevalence = _compared(of_a, of_b, pairing, choice, independent_prevalence, most=1.0)
    if prevalence.empty:
        raise NothingInCommonError(f"no group in common in {choice.year}: {a.label}, {b.label}")
    shifts_of_a = shift_counts(a, pairing.of_a, choice)
    shifts_of_b = shift_counts(b, pairing.of_b, choice)
    shifts = _compared(shifts_of_a, shifts_of_b, pairing, choice, independent_shift, most=2.0)
    unfinished = {side.folder: side.missing for side in (a, b) if side.missing}
    about_runs = [f"{folder}: {missing}" for folder, missing in unfinished.items()]
    rows = pd.concat([prevalence, shifts])
    rare = bool((rows["persons_a"].gt(0) & rows["paired_runs"].eq(0)).any())
    about_runs += _notes_on_pairing(pairing, rare=rare)
    return Comparison(
        a,
        b,
        choice,
        who="all ages" if youngest is None else f"{youngest} years and older",
        prevalence=prevalence,
        shifts=shifts,
        about_runs=about_runs,
        only_in_a=[_named(key, choice, labels) for key in of_a if key not in of_b],
        only_in_b=[_named(key, choice, labels) for key in of_b if key not in of_a],
        labels=labels,
        paired=bool(pairing.pairs),
        draws=pairing.draws,
    )


def _labels(a: Source, b: Source) -> Labels:
    """How people read the words of two arms' tables."""
    of_a, of_b = (labels_in(side.folder, "prevalence") for side in (a, b))
    return {column: of_b.get(column, {}) | of_a.get(column, {}) for column in {**of_a, **of_b}}


def _named(key: Key, choice: Choice, labels: Labels) -> str:
    """Who a row is about, in words."""
    return ", ".join(
        labels.get(column, {}).get(str(word), in_words(str(word)))
        for column, word in zip(choice.keys, key, strict=True)
    )


# What is asked for ----------------------------------------------------------------------------------


def _checked(a: Source, b: Source, choice: Choice, labels: Labels) -> Choice:
    """The choice with the year, and conditions by their names.

    Raises
    ------
    UserError
        If something is asked for that not both arms have.
    """
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
    for side in (a, b):
        _check_by(side, choice.by)
    conditions = [_condition(a, b, name, labels) for name in choice.conditions]
    if not conditions and choice.strata and "condition" not in choice.by:
        conditions = [EVERYONE.name]
    return choice._replace(
        year=_common_year(a, b, choice.year), conditions=tuple(dict.fromkeys(conditions))
    )


def _check_by(side: Source, by: Sequence[str]) -> None:
    strata = [name for name in TOTAL_OF if name in columns_in(side.folder, "prevalence")]
    for name in by:
        if name in TOTAL_OF and name not in strata:
            raise UserError(
                f"{side.folder}: is broken down by {', '.join(strata) or 'no stratum'}, not by {name}; "
                f"a scenario asks for it: observe: {{by: [{', '.join([*strata, name])}]}}"
            )
        if name not in (*strata, *DESCRIBED_BY):
            raise UserError(f"{side.folder}: {unknown('stratum', name, [*strata, *DESCRIBED_BY])}")
    if len(set(by)) < len(by):
        raise UserError(f"--by: a stratum is named twice in {','.join(by)}")


def _condition(a: Source, b: Source, text: str, labels: Labels) -> str:
    """Name of a condition that is given by its name or its label."""
    known = [words_of(side.folder, "prevalence", "condition") for side in (a, b)]
    by_label = {label.casefold(): name for name, label in labels.get("condition", {}).items()}
    name = text if text in known[0] + known[1] else by_label.get(text.casefold(), text)
    for side, names in zip((a, b), known, strict=True):
        if name not in names:
            raise UserError(f"{side.folder}: {unknown('condition', text, names)}")
    return name


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


def common_adult_age(a: Source, b: Source) -> int | None:
    """Age from which both tell adults apart; None where neither does, and all ages are compared."""
    limits = [
        {
            limit
            for name in words_of(side.folder, "prevalence", "age_group")
            if (limit := youngest_of(name)) >= ADULT_AGE
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


def _notes_on_pairing(pairing: Pairing, *, rare: bool) -> list[str]:
    """What to say of the runs; some groups may be so rare that too few runs hold them."""
    pairs = len(pairing.pairs)
    if pairs == 0:
        return [
            f"not paired ({pairing.why_not or 'other seeds'}): the interval takes the people of A "
            "and of B as independent, and counts the sampling of people only"
        ]
    if pairs == 1:
        return [ONE_PAIRED_RUN]
    draws = len({draw for draw, _ in pairing.pairs})
    of_runs = f"{pairs} paired runs, of {draws} draw{'s' if draws > 1 else ''} of the parameters"
    notes = []
    rests_on = basis(draws, pairs)
    if rests_on == DRAWS:
        notes.append(f"{of_runs}: intervals show both chance and the uncertainty of the parameters")
    elif rests_on == REPLICATES:
        notes.append(
            f"{of_runs}: intervals show chance only, not the uncertainty of the parameters; "
            "runs: {draws: 20} gives both"
        )
    else:
        notes.append(
            f"{of_runs}: too few to tell how sure the differences are; runs: {{draws: 20}} does, "
            "runs: {replicates: 4} shows what is chance"
        )
    for letter, runs in (("A", pairing.of_a), ("B", pairing.of_b)):
        if len(runs) > pairs:
            notes.append(f"{pairs} of {len(runs)} runs of {letter} are paired; others left out")
    if rare and rests_on != COUNTS:
        notes.append(
            "where too few runs hold such people, no interval is shown; that in JSON is from counts, "
            "as if people were unrelated"
        )
    return notes


# Differences ----------------------------------------------------------------------------------------


def _compared(
    of_a: Mapping[Key, Counts],
    of_b: Mapping[Key, Counts],
    pairing: Pairing,
    choice: Choice,
    alone: Independent,
    *,
    most: float,
) -> pd.DataFrame:
    """A row for each key that both have; a difference cannot be further from 0 than ``most``."""
    pairs = (
        np.array([pairing.of_a.index(run) for run in pairing.pairs], dtype=int),
        np.array([pairing.of_b.index(run) for run in pairing.pairs], dtype=int),
    )
    rows = [
        dict(zip(choice.keys, key, strict=True))
        | difference_of(of_a[key], of_b[key], pairs, alone, most=most)
        for key in of_a
        if key in of_b
    ]
    found = pd.DataFrame(rows, columns=[*choice.keys, *DIFFERENCE])
    return found if len(choice.keys) > 1 else most_moved_first(found, pairing.draws)


def most_moved_first(rows: pd.DataFrame, draws: int) -> pd.DataFrame:
    """Rows by how many standard errors they have moved: everyone, enough people, few, nobody."""
    with np.errstate(invalid="ignore", divide="ignore"):
        moved = np.abs(rows["difference"].to_numpy(float)) / rows["standard_error"].to_numpy(float)
    moved = np.where(rows["difference"] == 0.0, 0.0, moved)
    moved = np.where(
        rows["condition"] == EVERYONE.name, np.inf, np.nan_to_num(moved, nan=-1.0, posinf=1e300)
    )
    few = few_people(rows, draws) & (rows["condition"] != EVERYONE.name)
    return rows.iloc[np.lexsort((-moved, few))].reset_index(drop=True)


def few_people(rows: pd.DataFrame, draws: int) -> pd.Series[bool]:
    """Which rows have too few people in A or B to say much."""
    return ~has_enough_people(rows[["persons_a", "persons_b"]].min(axis=1), draws)
