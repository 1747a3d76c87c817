"""Counts behind the shifts of prevalence: the exposed, the unexposed, and the exposed in other worlds.

Expected cases are reckoned by direct comparison within sex and five-year band: so many of the exposed
as would be cases at the prevalence of the unexposed of their band.  All counts of a run add up over
replicates.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from rlsabm.declaring.groups import Group
from rlsabm.measuring.cases import DEFINITIONS, RECALLS
from rlsabm.observe.groups import groups_of
from rlsabm.observe.survey import Survey
from rlsabm.results.cases import Cases
from rlsabm.results.cells import Contents, joined, strata_codes

ADULT_AGE = 18
BAND_YEARS, LAST_BAND = 5, 20
BANDS = 2 * (LAST_BAND + 1)
#: What a stratum's column holds in rows that are not broken down by it.
WHOLE = {"sex": "all", "age_group": "all adults", "parity": "all"}
#: Counts in a table of contrasts, beside its keys.
COUNTS = (
    "persons",
    "cases",
    "expected_cases",
    "expected_variance",
    "cases_without",
    "cases_with_and_without",
    "cases_without_iron",
    "cases_with_and_without_iron",
    "cases_without_both",
    "everyone_persons",
    "everyone_cases",
    "everyone_without",
    "everyone_with_and_without",
)

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


def margins(strata: Sequence[str]) -> list[tuple[str, ...]]:
    """By what rows of contrasts are broken down: nothing, each stratum, sex and age together."""
    both = ("sex", "age_group")
    pairs = [both] if set(both) <= set(strata) else []
    return [(), *((name,) for name in strata), *pairs]


def bands(survey: Survey) -> Ints:
    """Sex and five-year band of each person, as one number."""
    band = np.minimum(survey.age // BAND_YEARS, LAST_BAND)
    return np.asarray(survey.sex.astype(np.int64) * (LAST_BAND + 1) + band)


def expected_cases(exposed: Ints, unexposed: Ints, unexposed_cases: Ints) -> tuple[Floats, Floats]:
    """Expected cases among the exposed and the variance of that, from counts by cell and band.

    Parameters
    ----------
    exposed, unexposed, unexposed_cases
        Persons, persons and cases; last axis: bands, women's before men's.

    Returns
    -------
    tuple of numpy.ndarray
        Expected cases and their sampling variance, by cell.  In a band without unexposed people the
        prevalence of all unexposed of the same sex is taken.
    """
    shape = (*exposed.shape[:-1], 2, LAST_BAND + 1)
    persons, cases = unexposed.reshape(shape), unexposed_cases.reshape(shape)
    of_sex = cases.sum(axis=-1, keepdims=True) / np.maximum(persons.sum(axis=-1, keepdims=True), 1)
    prevalence = np.where(persons > 0, cases / np.maximum(persons, 1), of_sex)
    weight = exposed.reshape(shape)
    variance = prevalence * (1.0 - prevalence) / np.maximum(persons, 1)
    return (
        np.asarray((weight * prevalence).sum(axis=(-2, -1))),
        np.asarray((weight.astype(float) ** 2 * variance).sum(axis=(-2, -1))),
    )


class _Margin:
    """The people of one margin, in its cells."""

    def __init__(self, names: Sequence[str], cases: Cases, codes: dict[str, Ints]) -> None:
        self.names = tuple(names)
        survey = cases.survey
        self.widths = tuple(int(codes[name].max(initial=0)) + 1 for name in names)
        self.cell = (
            np.ravel_multi_index(tuple(codes[name] for name in names), self.widths)
            if names
            else np.zeros(len(survey), dtype=np.int64)
        )
        self.size = int(np.prod(self.widths)) if names else 1
        self.counted = (
            np.ones(len(survey), bool) if "age_group" in names else survey.age >= ADULT_AGE
        )
        self.by_band = self.cell * BANDS + bands(survey)

    def count(self, who: Bools | Ints) -> Ints:
        """Persons in each cell; who is given by rows or as a mask."""
        return np.bincount(self.cell[who], minlength=self.size)

    def count_by_band(self, who: Bools | Ints) -> Ints:
        """Persons in each cell and band."""
        count = np.bincount(self.by_band[who], minlength=self.size * BANDS)
        return count.reshape(self.size, BANDS)

    def labels(self, cells: Ints, words: dict[str, list[str]]) -> Contents:
        """Words of these cells in every stratum's column."""
        parts = np.unravel_index(cells, self.widths) if self.names else ()
        columns: Contents = {name: np.full(len(cells), WHOLE[name], dtype=object) for name in words}
        for name, codes in zip(self.names, parts, strict=True):
            columns[name] = np.array(words[name], dtype=object)[codes]
        return columns


