"""What is counted of policies: items, and when they are counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from rlsabm.care.treatment import Treatment

#: Measured ferritin (µg/L) above which iron is too much.
TOO_MUCH_FERRITIN_UG_PER_L = 300.0


class Item(NamedTuple):
    """Something that is counted.

    Attributes
    ----------
    name
        In tables.
    meaning
        What is counted, in words, with its unit.
    cost
        What one of it costs.
    """

    name: str
    meaning: str
    cost: float = 0.0


_AT_END = "at the end of a policy year"
#: Counted month by month, then at the end of each policy year; the kernel of the tally has this order.
MONTHLY = (
    Item("person_years", "years lived"),
    Item("rls_years", "years with any RLS"),
    Item("significant_rls_years", "years with clinically significant RLS"),
    Item("diagnosis", "people diagnosed with RLS"),
    Item("donation", "blood donations"),
    Item("laboratory_test", "laboratory tests that rules of care asked for"),
    Item("oral_iron_g", "elemental iron in tablets, g"),
    Item("infused_iron_g", "iron infused, on dialysis and by treatments, g"),
)
AT_YEAR_END = (
    Item("rls_cases", f"people with any RLS {_AT_END}"),
    Item("significant_rls_cases", f"people with clinically significant RLS {_AT_END}"),
    Item("iron_deficient", f"people with iron deficiency {_AT_END}"),
    Item("ferritin_above_300", f"people with a measured ferritin above 300 µg/L {_AT_END}"),
)
COST = Item("cost", "cost of all that has one")
#: What else is counted of each treatment: how often it was begun, and years on it.
BEGUN, YEARS_ON = "{}_begun", "{}_years"


@dataclass(frozen=True, kw_only=True)
class Policy:
    """How policies are counted.

    Attributes
    ----------
    years
        Years before the last survey in which arms part from the reference.
    costs
        What one of an item costs, by its name.
    treatments
        Treatments that any arm offers, the same in all arms, in their order.
    """

    years: int = 10
    costs: Mapping[str, float] = field(default_factory=dict)
    treatments: Sequence[Treatment] = ()

    @property
    def items(self) -> list[Item]:
        """Everything that is counted, with its cost; the cost of all comes last if anything has one."""
        own = [
            item._replace(cost=self.costs.get(item.name, 0.0)) for item in (*MONTHLY, *AT_YEAR_END)
        ]
        items = [*own, *items_of(self.treatments)]
        return [*items, COST] if any(item.cost for item in items) else items


def items_of(treatments: Sequence[Treatment]) -> list[Item]:
    """What is counted of treatments: two items each."""
    items = []
    for each in treatments:
        words = each.in_words
        items += [
            Item(BEGUN.format(each.name), f"courses of {words} begun", each.cost_per_course),
            Item(YEARS_ON.format(each.name), f"years on {words}", each.cost_per_year),
        ]
    return items
