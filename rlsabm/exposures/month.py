"""The exposures of the model: which there are, and their month.

A further exposure is a module beside this one and a line in each function here.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from rlsabm.burden import is_neutral
from rlsabm.compilation import compiled, inlined
from rlsabm.conventions import FEMALE
from rlsabm.declaring.inputs import Inputs
from rlsabm.exposures.donation import (
    ACTIVE_DONOR,
    BLOOD_DONATION,
    chance_to_come,
    chance_to_start,
    donate,
    donor_unchanged_until,
    note_donation,
)
from rlsabm.exposures.kidney import (
    KIDNEY_DISEASE,
    kidneys_unchanged_until,
    most_likely_onset,
    note_kidney,
    suffer_kidney_disease,
)
from rlsabm.exposures.menses import MENSES, menses_unchanged_until, menstruate
from rlsabm.exposures.pregnancy import (
    PREGNANCY,
    be_fertile,
    fertility_unchanged_until,
    follow_pregnancy,
    most_likely_conception,
    note_pregnancy,
)
from rlsabm.moment import Moment

#: Exposures in the order of a month, in which their parts are added up.
EXPOSURES = (PREGNANCY, MENSES, KIDNEY_DISEASE, BLOOD_DONATION)
#: The same in the order of result tables.
IN_TABLES = (BLOOD_DONATION, PREGNANCY, MENSES, KIDNEY_DISEASE)

#: Parts of the burden. Among the burdens of a month they lie after the whole.
PARTS = tuple(part for exposure in EXPOSURES for part in exposure.parts)
PART_COUNT = len(PARTS)
WHOLE = 0


def place_of(name: str) -> int:
    """Place of a part among the burdens of a month."""
    return 1 + [part.name for part in PARTS].index(name)


OF_PREGNANCY = place_of("pregnancy")
OF_MENSES = place_of("menses")
OF_HEAVY_MENSES = place_of("heavy_menstrual_bleeding")
OF_KIDNEY_DISEASE = place_of("ckd_4_5")
OF_DIALYSIS = place_of("dialysis")
OF_DONATION = place_of("blood_donation")


def check_declarations() -> None:
    """Refuse exposures that would be run but not counted, or left out but not found.

    Raises
    ------
    ValueError
        If an exposure is missing from an order, a part that worlds leave out has no group of its name,
        or the cause of a group is no such part.
    """
    titles = [sorted(exposure.title for exposure in order) for order in (EXPOSURES, IN_TABLES)]
    if titles[0] != titles[1]:
        raise ValueError(f"EXPOSURES has {titles[0]}, IN_TABLES has {titles[1]}")
    causes = {part.name for part in PARTS if part.left_out_alone}
    groups = [group for exposure in EXPOSURES for group in exposure.groups]
    if missing := causes - {group.name for group in groups}:
        raise ValueError(f"no group is called like the part {', '.join(sorted(missing))}")
    for group in groups:
        if group.cause not in {"", *causes}:
            raise ValueError(f"group {group.name!r}: its cause {group.cause!r} is no part")


check_declarations()


class Chances(NamedTuple):
    """The largest chances, within a year of age, that an exposure begins, ends or has an occasion.

    Attributes
    ----------
    conception, kidney_disease, donorship
        That a pregnancy, kidney disease or the career of a donor begins this month.
    visit, stop
        That a donor comes to donate this month, or stops.
    """

    conception: float
    kidney_disease: float
    donorship: float
    visit: float
    stop: float


@inlined
def exposures_unchanged_until(life: Any, at: Moment, p: Inputs) -> int:
    """Month from which exposures burden another way, if chance changes none of them before."""
    until = min(kidneys_unchanged_until(life, at.month), donor_unchanged_until(life, at, p))
    if life.sex == FEMALE:
        until = min(until, fertility_unchanged_until(life, at.month))
        until = min(until, menses_unchanged_until(life, at.month))
    return until


@inlined
def chances_of_exposures(life: Any, at: Moment, last: int, p: Inputs) -> Chances:
    """Chances of each month up to this last one, in which exposures are unchanged otherwise."""
    visit, stop = 0.0, 0.0
    if life.donor == ACTIVE_DONOR:
        stop = p.donor_stop_per_month
        if at.month >= life.eligible_month:
            visit = chance_to_come(life, at.age, p)
    return Chances(
        most_likely_conception(life, at.month, last, p),
        most_likely_onset(life, at.age, p),
        chance_to_start(life, at.age, p),
        visit,
        stop,
    )


@inlined
def undergo_exposures(
    life: Any,
    body: Any,
    burdens: Any,
    apart: int,
    at: Moment,
    p: Inputs,
) -> None:
    """One month of all exposures, each of which fills its part of the burden.

    With ``apart`` 1 each part has a burden of its own; with 0 all are added to ``burdens[WHOLE]``.
    """
    if life.sex == FEMALE:
        be_fertile(life, body, burdens[apart * OF_PREGNANCY], at, p)
        menstruate(life, burdens[apart * OF_MENSES], burdens[apart * OF_HEAVY_MENSES], at, p)
    # The onsets of both share a uniform from its two ends: no one has both in one month.
    suffer_kidney_disease(
        life, burdens[apart * OF_KIDNEY_DISEASE], burdens[apart * OF_DIALYSIS], at, p
    )  # fmt: skip
    donate(life, body, burdens[apart * OF_DONATION], at, p)


@inlined
def filled_parts(burdens: Any) -> int:
    """Bits of the parts that do anything this month, the first part's lowest."""
    filled = 0
    for part in range(PART_COUNT):
        if not is_neutral(burdens[1 + part]):
            filled |= 1 << part
    return filled


@compiled
def follow_exposures(life: Any, body: Any, month: int, p: Inputs) -> None:
    """What rules of the life do to bodies directly, for a body of another world."""
    follow_pregnancy(life, body, month, p)


@compiled
def note_exposures(life: Any, before: Any, month: int, log: Any, logged: Any) -> None:
    """Log the events of this month; ``before`` is the life as it was."""
    note_pregnancy(life, before, month, log, logged)
    note_donation(life, before, month, log, logged)
    note_kidney(life, before, month, log, logged)