def count_contrasts(
    cases: Cases, words: dict[str, list[str]], age_limits: Sequence[int]
) -> Contents:
    """Counts behind every shift of a run, one row a condition, cell, definition and instrument.

    Parameters
    ----------
    cases
        Who has RLS in which world.
    words
        Categories of the strata by which the scenario breaks results down.
    age_limits
        Lower limits of the age groups.
    """
    codes = strata_codes(cases.survey, age_limits)
    groups = groups_of(cases.survey.setting.conditions)
    members = {group.name: group.members(cases.survey) for group in groups}
    parts = [
        part
        for names in margins(list(words))
        for part in _contrasts_of(_Margin(names, cases, codes), cases, groups, members, words)
    ]
    return joined(parts)


def _contrasts_of(
    margin: _Margin,
    cases: Cases,
    groups: Sequence[Group],
    members: dict[str, Bools],
    words: dict[str, list[str]],
) -> Iterator[Contents]:
    """Contrasts in the cells of one margin."""
    everyone_by_band = margin.count_by_band(margin.counted)
    everyone = everyone_by_band.sum(axis=1)
    inhabited = np.flatnonzero(everyone)
    for d, definition in enumerate(DEFINITIONS):
        for r, recall in enumerate(RECALLS):
            for o, observed_as in enumerate(cases.bits):
                case = cases.are(definition, recall, observed_as=observed_as)
                cases_by_band = margin.count_by_band(margin.counted & case)
                in_worlds = {
                    place: cases.are(definition, recall, observed_as=observed_as, world=place)
                    for place in range(1, len(cases.world_names))
                }
                of_everyone = {
                    place: (
                        margin.count(margin.counted & other),
                        margin.count(margin.counted & other & case),
                    )
                    for place, other in in_worlds.items()
                    if not cases.worlds[place - 1].iron_only
                }
                for group in groups:
                    if group.kind == "everyone":
                        continue
                    exposed = np.flatnonzero(members[group.name] & margin.counted)
                    persons = margin.count(exposed)
                    whole = (
                        np.flatnonzero(members[group.part_of] & margin.counted)
                        if group.part_of
                        else exposed
                    )
                    expected, variance = expected_cases(
                        margin.count_by_band(exposed),
                        everyone_by_band - margin.count_by_band(whole),
                        cases_by_band - margin.count_by_band(whole[case[whole]]),
                    )
                    nothing = np.full(margin.size, np.nan)
                    counts: dict[str, Floats | Ints] = dict.fromkeys(COUNTS, nothing)
                    counts |= {
                        "persons": persons,
                        "cases": margin.count(exposed[case[exposed]]),
                        "expected_cases": expected,
                        "expected_variance": variance,
                        "everyone_persons": everyone,
                        "everyone_cases": cases_by_band.sum(axis=1),
                    }
                    place = cases.place(group.cause) if group.cause else None
                    if place is not None:
                        iron = cases.place(group.cause, iron_only=True) or place
                        w = in_worlds[place][exposed]
                        wi = in_worlds[iron][exposed]
                        f = case[exposed]
                        counts |= {
                            "cases_without": margin.count(exposed[w]),
                            "cases_with_and_without": margin.count(exposed[w & f]),
                            "cases_without_iron": margin.count(exposed[wi]),
                            "cases_with_and_without_iron": margin.count(exposed[wi & f]),
                            "cases_without_both": margin.count(exposed[wi & w]),
                            "everyone_without": of_everyone[place][0],
                            "everyone_with_and_without": of_everyone[place][1],
                        }
                    rows = len(inhabited)
                    yield {
                        "condition": np.full(rows, group.name, dtype=object),
                        "world": np.full(rows, cases.world_names[place or 0], dtype=object),
                        **margin.labels(inhabited, words),
                        "definition": np.full(rows, d),
                        "recall": np.full(rows, r),
                        "observed_as": np.full(rows, o),
                        **{name: np.asarray(counts[name], float)[inhabited] for name in COUNTS},
                    }
