"""The burden of a month: what happens to the body in this life, part by part.

A burden is the sum of parts, about one a condition: amounts add up, factors multiply, so that a part
that does nothing changes no bit of the sum.  A counterfactual burden is the sum without a part, or
without the iron of a part.

Everything below follows from the declaration of the fields.  Fields of one kind lie side by side in the
record and have a name in common, so that rules for all of them are loops.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from rlsabm.compilation import compiled, inlined

#: Amounts are added, factors multiplied.
Combined = Literal["amount", "factor"]
#: What a field does: to iron, to the body otherwise, or to the life only, which no world changes.  The
#: life's are read of the conditions that are there, before the exposures of the month: what those write
#: into them is not used, and an exposure that kills is a room with death rates of its own.
Does = Literal["iron", "body", "life"]


class BurdenField(NamedTuple):
    """One field of a burden."""

    name: str
    combined: Combined
    does: Does
    unit: str
    meaning: str


BURDEN_FIELDS = (
    BurdenField("blood_loss_ml", "amount", "iron", "mL", "blood lost except menses"),
    BurdenField("menses_ml", "amount", "iron", "mL", "blood lost with menses, where they come"),
    BurdenField("iron_loss_mg", "amount", "iron", "mg", "iron lost other than with blood or milk"),
    BurdenField("milk_iron_mg", "amount", "iron", "mg", "iron lost with breast milk"),
    BurdenField(
        "conceptus_demand_mg", "amount", "iron", "mg",
        "iron that fetus and placenta draw from a replete mother",
    ),
    BurdenField("oral_iron_mg_per_day", "amount", "iron", "mg/day", "elemental iron in tablets"),
    BurdenField(
        "dialysis_care", "amount", "iron", "1",
        "whether a dialysis unit looks after iron: it infuses by what it measures in this body",
    ),
    BurdenField("menses_factor", "factor", "iron", "ratio", "0 in a month without menses, 1 otherwise"),
    BurdenField("red_cell_target_factor", "factor", "iron", "ratio", "red-cell iron aimed at"),
    BurdenField("blood_volume_factor", "factor", "iron", "ratio", "blood volume"),
    BurdenField("absorption_factor", "factor", "iron", "ratio", "absorption from food and tablets"),
    BurdenField(
        "absorption_ceiling_factor", "factor", "iron", "ratio", "ceiling on absorption from food"
    ),
    BurdenField(
        "dopamine_load", "amount", "body", "liability",
        "loss of dopaminergic function that does not come from iron",
    ),
    BurdenField(
        "lasting_months", "amount", "body", "months",
        "months of pregnancy, which leave a lasting load",
    ),
    BurdenField(
        "mortality_ratio", "factor", "life", "ratio",
        "mortality by conditions of the catalogue, relative to people of the same age and sex",
    ),
)  # fmt: skip


class Steady(NamedTuple):
    """What a burden does to a body, for months in which it stays the same: fields as in a burden.

    Compiled loops hold it in registers, and work out once what follows from it alone.
    """

    blood_loss_ml: float
    menses_ml: float
    iron_loss_mg: float
    milk_iron_mg: float
    conceptus_demand_mg: float
    oral_iron_mg_per_day: float
    dialysis_care: float
    menses_factor: float
    red_cell_target_factor: float
    blood_volume_factor: float
    absorption_factor: float
    absorption_ceiling_factor: float
    dopamine_load: float
    lasting_months: float


@inlined
def hold_steady(burden: Any) -> Steady:
    """What this burden does to a body."""
    return Steady(
        burden.blood_loss_ml,
        burden.menses_ml,
        burden.iron_loss_mg,
        burden.milk_iron_mg,
        burden.conceptus_demand_mg,
        burden.oral_iron_mg_per_day,
        burden.dialysis_care,
        burden.menses_factor,
        burden.red_cell_target_factor,
        burden.blood_volume_factor,
        burden.absorption_factor,
        burden.absorption_ceiling_factor,
        burden.dopamine_load,
        burden.lasting_months,
    )


class Care(NamedTuple):
    """The iron that a body is given in a month beside its burden, by those who look after it.

    Attributes
    ----------
    infused_iron_mg
        Iron infused that is in stores within the month (mg).
    slow_iron_mg
        Iron infused that macrophages pass on over months (mg).
    oral_iron_mg
        Elemental iron in the tablets of a day on which they are taken (mg).
    oral_iron_days
        Share of days on which they are taken.
    oral_iron_relative
        Absorption of these doses relative to a first one.
    supply_factor
        Factor on the supply of iron to the CNS.
    """

    infused_iron_mg: float
    slow_iron_mg: float
    oral_iron_mg: float
    oral_iron_days: float
    oral_iron_relative: float
    supply_factor: float


@inlined
def infused_only(infused_iron_mg: float) -> Care:
    """The care of those who are given nothing but infusions of this much iron (mg)."""
    return Care(infused_iron_mg, 0.0, 0.0, 0.0, 0.0, 1.0)


#: The care of those whom nobody looks after.
NO_CARE = Care(0.0, 0.0, 0.0, 0.0, 0.0, 1.0)

_KINDS = (
    ("iron_amounts", "amount", "iron"),
    ("iron_factors", "factor", "iron"),
    ("body_amounts", "amount", "body"),
    ("body_factors", "factor", "body"),
    ("life_amounts", "amount", "life"),
    ("life_factors", "factor", "life"),
)


def burden_type(fields: tuple[BurdenField, ...]) -> np.dtype[np.record]:
    """Type of a burden: a field by name for each, and an array by kind over the same memory."""
    names: list[str] = []
    formats: list[Any] = []
    offsets: list[int] = []
    for array, combined, does in _KINDS:
        of_kind = [f.name for f in fields if (f.combined, f.does) == (combined, does)]
        # An array needs an item: a kind without fields has one that stays neutral.
        room = of_kind or [f"_{array}"]
        start = 8 * formats.count("f8")
        names += [array, *room]
        formats += [("f8", (len(room),)), *["f8"] * len(room)]
        offsets += [start, *(start + 8 * place for place in range(len(room)))]
    size = 8 * formats.count("f8")
    plain = np.dtype(
        {"names": names, "formats": formats, "offsets": offsets, "itemsize": size, "aligned": True}
    )
    return cast("np.dtype[np.record]", np.dtype((np.record, plain)))


BURDEN = burden_type(BURDEN_FIELDS)


def neutral_burdens(count: int) -> NDArray[np.record]:
    """Burdens that do nothing."""
    burdens = np.zeros(count, dtype=BURDEN)
    for array, combined, _ in _KINDS:
        burdens[array] = 1.0 if combined == "factor" else 0.0
    return burdens


@inlined
def lay_neutral(burden: Any) -> None:
    """Make a burden one that does nothing."""
    for i in range(len(burden.iron_amounts)):
        burden.iron_amounts[i] = 0.0
    for i in range(len(burden.iron_factors)):
        burden.iron_factors[i] = 1.0
    for i in range(len(burden.body_amounts)):
        burden.body_amounts[i] = 0.0
    for i in range(len(burden.body_factors)):
        burden.body_factors[i] = 1.0
    for i in range(len(burden.life_amounts)):
        burden.life_amounts[i] = 0.0
    for i in range(len(burden.life_factors)):
        burden.life_factors[i] = 1.0


@compiled
def lay_all_neutral(burdens: Any) -> None:
    """Make all of some burdens such as do nothing."""
    for i in range(len(burdens)):
        lay_neutral(burdens[i])


@compiled
def add_part(total: Any, part: Any) -> None:
    """Add to a burden what a part does to the body."""
    for i in range(len(part.iron_amounts)):
        total.iron_amounts[i] += part.iron_amounts[i]
    for i in range(len(part.iron_factors)):
        total.iron_factors[i] *= part.iron_factors[i]
    add_part_without_iron(total, part)


@inlined
def add_part_without_iron(total: Any, part: Any) -> None:
    """Add to a burden what a part does to the body but not to iron."""
    for i in range(len(part.body_amounts)):
        total.body_amounts[i] += part.body_amounts[i]
    for i in range(len(part.body_factors)):
        total.body_factors[i] *= part.body_factors[i]


@compiled
def is_neutral(part: Any) -> bool:
    """Whether a part does nothing to the body."""
    for i in range(len(part.iron_amounts)):
        if part.iron_amounts[i] != 0.0:
            return False
    for i in range(len(part.iron_factors)):
        if part.iron_factors[i] != 1.0:
            return False
    for i in range(len(part.body_amounts)):
        if part.body_amounts[i] != 0.0:
            return False
    for i in range(len(part.body_factors)):  # noqa: SIM110  all() of a generator does not compile
        if part.body_factors[i] != 1.0:
            return False
    return True
