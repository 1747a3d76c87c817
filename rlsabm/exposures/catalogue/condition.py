"""Conditions as data: who has them, for how long, and what they do to iron.

A condition gives either its prevalence or its incidence by age.  Both become a hazard of onset by sex
and age, from which the episodes of each person are drawn.  A condition whose figures contradict each
other is refused.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from ruamel.yaml import YAML

from rlsabm.arrays import Floats
from rlsabm.compilation import compiled
from rlsabm.conventions import LAST_AGE, in_words
from rlsabm.data import DATA
from rlsabm.errors import UserError
from rlsabm.mathematics import exp
from rlsabm.wording import counted

SHIPPED_CATALOGUE = DATA / "catalogue.yaml"
#: A life keeps its conditions in 32 bits.
MOST_CONDITIONS = 32
#: Endings of the keys for one sex, in the order of their codes.
OF_SEX = ("women", "men")
#: Keys of the lists by age, for both sexes together and for one.
PREVALENCE_KEYS = ("prevalence", "prevalence_women", "prevalence_men")
ONSET_KEYS = ("onset_per_1000", "onset_per_1000_women", "onset_per_1000_men")
#: Largest relative difference between a given prevalence and that from onset and duration.
TOLERANCE = 0.05
HIGHEST_PREVALENCE = 0.99
#: Steps in which the share who have a condition is followed.
STEPS_PER_YEAR = 24


@dataclass(frozen=True, kw_only=True)
class Condition:
    """A condition of the catalogue.

    Attributes
    ----------
    name, label, definition
        Key in files and tables, words for people, and who has it on the day of a survey.
    enabled
        False: nobody gets it; mortality without it stays as it is.
    ages
        Knots (years) of the lists below; values between them are linear, beyond the last constant.
    prevalence, prevalence_women, prevalence_men
        Share of the living who have it.
    onset_per_1000, onset_per_1000_women, onset_per_1000_men
        New cases in 1,000 person-years of people without it.
    duration_years
        Mean duration; None for life.
    blood_loss_ml_per_day, blood_loss_ml_at_onset, iron_loss_mg_per_day
        Losses above normal.
    absorption_factor, haemoglobin_factor
        Absorption at the same ferritin, and the haemoglobin set point, relative to people without it.
    dopamine_load
        Loss of dopaminergic function that does not come from iron (liability).
    ferritin_factor, saturation_factor
        Measured ferritin and transferrin saturation relative to those of the same stores.
    mortality_ratio
        Mortality relative to people of the same age and sex.
    effect_log_sd
        Standard deviation between draws of the logarithm of the strength of its iron effects.
    negative_control
        Has nothing to do with iron.
    raises
        Hazard ratio of the onset of other conditions while somebody has this one, by their names.
    hazard_ratio_per_5_kg_per_m2
        Hazard ratio of its onset for a body-mass index that is 5 kg/m2 higher.
    may_give_blood
        Whether people who have it may give blood.
    source
        Where the figures come from, and what is assumed.
    """

    name: str
    label: str
    definition: str
    source: str
    enabled: bool = True
    ages: Sequence[float] = (0,)
    prevalence: Sequence[float] | None = None
    prevalence_women: Sequence[float] | None = None
    prevalence_men: Sequence[float] | None = None
    onset_per_1000: Sequence[float] | None = None
    onset_per_1000_women: Sequence[float] | None = None
    onset_per_1000_men: Sequence[float] | None = None
    duration_years: float | None = None
    blood_loss_ml_per_day: float = 0.0
    blood_loss_ml_at_onset: float = 0.0
    iron_loss_mg_per_day: float = 0.0
    absorption_factor: float = 1.0
    haemoglobin_factor: float = 1.0
    dopamine_load: float = 0.0
    ferritin_factor: float = 1.0
    saturation_factor: float = 1.0
    mortality_ratio: float = 1.0
    effect_log_sd: float = 0.3
    negative_control: bool = False
    raises: Mapping[str, float] | None = None
    hazard_ratio_per_5_kg_per_m2: float = 1.0
    may_give_blood: bool = True

    @property
    def in_words(self) -> str:
        """Its label, or its name in words where it has none."""
        return self.label or in_words(self.name)

    @property
    def touches_iron(self) -> bool:
        """Whether it has any effect on iron."""
        return (
            self.blood_loss_ml_per_day != 0.0
            or self.blood_loss_ml_at_onset != 0.0
            or self.iron_loss_mg_per_day != 0.0
            or self.absorption_factor != 1.0
            or self.haemoglobin_factor != 1.0
        )

    @property
    def code(self) -> int:
        """Its number in the counter of chance, a function of its name alone."""
        return zlib.crc32(self.name.encode())

    def with_strength(self, strength: float) -> Condition:
        """The same condition with all its iron effects multiplied by this strength."""
        return replace(
            self,
            blood_loss_ml_per_day=self.blood_loss_ml_per_day * strength,
            blood_loss_ml_at_onset=self.blood_loss_ml_at_onset * strength,
            iron_loss_mg_per_day=self.iron_loss_mg_per_day * strength,
            absorption_factor=self.absorption_factor**strength,
            haemoglobin_factor=self.haemoglobin_factor**strength,
        )

    def yearly_hazard(self, mortality: Floats) -> Floats:
        """Hazard of onset (per year) by sex and completed age, from birth to the last age.

        Parameters
        ----------
        mortality
            Death rate (per year) of all people, by sex and completed age.

        Raises
        ------
        UserError
            If the figures contradict each other; the message names key and reason.
        """
        self._check()
        rows = []
        for sex, deaths in zip(OF_SEX, mortality, strict=True):
            onset_key, onset = self.given("onset_per_1000", sex)
            key, prevalence = self.given("prevalence", sex)
            if onset is None:
                assert prevalence is not None
                rows.append(self._hazard_of(key, prevalence, deaths))
                continue
            hazard = self._at_middle_of_ages(onset) / 1000.0
            if prevalence is not None:
                self._compare(key, onset_key, prevalence, hazard, deaths)
            rows.append(hazard)
        return np.array(rows)

    def expected_prevalence(self, hazard: Floats, mortality: Floats) -> Floats:
        """Share of the living of each completed age who have it; last axis of both is age."""
        of_rows, deaths = np.atleast_2d(hazard), np.atleast_2d(mortality)
        share = follow_prevalence(of_rows, deaths, self.recovery, self.mortality_ratio - 1.0)
        return np.asarray(share.reshape(hazard.shape))

    @property
    def recovery(self) -> float:
        """Rate of recovery (per year)."""
        return 0.0 if self.duration_years is None else 1.0 / self.duration_years

    def given(self, what: str, sex: str) -> tuple[str, Sequence[float] | None]:
        """A list for one sex, and the key that gave it."""
        own = getattr(self, f"{what}_{sex}")
        return (f"{what}_{sex}", own) if own is not None else (what, getattr(self, what))

    def _check(self) -> None:
        """Refuse lists that do not fit together, and controls that touch iron."""
        for key in (*PREVALENCE_KEYS, *ONSET_KEYS):
            values = getattr(self, key)
            if values is not None and len(values) != len(self.ages):
                raise self.error(
                    key,
                    f"has {counted(len(values), 'value')} for {counted(len(self.ages), 'age')} "
                    "(expected as many)",
                )
        for what in ("prevalence", "onset_per_1000"):
            both, women, men = (getattr(self, f"{what}{sex}") for sex in ("", "_women", "_men"))
            if (women is None) != (men is None):
                missing = f"{what}_women" if women is None else f"{what}_men"
                raise self.error(missing, "is missing (the other sex has it)")
            if both is not None and women is not None:
                raise self.error(what, f"is given beside {what}_women (expected one of the two)")
        if self.given("prevalence", "men")[1] is None and (
            self.given("onset_per_1000", "men")[1] is None
        ):
            raise self.error("prevalence", "is missing (expected prevalence or onset_per_1000)")
        measured = self.ferritin_factor != 1.0 or self.saturation_factor != 1.0
        if self.negative_control and (self.touches_iron or measured):
            raise self.error("negative_control", "has effects on iron (a control has none)")

    def error(self, key: str, what: str) -> UserError:
        """A mistake in what one of its keys says."""
        return UserError(f"conditions.{self.name}.{key}: {what}")

    def _at_middle_of_ages(self, values: Sequence[float]) -> Floats:
        return np.asarray(np.interp(np.arange(LAST_AGE + 1) + 0.5, self.ages, values))

    def _hazard_of(self, key: str, prevalence: Sequence[float], mortality: Floats) -> Floats:
        """Hazard of onset that leads to a prevalence, given how long the condition lasts."""
        at_birthdays = np.interp(np.arange(LAST_AGE + 2), self.ages, prevalence)
        at_birthdays[0] = 0.0  # who has it from birth gets it in the first year
        if at_birthdays.max() > HIGHEST_PREVALENCE:
            raise self.error(
                key, f"reaches {at_birthdays.max():g} (expected at most {HIGHEST_PREVALENCE:g})"
            )
        before, after = at_birthdays[:-1], at_birthdays[1:]
        leaving = leaving_rate(
            0.5 * (before + after), mortality, self.recovery, self.mortality_ratio - 1.0
        )
        hazard = _hazards(before, after, leaving)
        falls = np.flatnonzero(hazard < -1e-9)
        if len(falls):
            age = int(falls[0])
            lasts = (
                "for life: give a duration"
                if self.duration_years is None
                else f"{self.duration_years:g} years on average: shorten it"
            )
            raise self.error(
                key,
                f"falls from {before[age]:.3g} at {age} to {after[age]:.3g} at {age + 1}, faster "
                f"than people lose the condition, which lasts {lasts}",
            )
        return np.maximum(hazard, 0.0)

    def _compare(
        self,
        key: str,
        onset_key: str,
        prevalence: Sequence[float],
        hazard: Floats,
        mortality: Floats,
    ) -> None:
        """Refuse a prevalence beside onset and duration that lead to another."""
        reached = self.expected_prevalence(hazard, mortality)
        claimed = self._at_middle_of_ages(prevalence)
        larger = np.maximum(claimed, reached)
        worst = int(np.argmax(np.abs(claimed - reached) - TOLERANCE * larger))
        if abs(claimed[worst] - reached[worst]) > TOLERANCE * larger[worst] + 1e-4:
            word = "allow" if claimed[worst] > reached[worst] else "lead to"
            raise self.error(
                key,
                f"is {claimed[worst]:.3g} at {worst}, but {onset_key} and duration_years {word} "
                f"{reached[worst]:.3g} (leave one of the two out, or make them agree)",
            )


def _hazards(before: Floats, after: Floats, leaving: Floats) -> Floats:
    """Constant hazards that lead from one share to the next in a year, by Newton's method.

    With hazard h the share follows d(share)/dt = h (1 - share) - leaving x share.
    """
    middle = 0.5 * (before + after)
    hazard = (after - before + leaving * middle) / (1.0 - middle)
    for _ in range(60):
        value, slope = _share_after_a_year(before, hazard, leaving)
        step = (value - after) / slope
        hazard -= step
        if np.abs(step).max() < 1e-13:
            break
    return np.asarray(hazard)


def _share_after_a_year(before: Floats, hazard: Floats, leaving: Floats) -> tuple[Floats, Floats]:
    """Share with the condition a year later, and its derivative by the hazard."""
    rate = hazard + leaving
    still = np.abs(rate) < 1e-12
    rate = np.where(still, 1.0, rate)
    decay = np.exp(-rate)
    settled = hazard / rate
    value = settled + (before - settled) * decay
    slope = (leaving / rate**2) * (1.0 - decay) - (before - settled) * decay
    return np.where(still, before, value), np.where(still, 1.0 - before, slope)


@compiled
def leaving_rate(share: Any, mortality: Any, recovery: float, excess: float) -> Any:
    """Rate at which the share of the living who have a condition falls, by recovery and by deaths."""
    without_it = mortality / (1.0 + share * excess)
    return recovery + (1.0 - share) * excess * without_it


@compiled
def follow_prevalence(hazard: Floats, mortality: Floats, recovery: float, excess: float) -> Floats:
    """Mean share who have a condition within each year of age; last axis: age, from birth."""
    share = np.zeros(hazard.shape)
    for row in range(hazard.shape[0]):
        have = 0.0
        for age in range(hazard.shape[1]):
            onset = hazard[row, age]
            for _ in range(STEPS_PER_YEAR):
                rate = onset + leaving_rate(have, mortality[row, age], recovery, excess)
                settled = onset / rate if rate > 0.0 else 0.0
                before = have
                have = settled + (have - settled) * exp(-rate / STEPS_PER_YEAR)
                share[row, age] += 0.5 * (before + have) / STEPS_PER_YEAR
    return share


@cache
def shipped_catalogue() -> tuple[Condition, ...]:
    """The conditions that ship with the package."""
    blocks: Mapping[str, dict] = YAML(typ="safe", pure=True).load(
        SHIPPED_CATALOGUE.read_text(encoding="utf-8")
    )
    return tuple(Condition(name=name, **block) for name, block in blocks.items())
