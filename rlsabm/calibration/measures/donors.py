"""Blood donors by what they gave, and the iron that they absorb while they go on giving."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from rlsabm.arrays import Bools
from rlsabm.calibration.measures.asking import Ages, Measure, Query, Sex
from rlsabm.calibration.observation import SEXES, Observation
from rlsabm.calibration.samples import Sample, mean
from rlsabm.conventions import DAYS_PER_MONTH, MALE
from rlsabm.exposures.donation import months_since_donation
from rlsabm.exposures.kidney import HEALTHY_KIDNEY
from rlsabm.exposures.pregnancy import NOT_PREGNANT

#: Donations in twelve months from which on donors count as frequent, by sex: assumed for RISE.  That
#: study's new donors had not given for two years (Cable 2011, PMID 20804527).
FREQUENT_MEN, FREQUENT_WOMEN = 3, 2
MONTHS_WITHOUT_DONATION = 24
#: Donors of a study are enrolled when they come to give, which is in this many months before a survey:
#: the more often they come, the sooner they are met.
ENROLMENT_MONTHS = 3
#: Years for which donors are followed (RISE: up to 24 months, Mast 2012, PMC3508695), and last months
#: in which they come again: about half do, as in RISE came to a last visit (1,308 of 2,425).
FOLLOWED_YEARS = 2
RETURN_MONTHS = 3

NewOrFrequent = Annotated[
    Literal["new", "frequent"],
    Field(
        description="Only blood donors: frequent ones gave at least three times (women twice) in the "
        "last twelve months; new ones gave once, and never in the two years before."
    ),
]


class FollowedDonors(Query):
    """Donors who are followed while they give blood."""

    donors: NewOrFrequent
    sex: Sex = "both"
    ages: Ages = [18, 79]


def are_donors(
    seen: Observation, kind: str, *, years_before: int = 0, at_enrolment: bool = False
) -> Bools:
    """Who of a survey gave blood as new or frequent donors do, by the survey a year before it.

    At an enrolment it is donors who gave in the last months: frequent ones once more than often enough.
    """
    survey, earlier = seen.surveys[years_before], seen.surveys[years_before + 1]
    rows, then = seen.rows_before(years_before + 1, of=years_before)
    given = np.zeros(len(survey), dtype=np.int64)
    given[rows] = survey.donations[rows].astype(np.int64) - earlier.donations[then]
    met = months_since_donation(survey) < ENROLMENT_MONTHS if at_enrolment else True
    if kind == "frequent":
        often = np.where(survey.sex == MALE, FREQUENT_MEN, FREQUENT_WOMEN)
        return np.asarray(met & (given >= often + at_enrolment))
    new = met & (given == 1)
    new[rows] &= months_since_donation(earlier)[then] >= MONTHS_WITHOUT_DONATION
    return np.asarray(new)


def take_absorption_of_donors(seen: Observation, query: FollowedDonors) -> Sample:
    """Mean iron absorbed (mg per day) in two years by donors who came again in the last months of them.

    It is what they gained, by the ledger of their iron; women who were pregnant are left out.
    """
    now, begin = seen.now, seen.surveys[FOLLOWED_YEARS]
    rows, then = seen.rows_before(FOLLOWED_YEARS)
    enrolled = are_donors(seen, query.donors, years_before=FOLLOWED_YEARS, at_enrolment=True)
    chosen = enrolled[then]
    chosen &= np.isin(begin.sex[then], SEXES[query.sex])
    chosen &= (begin.age[then] >= query.ages[0]) & (begin.age[then] <= query.ages[1])
    chosen &= months_since_donation(now)[rows] < RETURN_MONTHS
    chosen &= now.kidney[rows] == HEALTHY_KIDNEY
    chosen &= begin.pregnancy[then] == NOT_PREGNANT
    chosen &= now.gravidity[rows] == begin.gravidity[then]
    gained_mg = now.iron_gained_mg[rows] - begin.iron_gained_mg[then]
    per_day = gained_mg / (DAYS_PER_MONTH * 12 * FOLLOWED_YEARS)
    return mean(per_day[chosen], seen.families[rows[chosen]])


MEASURES = (
    Measure(
        "absorption_of_donors",
        "iron absorbed (mg per day) in two years by donors who go on giving blood",
        FollowedDonors,
        take_absorption_of_donors,
    ),
)
