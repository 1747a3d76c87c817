"""Groups in which RLS is counted: exposures of a life and states of a body."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlsabm.person import CKD_4, DIALYSIS, FEMALE, GRAFT, MALE, NOT_PREGNANT

if TYPE_CHECKING:
    from rlsabm.observe.survey import Survey

Mask = NDArray[np.bool_]


class Condition(NamedTuple):
    """A group of people.

    Attributes
    ----------
    name
        Key in tables.
    kind
        ``everyone``, ``exposure`` (something that happens to a life) or ``state`` (read off a body).
    definition
        Who belongs to it on the day of the survey.
    source
        Of the definition.
    members
        Function of a survey that gives who belongs to it.
    """

    name: str
    kind: str
    definition: str
    source: str
    members: Callable[[Survey], Mask]


def _is_anaemic(survey: Survey) -> Mask:
    """Haemoglobin below the limits of the World Health Organization."""
    age = survey.age
    limit = np.select(
        [age < 5, age < 12, age < 15, survey.sex == MALE, survey.pregnancy != NOT_PREGNANT],
        [110.0, 115.0, 120.0, 130.0, 110.0],
        120.0,
    )
    return np.asarray(survey.haemoglobin_g_per_l < limit)


def _is_iron_deficient(survey: Survey) -> Mask:
    """Ferritin of the stores below the limits of the World Health Organization."""
    return np.asarray(survey.stores_ferritin_ug_per_l < np.where(survey.age < 5, 12.0, 15.0))


def _trimester(number: int) -> Callable[[Survey], Mask]:
    def members(survey: Survey) -> Mask:
        pregnant = survey.pregnancy != NOT_PREGNANT
        return np.asarray(pregnant & ((survey.month_of_pregnancy - 1) // 3 + 1 == number))

    return members


WHO_2011 = "WHO 2011, Haemoglobin concentrations, WHO/NMH/NHD/MNM/11.1"
WHO_2020 = "WHO 2020, Guideline on use of ferritin concentrations"

CONDITIONS = (
    Condition("everyone", "everyone", "all people surveyed", "", lambda s: np.ones(len(s), bool)),
    Condition(
        "blood_donation", "exposure", "gave blood in the last 12 months", "NHANES question",
        lambda s: np.asarray(s.months_since_donation < 12),
    ),
    Condition(
        "pregnancy", "exposure", "pregnant", "",
        lambda s: np.asarray(s.pregnancy != NOT_PREGNANT),
    ),
    Condition("first_trimester", "exposure", "pregnant, months 1 to 3", "", _trimester(1)),
    Condition("second_trimester", "exposure", "pregnant, months 4 to 6", "", _trimester(2)),
    Condition("third_trimester", "exposure", "pregnant, months 7 to 9", "", _trimester(3)),
    Condition(
        "after_delivery", "exposure", "delivered in the last 6 months, not pregnant", "",
        lambda s: np.asarray((s.months_since_delivery < 6) & (s.pregnancy == NOT_PREGNANT)),
    ),
    Condition(
        "ckd_4_5", "exposure", "progressive kidney disease, stages 4-5 before dialysis", "KDIGO",
        lambda s: np.asarray(s.kidney == CKD_4),
    ),
    Condition(
        "dialysis", "exposure", "on dialysis", "",
        lambda s: np.asarray(s.kidney == DIALYSIS),
    ),
    Condition(
        "kidney_transplant", "exposure", "living with a functioning kidney graft", "",
        lambda s: np.asarray(s.kidney == GRAFT),
    ),
    Condition(
        "iron_deficiency", "state",
        "ferritin without inflammation below 15 µg/L (12 below five years)", WHO_2020,
        _is_iron_deficient,
    ),
    Condition(
        "iron_deficiency_anaemia", "state",
        "iron deficiency, and haemoglobin below 130 g/L in men, 120 in women, 110 in pregnancy, "
        "110-120 in children", WHO_2011,
        lambda s: _is_iron_deficient(s) & _is_anaemic(s),
    ),
    Condition(
        "menstruating_women", "state",
        "women between menarche and menopause, not pregnant, menses back after a birth", "",
        lambda s: np.asarray((s.sex == FEMALE) & s.menstruates),
    ),
)  # fmt: skip


def condition_names() -> list[str]:
    """Names of all groups, in the order of the tables."""
    return [condition.name for condition in CONDITIONS]
