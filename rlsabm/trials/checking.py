"""Refuses trials that cannot be done: what the keys of a scenario mean together."""

from __future__ import annotations

from collections.abc import Sequence

from rlsabm.care.offers import ON_DIALYSIS
from rlsabm.errors import UserError, nearest
from rlsabm.trials.trial import CROSS_OVER, Published, Trial
from rlsabm.wording import with_help

#: Name of all patients together in the flow of a trial.
ALL = "all"


def check_trial(trial: Trial, conditions: Sequence[str]) -> None:
    """Refuse what does not fit together.

    Parameters
    ----------
    trial
        The trial.
    conditions
        Names of the catalogue.

    Raises
    ------
    UserError
        It names the key, and what was expected.
    """
    trial.plan_of()
    if ALL in trial.arms:
        raise UserError(
            f"trial.arms.{ALL}: is the name of all patients in the tables; choose another"
        )
    if trial.eligible.age_from > trial.eligible.age_to:
        raise UserError(
            f"trial.eligible.age_to: {trial.eligible.age_to} found, expected "
            f"{trial.eligible.age_from} (age_from) or more"
        )
    known = [*conditions, ON_DIALYSIS]
    if (wanted := trial.eligible.condition) and wanted not in known:
        found = with_help(
            f"found {wanted}", f"a condition: {', '.join(known)}", nearest(wanted, known)
        )
        raise UserError(f"trial.eligible.condition: {found}")
    if trial.design == CROSS_OVER and len(trial.arms) != 2:
        raise UserError(
            f"trial.arms: {len(trial.arms)} found (expected 2 in a cross-over trial, in which every "
            "patient goes through both)"
        )
    for published in trial.published:
        _check_published(published, trial)


def check_washout(design: str, washout_months: int | None) -> None:
    """Refuse a cross-over that does not say how long its wash-out is, and a wash-out without one.

    Raises
    ------
    UserError
        It says which of both.
    """
    if design == CROSS_OVER and washout_months is None:
        raise UserError(
            "trial.washout_months: is missing (expected months between the periods of a cross-over "
            "trial; 0 for none)"
        )
    if design != CROSS_OVER and washout_months is not None:
        raise UserError(
            f"trial.washout_months: found {washout_months} in a parallel trial (expected trial.design: "
            f"{CROSS_OVER} beside it)"
        )


def _check_published(published: Published, trial: Trial) -> None:
    key = f"trial.published.{published.name}"
    others = [arm for arm in trial.arms if arm != trial.control]
    if published.arm not in others:
        found = with_help(
            f"found {published.arm}",
            f"an arm that is compared with {trial.control}: {', '.join(others)}",
            nearest(published.arm, others),
        )
        raise UserError(f"{key}.arm: {found}")
    if published.month not in trial.visits:
        visits = ", ".join(map(str, trial.visits))
        raise UserError(f"{key}.month: found {published.month} (expected a visit: {visits})")
    lower, upper = published.lower, published.upper
    if lower is None or upper is None:
        if lower is not upper:
            raise UserError(f"{key}: has one limit of an interval (expected both, or none)")
        return
    if published.difference is None:
        raise UserError(f"{key}.difference: is missing (expected between its limits)")
    if not lower <= published.difference <= upper:
        raise UserError(
            f"{key}.difference: found {published.difference:g} (expected between its limits, "
            f"{lower:g} and {upper:g})"
        )
