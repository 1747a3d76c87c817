"""Treatments as data: what each gives to a body, how fast that comes, and when it ends."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

from rlsabm.conventions import in_words
from rlsabm.data import DATA
from rlsabm.data.yaml_reading import read_file

SHIPPED_TREATMENTS = DATA / "treatments.yaml"
#: A body keeps the months on each treatment in seven bits, of which there are 63.
MOST_TREATMENTS = 9
#: Months on a treatment are counted up to here.
MOST_MONTHS = 127


@dataclass(frozen=True, kw_only=True)
class Treatment:
    """A treatment.

    Attributes
    ----------
    name, label
        Key in files and tables, and words for people.
    oral_iron_mg
        Elemental iron in the tablets of a day on which they are taken (mg).
    alternate_days
        Whether they are taken every other day.
    adherence
        Share of these days on which they are taken.
    infused_iron_mg
        Iron infused in its first month (mg).
    slow_share
        Share of it that macrophages pass on over months; the rest is in stores within the month.
    dopamine_support
        Dopaminergic function that it adds (units of liability).
    symptom_relief
        Liability that it takes away otherwise.
    supply_factor
        Factor on the supply of iron to the CNS.
    months_to_act
        Time constant with which support, relief and supply come (months); 0 within the month.
    augmentation_per_year
        Rate of augmentation while it is taken, at a ferritin of 75 µg/L.
    augmentation_liability
        Liability that augmentation adds while it is taken.
    months
        How long it is taken; None until it is stopped.
    stopped_per_year, stopped_per_year_if_augmented
        Rates of stopping it.
    in_pregnancy
        Whether it may be taken in pregnancy.
    effect_log_sd
        Standard deviation between draws of the logarithm of the strength of its effects that are not
        iron.
    cost_per_course, cost_per_year
        What it costs to begin it, and to be on it for a year, in any currency.
    source
        Where the figures come from, and what is assumed.
    """

    name: str
    source: str
    label: str = ""
    oral_iron_mg: float = 0.0
    alternate_days: bool = False
    adherence: float = 1.0
    infused_iron_mg: float = 0.0
    slow_share: float = 0.0
    dopamine_support: float = 0.0
    symptom_relief: float = 0.0
    supply_factor: float = 1.0
    months_to_act: float = 0.0
    augmentation_per_year: float = 0.0
    augmentation_liability: float = 0.0
    months: int | None = None
    stopped_per_year: float = 0.0
    stopped_per_year_if_augmented: float = 0.0
    in_pregnancy: bool = True
    effect_log_sd: float = 0.2
    cost_per_course: float = 0.0
    cost_per_year: float = 0.0

    @property
    def in_words(self) -> str:
        """Its label, or its name in words where it has none."""
        return self.label or in_words(self.name)

    @property
    def code(self) -> int:
        """Its number in the counter of chance, a function of its name alone."""
        return zlib.crc32(self.name.encode())

    def with_strength(self, strength: float) -> Treatment:
        """The same treatment with its effects that are not iron multiplied by this strength."""
        return replace(
            self,
            dopamine_support=self.dopamine_support * strength,
            symptom_relief=self.symptom_relief * strength,
            supply_factor=self.supply_factor**strength,
        )


@cache
def shipped_treatments() -> Mapping[str, Treatment]:
    """The treatments that ship with the package, by name."""
    blocks = read_file(SHIPPED_TREATMENTS).plain()
    return {name: Treatment(name=name, **block) for name, block in blocks.items()}
