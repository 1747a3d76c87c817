"""What a scenario file may say about conditions: those with rules of their own, and those as data.

The sections of conditions with rules are composed from what their rooms declare.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import ConfigDict, Field, create_model

from rlsabm.declaring.sections import Section
from rlsabm.exposures.catalogue.section import CatalogueCondition
from rlsabm.exposures.month import IN_TABLES, PARTS

#: Sections of the conditions with rules, by key.
SECTIONS: Mapping[str, type[Section]] = {
    key: section for exposure in IN_TABLES for key, section in exposure.settings.items()
}
#: Conditions with rules of their own, which a scenario may name whether or not it can set anything.
RULED_CONDITIONS = tuple(part.name for part in PARTS if part.left_out_alone)


class _Conditions(Section):
    """The conditions that compromise iron, and what is done about them."""

    model_config = ConfigDict(extra="allow")

    __pydantic_extra__: dict[str, CatalogueCondition] = Field(init=False)

    @property
    def catalogue(self) -> dict[str, CatalogueCondition]:
        """Conditions given as data, by name."""
        return dict(self.__pydantic_extra__ or {})

    def parameter_values(self) -> dict[str, float]:
        """Parameter values that the sections of conditions with rules set."""
        values: dict[str, float] = {}
        for exposure in IN_TABLES:
            for key in exposure.settings:
                values |= exposure.values_of(getattr(self, key))
        return values


_fields: dict[str, Any] = {
    key: (section, Field(default=section(), description=f"{(section.__doc__ or key).strip()}"))
    for key, section in SECTIONS.items()
}
if TYPE_CHECKING:
    Conditions = _Conditions
else:
    Conditions = create_model("Conditions", __base__=_Conditions, **_fields)
    Conditions.__doc__ = _Conditions.__doc__
