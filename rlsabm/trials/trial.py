"""A virtual trial: who is eligible, what arms are given, when patients are seen, how they are rated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from rlsabm.care.care_rule import CareRule
from rlsabm.care.plan import CarePlan, plan_care
from rlsabm.care.treatment import Treatment
from rlsabm.conventions import LAST_AGE
from rlsabm.errors import UserError, nearest
from rlsabm.parameter_table import treatments_in_draw
from rlsabm.wording import with_help

PARALLEL, CROSS_OVER = "parallel", "cross_over"


@dataclass(frozen=True, kw_only=True)
class Published:
    """What a published trial found.

    Attributes
    ----------
    name
        Key in files and tables.
    arm
        The arm that stands for its treatment.
    outcome, month
        What was told of it, and the visit that comes next to it (months).
    difference, lower, upper
        Arm less control, and its 95 % interval; None where no figure was published.
    set
        Whether parameters were set to it, so that it is no prediction.
    source
        Where it comes from.
    """

    name: str
    arm: str
    month: int
    outcome: str = "irls_change"
    difference: float | None = None
    lower: float | None = None
    upper: float | None = None
    set: bool = False
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A trial.

    Attributes
    ----------
    eligible
        Who may take part, as a rule of care would say; its IRLS score is that of the rating.
    arms
        Treatments of each arm, by its name; the first arm is the control.
    design
        ``parallel``: each patient is in one arm; ``cross_over``: in both, one after the other.
    washout_months
        Months without treatment between the two periods of a cross-over.
    run_in_months
        Months between the rating by which patients are eligible and the beginning, without any
        treatment.
    patients_per_arm
        Patients of each arm; in a cross-over, of each order of the arms.
    visits
        Months after the beginning of a period at which patients are seen, ascending.
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
    published
        What published trials found.
    treatments, seed
        Treatments by name, and the seed of the study, from which their strength is drawn.
    """

    eligible: CareRule
    arms: Mapping[str, Sequence[str]]
    design: str = PARALLEL
    washout_months: int = 0
    run_in_months: int = 1
    patients_per_arm: int = 100
    visits: Sequence[int] = (1, 3)
    repetitions: int = 100
    rating_sd: float = 3.0
    placebo_fall: float = 5.0
    placebo_months: float = 1.0
    drop_out_per_year: float = 0.3
    responder_fall: float = 0.5
    remitted_at: float = 10.0
    published: Sequence[Published] = ()
    treatments: Mapping[str, Treatment] = field(default_factory=dict)
    seed: int = 0

    def in_draw(self, draw: int) -> Trial:
        """The same trial with the strength that treatments have in a draw of the parameters."""
        return replace(self, treatments=treatments_in_draw(self.treatments, draw, self.seed))

    @property
    def control(self) -> str:
        """Name of the arm with which the others are compared."""
        return next(iter(self.arms))

    @property
    def courses(self) -> tuple[tuple[int, ...], ...]:
        """Arms that patients go through, by their places; the course of an arm begins with it."""
        if self.design == CROSS_OVER:
            return ((0, 1), (1, 0))
        return tuple((arm,) for arm in range(len(self.arms)))

    @property
    def period_months(self) -> tuple[int, ...]:
        """Months after the beginning of the trial at which its periods begin."""
        if self.design == CROSS_OVER:
            return (0, self.visits[-1] + self.washout_months)
        return (0,)

    def plan_of(self, arm: str | None = None) -> CarePlan:
        """The care in the first month of an arm: everybody begins its treatments.

        Every plan has all treatments of the trial, so that a body keeps them in the same place
        whatever it is given.

        Parameters
        ----------
        arm
            Name of the arm; None for the care of other months, in which nobody begins anything.

        Raises
        ------
        UserError
            If there is no treatment of a name.
        """
        for each, treatments in self.arms.items():
            for name in treatments:
                if name not in self.treatments:
                    known = ", ".join(self.treatments)
                    found = with_help(
                        f"found {name}", f"a treatment: {known}", nearest(name, self.treatments)
                    )
                    raise UserError(f"trial.arms.{each}: {found}")
        begun = () if arm is None else self.arms[arm]
        names = dict.fromkeys(name for treatments in self.arms.values() for name in treatments)
        return plan_care(self.treatments, [_rule(name, is_begun=name in begun) for name in names])


def _rule(treatment: str, *, is_begun: bool) -> CareRule:
    """A rule by which everybody begins a treatment, or nobody."""
    rule = CareRule(name=f"trial_{treatment}", treatment=treatment)
    return rule if is_begun else replace(rule, age_from=LAST_AGE, age_to=LAST_AGE, uptake=0.0)
