"""The course of RLS: new and lasting cases between two surveys, and age at onset."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from rlsabm.arrays import Bools, Floats
from rlsabm.calibration.measures.asking import Case, Measure
from rlsabm.calibration.observation import Observation
from rlsabm.calibration.samples import Sample, mean, rate, share
from rlsabm.conventions import NEVER
from rlsabm.observe.kin import Pairs


class Later(Case):
    """RLS of the same people in an earlier and in the last survey."""

    after_years: Annotated[
        Literal[1, 3], Field(description="Years from the earlier survey to the last one.")
    ] = 3


def take_incidence(seen: Observation, query: Later) -> Sample:
    """New cases a year, among those surveyed twice who were no case in the first survey."""
    now, then = seen.rows_before(query.after_years)
    at_risk = query.chosen(seen, years_before=query.after_years)[then]
    at_risk &= ~query.cases(seen, years_before=query.after_years)[then]
    new = query.cases(seen)[now[at_risk]]
    years = np.full(len(new), float(query.after_years))
    return rate(new.astype(float), years, seen.families[now[at_risk]])


def take_persistence(seen: Observation, query: Later) -> Sample:
    """The proportion of the cases of the earlier survey who are cases again in the last one."""
    now, then = seen.rows_before(query.after_years)
    was_case = query.chosen(seen, years_before=query.after_years)[then]
    was_case &= query.cases(seen, years_before=query.after_years)[then]
    again = now[was_case]
    return share(query.cases(seen)[again], seen.families[again])


class Onset(Case):
    """Age at onset of those who have RLS."""

    familial: Annotated[
        bool,
        Field(description="Only people with a parent, child, brother or sister who has RLS."),
    ] = False


class OnsetBy(Onset):
    """Cases whose RLS began before an age."""

    before_age: Annotated[float, Field(gt=0, le=120, description="Age (years) at onset.")]


def take_age_at_onset(seen: Observation, query: Onset) -> Sample:
    """The mean age at which the present or last course of RLS began."""
    chosen = _with_onset(seen, query)
    return mean(_onset_ages(seen)[chosen], seen.families[chosen])


def take_early_onset(seen: Observation, query: OnsetBy) -> Sample:
    """The proportion of cases whose RLS began before an age."""
    chosen = _with_onset(seen, query)
    return share(_onset_ages(seen)[chosen] < query.before_age, seen.families[chosen])


def _onset_ages(seen: Observation) -> Floats:
    lives, bodies = seen.now.lives, seen.now.bodies
    months = bodies["rls_onset_month"].astype(float) - lives["birth_month"]
    return np.asarray(months / 12.0)


def _with_onset(seen: Observation, query: Onset) -> Bools:
    """Who is a case, and has ever truly had RLS; with affected kin, if that is wanted."""
    cases = query.cases(seen)
    chosen = query.chosen(seen) & cases & (seen.now.bodies["rls_onset_month"] != NEVER)
    if query.familial:
        chosen &= _with_affected_kin(seen, cases)
    return chosen


def _with_affected_kin(seen: Observation, cases: Bools) -> Bools:
    affected = np.zeros(len(cases), dtype=bool)
    for relation in FIRST_DEGREE:
        pairs: Pairs = seen.kin[relation]
        affected[pairs.first[cases[pairs.second]]] = True
        affected[pairs.second[cases[pairs.first]]] = True
    return affected


#: Relations of the first degree, twins among them.
FIRST_DEGREE = (
    "monozygotic_twins",
    "dizygotic_twins",
    "full_siblings",
    "mother_and_child",
    "father_and_child",
)
MEASURES = (
    Measure(
        "incidence", "new cases per person and year between two surveys", Later, take_incidence
    ),
    Measure(
        "persistence",
        "cases of an earlier survey who are cases again",
        Later,
        take_persistence,
        True,
    ),
    Measure("age_at_onset", "mean age at onset (years)", Onset, take_age_at_onset),
    Measure("early_onset", "cases whose RLS began before an age", OnsetBy, take_early_onset, True),
)
