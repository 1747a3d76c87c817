"""Autopsies: brain iron at death, as it was and as a pathologist measures it, by sex and RLS."""

from __future__ import annotations

from typing import Any

import numpy as np

from rlsabm.conventions import SEXES
from rlsabm.measuring.autopsy import FINDINGS, dissect
from rlsabm.measuring.instruments import TRUTH
from rlsabm.results.columns import KEYS, MEASURED, SEX, way_column
from rlsabm.results.combining import Moments
from rlsabm.results.contents import Contents
from rlsabm.results.observed import Observed
from rlsabm.results.table import Column, Kind, ResultTable
from rlsabm.results.totals import NO_TOTALS

QUANTITIES = {
    "cns_iron_structural": "ratio of structural CNS iron to that of people of the same age",
    "cns_iron_exchangeable": "exchangeable CNS iron, typical adult = 1",
}
#: Quantity of each finding, and the way of knowing it.
_OF_FINDING = {
    "cns_iron_structural": ("cns_iron_structural", TRUTH),
    "measured_cns_iron_structural": ("cns_iron_structural", MEASURED),
    "cns_iron_exchangeable": ("cns_iron_exchangeable", TRUTH),
}
_NUMBERS = {"rls": np.bool_, "persons": np.int64, "mean": np.float64, "sd": np.float64}
_NAMES = ("sex", "rls", "observed_as", "quantity", "persons", "mean", "sd")


def summarise_autopsies(observed: Observed) -> Contents:
    """Brain iron at death of those surveyed who died in the year after, by sex and RLS.

    Whether they had RLS in the twelve months before the survey counts.
    """
    assert observed.follow_up is not None
    survey = observed.survey
    lives, bodies = observed.follow_up.lives_of_the_dead, observed.follow_up.bodies_of_the_dead
    by_uid = np.argsort(survey.lives["uid"], kind="stable")
    person = by_uid[np.searchsorted(survey.lives["uid"], lives["uid"], sorter=by_uid)]
    rls = survey.has_rls("any", "past_year")[person]
    sex = lives["sex"]
    found = dissect(lives, bodies, survey.p)
    rows: list[dict[str, Any]] = []
    for code, word in enumerate(SEXES):
        for has in (False, True):
            people = found[(sex == code) & (rls == has)]
            if len(people) == 0:
                continue
            for finding in FINDINGS:
                values = people[finding]
                quantity, way = _OF_FINDING[finding]
                rows.append(
                    {
                        "sex": word,
                        "rls": has,
                        "observed_as": way,
                        "quantity": quantity,
                        "persons": len(values),
                        "mean": values.mean(),
                        "sd": values.std(ddof=1) if len(values) > 1 else np.nan,
                    }
                )
    return {
        name: np.array([row[name] for row in rows], dtype=_NUMBERS.get(name, object))
        for name in _NAMES
    }


TABLE = ResultTable(
    name="autopsies",
    title="Brain iron at death of those who died in the twelve months after the survey",
    kind=Kind.BY_RUN,
    columns=(
        *KEYS,
        SEX,
        Column("rls", "yes/no", "", "had RLS in the 12 months to the survey"),
        way_column("a pathologist"),
        Column(
            "quantity", "category", "",
            "structural CNS iron relative to people of the same age, or exchangeable CNS iron relative "
            "to a typical adult",
            words=list(QUANTITIES),
        ),
        Column("persons", "whole", "persons", "people who died"),
        Column("mean", "number", "ratio", "arithmetic mean"),
        Column("sd", "number", "ratio", "standard deviation; missing with one person"),
    ),
    totals=NO_TOTALS,
    count=summarise_autopsies,
    needs_follow_up=True,
    combine=Moments(),
)  # fmt: skip
