"""What a page shows of a population after a month, as plain numbers."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd

from rlsabm.arrays import Bools, Floats, Uids
from rlsabm.mesa.columns import COLUMNS
from rlsabm.mesa.people import People
from rlsabm.results.intervals import wilson_interval

#: First ages of the groups by which prevalence is shown (years).
AGES = (0, 18, 35, 50, 65, 80)
AGE_GROUPS = (*(f"{low}–{high - 1}" for low, high in pairwise(AGES)), "80+")
SEXES = ("female", "male")
#: Biomarkers that are set beside each other in people with and without RLS.
BIOMARKERS = {
    "ferritin in serum": "serum_ferritin_ug_per_l",
    "haemoglobin": "haemoglobin_g_per_l",
    "ferritin in cerebrospinal fluid": "csf_ferritin_ug_per_l",
    "exchangeable CNS iron": "cns_iron_exchangeable",
    "loss of dopaminergic function": "dopamine_deficit",
}
#: People without RLS that are drawn as dots, at most.
MOST_DOTS = 300
#: Ferritin below which somebody older than five is iron deficient (µg/L).
DEFICIENT_UG_PER_L = 15.0


class Biomarker(NamedTuple):
    """Medians of a biomarker in adults; missing where there is nobody."""

    label: str
    unit: str
    with_rls: float
    without_rls: float


class View(NamedTuple):
    """A population after a month.

    Attributes
    ----------
    month
        Last month lived: 12 x year + month of the year (January = 0).
    people, adults, cases
        People alive, of these adults, of these with RLS.
    prevalence
        ``age_group``, ``sex``, ``persons``, ``cases``, and ``share`` with its 95 % interval from
        ``low`` to ``high``, as shares.
    biomarkers
        Medians in adults with and without RLS.
    dots
        ``uid``, ``age_years``, ``ferritin_ug_per_l`` and ``has_rls`` of adults: all with RLS, and some
        without, the same ones every month.
    groups
        Uids of people whose lives are worth a look, by name of their group.
    """

    month: int
    people: int
    adults: int
    cases: int
    prevalence: pd.DataFrame
    biomarkers: tuple[Biomarker, ...]
    dots: pd.DataFrame
    groups: dict[str, Uids]


def view_of(people: People, month: int) -> View:
    """What there is to show of people who are alive after a month."""
    age, rls = people.column("age_years"), people.column("has_rls")
    ferritin, adult = people.column("stores_ferritin_ug_per_l"), age >= 18
    return View(
        month=month,
        people=len(people),
        adults=int(adult.sum()),
        cases=int((adult & rls).sum()),
        prevalence=_prevalence(age, people.column("sex"), rls),
        biomarkers=tuple(
            Biomarker(label, _unit(name), *_medians(people.column(name), adult, rls))
            for label, name in BIOMARKERS.items()
        ),
        dots=_dots(people.uids, age, people.column("serum_ferritin_ug_per_l"), rls),
        groups={
            name: np.sort(people.uids[mask & adult])
            for name, mask in {
                "with RLS": rls,
                "pregnant": people.column("is_pregnant"),
                "gave blood in the last year": people.column("is_blood_donor"),
                "on dialysis": people.column("on_dialysis"),
                "iron deficient": ferritin < DEFICIENT_UG_PER_L,
                "any adult": adult,
            }.items()
        },
    )


def _unit(name: str) -> str:
    unit = COLUMNS[name].unit
    return {"ratio": "typical adult = 1", "liability": "units of liability"}.get(unit, unit)


def _prevalence(age: Floats, sex: Floats, rls: Bools) -> pd.DataFrame:
    group = np.searchsorted(AGES, age, side="right") - 1
    rows = []
    for place, label in enumerate(AGE_GROUPS):
        for each in SEXES:
            members = (group == place) & (sex == each)
            rows.append((label, each, int(members.sum()), int((members & rls).sum())))
    frame = pd.DataFrame(rows, columns=["age_group", "sex", "persons", "cases"])
    persons = frame["persons"].to_numpy(dtype=float)
    with np.errstate(invalid="ignore"):
        share = frame["cases"].to_numpy() / persons
    low, high = wilson_interval(share, persons)
    return frame.assign(share=share, low=low, high=high)


def _medians(values: Floats, adult: Bools, rls: Bools) -> tuple[float, float]:
    groups = (values[adult & rls], values[adult & ~rls])
    with_rls, without = (float(np.median(each)) if len(each) else np.nan for each in groups)
    return with_rls, without


def _dots(uids: Uids, age: Floats, ferritin: Floats, rls: Bools) -> pd.DataFrame:
    dots = pd.DataFrame(
        {"uid": uids, "age_years": age, "ferritin_ug_per_l": ferritin, "has_rls": rls}
    )
    # Uids are as good as random: those with the lowest ones stand for all.
    adults = dots[dots["age_years"] >= 18].sort_values("uid")
    others = adults[~adults["has_rls"]].head(MOST_DOTS)
    return pd.concat([others, adults[adults["has_rls"]]], ignore_index=True)
