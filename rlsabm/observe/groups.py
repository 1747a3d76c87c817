"""Groups in which RLS is counted: exposures of a life and states of a body."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlsabm.parameters.catalogue import Condition
from rlsabm.person import CKD_4, DIALYSIS, FEMALE, GRAFT, MALE, NOT_PREGNANT

if TYPE_CHECKING:
    from rlsabm.observe.survey import Survey

Mask = NDArray[np.bool_]

#: What makes the iron of a state: iron stores that are not full.
IRON_STORES = "iron stores"


class Group(NamedTuple):
    """A group of people.

    Attributes
    ----------
    name
        Key in tables.
    kind
        ``everyone``, ``exposure`` (something that happens to a life), ``control`` (an exposure without
        any effect on iron) or ``state`` (read off a body).
    definition
        Who belongs to it on the day of the survey.
    source
        Of the definition, or of the figures.
    cause
        The condition whose burden is left out to find what it causes in the group.
    members
        Function of a survey that gives who belongs to it.
    part_of
        Group of which this is a part: a survey compares it with people outside of that.
    """

    name: str
    kind: str
    definition: str
    source: str
    cause: str
    members: Callable[[Survey], Mask]
    part_of: str = ""


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


def _between(
    months: str, first: int, last: int, *, pregnant: bool = True
) -> Callable[[Survey], Mask]:
    """Those for whom a number of months lies between two limits, both included."""

    def members(survey: Survey) -> Mask:
        since = getattr(survey, months)
        chosen = (first <= since) & (since <= last)
        return np.asarray(chosen if pregnant else chosen & (survey.pregnancy == NOT_PREGNANT))

    return members


def _has(name: str) -> Callable[[Survey], Mask]:
    return lambda survey: survey.has_condition(name)


#: Months that nobody lives.
EVER = 12 * 200

DONATION_GROUPS = (
    Group(
        "blood_donation", "exposure", "gave blood in the last 12 months", "NHANES question",
        "blood_donation", _between("months_since_donation", 0, 11),
    ),
    Group(
        "depleted_donors", "state", "gave blood in the last 12 months, and are iron deficient", "",
        "blood_donation",
        lambda s: _between("months_since_donation", 0, 11)(s) & _is_iron_deficient(s),
        "blood_donation",
    ),
)  # fmt: skip
PREGNANCY_GROUPS = (
    Group(
        "pregnancy", "exposure", "pregnant", "", "pregnancy",
        lambda s: np.asarray(s.pregnancy != NOT_PREGNANT),
    ),
    Group(
        "first_trimester", "exposure", "pregnant, months 1 to 3", "", "pregnancy", _trimester(1),
        "pregnancy",
    ),
    Group(
        "second_trimester", "exposure", "pregnant, months 4 to 6", "", "pregnancy", _trimester(2),
        "pregnancy",
    ),
    Group(
        "third_trimester", "exposure", "pregnant, months 7 to 9", "", "pregnancy", _trimester(3),
        "pregnancy",
    ),
    Group(
        "after_delivery", "exposure", "delivered in the last 6 months, not pregnant", "",
        "pregnancy", _between("months_since_delivery", 0, 5, pregnant=False),
    ),
    Group(
        "6_to_23_months_after_delivery", "exposure",
        "last delivered 6 to 23 months ago, not pregnant", "", "pregnancy",
        _between("months_since_delivery", 6, 23, pregnant=False),
    ),
    Group(
        "2_years_after_delivery", "exposure",
        "last delivered 2 years ago or earlier, not pregnant", "", "pregnancy",
        _between("months_since_delivery", 24, EVER, pregnant=False),
    ),
)  # fmt: skip
MENSES_GROUPS = (
    Group(
        "menstruating_women", "state",
        "women between menarche and menopause, not pregnant, menses back after a birth", "", "",
        lambda s: np.asarray((s.sex == FEMALE) & s.menstruates),
    ),
    Group(
        "heavy_menstrual_bleeding", "exposure",
        "menstruating women who lose 80 mL of blood or more in a cycle (a parameter)",
        "Hallberg 1966; without it: the loss of the typical woman", "heavy_menstrual_bleeding",
        lambda s: np.asarray(
            (s.sex == FEMALE)
            & s.menstruates
            & (s.menstrual_loss_ml >= s.setting.values.heavy_loss_ml_per_month)
        ),
    ),
)  # fmt: skip
KIDNEY_GROUPS = (
    Group(
        "ckd_4_5", "exposure", "progressive kidney disease, stages 4-5 before dialysis", "KDIGO",
        "ckd_4_5", lambda s: np.asarray(s.kidney == CKD_4),
    ),
    Group(
        "dialysis", "exposure", "on dialysis", "USRDS; see the parameters", "dialysis",
        lambda s: np.asarray(s.kidney == DIALYSIS),
    ),
    Group(
        "dialysis_under_1_year", "exposure", "on dialysis for less than a year", "", "dialysis",
        _between("months_on_dialysis", 0, 11), "dialysis",
    ),
    Group(
        "dialysis_1_to_4_years", "exposure", "on dialysis for 1 to 4 years", "", "dialysis",
        _between("months_on_dialysis", 12, 59), "dialysis",
    ),
    Group(
        "dialysis_5_years_or_more", "exposure", "on dialysis for 5 years or more", "", "dialysis",
        _between("months_on_dialysis", 60, EVER), "dialysis",
    ),
    Group(
        "kidney_transplant", "exposure", "living with a functioning kidney graft", "", "dialysis",
        lambda s: np.asarray(s.kidney == GRAFT),
    ),
)  # fmt: skip
STATES = (
    Group(
        "iron_deficiency", "state",
        "ferritin without inflammation below 15 µg/L (12 below five years)", WHO_2020, IRON_STORES,
        _is_iron_deficient,
    ),
    Group(
        "iron_deficiency_anaemia", "state",
        "iron deficiency, and haemoglobin below 130 g/L in men, 120 in women, 110 in pregnancy, "
        "110-120 in children", WHO_2011, IRON_STORES,
        lambda s: _is_iron_deficient(s) & _is_anaemic(s),
    ),
)  # fmt: skip


def groups_of(conditions: Sequence[Condition]) -> list[Group]:
    """All groups, in the order of the tables; conditions are those of the catalogue."""
    everyone = Group(
        "everyone", "everyone", "all people surveyed", "", "", lambda s: np.ones(len(s), bool)
    )
    catalogue = [
        Group(
            condition.name,
            "control" if condition.negative_control else "exposure",
            condition.definition or condition.label or condition.name.replace("_", " "),
            condition.source,
            condition.name,
            _has(condition.name),
        )
        for condition in conditions
    ]
    exposures = sorted(catalogue, key=lambda group: group.kind == "control")
    return [
        everyone,
        *DONATION_GROUPS,
        *PREGNANCY_GROUPS,
        *MENSES_GROUPS,
        *KIDNEY_GROUPS,
        *exposures,
        *STATES,
    ]
