"""Line lists: persons in each world, and events."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsabm.conventions import NEVER
from rlsabm.declaring.inputs import Inputs
from rlsabm.exposures.donation import months_since_donation
from rlsabm.exposures.kidney import DIALYSIS, months_on_dialysis
from rlsabm.exposures.pregnancy import NOT_PREGNANT, month_of_pregnancy, months_since_delivery
from rlsabm.measuring.assays import measure
from rlsabm.measuring.cases import case_bit, case_bits
from rlsabm.observe.survey import Survey, survey_lottery
from rlsabm.results.cells import Contents
from rlsabm.worlds.world import FACTUAL, World

#: Measures of the line list that follow from iron stores and red cells.
OF_STORES = (
    "serum_ferritin_ug_per_l",
    "stores_ferritin_ug_per_l",
    "haemoglobin_g_per_l",
    "transferrin_saturation_percent",
)


def hexadecimal(uids: NDArray[np.uint64]) -> list[str]:
    """Uids as text, empty where there is none."""
    return [f"{int(uid):016x}" if uid else "" for uid in uids]


def chosen_for_line_list(lives: Any, share: float, p: Inputs) -> NDArray[np.bool_]:
    """Who of these people is in the line list: a lottery of theirs, the same in all arms."""
    _, lot = survey_lottery(lives, p)
    return np.asarray(lot < share)


def list_persons(
    survey: Survey, chosen: NDArray[np.int64], world: World | None, bodies: Any
) -> Contents:
    """Line list of some of the people surveyed, in one world.

    Parameters
    ----------
    survey
        The people.
    chosen
        Which of them, by number in the survey.
    world
        The world; None for the factual one.
    bodies
        Their bodies in this world.
    """
    lives, month = survey.lives[chosen], survey.month
    setting = survey.setting
    as_measured = lives if world is None else world.as_measured(lives)
    measured = measure(as_measured, bodies, month, survey.p)
    name_of_world = FACTUAL if world is None else world.name
    if world is not None and not world.follows_stores:
        for name in OF_STORES:
            measured[name] = np.nan

    def since(months: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.where(months > 12 * 200, -1, months)[chosen]

    first = bodies["rls_first_month"].astype(np.int64)
    onset = (first - lives["birth_month"]) / 12.0
    bits = case_bits(bodies, month)

    def case(definition: str, recall: str) -> NDArray[np.bool_]:
        return np.asarray(bits & np.uint8(case_bit(definition, recall)) != 0)

    return {
        "world": np.full(len(chosen), name_of_world, dtype=object),
        "uid": hexadecimal(lives["uid"]),
        "mother": hexadecimal(lives["mother"]),
        "father": hexadecimal(lives["father"]),
        "sex": lives["sex"],
        "age": (month - lives["birth_month"]) / 12.0,
        "twin": lives["twin"],
        "parity": lives["parity"],
        "children": lives["children"],
        "month_of_pregnancy": np.where(
            lives["pregnancy"] != NOT_PREGNANT, month_of_pregnancy(survey)[chosen], 0
        ),
        "months_since_delivery": since(months_since_delivery(survey)),
        "donations": lives["donations"],
        "months_since_donation": since(months_since_donation(survey)),
        "kidney": lives["kidney"],
        "conditions": _names(lives["conditions"], [c.name for c in setting.conditions]),
        "months_on_dialysis": np.where(survey.kidney == DIALYSIS, months_on_dialysis(survey), -1)[
            chosen
        ],
        "cns_iron_trait": lives["cns_iron_trait"],
        "other_liability": lives["other_liability"],
        **{name: measured[name] for name in (*OF_STORES, "irls")},
        **{
            name: bodies[name]
            for name in ("brain_iron_fast", "brain_iron_slow", "dopamine_deficit", "liability")
        },
        "rls": case("any", "current"),
        "rls_weekly": case("weekly", "current"),
        "rls_significant": case("significant", "current"),
        "rls_past_year": case("any", "past_year"),
        "age_at_onset": np.where(first == NEVER, np.nan, onset),
    }


def _names(bits: NDArray[np.uint32], names: list[str]) -> list[str]:
    """Names of the conditions in some lives."""
    kinds, kind = np.unique(bits, return_inverse=True)
    words = [
        ", ".join(name for place, name in enumerate(names) if int(each) >> place & 1)
        for each in kinds
    ]
    return [words[number] for number in kind]


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
