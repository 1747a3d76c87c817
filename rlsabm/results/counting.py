"""From a survey to rows of tables: cases and persons, biomarkers, events, line lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsabm.life.events import DEATH, EVENT_NAMES, RLS_ONSET
from rlsabm.observe.conditions import CONDITIONS, condition_names
from rlsabm.observe.survey import MEASURES, Survey, survey_lottery
from rlsabm.person import DIALYSIS as ON_DIALYSIS
from rlsabm.person import (
    FEMALE,
    KIDNEY_STAGES,
    NEVER,
    NOT_PREGNANT,
    SEXES,
    TWIN_TYPES,
)

DEFINITIONS = ("any", "weekly", "significant")
RECALLS = ("current", "past_year")
PARITIES = ("0", "1", "2", "3", "4+", "not a woman")
FOLLOW_UP_MONTHS = 12
BIOMARKERS = tuple(name for name in MEASURES if name != "irls")
INCIDENT = ("first RLS onset", *EVENT_NAMES)
PERCENTILES = (5, 25, 50, 75, 95)

Contents = dict[str, Any]


def age_group_names(limits: Sequence[int]) -> list[str]:
    """Names of age groups by their lower limits: 0-17, 18-34, ..., 80+."""
    upper = [*(str(limit - 1) for limit in limits[1:]), ""]
    return [
        f"{low}-{high}" if high and int(high) > low else (f"{low}" if high else f"{low}+")
        for low, high in zip(limits, upper, strict=True)
    ]


def categories(arms: Sequence[str], age_limits: Sequence[int]) -> dict[str, list[str]]:
    """Categories of every category column, in order."""
    return {
        "arm": list(arms),
        "world": ["factual"],
        "condition": condition_names(),
        "sex": list(SEXES),
        "age_group": age_group_names(age_limits),
        "parity": list(PARITIES),
        "definition": list(DEFINITIONS),
        "recall": list(RECALLS),
        "observed_as": ["true"],
        "event": list(INCIDENT),
        "biomarker": list(BIOMARKERS),
        "twin": list(TWIN_TYPES),
        "kidney": [stage or f"stage {i}" for i, stage in enumerate(KIDNEY_STAGES)],
        "status": ["finished"],
    }


def strata_codes(survey: Survey, age_limits: Sequence[int]) -> dict[str, NDArray[np.int64]]:
    """Code of each person in each stratum."""
    parity = np.where(survey.sex == FEMALE, np.minimum(survey.parity, 4), 5)
    return {
        "sex": survey.sex.astype(np.int64),
        "age_group": np.searchsorted(np.array(age_limits), survey.age, side="right") - 1,
        "parity": parity.astype(np.int64),
    }


class Cells:
    """The cells of a cross-classification that hold anybody.

    Parameters
    ----------
    codes
        Code of each person, by stratum, in the order of the table's columns.
    """

    def __init__(self, codes: Mapping[str, NDArray[np.int64]], people: int) -> None:
        self.names = list(codes)
        widths = [int(code.max(initial=0)) + 1 for code in codes.values()]
        self.cell = (
            np.ravel_multi_index(tuple(codes.values()), tuple(widths))
            if codes
            else np.zeros(people, dtype=np.int64)
        )
        self.size = int(np.prod(widths)) if widths else 1
        self.widths = widths

    def count(self, who: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Persons in each cell."""
        return np.bincount(self.cell[who], minlength=self.size)

    def labels(self, cells: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
        """Codes of these cells by stratum."""
        if not self.names:
            return {}
        parts = np.unravel_index(cells, tuple(self.widths))
        return dict(zip(self.names, parts, strict=True))


def count_prevalence(survey: Survey, strata: Sequence[str], age_limits: Sequence[int]) -> Contents:
    """Cases and persons by condition, strata, definition and recall."""
    codes = strata_codes(survey, age_limits)
    cells = Cells({name: codes[name] for name in strata}, len(survey))
    cases = {
        (definition, recall): survey.has_rls(definition, recall)
        for definition in DEFINITIONS
        for recall in RECALLS
    }
    parts: list[Contents] = []
    for number, condition in enumerate(CONDITIONS):
        members = condition.members(survey)
        persons = cells.count(members)
        inhabited = np.flatnonzero(persons)
        for (definition, recall), case in cases.items():
            count = cells.count(members & case)
            parts.append(
                {
                    **cells.labels(inhabited),
                    "condition": np.full(len(inhabited), number),
                    "definition": np.full(len(inhabited), DEFINITIONS.index(definition)),
                    "recall": np.full(len(inhabited), RECALLS.index(recall)),
                    "observed_as": np.zeros(len(inhabited), dtype=np.int64),
                    "cases": count[inhabited],
                    "persons": persons[inhabited],
                    "prevalence": count[inhabited] / persons[inhabited],
                }
            )
    return _joined(parts)


def summarise_biomarkers(
    survey: Survey, strata: Sequence[str], age_limits: Sequence[int]
) -> Contents:
    """Mean, spread and percentiles of each biomarker, by condition, sex and age group."""
    codes = strata_codes(survey, age_limits)
    cells = Cells(
        {name: codes[name] for name in strata if name in ("sex", "age_group")}, len(survey)
    )
    parts: list[Contents] = []
    for number, condition in enumerate(CONDITIONS):
        members = np.flatnonzero(condition.members(survey))
        order = members[np.argsort(cells.cell[members], kind="stable")]
        inhabited, starts = np.unique(cells.cell[order], return_index=True)
        groups = np.split(order, starts[1:]) if len(order) else []
        for name in BIOMARKERS:
            values = getattr(survey, name)
            rows = []
            for group in groups:
                x = values[group]
                geometric = np.exp(np.log(x).mean()) if (x > 0).all() else np.nan
                spread = x.std(ddof=1) if len(x) > 1 else np.nan
                rows.append((len(x), x.mean(), spread, geometric, *np.percentile(x, PERCENTILES)))
            columns = np.array(rows, dtype=float).reshape(-1, 4 + len(PERCENTILES)).T
            parts.append(
                {
                    **cells.labels(inhabited),
                    "condition": np.full(len(inhabited), number),
                    "biomarker": np.full(len(inhabited), BIOMARKERS.index(name)),
                    "persons": columns[0].astype(np.int64),
                    "mean": columns[1],
                    "sd": columns[2],
                    "geometric_mean": columns[3],
                    **{f"p{q}": columns[4 + i] for i, q in enumerate(PERCENTILES)},
                }
            )
    return _joined(parts)


def count_incidence(
    survey: Survey, events: Any, strata: Sequence[str], age_limits: Sequence[int]
) -> Contents:
    """Events and person-years in the year after the survey, by strata as of the survey.

    A first onset of RLS is counted among those who never had RLS before. A month with the event, or
    with death, counts as half a month at risk.
    """
    codes = strata_codes(survey, age_limits)
    cells = Cells({name: codes[name] for name in strata}, len(survey))
    followed = events[np.isin(events["uid"], survey.lives["uid"])]
    by_uid = np.argsort(survey.lives["uid"], kind="stable")
    sorted_uids = survey.lives["uid"][by_uid]
    person = by_uid[np.searchsorted(sorted_uids, followed["uid"])]
    end = np.full(len(survey), survey.month + FOLLOW_UP_MONTHS + 0.5)
    died = followed["event"] == DEATH
    end[person[died]] = followed["month"][died]
    years = (end - survey.month - 0.5) / 12.0

    never = survey.bodies["rls_first_month"] == NEVER
    onset = (followed["event"] == RLS_ONSET) & (followed["first"] == 1)
    until_onset = end.copy()
    until_onset[person[onset]] = followed["month"][onset]
    years_to_onset = np.where(never, (until_onset - survey.month - 0.5) / 12.0, 0.0)

    parts: list[Contents] = []
    inhabited = np.flatnonzero(np.bincount(cells.cell, minlength=cells.size))
    for number in range(len(INCIDENT)):
        happened = onset if number == 0 else followed["event"] == number - 1
        at_risk = years_to_onset if number == 0 else years
        count = np.bincount(cells.cell[person[happened]], minlength=cells.size)[inhabited]
        time = np.bincount(cells.cell, weights=at_risk, minlength=cells.size)[inhabited]
        with np.errstate(divide="ignore", invalid="ignore"):
            rate = np.where(time > 0, 1000.0 * count / time, np.nan)
        parts.append(
            {
                **cells.labels(inhabited),
                "event": np.full(len(inhabited), number),
                "events": count,
                "person_years": time,
                "rate_per_1000": rate,
            }
        )
    return _joined(parts)


def hexadecimal(uids: NDArray[np.uint64]) -> list[str]:
    """Uids as text, empty where there is none."""
    return [f"{int(uid):016x}" if uid else "" for uid in uids]


def list_persons(survey: Survey, share: float, key: int) -> Contents:
    """Line list of a share of the people surveyed, chosen by a lottery of theirs."""
    _, lot = survey_lottery(survey.lives, np.uint64(key))
    chosen = np.flatnonzero(lot < share)
    lives, bodies = survey.lives[chosen], survey.bodies[chosen]

    def since(months: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.where(months > 12 * 200, -1, months)[chosen]

    first = bodies["rls_first_month"].astype(np.int64)
    onset = (first - lives["birth_month"]) / 12.0
    on_dialysis = survey.kidney[chosen] == ON_DIALYSIS
    return {
        "uid": hexadecimal(lives["uid"]),
        "mother": hexadecimal(lives["mother"]),
        "father": hexadecimal(lives["father"]),
        "sex": lives["sex"],
        "age": (survey.month - lives["birth_month"]) / 12.0,
        "twin": lives["twin"],
        "parity": lives["parity"],
        "children": lives["children"],
        "month_of_pregnancy": np.where(
            lives["pregnancy"] != NOT_PREGNANT, survey.month_of_pregnancy[chosen], 0
        ),
        "months_since_delivery": since(survey.months_since_delivery),
        "donations": lives["donations"],
        "months_since_donation": since(survey.months_since_donation),
        "kidney": lives["kidney"],
        "months_on_dialysis": np.where(on_dialysis, survey.month - lives["dialysis_since"], -1),
        "cns_iron_trait": lives["cns_iron_trait"],
        "other_liability": lives["other_liability"],
        **{
            name: getattr(survey, name)[chosen]
            for name in (
                "serum_ferritin_ug_per_l",
                "stores_ferritin_ug_per_l",
                "haemoglobin_g_per_l",
                "transferrin_saturation_percent",
                "irls",
            )
        },
        **{
            name: bodies[name]
            for name in ("brain_iron_fast", "brain_iron_slow", "dopamine_deficit", "liability")
        },
        "rls": survey.has_rls("any", "current")[chosen],
        "rls_weekly": survey.has_rls("weekly", "current")[chosen],
        "rls_significant": survey.has_rls("significant", "current")[chosen],
        "rls_past_year": survey.has_rls("any", "past_year")[chosen],
        "age_at_onset": np.where(first == NEVER, np.nan, onset),
    }


def list_events(survey: Survey, events: Any) -> Contents:
    """Events of the people surveyed, by month and person."""
    followed = events[np.isin(events["uid"], survey.lives["uid"])]
    followed = followed[np.lexsort((followed["event"], followed["uid"], followed["month"]))]
    return {
        "uid": hexadecimal(followed["uid"]),
        "date": [f"{month // 12:04d}-{month % 12 + 1:02d}" for month in followed["month"]],
        "event": followed["event"].astype(np.int64) + 1,
        "first": followed["first"] == 1,
    }


def _joined(parts: Sequence[Contents]) -> Contents:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
