"""Rules of care as data: whom a treatment is offered, when, and who accepts it."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

#: Rules that can be in force at a time.
MOST_RULES = 24
#: What a rule may ask of symptoms, in the order of severity.
SEVERITIES = ("whoever", "any", "weekly", "significant")


@dataclass(frozen=True, kw_only=True)
class CareRule:
    """A rule of care.

    Attributes
    ----------
    name
        Key in files and tables.
    treatment
        Name of the treatment that is offered.
    sex
        ``all``, ``female`` or ``male``.
    age_from, age_to
        Ages in completed years, both included.
    diagnosed
        Whether only people with a diagnosis of RLS are offered it.
    symptoms
        What RLS they have now: one of ``SEVERITIES``.
    irls_at_least
        Least IRLS score.
    ferritin_below, ferritin_from, saturation_below, haemoglobin_below
        Limits of laboratory values as measured; None for none.  Whoever is asked for one is tested.
    pregnant
        True: only in pregnancy; False: only otherwise; None: whoever.
    pregnancy_month
        Month of pregnancy from which it is offered.
    condition
        Condition that they have, ``dialysis`` among them; empty for whoever.
    months_since_donation
        Only within so many months of a blood donation; None for whoever.
    at_ages
        Birthdays at which it is offered; None in any month.
    per_year
        Rate at which it is offered while all else is met; None in the first such month.
    uptake
        Share of people who accept; the same people each time.
    not_with
        Treatments beside which it is not begun.
    """

    name: str
    treatment: str = ""
    sex: str = "all"
    age_from: int = 0
    age_to: int = 120
    diagnosed: bool = False
    symptoms: str = "whoever"
    irls_at_least: float = 0.0
    ferritin_below: float | None = None
    ferritin_from: float | None = None
    saturation_below: float | None = None
    haemoglobin_below: float | None = None
    pregnant: bool | None = None
    pregnancy_month: int = 1
    condition: str = ""
    months_since_donation: int | None = None
    at_ages: Sequence[int] | None = None
    per_year: float | None = None
    uptake: float = 1.0
    not_with: Sequence[str] = ()

    @property
    def code(self) -> int:
        """Its number in the counter of chance, a function of its name alone."""
        return zlib.crc32(self.name.encode())

    @property
    def tests(self) -> bool:
        """Whether it needs laboratory values."""
        limits = (
            self.ferritin_below,
            self.ferritin_from,
            self.saturation_below,
            self.haemoglobin_below,
        )
        return any(limit is not None for limit in limits)
