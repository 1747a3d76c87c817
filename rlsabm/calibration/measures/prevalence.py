"""Prevalence: in a group, relative to another, as an odds ratio, and its rise or fall with age."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from rlsabm.arrays import Bools, Uids
from rlsabm.calibration.measures.asking import Against, Case, Definition, Measure, other, strata
from rlsabm.calibration.observation import YEARS_BEFORE, Observation, families_of
from rlsabm.calibration.samples import Sample, from_sums, odds_ratio, share
from rlsabm.conventions import FEMALE


class Prevalence(Case):
    """Cases by persons."""

    women: Annotated[
        float | None,
        Field(
            gt=0,
            lt=1,
            description="Share of women in the study, to which prevalence is standardised.",
        ),
    ] = None
    haemoglobin_below: Annotated[
        float | None,
        Field(gt=0, description="Only people with less measured haemoglobin (g/L) than this."),
    ] = None
    surveys: Annotated[
        Literal["last", "all"],
        Field(
            description="The survey of the year, or with it those of the three years before, so that "
            "there are more people in a small group."
        ),
    ] = "last"


def take_prevalence(seen: Observation, query: Prevalence) -> Sample:
    """The proportion of cases, of both sexes in the shares of the study if these are given."""
    years_before = YEARS_BEFORE if query.surveys == "all" else (0,)
    asked = [_cases_of(seen, query, years) for years in years_before]
    cases, is_woman, families = (np.concatenate(parts) for parts in zip(*asked, strict=True))
    if query.women is None:
        return share(cases, families)
    women, persons = query.women, np.ones(len(cases))
    values = np.column_stack(
        [cases & is_woman, persons * is_woman, cases & ~is_woman, persons * ~is_woman]
    ).astype(float)

    def standardised(sums: np.ndarray) -> np.ndarray:
        return np.asarray(
            women * sums[..., 0] / sums[..., 1] + (1.0 - women) * sums[..., 2] / sums[..., 3]
        )

    return Sample(values, families, from_sums(standardised))


def _cases_of(seen: Observation, query: Prevalence, years_before: int) -> tuple[Bools, Bools, Uids]:
    """Those meant in one survey: who is a case, who is a woman, and their families."""
    survey = seen.surveys[years_before]
    chosen = query.chosen(seen, years_before=years_before)
    if query.haemoglobin_below is not None:
        chosen &= survey.measured_haemoglobin_g_per_l < query.haemoglobin_below
    cases = query.cases(seen, years_before=years_before)
    lives = survey.lives[chosen]
    return cases[chosen], lives["sex"] == FEMALE, families_of(lives)


class ShareOfCases(Case):
    """Cases of a stricter definition by those of a wider one."""

    among: Annotated[Definition, Field(description="The wider definition.")] = "any"


def take_share_of_cases(seen: Observation, query: ShareOfCases) -> Sample:
    """The proportion of cases that meet a stricter definition, too."""
    among = query.model_copy(update={"definition": query.among})
    chosen = query.chosen(seen) & among.cases(seen)
    return share(query.cases(seen)[chosen], seen.families[chosen])


class Compared(Case):
    """Prevalence of some, compared with that of others."""

    against: Annotated[Against, Field(description="In what the others differ; the rest is alike.")]


def take_prevalence_ratio(seen: Observation, query: Compared) -> Sample:
    """The ratio of the prevalences of two groups."""
    one, two = query.chosen(seen), other(query, query.against).chosen(seen)
    cases = query.cases(seen)
    either = one | two
    values = np.column_stack([one & cases, one, two & cases, two])[either].astype(float)

    def prevalence_ratio(sums: np.ndarray) -> np.ndarray:
        return np.asarray((sums[..., 0] / sums[..., 1]) / (sums[..., 2] / sums[..., 3]))

    return Sample(values, seen.families[either], from_sums(prevalence_ratio))


class Adjusted(Compared):
    """Odds of some, compared with those of others in the same strata."""

    adjusted_for: Annotated[
        list[Literal["age", "sex"]],
        Field(
            description="What the odds ratio is adjusted for; an empty list gives the crude one."
        ),
    ] = []


def take_odds_ratio(seen: Observation, query: Adjusted) -> Sample:
    """The odds ratio of two groups, by Mantel and Haenszel over the strata adjusted for."""
    one = query.chosen(seen)
    either = one | other(query, query.against).chosen(seen)
    return odds_ratio(
        query.cases(seen)[either],
        one[either],
        strata(seen, query.adjusted_for)[either],
        seen.families[either],
    )


MEASURES = (
    Measure("prevalence", "cases by persons", Prevalence, take_prevalence, True),
    Measure(
        "share_of_cases",
        "cases of a stricter definition by cases of a wider one",
        ShareOfCases,
        take_share_of_cases,
        True,
    ),
    Measure(
        "prevalence_ratio", "ratio of two prevalences", Compared, take_prevalence_ratio
    ),
    Measure(
        "odds_ratio",
        "odds ratio of two groups, adjusted by Mantel and Haenszel",
        Adjusted,
        take_odds_ratio,
    ),
)  # fmt: skip
