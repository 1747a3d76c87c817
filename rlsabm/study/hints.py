"""Hints about what a scenario implies: figures that are allowed, but unlikely to be meant."""

from __future__ import annotations

from collections.abc import Iterator
from math import log

from rlsabm.exposures.catalogue.condition import (
    ONSET_KEYS,
    PREVALENCE_KEYS,
    Condition,
    shipped_catalogue,
)
from rlsabm.results.intervals import FEWEST_DRAWS
from rlsabm.scenario import REFERENCE, ResolvedScenario
from rlsabm.study.implied import Implied, ImpliedBleeding, ImpliedCondition, changed_conditions
from rlsabm.study.places import place_of

#: A new condition that so many have may have been given in per cent.
LARGE_SHARE = 0.3
#: A highest onset per 1,000 person-years that may be a rate per person, and the share who then have it.
SMALL_ONSET, SMALL_SHARE = 0.1, 0.001
#: Fewer people with a condition, of all runs together, say little about it.
FEW_PEOPLE = 100
#: How many times as large as the largest of the catalogue that ships an effect is that is pointed out.
FAR = 3.0
#: Iron in blood (mg per mL), as the head of the catalogue says it.
IRON_MG_PER_ML = 0.5
#: Below this haemoglobin (g/L) most guidelines transfuse adults in hospital (AABB 2023, doi
#: 10.1001/jama.2023.12914); people who bleed in the model are not.
TRANSFUSED_BELOW_G_PER_L = 70.0

AMOUNTS = ("blood_loss_ml_per_day", "blood_loss_ml_at_onset", "iron_loss_mg_per_day")
FACTORS = (
    "absorption_factor",
    "haemoglobin_factor",
    "ferritin_factor",
    "saturation_factor",
    "mortality_ratio",
)


def hints_about(study: ResolvedScenario, implied: Implied) -> list[str]:
    """What a person who wrote the scenario may want to look at again, each in one line.

    Parameters
    ----------
    study
        The resolved scenario.
    implied
        What it implies.
    """
    found = []
    bleeding = {(each.condition, each.arm): each for each in implied.bleeding}
    for condition, arm in changed_conditions(study):
        of_condition = next(
            c for c in implied.conditions if (c.name, c.arm) == (condition.name, arm)
        )
        most = bleeding.get((condition.name, arm))
        for key, what in _of_condition(condition, of_condition, most):
            found.append((arm, f"conditions.{condition.name}.{key}", what))
    for key, what in (*_of_country(implied), *_of_runs(implied)):
        found.append((REFERENCE, key, what))
    for arm in _arms_without_kidney_failure(study):
        what = "nobody's kidneys fail: the stages 4-5 before it (ckd_4_5) are left out, too"
        found.append((arm, "conditions.dialysis.enabled", what))
    return [_with_place(study, arm, key, what) for arm, key, what in found]


def _of_condition(
    condition: Condition, implied: ImpliedCondition, bleeding: ImpliedBleeding | None
) -> Iterator[tuple[str, str]]:
    if not condition.enabled:
        return
    everybody = implied.everybody
    given = next((key for key in PREVALENCE_KEYS if getattr(condition, key) is not None), None)
    if given and implied.is_new and everybody >= LARGE_SHARE:
        yield (
            given,
            (
                f"{100 * everybody:.0f} % of all people have it; {everybody:.2g} % would be "
                f"{everybody / 100:.2g}"
            ),
        )
    onsets = {key: max(getattr(condition, key)) for key in ONSET_KEYS if getattr(condition, key)}
    if onsets and 0.0 < max(onsets.values()) < SMALL_ONSET and everybody < SMALL_SHARE:
        key, highest = max(onsets.items(), key=lambda item: item[1])
        yield (
            key,
            (
                f"{highest:g} new cases in 1,000 person-years at most: {100_000 * everybody:.2g} in "
                f"100,000 people have it; {highest:g} per person and year would be {1000 * highest:g}"
            ),
        )
    for key in AMOUNTS:
        value, usual = getattr(condition, key), _largest(key)
        of_blood = bleeding if key == "blood_loss_ml_per_day" else None
        if of_blood and of_blood.haemoglobin_g_per_l < TRANSFUSED_BELOW_G_PER_L:
            yield (
                key,
                (
                    f"the one in forty who bleeds most loses {of_blood.loss_ml_per_day:.0f} mL a day, "
                    f"which leaves a haemoglobin of {of_blood.haemoglobin_g_per_l:.0f} g/L at most; "
                    "nobody is transfused, or treated without a rule of care"
                ),
            )
        elif value > FAR * usual:
            yield key, f"{value:g} is far above the catalogue that ships (up to {usual:g})"
    for key in FACTORS:
        value, usual = getattr(condition, key), _widest(key)
        if abs(log(value)) > FAR * abs(log(usual)):
            yield key, f"{value:g} is far from the catalogue that ships (1 to {usual:g})"


def _of_country(implied: Implied) -> Iterator[tuple[str, str]]:
    women, men = implied.life_expectancy_women, implied.life_expectancy_men
    if men > women:
        yield (
            "population.country",
            (
                f"men outlive women ({men:.1f} and {women:.1f} years on average), which they do in no "
                "country: the sexes in its table of mortality may be swapped"
            ),
        )


def _of_runs(implied: Implied) -> Iterator[tuple[str, str]]:
    if 1 < implied.draws < FEWEST_DRAWS:
        yield (
            "runs.draws",
            (
                f"{implied.draws} draws say little about the spread between draws; take "
                f"{FEWEST_DRAWS} or more, or 1 for the default of every parameter"
            ),
        )
    runs = implied.draws * implied.replicates
    few = [
        f"{name} ({people * runs:.0f})"
        for name, people in implied.people_with.items()
        if people * runs < FEW_PEOPLE
    ]
    if few:
        yield (
            "population.size",
            (
                f"in all runs together few people have {', '.join(few)}; a larger population or more "
                "replicates make the shifts of such conditions less uncertain"
            ),
        )


def _arms_without_kidney_failure(study: ResolvedScenario) -> list[str]:
    """Arms that switch dialysis off, or the reference if it does."""
    key = "dialysis_enabled"
    arms = [a for a, s in study.arms.items() if not s.conditions.parameter_values()[key]]
    return [REFERENCE] if REFERENCE in arms else arms


def _largest(key: str) -> float:
    """The largest amount of the catalogue that ships; iron also as it is lost with blood."""
    amounts = [getattr(condition, key) for condition in shipped_catalogue()]
    if key == "iron_loss_mg_per_day":
        amounts.append(IRON_MG_PER_ML * _largest("blood_loss_ml_per_day"))
    return float(max(amounts))


def _widest(key: str) -> float:
    """The factor of the catalogue that ships that is farthest from 1."""
    factors = [getattr(condition, key) for condition in shipped_catalogue()]
    return float(max(factors, key=lambda factor: abs(log(factor))))


def _with_place(study: ResolvedScenario, arm: str, key: str, what: str) -> str:
    """The hint, led by the file and line that set the key."""
    hint = f"{'' if arm == REFERENCE else f'arms.{arm}.'}{key}: {what}"
    place = place_of(study, arm, key)
    return f"{place}: {hint}" if place else hint
