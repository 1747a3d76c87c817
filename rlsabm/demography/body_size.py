"""Mean height and weight of adults: what is plausible, and the units in which they are mistaken."""

from __future__ import annotations

from typing import NamedTuple

from rlsabm.wording import number_text, range_text, value_text, with_help


class BodySize(NamedTuple):
    """A mean of adults.

    Attributes
    ----------
    key
        Its key in the settings of a country.
    least, most
        Limits of the means of whole countries, with room to spare.
    unit
        Its unit.
    other_units
        Units in which it may be given by mistake, and how many of its own each is.
    """

    key: str
    least: float
    most: float
    unit: str
    other_units: dict[str, float]

    def mistake(self, value: object) -> str | None:
        """What is wrong with a value, in words; None if nothing is."""
        expected = f"a number{range_text(self.least, self.most, self.unit)}"
        if isinstance(value, bool) or not isinstance(value, int | float):
            what = "is empty" if value is None else f"found {value_text(value)}"
            return with_help(what, expected)
        if self.least <= value <= self.most:
            return None
        for unit, times in self.other_units.items():
            if self.least / times <= value <= self.most / times:
                expected += f"; {number_text(value)} looks like {unit}"
                break
        return with_help(f"found {value_text(value)}", expected)


#: Means of countries: women of 149 to men of 184 cm (NCD-RisC 2016 eLife 5:e13410, quoted from memory).
HEIGHT = BodySize(
    "adult_height_cm", 130.0, 200.0, "cm",
    {"metres": 100.0, "millimetres": 0.1, "inches": 2.54, "feet": 30.48},
)  # fmt: skip
#: About 45 to 105 kg.
WEIGHT = BodySize(
    "adult_weight_kg", 35.0, 120.0, "kg", {"grams": 0.001, "pounds": 0.4536, "stone": 6.35}
)
