"""What a target asks for: kinds of values in target files, and who is meant by them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from rlsabm.arrays import Bools, Uids
from rlsabm.calibration.observation import SEXES, Observation
from rlsabm.calibration.samples import Sample
from rlsabm.declaring.sections import Section
from rlsabm.errors import nearest
from rlsabm.exposures.catalogue.condition import shipped_catalogue
from rlsabm.measuring.instruments import TRUTH, instruments
from rlsabm.observe.groups import EVERYONE, groups_of
from rlsabm.wording import with_help

OLDEST = 120
#: Ages (years) at which the bands of age-adjusted figures begin.
BANDS = np.array([0, 18, 25, 30, 35, 40, 45, 50, 55, 60, 65, 70, 75, 80])
#: Number of a stratum of one sex: larger than all numbers of bands.
PER_SEX = 100


def known_name(name: str, known: Sequence[str], expected: str) -> str:
    """Refuse a name that is not known.

    Raises
    ------
    PydanticCustomError
        If it is not; the message says which name may have been meant.
    """
    if name not in known:
        what = with_help(f"found {name}", expected, nearest(name, known, by_word=True))
        raise PydanticCustomError("scenario", "{what}", {"what": what})
    return name


def _group(name: str) -> str:
    known = [group.name for group in groups_of(shipped_catalogue())]
    return known_name(name, known, "a group of rlsabm conditions")


def _instrument(name: str) -> str:
    known = [TRUTH, *instruments()]
    return known_name(name, known, f"one of {', '.join(known)}")


def _range(limits: list[int]) -> list[int]:
    if limits[0] > limits[1]:
        what = f"found [{limits[0]}, {limits[1]}] (expected the smaller number first)"
        raise PydanticCustomError("scenario", "{what}", {"what": what})
    return limits


GroupName = Annotated[
    str,
    AfterValidator(_group),
    Field(
        description="Group of people.",
        json_schema_extra={"expected": "a group of rlsabm conditions"},
    ),
]
InstrumentName = Annotated[
    str,
    AfterValidator(_instrument),
    Field(
        description="What asks the people; truth is their true state.",
        json_schema_extra={"expected": "truth, or a name of rlsabm instruments"},
    ),
]
Ages = Annotated[
    list[Annotated[int, Field(ge=0, le=OLDEST)]],
    Field(
        min_length=2,
        max_length=2,
        description="First and last age, in completed years, both included.",
        json_schema_extra={"expected": "the first and the last age, as in [20, 79]"},
    ),
    AfterValidator(_range),
]
Parity = Annotated[
    list[Annotated[int, Field(ge=0, le=50)]],
    Field(
        min_length=2,
        max_length=2,
        description="Fewest and most deliveries, both included.",
        json_schema_extra={"expected": "the fewest and the most deliveries, as in [1, 1]"},
    ),
    AfterValidator(_range),
]
Sex = Annotated[Literal["both", "female", "male"], Field(description="Sex of the people.")]
Definition = Annotated[
    Literal["any", "weekly", "significant"], Field(description="Definition of RLS.")
]
Recall = Annotated[
    Literal["current", "past_year"],
    Field(description="Recall period: the month of the survey, or the twelve months before."),
]


class Query(Section):
    """What would be observed: a measure, and of whom."""

    measure: str


class Who(Query):
    """A measure of some of the people surveyed."""

    group: GroupName = EVERYONE.name
    sex: Sex = "both"
    ages: Ages = [18, OLDEST]
    parity: Parity | None = None

    def chosen(self, seen: Observation, *, years_before: int = 0) -> Bools:
        """Who of a survey is meant."""
        survey = seen.surveys[years_before]
        chosen = seen.members(self.group, years_before=years_before)
        chosen &= np.isin(survey.lives["sex"], SEXES[self.sex])
        chosen &= (survey.age >= self.ages[0]) & (survey.age <= self.ages[1])
        if self.parity is not None:
            deliveries = survey.lives["parity"]
            chosen &= (deliveries >= self.parity[0]) & (deliveries <= self.parity[1])
        return chosen


class Against(Section):
    """In what those differ with whom others are compared; the rest is alike."""

    group: GroupName | None = None
    sex: Sex | None = None
    ages: Ages | None = None
    parity: Parity | None = None


class Case(Who):
    """A measure of who has RLS, as an instrument finds it."""

    definition: Definition = "any"
    recall: Recall = "current"
    instrument: InstrumentName = TRUTH

    def cases(self, seen: Observation, *, years_before: int = 0) -> Bools:
        """Who of a survey is a case."""
        return seen.are(self.definition, self.recall, self.instrument, years_before=years_before)


def other(who: Who, against: Against) -> Who:
    """Those with whom people are compared."""
    return who.model_copy(update=against.model_dump(exclude_none=True))


def strata(seen: Observation, adjusted_for: Sequence[str]) -> Uids:
    """Numbers of the strata of the people surveyed, by age and sex if that is wanted."""
    number = np.zeros(len(seen.now), dtype=np.uint64)
    if "age" in adjusted_for:
        number += np.searchsorted(BANDS, seen.now.age, side="right").astype(np.uint64)
    if "sex" in adjusted_for:
        number += np.uint64(PER_SEX) * seen.now.lives["sex"].astype(np.uint64)
    return number


@dataclass(frozen=True)
class Measure:
    """A measure: its name in target files, what it can be asked, and how it is taken.

    Attributes
    ----------
    name, says
        Its name, and what it is in words.
    query
        What a target may ask.
    take
        Function of the people and the query that gives the units and their summary.
    is_proportion
        Whether its figures are between 0 and 1, and shown in per cent.
    registry
        How the registry is kept from which it is taken; without one, it is taken from people who are
        observed.
    """

    name: str
    says: str
    query: type[Query]
    take: Callable[[Any, Any], Sample]
    is_proportion: bool = False
    registry: Callable[..., Any] | None = None
