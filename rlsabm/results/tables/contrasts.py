"""Counts behind the shifts of prevalence: the exposed, the unexposed, and the exposed in other worlds.

Expected cases are calculated by direct comparison within sex and five-year band: so many of the exposed
as would be cases at the prevalence of the unexposed of their band.  All counts of a run add up over
replicates.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rlsabm.arrays import Bools, Floats, Ints
from rlsabm.declaring.groups import Group
from rlsabm.demography.country import BAND_YEARS
from rlsabm.measuring.cases import DEFINITIONS, RECALLS
from rlsabm.observe.survey import Survey
from rlsabm.results.columns import CASE, CONDITION, KEYS, STRATA_WITH_TOTALS
from rlsabm.results.combining import Added
from rlsabm.results.contents import Contents, joined
from rlsabm.results.observed import Observed
from rlsabm.results.table import Column, Kind, ResultTable
from rlsabm.results.totals import WITH_TOTALS, Margin
from rlsabm.worlds.world import FACTUAL

LAST_BAND = 20
STANDARD_BANDS = 2 * (LAST_BAND + 1)


def _count_of(name: str, meaning: str, unit: str = "persons") -> Column:
    return Column(name, "number", unit, meaning)


CONTRAST_COLUMNS = (
    _count_of("persons", "people with the condition"),
    _count_of("cases", "cases among the people with the condition"),
    _count_of(
        "expected_cases",
        "cases expected at the prevalence of people without the condition, by sex and five-year band",
    ),
    _count_of("expected_variance", "sampling variance of the expected cases", "persons²"),
    _count_of("cases_without", "cases among the same people in the world without the condition"),
    _count_of(
        "cases_with_and_without",
        "people who are cases in both worlds, with and without the condition",
    ),
    _count_of(
        "cases_without_iron",
        "cases among the same people in the world without the iron burden of the condition",
    ),
    _count_of(
        "cases_with_and_without_iron",
        "people who are cases both with and without the iron burden of the condition",
    ),
    _count_of(
        "cases_without_both",
        "people who are cases both without the condition and without its iron burden",
    ),
    _count_of("everyone_persons", "all people of the cell, with and without the condition"),
    _count_of("everyone_cases", "cases among all people of the cell"),
    _count_of(
        "everyone_without", "cases among all people of the cell in the world without the condition"
    ),
    _count_of(
        "everyone_with_and_without",
        "people of the cell who are cases in both worlds, with and without the condition",
    ),
)
#: Counts in a table of contrasts, beside its keys.
CONTRAST_COUNTS = tuple(column.name for column in CONTRAST_COLUMNS)


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


class _Bands:
    """The people of a margin by cell and band."""

    def __init__(self, margin: Margin, survey: Survey) -> None:
        self._size = margin.size
        self._by_band = margin.cell * STANDARD_BANDS + bands(survey)

    def count(self, who: Bools | Ints) -> Ints:
        """Persons in each cell and band; who is given by rows or as a mask."""
        count = np.bincount(self._by_band[who], minlength=self._size * STANDARD_BANDS)
        return count.reshape(self._size, STANDARD_BANDS)


def count_contrasts(observed: Observed) -> Contents:
    """Counts behind every shift of a run, one row a condition, cell, definition and instrument."""
    return joined(
        [part for margin in observed.margins() for part in _contrasts_of(margin, observed)]
    )


def _contrasts_of(margin: Margin, observed: Observed) -> Iterator[Contents]:
    """Contrasts in the cells of one margin."""
    cases = observed.cases
    bands_of = _Bands(margin, observed.survey)
    everyone_by_band = bands_of.count(margin.counted)
    everyone = everyone_by_band.sum(axis=1)
    inhabited = np.flatnonzero(everyone)
    rows = len(inhabited)
    for d, definition in enumerate(DEFINITIONS):
        for r, recall in enumerate(RECALLS):
            for o, observed_as in enumerate(cases.bits):
                case = cases.are(definition, recall, observed_as=observed_as)
                cases_by_band = bands_of.count(margin.counted & case)
                in_worlds = {
                    world.name: cases.are(
                        definition, recall, observed_as=observed_as, world=world.name
                    )
                    for world in cases.worlds
                }
                for group in observed.groups:
                    if group.kind == "everyone":
                        continue
                    exposed = np.flatnonzero(observed.members[group.name] & margin.counted)
                    whole = (
                        np.flatnonzero(observed.members[group.part_of] & margin.counted)
                        if group.part_of
                        else exposed
                    )
                    expected, variance = expected_cases(
                        bands_of.count(exposed),
                        everyone_by_band - bands_of.count(whole),
                        cases_by_band - bands_of.count(whole[case[whole]]),
                    )
                    unknown: Floats = np.full(margin.size, np.nan)
                    counts: dict[str, Floats | Ints] = dict.fromkeys(CONTRAST_COUNTS, unknown)
                    counts |= {
                        "persons": margin.count(exposed),
                        "cases": margin.count(exposed[case[exposed]]),
                        "expected_cases": expected,
                        "expected_variance": variance,
                        "everyone_persons": everyone,
                        "everyone_cases": cases_by_band.sum(axis=1),
                    }
                    without = _worlds_without(group, observed)
                    if without is not None:
                        counts |= _caused(margin, exposed, case, *(in_worlds[w] for w in without))
                    world = FACTUAL if without is None else without[0]
                    yield {
                        "condition": np.full(rows, group.name, dtype=object),
                        "world": np.full(rows, world, dtype=object),
                        **margin.labels(inhabited),
                        "definition": np.full(rows, d),
                        "recall": np.full(rows, r),
                        "observed_as": np.full(rows, o),
                        **{
                            name: np.asarray(counts[name], float)[inhabited]
                            for name in CONTRAST_COUNTS
                        },
                    }


def _worlds_without(group: Group, observed: Observed) -> tuple[str, str] | None:
    """Worlds without what burdens a group, and without its iron; None if they were not lived in.

    What burdens by iron only has one world, which is both.
    """
    if not group.cause:
        return None
    world = observed.cases.world_without(group.cause)
    if world is None:
        return None
    iron = observed.cases.world_without(group.cause, iron_only=True)
    return world.name, world.name if iron is None else iron.name


def _caused(
    margin: Margin, exposed: Ints, case: Bools, without: Bools, without_iron: Bools
) -> dict[str, Ints]:
    """Counts in the worlds without the condition, and without its iron burden."""
    f, w, wi = case[exposed], without[exposed], without_iron[exposed]
    return {
        "cases_without": margin.count(exposed[w]),
        "cases_with_and_without": margin.count(exposed[w & f]),
        "cases_without_iron": margin.count(exposed[wi]),
        "cases_with_and_without_iron": margin.count(exposed[wi & f]),
        "cases_without_both": margin.count(exposed[wi & w]),
        "everyone_without": margin.count(margin.counted & without),
        "everyone_with_and_without": margin.count(margin.counted & without & case),
    }


TABLE = ResultTable(
    name="contrasts",
    title="Counts behind the shifts, run by run",
    kind=Kind.BY_RUN,
    columns=(*KEYS, CONDITION, *STRATA_WITH_TOTALS, *CASE, *CONTRAST_COLUMNS),
    totals=WITH_TOTALS,
    count=count_contrasts,
    needs_worlds=True,
    combine=Added(CONTRAST_COUNTS),
)
