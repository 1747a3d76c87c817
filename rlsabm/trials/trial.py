"""A virtual trial: who is eligible, what arms are given, when patients are seen, how they are rated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from rlsabm.care.care_rule import CareRule
from rlsabm.care.plan import CarePlan, plan_care
from rlsabm.care.treatment import Treatment
from rlsabm.errors import UserError, nearest
from rlsabm.parameter_table import treatments_in_draw
from rlsabm.wording import with_help


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A trial.

    Attributes
    ----------
    eligible
        Who may take part, as a rule of care would say; its IRLS score is that of the rating.
    arms
        Treatments of each arm, by its name; the first arm is the control.
    patients_per_arm
        Patients of each arm.
    visits
        Months after the beginning at which patients are seen, ascending.
    repetitions
        How often the trial is done, each time with other patients and other chance.
    rating_sd
        Standard deviation of a rating of the IRLS score around the true one (points).
    placebo_fall, placebo_months
        Fall of the rated score in all arms because somebody takes part, and the time constant with
        which it comes (points, months).
    drop_out_per_year
        Rate at which patients leave the trial, alike in all arms.
    responder_fall, remitted_at
        Share by which the score falls in a responder, and score up to which somebody has remitted.
    treatments, seed
        Treatments by name, and the seed of the study, from which their strength is drawn.
    """

    eligible: CareRule
    arms: Mapping[str, Sequence[str]]
    patients_per_arm: int = 100
    visits: Sequence[int] = (1, 3)
    repetitions: int = 100
    rating_sd: float = 3.0
    placebo_fall: float = 5.0
    placebo_months: float = 1.0
    drop_out_per_year: float = 0.3
    responder_fall: float = 0.5
    remitted_at: float = 10.0
    treatments: Mapping[str, Treatment] = field(default_factory=dict)
    seed: int = 0

    def in_draw(self, draw: int) -> Trial:
        """The same trial with the strength that treatments have in a draw of the parameters."""
        return replace(self, treatments=treatments_in_draw(self.treatments, draw, self.seed))

    @property
    def control(self) -> str:
        """Name of the arm with which the others are compared."""
        return next(iter(self.arms))

    def plan_of(self, arm: str) -> CarePlan:
        """The care of an arm: its treatments, begun at once by everybody.

        Raises
        ------
        UserError
            If there is no treatment of a name.
        """
        names = self.arms[arm]
        for name in names:
            if name not in self.treatments:
                known = ", ".join(self.treatments)
                found = with_help(
                    f"found {name}", f"a treatment: {known}", nearest(name, self.treatments)
                )
                raise UserError(f"trial.arms.{arm}: {found}")
        return plan_care(
            self.treatments, [CareRule(name=f"trial_{name}", treatment=name) for name in names]
        )
